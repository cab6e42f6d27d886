//! Signing in as conversations, `C:` and `S:` lines: what is said, how it ends; each also one octet at a time.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use super::*;
use crate::protocol::pop3::{Method, ResponseCode, Rung};

/// How a conversation ended.
#[derive(Debug, PartialEq)]
enum End {
    In(String),
    Failed(Error),
    /// The client waits for a server that has said everything.
    Waiting,
}

/// Who signs in, and how.
struct Client {
    password: &'static str,
    stls: bool,
    /// The line is under TLS from its first octet.
    tls: bool,
    how: SignIn,
}

fn client() -> Client {
    Client { password: "geheim", stls: false, tls: false, how: SignIn::default() }
}

fn named(method: Method) -> Client {
    Client { how: SignIn { method: Some(method), ..SignIn::default() }, ..client() }
}

fn scram() -> SignIn {
    SignIn { nonce: "rOprNGfwEbeRWgbNEkqO".into(), ..SignIn::default() }
}

impl Client {
    fn session(&self) -> Session {
        let password = Zeroizing::new(self.password.to_owned());
        let user = if self.how.nonce.is_empty() { "ana" } else { "user" };
        Session::new(Credentials { user: user.into(), password }, self.stls).signing_in(self.how.clone())
    }

    /// Plays the script: `S:` lines are said when the client waits, `C:` lines must be what it has said by then, in order;
    /// `hang up` and `again` (on a fresh connection) stand for themselves, as does `TLS`.
    fn play(&self, script: &str, piece: usize) -> End {
        let mut session = self.session();
        let mut turns = script.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
        let mut heard: Vec<u8> = Vec::new();
        let mut coming: std::collections::VecDeque<u8> = std::collections::VecDeque::new();
        let expect = |heard: &mut Vec<u8>, turns: &mut std::iter::Peekable<_>| {
            while let Some(end) = heard.iter().position(|octet| *octet == b'\n') {
                let line: Vec<u8> = heard.drain(..=end).collect();
                let line: String = line.iter().map(|octet| char::from(*octet)).collect();
                let expected: Option<&str> = turns.next();
                assert_eq!(Some(format!("C: {}", line.trim_end())).as_deref().map(str::trim_end), expected);
            }
        };
        if self.tls {
            session.protected(Some(b"certificate".to_vec()));
        }
        loop {
            match session.step() {
                Ok(Step::Write(octets)) => heard.extend(octets),
                Ok(Step::Read) if !coming.is_empty() => {
                    let octets: Vec<u8> = coming.drain(..piece.min(coming.len())).collect();
                    session.receive(&octets);
                }
                Ok(Step::Read) => {
                    expect(&mut heard, &mut turns);
                    match turns.next() {
                        None => return End::Waiting,
                        Some("hang up") => session.receive(b""),
                        Some(line) => {
                            let line = line.strip_prefix("S:").unwrap_or_else(|| panic!("not said: {line}"));
                            coming.extend(line.strip_prefix(' ').unwrap_or(line).bytes().chain(*b"\r\n"));
                        }
                    }
                }
                Ok(Step::StartTls) => {
                    expect(&mut heard, &mut turns);
                    assert_eq!(turns.next(), Some("TLS"));
                    session.protected(Some(b"certificate".to_vec()));
                    session.tls_started();
                }
                Ok(Step::Reopen) => {
                    assert_eq!(turns.next(), Some("again"));
                    if self.tls {
                        session.protected(Some(b"certificate".to_vec()));
                    }
                }
                Ok(Step::Event(Event::SignedIn(signed_in))) => {
                    assert_eq!(turns.next(), None, "more was expected");
                    return End::In(signed_in.worked.to_string());
                }
                Ok(Step::Event(_)) => {}
                Ok(Step::Done) => panic!("over before it began"),
                Err(error) => {
                    expect(&mut heard, &mut turns);
                    assert_eq!(turns.next(), None, "more was expected before {error:?}");
                    return End::Failed(error);
                }
            }
        }
    }

    fn check(&self, script: &str, end: End) {
        for piece in [usize::MAX, 1] {
            assert_eq!(self.play(script, piece), end, "in pieces of {piece}:\n{script}");
        }
    }
}

/// Greeting and CAPA with these lines, then the conversation, then what follows once it has worked.
fn visit(capabilities: &[&str], talk: &str, works: bool) -> String {
    let capabilities: String = capabilities.iter().map(|line| format!("S: {line}\n")).collect();
    let asked = format!("C: CAPA\nS: +OK\n{capabilities}S: .\n");
    format!(
        "S: +OK hello <1896.697170952@dbc.mtview.ca.us>\n{asked}{talk}\n{}",
        if works { asked.as_str() } else { "" }
    )
}

fn encoded(text: &str) -> String {
    BASE64_STANDARD.encode(text)
}

fn refused(code: Option<ResponseCode>, text: &str) -> End {
    End::Failed(Error::SignInRefused(Reply { ok: false, code, text: text.into() }))
}

fn is_in(words: &str) -> End {
    End::In(words.into())
}

#[test]
fn each_way_says_what_it_has_to_say() {
    let cases = [
        (Method::User, "C: USER ana\nS: +OK\nC: PASS geheim\nS: +OK".to_owned()),
        (Method::Plain, format!("C: AUTH PLAIN {}\nS: +OK", encoded("\0ana\0geheim"))),
        (
            Method::Login,
            format!(
                "C: AUTH LOGIN\nS: + VXNlcm5hbWU6\nC: {}\nS: + UGFzc3dvcmQ6\nC: {}\nS: +OK",
                encoded("ana"),
                encoded("geheim")
            ),
        ),
        (
            Method::Xoauth2,
            format!("C: AUTH XOAUTH2\nS: +\nC: {}\nS: +OK", encoded("user=ana\u{1}auth=Bearer geheim\u{1}\u{1}")),
        ),
        (
            Method::OauthBearer,
            format!(
                "C: AUTH OAUTHBEARER {}\nS: +OK",
                encoded("n,a=ana,\u{1}host=\u{1}port=0\u{1}auth=Bearer geheim\u{1}\u{1}")
            ),
        ),
    ];
    for (method, talk) in cases {
        named(method).check(&visit(&[], &talk, true), is_in(method.word()));
    }
}

#[test]
fn apop_answers_the_stamp_of_the_greeting_and_is_never_chosen_by_itself() {
    let client = Client { password: "tanstaaf", ..named(Method::Apop) };
    let talk = "C: APOP ana c4c9334bac560ecc979e58001b3e22fb\nS: +OK";
    client.check(&visit(&[], talk, true), is_in("apop"));
    let no_stamp = "S: +OK hello\nC: CAPA\nS: -ERR what?";
    assert!(matches!(client.play(no_stamp, 1), End::Failed(Error::Unable(_))));
}

const SERVER_FIRST: &str = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

/// The exchange of RFC 7677 §3, with this from the server at its end.
fn scram_talk(header: &str, last: &str) -> String {
    let proof =
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    format!(
        "C: AUTH SCRAM-SHA-256 {}\nS: + {}\nC: {}\n{last}",
        encoded(&format!("{header}n=user,r=rOprNGfwEbeRWgbNEkqO")),
        encoded(SERVER_FIRST),
        encoded(proof)
    )
}

#[test]
fn scram_proves_both_sides() {
    let client = Client { password: "pencil", how: scram(), ..client() };
    let last = format!("S: + {}\nC:\nS: +OK", encoded("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
    let talk = scram_talk("n,,", &last);
    client.check(&visit(&["SASL PLAIN SCRAM-SHA-256", "USER"], &talk, true), is_in("scram-sha-256"));
}

#[test]
fn a_server_that_cannot_prove_itself_gets_nothing_more() {
    let client = Client { password: "pencil", how: scram(), ..client() };
    let wrong = format!("S: + {}\nC: *\nS: -ERR cancelled", encoded("v=rmF9pqV8S7suAoZWja4dJRkFsKQ="));
    for last in [wrong.as_str(), "S: +OK welcome"] {
        let script = visit(&["USER", "SASL PLAIN SCRAM-SHA-256"], &scram_talk("n,,", last), false);
        client.check(&script, End::Failed(Error::ServerNotProven));
    }
}

#[test]
fn a_mechanism_that_is_refused_without_a_reason_gives_way_to_user_and_pass_once() {
    let plain = format!("C: AUTH PLAIN {}\n", encoded("\0ana\0geheim"));
    let capabilities = ["USER", "SASL PLAIN LOGIN"];
    let talk = format!("{plain}S: -ERR\nC: USER ana\nS: +OK\nC: PASS geheim\nS: +OK");
    client().check(&visit(&capabilities, &talk, true), is_in("user"));
    let talk = format!("{plain}S: -ERR\nC: USER ana\nS: +OK\nC: PASS geheim\nS: -ERR no");
    client().check(&visit(&capabilities, &talk, false), refused(None, "no"));
    let talk = format!("{plain}S: -ERR no\nC: USER ana\nS: -ERR what?");
    client().check(&visit(&capabilities, &talk, false), refused(None, "no"));
    let talk = format!("{plain}S: -ERR no");
    client().check(&visit(&["SASL PLAIN LOGIN"], &talk, false), refused(None, "no"));
    named(Method::Plain).check(&visit(&capabilities, &talk, false), refused(None, "no"));
}

#[test]
fn a_refusal_with_a_reason_ends_it_at_once() {
    for (word, code) in [
        ("AUTH", ResponseCode::Auth),
        ("IN-USE", ResponseCode::InUse),
        ("LOGIN-DELAY", ResponseCode::LoginDelay),
        ("sys/temp", ResponseCode::SysTemp),
        ("SYS/PERM", ResponseCode::SysPerm),
        ("UTF8", ResponseCode::Utf8),
    ] {
        let plain = format!("C: AUTH PLAIN {}\nS: -ERR [{word}] no", encoded("\0ana\0geheim"));
        client().check(&visit(&["USER", "SASL PLAIN"], &plain, false), refused(Some(code.clone()), "no"));
        let umlaut = Client { password: "g\u{e4}", ..client() };
        let pass = format!("C: USER ana\nS: +OK\nC: PASS g\u{c3}\u{a4}\nS: -ERR [{word}] no");
        umlaut.check(&visit(&["USER"], &pass, false), refused(Some(code), "no"));
    }
}

#[test]
fn a_password_beyond_ascii_is_tried_in_both_spellings() {
    let client = Client { password: "g\u{e4}", ..client() };
    let both = "C: USER ana\nS: +OK\nC: PASS g\u{c3}\u{a4}\nS: -ERR no\nC: USER ana\nS: +OK\nC: PASS g\u{e4}\n";
    client.check(&visit(&["USER"], &format!("{both}S: +OK"), true), is_in("user latin-1"));
    client.check(&visit(&["USER"], &format!("{both}S: -ERR no"), false), refused(None, "no"));
    let before = Rung { method: Method::User, latin1: true };
    let knowing = Client { how: SignIn { worked_before: Some(before), ..SignIn::default() }, ..client };
    knowing.check(&visit(&["USER"], "C: USER ana\nS: +OK\nC: PASS g\u{e4}\nS: +OK", true), is_in("user latin-1"));
}

#[test]
fn utf8_mode_is_asked_for_wherever_it_is_offered_for_some_messages_are_whole_in_it_alone() {
    for (password, said) in [("geheim", "geheim"), ("g\u{e4}", "g\u{c3}\u{a4}")] {
        let client = Client { password, ..client() };
        for answer in ["+OK", "-ERR no"] {
            let talk = format!("C: UTF8\nS: {answer}\nC: USER ana\nS: +OK\nC: PASS {said}\nS: +OK");
            client.check(&visit(&["USER", "UTF8 USER"], &talk, true), is_in("user"));
            let at_once = format!("C: UTF8\nC: USER ana\nC: PASS {said}\nS: {answer}\nS: +OK\nS: +OK");
            client.check(&visit(&["USER", "UTF8 USER", "PIPELINING"], &at_once, true), is_in("user"));
        }
    }
    let plain = encoded("\0ana\0geheim");
    let talk = format!("C: UTF8\nC: AUTH PLAIN {plain}\nS: -ERR no\nS: +OK");
    client().check(&visit(&["UTF8", "PIPELINING", "SASL PLAIN"], &talk, true), is_in("plain"));
    let login = format!(
        "C: UTF8\nC: AUTH LOGIN\nS: +OK\nS: + VXNlcm5hbWU6\nC: {}\nS: + UGFzc3dvcmQ6\nC: {}\nS: +OK",
        encoded("ana"),
        encoded("geheim")
    );
    client().check(&visit(&["UTF8", "PIPELINING", "SASL LOGIN"], &login, true), is_in("login"));
}

#[test]
fn the_persons_language_is_asked_for_where_that_costs_no_round_trip() {
    let speaking =
        |language: &str| Client { how: SignIn { language: Some(language.into()), ..SignIn::default() }, ..client() };
    let user = "C: USER ana\nC: PASS geheim\nS: +OK\nS: +OK";
    for answer in ["+OK de Deutsch", "-ERR no such language"] {
        let talk = "C: LANG de\nC: USER ana\nC: PASS geheim\n";
        let talk = format!("{talk}S: {answer}\nS: +OK\nS: +OK");
        speaking("de").check(&visit(&["USER", "LANG", "PIPELINING"], &talk, true), is_in("user"));
    }
    let both =
        "C: UTF8\nC: LANG fr\nC: USER ana\nC: PASS geheim\nS: +OK\nS: +OK fr\nS: +OK\nS: -ERR [AUTH] mot de passe";
    let end = refused(Some(ResponseCode::Auth), "mot de passe");
    speaking("fr").check(&visit(&["USER", "LANG", "UTF8", "PIPELINING"], both, false), end);
    // Not offered; at the price of a round trip; nothing to ask for; nothing that is a language.
    speaking("de").check(&visit(&["USER", "PIPELINING"], user, true), is_in("user"));
    let slow = "C: USER ana\nS: +OK\nC: PASS geheim\nS: +OK";
    speaking("de").check(&visit(&["USER", "LANG"], slow, true), is_in("user"));
    client().check(&visit(&["USER", "LANG", "PIPELINING"], user, true), is_in("user"));
    speaking("de\r\nQUIT").check(&visit(&["USER", "LANG", "PIPELINING"], user, true), is_in("user"));
}

#[test]
fn a_server_that_hangs_up_on_what_it_announces_is_asked_for_neither_again() {
    let german = SignIn { language: Some("de".into()), ..SignIn::default() };
    for (capabilities, asked, client) in [
        (&["USER", "UTF8"][..], "C: UTF8", client()),
        (&["USER", "UTF8", "PIPELINING"], "C: UTF8\nC: USER ana\nC: PASS geheim", client()),
        (
            &["USER", "LANG", "PIPELINING"],
            "C: LANG de\nC: USER ana\nC: PASS geheim",
            Client { how: german.clone(), ..client() },
        ),
    ] {
        let pipelining = capabilities.contains(&"PIPELINING");
        let user = if pipelining {
            "C: USER ana\nC: PASS geheim\nS: +OK\nS: +OK"
        } else {
            "C: USER ana\nS: +OK\nC: PASS geheim\nS: +OK"
        };
        let first = visit(capabilities, &format!("{asked}\nhang up"), false);
        client.check(&format!("{first}\nagain\n{}", visit(capabilities, user, true)), is_in("user"));
    }
    // The best way is still the first to be tried, whether it was sent or not.
    let plain = encoded("\0ana\0geheim");
    for (capabilities, asked) in [
        (&["USER", "SASL PLAIN", "UTF8"][..], "C: UTF8".to_owned()),
        (&["USER", "SASL PLAIN", "UTF8", "PIPELINING"], format!("C: UTF8\nC: AUTH PLAIN {plain}")),
    ] {
        let first = visit(capabilities, &format!("{asked}\nhang up"), false);
        let again = visit(capabilities, &format!("C: AUTH PLAIN {plain}\nS: +OK"), true);
        client().check(&format!("{first}\nagain\n{again}"), is_in("plain"));
    }
}

#[test]
fn a_long_initial_response_waits_until_it_is_asked_for() {
    let token: &'static str = "t".repeat(300).leak();
    let client = Client { password: token, ..named(Method::Plain) };
    let talk = format!("C: AUTH PLAIN\nS: + \nC: {}\nS: +OK", encoded(&format!("\0ana\0{token}")));
    client.check(&visit(&[], &talk, true), is_in("plain"));
}

#[test]
fn channel_binding_is_used_where_both_can_and_its_absence_is_told() {
    let begin = |name: &str, header: &str| {
        format!("C: AUTH {name} {}\nS: -ERR [AUTH] no", encoded(&format!("{header}n=user,r=rOprNGfwEbeRWgbNEkqO")))
    };
    let both = ["SASL SCRAM-SHA-256 SCRAM-SHA-256-PLUS"];
    let cases = [
        (true, &both[..], begin("SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,")),
        (true, &["SASL SCRAM-SHA-256"], begin("SCRAM-SHA-256", "y,,")),
        (false, &both, begin("SCRAM-SHA-256", "n,,")),
    ];
    for (tls, capabilities, talk) in cases {
        let client = Client { tls, how: scram(), ..client() };
        client.check(&visit(capabilities, &talk, false), refused(Some(ResponseCode::Auth), "no"));
    }
}

#[test]
fn after_stls_what_was_offered_before_is_forgotten() {
    let client = Client { stls: true, ..client() };
    client.check(
        &format!(
            "S: +OK\nC: CAPA\nS: +OK\nS: STLS\nS: SASL CRAM-MD5\nS: .\nC: STLS\nS: +OK\nTLS\n\
             C: CAPA\nS: +OK\nS: SASL PLAIN\nS: .\nC: AUTH PLAIN {}\nS: +OK\nC: CAPA\nS: -ERR",
            encoded("\0ana\0geheim")
        ),
        is_in("plain"),
    );
}

#[test]
fn a_server_that_hangs_up_on_capa_is_not_asked_again() {
    let again = "S: +OK\nC: CAPA\nhang up\nagain\nS: +OK\n";
    let user = "C: USER ana\nS: +OK\nC: PASS geheim\nS: +OK";
    client().check(&format!("{again}{user}"), is_in("user"));
    let stls = Client { stls: true, ..client() };
    stls.check(&format!("{again}C: STLS\nS: +OK\nTLS\n{user}"), is_in("user"));
    client().check("S: +OK\nC: CAPA\nhang up\nagain\nhang up", End::Failed(Error::HungUp));
}

#[test]
fn a_server_that_hangs_up_after_its_refusal_is_called_once_more() {
    let plain = format!("C: AUTH PLAIN {}\nS: -ERR protocol error\nC: USER ana\nhang up\n", encoded("\0ana\0geheim"));
    let script = visit(&["USER", "SASL PLAIN"], &plain, false);
    let talk = visit(&["USER", "SASL PLAIN"], "C: USER ana\nS: +OK\nC: PASS geheim\nS: +OK", true);
    client().check(&format!("{script}again\n{talk}"), is_in("user"));
    let talk = visit(&["USER", "SASL PLAIN"], "C: USER ana\nhang up", false);
    client().check(&format!("{script}again\n{talk}"), refused(None, "protocol error"));
}

#[test]
fn a_hang_up_on_the_password_is_not_tried_again() {
    for talk in [
        "C: USER ana\nS: +OK\nC: PASS geheim\nhang up",
        &format!("C: AUTH PLAIN {}\nhang up", encoded("\0ana\0geheim")),
    ] {
        let capabilities = if talk.contains("PLAIN") { "SASL PLAIN" } else { "USER" };
        client().check(&visit(&[capabilities], talk, false), End::Failed(Error::HungUpOnPassword));
    }
}

#[test]
fn challenges_without_end_end_it() {
    let mut script = visit(&[], "C: AUTH XOAUTH2\nS: +", false);
    script.push_str(&format!("\nC: {}\n", encoded("user=ana\u{1}auth=Bearer geheim\u{1}\u{1}")));
    script.push_str(&"S: +\nC:\n".repeat(7));
    script.push_str("S: +");
    named(Method::Xoauth2).check(&script, End::Failed(Error::Garbage("+".into())));
}

#[test]
fn a_reset_takes_back_what_waits_and_a_noop_says_nothing() {
    let mut session = client().session();
    let server = "+OK\r\n+OK\r\nUSER\r\n.\r\n+OK\r\n+OK\r\n-ERR\r\n+OK\r\n+OK\r\n+OK\r\n";
    let mut lines = server.split_inclusive('\n');
    let mut said = Vec::new();
    let mut events = Vec::new();
    while let Ok(step) = session.step() {
        match step {
            Step::Write(octets) => said.extend(octets),
            Step::Event(Event::SignedIn(_)) => {
                session.delete(MessageNumber(1));
                session.reset();
                session.delete(MessageNumber(2));
                session.noop();
            }
            Step::Event(event) => events.push(event),
            Step::Read => match lines.next() {
                Some(line) => session.receive(line.as_bytes()),
                None => break,
            },
            other => panic!("{other:?}"),
        }
    }
    let said = String::from_utf8(said).unwrap();
    assert!(said.ends_with("CAPA\r\nRSET\r\nNOOP\r\nDELE 2\r\n"), "{said}");
    assert_eq!(events[1..], [Event::Reset { confirmed: true }, Event::Deleted(MessageNumber(2))]);
}
