//! Looks at a file before it is opened for good, and changes nothing: what is not a store of ours, no longer whole, of a newer
//! program or not to be written is refused as it is.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::migrate::{APPLICATION_ID, connect, newest_version};
use super::private::{beside, new_file};
use super::{Error, verify};

/// Whether it is a store, whole, and of a version that we know.
pub(super) fn refuse_what_is_not_ours(file: &Path) -> Result<(), Error> {
    let size_bytes = fs::metadata(file).map_err(|error| Error::of_file(&error, file))?.len();
    let header = read_header(file)?;
    if !header.starts_with(b"SQLite format 3\0") || be_u32(&header, APPLICATION_ID_AT) != APPLICATION_ID {
        return Err(Error::Damaged("this is not a store of mail, or its beginning was overwritten".into()));
    }
    known_version(be_u32(&header, USER_VERSION_AT))?;
    let log = log_bytes(file);
    if log == 0 && size_bytes < page_size(&header) * u64::from(be_u32(&header, PAGE_COUNT_AT)) {
        return Err(Error::Damaged("its end is missing".into()));
    }
    if log > 0 { look_inside(file, size_bytes) } else { Ok(()) }
}

/// After an unclean end part of the store is in its write-ahead log, and only SQLite can read both together.
fn look_inside(file: &Path, size_bytes: u64) -> Result<(), Error> {
    let connection = connect(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    known_version(connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)?;
    if size_bytes <= CHECKED_WHOLE_BYTES {
        check_whole(&connection).or_else(|damage| match verify::is_usable(&connection) {
            // A spoilt page of messages' octets costs those messages and no others.
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(damage),
        })?;
    }
    Ok(())
}

/// SQLite opens what it may not write for reading, and would say so only when the first message comes.
pub(super) fn refuse_what_cannot_be_written(file: &Path) -> Result<(), Error> {
    File::options().append(true).open(file).map_err(|error| Error::of_file(&error, file))?;
    // The log comes and goes beside the file, so the folder must let it.
    let probe = new_file(file)?;
    fs::remove_file(&probe).map_err(|error| Error::of_file(&error, &probe))
}

/// Reads every page.
pub(super) fn check_whole(connection: &Connection) -> Result<(), Error> {
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" { Ok(()) } else { Err(Error::Damaged(verdict)) }
}

fn known_version(found: u32) -> Result<(), Error> {
    let known = newest_version();
    match found {
        0 => Err(Error::Damaged("it has no version".into())),
        _ if found > known => Err(Error::NewerVersion { found, known }),
        _ => Ok(()),
    }
}

fn read_header(file: &Path) -> Result<Vec<u8>, Error> {
    let mut header = Vec::with_capacity(HEADER_BYTES);
    let opened = File::open(file).map_err(|error| Error::of_file(&error, file))?;
    opened.take(HEADER_BYTES as u64).read_to_end(&mut header).map_err(|error| Error::of_file(&error, file))?;
    if header.len() < HEADER_BYTES {
        return Err(Error::Damaged("it is empty or cut off".into()));
    }
    Ok(header)
}

/// Octets of what was written but is not in the main file yet.
pub(super) fn log_bytes(file: &Path) -> u64 {
    fs::metadata(beside(file, "-wal")).map_or(0, |metadata| metadata.len())
}

fn be_u32(header: &[u8], at: usize) -> u32 {
    header.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_be_bytes)
}

/// A size of 65536 does not fit its two octets and is written as 1.
fn page_size(header: &[u8]) -> u64 {
    match be_u32(header, PAGE_SIZE_AT) >> 16 {
        1 => 65536,
        size => u64::from(size),
    }
}

/// Octets of SQLite's file header, and where it says what we ask (its file format, section 1.3).
const HEADER_BYTES: usize = 100;
const PAGE_SIZE_AT: usize = 16;
const PAGE_COUNT_AT: usize = 28;
const USER_VERSION_AT: usize = 60;
const APPLICATION_ID_AT: usize = 68;
/// A file up to this size is checked whole after an unclean end, which then takes well under a second.
const CHECKED_WHOLE_BYTES: u64 = 128 << 20;

#[cfg(test)]
mod tests {
    use super::super::Store;
    use super::super::testing::{Fixture, PAGE_BYTES, closed, contents, crash_image};
    use super::*;

    fn refused(folder: &Path) -> Error {
        let before = contents(folder);
        let error = Store::open(folder).err().expect("it should be refused");
        assert!(contents(folder) == before, "what is refused ({error}) stays as it is, octet for octet");
        error
    }

    fn check_damage(name: &str, damage: impl FnOnce(&Path)) {
        let (folder, file) = closed();
        damage(&file);
        assert!(matches!(refused(folder.path()), Error::Damaged(_)), "{name}");
    }

    #[test]
    fn a_newer_store_is_refused_untouched() {
        let (folder, file) = closed();
        let db = Connection::open(&file).unwrap();
        db.pragma_update(None, "user_version", 99).unwrap();
        drop(db);
        assert_eq!(refused(folder.path()), Error::NewerVersion { found: 99, known: newest_version() });
    }

    #[test]
    fn a_newer_store_is_refused_untouched_even_if_only_its_log_says_so() {
        let fixture = Fixture::new();
        fixture.sql().pragma_update(None, "user_version", 99).unwrap();
        let image = crash_image(fixture.folder.path());
        assert_eq!(contents(image.path()).len(), 2, "there is a log");
        assert_eq!(refused(image.path()), Error::NewerVersion { found: 99, known: newest_version() });
    }

    #[test]
    fn what_is_not_a_store_or_no_longer_whole_is_refused_untouched() {
        let write = |octets: &'static [u8]| move |file: &Path| fs::write(file, octets).unwrap();
        check_damage("emptied", write(b""));
        check_damage("text", write(b"Dear diary"));
        check_damage("long text", write(&[b'x'; 100_000]));
        check_damage("zeroed", |file| {
            let len = fs::metadata(file).unwrap().len() as usize;
            fs::write(file, vec![0; len]).unwrap();
        });
        check_damage("cut", |file| {
            let len = fs::metadata(file).unwrap().len();
            File::options().write(true).open(file).unwrap().set_len(len - PAGE_BYTES as u64).unwrap();
        });
        check_damage("another program's", |file| {
            fs::remove_file(file).unwrap();
            Connection::open(file).unwrap().execute_batch("CREATE TABLE t (x); PRAGMA user_version = 1").unwrap();
        });
        check_damage("its schema overwritten", |file| {
            let mut octets = fs::read(file).unwrap();
            octets[100..PAGE_BYTES].fill(0xFF);
            fs::write(file, octets).unwrap();
        });
        check_damage("its main file gone", |file| {
            fs::rename(file, beside(file, "-wal")).unwrap();
        });
    }

    #[test]
    fn damage_under_a_log_is_found_when_opening() {
        let fixture = Fixture::new();
        fixture.receive(b"Subject: one\r\n\r\n");
        let fixture = fixture.reopened();
        fixture.receive(b"Subject: two\r\n\r\n");
        let image = crash_image(fixture.folder.path());
        let file = image.path().join("malote.db");
        let mut octets = fs::read(&file).unwrap();
        // The log holds some of these pages anew, but not all.
        octets[PAGE_BYTES..].fill(0xA5);
        fs::write(&file, octets).unwrap();
        assert!(matches!(refused(image.path()), Error::Damaged(_)));
    }
}
