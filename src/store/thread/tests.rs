//! Whatever comes in whatever order, the store has the threads of the definition.

use std::collections::HashMap;

use futures::executor::block_on;
use proptest::prelude::*;

use super::super::testing::{self, Fixture, NOON};
use super::super::types::Flag;
use super::super::{Arrival, Asking, Content, Prepared, prepare};
use super::*;
use crate::account::AccountId;
use crate::mail::thread::tests::{any_mail, threads};
use crate::mail::{Address, Envelope, Query};

impl Fixture {
    fn thread_all(&self) {
        while block_on(self.store.thread(7)).unwrap() > 0 {}
    }

    /// The number of each message's thread, as the store has it.
    fn threads(&self) -> HashMap<MessageKey, i64> {
        let db = self.sql();
        let mut select = db.prepare("SELECT message, thread FROM in_thread").unwrap();
        let rows = select.query_map([], |row| Ok((MessageKey(row.get(0)?), row.get(1)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    /// What the conversation of this message is, by subjects, oldest first.
    fn conversation(&self, key: MessageKey) -> String {
        let conversation = block_on(self.store.conversation(key)).unwrap();
        let subjects = conversation.messages.iter().map(|(row, _)| row.subject.as_str());
        subjects.collect::<Vec<_>>().join(" ")
    }
}

/// A message that says this of where it belongs; `number` makes its octets its own, and its subject.
fn arrival(number: usize, related: &Related) -> Prepared {
    prepare(Arrival {
        uid: Some(number.to_be_bytes().to_vec()),
        content: Content::Whole(number.to_be_bytes().to_vec()),
        envelope: Envelope {
            subject: number.to_string(),
            date: Some(NOON - 1_000_000 + related.date),
            from: vec![Address { name: "Bo".into(), addr: "bo@example.org".into() }],
            message_id: related.message_id.clone(),
            in_reply_to: related.in_reply_to.clone(),
            references: related.references.clone(),
            ..Envelope::default()
        },
        ..Arrival::default()
    })
}

fn receive_for(fixture: &Fixture, account: AccountId, number: usize, related: &Related) -> MessageKey {
    let delivered = block_on(fixture.store.deliver(account, vec![arrival(number, related)], NOON)).unwrap();
    delivered[0].key.unwrap()
}

fn receive(fixture: &Fixture, number: usize, related: &Related) -> MessageKey {
    receive_for(fixture, fixture.account, number, related)
}

/// A message with this id that answers these.
fn answer(date: i64, id: &str, references: &[&str]) -> Related {
    let references = references.iter().map(ToString::to_string).collect();
    Related { message_id: Some(id.into()), references, date, ..Related::default() }
}

fn remove_for_good(fixture: &Fixture, key: MessageKey) {
    block_on(fixture.store.move_to(vec![key], Role::Trash)).unwrap();
    block_on(fixture.store.empty_trash(None)).unwrap();
}

/// How SQLite goes about it.
fn explained(fixture: &Fixture, sql: &str) -> String {
    let db = fixture.sql();
    let mut select = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let plan = select.query_map([], |row| row.get::<_, String>("detail")).unwrap();
    plan.collect::<Result<Vec<_>, _>>().unwrap().join("\n")
}

/// Whether those that are left are together and apart as the definition says.
fn assert_as_defined(fixture: &Fixture, all: &[(Option<MessageKey>, Related)]) {
    let all_found = fixture.threads();
    let found = |key: &Option<MessageKey>| key.map(|key| all_found[&key]);
    let (keys, messages): (Vec<_>, Vec<_>) = all.iter().cloned().unzip();
    let defined = threads(&messages);
    for (one, label) in keys.iter().zip(&defined) {
        for (other, other_label) in keys.iter().zip(&defined) {
            if let (Some(a), Some(b)) = (found(one), found(other)) {
                assert_eq!(a == b, label == other_label, "{one:?} and {other:?}: {messages:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn whatever_comes_and_goes_in_whatever_order_the_threads_are_those_of_the_definition(
        messages in any_mail(24),
        turns in proptest::collection::vec(0..6u8, 24),
    ) {
        let fixture = Fixture::new();
        // What is gone has no key any more, and another message may have it.
        let mut all: Vec<(Option<MessageKey>, Related)> = Vec::new();
        for (number, (related, turn)) in messages.iter().zip(&turns).enumerate() {
            all.push((Some(receive(&fixture, number, related)), related.clone()));
            match turn {
                0 => fixture.thread_all(),
                1 => { block_on(fixture.store.thread(2)).unwrap(); }
                2 => {
                    // Only what was in its thread has joined others.
                    fixture.thread_all();
                    if let Some(gone) = all[number / 2].0.take() {
                        remove_for_good(&fixture, gone);
                    }
                }
                _ => {}
            }
        }
        fixture.thread_all();
        prop_assert_eq!(fixture.threads().len(), fixture.keys(Role::Inbox).len(), "every message has a thread");
        assert_as_defined(&fixture, &all);
    }
}

#[test]
fn a_parent_that_comes_late_joins_what_answered_it() {
    let fixture = Fixture::new();
    let first = receive(&fixture, 1, &answer(1, "b", &["a"]));
    let second = receive(&fixture, 2, &answer(2, "c", &["x"]));
    let third = receive(&fixture, 3, &answer(3, "y", &[]));
    fixture.thread_all();
    assert_eq!([first, second, third].map(|key| fixture.conversation(key)), ["1", "2", "3"]);
    let parent = receive(&fixture, 4, &answer(0, "a", &["x"]));
    assert_eq!(fixture.conversation(parent), "4", "it is shown before it is in its thread");
    fixture.thread_all();
    assert_eq!(fixture.conversation(first), "4 1 2");
    assert_eq!([parent, second].map(|key| fixture.conversation(key)), ["4 1 2", "4 1 2"]);
    assert_eq!(fixture.conversation(third), "3");
}

#[test]
fn what_was_joined_by_a_message_that_is_gone_stays_joined() {
    let fixture = Fixture::new();
    let first = receive(&fixture, 1, &answer(1, "a", &[]));
    let between = receive(&fixture, 2, &answer(2, "b", &["a"]));
    fixture.thread_all();
    remove_for_good(&fixture, between);
    assert_eq!(fixture.conversation(first), "1");
    receive(&fixture, 3, &answer(3, "c", &["b"]));
    fixture.thread_all();
    assert_eq!(fixture.conversation(first), "1 3");
    assert_eq!(block_on(fixture.store.conversation(between)), Err(Error::NotFound));
}

#[test]
fn a_conversation_goes_across_accounts_and_mailboxes_but_not_into_the_trash() {
    let fixture = Fixture::new();
    let home = block_on(fixture.store.save_account(testing::account("Home"))).unwrap();
    let first = receive(&fixture, 1, &answer(1, "a", &[]));
    let second = receive_for(&fixture, home, 2, &answer(2, "b", &["a"]));
    let third = receive(&fixture, 3, &answer(3, "c", &["a", "b"]));
    let fourth = receive(&fixture, 4, &answer(4, "d", &["a", "b"]));
    fixture.thread_all();
    let move_to = |key, to| block_on(fixture.store.move_to(vec![key], to)).unwrap();
    move_to(second, Role::Archive);
    move_to(third, Role::Trash);
    move_to(fourth, Role::Junk);
    assert_eq!(fixture.conversation(first), "1 2");
    assert_eq!(fixture.conversation(third), "1 2 3", "of what lies in Trash itself it is part");
    assert_eq!(fixture.conversation(fourth), "1 2 4");
    block_on(fixture.store.remove_account(home)).unwrap();
    assert_eq!(fixture.conversation(first), "1");
}

#[test]
fn a_draft_that_is_saved_again_joins_what_it_answers_now() {
    let fixture = Fixture::new();
    let first = receive(&fixture, 1, &answer(1, "a", &[]));
    let save = |key, raw: &str, in_reply_to: &[&str]| {
        let in_reply_to = in_reply_to.iter().map(ToString::to_string).collect();
        let envelope = Envelope { subject: "2".into(), in_reply_to, ..Envelope::default() };
        let raw = raw.as_bytes().to_vec();
        block_on(fixture.store.save_draft(fixture.account, key, crate::mail::Draft::default(), raw, envelope, NOON))
    };
    let key = save(None, "one", &[]).unwrap();
    fixture.thread_all();
    assert_eq!(fixture.conversation(first), "1");
    save(Some(key), "two", &["a"]).unwrap();
    assert_eq!(fixture.rows_of("to_thread"), 1, "it is marked");
    fixture.thread_all();
    assert_eq!(fixture.conversation(first), "1 2");
}

#[test]
fn mail_that_was_there_before_there_were_threads_is_marked_and_so_is_all_that_comes() {
    let fixture = Fixture::new();
    let key = receive(&fixture, 1, &answer(1, "a", &[]));
    assert_eq!(fixture.rows_of("to_thread"), 1);
    fixture.thread_all();
    assert_eq!((fixture.rows_of("to_thread"), fixture.rows_of("in_thread")), (0, 1));
    block_on(fixture.store.set_flag(vec![key], Flag::Seen, true)).unwrap();
    assert_eq!(fixture.rows_of("to_thread"), 0, "what it says of itself is the same");
    receive(&fixture, 2, &answer(2, "b", &[]));
    let fixture = fixture.reopened();
    assert_eq!(fixture.rows_of("to_thread"), 1, "the mark outlives the program");
}

#[test]
fn indexing_a_message_puts_it_into_its_thread() {
    let fixture = Fixture::new();
    let key = receive(&fixture, 1, &answer(1, "a", &[]));
    let marked = block_on(fixture.store.to_index(10)).unwrap();
    let indexed = super::super::Indexed { key, sha256: marked[0].sha256, words: None };
    block_on(fixture.store.index(vec![indexed])).unwrap();
    assert_eq!((fixture.rows_of("to_thread"), fixture.rows_of("in_thread")), (0, 1));
}

#[test]
fn nothing_that_a_header_names_makes_it_slow_or_large() {
    const MESSAGES: usize = 2_000;
    let fixture = Fixture::new();
    let many: Vec<String> = (0..1000).map(|n| format!("{n}@example.net")).collect();
    let names_many = Related { message_id: Some("same".into()), references: many, ..Related::default() };
    let mail = (0..MESSAGES).map(|number| arrival(number, &names_many)).collect();
    fixture.deliver(mail).unwrap();
    fixture.thread_all();
    assert!(fixture.rows_of("thread_by_id") <= 101, "{}", fixture.rows_of("thread_by_id"));
    assert_eq!(fixture.rows_of("thread"), 1);
    let conversation = block_on(fixture.store.conversation(fixture.keys(Role::Inbox)[1000])).unwrap();
    assert_eq!((conversation.messages.len(), conversation.more), (2 * MOST_EITHER_SIDE + 1, true));
}

#[test]
fn a_thread_of_a_hundred_thousand_is_joined_and_read_from_an_index() {
    const MESSAGES: usize = 100_000;
    let fixture = Fixture::new();
    // Every message answers the one before, and the newest is put into its thread first.
    let mail = format!(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {MESSAGES})
         INSERT INTO message (key, mailbox, flags, has_attachments, date, stored_at, size_bytes, raw, sha256, from_name,
                              from_addr, recipients, recipient_addrs, subject, snippet, message_id, in_reply_to,
                              reference_ids)
         SELECT n << 20, (SELECT id FROM mailbox WHERE role = 'inbox'), 0, 0, n, n, 0, n, x'', '', '', '', '', '', '',
                n || '@example.org', '', (n - 1) || '@example.org' FROM n",
    );
    fixture.sql().execute_batch(&mail).unwrap();
    while block_on(fixture.store.thread(10_000)).unwrap() > 0 {}
    let threads = fixture.threads();
    assert_eq!(threads.len(), MESSAGES);
    assert!(threads.values().all(|thread| Some(thread) == threads.values().next()));
    let keys = fixture.keys(Role::Inbox);
    let conversation = block_on(fixture.store.conversation(keys[MESSAGES / 2])).unwrap();
    assert_eq!((conversation.messages.len(), conversation.more), (2 * MOST_EITHER_SIDE + 1, true));
    assert_eq!(conversation.messages[MOST_EITHER_SIDE].0.key, keys[MESSAGES / 2]);
    let plan = explained(
        &fixture,
        "SELECT in_thread.message FROM in_thread CROSS JOIN message ON message.key = in_thread.message
         WHERE in_thread.thread = (SELECT thread FROM in_thread WHERE message = 1) AND in_thread.message < 1
         ORDER BY in_thread.message DESC",
    );
    assert!(plan.contains("INDEX in_thread_by_thread (thread=? AND rowid<?)") && !plan.contains("SORT"), "{plan}");
    let bytes: i64 = fixture
        .sql()
        .query_row(
            "SELECT sum(pgsize) FROM dbstat WHERE name IN ('thread', 'in_thread', 'in_thread_by_thread', 'thread_by_id')",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert!(bytes < 100 * MESSAGES as i64, "{bytes}");
}

#[test]
fn a_search_for_a_thread_finds_its_messages_newest_first() {
    let fixture = Fixture::new();
    let keys = [answer(1, "a", &[]), answer(2, "b", &["a"]), answer(3, "x", &[]), answer(4, "c", &["a", "b"])];
    let keys: Vec<_> = keys.iter().enumerate().map(|(number, related)| receive(&fixture, number, related)).collect();
    let find = |typed: String| {
        let now = jiff::Timestamp::from_second(NOON).unwrap().to_zoned(jiff::tz::TimeZone::UTC);
        let query = Query::parse(&typed, false, &now).unwrap();
        block_on(fixture.store.search(query, None, None, 100, Asking::default())).unwrap().keys
    };
    assert_eq!(find(format!("thread:{}", keys[1])), [keys[1]], "itself, before it is in its thread");
    fixture.thread_all();
    assert_eq!(find(format!("thread:{}", keys[1])), [keys[3], keys[1], keys[0]]);
    assert_eq!(find(format!("thread:{} -thread:{}", keys[1], keys[2])), [keys[3], keys[1], keys[0]]);
    assert_eq!(find(format!("is:unread -thread:{}", keys[1])), [keys[2]]);
    assert_eq!(find("thread:7".into()), []);
    let plan = explained(
        &fixture,
        "SELECT message.key FROM message WHERE message.key IN (
             SELECT message FROM in_thread WHERE thread = (SELECT thread FROM in_thread WHERE message = 1)
             UNION ALL SELECT 1)
         ORDER BY message.key DESC LIMIT 10",
    );
    assert!(plan.contains("SEARCH message USING INTEGER PRIMARY KEY (rowid=?)"), "only those are read: {plan}");
}
