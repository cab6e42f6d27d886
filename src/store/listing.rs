//! What lists show: keys, rows and counts.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::types::{Flags, MailboxCount, MailboxId, MailboxView, MessageKey, MessageRow, Part, Role, TagId};
use super::{Error, Store, organise, outbox};
use crate::account::AccountId;
use crate::mail::{Address, sanitize};

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
        self.read(move |db| keys_of(db, view)).await
    }

    /// The newest keys of a view, at most so many: what a screen shows while the rest of a large mailbox is read.
    pub async fn newest_keys(&self, view: MailboxView, most: usize) -> Result<Vec<MessageKey>, Error> {
        self.read(move |db| {
            let mut keys = Vec::new();
            let limit = i64::try_from(most).unwrap_or(i64::MAX);
            let mut select =
                db.prepare_cached("SELECT key FROM message WHERE mailbox = ?1 ORDER BY key DESC LIMIT ?2")?;
            for mailbox in mailboxes_of(db, view)? {
                for key in select.query_map([mailbox.0, limit], |row| row.get(0))? {
                    keys.push(MessageKey(key?));
                }
            }
            keys.sort_by(|a, b| b.cmp(a));
            keys.truncate(most);
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

/// All keys of a view, newest first.
pub(super) fn keys_of(db: &Connection, view: MailboxView) -> Result<Vec<MessageKey>, Error> {
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
}

pub(super) fn message_row(db: &Connection, key: MessageKey) -> Result<Option<MessageRow>, Error> {
    let mut select = db.prepare_cached(
        "SELECT message.key, mailbox.account, mailbox.role, message.uid, message.date, message.from_name,
                message.from_addr, message.recipients, message.subject, message.snippet, message.size_bytes,
                message.flags, message.has_attachments, outbox.state, outbox.words, message.recipient_addrs, message.part,
                message.part <> 0 AND EXISTS (
                    SELECT 1 FROM ledger JOIN server_note ON server_note.account = ledger.account
                                                         AND server_note.uid = ledger.uid
                    WHERE ledger.message = message.key AND server_note.wish = 'get'),
                (SELECT group_concat(tag.id ORDER BY tag.id) FROM message_tag JOIN tag ON tag.id = message_tag.tag
                 WHERE message_tag.message = message.key AND tag.removed_at IS NULL)
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
    let (from_name, from_addr) = (shown_name(row.get_ref(5)?.as_str()?, row.get_ref(6)?.as_str()?), line(6)?);
    Ok(MessageRow {
        key: MessageKey(row.get(0)?),
        account: AccountId(row.get(1)?),
        role,
        uid: row.get::<_, Option<Vec<u8>>>(3)?.map(|uid| uid.escape_ascii().to_string()),
        date: row.get(4)?,
        from_name,
        from_addr,
        to: line(7)?,
        to_addrs: line(15)?,
        subject: line(8)?,
        snippet: line(9)?,
        size_bytes: row.get::<_, i64>(10)?.cast_unsigned(),
        flags: Flags(row.get(11)?),
        has_attachments: row.get(12)?,
        part: Part::of_number(row.get(16)?),
        rest_wanted: row.get(17)?,
        outbox: if role == Role::Outbox { outbox::state(row, 13, 14)? } else { None },
        tags: tags(row.get_ref(18)?.as_str_or_null()?.unwrap_or_default()),
        group: None,
    })
}

/// What a list calls the sender. A name that pretends to be another address is not shown instead of the address.
pub(super) fn shown_name(name: &str, addr: &str) -> String {
    let address = Address { name: sanitize::line(name), addr: sanitize::line(addr) };
    let deceives = address.name.trim().is_empty() || address.name_imitates_address();
    if deceives { address.addr } else { address.name }
}

/// From numbers that are joined with commas.
fn tags(joined: &str) -> Vec<TagId> {
    joined.split(',').filter_map(|id| id.parse().ok()).map(TagId).collect()
}

fn role(row: &Row<'_>, index: usize) -> rusqlite::Result<Role> {
    parse_role(&row.get::<_, String>(index)?, index)
}

fn parse_role(word: &str, index: usize) -> rusqlite::Result<Role> {
    Role::of_stored(word)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(index, rusqlite::types::Type::Text, error.into()))
}

/// The account's mailbox for this; one of a person's own is made if it is missing.
///
/// # Errors
/// [`Error::NotFound`] if there is no such account, or no such mailbox.
pub(super) fn mailbox_of(db: &Connection, account: AccountId, role: Role) -> Result<MailboxId, Error> {
    if let Role::Own(own) = role {
        // What was removed is hidden, and takes no mail.
        organise::name_of(db, own)?.ok_or(Error::NotFound)?;
    }
    let mut select = db.prepare_cached("SELECT id FROM mailbox WHERE account = ?1 AND role = ?2")?;
    let id = select.query_row(params![account.0, role.stored()], |row| row.get(0)).optional()?;
    match (id, role) {
        (Some(id), _) => Ok(MailboxId(id)),
        (None, Role::Own(own)) => organise::open_for(db, account, own),
        (None, _) => Err(Error::NotFound),
    }
}

pub(super) fn mailboxes_of(db: &Connection, view: MailboxView) -> Result<Vec<MailboxId>, Error> {
    let mut select = db.prepare_cached("SELECT id FROM mailbox WHERE role = ?1 AND account = coalesce(?2, account)")?;
    let account = view.account.map(|account| account.0);
    let ids = select.query_map(params![view.role.stored(), account], |row| row.get(0).map(MailboxId))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// Whose a mailbox is, and what for.
#[derive(Clone, Copy)]
pub(super) struct Mailbox {
    pub(super) account: AccountId,
    pub(super) role: Role,
}

/// Every mailbox: there are some dozens an account at most, so that reading them all is cheaper than asking one by one.
pub(super) fn mailboxes(db: &Connection) -> Result<HashMap<MailboxId, Mailbox>, Error> {
    let mut select = db.prepare_cached("SELECT id, account, role FROM mailbox")?;
    let all = select.query_map([], |row| {
        Ok((MailboxId(row.get(0)?), Mailbox { account: AccountId(row.get(1)?), role: role(row, 2)? }))
    })?;
    Ok(all.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::super::testing::{self, Fixture, NOON, arrival, envelope};
    use super::super::types::Flag;
    use super::super::{Arrival, Content, prepare};
    use super::*;
    use crate::mail::{Address, Envelope};

    fn receive(fixture: &Fixture, account: AccountId, uid: &[u8], envelope: Envelope) -> MessageKey {
        let content = Content::Whole(uid.to_owned());
        let arrival = prepare(Arrival {
            uid: Some(uid.to_owned()),
            listed_size: 7,
            content,
            envelope,
            dedupe: true,
            ..Arrival::default()
        });
        block_on(fixture.store.deliver(account, vec![arrival], NOON)).unwrap()[0].key.unwrap()
    }

    #[test]
    fn a_row_says_what_the_list_shows() {
        let fixture = Fixture::new();
        let address = |name: &str, addr: &str| Address { name: name.into(), addr: addr.into() };
        let full = Envelope {
            from: vec![address("Bo Ek", "bo@example.org"), address("Second", "2@example.org")],
            to: vec![address("Ana", "ana@example.org"), address("", "cy@example.org")],
            cc: vec![address("Di", "di@example.org")],
            snippet: "See you".into(),
            has_attachments: true,
            ..envelope("Minutes", Some(NOON - 60))
        };
        let key = receive(&fixture, fixture.account, b"uid \xFF\n1", full);
        let expected = MessageRow {
            key,
            account: fixture.account,
            role: Role::Inbox,
            uid: Some(r"uid \xff\n1".into()),
            date: NOON - 60,
            from_name: "Bo Ek".into(),
            from_addr: "bo@example.org".into(),
            to: "Ana, cy@example.org, Di".into(),
            to_addrs: "ana@example.org, cy@example.org, di@example.org".into(),
            subject: "Minutes".into(),
            snippet: "See you".into(),
            size_bytes: 7,
            flags: Flags::default(),
            has_attachments: true,
            part: Part::Whole,
            rest_wanted: false,
            outbox: None,
            tags: Vec::new(),
            group: None,
        };
        assert_eq!(block_on(fixture.store.row(key)), Ok(expected));
    }

    #[test]
    fn a_message_without_a_header_has_a_row_all_the_same() {
        let fixture = Fixture::new();
        let key = receive(&fixture, fixture.account, b"", Envelope::default());
        let row = block_on(fixture.store.row(key)).unwrap();
        assert_eq!((row.uid, row.from_name, row.subject, row.date), (None, String::new(), String::new(), NOON));
    }

    #[test]
    fn a_sender_without_a_name_is_named_by_the_address() {
        let fixture = Fixture::new();
        for (number, name) in ["", "  "].into_iter().enumerate() {
            let from = vec![Address { name: name.into(), addr: "bo@example.org".into() }];
            let key = receive(&fixture, fixture.account, &[number as u8], Envelope { from, ..Envelope::default() });
            assert_eq!(block_on(fixture.store.row(key)).unwrap().from_name, "bo@example.org");
        }
    }

    #[test]
    fn no_text_of_a_row_can_control_the_screen() {
        let fixture = Fixture::new();
        let nasty = "a\u{1b}[2J\0b\r\nc";
        let address = vec![Address { name: nasty.into(), addr: nasty.into() }];
        let envelope = Envelope { from: address.clone(), to: address, snippet: nasty.into(), ..envelope(nasty, None) };
        let key = receive(&fixture, fixture.account, b"1", envelope);
        let row = block_on(fixture.store.row(key)).unwrap();
        for text in [row.from_name, row.from_addr, row.to, row.subject, row.snippet] {
            assert_eq!(text, sanitize::line(nasty));
        }
    }

    #[test]
    fn rows_come_in_the_order_asked_without_those_that_are_gone() {
        let fixture = Fixture::new();
        let [a, b, c] = [b"a", b"b", b"c"].map(|octets| fixture.receive(octets));
        let rows = block_on(fixture.store.rows(vec![b, MessageKey(5), c, a, b])).unwrap();
        assert_eq!(rows.iter().map(|row| row.key).collect::<Vec<_>>(), [b, c, a, b]);
        assert_eq!(block_on(fixture.store.row(MessageKey(5))), Err(Error::NotFound));
    }

    #[test]
    fn a_view_lists_one_account_or_all_newest_first() {
        let fixture = Fixture::new();
        let work = fixture.account;
        let home = block_on(fixture.store.save_account(testing::account("Home"))).unwrap();
        let keys: Vec<_> = [(work, 3), (home, 1), (work, 2), (home, 4)]
            .into_iter()
            .map(|(account, age)| receive(&fixture, account, &[age], envelope("s", Some(NOON - i64::from(age)))))
            .collect();
        let listed = |account| block_on(fixture.store.keys(MailboxView { role: Role::Inbox, account })).unwrap();
        assert_eq!(listed(Some(work)), [keys[2], keys[0]]);
        assert_eq!(listed(Some(home)), [keys[1], keys[3]]);
        assert_eq!(listed(None), [keys[1], keys[2], keys[0], keys[3]]);
        let newest =
            |most| block_on(fixture.store.newest_keys(MailboxView { role: Role::Inbox, account: None }, most)).unwrap();
        assert_eq!((newest(3), newest(9).len()), (vec![keys[1], keys[2], keys[0]], 4));
        assert_eq!(listed(Some(AccountId(99))), []);
        assert_eq!(block_on(fixture.store.all_keys()).unwrap(), listed(None));
        let archive = MailboxView { role: Role::Archive, account: None };
        assert_eq!(block_on(fixture.store.keys(archive)).unwrap(), []);
    }

    #[test]
    fn a_hundred_thousand_messages_are_listed_from_an_index_alone() {
        const MESSAGES: u32 = 100_000;
        let fixture = Fixture::new();
        let mail = (0..MESSAGES).map(|n| arrival(&n.to_be_bytes(), &n.to_be_bytes())).collect();
        fixture.deliver(mail).unwrap();
        let keys = fixture.keys(Role::Inbox);
        assert_eq!(keys.len(), MESSAGES as usize);
        assert!(keys.is_sorted_by(|a, b| a > b), "newest first, each once");
        assert_eq!(block_on(fixture.store.counts()).unwrap()[0].total, u64::from(MESSAGES));
        let select = "EXPLAIN QUERY PLAN SELECT key FROM message WHERE mailbox = 1 ORDER BY key DESC";
        let plan: String = fixture.sql().query_row(select, [], |row| row.get("detail")).unwrap();
        assert!(plan.contains("USING COVERING INDEX message_by_mailbox"), "{plan}");
    }

    #[test]
    fn what_is_unread_is_counted() {
        let fixture = Fixture::new();
        let keys = [fixture.receive(b"a"), fixture.receive(b"b"), fixture.receive(b"c")];
        block_on(fixture.store.set_flag(vec![keys[0]], Flag::Seen, true)).unwrap();
        block_on(fixture.store.set_flag(vec![keys[1]], Flag::Starred, true)).unwrap();
        let inbox = block_on(fixture.store.counts()).unwrap()[0];
        assert_eq!((inbox.role, inbox.total, inbox.unread), (Role::Inbox, 3, 2));
    }
}
