//! Searching, from the command line and in the window: what was collected is found, wherever it lies.

use egui::accesskit::Role;
use egui::{Key, Modifiers};

use crate::support::dovecot::Dovecot;
use crate::support::malote::{Malote, text};
use crate::support::samples::messages;
use crate::support::screen::Screen;
use crate::support::window::Window;

fn found(malote: &Malote, query: &str) -> Vec<String> {
    let rows = malote.run(&["search", query, "--json"]).succeeded().json();
    rows.iter().map(|row| text(&row["subject"])).collect()
}

#[test]
fn what_was_collected_is_found_at_once_by_its_words_and_by_what_it_is() {
    let dovecot = Dovecot::start();
    dovecot.deliver(&messages(6));
    let malote = Malote::with_account(&dovecot.tls(), &[]);
    malote.get();
    let newest_first = malote.list("inbox").iter().map(|row| text(&row["subject"])).collect::<Vec<_>>();
    assert_eq!(found(&malote, "subject:message"), newest_first);
    assert_eq!(found(&malote, "\"number 3\" -from:nobody"), ["Message number 3"]);
    assert_eq!(found(&malote, "from:sender4 OR \"number 5\"").len(), 2);
    assert_eq!(found(&malote, "from:sender4 account:work is:unread"), ["Message number 4"]);
    assert_eq!(found(&malote, "-is:unread"), [""; 0]);
    assert_eq!(malote.ok(&["search", "message", "--limit", "2"]).lines().count(), 2);
    assert_eq!(malote.ok(&["search", "nosuchword"]), "", "nothing found is no failure");

    let key =
        malote.run(&["search", "\"number 2\"", "--json"]).succeeded().json()[0]["key"].as_str().unwrap().to_owned();
    malote.ok(&["delete", &key]);
    assert_eq!(found(&malote, "\"number 2\" in:trash"), ["Message number 2"], "it moved");
    malote.ok(&["empty-trash"]);
    assert_eq!(found(&malote, "\"number 2\""), [""; 0], "it is gone");
    assert_eq!(malote.get().new, 0);
    assert_eq!(found(&malote, "subject:message").len(), 5);
}

#[test]
fn a_query_that_cannot_be_understood_is_wrong_usage_and_its_place_is_marked() {
    let outcome = Malote::new().run(&["search", "lunch form:ana"]);
    assert_eq!(outcome.status, Some(2), "{}", outcome.said());
    let lines: Vec<&str> = outcome.stderr.lines().collect();
    assert!(lines[0].contains("“from:”"), "{lines:?}");
    assert!(lines[1].ends_with("  lunch form:ana") && lines[2].ends_with("        ^^^^^"), "{lines:?}");
}

#[test]
fn a_search_is_saved_listed_used_and_forgotten_and_says_what_it_found() {
    let dovecot = Dovecot::start();
    dovecot.deliver(&messages(4));
    let malote = Malote::with_account(&dovecot.tls(), &[]);
    malote.get();
    malote.ok(&["search", "from:sender3", "--save", "Three"]);
    malote.ok(&["search", "subject:message", "--save", "all"]);
    assert_eq!(malote.ok(&["search", "--list-saved"]), "all: subject:message\nThree: from:sender3\n");
    let rows = malote.run(&["search", "--saved", "three", "--json"]).succeeded().json();
    assert_eq!(rows.iter().map(|row| text(&row["subject"])).collect::<Vec<_>>(), ["Message number 3"]);
    assert_eq!(malote.ok(&["search", "\"number 2\"", "--saved", "ALL"]).lines().count(), 1);
    assert_eq!(malote.run(&["search", "form:x", "--save", "bad"]).status, Some(2));
    malote.ok(&["search", "--forget", "all"]);
    assert_eq!(malote.run(&["search", "--saved", "all"]).status, Some(1));
    let rows = malote.run(&["search", "\"end of\"", "--json", "--snippets", "--limit", "1"]).succeeded().json();
    assert!(text(&rows[0]["snippet"]).contains("The end of number 4."), "{rows:?}");
    assert_eq!(text(&rows[0]["found"][0]), "end of");
}

#[test]
fn a_query_may_begin_with_a_minus_sign() {
    let malote = Malote::new();
    malote.ok(&["search", "-from:ana"]);
    malote.ok(&["search", "-from:ana", "--json"]);
    assert_eq!(malote.run(&["search"]).status, Some(2));
}

/// Ten scripts, as they come.
const SUBJECTS: [&str; 10] = [
    "Façade, naïve, Übermaß",
    "Привет из Москвы",
    "Καλημέρα από την Αθήνα",
    "مرحبا من القاهرة",
    "שלום מתל אביב",
    "दिल्ली से नमस्ते",
    "สวัสดีจากกรุงเทพ",
    "来自北京的问候",
    "東京からこんにちは",
    "서울에서 안녕하세요",
];

fn greetings() -> Vec<Vec<u8>> {
    let greeting = |(number, subject): (usize, &&str)| {
        format!(
            "From: Sender {number} <sender{number}@example.net>\r\nTo: Ana <ana@example.org>\r\nSubject: {subject}\r\n\
             Message-ID: <greeting-{number}@example.net>\r\nDate: Tue, 3 Nov 2026 10:00:{number:02} +0000\r\n\
             MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{subject}: greetings.\r\n"
        )
        .into_bytes()
    };
    SUBJECTS.iter().enumerate().map(greeting).collect()
}

#[test]
fn in_the_window_results_come_while_it_is_typed_and_act_as_a_mailbox_does() {
    let dovecot = Dovecot::start();
    dovecot.deliver(&messages(5));
    dovecot.deliver(&greetings());
    let malote = Malote::with_account(&dovecot.plain(), &[]);
    malote.get();
    let screen = Screen::start();
    let window = Window::open(&malote, &screen);
    window.see(SUBJECTS[9]);
    window.press(Key::F, Modifiers::COMMAND);
    window.type_text("greet");
    window.see("10 messages found");
    window.picture("search-01-ten-scripts");
    for (typed, subject) in
        [("北京", SUBJECTS[7]), ("กรุงเทพ", SUBJECTS[6]), ("안녕", SUBJECTS[9]), ("ubermass OR uberma", SUBJECTS[0])]
    {
        window.press(Key::Escape, Modifiers::NONE);
        window.press(Key::F, Modifiers::COMMAND);
        window.type_text(typed);
        window.see("1 message found");
        window.find(subject, |widget| widget.role == Role::ListBoxOption && widget.label.contains(subject));
    }
    window.press(Key::Escape, Modifiers::NONE);
    window.press(Key::F, Modifiers::COMMAND);
    window.type_text("\"number 3\"");
    window.see("1 message found");
    window.press(Key::Enter, Modifiers::NONE);
    window.see("The end of number 3.");
    window.click("Delete");
    window.see("Moved to Trash");
    window.find("the result in its new place", |widget| {
        widget.role == Role::ListBoxOption && widget.label.contains("Message number 3, in Trash")
    });
    window.picture("search-02-result-in-trash");
    window.press(Key::F, Modifiers::COMMAND);
    window.type_text(" -has:attachment after:2026 larger");
    window.type_text(":1K form:ana");
    window.see("did you mean");
    window.picture("search-03-fault");
    window.press(Key::Escape, Modifiers::NONE);
    window.press(Key::F, Modifiers::COMMAND);
    window.type_text("nosuchword anywhere in the mail of all these years, however long the question may become");
    window.see("No message matches");
    window.picture("search-04-no-hit");
    window.press(Key::Escape, Modifiers::NONE);
    window.see(SUBJECTS[9]);
    help_and_marks(&window, "");
    by_night(&window);
    screen.press("alt+F4");
    window.closed().succeeded();
}

/// A word of each of the subjects.
const TEN_WORDS: &str = "naive OR москвы OR αθηνα OR القاهرة OR שלום OR नमस्ते OR กรุงเทพ OR 北京 OR 東京 OR 서울";

/// What is offered while it is typed, and what is marked in ten scripts.
fn help_and_marks(window: &Window, when: &str) {
    let search = |text: &str| {
        // What is offered goes first, then what was searched for.
        window.press(Key::Escape, Modifiers::NONE);
        window.press(Key::Escape, Modifiers::NONE);
        window.press(Key::F, Modifiers::COMMAND);
        window.type_text(text);
    };
    search("");
    window.see("Forget these searches");
    window.picture(&format!("search-10-past{when}"));
    search("a");
    window.see("later than a day");
    window.picture(&format!("search-11-operators{when}"));
    search("in:");
    window.see("Archive");
    window.picture(&format!("search-12-values{when}"));
    search("from:send");
    window.see("sender3@example.net");
    window.press(Key::ArrowDown, Modifiers::NONE);
    window.picture(&format!("search-13-people{when}"));
    search(TEN_WORDS);
    window.see("11 messages found");
    window.press(Key::Enter, Modifiers::NONE);
    window.see("in this message");
    window.picture(&format!("search-14-marks{when}"));
    window.press(Key::ArrowDown, Modifiers::NONE);
    window.press(Key::ArrowDown, Modifiers::NONE);
    for script in ["hebrew", "arabic"] {
        window.press(Key::ArrowDown, Modifiers::NONE);
        window.press(Key::ArrowDown, Modifiers::NONE);
        window.picture(&format!("search-15-marks-{script}{when}"));
    }
    search("greetinge");
    window.see("Search for “greeti*”");
    window.picture(&format!("search-16-nothing{when}"));
    window.click("Search for “greeti*”");
    window.see("10 messages found");
    window.click("Save this search…");
    window.fill("Name", "Greetings");
    window.picture(&format!("search-17-save{when}"));
    window.click("Save");
    window.see("Search Greetings");
    window.picture(&format!("search-18-saved{when}"));
    window.press(Key::Escape, Modifiers::NONE);
}

/// The same in the dark, for a person to look at.
fn by_night(window: &Window) {
    window.click("Settings");
    window.click("Dark");
    window.click("Done");
    help_and_marks(window, "-dark");
    window.press(Key::F, Modifiers::COMMAND);
    window.type_text("in:trash OR from:sender1");
    window.see("3 messages found");
    window.picture("search-05-dark-results");
    window.type_text(" newer:soon");
    window.see("is no age");
    window.picture("search-06-dark-fault");
}
