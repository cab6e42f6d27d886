//! Text prepared for the search index, and what is searched for prepared in the same way.
//!
//! The index (SQLite's FTS5, tokenizer unicode61) cuts text into words where there is anything but letters, marks and digits,
//! folds case, and takes accents off letters. Before it gets the text, two things are done here:
//!
//! * Marks that are written or left out at will (combining accents, Hebrew points, Arabic vowels, joiners) are left out, and
//!   full-width letters become ordinary ones.
//! * Chinese, Japanese, Thai, Lao, Khmer and Burmese are written without spaces, and Korean puts several words into one. Each
//!   run of such characters is cut into overlapping pairs, and its last character once more alone: 東京都 becomes 東京 京都 都.
//!   What is searched for becomes the same pairs as a phrase, so that any two or more characters are found wherever they
//!   stand in a run; one alone is found as the beginning of a pair, or as the last. A run in the middle of a phrase keeps its
//!   last character, as in the index, so that what follows it is next to it; the run at the end of a phrase does not. The end
//!   of a line does not end a run (such text is broken anywhere), but in Korean, which is broken at its spaces.

/// Text for the index.
pub fn for_index(text: &str) -> String {
    let mut cutter = Cutter::new(text.len());
    text.chars().filter_map(folded).for_each(|c| cutter.take(c));
    cutter.finish(true)
}

/// What is searched for, as the index knows it. None: there is no letter and no digit in it.
pub fn for_query(text: &str) -> Option<Sought> {
    let mut cutter = Cutter::new(text.len());
    text.chars().filter_map(folded).for_each(|c| cutter.take(c));
    // One character of such a script at the end stands for every pair that it begins.
    let is_lone = cutter.run == 1;
    let words = cutter.finish(false);
    words.chars().any(is_of_word).then_some(Sought { words, is_lone })
}

/// Words in the index's spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sought {
    pub words: String,
    /// It ends with a single character of a script without spaces, which must be looked for as a beginning.
    pub is_lone: bool,
}

/// Whether the tokenizer takes it for a part of a word.
fn is_of_word(c: char) -> bool {
    c.is_alphanumeric()
}

/// Writes text with runs of scripts without spaces cut into pairs.
struct Cutter {
    out: String,
    /// The last character of the run that is being cut.
    last: Option<char>,
    /// Characters of that run so far.
    run: usize,
    /// A line has ended since.
    broken: bool,
}

impl Cutter {
    fn new(len: usize) -> Self {
        Self { out: String::with_capacity(len), last: None, run: 0, broken: false }
    }

    fn take(&mut self, c: char) {
        let goes_on = c == '\n' && !self.broken && self.last.is_some_and(|last| !is_korean(last));
        self.broken = goes_on;
        if goes_on {
            return;
        }
        if !is_spaceless(c) {
            self.end_run(true);
            self.out.push(c);
            return;
        }
        match self.last {
            Some(last) => self.out.extend([last, c, ' ']),
            // What stands before it is another word.
            None => self.out.push(' '),
        }
        self.last = Some(c);
        self.run += 1;
    }

    fn end_run(&mut self, with_last: bool) {
        if let Some(last) = self.last.take() {
            if with_last || self.run == 1 {
                self.out.extend([last, ' ']);
            }
            self.run = 0;
        }
    }

    fn finish(mut self, with_last: bool) -> String {
        self.end_run(with_last);
        self.out
    }
}

/// Without what may be written or left out; None: nothing is left.
pub(super) fn folded(c: char) -> Option<char> {
    match c {
        // Most text by far.
        '\0'..='\u{AC}' => Some(c),
        '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}' => None,
        '\u{300}'..='\u{36F}' => None,
        '\u{591}'..='\u{5BD}' | '\u{5BF}' | '\u{5C1}' | '\u{5C2}' | '\u{5C4}' | '\u{5C5}' | '\u{5C7}' => None,
        '\u{610}'..='\u{61A}' | '\u{640}' | '\u{64B}'..='\u{65F}' | '\u{670}' => None,
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0),
        _ => Some(c),
    }
}

/// Whether words of this character's script are not set apart by spaces.
fn is_spaceless(c: char) -> bool {
    if c < '\u{E00}' {
        return false;
    }
    match c {
        // Digits, and signs that end a phrase, part words as everywhere.
        '\u{E3F}'
        | '\u{E4F}'..='\u{E5B}'
        | '\u{ED0}'..='\u{ED9}'
        | '\u{1040}'..='\u{104B}'
        | '\u{17D4}'..='\u{17DB}'
        | '\u{17E0}'..='\u{17E9}' => false,
        '\u{E01}'..='\u{EDF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17DD}' => true,
        '\u{3005}'..='\u{3007}'
        | '\u{3041}'..='\u{309F}'
        | '\u{30A1}'..='\u{30FA}'
        | '\u{30FC}'..='\u{30FF}'
        | '\u{31F0}'..='\u{31FF}' => true,
        '\u{2E80}'..='\u{2FD5}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' => true,
        '\u{20000}'..='\u{3FFFD}' => true,
        _ => is_korean(c),
    }
}

fn is_korean(c: char) -> bool {
    matches!(c, '\u{AC00}'..='\u{D7A3}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn words(text: &str) -> Vec<&str> {
        text.split_whitespace().collect()
    }

    #[test]
    fn runs_of_scripts_without_spaces_are_cut_into_pairs() {
        for (text, index, query) in [
            ("plain words, 12", "plain words, 12", "plain words, 12"),
            ("東京都", "東京 京都 都", "東京 京都"),
            ("東", "東", "東"),
            ("iPhone東京!", "iPhone 東京 京 !", "iPhone 東京 京 !"),
            ("ワーtokyo", "ワー ー tokyo", "ワー ー tokyo"),
            ("東京 大阪", "東京 京 大阪 阪", "東京 京 大阪"),
            ("สวัสดี", "สว วั ัส สด ดี ี", "สว วั ัส สด ดี"),
            ("서울에서", "서울 울에 에서 서", "서울 울에 에서"),
            ("東\n京", "東京 京", "東京"),
            ("東\n\n京", "東 京", "東 京"),
            ("東\nx", "東 x", "東 x"),
            ("서\n울", "서 울", "서 울"),
            ("दिल्ली से", "दिल्ली से", "दिल्ली से"),
        ] {
            assert_eq!(words(&for_index(text)), words(index), "{text}");
            assert_eq!(words(&for_query(text).unwrap().words), words(query), "{text}");
        }
    }

    #[test]
    fn one_character_alone_is_looked_for_as_a_beginning() {
        for (text, is_lone) in [("東", true), ("a 東", true), ("東京", false), ("東 a", false), ("a", false)] {
            assert_eq!(for_query(text).unwrap().is_lone, is_lone, "{text}");
        }
    }

    #[test]
    fn what_may_be_left_out_is_left_out() {
        for (text, index) in [
            ("e\u{301}te\u{301}", "ete"),
            ("Fa\u{AD}hr\u{200B}rad", "Fahrrad"),
            ("שָׁלוֹם", "שלום"),
            ("مُحَمَّد", "محمد"),
            ("ＡＢＣ１２", "ABC12"),
        ] {
            assert_eq!(for_index(text), index, "{text}");
        }
    }

    #[test]
    fn without_a_letter_or_a_digit_there_is_nothing_to_look_for() {
        for text in ["", " ", "!?", "--", "🎉", "\u{301}"] {
            assert_eq!(for_query(text), None, "{text:?}");
        }
    }
}
