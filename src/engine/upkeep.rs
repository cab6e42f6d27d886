//! Looks after the store: makes the backups that are due or asked for, reads every message once a week, and has what is
//! damaged repaired. One thing at a time; between them nothing runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_channel::Receiver;
use futures::executor::block_on;

use super::command::RequestId;
use super::event::{Event, Problem, UpkeepView};
use super::hub::{Hub, now};
use super::indexing::Work;
use super::problem;
use crate::store::types::{MessageKey, MessageRow};
use crate::store::{self, BackupFailure, Control, Error, Healed, Progress, Report};

pub mod words;

/// What is to be done.
#[derive(Debug)]
pub enum Duty {
    /// From now on what is due is done without being asked for.
    Keep,
    /// The plan is another one.
    Look,
    BackUp {
        id: RequestId,
        folder: Option<PathBuf>,
    },
    Verify {
        id: RequestId,
        repairs: bool,
    },
    /// This message was found to be damaged.
    Heal(MessageKey),
}

/// After its start the program has other things to do.
const CALM: Duration = Duration::from_secs(60);
/// Every message is read so often.
const CHECK_EVERY_SECS: i64 = 7 * 24 * 60 * 60;
/// What is due is looked at again after so long at the latest: the clock may have been set.
const LONGEST_WAIT: Duration = Duration::from_secs(6 * 60 * 60);
/// Between two steps of the weekly check, each of which takes some hundredths of a second; longer while a line is open.
const PAUSE: Duration = Duration::from_millis(250);
const PAUSE_ON_LINE: Duration = Duration::from_secs(2);
/// How often it is noted how far that check has come.
const NOTE_EVERY: Duration = Duration::from_secs(60);
/// How often the screen hears how it goes on.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// Does what it is told and, once it is to keep the plan, what is due; ends when `duties` is closed.
pub(super) async fn run(hub: Arc<Hub>, duties: Receiver<Duty>) {
    let mut keeps = false;
    let mut calm_until = Instant::now() + CALM;
    loop {
        let due_in = if keeps { due_in(&hub, calm_until).await } else { None };
        let duty = match due_in {
            Some(wait) => async_std::future::timeout(wait, duties.recv()).await,
            None => Ok(duties.recv().await),
        };
        match duty {
            Ok(Err(_)) => return,
            Err(_) => {
                do_what_is_due(&hub, &duties).await;
                // Also where it cannot even be noted that it was tried.
                calm_until = Instant::now() + CALM;
            }
            Ok(Ok(Duty::Keep)) => {
                keeps = true;
                announce(&hub).await;
            }
            Ok(Ok(Duty::Look)) => {}
            Ok(Ok(Duty::BackUp { id, folder })) => {
                let outcome = back_up(&hub, &duties, folder, false).await;
                let event = outcome.unwrap_or_else(Event::Failed);
                hub.tell(Some(id), event).await;
            }
            Ok(Ok(Duty::Verify { id, repairs })) => {
                let event = verify(&hub, &duties, repairs).await.unwrap_or_else(Event::Failed);
                hub.tell(Some(id), event).await;
            }
            Ok(Ok(Duty::Heal(key))) => {
                heal(&hub, vec![key]).await;
            }
        }
    }
}

/// None: nothing will be due.
async fn due_in(hub: &Hub, calm_until: Instant) -> Option<Duration> {
    // Without a store that can be read there is nothing to look after.
    let upkeep = hub.store.upkeep().await.ok()?;
    let check = upkeep.checked_at.map_or(i64::MIN, |last| last.saturating_add(CHECK_EVERY_SECS));
    let at = upkeep.due_at().unwrap_or(i64::MAX).min(check);
    let secs = u64::try_from(at.saturating_sub(now())).unwrap_or(0);
    let calm = calm_until.saturating_duration_since(Instant::now());
    Some(Duration::from_secs(secs).min(LONGEST_WAIT).max(calm))
}

async fn do_what_is_due(hub: &Arc<Hub>, duties: &Receiver<Duty>) {
    let Ok(upkeep) = hub.store.upkeep().await else { return };
    if upkeep.due_at().is_some_and(|at| at <= now()) {
        if let Err(problem) = back_up(hub, duties, None, true).await
            && upkeep.failure.is_none()
            && !duties.is_closed()
        {
            // Once: after that the settings and the foot of the window say so.
            hub.tell(None, Event::Notice(problem)).await;
        }
        return;
    }
    if upkeep.checked_at.is_none_or(|last| last.saturating_add(CHECK_EVERY_SECS) <= now()) {
        check(hub, duties).await;
    }
}

/// What ends when the screen says so, or when the engine does.
fn begin(hub: &Hub, duties: &Receiver<Duty>) -> Control {
    let control = hub.begin_upkeep();
    if duties.is_closed() {
        control.stop();
    }
    control
}

/// Tells the screen how it goes on, not too often.
fn teller(hub: &Arc<Hub>) -> impl FnMut(Progress) + Send + 'static {
    let (hub, mut told) = (hub.clone(), None::<Instant>);
    move |progress| {
        if told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
            told = Some(Instant::now());
            hub.tell_if_room(Event::UpkeepProgress(progress));
        }
    }
}

async fn back_up(
    hub: &Arc<Hub>,
    duties: &Receiver<Duty>,
    folder: Option<PathBuf>,
    unasked: bool,
) -> Result<Event, Box<Problem>> {
    const WHAT: &str = "Could not back up the mail";
    let failed = |error| problem::store_plain(WHAT, &error);
    let upkeep = hub.store.upkeep().await.map_err(failed)?;
    let is_planned = folder.is_none() || folder == upkeep.folder;
    let Some(folder) = folder.or(upkeep.folder) else { return Err(words::no_folder(WHAT)) };
    // What the last backup still has is put back before it is brought up to date.
    if upkeep.damaged > 0 {
        heal_from(hub, Vec::new(), Some(&folder)).await;
    }
    let (source, control, mut tell) = (hub.store.source(), begin(hub, duties), teller(hub));
    let (expected, there) = (unasked && upkeep.verified_at.is_some(), folder.clone());
    let made = async_std::task::spawn_blocking(move || store::back_up(&source, &there, expected, &control, &mut tell));
    let made = made.await;
    if is_planned && !matches!(made, Err(BackupFailure::Stopped)) {
        let outcome = made.as_ref().map(|backup| backup.messages).map_err(ToString::to_string);
        hub.store.note_backup(outcome, now()).await.map_err(failed)?;
    }
    announce(hub).await;
    match made {
        Ok(backup) => Ok(Event::BackedUp(Box::new(backup))),
        Err(failure) => {
            if let BackupFailure::Unsound(report) = &failure {
                // The last backup is as it was, and may have what the store has no more.
                heal_from(hub, keys(report), Some(&folder)).await;
            }
            Err(words::backup_failed(WHAT, &folder, &failure))
        }
    }
}

async fn verify(hub: &Arc<Hub>, duties: &Receiver<Duty>, repairs: bool) -> Result<Event, Box<Problem>> {
    let (source, control, mut tell) = (hub.store.source(), begin(hub, duties), teller(hub));
    let checked = async_std::task::spawn_blocking(move || store::verify(&source, &control, &mut tell)).await;
    let report = checked.map_err(|error| words::not_checked(&error))?;
    let healed = if repairs { heal(hub, keys(&report)).await } else { Healed::default() };
    if repairs && report.index_is_damaged() {
        let anew = hub.store.index_anew().await;
        anew.map_err(|error| problem::store_plain("Could not make the search index anew", &error))?;
        hub.index(Work::Look);
    }
    Ok(Event::Verified(Box::new((report, healed))))
}

fn keys(report: &Report) -> Vec<MessageKey> {
    report.damaged.iter().map(|message| message.key).collect()
}

/// Reads every message, a little at a time. What is asked for meanwhile comes first; what was begun goes on afterwards, or at
/// the next start.
async fn check(hub: &Arc<Hub>, duties: &Receiver<Duty>) {
    let Ok(mut after) = hub.store.check_after().await else { return };
    loop {
        match check_from(hub, duties, after).await {
            Ok((report, last)) => {
                // Where the disk takes no note the same messages are read again, which harms nobody.
                let _ = hub.store.note_check(last, now()).await;
                if report.damaged_count > 0 {
                    heal(hub, keys(&report)).await;
                }
                match last {
                    Some(last) if report.damaged_count > 0 && duties.is_empty() && !duties.is_closed() => after = last,
                    _ => break,
                }
            }
            Err(error) => {
                // Once a week, and not at every look.
                let _ = hub.store.note_check(None, now()).await;
                hub.tell(None, Event::Notice(words::not_checked(&error))).await;
                break;
            }
        }
    }
    announce(hub).await;
}

/// Until the end, the first damage, or something else to do.
async fn check_from(hub: &Arc<Hub>, duties: &Receiver<Duty>, after: i64) -> Result<(Report, Option<i64>), Error> {
    let (source, control) = (hub.store.source(), begin(hub, duties));
    let (hub, duties) = (hub.clone(), duties.clone());
    async_std::task::spawn_blocking(move || {
        let mut noted = Instant::now();
        let gently = &mut |progress: Progress| {
            if progress.damaged > 0 || !duties.is_empty() {
                control.stop();
            } else if noted.elapsed() >= NOTE_EVERY {
                noted = Instant::now();
                // What is not noted is read once more.
                let _ = block_on(hub.store.note_check(Some(progress.last), now()));
            }
            rest(&hub, &control);
        };
        store::verify_messages(&source, after, &control, gently)
    })
    .await
}

fn rest(hub: &Hub, control: &Control) {
    let until = Instant::now() + if hub.is_line_open() { PAUSE_ON_LINE } else { PAUSE };
    while Instant::now() < until && !control.is_stopped() {
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Heals with what the planned backup has.
async fn heal(hub: &Arc<Hub>, found: Vec<MessageKey>) -> Healed {
    let folder = hub.store.upkeep().await.ok().and_then(|upkeep| upkeep.folder);
    heal_from(hub, found, folder.as_deref()).await
}

/// Heals what can be, and tells what became of it.
async fn heal_from(hub: &Arc<Hub>, found: Vec<MessageKey>, backup: Option<&Path>) -> Healed {
    let is_news = !found.is_empty();
    match hub.store.heal(found, backup, now()).await {
        Ok(healed) => {
            let damaged = hub.store.damaged().await.unwrap_or_default();
            if (is_news || !healed.whole.is_empty())
                && let Some(notice) = words::healed(&healed, &damaged)
            {
                hub.tell(None, Event::Notice(notice)).await;
                hub.tell(None, Event::MailChanged).await;
            }
            announce(hub).await;
            healed
        }
        Err(error) => {
            hub.tell(None, Event::Notice(problem::store_plain("Could not repair damaged messages", &error))).await;
            Healed::default()
        }
    }
}

async fn announce(hub: &Hub) {
    if let Ok(view) = view(hub).await {
        hub.tell(None, view).await;
    }
}

pub(super) async fn view(hub: &Hub) -> Result<Event, Error> {
    let (upkeep, damaged) = (hub.store.upkeep().await?, hub.store.damaged().await?);
    Ok(Event::Upkeep(Box::new(UpkeepView { upkeep, damaged })))
}

/// A message that somebody wants to read is not what was stored: it is repaired, if it can be.
pub(super) fn damaged_opened(hub: &Hub, row: &MessageRow, error: &Error) -> Box<Problem> {
    hub.look_after(Duty::Heal(row.key));
    words::opening_damaged(row, error)
}
