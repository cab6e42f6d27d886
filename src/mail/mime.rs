//! The MIME tree of a message (RFC 2046), read in one pass over its lines.
//!
//! The walk is ours because mail-parser's cannot be trusted with hostile mail: it drops nested messages recursively, which
//! ends the process on a deep one, and takes a delimiter for one in the middle of a line. Here a nested message is a leaf,
//! depth and number of parts are limited, and a delimiter is a whole line. Charsets and dates stay mail-parser's.

use std::borrow::Cow;

use super::header::{self, Header};
use super::param::{self, Value};
use super::transfer::Encoding;

/// Multiparts inside each other that are taken apart. Honest mail stays below ten; what lies deeper is shown as source.
pub const MAX_DEPTH: usize = 50;
/// Parts that are looked at. Ten thousand attachments are more than any person sends; the rest is passed over with a warning.
pub const MAX_PARTS: usize = 10_000;

/// A node of the tree.
#[derive(Debug, Default)]
pub struct Part<'a> {
    /// Where its header begins in the message.
    pub start: usize,
    /// Where its body begins in the message; of a leaf, where [`Self::body`] does.
    pub body_start: usize,
    pub header: Header<'a>,
    pub content_type: Value,
    pub disposition: Value,
    pub encoding: Encoding,
    /// Octets as received, without the line end that belongs to the following delimiter.
    pub body: &'a [u8],
    /// Empty for a leaf.
    pub children: Vec<Part<'a>>,
}

impl Part<'_> {
    pub fn is(&self, content_type: &str) -> bool {
        self.content_type.value == content_type
    }

    pub fn is_multipart(&self) -> bool {
        self.content_type.value.starts_with("multipart/")
    }

    /// Where a leaf ends in the message.
    pub fn end(&self) -> usize {
        self.body_start + self.body.len()
    }

    /// The octets without their transfer encoding; the flag says that something was wrong with it.
    pub fn decoded(&self) -> (Cow<'_, [u8]>, bool) {
        self.encoding.decode(self.body)
    }

    /// Name as the sender gave it: of the disposition, else of the type.
    pub fn name(&self) -> Option<&str> {
        let name = |value| Value::param(value, "filename").or_else(|| Value::param(value, "name"));
        [name(&self.disposition), name(&self.content_type)].into_iter().flatten().find(|name| !name.trim().is_empty())
    }
}

/// A whole message, taken apart.
#[derive(Debug, Default)]
pub struct Tree<'a> {
    pub root: Part<'a>,
    /// A delimiter is missing, or a header block is broken.
    pub is_damaged: bool,
    pub is_too_deep: bool,
    pub has_too_many_parts: bool,
}

/// Takes `raw` (after [`header::repaired`]) apart. Total.
pub fn read(raw: &[u8]) -> Tree<'_> {
    let mut reader = Reader { raw, ..Reader::default() };
    let (root, _) = reader.part("text/plain", 0);
    Tree {
        root,
        is_damaged: reader.is_damaged,
        is_too_deep: reader.is_too_deep,
        has_too_many_parts: reader.parts >= MAX_PARTS,
    }
}

/// A delimiter line that was met: of the boundary at `level` of the stack, closing it or beginning its next part.
#[derive(Clone, Copy)]
struct Delimiter {
    level: usize,
    closes: bool,
}

#[derive(Default)]
struct Reader<'a> {
    raw: &'a [u8],
    at: usize,
    /// Boundaries of the multiparts around the current line, outermost first.
    boundaries: Vec<Vec<u8>>,
    parts: usize,
    /// Times that a missing boundary was looked for, each of which reads the whole rest.
    guesses: usize,
    is_damaged: bool,
    is_too_deep: bool,
}

impl<'a> Reader<'a> {
    /// Reads one part from its header to the delimiter that ends it (None: the end of the message). `default_type` is what
    /// it is where it does not say (RFC 2046 §5.1.5: a message inside a digest, else text).
    fn part(&mut self, default_type: &str, depth: usize) -> (Part<'a>, Option<Delimiter>) {
        self.parts += 1;
        let start_of_part = self.at;
        let block = self.raw.get(self.at..).unwrap_or_default();
        let (header, length) = header::read(block, |line| self.delimiter(line).is_some());
        self.is_damaged |= header.is_damaged;
        self.at += length;
        let mut part = Part { start: start_of_part, body_start: self.at, ..described(header, default_type) };
        if !part.is_multipart() {
            let (body, delimiter) = self.body();
            part.body = body;
            return (part, delimiter);
        }
        let start = self.at;
        let boundary = part.content_type.param("boundary").map(|b| b.trim_end().as_bytes().to_vec());
        let boundary = boundary.filter(|b| !b.is_empty()).or_else(|| self.guessed_boundary(start));
        let (Some(boundary), true) = (boundary, depth < MAX_DEPTH) else {
            self.is_too_deep |= depth >= MAX_DEPTH;
            self.is_damaged = true;
            return self.as_text(part);
        };
        let mut delimiter = self.children(&mut part, boundary, depth);
        let is_unseen = part.children.is_empty() && !part.body.is_empty();
        if is_unseen && let Some(other) = self.guessed_boundary(start) {
            self.at = start;
            delimiter = self.children(&mut part, other, depth); // the header names another boundary than the body has
        }
        if part.children.is_empty() {
            self.is_damaged = true;
            part.content_type.value = "text/plain".into(); // what there is, is shown as the text it probably is
        } else {
            part.body = &[];
        }
        (part, delimiter)
    }

    /// Reads the parts between the delimiters of `boundary`, and what stands before them as the body. Returns the delimiter of an outer one that ended it.
    fn children(&mut self, part: &mut Part<'a>, boundary: Vec<u8>, depth: usize) -> Option<Delimiter> {
        let level = self.boundaries.len();
        self.boundaries.push(boundary);
        let default_type = if part.is("multipart/digest") { "message/rfc822" } else { "text/plain" };
        let (preamble, mut delimiter) = self.body();
        part.body = preamble;
        let mut is_closed = false;
        while let Some(found) = delimiter.filter(|found| found.level == level) {
            is_closed |= found.closes;
            delimiter = if found.closes || self.parts >= MAX_PARTS {
                self.body().1 // the epilogue, which nobody is to see (RFC 2046 §5.1.1)
            } else {
                let (child, next) = self.part(default_type, depth + 1);
                part.children.push(child);
                next
            };
        }
        self.is_damaged |= !is_closed;
        self.boundaries.truncate(level);
        delimiter
    }

    /// A multipart that cannot be taken apart, as one text.
    fn as_text(&mut self, mut part: Part<'a>) -> (Part<'a>, Option<Delimiter>) {
        let (body, delimiter) = self.body();
        part.body = body;
        part.content_type.value = "text/plain".into();
        (part, delimiter)
    }

    /// Everything up to the next delimiter, which is passed over.
    fn body(&mut self) -> (&'a [u8], Option<Delimiter>) {
        let start = self.at;
        if self.boundaries.is_empty() {
            self.at = self.raw.len();
            return (self.raw.get(start..).unwrap_or_default(), None);
        }
        while let Some(line) = header::line_at(self.raw, self.at) {
            let line_start = self.at;
            self.at += line.len();
            if let Some(delimiter) = self.delimiter(line) {
                let body = self.raw.get(start..line_start).unwrap_or_default();
                return (without_last_line_end(body, true), Some(delimiter));
            }
        }
        (self.without_glued_end(self.raw.get(start..).unwrap_or_default()), None)
    }

    /// The last part of a message without a closing delimiter that stands at the end of its last line.
    fn without_glued_end(&self, body: &'a [u8]) -> &'a [u8] {
        let glued = |boundary: &Vec<u8>| {
            let rest = body.trim_ascii_end().strip_suffix(b"--")?.strip_suffix(boundary.as_slice())?;
            rest.strip_suffix(b"--")
        };
        self.boundaries.iter().rev().find_map(glued).unwrap_or(body)
    }

    /// Which delimiter the line is, innermost boundary first.
    fn delimiter(&self, line: &[u8]) -> Option<Delimiter> {
        let content = line.strip_prefix(b"--")?.trim_ascii_end();
        for (level, boundary) in self.boundaries.iter().enumerate().rev() {
            match content.strip_prefix(boundary.as_slice()) {
                Some(b"") => return Some(Delimiter { level, closes: false }),
                Some(b"--") => return Some(Delimiter { level, closes: true }),
                _ => (),
            }
        }
        None
    }

    /// The boundary of a multipart that does not name it: the first line that looks like a delimiter and stands there again.
    fn guessed_boundary(&mut self, start: usize) -> Option<Vec<u8>> {
        self.guesses += 1;
        if self.guesses > MAX_GUESSES {
            return None;
        }
        let mut at = start;
        for _ in 0..MAX_GUESS_LINES {
            let line = header::line_at(self.raw, at)?;
            at += line.len();
            let Some(name) = line.strip_prefix(b"--").map(<[u8]>::trim_ascii_end) else { continue };
            if name.is_empty()
                || name.len() > 70
                || name.contains(&b' ')
                || self.boundaries.iter().any(|known| known == name)
            {
                continue;
            }
            let closing = [b"\n--", name, b"--"].concat();
            let rest = self.raw.get(at..)?;
            return rest.windows(closing.len()).any(|w| w == closing).then(|| name.to_vec());
        }
        None
    }
}

/// Lines in which a missing boundary is looked for: a preamble is shorter.
const MAX_GUESS_LINES: usize = 50;
/// Multiparts without boundary in one message for which that is done: honest mail has none, broken mail one.
const MAX_GUESSES: usize = 4;

fn without_last_line_end(body: &[u8], is_delimited: bool) -> &[u8] {
    match body.strip_suffix(b"\n") {
        Some(line) if is_delimited => line.strip_suffix(b"\r").unwrap_or(line),
        _ => body,
    }
}

/// A part of which the header is known and nothing else yet.
fn described<'a>(header: Header<'a>, default_type: &str) -> Part<'a> {
    let read = |name| header.field(name).map(|field| param::read(&field.unfolded(None))).unwrap_or_default();
    let (mut content_type, disposition) = (read("Content-Type"), read("Content-Disposition"));
    let is_type = content_type.value.split_once('/').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty());
    if !is_type {
        // RFC 2045 §5.2: what cannot be read is plain text, but programs write `Content-Type: text` or `pdf`.
        let known = if content_type.value.is_empty() || content_type.value.starts_with("text") {
            default_type
        } else {
            "application/octet-stream"
        };
        content_type.value = known.to_owned();
    }
    let encoding = header
        .field("Content-Transfer-Encoding")
        .map(|field| Encoding::from_field(field.unfolded(None).split('(').next().unwrap_or_default()))
        .unwrap_or_default();
    Part { header, content_type, disposition, encoding, ..Part::default() }
}
