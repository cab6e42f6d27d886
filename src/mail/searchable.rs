//! What of a message can be searched for.

use std::collections::HashSet;

use super::attached_text::{self, AttachedText};
use super::body::Decoded;
use super::header::Header;
use super::layout;
use super::words::for_index;
use super::{Address, Envelope, mime, wrapping};

/// The words of a message by where they stand, prepared for the index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Searchable {
    pub subject: String,
    pub sender: String,
    pub recipients: String,
    /// Cc and Bcc.
    pub copies: String,
    pub body: String,
    /// Their names, and the text of those that are text.
    pub attachments: String,
    /// The mailing list that it came by.
    pub list: String,
    /// Who is named in it, as received: not for the index, but for those who will write to them.
    pub senders: Vec<Address>,
    pub addressees: Vec<Address>,
}

/// A message's text as it is read, for showing where in it something was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readable {
    pub body: String,
    /// Names and texts of what is attached and can be read.
    pub attached: Vec<(String, String)>,
}

/// Octets of text of one message that are indexed: more than any letter, less than what a log of a gigabyte would take.
const MAX_BODY_BYTES: usize = 4 << 20;
/// Of its subject, its recipients or the names of its attachments: a thousand of them.
const MAX_FIELD_BYTES: usize = 256 << 10;
/// People that are taken of one message. Where more are named, nobody wrote to each of them.
const MAX_PEOPLE: usize = 50;

impl Searchable {
    /// Takes the words of a whole message, or of the part of it that is here.
    pub fn from_raw(raw: &[u8]) -> Self {
        Self::with_envelope(raw).1
    }

    /// The same with the envelope, for which the message is not to be parsed a second time.
    pub fn with_envelope(raw: &[u8]) -> (Envelope, Self) {
        let bytes = wrapping::taken_off(raw).bytes;
        let tree = mime::read(&bytes);
        let layout = layout::divide(&tree);
        let envelope = Envelope::from_tree(&tree, &layout);
        let names = layout.attached.iter().filter_map(|attached| attached.part.name());
        let names = names.collect::<Vec<_>>().join("\n");
        let mut attachments = for_index(cut(&names, MAX_FIELD_BYTES));
        for AttachedText { text, .. } in attached_text::read(&layout.attached) {
            attachments.push('\n');
            attachments.push_str(&for_index(&text));
        }
        let addressees = [&envelope.to, &envelope.cc, &envelope.bcc].into_iter().flatten();
        let addressees: Vec<Address> = addressees.take(MAX_PEOPLE + 1).cloned().collect();
        let words = Self {
            subject: for_index(cut(&envelope.subject, MAX_FIELD_BYTES)),
            sender: people(&envelope.from),
            recipients: people(&envelope.to),
            copies: format!("{}{}", people(&envelope.cc), people(&envelope.bcc)),
            body: for_index(cut(&body(layout.bodies.iter().map(Decoded::of).collect()), MAX_BODY_BYTES)),
            attachments,
            list: for_index(cut(&list(&tree.root.header), MAX_FIELD_BYTES)),
            senders: envelope.from.iter().take(MAX_PEOPLE).cloned().collect(),
            addressees: if addressees.len() > MAX_PEOPLE { Vec::new() } else { addressees },
        };
        (envelope, words)
    }

    /// Octets of all of it.
    pub fn len_bytes(&self) -> usize {
        let columns = [&self.subject, &self.sender, &self.recipients, &self.copies];
        let more = [&self.body, &self.attachments, &self.list];
        columns.into_iter().chain(more).map(String::len).sum()
    }
}

impl Readable {
    /// Takes the text of a whole message, or of the part of it that is here.
    pub fn from_raw(raw: &[u8]) -> Self {
        let bytes = wrapping::taken_off(raw).bytes;
        let tree = mime::read(&bytes);
        let layout = layout::divide(&tree);
        let attached = attached_text::read(&layout.attached);
        Self {
            body: shown(&layout.bodies.iter().map(Decoded::of).filter(Decoded::is_shown).collect::<Vec<_>>()),
            attached: attached.into_iter().map(|AttachedText { name, text }| (name, text)).collect(),
        }
    }

    /// Octets of all of it.
    pub fn len_bytes(&self) -> usize {
        self.body.len() + self.attached.iter().map(|(name, text)| name.len() + text.len()).sum::<usize>()
    }
}

/// What a mailing list says of itself: its name and id (RFC 2919), and where one writes to it (RFC 2369).
fn list(header: &Header<'_>) -> String {
    let id = header.decoded("List-Id", None).unwrap_or_default();
    let post = header.decoded("List-Post", None).unwrap_or_default();
    format!("{id}\n{}", post.replace("mailto:", ""))
}

fn shown(bodies: &[Decoded]) -> String {
    let mut text = String::new();
    for body in bodies {
        text.push_str(&body.plain());
        text.push('\n');
    }
    text
}

fn people(addresses: &[Address]) -> String {
    let mut all = String::new();
    for Address { name, addr } in addresses {
        if all.len() + name.len() + addr.len() > MAX_FIELD_BYTES {
            break;
        }
        all.push_str(&for_index(name));
        all.push_str(" <");
        all.push_str(&for_index(addr));
        all.push_str(">\n");
    }
    all
}

/// The text that is shown; and of what is not (another form of the same text, mostly) the words that it has beyond that.
fn body(decoded: Vec<Decoded>) -> String {
    let (best, other): (Vec<Decoded>, Vec<Decoded>) = decoded.into_iter().partition(Decoded::is_shown);
    let mut text = shown(&best);
    if other.is_empty() {
        return text;
    }
    let known: HashSet<&str> = text.split_whitespace().collect();
    let mut more = String::new();
    for body in &other {
        for word in body.plain().split_whitespace().filter(|word| !known.contains(word)) {
            more.push(' ');
            more.push_str(word);
        }
    }
    text.push_str(&more);
    text
}

fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_a_person_may_remember_of_a_message_is_taken() {
        let raw = "From: =?utf-8?q?J=C3=BCrgen?= <j@example.net>\nTo: Ana <ana@example.org>\nCc: bo@example.org\n\
                   Bcc: cy@example.org\nSubject: =?utf-8?b?5p2x5Lqs?=\nContent-Type: multipart/mixed; boundary=b\n\n\
                   --b\nContent-Type: multipart/alternative; boundary=c\n\n\
                   --c\nContent-Type: text/plain\n\nThe plan\n\
                   --c\nContent-Type: text/html\n\n<style>no</style><p>The <b>plan</b> in colour</p>\n--c--\n\
                   --b\nContent-Type: application/pdf\nContent-Disposition: attachment; filename=\"map of town.pdf\"\n\nx\n--b--\n";
        let found = Searchable::from_raw(raw.as_bytes());
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(&found.subject), ["東京", "京"]);
        assert_eq!(words(&found.sender), ["Jürgen", "<j@example.net>"]);
        assert_eq!(words(&found.recipients), ["Ana", "<ana@example.org>"]);
        assert_eq!(words(&found.copies), ["<bo@example.org>", "<cy@example.org>"]);
        let mut body = words(&found.body);
        body.sort();
        assert_eq!(body, ["The", "colour", "in", "plan"], "each form of the text, and no style sheet");
        assert_eq!(words(&found.attachments), ["map", "of", "town.pdf"]);
        assert_eq!(Searchable::from_raw(b"").body.trim(), "");
    }

    #[test]
    fn a_mailing_list_is_known_by_its_name_its_id_and_its_address() {
        let raw = "List-Id: =?utf-8?q?Z=C3=BCge?= <trains.example.org>\nList-Post: <mailto:trains@example.org>\n\nx";
        let list = Searchable::from_raw(raw.as_bytes()).list;
        assert_eq!(
            list.split_whitespace().collect::<Vec<_>>(),
            ["Züge", "<trains.example.org>", "<trains@example.org>"]
        );
    }

    #[test]
    fn text_that_is_attached_is_found_with_the_names_of_the_attachments() {
        let raw = "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nSee there.\n--b\n\
                   Content-Type: text/csv; name=wind.csv\n\nday;gale\n--b--\n";
        let found = Searchable::from_raw(raw.as_bytes());
        assert_eq!(found.attachments.split_whitespace().collect::<Vec<_>>(), ["wind.csv", "day;gale"]);
        let readable = Readable::from_raw(raw.as_bytes());
        assert_eq!((readable.body.trim(), readable.attached.len()), ("See there.", 1));
    }

    #[test]
    fn a_text_without_end_is_cut() {
        let raw = format!("Subject: long\n\n{}", "é word ".repeat(1 << 20));
        assert!(Searchable::from_raw(raw.as_bytes()).body.len() <= MAX_BODY_BYTES + 1);
    }
}
