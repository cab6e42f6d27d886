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
    let unfinished = new_file(file)?;
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

/// SQLite opens what it may not write for reading, and would say so only when the first message comes.
fn refuse_what_cannot_be_written(file: &Path) -> Result<(), Error> {
    File::options().append(true).open(file).map_err(|error| Error::of_file(&error, file))?;
    // The log comes and goes beside the file, so the folder must let it.
    let probe = new_file(file)?;
    fs::remove_file(&probe).map_err(|error| Error::of_file(&error, &probe))
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

/// An empty file beside `file`, in place of one that an earlier attempt left there.
fn new_file(file: &Path) -> Result<PathBuf, Error> {
    let unfinished = beside(file, ".new");
    for leftover in [unfinished.clone(), beside(&unfinished, "-journal")] {
        match fs::remove_file(&leftover) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Error::of_file(&error, &leftover)),
            _ => (),
        }
    }
    private_file(&unfinished)?;
    Ok(unfinished)
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

#[cfg(test)]
mod tests {
    use std::process::Command;

    use futures::executor::block_on;
    use tempfile::TempDir;

    use super::super::Store;
    use super::super::testing::{Fixture, account};
    use super::super::types::Role;
    use super::*;

    /// Names the folder for the tests that run in a process of their own.
    const FOLDER_VARIABLE: &str = "MALOTE_TEST_FOLDER";

    /// A closed store with one message, and its file.
    fn closed() -> (TempDir, PathBuf) {
        let fixture = Fixture::new();
        fixture.receive(b"Subject: one\r\n\r\n");
        let Fixture { store, folder, .. } = fixture;
        drop(store);
        let file = folder.path().join("malote.db");
        (folder, file)
    }

    /// What a folder holds: names and octets.
    fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            // SQLite's map of the log, which holds nothing that the log does not.
            .filter(|path| path.extension().is_none_or(|extension| extension != "db-shm"))
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect();
        files.sort();
        files
    }

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

    /// The same folder as the disk holds it at this moment: what a kill leaves.
    fn crash_image(folder: &Path) -> TempDir {
        let image = tempfile::tempdir().unwrap();
        for (path, octets) in contents(folder) {
            fs::write(image.path().join(path.file_name().unwrap()), octets).unwrap();
        }
        image
    }

    fn check_child(output: &std::process::Output, case: &str) {
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{case}: {said}");
    }

    #[cfg(unix)]
    fn mode(path: &Path) -> u32 {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn every_migration_runs_from_nothing() {
        migrations().unwrap().validate().unwrap();
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
    fn a_newer_store_is_refused_untouched() {
        let (folder, file) = closed();
        let db = Connection::open(&file).unwrap();
        db.pragma_update(None, "user_version", 99).unwrap();
        drop(db);
        assert_eq!(refused(folder.path()), Error::NewerVersion { found: 99, known: 1 });
    }

    #[test]
    fn a_newer_store_is_refused_untouched_even_if_only_its_log_says_so() {
        let fixture = Fixture::new();
        fixture.sql().pragma_update(None, "user_version", 99).unwrap();
        let image = crash_image(fixture.folder.path());
        assert_eq!(contents(image.path()).len(), 2, "there is a log");
        assert_eq!(refused(image.path()), Error::NewerVersion { found: 99, known: 1 });
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
            File::options().write(true).open(file).unwrap().set_len(len - 4096).unwrap();
        });
        check_damage("another program's", |file| {
            fs::remove_file(file).unwrap();
            Connection::open(file).unwrap().execute_batch("CREATE TABLE t (x); PRAGMA user_version = 1").unwrap();
        });
        check_damage("its schema overwritten", |file| {
            let mut octets = fs::read(file).unwrap();
            octets[100..4096].fill(0xFF);
            fs::write(file, octets).unwrap();
        });
        check_damage("its main file gone", |file| {
            fs::rename(file, beside(file, "-wal")).unwrap();
        });
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
    fn damage_under_a_log_is_found_when_opening() {
        let fixture = Fixture::new();
        fixture.receive(b"Subject: one\r\n\r\n");
        let fixture = fixture.reopened();
        fixture.receive(b"Subject: two\r\n\r\n");
        let image = crash_image(fixture.folder.path());
        let file = image.path().join("malote.db");
        let mut octets = fs::read(&file).unwrap();
        let pages = octets.len() / 4096;
        octets[(pages / 2) * 4096..(pages / 2 + 1) * 4096].fill(0xA5);
        fs::write(&file, octets).unwrap();
        assert!(matches!(refused(image.path()), Error::Damaged(_)));
    }

    #[test]
    fn a_half_made_store_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("malote.db.new"), b"SQLite format 3\0 and then the power went").unwrap();
        assert_eq!(block_on(Store::open(folder.path()).unwrap().accounts()), Ok(vec![]));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a file");
        fs::write(&file, b"").unwrap();
        match Store::open(&file.join("profile")).err() {
            Some(Error::Disk(words)) => assert!(words.contains("a file"), "{words}"),
            other => panic!("{other:?}"),
        }
        // Even the administrator cannot make a folder there.
        #[cfg(target_os = "linux")]
        assert_eq!(Store::open(Path::new("/sys/malote")).err(), Some(Error::ReadOnly("/sys/malote".into())));
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_the_files_whatever_the_umask() {
        for umask in ["000", "022", "077"] {
            let outer = tempfile::tempdir().unwrap();
            let folder = outer.path().join("profile");
            let script = format!(
                "umask {umask}; exec \"$0\" --ignored --exact store::migrate::tests::child_keeps_files_private"
            );
            let child = Command::new("sh")
                .args(["-c", &script])
                .arg(std::env::current_exe().unwrap())
                .env(FOLDER_VARIABLE, &folder)
                .output()
                .unwrap();
            check_child(&child, &format!("umask {umask}"));
        }
    }

    #[cfg(unix)]
    #[test]
    #[ignore = "runs in a process of its own, started by another test"]
    fn child_keeps_files_private() {
        let folder = PathBuf::from(std::env::var_os(FOLDER_VARIABLE).expect("the other test names the folder"));
        let store = Store::open(&folder).unwrap();
        block_on(store.save_account(account("Work"))).unwrap();
        assert_eq!(mode(&folder), 0o700);
        let files = ["malote.db", "malote.db-wal", "malote.db-shm"];
        assert_eq!(files.map(|name| mode(&folder.join(name))), [0o600; 3]);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_could_read_is_closed_to_them_and_a_folder_that_was_there_is_left_alone() {
        use std::os::unix::fs::PermissionsExt;
        let (folder, file) = closed();
        fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
        fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let _store = Store::open(folder.path()).unwrap();
        assert_eq!((mode(&file), mode(folder.path())), (0o600, 0o755));
    }

    /// The administrator may write anywhere, so that this needs a process of somebody else.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_store_that_cannot_be_written_says_so_when_opening() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
        use std::os::unix::process::CommandExt;
        const NOBODY: u32 = 65534;
        let (folder, file) = closed();
        let elsewhere = tempfile::tempdir().unwrap();
        let program = elsewhere.path().join("child");
        let this = std::env::current_exe().unwrap();
        fs::hard_link(&this, &program).or_else(|_| fs::copy(&this, &program).map(drop)).unwrap();
        fs::set_permissions(elsewhere.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let mut child = Command::new(&program);
        child.args(["--ignored", "--exact", "store::migrate::tests::child_finds_a_folder_read_only"]);
        child.env(FOLDER_VARIABLE, folder.path());
        if fs::metadata(&file).unwrap().uid() == 0 {
            chown(&file, Some(NOBODY), Some(NOBODY)).unwrap();
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
            child.uid(NOBODY).gid(NOBODY);
        }
        let before = fs::read(&file).unwrap();
        for (file_mode, folder_mode) in [(0o600, 0o500), (0o400, 0o700)] {
            fs::set_permissions(&file, PermissionsExt::from_mode(file_mode)).unwrap();
            fs::set_permissions(folder.path(), PermissionsExt::from_mode(folder_mode)).unwrap();
            let output = child.output().unwrap();
            check_child(&output, &format!("{file_mode:o} in {folder_mode:o}"));
        }
        fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o700)).unwrap();
        assert!(fs::read(&file).unwrap() == before);
    }

    #[cfg(target_os = "linux")]
    #[test]
    #[ignore = "runs in a process of its own, started by another test"]
    fn child_finds_a_folder_read_only() {
        let folder = PathBuf::from(std::env::var_os(FOLDER_VARIABLE).expect("the other test names the folder"));
        match Store::open(&folder).err() {
            Some(Error::ReadOnly(path)) => assert!(path.starts_with(&folder), "{}", path.display()),
            other => panic!("{other:?}"),
        }
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
