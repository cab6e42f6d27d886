//! The list as a table, and what lies over the row under the pointer.

use egui::accesskit::{Role as AccessRole, SortDirection};
use egui::{Event, Modifiers, PointerButton, Pos2, Vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::NodeT;

use super::Window;
use crate::store::types::{Flag, MessageKey, Role, SortBy, SortOrder};
use crate::ui::action::Action;
use crate::ui::model::{ColumnOf, Density};
use crate::ui::testing::{Desk, HOME, WORK, account};

fn table() -> Window {
    let mut window = Window::new(Desk::with(&[account(WORK, "Work"), account(HOME, "Home")], 60));
    window.meanwhile(|desk| {
        desk.act(Action::SetDensity(Density::Compact));
    });
    window
}

fn names(window: &mut Window) -> Vec<&'static str> {
    window.desk().model.look.columns.0.iter().map(|column| column.what.name()).collect()
}

/// Where a column's name is.
fn head(window: &Window, name: &str) -> Pos2 {
    window.find(AccessRole::ColumnHeader, name).rect().center()
}

fn drag(window: &mut Window, from: Pos2, to: Pos2) {
    let button = |pos, pressed| Event::PointerButton {
        pos,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    window.0.event(Event::PointerMoved(from));
    window.0.event(button(from, true));
    window.0.step();
    for part in 1..=4 {
        window.0.event(Event::PointerMoved(from + (to - from) * (part as f32 / 4.0)));
        window.0.step();
    }
    window.0.event(button(to, false));
    window.run();
}

#[test]
fn one_line_a_message_shows_twice_as_many() {
    let mut window = Window::new(Desk::of(60));
    let cards = window.rows().len();
    window.press_button("View");
    window.click(AccessRole::RadioButton, "Compact: one line");
    assert!(window.rows().len() >= 2 * cards, "{} of {cards}", window.rows().len());
    assert_eq!(window.rows()[0], "unread, Sender 60, Subject 60");
}

#[test]
fn a_click_on_a_columns_name_puts_the_list_in_order_and_turns_it_round() {
    let mut window = table();
    let direction = |window: &Window, name: &str| {
        window.find(AccessRole::ColumnHeader, name).accesskit_node().data().sort_direction()
    };
    assert_eq!(direction(&window, "Date"), Some(SortDirection::Descending));
    for (name, by, reversed, arrow) in [
        ("Sender", SortBy::Sender, false, SortDirection::Ascending),
        ("Sender", SortBy::Sender, true, SortDirection::Descending),
        ("Date", SortBy::Date, false, SortDirection::Descending),
        ("Date", SortBy::Date, true, SortDirection::Ascending),
    ] {
        window.done();
        window.click(AccessRole::ColumnHeader, name);
        assert!(window.done().contains(&Action::Sort(SortOrder { by, reversed })), "{name}");
        assert_eq!(direction(&window, name), Some(arrow));
    }
    assert!(window.rows()[0].ends_with("Subject 1"), "{:?}", window.rows());
}

#[test]
fn columns_are_chosen_from_a_menu() {
    let mut window = table();
    window.press_button("View");
    for name in ["Account", "Size", "Sender"] {
        window.click(AccessRole::CheckBox, name);
    }
    assert_eq!(names(&mut window), ["Subject", "Account", "Size", "Date"]);
    assert!(window.has(AccessRole::ColumnHeader, "Account") && !window.has(AccessRole::ColumnHeader, "Sender"));
}

#[test]
fn a_column_is_dragged_to_another_place_and_its_edge_to_another_width() {
    let mut window = table();
    let (date, sender) = (head(&window, "Date"), head(&window, "Sender"));
    drag(&mut window, date, sender - Vec2::new(30.0, 0.0));
    assert_eq!(names(&mut window), ["Date", "Sender", "Subject"]);
    let before = window.find(AccessRole::ColumnHeader, "Sender").rect();
    drag(&mut window, before.right_center(), before.right_center() + Vec2::new(40.0, 0.0));
    let after = window.find(AccessRole::ColumnHeader, "Sender").rect();
    assert!((after.width() - before.width() - 40.0).abs() < 6.0, "{before:?} became {after:?}");
    let kept = window.desk().model.look.to_keep();
    assert_eq!(crate::ui::model::Look::of_kept(&kept), window.desk().model.look);
}

#[test]
fn a_narrow_window_has_room_for_a_table_of_all_columns() {
    let builder = Harness::builder().with_theme(egui::Theme::Light);
    let mut window = Window::of(Desk::of(60), Vec2::new(720.0, 460.0), builder);
    window.meanwhile(|desk| {
        desk.act(Action::SetDensity(Density::Compact));
        let missing = ColumnOf::ALL.into_iter().filter(|what| !desk.model.look.columns.has(*what)).collect::<Vec<_>>();
        for what in missing {
            let columns = desk.model.look.columns.clone().with_turned(what);
            desk.act(Action::SetColumns(columns));
        }
    });
    for what in ColumnOf::ALL {
        window.assert_inside(AccessRole::ColumnHeader, what.name());
    }
}

#[test]
fn over_the_row_under_the_pointer_lies_what_can_be_done_to_it_alone() {
    for density in [Density::Comfortable, Density::Compact] {
        let mut window = Window::new(Desk::of(9));
        window.meanwhile(|desk| {
            desk.act(Action::SetDensity(density));
        });
        assert!(!window.has(AccessRole::Button, "Archive this"));
        let row = |window: &Window| window.find(AccessRole::ListBoxOption, "unread, Sender 7, Subject 7").rect();
        let place = row(&window);
        window.find(AccessRole::ListBoxOption, "unread, Sender 7, Subject 7").hover();
        window.run();
        for name in ["Star this", "Mark this as read", "Archive this", "Delete this"] {
            assert!(place.contains_rect(window.button(name).rect()), "“{name}” is beside its row");
        }
        assert_eq!(row(&window), place, "nothing moves");
        window.press_button("Star this");
        window.press_button("Mark this as read");
        let flags = window.desk().model.messages.row(MessageKey(7)).unwrap().flags;
        assert!(flags.has(Flag::Starred) && flags.has(Flag::Seen));
        window.done();
        window.press_button("Delete this");
        assert_eq!(window.done(), [Action::MoveOne(MessageKey(7), Role::Trash)]);
        assert!(window.asked().contains(&"MoveMessages 7 to Trash".to_owned()), "{:?}", window.asked());
        assert!(window.desk().model.messages.selected.is_empty(), "nothing was selected, and nothing is");
    }
}
