//! Moving in and out: the words in which the engine speaks of it, and what runs of it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_std::task::JoinHandle;

use super::command::{Command, RequestId};
use super::event::{Event, Problem};
use super::hub::Hub;
use super::import::ImportFormat;
use super::{export, import, problem};
use crate::account::{Account, AccountId};
use crate::store::types::Role;

/// What another program has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportSource {
    pub place: PathBuf,
    pub format: ImportFormat,
    pub folders: Vec<FoundFolder>,
    /// POP3 accounts of the other program.
    pub accounts: Vec<FoundAccount>,
    /// Messages on the account's server that the other program has fetched.
    pub known_uids: u64,
    /// Folders that belong to another account of the other program.
    pub folders_left_out: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFolder {
    /// Names joined with slashes; empty: the outermost one.
    pub name: String,
    /// Where its messages go,
    pub role: Role,
    /// and the folder's own path, where it is none that every account has.
    pub path: Option<String>,
    pub messages: u64,
    pub bytes: u64,
}

impl FoundFolder {
    /// The name of the mailbox that its messages go to.
    pub fn goes_to(&self) -> String {
        match (self.role, &self.path) {
            (Role::Archive, Some(path)) => path.clone(),
            (role, _) => role.to_string(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundAccount {
    pub host: String,
    pub user: String,
    /// It is the account that is imported into.
    pub is_this: bool,
}

impl ImportSource {
    pub fn messages(&self) -> u64 {
        self.folders.iter().map(|folder| folder.messages).sum()
    }

    pub fn bytes(&self) -> u64 {
        self.folders.iter().map(|folder| folder.bytes).sum()
    }
}

/// How an import or an export is getting on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MoveProgress {
    /// Octets read, or messages written,
    pub done: u64,
    /// of so many.
    pub total: u64,
    /// Imported, or written.
    pub messages: u64,
    pub known: u64,
    pub damaged: u64,
}

impl MoveProgress {
    /// From 0 to 1.
    pub fn fraction(&self) -> f32 {
        (self.done as f32 / self.total.max(1) as f32).clamp(0.0, 1.0)
    }
}

/// What came of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    pub account: AccountId,
    pub account_name: String,
    pub imported: u64,
    /// Messages that were here already, or stood twice in the source.
    pub known: u64,
    /// Deleted in the other program, and still in its files.
    pub expunged: u64,
    /// Messages on the server that count as known from now on, though they are not here.
    pub adopted: u64,
    pub damaged: u64,
    /// The first of these.
    pub faults: Vec<ImportFault>,
    pub stopped: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportFault {
    pub place: String,
    pub why: String,
}

impl fmt::Display for ImportFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.why)
    }
}

impl ImportReport {
    /// In plain words, a sentence each.
    pub fn words(&self) -> Vec<String> {
        let many = |count: u64| if count == 1 { "1 message".to_owned() } else { format!("{count} messages") };
        let mut words = vec![format!("{} imported into {}.", many(self.imported), self.account_name)];
        if self.stopped {
            words.push("It was stopped before its end: import the same again and it goes on from there.".into());
        }
        let more = [
            (self.known, "here already and left as they are."),
            (self.expunged, "deleted in the other program and only still in its files: not imported."),
            (self.adopted, "on the server that the other program has fetched are known now and not fetched again."),
            (self.damaged, "or parts of files could not be read:"),
        ];
        words.extend(
            more.iter().filter(|(count, _)| *count > 0).map(|(count, rest)| format!("{} {rest}", many(*count))),
        );
        words
    }
}

/// What is exported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// None: all.
    pub account: Option<AccountId>,
    /// None: all.
    pub role: Option<Role>,
    /// Only what this finds, in the language of [`crate::mail::query`].
    pub search: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExportFormat {
    #[default]
    Mbox,
    Maildir,
    Eml,
}

impl ExportFormat {
    pub const ALL: [Self; 3] = [Self::Mbox, Self::Maildir, Self::Eml];

    /// What a person calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mbox => "mbox",
            Self::Maildir => "Maildir",
            Self::Eml => "one file each",
        }
    }
}

/// What came of an export.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportReport {
    pub folder: PathBuf,
    pub messages: u64,
    pub bytes: u64,
    /// Messages that could not be read,
    pub damaged: u64,
    /// and the first of these.
    pub faults: Vec<ImportFault>,
    pub stopped: bool,
}

impl ExportReport {
    /// In plain words, a sentence each.
    pub fn words(&self) -> Vec<String> {
        let many = |count: u64| if count == 1 { "1 message".to_owned() } else { format!("{count} messages") };
        let mut words = vec![format!("{} written to {}.", many(self.messages), self.folder.display())];
        if self.stopped {
            words.push("It was stopped before its end: the folder does not hold everything.".into());
        }
        if self.damaged > 0 {
            words.push(format!("{} could not be read and were left out:", many(self.damaged)));
        }
        words
    }
}

/// Says *stop* to a task that looks now and then.
#[derive(Clone, Debug, Default)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Imports and exports under way.
#[derive(Default)]
pub(super) struct Moves {
    running: Vec<(Stop, JoinHandle<()>)>,
}

impl Moves {
    /// Begins on a task of its own; it answers when it is done.
    pub fn begin(&mut self, hub: &Arc<Hub>, id: RequestId, command: Command) {
        let (stop, hub) = (Stop::default(), hub.clone());
        let told = stop.clone();
        let task = async_std::task::spawn(async move {
            let outcome = answer(&hub, command, told).await;
            hub.tell(Some(id), outcome.unwrap_or_else(Event::Failed)).await;
        });
        self.running.push((stop, task));
    }

    pub fn stop_all(&self) {
        self.running.iter().for_each(|(stop, _)| stop.set());
    }

    /// Until all have ended.
    pub async fn end(self) {
        for (_, task) in self.running {
            task.await;
        }
    }
}

/// Whether a command is one of these.
pub(super) fn is_moving(command: &Command) -> bool {
    matches!(command, Command::LookAtImport { .. } | Command::Import { .. } | Command::Export { .. })
}

async fn answer(hub: &Arc<Hub>, command: Command, stop: Stop) -> Result<Event, Box<Problem>> {
    match command {
        Command::LookAtImport { place, format, account } => {
            let account = match account {
                Some(id) => Some(find_account(hub, id).await?),
                None => None,
            };
            import::look_at(account.as_ref(), place, format, stop).await
        }
        Command::Import { place, format, account } => {
            let account = find_account(hub, account).await?;
            import::run(hub, account, place, format, stop).await
        }
        Command::Export { folder, format, selection } => export::run(hub, folder, format, selection, stop).await,
        // `is_moving` keeps the others away.
        _ => Ok(Event::Done),
    }
}

async fn find_account(hub: &Hub, id: AccountId) -> Result<Account, Box<Problem>> {
    let accounts = hub.store.accounts().await;
    let accounts = accounts.map_err(|error| problem::store_plain("Could not read the accounts", &error))?;
    accounts.into_iter().find(|account| account.id == id).ok_or_else(|| problem::no_such_account(id))
}
