//! Mailboxes and tags that a person has made. What is removed stays, hidden, for as long as that can be undone.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::change::{Desk, Placed};
use super::journal::{self, Deed, Entry, Groups, turn};
use super::types::{MailboxId, MessageKey, OwnMailbox, OwnMailboxId, Role, Tag, TagId};
use super::{Error, Store};
use crate::account::AccountId;
use crate::mail::sanitize;

/// What a person has made to keep mail in order, and has done to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Organisation {
    /// By their names: what lies in another follows it.
    pub mailboxes: Vec<OwnMailbox>,
    /// By their names.
    pub tags: Vec<Tag>,
    /// The newest first; the very old ones are left out.
    pub history: Vec<Entry>,
}

impl Store {
    pub async fn organisation(&self) -> Result<Organisation, Error> {
        self.read(|db| {
            let history = journal::latest(db)?;
            Ok(Organisation { mailboxes: open_mailboxes(db)?, tags: tags(db)?, history })
        })
        .await
    }

    /// The mailbox of this path (`Projects/House`), made if it is missing, without a word in the journal: for what brings
    /// mailboxes along with their mail.
    ///
    /// # Errors
    /// [`Error::Name`] if it cannot be called so.
    pub async fn own_mailbox(&self, path: String) -> Result<OwnMailboxId, Error> {
        self.write(move |db| {
            let path = clean_path(&path)?;
            match find(&open_mailboxes(db)?, &path) {
                Some(mailbox) => Ok(mailbox.id),
                None => make(db, &path)?.last().copied().ok_or(Error::NotFound),
            }
        })
        .await
    }

    /// Makes a mailbox, and those that it lies in where they are missing.
    ///
    /// # Errors
    /// [`Error::Name`] if it cannot be called so, or is there.
    pub async fn add_mailbox(&self, path: String) -> Result<OwnMailboxId, Error> {
        self.write(move |db| {
            let path = clean_path(&path)?;
            if find(&open_mailboxes(db)?, &path).is_some() {
                return Err(TAKEN);
            }
            let ids = make(db, &path)?;
            let id = ids.last().copied().ok_or(Error::NotFound)?;
            let name = name_of(db, id)?.unwrap_or(path);
            journal::record(db, &Deed::AddMailbox { ids, name }, Groups::new())?;
            Ok(id)
        })
        .await
    }

    /// Gives a mailbox another path; what lies in it comes along.
    ///
    /// # Errors
    /// [`Error::Name`] if it cannot be called so; [`Error::NotFound`].
    pub async fn rename_mailbox(&self, id: OwnMailboxId, path: String) -> Result<(), Error> {
        self.write(move |db| {
            let path = clean_path(&path)?;
            let before = name_of(db, id)?.ok_or(Error::NotFound)?;
            let made = rename(db, id, &path)?;
            let after = name_of(db, id)?.ok_or(Error::NotFound)?;
            if before == after {
                return Ok(());
            }
            journal::record(db, &Deed::RenameMailbox { id, before, after, made }, Groups::new())
        })
        .await
    }

    /// Removes a mailbox with those in it; what lies in them goes to Archive. Gives how many messages do.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn remove_mailbox(&self, id: OwnMailboxId) -> Result<u64, Error> {
        self.write(move |db| {
            let name = name_of(db, id)?.ok_or(Error::NotFound)?;
            let within = open_mailboxes(db)?.into_iter().filter(|mailbox| is_within(&mailbox.name, &name));
            let ids: Vec<OwnMailboxId> = within.map(|mailbox| mailbox.id).collect();
            let Placed { moves, groups } = hide(db, &ids)?;
            journal::record(db, &Deed::RemoveMailbox { ids, name }, groups)?;
            Ok(moves.len() as u64)
        })
        .await
    }

    /// Makes a tag.
    ///
    /// # Errors
    /// [`Error::Name`] if it cannot be called so, or is there.
    pub async fn add_tag(&self, name: String, color: u8) -> Result<TagId, Error> {
        self.write(move |db| {
            let name = clean_word(&name)?;
            if tags(db)?.iter().any(|tag| same(&tag.name, &name)) {
                return Err(TAKEN);
            }
            db.prepare_cached("INSERT INTO tag (name, color) VALUES (?1, ?2)")?.execute((&name, color % COLORS))?;
            let id = TagId(db.last_insert_rowid());
            journal::record(db, &Deed::AddTag { id, name }, Groups::new())?;
            Ok(id)
        })
        .await
    }

    /// Gives a tag another name or colour.
    ///
    /// # Errors
    /// [`Error::Name`] if it cannot be called so; [`Error::NotFound`].
    pub async fn change_tag(&self, tag: Tag) -> Result<(), Error> {
        self.write(move |db| {
            let before = tags(db)?.into_iter().find(|known| known.id == tag.id).ok_or(Error::NotFound)?;
            let after = Tag { name: clean_word(&tag.name)?, color: tag.color % COLORS, ..tag };
            if before == after {
                return Ok(());
            }
            if !set_tag(db, &after)? {
                return Err(TAKEN);
            }
            journal::record(db, &Deed::ChangeTag { before, after }, Groups::new())
        })
        .await
    }

    /// Takes a tag off every message, and forgets it.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn remove_tag(&self, id: TagId) -> Result<(), Error> {
        self.write(move |db| {
            let tag = tags(db)?.into_iter().find(|tag| tag.id == id).ok_or(Error::NotFound)?;
            show_tag(db, id, false)?;
            journal::record(db, &Deed::RemoveTag { id, name: tag.name }, Groups::new())
        })
        .await
    }

    /// Puts a tag on messages, or takes it off.
    ///
    /// # Errors
    /// [`Error::NotFound`] if a key or the tag is gone; then nothing was changed.
    pub async fn tag(&self, keys: Vec<MessageKey>, id: TagId, on: bool) -> Result<(), Error> {
        self.write(move |db| {
            let tag = tags(db)?.into_iter().find(|tag| tag.id == id).ok_or(Error::NotFound)?;
            let mut changed = Vec::new();
            for key in keys {
                if turn::label(db, key, id.0, on)? {
                    changed.push(key);
                } else if !turn::exists(db, key)? {
                    return Err(Error::NotFound);
                }
            }
            let groups = BTreeMap::from([([id.0, i64::from(on), 0, 0], changed)]);
            let groups = groups.into_iter().filter(|(_, keys)| !keys.is_empty()).collect();
            journal::record(db, &Deed::Tag { name: tag.name, on }, groups)
        })
        .await
    }
}

/// Mailboxes that are there, by their names.
pub(super) fn open_mailboxes(db: &Connection) -> Result<Vec<OwnMailbox>, Error> {
    let mut select = db.prepare_cached("SELECT id, name FROM own_mailbox WHERE removed_at IS NULL")?;
    let all = select.query_map([], |row| Ok(OwnMailbox { id: OwnMailboxId(row.get(0)?), name: row.get(1)? }))?;
    let mut all: Vec<OwnMailbox> = all.collect::<Result<_, _>>()?;
    all.sort_by_cached_key(|mailbox| sort_key(&mailbox.name));
    Ok(all)
}

/// What lies in another follows it, before what only begins alike.
fn sort_key(name: &str) -> Vec<String> {
    name.split('/').map(str::to_lowercase).collect()
}

pub(super) fn tags(db: &Connection) -> Result<Vec<Tag>, Error> {
    let mut select = db.prepare_cached("SELECT id, name, color FROM tag WHERE removed_at IS NULL")?;
    let all = select.query_map([], |row| Ok(Tag { id: TagId(row.get(0)?), name: row.get(1)?, color: row.get(2)? }))?;
    let mut all: Vec<Tag> = all.collect::<Result<_, _>>()?;
    all.sort_by_cached_key(|tag| tag.name.to_lowercase());
    Ok(all)
}

/// The name of a mailbox that is there.
pub(super) fn name_of(db: &Connection, id: OwnMailboxId) -> Result<Option<String>, Error> {
    let mut select = db.prepare_cached("SELECT name FROM own_mailbox WHERE id = ?1 AND removed_at IS NULL")?;
    Ok(select.query_row([id.0], |row| row.get(0)).optional()?)
}

/// The part of an own mailbox that is this account's, which is made.
///
/// # Errors
/// [`Error::NotFound`]: there is no such account or mailbox.
pub(super) fn open_for(db: &Connection, account: AccountId, own: OwnMailboxId) -> Result<MailboxId, Error> {
    let mut insert = db.prepare_cached(
        "INSERT INTO mailbox (account, role)
         SELECT account.id, ?2 FROM account JOIN own_mailbox ON own_mailbox.id = ?3 AND own_mailbox.removed_at IS NULL
         WHERE account.id = ?1",
    )?;
    match insert.execute(params![account.0, Role::Own(own).stored(), own.0])? {
        0 => Err(Error::NotFound),
        _ => Ok(MailboxId(db.last_insert_rowid())),
    }
}

/// Hides mailboxes; what lies in them goes to Archive.
pub(super) fn hide(db: &Connection, ids: &[OwnMailboxId]) -> Result<Placed, Error> {
    let mut keys = Vec::new();
    let mut select = db.prepare_cached(
        "SELECT message.key FROM mailbox JOIN message ON message.mailbox = mailbox.id WHERE mailbox.role = ?1",
    )?;
    for &id in ids {
        for key in select.query_map([Role::Own(id).stored()], |row| row.get(0))? {
            keys.push(MessageKey(key?));
        }
    }
    let placed = Desk::new(db)?.send(keys, Role::Archive)?;
    ids.iter().try_for_each(|&id| set_hidden(db, id))?;
    Ok(placed)
}

fn set_hidden(db: &Connection, id: OwnMailboxId) -> Result<(), Error> {
    let mut update =
        db.prepare_cached("UPDATE own_mailbox SET removed_at = unixepoch() WHERE id = ?1 AND removed_at IS NULL")?;
    update.execute([id.0])?;
    Ok(())
}

/// Hides mailboxes, the last of them first, that hold no message and no other mailbox; whether the last of them is hidden.
pub(super) fn hide_if_unused(db: &Connection, ids: &[OwnMailboxId]) -> Result<bool, Error> {
    let mut last_is_hidden = None;
    for &id in ids.iter().rev() {
        let hidden = match name_of(db, id)? {
            None => true,
            Some(name) => {
                let within = open_mailboxes(db)?.iter().filter(|mailbox| is_within(&mailbox.name, &name)).count();
                let mut full = db.prepare_cached("SELECT 1 FROM mailbox WHERE role = ?1 AND total > 0")?;
                within == 1 && !full.exists([Role::Own(id).stored()])?
            }
        };
        if hidden {
            set_hidden(db, id)?;
        }
        last_is_hidden.get_or_insert(hidden);
    }
    Ok(last_is_hidden.unwrap_or(true))
}

/// Shows hidden mailboxes again; where another has taken the name meanwhile, under one with a number.
pub(super) fn bring_back(db: &Connection, ids: &[OwnMailboxId]) -> Result<(), Error> {
    let mut select = db.prepare_cached("SELECT name FROM own_mailbox WHERE id = ?1 AND removed_at IS NOT NULL")?;
    let mut hidden = Vec::new();
    for &id in ids {
        let name: Option<String> = select.query_row([id.0], |row| row.get(0)).optional()?;
        hidden.extend(name.map(|name| OwnMailbox { id, name }));
    }
    // What others lie in comes before them.
    hidden.sort_by_cached_key(|mailbox| sort_key(&mailbox.name));
    let mut renamed: Vec<(String, String)> = Vec::new();
    for OwnMailbox { id, name } in hidden {
        let moved = renamed.iter().find_map(|(from, to)| Some(format!("{to}{}", rest(&name, from)?)));
        let wanted = moved.unwrap_or_else(|| name.clone());
        let open = open_mailboxes(db)?;
        let free = free_name(&wanted, |name| find(&open, name).is_none());
        if free != name {
            renamed.push((name, free.clone()));
        }
        make_parents(db, &free)?;
        db.prepare_cached("UPDATE own_mailbox SET name = ?2, removed_at = NULL WHERE id = ?1")?
            .execute(params![id.0, free])?;
    }
    Ok(())
}

/// The name, or the first with a number that is free.
fn free_name(wanted: &str, is_free: impl Fn(&str) -> bool) -> String {
    let numbered = (2..).map(|number: u32| format!("{wanted} {number}"));
    std::iter::once(wanted.to_owned()).chain(numbered).find(|name| is_free(name)).unwrap_or_default()
}

/// Gives a mailbox and those in it another path; gives those that were made for it to lie in.
pub(super) fn rename(db: &Connection, id: OwnMailboxId, path: &str) -> Result<Vec<OwnMailboxId>, Error> {
    let from = name_of(db, id)?.ok_or(Error::NotFound)?;
    let open = open_mailboxes(db)?;
    if find(&open, path).is_some_and(|other| other.id != id) {
        return Err(TAKEN);
    }
    if is_within(path, &from) && !same(path, &from) {
        return Err(Error::Name("lies within itself"));
    }
    let made = make_parents(db, path)?;
    let path = spelt(&open_mailboxes(db)?, path);
    let mut update = db.prepare_cached("UPDATE own_mailbox SET name = ?2 WHERE id = ?1")?;
    for mailbox in open {
        if let Some(rest) = rest(&mailbox.name, &from) {
            update.execute(params![mailbox.id.0, format!("{path}{rest}")])?;
        }
    }
    Ok(made)
}

/// Makes a mailbox and those that it lies in; gives those that were made, the outermost first.
fn make(db: &Connection, path: &str) -> Result<Vec<OwnMailboxId>, Error> {
    let mut made = make_parents(db, path)?;
    let name = spelt(&open_mailboxes(db)?, path);
    db.prepare_cached("INSERT INTO own_mailbox (name) VALUES (?1)")?.execute([name])?;
    made.push(OwnMailboxId(db.last_insert_rowid()));
    Ok(made)
}

fn make_parents(db: &Connection, path: &str) -> Result<Vec<OwnMailboxId>, Error> {
    let Some((parent, _)) = path.rsplit_once('/') else { return Ok(Vec::new()) };
    if find(&open_mailboxes(db)?, parent).is_some() { Ok(Vec::new()) } else { make(db, parent) }
}

/// The path with what it lies in spelt as that is.
fn spelt(open: &[OwnMailbox], path: &str) -> String {
    match path.rsplit_once('/') {
        Some((parent, name)) => {
            let parent = find(open, parent).map_or(parent, |mailbox| mailbox.name.as_str());
            format!("{parent}/{name}")
        }
        None => path.to_owned(),
    }
}

/// Shows a tag, under another name if its own is taken, or hides it.
pub(super) fn show_tag(db: &Connection, id: TagId, on: bool) -> Result<(), Error> {
    if !on {
        db.prepare_cached("UPDATE tag SET removed_at = unixepoch() WHERE id = ?1")?.execute([id.0])?;
        return Ok(());
    }
    let mut select = db.prepare_cached("SELECT name FROM tag WHERE id = ?1 AND removed_at IS NOT NULL")?;
    let Some(name) = select.query_row([id.0], |row| row.get::<_, String>(0)).optional()? else { return Ok(()) };
    let others = tags(db)?;
    let free = free_name(&name, |name| !others.iter().any(|tag| same(&tag.name, name)));
    db.prepare_cached("UPDATE tag SET name = ?2, removed_at = NULL WHERE id = ?1")?.execute((id.0, free))?;
    Ok(())
}

/// Whether the tag could be made so: it is there, and no other has the name.
pub(super) fn set_tag(db: &Connection, tag: &Tag) -> Result<bool, Error> {
    if tags(db)?.iter().any(|other| other.id != tag.id && same(&other.name, &tag.name)) {
        return Ok(false);
    }
    let mut update = db.prepare_cached("UPDATE tag SET name = ?2, color = ?3 WHERE id = ?1 AND removed_at IS NULL")?;
    Ok(update.execute(params![tag.id.0, tag.name, tag.color])? > 0)
}

fn find<'a>(open: &'a [OwnMailbox], path: &str) -> Option<&'a OwnMailbox> {
    open.iter().find(|mailbox| same(&mailbox.name, path))
}

/// Names that differ in capitals alone would be taken for each other.
fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

fn is_within(name: &str, outer: &str) -> bool {
    rest(name, outer).is_some()
}

/// What follows the path of the outer mailbox, if this is it, or lies in it.
fn rest<'a>(name: &'a str, outer: &str) -> Option<&'a str> {
    let depth = outer.matches('/').count();
    let end = name.match_indices('/').nth(depth).map_or(name.len(), |(at, _)| at);
    let (path, rest) = name.split_at_checked(end)?;
    same(path, outer).then_some(rest)
}

fn clean_path(path: &str) -> Result<String, Error> {
    let parts = path.trim().trim_matches('/').split('/').map(clean_word).collect::<Result<Vec<String>, Error>>()?;
    if parts.len() > DEPTH {
        return Err(Error::Name("has too many slashes"));
    }
    let path = parts.join("/");
    if Role::ALL.iter().any(|role| same(role.word(), &path)) {
        return Err(Error::Name("is that of a mailbox which every account has"));
    }
    Ok(path)
}

/// A name that can be shown and searched for.
fn clean_word(word: &str) -> Result<String, Error> {
    let word = sanitize::line(word).trim().to_owned();
    match word.chars().count() {
        0 => Err(Error::Name("is empty")),
        count if count > NAME_CHARS => Err(Error::Name("is too long")),
        _ if word.contains(['"', '“', '”', '„', '«', '»']) => {
            Err(Error::Name("has quotation marks, by which it could not be searched for"))
        }
        _ => Ok(word),
    }
}

const TAKEN: Error = Error::Name("is taken");
/// Characters of a name, or of one part of a path: what a sidebar can show, and more.
const NAME_CHARS: usize = 80;
/// Mailboxes inside each other.
const DEPTH: usize = 8;
/// Colours of the palette.
const COLORS: u8 = 8;

#[cfg(test)]
mod tests;
