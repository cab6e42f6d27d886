use super::*;
use crate::mail::samples;

/// What is in the body, without the document around it.
#[track_caller]
fn body(html: &str) -> String {
    let cleaned = clean(html, &Options::default()).html;
    assert_eq!(clean(&cleaned, &Options::default()).html, cleaned, "{html:?}");
    let body = cleaned.split_once("<body>").and_then(|(_, rest)| rest.strip_suffix("</body></html>"));
    body.unwrap_or_else(|| panic!("{cleaned}")).to_owned()
}

#[track_caller]
fn check(html: &str, kept: &str) {
    assert_eq!(body(html), kept, "{html:?}");
}

#[test]
fn a_page_is_a_whole_document_that_nobody_takes_for_xml() {
    for html in
        ["", "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><body/></html>", "<!DOCTYPE html>"]
    {
        let cleaned = clean(html, &Options::default());
        assert_eq!(cleaned.html, "<!----><html><head></head><body></body></html>", "{html}");
    }
    let cleaned = clean("<html lang=de><body bgcolor=#FFF text=red>x", &Options::default());
    assert_eq!(
        cleaned.html,
        "<!----><html lang=\"de\"><head></head><body bgcolor=\"#FFF\" text=\"red\">x</body></html>"
    );
}

#[test]
fn what_sets_a_page_is_kept() {
    check(
        "<p align=CENTER class='a b' id=x>a &amp; <b>b</b><br>c",
        "<p align=\"center\" class=\"a b\" id=\"x\">a &amp; <b>b</b><br>c</p>",
    );
    check(
        "<table width=600 cellpadding=0 border=0><tr><td valign=top colspan=2 bgcolor='#fff' width=50%>x</table>",
        "<table width=\"600\" cellpadding=\"0\" border=\"0\"><tbody><tr><td valign=\"top\" colspan=\"2\" bgcolor=\"#fff\" \
         width=\"50%\">x</td></tr></tbody></table>",
    );
    check(
        "<font face='Arial, sans-serif' size=+2 color=red>x</font>",
        "<font face=\"Arial, sans-serif\" size=\"+2\" color=\"red\">x</font>",
    );
    check("<div style='Color: RED; margin:0 auto'>x</div>", "<div style=\"color:RED;margin:0 auto\">x</div>");
    check("<blockquote type=cite>x</blockquote>", "<blockquote type=\"cite\">x</blockquote>");
    check("<pre>\n\n x</pre>", "<pre>\n\n x</pre>");
    check("<!--[if mso]>a<![endif]-->b<![if !mso]>c<![endif]><o:p>d</o:p>", "bcd");
}

#[test]
fn style_sheets_move_to_the_head_in_their_order() {
    let cleaned = clean(
        "<style>a{color:red}</style><body><style media='only screen and (max-width:600px)'>a{color:blue}</style>x",
        &Options::default(),
    );
    assert_eq!(
        cleaned.html,
        "<!----><html><head><style>\na{color:red}\n@media only screen and (max-width:600px){\na{color:blue}\n}\n\
         </style></head><body>x</body></html>"
    );
}

#[test]
fn what_runs_loads_or_asks_is_left_out() {
    check("a<script>if (a < b) '</p>'</script>b", "ab");
    check("a<script><!-- <script> x</script> y --></script>b", "ab");
    check("<p onclick=x ONLOAD=y formaction=z>a</p>", "<p>a</p>");
    check(
        "a<iframe src=x>y</iframe><object data=x>fall</object><embed src=x><svg><text>z</text></svg><math><mi>x</mi></math>b",
        "afallb",
    );
    check(
        "<form action=x>Name <input name=n value=v><textarea>t</textarea><button>OK</button><input type=submit value=Send></form>",
        "<div>Name <span>t</span><span>OK</span>Send</div>",
    );
    check("<meta http-equiv=refresh content='0;x'><link rel=stylesheet href=x><base href='http://a.test/'>a", "a");
    check("<template><p>x</p></template><title>t</title><noscript>n</noscript>", "n");
    check("<frameset><frame src=x><noframes><body><p>a</p></body></noframes></frameset>", "<p>a</p>\n".trim_end());
    check("<p style='position:fixed;background:url(http://a.test/)'>a</p>", "<p style=\"background:none\">a</p>");
    check(
        "<img src='file:///x' alt=a><img srcset='http://a.test/ 2x'>",
        "<span class=\"malote-picture\" style=\"display:inline-block;box-sizing:border-box;overflow:hidden;max-width:100%;border:1px dashed rgba(128,128,128,0.6)\">a</span><span class=\"malote-picture\" style=\"display:inline-block;box-sizing:border-box;overflow:hidden;max-width:100%;border:1px dashed rgba(128,128,128,0.6);width:24px;height:24px\"></span>",
    );
}

#[test]
fn links_keep_their_target_and_say_what_is_wrong() {
    let cleaned = clean(
        "<base href='https://a.test/b/'><a href='c'>one</a><a href='javascript:x'>two</a><a href='HTTPS://B.test' \
         ping=x target=_blank>www.<b>bank</b>.test<span style='display:none'>hidden</span></a><a href='#top'>top</a>",
        &Options::default(),
    );
    let links: Vec<(&str, &str, usize)> =
        cleaned.links.iter().map(|link| (&*link.text, &*link.target, link.warnings.len())).collect();
    assert_eq!(links, [("one", "https://a.test/b/c", 0), ("www.bank.test", "https://b.test/", 1)]);
    assert!(cleaned.html.contains("<a href=\"https://b.test/\">"), "{}", cleaned.html);
    assert!(cleaned.html.contains("<a>two</a>"), "{}", cleaned.html);
    assert!(cleaned.html.contains("<a href=\"#top\">"), "{}", cleaned.html);
}

const PICTURES: &str = "<img src='http://a.test/1.png' width=600 height=200 alt='Words'>\
    <img src='http://a.test/pixel' width=1 height=1><div style='display:none'><img src='http://a.test/hidden'></div>\
    <img src='http://a.test/wf/open?u=1'><td background='http://a.test/2.png'></td><img src='cid:x@y'>\
    <p style='background:url(http://a.test/3.png)'>p</p><img src='http://a.test/1.png'>\
    <table background='http://a.test/4.png'><tr><td>x</table>";

#[test]
fn remote_pictures_are_boxes_until_they_are_allowed() {
    let cleaned = clean(PICTURES, &Options::default());
    assert!(!cleaned.html.contains("a.test"), "{}", cleaned.html);
    assert!(cleaned.html.contains("width:600px;height:200px\">Words</span>"), "{}", cleaned.html);
    assert_eq!(cleaned.parts, ["cid:x@y"]);
    let remote: Vec<(&str, Place, bool)> =
        cleaned.remote.iter().map(|picture| (&*picture.url, picture.place, picture.is_tracker)).collect();
    assert_eq!(
        remote,
        [
            ("http://a.test/1.png", Place::Picture, false),
            ("http://a.test/pixel", Place::Picture, true),
            ("http://a.test/hidden", Place::Picture, true),
            ("http://a.test/wf/open?u=1", Place::Picture, true),
            ("http://a.test/3.png", Place::Background, false),
            ("http://a.test/4.png", Place::Background, false),
        ]
    );

    let shown = clean(PICTURES, &Options { shows_remote: true });
    assert_eq!(shown.remote, cleaned.remote);
    for piece in [
        "<img src=\"remote:0\" width=\"600\" height=\"200\" alt=\"Words\">",
        "url(&quot;remote:4&quot;)",
        "<table background=\"remote:5\">",
    ] {
        assert!(shown.html.contains(piece), "{piece}: {}", shown.html);
    }
    assert_eq!(shown.html.matches("remote:").count(), 4, "{}", shown.html);
    assert!(!shown.html.contains("a.test"), "{}", shown.html);
}

#[test]
fn numbers_of_pictures_are_ours_to_give() {
    check(
        "<img src='remote:0' alt=''>",
        "<span class=\"malote-picture\" style=\"display:inline-block;box-sizing:border-box;overflow:hidden;max-width:100%;border:1px dashed rgba(128,128,128,0.6);width:24px;height:24px\"></span>",
    );
    assert!(!clean("<img src='remote:0'>", &Options { shows_remote: true }).html.contains("remote:"));
}

#[test]
fn tables_span_no_more_than_layout_can_count() {
    check(
        "<table><tr><td colspan=65535 rowspan=99999>x<td colspan=0>y<td colspan=-1>z</table>",
        "<table><tbody><tr><td colspan=\"100\" rowspan=\"1000\">x</td><td colspan=\"1\">y</td><td>z</td></tr></tbody></table>",
    );
    let row = format!("<table><tr>{}</tr></table>", "<td>x".repeat(5000));
    let cleaned = clean(&row, &Options::default());
    assert!(cleaned.is_cut);
    assert_eq!(cleaned.html.matches("<td>").count(), 1000);
    let cleaned = clean(&format!("<table>{}</table>", "<tr>".repeat(30_000)), &Options::default());
    assert!(cleaned.is_cut);
    assert_eq!(cleaned.html.matches("<tr>").count(), 20_000);
}

/// The deepest nesting of a page that was written here.
fn depth(html: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    for tag in html.split('<').skip(1) {
        if tag.starts_with('/') {
            depth -= 1;
        } else if !["br", "img", "hr", "wbr", "col", "!"].iter().any(|void| tag.starts_with(void)) {
            depth += 1;
            deepest = deepest.max(depth);
        }
    }
    deepest
}

#[test]
fn nothing_nests_deeper_than_a_stack_can_bear() {
    for (open, close) in [
        ("<div>", "</div>"),
        ("<b>", "</b>"),
        ("<table><tr><td>", "</table>"),
        ("<ul><li>", "</ul>"),
        ("<x>", ""),
        ("<p><b>", ""),
    ] {
        let html = format!("{}deep{}<p>after</p>", open.repeat(10_000), close.repeat(10_000));
        let cleaned = clean(&html, &Options::default());
        let is_whole = cleaned.html.contains("deep") && cleaned.html.contains("after");
        assert!(is_whole || cleaned.is_cut, "{open}");
        assert!(depth(&cleaned.html) <= 260, "{open}: {}", depth(&cleaned.html));
    }
}

#[test]
fn megabytes_of_anything_take_no_time() {
    let attributes: String = (0..100_000).map(|n| format!(" a{n}='>{n}'")).collect();
    for html in [
        format!("<p{attributes}>x</p>"),
        format!("<!-- <p a=\" --> <p{attributes}>"),
        format!("<title><p a=\"</title><p{attributes}>"),
        format!("<script><p a=\"</script{attributes}><p{attributes}>"),
        format!("<svg><![CDATA[<p a=\"]]><p{attributes}>"),
        format!("<textarea></textarea{attributes}>x"),
        (0..1_500).map(|n| format!("<p><b class=b{n}>x</p>")).collect(),
        (0..1_500).map(|n| format!("<table><td><b class=b{n}>x</td>")).collect(),
    ] {
        let begun = samples::computed();
        clean(&html, &Options::default());
        let took = samples::computed() - begun;
        println!("{took:?}: {}", html.split_at(20).0);
        assert!(took.as_secs() < 20, "{took:?}: {}", html.split_at(40).0);
    }
    for piece in [
        "<div>",
        "<ul><li>",
        "<",
        "<!--",
        "&",
        "<a href=x>",
        "<table><tr><td>",
        "<style>",
        "&amp",
        "<p style='",
        "<b title=\"",
        "<p><b>",
        "<a><p>",
        "</p>",
        "<svg>",
        "<template>",
        "<select><option>",
        "</div>",
        "<td>",
        "<table>x",
        "<h1>",
        "<button>",
        "<frameset>",
        "<noframes>",
        "<pre>\n",
        "<i></p>",
        "<font><p></font>",
        "<nobr>",
        "<body a=b>",
    ] {
        let html = piece.repeat(200_000 / piece.len()) + "end";
        let begun = samples::computed();
        let cleaned = clean(&html, &Options::default());
        let took = samples::computed() - begun;
        println!("{took:?}: {piece}");
        assert!(took.as_secs() < 20, "{piece}: {took:?}");
        assert!(cleaned.html.len() < 20_000_000, "{piece}");
    }
}

/// Looks through a cleaned page as a reader of HTML sees it: only what is allowed is in it, and nothing leads out but links.
#[track_caller]
fn assert_is_clean(source: &str, cleaned: &Cleaned) {
    let tree = feed::parse(&cleaned.html, usize::MAX).tree;
    let mut stack = vec![tree::DOCUMENT];
    while let Some(id) = stack.pop() {
        stack.extend(tree.first_child(id));
        stack.extend(tree.next_sibling(id));
        let Some(tree::Data::Element(name, attributes)) = tree.node(id).map(|node| &node.data) else { continue };
        assert_eq!(name.ns, html5ever::ns!(html), "{source:?}: {}", cleaned.html);
        let name = &*name.local;
        let is_kept = name == "style" || element::treatment(name) == element::Treatment::Keep(static_name(name));
        assert!(is_kept, "<{name}> is left of {source:?}: {}", cleaned.html);
        for attribute in attributes {
            let (key, value) = (&*attribute.name.local, &*attribute.value);
            let kind = element::attribute(name, key);
            assert!(kind.is_some(), "{name} {key} is left of {source:?}: {}", cleaned.html);
            if matches!(kind, Some(element::Value::Picture | element::Value::Background)) {
                let is_here = matches!(address::picture(value), address::Source::Here(_));
                assert!(is_here, "{key}={value} is left of {source:?}");
            }
            if key == "style" {
                assert!(!leads_out(value), "{value} is left of {source:?}");
            }
            if key == "href" {
                assert_eq!(address::link(value, None).as_deref(), Some(value), "of {source:?}");
            }
        }
        if name == "style"
            && let Some(tree::Data::Text(sheet)) =
                tree.first_child(id).and_then(|id| tree.node(id)).map(|node| &node.data)
        {
            assert!(!leads_out(sheet), "{sheet} is left of {source:?}");
        }
    }
}

fn static_name(name: &str) -> &'static str {
    match element::treatment(name) {
        element::Treatment::Keep(kept) if kept == name => kept,
        _ => "",
    }
}

/// Whether a style names an address that is not in the message. What stands in strings is not an address.
fn leads_out(css: &str) -> bool {
    let mut rest = css;
    while let Some(at) = rest.find(['"', '(']) {
        let (before, found) = rest.split_at(at);
        let before = before.to_ascii_lowercase();
        if before.contains('@') && before.contains("import") {
            return true;
        }
        let is_string = found.starts_with('"');
        rest = found.split_at(1).1;
        if !is_string {
            if !before.ends_with("url") {
                continue;
            }
            if !rest.starts_with("\"cid:") && !rest.starts_with("\"data:image/") {
                return true;
            }
            rest = rest.split_at(1).1;
        }
        // To the end of the string.
        let mut escaped = false;
        let end = rest.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        rest = end.map_or("", |end| rest.split_at(end + 1).1);
    }
    false
}

#[test]
fn hostile_mails_are_clean_and_ask_for_nothing() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/hostile");
    let mut pages = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "eml") {
            continue;
        }
        let raw = std::fs::read(&path).unwrap();
        let raw = String::from_utf8_lossy(&raw).replace("CANARYPORT", "12345").into_bytes();
        let Some(html) = crate::mail::MessageView::from_raw(&raw).html else { continue };
        pages += 1;
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let cleaned = clean(&html, &Options::default());
        assert_is_clean(&name, &cleaned);
        assert_eq!(clean(&cleaned.html, &Options::default()).html, cleaned.html, "{name}");
        assert!(
            !cleaned.html.contains("NEVERSHOWN") || name == "invisible-text" || name == "kobold-letters",
            "{name}: {}",
            cleaned.html
        );
        for picture in &cleaned.remote {
            assert!(picture.url.starts_with("http://") || picture.url.starts_with("https://"), "{name}: {picture:?}");
        }
        if name == "tracking-pixels" {
            let seen: Vec<&str> = cleaned
                .remote
                .iter()
                .filter(|picture| !picture.is_tracker)
                .map(|picture| picture.url.as_str())
                .collect();
            assert_eq!(
                seen,
                [
                    "http://127.0.0.1:12345/tracking-pixels/no-alt",
                    "http://127.0.0.1:12345/tracking-pixels/in-closed-details"
                ],
                "the others cannot be seen"
            );
        }
        if name.starts_with("script") {
            assert!(!cleaned.html.contains("XMLHttpRequest"), "{name}: {}", cleaned.html);
        }
    }
    assert!(pages > 45, "{pages} pages");
}

mod soup {
    use proptest::prelude::*;

    use super::*;

    /// Pieces of pages, of attacks on them, and of what is no page at all.
    fn piece() -> impl Strategy<Value = String> {
        const PIECES: [&str; 110] = [
            "<p>",
            "</p>",
            "<div>",
            "</div>",
            "<table>",
            "</table>",
            "<tr>",
            "<td>",
            "</td>",
            "<b>",
            "</b>",
            "<i>",
            "</i>",
            "<a href=http://a.test/>",
            "<a href='javascript:x'>",
            "</a>",
            "<img src=http://a.test/x.png>",
            "<img src='cid:a@b'>",
            "<img src=\"data:image/png;base64,AAAA\">",
            "<img src=data:image/svg+xml,x>",
            "<br>",
            "<style>",
            "</style>",
            "<script>",
            "</script>",
            "<title>",
            "</title>",
            "<textarea>",
            "</textarea>",
            "<svg>",
            "</svg>",
            "<math>",
            "</math>",
            "<mtext>",
            "<foreignObject>",
            "<desc>",
            "<annotation-xml encoding=text/html>",
            "<template>",
            "</template>",
            "<select>",
            "</select>",
            "<option>",
            "<button>",
            "</button>",
            "<form>",
            "</form>",
            "<input type=submit value='x'>",
            "<iframe>",
            "</iframe>",
            "<noscript>",
            "</noscript>",
            "<noembed>",
            "</noembed>",
            "<xmp>",
            "</xmp>",
            "<plaintext>",
            "<frameset>",
            "<frame>",
            "<noframes>",
            "</noframes>",
            "<body onload=x background=http://a.test/>",
            "<html class=x>",
            "<head>",
            "</head>",
            "<base href=http://b.test/>",
            "<link rel=stylesheet href=x>",
            "<meta http-equiv=refresh>",
            "<object data=x>",
            "</object>",
            "<embed src=x>",
            "<pre>",
            "\n\n",
            "</pre>",
            "<ul>",
            "<li>",
            "</ul>",
            "<h1>",
            "</h1>",
            "<font color=red size=+1>",
            "</font>",
            "<nobr>",
            "<hr>",
            "<caption>",
            "<colgroup>",
            "<col span=999>",
            "<td colspan=99999 rowspan=-1>",
            "<dialog open>",
            "<details>",
            "<summary>",
            "<x-y z=1>",
            "<p style='position:fixed;color:red'>",
            "<p style=\"background:url(http://a.test/)\">",
            "<p id='\"><img src=x>'>",
            "<p title=`x` on\0click=y>",
            "<![CDATA[",
            "]]>",
            "<!--",
            "-->",
            "<!-- x -- >",
            "--!>",
            "<?xml version='1.0'?>",
            "<!DOCTYPE html>",
            "a{color:red}",
            "@import 'http://a.test/';",
            "@media x{",
            "}",
            "b{background:url(http://a.test/)}",
            "&lt;img&gt;",
            "&amp",
            "text",
        ];
        prop_oneof![
            8 => prop::sample::select(&PIECES[..]).prop_map(str::to_owned),
            1 => "[ -~]{0,12}",
            1 => any::<char>().prop_map(String::from),
            1 => "<[a-z]{1,8}( [a-z]{1,6}=['\"]?[ -~]{0,10})?",
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

        #[test]
        fn whatever_it_is_it_comes_out_clean_and_the_same_again(pieces in prop::collection::vec(piece(), 0..60)) {
            let html: String = pieces.concat();
            let cleaned = clean(&html, &Options::default());
            assert_is_clean(&html, &cleaned);
            let again = clean(&cleaned.html, &Options::default());
            assert_is_clean(&cleaned.html, &again);
            prop_assert_eq!(&again.html, &cleaned.html, "{:?}", html);
            let shown = clean(&html, &Options { shows_remote: true });
            prop_assert!(!shown.html.contains("src=\"http"), "{}", shown.html);
        }

        #[test]
        fn style_comes_out_the_same_again(css in "([a-z@:;{}()\\[\\]\"'\\\\/*<>!#.,% 0-9-]|url\\(|\\\\69 |/\\*|\\*/|<!--|calc\\(|a\\{){0,60}") {
            let mut none = |_: &str| None;
            let sheet = css::sheet(&css, &mut none, &mut 0);
            prop_assert_eq!(&css::sheet(&sheet, &mut none, &mut 0), &sheet, "{:?}", css);
            let style = css::written(&css::style(&css, &mut none, &mut 0));
            prop_assert_eq!(&css::written(&css::style(&style, &mut none, &mut 0)), &style, "{:?}", css);
        }
    }
}
