//! The list, what is selected in it, and the message that is open.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::grouping::Deed;
use super::selection::holds;
use super::{Conversation, Model, Parts, Pending, Selection};
use crate::engine::{Command, OpenedMessage, Search, Sorted, Wish};
use crate::mail::compose::Answer;
use crate::store::types::{Filter, Flag, MailboxView, MessageKey, MessageRow, OutboxState, Part, Role, SortOrder};
use crate::ui::action::Selecting;

/// Rows whose text is kept. Far more than any screen shows, far less than a mailbox can hold.
const ROWS_KEPT: usize = 4000;

/// Rows above and below the visible ones that are fetched with them, so that scrolling meets text.
const ROWS_AHEAD: usize = 60;

/// What the list shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listed {
    Mailbox(MailboxView),
    Results(Search),
}

impl Default for Listed {
    fn default() -> Self {
        Self::Mailbox(MailboxView::default())
    }
}

/// The list of a mailbox, or of what was found.
#[derive(Default)]
pub struct Messages {
    /// The mailbox that is open; while something is searched for, the one to come back to.
    pub view: MailboxView,
    /// The order that is wanted of a mailbox; results come newest first.
    pub order: SortOrder,
    /// What is wanted of the list.
    pub filter: Filter,
    /// In the order of [`Self::keys_order`].
    pub keys: Arc<Vec<MessageKey>>,
    /// Where each key stands in `keys`, the newest first; empty where `keys` are in that order themselves.
    pub(super) places: Arc<Vec<u32>>,
    /// The order in which mailboxes were listed last.
    pub(super) keys_order: SortOrder,
    /// What of its mailbox is in the list, if it is of a mailbox; and whether conversations are.
    pub(super) keys_part: (Filter, bool),
    /// What `keys` are of: until the new listing comes the old one stays.
    pub keys_of: Listed,
    /// A listing has come at all.
    pub listed: bool,
    /// Where the keyboard is.
    pub cursor: Option<MessageKey>,
    pub selected: Selection,
    /// What is selected though the list does not hold it: of the same conversation, and open.
    outside: Option<MessageKey>,
    /// Where a range began.
    anchor: Option<MessageKey>,
    rows: HashMap<MessageKey, (u64, MessageRow)>,
    asked: HashSet<MessageKey>,
    visible: (usize, usize),
    /// Counts up when rows may have changed: older ones are shown, and asked for again.
    generation: u64,
    pub(super) listing_is_stale: bool,
    /// Counts up when the list should bring the cursor into sight.
    pub reveal: u64,
}

/// The message that is open.
#[derive(Default)]
pub struct Reading {
    /// Stays until the next one has come.
    pub message: Option<OpenedMessage>,
    /// What was asked for and has not come yet: what is shown is the previous one, dimmed.
    pub waiting_for: Option<MessageKey>,
    pub headers_shown: bool,
    pub source: Option<String>,
    pub conversation: Conversation,
    pub parts: Parts,
    /// Messages whose remote pictures are on their way.
    pub fetching: HashSet<MessageKey>,
    /// Steps from the first of the places where the search found something; backwards, too.
    pub hit: isize,
    /// What is waited for is to be answered when it has come.
    pub(super) answer_next: Option<Answer>,
}

impl Reading {
    pub(super) fn source_loaded(&mut self, key: MessageKey, text: String) {
        if self.message.as_ref().is_some_and(|message| message.row.key == key) {
            self.source = Some(text);
        }
    }

    fn clear(&mut self) {
        // What is on its way comes all the same.
        *self = Self { fetching: std::mem::take(&mut self.fetching), ..Self::default() };
    }
}

impl Messages {
    pub fn row(&self, key: MessageKey) -> Option<&MessageRow> {
        self.rows.get(&key).map(|(_, row)| row)
    }

    /// Place of a key in the list.
    pub fn index_of(&self, key: MessageKey) -> Option<usize> {
        if self.places.is_empty() {
            return self.keys.binary_search_by(|probe| key.cmp(probe)).ok();
        }
        let key_at = |place: &u32| self.keys.get(*place as usize).copied();
        let found = self.places.binary_search_by(|place| Some(key).cmp(&key_at(place))).ok()?;
        self.places.get(found).map(|&place| place as usize)
    }

    /// What an action on the selection is about, the newest first.
    pub fn chosen(&self) -> Vec<MessageKey> {
        self.selected.newest_first()
    }

    /// The rows of what is selected, as far as they are known.
    pub fn rows_chosen(&self) -> impl Iterator<Item = &MessageRow> {
        self.rows.values().map(|(_, row)| row).filter(|row| self.selected.contains(&row.key))
    }

    /// Whether something is selected that is known to be here in part only, and whose rest is not on its way.
    pub fn has_part_chosen(&self) -> bool {
        self.rows_chosen().any(lacks_rest)
    }

    /// What is selected but for what is known to be here whole, or to come; of the rest the store knows.
    pub(super) fn chosen_in_part(&self) -> Vec<MessageKey> {
        let mut keys = self.chosen();
        keys.retain(|&key| self.row(key).is_none_or(lacks_rest));
        keys
    }

    /// The message that is selected beside the list, if one is.
    pub(super) fn outside(&self) -> Option<MessageKey> {
        self.outside.filter(|key| self.selected.contains(key))
    }

    /// Selects a message beside the list; where the keyboard was in the list is remembered, to go on from there.
    pub(super) fn select_outside(&mut self, row: MessageRow) {
        let key = row.key;
        self.anchor = self.cursor.filter(|&cursor| self.index_of(cursor).is_some()).or(self.anchor);
        self.selected = Selection::only(key);
        (self.outside, self.cursor) = (Some(key), Some(key));
        self.keep_row(row);
    }

    /// The keyboard is there, and it alone is selected; it is not opened.
    pub(super) fn put_cursor(&mut self, key: MessageKey) {
        self.selected = Selection::only(key);
        (self.cursor, self.anchor) = (Some(key), Some(key));
    }

    pub(super) fn keep_row(&mut self, row: MessageRow) {
        self.rows.insert(row.key, (self.generation, row));
    }

    pub(super) fn select_all(&mut self) {
        let keys = self.newest_first();
        self.selected = Selection::run(&keys, 0..keys.len());
    }

    pub(super) fn rows_loaded(&mut self, asked: &[MessageKey], rows: Vec<MessageRow>) {
        for key in asked {
            self.asked.remove(key);
        }
        if self.rows.len() + rows.len() > ROWS_KEPT {
            let (from, to) = self.visible;
            let near = from.saturating_sub(ROWS_AHEAD)..to.saturating_add(ROWS_AHEAD);
            let keep: HashSet<MessageKey> = near.filter_map(|index| self.keys.get(index)).copied().collect();
            // What an action is about is known, unless it is more than is kept anyway.
            let selected = (self.selected.len() <= ROWS_KEPT / 2).then_some(&self.selected);
            self.rows.retain(|key, _| keep.contains(key) || selected.is_some_and(|selected| selected.contains(key)));
        }
        let generation = self.generation;
        self.rows.extend(rows.into_iter().map(|row| (row.key, (generation, row))));
    }

    pub(super) fn rows_are_stale(&mut self) {
        self.generation += 1;
    }

    /// The rows on the screen (from, to).
    pub(super) fn visible(&self) -> (usize, usize) {
        self.visible
    }

    /// Rows that Page Up and Page Down go: as many as are on the screen, but for one by which one finds one's way.
    pub fn page(&self) -> isize {
        let (from, to) = self.visible;
        isize::try_from(to.saturating_sub(from)).unwrap_or(0).saturating_sub(2).max(1)
    }

    /// Keys near the visible rows whose text is missing or old.
    fn wanted(&self) -> Vec<MessageKey> {
        let (from, to) = self.visible;
        let near = from.saturating_sub(ROWS_AHEAD)..to.saturating_add(ROWS_AHEAD).min(self.keys.len());
        let keys = near.filter_map(|index| self.keys.get(index)).copied();
        keys.filter(|key| {
            let fresh = self.rows.get(key).is_some_and(|(generation, _)| *generation == self.generation);
            !fresh && !self.asked.contains(key)
        })
        .collect()
    }

    pub(super) fn change_row(&mut self, key: MessageKey, change: impl FnOnce(&mut MessageRow)) {
        if let Some((_, row)) = self.rows.get_mut(&key) {
            change(row);
        }
    }

    /// The rows of these, the newest first, as far as they are known: of a million that are few.
    pub(super) fn change_rows(&mut self, keys: &[MessageKey], mut change: impl FnMut(&mut MessageRow)) {
        if keys.len() <= self.rows.len() {
            return keys.iter().for_each(|&key| self.change_row(key, &mut change));
        }
        self.rows.values_mut().filter(|(_, row)| holds(keys, row.key)).for_each(|(_, row)| change(row));
    }

    /// Takes keys, the newest first, out of the list at once, without waiting for the store; the cursor goes to the next one
    /// that stays.
    fn take_out(&mut self, gone: &[MessageKey]) {
        if self.places.is_empty() && self.keys.as_slice() == gone {
            // Neither the places of a million are gathered nor what stays is looked for.
            self.keys = Arc::default();
            if self.is_any_selected(gone) {
                self.select_after(&[]);
            }
            return;
        }
        let indexes = self.indexes_of(gone);
        if self.is_any_selected(gone) {
            self.select_after(&indexes);
        }
        self.remove_keys(&indexes);
    }

    /// Whether one of these, the newest first, is selected.
    pub(super) fn is_any_selected(&self, keys: &[MessageKey]) -> bool {
        if keys.len() <= self.selected.len() {
            keys.iter().any(|key| self.selected.contains(key))
        } else {
            self.selected.iter().any(|key| holds(keys, key))
        }
    }

    /// Selects the next one that stands at none of these places.
    pub(super) fn select_after(&mut self, gone: &[usize]) {
        let last = gone.last().copied();
        let next = last.and_then(|last| {
            let before = || {
                // The nearest above that stays, past those that go side by side.
                let side_by_side = gone.iter().rev().zip((0..=last).rev()).take_while(|(gone, place)| **gone == *place);
                last.checked_sub(side_by_side.count()).and_then(|place| self.keys.get(place))
            };
            self.keys.get(last + 1).or_else(before).copied()
        });
        // From beside the list back to where it was left.
        let next = next.or(self.anchor.filter(|&key| last.is_none() && self.index_of(key).is_some()));
        self.selected = next.map(Selection::only).unwrap_or_default();
        (self.cursor, self.anchor) = (next, next);
        self.reveal += 1;
    }
}

fn is_part(row: &MessageRow) -> bool {
    matches!(row.part, Part::Header | Part::Excerpt)
}

fn lacks_rest(row: &MessageRow) -> bool {
    is_part(row) && !row.rest_wanted
}

impl Model {
    pub(super) fn show_mailbox(&mut self, view: MailboxView) {
        if self.messages.view == view && self.messages.keys_of == Listed::Mailbox(view) && self.messages.listed {
            return self.end_search();
        }
        if self.messages.view != view {
            self.forget_filter();
        }
        self.messages.view = view;
        self.search.text.clear();
        self.search.fault = None;
        self.list_mailbox();
    }

    /// Other keys for the list. What is selected stays so where it stays in the list: of a mailbox, and while a search is typed.
    pub(super) fn show_keys(&mut self, of: Listed, keys: Arc<Vec<MessageKey>>) {
        self.show_in_order(of, Sorted { keys, places: Arc::default() });
    }

    pub(super) fn show_in_order(&mut self, of: Listed, Sorted { keys, places }: Sorted) {
        let messages = &mut self.messages;
        let another = messages.keys_of != of;
        let typed_on = matches!((&messages.keys_of, &of), (Listed::Results(_), Listed::Results(_)));
        (messages.keys, messages.places) = (keys, places);
        messages.keys_of = of;
        messages.listed = true;
        if another && !typed_on {
            messages.selected = Selection::default();
            (messages.cursor, messages.anchor) = (None, None);
            messages.reveal += 1;
            self.reading.clear();
        } else {
            messages.select_what_is_listed();
            let is_gone =
                |messages: &Messages, key| messages.index_of(key).is_none() && messages.outside() != Some(key);
            if messages.cursor.is_some_and(|key| is_gone(messages, key)) {
                messages.cursor = None;
                self.reading.clear();
            }
            if another {
                messages.reveal += 1;
            }
        }
        // There is nothing left that could be moved or tagged.
        if self.messages.selected.is_empty() {
            self.chooser = None;
        }
        self.fetch_rows();
    }

    pub(super) fn rows_visible(&mut self, from: usize, to: usize) {
        self.messages.visible = (from, to);
        self.fetch_rows();
        self.fetch_snippets();
    }

    fn fetch_rows(&mut self) {
        let keys = self.messages.wanted();
        if !keys.is_empty() {
            self.messages.asked.extend(&keys);
            let command = match self.is_grouped() {
                true => Command::LoadGroups { keys: keys.clone(), view: self.messages.view },
                false => Command::LoadRows { keys: keys.clone() },
            };
            self.ask(command, Pending::Rows(keys));
        }
    }

    pub(super) fn select(&mut self, index: usize, how: Selecting) {
        let Some(&key) = self.messages.keys.get(index) else { return };
        let messages = &mut self.messages;
        match how {
            Selecting::Only => {
                messages.selected = Selection::only(key);
                messages.anchor = Some(key);
            }
            Selecting::Toggle => {
                messages.selected.turn(key);
                messages.anchor = Some(key);
            }
            Selecting::Range => {
                let anchor = messages.anchor.and_then(|key| messages.index_of(key)).unwrap_or(index);
                messages.selected = messages.stretch(anchor.min(index)..anchor.max(index) + 1);
            }
        }
        // Of two that were selected one is taken out again: the other is what the keyboard and the pane are about.
        messages.cursor = messages.selected.lone().or(Some(key));
        self.read_cursor();
    }

    pub(super) fn move_cursor(&mut self, by: isize, extend: bool) {
        let messages = &self.messages;
        let Some(last) = messages.keys.len().checked_sub(1) else { return };
        let in_list = |key: Option<MessageKey>| key.and_then(|key| messages.index_of(key));
        let left_at = || in_list(messages.anchor.filter(|_| messages.outside().is_some()));
        let index = match in_list(messages.cursor).or_else(left_at) {
            Some(index) => index.saturating_add_signed(by).min(last),
            // From above the first row.
            None => usize::try_from(by.saturating_sub(1)).unwrap_or(0).min(last),
        };
        self.messages.reveal += 1;
        self.select(index, if extend { Selecting::Range } else { Selecting::Only });
    }

    /// Opens what the cursor is on, unless it is open already.
    pub(super) fn read_cursor(&mut self) {
        let Some(key) = self.messages.cursor else { return self.reading.clear() };
        if self.messages.selected.len() > 1 {
            return;
        }
        let open = self.reading.message.as_ref().map(|message| message.row.key);
        if self.reading.waiting_for == Some(key) || (open == Some(key) && self.reading.waiting_for.is_none()) {
            return;
        }
        self.reading.waiting_for = Some(key);
        self.reading.answer_next = None;
        self.ask(Command::OpenMessage { key }, Pending::Open(key));
        self.ask_thread(key);
        if self.shows_results() {
            self.remember_search();
        }
    }

    pub(super) fn message_opened(&mut self, opened: OpenedMessage) {
        let key = opened.row.key;
        if self.reading.waiting_for != Some(key) {
            return;
        }
        let unread = !opened.row.flags.has(Flag::Seen);
        let answer = self.reading.answer_next;
        let mut conversation = std::mem::take(&mut self.reading.conversation).of(key);
        // What stands for a conversation is opened with all of it.
        conversation.is_unfolded |= self.is_grouped();
        let headers_shown = self.reading.headers_shown;
        let fetching = std::mem::take(&mut self.reading.fetching);
        self.reading = Reading { message: Some(opened), headers_shown, conversation, fetching, ..Reading::default() };
        self.parts_wanted();
        if unread {
            self.show_flag(&[key], Flag::Seen, true);
            self.ask(Command::MarkRead { key }, Pending::Other);
        }
        if let Some(answer) = answer {
            self.answer(answer);
        }
    }

    /// The rest of messages is wanted. Shown at once; the store follows.
    pub(super) fn complete(&mut self, keys: Vec<MessageKey>) {
        let words = match keys.len() {
            0 => return,
            1 => "The rest comes with the next “Get mail”",
            _ => "The rest of these messages comes with the next “Get mail”",
        };
        for &key in &keys {
            self.messages.change_row(key, |row| row.rest_wanted = is_part(row));
            if let Some(message) = self.reading.message.as_mut().filter(|message| message.row.key == key) {
                message.row.rest_wanted = is_part(&message.row);
            }
        }
        self.ask(Command::WishOf { keys, wish: Some(Wish::Get) }, Pending::Other);
        self.say(words.into(), false);
    }

    pub(super) fn complete_selected(&mut self) {
        self.complete(self.messages.chosen_in_part());
    }

    /// What is written here changes, a draft its text, what lies in the Outbox its fate; and what is here in part grows.
    pub(super) fn refresh_message(&mut self) {
        let changes = |row: &MessageRow| row.role.is_outgoing() || is_part(row);
        if let Some(message) = self.reading.message.as_ref().filter(|message| changes(&message.row)) {
            self.ask(Command::OpenMessage { key: message.row.key }, Pending::Refresh);
        }
    }

    pub(super) fn message_refreshed(&mut self, opened: OpenedMessage) {
        if let Some(message) = self.reading.message.as_mut().filter(|message| message.row.key == opened.row.key) {
            *message = opened;
        }
    }

    pub(super) fn open_failed(&mut self, key: MessageKey) {
        if self.reading.waiting_for == Some(key) {
            self.reading.waiting_for = None;
            self.reading.answer_next = None;
        }
    }

    pub(super) fn show_source(&mut self, on: bool) {
        self.reading.source = None;
        if let Some(key) = self.reading.message.as_ref().map(|message| message.row.key).filter(|_| on) {
            self.ask(Command::LoadSource { key }, Pending::Source(key));
        }
    }

    pub(super) fn save_attachments(&mut self, index: Option<usize>, folder: PathBuf) {
        if let Some(key) = self.reading.message.as_ref().map(|message| message.row.key) {
            self.ask(Command::SaveAttachments { key, index, folder }, Pending::SaveFiles);
        }
    }

    pub(super) fn set_flag(&mut self, flag: Flag, on: bool) {
        self.with_members(self.messages.chosen(), Deed::Flag(flag, on));
    }

    pub(super) fn toggle_star(&mut self, key: MessageKey) {
        let starred = self.messages.row(key).is_some_and(|row| row.flags.has(Flag::Starred));
        self.flag(vec![key], Flag::Starred, !starred);
    }

    pub(super) fn star_selected(&mut self) {
        let known = || self.messages.rows_chosen();
        let is_starred = known().next().is_some() && known().all(|row| row.flags.has(Flag::Starred));
        // The star is of the message, not of its conversation.
        self.flag(self.messages.chosen(), Flag::Starred, !is_starred);
    }

    /// Shown at once; the store follows.
    pub(super) fn flag(&mut self, keys: Vec<MessageKey>, flag: Flag, on: bool) {
        if keys.is_empty() {
            return;
        }
        self.show_flag(&keys, flag, on);
        self.ask(Command::SetFlag { keys, flag, on }, Pending::Other);
    }

    fn show_flag(&mut self, keys: &[MessageKey], flag: Flag, on: bool) {
        let turn = |row: &mut MessageRow| row.flags = row.flags.with(flag, on);
        self.messages.change_rows(keys, turn);
        self.reading.conversation.change_rows(keys, turn);
        if let Some(message) = self.reading.message.as_mut().filter(|message| holds(keys, message.row.key)) {
            turn(&mut message.row);
        }
    }

    pub(super) fn move_selected(&mut self, to: Role) {
        self.with_members(self.messages.chosen(), Deed::Move(to));
    }

    pub(super) fn move_messages(&mut self, keys: Vec<MessageKey>, to: Role) {
        // Each by its own mailbox, not by the one in the list.
        let among_results = self.shows_results() || self.messages.outside().is_some();
        let keys = if among_results { self.movable_results(keys, to) } else { keys };
        let from = self.messages.view.role;
        // What is not sent yet would be so quietly never: it is sent, edited or thrown away.
        let is_unsent = matches!(from, Role::Drafts | Role::Outbox);
        if keys.is_empty() || (!among_results && (to == from || (is_unsent && to != Role::Trash))) {
            return;
        }
        let done = match (to, keys.len()) {
            (Role::Archive, 1) => "Archived".to_owned(),
            (Role::Archive, count) => format!("{count} messages archived"),
            (Role::Trash, 1) => "Moved to Trash".to_owned(),
            (Role::Trash, count) => format!("{count} messages moved to Trash"),
            (_, 1) => format!("Moved to {}", self.mailbox_name(to)),
            (_, count) => format!("{count} messages moved to {}", self.mailbox_name(to)),
        };
        if among_results {
            self.results_moved(&keys, to);
        } else {
            self.messages.take_out(&keys);
        }
        self.read_cursor();
        let command = if among_results { Command::MoveFound { keys, to } } else { Command::MoveMessages { keys, to } };
        self.ask(command, Pending::Move { done });
    }

    pub(super) fn outbox_progress(&mut self, state: Option<OutboxState>) {
        if state.is_none() {
            self.say("Sent".into(), false);
        }
        self.messages.rows_are_stale();
    }
}
