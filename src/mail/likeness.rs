//! Whether two messages are one that went different ways: other line ends, and fields that servers and other programs write
//! into the header of what they keep. Octets go in as they come, so that a message of a gigabyte needs no memory.

use sha2::{Digest, Sha256};

use super::header::SERVERS_FIELDS;

/// What other mail programs write into what they store.
const PROGRAMS_FIELDS: [&str; 4] = ["X-Account-Key", "X-Mozilla-Status", "X-Mozilla-Status2", "X-Mozilla-Keys"];

/// Octets of a header line that are looked at before it counts as it is.
const LINE_BYTES: usize = 64 * 1024;

/// Takes the octets of a message; equal for messages that are alike.
#[derive(Debug, Default)]
pub struct Likeness {
    hash: Sha256,
    is_body: bool,
    line: Vec<u8>,
    skips: bool,
    /// CR and LF at the end so far, which count only if something follows them.
    pending: Ends,
}

#[derive(Debug, Default)]
struct Ends {
    lines: u64,
    cr: bool,
}

impl Likeness {
    /// Of octets that are here whole.
    pub fn of(octets: &[u8]) -> [u8; 32] {
        let mut likeness = Self::default();
        likeness.feed(octets);
        likeness.finish()
    }

    pub fn feed(&mut self, octets: &[u8]) {
        let mut rest = octets;
        while !self.is_body && !rest.is_empty() {
            let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
            let (line, after) = rest.split_at(length);
            self.line.extend_from_slice(line);
            if line.ends_with(b"\n") || self.line.len() > LINE_BYTES {
                self.header_line();
            }
            rest = after;
        }
        self.count(rest);
    }

    pub fn finish(mut self) -> [u8; 32] {
        self.header_line();
        if self.pending.cr {
            self.hash.update(b"\r");
        }
        self.hash.finalize().into()
    }

    fn header_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let text = line.trim_ascii_end();
        if text.is_empty() {
            self.is_body |= !line.is_empty();
            self.skips = false;
        } else if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            let name = text.split(|&octet| octet == b':').next().unwrap_or_default().trim_ascii_end();
            let mut fields = SERVERS_FIELDS.iter().chain(&PROGRAMS_FIELDS);
            self.skips = fields.any(|field| name.eq_ignore_ascii_case(field.as_bytes()));
        }
        if !self.skips {
            self.count(&line);
        }
    }

    fn count(&mut self, octets: &[u8]) {
        for part in octets.split_inclusive(|&octet| octet == b'\n') {
            let (text, ends) = match part.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (part, false),
            };
            // A CR that ended the last piece belongs to the LF that begins this one.
            if self.pending.cr && !(text.is_empty() && ends) {
                self.write(b"\r");
            }
            self.pending.cr = false;
            let (text, cr) = match text.strip_suffix(b"\r") {
                Some(text) => (text, true),
                None => (text, false),
            };
            if !text.is_empty() {
                self.write(text);
            }
            if ends {
                self.pending.lines += 1;
            } else {
                self.pending.cr = cr;
            }
        }
    }

    fn write(&mut self, text: &[u8]) {
        for _ in 0..std::mem::take(&mut self.pending.lines) {
            self.hash.update(b"\n");
        }
        self.hash.update(text);
    }
}

/// Octets that a message takes on the line, where every line ends with CR LF (RFC 1939 §3): what a server is likely to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct WireSize {
    bytes: u64,
    last: u8,
}

impl WireSize {
    pub fn feed(&mut self, octets: &[u8]) {
        let mut last = self.last;
        for line in octets.split_inclusive(|&octet| octet == b'\n') {
            let before = match line {
                [.., before, b'\n'] => Some(*before),
                [b'\n'] => Some(last),
                _ => None,
            };
            self.bytes += line.len() as u64 + u64::from(before.is_some_and(|before| before != b'\r'));
            last = line.last().copied().unwrap_or(last);
        }
        self.last = last;
    }

    pub fn bytes(self) -> u64 {
        let is_unended = self.bytes > 0 && self.last != b'\n';
        self.bytes + if is_unended { 2 } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_like_itself_whichever_way_it_went() {
        let wire = b"Subject: a\r\n b\r\nX-UIDL: 7\r\n\r\nText\r\n\r\nmore\r\n";
        let alike: [&[u8]; 4] = [
            b"Subject: a\n b\n\nText\n\nmore\n",
            b"X-Mozilla-Status: 0001\nSubject: a\n b\nStatus: RO\n\nText\n\nmore",
            b"Subject: a\r\n b\r\nX-UIDL: 8\r\n folded\r\n\r\nText\r\n\r\nmore\r\n\r\n\r\n",
            b"Subject: a\n b\r\nx-account-KEY: account1\n\nText\r\n\nmore\n",
        ];
        for other in alike {
            assert_eq!(Likeness::of(other), Likeness::of(wire), "{}", String::from_utf8_lossy(other));
        }
        let unlike: [&[u8]; 5] = [
            b"Subject: a\n c\n\nText\n\nmore\n",
            b"Subject: a\n b\n\nText\nmore\n",
            b"Subject: a\n b\n\nX-UIDL: 7\nText\n\nmore\n",
            b"Subject: a\n b\n\nText\r\r\n\nmore\n",
            b"",
        ];
        for other in unlike {
            assert_ne!(Likeness::of(other), Likeness::of(wire), "{}", String::from_utf8_lossy(other));
        }
    }

    #[test]
    fn pieces_make_no_difference() {
        let octets = b"A: b\r\nX-UIDL: 7\r\n\r\nText\r\rx\r\n\n\r\nmore\r";
        for piece in 1..8 {
            let mut likeness = Likeness::default();
            octets.chunks(piece).for_each(|octets| likeness.feed(octets));
            assert_eq!(likeness.finish(), Likeness::of(octets), "{piece}");
            let mut size = WireSize::default();
            octets.chunks(piece).for_each(|octets| size.feed(octets));
            assert_eq!(size.bytes(), octets.len() as u64 + 3, "{piece}");
        }
    }

    #[test]
    fn the_size_on_the_line_has_two_octets_for_each_line_end() {
        for (octets, expected) in [("", 0), ("a", 3), ("a\n", 3), ("a\r\n", 3), ("\n\n", 4), ("a\n\nb\r\n", 8)] {
            let mut size = WireSize::default();
            size.feed(octets.as_bytes());
            assert_eq!(size.bytes(), expected, "{octets:?}");
        }
    }
}
