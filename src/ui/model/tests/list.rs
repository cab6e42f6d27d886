//! Mailboxes, selecting, reading.

use std::sync::Arc;

use super::{chosen, cursor, key, open, read, select};
use crate::account::AccountId;
use crate::engine::Event;
use crate::store::types::{Flag, Flags, MailboxView, Role, SortBy, SortOrder};
use crate::ui::action::{Action, Selecting};
use crate::ui::model::Listed;
use crate::ui::testing::{Desk, HOME, WORK, account, failed, view};

#[test]
fn the_start_asks_for_accounts_mailboxes_and_the_inbox() {
    let mut desk = Desk::default();
    assert_eq!(
        desk.act(Action::Start),
        [
            "ListAccounts",
            "ListMailboxes",
            "ListOrganisation",
            "ListNewest Inbox",
            "ListMessages Inbox",
            "ListSearches",
            "KeepSchedule"
        ]
    );
    assert!(!desk.model.started, "until the accounts are known nothing says welcome");
    desk.answer("ListAccounts", Event::Accounts(Vec::new()));
    assert!(desk.model.started && desk.model.accounts.is_empty());
}

#[test]
fn accounts_that_arrive_are_shown_and_what_is_gone_is_no_longer_looked_at() {
    let mut desk = Desk::with(&[account(WORK, "Work"), account(HOME, "Home")], 3);
    assert_eq!(desk.model.accounts.len(), 2);
    desk.act(Action::ShowMailbox(MailboxView { role: Role::Sent, account: Some(HOME) }));
    desk.serve();
    assert_eq!(desk.hear(Event::Accounts(vec![account(WORK, "Work")])), ["ListMessages Inbox"]);
    assert_eq!(desk.model.messages.view, view(Role::Inbox));
    assert!(desk.model.account(HOME).is_none());
}

#[test]
fn a_mailbox_asks_for_its_list_and_the_old_one_stays_until_it_comes() {
    let mut desk = Desk::of(3);
    desk.places.insert(key(2), Role::Sent);
    assert_eq!(desk.act(Action::ShowMailbox(view(Role::Sent))), ["ListMessages Sent"]);
    assert_eq!(desk.model.messages.keys.len(), 3, "still the Inbox");
    desk.serve();
    assert_eq!(*desk.model.messages.keys, [key(2)]);
    assert!(desk.act(Action::ShowMailbox(view(Role::Sent))).is_empty(), "it is there already");
    let of_one = MailboxView { role: Role::Inbox, account: Some(WORK) };
    assert_eq!(desk.act(Action::ShowMailbox(of_one)), ["ListMessages Inbox of 1"]);
}

#[test]
fn of_a_large_mailbox_the_newest_are_there_before_the_others() {
    let mut desk = Desk::of(30_000);
    desk.places.insert(key(1), Role::Sent);
    desk.act(Action::ShowMailbox(view(Role::Sent)));
    desk.serve();
    assert_eq!(desk.act(Action::ShowMailbox(view(Role::Inbox))), ["ListNewest Inbox", "ListMessages Inbox"]);
    desk.answer("ListNewest", Event::Newest { view: view(Role::Inbox), keys: vec![key(30_000), key(29_999)] });
    assert_eq!(*desk.model.messages.keys, [key(30_000), key(29_999)]);
    desk.act(select(1, Selecting::Only));
    desk.serve();
    assert_eq!((desk.model.messages.keys.len(), chosen(&desk)), (29_999, vec![29_999]));
    let late = Event::Newest { view: view(Role::Inbox), keys: vec![key(1)] };
    assert!(desk.hear(late).is_empty());
    assert_eq!(desk.model.messages.keys.len(), 29_999, "what comes late changes nothing");
    assert_eq!(desk.act(Action::Sort(SortOrder { by: SortBy::Size, reversed: false })).len(), 1);
}

#[test]
fn the_list_of_a_mailbox_that_was_left_is_ignored() {
    let mut desk = Desk::of(3);
    desk.act(Action::ShowMailbox(view(Role::Sent)));
    desk.act(Action::ShowMailbox(view(Role::Trash)));
    let late = Event::Listing { view: view(Role::Sent), keys: Arc::new(vec![key(7)]) };
    desk.answer("ListMessages Sent", late);
    assert_eq!(desk.model.messages.keys.len(), 3);
    desk.serve();
    assert_eq!(desk.model.messages.keys_of, Listed::Mailbox(view(Role::Trash)));
    assert!(desk.model.messages.keys.is_empty());
}

#[test]
fn an_answer_that_nobody_waits_for_changes_nothing() {
    let mut desk = Desk::of(3);
    let (opened, rows) = (desk.opened(key(1)), vec![desk.row(key(1))]);
    for event in [
        Event::Opened(Box::new(opened)),
        Event::Rows(rows),
        Event::Listing { view: view(Role::Inbox), keys: Arc::default() },
        Event::Source { key: key(1), text: "octets".into() },
        Event::DraftSaved { key: key(1) },
        Event::Queued { key: key(1) },
        Event::Moved(Vec::new()),
        Event::Done,
    ] {
        assert!(desk.hear(event).is_empty());
    }
    assert_eq!((read(&desk), desk.model.messages.keys.len()), (None, 3));
    assert!(desk.model.toast.is_none() && desk.model.notices.is_empty() && desk.model.composer.is_none());
}

#[test]
fn only_rows_near_the_visible_ones_are_asked_for_and_none_of_them_twice() {
    let mut desk = Desk::of(100_000);
    assert!(desk.model.messages.row(key(100_000 - 59)).is_some(), "the first ones came with the list");
    let cases =
        [((30, 40), "LoadRows (40)"), ((50_000, 50_010), "LoadRows (130)"), ((99_990, 100_000), "LoadRows (70)")];
    for ((from, to), asked) in cases {
        assert_eq!(desk.act(Action::RowsVisible(from, to)), [asked]);
        assert!(desk.act(Action::RowsVisible(from, to)).is_empty(), "asked already");
        desk.serve();
        assert!(desk.act(Action::RowsVisible(from, to)).is_empty(), "there already");
    }
    assert!(desk.model.messages.row(key(1)).is_some());
    assert!(desk.model.messages.row(key(70_000)).is_none());
}

#[test]
fn text_of_rows_does_not_pile_up_while_somebody_scrolls_through_everything() {
    let mut desk = Desk::of(20_000);
    desk.act(Action::SelectAll);
    for from in (0..20_000).step_by(50) {
        desk.act(Action::RowsVisible(from, from + 10));
        desk.serve();
    }
    let kept = (1..=20_000).filter(|&n| desk.model.messages.row(key(n)).is_some()).count();
    assert!(kept <= 4_200, "{kept} rows are kept");
    assert!(desk.model.messages.row(key(45)).is_some(), "those on the screen are");
}

#[test]
fn selecting_a_message_opens_it_and_marks_it_read() {
    let mut desk = Desk::of(3);
    desk.act(Action::RowsVisible(0, 3));
    desk.serve();
    assert_eq!(desk.act(select(0, Selecting::Only)), ["OpenMessage 3", "ListThread 3"]);
    assert_eq!(read(&desk), None, "not yet");
    let opened = desk.opened(key(3));
    assert_eq!(desk.answer("OpenMessage", Event::Opened(Box::new(opened))), ["MarkRead 3"]);
    assert_eq!(read(&desk), Some(3));
    assert!(desk.model.messages.row(key(3)).unwrap().flags.has(Flag::Seen), "shown at once");
    assert!(desk.act(select(0, Selecting::Only)).is_empty(), "it is open already");
}

#[test]
fn a_message_that_was_read_before_is_not_marked_again() {
    let mut desk = Desk::of(3);
    desk.flags.insert(key(3), Flags::default().with(Flag::Seen, true));
    desk.act(select(0, Selecting::Only));
    let opened = desk.opened(key(3));
    assert!(desk.answer("OpenMessage", Event::Opened(Box::new(opened))).is_empty());
}

#[test]
fn a_message_that_comes_after_another_was_selected_is_not_shown() {
    let mut desk = Desk::of(3);
    open(&mut desk, 0);
    desk.act(select(1, Selecting::Only));
    desk.act(select(2, Selecting::Only));
    assert_eq!(desk.model.reading.waiting_for, Some(key(1)));
    let late = desk.opened(key(2));
    assert!(desk.answer("OpenMessage 2", Event::Opened(Box::new(late))).is_empty(), "nor marked read");
    assert_eq!(read(&desk), Some(3), "the previous one stays until the one that is wanted comes");
    desk.serve();
    assert_eq!(read(&desk), Some(1));
}

#[test]
fn a_message_that_cannot_be_opened_says_so_and_the_list_goes_on() {
    let mut desk = Desk::of(3);
    desk.act(select(0, Selecting::Only));
    desk.answer("OpenMessage", failed("Could not open the message"));
    assert_eq!(desk.model.notices.len(), 1);
    assert_eq!(desk.model.reading.waiting_for, None);
    assert_eq!(desk.act(Action::MoveCursor { by: 1, extend: false }), ["OpenMessage 2", "ListThread 2"]);
}

#[test]
fn the_cursor_stays_in_the_list() {
    let cases = [
        (vec![1], Some(5), "the first step goes to the first row"),
        (vec![isize::MAX / 2], Some(1), "or End to the last"),
        (vec![1, 1, 1], Some(3), "down"),
        (vec![1, 1, -1], Some(5), "and up"),
        (vec![-1, -1], Some(5), "not above the first"),
        (vec![1, isize::MAX / 2], Some(1), "not below the last"),
        (vec![1, isize::MAX / 2, isize::MIN / 2], Some(5), "Home"),
    ];
    for (steps, expected, why) in cases {
        let mut desk = Desk::of(5);
        for by in steps {
            desk.act(Action::MoveCursor { by, extend: false });
        }
        assert_eq!(cursor(&desk), expected, "{why}");
    }
    let mut empty = Desk::of(0);
    assert!(empty.act(Action::MoveCursor { by: 1, extend: false }).is_empty());
    assert!(empty.act(select(0, Selecting::Only)).is_empty());
}

#[test]
fn clicks_select_one_some_or_a_range() {
    use Selecting::{Only, Range, Toggle};
    type Case = (&'static [(usize, Selecting)], &'static [i64]);
    let cases: [Case; 8] = [
        (&[(1, Only)], &[4]),
        (&[(1, Only), (3, Only)], &[2]),
        (&[(1, Only), (3, Toggle)], &[4, 2]),
        (&[(1, Only), (3, Toggle), (1, Toggle)], &[2]),
        (&[(1, Only), (3, Range)], &[4, 3, 2]),
        (&[(3, Only), (1, Range)], &[4, 3, 2]),
        (&[(1, Only), (3, Range), (0, Range)], &[5, 4]),
        (&[(2, Range)], &[3]),
    ];
    for (clicks, expected) in cases {
        let mut desk = Desk::of(5);
        for &(index, how) in clicks {
            desk.act(select(index, how));
        }
        assert_eq!(chosen(&desk), expected, "{clicks:?}");
    }
}

#[test]
fn the_keyboard_extends_the_selection_and_ctrl_a_takes_all() {
    let mut desk = Desk::of(5);
    desk.act(select(1, Selecting::Only));
    desk.act(Action::MoveCursor { by: 1, extend: true });
    desk.act(Action::MoveCursor { by: 1, extend: true });
    assert_eq!(chosen(&desk), [4, 3, 2]);
    desk.act(Action::SelectAll);
    assert_eq!(chosen(&desk), [5, 4, 3, 2, 1]);
    assert_eq!(desk.act(Action::SetFlag(Flag::Seen, false)), ["SetFlag seen false of 5 4 3 2 1"]);
}

#[test]
fn when_one_message_is_left_selected_it_is_the_one_that_is_read() {
    let mut desk = Desk::of(3);
    open(&mut desk, 0);
    desk.act(select(1, Selecting::Toggle));
    desk.act(select(0, Selecting::Toggle));
    desk.serve();
    assert_eq!((chosen(&desk), cursor(&desk), read(&desk)), (vec![2], Some(2), Some(2)));
}

#[test]
fn new_mail_comes_into_the_list_and_what_is_selected_stays_so() {
    let mut desk = Desk::of(3);
    open(&mut desk, 1);
    desk.count = 4;
    assert_eq!(desk.hear(Event::MailChanged), ["ListThread 2", "ListMailboxes", "ListMessages Inbox"]);
    assert_eq!(desk.hear(Event::MailChanged), ["ListMailboxes"], "one listing under way is enough");
    desk.serve();
    assert_eq!(desk.model.messages.keys.len(), 4);
    assert_eq!((chosen(&desk), cursor(&desk), read(&desk)), (vec![2], Some(2), Some(2)));
    assert!(desk.asked().is_empty(), "and the change that came meanwhile was asked for: {:?}", desk.asked());
}

#[test]
fn what_another_hand_removed_is_no_longer_selected_nor_read() {
    let mut desk = Desk::of(3);
    open(&mut desk, 0);
    desk.places.insert(key(3), Role::Trash);
    desk.hear(Event::MailChanged);
    desk.serve();
    assert_eq!((chosen(&desk), cursor(&desk), read(&desk)), (vec![], None, None));
}

#[test]
fn the_source_and_the_attachments_are_those_of_the_open_message() {
    let mut desk = Desk::of(3);
    open(&mut desk, 0);
    assert_eq!(desk.act(Action::ShowSource(true)), ["LoadSource 3"]);
    desk.serve();
    assert!(desk.model.reading.source.as_ref().unwrap().starts_with("From: Sender 3"));
    desk.act(Action::ShowSource(false));
    assert_eq!(desk.model.reading.source, None);

    desk.act(Action::ShowSource(true));
    desk.act(select(1, Selecting::Only));
    let (opened, text) = (desk.opened(key(2)), "source of 3".to_owned());
    desk.answer("OpenMessage", Event::Opened(Box::new(opened)));
    desk.answer("LoadSource", Event::Source { key: key(3), text });
    assert_eq!(desk.model.reading.source, None, "too late");

    let asked = desk.act(Action::SaveAttachments { index: Some(0), folder: "folder".into() });
    assert!(asked[0].contains("key: MessageKey(2), index: Some(0)"), "{asked:?}");
    for (files, words) in [
        (vec![], "There was nothing to save"),
        (vec!["folder/a.pdf".into()], "Saved folder/a.pdf"),
        (vec!["folder/a.pdf".into(), "folder/b.pdf".into()], "Saved 2 files to folder"),
    ] {
        desk.hear(Event::Saved { files });
        assert_eq!(desk.model.toast.clone().unwrap().text, words);
    }
}

#[test]
fn what_is_printed_is_what_was_open_when_it_was_asked_for() {
    let mut desk = Desk::with(&[account(WORK, "Work")], 3);
    open(&mut desk, 1);
    assert!(desk.act(Action::AskWhereToPrint).is_empty(), "first the person says where");
    let name = desk.model.to_place.take().unwrap();
    assert!(name.ends_with(".pdf"), "{name}");
    let asked_for = desk.model.reading.message.as_ref().unwrap().row.key;
    desk.act(select(0, Selecting::Only));
    let asked = desk.act(Action::SavePdf("folder/a.pdf".into()));
    assert!(asked[0].starts_with("SavePdf") && asked[0].contains(&format!("{asked_for:?}")), "{asked:?}");
    assert!(desk.act(Action::SavePdf("again.pdf".into())).is_empty(), "once for each question");
    desk.hear(Event::Printed { file: "folder/a.pdf".into() });
    let toast = desk.model.toast.clone().unwrap();
    assert_eq!((toast.text.as_str(), toast.file), ("Saved folder/a.pdf", Some("folder/a.pdf".into())));
    desk.act(Action::OpenSavedFile("folder/a.pdf".into()));
    assert_eq!(desk.model.to_open, Some("folder/a.pdf".into()));
}

#[test]
fn counts_are_summed_over_the_accounts_of_a_view() {
    let mut desk = Desk::of(0);
    let count =
        |account, total, unread| crate::store::types::MailboxCount { account, role: Role::Inbox, total, unread };
    desk.hear(Event::Mailboxes(vec![count(WORK, 5, 2), count(HOME, 7, 1)]));
    let of = |account| desk.model.count(MailboxView { role: Role::Inbox, account });
    assert_eq!(of(None), (12, 3));
    assert_eq!(of(Some(HOME)), (7, 1));
    assert_eq!(of(Some(AccountId(9))), (0, 0));
}
