//! Keys become actions. Modifiers are taken from the key's own event: when a key and its modifier are let go in the same
//! frame, the state of the keyboard is already another.

use egui::{Event, Key, Modifiers};

use super::action::Action;
use super::message_list;
use super::model::{Choosing, Model, Task};
use super::page_view;
use super::popup;
use crate::mail::compose::Answer;
use crate::store::types::{Filter, Flag, Role};

pub fn pressed(ctx: &egui::Context, model: &Model) -> Vec<Action> {
    let in_dialog = is_in_dialog(model);
    let writing = ctx.text_edit_focused();
    // Enter presses the button that has the keyboard; on a row of the list it means the row.
    let row = model.messages.cursor.map(message_list::row_id);
    let focused = ctx.memory(egui::Memory::focused);
    let on_button = focused.is_some_and(|focused| Some(focused) != row);
    let on_page = focused == Some(page_view::id());
    let events: Vec<(Key, Modifiers)> = ctx.input(|input| {
        let pressed = input.events.iter().filter_map(|event| match event {
            Event::Key { key, modifiers, pressed: true, .. } => Some((*key, *modifiers)),
            _ => None,
        });
        pressed.collect()
    });
    if model.keyboard.as_ref().is_some_and(|keyboard| keyboard.waiting.is_some()) {
        return events.into_iter().take(1).map(|(key, modifiers)| Action::PressKey(chord(key, modifiers))).collect();
    }
    // Escape closes what is on top, and only that.
    let closes_popup = popup::is_on_top(ctx);
    let meant = events.into_iter().filter(|(key, modifiers)| match key {
        Key::Enter => !on_button || modifiers.command,
        Key::Escape => !closes_popup && !model.is_dragging,
        // In the page they are about the page.
        Key::A if modifiers.command => !on_page,
        _ => !(on_page && by(*key, *modifiers).is_some()),
    });
    meant.filter_map(|(key, modifiers)| action(model, key, modifiers, in_dialog, writing)).collect()
}

/// Something is in front of the window that keys are for.
pub fn is_in_dialog(model: &Model) -> bool {
    model.settings.is_some()
        || model.dialog.is_some()
        || model.reading.parts.preview.is_some()
        || model.help
        || model.history
        || model.chooser.is_some()
        || model.server.is_some()
        || (model.moving_is_shown && model.moving.is_some())
}

/// How far the open message is to be scrolled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scroll {
    /// Lines of text.
    Lines(f32),
    /// What is in sight, less a little that stays.
    Screens(f32),
    ToTop,
    ToBottom,
}

impl Scroll {
    /// Points downwards, where so many are in sight.
    pub fn points(self, in_sight: f32) -> f32 {
        match self {
            Self::Lines(lines) => lines * 48.0,
            Self::Screens(screens) => screens * (in_sight - 48.0).max(48.0),
            Self::ToTop => -1e9,
            Self::ToBottom => 1e9,
        }
    }
}

/// What keys say about the open message: Space wherever nothing else takes it, the others while the page has the keyboard.
pub fn scrolled(ctx: &egui::Context, model: &Model) -> Vec<Scroll> {
    let focused = ctx.memory(egui::Memory::focused);
    let row = model.messages.cursor.map(message_list::row_id);
    let on_page = focused == Some(page_view::id());
    let is_free = on_page || focused.is_none() || focused == row;
    if is_in_dialog(model) || !is_free || ctx.text_edit_focused() {
        return Vec::new();
    }
    ctx.input(|input| {
        let pressed = input.events.iter().filter_map(|event| match event {
            Event::Key { key, modifiers, pressed: true, .. } if on_page || *key == Key::Space => by(*key, *modifiers),
            _ => None,
        });
        pressed.collect()
    })
}

fn by(key: Key, modifiers: Modifiers) -> Option<Scroll> {
    if modifiers.command || modifiers.alt {
        return None;
    }
    Some(match key {
        Key::Space if modifiers.shift => Scroll::Screens(-1.0),
        Key::Space | Key::PageDown => Scroll::Screens(1.0),
        Key::PageUp => Scroll::Screens(-1.0),
        Key::ArrowDown => Scroll::Lines(1.0),
        Key::ArrowUp => Scroll::Lines(-1.0),
        Key::Home => Scroll::ToTop,
        Key::End => Scroll::ToBottom,
        _ => return None,
    })
}

/// A key and its modifiers in words, as the keymap has them.
fn chord(key: Key, modifiers: Modifiers) -> String {
    // What is typed with Shift on some keyboards and without it on others is the same key.
    let (name, shift) = match (key, modifiers.shift) {
        (Key::Slash, true) => (Key::Questionmark.name(), false),
        (Key::Num1, true) => (Key::Exclamationmark.name(), false),
        (Key::Questionmark | Key::Exclamationmark | Key::Colon | Key::Plus | Key::Pipe, _) => (key.name(), false),
        (Key::OpenCurlyBracket | Key::CloseCurlyBracket, _) => (key.name(), false),
        (key, shift) => (key.name(), shift),
    };
    let mut chord = String::new();
    for (is_down, word) in [(modifiers.command, "Ctrl+"), (modifiers.alt, "Alt+"), (shift, "Shift+")] {
        if is_down {
            chord.push_str(word);
        }
    }
    chord + name
}

fn action(model: &Model, key: Key, modifiers: Modifiers, in_dialog: bool, writing: bool) -> Option<Action> {
    if in_dialog {
        let in_front = model.dialog.is_some() || model.server.is_some() || model.moving_is_shown;
        return (key == Key::Escape && model.settings.is_some() && !in_front).then_some(Action::CloseSettings);
    }
    if let Some(action) = fixed(model, key, modifiers) {
        return Some(action);
    }
    let (task, extend) = task(model, key, modifiers)?;
    // A key that writes something writes it.
    let is_function = (Key::F1..=Key::F35).contains(&key);
    let writes = !modifiers.command && !is_function;
    if writing && (writes || !task.holds_while_writing()) {
        return None;
    }
    // Beside a message that is being written in this window keys are too easily meant for it.
    let is_apart = matches!(task, Task::SelectAll | Task::Undo | Task::Redo | Task::History);
    if is_written_here(model) && (writes || !(is_apart || task.holds_while_writing())) {
        return None;
    }
    done_by(model, task, extend)
}

/// What the key does, and whether Shift beside it selects on the way.
fn task(model: &Model, key: Key, modifiers: Modifiers) -> Option<(Task, bool)> {
    let keys = &model.look.keys;
    if let Some(task) = keys.task_of(&chord(key, modifiers)) {
        return Some((task, false));
    }
    let without_shift = Modifiers { shift: false, ..modifiers };
    let going = keys.task_of(&chord(key, without_shift)).filter(|task| task.is_going());
    going.filter(|_| modifiers.shift).map(|task| (task, true))
}

/// A message is written in this window, not in one of its own.
fn is_written_here(model: &Model) -> bool {
    model.composer.as_ref().is_some_and(|composer| !composer.detached)
}

/// Keys that cannot be changed: they leave what one is in, or finish it.
fn fixed(model: &Model, key: Key, modifiers: Modifiers) -> Option<Action> {
    match (key, modifiers.command) {
        (Key::Enter, true) if is_written_here(model) => Some(Action::Send),
        (Key::Enter, false) if !is_written_here(model) => {
            model.messages.cursor.filter(|&key| model.editable(key)).map(Action::EditDraft)
        }
        (Key::Escape, _) if is_written_here(model) => Some(Action::CloseComposer),
        (Key::Escape, _) if model.reading.source.is_some() => Some(Action::ShowSource(false)),
        (Key::Escape, _) if !model.search.text.is_empty() => Some(Action::EndSearch),
        (Key::Escape, _) if model.messages.filter.is_on() => Some(Action::Filter(Filter::default())),
        _ => None,
    }
}

fn done_by(model: &Model, task: Task, extend: bool) -> Option<Action> {
    let go = |by| Action::MoveCursor { by, extend };
    Some(match task {
        Task::GetMail => Action::GetMail,
        Task::Search => Action::FocusSearch,
        Task::UnreadOnly => {
            let filter = &model.messages.filter;
            Action::Filter(Filter { unread: !filter.unread, ..filter.clone() })
        }
        Task::NextFound => Action::NextHit { back: false },
        Task::PreviousFound => Action::NextHit { back: true },
        Task::Next => go(1),
        Task::Previous => go(-1),
        Task::NextInConversation => Action::StepInThread(1),
        Task::PreviousInConversation => Action::StepInThread(-1),
        Task::PageDown => go(model.messages.page()),
        Task::PageUp => go(-model.messages.page()),
        Task::First => go(isize::MIN / 2),
        Task::Last => go(isize::MAX / 2),
        Task::SelectAll => Action::SelectAll,
        Task::Archive => Action::MoveSelected(Role::Archive),
        Task::Delete => Action::MoveSelected(Role::Trash),
        Task::Junk => Action::MoveSelected(Role::Junk),
        Task::Move => Action::OpenChooser(Choosing::Mailbox),
        Task::Tags => Action::OpenChooser(Choosing::Tags),
        Task::Undo => Action::Undo,
        Task::Redo => Action::Redo,
        Task::History => Action::ShowHistory(true),
        Task::Star => Action::StarSelected,
        Task::MarkUnread => Action::SetFlag(Flag::Seen, false),
        Task::MarkRead => Action::SetFlag(Flag::Seen, true),
        Task::Reply => Action::Answer(Answer::Reply),
        Task::ReplyAll => Action::Answer(Answer::ReplyAll),
        Task::Forward => Action::Answer(Answer::Forward),
        Task::Compose => Action::Compose,
        Task::Print => Action::AskWhereToPrint,
        Task::Settings => Action::OpenSettings,
        Task::Help => Action::ShowHelp(true),
    })
}
