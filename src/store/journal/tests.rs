use futures::executor::block_on;
use proptest::prelude::*;

use super::super::testing::{self, Fixture, NOON, arrival};
use super::super::types::{MailboxView, OwnMailbox};
use super::*;
use crate::account::AccountId;

fn words(fixture: &Fixture) -> Vec<String> {
    let history = block_on(fixture.store.organisation()).unwrap().history;
    history.iter().map(|entry| format!("{}{}", if entry.undone { "undone: " } else { "" }, entry.words())).collect()
}

fn undo(fixture: &Fixture) -> Undone {
    block_on(fixture.store.undo(None)).unwrap().unwrap()
}

#[test]
fn things_are_undone_the_last_one_first_after_a_new_start_too() {
    let fixture = Fixture::new();
    let keys: Vec<_> = [b"a", b"b", b"c"].map(|octets| fixture.receive(octets)).into();
    block_on(async {
        let store = &fixture.store;
        store.set_flag(vec![keys[0]], Flag::Starred, true).await.unwrap();
        store.move_to(keys.clone(), Role::Archive).await.unwrap();
        store.move_to(vec![keys[1]], Role::Trash).await.unwrap();
    });
    let fixture = fixture.reopened();
    assert_eq!(words(&fixture), ["Moved 1 message to Trash", "Archived 3 messages", "Starred 1 message"]);
    assert_eq!(undo(&fixture).words(), "Undone: moved 1 message to Trash");
    assert_eq!(fixture.keys(Role::Archive).len(), 3);
    let fixture = fixture.reopened();
    assert_eq!(undo(&fixture).words(), "Undone: archived 3 messages");
    assert_eq!((fixture.keys(Role::Inbox).len(), undo(&fixture).messages), (3, 1));
    assert_eq!(block_on(fixture.store.row(keys[0])).unwrap().flags, crate::store::types::Flags::default());
    assert_eq!(block_on(fixture.store.undo(None)), Ok(None));

    let again = |fixture: &Fixture| block_on(fixture.store.redo()).unwrap().map(|done| done.words());
    assert_eq!(again(&fixture).as_deref(), Some("Done again: starred 1 message"));
    assert_eq!(again(&fixture).as_deref(), Some("Done again: archived 3 messages"));
    block_on(fixture.store.set_flag(vec![keys[2]], Flag::Seen, true)).unwrap();
    assert_eq!(again(&fixture), None, "something else was done since");
    assert_eq!(words(&fixture)[0], "Marked 1 message read");
    assert_eq!(words(&fixture)[1], "undone: Moved 1 message to Trash");
}

#[test]
fn what_changed_nothing_and_what_opening_a_message_does_is_not_noted() {
    let fixture = Fixture::new();
    let key = fixture.receive(b"a");
    block_on(async {
        let store = &fixture.store;
        store.move_to(vec![key], Role::Inbox).await.unwrap();
        store.set_flag(vec![key], Flag::Seen, false).await.unwrap();
        store.mark_read(key).await.unwrap();
        assert_eq!(store.mark_read(MessageKey(5)).await, Err(Error::NotFound));
    });
    assert_eq!(words(&fixture), [""; 0]);
    assert!(block_on(fixture.store.row(key)).unwrap().flags.has(Flag::Seen));
}

#[test]
fn an_earlier_thing_is_undone_as_far_as_nothing_else_was_done_to_the_messages() {
    let fixture = Fixture::new();
    let keys: Vec<_> = [b"a", b"b", b"c", b"d"].map(|octets| fixture.receive(octets)).into();
    block_on(fixture.store.move_to(keys.clone(), Role::Archive)).unwrap();
    let archived = block_on(fixture.store.organisation()).unwrap().history[0].id;
    block_on(fixture.store.move_to(vec![keys[0]], Role::Junk)).unwrap();
    block_on(fixture.store.move_to(keys[1..3].to_vec(), Role::Trash)).unwrap();
    block_on(fixture.store.empty_trash(None)).unwrap();
    assert_eq!(words(&fixture), ["Moved 1 message to Junk", "Archived 2 messages"], "the others are forgotten");
    let undone = block_on(fixture.store.undo(Some(archived))).unwrap().unwrap();
    assert_eq!((undone.messages, undone.changed_since, undone.gone), (1, 1, 0));
    assert_eq!(undone.words(), "Undone: archived 2 messages. 1 has been changed since and stays as it is");
    assert_eq!((fixture.keys(Role::Inbox), fixture.keys(Role::Junk)), (vec![keys[3]], vec![keys[0]]));
    assert_eq!(block_on(fixture.store.undo(Some(archived))), Ok(None), "once");
}

#[test]
fn what_went_with_its_account_is_said_to_be_gone() {
    let fixture = Fixture::new();
    let key = fixture.receive(b"a");
    block_on(fixture.store.move_to(vec![key], Role::Archive)).unwrap();
    block_on(fixture.store.remove_account(fixture.account)).unwrap();
    let undone = undo(&fixture);
    assert_eq!(undone.words(), "Nothing is left to undo: archived 1 message. 1 is no longer there");
    assert_eq!(block_on(fixture.store.undo(None)), Ok(None), "it does not stand in the way");
}

/// A message with its mailbox, flags, tags, and where it was before.
type Placed = (MessageKey, Role, u32, Vec<TagId>, Option<i64>);

/// Everything that undoing is to bring back.
#[derive(Debug, PartialEq)]
struct State {
    messages: Vec<Placed>,
    mailboxes: Vec<OwnMailbox>,
    tags: Vec<Tag>,
}

fn state(fixture: &Fixture) -> State {
    let store = &fixture.store;
    let keys = block_on(store.all_keys()).unwrap();
    let organisation = block_on(store.organisation()).unwrap();
    let sql = fixture.sql();
    let previous = |key: MessageKey| {
        sql.query_row("SELECT previous_mailbox FROM message WHERE key = ?1", [key.0], |row| row.get(0)).unwrap()
    };
    let rows = block_on(store.rows(keys)).unwrap().into_iter();
    let messages = rows.map(|row| (row.key, row.role, row.flags.0, row.tags, previous(row.key))).collect();
    State { messages, mailboxes: organisation.mailboxes, tags: organisation.tags }
}

fn assert_counted(fixture: &Fixture) {
    let wrong = fixture.rows_of(
        "(SELECT mailbox.id FROM mailbox LEFT JOIN message ON message.mailbox = mailbox.id GROUP BY mailbox.id
          HAVING mailbox.total <> count(key) OR mailbox.unread <> coalesce(sum(key IS NOT NULL AND flags & 1 = 0), 0))",
    );
    assert_eq!(wrong, 0, "the counts are those of a recount");
    let hidden = fixture.rows_of(
        "mailbox JOIN own_mailbox ON mailbox.role = 'own:' || own_mailbox.id WHERE removed_at IS NOT NULL AND total > 0",
    );
    assert_eq!(hidden, 0, "no message lies where nobody sees it");
}

const PATHS: [&str; 8] = ["A", "A/B", "a/B/c", "D", "D/B", "E/F", "Ä", "D 2"];

/// One thing that a person does; many are refused now and then.
fn act(fixture: &Fixture, (what, which, how): (u8, u16, usize)) {
    let store = &fixture.store;
    let keys = block_on(store.all_keys()).unwrap();
    let some: Vec<MessageKey> =
        (0..16).filter(|bit| which >> bit & 1 == 1).filter_map(|bit| keys.get(bit).copied()).collect();
    let Ok(organisation) = block_on(store.organisation()) else { return };
    let mailbox = organisation.mailboxes.get(how % organisation.mailboxes.len().max(1)).map(|mailbox| mailbox.id);
    let tag = organisation.tags.get(how % organisation.tags.len().max(1)).cloned();
    let path = PATHS[how % PATHS.len()].to_owned();
    // Whether it was done does not matter: what was is in the journal, and what was not has changed nothing.
    block_on(async {
        match (what % 12, mailbox, tag) {
            (0, ..) => drop(store.set_flag(some, Flag::ALL[how % 4], which % 2 == 0).await),
            (1 | 2, ..) => drop(store.move_to(some, Role::ALL[how % 7]).await),
            (3, ..) => drop(store.restore(some).await),
            (4 | 5, Some(id), _) => drop(store.move_to(some, Role::Own(id)).await),
            (6, ..) => drop(store.add_mailbox(path).await),
            (7, Some(id), _) => drop(store.rename_mailbox(id, PATHS[usize::from(which) % PATHS.len()].into()).await),
            (8, Some(id), _) if which % 3 == 0 => drop(store.remove_mailbox(id).await),
            (9, _, None) => drop(store.add_tag(path, 1).await),
            (9, _, Some(tag)) if which % 5 == 0 => drop(store.remove_tag(tag.id).await),
            (9, _, Some(tag)) if which % 5 == 1 => drop(store.change_tag(Tag { name: path, ..tag }).await),
            (9, ..) => drop(store.add_tag(path, 2).await),
            (_, _, Some(tag)) => drop(store.tag(some, tag.id, which % 3 != 0).await),
            _ => {}
        }
    });
}

fn filled() -> (Fixture, AccountId) {
    let fixture = Fixture::new();
    let home = block_on(fixture.store.save_account(testing::account("Home"))).unwrap();
    for (account, count) in [(fixture.account, 8_u8), (home, 4)] {
        let mail = (0..count).map(|n| arrival(&[n], &[n, count])).collect();
        block_on(fixture.store.deliver(account, mail, NOON)).unwrap();
    }
    (fixture, home)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]
    #[test]
    fn undoing_everything_restores_exactly_what_was(
        before in proptest::collection::vec(any::<(u8, u16, usize)>(), 0..12),
        after in proptest::collection::vec(any::<(u8, u16, usize)>(), 0..30),
    ) {
        let (mut fixture, _) = filled();
        before.into_iter().for_each(|one| act(&fixture, one));
        let was = state(&fixture);
        let done = block_on(fixture.store.organisation()).unwrap().history.len();
        after.into_iter().for_each(|one| act(&fixture, one));
        let became = state(&fixture);
        let steps = block_on(fixture.store.organisation()).unwrap().history.len() - done;
        for step in 0..steps {
            undo(&fixture);
            assert_counted(&fixture);
            if step == steps / 2 {
                fixture = fixture.reopened();
            }
        }
        assert_eq!(state(&fixture), was);
        for _ in 0..steps {
            block_on(fixture.store.redo()).unwrap().unwrap();
        }
        assert_eq!(state(&fixture), became, "and all of it was done again");
        assert_counted(&fixture);
    }
}

/// What a person does to a hundred thousand messages at once; prints how long it took, for the record.
#[test]
fn a_hundred_thousand_messages_change_at_once_and_back() {
    const MESSAGES: usize = 100_000;
    let fixture = Fixture::new();
    let mail = (0..MESSAGES as u32).map(|n| arrival(&n.to_be_bytes(), &n.to_be_bytes())).collect();
    fixture.deliver(mail).unwrap();
    let keys = fixture.keys(Role::Inbox);
    let timed = |what: &str, work: &dyn Fn()| {
        let started = std::time::Instant::now();
        work();
        println!("{what}: {} ms", started.elapsed().as_millis());
    };
    let store = &fixture.store;
    let receipts = block_on(store.add_mailbox("Receipts".into())).unwrap();
    let tag = block_on(store.add_tag("Tax".into(), 1)).unwrap();
    let undo = || assert_eq!(undo(&fixture).messages, MESSAGES as u64);
    let all = || keys.clone();
    timed("flag", &|| block_on(store.set_flag(all(), Flag::Seen, true)).unwrap());
    timed("flag undone", &undo);
    timed("tag", &|| block_on(store.tag(all(), tag, true)).unwrap());
    timed("tag undone", &undo);
    timed("move", &|| drop(block_on(store.move_to(all(), Role::Own(receipts))).unwrap()));
    timed("move undone", &undo);
    timed("delete", &|| drop(block_on(store.move_to(all(), Role::Trash)).unwrap()));
    timed("delete undone", &undo);
    assert_eq!(fixture.keys(Role::Inbox).len(), MESSAGES);
    assert!(block_on(store.keys(MailboxView { role: Role::Own(receipts), account: None })).unwrap().is_empty());
    let journal: i64 =
        fixture.sql().query_row("SELECT sum(length(changes)) FROM journal", [], |row| row.get(0)).unwrap();
    assert!(journal < 4 * 500_000, "{journal} octets");
    assert_counted(&fixture);
}
