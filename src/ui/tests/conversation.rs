//! The conversation below the head of a message.

use egui::accesskit::Role as AccessRole;
use egui::{Key, Modifiers, Vec2};
use egui_kittest::Harness;

use super::Window;
use crate::engine::Event;
use crate::store::types::{Flag, Flags, MessageKey, Role};
use crate::ui::action::{Action, Selecting, Theme};
use crate::ui::testing::Desk;

fn key(n: i64) -> MessageKey {
    MessageKey(n)
}

/// A conversation of six: the second was sent, the third is archived, the fifth unread.
fn desk() -> Desk {
    let mut desk = Desk::of(8);
    desk.places.extend([(key(2), Role::Sent), (key(3), Role::Archive)]);
    let seen = Flags::default().with(Flag::Seen, true);
    desk.flags.extend([1, 2, 3, 4, 6].map(|n| (key(n), seen)));
    desk.thread = [(1, 0), (2, 1), (4, 2), (6, 2), (3, 1), (5, 2)].map(|(n, depth)| (key(n), depth)).to_vec();
    let mail = [
        (
            1,
            "Miguel Duarte",
            "A casa no Gerês para a passagem de ano",
            "Encontrei uma casa de pedra para doze pessoas.",
        ),
        (2, "Ana Duarte", "Re: A casa no Gerês", "Que maravilha! Contem comigo, e levo a máquina de café."),
        (3, "Teresa Duarte", "Re: A casa no Gerês", "Eu levo o bacalhau e as rabanadas, como sempre."),
        (4, "Inês Duarte", "Re: A casa no Gerês", "Chego no dia 30 de Berlim, já tenho bilhete."),
        (5, "Miguel Duarte", "Re: A casa no Gerês (reservado!)", "Está reservado. Faltam só as contas e a lenha."),
        (6, "Jonas Langer", "Re: A casa no Gerês", "Ist für mich auch noch ein Bett frei?"),
    ];
    for (n, from, subject, text) in mail {
        let raw = format!("From: {from} <a{n}@example.net>\r\nSubject: {subject}\r\n\r\n{text}\r\n");
        desk.raw.insert(key(n), raw);
    }
    desk.hear(Event::MailChanged);
    desk.serve();
    desk
}

fn window() -> Window {
    shown(Window::new(desk()))
}

fn shown(mut window: Window) -> Window {
    let row = window.desk().keys(crate::ui::testing::view(Role::Inbox)).iter().position(|of| *of == key(6)).unwrap();
    window.meanwhile(|desk| {
        desk.act(Action::Select { index: row, how: Selecting::Only });
    });
    window.done();
    window
}

const FOLDED: &str = "6 messages in this conversation, 1 unread";

#[test]
fn a_message_alone_says_nothing_of_conversations() {
    let mut window = window();
    assert!(window.shows("in this conversation"));
    window.meanwhile(|desk| {
        desk.act(Action::Select { index: 0, how: Selecting::Only });
    });
    window.sees("Text of message 8.");
    assert!(!window.shows("in this conversation"));
}

#[test]
fn the_line_unfolds_and_folds_and_a_click_opens_what_lies_elsewhere() {
    let mut window = window();
    assert!(!window.shows("in Archive"));
    window.press_button(FOLDED);
    window.sees("Teresa Duarte, Eu levo o bacalhau e as rabanadas, como sempre., in Archive");
    window.sees("unread, Miguel Duarte, Está reservado.");
    let archived = window.words().into_iter().find(|words| words.contains("in Archive")).unwrap();
    window.press_button(&archived);
    assert_eq!(window.done().last(), Some(&Action::OpenInThread(key(3))));
    window.sees("Eu levo o bacalhau");
    assert!(window.has(AccessRole::Button, FOLDED), "it is another message of the same conversation");
    window.press_button(FOLDED);
    assert!(!window.shows("in Sent"), "folded");
}

#[test]
fn the_keyboard_goes_through_it() {
    let mut window = window();
    assert_eq!(window.key(Modifiers::NONE, Key::CloseBracket), [Action::StepInThread(1)]);
    window.sees("Eu levo o bacalhau");
    window.key(Modifiers::NONE, Key::OpenBracket);
    window.key(Modifiers::NONE, Key::OpenBracket);
    window.sees("Chego no dia 30");
    window.button(FOLDED).focus();
    window.run();
    assert_eq!(window.key(Modifiers::NONE, Key::Enter), [Action::ShowThread(true)]);
}

#[test]
fn it_is_drawn_in_both_themes_and_in_a_narrow_window() {
    for (theme, system) in [(Theme::Light, egui::Theme::Light), (Theme::Dark, egui::Theme::Dark)] {
        for size in [Vec2::new(720.0, 460.0), Vec2::new(1280.0, 800.0)] {
            let mut desk = desk();
            desk.act(Action::SetTheme(theme));
            let builder = Harness::builder().with_theme(system).with_accessibility_check(true);
            let mut window = shown(Window::of(desk, size, builder));
            window.press_button(FOLDED);
            window.assert_inside(AccessRole::Button, FOLDED);
            window.sees("in Archive");
        }
    }
}
