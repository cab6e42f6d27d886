//! Opens the file: refuses what is not ours without touching it, creates what is not there, brings what is older up to date.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use include_dir::{Dir, include_dir};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::Migrations;

use super::Error;

static FOLDER: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/migrations");

/// Marks a file as ours in SQLite's header: "Malo".
const APPLICATION_ID: u32 = 0x4D61_6C6F;
/// SQLite before this one can corrupt a WAL database when two connections write and checkpoint at once.
const OLDEST_SQLITE: i32 = 3_051_003;
/// How long one connection waits for another, which holds its lock for milliseconds; longer means another program.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// After a flood of mail the write-ahead log shrinks back to this.
const LOG_BYTES: u32 = 16 << 20;
/// Octets of SQLite's file header, and where it says what we ask (its file format, section 1.3).
const HEADER_BYTES: usize = 100;
const PAGE_SIZE_AT: usize = 16;
const PAGE_COUNT_AT: usize = 28;
const USER_VERSION_AT: usize = 60;
const APPLICATION_ID_AT: usize = 68;
/// A file up to this size is checked whole after an unclean end, which then takes well under a second.
const CHECKED_WHOLE_BYTES: u64 = 128 << 20;

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
        Ok(_) => refuse_what_is_not_ours(file)?,
    }
    restrict(file, 0o600)?;
    let mut connection = connect_to_write(file)?;
    migrations()?.to_latest(&mut connection).map_err(migration_error)?;
    // Shows now, not at the first message, that the file cannot be written.
    connection.execute_batch("BEGIN IMMEDIATE; COMMIT")?;
    Ok(connection)
}

/// The connection of the one thread that writes.
pub(super) fn connect_to_write(file: &Path) -> Result<Connection, Error> {
    let connection = connect(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A commit must be on the disk before DELE goes out: with NORMAL a power cut loses mail that the server no longer has.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES)?;
    Ok(connection)
}

pub(super) fn connect_to_read(file: &Path) -> Result<Connection, Error> {
    let connection = connect(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn connect(file: &Path, mode: OpenFlags) -> Result<Connection, Error> {
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
    let unfinished = beside(file, ".new");
    for leftover in [unfinished.clone(), beside(&unfinished, "-journal")] {
        match fs::remove_file(&leftover) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Error::of_file(&error, &leftover)),
            _ => (),
        }
    }
    private_file(&unfinished)?;
    let mut connection = connect(&unfinished, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // Only an empty database takes this.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    migrations()?.to_latest(&mut connection).map_err(migration_error)?;
    connection.close().map_err(|(_, error)| error)?;
    fs::rename(&unfinished, file).map_err(|error| Error::of_file(&error, file))?;
    sync_folder(file)
}

/// Looks at the file without changing a byte of it.
fn refuse_what_is_not_ours(file: &Path) -> Result<(), Error> {
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
        check_whole(&connection)?;
    }
    Ok(())
}

/// Reads every page.
pub(super) fn check_whole(connection: &Connection) -> Result<(), Error> {
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" { Ok(()) } else { Err(Error::Damaged(verdict)) }
}

fn known_version(found: u32) -> Result<(), Error> {
    let known = u32::try_from(FOLDER.dirs().count()).unwrap_or(u32::MAX);
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
fn log_bytes(file: &Path) -> u64 {
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

fn migrations() -> Result<Migrations<'static>, Error> {
    Migrations::from_directory(&FOLDER).map_err(migration_error)
}

fn migration_error(error: rusqlite_migration::Error) -> Error {
    match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => err.into(),
        other => Error::Unexpected(other.to_string()),
    }
}

/// Creates the folder (and what leads to it) so that nobody else can look inside, whatever the umask. A folder that is
/// already there keeps its permissions: it may be more than ours.
///
/// # Errors
/// [`Error::ReadOnly`] where nothing can be created.
pub fn private_folder(folder: &Path) -> Result<(), Error> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    if folder.is_dir() {
        return Ok(());
    }
    builder.create(folder).map_err(|error| Error::of_file(&error, folder))?;
    restrict(folder, 0o700)
}

/// Creates an empty file that nobody else can read at any moment; SQLite gives its log the same permissions.
fn private_file(file: &Path) -> Result<(), Error> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map_err(|error| Error::of_file(&error, file))?;
    restrict(file, 0o600)
}

#[cfg(unix)]
fn restrict(path: &Path, mode: u32) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    let permissions = fs::metadata(path).map_err(|error| Error::of_file(&error, path))?.permissions();
    if permissions.mode() & 0o777 == mode {
        return Ok(());
    }
    fs::set_permissions(path, PermissionsExt::from_mode(mode)).map_err(|error| Error::of_file(&error, path))
}

/// Elsewhere a profile inherits the protection of the person's own folder.
#[cfg(not(unix))]
fn restrict(_path: &Path, _mode: u32) -> Result<(), Error> {
    Ok(())
}

/// A new name is on the disk only when its folder is.
fn sync_folder(file: &Path) -> Result<(), Error> {
    #[cfg(unix)]
    if let Some(folder) = file.parent() {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| Error::of_file(&error, folder))?;
    }
    Ok(())
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
