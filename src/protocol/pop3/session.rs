//! One session: AUTHORIZATION, TRANSACTION, UPDATE (RFC 1939 §4 to §6), with as many commands on their way as the server takes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::command::Command;
use super::{Capabilities, Error, Listing, MessageNumber, Reply, SignIn};
use crate::protocol::line::{Body, LINE_LIMIT_BYTES, Line};
use crate::protocol::sasl::Credentials;
use crate::protocol::{LineBuffer, Machine, Step};

mod ladder;
mod listing;
mod queue;
mod sign_in;
mod window;

use listing::Gathered;
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
    Listed(Arc<Listing>),
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
    /// Of these one that was sent ahead was answered, and no two answers ran together.
    pipelining_works: bool,
    /// When a command was sent there lay octets that nobody had asked for.
    unasked: bool,
    queue: Queue,
    events: VecDeque<Event>,
    capabilities: Capabilities,
    state: State,
    security: Security,
    /// STLS was asked for.
    stls: bool,
    signing: Signing,
    reading: Reading,
    gathered: Gathered,
    /// Tells the announced size of each message, for the limit on its octets.
    listing: Arc<Listing>,
    quit_wanted: bool,
    /// The answer to QUIT is not waited for.
    leaves_at_once: bool,
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
    Body(Incoming),
}

/// A message as it comes in.
struct Incoming {
    number: MessageNumber,
    body: Body,
    /// Octets that came.
    bytes: u64,
    limit: u64,
    /// Octets that it was announced with; 0: unknown, or only a part of it was asked for.
    announced: u64,
    /// Its first octets were looked at: they are no status line said again.
    begun: bool,
    /// So many octets of [`NEXT_ANSWER`] were found where the next answer would begin if this one had no end.
    next_answer: usize,
}

/// What stands where one answer has no end and the next begins: the last octet of this one, and a status indicator.
const NEXT_ANSWER: &[u8; 4] = b"\n+OK";

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
            pipelining_works: false,
            unasked: false,
            queue: Queue::default(),
            events: VecDeque::new(),
            capabilities: Capabilities::default(),
            state: State::Greeting,
            security: Security::wanted(stls),
            stls,
            signing: Signing::default(),
            reading: Reading::Status,
            gathered: Gathered::default(),
            listing: Arc::default(),
            quit_wanted: false,
            leaves_at_once: false,
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

    /// Does not ask for the server's capabilities: for one that hung up when it was asked. To be called before the first step.
    pub fn without_capabilities(&mut self) {
        self.signing.without_capa = true;
    }

    /// Whether several commands have been on their way at once and nothing shows yet that the server can do that. If such a session
    /// broke, the server may announce PIPELINING and be unable to do it.
    pub fn doubts_pipelining(&self) -> bool {
        self.pipelined && !self.pipelining_works
    }

    /// Whether a command that was sent ahead was answered as it should.
    pub fn pipelining_works(&self) -> bool {
        self.pipelining_works
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
        // What lies there now was said before this was asked: taken as its answer, it would make all that follows answer the
        // wrong question.
        self.unasked |= self.is_answered() && !self.input.is_empty();
        self.sent.push_back(command);
        self.window.sent(self.announced(command));
        self.pipelined |= self.sent.len() > 1;
    }

    /// Octets that the answer to a command will have, as far as LIST told.
    fn announced(&self, command: Command) -> u64 {
        match command {
            Command::Retr(number) => self.listing.size_of(number),
            _ => 0,
        }
    }

    /// Takes the server at its word, or not (RFC 2449 §6.6).
    fn heed_capabilities(&mut self) {
        self.window.set_pipelining(self.capabilities.pipelining && !self.one_at_a_time);
    }

    /// Fills the window from the queue, and says QUIT when there is nothing else to say.
    fn pump(&mut self) {
        if self.state != State::Transaction || !(self.is_answered() || self.window.pipelining()) {
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
        let may_follow = self.is_answered() || self.window.pipelining();
        if self.quit_wanted && may_follow && self.queue.is_empty() {
            self.quit_wanted = false;
            self.send(Command::Quit);
            if self.leaves_at_once {
                self.state = State::Over;
            }
        }
    }

    /// Reads on from what has come. False: more octets are needed.
    fn read(&mut self) -> Result<bool, Error> {
        if let Reading::Body(_) = self.reading {
            return self.read_body();
        }
        let Some(line) = self.input.line().map_err(|_| Error::LineTooLong)? else { return Ok(false) };
        match self.reading {
            Reading::Status => self.status(&line)?,
            Reading::Capabilities { lines } => self.capability_line(&line.bytes, lines)?,
            Reading::Uidl { lines } => self.uidl_line(&line.bytes, lines)?,
            Reading::List { lines } => self.list_line(&line.bytes, lines)?,
            Reading::Body(_) => {}
        }
        Ok(true)
    }

    fn read_body(&mut self) -> Result<bool, Error> {
        let Reading::Body(incoming) = &mut self.reading else { return Ok(false) };
        if !incoming.begun {
            match said_twice(self.input.rest()) {
                Said::Once => incoming.begun = true,
                Said::Twice => {
                    // The status line again, from a server that says it twice: no header begins like this.
                    self.input.line().map_err(|_| Error::LineTooLong)?;
                    incoming.begun = true;
                    return Ok(true);
                }
                Said::Unclear => return Ok(false),
            }
        }
        let mut chunk = Vec::with_capacity(self.input.len());
        let (number, done) = (incoming.number, self.input.body(&mut incoming.body, &mut chunk));
        if incoming.runs_into_next(&chunk) && !self.sent.is_empty() {
            self.pipelining_works = false;
            return Err(Error::RanTogether(number.0));
        }
        incoming.bytes += chunk.len() as u64;
        if incoming.bytes > incoming.limit {
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
        Ok(progress)
    }

    fn status(&mut self, line: &Line) -> Result<(), Error> {
        let words = || shortened(&line.bytes);
        if self.state == State::Greeting {
            return self.greeting(Reply::parse(&line.bytes).ok_or_else(|| Error::NotPop3(words()))?);
        }
        if self.challenged(&line.bytes)? {
            return Ok(());
        }
        let Some(command) = self.sent.pop_front() else { return Err(Error::Unasked(words())) };
        self.window.replied(self.announced(command));
        self.pipelining_works |= self.window.answered_ahead();
        let reply = Reply::parse(&line.bytes).ok_or_else(|| Error::Garbage(words()))?;
        self.answer(command, reply, line.bare_lf)
    }

    /// Whether nothing is on its way, in either direction.
    fn is_answered(&self) -> bool {
        self.sent.is_empty() && matches!(self.reading, Reading::Status)
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
            (Command::Uidl, false) => self.gathered.uidl_refused = Some(reply),
            (Command::List, true) => self.reading = Reading::List { lines: 0 },
            (Command::List, false) => {
                self.gathered.list_refused = Some(reply);
                self.listed()?;
            }
            (Command::Retr(number) | Command::Top(number, _), true) => {
                self.events.push_back(Event::Message(number));
                let (limit, announced) = (self.limit(number), self.announced(command));
                self.reading = Reading::Body(Incoming {
                    number,
                    body: Body::new(lf_server),
                    bytes: 0,
                    limit,
                    announced,
                    begun: false,
                    next_answer: 0,
                });
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
        let announced = self.listing.size_of(number);
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
            if !self.output.is_empty() && !self.unasked {
                return Ok(Step::Write(std::mem::take(&mut self.output)));
            }
            if let Some(event) = self.events.pop_front() {
                return Ok(Step::Event(event));
            }
            if self.unasked {
                let words = self.input.rest().split(|&octet| octet == b'\n').next().unwrap_or_default();
                return Err(Error::Unasked(shortened(words)));
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

impl Incoming {
    /// Whether the octets that come next have the next answer where this one should have ended.
    fn runs_into_next(&mut self, chunk: &[u8]) -> bool {
        if self.announced == 0 || self.bytes > self.announced + NEXT_ANSWER.len() as u64 {
            return false;
        }
        for (octet, at) in NEXT_ANSWER.iter().zip(self.announced - 1..) {
            let index = at.checked_sub(self.bytes).and_then(|index| usize::try_from(index).ok());
            self.next_answer += usize::from(index.and_then(|index| chunk.get(index)) == Some(octet));
        }
        self.next_answer == NEXT_ANSWER.len()
    }
}

/// Whether a message begins with the status line again.
enum Said {
    Once,
    Twice,
    /// More octets are needed to tell.
    Unclear,
}

fn said_twice(octets: &[u8]) -> Said {
    let status = b"+OK";
    if !octets.iter().zip(status).all(|(octet, expected)| octet == expected) {
        return Said::Once;
    }
    match octets.split_inclusive(|&octet| octet == b'\n').next() {
        Some(line) if line.contains(&b':') || line.len() > LINE_LIMIT_BYTES => Said::Once,
        Some(line) if line.ends_with(b"\n") => Said::Twice,
        _ => Said::Unclear,
    }
}

fn shortened(words: &[u8]) -> String {
    String::from_utf8_lossy(words).trim_end().chars().take(200).collect()
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod sign_in_tests;
#[cfg(test)]
mod tests;
