//! The client's half of mail submission (RFC 6409 over RFC 5321), one message after another.
//!
//! The same contract as the POP3 session, and so the same line under it: one place for TLS, pinned certificates, silence and
//! *Stop*. A message is handed over in two steps, so that its state can be put on the disk before its first octet leaves.

use std::collections::VecDeque;

use super::sasl::{Credentials, Exchange, Login, Plain};
use super::{LineBuffer, Machine, Step};

/// Lines that one reply may have.
const REPLY_LINES_LIMIT: usize = 200;

/// Octets of an AUTH command with its line end (RFC 4954 §4).
const AUTH_LIMIT_BYTES: usize = 12_288;

/// A message to submit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mail {
    /// The envelope's sender (RFC 5321 §4.1.1.2).
    pub from: String,
    /// The envelope's recipients.
    pub recipients: Vec<String>,
    /// RFC 5322 octets with CRLF line ends.
    pub octets: Vec<u8>,
}

/// The server's answer: its code and its words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    pub code: u16,
    /// All lines, joined with blanks; not fit for the screen before they are sanitised.
    pub text: String,
}

impl Reply {
    /// Refused for good (5yz), not just for now (4yz).
    pub fn is_permanent(&self) -> bool {
        self.code >= 500
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Signed in, where the server wants that; ready for [`Submission::submit`] or [`Submission::quit`].
    Ready,
    /// All recipients are accepted: after [`Submission::proceed`] the octets leave, and from then on only the server knows.
    Recipients,
    /// The message is the server's responsibility now.
    Accepted(Reply),
    /// The message was not taken. `recipient` is the one that it was refused for, if it was for one.
    Refused { recipient: Option<String>, reply: Reply },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("the greeting is not SMTP: {0}")]
    NotSmtp(String),
    #[error("the server turned the connection away: {}", .0.text)]
    TurnedAway(Reply),
    #[error("the server does not offer STARTTLS")]
    NoStartTls,
    #[error("the server refused STARTTLS: {}", .0.text)]
    StartTlsRefused(Reply),
    #[error("the server sent something before the TLS handshake that would count as said under its protection")]
    Injection,
    #[error("a user name or password with a line break or NUL cannot be sent")]
    Unspeakable,
    #[error("the server offers no way to sign in that is known here: {0}")]
    NoMechanism(String),
    #[error("the server refused to sign in: {}", .0.text)]
    SignInRefused(Reply),
    #[error("the server hung up")]
    HungUp,
    #[error("the server's answer is not SMTP: {0}")]
    Garbage(String),
    #[error("the server sent an answer without end")]
    AnswerTooLong,
}

/// Where the conversation stands: what the next reply answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Greeting,
    Ehlo,
    Helo,
    StartTls,
    Handshake,
    Auth,
    /// Nothing is under way.
    Idle,
    MailFrom,
    Rcpt(usize),
    /// Every recipient is accepted; waiting to be told to proceed.
    Holding,
    Data,
    Content,
    Rset,
    Quit,
    Over,
}

/// The client's half of a session.
pub struct Submission {
    credentials: Credentials,
    exchange: Option<Exchange>,
    starttls_wanted: bool,
    state: State,
    input: LineBuffer,
    output: Vec<u8>,
    events: VecDeque<Event>,
    /// Lines of the reply that is coming in.
    reply: Vec<String>,
    extensions: Vec<String>,
    mail: Mail,
    hung_up: bool,
}

impl Submission {
    /// `starttls`: upgrade first, or fail.
    pub fn new(credentials: Credentials, starttls: bool) -> Self {
        Self {
            credentials,
            exchange: None,
            starttls_wanted: starttls,
            state: State::Greeting,
            input: LineBuffer::default(),
            output: Vec::new(),
            events: VecDeque::new(),
            reply: Vec::new(),
            extensions: Vec::new(),
            mail: Mail::default(),
            hung_up: false,
        }
    }

    /// Begins a message; only after [`Event::Ready`], [`Event::Accepted`] or [`Event::Refused`].
    pub fn submit(&mut self, mail: Mail) {
        let mut line = format!("MAIL FROM:<{}>", mail.from);
        if self.offers("SIZE") {
            line.push_str(&format!(" SIZE={}", mail.octets.len()));
        }
        if !mail.octets.is_ascii() && self.offers("8BITMIME") {
            line.push_str(" BODY=8BITMIME");
        }
        let international = !mail.from.is_ascii() || mail.recipients.iter().any(|recipient| !recipient.is_ascii());
        if international && self.offers("SMTPUTF8") {
            line.push_str(" SMTPUTF8");
        }
        // An address is data: one that would end the line could say a command of its own.
        let forged = std::iter::once(&mail.from)
            .chain(&mail.recipients)
            .any(|address| address.contains(['\r', '\n', '<', '>', '\0']));
        if forged || mail.recipients.is_empty() {
            let text =
                "not sent: an address holds characters that no address can have, or there is no recipient".into();
            self.events.push_back(Event::Refused { recipient: None, reply: Reply { code: 553, text } });
            return;
        }
        self.mail = mail;
        self.say(&line, State::MailFrom);
    }

    /// Lets the octets go; only after [`Event::Recipients`].
    pub fn proceed(&mut self) {
        self.say("DATA", State::Data);
    }

    /// Ends the session.
    pub fn quit(&mut self) {
        self.say("QUIT", State::Quit);
    }

    /// Whether octets of a message have left whose fate the server has not told.
    pub fn is_uncertain(&self) -> bool {
        self.state == State::Content
    }

    fn say(&mut self, line: &str, state: State) {
        self.say_octets(line.as_bytes(), state);
    }

    fn say_octets(&mut self, line: &[u8], state: State) {
        self.output.extend_from_slice(line);
        self.output.extend_from_slice(b"\r\n");
        self.state = state;
    }

    fn offers(&self, extension: &str) -> bool {
        self.extensions.iter().any(|line| line.split(' ').next() == Some(extension))
    }

    /// Takes in a line; the reply, when it is whole.
    fn line(&mut self, line: &[u8]) -> Result<Option<Reply>, Error> {
        let text = String::from_utf8_lossy(line).into_owned();
        let garbage = || {
            let words = text.chars().take(200).collect();
            if self.state == State::Greeting { Error::NotSmtp(words) } else { Error::Garbage(words) }
        };
        let code: u16 = text.get(..3).and_then(|digits| digits.parse().ok()).ok_or_else(garbage)?;
        let more = match text.as_bytes().get(3) {
            None | Some(b' ') => false,
            Some(b'-') => true,
            Some(_) => return Err(garbage()),
        };
        if self.reply.len() >= REPLY_LINES_LIMIT {
            return Err(Error::AnswerTooLong);
        }
        self.reply.push(text.get(4..).unwrap_or_default().trim().to_owned());
        if more {
            return Ok(None);
        }
        if self.state == State::Ehlo && code == 250 {
            self.extensions = self.reply.iter().skip(1).map(|line| line.to_ascii_uppercase()).collect();
        }
        Ok(Some(Reply { code, text: std::mem::take(&mut self.reply).join(" ") }))
    }

    /// What each reply leads to.
    fn answer(&mut self, reply: Reply) -> Result<(), Error> {
        let good = (200..400).contains(&reply.code);
        match (self.state, good) {
            (State::Greeting, true) => self.hello(),
            (State::Greeting, false) => return Err(Error::TurnedAway(reply)),
            (State::Ehlo, false) => self.say("HELO [127.0.0.1]", State::Helo),
            (State::Ehlo | State::Helo, true) => self.greeted()?,
            (State::Helo, false) => return Err(Error::TurnedAway(reply)),
            (State::StartTls, true) if self.input.is_empty() => self.state = State::Handshake,
            (State::StartTls, true) => return Err(Error::Injection),
            (State::StartTls, false) => return Err(Error::StartTlsRefused(reply)),
            (State::Auth, true) if reply.code == 334 => self.challenged(&reply)?,
            (State::Auth, true) => self.ready(),
            (State::Auth, false) => return Err(Error::SignInRefused(reply)),
            (State::MailFrom, true) => self.recipient(0),
            (State::Rcpt(index), true) => self.recipient(index + 1),
            (State::Rcpt(index), false) => self.refused(self.mail.recipients.get(index).cloned(), reply),
            (State::Data, true) => self.content(),
            (State::MailFrom | State::Data | State::Content, false) => self.refused(None, reply),
            (State::Content, true) => {
                self.state = State::Idle;
                self.events.push_back(Event::Accepted(reply));
            }
            (State::Rset, _) => self.state = State::Idle,
            (State::Quit, _) => self.state = State::Over,
            (State::Idle | State::Holding | State::Handshake | State::Over, _) => {
                return Err(Error::Garbage(reply.text));
            }
        }
        Ok(())
    }

    /// An address literal instead of this machine's name, which is nobody's business.
    fn hello(&mut self) {
        self.say("EHLO [127.0.0.1]", State::Ehlo);
    }

    fn greeted(&mut self) -> Result<(), Error> {
        if self.starttls_wanted {
            if !self.offers("STARTTLS") {
                return Err(Error::NoStartTls);
            }
            self.say("STARTTLS", State::StartTls);
            return Ok(());
        }
        let mechanisms: Vec<&str> = self
            .extensions
            .iter()
            .filter_map(|line| line.strip_prefix("AUTH "))
            .flat_map(str::split_whitespace)
            .collect();
        if mechanisms.is_empty() || self.credentials.user.is_empty() {
            // A relay that trusts this machine asks nobody to sign in; one that does not will say so at MAIL.
            self.ready();
        } else if !self.credentials.speakable() {
            return Err(Error::Unspeakable);
        } else if mechanisms.contains(&"PLAIN") {
            self.authenticate(Exchange::new(Plain::new(&self.credentials)));
        } else if mechanisms.contains(&"LOGIN") {
            self.authenticate(Exchange::new(Login::new(&self.credentials)));
        } else {
            return Err(Error::NoMechanism(mechanisms.join(" ")));
        }
        Ok(())
    }

    /// RFC 4954.
    fn authenticate(&mut self, mut exchange: Exchange) {
        let line = exchange.begin(AUTH_LIMIT_BYTES);
        self.say_octets(&line, State::Auth);
        self.exchange = Some(exchange);
    }

    fn challenged(&mut self, reply: &Reply) -> Result<(), Error> {
        let Some(exchange) = &mut self.exchange else { return Err(Error::Garbage(reply.text.clone())) };
        if exchange.failure().is_some() {
            // It was cancelled, and still the server asks.
            return Err(Error::Garbage(reply.text.clone()));
        }
        let response = exchange.respond(reply.text.as_bytes());
        self.say_octets(&response, State::Auth);
        Ok(())
    }

    fn ready(&mut self) {
        self.state = State::Idle;
        self.credentials = Credentials::default();
        self.exchange = None;
        self.events.push_back(Event::Ready);
    }

    fn recipient(&mut self, index: usize) {
        match self.mail.recipients.get(index) {
            Some(recipient) => {
                let line = format!("RCPT TO:<{recipient}>");
                self.say(&line, State::Rcpt(index));
            }
            None => {
                self.state = State::Holding;
                self.events.push_back(Event::Recipients);
            }
        }
    }

    fn refused(&mut self, recipient: Option<String>, reply: Reply) {
        self.say("RSET", State::Rset);
        self.events.push_back(Event::Refused { recipient, reply });
    }

    fn content(&mut self) {
        let octets = std::mem::take(&mut self.mail.octets);
        stuff(&octets, &mut self.output);
        self.state = State::Content;
    }
}

/// Dot-stuffs a message and ends it (RFC 5321 §4.5.2). Line ends become CRLF whatever they were, so that nothing in the
/// message can be taken for its end by one server and not by the next.
fn stuff(octets: &[u8], out: &mut Vec<u8>) {
    let body = octets.strip_suffix(b"\n").unwrap_or(octets);
    for line in body.split(|&b| b == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.first() == Some(&b'.') {
            out.push(b'.');
        }
        out.extend(line.iter().filter(|&&b| b != b'\r'));
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
}

impl Machine for Submission {
    type Event = Event;
    type Error = Error;

    fn receive(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            self.hung_up = true;
        } else {
            self.input.push(bytes);
        }
    }

    fn step(&mut self) -> Result<Step<Event>, Error> {
        loop {
            if !self.output.is_empty() {
                return Ok(Step::Write(std::mem::take(&mut self.output)));
            }
            // A refusal is told only after RSET is answered, so that what follows begins on clean ground.
            if self.state != State::Rset
                && let Some(event) = self.events.pop_front()
            {
                return Ok(Step::Event(event));
            }
            match self.state {
                State::Over => return Ok(Step::Done),
                State::Handshake => return Ok(Step::StartTls),
                _ => {}
            }
            match self.input.line().map_err(|_| Error::AnswerTooLong)? {
                Some(line) => {
                    if let Some(reply) = self.line(&line.bytes)? {
                        self.answer(reply)?;
                    }
                }
                None if !self.hung_up => return Ok(Step::Read),
                None if self.state == State::Quit => self.state = State::Over,
                None if self.state == State::Rset => self.state = State::Idle,
                None => return Err(Error::HungUp),
            }
        }
    }

    fn tls_started(&mut self) {
        self.starttls_wanted = false;
        self.extensions.clear();
        self.hello();
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn mail(octets: &str) -> Mail {
        Mail {
            from: "ana@example.org".into(),
            recipients: vec!["b@example.org".into(), "c@example.org".into()],
            octets: octets.into(),
        }
    }

    /// Submits one message, proceeds when asked, quits after; what was said, what happened, how it ended.
    fn play(server: &str, piece: usize, starttls: bool) -> (String, Vec<Event>, Option<Error>) {
        let credentials = Credentials { user: "ana".into(), password: Zeroizing::new("pw".into()) };
        let mut session = Submission::new(credentials, starttls);
        let (mut said, mut events) = (String::new(), Vec::new());
        let mut pieces = server.as_bytes().chunks(piece);
        loop {
            match session.step() {
                Ok(Step::Read) => session.receive(pieces.next().unwrap_or_default()),
                Ok(Step::Write(bytes)) => said.push_str(&String::from_utf8(bytes).unwrap()),
                Ok(Step::StartTls) => session.tls_started(),
                Ok(Step::Reopen) => panic!("submission never does"),
                Ok(Step::Done) => return (said, events, None),
                Err(error) => return (said, events, Some(error)),
                Ok(Step::Event(event)) => {
                    match event {
                        Event::Ready => session.submit(mail("Subject: x\r\n\r\n.\r\n..dots\r\n")),
                        Event::Recipients => session.proceed(),
                        Event::Accepted(_) | Event::Refused { .. } => session.quit(),
                    }
                    events.push(event);
                }
            }
        }
    }

    fn check(server: &str, starttls: bool) -> (String, Vec<Event>, Option<Error>) {
        let whole = play(server, usize::MAX, starttls);
        if whole.2 != Some(Error::Injection) {
            assert_eq!(play(server, 1, starttls), whole, "octet by octet");
        }
        whole
    }

    const HELLO: &str = "220 hi\r\n250-host\r\n250-SIZE 1000\r\n250 AUTH LOGIN PLAIN\r\n235 in\r\n";

    #[test]
    fn a_message_is_submitted_dot_stuffed() {
        let (said, events, error) =
            check(&format!("{HELLO}250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n221 bye\r\n"), false);
        assert_eq!(error, None);
        assert_eq!(
            said,
            "EHLO [127.0.0.1]\r\nAUTH PLAIN AGFuYQBwdw==\r\nMAIL FROM:<ana@example.org> SIZE=25\r\nRCPT TO:<b@example.org>\r\nRCPT TO:<c@example.org>\r\nDATA\r\nSubject: x\r\n\r\n..\r\n...dots\r\n.\r\nQUIT\r\n"
        );
        assert_eq!(
            events,
            [Event::Ready, Event::Recipients, Event::Accepted(Reply { code: 250, text: "queued".into() })]
        );
    }

    #[test]
    fn a_refusal_brings_the_servers_words_and_leaves_the_session_usable() {
        let reply = |code, text: &str| Reply { code, text: text.into() };
        let cases = [
            ("550 no relay\r\n250 reset\r\n221 bye\r\n", None, reply(550, "no relay")),
            (
                "250 ok\r\n250 ok\r\n550-5.1.1 who\r\n550 is that?\r\n250 reset\r\n221 bye\r\n",
                Some("c@example.org"),
                reply(550, "5.1.1 who is that?"),
            ),
            (
                "250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n451 later\r\n250 reset\r\n221 bye\r\n",
                None,
                reply(451, "later"),
            ),
        ];
        for (answers, recipient, reply) in cases {
            let (said, events, error) = check(&format!("{HELLO}{answers}"), false);
            assert_eq!(error, None, "{answers}");
            assert_eq!(events.last(), Some(&Event::Refused { recipient: recipient.map(str::to_owned), reply }));
            assert!(said.ends_with("RSET\r\nQUIT\r\n"), "{said}");
        }
    }

    #[test]
    fn a_connection_lost_after_the_final_dot_is_an_error_not_a_success() {
        let (_, events, error) = check(&format!("{HELLO}250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n"), false);
        assert_eq!(error, Some(Error::HungUp));
        assert!(!events.iter().any(|event| matches!(event, Event::Accepted(_))));
    }

    #[test]
    fn starttls_is_had_or_nothing_secret_is_sent() {
        let offered = "220 hi\r\n250-host\r\n250 STARTTLS\r\n";
        let cases = [
            (HELLO.to_owned(), Error::NoStartTls),
            (format!("{offered}454 no\r\n"), Error::StartTlsRefused(Reply { code: 454, text: "no".into() })),
            (format!("{offered}220 go\r\n250 forged\r\n"), Error::Injection),
        ];
        for (server, expected) in cases {
            let (said, _, error) = check(&server, true);
            assert_eq!(error, Some(expected));
            assert!(!said.contains("AUTH"), "{said}");
        }
    }

    #[test]
    fn what_is_not_smtp_is_named() {
        for (server, expected) in [("+OK pop\r\n", Error::NotSmtp("+OK pop".into())), ("", Error::HungUp)] {
            assert_eq!(check(server, false).2, Some(expected));
        }
        let refused = Error::SignInRefused(Reply { code: 535, text: "wrong".into() });
        assert_eq!(check("220 hi\r\n250-h\r\n250 AUTH PLAIN\r\n535 wrong\r\n", false).2, Some(refused));
    }

    #[test]
    fn sign_in_step_by_step_where_only_that_is_offered() {
        let (said, events, _) =
            check("220 hi\r\n250-h\r\n250 AUTH LOGIN\r\n334 VXNlcg==\r\n334 UGFzcw==\r\n235 in\r\n", false);
        assert!(said.starts_with("EHLO [127.0.0.1]\r\nAUTH LOGIN\r\nYW5h\r\ncHc=\r\n"), "{said}");
        assert_eq!(events.first(), Some(&Event::Ready));
    }

    #[test]
    fn no_address_can_say_a_command_of_its_own() {
        let mut session = Submission::new(Credentials::default(), false);
        session.submit(Mail { recipients: vec!["x@y>\r\nDATA".into()], ..mail("x") });
        assert!(matches!(session.events.front(), Some(Event::Refused { reply: Reply { code: 553, .. }, .. })));
        assert!(session.output.is_empty());
    }

    #[test]
    fn nothing_in_a_message_can_end_it() {
        for (octets, wire) in [
            ("a\n.\nb", "a\r\n..\r\nb\r\n.\r\n"),
            ("a\r.\r\n", "a.\r\n.\r\n"),
            ("", "\r\n.\r\n"),
            ("a\r\n\r\n", "a\r\n\r\n.\r\n"),
        ] {
            let mut out = Vec::new();
            stuff(octets.as_bytes(), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), wire);
        }
    }
}
