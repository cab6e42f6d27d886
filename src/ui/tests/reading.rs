//! The open message: who, what, what to be careful about, its text and what is attached.

use std::path::PathBuf;

use egui::accesskit::Role as AccessRole;
use egui_kittest::kittest::NodeT;

use super::Window;
use crate::engine::Event;
use crate::store::types::{Flag, Flags, MessageKey, Part};
use crate::ui::action::{Action, Selecting};
use crate::ui::testing::Desk;

/// The window with a message of these octets open.
fn reading(raw: &str) -> Window {
    let mut desk = Desk::of(2);
    desk.raw.insert(MessageKey(2), raw.replace('\n', "\r\n"));
    let mut window = Window::new(desk);
    open(&mut window, 0);
    window
}

fn open(window: &mut Window, index: usize) {
    window.meanwhile(|desk| {
        desk.act(Action::Select { index, how: Selecting::Only });
    });
    window.done();
}

const PARCEL: &str = "From: Ole Brandt <ole@example.net>
To: ana@example.org
Cc: Bo <bo@example.org>
Date: Tue, 14 Nov 2023 22:13:20 +0000
Subject: Plans for the pouch
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=utf-8

See https://example.org/plans for all.
> an older word
-- 
Ole
--b
Content-Type: application/pdf; name=plan.pdf
Content-Disposition: attachment; filename=plan.pdf

%PDF
--b
Content-Type: text/csv; name=list.csv
Content-Disposition: attachment; filename=list.csv

a;b
--b--
";

#[test]
fn nothing_is_read_until_a_message_is_chosen() {
    let mut window = Window::new(Desk::of(3));
    window.sees("Choose a message to read it");
    open(&mut window, 0);
    assert!(!window.shows("Choose a message"));
    window.meanwhile(|desk| {
        desk.act(Action::SelectAll);
    });
    window.sees("3 selected");
}

#[test]
fn the_head_says_who_wrote_what_to_whom() {
    let window = reading(PARCEL);
    for words in [
        "Plans for the pouch",
        "Ole Brandt <ole@example.net>",
        "to ana@example.org",
        "cc Bo <bo@example.org>",
        "November 2023",
    ] {
        window.sees(words);
    }
}

#[test]
fn a_message_without_a_subject_or_a_sender_is_shown_all_the_same() {
    for raw in ["\n\nOnly text.\n", "Subject: \nFrom: \n\nOnly text.\n", "no header at all"] {
        let window = reading(raw);
        window.sees("(no subject)");
    }
}

#[test]
fn the_text_is_shown_with_quotes_and_signature() {
    let window = reading(PARCEL);
    for words in ["for all.", "an older word", "Ole"] {
        window.sees(words);
    }
}

#[test]
fn what_a_careful_friend_would_point_out_stands_above_the_text() {
    let window = reading("From: \"ceo@example.org\" <thief@example.net>\nSubject: Urgent\n\nPay.\n");
    assert!(window.has(AccessRole::Image, "Warning"), "{:#?}", window.words());
    window.sees("thief@example.net");
    let quiet = reading("From: Ole <ole@example.net>\nTo: ana@example.org\nSubject: Hello\n\nHello.\n");
    assert!(!quiet.has(AccessRole::Image, "Warning"), "{:#?}", quiet.words());
}

#[test]
fn attachments_are_named_and_saved_by_their_number() {
    let mut window = reading(PARCEL);
    window.sees("2 attachments");
    for (name, expected) in [("Save plan.pdf", Some(0)), ("Save list.csv", Some(1)), ("Save all", None)] {
        window.done();
        window.press_button(name);
        match window.done().as_slice() {
            [Action::SaveAttachments { index, .. }] => assert_eq!(*index, expected, "{name}"),
            // Where there is no folder for it the person is asked for one.
            other => assert!(other.is_empty(), "{name}: {other:?}"),
        }
    }
    window.meanwhile(|desk| {
        desk.hear(crate::engine::Event::Saved { files: vec![PathBuf::from("folder/plan.pdf")] });
    });
    window.sees("Saved folder/plan.pdf");
}

/// Clicks into the line with these words, where a link in it begins.
fn click_line(window: &mut Window, words: &str) -> Vec<Action> {
    let lines: Vec<egui::Rect> = {
        let said = |node: &egui_kittest::Node<'_>| {
            let node = node.accesskit_node();
            node.role() == AccessRole::Label && node.value().is_some_and(|value| value.contains(words))
        };
        window.0.root().children_recursive().filter(said).map(|node| node.rect()).collect()
    };
    let [line] = lines.as_slice() else { panic!("“{words}” is there {} times", lines.len()) };
    let pos = line.left_center() + egui::Vec2::new(12.0, 0.0);
    window.done();
    window.0.event(egui::Event::PointerMoved(pos));
    window.run();
    for pressed in [true, false] {
        let modifiers = egui::Modifiers::NONE;
        window.0.event(egui::Event::PointerButton { pos, button: egui::PointerButton::Primary, pressed, modifiers });
    }
    window.run();
    window.done()
}

#[test]
fn only_links_to_the_web_and_to_mail_can_be_followed_and_their_target_is_shown() {
    for (text, target) in [
        ("https://example.org/plans", Some("https://example.org/plans")),
        ("http://example.org/plans", Some("http://example.org/plans")),
        ("ole@example.net", Some("mailto:ole@example.net")),
        ("file:///etc/passwd", None),
        ("javascript:alert(1)", None),
        ("ftp://example.org/plans", None),
        ("smb://example.org/plans", None),
    ] {
        let mut window = reading(&format!("Subject: A link\n\n{text} and more\n"));
        let done = click_line(&mut window, "and more");
        let expected: Vec<Action> = target.map(|target| Action::FollowLink(target.into())).into_iter().collect();
        assert_eq!(done, expected, "{text}");
        if let Some(target) = target.filter(|target| target.starts_with("http")) {
            window.sees(target);
        }
    }
}

#[test]
fn a_star_and_the_menu_belong_to_the_open_message() {
    let mut window = reading(PARCEL);
    window.press_button("Star");
    assert_eq!(window.done(), [Action::ToggleStar(MessageKey(2))]);
    assert!(window.has(AccessRole::Button, "Remove the star"));
    for (words, action) in [
        ("Show headers", Action::ShowHeaders(true)),
        ("Hide headers", Action::ShowHeaders(false)),
        ("Mark unread", Action::SetFlag(Flag::Seen, false)),
        ("View source", Action::ShowSource(true)),
    ] {
        window.press_button("More");
        window.press_button(words);
        assert_eq!(window.done(), [action]);
    }
    window.sees("Source, as received");
    window.sees("Content-Type: multipart/mixed; boundary=b");
    window.press_button("Close the source");
    window.sees("2 attachments");
}

#[test]
fn headers_are_shown_when_asked_for() {
    let mut window = reading(PARCEL);
    assert!(!window.shows("Tue, 14 Nov 2023 22:13:20 +0000"));
    window.meanwhile(|desk| {
        desk.act(Action::ShowHeaders(true));
    });
    window.sees("Tue, 14 Nov 2023 22:13:20 +0000");
}

#[test]
fn the_previous_message_stays_until_the_next_one_has_come() {
    let mut window = reading(PARCEL);
    window.desk().act(Action::Select { index: 1, how: Selecting::Only });
    window.run();
    window.sees("Plans for the pouch");
    window.meanwhile(|_| {});
    window.sees("Text of message 1.");
    assert!(!window.shows("an older word"), "nothing of it is left");
}

#[test]
fn a_changed_draft_is_shown_as_it_is_now() {
    let mut desk = Desk::of(1);
    desk.places.insert(MessageKey(1), crate::store::types::Role::Drafts);
    desk.flags.insert(MessageKey(1), Flags::default().with(Flag::Seen, true));
    desk.hear(crate::engine::Event::MailChanged);
    desk.act(Action::ShowMailbox(crate::ui::testing::view(crate::store::types::Role::Drafts)));
    desk.serve();
    let mut window = Window::new(desk);
    open(&mut window, 0);
    window.meanwhile(|desk| {
        desk.raw.insert(MessageKey(1), "Subject: New\r\n\r\nNew words.\r\n".into());
        desk.hear(crate::engine::Event::MailChanged);
    });
    window.sees("New words.");
    assert!(!window.shows("Text of message 1."));
}

#[test]
fn what_is_here_in_part_says_so_and_the_rest_can_be_asked_for() {
    for (part, words) in [(Part::Header, "Only the header of this message"), (Part::Excerpt, "Only the first lines")] {
        let mut desk = Desk::of(2);
        desk.parts.insert(MessageKey(2), part);
        desk.act(Action::Select { index: 0, how: Selecting::Only });
        desk.serve();
        let mut window = Window::new(desk);
        window.sees(words);
        window.press_button("Get the rest");
        assert_eq!(window.done().last(), Some(&Action::Complete(MessageKey(2))));
        window.sees("The rest comes with the next visit.");
        assert!(!window.has(AccessRole::Button, "Get the rest"));
        window.press_button("Get mail now");
        assert!(window.asked().contains(&"GetMail of [1]".to_owned()), "{:?}", window.asked());
        window.meanwhile(|desk| {
            desk.parts.remove(&MessageKey(2));
            desk.hear(Event::MailChanged);
        });
        assert!(!window.shows("The rest comes with the next visit"), "it has come, and the open message with it");
        assert!(!window.shows(words));
    }
}
