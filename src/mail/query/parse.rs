//! From characters to a [`Query`]: recursive descent, which says where it gets stuck.

use jiff::Zoned;

use super::{Condition, Fault, Field, Known, MAILBOXES, Query, Text, day};

/// Parentheses and minus signs inside each other; nobody types more.
const MAX_DEPTH: usize = 30;
/// Characters of a query. What is pasted by mistake is not looked for.
const MAX_CHARS: usize = 2000;

pub fn parse(typed: &str, typing: bool, now: &Zoned, known: &Known) -> Result<Query, Fault> {
    let chars: Vec<char> = typed.chars().collect();
    if chars.len() > MAX_CHARS {
        return Err(fault(MAX_CHARS, 0, format!("This is too long to look for: say it in {MAX_CHARS} characters.")));
    }
    let mut parser = Parser { chars, at: 0, typing, now, known, depth: 0, looked_for: 0 };
    let query = parser.any(Field::Anywhere)?;
    parser.skip_blanks();
    match parser.peek() {
        Some(_) => Err(fault(parser.at, 1, "There is no “(” for this: leave it out, or put one before.")),
        None if parser.looked_for == 0 && !typed.trim().is_empty() => {
            Err(fault(0, typed.chars().count(), "There is no letter and no digit to look for: say a word."))
        }
        None => Ok(query),
    }
}

fn fault(at: usize, len: usize, words: impl Into<String>) -> Fault {
    Fault { at, len, words: words.into() }
}

struct Parser<'a> {
    chars: Vec<char>,
    at: usize,
    typing: bool,
    now: &'a Zoned,
    known: &'a Known,
    depth: usize,
    /// Words and conditions so far.
    looked_for: usize,
}

/// A word as it was typed.
struct Word {
    at: usize,
    text: String,
    quoted: bool,
    /// Nothing follows it, not even a blank.
    is_last: bool,
}

impl Word {
    fn len(&self) -> usize {
        self.text.chars().count()
    }
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    /// Whether this operator stands here; then it is passed.
    fn takes(&mut self, operator: &str) -> bool {
        self.skip_blanks();
        let end = self.at + operator.len();
        let is_here = self.chars.get(self.at..end).is_some_and(|here| here.iter().copied().eq(operator.chars()));
        let ends = self.chars.get(end).is_none_or(|&c| c.is_whitespace() || c == '(');
        if is_here && ends {
            self.at = end;
        }
        is_here && ends
    }

    fn any(&mut self, field: Field) -> Result<Query, Fault> {
        let mut either = vec![self.all(field)?];
        loop {
            let at = self.at_next();
            if !self.takes("OR") {
                break;
            }
            let missing =
                "There is nothing on one side of “OR”: say a word there, or write it small to look for the word.";
            let is_empty = |query: &Query| *query == Query::All(Vec::new());
            if either.last().is_some_and(is_empty) {
                return Err(fault(at, 2, missing));
            }
            let right = self.all(field)?;
            if is_empty(&right) {
                // While it is typed the other side is yet to come.
                if self.typing && self.at >= self.chars.len() {
                    break;
                }
                return Err(fault(at, 2, missing));
            }
            either.push(right);
        }
        Ok(if either.len() == 1 { either.remove(0) } else { Query::Any(either) })
    }

    fn at_next(&mut self) -> usize {
        self.skip_blanks();
        self.at
    }

    fn all(&mut self, field: Field) -> Result<Query, Fault> {
        let mut all = Vec::new();
        loop {
            let at = self.at_next();
            match self.peek() {
                None | Some(')') => break,
                _ if self.stands("OR") => break,
                _ if self.takes("AND") => {}
                _ => all.extend(self.term(field)?),
            }
            if self.at == at {
                break;
            }
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Query::All(all) })
    }

    fn stands(&mut self, operator: &str) -> bool {
        let at = self.at;
        let stands = self.takes(operator);
        self.at = at;
        stands
    }

    /// None: it says nothing, such as a dash between words.
    fn term(&mut self, field: Field) -> Result<Option<Query>, Fault> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(fault(self.at, 1, "This is nested too deep: say it with fewer parentheses."));
        }
        let term = self.shallow_term(field);
        self.depth -= 1;
        term
    }

    fn shallow_term(&mut self, field: Field) -> Result<Option<Query>, Fault> {
        let follows = self.chars.get(self.at + 1).is_some_and(|c| !c.is_whitespace());
        if self.takes("NOT") || (self.peek() == Some('-') && follows && self.pass()) {
            self.skip_blanks();
            return match self.peek() {
                None | Some(')') => Ok(None),
                _ => Ok(self.term(field)?.map(|term| Query::Not(Box::new(term)))),
            };
        }
        if self.peek() == Some('(') {
            return self.group(field).map(Some);
        }
        match self.field_name()? {
            Some(name) => self.value(&name),
            None => {
                let word = self.word();
                Ok(self.text(field, &word))
            }
        }
    }

    fn pass(&mut self) -> bool {
        self.at += 1;
        true
    }

    fn group(&mut self, field: Field) -> Result<Query, Fault> {
        let open = self.at;
        self.pass();
        let inside = self.any(field)?;
        self.skip_blanks();
        match self.peek() {
            Some(')') => {
                self.pass();
                Ok(inside)
            }
            _ if self.typing => Ok(inside),
            _ => Err(fault(open, 1, "There is no “)” for this: put one at the end of what belongs together.")),
        }
    }

    /// The word up to a blank or a parenthesis, or what is in quotes; an end that is missing is where the text ends.
    fn word(&mut self) -> Word {
        let at = self.at;
        let quote = self.peek().filter(|c| is_quote(*c));
        if quote.is_some() {
            self.pass();
        }
        let begin = self.at;
        let ends = |c: char| match quote {
            Some(_) => is_quote(c),
            None => c.is_whitespace() || matches!(c, '(' | ')') || is_quote(c),
        };
        while self.peek().is_some_and(|c| !ends(c)) {
            self.pass();
        }
        let text = self.chars.get(begin..self.at).unwrap_or_default().iter().collect();
        let is_last = self.peek().is_none();
        if quote.is_some() && !is_last {
            self.pass();
        }
        Word { at, text, quoted: quote.is_some(), is_last }
    }

    fn text(&mut self, field: Field, word: &Word) -> Option<Query> {
        let starred = !word.quoted && word.text.ends_with('*');
        // A phrase whose end is still to be typed is typed still, as a word is.
        let unfinished = self.typing && word.is_last;
        let text = Text::of(field, &word.text, starred || unfinished)?;
        self.looked_for += 1;
        Some(Query::Text(text))
    }

    /// What stands before a colon, if it is meant as a field's name: letters alone, and something behind the colon that makes no
    /// address of the web out of them.
    fn field_name(&mut self) -> Result<Option<Word>, Fault> {
        let rest = self.chars.get(self.at..).unwrap_or_default();
        let letters = rest.iter().take_while(|c| c.is_ascii_alphabetic()).count();
        if letters < 2 || rest.get(letters) != Some(&':') {
            return Ok(None);
        }
        let name: String = rest.iter().take(letters).collect::<String>().to_ascii_lowercase();
        let word = Word { at: self.at, text: name, quoted: false, is_last: false };
        if NAMES.contains(&word.text.as_str()) {
            self.at += letters + 1;
            return Ok(Some(word));
        }
        match rest.get(letters + 1) {
            Some(next) if !next.is_whitespace() && *next != '/' => {
                let near = NAMES.iter().find(|name| is_near(name, &word.text));
                let remedy = match near {
                    Some(near) => format!("did you mean “{near}:”?"),
                    None => "in quotes it is looked for as it stands.".into(),
                };
                Err(fault(word.at, letters + 1, format!("“{}:” is nothing to search by: {remedy}", word.text)))
            }
            _ => Ok(None),
        }
    }

    /// What a field is to be.
    fn value(&mut self, name: &Word) -> Result<Option<Query>, Fault> {
        if let Some(field) = field_of(&name.text) {
            return match self.peek() {
                Some('(') => self.group(field).map(Some),
                Some(c) if !c.is_whitespace() && c != ')' => {
                    let word = self.word();
                    Ok(self.text(field, &word))
                }
                _ => Err(self.missing(name, "ana, or \"ana duarte\"")),
            };
        }
        let value = self.word();
        let example = example_of(&name.text);
        if value.text.trim().is_empty() {
            return Err(self.missing(name, example));
        }
        let query = match name.text.as_str() {
            "before" | "after" | "on" => self.dated(&name.text, &value)?,
            other => condition(other, &value, self.typing && value.is_last, self.now, self.known)?,
        };
        self.looked_for += 1;
        Ok(Some(query))
    }

    fn missing(&self, name: &Word, example: &str) -> Fault {
        fault(self.at, 0, format!("What should follow “{}:”? Say for example {}:{example}.", name.text, name.text))
    }

    fn dated(&mut self, name: &str, value: &Word) -> Result<Query, Fault> {
        let stretch = self.date(value).ok_or_else(|| {
            fault(value.at, value.len().max(1), format!("“{}” is no date: {}.", value.text, day::EXAMPLES))
        })?;
        Ok(match name {
            "before" => Query::Condition(Condition::Before(stretch.from)),
            "after" => Query::Condition(Condition::Since(stretch.to)),
            _ => Query::All(vec![
                Query::Condition(Condition::Since(stretch.from)),
                Query::Condition(Condition::Before(stretch.to)),
            ]),
        })
    }

    /// A date may go on in the words that follow: `on:November 2026`, `on:3 November 2026`.
    fn date(&mut self, value: &Word) -> Option<day::Stretch> {
        let mut found = day::read(&value.text, self.now);
        let mut text = value.text.clone();
        if value.quoted {
            return found;
        }
        let mut end = self.at;
        for _ in 0..2 {
            self.skip_blanks();
            text.push(' ');
            text.push_str(&self.word().text);
            if let Some(longer) = day::read(&text, self.now) {
                (found, end) = (Some(longer), self.at);
            }
        }
        self.at = end;
        found
    }
}

fn condition(name: &str, value: &Word, unfinished: bool, now: &Zoned, known: &Known) -> Result<Query, Fault> {
    let text = value.text.trim().to_lowercase();
    let wrong = |what: &str| fault(value.at, value.len().max(1), format!("“{}” is {what}.", value.text));
    let one_of = |known: &[&'static str]| {
        let begins = |word: &&&str| **word == text || (unfinished && word.starts_with(&text));
        known.iter().find(begins).copied()
    };
    let condition = match name {
        "has" => one_of(&["attachment", "attachments"])
            .map(|_| Condition::HasAttachment)
            .ok_or_else(|| wrong("nothing that a message has: say has:attachment"))?,
        "is" => match one_of(&["unread", "read", "starred", "answered", "forwarded"]) {
            Some("unread") => Condition::Unread,
            Some("read") => Condition::Read,
            Some("starred") => Condition::Starred,
            Some("answered") => Condition::Answered,
            Some(_) => Condition::Forwarded,
            None => return Err(wrong("nothing that a message is: say unread, read, starred, answered or forwarded")),
        },
        "in" => match (one_of(&MAILBOXES), named(&text, unfinished, &known.mailboxes)) {
            // What is typed whole is meant, whoever made it.
            (Some(role), Some(own)) if role != text && own.to_lowercase() == text => Condition::Own(own),
            (Some(role), _) => Condition::In(role),
            (None, Some(own)) => Condition::Own(own),
            (None, None) => return Err(wrong(&format!("no mailbox: say {}", listed(&MAILBOXES, &known.mailboxes)))),
        },
        "tag" => Condition::Tag(named(&text, unfinished, &known.tags).ok_or_else(|| match known.tags.as_slice() {
            [] => wrong("no tag: there are none yet"),
            tags => wrong(&format!("no tag: say {}", listed(&[], tags))),
        })?),
        "account" => Condition::Account(value.text.trim().to_owned()),
        "newer" | "older" => {
            let then = day::ago(&text, now)
                .ok_or_else(|| wrong("no age: say 7d (days), 2w (weeks), 3m (months) or 1y (years)"))?;
            if name == "newer" { Condition::Since(then) } else { Condition::Before(then) }
        }
        _ => {
            let size = size(&text).ok_or_else(|| wrong("no size: say for example 100K, 2M or 1G"))?;
            if name == "larger" { Condition::Larger(size) } else { Condition::Smaller(size) }
        }
    };
    Ok(Query::Condition(condition))
}

/// The name that is meant: as it stands, by the last part of its path, or while it is typed by its beginning.
fn named(text: &str, unfinished: bool, names: &[String]) -> Option<String> {
    let is = |whole: &str| whole == text;
    let begins = |whole: &str| whole.starts_with(text);
    let last = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
    let find = |fits: &dyn Fn(&str) -> bool| names.iter().find(|name| fits(&name.to_lowercase()));
    let exact = find(&is).or_else(|| find(&|name| is(&last(name))));
    let begun = || find(&begins).or_else(|| find(&|name| begins(&last(name)))).filter(|_| unfinished);
    exact.or_else(begun).cloned()
}

/// Some of the names that can be said.
fn listed(fixed: &[&str], names: &[String]) -> String {
    let own = names.iter().map(|name| if name.contains(' ') { format!("\"{name}\"") } else { name.clone() });
    let mut all: Vec<String> = fixed.iter().map(|name| (*name).to_owned()).chain(own.take(NAMES_LISTED)).collect();
    if names.len() > NAMES_LISTED {
        all.push("…".into());
    }
    all.join(", ")
}

/// Names of a person's own in an explanation; more than a line of them explains nothing.
const NAMES_LISTED: usize = 12;

/// 100K, 2M, 1.5M, 3 MB, 400: octets, in thousands as the window shows them.
fn size(text: &str) -> Option<u64> {
    let text = text.strip_suffix('b').unwrap_or(text).trim();
    let (digits, zeros) = match text.chars().last()? {
        'k' => (text.strip_suffix('k')?, 3),
        'm' => (text.strip_suffix('m')?, 6),
        'g' => (text.strip_suffix('g')?, 9),
        _ => (text, 0),
    };
    let (whole, part) = digits.trim().split_once(['.', ',']).unwrap_or((digits.trim(), ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(part) || part.len() > zeros {
        return None;
    }
    format!("{whole}{part:0<zeros$}").parse().ok()
}

const NAMES: [&str; 18] = [
    "from",
    "to",
    "cc",
    "subject",
    "body",
    "attachment",
    "has",
    "is",
    "in",
    "tag",
    "account",
    "before",
    "after",
    "on",
    "newer",
    "older",
    "larger",
    "smaller",
];

fn field_of(name: &str) -> Option<Field> {
    Some(match name {
        "from" => Field::From,
        "to" => Field::To,
        "cc" => Field::Cc,
        "subject" => Field::Subject,
        "body" => Field::Body,
        "attachment" => Field::Attachment,
        _ => return None,
    })
}

fn example_of(name: &str) -> &'static str {
    match name {
        "has" => "attachment",
        "is" => "unread",
        "in" => "archive",
        "tag" => "tax",
        "account" => "work",
        "newer" | "older" => "7d",
        "larger" | "smaller" => "2M",
        _ => "2026-11-03",
    }
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '«' | '»')
}

/// Whether two names differ by one letter, or by two that changed places.
fn is_near(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let same = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let rest = |word: &[char], skip: usize| word.get(same + skip..).unwrap_or_default().to_vec();
    let swapped =
        one.len() == other.len() && one.get(same) == other.get(same + 1) && one.get(same + 1) == other.get(same);
    rest(&one, 1) == rest(&other, 1)
        || rest(&one, 1) == rest(&other, 0)
        || rest(&one, 0) == rest(&other, 1)
        || (swapped && rest(&one, 2) == rest(&other, 2))
}
