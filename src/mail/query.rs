//! The search language: what a person types, and what it means. Pure: the time comes in.
//!
//! Words must all be there, in any place and order; `"two words"` next to each other; `-not` this; `this OR that`; parentheses
//! group. `from:`, `to:`, `cc:`, `subject:`, `body:` and `attachment:` say where; `has:attachment`, `is:unread`, `in:trash`,
//! `tag:tax`, `account:work`, dates (`before:`, `after:`, `on:`, `newer:7d`, `older:2w`) and sizes (`larger:2M`,
//! `smaller:100K`) say which.

mod day;
mod parse;

use jiff::Zoned;

use super::words::{self, Sought};

/// What is to hold of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// All of these; of none: every message.
    All(Vec<Query>),
    Any(Vec<Query>),
    Not(Box<Query>),
    Text(Text),
    Condition(Condition),
}

/// Words next to each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    pub field: Field,
    pub sought: Sought,
    /// The last of them may go on: it is still being typed, or ends with a star.
    pub is_beginning: bool,
}

/// Where words are looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Field {
    #[default]
    Anywhere,
    From,
    /// Recipients of any kind.
    To,
    Cc,
    Subject,
    Body,
    Attachment,
}

/// What can be asked of a message without its words.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    HasAttachment,
    Unread,
    Read,
    Starred,
    Answered,
    Forwarded,
    /// One of [`MAILBOXES`].
    In(&'static str),
    /// A mailbox of the person's own of this name, or one within it.
    Own(String),
    /// A tag of this name.
    Tag(String),
    /// An account whose name begins like this.
    Account(String),
    /// Unix seconds: earlier than this.
    Before(i64),
    /// Unix seconds: at this, or later.
    Since(i64),
    /// Octets: more than so many.
    Larger(u64),
    /// Octets: fewer than so many.
    Smaller(u64),
}

/// The names that a person has given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Mailboxes, with those that they lie in: `Projects/House`.
    pub mailboxes: Vec<String>,
    pub tags: Vec<String>,
}

/// What cannot be understood in a query, where, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Characters before it.
    pub at: usize,
    /// Characters that it is about; none: something is missing there.
    pub len: usize,
    pub words: String,
}

/// The names of the mailboxes that `in:` knows.
pub const MAILBOXES: [&str; 7] = ["inbox", "drafts", "outbox", "sent", "archive", "junk", "trash"];

impl Query {
    /// Reads what was typed. `typing`: the last word may not be finished. Dates are days where `now` is.
    ///
    /// # Errors
    /// The first thing that cannot be understood.
    pub fn parse(typed: &str, typing: bool, now: &Zoned) -> Result<Self, Fault> {
        Self::parse_knowing(typed, typing, now, &Known::default())
    }

    /// The same where the person has mailboxes and tags.
    ///
    /// # Errors
    /// The first thing that cannot be understood.
    pub fn parse_knowing(typed: &str, typing: bool, now: &Zoned, known: &Known) -> Result<Self, Fault> {
        parse::parse(typed, typing, now, known)
    }
}

impl Text {
    /// None: there is nothing in it that could be looked for.
    fn of(field: Field, text: &str, is_beginning: bool) -> Option<Self> {
        let sought = words::for_query(text)?;
        Some(Self { field, is_beginning: is_beginning || sought.is_lone, sought })
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.words)
    }
}

#[cfg(test)]
mod tests;
