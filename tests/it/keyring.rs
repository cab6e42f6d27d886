//! Passwords in the system's keyring: a real one, and none.

use crate::support::PASSWORD;
use crate::support::dovecot::Dovecot;
use crate::support::malote::Malote;
use crate::support::samples::{assert_same, messages};
use crate::support::secret_service::{Bus, SecretService};

fn password_line() -> Vec<u8> {
    format!("{PASSWORD}\n").into_bytes()
}

#[test]
fn a_password_put_into_the_keyring_is_found_there_by_the_next_run() {
    let dovecot = Dovecot::start();
    dovecot.deliver(&messages(2));
    let service = SecretService::start();
    let mut malote = Malote::new();
    service.offer_to(&mut malote);
    malote.add_with("Work", &dovecot.tls(), &["--password-stdin"], Some(&password_line())).succeeded();
    assert_eq!(malote.get().new, 2);
    assert_same(malote.stored(), messages(2), "collected with the keyring's password");
    assert_eq!(malote.profile_files_with(PASSWORD.as_bytes()), Vec::<std::path::PathBuf>::new());

    // With the account goes its password: the same name later starts without one.
    malote.ok(&["account", "remove", "Work"]);
    let outcome = malote.add_with("Work", &dovecot.tls(), &["--password-stdin"], Some(b"another\n"));
    outcome.succeeded();
    assert!(malote.try_get().problems.concat().contains("password"));
}

/// Without a keyring there is no place for the password: this must be said, with what to do instead.
fn check_without(malote: &Malote) {
    let dovecot = Dovecot::start();
    let said = malote.add_with("Work", &dovecot.tls(), &["--password-stdin"], Some(&password_line())).failed().said();
    let words = said.to_lowercase();
    assert!(words.contains("keyring") || words.contains("secret service"), "the cause: {said}");
    assert!(words.contains("--password-command"), "the remedy: {said}");
    assert!(!malote.profile().exists() || malote.profile_files_with(PASSWORD.as_bytes()).is_empty());
}

#[test]
fn without_a_session_bus_the_cause_and_the_remedy_are_named() {
    check_without(&Malote::new());
}

#[test]
fn without_a_secret_service_the_cause_and_the_remedy_are_named() {
    let bus = Bus::start();
    let mut malote = Malote::new();
    bus.offer_to(&mut malote);
    check_without(&malote);
}

#[test]
fn a_keyring_that_is_gone_is_an_error_of_the_visit_and_not_a_wrong_password() {
    let dovecot = Dovecot::start();
    let service = SecretService::start();
    let mut with = Malote::new();
    service.offer_to(&mut with);
    with.add_with("Work", &dovecot.tls(), &["--password-stdin"], Some(&password_line())).succeeded();
    let without = Malote::new();
    without.copy_profile_of(&with);
    let words = without.try_get().problems.concat().to_lowercase();
    assert!(words.contains("keyring") || words.contains("secret service"), "{words}");
    assert!(!dovecot.log().contains("auth failed"), "{}", dovecot.log());
}

#[test]
fn a_password_with_a_line_break_in_it_is_refused() {
    let malote = Malote::new();
    malote.change_password("secret\r\nDELE 1");
    let server = crate::support::scripted::Pop3Server::start(Default::default(), &messages(2));
    malote.add("Work", &server.incoming(), &["--keep", "none"]);
    malote.try_get();
    assert_eq!(server.count("DELE"), 0, "{:?}", server.sessions());
    assert_eq!(server.maildrop().len(), 2);
}
