//! Bytes in, events and bytes out: the protocols without sockets, clocks or threads (sans-IO).

use std::time::Duration;

pub mod http;
mod line;
pub mod pop3;
pub mod sasl;
pub mod smtp;
pub mod socks5;

pub use line::LineBuffer;

/// A conversation with a server, driven from outside: whoever owns a socket feeds it and does what it asks for.
pub trait Machine {
    type Event;
    type Error;

    /// How long the line has been open: said before each step and each receipt, to a machine that measures the line. Nothing
    /// that a machine decides about mail may depend on it.
    fn clock(&mut self, _open_for: Duration) {}

    /// Octets from the server; empty: it hung up.
    fn receive(&mut self, bytes: &[u8]);

    /// What to do next. To be called again after each step, until `Done` or an error.
    fn step(&mut self) -> Result<Step<Self::Event>, Self::Error>;

    /// The line is under TLS: said before the first step where it began so, and before [`Self::tls_started`]. `end_point` is the
    /// hash of the server's certificate that proofs can be bound to (`tls-server-end-point`, RFC 5929 §4.1).
    fn protected(&mut self, _end_point: Option<Vec<u8>>) {}

    /// The TLS handshake that [`Step::StartTls`] asked for has succeeded.
    fn tls_started(&mut self);
}

/// One wish of a [`Machine`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<E> {
    /// Nothing can go on before more octets have come.
    Read,
    /// Send these, and keep reading while they drain.
    Write(Vec<u8>),
    /// Begin TLS. Nothing that came before the handshake may count as said after it; the machine has made sure of that.
    StartTls,
    /// Close the connection and open another to the same server; what follows is said there.
    Reopen,
    Event(E),
    /// The conversation is over: close the connection.
    Done,
}
