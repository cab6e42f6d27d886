//! Parts that only wrap other parts, which no MIME reader sees into: Outlook's `winmail.dat`, and S/MIME that is signed in
//! one piece. Their wrapping is taken off before the message is read, so that what was in them is shown, listed, saved and
//! found like everything else. The stored octets stay as they came.

use std::borrow::Cow;

use base64::Engine;
use sha2::{Digest, Sha256};

use super::header::{self, Header};
use super::mime::{self, Part, Tree};
use super::smime::{self, Sealed};
use super::tnef::{self, Content, Unpacked};

/// Wrappings inside each other that are taken off: signed, put into another, and signed again.
const MAX_ROUNDS: usize = 4;

/// A message without its wrappings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unwrapped<'a> {
    pub bytes: Cow<'a, [u8]>,
    /// One of the wrappings was a signature in S/MIME.
    pub was_signed: bool,
}

/// The message as it is to be read: its line ends repaired ([`header::repaired`]), its wrappings taken off. Total.
pub fn taken_off(raw: &[u8]) -> Unwrapped<'_> {
    let mut message = Unwrapped { bytes: header::repaired(raw), was_signed: false };
    for _ in 0..MAX_ROUNDS {
        if !may_be_wrapped(&message.bytes) {
            break;
        }
        let Some((bytes, was_signed)) = round(&message.bytes) else { break };
        message = Unwrapped { bytes: Cow::Owned(bytes), was_signed: message.was_signed || was_signed };
    }
    message
}

/// A quick look: whether it is worth the while to take the message apart for this.
fn may_be_wrapped(bytes: &[u8]) -> bool {
    const TRACES: [&[u8]; 8] = [
        b"ms-tnef",
        b"MS-TNEF",
        b"inmail.dat",
        b"INMAIL.DAT",
        b"pkcs7-mime",
        b"PKCS7-MIME",
        b"smime.p7m",
        b"SMIME.P7M",
    ];
    TRACES.iter().any(|trace| memchr::memmem::find(bytes, trace).is_some())
}

/// A part with what takes its place.
struct Replacement {
    start: usize,
    end: usize,
    /// A MIME part: fields, an empty line, a body.
    entity: Vec<u8>,
}

/// The message with all wrappings taken off once; None: it has none. The flag says that one of them was a signature.
fn round(bytes: &[u8]) -> Option<(Vec<u8>, bool)> {
    let tree = mime::read(bytes);
    let has_text = has_text(&tree.root);
    let mut found = Found { has_text, ..Found::default() };
    found.look_at(&tree.root);
    if found.replacements.is_empty() {
        return None;
    }
    if tree.root.children.is_empty() {
        let replacement = found.replacements.pop()?;
        return Some((as_root(&tree, &replacement.entity), found.was_signed));
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    for Replacement { start, end, entity } in found.replacements {
        out.extend_from_slice(bytes.get(at..start)?);
        out.extend_from_slice(&entity);
        at = end;
    }
    out.extend_from_slice(bytes.get(at..)?);
    Some((out, found.was_signed))
}

/// The whole message was a wrapping: its own fields stay, but for those that described it.
fn as_root(tree: &Tree<'_>, entity: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(entity.len() + 4096);
    push_fields(&mut out, &tree.root.header, |name| !is_about_content(name));
    out.extend_from_slice(entity);
    out
}

fn is_about_content(name: &str) -> bool {
    name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("content-"))
}

fn push_fields(out: &mut Vec<u8>, header: &Header<'_>, keeps: impl Fn(&str) -> bool) {
    for field in header.fields.iter().filter(|field| keeps(field.name)) {
        out.extend_from_slice(field.name.as_bytes());
        out.push(b':');
        out.extend_from_slice(field.octets());
        if !field.octets().ends_with(b"\n") {
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// Whether the message has a text that says something outside of its wrappings.
fn has_text(part: &Part<'_>) -> bool {
    let is_text = part.is("text/plain") || part.is("text/html");
    let says_something = is_text && part.disposition.value != "attachment" && !part.body.trim_ascii().is_empty();
    says_something || part.children.iter().any(has_text)
}

#[derive(Default)]
struct Found {
    has_text: bool,
    was_signed: bool,
    /// In the order of the message.
    replacements: Vec<Replacement>,
}

impl Found {
    fn look_at(&mut self, part: &Part<'_>) {
        part.children.iter().for_each(|child| self.look_at(child));
        if !part.children.is_empty() {
            return;
        }
        let entity = match part.content_type.value.as_str() {
            "application/ms-tnef" | "application/vnd.ms-tnef" => self.unpacked(part),
            "application/pkcs7-mime" | "application/x-pkcs7-mime" => self.unsigned(part),
            "application/octet-stream" if is_named(part, "winmail.dat") => self.unpacked(part),
            "application/octet-stream" if is_named(part, "smime.p7m") => self.unsigned(part),
            _ => None,
        };
        if let Some(entity) = entity {
            self.replacements.push(Replacement { start: part.start, end: part.end(), entity });
        }
    }

    fn unpacked(&mut self, part: &Part<'_>) -> Option<Vec<u8>> {
        let (bytes, _) = part.decoded();
        let mut unpacked = tnef::read(&bytes)?;
        if self.has_text {
            // The same words stand outside already.
            (unpacked.text, unpacked.html) = (None, None);
        }
        let mut entity = Vec::with_capacity(bytes.len());
        push_entity(&mut entity, &unpacked, &name_of(&bytes));
        Some(entity)
    }

    /// The signed part with the fields that describe it, and no others: who wrote the message is said outside.
    fn unsigned(&mut self, part: &Part<'_>) -> Option<Vec<u8>> {
        let Sealed::Signed(content) = smime::look(&part.decoded().0) else { return None };
        let (header, body) = header::read(&content, |_| false);
        let mut entity = Vec::with_capacity(content.len());
        push_fields(&mut entity, &header, is_about_content);
        entity.extend_from_slice(b"\r\n");
        entity.extend_from_slice(content.get(body..)?);
        self.was_signed = true;
        Some(entity)
    }
}

fn is_named(part: &Part<'_>, name: &str) -> bool {
    part.name().is_some_and(|named| named.trim().eq_ignore_ascii_case(name))
}

/// A boundary that cannot stand in the octets themselves, for they cannot hold their own hash.
fn name_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(16).map(|octet| format!("{octet:02x}")).collect()
}

/// What was unpacked, as a `multipart/mixed` of its texts and files.
fn push_entity(out: &mut Vec<u8>, unpacked: &Unpacked, boundary: &str) {
    push(out, &format!("Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n"));
    let body = match (&unpacked.html, &unpacked.text) {
        (Some(html), _) => Some(("text/html", html)),
        (None, Some(text)) => Some(("text/plain", text)),
        (None, None) => None,
    };
    if let Some((kind, text)) = body {
        push(out, &format!("\r\n--{boundary}\r\nContent-Type: {kind}; charset=utf-8\r\n"));
        push_body(out, text.as_bytes());
    }
    for file in &unpacked.files {
        push(out, &format!("\r\n--{boundary}\r\n"));
        push_file(out, file, boundary);
    }
    if body.is_none() && unpacked.files.is_empty() {
        push(out, &format!("\r\n--{boundary}\r\n\r\n"));
    }
    push(out, &format!("\r\n--{boundary}--\r\n"));
}

fn push_file(out: &mut Vec<u8>, file: &tnef::File, boundary: &str) {
    let is_message = matches!(file.content, Content::Message(_));
    let said = file.content_type.trim();
    let is_type = said.contains('/') && said.bytes().all(|b| b.is_ascii_alphanumeric() || b"/.+-_".contains(&b));
    let kind = match is_message {
        true => "message/rfc822",
        false if is_type && !said.starts_with("multipart/") => said,
        false => "application/octet-stream",
    };
    push(out, &format!("Content-Type: {kind}\r\n"));
    if let Some(id) = &file.content_id {
        let id: String = id.chars().filter(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>')).collect();
        push(out, &format!("Content-ID: <{id}>\r\n"));
    }
    let how = if file.content_id.is_some() { "inline" } else { "attachment" };
    let ending = if is_message && !file.name.is_empty() { ".eml" } else { "" };
    push(out, &format!("Content-Disposition: {how}; filename*=utf-8''{}{ending}\r\n", encoded(&file.name)));
    match &file.content {
        Content::Octets(octets) => push_body(out, octets),
        Content::Message(message) => {
            let subject = message.subject.as_deref().unwrap_or_default().replace(char::is_control, " ");
            let mut whole = format!("Subject: {subject}\r\n").into_bytes();
            push_entity(&mut whole, message, boundary);
            push_body(out, &whole);
        }
    }
}

/// A body that no line of can be taken for a delimiter, of whatever part it comes to stand in.
fn push_body(out: &mut Vec<u8>, body: &[u8]) {
    let has_dashes = body.starts_with(b"--") || memchr::memmem::find(body, b"\n--").is_some();
    if has_dashes {
        push(out, "Content-Transfer-Encoding: base64\r\n\r\n");
        push(out, &base64::engine::general_purpose::STANDARD.encode(body));
    } else {
        push(out, "Content-Transfer-Encoding: binary\r\n\r\n");
        out.extend_from_slice(body);
    }
}

fn push(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

/// Percent-encoded (RFC 2231 §4).
fn encoded(name: &str) -> String {
    name.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::body::{attachment_bytes, each_attachment};
    use crate::mail::{MessageView, Searchable, smime::samples as signed, tnef::samples as outlook};

    fn base64(bytes: &[u8]) -> String {
        let line = base64::engine::general_purpose::STANDARD.encode(bytes);
        line.as_bytes().chunks(76).map(|line| format!("{}\r\n", std::str::from_utf8(line).unwrap())).collect()
    }

    fn part(kind: &str, bytes: &[u8]) -> String {
        format!("Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}", base64(bytes))
    }

    fn names(view: &MessageView) -> Vec<&str> {
        view.attachments.iter().map(|attachment| attachment.safe_name.as_str()).collect()
    }

    #[test]
    fn what_outlook_wrapped_is_text_and_attachments_like_any_other() {
        let wrapped = part("application/ms-tnef; name=\"winmail.dat\"", &outlook::winmail());
        let raw = format!("From: ole@example.net\r\nSubject: Plans\r\n{wrapped}");
        let view = MessageView::from_raw(raw.as_bytes());
        assert_eq!(view.readable.trim(), "Grüße");
        assert_eq!(names(&view), ["Bericht für Øle.pdf", "café.txt", "Inner.eml"]);
        assert_eq!(view.attachments[0].content_type, "application/pdf");
        assert_eq!((view.warnings.as_slice(), view.shown_subject.as_str()), (&[][..], "Plans"));
        assert_eq!(attachment_bytes(raw.as_bytes(), 0).unwrap(), b"%PDF-1.4 \n--b\nend");
        assert_eq!(view.attachments[0].size_bytes, 17);
        let inner = MessageView::from_raw(&attachment_bytes(raw.as_bytes(), 2).unwrap());
        assert_eq!((inner.shown_subject.as_str(), inner.readable.trim()), ("Inner", "Within."));
        assert_eq!(names(&inner), ["deep.txt"]);
        let found = Searchable::from_raw(raw.as_bytes());
        assert!(found.attachments.contains("Bericht") && found.attachments.contains("caf"), "{found:?}");
        let mut saved = Vec::new();
        each_attachment(raw.as_bytes(), |attachment, bytes| {
            saved.push((attachment.safe_name.clone(), bytes.len()));
            Ok::<(), ()>(())
        })
        .unwrap();
        assert_eq!(saved[1], ("café.txt".to_owned(), 3));
    }

    #[test]
    fn where_the_text_stands_outside_it_is_not_said_twice() {
        let wrapped = part("application/octet-stream; name=WINMAIL.DAT", &outlook::winmail());
        let raw = format!(
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHello.\r\n--b\r\n{wrapped}\r\n--b\r\nContent-Type: text/csv; name=a.csv\r\n\r\nx\r\n--b--\r\n"
        );
        let view = MessageView::from_raw(raw.as_bytes());
        assert_eq!(view.readable.trim(), "Hello.");
        assert_eq!(names(&view), ["Bericht für Øle.pdf", "café.txt", "Inner.eml", "a.csv"]);
        assert!(view.warnings.is_empty(), "{:?}", view.warnings);
    }

    #[test]
    fn what_is_signed_in_one_piece_is_read_and_said_to_be_signed() {
        let inner = b"From: other@example.net\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nSigned words.\r\n--c\r\nContent-Type: text/csv; name=a.csv\r\n\r\nx\r\n--c--\r\n";
        for pkcs7 in [signed::signed(inner), signed::signed_in_pieces(inner)] {
            let wrapped = part("application/pkcs7-mime; smime-type=signed-data; name=smime.p7m", &pkcs7);
            let raw = format!("From: ole@example.net\r\nSubject: Plans\r\n{wrapped}");
            let view = MessageView::from_raw(raw.as_bytes());
            assert_eq!(view.readable.trim(), "Signed words.");
            assert_eq!((names(&view), view.shown_from.as_str()), (vec!["a.csv"], "ole@example.net"));
            assert!(view.warnings.is_empty(), "{:?}", view.warnings);
        }
    }

    #[test]
    fn signatures_around_signatures_are_taken_off_a_few_times() {
        let mut inner = b"Content-Type: text/plain\r\n\r\nInnermost.\r\n".to_vec();
        for _ in 0..10 {
            inner = part("application/pkcs7-mime; name=smime.p7m", &signed::signed(&inner)).into_bytes();
            let view = MessageView::from_raw(&inner);
            assert!(view.readable.contains("Innermost.") || view.attachments.len() == 1, "{view:?}");
        }
    }

    #[test]
    fn what_is_no_wrapping_stays_as_it_is() {
        for raw in [
            "Subject: a\r\n\r\nsmime.p7m and winmail.dat\r\n".to_owned(),
            part("application/ms-tnef", b"not such a file"),
            part("application/pkcs7-mime; name=smime.p7m", &signed::encrypted()),
        ] {
            assert_eq!(taken_off(raw.as_bytes()).bytes, raw.as_bytes());
        }
    }
}
