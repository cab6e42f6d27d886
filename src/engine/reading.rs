//! Requests that change nothing: each on a task of its own, so that a slow one holds up no other.

use std::sync::Arc;

use super::command::{Command, PasswordChange};
use super::endpoint::{endpoint, incoming_trust};
use super::event::{AccountTest, Event, OpenedMessage, Problem};
use super::hub::Hub;
use super::pictures::MessagePictures;
use super::problem::{self, Task};
use super::{opening, page, preview, printing, saving, searching, send_mail, sign_in, thread, upkeep};
use crate::account::{Account, AccountId};
use crate::mail::body::source;
use crate::mail::{Circumstances, MessageView};
use crate::net::Connection;
use crate::protocol::pop3;
use crate::secret::Password;
use crate::store::types::MessageKey;
use crate::store::{Error, ServerMemory};

pub(super) fn is_reading(command: &Command) -> bool {
    use Command::*;
    matches!(
        command,
        ListAccounts
            | TestAccount { .. }
            | ListMailboxes
            | ListOrganisation
            | ListMessages { .. }
            | ListNewest { .. }
            | SortMessages { .. }
            | FilterMessages { .. }
            | LoadGroups { .. }
            | ListMembers { .. }
            | LoadRows { .. }
            | OpenMessage { .. }
            | ListThread { .. }
            | LoadSource { .. }
            | LoadRaw { .. }
            | SaveAttachments { .. }
            | SaveMessage { .. }
            | SavePdf { .. }
            | ReadAs { .. }
            | LoadThumbnails { .. }
            | PreviewAttachment { .. }
            | OpenAttachment { .. }
            | ExportEml { .. }
            | ListLineUse
            | ListVisits
            | ListPeople { .. }
            | ListSearches
            | LoadUpkeep
            | ListPictureConsents
    )
}

pub(super) async fn answer(hub: &Arc<Hub>, command: Command) -> Result<Event, Box<Problem>> {
    let store = &hub.store;
    let failed = |what: &'static str| move |error| problem::store_plain(what, &error);
    match command {
        Command::ListAccounts => {
            Ok(Event::Accounts(store.accounts().await.map_err(failed("Could not read the accounts"))?))
        }
        Command::TestAccount { account, password } => {
            Ok(Event::AccountTested(Box::new(test(hub, &account, password).await)))
        }
        Command::ListMailboxes => {
            Ok(Event::Mailboxes(store.counts().await.map_err(failed("Could not read the mailboxes"))?))
        }
        Command::ListOrganisation => {
            let organisation = store.organisation().await.map_err(failed("Could not read the mailboxes and tags"))?;
            Ok(Event::Organisation(Box::new(organisation)))
        }
        Command::ListLineUse => {
            Ok(Event::LineUse(store.line_use().await.map_err(failed("Could not read what the lines have cost"))?))
        }
        Command::ListVisits => Ok(Event::Visits(store.visits().await.map_err(failed("Could not read the visits"))?)),
        Command::ListPeople { text, most } => {
            Ok(Event::People(store.people(text, most).await.map_err(failed("Could not look for people"))?))
        }
        Command::ListSearches => {
            Ok(Event::Searches(store.searches().await.map_err(failed("Could not read the saved searches"))?))
        }
        Command::ListPictureConsents => {
            let consents =
                store.picture_consents().await.map_err(failed("Could not read whose pictures are fetched"))?;
            Ok(Event::PictureConsents(consents))
        }
        Command::LoadUpkeep => upkeep::view(hub).await.map_err(failed("Could not read how the mail is looked after")),
        Command::ListMessages { view } => {
            let keys = store.keys(view).await.map_err(failed("Could not list the mailbox"))?;
            Ok(Event::Listing { view, keys: Arc::new(keys) })
        }
        Command::ListNewest { view, most } => {
            let keys = store.newest_keys(view, most).await.map_err(failed("Could not list the mailbox"))?;
            Ok(Event::Newest { view, keys })
        }
        Command::SortMessages { view, order } => {
            let sorted = store.sorted_keys(view, order).await.map_err(failed("Could not put the mailbox in order"))?;
            Ok(Event::Sorted { view, order, sorted })
        }
        Command::FilterMessages { view, order, filter, also, grouped } => {
            searching::filter(hub, view, order, filter, also, grouped).await
        }
        Command::LoadGroups { keys, view } => {
            Ok(Event::Rows(store.group_rows(keys, view).await.map_err(failed("Could not read the mailbox"))?))
        }
        Command::ListMembers { keys, view } => {
            Ok(Event::Members(store.members(keys, view).await.map_err(failed("Could not read the conversations"))?))
        }
        Command::LoadRows { keys } => {
            Ok(Event::Rows(store.rows(keys).await.map_err(failed("Could not read the mailbox"))?))
        }
        Command::OpenMessage { key } => open(hub, key, None).await,
        Command::ReadAs { key, charset } => open(hub, key, Some(charset)).await,
        Command::ListThread { key } => thread::list(hub, key).await,
        Command::LoadSource { key } => {
            let raw = store.raw(key).await.map_err(failed("Could not open the message"))?;
            Ok(Event::Source { key, text: source(&raw) })
        }
        Command::LoadRaw { key } => {
            let bytes = store.raw(key).await.map_err(failed("Could not open the message"))?;
            Ok(Event::Raw { key, bytes: Arc::new(bytes) })
        }
        Command::SaveAttachments { key, index, folder } => saving::attachments(hub, key, index, folder).await,
        Command::SaveMessage { key, folder } => saving::message(hub, key, folder).await,
        Command::SavePdf { key, seen, file } => printing::save(hub, key, seen, file).await,
        Command::LoadThumbnails { key } => {
            let raw = store.raw(key).await.map_err(failed("Could not open the message"))?;
            let pictures = async_std::task::spawn_blocking(move || preview::thumbnails(&raw)).await;
            Ok(Event::Thumbnails { key, pictures })
        }
        Command::PreviewAttachment { key, index } => {
            let raw = store.raw(key).await.map_err(failed("Could not open the message"))?;
            let preview = Box::new(async_std::task::spawn_blocking(move || preview::of(&raw, index)).await);
            Ok(Event::Previewed { key, index, preview })
        }
        Command::OpenAttachment { key, index } => opening::attachment(hub, key, index).await,
        Command::ExportEml { folder } => saving::export(hub, folder).await,
        // `is_reading` keeps the others away.
        _ => Ok(Event::Done),
    }
}

async fn open(hub: &Hub, key: MessageKey, charset: Option<String>) -> Result<Event, Box<Problem>> {
    let failed = |error| problem::store_plain("Could not open the message", &error);
    let row = hub.store.row(key).await.map_err(failed)?;
    let raw = match hub.store.raw(key).await {
        Err(error @ Error::Damaged(_)) => return Err(upkeep::damaged_opened(hub, &row, &error)),
        read => read.map_err(failed)?,
    };
    let known = circumstances(hub, row.account, charset).await;
    let kept = hub.store.pictures(key).await.map_err(failed)?;
    let consents = hub.store.picture_consents().await.map_err(failed)?;
    let (view, page, pictures) = async_std::task::spawn_blocking(move || {
        let view = MessageView::of_any(&raw, &known);
        let consents: Vec<_> = consents.into_iter().map(|consent| consent.whom).collect();
        // Read in another charset a message is text: its page says itself how it is to be read.
        let page = if known.charset.is_none() { page::of_any(&raw, &kept) } else { None };
        let pictures = MessagePictures::of(&view, page.as_ref(), kept, &consents);
        (view, page.map(Arc::new), pictures)
    })
    .await;
    Ok(Event::Opened(Box::new(OpenedMessage { row, view: Arc::new(view), page, pictures: Arc::new(pictures) })))
}

/// What is known about a message besides its octets: of the account that it came with.
pub(super) async fn circumstances(hub: &Hub, account: AccountId, charset: Option<String>) -> Circumstances {
    // Without its account a message is read all the same; nothing is then said about its sender.
    let accounts = hub.store.accounts().await.unwrap_or_default();
    let account = accounts.into_iter().find(|known| known.id == account);
    let own_domain = account.as_ref().and_then(|account| account.identity.address.rsplit_once('@'));
    let own_domain = own_domain.map(|(_, domain)| domain.to_lowercase());
    Circumstances { charset, own_server: account.map(|account| account.incoming.host), own_domain }
}

async fn test(hub: &Hub, account: &Account, password: PasswordChange) -> AccountTest {
    let password = match password {
        PasswordChange::Store(password) => Ok(password),
        PasswordChange::Keep if account.outgoing.is_none() => sign_in::password(hub, account).await,
        PasswordChange::Keep => hub.password(account).await,
    };
    let password = match password {
        Ok(password) => password,
        Err(error) => {
            return AccountTest { incoming: Err(problem::secret(Task::TestIncoming, account, &error)), outgoing: None };
        }
    };
    let outgoing = async {
        match &account.outgoing {
            Some(server) => {
                Some(send_mail::test(account, server, send_mail::credentials(account, password.reveal())).await)
            }
            None => None,
        }
    };
    let (incoming, outgoing) = futures::join!(test_incoming(account, &password), outgoing);
    let redacted = |mut problem: Box<Problem>| {
        problem::redact(&mut problem, password.reveal());
        problem
    };
    AccountTest { incoming: incoming.map_err(redacted), outgoing: outgoing.map(|outcome| outcome.map_err(redacted)) }
}

async fn test_incoming(account: &Account, password: &Password) -> Result<String, Box<Problem>> {
    let task = Task::TestIncoming;
    let mut line = match Connection::open(endpoint(account, &account.incoming, incoming_trust(account))).await {
        Ok(line) => line,
        Err(error) => return Err(problem::incoming(task, account, &error).await),
    };
    let mut session = sign_in::session(account, password, &ServerMemory::default());
    let mut waiting = None;
    loop {
        match line.next(&mut session).await {
            Ok(Some(pop3::Event::SignedIn(_))) => session.list(),
            Ok(Some(pop3::Event::Listed(listing))) => {
                waiting = Some(listing.len());
                session.quit();
            }
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(error) => return Err(problem::drive(task, account, error).await),
        }
    }
    Ok(match waiting.unwrap_or_default() {
        1 => format!("Signed in to {}; 1 message is there", account.incoming.host),
        count => format!("Signed in to {}; {count} messages are there", account.incoming.host),
    })
}
