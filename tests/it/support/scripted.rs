//! A POP3 server that does what a script says: well-behaved (RFC 1939) but for the rules it is given, and it writes down
//! everything it is told.

use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use super::pki::{self, Kind};
pub use super::wire::Cut;
use super::wire::Line;
use super::{Incoming, PASSWORD, USER, scram};

/// One misbehaviour: what to do instead of obeying a command.
#[derive(Clone, Debug)]
pub struct Rule {
    /// `greeting`, `connect`, or the beginning of a command: `RETR`, `RETR 3`, `PASS`.
    pub on: &'static str,
    /// How many times; then the server obeys again.
    pub times: usize,
    pub act: Act,
}

#[derive(Clone, Debug)]
pub enum Act {
    /// These octets, and on with the conversation.
    Say(Vec<u8>),
    /// These octets, then the line goes dead in good order.
    SayAndHangUp(Vec<u8>),
    HangUp,
    /// Nothing, ever; the line stays up.
    Silence,
    /// These octets again and again, until the client has had enough.
    Endless(Vec<u8>),
}

#[derive(Clone, Debug)]
pub struct Script {
    /// What CAPA lists.
    pub capabilities: Vec<&'static str>,
    pub rules: Vec<Rule>,
    /// For the next session only.
    pub cut: Option<Cut>,
    /// The certificate for STLS or TLS; None: neither.
    pub certificate: Option<Kind>,
    /// TLS from the first octet.
    pub implicit_tls: bool,
    /// A session shows only so many messages, and none that an earlier one has given away.
    pub batch: Option<usize>,
    /// What becomes of commands that come before the one before them was answered; None: they are obeyed.
    pub ahead: Option<Ahead>,
    /// For the next session only.
    pub halt: Option<Halt>,
}

/// A step of the session at which the server falls silent, and tells the test so.
#[derive(Clone, Debug)]
pub struct Halt {
    /// The how-manieth command of the session; 0: its greeting.
    pub step: usize,
    /// The command was heard and is not obeyed, or it was obeyed and answered.
    pub answered: bool,
    /// Hears the command.
    pub told: Sender<String>,
}

/// What a server does that announces PIPELINING and cannot do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ahead {
    /// They are never read.
    Dropped,
    /// The line goes dead.
    HangsUp,
}

impl Default for Script {
    fn default() -> Self {
        let capabilities = vec!["USER", "UIDL", "TOP", "PIPELINING", "RESP-CODES"];
        Self {
            capabilities,
            rules: Vec::new(),
            cut: None,
            certificate: None,
            implicit_tls: false,
            batch: None,
            halt: None,
            ahead: None,
        }
    }
}

impl Script {
    /// A server that obeys but for this.
    pub fn but(on: &'static str, act: Act) -> Self {
        Self::default().and(on, usize::MAX, act)
    }

    pub fn and(mut self, on: &'static str, times: usize, act: Act) -> Self {
        self.rules.push(Rule { on, times, act });
        self
    }
}

/// A message in the maildrop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    pub uid: Vec<u8>,
    pub raw: Vec<u8>,
}

#[derive(Debug, Default)]
struct State {
    script: Script,
    maildrop: Vec<Mail>,
    /// Unique-ids of what was retrieved.
    given: Vec<Vec<u8>>,
    /// Everything the clients said, one list a session.
    sessions: Vec<Vec<String>>,
    /// What the server said in the last session: how many lines, how many octets.
    said: (usize, usize),
}

pub struct Pop3Server {
    port: u16,
    state: Arc<Mutex<State>>,
    over: Arc<AtomicBool>,
}

impl Pop3Server {
    /// With these messages under the unique-ids `uid-1`, `uid-2`, …
    pub fn start(script: Script, messages: &[Vec<u8>]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State { script, ..State::default() }));
        let server = Self { port, state, over: Arc::default() };
        server.fill(messages);
        let (state, over) = (Arc::clone(&server.state), Arc::clone(&server.over));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                let (state, over) = (Arc::clone(&state), Arc::clone(&over));
                thread::spawn(move || serve(stream, &state, &over));
            }
        });
        server
    }

    pub fn incoming(&self) -> Incoming {
        Incoming::plain(self.port)
    }

    pub fn incoming_with(&self, security: &'static str) -> Incoming {
        Incoming { host: "localhost".into(), security, ca_file: Some(pki::authority()), ..self.incoming() }
    }

    /// Another script from the next connection on.
    pub fn follow(&self, script: Script) {
        self.state().script = script;
    }

    /// Exchanges the maildrop.
    pub fn fill(&self, messages: &[Vec<u8>]) {
        let numbered = messages.iter().enumerate();
        let mail = numbered.map(|(i, raw)| Mail { uid: format!("uid-{}", i + 1).into(), raw: raw.clone() });
        self.state().maildrop = mail.collect();
    }

    /// Exchanges the unique-ids, in the order of the messages.
    pub fn rename(&self, uids: &[&[u8]]) {
        self.state().maildrop.iter_mut().zip(uids).for_each(|(mail, uid)| mail.uid = uid.to_vec());
    }

    pub fn maildrop(&self) -> Vec<Vec<u8>> {
        self.state().maildrop.iter().map(|mail| mail.raw.clone()).collect()
    }

    /// Everything that was said to it, one list a session.
    pub fn sessions(&self) -> Vec<Vec<String>> {
        self.state().sessions.clone()
    }

    /// How often a command that begins so was given, over all sessions.
    pub fn count(&self, command: &str) -> usize {
        self.sessions().iter().flatten().filter(|line| line.to_ascii_uppercase().starts_with(command)).count()
    }

    /// Whether the password, as it is or in base 64, came over the line in the clear.
    pub fn heard_password(&self) -> bool {
        self.count("PASS") > 0
            || self.count("AUTH ") > 0
            || self.sessions().iter().flatten().any(|l| l.contains(PASSWORD))
    }

    /// Lines and octets of the last session.
    pub fn said(&self) -> (usize, usize) {
        self.state().said
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl Drop for Pop3Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _wakes_the_listener = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn serve(stream: TcpStream, state: &Mutex<State>, over: &AtomicBool) {
    let (mut script, mail, number) = {
        let mut state = state.lock().unwrap();
        let script = state.script.clone();
        (state.script.cut, state.script.halt) = (None, None);
        state.sessions.push(Vec::new());
        let mut mail = state.maildrop.clone();
        if let Some(batch) = script.batch {
            mail.retain(|mail| !state.given.contains(&mail.uid));
            mail.truncate(batch);
        }
        (script, mail, state.sessions.len() - 1)
    };
    let mut line = Line::new(stream, script.cut.take(), over);
    let mut session = Session { script, deleted: vec![false; mail.len()], mail, state, number, user: String::new() };
    let _ended_one_way_or_another = session.run(&mut line);
    state.lock().unwrap().said = line.said;
    line.hang_up();
}

struct Session<'a> {
    script: Script,
    mail: Vec<Mail>,
    deleted: Vec<bool>,
    state: &'a Mutex<State>,
    number: usize,
    user: String,
}

impl Session<'_> {
    fn run(&mut self, line: &mut Line) -> io::Result<()> {
        self.obey(line, "connect", |_, _| Ok(()))?;
        if self.script.implicit_tls {
            line.start_tls(self.script.certificate.unwrap_or(Kind::Good))?;
        }
        self.step(line, 0, "greeting", |_, line| line.say(b"+OK at your service\r\n"))?;
        for number in 1.. {
            let command = line.read_line()?;
            if self.script.ahead.is_some() && line.drop_unread() && self.script.ahead == Some(Ahead::HangsUp) {
                return Ok(());
            }
            self.state.lock().unwrap().sessions[self.number].push(command.clone());
            self.step(line, number, &command, |session, line| session.answer(line, &command))?;
            if command.to_ascii_uppercase().starts_with("QUIT") {
                break;
            }
        }
        Ok(())
    }

    /// Obeys, and falls silent before or after that if this is the step to do so.
    fn step(
        &mut self,
        line: &mut Line,
        number: usize,
        command: &str,
        honest: impl FnOnce(&mut Self, &mut Line) -> io::Result<()>,
    ) -> io::Result<()> {
        let halt = self.script.halt.clone().filter(|halt| halt.step == number);
        if halt.as_ref().is_none_or(|halt| halt.answered) {
            self.obey(line, command, honest)?;
        }
        let Some(halt) = halt else { return Ok(()) };
        halt.told.send(command.to_owned()).expect("a test that waits for this step");
        line.wait_for_the_end()
    }

    /// Does what a rule says, or else what is right.
    fn obey(
        &mut self,
        line: &mut Line,
        command: &str,
        honest: impl FnOnce(&mut Self, &mut Line) -> io::Result<()>,
    ) -> io::Result<()> {
        let upper = command.to_ascii_uppercase();
        let hits = |rule: &&mut Rule| {
            let on = rule.on.to_ascii_uppercase();
            rule.times > 0 && (upper == on || upper.starts_with(&format!("{on} ")))
        };
        let Some(rule) = self.script.rules.iter_mut().find(hits) else { return honest(self, line) };
        rule.times = rule.times.saturating_sub(1);
        match rule.act.clone() {
            Act::Say(octets) => line.say(&octets),
            Act::SayAndHangUp(octets) => line.say(&octets).and(Err(io::ErrorKind::ConnectionAborted.into())),
            Act::HangUp => Err(io::ErrorKind::ConnectionAborted.into()),
            Act::Silence => line.wait_for_the_end(),
            Act::Endless(octets) => loop {
                line.say(&octets)?;
            },
        }
    }

    /// RFC 1939, RFC 2449 (CAPA), RFC 2595 (STLS), RFC 5034 (AUTH).
    fn answer(&mut self, line: &mut Line, command: &str) -> io::Result<()> {
        let (verb, argument) = command.split_once(' ').unwrap_or((command, ""));
        match verb.to_ascii_uppercase().as_str() {
            "CAPA" => line.say(format!("+OK\r\n{}\r\n.\r\n", self.script.capabilities.join("\r\n")).as_bytes()),
            "STLS" => {
                line.say(b"+OK begin\r\n")?;
                line.start_tls(self.script.certificate.unwrap_or(Kind::Good))
            }
            "USER" => {
                self.user = argument.to_owned();
                line.say(b"+OK\r\n")
            }
            "PASS" => self.admit(line, argument == PASSWORD && self.user == USER),
            "AUTH" if argument.to_ascii_uppercase().starts_with("SCRAM-SHA-256") => {
                let bound = self.script.certificate.map(pki::end_point);
                let right = scram::exchange(line, argument, bound.as_deref())?;
                self.admit(line, right)
            }
            "AUTH" => self.sasl_plain(line, argument),
            "STAT" => {
                let (count, octets) = self.here().fold((0, 0), |(n, sum), i| (n + 1, sum + self.mail[i].raw.len()));
                line.say(format!("+OK {count} {octets}\r\n").as_bytes())
            }
            "LIST" | "UIDL" if !argument.is_empty() => self.with_number(argument, line, |session, line, i| {
                let mut reply = b"+OK ".to_vec();
                reply.extend(session.scan(verb, i));
                line.say(&reply)
            }),
            "LIST" | "UIDL" => {
                let mut reply = b"+OK\r\n".to_vec();
                self.here().for_each(|i| reply.extend(self.scan(verb, i)));
                reply.extend_from_slice(b".\r\n");
                line.say(&reply)
            }
            "RETR" => self.with_number(argument, line, |session, line, i| {
                session.state.lock().unwrap().given.push(session.mail[i].uid.clone());
                let raw = &session.mail[i].raw;
                line.say(format!("+OK {} octets\r\n", raw.len()).as_bytes())?;
                line.say(&stuffed(raw))
            }),
            "TOP" => {
                let (number, lines) = argument.split_once(' ').unwrap_or((argument, "0"));
                let lines = lines.trim().parse().unwrap_or(0);
                self.with_number(number, line, |session, line, i| {
                    line.say(b"+OK\r\n")?;
                    line.say(&stuffed(&first_lines(&session.mail[i].raw, lines)))
                })
            }
            "DELE" => self.with_number(argument, line, |session, line, i| {
                session.deleted[i] = true;
                line.say(b"+OK\r\n")
            }),
            "NOOP" => line.say(b"+OK\r\n"),
            "RSET" => {
                self.deleted.fill(false);
                line.say(b"+OK\r\n")
            }
            "QUIT" => {
                self.update();
                line.say(b"+OK bye\r\n")
            }
            _ => line.say(b"-ERR what?\r\n"),
        }
    }

    fn here(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.mail.len()).filter(|i| !self.deleted[*i])
    }

    fn scan(&self, verb: &str, i: usize) -> Vec<u8> {
        let size = self.mail[i].raw.len().to_string().into_bytes();
        let value = if verb.eq_ignore_ascii_case("UIDL") { &self.mail[i].uid } else { &size };
        [format!("{} ", i + 1).as_bytes(), value, b"\r\n"].concat()
    }

    fn with_number(
        &mut self,
        argument: &str,
        line: &mut Line,
        act: impl FnOnce(&mut Self, &mut Line, usize) -> io::Result<()>,
    ) -> io::Result<()> {
        let found = argument.trim().parse::<usize>().ok().and_then(|n| self.here().find(|i| i + 1 == n));
        match found {
            Some(i) => act(self, line, i),
            None => line.say(b"-ERR no such message\r\n"),
        }
    }

    fn sasl_plain(&mut self, line: &mut Line, argument: &str) -> io::Result<()> {
        let response = match argument.split_once(' ') {
            Some((_, initial)) => initial.to_owned(),
            None => {
                line.say(b"+ \r\n")?;
                line.read_line()?
            }
        };
        self.admit(line, base64(format!("\0{USER}\0{PASSWORD}").as_bytes()) == response)
    }

    fn admit(&mut self, line: &mut Line, right: bool) -> io::Result<()> {
        line.say(if right { b"+OK welcome\r\n" } else { b"-ERR [AUTH] no, not you\r\n" })
    }

    /// The UPDATE state: only now is anything removed.
    fn update(&mut self) {
        let gone: Vec<&Mail> =
            self.mail.iter().zip(&self.deleted).filter(|(_, gone)| **gone).map(|(mail, _)| mail).collect();
        self.state.lock().unwrap().maildrop.retain(|mail| !gone.contains(&mail));
    }
}

/// The header, the blank line, and so many lines of the body (RFC 1939 §7).
fn first_lines(raw: &[u8], lines: usize) -> Vec<u8> {
    let header = raw.windows(4).position(|end| end == b"\r\n\r\n").map_or(raw.len(), |end| end + 4);
    let body = raw[header..].split_inclusive(|&octet| octet == b'\n').take(lines);
    [&raw[..header], &body.collect::<Vec<_>>().concat()].concat()
}

/// A message as a multi-line reply: lines that begin with a dot get another, and the final dot (RFC 1939 section 3).
pub fn stuffed(raw: &[u8]) -> Vec<u8> {
    let mut reply = Vec::new();
    for line in raw.split_inclusive(|octet| *octet == b'\n') {
        if line.starts_with(b".") {
            reply.push(b'.');
        }
        reply.extend_from_slice(line);
    }
    reply.extend_from_slice(b".\r\n");
    reply
}

fn base64(octets: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |group: u32, place: u32| char::from(DIGITS[(group >> (18 - 6 * place) & 63) as usize]);
    let quantum = |chunk: &[u8]| {
        let group = (0..3).fold(0, |sum, i| sum << 8 | u32::from(chunk.get(i).copied().unwrap_or(0)));
        let digits = (0..4).map(move |place| digit(group, place));
        digits.take(chunk.len() + 1).chain(std::iter::repeat_n('=', 3 - chunk.len())).collect::<String>()
    };
    octets.chunks(3).map(quantum).collect()
}

/// The port of a server that gives its one message a line at a time with this pause after each.
pub fn slow_server(raw: &[u8], pause: Duration) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let reply = stuffed(raw);
    thread::spawn(move || -> io::Result<()> {
        let (mut stream, _) = listener.accept()?;
        let mut lines = io::BufReader::new(stream.try_clone()?);
        stream.write_all(b"+OK\r\n")?;
        loop {
            let mut command = String::new();
            if io::BufRead::read_line(&mut lines, &mut command)? == 0 {
                return Ok(());
            }
            match command.to_ascii_uppercase().split_whitespace().next().unwrap_or_default() {
                "CAPA" => stream.write_all(b"+OK\r\nUSER\r\nUIDL\r\n.\r\n")?,
                "STAT" => stream.write_all(b"+OK 1 100\r\n")?,
                "UIDL" => stream.write_all(b"+OK\r\n1 slow\r\n.\r\n")?,
                "LIST" => stream.write_all(b"+OK\r\n1 100\r\n.\r\n")?,
                "RETR" => {
                    stream.write_all(b"+OK\r\n")?;
                    for line in reply.split_inclusive(|octet| *octet == b'\n') {
                        stream.write_all(line)?;
                        thread::sleep(pause);
                    }
                }
                _ => stream.write_all(b"+OK\r\n")?,
            }
        }
    });
    port
}
