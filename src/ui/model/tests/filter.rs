//! A list that shows a part of its mailbox, or of what was found.

use super::{chosen, cursor, key, open, read, select};
use crate::engine::Event;
use crate::store::types::{Filter, Flag, Flags, Role, SortBy, SortOrder, TagId};
use crate::ui::action::{Action, Selecting};
use crate::ui::model::with_tag_turned;
use crate::ui::testing::{Desk, view};

fn unread() -> Filter {
    Filter { unread: true, ..Filter::default() }
}

fn starred() -> Filter {
    Filter { starred: true, ..Filter::default() }
}

/// Six messages: 2, 4 and 6 are read, 3 and 6 have a star.
fn desk() -> Desk {
    let mut desk = Desk::of(6);
    for n in 1..=6 {
        let flags = Flags::default().with(Flag::Seen, n % 2 == 0).with(Flag::Starred, n % 3 == 0);
        desk.flags.insert(key(n), flags);
    }
    desk.hear(Event::MailChanged);
    desk.serve();
    desk
}

fn listed(desk: &Desk) -> Vec<i64> {
    desk.model.messages.keys.iter().map(|key| key.0).collect()
}

#[test]
fn a_filter_asks_for_its_part_and_the_whole_list_stays_until_that_comes() {
    let mut desk = desk();
    assert_eq!(desk.act(Action::Filter(unread())), ["FilterMessages Inbox by date: unread"]);
    assert_eq!(listed(&desk), [6, 5, 4, 3, 2, 1], "not yet");
    assert!(!desk.model.filter_shown().is_on());
    desk.serve();
    assert_eq!(listed(&desk), [5, 3, 1]);
    assert_eq!(desk.model.filter_words(desk.model.filter_shown()), "is unread");
    assert!(desk.act(Action::Filter(unread())).is_empty(), "it is there already");
    let both = Filter { starred: true, ..unread() };
    assert_eq!(desk.act(Action::Filter(both)), ["FilterMessages Inbox by date: unread starred"]);
    desk.serve();
    assert_eq!(listed(&desk), [3]);
    assert_eq!(desk.act(Action::Filter(Filter::default())), ["ListMessages Inbox"]);
    desk.serve();
    assert_eq!(listed(&desk), [6, 5, 4, 3, 2, 1]);
}

#[test]
fn an_answer_to_a_filter_that_is_off_again_is_ignored() {
    let mut desk = desk();
    desk.act(Action::Filter(unread()));
    desk.act(Action::Filter(Filter::default()));
    desk.act(Action::Filter(starred()));
    desk.serve();
    assert_eq!(listed(&desk), [6, 3]);
}

#[test]
fn a_filter_holds_in_every_order_and_the_list_finds_its_keys() {
    let mut desk = desk();
    desk.act(Action::Filter(unread()));
    let oldest_first = SortOrder { by: SortBy::Date, reversed: true };
    assert_eq!(desk.act(Action::Sort(oldest_first)), ["FilterMessages Inbox by date reversed: unread"]);
    desk.serve();
    assert_eq!(listed(&desk), [1, 3, 5]);
    for (index, n) in [1, 3, 5].into_iter().enumerate() {
        assert_eq!(desk.model.messages.index_of(key(n)), Some(index));
    }
    assert_eq!(desk.model.messages.index_of(key(2)), None);
}

#[test]
fn what_is_selected_stays_so_where_the_filter_lets_it_through() {
    let mut desk = desk();
    for (index, how) in [(0, Selecting::Only), (3, Selecting::Range)] {
        desk.act(select(index, how));
    }
    assert_eq!(chosen(&desk), [6, 5, 4, 3]);
    desk.act(Action::Filter(starred()));
    desk.serve();
    assert_eq!(chosen(&desk), [6, 3]);
}

#[test]
fn what_is_read_stays_in_the_list_of_the_unread_until_another_is_opened() {
    let mut desk = desk();
    desk.act(Action::Filter(unread()));
    desk.serve();
    open(&mut desk, 1);
    assert_eq!(read(&desk), Some(3));
    desk.flags.insert(key(3), Flags::default().with(Flag::Seen, true));
    assert!(desk.hear(Event::MailChanged).contains(&"FilterMessages Inbox by date: unread and 3".to_owned()));
    desk.serve();
    assert_eq!((listed(&desk), cursor(&desk), read(&desk)), (vec![5, 3, 1], Some(3), Some(3)));
    desk.act(Action::MoveCursor { by: 1, extend: false });
    desk.serve();
    desk.hear(Event::MailChanged);
    desk.serve();
    assert_eq!((listed(&desk), cursor(&desk)), (vec![5, 1], Some(1)));
}

#[test]
fn a_search_is_filtered_too_and_ends_with_the_mailbox_filtered() {
    let mut desk = desk();
    desk.act(Action::Search("subject".into()));
    desk.serve();
    assert_eq!(listed(&desk).len(), 6);
    desk.act(Action::Filter(starred()));
    desk.serve();
    assert_eq!(listed(&desk), [6, 3]);
    assert!(desk.model.shows_results() && desk.model.filter_shown().starred);
    assert_eq!(desk.act(Action::EndSearch), ["FilterMessages Inbox by date: starred"]);
    desk.serve();
    assert_eq!(listed(&desk), [6, 3]);
}

#[test]
fn another_mailbox_is_shown_whole() {
    let mut desk = desk();
    desk.act(Action::Filter(unread()));
    desk.serve();
    assert_eq!(desk.act(Action::ShowMailbox(view(Role::Sent))), ["ListMessages Sent"]);
    desk.serve();
    assert_eq!(desk.act(Action::ShowMailbox(view(Role::Inbox))), ["ListMessages Inbox"]);
    desk.serve();
    assert_eq!(listed(&desk).len(), 6);
}

#[test]
fn of_several_tags_each_is_turned_by_itself() {
    let one = with_tag_turned(&unread(), TagId(4));
    let two = with_tag_turned(&one, TagId(7));
    assert_eq!(two, Filter { tags: vec![TagId(4), TagId(7)], ..unread() });
    assert_eq!(with_tag_turned(&with_tag_turned(&two, TagId(4)), TagId(7)), unread());
}
