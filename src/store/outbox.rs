//! The Outbox: how each message in it stands, written down before anything is done about it, so that no crash sends it twice.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::draft::{Written, forget_draft, place_of, store_written};
use super::listing::mailbox_of;
use super::types::{MessageKey, OutboxState, Role};
use super::{Error, Store};
use crate::account::AccountId;
use crate::mail::{Draft, Envelope, sanitize};

/// A message in the Outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    pub key: MessageKey,
    pub account: AccountId,
    /// Addresses for RCPT TO.
    pub recipients: Vec<String>,
    /// While it is being sent it still counts as waiting; [`Store::outgoing_sending`] lets nobody send it twice.
    pub state: OutboxState,
}

impl Store {
    /// Puts a finished message into the Outbox, in place of the draft it was, whose fields are kept so that it can be
    /// edited again.
    ///
    /// # Errors
    /// [`Error::NotFound`]: no such account. [`Error::Outgoing`]: it is in the Outbox already.
    #[expect(clippy::too_many_arguments, reason = "they are one message; a struct for one caller would only hide them")]
    pub async fn queue(
        &self,
        account: AccountId,
        draft_key: Option<MessageKey>,
        draft: Draft,
        raw: Vec<u8>,
        envelope: Envelope,
        recipients: Vec<String>,
        now: i64,
    ) -> Result<MessageKey, Error> {
        let written = Written::new(account, Role::Outbox, draft, &raw, envelope, now)?;
        let recipients = serde_json::to_string(&recipients).map_err(|error| Error::Unexpected(error.to_string()))?;
        self.write(move |db| {
            let key = store_written(db, draft_key, written)?;
            let mut insert = db.prepare_cached(
                "INSERT INTO outbox (message, state, words, recipients, queued_at) VALUES (?1, 'waiting', '', ?2, ?3)",
            )?;
            insert.execute(params![key.0, recipients, now])?;
            Ok(key)
        })
        .await
    }

    /// Takes a message out of the Outbox, back into Drafts.
    ///
    /// # Errors
    /// [`Error::Outgoing`] while it is being sent; [`Error::NotFound`] if it is not in the Outbox.
    pub async fn reopen_outgoing(&self, key: MessageKey) -> Result<(), Error> {
        self.write(move |db| {
            let account = queued(db, key)?.idle()?.account;
            let drafts = mailbox_of(db, account, Role::Drafts)?;
            leave_outbox(db, key)?;
            db.prepare_cached("UPDATE message SET mailbox = ?2 WHERE key = ?1")?.execute((key.0, drafts.0))?;
            Ok(())
        })
        .await
    }

    /// What lies in the Outbox, of one account or all, oldest first.
    pub async fn outgoing(&self, account: Option<AccountId>) -> Result<Vec<Outgoing>, Error> {
        self.read(move |db| {
            let mut select = db.prepare_cached(
                "SELECT message.key, mailbox.account, outbox.recipients, outbox.state, outbox.words
                 FROM outbox JOIN message ON message.key = outbox.message JOIN mailbox ON mailbox.id = message.mailbox
                 WHERE mailbox.role = 'outbox' AND mailbox.account = coalesce(?1, mailbox.account)
                 ORDER BY outbox.queued_at, message.key",
            )?;
            let mut rows = select.query([account.map(|account| account.0)])?;
            let mut outgoing = Vec::new();
            while let Some(row) = rows.next()? {
                outgoing.push(Outgoing {
                    key: MessageKey(row.get(0)?),
                    account: AccountId(row.get(1)?),
                    recipients: serde_json::from_str(&row.get::<_, String>(2)?)
                        .map_err(|error| Error::Damaged(format!("recipients cannot be read: {error}")))?,
                    state: state(row, 3, 4)?.unwrap_or(OutboxState::Unknown),
                });
            }
            Ok(outgoing)
        })
        .await
    }

    /// The first octet of the message is about to be sent. From now on only an answer of the server tells whether it was
    /// accepted; a crash leaves it [`OutboxState::Unknown`].
    ///
    /// # Errors
    /// [`Error::Outgoing`] if it is not waiting, [`Error::NotFound`] if it is no longer in the Outbox: do not send it.
    pub async fn outgoing_sending(&self, key: MessageKey) -> Result<(), Error> {
        self.write(move |db| match queued(db, key)?.state.as_str() {
            "waiting" => set_state(db, key, "sending", ""),
            "sending" => Err(Error::Outgoing("being sent")),
            "refused" => Err(Error::Outgoing("refused by the server")),
            _ => Err(Error::Outgoing("perhaps sent already")),
        })
        .await
    }

    /// The server accepted it: it lies in Sent now.
    pub async fn outgoing_sent(&self, key: MessageKey, now: i64) -> Result<(), Error> {
        self.write(move |db| {
            let account = queued(db, key)?.account;
            let sent = mailbox_of(db, account, Role::Sent)?;
            leave_outbox(db, key)?;
            forget_draft(db, key)?;
            let mut update = db.prepare_cached(
                "UPDATE message SET mailbox = ?2, stored_at = ?3, previous_mailbox = NULL WHERE key = ?1",
            )?;
            update.execute((key.0, sent.0, now))?;
            Ok(())
        })
        .await
    }

    /// The server refused it, in these words.
    pub async fn outgoing_refused(&self, key: MessageKey, words: String) -> Result<(), Error> {
        self.note_outgoing(key, "refused", words).await
    }

    /// The connection was lost after the last octet and before the answer.
    pub async fn outgoing_unknown(&self, key: MessageKey) -> Result<(), Error> {
        self.note_outgoing(key, "unknown", String::new()).await
    }

    /// It goes with the next submission: for the task that was sending it, the connection failed before the message was
    /// sent; for a person, a refused or unknown one is to be tried *again*.
    pub async fn outgoing_waiting(&self, key: MessageKey) -> Result<(), Error> {
        self.note_outgoing(key, "waiting", String::new()).await
    }

    async fn note_outgoing(&self, key: MessageKey, state: &'static str, words: String) -> Result<(), Error> {
        self.write(move |db| {
            queued(db, key)?;
            set_state(db, key, state, &words)
        })
        .await
    }
}

/// What was being sent when the program ended may have been accepted.
pub(super) fn settle_after_crash(db: &Connection) -> Result<(), Error> {
    db.execute("UPDATE outbox SET state = 'unknown' WHERE state = 'sending'", [])?;
    Ok(())
}

/// # Errors
/// [`Error::Outgoing`] if the message lies in the Outbox.
pub(super) fn refuse_queued(db: &Connection, key: MessageKey) -> Result<(), Error> {
    match queued(db, key) {
        Err(Error::NotFound) => Ok(()),
        Err(error) => Err(error),
        Ok(queued) => queued.idle().and(Err(Error::Outgoing("ready to be sent"))),
    }
}

/// The state in two columns of a row; None where there is none.
pub(super) fn state(row: &Row<'_>, state: usize, words: usize) -> rusqlite::Result<Option<OutboxState>> {
    let Some(word) = row.get::<_, Option<String>>(state)? else { return Ok(None) };
    Ok(Some(match word.as_str() {
        "waiting" | "sending" => OutboxState::Waiting,
        "refused" => OutboxState::Refused(sanitize::line(row.get_ref(words)?.as_str()?)),
        // Never sent without asking, whatever it may mean.
        _ => OutboxState::Unknown,
    }))
}

struct Queued {
    account: AccountId,
    state: String,
}

impl Queued {
    fn idle(self) -> Result<Self, Error> {
        if self.state == "sending" { Err(Error::Outgoing("being sent")) } else { Ok(self) }
    }
}

fn queued(db: &Connection, key: MessageKey) -> Result<Queued, Error> {
    let (account, role) = place_of(db, key)?;
    let mut select = db.prepare_cached("SELECT state FROM outbox WHERE message = ?1")?;
    let state = select.query_row([key.0], |row| row.get(0)).optional()?.ok_or(Error::NotFound)?;
    if role == Role::Outbox { Ok(Queued { account, state }) } else { Err(Error::NotFound) }
}

fn set_state(db: &Connection, key: MessageKey, state: &str, words: &str) -> Result<(), Error> {
    let words: String = words.chars().take(WORDS_CHARS).collect();
    db.prepare_cached("UPDATE outbox SET state = ?2, words = ?3 WHERE message = ?1")?
        .execute(params![key.0, state, words])?;
    Ok(())
}

fn leave_outbox(db: &Connection, key: MessageKey) -> Result<(), Error> {
    db.prepare_cached("DELETE FROM outbox WHERE message = ?1")?.execute([key.0])?;
    Ok(())
}

/// Characters kept of what a server says about a message that it refuses.
const WORDS_CHARS: usize = 1000;

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::super::testing::{self, Fixture, NOON, envelope};
    use super::*;

    fn draft() -> Draft {
        Draft { to: "bo@example.org".into(), subject: "Minutes".into(), ..Draft::default() }
    }

    fn queue_as(fixture: &Fixture, key: Option<MessageKey>, now: i64) -> Result<MessageKey, Error> {
        let to = vec!["bo@example.org".into(), "cy@example.org".into()];
        let envelope = envelope("Minutes", None);
        block_on(fixture.store.queue(fixture.account, key, draft(), b"the message".to_vec(), envelope, to, now))
    }

    fn queue(fixture: &Fixture) -> MessageKey {
        queue_as(fixture, None, NOON).unwrap()
    }

    fn states(fixture: &Fixture) -> Vec<OutboxState> {
        let all = block_on(fixture.store.outgoing(None)).unwrap();
        let rows: Vec<_> =
            all.iter().map(|one| block_on(fixture.store.row(one.key)).unwrap().outbox.unwrap()).collect();
        let states: Vec<_> = all.into_iter().map(|one| one.state).collect();
        assert_eq!(rows, states, "the list says the same");
        states
    }

    #[test]
    fn what_is_queued_waits_in_the_outbox_for_its_recipients() {
        let fixture = Fixture::new();
        let key = queue(&fixture);
        let expected = Outgoing {
            key,
            account: fixture.account,
            recipients: vec!["bo@example.org".into(), "cy@example.org".into()],
            state: OutboxState::Waiting,
        };
        assert_eq!(block_on(fixture.store.outgoing(Some(fixture.account))), Ok(vec![expected]));
        assert_eq!(block_on(fixture.store.outgoing(Some(AccountId(99)))), Ok(vec![]));
        assert_eq!((fixture.raw(key), fixture.keys(Role::Outbox)), (b"the message".to_vec(), vec![key]));
        assert_eq!(states(&fixture), [OutboxState::Waiting]);
    }

    #[test]
    fn the_oldest_goes_first() {
        let fixture = Fixture::new();
        let keys: Vec<_> = [3, 1, 2].map(|age| queue_as(&fixture, None, NOON - age).unwrap()).into();
        let order: Vec<_> = block_on(fixture.store.outgoing(None)).unwrap().iter().map(|one| one.key).collect();
        assert_eq!(order, [keys[0], keys[2], keys[1]]);
    }

    #[test]
    fn a_draft_that_is_queued_leaves_drafts_and_a_late_save_does_not_bring_it_back() {
        let fixture = Fixture::new();
        let save =
            |key| block_on(fixture.store.save_draft(fixture.account, key, draft(), vec![], envelope("s", None), NOON));
        let key = save(None).unwrap();
        assert_eq!(queue_as(&fixture, Some(key), NOON), Ok(key));
        assert_eq!(fixture.keys(Role::Drafts), []);
        assert!(matches!(save(Some(key)), Err(Error::Outgoing(_))));
        assert!(matches!(queue_as(&fixture, Some(key), NOON), Err(Error::Outgoing(_))), "clicked twice");
        assert!(matches!(block_on(fixture.store.discard_draft(key)), Err(Error::Outgoing(_))));
        assert_eq!(states(&fixture), [OutboxState::Waiting]);
    }

    #[test]
    fn what_is_accepted_lies_in_sent_and_is_no_draft_any_more() {
        let fixture = Fixture::new();
        let key = queue(&fixture);
        block_on(fixture.store.outgoing_sending(key)).unwrap();
        block_on(fixture.store.outgoing_sent(key, NOON + 5)).unwrap();
        assert_eq!((fixture.keys(Role::Sent), states(&fixture)), (vec![key], vec![]));
        assert_eq!(fixture.raw(key), b"the message");
        assert_eq!(block_on(fixture.store.draft(key)), Err(Error::NotFound));
        assert_eq!(block_on(fixture.store.outgoing_sending(key)), Err(Error::NotFound));
        assert_eq!(block_on(fixture.store.outgoing_sent(key, NOON)), Err(Error::NotFound));
        assert_eq!(fixture.rows_of("outbox"), 0);
    }

    #[test]
    fn only_what_waits_may_be_sent() {
        let fixture = Fixture::new();
        let key = queue(&fixture);
        let store = &fixture.store;
        let sending = || block_on(store.outgoing_sending(key));
        assert_eq!(sending(), Ok(()));
        assert_eq!(sending(), Err(Error::Outgoing("being sent")));
        let words = "550 5.1.1 who\u{7}?";
        block_on(store.outgoing_refused(key, words.into())).unwrap();
        assert_eq!(states(&fixture), [OutboxState::Refused(sanitize::line(words))]);
        assert_eq!(sending(), Err(Error::Outgoing("refused by the server")));
        block_on(store.outgoing_unknown(key)).unwrap();
        assert_eq!(states(&fixture), [OutboxState::Unknown]);
        assert_eq!(sending(), Err(Error::Outgoing("perhaps sent already")));
        block_on(store.outgoing_waiting(key)).unwrap();
        assert_eq!(states(&fixture), [OutboxState::Waiting]);
        assert_eq!(sending(), Ok(()));
    }

    #[test]
    fn what_was_being_sent_when_the_program_ended_is_unknown() {
        let fixture = Fixture::new();
        let (first, _second) = (queue(&fixture), queue(&fixture));
        block_on(fixture.store.outgoing_sending(first)).unwrap();
        let fixture = fixture.reopened();
        assert_eq!(states(&fixture), [OutboxState::Unknown, OutboxState::Waiting]);
    }

    #[test]
    fn what_is_opened_again_is_a_draft_with_all_its_fields() {
        let fixture = Fixture::new();
        let key = queue(&fixture);
        block_on(fixture.store.reopen_outgoing(key)).unwrap();
        assert_eq!((fixture.keys(Role::Drafts), states(&fixture)), (vec![key], vec![]));
        assert_eq!(block_on(fixture.store.draft(key)), Ok((fixture.account, draft())));
        assert_eq!(block_on(fixture.store.reopen_outgoing(key)), Err(Error::NotFound));
        assert_eq!(queue_as(&fixture, Some(key), NOON), Ok(key), "and may be sent again");
    }

    #[test]
    fn what_is_being_sent_stays_where_it_is() {
        let fixture = Fixture::new();
        let key = queue(&fixture);
        let store = &fixture.store;
        block_on(store.outgoing_sending(key)).unwrap();
        let refused = Error::Outgoing("being sent");
        assert_eq!(block_on(store.reopen_outgoing(key)), Err(refused.clone()));
        assert_eq!(block_on(store.move_to(vec![key], Role::Trash)), Err(refused.clone()));
        assert_eq!(block_on(store.discard_draft(key)), Err(refused));
        assert_eq!(fixture.keys(Role::Outbox), [key]);
    }

    #[test]
    fn what_is_thrown_away_is_not_sent_unless_it_is_put_back() {
        let fixture = Fixture::new();
        let key = queue(&fixture);
        block_on(fixture.store.move_to(vec![key], Role::Trash)).unwrap();
        assert_eq!((states(&fixture), fixture.keys(Role::Trash)), (vec![], vec![key]));
        assert_eq!(block_on(fixture.store.outgoing_sending(key)), Err(Error::NotFound));
        let undone = block_on(fixture.store.undo(None)).unwrap().unwrap();
        assert_eq!((undone.messages, states(&fixture)), (1, vec![OutboxState::Waiting]));
    }

    #[test]
    fn an_account_that_is_gone_queues_nothing() {
        let fixture = Fixture::new();
        let queued =
            fixture.store.queue(AccountId(99), None, draft(), vec![], envelope("s", None), vec![], testing::NOON);
        assert_eq!(block_on(queued), Err(Error::NotFound));
        assert_eq!(fixture.rows_of("raw_chunk"), 0);
    }
}
