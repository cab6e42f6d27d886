//! Why a session ended before its time.

use super::Reply;

/// The conversation cannot go on. Blame lies in the variant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("the greeting is not POP3: {0}")]
    NotPop3(String),
    #[error("the server turned the connection away: {}", .0.text)]
    TurnedAway(Reply),
    #[error("the server does not offer STLS")]
    NoStls,
    #[error("the server refused STLS: {}", .0.text)]
    StlsRefused(Reply),
    #[error("the server sent something before the TLS handshake that would count as said under its protection")]
    Injection,
    #[error("a user name or password with a line break or NUL cannot be sent")]
    Unspeakable,
    #[error("the server offers no way to sign in that is known here: {0}")]
    NoMechanism(String),
    #[error("the chosen way to sign in cannot be used: {0}")]
    Unable(String),
    /// It takes the password without knowing it: it is not the server, or someone sits in between.
    #[error("the server could not prove that it knows the password")]
    ServerNotProven,
    #[error("the server refused to sign in: {}", .0.text)]
    SignInRefused(Reply),
    #[error("the server hung up on the password")]
    HungUpOnPassword,
    #[error("the server refused to list the maildrop: {}", .0.text)]
    ListRefused(Reply),
    #[error("the server hung up")]
    HungUp,
    /// The server forgot the dot behind it, or its announced size was right and the dot was not.
    #[error("message {0} did not end before the next answer began")]
    RanTogether(u32),
    #[error("the server's answer is not POP3: {0}")]
    Garbage(String),
    #[error("the server sent something that nobody had asked for: {0}")]
    Unasked(String),
    #[error("the server sent a line without end")]
    LineTooLong,
    #[error("the server's listing has no end")]
    ListingTooLong,
    #[error("message {0} has no end")]
    MessageTooLong(u32),
}
