//! Problems, what they offer, and the questions in the middle of the window.

use crate::account::{Fingerprint, PasswordSource};
use crate::engine::{Command, Event, Offer, Stage, Visit};
use crate::store::types::{MailboxCount, MailboxView, Role};
use crate::ui::action::{Action, Selecting, Theme};
use crate::ui::model::Dialog;
use crate::ui::testing::{Desk, HOME, WORK, account, certificate, failed, problem, visit};

/// A visit to Work ended with this offer.
fn offered(offer: &Offer) -> Desk {
    let mut desk = Desk::of(3);
    let problems = vec![problem("Could not get mail for Work", Some(offer.clone()))];
    desk.hear(Event::VisitEnded(Visit { problems, ..visit(WORK, Stage::Closed) }));
    desk
}

/// The same, and the offer was taken.
fn taken(offer: &Offer) -> Desk {
    let mut desk = offered(offer);
    let id = desk.model.notices[0].id;
    assert!(desk.act(Action::TakeOffer(id, offer.clone())).is_empty());
    assert_eq!(desk.model.notices.len(), 1, "it stays until the offer was used");
    desk
}

fn trust(outgoing: bool) -> Offer {
    Offer::TrustCertificate { account: WORK, outgoing, certificate: Box::new(certificate()) }
}

fn whats(desk: &Desk) -> Vec<&str> {
    desk.model.notices.iter().map(|notice| notice.problem.what.as_str()).collect()
}

#[test]
fn what_could_not_be_done_is_told() {
    for (action, request) in [
        (Action::GetMail, "GetMail"),
        (Action::Stop, "Stop"),
        (Action::SendOutbox, "SendOutbox"),
        (Action::Start, "ListMessages"),
        (Action::EditDraft(crate::store::types::MessageKey(1)), "OpenDraft"),
        (Action::ToggleStar(crate::store::types::MessageKey(1)), "SetFlag"),
        (Action::RowsVisible(100, 110), "LoadRows"),
    ] {
        let mut desk = Desk::of(500);
        desk.act(action);
        desk.answer(request, failed("Could not do it"));
        assert_eq!(whats(&desk), ["Could not do it"], "{request}");
    }
}

#[test]
fn rows_that_could_not_be_read_are_asked_for_again() {
    let mut desk = Desk::of(500);
    desk.act(Action::RowsVisible(100, 110));
    desk.answer("LoadRows", failed("The disk does not answer"));
    assert_eq!(desk.act(Action::RowsVisible(100, 110)), ["LoadRows (110)"]);
}

#[test]
fn the_same_problem_is_shown_once_one_an_account_and_not_more_than_four() {
    let mut desk = Desk::with(&[account(WORK, "Work"), account(HOME, "Home")], 1);
    for what in ["a", "b", "a"] {
        desk.hear(Event::Notice(Box::new(problem(what, None))));
    }
    assert_eq!(whats(&desk), ["b", "a"]);
    for (of, what) in [(WORK, "w1"), (HOME, "h1"), (WORK, "w2")] {
        desk.hear(Event::VisitEnded(Visit { problems: vec![problem(what, None)], ..visit(of, Stage::Closed) }));
    }
    assert_eq!(whats(&desk), ["b", "a", "h1", "w2"]);
    desk.hear(Event::Notice(Box::new(problem("c", None))));
    assert_eq!(whats(&desk), ["a", "h1", "w2", "c"]);
    let id = desk.model.notices[1].id;
    desk.act(Action::DismissNotice(id));
    assert_eq!(whats(&desk), ["a", "w2", "c"]);
}

#[test]
fn a_missing_password_is_asked_for_and_then_mail_is_got() {
    let mut desk = taken(&Offer::EnterPassword(WORK));
    let Some(Dialog::Password(dialog)) = &mut desk.model.dialog else { panic!("it asks") };
    assert_eq!((dialog.account_name.as_str(), dialog.remember), ("Work", true));
    assert!(desk.act(Action::GivePassword).is_empty(), "nothing was typed");

    let Some(Dialog::Password(dialog)) = &mut desk.model.dialog else { panic!("it still asks") };
    dialog.typed.push_str("sesame");
    dialog.remember = false;
    desk.act(Action::GivePassword);
    assert!(desk.model.dialog.is_none() && desk.model.notices.is_empty());
    let Some(Command::ProvidePassword { account, password, remember }) = desk.open.last().map(|open| &open.command)
    else {
        panic!("{:?}", desk.asked())
    };
    assert_eq!((*account, password.reveal(), *remember), (WORK, "sesame", false));
    assert_eq!(desk.answer("ProvidePassword", Event::Done), ["GetMail of [1]"]);
}

#[test]
fn a_password_that_could_not_be_kept_is_told_and_no_mail_is_got() {
    let mut desk = taken(&Offer::EnterPassword(WORK));
    let Some(Dialog::Password(dialog)) = &mut desk.model.dialog else { panic!("it asks") };
    dialog.typed.push_str("sesame");
    desk.act(Action::GivePassword);
    assert!(desk.answer("ProvidePassword", failed("No keyring answers")).is_empty());
    assert_eq!(whats(&desk), ["No keyring answers"]);
}

#[test]
fn a_certificate_is_looked_at_before_it_is_trusted_and_only_for_its_server() {
    for outgoing in [false, true] {
        let mut desk = taken(&trust(outgoing));
        let Some(Dialog::Certificate(dialog)) = &desk.model.dialog else { panic!("it is shown") };
        assert_eq!((dialog.account_name.as_str(), &dialog.facts), ("Work", &certificate()));
        desk.act(Action::TrustCertificate);
        assert!(desk.model.dialog.is_none() && desk.model.notices.is_empty());
        let Some(Command::PinCertificate { account, outgoing: pinned, fingerprint }) =
            desk.open.last().map(|open| &open.command)
        else {
            panic!("{:?}", desk.asked())
        };
        assert_eq!((*account, *pinned, *fingerprint), (WORK, outgoing, Fingerprint([0xA5; 32])));
        assert_eq!(desk.answer("PinCertificate", Event::AccountSaved(WORK)), ["GetMail of [1]"]);
    }
}

#[test]
fn closing_a_question_does_nothing_else() {
    for offer in [Offer::EnterPassword(WORK), trust(false)] {
        let mut desk = taken(&offer);
        assert!(desk.act(Action::CloseDialog).is_empty());
        assert!(desk.model.dialog.is_none());
        assert_eq!(desk.model.notices.len(), 1, "the offer stands");
        for action in [Action::TrustCertificate, Action::GivePassword, Action::ConfirmEmptyTrash] {
            assert!(desk.act(action).is_empty(), "there is no question any more");
        }
    }
}

#[test]
fn wrong_settings_lead_to_the_form_of_that_account() {
    let mut wrong = account(HOME, "Home");
    wrong.password_source = PasswordSource::Command("pass home".into());
    let mut desk = Desk::with(&[account(WORK, "Work"), wrong], 1);
    desk.act(Action::TakeOffer(0, Offer::EditAccount(HOME)));
    let form = desk.model.settings.as_ref().unwrap().form.as_ref().unwrap();
    assert_eq!((form.id, form.name.as_str(), form.password_command.as_str()), (HOME, "Home", "pass home"));
}

#[test]
fn emptying_trash_asks_first_and_is_of_the_trash_that_is_looked_at() {
    for (account, asked) in
        [(None, "EmptyTrash { account: None }"), (Some(WORK), "EmptyTrash { account: Some(AccountId(1)) }")]
    {
        let mut desk = Desk::of(3);
        desk.act(Action::ShowMailbox(MailboxView { role: Role::Trash, account }));
        desk.serve();
        desk.act(Action::EmptyTrash);
        assert!(desk.model.dialog.is_none(), "there is nothing in it");
        desk.hear(Event::Mailboxes(vec![MailboxCount { account: WORK, role: Role::Trash, total: 7, unread: 0 }]));
        assert!(desk.act(Action::EmptyTrash).is_empty());
        let Some(Dialog::EmptyTrash(dialog)) = &desk.model.dialog else { panic!("it asks") };
        assert_eq!(dialog.messages, 7);
        assert_eq!(desk.act(Action::ConfirmEmptyTrash), [asked]);
        assert!(desk.model.dialog.is_none());
    }
}

#[test]
fn help_and_the_theme_are_turned_on_and_off() {
    let mut desk = Desk::of(1);
    for on in [true, false] {
        assert!(desk.act(Action::ShowHelp(on)).is_empty());
        assert_eq!(desk.model.help, on);
    }
    for theme in [Theme::Dark, Theme::Light] {
        desk.act(Action::SetTheme(theme));
        assert_eq!(desk.model.theme, theme);
    }
    desk.act(Action::Select { index: 0, how: Selecting::Only });
    desk.act(Action::ShowHeaders(true));
    desk.serve();
    assert!(desk.model.reading.headers_shown, "headers stay shown for the next message");
}
