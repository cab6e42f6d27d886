//! Servers that differ from the standard and mean no harm, as they are met in the field: their mail comes all the same.

use crate::support::malote::Malote;
use crate::support::samples::{assert_same, message, messages};
use crate::support::scripted::{Act, Ahead, Pop3Server, Script, stuffed};

fn say(text: impl Into<Vec<u8>>) -> Act {
    Act::Say(text.into())
}

/// Everything comes, byte for byte, once, and where nothing is to stay nothing stays.
fn check(name: &str, script: &Script) {
    for keep in ["forever", "none"] {
        let server = Pop3Server::start(script.clone(), &messages(4));
        let malote = Malote::with_account(&server.incoming(), &["--keep", keep, "--timeout-secs", "5"]);
        let visit = malote.get();
        assert_eq!(visit.new, 4, "{name}, keep {keep}: {visit:?}");
        assert_same(malote.stored(), messages(4), &format!("{name}, keep {keep}"));
        let left = if keep == "none" { vec![] } else { messages(4) };
        assert_same(server.maildrop(), left, &format!("{name}, keep {keep}: on the server"));
        if keep == "none" {
            // What a script says of the maildrop is not true any more.
            server.follow(Script::default());
        }
        assert_eq!(malote.get().new, 0, "{name}, keep {keep}: nothing twice");
        assert_same(malote.stored(), messages(4), &format!("{name}, keep {keep}: a second visit"));
    }
}

#[test]
fn capabilities_are_a_hint() {
    for (name, capa) in [
        ("lower case", "+OK\r\nuser\r\nuidl\r\npipelining\r\n.\r\n"),
        ("nothing announced", "+OK\r\n.\r\n"),
        ("unique-ids not announced", "+OK\r\nUSER\r\nTOP\r\n.\r\n"),
        ("not known", "-ERR unknown command\r\n"),
        ("refused oddly", "+ERR unknown command\r\n"),
        ("blanks and strangers", "+OK  capabilities \r\n USER \r\nUIDL  \r\nX-TALKATIVE very much\r\n\r\n.\r\n"),
        ("bare line feeds", "+OK\nUSER\nUIDL\n.\n"),
    ] {
        check(name, &Script::but("CAPA", say(capa)));
    }
}

#[test]
fn listings_are_read_however_they_are_set() {
    for (name, command, listing) in [
        ("blanks", "UIDL", "+OK\r\n1   uid-1\r\n2\tuid-2\r\n 3 uid-3 \r\n4 uid-4\r\n.\r\n"),
        ("zeros", "UIDL", "+OK\r\n001 uid-1\r\n002 uid-2\r\n003 uid-3\r\n004 uid-4\r\n.\r\n"),
        ("backwards", "UIDL", "+OK\r\n4 uid-4\r\n3 uid-3\r\n2 uid-2\r\n1 uid-1\r\n.\r\n"),
        ("words between", "UIDL", "+OK 4 messages\r\n1 uid-1\r\n2 uid-2\r\nby the way\r\n3 uid-3\r\n4 uid-4\r\n.\r\n"),
        ("line feeds", "UIDL", "+OK\n1 uid-1\n2 uid-2\n3 uid-3\n4 uid-4\n.\n"),
        ("no sizes", "LIST", "+OK\r\n1\r\n2\r\n3\r\n4\r\n.\r\n"),
        ("sizes with words", "LIST", "+OK\r\n1 10 octets\r\n2 20 octets\r\n3 30 octets\r\n4 40 octets\r\n.\r\n"),
        ("no listing at all", "LIST", "-ERR not today\r\n"),
        ("a count that is wrong", "STAT", "+OK 99 1\r\n"),
        ("no count", "STAT", "-ERR what?\r\n"),
        ("a count of nothing", "STAT", "+OK 0 0\r\n"),
    ] {
        check(name, &Script::but(command, say(listing)));
    }
}

#[test]
fn a_server_that_announces_pipelining_and_cannot_do_it_is_found_out() {
    for ahead in [Ahead::Dropped, Ahead::HangsUp] {
        let server = Pop3Server::start(Script { ahead: Some(ahead), ..Script::default() }, &messages(4));
        let malote = Malote::with_account(&server.incoming(), &["--keep", "none", "--timeout-secs", "2"]);
        // Each visit comes to its end by one command at a time; the second shows that it was no chance.
        for (visit, sessions) in [2, 4, 5, 6].into_iter().enumerate() {
            assert_eq!(malote.get().new, if visit == 0 { 4 } else { 0 }, "{ahead:?}, visit {visit}");
            assert_same(malote.stored(), messages(4), &format!("{ahead:?}, visit {visit}"));
            assert_eq!(server.sessions().len(), sessions, "{ahead:?}, visit {visit}: {:?}", server.sessions());
        }
        assert!(server.maildrop().is_empty());
    }
}

#[test]
fn one_line_that_broke_makes_no_server_slow() {
    let server = Pop3Server::start(Script { ahead: Some(Ahead::HangsUp), ..Script::default() }, &messages(2));
    let malote = Malote::with_account(&server.incoming(), &[]);
    malote.get();
    server.follow(Script::default());
    malote.get();
    server.follow(Script { ahead: Some(Ahead::HangsUp), ..Script::default() });
    malote.get();
    // It worked in between: that counts from the beginning again, and so it is tried once more.
    assert_eq!(server.sessions().len(), 2 + 1 + 2, "{:?}", server.sessions());
}

#[test]
fn a_message_whose_final_dot_is_missing_does_not_swallow_the_next_one() {
    let mut dotless = b"+OK\r\n".to_vec();
    dotless.extend(message(2));
    for keep in ["forever", "none"] {
        let server = Pop3Server::start(Script::but("RETR 2", say(dotless.clone())), &messages(4));
        let malote = Malote::with_account(&server.incoming(), &["--keep", keep, "--timeout-secs", "2"]);
        let visit = malote.try_get();
        assert!(!visit.problems.is_empty(), "keep {keep}");
        for raw in malote.stored() {
            assert!(messages(4).contains(&raw), "keep {keep}: {}", String::from_utf8_lossy(&raw));
        }
        let (stored, left) = (malote.stored(), server.maildrop());
        for raw in messages(4) {
            assert!(stored.contains(&raw) || left.contains(&raw), "keep {keep}: {}", String::from_utf8_lossy(&raw));
        }
        // It rests for a while after two failures, unless somebody wants it.
        server.follow(Script::default());
        malote.ok(&["server", "Work", "--get", "uid-2"]);
        malote.get();
        assert_same(malote.stored(), messages(4), &format!("keep {keep}"));
    }
}

#[test]
fn a_status_line_said_twice_is_no_mail() {
    let mut twice = b"+OK 100 octets\r\n+OK 100 octets\r\n".to_vec();
    twice.extend(stuffed(&message(2)));
    check("two status lines", &Script::but("RETR 2", say(twice)));
}

#[test]
fn replies_are_read_however_they_are_spelt() {
    for (name, on, reply) in [
        ("a long greeting", "greeting", format!("+OK {}\r\n", "welcome ".repeat(200))),
        ("a greeting with brackets", "greeting", "+OK [aGVsbG8=] ready <1896.697170952@dbc.mtview.ca.us>\r\n".into()),
        ("lower case", "PASS", "+ok come in\r\n".into()),
        ("no words", "PASS", "+OK\r\n".into()),
        ("blanks at the end", "PASS", "+OK   \r\n".into()),
    ] {
        check(name, &Script::but(on, say(reply)));
    }
}

#[test]
fn a_listing_that_shows_less_than_there_is_makes_nothing_forgotten() {
    let server = Pop3Server::start(Script::default(), &messages(4));
    let malote = Malote::with_account(&server.incoming(), &[]);
    assert_eq!(malote.get().new, 4);
    for (command, reply) in
        [("UIDL", "+OK\r\n.\r\n"), ("UIDL", "+OK\r\n3 uid-3\r\n.\r\n"), ("UIDL", "-ERR [SYS/TEMP] not now\r\n")]
    {
        server.follow(Script::but(command, say(reply)).and("LIST", usize::MAX, say("+OK\r\n.\r\n")));
        malote.try_get();
        server.follow(Script::default());
        assert_eq!(malote.get().new, 0, "{reply:?}");
        assert_same(malote.stored(), messages(4), reply);
    }
}

#[test]
fn a_message_that_another_session_took_away_keeps_nothing_else_away() {
    let server = Pop3Server::start(Script::but("RETR 2", say("-ERR Message 2 expunged\r\n")), &messages(4));
    let malote = Malote::with_account(&server.incoming(), &[]);
    let visit = malote.try_get();
    assert_eq!(visit.new, 3);
    assert!(visit.problems[0].contains("expunged"), "{:?}", visit.problems);
    assert_same(malote.stored(), vec![message(1), message(3), message(4)], "the others");
}

#[test]
fn octets_that_no_standard_allows_are_kept_as_they_came() {
    let long = "x".repeat(100_000);
    for (name, raw) in [
        ("no blank line", b"Subject: no body\r\n".to_vec()),
        ("no header", b"\r\nno header\r\n".to_vec()),
        ("nothing", Vec::new()),
        ("NUL", b"Subject: a\0b\r\n\r\n\0\0\r\n".to_vec()),
        ("eight bits in the header", b"Subject: Gr\xfc\xdfe\r\n\r\nGr\xfc\xdfe\r\n".to_vec()),
        ("bare line feeds among others", b"Subject: s\r\n\r\na\nb\n\nc\r\n".to_vec()),
        ("bare carriage returns", b"Subject: s\r\n\r\na\rb\r\r\n".to_vec()),
        ("a line without end", format!("Subject: s\r\n\r\n{long}\r\n").into_bytes()),
    ] {
        let server = Pop3Server::start(Script::default(), &[raw.clone(), message(2)]);
        let malote = Malote::with_account(&server.incoming(), &["--keep", "none"]);
        assert_eq!(malote.get().new, 2, "{name}");
        assert_same(malote.stored(), vec![raw, message(2)], name);
        assert!(server.maildrop().is_empty(), "{name}");
    }
}

#[test]
fn a_server_that_is_busy_or_tired_is_not_a_wrong_password() {
    for (code, words) in [
        ("IN-USE", "in use by another session"),
        ("LOGIN-DELAY", "wants a pause between visits"),
        ("SYS/TEMP", "passing fault"),
        ("SYS/PERM", "lasting fault"),
    ] {
        let server = Pop3Server::start(Script::but("PASS", say(format!("-ERR [{code}] no\r\n"))), &messages(1));
        let malote = Malote::with_account(&server.incoming(), &[]);
        let said = malote.try_get().problems.concat();
        assert!(said.contains(words), "{code}: {said}");
        assert!(!said.contains("Check user name and password"), "{code}: {said}");
        assert_eq!(server.count("PASS"), 1, "{code}: asked once");
    }
}

/// As some servers hand out mail from the second session on.
fn marked(messages: &[Vec<u8>]) -> Vec<Vec<u8>> {
    messages.iter().map(|raw| [&b"X-UIDL: 1f-2\r\nStatus: RO\r\n"[..], raw].concat()).collect()
}

#[test]
fn a_server_that_writes_into_its_mail_gives_none_of_it_twice_and_hides_nothing_new() {
    let server = Pop3Server::start(Script::default(), &messages(6));
    let malote = Malote::with_account(&server.incoming(), &[]);
    assert_eq!(malote.get().new, 6);
    server.fill(&marked(&messages(6)));
    assert_eq!(malote.get().new, 0);
    assert_eq!((server.count("RETR"), server.count("TOP")), (6, 6), "the headers tell");
    assert_eq!(malote.get().new, 0);
    assert_eq!((server.count("RETR"), server.count("TOP")), (6, 6), "and from now on they are known");
    // The first two unique-ids are used again.
    let others = [marked(&[message(10)]), vec![message(11)], marked(&messages(6))[2..].to_vec()].concat();
    server.fill(&others);
    assert_eq!(malote.get().new, 2, "what is new comes");
    assert_same(malote.stored(), [messages(6), others[..2].to_vec()].concat(), "each once");
}

#[test]
fn what_a_server_did_not_delete_though_it_said_so_is_deleted_again_and_not_fetched() {
    for again in [messages(4), marked(&messages(4))] {
        let server = Pop3Server::start(Script::default(), &messages(4));
        let malote = Malote::with_account(&server.incoming(), &["--keep", "none"]);
        assert_eq!(malote.get().deleted_on_server, 4);
        server.fill(&again);
        let visit = malote.get();
        assert_eq!((visit.new, visit.deleted_on_server), (0, 4));
        assert_eq!((server.count("RETR"), server.count("TOP")), (4, 4), "the headers tell");
        assert!(server.maildrop().is_empty());
        assert_same(malote.stored(), messages(4), "each once");
    }
}
