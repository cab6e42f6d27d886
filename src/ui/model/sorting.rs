//! The order of the list: another one is made behind the screen, which keeps the one it has until it comes.

use std::collections::HashSet;
use std::sync::Arc;

use super::messages::{Listed, Messages};
use super::{Model, Pending};
use crate::engine::{Command, Sorted};
use crate::store::types::{MailboxView, MessageKey, SortOrder};

impl Model {
    /// Puts the list, and those of other mailboxes, in this order from now on.
    pub(super) fn sort(&mut self, order: SortOrder) {
        if self.messages.order == order {
            return;
        }
        self.messages.order = order;
        if !self.search.is_on() {
            self.list_mailbox();
        }
    }

    /// Asks for the keys of the open mailbox, in the order that is wanted.
    pub(super) fn list_mailbox(&mut self) {
        let (view, order) = (self.messages.view, self.messages.order);
        let command = match order.is_newest_first() {
            true => Command::ListMessages { view },
            false => Command::SortMessages { view, order },
        };
        self.ask(command, Pending::Listing);
    }

    pub(super) fn listed(&mut self, view: MailboxView, keys: Arc<Vec<MessageKey>>) {
        self.sorted(view, SortOrder::default(), Sorted { keys, places: Arc::default() });
    }

    pub(super) fn sorted(&mut self, view: MailboxView, order: SortOrder, sorted: Sorted) {
        if view != self.messages.view || order != self.messages.order || self.search.is_on() {
            return;
        }
        let another = std::mem::replace(&mut self.messages.keys_order, order) != order;
        self.show_in_order(Listed::Mailbox(view), sorted);
        if another {
            self.messages.reveal += 1;
        }
        if std::mem::take(&mut self.messages.listing_is_stale) {
            self.list_mailbox();
        }
    }
}

impl Messages {
    /// Takes these out of the keys, and out of their places.
    pub(super) fn remove_keys(&mut self, gone: &HashSet<MessageKey>) {
        let gone = self.indexes_of(gone);
        if !self.places.is_empty() {
            let mut before = 0;
            let mut gone_places = gone.iter().peekable();
            // How many of those that stand before each place go.
            let shifts: Vec<Option<u32>> = (0..self.keys.len())
                .map(|place| {
                    let goes = gone_places.next_if(|&&gone| gone == place).is_some();
                    before += u32::from(goes);
                    (!goes).then_some(before)
                })
                .collect();
            let moved = |&place: &u32| Some(place - shifts.get(place as usize).copied().flatten()?);
            self.places = Arc::new(self.places.iter().filter_map(moved).collect());
        }
        let mut keys = Vec::with_capacity(self.keys.len() - gone.len());
        let mut from = 0;
        for index in gone {
            keys.extend_from_slice(self.keys.get(from..index).unwrap_or_default());
            from = index + 1;
        }
        keys.extend_from_slice(self.keys.get(from..).unwrap_or_default());
        self.keys = Arc::new(keys);
    }

    /// Where these stand in the list, in its order. Few are looked for one by one, of many the list is read once.
    pub(super) fn indexes_of(&self, some: &HashSet<MessageKey>) -> Vec<usize> {
        if some.len() > self.keys.len() / MANY {
            return self
                .keys
                .iter()
                .enumerate()
                .filter(|(_, key)| some.contains(key))
                .map(|(index, _)| index)
                .collect();
        }
        let mut indexes: Vec<usize> = some.iter().filter_map(|&key| self.index_of(key)).collect();
        indexes.sort_unstable();
        indexes
    }

    /// What is selected stays so where it stays in the list.
    pub(super) fn select_what_is_listed(&mut self) {
        if self.selected.is_empty() {
            return;
        }
        let indexes = self.indexes_of(&self.selected);
        if indexes.len() < self.selected.len() {
            let listed = indexes.into_iter().filter_map(|index| self.keys.get(index).copied());
            // What is read beside the list stays.
            self.selected = listed.chain(self.outside()).collect();
        }
    }
}

/// Part of a list from which on it is quicker to read it all.
const MANY: usize = 16;
