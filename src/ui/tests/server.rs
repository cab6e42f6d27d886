//! What lies on a server: its messages, their fates, and what the person decides.

use egui::accesskit::Role as AccessRole;

use super::Window;
use crate::account::policy::Policy;
use crate::engine::{Event, Fate, LineUse, Outcome, PastVisit, RoundTrip, ServerMessage, ServerView, Wish};
use crate::store::types::{MessageKey, Part};
use crate::ui::action::Action;
use crate::ui::testing::{Desk, WORK, account, problem};

fn message(number: u32, from: &str, size_bytes: u64, fate: Fate) -> ServerMessage {
    ServerMessage {
        number,
        uid: format!("uid-{number}").into_bytes(),
        size_bytes,
        from: from.into(),
        subject: format!("Subject of {from}"),
        date: None,
        key: None,
        fate,
        wish: None,
        tries: 0,
        words: String::new(),
    }
}

fn past_visit(ended_at: i64, micros: Option<u64>, new: u64, outcome: Outcome) -> PastVisit {
    PastVisit {
        account: WORK,
        ended_at,
        connected_ms: 800,
        bytes_in: 5_000,
        bytes_out: 300,
        round_trip: micros.map(|micros| RoundTrip { micros }),
        new,
        outcome,
    }
}

fn seen() -> ServerView {
    let here = Fate::Here { part: Part::Whole, delete_at: None };
    let resting = Fate::Resting { until: 1_800_000_000 };
    ServerView {
        account: WORK,
        account_name: "Work".into(),
        taken_at: 1_790_000_000,
        connected_ms: 300,
        round_trip: None,
        messages: vec![
            ServerMessage { key: Some(MessageKey(1)), ..message(1, "Ana", 4_000, here) },
            message(2, "Bo", 84_000_000, Fate::Fetch(Part::Whole)),
            message(3, "Cy", 9_000_000, Fate::TooLarge),
            ServerMessage { tries: 3, ..message(4, "Di", 10, resting) },
        ],
        bytes_per_sec: Some(1_000_000),
        quota_bytes: None,
        expire_days: Some(30),
        this_month: Some(LineUse {
            visits: 3,
            connected_ms: 2_500,
            bytes_in: 7_000_000,
            bytes_out: 900,
            round_trip: Some(RoundTrip { micros: 42_000 }),
            mean_round_trip: Some(RoundTrip { micros: 60_400 }),
            ..LineUse::default()
        }),
        visits: vec![
            past_visit(1_790_000_000, Some(42_000), 0, Outcome::Looked),
            past_visit(1_789_990_000, Some(78_800), 3, Outcome::Done),
            past_visit(1_789_980_000, None, 0, Outcome::Failed),
        ],
    }
}

/// The window after the first look.
fn looking_at(desk: Desk) -> Window {
    looking_at_this(desk, seen())
}

fn looking_at_this(desk: Desk, view: ServerView) -> Window {
    let mut window = Window::new(desk);
    window.press_button("On the server");
    assert_eq!(window.asked(), ["ViewServer { account: AccountId(1), headers: true }"]);
    window.sees("Nothing is fetched and nothing is deleted.");
    window.meanwhile(|desk| {
        desk.answer("ViewServer", Event::Server(Box::new(view)));
    });
    window
}

fn fate_of(window: &Window, from: &str) -> String {
    let row = window.rows().into_iter().find(|row| row.starts_with(from));
    row.unwrap_or_else(|| panic!("{from} is not in {:?}", window.rows()))
}

#[test]
fn each_message_is_shown_with_its_fate_the_newest_first() {
    let window = looking_at(Desk::of(0));
    window.sees("1 new, 84.0 MB, about 84 s on this line; 4 messages, 93.0 MB there.");
    window.sees(
        "This month the line was open for 2.5 s in 3 visits: 7.0 MB came, 900 bytes went. A round trip took 42 ms at best, \
         60 ms on average.",
    );
    window.sees("The server itself deletes mail after 30 days.");
    let rows = window.rows();
    let order: Vec<&str> = rows.iter().filter_map(|row| row.split(',').next()).collect();
    assert_eq!(order, ["Di", "Cy", "Bo", "Ana"]);
    for (from, words) in [
        ("Ana", "Stored here"),
        ("Bo", "Fetched with the next visit"),
        ("Cy", "Too large: fetched when you say so"),
        ("Di", "Refused 3 times, next try "),
    ] {
        assert!(fate_of(&window, from).contains(words), "{}", fate_of(&window, from));
    }
}

#[test]
fn what_the_person_decides_is_shown_at_once_and_kept_for_the_next_visit() {
    let mut window = looking_at(Desk::of(0));
    let row = fate_of(&window, "Cy");
    window.click(AccessRole::ListBoxOption, &row);
    for (button, asked, words) in [
        ("Fetch", "Some(Get)", "You said: fetched with the next visit"),
        ("Delete there", "Some(Delete)", "You said: deleted there with the next visit"),
        ("As the rules say", "None", "Fetched with the next visit"),
    ] {
        window.press_button(button);
        let last = window.asked().pop().unwrap();
        assert!(last.starts_with("Wish") && last.contains(asked) && last.contains("117, 105, 100, 45, 51"), "{last}");
        assert!(fate_of(&window, "Cy").contains(words), "{}", fate_of(&window, "Cy"));
    }
    window.press_button("Get mail now");
    assert!(window.asked().contains(&"GetMail of [1]".to_owned()), "{:?}", window.asked());
    assert!(!window.shows("On the server of Work"));
}

#[test]
fn the_last_visits_are_shown_in_place_of_the_messages_and_nothing_stays_selected_behind_them() {
    let mut window = looking_at(Desk::of(0));
    let row = fate_of(&window, "Cy");
    window.click(AccessRole::ListBoxOption, &row);
    window.press_button("Last visits");
    assert_eq!(window.rows(), Vec::<String>::new());
    for words in [
        ", looked, 0 new, 5 KB, 300 bytes, 0.8 s, 42 ms",
        ", done, 3 new, 5 KB, 300 bytes, 0.8 s, 79 ms",
        ", failed, 0 new, 5 KB, 300 bytes, 0.8 s, –",
    ] {
        window.sees(words);
    }
    assert!(!window.has(AccessRole::Button, "Delete there"), "there is nothing to decide about");
    window.press_button("Messages");
    assert_eq!(window.rows().len(), 4);
    window.done();
    window.press_button("Delete there");
    assert_eq!(window.done(), []);
}

#[test]
fn nothing_is_decided_about_nothing() {
    let mut window = looking_at(Desk::of(0));
    window.done();
    window.press_button("Delete there");
    assert_eq!(window.done(), []);
}

#[test]
fn with_the_safety_switch_on_nothing_is_said_to_be_deleted() {
    let mut careful = account(WORK, "Work");
    careful.policy = Policy { never_delete: true, ..Policy::default() };
    let mut window = looking_at(Desk::with(&[careful], 0));
    let row = fate_of(&window, "Ana");
    window.click(AccessRole::ListBoxOption, &row);
    window.press_button("Delete there");
    assert!(!fate_of(&window, "Ana").contains("deleted"), "{}", fate_of(&window, "Ana"));
    assert_eq!(
        window.desk().model.server.as_ref().unwrap().view.as_ref().unwrap().messages[0].wish,
        Some(Wish::Delete)
    );
}

#[test]
fn a_look_that_fails_says_why_and_what_was_seen_before_stays() {
    let mut window = looking_at(Desk::of(0));
    window.press_button("Look again");
    window.meanwhile(|desk| {
        desk.answer("ViewServer", Event::Failed(Box::new(problem("Could not look", None))));
    });
    window.sees("Could not look: the server said no.");
    assert_eq!(window.rows().len(), 4);
    window.press_button("Close");
    assert_eq!(window.done().last(), Some(&Action::CloseServer));
}

#[test]
fn how_full_the_server_is_is_seen_where_the_person_has_said_how_much_room_there_is() {
    let open = |quota_bytes, fate| {
        let messages = vec![message(1, "Ana", 4_000_000, Fate::TooLarge), message(2, "Bo", 1_000_000, fate)];
        looking_at_this(Desk::of(0), ServerView { messages, quota_bytes, ..seen() })
    };
    assert!(!open(None, Fate::TooLarge).shows("% full"));
    let window = open(Some(10_000_000), Fate::Delete);
    window.sees("5.0 MB of 10.0 MB, 50 % full; 4.0 MB after the next visit");
    assert!(!window.shows("turn mail away"));
    let window = open(Some(5_400_000), Fate::TooLarge);
    window.sees("5.0 MB of 5.4 MB, 93 % full");
    window.sees("The provider may soon turn mail away");
}

#[test]
fn a_server_with_very_much_on_it_is_advised_against() {
    let open = |count| {
        let messages = (1..=count).map(|number| message(number, "Ana", 10, Fate::TooLarge)).collect();
        looking_at_this(Desk::of(0), ServerView { messages, ..seen() })
    };
    assert!(!open(5_000).shows("Every visit has to list"));
    open(5_001).sees("Every visit has to list all of them");
}
