//! Messages as PDF, read back by another program: `pdftotext` and `pdfinfo` of poppler-utils.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use egui::accesskit::Role;

use crate::support::desktop::{Desktop, USUAL};
use crate::support::malote::Malote;
use crate::support::process::{PATIENCE, wait_for};
use crate::support::samples;
use crate::support::screen::Screen;
use crate::support::scripted::{Pop3Server, Script};
use crate::support::window::Window;

const PROGRAM: &str = env!("CARGO_BIN_EXE_malote");

/// What another program reads in a PDF.
struct Read {
    /// The sheets' texts.
    sheets: Vec<String>,
    /// What `pdfinfo` says of it, addresses of links included.
    facts: String,
    fonts: String,
    /// The text in the order in which it is painted, without blanks.
    painted: String,
    octets: Vec<u8>,
}

impl Read {
    /// The text in one line, numbers of sheets and what holds an empty line open left out.
    fn text(&self) -> String {
        let sheets = self.sheets.len();
        let is_number = |line: &str| {
            let close: String = line.split_whitespace().collect();
            (1..=sheets).any(|number| close == format!("{number}/{sheets}"))
        };
        let lines = self.sheets.iter().flat_map(|sheet| sheet.lines()).map(str::trim).filter(|line| !is_number(line));
        let words = lines.flat_map(str::split_whitespace).filter(|word| *word != "\u{200b}");
        words.collect::<Vec<_>>().join(" ")
    }

    /// Whether the sheet ends with its number; whether there are blanks in it, readers see differently.
    fn is_numbered(&self, index: usize) -> bool {
        let close: String = self.sheets[index].split_whitespace().collect();
        close.ends_with(&format!("{}/{}", index + 1, self.sheets.len()))
    }

    #[track_caller]
    fn says(&self, words: &str) {
        let text = self.text();
        assert!(text.contains(words), "{words:?} is not in {text}");
    }
}

fn said(program: &str, arguments: &[&str], file: &Path) -> String {
    let output = Command::new(program).args(arguments).arg(file).arg("-").output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}. Run tests/run --install"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn printed(raw: &[u8], environment: &[(&str, &str)]) -> Read {
    let folder = tempfile::tempdir().unwrap();
    let (message, pdf) = (folder.path().join("a.eml"), folder.path().join("a.pdf"));
    fs::write(&message, raw).unwrap();
    let mut malote = Command::new(PROGRAM);
    malote.arg("render").arg(&message).arg("--pdf").arg(&pdf).env_remove("LC_ALL").env_remove("LC_PAPER");
    let output = malote.envs(environment.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside it");
    let text = said("pdftotext", &[], &pdf);
    let facts = Command::new("pdfinfo").arg(&pdf).output().unwrap();
    let links = Command::new("pdfinfo").arg("-url").arg(&pdf).output().unwrap();
    let fonts = Command::new("pdffonts").arg(&pdf).output().unwrap();
    assert!(facts.stderr.is_empty(), "{}", String::from_utf8_lossy(&facts.stderr));
    let words = |octets: Vec<u8>| String::from_utf8_lossy(&octets).into_owned();
    Read {
        sheets: text.split_terminator('\u{c}').map(str::to_owned).collect(),
        facts: words(facts.stdout) + &words(links.stdout),
        fonts: words(fonts.stdout),
        painted: said("pdftotext", &["-raw"], &pdf).split_whitespace().collect(),
        octets: fs::read(&pdf).unwrap(),
    }
}

fn of_corpus(name: &str) -> Vec<u8> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/html").join(format!("{name}.eml"));
    fs::read(file).unwrap()
}

fn message(content_type: &str, body: &str) -> Vec<u8> {
    format!(
        "From: Ana Lima <ana@example.org>\r\nTo: Bo <bo@example.net>\r\nSubject: On paper\r\n\
        Date: Fri, 27 Nov 2026 09:30:00 +0000\r\nMIME-Version: 1.0\r\n\
        Content-Type: {content_type}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{body}"
    )
    .into_bytes()
}

#[test]
fn a_page_is_printed_with_its_head_its_text_and_its_links() {
    let read = printed(
        &message(
            "text/html",
            "<h1>A title</h1><p>Words with <a href='https://example.org/way?a=b'>a link</a>, fi and fl.",
        ),
        &[("LANG", "de_DE.UTF-8")],
    );
    read.says("On paper From Ana Lima <ana@example.org> To Bo <bo@example.net> Date Friday, 27 November 2026");
    read.says("A title Words with a link, fi and fl.");
    assert!(read.facts.contains("https://example.org/way?a=b"), "{}", read.facts);
    assert!(read.facts.contains("Pages:           1") && read.facts.contains("(A4)"), "{}", read.facts);
    assert!(read.facts.contains("Title:           On paper"), "{}", read.facts);
    assert!(read.is_numbered(0), "{}", read.sheets[0]);
    // Each font is embedded, as a subset, and with its text.
    for font in read.fonts.lines().skip(2) {
        assert!(font.contains("yes yes yes"), "{}", read.fonts);
    }
    assert!(read.octets.len() < 100_000, "{} octets", read.octets.len());
}

#[test]
fn paper_is_as_the_country_has_it() {
    for (language, paper) in [("en_US.UTF-8", "(letter)"), ("en_GB.UTF-8", "(A4)"), ("C.UTF-8", "(A4)")] {
        let read = printed(&message("text/plain", "x"), &[("LANG", language)]);
        assert!(read.facts.contains(paper), "{language}: {}", read.facts);
    }
}

#[test]
fn plain_text_keeps_its_lines_quotes_and_links() {
    let body = "Hello,\r\n\r\n> you wrote this\r\n>> and she that\r\nsee https://example.org/x";
    let read = printed(&message("text/plain", body), &[]);
    read.says("Hello, you wrote this and she that see https://example.org/x");
    assert!(read.facts.contains("https://example.org/x"), "{}", read.facts);
}

#[test]
fn scripts_of_the_world_can_be_searched() {
    let body = "<p>naïve Ελληνικά кириллица<p dir=rtl>שלום עולם</p><p dir=rtl>مرحبا بالعالم</p>\
        <p>日本語の文章 中文 한국어</p><p>हिन्दी ภาษาไทย</p><p>smile 😀 done 👍 family</p>";
    let read = printed(&message("text/html", body), &[]);
    for words in ["naïve Ελληνικά кириллица", "日本語の文章 中文 한국어", "ภาษาไทย", "done 👍 family"]
    {
        read.says(words);
    }
    // Emoji stand higher than letters, and some readers take them for a line of their own: in the order in which it is painted
    // the line is whole.
    assert!(read.painted.contains("smile😀done👍family"), "{}", read.painted);
    // What is written from the right comes back with marks of its direction around it.
    let plain: String =
        read.text().chars().filter(|c| !matches!(c, '\u{202a}'..='\u{202e}' | '\u{200e}' | '\u{200f}')).collect();
    for words in ["שלום עולם", "مرحبا بالعالم"] {
        assert!(plain.contains(words), "{words} is not in {plain}");
    }
}

#[test]
fn forty_sheets_have_every_line_once_and_in_order() {
    let lines: Vec<String> = (0..2_000).map(|n| format!("line {n} of a long text")).collect();
    let read = printed(&message("text/plain", &lines.join("\r\n")), &[]);
    assert!((40..60).contains(&read.sheets.len()), "{} sheets", read.sheets.len());
    let text = read.text();
    let body = text.split_once("line 0 of").unwrap().1;
    assert_eq!(format!("line 0 of{body}"), lines.join(" "));
    for index in 0..read.sheets.len() {
        assert!(read.is_numbered(index), "{}", read.sheets[index]);
    }
}

#[test]
fn mails_of_the_corpus_are_printed_whole() {
    for name in
        ["mjml-newsletter-columns", "digest-forty-entries", "classic-invoice", "rtl-hebrew-receipt", "cid-photos"]
    {
        let raw = of_corpus(name);
        let read = printed(&raw, &[]);
        // Each word of what is seen on the screen is on paper, as often at least; where it is parted is another matter.
        let count = |text: &str| {
            let mut counts = std::collections::BTreeMap::<String, usize>::new();
            let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
            words.for_each(|word| *counts.entry(word.to_owned()).or_default() += 1);
            counts
        };
        let on_paper = count(&read.text());
        let view = malote::page::View { width_px: 680, height_px: 800, scale: 1.0, scroll_y_px: 0, dark: false };
        let load = || {
            let fonts = malote::page::Fonts::of_system();
            malote::page::Page::load(malote::page::document_of(&raw), &view, &fonts).unwrap().text()
        };
        let on_screen = std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(malote::page::STACK_BYTES);
            thread.spawn_scoped(scope, load).unwrap().join().unwrap()
        });
        let missing: Vec<_> = count(&on_screen)
            .into_iter()
            .filter(|(word, often)| on_paper.get(word).copied().unwrap_or_default() < *often)
            .collect();
        assert!(missing.is_empty(), "{name}: {missing:?}\n{}", read.text());
    }
}

#[test]
fn what_cannot_be_printed_or_written_says_why_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.eml");
    fs::write(&file, message("text/html", "x<div style='height:9000000px'></div>y")).unwrap();
    let run = |out: &Path| {
        let output = Command::new(PROGRAM).arg("render").arg(&file).arg("--pdf").arg(out).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let words = run(&folder.path().join("a.pdf"));
    assert!(words.contains("the page is too large") && words.contains("malote inspect"), "{words}");
    fs::write(&file, message("text/plain", "x")).unwrap();
    let words = run(Path::new("/nonexistent/a.pdf"));
    assert!(words.contains("/nonexistent/a.pdf"), "{words}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn where_the_desktop_has_a_dialog_the_person_says_where_the_message_is_saved() {
    let server = Pop3Server::start(Script::default(), &samples::messages(2));
    let mut malote = Malote::with_account(&server.incoming(), &[]);
    malote.get();
    malote.set("PATH", "");
    let desktop = Desktop::preferring(USUAL, 2);
    let proposed = desktop.saves_as(&malote.home().join("as the person likes"));
    desktop.offer_to(&mut malote);
    let screen = Screen::start();
    let window = Window::open(&malote, &screen);
    window.click_one(Role::ListBoxOption, "Message number 2");
    window.see("The end of number 2.");
    screen.press("ctrl+p");
    let file = malote.home().join("as the person likes.pdf");
    assert!(wait_for(PATIENCE, || file.exists()).is_some(), "it has the ending that tells what it is");
    window.see("Saved");
    assert_eq!(*proposed.lock().unwrap(), ["Message number 2.pdf"]);
    assert!(!malote.home().join("Message number 2.pdf").exists());
    screen.press("alt+F4");
    window.closed().succeeded();
}

#[test]
fn the_open_message_is_saved_by_a_key_and_where_there_is_no_dialog_among_the_downloads() {
    let server = Pop3Server::start(Script::default(), &samples::messages(2));
    let mut malote = Malote::with_account(&server.incoming(), &[]);
    malote.get();
    // Neither a portal nor a program that shows dialogs is found.
    malote.set("PATH", "");
    let screen = Screen::start();
    let window = Window::open(&malote, &screen);
    window.click_one(Role::ListBoxOption, "Message number 2");
    window.see("The end of number 2.");
    for name in ["Message number 2.pdf", "Message number 2 (2).pdf"] {
        let file = malote.home().join(name);
        screen.press("ctrl+p");
        assert!(wait_for(PATIENCE, || file.exists()).is_some(), "no {name}");
        window.see("Open");
        let text = said("pdftotext", &[], &file);
        assert!(text.contains("Message number 2") && text.contains("The end of number 2."), "{text}");
    }
    window.picture("17-saved-as-pdf");
    screen.press("alt+F4");
    window.closed().succeeded();
}
