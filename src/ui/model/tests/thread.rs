//! The conversation of the open message, and those of its messages that are not in the list.

use super::{chosen, cursor, key, open, read, select};
use crate::engine::Event;
use crate::store::types::{Flag, MessageKey, Role};
use crate::ui::action::{Action, Selecting};
use crate::ui::testing::{Desk, failed, view};

/// Five messages in the Inbox; the newest and the third answer the first, and the second, which was sent, is between them.
fn desk() -> Desk {
    let mut desk = Desk::of(5);
    desk.places.insert(key(2), Role::Sent);
    desk.thread = [(1, 0), (2, 1), (5, 2), (3, 1)].map(|(n, depth)| (key(n), depth)).to_vec();
    desk.hear(Event::MailChanged);
    desk.act(Action::RowsVisible(0, 4));
    desk.serve();
    desk
}

/// The keys of the conversation that is shown.
fn thread(desk: &Desk) -> Vec<i64> {
    let thread = desk.model.reading.conversation.thread.as_ref();
    thread.map(|thread| thread.rows().map(|row| row.key.0).collect()).unwrap_or_default()
}

#[test]
fn the_conversation_comes_with_the_message() {
    let mut desk = desk();
    open(&mut desk, 0);
    assert_eq!((read(&desk), thread(&desk)), (Some(5), vec![1, 2, 5, 3]));
    open(&mut desk, 1);
    assert_eq!((read(&desk), thread(&desk)), (Some(4), vec![4]));
}

#[test]
fn whichever_comes_first_the_conversation_is_that_of_the_message_that_is_shown() {
    let mut desk = desk();
    open(&mut desk, 0);
    desk.act(select(1, Selecting::Only));
    let thread_of_next = desk.thread(key(4));
    desk.answer("ListThread 4", Event::Thread(thread_of_next));
    assert_eq!((read(&desk), thread(&desk)), (Some(5), vec![1, 2, 5, 3]), "until the message is there");
    desk.serve();
    assert_eq!((read(&desk), thread(&desk)), (Some(4), vec![4]));

    desk.act(select(0, Selecting::Only));
    let opened = desk.opened(key(5));
    desk.answer("OpenMessage 5", Event::Opened(Box::new(opened)));
    assert_eq!((read(&desk), thread(&desk)), (Some(5), vec![]), "that of another message is not shown");
    desk.serve();
    assert_eq!(thread(&desk), [1, 2, 5, 3]);
}

#[test]
fn a_conversation_that_comes_late_or_not_at_all_changes_nothing() {
    let mut desk = desk();
    desk.act(select(0, Selecting::Only));
    desk.act(select(1, Selecting::Only));
    let late = desk.thread(key(5));
    desk.answer("ListThread 5", Event::Thread(late));
    desk.answer("ListThread 4", failed("Could not read the conversation"));
    desk.serve();
    assert_eq!((read(&desk), thread(&desk)), (Some(4), vec![]));
    assert!(desk.model.notices.is_empty(), "the message can be read all the same");
}

#[test]
fn it_stays_unfolded_within_the_conversation_and_what_is_known_of_it_stays_until_more_is() {
    let mut desk = desk();
    open(&mut desk, 0);
    desk.act(Action::ShowThread(true));
    desk.act(Action::OpenInThread(key(3)));
    let opened = desk.opened(key(3));
    desk.answer("OpenMessage 3", Event::Opened(Box::new(opened)));
    assert_eq!(thread(&desk), [1, 2, 5, 3], "no gap");
    assert!(desk.model.reading.conversation.is_unfolded);
    desk.serve();
    open(&mut desk, 1);
    assert!(!desk.model.reading.conversation.is_unfolded, "another conversation");
}

#[test]
fn a_message_of_the_conversation_opens_in_the_list_or_beside_it() {
    let mut desk = desk();
    open(&mut desk, 0);
    desk.act(Action::OpenInThread(key(3)));
    desk.serve();
    assert_eq!((read(&desk), cursor(&desk), chosen(&desk)), (Some(3), Some(3), vec![3]));
    desk.act(Action::OpenInThread(key(2)));
    desk.serve();
    assert_eq!((read(&desk), chosen(&desk)), (Some(2), vec![2]), "what is done is done to what is read");
    assert_eq!(desk.model.role_of_selection(), Role::Sent);
    desk.hear(Event::MailChanged);
    desk.serve();
    assert_eq!((read(&desk), chosen(&desk)), (Some(2), vec![2]), "other mail does not close it");
    desk.act(Action::MoveCursor { by: 1, extend: false });
    desk.serve();
    assert_eq!((read(&desk), cursor(&desk)), (Some(1), Some(1)), "on from where the list was left");
}

#[test]
fn what_is_open_beside_the_list_is_moved_by_its_own_mailbox_and_the_list_comes_back() {
    let mut desk = desk();
    open(&mut desk, 0);
    desk.act(Action::OpenInThread(key(2)));
    desk.serve();
    let asked = desk.act(Action::MoveSelected(Role::Archive));
    assert_eq!(asked, ["OpenMessage 5", "ListThread 5", "MoveFound 2 to Archive"]);
    assert_eq!(chosen(&desk), [5]);
    assert_eq!(desk.model.messages.keys.len(), 4, "nothing is taken out of the list");

    let mut desk = self::desk();
    desk.places.insert(key(2), Role::Drafts);
    open(&mut desk, 0);
    desk.act(Action::OpenInThread(key(2)));
    desk.serve();
    assert!(desk.act(Action::MoveSelected(Role::Archive)).is_empty(), "a draft would be quietly unsent for ever");
    assert!(desk.model.editable(key(2)));
}

#[test]
fn another_mailbox_forgets_what_was_open_beside_the_list() {
    let mut desk = desk();
    open(&mut desk, 0);
    desk.act(Action::OpenInThread(key(2)));
    desk.serve();
    desk.act(Action::ShowMailbox(view(Role::Archive)));
    desk.serve();
    assert_eq!((read(&desk), chosen(&desk)), (None, vec![]));
}

#[test]
fn stepping_goes_through_the_tree_and_stops_at_its_ends() {
    let mut desk = desk();
    open(&mut desk, 0);
    let step = |desk: &mut Desk, by| {
        desk.act(Action::StepInThread(by));
        desk.serve();
        read(desk)
    };
    assert_eq!([1, 1].map(|by| step(&mut desk, by)), [Some(3), Some(3)]);
    assert_eq!([-1, -1, -1, -1].map(|by| step(&mut desk, by)), [Some(5), Some(2), Some(1), Some(1)]);
    open(&mut desk, 1);
    assert_eq!(step(&mut desk, 1), Some(4), "a message alone");
}

#[test]
fn flags_are_shown_at_once_and_news_ask_anew() {
    let mut desk = desk();
    open(&mut desk, 0);
    let is_seen = |desk: &Desk, n: i64| {
        let mut rows = desk.model.reading.conversation.thread.as_ref().unwrap().rows();
        rows.find(|row| row.key == MessageKey(n)).unwrap().flags.has(Flag::Seen)
    };
    assert!(desk.model.messages.row(key(5)).unwrap().flags.has(Flag::Seen));
    desk.act(Action::SetFlag(Flag::Seen, false));
    assert!(!is_seen(&desk, 5));
    desk.act(Action::SetFlag(Flag::Seen, true));
    assert!(is_seen(&desk, 5));
    desk.serve();
    for event in [Event::MailChanged, Event::Indexed { left: 0 }] {
        assert!(desk.hear(event.clone()).contains(&"ListThread 5".into()), "{event:?}");
        assert!(!desk.hear(event).contains(&"ListThread 5".into()), "one under way is enough");
        desk.serve();
    }
}
