//! Undoing an entry of the journal, and doing it again: the same steps, from the other end.
//!
//! What the four numbers of a change say: of a move, the mailbox and the one before that a message had, then those that it got
//! (0: none was before); of a flag, its bit and whether it was set; of a tag, its id and whether it was put on.

use rusqlite::{Connection, OptionalExtension, params};

use super::{Change, Deed, EntryId, Found, Group, Undone, rewrite};
use crate::store::change::{Desk, Placed};
use crate::store::types::{Flags, MailboxId, MessageKey, OwnMailboxId};
use crate::store::{Error, organise};

/// What became of the messages of an entry.
#[derive(Default)]
struct Tally {
    messages: u64,
    changed_since: u64,
    gone: u64,
}

/// `back`: undoes; else does again.
pub(super) fn turn(db: &Connection, found: Option<Found>, back: bool) -> Result<Option<Undone>, Error> {
    let Some(Found { mut entry, groups }) = found else { return Ok(None) };
    let mut tally = Tally::default();
    let mut in_use = false;
    match &entry.deed {
        Deed::Flag { .. } => flags(db, &groups, back, &mut tally)?,
        Deed::Tag { .. } => tags(db, &groups, back, &mut tally)?,
        Deed::Move { .. } | Deed::Restore | Deed::Discard => moves(db, &groups, back, &mut tally)?,
        Deed::RemoveMailbox { ids, .. } if back => {
            organise::bring_back(db, ids)?;
            moves(db, &groups, back, &mut tally)?;
        }
        // What has come to lie there since goes, too: the entry speaks of all of it then.
        Deed::RemoveMailbox { ids, .. } => {
            let Placed { groups, .. } = organise::hide(db, ids)?;
            tally.messages = groups.values().map(Vec::len).sum::<usize>() as u64;
            rewrite(db, entry.id, groups)?;
        }
        Deed::AddMailbox { ids, .. } if back => in_use = !organise::hide_if_unused(db, ids)?,
        Deed::AddMailbox { ids, .. } => organise::bring_back(db, ids)?,
        Deed::RenameMailbox { id, before, after, made } => {
            in_use = !rename(db, *id, (before.as_str(), after.as_str()), made, back)?;
        }
        Deed::AddTag { id, .. } => organise::show_tag(db, *id, !back)?,
        Deed::RemoveTag { id, .. } => organise::show_tag(db, *id, back)?,
        Deed::ChangeTag { before, after } => {
            in_use = !organise::set_tag(db, if back { before } else { after })?;
        }
    }
    note(db, entry.id, back, in_use)?;
    entry.undone = back;
    let Tally { messages, changed_since, gone } = tally;
    Ok(Some(Undone { entry, again: !back, messages, changed_since, gone, in_use }))
}

/// What cannot be undone is done with: it does not stand in the way of what was done before it.
fn note(db: &Connection, EntryId(id): EntryId, back: bool, in_use: bool) -> Result<(), Error> {
    let undone = match (back, in_use) {
        (_, true) => "-1",
        (true, false) => "(SELECT max(max(undone), 0) + 1 FROM journal)",
        (false, false) => "0",
    };
    db.prepare_cached(&format!("UPDATE journal SET undone = {undone} WHERE id = ?1"))?.execute([id])?;
    Ok(())
}

fn rename(
    db: &Connection,
    id: OwnMailboxId,
    (before, after): (&str, &str),
    made: &[OwnMailboxId],
    back: bool,
) -> Result<bool, Error> {
    let (from, to) = if back { (after, before) } else { (before, after) };
    if organise::name_of(db, id)?.as_deref() != Some(from) {
        return Ok(false);
    }
    if !back {
        organise::bring_back(db, made)?;
    }
    match organise::rename(db, id, to) {
        Err(Error::Name(_)) => return Ok(false),
        other => other?,
    };
    if back {
        organise::hide_if_unused(db, made)?;
    }
    Ok(true)
}

fn moves(db: &Connection, groups: &[Group], back: bool, tally: &mut Tally) -> Result<(), Error> {
    let desk = Desk::new(db)?;
    let mut select = db.prepare_cached("SELECT mailbox FROM message WHERE key = ?1")?;
    for &([from, before, to, after], ref keys) in groups {
        let (is, was, previous) = if back { (to, from, before) } else { (from, to, after) };
        let (is, was, previous) = (MailboxId(is), MailboxId(was), (previous != 0).then_some(MailboxId(previous)));
        for &key in keys {
            match select.query_row([key.0], |row| row.get(0)).optional()?.map(MailboxId) {
                None => tally.gone += 1,
                Some(here) if here != is || !desk.is_open(was) => tally.changed_since += 1,
                Some(here) => match desk.put(key, here, was, previous) {
                    Ok(()) => tally.messages += 1,
                    Err(Error::NotFound | Error::Outgoing(_)) => tally.changed_since += 1,
                    Err(error) => return Err(error),
                },
            }
        }
    }
    Ok(())
}

fn flags(db: &Connection, groups: &[Group], back: bool, tally: &mut Tally) -> Result<(), Error> {
    for &([bit, on, ..], ref keys) in groups {
        let bit = Flags(u32::try_from(bit).unwrap_or_default());
        let to = Flags(if (on != 0) == back { 0 } else { bit.0 });
        for &key in keys {
            tally.count(db, key, mark(db, key, bit, to)?)?;
        }
    }
    Ok(())
}

fn tags(db: &Connection, groups: &[Group], back: bool, tally: &mut Tally) -> Result<(), Error> {
    for &([tag, on, ..], ref keys) in groups {
        for &key in keys {
            tally.count(db, key, label(db, key, tag, (on != 0) != back)?)?;
        }
    }
    Ok(())
}

impl Tally {
    fn count(&mut self, db: &Connection, key: MessageKey, changed: bool) -> Result<(), Error> {
        if changed {
            self.messages += 1;
        } else if exists(db, key)? {
            self.changed_since += 1;
        } else {
            self.gone += 1;
        }
        Ok(())
    }
}

pub(in crate::store) fn exists(db: &Connection, key: MessageKey) -> Result<bool, Error> {
    Ok(db.prepare_cached("SELECT 1 FROM message WHERE key = ?1")?.exists([key.0])?)
}

/// Sets the flags of `bits` to `to`; whether that changed anything.
pub(in crate::store) fn mark(db: &Connection, key: MessageKey, bits: Flags, to: Flags) -> Result<bool, Error> {
    let mut update =
        db.prepare_cached("UPDATE message SET flags = flags & ~?2 | ?3 WHERE key = ?1 AND flags & ?2 <> ?3")?;
    Ok(update.execute((key.0, bits.0, to.0))? > 0)
}

/// Puts a tag on, or takes it off; whether that changed anything.
pub(in crate::store) fn label(db: &Connection, key: MessageKey, tag: i64, on: bool) -> Result<bool, Error> {
    let change = if on {
        "INSERT OR IGNORE INTO message_tag (message, tag) SELECT key, ?2 FROM message WHERE key = ?1"
    } else {
        "DELETE FROM message_tag WHERE message = ?1 AND tag = ?2"
    };
    Ok(db.prepare_cached(change)?.execute(params![key.0, tag])? > 0)
}

/// The change of a move.
pub(in crate::store) fn moved(
    (from, before): (MailboxId, Option<MailboxId>),
    (to, after): (MailboxId, Option<MailboxId>),
) -> Change {
    let number = |id: Option<MailboxId>| id.map_or(0, |id| id.0);
    [from.0, number(before), to.0, number(after)]
}
