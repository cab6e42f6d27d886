//! Who we are, by SASL (RFC 4422): challenges in, responses out, the same for every protocol that carries them in base64.

mod cram_md5;
mod login;
mod oauth;
mod plain;
mod scram;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

pub use cram_md5::CramMd5;
pub use login::Login;
pub use oauth::{OauthBearer, Xoauth2};
pub use plain::{External, Plain};
pub use scram::{Binding, Hash, Scram};

/// Octets among which the secret may be.
pub type Octets = Zeroizing<Vec<u8>>;

/// Who signs in.
#[derive(Clone, Default)]
pub struct Credentials {
    pub user: String,
    /// The password; for OAuth the access token.
    pub password: Zeroizing<String>,
}

impl Credentials {
    /// Whether they can be said in a line without ending it.
    pub(in crate::protocol) fn speakable(&self) -> bool {
        !self.user.is_empty() && [&self.user, &*self.password].iter().all(|text| !text.contains(['\r', '\n', '\0']))
    }

    /// The password in ISO 8859-1, where it has characters beyond ASCII and can be written so: what servers from before UTF-8
    /// compare with.
    pub(in crate::protocol) fn latin1(&self) -> Option<Octets> {
        if self.password.is_ascii() {
            return None;
        }
        let octets: Option<Vec<u8>> = self.password.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
        octets.map(Zeroizing::new)
    }
}

/// One exchange by one mechanism, from the client's side.
pub trait Mechanism: Send {
    /// Its registered name.
    fn name(&self) -> &'static str;

    /// What the client says before the server has said anything. None: the server speaks first.
    fn initial(&mut self) -> Option<Octets>;

    /// The response to a challenge.
    ///
    /// # Errors
    /// The exchange is to be cancelled.
    fn respond(&mut self, challenge: &[u8]) -> Result<Octets, Error>;

    /// The server says that we are signed in.
    ///
    /// # Errors
    /// [`Error::ServerNotProven`]: it has not shown what it must know.
    fn succeeded(&self) -> Result<(), Error> {
        Ok(())
    }
}

/// Why an exchange cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("the server's challenge makes no sense")]
    Malformed,
    #[error("the server asks for a password hashed too few or too many times")]
    Iterations,
    /// The server claims to accept a password that it does not know: it is not the server.
    #[error("the server could not prove that it knows the password")]
    ServerNotProven,
    #[error("the server gave up: it found the proof wrong")]
    Refused,
}

/// Octets of a challenge or response, before base64. RFC 5034 §4 allows 12,288 octets of base64.
const CHALLENGE_LIMIT_BYTES: usize = 9_216;

/// A mechanism as lines: `AUTH name [initial]`, then a response in base64 for each challenge.
pub struct Exchange {
    mechanism: Box<dyn Mechanism>,
    /// The client speaks first and has not spoken yet.
    initial_due: bool,
    failure: Option<Error>,
}

impl Exchange {
    pub fn new(mechanism: impl Mechanism + 'static) -> Self {
        Self { mechanism: Box::new(mechanism), initial_due: false, failure: None }
    }

    /// The line that begins it, without its end. What the client says first goes with it where the whole line with its CRLF
    /// has no more than `limit` octets; otherwise the server asks for it with an empty challenge (RFC 5034 §4).
    pub fn begin(&mut self, limit: usize) -> Octets {
        let mut line = Zeroizing::new(format!("AUTH {}", self.mechanism.name()).into_bytes());
        let Some(initial) = self.mechanism.initial() else { return line };
        let encoded = encode(&initial);
        // An empty initial response is written as `=`.
        let encoded: &[u8] = if encoded.is_empty() { b"=" } else { &encoded };
        if line.len() + 1 + encoded.len() + 2 <= limit {
            line.push(b' ');
            line.extend_from_slice(encoded);
        } else {
            self.initial_due = true;
        }
        line
    }

    /// The response to a challenge in base64, without the line's end: base64, or `*`, which cancels the exchange. The server
    /// then refuses, and [`Self::failure`] says why.
    pub fn respond(&mut self, challenge: &[u8]) -> Octets {
        match self.response(challenge) {
            Ok(response) => encode(&response),
            Err(error) => {
                // What was found wrong first is the reason.
                self.failure.get_or_insert(error);
                Zeroizing::new(b"*".to_vec())
            }
        }
    }

    fn response(&mut self, challenge: &[u8]) -> Result<Octets, Error> {
        if self.failure.is_some() {
            return Err(Error::Malformed);
        }
        if std::mem::take(&mut self.initial_due) {
            // Whatever the server says to invite it.
            return self.mechanism.initial().ok_or(Error::Malformed);
        }
        let challenge = decode(challenge.trim_ascii()).ok_or(Error::Malformed)?;
        self.mechanism.respond(&challenge)
    }

    /// The server says that we are signed in.
    ///
    /// # Errors
    /// [`Error::ServerNotProven`]: it is not to be believed.
    pub fn succeeded(&self) -> Result<(), Error> {
        self.mechanism.succeeded()
    }

    /// Why the exchange was cancelled.
    pub fn failure(&self) -> Option<Error> {
        self.failure
    }
}

fn encode(octets: &[u8]) -> Octets {
    Zeroizing::new(BASE64_STANDARD.encode(octets).into_bytes())
}

fn decode(text: &[u8]) -> Option<Vec<u8>> {
    // `=` for nothing is meant for the client's initial response; some servers say it, too.
    if text == b"=" {
        return Some(Vec::new());
    }
    BASE64_STANDARD.decode(text).ok().filter(|octets| octets.len() <= CHALLENGE_LIMIT_BYTES)
}

/// A user name where `,` and `=` have a meaning (RFC 5801 §4, RFC 5802 §5.1).
fn saslname(user: &str) -> String {
    user.replace('=', "=3D").replace(',', "=2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn credentials(user: &str, password: &str) -> Credentials {
        Credentials { user: user.into(), password: Zeroizing::new(password.into()) }
    }

    /// What is said to each challenge, after the line that begins the exchange; challenges and responses as they are, and
    /// carried in base64.
    pub(super) fn check(mechanism: impl Mechanism + 'static, begin: &str, turns: &[(&str, &str)]) -> Exchange {
        let mut exchange = Exchange::new(mechanism);
        assert_eq!(String::from_utf8_lossy(&exchange.begin(255)), begin);
        for (challenge, response) in turns {
            let said = exchange.respond(&encode(challenge.as_bytes()));
            let said = decode(&said).map_or("*".into(), |octets| String::from_utf8_lossy(&octets).into_owned());
            assert_eq!(said, *response, "after {challenge}");
        }
        exchange
    }

    #[test]
    fn an_initial_response_goes_along_where_the_line_is_no_longer_than_allowed() {
        let long = |length: usize| Plain::new(&credentials("u", &"p".repeat(length)));
        // "AUTH PLAIN " and CRLF are 13 octets, so that 242 are left, or 240 in whole groups of base64: 180 octets.
        let line = Exchange::new(long(177)).begin(255);
        assert_eq!(line.len() + 2, 253);
        let mut exchange = Exchange::new(long(178));
        assert_eq!(*exchange.begin(255), b"AUTH PLAIN");
        assert_eq!(decode(&exchange.respond(b"")).map(|octets| octets.len()), Some(181));
    }

    #[test]
    fn nonsense_in_place_of_base64_cancels_the_exchange() {
        let mut exchange = Exchange::new(CramMd5::new(&credentials("tim", "x")));
        exchange.begin(255);
        assert_eq!(*exchange.respond(b"not base64!"), b"*");
        assert_eq!(*exchange.respond(b"PGFAYj4="), b"*", "and it stays cancelled");
        assert_eq!(exchange.failure(), Some(Error::Malformed));
    }

    #[test]
    fn passwords_from_before_utf_8() {
        let cases = [("plain", None), ("pässword", Some(&b"p\xe4ssword"[..])), ("пароль", None), ("€", None)];
        for (password, octets) in cases {
            assert_eq!(credentials("u", password).latin1().as_deref().map(Vec::as_slice), octets, "{password}");
        }
    }
}
