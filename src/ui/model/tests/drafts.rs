//! What is written is kept, closed, sent or thrown away: nothing of it is lost by accident.

use super::{FIRST, composer, saved, write, writing};
use crate::engine::Event;
use crate::ui::action::Action;
use crate::ui::model::Focus;
use crate::ui::testing::{Desk, failed};

#[test]
fn a_draft_is_saved_a_second_after_the_last_change_and_once_only() {
    let mut desk = Desk::of(1);
    desk.tick(10.0);
    desk.act(Action::Compose);
    assert_eq!(desk.model.next_tick(), None, "nothing was written yet");
    assert!(write(&mut desk, "L").is_empty());
    assert_eq!(desk.model.next_tick(), Some(11.0));
    assert!(desk.tick(10.5).is_empty());
    write(&mut desk, "Lunch");
    assert!(desk.tick(11.4).is_empty(), "the typing goes on");
    assert_eq!(desk.tick(11.5), ["SaveDraft new “Lunch”"]);
    assert!(desk.tick(20.0).is_empty(), "on its way");
    saved(&mut desk, FIRST);
    assert!(composer(&mut desk).is_saved());
    assert!(desk.tick(30.0).is_empty());
}

#[test]
fn what_was_typed_during_a_save_is_saved_next_into_the_same_draft() {
    let mut desk = writing("Lunch");
    desk.tick(5.0);
    write(&mut desk, "Lunch tomorrow");
    saved(&mut desk, FIRST);
    assert!(!composer(&mut desk).is_saved());
    assert_eq!(desk.tick(6.0), ["SaveDraft 1001 “Lunch tomorrow”"]);
    saved(&mut desk, FIRST);
    assert!(composer(&mut desk).is_saved());
}

#[test]
fn a_draft_that_could_not_be_saved_stays_open_says_why_and_is_tried_again() {
    let mut desk = writing("Lunch");
    desk.act(Action::CloseComposer);
    desk.answer("SaveDraft", failed("Could not save the draft"));
    assert_eq!(composer(&mut desk).problem.as_ref().unwrap().what, "Could not save the draft");
    assert_eq!(desk.tick(1.0), ["SaveDraft new “Lunch”"]);
    saved(&mut desk, FIRST);
    assert!(composer(&mut desk).problem.is_none());
}

#[test]
fn closing_keeps_the_draft_and_waits_until_it_is_kept() {
    let mut desk = writing("Lunch");
    assert_eq!(desk.act(Action::CloseComposer), ["SaveDraft new “Lunch”"]);
    assert!(desk.model.composer.is_some());
    saved(&mut desk, FIRST);
    assert!(desk.model.composer.is_none());
}

#[test]
fn closing_keeps_also_what_was_typed_during_a_save() {
    let mut desk = writing("Lunch");
    desk.tick(5.0);
    write(&mut desk, "Lunch tomorrow");
    desk.act(Action::CloseComposer);
    assert_eq!(saved(&mut desk, FIRST), ["SaveDraft 1001 “Lunch tomorrow”"]);
    saved(&mut desk, FIRST);
    assert!(desk.model.composer.is_none());
}

#[test]
fn a_message_in_which_nothing_was_written_leaves_no_draft() {
    let mut desk = Desk::of(1);
    desk.act(Action::Compose);
    assert!(desk.act(Action::CloseComposer).is_empty());
    assert!(desk.model.composer.is_none());
}

#[test]
fn leaving_the_program_saves_the_draft() {
    assert_eq!(writing("Lunch").act(Action::Quit), ["SaveDraft new “Lunch”"]);
}

#[test]
fn a_second_message_waits_until_the_first_is_kept() {
    let mut desk = writing("Lunch");
    assert_eq!(desk.act(Action::Compose), ["SaveDraft new “Lunch”"]);
    assert_eq!(composer(&mut desk).draft.subject, "Lunch");
    saved(&mut desk, FIRST);
    assert_eq!(composer(&mut desk).draft.subject, "");
    write(&mut desk, "Dinner");
    assert_eq!(desk.tick(5.0), ["SaveDraft new “Dinner”"], "never into the first one’s place");
}

#[test]
fn a_second_message_waits_also_for_what_was_typed_during_a_save() {
    let mut desk = writing("Lunch");
    desk.tick(5.0);
    write(&mut desk, "Lunch tomorrow");
    desk.act(Action::Compose);
    assert_eq!(saved(&mut desk, FIRST), ["SaveDraft 1001 “Lunch tomorrow”"]);
    saved(&mut desk, FIRST);
    assert_eq!(composer(&mut desk).draft.subject, "");
}

#[test]
fn a_second_message_is_not_closed_by_the_sending_of_the_first() {
    let mut desk = writing("Lunch");
    desk.act(Action::Send);
    desk.act(Action::Compose);
    desk.answer("QueueDraft", Event::Queued { key: FIRST });
    assert_eq!(composer(&mut desk).draft.subject, "", "the second one is there now");
    assert!(!composer(&mut desk).sending);
}

#[test]
fn the_first_message_stays_if_it_could_not_be_kept_or_sent() {
    for (action, request) in [(Action::DraftEdited, "SaveDraft"), (Action::Send, "QueueDraft")] {
        let mut desk = writing("Lunch");
        desk.act(action);
        desk.act(Action::Compose);
        desk.answer(request, failed("Could not"));
        let composer = composer(&mut desk);
        assert_eq!(composer.draft.subject, "Lunch", "{request}");
        assert!(composer.problem.is_some() && !composer.sending, "{request}");
    }
}

#[test]
fn sending_puts_the_message_into_the_outbox_and_says_so() {
    let mut desk = writing("Lunch");
    assert_eq!(desk.act(Action::Send), ["QueueDraft new “Lunch”"]);
    assert!(desk.act(Action::Send).is_empty(), "once");
    assert!(composer(&mut desk).sending);
    desk.answer("QueueDraft", Event::Queued { key: FIRST });
    assert!(desk.model.composer.is_none());
    assert!(desk.model.toast.as_ref().unwrap().text.starts_with("In the Outbox"));
}

#[test]
fn sending_waits_for_a_save_under_way_so_that_the_draft_does_not_stay_beside_the_message() {
    let mut desk = writing("Lunch");
    desk.tick(5.0);
    assert!(desk.act(Action::Send).is_empty());
    assert_eq!(saved(&mut desk, FIRST), ["QueueDraft 1001 “Lunch”"]);
}

#[test]
fn without_a_recipient_nothing_is_sent_and_the_field_is_shown() {
    for to in ["", "  "] {
        let mut desk = writing("Lunch");
        composer(&mut desk).draft.to = to.into();
        assert!(desk.act(Action::Send).is_empty());
        assert!(composer(&mut desk).recipient_error.is_some());
        assert_eq!(composer(&mut desk).focus, Focus::To);
        write(&mut desk, "Lunch");
        assert!(composer(&mut desk).recipient_error.is_none(), "typing takes it away");
    }
    let mut desk = writing("To the hidden ones");
    composer(&mut desk).draft.to.clear();
    composer(&mut desk).draft.bcc = "bo@example.org".into();
    assert_eq!(desk.act(Action::Send), ["QueueDraft new “To the hidden ones”"]);
}

#[test]
fn a_message_that_cannot_be_sent_stays_open_with_the_reason() {
    let mut desk = writing("Lunch");
    desk.act(Action::Send);
    desk.answer("QueueDraft", failed("“bo@” is not an address"));
    assert_eq!(composer(&mut desk).problem.as_ref().unwrap().what, "“bo@” is not an address");
    assert_eq!(desk.act(Action::Send), ["QueueDraft new “Lunch”"], "and can be tried again");
    assert!(composer(&mut desk).problem.is_none());
}

#[test]
fn what_is_being_sent_is_neither_closed_nor_discarded() {
    for action in [Action::CloseComposer, Action::DiscardDraft] {
        let mut desk = writing("Lunch");
        desk.act(Action::Send);
        assert!(desk.act(action).is_empty());
        desk.answer("QueueDraft", failed("Could not"));
        assert_eq!(composer(&mut desk).draft.subject, "Lunch", "it is there when the answer is no");
    }
}

#[test]
fn discarding_removes_the_draft_wherever_it_is() {
    let mut never_saved = writing("Lunch");
    assert!(never_saved.act(Action::DiscardDraft).is_empty());
    assert!(never_saved.model.composer.is_none());

    let mut saved_once = writing("Lunch");
    saved_once.tick(5.0);
    saved(&mut saved_once, FIRST);
    assert_eq!(saved_once.act(Action::DiscardDraft), ["DiscardDraft 1001"]);

    let mut being_saved = writing("Lunch");
    being_saved.tick(5.0);
    assert!(being_saved.act(Action::DiscardDraft).is_empty(), "its key is not known yet");
    assert_eq!(saved(&mut being_saved, FIRST), ["DiscardDraft 1001"]);
    assert!(being_saved.model.composer.is_none());

    let mut not_saved = writing("Lunch");
    not_saved.tick(5.0);
    not_saved.act(Action::DiscardDraft);
    not_saved.answer("SaveDraft", failed("Could not save the draft"));
    assert!(not_saved.model.composer.is_none(), "there is nothing to remove");
}
