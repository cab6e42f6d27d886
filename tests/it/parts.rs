//! What a message consists of, in the real window: attachments shown and handed to other programs, what Outlook and S/MIME
//! wrap, invitations, long texts.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine;
use egui::accesskit::Role;
use egui::{Key, Modifiers};

use crate::support::Incoming;
use crate::support::malote::{Malote, files_below};
use crate::support::process::wait_for;
use crate::support::screen::Screen;
use crate::support::window::Window;

fn base64(bytes: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(bytes);
    text.as_bytes().chunks(76).map(|line| format!("{}\r\n", std::str::from_utf8(line).unwrap())).collect()
}

fn part(kind: &str, name: &str, bytes: &[u8]) -> String {
    format!(
        "--b\r\nContent-Type: {kind}; name=\"{name}\"\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}",
        base64(bytes)
    )
}

/// A picture of a hill before the sky.
fn picture() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let color = |x: u32, y: u32| {
        let hill = 240.0 + 120.0 * (f64::from(x) / 140.0).sin();
        if f64::from(y) > hill { image::Rgb([70, 120, 60]) } else { image::Rgb([130, 180, 230]) }
    };
    image::RgbImage::from_fn(800, 520, color).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

const INVITATION: &[u8] = b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Plans for the pouch\r\nLOCATION:Room 4, second floor\r\n\
    DTSTART;TZID=Asia/Tokyo:20261201T150000\r\nDTEND;TZID=Asia/Tokyo:20261201T160000\r\nRRULE:FREQ=WEEKLY;BYDAY=TU\r\n\
    ORGANIZER;CN=Ole Brandt:mailto:ole@example.net\r\nATTENDEE;CN=Ana Duarte;PARTSTAT=ACCEPTED:mailto:ana@example.org\r\n\
    ATTENDEE;CN=Bo:mailto:bo@example.org\r\nDESCRIPTION:We go through the plans once more.\\nBring tea.\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

fn head(day: u32, subject: &str) -> String {
    format!(
        "From: Ole Brandt <ole@example.net>\r\nTo: Ana <ana@example.org>\r\nDate: Mon, {day} Nov 2026 10:00:00 +0000\r\n\
         Message-ID: <{day}@parts.test>\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n"
    )
}

/// One attachment of every kind.
fn parcel() -> String {
    let mut raw = head(2, "A parcel");
    raw.push_str("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nAll of it is attached.\r\n");
    for (kind, name, bytes) in [
        ("image/png", "hill before the sky.png", picture().as_slice()),
        ("application/pdf", "a very long name of a report about everything and more.pdf", b"%PDF-1.4"),
        ("application/octet-stream", "invoice.pdf.exe", b"MZ"),
        ("application/octet-stream", "budget.xlsm", b"PK"),
        ("text/plain", "notes.txt", b"First line\r\nSecond line\r\n"),
        ("text/vcard", "ana.vcf", b"BEGIN:VCARD\r\nFN:Ana Duarte\r\nORG:Malote\r\nTEL;TYPE=cell:+351 21 555\r\nEMAIL:ana@example.org\r\nEND:VCARD\r\n"),
        ("message/rfc822", "forwarded.eml", b"From: Bo <bo@example.org>\r\nSubject: Inner message\r\n\r\nWords within.\r\n"),
        ("application/zip", "photos.zip", b"PK"),
    ] {
        raw.push_str(&part(kind, name, bytes));
    }
    raw.push_str("--b--\r\n");
    raw
}

fn invitation() -> String {
    let part = part("text/calendar; method=REQUEST", "meeting.ics", INVITATION);
    format!(
        "{}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nPlease come.\r\n{part}--b--\r\n",
        head(3, "An invitation")
    )
}

fn answer() -> String {
    let old: String = (1..=14).map(|n| format!("> old line {n} of what Ana wrote\r\n")).collect();
    format!(
        "{}Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=b\r\n\r\n--b\r\n\r\nHello Ana,\r\n\r\n\
         see https://example.org/plans and write to bo@example.org.\r\n\r\n> Which one?\r\n>> The older one?\r\n\r\nThis one:\r\n\r\n\
         | day | wind  |\r\n|-----|-------|\r\n| Mon | gale  |\r\n| Tue | calm  |\r\n\r\n\
         diff --git a/pouch.rs b/pouch.rs\r\n--- a/pouch.rs\r\n+++ b/pouch.rs\r\n@@ -1,3 +1,3 @@ fn pouch()\r\n     let mail = take();\r\n-    drop(mail);\r\n+    keep(mail);\r\n\r\n\
         On Monday Ana wrote:\r\n{old}\r\n-- \r\nOle Brandt\r\nMalote and sons\r\n--b\r\nContent-Type: application/pgp-signature; name=signature.asc\r\n\r\nx\r\n--b--\r\n",
        head(4, "Re: Text as it is read")
    )
}

/// A text of a megabyte.
fn long() -> String {
    let lines: String = (1..=14_000)
        .map(|n| format!("Line {n} of a text that goes on, and on, and on, and that nobody prints.\r\n"))
        .collect();
    format!("{}\r\n{lines}", head(5, "A long text"))
}

fn with_mail(mails: &[String]) -> Malote {
    let folder = tempfile::tempdir().unwrap();
    for (number, raw) in mails.iter().enumerate() {
        fs::write(folder.path().join(format!("{number}.eml")), raw).unwrap();
    }
    let malote = Malote::with_account(&Incoming::plain(9), &[]);
    malote.ok(&["import", folder.path().to_str().unwrap(), "--account", "Work", "--format", "eml"]);
    malote
}

/// A desktop whose only program for files writes down what it is to open.
fn with_opener(malote: &mut Malote) -> PathBuf {
    let (programs, opened) = (malote.home().join("programs"), malote.home().join("opened"));
    fs::create_dir(&programs).unwrap();
    for name in ["xdg-open", "gio", "gnome-open", "kde-open"] {
        let path = programs.join(name);
        let script = format!(
            "#!/bin/sh\nfor file; do :; done\necho \"$file\" >> '{0}'\ncat \"$file\" >> '{0}'\n",
            opened.display()
        );
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let path = std::env::var("PATH").unwrap();
    malote.set("PATH", &format!("{}:{path}", programs.display()));
    opened
}

fn open(window: &Window, subject: &str, words: &str) {
    window.click_one(Role::ListBoxOption, subject);
    window.see(words);
}

#[test]
fn attachments_are_shown_saved_and_opened_by_other_programs_only_when_asked_to() {
    let screen = Screen::start();
    let mut malote = with_mail(&[parcel(), invitation(), answer()]);
    let opened = with_opener(&mut malote);
    let window = Window::open(&malote, &screen);
    for theme in ["light", "dark"] {
        if theme == "dark" {
            window.click("Settings");
            window.click("Dark");
            window.press(Key::Escape, Modifiers::NONE);
        }
        open(&window, "A parcel", "All of it is attached.");
        window.picture(&format!("parts-{theme}-1-cards"));
        for (number, (card, words)) in [
            ("Show hill before the sky.png, PNG picture", "800 × 520 pixels"),
            ("Show notes.txt, Text", "Second line"),
            ("Show ana.vcf, Contact card", "+351 21 555 (mobile)"),
            ("Show forwarded.eml, Message", "Words within."),
        ]
        .into_iter()
        .enumerate()
        {
            window.click(card);
            window.see(words);
            window.picture(&format!("parts-{theme}-{}-shown", number + 2));
            window.press(Key::Escape, Modifiers::NONE);
        }
        open(&window, "An invitation", "For the sender: Tuesday, 1 December 2026, 15:00 – 16:00");
        window.picture(&format!("parts-{theme}-6-invitation"));
        open(&window, "Re: Text as it is read", "Show 14 quoted lines");
        window.see("Signed (OpenPGP), not checked");
        window.picture(&format!("parts-{theme}-7-text"));
    }
    open(&window, "A parcel", "All of it is attached.");
    window.click("Open photos.zip, ZIP archive");
    window.see("What is in it is not known here");
    window.picture("parts-dark-8-question");
    assert!(!opened.exists(), "nothing is opened before the answer");
    window.click("Open");
    wait_for(Duration::from_secs(20), || fs::read_to_string(&opened).is_ok_and(|said| said.ends_with("PK")))
        .expect("it is opened");
    let file = fs::read_to_string(&opened).unwrap().lines().next().unwrap().to_owned();
    assert!(file.ends_with("photos.zip") && !file.starts_with(malote.profile().to_str().unwrap()), "{file}");
    window.click("Open invoice.pdf.exe, Program");
    window.see("Malote does not open “invoice.pdf.exe”.");
    window.picture("parts-dark-9-program");
    window.click("Leave it");
    screen.press("alt+F4");
    window.closed().succeeded();
    assert!(!Path::new(&file).exists(), "what was handed to other programs is gone");
    assert_eq!(fs::read_to_string(&opened).unwrap().matches("PK").count(), 1);
}

#[test]
fn a_message_is_saved_as_it_came() {
    let screen = Screen::start();
    let mail = parcel();
    let malote = with_mail(std::slice::from_ref(&mail));
    let window = Window::open(&malote, &screen);
    open(&window, "A parcel", "All of it is attached.");
    window.click("More");
    window.click("Save the message");
    window.see("Saved");
    let saved =
        files_below(malote.home()).into_iter().find(|file| file.ends_with("A parcel.eml")).expect("it is saved");
    assert_eq!(fs::read(saved).unwrap(), mail.as_bytes());
}

#[test]
fn a_megabyte_of_text_is_there_at_once() {
    let screen = Screen::start();
    let malote = with_mail(&[parcel(), long()]);
    let window = Window::open(&malote, &screen);
    open(&window, "A parcel", "All of it is attached.");
    let begun = Instant::now();
    open(&window, "A long text", "Line 1 of a text");
    println!("opened after {:?}, with all that the test itself does", begun.elapsed());
    window.picture("parts-light-9-long");
    window.press(Key::Escape, Modifiers::NONE);
}
