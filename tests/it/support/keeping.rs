//! What an account lets stay on its server, as the tests of cut lines and kills prepare it, and what must hold once a visit
//! went well: nothing lost, nothing twice, and the server's maildrop as the ledger says.

use std::collections::HashMap;

use rusqlite::{Connection, OpenFlags};
use sha2::{Digest, Sha256};

use super::Incoming;
use super::malote::Malote;
use super::samples::{assert_same, subjects};

/// An account's rule, and what a session does because of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// Everything is fetched.
    Forever,
    /// The first half was collected some days ago and is deleted, the second half is fetched.
    Days,
    /// Everything is fetched and deleted.
    Nothing,
}

impl Keeping {
    pub const ALL: [Self; 3] = [Self::Forever, Self::Days, Self::Nothing];

    const DAYS: u32 = 3;

    fn rule(self) -> String {
        match self {
            Self::Forever => "forever".into(),
            Self::Days => format!("days:{}", Self::DAYS),
            Self::Nothing => "none".into(),
        }
    }

    /// Of so many messages, how many were collected beforehand and are to leave the server by now.
    pub fn due(self, count: usize) -> usize {
        if self == Self::Days { count / 2 } else { 0 }
    }

    /// What a session fetches of so many messages, and how many it deletes.
    pub fn work(self, count: usize) -> (usize, usize) {
        let due = self.due(count);
        (count - due, if self == Self::Nothing { count } else { due })
    }

    /// What is on the server in the end.
    pub fn left(self, sent: &[Vec<u8>]) -> Vec<Vec<u8>> {
        if self == Self::Nothing { Vec::new() } else { sent[self.due(sent.len())..].to_vec() }
    }

    /// The account, whose server holds what is due and nothing else: that is collected, and the days pass.
    pub fn account(self, incoming: &Incoming, more: &[&str]) -> Malote {
        let malote = Malote::with_account(incoming, &[&["--keep", self.rule().as_str()], more].concat());
        if self == Self::Days {
            malote.get();
            // In the ledger, for nobody can turn the machine's clock for one program.
            let aged = format!("UPDATE ledger SET stored_at = stored_at - {} * 86400", Self::DAYS);
            Connection::open(malote.database()).unwrap().execute(&aged, []).unwrap();
        }
        malote
    }
}

/// After a visit that went well: every message is here exactly once, octet for octet, `there` (the server's maildrop) holds
/// what the rule leaves, and the ledger says so.
#[track_caller]
pub fn assert_settled(malote: &Malote, there: Vec<Vec<u8>>, sent: &[Vec<u8>], keeping: Keeping, context: &str) {
    assert_same(malote.stored(), sent.to_vec(), context);
    let ledger = Ledger::of(malote);
    for raw in sent {
        let rows = ledger.rows(raw);
        assert_eq!(rows.len(), 1, "{context}: rows of {:?}", subjects(std::slice::from_ref(raw)));
        let thought_to_be_there = rows[0].deletion == NOT_DELETED;
        assert_eq!(
            there.contains(raw),
            thought_to_be_there,
            "{context}: the ledger says {} of {:?}",
            rows[0].deletion,
            subjects(std::slice::from_ref(raw))
        );
    }
    assert_same(there, keeping.left(sent), &format!("{context}: what is on the server"));
    assert_eq!(ledger.leftovers, 0, "{context}: octets that belong to no message");
}

/// After a visit that ended by itself, well or not: whatever it asked the server to delete is here.
#[track_caller]
pub fn assert_nothing_deleted_unstored(malote: &Malote, commands: &[String], sent: &[Vec<u8>], context: &str) {
    let ledger = Ledger::of(malote);
    for number in commands.iter().filter_map(|command| command.strip_prefix("DELE ")) {
        let raw = &sent[number.trim().parse::<usize>().unwrap() - 1];
        assert!(ledger.holds(raw), "{context}: number {number} was deleted before it was stored");
    }
}

const NOT_DELETED: i64 = 0;

/// One row: what is known of a message on the server.
struct LedgerRow {
    /// 0 not deleted, 1 asked for, 2 confirmed.
    deletion: i64,
    /// The message is here, all of it.
    is_here: bool,
}

/// The ledger of a profile that no program has open.
struct Ledger {
    by_hash: HashMap<[u8; 32], Vec<LedgerRow>>,
    leftovers: i64,
}

impl Ledger {
    fn of(malote: &Malote) -> Self {
        let db = Connection::open_with_flags(malote.database(), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let mut select = db.prepare("SELECT sha256, deletion, message, part FROM ledger").unwrap();
        let mut by_hash: HashMap<[u8; 32], Vec<LedgerRow>> = HashMap::new();
        let rows = select.query_map([], |row| {
            let is_here = row.get::<_, Option<i64>>(2)?.is_some() && row.get::<_, i64>(3)? == 0;
            Ok((row.get(0)?, LedgerRow { deletion: row.get(1)?, is_here }))
        });
        for row in rows.unwrap() {
            let (hash, row) = row.unwrap();
            by_hash.entry(hash).or_default().push(row);
        }
        let orphans = "SELECT count(*) FROM raw_chunk WHERE id >> 20 NOT IN (SELECT raw FROM message)";
        let leftovers = db.query_row(orphans, [], |row| row.get(0)).unwrap();
        drop(select);
        Self { by_hash, leftovers }
    }

    /// Of the message with these octets.
    fn rows(&self, raw: &[u8]) -> &[LedgerRow] {
        let hash: [u8; 32] = Sha256::digest(raw).into();
        self.by_hash.get(&hash).map_or(&[], Vec::as_slice)
    }

    /// Whether this message is here.
    fn holds(&self, raw: &[u8]) -> bool {
        self.rows(raw).iter().any(|row| row.is_here)
    }
}
