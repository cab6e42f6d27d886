//! Getting mail from a real Dovecot.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::dovecot::Dovecot;
use crate::support::malote::{Malote, text};
use crate::support::samples::{assert_same, message, messages};
use crate::support::scripted::{slow_server, stuffed};
use crate::support::{Incoming, PASSWORD};

/// Collects seven messages, then nothing, then two more, over this kind of connection.
fn check(incoming: impl Fn(&Dovecot) -> Incoming) {
    let dovecot = Dovecot::start();
    dovecot.deliver(&messages(7));
    let malote = Malote::with_account(&incoming(&dovecot), &[]);

    let first = malote.get();
    assert_eq!((first.account.as_str(), first.new, first.deleted_on_server), ("Work", 7, 0));
    assert_eq!(first.bytes, messages(7).iter().map(|raw| raw.len() as u64).sum::<u64>(), "octets of the messages");
    assert_same(malote.stored(), messages(7), "byte for byte");

    assert_eq!(malote.get().new, 0, "there is nothing new");
    dovecot.deliver(&[message(8), message(9)]);
    assert_eq!(malote.get().new, 2, "only what is new");
    assert_same(malote.stored(), messages(9), "old and new");
    assert_same(dovecot.maildrop(), messages(9), "all of it is kept on the server");
}

#[test]
fn mail_is_collected_over_a_plain_connection() {
    check(Dovecot::plain);
}

#[test]
fn mail_is_collected_over_stls() {
    check(Dovecot::stls);
}

#[test]
fn mail_is_collected_over_tls() {
    check(Dovecot::tls);
}

#[test]
fn an_empty_maildrop_is_no_problem() {
    let dovecot = Dovecot::start();
    let visit = Malote::with_account(&dovecot.tls(), &[]).get();
    assert_eq!((visit.new, visit.bytes, visit.deleted_on_server), (0, 0, 0));
}

#[test]
fn what_is_deleted_once_stored_is_gone_from_the_server_and_stays_here() {
    let dovecot = Dovecot::start();
    dovecot.deliver(&messages(7));
    let malote = Malote::with_account(&dovecot.tls(), &["--keep", "none"]);
    let visit = malote.get();
    assert_eq!((visit.new, visit.deleted_on_server), (7, 7));
    assert!(dovecot.maildrop().is_empty(), "nothing is left on the server");
    assert_same(malote.stored(), messages(7), "all of it is here");
    assert_eq!(malote.get().new, 0);
    assert_same(malote.stored(), messages(7), "and stays here");
}

#[test]
fn what_stays_for_days_is_not_deleted_on_the_first_day() {
    let dovecot = Dovecot::start();
    dovecot.deliver(&messages(3));
    let malote = Malote::with_account(&dovecot.tls(), &["--keep", "days:1"]);
    assert_eq!(malote.get().deleted_on_server, 0);
    assert_eq!(malote.get().deleted_on_server, 0);
    assert_same(dovecot.maildrop(), messages(3), "all of it is still on the server");
}

#[test]
fn what_stays_for_days_is_deleted_once_they_have_passed() {
    let dovecot = Dovecot::start();
    dovecot.deliver(&messages(3));
    let malote = Malote::with_account(&dovecot.tls(), &["--keep", "days:3"]);
    malote.get();
    dovecot.deliver(&[message(4)]);
    // The days pass: in the ledger, for nobody can turn the machine's clock for one program.
    let ledger = rusqlite::Connection::open(malote.database()).unwrap();
    ledger.execute("UPDATE ledger SET stored_at = stored_at - 3 * 86400", []).unwrap();
    drop(ledger);
    let visit = malote.get();
    assert_eq!((visit.new, visit.deleted_on_server), (1, 3));
    assert_same(dovecot.maildrop(), vec![message(4)], "what came later stays for its own days");
    assert_same(malote.stored(), messages(4), "all of it is here");
}

#[test]
fn a_policy_that_is_changed_holds_for_mail_that_was_collected_before() {
    let dovecot = Dovecot::start();
    dovecot.deliver(&messages(3));
    let malote = Malote::with_account(&dovecot.tls(), &[]);
    assert_eq!(malote.get().new, 3);
    malote.ok(&["account", "edit", "Work", "--keep", "none"]);
    let visit = malote.get();
    assert_eq!((visit.new, visit.deleted_on_server), (0, 3));
    assert!(dovecot.maildrop().is_empty());
    assert_same(malote.stored(), messages(3), "all of it is here");
}

#[test]
fn messages_with_the_same_octets_lose_nothing() {
    let dovecot = Dovecot::start();
    dovecot.deliver(&[message(1), message(1), message(2)]);
    let malote = Malote::with_account(&dovecot.tls(), &["--keep", "none"]);
    malote.get();
    let stored = malote.stored();
    assert!(stored.contains(&message(1)) && stored.contains(&message(2)), "nothing is lost");
    assert!(dovecot.maildrop().is_empty());
}

#[test]
fn accounts_are_collected_at_the_same_time() {
    let pause = Duration::from_millis(300);
    let lines = stuffed(&message(1)).split(|octet| *octet == b'\n').count() as u32;
    let malote = Malote::new();
    for name in ["One", "Two", "Three"] {
        malote.add(name, &Incoming::plain(slow_server(&message(1), pause)), &[]);
    }
    let begun = Instant::now();
    let (status, visits) = malote.get_all(&[]);
    let (one, all) = (pause * lines, begun.elapsed());
    assert_eq!((status, visits.iter().map(|visit| visit.new).sum::<u64>()), (Some(0), 3));
    assert!(all < one * 2, "{all:?} for three visits of {one:?} each");
}

#[test]
fn one_account_that_fails_does_not_stop_the_others() {
    let dovecot = Dovecot::start_for(&["ana", "bob"]);
    dovecot.deliver_to("ana", &messages(3));
    dovecot.deliver_to("bob", &messages(5));
    let malote = Malote::with_account(&dovecot.tls(), &[]);
    malote.add("Club", &dovecot.stls(), &["--user", "bob"]);
    let nobody_listens = Incoming::plain(crate::support::process::free_port());
    malote.add("Nowhere", &nobody_listens, &[]);

    let (status, visits) = malote.get_all(&[]);
    let mut told: Vec<_> = visits.iter().map(|v| (v.account.as_str(), v.new, v.problems.is_empty())).collect();
    told.sort_unstable();
    assert_eq!(told, [("Club", 5, true), ("Nowhere", 0, false), ("Work", 3, true)]);
    assert_eq!(status, Some(1), "something failed");

    let (status, visits) = malote.get_all(&["Club"]);
    assert_eq!((status, visits.len(), visits[0].account.as_str()), (Some(0), 1, "Club"), "only the one that was named");
}

#[test]
fn an_account_is_tested_without_collecting_anything() {
    let dovecot = Dovecot::start();
    dovecot.deliver(&messages(2));
    let malote = Malote::with_account(&dovecot.tls(), &["--keep", "none"]);
    malote.ok(&["account", "test", "Work"]);
    assert_eq!(malote.list("inbox"), Vec::<Value>::new());
    assert_same(dovecot.maildrop(), messages(2), "nothing was touched");
    malote.change_password("wrong");
    malote.run(&["account", "test", "Work"]).failed();
}

#[test]
fn the_list_tells_of_each_message_what_its_reader_wants_to_know() {
    let dovecot = Dovecot::start();
    dovecot.deliver(&messages(3));
    let malote = Malote::with_account(&dovecot.tls(), &[]);
    malote.get();
    let rows = malote.list("inbox");
    let mut subjects: Vec<String> = rows.iter().map(|row| text(&row["subject"])).collect();
    assert_eq!(subjects, ["Message number 3", "Message number 2", "Message number 1"], "newest first");
    subjects.truncate(2);
    assert_eq!(malote.run(&["list", "inbox", "--limit", "2", "--json"]).json().len(), 2);

    let row = &rows[0];
    for field in ["key", "account", "mailbox", "uid", "date", "from", "to", "subject", "size", "flags"] {
        assert!(!row[field].is_null(), "{field} in {row}");
    }
    assert_eq!(text(&row["account"]), "Work");
    assert_eq!(text(&row["mailbox"]).to_lowercase(), "inbox");
    assert_eq!(row["size"].as_u64(), Some(message(3).len() as u64));
    assert!(text(&row["from"]).contains("sender3@example.net"), "{row}");
    assert!(text(&row["to"]).contains("ana@example.org"), "{row}");
    assert_ne!(text(&rows[0]["uid"]), text(&rows[1]["uid"]));
}

#[test]
fn the_received_octets_come_back_identical() {
    let dovecot = Dovecot::start();
    dovecot.deliver(&messages(7));
    let malote = Malote::with_account(&dovecot.tls(), &[]);
    malote.get();
    let raw: Vec<Vec<u8>> = malote.keys("inbox").iter().map(|key| malote.raw(key)).collect();
    assert_same(raw, messages(7), "show --raw");
}

#[test]
fn the_password_is_in_no_file_of_the_profile() {
    let dovecot = Dovecot::start();
    dovecot.deliver(&messages(2));
    let malote = Malote::with_account(&dovecot.tls(), &[]);
    malote.get();
    assert_eq!(malote.profile_files_with(PASSWORD.as_bytes()), Vec::<std::path::PathBuf>::new());
    assert!(!malote.profile_files_with(b"ana@example.org").is_empty(), "the search does find what is there");
}
