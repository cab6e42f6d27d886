//! Text from outside, made fit for the screen and the disk.

/// One line: no control characters, no bidirectional overrides or isolates, no invisible characters; runs of blanks folded.
pub fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = false;
    let mut marks = 0;
    for c in text.chars() {
        if c.is_ascii_graphic() {
            if blank && !out.is_empty() {
                out.push(' ');
            }
            (blank, marks) = (false, 0);
            out.push(c);
        } else if c.is_whitespace() || (c.is_control() && c != '\0') {
            blank = true;
        } else if is_showable(c) {
            marks = if is_combining(c) { marks + 1 } else { 0 };
            if marks > MAX_MARKS {
                continue;
            }
            if blank && !out.is_empty() {
                out.push(' ');
            }
            blank = false;
            out.push(c);
        }
    }
    out
}

/// [`line`] with at most `max_chars` characters; an ellipsis says that there was more.
pub fn line_of(text: &str, max_chars: usize) -> String {
    // Four times over: what is invisible does not count, and a megabyte of it should cost nothing.
    let cut: String = text.chars().take(max_chars.saturating_mul(4)).collect();
    let whole = line(&cut);
    if whole.chars().count() <= max_chars && cut.len() == text.len() {
        return whole;
    }
    let mut short: String = whole.chars().take(max_chars.saturating_sub(1)).collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}

/// Text of several lines: as [`line`], but line ends (as LF) and tabs stay, and so do blanks, and the joiners without which
/// Persian, Indic scripts and many pictographs are misspelt. They are invisible, but in running text they pass for nothing.
pub fn multiline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut marks = 0;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        marks = if is_combining(c) { marks + 1 } else { 0 };
        match c {
            '\r' if chars.peek() == Some(&'\n') => (),
            '\r' | '\n' | '\u{2028}' | '\u{2029}' | '\u{85}' => out.push('\n'),
            '\t' => out.push('\t'),
            _ if c.is_whitespace() && c != '\u{B}' && c != '\u{C}' => out.push(c),
            '\u{200C}' | '\u{200D}' if out.ends_with(|last: char| !last.is_ascii() && !is_joiner(last)) => out.push(c),
            _ if is_showable(c) && marks <= MAX_MARKS => out.push(c),
            _ => (),
        }
    }
    out
}

/// Zero width non-joiner and joiner.
pub fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}')
}

/// Marks on one letter. Languages stack three or four; heaps of them paint over the neighbouring lines.
const MAX_MARKS: usize = 6;

fn is_combining(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036F}' | '\u{0483}'..='\u{0489}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}'
        | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}')
}

/// Whether a character may be shown: it is visible (or a blank), and changes nothing but itself.
pub fn is_showable(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' // zero width, and the two direction marks
            | '\u{2028}'..='\u{202E}' // line separators, embeddings, overrides
            | '\u{2060}'..='\u{206F}' // joiners, isolates
            | '\u{2800}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}'
            | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}' // tags
            | '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{10FFFF}') // private use: drawn as whatever a font likes
}

/// A name to save a file under: rebuilt from the allowed characters, never empty, never a path, never a device name, at most 120 bytes with its extension kept.
pub fn file_name(name: Option<&str>, content_type: &str) -> String {
    let given = line(name.unwrap_or_default());
    let last = given.rsplit(['/', '\\']).find(|part| !part.trim_matches(['.', ' ']).is_empty()).unwrap_or_default();
    let rebuilt: String = last.chars().map(|c| if is_safe_in_name(c) { c } else { '_' }).collect();
    let rebuilt = rebuilt.trim_matches(['.', ' ', '~']).trim_start_matches('-');
    let mut whole = if rebuilt.chars().all(|c| matches!(c, '_' | '.' | ' ' | '-')) {
        format!("attachment{}", extension_of(content_type))
    } else {
        rebuilt.to_owned()
    };
    if is_device(&whole) {
        whole.insert(0, '_');
    }
    shortened(&whole)
}

/// Octets of a file's name: every file system takes 255, and a number may still be put behind it.
const MAX_NAME_BYTES: usize = 120;
/// Octets of an extension that is kept when a name is shortened.
const MAX_EXTENSION_BYTES: usize = 16;

fn is_safe_in_name(c: char) -> bool {
    is_showable(c)
        && !matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' | '\u{FFFD}' | '`' | '$' | '%')
        && !matches!(c, '\u{2044}' | '\u{2215}' | '\u{29F8}' | '\u{FF0F}' | '\u{FF3C}' | '\u{FF1A}') // look like / \ :
}

/// Names that Windows takes for devices, with or without an extension.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim().to_ascii_uppercase();
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix)
            .is_some_and(|n| matches!(n.chars().next(), Some('0'..='9' | '¹' | '²' | '³')) && n.chars().count() == 1)
    };
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" | "CLOCK$")
        || numbered("COM")
        || numbered("LPT")
}

fn shortened(name: &str) -> String {
    if name.len() <= MAX_NAME_BYTES {
        return name.to_owned();
    }
    let extension_at =
        name.rfind('.').filter(|at| *at > 0 && name.len() - at <= MAX_EXTENSION_BYTES).unwrap_or(name.len());
    let (stem, extension) = name.split_at_checked(extension_at).unwrap_or((name, ""));
    let end = stem.floor_char_boundary(MAX_NAME_BYTES - extension.len());
    format!("{}{extension}", stem.get(..end).unwrap_or_default().trim_end_matches(['.', ' ']))
}

/// The extension that a type's files have; empty where none is usual.
fn extension_of(content_type: &str) -> &'static str {
    match content_type {
        "text/plain" => ".txt",
        "text/html" => ".html",
        "text/csv" => ".csv",
        "text/calendar" => ".ics",
        "text/vcard" | "text/x-vcard" => ".vcf",
        "image/jpeg" | "image/jpg" => ".jpg",
        "image/png" => ".png",
        "image/gif" => ".gif",
        "image/webp" => ".webp",
        "image/svg+xml" => ".svg",
        "image/bmp" => ".bmp",
        "image/tiff" => ".tiff",
        "audio/mpeg" => ".mp3",
        "audio/wav" | "audio/x-wav" => ".wav",
        "audio/ogg" => ".ogg",
        "video/mp4" => ".mp4",
        "video/mpeg" => ".mpeg",
        "application/pdf" => ".pdf",
        "application/zip" | "application/x-zip-compressed" => ".zip",
        "application/gzip" => ".gz",
        "application/json" => ".json",
        "application/xml" | "text/xml" => ".xml",
        "application/msword" => ".doc",
        "application/vnd.ms-excel" => ".xls",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => ".docx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => ".xlsx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation" => ".pptx",
        "application/vnd.oasis.opendocument.text" => ".odt",
        "application/pgp-signature" => ".asc",
        "application/pgp-keys" => ".asc",
        "application/pkcs7-signature" | "application/x-pkcs7-signature" => ".p7s",
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => ".p7m",
        "application/ms-tnef" => ".dat",
        "message/rfc822" | "message/global" => ".eml",
        "message/delivery-status" | "text/rfc822-headers" => ".txt",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_holds_nothing_that_moves_or_hides_text() {
        for (text, shown) in [
            ("plain", "plain"),
            ("  two\r\n\tlines\0 ", "two lines"),
            ("safe\u{202E}txt.exe", "safetxt.exe"),
            ("\u{2066}a\u{2069}\u{200B}\u{FEFF}b\u{61C}\u{AD}", "ab"),
            ("tag\u{E0041}\u{E007F}", "tag"),
            ("a\u{85}b\u{2028}c\u{1B}[31m", "a b c [31m"),
            ("e\u{301}\u{301}", "e\u{301}\u{301}"),
            ("", ""),
        ] {
            assert_eq!(line(text), shown, "{text:?}");
        }
        assert_eq!(line(&format!("e{}", "\u{301}".repeat(500))).chars().count(), 7);
    }

    #[test]
    fn a_long_line_is_cut_with_an_ellipsis() {
        assert_eq!(line_of("abcdef", 6), "abcdef");
        assert_eq!(line_of("abcdefg", 6), "abcde…");
        assert_eq!(line_of(&"\u{200B}".repeat(1_000_000), 5), "…");
    }

    #[test]
    fn several_lines_keep_their_shape() {
        assert_eq!(multiline("a\r\n\tb\rc\0\u{202E}d\u{2028}e"), "a\n\tb\ncd\ne");
        assert_eq!(multiline("می\u{200C}\u{200C}خواهم a\u{200D}b"), "می\u{200C}خواهم ab");
    }

    #[test]
    fn file_names_are_rebuilt() {
        for (name, content_type, safe) in [
            (Some("report.pdf"), "application/pdf", "report.pdf"),
            (Some("../../etc/passwd"), "text/plain", "passwd"),
            (Some("C:\\windows\\system.ini"), "", "system.ini"),
            (Some("..\\..\\"), "image/png", "attachment.png"),
            (Some(".bashrc"), "", "bashrc"),
            (Some("invoice\u{202E}fdp.exe"), "", "invoicefdp.exe"),
            (Some("invoice.pdf.exe"), "", "invoice.pdf.exe"),
            (Some("a\nb.txt"), "", "a b.txt"),
            (Some("CON"), "", "_CON"),
            (Some("nul.txt"), "", "_nul.txt"),
            (Some("com1.log"), "", "_com1.log"),
            (Some("common.log"), "", "common.log"),
            (Some("trailing.txt. . ."), "", "trailing.txt"),
            (Some("what?*.txt"), "", "what__.txt"),
            (Some("-rf.txt"), "", "rf.txt"),
            (Some("été ☃.txt"), "", "été ☃.txt"),
            (Some(""), "application/pdf", "attachment.pdf"),
            (None, "application/x-what", "attachment"),
            (Some("???"), "text/plain", "attachment.txt"),
            (None, "message/rfc822", "attachment.eml"),
        ] {
            assert_eq!(file_name(name, content_type), safe, "{name:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_extension() {
        let name = file_name(Some(&format!("{}.tar.gz", "é".repeat(5000))), "");
        assert!(name.len() <= MAX_NAME_BYTES && name.ends_with("é.tar.gz") || name.ends_with(".gz"), "{name}");
        assert!(file_name(Some(&format!("a.{}", "x".repeat(5000))), "").len() <= MAX_NAME_BYTES);
    }
}
