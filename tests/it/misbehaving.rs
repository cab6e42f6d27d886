//! Servers that hang up, lie, talk nonsense or fall silent. Whatever they do: nothing lost, nothing twice, nothing half, words
//! for the person, and the next visit to a healthy server completes by itself.

use std::time::{Duration, Instant};

use crate::support::malote::{Malote, Visit};
use crate::support::process::free_port;
use crate::support::samples::{assert_same, message, messages};
use crate::support::scripted::{Act, Pop3Server, Script};
use crate::support::{Incoming, PASSWORD};

/// Visits a server that follows this script, once for each way of keeping mail, then the same server in good health.
/// `during` looks at what the first visit brought.
fn check(name: &str, script: &Script, during: impl Fn(&Visit, &Malote, &Pop3Server)) {
    for keep in ["forever", "none"] {
        let server = Pop3Server::start(script.clone(), &messages(4));
        let malote = Malote::with_account(&server.incoming(), &["--keep", keep, "--timeout-secs", "3"]);
        let visit = malote.try_get();
        let (here, there) = (malote.stored(), server.maildrop());
        during(&visit, &malote, &server);
        for number in 1..=4 {
            let raw = message(number);
            assert!(here.contains(&raw) || there.contains(&raw), "{name}, keep {keep}: number {number} is lost");
        }
        assert!(here.iter().all(|raw| messages(4).contains(raw)), "{name}, keep {keep}: half a message is stored");
        server.follow(Script::default());
        malote.get();
        assert_same(malote.stored(), messages(4), &format!("{name}, keep {keep}: after a healthy visit"));
    }
}

/// The visit fails, and its words are not empty.
fn fails(visit: &Visit, _: &Malote, _: &Pop3Server) {
    assert!(visit.problems.iter().any(|words| words.len() > 20), "{visit:?}");
}

fn say(text: &str) -> Act {
    Act::Say(text.into())
}

#[test]
fn a_wrong_password_is_tried_once_and_not_hammered() {
    for capabilities in [vec!["USER", "UIDL"], vec!["USER", "UIDL", "SASL PLAIN"], vec!["UIDL", "SASL PLAIN LOGIN"]] {
        let server =
            Pop3Server::start(Script { capabilities: capabilities.clone(), ..Script::default() }, &messages(2));
        let malote = Malote::with_account(&server.incoming(), &[]);
        malote.change_password("not-the-password");
        let words = malote.try_get().problems.concat();
        assert!(words.contains("password"), "{words}");
        assert!(!words.contains("not-the-password"), "{words}");
        let tries = server.count("PASS") + server.count("AUTH");
        assert_eq!(tries, 1, "{capabilities:?}: {:?}", server.sessions());
    }
}

#[test]
fn the_right_password_is_accepted_however_the_server_wants_it() {
    for capabilities in [vec![], vec!["USER"], vec!["SASL PLAIN"], vec!["USER", "SASL PLAIN"]] {
        let server =
            Pop3Server::start(Script { capabilities: capabilities.clone(), ..Script::default() }, &messages(2));
        let malote = Malote::with_account(&server.incoming(), &[]);
        malote.get();
        assert_same(malote.stored(), messages(2), &format!("{capabilities:?}"));
    }
}

#[test]
fn an_unknown_host_is_named() {
    let incoming = Incoming { host: "pop.nowhere.invalid".into(), ..Incoming::plain(110) };
    let words = Malote::with_account(&incoming, &[]).try_get().problems.concat();
    assert!(words.contains("pop.nowhere.invalid"), "{words}");
}

#[test]
fn a_refused_connection_is_named_with_host_and_port() {
    let port = free_port();
    let words = Malote::with_account(&Incoming::plain(port), &[]).try_get().problems.concat();
    assert!(words.contains("127.0.0.1") && words.contains(&port.to_string()), "{words}");
    assert!(words.contains("refused") || words.contains("does not accept"), "{words}");
}

#[test]
fn a_greeting_that_is_not_pop3_gets_no_password() {
    for greeting in
        ["220 mail.example ESMTP\r\n", "* OK IMAP4rev1\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", "\r\n", "\0\u{1}\r\n"]
    {
        check(greeting, &Script::but("greeting", say(greeting)), |visit, malote, server| {
            fails(visit, malote, server);
            assert!(!server.heard_password(), "{:?}", server.sessions());
        });
    }
}

#[test]
fn a_greeting_that_refuses_is_quoted() {
    let script = Script::but("greeting", Act::SayAndHangUp(b"-ERR come back after lunch\r\n".to_vec()));
    check("refusing greeting", &script, |visit, _, server| {
        assert!(visit.problems.concat().contains("come back after lunch"), "{visit:?}");
        assert!(!server.heard_password());
    });
}

#[test]
fn endless_talk_is_cut_short() {
    // A line without an end, and lines without an end.
    let (line, lines) = (vec![b'x'; 65536], b"+OK 1 uid-1\r\n".repeat(2000));
    for (on, octets) in [
        ("greeting", &line),
        ("CAPA", &line),
        ("CAPA", &lines),
        ("PASS", &line),
        ("UIDL", &line),
        ("UIDL", &lines),
        ("LIST", &lines),
        ("RETR", &line),
        ("QUIT", &line),
    ] {
        let begun = Instant::now();
        let server = Pop3Server::start(Script::but(on, Act::Endless(octets.clone())), &messages(2));
        let malote = Malote::with_account(&server.incoming(), &["--timeout-secs", "3"]);
        malote.try_get();
        assert!(begun.elapsed() < Duration::from_secs(60), "{on}: {:?}", begun.elapsed());
        server.follow(Script::default());
        malote.get();
        assert_same(malote.stored(), messages(2), on);
    }
}

#[test]
fn a_hang_up_at_any_stage_is_an_error_and_the_next_visit_goes_on() {
    for stage in ["connect", "greeting", "CAPA", "USER", "PASS", "UIDL", "LIST", "RETR", "RETR 3"] {
        check(stage, &Script::but(stage, Act::HangUp), |visit, malote, server| {
            if stage != "CAPA" || !visit.problems.is_empty() {
                fails(visit, malote, server);
            }
        });
    }
}

#[test]
fn a_hang_up_at_the_very_end_loses_nothing() {
    for stage in ["DELE", "DELE 2", "QUIT", "STAT"] {
        check(stage, &Script::but(stage, Act::HangUp), |_, _, _| {});
    }
}

#[test]
fn silence_ends_the_visit_within_the_time_out() {
    for stage in ["greeting", "PASS", "UIDL", "RETR 2", "QUIT"] {
        let begun = Instant::now();
        check(stage, &Script::but(stage, Act::Silence), |visit, malote, server| {
            if stage != "QUIT" {
                fails(visit, malote, server);
            }
        });
        assert!(begun.elapsed() < Duration::from_secs(30), "{stage}: {:?}", begun.elapsed());
    }
}

#[test]
fn sizes_that_lie_are_only_hints() {
    for size in ["0", "10", "99999", "9223372036854775808", "100000000000000000000", "-1", "x", ""] {
        let list: String = (1..=4).map(|n| format!("{n} {size}\r\n")).collect();
        let script = Script::but("LIST", say(&format!("+OK\r\n{list}.\r\n")));
        check(&format!("size {size}"), &script, |_, _, _| {});
        let script = Script::but("STAT", say(&format!("+OK {size} {size}\r\n")));
        check(&format!("STAT {size}"), &script, |_, _, _| {});
    }
}

#[test]
fn a_listing_without_its_final_dot_deletes_nothing() {
    for command in ["UIDL", "LIST"] {
        let script = Script::but(command, Act::SayAndHangUp(b"+OK\r\n1 uid-1\r\n2 uid-2\r\n".to_vec()));
        check(command, &script, |visit, malote, server| {
            fails(visit, malote, server);
            assert_same(server.maildrop(), messages(4), "nothing is deleted");
        });
    }
}

#[test]
fn a_message_without_its_final_dot_is_stored_nowhere() {
    let mut half = b"+OK\r\n".to_vec();
    half.extend(message(3));
    check("no final dot", &Script::but("RETR 3", Act::SayAndHangUp(half)), |visit, malote, server| {
        fails(visit, malote, server);
        assert!(!malote.stored().contains(&message(3)));
    });
}

#[test]
fn a_message_that_is_refused_does_not_keep_the_others_away() {
    check("RETR 2 refused", &Script::but("RETR 2", say("-ERR that one is broken\r\n")), |visit, malote, server| {
        assert_same(malote.stored(), vec![message(1), message(3), message(4)], "the others");
        assert_eq!(visit.new, 3);
        fails(visit, malote, server);
        assert!(server.maildrop().contains(&message(2)), "it is not deleted");
    });
}

#[test]
fn a_deletion_that_is_refused_is_tried_again_next_time() {
    let server = Pop3Server::start(Script::but("DELE 2", say("-ERR not that one\r\n")), &messages(3));
    let malote = Malote::with_account(&server.incoming(), &["--keep", "none"]);
    malote.try_get();
    assert_same(server.maildrop(), vec![message(2)], "the one that was refused");
    server.follow(Script::default());
    assert_eq!(malote.get().new, 0, "it does not come a second time");
    assert!(server.maildrop().is_empty());
    assert_same(malote.stored(), messages(3), "each once");
}

#[test]
fn a_quit_that_is_refused_is_at_most_a_warning() {
    check(
        "QUIT refused",
        &Script::but("QUIT", say("-ERR some deleted messages not removed\r\n")),
        |visit, malote, _| {
            assert_eq!(visit.new, 4);
            assert_same(malote.stored(), messages(4), "all of it came");
        },
    );
}

#[test]
fn unique_ids_that_are_not_unique_lose_nothing() {
    for keep in ["forever", "none"] {
        let server = Pop3Server::start(Script::default(), &messages(4));
        server.rename(&[b"same", b"same", b"other", b"same"]);
        let malote = Malote::with_account(&server.incoming(), &["--keep", keep]);
        malote.try_get();
        malote.try_get();
        assert_same(malote.stored(), messages(4), keep);
    }
}

#[test]
fn unique_ids_are_octets_and_may_be_anything() {
    let long = vec![b'u'; 500];
    let uids: [&[u8]; 4] = [b"\xff\xfe\x80", b"../../etc/passwd", b"'); DROP TABLE message; --", &long];
    let server = Pop3Server::start(Script::default(), &messages(4));
    server.rename(&uids);
    let malote = Malote::with_account(&server.incoming(), &[]);
    malote.get();
    assert_eq!(malote.get().new, 0);
    assert_same(malote.stored(), messages(4), "each once");
}

#[test]
fn messages_whose_unique_ids_changed_are_not_stored_twice() {
    let server = Pop3Server::start(Script::default(), &messages(4));
    let malote = Malote::with_account(&server.incoming(), &[]);
    malote.get();
    server.rename(&[b"new-1", b"new-2", b"new-3", b"new-4"]);
    malote.get();
    assert_same(malote.stored(), messages(4), "each once");
}

#[test]
fn a_unique_id_that_is_used_again_does_not_hide_a_new_message() {
    let server = Pop3Server::start(Script::default(), &[message(1)]);
    let malote = Malote::with_account(&server.incoming(), &["--keep", "none"]);
    malote.get();
    server.fill(&[message(3)]);
    malote.get();
    assert_same(malote.stored(), vec![message(1), message(3)], "both");
}

#[test]
fn a_server_without_unique_ids_gives_its_mail_all_the_same() {
    for keep in ["forever", "none"] {
        let mut script = Script::but("UIDL", say("-ERR what?\r\n"));
        script.capabilities.retain(|word| *word != "UIDL");
        let server = Pop3Server::start(script, &messages(3));
        let malote = Malote::with_account(&server.incoming(), &["--keep", keep]);
        malote.try_get();
        malote.try_get();
        assert_same(malote.stored(), messages(3), keep);
    }
}

#[test]
fn unasked_words_end_the_visit_and_do_not_become_mail() {
    let forged = b"+OK welcome\r\n+OK forged\r\nSubject: forged\r\n\r\nforged\r\n.\r\n".to_vec();
    check("unasked words", &Script::but("PASS", Act::Say(forged)), |visit, malote, server| {
        fails(visit, malote, server);
        assert_same(malote.stored(), vec![], "nothing came");
    });
}

#[test]
fn what_a_server_says_reaches_the_screen_without_its_control_characters() {
    let script = Script::but("PASS", say("-ERR \u{1b}[2J\u{1b}]0;owned\u{7} go away\r\n"));
    let server = Pop3Server::start(script, &[]);
    let malote = Malote::with_account(&server.incoming(), &[]);
    for arguments in [&["get"][..], &["get", "--json"], &["account", "test", "Work"]] {
        let said = malote.run(arguments).failed().said();
        assert!(said.contains("go away"), "{said}");
        assert!(!said.chars().any(|c| c.is_control() && c != '\n'), "{said:?}");
    }
}

#[test]
fn a_server_that_repeats_the_password_does_not_get_it_onto_the_screen() {
    let script = Script::but("PASS", say(&format!("-ERR wrong password {PASSWORD}\r\n")));
    let server = Pop3Server::start(script, &[]);
    // The wrapper looks for the password in all that any run says.
    assert!(!Malote::with_account(&server.incoming(), &[]).try_get().problems.is_empty());
}

#[test]
fn progress_renews_the_time_out() {
    // A message that comes a line at a time, for longer than the time-out.
    let server = crate::support::scripted::slow_server(&message(1), Duration::from_millis(400));
    let malote = Malote::with_account(&Incoming::plain(server), &["--timeout-secs", "2"]);
    malote.get();
    assert_same(malote.stored(), vec![message(1)], "slow, but whole");
}
