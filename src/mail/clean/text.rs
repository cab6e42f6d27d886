//! Characters of a page, in its text, its attributes and its style.

use std::borrow::Cow;

/// Marks on one letter; heaps of them paint over the neighbouring lines.
const MAX_MARKS: usize = 6;

/// The text without what controls a terminal, turns the direction of what is around it, or hides words from a reader: control
/// characters, bidi embeddings, overrides and isolates, tags, annotations. The two direction marks, joiners and soft hyphens
/// stay: languages need them, and they change nothing but their place.
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|octet| (b' '..0x7F).contains(&octet) || octet == b'\n') {
        return Cow::Borrowed(text);
    }
    let mut marks = 0;
    let kept = text.chars().filter(|character| {
        marks = if is_mark(*character) { marks + 1 } else { 0 };
        is_kept(*character) && marks <= MAX_MARKS
    });
    Cow::Owned(kept.collect())
}

/// At most so many octets of it.
pub fn cut(text: &str, max_bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(max_bytes)).unwrap_or_default()
}

fn is_kept(character: char) -> bool {
    match character {
        '\t' | '\n' => true,
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{206F}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}' => {
            false
        }
        _ => !character.is_control(),
    }
}

fn is_mark(character: char) -> bool {
    matches!(character, '\u{0300}'..='\u{036F}' | '\u{0483}'..='\u{0489}' | '\u{1AB0}'..='\u{1AFF}'
        | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_turns_or_hides_words_is_left_out() {
        for (text, kept) in [
            ("plain\n", "plain\n"),
            ("a\u{202E}b\u{2066}c\u{1B}[1m\u{7F}", "abc[1m"),
            ("tag\u{E0041}", "tag"),
            ("می\u{200C}خواهم co\u{AD}op", "می\u{200C}خواهم co\u{AD}op"),
        ] {
            assert_eq!(clean(text), kept, "{text:?}");
        }
        assert_eq!(clean(&format!("e{}", "\u{301}".repeat(500))).chars().count(), 7);
    }
}
