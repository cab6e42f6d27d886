//! Delivery: the one transaction after which a message may be deleted on the server.

use rusqlite::{Connection, OptionalExtension, params};

use super::listing::mailbox_of;
use super::raw::PackedRaw;
use super::types::{Flags, MailboxId, MessageKey, Role};
use super::{Error, LedgerId, StagedRaw, Store, ledger};
use crate::account::AccountId;
use crate::mail::{Address, Envelope};

/// Bits of a key that tell messages of the same second apart.
const SEQUENCE_BITS: u32 = 20;
const SEQUENCE_MASK: i64 = (1 << SEQUENCE_BITS) - 1;
/// Seconds that still fit a key: the year 141,000.
const LAST_SECOND: i64 = (1 << (62 - SEQUENCE_BITS)) - 1;
/// A message's own date counts up to this far ahead (time zones, clocks that are a little fast); later it would sit on top of
/// the list for years, which junk mail knows.
const DAY_SECS: i64 = 24 * 60 * 60;
/// Characters of a text for the list: a subject of a megabyte must not make the list slow.
const LINE_CHARS: usize = 1000;
/// Octets of a Message-ID, or of a list of them, which only attacks exceed (RFC 5322 §2.1.1: 998 octets a line).
const IDS_BYTES: usize = 16 * 1024;

/// A message that came from the server.
#[derive(Debug)]
pub struct Arrival {
    /// None: the server has no UIDL.
    pub uid: Option<Vec<u8>>,
    /// As listed; a hint, which may be a lie.
    pub listed_size: u64,
    pub content: Content,
    pub envelope: Envelope,
    /// Whether bytes that were stored for this account before are the same message. False where a server without unique-ids
    /// lists two that are equal.
    pub dedupe: bool,
}

#[derive(Debug)]
pub enum Content {
    Whole(Vec<u8>),
    Staged(StagedRaw),
}

/// An [`Arrival`] hashed and compressed.
pub struct Prepared {
    uid: Option<Vec<u8>>,
    listed_size: u64,
    raw: PackedRaw,
    envelope: Envelope,
    dedupe: bool,
}

/// What became of an arrival. It is on the disk: DELE may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// None: it was stored before and has been removed for good since, so it was not stored again.
    pub key: Option<MessageKey>,
    pub ledger: LedgerId,
    /// It was stored before.
    pub duplicate: bool,
}

/// Does the work that needs no store, on whichever thread can bear it: hashing, compressing.
pub fn prepare(arrival: Arrival) -> Prepared {
    let raw = match arrival.content {
        Content::Whole(octets) => PackedRaw::whole(&octets),
        Content::Staged(staged) => PackedRaw::staged(staged),
    };
    Prepared {
        uid: arrival.uid,
        listed_size: arrival.listed_size,
        raw,
        envelope: arrival.envelope,
        dedupe: arrival.dedupe,
    }
}

impl Prepared {
    /// Octets of the message.
    pub fn size_bytes(&self) -> u64 {
        self.raw.size_bytes
    }
}

impl Store {
    /// Stores messages into the Inbox with their ledger rows: all of them, or none. In the order given.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the account was removed. After any error nothing was stored, and staged octets are gone.
    pub async fn deliver(&self, account: AccountId, arrivals: Vec<Prepared>, now: i64) -> Result<Vec<Delivery>, Error> {
        self.write(move |db| {
            let inbox = mailbox_of(db, account, Role::Inbox)?;
            arrivals.into_iter().map(|arrival| deliver_one(db, account, inbox, arrival, now)).collect()
        })
        .await
    }
}

fn deliver_one(
    db: &Connection,
    account: AccountId,
    inbox: MailboxId,
    arrival: Prepared,
    now: i64,
) -> Result<Delivery, Error> {
    let Prepared { uid, listed_size, raw, envelope, dedupe } = arrival;
    let listed = ledger::Listed { account, uid: uid.unwrap_or_default(), size_bytes: listed_size, sha256: raw.sha256 };
    if dedupe && let Some(known) = ledger::by_hash(db, account, &listed.sha256)? {
        let ledger = ledger::write_again(db, &listed, &known)?;
        raw.discard(db)?;
        return Ok(Delivery { key: known.message, ledger, duplicate: true });
    }
    let uid = (!listed.uid.is_empty()).then_some(listed.uid.as_slice());
    let message = NewMessage { mailbox: inbox, flags: Flags::default(), uid, envelope: &envelope, now };
    let key = insert_message(db, &message, raw)?;
    let ledger = ledger::write_first(db, &listed, key, now)?;
    Ok(Delivery { key: Some(key), ledger, duplicate: false })
}

/// A message row to be.
pub(super) struct NewMessage<'a> {
    pub(super) mailbox: MailboxId,
    pub(super) flags: Flags,
    pub(super) uid: Option<&'a [u8]>,
    pub(super) envelope: &'a Envelope,
    pub(super) now: i64,
}

pub(super) fn insert_message(db: &Connection, message: &NewMessage<'_>, raw: PackedRaw) -> Result<MessageKey, Error> {
    let date = date(message.envelope.date, message.now);
    let key = free_key(db, date)?;
    let (size_bytes, sha256) = (raw.size_bytes, raw.sha256);
    let raw = raw.store(db)?;
    let columns = Columns::of(message.envelope);
    let mut insert = db.prepare_cached(
        "INSERT INTO message (key, mailbox, flags, has_attachments, date, stored_at, size_bytes, raw, sha256, uid,
                              from_name, from_addr, recipients, subject, snippet, message_id, in_reply_to, reference_ids)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
    )?;
    insert.execute(params![
        key.0,
        message.mailbox.0,
        message.flags.0,
        columns.has_attachments,
        date,
        message.now,
        size_bytes.cast_signed(),
        raw,
        sha256,
        message.uid,
        columns.from_name,
        columns.from_addr,
        columns.recipients,
        columns.subject,
        columns.snippet,
        columns.message_id,
        columns.in_reply_to,
        columns.reference_ids,
    ])?;
    Ok(key)
}

/// Another content for a message that keeps its key: a draft saved again. The octets that it had are removed by a trigger.
pub(super) fn replace_message(
    db: &Connection,
    key: MessageKey,
    message: &NewMessage<'_>,
    raw: PackedRaw,
) -> Result<(), Error> {
    let (size_bytes, sha256) = (raw.size_bytes, raw.sha256);
    let raw = raw.store(db)?;
    let columns = Columns::of(message.envelope);
    let mut update = db.prepare_cached(
        "UPDATE message SET mailbox = ?2, flags = ?3, has_attachments = ?4, date = ?5, stored_at = ?6, size_bytes = ?7,
                raw = ?8, sha256 = ?9, from_name = ?10, from_addr = ?11, recipients = ?12, subject = ?13, snippet = ?14,
                message_id = ?15, in_reply_to = ?16, reference_ids = ?17, previous_mailbox = NULL
         WHERE key = ?1",
    )?;
    update.execute(params![
        key.0,
        message.mailbox.0,
        message.flags.0,
        columns.has_attachments,
        date(message.envelope.date, message.now),
        message.now,
        size_bytes.cast_signed(),
        raw,
        sha256,
        columns.from_name,
        columns.from_addr,
        columns.recipients,
        columns.subject,
        columns.snippet,
        columns.message_id,
        columns.in_reply_to,
        columns.reference_ids,
    ])?;
    Ok(())
}

/// What of an envelope stands in the message's row.
struct Columns {
    from_name: String,
    from_addr: String,
    recipients: String,
    subject: String,
    snippet: String,
    message_id: Option<String>,
    in_reply_to: String,
    reference_ids: String,
    has_attachments: bool,
}

impl Columns {
    fn of(envelope: &Envelope) -> Self {
        let from = envelope.from.first();
        Self {
            from_name: shortened(from.map_or("", |from| &from.name)),
            from_addr: shortened(from.map_or("", |from| &from.addr)),
            recipients: recipients(envelope),
            subject: shortened(&envelope.subject),
            snippet: shortened(&envelope.snippet),
            message_id: envelope.message_id.as_ref().filter(|id| !id.is_empty() && id.len() <= IDS_BYTES).cloned(),
            in_reply_to: ids(&envelope.in_reply_to),
            reference_ids: ids(&envelope.references),
            has_attachments: envelope.has_attachments,
        }
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(LINE_CHARS).collect()
}

fn recipients(envelope: &Envelope) -> String {
    let shown = |address: &Address| if address.name.is_empty() { address.addr.clone() } else { address.name.clone() };
    let mut line = String::new();
    for address in envelope.to.iter().chain(&envelope.cc).chain(&envelope.bcc) {
        if !line.is_empty() {
            line.push_str(", ");
        }
        line.push_str(&shown(address));
        if line.len() > LINE_CHARS {
            break;
        }
    }
    shortened(&line)
}

/// The first and the last tell most of a thread; of too many, the last stay, which are the nearest.
fn ids(ids: &[String]) -> String {
    let mut bytes = 0;
    let near = ids.iter().rev().take_while(|id| {
        bytes += id.len() + 1;
        bytes <= IDS_BYTES
    });
    let mut near: Vec<&str> = near.map(String::as_str).collect();
    near.reverse();
    near.join("\n")
}

/// The message's own date where it can be true, or else when it was stored.
fn date(own: Option<i64>, now: i64) -> i64 {
    own.filter(|own| (0..=now.saturating_add(DAY_SECS)).contains(own)).unwrap_or(now).clamp(0, LAST_SECOND)
}

/// The next key of that second, or of the next that has one.
fn free_key(db: &Connection, date: i64) -> Result<MessageKey, Error> {
    let mut largest = db.prepare_cached("SELECT max(key) FROM message WHERE key BETWEEN ?1 AND ?2")?;
    for second in date..=LAST_SECOND {
        let first = second << SEQUENCE_BITS;
        let last = first | SEQUENCE_MASK;
        match largest.query_row([first, last], |row| row.get::<_, Option<i64>>(0)).optional()?.flatten() {
            None => return Ok(MessageKey(first)),
            Some(taken) if taken < last => return Ok(MessageKey(taken + 1)),
            Some(_) => (),
        }
    }
    Err(Error::Unexpected("there is no key left".into()))
}
