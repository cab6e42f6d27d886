//! What the store's tests share: a store in a folder that goes away, and mail for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures::executor::block_on;
use tempfile::TempDir;

use super::types::{MailboxView, MessageKey, Role};
use super::{Arrival, Content, Delivery, Error, LedgerEntry, LedgerId, Prepared, Store, prepare};
use crate::account::{Account, AccountId};
use crate::mail::{Address, Envelope};

/// Noon of some day: the "now" of the tests.
pub const NOON: i64 = 1_700_000_000;

/// Names the folder for the tests that run in a process of their own.
pub const FOLDER_VARIABLE: &str = "MALOTE_TEST_FOLDER";

/// The folder that a test, started again by itself as a process of its own, is to work in.
pub fn told_folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER_VARIABLE).map(PathBuf::from)
}

/// A store with one account, in a folder of its own.
pub struct Fixture {
    pub store: Store,
    pub account: AccountId,
    pub folder: TempDir,
}

impl Store {
    /// Everything that was ever stored from this account's server, oldest first.
    pub async fn ledger(&self, account: AccountId) -> Result<Vec<LedgerEntry>, Error> {
        self.ledger_after(account, LedgerId::default(), 1_000_000).await
    }
}

impl Fixture {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let account = block_on(store.save_account(account("Work"))).unwrap();
        Self { store, account, folder }
    }

    /// Closes the store and opens it again, as the next start of the program does.
    pub fn reopened(self) -> Self {
        let Self { store, account, folder } = self;
        drop(store);
        Self { store: Store::open(folder.path()).unwrap(), account, folder }
    }

    pub fn deliver(&self, arrivals: Vec<Prepared>) -> Result<Vec<Delivery>, Error> {
        block_on(self.store.deliver(self.account, arrivals, NOON))
    }

    /// Delivers one message of these octets and gives its key.
    pub fn receive(&self, octets: &[u8]) -> MessageKey {
        let uid = format!("uid-{}", self.keys(Role::Inbox).len());
        self.deliver(vec![arrival(uid.as_bytes(), octets)]).unwrap()[0].key.unwrap()
    }

    pub fn keys(&self, role: Role) -> Vec<MessageKey> {
        block_on(self.store.keys(MailboxView { role, account: Some(self.account) })).unwrap()
    }

    pub fn raw(&self, key: MessageKey) -> Vec<u8> {
        block_on(self.store.raw(key)).unwrap()
    }

    /// The file as another program sees it.
    pub fn sql(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.folder.path().join("malote.db")).unwrap()
    }

    /// Pages of the file.
    pub fn pages(&self) -> u32 {
        self.sql().query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap()
    }

    /// Waits until the file has shrunk to so many pages.
    pub fn wait_for_pages(&self, pages: u32) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.pages() > pages {
            assert!(Instant::now() < deadline, "the file stays at {} pages", self.pages());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Lets the file grow to this size and no further, as a full disk does.
    pub fn limit_pages(&self, pages: u32) {
        let limited = self.store.write(move |db| {
            let set: u32 = db.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |row| row.get(0))?;
            Ok(set)
        });
        assert_eq!(block_on(limited), Ok(pages));
    }

    /// How many rows `what` (a table, perhaps with a condition) has.
    pub fn rows_of(&self, what: &str) -> i64 {
        self.sql().query_row(&format!("SELECT count(*) FROM {what}"), [], |row| row.get(0)).unwrap()
    }
}

pub fn account(name: &str) -> Account {
    let mut account = Account::blank();
    account.name = name.into();
    account.identity.address = format!("{name}@example.org");
    account.incoming.host = "pop.example.org".into();
    account.user = "ana".into();
    account
}

/// A message of these octets as the server lists it, which is a duplicate if its octets were stored before.
pub fn arrival(uid: &[u8], octets: &[u8]) -> Prepared {
    prepare(Arrival {
        uid: Some(uid.to_owned()),
        listed_size: octets.len() as u64,
        content: Content::Whole(octets.to_owned()),
        envelope: envelope("Minutes", None),
        dedupe: true,
        ..Arrival::default()
    })
}

pub fn envelope(subject: &str, date: Option<i64>) -> Envelope {
    Envelope {
        from: vec![Address { name: "Bo".into(), addr: "bo@example.org".into() }],
        to: vec![Address { name: String::new(), addr: "ana@example.org".into() }],
        subject: subject.into(),
        date,
        message_id: Some(format!("{subject}@example.org")),
        ..Envelope::default()
    }
}

/// Octets that do not compress and look the same in every run (xorshift).
pub fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed << 1 | 1;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    })
    .flatten()
    .take(len)
    .collect()
}

/// A closed store with one message, and its file.
pub fn closed() -> (TempDir, PathBuf) {
    let fixture = Fixture::new();
    fixture.receive(b"Subject: one\r\n\r\n");
    let Fixture { store, folder, .. } = fixture;
    drop(store);
    let file = folder.path().join("malote.db");
    (folder, file)
}

/// What a folder holds: names and octets.
pub fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
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

/// The same folder as the disk holds it at this moment: what a kill leaves.
pub fn crash_image(folder: &Path) -> TempDir {
    let image = tempfile::tempdir().unwrap();
    for (path, octets) in contents(folder) {
        fs::write(image.path().join(path.file_name().unwrap()), octets).unwrap();
    }
    image
}

/// The pages of a table that hold rows or what rows have no room for, in the order of its keys.
pub fn pages_of(file: &Path, table: &str) -> Vec<u64> {
    let db = rusqlite::Connection::open(file).unwrap();
    let pages = "SELECT pageno FROM dbstat WHERE name = ?1 AND pagetype IN ('leaf', 'overflow') ORDER BY path";
    db.prepare(pages)
        .unwrap()
        .query_map([table], |row| row.get::<_, i64>(0))
        .unwrap()
        .map(|page| page.unwrap().cast_unsigned())
        .collect()
}

/// Overwrites a page of a file that nobody has open.
pub fn spoil_page(file: &Path, page: u64) {
    let mut octets = fs::read(file).unwrap();
    let from = (page as usize - 1) * PAGE_BYTES;
    octets[from..from + PAGE_BYTES].fill(0xA5);
    fs::write(file, octets).unwrap();
}

pub const PAGE_BYTES: usize = super::migrate::PAGE_BYTES as usize;

/// A store with so many messages of some kilobytes, closed, with its messages' octets.
pub fn filled(count: u64) -> (Fixture, Vec<(MessageKey, Vec<u8>)>) {
    let fixture = Fixture::new();
    let messages = (0..count).map(|number| {
        let octets = noise(2000 + 700 * (number as usize % 7), number + 1);
        (fixture.receive(&octets), octets)
    });
    let messages = messages.collect();
    (fixture, messages)
}

impl Fixture {
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("malote.db")
    }

    /// Does something to the file while nobody has it open.
    pub fn while_closed(self, change: impl FnOnce(&Path)) -> Self {
        let Self { store, account, folder } = self;
        drop(store);
        change(&folder.path().join("malote.db"));
        Self { store: Store::open(folder.path()).unwrap(), account, folder }
    }
}
