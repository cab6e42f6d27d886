//! Messages being written. A draft is a message in Drafts with the composer's fields beside it.

use rusqlite::{Connection, OptionalExtension, params};

use super::change::Desk;
use super::journal::{self, Deed};
use super::listing::mailbox_of;
use super::message::{NewMessage, insert_message, replace_message};
use super::raw::PackedRaw;
use super::types::{Flag, Flags, MessageKey, Part, Role};
use super::{Error, Store, outbox};
use crate::account::AccountId;
use crate::mail::draft::DraftAttachment;
use crate::mail::{Draft, Envelope};

impl Store {
    /// Stores a draft, in place of the one with this key if that is still a draft; gives its key.
    ///
    /// # Errors
    /// [`Error::NotFound`]: no such account. [`Error::Outgoing`]: the message has been put into the Outbox meanwhile, and
    /// a late save must not take it out again.
    pub async fn save_draft(
        &self,
        account: AccountId,
        key: Option<MessageKey>,
        draft: Draft,
        raw: Vec<u8>,
        envelope: Envelope,
        now: i64,
    ) -> Result<MessageKey, Error> {
        let written = Written::new(account, Role::Drafts, draft, &raw, envelope, now)?;
        self.write(move |db| store_written(db, key, written)).await
    }

    /// The draft with this key, wherever it lies, and the account it is to be sent from.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such message, or it was not written here, or it was sent.
    pub async fn draft(&self, key: MessageKey) -> Result<(AccountId, Draft), Error> {
        self.read(move |db| {
            let mut select = db.prepare_cached(
                "SELECT mailbox.account, draft.fields FROM draft JOIN message ON message.key = draft.message
                 JOIN mailbox ON mailbox.id = message.mailbox WHERE draft.message = ?1",
            )?;
            let (account, fields) =
                select.query_row([key.0], |row| Ok((AccountId(row.get(0)?), row.get::<_, String>(1)?)))?;
            let mut draft: Draft = serde_json::from_str(&fields)
                .map_err(|error| Error::Damaged(format!("draft {key} cannot be read: {error}")))?;
            draft.attachments = attachments(db, key)?;
            Ok((account, draft))
        })
        .await
    }

    /// Moves a draft to Trash, to be undone.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it is no draft (any more); [`Error::Outgoing`] if it lies in the Outbox.
    pub async fn discard_draft(&self, key: MessageKey) -> Result<(), Error> {
        self.write(move |db| {
            if !is_draft(db, key)? {
                return Err(Error::NotFound);
            }
            outbox::refuse_queued(db, key)?;
            let placed = Desk::new(db)?.send(vec![key], Role::Trash)?;
            journal::record(db, &Deed::Discard, placed.groups)
        })
        .await
    }
}

/// A message written here, ready to be stored.
pub(super) struct Written {
    account: AccountId,
    role: Role,
    /// The draft without its attachments, as JSON.
    fields: String,
    attachments: Vec<DraftAttachment>,
    raw: PackedRaw,
    envelope: Envelope,
    now: i64,
}

impl Written {
    pub(super) fn new(
        account: AccountId,
        role: Role,
        mut draft: Draft,
        raw: &[u8],
        envelope: Envelope,
        now: i64,
    ) -> Result<Self, Error> {
        let attachments = std::mem::take(&mut draft.attachments);
        let fields = serde_json::to_string(&draft).map_err(|error| Error::Unexpected(error.to_string()))?;
        Ok(Self { account, role, fields, attachments, raw: PackedRaw::whole(raw, None), envelope, now })
    }
}

/// Stores the message in the mailbox of its role, in place of the draft `key` if there is such a one.
pub(super) fn store_written(db: &Connection, key: Option<MessageKey>, written: Written) -> Result<MessageKey, Error> {
    let mailbox = mailbox_of(db, written.account, written.role)?;
    let flags = Flags::default().with(Flag::Seen, true);
    let message =
        NewMessage { mailbox, flags, uid: None, envelope: &written.envelope, now: written.now, part: Part::Whole };
    let key = match key {
        // What is no draft (any more) is never overwritten: it may be a message that was received, or sent.
        Some(key) if is_draft(db, key)? => {
            outbox::refuse_queued(db, key)?;
            replace_message(db, key, &message, written.raw)?;
            db.prepare_cached("DELETE FROM outbox WHERE message = ?1")?.execute([key.0])?;
            db.prepare_cached("DELETE FROM draft WHERE message = ?1")?.execute([key.0])?;
            key
        }
        _ => insert_message(db, &message, written.raw)?,
    };
    db.prepare_cached("INSERT INTO draft (message, fields) VALUES (?1, ?2)")?
        .execute(params![key.0, written.fields])?;
    insert_attachments(db, key, &written.attachments)?;
    Ok(key)
}

fn is_draft(db: &Connection, key: MessageKey) -> Result<bool, Error> {
    Ok(db.prepare_cached("SELECT 1 FROM draft WHERE message = ?1")?.exists([key.0])?)
}

fn insert_attachments(db: &Connection, key: MessageKey, attachments: &[DraftAttachment]) -> Result<(), Error> {
    let mut insert = db.prepare_cached(
        "INSERT INTO draft_attachment (message, number, name, content_type, bytes) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for (number, attachment) in (0_i64..).zip(attachments) {
        insert.execute(params![key.0, number, attachment.name, attachment.content_type, attachment.bytes])?;
    }
    Ok(())
}

fn attachments(db: &Connection, key: MessageKey) -> Result<Vec<DraftAttachment>, Error> {
    let mut select =
        db.prepare_cached("SELECT name, content_type, bytes FROM draft_attachment WHERE message = ?1 ORDER BY number")?;
    let attachments = select.query_map([key.0], |row| {
        Ok(DraftAttachment { name: row.get(0)?, content_type: row.get(1)?, bytes: row.get(2)? })
    })?;
    Ok(attachments.collect::<Result<_, _>>()?)
}

/// What was written with this key is sent: it can no longer be edited.
pub(super) fn forget_draft(db: &Connection, key: MessageKey) -> Result<(), Error> {
    db.prepare_cached("DELETE FROM draft WHERE message = ?1")?.execute([key.0])?;
    Ok(())
}

/// Which account a message belongs to and what for its mailbox is.
pub(super) fn place_of(db: &Connection, key: MessageKey) -> Result<(AccountId, Role), Error> {
    let mut select = db.prepare_cached(
        "SELECT mailbox.account, mailbox.role FROM message JOIN mailbox ON mailbox.id = message.mailbox
         WHERE message.key = ?1",
    )?;
    let place = select.query_row([key.0], |row| Ok((AccountId(row.get(0)?), row.get::<_, String>(1)?))).optional()?;
    let (account, word) = place.ok_or(Error::NotFound)?;
    Ok((account, Role::of_stored(&word).map_err(Error::Damaged)?))
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::super::testing::{self, Fixture, NOON, envelope};
    use super::*;

    fn full() -> Draft {
        Draft {
            to: "bo@example.org, unfini".into(),
            subject: "Minutes".into(),
            body: "Dear Bo,\n\u{0}\u{202e}".into(),
            in_reply_to: Some("1@example.org".into()),
            references: vec!["0@example.org".into(), "1@example.org".into()],
            attachments: vec![attachment("b.bin", &[0, 255, 10, 13]), attachment("a.txt", b"")],
            ..Draft::default()
        }
    }

    fn attachment(name: &str, bytes: &[u8]) -> DraftAttachment {
        DraftAttachment { name: name.into(), content_type: "text/plain".into(), bytes: bytes.into() }
    }

    fn save(fixture: &Fixture, key: Option<MessageKey>, draft: &Draft, raw: &[u8]) -> Result<MessageKey, Error> {
        let envelope = envelope(&draft.subject, None);
        block_on(fixture.store.save_draft(fixture.account, key, draft.clone(), raw.to_vec(), envelope, NOON))
    }

    #[test]
    fn a_draft_comes_back_whole_after_a_new_start() {
        let fixture = Fixture::new();
        let key = save(&fixture, None, &full(), b"Subject: Minutes\r\n\r\n").unwrap();
        let fixture = fixture.reopened();
        assert_eq!(block_on(fixture.store.draft(key)), Ok((fixture.account, full())));
        assert_eq!(fixture.raw(key), b"Subject: Minutes\r\n\r\n");
        let row = block_on(fixture.store.row(key)).unwrap();
        assert_eq!((row.role, row.uid, row.flags.has(Flag::Seen)), (Role::Drafts, None, true));
    }

    #[test]
    fn a_draft_that_is_saved_again_is_replaced_and_keeps_its_key() {
        let fixture = Fixture::new();
        let key = save(&fixture, None, &full(), &testing::noise(600_000, 1)).unwrap();
        let second = Draft { subject: "Second".into(), attachments: vec![attachment("c", b"c")], ..full() };
        assert_eq!(save(&fixture, Some(key), &second, b"second"), Ok(key));
        assert_eq!(block_on(fixture.store.draft(key)), Ok((fixture.account, second)));
        assert_eq!(fixture.raw(key), b"second");
        assert_eq!(block_on(fixture.store.row(key)).unwrap().subject, "Second");
        assert_eq!(
            (fixture.keys(Role::Drafts).len(), fixture.rows_of("raw_chunk")),
            (1, 1),
            "nothing of the first is left"
        );
    }

    #[test]
    fn a_draft_can_be_given_to_another_account() {
        let fixture = Fixture::new();
        let key = save(&fixture, None, &full(), b"").unwrap();
        let home = block_on(fixture.store.save_account(testing::account("Home"))).unwrap();
        let saved = fixture.store.save_draft(home, Some(key), full(), vec![], envelope("s", None), NOON);
        assert_eq!(block_on(saved), Ok(key));
        assert_eq!(block_on(fixture.store.draft(key)).unwrap().0, home);
        assert_eq!(fixture.keys(Role::Drafts), []);
    }

    #[test]
    fn a_draft_that_is_gone_is_saved_as_a_new_one() {
        let fixture = Fixture::new();
        let key = save(&fixture, None, &full(), b"").unwrap();
        block_on(fixture.store.discard_draft(key)).unwrap();
        block_on(fixture.store.empty_trash(None)).unwrap();
        let again = save(&fixture, Some(key), &full(), b"").unwrap();
        assert_eq!(fixture.keys(Role::Drafts), [again]);
    }

    #[test]
    fn received_mail_is_never_overwritten_or_discarded_as_a_draft() {
        let fixture = Fixture::new();
        let received = fixture.receive(b"received");
        let key = save(&fixture, Some(received), &full(), b"draft").unwrap();
        assert_ne!(key, received);
        assert_eq!(fixture.raw(received), b"received");
        assert_eq!(block_on(fixture.store.discard_draft(received)), Err(Error::NotFound));
        assert_eq!(block_on(fixture.store.draft(received)), Err(Error::NotFound));
    }

    #[test]
    fn a_draft_that_is_discarded_lies_in_trash_until_that_is_emptied() {
        let fixture = Fixture::new();
        let key = save(&fixture, None, &full(), b"raw").unwrap();
        block_on(fixture.store.discard_draft(key)).unwrap();
        assert_eq!((fixture.keys(Role::Drafts), fixture.keys(Role::Trash)), (vec![], vec![key]));
        block_on(fixture.store.undo(None)).unwrap();
        assert_eq!((fixture.keys(Role::Drafts), fixture.keys(Role::Trash)), (vec![key], vec![]));
        assert_eq!(block_on(fixture.store.draft(key)), Ok((fixture.account, full())), "to be written on");
        block_on(fixture.store.discard_draft(key)).unwrap();
        block_on(fixture.store.empty_trash(None)).unwrap();
        for table in ["message", "raw_chunk", "draft", "draft_attachment"] {
            assert_eq!(fixture.rows_of(table), 0, "{table}");
        }
        assert_eq!(block_on(fixture.store.discard_draft(key)), Err(Error::NotFound));
    }

    #[test]
    fn a_draft_in_trash_can_be_written_on() {
        let fixture = Fixture::new();
        let key = save(&fixture, None, &full(), b"").unwrap();
        block_on(fixture.store.move_to(vec![key], Role::Trash)).unwrap();
        assert_eq!(save(&fixture, Some(key), &full(), b""), Ok(key));
        assert_eq!(fixture.keys(Role::Drafts), [key]);
    }

    #[test]
    fn a_save_that_fails_leaves_the_draft_as_it_was() {
        let fixture = Fixture::new();
        let key = save(&fixture, None, &full(), b"first").unwrap();
        fixture.limit_pages(fixture.pages() + 5);
        let large = Draft { attachments: vec![attachment("large", &testing::noise(1_000_000, 1))], ..full() };
        assert_eq!(save(&fixture, Some(key), &large, b"second"), Err(Error::DiskFull));
        assert_eq!(block_on(fixture.store.draft(key)), Ok((fixture.account, full())));
        assert_eq!(fixture.raw(key), b"first");
    }
}
