//! Stars, moving away, and undoing it.

use super::{chosen, cursor, key, read, select};
use crate::engine::{Deed, Entry, EntryId, Event, Organisation, Undone};
use crate::store::types::{Flag, MailboxId, Move, Role};
use crate::ui::action::{Action, Selecting};
use crate::ui::testing::{Desk, failed, view};

#[test]
fn a_star_turns_and_shows_at_once() {
    let mut desk = Desk::of(3);
    desk.act(Action::RowsVisible(0, 3));
    desk.serve();
    let starred = |desk: &Desk| desk.model.messages.row(key(2)).unwrap().flags.has(Flag::Starred);
    assert_eq!(desk.act(Action::ToggleStar(key(2))), ["SetFlag starred true of 2"]);
    assert!(starred(&desk));
    assert_eq!(desk.act(Action::ToggleStar(key(2))), ["SetFlag starred false of 2"]);
    assert!(!starred(&desk));
}

#[test]
fn nothing_selected_nothing_done() {
    let mut desk = Desk::of(3);
    for action in [
        Action::MoveSelected(Role::Archive),
        Action::SetFlag(Flag::Seen, true),
        Action::ShowSource(true),
        Action::SaveAttachments { index: None, folder: "somewhere".into() },
    ] {
        assert!(desk.act(action.clone()).is_empty(), "{action:?}");
    }
}

#[test]
fn what_is_moved_leaves_the_list_at_once_and_the_next_message_is_read() {
    let cases = [
        (vec![0], Role::Archive, "MoveMessages 5 to Archive", Some(4)),
        (vec![4], Role::Trash, "MoveMessages 1 to Trash", Some(2)),
        (vec![1, 2], Role::Trash, "MoveMessages 4 3 to Trash", Some(2)),
        (vec![1, 3], Role::Junk, "MoveMessages 4 2 to Junk", Some(1)),
        (vec![3, 4], Role::Archive, "MoveMessages 2 1 to Archive", Some(3)),
        (vec![0, 1, 2, 3, 4], Role::Trash, "MoveMessages 5 4 3 2 1 to Trash", None),
    ];
    for (rows, to, asked, next) in cases {
        let mut desk = Desk::of(5);
        for &index in &rows {
            desk.act(select(index, Selecting::Toggle));
        }
        desk.serve();
        assert!(desk.act(Action::MoveSelected(to)).contains(&asked.to_owned()), "{asked}");
        assert_eq!(desk.model.messages.keys.len(), 5 - rows.len(), "{asked}");
        desk.serve();
        assert_eq!((cursor(&desk), read(&desk)), (next, next), "{asked}");
    }
}

#[test]
fn what_is_not_sent_yet_is_not_put_away_by_a_slip_of_the_finger() {
    for place in [Role::Drafts, Role::Outbox] {
        for (to, moved) in [(Role::Archive, false), (Role::Junk, false), (Role::Inbox, false), (Role::Trash, true)] {
            let mut desk = Desk::of(2);
            desk.places.insert(key(2), place);
            desk.act(Action::ShowMailbox(view(place)));
            desk.serve();
            desk.act(select(0, Selecting::Only));
            let asked = desk.act(Action::MoveSelected(to));
            assert_eq!(asked.iter().any(|asked| asked.starts_with("MoveMessages")), moved, "{place} to {to}");
        }
    }
}

#[test]
fn what_is_there_already_is_not_moved_there() {
    let mut desk = Desk::of(2);
    desk.act(select(0, Selecting::Only));
    assert!(desk.act(Action::MoveSelected(Role::Inbox)).is_empty());
    assert_eq!(desk.model.messages.keys.len(), 2);
}

fn moves(keys: &[i64]) -> Vec<Move> {
    keys.iter().map(|&n| Move { key: key(n), from: MailboxId(1), to: MailboxId(7) }).collect()
}

/// Moves the first rows, and the store has done it.
fn tidy(desk: &mut Desk, rows: usize, to: Role) -> String {
    desk.act(select(0, Selecting::Only));
    desk.act(select(rows - 1, Selecting::Range));
    let keys = chosen(desk);
    desk.act(Action::MoveSelected(to));
    desk.answer("MoveMessages", Event::Moved(moves(&keys)));
    let toast = desk.model.toast.clone().unwrap();
    assert!(toast.undo, "it can be undone");
    toast.text
}

/// Messages come back from Archive.
fn undone(messages: u64) -> Undone {
    let deed = Deed::Move { to: Role::Archive, name: String::new() };
    let entry = Entry { id: EntryId(1), at: 0, deed, messages, undone: false, can_redo: false };
    Undone { entry, again: false, messages, changed_since: 0, gone: 0, in_use: false }
}

#[test]
fn a_move_says_what_was_done() {
    let cases = [
        (1, Role::Archive, "Archived"),
        (2, Role::Archive, "2 messages archived"),
        (1, Role::Trash, "Moved to Trash"),
        (3, Role::Trash, "3 messages moved to Trash"),
        (1, Role::Junk, "Moved to Junk"),
        (2, Role::Junk, "2 messages moved to Junk"),
    ];
    for (rows, to, said) in cases {
        assert_eq!(tidy(&mut Desk::of(5), rows, to), said);
    }
}

#[test]
fn moves_are_undone_the_last_one_first() {
    let mut desk = Desk::of(5);
    tidy(&mut desk, 1, Role::Archive);
    tidy(&mut desk, 3, Role::Trash);
    for (messages, words) in [(3, "Undone: archived 3 messages"), (1, "Undone: archived 1 message")] {
        assert_eq!(desk.act(Action::Undo), ["Undo the last"]);
        desk.answer("Undo", Event::Undone(Some(Box::new(undone(messages)))));
        let toast = desk.model.toast.clone().unwrap();
        assert!(toast.text == words && !toast.undo, "{toast:?}");
    }
    desk.act(Action::Undo);
    desk.answer("Undo", Event::Undone(None));
    assert_eq!(desk.model.toast.unwrap().text, "There is nothing to undo");
}

#[test]
fn a_move_that_failed_is_told_and_the_list_is_asked_for_anew() {
    let mut desk = Desk::of(3);
    desk.act(select(0, Selecting::Only));
    desk.act(Action::MoveSelected(Role::Trash));
    assert_eq!(desk.model.messages.keys.len(), 2);
    desk.answer("MoveMessages", failed("Could not move the message"));
    desk.serve();
    assert_eq!(desk.model.messages.keys.len(), 3, "it is back");
    assert_eq!(desk.model.notices.len(), 1);
    assert!(desk.model.toast.is_none());
}

#[test]
fn words_that_pass_pass() {
    let mut desk = Desk::of(3);
    desk.act(select(0, Selecting::Only));
    desk.act(Action::MoveSelected(Role::Trash));
    desk.answer("MoveMessages", Event::Moved(moves(&[3])));
    assert_eq!(desk.model.next_tick(), Some(6.0));
    desk.tick(5.9);
    assert!(desk.model.toast.is_some());
    desk.tick(6.0);
    assert!(desk.model.toast.is_none());
    assert_eq!(desk.model.next_tick(), None);
    let history = vec![undone(1).entry];
    desk.hear(Event::Organisation(Box::new(Organisation { history, ..Organisation::default() })));
    assert_eq!(desk.model.can_undo().as_deref(), Some("Archived 1 message"), "undoing outlives the words");
}
