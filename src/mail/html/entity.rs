//! Entities of HTML: `&eacute;`, `&#233;`, `&#xE9;`. The names are mail-parser's.

use mail_parser::decoders::html::add_html_token;

/// The longest name of an entity has 31 letters.
const MAX_ENTITY_BYTES: usize = 34;

/// The text of the entity at the beginning of `text`, which is an ampersand if it is none, and what follows it.
pub fn take(text: &str) -> (String, &str) {
    let window = text.get(..text.floor_char_boundary(MAX_ENTITY_BYTES)).unwrap_or(text);
    let name_end = window.char_indices().skip(1).find(|(_, c)| !(c.is_ascii_alphanumeric() || *c == '#'));
    let (end, has_semicolon) = name_end.map_or((window.len(), false), |(at, c)| (at, c == ';'));
    let token = window.get(..end).unwrap_or_default();
    let after = text.get(end + usize::from(has_semicolon)..).unwrap_or_default();
    if let Some(digits) = token.strip_prefix("&#") {
        return match numeric(digits) {
            Some(c) => (c.to_string(), after),
            None => ("&".into(), text.get(1..).unwrap_or_default()),
        };
    }
    let mut decoded = String::new();
    if token.len() > 2 && (has_semicolon || matches!(token, "&nbsp" | "&amp" | "&lt" | "&gt" | "&quot" | "&copy")) {
        add_html_token(&mut decoded, format!("{token};").as_bytes(), false);
    }
    if decoded.is_empty() || decoded.starts_with(token) {
        return ("&".into(), text.get(1..).unwrap_or_default());
    }
    (decoded.replace('\u{A0}', " "), after)
}

/// A numeric reference; 128 to 159 mean what they mean in windows-1252, as in every browser.
fn numeric(digits: &str) -> Option<char> {
    let code = match digits.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => digits.parse().ok()?,
    };
    match code {
        0 => None,
        0xA0 => Some(' '),
        128..=159 => crate::mail::charset::guess(&[u8::try_from(code).ok()?]).chars().next(),
        _ => char::from_u32(code),
    }
}

/// The text with all its entities decoded.
pub fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (plain, from_entity) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(plain);
        let (decoded, after) = take(from_entity);
        out.push_str(&decoded);
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(html: &str, text: &str) {
        assert_eq!(decode(html), text, "{html:?}");
    }

    #[test]
    fn entities_are_decoded() {
        check("&lt;b&gt; &amp; &eacute;&#233;&#xE9; &euro;&#128; a&nbsp;b &copy 2026", "<b> & ééé €€ a b © 2026");
        check("a & b &unknown; &; &# &#x; AT&T &#0;&#1114112;", "a & b &unknown; &; &# &#x; AT&T &#0;&#1114112;");
    }
}
