//! From a message to the draft of its answer.

use mail_parser::DateTime;

use super::compose::Answer;
use super::draft::DraftAttachment;
use super::{Address, Draft, Envelope, MessageView, body, recipients, text};

/// The draft of an answer to `original`, seen from `own` address (which a reply to all leaves out). The signature, if any, is set below.
pub fn answer(original: &MessageView, original_raw: &[u8], answer: Answer, own: &str, signature: &str) -> Draft {
    let envelope = &original.envelope;
    let mut draft = match answer {
        Answer::Forward => Draft { attachments: carried_over(original_raw), ..Draft::default() },
        Answer::Reply | Answer::ReplyAll => Draft {
            in_reply_to: envelope.message_id.clone(),
            references: references(envelope),
            ..addressed(envelope, answer == Answer::ReplyAll, own)
        },
    };
    draft.subject = subject(&original.shown_subject, answer);
    draft.body = match answer {
        Answer::Forward => forwarded(original),
        Answer::Reply | Answer::ReplyAll => quoted(original),
    };
    if !signature.trim().is_empty() {
        draft.body.push_str("\n-- \n");
        draft.body.push_str(signature.trim_end());
        draft.body.push('\n');
    }
    draft
}

/// Who gets the answer. An answer to a message of one's own goes to those who got it.
fn addressed(envelope: &Envelope, to_all: bool, own: &str) -> Draft {
    let is_own = |address: &&Address| address.addr.eq_ignore_ascii_case(own);
    let is_sent_by_own = envelope.from.iter().any(|from| is_own(&from));
    let others =
        |list: &[Address]| -> Vec<Address> { list.iter().filter(|address| !is_own(address)).cloned().collect() };
    let mut to = match envelope.reply_to.iter().any(|address| !is_own(&address)) {
        _ if is_sent_by_own => Vec::new(),
        true => envelope.reply_to.clone(),
        false => envelope.from.clone(),
    };
    if is_sent_by_own || to_all {
        to.extend(others(&envelope.to));
    }
    let mut cc = if to_all { others(&envelope.cc) } else { Vec::new() };
    if to.is_empty() && cc.is_empty() {
        to = envelope.from.clone(); // a note to oneself
    }
    let mut seen = Vec::new();
    to.retain(|address| is_new(&mut seen, address));
    cc.retain(|address| is_new(&mut seen, address));
    Draft { to: field(&to), cc: field(&cc), ..Draft::default() }
}

/// Recipients that an answer to all carries over. A list of more is a newsletter that forgot to hide them.
const MAX_RECIPIENTS: usize = 500;

fn is_new(seen: &mut Vec<String>, address: &Address) -> bool {
    let addr = address.shown_addr().to_ascii_lowercase();
    let is_new = !addr.is_empty() && seen.len() < MAX_RECIPIENTS && !seen.contains(&addr);
    seen.push(addr);
    is_new
}

fn field(addresses: &[Address]) -> String {
    addresses.iter().map(recipients::as_typed).collect::<Vec<_>>().join(", ")
}

/// The chain of the thread and the answered message at its end (RFC 5322 §3.6.4).
fn references(envelope: &Envelope) -> Vec<String> {
    let mut chain = envelope.references.clone();
    if chain.is_empty() && envelope.in_reply_to.len() == 1 {
        chain.clone_from(&envelope.in_reply_to);
    }
    if let Some(id) = &envelope.message_id {
        chain.retain(|known| known != id);
        chain.push(id.clone());
    }
    chain
}

/// Words before a subject by which programs of several languages mark an answer, and a forwarded message.
const REPLY_WORDS: &[&str] =
    &["re", "aw", "sv", "vs", "antw", "rép", "réf", "odp", "ynt", "res", "回复", "答复", "回覆"];
const FORWARD_WORDS: &[&str] = &["fwd", "fw", "wg", "tr", "rv", "enc", "doorst", "i", "转发", "轉寄"];

/// The subject with one `Re:` or `Fwd:` before it, however many there were.
fn subject(original: &str, answer: Answer) -> String {
    let (words, prefix) = match answer {
        Answer::Forward => (FORWARD_WORDS, "Fwd: "),
        Answer::Reply | Answer::ReplyAll => (REPLY_WORDS, "Re: "),
    };
    let mut rest = original.trim();
    while let Some(stripped) = without_prefix(rest, words) {
        rest = stripped;
    }
    format!("{prefix}{rest}").trim_end().to_owned()
}

/// What follows `Re:`, `AW :`, `Re[2]:`, `RE(3):` or `Re^2:`.
fn without_prefix<'a>(subject: &'a str, words: &[&str]) -> Option<&'a str> {
    let (head, rest) = subject.split_once([':', '：'])?;
    let word = head.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '[' | ']' | '(' | ')' | '^' | ' '));
    words.contains(&word.to_lowercase().as_str()).then(|| rest.trim_start())
}

/// Octets of a message that are quoted. More than that nobody reads in an answer, and an editor is slow with it.
const MAX_QUOTED_BYTES: usize = 100 * 1024;

fn quoted(original: &MessageView) -> String {
    let (text, is_cut) = beginning(original.readable.trim_end());
    let mut out = String::from("\n\n");
    out.push_str(&attribution(&original.envelope));
    for line in text.split('\n').take_while(|line| *line != "-- ") {
        let (level, content) = text::unquoted(line);
        out.push('>');
        out.extend(std::iter::repeat_n('>', usize::from(level)));
        if !content.is_empty() {
            out.push(' ');
        }
        out.push_str(content);
        out.push('\n');
    }
    if is_cut {
        out.push_str("> […]\n");
    }
    out
}

fn beginning(text: &str) -> (&str, bool) {
    let end = text.floor_char_boundary(MAX_QUOTED_BYTES);
    (text.get(..end).unwrap_or_default(), end < text.len())
}

/// `On 23 Nov 2026, Ann Lee wrote:`
fn attribution(envelope: &Envelope) -> String {
    let who = envelope.from.first().map(|from| match from.shown_name() {
        name if name.is_empty() => from.shown_addr(),
        name => name,
    });
    let who = who.filter(|who| !who.is_empty()).unwrap_or_else(|| "someone".into());
    match envelope.date {
        Some(date) => format!("On {}, {who} wrote:\n", day(date)),
        None => format!("{who} wrote:\n"),
    }
}

fn day(seconds: i64) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let date = DateTime::from_timestamp(seconds);
    let month = MONTHS.get(usize::from(date.month).saturating_sub(1)).copied().unwrap_or_default();
    format!("{} {month} {}", date.day, date.year)
}

/// The message below a block with its fields, unquoted.
fn forwarded(original: &MessageView) -> String {
    let envelope = &original.envelope;
    let list = |addresses: &[Address]| addresses.iter().map(Address::shown).collect::<Vec<_>>().join(", ");
    let date = envelope.date.map(|date| DateTime::from_timestamp(date).to_rfc822()).unwrap_or_default();
    let fields = [
        ("From", original.shown_from.clone()),
        ("Date", date),
        ("Subject", original.shown_subject.clone()),
        ("To", list(&envelope.to)),
        ("Cc", list(&envelope.cc)),
    ];
    let mut out = String::from("\n\n-------- Forwarded message --------\n");
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        out.push_str(&format!("{name}: {value}\n"));
    }
    out.push('\n');
    let (text, is_cut) = beginning(original.readable.trim_end());
    out.push_str(text);
    out.push_str(if is_cut { "\n[…]\n" } else { "\n" });
    out
}

fn carried_over(raw: &[u8]) -> Vec<DraftAttachment> {
    let mut carried = Vec::new();
    let result: Result<(), ()> = body::each_attachment(raw, |attachment, bytes| {
        carried.push(DraftAttachment {
            name: attachment.safe_name.clone(),
            content_type: attachment.content_type.clone(),
            bytes: bytes.to_vec(),
        });
        Ok(())
    });
    debug_assert!(result.is_ok());
    carried
}

/// The draft that a stored message of one's own was made from, for changing what waits in the Outbox.
pub fn draft_of(view: &MessageView, raw: &[u8]) -> Draft {
    let envelope = &view.envelope;
    Draft {
        to: field(&envelope.to),
        cc: field(&envelope.cc),
        bcc: field(&envelope.bcc),
        subject: view.shown_subject.clone(),
        body: view.readable.clone(),
        in_reply_to: envelope.in_reply_to.first().cloned(),
        references: envelope.references.clone(),
        attachments: carried_over(raw),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGINAL: &str = "From: Ann Lee <ann@a.test>\nTo: Me <me@x.test>, Bob <bob@b.test>\nCc: \"Cee, C\" <cee@c.test>, BOB@b.test\n\
        Subject: Plan\nDate: Mon, 23 Nov 2026 12:00:00 +0000\nMessage-ID: <2@a.test>\nReferences: <0@a.test> <1@a.test>\n\n\
        Hello\n> older\n\n-- \nAnn\n";

    fn reply(raw: &str, kind: Answer, own: &str) -> Draft {
        answer(&MessageView::from_raw(raw.as_bytes()), raw.as_bytes(), kind, own, "")
    }

    #[track_caller]
    fn check(raw: &str, kind: Answer, own: &str, to: &str, cc: &str) {
        let draft = reply(raw, kind, own);
        assert_eq!((draft.to.as_str(), draft.cc.as_str()), (to, cc), "{kind:?} {own}");
    }

    #[test]
    fn an_answer_goes_to_those_it_should() {
        check(ORIGINAL, Answer::Reply, "me@x.test", "Ann Lee <ann@a.test>", "");
        check(
            ORIGINAL,
            Answer::ReplyAll,
            "ME@x.test",
            "Ann Lee <ann@a.test>, Bob <bob@b.test>",
            "\"Cee, C\" <cee@c.test>",
        );
        check(ORIGINAL, Answer::Reply, "ann@a.test", "Me <me@x.test>, Bob <bob@b.test>", "");
        check(ORIGINAL, Answer::Forward, "me@x.test", "", "");
        let elsewhere = format!("Reply-To: list@l.test\n{ORIGINAL}");
        check(&elsewhere, Answer::Reply, "me@x.test", "list@l.test", "");
        check(&elsewhere, Answer::ReplyAll, "me@x.test", "list@l.test, Bob <bob@b.test>", "\"Cee, C\" <cee@c.test>");
        let note = "From: me@x.test\nTo: me@x.test\n\nnote";
        check(note, Answer::Reply, "me@x.test", "me@x.test", "");
        check("From: boss@corp.test <x@evil.test>\n\nhi", Answer::Reply, "me@x.test", "x@evil.test", "");
    }

    #[test]
    fn the_thread_goes_on() {
        let draft = reply(ORIGINAL, Answer::Reply, "me@x.test");
        assert_eq!(draft.in_reply_to.as_deref(), Some("2@a.test"));
        assert_eq!(draft.references, ["0@a.test", "1@a.test", "2@a.test"]);
        let forward = reply(ORIGINAL, Answer::Forward, "me@x.test");
        assert_eq!((forward.in_reply_to, forward.references), (None, vec![]));
        assert_eq!(reply("Message-ID: <b@x>\nIn-Reply-To: <a@x>\n\n", Answer::Reply, "").references, ["a@x", "b@x"]);
    }

    #[test]
    fn prefixes_are_not_stacked() {
        for (original, replied, forwarded) in [
            ("Plan", "Re: Plan", "Fwd: Plan"),
            ("Re: Plan", "Re: Plan", "Fwd: Re: Plan"),
            ("AW: RE: Re[2]: Re^3 : Plan", "Re: Plan", "Fwd: AW: RE: Re[2]: Re^3 : Plan"),
            ("Fwd: WG: Plan", "Re: Fwd: WG: Plan", "Fwd: Plan"),
            ("回复：计划", "Re: 计划", "Fwd: 回复：计划"),
            ("Regarding: Plan", "Re: Regarding: Plan", "Fwd: Regarding: Plan"),
            ("", "Re:", "Fwd:"),
        ] {
            assert_eq!(subject(original, Answer::Reply), replied);
            assert_eq!(subject(original, Answer::Forward), forwarded);
        }
    }

    #[test]
    fn the_text_is_quoted_without_its_signature() {
        let view = MessageView::from_raw(ORIGINAL.as_bytes());
        let draft = answer(&view, ORIGINAL.as_bytes(), Answer::Reply, "me@x.test", "Me\n");
        assert_eq!(draft.body, "\n\nOn 23 Nov 2026, Ann Lee wrote:\n> Hello\n>> older\n>\n\n-- \nMe\n");
        let huge = format!("Subject: a\n\n{}", "x".repeat(5_000_000));
        assert!(reply(&huge, Answer::Reply, "").body.len() < MAX_QUOTED_BYTES + 100);
    }

    #[test]
    fn a_forwarded_message_keeps_its_fields_and_attachments() {
        let raw = format!(
            "{}\n\n--b\n\nHello\n--b\nContent-Type: a/b; name=x.bin\n\n\0\x01\n--b--\n",
            ORIGINAL.split("\n\n").next().unwrap().to_owned() + "\nContent-Type: multipart/mixed; boundary=b"
        );
        let draft = reply(&raw, Answer::Forward, "me@x.test");
        assert_eq!(
            draft.body,
            "\n\n-------- Forwarded message --------\nFrom: Ann Lee <ann@a.test>\nDate: Mon, 23 Nov 2026 12:00:00 +0000\nSubject: Plan\n\
             To: Me <me@x.test>, Bob <bob@b.test>\nCc: Cee, C <cee@c.test>, BOB@b.test\n\nHello\n"
        );
        assert_eq!(
            draft.attachments,
            [DraftAttachment { name: "x.bin".into(), content_type: "a/b".into(), bytes: vec![0, 1] }]
        );
    }
}
