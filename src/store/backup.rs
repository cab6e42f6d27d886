//! A copy of the whole store in another folder, made while everything goes on: only the blocks that differ are written, the
//! ones that they replace are put aside first, and the new copy counts only when all of it was read again.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rusqlite::OpenFlags;
use sha2::{Digest, Sha256};

use super::migrate::{connect, connect_to_read};
use super::private::{beside, new_file, private_folder, restrict, sync_folder};
use super::source::{Control, Source, Still, connect_still};
use super::upkeep::{identity, note_backup, planned_folder};
use super::verify::{Progress, Report, verify_copy};
use super::{Error, refuse};

/// A backup that was made and read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackedUp {
    /// Messages in it.
    pub messages: u64,
    /// Octets of the whole copy, and those of them that had to be written.
    pub size_bytes: u64,
    pub written_bytes: u64,
    /// What the check of the copy said; it is sound.
    pub report: Report,
}

/// Why there is no new backup. What was there before is there still.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The folder is not there: a disk that is not plugged in.
    #[error("the folder “{}” is not there", .0.display())]
    Absent(PathBuf),
    #[error("“{}” holds the mail of another store, which is not overwritten", .0.display())]
    OtherStore(PathBuf),
    /// It is the folder of the store itself.
    #[error("a backup cannot lie in the folder of the mail itself")]
    Itself,
    #[error("“{}” is in use by another Malote", .0.display())]
    InUse(PathBuf),
    #[error("the disk of the backup is full")]
    NoRoom,
    /// Writing or reading there failed.
    #[error("the disk of the backup failed: {0}")]
    Disk(String),
    /// The copy holds damage that the last one does not need to have.
    #[error("the copy did not pass its check: {}", failed_check(.0))]
    Unsound(Box<Report>),
    #[error("it was stopped")]
    Stopped,
    /// The store itself.
    #[error(transparent)]
    Store(Error),
}

fn failed_check(report: &Report) -> String {
    match (report.damaged_count, report.faults.first()) {
        (0, Some(fault)) => fault.clone(),
        (1, _) => "a message is damaged".to_owned(),
        (count, _) => format!("{count} messages are damaged"),
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if error == Error::GivenUp { Self::Stopped } else { Self::Store(error) }
    }
}

impl Failure {
    /// An error of the file system in the folder of the backup.
    fn there(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => Self::NoRoom,
            _ => Self::Disk(error.to_string()),
        }
    }

    fn of_store(error: Error) -> Self {
        match error {
            Error::DiskFull => Self::NoRoom,
            Error::GivenUp => Self::Stopped,
            other => Self::Disk(other.to_string()),
        }
    }
}

/// Brings the copy in `folder` up to date, or makes it, unless one is expected to be there: the place where a disk is put in may be
/// there without the disk. Blocks until the copy was read again, and tells how that goes on.
///
/// # Errors
/// After any, the copy that was there before is there, octet for octet.
pub fn back_up(
    source: &Source,
    folder: &Path,
    expected: bool,
    control: &Control,
    tell: &mut dyn FnMut(Progress),
) -> Result<BackedUp, Failure> {
    if expected && !folder.join("malote.db").is_file() {
        return Err(Failure::Absent(folder.to_owned()));
    }
    let there = There::enter(source, folder)?;
    control.goes_on()?;
    let still = Still::hold(&source.file)?;
    let outcome = match there.copy.is_file() {
        true => there.bring_up_to_date(source, control, tell),
        false => there.make(source, control, tell),
    };
    drop(still);
    outcome
}

/// Notes the outcome in the store, if that folder is the planned one.
///
/// # Errors
/// [`Error::Busy`] and others if nothing can be written.
pub fn note_beside(source: &Source, folder: &Path, outcome: &Result<u64, String>, now: i64) -> Result<(), Error> {
    let db = connect(&source.file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    if planned_folder(&db)?.is_some_and(|planned| is_same(&planned, folder)) {
        note_backup(&db, outcome, now)?;
    }
    Ok(())
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

/// The folder of a backup, held by this process.
pub(super) struct There {
    pub(super) copy: PathBuf,
    rollback: PathBuf,
    _lock: File,
}

impl There {
    fn enter(source: &Source, folder: &Path) -> Result<Self, Failure> {
        if is_same(&source.folder(), folder) {
            return Err(Failure::Itself);
        }
        // Of a disk that is not there the mount point may be, or not; the folder above the backup must be.
        if !folder.is_dir() && !folder.parent().is_some_and(|above| above.as_os_str().is_empty() || above.is_dir()) {
            return Err(Failure::Absent(folder.to_owned()));
        }
        private_folder(folder).map_err(Failure::of_store)?;
        let there = Self::hold(folder)?;
        there.refuse_another(source)?;
        Ok(there)
    }

    /// Takes the lock that a Malote takes on a profile, and undoes what an interrupted backup left.
    pub(super) fn hold(folder: &Path) -> Result<Self, Failure> {
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let lock = options.open(folder.join("lock")).map_err(|error| Failure::there(&error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Failure::InUse(folder.to_owned())),
            // Some file systems of memory cards and network drives have no locks.
            Err(TryLockError::Error(_)) => {}
        }
        let copy = folder.join("malote.db");
        roll_back(&copy).map_err(Failure::of_store)?;
        Ok(Self { rollback: beside(&copy, ROLLBACK), copy, _lock: lock })
    }

    fn refuse_another(&self, source: &Source) -> Result<(), Failure> {
        if !self.copy.is_file() {
            return Ok(());
        }
        self.tidy();
        let ours = identity(&connect_to_read(&source.file)?)?;
        match connect_still(&self.copy).and_then(|copy| identity(&copy)) {
            Ok(theirs) if theirs == ours && ours.is_some() => Ok(()),
            Err(Error::Damaged(_)) => self.put_aside(),
            Err(error @ Error::Disk(_)) => Err(Failure::of_store(error)),
            _ => Err(Failure::OtherStore(self.copy.clone())),
        }
    }

    /// What a Malote that was opened on the copy, and killed, has left in its log.
    fn tidy(&self) {
        if refuse::log_bytes(&self.copy) == 0 {
            return;
        }
        // Where that fails the copy is compared octet by octet all the same, and then read again as it is.
        if let Ok(db) = connect(&self.copy, OpenFlags::SQLITE_OPEN_READ_WRITE) {
            let _ = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        }
    }

    /// A copy that is so damaged that it does not even say whose it is makes room and is not removed.
    fn put_aside(&self) -> Result<(), Failure> {
        let aside = unused(&self.copy, "damaged");
        fs::rename(&self.copy, aside).map_err(|error| Failure::there(&error))
    }

    /// The first one grows beside its name.
    fn make(&self, source: &Source, control: &Control, tell: &mut dyn FnMut(Progress)) -> Result<BackedUp, Failure> {
        let unfinished = new_file(&self.copy).map_err(Failure::of_store)?;
        let outcome = copy_whole(source, &unfinished, control).and_then(|size_bytes| {
            let report = rehearse(&unfinished, control, tell)?;
            fs::rename(&unfinished, &self.copy).map_err(|error| Failure::there(&error))?;
            sync_folder(&self.copy).map_err(Failure::of_store)?;
            Ok(BackedUp { messages: report.messages, size_bytes, written_bytes: size_bytes, report })
        });
        if outcome.is_err() {
            // What is left is replaced by the next attempt.
            let _ = fs::remove_file(&unfinished);
        }
        outcome
    }

    fn bring_up_to_date(
        &self,
        source: &Source,
        control: &Control,
        tell: &mut dyn FnMut(Progress),
    ) -> Result<BackedUp, Failure> {
        let outcome = self.update(source, control, tell);
        if outcome.is_err() {
            roll_back(&self.copy).map_err(Failure::of_store)?;
        }
        outcome
    }

    fn update(&self, source: &Source, control: &Control, tell: &mut dyn FnMut(Progress)) -> Result<BackedUp, Failure> {
        restrict(&self.copy, 0o600).map_err(Failure::of_store)?;
        let (size_bytes, written_bytes) = self.write_differences(source, control)?;
        let report = rehearse(&self.copy, control, tell)?;
        // From here on the new copy is the backup.
        match fs::remove_file(&self.rollback) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Failure::there(&error)),
            _ => {}
        }
        sync_folder(&self.copy).map_err(Failure::of_store)?;
        Ok(BackedUp { messages: report.messages, size_bytes, written_bytes, report })
    }

    /// Octets of the copy, and those of them that were written.
    fn write_differences(&self, source: &Source, control: &Control) -> Result<(u64, u64), Failure> {
        let there = |error: io::Error| Failure::there(&error);
        let mut copy = File::options().read(true).write(true).open(&self.copy).map_err(there)?;
        let old_bytes = copy.metadata().map_err(there)?.len();
        let mut from = Blocks::of(source, 0)?;
        let mut rollback: Option<Rollback> = None;
        let (mut old, mut written_bytes) = (Vec::new(), 0);
        let mut batch: Vec<(u64, Vec<u8>)> = Vec::new();
        loop {
            control.goes_on()?;
            let Some((at, new)) = from.advance()? else { break };
            read_at(&mut copy, at, new.len(), &mut old).map_err(there)?;
            if old == new {
                continue;
            }
            let aside = match &mut rollback {
                Some(rollback) => rollback,
                None => rollback.insert(Rollback::begin(&self.rollback, &self.copy, old_bytes).map_err(there)?),
            };
            aside.keep(at, &old).map_err(there)?;
            written_bytes += new.len() as u64;
            batch.push((at, new.to_vec()));
            if batch.len() >= BATCH_BLOCKS {
                aside.sync().map_err(there)?;
                write_batch(&mut copy, &mut batch).map_err(there)?;
            }
        }
        if from.size_bytes < old_bytes {
            let aside = match &mut rollback {
                Some(rollback) => rollback,
                None => rollback.insert(Rollback::begin(&self.rollback, &self.copy, old_bytes).map_err(there)?),
            };
            aside.keep_rest(&mut copy, from.size_bytes, old_bytes).map_err(there)?;
        }
        if let Some(mut aside) = rollback {
            aside.sync().map_err(there)?;
            write_batch(&mut copy, &mut batch).map_err(there)?;
            copy.set_len(from.size_bytes).map_err(there)?;
            copy.sync_all().map_err(there)?;
        }
        Ok((from.size_bytes, written_bytes))
    }
}

/// The restore is rehearsed: every page and every message of the copy is read, as if it were needed now.
fn rehearse(copy: &Path, control: &Control, tell: &mut dyn FnMut(Progress)) -> Result<Report, Failure> {
    let report = match verify_copy(copy, control, tell) {
        Ok(report) => report,
        Err(Error::GivenUp) => return Err(Failure::Stopped),
        Err(error @ Error::Damaged(_)) => Report { faults: vec![error.to_string()], ..Report::default() },
        Err(error) => return Err(Failure::Disk(error.to_string())),
    };
    if report.is_sound() { Ok(report) } else { Err(Failure::Unsound(Box::new(report))) }
}

/// All of the source into a file, synced; gives its size.
pub(super) fn copy_whole(source: &Source, to: &Path, control: &Control) -> Result<u64, Failure> {
    let there = |error: io::Error| Failure::there(&error);
    let mut out = File::options().write(true).truncate(true).open(to).map_err(there)?;
    let mut from = Blocks::of(source, 0)?;
    while let Some((_, block)) = from.advance()? {
        out.write_all(block).map_err(there)?;
        control.goes_on()?;
    }
    out.sync_all().map_err(there)?;
    Ok(from.size_bytes)
}

fn write_batch(copy: &mut File, batch: &mut Vec<(u64, Vec<u8>)>) -> io::Result<()> {
    for (at, octets) in batch.drain(..) {
        copy.seek(SeekFrom::Start(at))?;
        copy.write_all(&octets)?;
    }
    Ok(())
}

/// As many octets as there are, at most so many.
fn read_at(file: &mut File, at: u64, most: usize, octets: &mut Vec<u8>) -> io::Result<()> {
    octets.clear();
    file.seek(SeekFrom::Start(at))?;
    file.take(most as u64).read_to_end(octets)?;
    Ok(())
}

/// The blocks of the source, while it is held still.
struct Blocks<'a> {
    file: &'a File,
    at: u64,
    size_bytes: u64,
    block: Vec<u8>,
}

impl<'a> Blocks<'a> {
    fn of(source: &'a Source, at: u64) -> Result<Self, Error> {
        let size_bytes = source.octets.metadata().map_err(|error| Error::of_file(&error, &source.file))?.len();
        Ok(Self { file: &source.octets, at, size_bytes, block: Vec::new() })
    }

    /// The next one and where it stands.
    fn advance(&mut self) -> Result<Option<(u64, &[u8])>, Error> {
        let most = (self.size_bytes - self.at).min(BLOCK_BYTES);
        if most == 0 {
            return Ok(None);
        }
        let disk = |error: io::Error| Error::Disk(error.to_string());
        self.block.clear();
        let mut file = self.file;
        file.seek(SeekFrom::Start(self.at)).map_err(disk)?;
        file.take(most).read_to_end(&mut self.block).map_err(disk)?;
        if self.block.is_empty() {
            return Err(Error::Disk("the store’s file ends too early".into()));
        }
        let at = self.at;
        self.at += self.block.len() as u64;
        Ok(Some((at, &self.block)))
    }
}

/// The octets that were overwritten, to be put back if the new copy does not come about.
struct Rollback(File);

impl Rollback {
    fn begin(file: &Path, copy: &Path, old_bytes: u64) -> io::Result<Self> {
        let mut options = File::options();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut out = options.open(file)?;
        out.write_all(MAGIC)?;
        out.write_all(&old_bytes.to_be_bytes())?;
        out.sync_all()?;
        sync_folder(copy).map_err(io::Error::other)?;
        Ok(Self(out))
    }

    /// Octets of the copy as they are now.
    fn keep(&mut self, at: u64, octets: &[u8]) -> io::Result<()> {
        if octets.is_empty() {
            return Ok(());
        }
        let mut record = Vec::with_capacity(RECORD_HEAD_BYTES + octets.len());
        record.extend_from_slice(&at.to_be_bytes());
        record.extend_from_slice(&(octets.len() as u64).to_be_bytes());
        record.extend_from_slice(&digest(at, octets));
        record.extend_from_slice(octets);
        self.0.write_all(&record)
    }

    /// The end that is to be cut off.
    fn keep_rest(&mut self, copy: &mut File, from: u64, to: u64) -> io::Result<()> {
        let (mut at, mut octets) = (from, Vec::new());
        while at < to {
            read_at(copy, at, BLOCK_BYTES as usize, &mut octets)?;
            if octets.is_empty() {
                break;
            }
            self.keep(at, &octets)?;
            at += octets.len() as u64;
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }
}

/// Puts back what an interrupted backup has overwritten, if one has. Nothing was overwritten before it was put aside and
/// synced: a record that is not whole was not needed.
pub(super) fn roll_back(copy: &Path) -> Result<(), Error> {
    let rollback = beside(copy, ROLLBACK);
    let failed = |error: io::Error| Error::of_file(&error, &rollback);
    let mut aside = match File::open(&rollback) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened.map_err(failed)?,
    };
    let mut head = [0; MAGIC.len() + 8];
    if aside.read_exact(&mut head).is_ok() && head.starts_with(MAGIC) {
        let mut copy = File::options().write(true).open(copy).map_err(failed)?;
        while let Some((at, octets)) = record(&mut aside).map_err(failed)? {
            copy.seek(SeekFrom::Start(at)).and_then(|_| copy.write_all(&octets)).map_err(failed)?;
        }
        copy.set_len(number(&head, MAGIC.len())).and_then(|()| copy.sync_all()).map_err(failed)?;
    }
    fs::remove_file(&rollback).map_err(failed)?;
    sync_folder(copy)
}

/// The next record that is whole.
fn record(aside: &mut File) -> io::Result<Option<(u64, Vec<u8>)>> {
    let mut head = [0; RECORD_HEAD_BYTES];
    match aside.read_exact(&mut head) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let (at, len) = (number(&head, 0), number(&head, 8));
    let mut octets = Vec::new();
    aside.take(len.min(BLOCK_BYTES)).read_to_end(&mut octets)?;
    let is_whole = octets.len() as u64 == len && head.get(16..).is_some_and(|hash| hash == digest(at, &octets));
    Ok(is_whole.then_some((at, octets)))
}

fn number(octets: &[u8], at: usize) -> u64 {
    octets.get(at..at + 8).and_then(|octets| octets.try_into().ok()).map_or(0, u64::from_be_bytes)
}

fn digest(at: u64, octets: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(at.to_be_bytes());
    hash.update(octets);
    hash.finalize().into()
}

/// A name beside `file` that nothing has.
pub(super) fn unused(file: &Path, why: &str) -> PathBuf {
    let names = (1..u32::MAX).map(|number| beside(file, &format!(".{why}-{number}")));
    names.into_iter().find(|name| fs::symlink_metadata(name).is_err()).unwrap_or_else(|| beside(file, why))
}

/// Octets that are compared and written at once: sixteen pages, so that a lone change costs little, and a disk that turns is
/// not asked for each page.
const BLOCK_BYTES: u64 = 64 * 1024;
/// Blocks between two syncs of what is put aside.
const BATCH_BLOCKS: usize = 128;
const ROLLBACK: &str = ".rollback";
const MAGIC: &[u8; 16] = b"Malote rollback1";
/// Place, length, hash.
const RECORD_HEAD_BYTES: usize = 8 + 8 + 32;

#[cfg(test)]
mod tests;
