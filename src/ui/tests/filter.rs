//! The switches above the list.

use egui::accesskit::{Role as AccessRole, Toggled};
use egui::{Key, Modifiers, Vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::NodeT;

use super::Window;
use crate::engine::{Event, Organisation};
use crate::store::types::{Filter, Flag, Flags, MessageKey, Role, Tag, TagId};
use crate::ui::action::Action;
use crate::ui::testing::{Desk, view};

/// Six messages, every second one read; the first tag is on none.
fn desk() -> Desk {
    let mut desk = Desk::of(6);
    for n in [2, 4, 6] {
        desk.flags.insert(MessageKey(n), Flags::default().with(Flag::Seen, true));
    }
    let tags = [(1, "Tax"), (2, "Later")].map(|(id, name)| Tag { id: TagId(id), name: name.into(), color: 2 });
    desk.hear(Event::Organisation(Box::new(Organisation { tags: tags.into(), ..Organisation::default() })));
    desk.hear(Event::MailChanged);
    desk.serve();
    desk
}

fn is_on(window: &Window, name: &str) -> bool {
    window.button(name).accesskit_node().toggled() == Some(Toggled::True)
}

#[test]
fn one_click_shows_only_what_is_unread_and_one_more_shows_all() {
    let mut window = Window::new(desk());
    window.press_button("Unread");
    assert!(is_on(&window, "Unread") && !is_on(&window, "Starred"));
    assert_eq!(window.rows().len(), 3);
    window.sees("3 of 6");
    window.press_button("Unread");
    assert_eq!(window.rows().len(), 6);
    assert!(!window.has(AccessRole::Button, "Show all"));
}

#[test]
fn the_keyboard_turns_the_filter_on_and_off() {
    let mut window = Window::new(desk());
    let unread = Filter { unread: true, ..Filter::default() };
    assert_eq!(window.key(Modifiers::COMMAND, Key::L), [Action::Filter(unread)]);
    assert_eq!(window.rows().len(), 3);
    window.desk().model.is_dragging = true;
    assert_eq!(window.key(Modifiers::NONE, Key::Escape), [], "what is dragged out is broken off, and nothing else");
    window.desk().model.is_dragging = false;
    assert_eq!(window.key(Modifiers::NONE, Key::Escape), [Action::Filter(Filter::default())]);
    assert_eq!(window.rows().len(), 6);
}

#[test]
fn where_the_filter_hides_all_it_says_so_and_offers_to_show_it() {
    let mut window = Window::new(desk());
    window.press_button("Starred");
    window.press_button("Unread");
    window.sees("Only what is unread and is starred is shown. 6 messages are hidden.");
    window.press_button("Show everything");
    assert_eq!(window.rows().len(), 6);
}

#[test]
fn tags_are_ticked_one_after_the_other() {
    let mut window = Window::new(desk());
    window.press_button("Tag");
    window.click(AccessRole::CheckBox, "Tax");
    window.click(AccessRole::CheckBox, "Later");
    assert!(is_on(&window, "2 tags"));
    window.click(AccessRole::CheckBox, "Tax");
    window.sees("Only what is tagged Later is shown.");
}

#[test]
fn what_was_written_here_is_not_asked_whether_it_is_unread() {
    let mut window = Window::new(desk());
    window.meanwhile(|desk| {
        desk.act(Action::ShowMailbox(view(Role::Sent)));
    });
    assert!(window.has(AccessRole::Button, "Starred") && !window.has(AccessRole::Button, "Unread"));
}

#[test]
fn in_a_narrow_window_the_switches_are_all_there() {
    let builder = Harness::builder().with_theme(egui::Theme::Light);
    let mut window = Window::of(desk(), Vec2::new(720.0, 460.0), builder);
    window.press_button("Unread");
    for name in ["Unread", "Starred", "Attachment", "Tag", "Show all"] {
        window.assert_inside(AccessRole::Button, name);
    }
}
