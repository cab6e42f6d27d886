//! What a careful friend would point out about a message, in plain words.

use super::body::{Attachment, Circumstances};
use super::header::Header;
use super::kind::{self, Kind};
use super::layout::Layout;
use super::mime::{self, Tree};
use super::{Envelope, Seal, authentication, lookalike, sanitize};

/// Attachments that are listed. More come only in attacks, and a window with a list of them is of no use.
pub const MAX_ATTACHMENTS: usize = 1000;

/// What was found out about a message.
pub struct Findings<'f, 'a> {
    pub envelope: &'f Envelope,
    pub tree: &'f Tree<'a>,
    pub layout: &'f Layout<'f, 'a>,
    pub attachments: &'f [Attachment],
    pub seals: &'f [Seal],
    pub known: &'f Circumstances,
    /// Host that a link says, and host it leads to.
    pub deceptive_links: Vec<&'f (String, String)>,
    /// A transfer encoding was not what the header says.
    pub is_garbled: bool,
}

/// Sentences about the message, the weightiest first.
pub fn warnings(found: &Findings<'_, '_>) -> Vec<String> {
    let mut said = Vec::new();
    about_sender(found, &found.tree.root.header, &mut said);
    for (text, host) in found.deceptive_links.iter().take(3) {
        said.push(format!("A link says “{text}” but leads to {host}."));
    }
    about_attachments(found.attachments, &mut said);
    said.extend(found.seals.iter().filter_map(|seal| seal.obstacle()).map(str::to_owned));
    if found.tree.is_too_deep {
        said.push(format!(
            "Parts are nested more than {} levels deep: what lies deeper is shown as source.",
            mime::MAX_DEPTH
        ));
    }
    if found.tree.has_too_many_parts || found.layout.attached.len() > MAX_ATTACHMENTS {
        said.push(format!("This message has too many parts: only {MAX_ATTACHMENTS} attachments are listed."));
    }
    if found.tree.is_damaged || found.is_garbled {
        said.push(
            "This message is damaged: parts of it may be missing or look wrong. The source shows everything.".into(),
        );
    }
    said
}

fn about_sender(found: &Findings<'_, '_>, header: &Header<'_>, said: &mut Vec<String>) {
    let envelope = found.envelope;
    let own_server = found.known.own_server.as_deref().unwrap_or_default();
    if let Some(sender) = envelope.from.first()
        && authentication::has_failed(header, own_server)
    {
        said.push(format!(
            "Your mail server found that this message does not come from {}, whatever it says: it may be forged.",
            or_none(&sanitize::line_of(&sender.domain(), 100))
        ));
    }
    if header.fields.iter().filter(|field| field.is("From")).count() > 1 {
        said.push("This message names its sender more than once; the first one is shown.".into());
    }
    for from in envelope.from.iter().take(3) {
        if from.name_imitates_address() {
            let name = sanitize::line_of(&from.name, 100);
            said.push(format!("The sender calls itself “{name}”, but the address is {}.", or_none(&from.shown_addr())));
        }
        said.extend(about_domain(&from.domain(), found.known.own_domain.as_deref()));
    }
    if envelope.from.iter().any(|from| has_hidden(&from.name) || has_hidden(&from.addr))
        || has_hidden(&envelope.subject)
    {
        said.push("Sender or subject hold invisible or reordering characters; they are left out here.".into());
    }
    let Some(from) = envelope.from.first().filter(|from| !from.domain().is_empty()) else { return };
    if let Some(reply) = envelope.reply_to.iter().find(|reply| !is_related(&reply.domain(), &from.domain())) {
        said.push(format!("An answer would not go to the sender but to {}.", or_none(&reply.shown_addr())));
    }
}

/// What is odd about the domain of a sender.
fn about_domain(domain: &str, own: Option<&str>) -> Option<String> {
    let shown = sanitize::line_of(domain, 100);
    if let Some(own) = own.filter(|own| lookalike::is_like(domain, own)) {
        return Some(format!("The sender’s domain {shown} only looks like your own, {own}."));
    }
    match lookalike::passes_for(&lookalike::spelt(domain)) {
        Some(other) => {
            let other = sanitize::line_of(&other, 100);
            Some(format!("The sender’s domain {shown} is not {other}, though it looks like it."))
        }
        None if domain.is_ascii() => None,
        None => Some("The sender’s address has letters that can be mistaken for others.".into()),
    }
}

fn or_none(addr: &str) -> &str {
    if addr.is_empty() { "missing" } else { addr }
}

/// Whether a text holds something that [`sanitize::line`] takes out and honest text rarely has.
fn has_hidden(text: &str) -> bool {
    text.chars().take(10_000).any(|c| {
        matches!(c, '\0' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200B}' | '\u{E0001}'..='\u{E007F}')
            || (c.is_control() && !c.is_whitespace())
    })
}

/// Whether two domains are one, or one lies under the other.
fn is_related(one: &str, other: &str) -> bool {
    let under = |inner: &str, outer: &str| inner.strip_suffix(outer).is_some_and(|rest| rest.ends_with('.'));
    one.is_empty() || one == other || under(one, other) || under(other, one)
}

fn about_attachments(attachments: &[Attachment], said: &mut Vec<String>) {
    /// Names that are warned of one by one.
    const MAX_SAID: usize = 5;
    let programs = attachments.iter().filter(|attachment| attachment.kind().kind.is_program());
    for attachment in programs.take(MAX_SAID) {
        let name = &attachment.safe_name;
        said.push(match attachment.kind().kind {
            _ if kind::is_disguised(name) => format!("“{name}” looks like a document but is a program."),
            Kind::Macros => {
                format!("“{name}” is a document that carries programs (macros): open it only if you expected it.")
            }
            Kind::Disk => {
                format!("“{name}” is a disk in a file and can hold programs: open it only if you expected it.")
            }
            _ => format!("“{name}” is a program: open it only if you expected it."),
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::mail::MessageView;

    #[track_caller]
    fn check(raw: &str, said: &[&str]) {
        let raw = if raw.contains("\n\n") { raw.to_owned() } else { format!("{raw}\n\nhello") };
        let warnings = MessageView::from_raw(raw.as_bytes()).warnings;
        assert_eq!(warnings.len(), said.len(), "{raw:?}: {warnings:?}");
        for (warning, piece) in warnings.iter().zip(said) {
            assert!(warning.contains(piece), "{raw:?}: {warning}");
        }
    }

    #[test]
    fn an_honest_message_is_not_warned_of() {
        check("From: Ann <ann@a.test>\nReply-To: news@lists.a.test\nSubject: Grüße", &[]);
        check("From: ann@a.test <ANN@a.test>", &[]);
        check("", &[]);
    }

    #[test]
    fn what_is_said_of_a_domain_is_fit_for_the_screen() {
        for odd in ["\0", "\u{7}"] {
            let raw = format!("From: Ann <a@example.\u{458}\u{430}:a{odd}b>\n\nhello");
            let warnings = MessageView::from_raw(raw.as_bytes()).warnings;
            assert!(warnings.iter().any(|said| said.contains("though it looks like it")), "{warnings:?}");
            assert!(!warnings.concat().contains(char::is_control), "{warnings:?}");
        }
    }

    #[test]
    fn what_a_friend_would_point_out_is_said() {
        check(
            "From: \"boss@corp.test\" <x@evil.test>",
            &["calls itself “boss@corp.test”, but the address is x@evil.test"],
        );
        check("From: Ann <ann@a.test>\nReply-To: other@b.test", &["to other@b.test"]);
        check("From: a@a.test\nFrom: b@b.test", &["more than once"]);
        check("From: =?utf-8?Q?A=E2=80=AEnn?= <a@a.test>", &["invisible"]);
        check("From: a@аpple.test", &["is not apple.test"]);
        check("From: a@xn--pple-43d.test", &["is not apple.test"]);
        check("From: a@bücher.test", &["mistaken"]);
        check("From: a@xn--bcher-kva.test", &[]);
        check("Content-Type: application/vnd.ms-excel; name=bill.xlsm", &["carries programs (macros)"]);
        check("From: a@a.test\njunk\nSubject: b", &["damaged"]);
        check("Content-Type: application/pdf; name=\"bill.pdf.exe\"", &["“bill.pdf.exe” looks like a document"]);
        check("Content-Type: application/zip; name=setup.msi", &["“setup.msi” is a program"]);
        check(
            "Content-Type: text/html\n\n<a href='http://evil.test'>www.bank.test</a>",
            &["says “www.bank.test” but leads to evil.test"],
        );
        check("Content-Type: multipart/encrypted; boundary=b\n\n--b\nContent-Type: a/b\n\nX\n--b--\n", &["encrypted"]);
        check("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nX", &["damaged"]);
    }
}
