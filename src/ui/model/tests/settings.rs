//! The form of an account: what is guessed, what is wrong with it, what is saved and what is kept.

use std::path::PathBuf;

use crate::account::{
    Account, Field, Fingerprint, Identity, PasswordSource, Proxy, Retention, Security, Server, SignIn,
};
use crate::engine::{AccountTest, Command, Event, PasswordChange};
use crate::ui::action::Action;
use crate::ui::model::{Form, RetentionChoice};
use crate::ui::testing::{Desk, HOME, WORK, account, failed, problem};

fn form(desk: &mut Desk) -> &mut Form {
    desk.model.settings.as_mut().expect("the settings are open").form.as_mut().expect("a form is open")
}

/// Types into the form.
fn fill(desk: &mut Desk, write: impl FnOnce(&mut Form)) {
    write(form(desk));
    assert!(desk.act(Action::FormEdited).is_empty());
}

/// The form of a new account, with as little as a person has to type.
fn adding() -> Desk {
    let mut desk = Desk::with(&[], 0);
    desk.act(Action::EditAccount(None));
    fill(&mut desk, |form| form.address = "ana@example.org".into());
    fill(&mut desk, |form| form.password.push_str("sesame"));
    desk
}

/// An account with everything that an account can have.
fn rich() -> Account {
    Account {
        identity: Identity {
            display_name: "Ana Duarte".into(),
            address: "ana@example.org".into(),
            signature: "Ana".into(),
        },
        incoming: Server { host: "pop.example.org".into(), port: 1110, security: Security::StartTls },
        password_source: PasswordSource::Command("pass work".into()),
        retention: Retention::DeleteAfterDays(14),
        outgoing: Some(Server { host: "smtp.example.org".into(), port: 2525, security: Security::StartTls }),
        outgoing_user: Some("ana-out".into()),
        sign_in: SignIn::ScramSha256,
        client_certificate: Some(PathBuf::from("me.p12")),
        proxy: Some(Proxy { host: "::1".into(), port: 9050, user: Some("mail".into()) }),
        ca_file: Some(PathBuf::from("own.pem")),
        incoming_pin: Some(Fingerprint([1; 32])),
        outgoing_pin: Some(Fingerprint([2; 32])),
        timeout_secs: 45,
        ..account(WORK, "Work")
    }
}

/// The form of that account, changed like this, is saved: what is asked for.
fn saved(change: impl FnOnce(&mut Form)) -> (Account, PasswordChange) {
    let mut desk = Desk::with(&[rich()], 1);
    desk.act(Action::EditAccount(Some(WORK)));
    fill(&mut desk, change);
    desk.act(Action::SaveAccount);
    take_saved(&mut desk)
}

fn take_saved(desk: &mut Desk) -> (Account, PasswordChange) {
    match desk.open.pop().map(|open| open.command) {
        Some(Command::SaveAccount { account, password }) => (*account, password),
        other => panic!("{other:?}, with {:?}", form(desk).errors),
    }
}

fn fields_in_error(desk: &mut Desk) -> Vec<Field> {
    form(desk).errors.iter().map(|error| error.field).collect()
}

#[test]
fn settings_show_the_accounts_or_the_form_of_the_first() {
    let mut none = Desk::with(&[], 0);
    none.act(Action::OpenSettings);
    assert!(form(&mut none).is_new());
    let mut one = Desk::of(0);
    one.act(Action::OpenSettings);
    assert!(one.model.settings.as_ref().unwrap().form.is_none());
    one.act(Action::CloseSettings);
    assert!(one.model.settings.is_none());
}

#[test]
fn an_address_and_a_password_are_enough_where_the_servers_have_the_usual_names() {
    let mut desk = adding();
    assert_eq!(desk.act(Action::SaveAccount), ["SaveAccount example.org"]);
    let (account, password) = take_saved(&mut desk);
    let server = |host: &str, port| Server { host: host.into(), port, security: Security::Tls };
    let expected = Account {
        name: "example.org".into(),
        identity: Identity { address: "ana@example.org".into(), ..Identity::default() },
        incoming: server("pop.example.org", 995),
        user: "ana@example.org".into(),
        outgoing: Some(server("smtp.example.org", 465)),
        ..Account::blank()
    };
    assert_eq!(account, expected);
    assert!(matches!(password, PasswordChange::Store(password) if password.reveal() == "sesame"));
}

#[test]
fn guesses_follow_the_address_until_somebody_types_something_else() {
    let mut desk = Desk::with(&[], 0);
    desk.act(Action::EditAccount(None));
    fill(&mut desk, |form| form.address = "ana@example.org".into());
    fill(&mut desk, |form| form.host = "mail.example.org".into());
    fill(&mut desk, |form| form.address = "ana@example.com".into());
    let form = form(&mut desk);
    let guessed = [&form.name, &form.host, &form.user, &form.smtp_host];
    assert_eq!(guessed, ["example.com", "mail.example.org", "ana@example.com", "smtp.example.com"]);
}

#[test]
fn the_port_follows_the_security_unless_it_is_an_unusual_one() {
    let cases = [
        (None, Security::StartTls, "110", "587"),
        (None, Security::None, "110", "587"),
        (None, Security::Tls, "995", "465"),
        (Some("1995"), Security::StartTls, "1995", "1995"),
    ];
    for (typed, security, pop3, smtp) in cases {
        let mut desk = adding();
        if let Some(port) = typed {
            fill(&mut desk, |form| (form.port, form.smtp_port) = (port.into(), port.into()));
        }
        fill(&mut desk, |form| (form.security, form.smtp_security) = (security, security));
        let form = form(&mut desk);
        assert_eq!((form.port.as_str(), form.smtp_port.as_str()), (pop3, smtp), "{security:?}");
    }
}

#[test]
fn errors_stand_beside_their_fields_once_saving_was_tried_and_go_as_they_are_mended() {
    let mut desk = Desk::with(&[], 0);
    desk.act(Action::EditAccount(None));
    fill(&mut desk, |form| form.name = String::new());
    assert!(fields_in_error(&mut desk).is_empty(), "not while the form is filled in for the first time");
    assert!(desk.act(Action::SaveAccount).is_empty());
    use Field::{Address, IncomingHost, Name, OutgoingHost, Password, User};
    assert_eq!(fields_in_error(&mut desk), [Name, Address, IncomingHost, User, OutgoingHost, Password]);
    fill(&mut desk, |form| form.address = "ana@example.org".into());
    assert_eq!(fields_in_error(&mut desk), [Password]);
    fill(&mut desk, |form| form.password.push('x'));
    assert!(fields_in_error(&mut desk).is_empty());
}

#[test]
fn each_field_that_cannot_stay_says_so_and_nothing_is_saved() {
    type Change = fn(&mut Form);
    let cases: [(Field, Change); 14] = [
        (Field::Name, |form| form.name = " ".into()),
        (Field::Name, |form| form.name = "home".into()),
        (Field::Address, |form| form.address = "an a@example.com".into()),
        (Field::IncomingHost, |form| form.host = "pop://pop.example.org".into()),
        (Field::IncomingPort, |form| form.port = "0".into()),
        (Field::IncomingPort, |form| form.port = "70000".into()),
        (Field::IncomingPort, |form| form.port = "pop3".into()),
        (Field::User, |form| form.user = String::new()),
        (Field::Password, |form| form.password.clear()),
        (Field::PasswordCommand, |form| (form.password_by_command, form.password_command) = (true, " ".into())),
        (Field::RetentionDays, |form| {
            (form.retention, form.retention_days) = (RetentionChoice::DeleteAfterDays, "soon".into());
        }),
        (Field::OutgoingHost, |form| form.smtp_host = "a b".into()),
        (Field::OutgoingPort, |form| form.smtp_port = "-1".into()),
        (Field::TimeoutSecs, |form| form.timeout_secs = "0".into()),
    ];
    for (field, change) in cases {
        let mut desk = Desk::with(&[account(HOME, "Home")], 0);
        desk.act(Action::EditAccount(None));
        fill(&mut desk, |form| form.address = "ana@example.com".into());
        fill(&mut desk, |form| form.password.push_str("sesame"));
        fill(&mut desk, change);
        for action in [Action::SaveAccount, Action::TestAccount] {
            assert!(desk.act(action).is_empty(), "{field:?}");
            assert_eq!(fields_in_error(&mut desk), [field]);
            assert!(form(&mut desk).error(field).is_some_and(|message| message.ends_with('.')));
        }
    }
}

#[test]
fn a_line_without_protection_is_taken_only_if_somebody_says_that_they_know() {
    for change in
        [|form: &mut Form| form.security = Security::None, |form: &mut Form| form.smtp_security = Security::None]
    {
        let mut desk = adding();
        fill(&mut desk, change);
        assert!(form(&mut desk).is_unprotected());
        for action in [Action::SaveAccount, Action::TestAccount] {
            assert!(desk.act(action).is_empty());
        }
        fill(&mut desk, |form| form.unprotected_accepted = true);
        assert_eq!(desk.act(Action::SaveAccount), ["SaveAccount example.org"]);
    }
    let mut receiving = adding();
    fill(&mut receiving, |form| (form.smtp, form.smtp_security) = (false, Security::None));
    assert!(!form(&mut receiving).is_unprotected(), "it does not send at all");
}

#[test]
fn an_account_that_is_saved_unchanged_is_the_same_account() {
    let (account, password) = saved(|_| {});
    assert_eq!(account, rich());
    assert!(matches!(password, PasswordChange::Keep));
}

#[test]
fn editing_changes_what_was_changed_and_nothing_else() {
    type Case = (fn(&mut Form), fn(&mut Account));
    let cases: [Case; 12] = [
        (|form| form.name = "  Office ".into(), |account| account.name = "Office".into()),
        (|form| form.display_name = "A. D.".into(), |account| account.identity.display_name = "A. D.".into()),
        (|form| form.signature = "A\n\n".into(), |account| account.identity.signature = "A".into()),
        (|form| form.retention = RetentionChoice::Keep, |account| account.retention = Retention::KeepForever),
        (|form| form.retention_days = "3".into(), |account| account.retention = Retention::DeleteAfterDays(3)),
        (|form| form.ca_file.clear(), |account| account.ca_file = None),
        (|form| form.smtp_user.clear(), |account| account.outgoing_user = None),
        (|form| form.sign_in = SignIn::Automatic, |account| account.sign_in = SignIn::Automatic),
        (|form| form.client_certificate.clear(), |account| account.client_certificate = None),
        (|form| form.proxy = " ".into(), |account| account.proxy = None),
        (
            |form| form.proxy = "socks5h://proxy.example".into(),
            |account| account.proxy = Some(Proxy { host: "proxy.example".into(), port: 1080, user: None }),
        ),
        (|form| form.timeout_secs = "90".into(), |account| account.timeout_secs = 90),
    ];
    for (number, (change, expect)) in cases.into_iter().enumerate() {
        let mut expected = rich();
        expect(&mut expected);
        assert_eq!(saved(change).0, expected, "case {number}");
    }
}

#[test]
fn a_proxy_that_makes_no_sense_and_a_way_in_that_cannot_be_are_told_at_their_fields() {
    type Case = (fn(&mut Form), Field, &'static str);
    let cases: [Case; 4] = [
        (|form| form.proxy = "http://proxy.example:3128".into(), Field::Proxy, "A proxy is written socks5://"),
        (|form| form.proxy = "socks5://ana:geheim@proxy.example".into(), Field::Proxy, "leave it out"),
        (
            |form| (form.sign_in, form.client_certificate) = (SignIn::External, String::new()),
            Field::ClientCertificate,
            "name its file",
        ),
        (
            |form| (form.sign_in, form.security, form.unprotected_accepted) = (SignIn::External, Security::None, true),
            Field::SignIn,
            "needs a protected connection",
        ),
    ];
    for (change, field, words) in cases {
        let mut desk = Desk::with(&[rich()], 1);
        desk.act(Action::EditAccount(Some(WORK)));
        fill(&mut desk, change);
        assert!(desk.act(Action::SaveAccount).is_empty(), "{words}");
        assert!(form(&mut desk).error(field).is_some_and(|message| message.contains(words)), "{words}");
    }
}

#[test]
fn who_comes_with_a_certificate_and_only_collects_needs_no_password() {
    let mut desk = adding();
    fill(&mut desk, |form| {
        form.password.clear();
        (form.sign_in, form.client_certificate) = (SignIn::External, "me.pem".into());
    });
    desk.act(Action::SaveAccount);
    assert!(form(&mut desk).error(Field::Password).is_some(), "for sending it does");
    fill(&mut desk, |form| form.smtp = false);
    assert_eq!(desk.act(Action::SaveAccount), ["SaveAccount example.org"]);
}

#[test]
fn a_trusted_certificate_is_forgotten_with_the_server_it_was_seen_on() {
    let (incoming, _) = saved(|form| form.host = "other.example.org".into());
    assert_eq!((incoming.incoming_pin, incoming.outgoing_pin), (None, Some(Fingerprint([2; 32]))));
    let (outgoing, _) = saved(|form| form.smtp_port = "465".into());
    assert_eq!((outgoing.incoming_pin, outgoing.outgoing_pin), (Some(Fingerprint([1; 32])), None));
    let (receiving, _) = saved(|form| form.smtp = false);
    assert_eq!((receiving.outgoing, receiving.outgoing_pin), (None, None));
}

#[test]
fn a_password_goes_by_itself_and_only_into_the_keyring() {
    let (account, password) = saved(|form| {
        form.password_by_command = false;
        form.password.push_str("new one");
    });
    assert_eq!(account.password_source, PasswordSource::Keyring);
    assert!(!format!("{account:?}").contains("new one"));
    assert!(matches!(password, PasswordChange::Store(password) if password.reveal() == "new one"));
    let (_, password) = saved(|form| form.password.push_str("typed, then a command was chosen"));
    assert!(matches!(password, PasswordChange::Keep));
}

#[test]
fn the_first_account_leads_to_the_window_a_further_one_back_to_the_list() {
    let mut first = adding();
    first.act(Action::SaveAccount);
    assert!(form(&mut first).saving);
    first.hear(Event::Accounts(vec![account(WORK, "Work")]));
    first.answer("SaveAccount", Event::AccountSaved(WORK));
    assert!(first.model.settings.is_none());
    assert!(first.model.toast.is_some());

    let mut changed = Desk::with(&[account(WORK, "Work")], 0);
    changed.act(Action::EditAccount(Some(WORK)));
    changed.act(Action::SaveAccount);
    changed.answer("SaveAccount", Event::AccountSaved(WORK));
    assert!(changed.model.settings.as_ref().unwrap().form.is_none());
}

#[test]
fn what_could_not_be_saved_stays_in_the_form_with_the_reason() {
    let mut desk = adding();
    desk.act(Action::SaveAccount);
    desk.answer("SaveAccount", failed("No keyring answers"));
    let form = form(&mut desk);
    assert_eq!(form.problem.as_ref().unwrap().what, "No keyring answers");
    assert_eq!((form.saving, form.address.as_str(), form.password.as_str()), (false, "ana@example.org", "sesame"));
    assert!(desk.model.notices.is_empty(), "told once");
}

#[test]
fn a_form_that_was_closed_does_not_come_back_when_its_account_is_saved() {
    let mut desk = adding();
    desk.act(Action::SaveAccount);
    desk.act(Action::CloseSettings);
    desk.answer("SaveAccount", Event::AccountSaved(WORK));
    assert!(desk.model.settings.is_none());

    let mut desk = adding();
    desk.act(Action::SaveAccount);
    desk.act(Action::CloseSettings);
    desk.answer("SaveAccount", failed("The disk is full"));
    assert_eq!(desk.model.notices.len(), 1, "but a failure is told");
}

#[test]
fn testing_says_what_both_servers_said() {
    let mut desk = adding();
    assert_eq!(desk.act(Action::TestAccount), ["TestAccount example.org"]);
    assert!(form(&mut desk).testing);
    let test =
        AccountTest { incoming: Ok("Signed in".into()), outgoing: Some(Err(Box::new(problem("Refused", None)))) };
    desk.answer("TestAccount", Event::AccountTested(Box::new(test.clone())));
    assert_eq!(form(&mut desk).test, Some(test));
    assert!(!form(&mut desk).testing);
    fill(&mut desk, |form| form.port = "1995".into());
    assert!(form(&mut desk).test.is_none(), "it is no longer about what the form says");

    desk.act(Action::TestAccount);
    desk.answer("TestAccount", failed("Could not test"));
    assert_eq!(form(&mut desk).problem.as_ref().unwrap().what, "Could not test");
}

#[test]
fn the_result_of_a_test_does_not_go_into_another_form() {
    let mut desk = adding();
    desk.act(Action::TestAccount);
    desk.act(Action::EditAccount(None));
    let test = AccountTest { incoming: Ok("Signed in".into()), outgoing: None };
    desk.answer("TestAccount", Event::AccountTested(Box::new(test)));
    assert!(form(&mut desk).test.is_none());
}

#[test]
fn removing_an_account_asks_first() {
    let mut desk = Desk::with(&[account(WORK, "Work"), account(HOME, "Home")], 0);
    desk.act(Action::OpenSettings);
    let removing = |desk: &Desk| desk.model.settings.as_ref().unwrap().removing;
    assert!(desk.act(Action::RemoveAccount(HOME)).is_empty());
    assert_eq!(removing(&desk), Some(HOME));
    assert!(desk.act(Action::CancelRemoveAccount).is_empty());
    assert_eq!(removing(&desk), None);
    assert_eq!(desk.act(Action::ConfirmRemoveAccount(HOME)), ["RemoveAccount(AccountId(2))"]);
    assert_eq!(removing(&desk), None);
}
