//! A query becomes one statement: the words go to the index, the rest to the rows of the messages, newest first.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::types::Value;
use rusqlite::{Connection, InterruptHandle, OptionalExtension, params_from_iter};

use super::listing::mailboxes_of;
use super::message::first_key;
use super::types::{MailboxView, MessageKey};
use super::{Error, Store};
use crate::mail::Query;
use crate::mail::query::{Condition, Field, Text};

/// A page of what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Newest first.
    pub keys: Vec<MessageKey>,
    /// There may be more, older ones.
    pub more: bool,
    /// Messages that are not in the index yet, and so could not be found by their words.
    pub to_index: u64,
}

impl Store {
    /// A page of the messages of which the query holds: the newest, or the newest that are older than `after`.
    ///
    /// # Errors
    /// [`Error::GivenUp`] if `asking` was given up.
    pub async fn search(
        &self,
        query: Query,
        within: Option<MailboxView>,
        after: Option<MessageKey>,
        most: usize,
        asking: Asking,
    ) -> Result<Found, Error> {
        self.read(move |db| {
            let mut statement = Statement::of(&query);
            if let Some(view) = within {
                let ids: Vec<String> = mailboxes_of(db, view)?.iter().map(|id| id.0.to_string()).collect();
                statement.conditions.push(format!("message.mailbox IN ({})", ids.join(", ")));
                statement.in_stretches = true;
            }
            statement.page(db, after, most, &asking)
        })
        .await
    }
}

/// A search under way, to be given up when nobody waits for it any more.
#[derive(Clone, Debug, Default)]
pub struct Asking(Arc<Mutex<State>>);

#[derive(Debug, Default)]
enum State {
    #[default]
    Waiting,
    Running(Interrupt),
    Over,
}

/// Interrupts a connection: only while it works on the search it was taken for, or another's work would be lost.
struct Interrupt(InterruptHandle);

impl std::fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Interrupt")
    }
}

impl Asking {
    /// What runs ends at once, what waits does not begin.
    pub fn give_up(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*state {
            State::Running(handle) => handle.0.interrupt(),
            State::Waiting | State::Over => *state = State::Over,
        }
    }

    fn begin(&self, db: &Connection) -> Result<Running<'_>, Error> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::Over) {
            return Err(Error::GivenUp);
        }
        *state = State::Running(Interrupt(db.get_interrupt_handle()));
        Ok(Running(self))
    }
}

/// While it lives the connection may be interrupted.
struct Running<'a>(&'a Asking);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = State::Over;
    }
}

/// What a query compiles to.
#[derive(Debug, Default)]
struct Statement {
    /// What must stand in the index; empty: no word is required.
    words: Vec<String>,
    /// What must not, beside something that must.
    without: Vec<String>,
    conditions: Vec<String>,
    /// The oldest key and the one behind the newest that may be found.
    from: Option<MessageKey>,
    before: Option<MessageKey>,
    /// The first two are the keys between which a stretch lies.
    values: Vec<Value>,
    /// It is searched stretch by stretch: there is a condition that would be answered, or sorted, for all messages at once,
    /// though the newest of them are enough.
    in_stretches: bool,
}

impl Statement {
    fn of(query: &Query) -> Self {
        let mut statement = Self { values: vec![i64::MIN.into(), i64::MAX.into()], ..Self::default() };
        let parts = match query {
            Query::All(all) => all.as_slice(),
            other => std::slice::from_ref(other),
        };
        // Words alone go to the index in one piece: it then reads each list of theirs once, from its new end.
        let mut rest = Vec::new();
        for part in parts {
            match part {
                Query::Not(inner) => match matched(inner) {
                    Some(words) => statement.without.push(words),
                    None => rest.push(part),
                },
                part => match matched(part) {
                    Some(words) => statement.words.push(words),
                    None => rest.push(part),
                },
            }
        }
        if statement.words.is_empty() {
            for words in std::mem::take(&mut statement.without) {
                let condition = statement.in_index(words);
                statement.conditions.push(format!("NOT {condition}"));
            }
        }
        for part in rest {
            match part {
                Query::Condition(Condition::Since(at)) => statement.from = statement.from.max(Some(first_key(*at))),
                Query::Condition(Condition::Before(at)) => {
                    statement.before = Some(statement.before.map_or(first_key(*at), |key| key.min(first_key(*at))));
                }
                part => {
                    let condition = statement.condition(part);
                    statement.conditions.push(condition);
                }
            }
        }
        statement
    }

    /// A place for a value.
    fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("?{}", self.values.len())
    }

    fn in_index(&mut self, words: String) -> String {
        let place = self.bind(words);
        self.in_stretches = true;
        format!("message.key IN (SELECT rowid FROM search WHERE search MATCH {place} AND rowid BETWEEN ?1 AND ?2)")
    }

    fn condition(&mut self, query: &Query) -> String {
        if let Some(words) = matched(query) {
            return self.in_index(words);
        }
        match query {
            Query::All(parts) if parts.is_empty() => "1".into(),
            Query::All(parts) => self.several(parts, " AND "),
            Query::Any(parts) => self.several(parts, " OR "),
            Query::Not(inner) => format!("NOT {}", self.condition(inner)),
            // Words alone were matched above.
            Query::Text(_) => "0".into(),
            Query::Condition(condition) => self.of_row(condition),
        }
    }

    fn several(&mut self, parts: &[Query], between: &str) -> String {
        let parts: Vec<String> = parts.iter().map(|part| self.condition(part)).collect();
        format!("({})", parts.join(between))
    }

    fn of_row(&mut self, condition: &Condition) -> String {
        match condition {
            Condition::HasAttachment => "message.has_attachments <> 0".into(),
            // Written as the indexes of these are, or they would not be used.
            Condition::Unread => "message.flags & 1 = 0".into(),
            Condition::Starred => "message.flags & 2 = 2".into(),
            Condition::Read => "message.flags & 1 = 1".into(),
            Condition::Answered => "message.flags & 4 = 4".into(),
            Condition::Forwarded => "message.flags & 8 = 8".into(),
            Condition::In(role) => {
                self.in_stretches = true;
                let place = self.bind((*role).to_owned());
                format!("message.mailbox IN (SELECT id FROM mailbox WHERE role = {place})")
            }
            Condition::Account(name) => {
                self.in_stretches = true;
                let place = self.bind(beginning(name));
                format!(
                    "message.mailbox IN (SELECT mailbox.id FROM mailbox JOIN account ON account.id = mailbox.account
                     WHERE account.name LIKE {place} ESCAPE '\\' OR account.address LIKE {place} ESCAPE '\\')"
                )
            }
            Condition::Before(at) => format!("message.key < {}", self.bind(first_key(*at).0)),
            Condition::Since(at) => format!("message.key >= {}", self.bind(first_key(*at).0)),
            Condition::Larger(size) => {
                self.of_size(*size, '>', LARGE_BYTES.into_iter().rev().find(|large| size >= large))
            }
            Condition::Smaller(size) => self.of_size(*size, '<', SMALL_BYTES.into_iter().find(|small| size <= small)),
        }
    }

    /// `also`: what an index is limited to that this may be found in.
    fn of_size(&mut self, size: u64, than: char, also: Option<u64>) -> String {
        let limit = also.map(|limit| format!("message.size_bytes {than} {limit} AND ")).unwrap_or_default();
        format!("({limit}message.size_bytes {than} {})", self.bind(signed(size)))
    }

    fn page(self, db: &Connection, after: Option<MessageKey>, most: usize, asking: &Asking) -> Result<Found, Error> {
        let stretches: &[Option<u32>] = if self.in_stretches { &STRETCHES } else { &[None] };
        let mut to = after.into_iter().chain(self.before).min().map_or(i64::MAX, |key| key.0);
        let (sql, mut values) = self.sql(after, most);
        let mut select = db.prepare(&sql)?;
        // As late as can be: only a statement that runs can be interrupted.
        let _running = asking.begin(db)?;
        let mut keys: Vec<MessageKey> = Vec::new();
        // The newest stretch mostly holds enough.
        for stretch in stretches {
            let from = stretch.map_or(Ok(i64::MIN), |messages| key_before(db, to, messages))?;
            values.splice(..2, [from.into(), to.into()]);
            let found = select.query_map(params_from_iter(&values), |row| row.get(0).map(MessageKey))?;
            for key in found.take(most - keys.len()) {
                keys.push(key?);
            }
            if keys.len() >= most || from == i64::MIN {
                break;
            }
            to = from - 1;
        }
        let to_index: i64 = db.prepare_cached("SELECT count(*) FROM to_index")?.query_row([], |row| row.get(0))?;
        Ok(Found { more: keys.len() >= most, keys, to_index: to_index.cast_unsigned() })
    }

    fn sql(mut self, after: Option<MessageKey>, most: usize) -> (String, Vec<Value>) {
        let key = if self.words.is_empty() { "message.key" } else { "search.rowid" };
        // Read from the new end to the old, and no further than it must be.
        if let Some(before) = after.into_iter().chain(self.before).min() {
            let place = self.bind(before.0);
            self.conditions.push(format!("{key} < {place}"));
        }
        if let Some(oldest) = self.from {
            let place = self.bind(oldest.0);
            self.conditions.push(format!("{key} >= {place}"));
        }
        let from = if self.words.is_empty() {
            "message"
        } else {
            let place = self.bind(self.match_words());
            self.conditions.push(format!("search MATCH {place}"));
            // In this order: the index is read newest first, and each of its rows is looked at once.
            "search CROSS JOIN message ON message.key = search.rowid"
        };
        if self.in_stretches {
            self.conditions.push(format!("{key} BETWEEN ?1 AND ?2"));
        }
        if self.conditions.is_empty() {
            self.conditions.push("1".into());
        }
        let limit = self.bind(signed(most as u64));
        let conditions = self.conditions.join(" AND ");
        (format!("SELECT {key} FROM {from} WHERE {conditions} ORDER BY {key} DESC LIMIT {limit}"), self.values)
    }

    fn match_words(&self) -> String {
        but_not(self.words.join(" AND "), &self.without)
    }
}

/// The key before which so many messages lie that are not newer than `to`; the least there is if there are fewer.
fn key_before(db: &Connection, to: i64, messages: u32) -> Result<i64, Error> {
    let mut select = db.prepare_cached(
        "SELECT message FROM message_order WHERE message <= ?1 ORDER BY message DESC LIMIT 1 OFFSET ?2",
    )?;
    Ok(select.query_row((to, messages), |row| row.get(0)).optional()?.unwrap_or(i64::MIN))
}

/// Messages in the stretches that a search goes through, the newest first; then come all others.
const STRETCHES: [Option<u32>; 3] = [Some(2_000), Some(32_000), None];
/// Sizes from which, and up to which, there is an index of messages (see the migration): octets.
const LARGE_BYTES: [u64; 2] = [65_536, 1_048_576];
const SMALL_BYTES: [u64; 1] = [2_048];

/// The query in the index's own language, if it is about words alone. Something must be looked for: NOT stands between two.
fn matched(query: &Query) -> Option<String> {
    match query {
        Query::Text(text) => Some(phrase(text)),
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
fn but_not(words: String, without: &[String]) -> String {
    if without.is_empty() { words } else { format!("({words}) NOT ({})", without.join(" OR ")) }
}

fn phrase(Text { field, sought, is_beginning }: &Text) -> String {
    let columns = match field {
        Field::Anywhere => "",
        Field::From => "sender : ",
        Field::To => "{recipients copies} : ",
        Field::Cc => "copies : ",
        Field::Subject => "subject : ",
        Field::Body => "body : ",
        Field::Attachment => "attachments : ",
    };
    // NUL would end the text for the index.
    let words = sought.words.replace(['"', '\0'], " ");
    format!("({columns}\"{}\"{})", words.trim(), if *is_beginning { " *" } else { "" })
}

/// A pattern for whatever begins like this.
fn beginning(text: &str) -> String {
    let mut pattern = String::new();
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
