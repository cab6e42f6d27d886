//! Text as lists are put in order by: a person who looks for a name or a subject does not think of capitals, accents, quotes
//! or of the `Re:` before it, and expects Invoice 9 before Invoice 10.
//!
//! What comes out is compared octet by octet. Scripts stay together, for that is the order of Unicode: Latin, Greek, Cyrillic,
//! Hebrew, Arabic, the scripts of India, Kana, Han, Hangul.

use unicode_normalization::char::decompose_compatible;

use super::words::folded;

/// What a name is put in order by.
pub fn of_name(text: &str) -> String {
    fold(text)
}

/// What a subject is put in order by: messages of one conversation come together.
pub fn of_subject(text: &str) -> String {
    let mut rest = text.trim_start();
    while let Some(stripped) = without_mark(rest) {
        rest = stripped;
    }
    fold(rest)
}

/// Words by which the programs of several languages mark an answer or a forwarded message.
const MARKS: &[&str] = &[
    "re", "fwd", "fw", "aw", "wg", "sv", "vs", "vb", "antw", "doorst", "rép", "réf", "tr", "odp", "pd", "ynt", "ilt",
    "res", "enc", "rv", "rif", "r", "i", "回复", "答复", "回覆", "转发", "轉寄",
];
/// Octets of the longest mark with its number.
const MARK_BYTES: usize = 16;

/// What follows `Re:`, `AW :`, `Re[2]:` or `RE(3):`.
fn without_mark(subject: &str) -> Option<&str> {
    let (at, colon) =
        subject.char_indices().take_while(|&(at, _)| at <= MARK_BYTES).find(|(_, c)| matches!(c, ':' | '：'))?;
    let head = subject.get(..at)?;
    let word = head.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '[' | ']' | '(' | ')' | '^' | ' '));
    let is_mark =
        MARKS.iter().any(|mark| mark.eq_ignore_ascii_case(word) || (!word.is_ascii() && *mark == word.to_lowercase()));
    is_mark.then(|| subject.get(at + colon.len_utf8()..)).flatten().map(str::trim_start)
}

/// Folds; what has neither a letter nor a digit comes behind all that has.
fn fold(text: &str) -> String {
    let mut folder = Folder { out: String::with_capacity(text.len()), number: String::new(), gap: false };
    for c in text.chars() {
        match folded(c) {
            None => {}
            Some(c) if c.is_ascii() => folder.take(c),
            // Their parts would lie elsewhere.
            Some(c @ '\u{AC00}'..='\u{D7A3}') => folder.take_wide(c),
            Some(c) => decompose_compatible(c, |c| folder.take_wide(c)),
        }
    }
    folder.end_number();
    if folder.out.is_empty() { char::MAX.to_string() } else { folder.out }
}

struct Folder {
    out: String,
    /// The digits of a number that may go on.
    number: String,
    /// Something stood between the last letter and this one.
    gap: bool,
}

impl Folder {
    fn take(&mut self, c: char) {
        if c.is_ascii_digit() {
            self.begin();
            self.number.push(c);
        } else if c.is_alphanumeric() {
            self.end_number();
            self.begin();
            self.out.push(c.to_ascii_lowercase());
        } else {
            self.end_number();
            self.gap = true;
        }
    }

    /// One of the parts of a character beyond ASCII.
    fn take_wide(&mut self, c: char) {
        if c.is_ascii() {
            return self.take(c);
        }
        if let Some(letters) = spelt(c) {
            return letters.chars().for_each(|c| self.take(c));
        }
        // Accents are gone; the marks that remain are vowels, of the scripts of India for example.
        if folded(c).is_none() {
            return;
        }
        self.end_number();
        if c.is_alphanumeric() || is_mark(c) {
            self.begin();
            self.out.extend(as_hiragana(c).to_lowercase());
        } else {
            self.gap = true;
        }
    }

    /// Words are parted by one space, whatever stands between them.
    fn begin(&mut self) {
        if std::mem::take(&mut self.gap) && !self.out.is_empty() && self.number.is_empty() {
            self.out.push(' ');
        }
    }

    /// The longer number is the larger: its length comes first.
    fn end_number(&mut self) {
        if self.number.is_empty() {
            return;
        }
        let digits = self.number.trim_start_matches('0');
        let length = u8::try_from(digits.len().min(9)).unwrap_or(9);
        self.out.push(char::from(b'0' + length));
        self.out.push_str(digits);
        self.number.clear();
    }
}

/// Letters that are no other letter with an accent to Unicode, but to a person who looks for them.
fn spelt(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' | 'ẞ' => "ss",
        'æ' | 'Æ' => "ae",
        'œ' | 'Œ' => "oe",
        'ø' | 'Ø' => "o",
        'ł' | 'Ł' => "l",
        'đ' | 'Đ' | 'ð' | 'Ð' => "d",
        'þ' | 'Þ' => "th",
        'ı' => "i",
        _ => return None,
    })
}

/// A sign that belongs to the letter before it.
fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

/// Both Kana together.
fn as_hiragana(c: char) -> char {
    match c {
        'ァ'..='ヶ' => char::from_u32(u32::from(c) - 0x60).unwrap_or(c),
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(fold: fn(&str) -> String, in_order: &[&str]) {
        for pair in in_order.windows(2) {
            assert!(fold(pair[0]) < fold(pair[1]), "{pair:?}: {:?} {:?}", fold(pair[0]), fold(pair[1]));
        }
    }

    #[test]
    fn names_come_as_in_a_register() {
        check(
            of_name,
            &[
                "7 Sons",
                "“Ada”",
                "Åke",
                "andré",
                "Ann",
                "Ann Lee",
                "Anna",
                "émile",
                "Ole",
                "Øvind",
                "straße a",
                "Strasse b",
            ],
        );
    }

    #[test]
    fn scripts_stay_together() {
        check(
            of_name,
            &["Zoë", "Ωmega", "Ёлка", "Игорь", "דוד", "أحمد", "हरि", "あき", "アク", "いけ", "東京", "서울", "?!"],
        );
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        check(of_subject, &["Invoice 9", "Invoice 10", "Invoice 011", "Invoice 12", "Invoice 100", "Invoice a"]);
        check(of_subject, &["2 of 3", "10 of 12", "Ten"]);
    }

    #[test]
    fn what_differs_only_in_what_a_person_does_not_see_is_the_same() {
        for [one, other] in [
            ["École", "ecole"],
            ["e\u{301}cole", "ECOLE"],
            ["“Plan”  B", "plan b"],
            ["Ｐｌａｎ", "plan"],
            ["ﬁnal", "final"],
            ["soft\u{AD}ware", "software"],
            ["", " ?"],
        ] {
            assert_eq!(of_name(one), of_name(other));
        }
    }

    #[test]
    fn answers_lie_with_what_they_answer() {
        for subject in
            ["Plan", "Re: Plan", "RE: re:Plan", "Fwd: AW: Plan", "Re[2]: Plan", "回复：Plan", "SV : plan", " Re: Plan"]
        {
            assert_eq!(of_subject(subject), "plan", "{subject}");
        }
        for (subject, folded) in
            [("Regarding: Plan", "regarding plan"), ("Re", "re"), ("12:30", "212 230"), ("Re:", "\u{10FFFF}")]
        {
            assert_eq!(of_subject(subject), folded, "{subject}");
        }
        assert_eq!(of_name("Re: Plan"), "re plan", "a name is a name");
    }

    #[test]
    fn no_text_is_too_odd_to_be_put_in_order() {
        for text in
            ["\0", "\u{FFFD}", "🎉🎉", &"9".repeat(5_000), &"Re: ".repeat(1_000), &"ĝ".repeat(1_000), "é:", "::::"]
        {
            assert!(!of_subject(text).is_empty());
        }
    }
}
