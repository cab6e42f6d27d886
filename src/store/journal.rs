//! What a person did, so that it can be undone: the last thing first, or any of the last thirty days; and done again.
//!
//! Whatever changes messages for a person notes it in the same transaction: what was done, and of each message what it was and
//! what it became. Undoing looks at each message as it is now: what has been changed otherwise since stays as it is, and is
//! counted.

mod packed;
pub(super) mod turn;

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use super::types::{Flag, MessageKey, OwnMailboxId, Role, Tag, TagId};
use super::{Error, Store};

/// Row of the journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryId(pub i64);

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deed {
    Flag {
        flag: Flag,
        on: bool,
    },
    Move {
        to: Role,
        /// Of the person's own mailbox, as it was called then; empty: it is another.
        name: String,
    },
    Restore,
    Discard,
    Tag {
        name: String,
        on: bool,
    },
    /// With those that it lies in, if they were not there.
    AddMailbox {
        ids: Vec<OwnMailboxId>,
        name: String,
    },
    RenameMailbox {
        id: OwnMailboxId,
        before: String,
        after: String,
        /// Those that it came to lie in, if they were not there.
        made: Vec<OwnMailboxId>,
    },
    /// With those in it; what lay in them went to Archive.
    RemoveMailbox {
        ids: Vec<OwnMailboxId>,
        name: String,
    },
    AddTag {
        id: TagId,
        name: String,
    },
    ChangeTag {
        before: Tag,
        after: Tag,
    },
    RemoveTag {
        id: TagId,
        name: String,
    },
}

/// One thing that a person did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: EntryId,
    /// Unix seconds.
    pub at: i64,
    pub deed: Deed,
    /// How many it changed.
    pub messages: u64,
    /// It was undone.
    pub undone: bool,
    /// It is what would be done again next.
    pub can_redo: bool,
}

/// What became of undoing something, or of doing it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undone {
    pub entry: Entry,
    /// It was done again.
    pub again: bool,
    /// Messages that are as they were before.
    pub messages: u64,
    /// Messages that had been changed otherwise since, or cannot go back: they stay as they are.
    pub changed_since: u64,
    /// Messages that are no longer there.
    pub gone: u64,
    /// The mailbox or tag is in use, or its name is: it stays.
    pub in_use: bool,
}

impl Store {
    /// Undoes one thing, or the last that stands. None: there is nothing to undo.
    ///
    /// # Errors
    /// Nothing was changed then.
    pub async fn undo(&self, entry: Option<EntryId>) -> Result<Option<Undone>, Error> {
        self.write(move |db| {
            let select = match entry {
                Some(_) => "WHERE id = ?1 AND undone = 0",
                None => "WHERE undone = 0 AND ?1 IS NULL ORDER BY id DESC LIMIT 1",
            };
            turn::turn(db, find(db, select, entry)?, true)
        })
        .await
    }

    /// Does again what was undone last. None: there is nothing, or something else was done since.
    ///
    /// # Errors
    /// Nothing was changed then.
    pub async fn redo(&self) -> Result<Option<Undone>, Error> {
        self.write(|db| {
            let last = find(db, "WHERE undone > 0 AND ?1 IS NULL ORDER BY undone DESC LIMIT 1", None)?;
            turn::turn(db, last, false)
        })
        .await
    }
}

/// The last things that were done, the newest first.
pub(super) fn latest(db: &Connection) -> Result<Vec<Entry>, Error> {
    let mut select = db.prepare_cached(&format!("SELECT {COLUMNS} FROM journal ORDER BY id DESC LIMIT ?1"))?;
    let entries = select.query_map([SHOWN], entry)?;
    let mut entries: Vec<(Entry, i64)> = entries.collect::<Result<_, _>>()?;
    let next = entries.iter().map(|(_, undone)| *undone).max().filter(|&undone| undone > 0);
    for (entry, undone) in &mut entries {
        entry.can_redo = Some(*undone) == next;
    }
    Ok(entries.into_iter().map(|(entry, _)| entry).collect())
}

/// An entry with what it changed.
struct Found {
    entry: Entry,
    groups: Vec<Group>,
}

fn find(db: &Connection, select: &str, id: Option<EntryId>) -> Result<Option<Found>, Error> {
    let mut select = db.prepare_cached(&format!("SELECT {COLUMNS}, changes FROM journal {select}"))?;
    let found = select.query_row([id.map(|id| id.0)], |row| Ok((entry(row)?.0, row.get::<_, Vec<u8>>(5)?)));
    let Some((entry, changes)) = found.optional()? else { return Ok(None) };
    let groups = packed::unpack(&changes).ok_or_else(|| Error::Damaged("the journal cannot be read".into()))?;
    Ok(Some(Found { entry, groups }))
}

const COLUMNS: &str = "id, at, deed, messages, undone";

fn entry(row: &Row<'_>) -> rusqlite::Result<(Entry, i64)> {
    let deed = serde_json::from_str(row.get_ref(2)?.as_str()?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(2, rusqlite::types::Type::Text, Box::new(error)))?;
    let undone = row.get::<_, i64>(4)?;
    let entry = Entry {
        id: EntryId(row.get(0)?),
        at: row.get(1)?,
        deed,
        messages: row.get::<_, i64>(3)?.cast_unsigned(),
        undone: undone != 0,
        can_redo: undone > 0,
    };
    Ok((entry, undone))
}

/// What messages were and what they became, in four numbers; see [`turn`] for what they say of each deed.
pub(super) type Change = [i64; 4];

/// Messages that changed alike.
pub(super) type Group = (Change, Vec<MessageKey>);

/// Messages by their changes.
pub(super) type Groups = BTreeMap<Change, Vec<MessageKey>>;

/// Notes what was done. What is undone already cannot be done again after it.
pub(super) fn record(db: &Connection, deed: &Deed, groups: Groups) -> Result<(), Error> {
    if groups.is_empty() && is_about_messages(deed) {
        return Ok(());
    }
    db.prepare_cached("UPDATE journal SET undone = -1 WHERE undone > 0")?.execute([])?;
    let deed = serde_json::to_string(deed).map_err(|error| Error::Unexpected(error.to_string()))?;
    let (messages, changes) = (count(groups.values()), packed::pack(groups));
    let mut insert = db.prepare_cached(
        "INSERT INTO journal (at, deed, messages, changes, undone) VALUES (unixepoch(), ?1, ?2, ?3, 0)",
    )?;
    insert.execute(params![deed, messages, changes])?;
    Ok(())
}

fn count<'a>(keys: impl Iterator<Item = &'a Vec<MessageKey>>) -> i64 {
    i64::try_from(keys.map(Vec::len).sum::<usize>()).unwrap_or(i64::MAX)
}

fn is_about_messages(deed: &Deed) -> bool {
    matches!(deed, Deed::Flag { .. } | Deed::Move { .. } | Deed::Restore | Deed::Discard | Deed::Tag { .. })
}

/// Messages were removed for good: no entry speaks of them any more.
pub(super) fn forget(db: &Connection, gone: &std::collections::HashSet<MessageKey>) -> Result<(), Error> {
    if gone.is_empty() {
        return Ok(());
    }
    let mut select = db.prepare_cached("SELECT id FROM journal WHERE messages > 0")?;
    let ids: Vec<i64> = select.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for id in ids {
        let Some(Found { entry, groups }) = find(db, "WHERE id = ?1", Some(EntryId(id)))? else { continue };
        let mut left: Groups = BTreeMap::new();
        for (change, keys) in groups {
            let keys: Vec<MessageKey> = keys.into_iter().filter(|key| !gone.contains(key)).collect();
            if !keys.is_empty() {
                left.insert(change, keys);
            }
        }
        let messages = count(left.values());
        if messages.cast_unsigned() == entry.messages {
            continue;
        }
        if messages == 0 && is_about_messages(&entry.deed) {
            db.prepare_cached("DELETE FROM journal WHERE id = ?1")?.execute([id])?;
        } else {
            rewrite(db, EntryId(id), left)?;
        }
    }
    Ok(())
}

/// Other changes for an entry.
fn rewrite(db: &Connection, EntryId(id): EntryId, groups: Groups) -> Result<(), Error> {
    let messages = count(groups.values());
    db.prepare_cached("UPDATE journal SET messages = ?2, changes = ?3 WHERE id = ?1")?.execute(params![
        id,
        messages,
        packed::pack(groups)
    ])?;
    Ok(())
}

impl Entry {
    /// “Archived 3 messages”.
    pub fn words(&self) -> String {
        let what = match self.messages {
            1 => "1 message".to_owned(),
            count => format!("{} messages", thousands(count)),
        };
        match &self.deed {
            Deed::Flag { flag: Flag::Seen, on: true } => format!("Marked {what} read"),
            Deed::Flag { flag: Flag::Seen, on: false } => format!("Marked {what} unread"),
            Deed::Flag { flag: Flag::Starred, on: true } => format!("Starred {what}"),
            Deed::Flag { flag: Flag::Starred, on: false } => format!("Unstarred {what}"),
            Deed::Flag { flag, on: true } => format!("Marked {what} {}", flag.word()),
            Deed::Flag { flag, on: false } => format!("Marked {what} not {}", flag.word()),
            Deed::Move { to: Role::Archive, .. } => format!("Archived {what}"),
            Deed::Move { to: Role::Trash, .. } => format!("Moved {what} to Trash"),
            Deed::Move { to: Role::Own(_), name } => format!("Moved {what} to {name}"),
            Deed::Move { to, .. } => format!("Moved {what} to {to}"),
            Deed::Restore => format!("Brought {what} back"),
            Deed::Discard => "Discarded a draft".into(),
            Deed::Tag { name, on: true } => format!("Tagged {what} “{name}”"),
            Deed::Tag { name, on: false } => format!("Took “{name}” off {what}"),
            Deed::AddMailbox { name, .. } => format!("Made the mailbox {name}"),
            Deed::RenameMailbox { before, after, .. } => format!("Renamed {before} to {after}"),
            Deed::RemoveMailbox { name, .. } if self.messages > 0 => format!("Removed the mailbox {name}, {what}"),
            Deed::RemoveMailbox { name, .. } => format!("Removed the mailbox {name}"),
            Deed::AddTag { name, .. } => format!("Made the tag {name}"),
            Deed::ChangeTag { before, after } if before.name == after.name => {
                format!("Coloured the tag {}", after.name)
            }
            Deed::ChangeTag { before, after } => format!("Renamed the tag {} to {}", before.name, after.name),
            Deed::RemoveTag { name, .. } => format!("Removed the tag {name}"),
        }
    }
}

impl Undone {
    /// “Undone: archived 3 messages. 1 has been changed since and stays as it is.”
    pub fn words(&self) -> String {
        let mut chars = self.entry.words().chars().collect::<Vec<_>>().into_iter();
        let first = chars.next().map(|first| first.to_lowercase().to_string()).unwrap_or_default();
        let deed = format!("{first}{}", chars.collect::<String>());
        let mut words = match (self.in_use, self.messages, self.changed_since + self.gone) {
            (true, ..) => format!("Not undone: {deed}. It is in use"),
            (false, 0, 1..) => format!("Nothing is left to undo: {deed}"),
            _ if self.again => format!("Done again: {deed}"),
            _ => format!("Undone: {deed}"),
        };
        match self.changed_since {
            0 => {}
            1 => words.push_str(". 1 has been changed since and stays as it is"),
            count => words.push_str(&format!(". {} have been changed since and stay as they are", thousands(count))),
        }
        match self.gone {
            0 => {}
            1 => words.push_str(". 1 is no longer there"),
            count => words.push_str(&format!(". {} are no longer there", thousands(count))),
        }
        words
    }
}

/// 1204 as “1,204”.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let separated = digits.chars().enumerate().flat_map(|(i, digit)| {
        let comma = (i > 0 && (digits.len() - i).is_multiple_of(3)).then_some(',');
        comma.into_iter().chain([digit])
    });
    separated.collect()
}

/// Entries that are shown; older ones are undone by the newer ones' being undone first.
const SHOWN: i64 = 300;

#[cfg(test)]
mod tests;
