//! What is remembered of single messages on the server that are not simply fetched and stored: what the person wants of them,
//! what failed, and what their headers say.

use std::collections::HashMap;
use std::str::FromStr;

use rusqlite::{Connection, Row, params};

use super::types::MessageKey;
use super::{Error, Store};
use crate::account::AccountId;

/// What is remembered of one message, by its unique-id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    pub wish: Option<Wish>,
    /// Attempts to fetch it that failed.
    pub tries: u32,
    /// Not before, Unix seconds.
    pub next_try_at: i64,
    /// The server's words when it refused.
    pub words: String,
    /// Its header, as TOP gave it.
    pub header: Option<Vec<u8>>,
}

/// What the person wants of a message on the server, whatever the account's rules say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wish {
    /// Fetch it whole with the next visit.
    Get,
    /// Leave it there.
    Keep,
    /// Delete it there with the next visit, stored or not.
    Delete,
}

impl Wish {
    pub fn word(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Keep => "keep",
            Self::Delete => "delete",
        }
    }
}

impl FromStr for Wish {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        [Self::Get, Self::Keep, Self::Delete]
            .into_iter()
            .find(|wish| wish.word() == word)
            .ok_or_else(|| format!("“{word}” is no wish: say get, keep or delete"))
    }
}

/// How long a message is left in peace after so many failures, seconds: the first may be tried again at once.
const PATIENCE_SECS: [i64; 5] = [0, 15 * 60, 3600, 6 * 3600, 24 * 3600];

/// Characters of the server's words that are kept.
const WORDS_CHARS: usize = 300;

/// Octets of a header that are kept.
const HEADER_BYTES: usize = 16 * 1024;

impl Store {
    /// Everything that is remembered of this account's messages.
    pub async fn notes(&self, account: AccountId) -> Result<HashMap<Vec<u8>, Note>, Error> {
        self.read(move |db| {
            let mut select = db.prepare_cached(
                "SELECT uid, wish, tries, next_try_at, words, header FROM server_note WHERE account = ?1",
            )?;
            let notes = select.query_map([account.0], note)?.collect::<Result<_, _>>()?;
            Ok(notes)
        })
        .await
    }

    /// The person changes what is to become of messages; None: what the rules say.
    pub async fn wish(&self, account: AccountId, uids: Vec<Vec<u8>>, wish: Option<Wish>) -> Result<(), Error> {
        self.write(move |db| {
            let mut update = db.prepare_cached(
                "INSERT INTO server_note (account, uid, wish, tries, next_try_at, words) VALUES (?1, ?2, ?3, 0, 0, '')
                 ON CONFLICT (account, uid) DO UPDATE SET wish = excluded.wish, next_try_at = 0",
            )?;
            for uid in uids {
                update.execute(params![account.0, uid, wish.map_or("", Wish::word)])?;
            }
            forget_empty(db, account)
        })
        .await
    }

    /// The person decides about messages that are here, at least in part. What is here whole is not to be got again.
    pub async fn wish_of(&self, keys: Vec<MessageKey>, wish: Option<Wish>) -> Result<(), Error> {
        self.write(move |db| {
            let mut update = db.prepare_cached(
                "INSERT INTO server_note (account, uid, wish, tries, next_try_at, words)
                 SELECT ledger.account, ledger.uid, ?2, 0, 0, '' FROM ledger
                 WHERE ledger.message = ?1 AND (?2 <> 'get' OR ledger.part <> 0)
                 ON CONFLICT (account, uid) DO UPDATE SET wish = excluded.wish, next_try_at = 0",
            )?;
            for key in keys {
                update.execute(params![key.0, wish.map_or("", Wish::word)])?;
            }
            Ok(())
        })
        .await
    }

    /// A message could not be fetched: it is left in peace for a while, longer each time.
    pub async fn note_failure(&self, account: AccountId, uid: Vec<u8>, words: String, now: i64) -> Result<(), Error> {
        self.write(move |db| {
            let words: String = words.chars().take(WORDS_CHARS).collect();
            let tries: u32 = db
                .prepare_cached(
                    "INSERT INTO server_note (account, uid, wish, tries, next_try_at, words) VALUES (?1, ?2, '', 1, 0, ?3)
                     ON CONFLICT (account, uid) DO UPDATE SET tries = tries + 1, words = excluded.words
                     RETURNING tries",
                )?
                .query_row(params![account.0, uid, words], |row| row.get(0))?;
            let index = usize::try_from(tries).unwrap_or(usize::MAX).saturating_sub(1).min(PATIENCE_SECS.len() - 1);
            let patience = PATIENCE_SECS.get(index).copied().unwrap_or_default();
            db.prepare_cached("UPDATE server_note SET next_try_at = ?3 WHERE account = ?1 AND uid = ?2")?
                .execute(params![account.0, uid, if patience == 0 { 0 } else { now.saturating_add(patience) }])?;
            Ok(())
        })
        .await
    }

    /// What the headers of messages say that are not fetched.
    pub async fn note_headers(&self, account: AccountId, headers: Vec<(Vec<u8>, Vec<u8>)>) -> Result<(), Error> {
        self.write(move |db| {
            let mut update = db.prepare_cached(
                "INSERT INTO server_note (account, uid, wish, tries, next_try_at, words, header)
                 VALUES (?1, ?2, '', 0, 0, '', ?3)
                 ON CONFLICT (account, uid) DO UPDATE SET header = excluded.header",
            )?;
            for (uid, mut header) in headers {
                header.truncate(HEADER_BYTES);
                update.execute(params![account.0, uid, header])?;
            }
            Ok(())
        })
        .await
    }

    /// These are not on the server any more, or never were: nothing is to be remembered of them.
    pub async fn forget_notes(&self, account: AccountId, uids: Vec<Vec<u8>>) -> Result<(), Error> {
        if uids.is_empty() {
            return Ok(());
        }
        self.write(move |db| {
            let mut delete = db.prepare_cached("DELETE FROM server_note WHERE account = ?1 AND uid = ?2")?;
            for uid in uids {
                delete.execute(params![account.0, uid])?;
            }
            Ok(())
        })
        .await
    }
}

/// The message was fetched: what failed before, and the wish to have it, are done with.
pub(super) fn fetched(db: &Connection, account: AccountId, uid: &[u8]) -> Result<(), Error> {
    db.prepare_cached(
        "UPDATE server_note SET tries = 0, next_try_at = 0, words = '', header = NULL,
                wish = CASE wish WHEN 'get' THEN '' ELSE wish END
         WHERE account = ?1 AND uid = ?2",
    )?
    .execute(params![account.0, uid])?;
    Ok(())
}

/// Rows that say nothing.
fn forget_empty(db: &Connection, account: AccountId) -> Result<(), Error> {
    db.prepare_cached("DELETE FROM server_note WHERE account = ?1 AND wish = '' AND tries = 0 AND header IS NULL")?
        .execute([account.0])?;
    Ok(())
}

fn note(row: &Row<'_>) -> rusqlite::Result<(Vec<u8>, Note)> {
    Ok((
        row.get(0)?,
        Note {
            // A word of a later version is no wish that is known here.
            wish: row.get_ref(1)?.as_str()?.parse().ok(),
            tries: row.get(2)?,
            next_try_at: row.get(3)?,
            words: row.get(4)?,
            header: row.get(5)?,
        },
    ))
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::super::testing::{Fixture, NOON, arrival};
    use super::*;

    fn noted(fixture: &Fixture, uid: &[u8]) -> Note {
        block_on(fixture.store.notes(fixture.account)).unwrap().remove(uid).unwrap_or_default()
    }

    #[test]
    fn a_wish_is_remembered_until_it_is_taken_back() {
        let fixture = Fixture::new();
        let (store, account) = (&fixture.store, fixture.account);
        for wish in [Wish::Get, Wish::Keep, Wish::Delete] {
            block_on(store.wish(account, vec![b"a".to_vec(), vec![0xFF, 0]], Some(wish))).unwrap();
            assert_eq!(noted(&fixture, b"a").wish, Some(wish));
            assert_eq!(noted(&fixture, &[0xFF, 0]).wish, Some(wish));
        }
        block_on(store.wish(account, vec![b"a".to_vec()], None)).unwrap();
        assert_eq!(block_on(store.notes(account)).unwrap().len(), 1);
        block_on(store.forget_notes(account, vec![vec![0xFF, 0]])).unwrap();
        assert!(block_on(store.notes(account)).unwrap().is_empty());
    }

    #[test]
    fn a_message_that_fails_is_left_in_peace_longer_each_time() {
        let fixture = Fixture::new();
        let mut waits = Vec::new();
        for _ in 0..7 {
            let failed = fixture.store.note_failure(fixture.account, b"a".to_vec(), "no ".repeat(500), NOON);
            block_on(failed).unwrap();
            let note = noted(&fixture, b"a");
            waits.push(if note.next_try_at == 0 { 0 } else { note.next_try_at - NOON });
            assert_eq!(note.words.chars().count(), WORDS_CHARS);
        }
        assert_eq!(waits, [0, 900, 3600, 21_600, 86_400, 86_400, 86_400]);
        assert_eq!(noted(&fixture, b"a").tries, 7);
    }

    #[test]
    fn what_is_fetched_is_nothing_to_be_worried_about_and_a_wish_to_keep_it_stays() {
        let fixture = Fixture::new();
        let (store, account) = (&fixture.store, fixture.account);
        for (uid, wish) in [(b"a", Wish::Get), (b"b", Wish::Keep)] {
            block_on(store.note_failure(account, uid.to_vec(), "no".into(), NOON)).unwrap();
            block_on(store.note_headers(account, vec![(uid.to_vec(), b"Subject: s\r\n".to_vec())])).unwrap();
            block_on(store.wish(account, vec![uid.to_vec()], Some(wish))).unwrap();
        }
        fixture.deliver(vec![arrival(b"a", b"one"), arrival(b"b", b"two")]).unwrap();
        assert_eq!(noted(&fixture, b"a"), Note::default());
        assert_eq!(noted(&fixture, b"b"), Note { wish: Some(Wish::Keep), ..Note::default() });
    }
}
