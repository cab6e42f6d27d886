//! Queries in the language of the index: what of them is about words alone, and what of these is a beginning.

use crate::mail::query::{Field, Text};
use crate::mail::words::Sought;
use crate::mail::{Query, beginnings};

/// Parts of an OR that are asked one by one.
const MOST_ALTERNATIVES: usize = 8;

/// Queries of which one must hold, where the parts of an OR would each be read in an order of its own.
pub(super) fn alternatives(query: Query) -> Vec<Query> {
    let mut parts = Vec::new();
    flatten(query.clone(), &mut parts);
    let is_mixed = |part: &Query| matches!(part, Query::Any(any) if any.len() <= MOST_ALTERNATIVES && matched(&parted(part)).is_none());
    let Some(at) = parts.iter().position(is_mixed) else { return vec![query] };
    let Query::Any(any) = parts.swap_remove(at) else { return vec![query] };
    any.into_iter().map(|part| Query::All(parts.iter().cloned().chain([part]).collect())).collect()
}

/// The same query, with the last word of each phrase set apart where it is a short beginning, which the index of words does not
/// have: all its words are to be there, but the last may stand anywhere in the field until a fourth letter is typed.
pub(super) fn parted(query: &Query) -> Query {
    let all = |parts: &[Query]| parts.iter().map(parted).collect();
    match query {
        Query::All(parts) => Query::All(all(parts)),
        Query::Any(parts) => Query::Any(all(parts)),
        Query::Not(inner) => Query::Not(Box::new(parted(inner))),
        Query::Text(text) => match beginnings::last_short(&text.sought.words).filter(|_| text.is_beginning) {
            Some((before, last)) if before.chars().any(char::is_alphanumeric) => {
                let part = |words: &str, is_beginning| {
                    let sought = Sought { words: words.to_owned(), is_lone: false };
                    Query::Text(Text { sought, is_beginning, ..text.clone() })
                };
                Query::All(vec![part(before, false), part(last, true)])
            }
            _ => query.clone(),
        },
        Query::Condition(_) => query.clone(),
    }
}

/// All that must hold, side by side.
pub(super) fn flatten(query: Query, parts: &mut Vec<Query>) {
    match query {
        Query::All(all) => all.into_iter().for_each(|part| flatten(part, parts)),
        part => parts.push(part),
    }
}

/// Whether it is looked for in the index of beginnings.
pub(super) fn is_short(text: &Text) -> bool {
    text.is_beginning && beginnings::last_short(&text.sought.words).is_some()
}

pub(super) fn beginning_of(text: &Text) -> String {
    let (_, last) = beginnings::last_short(&text.sought.words).unwrap_or_default();
    let words: Vec<String> =
        beginnings::for_query(text.field, last).into_iter().map(|word| format!("\"{word}\"")).collect();
    format!("({})", words.join(" OR "))
}

/// The query in the index's own language, if it is about words alone. Something must be looked for: NOT stands between two.
pub(super) fn matched(query: &Query) -> Option<String> {
    match query {
        Query::Text(text) => (!is_short(text)).then(|| phrase(text)),
        Query::Any(parts) if !parts.is_empty() => {
            let parts: Option<Vec<String>> = parts.iter().map(matched).collect();
            Some(format!("({})", parts?.join(" OR ")))
        }
        Query::All(parts) => {
            let (without, with): (Vec<_>, Vec<_>) = parts.iter().partition(|part| matches!(part, Query::Not(_)));
            let with: Option<Vec<String>> = with.into_iter().map(matched).collect();
            let words = with.filter(|with| !with.is_empty())?.join(" AND ");
            let without = without.into_iter().map(|part| match part {
                Query::Not(inner) => matched(inner),
                _ => None,
            });
            Some(format!("({})", but_not(words, &without.collect::<Option<Vec<String>>>()?)))
        }
        Query::Not(_) | Query::Condition(_) | Query::Any(_) => None,
    }
}

/// Side by side, not inside each other: the index takes no expression that is nested too deep.
pub(super) fn but_not(words: String, without: &[String]) -> String {
    if without.is_empty() { words } else { format!("({words}) NOT ({})", without.join(" OR ")) }
}

pub(super) fn phrase(Text { field, sought, is_beginning }: &Text) -> String {
    let columns = match field {
        Field::Anywhere => "",
        Field::From => "sender : ",
        Field::To => "{recipients copies} : ",
        Field::Cc => "copies : ",
        Field::Subject => "subject : ",
        Field::Body => "body : ",
        Field::Attachment => "attachments : ",
        Field::List => "list : ",
    };
    // NUL would end the text for the index.
    let words = sought.words.replace(['"', '\0'], " ");
    format!("({columns}\"{}\"{})", words.trim(), if *is_beginning { " *" } else { "" })
}
