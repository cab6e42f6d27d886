//! One SQLite database with everything in it: accounts, messages with their received octets, the ledger of what the servers
//! have, drafts and the Outbox. The only folder with SQL.
//!
//! One thread writes and two read ([`worker`]); every public method is one transaction and needs no particular runtime.
//! When a method that changes something returns, the change is on the disk.

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex};

use rusqlite::{Connection, Transaction};

mod account;
mod backup;
mod change;
mod contact;
mod damage;
mod delivery;
mod dictionary;
mod draft;
mod error;
mod grouping;
mod import;
mod index;
mod journal;
mod ledger;
mod line_use;
mod listing;
mod message;
mod migrate;
mod note;
mod organise;
mod outbox;
mod picture;
mod private;
mod raw;
mod refuse;
mod restore;
mod salvage;
mod saved_search;
mod search;
mod server_memory;
mod sort;
mod source;
#[cfg(test)]
mod testing;
mod thread;
mod tidying;
pub mod types;
mod upkeep;
mod verify;
mod visit;
mod worker;

pub use backup::{BackedUp, Failure as BackupFailure, back_up, note_beside};
pub use contact::Person;
pub use damage::{DamagedMessage, Healed};
pub use delivery::{Arrival, Content, Delivery, Prepared, prepare};
pub use dictionary::Packer;
pub use error::Error;
pub use import::{Foreign, Imported, PreparedForeign};
pub use index::{Indexed, ToIndex};
pub use journal::{Deed, Entry, EntryId, Undone};
pub use ledger::{DeleteState, LedgerEntry, LedgerId};
pub use line_use::LineUse;
pub use note::{Note, Wish};
pub use organise::Organisation;
pub use outbox::Outgoing;
pub use picture::{Allowed, ConsentId, KeptPicture, PictureConsent};
pub use private::private_folder;
pub use raw::{PackedPiece, StagedRaw, octets_sha256};
pub use restore::{Restored, restore};
pub use salvage::{Salvaged, salvage};
pub use saved_search::{SavedSearch, SearchId, Searches};
pub use search::{Asking, Found, Only};
pub use server_memory::ServerMemory;
pub use sort::Sorted;
pub use source::{Control, Source};
pub use thread::Conversation;
pub use upkeep::{Rhythm, Upkeep};
pub use verify::{Progress, Report, verify, verify_messages};
pub use visit::{Outcome, PastVisit, RoundTrip};

/// The store of one profile. Clones share it; when the last is dropped, what is queued is done and the file is closed.
#[derive(Clone)]
pub struct Store(Arc<Threads>);

struct Threads {
    // Dropped in this order: the connection that is closed last tidies the log away, and only the writer may.
    readers: worker::Pool,
    writer: worker::Pool,
    file: Arc<Path>,
    /// Open as long as any connection is: see [`Source`].
    octets: Arc<File>,
    /// The last list in another order than by time.
    sorted: Mutex<Option<sort::Remembered>>,
    dictionary: dictionary::Current,
}

impl Store {
    /// Opens `malote.db` in `folder`, or creates both. Blocks while it does. At most one process may have a store open, which
    /// is the caller's to see to.
    ///
    /// # Errors
    /// [`Error::NewerVersion`] and [`Error::Damaged`] leave the file as it is; [`Error::ReadOnly`], [`Error::DiskFull`] and
    /// [`Error::Disk`] where there is no store to be had.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        Self::open_in(folder).map_err(|error| error.within(folder))
    }

    fn open_in(folder: &Path) -> Result<Self, Error> {
        private_folder(folder)?;
        let file = folder.join("malote.db");
        // SQLite keeps its log beside what a link points to, and so must we look for it there.
        let file: Arc<Path> = file.canonicalize().unwrap_or(file).into();
        backup::roll_back(&file)?;
        restore::finish(&file)?;
        let mut connection = migrate::open(&file)?;
        raw::note_damaged_end(&connection)?;
        remove_orphans(&mut connection)?;
        let transaction = connection.transaction()?;
        outbox::settle_after_crash(&transaction)?;
        index::tune(&transaction)?;
        let dictionary = dictionary::Current::load(&transaction)?;
        transaction.commit()?;
        let octets = File::open(&file).map_err(|error| Error::of_file(&error, &file))?;
        let writer = worker::Pool::writer(&file, connection)?;
        let readers = worker::Pool::readers(&file)?;
        let (sorted, octets) = (Mutex::default(), Arc::new(octets));
        Ok(Self(Arc::new(Threads { readers, writer, file, octets, sorted, dictionary })))
    }

    /// Reads every page of the file.
    ///
    /// # Errors
    /// [`Error::Damaged`] with the first fault.
    pub async fn check(&self) -> Result<(), Error> {
        self.read(|db| refuse::check_whole(db)).await
    }

    async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Transaction<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.0.writer.call(job).await
    }

    /// For what counts only together with something that is written later: see [`worker::Pool::call_unsynced`].
    async fn write_unsynced<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Transaction<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.0.writer.call_unsynced(job).await
    }

    async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Transaction<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.0.readers.call(job).await
    }
}

/// What was staged lies in a damaged place: it stays there, for it is in nobody's way.
fn remove_orphans(connection: &mut Connection) -> Result<(), Error> {
    let transaction = connection.transaction()?;
    match raw::remove_orphans(&transaction) {
        Ok(_) => Ok(transaction.commit()?),
        Err(Error::Damaged(_)) => Ok(transaction.rollback()?),
        Err(error) => Err(error),
    }
}
