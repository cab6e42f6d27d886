//! One session with a maildrop that is open: what the line brings goes to the store, and what is stored may leave the server.

use std::collections::{HashMap, HashSet};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_channel::Receiver;
use futures::future::{BoxFuture, pending};
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};

use super::millis;
use crate::account::Account;
use crate::engine::event::{Event, Problem, Stage, Visit};
use crate::engine::hub::{Hub, now};
use crate::engine::intake::{Intake, Stored};
use crate::engine::plan::{Choice, Target};
use crate::engine::problem::{self, Task};
use crate::engine::recognise::Recognition;
use crate::engine::{meter, sign_in};
use crate::net::{self, Connection, DriveError};
use crate::protocol::pop3::{self, Listing, MessageNumber, Session};
use crate::store::LedgerId;

mod asking;

/// Events of the line that are handled before anything else gets its turn.
const EVENTS_AT_ONCE: usize = 256;

/// How Gmail greets: it lists some hundreds of messages at a time, and the next ones in the next session.
const BATCHING_SERVER: &str = "Gpop";

/// How often the screen hears how the visit is getting on.
const REPORT_EVERY: Duration = Duration::from_millis(100);

/// How often lists on the screen are asked to look again while mail comes in.
const REFRESH_EVERY: Duration = Duration::from_millis(400);

/// Why a visit could not go on.
enum Failure {
    Line(DriveError<pop3::Error>),
    Store(crate::store::Error),
}

type StoreResult<T> = Result<T, crate::store::Error>;
type LineEvent = Result<Option<pop3::Event>, DriveError<pop3::Error>>;

/// Messages that are to leave the server, with the ledger rows that they stand for.
pub(in crate::engine) type Deletions = Vec<(MessageNumber, Option<LedgerId>)>;

pub(super) struct Collector<'a> {
    hub: &'a Arc<Hub>,
    account: &'a Account,
    pub visit: Visit,
    line: Connection,
    session: Session,
    listing: Arc<Listing>,
    /// What is to be fetched and was not asked for yet.
    to_retrieve: std::vec::IntoIter<Choice>,
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
    pub lists_in_batches: bool,
    recognition: Recognition,
    listed: bool,
    quitting: bool,
    reported: Instant,
    refreshed: Instant,
}

impl<'a> Collector<'a> {
    pub fn new(hub: &'a Arc<Hub>, account: &'a Account, visit: Visit, line: Connection, session: Session) -> Self {
        let now = Instant::now();
        Self {
            hub,
            account,
            visit,
            line,
            session,
            listing: Arc::default(),
            to_retrieve: Vec::new().into_iter(),
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
    pub async fn run(&mut self, stop: &Receiver<()>) -> Option<Problem> {
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
    pub fn shows_of_pipelining(&self, careful: bool) -> Option<bool> {
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
