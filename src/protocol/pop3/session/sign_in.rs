//! AUTHORIZATION (RFC 1939 §4): greeting, capabilities, the upgrade to TLS, and who we are.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use super::{Command, Event, Reading, Security, Session, State};
use crate::protocol::pop3::{Capabilities, Error, Reply};

/// Lines that the answer to CAPA may have.
pub(super) const CAPA_LIMIT: usize = 1_000;

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

impl Session {
    pub(super) fn greeting(&mut self, reply: Reply) -> Result<(), Error> {
        if !reply.ok {
            return Err(Error::TurnedAway(reply));
        }
        self.state = State::Authorization;
        self.events.push_back(Event::Greeted(reply.text));
        self.send(Command::Capa);
        Ok(())
    }

    pub(super) fn capability_line(&mut self, line: &[u8], lines: usize) -> Result<(), Error> {
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
    pub(super) fn capabilities_known(&mut self) -> Result<(), Error> {
        self.heed_capabilities();
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
            // A refused name makes the password a refused command, and the session ends with the first refusal.
            if self.window.pipelining() {
                self.send(Command::Pass);
            }
        } else if plain {
            self.send(Command::AuthPlain);
        } else {
            return Err(Error::NoMechanism(capabilities.sasl.join(" ")));
        }
        Ok(())
    }
}
