//! Help while a search is typed, what is remembered of searches, and what is shown around what was found.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::dialogs::Dialog;
use super::messages::Listed;
use super::{Model, Pending};
use crate::engine::{Command, Person, SavedSearch, SearchId, Searches};
use crate::mail::query::complete::{self, OPERATORS, Spot};
use crate::mail::{Marker, Snippet};
use crate::store::types::MessageKey;

/// People that are offered at once, past searches, operators.
const MOST_PEOPLE: usize = 6;
const MOST_PAST: usize = 8;
const MOST_OPERATORS: usize = 6;
/// Values of an operator, of which there may be any number: what is typed narrows them.
const MOST_VALUES: usize = 14;
/// Letters of a word after which people are offered for it.
const LEAST_OF_A_NAME: usize = 2;
/// Messages whose snippets are asked for at once: more than a screen shows.
const MOST_SNIPPETS: usize = 60;

/// Something that may be typed next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    pub kind: SuggestionKind,
    pub shown: String,
    pub means: String,
    /// Characters of what was typed that are replaced,
    pub at: Range<usize>,
    /// and by what.
    pub with: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuggestionKind {
    Operator,
    Value,
    Person,
    Past,
    /// Empties the list of past searches.
    Forget,
}

/// People whose names begin like what is typed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct People {
    /// What was asked last.
    pub asked: String,
    /// What `found` is the answer to.
    of: String,
    found: Vec<Person>,
}

impl People {
    /// Those for this word, if they have come. While the answer is on its way there are none.
    pub fn of(&self, text: &str) -> &[Person] {
        if self.of == text { &self.found } else { &[] }
    }
}

/// What the results say where something was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snippets {
    pub marker: Marker,
    known: HashMap<MessageKey, Option<Snippet>>,
    asked: HashSet<MessageKey>,
}

impl Snippets {
    pub(super) fn of(marker: Marker) -> Self {
        Self { marker, ..Self::default() }
    }

    pub fn of_message(&self, key: MessageKey) -> Option<&Snippet> {
        self.known.get(&key)?.as_ref()
    }
}

/// A search that is to be kept under a name, or one that is kept and is to be changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchDialog {
    pub id: Option<SearchId>,
    pub name: String,
    pub text: String,
}

impl SearchDialog {
    pub fn is_complete(&self) -> bool {
        !self.name.trim().is_empty() && !self.text.trim().is_empty()
    }
}

impl Model {
    /// What may be typed next, where the caret stands behind so many characters.
    pub fn suggestions(&self, caret: usize) -> Vec<Suggestion> {
        let text = &self.search.text;
        if text.trim().is_empty() {
            return self.beginnings(text.chars().count());
        }
        match complete::spot(text, caret) {
            Spot::Between => Vec::new(),
            Spot::Word { at, text } => {
                let mut all = operators(&text, &at);
                all.extend(self.people_for(&text, &at, "from:"));
                all
            }
            Spot::Value { operator, at, text } if complete::is_about_people(operator) => {
                self.people_for(&text, &at, "").collect()
            }
            Spot::Value { operator, at, text } => self.values(operator, &at, &text),
        }
    }

    /// What can be begun with: what was searched for before or, where that is nothing, the language.
    fn beginnings(&self, length: usize) -> Vec<Suggestion> {
        if self.search.past.is_empty() {
            let operators = OPERATORS.iter().take(MOST_OPERATORS);
            return operators.map(|operator| of_operator(operator, 0..length)).collect();
        }
        let past = self.search.past.iter().take(MOST_PAST).map(|text| Suggestion {
            kind: SuggestionKind::Past,
            shown: text.clone(),
            means: String::new(),
            at: 0..length,
            with: text.clone(),
        });
        let forget = Suggestion {
            kind: SuggestionKind::Forget,
            shown: "Forget these searches".into(),
            means: String::new(),
            at: 0..length,
            with: String::new(),
        };
        past.chain([forget]).collect()
    }

    fn people_for<'a>(
        &'a self,
        text: &str,
        at: &Range<usize>,
        before: &'a str,
    ) -> impl Iterator<Item = Suggestion> + 'a {
        let at = at.clone();
        let text = text.to_owned();
        self.search.people.of(&text).iter().filter(move |person| person.address != text).map(move |person| Suggestion {
            kind: SuggestionKind::Person,
            shown: if person.name.is_empty() { person.address.clone() } else { person.name.clone() },
            means: if person.name.is_empty() { String::new() } else { person.address.clone() },
            at: at.clone(),
            with: format!("{before}{} ", complete::quoted(&person.address)),
        })
    }

    fn values(&self, operator: &str, at: &Range<usize>, text: &str) -> Vec<Suggestion> {
        let text = text.to_lowercase();
        let value = |shown: &str, means: &str, with: String| Suggestion {
            kind: SuggestionKind::Value,
            shown: shown.into(),
            means: means.into(),
            at: at.clone(),
            with,
        };
        let begins = |word: &str| word.to_lowercase().starts_with(&text) && word.to_lowercase() != text;
        if operator == "account" {
            let accounts = self.accounts.iter().filter(|account| begins(&account.name));
            let offer = |account: &crate::account::Account| {
                value(&account.name, &account.identity.address, format!("{} ", complete::quoted(&account.name)))
            };
            return accounts.map(offer).collect();
        }
        let offers = complete::values(operator).iter();
        let offers = offers.filter(|offer| begins(offer.word.trim_matches('"')));
        let offers = offers.map(|offer| value(offer.word.trim_matches('"'), offer.means, format!("{} ", offer.word)));
        let (names, means): (Vec<&str>, _) = match operator {
            "in" => (self.organisation.mailboxes.iter().map(|own| own.name.as_str()).collect(), "your mailbox"),
            "tag" => (self.organisation.tags.iter().map(|tag| tag.name.as_str()).collect(), "your tag"),
            _ => (Vec::new(), ""),
        };
        // Of a mailbox in others any of their names may be what comes to mind.
        let own = names.into_iter().filter(|name| {
            begins(name)
                || name.split('/').skip(1).any(|part| !text.is_empty() && part.to_lowercase().starts_with(&text))
        });
        let most = MOST_VALUES.max(complete::values(operator).len());
        offers.chain(own.map(|name| value(name, means, format!("{} ", complete::quoted(name))))).take(most).collect()
    }

    /// The word for which people should be known, where the caret stands; None: for none.
    pub fn people_wanted(&self, caret: usize) -> Option<String> {
        let (text, least) = match complete::spot(&self.search.text, caret) {
            Spot::Word { text, .. } => (text, LEAST_OF_A_NAME),
            Spot::Value { operator, text, .. } if complete::is_about_people(operator) => (text, 1),
            Spot::Between | Spot::Value { .. } => return None,
        };
        (text.chars().filter(|c| c.is_alphanumeric()).count() >= least).then_some(text)
    }

    pub(super) fn ask_people(&mut self, text: String, writing: bool) {
        let people = if writing { &mut self.recipients } else { &mut self.search.people };
        if people.asked != text {
            people.asked.clone_from(&text);
            self.ask(Command::ListPeople { text: text.clone(), most: MOST_PEOPLE }, Pending::People { text, writing });
        }
    }

    pub(super) fn people_found(&mut self, found: Vec<Person>, text: String, writing: bool) {
        let people = if writing { &mut self.recipients } else { &mut self.search.people };
        // Another word is there by now.
        if people.asked == text {
            (people.of, people.found) = (text, found);
        }
    }

    /// Mail has come: those who wrote it may be new.
    pub(super) fn people_are_stale(&mut self) {
        self.search.people.asked.clear();
        self.recipients.asked.clear();
    }

    /// The search was meant: it is kept as the last one.
    pub(super) fn remember_search(&mut self) {
        let text = self.search.text.trim().to_owned();
        if !text.is_empty() && self.search.fault.is_none() && self.search.past.first() != Some(&text) {
            // Not twice, should it be meant twice before the answer comes.
            self.search.past.insert(0, text.clone());
            self.ask(Command::RememberSearch { text }, Pending::Searches);
        }
    }

    pub(super) fn forget_searches(&mut self) {
        self.search.past.clear();
        self.ask(Command::ForgetSearches, Pending::Searches);
    }

    pub(super) fn searches_known(&mut self, searches: Searches) {
        self.search.past = searches.past;
        self.search.saved = searches.saved;
    }

    pub fn saved_search(&self, id: SearchId) -> Option<&SavedSearch> {
        self.search.saved.iter().find(|saved| saved.id == id)
    }

    /// Whether the list shows what this search finds.
    pub fn is_open(&self, saved: &SavedSearch) -> bool {
        self.shows_results() && !self.search.here && self.search.text.trim() == saved.text
    }

    pub(super) fn open_saved(&mut self, id: SearchId) {
        if let Some(text) = self.saved_search(id).map(|saved| saved.text.clone()) {
            self.search.here = false;
            self.search_for(text);
        }
    }

    /// Asks for the name of a search: of the one in the field, or of one that is kept.
    pub(super) fn name_search(&mut self, id: Option<SearchId>) {
        let saved = id.and_then(|id| self.saved_search(id));
        let dialog = match saved {
            Some(saved) => SearchDialog { id, name: saved.name.clone(), text: saved.text.clone() },
            None => SearchDialog { id: None, name: String::new(), text: self.search.text.trim().to_owned() },
        };
        self.dialog = Some(Dialog::Search(dialog));
    }

    pub(super) fn save_search(&mut self) {
        let Some(Dialog::Search(dialog)) = &self.dialog else { return };
        if dialog.is_complete() {
            let SearchDialog { id, name, text } = dialog.clone();
            self.dialog = None;
            self.ask(Command::SaveSearch { id, name, text }, Pending::Searches);
        }
    }

    pub(super) fn remove_saved(&mut self, id: SearchId) {
        self.ask(Command::RemoveSearch { id }, Pending::Searches);
    }

    /// Asks for what the visible results say, as far as it is not known.
    pub(super) fn fetch_snippets(&mut self) {
        let Listed::Results(search) = &self.messages.keys_of else { return };
        let is_under_way =
            self.pending.values().any(|purpose| matches!(purpose, Pending::Snippets(of) if of == search));
        if is_under_way || self.search.snippets.marker.is_empty() {
            return;
        }
        let (from, to) = self.messages.visible();
        let snippets = &self.search.snippets;
        let visible = self.messages.keys.iter().skip(from).take(to.saturating_sub(from)).copied();
        let keys: Vec<MessageKey> = visible.filter(|key| !snippets.asked.contains(key)).take(MOST_SNIPPETS).collect();
        if !keys.is_empty() {
            let search = search.clone();
            self.search.snippets.asked.extend(&keys);
            self.ask(Command::LoadSnippets { search: search.clone(), keys }, Pending::Snippets(search));
        }
    }

    pub(super) fn snippets_loaded(
        &mut self,
        search: &crate::engine::Search,
        found: Vec<(MessageKey, Option<Snippet>)>,
    ) {
        // What was searched for then is not what the list shows now.
        if self.messages.keys_of == Listed::Results(search.clone()) {
            self.search.snippets.known.extend(found);
            self.fetch_snippets();
        }
    }
}

fn operators(text: &str, at: &Range<usize>) -> Vec<Suggestion> {
    let text = text.to_lowercase();
    let offers = OPERATORS.iter().filter(|operator| operator.word.starts_with(&text));
    offers.take(MOST_OPERATORS).map(|operator| of_operator(operator, at.clone())).collect()
}

fn of_operator(operator: &complete::Offer, at: Range<usize>) -> Suggestion {
    Suggestion {
        kind: SuggestionKind::Operator,
        shown: format!("{}:", operator.word),
        means: operator.means.into(),
        at,
        with: format!("{}:", operator.word),
    }
}
