//! Keys become actions. Modifiers are taken from the key's own event: when a key and its modifier are let go in the same
//! frame, the state of the keyboard is already another.

use egui::{Event, Key, Modifiers};

use super::action::Action;
use super::message_list;
use super::model::{Choosing, Model};
use super::page_view;
use super::popup;
use crate::mail::compose::Answer;
use crate::store::types::{Flag, Role};

/// Rows that Page Up and Page Down go.
const PAGE: isize = 10;

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
    // Escape closes what is on top, and only that.
    let closes_popup = popup::is_on_top(ctx);
    let meant = events.into_iter().filter(|(key, modifiers)| match key {
        Key::Enter => !on_button || modifiers.command,
        Key::Escape => !closes_popup,
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

fn action(model: &Model, key: Key, modifiers: Modifiers, in_dialog: bool, writing: bool) -> Option<Action> {
    if in_dialog {
        let in_front = model.dialog.is_some() || model.server.is_some() || model.moving_is_shown;
        return (key == Key::Escape && model.settings.is_some() && !in_front).then_some(Action::CloseSettings);
    }
    if let Some(action) = anywhere(model, key, modifiers) {
        return Some(action);
    }
    if writing || modifiers.alt {
        return None;
    }
    if modifiers.command {
        return match key {
            Key::A => Some(Action::SelectAll),
            Key::H => Some(Action::ShowHistory(true)),
            Key::Z if modifiers.shift => Some(Action::Redo),
            Key::Z => Some(Action::Undo),
            _ => None,
        };
    }
    if is_written_here(model) {
        return None;
    }
    in_list(model, key, modifiers)
}

/// A message is written in this window, not in one of its own.
fn is_written_here(model: &Model) -> bool {
    model.composer.as_ref().is_some_and(|composer| !composer.detached)
}

/// Keys that hold while writing, too.
fn anywhere(model: &Model, key: Key, modifiers: Modifiers) -> Option<Action> {
    match (key, modifiers.command) {
        (Key::F5, _) => Some(Action::GetMail),
        (Key::F1, _) => Some(Action::ShowHelp(true)),
        (Key::F3, _) => Some(Action::NextHit { back: modifiers.shift }),
        (Key::F, true) => Some(Action::FocusSearch),
        (Key::N, true) => Some(Action::Compose),
        (Key::Comma, true) => Some(Action::OpenSettings),
        (Key::Enter, true) if is_written_here(model) => Some(Action::Send),
        (Key::Escape, _) if is_written_here(model) => Some(Action::CloseComposer),
        (Key::Escape, _) if model.reading.source.is_some() => Some(Action::ShowSource(false)),
        (Key::Escape, _) if !model.search.text.is_empty() => Some(Action::EndSearch),
        _ => None,
    }
}

fn in_list(model: &Model, key: Key, modifiers: Modifiers) -> Option<Action> {
    let go = |by| Some(Action::MoveCursor { by, extend: modifiers.shift });
    match key {
        Key::ArrowDown | Key::J => go(1),
        Key::ArrowUp | Key::K => go(-1),
        Key::CloseBracket => Some(Action::StepInThread(1)),
        Key::OpenBracket => Some(Action::StepInThread(-1)),
        Key::PageDown => go(PAGE),
        Key::PageUp => go(-PAGE),
        Key::Home => go(isize::MIN / 2),
        Key::End => go(isize::MAX / 2),
        Key::Enter => model.messages.cursor.filter(|&key| model.editable(key)).map(Action::EditDraft),
        Key::E => Some(Action::MoveSelected(Role::Archive)),
        Key::Delete => Some(Action::MoveSelected(Role::Trash)),
        Key::Num3 if modifiers.shift => Some(Action::MoveSelected(Role::Trash)),
        Key::V => Some(Action::OpenChooser(Choosing::Mailbox)),
        Key::T => Some(Action::OpenChooser(Choosing::Tags)),
        Key::S => model.messages.cursor.map(Action::ToggleStar),
        Key::U => Some(Action::SetFlag(Flag::Seen, false)),
        Key::R => Some(Action::Answer(Answer::Reply)),
        Key::A => Some(Action::Answer(Answer::ReplyAll)),
        Key::F => Some(Action::Answer(Answer::Forward)),
        Key::C => Some(Action::Compose),
        Key::G => Some(Action::GetMail),
        Key::Questionmark => Some(Action::ShowHelp(true)),
        Key::Slash if modifiers.shift => Some(Action::ShowHelp(true)),
        Key::Slash => Some(Action::FocusSearch),
        _ => None,
    }
}
