//! The screen without a window: what a person does, what the engine says, and what is asked and shown then.

mod composer;
mod drafts;
mod filter;
mod find;
mod grouping;
mod list;
mod moving;
mod notices;
mod organise;
mod page;
mod search;
mod settings;
mod sorting;
mod thread;
mod tidying;
mod visits;

use super::Composer;
use crate::engine::Event;
use crate::store::types::MessageKey;
use crate::ui::action::{Action, Selecting};
use crate::ui::testing::Desk;

fn select(index: usize, how: Selecting) -> Action {
    Action::Select { index, how }
}

fn key(n: i64) -> MessageKey {
    MessageKey(n)
}

fn chosen(desk: &Desk) -> Vec<i64> {
    desk.model.messages.chosen().into_iter().map(|key| key.0).collect()
}

fn cursor(desk: &Desk) -> Option<i64> {
    desk.model.messages.cursor.map(|key| key.0)
}

/// The message in the reading pane.
fn read(desk: &Desk) -> Option<i64> {
    desk.model.reading.message.as_ref().map(|message| message.row.key.0)
}

/// Clicks a row, and what it leads to has come.
fn open(desk: &mut Desk, index: usize) {
    desk.act(select(index, Selecting::Only));
    desk.serve();
}

const FIRST: MessageKey = MessageKey(1001);

fn composer(desk: &mut Desk) -> &mut Composer {
    desk.model.composer.as_mut().expect("the composer is open")
}

/// Types this subject; returns what is asked at once.
fn write(desk: &mut Desk, subject: &str) -> Vec<String> {
    composer(desk).draft.subject = subject.into();
    composer(desk).draft.to = "bo@example.org".into();
    desk.act(Action::DraftEdited)
}

/// A new message, begun and not saved.
fn writing(subject: &str) -> Desk {
    let mut desk = Desk::of(3);
    desk.act(Action::Compose);
    write(&mut desk, subject);
    desk
}

fn saved(desk: &mut Desk, key: MessageKey) -> Vec<String> {
    desk.answer("SaveDraft", Event::DraftSaved { key })
}
