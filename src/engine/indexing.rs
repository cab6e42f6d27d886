//! The search index and the threads are brought up to date beside everything else, in small batches, from the marks that the
//! store keeps: what is ended in the middle goes on at the next start. A line that is open comes first.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_channel::Receiver;

use super::command::RequestId;
use super::event::Event;
use super::hub::Hub;
use super::problem;
use crate::mail::Searchable;
use crate::store::{Error, Indexed, ToIndex};

/// What the indexer is woken up for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Work {
    /// There may be something to index.
    Look,
    /// Say when there is nothing left.
    Finish(RequestId),
}

/// Messages in one transaction,
const BATCH_MESSAGES: usize = 64;
/// and their octets: the writer is held up for some hundredths of a second, and one large message goes alone.
const BATCH_BYTES: u64 = 1024 * 1024;
/// Messages that are only put into their threads, of which nothing is read but the row.
const BATCH_TO_THREAD: usize = 256;
/// Where more than so many wait (mail was imported, or the index is made anew), batches are larger: what each of them adds to
/// the index is merged with what is there, again and again, and the fewer they are, the less.
const MANY: u64 = 4_000;
const BATCH_MESSAGES_OF_MANY: usize = 1024;
const BATCH_BYTES_OF_MANY: u64 = 4 * 1024 * 1024;
/// Octets of a message that are read for its words, which take three times as much memory. What is larger carries files, and
/// its text comes before them.
const MOST_BYTES: usize = 16 << 20;
/// Messages that are read in one go: a reader of the store is not held up for longer than a hundredth of a second.
const READ_AT_ONCE: usize = 32;
/// A visit mostly takes seconds: for so long nothing is indexed, and all there is works for the line.
const PATIENCE: Duration = Duration::from_secs(30);
/// While a line is open for longer, the writer is mostly free for what comes in.
const BATCH_MESSAGES_ON_LINE: usize = 16;
const PAUSE_ON_LINE: Duration = Duration::from_millis(100);
/// Between two steps of merging the index.
const PAUSE_OF_TIDYING: Duration = Duration::from_millis(20);
/// After its start the program has other things to do.
const CALM: Duration = Duration::from_secs(1);
/// How often the screen hears that more can be found.
const TELL_EVERY: Duration = Duration::from_millis(500);

/// Indexes what there is, and whenever there is more; ends when `work` is closed.
pub(super) async fn run(hub: Arc<Hub>, work: Receiver<Work>) {
    let mut waiting = Vec::new();
    // Whoever starts the program for one visit is gone before long, and not held up by a batch.
    if let Ok(Ok(more)) = async_std::future::timeout(CALM, work.recv()).await {
        note(more, &mut waiting);
    }
    loop {
        while let Ok(more) = work.try_recv() {
            note(more, &mut waiting);
        }
        let outcome = work_off(&hub, &work, &mut waiting).await;
        for id in waiting.drain(..) {
            let event = match &outcome {
                Ok(_) => Event::Done,
                Err(error) => Event::Failed(problem::store_plain("Could not bring the search index up to date", error)),
            };
            hub.tell(Some(id), event).await;
        }
        let next = match outcome {
            // What cannot be merged is merged another time.
            Ok(true) => tidy(&hub, &work).await.unwrap_or_default(),
            // After a failure it waits for the next occasion, as the next message to come in is one.
            Ok(false) | Err(_) => None,
        };
        match next {
            Some(more) => note(more, &mut waiting),
            None => match work.recv().await {
                Ok(more) => note(more, &mut waiting),
                Err(_) => return,
            },
        }
    }
}

fn note(work: Work, waiting: &mut Vec<RequestId>) {
    if let Work::Finish(id) = work {
        waiting.push(id);
    }
}

/// Whether there was anything to do.
async fn work_off(hub: &Hub, work: &Receiver<Work>, waiting: &mut Vec<RequestId>) -> Result<bool, Error> {
    let mut has_worked = false;
    let mut told = Instant::now();
    let mut gives_way_since = None;
    // Counting a million takes its time, so it is done for each telling, not for each batch.
    let mut left = hub.store.left_to_index().await?;
    while !work.is_closed() {
        while let Ok(more) = work.try_recv() {
            note(more, waiting);
        }
        let gives_way = hub.is_line_open() && waiting.is_empty();
        let gave_way = gives_way_since.is_some();
        gives_way_since = gives_way.then(|| gives_way_since.unwrap_or_else(Instant::now));
        // A visit that was all there was to do has ended: whoever wants to go is not held up by a batch.
        let has_just_ended = gave_way && !gives_way;
        if has_just_ended || gives_way_since.is_some_and(|since| since.elapsed() < PATIENCE) {
            pause(work, waiting).await;
            continue;
        }
        let (most, most_bytes) = match (gives_way, left) {
            (true, _) => (BATCH_MESSAGES_ON_LINE, BATCH_BYTES),
            (false, MANY..) => (BATCH_MESSAGES_OF_MANY, BATCH_BYTES_OF_MANY),
            (false, _) => (BATCH_MESSAGES, BATCH_BYTES),
        };
        let next = hub.store.to_index(most).await?;
        if next.is_empty() {
            // What is indexed is in its thread, too; what an older version indexed is not.
            let most = if gives_way { BATCH_MESSAGES_ON_LINE } else { BATCH_TO_THREAD };
            if hub.store.thread(most).await? == 0 {
                break;
            }
        } else {
            let batch = read(hub, next, most_bytes).await?;
            hub.store.index(batch).await?;
        }
        has_worked = true;
        if told.elapsed() >= TELL_EVERY {
            told = Instant::now();
            left = hub.store.left_to_index().await?;
            hub.tell_if_room(Event::Indexed { left });
        }
        if gives_way {
            pause(work, waiting).await;
        }
    }
    if has_worked {
        hub.tell(None, Event::Indexed { left: 0 }).await;
    }
    Ok(has_worked)
}

/// Merges what the index has grown by, as long as there is nothing else to do; gives what there is then.
async fn tidy(hub: &Hub, work: &Receiver<Work>) -> Result<Option<Work>, Error> {
    while !hub.is_line_open() && hub.store.merge_index().await? {
        // Some of the time is for whoever else wants to write.
        match async_std::future::timeout(PAUSE_OF_TIDYING, work.recv()).await {
            Err(_nothing) => {}
            Ok(Ok(more)) => return Ok(Some(more)),
            Ok(Err(_closed)) => break,
        }
    }
    Ok(None)
}

/// Leaves the writer to the line for a moment; not when the engine is on its way out.
async fn pause(work: &Receiver<Work>, waiting: &mut Vec<RequestId>) {
    if let Ok(Ok(more)) = async_std::future::timeout(PAUSE_ON_LINE, work.recv()).await {
        note(more, waiting);
    }
}

/// Reads as many of these as make a batch.
async fn read(hub: &Hub, mut next: Vec<ToIndex>, most_bytes: u64) -> Result<Vec<Indexed>, Error> {
    let mut bytes = 0;
    let fitting = next.iter().take_while(|message| {
        bytes += message.size_bytes;
        bytes <= most_bytes
    });
    next.truncate(fitting.count().max(1));
    let mut octets = Vec::with_capacity(next.len());
    for messages in next.chunks(READ_AT_ONCE) {
        let keys = messages.iter().map(|message| message.key).collect();
        for (message, raw) in messages.iter().zip(hub.store.raw_heads(keys, MOST_BYTES).await?) {
            match raw {
                Ok(raw) => octets.push((*message, Some(raw))),
                // Removed meanwhile, and its mark with it.
                Err(Error::NotFound) => {}
                // What cannot be read is found by what the list shows of it.
                Err(_damaged) => octets.push((*message, None)),
            }
        }
    }
    let messages: Vec<ToIndex> = octets.iter().map(|(message, _)| *message).collect();
    let parse = move || octets.into_iter().map(|(message, raw)| indexed(message, raw)).collect();
    let without_words = |message: ToIndex| Indexed { key: message.key, sha256: message.sha256, words: None };
    let parsed = hub.workers.run(parse).await;
    Ok(parsed.unwrap_or_else(|| messages.into_iter().map(without_words).collect()))
}

fn indexed(ToIndex { key, sha256, .. }: ToIndex, raw: Option<Vec<u8>>) -> Indexed {
    let words = raw.and_then(|raw| guarded(|| Searchable::from_raw(&raw)));
    Indexed { key, sha256, words }
}

/// A message that the parser stumbles over must not stop the others, today and at every start.
fn guarded(parse: impl FnOnce() -> Searchable) -> Option<Searchable> {
    catch_unwind(AssertUnwindSafe(parse)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parser_that_panics_gives_no_words_and_ends_nothing() {
        assert_eq!(guarded(|| panic!("this test panics")), None);
        assert_eq!(guarded(Searchable::default), Some(Searchable::default()));
    }
}
