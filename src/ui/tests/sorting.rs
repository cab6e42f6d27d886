//! The order of the list, at its head.

use egui::accesskit::Role as AccessRole;
use egui::{Key, Modifiers, Vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::NodeT;

use super::Window;
use crate::store::types::{SortBy, SortOrder};
use crate::ui::action::Action;
use crate::ui::testing::Desk;

#[test]
fn the_order_is_chosen_from_a_menu_and_said_at_the_head_of_the_list() {
    let mut window = Window::new(Desk::of(12));
    for (menu, chosen, face, first) in [
        ("Order: Newest first", "Subject", "Order: By subject", "Subject 1"),
        ("Order: By subject", "Z to A", "Order: Subject, Z to A", "Subject 9"),
        ("Order: Subject, Z to A", "Size", "Order: Largest first", "Subject 12"),
        ("Order: Largest first", "Date", "Order: Newest first", "Subject 12"),
    ] {
        window.press_button(menu);
        window.press_button(chosen);
        window.button(face);
        assert!(window.rows()[0].ends_with(first), "{chosen}: {:?}", window.rows());
    }
}

#[test]
fn the_order_is_reached_by_the_keyboard_alone() {
    let mut window = Window::new(Desk::of(12));
    let focused = |window: &Window| {
        let focused = window.0.root().children_recursive().find(|node| node.accesskit_node().is_focused());
        focused.and_then(|node| node.accesskit_node().label()).unwrap_or_default()
    };
    let go_to = |window: &mut Window, name: &str| {
        let found = (0..60).any(|_| {
            window.key(Modifiers::NONE, Key::Tab);
            focused(window) == name
        });
        assert!(found, "Tab does not lead to “{name}”");
    };
    go_to(&mut window, "Order: Newest first");
    window.key(Modifiers::NONE, Key::Enter);
    go_to(&mut window, "Sender");
    let done = window.key(Modifiers::NONE, Key::Enter);
    assert!(done.contains(&Action::Sort(SortOrder { by: SortBy::Sender, reversed: false })), "{done:?}");
}

#[test]
fn in_a_narrow_window_the_order_and_the_counts_are_not_cut() {
    let mut window =
        Window::of(Desk::of(30), Vec2::new(720.0, 460.0), Harness::builder().with_theme(egui::Theme::Light));
    window.assert_inside(AccessRole::Button, "Order: Newest first");
    window.press_button("Order: Newest first");
    for choice in ["Date", "Sender", "Subject", "Size", "Newest first", "Oldest first"] {
        window.assert_inside(AccessRole::Button, choice);
    }
}
