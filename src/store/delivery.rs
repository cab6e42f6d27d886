//! Delivery: the one transaction after which a message may be deleted on the server.

use rusqlite::Connection;

use super::dictionary::Dictionary;
use super::listing::mailbox_of;
use super::message::{NewMessage, insert_message, replace_message};
use super::raw::PackedRaw;
use super::types::{Flags, MailboxId, MessageKey, Part, Role};
use super::{Error, LedgerId, StagedRaw, Store, import, ledger, note};
use crate::account::AccountId;
use crate::mail::Envelope;

/// A message that came from the server.
#[derive(Debug, Default)]
pub struct Arrival {
    /// None: the server has no UIDL.
    pub uid: Option<Vec<u8>>,
    /// As listed; a hint, which may be a lie.
    pub listed_size: u64,
    pub content: Content,
    pub envelope: Envelope,
    /// Whether bytes that were stored for this account before are the same message. False where a server without unique-ids
    /// lists two that are equal.
    pub dedupe: bool,
    /// How much of the message this is.
    pub part: Part,
    /// The rest of this one, of which a part is stored: the message keeps its key, its place and its flags.
    pub completes: Option<LedgerId>,
}

#[derive(Debug)]
pub enum Content {
    Whole(Vec<u8>),
    Staged(StagedRaw),
}

impl Default for Content {
    fn default() -> Self {
        Self::Whole(Vec::new())
    }
}

/// An [`Arrival`] hashed and compressed.
pub struct Prepared {
    uid: Option<Vec<u8>>,
    listed_size: u64,
    raw: PackedRaw,
    envelope: Envelope,
    dedupe: bool,
    part: Part,
    completes: Option<LedgerId>,
    fingerprint: Option<[u8; 32]>,
}

/// What became of an arrival. It is on the disk: DELE may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// None: it was stored before and has been removed for good since, so it was not stored again.
    pub key: Option<MessageKey>,
    pub ledger: LedgerId,
    /// It was stored before.
    pub duplicate: bool,
}

/// As [`super::Packer::prepare`], as every store understands it.
pub fn prepare(arrival: Arrival) -> Prepared {
    prepare_with(arrival, None)
}

pub(super) fn prepare_with(arrival: Arrival, dictionary: Option<&Dictionary>) -> Prepared {
    let raw = match arrival.content {
        Content::Whole(octets) => PackedRaw::whole(&octets, dictionary),
        Content::Staged(staged) => PackedRaw::staged(staged),
    };
    Prepared {
        uid: arrival.uid,
        listed_size: arrival.listed_size,
        raw,
        fingerprint: arrival.envelope.fingerprint(),
        envelope: arrival.envelope,
        dedupe: arrival.dedupe,
        part: arrival.part,
        completes: arrival.completes,
    }
}

impl Prepared {
    /// Octets of the message.
    pub fn size_bytes(&self) -> u64 {
        self.raw.size_bytes
    }
}

impl Store {
    /// Stores messages into the Inbox with their ledger rows: all of them, or none. In the order given.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the account was removed. After any error nothing was stored, and staged octets are gone.
    pub async fn deliver(&self, account: AccountId, arrivals: Vec<Prepared>, now: i64) -> Result<Vec<Delivery>, Error> {
        let delivered = self.write(move |db| {
            let inbox = mailbox_of(db, account, Role::Inbox)?;
            let delivered: Result<Vec<_>, Error> =
                arrivals.into_iter().map(|arrival| deliver_one(db, account, inbox, arrival, now)).collect();
            Ok((delivered?, stored(db)?))
        });
        let (delivered, stored) = delivered.await?;
        self.learn(stored);
        Ok(delivered)
    }
}

/// Messages in all mailboxes, as they count them.
pub(super) fn stored(db: &Connection) -> Result<u64, Error> {
    let mut select = db.prepare_cached("SELECT coalesce(sum(total), 0) FROM mailbox")?;
    Ok(select.query_row([], |row| row.get::<_, i64>(0))?.cast_unsigned())
}

fn deliver_one(
    db: &Connection,
    account: AccountId,
    inbox: MailboxId,
    arrival: Prepared,
    now: i64,
) -> Result<Delivery, Error> {
    let Prepared { uid, listed_size, raw, envelope, dedupe, part, completes, fingerprint } = arrival;
    let (uid, size_bytes, sha256) = (uid.unwrap_or_default(), listed_size, raw.sha256);
    let listed = ledger::Listed { account, uid, size_bytes, sha256, part, fingerprint };
    note::fetched(db, account, &listed.uid)?;
    if let Some(id) = completes {
        return complete(db, &listed, id, inbox, &envelope, raw, now);
    }
    if part == Part::Whole
        && dedupe
        && let Some(known) = ledger::by_hash(db, account, &listed.sha256)?
    {
        let ledger = ledger::write_again(db, &listed, &known)?;
        raw.discard(db)?;
        return Ok(Delivery { key: known.message, ledger, duplicate: true });
    }
    if part == Part::Whole
        && dedupe
        && let Some(key) = import::alike(db, account, envelope.message_id.as_deref(), &raw, true)?
    {
        let known = ledger::Known { message: Some(key), stored_at: now };
        let ledger = ledger::write_again(db, &listed, &known)?;
        raw.discard(db)?;
        return Ok(Delivery { key: Some(key), ledger, duplicate: true });
    }
    let uid = (!listed.uid.is_empty()).then_some(listed.uid.as_slice());
    let message = NewMessage { mailbox: inbox, flags: Flags::default(), uid, envelope: &envelope, now, part };
    let key = insert_message(db, &message, raw)?;
    let ledger = ledger::write_first(db, &listed, key, now)?;
    Ok(Delivery { key: Some(key), ledger, duplicate: false })
}

/// The rest has come of a message of which a part is here, or which was known and never fetched.
fn complete(
    db: &Connection,
    listed: &ledger::Listed,
    id: LedgerId,
    inbox: MailboxId,
    envelope: &Envelope,
    raw: PackedRaw,
    now: i64,
) -> Result<Delivery, Error> {
    let uid = (!listed.uid.is_empty()).then_some(listed.uid.as_slice());
    let key = match ledger::message_of(db, listed.account, id)? {
        Some(key) => {
            let (mailbox, flags) = place_of(db, key)?;
            replace_message(db, key, &NewMessage { mailbox, flags, uid, envelope, now, part: listed.part }, raw)?;
            key
        }
        None => {
            let message = NewMessage { mailbox: inbox, flags: Flags::default(), uid, envelope, now, part: listed.part };
            insert_message(db, &message, raw)?
        }
    };
    let ledger = ledger::write_completed(db, listed, id, key, now)?;
    Ok(Delivery { key: Some(key), ledger, duplicate: false })
}

fn place_of(db: &Connection, key: MessageKey) -> Result<(MailboxId, Flags), Error> {
    let mut select = db.prepare_cached("SELECT mailbox, flags FROM message WHERE key = ?1")?;
    Ok(select.query_row([key.0], |row| Ok((MailboxId(row.get(0)?), Flags(row.get(1)?))))?)
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::super::testing::{FOLDER_VARIABLE, Fixture, NOON, arrival, envelope, noise, told_folder};
    use super::*;

    /// The same, but never taken for a message that was stored before.
    fn twin(uid: Option<&[u8]>, octets: &[u8]) -> Prepared {
        prepare(Arrival {
            uid: uid.map(<[u8]>::to_owned),
            listed_size: octets.len() as u64,
            content: Content::Whole(octets.to_owned()),
            envelope: envelope("Minutes", None),
            dedupe: false,
            ..Arrival::default()
        })
    }

    fn duplicates(deliveries: &[Delivery]) -> Vec<bool> {
        deliveries.iter().map(|delivery| delivery.duplicate).collect()
    }

    #[test]
    fn a_batch_is_stored_in_its_order_with_a_ledger_row_each() {
        let fixture = Fixture::new();
        let delivered = fixture.deliver(vec![arrival(b"a", b"one"), arrival(b"b", b"two")]).unwrap();
        assert_eq!(duplicates(&delivered), [false, false]);
        let octets: Vec<_> = delivered.iter().map(|delivery| fixture.raw(delivery.key.unwrap())).collect();
        assert_eq!(octets, [b"one", b"two"]);
        let ledger = block_on(fixture.store.ledger(fixture.account)).unwrap();
        let ids: Vec<_> = ledger.iter().map(|entry| (entry.id, entry.uid.as_slice())).collect();
        assert_eq!(ids, [(delivered[0].ledger, b"a".as_slice()), (delivered[1].ledger, b"b")]);
    }

    #[test]
    fn octets_that_were_stored_before_are_not_stored_again() {
        let fixture = Fixture::new();
        let first = fixture.deliver(vec![arrival(b"a", b"one")]).unwrap()[0];
        let cases =
            [("the same unique-id", b"a", first.ledger), ("another unique-id", b"z", LedgerId(first.ledger.0 + 1))];
        for (name, uid, ledger) in cases {
            let again = fixture.deliver(vec![arrival(uid, b"one")]).unwrap()[0];
            assert_eq!(again, Delivery { key: first.key, ledger, duplicate: true }, "{name}");
        }
        assert_eq!((fixture.rows_of("message"), fixture.rows_of("raw_chunk"), fixture.rows_of("ledger")), (1, 1, 2));
    }

    #[test]
    fn the_same_octets_twice_in_one_batch_are_one_message() {
        let fixture = Fixture::new();
        let delivered = fixture.deliver(vec![arrival(b"a", b"one"), arrival(b"b", b"one")]).unwrap();
        assert_eq!(duplicates(&delivered), [false, true]);
        assert_eq!(delivered[0].key, delivered[1].key);
    }

    #[test]
    fn twins_are_both_stored_where_the_caller_knows_that_they_are_two() {
        let fixture = Fixture::new();
        let delivered = fixture.deliver(vec![twin(None, b"one"), twin(None, b"one")]).unwrap();
        assert_eq!(duplicates(&delivered), [false, false]);
        assert_ne!(delivered[0].ledger, delivered[1].ledger);
        assert_eq!(fixture.keys(Role::Inbox).len(), 2);
    }

    #[test]
    fn a_unique_id_that_is_used_for_another_message_hides_nothing() {
        let fixture = Fixture::new();
        let delivered = fixture.deliver(vec![arrival(b"a", b"one"), arrival(b"a", b"two")]).unwrap();
        assert_eq!(duplicates(&delivered), [false, false]);
        assert_eq!(fixture.keys(Role::Inbox).len(), 2);
    }

    #[test]
    fn mail_that_was_removed_for_good_does_not_come_again() {
        let fixture = Fixture::new();
        let key = fixture.receive(b"one");
        block_on(fixture.store.move_to(vec![key], Role::Trash)).unwrap();
        block_on(fixture.store.empty_trash(None)).unwrap();
        let again = fixture.deliver(vec![arrival(b"new", b"one")]).unwrap()[0];
        assert_eq!((again.key, again.duplicate), (None, true));
        assert_eq!(fixture.rows_of("message"), 0);
    }

    #[test]
    fn another_accounts_mail_is_no_duplicate() {
        let fixture = Fixture::new();
        fixture.receive(b"one");
        let home = block_on(fixture.store.save_account(super::super::testing::account("Home"))).unwrap();
        let delivered = block_on(fixture.store.deliver(home, vec![arrival(b"a", b"one")], NOON)).unwrap();
        assert_eq!(duplicates(&delivered), [false]);
    }

    #[test]
    fn a_full_disk_refuses_the_whole_batch_and_leaves_earlier_mail_readable() {
        let fixture = Fixture::new();
        let kept = fixture.receive(b"kept");
        fixture.limit_pages(fixture.pages() + 20);
        let batch = || vec![arrival(b"a", b"short"), arrival(b"b", &noise(1_000_000, 1)), arrival(b"c", b"short too")];
        for _ in 0..2 {
            assert_eq!(fixture.deliver(batch()), Err(Error::DiskFull));
        }
        let staged = block_on(async {
            let mut staged = fixture.store.stage_begin().await?;
            fixture.store.stage_append(&mut staged, noise(1_000_000, 2)).await
        });
        assert_eq!(staged, Err(Error::DiskFull));
        assert_eq!(fixture.keys(Role::Inbox), [kept]);
        assert_eq!(fixture.raw(kept), b"kept");
        assert_eq!((fixture.rows_of("ledger"), fixture.rows_of("raw_chunk")), (1, 1), "nothing is half there");

        fixture.limit_pages(1 << 30);
        assert_eq!(duplicates(&fixture.deliver(batch()).unwrap()), [false; 3]);
        assert_eq!(fixture.rows_of("stage"), 0);
        assert_eq!(block_on(fixture.store.check()), Ok(()));
    }

    #[test]
    fn who_reads_while_mail_comes_in_sees_whole_batches_and_whole_messages() {
        const BATCH: usize = 20;
        let fixture = Fixture::new();
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for batch in 0..30_u64 {
                    let mail = |number: u64| arrival(&number.to_be_bytes(), &noise(3000, number + 1));
                    let batch = (0..BATCH as u64).map(|number| mail(batch * 1000 + number)).collect();
                    fixture.deliver(batch).unwrap();
                }
            });
            let mut reads = 0;
            while !writer.is_finished() || reads == 0 {
                let keys = fixture.keys(Role::Inbox);
                assert_eq!(keys.len() % BATCH, 0);
                if let Some(newest) = keys.first() {
                    assert_eq!(fixture.raw(*newest).len(), 3000);
                    reads += 1;
                }
            }
        });
        assert_eq!(fixture.keys(Role::Inbox).len(), 30 * BATCH);
    }

    #[test]
    fn a_delivery_that_nobody_waits_for_any_more_is_made_or_not_but_never_half() {
        let fixture = Fixture::new();
        let mut staged = block_on(fixture.store.stage_begin()).unwrap();
        block_on(fixture.store.stage_append(&mut staged, noise(400_000, 1))).unwrap();
        let large = prepare(Arrival {
            uid: Some(b"large".to_vec()),
            listed_size: 400_000,
            content: Content::Staged(staged),
            envelope: envelope("Large", None),
            dedupe: true,
            ..Arrival::default()
        });
        let mut delivery = Box::pin(fixture.store.deliver(fixture.account, vec![large], NOON));
        // Asked once, so that it is queued, and then forgotten: a visit that was stopped.
        let _ = block_on(async { futures::poll!(&mut delivery) });
        drop(delivery);
        block_on(fixture.store.set_flag(vec![], super::super::types::Flag::Seen, true)).unwrap();
        assert_eq!(fixture.raw(fixture.keys(Role::Inbox)[0]).len(), 400_000);
        assert_eq!((fixture.rows_of("ledger"), fixture.rows_of("stage")), (1, 0));
    }

    /// Delivers a large message and two small ones at a time, and says so after each batch.
    fn child_delivers_until_it_is_killed(folder: &std::path::Path) {
        let store = Store::open(folder).unwrap();
        block_on(async {
            let account = store.accounts().await.unwrap()[0].id;
            for batch in store.ledger(account).await.unwrap().len() as u64.. {
                let mut staged = store.stage_begin().await.unwrap();
                for piece in 0..3 {
                    store.stage_append(&mut staged, noise(50_000, batch * 10 + piece)).await.unwrap();
                }
                let large = prepare(Arrival {
                    uid: Some(batch.to_be_bytes().to_vec()),
                    listed_size: staged.size_bytes(),
                    content: Content::Staged(staged),
                    envelope: envelope("Large", None),
                    dedupe: true,
                    ..Arrival::default()
                });
                let small = |number| arrival(&[number; 9], &noise(500, batch * 10 + u64::from(number)));
                store.deliver(account, vec![large, small(4), small(5)], NOON).await.unwrap();
                println!("delivered");
            }
        });
    }

    #[test]
    fn whatever_was_delivered_when_the_program_is_killed_is_there_and_nothing_is_half() {
        use std::io::{BufRead, BufReader};
        use std::process::{Command, Stdio};
        use std::time::Duration;
        if let Some(folder) = told_folder() {
            return child_delivers_until_it_is_killed(&folder);
        }
        let Fixture { store, account, folder } = Fixture::new();
        drop(store);
        let mut promised = 0;
        for (batches, pause_ms) in [(1, 0), (1, 1), (2, 2), (1, 3), (3, 5), (2, 8), (4, 0), (1, 13)] {
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args(["--nocapture", "--exact"])
                .arg(concat!(
                    "store::delivery::tests::",
                    "whatever_was_delivered_when_the_program_is_killed_is_there_and_nothing_is_half"
                ))
                .env(FOLDER_VARIABLE, folder.path())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let lines = BufReader::new(child.stdout.take().unwrap()).lines();
            let mut delivered = lines.map(Result::unwrap).filter(|line| line.ends_with("delivered"));
            promised += 3 * delivered.by_ref().take(batches).count();
            std::thread::sleep(Duration::from_millis(pause_ms));
            child.kill().unwrap();
            promised += 3 * delivered.count();
            child.wait().unwrap();

            let store = Store::open(folder.path()).unwrap();
            let keys = block_on(store.all_keys()).unwrap();
            assert!(keys.len() >= promised && keys.len().is_multiple_of(3), "{} of {promised}", keys.len());
            for key in &keys {
                assert!([500, 150_000].contains(&block_on(store.raw(*key)).unwrap().len()));
            }
            assert_eq!(block_on(store.ledger(account)).unwrap().len(), keys.len());
            assert_eq!(block_on(store.check()), Ok(()));
            // A batch that was stored but not heard of counts from now on.
            promised = keys.len();
        }
        assert!(promised >= 45);
        let left = rusqlite::Connection::open(folder.path().join("malote.db")).unwrap();
        let stray = "SELECT count(*) FROM raw_chunk WHERE id >> 20 NOT IN (SELECT raw FROM message)";
        assert_eq!(left.query_row(stray, [], |row| row.get(0)), Ok(0), "nothing of what was staged");
    }
}
