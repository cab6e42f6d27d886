//! Getting mail: what is asked, what the line says, what is left of a visit.

use crate::engine::{Event, NextVisit, RoundTrip, Stage, Visit};
use crate::store::types::{Flag, Flags, MessageKey, OutboxState, Part};
use crate::ui::action::{Action, Selecting};
use crate::ui::status;
use crate::ui::testing::{Desk, HOME, WORK, account, problem, visit};

#[test]
fn without_an_account_getting_mail_leads_to_adding_one() {
    let mut desk = Desk::with(&[], 0);
    assert!(desk.act(Action::GetMail).is_empty());
    assert!(desk.model.settings.as_ref().unwrap().form.as_ref().unwrap().is_new());
}

#[test]
fn get_mail_asked_three_times_is_passed_on_three_times_and_over_when_all_are_done() {
    let mut desk = Desk::of(1);
    assert!(!desk.model.is_visiting());
    for _ in 0..3 {
        assert_eq!(desk.act(Action::GetMail), ["GetMail of []"]);
    }
    for left in (0..3).rev() {
        assert!(desk.model.is_visiting());
        desk.answer("GetMail", Event::Done);
        assert_eq!(desk.model.is_visiting(), left > 0, "{left} are still asked for");
    }
}

#[test]
fn mail_can_be_got_of_one_account() {
    let mut desk = Desk::with(&[account(WORK, "Work"), account(HOME, "Home")], 1);
    assert_eq!(desk.act(Action::GetMailOf(HOME)), ["GetMail of [2]"]);
}

#[test]
fn stop_is_passed_on_and_the_line_counts_as_open_until_the_engine_says_otherwise() {
    let mut desk = Desk::of(1);
    desk.act(Action::GetMail);
    desk.hear(Event::VisitProgress(visit(WORK, Stage::Fetching)));
    assert_eq!(desk.act(Action::Stop), ["Stop"]);
    assert!(desk.model.is_visiting());
    desk.hear(Event::VisitEnded(Visit { stopped: true, ..visit(WORK, Stage::Closed) }));
    desk.answer("GetMail", Event::Done);
    assert!(!desk.model.is_visiting());
    assert!(status::words(&desk.model).starts_with("Stopped. "), "{}", status::words(&desk.model));
}

#[test]
fn the_line_says_how_the_visit_is_getting_on() {
    let mut desk = Desk::of(1);
    assert!(status::words(&desk.model).starts_with("No line is open."));
    let fetching = Visit { planned: 20, new: 7, bytes: 4_300, connected_ms: 2_340, ..visit(WORK, Stage::Fetching) };
    let measured = Visit { round_trip: Some(RoundTrip { micros: 42_000 }), ..fetching.clone() };
    for (visit, words) in [
        (visit(WORK, Stage::Waiting), "Work: getting ready"),
        (visit(WORK, Stage::Connecting), "Work: dialling"),
        (visit(WORK, Stage::SigningIn), "Work: signing in"),
        (visit(WORK, Stage::Listing), "Work: asking what is new"),
        (fetching, "Work: 7 of 20 messages, 4 KB, connected 2.3 s"),
        (measured, "Work: 7 of 20 messages, 4 KB, connected 2.3 s, round trip 42 ms"),
    ] {
        desk.hear(Event::VisitProgress(visit));
        assert!(status::words(&desk.model).starts_with(words), "{} / {words}", status::words(&desk.model));
        assert!(desk.model.is_visiting());
    }
}

#[test]
fn the_line_says_that_it_is_closed_and_what_the_visit_took() {
    let ended = |new, bytes, deleted_on_server, connected_ms| Visit {
        new,
        bytes,
        deleted_on_server,
        connected_ms,
        ..visit(WORK, Stage::Closed)
    };
    for (visit, words) in [
        (ended(0, 0, 0, 350), "Line closed. No new messages in 0.3 s"),
        (ended(1, 900, 0, 1_000), "Line closed. 1 new message, 900 bytes in 1.0 s"),
        (
            ended(12, 2_150_000, 3, 75_000),
            "Line closed. 12 new messages, 2.1 MB, 3 deleted on the server in 1 min 15 s",
        ),
    ] {
        let mut desk = Desk::of(1);
        desk.hear(Event::VisitEnded(visit));
        assert_eq!(status::words(&desk.model), words);
        assert!(!desk.model.is_visiting());
    }
}

#[test]
fn what_each_line_is_like_is_told_to_who_points_at_the_words() {
    let mut desk = Desk::with(&[account(WORK, "Work"), account(HOME, "Home")], 1);
    assert_eq!(status::details(&desk.model), "");
    let visit = |account, name: &str, round_trip| Visit {
        account_name: name.into(),
        connected_ms: 1_200,
        bytes_in: 9_000,
        bytes_out: 300,
        round_trip,
        ..visit(account, Stage::Closed)
    };
    desk.hear(Event::VisitEnded(visit(WORK, "Work", Some(RoundTrip { micros: 4_200 }))));
    desk.hear(Event::VisitEnded(visit(HOME, "Home", None)));
    let words = "Work: open for 1.2 s, 9 KB came, 300 bytes went, round trip 4.2 ms\nHome: open for 1.2 s, 9 KB came, 300 bytes went";
    assert_eq!(status::details(&desk.model), words);
}

#[test]
fn a_visit_that_waits_for_another_line_says_so_and_answers_no_complaint() {
    let held_back = |account, name: &str| {
        Event::VisitEnded(Visit { held_back: true, account_name: name.into(), ..visit(account, Stage::Closed) })
    };
    let mut desk = Desk::with(&[account(WORK, "Work"), account(HOME, "Home")], 1);
    let problems = vec![problem("Could not get mail for Work", None)];
    desk.hear(Event::VisitEnded(Visit { problems, ..visit(WORK, Stage::Closed) }));
    desk.hear(held_back(WORK, "Work"));
    assert_eq!(status::words(&desk.model), "Work waits for a line that is not metered");
    assert_eq!(desk.model.notices.len(), 1, "nothing was found out about it");
    desk.hear(held_back(HOME, "Home"));
    assert_eq!(status::words(&desk.model), "Work and Home wait for a line that is not metered");
    desk.hear(Event::VisitEnded(Visit { new: 1, bytes: 900, connected_ms: 1_000, ..visit(HOME, Stage::Closed) }));
    let words = "Line closed. 1 new message, 900 bytes in 1.0 s. Work waits for a line that is not metered";
    assert_eq!(status::words(&desk.model), words);
}

#[test]
fn visits_of_several_accounts_are_told_together_when_the_last_line_is_closed() {
    let mut desk = Desk::with(&[account(WORK, "Work"), account(HOME, "Home")], 1);
    desk.hear(Event::VisitEnded(Visit { new: 2, bytes: 1_000, connected_ms: 900, ..visit(WORK, Stage::Closed) }));
    desk.hear(Event::VisitProgress(Visit { account_name: "Home".into(), ..visit(HOME, Stage::SigningIn) }));
    assert_eq!(status::words(&desk.model), "Home: signing in");
    desk.hear(Event::VisitEnded(Visit { new: 3, bytes: 2_000, connected_ms: 400, ..visit(HOME, Stage::Closed) }));
    assert_eq!(status::words(&desk.model), "Line closed. 5 new messages, 3 KB in 0.9 s");
}

#[test]
fn an_account_that_is_removed_takes_its_visit_along() {
    let mut desk = Desk::with(&[account(WORK, "Work"), account(HOME, "Home")], 1);
    desk.hear(Event::VisitProgress(visit(HOME, Stage::Fetching)));
    desk.hear(Event::Accounts(vec![account(WORK, "Work")]));
    assert!(!desk.model.is_visiting());
}

#[test]
fn the_outbox_is_sent_without_getting_mail() {
    let mut desk = Desk::of(1);
    assert_eq!(desk.act(Action::SendOutbox), ["SendOutbox"]);
    assert!(desk.model.is_visiting());
    desk.hear(Event::OutboxProgress { key: MessageKey(1), state: Some(OutboxState::Waiting) });
    assert!(desk.model.toast.is_none());
    desk.hear(Event::OutboxProgress { key: MessageKey(1), state: None });
    assert_eq!(desk.model.toast.as_ref().unwrap().text, "Sent");
    desk.answer("SendOutbox", Event::Done);
    assert!(!desk.model.is_visiting());
}

#[test]
fn a_visit_that_met_problems_leaves_one_notice_and_the_next_good_one_takes_it_away() {
    let mut desk = Desk::of(1);
    let problems = vec![problem("Could not get mail for Work", None), problem("Could not delete", None)];
    desk.hear(Event::VisitEnded(Visit { problems, ..visit(WORK, Stage::Closed) }));
    let [notice] = desk.model.notices.as_slice() else { panic!("{:?}", desk.model.notices) };
    assert_eq!(notice.problem.what, "Could not get mail for Work");
    assert!(notice.problem.remedy.contains("1 more"), "{}", notice.problem.remedy);
    desk.hear(Event::VisitEnded(visit(WORK, Stage::Closed)));
    assert!(desk.model.notices.is_empty());
}

#[test]
fn the_line_says_when_the_next_visit_is_and_what_waits_for_it() {
    let mut desk = Desk::of(1);
    let at = jiff::civil::date(2026, 11, 23).at(14, 5, 0, 0).to_zoned(jiff::tz::TimeZone::system()).unwrap();
    let coming = |retry| vec![NextVisit { account: WORK, at: at.timestamp().as_second(), retry }];
    desk.hear(Event::NextVisits(coming(false)));
    assert_eq!(status::words(&desk.model), "No line is open. Everything you see is on this computer. Next visit 14:05");
    desk.hear(Event::VisitEnded(Visit {
        new: 2,
        bytes: 3_000,
        later: 5,
        connected_ms: 900,
        ..visit(WORK, Stage::Closed)
    }));
    desk.hear(Event::NextVisits(coming(true)));
    assert_eq!(
        status::words(&desk.model),
        "Line closed. 2 new messages, 3 KB in 0.9 s; 5 wait for the next visit. Trying again 14:05"
    );
}

#[test]
fn the_rest_of_a_message_is_asked_for_and_comes_with_the_next_visit() {
    let mut desk = Desk::of(3);
    assert_eq!(desk.act(Action::Complete(MessageKey(2))), ["WishOf { keys: [MessageKey(2)], wish: Some(Get) }"]);
    assert!(desk.model.toast.as_ref().unwrap().text.contains("next “Get mail”"));
}

#[test]
fn of_what_is_selected_only_that_is_completed_which_is_not_known_to_be_whole() {
    let mut desk = Desk::of(500);
    desk.parts.extend([(MessageKey(500), Part::Header), (MessageKey(499), Part::Excerpt)]);
    desk.flags.insert(MessageKey(498), Flags::default().with(Flag::Seen, true));
    desk.hear(Event::MailChanged);
    desk.serve();
    desk.act(Action::RowsVisible(0, 10));
    desk.serve();
    desk.act(Action::Select { index: 2, how: Selecting::Only });
    assert!(!desk.model.messages.has_part_chosen());
    assert_eq!(desk.act(Action::CompleteSelected), Vec::<String>::new(), "it is whole");
    desk.act(Action::Select { index: 0, how: Selecting::Range });
    assert!(desk.model.messages.has_part_chosen());
    let asked = desk.act(Action::CompleteSelected);
    assert_eq!(asked, ["WishOf { keys: [MessageKey(500), MessageKey(499)], wish: Some(Get) }"]);
    // What lies beyond the loaded rows the store knows about.
    desk.act(Action::SelectAll);
    let asked = desk.act(Action::CompleteSelected).concat();
    assert!(asked.contains("MessageKey(500), MessageKey(499), MessageKey(4"), "{asked}");
    assert!(asked.contains("MessageKey(1)]") && !asked.contains("MessageKey(498)"), "{asked}");
}
