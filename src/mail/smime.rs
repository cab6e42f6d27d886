//! S/MIME in one piece (`smime.p7m`, RFC 8551 §3.4.2): is it signed only, and then what does it say?
//!
//! Nothing is checked and nothing is decrypted here: the content of a signed message lies in the open between a few headers of
//! the encoding (BER, X.690), which are walked through down to a fixed depth.

/// What such a part is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sealed {
    /// Signed, with the MIME part that was signed.
    Signed(Vec<u8>),
    Encrypted,
    /// Compressed, a bundle of certificates, or nothing that can be read.
    Other,
}

/// Elements inside each other that are looked into. A signed message needs six.
const MAX_DEPTH: usize = 16;

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
const OCTET_STRING: u8 = 0x04;
const CONSTRUCTED: u8 = 0x20;
/// `[0] EXPLICIT`.
const CONTENT: u8 = 0xA0;

/// 1.2.840.113549.1.7, and behind it 1 data, 2 signed, 3 enveloped.
const PKCS_7: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07];
/// 1.2.840.113549.1.9.16.1.23, enveloped with a check of its own (RFC 5083).
const AUTH_ENVELOPED: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x10, 0x01, 0x17];

/// Looks into a part. Total.
pub fn look(bytes: &[u8]) -> Sealed {
    let Some((kind, content)) = content_info(bytes) else { return Sealed::Other };
    match kind.strip_prefix(PKCS_7) {
        Some([2]) => signed(content).map_or(Sealed::Other, Sealed::Signed),
        Some([3]) => Sealed::Encrypted,
        _ if kind == AUTH_ENVELOPED => Sealed::Encrypted,
        _ => Sealed::Other,
    }
}

/// `ContentInfo` (RFC 5652 §3): what it is, and the element that it holds.
fn content_info(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = expect(bytes, SEQUENCE)?.0;
    let (kind, rest) = expect(inside, OBJECT_IDENTIFIER)?;
    Some((kind, expect(rest, CONTENT)?.0))
}

/// `SignedData` (RFC 5652 §5.1): version, digests, and then what is signed.
fn signed(bytes: &[u8]) -> Option<Vec<u8>> {
    let inside = expect(bytes, SEQUENCE)?.0;
    let version = element(inside, 0)?;
    let digests = element(version.rest, 0)?;
    let (wrapped, _) = expect(digests.rest, SEQUENCE)?;
    let (_, rest) = expect(wrapped, OBJECT_IDENTIFIER)?;
    let (content, _) = expect(rest, CONTENT)?;
    let mut out = Vec::new();
    octets(content, 0, &mut out)?;
    Some(out).filter(|out| !out.is_empty())
}

/// An octet string, in one piece or in many (X.690 §8.7).
fn octets(bytes: &[u8], depth: usize, out: &mut Vec<u8>) -> Option<()> {
    let found = element(bytes, depth)?;
    match found.tag {
        OCTET_STRING => out.extend_from_slice(found.content),
        tag if tag == OCTET_STRING | CONSTRUCTED && depth < MAX_DEPTH => {
            let mut rest = found.content;
            while !rest.is_empty() {
                let piece = element(rest, depth + 1)?;
                octets(rest, depth + 1, out)?;
                rest = piece.rest;
            }
        }
        _ => return None,
    }
    Some(())
}

struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    /// What follows it.
    rest: &'a [u8],
}

/// Content of the element with that tag at the beginning, and what follows it.
fn expect(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let found = element(bytes, 0)?;
    (found.tag == tag).then_some((found.content, found.rest))
}

/// The element at the beginning. One that was cut off reaches to the end.
fn element(bytes: &[u8], depth: usize) -> Option<Element<'_>> {
    let (&tag, rest) = bytes.split_first()?;
    if tag & 0x1F == 0x1F || depth > MAX_DEPTH {
        return None; // tags of several octets do not occur here
    }
    let (&first, rest) = rest.split_first()?;
    let length = match first {
        0x80 => return endless(tag, rest, depth),
        0..=0x7F => usize::from(first),
        _ => {
            let (digits, after) = rest.split_at_checked(usize::from(first & 0x7F))?;
            if digits.len() > 8 {
                return None;
            }
            let length = digits.iter().fold(0u64, |length, digit| length << 8 | u64::from(*digit));
            let length = usize::try_from(length).ok()?.min(after.len());
            let (content, rest) = after.split_at_checked(length)?;
            return Some(Element { tag, content, rest });
        }
    };
    let (content, rest) = rest.split_at_checked(length.min(rest.len()))?;
    Some(Element { tag, content, rest })
}

/// An element without a length, which two zeros end (X.690 §8.1.3.6).
fn endless(tag: u8, bytes: &[u8], depth: usize) -> Option<Element<'_>> {
    if tag & CONSTRUCTED == 0 {
        return None;
    }
    let mut rest = bytes;
    loop {
        let length = bytes.len() - rest.len();
        if rest.is_empty() || rest.starts_with(&[0, 0]) {
            let content = bytes.get(..length)?;
            return Some(Element { tag, content, rest: rest.get(2..).unwrap_or_default() });
        }
        rest = element(rest, depth + 1)?.rest;
    }
}

#[cfg(test)]
pub mod samples {
    //! Signed messages of the tests' own making; their signatures are left out, since nobody looks at them.

    fn definite(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x84][..], &length, content].concat()
    }

    fn endless(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, 0x80], content, &[0, 0]].concat()
    }

    fn identifier(last: u8) -> Vec<u8> {
        definite(super::OBJECT_IDENTIFIER, &[super::PKCS_7, &[last]].concat())
    }

    pub fn signed(content: &[u8]) -> Vec<u8> {
        wrap(definite, 2, definite(super::OCTET_STRING, content))
    }

    /// As programs write that do not know yet how long it will be.
    pub fn signed_in_pieces(content: &[u8]) -> Vec<u8> {
        let pieces: Vec<u8> = content.chunks(7).flat_map(|piece| definite(super::OCTET_STRING, piece)).collect();
        wrap(endless, 2, endless(0x24, &pieces))
    }

    pub fn encrypted() -> Vec<u8> {
        wrap(definite, 3, definite(super::OCTET_STRING, b"????"))
    }

    fn wrap(element: fn(u8, &[u8]) -> Vec<u8>, kind: u8, octets: Vec<u8>) -> Vec<u8> {
        let inner = element(0x30, &[identifier(1), element(0xA0, &octets)].concat());
        let data = element(0x30, &[vec![2, 1, 1], element(0x31, &[]), inner, element(0x31, &[])].concat());
        element(0x30, &[identifier(kind), element(0xA0, &data)].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MESSAGE: &[u8] = b"Content-Type: text/plain\r\n\r\nSigned words.\r\n";

    #[test]
    fn what_is_signed_is_found_and_what_is_encrypted_is_known() {
        assert_eq!(look(&samples::signed(MESSAGE)), Sealed::Signed(MESSAGE.to_vec()));
        assert_eq!(look(&samples::signed_in_pieces(MESSAGE)), Sealed::Signed(MESSAGE.to_vec()));
        assert_eq!(look(&samples::encrypted()), Sealed::Encrypted);
        assert_eq!(look(b""), Sealed::Other);
        assert_eq!(look(MESSAGE), Sealed::Other);
    }

    #[test]
    fn elements_within_each_other_are_followed_a_few_levels() {
        for bomb in [[0x30, 0x80].repeat(500_000), [0x24, 0x80].repeat(500_000), vec![0x30; 1_000_000]] {
            assert_eq!(look(&bomb), Sealed::Other);
        }
    }

    proptest! {
        #[test]
        fn no_damage_brings_it_down(at in 0usize..200, octet in any::<u8>(), cut in 0usize..200) {
            for mut bytes in [samples::signed(MESSAGE), samples::signed_in_pieces(MESSAGE)] {
                let at = at % bytes.len();
                bytes[at] = octet;
                bytes.truncate(cut);
                if let Sealed::Signed(content) = look(&bytes) {
                    prop_assert!(content.len() <= bytes.len());
                }
            }
        }
    }
}
