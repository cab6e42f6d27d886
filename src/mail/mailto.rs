//! `mailto:` links (RFC 6068).

use super::{Draft, param, sanitize};

/// Octets of a link that are read; browsers make none longer.
const MAX_LINK_BYTES: usize = 64 * 1024;

/// A new draft from a `mailto:` link (RFC 6068): to, cc, bcc, subject, body; never attachments. None where it is no such link.
pub fn from_mailto(link: &str) -> Option<Draft> {
    let link = link.trim();
    let link = link.get(..link.floor_char_boundary(MAX_LINK_BYTES))?;
    let (scheme, rest) = link.split_once(':')?;
    if !scheme.eq_ignore_ascii_case("mailto") {
        return None;
    }
    let (to, fields) = rest.split_once('?').unwrap_or((rest, ""));
    let mut draft = Draft { to: one_line(to), ..Draft::default() };
    for field in fields.split('&') {
        let (name, value) = field.split_once('=').unwrap_or((field, ""));
        match decoded(name).to_ascii_lowercase().as_str() {
            "to" => join(&mut draft.to, &one_line(value)),
            "cc" => join(&mut draft.cc, &one_line(value)),
            "bcc" => join(&mut draft.bcc, &one_line(value)),
            "subject" => draft.subject = one_line(value),
            "body" => draft.body = sanitize::multiline(&decoded(value)),
            _ => (), // every other field could do harm unseen (RFC 6068 §4)
        }
    }
    Some(draft)
}

/// Decoded once; a plus sign is a plus sign.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    param::percent_decode_into(&mut bytes, text);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn one_line(text: &str) -> String {
    sanitize::line(&decoded(text))
}

fn join(field: &mut String, more: &str) {
    if !field.is_empty() && !more.is_empty() {
        field.push_str(", ");
    }
    field.push_str(more);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_fills_the_fields_it_may() {
        let draft =
            from_mailto("MAILTO:a@b.c,d@e.f?to=g@h.i&CC=j%40k.l&bcc=m@n.o&subject=a%20+%20%C3%A9&body=one%0D%0Atwo")
                .unwrap();
        assert_eq!(
            draft,
            Draft {
                to: "a@b.c,d@e.f, g@h.i".into(),
                cc: "j@k.l".into(),
                bcc: "m@n.o".into(),
                subject: "a + é".into(),
                body: "one\ntwo".into(),
                ..Draft::default()
            }
        );
    }

    #[test]
    fn a_link_can_neither_attach_nor_break_out_of_a_field() {
        let draft =
            from_mailto("mailto:a@b.c?attach=/etc/passwd&subject=x%0D%0ABcc:%20evil@test&in-reply-to=1&body=%2525")
                .unwrap();
        assert_eq!((draft.subject.as_str(), draft.bcc.as_str(), draft.body.as_str()), ("x Bcc: evil@test", "", "%25"));
        assert!(draft.attachments.is_empty() && draft.in_reply_to.is_none());
    }

    #[test]
    fn what_is_no_mailto_link_is_refused() {
        for link in ["", "mailto", "http://a.test", "javascript:mailto:a@b.c"] {
            assert_eq!(from_mailto(link), None, "{link}");
        }
        assert_eq!(from_mailto("mailto:"), Some(Draft::default()));
        assert!(from_mailto(&format!("mailto:{}", "é%".repeat(100_000))).is_some());
    }
}
