//! The words in which the program speaks of stored messages: plain data, no SQL.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::account::AccountId;

/// Our name of a message: its time in seconds in the high bits, a sequence in the low ones, so that newest first is key order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageKey(pub i64);

/// Row of a mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MailboxId(pub i64);

/// A mailbox that a person has made, one for all accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OwnMailboxId(pub i64);

/// A tag that a person has made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TagId(pub i64);

/// A mailbox that a person has made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnMailbox {
    pub id: OwnMailboxId,
    /// With those that it lies in, from the outermost: `Projects/House`.
    pub name: String,
}

/// A tag that a person has made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    pub id: TagId,
    pub name: String,
    /// Place in the palette of eight.
    pub color: u8,
}

/// What a mailbox is for. Every account has one of each, and one of each own mailbox that holds something of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Role {
    #[default]
    Inbox,
    Drafts,
    Outbox,
    Sent,
    Archive,
    Junk,
    Trash,
    /// One that the person has made.
    Own(OwnMailboxId),
}

/// What a list can show: one role, of one account or of all together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct MailboxView {
    pub role: Role,
    /// None: unified over all accounts.
    pub account: Option<AccountId>,
}

/// What a list is put in order by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SortBy {
    #[default]
    Date,
    /// The one whom the list names: of mail that was written here the recipients.
    Sender,
    /// Without `Re:` and the like, so that conversations lie together.
    Subject,
    Size,
}

/// The order of a list. Where it says nothing, the newest comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SortOrder {
    pub by: SortBy,
    /// The oldest first, Z to A, the smallest first.
    pub reversed: bool,
}

/// What of a list is shown; as it is made: all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub unread: bool,
    pub starred: bool,
    pub attachment: bool,
    /// Any of these; none named: whatever its tags.
    pub tags: Vec<TagId>,
}

/// How full a mailbox is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MailboxCount {
    pub account: AccountId,
    pub role: Role,
    pub total: u64,
    pub unread: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Flag {
    Seen,
    Starred,
    Answered,
    Forwarded,
}

/// The flags that are set on a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub u32);

/// What the list shows of a message. All text is fit for the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageRow {
    pub key: MessageKey,
    pub account: AccountId,
    pub role: Role,
    /// POP3 unique-id, escaped to printable ASCII; None for mail written here.
    pub uid: Option<String>,
    /// Unix seconds: the message's own date, or when it was stored.
    pub date: i64,
    /// Display name of the sender, or else the address.
    pub from_name: String,
    pub from_addr: String,
    /// Recipients, joined with commas: what Sent, Drafts and Outbox show instead of the sender.
    pub to: String,
    /// Their addresses, joined with commas.
    pub to_addrs: String,
    pub subject: String,
    pub snippet: String,
    /// Octets of the received message.
    pub size_bytes: u64,
    pub flags: Flags,
    pub has_attachments: bool,
    /// How much of it is here.
    pub part: Part,
    /// The person wants the rest: it comes with the next visit.
    pub rest_wanted: bool,
    /// In the Outbox: how it stands.
    pub outbox: Option<OutboxState>,
    /// In the order in which the tags were made.
    pub tags: Vec<TagId>,
    /// In a list of conversations: the one that it stands for, if that is of several messages.
    pub group: Option<Group>,
}

/// What a list of conversations says of one. What lies in Trash or Junk is not of it, unless the list is of that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// In all accounts and mailboxes, what was sent among them; a great many are not counted to the end.
    pub messages: u64,
    /// In the mailbox of the list.
    pub unread: u64,
    /// Some of those who wrote it, the first one first; oneself as “me”.
    pub senders: Vec<String>,
}

/// How much of a received message is here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Part {
    #[default]
    Whole,
    /// The header alone.
    Header,
    /// The header and the first lines of the body.
    Excerpt,
    /// Nothing: it is known, and was never fetched.
    Nothing,
}

/// How a message in the Outbox stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutboxState {
    /// Goes with the next submission.
    Waiting,
    /// The server refused it; its words. Not tried again until the person says so.
    Refused(String),
    /// The connection was lost after the last octet: it may have been accepted. Never sent again without asking.
    Unknown,
}

/// One message's change of mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    pub key: MessageKey,
    pub from: MailboxId,
    pub to: MailboxId,
}

impl Role {
    /// Those that every account has, in the sidebar's order.
    pub const ALL: [Self; 7] =
        [Self::Inbox, Self::Drafts, Self::Outbox, Self::Sent, Self::Archive, Self::Junk, Self::Trash];

    /// The word that the command line uses; of a mailbox of one's own its name is used.
    pub fn word(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Drafts => "drafts",
            Self::Outbox => "outbox",
            Self::Sent => "sent",
            Self::Archive => "archive",
            Self::Junk => "junk",
            Self::Trash => "trash",
            Self::Own(_) => "mailbox",
        }
    }

    /// The word that the store uses.
    pub(super) fn stored(self) -> Cow<'static, str> {
        match self {
            Self::Own(OwnMailboxId(id)) => format!("{OWN}{id}").into(),
            other => other.word().into(),
        }
    }

    pub(super) fn of_stored(word: &str) -> Result<Self, String> {
        match word.strip_prefix(OWN).map(str::parse) {
            Some(Ok(id)) => Ok(Self::Own(OwnMailboxId(id))),
            _ => word.parse(),
        }
    }

    /// Whether its messages were written here, so that a list names the recipient.
    pub fn is_outgoing(self) -> bool {
        matches!(self, Self::Drafts | Self::Outbox | Self::Sent)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.word();
        let (first, rest) = word.split_at(1);
        write!(f, "{}{rest}", first.to_ascii_uppercase())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let lower = word.to_ascii_lowercase();
        Self::ALL.into_iter().find(|role| role.word() == lower).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|role| role.word()).collect();
            format!("there is no mailbox “{word}”: say one of {}", known.join(", "))
        })
    }
}

impl SortBy {
    pub const ALL: [Self; 4] = [Self::Date, Self::Sender, Self::Subject, Self::Size];

    /// The word that the command line uses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::Sender => "sender",
            Self::Subject => "subject",
            Self::Size => "size",
        }
    }
}

impl FromStr for SortBy {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|by| by.word() == word).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|by| by.word()).collect();
            format!("there is no order “{word}”: say one of {}", known.join(", "))
        })
    }
}

impl SortOrder {
    /// The order in which keys lie, which costs nothing.
    pub fn is_newest_first(self) -> bool {
        self == Self::default()
    }
}

impl Filter {
    /// Whether something is left out.
    pub fn is_on(&self) -> bool {
        *self != Self::default()
    }
}

impl fmt::Display for SortOrder {
    /// As the settings keep it: `sender`, or `sender reversed`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.by.word(), if self.reversed { " reversed" } else { "" })
    }
}

impl FromStr for SortOrder {
    type Err = String;

    fn from_str(words: &str) -> Result<Self, String> {
        let by = words.strip_suffix(" reversed");
        Ok(Self { by: by.unwrap_or(words).parse()?, reversed: by.is_some() })
    }
}

impl Flag {
    pub const ALL: [Self; 4] = [Self::Seen, Self::Starred, Self::Answered, Self::Forwarded];

    /// The word that the command line uses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Starred => "starred",
            Self::Answered => "answered",
            Self::Forwarded => "forwarded",
        }
    }

    fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl Part {
    /// The word that the command line uses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Header => "header",
            Self::Excerpt => "first-lines",
            Self::Nothing => "nothing",
        }
    }

    /// The number that the store uses.
    pub(super) fn number(self) -> i64 {
        self as i64
    }

    /// What no version has written counts as whole: then nothing is fetched or deleted because of it.
    pub(super) fn of_number(number: i64) -> Self {
        match number {
            1 => Self::Header,
            2 => Self::Excerpt,
            3 => Self::Nothing,
            _ => Self::Whole,
        }
    }
}

impl Flags {
    pub fn has(self, flag: Flag) -> bool {
        self.0 & flag.bit() != 0
    }

    #[must_use]
    pub fn with(self, flag: Flag, on: bool) -> Self {
        if on { Self(self.0 | flag.bit()) } else { Self(self.0 & !flag.bit()) }
    }
}

impl fmt::Display for MessageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for MessageKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| format!("“{text}” is not a message’s key: “malote list” shows them"))
    }
}

/// What the store's word for a mailbox of one's own begins with.
const OWN: &str = "own:";
