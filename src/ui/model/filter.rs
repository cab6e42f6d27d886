//! What of the list is shown: only what is unread, starred, has attachments, or some tag. It holds for the open mailbox and for
//! what is searched for in it, in whatever order; another mailbox is shown whole.

use super::messages::Listed;
use super::{Model, Pending};
use crate::engine::Command;
use crate::store::types::{Filter, MailboxView, MessageKey, SortOrder, TagId};

impl Model {
    pub(super) fn set_filter(&mut self, filter: Filter) {
        if self.messages.filter == filter {
            return;
        }
        self.messages.filter = filter;
        if self.search.is_on() { self.ask_search() } else { self.list_mailbox() }
    }

    /// Everything is shown again, and nothing is asked for yet.
    pub(super) fn forget_filter(&mut self) {
        self.messages.filter = Filter::default();
    }

    /// Whether the list is to be another than all messages of its mailbox.
    pub(super) fn wants_part(&self) -> bool {
        self.messages.filter.is_on() || self.look.grouped
    }

    pub(super) fn ask_part(&mut self, view: MailboxView, order: SortOrder) {
        let (filter, grouped) = (self.messages.filter.clone(), self.look.grouped);
        let also = self.kept_in_part();
        self.ask(Command::FilterMessages { view, order, filter, also, grouped }, Pending::Listing);
    }

    /// What is open stays in the list: it was unread when it was chosen, or stood for its conversation.
    fn kept_in_part(&self) -> Option<MessageKey> {
        let messages = &self.messages;
        let is_same = messages.keys_part.0 == messages.filter && messages.keys_of == Listed::Mailbox(messages.view);
        messages.cursor.filter(|&key| is_same && messages.index_of(key).is_some())
    }

    /// Another message stands for the conversation of what is open: that is selected in its place, and what is read stays.
    pub(super) fn follow_head(&mut self, head: Option<(MessageKey, MessageKey)>) {
        let Some((before, now)) = head.filter(|(before, now)| before != now) else { return };
        if self.messages.cursor == Some(before) {
            self.messages.put_cursor(now);
        }
    }

    /// The filter that the list on the screen is made with.
    pub fn filter_shown(&self) -> &Filter {
        match &self.messages.keys_of {
            Listed::Mailbox(_) => &self.messages.keys_part.0,
            Listed::Results(search) => &search.filter,
        }
    }

    /// The filter in words: “is unread and has attachments”.
    pub fn filter_words(&self, filter: &Filter) -> String {
        let named =
            [(filter.unread, "is unread"), (filter.starred, "is starred"), (filter.attachment, "has attachments")];
        let mut words: Vec<String> = named.into_iter().filter(|(on, _)| *on).map(|(_, word)| word.to_owned()).collect();
        let tags: Vec<&str> = filter.tags.iter().filter_map(|&id| self.tag(id)).map(|tag| tag.name.as_str()).collect();
        if !tags.is_empty() {
            words.push(format!("is tagged {}", tags.join(" or ")));
        }
        words.join(" and ")
    }
}

/// Another filter with one thing turned.
pub fn with_tag_turned(filter: &Filter, tag: TagId) -> Filter {
    let mut turned = filter.clone();
    match turned.tags.iter().position(|other| *other == tag) {
        Some(place) => {
            turned.tags.remove(place);
        }
        None => turned.tags.push(tag),
    }
    turned
}
