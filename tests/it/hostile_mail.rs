//! Messages that are large, empty, broken or made to hurt: they are collected and stored like any other, and harm none.

use crate::support::bombs::{self, message_of, message_with_picture};
use crate::support::malote::Malote;
use crate::support::samples::{assert_same, message};
use crate::support::scripted::{Pop3Server, Script};

/// Collects it between two ordinary messages: see [`check_all`].
fn check(name: &str, raw: &[u8]) {
    check_all(vec![(name, raw.to_vec())]);
}

/// Collects them between two ordinary messages; all must be listed, come back identical, and not keep the program from showing
/// the others, now or at the next start.
fn check_all(hostile: Vec<(&str, Vec<u8>)>) {
    let mut names = vec!["an ordinary one"; hostile.len() + 2];
    let mut all = vec![message(1)];
    for (place, (name, raw)) in names.iter_mut().skip(1).zip(hostile) {
        *place = name;
        all.push(raw);
    }
    all.push(message(3));
    let context = names.join(", ");
    let server = Pop3Server::start(Script::default(), &all);
    let malote = Malote::with_account(&server.incoming(), &["--keep", "none"]);
    assert_eq!(malote.get().new as usize, all.len(), "{context}");
    assert!(server.maildrop().is_empty(), "{context}");
    let keys = malote.keys("inbox");
    assert_eq!(keys.len(), all.len(), "{context}");
    for key in &keys {
        for switch in ["--text", "--headers"] {
            let outcome = malote.run(&["show", key, switch]);
            assert!(
                outcome.status.is_some(),
                "{context}: show {key} {switch} was ended by a signal: {}",
                outcome.said()
            );
        }
    }
    assert_same(keys.iter().map(|key| malote.raw(key)).collect(), all.clone(), &context);
    assert_same(malote.stored(), all, &context);
}

#[test]
fn messages_that_are_hardly_messages_are_kept_as_they_came() {
    let cases: [(&str, &[u8]); 7] = [
        ("nothing at all", b""),
        ("an empty line", b"\r\n"),
        ("one dot", b".\r\n"),
        ("only a body", b"\r\nNo head.\r\n"),
        ("only a head", b"Subject: No body\r\n"),
        ("NUL octets", b"Subject: a\0b\r\nFrom: \0\r\n\r\n\0\0\0\r\n"),
        ("bare line feeds", b"Subject: unix\nFrom: a@example.net\n\nline\n.\nnot the end\r\n"),
    ];
    check_all(cases.into_iter().map(|(name, raw)| (name, raw.to_vec())).collect());
}

#[test]
fn a_large_message_comes_whole() {
    let mut raw = message(1);
    raw.extend(b"0123456789abcdef".repeat(1_250_000));
    raw.extend_from_slice(b"\r\n");
    check("20 MB in one line", &raw);
}

#[test]
fn messages_within_messages_within_messages_do_not_end_the_program() {
    let mut raw = b"Subject: deep\r\n".to_vec();
    raw.extend(b"Content-Type: message/rfc822\r\n\r\n".repeat(40_000));
    raw.extend_from_slice(b"The bottom.\r\n");
    check("nested messages", &raw);

    let mut raw = b"Subject: deep\r\n".to_vec();
    for level in 0..5_000 {
        raw.extend(format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n").into_bytes());
    }
    check("nested multiparts", &raw);
}

#[test]
fn html_that_is_nested_without_end_does_not_end_the_program() {
    let mut raw = b"Subject: deep\r\nContent-Type: text/html\r\n\r\n".to_vec();
    raw.extend(b"<div>".repeat(50_000));
    raw.extend_from_slice(b"The bottom.\r\n");
    let begun = std::time::Instant::now();
    check("nested HTML", &raw);
    assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
}

#[test]
fn heads_without_end_do_not_end_the_program() {
    let mut raw = b"Subject: many\r\n".to_vec();
    raw.extend(b"X-Field: value\r\n".repeat(60_000));
    raw.extend_from_slice(b"\r\nBody.\r\n");
    check("60,000 header fields", &raw);

    let mut raw = b"To: ".to_vec();
    raw.extend(b"Somebody <somebody@example.net>,\r\n ".repeat(30_000));
    raw.extend_from_slice(b"last@example.net\r\n\r\nBody.\r\n");
    check("30,000 recipients", &raw);
}

#[test]
fn messages_made_to_exhaust_whoever_reads_them_do_not() {
    let messages = bombs::MESSAGES.into_iter().map(|(name, make)| (name, make()));
    let pictures = bombs::PICTURES.into_iter().map(|(name, kind, make)| (name, message_with_picture(kind, &make())));
    check_all(messages.chain(pictures).collect());
}

#[test]
fn pages_made_to_exhaust_whoever_reads_them_do_not() {
    check_all(bombs::PAGES.into_iter().map(|(name, make)| (name, message_of(&make()))).collect());
}
