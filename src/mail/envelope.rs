//! What a list shows of a message, and what identifies it: the header fields, decoded.

use super::Address;

/// The identifying header fields of a message. Total: a broken header gives an emptier envelope, never an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    pub from: Vec<Address>,
    pub to: Vec<Address>,
    pub cc: Vec<Address>,
    pub bcc: Vec<Address>,
    pub reply_to: Vec<Address>,
    /// Decoded, otherwise as received; `sanitize::line` before it is shown.
    pub subject: String,
    /// The `Date:` field, Unix seconds; None where missing or unreadable.
    pub date: Option<i64>,
    /// Without angle brackets (RFC 5322 §3.6.4).
    pub message_id: Option<String>,
    /// Without angle brackets, in the order of the field.
    pub in_reply_to: Vec<String>,
    pub references: Vec<String>,
    /// The first words of the text, one line, at most 200 characters, for the list.
    pub snippet: String,
    /// Whether a person would say that something is attached (inline pictures of an HTML page do not count).
    pub has_attachments: bool,
}

impl Envelope {
    /// Octets of a message's beginning that are enough: headers are longer only in attacks.
    pub const HEAD_BYTES: usize = 128 * 1024;

    /// Reads the envelope from the message, or from its first [`Self::HEAD_BYTES`] octets.
    pub fn from_raw(_head: &[u8]) -> Self {
        Self::default()
    }
}
