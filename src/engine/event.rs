//! What the engine tells the screen, and the one place where errors become words for a person.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::command::RequestId;
use super::moving::{ExportReport, ImportReport, ImportSource, MoveProgress};
use super::page::MessagePage;
use super::pictures::MessagePictures;
pub use super::plan::Fate;
use super::preview::{Picture, Preview};
use super::thread::Thread;
use crate::account::{Account, AccountId, Fingerprint};
use crate::mail::{Draft, Fault, MessageView, Snippet};
use crate::store::types::{
    Filter, MailboxCount, MailboxView, MessageKey, MessageRow, Move, OutboxState, OwnMailboxId, Part, SortOrder, TagId,
};
pub use crate::store::{
    Allowed, BackedUp, ConsentId, DamagedMessage, Deed, Entry, EntryId, Found, Healed, KeptPicture, LineUse,
    Organisation, Outcome, PastVisit, Person, PictureConsent, Progress, Report, Rhythm, RoundTrip, SavedSearch,
    SearchId, Searches, Sorted, Undone, Upkeep, Wish,
};

/// News from the engine. `answers` names the request that it answers; None: unasked.
#[derive(Clone, Debug)]
pub struct Answer {
    pub answers: Option<RequestId>,
    pub event: Event,
}

#[derive(Clone, Debug)]
pub enum Event {
    /// The request is done; nothing to tell.
    Done,
    /// The request could not be carried out.
    Failed(Box<Problem>),

    Accounts(Vec<Account>),
    AccountSaved(AccountId),
    AccountTested(Box<AccountTest>),

    /// How a visit is getting on; often, but not more than a few times a second.
    VisitProgress(Visit),
    /// The line of this account is closed.
    VisitEnded(Visit),
    /// The visits that will be made without being asked for, the next one first.
    NextVisits(Vec<NextVisit>),
    /// A message of the Outbox changed its state; None: it was accepted and lies in Sent.
    OutboxProgress {
        key: MessageKey,
        state: Option<OutboxState>,
    },
    /// Messages came or went: lists that are on the screen should ask again.
    MailChanged,
    /// Something that a person must know, though nobody asked.
    Notice(Box<Problem>),

    Mailboxes(Vec<MailboxCount>),
    Listing {
        view: MailboxView,
        keys: Arc<Vec<MessageKey>>,
    },
    /// The newest keys of a view; there may be others.
    Newest {
        view: MailboxView,
        keys: Vec<MessageKey>,
    },
    /// The keys of a view in another order than the newest first.
    Sorted {
        view: MailboxView,
        order: SortOrder,
        sorted: Sorted,
    },
    /// The keys of a part of a view. In the order of the keys themselves, newest first, there are no places.
    Filtered {
        view: MailboxView,
        order: SortOrder,
        filter: Filter,
        grouped: bool,
        sorted: Sorted,
        /// Of the conversation of the message that was to be listed, too: that message, and the one that stands for it now.
        head: Option<(MessageKey, MessageKey)>,
    },
    /// The newest first.
    Members(Vec<MessageKey>),
    Found(Found),
    /// The search cannot be understood: where, and what would be right.
    NotUnderstood(Fault),
    /// The search was given up for the next one.
    Superseded,
    /// So many messages a search finds in all.
    Counted(u64),
    /// What messages say where something was found; None: it was found in none of their text.
    Snippets(Vec<(MessageKey, Option<Snippet>)>),
    /// Whom one is most likely to mean first.
    People(Vec<Person>),
    Searches(Searches),
    /// More can be found by its words than before; so many messages cannot yet.
    Indexed {
        left: u64,
    },
    /// In the order asked; a key that is gone is left out.
    Rows(Vec<MessageRow>),
    Opened(Box<OpenedMessage>),
    /// So many pictures of the message are kept now, so many could not be had.
    Pictures {
        key: MessageKey,
        had: usize,
        missing: usize,
    },
    /// The last given first.
    PictureConsents(Vec<PictureConsent>),
    Thread(Thread),
    Source {
        key: MessageKey,
        text: String,
    },
    Raw {
        key: MessageKey,
        bytes: Arc<Vec<u8>>,
    },
    Saved {
        files: Vec<PathBuf>,
    },
    /// A message is there as PDF.
    Printed {
        file: PathBuf,
    },
    /// By the index of the attachment.
    Thumbnails {
        key: MessageKey,
        pictures: Vec<(usize, Arc<Picture>)>,
    },
    Previewed {
        key: MessageKey,
        index: usize,
        preview: Box<Preview>,
    },
    /// The person's own program may open it now.
    ReadyToOpen {
        file: PathBuf,
    },
    ImportFound(Box<ImportSource>),
    /// How an import or an export is getting on; a few times a second.
    MoveProgress(MoveProgress),
    Imported(Box<ImportReport>),
    Exported(Box<ExportReport>),
    Server(Box<ServerView>),
    Examined(Vec<Finding>),
    LineUse(Vec<LineUse>),
    /// The newest first.
    Visits(Vec<PastVisit>),

    Upkeep(Box<UpkeepView>),
    /// How a backup or a check is getting on; a few times a second at most.
    UpkeepProgress(Progress),
    BackedUp(Box<BackedUp>),
    Verified(Box<(Report, Healed)>),

    Moved(Vec<Move>),
    /// What was undone, or done again; None: there was nothing.
    Undone(Option<Box<Undone>>),
    Organisation(Box<Organisation>),
    MailboxAdded(OwnMailboxId),
    /// So many messages went to Archive.
    MailboxRemoved(u64),
    TagAdded(TagId),
    DraftSaved {
        key: MessageKey,
    },
    DraftOpened {
        key: MessageKey,
        account: AccountId,
        draft: Box<Draft>,
    },
    Queued {
        key: MessageKey,
    },
}

/// What lies in an account's maildrop, as last looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerView {
    pub account: AccountId,
    pub account_name: String,
    /// When it was looked at, Unix seconds.
    pub taken_at: i64,
    /// How long that took.
    pub connected_ms: u64,
    pub round_trip: Option<RoundTrip>,
    /// In the server's order, mostly the oldest first.
    pub messages: Vec<ServerMessage>,
    /// What the account's line has carried lately, octets a second; None: there is too little to tell.
    pub bytes_per_sec: Option<u64>,
    /// What the account's line has cost this month.
    pub this_month: Option<LineUse>,
    /// The room that the provider gives, as the person has said.
    pub quota_bytes: Option<u64>,
    /// The server itself deletes mail after so many days (EXPIRE, RFC 2449 §6.7); 0: at the end of the visit that fetched it.
    pub expire_days: Option<u32>,
    /// The account's last visits, this look among them, the newest first.
    pub visits: Vec<PastVisit>,
}

/// How the store is looked after.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpkeepView {
    pub upkeep: Upkeep,
    /// Messages that are damaged and not repaired yet.
    pub damaged: Vec<DamagedMessage>,
}

/// What the next visit has before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServerSummary {
    pub messages: u64,
    pub bytes: u64,
    pub to_fetch: u64,
    pub to_fetch_bytes: u64,
    pub to_delete: u64,
    pub to_delete_bytes: u64,
    /// The room that the provider gives; None: unknown.
    pub quota_bytes: Option<u64>,
    /// None: too little is known about the line.
    pub estimated_secs: Option<u64>,
}

impl ServerView {
    pub fn summary(&self) -> ServerSummary {
        let (messages, quota_bytes) = (self.messages.len() as u64, self.quota_bytes);
        let mut summary = ServerSummary { messages, quota_bytes, ..ServerSummary::default() };
        for message in &self.messages {
            summary.bytes = summary.bytes.saturating_add(message.size_bytes);
            match message.fate {
                Fate::Fetch(part) => {
                    summary.to_fetch += 1;
                    let bytes = if part == Part::Whole { message.size_bytes } else { 0 };
                    summary.to_fetch_bytes = summary.to_fetch_bytes.saturating_add(bytes);
                }
                Fate::Delete => {
                    summary.to_delete += 1;
                    summary.to_delete_bytes = summary.to_delete_bytes.saturating_add(message.size_bytes);
                }
                Fate::TooLarge | Fate::Resting { .. } | Fate::Here { .. } => {}
            }
        }
        summary.estimated_secs =
            self.bytes_per_sec.filter(|&rate| rate > 0).map(|rate| summary.to_fetch_bytes.div_ceil(rate));
        summary
    }
}

impl ServerView {
    /// A sentence on what the server deletes by itself; None: nothing, as far as it says.
    pub fn expiry(&self) -> Option<String> {
        Some(match self.expire_days? {
            0 => "The server itself deletes what was fetched, at the end of the visit.".to_owned(),
            1 => "The server itself deletes mail after a day.".to_owned(),
            days => format!("The server itself deletes mail after {days} days."),
        })
    }
}

impl ServerSummary {
    /// A sentence where so much lies there that it makes every visit longer; None: it does not.
    pub fn advice(&self) -> Option<String> {
        (self.messages > MANY_MESSAGES).then(|| {
            "Every visit has to list all of them: by its rules the account may keep only the newest there.".to_owned()
        })
    }

    /// “37 new, 84 MB, about 6 min on this line; 2 to delete; 1,204 messages, 2.1 GB there”.
    pub fn words(&self) -> String {
        let time = match self.estimated_secs {
            None => String::new(),
            Some(secs @ 0..100) => format!(", about {} s on this line", secs.max(1)),
            Some(secs) => format!(", about {} min on this line", secs.div_ceil(60)),
        };
        let new = match self.to_fetch {
            0 => "nothing new".to_owned(),
            count => format!("{count} new, {}{time}", size(self.to_fetch_bytes)),
        };
        let delete = if self.to_delete > 0 { format!("; {} to delete", self.to_delete) } else { String::new() };
        let full = self.room().map(|room| format!(" of {} ({} % full)", size(room.quota_bytes), room.percent()));
        let full = full.unwrap_or_default();
        format!("{new}{delete}; {} messages, {} there{full}", self.messages, size(self.bytes))
    }

    /// How full the server is; None: nobody has said how much room there is.
    pub fn room(&self) -> Option<Room> {
        let quota_bytes = self.quota_bytes.filter(|&quota| quota > 0)?;
        let after_bytes = self.bytes.saturating_sub(self.to_delete_bytes);
        Some(Room { quota_bytes, bytes: self.bytes, after_bytes })
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} KB", bytes / 1_000),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

/// The room on a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    pub quota_bytes: u64,
    /// What lies there now.
    pub bytes: u64,
    /// What will lie there when the next visit has deleted what it is to delete.
    pub after_bytes: u64,
}

impl Room {
    /// How full it is, rounded up: what is full to the last octet but one is no 99 %.
    pub fn percent(&self) -> u64 {
        let percent = (u128::from(self.bytes) * 100).div_ceil(u128::from(self.quota_bytes.max(1)));
        u64::try_from(percent).unwrap_or(u64::MAX)
    }

    /// Mail may soon be turned away.
    pub fn is_nearly_full(&self) -> bool {
        self.percent() >= NEARLY_FULL_PERCENT
    }

    /// “2.1 GB of 5.0 GB; 1.8 GB after the next visit”.
    pub fn words(&self) -> String {
        let after = match self.after_bytes < self.bytes {
            true => format!("; {} after the next visit", size(self.after_bytes)),
            false => String::new(),
        };
        format!("{} of {}, {} % full{after}", size(self.bytes), size(self.quota_bytes), self.percent())
    }
}

/// From here on providers begin to warn.
const NEARLY_FULL_PERCENT: u64 = 90;

/// Messages whose listing a person begins to wait for: some hundreds of kilobytes, and servers that open each file.
const MANY_MESSAGES: u64 = 5_000;

/// One message on the server.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerMessage {
    /// In the session in which it was seen.
    pub number: u32,
    /// Octets as the server gave them; empty: it gives none.
    pub uid: Vec<u8>,
    pub size_bytes: u64,
    /// Fit for the screen; empty where nothing is known, or where it is here (see `key`).
    pub from: String,
    pub subject: String,
    pub date: Option<i64>,
    /// It is here.
    pub key: Option<MessageKey>,
    pub fate: Fate,
    pub wish: Option<Wish>,
    /// Attempts to fetch it that failed, and the server's words.
    pub tries: u32,
    pub words: String,
}

/// One thing that was found out about a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub what: String,
    /// None: neither good nor bad.
    pub good: Option<bool>,
    /// Fit for the screen.
    pub words: String,
}

/// A message opened for reading.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenedMessage {
    pub row: MessageRow,
    pub view: Arc<MessageView>,
    pub pictures: Arc<MessagePictures>,
    /// None: it has no HTML.
    pub page: Option<Arc<MessagePage>>,
}

/// One account's visit to its server, from the click to the closed line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Visit {
    pub account: AccountId,
    pub account_name: String,
    pub stage: Stage,
    /// Messages that this visit has to fetch, once known.
    pub planned: u32,
    /// Octets of those, as the server announced them.
    pub planned_bytes: u64,
    /// Messages fetched and safely stored.
    pub new: u32,
    /// Octets of message bodies that came over the line.
    pub bytes: u64,
    pub deleted_on_server: u32,
    /// Messages that were known by other unique-ids and not fetched again.
    pub recognised: u32,
    /// Messages that the account's limit for a visit left for the next one.
    pub later: u32,
    /// How long the line has been open.
    pub connected_ms: u64,
    /// Octets each way, listings and commands among them.
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// From a command to its reply, the shortest so far; None: nothing was answered.
    pub round_trip: Option<RoundTrip>,
    /// What went wrong; the visit may have gone on.
    pub problems: Vec<Problem>,
    /// It ended because the person said *Stop*.
    pub stopped: bool,
    /// It did not begin: nobody asked for it, and the line is metered.
    pub held_back: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// Waiting for its turn, the password, the Outbox.
    #[default]
    Waiting,
    Connecting,
    SigningIn,
    Listing,
    Fetching,
    Deleting,
    /// The line is closed.
    Closed,
}

/// What *Test connection* found.
#[derive(Clone, Debug, PartialEq)]
pub struct AccountTest {
    /// What the incoming server said, or the problem.
    pub incoming: Result<String, Box<Problem>>,
    /// The same for the outgoing server; None where the account has none.
    pub outgoing: Option<Result<String, Box<Problem>>>,
}

/// Something that went wrong, in a person's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    /// What was being done: “Could not get mail for work@example.org”.
    pub what: String,
    /// Why it failed: “the server does not know this password”.
    pub why: String,
    /// What to do about it; may be “Nothing to do: …”.
    pub remedy: String,
    /// The other side's own words, fit for the screen; never a password. Empty where there are none.
    pub detail: String,
    /// What the window can offer beside the words.
    pub offer: Option<Offer>,
    /// Whether trying again without being asked makes sense.
    pub again: Again,
}

/// Whether trying again without being asked makes sense; the worst comes last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Again {
    /// With the next visit.
    #[default]
    Anytime,
    /// It passes: not before so many seconds.
    After(u32),
    /// Perhaps it passes: once more, not before so many seconds.
    Once(u32),
    /// Only when the person has done something.
    Never,
}

/// A visit that will be made without being asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextVisit {
    pub account: AccountId,
    /// Unix seconds.
    pub at: i64,
    /// Again, after a fault that passes.
    pub retry: bool,
}

/// A step that a person can take from a [`Problem`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offer {
    /// Ask for the password of this account, then go on.
    EnterPassword(AccountId),
    /// Show this certificate, and trust it for this account if the person says so.
    TrustCertificate { account: AccountId, outgoing: bool, certificate: Box<CertificateFacts> },
    /// Open the settings of this account.
    EditAccount(AccountId),
    /// Fetch as much as there is.
    FetchAll(AccountId),
    /// The same over a line that is metered.
    VisitAnyway(AccountId),
}

/// What a person should read before trusting a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    pub subject: String,
    pub issuer: String,
    /// Host names it was issued for.
    pub names: Vec<String>,
    /// Days, as `2026-11-23`.
    pub valid_from: String,
    pub valid_until: String,
    pub fingerprint: Fingerprint,
    /// Why it is not trusted.
    pub fault: String,
}

impl Problem {
    /// Nothing is wrong: the person is asked whether it is wanted.
    pub fn is_question(&self) -> bool {
        matches!(self.offer, Some(Offer::FetchAll(_) | Offer::VisitAnyway(_)))
    }
}

impl fmt::Display for Problem {
    /// One paragraph: what: why. Remedy. Server said: detail.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}.", self.what, self.why.trim_end_matches('.'))?;
        if !self.remedy.is_empty() {
            write!(f, " {}", self.remedy)?;
        }
        if !self.detail.is_empty() {
            write!(f, " Server said: {}", self.detail)?;
        }
        Ok(())
    }
}
