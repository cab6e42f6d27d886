//! Damaged messages: named, kept apart from the damaged place, and repaired: from a backup, or from the server.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::raw::{PackedRaw, lost_raw, octets_of, prove_octets};
use super::types::{MessageKey, Role};
use super::{Error, Store, source};

/// A message whose octets are not those that were stored: all that is known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DamagedMessage {
    pub key: MessageKey,
    /// The account's name.
    pub account: String,
    pub role: Role,
    pub from: String,
    pub subject: String,
    /// Unix seconds.
    pub date: i64,
    /// As the server named it; empty: it has none.
    pub uid: Vec<u8>,
    pub size_bytes: u64,
    /// It was found before.
    pub known: bool,
}

/// What became of damaged messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Healed {
    /// They are whole again: their octets were readable after all, or came from the backup.
    pub whole: Vec<MessageKey>,
    /// The next visit fetches them again.
    pub to_fetch: Vec<MessageKey>,
    /// Nobody has them, as far as is known.
    pub lost: Vec<MessageKey>,
}

impl Store {
    /// The messages that are known to be damaged.
    pub async fn damaged(&self) -> Result<Vec<DamagedMessage>, Error> {
        self.read(|db| {
            let mut select = db.prepare("SELECT message FROM damaged ORDER BY message")?;
            let keys: Vec<i64> = select.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
            Ok(keys.into_iter().filter_map(|key| named(db, MessageKey(key))).collect())
        })
        .await
    }

    /// Notes messages whose octets cannot be read, and heals what can be healed: from `backup`, the folder of a backup, where
    /// it has the very octets, or else by having them fetched again where the server still has them. They keep key, mailbox and flags.
    /// Messages that were noted before are tried again. What reads well is left alone.
    pub async fn heal(&self, found: Vec<MessageKey>, backup: Option<&Path>, now: i64) -> Result<Healed, Error> {
        for key in found {
            // Looked at by a reader: once a transaction has come upon damage, SQLite writes nothing more in it.
            if let Err(Error::Damaged(_)) = self.read(move |db| prove_octets(db, key)).await {
                self.write(move |db| set_apart(db, key, now)).await?;
            }
        }
        let mut healed = Healed::default();
        for message in self.damaged().await? {
            let key = message.key;
            // One at a time, and each in a transaction of its own: a message may be large.
            let octets = match self.former_octets(key).await? {
                Some(octets) => Some(octets),
                None => self.octets_in(backup, key).await?,
            };
            match octets {
                Some(octets) => {
                    let raw = PackedRaw::whole(&octets, None);
                    self.write(move |db| put_back(db, key, raw)).await?;
                    healed.whole.push(key);
                }
                None if self.write(move |db| fetch_again(db, key)).await? => healed.to_fetch.push(key),
                None => healed.lost.push(key),
            }
        }
        Ok(healed)
    }

    /// A fault of a cable or of memory passes: what lay there may be readable now.
    async fn former_octets(&self, key: MessageKey) -> Result<Option<Vec<u8>>, Error> {
        let read = self.read(move |db| {
            let raw = db.query_row("SELECT raw FROM damaged WHERE message = ?1", [key.0], |row| row.get(0))?;
            octets_of(db, key, Some(raw))
        });
        Ok(read.await.ok())
    }

    async fn octets_in(&self, backup: Option<&Path>, key: MessageKey) -> Result<Option<Vec<u8>>, Error> {
        let Some(folder) = backup else { return Ok(None) };
        let sha256: [u8; 32] = self
            .read(move |db| Ok(db.query_row("SELECT sha256 FROM message WHERE key = ?1", [key.0], |row| row.get(0))?))
            .await?;
        let file = folder.join("malote.db");
        if !file.is_file() {
            return Ok(None);
        }
        // A backup that cannot be read has nothing to give; its own check tells of it.
        let read = || -> Result<Vec<u8>, Error> {
            let copy = source::connect_still(&file)?;
            let has_it = "SELECT 1 FROM message WHERE key = ?1 AND sha256 = ?2";
            if copy.prepare(has_it)?.exists(params![key.0, sha256])? {
                octets_of(&copy, key, None)
            } else {
                Err(Error::NotFound)
            }
        };
        Ok(read().ok())
    }
}

/// Gives the message an empty raw in place of the one that cannot be read. No trigger may run: what they remove lies in the
/// damaged place.
fn set_apart(db: &Connection, key: MessageKey, now: i64) -> Result<(), Error> {
    let known = db.prepare_cached("SELECT 1 FROM damaged WHERE message = ?1")?.exists([key.0])?;
    if known {
        return Ok(());
    }
    let former: Option<i64> =
        db.query_row("SELECT raw FROM message WHERE key = ?1", [key.0], |row| row.get(0)).optional()?;
    let Some(former) = former else { return Ok(()) };
    let lost = lost_raw(db)?;
    without_triggers(db, || {
        db.execute("UPDATE message SET raw = ?2 WHERE key = ?1", (key.0, lost))?;
        Ok(())
    })?;
    db.execute("INSERT INTO damaged (message, raw, found_at) VALUES (?1, ?2, ?3)", (key.0, former, now))?;
    Ok(())
}

fn without_triggers(db: &Connection, change: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    let outcome = change();
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, true)?;
    outcome
}

/// The octets are those that were stored, or the hash would not be the same.
fn put_back(db: &Connection, key: MessageKey, raw: PackedRaw) -> Result<(), Error> {
    let sha256 = raw.sha256;
    let raw = raw.store(db)?;
    let put = db.execute("UPDATE message SET raw = ?2 WHERE key = ?1 AND sha256 = ?3", params![key.0, raw, sha256])?;
    if put == 0 {
        return Err(Error::NotFound);
    }
    // It need not be fetched any more.
    db.execute(
        "UPDATE server_note SET wish = '' WHERE wish = 'get' AND EXISTS
            (SELECT 1 FROM ledger WHERE ledger.message = ?1 AND ledger.part = 3
             AND ledger.account = server_note.account AND ledger.uid = server_note.uid)",
        [key.0],
    )?;
    db.execute(
        "UPDATE ledger SET part = (SELECT part FROM message WHERE key = ?1) WHERE message = ?1 AND part = 3",
        [key.0],
    )?;
    Ok(())
}

/// Whether the server may still have it: then the ledger counts it as known and not here, and the next visit fetches it.
fn fetch_again(db: &Connection, key: MessageKey) -> Result<bool, Error> {
    let wished = db.execute(
        "INSERT INTO server_note (account, uid, wish, tries, next_try_at, words)
         SELECT account, uid, 'get', 0, 0, '' FROM ledger
         WHERE message = ?1 AND deletion <> 2 AND uid <> x''
         ON CONFLICT (account, uid) DO UPDATE SET wish = excluded.wish, next_try_at = 0",
        [key.0],
    )?;
    db.execute("UPDATE ledger SET part = 3 WHERE message = ?1 AND deletion <> 2 AND uid <> x''", [key.0])?;
    Ok(wished > 0)
}

/// What a row says of its message. None: not even that can be read.
pub(super) fn named(db: &Connection, key: MessageKey) -> Option<DamagedMessage> {
    let select =
        "SELECT message.key, account.name, mailbox.role, message.from_name, message.from_addr, message.subject,
                         message.date, coalesce(message.uid, x''), message.size_bytes,
                         EXISTS (SELECT 1 FROM damaged WHERE damaged.message = message.key)
                  FROM message LEFT JOIN mailbox ON mailbox.id = message.mailbox
                  LEFT JOIN account ON account.id = mailbox.account WHERE message.key = ?1";
    db.prepare_cached(select).and_then(|mut select| select.query_row([key.0], damaged_message)).ok()
}

fn damaged_message(row: &Row<'_>) -> rusqlite::Result<DamagedMessage> {
    let text = |index| {
        let octets = row.get_ref(index)?.as_bytes_or_null()?.unwrap_or_default();
        Ok::<_, rusqlite::Error>(crate::mail::sanitize::line(&String::from_utf8_lossy(octets)))
    };
    let (name, address) = (text(3)?, text(4)?);
    let from = if name.is_empty() || name == address { address } else { format!("{name} <{address}>") };
    Ok(DamagedMessage {
        key: MessageKey(row.get(0)?),
        account: text(1)?,
        role: text(2)?.parse().unwrap_or_default(),
        from,
        subject: text(5)?,
        date: row.get(6)?,
        uid: row.get(7)?,
        size_bytes: row.get::<_, i64>(8)?.cast_unsigned(),
        known: row.get(9)?,
    })
}

#[cfg(test)]
mod tests;
