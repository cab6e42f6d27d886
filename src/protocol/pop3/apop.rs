//! APOP (RFC 1939 §7): MD5 over the stamp of the greeting and the password.
//!
//! Never chosen by itself. Who sits on the line can find out the first characters of the password by choosing stamps whose
//! digests collide. Such stamps are no message identifiers, which is what the standard wants them to be; so only stamps that
//! are get an answer. That makes the attack harder, not impossible.

use md5::{Digest, Md5};
use zeroize::Zeroizing;

use crate::protocol::sasl::{Credentials, Octets};

/// The stamp in a greeting: `<local@host>` in printable ASCII. None: there is none, or it is none that an honest server sends.
pub fn stamp(greeting: &str) -> Option<String> {
    let start = greeting.find('<')?;
    let rest = greeting.get(start..)?;
    let stamp = rest.get(..=rest.find('>')?)?;
    let (local, host) = stamp.trim_matches(['<', '>']).split_once('@')?;
    let is_word = |text: &str| {
        !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_graphic() && !b"<>@()[],;:\\\"".contains(&octet))
    };
    (is_word(local) && is_word(host)).then(|| stamp.to_owned())
}

/// The command, without its line end.
pub fn command(stamp: &str, credentials: &Credentials) -> Octets {
    let secret = Zeroizing::new(format!("{stamp}{}", &*credentials.password));
    let digest: String = Md5::digest(secret.as_bytes()).iter().map(|octet| format!("{octet:02x}")).collect();
    Zeroizing::new(format!("APOP {} {digest}", credentials.user).into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apop_as_in_rfc_1939() {
        let credentials = Credentials { user: "mrose".into(), password: Zeroizing::new("tanstaaf".into()) };
        let said = command("<1896.697170952@dbc.mtview.ca.us>", &credentials);
        assert_eq!(String::from_utf8_lossy(&said), "APOP mrose c4c9334bac560ecc979e58001b3e22fb");
    }

    #[test]
    fn only_a_message_identifier_is_a_stamp() {
        let cases = [
            ("POP3 server ready <1896.697170952@dbc.mtview.ca.us>", Some("<1896.697170952@dbc.mtview.ca.us>")),
            ("<1.2@localhost> hello <3.4@other>", Some("<1.2@localhost>")),
            ("The Microsoft Exchange POP3 service is ready. [TABQADUA]", None),
            ("hello <nobody>", None),
            ("hello <@host>", None),
            ("hello <a@b@c>", None),
            ("hello <a\u{80}@host>", None),
            ("hello <a b@host>", None),
            ("hello <a@host", None),
            ("", None),
        ];
        for (greeting, expected) in cases {
            assert_eq!(stamp(greeting).as_deref(), expected, "{greeting}");
        }
    }
}
