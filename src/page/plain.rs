//! Plain text as a page: the same engine, the same look, the same selection.

use std::fmt::Write as _;

use crate::mail::text::{self, Line, Span};

/// Lines that are one block at most: what is below the window is not painted, block by block.
const BLOCK_LINES: usize = 40;

/// How text looks: the colours are the page's own in light, and left to the ground in dark.
const STYLE: &str = "body{margin:12px;font:15px/1.45 sans-serif}\
    div{white-space:pre-wrap;overflow-wrap:anywhere}\
    .q{border-left:3px solid #9aa0a6;padding-left:10px}\
    .s{opacity:.65}";

/// The HTML of a plain text (format=flowed already undone): quotes with a bar for each level, links, blanks as they are.
pub fn html_of_text(text: &str) -> String {
    let mut html = String::with_capacity(text.len() * 5 / 4 + 512);
    let _ = write!(html, "<!----><!DOCTYPE html><html><head><style>{STYLE}</style></head><body>");
    let lines = text::lines(text);
    let mut rest = lines.as_slice();
    while let Some(first) = rest.first() {
        let is_alike = |line: &Line| line.quote_level == first.quote_level && line.is_signature == first.is_signature;
        let count = rest.iter().take(BLOCK_LINES).take_while(|line| is_alike(line)).count();
        let (block, after) = rest.split_at(count.max(1).min(rest.len()));
        append(&mut html, block, first);
        rest = after;
    }
    html.push_str("</body></html>");
    html
}

fn append(html: &mut String, block: &[Line], first: &Line) {
    for _ in 0..first.quote_level.min(20) {
        html.push_str("<div class=\"q\">");
    }
    html.push_str(if first.is_signature { "<div class=\"s\">" } else { "<div>" });
    for (index, line) in block.iter().enumerate() {
        if index > 0 {
            html.push('\n');
        }
        for span in &line.spans {
            match span {
                Span::Text(text) => escape(html, text),
                Span::Link { text, target } => {
                    html.push_str("<a href=\"");
                    escape(html, target);
                    html.push_str("\">");
                    escape(html, text);
                    html.push_str("</a>");
                }
            }
        }
    }
    // A line break at the end of a block would not be shown.
    let is_empty = block.last().is_some_and(|line| line.spans.iter().all(|span| span.text().is_empty()));
    html.push_str(if is_empty { "\u{200b}</div>" } else { "</div>" });
    for _ in 0..first.quote_level.min(20) {
        html.push_str("</div>");
    }
}

fn escape(html: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            _ => html.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_keeps_its_quotes_links_and_marks() {
        let html = html_of_text("a < b & \"c\"\n> quoted\n>> twice\nsee https://example.org/?a=1&b=2\n-- \nAna");
        let body = html.split_once("<body>").unwrap().1;
        let expected = "<div>a &lt; b &amp; &quot;c&quot;</div>\
            <div class=\"q\"><div>quoted</div></div>\
            <div class=\"q\"><div class=\"q\"><div>twice</div></div></div>\
            <div>see <a href=\"https://example.org/?a=1&amp;b=2\">https://example.org/?a=1&amp;b=2</a></div>\
            <div class=\"s\">-- \nAna</div></body></html>";
        assert_eq!(body, expected);
    }
}
