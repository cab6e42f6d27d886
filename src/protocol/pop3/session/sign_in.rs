//! AUTHORIZATION (RFC 1939 §4): greeting, capabilities, the upgrade to TLS, and who we are.

use std::collections::VecDeque;

use super::ladder::{Circumstances, ladder};
use super::{Command, Event, Reading, Security, Session, State};
use crate::protocol::pop3::{Capabilities, Error, Method, Reply, ResponseCode, Rung, SignIn, apop};
use crate::protocol::sasl::{
    self, Binding, CramMd5, Credentials, Exchange, External, Hash, Login, OauthBearer, Plain, Scram, Xoauth2,
};

/// Lines that the answer to CAPA may have.
pub(super) const CAPA_LIMIT: usize = 1_000;

/// Octets of a command with its line end (RFC 2449 §4): a longer initial response is not sent along (RFC 5034 §4).
const COMMAND_LIMIT_BYTES: usize = 255;

/// Challenges of one exchange. The longest mechanism has two.
const CHALLENGES_LIMIT: usize = 8;

/// The maildrop is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    pub capabilities: Capabilities,
    /// What to begin with next time.
    pub worked: Rung,
    /// The server does not bear to be asked for its capabilities.
    pub hangs_up_on_capa: bool,
}

/// How signing in stands.
#[derive(Default)]
pub(super) struct Signing {
    pub how: SignIn,
    /// Attempts that were not made yet.
    ladder: VecDeque<Rung>,
    climbed: bool,
    /// The attempt under way; in the end the one that worked.
    rung: Option<Rung>,
    exchange: Option<Exchange>,
    challenges: usize,
    /// What APOP answers.
    stamp: Option<String>,
    pub protected: bool,
    /// `tls-server-end-point` (RFC 5929 §4.1).
    pub end_point: Option<Vec<u8>>,
    /// The last attempt that was refused without a reason.
    refusal: Option<Reply>,
    /// The server hung up on UTF8 or LANG before.
    without_utf8: bool,
    /// The connection is a second one.
    reopened: bool,
    /// The server hung up on CAPA before.
    pub without_capa: bool,
}

impl Session {
    pub(super) fn greeting(&mut self, reply: Reply) -> Result<(), Error> {
        if !reply.ok {
            return Err(Error::TurnedAway(reply));
        }
        self.state = State::Authorization;
        self.signing.stamp = apop::stamp(&reply.text);
        self.events.push_back(Event::Greeted(reply.text));
        self.ask_for_capabilities()
    }

    pub(super) fn ask_for_capabilities(&mut self) -> Result<(), Error> {
        if self.signing.without_capa {
            return self.capabilities_known();
        }
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
            (State::Transaction, _) => {
                let worked = self.signing.rung.unwrap_or(Rung { method: Method::User, latin1: false });
                let capabilities = self.capabilities.clone();
                let hangs_up_on_capa = self.signing.without_capa;
                self.events.push_back(Event::SignedIn(SignedIn { capabilities, worked, hangs_up_on_capa }));
            }
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
        if !self.signing.climbed {
            self.signing.climbed = true;
            let around = Circumstances {
                capabilities: &self.capabilities,
                protected: self.signing.protected,
                bindable: self.signing.end_point.is_some(),
                latin1: self.credentials.latin1().is_some(),
            };
            self.signing.ladder = ladder(&self.signing.how, &around).into();
        }
        if self.capabilities.utf8 && !self.signing.without_utf8 {
            // RFC 6856 §2.1: names and passwords beyond ASCII are taken as UTF-8 from here on, and messages whose headers are
            // beyond it are given whole. If it is refused, nothing is lost.
            self.send(Command::Utf8);
            if !self.window.pipelining() {
                return Ok(());
            }
        }
        self.ask_for_language();
        self.attempt()
    }

    /// Only where it costs no round trip. Before signing in, for the words that are quoted most are those of a refusal.
    fn ask_for_language(&mut self) {
        if !self.capabilities.lang || !self.window.pipelining() || self.signing.without_utf8 {
            return;
        }
        let is_tag = |tag: &&String| tag.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
        if let Some(tag) = self.signing.how.language.as_ref().filter(is_tag) {
            let line = format!("LANG {tag}");
            self.say(Command::Lang, line.as_bytes());
        }
    }

    /// Makes the next attempt.
    pub(super) fn attempt(&mut self) -> Result<(), Error> {
        let Some(rung) = self.signing.ladder.pop_front() else { return Err(self.nothing_to_try()) };
        self.signing.rung = Some(rung);
        match rung.method {
            Method::User => {
                self.send(Command::User);
                // A refused name makes the password a refused command.
                if self.window.pipelining() {
                    self.pass();
                }
            }
            Method::Apop => {
                let Some(stamp) = &self.signing.stamp else {
                    return Err(Error::Unable("the server’s greeting has no stamp, which APOP needs".into()));
                };
                let line = apop::command(stamp, &self.credentials);
                self.say(Command::Apop, &line);
            }
            method => {
                let mut exchange = self.exchange(method, rung.latin1);
                let line = exchange.begin(COMMAND_LIMIT_BYTES);
                self.signing.exchange = Some(exchange);
                self.signing.challenges = 0;
                self.say(Command::Auth, &line);
            }
        }
        Ok(())
    }

    fn nothing_to_try(&self) -> Error {
        match self.signing.how.method {
            Some(Method::ScramSha256Plus) => Error::Unable("channel binding needs a protected line (TLS)".into()),
            Some(Method::External) => {
                Error::Unable("EXTERNAL needs a certificate of your own and a protected line (TLS)".into())
            }
            _ => Error::NoMechanism(self.capabilities.sasl.join(" ")),
        }
    }

    fn exchange(&self, method: Method, latin1: bool) -> Exchange {
        let (who, how) = (&self.credentials, &self.signing.how);
        let scram = |hash, binding| Exchange::new(Scram::new(hash, who, &how.nonce, binding));
        match (method, &self.signing.end_point) {
            (Method::Login, _) if latin1 => Exchange::new(Login::with_password(who, who.latin1().unwrap_or_default())),
            (Method::Login, _) => Exchange::new(Login::new(who)),
            (Method::CramMd5, _) => Exchange::new(CramMd5::new(who)),
            (Method::ScramSha256Plus, Some(hash)) => scram(Hash::Sha256, Binding::ServerEndPoint(hash.clone())),
            (Method::ScramSha1, _) => scram(Hash::Sha1, self.no_binding()),
            (Method::ScramSha256 | Method::ScramSha256Plus, _) => scram(Hash::Sha256, self.no_binding()),
            (Method::External, _) => Exchange::new(External::new(&who.user)),
            (Method::Xoauth2, _) => Exchange::new(Xoauth2::new(who)),
            (Method::OauthBearer, _) => Exchange::new(OauthBearer::new(who, &how.host, how.port)),
            (Method::Plain | Method::User | Method::Apop, _) => Exchange::new(Plain::new(who)),
        }
    }

    fn no_binding(&self) -> Binding {
        let offered = self.capabilities.sasl.iter().any(|name| name.ends_with("-PLUS"));
        match self.signing.end_point {
            Some(_) if !offered => Binding::NotOffered,
            _ => Binding::Unable,
        }
    }

    /// Says the password.
    pub(super) fn pass(&mut self) {
        match self.credentials.latin1().filter(|_| self.signing.rung.is_some_and(|rung| rung.latin1)) {
            Some(password) => {
                let line = zeroize::Zeroizing::new([b"PASS ".as_slice(), &password].concat());
                self.say(Command::Pass, &line);
            }
            None => self.send(Command::Pass),
        }
    }

    /// `+ challenge`, the answer to AUTH while it goes on (RFC 5034 §4). True: it was one.
    pub(super) fn challenged(&mut self, line: &[u8]) -> Result<bool, Error> {
        let Some(challenge) = line.strip_prefix(b"+").filter(|rest| matches!(rest.first(), None | Some(b' '))) else {
            return Ok(false);
        };
        let (Some(Command::Auth), Some(exchange)) = (self.sent.front(), &mut self.signing.exchange) else {
            return Ok(false);
        };
        self.signing.challenges += 1;
        if self.signing.challenges > CHALLENGES_LIMIT {
            return Err(Error::Garbage(String::from_utf8_lossy(line).into_owned()));
        }
        self.output.extend_from_slice(&exchange.respond(challenge));
        self.output.extend_from_slice(b"\r\n");
        Ok(true)
    }

    /// The server takes us for who we say we are.
    pub(super) fn admitted(&mut self, command: Command) -> Result<(), Error> {
        if let (Command::Auth, Some(exchange)) = (command, self.signing.exchange.take()) {
            exchange.succeeded().map_err(|_| Error::ServerNotProven)?;
        }
        self.state = State::Transaction;
        self.credentials = Credentials::default();
        self.signing.ladder.clear();
        // Some servers tell more after login (RFC 2449 §5).
        self.ask_for_capabilities()
    }

    /// Goes on to the next attempt where the refusal leaves a doubt that it was the way, not the password.
    pub(super) fn refused(&mut self, command: Command, reply: Reply) -> Result<(), Error> {
        if let Some(sasl::Error::ServerNotProven) = self.signing.exchange.take().and_then(|e| e.failure()) {
            return Err(Error::ServerNotProven);
        }
        // A name that nobody knows makes no other attempt better. Where another attempt was refused before, that is the reason.
        if command == Command::User {
            return Err(Error::SignInRefused(self.signing.refusal.take().unwrap_or(reply)));
        }
        if is_reason(reply.code.as_ref()) || self.signing.ladder.is_empty() {
            return Err(Error::SignInRefused(reply));
        }
        self.signing.refusal = Some(reply);
        self.attempt()
    }

    /// The server hung up before we were in. True: another connection may help.
    pub(super) fn hung_up_early(&mut self) -> Result<(), Error> {
        let under_way = self.sent.front().copied();
        let on_capa = under_way == Some(Command::Capa) && self.input.is_empty();
        // It said no to one attempt and hung up before it heard the next.
        let on_refusal = self.signing.refusal.is_some() && matches!(under_way, Some(Command::User | Command::Auth));
        // It announces what it cannot do; an attempt that went out behind it was not heard either.
        let on_utf8 = matches!(under_way, Some(Command::Utf8 | Command::Lang));
        if self.state == State::Authorization && !self.signing.reopened && (on_capa || on_refusal || on_utf8) {
            if let Some(rung) = self.signing.rung.take() {
                self.signing.ladder.push_front(rung);
            }
            self.signing.without_capa |= on_capa;
            self.signing.without_utf8 |= on_utf8;
            self.state = State::Reopening;
            return Ok(());
        }
        Err(match under_way {
            Some(Command::User | Command::Auth) if self.signing.refusal.is_some() => {
                self.signing.refusal.take().map_or(Error::HungUp, Error::SignInRefused)
            }
            Some(Command::Pass | Command::Auth | Command::Apop) => Error::HungUpOnPassword,
            _ => Error::HungUp,
        })
    }

    /// Begins again on a fresh connection: nothing of the old one counts.
    pub(super) fn begin_again(&mut self) {
        self.signing.reopened = true;
        self.signing.protected = false;
        self.signing.end_point = None;
        self.signing.exchange = None;
        self.forget_line();
    }
}

/// The server says why: wrong credentials, which are not tried again, or a fault that no other attempt changes.
fn is_reason(code: Option<&ResponseCode>) -> bool {
    match code {
        Some(
            ResponseCode::Auth
            | ResponseCode::InUse
            | ResponseCode::LoginDelay
            | ResponseCode::SysTemp
            | ResponseCode::SysPerm
            | ResponseCode::Utf8,
        ) => true,
        Some(ResponseCode::Other(_)) | None => false,
    }
}
