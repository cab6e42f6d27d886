//! Header blocks: octets to fields (RFC 5322 §2.2), forgiving what real messages do wrong.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use super::{charset, encoded_word};

/// One field, body still folded and encoded.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    pub name: &'a str,
    raw: &'a [u8],
}

impl<'a> Field<'a> {
    /// The body as received, with its line ends.
    pub fn octets(&self) -> &'a [u8] {
        self.raw
    }
}

impl Field<'_> {
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The body on one line, 8-bit octets decoded (with the body's charset as a hint), encoded words still encoded.
    pub fn unfolded(&self, hint: Option<&str>) -> String {
        let text = charset::header_text(self.raw, hint);
        let text = text.trim_matches([' ', '\t', '\r', '\n']);
        if text.contains('\n') { unfold(text) } else { text.replace('\r', " ") }
    }

    /// The body as a person reads it: unfolded, encoded words decoded.
    pub fn decoded(&self, hint: Option<&str>) -> String {
        encoded_word::decode(&self.unfolded(hint))
    }
}

/// Removes line ends before blanks (RFC 5322 §2.2.3). A fold at a blank keeps that one blank; tabs become blanks there.
fn unfold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (number, line) in text.split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if number > 0 && line.starts_with('\t') {
            out.push(' ');
            out.push_str(line.trim_start_matches('\t'));
        } else {
            out.push_str(line);
        }
    }
    out.replace('\r', " ")
}

/// The fields of a part in their order.
#[derive(Clone, Debug, Default)]
pub struct Header<'a> {
    pub fields: Vec<Field<'a>>,
    /// Whether something in the block was no field.
    pub is_damaged: bool,
}

impl<'a> Header<'a> {
    /// The first field of that name.
    pub fn field(&self, name: &str) -> Option<&Field<'a>> {
        self.fields.iter().find(|field| field.is(name))
    }

    pub fn decoded(&self, name: &str, hint: Option<&str>) -> Option<String> {
        self.field(name).map(|field| field.decoded(hint))
    }
}

/// What servers write into the headers of mail that lies with them, and change from one session to the next.
pub(super) const SERVERS_FIELDS: [&str; 9] =
    ["Status", "X-Status", "X-Keywords", "X-UID", "X-UIDL", "X-IMAP", "X-IMAPbase", "Content-Length", "Lines"];

/// SHA-256 over the fields of a message's header, but for those that servers add. None where no field tells the message from
/// others like it.
pub fn digest(head: &[u8]) -> Option<[u8; 32]> {
    let (header, _) = read(head, |_| false);
    ["Message-ID", "Date", "Received"].iter().find_map(|name| header.field(name))?;
    let mut hash = Sha256::new();
    for field in header.fields.iter().filter(|field| !SERVERS_FIELDS.iter().any(|name| field.is(name))) {
        hash.update(field.name);
        hash.update(b":");
        // A message that was moved here from another program may have other line ends than on the line.
        for line in field.raw.trim_ascii().split(|&octet| octet == b'\n') {
            hash.update(line.strip_suffix(b"\r").unwrap_or(line));
            hash.update(b"\n");
        }
    }
    Some(hash.finalize().into())
}

/// Lines that are looked at beyond one that is no field, to see whether the header goes on behind it.
const LOOK_AHEAD_LINES: usize = 4;
/// Lines that are no fields and are passed over before the rest is taken to be the body. Bounds the looking ahead.
const MAX_JUNK_LINES: usize = 20;

/// Reads fields from the beginning of `bytes` until an empty line, a line for which `is_end` holds, or one that can only be
/// body. Returns them and the offset at which the body begins.
pub fn read<'a>(bytes: &'a [u8], is_end: impl Fn(&[u8]) -> bool) -> (Header<'a>, usize) {
    let mut header = Header::default();
    let (mut at, mut value_start) = (0, 0);
    let mut junk_lines = 0;
    while let Some(line) = line_at(bytes, at) {
        let content = line.trim_ascii_end();
        if line.strip_suffix(b"\n").map_or(line, |l| l.strip_suffix(b"\r").unwrap_or(l)).is_empty() {
            return (header, at + line.len());
        }
        if is_end(line) {
            return (header, at);
        }
        let starts_blank = matches!(line.first(), Some(b' ' | b'\t'));
        if starts_blank && let Some(last) = header.fields.last_mut() {
            last.raw = bytes.get(value_start..at + line.len()).unwrap_or_default();
            at += line.len();
            continue;
        }
        if let Some(field) = field(line) {
            value_start = at + line.len() - field.raw.len();
            header.fields.push(field);
        } else if !is_mbox_line(content) {
            header.is_damaged = true;
            junk_lines += 1;
            if content.is_empty() || junk_lines > MAX_JUNK_LINES || !goes_on(bytes, at + line.len()) {
                return (header, at);
            }
        }
        at += line.len();
    }
    (header, at)
}

/// The line at that offset with its line end; None at the end.
pub fn line_at(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let rest = bytes.get(at..).filter(|rest| !rest.is_empty())?;
    let length = rest.iter().position(|&b| b == b'\n').map_or(rest.len(), |end| end + 1);
    rest.get(..length)
}

fn field(line: &[u8]) -> Option<Field<'_>> {
    let colon = line.iter().position(|&b| b == b':')?;
    let (name, raw) = (line.get(..colon)?.trim_ascii_end(), line.get(colon + 1..)?);
    let is_name = !name.is_empty() && name.iter().all(|b| b.is_ascii_graphic());
    Some(Field { name: std::str::from_utf8(name).ok().filter(|_| is_name)?, raw })
}

/// The `From ` line that an mbox file puts before a message.
fn is_mbox_line(line: &[u8]) -> bool {
    line.starts_with(b"From ") || line.starts_with(b">From ")
}

/// Whether one of the next lines is a field that mail knows.
fn goes_on(bytes: &[u8], mut at: usize) -> bool {
    for _ in 0..LOOK_AHEAD_LINES {
        let Some(line) = line_at(bytes, at) else { return false };
        if line.trim_ascii().is_empty() {
            return false;
        }
        if field(line).is_some_and(|field| is_known(field.name)) {
            return true;
        }
        at += line.len();
    }
    false
}

/// Names by which a header is recognised among other text.
pub fn is_known(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "from",
        "to",
        "cc",
        "bcc",
        "subject",
        "date",
        "sender",
        "reply-to",
        "message-id",
        "in-reply-to",
        "references",
        "received",
        "return-path",
        "delivered-to",
        "mime-version",
        "content-type",
        "content-transfer-encoding",
        "content-disposition",
        "content-id",
        "dkim-signature",
        "list-id",
        "list-unsubscribe",
    ];
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
        || name.get(..2).is_some_and(|x| x.eq_ignore_ascii_case("x-"))
}

/// The message with LF line ends where it has nothing but bare CR, and without empty lines before its header.
pub fn repaired(raw: &[u8]) -> Cow<'_, [u8]> {
    let raw = without_empty_beginning(raw);
    if raw.contains(&b'\r') && !raw.contains(&b'\n') {
        return Cow::Owned(raw.iter().map(|&b| if b == b'\r' { b'\n' } else { b }).collect());
    }
    Cow::Borrowed(raw)
}

fn without_empty_beginning(raw: &[u8]) -> &[u8] {
    let raw = raw.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(raw);
    let start = raw.iter().position(|b| !matches!(b, b'\r' | b'\n')).unwrap_or(0);
    let rest = raw.get(start..).unwrap_or_default();
    match line_at(rest, 0).and_then(field) {
        Some(field) if is_known(field.name) => rest,
        _ => raw,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, fields: &[(&str, &str)], body: &str) {
        let bytes = repaired(raw.as_bytes());
        let (header, at) = read(&bytes, |_| false);
        let found: Vec<(&str, String)> = header.fields.iter().map(|f| (f.name, f.decoded(None))).collect();
        let wanted: Vec<(&str, String)> = fields.iter().map(|(n, v)| (*n, (*v).to_owned())).collect();
        assert_eq!(found, wanted, "{raw:?}");
        assert_eq!(std::str::from_utf8(&bytes[at..]).unwrap(), body, "{raw:?}");
    }

    #[test]
    fn a_header_is_the_same_with_what_servers_write_into_it() {
        let digest = |raw: &str| digest(raw.as_bytes());
        let own = digest("Date: Mon, 2 Nov 2026 00:00:01 +0000\r\nSubject: one\r\n two\r\n\r\n");
        assert!(own.is_some());
        for same in [
            "Date: Mon, 2 Nov 2026 00:00:01 +0000\r\nSubject: one\r\n two\r\nX-UIDL: 1.2\r\nStatus: OR\r\n\r\nbody\r\n",
            "X-IMAPbase: 1 2\r\nx-uid: 3\r\nDate: Mon, 2 Nov 2026 00:00:01 +0000\r\nSubject: one\r\n two\r\n\r\n\r\n",
        ] {
            assert_eq!(digest(same), own, "{same:?}");
        }
        for other in [
            "Date: Mon, 2 Nov 2026 00:00:01 +0000\r\nSubject: one\r\n\r\n",
            "Date: Mon, 2 Nov 2026 00:00:02 +0000\r\nSubject: one\r\n two\r\n\r\n",
            "Received: x\r\nDate: Mon, 2 Nov 2026 00:00:01 +0000\r\nSubject: one\r\n two\r\n\r\n",
        ] {
            assert_ne!(digest(other), own, "{other:?}");
        }
        assert_eq!(digest("Subject: says too little\r\n\r\n"), None);
    }

    #[test]
    fn fields_end_at_the_empty_line() {
        check("A: b\r\nC:d\r\n\r\nbody\r\n", &[("A", "b"), ("C", "d")], "body\r\n");
        check("A: b\n\nbody", &[("A", "b")], "body");
        check("Subject: a\r\rbody", &[("Subject", "a")], "body");
        check("A: b", &[("A", "b")], "");
        check("", &[], "");
    }

    #[test]
    fn folded_fields_become_one_line() {
        check("A: one\r\n two\r\n\tthree\r\n\r\n", &[("A", "one two three")], "");
        check("A:\r\n one\r\n\r\n", &[("A", "one")], "");
        check("A: one\n \n two\n\n", &[("A", "one  two")], "");
    }

    #[test]
    fn a_header_without_an_empty_line_ends_where_text_begins() {
        check("Subject: a\nHello there,\nhow are you?\n", &[("Subject", "a")], "Hello there,\nhow are you?\n");
        check("Just text.\nMore.\n", &[], "Just text.\nMore.\n");
    }

    #[test]
    fn junk_among_fields_is_passed_over() {
        check("From me Mon Nov 23\nSubject: a\n\nb", &[("Subject", "a")], "b");
        check("A: b\njunk line\nSubject: c\n\nd", &[("A", "b"), ("Subject", "c")], "d");
        check("\r\n\r\nSubject: c\r\n\r\nd", &[("Subject", "c")], "d");
        check("Subject : c\n\nd", &[("Subject", "c")], "d");
    }

    #[test]
    fn sixty_thousand_fields_and_junk_lines_take_no_time() {
        let raw = "X-A: b\n".repeat(60_000) + &"junk\n".repeat(60_000);
        let (header, at) = read(raw.as_bytes(), |_| false);
        assert_eq!((header.fields.len(), at), (60_000, 7 * 60_000));
    }
}
