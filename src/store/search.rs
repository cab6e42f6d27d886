//! A query becomes one statement: the words go to the index, the rest to the rows of the messages, newest first.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::types::Value;
use rusqlite::{Connection, InterruptHandle, params, params_from_iter};

use super::listing::mailboxes_of;
use super::message::first_key;
use super::types::{Flag, Flags, MailboxView, MessageKey};
use super::{Error, Store};
use crate::mail::Query;
use crate::mail::query::{Condition, Field, Text};

/// Messages of which the index is asked at a time whether they lack a word.
const STRETCH: usize = 2_000;

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
        self.read(move |db| Statement::within(db, &query, within)?.page(db, after, most, &asking)).await
    }

    /// How many messages there are of which the query holds.
    ///
    /// # Errors
    /// [`Error::GivenUp`] if `asking` was given up.
    pub async fn count_found(&self, query: Query, within: Option<MailboxView>, asking: Asking) -> Result<u64, Error> {
        self.read(move |db| Statement::within(db, &query, within)?.count(db, &asking)).await
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
    /// What must not.
    without: Vec<String>,
    conditions: Vec<String>,
    /// The index that holds only what is asked for, if one does: it is read before any that holds everything.
    index: Option<&'static str>,
    /// The oldest key and the one behind the newest that may be found.
    from: Option<MessageKey>,
    before: Option<MessageKey>,
    values: Vec<Value>,
}

impl Statement {
    fn within(db: &Connection, query: &Query, within: Option<MailboxView>) -> Result<Self, Error> {
        let mut statement = Self::of(query);
        if let Some(view) = within {
            let ids: Vec<String> = mailboxes_of(db, view)?.iter().map(|id| id.0.to_string()).collect();
            // One mailbox is in order by its own index; several would have to be sorted.
            let plus = if ids.len() > 1 { "+" } else { "" };
            statement.conditions.push(format!("{plus}message.mailbox IN ({})", ids.join(", ")));
        }
        Ok(statement)
    }

    fn of(query: &Query) -> Self {
        let mut statement = Self::default();
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
        for part in rest {
            match part {
                Query::Condition(Condition::Since(at)) => statement.from = statement.from.max(Some(first_key(*at))),
                Query::Condition(Condition::Before(at)) => {
                    statement.before = Some(statement.before.map_or(first_key(*at), |key| key.min(first_key(*at))));
                }
                part => {
                    statement.index = statement.index.or(match part {
                        Query::Condition(Condition::Starred) => Some("message_starred"),
                        Query::Condition(Condition::Unread) => Some("message_unread"),
                        _ => None,
                    });
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
        format!("message.key IN (SELECT rowid FROM search WHERE search MATCH {place})")
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
        let flag = |flag| Flags::default().with(flag, true).0;
        match condition {
            Condition::HasAttachment => "message.has_attachments <> 0".into(),
            // Written as the indexes of these are, or they would not be used.
            Condition::Unread => "message.flags & 1 = 0".into(),
            Condition::Starred => "message.flags & 2 = 2".into(),
            Condition::Read => format!("message.flags & {} <> 0", flag(Flag::Seen)),
            Condition::Answered => format!("message.flags & {} <> 0", flag(Flag::Answered)),
            Condition::Forwarded => format!("message.flags & {} <> 0", flag(Flag::Forwarded)),
            // The plus keeps SQLite from gathering a mailbox by its own index, which it would have to sort.
            Condition::In(role) => {
                let place = self.bind((*role).to_owned());
                format!("+message.mailbox IN (SELECT id FROM mailbox WHERE role = {place})")
            }
            Condition::Own(name) => {
                let place = self.bind(name.clone());
                let within = self.bind(beginning(&format!("{name}/")));
                format!(
                    "message.mailbox IN (SELECT mailbox.id FROM own_mailbox JOIN mailbox ON mailbox.role = 'own:' || own_mailbox.id
                     WHERE own_mailbox.removed_at IS NULL
                           AND (own_mailbox.name = {place} OR own_mailbox.name LIKE {within} ESCAPE '\\'))"
                )
            }
            Condition::Tag(name) => {
                let place = self.bind(name.clone());
                format!(
                    "message.key IN (SELECT message_tag.message FROM tag JOIN message_tag ON message_tag.tag = tag.id
                     WHERE tag.removed_at IS NULL AND tag.name = {place})"
                )
            }
            Condition::Account(name) => {
                let place = self.bind(beginning(name));
                format!(
                    "+message.mailbox IN (SELECT mailbox.id FROM mailbox JOIN account ON account.id = mailbox.account
                     WHERE account.name LIKE {place} ESCAPE '\\' OR account.address LIKE {place} ESCAPE '\\')"
                )
            }
            Condition::Thread(key) => {
                // The message itself, too, before it is in its thread.
                let place = self.bind(*key);
                format!(
                    "message.key IN (SELECT message FROM in_thread
                                     WHERE thread = (SELECT thread FROM in_thread WHERE message = {place})
                                     UNION ALL SELECT {place})"
                )
            }
            Condition::Before(at) => format!("message.key < {}", self.bind(first_key(*at).0)),
            Condition::Since(at) => format!("message.key >= {}", self.bind(first_key(*at).0)),
            Condition::Larger(size) => format!("message.size_bytes > {}", self.bind(signed(*size))),
            Condition::Smaller(size) => format!("message.size_bytes < {}", self.bind(signed(*size))),
        }
    }

    fn page(self, db: &Connection, after: Option<MessageKey>, most: usize, asking: &Asking) -> Result<Found, Error> {
        let keys = if self.words.is_empty() && !self.without.is_empty() {
            self.keys_without(db, after, most, asking)?
        } else {
            let (sql, values) = self.sql(after, most);
            let mut select = db.prepare(&sql)?;
            // As late as can be: only a statement that runs can be interrupted.
            let _running = asking.begin(db)?;
            let keys = select.query_map(params_from_iter(values), |row| row.get(0).map(MessageKey))?;
            keys.collect::<Result<Vec<MessageKey>, _>>()?
        };
        let to_index: i64 = db.prepare_cached("SELECT count(*) FROM to_index")?.query_row([], |row| row.get(0))?;
        Ok(Found { more: keys.len() >= most, keys, to_index: to_index.cast_unsigned() })
    }

    /// Where all that is said of words is that they must not be there: the index is asked about a stretch of messages at a
    /// time, and not for every message in the world that has the words.
    fn keys_without(
        mut self,
        db: &Connection,
        after: Option<MessageKey>,
        most: usize,
        asking: &Asking,
    ) -> Result<Vec<MessageKey>, Error> {
        let without = std::mem::take(&mut self.without).join(" OR ");
        let (sql, values) = self.sql(None, STRETCH);
        let place = values.len() + 1;
        let mut candidates = db.prepare(&sql.replacen(" WHERE ", &format!(" WHERE message.key < ?{place} AND "), 1))?;
        let mut matched = db.prepare("SELECT rowid FROM search WHERE search MATCH ?1 AND rowid BETWEEN ?2 AND ?3")?;
        for (number, value) in (1_usize..).zip(&values) {
            candidates.raw_bind_parameter(number, value)?;
        }
        let _running = asking.begin(db)?;
        let (mut found, mut before) = (Vec::new(), after.unwrap_or(MessageKey(i64::MAX)));
        while found.len() < most {
            candidates.raw_bind_parameter(place, before.0)?;
            let mut stretch: Vec<i64> = Vec::new();
            let mut rows = candidates.raw_query();
            while let Some(row) = rows.next()? {
                stretch.push(row.get(0)?);
            }
            drop(rows);
            let (Some(&newest), Some(&oldest)) = (stretch.first(), stretch.last()) else { break };
            let has = matched.query_map(params![without, oldest, newest], |row| row.get(0))?;
            let has: HashSet<i64> = has.collect::<Result<_, _>>()?;
            found.extend(stretch.into_iter().filter(|key| !has.contains(key)).map(MessageKey));
            before = MessageKey(oldest);
        }
        found.truncate(most);
        Ok(found)
    }

    fn count(mut self, db: &Connection, asking: &Asking) -> Result<u64, Error> {
        if self.words.is_empty() {
            for words in std::mem::take(&mut self.without) {
                let condition = self.in_index(words);
                self.conditions.push(format!("NOT {condition}"));
            }
        }
        let (from, values) = self.source(None);
        let mut select = db.prepare(&format!("SELECT count(*) FROM {from}"))?;
        let _running = asking.begin(db)?;
        let count: i64 = select.query_row(params_from_iter(values), |row| row.get(0))?;
        Ok(count.cast_unsigned())
    }

    fn sql(mut self, after: Option<MessageKey>, most: usize) -> (String, Vec<Value>) {
        let key = self.key();
        let limit = self.bind(signed(most as u64));
        let (from, values) = self.source(after);
        (format!("SELECT {key} FROM {from} ORDER BY {key} DESC LIMIT {limit}"), values)
    }

    fn key(&self) -> &'static str {
        if self.words.is_empty() { "message.key" } else { "search.rowid" }
    }

    /// The tables and what is to hold of their rows.
    fn source(mut self, after: Option<MessageKey>) -> (String, Vec<Value>) {
        let key = self.key();
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
            self.index.map_or("message".to_owned(), |index| format!("message INDEXED BY {index}"))
        } else {
            let is_about_rows = self.conditions.iter().any(|condition| condition.contains("message."));
            let place = self.bind(self.match_words());
            self.conditions.push(format!("search MATCH {place}"));
            // In this order: the index is read newest first, and what is asked of each of its rows is looked up once, where it
            // lies close together.
            let facts = "search CROSS JOIN message INDEXED BY message_facts ON message.key = search.rowid";
            if is_about_rows { facts.to_owned() } else { "search".to_owned() }
        };
        if self.conditions.is_empty() {
            self.conditions.push("1".into());
        }
        (format!("{from} WHERE {}", self.conditions.join(" AND ")), self.values)
    }

    fn match_words(&self) -> String {
        but_not(self.words.join(" AND "), &self.without)
    }
}

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
        Field::List => "list : ",
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
