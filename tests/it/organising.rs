//! Mailboxes and tags of one's own, and undoing, from the command line and in the window, over new starts.

use std::fs;
use std::path::PathBuf;

use egui::accesskit::Role;
use egui::{Key, Modifiers};

use crate::support::dovecot::Dovecot;
use crate::support::malote::{Malote, text};
use crate::support::samples::messages;
use crate::support::screen::Screen;
use crate::support::window::Window;

fn collected(count: usize) -> (Dovecot, Malote) {
    let dovecot = Dovecot::start();
    dovecot.deliver(&messages(count));
    let malote = Malote::with_account(&dovecot.tls(), &[]);
    malote.get();
    (dovecot, malote)
}

fn names(malote: &Malote) -> Vec<String> {
    let rows = malote.run(&["mailbox", "list", "--json"]).succeeded().json();
    rows.iter().map(|row| format!("{} {} {}", text(&row["name"]), row["total"], row["unread"])).collect()
}

fn found(malote: &Malote, query: &str) -> usize {
    malote.run(&["search", query, "--json"]).succeeded().json().len()
}

#[test]
fn mail_is_filed_in_mailboxes_of_ones_own_found_there_and_all_of_it_undone() {
    let (_dovecot, malote) = collected(5);
    let keys = malote.keys("inbox");
    malote.ok(&["mailbox", "add", "Projects/House"]);
    malote.ok(&["mailbox", "add", "Tax returns"]);
    malote.ok(&["move", &keys[0], &keys[1], "projects/house"]);
    malote.ok(&["move", &keys[2], "Tax returns"]);
    assert_eq!(names(&malote), ["Projects 0 0", "Projects/House 2 2", "Tax returns 1 1"]);
    assert_eq!(malote.keys("Projects/House"), keys[..2]);
    assert_eq!(text(&malote.list("Tax returns")[0]["mailbox"]), "Tax returns");
    for (query, hits) in [("in:house", 2), ("in:projects", 2), ("in:\"tax returns\"", 1), ("-in:projects in:inbox", 2)]
    {
        assert_eq!(found(&malote, query), hits, "{query}");
    }
    malote.ok(&["delete", &keys[0]]);
    malote.ok(&["undelete", &keys[0]]);
    assert_eq!(malote.keys("Projects/House"), keys[..2], "back where it was");
    malote.ok(&["mailbox", "rename", "Projects/House", "Home"]);
    assert_eq!(malote.keys("home"), keys[..2]);
    assert_eq!(malote.ok(&["mailbox", "remove", "Home"]), "2 messages moved to Archive\n");
    assert_eq!(malote.keys("archive").len(), 2);

    let history = malote.ok(&["undo", "--list"]);
    assert!(history.lines().next().unwrap().ends_with("Removed the mailbox Home, 2 messages"), "{history}");
    assert_eq!(malote.ok(&["undo"]), "Undone: removed the mailbox Home, 2 messages\n");
    assert_eq!(malote.keys("Home"), keys[..2]);
    assert_eq!(malote.ok(&["undo"]), "Undone: renamed Projects/House to Home\n");
    assert_eq!(malote.ok(&["redo"]), "Done again: renamed Projects/House to Home\n");
    for _ in 0..7 {
        malote.ok(&["undo"]);
    }
    assert_eq!((malote.keys("inbox"), names(&malote).len()), (keys, 0), "as if nothing had been done");
    let nothing = malote.run(&["undo"]);
    assert_eq!(nothing.status, Some(1), "{}", nothing.said());
    assert!(nothing.stderr.contains("nothing to undo"), "{}", nothing.said());
}

#[test]
fn an_export_takes_mailboxes_of_ones_own_along_and_can_be_of_one_or_of_a_tag() {
    let (_dovecot, malote) = collected(5);
    let keys = malote.keys("inbox");
    malote.ok(&["mailbox", "add", "Projects/House"]);
    malote.ok(&["move", &keys[0], &keys[1], "Projects/House"]);
    malote.ok(&["tag", &keys[2], "+to do"]);
    let folder = tempfile::tempdir().unwrap();
    let export = |name: &str, more: &[&str]| {
        let place = folder.path().join(name);
        malote.ok(&[&["export", "--format", "maildir"], more, &[place.to_str().unwrap()]].concat());
        place.join("Work")
    };
    let count = |place: PathBuf| fs::read_dir(place.join("cur")).map_or(0, Iterator::count);
    let all = export("all", &[]);
    assert_eq!((count(all.join("Inbox")), count(all.join("Projects/House"))), (3, 2), "none is left behind");
    let one = export("one", &["--mailbox", "projects/house"]);
    assert_eq!((count(one.join("Inbox")), count(one.join("Projects/House"))), (0, 2));
    let tagged = export("tagged", &["--search", "tag:\"to do\""]);
    assert_eq!((count(tagged.join("Inbox")), count(tagged.join("Projects/House"))), (1, 0));
    let mbox = folder.path().join("mbox");
    malote.ok(&["export", "--format", "mbox", mbox.to_str().unwrap()]);
    let house = fs::read_to_string(mbox.join("Work/Projects/House.mbox")).unwrap();
    assert_eq!(house.lines().filter(|line| line.starts_with("From ")).count(), 2);
    assert_eq!(fs::read_dir(mbox.join("Work/Projects")).unwrap().count(), 1, "nothing is called unfinished");
}

#[test]
fn tags_are_put_on_taken_off_and_searched_for() {
    let (_dovecot, malote) = collected(3);
    let keys = malote.keys("inbox");
    malote.ok(&["tag", &keys[0], &keys[1], "+tax", "+to do"]);
    malote.ok(&["tag", &keys[1], "-Tax", "-never made"]);
    assert_eq!(malote.ok(&["tag", "list"]), "tax\nto do\n");
    for (query, hits) in [("tag:tax", 1), ("tag:\"to do\"", 2), ("-tag:tax", 2), ("tag:\"to do\" -tag:tax", 1)] {
        assert_eq!(found(&malote, query), hits, "{query}");
    }
    assert_eq!(malote.list("inbox")[0]["tags"].as_array().unwrap().len(), 2);
    assert!(malote.ok(&["list"]).lines().next().unwrap().ends_with("[tax] [to do]"));
    malote.ok(&["undo"]);
    assert_eq!(found(&malote, "tag:tax"), 2);
    let wrong = malote.run(&["search", "tag:taks"]);
    assert_eq!(wrong.status, Some(2));
    assert!(wrong.stderr.contains("say tax, \"to do\""), "{}", wrong.said());
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let (_dovecot, malote) = collected(1);
    let key = malote.keys("inbox").remove(0);
    malote.ok(&["mailbox", "add", "Receipts"]);
    for (arguments, status, words) in [
        (&["mailbox", "add", "receipts"][..], 1, "the name is taken"),
        (&["mailbox", "add", "Trash"], 1, "every account has"),
        (&["mailbox", "remove", "Bills"], 1, "no mailbox “Bills”"),
        (&["move", &key, "Bills"], 2, "malote mailbox list"),
        (&["move", "123456789", "Receipts"], 1, "no such account or message"),
        (&["tag", &key], 2, "+name"),
        (&["tag", "+x"], 2, "which messages"),
        (&["undo", "99"], 1, "nothing to undo"),
    ] {
        let outcome = malote.run(arguments);
        assert_eq!(outcome.status, Some(status), "{arguments:?}: {}", outcome.said());
        assert!(outcome.stderr.contains(words), "{arguments:?}: {}", outcome.said());
    }
    assert_eq!((names(&malote), malote.keys("inbox")), (vec!["Receipts 0 0".to_owned()], vec![key]));
}

/// Names in ten scripts, short and long, some inside each other.
const MAILBOXES: [&str; 14] = [
    "Familie/Übermaß und Straßenbahnfahrkarten für die ganze Verwandtschaft",
    "Projects/House/Roof/Tiles/Red",
    "Receipts and invoices of the year 2026, all of them",
    "Квитанции",
    "Αποδείξεις",
    "إيصالات السنة الماضية",
    "קבלות",
    "रसीदें",
    "ใบเสร็จ",
    "领収書と請求書",
    "收据",
    "영수증",
    "Boat",
    "Zebra",
];
const TAGS: [&str; 9] =
    ["Tax", "Later", "überfällig", "срочно", "عاجل", "重要", "긴급", "an extraordinarily long tag", "x"];

#[test]
fn in_the_window_mail_is_filed_tagged_and_undone_after_a_new_start() {
    let (_dovecot, malote) = collected(6);
    let keys = malote.keys("inbox");
    for mailbox in MAILBOXES {
        malote.ok(&["mailbox", "add", mailbox]);
    }
    for (number, key) in keys.iter().enumerate().skip(1) {
        let tags: Vec<String> = TAGS.iter().skip(number).take(number).map(|tag| format!("+{tag}")).collect();
        let mut arguments = vec!["tag", key.as_str()];
        arguments.extend(tags.iter().map(String::as_str));
        malote.ok(&arguments);
    }
    let screen = Screen::start();
    let window = Window::open(&malote, &screen);
    window.see("Message number 6");
    window.click_one(Role::ListBoxOption, "Message number 3");
    window.see("The end of number 3.");
    window.picture("organise-01-sidebar-and-tags");
    window.press(Key::T, Modifiers::NONE);
    window.type_text("Lat");
    window.picture("organise-02-tags");
    window.press(Key::Enter, Modifiers::NONE);
    window.press(Key::Escape, Modifiers::NONE);
    window.find("its new tag", |widget| {
        widget.role == Role::ListBoxOption && widget.label.contains("number 3") && widget.label.contains("tagged Later")
    });
    window.press(Key::V, Modifiers::NONE);
    window.picture("organise-03-move");
    window.type_text("boa");
    window.press(Key::Enter, Modifiers::NONE);
    window.see("Moved to Boat");
    window.picture("organise-04-moved");
    window.click_one(Role::TreeItem, "Boat");
    window.find("it, in its new place", |widget| {
        widget.role == Role::ListBoxOption && widget.label.contains("Message number 3")
    });
    screen.press("alt+F4");
    window.closed().succeeded();
    assert_eq!(found(&malote, "in:boat tag:later"), 1);

    let window = Window::open(&malote, &screen);
    window.see("Message number 6");
    window.press(Key::Z, Modifiers::COMMAND);
    window.see("Undone: moved 1 message to Boat");
    window.find("it, back in the Inbox", |widget| {
        widget.role == Role::ListBoxOption && widget.label.contains("Message number 3")
    });
    window.press(Key::F1, Modifiers::NONE);
    window.click("History…");
    window.see("Tagged 1 message “Later”");
    window.picture("organise-05-history");
    window.click("Undo: Tagged 1 message “Later”");
    window.see("Undone: tagged 1 message “Later”");
    window.click("Close");
    by_night(&window);
    screen.press("alt+F4");
    window.closed().succeeded();
    assert_eq!((found(&malote, "tag:later \"number 3\""), malote.keys("inbox")), (0, keys));
}

/// The same in the dark, for a person to look at.
fn by_night(window: &Window) {
    window.click("Settings");
    window.click("Dark");
    window.click("Done");
    window.click_one(Role::ListBoxOption, "Message number 2");
    window.see("The end of number 2.");
    window.picture("organise-06-dark");
    window.press(Key::T, Modifiers::NONE);
    window.picture("organise-07-dark-tags");
    window.press(Key::Escape, Modifiers::NONE);
    window.press(Key::V, Modifiers::NONE);
    window.picture("organise-08-dark-move");
    window.press(Key::Escape, Modifiers::NONE);
    window.click_one(Role::Button, "Tag 긴급");
    window.picture("organise-09-dark-tagged");
}
