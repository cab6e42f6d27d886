//! Help while a search is typed, saved searches, and the way through what was found in a message.

use egui::accesskit::Role as AccessRole;
use egui::{Key, Modifiers};
use egui_kittest::kittest::NodeT;

use super::Window;
use crate::engine::{Event, Person, SavedSearch, SearchId, Searches};
use crate::store::types::MessageKey;
use crate::ui::action::Action;
use crate::ui::testing::Desk;

fn type_text(window: &mut Window, text: &str) {
    for letter in text.chars() {
        window.0.event(egui::Event::Text(letter.into()));
        window.run();
    }
}

fn desk() -> Desk {
    let mut desk = Desk::of(30);
    let person =
        |name: &str, address: &str| Person { name: name.into(), address: address.into(), is_written_to: false };
    desk.people = vec![person("Ana Duarte", "ana@example.net"), person("Anatol", "anatol@example.com")];
    desk
}

fn searching(desk: Desk, text: &str) -> Window {
    let mut window = Window::new(desk);
    window.key(Modifiers::COMMAND, Key::F);
    type_text(&mut window, text);
    window
}

fn text_of_field(window: &Window) -> String {
    window.field("Search").accesskit_node().value().unwrap_or_default()
}

#[test]
fn an_operator_is_taken_with_tab_and_its_value_with_the_arrow_and_enter() {
    let mut window = searching(desk(), "i");
    window.assert_inside(AccessRole::MenuItem, "is:, unread, starred, answered …");
    window.key(Modifiers::NONE, Key::Tab);
    assert_eq!(text_of_field(&window), "is:");
    window.key(Modifiers::NONE, Key::ArrowDown);
    window.key(Modifiers::NONE, Key::ArrowDown);
    window.key(Modifiers::NONE, Key::ArrowUp);
    window.key(Modifiers::NONE, Key::Enter);
    assert_eq!(text_of_field(&window), "is:unread ");
    type_text(&mut window, "x");
    assert_eq!(text_of_field(&window), "is:unread x", "the caret is behind what was taken");
}

#[test]
fn people_are_offered_for_from_and_taken_by_a_click() {
    let mut window = searching(desk(), "from:an");
    window.assert_inside(AccessRole::MenuItem, "Ana Duarte, ana@example.net");
    window.click(AccessRole::MenuItem, "Anatol, anatol@example.com");
    assert_eq!(text_of_field(&window), "from:anatol@example.com ");
    type_text(&mut window, "y");
    assert_eq!(text_of_field(&window), "from:anatol@example.com y");
}

#[test]
fn what_was_searched_for_is_offered_to_the_empty_field_and_enter_remembers() {
    let mut window = searching(desk(), "subject 2");
    assert!(window.key(Modifiers::NONE, Key::Enter).contains(&Action::RememberSearch));
    window.key(Modifiers::NONE, Key::Escape);
    window.key(Modifiers::COMMAND, Key::F);
    window.key(Modifiers::NONE, Key::ArrowDown);
    window.key(Modifiers::NONE, Key::Enter);
    assert_eq!(text_of_field(&window), "subject 2");
    window.key(Modifiers::NONE, Key::Escape);
    window.key(Modifiers::COMMAND, Key::F);
    window.click(AccessRole::MenuItem, "Forget these searches");
    assert!(!window.has(AccessRole::MenuItem, "subject 2"));
}

#[test]
fn below_the_last_that_is_offered_the_arrow_leads_into_the_results() {
    let mut window = searching(desk(), "su");
    window.key(Modifiers::NONE, Key::ArrowDown);
    assert!(window.field("Search").accesskit_node().is_focused());
    let done = window.key(Modifiers::NONE, Key::ArrowDown);
    assert!(done.contains(&Action::MoveCursor { by: 1, extend: false }), "{done:?}");
}

#[test]
fn what_was_found_in_a_message_is_counted_and_f3_goes_through_it() {
    let mut desk = desk();
    let lines = "A line without it.\r\n".repeat(200);
    desk.raw.insert(
        MessageKey(30),
        format!("From: x@example.net\r\nSubject: Subject 30\r\n\r\nlunch\r\n{lines}LUNCH and lunch"),
    );
    let mut window = searching(desk, "lunch");
    window.key(Modifiers::NONE, Key::Enter);
    window.sees("1 of 3 in this message");
    assert_eq!(window.key(Modifiers::NONE, Key::F3), [Action::NextHit { back: false }]);
    window.sees("2 of 3 in this message");
    window.press_button("Next place (F3)");
    window.sees("3 of 3 in this message");
    window.key(Modifiers::NONE, Key::F3);
    window.sees("1 of 3 in this message");
    window.key(Modifiers::SHIFT, Key::F3);
    window.sees("3 of 3 in this message");
    window.key(Modifiers::NONE, Key::Escape);
    assert!(!window.shows("in this message"), "the mailbox is no result");
}

#[test]
fn a_saved_search_lies_among_the_mailboxes() {
    let mut window = searching(desk(), "subject 2");
    window.press_button("Save this search…");
    window.type_into("Name", "Twos");
    assert!(window.asked().is_empty(), "{:?}", window.asked());
    window.press_button("Save");
    assert!(window.asked().contains(&"SaveSearch Twos: subject 2".to_owned()), "{:?}", window.asked());
    window.meanwhile(|desk| {
        let saved = vec![SavedSearch { id: SearchId(1), name: "Twos".into(), text: "subject 2".into() }];
        desk.hear(Event::Searches(Searches { past: Vec::new(), saved }));
    });
    window.key(Modifiers::NONE, Key::Escape);
    assert!(window.rows().len() > 5, "the mailbox");
    window.click(AccessRole::TreeItem, "Search Twos");
    window.sees("11 messages found");
    assert_eq!(text_of_field(&window), "subject 2");
}

#[test]
fn where_nothing_is_found_a_wider_search_is_offered() {
    let mut window = searching(desk(), "subjects");
    window.sees("No message matches “subjects”");
    window.press_button("Search for “subjec*”");
    assert_eq!(text_of_field(&window), "subjec*");
}

#[test]
fn recipients_are_completed_from_known_people() {
    let mut window = Window::new(desk());
    window.press_button("New message");
    window.type_into("To", "an");
    window.assert_inside(AccessRole::MenuItem, "Ana Duarte, ana@example.net");
    window.key(Modifiers::NONE, Key::ArrowDown);
    window.key(Modifiers::NONE, Key::ArrowDown);
    window.key(Modifiers::NONE, Key::Enter);
    let to = |window: &Window| window.field("To").accesskit_node().value().unwrap_or_default();
    assert_eq!(to(&window), "Anatol <anatol@example.com>, ");
    type_text(&mut window, "du");
    window.key(Modifiers::NONE, Key::Tab);
    assert_eq!(to(&window), "Anatol <anatol@example.com>, Ana Duarte <ana@example.net>, ");
    let written = to(&window);
    assert_eq!(window.desk().model.composer.as_ref().unwrap().draft.to, written);
}
