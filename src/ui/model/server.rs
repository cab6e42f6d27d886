//! What lies on a server, and what the person decides about it.

use std::collections::BTreeSet;

use super::{Model, Pending};
use crate::account::AccountId;
use crate::engine::{Command, Fate, Problem, ServerMessage, ServerSummary, ServerView, Wish};
use crate::store::types::Part;
use crate::ui::action::Selecting;

/// The window in front of the window.
pub struct ServerWindow {
    pub account: AccountId,
    pub account_name: String,
    /// None: the first look is not over.
    pub view: Option<ServerView>,
    /// Looking, at this moment.
    pub looking: bool,
    pub problem: Option<Problem>,
    /// Places in the view.
    pub selected: BTreeSet<usize>,
    /// The last visits are shown in place of the messages.
    pub visits_shown: bool,
    /// Where the last click was, for a range.
    anchor: usize,
}

impl ServerWindow {
    /// What the next visit has before it, with what the person has decided since the look.
    pub fn summary(&self) -> ServerSummary {
        self.view.as_ref().map(ServerView::summary).unwrap_or_default()
    }
}

impl Model {
    pub(super) fn look_at_server(&mut self, account: AccountId) {
        let Some(account_name) = self.account(account).map(|account| account.name.clone()) else { return };
        let before = self.server.take().filter(|window| window.account == account);
        if before.as_ref().is_some_and(|window| window.looking) {
            self.server = before;
            return;
        }
        let visits_shown = before.as_ref().is_some_and(|window| window.visits_shown);
        self.server = Some(ServerWindow {
            account,
            account_name,
            view: before.and_then(|window| window.view),
            looking: true,
            problem: None,
            selected: BTreeSet::new(),
            visits_shown,
            anchor: 0,
        });
        self.settings = None;
        self.ask(Command::ViewServer { account, headers: true }, Pending::Look(account));
    }

    pub(super) fn server_seen(&mut self, account: AccountId, view: ServerView) {
        if let Some(window) = self.server.as_mut().filter(|window| window.account == account) {
            window.looking = false;
            window.selected.clear();
            window.view = Some(view);
        }
    }

    pub(super) fn look_failed(&mut self, account: AccountId, problem: Problem) {
        match self.server.as_mut().filter(|window| window.account == account) {
            Some(window) => {
                window.looking = false;
                window.problem = Some(problem);
            }
            None => self.notify(Some(account), problem),
        }
    }

    pub(super) fn show_visits(&mut self, on: bool) {
        if let Some(window) = &mut self.server {
            window.visits_shown = on;
            // What cannot be seen is not decided about.
            window.selected.clear();
        }
    }

    pub(super) fn select_on_server(&mut self, index: usize, how: Selecting) {
        let Some(window) = &mut self.server else { return };
        match how {
            Selecting::Only => window.selected = BTreeSet::from([index]),
            Selecting::Toggle => {
                if !window.selected.remove(&index) {
                    window.selected.insert(index);
                }
            }
            Selecting::Range => {
                window.selected.extend(index.min(window.anchor)..=index.max(window.anchor));
                return;
            }
        }
        window.anchor = index;
    }

    /// Shown at once; the next look, or the next visit, tells what the rules make of it.
    pub(super) fn wish_on_server(&mut self, indexes: &[usize], wish: Option<Wish>) {
        let Some(window) = &mut self.server else { return };
        let Some(view) = &mut window.view else { return };
        let account = window.account;
        let never_delete = self.accounts.iter().any(|known| known.id == account && known.policy.never_delete);
        let mut uids = Vec::new();
        for &index in indexes {
            let Some(message) = view.messages.get_mut(index) else { continue };
            // Without a unique-id nothing can be remembered of it.
            if !message.uid.is_empty() {
                uids.push(message.uid.clone());
                message.fate = wished(message, wish, never_delete);
                message.wish = wish;
            }
        }
        if !uids.is_empty() {
            self.ask(Command::Wish { account, uids, wish }, Pending::Other);
        }
    }
}

/// What a wish makes of a fate, as far as that can be told without asking the rules again.
fn wished(message: &ServerMessage, wish: Option<Wish>, never_delete: bool) -> Fate {
    let part = match message.fate {
        Fate::Here { part, .. } => Some(part),
        _ if message.key.is_some() => Some(Part::Whole),
        _ => None,
    };
    match (wish, part) {
        (Some(Wish::Delete), _) if !never_delete => Fate::Delete,
        (Some(Wish::Get), Some(Part::Whole)) => Fate::Here { part: Part::Whole, delete_at: None },
        (Some(Wish::Get), _) => Fate::Fetch(Part::Whole),
        (Some(Wish::Keep), Some(part)) => Fate::Here { part, delete_at: None },
        (Some(Wish::Delete | Wish::Keep) | None, _) => match (message.fate, part) {
            // What it was before the wish is not known any more.
            (Fate::Delete, Some(part)) => Fate::Here { part, delete_at: None },
            (Fate::Delete, None) => Fate::Fetch(Part::Whole),
            (fate, _) => fate,
        },
    }
}
