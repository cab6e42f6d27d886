//! Messages of the MIME's own words in no order, and its bombs: whatever they are, a view comes of them, soon and not too large.

use std::time::Duration;

use proptest::prelude::*;

use super::body::{attachment_bytes, each_attachment};
use super::{Circumstances, MessageView, Readable, Searchable, samples, sanitize, text};

/// What means something to one of the readers.
const WORDS: &[&str] = &[
    "\r\n",
    "\n",
    "\r",
    " ",
    ";",
    "\"",
    "=",
    "--b",
    "--b--",
    "--c",
    "--c--",
    "\r\n--b\r\n",
    "\r\n--c\r\n",
    "\r\n\r\n",
    "Content-Type: multipart/mixed; boundary=b\r\n",
    "Content-Type: multipart/alternative; boundary=c\r\n",
    "Content-Type: multipart/related; boundary=b; start=\"<1>\"\r\n",
    "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=c\r\n",
    "Content-Type: multipart/encrypted; boundary=b\r\n",
    "Content-Type: text/plain; charset=utf-16\r\n",
    "Content-Type: text/plain; format=flowed; delsp=yes\r\n",
    "Content-Type: text/html\r\n",
    "Content-Type: text/calendar\r\n",
    "Content-Type: text/vcard\r\n",
    "Content-Type: message/rfc822\r\n",
    "Content-Type: application/ms-tnef; name=winmail.dat\r\n",
    "Content-Type: application/pkcs7-mime; name=smime.p7m\r\n",
    "Content-Transfer-Encoding: base64\r\n",
    "Content-Transfer-Encoding: quoted-printable\r\n",
    "Content-Transfer-Encoding: x-uuencode\r\n",
    "Content-Disposition: attachment; filename=\"invoice.pdf.exe\"\r\n",
    "Content-Disposition: attachment; filename*0*=utf-8''%C3; filename*1*=%A9\r\n",
    "Content-ID: <1>\r\n",
    "From: =?utf-8?q?A?= <a@b.test>\r\n",
    "From: \"x@y.test\" <a@xn--b-.test>\r\n",
    "Subject: =?iso-2022-jp?B?GyRC?=\r\n",
    "Authentication-Results: b.test; dmarc=fail\r\n",
    "BEGIN:VEVENT\r\n",
    "DTSTART:20261201T150000Z\r\n",
    "RRULE:FREQ=WEEKLY\r\n",
    "BEGIN:VCARD\r\n",
    "<a href='http://x.test'>y.test</a>",
    "<!--",
    "cid:1",
    "eJ8+IgEA",
    "MIAGCSqGSIb3DQEHAqCA",
    "> quoted",
    "-- \r\n",
    "diff --git a b\r\n",
    "@@ -1 +1 @@",
    "| a | b |",
    "-----BEGIN PGP MESSAGE-----\r\n",
    "begin 644 x\r\n",
    "é",
    "\u{202E}",
    "\0",
    "=C3=A9",
];

fn soup(most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(WORDS), 0..most).prop_map(|words| words.concat())
}

/// What holds of every view.
fn check(raw: &[u8]) -> Result<(), TestCaseError> {
    let known =
        Circumstances { own_server: Some("pop.b.test".into()), own_domain: Some("b.test".into()), charset: None };
    let view = MessageView::read(raw, &known);
    let shown = [&view.shown_from, &view.shown_subject].into_iter().chain(&view.warnings);
    for line in shown.chain(view.attachments.iter().map(|attachment| &attachment.safe_name)) {
        prop_assert!(line.chars().all(sanitize::is_showable), "{line:?}");
    }
    let mut listed = Vec::new();
    let _all = each_attachment(raw, |attachment, bytes| {
        listed.push((attachment.index, attachment.safe_name.clone(), bytes.len()));
        Ok::<(), ()>(())
    });
    let named: Vec<_> =
        view.attachments.iter().map(|a| (a.index, a.safe_name.clone(), a.size_bytes as usize)).collect();
    prop_assert_eq!(
        &named,
        listed.get(..named.len()).unwrap_or_default(),
        "saving and showing mean the same by an index"
    );
    if let Some((index, _, size)) = listed.last() {
        prop_assert_eq!(attachment_bytes(raw, *index).map(|bytes| bytes.len()), Some(*size));
    }
    let lines = text::lines(&view.readable);
    for quote in text::quotes(&lines) {
        prop_assert!(quote.lines.end <= lines.len());
    }
    let octets: usize = listed.iter().map(|(.., size)| size).sum();
    prop_assert!(octets <= 40 * raw.len() + 1000, "{octets} of {}", raw.len());
    let _found = (Searchable::from_raw(raw), Readable::from_raw(raw));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn of_any_soup_a_view_is_made(raw in soup(60)) {
        check(raw.as_bytes())?;
    }

    #[test]
    fn of_any_octets_behind_a_good_beginning_a_view_is_made(
        kind in prop::sample::select(vec!["application/ms-tnef", "application/pkcs7-mime", "text/calendar", "text/plain; charset=gb18030", "message/rfc822"]),
        octets in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let raw = [format!("Content-Type: {kind}\r\n\r\n").as_bytes(), &octets].concat();
        check(&raw)?;
    }
}

/// A view within that time, however the machine is burdened.
#[track_caller]
fn soon(raw: &[u8]) -> MessageView {
    let begun = samples::computed();
    check(raw).unwrap();
    let view = MessageView::from_raw(raw);
    let took = samples::computed() - begun;
    assert!(took < Duration::from_secs(20), "{took:?}");
    view
}

#[test]
fn a_thousand_multiparts_inside_each_other_are_taken_apart_as_far_as_honest_mail_goes() {
    let open: String =
        (0..1000).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n")).collect();
    let close: String = (0..1000).rev().map(|n| format!("\r\n--b{n}--\r\n")).collect();
    let view = soon(format!("{open}\r\nInnermost.{close}").as_bytes());
    assert!(view.warnings.iter().any(|warning| warning.contains("nested")), "{:?}", view.warnings);
}

#[test]
fn a_thousand_messages_inside_each_other_are_one_attachment() {
    let view = soon("Content-Type: message/rfc822\r\n\r\n".repeat(1000).as_bytes());
    assert_eq!(view.attachments.len(), 1);
}

#[test]
fn of_ten_thousand_parts_a_thousand_are_listed() {
    for part in [
        "--b\r\nContent-Type: application/pdf\r\n\r\nx\r\n",
        "--b\r\nContent-Type: text/calendar\r\n\r\nBEGIN:VEVENT\r\nEND:VEVENT\r\n",
        "--b\r\n\r\nx\r\n",
    ] {
        let view = soon(
            format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{}--b--\r\n", part.repeat(10_000)).as_bytes(),
        );
        assert!(
            view.attachments.len() <= 1000 && view.warnings.iter().any(|warning| warning.contains("too many parts"))
        );
    }
}

#[test]
fn wrappings_in_every_part_cost_no_more_than_their_octets() {
    let part = "--b\r\nContent-Type: application/ms-tnef\r\nContent-Transfer-Encoding: base64\r\n\r\neJ8+IgEA\r\n";
    let view =
        soon(format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{}--b--\r\n", part.repeat(9_000)).as_bytes());
    assert!(view.attachments.len() <= 1000);
}
