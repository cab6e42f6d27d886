//! What may be typed next: where in a query the caret stands, and what the language has to offer there.

use std::ops::Range;

use super::parse::is_quote;

/// What the caret is in. Places are characters of the query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spot {
    /// Between words, where anything may begin.
    Between,
    /// A word up to the caret, which may become an operator.
    Word { at: Range<usize>, text: String },
    /// What follows an operator's colon, up to the caret; the place without an opening quote that stands there, too.
    Value { operator: &'static str, at: Range<usize>, text: String },
}

/// An operator, or one of its values, and what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    pub word: &'static str,
    pub means: &'static str,
}

const fn offer(word: &'static str, means: &'static str) -> Offer {
    Offer { word, means }
}

/// Every operator, what is asked for most often first.
pub const OPERATORS: [Offer; 20] = [
    offer("from", "who sent it"),
    offer("to", "who received it, copies too"),
    offer("subject", "words of the subject"),
    offer("has", "what it has: attachment"),
    offer("is", "unread, starred, answered …"),
    offer("in", "a mailbox"),
    offer("tag", "a tag"),
    offer("after", "later than a day"),
    offer("before", "earlier than a day"),
    offer("on", "on a day, in a month or year"),
    offer("newer", "not older than: 7d, 2w, 3m, 1y"),
    offer("older", "older than: 7d, 2w, 3m, 1y"),
    offer("account", "an account"),
    offer("attachment", "names and text of attachments"),
    offer("body", "words of the text"),
    offer("cc", "who received a copy"),
    offer("list", "a mailing list"),
    offer("thread", "the conversation of a message"),
    offer("larger", "more than: 100K, 2M"),
    offer("smaller", "less than: 100K, 2M"),
];

/// What an operator may be followed by, where that is a matter of the language.
pub fn values(operator: &str) -> &'static [Offer] {
    const HAS: &[Offer] = &[offer("attachment", "something is attached")];
    const IS: &[Offer] = &[
        offer("unread", "not opened yet"),
        offer("read", "opened"),
        offer("starred", "with a star"),
        offer("answered", "answered from here"),
        offer("forwarded", "forwarded from here"),
    ];
    const IN: &[Offer] = &[
        offer("inbox", "Inbox"),
        offer("archive", "Archive"),
        offer("sent", "Sent"),
        offer("drafts", "Drafts"),
        offer("outbox", "Outbox"),
        offer("junk", "Junk"),
        offer("trash", "Trash"),
    ];
    const DATES: &[Offer] = &[
        offer("today", "this day"),
        offer("yesterday", "the day before"),
        offer("\"this week\"", "from Monday on"),
        offer("\"last week\"", "Monday to Sunday"),
        offer("\"this month\"", "from the first on"),
        offer("\"last month\"", "the one before"),
        offer("\"last year\"", "the one before"),
    ];
    const AGES: &[Offer] = &[
        offer("1d", "a day"),
        offer("7d", "7 days"),
        offer("2w", "2 weeks"),
        offer("3m", "3 months"),
        offer("1y", "a year"),
    ];
    const SIZES: &[Offer] = &[
        offer("100K", "100 kilobytes"),
        offer("1M", "a megabyte"),
        offer("5M", "5 megabytes"),
        offer("20M", "20 megabytes"),
    ];
    match operator {
        "has" => HAS,
        "is" => IS,
        "in" => IN,
        "before" | "after" | "on" => DATES,
        "newer" | "older" => AGES,
        "larger" | "smaller" => SIZES,
        _ => &[],
    }
}

/// Whether the operator is followed by people.
pub fn is_about_people(operator: &str) -> bool {
    matches!(operator, "from" | "to" | "cc")
}

/// Where the caret is, which stands behind so many characters of `typed`.
pub fn spot(typed: &str, caret: usize) -> Spot {
    let before: Vec<char> = typed.chars().take(caret).collect();
    let caret = before.len();
    let mut begin = 0;
    let mut is_quoted = false;
    for (at, &c) in before.iter().enumerate() {
        if is_quote(c) {
            is_quoted = !is_quoted;
        } else if !is_quoted && (c.is_whitespace() || matches!(c, '(' | ')')) {
            begin = at + 1;
        }
    }
    // A minus sign turns what follows it into its opposite; that is the same word.
    if before.get(begin) == Some(&'-') {
        begin += 1;
    }
    let word = before.get(begin..).unwrap_or_default();
    if let Some(colon) = word.iter().position(|c| *c == ':') {
        let name: String = word.iter().take(colon).collect::<String>().to_ascii_lowercase();
        if let Some(operator) = OPERATORS.iter().find(|operator| operator.word == name) {
            let text: String = word.iter().skip(colon + 1).filter(|c| !is_quote(**c)).collect();
            return Spot::Value { operator: operator.word, at: begin + colon + 1..caret, text };
        }
    }
    let text: String = word.iter().collect();
    match text.as_str() {
        "" => Spot::Between,
        _ => Spot::Word { at: begin..caret, text },
    }
}

/// A value as it must stand behind a colon: in quotes, if it has blanks or parentheses.
pub fn quoted(value: &str) -> String {
    let value: String = value.chars().filter(|c| !is_quote(*c)).collect();
    if value.contains(|c: char| c.is_whitespace() || matches!(c, '(' | ')')) { format!("\"{value}\"") } else { value }
}

#[cfg(test)]
mod tests {
    use super::super::parse::NAMES;
    use super::*;

    fn spelt(typed: &str) -> String {
        match spot(&typed.replace('|', ""), typed.chars().position(|c| c == '|').unwrap()) {
            Spot::Between => "between".into(),
            Spot::Word { at, text } => format!("{at:?} {text}"),
            Spot::Value { operator, at, text } => format!("{at:?} {operator}: {text}"),
        }
    }

    #[test]
    fn the_caret_is_in_a_word_in_a_value_or_between_them() {
        for (typed, expected) in [
            ("|", "between"),
            ("lunch |", "between"),
            ("lun|", "0..3 lun"),
            ("lun|ch", "0..3 lun"),
            ("a lun|", "2..5 lun"),
            ("a (lun|", "3..6 lun"),
            ("-fr|", "1..3 fr"),
            ("from:|", "5..5 from: "),
            ("a from:an|", "7..9 from: an"),
            ("FROM:an|", "5..7 from: an"),
            ("from:\"ana d|", "5..11 from: ana d"),
            ("from:ana |", "between"),
            ("https://a|", "0..9 https://a"),
            ("é in:|", "5..5 in: "),
        ] {
            assert_eq!(spelt(typed), expected, "{typed}");
        }
    }

    #[test]
    fn every_operator_of_the_language_is_explained() {
        let mut offered = OPERATORS.map(|operator| operator.word);
        let mut names = NAMES;
        offered.sort_unstable();
        names.sort_unstable();
        assert_eq!(offered, names);
    }

    #[test]
    fn every_value_that_is_offered_is_understood() {
        let now = jiff::Timestamp::from_second(1_790_000_000).unwrap().to_zoned(jiff::tz::TimeZone::UTC);
        for operator in OPERATORS {
            for value in values(operator.word) {
                let typed = format!("{}:{}", operator.word, value.word);
                assert!(super::super::Query::parse(&typed, false, &now).is_ok(), "{typed}");
            }
        }
    }

    #[test]
    fn what_has_blanks_is_put_in_quotes() {
        for (value, expected) in [("work", "work"), ("My work", "\"My work\""), ("a\"b", "ab")] {
            assert_eq!(quoted(value), expected);
        }
    }
}
