//! A query becomes one statement: the words go to the index, the rest to the rows of the messages, newest first.
//!
//! There are two indexes: of words, and of their first letters for what is still being typed. Both know a message by a number of
//! their own, in the order of the keys.

mod asking;
mod few;
mod joined;
mod matching;
mod only;
mod terms;
mod without;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

pub use asking::Asking;
use asking::Running;
use joined::Joined;
use matching::{alternatives, beginning_of, but_not, flatten, is_short, matched, parted, phrase};

use super::listing::mailboxes_of;
use super::message::first_key;
use super::types::{MailboxView, MessageKey};
use super::{Error, Store};
use crate::mail::Query;
use crate::mail::query::Condition;

pub use only::Only;
pub(super) use only::keys_only;

/// What fewer messages have is rare: all that begins like it is read at once. Of anything else the next hit is near. (Tests
/// have so few messages that nothing else would ever be asked.)
const RARE: i64 = if cfg!(test) { 2 } else { 10_000 };
/// Octets from which on there is an index of messages: see the migration.
const LARGE_BYTES: u64 = 65_536;

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
            let running = asking.begin(db)?;
            let (mut keys, mut more) = (Vec::new(), false);
            for query in alternatives(terms::spelt_out(db, query)?) {
                running.go_on()?;
                let found = Statement::within(db, &query, within)?.page(db, after, most, &running)?;
                more |= found.len() >= most;
                keys.extend(found);
            }
            // Newest first, each once.
            keys.sort_unstable_by(|a: &MessageKey, b| b.cmp(a));
            keys.dedup();
            keys.truncate(most);
            let to_index: i64 = db.prepare_cached("SELECT count(*) FROM to_index")?.query_row([], |row| row.get(0))?;
            Ok(Found { keys, more, to_index: to_index.cast_unsigned() })
        })
        .await
    }

    /// How many messages there are of which the query holds.
    ///
    /// # Errors
    /// [`Error::GivenUp`] if `asking` was given up.
    pub async fn count_found(&self, query: Query, within: Option<MailboxView>, asking: Asking) -> Result<u64, Error> {
        self.read(move |db| {
            let running = asking.begin(db)?;
            Statement::within(db, &terms::spelt_out(db, query)?, within)?.count(db, &running)
        })
        .await
    }
}

/// What a query compiles to.
#[derive(Debug, Default)]
struct Statement {
    /// What must stand in the index; empty: no word is required.
    words: Vec<String>,
    /// What must not.
    without: Vec<String>,
    /// Short beginnings that must stand in the index of theirs; and the same for the other.
    beginnings: Vec<(String, String)>,
    /// Those that must not.
    without_beginnings: Vec<String>,
    /// Beginnings that very many messages have, of which the index is asked beside the words.
    joined: Vec<Joined>,
    conditions: Vec<String>,
    /// The index that holds only what is asked for, if one does: it is read before any that holds everything.
    index: Option<&'static str>,
    /// Statements for the keys of all messages that a condition holds of, with their values, where that can be few.
    narrowings: Vec<(String, Vec<Value>)>,
    /// One of them found few: of these keys alone the rest is asked.
    is_narrow: bool,
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
            let ids = ids.join(", ");
            statement.conditions.push(format!("{plus}message.mailbox IN ({ids})"));
            statement.narrowings.push((format!("SELECT key FROM message WHERE mailbox IN ({ids})"), Vec::new()));
        }
        Ok(statement)
    }

    fn of(query: &Query) -> Self {
        let mut statement = Self::default();
        let mut parts = Vec::new();
        flatten(parted(query), &mut parts);
        // Words alone go to the index in one piece: it then reads each list of theirs once, from its new end.
        let mut rest = Vec::new();
        for part in &parts {
            match part {
                Query::Text(text) if is_short(text) => statement.beginnings.push((beginning_of(text), phrase(text))),
                Query::Not(inner) => match (&**inner, matched(inner)) {
                    (Query::Text(text), _) if is_short(text) => statement.without_beginnings.push(beginning_of(text)),
                    (_, Some(words)) => statement.without.push(words),
                    (_, None) => rest.push(part),
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
                    // What is not unread is read, and there is an index of that.
                    let turned = match part {
                        Query::Not(inner) => match **inner {
                            Query::Condition(Condition::Unread) => Some(Query::Condition(Condition::Read)),
                            Query::Condition(Condition::Read) => Some(Query::Condition(Condition::Unread)),
                            _ => None,
                        },
                        _ => None,
                    };
                    let part = turned.as_ref().unwrap_or(part);
                    statement.index = statement.index.or(index_of(part));
                    statement.narrowings.extend(few::keys_of(part));
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

    fn in_index(&mut self, table: &str, words: String) -> String {
        let place = self.bind(words);
        format!(
            "message.key IN (SELECT document.message FROM {table} CROSS JOIN search_document AS document
             ON document.number = {table}.rowid WHERE {table} MATCH {place})"
        )
    }

    /// Whether the document that the index of beginnings has come to has these words in the other.
    fn in_words_too(&mut self, words: String) -> String {
        let place = self.bind(words);
        format!("EXISTS (SELECT 1 FROM search WHERE search MATCH {place} AND search.rowid = search_beginning.rowid)")
    }

    fn condition(&mut self, query: &Query) -> String {
        if let Some(words) = matched(query) {
            return self.in_index("search", words);
        }
        match query {
            Query::Text(text) if is_short(text) => self.in_index("search_beginning", beginning_of(text)),
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
            Condition::Larger(size) => {
                let limit = if *size >= LARGE_BYTES { "message.size_bytes > 65536 AND " } else { "" };
                format!("({limit}message.size_bytes > {})", self.bind(signed(*size)))
            }
            Condition::Smaller(size) => format!("message.size_bytes < {}", self.bind(signed(*size))),
        }
    }

    fn page(
        mut self,
        db: &Connection,
        after: Option<MessageKey>,
        most: usize,
        running: &Running<'_>,
    ) -> Result<Vec<MessageKey>, Error> {
        self.settle(db)?;
        running.go_on()?;
        if self.driver().is_empty() && !(self.without.is_empty() && self.without_beginnings.is_empty()) {
            return self.keys_without(db, after, most, running);
        }
        if !self.joined.is_empty() {
            return self.keys_joined(db, after, most, running);
        }
        let (sql, values) = self.sql(after, most);
        let mut select = db.prepare(&sql)?;
        let keys = select.query_map(params_from_iter(values), |row| row.get(0).map(MessageKey))?;
        Ok(keys.collect::<Result<_, _>>()?)
    }

    /// Where few messages can be meant at all, the index is asked about each of these. Else, beside words, a beginning that few
    /// messages have is one of the words; any other is joined to them.
    fn settle(&mut self, db: &Connection) -> Result<(), Error> {
        if self.narrow(db)? || self.words.is_empty() {
            return Ok(());
        }
        for (short, words) in std::mem::take(&mut self.beginnings) {
            let estimated = few::estimated(db, &short)?;
            if estimated < RARE {
                self.words.push(words);
            } else {
                self.joined.push(Joined { short, estimated, is_wanted: true });
            }
        }
        for short in std::mem::take(&mut self.without_beginnings) {
            let estimated = few::estimated(db, &short)?;
            self.joined.push(Joined { short, estimated, is_wanted: false });
        }
        Ok(())
    }

    /// The index that is read from its new end to its old; empty: no word is required.
    fn driver(&self) -> &'static str {
        if self.is_narrow {
            return "";
        }
        match (self.words.is_empty(), self.beginnings.is_empty()) {
            (false, _) => "search",
            (true, false) => "search_beginning",
            (true, true) => "",
        }
    }

    fn count(mut self, db: &Connection, running: &Running<'_>) -> Result<u64, Error> {
        self.settle(db)?;
        running.go_on()?;
        if self.driver().is_empty() {
            let (words, short) = (std::mem::take(&mut self.without), std::mem::take(&mut self.without_beginnings));
            let words = words.into_iter().map(|words| ("search", words));
            for (index, words) in words.chain(short.into_iter().map(|short| ("search_beginning", short))) {
                let condition = self.in_index(index, words);
                self.conditions.push(format!("NOT {condition}"));
            }
        }
        // All of them are wanted: the list of the beginning is read once, and not asked about for every hit.
        for Joined { short, is_wanted, .. } in std::mem::take(&mut self.joined) {
            let (place, not) = (self.bind(short), if is_wanted { "" } else { "NOT " });
            self.conditions.push(format!(
                "search.rowid {not}IN (SELECT rowid FROM search_beginning WHERE search_beginning MATCH {place})"
            ));
        }
        let (from, values) = self.source(None, false);
        let mut select = db.prepare(&format!("SELECT count(*) FROM {from}"))?;
        let count: i64 = select.query_row(params_from_iter(values), |row| row.get(0))?;
        Ok(count.cast_unsigned())
    }

    fn sql(mut self, after: Option<MessageKey>, most: usize) -> (String, Vec<Value>) {
        let driver = self.driver();
        let (key, order) = match driver {
            "" => ("message.key", "message.key".to_owned()),
            driver => ("search_document.message", format!("{driver}.rowid")),
        };
        let limit = self.bind(signed(most as u64));
        let (from, values) = self.source(after, true);
        (format!("SELECT {key} FROM {from} ORDER BY {order} DESC LIMIT {limit}"), values)
    }

    /// The tables, with the one that has the keys if they are wanted, and what is to hold of their rows.
    fn source(mut self, after: Option<MessageKey>, with_keys: bool) -> (String, Vec<Value>) {
        // Read from the new end to the old, and no further than it must be.
        if let Some(before) = after.into_iter().chain(self.before).min() {
            self.bound("<", before);
        }
        if let Some(oldest) = self.from {
            self.bound(">=", oldest);
        }
        let from = match self.driver() {
            // By their keys.
            "" if self.is_narrow => "message NOT INDEXED".to_owned(),
            "" => self.index.map_or("message".to_owned(), |index| format!("message INDEXED BY {index}")),
            driver => self.driven_by(driver, with_keys),
        };
        if self.conditions.is_empty() {
            self.conditions.push("1".into());
        }
        (format!("{from} WHERE {}", self.conditions.join(" AND ")), self.values)
    }

    fn bound(&mut self, than: &str, key: MessageKey) {
        let place = self.bind(key.0);
        self.conditions.push(match self.driver() {
            "" => format!("message.key {than} {place}"),
            driver => format!(
                "{driver}.rowid {than} coalesce((SELECT number FROM search_document WHERE message >= {place}
                                                 ORDER BY message LIMIT 1), {})",
                i64::MAX
            ),
        });
    }

    fn driven_by(&mut self, driver: &'static str, with_keys: bool) -> String {
        let is_about_rows = self.conditions.iter().any(|condition| condition.contains("message."));
        let words = if self.words.is_empty() {
            for words in std::mem::take(&mut self.without) {
                let condition = self.in_words_too(words);
                self.conditions.push(format!("NOT {condition}"));
            }
            let short: Vec<&str> = self.beginnings.iter().map(|(short, _)| short.as_str()).collect();
            but_not(short.join(" AND "), &self.without_beginnings)
        } else {
            self.match_words()
        };
        let place = self.bind(words);
        self.conditions.push(format!("{driver} MATCH {place}"));
        // In this order: the index is read newest first, and what is asked of each of its rows is looked up once, where it
        // lies close together.
        let mut from = driver.to_owned();
        if with_keys || is_about_rows {
            from += &format!(" CROSS JOIN search_document ON search_document.number = {driver}.rowid");
        }
        if is_about_rows {
            from += " CROSS JOIN message INDEXED BY message_facts ON message.key = search_document.message";
        }
        from
    }

    fn match_words(&self) -> String {
        but_not(self.words.join(" AND "), &self.without)
    }
}

/// The index that holds only what is asked for, if one does.
fn index_of(part: &Query) -> Option<&'static str> {
    let Query::Condition(condition) = part else { return None };
    match condition {
        Condition::Starred => Some("message_starred"),
        Condition::Unread => Some("message_unread"),
        Condition::Read => Some("message_read"),
        Condition::Answered => Some("message_answered"),
        Condition::Forwarded => Some("message_forwarded"),
        Condition::Larger(size) if *size >= LARGE_BYTES => Some("message_large"),
        _ => None,
    }
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
