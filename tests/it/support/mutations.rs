//! Messages that are changed at random: what a careless program, a broken disk or an attacker may make of honest ones. The same
//! seed makes the same octets on every run.

use std::fs;
use std::path::Path;

/// Octets that parsers of mail and of pages stumble over, put in anywhere.
const TOKENS: [&[u8]; 56] = [
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\r",
    b"\0",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"--",
    b"\r\n--b\r\n",
    b"Content-Type: multipart/mixed; boundary=b\r\n",
    b"Content-Type: multipart/alternative; boundary=\"\"\r\n",
    b"Content-Type: message/rfc822\r\n\r\n",
    b"Content-Type: text/html; charset=iso-2022-jp\r\n",
    b"Content-Type: application/ms-tnef\r\n",
    b"Content-Type: application/pkcs7-mime; smime-type=signed-data\r\n",
    b"Content-Type: text/calendar\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: quoted-printable\r\n",
    b"; format=flowed; delsp=yes",
    b"; charset=utf-7",
    b"; filename*0*=utf-8''%e2%80%ae; filename*1=..%2f",
    b"=?utf-8?B?4oCu?=",
    b"=?iso-2022-jp?Q?=1B$B?=",
    b"=?x?Q?=",
    b"=\r\n",
    b"=E2=80",
    b"\x1b$B",
    "\u{202e}\u{2066}".as_bytes(),
    "ﷺ\u{301}\u{301}\u{200d}🏳️‍🌈".as_bytes(),
    b"<a@b>, c@[1]:;<<\"",
    b"(((((((((((((((((",
    b"99999999999999999999",
    b"-1",
    b"&#x10ffff;&#0;&am",
    b"<",
    b"<!--",
    b"<![CDATA[",
    b"<table><tr><td colspan=65535 rowspan=0>",
    b"<div style=\"float:left;width:-1e39px;margin:calc(1px*9999999999)\">",
    b"<span style=\"font-size:1e30px;line-height:0\">",
    b"<p style=\"display:table-cell;position:fixed;height:100%\">",
    b"<p style=\"display:grid;grid-template-columns:repeat(9999,1fr)\">",
    b"<p style=\"display:inline-flex;flex-wrap:wrap;max-width:0\">",
    b"<style>*{all:revert;content:attr(x)}</style>",
    b"<style>@media{@media{@media{",
    b"<style>:root{--a:var(--b);--b:var(--a)}",
    b"<img src=cid: width=1e9 height=-5>",
    b"<img src=\"data:image/png;base64,iVBORw0KGgo=\">",
    b"<ul><li type=i value=-2147483648>",
    b"<svg><foreignObject><math><mtext><table>",
    b"<select><option><template>",
    b"<plaintext>",
    b"<base href=//x><a href=javascript:>",
    b"<br><wbr>&shy;&nbsp;",
    b"</td></table></div></body></html>",
    b"<li><dl><dd><blockquote><pre>",
];

/// Longest message that is made.
const MOST_BYTES: usize = 256 * 1024;

/// A generator (splitmix64).
pub struct Random(u64);

impl Random {
    pub fn of(seed: u64) -> Self {
        Self(seed)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % limit.max(1) as u64) as usize
    }

    /// A stretch, mostly short.
    fn stretch(&mut self, length: usize) -> std::ops::Range<usize> {
        let from = self.below(length);
        let longest = [4, 40, 400, 4000][self.below(4)];
        from..length.min(from + 1 + self.below(longest))
    }
}

/// This message with some changes, parts of another among them.
pub fn mutated(random: &mut Random, raw: &[u8], other: &[u8]) -> Vec<u8> {
    let mut raw = raw.to_vec();
    for _ in 0..1 + random.below(6) {
        let at = random.below(raw.len() + 1);
        match random.below(9) {
            0 => raw.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << random.below(8)),
            1 => drop(raw.drain(random.stretch(raw.len()))),
            2 => {
                let again = raw[random.stretch(raw.len())].repeat([1, 2, 30, 1000][random.below(4)]);
                raw.splice(at..at, again);
            }
            3 => {
                let part = other[random.stretch(other.len())].to_vec();
                raw.splice(at..at, part);
            }
            4 => {
                let tail = other[random.below(other.len())..].to_vec();
                raw.splice(at.., tail);
            }
            5 => raw.truncate(at),
            // A line moves to another place: fields into bodies, boundaries into fields.
            6 => {
                let begin = raw[..at].iter().rposition(|&byte| byte == b'\n').map_or(0, |place| place + 1);
                let end = raw[at..].iter().position(|&byte| byte == b'\n').map_or(raw.len(), |place| at + place + 1);
                let line: Vec<u8> = raw.drain(begin..end).collect();
                let to = random.below(raw.len() + 1);
                raw.splice(to..to, line);
            }
            _ => {
                let token = TOKENS[random.below(TOKENS.len())].repeat([1, 1, 1, 50][random.below(4)]);
                raw.splice(at..at, token);
            }
        }
        raw.truncate(MOST_BYTES);
    }
    raw
}

/// The messages in this folder of `tests/data`, by their names, in their order.
pub fn messages_in(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(folder);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "eml"));
    files.sort();
    let read =
        |file: &std::path::PathBuf| (file.file_stem().unwrap().to_string_lossy().into_owned(), fs::read(file).unwrap());
    files.iter().map(read).collect()
}
