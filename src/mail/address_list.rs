//! Lists of mailboxes (RFC 5322 §3.4), read as they were meant.

use super::{Address, encoded_word};

/// Mailboxes that are read of one field: more than any server delivers to at once.
const MAX_MAILBOXES: usize = 10_000;

/// Reads an unfolded address list. Total. Groups give their members (RFC 5322 §3.4), comments a name where there is none,
/// and an encoded word is never part of an address, whatever it decodes to.
pub fn read(body: &str) -> Vec<Address> {
    let mut reader = Reader::default();
    let mut rest = body;
    let has_group_end = body.contains(';');
    while let Some(c) = rest.chars().next() {
        if reader.found.len() >= MAX_MAILBOXES {
            break;
        }
        rest = reader.step(c, rest, has_group_end);
    }
    reader.end_mailbox();
    reader.found
}

/// The mailbox that is being read.
#[derive(Default)]
struct Reader {
    found: Vec<Address>,
    words: Vec<Word>,
    comments: Vec<String>,
    angle: Option<String>,
    /// Whether a blank stood before the next word.
    blank: bool,
    closing: encoded_word::Closing,
}

/// A run of text: an atom, or what stood in quotes.
struct Word {
    text: String,
    is_quoted: bool,
    /// No blank between it and the word before.
    is_glued: bool,
}

impl Reader {
    /// Takes one token from the beginning of `rest`, which begins with `c`, and returns what follows it.
    fn step<'a>(&mut self, c: char, rest: &'a str, has_group_end: bool) -> &'a str {
        let tail = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            ' ' | '\t' | '\r' | '\n' => self.blank = true,
            ',' | ';' => self.end_mailbox(),
            ':' if has_group_end && self.angle.is_none() && !self.words.iter().any(|word| word.text.contains('@')) => {
                self.words.clear(); // the group's name
                self.comments.clear();
            }
            '"' => return self.quoted(tail),
            '(' => return self.comment(tail),
            '<' => return self.angle(tail),
            '>' => (),
            _ => return self.atom(rest),
        }
        tail
    }

    fn word(&mut self, text: String, is_quoted: bool) {
        let is_glued = !std::mem::take(&mut self.blank) && !self.words.is_empty();
        self.words.push(Word { text, is_quoted, is_glued });
    }

    fn quoted<'a>(&mut self, tail: &'a str) -> &'a str {
        let (text, after) = until_unescaped(tail, '"');
        self.word(text, true);
        after
    }

    fn comment<'a>(&mut self, tail: &'a str) -> &'a str {
        let mut depth = 1u32;
        let mut escaped = false;
        let mut text = String::new();
        let mut chars = tail.chars();
        for c in chars.by_ref() {
            match c {
                _ if escaped => escaped = false,
                '\\' => {
                    escaped = true;
                    continue;
                }
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => (),
            }
            if depth == 0 {
                break;
            }
            text.push(c);
        }
        self.comments.push(text);
        self.blank = true;
        chars.as_str()
    }

    /// What stands in angle brackets. Of several the last counts, and the others stay visible in the name.
    fn angle<'a>(&mut self, tail: &'a str) -> &'a str {
        let mut end = tail.find(['>', '<']).unwrap_or(tail.len());
        if !tail.get(end..).is_some_and(|rest| rest.starts_with('>')) {
            end = tail.get(..end).and_then(|open| open.find([',', ';'])).unwrap_or(end); // not closed
        }
        let (inside, after) = tail.split_at_checked(end).unwrap_or((tail, ""));
        if let Some(earlier) = self.angle.replace(inside.to_owned()) {
            self.blank = true;
            self.word(format!("<{earlier}>"), true);
        }
        self.blank = true;
        after.strip_prefix('>').unwrap_or(after)
    }

    fn atom<'a>(&mut self, rest: &'a str) -> &'a str {
        let word =
            if rest.starts_with("=?") && self.closing.is_near(rest) { encoded_word::take_word(rest) } else { None };
        let length = match word {
            // A word with commas or brackets inside, which the standard forbids and programs write.
            Some((_, after)) => rest.len() - after.len(),
            None => rest.find([' ', '\t', '\r', '\n', ',', ';', ':', '"', '(', '<', '>']).unwrap_or(rest.len()),
        };
        let length = length.max(rest.chars().next().map_or(0, char::len_utf8));
        let (text, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        self.word(text.to_owned(), false);
        after
    }

    fn end_mailbox(&mut self) {
        let (words, comments) = (std::mem::take(&mut self.words), std::mem::take(&mut self.comments));
        self.blank = false;
        if words.is_empty() && self.angle.is_none() {
            return; // nothing, or a comment behind a group
        }
        let address = match self.angle.take() {
            Some(angle) => Address { name: phrase(words.iter()), addr: bare_addr(&angle) },
            None => without_angle(&words),
        };
        let Address { mut name, addr } = address;
        if name.is_empty() {
            name = encoded_word::decode(&comments.join(" ")).trim().to_owned();
        }
        if !(name.is_empty() && addr.is_empty()) {
            self.found.push(Address { name, addr });
        }
    }
}

/// A mailbox without angle brackets: the run of words that holds the at sign is the address, the others are the name.
fn without_angle(words: &[Word]) -> Address {
    let Some(at) = words.iter().position(|word| !word.is_quoted && word.text.contains('@') && !is_encoded(&word.text))
    else {
        return match words {
            [Word { text, is_quoted: false, .. }] if !is_encoded(text) => {
                Address { name: String::new(), addr: text.clone() }
            }
            _ => Address { name: phrase(words.iter()), addr: String::new() },
        };
    };
    let joins = |left: &Word, right: &Word| {
        right.is_glued
            || (!right.is_quoted && right.text.starts_with(['@', '.']))
            || (!left.is_quoted && left.text.ends_with(['@', '.']))
    };
    let pair = |at: usize| Some((words.get(at)?, words.get(at + 1)?));
    let mut start = at;
    while start > 0 && pair(start - 1).is_some_and(|(left, right)| joins(left, right)) {
        start -= 1;
    }
    let mut end = at + 1;
    while pair(end - 1).is_some_and(|(left, right)| joins(left, right)) {
        end += 1;
    }
    let spec: String = words.get(start..end).unwrap_or_default().iter().map(Word::raw).collect();
    let name = phrase(words.iter().take(start).chain(words.iter().skip(end)));
    Address { name, addr: bare_addr(&spec) }
}

fn is_encoded(text: &str) -> bool {
    encoded_word::take_word(text).is_some_and(|(_, after)| after.is_empty())
}

impl Word {
    fn raw(&self) -> String {
        if self.is_quoted { format!("\"{}\"", self.text) } else { self.text.clone() }
    }
}

/// Words joined as they stood, encoded words decoded, those in quotes too.
fn phrase<'a>(words: impl Iterator<Item = &'a Word>) -> String {
    let mut out = String::new();
    for word in words {
        if !out.is_empty() && !word.is_glued {
            out.push(' ');
        }
        out.push_str(&word.text);
    }
    encoded_word::decode(&out).trim().to_owned()
}

/// The address in angle brackets without blanks, comments and the route of RFC 822 (`@a,@b:user@c`).
fn bare_addr(inside: &str) -> String {
    let mut depth = 0u32;
    let mut quoted = false;
    let spec: String = inside
        .chars()
        .filter(|&c| match c {
            '"' => {
                quoted = !quoted;
                true
            }
            '(' if !quoted => {
                depth += 1;
                false
            }
            ')' if !quoted && depth > 0 => {
                depth -= 1;
                false
            }
            _ => depth == 0 && (quoted || !c.is_whitespace()),
        })
        .collect();
    let spec = spec.strip_prefix("mailto:").unwrap_or(&spec);
    match spec.split_once(':') {
        Some((route, addr)) if route.starts_with('@') => addr.to_owned(),
        _ => spec.to_owned(),
    }
}

/// The text before the next `end` that no backslash escapes (backslashes taken off), and what follows it.
fn until_unescaped(text: &str, end: char) -> (String, &str) {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            _ if c == end => break,
            _ => out.push(c),
        }
    }
    (out, chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, wanted: &[(&str, &str)]) {
        let found = read(body);
        let found: Vec<(&str, &str)> = found.iter().map(|a| (a.name.as_str(), a.addr.as_str())).collect();
        assert_eq!(found, wanted, "{body:?}");
    }

    #[test]
    fn mailboxes_of_every_honest_form_are_read() {
        check("a@b.c", &[("", "a@b.c")]);
        check("<a@b.c>", &[("", "a@b.c")]);
        check("Ann Lee <a@b.c>", &[("Ann Lee", "a@b.c")]);
        check("\"Lee, Ann\" <a@b.c>, Bob <b@b.c>", &[("Lee, Ann", "a@b.c"), ("Bob", "b@b.c")]);
        check("\"Ann \\\"A\\\" Lee\" <a@b.c>", &[("Ann \"A\" Lee", "a@b.c")]);
        check("a@b.c (Ann Lee)", &[("Ann Lee", "a@b.c")]);
        check("Ann (at (nested) work) <a@b.c>", &[("Ann", "a@b.c")]);
        check("J. R. Smith <a@b.c>", &[("J. R. Smith", "a@b.c")]);
        check("\"john doe\"@b.c", &[("", "\"john doe\"@b.c")]);
        check("Ann <\"john doe\"@b.c>", &[("Ann", "\"john doe\"@b.c")]);
        check("<@route.x,@y.z:a@b.c>", &[("", "a@b.c")]);
        check("a @ b . c", &[("", "a@b.c")]);
        check("=?utf-8?Q?J=C3=BCrgen?= <a@b.c>", &[("Jürgen", "a@b.c")]);
        check("\"=?utf-8?Q?J=C3=BCrgen?=\" <a@b.c>", &[("Jürgen", "a@b.c")]);
        check("=?utf-8?Q?Lee, Ann?= <a@b.c>", &[("Lee, Ann", "a@b.c")]);
        check("Jürgen <a@b.c>", &[("Jürgen", "a@b.c")]);
    }

    #[test]
    fn groups_give_their_members() {
        check("Friends: a@b.c, Bob <b@b.c>;", &[("", "a@b.c"), ("Bob", "b@b.c")]);
        check("undisclosed-recipients:;", &[]);
        check("A(some):a@b.c; (the end of the group)", &[("", "a@b.c")]);
        check("A: a@b.c; B: b@b.c;, c@b.c", &[("", "a@b.c"), ("", "b@b.c"), ("", "c@b.c")]);
    }

    #[test]
    fn broken_lists_are_read_as_they_were_meant() {
        check("Ann a@b.c", &[("Ann", "a@b.c")]);
        check("a@b.c Ann", &[("Ann", "a@b.c")]);
        check("<a@b.c> Ann", &[("Ann", "a@b.c")]);
        check("Ann <a@b.c", &[("Ann", "a@b.c")]);
        check("Ann <a@b.c, Bob <b@b.c>", &[("Ann", "a@b.c"), ("Bob", "b@b.c")]);
        check("\"Ann <a@b.c>", &[("Ann <a@b.c>", "")]);
        check(",, a@b.c,,", &[("", "a@b.c")]);
        check("root", &[("", "root")]);
        check("Mail Delivery System", &[("Mail Delivery System", "")]);
        check("<mailto:a@b.c>", &[("", "a@b.c")]);
        check("<>", &[]);
        check("", &[]);
        check("a@b.c; d@e.f", &[("", "a@b.c"), ("", "d@e.f")]);
    }

    #[test]
    fn an_encoded_word_is_never_part_of_an_address() {
        check(
            "=?utf-8?b?cG90dXNAd2hpdGVob3VzZS5nb3Y=?==?utf-8?Q?=00?=@evil.test",
            &[("", "=?utf-8?b?cG90dXNAd2hpdGVob3VzZS5nb3Y=?==?utf-8?Q?=00?=@evil.test")],
        );
        check("=?utf-8?Q?boss=40corp.test=0A?= <x@evil.test>", &[("boss@corp.test", "x@evil.test")]);
        check("=?utf-8?Q?Boss_=3Cboss=40corp.test=3E?=", &[("Boss <boss@corp.test>", "")]);
        check("boss@corp.test <boss@corp.test> <x@evil.test>", &[("boss@corp.test <boss@corp.test>", "x@evil.test")]);
    }

    #[test]
    fn a_megabyte_of_anything_takes_no_time() {
        for piece in ["(", "\"", "<", ",", ":", "a@b.c,", "=?", "@", "a ", "\\"] {
            assert!(read(&piece.repeat(1_000_000 / piece.len())).len() <= MAX_MAILBOXES, "{piece}");
        }
    }
}
