//! The search index: what is still to be put into it, and putting it in.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::contact::count_people;
use super::types::MessageKey;
use super::{Error, Store, thread};
use crate::mail::words::for_index;
use crate::mail::{Searchable, beginnings};

mod number;

/// A message whose words are not in the index, or not those that it has now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToIndex {
    pub key: MessageKey,
    pub size_bytes: u64,
    /// What its octets are now: see [`Indexed::sha256`].
    pub sha256: [u8; 32],
}

/// The words of a message.
#[derive(Clone, Debug)]
pub struct Indexed {
    pub key: MessageKey,
    /// The octets that the words were taken from. If the message has others by now, it stays marked.
    pub sha256: [u8; 32],
    /// None: they cannot be had; what its row says is indexed in their place.
    pub words: Option<Searchable>,
}

impl Store {
    /// How many messages are to be indexed. Counts them: of a million in some milliseconds.
    pub async fn left_to_index(&self) -> Result<u64, Error> {
        self.read(|db| {
            let left: i64 = db.prepare_cached("SELECT count(*) FROM to_index")?.query_row([], |row| row.get(0))?;
            Ok(left.cast_unsigned())
        })
        .await
    }

    /// Messages that are to be indexed, the newest first.
    pub async fn to_index(&self, most: usize) -> Result<Vec<ToIndex>, Error> {
        self.read(move |db| {
            let mut select = db.prepare_cached(
                "SELECT message.key, message.size_bytes, message.sha256
                 FROM to_index CROSS JOIN message ON message.key = to_index.message
                 ORDER BY to_index.message DESC LIMIT ?1",
            )?;
            let next = select.query_map([i64::try_from(most).unwrap_or(i64::MAX)], |row| {
                Ok(ToIndex {
                    key: MessageKey(row.get(0)?),
                    size_bytes: row.get::<_, i64>(1)?.cast_unsigned(),
                    sha256: row.get(2)?,
                })
            })?;
            Ok(next.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Puts these into the index and into their threads, and takes their marks away, all or nothing. Not synced: what a power
    /// cut undoes is marked again, and done again.
    pub async fn index(&self, mut batch: Vec<Indexed>) -> Result<(), Error> {
        // The oldest first: at each number that is not above the one before, the index writes out what it has gathered so far,
        // which costs several times as much as the words themselves.
        batch.sort_unstable_by_key(|indexed| indexed.key);
        batch.dedup_by_key(|indexed| indexed.key);
        self.write_unsynced(move |db| {
            // Gone, or another by now: its own mark stands for that.
            let mut is_same = db.prepare_cached("SELECT 1 FROM message WHERE key = ?1 AND sha256 = ?2")?;
            let mut same = Vec::with_capacity(batch.len());
            for indexed in batch {
                if is_same.exists(params![indexed.key.0, indexed.sha256])? {
                    same.push(indexed);
                }
            }
            number::give(db, same.iter().rev().map(|indexed| indexed.key))?;
            // First all else, then the words: before a statement that may have to be taken back on its own (one that replaces
            // a row is such), SQLite has the index write out what it has gathered so far.
            let mut numbered = Vec::with_capacity(same.len());
            for Indexed { key, words, .. } in same {
                let Some(number) = number::number(db, key)? else { continue };
                let words = match words {
                    Some(words) => words,
                    None => words_of_row(db, key)?.unwrap_or_default(),
                };
                settle(db, key, &words)?;
                number::remove(db, number)?;
                numbered.push((number, words));
            }
            numbered.into_iter().try_for_each(|(number, words)| insert(db, number, &words))
        })
        .await
    }
}

impl Store {
    /// Merges some of the pieces that the index has grown by, so that searching reads few of them; whether there may be more
    /// to merge. A step of some hundredths of a second, not synced: a power cut undoes it and nothing else.
    pub async fn merge_index(&self) -> Result<bool, Error> {
        self.write_unsynced(|db| {
            let mut goes_on = false;
            for table in TABLES {
                let before = changes(db)?;
                db.execute(&format!("INSERT INTO {table} ({table}, rank) VALUES ('merge', ?1)"), [MERGED_PAGES])?;
                // One change is the command itself (SQLite's documentation of FTS5, section 6.8).
                goes_on |= changes(db)? - before >= 2;
            }
            Ok(goes_on)
        })
        .await
    }

    /// Empties the index and marks every message: where the index is damaged, it is made anew.
    pub async fn index_anew(&self) -> Result<(), Error> {
        self.write(|db| {
            db.execute_batch(
                "INSERT INTO search (search) VALUES ('delete-all');
                 INSERT INTO search_beginning (search_beginning) VALUES ('delete-all');
                 DELETE FROM search_document;
                 INSERT OR IGNORE INTO to_index (message, people) SELECT key, 0 FROM message;",
            )?;
            Ok(())
        })
        .await
    }
}

fn changes(db: &Connection) -> Result<i64, Error> {
    Ok(db.query_row("SELECT total_changes()", [], |row| row.get(0))?)
}

/// The words, and their beginnings.
const TABLES: [&str; 2] = ["search", "search_beginning"];
/// Pages of the index that are written in one step of merging.
const MERGED_PAGES: i64 = 64;

/// Sets the index as much mail needs it, wherever it was made; it keeps what it is told.
pub(super) fn tune(db: &Connection) -> Result<(), Error> {
    for table in TABLES {
        for (setting, value) in [("hashsize", GATHERED_BYTES), ("usermerge", MERGED_PIECES)] {
            let known = format!("SELECT v FROM {table}_config WHERE k = ?1");
            let known: Option<i64> = db.query_row(&known, [setting], |row| row.get(0)).optional()?;
            if known != Some(value) {
                db.execute(&format!("INSERT INTO {table} ({table}, rank) VALUES (?1, ?2)"), (setting, value))?;
            }
        }
    }
    Ok(())
}

/// Octets of words that are gathered in memory before they are written: a whole batch, so that it becomes one piece of the
/// index and not several, which would have to be merged.
const GATHERED_BYTES: i64 = 16 << 20;

/// Pieces of about one size that are merged where there is time for it: as few as can be.
const MERGED_PIECES: i64 = 2;

/// Whatever is to be done for a message beside putting its words into the index.
fn settle(db: &Connection, key: MessageKey, words: &Searchable) -> Result<(), Error> {
    let mut counts = db.prepare_cached("SELECT 1 FROM to_index WHERE message = ?1 AND people = 1")?;
    if counts.exists([key.0])? {
        count_people(db, key, &words.senders, &words.addressees)?;
    }
    db.prepare_cached("DELETE FROM to_index WHERE message = ?1")?.execute([key.0])?;
    thread::join(db, key)
}

fn insert(db: &Connection, number: i64, words: &Searchable) -> Result<(), Error> {
    db.prepare_cached("INSERT INTO search_beginning (rowid, words) VALUES (?1, ?2)")?
        .execute(params![number, beginnings::for_index(words)])?;
    db.prepare_cached(
        "INSERT INTO search (rowid, subject, sender, recipients, copies, body, attachments, list)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        number,
        words.subject,
        words.sender,
        words.recipients,
        words.copies,
        words.body,
        words.attachments,
        words.list
    ])?;
    Ok(())
}

/// What the header said when the message came.
fn words_of_row(db: &Connection, key: MessageKey) -> Result<Option<Searchable>, Error> {
    let mut select = db.prepare_cached(
        "SELECT subject, from_name, from_addr, recipients, recipient_addrs, snippet FROM message WHERE key = ?1",
    )?;
    let text = |row: &Row<'_>, index: usize| Ok::<_, rusqlite::Error>(for_index(row.get_ref(index)?.as_str()?));
    let words = select.query_row([key.0], |row| {
        Ok(Searchable {
            subject: text(row, 0)?,
            sender: format!("{} {}", text(row, 1)?, text(row, 2)?),
            recipients: format!("{} {}", text(row, 3)?, text(row, 4)?),
            body: text(row, 5)?,
            ..Searchable::default()
        })
    });
    Ok(words.optional()?)
}
