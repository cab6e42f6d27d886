//! What a server needs of SASL: base64 (RFC 4648 §4) and the PLAIN message (RFC 4616).

/// The name and password that a person of the demonstration has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    pub user: String,
    pub password: String,
}

impl Credentials {
    /// Whether these are they. The name may come with any letter case, the password may not.
    pub fn are(&self, user: &[u8], password: &[u8]) -> bool {
        self.user.as_bytes().eq_ignore_ascii_case(user) && self.password.as_bytes() == password
    }

    /// Whether a PLAIN message, in base64, carries them. An identity to act as must be empty or the user's own.
    pub fn are_in_plain(&self, encoded: &[u8]) -> bool {
        let Some(message) = decode(encoded) else { return false };
        let fields: Vec<&[u8]> = message.split(|byte| *byte == 0).collect();
        match fields.as_slice() {
            [acting_as, user, password] => {
                (acting_as.is_empty() || acting_as.eq_ignore_ascii_case(user)) && self.are(user, password)
            }
            _ => false,
        }
    }
}

/// None: it is no base64. `=` alone is the empty text, as an initial response says it (RFC 4954 §4).
pub fn decode(encoded: &[u8]) -> Option<Vec<u8>> {
    if encoded == b"=" {
        return Some(Vec::new());
    }
    if !encoded.len().is_multiple_of(4) {
        return None;
    }
    let padding = encoded.iter().rev().take_while(|byte| **byte == b'=').count();
    let digits = encoded.get(..encoded.len() - padding).filter(|_| padding <= 2)?;
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for digit in digits {
        bits = bits << 6 | u32::from(value_of(*digit)?);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xFF).ok()?);
        }
    }
    Some(bytes)
}

fn value_of(digit: u8) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_decoded_or_refused() {
        for (encoded, decoded) in [
            ("", Some("")),
            ("=", Some("")),
            ("TQ==", Some("M")),
            ("TWE=", Some("Ma")),
            ("TWFs", Some("Mal")),
            ("TWFsb3Rl", Some("Malote")),
            ("TWF", None),
            ("T===", None),
            ("T!Fs", None),
            ("====", None),
        ] {
            assert_eq!(decode(encoded.as_bytes()), decoded.map(|text| text.as_bytes().to_vec()), "{encoded}");
        }
    }

    #[test]
    fn plain_carries_exactly_the_credentials() {
        let credentials = Credentials { user: "ana".into(), password: "pouch".into() };
        for (encoded, right) in [
            ("AGFuYQBwb3VjaA==", true),      // \0ana\0pouch
            ("YW5hAGFuYQBwb3VjaA==", true),  // ana\0ana\0pouch
            ("Ym9iAGFuYQBwb3VjaA==", false), // bob\0ana\0pouch
            ("AGFuYQBQb3VjaA==", false),     // \0ana\0Pouch
            ("YW5hAHBvdWNo", false),         // ana\0pouch
            ("AGFuYQBwb3VjaABtb3Jl", false), // \0ana\0pouch\0more
            ("not base64", false),
        ] {
            assert_eq!(credentials.are_in_plain(encoded.as_bytes()), right, "{encoded}");
        }
    }
}
