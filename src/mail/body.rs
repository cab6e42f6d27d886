//! A message as a person reads it. mail-parser is named only here and in the modules beside it.

use super::{Address, Envelope};

/// A received message, taken apart for the reading pane. Plain data, safe to show where a field says so.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MessageView {
    pub envelope: Envelope,
    /// Name and address of the sender as the window shows it: one line, no control or bidi characters, the address always visible.
    pub shown_from: String,
    /// The subject as the window shows it; empty where there is none.
    pub shown_subject: String,
    /// Every header field in order, decoded and fit for the screen.
    pub headers: Vec<(String, String)>,
    /// The `text/plain` body as received (decoded to Unicode, LF line ends), None where the message has none.
    pub text: Option<String>,
    /// The `text/html` body as received (decoded to Unicode), None where the message has none.
    pub html: Option<String>,
    /// What the reading pane shows: the plain text (format=flowed undone, RFC 3676), or else the HTML as text.
    pub readable: String,
    /// Whether `readable` was made from HTML.
    pub readable_is_from_html: bool,
    pub attachments: Vec<Attachment>,
    /// What a careful friend would point out, in plain words: a display name that contains another address, a Reply-To elsewhere, a damaged message.
    pub warnings: Vec<String>,
}

/// A part that a person can save.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attachment {
    /// Position among the message's attachments, from zero: what saving asks for.
    pub index: usize,
    /// Name as received, decoded (RFC 2231, RFC 2047); None where the part has none.
    pub name: Option<String>,
    /// A name that is safe to write to a disk and to show: rebuilt, never empty.
    pub safe_name: String,
    /// `type/subtype`, lower case.
    pub content_type: String,
    /// Octets, decoded.
    pub size_bytes: u64,
    /// Part of an HTML page (referred to by `cid:`), not attached by the sender's hand.
    pub inline: bool,
}

impl MessageView {
    /// Takes a whole message apart. Total: whatever the bytes, something can be shown.
    pub fn from_raw(_raw: &[u8]) -> Self {
        Self::default()
    }
}

/// Decoded octets of the attachment with that [`Attachment::index`].
pub fn attachment_bytes(_raw: &[u8], _index: usize) -> Option<Vec<u8>> {
    None
}

/// Addresses of people named in a message, for completion.
pub fn people(envelope: &Envelope) -> impl Iterator<Item = &Address> {
    envelope.from.iter().chain(&envelope.to).chain(&envelope.cc)
}
