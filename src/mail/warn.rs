//! What a careful friend would point out about a message, in plain words.

use super::body::Attachment;
use super::header::Header;
use super::layout::Layout;
use super::mime::{self, Tree};
use super::{Envelope, sanitize};

/// Attachments that are listed. More come only in attacks, and a window with a list of them is of no use.
pub const MAX_ATTACHMENTS: usize = 1000;

/// What was found out about a message.
pub struct Findings<'f, 'a> {
    pub envelope: &'f Envelope,
    pub tree: &'f Tree<'a>,
    pub layout: &'f Layout<'f, 'a>,
    pub attachments: &'f [Attachment],
    /// Host that a link says, and host it leads to.
    pub deceptive_links: Vec<&'f (String, String)>,
    /// A transfer encoding was not what the header says.
    pub is_garbled: bool,
}

/// Sentences about the message, the weightiest first.
pub fn warnings(found: &Findings<'_, '_>) -> Vec<String> {
    let mut said = Vec::new();
    about_sender(found.envelope, &found.tree.root.header, &mut said);
    for (text, host) in found.deceptive_links.iter().take(3) {
        said.push(format!("A link says “{text}” but leads to {host}."));
    }
    about_attachments(found.attachments, &mut said);
    if found.layout.is_encrypted {
        said.push("This message is encrypted. Malote cannot decrypt it; its parts can be saved.".into());
    }
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

fn about_sender(envelope: &Envelope, header: &Header<'_>, said: &mut Vec<String>) {
    if header.fields.iter().filter(|field| field.is("From")).count() > 1 {
        said.push("This message names its sender more than once; the first one is shown.".into());
    }
    for from in envelope.from.iter().take(3) {
        if from.name_imitates_address() {
            let name = sanitize::line_of(&from.name, 100);
            said.push(format!("The sender calls itself “{name}”, but the address is {}.", or_none(&from.shown_addr())));
        }
        if !from.domain().is_ascii() {
            said.push("The sender’s address has letters that can be mistaken for others.".into());
        }
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

/// Extensions of files that run when they are opened, on one system or another.
const EXECUTABLE: &[&str] = &[
    "exe", "com", "scr", "pif", "bat", "cmd", "msi", "msix", "appx", "js", "jse", "vbs", "vbe", "wsf", "wsh", "hta",
    "ps1", "lnk", "jar", "cpl", "reg", "dll", "iso", "img", "vhd", "chm", "sh", "run", "desktop", "appimage", "deb",
    "rpm", "apk", "dmg", "pkg", "command", "docm", "xlsm", "pptm", "xll", "one",
];
/// Extensions that a person takes for a document.
const HARMLESS: &[&str] = &[
    "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "txt", "rtf", "jpg", "jpeg", "png", "gif", "mp3",
    "mp4", "htm", "html", "csv",
];

fn about_attachments(attachments: &[Attachment], said: &mut Vec<String>) {
    /// Names that are warned of one by one.
    const MAX_SAID: usize = 5;
    for attachment in attachments.iter().filter(|attachment| is_program(attachment)).take(MAX_SAID) {
        let name = &attachment.safe_name;
        let mut parts = name.rsplit('.').skip(1);
        let disguised = parts.next().is_some_and(|part| HARMLESS.contains(&part.trim().to_ascii_lowercase().as_str()));
        said.push(if disguised {
            format!("“{name}” looks like a document but is a program.")
        } else {
            format!("“{name}” is a program or can hold one: open it only if you expected it.")
        });
    }
}

fn is_program(attachment: &Attachment) -> bool {
    let extension = attachment.safe_name.rsplit_once('.').map(|(_, extension)| extension.trim().to_ascii_lowercase());
    extension.is_some_and(|extension| EXECUTABLE.contains(&extension.as_str()))
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
    fn what_a_friend_would_point_out_is_said() {
        check(
            "From: \"boss@corp.test\" <x@evil.test>",
            &["calls itself “boss@corp.test”, but the address is x@evil.test"],
        );
        check("From: Ann <ann@a.test>\nReply-To: other@b.test", &["to other@b.test"]);
        check("From: a@a.test\nFrom: b@b.test", &["more than once"]);
        check("From: =?utf-8?Q?A=E2=80=AEnn?= <a@a.test>", &["invisible"]);
        check("From: a@аpple.test", &["mistaken"]);
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
