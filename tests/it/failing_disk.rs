//! The disk fails at every single call of a session: deliveries, moves, removals, indexing, and a backup. Whatever was said to
//! be done is there afterwards, octet for octet; nothing is half there; and the last backup is whole.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::support::faulty_disk::{self, EIO, ENOSPC, Fault};
use crate::support::malote::{Malote, Running};
use crate::support::samples::{assert_same, messages, sorted};
use crate::support::scripted::{Pop3Server, Script};

/// Messages there before, and after the visit.
const BEFORE: usize = 4;
const AFTER: usize = 7;

const WORKERS: usize = 2;

/// What a session consists of; KEY stands for the newest message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Get,
    Archive,
    Delete,
    Search,
    Backup,
}

impl Step {
    fn arguments(self, bench: &Bench) -> Vec<String> {
        let words: Vec<&str> = match self {
            Self::Get => vec!["get", "--json"],
            Self::Archive => vec!["archive", &bench.key],
            Self::Delete => vec!["delete", &bench.key],
            Self::Search => vec!["search", "number"],
            Self::Backup => vec!["backup", "BACKUP"],
        };
        words.into_iter().map(str::to_owned).collect()
    }
}

struct Bench {
    server: Pop3Server,
    sent: Vec<Vec<u8>>,
    untouched: Malote,
    key: String,
}

impl Bench {
    /// Some mail is here and backed up, more is on the server.
    fn new() -> Self {
        let sent = messages(AFTER);
        let server = Pop3Server::start(Script::default(), &sent[..BEFORE]);
        let untouched = Malote::with_account(&server.incoming(), &[]);
        untouched.get();
        // In the profile, so that it is copied with it.
        let backup = untouched.profile().join("backup");
        untouched.ok(&["backup", backup.to_str().unwrap()]);
        let key = untouched.keys("inbox")[0].clone();
        Self { server, sent, untouched, key }
    }

    fn fresh(&self, step: Step) -> (Malote, PathBuf) {
        self.server.fill(&self.sent);
        let malote = Malote::new();
        malote.copy_profile_of(&self.untouched);
        let backup = malote.profile().join("backup");
        if step == Step::Backup {
            malote.get();
        }
        (malote, backup)
    }

    fn command(&self, malote: &Malote, step: Step) -> std::process::Command {
        let backup = malote.profile().join("backup");
        let arguments = step.arguments(self);
        let arguments: Vec<&str> = arguments
            .iter()
            .map(|word| if word == "BACKUP" { backup.to_str().unwrap() } else { word.as_str() })
            .collect();
        malote.command(&arguments)
    }

    fn count(&self, step: Step, call: &'static str) -> usize {
        let (malote, _) = self.fresh(step);
        faulty_disk::count(self.command(&malote, step), malote.profile(), call)
    }

    /// Whether the step said that it failed; what must be true afterwards is.
    fn strike(&self, step: Step, fault: Fault, number: usize) -> bool {
        let context = format!("{step:?}, {fault:?} at {number}");
        let (malote, backup) = self.fresh(step);
        let command = faulty_disk::failing(self.command(&malote, step), malote.profile(), fault, number);
        let outcome = Running::of(command, None).end();
        assert!(outcome.status.is_some(), "{context}: {}", outcome.said());
        let has_failed = outcome.status != Some(0);
        let stored = malote.stored();
        let (before, after) = (sorted(self.sent[..BEFORE].to_vec()), sorted(self.sent.clone()));
        match step {
            Step::Get if has_failed => {
                assert!(stored.iter().all(|message| after.contains(message)), "{context}: something is half there");
                assert!(before.iter().all(|message| stored.contains(message)), "{context}: something is lost");
            }
            Step::Get | Step::Backup => assert_same(stored, after.clone(), &context),
            _ => assert_same(stored, before.clone(), &context),
        }
        if matches!(step, Step::Archive | Step::Delete) && !has_failed {
            let place = if step == Step::Archive { "archive" } else { "trash" };
            assert_eq!(malote.keys(place), std::slice::from_ref(&self.key), "{context}: it was said to be done");
        }
        malote.ok(&["verify"]);
        if step == Step::Backup {
            self.check_backup(&malote, &backup, has_failed, &context);
            return has_failed;
        }
        malote.get();
        assert_same(malote.stored(), after, &format!("{context}: after the next visit"));
        if step == Step::Search {
            let found = malote.run(&["search", "number", "--json"]).succeeded().json();
            assert_eq!(found.len(), AFTER, "{context}");
        }
        has_failed
    }

    /// The backup is that of before, or that of now, whole in either case; and the next one comes about.
    fn check_backup(&self, malote: &Malote, backup: &Path, has_failed: bool, context: &str) {
        let (before, after) = (sorted(self.sent[..BEFORE].to_vec()), sorted(self.sent.clone()));
        let copy = Malote::new();
        copy.ok(&["restore", backup.to_str().unwrap()]);
        let copied = sorted(copy.stored());
        assert!(copied == before || copied == after, "{context}: the backup is neither");
        assert!(has_failed || copied == after, "{context}: it was said to be made");
        malote.ok(&["backup", backup.to_str().unwrap()]);
    }
}

/// Strikes at each such call of this step; workers take turns.
fn strike_each(step: Step, fault: Fault) {
    let (next, failed, total) = (AtomicUsize::new(1), AtomicUsize::new(0), Mutex::new(0));
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let bench = Bench::new();
                let count = bench.count(step, fault.call);
                *total.lock().unwrap() = count;
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number > count {
                        return;
                    }
                    failed.fetch_add(usize::from(bench.strike(step, fault, number)), Ordering::Relaxed);
                }
            });
        }
    });
    let (total, failed) = (total.into_inner().unwrap(), failed.into_inner());
    println!("{step:?}, {fault:?}: {failed} of {total} runs said that they failed");
    assert!(total > 0, "{step:?} makes no call of {}", fault.call);
    // Half of a write is completed by another one, and nobody need hear of it.
    assert!(failed > 0 || fault.how == "short", "{step:?}, {fault:?}: nothing ever failed");
}

fn once(call: &'static str, how: &'static str) -> Fault {
    Fault { call, how, lasts: false }
}

fn lasting(call: &'static str, how: &'static str) -> Fault {
    Fault { call, how, lasts: true }
}

#[test]
fn a_disk_that_fails_anywhere_in_a_visit_loses_nothing() {
    strike_each(Step::Get, once("write", EIO));
    strike_each(Step::Get, once("write", "short"));
    strike_each(Step::Get, lasting("write", ENOSPC));
}

#[test]
fn a_disk_that_fails_anywhere_while_messages_are_moved_or_indexed_loses_nothing() {
    strike_each(Step::Archive, once("write", EIO));
    strike_each(Step::Delete, lasting("write", ENOSPC));
    strike_each(Step::Archive, once("sync", EIO));
    strike_each(Step::Search, once("write", EIO));
    strike_each(Step::Search, once("write", "short"));
}

#[test]
fn a_disk_that_fails_anywhere_in_a_backup_leaves_the_last_one_whole() {
    strike_each(Step::Backup, once("write", EIO));
    strike_each(Step::Backup, lasting("write", ENOSPC));
    strike_each(Step::Backup, once("write", "short"));
    strike_each(Step::Backup, once("sync", EIO));
    strike_each(Step::Backup, once("open", EIO));
}
