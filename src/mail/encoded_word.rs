//! Encoded words in header fields (RFC 2047), with what mail programs make of them.

use super::{charset, transfer};

/// Decodes every encoded word of an unfolded field body.
///
/// Neighbours of one charset are joined before they are decoded, since many programs cut in the middle of a character;
/// words may stand inside other text, hold blanks, or lack their padding. What is no encoded word stays as it is.
pub fn decode(text: &str) -> String {
    if !text.contains("=?") {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut pending: Option<(String, Vec<u8>)> = None;
    let mut rest = text;
    let mut closing = Closing::default();
    while let Some(at) = rest.find("=?") {
        let (before, from_word) = rest.split_at_checked(at).unwrap_or((rest, ""));
        let word = if closing.is_near(from_word) { take_word(from_word) } else { None };
        let Some((word, after)) = word else {
            flush(&mut out, &mut pending);
            out.push_str(before);
            out.push_str("=?");
            rest = from_word.get(2..).unwrap_or_default();
            continue;
        };
        let follows_word = pending.is_some() && before.chars().all(|c| matches!(c, ' ' | '\t'));
        if !follows_word {
            flush(&mut out, &mut pending);
            out.push_str(before);
        }
        match &mut pending {
            Some((charset, bytes)) if charset.eq_ignore_ascii_case(word.charset) => bytes.extend(word.bytes()),
            _ => {
                flush(&mut out, &mut pending);
                pending = Some((word.charset.to_owned(), word.bytes()));
            }
        }
        rest = after;
    }
    flush(&mut out, &mut pending);
    out.push_str(rest);
    out
}

fn flush(out: &mut String, pending: &mut Option<(String, Vec<u8>)>) {
    if let Some((label, bytes)) = pending.take() {
        out.push_str(&charset::decode(&bytes, Some(&label)));
    }
}

/// Remembers where the next `?=` is, so that it is looked for once and not at every `=?`.
#[derive(Default)]
pub struct Closing {
    /// Octets from there to the end of the text; None: not looked for yet.
    from_end: Option<usize>,
}

impl Closing {
    /// Whether a word that begins with `rest` could be closed. Asked with ever shorter ends of one text.
    pub fn is_near(&mut self, rest: &str) -> bool {
        let inside = rest.len().saturating_sub(2);
        let is_passed = |from_end| from_end > inside;
        if self.from_end.is_none_or(is_passed) {
            let close = rest.get(2..).and_then(|tail| tail.find("?="));
            self.from_end = Some(close.map_or(0, |close| inside - close));
        }
        self.from_end.is_some_and(|from_end| from_end > 0 && inside - from_end <= MAX_WORD_BYTES)
    }
}

/// One encoded word, still encoded.
pub struct Word<'a> {
    charset: &'a str,
    is_base64: bool,
    text: &'a str,
}

impl Word<'_> {
    fn bytes(&self) -> Vec<u8> {
        if self.is_base64 {
            return transfer::base64(self.text.as_bytes());
        }
        let mut bytes = Vec::with_capacity(self.text.len());
        transfer::unescape_into(&mut bytes, self.text.replace('_', " ").as_bytes());
        bytes
    }
}

/// A charset's name is shorter (IANA's longest has 45 letters); looking further would make `=?=?=?…` quadratic.
const MAX_CHARSET_BYTES: usize = 64;

/// The encoded word at the beginning of `text`, and what follows it.
pub fn take_word(text: &str) -> Option<(Word<'_>, &str)> {
    let inner = text.strip_prefix("=?")?;
    let charset_end = inner.bytes().take(MAX_CHARSET_BYTES).position(|b| b == b'?')?;
    let (charset, tail) = inner.split_at_checked(charset_end)?;
    let mut chars = tail.strip_prefix('?')?.chars();
    let is_base64 = match chars.next()? {
        'B' | 'b' => true,
        'Q' | 'q' => false,
        _ => return None,
    };
    let body = chars.as_str().strip_prefix('?')?;
    let end = word_end(body, is_base64)?;
    let charset = charset.split('*').next().unwrap_or_default(); // RFC 2231 §5 puts a language behind it
    if charset.is_empty() || charset.contains([' ', '=', '\t']) {
        return None;
    }
    Some((Word { charset, is_base64, text: body.get(..end)? }, body.get(end + 2..)?))
}

/// Longest text of one encoded word. RFC 2047 §2 says 75 octets; programs exist that write a whole subject as one.
const MAX_WORD_BYTES: usize = 8 * 1024;

/// Where the closing `?=` is. A Q word may hold a bare question mark before an escape (`?=3F`): that is no end.
fn word_end(body: &str, is_base64: bool) -> Option<usize> {
    let mut from = 0;
    loop {
        let window = body.as_bytes().get(from..body.len().min(from + MAX_WORD_BYTES))?;
        let at = from + window.windows(2).position(|pair| pair == b"?=")?;
        let after = body.as_bytes().get(at + 2..).unwrap_or_default();
        let is_escape =
            !is_base64 && matches!(after, [a, b, c, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() && *c > b' ');
        let closes_later = is_escape
            && after
                .iter()
                .take(80)
                .take_while(|b| **b > b' ')
                .zip(after.iter().skip(1))
                .any(|pair| pair == (&b'?', &b'='));
        if !closes_later || at - from > MAX_WORD_BYTES {
            return Some(at);
        }
        from = at + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(encoded: &str, decoded: &str) {
        assert_eq!(decode(encoded), decoded, "{encoded:?}");
    }

    #[test]
    fn words_are_decoded_and_the_blanks_between_them_go() {
        check("plain", "plain");
        check("=?utf-8?Q?Gr=C3=BC=C3=9Fe?=", "Grüße");
        check("=?iso-8859-1?q?this is some text?=", "this is some text");
        check("=?UTF-8?B?SGVsbG8=?= =?UTF-8?B?IFdvcmxk?=", "Hello World");
        check("Re: =?utf-8*en?Q?=C3=A9t=C3=A9?= now", "Re: été now");
        check("=?utf-8?Q?a?= b =?utf-8?Q?c?=", "a b c");
        check("=?koi8-r?B?8NLJ18XU?=", "Привет");
        check("=?utf-8?Q??= x", " x");
    }

    #[test]
    fn broken_words_are_read_as_they_were_meant() {
        check("=?utf-8?B?w?= =?utf-8?B?w6k=?=", "é"); // the first word has too few digits for an octet
        check("=?utf-8?Q?Gr=C3?= =?utf-8?Q?=BC=C3=9Fe?=", "Grüße");
        check("=?utf-8?B?SGVsbG8?=", "Hello");
        check("=?iso-2022-jp?B?GyRCJU8lbSE8?= =?iso-2022-jp?B?GyhCIQ==?=", "ハロー!");
        check("=?nonsense?Q?caf=E9?=", "café");
        check("a=?utf-8?Q?b?=c", "abc");
        check("\"=?utf-8?Q?in_quotes?=\"", "\"in quotes\"");
        check("=?utf-8?Q?Really?=3F?=", "Really??");
    }

    #[test]
    fn what_is_no_word_stays() {
        for text in ["=?", "=?utf-8?X?abc?=", "=?utf-8?B?SGVs", "a =? b ?= c", "=??B?SGVs?=", "1 =? 2"] {
            check(text, text);
        }
    }

    #[test]
    fn a_million_half_words_take_no_time() {
        let text = "=?".repeat(500_000);
        assert_eq!(decode(&text).len(), text.len());
        let text = "=?u?q?x ".repeat(200_000) + "?=";
        assert!(decode(&text).len() + 10 > text.len());
    }
}
