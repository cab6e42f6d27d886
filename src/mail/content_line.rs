//! Lines of calendars and contact cards: a name, parameters, and a value (RFC 5545 §3.1, RFC 6350 §3.3).

/// Octets of one file that are read. A calendar of a whole year has less.
const MAX_BYTES: usize = 2 << 20;
/// Lines that are read of it.
const MAX_LINES: usize = 20_000;

/// One line, unfolded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentLine {
    /// Upper case, without a group (`item1.`).
    pub name: String,
    /// Names upper case, values without their quotes.
    pub params: Vec<(String, String)>,
    /// As it stands there: see [`ContentLine::text`].
    pub value: String,
}

impl ContentLine {
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value as text, its backslashes taken off.
    pub fn text(&self) -> String {
        unescaped(&self.value)
    }

    /// The parts of a structured value, which semicolons keep apart.
    pub fn parts(&self) -> Vec<String> {
        split(&self.value, ';').iter().map(|part| unescaped(part)).collect()
    }
}

/// The lines of a file. Total: what is no such line is passed over.
pub fn read(text: &str) -> Vec<ContentLine> {
    let text = text.get(..text.floor_char_boundary(MAX_BYTES)).unwrap_or_default();
    let mut whole: Vec<String> = Vec::new();
    let mut is_soft = false;
    for line in text.split(['\n', '\r']).filter(|line| !line.is_empty()) {
        // A line goes on where the next one begins with a blank; vCard 2.1 also breaks at an equals sign.
        let is_full = whole.len() >= MAX_LINES;
        match (line.strip_prefix([' ', '\t']), whole.last_mut()) {
            (Some(more), Some(last)) => last.push_str(more),
            (None, Some(last)) if is_soft => {
                last.pop();
                last.push_str(line);
            }
            _ if is_full => break,
            _ => whole.push(line.to_owned()),
        }
        let is_quoted = whole.last().is_some_and(|line| is_quoted_printable(line));
        is_soft = is_quoted && line.ends_with('=');
    }
    whole.iter().filter_map(|line| content_line(line)).collect()
}

fn is_quoted_printable(line: &str) -> bool {
    let head = line.get(..line.floor_char_boundary(200)).unwrap_or_default();
    head.split(':').next().is_some_and(|head| head.to_ascii_uppercase().contains("QUOTED-PRINTABLE"))
}

fn content_line(line: &str) -> Option<ContentLine> {
    let colon = outside_quotes(line, ':')?;
    let (head, value) = (line.get(..colon)?, line.get(colon + 1..)?);
    let mut pieces = split_outside_quotes(head, ';').into_iter();
    let name = pieces.next()?.rsplit('.').next()?.trim().to_ascii_uppercase();
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return None;
    }
    let param = |piece: &str| match piece.split_once('=') {
        Some((name, value)) => (name.trim().to_ascii_uppercase(), value.replace('"', "")),
        None => ("TYPE".to_owned(), piece.to_owned()), // vCard 2.1 writes `TEL;HOME:`
    };
    let params: Vec<(String, String)> = pieces.take(MAX_PARAMS).map(param).collect();
    let mut found = ContentLine { name, params, value: value.to_owned() };
    if found.params.iter().any(|(_, value)| value.eq_ignore_ascii_case("quoted-printable")) {
        let mut octets = Vec::new();
        super::transfer::unescape_into(&mut octets, found.value.as_bytes());
        found.value = super::charset::decode(&octets, found.param("CHARSET"));
    }
    Some(found)
}

/// Parameters of one line.
const MAX_PARAMS: usize = 50;

fn outside_quotes(text: &str, wanted: char) -> Option<usize> {
    let mut quoted = false;
    text.char_indices().find_map(|(at, c)| {
        quoted ^= c == '"';
        (c == wanted && !quoted).then_some(at)
    })
}

fn split_outside_quotes(text: &str, at: char) -> Vec<&str> {
    let mut quoted = false;
    text.split(|c| {
        quoted ^= c == '"';
        c == at && !quoted
    })
    .collect()
}

/// Cuts at a character that no backslash stands before.
pub fn split(text: &str, at: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut escaped = false;
    for c in text.chars() {
        if c == at && !escaped {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(c);
        }
        escaped = c == '\\' && !escaped;
    }
    parts
}

/// Takes backslashes off (RFC 5545 §3.3.11).
pub fn unescaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 'N') => out.push('\n'),
                Some(other) => out.push(other),
                None => (),
            },
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folded_lines_parameters_and_escapes_are_read() {
        let lines =
            read("SUMMARY;LANGUAGE=en;X=\"a;b:c\":Lun\r\n ch\\, then\\n tea\r\nitem1.tel;HOME:1\r\n\r\njunk\r\n:x\r\n");
        assert_eq!(lines.len(), 2);
        assert_eq!((lines[0].name.as_str(), lines[0].text().as_str()), ("SUMMARY", "Lunch, then\n tea"));
        assert_eq!((lines[0].param("LANGUAGE"), lines[0].param("X")), (Some("en"), Some("a;b:c")));
        assert_eq!((lines[1].name.as_str(), lines[1].param("TYPE")), ("TEL", Some("HOME")));
    }

    #[test]
    fn old_cards_write_quoted_printable() {
        let lines = read("N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=\r\n=C3=BCrgen\r\nTEL:1\r\n");
        assert_eq!(lines[0].parts(), ["Müller", "Jürgen"]);
        assert_eq!(lines.len(), 2);
    }

    #[test]
    fn parts_are_cut_where_no_backslash_stands() {
        assert_eq!(split("a\\;b;c\\\\;d", ';'), ["a\\;b", "c\\\\", "d"]);
    }

    #[test]
    fn megabytes_of_anything_take_no_time() {
        for piece in ["a", ":", ";", "\"", "\n ", "\\", "A:b\n", "=\n"] {
            assert!(read(&piece.repeat(3_000_000 / piece.len())).len() <= MAX_LINES);
        }
    }
}
