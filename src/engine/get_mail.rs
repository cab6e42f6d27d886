//! One visit to one account's server: sign in, list, plan, fetch, store, delete, hang up.
//!
//! The order that nothing bends: a message's octets and its ledger row are committed and synced before its DELE is sent,
//! and a DELE counts only when QUIT was confirmed.

use std::collections::{HashMap, HashSet};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_channel::Receiver;
use futures::future::{BoxFuture, pending};
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};

use super::endpoint::{endpoint, incoming_trust};
use super::event::{Event, Problem, Stage, Visit};
use super::hub::{Hub, now};
use super::intake::{Intake, Stored};
use super::known;
use super::plan::{Choice, Plan, Target};
use super::problem::{self, Task};
use super::recognise::{Conclusion, Recognition};
use super::{meter, sign_in};
use crate::account::{Account, AccountId};
use crate::net::{self, Connection, DriveError};
use crate::protocol::pop3::{self, Listing, MessageNumber, Session};
use crate::secret::Password;
use crate::store::{LedgerId, Store};

/// Events of the line that are handled before anything else gets its turn.
const EVENTS_AT_ONCE: usize = 256;

/// Commands that wait in the session, so that its window never runs dry: as many as it lets out at once.
const AHEAD: usize = 16 * 1024;

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
    let (mut password, mut next) = (None, Next::Session);
    for _session in 0..SESSIONS_LIMIT {
        if next == Next::Nothing {
            break;
        }
        (next, visit) = session(hub, account, visit, &mut password, stop, next).await;
    }
    visit.stage = Stage::Closed;
    let outcome = meter::outcome(&visit);
    meter::note(hub, &mut visit, outcome).await;
    if let Some(password) = password {
        visit.problems.iter_mut().for_each(|problem| problem::redact(problem, password.reveal()));
    }
    visit
}

/// What a session leaves to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Nothing,
    /// Another session: the server may have more that it did not list.
    Session,
    /// Another session with one command at a time: the server broke when it was taken at its word, perhaps because of that.
    CarefulSession,
}

/// One session, and what comes after it.
async fn session(
    hub: &Arc<Hub>,
    account: &Account,
    mut visit: Visit,
    password: &mut Option<Password>,
    stop: &Receiver<()>,
    kind: Next,
) -> (Next, Visit) {
    let careful = kind == Next::CarefulSession;
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
        Some(Ok((line, mut session))) => {
            if careful {
                session.one_at_a_time();
            }
            let before = (visit.new, Cost::of(&visit));
            let mut collector = Collector::new(hub, account, visit, line, session);
            let fault = collector.run(stop).await.filter(|_| !careful);
            let shown = collector.shows_of_pipelining(careful);
            let more = collector.lists_in_batches;
            visit = collector.visit;
            before.1.add_to(&mut visit);
            if let Some(works) = shown
                && let Err(error) = sign_in::remember_pipelining(&hub.store, account, works).await
            {
                visit.problems.push(problem::store(Task::GetMail, account, &error));
            }
            let well = visit.problems.is_empty() && !visit.stopped;
            return match fault {
                Some(_) if well => (Next::CarefulSession, visit),
                None if well && more && visit.new > before.0 && visit.later == 0 => (Next::Session, visit),
                fault => {
                    visit.problems.extend(fault);
                    (Next::Nothing, visit)
                }
            };
        }
    }
    (Next::Nothing, visit)
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
    let password = sign_in::password(hub, account).await.map_err(|error| problem::secret(task, account, &error))?;
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
    visit.stage = Stage::SigningIn;
    progress(visit);
    let memory = hub.store.server_memory(account.id).await;
    let memory = memory.map_err(|error| Box::new(problem::store(task, account, &error)))?;
    let mut session = sign_in::session(account, &password, &memory);
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
type LineEvent = Result<Option<pop3::Event>, DriveError<pop3::Error>>;

/// Messages that are to leave the server, with the ledger rows that they stand for.
pub(super) type Deletions = Vec<(MessageNumber, Option<LedgerId>)>;

struct Collector<'a> {
    hub: &'a Arc<Hub>,
    account: &'a Account,
    visit: Visit,
    line: Connection,
    session: Session,
    listing: Arc<Listing>,
    /// What is to be fetched and was not asked for yet.
    to_retrieve: std::vec::IntoIter<Choice>,
    /// Of these so many may leave the server as soon as they are stored.
    to_go: usize,
    /// What is to be deleted and was not asked for yet.
    to_delete: std::vec::IntoIter<(MessageNumber, Option<LedgerId>)>,
    /// Messages that were asked for and not answered yet.
    awaited: HashMap<MessageNumber, Target>,
    intake: Intake,
    /// Messages that are noted as being deleted before the server is asked to.
    noting: FuturesUnordered<BoxFuture<'static, StoreResult<Deletions>>>,
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
            listing: Arc::default(),
            to_retrieve: Vec::new().into_iter(),
            to_go: 0,
            to_delete: Vec::new().into_iter(),
            awaited: HashMap::new(),
            intake: Intake::new(hub.store.clone(), account.id, hub.workers.clone(), hub.held.clone()),
            noting: FuturesUnordered::new(),
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

    /// Gives what broke the session, if one that does not take the server at its word may do better; any other problem is the
    /// visit's.
    async fn run(&mut self, stop: &Receiver<()>) -> Option<Problem> {
        let ended = self.converse(stop).await;
        self.measure();
        self.note_broken_message().await;
        let store_failed = matches!(ended, Err(Failure::Store(_)));
        let mut doubtful = None;
        match ended {
            Ok(()) => {}
            Err(Failure::Line(error)) => {
                let doubts = self.doubts_pipelining(&error);
                let problem = *problem::drive(Task::GetMail, self.account, error).await;
                if doubts {
                    doubtful = Some(problem);
                } else {
                    self.visit.problems.push(problem);
                }
            }
            Err(Failure::Store(error)) => self.visit.problems.push(problem::store(Task::GetMail, self.account, &error)),
        }
        if !store_failed {
            self.store_the_rest().await;
        }
        if self.visit.new > 0 {
            self.hub.tell(None, Event::MailChanged).await;
        }
        doubtful
    }

    /// Whether the session may have broken because several commands were on their way. A refusal is none of these: a password that
    /// was refused is not tried again at once.
    fn doubts_pipelining(&self, error: &DriveError<pop3::Error>) -> bool {
        use pop3::Error::{Garbage, HungUp, HungUpOnPassword, RanTogether, Unasked};
        let is_breakage = matches!(
            error,
            DriveError::Net(net::Error::Silent { .. })
                | DriveError::Protocol(HungUp | HungUpOnPassword | Garbage(_) | Unasked(_) | RanTogether(_))
        );
        is_breakage && self.session.doubts_pipelining()
    }

    /// Whether PIPELINING works with this server. None: the session did not show.
    fn shows_of_pipelining(&self, careful: bool) -> Option<bool> {
        match careful {
            true => (self.listed && self.visit.problems.is_empty()).then_some(false),
            false => self.session.pipelining_works().then_some(true),
        }
    }

    /// The conversation, until the line is closed, broken or no longer wanted.
    async fn converse(&mut self, stop: &Receiver<()>) -> Result<(), Failure> {
        loop {
            self.report();
            self.keep_to_the_time();
            self.ask_for_more();
            self.quit_when_done();
            let turn = self.turn(stop).await;
            match turn {
                Turn::Stopped => {
                    self.visit.stopped = true;
                    return Ok(());
                }
                Turn::Stored(stored) => stored.and_then(|stored| self.stored(stored)).map_err(Failure::Store)?,
                Turn::Noted(noted) => self.ask_to_delete(noted.map_err(Failure::Store)?),
                Turn::Event(event) => {
                    if !self.take_turn(event).await? {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Waits for what comes first.
    async fn turn(&mut self, stop: &Receiver<()>) -> Turn {
        // Where too much waits for the disk nothing is read: then the server waits, and memory does not grow.
        let disk_is_behind = self.intake.is_behind();
        if disk_is_behind {
            self.line.renew();
        }
        let event = match disk_is_behind {
            true => pending().left_future(),
            false => self.line.next(&mut self.session).right_future(),
        };
        let noted = match self.noting.is_empty() {
            true => pending().left_future(),
            false => self.noting.next().right_future(),
        };
        let (mut event, mut stored) = (pin!(event.fuse()), pin!(self.intake.next().fuse()));
        let mut noted = noted.fuse();
        futures::select_biased! {
            _ = stop.recv().fuse() => Turn::Stopped,
            stored = stored => Turn::Stored(stored),
            noted = noted => Turn::Noted(noted.unwrap_or_else(|| Ok(Vec::new()))),
            event = event => Turn::Event(event),
        }
    }

    /// An event of the line, and those that have come with it. False: the conversation is over.
    async fn take_turn(&mut self, event: LineEvent) -> Result<bool, Failure> {
        let mut next = Some(event);
        let mut handled = 0;
        while let Some(event) = next {
            match event {
                Ok(Some(event)) => self.handle(event).await.map_err(Failure::Store)?,
                Ok(None) => return Ok(false),
                Err(error) => return Err(Failure::Line(error)),
            }
            handled += 1;
            // Before the listing a handshake may be under way, which must not be dropped in its middle.
            if !self.listed || handled >= EVENTS_AT_ONCE || self.intake.is_behind() {
                break;
            }
            self.ask_for_more();
            self.quit_when_done();
            next = self.line.next(&mut self.session).now_or_never();
        }
        Ok(true)
    }

    async fn handle(&mut self, event: pop3::Event) -> StoreResult<()> {
        use pop3::Event;
        match event {
            Event::Greeted(words) => self.lists_in_batches = words.contains(BATCHING_SERVER),
            Event::SignedIn(signed_in) => {
                self.visit.stage = Stage::Listing;
                sign_in::remember(&self.hub.store, self.account, &signed_in).await?;
            }
            Event::Listed(listing) => self.listed(listing).await?,
            Event::Message(number) => self.begin(number),
            Event::Chunk(octets) => self.take(&octets).await?,
            Event::MessageEnd(number) => self.end(number).await?,
            Event::MessageRefused(number, _) if self.recognition.refused(number) => self.recognised().await?,
            Event::MessageRefused(number, reply) => {
                if let Some(uid) = self.awaited.remove(&number).and_then(|target| target.uid) {
                    let words = problem::said(&reply.text);
                    self.hub.store.note_failure(self.account.id, uid, words, now()).await?;
                }
                self.visit.problems.push(problem::message_refused(self.account, number, &reply));
                if self.awaited.is_empty() {
                    self.intake.nothing_follows();
                }
            }
            Event::Deleted(number) => self.deleted.extend(self.deleting.remove(&number)),
            Event::Reset { .. } => {}
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

    async fn listed(&mut self, listing: Arc<Listing>) -> StoreResult<()> {
        let (store, id) = (&self.hub.store, self.account.id);
        let Plan { retrieve, recognise, delete, still_listed, later, forget } =
            known::plan(self.hub, self.account, &listing).await?;
        self.listing = listing;
        if !still_listed.is_empty() {
            store.note_still_listed(id, still_listed).await?;
        }
        store.forget_notes(id, forget).await?;
        self.visit.later = later;
        self.line.renew();
        let retrieve = self.confirmed(retrieve);
        self.visit.planned = u32::try_from(retrieve.len()).unwrap_or(u32::MAX);
        let bytes = retrieve.iter().map(|choice| choice.size_bytes(&self.listing));
        self.visit.planned_bytes = bytes.fold(0u64, u64::saturating_add);
        self.visit.stage = Stage::Fetching;
        self.to_go = retrieve.iter().filter(|choice| choice.goes()).count();
        self.to_retrieve = retrieve.into_iter();
        self.to_delete = delete.into_iter();
        // Before what is to be retrieved: a line that breaks later finds them done.
        let first = self.to_delete.by_ref().take(AHEAD / 2).collect();
        let noted = note_deletions(store.clone(), id, first).await?;
        self.ask_to_delete(noted);
        let suspects = recognise.iter();
        let suspects = suspects.map(|&(choice, namesake)| Target { namesake, ..choice.target(&self.listing) });
        self.recognition.begin(suspects.collect(), &mut self.session);
        self.listed = true;
        self.ask_for_more();
        Ok(())
    }

    /// Nothing, where there is more than the person wants to pay for unasked.
    fn confirmed(&mut self, choices: Vec<Choice>) -> Vec<Choice> {
        let Some(limit) = self.account.policy.ask_above_bytes else { return choices };
        let bytes = choices.iter().fold(0u64, |sum, choice| sum.saturating_add(choice.whole_bytes(&self.listing)));
        if self.hub.take_confirmed(self.account.id) || bytes <= limit {
            return choices;
        }
        self.visit.later = self.visit.later.saturating_add(u32::try_from(choices.len()).unwrap_or(u32::MAX));
        self.visit.problems.push(problem::asks_first(self.account, choices.len(), bytes, limit));
        Vec::new()
    }

    /// Keeps the session busy, and no more: of a million messages only those in reach are held in full.
    fn ask_for_more(&mut self) {
        if self.noting.is_empty() && self.session.waiting() < AHEAD / 2 {
            let deletions: Deletions = self.to_delete.by_ref().take(AHEAD / 2).collect();
            if !deletions.is_empty() {
                self.note_deletions(deletions);
            }
        }
        while self.session.waiting() < AHEAD
            && let Some(choice) = self.to_retrieve.next()
        {
            self.retrieve(choice.target(&self.listing));
        }
    }

    fn retrieve(&mut self, target: Target) {
        if target.goes {
            self.to_go = self.to_go.saturating_sub(1);
            self.going.insert(target.number);
        }
        match target.lines() {
            None => self.session.retrieve(target.number),
            Some(lines) => self.session.top(target.number, lines),
        }
        self.awaited.insert(target.number, target);
    }

    /// The headers that tell what is known are in: the rest is fetched.
    async fn recognised(&mut self) -> StoreResult<()> {
        if let Some(Conclusion { recognised, due, rest }) =
            self.recognition.conclude(&self.hub.store, self.account.id).await?
        {
            self.visit.recognised = recognised;
            self.visit.planned += u32::try_from(rest.len()).unwrap_or(u32::MAX);
            self.line.renew();
            self.note_deletions(due);
            self.to_go += rest.iter().filter(|target| target.goes).count();
            rest.into_iter().for_each(|target| self.retrieve(target));
        }
        Ok(())
    }

    fn begin(&mut self, number: MessageNumber) {
        if self.recognition.message(number) {
            return;
        }
        if let Some(target) = self.awaited.remove(&number) {
            self.intake.begin(target);
        }
    }

    async fn take(&mut self, octets: &[u8]) -> StoreResult<()> {
        self.visit.bytes += octets.len() as u64;
        if self.recognition.chunk(octets) {
            return Ok(());
        }
        self.intake.take(octets).await?;
        self.line.renew();
        Ok(())
    }

    async fn end(&mut self, number: MessageNumber) -> StoreResult<()> {
        if self.recognition.end() {
            return self.recognised().await;
        }
        self.intake.end(number).await?;
        if self.awaited.is_empty() {
            self.intake.nothing_follows();
        }
        Ok(())
    }

    /// They are on the disk: only now may they leave the server.
    fn stored(&mut self, stored: Stored) -> StoreResult<()> {
        let new = stored.iter().filter(|(_, delivery)| !delivery.duplicate).count();
        self.visit.new += u32::try_from(new).unwrap_or(u32::MAX);
        if !self.visit.stopped && !self.quitting {
            let going = stored.into_iter().filter(|(number, _)| self.going.remove(number));
            let going: Deletions = going.map(|(number, delivery)| (number, Some(delivery.ledger))).collect();
            if !going.is_empty() {
                self.note_deletions(going);
            }
        }
        if new > 0 && self.refreshed.elapsed() >= REFRESH_EVERY {
            self.refreshed = Instant::now();
            self.hub.tell_if_room(Event::MailChanged);
        }
        Ok(())
    }

    /// The server is asked to delete what is safely stored, or what the person wants gone; that it will be is on the disk first.
    fn note_deletions(&mut self, messages: Deletions) {
        self.noting.push(note_deletions(self.hub.store.clone(), self.account.id, messages).boxed());
    }

    fn ask_to_delete(&mut self, messages: Deletions) {
        for (number, id) in messages {
            self.session.delete(number);
            self.deleting.insert(number, id);
        }
    }

    /// After the time that the account gives a visit nothing more is asked for; what is on its way still comes.
    fn keep_to_the_time(&mut self) {
        let limit = self.account.policy.visit_secs.map(|secs| Duration::from_secs(u64::from(secs)));
        if limit.is_none_or(|limit| self.line.open_for() < limit) || self.recognition.is_under_way() {
            return;
        }
        let mut later = std::mem::take(&mut self.to_retrieve).count();
        self.to_go = 0;
        for number in self.session.withdraw() {
            self.going.remove(&number);
            later += usize::from(self.awaited.remove(&number).is_some());
        }
        self.visit.later = self.visit.later.saturating_add(u32::try_from(later).unwrap_or(u32::MAX));
    }

    /// The line is closed the moment nothing more has to be moved. The disk may still be at work then, unless a message is to
    /// leave the server once it is stored.
    fn quit_when_done(&mut self) {
        if self.quitting || !self.listed || self.recognition.is_under_way() {
            return;
        }
        if self.to_retrieve.len() > 0 || self.to_delete.len() > 0 || !self.noting.is_empty() {
            return;
        }
        let fetched = self.awaited.is_empty() && !self.intake.is_amid_message();
        let nothing_goes = self.going.is_empty() && self.to_go == 0;
        if nothing_goes || fetched && self.intake.is_empty() {
            self.quitting = true;
            if fetched {
                self.visit.stage = Stage::Deleting;
            }
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
        let (target, discarded) = self.intake.abandon().await;
        let mut outcomes = vec![discarded];
        if let Some(uid) = target.and_then(|target| target.uid).filter(|_| !self.visit.stopped) {
            let words = "the line broke".into();
            outcomes.push(self.hub.store.note_failure(self.account.id, uid, words, now()).await);
        }
        for error in outcomes.into_iter().filter_map(Result::err) {
            self.visit.problems.push(problem::store(Task::GetMail, self.account, &error));
        }
    }

    /// What came whole before the line broke or the person said *Stop* is kept.
    async fn store_the_rest(&mut self) {
        self.intake.nothing_follows();
        while !self.intake.is_empty() {
            match self.intake.next().await {
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
        meter::measure_round_trip(&mut self.visit, &self.session);
    }

    fn report(&mut self) {
        if self.reported.elapsed() >= REPORT_EVERY {
            self.reported = Instant::now();
            self.measure();
            self.hub.tell_if_room(Event::VisitProgress(self.visit.clone()));
        }
    }
}

/// What the collector wakes up for.
enum Turn {
    Stopped,
    Stored(StoreResult<Stored>),
    Noted(StoreResult<Deletions>),
    Event(LineEvent),
}

/// Notes that the server is about to be asked to delete these; gives them back.
async fn note_deletions(store: Store, account: AccountId, messages: Deletions) -> StoreResult<Deletions> {
    let ids: Vec<LedgerId> = messages.iter().filter_map(|&(_, id)| id).collect();
    store.note_delete_sent(account, ids).await?;
    Ok(messages)
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
