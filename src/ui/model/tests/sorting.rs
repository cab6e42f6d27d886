//! The list in other orders.

use std::sync::Arc;

use super::{chosen, cursor, key, open, read, select};
use crate::engine::{Event, Sorted};
use crate::store::types::{MessageKey, Role, SortBy, SortOrder};
use crate::ui::action::{Action, Selecting};
use crate::ui::model::{Listed, Selection};
use crate::ui::testing::{Desk, view};

fn by(by: SortBy) -> SortOrder {
    SortOrder { by, reversed: false }
}

/// The Inbox of so many messages, in that order.
fn sorted(count: i64, order: SortOrder) -> Desk {
    let mut desk = Desk::of(count);
    desk.act(Action::Sort(order));
    desk.serve();
    desk
}

fn listed(desk: &Desk) -> Vec<i64> {
    desk.model.messages.keys.iter().map(|key| key.0).collect()
}

#[test]
fn another_order_is_asked_for_once_and_the_old_one_stays_until_it_comes() {
    let mut desk = Desk::of(12);
    assert_eq!(desk.act(Action::Sort(by(SortBy::Subject))), ["SortMessages Inbox by subject"]);
    assert!(desk.act(Action::Sort(by(SortBy::Subject))).is_empty(), "it is on its way");
    assert_eq!(listed(&desk)[..3], [12, 11, 10], "still the newest first");
    let revealed = desk.model.messages.reveal;
    desk.serve();
    assert_eq!(listed(&desk), [1, 10, 11, 12, 2, 3, 4, 5, 6, 7, 8, 9], "as the words stand there");
    assert!(desk.model.messages.reveal > revealed, "the list goes to the cursor, or to its top");
    assert_eq!(desk.act(Action::Sort(SortOrder::default())), ["ListMessages Inbox"]);
    desk.serve();
    assert_eq!(listed(&desk)[..3], [12, 11, 10]);
}

#[test]
fn an_order_that_comes_too_late_is_not_shown() {
    let mut desk = Desk::of(12);
    desk.act(Action::Sort(by(SortBy::Subject)));
    desk.act(Action::Sort(by(SortBy::Size)));
    let late = desk.sorted(view(Role::Inbox), by(SortBy::Subject));
    let event = Event::Sorted { view: view(Role::Inbox), order: by(SortBy::Subject), sorted: late };
    desk.answer("SortMessages Inbox by subject", event);
    assert_eq!(listed(&desk)[..2], [12, 11]);
    desk.answer(
        "SortMessages Inbox by size",
        Event::Sorted { view: view(Role::Sent), order: by(SortBy::Size), sorted: Sorted::default() },
    );
    assert_eq!(listed(&desk).len(), 12, "nor what is of another mailbox");
}

#[test]
fn each_message_is_found_in_its_place_whatever_the_order() {
    for order in [by(SortBy::Subject), SortOrder { by: SortBy::Date, reversed: true }, SortOrder::default()] {
        let desk = sorted(30, order);
        let messages = &desk.model.messages;
        for (index, &key) in messages.keys.iter().enumerate() {
            assert_eq!(messages.index_of(key), Some(index), "{order}");
        }
        assert_eq!((messages.index_of(key(0)), messages.index_of(key(31))), (None, None));
    }
}

#[test]
fn each_message_is_found_in_its_place_however_many_went() {
    for order in [by(SortBy::Subject), SortOrder::default()] {
        for gone in [1, 2, 8, 9, 20, 39, 40] {
            let mut desk = sorted(40, order);
            let before = listed(&desk);
            let goes = |key: i64| (key * 17) % 40 < gone;
            let goers: Vec<MessageKey> = (1..=40).rev().filter(|&key| goes(key)).map(key).collect();
            desk.model.messages.selected = Selection::of(goers);
            desk.act(Action::MoveSelected(Role::Archive));
            let stay: Vec<i64> = before.into_iter().filter(|&key| !goes(key)).collect();
            assert_eq!(listed(&desk), stay, "{order}, {gone} went");
            let messages = &desk.model.messages;
            for number in 1..=40 {
                let place = stay.iter().position(|&key| key == number);
                assert_eq!(messages.index_of(key(number)), place, "{order}, {gone} went, {number}");
            }
            assert_eq!(cursor(&desk).is_none(), stay.is_empty());
        }
    }
}

#[test]
fn what_is_selected_and_read_stays_so_in_another_order() {
    let mut desk = Desk::of(12);
    open(&mut desk, 3);
    desk.act(Action::Sort(by(SortBy::Subject)));
    desk.serve();
    assert_eq!((chosen(&desk), cursor(&desk), read(&desk)), (vec![9], Some(9), Some(9)));
    desk.act(Action::MoveCursor { by: -1, extend: false });
    assert_eq!(cursor(&desk), Some(8), "the one above in this order");
}

#[test]
fn a_range_is_what_lies_between_in_this_order() {
    let mut desk = sorted(12, by(SortBy::Subject));
    desk.act(select(1, Selecting::Only));
    desk.act(select(4, Selecting::Range));
    assert_eq!(chosen(&desk), [12, 11, 10, 2]);
}

#[test]
fn what_is_moved_away_leaves_the_others_in_their_places() {
    for (marked, left) in [(vec![0], 11), (vec![2, 3, 11], 9), ((0..12).collect(), 0)] {
        let mut desk = sorted(12, by(SortBy::Subject));
        let before = listed(&desk);
        marked.iter().for_each(|&index| drop(desk.act(select(index, Selecting::Toggle))));
        desk.act(Action::MoveSelected(Role::Archive));
        let gone: Vec<i64> = marked.iter().map(|&index| before[index]).collect();
        let expected: Vec<i64> = before.into_iter().filter(|n| !gone.contains(n)).collect();
        assert_eq!((listed(&desk), expected.len()), (expected.clone(), left));
        for (index, &n) in expected.iter().enumerate() {
            assert_eq!(desk.model.messages.index_of(key(n)), Some(index));
        }
        assert!(gone.iter().all(|&n| desk.model.messages.index_of(key(n)).is_none()));
    }
}

#[test]
fn new_mail_comes_into_the_order_and_other_mailboxes_have_it_too() {
    let mut desk = sorted(12, by(SortBy::Subject));
    desk.count = 13;
    assert_eq!(desk.hear(Event::MailChanged), ["ListMailboxes", "SortMessages Inbox by subject"]);
    assert_eq!(desk.hear(Event::MailChanged), ["ListMailboxes"]);
    desk.serve();
    assert_eq!(listed(&desk)[..5], [1, 10, 11, 12, 13]);
    assert_eq!(desk.act(Action::ShowMailbox(view(Role::Sent))), ["SortMessages Sent by subject"]);
}

#[test]
fn results_come_newest_first_and_the_order_is_there_again_after_them() {
    let mut desk = sorted(12, by(SortBy::Subject));
    desk.act(Action::Search("Subject 1".into()));
    desk.serve();
    assert_eq!(listed(&desk), [12, 11, 10, 1]);
    assert!(matches!(desk.model.messages.keys_of, Listed::Results(_)));
    assert_eq!(desk.model.messages.index_of(key(10)), Some(2));
    assert!(desk.act(Action::Sort(by(SortBy::Size))).is_empty(), "it is for the mailbox");
    assert_eq!(desk.act(Action::EndSearch), ["SortMessages Inbox by size"]);
    desk.serve();
    assert_eq!(desk.model.messages.keys_of, Listed::Mailbox(view(Role::Inbox)));
}

#[test]
fn a_selection_keeps_what_is_still_listed_however_much_it_is() {
    for count in [3, 40, 200] {
        let mut desk = Desk::of(200);
        (0..count).for_each(|index| drop(desk.act(select(index, Selecting::Toggle))));
        desk.places.insert(key(200), Role::Trash);
        desk.hear(Event::MailChanged);
        desk.serve();
        assert_eq!(chosen(&desk), (1..200).rev().take(count - 1).collect::<Vec<_>>());
        assert_eq!(Arc::strong_count(&desk.model.messages.keys), 1);
    }
}
