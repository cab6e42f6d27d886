//! The received octets: split into pieces, compressed piece by piece, given back exactly, checked on every read.

use std::cell::RefCell;
use std::io::{self, Write};

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};
use zstd::bulk::{Compressor, Decompressor};

use super::dictionary::{self, Dictionary, SMALL_BYTES};
use super::types::MessageKey;
use super::worker::WeakPool;
use super::{Error, Store};

/// A raw that comes in piece by piece. Dropped without being delivered, its pieces are removed.
#[derive(Debug)]
pub struct StagedRaw {
    raw: i64,
    chunks: i64,
    size_bytes: u64,
    hash: Sha256,
    /// None: its pieces are removed already.
    writer: Option<WeakPool>,
}

/// One piece as it is stored.
pub(super) struct Chunk {
    packing: i64,
    bytes: Vec<u8>,
}

/// Some octets of a [`StagedRaw`], compressed and not stored yet.
pub struct PackedPiece {
    /// Number of its first chunk.
    first: i64,
    chunks: Vec<Chunk>,
}

/// Octets that are ready to be stored.
pub(super) struct PackedRaw {
    pub(super) size_bytes: u64,
    pub(super) sha256: [u8; 32],
    pub(super) pieces: Pieces,
}

pub(super) enum Pieces {
    Here(Vec<Chunk>),
    Staged(StagedRaw),
}

impl Store {
    /// Begins a raw that is too large to be held in memory.
    pub async fn stage_begin(&self) -> Result<StagedRaw, Error> {
        // What is staged counts only with the delivery, whose sync covers it.
        let raw = self.write_unsynced(|db| {
            let raw = free_raw(db)?;
            db.prepare_cached("INSERT INTO stage (raw) VALUES (?1)")?.execute([raw])?;
            Ok(raw)
        });
        let raw = raw.await?;
        Ok(StagedRaw { raw, chunks: 0, size_bytes: 0, hash: Sha256::new(), writer: Some(self.0.writer.downgrade()) })
    }

    /// Adds what [`StagedRaw::pack`] made, in the order in which it made them.
    ///
    /// # Errors
    /// After an error the raw is not whole: discard it.
    pub async fn stage_packed(&self, staged: &StagedRaw, packed: PackedPiece) -> Result<(), Error> {
        let raw = staged.raw;
        let PackedPiece { first, chunks } = packed;
        if chunks.is_empty() {
            return Ok(());
        }
        self.write_unsynced(move |db| insert_chunks(db, raw, first, &chunks)).await
    }

    #[cfg(test)]
    pub async fn stage_append(&self, staged: &mut StagedRaw, octets: Vec<u8>) -> Result<(), Error> {
        let packed = staged.pack(&octets);
        self.stage_packed(staged, packed).await
    }

    /// Removes what was staged.
    pub async fn stage_discard(&self, mut staged: StagedRaw) -> Result<(), Error> {
        staged.writer = None;
        let raw = staged.raw;
        self.write(move |db| remove_staged(db, raw)).await
    }

    /// The received octets, exactly.
    ///
    /// # Errors
    /// [`Error::Damaged`] if they are not what was stored.
    pub async fn raw(&self, key: MessageKey) -> Result<Vec<u8>, Error> {
        self.read(move |db| octets(db, key)).await
    }

    /// The first received octets, at most so many.
    ///
    /// # Errors
    /// [`Error::Damaged`] if any of them, also of the others, are not what was stored.
    pub async fn raw_head(&self, key: MessageKey, most: usize) -> Result<Vec<u8>, Error> {
        self.read(move |db| raw_head(db, key, most)).await
    }

    /// The same of several messages in one go; each has its own [`Error::Damaged`] or [`Error::NotFound`].
    pub async fn raw_heads(&self, keys: Vec<MessageKey>, most: usize) -> Result<Vec<Result<Vec<u8>, Error>>, Error> {
        self.read(move |db| {
            let heads = keys.into_iter().map(|key| match raw_head(db, key, most) {
                Err(error) if !matches!(error, Error::Damaged(_) | Error::NotFound) => Err(error),
                own => Ok(own),
            });
            heads.collect()
        })
        .await
    }

    /// Writes the received octets, exactly, without holding more than a piece in memory; gives their number.
    ///
    /// # Errors
    /// [`Error::Damaged`] if they are not what was stored: throw away what was written. [`Error::Output`] if `writer` failed.
    pub async fn raw_to(&self, key: MessageKey, mut writer: Box<dyn Write + Send>) -> Result<u64, Error> {
        self.read(move |db| {
            let stored = stored_raw(db, key)?;
            unpack(db, key, &stored, &mut writer)?;
            writer.flush().map_err(|error| Error::Output(error.to_string()))?;
            Ok(stored.size_bytes)
        })
        .await
    }
}

fn raw_head(db: &Connection, key: MessageKey, most: usize) -> Result<Vec<u8>, Error> {
    let stored = stored_raw(db, key)?;
    let mut head = Head { octets: Vec::new(), most };
    unpack(db, key, &stored, &mut head)?;
    Ok(head.octets)
}

pub(super) fn octets(db: &Connection, key: MessageKey) -> Result<Vec<u8>, Error> {
    let stored = stored_raw(db, key)?;
    let mut octets = Vec::with_capacity(usize::try_from(stored.size_bytes.min(ROOM_BYTES)).unwrap_or(0));
    unpack(db, key, &stored, &mut octets)?;
    Ok(octets)
}

/// Keeps the first octets of what is written to it.
struct Head {
    octets: Vec<u8>,
    most: usize,
}

impl Write for Head {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let room = self.most.saturating_sub(self.octets.len()).min(octets.len());
        self.octets.extend_from_slice(octets.get(..room).unwrap_or_default());
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What tells octets from all others.
pub fn octets_sha256(octets: &[u8]) -> [u8; 32] {
    Sha256::digest(octets).into()
}

impl StagedRaw {
    /// Hashes and compresses the octets that come next, on whichever thread can bear it (some milliseconds a mebibyte).
    pub fn pack(&mut self, octets: &[u8]) -> PackedPiece {
        let first = self.chunks;
        let chunks = if octets.is_empty() { Vec::new() } else { pack_chunks(octets) };
        self.hash.update(octets);
        self.size_bytes += octets.len() as u64;
        self.chunks += i64::try_from(chunks.len()).unwrap_or(i64::MAX >> 1);
        PackedPiece { first, chunks }
    }

    /// Octets appended so far.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }
}

impl Drop for StagedRaw {
    fn drop(&mut self) {
        if let Some(writer) = self.writer.take() {
            let raw = self.raw;
            writer.try_call(move |db| remove_staged(db, raw));
        }
    }
}

impl PackedRaw {
    /// Splits, hashes and compresses: the work that must not be done while the writer waits.
    pub(super) fn whole(octets: &[u8], dictionary: Option<&Dictionary>) -> Self {
        Self {
            size_bytes: octets.len() as u64,
            sha256: Sha256::digest(octets).into(),
            pieces: Pieces::Here(pack_whole(octets, dictionary)),
        }
    }

    pub(super) fn staged(staged: StagedRaw) -> Self {
        Self {
            size_bytes: staged.size_bytes,
            sha256: staged.hash.clone().finalize().into(),
            pieces: Pieces::Staged(staged),
        }
    }

    /// The octets once more, piece by piece.
    pub(super) fn each_piece(&self, db: &Connection, take: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        let mut unpacker = Decompressor::new().map_err(|error| Error::Unexpected(error.to_string()))?;
        let mut take_chunk = |packing: i64, bytes: &[u8]| {
            if packing == 0 {
                take(bytes);
                return Ok(());
            }
            let octets = unpacker.decompress(bytes, CHUNK_BYTES);
            take(&octets.map_err(|error| Error::Unexpected(error.to_string()))?);
            Ok(())
        };
        match &self.pieces {
            Pieces::Here(chunks) => chunks.iter().try_for_each(|chunk| take_chunk(chunk.packing, &chunk.bytes)),
            Pieces::Staged(staged) => {
                let mut select = db.prepare_cached(CHUNKS)?;
                let mut rows = select.query([staged.raw << NUMBER_BITS])?;
                while let Some(row) = rows.next()? {
                    take_chunk(row.get(0)?, row.get_ref(1)?.as_blob().unwrap_or_default())?;
                }
                Ok(())
            }
        }
    }

    /// Not needed: what was staged of it goes.
    pub(super) fn discard(self, db: &Connection) -> Result<(), Error> {
        match self.pieces {
            Pieces::Here(_) => Ok(()),
            Pieces::Staged(staged) => remove_staged(db, staged.raw),
        }
    }

    /// Puts the pieces where a message row can name them; gives the raw's number.
    pub(super) fn store(self, db: &Connection) -> Result<i64, Error> {
        match self.pieces {
            Pieces::Here(chunks) => {
                let raw = free_raw(db)?;
                insert_chunks(db, raw, 0, &chunks)?;
                Ok(raw)
            }
            // Dropped here, it asks for its pieces to be removed; that comes after this transaction, and finds something to
            // do only if this transaction failed.
            Pieces::Staged(staged) => {
                if staged.chunks == 0 {
                    insert_chunks(db, staged.raw, 0, &pack_chunks(&[]))?;
                }
                db.prepare_cached("DELETE FROM stage WHERE raw = ?1")?.execute([staged.raw])?;
                Ok(staged.raw)
            }
        }
    }
}

/// Removes what was staged when the program ended; gives how many.
pub(super) fn remove_orphans(db: &Connection) -> Result<usize, Error> {
    let orphans: Vec<i64> =
        db.prepare("SELECT raw FROM stage")?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for raw in &orphans {
        remove_staged(db, *raw)?;
    }
    Ok(orphans.len())
}

/// Only what is still staged: a raw that was adopted by a message meanwhile stays.
fn remove_staged(db: &Connection, raw: i64) -> Result<(), Error> {
    if db.prepare_cached("DELETE FROM stage WHERE raw = ?1")?.execute([raw])? > 0 {
        let ids = raw << NUMBER_BITS..=raw << NUMBER_BITS | ((1 << NUMBER_BITS) - 1);
        db.prepare_cached("DELETE FROM raw_chunk WHERE id BETWEEN ?1 AND ?2")?.execute([ids.start(), ids.end()])?;
    }
    Ok(())
}

/// A number that no raw has. Every raw has at least one chunk or a row in `stage`.
fn free_raw(db: &Connection) -> Result<i64, Error> {
    if db.prepare_cached("SELECT 1 FROM upkeep WHERE name = 'octets_below'")?.exists([])? {
        return free_raw_below(db);
    }
    let mut largest = db.prepare_cached(
        "SELECT max(coalesce((SELECT max(id) FROM raw_chunk), 0) >> 20, coalesce((SELECT max(raw) FROM stage), 0))",
    )?;
    Ok(largest.query_row([], |row| row.get::<_, i64>(0))? + 1)
}

/// Looks whether anything can be added behind the last octets, and notes it if not. Outside of a transaction: SQLite writes nothing
/// more in one that has come upon damage.
pub(super) fn note_damaged_end(connection: &Connection) -> Result<(), Error> {
    let end = connection.query_row("SELECT max(id) FROM raw_chunk", [], |row| row.get::<_, Option<i64>>(0));
    if matches!(end.map_err(Error::from), Err(Error::Damaged(_))) {
        connection.execute("INSERT OR IGNORE INTO upkeep (name, value) VALUES ('octets_below', x'')", [])?;
    }
    Ok(())
}

/// Where the last page of the octets is damaged nothing can be added there: mail goes on coming in at the other end.
fn free_raw_below(db: &Connection) -> Result<i64, Error> {
    let mut smallest = db.prepare_cached(
        "SELECT min(coalesce((SELECT min(id) FROM raw_chunk), 0) >> 20, coalesce((SELECT min(raw) FROM stage), 0), 0)",
    )?;
    Ok(smallest.query_row([], |row| row.get::<_, i64>(0))? - 1)
}

/// A raw in place of octets that cannot be read: it has a number, so that nothing else gets it, and reads as damaged.
pub(super) fn lost_raw(db: &Connection) -> Result<i64, Error> {
    let raw = free_raw(db)?;
    insert_chunks(db, raw, 0, &[Chunk { packing: LOST, bytes: Vec::new() }])?;
    Ok(raw)
}

fn insert_chunks(db: &Connection, raw: i64, first: i64, chunks: &[Chunk]) -> Result<(), Error> {
    let mut insert = db.prepare_cached("INSERT INTO raw_chunk (id, packing, bytes) VALUES (?1, ?2, ?3)")?;
    for (number, chunk) in (first..).zip(chunks) {
        if number >> NUMBER_BITS != 0 {
            return Err(Error::Unexpected("the message has too many pieces".into()));
        }
        if chunk.packing > 1 && !dictionary::is_kept(db, chunk.packing)? {
            return Err(Error::Unexpected("the message was packed for another store".into()));
        }
        insert.execute(params![raw << NUMBER_BITS | number, chunk.packing, chunk.bytes])?;
    }
    Ok(())
}

thread_local! {
    /// Making one costs more than compressing a short message.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = RefCell::new(Compressor::new(LEVEL).ok());
}

/// A whole message: a small one with the dictionary, if there is one.
fn pack_whole(octets: &[u8], dictionary: Option<&Dictionary>) -> Vec<Chunk> {
    let dictionary = dictionary.filter(|_| (1..=SMALL_BYTES).contains(&octets.len()));
    let packed = dictionary
        .and_then(|dictionary| Some(Chunk { packing: dictionary.id, bytes: dictionary.pack(octets, LEVEL)? }));
    match packed {
        Some(chunk) if chunk.bytes.len() < octets.len() => vec![chunk],
        _ => pack_chunks(octets),
    }
}

/// At least one piece, even of nothing, so that the raw's number is taken.
fn pack_chunks(octets: &[u8]) -> Vec<Chunk> {
    if octets.is_empty() {
        return vec![Chunk { packing: 0, bytes: Vec::new() }];
    }
    octets.chunks(CHUNK_BYTES).map(pack_chunk).collect()
}

/// What does not become smaller (pictures, archives) or cannot be compressed for want of memory is stored as it is.
fn pack_chunk(octets: &[u8]) -> Chunk {
    let packed = COMPRESSOR.with_borrow_mut(|compressor| compressor.as_mut()?.compress(octets).ok());
    match packed {
        Some(bytes) if bytes.len() < octets.len() => Chunk { packing: 1, bytes },
        _ => Chunk { packing: 0, bytes: octets.to_owned() },
    }
}

/// The octets of this message, from where its row says or from another raw that was its own.
///
/// # Errors
/// [`Error::Damaged`] if they are not what was stored, or cannot be read.
pub(super) fn octets_of(db: &Connection, key: MessageKey, raw: Option<i64>) -> Result<Vec<u8>, Error> {
    let mut octets = Vec::new();
    read_octets(db, key, raw, &mut octets)?;
    Ok(octets)
}

/// Reads the octets of this message and compares their hash; gives how many they are.
pub(super) fn prove_octets(db: &Connection, key: MessageKey) -> Result<u64, Error> {
    read_octets(db, key, None, &mut io::sink())
}

fn read_octets(db: &Connection, key: MessageKey, raw: Option<i64>, out: &mut dyn Write) -> Result<u64, Error> {
    let mut stored = stored_raw(db, key)?;
    stored.raw = raw.unwrap_or(stored.raw);
    match unpack(db, key, &stored, out) {
        Ok(()) => Ok(stored.size_bytes),
        // A sector that cannot be read any more is damage like any other.
        Err(Error::Disk(words)) => Err(Error::Damaged(format!("message {key}: {words}"))),
        Err(error) => Err(error),
    }
}

/// What a message row says of its octets.
struct StoredRaw {
    raw: i64,
    size_bytes: u64,
    sha256: [u8; 32],
}

fn stored_raw(db: &Connection, key: MessageKey) -> Result<StoredRaw, Error> {
    let mut select = db.prepare_cached("SELECT raw, size_bytes, sha256 FROM message WHERE key = ?1")?;
    let stored = select
        .query_row([key.0], |row| {
            Ok(StoredRaw { raw: row.get(0)?, size_bytes: row.get::<_, i64>(1)?.cast_unsigned(), sha256: row.get(2)? })
        })
        .optional()?;
    stored.ok_or(Error::NotFound)
}

/// The pieces of the raw whose number, shifted, is given.
const CHUNKS: &str = "SELECT packing, bytes FROM raw_chunk WHERE id BETWEEN ?1 AND ?1 | 1048575 ORDER BY id";

/// The octets of a message, piece by piece.
pub(super) fn each_piece_of(db: &Connection, key: MessageKey, take: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
    struct Taker<'a>(&'a mut dyn FnMut(&[u8]));
    impl Write for Taker<'_> {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            (self.0)(octets);
            Ok(octets.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let stored = stored_raw(db, key)?;
    unpack(db, key, &stored, &mut Taker(take))
}

fn unpack(db: &Connection, key: MessageKey, stored: &StoredRaw, out: &mut dyn Write) -> Result<(), Error> {
    let sha256 = unpack_raw(db, key, stored.raw, Some(stored.size_bytes), out)?;
    if sha256 == stored.sha256 { Ok(()) } else { Err(damaged(key)) }
}

/// The octets of a raw that no message names any more.
pub(super) fn octets_of_raw(db: &Connection, raw: i64) -> Result<Vec<u8>, Error> {
    let mut octets = Vec::new();
    unpack_raw(db, MessageKey::default(), raw, None, &mut octets)?;
    Ok(octets)
}

/// Gives the hash of the octets: so many, or as many as there are.
fn unpack_raw(
    db: &Connection,
    key: MessageKey,
    raw: i64,
    size_bytes: Option<u64>,
    out: &mut dyn Write,
) -> Result<[u8; 32], Error> {
    let (mut hash, mut unpacked_bytes) = (Sha256::new(), 0);
    let mut unpacker = Decompressor::new().map_err(|error| Error::Unexpected(error.to_string()))?;
    // Piece by piece: whoever goes on from one to the next touches the page behind the last, which is another message's and may
    // be damaged.
    let mut select = db.prepare_cached("SELECT packing, bytes FROM raw_chunk WHERE id = ?1")?;
    for number in 0..1_i64 << NUMBER_BITS {
        let mut rows = select.query([raw << NUMBER_BITS | number])?;
        let Some(row) = rows.next()? else { break };
        let bytes = row.get_ref(1)?.as_blob().map_err(|_| damaged(key))?;
        let unpacked;
        let octets = match row.get::<_, i64>(0)? {
            0 => bytes,
            1 => {
                // Never more than a piece: a damaged one cannot ask for all memory.
                unpacked = unpacker.decompress(bytes, CHUNK_BYTES).map_err(|_| damaged(key))?;
                unpacked.as_slice()
            }
            LOST => return Err(damaged(key)),
            dictionary => {
                let Some(octets) = dictionary::unpack(db, dictionary, bytes, CHUNK_BYTES)? else {
                    return Err(Error::Damaged(format!(
                        "message {key} is not as it was stored, or what it was packed with (dictionary {dictionary}) is missing or damaged"
                    )));
                };
                unpacked = octets;
                unpacked.as_slice()
            }
        };
        hash.update(octets);
        unpacked_bytes += octets.len() as u64;
        out.write_all(octets).map_err(|error| Error::Output(error.to_string()))?;
        if size_bytes.is_some_and(|size| unpacked_bytes >= size) {
            break;
        }
    }
    Ok(hash.finalize().into())
}

fn damaged(key: MessageKey) -> Error {
    Error::Damaged(format!("message {key} is not as it was stored"))
}

/// Octets of a piece before compression: large enough to compress well, small enough that streaming needs little memory.
pub(super) const CHUNK_BYTES: usize = 256 * 1024;
/// Bits of a chunk's id that count the pieces of one raw: 2^20 pieces of 256 KiB are more than any message.
const NUMBER_BITS: u32 = 20;
/// The packing of octets that were lost.
const LOST: i64 = -1;
/// zstd's own default: half of its time is not worth a tenth of its size.
const LEVEL: i32 = 3;
/// Room made before the first octet is there; a larger message makes room as it comes.
const ROOM_BYTES: u64 = 64 << 20;

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::super::testing::{Fixture, NOON, arrival, envelope, noise};
    use super::super::types::{Flag, Role};
    use super::super::{Arrival, Content, Prepared, prepare};
    use super::*;

    fn staged_arrival(staged: StagedRaw) -> Prepared {
        prepare(Arrival {
            uid: Some(b"large".to_vec()),
            listed_size: staged.size_bytes(),
            content: Content::Staged(staged),
            envelope: envelope("Large", None),
            dedupe: true,
            ..Arrival::default()
        })
    }

    #[test]
    fn octets_come_back_exactly_as_they_came() {
        let fixture = Fixture::new();
        let cases: [(&str, Vec<u8>); 7] = [
            ("nothing", vec![]),
            ("one octet", vec![b'x']),
            ("only NUL", vec![0; 10_000]),
            ("every octet", (0..=255).collect()),
            ("lone CR and LF, dots", b"a\rb\nc\r\n.\r\n..\r\n".to_vec()),
            ("exactly one piece", noise(CHUNK_BYTES, 1)),
            ("5 MB", noise(5_000_000, 2)),
        ];
        for (name, octets) in cases {
            let key = fixture.receive(&octets);
            assert!(fixture.raw(key) == octets, "{name}");
            assert_eq!(block_on(fixture.store.row(key)).unwrap().size_bytes, octets.len() as u64, "{name}");
        }
    }

    #[test]
    fn a_large_message_is_delivered_piece_by_piece() {
        let fixture = Fixture::new();
        let octets = noise(20_000_000, 3);
        let key = block_on(async {
            let mut staged = fixture.store.stage_begin().await.unwrap();
            for piece in octets.chunks(1 << 20) {
                fixture.store.stage_append(&mut staged, piece.to_vec()).await.unwrap();
            }
            assert_eq!(staged.size_bytes(), octets.len() as u64);
            let delivered = fixture.store.deliver(fixture.account, vec![staged_arrival(staged)], NOON).await.unwrap();
            delivered[0].key.unwrap()
        });
        assert!(fixture.raw(key) == octets);
        let fixture = fixture.reopened();
        assert!(fixture.raw(key) == octets, "what was adopted is no orphan");
        // The same octets in one piece are the same message.
        assert_eq!(fixture.deliver(vec![arrival(b"again", &octets)]).unwrap()[0].key, Some(key));
    }
    #[test]
    fn what_was_staged_and_not_delivered_leaves_nothing_behind() {
        type End = fn(Fixture, StagedRaw) -> Fixture;
        let ends: [(&str, End); 4] = [
            ("discarded", |fixture, staged| {
                block_on(fixture.store.stage_discard(staged)).unwrap();
                fixture
            }),
            ("dropped", |fixture, staged| {
                drop(staged);
                fixture
            }),
            ("killed", |fixture, staged| {
                std::mem::forget(staged);
                assert_eq!(fixture.rows_of("stage"), 1);
                fixture.reopened()
            }),
            ("a duplicate", |fixture, staged| {
                fixture.receive(&[7; 300_000]);
                assert!(fixture.deliver(vec![staged_arrival(staged)]).unwrap()[0].duplicate);
                block_on(fixture.store.move_to(fixture.keys(Role::Inbox), Role::Trash)).unwrap();
                block_on(fixture.store.empty_trash(None)).unwrap();
                fixture
            }),
        ];
        for (name, end) in ends {
            let fixture = Fixture::new();
            let mut staged = block_on(fixture.store.stage_begin()).unwrap();
            block_on(fixture.store.stage_append(&mut staged, vec![7; 300_000])).unwrap();
            let fixture = end(fixture, staged);
            // Comes after whatever the drop asked for.
            block_on(fixture.store.set_flag(vec![], Flag::Seen, true)).unwrap();
            assert_eq!((fixture.rows_of("stage"), fixture.rows_of("raw_chunk")), (0, 0), "{name}");
        }
    }

    #[test]
    fn the_space_of_what_was_staged_at_a_kill_is_given_back() {
        let fixture = Fixture::new();
        let mut staged = block_on(fixture.store.stage_begin()).unwrap();
        block_on(fixture.store.stage_append(&mut staged, noise(12_000_000, 8))).unwrap();
        std::mem::forget(staged);
        let large = fixture.pages();
        fixture.reopened().wait_for_pages(large / 2);
    }

    #[test]
    fn two_messages_come_in_side_by_side() {
        let fixture = Fixture::new();
        let (one, two) = (noise(700_000, 4), noise(700_000, 5));
        let [one_key, two_key] = block_on(async {
            let store = &fixture.store;
            let (mut first, mut second) = (store.stage_begin().await.unwrap(), store.stage_begin().await.unwrap());
            for (a, b) in one.chunks(100_000).zip(two.chunks(100_000)) {
                store.stage_append(&mut first, a.to_vec()).await.unwrap();
                store.stage_append(&mut second, b.to_vec()).await.unwrap();
            }
            let empty = store.stage_begin().await.unwrap();
            let arrivals = [first, second, empty].map(staged_arrival).into();
            let delivered = store.deliver(fixture.account, arrivals, NOON).await.unwrap();
            assert_eq!(store.raw(delivered[2].key.unwrap()).await, Ok(vec![]), "nothing was appended");
            [delivered[0].key.unwrap(), delivered[1].key.unwrap()]
        });
        assert!(fixture.raw(one_key) == one && fixture.raw(two_key) == two);
    }

    #[test]
    fn a_message_streams_out_as_it_came_in() {
        #[derive(Clone, Default)]
        struct Sink(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);
        impl Write for Sink {
            fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
                self.0.lock().unwrap().write(octets)
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let fixture = Fixture::new();
        let octets = noise(1_000_000, 6);
        let key = fixture.receive(&octets);
        let sink = Sink::default();
        assert_eq!(block_on(fixture.store.raw_to(key, Box::new(sink.clone()))), Ok(1_000_000));
        assert!(*sink.0.lock().unwrap() == octets);
        let full: Box<[u8]> = Box::new([0; 10]);
        let outcome = block_on(fixture.store.raw_to(key, Box::new(std::io::Cursor::new(full))));
        assert!(matches!(outcome, Err(Error::Output(_))), "{outcome:?}");
    }

    #[test]
    fn octets_that_changed_on_the_disk_are_not_given_out() {
        let damages = [
            ("other octets", "UPDATE raw_chunk SET bytes = x'0102', packing = 0"),
            ("not compressed", "UPDATE raw_chunk SET bytes = x'0102', packing = 1"),
            ("a packing of tomorrow", "UPDATE raw_chunk SET packing = 9"),
            ("a piece is gone", "DELETE FROM raw_chunk WHERE id & 1 = 1"),
            ("all are gone", "DELETE FROM raw_chunk"),
        ];
        for (name, sql) in damages {
            let fixture = Fixture::new();
            let key = fixture.receive(&noise(600_000, 7));
            fixture.sql().execute_batch(sql).unwrap();
            match block_on(fixture.store.raw(key)) {
                Err(Error::Damaged(words)) => assert!(words.contains(&key.to_string()), "{name}: {words}"),
                other => panic!("{name}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_piece_cannot_unpack_to_more_than_a_piece() {
        let fixture = Fixture::new();
        let key = fixture.receive(b"short");
        let bomb = zstd::bulk::compress(&vec![0; 100 * CHUNK_BYTES], LEVEL).unwrap();
        fixture.sql().execute("UPDATE raw_chunk SET packing = 1, bytes = ?1", [bomb]).unwrap();
        assert!(matches!(block_on(fixture.store.raw(key)), Err(Error::Damaged(_))));
    }

    #[test]
    fn a_key_that_nobody_has_is_not_found() {
        let fixture = Fixture::new();
        assert_eq!(block_on(fixture.store.raw(MessageKey(1))), Err(Error::NotFound));
    }
}
