//! The sections of the sidebar.

use egui::accesskit::Role as AccessRole;
use egui_kittest::kittest::NodeT;

use super::Window;
use crate::ui::action::Action;
use crate::ui::testing::{Desk, HOME, WORK, account};

#[test]
fn a_section_is_folded_by_its_name_and_that_is_kept() {
    let mut window = Window::new(Desk::with(&[account(WORK, "Work"), account(HOME, "Home")], 0));
    let is_open = |window: &Window, name: &str| window.button(name).accesskit_node().data().is_expanded();
    assert_eq!(is_open(&window, "Section Home"), Some(true));
    window.press_button("Section Home");
    assert_eq!(window.done().last(), Some(&Action::FoldSection("account 2".into())));
    assert!(!window.has(AccessRole::TreeItem, "Home, Sent") && window.has(AccessRole::TreeItem, "Work, Sent"));
    assert_eq!(is_open(&window, "Section Home"), Some(false));
    let kept = crate::ui::model::Look::of_kept(&window.desk().model.look.to_keep());
    assert!(kept.folded.contains("account 2"));
    window.press_button("Section Home");
    assert!(window.has(AccessRole::TreeItem, "Home, Sent"));
}
