//! The shortcuts, each in the place where it holds.

use egui::{Key, Modifiers};

use super::Window;
use crate::mail::compose::Answer;
use crate::store::types::{Flag, MessageKey, Role};
use crate::ui::action::{Action, Selecting};
use crate::ui::model::{Density, Scheme, Task};
use crate::ui::testing::Desk;

const NONE: Modifiers = Modifiers::NONE;
const CTRL: Modifiers = Modifiers::COMMAND;
const SHIFT: Modifiers = Modifiers::SHIFT;

/// The list with its third row of thirty selected.
fn reading() -> Window {
    let mut window = Window::new(Desk::of(30));
    window.meanwhile(|desk| {
        desk.act(Action::Select { index: 2, how: Selecting::Only });
    });
    window
}

fn go(by: isize, extend: bool) -> Action {
    Action::MoveCursor { by, extend }
}

#[test]
fn in_the_list_every_key_does_what_the_help_says() {
    let cases = [
        (NONE, Key::F5, Action::GetMail),
        (NONE, Key::G, Action::GetMail),
        (NONE, Key::J, go(1, false)),
        (NONE, Key::ArrowDown, go(1, false)),
        (NONE, Key::K, go(-1, false)),
        (NONE, Key::ArrowUp, go(-1, false)),
        (NONE, Key::CloseBracket, Action::StepInThread(1)),
        (NONE, Key::OpenBracket, Action::StepInThread(-1)),
        (NONE, Key::Home, go(isize::MIN / 2, false)),
        (NONE, Key::End, go(isize::MAX / 2, false)),
        (SHIFT, Key::ArrowDown, go(1, true)),
        (SHIFT, Key::ArrowUp, go(-1, true)),
        (CTRL, Key::A, Action::SelectAll),
        (NONE, Key::E, Action::MoveSelected(Role::Archive)),
        (NONE, Key::Delete, Action::MoveSelected(Role::Trash)),
        (SHIFT, Key::Num3, Action::MoveSelected(Role::Trash)),
        (CTRL, Key::Z, Action::Undo),
        (NONE, Key::S, Action::StarSelected),
        (NONE, Key::U, Action::SetFlag(Flag::Seen, false)),
        (NONE, Key::R, Action::Answer(Answer::Reply)),
        (NONE, Key::A, Action::Answer(Answer::ReplyAll)),
        (NONE, Key::F, Action::Answer(Answer::Forward)),
        (NONE, Key::C, Action::Compose),
        (CTRL, Key::N, Action::Compose),
        (CTRL, Key::Comma, Action::OpenSettings),
        (NONE, Key::F1, Action::ShowHelp(true)),
        (NONE, Key::Questionmark, Action::ShowHelp(true)),
    ];
    for (modifiers, key, action) in cases {
        assert_eq!(reading().key(modifiers, key), [action], "{modifiers:?} {key:?}");
    }
}

#[test]
fn enter_opens_a_draft_and_nothing_else() {
    assert_eq!(reading().key(NONE, Key::Enter), []);
    let mut window = drafts();
    assert_eq!(window.key(NONE, Key::Enter), [Action::EditDraft(MessageKey(1))]);
}

#[test]
fn enter_on_a_button_presses_it_and_nothing_else() {
    let mut window = drafts();
    window.button("Delete").focus();
    window.run();
    assert_eq!(window.key(NONE, Key::Enter), [Action::MoveSelected(Role::Trash)]);
}

/// Drafts with its only message selected.
fn drafts() -> Window {
    let mut desk = Desk::of(1);
    desk.places.insert(MessageKey(1), Role::Drafts);
    desk.hear(crate::engine::Event::MailChanged);
    desk.act(Action::ShowMailbox(crate::ui::testing::view(Role::Drafts)));
    desk.serve();
    let mut window = Window::new(desk);
    window.key(NONE, Key::J);
    window
}

#[test]
fn the_cursor_stays_in_sight() {
    let mut window = reading();
    for _ in 0..25 {
        window.key(NONE, Key::J);
    }
    assert!(window.rows().iter().any(|row| row.ends_with("Subject 3")), "{:?}", window.rows());
    window.sees("Text of message 3.");
}

#[test]
fn escape_closes_what_is_in_front() {
    let mut writing = reading();
    writing.key(CTRL, Key::N);
    assert_eq!(writing.key(NONE, Key::Escape), [Action::CloseComposer]);
    assert!(writing.desk().model.composer.is_none());

    let mut source = reading();
    source.meanwhile(|desk| {
        desk.act(Action::ShowSource(true));
    });
    assert_eq!(source.key(NONE, Key::Escape), [Action::ShowSource(false)]);

    let mut settings = reading();
    settings.key(CTRL, Key::Comma);
    assert_eq!(settings.key(NONE, Key::Escape), [Action::CloseSettings]);

    let mut help = reading();
    help.key(NONE, Key::F1);
    assert_eq!(help.key(NONE, Key::Escape), [Action::ShowHelp(false)]);
    assert_eq!(help.key(NONE, Key::Escape), [], "there is nothing more to close");
}

#[test]
fn behind_a_dialog_keys_do_nothing() {
    for open in [Action::OpenSettings, Action::ShowHelp(true)] {
        let mut window = reading();
        window.meanwhile(|desk| {
            desk.act(open);
        });
        for (modifiers, key) in [(NONE, Key::E), (NONE, Key::Delete), (NONE, Key::J), (CTRL, Key::N), (NONE, Key::F5)] {
            assert_eq!(window.key(modifiers, key), [], "{key:?}");
        }
    }
}

#[test]
fn beside_a_message_being_written_single_letters_do_nothing() {
    let mut window = reading();
    window.key(NONE, Key::C);
    window.0.ctx.memory_mut(|memory| memory.stop_text_input());
    for key in [Key::E, Key::Delete, Key::R, Key::C] {
        assert_eq!(window.key(NONE, key), [], "{key:?}");
    }
}

#[test]
fn the_help_shows_every_shortcut() {
    let mut window = reading();
    window.key(NONE, Key::F1);
    for task in Task::ALL {
        window.sees(&window.0.state().desk.model.look.keys.face(task));
        window.sees(task.name());
    }
    window.press_button("Close");
    assert!(!window.shows("This help"));
}

#[test]
fn a_page_is_what_the_screen_shows_in_rows_of_either_height() {
    let page = |density| {
        let mut window = Window::new(Desk::of(300));
        window.meanwhile(|desk| {
            desk.act(Action::SetDensity(density));
        });
        let rows = window.rows().len() as isize;
        let [Action::MoveCursor { by, extend: false }] = window.key(NONE, Key::PageDown)[..] else { panic!() };
        assert!((rows - 3..rows).contains(&by), "{by} of {rows}");
        assert_eq!(window.key(NONE, Key::PageUp), [go(-by, false)]);
        by
    };
    assert!(page(Density::Compact) > 2 * page(Density::Comfortable));
}

#[test]
fn shift_selects_on_the_way_wherever_one_goes() {
    for (key, count) in [(Key::End, 28), (Key::Home, 3), (Key::ArrowDown, 2), (Key::J, 2), (Key::ArrowUp, 2)] {
        let mut window = reading();
        window.key(SHIFT, key);
        assert_eq!(window.desk().model.messages.selected.len(), count, "{key:?}");
    }
    let mut window = reading();
    let [Action::MoveCursor { by, extend: true }] = window.key(SHIFT, Key::PageDown)[..] else { panic!() };
    assert_eq!(window.desk().model.messages.selected.len() as isize, by + 1);
}

#[test]
fn the_star_is_for_all_that_is_selected() {
    let mut window = reading();
    window.key(SHIFT, Key::ArrowDown);
    window.key(NONE, Key::S);
    assert_eq!(window.asked(), Vec::<String>::new());
    let starred = |window: &mut Window| {
        let model = &window.desk().model;
        (1..=30).filter(|&n| model.messages.row(MessageKey(n)).is_some_and(|row| row.flags.has(Flag::Starred))).count()
    };
    assert_eq!(starred(&mut window), 2);
    window.key(NONE, Key::S);
    assert_eq!(starred(&mut window), 0);
}

fn face(window: &Window, task: Task) -> String {
    window.0.state().desk.model.look.keys.face(task)
}

#[test]
fn a_key_is_changed_where_the_keys_are_shown() {
    let mut window = reading();
    window.key(NONE, Key::F1);
    window.press_button("Change keys…");
    window.press_button("Key for “Archive”: e");
    window.sees("Press a key…");
    window.key(CTRL, Key::J);
    assert_eq!(face(&window, Task::Archive), "Ctrl+J");
    window.press_button("Close");
    assert_eq!(window.key(NONE, Key::E), []);
    assert_eq!(window.key(CTRL, Key::J), [Action::MoveSelected(Role::Archive)]);
}

#[test]
fn a_key_that_does_something_already_is_named_and_taken_only_when_told() {
    let mut window = reading();
    window.meanwhile(|desk| {
        desk.act(Action::ChangeKeys(true));
    });
    for (take, answer, star, reply) in [("Leave it there", false, "s", "r"), ("Take it for “Star”", true, "r", "")]
    {
        window.press_button("Key for “Star”: s");
        window.key(NONE, Key::R);
        window.sees("r is “Reply” already.");
        window.press_button(take);
        assert_eq!((face(&window, Task::Star), face(&window, Task::Reply)), (star.into(), reply.into()), "{answer}");
    }
    window.press_button("All as usual");
    assert_eq!((face(&window, Task::Star), face(&window, Task::Reply)), ("s".into(), "r".into()));
}

#[test]
fn escape_ends_the_waiting_for_a_key_and_only_then_the_dialog() {
    let mut window = reading();
    window.meanwhile(|desk| {
        desk.act(Action::ChangeKeys(true));
    });
    window.press_button("Key for “Star”: s");
    window.key(NONE, Key::Escape);
    assert!(!window.shows("Press a key…") && window.shows("Keyboard"));
    assert_eq!(face(&window, Task::Star), "s");
    assert_eq!(window.key(NONE, Key::Escape), [Action::ShowHelp(false)]);
}

#[test]
fn whoever_comes_from_another_program_keeps_its_keys() {
    let mut window = reading();
    window.meanwhile(|desk| {
        desk.act(Action::ChangeKeys(true));
    });
    window.press_button("Like Thunderbird");
    assert_eq!(window.done().last(), Some(&Action::SetScheme(Scheme::Thunderbird)));
    window.press_button("Close");
    assert_eq!(window.key(NONE, Key::A), [Action::MoveSelected(Role::Archive)]);
    assert_eq!(window.key(NONE, Key::F), [go(1, false)]);
    assert_eq!(window.key(CTRL, Key::R), [Action::Answer(Answer::Reply)]);
}
