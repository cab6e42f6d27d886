//! A POP3 server's side of one session (RFC 1939, RFC 2449, RFC 5034): a line in, a reply out, no socket.

use super::maildrop::{Maildrop, Message, Visit};
use super::sasl::Credentials;
use super::{Reply, Session};

/// What CAPA answers in every state (RFC 2449 §5).
const CAPABILITIES: &str = "TOP\r\nUIDL\r\nUSER\r\nSASL PLAIN\r\nPIPELINING\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\n\
                            EXPIRE NEVER\r\nIMPLEMENTATION Malote-demonstration\r\n.\r\n";

/// One session, from the greeting to QUIT.
pub struct Pop3 {
    maildrop: Maildrop,
    credentials: Credentials,
    state: State,
}

/// The states of RFC 1939 §3, with what each has to remember. UPDATE lasts no longer than the answer to QUIT.
enum State {
    Authorization {
        user: Option<String>,
    },
    /// After `AUTH PLAIN` without an initial response: the next line is the message.
    AwaitingPlain,
    Transaction(Visit),
    Over,
}

impl Pop3 {
    pub fn new(maildrop: Maildrop, credentials: Credentials) -> Self {
        Self { maildrop, credentials, state: State::Authorization { user: None } }
    }

    fn in_authorization(&mut self, verb: &str, argument: &str, user: Option<String>) -> Reply {
        match verb {
            "CAPA" => capabilities(),
            "USER" if argument.is_empty() => err("USER needs a name"),
            "USER" => {
                self.state = State::Authorization { user: Some(argument.to_owned()) };
                ok("and the password?")
            }
            "PASS" => match user {
                Some(user) => self.log_in(self.credentials.are(user.as_bytes(), argument.as_bytes())),
                None => err("USER comes before PASS"),
            },
            "AUTH" => self.auth(argument),
            "QUIT" => self.hang_up("good-bye"),
            _ => err("log in first"),
        }
    }

    fn auth(&mut self, argument: &str) -> Reply {
        let (mechanism, response) = argument.split_once(' ').unwrap_or((argument, ""));
        if mechanism.is_empty() {
            return Reply::text("+OK these mechanisms\r\nPLAIN\r\n.\r\n");
        }
        if !mechanism.eq_ignore_ascii_case("PLAIN") {
            return err("only PLAIN is known here");
        }
        if response.is_empty() {
            self.state = State::AwaitingPlain;
            return Reply::text("+ \r\n");
        }
        self.log_in(self.credentials.are_in_plain(response.as_bytes()))
    }

    fn log_in(&mut self, right: bool) -> Reply {
        self.state = State::Authorization { user: None };
        if !right {
            return err("[AUTH] that is not the name and password of this demonstration");
        }
        let Some(visit) = self.maildrop.lock() else {
            return err("[IN-USE] another session has this maildrop open");
        };
        let count = visit.messages().count();
        self.state = State::Transaction(visit);
        ok(&format!("welcome, {count} messages"))
    }

    fn in_transaction(&mut self, verb: &str, argument: &str, mut visit: Visit) -> Reply {
        if verb == "QUIT" {
            let gone = visit.update();
            return self.hang_up(&format!("good-bye, {gone} deleted"));
        }
        let reply = match verb {
            "CAPA" => capabilities(),
            "STAT" => stat(&visit),
            "LIST" => scan(&visit, argument, |message| message.raw.len().to_string()),
            "UIDL" => scan(&visit, argument, |message| message.unique_id.clone()),
            "RETR" => with_message(&visit, argument, |message| multi_line("message follows", &message.raw)),
            "TOP" => top(&visit, argument),
            "DELE" => dele(&mut visit, argument),
            "NOOP" => ok("still here"),
            "RSET" => {
                visit.reset();
                ok("nothing is marked")
            }
            "USER" | "PASS" | "AUTH" => err("you are logged in"),
            _ => err("unknown command"),
        };
        self.state = State::Transaction(visit);
        reply
    }

    fn hang_up(&mut self, words: &str) -> Reply {
        self.state = State::Over;
        ok(words).and_hang_up()
    }
}

impl Session for Pop3 {
    fn greeting(&self) -> Vec<u8> {
        b"+OK Malote's demonstration is ready\r\n".to_vec()
    }

    fn line(&mut self, line: &[u8]) -> Reply {
        let line = String::from_utf8_lossy(line);
        let (verb, argument) = line.split_once(' ').unwrap_or((&line, ""));
        let verb = verb.to_ascii_uppercase();
        match std::mem::replace(&mut self.state, State::Over) {
            State::Authorization { user } => {
                self.state = State::Authorization { user: None };
                self.in_authorization(&verb, argument, user)
            }
            State::AwaitingPlain if line == "*" => {
                self.state = State::Authorization { user: None };
                err("log-in given up")
            }
            State::AwaitingPlain => self.log_in(self.credentials.are_in_plain(line.as_bytes())),
            State::Transaction(visit) => self.in_transaction(&verb, argument, visit),
            State::Over => Reply::text("").and_hang_up(),
        }
    }
}

fn ok(words: &str) -> Reply {
    Reply::text(&format!("+OK {words}\r\n"))
}

fn err(words: &str) -> Reply {
    Reply::text(&format!("-ERR {words}\r\n"))
}

fn capabilities() -> Reply {
    Reply::text(&format!("+OK this is what I can\r\n{CAPABILITIES}"))
}

fn stat(visit: &Visit) -> Reply {
    let octets: usize = visit.messages().map(|(_, message)| message.raw.len()).sum();
    // Nothing may follow the two numbers (RFC 1939 §5).
    ok(&format!("{} {octets}", visit.messages().count()))
}

/// LIST and UIDL: one message's line, or everyone's.
fn scan(visit: &Visit, argument: &str, word: impl Fn(&Message) -> String) -> Reply {
    if !argument.is_empty() {
        return with_message(visit, argument, |message| ok(&format!("{} {}", argument.trim(), word(message))));
    }
    let lines: String = visit.messages().map(|(number, message)| format!("{number} {}\r\n", word(message))).collect();
    Reply::text(&format!("+OK the listing follows\r\n{lines}.\r\n"))
}

fn dele(visit: &mut Visit, argument: &str) -> Reply {
    match argument.trim().parse() {
        Ok(number) if visit.delete(number) => ok(&format!("{number} is marked")),
        _ => err("there is no such message"),
    }
}

/// TOP: the header, the empty line, and that many lines of the body (RFC 1939 §7).
fn top(visit: &Visit, argument: &str) -> Reply {
    let Some((number, lines)) = argument.split_once(' ') else {
        return err("TOP needs a message and a number of lines");
    };
    let Ok(lines) = lines.trim().parse() else { return err("that is no number of lines") };
    with_message(visit, number, |message| multi_line("the top of it follows", first_lines(&message.raw, lines)))
}

fn with_message(visit: &Visit, number: &str, reply: impl Fn(&Message) -> Reply) -> Reply {
    match number.trim().parse().ok().and_then(|number| visit.message(number)) {
        Some(message) => reply(message),
        None => err("there is no such message"),
    }
}

/// Header, empty line and `count` lines of the body.
fn first_lines(raw: &[u8], count: usize) -> &[u8] {
    let mut body_lines = None;
    let mut length = 0;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        match body_lines {
            Some(seen) if seen >= count => break,
            Some(seen) => body_lines = Some(seen + 1),
            None if line == b"\r\n" => body_lines = Some(0),
            None => {}
        }
        length += line.len();
    }
    raw.get(..length).unwrap_or(raw)
}

/// A reply of many lines: each that begins with a dot gets another, a dot alone ends it (RFC 1939 §3).
fn multi_line(words: &str, text: &[u8]) -> Reply {
    let mut bytes = format!("+OK {words}\r\n").into_bytes();
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            bytes.push(b'.');
        }
        bytes.extend_from_slice(line);
    }
    if !text.is_empty() && !text.ends_with(b"\r\n") {
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b".\r\n");
    Reply { bytes, hang_up: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "Subject: one\r\n\r\nHello\r\n.dots\r\n..\r\nBye\r\n";
    const SECOND: &str = "Subject: two\r\n\r\nline\r\n";

    fn maildrop() -> Maildrop {
        Maildrop::new(vec![Message::new("uid-a", FIRST.as_bytes()), Message::new("uid-b", SECOND.as_bytes())])
    }

    fn session(maildrop: &Maildrop) -> Pop3 {
        Pop3::new(maildrop.clone(), Credentials { user: "ana".into(), password: "a pouch".into() })
    }

    /// Plays a conversation: what the client says, and what the server must answer (its beginning, where it ends in `…`).
    fn check(session: &mut Pop3, conversation: &[(&str, &str)]) {
        for (says, answer) in conversation {
            let reply = String::from_utf8(session.line(says.as_bytes()).bytes).unwrap();
            match answer.strip_suffix('…') {
                Some(beginning) => assert!(reply.starts_with(beginning), "{says}: {reply}"),
                None => assert_eq!(reply, *answer, "{says}"),
            }
        }
    }

    const LOG_IN: [(&str, &str); 2] = [("USER ana", "+OK…"), ("PASS a pouch", "+OK welcome, 2 messages\r\n")];

    #[test]
    fn a_session_lists_retrieves_and_looks_at_the_top() {
        let mut session = session(&maildrop());
        check(&mut session, &LOG_IN);
        check(
            &mut session,
            &[
                ("stat", "+OK 2 61\r\n"),
                ("LIST", "+OK the listing follows\r\n1 39\r\n2 22\r\n.\r\n"),
                ("LIST 2", "+OK 2 22\r\n"),
                ("UIDL", "+OK the listing follows\r\n1 uid-a\r\n2 uid-b\r\n.\r\n"),
                ("UIDL 1", "+OK 1 uid-a\r\n"),
                ("RETR 1", "+OK message follows\r\nSubject: one\r\n\r\nHello\r\n..dots\r\n...\r\nBye\r\n.\r\n"),
                ("TOP 1 0", "+OK the top of it follows\r\nSubject: one\r\n\r\n.\r\n"),
                ("TOP 1 2", "+OK the top of it follows\r\nSubject: one\r\n\r\nHello\r\n..dots\r\n.\r\n"),
                ("TOP 2 99", "+OK the top of it follows\r\nSubject: two\r\n\r\nline\r\n.\r\n"),
                ("NOOP", "+OK…"),
                ("RETR 3", "-ERR…"),
                ("RETR 0", "-ERR…"),
                ("RETR", "-ERR…"),
                ("LIST -1", "-ERR…"),
                ("TOP 1", "-ERR…"),
                ("TOP 1 -3", "-ERR…"),
                ("XYZZY", "-ERR…"),
                ("", "-ERR…"),
            ],
        );
    }

    #[test]
    fn deletion_waits_for_quit_and_reset_takes_it_back() {
        let maildrop = maildrop();
        let mut session = session(&maildrop);
        check(&mut session, &LOG_IN);
        check(
            &mut session,
            &[
                ("DELE 1", "+OK…"),
                ("DELE 1", "-ERR…"),
                ("RETR 1", "-ERR…"),
                ("UIDL", "+OK the listing follows\r\n2 uid-b\r\n.\r\n"),
                ("STAT", "+OK 1 22\r\n"),
                ("RSET", "+OK…"),
                ("STAT", "+OK 2 61\r\n"),
                ("DELE 2", "+OK…"),
            ],
        );
        assert_eq!(maildrop.messages().len(), 2, "nothing goes before QUIT");
        assert!(session.line(b"QUIT").hang_up);
        assert_eq!(maildrop.messages(), [Message::new("uid-a", FIRST.as_bytes())]);
    }

    #[test]
    fn a_line_cut_deletes_nothing_and_frees_the_maildrop() {
        let maildrop = maildrop();
        let mut first = session(&maildrop);
        check(&mut first, &LOG_IN);
        check(&mut first, &[("DELE 1", "+OK…")]);
        drop(first);
        check(&mut session(&maildrop), &LOG_IN);
    }

    #[test]
    fn a_second_session_is_told_that_the_maildrop_is_in_use() {
        let maildrop = maildrop();
        let (mut first, mut second) = (session(&maildrop), session(&maildrop));
        check(&mut first, &LOG_IN);
        check(&mut second, &[("USER ana", "+OK…"), ("PASS a pouch", "-ERR [IN-USE] …")]);
        check(&mut first, &[("QUIT", "+OK…")]);
        check(&mut second, &LOG_IN);
    }

    #[test]
    fn only_the_right_name_and_password_open_the_maildrop() {
        check(
            &mut session(&maildrop()),
            &[
                ("STAT", "-ERR…"),
                ("PASS a pouch", "-ERR…"),
                ("USER ana", "+OK…"),
                ("PASS wrong", "-ERR [AUTH] …"),
                ("PASS a pouch", "-ERR…"),
                ("USER bob", "+OK…"),
                ("PASS a pouch", "-ERR [AUTH] …"),
                ("AUTH CRAM-MD5", "-ERR…"),
                ("AUTH PLAIN", "+ \r\n"),
                ("*", "-ERR…"),
                ("AUTH PLAIN bm9uc2Vuc2U=", "-ERR [AUTH] …"),
                ("CAPA", "+OK…"),
                ("AUTH PLAIN", "+ \r\n"),
                ("AGFuYQBhIHBvdWNo", "+OK welcome…"),
                ("USER ana", "-ERR…"),
                ("QUIT", "+OK…"),
            ],
        );
        check(&mut session(&maildrop()), &[("AUTH plain AGFuYQBhIHBvdWNo", "+OK welcome…")]);
    }

    #[test]
    fn capabilities_are_told_before_and_after_the_log_in() {
        let mut session = session(&maildrop());
        for _ in 0..2 {
            let reply = String::from_utf8(session.line(b"CAPA").bytes).unwrap();
            for capability in ["UIDL", "TOP", "USER", "PIPELINING", "RESP-CODES", "SASL PLAIN"] {
                assert!(reply.lines().any(|line| line == capability), "{capability}");
            }
            assert!(reply.ends_with("\r\n.\r\n"));
            check(&mut session, &[("AUTH PLAIN AGFuYQBhIHBvdWNo", "…")]);
        }
    }
}
