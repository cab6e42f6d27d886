//! Mailboxes and tags in the window: the sidebar, the chooser, the history, in both themes.

use egui::accesskit::Role as AccessRole;
use egui::{Key, Modifiers, Vec2};
use egui_kittest::Harness;

use super::Window;
use crate::engine::{Deed, Entry, EntryId, Event, Organisation};
use crate::store::types::{Flag, OwnMailbox, OwnMailboxId, Role, Tag, TagId};
use crate::ui::action::{Action, Selecting};
use crate::ui::model::{Choice, Choosing};
use crate::ui::testing::Desk;

const MAILBOXES: [&str; 16] = [
    "Familie",
    "Familie/Übermaß und Straßenbahnfahrkarten für die ganze Verwandtschaft",
    "Projects",
    "Projects/House",
    "Projects/House/Roof",
    "Projects/House/Roof/Tiles",
    "Projects/House/Roof/Tiles/Red",
    "Receipts and invoices of the year 2026, all of them",
    "Квитанции",
    "Αποδείξεις",
    "إيصالات السنة الماضية كلها بلا استثناء",
    "קבלות",
    "रसीदें",
    "ใบเสร็จ",
    "领収書と請求書",
    "영수증",
];

const TAGS: [&str; 9] =
    ["Tax", "Later", "Überfällig", "Wichtig", "срочно", "عاجل", "重要", "an extraordinarily long name of a tag", "x"];

fn organised() -> Organisation {
    let mailboxes = (1..).zip(MAILBOXES).map(|(id, name)| OwnMailbox { id: OwnMailboxId(id), name: name.into() });
    let tags = (1..).zip(TAGS).map(|(id, name)| Tag { id: TagId(id), name: name.into(), color: (id as u8 - 1) % 8 });
    let deeds = [
        (3, Deed::Move { to: Role::Own(OwnMailboxId(4)), name: "Projects/House".into() }),
        (100_000, Deed::Flag { flag: Flag::Seen, on: true }),
        (0, Deed::AddMailbox { ids: vec![OwnMailboxId(9)], name: "Квитанции".into() }),
        (1, Deed::Move { to: Role::Trash, name: String::new() }),
    ];
    let history = deeds.into_iter().zip([9, 8, 7, 6]).map(|((messages, deed), id)| Entry {
        id: EntryId(id),
        at: 1_700_000_000 + id * 3_600,
        deed,
        messages,
        undone: id < 8,
        can_redo: id == 7,
    });
    Organisation { mailboxes: mailboxes.collect(), tags: tags.collect(), history: history.collect() }
}

/// Messages with more and more tags.
fn desk() -> Desk {
    let mut desk = Desk::of(30);
    desk.hear(Event::Organisation(Box::new(organised())));
    desk.act(Action::RowsVisible(0, 30));
    desk.serve();
    for index in 0..9 {
        desk.act(Action::Select { index, how: Selecting::Only });
        desk.act(Action::OpenChooser(Choosing::Tags));
        for tag in 0..=index {
            desk.act(Action::Choose(Choice::Tag(TagId((index + tag) as i64 % 9 + 1))));
        }
        desk.act(Action::CloseChooser);
    }
    desk.act(Action::Select { index: 4, how: Selecting::Only });
    desk.serve();
    desk
}

fn window(theme: egui::Theme, size: Vec2) -> Window {
    // The fonts of the machine that runs this are its own business.
    Window::of(desk(), size, Harness::builder().with_theme(theme).allow_missing_glyphs())
}

#[test]
fn the_sidebar_lists_mailboxes_and_tags_and_opens_them() {
    let mut window = window(egui::Theme::Light, Vec2::new(1280.0, 900.0));
    for name in ["Projects", "Projects/House", "Tag Tax"] {
        assert!(window.has(AccessRole::TreeItem, name), "{name}");
    }
    window.click(AccessRole::TreeItem, "Projects/House");
    assert!(window.asked().iter().any(|asked| asked.starts_with("ListMessages")) || window.shows("Nothing here yet"));
    window.press_button("New mailbox");
    window.type_into("Name", "Boat");
    window.key(Modifiers::NONE, Key::Enter);
    assert!(window.asked().contains(&"AddMailbox { path: \"Boat\" }".to_owned()), "{:?}", window.asked());
}

#[test]
fn the_keyboard_alone_moves_a_message_to_a_mailbox() {
    let mut window = window(egui::Theme::Light, Vec2::new(1280.0, 900.0));
    window.key(Modifiers::NONE, Key::V);
    window.sees("Move to…");
    window.0.event(egui::Event::Text("house".into()));
    window.run();
    window.key(Modifiers::NONE, Key::ArrowDown);
    let done = window.key(Modifiers::NONE, Key::Enter);
    assert_eq!(done, [Action::Choose(Choice::Mailbox(Role::Own(OwnMailboxId(5))))], "the second that fits");
    assert!(window.desk().model.chooser.is_none());
}

#[test]
fn the_keyboard_alone_tags_a_message_and_typing_is_only_typing() {
    let mut window = window(egui::Theme::Light, Vec2::new(1280.0, 900.0));
    window.key(Modifiers::NONE, Key::T);
    window.0.event(egui::Event::Text("tax".into()));
    window.run();
    let done = window.key(Modifiers::NONE, Key::Enter);
    assert_eq!(done, [Action::Choose(Choice::Tag(TagId(1)))]);
    assert!(window.desk().model.chooser.is_some(), "there may be more");
    let done = window.key(Modifiers::NONE, Key::Escape);
    assert_eq!(done, [Action::CloseChooser]);
}

#[test]
fn what_was_done_is_listed_and_undone_by_name() {
    let mut window = window(egui::Theme::Light, Vec2::new(1280.0, 900.0));
    window.desk().act(Action::ShowHistory(true));
    window.run();
    window.sees("Marked 100,000 messages read");
    window.press_button("Undo: Moved 3 messages to Projects/House");
    assert!(window.asked().contains(&"Undo 9".to_owned()), "{:?}", window.asked());
    window.press_button("Do it again");
    assert!(window.asked().contains(&"Redo".to_owned()));
}

#[test]
fn a_screen_reader_hears_the_tags_of_a_row() {
    let window = window(egui::Theme::Light, Vec2::new(1280.0, 900.0));
    assert!(window.rows()[0].ends_with(", tagged Tax"), "{:?}", window.rows()[0]);
}

#[test]
fn where_there_is_little_room_it_is_all_there() {
    for theme in [egui::Theme::Light, egui::Theme::Dark] {
        let mut window = window(theme, Vec2::new(720.0, 460.0));
        window.key(Modifiers::NONE, Key::V);
        window.assert_inside(AccessRole::ListBoxOption, "Familie");
        window.key(Modifiers::NONE, Key::Escape);
        window.desk().act(Action::ShowHistory(true));
        window.run();
        window.assert_inside(AccessRole::Button, "Undo: Marked 100,000 messages read");
        window.press_button("Close");
        for name in ["Move to…", "Tags…", "Undo", "Settings"] {
            window.assert_inside(AccessRole::Button, name);
        }
    }
}
