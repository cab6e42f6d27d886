//! Where in a text a query finds its words. The text is cut into words as for the index, and letters are made alike at least
//! as far as the index does it: what the index finds in a text is marked in it, and now and then a little more (“Straße” for
//! “strasse”), which a reader takes for a kindness.

use std::collections::HashSet;
use std::ops::Range;

use unicode_normalization::char::{decompose_canonical, is_combining_mark};

use super::query::{Field, Known, Query, Text};
use super::sanitize;
use super::words::{self, Sink, folded, is_spaceless};

/// What is marked for a query: every word and phrase in it that is to be there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Marker {
    phrases: Vec<Phrase>,
}

/// Words that stand next to each other, each as [`fold`] leaves it.
#[derive(Clone, Debug, PartialEq)]
struct Phrase {
    field: Field,
    words: Vec<String>,
    /// The last of them may go on.
    is_beginning: bool,
}

/// A piece of a text around what was found in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snippet {
    /// One line, fit for the screen.
    pub text: String,
    /// Octets of it, in order and apart from each other.
    pub marks: Vec<Range<usize>>,
}

/// Characters of a snippet, and of those before what was found.
const SNIPPET_CHARS: usize = 220;
const BEFORE_CHARS: usize = 36;

impl Marker {
    /// For what was typed. What cannot be understood marks nothing.
    pub fn of_typed(typed: &str, typing: bool) -> Self {
        // Words are the same on every day.
        let some_day = jiff::Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC);
        let known = Known { any: true, ..Known::default() };
        Query::parse_knowing(typed, typing, &some_day, &known).map(|query| Self::of(&query)).unwrap_or_default()
    }

    pub fn of(query: &Query) -> Self {
        let mut marker = Self::default();
        marker.add(query);
        marker
    }

    fn add(&mut self, query: &Query) {
        match query {
            Query::All(parts) | Query::Any(parts) => parts.iter().for_each(|part| self.add(part)),
            Query::Text(text) => self.phrases.extend(phrase(text)),
            Query::Not(_) | Query::Condition(_) => {}
        }
    }

    /// Nothing is ever marked.
    pub fn is_empty(&self) -> bool {
        self.phrases.is_empty()
    }

    /// Octets of `text`, which stands in that field, where something is found: in order and apart from each other.
    pub fn marks(&self, field: Field, text: &str) -> Vec<Range<usize>> {
        let phrases: Vec<&Phrase> = self.phrases.iter().filter(|phrase| phrase.looks_into(field)).collect();
        if phrases.is_empty() {
            return Vec::new();
        }
        let hits = Reader::of(&phrases, text).hits;
        let mut found: Vec<Range<usize>> = phrases.iter().flat_map(|phrase| phrase.found(&hits)).collect();
        found.sort_unstable_by_key(|range| (range.start, range.end));
        apart(found)
    }

    /// The text around the first thing that is found in it; None: nothing is.
    pub fn snippet(&self, field: Field, text: &str) -> Option<Snippet> {
        let first = self.marks(field, text).into_iter().next()?;
        let before = text.get(..first.start)?;
        let begin =
            before.char_indices().rev().nth(BEFORE_CHARS).map_or(0, |(at, _)| after_blank(text, at, first.start));
        let rest = text.get(begin..)?;
        let end = rest.char_indices().nth(SNIPPET_CHARS).map_or(rest.len(), |(at, _)| at);
        let piece = rest.get(..end)?;
        let mut shown = sanitize::line(&on_one_line(piece));
        if begin > 0 {
            shown.insert(0, '…');
        }
        if end < rest.len() {
            shown.push('…');
        }
        Some(Snippet { marks: self.marks(field, &shown), text: shown })
    }
}

/// Where the word after `at` begins, if one does before `limit`.
fn after_blank(text: &str, at: usize, limit: usize) -> usize {
    let blank = text.get(at..limit).and_then(|piece| piece.char_indices().find(|(_, c)| c.is_whitespace()));
    blank.map_or(at, |(offset, c)| at + offset + c.len_utf8())
}

/// Without the line ends that stand inside a word of a script without spaces.
fn on_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let is_inside = c == '\n'
            && line.chars().next_back().is_some_and(is_spaceless)
            && chars.peek().copied().is_some_and(is_spaceless);
        if !is_inside {
            line.push(c);
        }
    }
    line
}

/// Joins what touches or overlaps; `found` is in order.
fn apart(found: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut apart: Vec<Range<usize>> = Vec::new();
    for range in found {
        match apart.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => apart.push(range),
        }
    }
    apart
}

fn phrase(text: &Text) -> Option<Phrase> {
    let mut words = Words::default();
    for c in text.sought.words.chars() {
        words.put(c, 0);
    }
    words.end();
    let is_something = !words.all.is_empty();
    is_something.then_some(Phrase { field: text.field, words: words.all, is_beginning: text.is_beginning })
}

impl Phrase {
    /// As the index's columns are asked: `to:` also looks into copies.
    fn looks_into(&self, field: Field) -> bool {
        self.field == Field::Anywhere || self.field == field || (self.field == Field::To && field == Field::Cc)
    }

    fn found(&self, hits: &[Hit]) -> Vec<Range<usize>> {
        (0..hits.len()).filter_map(|at| self.found_at(hits.get(at..)?)).collect()
    }

    /// The words of it one after the other, from the first of these on.
    fn found_at(&self, hits: &[Hit]) -> Option<Range<usize>> {
        let mut end = 0;
        for (offset, word) in self.words.iter().enumerate() {
            let hit = hits.get(offset)?;
            let is_next = hit.number == hits.first()?.number + offset;
            let may_go_on = self.is_beginning && offset + 1 == self.words.len();
            let is_it = if may_go_on { hit.word.starts_with(word.as_str()) } else { hit.word == *word };
            if !is_next || !is_it {
                return None;
            }
            // What goes on after the first of a pair is the next word, not the rest of this one.
            let is_pair = hit.word.chars().next().is_some_and(is_spaceless);
            end = if may_go_on && is_pair && hit.word != *word { hit.first_end } else { hit.end };
        }
        Some(hits.first()?.start..end)
    }
}

/// A word of the text that one of the phrases has.
struct Hit {
    /// Words before it.
    number: usize,
    start: usize,
    /// Where its first character ends, and its last.
    first_end: usize,
    end: usize,
    word: String,
}

/// Goes through a text and keeps the words that matter.
struct Reader<'a> {
    text: &'a str,
    /// Whole words that are looked for, and the beginnings of others.
    whole: HashSet<&'a str>,
    beginnings: Vec<&'a str>,
    hits: Vec<Hit>,
    number: usize,
    word: String,
    start: usize,
    last: usize,
}

impl<'a> Reader<'a> {
    fn of(phrases: &[&'a Phrase], text: &'a str) -> Self {
        let whole = phrases.iter().flat_map(|phrase| &phrase.words).map(String::as_str).collect();
        let beginnings = phrases.iter().filter(|phrase| phrase.is_beginning).filter_map(|phrase| phrase.words.last());
        let beginnings = beginnings.map(String::as_str).collect();
        let mut reader =
            Self { text, whole, beginnings, hits: Vec::new(), number: 0, word: String::new(), start: 0, last: 0 };
        words::located(text, &mut reader);
        reader.end_word();
        reader
    }

    fn end_word(&mut self) {
        if self.word.is_empty() {
            return;
        }
        let word = self.word.as_str();
        if self.whole.contains(word) || self.beginnings.iter().any(|beginning| word.starts_with(beginning)) {
            let (start, first_end) = (self.start, end_of(self.text, self.start));
            let end = end_of(self.text, self.last);
            self.hits.push(Hit { number: self.number, start, first_end, end, word: self.word.clone() });
        }
        self.number += 1;
        self.word.clear();
    }
}

/// Where the character that begins at `at` ends, with the marks on it that count for nothing.
fn end_of(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let mut chars = rest.char_indices().skip(1).skip_while(|(_, c)| folded(*c).is_none());
    chars.next().map_or(text.len(), |(offset, _)| at + offset)
}

impl Sink for &mut Reader<'_> {
    fn put(&mut self, c: char, at: usize) {
        if !is_of_word(c) {
            return self.end_word();
        }
        if self.word.is_empty() {
            self.start = at;
        }
        self.last = at;
        fold(c, &mut self.word);
        // A letter of which nothing is left is a word all the same.
        if self.word.is_empty() {
            self.word.push(c);
        }
    }
}

/// Prepared text as words.
#[derive(Default)]
struct Words {
    all: Vec<String>,
    word: String,
}

impl Words {
    fn end(&mut self) {
        if !self.word.is_empty() {
            self.all.push(std::mem::take(&mut self.word));
        }
    }
}

impl Sink for Words {
    fn put(&mut self, c: char, _at: usize) {
        if is_of_word(c) {
            fold(c, &mut self.word);
        } else {
            self.end();
        }
    }
}

/// The words of a text, all letters made alike: for what is compared outside of the index.
pub fn plain_words(text: &str) -> Vec<String> {
    let mut words = Words::default();
    for c in text.chars().filter_map(folded) {
        words.put(c, 0);
    }
    words.end();
    words.all
}

/// As the index's tokenizer has it: letters, marks, numbers and private use, by their general categories.
pub(super) fn is_of_word(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric();
    }
    let is_circled = matches!(c, '\u{24B6}'..='\u{24E9}' | '\u{1F130}'..='\u{1F189}');
    let is_private = matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{10FFFD}');
    (c.is_alphanumeric() && !is_circled) || is_private || is_combining_mark(c)
}

/// Adds a character without its case and its accents.
pub(super) fn fold(c: char, out: &mut String) {
    if c.is_ascii() {
        return out.push(c.to_ascii_lowercase());
    }
    // There and back: forms that are small already, such as the last sigma of a word, become the usual one.
    for small in c.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase) {
        match small {
            // The scripts in which a letter with an accent is another form of the letter.
            '\u{C0}'..='\u{52F}' | '\u{1E00}'..='\u{1FFF}' => {
                decompose_canonical(small, |part| out.extend(folded(part)));
            }
            other => out.extend(folded(other)),
        }
    }
}

#[cfg(test)]
mod tests;
