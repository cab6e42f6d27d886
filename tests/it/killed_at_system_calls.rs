//! The program is killed before every single write and sync of its store and every send on its connection, and the disk fails
//! at every one of them. A visit that nobody disturbs then completes.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::support::keeping::{Keeping, assert_nothing_deleted_unstored, assert_settled};
use crate::support::malote::{Malote, Outcome, Running};
use crate::support::samples::messages;
use crate::support::scripted::{Pop3Server, Script};
use crate::support::strace::{self, Blow, Calls};

const COUNT: usize = 6;
const WORKERS: usize = 4;

/// The store and its log. (What lies in the third file of SQLite's is never read by another process.)
const STORE: &[&str] = &["malote.db", "malote.db-wal"];

const WRITES: Calls = Calls { names: "pwrite64", files: STORE };
const SYNCS: Calls = Calls { names: "fsync,fdatasync", files: STORE };
const TRUNCATIONS: Calls = Calls { names: "ftruncate", files: STORE };
const REMOVALS: Calls = Calls { names: "unlink", files: STORE };
const SENDS: Calls = Calls { names: "sendto", files: &[] };

const GET: [&str; 2] = ["get", "--json"];

struct Bench {
    server: Pop3Server,
    keeping: Keeping,
    sent: Vec<Vec<u8>>,
    untouched: Malote,
}

impl Bench {
    fn new(keeping: Keeping) -> Self {
        let sent = messages(COUNT);
        let server = Pop3Server::start(Script::default(), &sent[..keeping.due(COUNT)]);
        let untouched = keeping.account(&server.incoming(), &[]);
        Self { server, keeping, sent, untouched }
    }

    fn fresh(&self) -> Malote {
        self.server.fill(&self.sent);
        let malote = Malote::new();
        malote.copy_profile_of(&self.untouched);
        malote
    }

    fn count(&self, calls: Calls) -> usize {
        let malote = self.fresh();
        strace::count(&malote.command(&GET), malote.profile(), calls)
    }

    /// A visit in which this happens, what it says, and all that must be true afterwards.
    fn strike_and_recover(&self, calls: Calls, number: usize, blow: Blow) -> Outcome {
        let context = format!("{blow:?} at {} {number}, keep {:?}", calls.names, self.keeping);
        let malote = self.fresh();
        let visits = self.server.sessions().len();
        let command = strace::tampered(&malote.command(&GET), malote.profile(), calls, number, blow);
        let outcome = Running::of(command, None).end();
        if blow != Blow::Kill {
            let said = self.server.sessions().get(visits..).unwrap_or_default().concat();
            assert_nothing_deleted_unstored(&malote, &said, &self.sent, &context);
        }
        malote.get();
        assert_settled(&malote, self.server.maildrop(), &self.sent, self.keeping, &context);
        outcome
    }
}

/// Strikes at the first of these calls, at the second, and so on to the last; workers take turns. What the visits said.
fn strike_each(keeping: Keeping, calls: Calls, blow: Blow) -> Vec<Outcome> {
    let (next, outcomes) = (AtomicUsize::new(1), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let bench = Bench::new(keeping);
                let count = bench.count(calls);
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number > count {
                        return;
                    }
                    let outcome = bench.strike_and_recover(calls, number, blow);
                    outcomes.lock().unwrap().push(outcome);
                }
            });
        }
    });
    outcomes.into_inner().unwrap()
}

/// Kills before each; few may miss, where a run happens to make a call less than the one that was counted.
fn kill_at_each(keeping: Keeping) {
    for (calls, at_least) in [(WRITES, 20), (SYNCS, 4), (TRUNCATIONS, 1), (REMOVALS, 1), (SENDS, 4)] {
        let outcomes = strike_each(keeping, calls, Blow::Kill);
        let killed = outcomes.iter().filter(|outcome| outcome.status.is_none()).count();
        println!("keep {keeping:?}: killed before {killed} of {} calls of {}", outcomes.len(), calls.names);
        assert!(
            killed >= at_least.max(outcomes.len().saturating_sub(2)),
            "{killed} kills of {}: {}",
            outcomes.len(),
            calls.names
        );
    }
}

#[test]
fn a_kill_before_any_write_sync_or_send_loses_nothing_where_mail_is_kept() {
    kill_at_each(Keeping::Forever);
}

#[test]
fn a_kill_before_any_write_sync_or_send_loses_nothing_where_mail_is_deleted() {
    kill_at_each(Keeping::Nothing);
}

#[test]
fn a_kill_before_any_write_sync_or_send_loses_nothing_where_mail_is_deleted_days_later() {
    kill_at_each(Keeping::Days);
}

/// Each error at each call: the visit goes well all the same or says what is wrong with the disk.
fn fail_at_each(keeping: Keeping) {
    for (calls, blow, words) in [
        (WRITES, Blow::Error("ENOSPC"), "full"),
        (WRITES, Blow::LastingError("ENOSPC"), "full"),
        (WRITES, Blow::Error("EIO"), "disk"),
        (SYNCS, Blow::Error("EIO"), "disk"),
        (SYNCS, Blow::LastingError("EIO"), "disk"),
    ] {
        let outcomes = strike_each(keeping, calls, blow);
        let failed: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.status != Some(0)).collect();
        println!(
            "keep {keeping:?}: {} of {} visits failed by {blow:?} at {}",
            failed.len(),
            outcomes.len(),
            calls.names
        );
        assert!(failed.len() >= 2, "{blow:?} at {}: hardly a visit failed", calls.names);
        for outcome in failed {
            let said = outcome.clone().failed().said();
            assert!(said.to_lowercase().contains(words), "{blow:?} at {}: {said}", calls.names);
        }
    }
}

#[test]
fn a_disk_that_fails_at_any_write_or_sync_loses_nothing_where_mail_is_kept() {
    fail_at_each(Keeping::Forever);
}

#[test]
fn a_disk_that_fails_at_any_write_or_sync_loses_nothing_where_mail_is_deleted() {
    fail_at_each(Keeping::Nothing);
}

#[test]
fn a_disk_that_fails_at_any_write_or_sync_loses_nothing_where_mail_is_deleted_days_later() {
    fail_at_each(Keeping::Days);
}
