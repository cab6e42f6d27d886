//! Moving in: mail of other programs, as safe as mail that came over a line.
//!
//! A thread reads; the workers hash, parse and compress; the writer takes batches, octets and ledger rows in one synced
//! transaction each. What is here already is recognised by its hash before it is parsed, so that an import that was stopped,
//! or killed, is resumed by running it again. When all is here the unique-ids that the other program knew are adopted: the
//! next visit fetches none of them.
//!
//! What is stored is what the source holds, octet for octet, less what the container added: of an mbox what
//! [`crate::mail::mbox`] says, of Thunderbird's files the lines that it wrote before a message (see [`crate::mail::mozilla`]).
//! Of a Maildir, an MH folder or a file of its own nothing is left out. Line ends stay as they are kept.

mod destination;
mod read;
mod source;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_channel::Receiver;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};

use self::read::{Item, Marks, Reader, Trusted};
use self::source::{Folder, Kind, Source, files_of, look};
use super::event::{Event, Problem};
use super::hub::{Hub, now};
use super::indexing::Work;
use super::moving::{FoundAccount, FoundFolder, ImportFault, ImportReport, ImportSource, MoveProgress, Stop};
use super::problem;
use crate::account::Account;
use crate::mail::likeness::WireSize;
use crate::mail::mbox::{self, Splitter};
use crate::mail::{Envelope, Searchable};
use crate::store::types::Role;
use crate::store::{
    Content, Error, Foreign, Imported, Indexed, Packer, PreparedForeign, StagedRaw, Store, octets_sha256,
};

pub use self::destination::destination;
pub use self::source::ImportFormat;

/// Octets and messages in one transaction: a sync must not be paid for each message, and the writer has others to serve.
const BATCH_BYTES: usize = 1024 * 1024;
const BATCH_MESSAGES: usize = 256;
/// Batches on their way at once: enough that reading, parsing and writing go on side by side.
const BATCHES_AT_ONCE: usize = 4;
/// Items that wait for the engine.
const ITEMS_WAITING: usize = 32;
/// How often the screen hears of it.
const REPORT_EVERY: Duration = Duration::from_millis(200);
/// How often lists on the screen are asked to look again.
const REFRESH_EVERY: Duration = Duration::from_secs(2);
/// Faults that are told one by one; of more, only the number.
const FAULTS_TOLD: usize = 200;

/// What there is to import, for a person to look at first.
pub(super) async fn look_at(
    account: Option<&Account>,
    place: PathBuf,
    format: Option<ImportFormat>,
    stop: Stop,
) -> Result<Event, Box<Problem>> {
    let user = account.map(|account| account.user.clone());
    let shown = place.clone();
    let found = async_std::task::spawn_blocking(move || {
        let source = look(&place, format)?;
        Ok(describe(&place, &source, user.as_deref(), &stop))
    });
    Ok(Event::ImportFound(Box::new(found.await.map_err(|error: std::io::Error| unreadable(&shown, &error))?)))
}

fn describe(place: &Path, source: &Source, user: Option<&str>, stop: &Stop) -> ImportSource {
    let folders = match user {
        Some(user) => source.folders_of(user),
        None => source.folders.iter().collect(),
    };
    let left_out = source.folders.len() - folders.len();
    let described = folders.into_iter().map(|folder| {
        let (messages, bytes) = counted(folder, stop);
        let (role, path) = destination(&folder.path);
        FoundFolder { name: folder.path.join("/"), role, path, messages, bytes }
    });
    let is_own = |user: &str, known: &crate::mail::uid_files::KnownUids| known.owner.is_of(user);
    let known = source.known.iter().filter(|known| user.is_none_or(|user| is_own(user, known)));
    ImportSource {
        place: place.to_owned(),
        format: source.format,
        folders: described.collect(),
        accounts: source
            .servers
            .iter()
            .filter(|server| server.kind == "pop3")
            .map(|server| FoundAccount {
                host: server.host.clone(),
                user: server.user.clone(),
                is_this: user.is_some_and(|user| is_own_server(server, user)),
            })
            .collect(),
        known_uids: known.map(|known| known.uids.len() as u64).sum(),
        folders_left_out: left_out as u64,
    }
}

fn is_own_server(server: &crate::mail::mozilla::Server, user: &str) -> bool {
    use crate::mail::uid_files::Owner;
    Owner::Server { host: server.host.clone(), user: server.user.clone() }.is_of(user)
}

/// Messages (with those that are deleted and still in the file) and octets of a folder.
fn counted(folder: &Folder, stop: &Stop) -> (u64, u64) {
    if let Kind::Mbox { .. } = folder.kind {
        return counted_mbox(&folder.place, stop).unwrap_or_default();
    }
    let Ok(files) = files_of(folder) else { return (0, 0) };
    let size = |file: std::io::Result<PathBuf>| file.and_then(std::fs::metadata).map_or(0, |data| data.len());
    files.map(size).fold((0, 0), |(count, bytes), size| (count + 1, bytes + size))
}

fn counted_mbox(place: &Path, stop: &Stop) -> std::io::Result<(u64, u64)> {
    use std::io::Read as _;
    let mut file = std::fs::File::open(place)?;
    let (mut splitter, mut messages, mut bytes) = (Splitter::default(), 0, 0);
    let mut count = |event: mbox::Event<'_>| messages += u64::from(matches!(event, mbox::Event::Begin(_)));
    let mut buffer = vec![0; 256 * 1024];
    while !stop.is_set() {
        let length = file.read(&mut buffer)?;
        if length == 0 {
            break;
        }
        bytes += length as u64;
        splitter.feed(buffer.get(..length).unwrap_or_default(), &mut count);
    }
    splitter.finish(&mut count);
    Ok((messages, bytes))
}

fn unreadable(place: &Path, error: &std::io::Error) -> Box<Problem> {
    Box::new(Problem {
        what: format!("Could not look at {}", place.display()),
        why: error.to_string(),
        remedy: "Choose an mbox file, a Maildir, a folder of messages, or the profile of another mail program.".into(),
        ..Problem::default()
    })
}

/// Imports everything into the account. What is stored when it is stopped, or fails, stays.
pub(super) async fn run(
    hub: &Arc<Hub>,
    account: Account,
    place: PathBuf,
    format: Option<ImportFormat>,
    stop: Stop,
) -> Result<Event, Box<Problem>> {
    let shown = place.clone();
    let looked = async_std::task::spawn_blocking(move || look(&place, format));
    let source = looked.await.map_err(|error| unreadable(&shown, &error))?;
    let mut import = Import::new(hub, account, source).await;
    let outcome = import.go_on(&stop).await;
    hub.tell(None, Event::MailChanged).await;
    hub.index(Work::Look);
    match outcome {
        Ok(()) => Ok(Event::Imported(Box::new(import.report))),
        Err(error) => Err(import.failed(&error)),
    }
}

struct Import {
    hub: Arc<Hub>,
    account: Account,
    source: Source,
    folders: Arc<Vec<Folder>>,
    /// Where the messages of a folder go, by its number, once the first has come.
    places: HashMap<usize, Role>,
    read_bytes: Arc<AtomicU64>,
    total_bytes: u64,
    report: ImportReport,
    batch: Vec<(Vec<u8>, Marks)>,
    batch_bytes: usize,
    under_way: FuturesUnordered<BoxFuture<'static, Result<Batch, Error>>>,
    large: Option<Large>,
    reported: Instant,
    refreshed: Instant,
}

/// What became of some messages.
#[derive(Default)]
struct Batch {
    imported: u64,
    known: u64,
}

/// A message that goes to the disk while it is read.
struct Large {
    staged: StagedRaw,
    head: Vec<u8>,
    wire_size: WireSize,
}

impl Import {
    async fn new(hub: &Arc<Hub>, account: Account, source: Source) -> Self {
        let folders: Arc<Vec<Folder>> = Arc::new(source.folders_of(&account.user).into_iter().cloned().collect());
        let sized = folders.clone();
        let total_bytes = async_std::task::spawn_blocking(move || sized.iter().map(size_of).sum()).await;
        let report =
            ImportReport { account: account.id, account_name: account.name.clone(), ..ImportReport::default() };
        let now = Instant::now();
        Self {
            hub: hub.clone(),
            account,
            source,
            folders,
            places: HashMap::new(),
            read_bytes: Arc::default(),
            total_bytes,
            report,
            batch: Vec::new(),
            batch_bytes: 0,
            under_way: FuturesUnordered::new(),
            large: None,
            reported: now,
            refreshed: now,
        }
    }

    async fn go_on(&mut self, stop: &Stop) -> Result<(), Error> {
        let items = self.begin_reading();
        let mut outcome = self.take_all(&items, stop).await;
        drop(items);
        if let Some(large) = self.large.take() {
            self.hub.store.stage_discard(large.staged).await?;
        }
        if outcome.is_ok() {
            self.send_batch();
        }
        // What is on its way is stored, or not, whether or not somebody waits: its numbers belong into the report.
        while let Some(done) = self.under_way.next().await {
            outcome = outcome.and(done.map(|batch| self.count(&batch)));
        }
        outcome?;
        if !self.report.stopped {
            self.adopt().await?;
        }
        Ok(())
    }

    fn begin_reading(&self) -> Receiver<Item> {
        let (items, coming) = async_channel::bounded(ITEMS_WAITING);
        let own = self.source.server_of(&self.account.user);
        let account_key = own.and_then(|own| self.source.servers.get(own)).map(|server| server.account_key.clone());
        let trusted = Trusted { server: own, account_key };
        let reader = Reader { items, trusted, read_bytes: self.read_bytes.clone() };
        let folders = self.folders.clone();
        async_std::task::spawn_blocking(move || reader.read(&folders));
        coming
    }

    async fn take_all(&mut self, items: &Receiver<Item>, stop: &Stop) -> Result<(), Error> {
        loop {
            if stop.is_set() {
                self.report.stopped = true;
                return Ok(());
            }
            self.tell();
            let is_full = self.under_way.len() >= BATCHES_AT_ONCE;
            let item = {
                let mut done = match self.under_way.is_empty() {
                    true => futures::future::pending().left_future(),
                    false => self.under_way.next().right_future(),
                }
                .fuse();
                let mut item = match is_full {
                    true => futures::future::pending().boxed(),
                    false => items.recv().boxed(),
                }
                .fuse();
                let mut pause = async_std::task::sleep(REPORT_EVERY).boxed().fuse();
                futures::select_biased! {
                    done = done => Turn::Done(done.unwrap_or_else(|| Ok(Batch::default()))),
                    item = item => Turn::Item(item.ok()),
                    () = pause => continue,
                }
            };
            match item {
                Turn::Done(done) => {
                    let batch = done?;
                    self.count(&batch);
                }
                Turn::Item(Some(item)) => self.take(item).await?,
                Turn::Item(None) => return Ok(()),
            }
        }
    }

    async fn take(&mut self, item: Item) -> Result<(), Error> {
        match item {
            Item::Message { octets, marks } => {
                self.find_place(marks.folder).await?;
                self.batch_bytes += octets.len();
                self.batch.push((octets, marks));
                if self.batch_bytes >= BATCH_BYTES || self.batch.len() >= BATCH_MESSAGES {
                    self.send_batch();
                }
            }
            Item::Piece(octets) => self.take_piece(octets).await?,
            Item::End(marks) => self.end_large(marks).await?,
            Item::Broken => {
                if let Some(large) = self.large.take() {
                    self.hub.store.stage_discard(large.staged).await?;
                }
            }
            Item::Expunged => self.report.expunged += 1,
            Item::Fault { place, why } => {
                self.report.damaged += 1;
                if self.report.faults.len() < FAULTS_TOLD {
                    self.report.faults.push(ImportFault { place, why });
                }
            }
        }
        Ok(())
    }

    async fn take_piece(&mut self, octets: Vec<u8>) -> Result<(), Error> {
        let Large { mut staged, mut head, mut wire_size } = match self.large.take() {
            Some(large) => large,
            None => {
                let staged = self.hub.store.stage_begin().await?;
                let head = octets.get(..Envelope::HEAD_BYTES).unwrap_or(&octets).to_vec();
                Large { staged, head, wire_size: WireSize::default() }
            }
        };
        let pack = move || {
            wire_size.feed(&octets);
            let packed = staged.pack(&octets);
            (staged, wire_size, packed)
        };
        let packed;
        (staged, wire_size, packed) = self.hub.workers.run(pack).await.ok_or_else(lost)?;
        self.hub.store.stage_packed(&staged, packed).await?;
        head.truncate(Envelope::HEAD_BYTES);
        self.large = Some(Large { staged, head, wire_size });
        Ok(())
    }

    async fn end_large(&mut self, marks: Marks) -> Result<(), Error> {
        self.find_place(marks.folder).await?;
        let Some(Large { staged, head, wire_size }) = self.large.take() else { return Ok(()) };
        let foreign =
            Foreign { content: Content::Staged(staged), wire_size, envelope: envelope(&head), ..self.foreign(marks) };
        let packer = self.hub.store.packer();
        let prepared = self.hub.workers.run(move || packer.prepare_foreign(foreign)).await.ok_or_else(lost)?;
        let imported = self.hub.store.import(self.account.id, vec![prepared], now()).await?;
        let known = imported.iter().filter(|imported| **imported == Imported::Known).count() as u64;
        self.count(&Batch { imported: imported.len() as u64 - known, known });
        Ok(())
    }

    /// Makes a mailbox for what every account has none of. A folder whose name is none that a mailbox can have goes to Archive.
    async fn find_place(&mut self, folder: usize) -> Result<(), Error> {
        if self.places.contains_key(&folder) {
            return Ok(());
        }
        let path = self.folders.get(folder).map(|folder| folder.path.as_slice()).unwrap_or_default();
        let place = match destination(path) {
            (Role::Archive, Some(path)) => match self.hub.store.own_mailbox(path).await {
                Ok(id) => Role::Own(id),
                Err(Error::Name(_)) => Role::Archive,
                Err(error) => return Err(error),
            },
            (role, _) => role,
        };
        self.places.insert(folder, place);
        Ok(())
    }

    /// A message without its content.
    fn foreign(&self, marks: Marks) -> Foreign {
        let Marks { folder, flags, uid, received_at, part, is_trash } = marks;
        let place = self.places.get(&folder).copied().unwrap_or(Role::Archive);
        let role = if is_trash { Role::Trash } else { place };
        Foreign { uid, part, flags, role, received_at, ..Foreign::default() }
    }

    fn send_batch(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        self.batch_bytes = 0;
        if batch.is_empty() {
            return;
        }
        let messages = batch.into_iter().map(|(octets, marks)| (octets, self.foreign(marks))).collect();
        self.under_way.push(import_batch(self.hub.clone(), self.account.id, messages).boxed());
    }

    fn count(&mut self, batch: &Batch) {
        self.report.imported += batch.imported;
        self.report.known += batch.known;
    }

    fn tell(&mut self) {
        if self.reported.elapsed() < REPORT_EVERY {
            return;
        }
        self.reported = Instant::now();
        self.hub.tell_if_room(Event::MoveProgress(MoveProgress {
            done: self.read_bytes.load(Ordering::Relaxed),
            total: self.total_bytes,
            messages: self.report.imported,
            known: self.report.known,
            damaged: self.report.damaged,
        }));
        if self.refreshed.elapsed() >= REFRESH_EVERY && self.report.imported > 0 {
            self.refreshed = Instant::now();
            self.hub.tell_if_room(Event::MailChanged);
        }
    }

    /// What the other program has fetched is not fetched again, wherever it is now.
    async fn adopt(&mut self) -> Result<(), Error> {
        let user = self.account.user.as_str();
        let own = self.source.known.iter().filter(|known| known.owner.is_of(user));
        let uids: Vec<Vec<u8>> = own.flat_map(|known| known.uids.iter().cloned()).collect();
        for uids in uids.chunks(BATCH_MESSAGES * 16) {
            self.report.adopted += self.hub.store.adopt_uids(self.account.id, uids.to_vec(), now()).await?;
        }
        Ok(())
    }

    fn failed(&self, error: &Error) -> Box<Problem> {
        let mut problem = problem::store_plain("Could not import everything", error);
        let ImportReport { imported, .. } = &self.report;
        problem.remedy = format!(
            "{} {imported} messages are here; import the same again and it goes on from there.",
            problem.remedy
        );
        problem.remedy = problem.remedy.trim_start().to_owned();
        problem
    }
}

/// What [`Import::take_all`] wakes up for.
enum Turn {
    Done(Result<Batch, Error>),
    Item(Option<Item>),
}

/// Hashed, looked up, and what is not here parsed, compressed, stored and indexed.
async fn import_batch(
    hub: Arc<Hub>,
    account: crate::account::AccountId,
    messages: Vec<(Vec<u8>, Foreign)>,
) -> Result<Batch, Error> {
    let hash = move || {
        let asked: Vec<_> =
            messages.iter().map(|(octets, foreign)| (octets_sha256(octets), foreign.uid.clone())).collect();
        (messages, asked)
    };
    let (mut messages, asked) = hub.workers.run(hash).await.ok_or_else(lost)?;
    let here = hub.store.has_imported(account, asked).await?;
    let known = here.iter().filter(|here| **here).count() as u64;
    let mut is_here = here.into_iter();
    messages.retain(|_| !is_here.next().unwrap_or_default());
    if messages.is_empty() {
        return Ok(Batch { imported: 0, known });
    }
    let packer = hub.store.packer();
    let prepare = move || messages.into_iter().map(|(octets, foreign)| prepared(&packer, octets, foreign)).unzip();
    let (prepared, words): (Vec<_>, Vec<_>) = hub.workers.run(prepare).await.ok_or_else(lost)?;
    let count = prepared.len() as u64;
    let imported = hub.store.import(account, prepared, now()).await?;
    let index: Vec<Indexed> =
        imported.iter().zip(words).filter_map(|(imported, words)| indexed(imported, words)).collect();
    let new = imported.iter().filter(|imported| **imported != Imported::Known).count() as u64;
    index_now(&hub.store, index).await?;
    Ok(Batch { imported: new, known: known + count - new })
}

/// The message is parsed once for the list and for the search.
fn prepared(packer: &Packer, octets: Vec<u8>, mut foreign: Foreign) -> (PreparedForeign, Option<Searchable>) {
    let parsed = catch_unwind(AssertUnwindSafe(|| Searchable::with_envelope(&octets)));
    let words = match parsed {
        Ok((envelope, words)) => {
            foreign.envelope = envelope;
            Some(words)
        }
        // A message that a parser stumbles over is kept all the same.
        Err(_) => None,
    };
    foreign.content = Content::Whole(octets);
    (packer.prepare_foreign(foreign), words)
}

fn indexed(imported: &Imported, words: Option<Searchable>) -> Option<Indexed> {
    match (imported, words) {
        (Imported::New { key, sha256 }, Some(words)) => {
            Some(Indexed { key: *key, sha256: *sha256, words: Some(words) })
        }
        // Its mark in the store stands for it.
        _ => None,
    }
}

async fn index_now(store: &Store, batch: Vec<Indexed>) -> Result<(), Error> {
    if batch.is_empty() { Ok(()) } else { store.index(batch).await }
}

fn envelope(head: &[u8]) -> Envelope {
    catch_unwind(AssertUnwindSafe(|| Envelope::from_raw(head))).unwrap_or_default()
}

fn size_of(folder: &Folder) -> u64 {
    let Ok(files) = files_of(folder) else { return 0 };
    files.filter_map(|file| std::fs::metadata(file.ok()?).ok()).map(|data| data.len()).sum()
}

fn lost() -> Error {
    Error::Unexpected("a message was lost on its way to the disk by a mistake of the program".into())
}
