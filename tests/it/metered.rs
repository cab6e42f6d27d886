//! Lines that are paid for by the octet: how they are known, and what the account's rule makes of them.

use egui::accesskit::Role;
use serde_json::Value;

use crate::support::malote::{Malote, text};
use crate::support::network::{DeadBus, Network, SILENCE};
use crate::support::samples::{assert_same, message, messages};
use crate::support::screen::Screen;
use crate::support::scripted::{Pop3Server, Script};
use crate::support::window::Window;

/// What `get --unasked` says of the one account.
#[track_caller]
fn unasked(malote: &Malote) -> Value {
    let mut visits = malote.run(&["get", "--unasked", "--json"]).succeeded().json();
    assert_eq!(visits.len(), 1);
    visits.remove(0)
}

/// Whether a visit that nobody asks for is held back; if so, the server must not have seen a connection.
#[track_caller]
fn is_held_back(malote: &Malote, server: &Pop3Server) -> bool {
    let before = server.sessions().len();
    let held_back = unasked(malote)["held_back"].as_bool().unwrap();
    assert_eq!(server.sessions().len() - before, usize::from(!held_back), "one connection, or none at all");
    held_back
}

fn keeping_off(more: &[&str]) -> (Pop3Server, Malote) {
    let server = Pop3Server::start(Script::default(), &messages(2));
    let malote = Malote::with_account(&server.incoming(), &[&["--metered", "unmetered-only"], more].concat());
    (server, malote)
}

#[test]
fn what_network_manager_says_decides_about_visits_that_nobody_asked_for() {
    let (server, mut malote) = keeping_off(&[]);
    let network = Network::manager(0);
    network.offer_to(&mut malote);
    for (number, held_back) in [(0, false), (1, true), (2, false), (3, true), (4, false), (99, false)] {
        network.says(number);
        assert_eq!(is_held_back(&malote, &server), held_back, "NetworkManager says {number}");
    }
}

#[test]
fn without_network_manager_the_desktops_portal_is_asked() {
    for metered in [true, false] {
        let (server, mut malote) = keeping_off(&[]);
        let network = Network::portal(metered);
        network.offer_to(&mut malote);
        assert_eq!(is_held_back(&malote, &server), metered);
    }
}

#[test]
fn where_nobody_knows_or_answers_the_line_is_not_metered() {
    let (server, mut malote) = keeping_off(&[]);
    assert!(!is_held_back(&malote, &server), "no bus at all");
    let dead = DeadBus::start();
    dead.offer_to(&mut malote);
    assert!(!is_held_back(&malote, &server), "a bus that says nothing");
    let network = Network::manager(SILENCE);
    network.offer_to(&mut malote);
    assert!(!is_held_back(&malote, &server), "a NetworkManager that says nothing");
    network.says(1);
    assert!(is_held_back(&malote, &server), "the same when it speaks");
}

#[test]
fn what_the_person_says_of_the_line_goes_before_what_the_system_says() {
    let (server, mut malote) = keeping_off(&["--line", "metered"]);
    assert!(is_held_back(&malote, &server), "no system that knows");
    let network = Network::manager(1);
    network.offer_to(&mut malote);
    malote.ok(&["account", "edit", "Work", "--line", "unmetered"]);
    assert!(!is_held_back(&malote, &server));
    malote.ok(&["account", "edit", "Work", "--line", "auto"]);
    assert!(is_held_back(&malote, &server));
    let policy = malote.run(&["account", "list", "--json"]).succeeded().json()[0]["policy"].clone();
    assert_eq!((text(&policy["metered"]), text(&policy["line"])), ("unmetered-only".into(), "auto".into()));
}

#[test]
fn a_visit_that_the_person_asks_for_asks_back_before_anything_is_dialled() {
    let (server, malote) = keeping_off(&["--line", "metered"]);
    let visit = malote.try_get();
    assert!(visit.problems[0].contains("the line is metered"), "{:?}", visit.problems);
    assert_eq!(server.sessions().len(), 0);
    malote.ok(&["get", "--all"]);
    assert_same(malote.stored(), messages(2), "said yes");
    assert_eq!(malote.try_get().problems.len(), 1, "yes was said for one visit");
    assert_eq!(server.sessions().len(), 1);
}

#[test]
fn a_held_back_visit_is_no_failure_and_says_why_it_was_not_made() {
    let (_server, malote) = keeping_off(&["--line", "metered"]);
    assert_eq!(malote.ok(&["get", "--unasked"]), "Work: not visited; it waits for a line that is not metered\n");
    assert_eq!(malote.ok(&["meter", "--visits"]), "", "it was no visit");
}

#[test]
fn on_a_metered_line_a_limit_of_its_own_asks_first() {
    let line = "A line of a message that is as long as a line may be without being called long.\r\n";
    let large = |number| [message(number), line.repeat(2_500).into_bytes()].concat();
    let all = [large(1), large(2)];
    let server = Pop3Server::start(Script::default(), &all);
    let rules = ["--metered", "ask", "--metered-ask-above", "300K", "--line", "metered"];
    let malote = Malote::with_account(&server.incoming(), &rules);
    for _ in 0..2 {
        let asked = malote.try_get();
        let words = "2 new messages have 0.4 MB, and the line is metered, where you want to be asked above 0.3 MB";
        assert!(asked.problems[0].contains(words), "{:?}", asked.problems);
        assert_eq!(server.count("RETR"), 0);
    }
    malote.ok(&["account", "edit", "Work", "--metered-ask-above", "none"]);
    malote.get();
    assert_same(malote.stored(), all.to_vec(), "the usual limit is larger");
}

#[test]
fn the_doctor_says_whether_the_line_is_metered_and_who_says_so() {
    let server = Pop3Server::start(Script::default(), &messages(1));
    let mut malote = Malote::with_account(&server.incoming(), &["--metered", "unmetered-only"]);
    let said = |malote: &Malote| {
        let found = malote.run(&["doctor", "Work", "--json"]).succeeded().json();
        let finding = found.iter().find(|finding| finding["what"] == "Metered").cloned();
        text(&finding.unwrap_or_else(|| panic!("{found:?}"))["words"])
    };
    assert_eq!(said(&malote), "nobody here knows; it is taken for a no; this account keeps off such a line");
    let network = Network::manager(3);
    network.offer_to(&mut malote);
    assert!(said(&malote).starts_with("probably, says the system"), "{}", said(&malote));
    malote.ok(&["account", "edit", "Work", "--line", "unmetered", "--metered", "as-usual"]);
    assert_eq!(said(&malote), "no, you say");
}

#[test]
fn words_that_no_rule_has_are_refused_with_those_that_it_has() {
    let (_server, malote) = keeping_off(&[]);
    for (switch, words) in [("--metered", "unmetered-only"), ("--line", "auto, metered, unmetered")] {
        let outcome = malote.run(&["account", "edit", "Work", switch, "sometimes"]);
        assert_eq!(outcome.status, Some(2));
        assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
    }
}

#[test]
fn the_windows_schedule_waits_for_another_line_and_a_click_asks_back() {
    let (server, malote) = keeping_off(&["--line", "metered", "--every", "10"]);
    let screen = Screen::start();
    let window = Window::open(&malote, &screen);
    window.see("Work waits for a line that is not metered. Trying again");
    assert_eq!(server.sessions().len(), 0);
    window.picture("20-metered-waits");
    window.click("Get mail");
    window.see("The line is metered");
    assert_eq!(server.sessions().len(), 0);
    window.picture("21-metered-asks");
    window.click("Get the mail all the same");
    window.see("Message number 2");
    window.find("what was done and what comes", |widget| {
        widget.value.starts_with("Line closed. 2 new messages") && widget.value.contains("Next visit")
    });
    assert_eq!(server.sessions().len(), 1);
    window.click("On the server");
    window.see("A round trip took");
    window.picture("22-server-messages");
    window.click_one(Role::Button, "Last visits");
    window.see(", looked, 0 new");
    window.see(", done, 2 new");
    window.picture("23-server-visits");
}
