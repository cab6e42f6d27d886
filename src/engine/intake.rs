//! What has come from a server, on its way to the disk: cut into parcels that the workers parse, hash and compress, stored in
//! groups that share one sync, and never more of it in memory than a limit, whatever the size of a message or a maildrop.
//!
//! The line does not wait for any of this, except where the limit is reached: then nothing is read, so that the server waits.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_channel::{Receiver, Sender};
use async_std::task::JoinHandle;
use futures::future::{BoxFuture, pending};
use futures::stream::FuturesOrdered;
use futures::{FutureExt, StreamExt};

use super::hub::now;
use super::plan::Target;
use super::workers::Workers;
use crate::account::AccountId;
use crate::mail::Envelope;
use crate::protocol::pop3::MessageNumber;
use crate::store::types::Part;
use crate::store::{Arrival, Content, Delivery, Error, Packer, Prepared, StagedRaw, Store, prepare};

/// Octets that go to a worker at once,
const PARCEL_BYTES: usize = 256 * 1024;
/// and messages: enough to make the handing over cheap, few enough that all workers have something to do.
const PARCEL_MESSAGES: usize = 64;

/// What is prepared is stored as soon as the writer is free and it has this many octets (as received),
const COMMIT_BYTES: usize = 1024 * 1024;
/// this many messages,
const COMMIT_MESSAGES: usize = 1024;
/// or is this old: mail shows up soon, and yet not every message pays for a sync of its own.
const COMMIT_AGE: Duration = Duration::from_millis(250);

/// Octets that all visits together hold before their lines have to wait: what comes on a fast line while the disk syncs.
const HELD_BYTES: usize = 4 * 1024 * 1024;
/// Octets that each visit may hold even then, so that it can always go on by itself.
const OWN_BYTES: usize = HELD_BYTES / 4;
/// What a message counts for beside its octets: its envelope, its unique-id.
const MESSAGE_BYTES: usize = 1024;

/// A message that grows beyond this goes to the disk piece by piece, so that no message is ever whole in memory because the
/// wire delivered it.
const PIECE_BYTES: usize = 256 * 1024;
/// Pieces of one message that wait for the disk.
const PIECES_WAITING: usize = 2;

type StoreResult<T> = Result<T, Error>;

/// What was stored, with the number that the message has in this session.
pub(super) type Stored = Vec<(MessageNumber, Delivery)>;

/// Octets that are held by all visits together.
pub(super) type Held = Arc<AtomicUsize>;

/// One visit's messages between the line and the disk.
pub(super) struct Intake {
    store: Store,
    account: AccountId,
    workers: Workers,
    held_by_all: Held,
    /// Of these by this visit.
    held: usize,
    current: Option<Incoming>,
    parcel: Vec<(MessageNumber, Arrival)>,
    parcel_bytes: usize,
    /// In the order in which they came.
    preparing: FuturesOrdered<BoxFuture<'static, StoreResult<Vec<Ready>>>>,
    ready: Vec<Ready>,
    ready_bytes: usize,
    /// With the octets that it holds.
    committing: Option<(usize, BoxFuture<'static, StoreResult<Stored>>)>,
    /// When the oldest message that is not being committed was complete.
    oldest: Option<Instant>,
    nothing_follows: bool,
}

/// A message that only has to be stored.
struct Ready {
    number: MessageNumber,
    prepared: Prepared,
    /// Octets that it holds.
    bytes: usize,
}

/// A message on its way in.
struct Incoming {
    target: Target,
    came_bytes: u64,
    /// What was not staged.
    octets: Vec<u8>,
    large: Option<Large>,
}

/// A message that goes to the disk while it comes in.
struct Large {
    pieces: Sender<Piece>,
    stager: JoinHandle<StoreResult<Option<Staged>>>,
}

enum Piece {
    Octets(Vec<u8>),
    /// The message is whole.
    End,
}

struct Staged {
    raw: StagedRaw,
    /// The first octets, for the envelope.
    head: Vec<u8>,
}

impl Intake {
    pub fn new(store: Store, account: AccountId, workers: Workers, held_by_all: Held) -> Self {
        Self {
            store,
            account,
            workers,
            held_by_all,
            held: 0,
            current: None,
            parcel: Vec::new(),
            parcel_bytes: 0,
            preparing: FuturesOrdered::new(),
            ready: Vec::new(),
            ready_bytes: 0,
            committing: None,
            oldest: None,
            nothing_follows: false,
        }
    }

    /// Octets of this message come next.
    pub fn begin(&mut self, target: Target) {
        // The announced size is only a hint: room for it is made up to a limit.
        let room = usize::try_from(target.size_bytes).unwrap_or(PIECE_BYTES).min(PIECE_BYTES);
        let octets = Vec::with_capacity(room);
        self.current = Some(Incoming { target, came_bytes: 0, octets, large: None });
        self.nothing_follows = false;
    }

    /// Waits only where the disk takes a large message more slowly than the line brings it.
    ///
    /// # Errors
    /// Staging failed.
    pub async fn take(&mut self, octets: &[u8]) -> StoreResult<()> {
        let Some(incoming) = &mut self.current else { return Ok(()) };
        incoming.came_bytes += octets.len() as u64;
        incoming.octets.extend_from_slice(octets);
        if incoming.octets.len() >= PIECE_BYTES {
            let (store, workers) = (&self.store, &self.workers);
            let large = incoming.large.get_or_insert_with(|| Large::begin(store.clone(), workers.clone()));
            let piece = std::mem::replace(&mut incoming.octets, Vec::with_capacity(PIECE_BYTES));
            if large.pieces.send(Piece::Octets(piece)).await.is_err() {
                return Err(failure_of(self.current.take()).await);
            }
        }
        Ok(())
    }

    /// The message that came is whole.
    ///
    /// # Errors
    /// Staging failed.
    pub async fn end(&mut self, number: MessageNumber) -> StoreResult<()> {
        let Some(Incoming { target, came_bytes, mut octets, large }) = self.current.take() else { return Ok(()) };
        let Target { uid, size_bytes, dedupe, part, completes, .. } = target;
        // A server that ignored the limit, or a message that is no longer than its first lines: it is here whole.
        let part = if size_bytes > 0 && came_bytes >= size_bytes { Part::Whole } else { part };
        let mut arrival = Arrival { uid, listed_size: size_bytes, dedupe, part, completes, ..Arrival::default() };
        self.oldest.get_or_insert_with(Instant::now);
        if let Some(large) = large {
            self.send_parcel();
            self.preparing.push_back(large.end(octets, number, arrival, self.workers.clone()).await.boxed());
            return Ok(());
        }
        if octets.capacity() > 2 * octets.len() {
            octets.shrink_to_fit();
        }
        let bytes = octets.len() + MESSAGE_BYTES;
        arrival.content = Content::Whole(octets);
        self.hold(bytes);
        self.parcel.push((number, arrival));
        self.parcel_bytes += bytes;
        if self.parcel_bytes >= PARCEL_BYTES || self.parcel.len() >= PARCEL_MESSAGES {
            self.send_parcel();
        }
        Ok(())
    }

    /// The message that came will never be whole: nothing stays of it. Gives what it was.
    ///
    /// # Errors
    /// What was staged of it could not be removed; that is done when the store opens again.
    pub async fn abandon(&mut self) -> (Option<Target>, StoreResult<()>) {
        let Some(Incoming { target, large, .. }) = self.current.take() else { return (None, Ok(())) };
        let discarded = match large {
            Some(Large { pieces, stager }) => {
                drop(pieces);
                stager.await.map(drop)
            }
            None => Ok(()),
        };
        (Some(target), discarded)
    }

    /// Nothing more is awaited: what is here is stored at once.
    pub fn nothing_follows(&mut self) {
        self.nothing_follows = true;
    }

    /// Whether a message is coming in.
    pub fn is_amid_message(&self) -> bool {
        self.current.is_some()
    }

    /// Whether every whole message is on the disk.
    pub fn is_empty(&self) -> bool {
        self.parcel.is_empty() && self.preparing.is_empty() && self.ready.is_empty() && self.committing.is_none()
    }

    /// Whether the line has to wait for the disk.
    pub fn is_behind(&self) -> bool {
        self.held >= OWN_BYTES && self.held_by_all.load(Ordering::Relaxed) >= HELD_BYTES
    }

    /// Works on until a group of messages is on the disk. Never ends while there is none. Dropping the future loses nothing.
    ///
    /// # Errors
    /// The group was not stored, or one of its messages could not be staged.
    pub async fn next(&mut self) -> StoreResult<Stored> {
        loop {
            let hurried = self.is_hurried();
            if hurried {
                self.send_parcel();
            }
            self.commit_if_due(hurried);
            let turn = {
                let mut committed = match &mut self.committing {
                    Some((_, commit)) => commit.left_future(),
                    None => pending().right_future(),
                }
                .fuse();
                let mut prepared = match self.preparing.is_empty() {
                    false => self.preparing.next().left_future(),
                    true => pending().right_future(),
                }
                .fuse();
                let mut grown_old = match self.oldest.filter(|_| !hurried) {
                    Some(oldest) => async_std::task::sleep(COMMIT_AGE.saturating_sub(oldest.elapsed())).left_future(),
                    None => pending().right_future(),
                }
                .boxed()
                .fuse();
                futures::select_biased! {
                    stored = committed => Turn::Committed(stored),
                    ready = prepared => Turn::Prepared(ready.unwrap_or_else(|| Ok(Vec::new()))),
                    () = grown_old => Turn::GrownOld,
                }
            };
            match turn {
                Turn::Committed(stored) => {
                    let (bytes, _) = self.committing.take().unwrap_or_else(|| (0, pending().boxed()));
                    self.release(bytes);
                    return stored;
                }
                Turn::Prepared(ready) => {
                    let ready = ready?;
                    self.ready_bytes += ready.iter().map(|ready| ready.bytes).sum::<usize>();
                    self.ready.extend(ready);
                }
                Turn::GrownOld => {}
            }
        }
    }

    fn is_hurried(&self) -> bool {
        self.nothing_follows || self.is_behind() || self.oldest.is_some_and(|oldest| oldest.elapsed() >= COMMIT_AGE)
    }

    /// Sends what came on to the workers.
    fn send_parcel(&mut self) {
        if self.parcel.is_empty() {
            return;
        }
        let parcel = std::mem::take(&mut self.parcel);
        self.parcel_bytes = 0;
        let packer = self.store.packer();
        let prepare = move || parcel.into_iter().map(|arrived| prepared(&packer, arrived)).collect();
        let ready = self.workers.run(prepare);
        self.preparing.push_back(ready.map(|ready| ready.ok_or_else(lost)).boxed());
    }

    fn commit_if_due(&mut self, hurried: bool) {
        let full = self.ready_bytes >= COMMIT_BYTES || self.ready.len() >= COMMIT_MESSAGES;
        let all = hurried && self.preparing.is_empty();
        if self.committing.is_some() || self.ready.is_empty() || !(full || all) {
            return;
        }
        let bytes = std::mem::take(&mut self.ready_bytes);
        let ready = std::mem::take(&mut self.ready);
        let (numbers, prepared): (Vec<_>, Vec<_>) =
            ready.into_iter().map(|ready| (ready.number, ready.prepared)).unzip();
        self.oldest = if self.parcel.is_empty() && self.preparing.is_empty() { None } else { Some(Instant::now()) };
        let (store, account) = (self.store.clone(), self.account);
        let commit = async move {
            let deliveries = store.deliver(account, prepared, now()).await?;
            Ok(numbers.into_iter().zip(deliveries).collect())
        };
        self.committing = Some((bytes, commit.boxed()));
    }

    fn hold(&mut self, bytes: usize) {
        self.held += bytes;
        self.held_by_all.fetch_add(bytes, Ordering::Relaxed);
    }

    fn release(&mut self, bytes: usize) {
        self.held -= bytes;
        self.held_by_all.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        self.release(self.held);
    }
}

/// What [`Intake::next`] wakes up for.
enum Turn {
    Committed(StoreResult<Stored>),
    Prepared(StoreResult<Vec<Ready>>),
    GrownOld,
}

impl Large {
    fn begin(store: Store, workers: Workers) -> Self {
        let (pieces, coming) = async_channel::bounded(PIECES_WAITING);
        Self { pieces, stager: async_std::task::spawn_local(stage(store, workers, coming)) }
    }

    /// The last octets; gives what becomes of the message.
    async fn end(
        self,
        octets: Vec<u8>,
        number: MessageNumber,
        mut arrival: Arrival,
        workers: Workers,
    ) -> impl Future<Output = StoreResult<Vec<Ready>>> {
        let Self { pieces, stager } = self;
        // If the stager takes them no more it has failed, and says why itself.
        let _ = pieces.send(Piece::Octets(octets)).await;
        let _ = pieces.send(Piece::End).await;
        async move {
            let Staged { raw, head } = stager.await?.ok_or_else(lost)?;
            let prepare = move || {
                arrival.envelope = envelope(&head);
                arrival.content = Content::Staged(raw);
                // Its octets are on the disk: it holds nothing.
                Ready { number, prepared: prepare(arrival), bytes: 0 }
            };
            Ok(vec![workers.run(prepare).await.ok_or_else(lost)?])
        }
    }
}

/// Moves pieces to the disk as they come. None: the message was given up before its end, and nothing of it stays.
async fn stage(store: Store, workers: Workers, pieces: Receiver<Piece>) -> StoreResult<Option<Staged>> {
    let (mut raw, mut head) = (store.stage_begin().await?, Vec::new());
    while let Ok(piece) = pieces.recv().await {
        let Piece::Octets(octets) = piece else { return Ok(Some(Staged { raw, head })) };
        if head.is_empty() {
            head = octets.get(..Envelope::HEAD_BYTES).unwrap_or(&octets).to_vec();
        }
        let pack = move || {
            let packed = raw.pack(&octets);
            (raw, packed)
        };
        let packed;
        (raw, packed) = workers.run(pack).await.ok_or_else(lost)?;
        store.stage_packed(&raw, packed).await?;
    }
    store.stage_discard(raw).await?;
    Ok(None)
}

/// Why the stager takes no more.
async fn failure_of(incoming: Option<Incoming>) -> Error {
    match incoming.and_then(|incoming| incoming.large) {
        Some(Large { pieces, stager }) => {
            drop(pieces);
            stager.await.err().unwrap_or_else(lost)
        }
        None => lost(),
    }
}

fn prepared(packer: &Packer, (number, mut arrival): (MessageNumber, Arrival)) -> Ready {
    let mut bytes = MESSAGE_BYTES;
    if let Content::Whole(octets) = &arrival.content {
        bytes += octets.len();
        arrival.envelope = envelope(octets);
    }
    Ready { number, prepared: packer.prepare(arrival), bytes }
}

/// A message that a parser stumbles over is stored all the same, with an empty envelope.
fn envelope(octets: &[u8]) -> Envelope {
    catch_unwind(AssertUnwindSafe(|| Envelope::from_raw(octets))).unwrap_or_default()
}

fn lost() -> Error {
    Error::Unexpected("a message was lost on its way to the disk by a mistake of the program".into())
}
