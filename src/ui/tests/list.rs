//! The sidebar, the list and the toolbar.

use egui::accesskit::Role as AccessRole;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};

use super::Window;
use crate::engine::{Event, Stage, Visit};
use crate::mail::compose::Answer;
use crate::store::types::{Flag, Flags, MailboxView, MessageKey, OutboxState, Part, Role};
use crate::ui::action::{Action, Selecting};
use crate::ui::testing::{Desk, HOME, WORK, account, view, visit};

fn is_enabled(window: &Window, name: &str) -> bool {
    !window.button(name).accesskit_node().is_disabled()
}

/// A row by its number: its words are “unread, Sender n, Subject n”.
fn row(window: &Window, n: i64) -> egui_kittest::Node<'_> {
    let end = format!(", Subject {n}");
    let is_row = move |node: &egui_kittest::kittest::AccessKitNode<'_>| {
        node.role() == AccessRole::ListBoxOption && node.label().is_some_and(|label| label.ends_with(&end))
    };
    window.0.get_by(is_row)
}

#[test]
fn of_a_hundred_thousand_messages_only_the_visible_ones_are_built() {
    let mut window = Window::new(Desk::of(100_000));
    let rows = window.rows();
    assert!((8..=16).contains(&rows.len()), "{rows:?}");
    assert_eq!(rows[0], "unread, Sender 100000, Subject 100000");

    window.key(Modifiers::NONE, Key::End);
    let rows = window.rows();
    assert!((8..=16).contains(&rows.len()), "{rows:?}");
    assert!(rows.last().unwrap().ends_with("Sender 1, Subject 1"), "{rows:?}");
    window.key(Modifiers::NONE, Key::Home);
    assert!(window.rows()[0].ends_with("Subject 100000"));
}

#[test]
fn the_wheel_goes_through_the_list_and_text_comes_with_it() {
    let mut window = Window::new(Desk::of(1_000));
    row(&window, 1_000).hover();
    for _ in 0..10 {
        window.0.event(egui::Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            delta: egui::Vec2::new(0.0, -1_000.0),
            modifiers: Modifiers::NONE,
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Wheel,
        });
        window.run();
    }
    let rows = window.rows();
    assert!(rows.iter().all(|row| row.contains("Subject")), "none is still loading: {rows:?}");
    assert!(!rows[0].ends_with("Subject 1000"), "{rows:?}");
}

#[test]
fn a_row_says_who_what_and_whether_it_is_unread() {
    let mut desk = Desk::of(3);
    desk.flags.insert(MessageKey(1), Flags::default().with(Flag::Seen, true));
    desk.raw.insert(MessageKey(3), "From: Ole <ole@example.net>\r\n\r\nNo subject.\r\n".into());
    desk.hear(Event::MailChanged);
    desk.serve();
    let spoken = ["unread, Ole, (no subject)", "unread, Sender 2, Subject 2", "Sender 1, Subject 1"];
    assert_eq!(Window::new(desk).rows(), spoken);
}

#[test]
fn a_click_selects_ctrl_adds_shift_extends() {
    let mut window = Window::new(Desk::of(5));
    window.done();
    for (n, modifiers, index, how, selected) in [
        (4, Modifiers::NONE, 1, Selecting::Only, vec![4]),
        (2, Modifiers::COMMAND, 3, Selecting::Toggle, vec![4, 2]),
        (1, Modifiers::SHIFT, 4, Selecting::Range, vec![2, 1]),
    ] {
        row(&window, n).click_modifiers(modifiers);
        window.run();
        assert_eq!(window.done(), [Action::Select { index, how }]);
        let chosen: Vec<i64> = window.desk().model.messages.chosen().iter().map(|key| key.0).collect();
        assert_eq!(chosen, selected);
        let told = (1..=5).rev().filter(|&n| row(&window, n).accesskit_node().is_selected() == Some(true));
        assert_eq!(told.collect::<Vec<_>>(), selected, "a screen reader is told");
    }
    window.sees("2 selected");
}

#[test]
fn a_click_by_assistive_technology_selects_too() {
    let mut window = Window::new(Desk::of(5));
    row(&window, 3).click_accesskit();
    window.run();
    window.sees("Text of message 3.");
}

#[test]
fn the_buttons_for_messages_need_a_message() {
    let mut window = Window::new(Desk::of(3));
    let for_messages = ["Reply", "Reply to all", "Forward", "Archive", "Delete"];
    for name in for_messages {
        assert!(!is_enabled(&window, name), "{name}");
    }
    for name in ["Get mail", "New message", "Settings"] {
        assert!(is_enabled(&window, name), "{name}");
    }
    assert!(!is_enabled(&window, "Undo"));
    row(&window, 3).click();
    window.run();
    for name in for_messages {
        assert!(is_enabled(&window, name), "{name}");
    }
}

#[test]
fn each_button_does_what_it_is_called() {
    for (name, action) in [
        ("Get mail", Action::GetMail),
        ("New message", Action::Compose),
        ("Reply", Action::Answer(Answer::Reply)),
        ("Reply to all", Action::Answer(Answer::ReplyAll)),
        ("Forward", Action::Answer(Answer::Forward)),
        ("Archive", Action::MoveSelected(Role::Archive)),
        ("Delete", Action::MoveSelected(Role::Trash)),
        ("Settings", Action::OpenSettings),
        ("Shortcuts  ?", Action::ShowHelp(true)),
    ] {
        let mut window = Window::new(Desk::of(3));
        row(&window, 3).click();
        window.run();
        window.done();
        window.press_button(name);
        assert_eq!(window.done(), [action], "{name}");
    }
}

#[test]
fn without_an_account_there_is_nothing_to_write_with() {
    assert!(!is_enabled(&Window::new(Desk::with(&[], 0)), "New message"));
}

#[test]
fn while_a_line_is_open_the_button_hangs_up_and_the_foot_says_how_far_it_is() {
    let mut window = Window::new(Desk::of(3));
    window.press_button("Get mail");
    assert!(!window.has(AccessRole::Button, "Get mail"));
    window.meanwhile(|desk| {
        desk.hear(Event::VisitProgress(Visit { planned: 20, new: 7, ..visit(WORK, Stage::Fetching) }));
    });
    window.sees("7 of 20 messages");
    window.press_button("Stop");
    assert!(window.asked().contains(&"Stop".to_owned()));
    window.meanwhile(|desk| {
        desk.hear(Event::VisitEnded(Visit { new: 7, bytes: 9_000, ..visit(WORK, Stage::Closed) }));
        desk.answer("GetMail", Event::Done);
    });
    window.sees("Line closed. 7 new messages, 9 KB");
    assert!(window.has(AccessRole::Button, "Get mail"));
}

#[test]
fn an_archived_message_goes_and_can_be_brought_back_from_the_words_at_the_foot() {
    let mut window = Window::new(Desk::of(3));
    row(&window, 3).click();
    window.run();
    window.press_button("Archive");
    assert_eq!(window.rows().len(), 2);
    window.meanwhile(|desk| {
        desk.answer("MoveMessages", Event::Moved(Vec::new()));
    });
    window.sees("Archived");
    window.done();
    let undo = window.0.get_all_by_role_and_label(AccessRole::Button, "Undo").last().unwrap();
    undo.click();
    window.run();
    assert_eq!(window.done(), [Action::Undo]);
}

#[test]
fn the_sidebar_names_mailboxes_with_what_is_unread_or_waits() {
    let mut desk = Desk::of(4);
    desk.places.extend([(MessageKey(1), Role::Outbox), (MessageKey(2), Role::Drafts)]);
    desk.hear(Event::MailChanged);
    desk.serve();
    let mut window = Window::new(desk);
    for name in ["Inbox, 2", "Drafts, 1", "Outbox, 1", "Sent", "Archive", "Junk", "Trash"] {
        assert!(window.has(AccessRole::TreeItem, name), "{name}");
    }
    window.done();
    window.click(AccessRole::TreeItem, "Drafts, 1");
    assert_eq!(window.done(), [Action::ShowMailbox(view(Role::Drafts))]);
    window.press_button("Send what waits in the Outbox");
    assert_eq!(window.done(), [Action::SendOutbox]);
}

#[test]
fn with_several_accounts_each_has_its_mailboxes() {
    let mut window = Window::new(Desk::with(&[account(WORK, "Work"), account(HOME, "Home")], 0));
    window.sees("All accounts");
    window.done();
    window.click(AccessRole::TreeItem, "Home, Sent");
    assert_eq!(window.done(), [Action::ShowMailbox(MailboxView { role: Role::Sent, account: Some(HOME) })]);
}

#[test]
fn an_empty_mailbox_says_so() {
    let mut window = Window::new(Desk::of(0));
    for (mailbox, words) in [
        ("Inbox", "Nothing here yet"),
        ("Drafts", "No drafts"),
        ("Outbox", "Nothing waits"),
        ("Sent", "Nothing sent yet"),
        ("Archive", "Nothing archived yet"),
        ("Junk", "No junk"),
        ("Trash", "Trash is empty"),
    ] {
        window.click(AccessRole::TreeItem, mailbox);
        window.sees(words);
    }
}

#[test]
fn the_menu_of_a_row_is_about_that_row() {
    let mut window = Window::new(Desk::of(3));
    row(&window, 2).click_secondary();
    window.run();
    window.press_button("Junk");
    assert_eq!(window.asked(), ["MoveMessages 2 to Junk"]);
}

#[test]
fn the_rest_of_messages_that_are_here_in_part_is_asked_for_from_their_menu() {
    let mut desk = Desk::of(3);
    desk.parts.extend([(MessageKey(2), Part::Header), (MessageKey(3), Part::Excerpt)]);
    desk.hear(Event::MailChanged);
    desk.serve();
    let mut window = Window::new(desk);
    let one = "Get the whole message with the next visit";
    row(&window, 1).click_secondary();
    window.run();
    assert!(!window.has(AccessRole::Button, one), "it is here");
    window.key(Modifiers::NONE, Key::Escape);
    let partial = |window: &Window, n: i64| {
        let start = format!("unread, Sender {n}, Subject {n}, only its");
        window.rows().iter().any(|row| row.starts_with(&start))
    };
    assert!(partial(&window, 2) && partial(&window, 3), "{:?}", window.rows());
    window.meanwhile(|desk| {
        desk.act(Action::Select { index: 1, how: Selecting::Only });
    });
    let second = window.rows()[1].clone();
    window.find(AccessRole::ListBoxOption, &second).click_secondary();
    window.run();
    window.press_button(one);
    assert_eq!(window.done().last(), Some(&Action::CompleteSelected));
    window.key(Modifiers::COMMAND, Key::A);
    let second = window.rows()[1].clone();
    window.find(AccessRole::ListBoxOption, &second).click_secondary();
    window.run();
    window.press_button("Get the whole messages with the next visit");
    let wishes: Vec<String> = window.asked().into_iter().filter(|asked| asked.starts_with("WishOf")).collect();
    assert_eq!(
        wishes,
        [
            "WishOf { keys: [MessageKey(2)], wish: Some(Get) }",
            "WishOf { keys: [MessageKey(3), MessageKey(2)], wish: Some(Get) }"
        ]
    );
}

#[test]
fn a_double_click_opens_a_draft_and_no_other_message() {
    for (place, asked) in [(Role::Inbox, vec![]), (Role::Drafts, vec!["OpenDraft 1"])] {
        let mut desk = Desk::of(1);
        desk.places.insert(MessageKey(1), place);
        desk.hear(Event::MailChanged);
        desk.act(Action::ShowMailbox(view(place)));
        desk.serve();
        let mut window = Window::new(desk);
        let row = window.0.get_by_role(AccessRole::ListBoxOption);
        row.click();
        row.click();
        window.run();
        assert_eq!(window.asked(), asked, "{place}");
    }
}

#[test]
fn a_refused_message_of_the_outbox_says_why_and_can_go_once_more() {
    let mut desk = Desk::of(1);
    desk.places.insert(MessageKey(1), Role::Outbox);
    desk.outbox.insert(MessageKey(1), OutboxState::Refused("550 no such user".into()));
    desk.hear(Event::MailChanged);
    desk.serve();
    let mut window = Window::new(desk);
    window.click(AccessRole::TreeItem, "Outbox, 1");
    window.0.get_by_role(AccessRole::ListBoxOption).click();
    window.run();
    window.sees("The server refused this message. It said: 550 no such user");
    window.press_button("Send once more");
    assert_eq!(window.asked(), ["RetryOutgoing 1"]);
}
