//! HTML to text that reads well: what the reading pane shows of a page, and what is searched and quoted of it.
//!
//! One pass over the tags, no tree: time and memory are linear, whatever the nesting. Nothing is ever fetched.

mod entity;
mod tag;

use tag::Tag;

/// A page as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Paragraphs, lists, quotes and the cells of tables are kept apart; links keep their text and get a number, with the
    /// targets below.
    pub text: String,
    /// Links that say one host and lead to another: what they say, and the host they lead to.
    pub deceptive_links: Vec<(String, String)>,
}

/// Reads a page. Total and linear.
pub fn read(html: &str) -> Page {
    let page = Converter::run(html, false);
    // A page that hides everything would be empty: then it is shown as if it hid nothing.
    if page.text.trim().is_empty() { Converter::run(html, true) } else { page }
}

/// The text alone, without numbers and targets of links, for the list's snippet.
pub fn to_plain(html: &str) -> String {
    let mut converter = Converter { numbers_links: false, ..Converter::default() };
    converter.convert(html);
    converter.out
}

/// Link targets that are listed below a page; newsletters have some dozens.
const MAX_LINKS: usize = 500;
/// Octets of a link target that are shown. Longer ones carry nothing but the tracking of their reader.
const MAX_TARGET_BYTES: usize = 2000;
/// Levels of lists and quotes that are indented; more would leave no room for the text.
const MAX_INDENT: usize = 8;

struct Converter {
    out: String,
    numbers_links: bool,
    shows_hidden: bool,
    /// Line ends to be written before the next text, and whether a blank.
    line_ends: usize,
    blank: bool,
    /// Whether a cell ended on this line.
    cell: bool,
    /// Depth of block quotes, and of `<pre>`.
    quotes: usize,
    /// Depth of block quotes of the line that was written last.
    line_quotes: usize,
    preformatted: usize,
    lists: Vec<List>,
    /// The mark of a list item that has no text yet.
    bullet: Option<String>,
    /// Where the text of the open link begins, and its target.
    link: Option<(usize, String)>,
    targets: Vec<String>,
    deceptive: Vec<(String, String)>,
    /// The element whose content is passed over, and how many of its name are open inside.
    skipped: Option<(String, usize)>,
}

impl Default for Converter {
    fn default() -> Self {
        Self {
            out: String::new(),
            numbers_links: true,
            shows_hidden: false,
            line_ends: 0,
            blank: false,
            cell: false,
            quotes: 0,
            line_quotes: 0,
            preformatted: 0,
            lists: Vec::new(),
            bullet: None,
            link: None,
            targets: Vec::new(),
            deceptive: Vec::new(),
            skipped: None,
        }
    }
}

/// A list that is open: the number of its next item, None for one with bullets.
struct List {
    next: Option<u32>,
}

impl Converter {
    fn run(html: &str, shows_hidden: bool) -> Page {
        let mut converter = Self { shows_hidden, ..Self::default() };
        converter.convert(html);
        converter.end_link();
        converter.append_targets();
        Page { text: converter.out, deceptive_links: converter.deceptive }
    }

    fn convert(&mut self, html: &str) {
        let mut rest = html;
        while !rest.is_empty() {
            let end = rest.find('<').unwrap_or(rest.len());
            let (text, markup) = rest.split_at_checked(end).unwrap_or((rest, ""));
            if self.skipped.is_none() {
                self.text(text);
            }
            rest = match tag::take(markup) {
                tag::Markup::Tag(tag, after) => {
                    let after = tag.raw_content_end(after);
                    self.tag(&tag);
                    after
                }
                tag::Markup::Nothing(after) => after,
                tag::Markup::Text(after) => {
                    if self.skipped.is_none() && !markup.is_empty() {
                        self.text("<");
                    }
                    after
                }
            };
        }
    }

    fn text(&mut self, text: &str) {
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find('&').unwrap_or(rest.len());
            let (plain, from_entity) = rest.split_at_checked(end).unwrap_or((rest, ""));
            self.plain(plain);
            rest = from_entity;
            if rest.is_empty() {
                return;
            }
            let (decoded, after) = entity::take(rest);
            self.visible(&decoded);
            rest = after;
        }
    }

    /// Text without entities: blanks are folded, unless it is preformatted.
    fn plain(&mut self, text: &str) {
        if self.preformatted > 0 {
            for (at, line) in text.split('\n').enumerate() {
                if at > 0 {
                    self.line_ends = (self.line_ends + 1).min(3);
                }
                self.visible(line.trim_end_matches('\r'));
            }
            return;
        }
        let is_blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{C}');
        for (at, word) in text.split(is_blank).enumerate() {
            self.blank |= at > 0;
            self.visible(word);
        }
    }

    /// Text that is shown as it is, after whatever is due before it.
    fn visible(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if self.out.is_empty() || self.line_ends > 0 {
            self.begin_line();
        } else if self.cell && !text.trim().is_empty() {
            self.out.push_str("  ");
        } else if self.blank && !self.out.ends_with([' ', '\n']) {
            self.out.push(' ');
        }
        self.blank = false;
        self.cell = false;
        self.out.push_str(text);
    }

    fn begin_line(&mut self) {
        let quote = "> ".repeat(self.quotes.min(MAX_INDENT));
        let empty_line = ">".repeat(self.quotes.min(self.line_quotes).min(MAX_INDENT));
        self.line_quotes = self.quotes;
        if !self.out.is_empty() {
            self.out.truncate(self.out.trim_end_matches(' ').len());
            for number in 0..self.line_ends {
                if number > 0 {
                    self.out.push_str(&empty_line);
                }
                self.out.push('\n');
            }
        }
        self.line_ends = 0;
        self.out.push_str(&quote);
        let depth = self.lists.len().min(MAX_INDENT);
        match self.bullet.take() {
            Some(bullet) => {
                self.out.push_str(&"  ".repeat(depth.saturating_sub(1)));
                self.out.push_str(&bullet);
            }
            None => self.out.push_str(&"  ".repeat(depth)),
        }
    }

    fn tag(&mut self, tag: &Tag<'_>) {
        if let Some((name, depth)) = &mut self.skipped {
            if tag.name == *name && !tag.is_void() {
                *depth = if tag.is_end { depth.saturating_sub(1) } else { *depth + 1 };
            }
            if *depth == 0 || tag.ends_skipping(name) {
                self.skipped = None;
            }
            return;
        }
        if !tag.is_end && !tag.is_void() && (tag.is_never_shown() || (!self.shows_hidden && tag.is_hidden())) {
            self.skipped = Some((tag.name.clone(), 1));
            return;
        }
        if tag.is_end { self.end(tag) } else { self.begin(tag) }
    }

    fn begin(&mut self, tag: &Tag<'_>) {
        match tag.name.as_str() {
            "br" => self.break_line(),
            "hr" => {
                self.due(1);
                self.visible("──────────");
                self.due(1);
            }
            "a" => {
                self.end_link();
                self.link = tag.attribute("href").map(|href| (self.out.len(), href));
            }
            "img" => self.image(tag),
            "ul" | "menu" | "dir" => self.begin_list(None),
            "ol" => {
                let first = tag.attribute("start").and_then(|n| n.trim().parse().ok()).unwrap_or(1);
                self.begin_list(Some(first));
            }
            "li" => self.begin_item(),
            "blockquote" => {
                self.due(2);
                self.quotes += 1;
            }
            "pre" | "textarea" => {
                self.due(2);
                self.preformatted += 1;
            }
            "tr" => self.due(1),
            _ => self.due(tag.lines_around()),
        }
    }

    fn end(&mut self, tag: &Tag<'_>) {
        match tag.name.as_str() {
            "a" => self.end_link(),
            "br" => self.break_line(),
            "ul" | "ol" | "menu" | "dir" => {
                self.lists.pop();
                self.bullet = None;
                self.due(if self.lists.is_empty() { 2 } else { 1 });
            }
            "blockquote" => {
                self.due(2);
                self.quotes = self.quotes.saturating_sub(1);
            }
            "pre" | "textarea" => {
                self.due(2);
                self.preformatted = self.preformatted.saturating_sub(1);
            }
            "td" | "th" => self.cell = self.line_ends == 0 && !self.out.is_empty(),
            "tr" | "li" => self.due(1),
            _ => self.due(tag.lines_around()),
        }
    }

    /// At least so many line ends before the next text.
    fn due(&mut self, line_ends: usize) {
        self.line_ends = self.line_ends.max(if self.out.is_empty() { 0 } else { line_ends });
    }

    fn break_line(&mut self) {
        if !self.out.is_empty() {
            self.line_ends = (self.line_ends + 1).min(3);
        }
    }

    fn begin_list(&mut self, next: Option<u32>) {
        self.due(if self.lists.is_empty() { 2 } else { 1 });
        if self.lists.len() < MAX_INDENT * 16 {
            self.lists.push(List { next });
        }
    }

    fn begin_item(&mut self) {
        self.due(1);
        self.bullet = Some(match self.lists.last_mut().and_then(|list| list.next.as_mut()) {
            Some(number) => {
                *number = number.saturating_add(1);
                format!("{}. ", number.saturating_sub(1))
            }
            None => "• ".into(),
        });
    }

    fn image(&mut self, tag: &Tag<'_>) {
        let alt = tag.attribute("alt").map(|alt| entity::decode(&alt)).unwrap_or_default();
        let alt = alt.trim();
        if !alt.is_empty() {
            self.blank = true;
            self.visible(&format!("[{}]", alt.replace('\n', " ")));
            self.blank = true;
        }
    }

    /// Puts a number behind the link's text, unless the text says the target already.
    fn end_link(&mut self) {
        let Some((start, href)) = self.link.take() else { return };
        let target: String = entity::decode(&href).chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
        let lower = target.get(..target.floor_char_boundary(8)).unwrap_or_default().to_ascii_lowercase();
        let may_follow = ["http://", "https://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme));
        let text = self.out.get(start..).unwrap_or_default().trim();
        if let (Some(said), Some(real)) = (host_of(text), host_of(&target))
            && may_follow
            && !is_same_house(&said, &real)
            && self.deceptive.len() < MAX_DECEPTIVE
        {
            self.deceptive.push((said, real));
        }
        let bare = target.split_once(':').map_or(target.as_str(), |(_, rest)| rest.trim_start_matches('/'));
        let says_it = text.contains(bare.trim_end_matches('/'));
        if !self.numbers_links || !may_follow || text.is_empty() || says_it || target.len() > MAX_TARGET_BYTES {
            return;
        }
        let number = match self.targets.iter().position(|known| *known == target) {
            Some(at) => at + 1,
            None if self.targets.len() >= MAX_LINKS => return,
            None => {
                self.targets.push(target);
                self.targets.len()
            }
        };
        self.out.truncate(self.out.trim_end_matches(' ').len());
        self.out.push_str(&format!(" [{number}]"));
    }

    fn append_targets(&mut self) {
        if self.targets.is_empty() {
            return;
        }
        self.out.truncate(self.out.trim_end().len());
        self.out.push_str("\n\nLinks:\n");
        for (at, target) in self.targets.iter().enumerate() {
            self.out.push_str(&format!("[{}] {target}\n", at + 1));
        }
    }
}

/// Deceptive links that are told of: one is enough to be careful.
const MAX_DECEPTIVE: usize = 3;

/// The host that a text names, if it is nothing but an address of the web.
pub(crate) fn host_of(text: &str) -> Option<String> {
    let text = text.trim();
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?.to_ascii_lowercase();
    let (_, last) = host.rsplit_once('.')?;
    let is_host = host.len() <= 253 && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
    let is_top = (2..=24).contains(&last.len()) && last.chars().all(|c| c.is_ascii_alphabetic());
    let is_named = text.contains("://") || host.starts_with("www.") || rest.contains('/');
    (is_host && is_top && is_named && !text.contains(char::is_whitespace)).then_some(host)
}

/// Whether two hosts end in the same two labels, which is as near to one owner as names can tell.
fn is_same_house(one: &str, other: &str) -> bool {
    let last_two = |host: &str| host.rsplit('.').take(2).map(str::to_owned).collect::<Vec<_>>();
    last_two(one) == last_two(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(html: &str, text: &str) {
        assert_eq!(read(html).text, text, "{html:?}");
    }

    #[test]
    fn paragraphs_and_breaks_become_lines() {
        check("<p>One</p><p>Two<br>three</p>", "One\n\nTwo\nthree");
        check("<html><body>\n  a\n  b <b>c</b>d </body></html>", "a b cd");
        check("<h1>Title</h1>text<div>in</div><div>two</div>", "Title\n\ntext\nin\ntwo");
        check("<pre>a  b\n  c</pre>", "a  b\n  c");
        check("a<hr>b", "a\n──────────\nb");
    }

    #[test]
    fn lists_quotes_and_tables_keep_their_shape() {
        check("<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>", "• a\n• b\n  • c");
        check("<ol start=3><li>a<li>b</ol>end", "3. a\n4. b\n\nend");
        check("said:<blockquote><p>one</p><p>two</p></blockquote>me", "said:\n\n> one\n>\n> two\n\nme");
        check("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>", "a  b\nc  d");
    }

    #[test]
    fn links_keep_their_text_and_name_their_target() {
        check(
            "see <a href='https://a.test/x?a=1&amp;b=2'>this page</a> and <a href=\"https://a.test/x?a=1&b=2\">again</a>",
            "see this page [1] and again [1]\n\nLinks:\n[1] https://a.test/x?a=1&b=2\n",
        );
        check("<a href=https://a.test/>https://a.test</a>", "https://a.test");
        check("<a href='mailto:a@b.c'>a@b.c</a>", "a@b.c");
        check("<a href='java\nscript:alert(1)'>x</a><a href='#top'>y</a>", "xy");
        check(
            "<a href='https://a.test'><img src=x alt='Logo &amp; co'></a>",
            "[Logo & co] [1]\n\nLinks:\n[1] https://a.test\n",
        );
    }

    #[test]
    fn a_link_that_says_another_host_is_told_of() {
        for (text, target, deceives) in [
            ("https://bank.test/login", "https://evil.test/login", true),
            ("www.bank.test", "http://bank.test.evil.test/", true),
            ("www.bank.test", "https://login.bank.test/x", false),
            ("bank.test/offer", "https://bank.test@evil.test/", true),
            ("click here", "https://evil.test/", false),
            ("report.pdf", "https://a.test/report.pdf", false),
        ] {
            let found = read(&format!("<a href=\"{target}\">{text}</a>")).deceptive_links;
            assert_eq!(!found.is_empty(), deceives, "{text} {target} {found:?}");
        }
    }

    #[test]
    fn what_is_not_to_be_seen_is_not_shown() {
        check("<head><title>t</title><style>p{}</style></head><body>a</body>", "a");
        check("<style>a > b { } </style>a<script>if (a<b) '</p>'</script>b<!-- c --><!--[if mso]>d<![endif]-->", "ab");
        check(
            "<div style='display:none'>x<div>y</div></div>a<span style=\"FONT-SIZE: 0px\">z</span><p hidden>q</p>",
            "a",
        );
        check("<div style='display:none'>all there is</div>", "all there is");
        check("<style>never closed", "");
        check("<p>a<!-- never closed", "a");
    }

    #[test]
    fn megabytes_of_nesting_take_no_time() {
        for piece in [
            "<div>",
            "<ul><li>",
            "<blockquote>",
            "<",
            "<!--",
            "&",
            "<a href=x>",
            "<table><tr><td>",
            "<style>",
            "&amp",
            "<p style='",
            "<b title=\"",
        ] {
            let html = piece.repeat(1_000_000 / piece.len()) + "end";
            assert!(read(&html).text.len() < 3_000_000, "{piece}");
        }
        let links: String = (0..50_000).map(|n| format!("<a href='https://a.test/{n}'>x</a> ")).collect();
        assert!(read(&links).text.contains("[500] https://a.test/499"));
    }
}
