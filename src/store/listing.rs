//! What lists show: keys, rows and counts.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::types::{Flags, MailboxCount, MailboxId, MailboxView, MessageKey, MessageRow, Role};
use super::{Error, Store, outbox};
use crate::account::AccountId;
use crate::mail::sanitize;

impl Store {
    /// How full every mailbox is; accounts in order of their ids, mailboxes in the sidebar's.
    pub async fn counts(&self) -> Result<Vec<MailboxCount>, Error> {
        self.read(|db| {
            let mut select =
                db.prepare_cached("SELECT account, role, total, unread FROM mailbox ORDER BY account, id")?;
            let counts = select.query_map([], |row| {
                Ok(MailboxCount {
                    account: AccountId(row.get(0)?),
                    role: role(row, 1)?,
                    total: row.get::<_, i64>(2)?.cast_unsigned(),
                    unread: row.get::<_, i64>(3)?.cast_unsigned(),
                })
            })?;
            Ok(counts.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// All keys of a view, newest first. Reads nothing but an index: a hundred thousand take some milliseconds.
    pub async fn keys(&self, view: MailboxView) -> Result<Vec<MessageKey>, Error> {
        self.read(move |db| {
            let mut keys = Vec::new();
            let mut select = db.prepare_cached("SELECT key FROM message WHERE mailbox = ?1 ORDER BY key DESC")?;
            for mailbox in mailboxes_of(db, view)? {
                for key in select.query_map([mailbox.0], |row| row.get(0))? {
                    keys.push(MessageKey(key?));
                }
            }
            // Sorted runs, one an account: merging them is quicker than having SQLite sort them.
            keys.sort_by(|a, b| b.cmp(a));
            Ok(keys)
        })
        .await
    }

    /// The key of every message, newest first.
    pub async fn all_keys(&self) -> Result<Vec<MessageKey>, Error> {
        self.read(|db| {
            let mut select = db.prepare_cached("SELECT key FROM message ORDER BY key DESC")?;
            let keys = select.query_map([], |row| row.get(0).map(MessageKey))?;
            Ok(keys.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Rows in the order asked; a key that is gone is left out.
    pub async fn rows(&self, keys: Vec<MessageKey>) -> Result<Vec<MessageRow>, Error> {
        self.read(move |db| {
            let mut rows = Vec::with_capacity(keys.len());
            for key in keys {
                rows.extend(message_row(db, key)?);
            }
            Ok(rows)
        })
        .await
    }

    pub async fn row(&self, key: MessageKey) -> Result<MessageRow, Error> {
        self.read(move |db| message_row(db, key)?.ok_or(Error::NotFound)).await
    }
}

fn message_row(db: &Connection, key: MessageKey) -> Result<Option<MessageRow>, Error> {
    let mut select = db.prepare_cached(
        "SELECT message.key, mailbox.account, mailbox.role, message.uid, message.date, message.from_name,
                message.from_addr, message.recipients, message.subject, message.snippet, message.size_bytes,
                message.flags, message.has_attachments, outbox.state, outbox.words
         FROM message JOIN mailbox ON mailbox.id = message.mailbox LEFT JOIN outbox ON outbox.message = message.key
         WHERE message.key = ?1",
    )?;
    Ok(select.query_row([key.0], row).optional()?)
}

/// All text is made fit for the screen here, and nowhere else in the store: the newest rules then hold for the oldest mail,
/// and only the rows on the screen are worked on.
fn row(row: &Row<'_>) -> rusqlite::Result<MessageRow> {
    let line = |index: usize| Ok::<_, rusqlite::Error>(sanitize::line(row.get_ref(index)?.as_str()?));
    let role = role(row, 2)?;
    let from_addr = line(6)?;
    let from_name = Some(line(5)?).filter(|name| !name.trim().is_empty()).unwrap_or_else(|| from_addr.clone());
    Ok(MessageRow {
        key: MessageKey(row.get(0)?),
        account: AccountId(row.get(1)?),
        role,
        uid: row.get::<_, Option<Vec<u8>>>(3)?.map(|uid| uid.escape_ascii().to_string()),
        date: row.get(4)?,
        from_name,
        from_addr,
        to: line(7)?,
        subject: line(8)?,
        snippet: line(9)?,
        size_bytes: row.get::<_, i64>(10)?.cast_unsigned(),
        flags: Flags(row.get(11)?),
        has_attachments: row.get(12)?,
        outbox: if role == Role::Outbox { outbox::state(row, 13, 14)? } else { None },
    })
}

fn role(row: &Row<'_>, index: usize) -> rusqlite::Result<Role> {
    parse_role(&row.get::<_, String>(index)?, index)
}

fn parse_role(word: &str, index: usize) -> rusqlite::Result<Role> {
    word.parse().map_err(|error: String| {
        rusqlite::Error::FromSqlConversionFailure(index, rusqlite::types::Type::Text, error.into())
    })
}

/// # Errors
/// [`Error::NotFound`] if there is no such account.
pub(super) fn mailbox_of(db: &Connection, account: AccountId, role: Role) -> Result<MailboxId, Error> {
    let mut select = db.prepare_cached("SELECT id FROM mailbox WHERE account = ?1 AND role = ?2")?;
    let id = select.query_row(params![account.0, role.word()], |row| row.get(0)).optional()?;
    id.map(MailboxId).ok_or(Error::NotFound)
}

pub(super) fn mailboxes_of(db: &Connection, view: MailboxView) -> Result<Vec<MailboxId>, Error> {
    let mut select = db.prepare_cached("SELECT id FROM mailbox WHERE role = ?1 AND account = coalesce(?2, account)")?;
    let account = view.account.map(|account| account.0);
    let ids = select.query_map(params![view.role.word(), account], |row| row.get(0).map(MailboxId))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// Whose a mailbox is, and what for.
#[derive(Clone, Copy)]
pub(super) struct Mailbox {
    pub(super) account: AccountId,
    pub(super) role: Role,
}

/// Every mailbox: there are seven an account, so that reading them all is cheaper than asking one by one.
pub(super) fn mailboxes(db: &Connection) -> Result<HashMap<MailboxId, Mailbox>, Error> {
    let mut select = db.prepare_cached("SELECT id, account, role FROM mailbox")?;
    let all = select.query_map([], |row| {
        Ok((MailboxId(row.get(0)?), Mailbox { account: AccountId(row.get(1)?), role: role(row, 2)? }))
    })?;
    Ok(all.collect::<Result<_, _>>()?)
}
