use std::fs;

use futures::executor::block_on;

use super::super::migrate::PAGE_BYTES;
use super::super::testing::noise;
use super::super::testing::{Fixture, NOON, filled, pages_of, spoil_page};
use super::super::types::{Flag, Role};
use super::super::{Report, Store, verify};
use super::*;

fn salvaged(fixture: Fixture, damage: impl FnOnce(&Path)) -> (Fixture, Salvaged) {
    let Fixture { store, account, folder } = fixture;
    drop(store);
    damage(&folder.path().join("malote.db"));
    let salvaged = salvage(folder.path(), NOON, &Control::default()).unwrap();
    let store = Store::open(folder.path()).unwrap();
    (Fixture { store, account, folder }, salvaged)
}

fn check(fixture: &Fixture) -> Report {
    verify(&fixture.store.source(), &Control::default(), &mut |_| {}).unwrap()
}

#[test]
fn a_whole_store_is_salvaged_whole_and_the_old_file_is_kept() {
    let (fixture, messages) = filled(60);
    block_on(fixture.store.set_flag(vec![messages[3].0], Flag::Starred, true)).unwrap();
    block_on(fixture.store.move_to(vec![messages[4].0], Role::Archive)).unwrap();
    let before = fixture.rows_of("ledger");
    let old = fs::read(fixture.file()).unwrap().len();
    let (fixture, salvaged) = salvaged(fixture, |_| {});
    assert_eq!((salvaged.whole, salvaged.damaged.len(), salvaged.found), (60, 0, 0));
    assert!(salvaged.tables.iter().all(|(_, _, has_gaps)| !has_gaps), "{:?}", salvaged.tables);
    assert!(fs::metadata(salvaged.aside.unwrap()).unwrap().len() as usize >= old);
    assert!(check(&fixture).is_clean(), "{:?}", check(&fixture));
    assert!(messages.iter().all(|(key, octets)| fixture.raw(*key) == *octets));
    assert_eq!(fixture.rows_of("ledger"), before);
    assert!(block_on(fixture.store.row(messages[3].0)).unwrap().flags.has(Flag::Starred));
    assert_eq!(fixture.keys(Role::Archive), [messages[4].0]);
    assert_eq!(fixture.rows_of("to_index"), 60, "everything is to be indexed again");
}

#[test]
fn a_header_that_does_not_say_how_large_the_pages_are_is_no_loss() {
    for page_bytes in [4096, PAGE_BYTES] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("some.db");
        let db = rusqlite::Connection::open(&file).unwrap();
        db.pragma_update(None, "page_size", page_bytes).unwrap();
        db.execute_batch("CREATE TABLE some (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT").unwrap();
        for id in 1..=300i64 {
            db.execute("INSERT INTO some (id, bytes) VALUES (?1, ?2)", (id, noise(900 + id as usize, id as u64)))
                .unwrap();
        }
        db.close().unwrap();
        let mut octets = fs::read(&file).unwrap();
        octets[16..18].fill(0);
        fs::write(&file, octets).unwrap();
        let mut pages = pages::Pages::open(&file).unwrap();
        let found: HashSet<i64> =
            (1..=pages.count()).flat_map(|number| pages.rows(number)).map(|row| row.rowid).collect();
        assert!((1..=300).all(|id| found.contains(&id)), "{page_bytes}: {}", found.len());
    }
}

#[test]
fn every_page_of_every_table_may_be_gone_and_what_lies_on_others_is_saved() {
    let tables = ["message", "raw_chunk", "ledger", "mailbox", "to_index", "search_data"];
    for table in tables {
        let pages = {
            let (fixture, _) = filled(60);
            let Fixture { store, folder, .. } = fixture;
            drop(store);
            pages_of(&folder.path().join("malote.db"), table).len()
        };
        for place in [0, pages / 2, pages - 1] {
            let context = format!("{table}, page {place} of {pages}");
            let (fixture, messages) = filled(60);
            let (fixture, salvaged) = salvaged(fixture, |file| spoil_page(file, pages_of(file, table)[place]));
            let report = check(&fixture);
            assert!(report.is_sound(), "{context}: {report:?}");
            let keys = block_on(fixture.store.all_keys()).unwrap();
            let octets: HashSet<Vec<u8>> =
                keys.iter().filter_map(|key| block_on(fixture.store.raw(*key)).ok()).collect();
            let there = messages.iter().filter(|(_, message)| octets.contains(message)).count();
            let lost = messages.len() - there;
            assert!(lost <= if table == "raw_chunk" { 6 } else { 0 }, "{context}: {lost} messages lost");
            assert_eq!(salvaged.damaged.len(), lost, "{context}: what is lost is named");
        }
    }
}
