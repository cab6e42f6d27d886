//! Dictionaries for small mail. What one person gets repeats itself (the same lists, the same headers, the same signatures),
//! and a short message alone has nothing to refer back to: a dictionary made of mail that is here saves a quarter of its octets.
//!
//! The first is made when there is enough mail to learn from, another when there is much more; each chunk says which one it
//! was packed with. They are made on a thread of their own, and until one is there mail is packed without.

use std::cell::RefCell;
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use sha2::{Digest, Sha256};
use zstd::bulk::{Compressor, Decompressor};

use super::delivery::{Arrival, Prepared, prepare_with};
use super::raw::PackedRaw;
use super::types::MessageKey;
use super::worker::WeakPool;
use super::{Error, Store, raw};

/// A dictionary that mail is packed with.
pub(super) struct Dictionary {
    /// Also the packing of chunks that need it.
    pub(super) id: i64,
    sha256: [u8; 32],
    bytes: Vec<u8>,
}

/// Packs mail for one store, as well as that store can at this moment.
#[derive(Clone, Default)]
pub struct Packer(Option<Arc<Dictionary>>);

impl Packer {
    /// Does the work that needs no store, on whichever thread can bear it: hashing, compressing.
    pub fn prepare(&self, arrival: Arrival) -> Prepared {
        prepare_with(arrival, self.0.as_deref())
    }

    pub(super) fn whole(&self, octets: &[u8]) -> PackedRaw {
        PackedRaw::whole(octets, self.0.as_deref())
    }
}

/// The dictionary that is used now, and when another is due.
#[derive(Clone, Default)]
pub(super) struct Current(Arc<RwLock<State>>);

#[derive(Default)]
struct State {
    packer: Packer,
    /// Messages that were stored when it was made; 0: there is none.
    made_of: u64,
    /// One is being made. It stays so after a failure: the next start tries again.
    is_being_made: bool,
}

impl Current {
    /// What was made last, as the store opens. One that is damaged is not used, and told of where it is missed.
    pub(super) fn load(db: &Connection) -> Result<Self, Error> {
        let newest = "SELECT id, messages FROM raw_dictionary ORDER BY id DESC LIMIT 1";
        let newest: Option<(i64, i64)> = db.query_row(newest, [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let mut state = State::default();
        if let Some((id, messages)) = newest {
            state.made_of = messages.cast_unsigned();
            state.packer = Packer(find(db, id)?.map(Arc::new));
        }
        Ok(Self(Arc::new(RwLock::new(state))))
    }

    fn packer(&self) -> Packer {
        self.0.read().unwrap_or_else(PoisonError::into_inner).packer.clone()
    }

    /// Whether another is to be made, now that so many messages are stored. Says so once.
    fn is_due(&self, stored: u64) -> bool {
        let due =
            |state: &State| !state.is_being_made && stored >= FIRST_MESSAGES.max(state.made_of.saturating_mul(GROWTH));
        if !due(&self.0.read().unwrap_or_else(PoisonError::into_inner)) {
            return false;
        }
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let is_due = due(&state);
        state.is_being_made = true;
        is_due
    }

    fn made(&self, dictionary: Dictionary, messages: u64) {
        let packer = Packer(Some(Arc::new(dictionary)));
        let state = State { packer, made_of: messages, is_being_made: false };
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

impl Store {
    pub fn packer(&self) -> Packer {
        self.0.dictionary.packer()
    }

    /// After a delivery: has a dictionary made if one is due. Nobody waits for it.
    pub(super) fn learn(&self, stored: u64) {
        if !self.0.dictionary.is_due(stored) {
            return;
        }
        let (current, writer) = (self.0.dictionary.clone(), self.0.writer.downgrade());
        self.0.readers.downgrade().try_call(move |db| {
            let samples = samples(db)?;
            let make = move || make(&samples, stored, &writer, current);
            // Without a thread mail is packed as before.
            let _ = thread::Builder::new().name("store-dictionary".into()).spawn(make);
            Ok(())
        });
    }
}

/// The newest small messages.
fn samples(db: &Transaction<'_>) -> Result<Vec<Vec<u8>>, Error> {
    let mut select =
        db.prepare("SELECT message FROM message_order WHERE size_bytes <= ?1 ORDER BY message DESC LIMIT ?2")?;
    let keys = select.query_map(params![SMALL_BYTES as i64, SAMPLES], |row| row.get(0).map(MessageKey))?;
    let mut samples = Vec::new();
    for key in keys {
        // What is damaged is no sample.
        samples.extend(raw::octets(db, key?).ok());
    }
    Ok(samples)
}

fn make(samples: &[Vec<u8>], messages: u64, writer: &WeakPool, current: Current) {
    // Mail that has nothing in common is packed without.
    let Ok(bytes) = zstd::dict::from_samples(samples, DICTIONARY_BYTES) else { return };
    writer.try_call(move |db| {
        let sha256: [u8; 32] = Sha256::digest(&bytes).into();
        let id =
            db.query_row("SELECT max(coalesce(max(id), 0) + 1, ?1) FROM raw_dictionary", [FIRST_ID], |row| row.get(0))?;
        let insert = "INSERT INTO raw_dictionary (id, messages, sha256, bytes) VALUES (?1, ?2, ?3, ?4)";
        db.execute(insert, params![id, messages.cast_signed(), sha256, bytes])?;
        // What is packed with it is stored by this same writer, later: if this transaction fails, so that there is no such
        // dictionary, what names it is refused.
        current.made(Dictionary { id, sha256, bytes }, messages);
        Ok(())
    });
}

/// A dictionary with that number and the octets that it was made with. None: it is missing, or neither copy is whole.
fn find(db: &Connection, id: i64) -> Result<Option<Dictionary>, Error> {
    for table in TABLES {
        let select = format!("SELECT sha256, bytes FROM {table} WHERE id = ?1");
        let found = db.prepare_cached(&select)?.query_row([id], |row| Ok((row.get(0)?, row.get(1)?))).optional();
        // A page that cannot be read is a copy that is not whole.
        if let Ok(Some((sha256, bytes))) = found {
            let bytes: Vec<u8> = bytes;
            if <[u8; 32]>::from(Sha256::digest(&bytes)) == sha256 {
                return Ok(Some(Dictionary { id, sha256, bytes }));
            }
        }
    }
    Ok(None)
}

/// Whether the store has it, so that what it packed can be read again.
pub(super) fn is_kept(db: &Connection, id: i64) -> Result<bool, Error> {
    Ok(db.prepare_cached("SELECT 1 FROM raw_dictionary WHERE id = ?1")?.exists([id])?)
}

thread_local! {
    /// The one that packed last, with the hash of its dictionary: making one costs more than packing many messages.
    static COMPRESSOR: RefCell<Option<([u8; 32], Compressor<'static>)>> = const { RefCell::new(None) };
    /// The same for those that unpacked.
    static DECOMPRESSORS: RefCell<Vec<([u8; 32], Decompressor<'static>)>> = const { RefCell::new(Vec::new()) };
}

impl Dictionary {
    /// None: for want of memory.
    pub(super) fn pack(&self, octets: &[u8], level: i32) -> Option<Vec<u8>> {
        COMPRESSOR.with_borrow_mut(|last| {
            if last.as_ref().is_none_or(|(sha256, _)| *sha256 != self.sha256) {
                *last = Some((self.sha256, Compressor::with_dictionary(level, &self.bytes).ok()?));
            }
            last.as_mut()?.1.compress(octets).ok()
        })
    }
}

/// What was packed with that dictionary, at most so many octets. None: it is not what was packed, or the dictionary is gone.
pub(super) fn unpack(db: &Connection, id: i64, packed: &[u8], most: usize) -> Result<Option<Vec<u8>>, Error> {
    let select = "SELECT sha256 FROM raw_dictionary WHERE id = ?1";
    let sha256: Option<[u8; 32]> =
        db.prepare_cached(select)?.query_row([id], |row| row.get(0)).optional().ok().flatten();
    DECOMPRESSORS.with_borrow_mut(|known| {
        if !known.iter().any(|(of, _)| Some(*of) == sha256) {
            let Some(dictionary) = find(db, id)? else { return Ok(None) };
            let made = Decompressor::with_dictionary(&dictionary.bytes);
            known.insert(0, (dictionary.sha256, made.map_err(|error| Error::Unexpected(error.to_string()))?));
            known.truncate(KEPT);
            return Ok(known.first_mut().and_then(|(_, with)| with.decompress(packed, most).ok()));
        }
        let with = known.iter_mut().find(|(of, _)| Some(*of) == sha256);
        Ok(with.and_then(|(_, with)| with.decompress(packed, most).ok()))
    })
}

/// Both hold the same.
const TABLES: [&str; 2] = ["raw_dictionary", "raw_dictionary_spare"];
/// Packings 0 and 1 need none.
const FIRST_ID: i64 = 2;
/// Messages there must be before there is something to learn,
const FIRST_MESSAGES: u64 = 1_000;
/// and the times as many after which another is made: what comes in changes over the years. Few: each stays for ever.
const GROWTH: u64 = 32;
/// Messages that are learnt from: half a second's work.
const SAMPLES: i64 = 1_000;
/// Octets of a message that is packed with it; what is larger refers back to itself.
pub(super) const SMALL_BYTES: usize = 16 * 1024;
/// Twice as much saves another fiftieth.
const DICTIONARY_BYTES: usize = 64 * 1024;
/// Decompressors that a thread keeps at hand.
const KEPT: usize = 4;

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use futures::executor::block_on;

    use super::super::Content;
    use super::super::testing::{Fixture, NOON, arrival, noise};
    use super::*;

    /// Mail that repeats itself as mail does, with something of its own.
    fn mail(number: u64) -> Vec<u8> {
        let own: String = noise(200, number + 1).iter().map(|byte| char::from(b'a' + byte % 26)).collect();
        let header = "Received: from relay.example.net by mx.example.org with ESMTPS\r\nX-Mailer: Letters 7\r\n\
                      List-Id: <minutes.lists.example.org>\r\nContent-Type: text/plain; charset=utf-8\r\n";
        format!("{header}Subject: Minutes {number}\r\n\r\n{own}\r\nYou get this because you are a member.\r\n")
            .into_bytes()
    }

    fn deliver(fixture: &Fixture, numbers: std::ops::Range<u64>) -> Vec<MessageKey> {
        let packer = fixture.store.packer();
        let arrivals = numbers.map(|number| {
            let uid = Some(number.to_be_bytes().to_vec());
            packer.prepare(Arrival { uid, content: Content::Whole(mail(number)), ..Arrival::default() })
        });
        let delivered = fixture.deliver(arrivals.collect()).unwrap();
        delivered.into_iter().map(|delivery| delivery.key.unwrap()).collect()
    }

    /// A store that has learnt from its first messages.
    fn learnt() -> Fixture {
        let fixture = Fixture::new();
        deliver(&fixture, 0..FIRST_MESSAGES);
        wait_for(&fixture, 2);
        fixture
    }

    fn wait_for(fixture: &Fixture, id: i64) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while fixture.store.packer().0.is_none_or(|dictionary| dictionary.id != id) {
            assert!(Instant::now() < deadline, "dictionary {id} does not come");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn small_mail_is_packed_with_what_was_learnt_and_comes_back_exactly() {
        let fixture = learnt();
        let keys = deliver(&fixture, 5_000..5_010);
        let packings = |packing: i64| fixture.rows_of(&format!("raw_chunk WHERE packing = {packing}"));
        assert_eq!((packings(1), packings(2)), (FIRST_MESSAGES as i64, 10));
        let size = |id: &str| {
            let select = format!("SELECT avg(length(bytes)) FROM raw_chunk WHERE packing = {id}");
            fixture.sql().query_row(&select, [], |row| row.get::<_, f64>(0)).unwrap()
        };
        assert!(size("2") < size("1") * 0.8, "{} of {}", size("2"), size("1"));
        for (key, number) in keys.iter().zip(5_000..) {
            assert_eq!(fixture.raw(*key), mail(number));
        }
        let fixture = fixture.reopened();
        assert_eq!(fixture.raw(keys[3]), mail(5_003));
        let [after] = deliver(&fixture, 6_000..6_001)[..] else { panic!() };
        assert_eq!(fixture.rows_of("raw_chunk WHERE packing = 2"), 11, "it is used after the next start");
        assert_eq!(fixture.raw(after), mail(6_000));
    }

    #[test]
    fn large_mail_and_what_does_not_become_smaller_is_packed_as_before() {
        let fixture = learnt();
        let packer = fixture.store.packer();
        for (content, packing) in [(noise(5_000, 3), 0), (vec![b'x'; SMALL_BYTES + 1], 1), (Vec::new(), 0)] {
            let key = fixture.deliver(vec![packer.prepare(Arrival {
                uid: Some(b"u".to_vec()),
                content: Content::Whole(content.clone()),
                ..Arrival::default()
            })]);
            assert!(fixture.raw(key.unwrap()[0].key.unwrap()) == content);
            let last = "SELECT packing FROM raw_chunk ORDER BY id DESC LIMIT 1";
            assert_eq!(fixture.sql().query_row(last, [], |row| row.get(0)), Ok(packing));
        }
    }

    #[test]
    fn another_is_made_when_there_is_much_more_and_the_first_is_still_understood() {
        let fixture = learnt();
        let old = deliver(&fixture, 5_000..5_001)[0];
        assert!(!fixture.store.0.dictionary.is_due(FIRST_MESSAGES * GROWTH - 1));
        fixture.store.learn(FIRST_MESSAGES * GROWTH);
        wait_for(&fixture, 3);
        let new = deliver(&fixture, 6_000..6_001)[0];
        assert_eq!((fixture.raw(old), fixture.raw(new), fixture.raw(old)), (mail(5_000), mail(6_000), mail(5_000)));
        assert_eq!(fixture.rows_of("raw_chunk WHERE packing = 3"), 1);
    }

    #[test]
    fn a_dictionary_cannot_be_lost_in_silence() {
        let fixture = learnt();
        let key = deliver(&fixture, 5_000..5_001)[0];
        for table in TABLES {
            for sql in ["DELETE FROM", "UPDATE"].map(|verb| match verb {
                "UPDATE" => format!("UPDATE {table} SET bytes = x'00'"),
                _ => format!("DELETE FROM {table}"),
            }) {
                assert!(fixture.sql().execute_batch(&sql).is_err(), "{sql}");
            }
        }
        let damage = |table: &str| {
            let sql = format!("DROP TRIGGER {table}_unchanged; UPDATE {table} SET bytes = zeroblob(length(bytes))");
            fixture.sql().execute_batch(&sql).unwrap();
        };
        damage("raw_dictionary");
        // Another thread, which has not read it yet: a store that was opened anew.
        let fresh = |fixture: &Fixture| {
            let store = Store::open(fixture.folder.path()).unwrap();
            block_on(store.raw(key))
        };
        assert_eq!(fresh(&fixture), Ok(mail(5_000)), "the other copy is whole");
        damage("raw_dictionary_spare");
        match fresh(&fixture) {
            Err(Error::Damaged(words)) => assert!(words.contains("dictionary 2"), "{words}"),
            other => panic!("{other:?}"),
        }
        let store = Store::open(fixture.folder.path()).unwrap();
        assert!(store.packer().0.is_none(), "nothing more is packed with it");
    }

    #[test]
    fn what_names_a_dictionary_that_the_store_has_not_is_refused() {
        let other = learnt();
        let fixture = Fixture::new();
        let packed = other.store.packer().prepare(Arrival { content: Content::Whole(mail(1)), ..Arrival::default() });
        let refused = block_on(fixture.store.deliver(fixture.account, vec![arrival(b"a", b"one"), packed], NOON));
        assert!(matches!(refused, Err(Error::Unexpected(_))), "{refused:?}");
        assert_eq!(fixture.rows_of("message"), 0);
    }
}
