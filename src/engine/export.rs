//! Moving out: every message exactly as it is here, with what was marked, in a format that other programs read.
//!
//! An export goes into a folder of its own, so that nothing that was there can be overwritten, and as long as it is not finished
//! a file in it says so.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::event::{Event, Problem};
use super::hub::Hub;
use super::moving::{ExportFormat, ExportReport, ImportFault, MoveProgress, Selection, Stop};
use super::problem;
use crate::account::AccountId;
use crate::mail::Query;
use crate::mail::mbox::{self, FromLine};
use crate::store::types::{Flag, Flags, MailboxView, MessageKey, MessageRow, OwnMailbox, Role};
use crate::store::{Asking, Error};

/// Its presence says that an export was cut off.
pub const UNFINISHED: &str = "EXPORT-NOT-FINISHED";

/// Rows that are read at once.
const ROWS_AT_ONCE: usize = 256;
const REPORT_EVERY: Duration = Duration::from_millis(200);
/// Faults that are told one by one.
const FAULTS_TOLD: usize = 200;

pub(super) async fn run(
    hub: &Arc<Hub>,
    folder: PathBuf,
    format: ExportFormat,
    selection: Selection,
    stop: Stop,
) -> Result<Event, Box<Problem>> {
    let own = hub.store.organisation().await.map_err(|error| unread(&error))?.mailboxes;
    let keys = match chosen(hub, &selection, &own).await? {
        Ok(keys) => keys,
        Err(fault) => return Ok(Event::NotUnderstood(fault)),
    };
    let place = folder.clone();
    let made = async_std::task::spawn_blocking(move || begin(&place)).await;
    made.map_err(|error| not_written(&folder, &error))?;
    let accounts = hub.store.accounts().await.map_err(|error| unread(&error))?;
    let names = accounts.into_iter().map(|account| (account.id, account.name)).collect();
    let report = ExportReport { folder: folder.clone(), ..ExportReport::default() };
    let mut export =
        Export { hub, format, selection, names: folders(names), places: places(own), files: HashMap::new(), report };
    export.write_all(keys, &stop).await?;
    if !export.report.stopped {
        let (files, place) = (std::mem::take(&mut export.files), folder.clone());
        let ended = async_std::task::spawn_blocking(move || end(files, &place)).await;
        ended.map_err(|error| not_written(&folder, &error))?;
    }
    Ok(Event::Exported(Box::new(export.report)))
}

/// The messages, the oldest first.
async fn chosen(
    hub: &Hub,
    selection: &Selection,
    own: &[OwnMailbox],
) -> Result<Result<Vec<MessageKey>, crate::mail::Fault>, Box<Problem>> {
    let mut keys = Vec::new();
    if let Some(text) = &selection.search {
        let mut after = None;
        let known = super::searching::known(hub).await?;
        loop {
            let query = match Query::parse_knowing(text, false, &jiff::Zoned::now(), &known) {
                Ok(query) => query,
                Err(fault) => return Ok(Err(fault)),
            };
            let found = hub.store.search(query, None, after, PAGE, Asking::default()).await;
            let found = found.map_err(|error| unread(&error))?;
            after = found.keys.last().copied();
            keys.extend(found.keys);
            if !found.more {
                break;
            }
        }
    } else {
        let all = Role::ALL.into_iter().chain(own.iter().map(|mailbox| Role::Own(mailbox.id)));
        for role in all.filter(|role| selection.role.is_none_or(|chosen| chosen == *role)) {
            let view = MailboxView { role, account: selection.account };
            keys.extend(hub.store.keys(view).await.map_err(|error| unread(&error))?);
        }
    }
    keys.sort_unstable();
    Ok(Ok(keys))
}

/// Hits of a search that are asked for at once.
const PAGE: usize = 10_000;

struct Export<'a> {
    hub: &'a Arc<Hub>,
    format: ExportFormat,
    selection: Selection,
    /// What the accounts' folders are called.
    names: HashMap<AccountId, String>,
    /// What the mailboxes are called in them; those of the person's own lie in each other as they do here.
    places: HashMap<Role, String>,
    /// The mboxes that are open.
    files: HashMap<(AccountId, Role), OpenMbox>,
    report: ExportReport,
}

/// An mbox that grows, and its name as long as it is not whole.
struct OpenMbox {
    path: PathBuf,
    file: Arc<Mutex<BufWriter<File>>>,
}

impl Export<'_> {
    async fn write_all(&mut self, keys: Vec<MessageKey>, stop: &Stop) -> Result<(), Box<Problem>> {
        let total = keys.len() as u64;
        let (mut done, mut reported) = (0, Instant::now());
        for keys in keys.chunks(ROWS_AT_ONCE) {
            let rows = self.hub.store.rows(keys.to_vec()).await.map_err(|error| unread(&error))?;
            for row in rows {
                if stop.is_set() {
                    self.report.stopped = true;
                    return Ok(());
                }
                if self.is_chosen(&row) {
                    self.write(&row).await?;
                }
                done += 1;
                if reported.elapsed() >= REPORT_EVERY {
                    reported = Instant::now();
                    let (messages, damaged) = (self.report.messages, self.report.damaged);
                    let progress = MoveProgress { done, total, messages, damaged, ..MoveProgress::default() };
                    self.hub.tell_if_room(Event::MoveProgress(progress));
                }
            }
        }
        Ok(())
    }

    fn is_chosen(&self, row: &MessageRow) -> bool {
        self.selection.account.is_none_or(|account| account == row.account)
            && self.selection.role.is_none_or(|role| role == row.role)
    }

    async fn write(&mut self, row: &MessageRow) -> Result<(), Box<Problem>> {
        let folder = self.report.folder.clone();
        let written = match self.format {
            ExportFormat::Mbox => self.write_to_mbox(row).await,
            ExportFormat::Maildir | ExportFormat::Eml => self.write_file(row).await,
        };
        match written.map_err(|error| not_written(&folder, &error))? {
            Ok(bytes) => {
                self.report.messages += 1;
                self.report.bytes += bytes;
            }
            // What was removed meanwhile is not missed.
            Err(Error::NotFound) => {}
            Err(Error::Damaged(why)) => {
                self.report.damaged += 1;
                if self.report.faults.len() < FAULTS_TOLD {
                    self.report.faults.push(ImportFault { place: row.subject.clone(), why });
                }
            }
            Err(Error::Output(why)) => return Err(not_written(&folder, &io::Error::other(why))),
            Err(error) => return Err(unread(&error)),
        }
        Ok(())
    }

    fn folder_of(&self, row: &MessageRow) -> PathBuf {
        self.report.folder.join(self.names.get(&row.account).map_or("mail", String::as_str))
    }

    /// Where its mailbox's messages go; for an mbox without the ending.
    fn place_of(&self, row: &MessageRow) -> PathBuf {
        let place = self.places.get(&row.role).cloned().unwrap_or_else(|| row.role.to_string());
        self.folder_of(row).join(place)
    }

    /// Behind the others of its mailbox. A message that cannot be read leaves nothing in the file.
    async fn write_to_mbox(&mut self, row: &MessageRow) -> io::Result<Result<u64, Error>> {
        let place = (row.account, row.role);
        let file = match self.files.get(&place) {
            Some(open) => open.file.clone(),
            None => {
                let mut path = self.place_of(row).into_os_string();
                path.push(".mbox.part");
                let path = PathBuf::from(path);
                crate::profile::make_private_folder(path.parent().unwrap_or(&self.report.folder))?;
                let file = Arc::new(Mutex::new(BufWriter::new(new_file(&path)?)));
                self.files.insert(place, OpenMbox { path, file: file.clone() });
                file
            }
        };
        let marks: Vec<&str> = Flag::ALL.into_iter().filter(|flag| row.flags.has(*flag)).map(Flag::word).collect();
        let start = {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            let start = file.stream_position()?;
            file.write_all(FromLine::written(row.date, &marks).as_bytes())?;
            start
        };
        let writer: Arc<Mutex<mbox::Writer>> = Arc::default();
        let sink = Box::new(MboxSink { file: file.clone(), writer: writer.clone(), buffer: Vec::new() });
        let written = self.hub.store.raw_to(row.key, sink).await;
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        if written.is_ok() {
            let mut end = Vec::new();
            std::mem::take(&mut *writer.lock().unwrap_or_else(PoisonError::into_inner)).finish(&mut end);
            file.write_all(&end)?;
        } else {
            file.flush()?;
            file.get_ref().set_len(start)?;
            file.seek(io::SeekFrom::Start(start))?;
        }
        Ok(written)
    }

    async fn write_file(&mut self, row: &MessageRow) -> io::Result<Result<u64, Error>> {
        let (draft, finished) = match self.format {
            ExportFormat::Maildir => {
                let folder = maildir(self.place_of(row))?;
                let name = format!("{}.M{}.malote", row.date, row.key);
                (folder.join("tmp").join(&name), folder.join("cur").join(format!("{name}:2,{}", letters(row.flags))))
            }
            ExportFormat::Mbox | ExportFormat::Eml => {
                let folder = self.place_of(row);
                crate::profile::make_private_folder(&folder)?;
                (folder.join(format!("{}.part", row.key)), folder.join(format!("{}.eml", row.key)))
            }
        };
        let written = self.hub.store.raw_to(row.key, Box::new(BufWriter::new(new_file(&draft)?))).await;
        match written {
            Ok(_) => fs::rename(&draft, &finished)?,
            Err(_) => fs::remove_file(&draft)?,
        }
        Ok(written)
    }
}

/// Quotes what is written for an mbox.
struct MboxSink {
    file: Arc<Mutex<BufWriter<File>>>,
    writer: Arc<Mutex<mbox::Writer>>,
    buffer: Vec<u8>,
}

impl Write for MboxSink {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.buffer.clear();
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).feed(octets, &mut self.buffer);
        self.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(&self.buffer)?;
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A Maildir of its own for each mailbox, as all programs read them.
fn maildir(folder: PathBuf) -> io::Result<PathBuf> {
    for part in ["cur", "new", "tmp"] {
        let part = folder.join(part);
        if !part.is_dir() {
            crate::profile::make_private_folder(&part)?;
        }
    }
    Ok(folder)
}

/// In the order of the alphabet, as the format asks for.
fn letters(flags: Flags) -> String {
    let all = [(Flag::Starred, 'F'), (Flag::Forwarded, 'P'), (Flag::Answered, 'R'), (Flag::Seen, 'S')];
    all.into_iter().filter(|(flag, _)| flags.has(*flag)).map(|(_, letter)| letter).collect()
}

/// A folder name for each account, fit for every file system.
fn folders(names: HashMap<AccountId, String>) -> HashMap<AccountId, String> {
    let mut names: Vec<(AccountId, String)> = names.into_iter().collect();
    names.sort_by_key(|(id, _)| id.0);
    let mut taken: Vec<String> = Vec::new();
    let name = |(id, name): (AccountId, String)| {
        let plain = plain(&name);
        let is_taken = plain.is_empty() || taken.iter().any(|other| other.eq_ignore_ascii_case(&plain));
        let name = if is_taken { format!("{plain} {}", id.0).trim().to_owned() } else { plain };
        taken.push(name.clone());
        (id, name)
    };
    names.into_iter().map(name).collect()
}

/// The same for each mailbox of the person's own, with slashes where one lies in another.
fn places(own: Vec<OwnMailbox>) -> HashMap<Role, String> {
    let mut taken: Vec<String> = Role::ALL.into_iter().map(|role| role.word().to_owned()).collect();
    let mut place = |mailbox: OwnMailbox| {
        let mut path = mailbox.name.split('/').map(plain_part).collect::<Vec<_>>().join("/");
        if taken.contains(&path.to_lowercase()) {
            path = format!("{path} {}", mailbox.id.0);
        }
        taken.push(path.to_lowercase());
        (Role::Own(mailbox.id), path)
    };
    own.into_iter().map(&mut place).collect()
}

/// A part of a mailbox's path. What a Maildir consists of cannot be called like that.
fn plain_part(name: &str) -> String {
    let plain = plain(name);
    let is_part_of_a_maildir = ["cur", "new", "tmp"].iter().any(|part| plain.eq_ignore_ascii_case(part));
    if plain.is_empty() || is_part_of_a_maildir { format!("{plain}_") } else { plain }
}

fn plain(name: &str) -> String {
    let fit = |c: char| if c.is_alphanumeric() || " -_@+.".contains(c) { c } else { '_' };
    let plain: String = name.trim().chars().map(fit).collect();
    plain.trim_matches('.').to_owned()
}

fn begin(folder: &Path) -> io::Result<()> {
    if folder.join(UNFINISHED).exists() {
        let why = "an export was cut off in it: remove it, or choose another";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
    }
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        let why = "it is not empty, and nothing in it is to be overwritten: choose a new folder";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
    }
    crate::profile::make_private_folder(folder)?;
    new_file(&folder.join(UNFINISHED)).map(drop)
}

/// Everything is on the disk, and only then called finished.
fn end(files: HashMap<(AccountId, Role), OpenMbox>, folder: &Path) -> io::Result<()> {
    for OpenMbox { path, file } in files.into_values() {
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        file.flush()?;
        file.get_ref().sync_all()?;
        fs::rename(&path, path.with_extension(""))?;
    }
    fs::remove_file(folder.join(UNFINISHED))
}

/// A file that was not there before, readable by its owner alone.
fn new_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

fn unread(error: &Error) -> Box<Problem> {
    problem::store_plain("Could not export the mail", error)
}

fn not_written(folder: &Path, error: &io::Error) -> Box<Problem> {
    Box::new(Problem {
        what: format!("Could not export into {}", folder.display()),
        why: error.to_string(),
        remedy: "Choose a new folder on a disk with enough room.".into(),
        ..Problem::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::types::OwnMailboxId;

    #[test]
    fn folders_of_accounts_have_names_that_every_file_system_takes() {
        let names = ["Work", "work/", "../..", "Ana@example.org", ""];
        let names: HashMap<_, _> = (1..).map(AccountId).zip(names.map(str::to_owned)).collect();
        let mut folders: Vec<_> = folders(names).into_iter().collect();
        folders.sort_by_key(|(id, _)| id.0);
        let folders: Vec<_> = folders.into_iter().map(|(_, name)| name).collect();
        assert_eq!(folders, ["Work", "work_", "_", "Ana@example.org", "5"]);
    }

    #[test]
    fn mailboxes_of_ones_own_lie_in_each_other_under_names_that_every_file_system_takes() {
        let names = [
            "Projects",
            "Projects/Haus & Hof",
            "projects/Haus_+_Hof",
            "Projects/Haus _ Hof",
            "A/cur",
            "../..",
            "会議",
            "Inbox",
        ];
        let own = (1..).zip(names).map(|(id, name)| OwnMailbox { id: OwnMailboxId(id), name: name.into() }).collect();
        let places = places(own);
        let place = |id| places[&Role::Own(OwnMailboxId(id))].as_str();
        let expected = [
            "Projects",
            "Projects/Haus _ Hof",
            "projects/Haus_+_Hof",
            "Projects/Haus _ Hof 4",
            "A/cur_",
            "_/_",
            "会議",
            "Inbox 8",
        ];
        assert_eq!((1..=8).map(place).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_folder_that_holds_anything_is_not_exported_into() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("new");
        begin(&target).unwrap();
        assert!(begin(&target).unwrap_err().to_string().contains("cut off"));
        fs::remove_file(target.join(UNFINISHED)).unwrap();
        fs::write(target.join("mine"), "kept").unwrap();
        assert!(begin(&target).unwrap_err().to_string().contains("not empty"));
    }
}
