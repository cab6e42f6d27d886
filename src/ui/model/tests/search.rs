//! Searching: results while it is typed, page by page, and the way back.

use super::{chosen, cursor, open, read};
use crate::engine::{Event, Found};
use crate::store::types::{MessageKey, Role};
use crate::ui::action::Action;
use crate::ui::model::Listed;
use crate::ui::testing::{Desk, view};

fn search(desk: &mut Desk, text: &str) -> Vec<String> {
    desk.act(Action::Search(text.into()))
}

/// What the list shows, newest first.
fn listed(desk: &Desk) -> Vec<i64> {
    desk.model.messages.keys.iter().map(|key| key.0).collect()
}

fn found(keys: impl IntoIterator<Item = i64>, more: bool) -> Event {
    Event::Found(Found { keys: keys.into_iter().map(MessageKey).collect(), more, to_index: 0 })
}

#[test]
fn each_letter_asks_anew_and_the_list_keeps_what_it_shows_until_the_answer_comes() {
    let mut desk = Desk::of(5);
    assert_eq!(search(&mut desk, "t"), ["Search “t”"]);
    assert_eq!(search(&mut desk, "te"), ["Search “te”"]);
    assert_eq!(listed(&desk), [5, 4, 3, 2, 1], "the mailbox is still there");
    assert!(!desk.model.shows_results());
    desk.answer("Search “t”", found([1], false));
    assert_eq!(listed(&desk), [5, 4, 3, 2, 1], "the answer to what was typed before is late");
    desk.answer("Search “te”", found([4, 2], false));
    assert_eq!(listed(&desk), [4, 2]);
    assert!(desk.model.shows_results() && desk.model.search.is_complete);
}

#[test]
fn the_answer_to_a_search_that_was_given_up_changes_nothing() {
    let mut desk = Desk::of(3);
    search(&mut desk, "a");
    search(&mut desk, "ab");
    desk.answer("Search “ab”", found([2], false));
    assert!(desk.answer("Search “a”", Event::Superseded).is_empty());
    assert_eq!(listed(&desk), [2]);
}

#[test]
fn pages_follow_each_other_until_all_results_are_there() {
    let mut desk = Desk::of(1000);
    search(&mut desk, "text");
    assert_eq!(desk.asked(), ["Search “text”"]);
    let first: Vec<i64> = (801..=1000).rev().collect();
    let asked = desk.answer("Search", found(first.clone(), true));
    assert!(asked.contains(&"CountFound “text”".into()), "{asked:?}");
    assert_eq!((listed(&desk), desk.model.search.total), (first, None));
    assert_eq!(desk.answer("CountFound", Event::Counted(1000)), ["Search “text” after 801"]);
    assert_eq!(desk.model.search.total, Some(1000));
    assert!(!desk.model.search.is_complete);
    desk.answer("Search “text” after 801", found((1..=800).rev(), false));
    assert_eq!(listed(&desk), (1..=1000).rev().collect::<Vec<_>>());
    assert!(desk.model.search.is_complete);
}

#[test]
fn an_empty_field_shows_the_mailbox_again() {
    for end in [Action::EndSearch, Action::Search(String::new()), Action::ShowMailbox(view(Role::Inbox))] {
        let mut desk = Desk::of(3);
        search(&mut desk, "message 2");
        desk.serve();
        assert_eq!(listed(&desk), [2]);
        assert_eq!(desk.act(end.clone()), ["ListMessages Inbox"], "{end:?}");
        desk.serve();
        assert_eq!((listed(&desk), desk.model.search.text.as_str()), (vec![3, 2, 1], ""), "{end:?}");
    }
}

#[test]
fn another_mailbox_ends_the_search() {
    let mut desk = Desk::of(3);
    search(&mut desk, "message");
    desk.serve();
    desk.act(Action::ShowMailbox(view(Role::Trash)));
    desk.serve();
    assert_eq!(desk.model.messages.keys_of, Listed::Mailbox(view(Role::Trash)));
    assert!(!desk.model.search.is_on());
}

#[test]
fn a_listing_that_comes_late_does_not_push_the_results_away() {
    let mut desk = Desk::of(3);
    desk.hear(Event::MailChanged);
    search(&mut desk, "message 2");
    desk.serve();
    assert_eq!(listed(&desk), [2]);
}

#[test]
fn the_search_may_be_in_the_open_mailbox_only() {
    let mut desk = Desk::of(3);
    desk.places.insert(MessageKey(3), Role::Trash);
    search(&mut desk, "message");
    desk.serve();
    assert_eq!(listed(&desk), [3, 2, 1]);
    assert_eq!(desk.act(Action::SearchHere(true)), ["Search “message” in Inbox"]);
    desk.serve();
    assert_eq!(listed(&desk), [2, 1]);
}

#[test]
fn what_cannot_be_understood_is_kept_with_its_place_and_the_rows_stay() {
    let mut desk = Desk::of(3);
    search(&mut desk, "message 2");
    desk.serve();
    search(&mut desk, "message 2 form:x");
    desk.serve();
    let fault = desk.model.search.fault.clone().expect("there is a fault");
    assert_eq!((fault.at, fault.len), (10, 5));
    assert_eq!(listed(&desk), [2]);
    search(&mut desk, "message 3");
    assert_eq!(desk.model.search.fault, None, "it is not said of what is typed next");
}

#[test]
fn other_mail_and_a_better_index_ask_again_for_as_many_as_there_are_once_at_a_time() {
    let mut desk = Desk::of(3);
    search(&mut desk, "message");
    desk.serve();
    desk.count = 4;
    assert_eq!(desk.hear(Event::MailChanged), ["ListMailboxes", "Search “message”"]);
    assert!(desk.hear(Event::Indexed { left: 7 }).is_empty(), "one search under way is enough");
    assert_eq!(desk.model.search.to_index, 7);
    desk.serve();
    assert_eq!(listed(&desk), [4, 3, 2, 1]);
    assert!(desk.asked().is_empty());
    desk.act(Action::EndSearch);
    desk.serve();
    assert!(desk.hear(Event::Indexed { left: 0 }).is_empty(), "a mailbox does not change by being indexed");
}

#[test]
fn what_is_selected_stays_selected_while_the_search_is_typed_on() {
    let mut desk = Desk::of(12);
    search(&mut desk, "message 1");
    desk.serve();
    open(&mut desk, 1);
    assert_eq!((cursor(&desk), read(&desk)), (Some(11), Some(11)));
    search(&mut desk, "message 11");
    desk.serve();
    assert_eq!((cursor(&desk), chosen(&desk), read(&desk)), (Some(11), vec![11], Some(11)));
    search(&mut desk, "message 12");
    desk.serve();
    assert_eq!((cursor(&desk), chosen(&desk), read(&desk)), (None, vec![], None));
}

#[test]
fn a_result_that_is_moved_stays_and_says_where_it_lies_and_the_next_is_selected() {
    let mut desk = Desk::of(3);
    desk.places.insert(MessageKey(1), Role::Trash);
    desk.hear(Event::MailChanged);
    search(&mut desk, "message");
    desk.serve();
    open(&mut desk, 0);
    let asked = desk.act(Action::MoveSelected(Role::Trash));
    assert!(asked.contains(&"MoveFound 3 to Trash".into()), "{asked:?}");
    assert_eq!((listed(&desk), cursor(&desk)), (vec![3, 2, 1], Some(2)));
    assert_eq!(desk.model.messages.row(MessageKey(3)).unwrap().role, Role::Trash);
    // What lies there already does not move, whatever mailbox was open before.
    desk.act(Action::SelectAll);
    let asked = desk.act(Action::MoveSelected(Role::Trash));
    assert!(asked.contains(&"MoveFound 2 to Trash".into()), "{asked:?}");
}

#[test]
fn what_is_not_sent_yet_is_not_archived_from_among_results_either() {
    let mut desk = Desk::of(2);
    desk.places.insert(MessageKey(2), Role::Drafts);
    desk.hear(Event::MailChanged);
    search(&mut desk, "message");
    desk.serve();
    desk.act(Action::SelectAll);
    let asked = desk.act(Action::MoveSelected(Role::Archive));
    assert!(asked.contains(&"MoveFound 1 to Archive".into()), "{asked:?}");
    assert_eq!(desk.model.role_of_selection(), Role::Drafts, "the draft is left, and selected");
}

#[test]
fn results_that_were_never_on_the_screen_move_with_the_others() {
    let mut desk = Desk::of(500);
    search(&mut desk, "message");
    desk.serve();
    desk.act(Action::SelectAll);
    assert!(desk.model.messages.row(MessageKey(1)).is_none(), "its row is not known");
    let asked = desk.act(Action::MoveSelected(Role::Archive));
    let moved = asked.iter().find(|asked| asked.starts_with("MoveFound")).unwrap();
    assert_eq!(moved.split(' ').filter(|word| word.parse::<i64>().is_ok()).count(), 500, "{moved}");
}
