//! How a message is signed or encrypted. Malote checks no signature and decrypts nothing; it says what it sees, and no more.

use super::mime::Part;
use super::smime::{self, Sealed};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seal {
    SignedSmime,
    SignedPgp,
    EncryptedSmime,
    EncryptedPgp,
}

impl Seal {
    /// In a few words, beside the sender.
    pub fn words(self) -> &'static str {
        match self {
            Self::SignedSmime => "Signed (S/MIME), not checked",
            Self::SignedPgp => "Signed (OpenPGP), not checked",
            Self::EncryptedSmime => "Encrypted (S/MIME)",
            Self::EncryptedPgp => "Encrypted (OpenPGP)",
        }
    }

    /// What that means to the one who reads it.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::SignedSmime | Self::SignedPgp => {
                "The message carries a signature. Malote does not check it: it proves nothing here about who wrote it."
            }
            Self::EncryptedSmime | Self::EncryptedPgp => "Malote cannot read what is encrypted.",
        }
    }

    /// Why the message cannot be read, and what can be done; None where it can.
    pub fn obstacle(self) -> Option<&'static str> {
        match self {
            Self::SignedSmime | Self::SignedPgp => None,
            Self::EncryptedSmime => Some(
                "This message is encrypted with S/MIME. Malote cannot read it: save the message, and open it with a program that has your certificate.",
            ),
            Self::EncryptedPgp => Some(
                "This message is encrypted with OpenPGP. Malote cannot read it: save the message, and open it with a program that has your key.",
            ),
        }
    }
}

/// All of a message: by its parts (RFC 1847, RFC 3156, RFC 8551), and by the armour in its text (RFC 9580 §6.2).
/// `was_signed`: an S/MIME signature was taken off already.
pub fn of(root: &Part<'_>, was_signed: bool, text: &str) -> Vec<Seal> {
    let mut seals = Vec::new();
    if was_signed {
        seals.push(Seal::SignedSmime);
    }
    look_at(root, &mut seals);
    seals.extend(armour(text));
    let mut once = Vec::new();
    for seal in seals {
        if !once.contains(&seal) {
            once.push(seal);
        }
    }
    once
}

fn look_at(part: &Part<'_>, seals: &mut Vec<Seal>) {
    let protocol = part.content_type.param("protocol").unwrap_or_default().to_ascii_lowercase();
    let is_smime = protocol.contains("pkcs7");
    match part.content_type.value.as_str() {
        "multipart/signed" => seals.push(if is_smime { Seal::SignedSmime } else { Seal::SignedPgp }),
        "multipart/encrypted" => seals.push(if is_smime { Seal::EncryptedSmime } else { Seal::EncryptedPgp }),
        "application/pkcs7-mime" | "application/x-pkcs7-mime" if is_encrypted(part) => seals.push(Seal::EncryptedSmime),
        _ => (),
    }
    part.children.iter().for_each(|child| look_at(child, seals));
}

/// By what it is, or where that cannot be read by what it says, or leaves open.
fn is_encrypted(part: &Part<'_>) -> bool {
    match smime::look(&part.decoded().0) {
        Sealed::Encrypted => true,
        Sealed::Signed(_) => false,
        Sealed::Other => {
            part.content_type.param("smime-type").is_none_or(|kind| kind.eq_ignore_ascii_case("enveloped-data"))
        }
    }
}

/// OpenPGP in the text itself: the first armour that is not quoted.
fn armour(text: &str) -> Option<Seal> {
    text.lines().find_map(|line| match line.trim_end() {
        "-----BEGIN PGP MESSAGE-----" => Some(Seal::EncryptedPgp),
        "-----BEGIN PGP SIGNED MESSAGE-----" => Some(Seal::SignedPgp),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::MessageView;

    #[test]
    fn what_a_message_says_of_itself_is_said_and_no_more() {
        let parts = |kind: &str, protocol: &str| {
            format!(
                "Content-Type: multipart/{kind}; protocol=\"application/{protocol}\"; boundary=b\n\n--b\n\nText\n--b\nContent-Type: application/{protocol}\n\nx\n--b--\n"
            )
        };
        for (raw, seals) in [
            (parts("signed", "pgp-signature"), vec![Seal::SignedPgp]),
            (parts("signed", "pkcs7-signature"), vec![Seal::SignedSmime]),
            (parts("encrypted", "pgp-encrypted"), vec![Seal::EncryptedPgp]),
            ("Content-Type: application/pkcs7-mime; name=smime.p7m\n\nx".to_owned(), vec![Seal::EncryptedSmime]),
            ("Content-Type: application/pkcs7-mime; smime-type=certs-only\n\nx".to_owned(), vec![]),
            ("\n\n-----BEGIN PGP MESSAGE-----\n\nabc\n".to_owned(), vec![Seal::EncryptedPgp]),
            ("\n\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nabc\n".to_owned(), vec![Seal::SignedPgp]),
            ("\n\n> -----BEGIN PGP MESSAGE-----\n".to_owned(), vec![]),
        ] {
            let view = MessageView::from_raw(raw.as_bytes());
            assert_eq!(view.seals, seals, "{raw}");
            let is_encrypted = seals.iter().any(|seal| seal.obstacle().is_some());
            assert_eq!(view.warnings.iter().any(|warning| warning.contains("encrypted")), is_encrypted, "{raw}");
        }
    }
}
