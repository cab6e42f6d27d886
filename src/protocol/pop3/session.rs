//! One session: AUTHORIZATION, TRANSACTION, UPDATE (RFC 1939 §4 to §6), with as many commands on their way as the server takes.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use super::command::Command;
use super::{Capabilities, Error, MessageNumber, Reply, Uid};
use crate::protocol::line::{Body, Line};
use crate::protocol::{LineBuffer, Machine, Step};

/// RETR and DELE commands on their way at once, where the server announces PIPELINING. Enough to fill a line of 20 ms at
/// 25,000 messages a second; every octet that comes back is read at once, so that no server's buffer can jam.
const WINDOW: usize = 512;

/// Lines that a listing may have, sense or nonsense. Ten times the fullest maildrop ever reported.
const LISTING_LIMIT: usize = 5_000_000;

/// Lines that the answer to CAPA may have.
const CAPA_LIMIT: usize = 1_000;

/// Octets of one message beyond which the server is taken to have lost its senses, whatever size it announced.
pub const MESSAGE_LIMIT_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// Octets that a message may be longer than twice what was announced. Announced sizes are estimates on some servers.
const MESSAGE_SLACK_BYTES: u64 = 64 * 1024 * 1024;

/// Who signs in.
#[derive(Clone, Default)]
pub struct Credentials {
    pub user: String,
    pub password: Zeroizing<String>,
}

impl Credentials {
    /// Initial response of SASL PLAIN (RFC 4616 §2), base64.
    pub(in crate::protocol) fn plain(&self) -> Zeroizing<String> {
        let message = Zeroizing::new(format!("\0{}\0{}", self.user, &*self.password));
        Zeroizing::new(BASE64_STANDARD.encode(message.as_bytes()))
    }

    pub(in crate::protocol) fn speakable(&self) -> bool {
        !self.user.is_empty() && [&self.user, &*self.password].iter().all(|text| !text.contains(['\r', '\n', '\0']))
    }
}

/// One message of the maildrop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanLine {
    pub number: MessageNumber,
    /// As announced by LIST; a hint. Zero where LIST did not name the message.
    pub size_bytes: u64,
    /// None: the server did not give one.
    pub uid: Option<Uid>,
}

/// What lies in the maildrop.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// By number.
    pub messages: Vec<ScanLine>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The server said hello; nothing secret was sent yet.
    Greeted,
    SignedIn(Capabilities),
    Listed(Listing),
    /// Octets of the message begin.
    Message(MessageNumber),
    /// Octets of the message, dot-stuffing undone.
    Chunk(Vec<u8>),
    /// The message is whole.
    MessageEnd(MessageNumber),
    MessageRefused(MessageNumber, Reply),
    /// Marked as deleted; removed only when QUIT is confirmed.
    Deleted(MessageNumber),
    DeleteRefused(MessageNumber, Reply),
    /// The answer to QUIT. False: the server refused or hung up, so that nobody knows whether the deletions count.
    Quit {
        confirmed: bool,
    },
}

/// The client's half of a session.
pub struct Session {
    credentials: Credentials,
    input: LineBuffer,
    output: Vec<u8>,
    /// Commands sent, oldest first: what the next replies answer.
    sent: VecDeque<Command>,
    /// RETR and DELE that wait for room in the window.
    queue: VecDeque<Command>,
    events: VecDeque<Event>,
    capabilities: Capabilities,
    state: State,
    security: Security,
    reading: Reading,
    listing: Gathered,
    /// Announced size of each message by its number less one, for the limit on its octets.
    sizes: Vec<u64>,
    quit_wanted: bool,
    hung_up: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Greeting,
    Authorization,
    /// STLS was accepted; waiting for the handshake.
    Handshake,
    Transaction,
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Security {
    /// As it is: TLS already, or not wanted.
    Settled,
    StlsWanted,
}

/// What the octets that come next are.
enum Reading {
    Status,
    Capabilities { lines: usize },
    Uidl { lines: usize },
    List { lines: usize },
    Body { number: MessageNumber, body: Body, bytes: u64, limit: u64 },
}

/// The listing as it comes in: UIDL and LIST each tell a half.
#[derive(Default)]
struct Gathered {
    sizes: Vec<(u32, u64)>,
    uids: Vec<(u32, Uid)>,
    uidl_refused: Option<Reply>,
    list_refused: Option<Reply>,
}

impl Session {
    /// A session that signs in by itself once the connection is open. `stls`: upgrade first, or fail.
    pub fn new(credentials: Credentials, stls: bool) -> Self {
        Self {
            credentials,
            input: LineBuffer::default(),
            output: Vec::new(),
            sent: VecDeque::new(),
            queue: VecDeque::new(),
            events: VecDeque::new(),
            capabilities: Capabilities::default(),
            state: State::Greeting,
            security: if stls { Security::StlsWanted } else { Security::Settled },
            reading: Reading::Status,
            listing: Gathered::default(),
            sizes: Vec::new(),
            quit_wanted: false,
            hung_up: false,
        }
    }

    /// Asks what lies in the maildrop. To be called once, after [`Event::SignedIn`].
    pub fn list(&mut self) {
        self.queue.extend([Command::Stat, Command::Uidl, Command::List]);
    }

    pub fn retrieve(&mut self, number: MessageNumber) {
        self.queue.push_back(Command::Retr(number));
    }

    /// Only for what is safely stored. Goes before the messages that wait to be retrieved: a line that breaks later finds it done.
    pub fn delete(&mut self, number: MessageNumber) {
        let deletes = self.queue.iter().take_while(|command| matches!(command, Command::Dele(_))).count();
        self.queue.insert(deletes, Command::Dele(number));
    }

    /// Ends the session once everything that was asked for is answered.
    pub fn quit(&mut self) {
        self.quit_wanted = true;
    }

    /// Whether everything that was asked for is answered.
    pub fn is_idle(&self) -> bool {
        self.sent.is_empty() && self.queue.is_empty() && self.events.is_empty()
    }

    fn send(&mut self, command: Command) {
        command.encode(&self.credentials, &mut self.output);
        self.sent.push_back(command);
    }

    /// Fills the window from the queue, and says QUIT when there is nothing else to say.
    fn pump(&mut self) {
        if self.state != State::Transaction {
            return;
        }
        let window = if self.capabilities.pipelining { WINDOW } else { 1 };
        while self.sent.len() < window
            && let Some(command) = self.queue.pop_front()
        {
            self.send(command);
        }
        if self.quit_wanted && self.sent.is_empty() && self.queue.is_empty() {
            self.quit_wanted = false;
            self.send(Command::Quit);
        }
    }

    /// Reads on from what has come. False: more octets are needed.
    fn read(&mut self) -> Result<bool, Error> {
        if let Reading::Body { number, body, bytes, limit } = &mut self.reading {
            let mut chunk = Vec::new();
            let (number, done) = (*number, self.input.body(body, &mut chunk));
            *bytes += chunk.len() as u64;
            if *bytes > *limit {
                return Err(Error::MessageTooLong(number.0));
            }
            let progress = done || !chunk.is_empty();
            if !chunk.is_empty() {
                self.events.push_back(Event::Chunk(chunk));
            }
            if done {
                self.reading = Reading::Status;
                self.events.push_back(Event::MessageEnd(number));
            }
            return Ok(progress);
        }
        let Some(line) = self.input.line().map_err(|_| Error::LineTooLong)? else { return Ok(false) };
        match self.reading {
            Reading::Status => self.status(&line)?,
            Reading::Capabilities { lines } => self.capability_line(&line.bytes, lines)?,
            Reading::Uidl { lines } => self.uidl_line(&line.bytes, lines)?,
            Reading::List { lines } => self.list_line(&line.bytes, lines)?,
            Reading::Body { .. } => {}
        }
        Ok(true)
    }

    fn status(&mut self, line: &Line) -> Result<(), Error> {
        let words = || String::from_utf8_lossy(&line.bytes).chars().take(200).collect::<String>();
        if self.state == State::Greeting {
            return self.greeting(Reply::parse(&line.bytes).ok_or_else(|| Error::NotPop3(words()))?);
        }
        let Some(command) = self.sent.pop_front() else { return Err(Error::Unasked(words())) };
        let reply = Reply::parse(&line.bytes).ok_or_else(|| Error::Garbage(words()))?;
        self.answer(command, reply, line.bare_lf)
    }

    fn greeting(&mut self, reply: Reply) -> Result<(), Error> {
        if !reply.ok {
            return Err(Error::TurnedAway(reply));
        }
        self.state = State::Authorization;
        self.events.push_back(Event::Greeted);
        self.send(Command::Capa);
        Ok(())
    }

    /// What each reply leads to.
    fn answer(&mut self, command: Command, reply: Reply, lf_server: bool) -> Result<(), Error> {
        match (command, reply.ok) {
            (Command::Capa, true) => {
                self.capabilities = Capabilities::default();
                self.reading = Reading::Capabilities { lines: 0 };
            }
            (Command::Capa, false) => self.capabilities_known()?,
            (Command::Stls, true) if self.input.is_empty() => self.state = State::Handshake,
            (Command::Stls, true) => return Err(Error::Injection),
            (Command::Stls, false) => return Err(Error::StlsRefused(reply)),
            (Command::User, true) => self.send(Command::Pass),
            (Command::Pass | Command::AuthPlain, true) => {
                self.state = State::Transaction;
                self.credentials = Credentials::default();
                // Some servers tell more after login (RFC 2449 §5).
                self.send(Command::Capa);
            }
            (Command::User | Command::Pass | Command::AuthPlain, false) => return Err(Error::SignInRefused(reply)),
            // STAT counts what LIST names; where they disagree LIST is right, for it can be acted upon.
            (Command::Stat, _) => {}
            (Command::Uidl, true) => self.reading = Reading::Uidl { lines: 0 },
            (Command::Uidl, false) => self.listing.uidl_refused = Some(reply),
            (Command::List, true) => self.reading = Reading::List { lines: 0 },
            (Command::List, false) => {
                self.listing.list_refused = Some(reply);
                self.listed()?;
            }
            (Command::Retr(number), true) => {
                self.events.push_back(Event::Message(number));
                self.reading =
                    Reading::Body { number, body: Body::new(lf_server), bytes: 0, limit: self.limit(number) };
            }
            (Command::Retr(number), false) => self.events.push_back(Event::MessageRefused(number, reply)),
            (Command::Dele(number), true) => self.events.push_back(Event::Deleted(number)),
            (Command::Dele(number), false) => self.events.push_back(Event::DeleteRefused(number, reply)),
            (Command::Quit, confirmed) => self.over(confirmed),
        }
        Ok(())
    }

    fn limit(&self, number: MessageNumber) -> u64 {
        let index = usize::try_from(number.0).unwrap_or(usize::MAX).saturating_sub(1);
        let announced = self.sizes.get(index).copied().unwrap_or(0);
        announced.saturating_mul(2).saturating_add(MESSAGE_SLACK_BYTES).min(MESSAGE_LIMIT_BYTES)
    }

    fn capability_line(&mut self, line: &[u8], lines: usize) -> Result<(), Error> {
        if line == b"." {
            self.reading = Reading::Status;
            return self.capabilities_known();
        }
        if lines >= CAPA_LIMIT {
            return Err(Error::ListingTooLong);
        }
        self.capabilities.add(line);
        self.reading = Reading::Capabilities { lines: lines + 1 };
        Ok(())
    }

    /// The capabilities lie before us: upgrade, sign in, or begin.
    fn capabilities_known(&mut self) -> Result<(), Error> {
        match (self.state, self.security) {
            (State::Transaction, _) => self.events.push_back(Event::SignedIn(self.capabilities.clone())),
            // STLS is tried without being announced when CAPA itself is unknown to the server.
            (_, Security::StlsWanted) if self.capabilities.stls || self.capabilities == Capabilities::default() => {
                self.send(Command::Stls);
            }
            (_, Security::StlsWanted) => return Err(Error::NoStls),
            (_, Security::Settled) => self.sign_in()?,
        }
        Ok(())
    }

    fn sign_in(&mut self) -> Result<(), Error> {
        if !self.credentials.speakable() {
            return Err(Error::Unspeakable);
        }
        let capabilities = &self.capabilities;
        let plain = capabilities.sasl.iter().any(|mechanism| mechanism == "PLAIN");
        if capabilities.user || capabilities.sasl.is_empty() {
            self.send(Command::User);
        } else if plain {
            self.send(Command::AuthPlain);
        } else {
            return Err(Error::NoMechanism(capabilities.sasl.join(" ")));
        }
        Ok(())
    }

    fn uidl_line(&mut self, line: &[u8], lines: usize) -> Result<(), Error> {
        if line == b"." {
            self.reading = Reading::Status;
            return Ok(());
        }
        if lines >= LISTING_LIMIT {
            return Err(Error::ListingTooLong);
        }
        self.reading = Reading::Uidl { lines: lines + 1 };
        // A line that names no message tells nothing; one without a unique-id leaves its message without one.
        if let Some((number, uid)) = number_and_rest(line)
            && !uid.is_empty()
        {
            self.listing.uids.push((number, Uid(uid.to_vec())));
        }
        Ok(())
    }

    fn list_line(&mut self, line: &[u8], lines: usize) -> Result<(), Error> {
        if line == b"." {
            self.reading = Reading::Status;
            return self.listed();
        }
        if lines >= LISTING_LIMIT {
            return Err(Error::ListingTooLong);
        }
        self.reading = Reading::List { lines: lines + 1 };
        if let Some((number, rest)) = number_and_rest(line) {
            self.listing.sizes.push((number, leading_number(rest)));
        }
        Ok(())
    }

    /// Both halves are in: joins them by number.
    fn listed(&mut self) -> Result<(), Error> {
        let Gathered { mut sizes, mut uids, uidl_refused, list_refused } = std::mem::take(&mut self.listing);
        if let (Some(_), Some(refused)) = (uidl_refused, list_refused) {
            return Err(Error::ListRefused(refused));
        }
        sizes.sort_by_key(|&(number, _)| number);
        sizes.dedup_by_key(|&mut (number, _)| number);
        uids.sort_by_key(|&(number, _)| number);
        uids.dedup_by_key(|&mut (number, _)| number);
        let messages = join(sizes, uids);
        self.sizes.clear();
        for message in &messages {
            // Numbers count from one without gaps (RFC 1939 §5); one far beyond the listing's end is a lie and gets no size.
            let index = usize::try_from(message.number.0).unwrap_or(usize::MAX).saturating_sub(1);
            if index < messages.len().saturating_mul(2).saturating_add(1000) {
                if self.sizes.len() <= index {
                    self.sizes.resize(index + 1, 0);
                }
                if let Some(size) = self.sizes.get_mut(index) {
                    *size = message.size_bytes;
                }
            }
        }
        self.events.push_back(Event::Listed(Listing { messages }));
        Ok(())
    }

    fn over(&mut self, confirmed: bool) {
        self.state = State::Over;
        self.events.push_back(Event::Quit { confirmed });
    }

    /// What a closed connection means where we stand.
    fn end_of_input(&mut self) -> Result<(), Error> {
        match self.sent.front() {
            // The last word was said: a server that hangs up instead of answering has mostly done it.
            Some(Command::Quit) => {
                self.over(false);
                Ok(())
            }
            Some(Command::Pass | Command::AuthPlain) => Err(Error::HungUpOnPassword),
            _ => Err(Error::HungUp),
        }
    }
}

impl Machine for Session {
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
            self.pump();
            if !self.output.is_empty() {
                return Ok(Step::Write(std::mem::take(&mut self.output)));
            }
            if let Some(event) = self.events.pop_front() {
                return Ok(Step::Event(event));
            }
            match self.state {
                State::Over => return Ok(Step::Done),
                State::Handshake => return Ok(Step::StartTls),
                State::Greeting | State::Authorization | State::Transaction => {}
            }
            if self.read()? {
                continue;
            }
            if !self.hung_up {
                return Ok(Step::Read);
            }
            self.end_of_input()?;
        }
    }

    fn tls_started(&mut self) {
        self.state = State::Authorization;
        self.security = Security::Settled;
        self.capabilities = Capabilities::default();
        // What was said before the handshake is forgotten (RFC 2595 §4).
        self.send(Command::Capa);
    }
}

/// `number blanks rest`: the rest without the blanks around it. None: no message number.
fn number_and_rest(line: &[u8]) -> Option<(u32, &[u8])> {
    let line = line.trim_ascii();
    let end = line.iter().position(|b| !b.is_ascii_digit()).unwrap_or(line.len());
    let (digits, rest) = line.split_at(end);
    let number: u32 = std::str::from_utf8(digits).ok()?.parse().ok().filter(|&number| number > 0)?;
    match rest.first() {
        None | Some(b' ' | b'\t') => Some((number, rest.trim_ascii())),
        Some(_) => None,
    }
}

/// The number at the start of a size field; sizes that no integer holds count as unknown.
fn leading_number(field: &[u8]) -> u64 {
    let end = field.iter().position(|b| !b.is_ascii_digit()).unwrap_or(field.len());
    field
        .get(..end)
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0)
}

/// Joins sizes and unique-ids by message number; a message that only one of them names is in the maildrop, too.
fn join(sizes: Vec<(u32, u64)>, uids: Vec<(u32, Uid)>) -> Vec<ScanLine> {
    let (mut sizes, mut uids) = (sizes.into_iter().peekable(), uids.into_iter().peekable());
    let mut messages = Vec::with_capacity(sizes.len().max(uids.len()));
    loop {
        let number = match (sizes.peek(), uids.peek()) {
            (Some(&(a, _)), Some(&(b, _))) => a.min(b),
            (Some(&(number, _)), None) | (None, Some(&(number, _))) => number,
            (None, None) => return messages,
        };
        let size_bytes = sizes.next_if(|&(n, _)| n == number).map_or(0, |(_, size)| size);
        let uid = uids.next_if(|&(n, _)| n == number).map(|(_, uid)| uid);
        messages.push(ScanLine { number: MessageNumber(number), size_bytes, uid });
    }
}

#[cfg(test)]
mod tests;
