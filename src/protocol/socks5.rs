//! The client's half of SOCKS5 (RFC 1928) with a user name where the proxy wants one (RFC 1929). The proxy looks up the server's
//! name, so that whoever runs the network here does not learn it.
//!
//! What follows the proxy's last octet is the server's first, so octets are read by count and never ahead.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use zeroize::Zeroizing;

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Write(Vec<u8>),
    /// Read so many octets, no more, and hand them to [`Socks5::receive`].
    Read(usize),
    /// What comes next comes from the server.
    Done,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("what answers is not a SOCKS5 proxy")]
    NotSocks5,
    #[error("the proxy wants a user name and a password")]
    WantsSignIn,
    #[error("the proxy refused the user name")]
    SignInRefused,
    #[error("the name of the server, or the user name for the proxy, is longer than SOCKS5 can say")]
    TooLong,
    /// The proxy's verdict in the words of RFC 1928 §6.
    #[error("the proxy could not connect: {0}")]
    Failed(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Begin,
    MethodAwaited,
    SignIn,
    SignInAwaited,
    Request,
    ReplyAwaited,
    /// The address that the proxy uses on our behalf, which is of no interest: so many octets, its port among them.
    Address(usize),
    AddressLength,
    Done,
}

pub struct Socks5 {
    state: State,
    host: String,
    port: u16,
    user: Option<(String, Zeroizing<String>)>,
}

impl Socks5 {
    /// A connection to `host`, a name or an address, on `port`; `user`: name and password for the proxy.
    pub fn new(host: &str, port: u16, user: Option<(String, Zeroizing<String>)>) -> Self {
        Self { state: State::Begin, host: host.to_owned(), port, user }
    }

    pub fn step(&mut self) -> Result<Step, Error> {
        Ok(match self.state {
            State::Begin => {
                self.state = State::MethodAwaited;
                // Version, then the methods that we can: none, and name with password.
                Step::Write(if self.user.is_some() { vec![5, 2, 0, 2] } else { vec![5, 1, 0] })
            }
            State::SignIn => {
                self.state = State::SignInAwaited;
                Step::Write(self.sign_in()?)
            }
            State::Request => {
                self.state = State::ReplyAwaited;
                Step::Write(self.request()?)
            }
            State::MethodAwaited | State::SignInAwaited => Step::Read(2),
            State::ReplyAwaited => Step::Read(4),
            State::AddressLength => Step::Read(1),
            State::Address(octets) => Step::Read(octets),
            State::Done => Step::Done,
        })
    }

    pub fn receive(&mut self, octets: &[u8]) -> Result<(), Error> {
        self.state = match (self.state, octets) {
            (State::MethodAwaited, [5, 0]) => State::Request,
            (State::MethodAwaited, [5, 2]) if self.user.is_some() => State::SignIn,
            (State::MethodAwaited, [5, 0xFF | 2]) => return Err(Error::WantsSignIn),
            (State::SignInAwaited, [1, 0]) => State::Request,
            (State::SignInAwaited, [_, _]) => return Err(Error::SignInRefused),
            (State::ReplyAwaited, [5, 0, _, kind]) => match kind {
                1 => State::Address(4 + 2),
                3 => State::AddressLength,
                4 => State::Address(16 + 2),
                _ => return Err(Error::NotSocks5),
            },
            (State::ReplyAwaited, [5, verdict, _, _]) => return Err(Error::Failed(words(*verdict))),
            (State::AddressLength, [length]) => State::Address(usize::from(*length) + 2),
            (State::Address(_), _) => State::Done,
            _ => return Err(Error::NotSocks5),
        };
        Ok(())
    }

    fn sign_in(&self) -> Result<Vec<u8>, Error> {
        let Some((user, password)) = &self.user else { return Err(Error::WantsSignIn) };
        let mut message = vec![1];
        for text in [user.as_str(), password] {
            message.push(u8::try_from(text.len()).map_err(|_| Error::TooLong)?);
            message.extend_from_slice(text.as_bytes());
        }
        Ok(message)
    }

    fn request(&self) -> Result<Vec<u8>, Error> {
        let mut message = vec![5, 1, 0];
        if let Ok(address) =
            self.host.parse::<Ipv4Addr>().map(IpAddr::V4).or(self.host.parse::<Ipv6Addr>().map(IpAddr::V6))
        {
            match address {
                IpAddr::V4(address) => {
                    message.push(1);
                    message.extend_from_slice(&address.octets());
                }
                IpAddr::V6(address) => {
                    message.push(4);
                    message.extend_from_slice(&address.octets());
                }
            }
        } else {
            message.push(3);
            message.push(u8::try_from(self.host.len()).map_err(|_| Error::TooLong)?);
            message.extend_from_slice(self.host.as_bytes());
        }
        message.extend_from_slice(&self.port.to_be_bytes());
        Ok(message)
    }
}

fn words(verdict: u8) -> &'static str {
    match verdict {
        2 => "its rules forbid it",
        3 => "the network cannot be reached",
        4 => "the server cannot be reached, or its name is not known",
        5 => "the server refuses connections on this port",
        6 => "it took too long",
        7 | 8 => "it cannot do what was asked of it",
        _ => "it gives no reason",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays the proxy, whose octets are followed by the server's greeting; what the client said, and the rest.
    fn play(mut client: Socks5, proxy: &[u8]) -> (Vec<u8>, Result<Vec<u8>, Error>) {
        let (mut said, mut rest) = (Vec::new(), proxy);
        loop {
            let step = match client.step() {
                Ok(step) => step,
                Err(error) => return (said, Err(error)),
            };
            match step {
                Step::Write(octets) => said.extend(octets),
                Step::Read(count) => {
                    let (octets, more) = rest.split_at(count.min(rest.len()));
                    rest = more;
                    if let Err(error) = client.receive(octets) {
                        return (said, Err(error));
                    }
                }
                Step::Done => return (said, Ok(rest.to_vec())),
            }
        }
    }

    /// What the proxy says, whom we say we are, and what comes of it.
    type Case<'a> = (&'a [u8], Option<(String, Zeroizing<String>)>, Error);

    fn user() -> Option<(String, Zeroizing<String>)> {
        Some(("ana".into(), Zeroizing::new("pw".into())))
    }

    #[test]
    fn the_proxy_gets_the_name_and_what_follows_is_the_servers() {
        let addresses: [&[u8]; 3] =
            [b"\x01\x7f\0\0\x01\x12\x34", b"\x03\x05proxy\x12\x34", b"\x04abcdefghijklmnop\x12\x34"];
        for address in addresses {
            let proxy = [b"\x05\0\x05\0\0", address, b"+OK hello\r\n"].concat();
            let (said, rest) = play(Socks5::new("pop.example.org", 995, None), &proxy);
            assert_eq!(said, b"\x05\x01\0\x05\x01\0\x03\x0fpop.example.org\x03\xe3");
            assert_eq!(rest, Ok(b"+OK hello\r\n".to_vec()));
        }
    }

    #[test]
    fn addresses_are_said_as_addresses() {
        for (host, expected) in
            [("127.0.0.1", &b"\x01\x7f\0\0\x01\0n"[..]), ("::1", b"\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0n")]
        {
            let (said, _) = play(Socks5::new(host, 110, None), b"\x05\0\x05\0\0\x01\0\0\0\0\0\0");
            assert!(said.ends_with(expected), "{host}: {said:?}");
        }
    }

    #[test]
    fn a_proxy_that_wants_to_know_who_asks_is_told() {
        let proxy = b"\x05\x02\x01\0\x05\0\0\x01\0\0\0\0\0\0";
        let (said, rest) = play(Socks5::new("h", 1, user()), proxy);
        assert_eq!(
            (said.as_slice(), rest),
            (&b"\x05\x02\0\x02\x01\x03ana\x02pw\x05\x01\0\x03\x01h\0\x01"[..], Ok(vec![]))
        );
    }

    #[test]
    fn what_goes_wrong_has_a_name() {
        let cases: [Case<'_>; 8] = [
            (b"+OK POP3", None, Error::NotSocks5),
            (b"\x05\xff", None, Error::WantsSignIn),
            (b"\x05\x02", None, Error::WantsSignIn),
            (b"\x05\x02\x01\x01", user(), Error::SignInRefused),
            (b"\x05\0\x05\x05\0\x01", None, Error::Failed("the server refuses connections on this port")),
            (b"\x05\0\x05\x63\0\x01", None, Error::Failed("it gives no reason")),
            (b"\x05\0\x05\0\0\x09", None, Error::NotSocks5),
            (b"", None, Error::NotSocks5),
        ];
        for (proxy, user, error) in cases {
            assert_eq!(play(Socks5::new("h", 1, user), proxy).1, Err(error), "{proxy:?}");
        }
        let endless = Socks5::new(&"x".repeat(256), 1, None);
        assert_eq!(play(endless, b"\x05\0").1, Err(Error::TooLong));
    }
}
