//! A list of conversations.

use super::{chosen, cursor, key, open, read};
use crate::engine::Event;
use crate::store::types::{Filter, Role};
use crate::ui::action::Action;
use crate::ui::testing::Desk;

/// Six messages; 2, 4 and 5 are one conversation.
fn desk() -> Desk {
    let mut desk = Desk::of(6);
    desk.thread = vec![(key(2), 0), (key(4), 1), (key(5), 2)];
    desk
}

fn listed(desk: &Desk) -> Vec<i64> {
    desk.model.messages.keys.iter().map(|key| key.0).collect()
}

fn grouped() -> Desk {
    let mut desk = desk();
    desk.act(Action::SetGrouped(true));
    desk.serve();
    desk
}

#[test]
fn each_conversation_has_one_row_that_says_so() {
    let mut desk = desk();
    assert_eq!(desk.act(Action::SetGrouped(true)), ["FilterMessages Inbox by date grouped: "]);
    desk.serve();
    assert_eq!(listed(&desk), [6, 5, 3, 1]);
    let group = desk.model.messages.row(key(5)).and_then(|row| row.group.clone());
    assert_eq!(group.map(|group| group.messages), Some(3));
    assert_eq!(desk.model.messages.row(key(3)).and_then(|row| row.group.clone()), None);
    desk.act(Action::SetGrouped(false));
    desk.serve();
    assert_eq!(listed(&desk), [6, 5, 4, 3, 2, 1]);
    assert_eq!(desk.model.messages.row(key(5)).and_then(|row| row.group.clone()), None);
}

#[test]
fn what_is_opened_shows_all_of_its_conversation() {
    let mut desk = grouped();
    open(&mut desk, 1);
    assert_eq!(read(&desk), Some(5));
    let conversation = &desk.model.reading.conversation;
    assert!(conversation.is_unfolded);
    assert_eq!(conversation.thread.as_ref().map(|thread| thread.rows().count()), Some(3));
}

#[test]
fn what_is_done_to_a_row_is_done_to_all_that_the_mailbox_holds_of_its_conversation() {
    let mut desk = grouped();
    desk.places.insert(key(2), Role::Sent);
    open(&mut desk, 1);
    assert_eq!(desk.act(Action::MoveSelected(Role::Archive)), ["ListMembers 5"]);
    desk.serve();
    assert!(desk.asked().contains(&"MoveMessages 5 4 to Archive".to_owned()), "{:?}", desk.asked());
    assert_eq!((listed(&desk), cursor(&desk)), (vec![6, 3, 1], Some(3)));
    assert_eq!(desk.act(Action::MoveOne(key(6), Role::Trash)), ["ListMembers 6"]);
}

#[test]
fn a_new_answer_takes_the_place_of_the_one_that_is_open_and_that_stays_open() {
    let mut desk = grouped();
    open(&mut desk, 1);
    desk.count = 7;
    desk.thread.push((key(7), 3));
    desk.hear(Event::MailChanged);
    desk.serve();
    assert_eq!((listed(&desk), chosen(&desk), cursor(&desk)), (vec![7, 6, 3, 1], vec![7], Some(7)));
    assert_eq!(read(&desk), Some(5));
    desk.act(Action::MoveCursor { by: 1, extend: false });
    assert_eq!(cursor(&desk), Some(6));
}

#[test]
fn a_filter_comes_before_the_grouping_and_results_are_messages() {
    let mut desk = grouped();
    let unread = Filter { unread: true, ..Filter::default() };
    assert_eq!(desk.act(Action::Filter(unread)), ["FilterMessages Inbox by date grouped: unread"]);
    desk.serve();
    assert_eq!(listed(&desk), [6, 5, 3, 1]);
    desk.act(Action::Filter(Filter::default()));
    desk.act(Action::Search("subject".into()));
    desk.serve();
    assert!(!desk.model.is_grouped());
    assert_eq!(listed(&desk).len(), 6);
}
