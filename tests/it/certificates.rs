//! Whom the program trusts: not a word is said to a server whose certificate is not good.

use crate::support::malote::Malote;
use crate::support::pki::{self, Kind};
use crate::support::samples::{assert_same, messages};
use crate::support::scripted::{Act, Pop3Server, Script};

/// A visit to a server with this certificate must fail before anything is said in confidence, and say why.
fn check_refused(kind: Kind, trust_the_authority: bool, why: &[&str]) {
    for security in ["tls", "stls"] {
        let server = server_with(kind, security);
        let mut incoming = server.incoming_with(security);
        incoming.ca_file = trust_the_authority.then(pki::authority);
        let malote = Malote::with_account(&incoming, &[]);
        let visit = malote.try_get();
        let words = visit.problems.concat().to_lowercase();
        assert!(why.iter().any(|word| words.contains(word)), "{kind:?} by {security} says none of {why:?}: {words}");
        assert!(!server.heard_password(), "{kind:?} by {security}: {:?}", server.sessions());
        assert_eq!(server.count("USER") + server.count("AUTH"), 0, "{:?}", server.sessions());
        assert_same(malote.stored(), vec![], "nothing is collected");
    }
}

fn server_with(kind: Kind, security: &str) -> Pop3Server {
    let mut script = Script { certificate: Some(kind), implicit_tls: security == "tls", ..Script::default() };
    if security == "stls" {
        script.capabilities.push("STLS");
    }
    Pop3Server::start(script, &messages(2))
}

#[test]
fn a_certificate_of_an_unknown_authority_is_refused() {
    check_refused(Kind::Good, false, &["authority", "vouch", "trust", "issuer"]);
}

#[test]
fn a_certificate_that_vouches_for_itself_is_refused() {
    check_refused(Kind::SelfSigned, true, &["self", "authority", "vouch", "trust"]);
}

#[test]
fn a_certificate_for_another_host_is_refused() {
    check_refused(Kind::OtherHost, true, &["localhost", "elsewhere.example", "name"]);
}

#[test]
fn a_certificate_that_has_expired_is_refused() {
    check_refused(Kind::Expired, true, &["expired", "ran out", "2021"]);
}

#[test]
fn the_authority_named_for_the_account_is_trusted() {
    for security in ["tls", "stls"] {
        let server = server_with(Kind::Good, security);
        let malote = Malote::with_account(&server.incoming_with(security), &[]);
        malote.get();
        assert_same(malote.stored(), messages(2), security);
    }
}

#[test]
fn the_authorities_of_ssl_cert_file_are_trusted() {
    let server = server_with(Kind::Good, "tls");
    let mut incoming = server.incoming_with("tls");
    incoming.ca_file = None;
    let mut malote = Malote::with_account(&incoming, &[]);
    malote.set("SSL_CERT_FILE", pki::authority().to_str().unwrap());
    malote.get();
    assert_same(malote.stored(), messages(2), "SSL_CERT_FILE");
}

#[test]
fn a_ca_file_that_is_not_there_is_an_error_and_nothing_is_trusted_instead() {
    let server = server_with(Kind::Good, "tls");
    let mut incoming = server.incoming_with("tls");
    incoming.ca_file = Some("/nonexistent/authority.pem".into());
    let malote = Malote::new();
    let command = malote.password_command();
    let added = malote.add_with("Work", &incoming, &["--password-command", &command], None);
    if added.status == Some(0) {
        assert!(malote.try_get().problems.concat().contains("authority.pem"));
    } else {
        assert!(added.said().contains("authority.pem"), "{}", added.said());
    }
    assert!(!server.heard_password());
}

#[test]
fn without_stls_no_password_is_sent() {
    // Stripped from what the server can do, by it or by someone on the way; refused; answered with garbage.
    let stripped = Script::default();
    let mut refused = Script::but("STLS", Act::Say(b"-ERR not today\r\n".to_vec()));
    refused.capabilities.push("STLS");
    let mut garbled = Script::but("STLS", Act::Say(b"220 go ahead\r\n".to_vec()));
    garbled.capabilities.push("STLS");
    let no_capabilities = Script::but("CAPA", Act::Say(b"-ERR what?\r\n".to_vec())).and(
        "STLS",
        usize::MAX,
        Act::Say(b"-ERR what?\r\n".to_vec()),
    );
    for script in [stripped, refused, garbled, no_capabilities] {
        let server = Pop3Server::start(script.clone(), &messages(2));
        // The honest server would begin TLS at STLS even if it did not say that it can: hence its own refusal here.
        if script.rules.is_empty() {
            server.follow(script.and("STLS", usize::MAX, Act::Say(b"-ERR what?\r\n".to_vec())));
        }
        let malote = Malote::with_account(&server.incoming_with("stls"), &[]);
        assert!(!malote.try_get().problems.is_empty());
        assert!(!server.heard_password(), "{:?}", server.sessions());
        assert_eq!(server.count("USER"), 0, "{:?}", server.sessions());
    }
}

#[test]
fn what_is_said_between_the_answer_to_stls_and_the_handshake_ends_the_visit() {
    let injected = b"+OK begin\r\n+OK injected\r\n".to_vec();
    let mut script = Script { certificate: Some(Kind::Good), ..Script::but("STLS", Act::Say(injected)) };
    script.capabilities.push("STLS");
    let server = Pop3Server::start(script, &messages(2));
    let malote = Malote::with_account(&server.incoming_with("stls"), &["--timeout-secs", "3"]);
    assert!(!malote.try_get().problems.is_empty());
    assert!(!server.heard_password(), "{:?}", server.sessions());
    assert_same(malote.stored(), vec![], "nothing is collected");
}

#[test]
fn a_server_that_never_finishes_the_handshake_is_given_up() {
    let silent = Script { implicit_tls: true, ..Script::but("connect", Act::Silence) };
    let server = Pop3Server::start(silent, &[]);
    let malote = Malote::with_account(&server.incoming_with("tls"), &["--timeout-secs", "2"]);
    let begun = std::time::Instant::now();
    assert!(!malote.try_get().problems.is_empty());
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}
