use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::executor::block_on;

use super::super::testing::{Fixture, NOON, PAGE_BYTES, account, arrival, filled, noise};
use super::super::types::{Flag, Role};
use super::super::{Indexed, salvage};
use super::*;
use crate::mail::Searchable;

fn check(fixture: &Fixture) -> Report {
    verify(&fixture.store.source(), &Control::default(), &mut |_| {}).unwrap()
}

#[test]
fn a_store_that_is_whole_is_proved_whole_also_while_mail_comes_in() {
    let (fixture, _) = filled(150);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            (0..30).for_each(|number| {
                fixture.receive(&noise(5000, number + 999));
            });
        });
        while !writer.is_finished() {
            let report = check(&fixture);
            assert!(report.is_clean() && report.messages >= 150, "{report:?}");
        }
    });
    let mut steps = Vec::new();
    let report = verify(&fixture.store.source(), &Control::default(), &mut |progress| steps.push(progress)).unwrap();
    assert_eq!((report.messages, steps.last().unwrap().messages, steps.last().unwrap().of), (180, 180, 180));
    assert!(steps.len() >= 4, "it goes in small steps");
}

#[test]
fn a_check_that_is_stopped_says_so_and_goes_on_where_it_was() {
    let (fixture, messages) = filled(200);
    let control = Control::default();
    let stopping = control.clone();
    let mut last = 0;
    let outcome = verify_messages(&fixture.store.source(), i64::MIN, &control, &mut |progress| {
        last = progress.last;
        stopping.stop();
    });
    assert_eq!(outcome.unwrap().1, Some(last));
    let at = messages.iter().position(|(key, _)| key.0 == last).unwrap();
    assert!(at < 199);
    let rest = verify_messages(&fixture.store.source(), last, &Control::default(), &mut |_| {}).unwrap();
    assert_eq!((rest.0.messages as usize, rest.1), (199 - at, None));
    block_on(fixture.store.note_check(Some(last), NOON)).unwrap();
    assert_eq!(block_on(fixture.reopened().store.check_after()), Ok(last));
}

#[test]
fn what_does_not_fit_together_is_found() {
    let cases = [
        ("UPDATE mailbox SET total = total + 1", "numbers of messages"),
        ("UPDATE mailbox SET unread = 0", "numbers of messages"),
        ("PRAGMA foreign_keys = OFF; INSERT INTO draft (message, fields) VALUES (5, '')", "draft"),
        ("PRAGMA foreign_keys = OFF; UPDATE message SET mailbox = 999", "no mailbox"),
    ];
    for (sql, words) in cases {
        let (fixture, _) = filled(3);
        fixture.sql().execute_batch(sql).unwrap();
        let report = check(&fixture);
        assert!(report.faults.iter().any(|fault| fault.contains(words)), "{sql}: {report:?}");
    }
}

/// What all tables hold, row by row.
fn rows(file: &Path) -> Result<BTreeMap<String, Vec<String>>, Error> {
    let db = connect_still(file)?;
    let mut all = BTreeMap::new();
    for table in tables(&db)?.into_iter().filter(|table| table != "search" && table != "search_beginning") {
        let mut select = db.prepare(&format!("SELECT * FROM \"{table}\""))?;
        let width = select.column_count();
        let read = select.query_map([], |row| {
            (0..width).map(|column| row.get::<_, rusqlite::types::Value>(column)).collect::<Result<Vec<_>, _>>()
        })?;
        let read: Vec<Vec<rusqlite::types::Value>> = read.collect::<Result<_, _>>()?;
        all.insert(table, read.iter().map(|row| format!("{row:?}")).collect());
    }
    Ok(all)
}

/// A small store with something of everything in it, closed.
fn small() -> (Vec<u8>, Vec<Vec<u8>>) {
    let (fixture, messages) = filled(14);
    let mut octets: Vec<Vec<u8>> = messages.iter().map(|message| message.1.clone()).collect();
    octets.push(noise(30_000, 4711));
    fixture.receive(octets.last().unwrap());
    let home = block_on(fixture.store.save_account(account("Home"))).unwrap();
    octets.push(b"Subject: at home\r\n\r\nText.\r\n".to_vec());
    block_on(fixture.store.deliver(home, vec![arrival(b"h", octets.last().unwrap())], NOON)).unwrap();
    block_on(fixture.store.set_flag(vec![messages[2].0], Flag::Starred, true)).unwrap();
    block_on(fixture.store.move_to(vec![messages[3].0], Role::Archive)).unwrap();
    let to_index = block_on(fixture.store.to_index(10)).unwrap();
    let words = |number: usize| Searchable { body: format!("word{number} and others"), ..Searchable::default() };
    let indexed = to_index.iter().enumerate().map(|(number, message)| Indexed {
        key: message.key,
        sha256: message.sha256,
        words: Some(words(number)),
    });
    block_on(fixture.store.index(indexed.collect())).unwrap();
    let Fixture { store, folder, .. } = fixture;
    drop(store);
    (fs::read(folder.path().join("malote.db")).unwrap(), octets)
}

/// What became of a flipped bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    /// The check names it.
    Found,
    /// The file is refused as a whole when it is opened.
    Refused,
    /// No row of any table is another: it fell into room that is not used.
    WithoutEffect,
    /// A value that nothing else tells of (an account's port, a flag) is another.
    Unseen,
}

fn fate(file: &Path, before: &BTreeMap<String, Vec<String>>) -> (Fate, Report, String) {
    let report = match verify_copy(file, &Control::default(), &mut |_| {}) {
        Ok(report) if !report.is_clean() => return (Fate::Found, report, String::new()),
        Ok(report) => report,
        Err(error) => return (Fate::Refused, Report::default(), error.to_string()),
    };
    match rows(file) {
        Ok(after) if after == *before => (Fate::WithoutEffect, report, String::new()),
        Ok(after) => {
            let table = before.iter().find(|(table, rows)| after.get(*table) != Some(rows));
            (Fate::Unseen, report, table.map(|(table, _)| table.clone()).unwrap_or_default())
        }
        Err(error) => (Fate::Found, report, error.to_string()),
    }
}

/// What is proved by a hash.
const PROVED: [&str; 1] = ["raw_chunk"];

#[test]
fn a_flipped_bit_in_any_page_is_found_and_costs_no_other_message() {
    let (whole, octets) = small();
    let folder = tempfile::tempdir().unwrap();
    let reference = folder.path().join("whole.db");
    fs::write(&reference, &whole).unwrap();
    let before = rows(&reference).unwrap();
    let pages = whole.len() / PAGE_BYTES;
    // The head of a page, its first pointers, and places in the middle and at the end, where cells are.
    let offsets = [0, 1, 3, 5, 9, 700, 2100, 4000];
    let flips: Vec<usize> = (0..pages).flat_map(|page| offsets.map(|offset| page * PAGE_BYTES + offset)).collect();
    let (next, fates) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(&at) = flips.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let fate = one_flip(&whole, at, &octets, &before);
                    fates.lock().unwrap().push((at, fate));
                }
            });
        }
    });
    let mut fates = fates.into_inner().unwrap();
    fates.sort_by_key(|(at, _)| *at);
    let mut counted: BTreeMap<Fate, usize> = BTreeMap::new();
    let mut unseen: BTreeMap<String, usize> = BTreeMap::new();
    for (at, (fate, table)) in &fates {
        *counted.entry(*fate).or_default() += 1;
        if *fate == Fate::Unseen {
            *unseen.entry(table.clone()).or_default() += 1;
            assert!(
                !PROVED.contains(&table.as_str()),
                "page {} octet {}: {table}",
                at / PAGE_BYTES + 1,
                at % PAGE_BYTES
            );
        }
    }
    println!("{} flips in {pages} pages: {counted:?}; unseen in {unseen:?}", fates.len());
    assert!(counted[&Fate::Found] > fates.len() / 3, "{counted:?}");
}

fn one_flip(whole: &[u8], at: usize, octets: &[Vec<u8>], before: &BTreeMap<String, Vec<String>>) -> (Fate, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("malote.db");
    let mut flipped = whole.to_vec();
    flipped[at] ^= 1 << (at % 7);
    fs::write(&file, flipped).unwrap();
    let context = format!("page {} octet {}", at / PAGE_BYTES + 1, at % PAGE_BYTES);
    let (fate, report, words) = fate(&file, before);
    let lost = octets.len() - readable(&file, octets);
    match fate {
        Fate::WithoutEffect | Fate::Unseen => assert_eq!(lost, 0, "{context}"),
        Fate::Found if report.faults.is_empty() && lost <= MOST_ON_A_PAGE => {
            assert!(lost as u64 <= report.damaged_count || lost == 0, "{context}: {lost} lost, {report:?}");
        }
        Fate::Found | Fate::Refused if lost == 0 => {}
        // The way to the messages: what lies behind is saved into a new store.
        Fate::Found | Fate::Refused => {
            let saved = salvage(folder.path(), NOON, &Control::default());
            let left = octets.len() - readable(&file, octets);
            assert!(left <= MOST_ON_A_PAGE, "{context}: {left} of {} lost for good: {saved:?}", octets.len());
        }
    }
    (fate, words)
}

/// Messages of which a page of the small store holds some octets, at most.
const MOST_ON_A_PAGE: usize = 3;

/// How many of these messages can be read, octet for octet.
fn readable(file: &Path, octets: &[Vec<u8>]) -> usize {
    let Ok(db) = connect_still(file) else { return 0 };
    let keys = |order: &str| -> Vec<i64> {
        let Ok(mut select) = db.prepare(&format!("SELECT key FROM message ORDER BY key {order}")) else {
            return vec![];
        };
        let Ok(rows) = select.query_map([], |row| row.get(0)) else { return vec![] };
        rows.map_while(Result::ok).collect()
    };
    let mut all = [keys("ASC"), keys("DESC")].concat();
    all.sort_unstable();
    all.dedup();
    let read: Vec<Vec<u8>> =
        all.iter().filter_map(|key| super::super::raw::octets_of(&db, MessageKey(*key), None).ok()).collect();
    octets.iter().filter(|message| read.contains(message)).count()
}
