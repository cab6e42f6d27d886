//! The ledger: what was stored from each server, and what became of it there. Its rows outlive the messages.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::types::{MessageKey, Part};
use super::{Error, Store};
use crate::account::AccountId;

/// Row of the ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LedgerId(pub i64);

/// One message that was stored from the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    pub id: LedgerId,
    /// Octets, as the server gave them; empty: it gives none.
    pub uid: Vec<u8>,
    /// As the server listed it.
    pub size_bytes: Option<u64>,
    /// When the message was first stored here, Unix seconds.
    pub stored_at: i64,
    pub delete: DeleteState,
    pub part: Part,
    /// None: removed for good, or never here.
    pub message: Option<MessageKey>,
}

/// What is known about its deletion on the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DeleteState {
    /// It is there, as far as we did anything about it.
    #[default]
    None,
    /// DELE was sent, QUIT was not confirmed: the next listing tells.
    Unknown,
    /// The server confirmed QUIT after DELE (RFC 1939 §6).
    Done,
}

impl Store {
    /// What was ever stored from this account's server, the oldest first: `count` entries after this one, all entries if fewer
    /// come.
    pub async fn ledger_after(
        &self,
        account: AccountId,
        id: LedgerId,
        count: usize,
    ) -> Result<Vec<LedgerEntry>, Error> {
        self.read(move |db| {
            // The plus keeps SQLite from an index: reading the table in order is five times as fast as jumping about in it.
            let mut select = db.prepare_cached(
                "SELECT id, uid, size_bytes, stored_at, deletion, part, message FROM ledger
                 WHERE +account = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
            )?;
            let entries = select.query_map(params![account.0, id.0, count as i64], entry)?;
            Ok(entries.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// How many messages of each size were stored whole from this account's server.
    pub async fn ledger_sizes(&self, account: AccountId) -> Result<HashMap<u64, u32>, Error> {
        self.read(move |db| {
            let mut select = db.prepare_cached(
                "SELECT size_bytes, count(*) FROM ledger
                 WHERE account = ?1 AND part = 0 AND size_bytes IS NOT NULL GROUP BY size_bytes",
            )?;
            let sizes =
                select.query_map([account.0], |row| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?)))?;
            Ok(sizes.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// DELE was sent for these. To be noted before QUIT.
    pub async fn note_delete_sent(&self, account: AccountId, ids: Vec<LedgerId>) -> Result<(), Error> {
        self.note(account, ids, DeleteState::Unknown).await
    }

    /// The server confirmed QUIT.
    pub async fn note_delete_done(&self, account: AccountId, ids: Vec<LedgerId>) -> Result<(), Error> {
        self.note(account, ids, DeleteState::Done).await
    }

    /// The server lists these still (or again), so whatever was thought to be deleted is not.
    pub async fn note_still_listed(&self, account: AccountId, ids: Vec<LedgerId>) -> Result<(), Error> {
        self.note(account, ids, DeleteState::None).await
    }

    /// Of the messages that are on the server as far as is known, those that are in Trash or gone here; with `or_moved` also those
    /// in any mailbox but the Inbox.
    pub async fn ledger_left(&self, account: AccountId, or_moved: bool) -> Result<HashSet<LedgerId>, Error> {
        self.read(move |db| {
            let mut select = db.prepare_cached(
                "SELECT ledger.id FROM ledger
                 LEFT JOIN message ON message.key = ledger.message LEFT JOIN mailbox ON mailbox.id = message.mailbox
                 WHERE ledger.account = ?1 AND ledger.deletion <> 2 AND ledger.part <> 3
                   AND (mailbox.role IS NULL OR mailbox.role = 'trash' OR ?2 AND mailbox.role <> 'inbox')",
            )?;
            let ids = select.query_map((account.0, or_moved), |row| row.get(0).map(LedgerId))?;
            Ok(ids.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Notes messages of the server as known without fetching them, with their unique-ids and sizes.
    pub async fn adopt(&self, account: AccountId, messages: Vec<(Vec<u8>, u64)>, now: i64) -> Result<(), Error> {
        self.write(move |db| {
            for (uid, size_bytes) in messages {
                let listed =
                    Listed { account, uid, size_bytes, sha256: [0; 32], part: Part::Nothing, fingerprint: None };
                insert(db, &listed, None, now)?;
            }
            Ok(())
        })
        .await
    }

    /// Of these fingerprints, what is known: the newest ledger row of each.
    pub async fn ledger_by_fingerprint(
        &self,
        account: AccountId,
        fingerprints: Vec<[u8; 32]>,
    ) -> Result<HashMap<[u8; 32], LedgerId>, Error> {
        self.read(move |db| {
            let mut select = db.prepare_cached(
                "SELECT max(id) FROM ledger WHERE account = ?1 AND fingerprint = ?2 HAVING count(*) = 1",
            )?;
            let mut known = HashMap::new();
            for fingerprint in fingerprints {
                if let Some(id) = select.query_row((account.0, fingerprint), |row| row.get(0)).optional()? {
                    known.insert(fingerprint, LedgerId(id));
                }
            }
            Ok(known)
        })
        .await
    }

    /// The server lists messages that are known with new unique-ids or sizes: one with a new unique-id gets a row of its own, as old
    /// as the one that it had. In their order, what is known of them from now on; None: nothing, for the row is another account's or of none.
    pub async fn recognise(
        &self,
        account: AccountId,
        messages: Vec<(LedgerId, Vec<u8>, u64)>,
    ) -> Result<Vec<Option<(LedgerId, Part)>>, Error> {
        self.write(move |db| {
            let mut update = db.prepare_cached(
                "UPDATE ledger SET size_bytes = ?4, deletion = 0 WHERE id = ?1 AND account = ?2 AND uid = ?3
                 RETURNING id, part",
            )?;
            let mut insert = db.prepare_cached(
                "INSERT INTO ledger (account, uid, size_bytes, sha256, stored_at, deletion, message, part, fingerprint)
                 SELECT account, ?3, ?4, sha256, stored_at, 0, message, part, fingerprint FROM ledger
                 WHERE id = ?1 AND account = ?2
                 RETURNING id, part",
            )?;
            // The row that it had answers to no listing any more; its fingerprint would be ambiguous.
            let mut forget =
                db.prepare_cached("UPDATE ledger SET fingerprint = NULL WHERE id = ?1 AND account = ?2")?;
            let mut rows = Vec::with_capacity(messages.len());
            for (known, uid, size_bytes) in messages {
                let values = params![known.0, account.0, uid, size_bytes.cast_signed()];
                let read = |row: &Row<'_>| Ok((LedgerId(row.get(0)?), Part::of_number(row.get(1)?)));
                let mut row = update.query_row(values, read).optional()?;
                if row.is_none() {
                    row = insert.query_row(values, read).optional()?;
                    forget.execute((known.0, account.0))?;
                }
                rows.push(row);
            }
            Ok(rows)
        })
        .await
    }

    /// Ids of another account or of none are left alone.
    async fn note(&self, account: AccountId, ids: Vec<LedgerId>, state: DeleteState) -> Result<(), Error> {
        if ids.is_empty() {
            return Ok(());
        }
        self.write(move |db| {
            let mut update = db.prepare_cached("UPDATE ledger SET deletion = ?3 WHERE id = ?1 AND account = ?2")?;
            for id in ids {
                update.execute((id.0, account.0, number(state)))?;
            }
            Ok(())
        })
        .await
    }
}

/// What the server says of a message, and what its octets say.
pub(super) struct Listed {
    pub(super) account: AccountId,
    pub(super) uid: Vec<u8>,
    pub(super) size_bytes: u64,
    pub(super) sha256: [u8; 32],
    pub(super) part: Part,
    pub(super) fingerprint: Option<[u8; 32]>,
}

/// An earlier delivery of the same octets.
pub(super) struct Known {
    pub(super) message: Option<MessageKey>,
    pub(super) stored_at: i64,
}

/// The same octets in this account: rather those whose message is still here.
pub(super) fn by_hash(db: &Connection, account: AccountId, sha256: &[u8; 32]) -> Result<Option<Known>, Error> {
    let mut select = db.prepare_cached(
        "SELECT message, stored_at FROM ledger WHERE account = ?1 AND sha256 = ?2
           AND part = 0 ORDER BY message IS NULL, id LIMIT 1",
    )?;
    let known = select
        .query_row(params![account.0, sha256], |row| {
            Ok(Known { message: row.get::<_, Option<i64>>(0)?.map(MessageKey), stored_at: row.get(1)? })
        })
        .optional()?;
    Ok(known)
}

pub(super) fn write_first(db: &Connection, listed: &Listed, key: MessageKey, now: i64) -> Result<LedgerId, Error> {
    insert(db, listed, Some(key), now)
}

/// Notes that a message that is known came once more, perhaps under another unique-id. It counts as stored when it was
/// stored first, so that a server which renumbers does not make its mail young again.
pub(super) fn write_again(db: &Connection, listed: &Listed, known: &Known) -> Result<LedgerId, Error> {
    let mut update = db.prepare_cached(
        "UPDATE ledger SET deletion = 0, message = ?5
         WHERE id = (SELECT id FROM ledger
                     WHERE account = ?1 AND uid = ?2 AND size_bytes = ?3 AND sha256 = ?4 ORDER BY id DESC LIMIT 1)
         RETURNING id",
    )?;
    let size_bytes = listed.size_bytes.cast_signed();
    let message = known.message.map(|key| key.0);
    let refreshed = update
        .query_row(params![listed.account.0, listed.uid, size_bytes, listed.sha256, message], |row| row.get(0))
        .optional()?;
    match refreshed {
        Some(id) => Ok(LedgerId(id)),
        None => insert(db, listed, known.message, known.stored_at),
    }
}

/// Where the message of this row is; None: it was removed, or never here.
pub(super) fn message_of(db: &Connection, account: AccountId, id: LedgerId) -> Result<Option<MessageKey>, Error> {
    let mut select = db.prepare_cached("SELECT message FROM ledger WHERE id = ?1 AND account = ?2")?;
    let key: Option<Option<i64>> = select.query_row((id.0, account.0), |row| row.get(0)).optional()?;
    Ok(key.flatten().map(MessageKey))
}

/// The message of this row is here now, more of it or all. It counts as stored from now on.
pub(super) fn write_completed(
    db: &Connection,
    listed: &Listed,
    id: LedgerId,
    key: MessageKey,
    now: i64,
) -> Result<LedgerId, Error> {
    let mut update = db.prepare_cached(
        "UPDATE ledger SET size_bytes = ?3, sha256 = ?4, stored_at = ?5, deletion = 0, message = ?6, part = ?7,
                fingerprint = ?8
         WHERE id = ?1 AND account = ?2",
    )?;
    let size_bytes = listed.size_bytes.cast_signed();
    let values = params![
        id.0,
        listed.account.0,
        size_bytes,
        listed.sha256,
        now,
        key.0,
        listed.part.number(),
        listed.fingerprint
    ];
    match update.execute(values)? {
        0 => insert(db, listed, Some(key), now),
        _ => Ok(id),
    }
}

fn insert(db: &Connection, listed: &Listed, message: Option<MessageKey>, stored_at: i64) -> Result<LedgerId, Error> {
    let mut insert = db.prepare_cached(
        "INSERT INTO ledger (account, uid, size_bytes, sha256, stored_at, deletion, message, part, fingerprint)
         VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7, ?8)",
    )?;
    insert.execute(params![
        listed.account.0,
        listed.uid,
        listed.size_bytes.cast_signed(),
        listed.sha256,
        stored_at,
        message.map(|key| key.0),
        listed.part.number(),
        listed.fingerprint,
    ])?;
    Ok(LedgerId(db.last_insert_rowid()))
}

/// A row for what another program has fetched.
pub(super) fn insert_foreign(
    db: &Connection,
    account: AccountId,
    row: &super::import::Row<'_>,
    message: Option<MessageKey>,
    stored_at: i64,
) -> Result<(), Error> {
    let mut insert = db.prepare_cached(
        "INSERT INTO ledger (account, uid, size_bytes, sha256, stored_at, deletion, message, part, fingerprint)
         VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7, ?8)",
    )?;
    insert.execute(params![
        account.0,
        row.uid,
        row.size_bytes.map(u64::cast_signed),
        row.sha256,
        stored_at,
        message.map(|key| key.0),
        row.part.number(),
        row.fingerprint,
    ])?;
    Ok(())
}

fn entry(row: &Row<'_>) -> rusqlite::Result<LedgerEntry> {
    Ok(LedgerEntry {
        id: LedgerId(row.get(0)?),
        uid: row.get(1)?,
        size_bytes: row.get::<_, Option<i64>>(2)?.map(i64::cast_unsigned),
        stored_at: row.get(3)?,
        delete: match row.get::<_, i64>(4)? {
            0 => DeleteState::None,
            1 => DeleteState::Unknown,
            2 => DeleteState::Done,
            other => return Err(rusqlite::Error::IntegralValueOutOfRange(4, other)),
        },
        part: Part::of_number(row.get(5)?),
        message: row.get::<_, Option<i64>>(6)?.map(MessageKey),
    })
}

fn number(state: DeleteState) -> i64 {
    match state {
        DeleteState::None => 0,
        DeleteState::Unknown => 1,
        DeleteState::Done => 2,
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::super::testing::{self, Fixture, NOON, arrival, envelope};
    use super::super::{Arrival, Content, prepare};
    use super::*;

    fn states(fixture: &Fixture) -> Vec<DeleteState> {
        block_on(fixture.store.ledger(fixture.account)).unwrap().iter().map(|entry| entry.delete).collect()
    }

    #[test]
    fn an_entry_says_what_the_server_said() {
        let fixture = Fixture::new();
        let all: Vec<u8> = (0..=255).collect();
        let cases: [(Option<Vec<u8>>, u64); 4] =
            [(Some(all.clone()), 0), (None, 1), (Some(vec![]), 1 << 63), (Some(vec![b'x'; 5000]), u64::MAX)];
        for (number, (uid, listed_size)) in cases.into_iter().enumerate() {
            let octets = vec![number as u8];
            fixture
                .deliver(vec![prepare(Arrival {
                    uid: uid.clone(),
                    listed_size,
                    content: Content::Whole(octets.clone()),
                    envelope: envelope("s", Some(5)),
                    dedupe: true,
                    ..Arrival::default()
                })])
                .unwrap();
            let entry = block_on(fixture.store.ledger(fixture.account)).unwrap().pop().unwrap();
            let expected = LedgerEntry {
                id: entry.id,
                uid: uid.unwrap_or_default(),
                size_bytes: Some(listed_size),
                stored_at: NOON,
                delete: DeleteState::None,
                part: Part::Whole,
                message: entry.message,
            };
            assert_eq!(entry, expected);
        }
    }

    #[test]
    fn a_deletion_is_unknown_until_quit_is_confirmed_and_undone_if_the_message_is_still_listed() {
        use DeleteState::{Done, None, Unknown};
        let fixture = Fixture::new();
        let delivered = fixture.deliver(vec![arrival(b"a", b"one"), arrival(b"b", b"two")]).unwrap();
        let (store, account) = (&fixture.store, fixture.account);
        let ids: Vec<_> = delivered.iter().map(|delivery| delivery.ledger).collect();
        assert_eq!(states(&fixture), [None, None]);
        block_on(store.note_delete_sent(account, ids.clone())).unwrap();
        assert_eq!(states(&fixture), [Unknown, Unknown]);
        block_on(store.note_delete_done(account, vec![ids[0]])).unwrap();
        assert_eq!(states(&fixture), [Done, Unknown]);
        let fixture = fixture.reopened();
        assert_eq!(states(&fixture), [Done, Unknown]);
        block_on(fixture.store.note_still_listed(account, ids)).unwrap();
        assert_eq!(states(&fixture), [None, None]);
    }

    #[test]
    fn nothing_is_noted_about_another_accounts_messages() {
        let fixture = Fixture::new();
        let id = fixture.deliver(vec![arrival(b"a", b"one")]).unwrap()[0].ledger;
        let home = block_on(fixture.store.save_account(testing::account("Home"))).unwrap();
        block_on(fixture.store.note_delete_done(home, vec![id, LedgerId(99)])).unwrap();
        assert_eq!(states(&fixture), [DeleteState::None]);
    }

    #[test]
    fn a_message_that_comes_again_is_not_deleted_there_and_is_as_old_as_it_was() {
        let fixture = Fixture::new();
        let id = fixture.deliver(vec![arrival(b"a", b"one")]).unwrap()[0].ledger;
        block_on(fixture.store.note_delete_done(fixture.account, vec![id])).unwrap();
        let later = NOON + 1_000_000;
        let again = vec![arrival(b"a", b"one"), arrival(b"renumbered", b"one")];
        block_on(fixture.store.deliver(fixture.account, again, later)).unwrap();
        let ledger = block_on(fixture.store.ledger(fixture.account)).unwrap();
        let seen: Vec<_> = ledger.iter().map(|entry| (entry.uid.as_slice(), entry.stored_at, entry.delete)).collect();
        let none = DeleteState::None;
        assert_eq!(seen, [(b"a".as_slice(), NOON, none), (b"renumbered", NOON, none)]);
    }

    #[test]
    fn the_ledger_outlives_the_message() {
        let fixture = Fixture::new();
        let key = fixture.receive(b"one");
        let mut before = block_on(fixture.store.ledger(fixture.account)).unwrap();
        before[0].message = None;
        block_on(fixture.store.move_to(vec![key], super::super::types::Role::Trash)).unwrap();
        block_on(fixture.store.empty_trash(None)).unwrap();
        assert_eq!(block_on(fixture.store.ledger(fixture.account)).unwrap(), before);
        assert_eq!(fixture.rows_of("ledger WHERE message IS NULL"), 1);
    }
}
