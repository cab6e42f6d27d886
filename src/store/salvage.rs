//! Everything that can still be read, into a new store: tables are walked from both ends around what cannot be read.

use std::collections::{HashSet, VecDeque};
use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params_from_iter};

mod pages;

use pages::Pages;

use super::damage::{DamagedMessage, named};
use super::message::{NewMessage, insert_message};
use super::migrate::{connect, create_at};
use super::private::new_file;
use super::raw::prove_octets;
use super::restore::put_in_place;
use super::source::Control;
use super::types::{Flags, MailboxId, MessageKey, Part};
use super::verify::is_table_whole;
use super::{Error, raw};
use crate::mail::Envelope;

/// What was saved, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Salvaged {
    /// Messages that are there, octet for octet.
    pub whole: u64,
    /// Messages of which only the row could be read: they may still be on the server.
    pub damaged: Vec<DamagedMessage>,
    /// Octets without a row: messages of which nothing else is known, put into an account's Inbox as they are.
    pub found: u64,
    /// Rows of each table that could be copied, and whether there may be more that could not.
    pub tables: Vec<(String, u64, bool)>,
    /// Where the old file lies.
    pub aside: Option<PathBuf>,
}

/// Saves what can be saved of the store in `folder`, which nobody else may have open, and puts the new store in its place. The old
/// one is kept.
///
/// # Errors
/// [`Error::Damaged`] if not even the list of the tables can be read. After any error nothing was changed.
pub fn salvage(folder: &Path, now: i64, control: &Control) -> Result<Salvaged, Error> {
    let file = folder.join("malote.db");
    let file = file.canonicalize().map_err(|error| Error::of_file(&error, &file))?;
    let old = connect(&file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // What is damaged is to be read as far as it can be, and from one file. Where that fails, the log stays beside the old file.
    old.pragma_update(None, "cell_size_check", false)?;
    let _ = old.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    let mut pages = Pages::open(&file).map_err(|error| Error::of_file(&error, &file))?;
    let unfinished = new_file(&file)?;
    let new = create_at(&unfinished)?;
    let mut salvaged = Salvaged::default();
    let outcome = copy_all(&old, &mut pages, &new, &mut salvaged, now, control);
    drop(old);
    new.close().map_err(|(_, error)| error)?;
    if let Err(error) = outcome {
        // What is left is replaced by the next attempt.
        let _ = std::fs::remove_file(&unfinished);
        return Err(error);
    }
    salvaged.aside = put_in_place(&unfinished, &file)?;
    Ok(salvaged)
}

fn copy_all(
    old: &Connection,
    pages: &mut Pages,
    new: &Connection,
    salvaged: &mut Salvaged,
    now: i64,
    control: &Control,
) -> Result<(), Error> {
    new.pragma_update(None, "foreign_keys", false)?;
    new.execute_batch("BEGIN")?;
    // What triggers would add comes over as it is, or is made anew below.
    new.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    new.execute("DELETE FROM upkeep", [])?;
    let mut rows_are_lost = false;
    for table in tables(new)? {
        control.goes_on()?;
        let (rows, has_gaps) = match common_columns(old, new, &table) {
            Ok(columns) if columns.is_empty() => continue,
            Ok(columns) => {
                let (rows, has_gaps) = copy_table(old, new, &table, &columns, control)?;
                (rows, has_gaps || !is_table_whole(old, &table)?)
            }
            // Not even the list of the tables can be read.
            Err(Error::Damaged(_)) => (0, true),
            Err(error) => return Err(error),
        };
        rows_are_lost |= has_gaps && table == "message";
        salvaged.tables.push((table, rows, has_gaps));
    }
    copy_strays(pages, new, &mut salvaged.tables, control)?;
    keep_numbers_used(old, new)?;
    let lost = settle_messages(new, salvaged, now, control)?;
    new.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, true)?;
    new.execute_batch(SETTLE)?;
    if rows_are_lost {
        salvaged.found = adopt_strays(new, now, control)?;
    }
    new.execute_batch(FINISH)?;
    for key in lost {
        new.execute("UPDATE ledger SET part = 3 WHERE message = ?1 AND deletion <> 2 AND uid <> x''", [key])?;
    }
    new.execute_batch("COMMIT")?;
    new.pragma_update(None, "foreign_keys", true)?;
    Ok(())
}

/// Messages whose octets did not come over are noted as damaged; gives their keys.
fn settle_messages(new: &Connection, salvaged: &mut Salvaged, now: i64, control: &Control) -> Result<Vec<i64>, Error> {
    let (mut after, mut lost) = (i64::MIN, Vec::new());
    loop {
        control.goes_on()?;
        let keys: Vec<i64> = new
            .prepare_cached("SELECT key FROM message WHERE key > ?1 ORDER BY key LIMIT 256")?
            .query_map([after], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let Some(last) = keys.last() else { return Ok(lost) };
        after = *last;
        for key in keys {
            match prove_octets(new, MessageKey(key)) {
                Ok(_) => salvaged.whole += 1,
                Err(Error::Damaged(_)) => {
                    salvaged.damaged.extend(named(new, MessageKey(key)));
                    let empty = raw::lost_raw(new)?;
                    new.execute(
                        "INSERT OR REPLACE INTO damaged (message, raw, found_at) SELECT key, raw, ?2 FROM message WHERE key = ?1",
                        (key, now),
                    )?;
                    new.execute("UPDATE message SET raw = ?2 WHERE key = ?1", (key, empty))?;
                    lost.push(key);
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// Where the trees are broken, rows are taken from whichever pages hold them. What the trees gave is newer and stays.
fn copy_strays(
    pages: &mut Pages,
    new: &Connection,
    tables: &mut [(String, u64, bool)],
    control: &Control,
) -> Result<(), Error> {
    let broken = tables.iter_mut().filter(|(_, _, has_gaps)| *has_gaps);
    let mut broken: Vec<(Shape, &mut u64)> =
        broken.map(|(table, rows, _)| Ok((Shape::of(new, table)?, rows))).collect::<Result<_, Error>>()?;
    if broken.is_empty() {
        return Ok(());
    }
    for number in 1..=pages.count() {
        control.goes_on()?;
        for row in pages.rows(number) {
            if let Some((shape, rows)) = broken.iter_mut().find(|(shape, _)| shape.fits(&row.values)) {
                **rows += u64::from(shape.insert(new, row)?);
            }
        }
    }
    Ok(())
}

/// What the rows of a table look like.
struct Shape {
    table: String,
    columns: Vec<Column>,
}

struct Column {
    name: String,
    kind: String,
    /// It is the rowid, which a record leaves out.
    is_rowid: bool,
    /// A row from before it was added does without it.
    may_be_missing: bool,
    may_be_null: bool,
}

impl Shape {
    fn of(db: &Connection, table: &str) -> Result<Self, Error> {
        let mut select =
            db.prepare("SELECT name, type, pk, \"notnull\", dflt_value IS NOT NULL FROM pragma_table_info(?1)")?;
        let columns = select.query_map([table], |row| {
            let (kind, key, is_required): (String, i64, bool) = (row.get(1)?, row.get(2)?, row.get(3)?);
            let is_rowid = key == 1 && kind == "INTEGER" && !is_required;
            let may_be_null = !is_required && key == 0;
            let may_be_missing = may_be_null || row.get(4)?;
            Ok(Column { name: row.get(0)?, kind, is_rowid, may_be_missing, may_be_null })
        })?;
        Ok(Self { table: table.to_owned(), columns: columns.collect::<Result<_, _>>()? })
    }

    fn fits(&self, values: &[Value]) -> bool {
        values.len() <= self.columns.len()
            && self.columns.iter().skip(values.len()).all(|column| column.may_be_missing)
            && self.columns.iter().zip(values).all(|(column, value)| match value {
                Value::Null => column.is_rowid || column.may_be_null,
                _ if column.is_rowid => false,
                Value::Integer(_) => column.kind == "INTEGER",
                Value::Text(_) => column.kind == "TEXT",
                Value::Blob(_) => column.kind == "BLOB",
                Value::Real(_) => false,
            })
    }

    /// Whether it was not there yet.
    fn insert(&self, new: &Connection, row: pages::Row) -> Result<bool, Error> {
        let given = self.columns.iter().zip(row.values).filter(|(column, _)| !column.is_rowid);
        let (names, values): (Vec<String>, Vec<Value>) =
            given.map(|(column, value)| (format!("\"{}\"", column.name), value)).unzip();
        let marks = vec!["?"; values.len() + 1].join(", ");
        let names = std::iter::once("rowid".to_owned()).chain(names).collect::<Vec<_>>().join(", ");
        let insert = format!("INSERT OR IGNORE INTO \"{}\" ({names}) VALUES ({marks})", self.table);
        let values = std::iter::once(Value::Integer(row.rowid)).chain(values);
        match new.prepare_cached(&insert)?.execute(params_from_iter(values)) {
            Ok(rows) => Ok(rows > 0),
            // It only looked like a row.
            Err(rusqlite::Error::SqliteFailure(failure, _))
                if failure.code == rusqlite::ErrorCode::ConstraintViolation =>
            {
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// The keyring knows accounts by numbers that are never used twice.
fn keep_numbers_used(old: &Connection, new: &Connection) -> Result<(), Error> {
    let read = || -> rusqlite::Result<Vec<(String, i64)>> {
        old.prepare("SELECT name, seq FROM sqlite_sequence")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect()
    };
    // Where that cannot be read, the highest number in use stands for it.
    for (name, used) in read().unwrap_or_default() {
        new.execute("UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1", (name, used))?;
    }
    Ok(())
}

/// Octets whose row is gone become messages again, in the Inbox of the account that the ledger names, or of the first one.
fn adopt_strays(new: &Connection, now: i64, control: &Control) -> Result<u64, Error> {
    let raws: Vec<i64> = new
        .prepare("SELECT DISTINCT id >> 20 FROM raw_chunk WHERE id >> 20 NOT IN (SELECT raw FROM message)")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut found = 0;
    for raw in raws {
        control.goes_on()?;
        let Ok(octets) = raw::octets_of_raw(new, raw) else { continue };
        let packed = raw::PackedRaw::whole(&octets, None);
        let known = "SELECT ledger.id, mailbox.id FROM ledger
                     JOIN mailbox ON mailbox.account = ledger.account AND mailbox.role = 'inbox'
                     WHERE ledger.sha256 = ?1 AND ledger.message IS NULL LIMIT 1";
        let known: Option<(i64, i64)> =
            new.query_row(known, [packed.sha256], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let first = "SELECT min(id) FROM mailbox WHERE role = 'inbox'";
        let Some(mailbox) = known.map(|known| known.1).or(new.query_row(first, [], |row| row.get(0))?) else {
            continue;
        };
        let envelope = Envelope::from_raw(&octets);
        let message = NewMessage {
            mailbox: MailboxId(mailbox),
            flags: Flags::default(),
            uid: None,
            envelope: &envelope,
            now,
            part: Part::Whole,
        };
        let key = insert_message(new, &message, packed)?;
        if let Some((ledger, _)) = known {
            new.execute("UPDATE ledger SET message = ?2 WHERE id = ?1", (ledger, key.0))?;
        }
        found += 1;
    }
    Ok(found)
}

/// Tables of rows; what follows from the messages (the search index, conversations, people, orders) is made anew.
fn tables(db: &Connection) -> Result<Vec<String>, Error> {
    let mut select = db.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'search%' AND name NOT LIKE 'sqlite_%'
         AND name NOT IN ('to_index', 'stage', 'thread', 'in_thread', 'thread_by_id', 'to_thread', 'contact', 'contact_word',
                          'message_order', 'order_change')
         ORDER BY rowid",
    )?;
    Ok(select.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// An older store has fewer columns.
fn common_columns(old: &Connection, new: &Connection, table: &str) -> Result<Vec<String>, Error> {
    let columns = |db: &Connection| -> Result<Vec<String>, Error> {
        let mut select = db.prepare("SELECT name FROM pragma_table_info(?1)")?;
        Ok(select.query_map([table], |row| row.get(0))?.collect::<Result<_, _>>()?)
    };
    let known: HashSet<String> = columns(old)?.into_iter().collect();
    Ok(columns(new)?.into_iter().filter(|column| known.contains(column)).collect())
}

/// Copies the rows that can be read; gives how many, and whether some could not.
fn copy_table(
    old: &Connection,
    new: &Connection,
    table: &str,
    columns: &[String],
    control: &Control,
) -> Result<(u64, bool), Error> {
    let names = columns.iter().map(|column| format!("\"{column}\"")).collect::<Vec<_>>().join(", ");
    let marks = vec!["?"; columns.len() + 1].join(", ");
    let mut copy = Copier {
        insert: format!("INSERT OR IGNORE INTO \"{table}\" (rowid, {names}) VALUES ({marks})"),
        forward: format!("SELECT rowid, {names} FROM \"{table}\" WHERE rowid > ?1 AND rowid < ?2 ORDER BY rowid"),
        backward: format!("SELECT rowid, {names} FROM \"{table}\" WHERE rowid > ?1 AND rowid < ?2 ORDER BY rowid DESC"),
        width: columns.len() + 1,
        rows: 0,
    };
    let has_gaps = copy.all(old, new, control)?;
    Ok((copy.rows, has_gaps))
}

struct Copier {
    insert: String,
    forward: String,
    backward: String,
    width: usize,
    rows: u64,
}

impl Copier {
    /// Every row that can be reached; whether some could not. Where the way forward ends, the way back begins at the other end;
    /// what lies between is halved and tried again, the widest gaps first.
    fn all(&mut self, old: &Connection, new: &Connection, control: &Control) -> Result<bool, Error> {
        let mut gaps = VecDeque::from([(i64::MIN, i64::MAX)]);
        let (mut has_gaps, mut tries) = (false, 0);
        while let Some((after, before)) = gaps.pop_front().filter(|_| tries < TRIES) {
            control.goes_on()?;
            tries += 1;
            let Some((after, before)) = self.between(old, new, after, before)? else { continue };
            has_gaps = true;
            let width = before.abs_diff(after);
            if width > 2 {
                let middle = after.wrapping_add_unsigned(width / 2);
                gaps.extend([(after, middle), (middle.saturating_sub(1), before)]);
            }
        }
        Ok(has_gaps)
    }

    /// What is left between these two after the rows from both ends; None: nothing.
    fn between(
        &mut self,
        old: &Connection,
        new: &Connection,
        after: i64,
        before: i64,
    ) -> Result<Option<(i64, i64)>, Error> {
        let forward = self.forward.clone();
        let (last, is_whole) = self.walk(old, new, &forward, after, before)?;
        if is_whole {
            return Ok(None);
        }
        let after = last.unwrap_or(after);
        let backward = self.backward.clone();
        let (first, is_whole) = self.walk(old, new, &backward, after, before)?;
        Ok((!is_whole).then(|| (after, first.unwrap_or(before))))
    }

    /// The last row that was read, and whether that was the last there is.
    fn walk(
        &mut self,
        old: &Connection,
        new: &Connection,
        query: &str,
        after: i64,
        before: i64,
    ) -> Result<(Option<i64>, bool), Error> {
        let mut insert = new.prepare_cached(&self.insert)?;
        let mut last = None;
        let Ok(mut select) = old.prepare_cached(query) else { return Ok((None, false)) };
        let Ok(mut rows) = select.query((after, before)) else { return Ok((None, false)) };
        loop {
            let row = match rows.next() {
                Ok(Some(row)) => row,
                Ok(None) => return Ok((last, true)),
                Err(_) => return Ok((last, false)),
            };
            let values: Result<Vec<Value>, _> = (0..self.width).map(|column| row.get(column)).collect();
            let Ok(values) = values else { continue };
            if let Some(Value::Integer(rowid)) = values.first() {
                last = Some(*rowid);
            }
            match insert.execute(params_from_iter(values)) {
                Ok(rows) => self.rows += rows as u64,
                // A row that the new schema does not take is damaged.
                Err(rusqlite::Error::SqliteFailure(failure, _))
                    if failure.code == rusqlite::ErrorCode::ConstraintViolation => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// What refers to nothing goes, mailboxes that are missing come, numbers are counted anew, everything is to be indexed.
const SETTLE: &str = "
    DELETE FROM mailbox WHERE account NOT IN (SELECT id FROM account);
    INSERT INTO mailbox (account, role)
        SELECT account.id, roles.value FROM account, json_each('[\"inbox\",\"drafts\",\"outbox\",\"sent\",\"archive\",\"junk\",\"trash\"]') AS roles
        WHERE NOT EXISTS (SELECT 1 FROM mailbox WHERE mailbox.account = account.id AND mailbox.role = roles.value);
    UPDATE ledger SET message = NULL WHERE message NOT IN (SELECT key FROM message);
    DELETE FROM ledger WHERE account NOT IN (SELECT id FROM account);
    DELETE FROM server_note WHERE account NOT IN (SELECT id FROM account);
    DELETE FROM server_memory WHERE account NOT IN (SELECT id FROM account);
    DELETE FROM line_use WHERE account NOT IN (SELECT id FROM account);
    DELETE FROM visit WHERE account NOT IN (SELECT id FROM account);
    DELETE FROM draft WHERE message NOT IN (SELECT key FROM message);
    DELETE FROM draft_attachment WHERE message NOT IN (SELECT message FROM draft);
    DELETE FROM outbox WHERE message NOT IN (SELECT key FROM message);
    DELETE FROM damaged WHERE message NOT IN (SELECT key FROM message);
    DELETE FROM message_tag WHERE message NOT IN (SELECT key FROM message) OR tag NOT IN (SELECT id FROM tag);
    INSERT OR IGNORE INTO own_mailbox (id, name)
        SELECT DISTINCT CAST(substr(role, 5) AS INTEGER), 'Saved ' || substr(role, 5) FROM mailbox
        WHERE role LIKE 'own:%' AND CAST(substr(role, 5) AS INTEGER) NOT IN (SELECT id FROM own_mailbox);
    INSERT OR IGNORE INTO server_note (account, uid, wish, tries, next_try_at, words)
        SELECT ledger.account, ledger.uid, 'get', 0, 0, '' FROM damaged JOIN ledger ON ledger.message = damaged.message
        WHERE ledger.deletion <> 2 AND ledger.uid <> x'';
    UPDATE message SET mailbox = coalesce(
        (SELECT inbox.id FROM ledger JOIN mailbox AS inbox ON inbox.account = ledger.account AND inbox.role = 'inbox'
         WHERE ledger.message = message.key LIMIT 1),
        (SELECT min(id) FROM mailbox WHERE role = 'inbox'))
        WHERE mailbox NOT IN (SELECT id FROM mailbox) AND EXISTS (SELECT 1 FROM mailbox);
    UPDATE mailbox SET
        total = (SELECT count(*) FROM message WHERE message.mailbox = mailbox.id),
        unread = (SELECT count(*) FROM message WHERE message.mailbox = mailbox.id AND flags & 1 = 0);
    INSERT OR IGNORE INTO to_index (message) SELECT key FROM message;
    INSERT OR IGNORE INTO to_thread (message) SELECT key FROM message;
    INSERT OR IGNORE INTO message_order (message, sender, subject, size_bytes)
        SELECT key, substr(iif(trim(from_name) = '', from_addr, from_name), 1, 48), substr(subject, 1, 96), size_bytes
        FROM message ORDER BY key;
    DELETE FROM upkeep WHERE name IN ('octets_below', 'check_after');
    INSERT OR IGNORE INTO upkeep (name, value) VALUES ('identity', randomblob(16));";

const FINISH: &str = "DELETE FROM raw_chunk WHERE id >> 20 NOT IN (SELECT raw FROM message);";

/// Gaps of a table that are looked into: some dozens of damaged pages apart from each other.
const TRIES: u32 = 4000;

#[cfg(test)]
mod tests;
