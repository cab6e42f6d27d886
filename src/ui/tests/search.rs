//! The search field and what it finds.

use egui::accesskit::Role as AccessRole;
use egui::{Key, Modifiers, Vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::NodeT;

use super::Window;
use crate::engine::Event;
use crate::store::types::{MessageKey, Role};
use crate::ui::action::Action;
use crate::ui::testing::Desk;

/// Types into the field that has the keyboard.
fn type_text(window: &mut Window, text: &str) {
    for letter in text.chars() {
        window.0.event(egui::Event::Text(letter.into()));
        window.run();
    }
}

fn searching(desk: Desk, text: &str) -> Window {
    let mut window = Window::new(desk);
    window.key(Modifiers::COMMAND, Key::F);
    type_text(&mut window, text);
    window
}

#[test]
fn ctrl_f_and_slash_bring_the_keyboard_to_the_field() {
    for (modifiers, key) in [(Modifiers::COMMAND, Key::F), (Modifiers::NONE, Key::Slash)] {
        let mut window = Window::new(Desk::of(3));
        assert_eq!(window.key(modifiers, key), [Action::FocusSearch]);
        assert!(window.field("Search").accesskit_node().is_focused(), "{key:?}");
        type_text(&mut window, "e#");
        assert_eq!(
            window.done(),
            [Action::Search("e".into()), Action::Search("e#".into())],
            "letters are letters there"
        );
    }
}

#[test]
fn results_come_while_it_is_typed_and_are_counted() {
    let mut window = searching(Desk::of(30), "subject 2");
    let rows = window.rows();
    assert!(!rows.is_empty() && rows.iter().all(|row| row.contains("Subject 2")), "{rows:?}");
    window.sees("Results");
    window.sees("11 messages found");
    type_text(&mut window, "7");
    assert_eq!(window.rows(), ["unread, Sender 27, Subject 27"]);
    window.sees("1 message found");
}

#[test]
fn escape_empties_the_field_and_shows_the_mailbox() {
    let mut window = searching(Desk::of(3), "subject 2");
    assert_eq!(window.rows().len(), 1);
    assert_eq!(window.key(Modifiers::NONE, Key::Escape), [Action::EndSearch]);
    assert_eq!(window.rows().len(), 3);
    let mut window = searching(Desk::of(3), "subject 2");
    window.press_button("End the search");
    assert_eq!(window.rows().len(), 3);
    assert!(!window.has(AccessRole::Button, "End the search"));
}

#[test]
fn down_and_enter_lead_from_the_field_into_the_results_where_keys_act() {
    for key in [Key::ArrowDown, Key::Enter] {
        let mut window = searching(Desk::of(30), "subject 2");
        window.key(Modifiers::NONE, key);
        window.sees("Text of message 29.");
        window.key(Modifiers::NONE, Key::J);
        window.sees("Text of message 28.");
        assert!(window.key(Modifiers::NONE, Key::E).contains(&Action::MoveSelected(Role::Archive)));
        window.sees("Text of message 27.");
        assert!(window.asked().contains(&"MoveFound 28 to Archive".to_owned()), "{:?}", window.asked());
    }
}

#[test]
fn a_result_says_where_it_lies() {
    let mut desk = Desk::of(2);
    desk.places.insert(MessageKey(2), Role::Trash);
    desk.hear(Event::MailChanged);
    desk.serve();
    let window = searching(desk, "subject");
    assert_eq!(window.rows(), ["unread, Sender 2, Subject 2, in Trash", "unread, Sender 1, Subject 1"]);
}

#[test]
fn where_to_search_is_a_click() {
    let mut desk = Desk::of(2);
    desk.places.insert(MessageKey(2), Role::Trash);
    let mut window = searching(desk, "subject");
    assert_eq!(window.rows().len(), 2);
    window.press_button("Inbox");
    assert_eq!(window.rows(), ["unread, Sender 1, Subject 1"]);
    window.press_button("Everywhere");
    assert_eq!(window.rows().len(), 2);
}

#[test]
fn where_nothing_is_found_the_list_says_so_with_a_hint() {
    let mut window = searching(Desk::of(3), "zebra");
    window.sees("No message matches “zebra”");
    window.sees("Try fewer words");
    window.sees("Nothing found");
    window.meanwhile(|desk| {
        desk.to_index = 1200;
        desk.hear(Event::Indexed { left: 1200 });
    });
    window.sees("Not all messages can be found yet");
    window.sees("1,200 not searched yet");
}

#[test]
fn what_cannot_be_understood_is_said_below_its_place() {
    let mut window = searching(Desk::of(3), "subject 2 form:ana");
    window.sees("“form:” is nothing to search by: did you mean “from:”?");
    let field = window.field("Search").rect();
    let said = window
        .0
        .root()
        .children_recursive()
        .find(|node| node.accesskit_node().value().is_some_and(|value| value.contains("did you mean")));
    let said = said.expect("the words are there").rect();
    assert!(said.top() > field.bottom() && said.left() > field.left(), "{said:?} is not below {field:?}");
    window.key(Modifiers::COMMAND, Key::F);
    for _ in 0.."form:ana".len() {
        window.key(Modifiers::NONE, Key::Backspace);
    }
    assert!(!window.shows("did you mean"));
}

#[test]
fn in_the_smallest_window_the_field_has_room_and_so_do_the_words() {
    for theme in [egui::Theme::Light, egui::Theme::Dark] {
        let builder = Harness::builder().with_theme(theme).with_accessibility_check(true);
        let mut window = Window::of(Desk::of(3), Vec2::new(720.0, 460.0), builder);
        window.key(Modifiers::COMMAND, Key::F);
        let field = window.field("Search").rect();
        assert!(window.0.ctx.content_rect().contains_rect(field) && field.width() >= 60.0, "{field:?}");
        type_text(&mut window, "a form:b");
        window.sees("did you mean");
        for button in ["End the search", "Settings", "Everywhere", "Undo"] {
            window.assert_inside(AccessRole::Button, button);
        }
        let (close, settings) = (window.button("End the search").rect(), window.button("Settings").rect());
        assert!(!close.intersects(settings.shrink(0.5)), "{close:?} lies on {settings:?}");
    }
}
