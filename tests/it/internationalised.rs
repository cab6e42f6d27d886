//! Mail and servers beyond ASCII (RFC 6856): headers in UTF-8, and reasons in the person's language.

use crate::support::malote::{Malote, text};
use crate::support::samples::{assert_same, message};
use crate::support::scripted::{Act, Pop3Server, Script};

const GREETINGS: &str = "From: Jürgen Müller <jürgen@bücher.example>\r\nTo: ana@example.org\r\n\
    Subject: Grüße aus 東京\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
    Schöne Grüße.\r\n";

fn script(utf8: &str) -> Script {
    let capabilities = vec!["USER", "UIDL", "TOP", "PIPELINING", "RESP-CODES", "UTF8 USER", "LANG"];
    Script { capabilities, ..Script::but("UTF8", Act::Say(utf8.into())) }.and(
        "LANG",
        usize::MAX,
        Act::Say(b"+OK de Deutsch\r\n".to_vec()),
    )
}

#[test]
fn headers_in_utf_8_are_fetched_as_they_are_and_shown_as_they_are_meant() {
    let server = Pop3Server::start(script("+OK\r\n"), &[GREETINGS.into()]);
    let mut malote = Malote::with_account(&server.incoming(), &[]);
    malote.set("LC_ALL", "de_DE.UTF-8");
    malote.get();
    let said = server.sessions().remove(0);
    assert_eq!(said[..5], ["CAPA", "UTF8", "LANG de", "USER ana", &said[4]], "each at no round trip of its own");
    assert_same(malote.stored(), vec![GREETINGS.into()], "octet for octet");
    let row = malote.list("inbox").remove(0);
    assert_eq!(text(&row["subject"]), "Grüße aus 東京");
    let shown = malote.ok(&["show", &text(&row["key"]), "--headers"]);
    assert!(shown.contains("Jürgen Müller <jürgen@bücher.example>"), "{shown}");
}

#[test]
fn a_message_that_takes_utf_8_mode_is_refused_with_a_reason_that_says_so() {
    let refusal = Act::Say("-ERR [UTF8] nur im UTF-8-Modus\r\n".into());
    let server = Pop3Server::start(script("-ERR no\r\n").and("RETR 1", 9, refusal), &[GREETINGS.into(), message(2)]);
    let malote = Malote::with_account(&server.incoming(), &[]);
    let visit = malote.try_get();
    assert_eq!(visit.new, 1, "the other one is here");
    let [problem] = visit.problems.as_slice() else { panic!("{:?}", visit.problems) };
    for words in ["Could not fetch message 1", "UTF-8 mode alone", "nur im UTF-8-Modus"] {
        assert!(problem.contains(words), "{words}: {problem}");
    }
    assert_eq!(server.count("LANG"), 0, "nobody's language is C");
}
