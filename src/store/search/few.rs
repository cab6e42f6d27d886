//! Searches that can mean few messages only: a word that everybody uses, in a mailbox where hardly anything lies. Then the index is
//! asked about each of these messages, and not these about each hit of the index.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use super::super::Error;
use super::{LARGE_BYTES, Statement, beginning, signed};
use crate::mail::Query;
use crate::mail::query::Condition;

/// Messages that are few: to ask the index about one takes some hundredths of a millisecond. (Tests have few messages, and are
/// to come by both ways.)
const FEW: usize = if cfg!(test) { 2 } else { 500 };
/// Hits from which on is estimated how many there are.
const SAMPLE: usize = 200;

/// A statement for the keys of all messages that this holds of, where it can be few of very many and there is an index for it.
pub(super) fn keys_of(part: &Query) -> Option<(String, Vec<Value>)> {
    let Query::Condition(condition) = part else { return None };
    let flagged = |index: &str, bit: u8| {
        (format!("SELECT key FROM message INDEXED BY {index} WHERE flags & {bit} = {bit}"), vec![])
    };
    Some(match condition {
        Condition::Starred => flagged("message_starred", 2),
        Condition::Answered => flagged("message_answered", 4),
        Condition::Forwarded => flagged("message_forwarded", 8),
        Condition::Read => flagged("message_read", 1),
        Condition::Unread => ("SELECT key FROM message INDEXED BY message_unread WHERE flags & 1 = 0".into(), vec![]),
        Condition::Larger(size) if *size >= LARGE_BYTES => (
            "SELECT key FROM message INDEXED BY message_large WHERE size_bytes > 65536 AND size_bytes > ?1".into(),
            vec![signed(*size).into()],
        ),
        Condition::In(role) => (
            "SELECT key FROM message WHERE mailbox IN (SELECT id FROM mailbox WHERE role = ?1)".into(),
            vec![(*role).to_owned().into()],
        ),
        Condition::Own(name) => (
            "SELECT key FROM message WHERE mailbox IN
                 (SELECT mailbox.id FROM own_mailbox JOIN mailbox ON mailbox.role = 'own:' || own_mailbox.id
                  WHERE own_mailbox.removed_at IS NULL
                        AND (own_mailbox.name = ?1 OR own_mailbox.name LIKE ?2 ESCAPE '\\'))"
                .into(),
            vec![name.clone().into(), beginning(&format!("{name}/")).into()],
        ),
        Condition::Tag(name) => (
            "SELECT message_tag.message FROM tag JOIN message_tag ON message_tag.tag = tag.id
             WHERE tag.removed_at IS NULL AND tag.name = ?1"
                .into(),
            vec![name.clone().into()],
        ),
        _ => return None,
    })
}

/// About how many messages have this short beginning.
pub(super) fn estimated(db: &Connection, short: &str) -> Result<i64, Error> {
    let sample = i64::try_from(SAMPLE).unwrap_or(i64::MAX);
    let mut last = db.prepare_cached(
        "SELECT count(*), min(number) FROM
             (SELECT rowid AS number FROM search_beginning WHERE search_beginning MATCH ?1 ORDER BY rowid DESC LIMIT ?2)",
    )?;
    let (hits, oldest): (i64, Option<i64>) = last.query_row((short, sample), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let Some(oldest) = oldest.filter(|_| hits >= sample) else { return Ok(hits) };
    let mut last = db.prepare_cached("SELECT max(number) FROM search_document")?;
    let newest: Option<i64> = last.query_row([], |row| row.get(0))?;
    // Numbers grow with time: the sample fills a part of it, and mail comes about evenly.
    let part = (newest.unwrap_or(oldest) - oldest + 1).max(1);
    Ok(hits.saturating_mul(numbers(db)?) / part)
}

/// From the first number to the last, those between them that no message has among them.
pub(super) fn numbers(db: &Connection) -> Result<i64, Error> {
    let mut ends = db.prepare_cached(
        "SELECT (SELECT min(number) FROM search_document), (SELECT max(number) FROM search_document)",
    )?;
    let (first, last): (Option<i64>, Option<i64>) = ends.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(last.zip(first).map_or(1, |(last, first)| last - first + 1))
}

impl Statement {
    /// Whether few messages can be meant: then their keys and all words are conditions.
    pub(super) fn narrow(&mut self, db: &Connection) -> Result<bool, Error> {
        // All words that begin in the same way would be gathered for each message anew.
        if self.words.iter().chain(&self.without).any(|words| words.contains("\" *")) {
            return Ok(false);
        }
        let asked = [&self.words, &self.without, &self.without_beginnings];
        if asked.iter().all(|words| words.is_empty()) && self.beginnings.is_empty() && self.index.is_some() {
            return Ok(false);
        }
        for (sql, values) in std::mem::take(&mut self.narrowings) {
            let more_than_few = db
                .prepare_cached(&format!("{sql} LIMIT 1 OFFSET {FEW}"))?
                .query_row(params_from_iter(&values), |row| row.get::<_, i64>(0))
                .optional()?;
            if more_than_few.is_some() {
                continue;
            }
            let mut select = db.prepare_cached(&sql)?;
            let keys = select.query_map(params_from_iter(&values), |row| row.get(0))?;
            let keys = keys.collect::<Result<Vec<i64>, _>>()?;
            self.only(&keys);
            return Ok(true);
        }
        Ok(false)
    }

    fn only(&mut self, keys: &[i64]) {
        let keys: Vec<String> = keys.iter().map(i64::to_string).collect();
        self.conditions.push(format!("message.key IN ({})", keys.join(", ")));
        for words in std::mem::take(&mut self.words) {
            let condition = self.has("search", words);
            self.conditions.push(condition);
        }
        for (short, _) in std::mem::take(&mut self.beginnings) {
            let condition = self.has("search_beginning", short);
            self.conditions.push(condition);
        }
        for words in std::mem::take(&mut self.without) {
            let condition = self.has("search", words);
            self.conditions.push(format!("NOT {condition}"));
        }
        for short in std::mem::take(&mut self.without_beginnings) {
            let condition = self.has("search_beginning", short);
            self.conditions.push(format!("NOT {condition}"));
        }
        self.is_narrow = true;
    }

    /// What is not in the index yet has no number; to the index “equal to NULL” would mean any.
    fn has(&mut self, table: &str, words: String) -> String {
        let place = self.bind(words);
        format!(
            "EXISTS (SELECT 1 FROM search_document CROSS JOIN {table} ON {table}.rowid = search_document.number
                     WHERE search_document.message = message.key AND {table} MATCH {place})"
        )
    }
}
