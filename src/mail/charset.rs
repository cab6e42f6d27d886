//! Octets to Unicode: by the label where it can be believed, by looking at the octets where it cannot.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::Encoding;
use mail_parser::decoders::charsets::map::charset_decoder;

/// Decodes `bytes` as the charset that `label` names. Total: an unknown, missing or wrong label leads to a guess.
///
/// Three labels are not taken at their word, because mail programs write them by habit: a missing or unknown one, plain
/// ASCII, and Latin-1. Octets under them that are valid UTF-8 are UTF-8; under Latin-1 a text of which most letters are
/// beyond ASCII is in another script, and its charset is guessed.
pub fn decode(bytes: &[u8], label: Option<&str>) -> String {
    let written = label.unwrap_or_default();
    let label = normal_label(written);
    if label == "iso2022jp" || (bytes.is_ascii() && looks_like_iso_2022_jp(bytes)) {
        return legacy(bytes, "iso-2022-jp");
    }
    if let Some(name) = seven_bit_name(&label) {
        return seven_bit(bytes, name);
    }
    match label.as_str() {
        "" | "usascii" | "ascii" | "ansix341968" => guess(bytes),
        "iso88591" | "latin1" | "windows1252" | "cp1252" => western(bytes),
        "utf8" | "unicode11utf8" | "utf8mb4" => utf_8(bytes),
        _ => match alias(&label) {
            Some(name) => legacy(bytes, name),
            None => match of_web(written) {
                Some(encoding) => encoding.decode_with_bom_removal(bytes).0.into_owned(),
                None => guess(bytes),
            },
        },
    }
}

/// Decodes `bytes` as the person says, even where they look like something else.
pub fn decode_as(bytes: &[u8], label: &str) -> String {
    match normal_label(label).as_str() {
        "utf8" => without_mark(&String::from_utf8_lossy(bytes)).to_owned(),
        "windows1252" | "iso88591" => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
        _ => decode(bytes, Some(label)),
    }
}

/// What can be chosen to read a text in: the words for it, and its label.
pub const CHOICES: [(&str, &str); 26] = [
    ("Unicode (UTF-8)", "utf-8"),
    ("Unicode (UTF-16)", "utf-16le"),
    ("Western", "windows-1252"),
    ("Western with euro sign", "iso-8859-15"),
    ("Western (DOS)", "cp850"),
    ("Central European", "windows-1250"),
    ("Central European (ISO)", "iso-8859-2"),
    ("South European", "iso-8859-3"),
    ("Baltic", "windows-1257"),
    ("Cyrillic", "windows-1251"),
    ("Cyrillic (KOI8-R)", "koi8-r"),
    ("Cyrillic (KOI8-U)", "koi8-u"),
    ("Cyrillic (ISO)", "iso-8859-5"),
    ("Cyrillic (DOS)", "cp866"),
    ("Greek", "windows-1253"),
    ("Turkish", "windows-1254"),
    ("Hebrew", "windows-1255"),
    ("Arabic", "windows-1256"),
    ("Thai", "windows-874"),
    ("Vietnamese", "windows-1258"),
    ("Japanese (Shift JIS)", "shift_jis"),
    ("Japanese (EUC)", "euc-jp"),
    ("Japanese (ISO-2022-JP)", "iso-2022-jp"),
    ("Chinese, simplified", "gb18030"),
    ("Chinese, traditional", "big5"),
    ("Korean", "euc-kr"),
];

/// Octets in a code page of Windows, by its number.
pub fn of_codepage(bytes: &[u8], codepage: u32) -> String {
    let label = match codepage {
        1250..=1258 => format!("windows-{codepage}"),
        28591..=28606 => format!("iso-8859-{}", codepage - 28590),
        _ => match codepage {
            437 | 850 => "cp850",
            866 => "cp866",
            874 => "windows-874",
            932 => "shift_jis",
            936 | 54936 => "gb18030",
            949 | 51949 => "euc-kr",
            950 => "big5",
            10000 => "macintosh",
            20866 => "koi8-r",
            21866 => "koi8-u",
            50220..=50222 => "iso-2022-jp",
            51932 => "euc-jp",
            65000 => "utf-7",
            65001 => "utf-8",
            _ => "",
        }
        .to_owned(),
    };
    decode(bytes, Some(&label))
}

/// By a name of the web's list, as it is written there.
fn of_web(label: &str) -> Option<&'static Encoding> {
    Encoding::for_label(label.trim().as_bytes()).filter(|encoding| *encoding != encoding_rs::REPLACEMENT)
}

/// Octets of which a guess is made: more tell no more.
const GUESSED_BYTES: usize = 64 * 1024;
/// Octets beyond ASCII below which a guess at other scripts is none: a name in German is not to turn into Greek.
const TELLING_BYTES: usize = 6;

/// UTF-8 if it is valid; else what it looks most like, and where little can be told, windows-1252, of which every octet
/// means something.
pub fn guess(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => without_mark(text).to_owned(),
        Err(_) => likely(bytes).decode_without_bom_handling(bytes).0.into_owned(),
    }
}

fn likely(bytes: &[u8]) -> &'static Encoding {
    let looked_at = bytes.get(..bytes.len().min(GUESSED_BYTES)).unwrap_or_default();
    if looked_at.iter().filter(|octet| !octet.is_ascii()).count() < TELLING_BYTES {
        return encoding_rs::WINDOWS_1252;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(looked_at, true);
    detector.guess(None, Utf8Detection::Deny)
}

/// Text that claims to be in Western letters.
fn western(bytes: &[u8]) -> String {
    let looked_at = bytes.get(..bytes.len().min(GUESSED_BYTES)).unwrap_or_default();
    let beyond = looked_at.iter().filter(|octet| !octet.is_ascii()).count();
    let letters = looked_at.iter().filter(|octet| octet.is_ascii_alphabetic()).count();
    // Of a Western text one letter in five is accented at most; of Cyrillic or Chinese nearly all octets are beyond ASCII.
    if std::str::from_utf8(bytes).is_ok() || beyond > letters.max(TELLING_BYTES) {
        return guess(bytes);
    }
    encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned()
}

/// Text that claims to be UTF-8. Where fewer characters beyond ASCII are valid than are not, the claim is wrong: a guess then.
fn utf_8(bytes: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return without_mark(text).to_owned();
    }
    let lossy = String::from_utf8_lossy(bytes);
    let (valid, wrong) = lossy.chars().filter(|c| !c.is_ascii()).fold((0, 0), |(valid, wrong), c| match c {
        char::REPLACEMENT_CHARACTER => (valid, wrong + 1),
        _ => (valid + 1, wrong),
    });
    if valid >= wrong { without_mark(&lossy).to_owned() } else { guess(bytes) }
}

fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{FEFF}').unwrap_or(text)
}

fn legacy(bytes: &[u8], name: &str) -> String {
    match charset_decoder(name.as_bytes()) {
        Some(decoder) if !bytes.is_empty() => decoder(bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// Letters and digits of a label, lower case: what differs otherwise is habit (`ISO_8859-1:1987`, `Windows_1252`).
fn normal_label(label: &str) -> String {
    let head = label.split(':').next().unwrap_or_default();
    head.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).take(40).collect()
}

/// The name under which mail-parser knows a charset; None where it knows it under no name.
fn alias(label: &str) -> Option<&'static str> {
    const KNOWN: &[(&str, &str)] = &[
        ("gb2312", "gb18030"),
        ("gbk", "gb18030"),
        ("xgbk", "gb18030"),
        ("gb18030", "gb18030"),
        ("gb231280", "gb18030"),
        ("cp936", "gb18030"),
        ("ms936", "gb18030"),
        ("windows936", "gb18030"),
        ("euccn", "gb18030"),
        ("chinese", "gb18030"),
        ("big5", "big5"),
        ("big5hkscs", "big5"),
        ("cnbig5", "big5"),
        ("xxbig5", "big5"),
        ("cp950", "big5"),
        ("windows950", "big5"),
        ("euckr", "euc-kr"),
        ("ksc56011987", "euc-kr"),
        ("ksc56011989", "euc-kr"),
        ("ksc5601", "euc-kr"),
        ("cp949", "euc-kr"),
        ("ms949", "euc-kr"),
        ("uhc", "euc-kr"),
        ("windows949", "euc-kr"),
        ("korean", "euc-kr"),
        ("eucjp", "euc-jp"),
        ("xeucjp", "euc-jp"),
        ("ujis", "euc-jp"),
        ("shiftjis", "shift_jis"),
        ("sjis", "shift_jis"),
        ("xsjis", "shift_jis"),
        ("cp932", "shift_jis"),
        ("ms932", "shift_jis"),
        ("mskanji", "shift_jis"),
        ("windows31j", "shift_jis"),
        ("iso2022jp1", "iso-2022-jp"),
        ("iso2022jp2", "iso-2022-jp"),
        ("iso2022jpms", "iso-2022-jp"),
        ("csiso2022jp", "iso-2022-jp"),
        ("jis", "iso-2022-jp"),
        ("koi8r", "koi8-r"),
        ("koi8", "koi8-r"),
        ("koi", "koi8-r"),
        ("cskoi8r", "koi8-r"),
        ("koi8u", "koi8-u"),
        ("koi8ru", "koi8-u"),
        ("cp866", "cp866"),
        ("ibm866", "cp866"),
        ("cp850", "cp850"),
        ("ibm850", "cp850"),
        ("utf7", "utf-7"),
        ("unicode11utf7", "utf-7"),
        ("utf16", "utf-16"),
        ("utf16le", "utf-16le"),
        ("utf16be", "utf-16be"),
        ("ucs2", "utf-16"),
        ("tis620", "tis-620"),
        ("windows874", "windows-874"),
        ("cp874", "windows-874"),
        ("macintosh", "macintosh"),
        ("macroman", "macintosh"),
        ("xmacroman", "macintosh"),
        ("xmaccyrillic", "x-mac-cyrillic"),
        ("latin2", "iso-8859-2"),
        ("latin3", "iso-8859-3"),
        ("latin4", "iso-8859-4"),
        ("latin5", "iso-8859-9"),
        ("latin6", "iso-8859-10"),
        ("latin9", "iso-8859-15"),
        ("latin10", "iso-8859-16"),
        ("iso88592", "iso-8859-2"),
        ("iso88593", "iso-8859-3"),
        ("iso88594", "iso-8859-4"),
        ("iso88595", "iso-8859-5"),
        ("iso88596", "iso-8859-6"),
        ("iso88596i", "iso-8859-6"),
        ("iso88596e", "iso-8859-6"),
        ("iso88597", "iso-8859-7"),
        ("iso88598", "iso-8859-8"),
        ("iso88598i", "iso-8859-8"),
        ("iso88598e", "iso-8859-8"),
        ("iso88599", "iso-8859-9"),
        ("iso885910", "iso-8859-10"),
        ("iso885911", "iso-8859-11"),
        ("iso885913", "iso-8859-13"),
        ("iso885914", "iso-8859-14"),
        ("iso885915", "iso-8859-15"),
        ("iso885916", "iso-8859-16"),
        ("windows1250", "windows-1250"),
        ("windows1251", "windows-1251"),
        ("windows1253", "windows-1253"),
        ("windows1254", "windows-1254"),
        ("windows1255", "windows-1255"),
        ("windows1256", "windows-1256"),
        ("windows1257", "windows-1257"),
        ("windows1258", "windows-1258"),
    ];
    let label =
        match label.strip_prefix("cp").or_else(|| label.strip_prefix("xcp")).or_else(|| label.strip_prefix("win")) {
            Some(number) if number.len() == 4 && number.starts_with("125") => format!("windows{number}"),
            _ => label.to_owned(),
        };
    KNOWN.iter().find(|(known, _)| *known == label).map(|(_, name)| *name)
}

/// ISO-2022-JP text is ASCII with escape sequences; nothing else in mail has these.
pub fn looks_like_iso_2022_jp(bytes: &[u8]) -> bool {
    bytes.contains(&0x1B)
        && bytes.windows(3).any(|w| matches!(w, b"\x1b$B" | b"\x1b$@" | b"\x1b(J" | b"\x1b(I" | b"\x1b$("))
}

/// The two seven-bit charsets that the decoders refuse.
fn seven_bit_name(label: &str) -> Option<&'static str> {
    match label {
        "hzgb2312" => Some("gb18030"),
        "iso2022kr" | "csiso2022kr" => Some("euc-kr"),
        _ => None,
    }
}

/// HZ (RFC 1843) and ISO-2022-KR (RFC 1557): two-octet characters between shifts, with the high bit off.
fn seven_bit(bytes: &[u8], name: &str) -> String {
    let mut wide = false;
    let mut rest = bytes;
    let mut out: Vec<u8> = Vec::with_capacity(bytes.len());
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (name, first, tail.first()) {
            ("gb18030", b'~', Some(b'{')) => (wide, rest) = (true, skip(tail, 1)),
            ("gb18030", b'~', Some(b'}')) => (wide, rest) = (false, skip(tail, 1)),
            ("gb18030", b'~', Some(b'\n')) => rest = skip(tail, 1),
            ("gb18030", b'~', Some(b'~')) if !wide => {
                out.push(b'~');
                rest = skip(tail, 1);
            }
            ("euc-kr", 0x0E, _) => wide = true,
            ("euc-kr", 0x0F, _) => wide = false,
            ("euc-kr", 0x1B, _) if tail.starts_with(b"$)C") => rest = skip(tail, 3),
            (_, b'\n', _) => {
                wide = false; // both standards begin every line in ASCII
                out.push(b'\n');
            }
            (_, &octet, _) if wide && octet > 0x20 => out.push(octet | 0x80),
            (_, &octet, _) => out.push(octet),
        }
    }
    legacy(&out, name)
}

fn skip(bytes: &[u8], count: usize) -> &[u8] {
    bytes.get(count..).unwrap_or_default()
}

/// Header octets as text: UTF-8 or ISO-2022-JP if they are, else the charset that the message names for its body, else a guess.
pub fn header_text<'a>(bytes: &'a [u8], hint: Option<&str>) -> Cow<'a, str> {
    match std::str::from_utf8(bytes) {
        Ok(_) if looks_like_iso_2022_jp(bytes) => Cow::Owned(legacy(bytes, "iso-2022-jp")),
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(match hint.filter(|label| is_for_headers(label)) {
            Some(label) => decode(bytes, Some(label)),
            None => utf_8(bytes),
        }),
    }
}

/// Whether raw octets of a header can be in that charset: not in one that writes ASCII in another way.
fn is_for_headers(label: &str) -> bool {
    let label = normal_label(label);
    !["utf16", "utf7", "utf32", "ucs", "iso2022", "hz"].iter().any(|start| label.starts_with(start))
}

#[cfg(test)]
mod tests;
