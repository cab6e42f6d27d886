//! Octets of a stream to lines and to dot-stuffed bodies (RFC 1939 §3).

/// Collects octets until they are a line or a stretch of a body.
#[derive(Debug, Default)]
pub struct LineBuffer {
    bytes: Vec<u8>,
    /// Octets at the front that were used up; they are dropped in one go, so that many short lines cost one move.
    used: usize,
}

/// A status or listing line was longer than this and still had no end. RFC 2449 §4 allows 512 octets; some servers write essays.
pub const LINE_LIMIT_BYTES: usize = 16 * 1024;

/// The server sent a line without end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineTooLong;

/// A line without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub bytes: Vec<u8>,
    /// It ended in a bare LF: such a server's bodies may end in `LF . LF`, too.
    pub bare_lf: bool,
}

impl LineBuffer {
    pub fn push(&mut self, bytes: &[u8]) {
        if self.used > 0 {
            self.bytes.drain(..self.used);
            self.used = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    pub fn is_empty(&self) -> bool {
        self.rest().is_empty()
    }

    /// A line, or not yet.
    pub fn line(&mut self) -> Result<Option<Line>, LineTooLong> {
        let rest = self.rest();
        let Some(end) = memchr::memchr(b'\n', rest) else {
            return if rest.len() > LINE_LIMIT_BYTES { Err(LineTooLong) } else { Ok(None) };
        };
        if end > LINE_LIMIT_BYTES {
            return Err(LineTooLong);
        }
        let line = rest.get(..end).unwrap_or_default();
        let line = match line.strip_suffix(b"\r") {
            Some(stripped) => Line { bytes: stripped.to_vec(), bare_lf: false },
            None => Line { bytes: line.to_vec(), bare_lf: true },
        };
        self.used += end + 1;
        Ok(Some(line))
    }

    /// Moves what there is of a body into `out`, unstuffed. True: the body's end was reached.
    pub fn body(&mut self, body: &mut Body, out: &mut Vec<u8>) -> bool {
        let (used, done) = body.unstuff(self.rest(), out);
        self.used += used;
        done
    }

    /// Octets that wait to be read.
    pub fn len(&self) -> usize {
        self.rest().len()
    }

    /// What waits to be read.
    pub fn rest(&self) -> &[u8] {
        self.bytes.get(self.used..).unwrap_or_default()
    }
}

/// Where in a dot-stuffed body the reader stands.
///
/// Lines end in CRLF. Servers that end them in bare LF exist, and so do honest messages with single bare LFs in them; a dot
/// alone between bare LFs ends the body only where that cannot be content: where the server's status line ended in bare LF,
/// or where no CRLF was seen in the body yet.
#[derive(Clone, Debug)]
pub struct Body {
    at: At,
    lf_server: bool,
    saw_crlf: bool,
    last_was_cr: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    LineStart,
    /// After a dot at the start of a line.
    Dot,
    /// After a dot and a CR.
    DotCr,
    Middle,
}

impl Body {
    /// `lf_server`: the status line ended in a bare LF.
    pub fn new(lf_server: bool) -> Self {
        Self { at: At::LineStart, lf_server, saw_crlf: false, last_was_cr: false }
    }

    /// Octets used of `input`, and whether the end was reached.
    fn unstuff(&mut self, input: &[u8], out: &mut Vec<u8>) -> (usize, bool) {
        let mut used = 0;
        while let Some((&byte, rest)) = input.get(used..).and_then(<[u8]>::split_first) {
            match self.at {
                At::LineStart if byte == b'.' => (self.at, used) = (At::Dot, used + 1),
                At::LineStart => self.at = At::Middle,
                At::Dot if byte == b'\r' => (self.at, used) = (At::DotCr, used + 1),
                At::Dot if byte == b'\n' && self.lf_ends_lines() => return (used + 1, true),
                At::Dot => {
                    // Only a stuffed dot is dropped; a server that forgot to stuff `.` before a bare LF keeps it.
                    if byte == b'\n' {
                        out.push(b'.');
                    }
                    (self.at, self.last_was_cr) = (At::Middle, false);
                }
                At::DotCr if byte == b'\n' => return (used + 1, true),
                At::DotCr => {
                    out.push(b'\r');
                    (self.at, self.last_was_cr) = (At::Middle, true);
                }
                At::Middle => match memchr::memchr(b'\n', input.get(used..).unwrap_or_default()) {
                    Some(end) => {
                        let line = input.get(used..=used + end).unwrap_or_default();
                        out.extend_from_slice(line);
                        let before = line.len().checked_sub(2).and_then(|i| line.get(i));
                        let crlf = before.map_or(self.last_was_cr, |&b| b == b'\r');
                        self.saw_crlf |= crlf;
                        self.last_was_cr = false;
                        if crlf || self.lf_ends_lines() {
                            self.at = At::LineStart;
                        }
                        used += line.len();
                    }
                    None => {
                        out.push(byte);
                        out.extend_from_slice(rest);
                        self.last_was_cr = rest.last().unwrap_or(&byte) == &b'\r';
                        used = input.len();
                    }
                },
            }
        }
        (used, false)
    }

    fn lf_ends_lines(&self) -> bool {
        self.lf_server || !self.saw_crlf
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `wire` whole and byte by byte: the same body and the same rest must come out.
    fn check(lf_server: bool, wire: &str, expected: Option<&str>, rest: &str) {
        for piece in [wire.len().max(1), 1, 2, 3] {
            let (mut buffer, mut body, mut out, mut done) =
                (LineBuffer::default(), Body::new(lf_server), Vec::new(), false);
            for bytes in wire.as_bytes().chunks(piece) {
                buffer.push(bytes);
                done = done || buffer.body(&mut body, &mut out);
            }
            assert_eq!(done, expected.is_some(), "{wire:?} in pieces of {piece}");
            if let Some(expected) = expected {
                assert_eq!(String::from_utf8_lossy(&out), expected, "{wire:?} in pieces of {piece}");
                assert_eq!(String::from_utf8_lossy(buffer.rest()), rest);
            }
        }
    }

    #[test]
    fn bodies_lose_their_stuffing_and_nothing_else() {
        let cases = [
            (".\r\n", Some(""), ""),
            ("a\r\n.\r\n+OK", Some("a\r\n"), "+OK"),
            ("..\r\n..a\r\n...\r\n.\r\n", Some(".\r\n.a\r\n..\r\n"), ""),
            ("\r\n\r\n.\r\n", Some("\r\n\r\n"), ""),
            ("a\r\r\n.\r\n", Some("a\r\r\n"), ""),
            ("a\0bé\r\n.\r\n", Some("a\0bé\r\n"), ""),
            ("a.\r\n.b\r\n.\r\n", Some("a.\r\nb\r\n"), ""),
            ("a\r\n.\rb\r\n.\r\n", Some("a\r\n\rb\r\n"), ""),
        ];
        for (wire, expected, rest) in cases {
            check(false, wire, expected, rest);
        }
    }

    #[test]
    fn a_dot_between_bare_line_feeds_is_content_once_the_body_has_proper_line_ends() {
        check(false, "a\r\nb\n.\nc\n.\r\n\r\n.\r\n", Some("a\r\nb\n.\nc\n.\r\n\r\n"), "");
        check(false, "a\r\n.\nb\r\n.\r\n", Some("a\r\n.\nb\r\n"), "");
    }

    #[test]
    fn a_server_that_knows_only_line_feeds_is_understood() {
        check(true, "a\n..b\n.\n+OK", Some("a\n.b\n"), "+OK");
        check(false, "a\nb\n.\r\n", Some("a\nb\n"), "");
        check(false, "a\nb\n.\n", Some("a\nb\n"), "");
    }

    #[test]
    fn a_body_without_its_end_never_ends() {
        for wire in ["", "a\r\n", "a\r\n.", "a\r\n.\r", "a.\r\n", "..\r\n"] {
            check(false, wire, None, "");
        }
    }

    #[test]
    fn lines_come_one_by_one_and_say_how_they_ended() {
        let mut buffer = LineBuffer::default();
        buffer.push(b"+OK hi\r\n+OK\nhalf");
        assert_eq!(buffer.line(), Ok(Some(Line { bytes: b"+OK hi".to_vec(), bare_lf: false })));
        assert_eq!(buffer.line(), Ok(Some(Line { bytes: b"+OK".to_vec(), bare_lf: true })));
        assert_eq!(buffer.line(), Ok(None));
        assert!(!buffer.is_empty());
    }

    #[test]
    fn an_endless_line_is_cut_off() {
        let mut buffer = LineBuffer::default();
        buffer.push(&[b'x'; LINE_LIMIT_BYTES]);
        assert_eq!(buffer.line(), Ok(None));
        buffer.push(b"xx");
        assert_eq!(buffer.line(), Err(LineTooLong));
    }
}
