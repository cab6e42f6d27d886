//! The conversation of the open message: what is known of it, and going through it. Its messages may lie in other mailboxes
//! than the one in the list; one that is open from there is what is selected, beside the list.

use super::selection::holds;
use super::{Model, Pending};
use crate::engine::{Command, Thread};
use crate::store::types::{MessageKey, MessageRow};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conversation {
    /// None: nothing is known of it yet.
    pub thread: Option<Thread>,
    /// Its messages are shown, not only how many there are.
    pub is_unfolded: bool,
    /// That of the message that is on its way.
    coming: Option<Thread>,
}

impl Conversation {
    /// Another message has come. What was shown stays where it is part of the same conversation.
    pub(super) fn of(self, key: MessageKey) -> Self {
        let is_same = |thread: &Thread| thread.holds(key);
        let stays = self.thread.as_ref().is_some_and(is_same);
        let coming = self.coming.filter(|thread| thread.key == key);
        let thread = coming.or(self.thread.filter(|_| stays));
        Self { thread, is_unfolded: self.is_unfolded && stays, coming: None }
    }

    /// The rows of these, the newest first.
    pub(super) fn change_rows(&mut self, keys: &[MessageKey], change: impl FnMut(&mut MessageRow)) {
        let messages = self.thread.iter_mut().flat_map(|thread| &mut thread.messages);
        messages.filter_map(|message| message.row.as_mut()).filter(|row| holds(keys, row.key)).for_each(change);
    }

    fn row(&self, key: MessageKey) -> Option<&MessageRow> {
        self.thread.as_ref()?.rows().find(|row| row.key == key)
    }
}

impl Model {
    pub(super) fn ask_thread(&mut self, key: MessageKey) {
        self.ask(Command::ListThread { key }, Pending::Thread(key));
    }

    pub(super) fn thread_listed(&mut self, thread: Thread) {
        let open = self.reading.message.as_ref().map(|message| message.row.key);
        if let Some(row) = self.messages.outside().and_then(|key| thread.rows().find(|row| row.key == key)) {
            self.messages.keep_row(row.clone());
        }
        if self.reading.waiting_for == Some(thread.key) {
            self.reading.conversation.coming = Some(thread);
        } else if open == Some(thread.key) {
            self.reading.conversation.thread = Some(thread);
        }
    }

    /// Messages came, went, or were put into their threads.
    pub(super) fn refresh_thread(&mut self) {
        let Some(key) = self.reading.message.as_ref().map(|message| message.row.key) else { return };
        // One under way is enough: news come all the time.
        if !self.pending.values().any(|purpose| matches!(purpose, Pending::Thread(_))) {
            self.ask_thread(key);
        }
    }

    /// Opens a message of the conversation: in the list where that holds it, otherwise beside it.
    pub(super) fn open_in_thread(&mut self, key: MessageKey) {
        if let Some(index) = self.messages.index_of(key) {
            self.messages.reveal += 1;
            return self.select(index, crate::ui::action::Selecting::Only);
        }
        if let Some(row) = self.reading.conversation.row(key).cloned() {
            self.messages.select_outside(row);
            self.read_cursor();
        }
    }

    /// Opens the message so many places further on in the conversation, as far as there is one.
    pub(super) fn step_in_thread(&mut self, by: isize) {
        let Some(thread) = &self.reading.conversation.thread else { return };
        let open = self.reading.waiting_for.or(self.reading.message.as_ref().map(|message| message.row.key));
        let keys: Vec<MessageKey> = thread.rows().map(|row| row.key).collect();
        let here = keys.iter().position(|key| Some(*key) == open);
        let there = here.and_then(|here| here.checked_add_signed(by)).and_then(|there| keys.get(there));
        if let Some(&key) = there {
            self.open_in_thread(key);
        }
    }
}
