//! One visit to one account's server: sign in, list, plan, fetch, store, delete, hang up.
//!
//! The order that nothing bends: a message's octets and its ledger row are committed and synced before its DELE is sent,
//! and a DELE counts only when QUIT was confirmed.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_channel::Receiver;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};

use super::endpoint::{endpoint, incoming_trust};
use super::event::{Event, Problem, Stage, Visit};
use super::hub::{Hub, now};
use super::plan::{Plan, Target, Terms, plan};
use super::problem::{self, Task};
use super::recognise::Recognition;
use crate::account::policy::Mirror;
use crate::account::{Account, Security};
use crate::mail::Envelope;
use crate::net::{Connection, DriveError};
use crate::protocol::pop3::{self, Credentials, Listing, MessageNumber, Session};
use crate::secret::Password;
use crate::store::types::Part;
use crate::store::{Arrival, Content, Delivery, LedgerEntry, LedgerId, LineUse, Note, StagedRaw, Store};

/// A batch is stored when it has this many octets,
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// this many messages,
const BATCH_MESSAGES: usize = 256;
/// or is this old: mail shows up soon, and yet not every message pays for a sync of its own.
const BATCH_AGE: Duration = Duration::from_millis(250);

/// Batches on their way to the disk before the line has to wait. With [`BATCH_BYTES`] it bounds the memory.
const BATCHES_IN_FLIGHT: usize = 3;

/// A message that grows beyond this goes to the disk piece by piece, so that no message is ever whole in memory because the
/// wire delivered it.
const PIECE_BYTES: usize = 1024 * 1024;

/// How Gmail greets: it lists some hundreds of messages at a time, and the next ones in the next session.
const BATCHING_SERVER: &str = "Gpop";

/// Sessions of one visit: a maildrop of half a million messages at Gmail.
const SESSIONS_LIMIT: u32 = 1000;

/// How often the screen hears how the visit is getting on.
const REPORT_EVERY: Duration = Duration::from_millis(100);

/// How often lists on the screen are asked to look again while mail comes in.
const REFRESH_EVERY: Duration = Duration::from_millis(400);

/// Visits the account's server. Never fails: what went wrong stands in the visit's problems.
pub(super) async fn visit(hub: &Arc<Hub>, account: &Account, stop: &Receiver<()>) -> Visit {
    let mut visit = Visit { account: account.id, account_name: account.name.clone(), ..Visit::default() };
    let mut password = None;
    for _session in 0..SESSIONS_LIMIT {
        let (more, so_far) = session(hub, account, visit, &mut password, stop).await;
        visit = so_far;
        if !more {
            break;
        }
    }
    visit.stage = Stage::Closed;
    note_line_use(hub, &mut visit).await;
    if let Some(password) = password {
        visit.problems.iter_mut().for_each(|problem| problem::redact(problem, password.reveal()));
    }
    visit
}

/// One session. True: the server may have more that it did not list.
async fn session(
    hub: &Arc<Hub>,
    account: &Account,
    mut visit: Visit,
    password: &mut Option<Password>,
    stop: &Receiver<()>,
) -> (bool, Visit) {
    let mut stopped = Box::pin(stop.recv().fuse());
    let opened = {
        let opening = open(Task::GetMail, hub, account, &mut visit, password);
        futures::select_biased! {
            _ = stopped => None,
            opened = opening.fuse() => Some(opened),
        }
    };
    match opened {
        None => visit.stopped = true,
        Some(Err(problem)) => visit.problems.push(*problem),
        Some(Ok((line, session))) => {
            let before = (visit.new, Cost::of(&visit));
            let mut collector = Collector::new(hub, account, visit, line, session);
            collector.run(stop).await;
            let more = collector.lists_in_batches;
            visit = collector.visit;
            before.1.add_to(&mut visit);
            return (
                more && visit.new > before.0 && visit.later == 0 && visit.problems.is_empty() && !visit.stopped,
                visit,
            );
        }
    }
    (false, visit)
}

/// What the sessions before this one have cost.
struct Cost {
    connected_ms: u64,
    bytes_in: u64,
    bytes_out: u64,
    deleted: u32,
    recognised: u32,
}

impl Cost {
    fn of(visit: &Visit) -> Self {
        let Visit { connected_ms, bytes_in, bytes_out, deleted_on_server, recognised, .. } = *visit;
        Self { connected_ms, bytes_in, bytes_out, deleted: deleted_on_server, recognised }
    }

    fn add_to(&self, visit: &mut Visit) {
        visit.connected_ms += self.connected_ms;
        visit.bytes_in += self.bytes_in;
        visit.bytes_out += self.bytes_out;
        visit.deleted_on_server += self.deleted;
        visit.recognised += self.recognised;
    }
}

pub(super) async fn open(
    task: Task,
    hub: &Hub,
    account: &Account,
    visit: &mut Visit,
    secret: &mut Option<Password>,
) -> Result<(Connection, Session), Box<Problem>> {
    let password = hub.password(account).await.map_err(|error| problem::secret(task, account, &error))?;
    *secret = Some(password.clone());
    visit.stage = Stage::Connecting;
    let progress = |visit: &Visit| {
        if task == Task::GetMail {
            hub.tell_if_room(Event::VisitProgress(visit.clone()));
        }
    };
    progress(visit);
    let started = Instant::now();
    let line = Connection::open(endpoint(account, &account.incoming, incoming_trust(account))).await;
    visit.connected_ms = millis(started.elapsed());
    let line = match line {
        Ok(line) => line,
        Err(error) => return Err(problem::incoming(task, account, &error).await),
    };
    let credentials = Credentials { user: account.user.clone(), password: password.reveal().to_owned().into() };
    visit.stage = Stage::SigningIn;
    progress(visit);
    let mut session = Session::new(credentials, account.incoming.security == Security::StartTls);
    // Said beforehand, it goes out with the last words of signing in where the server takes that.
    session.list();
    Ok((line, session))
}

/// Why a visit could not go on.
enum Failure {
    Line(DriveError<pop3::Error>),
    Store(crate::store::Error),
}

type StoreResult<T> = Result<T, crate::store::Error>;
type Delivered = StoreResult<Vec<(MessageNumber, Delivery)>>;

/// A message on its way in.
struct Incoming {
    target: Target,
    /// The first octets, for the envelope.
    head: Vec<u8>,
    /// What was not staged yet.
    octets: Vec<u8>,
    staged: Option<StagedRaw>,
}

struct Collector<'a> {
    hub: &'a Arc<Hub>,
    account: &'a Account,
    visit: Visit,
    line: Connection,
    session: Session,
    /// Messages that were asked for and not answered yet.
    awaited: HashMap<MessageNumber, Target>,
    current: Option<Incoming>,
    batch: Vec<(MessageNumber, Arrival)>,
    batch_bytes: usize,
    batch_began: Instant,
    deliveries: FuturesUnordered<BoxFuture<'static, Delivered>>,
    /// DELEs that were sent: the ledger rows they stand for.
    deleting: HashMap<MessageNumber, Option<LedgerId>>,
    deleted: Vec<Option<LedgerId>>,
    /// What may leave the server as soon as it is stored.
    going: HashSet<MessageNumber>,
    /// The server lists only a part of the maildrop in one session.
    lists_in_batches: bool,
    recognition: Recognition,
    listed: bool,
    quitting: bool,
    reported: Instant,
    refreshed: Instant,
}

impl<'a> Collector<'a> {
    fn new(hub: &'a Arc<Hub>, account: &'a Account, visit: Visit, line: Connection, session: Session) -> Self {
        let now = Instant::now();
        Self {
            hub,
            account,
            visit,
            line,
            session,
            awaited: HashMap::new(),
            current: None,
            batch: Vec::new(),
            batch_bytes: 0,
            batch_began: now,
            deliveries: FuturesUnordered::new(),
            deleting: HashMap::new(),
            deleted: Vec::new(),
            going: HashSet::new(),
            lists_in_batches: false,
            recognition: Recognition::default(),
            listed: false,
            quitting: false,
            reported: now,
            refreshed: now,
        }
    }

    async fn run(&mut self, stop: &Receiver<()>) {
        let ended = self.converse(stop).await;
        self.measure();
        self.note_broken_message().await;
        let store_failed = matches!(ended, Err(Failure::Store(_)));
        match ended {
            Ok(()) => {}
            Err(Failure::Line(error)) => {
                self.visit.problems.push(*problem::drive(Task::GetMail, self.account, error).await);
            }
            Err(Failure::Store(error)) => self.visit.problems.push(problem::store(Task::GetMail, self.account, &error)),
        }
        if !store_failed {
            self.store_the_rest().await;
        }
        if self.visit.new > 0 {
            self.hub.tell(None, Event::MailChanged).await;
        }
    }

    /// The conversation, until the line is closed, broken or no longer wanted.
    async fn converse(&mut self, stop: &Receiver<()>) -> Result<(), Failure> {
        loop {
            self.report();
            self.keep_to_the_time();
            self.quit_when_done();
            // With too many batches waiting for the disk nothing is read: then the server waits, and memory does not grow.
            let disk_is_behind = self.deliveries.len() >= BATCHES_IN_FLIGHT;
            if disk_is_behind {
                self.line.renew();
            }
            let age = self.batch_began.elapsed();
            let (line, session) = (&mut self.line, &mut self.session);
            let mut event = if disk_is_behind {
                futures::future::pending().boxed().fuse()
            } else {
                line.next(session).boxed().fuse()
            };
            let mut delivered = if self.deliveries.is_empty() {
                futures::future::pending().boxed().fuse()
            } else {
                self.deliveries.next().boxed().fuse()
            };
            let mut grown_old = if self.batch.is_empty() {
                futures::future::pending().boxed().fuse()
            } else {
                async_std::task::sleep(BATCH_AGE.saturating_sub(age)).boxed().fuse()
            };
            let turn = futures::select_biased! {
                _ = stop.recv().fuse() => Turn::Stopped,
                done = delivered => Turn::Delivered(done),
                event = event => Turn::Event(event),
                () = grown_old => Turn::BatchIsOld,
            };
            drop((event, delivered, grown_old));
            match turn {
                Turn::Stopped => {
                    self.visit.stopped = true;
                    return Ok(());
                }
                Turn::Delivered(done) => {
                    self.delivered(done.unwrap_or_else(|| Ok(Vec::new()))).await.map_err(Failure::Store)?
                }
                Turn::Event(Ok(Some(event))) => self.handle(event).await.map_err(Failure::Store)?,
                Turn::Event(Ok(None)) => return Ok(()),
                Turn::Event(Err(error)) => return Err(Failure::Line(error)),
                Turn::BatchIsOld => self.flush(),
            }
        }
    }

    async fn handle(&mut self, event: pop3::Event) -> StoreResult<()> {
        use pop3::Event;
        match event {
            Event::Greeted(words) => self.lists_in_batches = words.contains(BATCHING_SERVER),
            Event::SignedIn(_) => self.visit.stage = Stage::Listing,
            Event::Listed(listing) => self.listed(&listing).await?,
            Event::Message(number) => self.begin(number),
            Event::Chunk(octets) => self.take(octets).await?,
            Event::MessageEnd(number) => self.end(number).await?,
            Event::MessageRefused(number, _) if self.recognition.refused(number) => self.recognised().await?,
            Event::MessageRefused(number, reply) => {
                if let Some(uid) = self.awaited.remove(&number).and_then(|target| target.uid) {
                    let words = problem::said(&reply.text);
                    self.hub.store.note_failure(self.account.id, uid, words, now()).await?;
                }
                self.visit.problems.push(problem::message_refused(self.account, number, &reply));
            }
            Event::Deleted(number) => self.deleted.extend(self.deleting.remove(&number)),
            Event::DeleteRefused(number, reply) => {
                if let Some(Some(id)) = self.deleting.remove(&number) {
                    self.hub.store.note_still_listed(self.account.id, vec![id]).await?;
                }
                self.visit.problems.push(problem::delete_refused(self.account, number, &reply));
            }
            Event::Quit { confirmed } => self.farewell(confirmed).await?,
        }
        Ok(())
    }

    async fn listed(&mut self, listing: &Listing) -> StoreResult<()> {
        let (store, id) = (&self.hub.store, self.account.id);
        let Plan { retrieve, recognise, delete, still_listed, later, forget } =
            planned(self.hub, self.account, listing).await?;
        if !still_listed.is_empty() {
            store.note_still_listed(id, still_listed).await?;
        }
        store.forget_notes(id, forget).await?;
        self.visit.later = later;
        self.line.renew();
        self.visit.planned = u32::try_from(retrieve.len()).unwrap_or(u32::MAX);
        self.visit.planned_bytes = retrieve.iter().fold(0u64, |sum, target| sum.saturating_add(target.size_bytes));
        self.visit.stage = Stage::Fetching;
        self.delete(delete).await?;
        self.recognition.begin(recognise, &mut self.session);
        self.retrieve(retrieve);
        self.listed = true;
        Ok(())
    }

    fn retrieve(&mut self, targets: Vec<Target>) {
        for target in targets {
            if target.goes {
                self.going.insert(target.number);
            }
            match target.lines() {
                None => self.session.retrieve(target.number),
                Some(lines) => self.session.top(target.number, lines),
            }
            self.awaited.insert(target.number, target);
        }
    }

    /// The headers that tell what is known are in: the rest is fetched.
    async fn recognised(&mut self) -> StoreResult<()> {
        if let Some((count, rest)) = self.recognition.conclude(&self.hub.store, self.account.id).await? {
            self.visit.recognised = count;
            self.visit.planned += u32::try_from(rest.len()).unwrap_or(u32::MAX);
            self.line.renew();
            self.retrieve(rest);
        }
        Ok(())
    }

    fn begin(&mut self, number: MessageNumber) {
        if self.recognition.message(number) {
            return;
        }
        if let Some(target) = self.awaited.remove(&number) {
            self.current = Some(Incoming { target, head: Vec::new(), octets: Vec::new(), staged: None });
        }
    }

    async fn take(&mut self, octets: Vec<u8>) -> StoreResult<()> {
        self.visit.bytes += octets.len() as u64;
        if self.recognition.chunk(&octets) {
            return Ok(());
        }
        let Some(incoming) = &mut self.current else { return Ok(()) };
        incoming.octets.extend_from_slice(&octets);
        if incoming.octets.len() >= PIECE_BYTES {
            incoming.stage(&self.hub.store).await?;
            self.line.renew();
        }
        Ok(())
    }

    async fn end(&mut self, number: MessageNumber) -> StoreResult<()> {
        if self.recognition.end() {
            return self.recognised().await;
        }
        let Some(mut incoming) = self.current.take() else { return Ok(()) };
        if incoming.staged.is_some() {
            incoming.stage(&self.hub.store).await?;
        }
        let Incoming { target, head, octets, staged } = incoming;
        let came_bytes = staged.as_ref().map_or(octets.len() as u64, StagedRaw::size_bytes);
        self.batch_bytes += octets.len();
        let (content, head) = match staged {
            Some(staged) => (Content::Staged(staged), head),
            None => (Content::Whole(octets), Vec::new()),
        };
        if self.batch.is_empty() {
            self.batch_began = Instant::now();
        }
        let envelope = if head.is_empty() { Envelope::default() } else { envelope(&head) };
        let Target { uid, size_bytes, dedupe, part, completes, .. } = target;
        // A server that ignored the limit, or a message that is no longer than its first lines: it is here whole.
        let part = if size_bytes > 0 && came_bytes >= size_bytes { Part::Whole } else { part };
        self.batch.push((number, Arrival { uid, listed_size: size_bytes, content, envelope, dedupe, part, completes }));
        let nothing_follows = self.awaited.is_empty();
        if nothing_follows || self.batch_bytes >= BATCH_BYTES || self.batch.len() >= BATCH_MESSAGES {
            self.flush();
        }
        Ok(())
    }

    /// Sends the batch on its way to the disk: parsed, hashed and compressed on another thread, then one transaction.
    fn flush(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        self.batch_bytes = 0;
        if batch.is_empty() {
            return;
        }
        let (store, account) = (self.hub.store.clone(), self.account.id);
        self.deliveries.push(Box::pin(async move {
            let prepare = move || -> (Vec<MessageNumber>, Vec<_>) {
                batch
                    .into_iter()
                    .map(|(number, arrival)| (number, crate::store::prepare(with_envelope(arrival))))
                    .unzip()
            };
            let (numbers, prepared) = async_std::task::spawn_blocking(prepare).await;
            let deliveries = store.deliver(account, prepared, now()).await?;
            Ok(numbers.into_iter().zip(deliveries).collect())
        }));
    }

    /// A batch is on the disk: only now may its messages leave the server.
    async fn delivered(&mut self, done: Delivered) -> StoreResult<()> {
        let stored = done?;
        let new = stored.iter().filter(|(_, delivery)| !delivery.duplicate).count();
        self.visit.new += u32::try_from(new).unwrap_or(u32::MAX);
        if !self.visit.stopped && !self.quitting {
            let going = stored.into_iter().filter(|(number, _)| self.going.remove(number));
            let going = going.map(|(number, delivery)| (number, Some(delivery.ledger))).collect();
            self.delete(going).await?;
        }
        if new > 0 && self.refreshed.elapsed() >= REFRESH_EVERY {
            self.refreshed = Instant::now();
            self.hub.tell_if_room(Event::MailChanged);
        }
        Ok(())
    }

    /// Asks the server to delete what is safely stored, or what the person wants gone; what was asked for is on the disk first.
    async fn delete(&mut self, messages: Vec<(MessageNumber, Option<LedgerId>)>) -> StoreResult<()> {
        if messages.is_empty() {
            return Ok(());
        }
        let ids = messages.iter().filter_map(|&(_, id)| id).collect();
        self.hub.store.note_delete_sent(self.account.id, ids).await?;
        for (number, id) in messages {
            self.session.delete(number);
            self.deleting.insert(number, id);
        }
        Ok(())
    }

    /// After the time that the account gives a visit nothing more is asked for; what is on its way still comes.
    fn keep_to_the_time(&mut self) {
        let limit = self.account.policy.visit_secs.map(|secs| Duration::from_secs(u64::from(secs)));
        if limit.is_none_or(|limit| self.line.open_for() < limit) || self.recognition.is_under_way() {
            return;
        }
        for number in self.session.withdraw() {
            if self.awaited.remove(&number).is_some() {
                self.visit.later = self.visit.later.saturating_add(1);
            }
        }
    }

    /// The line is closed the moment nothing more has to be moved.
    fn quit_when_done(&mut self) {
        let fetched =
            self.listed && self.awaited.is_empty() && self.current.is_none() && !self.recognition.is_under_way();
        let stored = self.batch.is_empty() && self.deliveries.is_empty();
        if fetched && stored && !self.quitting {
            self.quitting = true;
            self.visit.stage = Stage::Deleting;
            self.session.quit();
        }
    }

    async fn farewell(&mut self, confirmed: bool) -> StoreResult<()> {
        self.measure();
        let deleted = std::mem::take(&mut self.deleted);
        if deleted.is_empty() {
            return Ok(());
        }
        if confirmed {
            self.visit.deleted_on_server = u32::try_from(deleted.len()).unwrap_or(u32::MAX);
            self.hub.store.note_delete_done(self.account.id, deleted.into_iter().flatten().collect()).await
        } else {
            let notice = problem::quit_unconfirmed(self.account, deleted.len());
            self.hub.tell(None, Event::Notice(Box::new(notice))).await;
            Ok(())
        }
    }

    /// A message in whose middle the line broke is nowhere in the store, and goes last next time.
    async fn note_broken_message(&mut self) {
        let Some(incoming) = self.current.take() else { return };
        if let Some(uid) = incoming.target.uid.filter(|_| !self.visit.stopped) {
            let noted = self.hub.store.note_failure(self.account.id, uid, "the line broke".into(), now()).await;
            if let Err(error) = noted {
                self.visit.problems.push(problem::store(Task::GetMail, self.account, &error));
            }
        }
        if let Some(staged) = incoming.staged
            && let Err(error) = self.hub.store.stage_discard(staged).await
        {
            self.visit.problems.push(problem::store(Task::GetMail, self.account, &error));
        }
    }

    /// What came whole before the line broke or the person said *Stop* is kept.
    async fn store_the_rest(&mut self) {
        self.flush();
        while let Some(done) = self.deliveries.next().await {
            match done {
                Ok(stored) => {
                    let new = stored.iter().filter(|(_, delivery)| !delivery.duplicate).count();
                    self.visit.new += u32::try_from(new).unwrap_or(u32::MAX);
                }
                Err(error) => return self.visit.problems.push(problem::store(Task::GetMail, self.account, &error)),
            }
        }
    }

    /// What the line has cost so far.
    fn measure(&mut self) {
        self.visit.connected_ms = millis(self.line.open_for());
        self.visit.bytes_in = self.line.bytes_in;
        self.visit.bytes_out = self.line.bytes_out;
    }

    fn report(&mut self) {
        if self.reported.elapsed() >= REPORT_EVERY {
            self.reported = Instant::now();
            self.measure();
            self.hub.tell_if_room(Event::VisitProgress(self.visit.clone()));
        }
    }
}

/// Adds the visit to what its account's line has cost.
async fn note_line_use(hub: &Hub, visit: &mut Visit) {
    if visit.bytes_in == 0 {
        return;
    }
    let added = LineUse {
        account: visit.account,
        month: jiff::Zoned::now().strftime("%Y-%m").to_string(),
        visits: 1,
        connected_ms: visit.connected_ms,
        bytes_in: visit.bytes_in,
        bytes_out: visit.bytes_out,
        new: u64::from(visit.new),
    };
    if let Err(error) = hub.store.add_line_use(added).await {
        visit.problems.push(*problem::store_plain("Could not note what the line has cost", &error));
    }
}

/// What the visit is to do, by what the store knows.
async fn planned(hub: &Hub, account: &Account, listing: &Listing) -> StoreResult<Plan> {
    let known = Known::load(hub, account).await?;
    Ok(plan(listing, &known.terms(account)))
}

/// What the store knows of a maildrop.
pub(super) struct Known {
    pub ledger: Vec<LedgerEntry>,
    pub notes: HashMap<Vec<u8>, Note>,
    left: HashSet<LedgerId>,
}

impl Known {
    pub async fn load(hub: &Hub, account: &Account) -> StoreResult<Self> {
        let (store, id) = (&hub.store, account.id);
        let left = match account.policy.mirror {
            Mirror::Nothing => HashSet::new(),
            mirror => store.ledger_left(id, mirror == Mirror::LeftInbox).await?,
        };
        Ok(Self { ledger: store.ledger(id).await?, notes: store.notes(id).await?, left })
    }

    pub fn terms<'a>(&'a self, account: &'a Account) -> Terms<'a> {
        Terms {
            ledger: &self.ledger,
            notes: &self.notes,
            left: &self.left,
            retention: account.retention,
            policy: &account.policy,
            now: now(),
        }
    }
}

/// What the collector wakes up for.
enum Turn {
    Stopped,
    Delivered(Option<Delivered>),
    Event(Result<Option<pop3::Event>, DriveError<pop3::Error>>),
    BatchIsOld,
}

impl Incoming {
    /// Moves what has come to the disk.
    async fn stage(&mut self, store: &Store) -> StoreResult<()> {
        if self.head.is_empty() {
            self.head = self.octets.get(..Envelope::HEAD_BYTES.min(self.octets.len())).unwrap_or_default().to_vec();
        }
        let mut staged = match self.staged.take() {
            Some(staged) => staged,
            None => store.stage_begin().await?,
        };
        let appended = store.stage_append(&mut staged, std::mem::take(&mut self.octets)).await;
        self.staged = Some(staged);
        appended
    }
}

fn with_envelope(mut arrival: Arrival) -> Arrival {
    if let Content::Whole(octets) = &arrival.content {
        arrival.envelope = envelope(octets);
    }
    arrival
}

/// A message that a parser stumbles over is stored all the same, with an empty envelope.
fn envelope(octets: &[u8]) -> Envelope {
    catch_unwind(AssertUnwindSafe(|| Envelope::from_raw(octets))).unwrap_or_default()
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
