//! What lies on an account's server, and what becomes of each message there: before the line is paid for.

use std::collections::HashMap;
use std::sync::Arc;

use async_channel::Receiver;
use futures::FutureExt;

use super::event::{Problem, ServerMessage, ServerView, Visit};
use super::get_mail::{self, millis};
use super::hub::{Hub, now};
use super::known::Known;
use super::meter;
use super::plan::Fate;
use super::problem::{self, Task};
use super::sign_in;
use crate::account::Account;
use crate::mail::{Envelope, sanitize};
use crate::net::Connection;
use crate::protocol::pop3::{Event, Listing, MessageNumber, Session};
use crate::secret::Password;
use crate::store::types::{MessageKey, Part};
use crate::store::{LineUse, Outcome};

/// Headers that are asked for in one look, the newest first: more is more than a person reads, and the line costs.
const HEADERS_LIMIT: usize = 500;

/// Octets of a header that are kept; what a server sends beyond is let go.
const HEADER_BYTES: usize = 16 * 1024;

/// Signs in, lists, asks for the headers of what is not here (where `headers`), and hangs up. Fetches and deletes nothing.
pub(super) async fn view(
    hub: &Arc<Hub>,
    account: &Account,
    headers: bool,
    stop: &Receiver<()>,
) -> Result<ServerView, Box<Problem>> {
    let mut secret = None;
    let outcome = {
        let mut looked = Box::pin(look(hub, account, headers, &mut secret).fuse());
        futures::select_biased! {
            _ = stop.recv().fuse() => Err(problem::stopped(Task::ViewServer, account)),
            outcome = looked => outcome,
        }
    };
    outcome.map_err(|mut problem| {
        if let Some(password) = &secret {
            problem::redact(&mut problem, password.reveal());
        }
        problem
    })
}

async fn look(
    hub: &Arc<Hub>,
    account: &Account,
    headers: bool,
    secret: &mut Option<Password>,
) -> Result<ServerView, Box<Problem>> {
    let task = Task::ViewServer;
    let store_failed = |error| Box::new(problem::store(task, account, &error));
    let mut visit = Visit { account: account.id, account_name: account.name.clone(), ..Visit::default() };
    let (mut line, mut session) = get_mail::open(task, hub, account, &mut visit, secret).await?;
    let mut glance = Glance::default();
    loop {
        match line.next(&mut session).await {
            Ok(Some(Event::Listed(listing))) => {
                glance.listing = listing;
                if headers {
                    let known = Known::load(hub, account).await.map_err(store_failed)?;
                    let fates = known.fates(hub, account, &glance.listing).await.map_err(store_failed)?;
                    glance.ask_for_headers(&mut session, &known, &fates);
                }
                line.renew();
                session.quit();
            }
            Ok(Some(Event::SignedIn(signed_in))) => {
                sign_in::remember(&hub.store, account, &signed_in).await.map_err(store_failed)?;
            }
            Ok(Some(event)) => glance.take(event),
            Ok(None) => break,
            Err(error) => return Err(problem::drive(task, account, error).await),
        }
    }
    hang_up(line, &session, &mut visit);
    meter::note(hub, &mut visit, Outcome::Looked).await;
    let Glance { listing, headers, .. } = glance;
    hub.store.note_headers(account.id, headers.into_iter().collect()).await.map_err(store_failed)?;
    let known = Known::load(hub, account).await.map_err(store_failed)?;
    let months = hub.store.line_use().await.map_err(store_failed)?;
    let months: Vec<LineUse> = months.into_iter().filter(|month| month.account == account.id).collect();
    let memory = hub.store.server_memory(account.id).await.map_err(store_failed)?;
    let visits = hub.store.visits().await.map_err(store_failed)?;
    let fates = known.fates(hub, account, &listing).await.map_err(store_failed)?;
    let mut messages = described(&listing, &known, fates);
    name_what_is_here(hub, &mut messages).await.map_err(store_failed)?;
    Ok(ServerView {
        account: account.id,
        account_name: account.name.clone(),
        taken_at: now(),
        connected_ms: visit.connected_ms,
        round_trip: visit.round_trip,
        messages,
        expire_days: memory.expire.and_then(|words| words.parse().ok()),
        quota_bytes: account.policy.quota_bytes,
        bytes_per_sec: bytes_per_sec(&months),
        this_month: months.into_iter().find(|month| month.month == meter::this_month()),
        visits: visits.into_iter().filter(|visit| visit.account == account.id).collect(),
    })
}

/// What the account's line has carried in this month and the last. Not said after a few short visits, which are all sign-in.
fn bytes_per_sec(months: &[LineUse]) -> Option<u64> {
    let (bytes, ms) = months
        .iter()
        .take(2)
        .fold((0u64, 0u64), |(bytes, ms), month| (bytes + month.bytes_in, ms + month.connected_ms));
    if bytes < TELLING_BYTES || ms == 0 { None } else { Some(bytes.saturating_mul(1000) / ms) }
}

/// What the line has cost. It is closed before anything else is done.
fn hang_up(line: Connection, session: &Session, visit: &mut Visit) {
    meter::measure_round_trip(visit, session);
    visit.connected_ms = millis(line.open_for());
    (visit.bytes_in, visit.bytes_out) = (line.bytes_in, line.bytes_out);
}

/// Octets below which a line's speed cannot be told.
const TELLING_BYTES: u64 = 1 << 20;

/// Of what is here the newest so many are shown with sender and subject: a person scrolls no further.
const NAMED_LIMIT: usize = 20_000;

/// What has been seen so far.
#[derive(Default)]
struct Glance {
    listing: Arc<Listing>,
    /// Unique-ids of the messages whose headers were asked for.
    asked: HashMap<MessageNumber, Vec<u8>>,
    current: Option<(Vec<u8>, Vec<u8>)>,
    /// By unique-id.
    headers: HashMap<Vec<u8>, Vec<u8>>,
}

impl Glance {
    fn take(&mut self, event: Event) {
        match event {
            Event::Message(number) => self.current = self.asked.remove(&number).map(|uid| (uid, Vec::new())),
            Event::Chunk(octets) => {
                if let Some((_, header)) = &mut self.current {
                    let room = HEADER_BYTES.saturating_sub(header.len()).min(octets.len());
                    header.extend_from_slice(octets.get(..room).unwrap_or_default());
                }
            }
            Event::MessageEnd(_) => self.headers.extend(self.current.take()),
            // A server without TOP: sizes and unique-ids are what there is.
            Event::MessageRefused(number, _) => {
                self.asked.remove(&number);
            }
            Event::Greeted(_)
            | Event::SignedIn(_)
            | Event::Listed(_)
            | Event::Deleted(_)
            | Event::Reset { .. }
            | Event::DeleteRefused(..)
            | Event::Quit { .. } => {}
        }
    }

    /// Of what is neither here nor was looked at before.
    fn ask_for_headers(&mut self, session: &mut Session, known: &Known, fates: &[(Fate, Option<MessageKey>)]) {
        let unknown = self.listing.iter().zip(fates).rev().filter_map(|(message, (fate, key))| {
            let uid = message.uid?.0;
            let seen = known.notes.get(uid).is_some_and(|note| note.header.is_some());
            let is_here = key.is_some() || matches!(fate, Fate::Here { part, .. } if *part != Part::Nothing);
            (!seen && !is_here).then(|| (message.number, uid.to_vec()))
        });
        self.asked = unknown.take(HEADERS_LIMIT).collect();
        let mut numbers: Vec<MessageNumber> = self.asked.keys().copied().collect();
        numbers.sort_unstable();
        for number in numbers {
            session.top(number, 0);
        }
    }
}

/// Each message with its fate, in the server's order.
fn described(listing: &Listing, known: &Known, fates: Vec<(Fate, Option<MessageKey>)>) -> Vec<ServerMessage> {
    let messages = listing.iter().zip(fates).map(|(message, (fate, key))| {
        let uid = message.uid.map(|uid| uid.0.to_vec()).unwrap_or_default();
        let note = known.notes.get(&uid).filter(|_| !uid.is_empty());
        let header = note.and_then(|note| note.header.as_deref()).map(Envelope::from_raw).unwrap_or_default();
        let from = header.from.first().map(|from| if from.name.is_empty() { &from.addr } else { &from.name });
        ServerMessage {
            number: message.number.0,
            size_bytes: message.size_bytes,
            from: from.map(|from| sanitize::line(from)).unwrap_or_default(),
            subject: sanitize::line(&header.subject),
            date: header.date,
            key,
            fate,
            wish: note.and_then(|note| note.wish),
            tries: note.map_or(0, |note| note.tries),
            words: note.map(|note| sanitize::line(&note.words)).unwrap_or_default(),
            uid,
        }
    });
    messages.collect()
}

/// What is here tells by itself who sent it: no header is asked for.
async fn name_what_is_here(hub: &Hub, messages: &mut [ServerMessage]) -> Result<(), crate::store::Error> {
    let mut here: HashMap<MessageKey, &mut ServerMessage> = HashMap::new();
    for message in messages.iter_mut().rev().take(NAMED_LIMIT) {
        if let Some(key) = message.key {
            here.insert(key, message);
        }
    }
    for row in hub.store.rows(here.keys().copied().collect()).await? {
        if let Some(message) = here.get_mut(&row.key) {
            (message.from, message.subject, message.date) = (row.from_name, row.subject, Some(row.date));
        }
    }
    Ok(())
}
