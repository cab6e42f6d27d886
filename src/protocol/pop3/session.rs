//! One session: AUTHORIZATION, TRANSACTION, UPDATE (RFC 1939 §4 to §6), with as many commands on their way as the server takes.

use std::collections::VecDeque;
use std::time::Duration;

use super::command::Command;
use super::{Capabilities, Error, MessageNumber, Reply, SignIn};
use crate::protocol::line::{Body, Line};
use crate::protocol::sasl::Credentials;
use crate::protocol::{LineBuffer, Machine, Step};

mod ladder;
mod listing;
mod queue;
mod sign_in;
mod window;

use listing::Gathered;
pub use listing::{Listing, ScanLine};
use queue::Queue;
pub use sign_in::SignedIn;
use sign_in::Signing;
use window::Window;

/// Octets of one message beyond which the server is taken to have lost its senses, whatever size it announced.
pub const MESSAGE_LIMIT_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// Octets that a message may be longer than twice what was announced. Announced sizes are estimates on some servers.
const MESSAGE_SLACK_BYTES: u64 = 64 * 1024 * 1024;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The server said hello, in these words; nothing secret was sent yet.
    Greeted(String),
    SignedIn(SignedIn),
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
    /// The answer to RSET. True: nothing is marked as deleted any more.
    Reset {
        confirmed: bool,
    },
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
    /// How many may be on their way.
    window: Window,
    /// Not even where the server announces it.
    one_at_a_time: bool,
    /// Several commands have been on their way at once.
    pipelined: bool,
    queue: Queue,
    events: VecDeque<Event>,
    capabilities: Capabilities,
    state: State,
    security: Security,
    /// STLS was asked for.
    stls: bool,
    signing: Signing,
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
    /// The handshake was made; nothing was said since.
    Secured,
    Transaction,
    /// A fresh connection is wanted.
    Reopening,
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Security {
    /// As it is: TLS already, or not wanted.
    Settled,
    StlsWanted,
}

impl Security {
    fn wanted(stls: bool) -> Self {
        if stls { Self::StlsWanted } else { Self::Settled }
    }
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
            window: Window::new(),
            one_at_a_time: false,
            pipelined: false,
            queue: Queue::default(),
            events: VecDeque::new(),
            capabilities: Capabilities::default(),
            state: State::Greeting,
            security: Security::wanted(stls),
            stls,
            signing: Signing::default(),
            reading: Reading::Status,
            listing: Gathered::default(),
            sizes: Vec::new(),
            quit_wanted: false,
            hung_up: false,
        }
    }

    /// How to sign in; to be called before the first step. Without it, the best of what the server offers, but for SCRAM.
    #[must_use]
    pub fn signing_in(mut self, how: SignIn) -> Self {
        self.signing.how = how;
        self
    }

    /// Sends no command before the last one is answered, whatever the server announces: for one that broke when it was
    /// taken at its word (see [`Self::pipelined`]). To be called before the first step.
    pub fn one_at_a_time(&mut self) {
        self.one_at_a_time = true;
    }

    /// Whether several commands have been on their way at once. If such a session ended in an error of the protocol, or the
    /// server hung up or fell silent, it may be because the server announces PIPELINING but cannot do it.
    pub fn pipelined(&self) -> bool {
        self.pipelined
    }

    /// The shortest from a command to its reply that was seen on this connection; None: none was answered yet.
    pub fn round_trip(&self) -> Option<Duration> {
        self.window.round_trip()
    }

    fn send(&mut self, command: Command) {
        command.encode(&self.credentials, &mut self.output);
        self.under_way(command);
    }

    /// Sends a command in these words.
    fn say(&mut self, command: Command, line: &[u8]) {
        self.output.extend_from_slice(line);
        self.output.extend_from_slice(b"\r\n");
        self.under_way(command);
    }

    fn under_way(&mut self, command: Command) {
        self.sent.push_back(command);
        self.window.sent(self.announced(command));
        self.pipelined |= self.sent.len() > 1;
    }

    /// Octets that the answer to a command will have, as far as LIST told.
    fn announced(&self, command: Command) -> u64 {
        match command {
            Command::Retr(number) => self.size(number),
            _ => 0,
        }
    }

    /// Takes the server at its word, or not (RFC 2449 §6.6).
    fn heed_capabilities(&mut self) {
        self.window.set_pipelining(self.capabilities.pipelining && !self.one_at_a_time);
    }

    /// Fills the window from the queue, and says QUIT when there is nothing else to say.
    fn pump(&mut self) {
        if self.state != State::Transaction {
            return;
        }
        while self.window.has_room()
            && let Some(command) = self.queue.pop()
        {
            // Only where it costs no round trip: what LIST names is what counts.
            if command != Command::Stat || self.window.pipelining() {
                self.send(command);
            }
        }
        let may_follow = self.sent.is_empty() || self.window.pipelining();
        if self.quit_wanted && may_follow && self.queue.is_empty() {
            self.quit_wanted = false;
            self.send(Command::Quit);
        }
    }

    /// Reads on from what has come. False: more octets are needed.
    fn read(&mut self) -> Result<bool, Error> {
        if let Reading::Body { number, body, bytes, limit } = &mut self.reading {
            let mut chunk = Vec::with_capacity(self.input.len());
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
        if self.challenged(&line.bytes)? {
            return Ok(());
        }
        let Some(command) = self.sent.pop_front() else { return Err(Error::Unasked(words())) };
        self.window.replied(self.announced(command));
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
            (Command::User, true) if self.sent.front() == Some(&Command::Pass) => {}
            (Command::User, true) => self.pass(),
            (Command::Pass | Command::Auth | Command::Apop, true) => self.admitted(command)?,
            (Command::User | Command::Pass | Command::Auth | Command::Apop, false) => self.refused(command, reply)?,
            // Where nothing was sent after it, signing in has waited for it.
            (Command::Utf8, _) if self.sent.is_empty() => self.attempt()?,
            // Refused or not: what it is about comes all the same.
            (Command::Utf8 | Command::Lang, _) => {}
            (Command::Noop, _) => {}
            (Command::Rset, confirmed) => self.events.push_back(Event::Reset { confirmed }),
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
        self.size(number).saturating_mul(2).saturating_add(MESSAGE_SLACK_BYTES).min(MESSAGE_LIMIT_BYTES)
    }

    /// As announced; 0 where it was not.
    fn size(&self, number: MessageNumber) -> u64 {
        let index = usize::try_from(number.0).unwrap_or(usize::MAX).saturating_sub(1);
        self.sizes.get(index).copied().unwrap_or(0)
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
            _ => self.hung_up_early(),
        }
    }

    /// Ready for a connection on which nothing was said yet.
    fn forget_line(&mut self) {
        self.input = LineBuffer::default();
        self.output.clear();
        self.sent.clear();
        self.window = Window::new();
        self.capabilities = Capabilities::default();
        self.security = Security::wanted(self.stls);
        self.reading = Reading::Status;
        self.state = State::Greeting;
        self.hung_up = false;
    }
}

impl Machine for Session {
    type Event = Event;
    type Error = Error;

    fn clock(&mut self, open_for: Duration) {
        self.window.clock(open_for);
    }

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
                State::Secured => {
                    self.state = State::Authorization;
                    self.ask_for_capabilities()?;
                    continue;
                }
                State::Reopening => {
                    self.begin_again();
                    return Ok(Step::Reopen);
                }
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

    fn protected(&mut self, end_point: Option<Vec<u8>>) {
        self.signing.protected = true;
        self.signing.end_point = end_point;
    }

    fn tls_started(&mut self) {
        self.state = State::Secured;
        self.security = Security::Settled;
        self.signing.protected = true;
        // What was said before the handshake is forgotten (RFC 2595 §4).
        self.capabilities = Capabilities::default();
    }
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod sign_in_tests;
#[cfg(test)]
mod tests;
