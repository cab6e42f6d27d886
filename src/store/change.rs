//! What a person does with stored messages: mark, move, undo, remove for good. None of it touches what the ledger knows.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::listing::{Mailbox, mailboxes, mailboxes_of};
use super::types::{Flag, Flags, MailboxId, MailboxView, MessageKey, Move, Role};
use super::{Error, Store};
use crate::account::AccountId;

impl Store {
    /// # Errors
    /// [`Error::NotFound`] if one of the keys is gone; then nothing was changed.
    pub async fn set_flag(&self, keys: Vec<MessageKey>, flag: Flag, on: bool) -> Result<(), Error> {
        self.write(move |db| {
            let mut update = db.prepare_cached("UPDATE message SET flags = flags & ~?2 | ?3 WHERE key = ?1")?;
            let (bit, set) = (Flags::default().with(flag, true), Flags::default().with(flag, on));
            for key in keys {
                if update.execute((key.0, bit.0, set.0))? == 0 {
                    return Err(Error::NotFound);
                }
            }
            Ok(())
        })
        .await
    }

    /// Marks every message with this Message-ID (without angle brackets) as answered, or as forwarded.
    pub async fn mark_answered(&self, message_id: &str, forwarded: bool) -> Result<(), Error> {
        let message_id = message_id.to_owned();
        let flag = Flags::default().with(if forwarded { Flag::Forwarded } else { Flag::Answered }, true);
        self.write(move |db| {
            let mut update = db.prepare_cached("UPDATE message SET flags = flags | ?2 WHERE message_id = ?1")?;
            update.execute(params![message_id, flag.0])?;
            Ok(())
        })
        .await
    }

    /// Moves messages to the mailbox with that role of their own account, and remembers where they were. What lies there
    /// already is left out of the answer.
    ///
    /// # Errors
    /// Nothing was changed then. [`Error::NotFound`]: a key is gone, or received mail was to go to Drafts or Outbox;
    /// [`Error::Outgoing`]: one of them is just being sent.
    pub async fn move_to(&self, keys: Vec<MessageKey>, to: Role) -> Result<Vec<Move>, Error> {
        self.write(move |db| {
            let desk = Desk::new(db)?;
            desk.place_all(keys, |_, from| Ok((desk.sibling(from, to)?, Some(from)))).collect()
        })
        .await
    }

    /// Moves messages back to where they were before they were last moved; to the Inbox where that is not known.
    ///
    /// # Errors
    /// As [`Store::move_to`].
    pub async fn restore(&self, keys: Vec<MessageKey>) -> Result<Vec<Move>, Error> {
        self.write(move |db| {
            let desk = Desk::new(db)?;
            desk.place_all(keys, |key, from| {
                let account = desk.mailbox(from)?.account;
                let previous = desk.previous(key)?.filter(|id| desk.mailbox(*id).is_ok_and(|m| m.account == account));
                Ok((previous.map_or_else(|| desk.sibling(from, Role::Inbox), Ok)?, None))
            })
            .collect()
        })
        .await
    }

    /// Puts each message into the mailbox that the move says it came from.
    ///
    /// # Errors
    /// As [`Store::move_to`].
    pub async fn undo(&self, moves: Vec<Move>) -> Result<Vec<Move>, Error> {
        self.write(move |db| {
            let desk = Desk::new(db)?;
            let back: HashMap<MessageKey, MailboxId> = moves.iter().map(|made| (made.key, made.from)).collect();
            desk.place_all(moves.into_iter().map(|made| made.key), |key, from| {
                let to = *back.get(&key).ok_or(Error::NotFound)?;
                // Back in Trash or Junk, it still knows the place to be restored to.
                let remembers = matches!(desk.mailbox(to)?.role, Role::Trash | Role::Junk);
                Ok((to, remembers.then_some(from)))
            })
            .collect()
        })
        .await
    }

    /// Removes for good what lies in Trash, of one account or all; gives how many. The ledger keeps what the server knows
    /// them by, so that they do not come again.
    pub async fn empty_trash(&self, account: Option<AccountId>) -> Result<u64, Error> {
        self.write(move |db| {
            let mut delete = db.prepare_cached("DELETE FROM message WHERE mailbox = ?1")?;
            let mut removed = 0;
            for trash in mailboxes_of(db, MailboxView { role: Role::Trash, account })? {
                removed += delete.execute([trash.0])? as u64;
            }
            Ok(removed)
        })
        .await
    }
}

/// Messages being moved about, within one transaction.
struct Desk<'a> {
    db: &'a Connection,
    mailboxes: HashMap<MailboxId, Mailbox>,
}

impl<'a> Desk<'a> {
    fn new(db: &'a Connection) -> Result<Self, Error> {
        Ok(Self { db, mailboxes: mailboxes(db)? })
    }

    fn mailbox(&self, id: MailboxId) -> Result<Mailbox, Error> {
        self.mailboxes.get(&id).copied().ok_or(Error::NotFound)
    }

    /// The mailbox with that role in the account that `id` belongs to.
    fn sibling(&self, id: MailboxId, role: Role) -> Result<MailboxId, Error> {
        let account = self.mailbox(id)?.account;
        let found = self.mailboxes.iter().find(|(_, mailbox)| mailbox.account == account && mailbox.role == role);
        found.map(|(id, _)| *id).ok_or(Error::NotFound)
    }

    fn previous(&self, key: MessageKey) -> Result<Option<MailboxId>, Error> {
        let mut select = self.db.prepare_cached("SELECT previous_mailbox FROM message WHERE key = ?1")?;
        let previous = select.query_row([key.0], |row| row.get::<_, Option<i64>>(0)).optional()?;
        Ok(previous.flatten().map(MailboxId))
    }

    /// Places each message where `target` says, which is asked for its key and mailbox and gives the mailbox to go to and the
    /// one to be remembered.
    fn place_all<'b>(
        &'b self,
        keys: impl IntoIterator<Item = MessageKey> + 'b,
        target: impl Fn(MessageKey, MailboxId) -> Result<(MailboxId, Option<MailboxId>), Error> + 'b,
    ) -> impl Iterator<Item = Result<Move, Error>> + 'b {
        keys.into_iter().filter_map(move |key| self.place(key, &target).transpose())
    }

    fn place(
        &self,
        key: MessageKey,
        target: impl Fn(MessageKey, MailboxId) -> Result<(MailboxId, Option<MailboxId>), Error>,
    ) -> Result<Option<Move>, Error> {
        let mut select = self.db.prepare_cached("SELECT mailbox FROM message WHERE key = ?1")?;
        let from = MailboxId(select.query_row([key.0], |row| row.get(0)).optional()?.ok_or(Error::NotFound)?);
        let (to, previous) = target(key, from)?;
        if to == from {
            return Ok(None);
        }
        self.allow(key, from, to)?;
        let mut update =
            self.db.prepare_cached("UPDATE message SET mailbox = ?2, previous_mailbox = ?3 WHERE key = ?1")?;
        update.execute((key.0, to.0, previous.map(|id| id.0)))?;
        Ok(Some(Move { key, from, to }))
    }

    /// What is being sent stays; a message stays in its account; Drafts and Outbox take only what was written here.
    fn allow(&self, key: MessageKey, from: MailboxId, to: MailboxId) -> Result<(), Error> {
        let (from, to) = (self.mailbox(from)?, self.mailbox(to)?);
        if from.role == Role::Outbox
            && self.has("SELECT 1 FROM outbox WHERE message = ?1 AND state = 'sending'", key)?
        {
            return Err(Error::Outgoing("being sent"));
        }
        let known_there = match to.role {
            Role::Drafts => self.has("SELECT 1 FROM draft WHERE message = ?1", key)?,
            Role::Outbox => self.has("SELECT 1 FROM outbox WHERE message = ?1", key)?,
            _ => true,
        };
        if known_there && from.account == to.account { Ok(()) } else { Err(Error::NotFound) }
    }

    fn has(&self, select: &str, key: MessageKey) -> Result<bool, Error> {
        Ok(self.db.prepare_cached(select)?.exists([key.0])?)
    }
}
