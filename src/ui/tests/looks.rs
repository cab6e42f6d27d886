//! Little room, both themes, and the world's scripts.

use egui::accesskit::Role as AccessRole;
use egui::{Key, Modifiers, Vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::NodeT;

use super::Window;
use crate::engine::Event;
use crate::engine::{Offer, Stage, Visit};
use crate::store::types::MessageKey;
use crate::ui::action::{Action, Selecting, Theme};
use crate::ui::testing::{Desk, HOME, WORK, account, certificate, problem, visit};

/// The smallest window that there is.
fn narrow(desk: Desk) -> Window {
    Window::of(desk, Vec2::new(720.0, 460.0), Harness::builder().with_theme(egui::Theme::Light))
}

/// No button or field lies outside of the window or of what it belongs to.
fn assert_nothing_is_cut(window: &Window, names: &[&str]) {
    for name in names {
        window.assert_inside(AccessRole::Button, name);
    }
}

/// No two buttons lie on each other.
fn assert_apart(window: &Window, names: &[&str]) {
    for (i, one) in names.iter().enumerate() {
        for other in names.iter().skip(i + 1) {
            let (a, b) = (window.button(one).rect(), window.button(other).rect());
            assert!(!a.shrink(0.5).intersects(b.shrink(0.5)), "“{one}” {a:?} lies on “{other}” {b:?}");
        }
    }
}

#[test]
fn in_a_narrow_window_list_message_and_buttons_are_all_there() {
    let mut window = narrow(Desk::of(30));
    window.key(Modifiers::NONE, Key::J);
    let names =
        ["Get mail", "New message", "Reply", "Reply to all", "Forward", "Archive", "Delete", "Undo", "Settings"];
    assert_nothing_is_cut(&window, &names);
    assert_apart(&window, &names);
    assert_nothing_is_cut(&window, &["Star", "More", "Shortcuts  ?"]);
    window.sees("Text of message 30.");
    assert!(window.rows().len() >= 4, "{:?}", window.rows());
    for mailbox in ["Sent", "Trash"] {
        window.assert_inside(AccessRole::TreeItem, mailbox);
    }
}

#[test]
fn in_a_narrow_window_a_message_can_be_written() {
    let mut window = narrow(Desk::with(&[account(WORK, "Work"), account(HOME, "Home")], 3));
    window.press_button("New message");
    window.assert_inside(AccessRole::ComboBox, "From");
    window.type_into("To", "bo@example.org");
    let names = ["Send", "Attach…", "Own window", "Discard the draft", "Close; the draft is kept"];
    assert_nothing_is_cut(&window, &names);
    assert_apart(&window, &names);
    assert!(window.field("Text of the message").rect().height() > 100.0);
}

#[test]
fn in_a_narrow_window_an_account_can_be_added() {
    let mut window = narrow(Desk::with(&[], 0));
    window.assert_inside(AccessRole::Button, "   Add your account   ");
    window.press_button("   Add your account   ");
    window.press_button("Save");
    assert_nothing_is_cut(&window, &["Save", "Test connection", "Cancel"]);
    assert_apart(&window, &["Save", "Test connection", "Cancel"]);
    window.sees("Some fields need a look.");
}

#[test]
fn in_a_narrow_window_the_questions_can_be_answered() {
    let trust = Offer::TrustCertificate { account: WORK, outgoing: false, certificate: Box::new(certificate()) };
    for (offer, open, buttons) in [
        (trust, "Look at the certificate…", ["Trust this certificate", "Do not trust it"]),
        (Offer::EditAccount(WORK), "Open the account’s settings…", ["Save", "Cancel"]),
    ] {
        let mut window = narrow(Desk::of(2));
        window.meanwhile(|desk| {
            let problems = vec![problem("Could not get mail for Work", Some(offer))];
            desk.hear(Event::VisitEnded(Visit { problems, ..visit(WORK, Stage::Closed) }));
        });
        assert_nothing_is_cut(&window, &["Dismiss", open]);
        window.press_button(open);
        assert_nothing_is_cut(&window, &buttons);
    }
    let mut help = narrow(Desk::of(2));
    help.key(Modifiers::NONE, Key::F1);
    assert_nothing_is_cut(&help, &["Close"]);
}

#[test]
fn what_opens_stands_still_from_the_frame_in_which_nothing_is_left_to_do() {
    let trust = Offer::TrustCertificate { account: WORK, outgoing: false, certificate: Box::new(certificate()) };
    for (open, button) in [
        (Action::ShowHelp(true), "Close"),
        (Action::OpenSettings, "Done"),
        (Action::EditAccount(None), "Save"),
        (Action::EditAccount(Some(WORK)), "Save"),
        (Action::TakeOffer(0, Offer::EnterPassword(WORK)), "Cancel"),
        (Action::TakeOffer(0, trust), "Do not trust it"),
        (Action::Compose, "Send"),
    ] {
        for mut window in [narrow(Desk::of(2)), Window::new(Desk::of(2))] {
            window.meanwhile(|desk| {
                desk.act(open.clone());
            });
            let place = window.button(button).rect();
            window.0.run_steps(5);
            assert_eq!(window.button(button).rect(), place, "{open:?}");
        }
    }
}

/// Every screen once; a test that walks through it fails on a panic or on a widget without a name.
fn walk(window: &mut Window) {
    window.key(Modifiers::NONE, Key::J);
    for action in [
        Action::ShowHeaders(true),
        Action::ShowSource(true),
        Action::ShowSource(false),
        Action::Compose,
        Action::CloseComposer,
        Action::OpenSettings,
        Action::EditAccount(Some(WORK)),
        Action::CloseSettings,
        Action::ShowHelp(true),
        Action::ShowHelp(false),
        Action::TakeOffer(0, Offer::EnterPassword(WORK)),
        Action::CloseDialog,
    ] {
        window.meanwhile(|desk| {
            desk.act(action);
        });
    }
}

#[test]
fn every_screen_is_drawn_in_both_themes_and_all_its_widgets_have_names() {
    for (theme, system) in [(Theme::Light, egui::Theme::Light), (Theme::Dark, egui::Theme::Dark)] {
        let mut desk = Desk::of(30);
        desk.act(Action::SetTheme(theme));
        let builder = Harness::builder().with_theme(system).with_accessibility_check(true);
        let mut window = Window::of(desk, Vec2::new(1280.0, 800.0), builder);
        walk(&mut window);
        assert_eq!(window.0.ctx.theme(), system);
    }
}

const SUBJECTS: [(&str, &str); 10] = [
    ("Latin", "Façade, naïve, Übermaß"),
    ("Cyrillic", "Привет из Москвы"),
    ("Greek", "Καλημέρα από την Αθήνα"),
    ("Arabic", "مرحبا من القاهرة ٣ رسائل"),
    ("Hebrew", "שלום מתל אביב (3)"),
    ("Devanagari", "दिल्ली से नमस्ते"),
    ("Thai", "สวัสดีจากกรุงเทพ"),
    ("Chinese", "来自北京的问候"),
    ("Japanese", "東京からこんにちは"),
    ("Korean", "서울에서 안녕하세요"),
];

#[test]
fn subjects_in_the_worlds_scripts_are_read_in_the_list_and_in_the_message() {
    let mut desk = Desk::of(10);
    for (n, (script, subject)) in (1..).zip(SUBJECTS) {
        let raw = format!("From: {script} <a@example.net>\r\nSubject: {subject}\r\n\r\n{subject}\r\n> {subject}\r\n");
        desk.raw.insert(MessageKey(n), raw);
    }
    desk.hear(Event::MailChanged);
    desk.serve();
    // The fonts of the machine that runs this are its own business.
    let builder = Harness::builder().with_theme(egui::Theme::Light).allow_missing_glyphs();
    let mut window = Window::of(desk, Vec2::new(1280.0, 900.0), builder);
    for (index, (script, subject)) in SUBJECTS.iter().rev().enumerate() {
        let spoken = format!("{script}, {subject}");
        assert!(window.rows().iter().any(|row| row.ends_with(&spoken)), "{spoken} is not in {:?}", window.rows());
        window.meanwhile(|desk| {
            desk.act(Action::Select { index, how: Selecting::Only });
        });
        let said = window.0.root().children_recursive().filter(|node| {
            let node = node.accesskit_node();
            node.role() == AccessRole::Label && node.value().is_some_and(|value| value.contains(subject))
        });
        assert!(said.count() >= 3, "{script}: the subject, the text and the quote: {:#?}", window.words());
    }
}
