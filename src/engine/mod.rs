//! Decides. The only place where store and net meet; the screen and the command line reach it by commands and events alone.

mod certificate;
pub mod command;
mod endpoint;
mod errands;
pub mod event;
mod get_mail;
mod hub;
mod intake;
mod plan;
mod problem;
mod reading;
mod recognise;
mod saving;
mod send_mail;
mod server_view;
mod workers;
mod writing;

use std::sync::Arc;
use std::thread::JoinHandle;

use async_channel::{Receiver, Sender};
use futures::FutureExt;

pub use command::{Command, PasswordChange, Request, RequestId};
pub use event::{
    AccountTest, Answer, CertificateFacts, Event, Fate, LineUse, Offer, OpenedMessage, Problem, ServerMessage,
    ServerSummary, ServerView, Stage, Visit, Wish,
};
pub use hub::Wake;
pub use problem::opening_store;
pub use saving::write_new;

use crate::secret::Keyring;
use crate::store::Store;
use errands::{Errand, Errands};
use hub::Hub;
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
    let hub = Arc::new(Hub::new(store, keyring, Workers::start()?, outgoing, wake));
    let thread = std::thread::Builder::new()
        .name("engine".into())
        .spawn(move || async_std::task::block_on(run(hub, incoming)))?;
    Ok(Engine { requests, answers, thread })
}

/// The one closed select: requests, and errands that have ended.
async fn run(hub: Arc<Hub>, requests: Receiver<Request>) {
    let (to_clerk, for_clerk) = async_channel::bounded(CHANNEL_CAPACITY);
    let clerk = async_std::task::spawn(write_in_order(hub.clone(), for_clerk));
    let mut errands = Errands::new(hub.clone());
    let mut farewell = None;
    while farewell.is_none() || !errands.all_ended() {
        let request = {
            let mut ended = Box::pin(errands.next_ended().fuse());
            let mut request = Box::pin(requests.recv().fuse());
            futures::select_biased! {
                _ = ended => None,
                request = request => Some(request),
            }
        };
        let Some(request) = request else {
            errands.conclude().await;
            continue;
        };
        // A screen that is gone without a word has shut down all the same.
        let Request { id, command } =
            request.unwrap_or(Request { id: RequestId::default(), command: Command::Shutdown });
        match command {
            Command::GetMail { accounts } => errands.begin(id, Errand::GetMail, accounts).await,
            Command::SendOutbox => errands.begin(id, Errand::SendOutbox, Vec::new()).await,
            Command::ViewServer { account, headers } => errands.begin_look(id, account, headers).await,
            Command::Stop => {
                errands.stop_all();
                hub.tell(Some(id), Event::Done).await;
            }
            Command::Shutdown => {
                errands.stop_all();
                farewell = Some(id);
            }
            Command::RemoveAccount(account) => {
                errands.stop(account);
                let _closed = to_clerk.send(Request { id, command: Command::RemoveAccount(account) }).await;
            }
            command if reading::is_reading(&command) => {
                let hub = hub.clone();
                async_std::task::spawn(async move { respond(&hub, id, reading::answer(&hub, command).await).await });
            }
            command => {
                let _closed = to_clerk.send(Request { id, command }).await;
            }
        }
    }
    to_clerk.close();
    clerk.await;
    hub.tell(farewell, Event::Done).await;
}

/// What changes something is done one after the other, in the order in which it was asked for.
async fn write_in_order(hub: Arc<Hub>, requests: Receiver<Request>) {
    while let Ok(Request { id, command }) = requests.recv().await {
        let outcome = writing::answer(&hub, command).await;
        respond(&hub, id, outcome).await;
    }
}

async fn respond(hub: &Hub, id: RequestId, outcome: Result<Event, Box<Problem>>) {
    hub.tell(Some(id), outcome.unwrap_or_else(Event::Failed)).await;
}
