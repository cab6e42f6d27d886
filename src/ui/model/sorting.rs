//! The order of the list: another one is made behind the screen, which keeps the one it has until it comes.

use std::ops::Range;
use std::sync::Arc;

use super::messages::{Listed, Messages};
use super::{Model, Pending, Selection};
use crate::engine::{Command, Sorted};
use crate::store::types::{Filter, MailboxView, MessageKey, SortOrder};

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

    /// Asks for the keys of the open mailbox, in the order that is wanted, as far as they are.
    pub(super) fn list_mailbox(&mut self) {
        let (view, order) = (self.messages.view, self.messages.order);
        if self.wants_part() {
            return self.ask_part(view, order);
        }
        if order.is_newest_first() && self.is_worth_a_screenful(view) {
            self.ask(Command::ListNewest { view, most: SCREENFUL }, Pending::Newest);
        }
        let command = match order.is_newest_first() {
            true => Command::ListMessages { view },
            false => Command::SortMessages { view, order },
        };
        self.ask(command, Pending::Listing);
    }

    /// Whether a mailbox is so large, or may be, that its newest messages should not wait for the others.
    fn is_worth_a_screenful(&self, view: MailboxView) -> bool {
        let is_there = self.messages.listed && self.messages.keys_of == Listed::Mailbox(view);
        !is_there && (self.counts.is_empty() || self.count(view).0 > LARGE)
    }

    /// The newest of a list are here before the whole.
    pub(super) fn newest_listed(&mut self, view: MailboxView, keys: Vec<MessageKey>) {
        let is_there = self.messages.listed && self.messages.keys_of == Listed::Mailbox(view);
        let is_wanted = self.messages.order.is_newest_first() && !self.wants_part() && !self.search.is_on();
        if view == self.messages.view && is_wanted && !is_there {
            (self.messages.keys_order, self.messages.keys_part) = Default::default();
            self.show_keys(Listed::Mailbox(view), Arc::new(keys));
        }
    }

    pub(super) fn listed(&mut self, view: MailboxView, keys: Arc<Vec<MessageKey>>) {
        self.sorted(view, SortOrder::default(), Sorted { keys, places: Arc::default() });
    }

    pub(super) fn sorted(&mut self, view: MailboxView, order: SortOrder, sorted: Sorted) {
        self.sorted_as(view, order, (Filter::default(), false), sorted, None);
    }

    /// `part`: what of the mailbox is in the list, and whether conversations are. `head`: the message that was open, and the one
    /// that stands for its conversation now.
    pub(super) fn sorted_as(
        &mut self,
        view: MailboxView,
        order: SortOrder,
        part: (Filter, bool),
        sorted: Sorted,
        head: Option<(MessageKey, MessageKey)>,
    ) {
        let messages = &self.messages;
        let is_wanted = part.0 == messages.filter && part.1 == self.look.grouped;
        if view != messages.view || order != messages.order || !is_wanted || self.search.is_on() {
            return;
        }
        self.follow_head(head);
        let another = self.messages.keys_part != part;
        if self.messages.keys_part.1 != part.1 {
            // Rows say more, or less, of what they stand for.
            self.messages.rows_are_stale();
        }
        self.messages.keys_part = part;
        let another = std::mem::replace(&mut self.messages.keys_order, order) != order || another;
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
    /// Takes what stands at these places out of the keys.
    pub(super) fn remove_keys(&mut self, gone: &[usize]) {
        if !self.places.is_empty() {
            let moved = if gone.len() <= FEW_GONE { moved_up_by_few } else { moved_up };
            self.places = Arc::new(moved(&self.places, self.keys.len(), gone));
        }
        let mut keys = Vec::with_capacity(self.keys.len() - gone.len());
        let mut from = 0;
        for &index in gone {
            keys.extend_from_slice(self.keys.get(from..index).unwrap_or_default());
            from = index + 1;
        }
        keys.extend_from_slice(self.keys.get(from..).unwrap_or_default());
        self.keys = Arc::new(keys);
    }

    /// Where these, the newest first, stand in the list, in its order. Few are looked for one by one, of many the list is read
    /// once.
    pub(super) fn indexes_of(&self, some: &[MessageKey]) -> Vec<usize> {
        if some.len() <= self.keys.len() / MANY {
            let mut indexes: Vec<usize> = some.iter().filter_map(|&key| self.index_of(key)).collect();
            indexes.sort_unstable();
            return indexes;
        }
        let mut wanted = some.iter().copied().peekable();
        let mut is_wanted = |key: MessageKey| {
            while wanted.next_if(|&other| other > key).is_some() {}
            wanted.next_if_eq(&key).is_some()
        };
        if self.places.is_empty() {
            let all = self.keys.iter().copied().enumerate();
            return all.filter(|(_, key)| is_wanted(*key)).map(|(index, _)| index).collect();
        }
        let all = self.places.iter().map(|&place| place as usize);
        let mut indexes: Vec<usize> =
            all.filter(|&place| self.keys.get(place).is_some_and(|&key| is_wanted(key))).collect();
        indexes.sort_unstable();
        indexes
    }

    /// The keys of the list, the newest first, whatever its order.
    pub(super) fn newest_first(&self) -> Arc<Vec<MessageKey>> {
        if self.places.is_empty() {
            return self.keys.clone();
        }
        let in_order = self.places.iter().filter_map(|&place| self.keys.get(place as usize));
        Arc::new(in_order.copied().collect())
    }

    /// What stands at these places, to be selected.
    pub(super) fn stretch(&self, places: Range<usize>) -> Selection {
        if self.places.is_empty() {
            return Selection::run(&self.keys, places);
        }
        let mut keys = self.keys.get(places).unwrap_or_default().to_vec();
        keys.sort_unstable_by(|a, b| b.cmp(a));
        let keys = Arc::new(keys);
        Selection::run(&keys, 0..keys.len())
    }

    /// What is selected stays so where it stays in the list.
    pub(super) fn select_what_is_listed(&mut self) {
        if self.selected.is_empty() {
            return;
        }
        // What is read beside the list stays.
        let outside = self.outside();
        let is_gone = |key: &MessageKey| self.index_of(*key).is_none();
        let gone: Option<Vec<_>> = self.selected.few().map(|few| few.filter(is_gone).collect());
        match gone {
            Some(gone) => gone.into_iter().for_each(|key| self.selected.turn(key)),
            None => {
                let keys = self.newest_first();
                self.selected.keep_listed(&keys);
            }
        }
        if let Some(outside) = outside.filter(|key| !self.selected.contains(key)) {
            self.selected.turn(outside);
        }
    }
}

/// The places of those that stay, where these go from a list that is so long.
fn moved_up(places: &[u32], len: usize, gone: &[usize]) -> Vec<u32> {
    let mut before = 0;
    let mut gone = gone.iter().peekable();
    // How many of those that stand before each place go.
    let shifts: Vec<Option<u32>> = (0..len)
        .map(|place| {
            let goes = gone.next_if(|&&gone| gone == place).is_some();
            before += u32::from(goes);
            (!goes).then_some(before)
        })
        .collect();
    let moved = |&place: &u32| Some(place - shifts.get(place as usize).copied().flatten()?);
    places.iter().filter_map(moved).collect()
}

/// The same, where few go.
fn moved_up_by_few(places: &[u32], _: usize, gone: &[usize]) -> Vec<u32> {
    let gone: Vec<u32> = gone.iter().filter_map(|&place| u32::try_from(place).ok()).collect();
    let mut moved = Vec::with_capacity(places.len());
    for &place in places {
        let (mut before, mut goes) = (0, false);
        for &gone in &gone {
            before += u32::from(gone < place);
            goes |= gone == place;
        }
        if !goes {
            moved.push(place - before);
        }
    }
    moved
}

/// Messages that go at once and are counted one by one, which is quicker than a table of the whole list.
const FEW_GONE: usize = 8;
/// Messages that are listed before all others: more than any screen shows.
const SCREENFUL: usize = 200;
/// Messages that are listed in some milliseconds.
const LARGE: u64 = 20_000;
/// Part of a list from which on it is quicker to read it all.
const MANY: usize = 16;
