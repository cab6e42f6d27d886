//! `Content-Type` and `Content-Disposition`: a value with parameters (RFC 2045 §5.1, RFC 2183, RFC 2231).

use super::{charset, encoded_word, transfer};

/// A structured MIME field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Value {
    /// `type/subtype` or the disposition, lower case, without blanks.
    pub value: String,
    /// In the order of the field, names lower case, values decoded.
    pub params: Vec<(String, String)>,
}

impl Value {
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Parameters that are read of one field. Honest fields have three; RFC 2231 pieces of a long name some dozens.
const MAX_PARAMS: usize = 1000;
/// Octets of a field that are read: room for every honest one, and a bound for what unclosed quotes cost.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// Reads an unfolded field body. Total: what is broken is left out.
pub fn read(body: &str) -> Value {
    let (value, mut rest) = split_at_semicolon(body.get(..body.floor_char_boundary(MAX_BODY_BYTES)).unwrap_or(body));
    let mut pieces = Vec::new();
    for _ in 0..MAX_PARAMS {
        if rest.is_empty() {
            break;
        }
        let (pair, after) = split_at_semicolon(rest);
        rest = after;
        if let Some((name, value)) = pair.split_once('=') {
            let name = without_comments(name).trim().to_ascii_lowercase();
            if !name.is_empty() && !name.contains([' ', '"']) {
                pieces.push((name, unquoted(value)));
            }
        }
    }
    let value: String = without_comments(value).chars().filter(|c| !c.is_whitespace() && *c != '"').collect();
    Value { value: value.to_ascii_lowercase(), params: join_pieces(pieces) }
}

/// Cuts at the first semicolon outside quotes and comments. A quote that never closes does not count as one.
fn split_at_semicolon(text: &str) -> (&str, &str) {
    let mut quoted = false;
    let mut depth = 0u32;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        match c {
            '\\' => escaped = quoted,
            '"' if depth == 0 => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            ';' if !quoted && depth == 0 => return cut(text, at),
            _ => (),
        }
    }
    match text.find(';') {
        Some(at) if quoted || depth > 0 => cut(text, at),
        _ => (text, ""),
    }
}

fn cut(text: &str, at: usize) -> (&str, &str) {
    (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default())
}

fn without_comments(text: &str) -> String {
    let mut depth = 0u32;
    text.chars()
        .filter(|c| match c {
            '(' => {
                depth += 1;
                false
            }
            ')' if depth > 0 => {
                depth -= 1;
                false
            }
            _ => depth == 0,
        })
        .collect()
}

/// The text of a quoted string (backslashes taken off), or of a bare value, which may hold blanks as many programs write it.
fn unquoted(value: &str) -> String {
    let value = value.trim();
    let Some(inner) = value.strip_prefix('"') else {
        return match value.split_once(" (") {
            Some((token, comment)) if comment.ends_with(')') => token.trim_end().to_owned(),
            _ => value.trim_end_matches('"').to_owned(),
        };
    };
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if matches!(chars.peek(), Some('"' | '\\')) => out.extend(chars.next()),
            '"' => break,
            _ => out.push(c),
        }
    }
    out
}

/// What one name gathered: a plain value, and the numbered or encoded pieces of RFC 2231.
#[derive(Default)]
struct Gathered {
    plain: Option<String>,
    pieces: Vec<(u32, bool, String)>,
}

/// Joins the pieces of RFC 2231 (`name*0*=utf-8''…; name*1=…`), decodes them as a whole (a character may be cut in two), and
/// prefers them to the plain value beside them (RFC 6266 §4.3).
fn join_pieces(params: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut names: Vec<(String, Gathered)> = Vec::new();
    for (name, value) in params {
        let (base, number, is_encoded) = piece_name(&name);
        let at = match names.iter().position(|(known, _)| known == base) {
            Some(at) => at,
            None => {
                names.push((base.to_owned(), Gathered::default()));
                names.len() - 1
            }
        };
        let Some((_, gathered)) = names.get_mut(at) else { continue };
        match number {
            Some(number) => gathered.pieces.push((number, is_encoded, value)),
            None => drop(gathered.plain.get_or_insert(value)),
        }
    }
    names.into_iter().map(|(name, gathered)| (name, gathered.finish())).collect()
}

/// Name, number and whether the value is percent-encoded. `name*` alone is piece 0.
fn piece_name(name: &str) -> (&str, Option<u32>, bool) {
    let (bare, is_encoded) = name.strip_suffix('*').map_or((name, false), |bare| (bare, true));
    match bare.rsplit_once('*') {
        Some((base, number)) if number.parse::<u32>().is_ok() => (base, number.parse().ok(), is_encoded),
        _ if is_encoded => (bare, Some(0), true),
        _ => (name, None, false),
    }
}

impl Gathered {
    fn finish(mut self) -> String {
        if self.pieces.is_empty() {
            return encoded_word::decode(&self.plain.unwrap_or_default());
        }
        self.pieces.sort_by_key(|(number, ..)| *number);
        let mut label = None;
        let mut bytes = Vec::new();
        for (at, (_, is_encoded, value)) in self.pieces.iter().enumerate() {
            let mut value = value.as_str();
            if at == 0
                && *is_encoded
                && let Some((charset, rest)) = value.split_once('\'')
                && let Some((_, text)) = rest.split_once('\'')
            {
                label = Some(charset);
                value = text;
            }
            if *is_encoded { percent_decode_into(&mut bytes, value) } else { bytes.extend_from_slice(value.as_bytes()) }
        }
        let text = charset::decode(&bytes, label.filter(|label| !label.is_empty()));
        if label.is_none() { encoded_word::decode(&text) } else { text }
    }
}

/// Replaces `%XX` by the octet; everything else stays.
pub fn percent_decode_into(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        match tail {
            [high, low, after @ ..] if first == b'%' && high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                out.push(transfer::hex(*high) << 4 | transfer::hex(*low));
                rest = after;
            }
            _ => {
                out.push(first);
                rest = tail;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, value: &str, params: &[(&str, &str)]) {
        let found = read(body);
        let wanted: Vec<(String, String)> = params.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        assert_eq!((found.value.as_str(), found.params), (value, wanted), "{body:?}");
    }

    #[test]
    fn values_and_parameters_are_read() {
        check("text/plain", "text/plain", &[]);
        check("Text/PLAIN; Charset=UTF-8", "text/plain", &[("charset", "UTF-8")]);
        check("multipart/mixed; boundary=\"a;b\\\"c\"", "multipart/mixed", &[("boundary", "a;b\"c")]);
        check("text/plain (a comment); charset=utf-8 (so; there)", "text/plain", &[("charset", "utf-8")]);
        check("", "", &[]);
    }

    #[test]
    fn sloppy_parameters_are_read_as_they_were_meant() {
        check("a/b; name=My Report.pdf; x=y", "a/b", &[("name", "My Report.pdf"), ("x", "y")]);
        check("a/b; name=\"open; x=y", "a/b", &[("name", "open"), ("x", "y")]);
        check("a/b;; name = \"x\" ;", "a/b", &[("name", "x")]);
        check("a/b; name=\"C:\\dir\\f.txt\"", "a/b", &[("name", "C:\\dir\\f.txt")]);
        check("a/b; name=\"=?utf-8?Q?=C3=A9.txt?=\"", "a/b", &[("name", "é.txt")]);
        check("a/b; name==?utf-8?B?w6kudHh0?=", "a/b", &[("name", "é.txt")]);
    }

    #[test]
    fn rfc_2231_pieces_are_put_together() {
        check("a/b; name*=utf-8'en'%C3%A9.txt", "a/b", &[("name", "é.txt")]);
        check("a/b; name*=ISO-8859-1''%E9.txt; name=e.txt", "a/b", &[("name", "é.txt")]);
        check("a/b; name*1=\"b.txt\"; name*0=\"a\"", "a/b", &[("name", "ab.txt")]);
        check("a/b; name*0*=utf-8''%C3; name*1*=%A9; name*2=\".t%20\"", "a/b", &[("name", "é.t%20")]);
        check("a/b; name*=%C3%A9", "a/b", &[("name", "é")]);
        check("a/b; name*0=\"=?utf-8?Q?=C3=A9?=\"", "a/b", &[("name", "é")]);
    }

    #[test]
    fn thirty_thousand_parameters_take_no_time() {
        let body: String = (0..30_000).map(|n| format!("; name*{n}=a")).collect();
        assert_eq!(read(&body).param("name").map(str::len), Some(MAX_PARAMS));
        let body: String = (0..30_000).map(|n| format!("; n{n}=a")).collect();
        assert_eq!(read(&body).params.len(), MAX_PARAMS);
        assert_eq!(read(&"(\"".repeat(500_000)).value, "");
        assert_eq!(read(&"\";".repeat(500_000)).params, []);
    }
}
