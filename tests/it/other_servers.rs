//! The main job on a second real server, GNU mailutils, in both of its formats; and what Dovecot can be told to do that its
//! users seldom see.

use std::thread;
use std::time::Duration;

use crate::support::dovecot::Dovecot;
use crate::support::mailutils::{Format, Mailutils, without_servers_fields};
use crate::support::malote::{Malote, text};
use crate::support::pop3_client::Pop3Client;
use crate::support::samples::{assert_same, message, messages};
use crate::support::{PASSWORD, USER};

/// The first kill comes after this; the second after four times as long, the third after nine times, and so on.
const PAUSE: Duration = Duration::from_millis(5);

const FORMATS: [Format; 2] = [Format::Mbox, Format::Maildir];

/// A server with these messages, and an account on it.
fn mailutils(format: Format, messages: &[Vec<u8>], more: &[&str]) -> (Mailutils, Malote) {
    let mut server = Mailutils::start(format);
    server.deliver(messages);
    let malote = account(&server, more);
    (server, malote)
}

fn account(server: &Mailutils, more: &[&str]) -> Malote {
    Malote::with_account(&server.plain(), &[&["--user", server.user().as_str()], more].concat())
}

/// Without what the server has added to them.
fn own(messages: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    messages.iter().map(|raw| without_servers_fields(raw)).collect()
}

#[test]
fn mail_is_collected_byte_for_byte_and_comes_only_once() {
    for format in FORMATS {
        let (mut server, malote) = mailutils(format, &messages(7), &[]);
        assert_eq!(malote.get().new, 7, "{format:?}");
        assert_same(own(malote.stored()), messages(7), &format!("{format:?}: byte for byte"));
        assert_eq!(malote.get().new, 0, "{format:?}: there is nothing new");

        server.deliver(&[message(8), message(9)]);
        assert_eq!(malote.get().new, 2, "{format:?}: only what is new");
        for visit in 3..6 {
            assert_eq!(malote.get().new, 0, "{format:?}: visit {visit}");
        }
        assert_same(own(malote.stored()), messages(9), &format!("{format:?}: old and new"));
        assert_same(own(server.maildrop()), messages(9), &format!("{format:?}: all of it is kept on the server"));
    }
}

#[test]
fn what_is_deleted_once_stored_is_gone_from_the_server_and_stays_here() {
    for format in FORMATS {
        let (mut server, malote) = mailutils(format, &messages(7), &["--keep", "none"]);
        let visit = malote.get();
        assert_eq!((visit.new, visit.deleted_on_server), (7, 7), "{format:?}");
        assert_same(server.maildrop(), vec![], "nothing is left on the server");
        assert_eq!(malote.get().new, 0, "{format:?}");
        assert_same(own(malote.stored()), messages(7), &format!("{format:?}: all of it is here"));
    }
}

#[test]
fn mail_is_collected_over_stls_and_tls() {
    let mut server = Mailutils::start(Format::Maildir);
    server.deliver(&messages(7));
    for incoming in [server.stls(), server.tls()] {
        let malote = Malote::with_account(&incoming, &["--user", &server.user()]);
        assert_eq!(malote.get().new, 7, "{incoming:?}");
        assert_same(own(malote.stored()), messages(7), incoming.security);
    }
}

#[test]
fn a_wrong_password_is_told_as_such_and_tried_once() {
    let (mut server, malote) = mailutils(Format::Mbox, &messages(2), &[]);
    malote.change_password("not-the-password");
    let words = malote.try_get().problems.concat();
    assert!(words.contains("Check user name and password"), "{words}");
    assert_eq!(server.log().matches("authentication failed").count(), 1, "{}", server.log());
    malote.change_password(PASSWORD);
    assert_eq!(malote.get().new, 2, "once it is right");
    assert_same(own(server.maildrop()), messages(2), "nothing was touched");
}

#[test]
fn of_large_messages_the_first_lines_are_fetched_and_the_rest_on_request() {
    for format in FORMATS {
        let long = [message(1), b"A line of a long message.\r\n".repeat(8000)].concat();
        let (_server, malote) = mailutils(format, &[long.clone(), message(2)], &["--first-lines-above", "100K"]);
        let visit = malote.get();
        assert_eq!(visit.new, 2, "{format:?}");
        assert!(visit.bytes < 20_000, "{format:?}: {}", visit.bytes);
        assert_eq!(malote.get().new, 0, "{format:?}: what is here in part is no news");
        let rows = malote.list("inbox");
        let in_part = rows.iter().find(|row| text(&row["part"]) == "first-lines").expect("first lines");
        malote.ok(&["server", "Work", "--get", &text(&in_part["uid"]), "--run"]);
        assert_same(own(malote.stored()), vec![long, message(2)], &format!("{format:?}: completed"));
        assert_eq!(malote.list("inbox").len(), 2, "{format:?}: in its place, not beside it");
    }
}

#[test]
fn a_visit_that_is_killed_is_completed_by_the_next() {
    const COUNT: usize = 40;
    let padding = b"What makes a message long is of no concern to those who read it.\r\n".repeat(500);
    let sent: Vec<Vec<u8>> = messages(COUNT).into_iter().map(|raw| [raw, padding.clone()].concat()).collect();
    for (format, keep) in FORMATS.into_iter().flat_map(|format| [(format, "forever"), (format, "none")]) {
        // From the first word on, later and later, until a visit ends by itself.
        for moment in 0.. {
            let context = format!("{format:?}, keep {keep}, kill {moment}");
            let (mut server, malote) = mailutils(format, &sent, &["--keep", keep]);
            let mut run = malote.start(&["get", "--json"]);
            thread::sleep(PAUSE * moment * moment);
            let ended = run.has_ended();
            run.kill();
            server.wait_until_idle();
            malote.get();
            assert_same(own(malote.stored()), sent.clone(), &context);
            let left = if keep == "none" { Vec::new() } else { sent.clone() };
            assert_same(own(server.maildrop()), left, &format!("{context}: what is on the server"));
            assert_eq!(malote.get().new, 0, "{context}");
            if ended {
                assert!(moment > 4, "{context}: too few kills to prove anything");
                break;
            }
        }
    }
}

/// Lets Dovecot call all its messages the same; `rename` makes it number them.
fn namesakes(duplicates: &str) -> Dovecot {
    Dovecot::start_with(&[USER], &format!("pop3_uidl_format = %v\npop3_uidl_duplicates = {duplicates}"))
}

#[test]
fn unique_ids_of_a_real_server_that_are_not_unique_lose_and_double_nothing() {
    for (duplicates, keep) in [("allow", "forever"), ("allow", "none"), ("rename", "forever"), ("rename", "none")] {
        let context = format!("{duplicates}, keep {keep}");
        let dovecot = namesakes(duplicates);
        dovecot.deliver(&messages(7));
        let malote = Malote::with_account(&dovecot.tls(), &["--keep", keep]);
        malote.get();
        malote.get();
        assert_same(malote.stored(), messages(7), &context);
        dovecot.deliver(&[message(8), message(9)]);
        malote.get();
        malote.get();
        assert_same(malote.stored(), messages(9), &context);
        let left = if keep == "none" { Vec::new() } else { messages(9) };
        assert_same(dovecot.maildrop(), left, &context);
    }
}

#[test]
fn a_unique_id_that_is_used_again_for_a_message_of_the_same_size_does_not_hide_it() {
    assert_eq!(message(10).len(), message(17).len(), "nothing but its octets tells the second from the first");
    for duplicates in ["allow", "rename"] {
        let dovecot = namesakes(duplicates);
        let malote = Malote::with_account(&dovecot.tls(), &["--keep", "none"]);
        for number in [10, 17] {
            dovecot.deliver(&[message(number)]);
            let visit = malote.get();
            assert_eq!((visit.new, visit.deleted_on_server), (1, 1), "{duplicates}: number {number}");
        }
        assert_same(malote.stored(), vec![message(10), message(17)], duplicates);
    }
}

#[test]
fn a_maildrop_that_another_session_holds_is_waited_for_and_left_alone() {
    let dovecot = Dovecot::start_with(&[USER], "pop3_lock_session = yes\nmail_max_lock_timeout = 1 secs");
    dovecot.deliver(&messages(3));
    let malote = Malote::with_account(&dovecot.plain(), &["--keep", "none"]);
    let other = Pop3Client::sign_in(dovecot.plain().port, USER);
    let words = malote.try_get().problems.concat();
    assert!(words.contains("in use by another session"), "{words}");
    assert!(!words.contains("Check user name and password"), "{words}");
    assert_same(dovecot.maildrop(), messages(3), "nothing was touched");
    drop(other);
    assert_eq!(malote.get().new, 3, "once it is free");
}
