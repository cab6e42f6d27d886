//! Examining servers: what is good, what is not, and never a word that is secret.

use serde_json::Value;

use crate::support::PASSWORD;
use crate::support::dovecot::Dovecot;
use crate::support::malote::{Malote, text};
use crate::support::pki;
use crate::support::samples::messages;
use crate::support::scripted::{Act, Pop3Server, Script};

fn findings(malote: &Malote, arguments: &[&str]) -> Vec<Value> {
    malote.run(&[&["doctor", "--json"], arguments].concat()).json()
}

fn finding<'a>(findings: &'a [Value], what: &str) -> &'a Value {
    findings.iter().find(|finding| finding["what"] == what).unwrap_or_else(|| panic!("no {what} in {findings:?}"))
}

#[test]
fn an_accounts_server_is_examined_to_the_unique_ids_and_nothing_is_fetched() {
    let dovecot = Dovecot::start();
    dovecot.deliver(&messages(3));
    let malote = Malote::with_account(&dovecot.stls(), &["--keep", "none"]);
    let found = findings(&malote, &["Work"]);
    for what in ["Name", "Line", "Certificate", "PIPELINING", "UIDL", "TOP", "Sign-in", "Unique-ids", "Stability"] {
        assert_eq!(finding(&found, what)["good"], true, "{what}: {found:?}");
    }
    let said = text(&finding(&found, "Sign-in")["words"]);
    assert!(said.contains("3 messages"), "{said}");
    assert!(!format!("{found:?}").contains(PASSWORD), "the password is in what it says");
    assert!(malote.keys("inbox").is_empty());
    assert_eq!(dovecot.maildrop().len(), 3);
}

#[test]
fn a_host_is_examined_without_an_account() {
    let dovecot = Dovecot::start();
    let (malote, tls) = (Malote::new(), dovecot.tls());
    let server = format!("{}:{}", tls.host, tls.port);
    let authority = pki::authority();
    let found = findings(&malote, &[&server, "--ca-file", authority.to_str().unwrap()]);
    assert_eq!(finding(&found, "Certificate")["good"], true);
    assert!(text(&finding(&found, "Greeting")["words"]).contains("Dovecot"));
    assert!(!found.iter().any(|finding| finding["what"] == "Sign-in"));

    let outcome = malote.run(&["doctor", "--json", &server]).failed();
    assert!(outcome.said().contains("cannot be trusted"), "without its authority: {}", outcome.said());
}

#[test]
fn what_is_wrong_is_said() {
    let malote = Malote::new();
    let outcome = malote.run(&["doctor", "nowhere.invalid"]).failed();
    assert!(outcome.said().contains("there is no server named nowhere.invalid"), "{}", outcome.said());
    let outcome = malote.run(&["doctor", "pop.example.org:port"]);
    assert_eq!(outcome.status, Some(2));
    assert!(outcome.said().contains("is no port"), "{}", outcome.said());

    let server =
        Pop3Server::start(Script::but("UIDL", Act::Say(b"+OK\r\n1 same\r\n2 same\r\n.\r\n".to_vec())), &messages(2));
    let malote = Malote::with_account(&server.incoming(), &[]);
    let found = findings(&malote, &["Work"]);
    assert_eq!(finding(&found, "Protection")["good"], false);
    assert_eq!(finding(&found, "Unique-ids")["good"], false);
    assert!(text(&finding(&found, "Unique-ids")["words"]).contains("share one"));
}
