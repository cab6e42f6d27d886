//! The maildrop of the demonstration: the sample mail, and what arrives while the program runs.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use include_dir::{Dir, include_dir};

/// The sample mail, one message a file, named so that the newest comes first.
static SAMPLE_MAIL: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/assets/demo");

/// Longest unique-id that a server may give (RFC 1939 §7).
const UNIQUE_ID_LENGTH: usize = 70;

/// One message as it lies in the maildrop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Unique-id: printable ASCII, at most 70 characters, never given twice.
    pub unique_id: String,
    /// The octets, every line ended by CRLF.
    pub raw: Arc<[u8]>,
}

/// A maildrop that POP3 and SMTP share. Clones are the same maildrop.
#[derive(Clone, Default)]
pub struct Maildrop(Arc<Mutex<Contents>>);

#[derive(Default)]
struct Contents {
    messages: Vec<Message>,
    locked: bool,
    arrivals: u32,
}

impl Maildrop {
    pub fn new(messages: Vec<Message>) -> Self {
        Self(Arc::new(Mutex::new(Contents { messages, ..Contents::default() })))
    }

    /// The maildrop a newcomer sees: all sample mail, oldest first as it would have arrived.
    pub fn sample() -> Self {
        let mut files: Vec<_> = SAMPLE_MAIL.files().filter(|file| is_mail(file.path())).collect();
        files.sort_by(|a, b| b.path().cmp(a.path()));
        Self::new(files.into_iter().map(|file| Message::new(unique_id_of(file.path()), file.contents())).collect())
    }

    /// The exclusive lock that a POP3 session takes on entering TRANSACTION (RFC 1939 §4). None: another session has it.
    pub fn lock(&self) -> Option<Visit> {
        let mut contents = self.contents();
        if contents.locked {
            return None;
        }
        contents.locked = true;
        let messages = contents.messages.clone();
        Some(Visit { maildrop: self.clone(), messages, deleted: BTreeSet::new() })
    }

    /// Puts a new message at the end; a session that is under way does not see it.
    pub fn deliver(&self, raw: &[u8]) {
        let mut contents = self.contents();
        contents.arrivals += 1;
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // With the time, so that a later run of the program gives no unique-id that this one gave to another message.
        let unique_id = format!("arrived-{:x}-{}", since_1970.as_nanos(), contents.arrivals);
        contents.messages.push(Message::new(unique_id, raw));
    }

    /// What lies in the maildrop now.
    pub fn messages(&self) -> Vec<Message> {
        self.contents().messages.clone()
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Message {
    pub fn new(unique_id: impl Into<String>, raw: &[u8]) -> Self {
        Self { unique_id: unique_id.into(), raw: raw.into() }
    }
}

/// One session's hold on the maildrop: its messages are numbered from 1 and do not change while it lasts. Dropped, it lets
/// go of the lock and deletes nothing.
pub struct Visit {
    maildrop: Maildrop,
    messages: Vec<Message>,
    deleted: BTreeSet<usize>,
}

impl Visit {
    /// The messages that are not marked as deleted, with their numbers.
    pub fn messages(&self) -> impl Iterator<Item = (usize, &Message)> {
        (1..).zip(&self.messages).filter(|(number, _)| !self.deleted.contains(number))
    }

    /// The message of that number, unless there is none or it is marked as deleted.
    pub fn message(&self, number: usize) -> Option<&Message> {
        let message = self.messages.get(number.checked_sub(1)?)?;
        (!self.deleted.contains(&number)).then_some(message)
    }

    /// Marks a message as deleted. False: there is no such message.
    pub fn delete(&mut self, number: usize) -> bool {
        self.message(number).is_some() && self.deleted.insert(number)
    }

    /// Takes back every mark.
    pub fn reset(&mut self) {
        self.deleted.clear();
    }

    /// The UPDATE state (RFC 1939 §6): what is marked goes, then the lock. Returns how many went.
    pub fn update(self) -> usize {
        let gone: BTreeSet<&str> = (1..)
            .zip(&self.messages)
            .filter(|(number, _)| self.deleted.contains(number))
            .map(|(_, message)| message.unique_id.as_str())
            .collect();
        self.maildrop.contents().messages.retain(|message| !gone.contains(message.unique_id.as_str()));
        gone.len()
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.maildrop.contents().locked = false;
    }
}

fn is_mail(path: &std::path::Path) -> bool {
    path.extension().is_some_and(|extension| extension == "eml")
}

/// The file's name, in the characters of a unique-id.
fn unique_id_of(path: &std::path::Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    stem.chars().filter(char::is_ascii_graphic).take(UNIQUE_ID_LENGTH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn maildrop_of(bodies: &[&str]) -> Maildrop {
        Maildrop::new((1..).zip(bodies).map(|(n, body)| Message::new(format!("uid-{n}"), body.as_bytes())).collect())
    }

    fn ids(maildrop: &Maildrop) -> Vec<String> {
        maildrop.messages().into_iter().map(|message| message.unique_id).collect()
    }

    #[test]
    fn only_one_visit_at_a_time_has_the_maildrop() {
        let maildrop = maildrop_of(&["a"]);
        let visit = maildrop.lock();
        assert!(visit.is_some());
        assert!(maildrop.lock().is_none());
        drop(visit);
        assert!(maildrop.lock().is_some());
    }

    #[test]
    fn marks_take_effect_at_update_and_only_there() {
        let maildrop = maildrop_of(&["a", "b", "c"]);
        let mut visit = maildrop.lock().unwrap();
        assert!(visit.delete(2));
        assert!(!visit.delete(2), "it is deleted already");
        assert!(!visit.delete(0) && !visit.delete(4), "there is no such message");
        assert_eq!(visit.messages().map(|(number, _)| number).collect::<Vec<_>>(), [1, 3]);
        drop(visit);
        assert_eq!(ids(&maildrop), ["uid-1", "uid-2", "uid-3"]);

        let mut visit = maildrop.lock().unwrap();
        visit.delete(1);
        visit.reset();
        visit.delete(3);
        assert_eq!(visit.update(), 1);
        assert_eq!(ids(&maildrop), ["uid-1", "uid-2"]);
    }

    #[test]
    fn what_arrives_during_a_visit_is_there_in_the_next() {
        let maildrop = maildrop_of(&["a"]);
        let visit = maildrop.lock().unwrap();
        maildrop.deliver(b"b");
        maildrop.deliver(b"c");
        assert_eq!(visit.messages().count(), 1);
        visit.update();
        assert_eq!(maildrop.lock().unwrap().messages().count(), 3);
        let unique: BTreeSet<String> = ids(&maildrop).into_iter().collect();
        assert_eq!(unique.len(), 3);
    }
}
