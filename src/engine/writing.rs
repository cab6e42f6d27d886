//! Requests that change something: one after the other, in the order in which they were asked for.

use std::sync::Arc;

use super::command::{Command, PasswordChange};
use super::event::{Event, Problem};
use super::hub::{Hub, now};
use super::{organising, problem};
use crate::account::{Account, AccountId, Fingerprint, check};
use crate::mail::compose::{self, Stamp};
use crate::mail::{Address, Draft, Envelope};
use crate::secret::{self, Password};
use crate::store::Searches;
use crate::store::types::{MessageKey, Role};

type Outcome = Result<Event, Box<Problem>>;

pub(super) async fn answer(hub: &Arc<Hub>, command: Command) -> Outcome {
    match command {
        Command::SaveAccount { account, password } => save_account(hub, *account, password).await,
        Command::RemoveAccount(account) => remove_account(hub, account).await,
        Command::PinCertificate { account, outgoing, fingerprint } => pin(hub, account, outgoing, fingerprint).await,
        Command::ProvidePassword { account, password, remember } => provide(hub, account, password, remember).await,
        Command::SaveDraft { account, key, draft } => save_draft(hub, account, key, *draft).await,
        Command::OpenDraft { key } => open_draft(hub, key).await,
        Command::QueueDraft { account, key, draft } => queue_draft(hub, account, key, *draft).await,
        Command::RememberSearch { text } => searches(hub.store.remember_search(text).await),
        Command::ForgetSearches => searches(hub.store.forget_searches().await),
        Command::SaveSearch { id, name, text } => searches(hub.store.save_search(id, name, text).await),
        Command::RemoveSearch { id } => searches(hub.store.remove_search(id).await),
        command => change(hub, command).await,
    }
}

fn searches(outcome: Result<Searches, crate::store::Error>) -> Outcome {
    outcome.map(Event::Searches).map_err(|error| problem::store_plain("Could not keep the search", &error))
}

/// Changes of messages that are there.
async fn change(hub: &Hub, command: Command) -> Outcome {
    let store = &hub.store;
    let failed = |what: &'static str| move |error| problem::store_plain(what, &error);
    let event = match command {
        Command::SetFlag { keys, flag, on } => {
            store.set_flag(keys, flag, on).await.map_err(failed("Could not mark the message"))?;
            Event::Done
        }
        Command::MoveMessages { keys, to } => {
            Event::Moved(store.move_to(keys, to).await.map_err(failed("Could not move the message"))?)
        }
        Command::MoveFound { keys, to } => {
            Event::Moved(store.move_found(keys, to).await.map_err(failed("Could not move the message"))?)
        }
        Command::RestoreMessages { keys } => {
            Event::Moved(store.restore(keys).await.map_err(failed("Could not bring the message back"))?)
        }
        Command::EmptyTrash { account } => {
            store.empty_trash(account).await.map_err(failed("Could not empty Trash"))?;
            Event::Done
        }
        Command::Wish { account, uids, wish } => {
            store.wish(account, uids, wish).await.map_err(failed("Could not note what you want"))?;
            Event::Done
        }
        Command::WishOf { keys, wish } => {
            store.wish_of(keys, wish).await.map_err(failed("Could not note what you want"))?;
            Event::Done
        }
        Command::Adopt { account, messages } => {
            store.adopt(account, messages, now()).await.map_err(failed("Could not adopt the mailbox"))?;
            Event::Done
        }
        Command::DiscardDraft { key } => {
            store.discard_draft(key).await.map_err(failed("Could not discard the draft"))?;
            Event::Done
        }
        Command::RetryOutgoing { key } => {
            store.outgoing_waiting(key).await.map_err(failed("Could not queue the message again"))?;
            Event::Done
        }
        Command::RevokePictures { id } => Event::PictureConsents(
            store.revoke_pictures(id).await.map_err(failed("Could not note whose pictures are fetched"))?,
        ),
        Command::PlanBackups { rhythm, folder } => {
            let planned = store.plan_backups(rhythm, folder).await;
            planned.map_err(failed("Could not note how to make backups"))?;
            hub.look_after(super::upkeep::Duty::Look);
            return super::upkeep::view(hub).await.map_err(failed("Could not read how the mail is looked after"));
        }
        other => match organising::answer(hub, &other).await {
            Some(outcome) => outcome?,
            // The others are answered elsewhere.
            None => Event::Done,
        },
    };
    hub.tell(None, Event::MailChanged).await;
    organising::announce(hub).await;
    Ok(event)
}

async fn save_account(hub: &Arc<Hub>, account: Account, password: PasswordChange) -> Outcome {
    let failed = |error| problem::store_plain("Could not save the account", &error);
    let others = hub.store.accounts().await.map_err(failed)?;
    let names: Vec<&str> =
        others.iter().filter(|other| other.id != account.id).map(|other| other.name.as_str()).collect();
    if let Some(error) = check(&account, &names).first() {
        return Err(Box::new(Problem {
            what: "Could not save the account".into(),
            why: error.message.clone(),
            remedy: "Correct it and save again.".into(),
            ..Problem::default()
        }));
    }
    let id = hub.store.save_account(account).await.map_err(failed)?;
    if let PasswordChange::Store(password) = password
        && let Err(problem) = keep_password(hub, id, password, true).await
    {
        hub.tell(None, Event::Notice(problem)).await;
    }
    announce_accounts(hub).await;
    Ok(Event::AccountSaved(id))
}

/// The password works for this session at once, and is kept in the keyring if that can be had.
async fn keep_password(
    hub: &Arc<Hub>,
    account: AccountId,
    password: Password,
    remember: bool,
) -> Result<(), Box<Problem>> {
    hub.set_session_password(account, Some(password.clone()));
    if !remember {
        return Ok(());
    }
    let keyring = hub.keyring.clone();
    let kept = async_std::task::spawn_blocking(move || keyring.store(account, &password)).await;
    kept.map_err(|error| problem::password_not_kept(account, &error))
}

async fn provide(hub: &Arc<Hub>, account: AccountId, password: Password, remember: bool) -> Outcome {
    if let Err(problem) = keep_password(hub, account, password, remember).await {
        hub.tell(None, Event::Notice(problem)).await;
    }
    Ok(Event::Done)
}

async fn remove_account(hub: &Arc<Hub>, account: AccountId) -> Outcome {
    hub.store
        .remove_account(account)
        .await
        .map_err(|error| problem::store_plain("Could not remove the account", &error))?;
    hub.set_session_password(account, None);
    let keyring = hub.keyring.clone();
    let removed = async_std::task::spawn_blocking(move || keyring.remove(account)).await;
    // Where no keyring answers there is no password in it that Malote could have left behind.
    if let Err(error @ (secret::Error::Locked(_) | secret::Error::Refused(_))) = removed {
        hub.tell(None, Event::Notice(problem::password_not_removed(&error))).await;
    }
    announce_accounts(hub).await;
    hub.tell(None, Event::MailChanged).await;
    Ok(Event::Done)
}

async fn pin(hub: &Arc<Hub>, account: AccountId, outgoing: bool, fingerprint: Fingerprint) -> Outcome {
    let mut account = find_account(hub, account).await?;
    let pin = if outgoing { &mut account.outgoing_pin } else { &mut account.incoming_pin };
    *pin = Some(fingerprint);
    save_account(hub, account, PasswordChange::Keep).await
}

async fn announce_accounts(hub: &Hub) {
    if let Ok(accounts) = hub.store.accounts().await {
        hub.tell(None, Event::Accounts(accounts)).await;
    }
}

async fn find_account(hub: &Hub, id: AccountId) -> Result<Account, Box<Problem>> {
    let accounts =
        hub.store.accounts().await.map_err(|error| problem::store_plain("Could not read the accounts", &error))?;
    accounts.into_iter().find(|account| account.id == id).ok_or_else(|| problem::no_such_account(id))
}

async fn save_draft(hub: &Arc<Hub>, account: AccountId, key: Option<MessageKey>, draft: Draft) -> Outcome {
    let stamp = stamp(&find_account(hub, account).await?);
    let compose = move || {
        let raw = compose::build_unfinished(&draft, &stamp);
        let envelope = Envelope::from_raw(&raw);
        (draft, raw, envelope)
    };
    let (draft, raw, envelope) = async_std::task::spawn_blocking(compose).await;
    let saved = hub.store.save_draft(account, key, draft, raw, envelope, now()).await;
    let key = saved.map_err(|error| problem::store_plain("Could not save the draft", &error))?;
    hub.tell(None, Event::MailChanged).await;
    Ok(Event::DraftSaved { key })
}

async fn queue_draft(hub: &Arc<Hub>, account: AccountId, key: Option<MessageKey>, draft: Draft) -> Outcome {
    let stamp = stamp(&find_account(hub, account).await?);
    let compose = move || {
        let built = compose::build(&draft, &stamp).map(|outgoing| {
            let envelope = Envelope::from_raw(&outgoing.raw);
            (outgoing, envelope)
        });
        (draft, built)
    };
    let (draft, built) = async_std::task::spawn_blocking(compose).await;
    let (outgoing, envelope) = built.map_err(|why| problem::unfinished(&why))?;
    let answered = draft.in_reply_to.clone();
    let failed = |error| problem::store_plain("Could not put the message into the Outbox", &error);
    let store = &hub.store;
    let queued = store.queue(account, key, draft, outgoing.raw, envelope, outgoing.recipients, now()).await;
    let key = queued.map_err(failed)?;
    if let Some(message_id) = answered {
        store.mark_answered(&message_id, false).await.map_err(failed)?;
    }
    hub.tell(None, Event::MailChanged).await;
    Ok(Event::Queued { key })
}

/// What lies in the Outbox goes back to Drafts first, so that it cannot be sent while it is changed.
async fn open_draft(hub: &Arc<Hub>, key: MessageKey) -> Outcome {
    let failed = |error| problem::store_plain("Could not open the draft", &error);
    if hub.store.row(key).await.map_err(failed)?.role == Role::Outbox {
        hub.store.reopen_outgoing(key).await.map_err(failed)?;
        hub.tell(None, Event::MailChanged).await;
    }
    let (account, draft) = hub.store.draft(key).await.map_err(failed)?;
    Ok(Event::DraftOpened { key, account, draft: Box::new(draft) })
}

fn stamp(account: &Account) -> Stamp {
    let identity = &account.identity;
    Stamp {
        from: Address { name: identity.display_name.clone(), addr: identity.address.trim().to_owned() },
        now: now(),
        utc_offset_secs: jiff::Zoned::now().offset().seconds(),
        unique: crate::profile::unique(),
    }
}
