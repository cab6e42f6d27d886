//! A word that is still being typed, and has more letters than the index of beginnings knows: the words of the index that begin
//! like it are mostly few, and to look for any of these is faster than to have the index put all their hits in order.

use rusqlite::{Connection, OptionalExtension};

use super::super::Error;
use super::is_short;
use crate::mail::Query;
use crate::mail::query::Text;
use crate::mail::words::Sought;

/// Words that are looked for one by one. (Tests have few, and are to come by both ways.)
const MOST: usize = if cfg!(test) { 1 } else { 64 };

/// The query with the words that are meant in the place of their beginnings, where they are few.
pub(super) fn spelt_out(db: &Connection, query: Query) -> Result<Query, Error> {
    let all = |parts: Vec<Query>| parts.into_iter().map(|part| spelt_out(db, part)).collect::<Result<Vec<_>, _>>();
    Ok(match query {
        Query::All(parts) => Query::All(all(parts)?),
        Query::Any(parts) => Query::Any(all(parts)?),
        Query::Not(inner) => Query::Not(Box::new(spelt_out(db, *inner)?)),
        Query::Text(text) => match words_of(db, &text)? {
            Some(words) => Query::Any(words.into_iter().map(|word| exactly(&text, word)).collect()),
            None => Query::Text(text),
        },
        Query::Condition(condition) => Query::Condition(condition),
    })
}

fn exactly(text: &Text, words: String) -> Query {
    Query::Text(Text { sought: Sought { words, is_lone: false }, is_beginning: false, ..text.clone() })
}

/// The words that begin like this one; None: it is none of its kind, or they are many, or there are none.
fn words_of(db: &Connection, text: &Text) -> Result<Option<Vec<String>>, Error> {
    let typed = text.sought.words.trim();
    // What the index makes of other letters, it knows alone.
    let is_plain = !typed.is_empty() && typed.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !text.is_beginning || !is_plain || is_short(text) {
        return Ok(None);
    }
    let beginning = typed.to_ascii_lowercase();
    // Only the first place of each word is read: then it goes on behind the word itself, and before any that is longer.
    let mut next = db.prepare_cached("SELECT term FROM search_term WHERE term >= ?1 LIMIT 1")?;
    let (mut words, mut from) = (Vec::new(), beginning.clone());
    while words.len() <= MOST {
        let word: Option<String> = next.query_row([&from], |row| row.get(0)).optional()?;
        let Some(word) = word.filter(|word| word.starts_with(&beginning)) else {
            return Ok((!words.is_empty()).then_some(words));
        };
        from = format!("{word}\u{1}");
        words.push(word);
    }
    Ok(None)
}
