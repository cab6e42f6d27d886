//! Lists of conversations: in place of its messages each has one row, that of the message that comes first in the list.

use std::collections::HashSet;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::listing::{mailboxes_of, message_row};
use super::sort::{Sorted, places_of};
use super::types::{Flag, Flags, Group, MailboxView, MessageKey, MessageRow, Role};
use super::{Error, Store};

/// Messages of a conversation that are counted, and whose senders are named.
const MOST_COUNTED: usize = 200;
/// Senders that are named.
const MOST_NAMED: usize = 4;
/// A list that is shorter is asked for its threads message by message.
const FEW: usize = 2_000;

impl Store {
    /// Of these keys, which are in the order of a list, the first of each conversation; and, of the conversation of `of`,
    /// which that is.
    pub async fn heads(&self, sorted: Sorted, of: Option<MessageKey>) -> Result<(Sorted, Option<MessageKey>), Error> {
        self.read(move |db| heads(db, &sorted, of)).await
    }

    /// The rows of these, each with what is to be said of its conversation; `view` is the mailbox in the list.
    pub async fn group_rows(&self, keys: Vec<MessageKey>, view: MailboxView) -> Result<Vec<MessageRow>, Error> {
        self.read(move |db| {
            let mailboxes: HashSet<i64> = mailboxes_of(db, view)?.into_iter().map(|id| id.0).collect();
            let mut rows = Vec::with_capacity(keys.len());
            for key in keys {
                if let Some(row) = message_row(db, key)? {
                    let group = group_of(db, &row, &mailboxes)?;
                    rows.push(MessageRow { group, ..row });
                }
            }
            Ok(rows)
        })
        .await
    }

    /// All messages of the conversations of these that the view holds, the newest first.
    pub async fn members(&self, keys: Vec<MessageKey>, view: MailboxView) -> Result<Vec<MessageKey>, Error> {
        self.read(move |db| {
            let mailboxes: HashSet<i64> = mailboxes_of(db, view)?.into_iter().map(|id| id.0).collect();
            let mut select = db.prepare_cached(
                "SELECT message.key, message.mailbox
                 FROM in_thread CROSS JOIN message ON message.key = in_thread.message
                 WHERE in_thread.thread = (SELECT thread FROM in_thread WHERE message = ?1)",
            )?;
            let mut members: HashSet<MessageKey> = keys.iter().copied().collect();
            for key in keys {
                for member in select.query_map([key.0], |row| Ok((MessageKey(row.get(0)?), row.get::<_, i64>(1)?)))? {
                    let (member, mailbox) = member?;
                    if mailboxes.contains(&mailbox) {
                        members.insert(member);
                    }
                }
            }
            let mut members: Vec<MessageKey> = members.into_iter().collect();
            members.sort_unstable_by(|a, b| b.cmp(a));
            Ok(members)
        })
        .await
    }
}

fn heads(db: &Connection, sorted: &Sorted, of: Option<MessageKey>) -> Result<(Sorted, Option<MessageKey>), Error> {
    let in_order = &sorted.keys;
    let newest_first: Vec<MessageKey> = match sorted.places.is_empty() {
        true => in_order.to_vec(),
        false => sorted.places.iter().filter_map(|&place| in_order.get(place as usize).copied()).collect(),
    };
    // In the order of the list again.
    let threads = threads_of(db, &newest_first)?;
    let mut of_place = threads.clone();
    for (&place, thread) in sorted.places.iter().zip(&threads) {
        if let Some(there) = of_place.get_mut(place as usize) {
            *there = *thread;
        }
    }
    let wanted = match of {
        Some(key) => thread_of(db, key)?,
        None => None,
    };
    let (mut seen, mut head, mut keys) = (HashSet::new(), None, Vec::new());
    for (&key, thread) in in_order.iter().zip(of_place) {
        // What is in no thread yet stands for itself.
        if thread.is_none_or(|thread| seen.insert(thread)) {
            keys.push(key);
            if of == Some(key) || (thread.is_some() && thread == wanted) {
                head = Some(key);
            }
        }
    }
    let places = if sorted.places.is_empty() { Vec::new() } else { places_in(&keys)? };
    Ok((Sorted { keys: Arc::new(keys), places: Arc::new(places) }, head))
}

fn places_in(keys: &[MessageKey]) -> Result<Vec<u32>, Error> {
    let mut newest_first = keys.to_vec();
    newest_first.sort_unstable_by(|a, b| b.cmp(a));
    places_of(&newest_first, keys)
}

fn thread_of(db: &Connection, key: MessageKey) -> Result<Option<i64>, Error> {
    let mut select = db.prepare_cached("SELECT thread FROM in_thread WHERE message = ?1")?;
    Ok(select.query_row([key.0], |row| row.get(0)).optional()?)
}

/// The threads of these, the newest first. Of many they are read side by side, in the order in which they lie.
fn threads_of(db: &Connection, newest_first: &[MessageKey]) -> Result<Vec<Option<i64>>, Error> {
    let (Some(newest), Some(oldest)) = (newest_first.first(), newest_first.last()) else { return Ok(Vec::new()) };
    if newest_first.len() < FEW {
        return newest_first.iter().map(|&key| thread_of(db, key)).collect();
    }
    let mut select = db.prepare_cached(
        "SELECT message, thread FROM in_thread WHERE message BETWEEN ?1 AND ?2 ORDER BY message DESC",
    )?;
    let mut rows = select.query([oldest.0, newest.0])?;
    let mut ahead: Option<(i64, i64)> = None;
    let mut threads = Vec::with_capacity(newest_first.len());
    let mut is_over = false;
    for key in newest_first {
        while !is_over && ahead.is_none_or(|(message, _)| message > key.0) {
            match rows.next()? {
                Some(row) => ahead = Some((row.get(0)?, row.get(1)?)),
                None => is_over = true,
            }
        }
        threads.push(ahead.filter(|(message, _)| *message == key.0).map(|(_, thread)| thread));
    }
    Ok(threads)
}

/// What is to be said of the conversation of a row; None: it is of one message.
fn group_of(db: &Connection, own: &MessageRow, mailboxes: &HashSet<i64>) -> Result<Option<Group>, Error> {
    let mut select = db.prepare_cached(
        "SELECT message.key, message.flags, message.mailbox, message.from_name, message.from_addr, mailbox.role
         FROM in_thread CROSS JOIN message ON message.key = in_thread.message
                        CROSS JOIN mailbox ON mailbox.id = message.mailbox
         WHERE in_thread.thread = (SELECT thread FROM in_thread WHERE message = ?1)
               AND mailbox.role NOT IN (?2, ?3)
         ORDER BY in_thread.message DESC LIMIT ?4",
    )?;
    let [trash, junk] = [Role::Trash, Role::Junk].map(|role| if role == own.role { "" } else { role.word() });
    let most = i64::try_from(MOST_COUNTED).unwrap_or(i64::MAX);
    let mut rows = select.query(params![own.key.0, trash, junk, most])?;
    let (mut group, mut names) = (Group::default(), Vec::new());
    while let Some(row) = rows.next()? {
        group.messages += 1;
        let flags = Flags(row.get(1)?);
        if mailboxes.contains(&row.get(2)?) && !flags.has(Flag::Seen) {
            group.unread += 1;
        }
        let is_ours = Role::of_stored(&row.get::<_, String>(5)?).is_ok_and(Role::is_outgoing);
        let name = match is_ours {
            true => "me".to_owned(),
            false => {
                let (name, addr): (String, String) = (row.get(3)?, row.get(4)?);
                super::listing::shown_name(&name, &addr)
            }
        };
        names.push(name);
    }
    // The one who began it first, and each once.
    for name in names.into_iter().rev() {
        if group.senders.len() < MOST_NAMED && !group.senders.contains(&name) {
            group.senders.push(name);
        }
    }
    Ok((group.messages > 1).then_some(group))
}

#[cfg(test)]
mod tests;
