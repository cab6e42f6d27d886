//! Plain text as the reading pane sets it: quote levels, signatures, links, and what must keep its columns.

mod fixed;

use std::ops::Range;

use linkify::{LinkFinder, LinkKind};

use super::sanitize;

/// A line of the readable text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Depth of `>` quoting; the marks themselves are not in the spans.
    pub quote_level: u8,
    /// Below the `-- ` line.
    pub is_signature: bool,
    pub setting: Setting,
    pub spans: Vec<Span>,
}

/// How a line is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Setting {
    #[default]
    Prose,
    /// Column below column: a table, a drawing.
    Fixed,
    /// Of a patch: a line that comes in, one that goes out, and where.
    Added,
    Removed,
    Place,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Span {
    Text(String),
    /// A link that may be followed: `http`, `https` or `mailto` only.
    Link {
        text: String,
        target: String,
    },
}

impl Span {
    /// What is read of it.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Link { text, .. } => text,
        }
    }
}

/// Cuts text into lines with quote levels, signature and links. Control and bidi characters are gone afterwards.
pub fn lines(text: &str) -> Vec<Line> {
    let text = sanitize::multiline(text);
    let finder = finder();
    let mut is_signature = false;
    let whole = text.strip_suffix('\n').unwrap_or(&text);
    let settings = fixed::settings(whole);
    whole
        .split('\n')
        .zip(settings.into_iter().chain(std::iter::repeat(Setting::Prose)))
        .map(|(line, setting)| {
            let (quote_level, content) = unquoted(line);
            is_signature |= quote_level == 0 && matches!(content, "-- " | "--");
            Line { quote_level, is_signature, setting, spans: spans(&finder, content) }
        })
        .collect()
}

/// Lines of a quote that can be folded: a shorter one is as quickly read as unfolded.
const FOLDED_LINES: usize = 8;

/// A long quote, which can be folded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    pub lines: Range<usize>,
    /// It stands at the end of an answer, and everybody has read it before.
    pub is_old: bool,
}

/// The long quotes of a text, in its order.
pub fn quotes(lines: &[Line]) -> Vec<Quote> {
    let mut quotes = Vec::new();
    let (mut start, mut end) = (None, 0);
    for (number, line) in lines.iter().enumerate() {
        if line.quote_level > 0 {
            start = start.or(Some(number));
            end = number + 1;
        } else if !is_blank(line) {
            quotes.extend(start.take().map(|start| Quote { lines: start..end, is_old: false }));
        }
    }
    quotes.extend(start.map(|start| Quote { lines: start..end, is_old: false }));
    if let Some(last) = quotes.last_mut() {
        last.is_old = is_old(lines, &last.lines);
    }
    quotes.retain(|quote| quote.lines.len() >= FOLDED_LINES);
    quotes
}

/// Whether the last quote is the end of an answer: words of one's own stand before it, and none behind it.
fn is_old(lines: &[Line], quote: &Range<usize>) -> bool {
    let says_nothing = |line: &Line| line.is_signature || is_blank(line);
    let (before, behind) = (lines.get(..quote.start).unwrap_or_default(), lines.get(quote.end..).unwrap_or_default());
    // The line before a quote says whose words follow: without others before it nothing is answered.
    let own = before.iter().filter(|line| line.quote_level == 0 && !is_blank(line)).count();
    own > 1 && behind.iter().all(says_nothing)
}

fn is_blank(line: &Line) -> bool {
    line.quote_level == 0 && line.spans.iter().all(|span| span.text().trim().is_empty())
}

/// Depth of quoting and the text behind the marks: `>> text`, `> > text`, `>text`.
pub fn unquoted(line: &str) -> (u8, &str) {
    let (mut level, mut rest) = (0u8, line);
    loop {
        let next = if level > 0 { rest.strip_prefix(' ').unwrap_or(rest) } else { rest };
        match next.strip_prefix('>') {
            Some(after) if level < u8::MAX => {
                level += 1;
                rest = after;
            }
            _ => return (level, if level > 0 { next } else { rest }),
        }
    }
}

fn finder() -> LinkFinder {
    let mut finder = LinkFinder::new();
    finder.kinds(&[LinkKind::Url, LinkKind::Email]).url_must_have_scheme(false);
    finder
}

/// Octets in which links are looked for at once: no link is longer, and a line of five megabytes stays cheap.
const MAX_WINDOW_BYTES: usize = 4096;

fn spans(finder: &LinkFinder, line: &str) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let (window, after) = rest.split_at_checked(window_end(rest)).unwrap_or((rest, ""));
        rest = after;
        let mut at = 0;
        if may_hold_link(window) {
            for link in finder.links(window) {
                let Some(target) = target(link.as_str(), link.kind()) else { continue };
                push_text(&mut spans, window.get(at..link.start()).unwrap_or_default());
                spans.push(Span::Link { text: link.as_str().to_owned(), target });
                at = link.end();
            }
        }
        push_text(&mut spans, window.get(at..).unwrap_or_default());
    }
    spans
}

/// Where the next window ends: behind a blank if there is one, so that no link is cut.
fn window_end(text: &str) -> usize {
    if text.len() <= MAX_WINDOW_BYTES {
        return text.len();
    }
    let end = text.floor_char_boundary(MAX_WINDOW_BYTES);
    text.get(..end).and_then(|window| window.rfind(' ')).map_or(end, |blank| blank + 1)
}

fn may_hold_link(text: &str) -> bool {
    text.contains(['@', ':']) || text.get(..).is_some_and(|t| t.contains("www.") || t.contains("WWW."))
}

fn push_text(spans: &mut Vec<Span>, text: &str) {
    match spans.last_mut() {
        _ if text.is_empty() => (),
        Some(Span::Text(last)) => last.push_str(text),
        _ => spans.push(Span::Text(text.to_owned())),
    }
}

/// What following the link opens; None where it is none of the three kinds that may be followed.
fn target(text: &str, kind: &LinkKind) -> Option<String> {
    let lower = text.get(..text.floor_char_boundary(8)).unwrap_or_default().to_ascii_lowercase();
    match kind {
        LinkKind::Email => Some(format!("mailto:{text}")),
        _ if lower.starts_with("http://") || lower.starts_with("https://") => Some(text.to_owned()),
        _ if lower.starts_with("www.") => Some(format!("http://{text}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Span {
        Span::Text(text.into())
    }

    fn link(text: &str, target: &str) -> Span {
        Span::Link { text: text.into(), target: target.into() }
    }

    #[test]
    fn quote_marks_are_counted_and_taken_off() {
        for (line, level, content) in [
            ("text", 0, "text"),
            ("> text", 1, "text"),
            (">text", 1, "text"),
            ("> > text", 2, "text"),
            (">> text", 2, "text"),
            (">>  text", 2, " text"),
            (" > text", 0, " > text"),
            (">", 1, ""),
            ("", 0, ""),
        ] {
            assert_eq!(unquoted(line), (level, content), "{line:?}");
        }
        assert_eq!(unquoted(&">".repeat(1000)).0, 255);
    }

    #[test]
    fn long_quotes_are_found_and_the_one_at_the_end_of_an_answer_is_old() {
        let quote = |count: usize| "> words\n".repeat(count);
        for (text, expected) in [
            (format!("Yes.\n\nOn Monday Ana wrote:\n{}", quote(8)), vec![(3..11, true)]),
            (format!("Yes.\n\nOn Monday Ana wrote:\n\n{}\n-- \nOle\n", quote(9)), vec![(4..13, true)]),
            (format!("Yes.\nAna wrote:\n{}", quote(7)), vec![]),
            (format!("Yes.\nAna wrote:\n{}More.\n", quote(20)), vec![(2..22, false)]),
            (format!("Yes.\nAna wrote:\n{0}More.\n{0}\n{0}", quote(8)), vec![(2..10, false), (11..28, true)]),
            (format!("Ana wrote:\n{}", quote(20)), vec![(1..21, false)]),
            (quote(20), vec![(0..20, false)]),
            (String::new(), vec![]),
        ] {
            let found = quotes(&lines(&text)).into_iter().map(|quote| (quote.lines, quote.is_old)).collect::<Vec<_>>();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn everything_below_the_dashes_is_signature() {
        let marks: Vec<bool> = lines("a\n-- \nb\nc").iter().map(|line| line.is_signature).collect();
        assert_eq!(marks, [false, true, true, true]);
        assert!(lines("> -- \nb").iter().all(|line| !line.is_signature));
    }

    #[test]
    fn links_of_three_kinds_can_be_followed() {
        for (line, spans) in [
            (
                "see https://a.test/x?y=1.",
                vec![text("see "), link("https://a.test/x?y=1", "https://a.test/x?y=1"), text(".")],
            ),
            ("(www.a.test)", vec![text("("), link("www.a.test", "http://www.a.test"), text(")")]),
            ("write to a@b.test!", vec![text("write to "), link("a@b.test", "mailto:a@b.test"), text("!")]),
            ("<mailto:a@b.test>", vec![text("<mailto:"), link("a@b.test", "mailto:a@b.test"), text(">")]),
            (
                "javascript:alert(1) file:///etc/passwd ftp://a.test",
                vec![text("javascript:alert(1) file:///etc/passwd ftp://a.test")],
            ),
            ("readme.md and e.g. this", vec![text("readme.md and e.g. this")]),
            ("", vec![]),
        ] {
            assert_eq!(lines(line)[0].spans, spans, "{line:?}");
        }
    }

    #[test]
    fn nothing_that_moves_text_is_left() {
        assert_eq!(lines("a\u{202E}b\r\n\u{200B}c\0").len(), 2);
        assert_eq!(lines("a\u{202E}b\0")[0].spans, [text("ab")]);
    }

    #[test]
    fn a_line_of_five_megabytes_takes_no_time() {
        for piece in ["a@b.test ", "x", "@", "http://", ">", "a@", ":", "www."] {
            let found = lines(&piece.repeat(5_000_000 / piece.len()));
            assert_eq!(found.len(), 1, "{piece}");
        }
    }
}
