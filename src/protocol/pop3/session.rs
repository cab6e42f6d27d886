//! One session: AUTHORIZATION, TRANSACTION, UPDATE (RFC 1939 §4 to §6), with as many commands on their way as the server takes.

use std::collections::VecDeque;

use super::command::Command;
use super::{Capabilities, Error, MessageNumber, Reply};
use crate::protocol::line::{Body, Line};
use crate::protocol::{LineBuffer, Machine, Step};

mod listing;
mod sign_in;

use listing::Gathered;
pub use listing::{Listing, ScanLine};
pub use sign_in::Credentials;

/// RETR and DELE commands on their way at once, where the server announces PIPELINING. Enough to fill a line of 20 ms at
/// 25,000 messages a second; every octet that comes back is read at once, so that no server's buffer can jam.
const WINDOW: usize = 512;

/// Octets of one message beyond which the server is taken to have lost its senses, whatever size it announced.
pub const MESSAGE_LIMIT_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// Octets that a message may be longer than twice what was announced. Announced sizes are estimates on some servers.
const MESSAGE_SLACK_BYTES: u64 = 64 * 1024 * 1024;

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

    /// Asks for the header and so many lines of the body (RFC 1939 §7), which come as [`Self::retrieve`]'s octets do. Servers that
    /// send the whole message instead exist.
    pub fn top(&mut self, number: MessageNumber, lines: u32) {
        self.queue.push_back(Command::Top(number, lines));
    }

    /// Withdraws the messages that were asked for and not requested from the server yet.
    pub fn withdraw(&mut self) -> Vec<MessageNumber> {
        let mut withdrawn = Vec::new();
        self.queue.retain(|command| match command {
            Command::Retr(number) | Command::Top(number, _) => {
                withdrawn.push(*number);
                false
            }
            _ => true,
        });
        withdrawn
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
            (Command::Retr(number) | Command::Top(number, _), true) => {
                self.events.push_back(Event::Message(number));
                self.reading =
                    Reading::Body { number, body: Body::new(lf_server), bytes: 0, limit: self.limit(number) };
            }
            (Command::Retr(number) | Command::Top(number, _), false) => {
                self.events.push_back(Event::MessageRefused(number, reply))
            }
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

#[cfg(test)]
mod tests;
