//! Threads: the numbers of what hangs together, brought up to date message by message, in whatever order they come.
//!
//! A message joins the thread of every id that it bears or names ([`Related::names`]). Where these are several threads they
//! become one: the messages of the smaller get the number of the larger, so that a message is renumbered as often as its
//! thread doubles, at most. What is removed for good leaves its thread; what it joined stays joined.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::listing::message_row;
use super::types::{MessageKey, MessageRow, Role};
use super::{Error, Store};
use crate::mail::Related;

/// A message and those that it hangs together with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conversation {
    /// Oldest first, of all accounts and mailboxes; what lies in Trash or Junk only where the message itself lies there.
    pub messages: Vec<(MessageRow, Related)>,
    /// There are others, further away in time.
    pub more: bool,
}

/// Older messages of a conversation that are read, and newer ones: nobody reads more at a glance, and a thread may have
/// hundreds of thousands.
const MOST_EITHER_SIDE: usize = 500;

impl Store {
    /// Puts messages that are marked into their threads, at most so many, the newest first; gives how many. Not synced: what a
    /// power cut undoes is marked again.
    pub async fn thread(&self, most: usize) -> Result<usize, Error> {
        self.write_unsynced(move |db| {
            let mut marked = db.prepare_cached("SELECT message FROM to_thread ORDER BY message DESC LIMIT ?1")?;
            let keys = marked.query_map([i64::try_from(most).unwrap_or(i64::MAX)], |row| row.get(0).map(MessageKey))?;
            let keys: Vec<MessageKey> = keys.collect::<Result<_, _>>()?;
            keys.iter().try_for_each(|&key| join(db, key))?;
            Ok(keys.len())
        })
        .await
    }

    /// The conversation that a message is part of.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it is gone.
    pub async fn conversation(&self, key: MessageKey) -> Result<Conversation, Error> {
        self.read(move |db| {
            let own = message_row(db, key)?.ok_or(Error::NotFound)?;
            let (mut older, mut newer) = (Side::Older.members(db, &own)?, Side::Newer.members(db, &own)?);
            let more = older.len() > MOST_EITHER_SIDE || newer.len() > MOST_EITHER_SIDE;
            older.truncate(MOST_EITHER_SIDE);
            newer.truncate(MOST_EITHER_SIDE);
            let mut messages = Vec::with_capacity(older.len() + 1 + newer.len());
            for key in older.into_iter().rev().chain([key]).chain(newer) {
                if let Some(row) = message_row(db, key)? {
                    messages.push((row, related(db, key)?));
                }
            }
            Ok(Conversation { messages, more })
        })
        .await
    }
}

#[derive(Clone, Copy)]
enum Side {
    Older,
    Newer,
}

impl Side {
    /// Members of the thread on this side of the message, the nearest first, and one more than are wanted if there are.
    fn members(self, db: &Connection, own: &MessageRow) -> Result<Vec<MessageKey>, Error> {
        let (is_there, order) = match self {
            Self::Older => ("<", "DESC"),
            Self::Newer => (">", "ASC"),
        };
        let mut select = db.prepare_cached(&format!(
            "SELECT in_thread.message
             FROM in_thread CROSS JOIN message ON message.key = in_thread.message
                            CROSS JOIN mailbox ON mailbox.id = message.mailbox
             WHERE in_thread.thread = (SELECT thread FROM in_thread WHERE message = ?1)
               AND in_thread.message {is_there} ?1 AND mailbox.role NOT IN (?2, ?3)
             ORDER BY in_thread.message {order} LIMIT ?4",
        ))?;
        let [trash, junk] = [Role::Trash, Role::Junk].map(|role| if role == own.role { "" } else { role.word() });
        let most = i64::try_from(MOST_EITHER_SIDE + 1).unwrap_or(i64::MAX);
        let keys = select.query_map(params![own.key.0, trash, junk, most], |row| row.get(0).map(MessageKey))?;
        Ok(keys.collect::<Result<_, _>>()?)
    }
}

/// What a message's row says of where it belongs.
fn related(db: &Connection, key: MessageKey) -> Result<Related, Error> {
    let mut select = db.prepare_cached(
        "SELECT message_id, in_reply_to, reference_ids, from_addr, recipient_addrs, date FROM message WHERE key = ?1",
    )?;
    let found = select.query_row([key.0], |row| {
        let ids = |index: usize| {
            let lines = row.get_ref(index)?.as_str()?.lines();
            Ok::<_, rusqlite::Error>(lines.map(str::to_owned).collect::<Vec<_>>())
        };
        Ok(Related {
            message_id: row.get(0)?,
            in_reply_to: ids(1)?,
            references: ids(2)?,
            addresses: format!("{}, {}", row.get_ref(3)?.as_str()?, row.get_ref(4)?.as_str()?),
            date: row.get(5)?,
        })
    });
    Ok(found.optional()?.unwrap_or_default())
}

/// Puts a message into its thread and takes its mark away; one without a mark is there already.
pub(super) fn join(db: &Connection, key: MessageKey) -> Result<(), Error> {
    if db.prepare_cached("DELETE FROM to_thread WHERE message = ?1")?.execute([key.0])? == 0 {
        return Ok(());
    }
    let hashes: BTreeSet<i64> = related(db, key)?.names().into_iter().map(id_hash).collect();
    let mut noted = Vec::with_capacity(hashes.len());
    let mut threads = BTreeSet::new();
    for hash in hashes {
        let mut select = db.prepare_cached("SELECT thread FROM thread_by_id WHERE id_hash = ?1")?;
        let known: Option<i64> = select.query_row([hash], |row| row.get(0)).optional()?;
        if let Some(known) = known {
            threads.insert(become_of(db, known)?);
        }
        noted.push((hash, known));
    }
    let mut own = db.prepare_cached("SELECT thread FROM in_thread WHERE message = ?1")?;
    threads.extend(own.query_row([key.0], |row| row.get::<_, i64>(0)).optional()?);
    let thread = united(db, &threads)?;
    db.prepare_cached("INSERT OR REPLACE INTO in_thread (message, thread) VALUES (?1, ?2)")?
        .execute((key.0, thread))?;
    let mut note = db.prepare_cached("INSERT OR REPLACE INTO thread_by_id (id_hash, thread) VALUES (?1, ?2)")?;
    for (hash, _) in noted.into_iter().filter(|(_, known)| *known != Some(thread)) {
        note.execute((hash, thread))?;
    }
    Ok(())
}

fn id_hash(id: &str) -> i64 {
    let digest = Sha256::digest(id);
    digest.first_chunk().map_or(0, |first| i64::from_be_bytes(*first))
}

/// The thread that this one is part of by now. The way there is short: the smaller has always become part of the larger.
fn become_of(db: &Connection, mut thread: i64) -> Result<i64, Error> {
    let mut select = db.prepare_cached("SELECT joined FROM thread WHERE id = ?1")?;
    while let Some(joined) = select.query_row([thread], |row| row.get::<_, Option<i64>>(0)).optional()?.flatten() {
        thread = joined;
    }
    Ok(thread)
}

/// One thread of all these, or a new one.
fn united(db: &Connection, threads: &BTreeSet<i64>) -> Result<i64, Error> {
    let Some(largest) = largest(db, threads)? else {
        db.prepare_cached("INSERT INTO thread (joined) VALUES (NULL)")?.execute([])?;
        return Ok(db.last_insert_rowid());
    };
    for &smaller in threads.iter().filter(|&&thread| thread != largest) {
        db.prepare_cached("UPDATE in_thread SET thread = ?2 WHERE thread = ?1")?.execute((smaller, largest))?;
        db.prepare_cached("UPDATE thread SET joined = ?2 WHERE id = ?1")?.execute((smaller, largest))?;
    }
    Ok(largest)
}

/// Counts no further than it takes to tell: a thread of a hundred thousand is not counted for each answer that joins it.
fn largest(db: &Connection, threads: &BTreeSet<i64>) -> Result<Option<i64>, Error> {
    let mut left: Vec<i64> = threads.iter().copied().collect();
    let mut limit = 16;
    while left.len() > 1 {
        let mut count =
            db.prepare_cached("SELECT count(*) FROM (SELECT 1 FROM in_thread WHERE thread = ?1 LIMIT ?2)")?;
        let counted = left.iter().map(|&thread| Ok((count.query_row((thread, limit), |row| row.get(0))?, thread)));
        let counted: Vec<(i64, i64)> = counted.collect::<Result<_, Error>>()?;
        let full: Vec<i64> = counted.iter().filter(|(count, _)| *count >= limit).map(|(_, thread)| *thread).collect();
        left = if full.is_empty() {
            counted.into_iter().max().map(|(_, thread)| thread).into_iter().collect()
        } else {
            full
        };
        limit *= 4;
    }
    Ok(left.first().copied())
}

#[cfg(test)]
mod tests;
