//! Rich text as Outlook wraps it: compressed (MS-OXRTFCP), and mostly an HTML page or a plain text in disguise (MS-OXRTFEX).

use super::charset;

/// Octets of rich text that are unpacked of one message: a long novel.
const MAX_RTF_BYTES: usize = 16 << 20;
/// Groups inside each other that are kept apart; honest text has some twenty.
const MAX_DEPTH: usize = 200;

/// What the decompression begins with (MS-OXRTFCP §2.1.2.1).
const PRELOADED: &[u8; 207] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

/// Unpacks compressed rich text; None where it is none. Total: what is cut off gives what there is.
pub fn decompressed(bytes: &[u8]) -> Option<Vec<u8>> {
    const COMPRESSED: u32 = 0x7546_5A4C;
    const STORED: u32 = 0x414C_454D;
    let word = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let (size, kind) = (word(4)?, word(8)?);
    let size = usize::try_from(size).ok()?.min(MAX_RTF_BYTES);
    let data = bytes.get(16..)?;
    match kind {
        COMPRESSED => Some(expanded(data, size)),
        STORED => Some(data.get(..size.min(data.len())).unwrap_or_default().to_vec()),
        _ => None,
    }
}

fn expanded(data: &[u8], size: usize) -> Vec<u8> {
    let mut window = Window::default();
    let mut out = Vec::with_capacity(size.min(data.len().saturating_mul(4)));
    let mut input = data.iter().copied();
    'all: while let Some(control) = input.next() {
        for bit in 0..8 {
            if out.len() >= size {
                break 'all;
            }
            let Some(first) = input.next() else { break 'all };
            if control >> bit & 1 == 0 {
                window.put(first, &mut out);
                continue;
            }
            let Some(second) = input.next() else { break 'all };
            let reference = usize::from(u16::from_be_bytes([first, second]));
            let (from, length) = (reference >> 4, (reference & 15) + 2);
            if from == window.at {
                break 'all; // a reference to what comes next ends it
            }
            for step in 0..length {
                let octet = window.octets.get((from + step) & Window::MASK).copied().unwrap_or_default();
                window.put(octet, &mut out);
            }
        }
    }
    out.truncate(size);
    out
}

/// The last octets that were unpacked, in a circle.
struct Window {
    octets: [u8; 4096],
    at: usize,
}

impl Default for Window {
    fn default() -> Self {
        let mut octets = [b' '; 4096];
        octets.iter_mut().zip(PRELOADED).for_each(|(slot, octet)| *slot = *octet);
        Self { octets, at: PRELOADED.len() }
    }
}

impl Window {
    const MASK: usize = 4095;

    fn put(&mut self, octet: u8, out: &mut Vec<u8>) {
        if let Some(slot) = self.octets.get_mut(self.at) {
            *slot = octet;
        }
        self.at = (self.at + 1) & Self::MASK;
        out.push(octet);
    }
}

/// What rich text says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It was a page, and is one again.
    Html(String),
    Text(String),
}

/// Reads rich text; None where it is none.
pub fn read(rtf: &[u8]) -> Option<Said> {
    if !rtf.trim_ascii_start().starts_with(b"{\\rtf") {
        return None;
    }
    let head = rtf.get(..rtf.len().min(HEAD_BYTES)).unwrap_or_default();
    let is_page = memchr::memmem::find(head, b"\\fromhtml").is_some();
    let mut reader = Reader { is_page, codepage: 1252, ..Reader::default() };
    reader.read(rtf.get(..rtf.len().min(MAX_RTF_BYTES)).unwrap_or_default());
    reader.flush();
    let text = reader.out;
    Some(if is_page { Said::Html(text) } else { Said::Text(text) })
}

/// Octets in which the mark of a disguised page stands.
const HEAD_BYTES: usize = 1024;

/// What holds within a group.
#[derive(Clone, Copy, Debug)]
struct Group {
    /// A destination that holds no text: fonts, colours, pictures.
    is_skipped: bool,
    /// Within a tag of the disguised page.
    is_tag: bool,
    /// What is there for readers of rich text only.
    is_for_rtf: bool,
    is_fonts: bool,
    font: u32,
    /// Characters that stand for one of `\u`.
    fallback: u32,
}

impl Default for Group {
    fn default() -> Self {
        Self { is_skipped: false, is_tag: false, is_for_rtf: false, is_fonts: false, font: 0, fallback: 1 }
    }
}

#[derive(Default)]
struct Reader {
    is_page: bool,
    codepage: u32,
    /// By the font's number.
    codepages: std::collections::BTreeMap<u32, u32>,
    group: Group,
    stack: Vec<Group>,
    /// Groups that were too deep to be kept.
    deeper: usize,
    /// Octets of an 8-bit charset that wait for the rest of their character.
    pending: Vec<u8>,
    /// Fallback characters that are still to be passed over.
    to_skip: u32,
    /// Behind `\*`: a destination that may be unknown.
    is_starred: bool,
    /// The first half of a surrogate pair.
    high: Option<u16>,
    out: String,
}

impl Reader {
    fn read(&mut self, rtf: &[u8]) {
        let mut rest = rtf;
        while let Some((&octet, tail)) = rest.split_first() {
            rest = tail;
            match octet {
                b'{' => self.open(),
                b'}' => self.close(),
                b'\\' => rest = self.control(tail),
                b'\r' | b'\n' => (),
                _ => self.octet(octet),
            }
        }
    }

    fn open(&mut self) {
        self.flush();
        if self.stack.len() < MAX_DEPTH {
            self.stack.push(self.group)
        } else {
            self.deeper += 1
        }
        self.is_starred = false;
    }

    fn close(&mut self) {
        self.flush();
        match self.deeper {
            0 => self.group = self.stack.pop().unwrap_or_default(),
            _ => self.deeper -= 1,
        }
        self.is_starred = false;
        self.to_skip = 0;
    }

    /// What follows a backslash; returns what is left.
    fn control<'a>(&mut self, rest: &'a [u8]) -> &'a [u8] {
        let letters = rest.iter().take(MAX_WORD).take_while(|octet| octet.is_ascii_alphabetic()).count();
        let (word, tail) = rest.split_at_checked(letters).unwrap_or((rest, &[]));
        if word.is_empty() {
            return self.symbol(rest);
        }
        let sign = usize::from(tail.first() == Some(&b'-'));
        let digits = tail.iter().skip(sign).take(MAX_WORD).take_while(|octet| octet.is_ascii_digit()).count();
        let length = if digits > 0 { sign + digits } else { 0 };
        let (number, tail) = tail.split_at_checked(length).unwrap_or((&[], tail));
        let number = std::str::from_utf8(number).ok().and_then(|number| number.parse::<i64>().ok());
        let tail = tail.strip_prefix(b" ").unwrap_or(tail);
        if word == b"bin" {
            let octets = number.and_then(|count| usize::try_from(count).ok()).unwrap_or_default();
            return tail.get(octets.min(tail.len())..).unwrap_or_default();
        }
        self.word(word, number);
        tail
    }

    fn symbol<'a>(&mut self, rest: &'a [u8]) -> &'a [u8] {
        let Some((&octet, tail)) = rest.split_first() else { return rest };
        match octet {
            b'\'' => {
                let [high, low, after @ ..] = tail else { return tail };
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() {
                    self.octet(super::transfer::hex(*high) << 4 | super::transfer::hex(*low));
                }
                return after;
            }
            b'*' => self.is_starred = true,
            b'\\' | b'{' | b'}' => self.octet(octet),
            b'~' => self.push('\u{A0}'),
            b'_' => self.push('-'),
            b'\r' | b'\n' => self.push('\n'),
            _ => (),
        }
        tail
    }

    fn word(&mut self, word: &[u8], number: Option<i64>) {
        let count = number.and_then(|number| u32::try_from(number).ok());
        let is_on = number != Some(0);
        match word {
            b"htmltag" => {
                self.flush();
                self.group.is_tag = true;
                self.group.is_skipped = !self.is_page;
            }
            b"htmlrtf" => {
                self.flush();
                self.group.is_for_rtf = is_on && self.is_page;
            }
            b"fonttbl" => (self.group.is_skipped, self.group.is_fonts) = (true, true),
            b"colortbl" | b"stylesheet" | b"info" | b"pict" | b"object" | b"header" | b"footer" | b"listtable"
            | b"listoverridetable" | b"rsidtbl" | b"generator" | b"themedata" | b"fldinst" | b"footnote" => {
                self.group.is_skipped = true;
            }
            _ if self.is_starred => self.group.is_skipped = true,
            b"par" | b"line" | b"row" | b"sect" | b"page" => self.push('\n'),
            b"tab" | b"cell" => self.push('\t'),
            b"lquote" => self.push('‘'),
            b"rquote" => self.push('’'),
            b"ldblquote" => self.push('“'),
            b"rdblquote" => self.push('”'),
            b"bullet" => self.push('•'),
            b"endash" => self.push('–'),
            b"emdash" => self.push('—'),
            b"ansicpg" => self.codepage = count.unwrap_or(self.codepage),
            b"f" | b"deff" => {
                self.flush();
                self.group.font = count.unwrap_or_default();
            }
            b"fcharset" if self.group.is_fonts && self.codepages.len() < MAX_FONTS => {
                if let Some(codepage) = count.and_then(codepage_of_font) {
                    self.codepages.insert(self.group.font, codepage);
                }
            }
            b"uc" => self.group.fallback = count.unwrap_or(1).min(16),
            b"u" => self.unicode(number.unwrap_or_default()),
            _ => (),
        }
        self.is_starred = false;
    }

    /// A character by its number, as a signed 16-bit word; its fallback follows.
    fn unicode(&mut self, number: i64) {
        self.flush();
        let unit = u16::try_from(number.rem_euclid(0x1_0000)).unwrap_or_default();
        let c = match (self.high.take(), unit) {
            (_, 0xD800..=0xDBFF) => {
                self.high = Some(unit);
                None
            }
            (Some(high), 0xDC00..=0xDFFF) => char::decode_utf16([high, unit]).next().and_then(Result::ok),
            _ => char::from_u32(u32::from(unit)),
        };
        if let Some(c) = c {
            self.push(c);
        }
        self.to_skip = self.group.fallback;
    }

    fn octet(&mut self, octet: u8) {
        if self.to_skip > 0 {
            self.to_skip -= 1;
        } else if self.is_shown() && self.out.len() + self.pending.len() < MAX_RTF_BYTES {
            self.pending.push(octet);
        }
    }

    fn push(&mut self, c: char) {
        self.flush();
        if self.is_shown() && self.out.len() < MAX_RTF_BYTES {
            self.out.push(c);
        }
    }

    fn is_shown(&self) -> bool {
        !self.group.is_skipped && !self.group.is_for_rtf && self.deeper == 0
    }

    /// Octets as characters of the font's charset.
    fn flush(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let pending = std::mem::take(&mut self.pending);
        let codepage = self.codepages.get(&self.group.font).copied().filter(|_| !self.group.is_tag);
        self.out.push_str(&charset::of_codepage(&pending, codepage.unwrap_or(self.codepage)));
    }
}

/// Letters of a control word, and digits behind it.
const MAX_WORD: usize = 32;
/// Fonts whose charset is remembered.
const MAX_FONTS: usize = 4096;

/// The code page that a font's charset stands for (the RTF specification's `\fcharset`); None: the document's own.
fn codepage_of_font(charset: u32) -> Option<u32> {
    Some(match charset {
        0 => 1252,
        128 => 932,
        129 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rtf: &str, said: Said) {
        assert_eq!(read(rtf.as_bytes()), Some(said), "{rtf}");
    }

    #[test]
    fn the_example_of_the_specification_is_unpacked() {
        // MS-OXRTFCP §4.1.1 and §4.1.2.
        let simple = b"\x2d\0\0\0\x2b\0\0\0LZFu\xf1\xc5\xc7\xa7\x03\0\x0a\0rcpg125B2\x0a\xf3 hel\x09\0 bw\x05\xb0ld}\x0a\x80\x0f\xa0";
        assert_eq!(decompressed(simple).unwrap(), b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
        let overlapping = b"\x1a\0\0\0\x1c\0\0\0LZFu\xe2\xd4\x4b\x51\x41\0\x04\x20WXYZ\x0d\x6e\x7d\x01\x0e\xb0";
        assert_eq!(decompressed(overlapping).unwrap(), b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}");
        assert_eq!(decompressed(b"\x0e\0\0\0\x02\0\0\0MELA\0\0\0\0{}").unwrap(), b"{}");
        assert_eq!(decompressed(b"\x0e\0\0\0\x02\0\0\0what\0\0\0\0{}"), None);
    }

    #[test]
    fn text_is_read_out_of_rich_text() {
        check(
            "{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0\\fswiss Arial;}}{\\colortbl;\\red0;}\\pard Gr\\'fc\\'dfe,\\par {\\b bold} \\u8364?5\\par}",
            Said::Text("Grüße,\nbold €5\n".into()),
        );
        check(
            "{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0 A;}{\\f1\\fcharset204 B;}}\\f1 \\'cf\\'f0\\f0  \\'e9}",
            Said::Text("Пр é".into()),
        );
        check("{\\rtf1 \\u-10179?\\u-8704? \\{x\\}\\~y{\\*\\unknown gone}}", Said::Text("😀 {x}\u{A0}y".into()));
        assert_eq!(read(b"no rich text"), None);
    }

    #[test]
    fn a_page_in_disguise_is_a_page_again() {
        check(
            "{\\rtf1\\ansi\\fromhtml1 {\\*\\htmltag64 <p>}\\htmlrtf {\\b\\htmlrtf0 Hello{\\*\\htmltag84 &amp;}\\htmlrtf \\par}\\htmlrtf0 you{\\*\\htmltag72 </p>}}",
            Said::Html("<p>Hello&amp;you</p>".into()),
        );
    }

    #[test]
    fn no_octets_bring_it_down() {
        for rtf in ["{\\rtf1", "{\\rtf1\\", "{\\rtf1\\'", "{\\rtf1\\u", "{\\rtf1\\bin99999999999 x", "{\\rtf}}}}}x"] {
            assert!(read(rtf.as_bytes()).is_some());
        }
        let deep = format!("{{\\rtf1 {}a{}b", "{".repeat(100_000), "}".repeat(100_000));
        assert_eq!(read(deep.as_bytes()), Some(Said::Text("b".into())));
        let bomb = [&[0xFF; 16][..], &[0xFF; 1 << 20]].concat();
        assert!(decompressed(&bomb).is_none());
        let mut bomb = bomb;
        bomb[8..12].copy_from_slice(b"LZFu");
        assert!(decompressed(&bomb).unwrap().len() <= MAX_RTF_BYTES);
    }
}
