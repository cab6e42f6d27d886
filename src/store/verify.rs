//! Proves what a store holds: every page, every message against its hash, the counts, what refers to what.
//!
//! A connection of its own does it, message after message in short transactions, so that neither the writer nor the readers
//! wait; it needs no more memory than a piece of a message.

use rusqlite::Connection;

use super::damage::{DamagedMessage, named};
use super::migrate::connect_to_read;
use super::raw::prove_octets;
use super::source::{Control, Source, connect_still};
use super::types::MessageKey;
use super::{Error, Store};

/// What a check came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Messages that were read, and their octets.
    pub messages: u64,
    pub bytes: u64,
    /// The first ones of the messages that are not what was stored,
    pub damaged: Vec<DamagedMessage>,
    /// and how many there are.
    pub damaged_count: u64,
    /// Other faults than those of messages, in SQLite's words or ours.
    pub faults: Vec<String>,
    /// Faults of the pages that hold messages' octets. If no message is damaged they cost nothing but room.
    pub spots: Vec<String>,
}

impl Report {
    /// Nothing is wrong, and nothing was.
    pub fn is_clean(&self) -> bool {
        self.damaged.is_empty() && self.faults.is_empty() && self.spots.is_empty()
    }

    /// The search index is damaged, which can be made anew.
    pub fn index_is_damaged(&self) -> bool {
        self.faults.iter().any(|fault| fault.starts_with(INDEX))
    }

    /// Everything is there that could be: what is damaged was known to be.
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty() && self.damaged.iter().all(|message| message.known)
    }
}

/// How far a check has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Messages read, of how many, and the last one's key. All zero while the pages are read.
    pub messages: u64,
    pub of: u64,
    pub last: i64,
    pub bytes: u64,
    /// Damaged ones among them.
    pub damaged: u64,
}

impl Store {
    /// The store's file, for a check or a backup beside everything else.
    pub fn source(&self) -> Source {
        Source::of(self)
    }
}

/// Checks everything. `tell` hears of each step.
///
/// # Errors
/// [`Error::GivenUp`] when it was stopped; others if nothing could be read at all.
pub fn verify(source: &Source, control: &Control, tell: &mut dyn FnMut(Progress)) -> Result<Report, Error> {
    check_all(&connect_to_read(&source.file)?, control, tell)
}

/// The same for a copy that nobody else has open.
pub(super) fn verify_copy(
    file: &std::path::Path,
    control: &Control,
    tell: &mut dyn FnMut(Progress),
) -> Result<Report, Error> {
    check_all(&connect_still(file)?, control, tell)
}

/// Only the messages after this key, until it is stopped; `tell` hears of each step and may take its time. With the key where it
/// stopped; None: it came to the end.
///
/// # Errors
/// As [`verify`], but for being stopped.
pub fn verify_messages(
    source: &Source,
    after: i64,
    control: &Control,
    tell: &mut dyn FnMut(Progress),
) -> Result<(Report, Option<i64>), Error> {
    let db = connect_to_read(&source.file)?;
    let (mut report, mut last) = (Report::default(), after);
    let note = &mut |progress: Progress| {
        last = progress.last;
        tell(progress);
    };
    match check_messages(&db, after, &mut report, control, note) {
        Ok(()) => Ok((report, None)),
        Err(Error::GivenUp) => Ok((report, Some(last))),
        Err(error) => Err(error),
    }
}

fn check_all(db: &Connection, control: &Control, tell: &mut dyn FnMut(Progress)) -> Result<Report, Error> {
    let mut report = Report::default();
    control.holds(db);
    control.goes_on()?;
    tell(Progress::default());
    check_pages(db, &mut report)?;
    check_messages(db, i64::MIN, &mut report, control, tell)?;
    control.goes_on()?;
    check_counts(db, &mut report)?;
    control.goes_on()?;
    check_references(db, &mut report)?;
    Ok(report)
}

/// Whether only pages are damaged that hold octets of messages, or words for the search, so that everything else can be relied
/// on.
pub(super) fn is_usable(db: &Connection) -> Result<bool, Error> {
    for table in tables(db)? {
        if table != OCTETS && !table.starts_with(INDEX) && !faults_of(db, "quick_check", Some(&table))?.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether SQLite finds nothing wrong with a table: what is damaged may look like one with fewer rows.
pub(super) fn is_table_whole(db: &Connection, table: &str) -> Result<bool, Error> {
    Ok(kept_going(faults_of(db, "integrity_check", Some(table)))?.is_empty())
}

/// Every page, in one go; where something is wrong, table by table, to tell whose pages they are.
fn check_pages(db: &Connection, report: &mut Report) -> Result<(), Error> {
    if kept_going(faults_of(db, "integrity_check", None))?.is_empty() {
        return Ok(());
    }
    for table in tables(db)? {
        let faults = kept_going(faults_of(db, "integrity_check", Some(&table)))?;
        let to = if table == OCTETS { &mut report.spots } else { &mut report.faults };
        to.extend(
            faults
                .into_iter()
                .map(|fault| format!("{table}: {}", fault.trim_start_matches("*** in database main ***\n"))),
        );
    }
    // Pages that no table has, or two have, are seen only as a whole, and mostly follow from the others.
    if report.faults.is_empty() && report.spots.is_empty() {
        report.spots = kept_going(faults_of(db, "integrity_check", None))?;
    }
    Ok(())
}

/// SQLite's own check, of one table or of all.
fn faults_of(db: &Connection, check: &str, table: Option<&str>) -> Result<Vec<String>, Error> {
    let argument = table.map_or(MOST_FAULTS.to_string(), |table| format!("'{}'", table.replace('\'', "''")));
    let mut select = db.prepare(&format!("PRAGMA {check}({argument})"))?;
    let faults: Vec<String> = select.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(faults.into_iter().filter(|fault| fault != "ok").take(MOST_FAULTS).collect())
}

/// What is too damaged to be checked is damaged.
fn kept_going(outcome: Result<Vec<String>, Error>) -> Result<Vec<String>, Error> {
    match outcome {
        Err(error @ (Error::Damaged(_) | Error::Disk(_))) => Ok(vec![error.to_string()]),
        outcome => outcome,
    }
}

/// The list of all tables itself (with the pages that are free) comes first.
fn tables(db: &Connection) -> Result<Vec<String>, Error> {
    let mut select = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")?;
    let names = select.query_map([], |row| row.get(0))?;
    let mut tables = vec!["sqlite_schema".to_owned()];
    for name in names {
        tables.push(name?);
    }
    Ok(tables)
}

fn check_messages(
    db: &Connection,
    after: i64,
    report: &mut Report,
    control: &Control,
    tell: &mut dyn FnMut(Progress),
) -> Result<(), Error> {
    let of = db.query_row("SELECT coalesce(sum(total), 0) FROM mailbox", [], |row| row.get::<_, i64>(0)).unwrap_or(0);
    let mut progress = Progress { of: of.max(0).cast_unsigned(), last: after, ..Progress::default() };
    loop {
        control.goes_on()?;
        let transaction = db.unchecked_transaction()?;
        let more = match check_some(&transaction, report, &mut progress) {
            Err(error @ (Error::Damaged(_) | Error::Disk(_))) => {
                report.faults.push(format!("the list of the messages cannot be read to its end: {error}"));
                false
            }
            outcome => outcome?,
        };
        drop(transaction);
        tell(progress);
        if !more {
            return Ok(());
        }
    }
}

/// Some messages after the last; whether there may be more.
fn check_some(db: &Connection, report: &mut Report, progress: &mut Progress) -> Result<bool, Error> {
    let mut select = db.prepare_cached("SELECT key FROM message WHERE key > ?1 ORDER BY key LIMIT ?2")?;
    let keys: Vec<i64> =
        select.query_map((progress.last, STEP_MESSAGES), |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut step_bytes = 0;
    for key in &keys {
        match prove_octets(db, MessageKey(*key)) {
            Ok(bytes) => step_bytes += bytes,
            Err(Error::NotFound) => {}
            Err(Error::Damaged(_)) => found_damaged(db, MessageKey(*key), report),
            Err(error) => return Err(error),
        }
        report.messages += 1;
        progress.last = *key;
        if step_bytes >= STEP_BYTES {
            break;
        }
    }
    report.bytes += step_bytes;
    progress.messages = report.messages;
    progress.bytes = report.bytes;
    progress.damaged = report.damaged_count;
    Ok(!keys.is_empty())
}

fn found_damaged(db: &Connection, key: MessageKey, report: &mut Report) {
    report.damaged_count += 1;
    if report.damaged.len() < MOST_NAMED {
        report.damaged.push(named(db, key).unwrap_or(DamagedMessage { key, ..DamagedMessage::default() }));
    }
}

/// The numbers beside the mailboxes, which triggers keep, against what lies in them.
fn check_counts(db: &Connection, report: &mut Report) -> Result<(), Error> {
    let differing = "SELECT count(*) FROM mailbox
         LEFT JOIN (SELECT mailbox, count(*) AS total, sum(flags & 1 = 0) AS unread FROM message GROUP BY mailbox) AS counted
              ON counted.mailbox = mailbox.id
         WHERE mailbox.total <> coalesce(counted.total, 0) OR mailbox.unread <> coalesce(counted.unread, 0)";
    count_fault(db, report, differing, "mailboxes whose numbers of messages are wrong")?;
    let unmarked =
        "SELECT count(*) FROM message LEFT JOIN mailbox ON mailbox.id = message.mailbox WHERE mailbox.id IS NULL";
    count_fault(db, report, unmarked, "messages in no mailbox")
}

fn count_fault(db: &Connection, report: &mut Report, query: &str, what: &str) -> Result<(), Error> {
    match db.query_row(query, [], |row| row.get::<_, i64>(0)).map_err(Error::from) {
        Ok(0) => Ok(()),
        Ok(count) => {
            report.faults.push(format!("{count} {what}"));
            Ok(())
        }
        Err(error @ (Error::Damaged(_) | Error::Disk(_))) => {
            report.faults.push(error.to_string());
            Ok(())
        }
        Err(error) => Err(error),
    }
}

fn check_references(db: &Connection, report: &mut Report) -> Result<(), Error> {
    let mut select = db.prepare("SELECT \"table\", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2")?;
    let strays = select.query_map([], |row| {
        let (table, parent, count): (String, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(format!("{count} rows of {table} refer to nothing in {parent}"))
    });
    let strays = strays.and_then(|strays| strays.collect::<Result<Vec<_>, _>>()).map_err(Error::from);
    report.faults.extend(kept_going(strays)?);
    Ok(())
}

/// The table of the messages' octets: nearly all of the file.
const OCTETS: &str = "raw_chunk";
/// How the tables of the search index begin. They can be made anew from the messages.
const INDEX: &str = "search";
/// Faults that are told of one table.
const MOST_FAULTS: usize = 20;
/// Messages that are named.
const MOST_NAMED: usize = 1000;
/// Messages, and their octets, between two looks at whether to go on.
const STEP_MESSAGES: i64 = 64;
const STEP_BYTES: u64 = 4 << 20;

#[cfg(test)]
mod tests;
