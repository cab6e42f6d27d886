//! The text of what is attached, where it is text: notes, tables, programs, calendars, cards, and whole messages.

use super::html;
use super::layout::{self, Attached};
use super::mime::{self, Part};
use super::{Envelope, body, wrapping};

/// Octets of one attachment that are read as text: a long report; of a log of a gigabyte its beginning.
const MAX_PART_BYTES: usize = 1 << 20;
/// And of all that is attached to one message.
const MAX_ALL_BYTES: usize = 4 << 20;
/// Messages inside each other that are looked into: forwarded, and forwarded again.
const MAX_DEPTH: usize = 3;
/// Octets in which a text in an 8-bit charset has no NUL.
const LOOKED_AT_BYTES: usize = 4096;

/// An attachment that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedText {
    /// Safe to show.
    pub name: String,
    pub text: String,
}

/// The texts among these, in the order of the message.
pub fn read(attached: &[Attached<'_, '_>]) -> Vec<AttachedText> {
    let mut left = MAX_ALL_BYTES;
    texts(attached, MAX_DEPTH, &mut left)
}

fn texts(attached: &[Attached<'_, '_>], depth: usize, left: &mut usize) -> Vec<AttachedText> {
    let mut all = Vec::new();
    for Attached { part, .. } in attached {
        if *left == 0 {
            break;
        }
        let Some(text) = text(part, depth, left) else { continue };
        let end = text.floor_char_boundary(*left);
        *left -= end;
        all.push(AttachedText { name: layout::safe_name(part), text: text.get(..end).unwrap_or_default().to_owned() });
    }
    all
}

fn text(part: &Part<'_>, depth: usize, left: &mut usize) -> Option<String> {
    let kind = Kind::of(part)?;
    // An encoding makes octets more by a third, or by two thirds where all of them are unusual.
    let body = part.body.get(..part.body.len().min(MAX_PART_BYTES * 3)).unwrap_or_default();
    let (bytes, _) = part.encoding.decode(body);
    let bytes = bytes.get(..bytes.len().min(MAX_PART_BYTES)).unwrap_or_default();
    if kind == Kind::Message {
        return (depth > 0).then(|| message(bytes, depth - 1, left));
    }
    if is_binary(bytes) {
        return None;
    }
    let text = body::text_of(part, bytes);
    Some(match kind {
        Kind::Page => html::read(&text).text,
        // Lines are folded after 75 octets, inside of words, too (RFC 5545 §3.1, RFC 6350 §3.2).
        Kind::Folded => text.replace("\n ", "").replace("\n\t", ""),
        Kind::Plain | Kind::Message => text,
    })
}

/// What it says on its outside, its text, and the texts that are attached to it.
fn message(bytes: &[u8], depth: usize, left: &mut usize) -> String {
    let bytes = wrapping::taken_off(bytes).bytes;
    let tree = mime::read(&bytes);
    let layout = layout::divide(&tree);
    let envelope = Envelope::from_tree(&tree, &layout);
    let mut whole = format!("{}\n{}\n", envelope.subject, body::shown_senders(&envelope.from));
    for shown in layout.bodies.iter().map(body::Decoded::of).filter(body::Decoded::is_shown) {
        whole.push_str(&shown.plain());
        whole.push('\n');
    }
    for AttachedText { name, text } in texts(&layout.attached, depth, left) {
        whole.push_str(&format!("{name}\n{text}\n"));
    }
    whole
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    Page,
    /// Calendars and cards.
    Folded,
    Message,
}

impl Kind {
    /// By its type or, where that says too little, by the ending of its name.
    fn of(part: &Part<'_>) -> Option<Self> {
        let kind = part.content_type.value.as_str();
        let ending = part.name().and_then(|name| name.rsplit_once('.')).map(|(_, ending)| ending.to_ascii_lowercase());
        let ending = ending.unwrap_or_default();
        match (kind, ending.as_str()) {
            ("message/rfc822" | "message/global", _) => Some(Self::Message),
            ("text/html" | "application/xhtml+xml", _) => Some(Self::Page),
            ("text/calendar" | "text/vcard" | "text/x-vcard" | "text/directory", _) => Some(Self::Folded),
            ("application/octet-stream" | "", "eml") => Some(Self::Message),
            ("text/plain" | "application/octet-stream", "html" | "htm") => Some(Self::Page),
            ("text/plain" | "application/octet-stream" | "application/ics", "ics" | "vcf") => Some(Self::Folded),
            _ if is_text(kind) || (may_be_text(kind) && ENDINGS.contains(&ending.as_str())) => Some(Self::Plain),
            _ => None,
        }
    }
}

fn is_text(kind: &str) -> bool {
    kind.starts_with("text/")
        || kind.ends_with("+json")
        || (kind.ends_with("+xml") && !kind.starts_with("image/"))
        || matches!(
            kind,
            "application/json"
                | "application/xml"
                | "application/csv"
                | "application/javascript"
                | "application/x-javascript"
                | "application/x-sh"
                | "application/x-httpd-php"
                | "application/x-tex"
                | "application/sql"
                | "application/yaml"
                | "application/x-yaml"
                | "application/toml"
                | "application/x-patch"
                | "message/delivery-status"
                | "message/disposition-notification"
        )
}

/// Types that mail programs give to whatever they do not know.
fn may_be_text(kind: &str) -> bool {
    kind == "application/octet-stream" || kind.starts_with("application/x-") || kind == "application/vnd.ms-excel"
}

/// Endings of names of text.
const ENDINGS: [&str; 62] = [
    "asc", "adoc", "bat", "bib", "c", "cc", "cfg", "conf", "cpp", "cs", "css", "csv", "diff", "el", "go", "h", "hpp",
    "hs", "ini", "java", "js", "json", "jsonl", "kt", "lisp", "log", "lua", "m", "markdown", "md", "ml", "nfo", "org",
    "patch", "php", "pl", "po", "ps1", "py", "r", "rb", "rs", "rst", "scala", "sh", "sql", "srt", "svg", "swift",
    "tex", "text", "toml", "ts", "tsv", "tsx", "txt", "vb", "vtt", "xml", "xsl", "yaml", "yml",
];

fn is_binary(bytes: &[u8]) -> bool {
    let has_mark = bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]);
    !has_mark && bytes.iter().take(LOOKED_AT_BYTES).any(|&byte| byte == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn text_of(header: &str, body: &str) -> Option<String> {
        let raw =
            format!("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nText.\n--b\n{header}\n\n{body}\n--b--\n");
        let bytes = wrapping::taken_off(raw.as_bytes()).bytes;
        let tree = mime::read(&bytes);
        read(&layout::divide(&tree).attached).pop().map(|attached| attached.text)
    }

    #[test]
    fn what_is_text_is_read_and_what_is_not_is_left() {
        for (header, body, expected) in [
            ("Content-Type: text/csv; name=a.csv", "day;wind", Some("day;wind")),
            ("Content-Type: text/markdown; name=a.md", "# Tides", Some("# Tides")),
            ("Content-Type: application/json; name=a", "{\"wind\": 3}", Some("{\"wind\": 3}")),
            ("Content-Type: application/octet-stream; name=main.RS", "fn main() {}", Some("fn main() {}")),
            ("Content-Type: application/octet-stream; name=photo.raw", "fn main() {}", None),
            ("Content-Type: application/pdf; name=a.txt", "%PDF", None),
            ("Content-Type: application/octet-stream; name=a.txt", "a\0b", None),
            ("Content-Type: text/html; name=a.html", "<style>no</style><p>a <b>page</b></p>", Some("a page")),
            ("Content-Type: text/calendar; name=a.ics", "SUMMARY:Light\n house", Some("SUMMARY:Lighthouse")),
            ("Content-Type: text/plain; name=a.txt\nContent-Transfer-Encoding: base64", "d2luZA==", Some("wind")),
            (
                "Content-Type: text/x-log; name=a.log\nContent-Transfer-Encoding: quoted-printable",
                "W=E4rme",
                Some("Wärme"),
            ),
        ] {
            assert_eq!(text_of(header, body).as_deref().map(str::trim), expected, "{header}");
        }
    }

    #[test]
    fn a_message_is_read_with_its_subject_its_sender_and_what_is_attached_to_it() {
        let inner = "Subject: =?utf-8?q?W=C3=A4rme?=\nFrom: Ole <ole@example.net>\n\
                     Content-Type: multipart/mixed; boundary=c\n\n--c\n\nThe inner text.\n--c\n\
                     Content-Type: text/csv; name=wind.csv\n\nday;gale\n--c--";
        let text = text_of("Content-Type: message/rfc822", inner).unwrap();
        for words in ["Wärme", "ole@example.net", "The inner text.", "wind.csv", "day;gale"] {
            assert!(text.contains(words), "{words}: {text}");
        }
    }

    #[test]
    fn what_has_no_end_is_cut() {
        let part = format!("--b\nContent-Type: text/plain; name=a.log\n\n{}\n", "é word ".repeat(400_000));
        let raw = format!("Content-Type: multipart/mixed; boundary=b\n\n{}--b--\n", part.repeat(6));
        let bytes = wrapping::taken_off(raw.as_bytes()).bytes;
        let tree = mime::read(&bytes);
        let read = read(&layout::divide(&tree).attached);
        assert!(read.iter().all(|attached| attached.text.len() <= MAX_PART_BYTES + 4));
        assert!(read.iter().map(|attached| attached.text.len()).sum::<usize>() <= MAX_ALL_BYTES);
        let nested = "Content-Type: message/rfc822\n\n".repeat(40_000);
        assert!(text_of("Content-Type: message/rfc822", &nested).is_some());
    }
}
