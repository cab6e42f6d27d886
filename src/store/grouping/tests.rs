//! Each conversation once, wherever its messages lie and in whatever order the list is.

use futures::executor::block_on;

use super::super::testing::{Fixture, NOON, account};
use super::super::types::{SortBy, SortOrder};
use super::super::{Arrival, Content, prepare};
use super::*;
use crate::account::AccountId;
use crate::mail::{Address, Envelope};

const INBOX: MailboxView = MailboxView { role: Role::Inbox, account: None };

/// A message of this sender at this minute that answers the one of that number.
fn receive(fixture: &Fixture, account: AccountId, number: i64, name: &str, answers: Option<i64>) -> MessageKey {
    let id = |number: i64| format!("{number}@example.org");
    let envelope = Envelope {
        subject: format!("{name} {number}"),
        date: Some(NOON - 10_000 + number * 60),
        from: vec![Address { name: name.into(), addr: format!("{}@example.org", name.to_lowercase()) }],
        message_id: Some(id(number)),
        in_reply_to: answers.map(id).into_iter().collect(),
        ..Envelope::default()
    };
    let content = Content::Whole(number.to_be_bytes().to_vec());
    let arrival = Arrival { uid: Some(number.to_be_bytes().to_vec()), content, envelope, ..Arrival::default() };
    block_on(fixture.store.deliver(account, vec![prepare(arrival)], NOON)).unwrap()[0].key.unwrap()
}

/// Two conversations, (1, 3, 5) and (2, 6), and one message that is alone, 4.
fn fixture() -> (Fixture, Vec<MessageKey>) {
    let fixture = Fixture::new();
    let own = fixture.account;
    let mail = [
        (1, "Ana", None),
        (2, "Bo", None),
        (3, "Cy", Some(1)),
        (4, "Di", None),
        (5, "Ana", Some(3)),
        (6, "Bo", Some(2)),
    ];
    let keys = mail.map(|(number, name, answers)| receive(&fixture, own, number, name, answers));
    while block_on(fixture.store.thread(7)).unwrap() > 0 {}
    (fixture, keys.to_vec())
}

fn newest_first(fixture: &Fixture) -> Sorted {
    Sorted { keys: Arc::new(fixture.keys(Role::Inbox)), places: Arc::default() }
}

fn heads_of(fixture: &Fixture, sorted: Sorted, of: Option<MessageKey>) -> (Vec<MessageKey>, Option<MessageKey>) {
    let (heads, head) = block_on(fixture.store.heads(sorted, of)).unwrap();
    (heads.keys.to_vec(), head)
}

#[test]
fn a_conversation_stands_where_its_newest_message_does() {
    let (fixture, keys) = fixture();
    let (heads, head) = heads_of(&fixture, newest_first(&fixture), Some(keys[0]));
    assert_eq!((heads, head), (vec![keys[5], keys[4], keys[3]], Some(keys[4])));
    block_on(fixture.store.move_to(vec![keys[4]], Role::Archive)).unwrap();
    let (heads, head) = heads_of(&fixture, newest_first(&fixture), Some(keys[3]));
    assert_eq!((heads, head), (vec![keys[5], keys[3], keys[2]], Some(keys[3])), "the newest that the mailbox holds");
}

#[test]
fn in_another_order_it_stands_where_its_first_message_does_and_is_found_there() {
    let (fixture, keys) = fixture();
    let by_sender = SortOrder { by: SortBy::Sender, reversed: false };
    let sorted = block_on(fixture.store.sorted_keys(INBOX, by_sender)).unwrap();
    let (heads, _) = block_on(fixture.store.heads(sorted, None)).unwrap();
    assert_eq!(*heads.keys, [keys[4], keys[5], keys[3]], "Ana, Bo, Di");
    let of_newest: Vec<MessageKey> = heads.places.iter().map(|&place| heads.keys[place as usize]).collect();
    assert_eq!(of_newest, [keys[5], keys[4], keys[3]]);
}

#[test]
fn long_lists_are_grouped_as_short_ones_are() {
    let (fixture, _) = fixture();
    let all = fixture.keys(Role::Inbox);
    let db = fixture.sql();
    let one_by_one: Vec<Option<i64>> = all.iter().map(|&key| thread_of(&db, key).unwrap()).collect();
    let mut long: Vec<MessageKey> = (0..i64::try_from(FEW).unwrap()).map(|n| MessageKey(all[0].0 + 10 + n)).collect();
    long.reverse();
    long.extend(&all);
    let threads = threads_of(&db, &long).unwrap();
    assert_eq!(threads[FEW..], one_by_one);
    assert!(threads[..FEW].iter().all(Option::is_none));
}

#[test]
fn what_is_in_no_conversation_yet_stands_for_itself() {
    let fixture = Fixture::new();
    let keys = [fixture.receive(b"a"), fixture.receive(b"b")];
    let (heads, head) = heads_of(&fixture, newest_first(&fixture), Some(keys[0]));
    assert_eq!((heads.len(), head), (2, Some(keys[0])));
}

#[test]
fn a_row_says_how_many_messages_there_are_who_wrote_them_and_what_is_unread() {
    let (fixture, keys) = fixture();
    block_on(fixture.store.set_flag(vec![keys[4], keys[2]], Flag::Seen, true)).unwrap();
    block_on(fixture.store.move_to(vec![keys[2]], Role::Archive)).unwrap();
    let rows = block_on(fixture.store.group_rows(vec![keys[4], keys[3]], INBOX)).unwrap();
    let group = rows[0].group.clone().unwrap();
    assert_eq!((group.messages, group.unread, group.senders), (3, 1, vec!["Ana".into(), "Cy".into()]));
    assert_eq!(rows[1].group, None, "it is alone");
    block_on(fixture.store.move_to(vec![keys[2]], Role::Trash)).unwrap();
    let rows = block_on(fixture.store.group_rows(vec![keys[4]], INBOX)).unwrap();
    assert_eq!(rows[0].group.as_ref().map(|group| group.messages), Some(2), "what is thrown away is not counted");
}

#[test]
fn the_members_of_a_conversation_are_those_in_the_mailbox_of_the_list() {
    let (fixture, keys) = fixture();
    let other = block_on(fixture.store.save_account(account("Home"))).unwrap();
    let elsewhere = receive(&fixture, other, 7, "Ana", Some(5));
    while block_on(fixture.store.thread(7)).unwrap() > 0 {}
    block_on(fixture.store.move_to(vec![keys[2]], Role::Archive)).unwrap();
    let members = |account| {
        block_on(fixture.store.members(vec![keys[4], keys[3]], MailboxView { role: Role::Inbox, account })).unwrap()
    };
    assert_eq!(members(Some(fixture.account)), [keys[4], keys[3], keys[0]]);
    assert_eq!(members(None), [elsewhere, keys[4], keys[3], keys[0]]);
}
