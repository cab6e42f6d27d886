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

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::super::testing::{self, Fixture, NOON, arrival, envelope, noise};
    use super::super::types::MailboxCount;
    use super::*;
    use crate::mail::Draft;

    fn role(fixture: &Fixture, key: MessageKey) -> Role {
        block_on(fixture.store.row(key)).unwrap().role
    }

    fn move_to(fixture: &Fixture, key: MessageKey, to: Role) -> Vec<Move> {
        block_on(fixture.store.move_to(vec![key], to)).unwrap()
    }

    fn restore(fixture: &Fixture, key: MessageKey) -> Vec<Move> {
        block_on(fixture.store.restore(vec![key])).unwrap()
    }

    #[test]
    fn a_flag_is_set_and_taken_away_without_touching_the_others() {
        let fixture = Fixture::new();
        let key = fixture.receive(b"one");
        let set = |flag, on| {
            block_on(fixture.store.set_flag(vec![key], flag, on)).unwrap();
            let flags = block_on(fixture.store.row(key)).unwrap().flags;
            Flag::ALL.map(|flag| flags.has(flag))
        };
        assert_eq!(set(Flag::Starred, true), [false, true, false, false]);
        assert_eq!(set(Flag::Seen, true), [true, true, false, false]);
        assert_eq!(set(Flag::Seen, true), [true, true, false, false]);
        assert_eq!(set(Flag::Starred, false), [true, false, false, false]);
    }

    #[test]
    fn a_message_moves_within_its_own_account_and_back() {
        let fixture = Fixture::new();
        let home = block_on(fixture.store.save_account(testing::account("Home"))).unwrap();
        let ours = fixture.receive(b"ours");
        let theirs =
            block_on(fixture.store.deliver(home, vec![arrival(b"t", b"theirs")], NOON)).unwrap()[0].key.unwrap();
        let moves = block_on(fixture.store.move_to(vec![ours, theirs], Role::Archive)).unwrap();
        assert_eq!(moves.iter().map(|made| made.key).collect::<Vec<_>>(), [ours, theirs]);
        assert_eq!(fixture.keys(Role::Archive), [ours]);
        let archive = MailboxView { role: Role::Archive, account: Some(home) };
        assert_eq!(block_on(fixture.store.keys(archive)).unwrap(), [theirs]);

        let undone = block_on(fixture.store.undo(moves.clone())).unwrap();
        let turned: Vec<_> = moves.iter().map(|made| Move { from: made.to, to: made.from, ..*made }).collect();
        assert_eq!(undone, turned);
        assert_eq!(fixture.keys(Role::Inbox), [ours]);
    }

    #[test]
    fn what_lies_there_already_does_not_move() {
        let fixture = Fixture::new();
        let key = fixture.receive(b"one");
        move_to(&fixture, key, Role::Archive);
        assert_eq!(move_to(&fixture, key, Role::Archive), []);
        restore(&fixture, key);
        assert_eq!(role(&fixture, key), Role::Inbox, "still known");
    }

    #[test]
    fn restoring_goes_back_one_step_and_then_to_the_inbox() {
        let fixture = Fixture::new();
        let key = fixture.receive(b"one");
        move_to(&fixture, key, Role::Archive);
        move_to(&fixture, key, Role::Trash);
        assert_eq!(restore(&fixture, key).len(), 1);
        assert_eq!(role(&fixture, key), Role::Archive);
        restore(&fixture, key);
        assert_eq!(role(&fixture, key), Role::Inbox);
        assert_eq!(restore(&fixture, key), []);
    }

    #[test]
    fn restoring_still_works_after_undo() {
        let fixture = Fixture::new();
        let key = fixture.receive(b"one");
        move_to(&fixture, key, Role::Archive);
        move_to(&fixture, key, Role::Trash);
        let restored = restore(&fixture, key);
        block_on(fixture.store.undo(restored)).unwrap();
        assert_eq!(role(&fixture, key), Role::Trash);
        restore(&fixture, key);
        assert_eq!(role(&fixture, key), Role::Archive);
    }

    #[test]
    fn one_key_that_is_gone_and_nothing_changes() {
        let fixture = Fixture::new();
        let key = fixture.receive(b"one");
        let both = || vec![key, MessageKey(1)];
        let (inbox, trash) = block_on(fixture.store.read(|db| {
            let ids: Vec<i64> = db
                .prepare("SELECT id FROM mailbox ORDER BY id")?
                .query_map([], |r| r.get(0))?
                .collect::<Result<_, _>>()?;
            Ok((MailboxId(ids[0]), MailboxId(ids[6])))
        }))
        .unwrap();
        let undo = both().into_iter().map(|key| Move { key, from: trash, to: inbox }).collect();
        let nowhere = vec![Move { key, from: MailboxId(99), to: inbox }];
        block_on(async {
            let store = &fixture.store;
            assert_eq!(store.set_flag(both(), Flag::Seen, true).await, Err(Error::NotFound));
            assert_eq!(store.move_to(both(), Role::Trash).await, Err(Error::NotFound));
            assert_eq!(store.restore(both()).await, Err(Error::NotFound));
            assert_eq!(store.undo(undo).await, Err(Error::NotFound));
            assert_eq!(store.undo(nowhere).await, Err(Error::NotFound));
        });
        let row = block_on(fixture.store.row(key)).unwrap();
        assert_eq!((row.role, row.flags), (Role::Inbox, Flags::default()));
    }

    #[test]
    fn received_mail_does_not_go_to_drafts_or_outbox() {
        let fixture = Fixture::new();
        let key = fixture.receive(b"one");
        for to in [Role::Drafts, Role::Outbox] {
            assert_eq!(block_on(fixture.store.move_to(vec![key], to)), Err(Error::NotFound), "{to}");
        }
        assert_eq!(fixture.keys(Role::Inbox), [key]);
    }

    #[test]
    fn a_message_is_not_undone_into_another_account() {
        let fixture = Fixture::new();
        let key = fixture.receive(b"one");
        let made = move_to(&fixture, key, Role::Archive)[0];
        block_on(fixture.store.save_account(testing::account("Home"))).unwrap();
        let crossed = Move { from: MailboxId(made.from.0 + 7), ..made };
        assert_eq!(block_on(fixture.store.undo(vec![crossed])), Err(Error::NotFound));
    }

    #[test]
    fn emptying_trash_removes_for_good_and_gives_the_space_back() {
        let fixture = Fixture::new();
        let large = fixture.receive(&noise(20_000_000, 1));
        let kept = fixture.receive(b"kept");
        move_to(&fixture, large, Role::Trash);
        let before = fixture.pages();
        assert_eq!(block_on(fixture.store.empty_trash(Some(AccountId(99)))), Ok(0));
        assert_eq!(block_on(fixture.store.empty_trash(None)), Ok(1));
        assert_eq!(block_on(fixture.store.raw(large)), Err(Error::NotFound));
        assert_eq!(fixture.raw(kept), b"kept");
        fixture.wait_for_pages(before / 2);
        assert_eq!(block_on(fixture.store.check()), Ok(()));
    }

    #[test]
    fn every_message_with_that_message_id_is_marked() {
        let fixture = Fixture::new();
        let twin = fixture.receive(b"one");
        let other = fixture.receive(b"two");
        block_on(async {
            fixture.store.mark_answered("Minutes@example.org", false).await.unwrap();
            fixture.store.mark_answered("Minutes@example.org", true).await.unwrap();
            fixture.store.mark_answered("nobody@example.org", true).await.unwrap();
        });
        for key in [twin, other] {
            let flags = block_on(fixture.store.row(key)).unwrap().flags;
            assert!(flags.has(Flag::Answered) && flags.has(Flag::Forwarded) && !flags.has(Flag::Seen));
        }
    }

    fn recount(fixture: &Fixture) -> Vec<MailboxCount> {
        let db = fixture.sql();
        let mut select = db
            .prepare(
                "SELECT account, role, count(key), coalesce(sum(flags & 1 = 0 AND key IS NOT NULL), 0)
                 FROM mailbox LEFT JOIN message ON message.mailbox = mailbox.id GROUP BY mailbox.id ORDER BY account, mailbox.id",
            )
            .unwrap();
        let counts = select.query_map([], |row| {
            Ok(MailboxCount {
                account: AccountId(row.get(0)?),
                role: row.get::<_, String>(1)?.parse().unwrap(),
                total: row.get::<_, i64>(2)?.cast_unsigned(),
                unread: row.get::<_, Option<i64>>(3)?.unwrap_or(0).cast_unsigned(),
            })
        });
        counts.unwrap().collect::<Result<_, _>>().unwrap()
    }

    /// One thing that a person, or the mail, may do; most are refused now and then, which must not change a count either.
    async fn step(store: &Store, accounts: &[AccountId], pick: &mut dyn FnMut(usize) -> usize, done: &mut Vec<Move>) {
        let keys = store.all_keys().await.unwrap();
        let mut some = |most: usize| -> Vec<MessageKey> {
            (0..pick(most) + 1).filter_map(|_| keys.get(pick(keys.len().max(1))).copied()).collect()
        };
        let (many, one) = (some(5), some(1).first().copied());
        let account = accounts[pick(accounts.len())];
        let written = || (Draft::default(), vec![b'd'; 9], envelope("Draft", None));
        match pick(12) {
            0..=2 => {
                let mail = (0..pick(4)).map(|_| arrival(&[pick(200) as u8], &[pick(250) as u8])).collect();
                store.deliver(account, mail, NOON).await.unwrap();
            }
            3 | 4 => drop(store.set_flag(many, Flag::ALL[pick(4)], pick(2) == 0).await),
            5 | 6 => done.extend(store.move_to(many, Role::ALL[pick(7)]).await.unwrap_or_default()),
            7 => done.extend(store.restore(many).await.unwrap_or_default()),
            8 => drop(store.undo(done.split_off(done.len() / 2)).await),
            9 => {
                let (draft, raw, envelope) = written();
                drop(store.save_draft(account, one, draft, raw, envelope, NOON).await);
            }
            10 => {
                let (draft, raw, envelope) = written();
                if let Ok(key) = store.queue(account, one, draft, raw, envelope, vec![], NOON).await {
                    match pick(3) {
                        0 => store.outgoing_sent(key, NOON).await.unwrap(),
                        1 => store.reopen_outgoing(key).await.unwrap(),
                        _ => store.outgoing_sending(key).await.unwrap(),
                    }
                }
            }
            _ if pick(3) == 0 => drop(store.empty_trash(Some(account)).await.unwrap()),
            _ => {
                if let Some(key) = one {
                    drop(store.discard_draft(key).await);
                }
            }
        }
    }

    #[test]
    fn the_counts_are_those_of_a_recount_whatever_was_done() {
        for seed in 1..=4 {
            let fixture = Fixture::new();
            let home = block_on(fixture.store.save_account(testing::account("Home"))).unwrap();
            let mut dice = noise(100_000, seed).into_iter();
            let mut pick = |below: usize| {
                let number = u16::from_le_bytes([dice.next().unwrap(), dice.next().unwrap()]);
                usize::from(number) % below
            };
            let mut done = Vec::new();
            for number in 0..300 {
                block_on(step(&fixture.store, &[fixture.account, home], &mut pick, &mut done));
                if number % 10 == 9 {
                    assert_eq!(
                        block_on(fixture.store.counts()).unwrap(),
                        recount(&fixture),
                        "seed {seed}, step {number}"
                    );
                }
            }
            let counts = block_on(fixture.store.counts()).unwrap();
            assert!(
                counts.iter().map(|count| count.total).sum::<u64>() > 20,
                "something was left to count: {counts:?}"
            );
            for key in block_on(fixture.store.all_keys()).unwrap() {
                fixture.raw(key);
            }
            assert_eq!(fixture.rows_of("raw_chunk WHERE id >> 20 NOT IN (SELECT raw FROM message)"), 0, "seed {seed}");
            assert_eq!(fixture.rows_of("pragma_foreign_key_check"), 0, "seed {seed}");
            assert_eq!(block_on(fixture.store.check()), Ok(()), "seed {seed}");
        }
    }
}
