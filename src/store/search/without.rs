//! Messages that lack words, where nothing is said of words that they have.

use std::collections::HashSet;

use rusqlite::{Connection, params};

use super::super::Error;
use super::super::types::MessageKey;
use super::{Running, Statement};

/// Messages of which the index is asked at a time whether they lack a word.
const STRETCH: usize = 2_000;

impl Statement {
    /// Where all that is said of words is that they must not be there: the index is asked about a stretch of messages at a
    /// time, and not for every message in the world that has the words.
    pub(super) fn keys_without(
        mut self,
        db: &Connection,
        after: Option<MessageKey>,
        most: usize,
        running: &Running<'_>,
    ) -> Result<Vec<MessageKey>, Error> {
        let without = [
            ("search", std::mem::take(&mut self.without)),
            ("search_beginning", std::mem::take(&mut self.without_beginnings)),
        ];
        let (sql, values) = self.sql(None, STRETCH);
        let place = values.len() + 1;
        let mut candidates = db.prepare(&sql.replacen(" WHERE ", &format!(" WHERE message.key < ?{place} AND "), 1))?;
        let mut matched = Vec::new();
        for (index, words) in without.into_iter().filter(|(_, words)| !words.is_empty()) {
            let select = db.prepare(&format!(
                "SELECT search_document.message FROM {index}
                 CROSS JOIN search_document ON search_document.number = {index}.rowid WHERE {index} MATCH ?1
                 AND {index}.rowid >= (SELECT number FROM search_document WHERE message >= ?2 ORDER BY message LIMIT 1)
                 AND {index}.rowid <= (SELECT number FROM search_document WHERE message <= ?3 ORDER BY message DESC LIMIT 1)"
            ))?;
            matched.push((select, words.join(" OR ")));
        }
        for (number, value) in (1_usize..).zip(&values) {
            candidates.raw_bind_parameter(number, value)?;
        }
        let (mut found, mut before) = (Vec::new(), after.unwrap_or(MessageKey(i64::MAX)));
        while found.len() < most {
            running.go_on()?;
            candidates.raw_bind_parameter(place, before.0)?;
            let mut stretch: Vec<i64> = Vec::new();
            let mut rows = candidates.raw_query();
            while let Some(row) = rows.next()? {
                stretch.push(row.get(0)?);
            }
            drop(rows);
            let (Some(&newest), Some(&oldest)) = (stretch.first(), stretch.last()) else { break };
            let mut has = HashSet::new();
            for (select, words) in &mut matched {
                for key in select.query_map(params![&*words, oldest, newest], |row| row.get::<_, i64>(0))? {
                    has.insert(key?);
                }
            }
            found.extend(stretch.into_iter().filter(|key| !has.contains(key)).map(MessageKey));
            before = MessageKey(oldest);
        }
        found.truncate(most);
        Ok(found)
    }
}
