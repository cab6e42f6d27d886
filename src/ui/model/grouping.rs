//! A list of conversations: each row stands for all of its messages, and what is done to the row is done to those of them that
//! the mailbox holds.

use super::{Model, Pending};
use crate::engine::Command;
use crate::store::types::{Flag, MessageKey, Role, TagId};

/// What is done to messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Move(Role),
    Flag(Flag, bool),
    Tag(TagId, bool),
}

impl Model {
    /// Whether the list on the screen is one of conversations.
    pub fn is_grouped(&self) -> bool {
        self.messages.keys_part.1 && !self.shows_results()
    }

    pub(super) fn set_grouped(&mut self, grouped: bool) {
        self.look.grouped = grouped;
        if !self.search.is_on() {
            self.list_mailbox();
        }
    }

    /// Does it to these or, where they stand for their conversations, to all that the mailbox holds of those.
    pub(super) fn with_members(&mut self, keys: Vec<MessageKey>, deed: Deed) {
        let is_listed = self.messages.outside().is_none();
        if self.is_grouped() && is_listed && !keys.is_empty() {
            let view = self.messages.view;
            return self.ask(Command::ListMembers { keys, view }, Pending::Members(deed));
        }
        self.carry_out(keys, deed);
    }

    pub(super) fn carry_out(&mut self, keys: Vec<MessageKey>, deed: Deed) {
        match deed {
            Deed::Move(to) => self.move_messages(keys, to),
            Deed::Flag(flag, on) => self.flag(keys, flag, on),
            Deed::Tag(tag, on) => self.tag_messages(keys, tag, on),
        }
    }
}
