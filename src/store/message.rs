//! The row of a message: its time-ordered key and what of its envelope the list needs.

use rusqlite::{Connection, OptionalExtension, params};

use super::Error;
use super::raw::PackedRaw;
use super::types::{Flags, MailboxId, MessageKey, Part};
use crate::mail::{Address, Envelope};

/// A message row to be.
pub(super) struct NewMessage<'a> {
    pub(super) mailbox: MailboxId,
    pub(super) flags: Flags,
    pub(super) uid: Option<&'a [u8]>,
    pub(super) envelope: &'a Envelope,
    pub(super) now: i64,
    pub(super) part: Part,
}

pub(super) fn insert_message(db: &Connection, message: &NewMessage<'_>, raw: PackedRaw) -> Result<MessageKey, Error> {
    let date = date(message.envelope.date, message.now);
    let key = free_key(db, date)?;
    let (size_bytes, sha256) = (raw.size_bytes, raw.sha256);
    let raw = raw.store(db)?;
    let columns = Columns::of(message.envelope);
    let mut insert = db.prepare_cached(
        "INSERT INTO message (key, mailbox, flags, has_attachments, date, stored_at, size_bytes, raw, sha256, uid,
                              from_name, from_addr, recipients, subject, snippet, message_id, in_reply_to, reference_ids,
                              recipient_addrs, part)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
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
        columns.recipient_addrs,
        message.part.number(),
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
                message_id = ?15, in_reply_to = ?16, reference_ids = ?17, recipient_addrs = ?18, part = ?19, previous_mailbox = NULL,
                trashed_at = NULL
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
        columns.recipient_addrs,
        message.part.number(),
    ])?;
    Ok(())
}

/// What of an envelope stands in the message's row.
struct Columns {
    from_name: String,
    from_addr: String,
    recipients: String,
    recipient_addrs: String,
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
            recipients: recipients(
                envelope,
                |address| if address.name.is_empty() { &address.addr } else { &address.name },
            ),
            recipient_addrs: recipients(envelope, |address| &address.addr),
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

/// All recipients, joined with commas.
fn recipients(envelope: &Envelope, shown: impl Fn(&Address) -> &String) -> String {
    let mut line = String::new();
    for address in envelope.to.iter().chain(&envelope.cc).chain(&envelope.bcc) {
        if !line.is_empty() {
            line.push_str(", ");
        }
        line.push_str(shown(address));
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

/// The key before which all messages are older than that second: a message's date is the time in its key. (But for the second of
/// a million messages, whose last ones are in the next.)
pub(super) fn first_key(second: i64) -> MessageKey {
    MessageKey(second.clamp(0, LAST_SECOND) << SEQUENCE_BITS)
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

/// Bits of a key that tell messages of the same second apart.
pub(super) const SEQUENCE_BITS: u32 = 20;
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

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::super::testing::{Fixture, NOON, arrival, envelope};
    use super::super::types::{MessageRow, Role};
    use super::super::{Arrival, Content, prepare};
    use super::*;

    fn row(fixture: &Fixture, envelope: Envelope, octets: &[u8]) -> MessageRow {
        let arrival = prepare(Arrival {
            uid: Some(octets.to_owned()),
            listed_size: 1,
            content: Content::Whole(octets.to_owned()),
            envelope,
            dedupe: false,
            ..Arrival::default()
        });
        let key = fixture.deliver(vec![arrival]).unwrap()[0].key.unwrap();
        block_on(fixture.store.row(key)).unwrap()
    }

    #[test]
    fn a_message_has_its_own_date_where_that_can_be_true() {
        let fixture = Fixture::new();
        let cases = [
            ("its own", Some(NOON - 1000), NOON - 1000),
            ("the first second there is", Some(0), 0),
            ("a clock that is a little fast", Some(NOON + DAY_SECS), NOON + DAY_SECS),
            ("none", None, NOON),
            ("before the first second", Some(-1), NOON),
            ("the end of time", Some(i64::MAX), NOON),
            ("before time", Some(i64::MIN), NOON),
            ("the day after tomorrow", Some(NOON + 2 * DAY_SECS), NOON),
        ];
        for (name, own, shown) in cases {
            let row = row(&fixture, envelope("s", own), b"x");
            assert_eq!((row.date, row.key.0 >> SEQUENCE_BITS), (shown, shown), "{name}");
        }
    }

    #[test]
    fn a_clock_that_is_mad_does_not_stop_the_mail() {
        let fixture = Fixture::new();
        for now in [i64::MIN, -1, 0, i64::MAX] {
            let delivered =
                block_on(fixture.store.deliver(fixture.account, vec![arrival(b"a", &now.to_be_bytes())], now));
            assert!(delivered.unwrap()[0].key.unwrap().0 >= 0, "{now}");
        }
        assert_eq!(fixture.keys(Role::Inbox).len(), 4);
    }

    #[test]
    fn messages_of_one_second_keep_the_order_in_which_they_came() {
        let fixture = Fixture::new();
        let keys: Vec<_> = (0..100_u8).map(|n| row(&fixture, envelope("s", Some(NOON)), &[n]).key).collect();
        assert!(keys.is_sorted_by(|a, b| a < b));
        assert!(keys.iter().all(|key| key.0 >> SEQUENCE_BITS == NOON));
    }

    #[test]
    fn a_second_that_is_full_goes_on_in_the_next() {
        let fixture = Fixture::new();
        let first = row(&fixture, envelope("s", Some(100)), b"x").key;
        let last = 100 << SEQUENCE_BITS | SEQUENCE_MASK;
        fixture
            .sql()
            .execute_batch("UPDATE ledger SET message = NULL; DELETE FROM to_index; DELETE FROM to_thread")
            .unwrap();
        fixture.sql().execute("UPDATE message SET key = ?2 WHERE key = ?1", (first.0, last)).unwrap();
        assert_eq!(row(&fixture, envelope("s", Some(100)), b"y").key, MessageKey(101 << SEQUENCE_BITS));
        assert_eq!(row(&fixture, envelope("s", Some(100)), b"z").key, MessageKey(101 << SEQUENCE_BITS | 1));
    }

    #[test]
    fn no_header_makes_the_list_slow() {
        let fixture = Fixture::new();
        let long = "é".repeat(1 << 20);
        let many = vec![Address { name: "a, b".into(), addr: "a@example.org".into() }; 100_000];
        let ids: Vec<String> = (0..100_000).map(|n| format!("{n}@example.org")).collect();
        let broken = Envelope {
            from: vec![Address { name: long.clone(), addr: long.clone() }],
            to: many,
            message_id: Some(long.clone()),
            references: ids,
            ..envelope(&long, None)
        };
        let row = row(&fixture, broken, b"x");
        for text in [&row.from_name, &row.from_addr, &row.subject, &row.to] {
            assert!((LINE_CHARS - 10..=LINE_CHARS).contains(&text.chars().count()), "{}", text.len());
        }
        let kept: String = fixture.sql().query_row("SELECT reference_ids FROM message", [], |row| row.get(0)).unwrap();
        assert!(kept.len() <= IDS_BYTES && kept.ends_with("\n99999@example.org"), "the nearest stay");
        assert_eq!(fixture.rows_of("message WHERE message_id IS NULL"), 1);
    }
}
