//! A store's file, to be read beside everything else: by connections of its own, and octet by octet.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::{Connection, InterruptHandle, OpenFlags};

use super::migrate::{connect, connect_to_read};
use super::{Error, Store};

/// A store's file. While one of these is there the file stays open: closing it would take away the locks that the connections
/// of this process have on it (POSIX), and with them what keeps another process from tidying the log away.
#[derive(Clone)]
pub struct Source {
    pub(super) file: Arc<Path>,
    pub(super) octets: Arc<File>,
    /// Its connections are closed before the file is.
    _store: Option<Store>,
}

impl Source {
    /// The store that another process has open, or that nobody has.
    ///
    /// # Errors
    /// [`Error::Disk`] if there is none.
    pub fn beside(folder: &Path) -> Result<Self, Error> {
        let file = folder.join("malote.db");
        let file: Arc<Path> = file.canonicalize().unwrap_or(file).into();
        let octets = File::open(&file).map_err(|error| Error::of_file(&error, &file))?;
        Ok(Self { file, octets: Arc::new(octets), _store: None })
    }

    pub(super) fn of(store: &Store) -> Self {
        let threads = &store.0;
        Self { file: threads.file.clone(), octets: threads.octets.clone(), _store: Some(store.clone()) }
    }

    /// The folder that it lies in.
    pub fn folder(&self) -> PathBuf {
        self.file.parent().unwrap_or(&self.file).to_owned()
    }
}

/// Ends a long check or copy from outside.
#[derive(Clone, Default)]
pub struct Control(Arc<Inner>);

#[derive(Default)]
struct Inner {
    stopped: AtomicBool,
    running: Mutex<Option<InterruptHandle>>,
}

impl Control {
    /// It ends soon, and what it was doing counts as not done.
    pub fn stop(&self) {
        self.0.stopped.store(true, Ordering::Relaxed);
        if let Some(handle) = self.0.running.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            handle.interrupt();
        }
    }

    pub fn is_stopped(&self) -> bool {
        self.0.stopped.load(Ordering::Relaxed)
    }

    /// What this connection does is ended, too.
    pub(super) fn holds(&self, connection: &Connection) {
        *self.0.running.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection.get_interrupt_handle());
    }

    /// # Errors
    /// [`Error::GivenUp`] once it was stopped.
    pub(super) fn goes_on(&self) -> Result<(), Error> {
        if self.is_stopped() { Err(Error::GivenUp) } else { Ok(()) }
    }
}

/// The main file stands still as long as this is there: everything that was committed is in it, and what is committed later
/// stays in the log.
///
/// A reader that begins when the whole log is in the main file reads from that file alone, and SQLite moves nothing into a
/// file that someone reads alone (the lock on read mark 0).
pub(super) struct Still {
    _reader: Connection,
}

impl Still {
    /// # Errors
    /// [`Error::Busy`] if somebody has been reading an older state for so long that the log cannot be emptied.
    pub(super) fn hold(file: &Path) -> Result<Self, Error> {
        let tidy = connect(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        for _ in 0..ATTEMPTS {
            // The most of it while everybody goes on writing.
            is_log_empty(&tidy)?;
            let gate = connect(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            gate.execute_batch("BEGIN IMMEDIATE")?;
            if is_log_empty(&tidy)? {
                let reader = connect_to_read(file)?;
                reader.execute_batch("BEGIN")?;
                // The transaction begins with the first thing that is read.
                reader.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
                gate.execute_batch("ROLLBACK")?;
                return Ok(Self { _reader: reader });
            }
            gate.execute_batch("ROLLBACK")?;
            drop(gate);
            std::thread::sleep(PAUSE);
        }
        Err(Error::Busy)
    }
}

/// Moves what it can from the log into the file, without waiting for anybody; whether that was all.
fn is_log_empty(connection: &Connection) -> Result<bool, Error> {
    // Where another connection is just moving pages, nothing is known of the log: both numbers are −1.
    let (is_busy, pages, moved): (bool, i64, i64) =
        connection
            .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(!is_busy && pages == moved)
}

/// A file that nobody changes: no lock is taken, and nothing is made beside it.
pub(super) fn connect_still(file: &Path) -> Result<Connection, Error> {
    let mut name = String::from("file:");
    for &octet in file.as_os_str().as_encoded_bytes() {
        match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' | b':' => name.push(octet.into()),
            _ => name.push_str(&format!("%{octet:02X}")),
        }
    }
    name.push_str("?immutable=1");
    connect(Path::new(&name), OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI)
}

/// Readers end: a long export is the only one that takes longer.
const ATTEMPTS: u32 = 150;
const PAUSE: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::testing::{Fixture, noise};
    use super::super::types::Role;
    use super::*;

    #[test]
    fn while_it_is_held_the_main_file_does_not_change_and_mail_goes_on_coming_in() {
        let fixture = Fixture::new();
        fixture.receive(&noise(200_000, 1));
        let file = fixture.folder.path().join("malote.db");
        let still = Still::hold(&file).unwrap();
        let before = fs::read(&file).unwrap();
        for number in 0..60 {
            fixture.receive(&noise(100_000, number + 2));
        }
        let (pages, moved): (i64, i64) = fixture
            .sql()
            .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| Ok((row.get(1)?, row.get(2)?)))
            .unwrap();
        assert!(pages > 1000 && moved == 0, "{moved} of {pages} pages were moved");
        assert!(fs::read(&file).unwrap() == before);
        drop(still);
        fixture.sql().query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).unwrap();
        assert!(fs::read(&file).unwrap() != before, "afterwards it does");
        assert_eq!(fixture.keys(Role::Inbox).len(), 61);
    }

    #[test]
    fn a_log_that_another_connection_is_just_moving_does_not_count_as_empty() {
        let fixture = Fixture::new();
        let file = fixture.folder.path().join("malote.db");
        let reader = fixture.sql();
        reader.execute_batch("BEGIN").unwrap();
        reader.query_row("SELECT count(*) FROM message", [], |_| Ok(())).unwrap();
        // As long as the older state is read, this stays in the log.
        fixture.receive(&noise(100_000, 1));
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let other = connect(&file, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
                while !stop.load(Ordering::Relaxed) {
                    is_log_empty(&other).unwrap();
                }
            });
            let tidy = connect(&file, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
            let empty = (0..3_000).filter(|_| is_log_empty(&tidy).unwrap()).count();
            stop.store(true, Ordering::Relaxed);
            assert_eq!(empty, 0);
        });
    }

    #[test]
    fn what_is_held_still_has_everything_in_it_that_was_committed() {
        let fixture = Fixture::new();
        for number in 0..20 {
            fixture.receive(&noise(10_000, number + 1));
            let _still = Still::hold(&fixture.folder.path().join("malote.db")).unwrap();
            let copy = tempfile::tempdir().unwrap();
            let file = copy.path().join("a # copy?.db");
            fs::copy(fixture.folder.path().join("malote.db"), &file).unwrap();
            let db = connect_still(&file).unwrap();
            let messages: u32 = db.query_row("SELECT count(*) FROM message", [], |row| row.get(0)).unwrap();
            assert_eq!(u64::from(messages), number + 1);
            assert_eq!(fs::read_dir(copy.path()).unwrap().count(), 1, "nothing is made beside it");
        }
    }
}
