//! An account's finer rules, and what a person decides about single messages on a real server.

use serde_json::Value;

use crate::support::dovecot::Dovecot;
use crate::support::malote::{Malote, text};
use crate::support::samples::{assert_same, message, messages};
use crate::support::scripted::{Act, Pop3Server, Script};

/// A message of so many octets, more or less.
fn sized(number: usize, octets: usize) -> Vec<u8> {
    let line = format!("Line of message {number}, which is as long as it needs to be for the sake of its size.\r\n");
    [message(number), line.repeat(octets / line.len() + 1).into_bytes()].concat()
}

fn dovecot_with(messages: &[Vec<u8>]) -> Dovecot {
    let dovecot = Dovecot::start();
    dovecot.deliver(messages);
    dovecot
}

/// What `malote server` says of each message, and of all.
fn server(malote: &Malote, more: &[&str]) -> (Vec<Value>, Value) {
    let outcome = malote.run(&[&["server", "Work", "--json"], more].concat()).succeeded();
    let mut lines = outcome.json();
    let total = lines.pop().expect("a total");
    (lines, total["total"].clone())
}

fn fates(malote: &Malote) -> Vec<String> {
    server(malote, &[]).0.iter().map(|message| text(&message["fate"])).collect()
}

fn uid_of(malote: &Malote, subject: &str) -> String {
    let (messages, _) = server(malote, &[]);
    let found = messages.iter().find(|message| text(&message["subject"]).contains(subject));
    text(&found.unwrap_or_else(|| panic!("no “{subject}” in {messages:?}"))["uid"])
}

#[test]
fn what_is_too_large_stays_there_until_it_is_asked_for() {
    let all = [message(1), sized(2, 200_000), message(3)];
    let dovecot = dovecot_with(&all);
    let malote = Malote::with_account(&dovecot.tls(), &["--skip-above", "100K", "--keep", "none"]);
    assert_eq!(malote.get().new, 2);
    assert_same(dovecot.maildrop(), vec![all[1].clone()], "the large one is left alone");
    let (listed, total) = server(&malote, &[]);
    assert_eq!(listed.len(), 1);
    assert_eq!(text(&listed[0]["fate"]), "too-large");
    assert_eq!(text(&listed[0]["subject"]), "Message number 2");
    assert_eq!(total["to_fetch"], 0);

    let uid = text(&listed[0]["uid"]);
    let (listed, total) = server(&malote, &["--get", &uid]);
    assert_eq!((text(&listed[0]["fate"]), text(&listed[0]["wish"])), ("fetch".into(), "get".into()));
    assert_eq!(total["to_fetch"], 1);
    assert_eq!(malote.get().new, 1);
    assert_same(malote.stored(), all.to_vec(), "all of it is here");
    assert!(dovecot.maildrop().is_empty(), "and, stored, gone from there");
}

#[test]
fn headers_alone_are_fetched_and_completed_on_request() {
    let all = [sized(1, 50_000), sized(2, 50_000)];
    let dovecot = dovecot_with(&all);
    let malote = Malote::with_account(&dovecot.tls(), &["--fetch", "headers", "--keep", "none"]);
    let visit = malote.get();
    assert_eq!((visit.new, visit.deleted_on_server), (2, 0), "what is here in part is not deleted there");
    assert!(visit.bytes < 5_000, "{} octets are more than two headers", visit.bytes);
    let listed = malote.list("inbox");
    assert!(listed.iter().all(|row| text(&row["part"]) == "header"), "marked as what they are: {listed:?}");
    assert_eq!(fates(&malote), ["here-header", "here-header"]);
    assert_eq!(malote.get().new, 0, "nothing is new");

    // A star is kept, and so is its place.
    let key = text(&listed[0]["key"]);
    malote.ok(&["archive", &key]);
    let uid = text(&listed[0]["uid"]);
    malote.ok(&["server", "Work", "--get", &uid, "--run"]);
    let completed = malote.list("archive");
    assert_eq!((text(&completed[0]["key"]), text(&completed[0]["part"])), (key.clone(), "whole".into()));
    let raw = malote.raw(&key);
    assert!(all.contains(&raw), "byte for byte");
    assert_same(
        dovecot.maildrop(),
        all.into_iter().filter(|one| *one != raw).collect(),
        "the whole one has left the server",
    );
}

#[test]
fn of_large_messages_the_first_lines_are_fetched() {
    let all = [sized(1, 300_000), message(2)];
    let dovecot = dovecot_with(&all);
    let malote = Malote::with_account(&dovecot.tls(), &["--first-lines-above", "100K"]);
    let visit = malote.get();
    assert_eq!(visit.new, 2);
    assert!(visit.bytes < 20_000, "{}", visit.bytes);
    let parts: Vec<String> = malote.list("inbox").iter().map(|row| text(&row["part"])).collect();
    assert!(parts.contains(&"first-lines".into()) && parts.contains(&"whole".into()), "{parts:?}");
    malote.ok(&["server", "Work", "--get", &uid_of(&malote, "Message number 1"), "--run"]);
    assert_same(malote.stored(), all.to_vec(), "completed");
    assert_eq!(malote.list("inbox").len(), 2, "in its place, not beside it");
}

#[test]
fn what_a_person_decides_goes_before_the_rules_and_can_be_taken_back() {
    let dovecot = dovecot_with(&messages(4));
    let malote = Malote::with_account(&dovecot.tls(), &["--keep", "none"]);
    let [kept, gone, changed] =
        ["Message number 1", "Message number 2", "Message number 3"].map(|subject| uid_of(&malote, subject));
    malote.ok(&["server", "Work", "--keep", &kept, "--delete", &gone, &changed]);
    assert_eq!(dovecot.maildrop().len(), 4, "nothing happens before the next visit");
    malote.ok(&["server", "Work", "--reset", &changed]);
    let visit = malote.get();
    assert_eq!((visit.new, visit.deleted_on_server), (3, 3));
    assert_same(dovecot.maildrop(), vec![message(1)], "what is to be kept");
    assert_same(malote.stored(), vec![message(1), message(3), message(4)], "and what was never wanted is not here");
    assert_eq!(fates(&malote), ["here"]);
    malote.ok(&["server", "Work", "--reset", &kept]);
    assert_eq!(malote.get().deleted_on_server, 1, "the rules hold again");
}

#[test]
fn the_safety_switch_goes_before_everything() {
    let dovecot = dovecot_with(&messages(3));
    let malote =
        Malote::with_account(&dovecot.tls(), &["--keep", "none", "--mirror", "deleted", "--never-delete", "true"]);
    malote.get();
    malote.ok(&[&["delete"], malote.keys("inbox").iter().map(String::as_str).collect::<Vec<_>>().as_slice()].concat());
    malote.ok(&["server", "Work", "--delete", &text(&server(&malote, &[]).0[0]["uid"])]);
    assert_eq!(malote.get().deleted_on_server, 0);
    assert_same(dovecot.maildrop(), messages(3), "nothing is ever deleted");
    malote.ok(&["account", "edit", "Work", "--never-delete", "false"]);
    assert_eq!(malote.get().deleted_on_server, 3);
}

#[test]
fn what_was_deleted_here_is_deleted_there_where_the_person_wants_that() {
    let dovecot = dovecot_with(&messages(4));
    let malote = Malote::with_account(&dovecot.tls(), &["--mirror", "deleted"]);
    malote.get();
    let keys = malote.keys("inbox");
    malote.ok(&["delete", &keys[0], &keys[1]]);
    malote.ok(&["undelete", &keys[1]]);
    malote.ok(&["archive", &keys[2]]);
    assert_eq!(malote.get().deleted_on_server, 1, "only what lies in Trash");
    malote.ok(&["account", "edit", "Work", "--mirror", "left-inbox"]);
    assert_eq!(malote.get().deleted_on_server, 1, "and what was archived");
    assert_eq!(dovecot.maildrop().len(), 2);
    assert_same(malote.stored().into_iter().collect(), messages(4), "nothing is lost here");
}

#[test]
fn only_the_newest_stay_on_the_server() {
    let dovecot = dovecot_with(&messages(6));
    let malote = Malote::with_account(&dovecot.tls(), &["--keep", "newest:2"]);
    let visit = malote.get();
    assert_eq!((visit.new, visit.deleted_on_server), (6, 4), "in the very visit that stored them");
    assert_same(dovecot.maildrop(), vec![message(5), message(6)], "the newest");
    dovecot.deliver(&[message(7)]);
    assert_eq!(malote.get().deleted_on_server, 1);
    assert_same(dovecot.maildrop(), vec![message(6), message(7)], "and again");
    assert_same(malote.stored(), messages(7), "all of it is here");
}

#[test]
fn a_visit_keeps_to_its_limit_and_the_next_one_goes_on() {
    let all: Vec<Vec<u8>> = (1..=5).map(|number| sized(number, 100_000)).collect();
    let dovecot = dovecot_with(&all);
    let malote = Malote::with_account(&dovecot.tls(), &["--visit-limit", "250K", "--order", "newest"]);
    assert_eq!(malote.get().new, 2);
    assert_same(malote.stored(), all[3..].to_vec(), "the newest first");
    assert_eq!(malote.get().new, 2);
    assert_eq!(malote.get().new, 1);
    assert_same(malote.stored(), all, "in the end all of it");
}

#[test]
fn a_mailbox_that_is_adopted_is_not_fetched_and_not_deleted() {
    let dovecot = dovecot_with(&messages(5));
    let malote = Malote::with_account(&dovecot.tls(), &["--keep", "none"]);
    malote.ok(&["server", "Work", "--adopt"]);
    assert_eq!(fates(&malote), ["known"; 5]);
    dovecot.deliver(&[message(6)]);
    let visit = malote.get();
    assert_eq!((visit.new, visit.deleted_on_server), (1, 1), "what came since");
    assert_same(dovecot.maildrop(), messages(5), "what is not here is not deleted there");
    let uid = text(&server(&malote, &[]).0[0]["uid"]);
    malote.ok(&["server", "Work", "--get", &uid, "--run"]);
    assert_eq!(malote.stored().len(), 2, "one of them after all");
    assert_eq!(dovecot.maildrop().len(), 4);
}

#[test]
fn a_server_that_renumbers_is_recognised_by_the_headers() {
    let script = Script::default();
    let server = Pop3Server::start(script, &messages(6));
    let malote = Malote::with_account(&server.incoming(), &["--keep", "days:9"]);
    assert_eq!(malote.get().new, 6);
    server.rename(&[b"n1", b"n2", b"n3", b"n4", b"n5", b"n6"]);
    let fetched = server.count("RETR");
    let visit = malote.get();
    assert_eq!(visit.new, 0);
    assert_eq!(server.count("RETR"), fetched, "none of them is fetched again");
    assert_eq!(server.count("TOP"), 6);
    assert_same(malote.stored(), messages(6), "each once");
    assert_eq!(malote.get().new, 0);
    assert_eq!(server.count("TOP"), 6, "and from now on they are known");
}

#[test]
fn what_the_line_has_cost_adds_up() {
    let dovecot = dovecot_with(&messages(3));
    let malote = Malote::with_account(&dovecot.tls(), &[]);
    let first = malote.get();
    malote.get();
    let months = malote.run(&["meter", "--json"]).succeeded().json();
    assert_eq!(months.len(), 1);
    assert_eq!((text(&months[0]["account"]), &months[0]["visits"]), ("Work".into(), &Value::from(2)));
    assert_eq!(months[0]["new"], 3);
    let bytes = months[0]["bytes_in"].as_u64().unwrap();
    assert!(bytes > first.bytes && bytes < first.bytes + 10_000, "{bytes} of {}", first.bytes);
}

#[test]
fn the_round_trip_is_told_by_visit_and_by_month() {
    let dovecot = dovecot_with(&messages(3));
    let malote = Malote::with_account(&dovecot.tls(), &[]);
    let ms = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("no time: {value}"));
    let trips: Vec<f64> =
        (0..3).map(|_| ms(&malote.run(&["get", "--json"]).succeeded().json()[0]["round_trip_ms"])).collect();
    assert!(trips.iter().all(|trip| (0.0..60_000.0).contains(trip)), "{trips:?}");
    let month = malote.run(&["meter", "--json"]).succeeded().json().remove(0);
    let (shortest, mean) = (trips.iter().copied().fold(f64::MAX, f64::min), trips.iter().sum::<f64>() / 3.0);
    assert!((ms(&month["round_trip_ms"]) - shortest).abs() < 0.001, "{month} of {trips:?}");
    assert!((ms(&month["mean_round_trip_ms"]) - mean).abs() < 0.002, "{month} of {trips:?}");
    let said = malote.ok(&["meter"]);
    assert!(said.contains("ms at best, ") && said.contains(" ms on average"), "{said}");
    assert!(malote.ok(&["get"]).contains(", round trip "));
}

#[test]
fn the_last_visits_are_told_one_by_one_with_how_each_ended() {
    let server = Pop3Server::start(Script::default(), &messages(2));
    let malote = Malote::with_account(&server.incoming(), &["--ask-above", "100"]);
    server.follow(Script::but("greeting", Act::Say(b"-ERR closed\r\n".to_vec())));
    malote.try_get();
    server.follow(Script::default());
    malote.try_get();
    malote.ok(&["get", "--all"]);
    malote.ok(&["server", "Work"]);
    server.fill(&[messages(2), vec![sized(3, 10), sized(4, 10)]].concat());
    server.follow(Script::but("RETR 4", Act::Say(b"-ERR gone\r\n".to_vec())));
    malote.run(&["get", "--all"]).failed();
    let visits = malote.run(&["meter", "--visits", "--json"]).succeeded().json();
    let told: Vec<(String, u64)> =
        visits.iter().map(|visit| (text(&visit["outcome"]), visit["new"].as_u64().unwrap())).collect();
    let expected = [("partly", 1), ("looked", 0), ("done", 2), ("asked", 0), ("failed", 0)];
    assert_eq!(told, expected.map(|(outcome, new)| (outcome.to_owned(), new)));
    assert!(visits.iter().all(|visit| text(&visit["account"]) == "Work" && visit["bytes_in"].as_u64() > Some(0)));
    assert_eq!(malote.ok(&["meter", "--visits"]).lines().count(), 5);
}

#[test]
fn a_server_that_lists_in_batches_is_asked_until_nothing_new_comes() {
    let script =
        Script { batch: Some(4), ..Script::but("greeting", Act::Say(b"+OK Gpop ready for requests\r\n".to_vec())) };
    let server = Pop3Server::start(script, &messages(10));
    let malote = Malote::with_account(&server.incoming(), &[]);
    let visit = malote.get();
    assert_eq!(visit.new, 10, "one visit brings all of it");
    assert_same(malote.stored(), messages(10), "each once");
    assert_eq!(server.sessions().len(), 4, "three batches, and a look that found nothing");
    assert_eq!(malote.get().new, 0);
    assert_same(malote.stored(), messages(10), "what a listing does not show is not forgotten");
}

#[test]
fn where_there_is_much_the_person_is_asked_first() {
    let all = [sized(1, 200_000), sized(2, 200_000)];
    let dovecot = dovecot_with(&all);
    let malote = Malote::with_account(&dovecot.tls(), &["--ask-above", "300K"]);
    let asked = malote.try_get();
    assert_eq!(asked.new, 0);
    assert!(asked.problems[0].contains("2 new messages have 0.4 MB"), "{:?}", asked.problems);
    malote.ok(&["get", "--all"]);
    assert_same(malote.stored(), all.to_vec(), "said yes");
    dovecot.deliver(&[message(3)]);
    assert_eq!(malote.get().new, 1, "a little comes unasked");
}
