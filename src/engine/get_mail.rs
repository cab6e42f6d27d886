//! One visit to one account's server: sign in, list, plan, fetch, store, delete, hang up.
//!
//! The order that nothing bends: a message's octets and its ledger row are committed and synced before its DELE is sent,
//! and a DELE counts only when QUIT was confirmed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_channel::Receiver;
use futures::FutureExt;

use super::endpoint::{endpoint, incoming_trust};
use super::event::{Event, Problem, Stage, Visit};
use super::hub::Hub;
use super::problem::{self, Task};
use super::{meter, sign_in};
use crate::account::Account;
use crate::net::Connection;
use crate::protocol::pop3::Session;
use crate::secret::Password;

mod collector;

use collector::Collector;
pub(super) use collector::Deletions;

/// Sessions of one visit: a maildrop of half a million messages at Gmail.
const SESSIONS_LIMIT: u32 = 1000;

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

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
