//! Writing a message, with its widgets.

use egui::accesskit::Role as AccessRole;
use egui::{Key, Modifiers};
use egui_kittest::kittest::NodeT;

use super::Window;
use crate::engine::Event;
use crate::mail::DraftAttachment;
use crate::mail::compose::Answer;
use crate::store::types::MessageKey;
use crate::ui::action::{Action, Selecting};
use crate::ui::testing::{Desk, HOME, WORK, account, failed};

/// A new message in the window.
fn writing() -> Window {
    let mut window = Window::new(Desk::of(2));
    window.press_button("New message");
    window.done();
    window
}

#[test]
fn what_is_typed_is_the_draft() {
    let mut window = writing();
    assert!(window.field("To").is_focused(), "writing begins with the recipient");
    window.press_button("Cc, Bcc");
    let fields = [
        ("To", "bo@example.org"),
        ("Cc", "cy@example.org"),
        ("Bcc", "di@example.org"),
        ("Subject", "Lunch — mañana"),
        ("Text of the message", "At noon?"),
    ];
    for (field, text) in fields {
        window.type_into(field, text);
    }
    let draft = window.desk().model.composer.as_ref().unwrap().draft.clone();
    let typed = [&draft.to, &draft.cc, &draft.bcc, &draft.subject, &draft.body];
    assert_eq!(typed, fields.map(|(_, text)| text));
    let mut done = window.done();
    done.retain(|action| !matches!(action, Action::AskPeople { .. }));
    assert_eq!(done, vec![Action::DraftEdited; 5]);
}

#[test]
fn sending_goes_by_button_or_keys_and_the_composer_closes_when_it_is_in_the_outbox() {
    for by_keys in [false, true] {
        let mut window = writing();
        window.type_into("To", "bo@example.org");
        if by_keys {
            window.key(Modifiers::COMMAND, Key::Enter);
        } else {
            window.press_button("Send");
        }
        assert_eq!(window.asked(), ["QueueDraft new “”"]);
        assert!(window.button("Send").accesskit_node().is_disabled(), "once is enough");
        window.meanwhile(|desk| {
            desk.answer("QueueDraft", Event::Queued { key: MessageKey(1001) });
        });
        assert!(!window.has(AccessRole::Button, "Send"));
        window.sees("In the Outbox");
    }
}

#[test]
fn a_missing_recipient_and_a_refusal_are_told_in_the_composer() {
    let mut window = writing();
    window.press_button("Send");
    window.sees("Who is it for?");
    assert!(window.field("To").is_focused());
    window.type_into("To", "bo@");
    window.press_button("Send");
    window.meanwhile(|desk| {
        desk.answer("QueueDraft", failed("“bo@” is not an address"));
    });
    window.sees("“bo@” is not an address");
    assert_eq!(window.field("To").value().as_deref(), Some("bo@"));
}

#[test]
fn closing_keeps_and_discarding_does_not() {
    for (button, asked) in [("Close; the draft is kept", vec!["SaveDraft new “Lunch”"]), ("Discard the draft", vec![])]
    {
        let mut window = writing();
        window.type_into("Subject", "Lunch");
        window.press_button(button);
        assert_eq!(window.asked(), asked, "{button}");
    }
}

#[test]
fn it_says_when_the_draft_is_not_saved_yet() {
    let mut window = writing();
    assert!(!window.shows("Saving…"));
    window.type_into("Subject", "Lunch");
    window.sees("Saving…");
    window.meanwhile(|desk| {
        desk.tick(100.0);
        desk.answer("SaveDraft", Event::DraftSaved { key: MessageKey(1001) });
    });
    assert!(!window.shows("Saving…"));
}

#[test]
fn attached_files_are_named_with_their_size_and_can_be_taken_off() {
    let mut window = writing();
    assert!(window.has(AccessRole::Button, "Attach…"));
    window.meanwhile(|desk| {
        let file = |name: &str| DraftAttachment { name: name.into(), bytes: vec![0; 4_300], ..Default::default() };
        desk.act(Action::Attach(vec![file("plan.pdf"), file("list.csv")]));
    });
    window.sees("plan.pdf (4 KB)");
    window.press_button("Remove plan.pdf");
    assert!(!window.shows("plan.pdf"));
    window.sees("list.csv (4 KB)");
}

#[test]
fn the_sender_is_chosen_where_there_are_several_accounts() {
    assert!(!writing().shows("From"));
    let mut window = Window::new(Desk::with(&[account(WORK, "Work"), account(HOME, "Home")], 1));
    window.press_button("New message");
    window.sees("ana@example.org (Work)");
    let combo = window.0.root().children_recursive().find(|node| node.accesskit_node().role() == AccessRole::ComboBox);
    combo.expect("a choice").click();
    window.run();
    window.press_button("ana@example.org (Home)");
    assert_eq!(window.desk().model.composer.as_ref().unwrap().account, HOME);
}

#[test]
fn an_answer_is_written_above_what_is_quoted() {
    let mut window = Window::new(Desk::of(2));
    window.meanwhile(|desk| {
        desk.act(Action::Select { index: 0, how: Selecting::Only });
        desk.serve();
        desk.act(Action::Answer(Answer::Reply));
    });
    window.run();
    assert!(window.field("Text of the message").is_focused());
    window.field("Text of the message").type_text("Yes, gladly.");
    window.run();
    let body = window.desk().model.composer.as_ref().unwrap().draft.body.clone();
    assert!(body.starts_with("Yes, gladly."), "{body}");
    assert!(body.contains("> Text of message 2."), "{body}");
}

#[test]
fn it_goes_into_a_window_of_its_own_and_back_with_what_was_typed() {
    let mut window = writing();
    window.type_into("Subject", "Lunch");
    for (button, other) in
        [("In a window of its own", "Back into the window"), ("Back into the window", "In a window of its own")]
    {
        window.press_button(button);
        assert!(window.has(AccessRole::Button, other));
        assert_eq!(window.field("Subject").value().as_deref(), Some("Lunch"));
    }
}

#[test]
fn files_chosen_in_the_systems_dialog_are_attached_when_they_come() {
    let mut window = writing();
    window.run();
    // Of two that are open at once neither is forgotten.
    for name in ["plan.pdf", "map.png"] {
        let chosen = vec![DraftAttachment { name: name.into(), ..Default::default() }];
        window.0.state_mut().view.asides.begin("dialog", move || Some(Action::Attach(chosen)));
    }
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !(window.shows("plan.pdf") && window.shows("map.png")) && std::time::Instant::now() < end {
        window.run();
    }
    window.sees("map.png (0 bytes)");
    window.meanwhile(|desk| {
        desk.act(Action::CouldNotAttach("photos: Is a directory (os error 21)".into()));
    });
    window.sees("Nothing was attached: photos: Is a directory");
    window.sees("plan.pdf (0 bytes)");
}

#[test]
fn letters_typed_into_a_field_are_letters_and_not_shortcuts() {
    let mut window = writing();
    window.field("Subject").focus();
    window.run();
    for key in [Key::E, Key::J, Key::R, Key::S, Key::U, Key::G, Key::Delete, Key::End] {
        let done = window.key(Modifiers::NONE, key);
        assert!(done.iter().all(|action| *action == Action::DraftEdited), "{key:?}: {done:?}");
    }
}
