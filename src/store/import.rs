//! Mail that another program has kept: as safe here as what came over a line, each message once, and linked with what the
//! server still has of it.

use rusqlite::{Connection, OptionalExtension, params};

use super::delivery::stored;
use super::listing::mailbox_of;
use super::message::{NewMessage, insert_message};
use super::raw::{self, PackedRaw};
use super::types::{Flags, MessageKey, Part, Role};
use super::{Content, Error, Packer, Store, ledger};
use crate::account::AccountId;
use crate::mail::Envelope;
use crate::mail::likeness::{Likeness, WireSize};

/// A message of another program.
#[derive(Debug, Default)]
pub struct Foreign {
    /// Under which the account's server has it, as far as the program knew.
    pub uid: Option<Vec<u8>>,
    pub content: Content,
    /// Octets that it takes on the line. Told where the content is staged.
    pub wire_size: WireSize,
    pub envelope: Envelope,
    pub part: Part,
    pub flags: Flags,
    pub role: Role,
    /// Unix seconds: what it goes by if it has no date of its own.
    pub received_at: Option<i64>,
}

/// A [`Foreign`] hashed and compressed.
pub struct PreparedForeign {
    raw: PackedRaw,
    fingerprint: Option<[u8; 32]>,
    /// Without the content.
    message: Foreign,
}

/// What became of it. It is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Imported {
    New {
        key: MessageKey,
        sha256: [u8; 32],
    },
    /// It was here already.
    Known,
}

impl Packer {
    /// Does the work that needs no store.
    pub fn prepare_foreign(&self, mut message: Foreign) -> PreparedForeign {
        let raw = match std::mem::take(&mut message.content) {
            Content::Whole(octets) => {
                message.wire_size.feed(&octets);
                self.whole(&octets)
            }
            Content::Staged(staged) => PackedRaw::staged(staged),
        };
        PreparedForeign { raw, fingerprint: message.envelope.fingerprint(), message }
    }
}

impl Store {
    /// Of octets by their SHA-256, with the unique-id that they are to be linked with: whether they are here and nothing is
    /// left to do. In the order given.
    pub async fn has_imported(
        &self,
        account: AccountId,
        messages: Vec<([u8; 32], Option<Vec<u8>>)>,
    ) -> Result<Vec<bool>, Error> {
        self.read(move |db| {
            messages.iter().map(|(sha256, uid)| has_imported(db, account, sha256, uid.as_deref())).collect()
        })
        .await
    }

    /// Stores messages with their ledger rows: all of them, or none. In the order given. What was removed here for good comes
    /// back, for the person asks for it.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the account was removed. After any error nothing was stored, and staged octets are gone.
    pub async fn import(
        &self,
        account: AccountId,
        messages: Vec<PreparedForeign>,
        now: i64,
    ) -> Result<Vec<Imported>, Error> {
        let imported = self.write(move |db| {
            let imported: Result<Vec<_>, Error> =
                messages.into_iter().map(|message| import_one(db, account, message, now)).collect();
            Ok((imported?, stored(db)?))
        });
        let (imported, stored) = imported.await?;
        self.learn(stored);
        Ok(imported)
    }

    /// Notes messages of the server as known, whatever their size: another program has fetched them. Those that are known are
    /// left alone. Gives how many there were.
    pub async fn adopt_uids(&self, account: AccountId, uids: Vec<Vec<u8>>, now: i64) -> Result<u64, Error> {
        self.write(move |db| {
            let mut known = db.prepare_cached("SELECT 1 FROM ledger WHERE account = ?1 AND uid = ?2")?;
            let mut adopted = 0;
            for uid in uids.into_iter().filter(|uid| !uid.is_empty()) {
                if !known.exists(params![account.0, uid])? {
                    ledger::insert_foreign(db, account, &Row { uid: &uid, ..Row::nothing() }, None, now)?;
                    adopted += 1;
                }
            }
            Ok(adopted)
        })
        .await
    }

    /// Of these sizes, how many messages of each were imported that nobody has linked with the server yet.
    pub async fn unlinked_sizes(
        &self,
        account: AccountId,
        sizes: Vec<u64>,
    ) -> Result<std::collections::HashMap<u64, u32>, Error> {
        self.read(move |db| {
            let mut any = db.prepare_cached("SELECT 1 FROM ledger WHERE account = ?1 AND uid = x''")?;
            let mut found = std::collections::HashMap::new();
            if !any.exists([account.0])? {
                return Ok(found);
            }
            let mut count = db.prepare_cached(
                "SELECT count(*) FROM ledger
                 WHERE account = ?1 AND uid = x'' AND size_bytes = ?2 AND part = 0 AND fingerprint IS NOT NULL",
            )?;
            for size in sizes {
                let number: u32 = count.query_row(params![account.0, size.cast_signed()], |row| row.get(0))?;
                if number > 0 {
                    found.insert(size, number);
                }
            }
            Ok(found)
        })
        .await
    }

    /// The server's sizes of messages that were adopted without them: they need no second look.
    pub async fn note_sizes(&self, sizes: Vec<(ledger::LedgerId, u64)>) -> Result<(), Error> {
        if sizes.is_empty() {
            return Ok(());
        }
        self.write(move |db| {
            let mut update = db.prepare_cached("UPDATE ledger SET size_bytes = ?2 WHERE id = ?1 AND part = 3")?;
            for (id, size_bytes) in sizes {
                update.execute((id.0, size_bytes.cast_signed()))?;
            }
            Ok(())
        })
        .await
    }
}

/// What a ledger row says that no server has spoken for.
pub(super) struct Row<'a> {
    /// Empty: nobody knows.
    pub(super) uid: &'a [u8],
    pub(super) size_bytes: Option<u64>,
    pub(super) sha256: [u8; 32],
    pub(super) part: Part,
    pub(super) fingerprint: Option<[u8; 32]>,
}

impl Row<'_> {
    fn nothing() -> Self {
        Self { uid: &[], size_bytes: None, sha256: [0; 32], part: Part::Nothing, fingerprint: None }
    }
}

fn has_imported(db: &Connection, account: AccountId, sha256: &[u8; 32], uid: Option<&[u8]>) -> Result<bool, Error> {
    let mut here = db.prepare_cached(
        "SELECT 1 FROM ledger WHERE account = ?1 AND sha256 = ?2 AND part <> 3 AND message IS NOT NULL",
    )?;
    if !here.exists(params![account.0, sha256])? {
        return Ok(false);
    }
    Ok(match uid {
        Some(uid) => message_of_uid(db, account, uid)?.is_some(),
        None => true,
    })
}

/// A message with its fingerprint, if it has one.
type Fingerprinted = (MessageKey, Option<[u8; 32]>);

/// The message that is here under this unique-id.
fn message_of_uid(db: &Connection, account: AccountId, uid: &[u8]) -> Result<Option<Fingerprinted>, Error> {
    let mut select = db.prepare_cached(
        "SELECT message, fingerprint FROM ledger
         WHERE account = ?1 AND uid = ?2 AND message IS NOT NULL ORDER BY id DESC LIMIT 1",
    )?;
    let found = select.query_row(params![account.0, uid], |row| Ok((MessageKey(row.get(0)?), row.get(1)?)));
    Ok(found.optional()?)
}

fn import_one(
    db: &Connection,
    account: AccountId,
    PreparedForeign { raw, fingerprint, mut message }: PreparedForeign,
    now: i64,
) -> Result<Imported, Error> {
    let uid = message.uid.take().filter(|uid| !uid.is_empty());
    let is_whole = message.part == Part::Whole;
    let row = Row {
        uid: uid.as_deref().unwrap_or_default(),
        // Of what is here in part, how large it is there is not known.
        size_bytes: is_whole.then(|| message.wire_size.bytes()),
        sha256: raw.sha256,
        part: message.part,
        fingerprint,
    };
    if let Some(key) = twin(db, account, &row, &message, &raw)? {
        if let Some(uid) = &uid
            && message_of_uid(db, account, uid)?.is_none()
        {
            ledger::insert_foreign(db, account, &row, Some(key), now)?;
        }
        raw.discard(db)?;
        return Ok(Imported::Known);
    }
    let sha256 = raw.sha256;
    message.envelope.date = message.envelope.date.or(message.received_at);
    let new = NewMessage {
        mailbox: mailbox_of(db, account, message.role)?,
        flags: message.flags,
        uid: uid.as_deref(),
        envelope: &message.envelope,
        now,
        part: message.part,
    };
    let key = insert_message(db, &new, raw)?;
    ledger::insert_foreign(db, account, &row, Some(key), now)?;
    Ok(Imported::New { key, sha256 })
}

/// The message that is here already: the same octets, the same unique-id and header, or the same but for what servers and
/// programs change in what they keep.
fn twin(
    db: &Connection,
    account: AccountId,
    row: &Row<'_>,
    message: &Foreign,
    raw: &PackedRaw,
) -> Result<Option<MessageKey>, Error> {
    let mut same = db.prepare_cached(
        "SELECT message FROM ledger WHERE account = ?1 AND sha256 = ?2 AND part <> 3 AND message IS NOT NULL LIMIT 1",
    )?;
    let same: Option<i64> = same.query_row(params![account.0, row.sha256], |row| row.get(0)).optional()?;
    if let Some(key) = same {
        return Ok(Some(MessageKey(key)));
    }
    if !row.uid.is_empty()
        && let Some((key, fingerprint)) = message_of_uid(db, account, row.uid)?
        && row.fingerprint.is_some()
        && fingerprint == row.fingerprint
    {
        return Ok(Some(key));
    }
    if row.part != Part::Whole {
        return Ok(None);
    }
    alike(db, account, message.envelope.message_id.as_deref(), raw, false)
}

/// Of the account's whole messages with this Message-ID, the one that is like these octets; `foreign`: only of those that were
/// imported.
pub(super) fn alike(
    db: &Connection,
    account: AccountId,
    message_id: Option<&str>,
    raw: &PackedRaw,
    foreign: bool,
) -> Result<Option<MessageKey>, Error> {
    let Some(message_id) = message_id.filter(|id| !id.is_empty()) else { return Ok(None) };
    let mut select = db.prepare_cached(
        "SELECT twin.key FROM (SELECT key, mailbox FROM message WHERE message_id = ?1 AND part = 0 LIMIT ?4) AS twin
         JOIN mailbox ON mailbox.id = twin.mailbox
         WHERE mailbox.account = ?2
           AND (NOT ?3 OR EXISTS (SELECT 1 FROM ledger WHERE ledger.message = twin.key AND ledger.uid = x''))",
    )?;
    let keys: Vec<i64> = select
        .query_map(params![message_id, account.0, foreign, TWINS_LOOKED_AT], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    if keys.is_empty() {
        return Ok(None);
    }
    let mut own = Likeness::default();
    raw.each_piece(db, &mut |octets| own.feed(octets))?;
    let own = own.finish();
    for key in keys.into_iter().map(MessageKey) {
        let mut other = Likeness::default();
        // What is damaged is like nothing.
        if raw::each_piece_of(db, key, &mut |octets| other.feed(octets)).is_ok() && other.finish() == own {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

/// Messages with one Message-ID: more than a few are a mistake of some program, and not worth reading.
const TWINS_LOOKED_AT: u32 = 16;

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::super::testing::{Fixture, NOON, arrival, noise};
    use super::super::types::Flag;
    use super::super::{Arrival, LedgerId, prepare};
    use super::*;

    const WIRE: &[u8] = b"Message-ID: <a@b>\r\nDate: Fri, 27 Nov 2026 10:00:00 +0000\r\nSubject: a\r\n\r\nText\r\n";
    const KEPT: &[u8] = b"Message-ID: <a@b>\nDate: Fri, 27 Nov 2026 10:00:00 +0000\nSubject: a\n\nText\n";

    fn foreign(uid: Option<&[u8]>, octets: &[u8]) -> PreparedForeign {
        Packer::default().prepare_foreign(Foreign {
            uid: uid.map(<[u8]>::to_owned),
            content: Content::Whole(octets.to_owned()),
            envelope: Envelope::from_raw(octets),
            flags: Flags::default().with(Flag::Seen, true),
            role: Role::Archive,
            ..Foreign::default()
        })
    }

    fn import(fixture: &Fixture, messages: Vec<PreparedForeign>) -> Vec<bool> {
        let outcome = block_on(fixture.store.import(fixture.account, messages, NOON)).unwrap();
        outcome.into_iter().map(|imported| imported != Imported::Known).collect()
    }

    fn delivered(fixture: &Fixture, uid: &[u8], octets: &[u8]) -> bool {
        let arrival = Arrival {
            uid: Some(uid.to_owned()),
            listed_size: octets.len() as u64,
            content: Content::Whole(octets.to_owned()),
            envelope: Envelope::from_raw(octets),
            dedupe: true,
            ..Arrival::default()
        };
        !fixture.deliver(vec![prepare(arrival)]).unwrap()[0].duplicate
    }

    #[test]
    fn a_message_is_stored_once_with_its_flags_and_its_ledger_row() {
        let fixture = Fixture::new();
        assert_eq!(import(&fixture, vec![foreign(Some(b"u1"), KEPT), foreign(None, KEPT)]), [true, false]);
        let key = fixture.keys(Role::Archive)[0];
        assert_eq!(fixture.raw(key), KEPT);
        let row = block_on(fixture.store.row(key)).unwrap();
        assert!(row.flags.has(Flag::Seen) && row.uid.as_deref() == Some("u1"));
        let ledger = block_on(fixture.store.ledger(fixture.account)).unwrap();
        assert_eq!(ledger.len(), 1);
        assert_eq!((ledger[0].uid.as_slice(), ledger[0].size_bytes), (b"u1".as_slice(), Some(WIRE.len() as u64)));
        assert_eq!((ledger[0].message, ledger[0].part), (Some(key), Part::Whole));
    }

    #[test]
    fn what_was_fetched_is_recognised_when_it_is_imported_and_what_was_imported_when_it_is_fetched() {
        let fixture = Fixture::new();
        assert!(delivered(&fixture, b"u1", WIRE));
        assert_eq!(import(&fixture, vec![foreign(None, KEPT), foreign(Some(b"u1"), KEPT)]), [false, false]);
        let fixture = Fixture::new();
        assert_eq!(import(&fixture, vec![foreign(None, KEPT)]), [true]);
        assert!(!delivered(&fixture, b"u1", WIRE));
        assert_eq!(fixture.keys(Role::Inbox), []);
        let ledger = block_on(fixture.store.ledger(fixture.account)).unwrap();
        assert_eq!(ledger.last().unwrap().message, Some(fixture.keys(Role::Archive)[0]), "linked");
    }

    #[test]
    fn messages_that_only_share_a_header_are_two() {
        let fixture = Fixture::new();
        let other = [KEPT, b"and more\n"].concat();
        assert_eq!(import(&fixture, vec![foreign(None, KEPT), foreign(None, &other)]), [true, true]);
    }

    #[test]
    fn a_unique_id_is_linked_later_with_a_message_that_is_here() {
        let fixture = Fixture::new();
        import(&fixture, vec![foreign(None, KEPT)]);
        assert_eq!(import(&fixture, vec![foreign(Some(b"u1"), KEPT)]), [false]);
        assert_eq!(import(&fixture, vec![foreign(Some(b"u1"), KEPT)]), [false]);
        let ledger = block_on(fixture.store.ledger(fixture.account)).unwrap();
        let uids: Vec<&[u8]> = ledger.iter().map(|entry| entry.uid.as_slice()).collect();
        assert_eq!(uids, [b"".as_slice(), b"u1"]);
        let sha256 = ledger_sha(KEPT);
        let ask = |uid: Option<&[u8]>| vec![(sha256, uid.map(<[u8]>::to_owned))];
        for (uid, expected) in [(None, true), (Some(b"u1".as_slice()), true), (Some(b"u2".as_slice()), false)] {
            assert_eq!(block_on(fixture.store.has_imported(fixture.account, ask(uid))).unwrap(), [expected]);
        }
    }

    fn ledger_sha(octets: &[u8]) -> [u8; 32] {
        use sha2::Digest;
        sha2::Sha256::digest(octets).into()
    }

    #[test]
    fn what_was_removed_for_good_comes_back_when_the_person_imports_it() {
        let fixture = Fixture::new();
        import(&fixture, vec![foreign(Some(b"u1"), KEPT)]);
        let key = fixture.keys(Role::Archive)[0];
        block_on(fixture.store.move_to(vec![key], Role::Trash)).unwrap();
        block_on(fixture.store.empty_trash(None)).unwrap();
        assert_eq!(import(&fixture, vec![foreign(Some(b"u1"), KEPT)]), [true]);
    }

    #[test]
    fn adopted_unique_ids_are_known_once_and_leave_what_is_known_alone() {
        let fixture = Fixture::new();
        fixture.deliver(vec![arrival(b"a", b"one")]).unwrap();
        let adopt = || vec![b"a".to_vec(), b"b".to_vec(), b"c".to_vec(), Vec::new()];
        assert_eq!(block_on(fixture.store.adopt_uids(fixture.account, adopt(), NOON)), Ok(2));
        assert_eq!(block_on(fixture.store.adopt_uids(fixture.account, adopt(), NOON)), Ok(0));
        let ledger = block_on(fixture.store.ledger(fixture.account)).unwrap();
        let adopted: Vec<_> = ledger.iter().filter(|entry| entry.part == Part::Nothing).collect();
        assert!(adopted.len() == 2 && adopted.iter().all(|entry| entry.size_bytes.is_none()));
        let id: LedgerId = adopted[0].id;
        block_on(fixture.store.note_sizes(vec![(id, 7)])).unwrap();
        assert_eq!(block_on(fixture.store.ledger(fixture.account)).unwrap()[1].size_bytes, Some(7));
    }

    #[test]
    fn sizes_are_told_of_what_no_server_has_spoken_for() {
        let fixture = Fixture::new();
        let sizes = || block_on(fixture.store.unlinked_sizes(fixture.account, vec![WIRE.len() as u64, 3])).unwrap();
        assert!(sizes().is_empty());
        import(&fixture, vec![foreign(None, KEPT)]);
        assert_eq!(sizes().into_iter().collect::<Vec<_>>(), [(WIRE.len() as u64, 1)]);
    }

    #[test]
    fn a_full_disk_refuses_the_whole_batch() {
        let fixture = Fixture::new();
        fixture.limit_pages(fixture.pages() + 20);
        let batch = || vec![foreign(None, KEPT), foreign(None, &noise(1_000_000, 1))];
        for _ in 0..2 {
            assert_eq!(block_on(fixture.store.import(fixture.account, batch(), NOON)), Err(Error::DiskFull));
            assert_eq!((fixture.rows_of("message"), fixture.rows_of("ledger")), (0, 0));
        }
        fixture.limit_pages(1 << 30);
        assert_eq!(import(&fixture, batch()), [true, true]);
    }

    #[test]
    fn what_has_no_date_goes_by_when_it_was_received() {
        let fixture = Fixture::new();
        let octets = b"Subject: undated\n\nText\n";
        let mut message = foreign(None, octets);
        message.message.received_at = Some(1_000_000_000);
        import(&fixture, vec![message]);
        let key = fixture.keys(Role::Archive)[0];
        assert_eq!(block_on(fixture.store.row(key)).unwrap().date, 1_000_000_000);
    }
}
