//! What the session is asked to do: to fetch what the plan says, to delete what is safely stored, and to end.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;

use super::{Collector, Deletions, StoreResult};
use crate::account::AccountId;
use crate::engine::event::Stage;
use crate::engine::known;
use crate::engine::plan::{Choice, Plan, Target};
use crate::engine::problem;
use crate::engine::recognise::Conclusion;
use crate::protocol::pop3::Listing;
use crate::store::{LedgerId, Store};

/// Commands that wait in the session, so that its window never runs dry: as many as it lets out at once.
const AHEAD: usize = 16 * 1024;

impl Collector<'_> {
    pub(super) async fn listed(&mut self, listing: Arc<Listing>) -> StoreResult<()> {
        let (store, id) = (&self.hub.store, self.account.id);
        let Plan { retrieve, recognise, delete, still_listed, later, forget } =
            known::plan(self.hub, self.account, &listing).await?;
        self.listing = listing;
        if !still_listed.is_empty() {
            store.note_still_listed(id, still_listed).await?;
        }
        store.forget_notes(id, forget).await?;
        self.visit.later = later;
        self.line.renew();
        let retrieve = self.confirmed(retrieve);
        self.visit.planned = u32::try_from(retrieve.len()).unwrap_or(u32::MAX);
        let bytes = retrieve.iter().map(|choice| choice.size_bytes(&self.listing));
        self.visit.planned_bytes = bytes.fold(0u64, u64::saturating_add);
        self.visit.stage = Stage::Fetching;
        self.to_retrieve = retrieve.into_iter();
        self.to_delete = delete.into_iter();
        // Before what is to be retrieved: a line that breaks later finds them done.
        let first = self.to_delete.by_ref().take(AHEAD / 2).collect();
        let noted = note_deletions(store.clone(), id, first).await?;
        self.ask_to_delete(noted);
        let recognise = recognise.iter().map(|choice| choice.target(&self.listing)).collect();
        self.recognition.begin(recognise, &mut self.session);
        self.listed = true;
        self.ask_for_more();
        Ok(())
    }

    /// Nothing, where there is more than the person wants to pay for unasked.
    fn confirmed(&mut self, choices: Vec<Choice>) -> Vec<Choice> {
        let Some(limit) = self.account.policy.ask_above_bytes else { return choices };
        let bytes = choices.iter().fold(0u64, |sum, choice| sum.saturating_add(choice.whole_bytes(&self.listing)));
        if self.hub.take_confirmed(self.account.id) || bytes <= limit {
            return choices;
        }
        self.visit.later = self.visit.later.saturating_add(u32::try_from(choices.len()).unwrap_or(u32::MAX));
        self.visit.problems.push(problem::asks_first(self.account, choices.len(), bytes, limit));
        Vec::new()
    }

    /// Keeps the session busy, and no more: of a million messages only those in reach are held in full.
    pub(super) fn ask_for_more(&mut self) {
        if self.noting.is_empty() && self.session.waiting() < AHEAD / 2 {
            let deletions: Deletions = self.to_delete.by_ref().take(AHEAD / 2).collect();
            if !deletions.is_empty() {
                self.note_deletions(deletions);
            }
        }
        while self.session.waiting() < AHEAD
            && let Some(choice) = self.to_retrieve.next()
        {
            self.retrieve(choice.target(&self.listing));
        }
    }

    fn retrieve(&mut self, target: Target) {
        if target.goes {
            self.going.insert(target.number);
        }
        match target.lines() {
            None => self.session.retrieve(target.number),
            Some(lines) => self.session.top(target.number, lines),
        }
        self.awaited.insert(target.number, target);
    }

    /// The headers that tell what is known are in: the rest is fetched.
    pub(super) async fn recognised(&mut self) -> StoreResult<()> {
        if let Some(Conclusion { recognised, due, rest }) =
            self.recognition.conclude(&self.hub.store, self.account.id).await?
        {
            self.visit.recognised = recognised;
            self.visit.planned += u32::try_from(rest.len()).unwrap_or(u32::MAX);
            self.line.renew();
            if !due.is_empty() {
                self.note_deletions(due);
            }
            rest.into_iter().for_each(|target| self.retrieve(target));
        }
        Ok(())
    }

    /// The server is asked to delete what is safely stored, or what the person wants gone; that it will be is on the disk first.
    pub(super) fn note_deletions(&mut self, messages: Deletions) {
        self.noting.push(note_deletions(self.hub.store.clone(), self.account.id, messages).boxed());
    }

    pub(super) fn ask_to_delete(&mut self, messages: Deletions) {
        for (number, id) in messages {
            self.session.delete(number);
            self.deleting.insert(number, id);
        }
    }

    /// After the time that the account gives a visit nothing more is asked for; what is on its way still comes.
    pub(super) fn keep_to_the_time(&mut self) {
        let limit = self.account.policy.visit_secs.map(|secs| Duration::from_secs(u64::from(secs)));
        if limit.is_none_or(|limit| self.line.open_for() < limit) || self.recognition.is_under_way() {
            return;
        }
        let mut later = std::mem::take(&mut self.to_retrieve).count();
        for number in self.session.withdraw() {
            self.going.remove(&number);
            later += usize::from(self.awaited.remove(&number).is_some());
        }
        self.visit.later = self.visit.later.saturating_add(u32::try_from(later).unwrap_or(u32::MAX));
    }

    /// The line is closed the moment nothing more has to be moved, and what came is on the disk: to some servers QUIT says that
    /// the messages were taken, and then they never list them again.
    pub(super) fn quit_when_done(&mut self) {
        if self.quitting || !self.listed || self.recognition.is_under_way() {
            return;
        }
        if self.to_retrieve.len() > 0 || self.to_delete.len() > 0 || !self.noting.is_empty() {
            return;
        }
        if self.awaited.is_empty() && !self.intake.is_amid_message() && self.intake.is_empty() {
            self.quitting = true;
            self.visit.stage = Stage::Deleting;
            let deletes = !self.deleting.is_empty() || !self.deleted.is_empty();
            // The next session with a server that lists in batches must not find this one's lock.
            if deletes || self.lists_in_batches {
                self.session.quit();
            } else {
                self.session.leave();
            }
        }
    }
}

/// Notes that the server is about to be asked to delete these; gives them back.
async fn note_deletions(store: Store, account: AccountId, messages: Deletions) -> StoreResult<Deletions> {
    let ids: Vec<LedgerId> = messages.iter().filter_map(|&(_, id)| id).collect();
    store.note_delete_sent(account, ids).await?;
    Ok(messages)
}
