//! Conversations, as `C:` and `S:` lines, with what must come of them; each also one octet at a time and cut at every octet.

use zeroize::Zeroizing;

use super::*;

/// What a conversation came to.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    said: String,
    events: Vec<String>,
    error: Option<Error>,
    done: bool,
}

/// Plays the server: sends its lines one after another, each in pieces, `cut` octets at most, then hangs up. No line is sent
/// before the client waits for it, as no server answers what it was not asked.
fn play(session: &mut Session, server: &[u8], piece: usize, cut: usize) -> Outcome {
    let wire = server.get(..cut.min(server.len())).unwrap();
    play_pieces(session, wire.split_inclusive(|&octet| octet == b'\n').flat_map(|line| line.chunks(piece)))
}

fn play_pieces<'a>(session: &mut Session, mut pieces: impl Iterator<Item = &'a [u8]>) -> Outcome {
    let mut outcome = Outcome::default();
    loop {
        match session.step() {
            Ok(Step::Read) => session.receive(pieces.next().unwrap_or_default()),
            Ok(Step::Write(bytes)) => outcome.said.push_str(&String::from_utf8(bytes).unwrap()),
            Ok(Step::StartTls) => session.tls_started(),
            Ok(Step::Reopen) => outcome.said.push_str("(again)"),
            Ok(Step::Event(event)) => react(session, event, &mut outcome),
            Ok(Step::Done) => {
                outcome.done = true;
                return outcome;
            }
            Err(error) => {
                outcome.error = Some(error);
                return outcome;
            }
        }
    }
}

/// A client that takes everything, deletes what it has whole, and leaves.
fn react(session: &mut Session, event: Event, outcome: &mut Outcome) {
    match &event {
        Event::SignedIn(_) => session.list(),
        Event::Listed(listing) => {
            for message in listing.iter() {
                session.retrieve(message.number);
            }
            session.quit();
        }
        Event::MessageEnd(number) => session.delete(*number),
        _ => {}
    }
    match (event, outcome.events.last_mut()) {
        (Event::Chunk(bytes), Some(last)) if last.starts_with("Body ") => {
            last.push_str(&String::from_utf8_lossy(&bytes))
        }
        (Event::Chunk(bytes), _) => outcome.events.push(format!("Body {}", String::from_utf8_lossy(&bytes))),
        (Event::SignedIn(_), _) => outcome.events.push("SignedIn".into()),
        (event, _) => outcome.events.push(format!("{event:?}")),
    }
}

fn session(stls: bool) -> Session {
    Session::new(Credentials { user: "ana".into(), password: Zeroizing::new("pässword".into()) }, stls)
}

/// One octet at a time must come to the same as all at once.
fn check(stls: bool, server: &str) -> Outcome {
    let whole = play(&mut session(stls), server.as_bytes(), usize::MAX, usize::MAX);
    for piece in [1, 7] {
        assert_eq!(play(&mut session(stls), server.as_bytes(), piece, usize::MAX), whole, "pieces of {piece}");
    }
    whole
}

const LOGIN: &str = "+OK hello\r\n+OK\r\nUIDL\r\nUSER\r\n.\r\n+OK\r\n+OK in\r\n+OK\r\nUIDL\r\n.\r\n";
const SAID_LOGIN: &str = "CAPA\r\nUSER ana\r\nPASS pässword\r\nCAPA\r\n";

#[test]
fn a_visit_from_greeting_to_farewell() {
    let server = format!(
        "{LOGIN}+OK\r\n1 aaa\r\n2 bbb\r\n.\r\n+OK\r\n1 10\r\n2 11\r\n.\r\n+OK\r\nfirst\r\n.\r\n+OK\r\n..second\r\n.\r\n+OK\r\n-ERR no\r\n+OK bye\r\n"
    );
    let outcome = check(false, &server);
    assert_eq!(outcome.said, format!("{SAID_LOGIN}UIDL\r\nLIST\r\nRETR 1\r\nRETR 2\r\nDELE 1\r\nDELE 2\r\nQUIT\r\n"));
    assert_eq!(
        outcome.events,
        [
            "Greeted(\"hello\")",
            "SignedIn",
            "Listed([ScanLine { number: MessageNumber(1), size_bytes: 10, uid: Some(Uid([97, 97, 97])) }, ScanLine { number: MessageNumber(2), size_bytes: 11, uid: Some(Uid([98, 98, 98])) }])",
            "Message(MessageNumber(1))",
            "Body first\r\n",
            "MessageEnd(MessageNumber(1))",
            "Message(MessageNumber(2))",
            "Body .second\r\n",
            "MessageEnd(MessageNumber(2))",
            "Deleted(MessageNumber(1))",
            "DeleteRefused(MessageNumber(2), Reply { ok: false, code: None, text: \"no\" })",
            "Quit { confirmed: true }",
        ]
    );
    assert!(outcome.done && outcome.error.is_none());
}

#[test]
fn a_line_cut_at_any_octet_never_ends_a_message_that_was_not_whole() {
    let server = format!(
        "{LOGIN}+OK\r\n1 aaa\r\n2 bbb\r\n.\r\n+OK\r\n1 10\r\n2 11\r\n.\r\n+OK\r\nfirst\r\n.\r\n+OK\r\nsecond\r\n.\r\n+OK\r\n+OK\r\n+OK bye\r\n"
    );
    let bodies = [(1, "first\r\n"), (2, "second\r\n")];
    for cut in 0..server.len() {
        let outcome = play(&mut session(false), server.as_bytes(), usize::MAX, cut);
        for (number, body) in bodies {
            let ended = outcome.events.contains(&format!("MessageEnd(MessageNumber({number}))"));
            let whole = outcome.events.contains(&format!("Body {body}"));
            assert!(!ended || whole, "cut at {cut}: message {number} ended without being whole");
            let deleted = outcome.said.contains(&format!("DELE {number}\r\n"));
            assert!(!deleted || ended, "cut at {cut}: only what was whole may be deleted");
        }
        let farewell = outcome.events.contains(&"Quit { confirmed: false }".to_owned());
        assert_eq!(outcome.error.is_none(), farewell, "cut at {cut}: a lost line is an error until QUIT was sent");
    }
}

#[test]
fn where_nothing_was_deleted_the_last_word_is_said_and_its_answer_not_waited_for() {
    for (listing, idle) in [("+OK\r\n.\r\n+OK\r\n.\r\n", true), ("+OK\r\n1 a\r\n.\r\n+OK\r\n1 9\r\n.\r\n", false)] {
        let mut session = session(false);
        session.list();
        let server = format!("{LOGIN}{listing}+OK\r\nmail\r\n.\r\n");
        let (mut lines, mut said, mut quits) = (server.split_inclusive('\n'), String::new(), 0);
        loop {
            match session.step().unwrap() {
                Step::Read => session.receive(lines.next().expect("it waits for no answer").as_bytes()),
                Step::Write(octets) => said.push_str(&String::from_utf8(octets).unwrap()),
                Step::Event(Event::Listed(_)) if idle => session.leave(),
                Step::Event(Event::Listed(_)) => session.retrieve(MessageNumber(1)),
                Step::Event(Event::MessageEnd(_)) => session.leave(),
                Step::Event(Event::Quit { .. }) => quits += 1,
                Step::Done => break,
                _ => {}
            }
        }
        assert!(said.ends_with("QUIT\r\n") && quits == 0, "{said}");
    }
}

#[test]
fn a_listing_without_its_dot_is_no_listing() {
    for half in ["+OK\r\n1 aaa\r\n", "+OK\r\n1 aaa\r\n.\r\n+OK\r\n1 9\r\n"] {
        let outcome = check(false, &format!("{LOGIN}{half}"));
        assert_eq!(outcome.error, Some(Error::HungUp));
        assert!(!outcome.events.iter().any(|event| event.starts_with("Listed")));
    }
}

const PIPELINING_LOGIN: &str = "+OK\r\n+OK\r\nPIPELINING\r\nUSER\r\n.\r\n+OK\r\n+OK\r\n";

/// What a session says to a server that takes PIPELINING after each of the server's turns.
fn turns(session: &mut Session, server: &[&str]) -> Vec<String> {
    let mut turns = vec![String::new()];
    let mut server = server.iter();
    loop {
        match session.step().unwrap() {
            Step::Read => match server.next() {
                Some(octets) => {
                    session.receive(octets.as_bytes());
                    turns.push(String::new());
                }
                None => return turns,
            },
            Step::Write(bytes) => turns.last_mut().unwrap().push_str(&String::from_utf8(bytes).unwrap()),
            Step::Event(Event::Listed(listing)) => {
                listing.iter().for_each(|message| session.retrieve(message.number));
            }
            Step::Event(Event::MessageEnd(number)) => session.delete(number),
            Step::Event(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn where_the_server_takes_it_a_visit_is_five_round_trips_and_its_mail() {
    let mut session = session(false);
    session.list();
    let server = [
        "+OK hello\r\n",
        "+OK\r\nPIPELINING\r\nUSER\r\n.\r\n",
        "+OK\r\n+OK\r\n",
        "+OK\r\nPIPELINING\r\n.\r\n+OK 2 20\r\n+OK\r\n1 a\r\n2 b\r\n.\r\n+OK\r\n1 10\r\n2 10\r\n.\r\n",
        "+OK\r\n.\r\n+OK\r\n.\r\n",
    ];
    let expected = [
        "",
        "CAPA\r\n",
        "USER ana\r\nPASS pässword\r\n",
        "CAPA\r\nSTAT\r\nUIDL\r\nLIST\r\n",
        "RETR 1\r\nRETR 2\r\n",
        "DELE 1\r\nDELE 2\r\n",
    ];
    assert_eq!(turns(&mut session, &server), expected);
    assert!(session.pipelining_works() && !session.doubts_pipelining());
}

#[test]
fn a_server_that_broke_when_it_was_taken_at_its_word_gets_one_command_at_a_time() {
    let mut session = session(false);
    session.one_at_a_time();
    session.list();
    let server = ["+OK\r\n", "+OK\r\nPIPELINING\r\nUSER\r\n.\r\n", "+OK\r\n", "+OK\r\n", "-ERR no\r\n"];
    let expected = ["", "CAPA\r\n", "USER ana\r\n", "PASS pässword\r\n", "CAPA\r\n", "UIDL\r\n"];
    assert_eq!(turns(&mut session, &server), expected);
    assert!(!session.pipelining_works() && !session.doubts_pipelining());
}

#[test]
fn a_refused_name_ends_the_session_though_the_password_is_under_way() {
    let outcome = check(false, "+OK\r\n+OK\r\nPIPELINING\r\nUSER\r\n.\r\n-ERR nobody\r\n-ERR what?\r\n");
    assert_eq!(outcome.error, Some(Error::SignInRefused(Reply { ok: false, code: None, text: "nobody".into() })));
}

#[test]
fn deletions_go_before_the_messages_that_wait() {
    let mut session = session(false);
    session.list();
    let listing: String = (1..=2000).map(|number| format!("{number} 10\r\n")).collect();
    let listed = format!("+OK\r\nPIPELINING\r\n.\r\n+OK\r\n-ERR no\r\n+OK\r\n{listing}.\r\n");
    let login = ["+OK\r\n", "+OK\r\nPIPELINING\r\nUSER\r\n.\r\n", "+OK\r\n+OK\r\n"];
    let said = turns(&mut session, &[&login[..], &[&listed, "+OK\r\n.\r\n", "+OK\r\n"]].concat());
    let sent = said[4].matches("RETR").count();
    assert!((256..2000).contains(&sent), "{sent}");
    assert_eq!(said[6], "DELE 1\r\n", "after {}", said[5]);
}

#[test]
fn broken_listings_are_read_as_far_as_they_make_sense() {
    let listing = |uidl: &str, list: &str| {
        let outcome = check(false, &format!("{LOGIN}{uidl}{list}+OK bye\r\n"));
        outcome.events.get(2).cloned().unwrap_or_default()
    };
    let one = |size: &str, uid: &str| {
        format!("Listed([ScanLine {{ number: MessageNumber(1), size_bytes: {size}, uid: {uid} }}])")
    };
    let cases = [
        ("+OK\r\n1    aaa\r\n.\r\n", "+OK\r\n1  10 octets\r\n.\r\n", one("10", "Some(Uid([97, 97, 97]))")),
        ("+OK\r\n1 a a\r\nnoise\r\n0 x\r\n.\r\n", "+OK\r\n1 10\r\n1 11\r\n.\r\n", one("10", "Some(Uid([97, 32, 97]))")),
        ("+OK\r\n1\r\n.\r\n", "+OK\r\n1 99999999999999999999999\r\n.\r\n", one("0", "None")),
        ("-ERR no\r\n", "+OK\r\n1 -5\r\n99999999999 4\r\n.\r\n", one("0", "None")),
        ("+OK\r\n1 aaa\r\n.\r\n", "-ERR no\r\n", one("0", "Some(Uid([97, 97, 97]))")),
        ("+OK\r\n.\r\n", "+OK\r\n.\r\n", "Listed([])".to_owned()),
    ];
    for (uidl, list, expected) in cases {
        assert_eq!(listing(uidl, list), expected, "{uidl}{list}");
    }
}

#[test]
fn stls_is_had_or_nothing_secret_is_sent() {
    let offered = "+OK\r\n+OK\r\nSTLS\r\n.\r\n";
    let cases = [
        ("+OK\r\n+OK\r\nUSER\r\n.\r\n".to_owned(), Error::NoStls),
        (format!("{offered}-ERR no\r\n"), Error::StlsRefused(Reply { ok: false, code: None, text: "no".into() })),
        (offered.to_owned(), Error::HungUp),
    ];
    for (server, error) in cases {
        let outcome = check(true, &server);
        assert_eq!(outcome.error, Some(error), "{server}");
        assert!(!outcome.said.contains("USER"), "{}", outcome.said);
    }
}

#[test]
fn what_comes_with_the_answer_to_stls_is_not_taken_for_protected() {
    let pieces = ["+OK\r\n", "+OK\r\nSTLS\r\n.\r\n", "+OK begin\r\n+OK forged\r\n"];
    let outcome = play_pieces(&mut session(true), pieces.into_iter().map(str::as_bytes));
    assert_eq!((outcome.error, outcome.said.as_str()), (Some(Error::Injection), "CAPA\r\nSTLS\r\n"));
}

#[test]
fn after_stls_the_capabilities_are_asked_again_before_signing_in() {
    let mut session = session(true);
    let mut said = String::new();
    let mut script =
        ["+OK\r\n", "+OK\r\nSTLS\r\n.\r\n", "+OK begin\r\n", "+OK\r\nUSER\r\n.\r\n", "+OK\r\n", "+OK\r\n"].iter();
    loop {
        match session.step().unwrap() {
            Step::Read => match script.next() {
                Some(line) => session.receive(line.as_bytes()),
                None => break,
            },
            Step::Write(bytes) => said.push_str(&String::from_utf8(bytes).unwrap()),
            Step::StartTls => {
                said.push_str("(TLS)");
                session.tls_started();
            }
            Step::Event(_) | Step::Reopen | Step::Done => {}
        }
    }
    assert_eq!(said, "CAPA\r\nSTLS\r\n(TLS)CAPA\r\nUSER ana\r\nPASS pässword\r\nCAPA\r\n");
}

#[test]
fn refusals_end_the_session_with_the_servers_words() {
    let refused = |code, text: &str| Reply { ok: false, code, text: text.into() };
    let cases = [
        ("", Error::HungUp),
        ("220 smtp\r\n", Error::NotPop3("220 smtp".into())),
        ("-ERR [SYS/TEMP] full\r\n", Error::TurnedAway(refused(Some(super::super::ResponseCode::SysTemp), "full"))),
        (
            "+OK\r\n-ERR what?\r\n+OK\r\n-ERR [AUTH] wrong\r\n",
            Error::SignInRefused(refused(Some(super::super::ResponseCode::Auth), "wrong")),
        ),
        ("+OK\r\n-ERR what?\r\n-ERR nobody\r\n", Error::SignInRefused(refused(None, "nobody"))),
        ("+OK\r\n-ERR what?\r\n+OK\r\n", Error::HungUpOnPassword),
        ("+OK\r\n+OK\r\nSASL GSSAPI\r\n.\r\n", Error::NoMechanism("GSSAPI".into())),
        ("+OK\r\nwhat?\r\n", Error::Garbage("what?".into())),
    ];
    for (server, error) in cases {
        assert_eq!(check(false, server).error, Some(error), "{server}");
    }
}

#[test]
fn a_reply_that_nobody_asked_for_ends_the_session() {
    for forged in ["+OK forged\r\n", "+OK\r\nSubject: forged\r\n\r\n.\r\n", "x"] {
        // Where one command goes at a time, and where several do.
        for (capability, before, after) in [
            ("UIDL", "PASS", "+OK in\r\n"),
            ("UIDL", "LIST", "+OK\r\n1 9\r\n.\r\n"),
            ("UIDL", "RETR", "+OK\r\nmail\r\n.\r\n"),
            ("PIPELINING", "PASS", "+OK in\r\n"),
            ("PIPELINING", "LIST", "+OK\r\n1 9\r\n.\r\n"),
        ] {
            let outcome = with_a_word_too_many(capability, before, &format!("{after}{forged}"));
            let expected = Error::Unasked(forged.lines().next().unwrap().into());
            assert_eq!(outcome.error, Some(expected), "{capability}, after {before}: {forged}");
            assert!(!outcome.events.iter().any(|event| event.contains("forged")), "{outcome:?}");
        }
    }
}

/// A visit to a server that answers whole turns at once, and this to one command.
fn with_a_word_too_many(capability: &str, command: &str, answer: &str) -> Outcome {
    let mut session = session(false);
    let mut outcome = Outcome::default();
    session.receive(b"+OK hello\r\n");
    loop {
        match session.step() {
            Ok(Step::Write(bytes)) => {
                let said = String::from_utf8(bytes).unwrap();
                let answers: String = said.lines().map(|line| answer_to(line, capability, command, answer)).collect();
                session.receive(answers.as_bytes());
                outcome.said.push_str(&said);
            }
            Ok(Step::Event(event)) => react(&mut session, event, &mut outcome),
            Ok(Step::Done) => return outcome,
            Ok(Step::Read) => panic!("it waits, after {}", outcome.said),
            Ok(other) => panic!("{other:?}"),
            Err(error) => {
                outcome.error = Some(error);
                return outcome;
            }
        }
    }
}

fn answer_to(line: &str, capability: &str, command: &str, answer: &str) -> String {
    let word = line.split(' ').next().unwrap_or_default();
    match word {
        word if word == command => answer.into(),
        "CAPA" => format!("+OK\r\nUSER\r\n{capability}\r\n.\r\n"),
        "UIDL" => "+OK\r\n1 a\r\n.\r\n".into(),
        "LIST" => "+OK\r\n1 9\r\n.\r\n".into(),
        "RETR" => "+OK\r\nmail\r\n.\r\n".into(),
        _ => "+OK\r\n".into(),
    }
}

#[test]
fn one_command_at_a_time_is_not_sent_before_the_whole_answer_is_there() {
    let mut session = session(false);
    session.list();
    let login = ["+OK\r\n", "+OK\r\nUSER\r\n.\r\n", "+OK\r\n", "+OK\r\n", "+OK\r\n.\r\n"];
    let listing = ["+OK\r\n1 a\r\n", "2 b\r\n.\r\n", "+OK\r\n1 9\r\n2 9\r\n.\r\n"];
    let mail = ["+OK\r\nSubject: one\r\n", "\r\none\r\n", ".\r\n", "+OK\r\n", "two\r\n.\r\n"];
    let turns = turns(&mut session, &[&login[..], &listing, &mail].concat());
    let expected = ["UIDL\r\n", "", "LIST\r\n", "RETR 1\r\n", "", "", "RETR 2\r\n", "", "DELE 1\r\n"];
    assert_eq!(turns[5..14], expected);
}

#[test]
fn a_status_line_that_is_said_twice_is_no_part_of_the_message() {
    let listing = "+OK\r\n1 a\r\n.\r\n+OK\r\n1 9\r\n.\r\n";
    for (said, expected) in [
        ("+OK 9 octets\r\n+OK 9 octets\r\nSubject: s\r\n\r\n.\r\n", "Body Subject: s\r\n\r\n"),
        ("+OK\r\n+OK\r\n+OK: fine\r\n.\r\n", "Body +OK: fine\r\n"),
        ("+OK\r\n+O: fine\r\n.\r\n", "Body +O: fine\r\n"),
        ("+OK\r\n+OK: fine\r\n+OK\r\n.\r\n", "Body +OK: fine\r\n+OK\r\n"),
        // What holds the first octet back is a part of the message, too.
        ("+OK\r\n.\r+OK\r\n+OK\r\n.\r\n", "Body \r+OK\r\n+OK\r\n"),
    ] {
        let outcome = check(false, &format!("{LOGIN}{listing}{said}+OK\r\n+OK\r\n"));
        assert_eq!(outcome.events.get(4).map(String::as_str), Some(expected), "{said}");
        assert!(outcome.done, "{outcome:?}");
    }
}

#[test]
fn two_messages_between_which_the_dot_is_missing_are_not_taken_for_one() {
    let listing = "+OK 3 27\r\n+OK\r\n1 a\r\n2 b\r\n3 c\r\n.\r\n+OK\r\n1 9\r\n2 9\r\n3 9\r\n.\r\n";
    let login = format!("{PIPELINING_LOGIN}+OK\r\nPIPELINING\r\n.\r\n{listing}");
    let ran_together = "+OK\r\none, 9.\r\n+OK\r\ntwo, 9.\r\n.\r\n+OK\r\nthree..\r\n.\r\n";
    for piece in [1, 2, 7, usize::MAX] {
        let mut session = session(false);
        let outcome = play(&mut session, format!("{login}{ran_together}").as_bytes(), piece, usize::MAX);
        assert_eq!(outcome.error, Some(Error::RanTogether(1)), "pieces of {piece}");
        assert!(!outcome.events.iter().any(|event| event.starts_with("MessageEnd")), "{outcome:?}");
        assert!(session.doubts_pipelining());
    }
    // A size that is too small, and a message that says so itself.
    let whole = "+OK\r\none, 9.\r\n+OK?\r\n.\r\n+OK\r\ntwo, 9.\r\n.\r\n+OK\r\nthree..\r\n.\r\n";
    let alone = format!("{LOGIN}{listing}{whole}").replace("+OK 3 27\r\n", "");
    let events = play(&mut session(false), alone.as_bytes(), usize::MAX, usize::MAX).events;
    assert!(events.contains(&"Body one, 9.\r\n+OK?\r\n".to_owned()), "{events:?}");
}

#[test]
fn a_server_that_answers_only_the_first_of_several_commands_is_doubted() {
    let answered = format!("{PIPELINING_LOGIN}+OK\r\nPIPELINING\r\n.\r\n");
    for (server, doubted) in [
        (LOGIN.to_owned(), false),
        ("+OK\r\n+OK\r\nPIPELINING\r\nUSER\r\n.\r\n+OK\r\n".to_owned(), true),
        (answered.clone(), false),
        (format!("{answered}+OK 1 9\r\n"), false),
    ] {
        let mut session = session(false);
        play(&mut session, server.as_bytes(), usize::MAX, usize::MAX);
        assert_eq!(session.doubts_pipelining(), doubted, "{server}");
    }
}

#[test]
fn credentials_that_would_forge_a_command_are_never_sent() {
    for (user, password) in [("ana\r\nDELE 1", "x"), ("ana", "x\nQUIT"), ("ana", "x\0"), ("", "x")] {
        let mut session =
            Session::new(Credentials { user: user.into(), password: Zeroizing::new(password.into()) }, false);
        let outcome = play(&mut session, LOGIN.as_bytes(), usize::MAX, usize::MAX);
        assert_eq!(
            (outcome.error, outcome.said.as_str()),
            (Some(Error::Unspeakable), "CAPA\r\n"),
            "{user:?} {password:?}"
        );
    }
}

#[test]
fn endless_answers_are_cut_off_by_a_limit() {
    let endless_line = format!("{LOGIN}{}", "x".repeat(100_000));
    assert_eq!(check(false, &endless_line).error, Some(Error::LineTooLong));
    let mut capabilities = "+OK\r\n+OK\r\n".to_owned();
    capabilities.push_str(&"X\r\n".repeat(sign_in::CAPA_LIMIT + 1));
    assert_eq!(check(false, &capabilities).error, Some(Error::ListingTooLong));
}

#[test]
fn the_first_lines_of_a_message_come_as_a_message_does() {
    let mut session = session(false);
    let server = format!(
        "{LOGIN}+OK\r\n1 a\r\n.\r\n+OK\r\n1 9000\r\n.\r\n+OK\r\nSubject: s\r\n\r\n.\r\n-ERR no such message\r\n+OK\r\n"
    );
    let mut outcome = Outcome::default();
    let mut lines = server.split_inclusive('\n');
    while let Ok(step) = session.step() {
        match step {
            Step::Read => session.receive(lines.next().unwrap_or_default().as_bytes()),
            Step::Write(bytes) => outcome.said.push_str(&String::from_utf8(bytes).unwrap()),
            Step::Event(Event::SignedIn(_)) => session.list(),
            Step::Event(Event::Listed(_)) => {
                session.top(MessageNumber(1), 0);
                session.top(MessageNumber(2), 40);
                session.quit();
            }
            Step::Event(event) => outcome.events.push(format!("{event:?}")),
            Step::Done => break,
            Step::StartTls | Step::Reopen => panic!("{outcome:?}"),
        }
    }
    assert!(outcome.said.ends_with("LIST\r\nTOP 1 0\r\nTOP 2 40\r\nQUIT\r\n"), "{}", outcome.said);
    assert_eq!(
        outcome.events[1..],
        [
            "Message(MessageNumber(1))",
            "Chunk([83, 117, 98, 106, 101, 99, 116, 58, 32, 115, 13, 10])",
            "Chunk([13, 10])",
            "MessageEnd(MessageNumber(1))",
            "MessageRefused(MessageNumber(2), Reply { ok: false, code: None, text: \"no such message\" })",
            "Quit { confirmed: true }",
        ]
    );
}
