//! Orders are compared with a naive sort of what the rows say.

use std::cmp::Ordering;

use futures::executor::block_on;

use super::super::testing::{self, Fixture, NOON};
use super::super::types::{MessageRow, Role};
use super::super::{Arrival, Content, prepare};
use super::*;
use crate::account::AccountId;
use crate::mail::{Address, Draft, Envelope};

const INBOX: MailboxView = MailboxView { role: Role::Inbox, account: None };
const SENDERS: [&str; 6] = ["Zoë", "andré", "Ann", "", "Игорь", "東京"];
const SUBJECTS: [&str; 7] =
    ["Plan", "Re: plan", "", "Invoice 9", "Invoice 10", "Ärger", "a subject that begins like another 1"];

fn orders() -> impl Iterator<Item = SortOrder> {
    SortBy::ALL.into_iter().flat_map(|by| [false, true].map(|reversed| SortOrder { by, reversed }))
}

/// Delivers a message like many others, but for its number.
fn receive(fixture: &Fixture, account: AccountId, number: usize) -> MessageKey {
    let from = Address { name: SENDERS[number * 5 % 6].into(), addr: format!("s{}@example.org", number % 3) };
    let envelope = Envelope {
        from: vec![from],
        subject: SUBJECTS[number * 3 % 7].into(),
        date: Some(NOON - (number * 7919 % 1000) as i64),
        ..Envelope::default()
    };
    let mut octets = vec![b'x'; 10 + number * 31 % 17];
    octets.extend(number.to_be_bytes());
    let arrival = Arrival {
        uid: Some(number.to_be_bytes().to_vec()),
        content: Content::Whole(octets),
        envelope,
        ..Arrival::default()
    };
    block_on(fixture.store.deliver(account, vec![prepare(arrival)], NOON)).unwrap()[0].key.unwrap()
}

fn compared(order: SortOrder, a: &MessageRow, b: &MessageRow) -> Ordering {
    let who = |row: &MessageRow| order::of_name(if row.role.is_outgoing() { &row.to } else { &row.from_name });
    let of = match order.by {
        SortBy::Date => b.key.cmp(&a.key),
        SortBy::Sender => who(a).cmp(&who(b)),
        SortBy::Subject => order::of_subject(&a.subject).cmp(&order::of_subject(&b.subject)),
        SortBy::Size => b.size_bytes.cmp(&a.size_bytes),
    };
    if order.reversed { of.reverse() } else { of }.then(b.key.cmp(&a.key))
}

#[track_caller]
fn check(fixture: &Fixture, view: MailboxView, order: SortOrder) {
    let newest_first = block_on(fixture.store.keys(view)).unwrap();
    let mut rows = block_on(fixture.store.rows(newest_first.clone())).unwrap();
    rows.sort_by(|a, b| compared(order, a, b));
    let sorted = block_on(fixture.store.sorted_keys(view, order)).unwrap();
    assert_eq!(*sorted.keys, rows.iter().map(|row| row.key).collect::<Vec<_>>(), "{order}");
    let found: Vec<MessageKey> = sorted.places.iter().map(|&place| sorted.keys[place as usize]).collect();
    assert_eq!(found, newest_first, "{order}: each has its place");
}

#[test]
fn a_view_of_one_account_or_of_all_comes_in_every_order() {
    let fixture = Fixture::new();
    let home = block_on(fixture.store.save_account(testing::account("Home"))).unwrap();
    for number in 0..120 {
        receive(&fixture, if number % 3 == 0 { home } else { fixture.account }, number);
    }
    for order in orders() {
        for account in [None, Some(home), Some(AccountId(99))] {
            check(&fixture, MailboxView { account, ..INBOX }, order);
        }
    }
}

#[test]
fn an_order_is_mended_by_what_comes_and_what_goes() {
    let fixture = Fixture::new();
    let mut keys: Vec<MessageKey> = (0..100).map(|number| receive(&fixture, fixture.account, number)).collect();
    for order in orders() {
        check(&fixture, INBOX, order);
        for step in 0..6 {
            let came = receive(&fixture, fixture.account, 1000 + step);
            check(&fixture, INBOX, order);
            block_on(fixture.store.move_to(vec![keys.remove(step * 3), came], Role::Archive)).unwrap();
            check(&fixture, INBOX, order);
            block_on(fixture.store.move_to(vec![came], Role::Trash)).unwrap();
            block_on(fixture.store.empty_trash(None)).unwrap();
            check(&fixture, INBOX, order);
        }
        keys = fixture.keys(Role::Inbox);
    }
}

#[test]
fn a_message_that_becomes_another_gets_another_place() {
    let fixture = Fixture::new();
    let drafts = MailboxView { role: Role::Drafts, account: None };
    let save = |key: Option<MessageKey>, name: &str, subject: &str| {
        let to = vec![Address { name: name.into(), addr: "x@example.org".into() }];
        let envelope = Envelope { to, subject: subject.into(), ..Envelope::default() };
        let (draft, raw) = (Draft::default(), subject.as_bytes().to_owned());
        block_on(fixture.store.save_draft(fixture.account, key, draft, raw, envelope, NOON)).unwrap()
    };
    let keys = ["Dora", "ana", "Bo"].map(|name| save(None, name, &format!("To {name}")));
    for order in orders() {
        check(&fixture, drafts, order);
        save(Some(keys[1]), "Zoë", "Zoo");
        check(&fixture, drafts, order);
        save(Some(keys[1]), "ana", &"ana ".repeat(order.by as usize + 1));
        check(&fixture, drafts, order);
    }
}

#[test]
fn who_remembers_less_than_what_is_kept_of_changes_begins_anew() {
    let fixture = Fixture::new();
    let by_subject = SortOrder { by: SortBy::Subject, reversed: false };
    let keys: Vec<MessageKey> = (0..5).map(|number| receive(&fixture, fixture.account, number)).collect();
    check(&fixture, INBOX, by_subject);
    let change = |key: MessageKey, subject: &str| {
        fixture.sql().execute("UPDATE message SET subject = ?2 WHERE key = ?1", (key.0, subject)).unwrap();
    };
    change(keys[0], "zzz");
    (0..1100).for_each(|_| change(keys[1], "yyy"));
    assert_eq!(fixture.rows_of("order_change"), 1000);
    check(&fixture, INBOX, by_subject);
}

#[test]
fn what_was_stored_before_there_were_orders_is_put_in_order_too() {
    let fixture = Fixture::new();
    for number in 0..40 {
        receive(&fixture, fixture.account, number);
    }
    let by_trigger = rows_of_order(&fixture);
    let folders = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap();
    let folder = folders
        .map(|folder| folder.unwrap().path())
        .find(|path| path.to_string_lossy().ends_with("-order-and-dictionary"));
    let migration = std::fs::read_to_string(folder.unwrap().join("up.sql")).unwrap();
    let filling = migration.split_once("INSERT INTO message_order").unwrap().1.split_once(';').unwrap().0;
    fixture.sql().execute_batch(&format!("DELETE FROM message_order; INSERT INTO message_order{filling}")).unwrap();
    assert_eq!(rows_of_order(&fixture), by_trigger);
}

fn rows_of_order(fixture: &Fixture) -> Vec<(i64, String, String, i64)> {
    let db = fixture.sql();
    let mut select = db.prepare("SELECT message, sender, subject, size_bytes FROM message_order ORDER BY 1").unwrap();
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).unwrap();
    rows.map(Result::unwrap).collect()
}
