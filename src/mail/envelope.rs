//! What a list shows of a message, and what identifies it: the header fields, decoded.

use sha2::{Digest, Sha256};

use super::layout::{self, Attached, Layout};
use super::mime::{self, Tree};
use super::{Address, address_list, body, date, html, sanitize, wrapping};

/// The identifying header fields of a message. Total: a broken header gives an emptier envelope, never an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    pub from: Vec<Address>,
    pub to: Vec<Address>,
    pub cc: Vec<Address>,
    pub bcc: Vec<Address>,
    pub reply_to: Vec<Address>,
    /// Decoded, otherwise as received; `sanitize::line` before it is shown.
    pub subject: String,
    /// The `Date:` field, Unix seconds; None where missing or unreadable.
    pub date: Option<i64>,
    /// Without angle brackets (RFC 5322 §3.6.4).
    pub message_id: Option<String>,
    /// Without angle brackets, in the order of the field.
    pub in_reply_to: Vec<String>,
    pub references: Vec<String>,
    /// The first words of the text, one line, at most 200 characters, for the list.
    pub snippet: String,
    /// Whether a person would say that something is attached (inline pictures of an HTML page do not count).
    pub has_attachments: bool,
}

impl Envelope {
    /// Octets of a message's beginning that are enough: headers are longer only in attacks.
    pub const HEAD_BYTES: usize = 128 * 1024;

    /// Reads the envelope from the message, or from its first [`Self::HEAD_BYTES`] octets.
    pub fn from_raw(head: &[u8]) -> Self {
        let head = head.get(..Self::HEAD_BYTES).unwrap_or(head);
        let bytes = wrapping::taken_off(head).bytes;
        let tree = mime::read(&bytes);
        Self::from_tree(&tree, &layout::divide(&tree))
    }

    /// SHA-256 over what a message says of itself, the same whether it was read from the whole of it or from its header alone.
    /// None where that is too little to tell it from others.
    pub fn fingerprint(&self) -> Option<[u8; 32]> {
        let id = self.message_id.as_deref().filter(|id| !id.is_empty())?;
        let mut hash = Sha256::new();
        hash.update(id);
        hash.update([0]);
        hash.update(self.date.unwrap_or_default().to_be_bytes());
        hash.update(self.from.first().map_or("", |from| &from.addr));
        hash.update([0]);
        hash.update(&self.subject);
        Some(hash.finalize().into())
    }

    pub(super) fn from_tree(tree: &Tree<'_>, layout: &Layout<'_, '_>) -> Self {
        Self::from_tree_in(tree, layout, body::charset_hint(&tree.root))
    }

    /// With what raw octets in the header most likely are.
    pub(super) fn from_tree_in(tree: &Tree<'_>, layout: &Layout<'_, '_>, hint: Option<&str>) -> Self {
        let header = &tree.root.header;
        let addresses = |name: &str| -> Vec<Address> {
            header.field(name).map(|field| address_list::read(&field.unfolded(hint))).unwrap_or_default()
        };
        let ids = |name: &str| header.field(name).map(|field| message_ids(&field.unfolded(hint))).unwrap_or_default();
        Self {
            from: addresses("From"),
            to: addresses("To"),
            cc: addresses("Cc"),
            bcc: addresses("Bcc"),
            reply_to: addresses("Reply-To"),
            subject: header.decoded("Subject", hint).map(|subject| subject.trim().to_owned()).unwrap_or_default(),
            date: header.field("Date").and_then(|field| date::read(&field.unfolded(None))),
            message_id: ids("Message-ID").into_iter().next(),
            in_reply_to: ids("In-Reply-To"),
            references: ids("References"),
            snippet: snippet(layout),
            has_attachments: layout.attached.iter().any(is_attached_by_hand),
        }
    }
}

/// Message-IDs that are read of one field: the longest threads have some hundred.
const MAX_IDS: usize = 1000;

/// The ids of a field: what stands in brackets, or without any brackets each word with an at sign.
fn message_ids(body: &str) -> Vec<String> {
    if !body.contains('<') {
        let words = body.split([' ', '\t', ',']).filter(|word| word.contains('@'));
        return words.take(MAX_IDS).map(str::to_owned).collect();
    }
    let inside = body.split('<').skip(1).filter_map(|rest| rest.split('>').next());
    let without_blanks =
        inside.map(|id| id.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect::<String>());
    without_blanks.filter(|id| !id.is_empty()).take(MAX_IDS).collect()
}

/// Whether a person would call it attached: not a picture that a page refers to.
fn is_attached_by_hand(attached: &Attached<'_, '_>) -> bool {
    let is_of_page = layout::content_id(attached.part).is_some() && attached.part.disposition.value != "attachment";
    let is_signature = matches!(
        attached.part.content_type.value.as_str(),
        "application/pgp-signature" | "application/pkcs7-signature" | "application/x-pkcs7-signature"
    );
    !is_signature && !(is_of_page && (attached.in_related || attached.part.content_type.value.starts_with("image/")))
}

/// Octets of a body that are decoded for the snippet: pages begin with long style sheets, text does not.
const SNIPPET_TEXT_BYTES: usize = 2 * 1024;
const SNIPPET_HTML_BYTES: usize = 64 * 1024;
const SNIPPET_CHARS: usize = 200;

fn snippet(layout: &Layout<'_, '_>) -> String {
    let mut shown = layout.bodies.iter().filter(|body| body.is_shown);
    let Some(body) = shown.find(|body| !body.part.body.trim_ascii().is_empty()) else { return String::new() };
    let limit = if body.is_html { SNIPPET_HTML_BYTES } else { SNIPPET_TEXT_BYTES };
    let encoded = body.part.body.get(..limit).unwrap_or(body.part.body);
    let (bytes, _) = body.part.encoding.decode(encoded);
    let text = body::text_of(body.part, &bytes);
    let text = if body.is_html { html::to_plain(&text) } else { text };
    let own = own_words(&text);
    sanitize::line_of(own.trim_end_matches(char::REPLACEMENT_CHARACTER), SNIPPET_CHARS)
}

/// The text without quotes, the line that announces them, and the signature. A text that is nothing else stays whole.
fn own_words(text: &str) -> String {
    let mut own = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if matches!(line, "-- " | "--") {
            break;
        }
        let announces = line.trim_end().ends_with(':') && lines.peek().is_some_and(|next| next.starts_with('>'));
        if !line.starts_with('>') && !announces {
            own.push_str(line);
            own.push('\n');
        }
    }
    if own.trim().is_empty() { text.to_owned() } else { own }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, snippet: &str) {
        assert_eq!(Envelope::from_raw(raw.as_bytes()).snippet, snippet, "{raw:?}");
    }

    #[test]
    fn the_identifying_fields_are_read() {
        let raw = "From: A <a@b.c>\nTo: d@e.f\nReply-To: r@b.c\nSubject: =?utf-8?Q?=C3=A9?=\nDate: 1 Jan 1970 00:01 +0000\n\
            Message-ID: <1@b.c>\nIn-Reply-To: <0@b.c>\nReferences: <x@y>\n <0@b.c>\n\nHello\n";
        let envelope = Envelope::from_raw(raw.as_bytes());
        assert_eq!(envelope.from, [Address { name: "A".into(), addr: "a@b.c".into() }]);
        assert_eq!((envelope.to.len(), envelope.reply_to.len()), (1, 1));
        assert_eq!((envelope.subject.as_str(), envelope.date), ("é", Some(60)));
        assert_eq!(envelope.message_id.as_deref(), Some("1@b.c"));
        assert_eq!(
            (envelope.in_reply_to, envelope.references),
            (vec!["0@b.c".into()], vec!["x@y".into(), "0@b.c".into()])
        );
        assert_eq!(Envelope::from_raw(b""), Envelope::default());
    }

    #[test]
    fn the_snippet_is_the_writers_own_first_words() {
        check("Subject: a\n\n\nHello\n  there,\n", "Hello there,");
        check("Subject: a\n\nAnn wrote:\n> old\n>> older\nnew\n-- \nsig", "new");
        check("Subject: a\n\n> only quotes", "> only quotes");
        check("Content-Type: text/html\n\n<style>x</style><p>Hi <a href='https://a.test'>you</a></p>", "Hi you");
        check("Content-Transfer-Encoding: base64\n\nR3LDvMOfZQ==", "Grüße");
        check("Subject: a\n\n", "");
        check(&format!("Subject: a\n\n{}", "word ".repeat(1000)), &format!("{}word…", "word ".repeat(39)));
    }

    #[test]
    fn pictures_of_a_page_and_signatures_are_no_attachments() {
        for (kind, fields, attached) in [
            ("related", "Content-Type: image/png\nContent-ID: <1>", false),
            ("mixed", "Content-Type: image/png", true),
            ("mixed", "Content-Type: text/plain\nContent-Disposition: attachment", true),
            ("signed", "Content-Type: application/pgp-signature", false),
            ("mixed", "Content-Type: text/plain", false),
        ] {
            let raw = format!("Content-Type: multipart/{kind}; boundary=b\n\n--b\n\nhi\n--b\n{fields}\n\nx\n--b--\n");
            assert_eq!(Envelope::from_raw(raw.as_bytes()).has_attachments, attached, "{kind} {fields}");
        }
    }
}
