//! A submission server's side of one session (RFC 5321, RFC 6409, RFC 4954): a line in, a reply out, no socket.

use super::maildrop::Maildrop;
use super::sasl::{Credentials, decode};
use super::{Reply, Session};

/// Largest message taken: what most providers take.
const MESSAGE_BYTES: usize = 25 * 1024 * 1024;
/// Most recipients of one message; RFC 5321 §4.5.3.1.8 asks for at least this many.
const RECIPIENTS: usize = 100;
/// Mail to this domain is refused, so that a person can see what a refusal looks like.
const REFUSED_DOMAIN: &str = "refused.example";

/// One session, from the greeting to QUIT.
pub struct Smtp {
    maildrop: Maildrop,
    credentials: Credentials,
    /// The address whose mail goes into the maildrop; what is sent to any other is taken and goes nowhere.
    address: String,
    authenticated: bool,
    state: State,
}

/// What the next line is.
#[derive(Default)]
enum State {
    /// A command outside a mail transaction.
    #[default]
    Command,
    /// The PLAIN message, or the name, or the password that belongs to this name.
    Plain,
    LoginUser,
    LoginPassword(Vec<u8>),
    /// A command inside one.
    Transaction(Envelope),
    /// A line of the message. None: it is too large already, and its rest is read past.
    Data(Envelope, Option<Vec<u8>>),
}

#[derive(Default)]
struct Envelope {
    from: String,
    to: Vec<String>,
}

impl Smtp {
    pub fn new(maildrop: Maildrop, credentials: Credentials, address: impl Into<String>) -> Self {
        Self { maildrop, credentials, address: address.into(), authenticated: false, state: State::Command }
    }

    fn command(&mut self, line: &[u8], envelope: Option<Envelope>) -> Reply {
        let line = String::from_utf8_lossy(line);
        let (verb, argument) = line.split_once(' ').unwrap_or((&line, ""));
        let argument = argument.trim();
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => ehlo(),
            "HELO" => say("250 localhost"),
            "RSET" => say("250 2.0.0 Forgotten"),
            "QUIT" => say("221 2.0.0 Good-bye").and_hang_up(),
            "AUTH" if envelope.is_none() => self.auth(argument),
            "MAIL" if envelope.is_none() => self.mail(argument),
            "AUTH" | "MAIL" => self.go_on(envelope, "503 5.5.1 Not inside a mail transaction"),
            "RCPT" => self.rcpt(argument, envelope),
            "DATA" => self.data(envelope),
            "NOOP" => self.go_on(envelope, "250 2.0.0 Still here"),
            "VRFY" => self.go_on(envelope, "252 2.5.0 Try it and see"),
            _ => self.go_on(envelope, "500 5.5.2 Unknown command"),
        }
    }

    /// Answers, and leaves the mail transaction as it is.
    fn go_on(&mut self, envelope: Option<Envelope>, words: &str) -> Reply {
        self.state = envelope.map_or(State::Command, State::Transaction);
        say(words)
    }

    fn auth(&mut self, argument: &str) -> Reply {
        if self.authenticated {
            return say("503 5.5.1 You are logged in");
        }
        let (mechanism, response) = argument.split_once(' ').unwrap_or((argument, ""));
        match (mechanism.to_ascii_uppercase().as_str(), response) {
            ("PLAIN", "") => self.challenge(State::Plain, "334 "),
            ("PLAIN", response) => self.log_in(self.credentials.are_in_plain(response.as_bytes())),
            ("LOGIN", "") => self.challenge(State::LoginUser, "334 VXNlcm5hbWU6"),
            ("LOGIN", user) => self.login_user(user.as_bytes()),
            _ => say("504 5.5.4 Only PLAIN and LOGIN are known here"),
        }
    }

    fn challenge(&mut self, state: State, words: &str) -> Reply {
        self.state = state;
        say(words)
    }

    fn login_user(&mut self, encoded: &[u8]) -> Reply {
        match decode(encoded) {
            Some(user) => self.challenge(State::LoginPassword(user), "334 UGFzc3dvcmQ6"),
            None => say("501 5.5.2 That is not base64"),
        }
    }

    fn log_in(&mut self, right: bool) -> Reply {
        self.authenticated = right;
        match right {
            true => say("235 2.7.0 Welcome"),
            false => say("535 5.7.8 That is not the name and password of this demonstration"),
        }
    }

    fn mail(&mut self, argument: &str) -> Reply {
        if !self.authenticated {
            return say("530 5.7.0 Log in first");
        }
        let Some((from, parameters)) = path(argument, "FROM:") else {
            return say("501 5.5.4 Say MAIL FROM:<address>");
        };
        for parameter in parameters.split_ascii_whitespace() {
            let (keyword, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            match keyword.to_ascii_uppercase().as_str() {
                "SIZE" if value.parse::<usize>().is_ok_and(|size| size > MESSAGE_BYTES) => return too_large(),
                "SIZE" | "BODY" | "SMTPUTF8" | "AUTH" => {}
                _ => return say("555 5.5.4 That parameter is not known here"),
            }
        }
        self.go_on(Some(Envelope { from: from.to_owned(), to: Vec::new() }), "250 2.1.0 And to whom?")
    }

    fn rcpt(&mut self, argument: &str, envelope: Option<Envelope>) -> Reply {
        let Some(mut envelope) = envelope else { return say("503 5.5.1 MAIL comes first") };
        let words = match path(argument, "TO:") {
            None | Some(("", _)) => "501 5.5.4 Say RCPT TO:<address>".to_owned(),
            Some((to, _)) if is_refused(to) => format!("550 5.1.1 <{to}>: nobody of that name lives here"),
            Some(_) if envelope.to.len() >= RECIPIENTS => "452 4.5.3 Too many recipients".to_owned(),
            Some((to, _)) => {
                envelope.to.push(to.to_owned());
                "250 2.1.5 Good".to_owned()
            }
        };
        self.go_on(Some(envelope), &words)
    }

    fn data(&mut self, envelope: Option<Envelope>) -> Reply {
        match envelope {
            Some(envelope) if !envelope.to.is_empty() => {
                self.challenge(State::Data(envelope, Some(Vec::new())), "354 Go on; a dot alone ends it")
            }
            Some(envelope) => self.go_on(Some(envelope), "503 5.5.1 RCPT comes first"),
            None => say("503 5.5.1 MAIL comes first"),
        }
    }

    fn data_line(&mut self, line: &[u8], envelope: Envelope, message: Option<Vec<u8>>) -> Reply {
        if line == b"." {
            return message.map_or_else(too_large, |message| self.take(&envelope, &message));
        }
        let unstuffed = line.strip_prefix(b".").unwrap_or(line);
        let message = message.filter(|message| message.len() + unstuffed.len() <= MESSAGE_BYTES).map(|mut message| {
            message.extend_from_slice(unstuffed);
            message.extend_from_slice(b"\r\n");
            message
        });
        self.state = State::Data(envelope, message);
        Reply::text("")
    }

    /// The message is ours now: into the maildrop if it is for the person of the demonstration, else nowhere.
    fn take(&mut self, envelope: &Envelope, message: &[u8]) -> Reply {
        if !envelope.to.iter().any(|to| to.eq_ignore_ascii_case(&self.address)) {
            return say("250 2.0.0 Taken; this demonstration sends nothing out into the world");
        }
        let now = jiff::Zoned::now().strftime("%a, %d %b %Y %H:%M:%S %z").to_string();
        let trace = format!(
            "Return-Path: <{}>\r\nReceived: from localhost by malote.example with ESMTPA;\r\n\t{now}\r\n",
            envelope.from
        );
        self.maildrop.deliver(&[trace.as_bytes(), message].concat());
        say("250 2.0.0 Taken; it is in your maildrop")
    }
}

impl Session for Smtp {
    fn greeting(&self) -> Vec<u8> {
        b"220 localhost ESMTP Malote's demonstration\r\n".to_vec()
    }

    fn line(&mut self, line: &[u8]) -> Reply {
        match std::mem::take(&mut self.state) {
            State::Command => self.command(line, None),
            State::Transaction(envelope) => self.command(line, Some(envelope)),
            State::Data(envelope, message) => self.data_line(line, envelope, message),
            State::Plain | State::LoginUser | State::LoginPassword(_) if line == b"*" => say("501 5.7.0 Given up"),
            State::Plain => self.log_in(self.credentials.are_in_plain(line)),
            State::LoginUser => self.login_user(line),
            State::LoginPassword(user) => {
                self.log_in(decode(line).is_some_and(|password| self.credentials.are(&user, &password)))
            }
        }
    }
}

fn say(words: &str) -> Reply {
    Reply::text(&format!("{words}\r\n"))
}

fn ehlo() -> Reply {
    Reply::text(&format!(
        "250-localhost\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-SIZE {MESSAGE_BYTES}\r\n\
         250-ENHANCEDSTATUSCODES\r\n250 AUTH PLAIN LOGIN\r\n"
    ))
}

fn too_large() -> Reply {
    say("552 5.3.4 The message is too large")
}

fn is_refused(address: &str) -> bool {
    address.rsplit_once('@').is_some_and(|(_, domain)| domain.eq_ignore_ascii_case(REFUSED_DOMAIN))
}

/// The address of `FROM:<address> parameters` or `TO:<…>`, which may be empty, and the parameters.
fn path<'a>(argument: &'a str, keyword: &str) -> Option<(&'a str, &'a str)> {
    let (found, rest) = argument.split_at_checked(keyword.len())?;
    if !found.eq_ignore_ascii_case(keyword) {
        return None;
    }
    rest.trim_start().strip_prefix('<')?.split_once('>')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(maildrop: &Maildrop) -> Smtp {
        let credentials = Credentials { user: "ana".into(), password: "a pouch".into() };
        Smtp::new(maildrop.clone(), credentials, "ana@malote.example")
    }

    /// Plays a conversation: what the client says, and how the server's answer begins.
    fn check(session: &mut Smtp, conversation: &[(&str, &str)]) {
        for (says, answer) in conversation {
            let reply = String::from_utf8(session.line(says.as_bytes()).bytes).unwrap();
            assert!(reply.starts_with(answer), "{says}: {reply}");
            assert!(reply.is_empty() == answer.is_empty(), "{says}: {reply}");
        }
    }

    const LOG_IN: [(&str, &str); 2] = [("EHLO pouch", "250-localhost"), ("AUTH PLAIN AGFuYQBhIHBvdWNo", "235 ")];

    #[test]
    fn a_message_to_oneself_arrives_in_the_maildrop_byte_for_byte() {
        let maildrop = Maildrop::default();
        let mut session = session(&maildrop);
        check(&mut session, &LOG_IN);
        check(
            &mut session,
            &[
                ("MAIL FROM:<ana@malote.example> SIZE=44 BODY=8BITMIME", "250 "),
                ("RCPT TO:<Ana@Malote.example>", "250 "),
                ("DATA", "354 "),
                ("Subject: dots", ""),
                ("", ""),
                ("..", ""),
                ("..two", ""),
                ("QUIT\nbare", ""),
                (".", "250 "),
                ("QUIT", "221 "),
            ],
        );
        let arrived = maildrop.messages();
        assert_eq!(arrived.len(), 1);
        let raw = String::from_utf8(arrived[0].raw.to_vec()).unwrap();
        assert!(raw.starts_with("Return-Path: <ana@malote.example>\r\nReceived: from localhost"), "{raw}");
        assert!(raw.ends_with("\r\nSubject: dots\r\n\r\n.\r\n.two\r\nQUIT\nbare\r\n"), "{raw}");
    }

    #[test]
    fn mail_to_others_is_taken_and_goes_nowhere() {
        let maildrop = Maildrop::default();
        let mut session = session(&maildrop);
        check(&mut session, &LOG_IN);
        check(
            &mut session,
            &[
                ("mail from:<>", "250 "),
                ("rcpt to:<someone@example.org>", "250 "),
                ("data", "354 "),
                (".", "250 2.0.0 "),
                ("MAIL FROM:<ana@malote.example>", "250 "),
            ],
        );
        assert_eq!(maildrop.messages(), []);
    }

    #[test]
    fn a_refused_recipient_is_refused_and_the_others_are_not() {
        let mut session = session(&Maildrop::default());
        check(&mut session, &LOG_IN);
        check(
            &mut session,
            &[
                ("MAIL FROM:<ana@malote.example>", "250 "),
                ("RCPT TO:<anyone@Refused.example>", "550 5.1.1 <anyone@Refused.example>"),
                ("DATA", "503 "),
                ("RCPT TO:<someone@example.org>", "250 "),
                ("DATA", "354 "),
                (".", "250 "),
            ],
        );
    }

    #[test]
    fn nothing_is_sent_before_the_log_in() {
        check(
            &mut session(&Maildrop::default()),
            &[
                ("MAIL FROM:<ana@malote.example>", "530 "),
                ("RCPT TO:<ana@malote.example>", "503 "),
                ("DATA", "503 "),
                ("AUTH CRAM-MD5", "504 "),
                ("AUTH PLAIN bm9uc2Vuc2U=", "535 5.7.8 "),
                ("AUTH PLAIN", "334 "),
                ("*", "501 "),
                ("AUTH LOGIN", "334 VXNlcm5hbWU6"),
                ("YW5h", "334 UGFzc3dvcmQ6"),
                ("d3Jvbmc=", "535 "),
                ("AUTH LOGIN YW5h", "334 UGFzc3dvcmQ6"),
                ("YSBwb3VjaA==", "235 "),
                ("AUTH LOGIN", "503 "),
            ],
        );
    }

    #[test]
    fn commands_out_of_their_order_or_shape_are_refused_and_change_nothing() {
        let mut session = session(&Maildrop::default());
        check(&mut session, &LOG_IN);
        check(
            &mut session,
            &[
                ("MAIL ana@malote.example", "501 "),
                ("MAIL FROM:<ana@malote.example> SIZE=99999999999", "552 "),
                ("MAIL FROM:<ana@malote.example> WINGS=2", "555 "),
                ("MAIL FROM:<ana@malote.example>", "250 "),
                ("MAIL FROM:<ana@malote.example>", "503 "),
                ("RCPT TO:someone", "501 "),
                ("RCPT TO:<>", "501 "),
                ("XYZZY", "500 "),
                ("NOOP", "250 "),
                ("RCPT TO:<someone@example.org>", "250 "),
                ("RSET", "250 "),
                ("RCPT TO:<someone@example.org>", "503 "),
            ],
        );
    }

    #[test]
    fn a_message_beyond_the_limit_is_read_to_its_end_and_refused() {
        let maildrop = Maildrop::default();
        let mut session = session(&maildrop);
        check(&mut session, &LOG_IN);
        check(&mut session, &[("MAIL FROM:<>", "250 "), ("RCPT TO:<ana@malote.example>", "250 "), ("DATA", "354 ")]);
        let line = vec![b'x'; 1024 * 1024];
        for _ in 0..26 {
            assert_eq!(session.line(&line).bytes, b"");
        }
        check(&mut session, &[(".", "552 5.3.4"), ("NOOP", "250 ")]);
        assert_eq!(maildrop.messages(), []);
    }
}
