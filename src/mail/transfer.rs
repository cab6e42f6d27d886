//! Content-Transfer-Encoding (RFC 2045 §6): what the octets of a part are, once the encoding is taken off.

use std::borrow::Cow;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    #[default]
    Identity,
    Base64,
    QuotedPrintable,
    Uuencode,
}

impl Encoding {
    /// Reads the field's value; what it does not know is identity.
    pub fn from_field(value: &str) -> Self {
        let word: String = value.chars().filter(|c| !matches!(c, '"' | '\'' | ' ' | '\t' | ';')).collect();
        match word.to_ascii_lowercase().as_str() {
            "base64" | "base-64" | "b" => Self::Base64,
            "quoted-printable" | "quotedprintable" | "q" => Self::QuotedPrintable,
            "x-uuencode" | "uuencode" | "x-uue" | "uue" => Self::Uuencode,
            _ => Self::Identity,
        }
    }

    /// Takes the encoding off. Total: what does not decode stays as it is. The flag says that something was wrong.
    pub fn decode(self, bytes: &[u8]) -> (Cow<'_, [u8]>, bool) {
        match self {
            Self::Identity => (Cow::Borrowed(bytes), false),
            Self::Base64 => base64_body(bytes),
            Self::QuotedPrintable => (Cow::Owned(quoted_printable(bytes)), false),
            Self::Uuencode => match uudecode(bytes) {
                Some(decoded) => (Cow::Owned(decoded), false),
                None => (Cow::Borrowed(bytes), true),
            },
        }
    }
}

/// A body that is said to be base64. A footer that a mailing list put below it is kept as the plain text that it is, and a
/// body that is no base64 at all is returned as it stands.
fn base64_body(bytes: &[u8]) -> (Cow<'_, [u8]>, bool) {
    let (encoded, rest) = bytes.split_at_checked(base64_end(bytes)).unwrap_or((bytes, &[]));
    if rest.is_empty() {
        return (Cow::Owned(base64(encoded)), false);
    }
    let odd = rest.iter().filter(|&&b| sextet(b).is_none() && !b.is_ascii_whitespace() && b != b'=').count();
    let has_words = rest.trim_ascii().windows(3).any(|w| matches!(w, [a, b' ', c] if *a > b' ' && *c > b' '));
    if odd * 20 <= rest.len() && !has_words && !rest.starts_with(b" ") {
        return (Cow::Owned(base64(bytes)), odd > 0); // a few stray octets in what else is base64
    }
    let is_complete = encoded.trim_ascii_end().ends_with(b"=") && encoded.len() >= 8;
    if rest.len() > encoded.len() && !is_complete {
        return (Cow::Borrowed(bytes), true);
    }
    let mut decoded = base64(encoded);
    decoded.extend_from_slice(rest);
    (Cow::Owned(decoded), true)
}

/// Where the lines of base64 end: behind the padding, if text follows it on the same line.
fn base64_end(bytes: &[u8]) -> usize {
    let mut end = 0;
    for line in bytes.split_inclusive(|&b| b == b'\n') {
        if !is_base64(line.trim_ascii()) {
            let word = line.split(|b| *b == b' ').next().unwrap_or_default();
            let is_last = word.ends_with(b"=") && word.len().is_multiple_of(4) && is_base64(word);
            return end + if is_last { word.len() } else { 0 };
        }
        end += line.len();
    }
    end
}

fn is_base64(text: &[u8]) -> bool {
    text.iter().all(|&b| b == b'=' || sextet(b).is_some())
}

/// Decodes base64 (RFC 4648 §4), forgiving: other octets are passed over, missing padding is no loss, and padding in the
/// middle begins anew, as where two encoded texts were joined.
pub fn base64(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() / 4 * 3 + 3);
    let (mut bits, mut count) = (0u32, 0u32);
    for &octet in bytes {
        if let Some(value) = sextet(octet) {
            bits = bits << 6 | u32::from(value);
            count += 1;
            if count == 4 {
                out.extend_from_slice(&bits.to_be_bytes()[1..]);
                (bits, count) = (0, 0);
            }
        } else if octet == b'=' && count > 0 {
            flush_quantum(&mut out, bits, count);
            (bits, count) = (0, 0);
        }
    }
    flush_quantum(&mut out, bits, count);
    out
}

/// The octets of an unfinished quantum of two or three digits.
fn flush_quantum(out: &mut Vec<u8>, bits: u32, count: u32) {
    match count {
        2 => out.extend((bits >> 4).to_be_bytes().last()),
        3 => out.extend_from_slice(&(bits >> 2).to_be_bytes()[2..]),
        _ => (),
    }
}

fn sextet(octet: u8) -> Option<u8> {
    match octet {
        b'A'..=b'Z' => Some(octet - b'A'),
        b'a'..=b'z' => Some(octet - b'a' + 26),
        b'0'..=b'9' => Some(octet - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

/// Decodes quoted-printable (RFC 2045 §6.7), forgiving: an equals sign that begins nothing stays.
fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|&b| b == b'\n') {
        let end = line.iter().rposition(|b| !matches!(b, b' ' | b'\t' | b'\r' | b'\n')).map_or(0, |at| at + 1);
        let (content, blanks) = line.split_at_checked(end).unwrap_or((line, &[]));
        let soft = content.ends_with(b"=") && (blanks.contains(&b'\n') || blanks.is_empty());
        unescape_into(&mut out, if soft { content.strip_suffix(b"=").unwrap_or(content) } else { content });
        if !soft {
            let line_end = blanks.iter().position(|b| matches!(b, b'\r' | b'\n')).unwrap_or(blanks.len());
            out.extend_from_slice(blanks.get(line_end..).unwrap_or_default());
        }
    }
    out
}

/// Replaces `=XX` by the octet; everything else stays.
pub fn unescape_into(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|&b| b == b'=') {
        let (plain, escape) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        out.extend_from_slice(plain);
        match escape {
            [_, high, low, tail @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                out.push(hex(*high) << 4 | hex(*low));
                rest = tail;
            }
            [equals, tail @ ..] => {
                out.push(*equals);
                rest = tail;
            }
            [] => return,
        }
    }
    out.extend_from_slice(rest);
}

pub fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        b'A'..=b'F' => digit - b'A' + 10,
        _ => 0,
    }
}

/// The first file of a uuencoded text; None where there is no `begin` line.
fn uudecode(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut lines = bytes.split(|&b| b == b'\n').map(<[u8]>::trim_ascii_end);
    lines.find(|line| line.starts_with(b"begin "))?;
    let mut out = Vec::with_capacity(bytes.len() / 4 * 3);
    for line in lines {
        let Some((length, digits)) = line.split_first() else { continue };
        if line == b"end" {
            break;
        }
        let wanted = out.len() + usize::from(length.wrapping_sub(b' ') & 63);
        for four in digits.chunks(4) {
            let bits = (0..4).fold(0u32, |bits, at| {
                let digit = four.get(at).copied().unwrap_or(b' ');
                bits << 6 | u32::from(digit.wrapping_sub(b' ') & 63)
            });
            out.extend_from_slice(&bits.to_be_bytes()[1..]);
        }
        out.truncate(wanted);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(encoding: &str, encoded: &str, decoded: &str) {
        let (bytes, _) = Encoding::from_field(encoding).decode(encoded.as_bytes());
        assert_eq!(String::from_utf8_lossy(&bytes), decoded, "{encoding}: {encoded:?}");
    }

    #[test]
    fn base64_is_read_with_all_its_usual_damages() {
        check("base64", "SGVsbG8=", "Hello");
        check("BASE64 ", "SGVsbG8", "Hello");
        check("base64", "SGVs\r\nbG8h\r\n", "Hello!");
        check("base64", "SGVsbG8=\r\nSGVsbG8=\r\n", "HelloHello");
        check("base64", "SGVsbG8gV29ybGQhIEhlbGxvIFdvcmxkISBIZWxsbw*==", "Hello World! Hello World! Hello");
        check("base64", "", "");
    }

    #[test]
    fn what_is_no_base64_stays_as_it_is() {
        check("base64", "This is plain text, mislabelled.\r\n", "This is plain text, mislabelled.\r\n");
        check(
            "base64",
            "SGVsbG8gV29ybGQhSGVsbG8gV29ybGQh\r\n_____\r\na list\r\n",
            "Hello World!Hello World!_____\r\na list\r\n",
        );
        check("base64", "SGVsbG8gV29ybGQ= and so on, and so on\n", "Hello World and so on, and so on\n");
    }

    #[test]
    fn quoted_printable_is_read_with_all_its_usual_damages() {
        check("quoted-printable", "Gr=C3=BC=c3=9fe", "Grüße");
        check("quoted-printable", "soft=\r\nbreak =  \r\nhere", "softbreak here");
        check("quoted-printable", "trailing   \r\nblanks\t\n", "trailing\r\nblanks\n");
        check("quoted-printable", "50=% =ZZ ==41 end=", "50=% =ZZ =A end");
        check("\"quoted-printable\";", "=20", " ");
    }

    #[test]
    fn uuencoded_parts_are_read() {
        check("x-uuencode", "begin 644 a.txt\n%2&5L;&\\\n`\nend\n", "Hello");
        check("x-uuencode", "no file", "no file");
    }
}
