//! Opens the file: refuses what is not ours without touching it, creates what is not there, brings what is older up to date.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use include_dir::{Dir, include_dir};
use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::Migrations;

use super::Error;
use super::private::{new_file, restrict, sync_folder};
use super::refuse::{log_bytes, refuse_what_cannot_be_written, refuse_what_is_not_ours};

/// Opens `file` for writing; it is there, whole as far as can be seen, and up to date afterwards.
///
/// # Errors
/// [`Error::NewerVersion`] and [`Error::Damaged`] leave the file as it is.
pub(super) fn open(file: &Path) -> Result<Connection, Error> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(Error::Unexpected(format!("SQLite {} is too old to be trusted with mail", rusqlite::version())));
    }
    match fs::symlink_metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(file)?,
        Err(error) => return Err(Error::of_file(&error, file)),
        Ok(_) => {
            refuse_what_is_not_ours(file)?;
            refuse_what_cannot_be_written(file)?;
            restrict(file, 0o600)?;
        }
    }
    let mut connection = connect_to_write(file)?;
    migrations()?.to_latest(&mut connection).map_err(migration_error)?;
    Ok(connection)
}

/// The connection of the one thread that writes.
pub(super) fn connect_to_write(file: &Path) -> Result<Connection, Error> {
    let connection = connect(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    sync_commits(&connection, true)?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES)?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    Ok(connection)
}

/// Whether what is committed is on the disk when the commit returns. A commit must be before DELE goes out: with NORMAL a
/// power cut loses mail that the server no longer has.
pub(super) fn sync_commits(connection: &Connection, sync: bool) -> Result<(), Error> {
    Ok(connection.pragma_update(None, "synchronous", if sync { "FULL" } else { "NORMAL" })?)
}

pub(super) fn connect_to_read(file: &Path) -> Result<Connection, Error> {
    let connection = connect(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    Ok(connection)
}

pub(super) fn connect(file: &Path, mode: OpenFlags) -> Result<Connection, Error> {
    let connection = Connection::open_with_flags(file, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(64);
    // The file may come from anywhere: its schema may not call functions, and its pages are checked as they are read.
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // What SQLite would put aside in a file would be mail in a place that nobody guards.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection)
}

/// Makes an empty store beside its final name and moves it there when it is whole: whatever is found under that name was
/// once a store, and an empty file there is damage.
fn create(file: &Path) -> Result<(), Error> {
    if log_bytes(file) > 0 {
        return Err(Error::Damaged("its main file is missing; only the write-ahead log is there".into()));
    }
    let unfinished = new_file(file)?;
    create_at(&unfinished)?.close().map_err(|(_, error)| error)?;
    fs::rename(&unfinished, file).map_err(|error| Error::of_file(&error, file))?;
    sync_folder(file)
}

/// An empty store in an empty file.
pub(super) fn create_at(file: &Path) -> Result<Connection, Error> {
    let mut connection = connect(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // Only an empty database takes these.
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    migrations()?.to_latest(&mut connection).map_err(migration_error)?;
    Ok(connection)
}

fn migrations() -> Result<Migrations<'static>, Error> {
    Migrations::from_directory(&FOLDER).map_err(migration_error)
}

fn migration_error(error: rusqlite_migration::Error) -> Error {
    match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => err.into(),
        other => Error::Unexpected(other.to_string()),
    }
}

/// The version that a store has after all migrations.
pub(super) fn newest_version() -> u32 {
    u32::try_from(FOLDER.dirs().count()).unwrap_or(u32::MAX)
}

static FOLDER: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/migrations");

/// Marks a file as ours in SQLite's header: "Malo".
pub(super) const APPLICATION_ID: u32 = 0x4D61_6C6F;
/// Octets of a page of a new store. Most mail is compressed to one to three kilobytes and one row: a page of 4 KiB, which older
/// stores have (and keep), holds one of them and a third of nothing; of this size a tenth stays empty.
pub(super) const PAGE_BYTES: u32 = 16 * 1024;
/// SQLite before this one can corrupt a WAL database when two connections write and checkpoint at once.
const OLDEST_SQLITE: i32 = 3_051_003;
/// How long one connection waits for another, which holds its lock for milliseconds; longer means another program.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Pages that each reader keeps. The system keeps them as well, so that a long scan need not fill the program's memory, too.
const READER_CACHE_KIB: i32 = 4 * 1024;
/// The same for the writer, which adds to indexes in no order (by hash, by Message-ID), and changes the same pages again and
/// again in one delivery.
const WRITER_CACHE_KIB: i32 = 16 * 1024;
/// After a flood of mail the write-ahead log shrinks back to this.
const LOG_BYTES: u32 = 16 << 20;

#[cfg(test)]
mod old_stores;
#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::super::Store;
    use super::super::testing::{Fixture, account, contents, crash_image};
    use super::super::types::{MessageKey, Role};
    use super::*;

    #[test]
    fn every_migration_runs_from_nothing() {
        migrations().unwrap().validate().unwrap();
    }

    #[test]
    fn a_store_of_any_older_version_is_brought_up_to_date_with_what_is_in_it() {
        for version in 1..=newest_version() {
            let folder = tempfile::tempdir().unwrap();
            let mut db = Connection::open(folder.path().join("malote.db")).unwrap();
            db.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
            migrations().unwrap().to_version(&mut db, version as usize).unwrap();
            db.execute_batch(
                "INSERT INTO account (id, name, display_name, address, signature, incoming_host, incoming_port,
                                      incoming_security, user, retention, timeout_secs)
                 VALUES (7, 'Work', '', 'ana@example.org', '', 'pop.example.org', 995, 'tls', 'ana', 'forever', 60)",
            )
            .unwrap();
            let month = "INSERT INTO line_use (account, month, visits, connected_ms, bytes_in, bytes_out, new)
                         VALUES (7, '2026-10', 1, 2, 3, 4, 5)";
            // The meter came with the second version.
            let months = u32::from(version >= 2);
            (0..months).for_each(|_| db.execute_batch(month).unwrap());
            db.close().unwrap();
            let store = Store::open(folder.path()).unwrap();
            assert_eq!(block_on(store.accounts()).unwrap()[0].name, "Work", "version {version}");
            let kept = block_on(store.line_use()).unwrap();
            assert_eq!(kept.len(), months as usize, "version {version}");
            assert!(kept.iter().all(|month| month.bytes_out == 4 && month.round_trip.is_none()), "{kept:?}");
            assert_eq!(block_on(store.visits()), Ok(Vec::new()), "version {version}");
        }
    }

    #[test]
    fn mail_of_an_older_store_is_filed_tagged_and_undone() {
        for version in 1..=newest_version() {
            let folder = tempfile::tempdir().unwrap();
            let mut db = Connection::open(folder.path().join("malote.db")).unwrap();
            db.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
            migrations().unwrap().to_version(&mut db, version as usize).unwrap();
            db.execute_batch(
                "INSERT INTO account (id, name, display_name, address, signature, incoming_host, incoming_port,
                                      incoming_security, user, retention, timeout_secs)
                 VALUES (7, 'Work', '', 'ana@example.org', '', 'pop.example.org', 995, 'tls', 'ana', 'forever', 60);
                 INSERT INTO mailbox (id, account, role) VALUES (1, 7, 'inbox'), (2, 7, 'archive'), (3, 7, 'trash');
                 INSERT INTO message (key, mailbox, previous_mailbox, flags, has_attachments, date, stored_at, size_bytes, raw,
                                      sha256, from_name, from_addr, recipients, subject, snippet, in_reply_to,
                                      reference_ids, recipient_addrs)
                 VALUES (5, 3, 2, 1, 0, 0, 0, 0, 1, x'', '', '', '', 'Old', '', '', '', '')",
            )
            .unwrap();
            db.close().unwrap();
            let store = Store::open(folder.path()).unwrap();
            let key = MessageKey(5);
            block_on(async {
                let receipts = store.add_mailbox("Receipts".into()).await.unwrap();
                let tag = store.add_tag("Tax".into(), 1).await.unwrap();
                store.tag(vec![key], tag, true).await.unwrap();
                store.restore(vec![key]).await.unwrap();
                store.move_to(vec![key], Role::Own(receipts)).await.unwrap();
                let row = store.row(key).await.unwrap();
                assert_eq!((row.role, row.tags), (Role::Own(receipts), vec![tag]), "version {version}");
                while store.undo(None).await.unwrap().is_some() {}
                let row = store.row(key).await.unwrap();
                assert_eq!((row.role, row.tags.len(), row.subject.as_str()), (Role::Trash, 0, "Old"));
            });
        }
    }

    #[test]
    fn a_new_store_is_empty_and_opens_again() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b/c");
        for _ in 0..2 {
            assert_eq!(block_on(Store::open(&deep).unwrap().accounts()), Ok(vec![]));
        }
        assert_eq!(contents(&deep).len(), 1, "no log, no half-made file is left");
    }

    #[test]
    fn each_connection_is_set_as_the_mail_needs_it() {
        let fixture = Fixture::new();
        fn settings(db: &Connection) -> Result<Vec<String>, Error> {
            [
                "journal_mode",
                "synchronous",
                "trusted_schema",
                "cell_size_check",
                "foreign_keys",
                "auto_vacuum",
                "query_only",
            ]
            .into_iter()
            .map(|name| {
                let value: rusqlite::types::Value = db.pragma_query_value(None, name, |row| row.get(0))?;
                Ok(format!("{name} {value:?}"))
            })
            .collect()
        }
        let common = ["trusted_schema Integer(0)", "cell_size_check Integer(1)", "foreign_keys Integer(1)"];
        let writer = block_on(fixture.store.write(|db| settings(db))).unwrap();
        let reader = block_on(fixture.store.read(|db| settings(db))).unwrap();
        for settings in [&writer, &reader] {
            assert!(common.iter().all(|setting| settings.iter().any(|is| is == setting)), "{settings:?}");
            assert_eq!(
                (settings[0].as_str(), settings[5].as_str()),
                (r#"journal_mode Text("wal")"#, "auto_vacuum Integer(2)")
            );
        }
        assert_eq!(writer[1], "synchronous Integer(2)", "FULL");
        assert_eq!(reader[6], "query_only Integer(1)");
    }

    #[test]
    fn each_connection_has_a_page_cache_of_its_own() {
        let fixture = Fixture::new();
        let db = fixture.sql();
        let mut options = db.prepare("PRAGMA compile_options").unwrap();
        let options: Vec<String> = options.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert!(options.iter().any(|option| option == "ENABLE_FTS5"), "{options:?}");
        assert!(!options.iter().any(|option| option == "ENABLE_MEMORY_MANAGEMENT"), ".cargo/config.toml: {options:?}");
    }

    #[test]
    fn what_a_kill_leaves_is_opened_with_everything_in_it() {
        let fixture = Fixture::new();
        let octets = b"Subject: killed\r\n\r\n";
        fixture.receive(octets);
        let image = crash_image(fixture.folder.path());
        assert_eq!(contents(image.path()).len(), 2, "there is a log");
        let after = Fixture { store: Store::open(image.path()).unwrap(), account: fixture.account, folder: image };
        assert_eq!(after.raw(after.keys(Role::Inbox)[0]), octets);
    }

    #[test]
    fn a_half_made_store_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("malote.db.new"), b"SQLite format 3\0 and then the power went").unwrap();
        assert_eq!(block_on(Store::open(folder.path()).unwrap().accounts()), Ok(vec![]));
    }

    #[test]
    fn a_store_that_another_program_holds_is_busy() {
        let fixture = Fixture::new();
        let other = fixture.sql();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let started = std::time::Instant::now();
        assert_eq!(block_on(fixture.store.save_account(account("Home"))), Err(Error::Busy));
        assert!(started.elapsed() >= BUSY_TIMEOUT / 2, "it waited");
        other.execute_batch("COMMIT").unwrap();
        assert!(block_on(fixture.store.save_account(account("Home"))).is_ok());
    }
}
