//! What is marked in a text is what the index finds in it: the two are written in different languages, and compared here.

use std::collections::HashMap;

use proptest::prelude::*;
use rusqlite::{Connection, params};

use super::super::matched;
use crate::mail::marks::plain_words;
use crate::mail::words::for_index;
use crate::mail::{Marker, Query, query::Field};

/// An index of one column with the tokenizer of the real one.
fn index() -> Connection {
    let db = Connection::open_in_memory().unwrap();
    db.execute_batch(
        "CREATE VIRTUAL TABLE search USING fts5 (body, prefix = '1 2 3',
             tokenize = \"unicode61 remove_diacritics 2 categories 'L* M* N* Co'\");
         CREATE VIRTUAL TABLE word USING fts5vocab (search, instance);",
    )
    .unwrap();
    db
}

/// A query may mark too much, but what is one word for the index must be one word for the marks.
#[test]
fn letters_that_are_one_for_the_index_are_one_for_the_marks() {
    let db = index();
    db.execute_batch("BEGIN").unwrap();
    let mut insert = db.prepare("INSERT INTO search (rowid, body) VALUES (?1, ?2)").unwrap();
    let letters = || ('\u{80}'..'\u{3400}').chain('\u{A000}'..'\u{AC00}').chain('\u{F900}'..'\u{1F800}');
    let text = |letter: char| format!("xa{letter}bx");
    for letter in letters() {
        insert.execute(params![u32::from(letter), for_index(&text(letter))]).unwrap();
    }
    let mut of_index: HashMap<u32, Vec<String>> = HashMap::new();
    let mut select = db.prepare("SELECT doc, term FROM word ORDER BY doc, \"offset\"").unwrap();
    let mut rows = select.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        of_index.entry(row.get(0).unwrap()).or_default().push(row.get(1).unwrap());
    }
    let mut as_one: HashMap<Vec<String>, Vec<String>> = HashMap::new();
    let mut cut_otherwise = Vec::new();
    for letter in letters() {
        let (index, marks) = (&of_index[&u32::from(letter)], plain_words(&for_index(&text(letter))));
        if index.len() > marks.len() {
            cut_otherwise.push(letter);
        }
        // Where the marks are cut and the index is not, as by a letter that is not in Unicode yet, so is what is looked for.
        if index.len() == marks.len() {
            let same = as_one.entry(index.clone()).or_insert_with(|| marks.clone());
            assert_eq!(*same, marks, "{letter:?} U+{:04X} is {index:?} for the index", u32::from(letter));
        }
    }
    // Places between the letters of scripts without spaces that no letter has.
    assert!(cut_otherwise.iter().all(|letter| !letter.is_alphanumeric()), "{cut_otherwise:?}");
    assert!(cut_otherwise.len() < 150, "{}: {cut_otherwise:?}", cut_otherwise.len());
}

const PIECES: [&str; 26] = [
    "Façade",
    "naïve",
    "Übermaß",
    "STRASSE",
    "e\u{301}té",
    "Привет",
    "МОСКВЫ",
    "Καλημέρα",
    "ΛΟΓΟΣ",
    "مرحبا",
    "القاهِرة",
    "שָׁלוֹם",
    "אביב",
    "दिल्ली",
    "नमस्ते",
    "สวัสดี",
    "กรุงเทพ",
    "来自北京",
    "東京から",
    "カタカナ",
    "서울에서",
    "안녕",
    "བཀྲ་ཤིས",
    "ＡＢＣ１２",
    "x1",
    "သုံးပါ",
];
const BETWEEN: [&str; 8] = [" ", "\n", "", "-", ", ", "\n\n", "\u{AD}", "  "];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn whatever_the_index_finds_in_a_text_is_marked_in_it(
        parts in prop::collection::vec((0..PIECES.len(), 0..BETWEEN.len()), 1..8),
        from in 0.0..1.0_f64,
        length in 1..12_usize,
        kind in 0..3_u8,
        changed in any::<bool>(),
    ) {
        let text: String = parts.iter().map(|(piece, gap)| format!("{}{}", PIECES[*piece], BETWEEN[*gap])).collect();
        let chars: Vec<char> = text.chars().collect();
        let at = (from * chars.len() as f64) as usize;
        let piece: String = chars[at..chars.len().min(at + length)].iter().collect();
        let piece = if changed { piece.to_uppercase() } else { piece };
        let typed = match kind {
            0 => format!("\"{piece}\""),
            1 => format!("{}*", piece.split_whitespace().next().unwrap_or("x")),
            _ => piece,
        };
        let now = jiff::Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC);
        let Ok(query) = Query::parse(&typed, false, &now) else { return Ok(()) };
        let Some(words) = matched(&query) else { return Ok(()) };
        let db = index();
        db.execute("INSERT INTO search (body) VALUES (?1)", [for_index(&text)]).unwrap();
        let found = db.prepare("SELECT 1 FROM search WHERE search MATCH ?1").unwrap().exists([&words]).unwrap();
        let marks = Marker::of(&query).marks(Field::Body, &text);
        prop_assert!(!found || !marks.is_empty(), "“{typed}” ({words}) is found in {text:?}");
        for mark in marks {
            prop_assert!(text.get(mark).is_some());
        }
    }
}
