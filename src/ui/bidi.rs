//! Lines of text in their reading order. egui shapes every script but places all runs left to right; so the runs of a line
//! that has right-to-left text are put in visual order here, one piece of the layout each.

use std::ops::Range;

use egui::Color32;
use egui::text::{ByteIndex, LayoutJob, LayoutSection, TextFormat};
use unicode_bidi::{BidiInfo, Level};

/// Whether a text has anything to reorder.
pub fn has_rtl(text: &str) -> bool {
    text.chars().any(is_rtl_letter)
}

/// Whether a character is of a script that is written from right to left.
fn is_rtl_letter(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFF}' | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}')
}

/// Whether the line as a whole reads from right to left.
pub fn is_rtl(text: &str) -> bool {
    has_rtl(text) && BidiInfo::new(text, None).paragraphs.first().is_some_and(|paragraph| paragraph.level.is_rtl())
}

/// Appends one line in its visual order, some of its octets on another ground. Of a right-to-left run the words are marked
/// that have any of them.
pub fn append_marked(job: &mut LayoutJob, line: &str, format: &TextFormat, marks: &[(Range<usize>, Color32)]) {
    let whole = || vec![(line.to_owned(), 0..line.len())];
    let pieces = if has_rtl(line) { located_pieces(line) } else { whole() };
    for (piece, place) in pieces {
        if line.get(place.clone()) == Some(piece.as_str()) && !has_rtl(&piece) {
            append_located(job, &piece, place.start, format, marks);
        } else {
            let ground = marks.iter().find(|(mark, _)| mark.start < place.end && place.start < mark.end);
            push(job, &piece, &on_ground(format, ground.map(|(_, color)| *color)));
        }
    }
}

/// A piece in logical order that begins at that octet of the line, cut where its ground changes.
pub fn append_located(
    job: &mut LayoutJob,
    piece: &str,
    at: usize,
    format: &TextFormat,
    marks: &[(Range<usize>, Color32)],
) {
    let mut done = 0;
    for (mark, color) in marks {
        let within = |octet: usize| octet.saturating_sub(at).min(piece.len());
        let (start, end) = (within(mark.start).max(done), within(mark.end));
        let (Some(before), Some(marked)) = (piece.get(done..start), piece.get(start..end)) else { continue };
        if !before.is_empty() {
            push(job, before, format);
        }
        if !marked.is_empty() {
            push(job, marked, &on_ground(format, Some(*color)));
        }
        done = end;
    }
    let rest = piece.get(done..).unwrap_or_default();
    if !rest.is_empty() || piece.is_empty() {
        push(job, rest, format);
    }
}

fn on_ground(format: &TextFormat, ground: Option<Color32>) -> TextFormat {
    TextFormat { background: ground.unwrap_or(format.background), ..format.clone() }
}

/// A line as pieces from left to right. Words of a right-to-left run stand in reverse order, each in logical order inside,
/// for the shaper turns their letters itself.
#[cfg(test)]
pub fn pieces(line: &str) -> Vec<String> {
    located_pieces(line).into_iter().map(|(piece, _)| piece).collect()
}

/// The pieces, each with the octets of the line that it is made of.
fn located_pieces(line: &str) -> Vec<(String, Range<usize>)> {
    let info = BidiInfo::new(line, None);
    let Some(paragraph) = info.paragraphs.first() else { return vec![(line.to_owned(), 0..line.len())] };
    let (levels, runs) = info.visual_runs(paragraph, paragraph.range.clone());
    let mut pieces = Vec::new();
    for run in runs {
        let Some(text) = line.get(run.clone()) else { continue };
        if levels.get(run.start).is_some_and(Level::is_rtl) {
            pieces.extend(words(text, run.start).into_iter().rev().map(|(word, place)| (mirrored(word), place)));
        } else {
            pieces.extend(numbers_apart(text, run.start));
        }
    }
    pieces
}

/// A run from left to right as pieces. It may have numbers in digits that belong to a script from right to left: each digit
/// stands alone, for the shaper would turn a row of them round.
fn numbers_apart(text: &str, at: usize) -> Vec<(String, Range<usize>)> {
    let mut pieces: Vec<(String, Range<usize>)> = Vec::new();
    let mut is_alone = true;
    for (place, c) in text.char_indices() {
        let (from, to) = (at + place, at + place + c.len_utf8());
        let alone = is_rtl_letter(c);
        match pieces.last_mut().filter(|_| !is_alone && !alone) {
            Some((piece, range)) => {
                piece.push(c);
                range.end = to;
            }
            None => pieces.push((c.to_string(), from..to)),
        }
        is_alone = alone;
    }
    pieces
}

/// Words, the blanks between them and the marks beside them, each a piece: marks come from another font than the letters,
/// and egui would put them to the right of a word that they follow.
fn words(text: &str, mut at: usize) -> Vec<(&str, Range<usize>)> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let letter = is_rtl_letter(first);
        let end = rest.find(|c: char| is_rtl_letter(c) != letter).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        words.push((word, at..at + end));
        at += end;
        rest = after;
    }
    words
}

/// Marks and blanks in reverse order, with what opens and closes turned round (UAX #9, rule L4); letters as they are.
fn mirrored(word: &str) -> String {
    if word.chars().next().is_none_or(is_rtl_letter) {
        return word.to_owned();
    }
    // What is drawn as one sign of several characters, as many an emoji is, stays together.
    let mut clusters: Vec<String> = Vec::new();
    let mut joins = false;
    for c in word.chars() {
        let belongs = joins || is_joined_to_the_one_before(c);
        joins = c == '\u{200D}';
        match clusters.last_mut().filter(|_| belongs) {
            Some(cluster) => cluster.push(c),
            None => clusters.push(mirror_of(c).to_string()),
        }
    }
    clusters.into_iter().rev().collect()
}

/// Variation selectors, skin tones, keycaps and joiners.
fn is_joined_to_the_one_before(c: char) -> bool {
    matches!(c, '\u{200D}' | '\u{FE00}'..='\u{FE0F}' | '\u{20E3}' | '\u{300}'..='\u{36F}' | '\u{1F3FB}'..='\u{1F3FF}' | '\u{E0020}'..='\u{E007F}')
}

/// The sign that is seen in its place in text from right to left: the pairs of Unicode's BidiMirroring that are found in mail.
fn mirror_of(c: char) -> char {
    const PAIRS: [(char, char); 26] = [
        ('(', ')'),
        ('[', ']'),
        ('{', '}'),
        ('<', '>'),
        ('«', '»'),
        ('‹', '›'),
        ('≤', '≥'),
        ('≪', '≫'),
        ('⁅', '⁆'),
        ('⁽', '⁾'),
        ('₍', '₎'),
        ('〈', '〉'),
        ('❨', '❩'),
        ('❬', '❭'),
        ('❰', '❱'),
        ('❲', '❳'),
        ('❴', '❵'),
        ('⟦', '⟧'),
        ('⟨', '⟩'),
        ('⟪', '⟫'),
        ('《', '》'),
        ('「', '」'),
        ('『', '』'),
        ('【', '】'),
        ('（', '）'),
        ('［', '］'),
    ];
    let mirror = PAIRS.iter().find_map(|&(open, close)| match c {
        _ if c == open => Some(close),
        _ if c == close => Some(open),
        _ => None,
    });
    mirror.unwrap_or(c)
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
        assert_eq!(pieces("שלום, עולם.").concat(), ".עולם ,שלום");
        assert_eq!(pieces("(שלום)").concat(), "(שלום)");
        assert_eq!(pieces("plain text").concat(), "plain text");
    }

    /// The characters of a line as they are seen, the leftmost first: the shaper turns the letters of a piece round.
    fn seen(line: &str) -> String {
        let turned = |piece: String| match piece.chars().next() {
            Some(first) if is_rtl_letter(first) => piece.chars().rev().collect(),
            _ => piece,
        };
        pieces(line).into_iter().map(turned).collect()
    }

    #[test]
    fn lines_stand_as_unicode_says() {
        let table = include_str!("../../tests/data/bidi.tsv");
        let mut count = 0;
        for line in table.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let (logical, visual) = line.split_once('\t').unwrap();
            assert_eq!(seen(logical), visual, "{logical}");
            count += 1;
        }
        assert_eq!(count, 75);
    }

    #[test]
    fn digits_of_a_script_from_right_to_left_stand_alone_so_that_nothing_turns_them_round() {
        assert_eq!(pieces("رقم ۱۲۳"), ["۱", "۲", "۳", " ", "رقم"]);
        assert_eq!(pieces("a ۱۲ b").concat(), "a ۱۲ b");
    }

    #[test]
    fn a_sign_of_several_characters_is_not_taken_apart() {
        assert_eq!(pieces("שלום 👩🏽‍🚀!").concat(), "!👩🏽‍🚀 שלום");
        assert_eq!(pieces("שלום ❤️").concat(), "❤️ שלום");
    }

    #[test]
    fn what_is_marked_is_on_another_ground_in_every_direction() {
        for (line, marked, expected) in [
            ("plain text", "text", vec!["text"]),
            ("plain text", "plain", vec!["plain"]),
            ("Re: שלום עולם", "שלום", vec!["שלום"]),
            ("Re: שלום עולם", "Re", vec!["Re"]),
            ("مرحبا world", "wor", vec!["wor"]),
        ] {
            let at = line.find(marked).unwrap();
            let mut job = LayoutJob::default();
            append_marked(&mut job, line, &TextFormat::default(), &[(at..at + marked.len(), Color32::RED)]);
            let on_red = job.sections.iter().filter(|section| section.format.background == Color32::RED);
            let words = |range: std::ops::Range<usize>| job.text.get(range).unwrap();
            let on_red: Vec<&str> =
                on_red.map(|section| words(section.byte_range.start.0..section.byte_range.end.0)).collect();
            assert_eq!(on_red, expected, "{line}");
        }
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
