//! What is done with the mail once the line is closed. The server is stopped: nothing here may need it.

use crate::support::dovecot::Dovecot;
use crate::support::malote::{Malote, text};
use crate::support::samples::{assert_same, messages};

/// A profile with three collected messages, and nothing to connect to.
fn collected() -> Malote {
    let mut dovecot = Dovecot::start();
    dovecot.deliver(&messages(3));
    let malote = Malote::with_account(&dovecot.tls(), &[]);
    malote.get();
    dovecot.stop();
    malote
}

#[test]
fn mail_is_archived_deleted_and_brought_back() {
    let malote = collected();
    let keys = malote.keys("inbox");
    malote.ok(&["archive", &keys[0]]);
    malote.ok(&["delete", &keys[1], &keys[2]]);
    assert_eq!(malote.keys("inbox"), Vec::<String>::new());
    assert_eq!(malote.keys("archive"), keys[..1]);
    assert_eq!(malote.keys("trash"), keys[1..]);

    malote.ok(&["undelete", &keys[1]]);
    assert_eq!(malote.keys("inbox"), keys[1..2]);
    assert_eq!(malote.keys("trash"), keys[2..]);
    assert_same(malote.stored(), messages(3), "whatever mailbox they are in");
}

#[test]
fn a_key_that_nothing_has_is_an_error() {
    let malote = collected();
    for command in
        [&["show", "123456789"][..], &["archive", "123456789"], &["delete", "123456789"], &["undelete", "123456789"]]
    {
        malote.run(command).failed();
    }
}

#[test]
fn a_message_is_shown_as_text_as_its_head_and_as_it_came() {
    let malote = collected();
    let key = &malote.keys("inbox")[2];
    let shown = malote.ok(&["show", key, "--text"]);
    assert!(shown.contains("The end of number 1."), "{shown}");
    let headers = malote.ok(&["show", key, "--headers"]);
    assert!(headers.contains("Message number 1") && !headers.contains("The end of number"), "{headers}");
    assert_eq!(malote.raw(key), messages(1)[0]);
    assert!(malote.ok(&["show", key]).contains("The end of number 1."));
}

#[test]
fn a_message_written_to_the_terminal_cannot_steer_it() {
    let malote = collected();
    // Number 2 holds an escape sequence that would clear the screen.
    let key = &malote.keys("inbox")[1];
    for switch in ["--text", "--headers"] {
        let shown = malote.run(&["show", key, switch]).succeeded().stdout;
        assert!(!shown.contains(&0x1b), "{}", String::from_utf8_lossy(&shown));
    }
}

#[test]
fn every_message_is_exported_as_it_came_and_nothing_is_overwritten() {
    let malote = collected();
    let folder = tempfile::tempdir().unwrap();
    let export = || malote.run(&["export", "--format", "eml", folder.path().to_str().unwrap()]);
    export().succeeded();
    let names = || std::fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().path()).collect::<Vec<_>>();
    assert_eq!(names().len(), 3);
    assert!(names().iter().all(|name| name.extension().is_some_and(|e| e == "eml")), "{:?}", names());
    let before: Vec<_> = names().iter().map(|name| std::fs::read(name).unwrap()).collect();
    assert_same(before, messages(3), "exported");

    std::fs::write(&names()[0], "somebody else's").unwrap();
    export();
    assert!(names().iter().any(|name| std::fs::read(name).unwrap() == b"somebody else's"), "it was overwritten");
}

#[test]
fn accounts_are_listed_edited_and_removed() {
    let malote = collected();
    let listed = malote.run(&["account", "list", "--json"]).succeeded().json();
    assert_eq!(listed.len(), 1);
    assert_eq!(text(&listed[0]["name"]), "Work");
    malote.ok(&["account", "edit", "Work", "--name", "Job"]);
    assert!(malote.ok(&["account", "list"]).contains("Job"));
    malote.ok(&["account", "remove", "Job"]);
    assert_eq!(malote.run(&["account", "list", "--json"]).succeeded().json().len(), 0);
    malote.run(&["account", "remove", "Job"]).failed();
}
