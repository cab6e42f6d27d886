use proptest::prelude::*;

use super::*;

/// The marked pieces of `text` for what was typed, in brackets.
fn marked(typed: &str, text: &str) -> String {
    in_brackets(text, &Marker::of_typed(typed, false).marks(Field::Body, text))
}

fn in_brackets(text: &str, marks: &[Range<usize>]) -> String {
    let mut out = String::new();
    let mut at = 0;
    for mark in marks {
        out.push_str(&format!("{}[{}]", text.get(at..mark.start).unwrap(), text.get(mark.clone()).unwrap()));
        at = mark.end;
    }
    out + text.get(at..).unwrap()
}

#[test]
fn what_is_found_is_marked_in_the_worlds_scripts() {
    for (typed, text, expected) in [
        ("lunch", "Lunch, LUNCH and lunches", "[Lunch], [LUNCH] and lunches"),
        ("lun*", "Lunch and alun", "[Lunch] and alun"),
        ("\"two words\"", "two words, two other words; Two\n  Words", "[two words], two other words; [Two\n  Words]"),
        ("one two", "two and one", "[two] and [one]"),
        ("one -two", "two and one", "two and [one]"),
        ("a OR b", "b c a", "[b] c [a]"),
        ("cafe", "Café, cafe\u{301}!", "[Café], [cafe\u{301}]!"),
        ("übermaß", "UBERMASS und Übermaß", "[UBERMASS] und [Übermaß]"),
        ("москвы", "из МОСКВЫ", "из [МОСКВЫ]"),
        ("αθηνα", "από την Αθήνα", "από την [Αθήνα]"),
        ("λογος", "ΛΟΓΟΣ", "[ΛΟΓΟΣ]"),
        ("القاهرة", "مرحبا من القاهِرة.", "مرحبا من [القاهِرة]."),
        ("שלום", "שָׁלוֹם עולם", "[שָׁלוֹם] עולם"),
        ("नमस्ते", "दिल्ली से नमस्ते", "दिल्ली से [नमस्ते]"),
        ("กรุงเทพ", "สวัสดีจากกรุงเทพ", "สวัสดีจาก[กรุงเทพ]"),
        ("北京", "来自北京的问候", "来自[北京]的问候"),
        ("京", "東京と京都", "東[京]と[京]都"),
        ("東京都", "東京\n都に", "[東京\n都]に"),
        ("서울", "대한민국 서울에서", "대한민국 [서울]에서"),
        ("ＡＢＣ", "abc ＡＢＣ", "[abc] [ＡＢＣ]"),
        ("བཀྲ་ཤིས", "ང་ བཀྲ་ཤིས་བདེ་ལེགས", "ང་ [བཀྲ་ཤིས]་བདེ་ལེགས"),
        ("subject:lunch", "lunch", "lunch"),
        ("from:(", "lunch", "lunch"),
        ("ana@example.org", "<Ana@Example.org>", "<[Ana@Example.org]>"),
    ] {
        assert_eq!(marked(typed, text), expected, "“{typed}”");
    }
}

#[test]
fn a_field_is_marked_by_what_is_looked_for_in_it() {
    let marker = Marker::of_typed("from:ana to:bo cc:cy subject:plan x", false);
    for (field, text, expected) in [
        (Field::From, "ana bo cy plan x", "[ana] bo cy plan [x]"),
        (Field::To, "ana bo cy plan x", "ana [bo] cy plan [x]"),
        (Field::Cc, "ana bo cy plan x", "ana [bo] [cy] plan [x]"),
        (Field::Subject, "ana bo cy plan x", "ana bo cy [plan] [x]"),
        (Field::Body, "ana bo cy plan x", "ana bo cy plan [x]"),
    ] {
        assert_eq!(in_brackets(text, &marker.marks(field, text)), expected, "{field:?}");
    }
}

#[test]
fn a_snippet_shows_the_first_hit_with_some_of_what_stands_before_it() {
    let text =
        format!("{}the key\nis  under the stone.{}", "so many words before ".repeat(20), " And after".repeat(50));
    let snippet = Marker::of_typed("key under", false).snippet(Field::Body, &text).unwrap();
    let shown = in_brackets(&snippet.text, &snippet.marks);
    assert!(shown.starts_with("…before so many words before the [key] is [under] the stone."), "{shown}");
    assert!(shown.ends_with('…') && snippet.text.chars().count() < 230, "{shown}");
    assert_eq!(Marker::of_typed("nothing", false).snippet(Field::Body, &text), None);
    let wrapped = Marker::of_typed("東京都", false).snippet(Field::Body, "東京\n都").unwrap();
    assert_eq!(in_brackets(&wrapped.text, &wrapped.marks), "[東京都]");
}

#[test]
fn the_words_of_a_name_are_compared_without_case_and_accents() {
    assert_eq!(
        plain_words("José ÁLVAREZ-Peña <jose@Example.org>"),
        ["jose", "alvarez", "pena", "jose", "example", "org"]
    );
}

proptest! {
    #[test]
    fn whatever_the_text_and_the_query_marks_are_pieces_of_it_in_order(typed in ".{0,30}", text in "(?s).{0,80}") {
        for typing in [false, true] {
            let marker = Marker::of_typed(&typed, typing);
            let marks = marker.marks(Field::Body, &text);
            let mut end = 0;
            for mark in &marks {
                prop_assert!(mark.start >= end && mark.end > mark.start, "{marks:?}");
                prop_assert!(text.get(mark.clone()).is_some());
                end = mark.end;
            }
            if let Some(snippet) = marker.snippet(Field::Body, &text) {
                prop_assert!(snippet.marks.iter().all(|mark| snippet.text.get(mark.clone()).is_some()));
            }
        }
    }
}
