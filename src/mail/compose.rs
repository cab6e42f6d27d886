//! From what a person wrote to the octets that are submitted, and from a message to the draft of its answer.

use super::{Address, Draft, MessageView};

/// Which answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Reply,
    ReplyAll,
    Forward,
}

/// Who sends it and when; the clock and the randomness come from outside.
#[derive(Clone, Debug)]
pub struct Stamp {
    pub from: Address,
    /// Unix seconds.
    pub now: i64,
    /// Offset of local time from UTC, seconds.
    pub utc_offset_secs: i32,
    /// Left part of the Message-ID; its right part is the domain of the sender's address, never this machine's name.
    pub unique: String,
}

/// A message ready for submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// RFC 5322 octets, CRLF, no Bcc field.
    pub raw: Vec<u8>,
    /// Envelope recipients: to, cc and bcc, each once.
    pub recipients: Vec<String>,
}

/// The draft of an answer to `original`, seen from `own` address (which a reply to all leaves out). The signature, if any, is set below.
pub fn answer(_original: &MessageView, _original_raw: &[u8], _answer: Answer, _own: &str, _signature: &str) -> Draft {
    Draft::default()
}

/// A new draft from a `mailto:` link (RFC 6068): to, cc, bcc, subject, body; never attachments.
pub fn from_mailto(_link: &str) -> Option<Draft> {
    None
}

/// The message of a finished draft, or what is wrong with which address, in plain words.
pub fn build(_draft: &Draft, _stamp: &Stamp) -> Result<Outgoing, String> {
    Err(String::new())
}

/// The message of an unfinished draft: whatever of it can be said in RFC 5322, Bcc included. For the Drafts mailbox.
pub fn build_unfinished(_draft: &Draft, _stamp: &Stamp) -> Vec<u8> {
    Vec::new()
}
