//! A word, and beside it a beginning that very many messages have, or that is not to be there: the lists of both are read from
//! their new ends, a stretch at a time, for to ask the index about one message takes as long as to read hundreds from it.

use std::collections::HashSet;

use rusqlite::{Connection, params};

use super::super::Error;
use super::super::types::MessageKey;
use super::{Running, Statement, few};

/// Hits of the words in the first stretch, and in the longest.
const FIRST: usize = if cfg!(test) { 2 } else { 64 };
const LONGEST: usize = 2048;
/// Rows that can be read in the time in which the index is asked about one message. (Tests have few, and are to come by both ways.)
const READ_WHILE_ASKED: i64 = if cfg!(test) { 1 } else { 300 };

/// A beginning, about how many of all numbers have it, and whether it is to be there or not to be.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) short: String,
    pub(super) estimated: i64,
    pub(super) is_wanted: bool,
}

impl Joined {
    /// Which of these numbers, the newest first, have it.
    fn of(&self, db: &Connection, numbers: &[i64], whole: i64) -> Result<HashSet<i64>, Error> {
        let (Some(&newest), Some(&oldest)) = (numbers.first(), numbers.last()) else { return Ok(HashSet::new()) };
        let rows = self.estimated.saturating_mul(newest - oldest + 1) / whole.max(1);
        let count = i64::try_from(numbers.len()).unwrap_or(i64::MAX);
        if rows <= count.saturating_mul(READ_WHILE_ASKED) {
            let mut between = db.prepare_cached(
                "SELECT rowid FROM search_beginning WHERE search_beginning MATCH ?1 AND rowid >= ?2 AND rowid <= ?3",
            )?;
            let found = between.query_map(params![self.short, oldest, newest], |row| row.get(0))?;
            return Ok(found.collect::<Result<_, _>>()?);
        }
        let mut one =
            db.prepare_cached("SELECT 1 FROM search_beginning WHERE search_beginning MATCH ?1 AND rowid = ?2")?;
        let mut found = HashSet::new();
        for &number in numbers {
            if one.exists(params![self.short, number])? {
                found.insert(number);
            }
        }
        Ok(found)
    }
}

impl Statement {
    /// The newest of which the statement and all that is joined to it hold.
    pub(super) fn keys_joined(
        mut self,
        db: &Connection,
        after: Option<MessageKey>,
        most: usize,
        running: &Running<'_>,
    ) -> Result<Vec<MessageKey>, Error> {
        let joined = std::mem::take(&mut self.joined);
        let mut below = match after.into_iter().chain(self.before.take()).min() {
            Some(key) => {
                let first = "SELECT number FROM search_document WHERE message >= ?1 ORDER BY message LIMIT 1";
                db.query_row(&format!("SELECT coalesce(({first}), {})", i64::MAX), [key.0], |row| row.get(0))?
            }
            None => i64::MAX,
        };
        let whole = few::numbers(db)?;
        let (from, values) = self.source(None, true);
        let place = values.len() + 1;
        let mut select = db.prepare(&format!(
            "SELECT search.rowid, search_document.message FROM {from} AND search.rowid < ?{place}
             ORDER BY search.rowid DESC LIMIT ?{}",
            place + 1
        ))?;
        for (number, value) in (1_usize..).zip(&values) {
            select.raw_bind_parameter(number, value)?;
        }
        let (mut found, mut length) = (Vec::new(), FIRST);
        while found.len() < most {
            running.go_on()?;
            select.raw_bind_parameter(place, below)?;
            select.raw_bind_parameter(place + 1, i64::try_from(length).unwrap_or(i64::MAX))?;
            let mut stretch: Vec<(i64, i64)> = Vec::with_capacity(length);
            let mut rows = select.raw_query();
            while let Some(row) = rows.next()? {
                stretch.push((row.get(0)?, row.get(1)?));
            }
            drop(rows);
            let Some(&(oldest, _)) = stretch.last() else { break };
            let is_last = stretch.len() < length;
            for part in &joined {
                let numbers: Vec<i64> = stretch.iter().map(|(number, _)| *number).collect();
                let has = part.of(db, &numbers, whole)?;
                stretch.retain(|(number, _)| has.contains(number) == part.is_wanted);
            }
            found.extend(stretch.into_iter().map(|(_, key)| MessageKey(key)));
            if is_last {
                break;
            }
            (below, length) = (oldest, LONGEST.min(2 * length));
        }
        found.truncate(most);
        Ok(found)
    }
}
