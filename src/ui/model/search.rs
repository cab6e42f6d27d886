//! The search field, and the list while it holds something: results come while it is typed, a page after the other, and the
//! list keeps what it shows until they come.

use std::sync::Arc;

use super::find::{People, Snippets};
use super::messages::Listed;
use super::{Model, Pending};
use crate::engine::{Command, Found, SavedSearch, Search};
use crate::mail::{Fault, Marker};
use crate::store::types::{MessageKey, Role};

/// Results that are asked for first: more than any screen shows, few enough to be there at once.
const FIRST_PAGE: usize = 200;
/// Then pages grow, up to this, until all results are known.
const LARGEST_PAGE: usize = 20_000;

/// What is searched for, and how far that is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchField {
    /// As it stands in the field; empty: nothing is searched for.
    pub text: String,
    /// Only in the mailbox that was open, not everywhere.
    pub here: bool,
    /// What of it cannot be understood.
    pub fault: Option<Fault>,
    /// All results are in the list.
    pub is_complete: bool,
    /// How many there are in all, where that is known before they are in the list.
    pub total: Option<u64>,
    /// What the results say where something was found, and what is marked in them.
    pub snippets: Snippets,
    /// Offered for the word that is being typed.
    pub people: People,
    /// What was searched for before, the last one first, and what is kept under a name.
    pub past: Vec<String>,
    pub saved: Vec<SavedSearch>,
    /// Messages that cannot be found by their words yet.
    pub to_index: u64,
    /// Counts up when the field should have the keyboard.
    pub focus: u64,
}

impl SearchField {
    pub fn is_on(&self) -> bool {
        !self.text.trim().is_empty()
    }
}

impl Model {
    /// What is searched for; None: the list shows a mailbox.
    pub fn search_wanted(&self) -> Option<Search> {
        let within = self.search.here.then_some(self.messages.view);
        self.search.is_on().then(|| Search {
            text: self.search.text.clone(),
            typing: true,
            within,
            filter: self.messages.filter.clone(),
        })
    }

    /// Whether the list shows results.
    pub fn shows_results(&self) -> bool {
        matches!(self.messages.keys_of, Listed::Results(_))
    }

    /// Whether the list holds messages of every account.
    pub fn is_of_all_accounts(&self) -> bool {
        match &self.messages.keys_of {
            Listed::Mailbox(_) => self.messages.view.account.is_none(),
            Listed::Results(search) => search.within.is_none_or(|view| view.account.is_none()),
        }
    }

    /// The mailbox of what is selected: of the open mailbox, or, among results, of the message with the cursor.
    pub fn role_of_selection(&self) -> Role {
        if !self.shows_results() && self.messages.outside().is_none() {
            return self.messages.view.role;
        }
        let row = self.messages.cursor.and_then(|key| self.messages.row(key));
        row.map(|row| row.role).unwrap_or_default()
    }

    pub(super) fn search_for(&mut self, text: String) {
        self.search.text = text;
        self.search.fault = None;
        if self.search.is_on() { self.ask_search() } else { self.list_mailbox() }
    }

    pub(super) fn search_here(&mut self, here: bool) {
        self.search.here = here;
        if self.search.is_on() {
            self.ask_search();
        }
    }

    /// Back to the mailbox.
    pub(super) fn end_search(&mut self) {
        let was_on = self.search.is_on() || self.shows_results();
        self.search.text.clear();
        self.search.fault = None;
        if was_on {
            self.list_mailbox();
        }
    }

    pub(super) fn ask_search(&mut self) {
        self.ask_page(None, FIRST_PAGE);
    }

    fn ask_page(&mut self, after: Option<MessageKey>, most: usize) {
        if let Some(search) = self.search_wanted() {
            let purpose = Pending::Search { search: search.clone(), after, most };
            self.ask(Command::Search { search, after, most }, purpose);
        }
    }

    /// Other mail is there, or more of it can be found: the list is asked for anew, as long as it is.
    pub(super) fn refresh_results(&mut self) {
        // One search under way is enough: it is asked for anew when it has come.
        let is_of_search = |purpose: &Pending| matches!(purpose, Pending::Search { .. } | Pending::Count { .. });
        if self.pending.values().any(is_of_search) {
            self.messages.listing_is_stale = true;
        } else {
            self.ask_page(None, self.messages.keys.len().max(FIRST_PAGE));
        }
    }

    pub(super) fn indexed(&mut self, left: u64) {
        self.search.to_index = left;
        self.refresh_thread();
        if self.search.is_on() {
            self.refresh_results();
        } else if self.look.grouped && !self.pending.values().any(|purpose| *purpose == Pending::Listing) {
            // Messages may have come into their conversations.
            self.messages.rows_are_stale();
            self.list_mailbox();
        }
    }

    pub(super) fn found(&mut self, found: Found, search: Search, after: Option<MessageKey>, most: usize) {
        // The person has typed on: the answer to that is on its way.
        if self.search_wanted().as_ref() != Some(&search) {
            return;
        }
        let Found { keys, more, to_index } = found;
        self.search.fault = None;
        self.search.to_index = to_index;
        self.search.is_complete = !more;
        let last = keys.last().copied();
        match after {
            None => {
                self.results_begin(&search);
                self.show_keys(Listed::Results(search.clone()), Arc::new(keys));
            }
            Some(_) => {
                let mut all = std::mem::take(&mut self.messages.keys);
                Arc::make_mut(&mut all).extend(keys);
                self.show_keys(Listed::Results(search.clone()), all);
            }
        }
        let next_page = most.saturating_mul(10).min(LARGEST_PAGE);
        // All of them first: what comes in all the time would keep the list from ever being whole.
        if more && after.is_none() {
            // Their number is there sooner than all of them, and one thing at a time leaves room for what is on the screen.
            let purpose = Pending::Count { search: search.clone(), after: last, most: next_page };
            self.ask(Command::CountFound { search }, purpose);
        } else if more {
            self.ask_page(last, next_page);
        } else if std::mem::take(&mut self.messages.listing_is_stale) {
            self.refresh_results();
        }
        self.fetch_snippets();
    }

    /// The first page of another search: what was known of the one before is of no use.
    fn results_begin(&mut self, search: &Search) {
        if self.messages.keys_of != Listed::Results(search.clone()) {
            self.search.total = None;
            self.search.snippets = Snippets::of(Marker::of_typed(&search.text, search.typing));
        }
    }

    /// How many there are, None if that could not be told; then the rest of them is asked for.
    pub(super) fn counted(&mut self, count: Option<u64>, search: &Search, after: Option<MessageKey>, most: usize) {
        if self.search_wanted().as_ref() == Some(search) {
            self.search.total = count;
            self.ask_page(after, most);
        }
    }

    pub(super) fn not_understood(&mut self, fault: Fault, search: &Search) {
        if self.search_wanted().as_ref() == Some(search) {
            self.search.fault = Some(fault);
        }
    }

    /// Of these, which were selected among results, what may go there: each message by the mailbox that it lies in. Of those
    /// whose row is not known the store knows it.
    pub(super) fn movable_results(&self, mut keys: Vec<MessageKey>, to: Role) -> Vec<MessageKey> {
        keys.retain(|&key| {
            self.messages.row(key).is_none_or(|row| {
                let is_unsent = matches!(row.role, Role::Drafts | Role::Outbox);
                row.role != to && (!is_unsent || to == Role::Trash)
            })
        });
        keys
    }

    /// What was moved is a result still, elsewhere: it says so at once, and the next one is selected.
    pub(super) fn results_moved(&mut self, keys: &[MessageKey], to: Role) {
        self.messages.change_rows(keys, |row| row.role = to);
        if self.messages.is_any_selected(keys) {
            let places = self.messages.indexes_of(keys);
            self.messages.select_after(&places);
        }
    }
}
