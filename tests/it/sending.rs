//! Submission to a real Postfix.

use std::collections::HashSet;

use crate::support::dovecot::Dovecot;
use crate::support::malote::{Malote, text};
use crate::support::postfix::{Postfix, REFUSAL, REFUSED};
use crate::support::samples::{header, message};
use crate::support::scripted_smtp::SmtpServer;

/// One collected message from this sender, and an account that can answer it.
fn profile(dovecot: &Dovecot, switches: &[String], sender: &str) -> Malote {
    let from = String::from_utf8(message(1)).unwrap().replace("sender1@example.net", sender);
    dovecot.deliver(&[from.into_bytes()]);
    let switches: Vec<&str> = switches.iter().map(String::as_str).collect();
    let malote = Malote::with_account(&dovecot.tls(), &switches);
    malote.get();
    malote
}

fn reply(malote: &Malote, more: &[&str], words: &str) {
    let key = &malote.keys("inbox")[0];
    let mut arguments = vec!["reply", key.as_str()];
    arguments.extend(more);
    malote.run_with(&arguments, Some(words.as_bytes())).succeeded();
}

#[test]
fn a_reply_is_delivered_once_with_the_headers_of_a_reply() {
    let dovecot = Dovecot::start();
    let postfix = Postfix::start(&dovecot);
    for (round, switches) in [postfix.starttls(), postfix.tls()].iter().enumerate() {
        let malote = profile(&dovecot, switches, "friend@example.net");
        reply(&malote, &["--send"], "Grüße zurück.\n.\n..two dots\nThe end.\n");
        let raw = postfix.wait_for_deliveries(round + 1);
        assert_eq!(raw.len(), round + 1, "delivered once");
        let raw = raw.iter().find(|raw| header(raw, "X-Original-To").as_deref() == Some("friend@example.net")).unwrap();
        let field = |name| header(raw, name).unwrap_or_else(|| panic!("no {name} in {}", String::from_utf8_lossy(raw)));
        assert!(field("From").contains("ana@example.org"));
        assert!(field("To").contains("friend@example.net"));
        assert!(field("Subject").to_lowercase().starts_with("re: "), "{}", field("Subject"));
        assert!(field("In-Reply-To").contains("number-1@example.net"), "{}", field("In-Reply-To"));
        assert!(field("References").contains("number-1@example.net"));
        assert!(field("Message-ID").starts_with('<') && field("Message-ID").contains('@'));
        assert!(!field("Date").is_empty());
        assert!(header(raw, "Bcc").is_none());
        assert!(malote.keys("outbox").is_empty());
        assert_eq!(malote.keys("sent").len(), 1, "a copy lies in Sent");
    }
}

#[test]
fn the_lines_of_a_message_arrive_as_they_were_written() {
    let dovecot = Dovecot::start();
    let postfix = Postfix::start(&dovecot);
    let malote = profile(&dovecot, &postfix.tls(), "friend@example.net");
    reply(&malote, &["--send"], "One line.\n.\n..two dots\nFrom here on\nThe end.\n");
    let raw = postfix.wait_for_deliveries(1).remove(0);
    let file = malote.home().join("delivered.eml");
    std::fs::write(&file, &raw).unwrap();
    let seen = malote.run(&["inspect", file.to_str().unwrap(), "--json"]).succeeded().json().remove(0);
    let body = text(&seen["text"]).replace("\r\n", "\n");
    for line in ["One line.", ".", "..two dots", "From here on", "The end."] {
        // A line that begins with "From " may carry a blank that its reader takes away again (RFC 3676 section 4.4).
        assert!(body.lines().any(|found| found.strip_prefix(' ').unwrap_or(found) == line), "{line} in {body}");
    }
}

#[test]
fn what_waits_in_the_outbox_goes_when_it_is_told_to_and_only_once() {
    let (dovecot, mut postfix, malote) = waiting();
    postfix.resume();
    malote.ok(&["send"]);
    malote.ok(&["send"]);
    malote.get();
    assert_eq!(postfix.wait_for_deliveries(1).len(), 1, "delivered once");
    assert!(malote.keys("outbox").is_empty());
    drop(dovecot);
}

/// A reply that waits in the Outbox, because the server was away when it was to go.
fn waiting() -> (Dovecot, Postfix, Malote) {
    let dovecot = Dovecot::start();
    let mut postfix = Postfix::start(&dovecot);
    let malote = profile(&dovecot, &postfix.starttls(), "friend@example.net");
    postfix.stop();
    let key = &malote.keys("inbox")[0];
    let words = malote.run_with(&["reply", key, "--send"], Some(b"Patience.\n")).failed().said();
    assert!(words.contains("localhost"), "{words}");
    assert_eq!(malote.keys("outbox").len(), 1, "it waits");
    malote.run(&["send"]).failed();
    assert_eq!(malote.keys("outbox").len(), 1, "and waits");
    (dovecot, postfix, malote)
}

#[test]
fn the_outbox_is_emptied_by_the_next_visit_too() {
    let (dovecot, mut postfix, malote) = waiting();
    postfix.resume();
    malote.get();
    assert_eq!(postfix.wait_for_deliveries(1).len(), 1);
    assert!(malote.keys("outbox").is_empty());
    drop(dovecot);
}

#[test]
fn a_refused_message_stays_in_the_outbox_with_the_servers_words() {
    let dovecot = Dovecot::start();
    let postfix = Postfix::start(&dovecot);
    let malote = profile(&dovecot, &postfix.tls(), REFUSED);
    let key = &malote.keys("inbox")[0];
    let said = malote.run_with(&["reply", key, "--send"], Some(b"Nobody will read this.\n")).failed().said();
    assert!(said.contains(REFUSAL), "{said}");
    assert_eq!(malote.keys("outbox").len(), 1, "it stays");
    malote.run(&["send"]);
    assert_eq!(malote.keys("outbox").len(), 1, "and is not hammered at the server");
    assert_eq!(postfix.log().matches(REFUSAL).count(), 1, "{}", postfix.log());
    assert!(malote.keys("sent").is_empty());
    assert!(postfix.delivered().is_empty());
}

#[test]
fn a_reply_that_is_not_sent_lies_in_drafts_and_goes_nowhere() {
    let dovecot = Dovecot::start();
    let postfix = Postfix::start(&dovecot);
    let malote = profile(&dovecot, &postfix.tls(), "friend@example.net");
    reply(&malote, &[], "Not yet.\n");
    assert_eq!(malote.keys("drafts").len(), 1);
    malote.ok(&["send"]);
    malote.get();
    assert!(postfix.delivered().is_empty());
}

#[test]
fn every_message_has_a_message_id_of_its_own_that_does_not_name_this_machine() {
    let dovecot = Dovecot::start();
    let postfix = Postfix::start(&dovecot);
    let malote = profile(&dovecot, &postfix.tls(), "friend@example.net");
    reply(&malote, &["--send"], "One.\n");
    reply(&malote, &["--send"], "Two.\n");
    let delivered = postfix.wait_for_deliveries(2);
    let ids: HashSet<String> = delivered.iter().map(|raw| header(raw, "Message-ID").unwrap()).collect();
    assert_eq!(ids.len(), 2);
    let machine = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    let machine = machine.trim();
    assert!(machine.is_empty() || ids.iter().all(|id| !id.ends_with(&format!("@{machine}>"))), "{ids:?}");
}

/// A reply is on its way when the line is lost at this step; later the line is good. How often the server accepted it at
/// first, how often in the end, and how many wait in the Outbox in the end.
#[track_caller]
fn check_lost(step: &str, first: usize, end: usize, waiting: usize) {
    let dovecot = Dovecot::start();
    let server = SmtpServer::start();
    let malote = profile(&dovecot, &server.switches(), "friend@example.net");
    server.lose_line_at(Some(step));
    let key = &malote.keys("inbox")[0];
    malote.run_with(&["reply", key, "--send"], Some(b"Once, please.\n"));
    assert_eq!(server.accepted().len(), first, "{step}: at first");
    server.lose_line_at(None);
    malote.run(&["send"]);
    malote.run(&["send"]);
    malote.run(&["get"]);
    assert_eq!(server.accepted().len(), end, "{step}: in the end");
    assert_eq!(malote.keys("outbox").len(), waiting, "{step}: in the Outbox");
    assert_eq!(malote.keys("outbox").len() + malote.keys("sent").len(), 1, "{step}: it is somewhere, once");
}

#[test]
fn a_line_lost_before_the_message_was_accepted_sends_it_later_and_once() {
    for step in ["greeting", "EHLO", "AUTH", "MAIL", "RCPT", "DATA"] {
        check_lost(step, 0, 1, 0);
    }
}

#[test]
fn a_line_lost_after_the_last_octet_is_not_sent_again_without_asking() {
    check_lost("message", 1, 1, 1);
}

#[test]
fn a_line_lost_after_the_message_was_accepted_is_no_reason_to_send_it_again() {
    check_lost("QUIT", 1, 1, 0);
}
