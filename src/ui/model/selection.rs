//! Which messages are selected. That all of a list is selected, or a long stretch of it, is said by what the list was then,
//! and by what is no longer or is besides: a million keys are not gathered while a frame waits.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use crate::store::types::MessageKey;

/// Keys that are gathered one by one; a longer stretch of a list is kept as one.
const FEW: usize = 1_000;

#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// A list, the newest first, and the part of it that is selected. What comes into the list later is not.
    run: Arc<Vec<MessageKey>>,
    part: Range<usize>,
    /// Of that part: those that are not selected.
    but: HashSet<MessageKey>,
    /// Others that are.
    and: HashSet<MessageKey>,
}

impl Selection {
    /// This one alone.
    pub fn only(key: MessageKey) -> Self {
        Self::of([key])
    }

    pub fn of(keys: impl IntoIterator<Item = MessageKey>) -> Self {
        Self { and: keys.into_iter().collect(), ..Self::default() }
    }

    /// A part of a list that is in order, the newest first.
    pub fn run(keys: &Arc<Vec<MessageKey>>, part: Range<usize>) -> Self {
        let part = part.start.min(keys.len())..part.end.min(keys.len());
        if part.len() <= FEW {
            return Self::of(keys.get(part).unwrap_or_default().iter().copied());
        }
        Self { run: keys.clone(), part, ..Self::default() }
    }

    pub fn len(&self) -> usize {
        self.part.len() - self.but.len() + self.and.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn contains(&self, key: &MessageKey) -> bool {
        self.and.contains(key) || (self.is_in_run(*key) && !self.but.contains(key))
    }

    /// The one that is selected, if it is one.
    pub fn lone(&self) -> Option<MessageKey> {
        if self.len() == 1 { self.iter().next() } else { None }
    }

    /// Those of the run first, the newest first.
    pub fn iter(&self) -> impl Iterator<Item = MessageKey> + '_ {
        let run = self.keys_of_run().iter().filter(|key| !self.but.contains(key));
        run.chain(&self.and).copied()
    }

    /// All of them, unless a stretch of a list is among them.
    pub fn few(&self) -> Option<impl Iterator<Item = MessageKey> + '_> {
        self.part.is_empty().then(|| self.and.iter().copied())
    }

    /// All of them, the newest first.
    pub fn newest_first(&self) -> Vec<MessageKey> {
        if self.but.is_empty() && self.and.is_empty() {
            return self.keys_of_run().to_vec();
        }
        let mut keys = Vec::with_capacity(self.len());
        keys.extend(self.iter());
        keys.sort_unstable_by(|a, b| b.cmp(a));
        keys
    }

    /// This one too, or no longer.
    pub fn turn(&mut self, key: MessageKey) {
        let set = if self.is_in_run(key) { &mut self.but } else { &mut self.and };
        if !set.remove(&key) {
            set.insert(key);
        }
    }

    /// What is not in this list, the newest first, is selected no longer.
    pub fn keep_listed(&mut self, list: &Arc<Vec<MessageKey>>) {
        self.and.retain(|key| list.binary_search_by(|probe| key.cmp(probe)).is_ok());
        if self.part.is_empty() || Arc::ptr_eq(list, &self.run) {
            return;
        }
        let mut listed = list.iter().peekable();
        let stays = |key: &&MessageKey| {
            while listed.next_if(|other| *other > *key).is_some() {}
            listed.next_if(|other| *other == *key).is_some()
        };
        let kept: Vec<MessageKey> = self.keys_of_run().iter().filter(stays).copied().collect();
        if kept.len() < self.part.len() {
            self.but.retain(|key| kept.binary_search_by(|probe| key.cmp(probe)).is_ok());
            self.part = 0..kept.len();
            self.run = Arc::new(kept);
        }
    }

    fn keys_of_run(&self) -> &[MessageKey] {
        self.run.get(self.part.clone()).unwrap_or_default()
    }

    fn is_in_run(&self, key: MessageKey) -> bool {
        holds(self.keys_of_run(), key)
    }
}

/// Whether these keys, the newest first, have this one among them.
pub fn holds(newest_first: &[MessageKey], key: MessageKey) -> bool {
    newest_first.binary_search_by(|probe| key.cmp(probe)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(newest: i64) -> Arc<Vec<MessageKey>> {
        Arc::new((1..=newest).rev().map(MessageKey).collect())
    }

    fn keys(numbers: &[i64]) -> Vec<MessageKey> {
        numbers.iter().copied().map(MessageKey).collect()
    }

    #[test]
    fn of_all_some_are_taken_out_and_others_are_added_without_naming_them_all() {
        let all = list(5_000);
        let mut selection = Selection::run(&all, 0..all.len());
        assert_eq!((selection.len(), Arc::strong_count(&all)), (5_000, 2), "the list itself is kept, not its keys");
        for key in keys(&[7, 9]) {
            selection.turn(key);
        }
        selection.turn(MessageKey(6_000));
        selection.turn(MessageKey(9));
        assert_eq!(selection.len(), 5_000);
        let is_selected = |n| selection.contains(&MessageKey(n));
        assert_eq!([1, 7, 9, 5_000, 5_001, 6_000].map(is_selected), [true, false, true, true, false, true]);
        let named = selection.newest_first();
        assert_eq!((named.len(), named[0], named.is_sorted_by(|a, b| a > b)), (5_000, MessageKey(6_000), true));
    }

    #[test]
    fn a_short_stretch_is_named_key_by_key() {
        let all = list(5_000);
        let selection = Selection::run(&all, 10..20);
        assert_eq!((selection.len(), Arc::strong_count(&all)), (10, 1));
        assert_eq!(selection.newest_first(), all[10..20]);
        assert!(Selection::run(&all, 4_999..9_000).lone().is_some());
    }

    #[test]
    fn what_comes_later_is_not_selected_and_what_goes_is_no_longer() {
        let all = list(3_000);
        let mut selection = Selection::run(&all, 0..all.len());
        selection.turn(MessageKey(4));
        selection.turn(MessageKey(5));
        let later: Vec<MessageKey> =
            (1..=3_100).rev().filter(|n| !matches!(n, 5 | 6 | 2_000)).map(MessageKey).collect();
        selection.keep_listed(&Arc::new(later));
        assert_eq!(selection.len(), 3_000 - 4);
        let is_selected = |n| selection.contains(&MessageKey(n));
        assert_eq!([3_050, 3_000, 2_000, 7, 6, 5, 4].map(is_selected), [false, true, false, true, false, false, false]);
        selection.keep_listed(&list(2));
        assert_eq!(selection.newest_first(), keys(&[2, 1]));
        selection.keep_listed(&list(0));
        assert!(selection.is_empty());
    }
}
