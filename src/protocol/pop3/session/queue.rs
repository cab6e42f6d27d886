//! What the session is asked to do in TRANSACTION, and what of it was not said yet.

use std::collections::VecDeque;

use super::{Command, Session};
use crate::protocol::pop3::MessageNumber;

/// Commands that wait for room in the window, in the order in which their kinds go.
#[derive(Default)]
pub(super) struct Queue {
    /// NOOP and RSET.
    pub first: VecDeque<Command>,
    pub listing: VecDeque<Command>,
    /// Before the messages that wait to be retrieved: a line that breaks later finds them done.
    pub deletions: VecDeque<MessageNumber>,
    /// RETR and TOP.
    pub retrievals: VecDeque<Command>,
}

impl Queue {
    pub fn pop(&mut self) -> Option<Command> {
        let first = self.first.pop_front().or_else(|| self.listing.pop_front());
        first.or_else(|| self.deletions.pop_front().map(Command::Dele)).or_else(|| self.retrievals.pop_front())
    }

    pub fn is_empty(&self) -> bool {
        self.first.is_empty() && self.listing.is_empty() && self.deletions.is_empty() && self.retrievals.is_empty()
    }
}

impl Session {
    /// Asks what lies in the maildrop. To be called once; before [`Event::SignedIn`] it saves a round trip.
    pub fn list(&mut self) {
        self.queue.listing.extend([Command::Stat, Command::Uidl, Command::List]);
    }

    pub fn retrieve(&mut self, number: MessageNumber) {
        self.queue.retrievals.push_back(Command::Retr(number));
    }

    /// Asks for the header and so many lines of the body (RFC 1939 §7), which come as [`Self::retrieve`]'s octets do. Servers that
    /// send the whole message instead exist.
    pub fn top(&mut self, number: MessageNumber, lines: u32) {
        self.queue.retrievals.push_back(Command::Top(number, lines));
    }

    /// Commands that were not sent yet.
    pub fn waiting(&self) -> usize {
        self.queue.deletions.len() + self.queue.retrievals.len()
    }

    /// Withdraws the messages that were asked for and not requested from the server yet.
    pub fn withdraw(&mut self) -> Vec<MessageNumber> {
        let withdrawn = std::mem::take(&mut self.queue.retrievals).into_iter();
        let number = |command| match command {
            Command::Retr(number) | Command::Top(number, _) => Some(number),
            _ => None,
        };
        withdrawn.filter_map(number).collect()
    }

    /// Only for what is safely stored. Goes before the messages that wait to be retrieved.
    pub fn delete(&mut self, number: MessageNumber) {
        self.queue.deletions.push_back(number);
    }

    /// Renews the server's patience (RFC 1939 §5).
    pub fn noop(&mut self) {
        self.queue.first.push_back(Command::Noop);
    }

    /// Takes back every deletion that was asked for in this session, sent or not (RFC 1939 §5).
    pub fn reset(&mut self) {
        self.queue.deletions.clear();
        self.queue.first.push_back(Command::Rset);
    }

    /// Ends the session once everything that was asked for is answered. Nothing may be asked for any more.
    pub fn quit(&mut self) {
        self.quit_wanted = true;
    }

    /// As [`Self::quit`], but over as soon as QUIT is said, a round trip earlier: only where nothing was deleted, for then there is
    /// nothing to learn from its answer. There is no [`super::Event::Quit`].
    pub fn leave(&mut self) {
        self.leaves_at_once = self.is_answered() && self.queue.is_empty();
        self.quit_wanted = true;
    }

    /// Whether everything that was asked for is answered.
    pub fn is_idle(&self) -> bool {
        self.sent.is_empty() && self.queue.is_empty() && self.events.is_empty()
    }
}
