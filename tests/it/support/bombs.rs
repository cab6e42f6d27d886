//! Small causes of large effects: pages, pictures and messages that cost whoever reads them time, memory or stack. Made
//! by rule and in memory; the same octets on every run.
//!
//! Each page begins with “The top.” and ends with “The bottom.”, so does the text of a message where it can be found.

mod pictures;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// A bomb's name, and what makes it: they are made one by one, for all together would take much room.
pub type Bomb<T> = (&'static str, fn() -> T);

/// Pages of HTML.
pub const PAGES: [Bomb<String>; 34] = [
    ("10,000 nested divs", nested_divs),
    ("10,000 nested spans", nested_spans),
    ("10,000 nested tables", nested_tables),
    ("10,000 nested lists and quotes", nested_lists),
    ("10,000 divs that are never closed", unclosed_divs),
    ("2,000 formats that are opened again in each paragraph", reopened_formats),
    ("a table of 10,000 rows", rows_10_000),
    ("a table of 70,000 rows", rows_70_000),
    ("a table of 10,000 columns", columns),
    ("5 MB in one paragraph", one_paragraph),
    ("5 MB in one word", one_word),
    ("50,000 line ends", line_ends),
    ("50,000 style rules", style_rules),
    ("100,000 attributes on one element", attributes),
    ("5 MB in one attribute", long_attribute),
    ("100,000 links", links),
    ("variables that grow tenfold thirty times", growing_variables),
    ("variables that lead to each other", circular_variables),
    ("calc within calc", nested_calc),
    ("a sum of 100,000 terms", long_calc),
    (":has on every element", has_selectors),
    (":not within :not", nested_not),
    ("rules that double by nesting", nested_rules),
    ("100,000 open brackets", open_brackets),
    ("colspan and rowspan of 65535", spans_65_535),
    ("spans beyond any number", spans_beyond_numbers),
    ("huge lengths", huge_lengths),
    ("huge fonts", huge_fonts),
    ("500 blurs", blurs),
    ("500 layers of opacity", opacities),
    ("100,000 marks on one letter", combining_marks),
    ("100,000 changes of direction", directions),
    ("100,000 joined pictographs", joined_pictographs),
    ("100,000 entities and comments", entities_and_comments),
];

/// Messages, with CRLF at every line's end.
pub const MESSAGES: [Bomb<Vec<u8>>; 8] = [
    ("multiparts nested 1,000 deep", nested_multiparts),
    ("messages nested 1,000 deep", nested_messages),
    ("10,000 parts", many_parts),
    ("10,000 pages in one message", many_pages),
    ("a header field of 10 MB", long_field),
    ("a header of 10 MB in short fields", many_fields),
    ("a boundary of 1 MB", long_boundary),
    ("50 MB of base64", long_base64),
];

/// Makes the octets of a picture.
type Picture = fn() -> Vec<u8>;

/// Pictures with their types, to be shown through [`message_with_picture`].
pub const PICTURES: [(&str, &str, Picture); 3] = [
    ("20,000 by 20,000 pixels of one colour", "image/png", pictures::large_png),
    ("pixels beyond any memory", "image/png", pictures::endless_png),
    ("10,000 frames of 2,000 by 2,000 pixels", "image/gif", pictures::many_frames),
];

/// The page as a message of its own.
pub fn message_of(page: &str) -> Vec<u8> {
    let mut raw = head("A page", "text/html; charset=utf-8");
    raw.extend_from_slice(page.replace('\n', "\r\n").as_bytes());
    raw.extend_from_slice(b"\r\n");
    raw
}

/// A page that shows the picture, and the picture beside it.
pub fn message_with_picture(content_type: &str, picture: &[u8]) -> Vec<u8> {
    let mut raw = head("A picture", "multipart/related; boundary=b");
    raw.extend_from_slice(b"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n");
    raw.extend_from_slice(page("<img src=\"cid:picture@example.net\" alt=\"A picture\">").as_bytes());
    raw.extend_from_slice(format!("\r\n--b\r\nContent-Type: {content_type}\r\n").as_bytes());
    raw.extend_from_slice(b"Content-ID: <picture@example.net>\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    for line in BASE64_STANDARD.encode(picture).as_bytes().chunks(76) {
        raw.extend_from_slice(line);
        raw.extend_from_slice(b"\r\n");
    }
    raw.extend_from_slice(b"--b--\r\n");
    raw
}

fn head(subject: &str, content_type: &str) -> Vec<u8> {
    format!(
        "From: Mallory <mallory@example.net>\r\nTo: Ana <ana@example.org>\r\nSubject: {subject}\r\n\
         Date: Mon, 2 Nov 2026 12:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: {content_type}\r\n\r\n"
    )
    .into_bytes()
}

fn page(body: &str) -> String {
    format!("<html><body><p>The top.</p>{body}<p>The bottom.</p></body></html>")
}

fn styled(sheet: &str, body: &str) -> String {
    page(&format!("<style>{sheet}</style>{body}"))
}

/// Each number's text, one after the other.
fn series(count: usize, each: impl Fn(usize) -> String) -> String {
    (0..count).map(each).collect()
}

fn nested(open: &str, close: &str, depth: usize) -> String {
    page(&format!("{}The middle.{}", open.repeat(depth), close.repeat(depth)))
}

fn nested_divs() -> String {
    nested("<div>", "</div>", 10_000)
}

fn nested_spans() -> String {
    nested("<span>", "</span>", 10_000)
}

fn nested_tables() -> String {
    nested("<table><tr><td>", "</td></tr></table>", 10_000)
}

fn nested_lists() -> String {
    nested("<blockquote><ul><li>", "</li></ul></blockquote>", 10_000)
}

fn unclosed_divs() -> String {
    page(&"<div style=\"padding-left: 1px\">x".repeat(10_000))
}

/// HTML opens again in every paragraph what was not closed before: 2,000 tags become two million elements. The
/// attributes differ, for of equal ones it opens three at most.
fn reopened_formats() -> String {
    page(&series(2_000, |i| format!("<p><b class=\"b{i}\">x</p>")))
}

fn rows(count: usize) -> String {
    let rows = series(count, |i| format!("<tr><td>{i}</td><td>name {i}</td><td>{}</td></tr>\n", i % 97));
    page(&format!("<table border=\"1\">{rows}</table>"))
}

fn rows_10_000() -> String {
    rows(10_000)
}

fn rows_70_000() -> String {
    rows(70_000)
}

fn columns() -> String {
    let cells = series(10_000, |i| format!("<td>{i}</td>"));
    page(&format!("<table><tr>{cells}</tr><tr>{cells}</tr></table>"))
}

fn one_paragraph() -> String {
    page(&format!("<p>{}</p>", "word by word, ".repeat(375_000)))
}

fn one_word() -> String {
    page(&format!("<p>{}</p>", "unbroken".repeat(655_360)))
}

fn line_ends() -> String {
    page(&"<br>".repeat(50_000))
}

fn style_rules() -> String {
    let rule =
        |i: usize| format!(".a{i} > p:nth-child({i}) ~ a[href*=\"{i}\"]:not(.b{i})::before {{ margin: {i}px }}\n");
    styled(&series(50_000, rule), &"<div class=\"a1\"><p>x <a href=\"1\">y</a></p></div>".repeat(100))
}

fn attributes() -> String {
    page(&format!("<p{}>x</p>", series(100_000, |i| format!(" a{i}=\"{i}\""))))
}

fn long_attribute() -> String {
    page(&format!("<p title=\"{}\">x</p>", "title ".repeat(875_000)))
}

fn links() -> String {
    page(&series(100_000, |i| format!("<a href=\"https://example.net/{i}\">https://example.org/{i}</a>\n")))
}

fn growing_variables() -> String {
    let grown = series(30, |i| format!("--v{}: {};\n", i + 1, format!("var(--v{i}) ").repeat(10)));
    styled(&format!(":root {{ --v0: xxxxxxxxxx;\n{grown} }} p::before {{ content: \"a\" var(--v30) }}"), "<p>x</p>")
}

fn circular_variables() -> String {
    let circle = series(10_000, |i| format!("--v{i}: calc(var(--v{}) + 1px);\n", (i + 1) % 10_000));
    styled(&format!("p {{ {circle} width: var(--v0) }}"), "<p>x</p>")
}

fn nested_calc() -> String {
    let (open, close) = ("calc(1px + ".repeat(10_000), ")".repeat(10_000));
    styled(&format!("p {{ width: {open}1px{close} }}"), "<p>x</p>")
}

fn long_calc() -> String {
    styled(&format!("p {{ width: calc(1px{}) }}", " + 1px".repeat(100_000)), "<p>x</p>")
}

fn has_selectors() -> String {
    let rules = series(1_000, |i| format!("div:has(* > .a{i} ~ * *):has(+ * .b{i}) * {{ color: red }}\n"));
    styled(&rules, &"<div><p><b>x</b></p><p>y</p></div>".repeat(1_000))
}

fn nested_not() -> String {
    let (open, close) = (":not(".repeat(10_000), ")".repeat(10_000));
    styled(&format!("p{open}.a{close} {{ color: red }}"), "<p>x</p>")
}

/// Written out, each level has twice the selectors of the one above it, twice as long: 2 to the power of 64 in the end.
fn nested_rules() -> String {
    let (open, close) = ("& p &, & b & { ".repeat(64), "}".repeat(64));
    styled(&format!("div {{ {open}color: red {close} }}"), "<div><p><b>x</b></p></div>")
}

fn open_brackets() -> String {
    let brackets = "([{".repeat(33_334);
    styled(&format!("p {{ color: {brackets}"), &format!("<p style=\"color: {brackets}\">x</p>"))
}

fn spans_65_535() -> String {
    let cell = "<td colspan=\"65535\" rowspan=\"65535\">x</td>";
    page(&format!("<table>{}</table>", format!("<tr>{}</tr>", cell.repeat(3)).repeat(3)))
}

fn spans_beyond_numbers() -> String {
    let cells = ["-1", "0", "1e9", "2147483647", "4294967296", "99999999999999999999", "1000", "65534"]
        .map(|span| format!("<td colspan=\"{span}\" rowspan=\"{span}\">x</td>"))
        .concat();
    let columns = "<colgroup span=\"65535\"><col span=\"65535\"></colgroup>";
    page(&format!("<table>{columns}<tr>{cells}</tr><tr>{cells}</tr></table>"))
}

fn huge_lengths() -> String {
    let lengths = ["99999999px", "-99999999px", "1e38px", "1e999px", "99999999vw", "99999999em", "2147483648px"];
    let properties =
        ["width", "height", "padding", "margin", "border-width", "letter-spacing", "text-indent", "line-height"];
    let pairs = lengths.iter().flat_map(|length| properties.iter().map(move |property| (property, length)));
    let boxes: String = pairs
        .map(|(property, length)| format!("<div style=\"border: 1px solid; {property}: {length}\">x</div>\n"))
        .collect();
    page(&format!(
        "{boxes}<img width=\"99999999\" height=\"99999999\" alt=\"x\"><hr size=\"99999999\" width=\"99999999\">"
    ))
}

fn huge_fonts() -> String {
    let sizes = ["100000px", "99999999px", "1e38px", "10000em", "99999%", "99999vw"];
    let texts: String = sizes.map(|size| format!("<p style=\"font-size: {size}\">Malote &#x1F600;</p>\n")).concat();
    // Twice as large as the one around it, sixty times.
    page(&format!("{texts}{}x{}", "<div style=\"font-size: 200%\">".repeat(60), "</div>".repeat(60)))
}

fn blurs() -> String {
    let effect =
        "filter: blur(500px) drop-shadow(0 0 500px red); box-shadow: 0 0 500px 500px red; text-shadow: 0 0 500px red";
    page(&format!("<div style=\"{effect}\">blur</div>\n").repeat(500))
}

fn opacities() -> String {
    let style =
        "<div style=\"opacity: 0.99; transform: rotate(1deg); overflow: hidden; border-radius: 9px; padding: 1px\">";
    nested(style, "</div>", 500)
}

fn combining_marks() -> String {
    page(&format!("<p>a{}</p>", "\u{301}".repeat(100_000)))
}

/// Embeddings, overrides and isolates that are never ended, and letters whose direction changes at each.
fn directions() -> String {
    let controls = "\u{202B}a\u{202E}\u{5D0}\u{2067}1\u{2066}\u{627}".repeat(25_000);
    page(&format!("<p>{controls}</p><p>{}</p><p>{}</p>", "a\u{5D0}".repeat(50_000), "(\u{5D0}[".repeat(33_334)))
}

fn joined_pictographs() -> String {
    let joined = "\u{1F469}\u{200D}".repeat(100_000);
    page(&format!("<p>{joined}</p><p>{}</p>", "\u{200D}\u{200B}\u{FEFF}".repeat(33_334)))
}

fn entities_and_comments() -> String {
    page(&format!("{}-->", "&NotEqualTilde;<!-- x -->&#x10FFFF;&ampamp;<!--".repeat(100_000)))
}

fn nested_multiparts() -> Vec<u8> {
    let mut raw = head("Deep", "multipart/mixed; boundary=b0");
    for level in 1..=1_000 {
        let fields = format!("--b{}\r\nContent-Type: multipart/mixed; boundary=b{level}\r\n\r\n", level - 1);
        raw.extend_from_slice(fields.as_bytes());
    }
    raw.extend_from_slice(b"--b1000\r\nContent-Type: text/plain\r\n\r\nThe bottom.\r\n");
    for level in (0..=1_000).rev() {
        raw.extend_from_slice(format!("--b{level}--\r\n").as_bytes());
    }
    raw
}

fn nested_messages() -> Vec<u8> {
    let mut raw = Vec::new();
    for level in 0..1_000 {
        raw.extend(head(&format!("Level {level}"), "message/rfc822"));
    }
    raw.extend(head("The last", "text/plain"));
    raw.extend_from_slice(b"The bottom.\r\n");
    raw
}

fn many_parts() -> Vec<u8> {
    parts(|number| format!("Content-Type: application/octet-stream; name=\"part-{number}.bin\"\r\n\r\n{number}\r\n"))
}

fn many_pages() -> Vec<u8> {
    parts(|number| format!("Content-Type: text/html\r\nContent-Disposition: inline\r\n\r\n<p>Page {number}.</p>\r\n"))
}

/// A message of ten thousand.
fn parts(part: impl Fn(usize) -> String) -> Vec<u8> {
    let mut raw = head("Many", "multipart/mixed; boundary=b");
    raw.extend(series(10_000, |number| format!("--b\r\n{}", part(number))).into_bytes());
    raw.extend_from_slice(b"--b--\r\n");
    raw
}

fn long_field() -> Vec<u8> {
    let mut raw = format!("Subject: long{}\r\n", "\r\n word by word by word".repeat(500_000)).into_bytes();
    raw.extend(head("The second", "text/plain"));
    raw.extend_from_slice(b"The bottom.\r\n");
    raw
}

fn many_fields() -> Vec<u8> {
    let mut raw = series(400_000, |number| format!("X-Field-{number}: value\r\n")).into_bytes();
    raw.extend(head("Many fields", "text/plain"));
    raw.extend_from_slice(b"The bottom.\r\n");
    raw
}

fn long_boundary() -> Vec<u8> {
    let boundary = "b".repeat(1_000_000);
    let mut raw = head("Boundary", &format!("multipart/mixed; boundary=\"{boundary}\""));
    // A line that is the boundary but for its last letter, again and again.
    raw.extend(format!("--{}\r\n", "b".repeat(999_999)).repeat(5).into_bytes());
    raw.extend(
        format!("--{boundary}\r\nContent-Type: text/plain\r\n\r\nThe bottom.\r\n--{boundary}--\r\n").into_bytes(),
    );
    raw
}

/// 50 MB on the line, three quarters of that as a file of noughts.
fn long_base64() -> Vec<u8> {
    let mut raw = head("Large", "multipart/mixed; boundary=b");
    raw.extend_from_slice(b"--b\r\nContent-Type: text/plain\r\n\r\nThe top.\r\n");
    raw.extend_from_slice(b"--b\r\nContent-Type: application/octet-stream; name=large.bin\r\n");
    raw.extend_from_slice(b"Content-Transfer-Encoding: base64\r\n\r\n");
    raw.extend(format!("{}\r\n", "A".repeat(76)).repeat(641_026).into_bytes());
    raw.extend_from_slice(b"--b--\r\n");
    raw
}
