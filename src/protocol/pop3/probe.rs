//! A conversation that only looks: greeting, capabilities, the upgrade to TLS, farewell. Nothing secret is ever sent.

use super::{Capabilities, Error, Reply};
use crate::protocol::{LineBuffer, Machine, Step};

/// Lines that the answer to CAPA may have.
const CAPA_LIMIT: usize = 1_000;

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    Greeted(Reply),
    /// What the server says it can; None: it does not know CAPA.
    Capable(Option<Capabilities>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Greeting,
    /// The answer to CAPA, its first line or a later one.
    Capa,
    Capabilities {
        lines: usize,
    },
    Stls,
    Handshake,
    Quit,
    Over,
}

/// The client's half.
pub struct Probe {
    input: LineBuffer,
    output: Vec<u8>,
    state: State,
    stls: bool,
    capabilities: Capabilities,
    sights: Vec<Sight>,
    hung_up: bool,
}

impl Probe {
    /// `stls`: look at what is said behind the upgrade, too.
    pub fn new(stls: bool) -> Self {
        Self {
            input: LineBuffer::default(),
            output: Vec::new(),
            state: State::Greeting,
            stls,
            capabilities: Capabilities::default(),
            sights: Vec::new(),
            hung_up: false,
        }
    }

    fn say(&mut self, command: &str, state: State) {
        self.output.extend_from_slice(command.as_bytes());
        self.output.extend_from_slice(b"\r\n");
        self.state = state;
    }

    fn line(&mut self, line: &[u8]) -> Result<(), Error> {
        let words = || String::from_utf8_lossy(line).chars().take(200).collect::<String>();
        if let State::Capabilities { lines } = self.state {
            if line == b"." {
                let capabilities = std::mem::take(&mut self.capabilities);
                self.capable(Some(capabilities));
            } else if lines >= CAPA_LIMIT {
                return Err(Error::ListingTooLong);
            } else {
                self.capabilities.add(line);
                self.state = State::Capabilities { lines: lines + 1 };
            }
            return Ok(());
        }
        let reply = Reply::parse(line).ok_or_else(|| match self.state {
            State::Greeting => Error::NotPop3(words()),
            _ => Error::Garbage(words()),
        })?;
        match (self.state, reply.ok) {
            (State::Greeting, false) => return Err(Error::TurnedAway(reply)),
            (State::Greeting, true) => {
                self.sights.push(Sight::Greeted(reply));
                self.say("CAPA", State::Capa);
            }
            (State::Capa, true) => self.state = State::Capabilities { lines: 0 },
            (State::Capa, false) => self.capable(None),
            (State::Stls, true) if !self.input.is_empty() => return Err(Error::Injection),
            (State::Stls, true) => self.state = State::Handshake,
            (State::Stls, false) => return Err(Error::StlsRefused(reply)),
            (State::Quit, _) => self.state = State::Over,
            (State::Capabilities { .. } | State::Handshake | State::Over, _) => return Err(Error::Unasked(words())),
        }
        Ok(())
    }

    fn capable(&mut self, capabilities: Option<Capabilities>) {
        self.sights.push(Sight::Capable(capabilities));
        if std::mem::take(&mut self.stls) {
            self.say("STLS", State::Stls);
        } else {
            self.say("QUIT", State::Quit);
        }
    }
}

impl Machine for Probe {
    type Event = Sight;
    type Error = Error;

    fn receive(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            self.hung_up = true;
        } else {
            self.input.push(bytes);
        }
    }

    fn step(&mut self) -> Result<Step<Sight>, Error> {
        loop {
            if !self.output.is_empty() {
                return Ok(Step::Write(std::mem::take(&mut self.output)));
            }
            if !self.sights.is_empty() {
                return Ok(Step::Event(self.sights.remove(0)));
            }
            match self.state {
                State::Over => return Ok(Step::Done),
                State::Handshake => return Ok(Step::StartTls),
                _ => {}
            }
            match self.input.line().map_err(|_| Error::LineTooLong)? {
                Some(line) => self.line(&line.bytes)?,
                None if !self.hung_up => return Ok(Step::Read),
                // A farewell that is not said is no loss.
                None if self.state == State::Quit => self.state = State::Over,
                None => return Err(Error::HungUp),
            }
        }
    }

    fn tls_started(&mut self) {
        self.say("CAPA", State::Capa);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said and seen, whole or one octet at a time.
    fn check(stls: bool, server: &str, said: &str, seen: usize, error: Option<Error>) {
        for piece in [usize::MAX, 1] {
            let mut probe = Probe::new(stls);
            let mut pieces = server.as_bytes().chunks(piece);
            let (mut words, mut sights, mut failed) = (String::new(), 0, None);
            loop {
                match probe.step() {
                    Ok(Step::Read) => probe.receive(pieces.next().unwrap_or_default()),
                    Ok(Step::Write(bytes)) => words.push_str(&String::from_utf8(bytes).unwrap()),
                    Ok(Step::StartTls) => probe.tls_started(),
                    Ok(Step::Reopen) => panic!("a probe never does"),
                    Ok(Step::Event(_)) => sights += 1,
                    Ok(Step::Done) => break,
                    Err(error) => {
                        failed = Some(error);
                        break;
                    }
                }
                // Behind STLS the server speaks again only when it is asked.
                if stls && words.ends_with("STLS\r\n") && piece == usize::MAX {
                    break;
                }
            }
            if !(stls && piece == usize::MAX) {
                assert_eq!((words.as_str(), sights, failed), (said, seen, error.clone()), "{server:?}");
            }
        }
    }

    #[test]
    fn a_look_says_nothing_secret() {
        check(false, "+OK hi\r\n+OK\r\nTOP\r\n.\r\n+OK\r\n", "CAPA\r\nQUIT\r\n", 2, None);
        check(false, "+OK hi\r\n-ERR what\r\n", "CAPA\r\nQUIT\r\n", 2, None);
        check(
            true,
            "+OK hi\r\n+OK\r\nSTLS\r\n.\r\n+OK\r\n+OK\r\n.\r\n+OK\r\n",
            "CAPA\r\nSTLS\r\nCAPA\r\nQUIT\r\n",
            3,
            None,
        );
    }

    #[test]
    fn what_is_no_pop3_server_is_told() {
        check(false, "220 smtp\r\n", "", 0, Some(Error::NotPop3("220 smtp".into())));
        check(false, "", "", 0, Some(Error::HungUp));
        check(false, "+OK hi\r\n", "CAPA\r\n", 1, Some(Error::HungUp));
    }
}
