//! The first letters of a message's words, for what is found while it is typed. They are in an index of their own, which
//! knows of each only that a message has it, and in which field: so it takes a tenth of what an index of all places takes.
//!
//! Of a script without spaces only the first character is taken: its words are pairs of them, which are looked for whole.

use super::Searchable;
use super::marks::is_of_word;
use super::query::Field;
use super::words::is_spaceless;

/// Letters of a beginning. Whatever is longer begins so few words that all of them can be read.
pub const LONGEST: usize = 3;

/// The mark, of private use, that stands before a beginning in each field but the body. Where it is the body's, too, or that of
/// several, it is there several times.
const SUBJECT: &str = "\u{E000}";
const SENDER: &str = "\u{E001}";
const RECIPIENTS: &str = "\u{E002}";
const COPIES: &str = "\u{E003}";
const ATTACHMENTS: &str = "\u{E004}";
const LIST: &str = "\u{E005}";
const BODY: &str = "";
/// The mark of those that are in one of these fields and not in the body: so two words, and not seven, say that it is anywhere.
const ELSEWHERE: &str = "\u{E006}";

/// All beginnings of a message, as words for the index.
pub fn for_index(words: &Searchable) -> String {
    let mut all = String::new();
    let mut put = |mark: &str, beginning: u64| {
        all.push_str(mark);
        all.extend(unpacked(beginning));
        all.push(' ');
    };
    let body = distinct(&words.body);
    let mut elsewhere = Vec::new();
    for (mark, text) in [
        (SUBJECT, &words.subject),
        (SENDER, &words.sender),
        (RECIPIENTS, &words.recipients),
        (COPIES, &words.copies),
        (ATTACHMENTS, &words.attachments),
        (LIST, &words.list),
    ] {
        for beginning in distinct(text) {
            put(mark, beginning);
            if body.binary_search(&beginning).is_err() {
                elsewhere.push(beginning);
            }
        }
    }
    each_once(&mut elsewhere);
    elsewhere.into_iter().for_each(|beginning| put(ELSEWHERE, beginning));
    body.into_iter().for_each(|beginning| put(BODY, beginning));
    all
}

/// The words of which one is in the index where a word of a field begins like this.
pub fn for_query(field: Field, beginning: &str) -> Vec<String> {
    let marks: &[&str] = match field {
        Field::Anywhere => &[BODY, ELSEWHERE],
        Field::From => &[SENDER],
        Field::To => &[RECIPIENTS, COPIES],
        Field::Cc => &[COPIES],
        Field::Subject => &[SUBJECT],
        Field::Body => &[BODY],
        Field::Attachment => &[ATTACHMENTS],
        Field::List => &[LIST],
    };
    marks.iter().map(|mark| format!("{mark}{beginning}")).collect()
}

/// The last word of prepared text and what stands before it, if the word is so short that it is a beginning for this index.
pub fn last_short(words: &str) -> Option<(&str, &str)> {
    let words = words.trim_end_matches(|c| !is_of_word(c));
    let from = words.char_indices().rev().find(|(_, c)| !is_of_word(*c)).map_or(0, |(at, c)| at + c.len_utf8());
    let (before, last) = words.split_at_checked(from)?;
    let longest = if last.starts_with(is_spaceless) { 1 } else { LONGEST };
    (1..=longest).contains(&last.chars().count()).then_some((before, last))
}

/// Beginnings, each packed into one number, in order: of a long text there are many, and most of them many times.
fn distinct(text: &str) -> Vec<u64> {
    // Sorted now and then and not looked up one by one: faster, and as bounded.
    let (mut all, mut full) = (Vec::new(), SORTED_AT);
    let (mut packed, mut length, mut longest) = (0, 0, LONGEST);
    for c in text.chars() {
        if !is_of_word(c) {
            (packed, length) = (0, 0);
            continue;
        }
        if length == 0 {
            longest = if is_spaceless(c) { 1 } else { LONGEST };
        }
        length += 1;
        if length <= longest {
            packed = packed << CHAR_BITS | u64::from(u32::from(c.to_ascii_lowercase()));
            all.push(packed);
            if all.len() == full {
                each_once(&mut all);
                full = SORTED_AT.max(2 * all.len());
            }
        }
    }
    each_once(&mut all);
    all
}

fn each_once(all: &mut Vec<u64>) {
    all.sort_unstable();
    all.dedup();
}

/// Beginnings that are gathered, those that are there already among them, before each is kept once.
const SORTED_AT: usize = 1 << 12;

fn unpacked(beginning: u64) -> impl Iterator<Item = char> {
    let chars = (0..LONGEST).rev().map(move |place| beginning >> (place as u32 * CHAR_BITS) & CHAR_MASK);
    chars.filter(|c| *c != 0).filter_map(|c| char::from_u32(u32::try_from(c).ok()?))
}

const CHAR_BITS: u32 = 21;
const CHAR_MASK: u64 = (1 << CHAR_BITS) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(text: &str) -> Vec<String> {
        let mut all: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        all.sort();
        all
    }

    #[test]
    fn each_beginning_is_there_once_in_each_field() {
        let words = Searchable {
            subject: "At an end".into(),
            body: "atlas <at> 東京 京 été 12345".into(),
            ..Searchable::default()
        };
        let mut expected: Vec<String> = ["a", "at", "atl", "東", "京", "é", "ét", "été", "1", "12", "123"]
            .into_iter()
            .chain(["\u{E000}a", "\u{E000}at", "\u{E000}an", "\u{E000}e", "\u{E000}en", "\u{E000}end"])
            .chain(["\u{E006}an", "\u{E006}e", "\u{E006}en", "\u{E006}end"])
            .map(str::to_owned)
            .collect();
        expected.sort();
        assert_eq!(sorted(&for_index(&words)), expected);
        assert_eq!(for_index(&Searchable::default()), "");
    }

    #[test]
    fn the_last_word_is_a_beginning_if_it_is_short() {
        for (words, expected) in [
            ("a", Some(("", "a"))),
            ("abc", Some(("", "abc"))),
            ("abcd", None),
            ("the me", Some(("the ", "me"))),
            ("ana@h", Some(("ana@", "h"))),
            ("ana@h. ", Some(("ana@", "h"))),
            ("x 東", Some(("x ", "東"))),
            ("東京", None),
            ("", None),
            ("!?", None),
        ] {
            assert_eq!(last_short(words), expected, "{words}");
        }
    }
}
