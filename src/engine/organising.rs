//! Mailboxes and tags of a person's own, and undoing what was done: requests that change something, like those of
//! [`super::writing`].

use super::command::Command;
use super::event::{Event, Problem};
use super::hub::Hub;
use super::problem;

/// None: it is none of these.
pub(super) async fn answer(hub: &Hub, command: &Command) -> Option<Result<Event, Box<Problem>>> {
    let store = &hub.store;
    let (what, outcome) = match command {
        Command::MarkRead { key } => ("Could not mark the message", store.mark_read(*key).await.map(|()| Event::Done)),
        Command::TagMessages { keys, tag, on } => {
            ("Could not tag the message", store.tag(keys.clone(), *tag, *on).await.map(|()| Event::Done))
        }
        Command::AddMailbox { path } => {
            ("Could not make the mailbox", store.add_mailbox(path.clone()).await.map(Event::MailboxAdded))
        }
        Command::RenameMailbox { id, path } => {
            ("Could not rename the mailbox", store.rename_mailbox(*id, path.clone()).await.map(|()| Event::Done))
        }
        Command::RemoveMailbox { id } => {
            ("Could not remove the mailbox", store.remove_mailbox(*id).await.map(Event::MailboxRemoved))
        }
        Command::AddTag { name, color } => {
            ("Could not make the tag", store.add_tag(name.clone(), *color).await.map(Event::TagAdded))
        }
        Command::ChangeTag(tag) => {
            ("Could not change the tag", store.change_tag(tag.clone()).await.map(|()| Event::Done))
        }
        Command::RemoveTag { id } => ("Could not remove the tag", store.remove_tag(*id).await.map(|()| Event::Done)),
        Command::Undo { entry } => {
            ("Could not undo", store.undo(*entry).await.map(|undone| Event::Undone(undone.map(Box::new))))
        }
        Command::Redo => ("Could not do it again", store.redo().await.map(|done| Event::Undone(done.map(Box::new)))),
        _ => return None,
    };
    Some(outcome.map_err(|error| problem::store_plain(what, &error)))
}

/// What there is now, to every screen.
pub(super) async fn announce(hub: &Hub) {
    // A store that cannot be read says so where something is asked of it.
    if let Ok(organisation) = hub.store.organisation().await {
        hub.tell(None, Event::Organisation(Box::new(organisation))).await;
    }
}
