//! A message being written.

use serde::{Deserialize, Serialize};

/// What the composer holds. Address fields are what the person typed, finished or not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)] // a field that a later version adds must not make today's drafts unreadable
pub struct Draft {
    pub to: String,
    pub cc: String,
    pub bcc: String,
    pub subject: String,
    /// Plain text, LF line ends, unwrapped.
    pub body: String,
    /// Message-ID of the message that is answered, without angle brackets.
    pub in_reply_to: Option<String>,
    /// References to set (RFC 5322 §3.6.4), without angle brackets.
    pub references: Vec<String>,
    pub attachments: Vec<DraftAttachment>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DraftAttachment {
    pub name: String,
    pub content_type: String,
    pub bytes: Vec<u8>,
}

impl Draft {
    /// Whether nothing was written yet that would be a loss.
    pub fn is_empty(&self) -> bool {
        *self == Self { in_reply_to: self.in_reply_to.clone(), references: self.references.clone(), ..Self::default() }
    }
}
