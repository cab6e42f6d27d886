//! From what a person wrote to the octets that are submitted, and from a message to the draft of its answer.

use mail_builder::MessageBuilder;
use mail_builder::headers::address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::message_id::MessageId;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::MimePart;
use mail_parser::DateTime;

pub use super::answer::{answer, draft_of};
use super::draft::DraftAttachment;
pub use super::mailto::from_mailto;
use super::{Address, Draft, flowed, recipients, sanitize};

/// Which answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Reply,
    ReplyAll,
    Forward,
}

/// Who sends it and when; the clock and the randomness come from outside.
#[derive(Clone, Debug)]
pub struct Stamp {
    pub from: Address,
    /// Unix seconds.
    pub now: i64,
    /// Offset of local time from UTC, seconds.
    pub utc_offset_secs: i32,
    /// Left part of the Message-ID; its right part is the domain of the sender's address, never this machine's name.
    pub unique: String,
}

/// A message ready for submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// RFC 5322 octets, CRLF, no Bcc field.
    pub raw: Vec<u8>,
    /// Envelope recipients: to, cc and bcc, each once.
    pub recipients: Vec<String>,
}

/// The message of a finished draft, or what is wrong with which address, in plain words.
pub fn build(draft: &Draft, stamp: &Stamp) -> Result<Outgoing, String> {
    let (to, cc, bcc) = (recipients::typed(&draft.to)?, recipients::typed(&draft.cc)?, recipients::typed(&draft.bcc)?);
    let mut all: Vec<String> = Vec::new();
    for address in to.iter().chain(&cc).chain(&bcc) {
        if !all.iter().any(|known| known.eq_ignore_ascii_case(&address.addr)) {
            all.push(address.addr.clone());
        }
    }
    if all.is_empty() {
        return Err("Say to whom the message goes: there is no address yet.".into());
    }
    let sender = recipients::typed(&recipients::as_typed(&stamp.from))?;
    if sender.is_empty() {
        return Err("The account has no address of its own to send from.".into());
    }
    Ok(Outgoing { raw: serialized(draft, stamp, [("To", &to), ("Cc", &cc)].into_iter()), recipients: all })
}

/// The message of an unfinished draft: whatever of it can be said in RFC 5322, Bcc included. For the Drafts mailbox.
pub fn build_unfinished(draft: &Draft, stamp: &Stamp) -> Vec<u8> {
    let [to, cc, bcc] = [&draft.to, &draft.cc, &draft.bcc].map(|field| recipients::usable_of(field));
    serialized(draft, stamp, [("To", &to), ("Cc", &cc), ("Bcc", &bcc)].into_iter())
}

/// Characters of a subject that are sent; one line on the other side shows a tenth of it.
const MAX_SUBJECT_CHARS: usize = 1000;
/// Ids of a References field that are sent: RFC 5322 §3.6.4 wants the first and the last kept.
const MAX_REFERENCES: usize = 50;

fn serialized<'d>(draft: &Draft, stamp: &Stamp, lists: impl Iterator<Item = (&'d str, &'d Vec<Address>)>) -> Vec<u8> {
    let mut message = MessageBuilder::new().from(mailbox(&sender(stamp)));
    for (name, addresses) in lists.filter(|(_, addresses)| !addresses.is_empty()) {
        message = message.header(name, address::Address::new_list(addresses.iter().map(mailbox).collect()));
    }
    message = message
        .subject(sanitize::line_of(&draft.subject, MAX_SUBJECT_CHARS))
        .header("Date", Raw::new(date(stamp)))
        .message_id(message_id(stamp));
    if let Some(id) = draft.in_reply_to.as_deref().filter(|id| is_message_id(id)) {
        message = message.in_reply_to(id.to_owned());
    }
    let references = kept_references(&draft.references);
    if !references.is_empty() {
        message = message.references(MessageId::new_list(references.into_iter()));
    }
    let mut out = Vec::new();
    message.body(body(draft, &unique(stamp))).serialize(&mut out);
    out
}

/// The account's address with its domain in ASCII.
fn sender(stamp: &Stamp) -> Address {
    recipients::usable_of(&recipients::as_typed(&stamp.from)).into_iter().next().unwrap_or_else(|| stamp.from.clone())
}

fn mailbox(address: &Address) -> address::Address<'static> {
    let name = sanitize::line(&address.name);
    address::Address::new_address((!name.is_empty()).then_some(name), address.addr.clone())
}

/// The time of the stamp as the person's clock shows it (RFC 5322 §3.3).
fn date(stamp: &Stamp) -> String {
    DateTime::from_timestamp(stamp.now).to_timezone(i64::from(stamp.utc_offset_secs)).to_rfc822()
}

fn message_id(stamp: &Stamp) -> String {
    let sender = sender(stamp);
    let domain = sender.addr.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    format!("{}@{domain}", unique(stamp))
}

/// What of the stamp's unique text can stand in a Message-ID and in a boundary, which may have 70 characters.
fn unique(stamp: &Stamp) -> String {
    stamp.unique.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')).take(60).collect()
}

/// Whether an id can stand in a field without breaking it.
fn is_message_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 250 && id.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>'))
}

fn kept_references(references: &[String]) -> Vec<String> {
    let usable: Vec<&String> = references.iter().filter(|id| is_message_id(id)).collect();
    let dropped = usable.len().saturating_sub(MAX_REFERENCES);
    let is_kept = |at: usize| at == 0 || at > dropped || dropped == 0;
    usable.into_iter().enumerate().filter(|(at, _)| is_kept(*at)).map(|(_, id)| id.clone()).collect()
}

fn body(draft: &Draft, unique: &str) -> MimePart<'static> {
    let content_type = ContentType::new("text/plain").attribute("charset", "utf-8").attribute("format", "flowed");
    let text = MimePart::new(content_type, flowed::flow(&cleaned(&draft.body)));
    if draft.attachments.is_empty() {
        return text;
    }
    let attached = draft.attachments.iter().map(attachment);
    // Ours, since the one that would be made up holds the time of this machine. No encoding writes `=_`.
    let mixed = ContentType::new("multipart/mixed").attribute("boundary", format!("=_{unique}"));
    MimePart::new(mixed, std::iter::once(text).chain(attached).collect::<Vec<_>>())
}

/// The text with LF line ends and without control characters, of which a NUL would be refused by servers.
fn cleaned(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

fn attachment(attachment: &DraftAttachment) -> MimePart<'static> {
    let name = sanitize::file_name(Some(&attachment.name), &attachment.content_type);
    let mut content_type = attachment.content_type.trim().to_ascii_lowercase();
    if content_type == "message/rfc822" && can_travel_as_it_is(&attachment.bytes) {
        // RFC 2046 §5.2.1 forbids any encoding of an attached message.
        return MimePart::new(content_type, attachment.bytes.clone()).attachment(name).transfer_encoding("7bit");
    }
    if !is_media_type(&content_type) || content_type.starts_with("message/") || content_type.starts_with("multipart/") {
        content_type = "application/octet-stream".into();
    }
    MimePart::new(content_type, attachment.bytes.clone()).attachment(name)
}

/// Whether octets are lines that any server passes on unchanged.
fn can_travel_as_it_is(bytes: &[u8]) -> bool {
    let is_line = |line: &[u8]| {
        let line = line.strip_suffix(b"\r\n");
        line.is_some_and(|line| line.len() <= 998 && line.iter().all(|b| matches!(b, b'\t' | b' '..=b'~')))
    };
    bytes.split_inclusive(|&b| b == b'\n').all(is_line)
}

fn is_media_type(content_type: &str) -> bool {
    let is_token = |part: &str| {
        !part.is_empty()
            && part.len() <= 100
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.' | '_'))
    };
    content_type.split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::MessageView;
    use crate::mail::body::attachment_bytes;

    fn stamp() -> Stamp {
        let from = Address { name: "Zoë Lee".into(), addr: "zoe@bücher.example".into() };
        Stamp { from, now: 1_795_435_200, utc_offset_secs: -5400, unique: "abc.1".into() }
    }

    fn draft(body: &str) -> Draft {
        Draft {
            to: "Ann <a@b.test>; c@d.test".into(), subject: "Grüße".into(), body: body.into(), ..Draft::default()
        }
    }

    /// Builds it, checks what holds of every message, and reads it back.
    #[track_caller]
    fn round_trip(draft: &Draft) -> (String, MessageView) {
        let raw = build(draft, &stamp()).unwrap().raw;
        let text = String::from_utf8(raw.clone()).unwrap();
        let without_crlf = text.replace("\r\n", "");
        assert!(!without_crlf.contains(['\r', '\n', '\0']), "bare line end or NUL: {text:?}");
        assert!(text.split("\r\n").all(|line| line.len() <= 998));
        assert!(text.is_ascii() && text.ends_with("\r\n"), "{text:?}");
        (text, MessageView::from_raw(&raw))
    }

    #[test]
    fn the_fields_are_as_the_standard_wants_them() {
        let mut draft = draft("hi");
        draft.bcc = "secret@x.test, A@B.test".into();
        draft.in_reply_to = Some("1@x".into());
        draft.references = vec!["0@x".into(), "bad id\r\nX: y".into(), "1@x".into()];
        let (text, view) = round_trip(&draft);
        for line in [
            "Date: Mon, 23 Nov 2026 10:30:00 -0130\r\n",
            "Message-ID: <abc.1@xn--bcher-kva.example>\r\n",
            "MIME-Version: 1.0\r\n",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
        assert!(!text.contains("secret") && !text.contains("User-Agent") && !text.contains("X: y"), "{text}");
        assert_eq!(view.shown_from, "Zoë Lee <zoe@xn--bcher-kva.example>");
        assert_eq!(view.envelope.date, Some(stamp().now));
        assert_eq!(
            (view.envelope.in_reply_to, view.envelope.references),
            (vec!["1@x".to_owned()], vec!["0@x".into(), "1@x".into()])
        );
        assert_eq!(view.envelope.to.iter().map(Address::shown).collect::<Vec<_>>(), ["Ann <a@b.test>", "c@d.test"]);
        assert_eq!(build(&draft, &stamp()).unwrap().recipients, ["a@b.test", "c@d.test", "secret@x.test"]);
    }

    #[test]
    fn every_body_comes_back_as_it_was_written() {
        let long = "A long paragraph that is broken for the way. ".repeat(30) + "End.";
        for body in [
            "Hello",
            "",
            "Grüße 你好 🙂",
            ".",
            "a\n.\nb",
            "From me\nFrom: x",
            long.as_str(),
            "> quoted\n>> twice\n\nmine",
            "-- \nZoë",
            "  indented\n\ttab",
            "--b\n--b--",
            "x\n\n\n",
            "=?utf-8?Q?x?= =41",
            "tail =",
            "\u{2028}é",
            "日本".repeat(2000).as_str(),
        ] {
            let (raw, view) = round_trip(&draft(body));
            let wanted = body.replace('\u{2028}', "\n");
            let readable = view.readable.replace("\n", if body.starts_with('日') { "" } else { "\n" });
            assert_eq!(readable.trim_end(), wanted.trim_end(), "{raw}");
            assert_eq!(view.warnings, Vec::<String>::new(), "{body:?}");
        }
    }

    #[test]
    fn one_message_results_whatever_was_typed() {
        let mut draft = draft("a\rb\0c\r\n.\r\n\r\nd\u{1b}");
        draft.subject = "x\r\nBcc: evil@test\r\n\r\nbody".into();
        draft.to = "\"N\r\nX: y\" <a@b.test>".into();
        let (text, view) = round_trip(&draft);
        assert_eq!(view.shown_subject, "x Bcc: evil@test body");
        assert_eq!(view.readable, "a\nbc\n.\n\nd\n");
        assert!(view.headers.iter().all(|(name, _)| name != "Bcc" && name != "X"), "{text}");
        draft.subject = "long".repeat(5000);
        assert!(round_trip(&draft).1.shown_subject.starts_with("longlong"));
    }

    #[test]
    fn attachments_come_back_octet_for_octet() {
        let all: Vec<u8> = (0..=255).cycle().take(5000).collect();
        let mut draft = draft("see below");
        for (name, content_type, bytes) in [
            ("all.bin", "application/x-thing", all.as_slice()),
            ("été.txt", "text/plain", "one\ntwo\r\nthree \n\n".as_bytes()),
            ("m.eml", "message/rfc822", b"Subject: inner\r\n\r\ntext\r\n".as_slice()),
            ("odd.eml", "message/rfc822", b"Subject: \xff\n\n--b\n".as_slice()),
            ("empty", "not a type\r\nX: y", b"".as_slice()),
            ("a\"b\\c.txt", "text/html", b"<p>".as_slice()),
        ] {
            draft.attachments.push(DraftAttachment {
                name: name.into(),
                content_type: content_type.into(),
                bytes: bytes.into(),
            });
        }
        let (text, view) = round_trip(&draft);
        assert_eq!(view.readable.trim_end(), "see below");
        assert_eq!(view.attachments.len(), draft.attachments.len(), "{text}");
        let raw = text.as_bytes();
        for (found, sent) in view.attachments.iter().zip(&draft.attachments) {
            assert_eq!(found.safe_name, sanitize::file_name(Some(&sent.name), &sent.content_type));
            assert_eq!(attachment_bytes(raw, found.index).as_deref(), Some(sent.bytes.as_slice()), "{}", sent.name);
        }
        let back = draft_of(&view, raw);
        assert_eq!((back.to.as_str(), back.attachments.len()), ("Ann <a@b.test>, c@d.test", 6));
    }

    #[test]
    fn a_bad_address_is_named_and_none_at_all_is_said() {
        for (to, cc, said) in [("bob", "", "“bob”"), ("a@b.test", "x@", "“x@”"), ("", " ", "to whom")] {
            let message = build(&Draft { to: to.into(), cc: cc.into(), ..Draft::default() }, &stamp()).unwrap_err();
            assert!(message.contains(said), "{message}");
        }
        let mut nobody = stamp();
        nobody.from.addr.clear();
        assert!(build(&draft("x"), &nobody).unwrap_err().contains("account"));
    }

    #[test]
    fn an_unfinished_draft_keeps_what_can_be_said() {
        let unfinished = Draft { to: "a@b.test, bo".into(), bcc: "c@d.test".into(), ..Draft::default() };
        let view = MessageView::from_raw(&build_unfinished(&unfinished, &stamp()));
        let addr = |list: &[Address]| list.iter().map(|a| a.addr.clone()).collect::<Vec<_>>();
        assert_eq!(
            (addr(&view.envelope.to), addr(&view.envelope.bcc)),
            (vec!["a@b.test".to_owned()], vec!["c@d.test".to_owned()])
        );
    }
}
