//! What stands above a printed message: who wrote what to whom and when.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::mail::{Address, MessageView};

/// The head of a message in words that are fit for paper.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Empty: there is none.
    pub subject: String,
    /// Name and address of the sender, also the author of the document.
    pub from: String,
    /// What else is said, in this order: its name (“To”) and its words.
    pub rows: Vec<(String, String)>,
}

/// Names of one kind that are written out; there are lists of thousands.
const MOST_NAMES: usize = 100;

const STYLE: &str = "body{margin:0;font:13px/1.4 sans-serif;color:#222}\
    h1{font-size:20px;line-height:1.25;margin:0 0 10px;overflow-wrap:anywhere}\
    div.r{display:flex;margin:0 0 2px}\
    div.n{color:#666;width:96px;flex:none}\
    div.v{flex:1;min-width:0;overflow-wrap:anywhere}\
    div.e{border-bottom:1px solid #bbb;height:10px;margin:0 0 16px}";

impl Head {
    /// Of a message that is dated so, in the person's own words for a date; empty: it has no date.
    pub fn of(view: &MessageView, date: &str) -> Self {
        let shown = |people: &[Address]| people.iter().map(Address::shown).collect::<Vec<_>>();
        let attached = view.attachments.iter().filter(|attachment| !attachment.inline);
        let mut rows = Vec::new();
        let mut row = |name: &str, words: Vec<String>| {
            let more = words.len().saturating_sub(MOST_NAMES);
            let mut listed = words.into_iter().take(MOST_NAMES).collect::<Vec<_>>().join(", ");
            if more > 0 {
                let _ = write!(listed, " and {more} more");
            }
            if !listed.is_empty() {
                rows.push((name.to_owned(), listed));
            }
        };
        row("To", shown(&view.envelope.to));
        row("Cc", shown(&view.envelope.cc));
        row("Date", vec![date.to_owned()]);
        row("Attachments", attached.map(|attachment| attachment.safe_name.clone()).collect());
        Self { subject: view.shown_subject.clone(), from: view.shown_from.clone(), rows }
    }

    /// As a page of its own, so that no rule of the message's page reaches it.
    pub(super) fn html(&self) -> String {
        let mut html = format!("<!----><!DOCTYPE html><html><head><style>{STYLE}</style></head><body>");
        let subject = if self.subject.is_empty() { "(no subject)" } else { &self.subject };
        let _ = write!(html, "<h1{}>{}</h1>", direction(subject), escaped(subject));
        let from = ("From".to_owned(), self.from.clone());
        for (name, words) in std::iter::once(&from).filter(|(_, words)| !words.is_empty()).chain(&self.rows) {
            let (name, direction, words) = (escaped(name), direction(words), escaped(words));
            let _ = write!(html, "<div class=r><div class=n>{name}</div><div class=v{direction}>{words}</div></div>");
        }
        html.push_str("<div class=e></div></body></html>");
        html
    }
}

/// The attribute for words that are read from the right.
fn direction(words: &str) -> &'static str {
    let bidi = unicode_bidi::get_base_direction(words);
    if bidi == unicode_bidi::Direction::Rtl { " dir=rtl" } else { "" }
}

fn escaped(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_says_who_wrote_what_to_whom() {
        let raw = "From: \"A & B\" <a@b.test>\r\nTo: c@d.test, =?utf-8?q?=C3=89?= <e@f.test>\r\nSubject: x <y>\r\n\
            Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n\
            --b\r\nContent-Disposition: attachment; filename=plan.pdf\r\n\r\nx\r\n--b--\r\n";
        let head = Head::of(&MessageView::from_raw(raw.as_bytes()), "today");
        let row = |name: &str, words: &str| (name.to_owned(), words.to_owned());
        let rows = [row("To", "c@d.test, É <e@f.test>"), row("Date", "today"), row("Attachments", "plan.pdf")].to_vec();
        assert_eq!(head, Head { subject: "x <y>".into(), from: "A & B <a@b.test>".into(), rows });
        let html = head.html();
        assert!(html.contains("<h1>x &lt;y&gt;</h1>") && html.contains("A &amp; B &lt;a@b.test&gt;"), "{html}");
        let hebrew = Head { subject: "שלום".into(), ..Head::default() };
        assert!(hebrew.html().contains("<h1 dir=rtl>"));
    }
}
