//! Lines of text in their reading order. egui shapes every script but places all runs left to right; so the runs of a line
//! that has right-to-left text are put in visual order here, one piece of the layout each.

use egui::text::{ByteIndex, LayoutJob, LayoutSection, TextFormat};
use unicode_bidi::{BidiInfo, Level};

/// Whether a text has anything to reorder.
pub fn has_rtl(text: &str) -> bool {
    text.chars().any(|c| matches!(c, '\u{590}'..='\u{8FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFF}' | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}'))
}

/// Whether the line as a whole reads from right to left.
pub fn is_rtl(text: &str) -> bool {
    has_rtl(text) && BidiInfo::new(text, None).paragraphs.first().is_some_and(|paragraph| paragraph.level.is_rtl())
}

/// Appends one line in its visual order.
pub fn append(job: &mut LayoutJob, line: &str, format: &TextFormat) {
    if !has_rtl(line) {
        return push(job, line, format);
    }
    for piece in pieces(line) {
        push(job, &piece, format);
    }
}

/// A line as pieces from left to right. Words of a right-to-left run stand in reverse order, each in logical order inside,
/// for the shaper turns their letters itself.
pub fn pieces(line: &str) -> Vec<String> {
    let info = BidiInfo::new(line, None);
    let Some(paragraph) = info.paragraphs.first() else { return vec![line.to_owned()] };
    let (levels, runs) = info.visual_runs(paragraph, paragraph.range.clone());
    let mut pieces = Vec::new();
    for run in runs {
        let Some(text) = line.get(run.clone()) else { continue };
        if levels.get(run.start).is_some_and(Level::is_rtl) {
            pieces.extend(words(text).into_iter().rev().map(mirrored));
        } else {
            pieces.push(text.to_owned());
        }
    }
    pieces
}

/// Words and the blanks between them, each a piece.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let blank = first.is_whitespace();
        let end = rest.find(|c: char| c.is_whitespace() != blank).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        words.push(word);
        rest = after;
    }
    words
}

/// Brackets open towards the text that they hold.
fn mirrored(word: &str) -> String {
    word.chars()
        .map(|c| match c {
            '(' => ')',
            ')' => '(',
            '[' => ']',
            ']' => '[',
            '{' => '}',
            '}' => '{',
            '<' => '>',
            '>' => '<',
            '«' => '»',
            '»' => '«',
            other => other,
        })
        .collect()
}

/// Pushed as a section of its own: equal neighbours would be merged, and a font that covers both scripts would turn the digits.
fn push(job: &mut LayoutJob, text: &str, format: &TextFormat) {
    let start = job.text.len();
    job.text.push_str(text);
    let byte_range = ByteIndex(start)..ByteIndex(job.text.len());
    job.sections.push(LayoutSection { leading_space: 0.0, byte_range, format: format.clone() });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_arabic_text_stay_readable_and_words_stand_in_visual_order() {
        assert_eq!(pieces("فاتورة 12345").concat(), "12345 فاتورة");
        assert_eq!(pieces("שלום עולם").concat(), "עולם שלום");
        assert_eq!(pieces("Re: שלום עולם").concat(), "Re: עולם שלום");
        assert_eq!(pieces("plain text").concat(), "plain text");
    }

    #[test]
    fn nothing_is_lost_in_reordering() {
        for line in ["אבג (def) 12/34", "مرحبا world بالعالم", "", "   ", "a\u{5D0}b\u{5D1}"] {
            let mut logical: Vec<char> = line.chars().collect();
            let mut visual: Vec<char> = pieces(line).concat().chars().collect();
            logical.sort_unstable();
            visual.sort_unstable();
            let brackets = |c: &char| !"()".contains(*c);
            logical.retain(brackets);
            visual.retain(brackets);
            assert_eq!(logical, visual, "{line}");
        }
    }
}
