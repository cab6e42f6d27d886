//! What a person does with stored messages: mark, move, remove for good. None of it touches what the ledger knows, and all of it
//! but the last is noted in the journal, to be undone.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::journal::{self, Deed, Groups, turn};
use super::listing::{Mailbox, mailboxes, mailboxes_of};
use super::types::{Flag, Flags, MailboxId, MailboxView, MessageKey, Move, OwnMailboxId, Role};
use super::{Error, Store, organise};
use crate::account::AccountId;

impl Store {
    /// # Errors
    /// [`Error::NotFound`] if one of the keys is gone; then nothing was changed.
    pub async fn set_flag(&self, keys: Vec<MessageKey>, flag: Flag, on: bool) -> Result<(), Error> {
        self.write(move |db| {
            let (bit, set) = (Flags::default().with(flag, true), Flags::default().with(flag, on));
            let mut changed = Vec::new();
            for key in keys {
                if turn::mark(db, key, bit, set)? {
                    changed.push(key);
                } else if !turn::exists(db, key)? {
                    return Err(Error::NotFound);
                }
            }
            let mut groups = Groups::new();
            if !changed.is_empty() {
                groups.insert([i64::from(bit.0), i64::from(on), 0, 0], changed);
            }
            journal::record(db, &Deed::Flag { flag, on }, groups)
        })
        .await
    }

    /// A message was opened, and is read by that: nothing that a person would want to undo before what was done last.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it is gone.
    pub async fn mark_read(&self, key: MessageKey) -> Result<(), Error> {
        self.write(move |db| {
            let seen = Flags::default().with(Flag::Seen, true);
            if turn::mark(db, key, seen, seen)? || turn::exists(db, key)? { Ok(()) } else { Err(Error::NotFound) }
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
    /// Nothing was changed then. [`Error::NotFound`]: a key or the mailbox is gone, or received mail was to go to Drafts or
    /// Outbox; [`Error::Outgoing`]: one of them is just being sent.
    pub async fn move_to(&self, keys: Vec<MessageKey>, to: Role) -> Result<Vec<Move>, Error> {
        self.write(move |db| send(db, keys, to)).await
    }

    /// The same for messages of any mailboxes, as a search finds them: what is not sent yet stays where it is, but for Trash.
    ///
    /// # Errors
    /// As [`Store::move_to`].
    pub async fn move_found(&self, mut keys: Vec<MessageKey>, to: Role) -> Result<Vec<Move>, Error> {
        self.write(move |db| {
            if to != Role::Trash {
                let desk = Desk::new(db)?;
                let mut sent = Vec::with_capacity(keys.len());
                for key in keys {
                    let role = desk.mailbox(desk.place_of(key)?.0)?.role;
                    if !matches!(role, Role::Drafts | Role::Outbox) {
                        sent.push(key);
                    }
                }
                keys = sent;
            }
            send(db, keys, to)
        })
        .await
    }

    /// Moves messages back to where they were before they were last moved; to the Inbox where that is not known.
    ///
    /// # Errors
    /// As [`Store::move_to`].
    pub async fn restore(&self, keys: Vec<MessageKey>) -> Result<Vec<Move>, Error> {
        self.write(move |db| {
            let placed = Desk::new(db)?.bring_back(keys)?;
            journal::record(db, &Deed::Restore, placed.groups)?;
            Ok(placed.moves)
        })
        .await
    }

    /// Removes for good what lies in Trash, of one account or all; gives how many. The ledger keeps what the server knows
    /// them by, so that they do not come again; the journal forgets them.
    pub async fn empty_trash(&self, account: Option<AccountId>) -> Result<u64, Error> {
        self.write(move |db| {
            let mut delete = db.prepare_cached("DELETE FROM message WHERE mailbox = ?1 RETURNING key")?;
            let mut removed = std::collections::HashSet::new();
            for trash in mailboxes_of(db, MailboxView { role: Role::Trash, account })? {
                for key in delete.query_map([trash.0], |row| row.get(0))? {
                    removed.insert(MessageKey(key?));
                }
            }
            journal::forget(db, &removed)?;
            Ok(removed.len() as u64)
        })
        .await
    }
}

/// What was moved, and what the journal is to know of it.
#[derive(Default)]
pub(super) struct Placed {
    pub(super) moves: Vec<Move>,
    pub(super) groups: Groups,
}

/// A mailbox, and the one that a message lay in before.
type Place = (MailboxId, Option<MailboxId>);

fn send(db: &Connection, keys: Vec<MessageKey>, to: Role) -> Result<Vec<Move>, Error> {
    let name = match to {
        Role::Own(id) => organise::name_of(db, id)?.ok_or(Error::NotFound)?,
        _ => String::new(),
    };
    let placed = Desk::new(db)?.send(keys, to)?;
    journal::record(db, &Deed::Move { to, name }, placed.groups)?;
    Ok(placed.moves)
}

/// Messages being moved about, within one transaction.
pub(super) struct Desk<'a> {
    db: &'a Connection,
    mailboxes: HashMap<MailboxId, Mailbox>,
    /// A person's own mailboxes that are there.
    own: Vec<OwnMailboxId>,
    /// Those asked for before: there may be a hundred thousand messages to go from one to another.
    siblings: HashMap<(MailboxId, Role), MailboxId>,
    /// Unix seconds.
    now: i64,
}

impl<'a> Desk<'a> {
    pub(super) fn new(db: &'a Connection) -> Result<Self, Error> {
        let own = organise::open_mailboxes(db)?.into_iter().map(|mailbox| mailbox.id).collect();
        let now = db.query_row("SELECT unixepoch()", [], |row| row.get(0))?;
        Ok(Self { db, mailboxes: mailboxes(db)?, own, siblings: HashMap::new(), now })
    }

    pub(super) fn send(&mut self, keys: Vec<MessageKey>, to: Role) -> Result<Placed, Error> {
        let mut placed = Placed::default();
        for key in keys {
            let was = self.place_of(key)?;
            let to = self.sibling(was.0, to)?;
            self.place(key, was, (to, Some(was.0)), &mut placed)?;
        }
        Ok(placed)
    }

    fn bring_back(&mut self, keys: Vec<MessageKey>) -> Result<Placed, Error> {
        let mut placed = Placed::default();
        for key in keys {
            let was = self.place_of(key)?;
            let account = self.mailbox(was.0)?.account;
            let previous = was.1.filter(|id| self.mailbox(*id).is_ok_and(|mailbox| mailbox.account == account));
            let to = match previous {
                Some(previous) if self.is_open(previous) => previous,
                // It was removed meanwhile, and what lay in it went there.
                Some(_) => self.sibling(was.0, Role::Archive)?,
                None => self.sibling(was.0, Role::Inbox)?,
            };
            self.place(key, was, (to, None), &mut placed)?;
        }
        Ok(placed)
    }

    fn place(&self, key: MessageKey, was: Place, will: Place, placed: &mut Placed) -> Result<(), Error> {
        if will.0 == was.0 {
            return Ok(());
        }
        self.put(key, was.0, will.0, will.1)?;
        placed.moves.push(Move { key, from: was.0, to: will.0 });
        placed.groups.entry(turn::moved(was, will)).or_default().push(key);
        Ok(())
    }

    /// Puts a message that lies in `from` into `to`.
    pub(super) fn put(
        &self,
        key: MessageKey,
        from: MailboxId,
        to: MailboxId,
        previous: Option<MailboxId>,
    ) -> Result<(), Error> {
        self.allow(key, from, to)?;
        let trashed_at = (self.mailbox(to)?.role == Role::Trash).then_some(self.now);
        let mut update = self
            .db
            .prepare_cached("UPDATE message SET mailbox = ?2, previous_mailbox = ?3, trashed_at = ?4 WHERE key = ?1")?;
        update.execute((key.0, to.0, previous.map(|id| id.0), trashed_at))?;
        Ok(())
    }

    /// It exists, and has not been removed.
    pub(super) fn is_open(&self, id: MailboxId) -> bool {
        self.mailbox(id).is_ok_and(|mailbox| match mailbox.role {
            Role::Own(own) => self.own.contains(&own),
            _ => true,
        })
    }

    fn mailbox(&self, id: MailboxId) -> Result<Mailbox, Error> {
        self.mailboxes.get(&id).copied().ok_or(Error::NotFound)
    }

    /// The mailbox with that role in the account that `id` belongs to.
    fn sibling(&mut self, id: MailboxId, role: Role) -> Result<MailboxId, Error> {
        if let Some(found) = self.siblings.get(&(id, role)) {
            return Ok(*found);
        }
        if matches!(role, Role::Own(own) if !self.own.contains(&own)) {
            return Err(Error::NotFound);
        }
        let account = self.mailbox(id)?.account;
        let found = self.mailboxes.iter().find(|(_, mailbox)| mailbox.account == account && mailbox.role == role);
        let found = match (found.map(|(id, _)| *id), role) {
            (Some(found), _) => found,
            (None, Role::Own(own)) => {
                let made = organise::open_for(self.db, account, own)?;
                self.mailboxes.insert(made, Mailbox { account, role });
                made
            }
            (None, _) => return Err(Error::NotFound),
        };
        self.siblings.insert((id, role), found);
        Ok(found)
    }

    fn place_of(&self, key: MessageKey) -> Result<Place, Error> {
        let mut select = self.db.prepare_cached("SELECT mailbox, previous_mailbox FROM message WHERE key = ?1")?;
        let place = select.query_row([key.0], |row| Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?))).optional()?;
        let (mailbox, previous) = place.ok_or(Error::NotFound)?;
        Ok((MailboxId(mailbox), previous.map(MailboxId)))
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

        let undone = block_on(fixture.store.undo(None)).unwrap().unwrap();
        assert_eq!((undone.messages, undone.words().as_str()), (2, "Undone: archived 2 messages"));
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
        restore(&fixture, key);
        block_on(fixture.store.undo(None)).unwrap();
        assert_eq!(role(&fixture, key), Role::Trash);
        restore(&fixture, key);
        assert_eq!(role(&fixture, key), Role::Archive);
    }

    #[test]
    fn one_key_that_is_gone_and_nothing_changes() {
        let fixture = Fixture::new();
        let key = fixture.receive(b"one");
        let both = || vec![key, MessageKey(1)];
        block_on(async {
            let store = &fixture.store;
            assert_eq!(store.set_flag(both(), Flag::Seen, true).await, Err(Error::NotFound));
            assert_eq!(store.move_to(both(), Role::Trash).await, Err(Error::NotFound));
            assert_eq!(store.restore(both()).await, Err(Error::NotFound));
            assert_eq!(store.undo(None).await, Ok(None), "nothing was done");
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
    async fn step(store: &Store, accounts: &[AccountId], pick: &mut dyn FnMut(usize) -> usize) {
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
            5 | 6 => drop(store.move_to(many, Role::ALL[pick(7)]).await),
            7 => drop(store.restore(many).await),
            8 => drop(store.undo(None).await.unwrap()),
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
            for number in 0..300 {
                block_on(step(&fixture.store, &[fixture.account, home], &mut pick));
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

    #[test]
    fn what_is_found_moves_from_wherever_it_lies_but_what_is_not_sent_yet_only_to_trash() {
        let fixture = Fixture::new();
        let received = fixture.receive(b"one");
        let draft = fixture.store.save_draft(
            fixture.account,
            None,
            Draft::default(),
            b"d".to_vec(),
            envelope("Draft", None),
            NOON,
        );
        let draft = block_on(draft).unwrap();
        let found = |to| block_on(fixture.store.move_found(vec![received, draft], to)).unwrap().len();
        assert_eq!(
            (found(Role::Archive), role(&fixture, received), role(&fixture, draft)),
            (1, Role::Archive, Role::Drafts)
        );
        assert_eq!(found(Role::Archive), 0, "it lies there already");
        assert_eq!((found(Role::Trash), fixture.keys(Role::Drafts)), (2, vec![]));
    }
}
