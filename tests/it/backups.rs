//! Backups, checks and repairs as a person makes them: on the command line, beside a running window, and in its settings.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use egui::accesskit::Role;
use rusqlite::Connection;

use crate::support::malote::Malote;
use crate::support::samples::{assert_same, messages};
use crate::support::screen::Screen;
use crate::support::scripted::{Pop3Server, Script};
use crate::support::window::Window;

/// Of the pages of a new store.
const PAGE_BYTES: usize = 16 * 1024;

/// A profile with so much mail, the server that it came from, and a place for backups.
fn collected(count: usize) -> (Malote, Pop3Server, Vec<Vec<u8>>, PathBuf) {
    let sent = messages(count);
    let server = Pop3Server::start(Script::default(), &sent);
    let malote = Malote::with_account(&server.incoming(), &[]);
    malote.get();
    let backup = malote.home().join("backup");
    (malote, server, sent, backup)
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Overwrites the page in which a message's octets begin; it is found by its place among the octets.
fn spoil(malote: &Malote, key: &str) {
    let file = malote.database();
    let page: i64 = {
        let db = Connection::open(&file).unwrap();
        // The messages of these tests are small: one piece each, on leaves in the order of their numbers.
        let id = format!("SELECT id FROM raw_chunk WHERE id >> 20 = (SELECT raw FROM message WHERE key = {key})");
        let id: i64 = db.query_row(&id, [], |row| row.get(0)).unwrap();
        let place = "SELECT (SELECT count(*) FROM raw_chunk WHERE id <= ?1) * 1.0 / count(*) FROM raw_chunk";
        let place: f64 = db.query_row(place, [id], |row| row.get(0)).unwrap();
        let leaves = "SELECT pageno FROM dbstat WHERE name = 'raw_chunk' AND pagetype = 'leaf' ORDER BY path";
        let leaves: Vec<i64> =
            db.prepare(leaves).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        leaves[((place * leaves.len() as f64) as usize).min(leaves.len() - 1)]
    };
    let mut octets = fs::read(&file).unwrap();
    let from = (page as usize - 1) * PAGE_BYTES;
    octets[from..from + PAGE_BYTES].fill(0xA5);
    fs::write(&file, octets).unwrap();
}

#[test]
fn a_backup_is_made_proved_and_brought_back() {
    let (malote, _server, sent, backup) = collected(12);
    let said = malote.ok(&["backup", path(&backup)]);
    assert!(said.contains("12 messages backed up") && said.contains("keyring"), "{said}");
    let proved = malote.ok(&["verify"]);
    assert!(proved.contains("12 of 12 messages"), "{proved}");

    let elsewhere = Malote::new();
    let said = elsewhere.ok(&["restore", path(&backup)]);
    assert!(said.contains("12 messages brought back") && !said.contains("kept"), "{said}");
    assert_same(elsewhere.stored(), sent.clone(), "in an empty profile");

    malote.ok(&["delete", &malote.keys("inbox")[0]]);
    malote.ok(&["empty-trash"]);
    let said = malote.ok(&["restore", path(&backup)]);
    assert!(said.contains("kept"), "{said}");
    assert_same(malote.stored(), sent, "in the place of what was there");
    assert_eq!(malote.try_get().new, 0, "nothing comes twice");
}

#[test]
fn damage_is_named_and_repaired_from_the_backup_or_from_the_server() {
    for with_backup in [true, false] {
        let (malote, _server, sent, backup) = collected(240);
        if with_backup {
            malote.ok(&["backup", "--every", "daily", path(&backup)]);
        }
        let keys = malote.keys("inbox");
        spoil(&malote, &keys[120]);
        let found = malote.run(&["verify"]).failed();
        let said = String::from_utf8(found.stdout.clone()).unwrap();
        assert!(said.contains("damaged: ") && said.contains("UID") && said.contains("Work/inbox"), "{said}");
        assert!(found.stderr.contains("--repair"), "{}", found.stderr);
        // The others are read, and mail is got, as if nothing had happened.
        let damaged: Vec<String> = malote
            .run(&["verify", "--json"])
            .failed()
            .json()
            .iter()
            .filter_map(|line| line["damaged"].as_str().map(str::to_owned))
            .collect();
        assert!(!damaged.is_empty() && damaged.len() < 120, "{damaged:?}");
        for key in keys.iter().filter(|key| !damaged.contains(key)) {
            assert!(sent.contains(&malote.raw(key)));
        }
        malote.get();
        let repaired = malote.run(&["verify", "--repair"]);
        assert_eq!(repaired.status, Some(if with_backup { 0 } else { 1 }), "{}", repaired.said());
        if !with_backup {
            assert!(repaired.said().contains("next visit"), "{}", repaired.said());
            let visit = malote.get();
            assert_eq!(visit.new as usize, damaged.len(), "{visit:?}");
        }
        assert_same(malote.stored(), sent, &format!("with a backup: {with_backup}"));
        assert_eq!(malote.keys("inbox"), keys, "each keeps its key");
        assert_eq!(malote.try_get().new, 0);
    }
}

#[test]
fn a_store_that_cannot_be_relied_on_any_more_is_salvaged() {
    let (malote, _server, sent, _) = collected(160);
    let file = malote.database();
    let page: i64 = Connection::open(&file)
        .unwrap()
        .query_row(
            "SELECT pageno FROM dbstat WHERE name = 'message' AND pagetype = 'leaf' LIMIT 1 OFFSET 2",
            [],
            |row| row.get(0),
        )
        .unwrap();
    let mut octets = fs::read(&file).unwrap();
    octets[(page as usize - 1) * PAGE_BYTES..page as usize * PAGE_BYTES].fill(0xA5);
    fs::write(&file, octets).unwrap();
    let found = malote.run(&["verify"]).failed();
    assert!(found.stderr.contains("malote salvage"), "{}", found.stderr);
    let said = malote.ok(&["salvage"]);
    assert!(said.contains("kept") && said.contains("message: "), "{said}");
    assert_same(malote.stored(), sent, "salvaged");
    malote.ok(&["verify"]);
    assert_eq!(malote.try_get().new, 0, "nothing comes twice");
}

#[test]
fn beside_a_running_window_a_backup_and_a_check_go_well_and_a_restore_is_refused() {
    let (malote, server, mut sent, backup) = collected(15);
    let screen = Screen::start();
    let window = Window::open(&malote, &screen);
    window.see("Message number 15");
    thread::scope(|scope| {
        let backups = scope.spawn(|| {
            for _ in 0..3 {
                malote.ok(&["backup", path(&backup)]);
                malote.ok(&["verify"]);
            }
        });
        let more = messages(25);
        server.fill(&more);
        window.click("Get mail");
        window.see("Message number 25");
        sent = more;
        backups.join().unwrap();
    });
    for refused in [&["restore", path(&backup)][..], &["salvage"], &["verify", "--repair"]] {
        let outcome = malote.run(refused).failed();
        assert!(outcome.stderr.contains("in use"), "{refused:?}: {}", outcome.stderr);
    }
    malote.ok(&["backup", path(&backup)]);
    screen.press("alt+F4");
    window.closed().succeeded();
    assert_same(malote.stored(), sent.clone(), "the profile");
    let copy = Malote::new();
    copy.ok(&["restore", path(&backup)]);
    assert_same(copy.stored(), sent, "the backup");
}

#[test]
fn the_window_tells_of_a_damaged_message_when_it_is_opened_and_the_next_visit_brings_it_back() {
    let (malote, _server, sent, _) = collected(300);
    let keys = malote.keys("inbox");
    spoil(&malote, &keys[4]);
    let screen = Screen::start();
    let window = Window::open(&malote, &screen);
    window.click_one(Role::ListBoxOption, "Message number 296");
    window.see("Could not open “Message number 296”");
    window.see("A stored message was damaged");
    window.see("1 damaged message");
    window.picture("damage");
    window.click("Settings");
    window.click("Dark");
    window.picture("damage-settings-dark");
    window.click("Done");
    window.picture("damage-dark");
    window.click("Get mail");
    window.see("Line closed. 1 new message");
    window.click_one(Role::ListBoxOption, "Message number 296");
    window.see("The end of number 296.");
    screen.press("alt+F4");
    window.closed().succeeded();
    malote.run(&["verify", "--repair"]);
    malote.get();
    assert_same(malote.stored(), sent, "everything is back");
}

#[test]
fn the_window_makes_backups_by_itself_and_says_how_they_stand() {
    let (malote, _server, sent, backup) = collected(8);
    let screen = Screen::start();
    let window = Window::open(&malote, &screen);
    window.see("Message number 8");
    window.click("Settings");
    window.see("No backup has been made yet.");
    window.fill("Into the folder", path(&backup));
    window.click_one(Role::RadioButton, "every day");
    window.picture("backup-settings");
    window.click("Back up now");
    window.see("Last verified just now: 8 messages");
    window.click("Check all mail");
    window.see("All 8 messages are as they were stored");
    window.picture("backup-made");
    window.click("Dark");
    window.picture("backup-made-dark");
    window.click("Done");
    screen.press("alt+F4");
    window.closed().succeeded();
    let copy = Malote::new();
    copy.ok(&["restore", path(&backup)]);
    assert_same(copy.stored(), sent, "the backup");

    // A disk that is not plugged in.
    fs::rename(&backup, malote.home().join("unplugged")).unwrap();
    let outcome = malote.run(&["backup", path(&malote.home().join("media/not-there/mail"))]).failed();
    assert!(outcome.stderr.contains("is not there") && outcome.stderr.contains("Plug in"), "{}", outcome.stderr);
}
