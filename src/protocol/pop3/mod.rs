//! The client's half of POP3 (RFC 1939, RFC 2449, RFC 2595, RFC 5034, RFC 6856).

mod apop;
mod capability;
mod command;
mod error;
mod listing;
mod method;
mod probe;
mod reply;
mod session;

pub use capability::{Capabilities, Expire};
pub use error::Error;
pub use listing::{Listing, ScanLine};
pub use method::{Method, Rung, SignIn};
pub use probe::{Probe, Sight};
pub use reply::{Reply, ResponseCode};
pub use session::{Event, MESSAGE_LIMIT_BYTES, Session, SignedIn};

pub use super::sasl::Credentials;

/// Number of a message, valid in one session only (RFC 1939 §4). Not a [`Uid`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageNumber(pub u32);

/// Unique-id of a message in its maildrop (RFC 1939 §7). Octets: no character set, no length that servers keep to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uid<'a>(pub &'a [u8]);
