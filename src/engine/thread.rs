//! Conversations: what the store holds together, as a tree of what answers what.

use super::event::{Event, Problem};
use super::hub::Hub;
use super::problem;
use crate::mail::{Related, subject, thread};
use crate::store::Conversation;
use crate::store::types::{MessageKey, MessageRow};

/// The conversation of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thread {
    /// Whose conversation was asked for.
    pub key: MessageKey,
    /// What it is about: the subject that it began with, without “Re:” and the like. Fit for the screen.
    pub subject: String,
    /// In the order of the tree: behind each message what answers it, the oldest first.
    pub messages: Vec<InThread>,
    /// There are others, further away in time: too many to be shown.
    pub more: bool,
}

/// A message in its place in the tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InThread {
    /// How many messages it is below.
    pub depth: usize,
    /// None: a message that is not here, and that several others answer.
    pub row: Option<MessageRow>,
    /// It is about something else than what it answers.
    pub is_renamed: bool,
}

impl Thread {
    /// The messages that are here, in the order of the tree.
    pub fn rows(&self) -> impl Iterator<Item = &MessageRow> {
        self.messages.iter().filter_map(|message| message.row.as_ref())
    }

    pub fn holds(&self, key: MessageKey) -> bool {
        self.rows().any(|row| row.key == key)
    }
}

pub(super) async fn list(hub: &Hub, key: MessageKey) -> Result<Event, Box<Problem>> {
    let found = hub.store.conversation(key).await;
    let conversation = found.map_err(|error| problem::store_plain("Could not read the conversation", &error))?;
    Ok(Event::Thread(grown(key, conversation)))
}

fn grown(key: MessageKey, Conversation { messages, more }: Conversation) -> Thread {
    let (rows, related): (Vec<MessageRow>, Vec<Related>) = messages.into_iter().unzip();
    let mut rows: Vec<Option<MessageRow>> = rows.into_iter().map(Some).collect();
    let mut thread = Thread { key, more, ..Thread::default() };
    // The subjects on the way down to a message; none of what is not here.
    let mut above: Vec<String> = Vec::new();
    for place in thread::tree(&related) {
        let row = place.message.and_then(|message| rows.get_mut(message)).and_then(Option::take);
        above.truncate(place.depth);
        let answered = above.last().filter(|subject| !subject.is_empty()).unwrap_or(&thread.subject);
        let own = row.as_ref().map_or_else(|| answered.clone(), |row| subject::base(&row.subject));
        let is_renamed = !answered.is_empty() && !subject::is_same(&own, answered);
        if thread.subject.is_empty() {
            thread.subject.clone_from(&own);
        }
        above.push(own);
        thread.messages.push(InThread { depth: place.depth, row, is_renamed });
    }
    thread
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message with this subject that answers that one.
    fn message(key: i64, subject: &str, answers: i64) -> (MessageRow, Related) {
        let row = MessageRow { key: MessageKey(key), subject: subject.into(), date: key, ..MessageRow::default() };
        let message_id = Some(key.to_string());
        let references = (answers > 0).then(|| answers.to_string()).into_iter().collect();
        (row, Related { message_id, references, date: key, ..Related::default() })
    }

    #[track_caller]
    fn check(messages: Vec<(MessageRow, Related)>, subject: &str, expected: &[(usize, i64, bool)]) {
        let thread = grown(MessageKey(1), Conversation { messages, more: false });
        let said =
            |message: &InThread| (message.depth, message.row.as_ref().map_or(0, |row| row.key.0), message.is_renamed);
        assert_eq!(thread.messages.iter().map(said).collect::<Vec<_>>(), expected);
        assert_eq!(thread.subject, subject);
    }

    #[test]
    fn a_message_stands_below_what_it_answers_and_says_so_where_it_is_about_something_else() {
        let messages = vec![
            message(1, "Plans", 0),
            message(2, "Re: Plans", 1),
            message(3, "Lunch (was: Plans)", 2),
            message(4, "AW: [list] plans", 1),
        ];
        check(messages, "Plans", &[(0, 1, false), (1, 2, false), (2, 3, true), (1, 4, false)]);
    }

    #[test]
    fn a_message_that_is_not_here_leaves_its_place() {
        let messages = vec![message(2, "Re: Plans", 1), message(3, "Re: Plans", 1), message(4, "Fwd: Lunch", 1)];
        check(messages, "Plans", &[(0, 0, false), (1, 2, false), (1, 3, false), (1, 4, true)]);
    }

    #[test]
    fn a_message_without_a_subject_has_a_conversation_all_the_same() {
        check(vec![message(1, "", 0), message(2, "Re:", 1)], "", &[(0, 1, false), (1, 2, false)]);
        check(Vec::new(), "", &[]);
    }
}
