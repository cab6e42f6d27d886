//! Writing: what the composer begins with, and what becomes of its fields.

use super::{FIRST, composer, open, saved, write, writing};
use crate::engine::Event;
use crate::mail::compose::Answer;
use crate::mail::{Draft, DraftAttachment};
use crate::store::types::{Flag, Flags, MessageKey, OutboxState, Role};
use crate::ui::action::{Action, Selecting};
use crate::ui::model::Focus;
use crate::ui::testing::{Desk, HOME, WORK, account, failed, view};

#[test]
fn a_new_message_is_empty_signed_and_asks_for_its_recipient() {
    let mut own = account(WORK, "Work");
    own.identity.signature = "Ana\n+351 000".into();
    let mut desk = Desk::with(&[own, account(HOME, "Home")], 1);
    assert!(desk.act(Action::Compose).is_empty());
    let composer = composer(&mut desk);
    assert_eq!(composer.draft, Draft { body: "\n\n-- \nAna\n+351 000\n".into(), ..Draft::default() });
    assert_eq!((composer.account, composer.focus, composer.copies_shown), (WORK, Focus::To, false));
}

#[test]
fn a_new_message_is_from_the_account_that_is_looked_at() {
    let mut desk = Desk::with(&[account(WORK, "Work"), account(HOME, "Home")], 1);
    let of_home = crate::store::types::MailboxView { role: Role::Inbox, account: Some(HOME) };
    desk.act(Action::ShowMailbox(of_home));
    desk.act(Action::Compose);
    assert_eq!(composer(&mut desk).account, HOME);
}

#[test]
fn without_an_account_writing_leads_to_adding_one() {
    for action in [Action::Compose, Action::FollowLink("mailto:bo@example.org".into())] {
        let mut desk = Desk::with(&[], 0);
        desk.act(action);
        assert!(desk.model.composer.is_none());
        assert!(desk.model.settings.as_ref().unwrap().form.as_ref().unwrap().is_new());
    }
}

#[test]
fn a_mailto_link_is_written_to_here_and_nothing_else_is_followed() {
    let mut desk = Desk::of(1);
    for link in ["https://example.org/", "http://example.org/", "file:///etc/passwd", "javascript:alert(1)", ""] {
        assert!(desk.act(Action::FollowLink(link.into())).is_empty());
        assert!(desk.model.composer.is_none(), "{link}");
    }
    desk.act(Action::FollowLink("mailto:bo@example.org?subject=Lunch&body=At%20noon".into()));
    let draft = &composer(&mut desk).draft;
    assert_eq!((draft.to.as_str(), draft.subject.as_str()), ("bo@example.org", "Lunch"));
    assert!(draft.body.starts_with("At noon"));
}

#[test]
fn a_mailto_link_given_at_the_start_waits_for_the_accounts() {
    let mut desk = Desk::default();
    desk.model.mailto = Some("mailto:bo@example.org".into());
    desk.act(Action::Start);
    assert!(desk.model.composer.is_none());
    desk.hear(Event::Accounts(vec![account(WORK, "Work")]));
    assert_eq!(composer(&mut desk).draft.to, "bo@example.org");
}

#[test]
fn an_answer_is_made_of_the_message_and_its_octets() {
    let cases = [
        (Answer::Reply, "Sender 3 <sender3@example.net>", "Re: Subject 3", Focus::Body),
        (Answer::ReplyAll, "Sender 3 <sender3@example.net>, Bo <bo@example.org>", "Re: Subject 3", Focus::Body),
        (Answer::Forward, "", "Fwd: Subject 3", Focus::To),
    ];
    for (answer, to, subject, focus) in cases {
        let mut desk = Desk::of(3);
        open(&mut desk, 0);
        assert_eq!(desk.act(Action::Answer(answer)), ["LoadRaw 3"], "{answer:?}");
        desk.serve();
        let composer = composer(&mut desk);
        assert_eq!((composer.draft.to.as_str(), composer.draft.subject.as_str()), (to, subject));
        assert!(composer.draft.body.contains("Text of message 3."), "{answer:?}");
        assert_eq!(composer.focus, focus, "{answer:?}");
        let answered = composer.draft.in_reply_to.as_deref();
        assert_eq!(answered, (answer != Answer::Forward).then_some("3@example.net"), "{answer:?}");
    }
}

#[test]
fn a_forwarded_message_takes_its_attachments_along() {
    let mut desk = Desk::of(1);
    let raw = "Subject: With a list\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
               --b\r\n\r\nSee the list.\r\n--b\r\nContent-Type: text/csv; name=list.csv\r\n\
               Content-Disposition: attachment; filename=list.csv\r\n\r\na;b\r\n--b--\r\n";
    desk.raw.insert(MessageKey(1), raw.into());
    open(&mut desk, 0);
    desk.act(Action::Answer(Answer::Forward));
    desk.serve();
    let names: Vec<&str> = composer(&mut desk).draft.attachments.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["list.csv"]);
}

#[test]
fn an_answer_asked_for_before_the_message_has_come_answers_that_one() {
    let mut desk = Desk::of(3);
    open(&mut desk, 0);
    desk.act(Action::Select { index: 1, how: Selecting::Only });
    assert!(desk.act(Action::Answer(Answer::Reply)).is_empty(), "what is still shown is not what is meant");
    desk.serve();
    assert_eq!(composer(&mut desk).draft.subject, "Re: Subject 2");
}

#[test]
fn an_answer_is_to_the_message_it_was_asked_for_whatever_is_read_when_its_octets_come() {
    let mut desk = Desk::of(3);
    open(&mut desk, 0);
    desk.act(Action::Answer(Answer::Reply));
    desk.act(Action::Select { index: 1, how: Selecting::Only });
    let opened = desk.opened(MessageKey(2));
    desk.answer("OpenMessage", Event::Opened(Box::new(opened)));
    desk.serve();
    assert_eq!(composer(&mut desk).draft.to, "Sender 3 <sender3@example.net>");
    assert!(composer(&mut desk).draft.body.contains("Text of message 3."));
}

#[test]
fn an_answer_asked_for_is_forgotten_when_another_message_is_chosen() {
    let mut desk = Desk::of(3);
    desk.act(Action::Select { index: 0, how: Selecting::Only });
    desk.act(Action::Answer(Answer::Reply));
    open(&mut desk, 1);
    assert!(desk.model.composer.is_none());
}

#[test]
fn files_are_attached_and_taken_off_again() {
    let file = |name: &str| DraftAttachment { name: name.into(), ..DraftAttachment::default() };
    let mut desk = Desk::of(1);
    desk.act(Action::Attach(vec![file("lost.txt")]));
    assert!(desk.model.composer.is_none(), "there is no message to attach it to");
    desk.act(Action::Compose);
    desk.act(Action::Attach(vec![file("a.txt"), file("b.txt")]));
    desk.act(Action::Attach(vec![file("c.txt")]));
    assert!(!composer(&mut desk).is_saved());
    for (index, left) in [(7, "a.txt b.txt c.txt"), (1, "a.txt c.txt"), (0, "c.txt")] {
        desk.act(Action::RemoveAttachment(index));
        let names: Vec<&str> = composer(&mut desk).draft.attachments.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names.join(" "), left);
    }
}

#[test]
fn a_draft_is_opened_with_all_its_fields_and_saved_into_its_place() {
    let mut desk = Desk::of(1);
    assert_eq!(desk.act(Action::EditDraft(FIRST)), ["OpenDraft 1001"]);
    let draft = Draft { to: "bo@example.org".into(), cc: "c@example.org".into(), ..Draft::default() };
    desk.answer("OpenDraft", Event::DraftOpened { key: FIRST, account: WORK, draft: Box::new(draft.clone()) });
    assert_eq!(composer(&mut desk).draft, draft);
    assert!(composer(&mut desk).copies_shown, "or the copy would go unseen");
    write(&mut desk, "Lunch");
    assert_eq!(desk.tick(5.0), ["SaveDraft 1001 “Lunch”"]);
}

#[test]
fn a_draft_that_is_open_is_not_opened_again_over_what_was_typed() {
    let mut desk = writing("Lunch");
    desk.tick(5.0);
    saved(&mut desk, FIRST);
    write(&mut desk, "Lunch tomorrow");
    assert!(desk.act(Action::EditDraft(FIRST)).is_empty());
    assert_eq!(composer(&mut desk).draft.subject, "Lunch tomorrow");
}

#[test]
fn only_what_was_written_here_and_is_not_sent_can_be_edited() {
    let mut desk = Desk::of(4);
    for (n, role) in [(1, Role::Drafts), (2, Role::Outbox), (3, Role::Sent)] {
        desk.places.insert(MessageKey(n), role);
    }
    desk.hear(Event::MailChanged);
    for (n, role, editable) in
        [(1, Role::Drafts, true), (2, Role::Outbox, true), (3, Role::Sent, false), (4, Role::Inbox, false)]
    {
        desk.act(Action::ShowMailbox(view(role)));
        desk.serve();
        assert_eq!(desk.model.editable(MessageKey(n)), editable, "{role}");
    }
}

#[test]
fn a_draft_that_is_read_and_changed_is_shown_as_it_is_now() {
    let mut desk = Desk::of(1);
    let key = MessageKey(1);
    desk.places.insert(key, Role::Drafts);
    desk.flags.insert(key, Flags::default().with(Flag::Seen, true));
    desk.act(Action::ShowMailbox(view(Role::Drafts)));
    desk.serve();
    open(&mut desk, 0);
    desk.raw.insert(key, "Subject: As it is now\r\n\r\n".into());
    assert!(desk.hear(Event::MailChanged).contains(&"OpenMessage 1".into()));
    desk.serve();
    assert_eq!(desk.model.reading.message.as_ref().unwrap().view.shown_subject, "As it is now");

    desk.hear(Event::MailChanged);
    desk.answer("OpenMessage", failed("It is gone"));
    assert!(desk.model.notices.is_empty(), "nobody asked for it");
}

#[test]
fn a_refused_message_goes_once_more_only_if_somebody_says_so() {
    let mut desk = Desk::of(1);
    assert_eq!(desk.act(Action::Retry(MessageKey(1))), ["RetryOutgoing 1"]);
    for (state, said) in [(Some(OutboxState::Unknown), None), (None, Some("Sent"))] {
        desk.hear(Event::OutboxProgress { key: MessageKey(1), state });
        assert_eq!(desk.model.toast.as_ref().map(|toast| toast.text.as_str()), said);
    }
}

#[test]
fn the_composer_gets_a_window_of_its_own_and_comes_back() {
    let mut desk = writing("Lunch");
    for detached in [true, false] {
        desk.act(Action::DetachComposer(detached));
        assert_eq!(composer(&mut desk).detached, detached);
    }
}
