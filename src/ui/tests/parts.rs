//! What a message consists of: its attachments looked at and opened, invitations, quotes, long texts, charsets.

use std::io::Cursor;

use base64::Engine;
use egui::accesskit::Role as AccessRole;
use egui::{Key, Modifiers, Vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::NodeT;

use super::Window;
use crate::store::types::MessageKey;
use crate::ui::action::{Action, Selecting};
use crate::ui::testing::Desk;

/// The window with a message of these octets open.
fn reading(raw: &str) -> Window {
    reading_in(raw, egui::Theme::Light, Vec2::new(1280.0, 800.0))
}

fn reading_in(raw: &str, theme: egui::Theme, size: Vec2) -> Window {
    let mut desk = Desk::of(2);
    desk.raw.insert(MessageKey(2), raw.replace('\n', "\r\n"));
    if theme == egui::Theme::Dark {
        desk.act(Action::SetTheme(crate::ui::action::Theme::Dark));
    }
    let mut window = Window::of(desk, size, Harness::builder().with_theme(theme));
    window.meanwhile(|desk| {
        desk.act(Action::Select { index: 0, how: Selecting::Only });
    });
    window.done();
    window
}

fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// A picture of a hill before the sky.
fn picture() -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let color = |x: u32, y: u32| {
        let hill = 120.0 + 60.0 * (f64::from(x) / 70.0).sin();
        if f64::from(y) > hill { image::Rgb([70, 120, 60]) } else { image::Rgb([130, 180, 230]) }
    };
    image::RgbImage::from_fn(400, 260, color).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn part(kind: &str, name: &str, bytes: &[u8]) -> String {
    format!(
        "--b\nContent-Type: {kind}; name=\"{name}\"\nContent-Disposition: attachment; filename=\"{name}\"\nContent-Transfer-Encoding: base64\n\n{}\n",
        base64(bytes)
    )
}

const INVITATION: &[u8] = b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Plans for the pouch\r\nLOCATION:Room 4, second floor\r\nDTSTART;TZID=Asia/Tokyo:20261201T150000\r\nDTEND;TZID=Asia/Tokyo:20261201T160000\r\nRRULE:FREQ=WEEKLY;BYDAY=TU\r\nORGANIZER;CN=Ole Brandt:mailto:ole@example.net\r\nATTENDEE;CN=Ana Duarte;PARTSTAT=ACCEPTED:mailto:ana@example.org\r\nATTENDEE;CN=Bo;PARTSTAT=NEEDS-ACTION:mailto:bo@example.org\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

/// One attachment of every kind.
fn parcel() -> String {
    let mut raw = "From: Ole Brandt <ole@example.net>\nTo: ana@example.org\nSubject: A parcel\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nAll of it is attached.\n".to_owned();
    raw.push_str(&part("image/png", "hill before the sky.png", &picture()));
    raw.push_str(&part("application/pdf", "a very long name of a report about everything and more.pdf", b"%PDF-1.4"));
    raw.push_str(&part("application/octet-stream", "invoice.pdf.exe", b"MZ"));
    raw.push_str(&part("application/octet-stream", "budget.xlsm", b"PK"));
    raw.push_str(&part("text/plain", "notes.txt", b"First line\r\nSecond line\r\n"));
    raw.push_str(&part("text/calendar", "meeting.ics", INVITATION));
    raw.push_str(&part(
        "text/vcard",
        "ana.vcf",
        b"BEGIN:VCARD\r\nFN:Ana Duarte\r\nTEL;TYPE=cell:+351 21 555\r\nEMAIL:ana@example.org\r\nEND:VCARD\r\n",
    ));
    raw.push_str(&part(
        "message/rfc822",
        "forwarded.eml",
        b"From: Bo <bo@example.org>\r\nSubject: Inner message\r\n\r\nWords within.\r\n",
    ));
    raw.push_str(&part("application/zip", "photos.zip", b"PK"));
    raw.push_str("--b--\n");
    raw
}

#[test]
fn each_attachment_has_a_card_that_says_what_it_is() {
    let window = reading(&parcel());
    window.sees("9 attachments");
    for card in [
        "Show hill before the sky.png, PNG picture",
        "Open a very long name of a report about everything and more.pdf, PDF document",
        "Open invoice.pdf.exe, Program",
        "Open budget.xlsm, Document with macros",
        "Show notes.txt, Text",
        "Show ana.vcf, Contact card",
        "Open photos.zip, ZIP archive",
    ] {
        assert!(window.has(AccessRole::Button, card), "{card}: {:#?}", window.words());
    }
    window.sees("“invoice.pdf.exe” looks like a document but is a program.");
    window.sees("“budget.xlsm” is a document that carries programs (macros)");
}

#[test]
fn what_can_be_read_is_shown_in_front_of_the_window_until_escape() {
    let mut window = reading(&parcel());
    for (card, seen) in [
        ("Show notes.txt, Text", "Second line"),
        ("Show meeting.ics, Appointment", "Room 4, second floor"),
        ("Show ana.vcf, Contact card", "+351 21 555 (mobile)"),
        ("Show forwarded.eml, Message", "Words within."),
        ("Show hill before the sky.png, PNG picture", "400 × 260 pixels"),
    ] {
        window.find(AccessRole::Button, card).click_accesskit();
        window.run();
        window.sees(seen);
        assert!(window.has(AccessRole::Button, "Close the preview"));
        window.key(Modifiers::NONE, Key::Escape);
        assert!(!window.has(AccessRole::Button, "Close the preview"), "{card}");
        window.sees("All of it is attached.");
    }
}

#[test]
fn another_program_opens_an_attachment_only_when_asked_to_and_a_program_never() {
    let mut window = reading(&parcel());
    window.find(AccessRole::Button, "Open photos.zip, ZIP archive").click_accesskit();
    window.run();
    window.sees("Open “photos.zip”?");
    window.sees("What is in it is not known here");
    assert!(window.desk().model.to_open.is_none(), "nothing is opened before the answer");
    window.press_button("Open");
    assert!(window.desk().model.to_open.take().is_some());

    window.find(AccessRole::Button, "Open invoice.pdf.exe, Program").click_accesskit();
    window.run();
    window.sees("Malote does not open “invoice.pdf.exe”.");
    assert!(!window.has(AccessRole::Button, "Open"));
    window.meanwhile(|desk| {
        desk.act(Action::OpenAttachment);
    });
    assert!(window.desk().model.to_open.is_none());
    assert!(!window.asked().iter().any(|asked| asked.starts_with("OpenAttachment")));
}

#[test]
fn an_attachment_is_dragged_out_as_a_file_and_a_program_never() {
    let mut window = reading(&parcel());
    let attachments = window.desk().model.reading.message.as_ref().unwrap().view.attachments.clone();
    let programs = attachments.iter().filter(|attachment| attachment.kind().kind.is_program()).count();
    let mut asked = Vec::new();
    for index in 0..=attachments.len() {
        window.meanwhile(|desk| asked.extend(desk.act(Action::DragAttachment(index))));
    }
    assert!(programs > 0);
    assert_eq!(asked.len(), attachments.len() - programs, "{asked:?}");
    assert!(asked.iter().all(|asked| asked.starts_with("OpenAttachment")), "{asked:?}");
    assert!(window.desk().model.to_drag.is_some());
    assert!(window.desk().model.to_open.is_none(), "it is not opened");
}

#[test]
fn an_invitation_stands_above_the_text() {
    let window = reading(&parcel());
    for words in [
        "You are invited.",
        "Plans for the pouch",
        "Room 4, second floor",
        "every week on Tuesday",
        "For the sender: Tuesday, 1 December 2026, 15:00 – 16:00 (Asia/Tokyo, UTC+09:00)",
        "Ana Duarte <ana@example.org> (accepted); Bo <bo@example.org> (no answer yet)",
    ] {
        window.sees(words);
    }
}

#[test]
fn the_old_quote_at_the_end_of_an_answer_is_folded_until_it_is_wanted() {
    let old: String = (1..=12).map(|n| format!("> old line {n}\n")).collect();
    let mut window = reading(&format!("Subject: Re: Tea\n\nYes, gladly.\n\nOn Monday Ana wrote:\n{old}"));
    window.sees("Yes, gladly.");
    assert!(!window.shows("old line 5"));
    window.press_button("Show 12 quoted lines");
    window.sees("old line 5");
    window.press_button("Hide 12 quoted lines");
    assert!(!window.shows("old line 5"));
    window.meanwhile(|desk| {
        desk.act(Action::Search("line 7".into()));
        desk.tick(10.0);
        desk.serve();
        desk.act(Action::Select { index: 0, how: Selecting::Only });
    });
    window.sees("old line 7");
}

#[test]
fn a_long_quote_between_answers_is_there_until_it_is_folded() {
    let quote = |word: &str, count| (1..=count).map(|n| format!("> {word} line {n}\n")).collect::<String>();
    let text = format!("Subject: Re: Tea\n\nAna wrote:\n{}Yes.\n{}No.\n", quote("first", 9), quote("second", 10));
    let mut window = reading(&text);
    for words in ["first line 5", "Yes.", "second line 5", "No."] {
        window.sees(words);
    }
    window.press_button("Hide 10 quoted lines");
    assert!(window.shows("first line 5") && !window.shows("second line 5"));
    window.press_button("Show 10 quoted lines");
    window.sees("second line 5");
}

#[test]
fn a_long_text_is_there_as_a_whole_and_scrolls_like_a_short_one() {
    let lines: String = (1..=20_000).map(|n| format!("line {n} of a text that goes on and on.\n")).collect();
    let mut window = reading(&format!("Subject: Long\n\n{lines}"));
    window.sees("line 2000 of"); // what a screen reader is given
    let laid_out = |window: &Window| {
        let is_line = |node: &egui_kittest::Node<'_>| {
            let node = node.accesskit_node();
            node.role() == AccessRole::Label
                && node.value().is_some_and(|value| value.ends_with("goes on and on.") && value.len() < 100)
        };
        window
            .0
            .root()
            .children_recursive()
            .filter(is_line)
            .filter_map(|node| node.accesskit_node().value())
            .collect::<Vec<_>>()
    };
    let first = laid_out(&window);
    assert!(first.len() < 100 && first.iter().any(|line| line.starts_with("line 1 ")), "{}", first.len());
    let pos = egui::pos2(900.0, 500.0);
    window.0.event(egui::Event::PointerMoved(pos));
    for _ in 0..40 {
        let delta = Vec2::new(0.0, -5_000.0);
        let (unit, modifiers) = (egui::MouseWheelUnit::Point, Modifiers::NONE);
        let (phase, source) = (egui::TouchPhase::Move, egui::MouseWheelSource::Wheel);
        window.0.event(egui::Event::MouseWheel { unit, delta, modifiers, phase, source });
        window.run();
    }
    let later = laid_out(&window);
    assert!(!later.is_empty() && later.len() < 100, "{}", later.len());
    assert!(!later.iter().any(|line| line.starts_with("line 1 ")), "{later:?}");
    let begun = std::time::Instant::now();
    for _ in 0..20 {
        window.0.step();
    }
    assert!(begun.elapsed().as_millis() < 4_000, "twenty frames took {:?}", begun.elapsed());
}

#[test]
fn letters_of_one_width_are_a_choice_that_stays() {
    let mut window = reading("Subject: Columns\n\nsome words\n");
    window.press_button("More");
    window.press_button("Monospace letters");
    assert_eq!(window.done(), [Action::SetMonospace(true)]);
    assert!(window.desk().model.monospace);
    window.press_button("More");
    assert!(window.has(AccessRole::Button, "Letters of their own width"));
}

#[test]
fn a_text_in_the_wrong_charset_can_be_read_in_another() {
    let raw = "Subject: Hello\nContent-Type: text/plain; charset=iso-8859-2\nContent-Transfer-Encoding: 8bit\n\n\u{CF}\u{F0}\u{E8}\u{E2}\u{E5}\u{F2}!\n";
    let mut window = reading(raw);
    assert!(!window.shows("Привет!"));
    window.meanwhile(|desk| {
        desk.act(Action::ReadAs(Some("windows-1251".into())));
    });
    window.sees("Привет!");
    window.meanwhile(|desk| {
        desk.act(Action::ReadAs(None));
    });
    assert!(!window.shows("Привет!"));
}

#[test]
fn a_seal_is_named_and_nothing_is_claimed_of_it() {
    let raw = "Subject: Signed\nContent-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=b\n\n--b\n\nWords.\n--b\nContent-Type: application/pgp-signature; name=signature.asc\n\nx\n--b--\n";
    reading(raw).sees("Signed (OpenPGP), not checked");
}

#[test]
fn everything_is_drawn_in_both_themes_and_in_little_room() {
    let quote: String = (1..=12).map(|n| format!("> old line {n}\n")).collect();
    let patch = "diff --git a/p b/p\n--- a/p\n+++ b/p\n@@ -1,3 +1,3 @@\n     let mail = take();\n-    drop(mail);\n+    keep(mail);\n";
    let text =
        format!("Subject: Re: Text\n\nHello,\n\n> Which?\n>> That?\n\n{patch}\nAna wrote:\n{quote}-- \nOle Brandt\n");
    for theme in [egui::Theme::Light, egui::Theme::Dark] {
        for size in [Vec2::new(1280.0, 800.0), Vec2::new(720.0, 460.0)] {
            reading_in(&text, theme, size).sees("Hello,");
            let window = reading_in(&parcel(), theme, size);
            let cards: Vec<String> = window
                .words()
                .into_iter()
                .filter(|words| words.starts_with("Show ") || words.starts_with("Open "))
                .collect();
            assert_eq!(cards.len(), 9, "{cards:?}");
            for card in cards {
                let mut window = reading_in(&parcel(), theme, size);
                window.find(AccessRole::Button, &card).click_accesskit();
                window.run();
                let close = if window.has(AccessRole::Button, "Close the preview") {
                    "Close the preview"
                } else if window.has(AccessRole::Button, "Cancel") {
                    "Cancel"
                } else {
                    "Leave it"
                };
                window.assert_inside(AccessRole::Button, close);
            }
        }
    }
}
