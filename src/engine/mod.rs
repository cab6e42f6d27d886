//! Decides. The only place where store and net meet; the screen and the command line reach it by commands and events alone.

mod certificate;
pub mod command;
mod doctor;
mod endpoint;
mod errands;
pub mod event;
mod export;
mod get_mail;
mod hub;
mod import;
mod indexing;
mod intake;
mod known;
mod link;
mod locale;
mod meter;
mod metering;
mod moving;
mod opening;
mod organising;
mod page;
mod pictures;
pub mod plan;
pub mod preview;
mod printing;
mod problem;
mod reading;
mod recognise;
mod saving;
mod schedule;
mod searching;
mod send_mail;
mod server_view;
mod sign_in;
mod snippets;
mod thread;
mod tidying;
mod upkeep;
mod workers;
mod writing;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use async_channel::{Receiver, Sender};
use futures::FutureExt;

pub use command::{Command, PasswordChange, Request, RequestId, Search};
pub use event::{
    AccountTest, Again, Allowed, Answer, BackedUp, CertificateFacts, ConsentId, DamagedMessage, Deed, Entry, EntryId,
    Event, Fate, Finding, Found, Healed, KeptPicture, LineUse, NextVisit, Offer, OpenedMessage, Organisation, Outcome,
    PastVisit, Person, PictureConsent, Problem, Progress, Report, Rhythm, Room, RoundTrip, SavedSearch, SearchId,
    Searches, ServerMessage, ServerSummary, ServerView, Sorted, Stage, Undone, Upkeep, UpkeepView, Visit, Wish,
};
pub use hub::Wake;
pub use import::ImportFormat;
pub use moving::{
    ExportFormat, ExportReport, FoundAccount, FoundFolder, ImportFault, ImportReport, ImportSource, MoveProgress,
    Selection,
};
pub use page::MessagePage;
pub use pictures::{MessagePictures, PictureScope};
pub use printing::{Seen, print_job};
pub use problem::opening_store;
pub use saving::{write_new, write_over};
pub use thread::{InThread, Thread};
pub use upkeep::words as upkeep_words;

use crate::account::AccountId;
use crate::secret::Keyring;
use crate::store::Store;
use errands::{Errand, Errands};
use hub::Hub;
use indexing::Work;
use moving::{Moves, is_moving};
use upkeep::Duty;
use workers::Workers;

/// Requests that may wait for the engine, and news that may wait for the screen, before the other side has to.
const CHANNEL_CAPACITY: usize = 1024;

/// A running engine, seen from outside.
pub struct Engine {
    pub requests: Sender<Request>,
    pub answers: Receiver<Answer>,
    /// Ends after [`Command::Shutdown`].
    pub thread: JoinHandle<()>,
}

/// Starts the engine on a thread of its own. `wake` is called after each answer that was put into the channel.
pub fn start(store: Store, keyring: Keyring, wake: Wake) -> std::io::Result<Engine> {
    let (requests, incoming) = async_channel::bounded(CHANNEL_CAPACITY);
    let (outgoing, answers) = async_channel::bounded(CHANNEL_CAPACITY);
    let (indexing, to_index) = async_channel::unbounded();
    let (upkeep, duties) = async_channel::unbounded();
    let hub = Arc::new(Hub::new(store, keyring, Workers::start()?, outgoing, (indexing, upkeep), wake));
    let thread = std::thread::Builder::new()
        .name("engine".into())
        .spawn(move || async_std::task::block_on(run(hub, incoming, to_index, duties)))?;
    Ok(Engine { requests, answers, thread })
}

/// The one closed select: requests, and errands that have ended.
async fn run(hub: Arc<Hub>, requests: Receiver<Request>, to_index: Receiver<Work>, duties: Receiver<Duty>) {
    let (to_clerk, for_clerk) = async_channel::bounded(CHANNEL_CAPACITY);
    let (to_us, changes) = async_channel::unbounded();
    let clerk = async_std::task::spawn(write_in_order(hub.clone(), for_clerk, to_us));
    let indexer = async_std::task::spawn(indexing::run(hub.clone(), to_index.clone()));
    let (end, ended) = async_channel::bounded(1);
    let tidier = async_std::task::spawn(tidying::run(hub.clone(), ended));
    let caretaker = async_std::task::spawn(upkeep::run(hub.clone(), duties.clone()));
    let mut errands = Errands::new(hub.clone());
    let mut moves = Moves::default();
    let mut farewell = None;
    while farewell.is_none() || !errands.all_ended() {
        let turn = {
            let mut due = Box::pin(after(errands.due_in()).fuse());
            let mut ended = Box::pin(errands.next_ended().fuse());
            let mut changed = Box::pin(changes.recv().fuse());
            let mut request = Box::pin(requests.recv().fuse());
            futures::select_biased! {
                _ = ended => Turn::Ended,
                request = request => Turn::Asked(request),
                account = changed => Turn::Changed(account.unwrap_or_default()),
                () = due => Turn::Due,
            }
        };
        let request = match turn {
            Turn::Ended => {
                errands.conclude().await;
                continue;
            }
            Turn::Due => {
                if farewell.is_none() {
                    errands.begin_due().await;
                }
                continue;
            }
            Turn::Changed(account) => {
                errands.account_changed(account).await;
                continue;
            }
            Turn::Asked(request) => request,
        };
        // A screen that is gone without a word has shut down all the same.
        let Request { id, command } =
            request.unwrap_or(Request { id: RequestId::default(), command: Command::Shutdown });
        match command {
            Command::GetMail { accounts, unasked } => {
                let errand = if unasked { Errand::ScheduledGetMail } else { Errand::GetMail };
                errands.begin(id, errand, accounts).await;
            }
            Command::SendOutbox => errands.begin(id, Errand::SendOutbox, Vec::new()).await,
            Command::ConfirmLarge(account) => {
                hub.confirm(account);
                hub.tell(Some(id), Event::Done).await;
            }
            Command::KeepSchedule => {
                errands.keep_schedule().await;
                hub.look_after(Duty::Keep);
                hub.tell(Some(id), Event::Done).await;
            }
            Command::Examine { account, signs_in } => {
                let hub = hub.clone();
                async_std::task::spawn(async move {
                    let findings = doctor::examine(&hub, &account, signs_in).await;
                    hub.tell(Some(id), Event::Examined(findings)).await;
                });
            }
            Command::ViewServer { account, headers } => errands.begin_look(id, account, headers).await,
            Command::FetchPictures { key, scope } => {
                let hub = hub.clone();
                async_std::task::spawn(async move {
                    respond(&hub, id, pictures::fetch(&hub, key, scope).await).await;
                });
            }
            Command::StopPictures => {
                hub.pictures.stop_all();
                hub.tell(Some(id), Event::Done).await;
            }
            Command::StopMoving => {
                moves.stop_all();
                hub.tell(Some(id), Event::Done).await;
            }
            Command::Stop => {
                hub.pictures.stop_all();
                errands.stop_all();
                moves.stop_all();
                hub.tell(Some(id), Event::Done).await;
            }
            Command::BackUp { folder } => hub.look_after(Duty::BackUp { id, folder }),
            Command::Verify { repairs } => hub.look_after(Duty::Verify { id, repairs }),
            Command::StopUpkeep => {
                hub.stop_upkeep();
                hub.tell(Some(id), Event::Done).await;
            }
            Command::Shutdown => {
                hub.pictures.stop_all();
                errands.stop_all();
                moves.stop_all();
                duties.close();
                hub.stop_upkeep();
                farewell = Some(id);
            }
            Command::RemoveAccount(account) => {
                errands.stop(account);
                let _closed = to_clerk.send(Request { id, command: Command::RemoveAccount(account) }).await;
            }
            Command::Search { search, after, most } => {
                // Here, and not on its task: the last one asked for is the last one.
                let asking = hub.supersede_search();
                if after.is_none() {
                    hub.supersede_count();
                }
                let hub = hub.clone();
                async_std::task::spawn(async move {
                    respond(&hub, id, searching::answer(&hub, search, after, most, asking).await).await;
                });
            }
            Command::CountFound { search } => {
                let asking = hub.supersede_count();
                let hub = hub.clone();
                async_std::task::spawn(async move {
                    respond(&hub, id, searching::count(&hub, search, asking).await).await;
                });
            }
            Command::LoadSnippets { search, keys } => {
                let turn = hub.snippets.next_turn();
                let hub = hub.clone();
                async_std::task::spawn(async move {
                    hub.tell(Some(id), snippets::answer(&hub, &search, keys, turn).await).await;
                });
            }
            Command::FinishIndex => hub.index(Work::Finish(id)),
            command if is_moving(&command) => moves.begin(&hub, id, command),
            command if reading::is_reading(&command) => {
                let hub = hub.clone();
                async_std::task::spawn(async move { respond(&hub, id, reading::answer(&hub, command).await).await });
            }
            command => {
                let _closed = to_clerk.send(Request { id, command }).await;
            }
        }
    }
    moves.end().await;
    to_clerk.close();
    clerk.await;
    to_index.close();
    end.close();
    indexer.await;
    tidier.await;
    duties.close();
    hub.stop_upkeep();
    caretaker.await;
    hub.tell(farewell, Event::Done).await;
}

/// What the engine wakes up for.
enum Turn {
    Ended,
    Asked(Result<Request, async_channel::RecvError>),
    /// An account, or its password, is another one than it was.
    Changed(AccountId),
    /// A visit is due that nobody asked for.
    Due,
}

async fn after(wait: Option<Duration>) {
    match wait {
        Some(wait) => async_std::task::sleep(wait).await,
        None => std::future::pending().await,
    }
}

/// What changes something is done one after the other, in the order in which it was asked for.
async fn write_in_order(hub: Arc<Hub>, requests: Receiver<Request>, changes: Sender<AccountId>) {
    while let Ok(Request { id, command }) = requests.recv().await {
        let account = match &command {
            Command::SaveAccount { account, .. } => Some(account.id),
            Command::PinCertificate { account, .. } | Command::ProvidePassword { account, .. } => Some(*account),
            Command::RemoveAccount(account) => Some(*account),
            _ => None,
        };
        let outcome = writing::answer(&hub, command).await;
        if let Some(account) = account {
            // The engine may be on its way out.
            let _ended = changes.send(account).await;
        }
        respond(&hub, id, outcome).await;
    }
}

async fn respond(hub: &Hub, id: RequestId, outcome: Result<Event, Box<Problem>>) {
    hub.tell(Some(id), outcome.unwrap_or_else(Event::Failed)).await;
}
