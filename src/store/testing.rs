//! What the store's tests share: a store in a folder that goes away, and mail for it.

use futures::executor::block_on;
use tempfile::TempDir;

use super::types::{MailboxView, MessageKey, Role};
use super::{Arrival, Content, Delivery, Error, Prepared, Store, prepare};
use crate::account::{Account, AccountId};
use crate::mail::{Address, Envelope};

/// Noon of some day: the "now" of the tests.
pub const NOON: i64 = 1_700_000_000;

/// A store with one account, in a folder of its own.
pub struct Fixture {
    pub store: Store,
    pub account: AccountId,
    pub folder: TempDir,
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
    let mut state = seed | 1;
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
