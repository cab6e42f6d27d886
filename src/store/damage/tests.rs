use futures::executor::block_on;

use super::super::testing::{Fixture, NOON, PAGE_BYTES, arrival, envelope, filled, noise, pages_of, spoil_page};
use super::super::types::{Flag, Part};
use super::super::{Arrival, Content, Control, Report, Wish, back_up, prepare, verify};
use super::*;

fn check(fixture: &Fixture) -> Report {
    verify(&fixture.store.source(), &Control::default(), &mut |_| {}).unwrap()
}

fn damaged_keys(fixture: &Fixture) -> Vec<MessageKey> {
    check(fixture).damaged.iter().map(|message| message.key).collect()
}

#[test]
fn a_spoilt_page_costs_the_messages_on_it_and_no_others_and_everything_goes_on() {
    let (_, pages) = {
        let (fixture, messages) = filled(40);
        let pages = pages_of(&fixture.file(), "raw_chunk");
        (messages, pages.len())
    };
    for place in (0..pages).step_by(3).chain([pages - 1]) {
        let (fixture, messages) = filled(40);
        let fixture = fixture.while_closed(|file| spoil_page(file, pages_of(file, "raw_chunk")[place]));
        let damaged = damaged_keys(&fixture);
        assert!((1..=6).contains(&damaged.len()), "page {place}: {} messages", damaged.len());
        for (key, octets) in messages.iter().filter(|(key, _)| !damaged.contains(key)) {
            assert!(fixture.raw(*key) == *octets, "page {place}: message {key}");
        }
        let new = fixture.receive(b"Subject: new\r\n\r\n");
        assert_eq!(fixture.raw(new), b"Subject: new\r\n\r\n", "page {place}");
        let healed = block_on(fixture.store.heal(damaged.clone(), None, NOON)).unwrap();
        assert_eq!(healed.to_fetch, damaged, "page {place}");
        // They can be moved, flagged and removed like any other.
        let store = &fixture.store;
        block_on(store.set_flag(damaged.clone(), Flag::Starred, true)).unwrap();
        block_on(store.move_to(damaged.clone(), Role::Trash)).unwrap();
        block_on(store.empty_trash(None)).unwrap();
        assert_eq!(block_on(store.damaged()), Ok(vec![]), "page {place}");
        let fixture = fixture.reopened();
        assert_eq!(fixture.keys(Role::Inbox).len(), 41 - damaged.len(), "page {place}");
        assert!(check(&fixture).faults.is_empty(), "page {place}");
    }
}

#[test]
fn damage_under_a_log_of_octets_alone_does_not_close_the_store() {
    let (fixture, _) = filled(40);
    let fixture = fixture.reopened();
    fixture.receive(b"Subject: in the log\r\n\r\n");
    let image = super::super::testing::crash_image(fixture.folder.path());
    let file = image.path().join("malote.db");
    let page = pages_of(&fixture.file(), "raw_chunk")[5];
    spoil_page(&file, page);
    let after = Fixture { store: Store::open(image.path()).unwrap(), account: fixture.account, folder: image };
    assert_eq!(after.keys(Role::Inbox).len(), 41);
    assert!(!damaged_keys(&after).is_empty());
}

#[test]
fn what_a_backup_has_is_put_back_and_nothing_else_changes() {
    let (fixture, messages) = filled(40);
    let outer = tempfile::tempdir().unwrap();
    let backup = outer.path().join("backup");
    back_up(&fixture.store.source(), &backup, false, &Control::default(), &mut |_| {}).unwrap();
    let key = messages[20].0;
    block_on(fixture.store.set_flag(vec![key], Flag::Starred, true)).unwrap();
    block_on(fixture.store.move_to(vec![key], Role::Archive)).unwrap();
    let fixture = fixture.while_closed(|file| {
        let page = page_of(file, key);
        spoil_page(file, page);
    });
    let damaged = damaged_keys(&fixture);
    assert!(damaged.contains(&key));
    let named = block_on(fixture.store.heal(damaged.clone(), None, NOON)).map(|_| block_on(fixture.store.damaged()));
    let named = named.unwrap().unwrap();
    assert_eq!(named.len(), damaged.len());
    let one = named.iter().find(|message| message.key == key).unwrap();
    assert_eq!(
        (one.account.as_str(), one.role, one.from.as_str(), one.subject.as_str(), one.uid.as_slice(), one.known),
        ("Work", Role::Archive, "Bo <bo@example.org>", "Minutes", b"uid-20".as_slice(), true)
    );
    let healed = block_on(fixture.store.heal(Vec::new(), Some(&backup), NOON)).unwrap();
    assert_eq!(healed, Healed { whole: damaged, ..Healed::default() });
    for (key, octets) in &messages {
        assert!(fixture.raw(*key) == *octets, "{key}");
    }
    let row = block_on(fixture.store.row(key)).unwrap();
    assert!(row.flags.has(Flag::Starred) && row.role == Role::Archive);
    assert_eq!(block_on(fixture.store.damaged()), Ok(vec![]));
}

/// The leaf in which the octets of a message begin.
fn page_of(file: &Path, key: MessageKey) -> u64 {
    let octets = std::fs::read(file).unwrap();
    let db = Connection::open(file).unwrap();
    let bytes = "SELECT substr(bytes, 1, 24) FROM raw_chunk WHERE id >> 20 = (SELECT raw FROM message WHERE key = ?1)";
    let wanted: Vec<u8> = db.query_row(bytes, [key.0], |row| row.get(0)).unwrap();
    // They may stand in the unused part of a page, too, from which they were moved.
    let leaves = pages_of(file, "raw_chunk");
    let places = octets.windows(wanted.len()).enumerate().filter(|(_, window)| *window == wanted);
    let mut pages = places.map(|(at, _)| at as u64 / PAGE_BYTES as u64 + 1);
    pages.find(|page| leaves.contains(page)).unwrap()
}

#[test]
fn a_visit_fetches_a_damaged_message_again_and_it_keeps_its_place_and_flags() {
    let (fixture, messages) = filled(12);
    let (key, octets) = &messages[6];
    block_on(fixture.store.set_flag(vec![*key], Flag::Seen, true)).unwrap();
    block_on(fixture.store.move_to(vec![*key], Role::Archive)).unwrap();
    let fixture = fixture.while_closed(|file| spoil_page(file, page_of(file, *key)));
    let found = damaged_keys(&fixture);
    assert!(block_on(fixture.store.heal(found, None, NOON)).unwrap().to_fetch.contains(key));
    let entry = block_on(fixture.store.ledger(fixture.account)).unwrap();
    let entry = entry.into_iter().find(|entry| entry.message == Some(*key)).unwrap();
    assert_eq!(entry.part, Part::Nothing, "the plan counts it as not here");
    let notes = block_on(fixture.store.notes(fixture.account)).unwrap();
    assert_eq!(notes[&entry.uid].wish, Some(Wish::Get));
    let again = prepare(Arrival {
        uid: Some(entry.uid.clone()),
        listed_size: octets.len() as u64,
        content: Content::Whole(octets.clone()),
        envelope: envelope("Minutes", None),
        completes: Some(entry.id),
        ..Arrival::default()
    });
    assert_eq!(fixture.deliver(vec![again]).unwrap()[0].key, Some(*key));
    assert!(fixture.raw(*key) == *octets);
    let row = block_on(fixture.store.row(*key)).unwrap();
    assert!(row.flags.has(Flag::Seen) && row.role == Role::Archive && row.part == Part::Whole);
    assert!(block_on(fixture.store.damaged()).unwrap().iter().all(|message| message.key != *key));
}

#[test]
fn what_the_server_has_no_more_is_kept_as_damaged_and_not_asked_for() {
    let (fixture, messages) = filled(12);
    fixture.sql().execute("UPDATE ledger SET deletion = 2", []).unwrap();
    let fixture = fixture.while_closed(|file| spoil_page(file, page_of(file, messages[3].0)));
    let found = damaged_keys(&fixture);
    let healed = block_on(fixture.store.heal(found.clone(), None, NOON)).unwrap();
    assert_eq!(healed, Healed { lost: found.clone(), ..Healed::default() });
    assert!(block_on(fixture.store.notes(fixture.account)).unwrap().is_empty());
    let report = check(&fixture);
    assert!(report.is_sound() && report.damaged_count == found.len() as u64, "{report:?}");
    // The same octets, should the server list them once more, are mail like any other.
    let octets = messages[3].1.clone();
    assert_eq!(fixture.deliver(vec![arrival(b"elsewhere", &octets)]).unwrap().len(), 1);
}

#[test]
fn a_fault_that_passes_leaves_the_message_whole() {
    let (fixture, messages) = filled(12);
    let (mut good, mut page) = (Vec::new(), 0);
    let fixture = fixture.while_closed(|file| {
        good = std::fs::read(file).unwrap();
        page = page_of(file, messages[3].0);
        spoil_page(file, page);
    });
    let found = damaged_keys(&fixture);
    block_on(fixture.store.heal(found.clone(), None, NOON)).unwrap();
    let fixture = fixture.while_closed(|file| {
        let at = (page as usize - 1) * PAGE_BYTES;
        let mut octets = std::fs::read(file).unwrap();
        octets[at..at + PAGE_BYTES].copy_from_slice(&good[at..at + PAGE_BYTES]);
        std::fs::write(file, octets).unwrap();
    });
    let healed = block_on(fixture.store.heal(Vec::new(), None, NOON)).unwrap();
    assert_eq!(healed.whole, found);
    assert!(messages.iter().all(|(key, octets)| fixture.raw(*key) == *octets));
}

#[test]
fn mail_of_every_size_comes_in_while_the_last_page_is_spoilt() {
    let (fixture, messages) = filled(20);
    let fixture = fixture.while_closed(|file| spoil_page(file, page_of(file, messages[19].0)));
    let new: Vec<(MessageKey, Vec<u8>)> = (0..40)
        .map(|number| {
            let octets = noise(10 + number * 9_000, number as u64 + 77);
            (fixture.receive(&octets), octets)
        })
        .collect();
    let fixture = fixture.reopened();
    assert!(new.iter().all(|(key, octets)| fixture.raw(*key) == *octets));
    assert!(messages[..17].iter().all(|(key, octets)| fixture.raw(*key) == *octets));
    assert!(damaged_keys(&fixture).contains(&messages[19].0));
}
