//! Mailboxes and tags of one's own, and undoing: `malote mailbox`, `move`, `tag`, `undo` and `redo`.

use std::io::{self, Write};

use serde_json::json;

use super::Failure;
use super::args::MailboxCommand;
use super::client::{Client, expect_event};
use super::message::day;
use crate::engine::{Command, EntryId, Event, Organisation};
use crate::store::types::{MessageKey, MessageRow, OwnMailbox, Role, TagId};

pub fn organisation(client: &mut Client) -> Result<Organisation, Failure> {
    let event = client.ask(Command::ListOrganisation)?;
    Ok(*expect_event!(event, Event::Organisation(organisation) => organisation)?)
}

/// The mailbox of this name: one that every account has, or the person's own.
pub fn role(client: &mut Client, name: &str) -> Result<Role, Failure> {
    if let Some(own) = own_role(client, name)? {
        return Ok(own);
    }
    name.parse().map_err(|words: String| {
        Failure::Usage(format!("{words}, or one of your own, which “malote mailbox list” shows"))
    })
}

/// The person's own mailbox of this name.
pub fn own_role(client: &mut Client, name: &str) -> Result<Option<Role>, Failure> {
    if name.parse::<Role>().is_ok() {
        return Ok(None);
    }
    Ok(find(&organisation(client)?.mailboxes, name).map(|mailbox| Role::Own(mailbox.id)))
}

fn find<'a>(mailboxes: &'a [OwnMailbox], name: &str) -> Option<&'a OwnMailbox> {
    mailboxes.iter().find(|mailbox| mailbox.name.to_lowercase() == name.to_lowercase())
}

/// As it is called on the command line.
pub fn mailbox_name(role: Role, organisation: &Organisation) -> String {
    let own = |id| organisation.mailboxes.iter().find(|mailbox| mailbox.id == id);
    match role {
        Role::Own(id) => own(id).map_or_else(|| role.word().to_owned(), |mailbox| mailbox.name.clone()),
        other => other.word().to_owned(),
    }
}

pub fn tag_names(row: &MessageRow, organisation: &Organisation) -> Vec<String> {
    let named = |id: &TagId| organisation.tags.iter().find(|tag| tag.id == *id).map(|tag| tag.name.clone());
    row.tags.iter().filter_map(named).collect()
}

pub fn move_to(client: &mut Client, keys: Vec<MessageKey>, mailbox: &str) -> Result<(), Failure> {
    let to = role(client, mailbox)?;
    client.ask(Command::MoveMessages { keys, to })?;
    Ok(())
}

pub fn mailbox(client: &mut Client, command: MailboxCommand) -> Result<(), Failure> {
    match command {
        MailboxCommand::List { json } => list(client, json),
        MailboxCommand::Add { name } => {
            client.ask(Command::AddMailbox { path: name })?;
            Ok(())
        }
        MailboxCommand::Rename { name, new } => {
            let id = named(client, &name)?.id;
            client.ask(Command::RenameMailbox { id, path: new })?;
            Ok(())
        }
        MailboxCommand::Remove { name } => {
            let id = named(client, &name)?.id;
            let removed = client.ask(Command::RemoveMailbox { id })?;
            let messages = expect_event!(removed, Event::MailboxRemoved(messages) => messages)?;
            if messages > 0 {
                let what = if messages == 1 { "1 message".to_owned() } else { format!("{messages} messages") };
                writeln!(io::stdout(), "{what} moved to Archive")?;
            }
            Ok(())
        }
    }
}

fn named(client: &mut Client, name: &str) -> Result<OwnMailbox, Failure> {
    let mailboxes = organisation(client)?.mailboxes;
    find(&mailboxes, name).cloned().ok_or_else(|| {
        Failure::Failed(format!("there is no mailbox “{name}” of your own: “malote mailbox list” shows them"))
    })
}

fn list(client: &mut Client, json: bool) -> Result<(), Failure> {
    let mailboxes = organisation(client)?.mailboxes;
    let counts = expect_event!(client.ask(Command::ListMailboxes)?, Event::Mailboxes(counts) => counts)?;
    let mut out = io::stdout().lock();
    for OwnMailbox { id, name } in mailboxes {
        let here = counts.iter().filter(|count| count.role == Role::Own(id));
        let (total, unread) = here.fold((0, 0), |(total, unread), count| (total + count.total, unread + count.unread));
        if json {
            writeln!(out, "{}", json!({ "name": name, "total": total, "unread": unread }))?;
        } else {
            writeln!(out, "{total:>7} {unread:>7}  {name}")?;
        }
    }
    Ok(out.flush()?)
}

pub fn tag(client: &mut Client, words: &[String]) -> Result<(), Failure> {
    if words == ["list"] {
        let mut out = io::stdout().lock();
        for tag in organisation(client)?.tags {
            writeln!(out, "{}", tag.name)?;
        }
        return Ok(out.flush()?);
    }
    let (changes, keys): (Vec<&String>, Vec<&String>) = words.iter().partition(|word| word.starts_with(['+', '-']));
    let keys =
        keys.into_iter().map(|key| key.parse()).collect::<Result<Vec<MessageKey>, _>>().map_err(Failure::Usage)?;
    if keys.is_empty() || changes.is_empty() {
        return Err(Failure::Usage("say which messages, and +name or -name: “malote tag KEY… +tax -later”".into()));
    }
    for change in changes {
        let (sign, name) = change.split_at(1);
        let on = sign == "+";
        if let Some(tag) = tag_of(client, name, on)? {
            client.ask(Command::TagMessages { keys: keys.clone(), tag, on })?;
        }
    }
    Ok(())
}

/// The tag of this name, which is made if it is to be put on something. None: there is none, so it is on nothing.
fn tag_of(client: &mut Client, name: &str, make: bool) -> Result<Option<TagId>, Failure> {
    let tags = organisation(client)?.tags;
    match tags.iter().find(|tag| tag.name.to_lowercase() == name.trim().to_lowercase()) {
        Some(tag) => Ok(Some(tag.id)),
        None if make => {
            let color = u8::try_from(tags.len() % 8).unwrap_or_default();
            let added = client.ask(Command::AddTag { name: name.to_owned(), color })?;
            expect_event!(added, Event::TagAdded(id) => Some(id))
        }
        None => Ok(None),
    }
}

pub fn history(client: &mut Client) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    for entry in organisation(client)?.history {
        let undone = if entry.undone { "  (undone)" } else { "" };
        writeln!(out, "{:>6}  {}  {}{undone}", entry.id.0, day(entry.at), entry.words())?;
    }
    Ok(out.flush()?)
}

pub fn undo(client: &mut Client, number: Option<i64>) -> Result<(), Failure> {
    let undone = client.ask(Command::Undo { entry: number.map(EntryId) })?;
    say_undone(undone, "nothing to undo: “malote undo --list” shows what was done")
}

pub fn redo(client: &mut Client) -> Result<(), Failure> {
    let done = client.ask(Command::Redo)?;
    say_undone(done, "nothing to do again")
}

fn say_undone(event: Event, nothing: &str) -> Result<(), Failure> {
    match expect_event!(event, Event::Undone(undone) => undone)? {
        Some(undone) => Ok(writeln!(io::stdout(), "{}", undone.words())?),
        None => Err(Failure::Failed(nothing.to_owned())),
    }
}
