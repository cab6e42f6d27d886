//! What a message says where a search found it: read from the stored message, by the workers, for the rows on the screen.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::command::Search;
use super::event::Event;
use super::hub::Hub;
use crate::mail::query::Field;
use crate::mail::{Marker, Readable, Snippet};
use crate::store::types::MessageKey;

/// Octets of a message that are read for its snippet: text comes before pictures.
const MOST_BYTES: usize = 2 << 20;
/// Octets of text that are kept: some screens full of letters, so that typing on reads nothing again.
const KEPT_BYTES: usize = 8 << 20;
/// A text of which a search through every row would be felt is not kept.
const LARGEST_KEPT_BYTES: usize = 512 << 10;

/// The texts of the messages that were last looked into, and whose turn it is.
#[derive(Debug, Default)]
pub(super) struct Snippets {
    turn: AtomicU64,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    texts: HashMap<MessageKey, Arc<Readable>>,
    /// The oldest first.
    order: VecDeque<MessageKey>,
    bytes: usize,
}

impl Snippets {
    /// Those who came before are late now.
    pub fn next_turn(&self) -> u64 {
        self.turn.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Messages may be others now.
    pub fn forget(&self) {
        *self.kept() = Kept::default();
    }

    fn is_late(&self, turn: u64) -> bool {
        self.turn.load(Ordering::Relaxed) != turn
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn keep(&mut self, key: MessageKey, text: Arc<Readable>) {
        let bytes = text.len_bytes();
        if bytes > LARGEST_KEPT_BYTES || self.texts.contains_key(&key) {
            return;
        }
        self.bytes += bytes;
        self.texts.insert(key, text);
        self.order.push_back(key);
        while self.bytes > KEPT_BYTES
            && let Some(oldest) = self.order.pop_front()
        {
            self.bytes -= self.texts.remove(&oldest).map_or(0, |text| text.len_bytes());
        }
    }
}

pub(super) async fn answer(hub: &Hub, search: &Search, keys: Vec<MessageKey>, turn: u64) -> Event {
    let marker = Arc::new(Marker::of_typed(&search.text, search.typing));
    let mut snippets = Vec::with_capacity(keys.len());
    for key in keys {
        if hub.snippets.is_late(turn) {
            return Event::Superseded;
        }
        let snippet = if marker.is_empty() { None } else { snippet(hub, &marker, key).await };
        snippets.push((key, snippet));
    }
    Event::Snippets(snippets)
}

/// None: nothing of it is in the text, or the text cannot be had; the row says what it says without.
async fn snippet(hub: &Hub, marker: &Arc<Marker>, key: MessageKey) -> Option<Snippet> {
    let kept = hub.snippets.kept().texts.get(&key).cloned();
    let text = match kept {
        Some(text) => text,
        None => {
            let raw = hub.store.raw_head(key, MOST_BYTES).await.ok()?;
            let text = Arc::new(hub.workers.run(move || Readable::from_raw(&raw)).await?);
            hub.snippets.kept().keep(key, text.clone());
            text
        }
    };
    let marker = marker.clone();
    hub.workers.run(move || found_in(&marker, &text)).await?
}

fn found_in(marker: &Marker, text: &Readable) -> Option<Snippet> {
    let attached = || text.attached.iter().find_map(|(name, text)| within(marker, name, text));
    marker.snippet(Field::Body, &text.body).or_else(attached)
}

/// What an attachment says, behind its name.
fn within(marker: &Marker, name: &str, text: &str) -> Option<Snippet> {
    let Snippet { text, mut marks } = marker.snippet(Field::Attachment, text)?;
    let before = format!("{name}: ");
    for mark in &mut marks {
        *mark = mark.start + before.len()..mark.end + before.len();
    }
    Some(Snippet { text: format!("{before}{text}"), marks })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_an_attachment_is_shown_with_its_name() {
        let marker = Marker::of_typed("gale", false);
        let text = Readable { body: "No wind.".into(), attached: vec![("log.txt".into(), "a strong gale".into())] };
        let snippet = found_in(&marker, &text).unwrap();
        assert_eq!(
            (snippet.text.as_str(), snippet.text.get(snippet.marks[0].clone())),
            ("log.txt: a strong gale", Some("gale"))
        );
        let text = Readable { body: "Then a gale came.".into(), ..text };
        assert_eq!(found_in(&marker, &text).unwrap().text, "Then a gale came.");
        assert_eq!(found_in(&Marker::of_typed("calm", false), &text), None);
    }

    #[test]
    fn no_more_text_is_kept_than_there_is_room_for_and_the_oldest_goes_first() {
        let mut kept = Kept::default();
        for number in 0..40 {
            let body = "x".repeat(LARGEST_KEPT_BYTES - 10);
            kept.keep(MessageKey(number), Arc::new(Readable { body, ..Readable::default() }));
        }
        assert!(kept.bytes <= KEPT_BYTES && kept.texts.len() == kept.order.len());
        assert!(kept.texts.contains_key(&MessageKey(39)) && !kept.texts.contains_key(&MessageKey(0)));
        let large = Readable { body: "x".repeat(LARGEST_KEPT_BYTES + 1), ..Readable::default() };
        kept.keep(MessageKey(99), Arc::new(large));
        assert!(!kept.texts.contains_key(&MessageKey(99)));
    }
}
