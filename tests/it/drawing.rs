//! Pages of mail, drawn by the real process: what it may do, what becomes of the window when it dies, and what a person does
//! with a page in the real window.

use std::fs;
use std::io::{BufReader, BufWriter};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use egui::accesskit::{Rect, Role};
use egui::{Key, Modifiers};
use malote::engine::MessagePage;
use malote::page::View;
use malote::page::protocol::{self, ARGUMENT, PageId, Renderer, Reply, Request};
use malote::page::supervisor::{Patience, Supervisor};

use crate::support::Incoming;
use crate::support::bombs::{self, message_of, message_with_picture};
use crate::support::canary::hostile_mails;
use crate::support::malote::Malote;
use crate::support::process::{PATIENCE, helpers_of, wait_for};
use crate::support::screen::Screen;
use crate::support::window::Window;

const PROGRAM: &str = env!("CARGO_BIN_EXE_malote");
const VIEW: View = View { width_px: 700, height_px: 800, scale: 1.0, scroll_y_px: 0, dark: false };

fn load(page: u64, raw: &[u8]) -> Option<Request> {
    let document = MessagePage::from_raw(raw, &[])?.document;
    Some(Request::Load { page: PageId(page), view: VIEW, document })
}

/// A supervisor of real processes, and what it is heard by.
pub struct Pages {
    supervisor: Supervisor,
    woken: Receiver<()>,
    last: u64,
    /// Tests of one program share its processes: one of them at a time looks which it has.
    _alone: MutexGuard<'static, ()>,
}

static ALONE: Mutex<()> = Mutex::new(());

impl Pages {
    pub fn start(patience: Patience) -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let (wake, woken) = channel();
        let wake = move || {
            let _gone = wake.send(());
        };
        let supervisor = Supervisor::of(PROGRAM.into(), patience, Box::new(wake)).unwrap();
        Self { supervisor, woken, last: 0, _alone: alone }
    }

    pub fn load(&mut self, raw: &[u8]) {
        self.last += 1;
        self.supervisor.ask(load(self.last, raw).expect("a message with a page"));
    }

    /// What comes of the page that was loaded last.
    pub fn outcome(&mut self) -> Reply {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            while let Some(reply) = self.supervisor.reply() {
                let is_outcome = matches!(reply, Reply::Frame { .. } | Reply::Refused { .. });
                if is_outcome && reply.page() == Some(PageId(self.last)) {
                    return reply;
                }
            }
            let _woken = self.woken.recv_timeout(Duration::from_millis(100));
        }
        panic!("no frame and no refusal in {PATIENCE:?}")
    }

    #[track_caller]
    pub fn draws(&mut self, raw: &[u8]) -> malote::page::Frame {
        self.load(raw);
        match self.outcome() {
            Reply::Frame { frame, .. } => frame,
            other => panic!("{other:?}"),
        }
    }
}

pub fn page(words: &str) -> Vec<u8> {
    format!("Subject: Page\r\nContent-Type: text/html\r\n\r\n<h1>{words}</h1><p>Words below it.</p>\r\n").into_bytes()
}

/// On a machine that is busy with other tests a page may take longer than a person would wait.
pub fn patient() -> Patience {
    Patience { frame: Duration::from_secs(20), start: PATIENCE, ..Patience::default() }
}

#[test]
fn a_page_is_drawn_by_another_process_and_another_one_after_that_was_killed() {
    let mut pages = Pages::start(patient());
    let frame = pages.draws(&page("The first"));
    assert_eq!((frame.width_px, frame.scroll_y_px), (700, 0));
    assert!(frame.rgba.chunks(4).any(|pixel| pixel != frame.rgba.get(..4).unwrap()), "something is on it");
    for n in 0..3 {
        let [helper] = helpers_of(std::process::id())[..] else { panic!("one process draws") };
        let killed = Command::new("kill").args(["-KILL", &helper.to_string()]).status().unwrap();
        assert!(killed.success());
        assert!(matches!(pages.outcome(), Reply::Refused { .. }), "the page that was open is gone");
        pages.draws(&page(&format!("After {n}")));
    }
    let Pages { supervisor, _alone, .. } = pages;
    drop(supervisor);
    assert!(helpers_of(std::process::id()).is_empty(), "it does not outlive who started it");
}

/// The bare process, as the supervisor starts it but for what is in front of it.
struct Helper {
    child: Child,
    requests: BufWriter<std::process::ChildStdin>,
    replies: BufReader<std::process::ChildStdout>,
}

impl Helper {
    fn start(mut command: Command) -> Self {
        command.arg(ARGUMENT).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let requests = BufWriter::new(child.stdin.take().unwrap());
        let replies = BufReader::new(child.stdout.take().unwrap());
        let mut helper = Self { child, requests, replies };
        assert_eq!(helper.next(), Some(Reply::Ready));
        helper
    }

    fn next(&mut self) -> Option<Reply> {
        protocol::read(&mut self.replies).unwrap()
    }

    fn ask(&mut self, request: &Request) -> Reply {
        protocol::write(&mut self.requests, request).unwrap();
        self.next().expect("it lives")
    }

    fn end(self) {
        let Self { mut child, requests, replies } = self;
        drop((requests, replies));
        assert!(child.wait().unwrap().success(), "it ends when nobody asks any more");
    }
}

#[test]
fn hostile_mail_makes_the_process_ask_the_network_for_nothing_and_write_no_file() {
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-e", "signal=none", "-e", "trace=network,execve,open,openat,creat"]);
    command.arg("-o").arg(log.path()).arg(PROGRAM);
    let mut helper = Helper::start(command);
    let mails = hostile_mails(9);
    let mut drawn = 0;
    for (number, (name, raw)) in (1..).zip(&mails) {
        let Some(request) = load(number, raw) else { continue };
        let reply = helper.ask(&request);
        assert_eq!(reply.page(), Some(PageId(number)), "{name}: {reply:?}");
        drawn += usize::from(matches!(reply, Reply::Frame { .. }));
    }
    assert!(drawn > 50, "{drawn} of {} mails were drawn", mails.len());
    helper.end();
    let calls = fs::read_to_string(log.path()).unwrap();
    let is_own_start = |line: &&str| line.contains("execve(") && line.contains(ARGUMENT);
    assert_eq!(calls.lines().filter(is_own_start).count(), 1, "strace saw it");
    for line in calls.lines().filter(|line| !is_own_start(line)) {
        let is_reading = line.contains("open") && line.contains("O_RDONLY");
        assert!(is_reading || line.contains("resumed>"), "{line}");
        assert!(!line.contains("/etc/passwd"), "{line}");
    }
}

#[test]
fn the_process_has_no_more_of_the_environment_and_of_memory_than_it_needs() {
    let mut pages = Pages::start(patient());
    pages.draws(&page("Small"));
    let [helper] = helpers_of(std::process::id())[..] else { panic!("one process draws") };
    let environment = fs::read_to_string(format!("/proc/{helper}/environ")).unwrap();
    assert!(!environment.contains("PATH=/") && !environment.contains("DBUS") && !environment.contains("DISPLAY"));
    let limits = fs::read_to_string(format!("/proc/{helper}/limits")).unwrap();
    let limit = |name: &str| {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..].split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(limit("Max file size")[..2], ["0", "0"]);
    assert_eq!(limit("Max core file size")[..2], ["0", "0"]);
    assert!(limit("Max data size")[0].parse::<u64>().unwrap() <= 256 << 20);
    assert_ne!(limit("Max cpu time")[0], "unlimited");
}

/// The most memory that a process ever had at once, if it is still there.
fn peak_kb(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|peak| peak.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or_default()
}

#[test]
fn pages_made_to_exhaust_whoever_draws_them_are_drawn_or_given_up_in_time_and_the_next_is_drawn() {
    let pages_of = bombs::PAGES.iter().map(|(name, make)| (*name, message_of(&make())));
    let pictures = bombs::PICTURES.iter().map(|(name, kind, make)| (*name, message_with_picture(kind, &make())));
    // A person's patience, whoever built the program.
    let patience = Patience { frame: Duration::from_secs(2), start: PATIENCE, failures: 100, ..Patience::default() };
    let mut pages = Pages::start(patience);
    let mut most_kb = 0;
    for (name, raw) in pages_of.chain(pictures) {
        let Some(request) = load(pages.last + 1, &raw) else { continue };
        pages.last += 1;
        // What the window waits for at most: a process that is warm, and its patience.
        let warm = wait_for(PATIENCE, || helpers_of(std::process::id()).len() == 1);
        assert!(warm.is_some(), "{name}");
        let begun = Instant::now();
        pages.supervisor.ask(request);
        let outcome = pages.outcome();
        let took = begun.elapsed();
        eprintln!(
            "{name}: {} after {took:?}",
            match &outcome {
                Reply::Refused { why, .. } => format!("{why:?}"),
                _ => "drawn".to_owned(),
            }
        );
        // Beside what a busy machine takes to end a process.
        assert!(took < Duration::from_secs(5), "{name}: {took:?}");
        most_kb = most_kb.max(helpers_of(std::process::id()).into_iter().map(peak_kb).max().unwrap_or_default());
        assert!(most_kb <= 256 << 10, "{name}: {most_kb} kB");
    }
    assert!(most_kb > 10 << 10, "its memory was looked at: {most_kb} kB");
    drop(pages);
    let mut pages = Pages::start(patient());
    pages.draws(&page("After all that"));
}

/// A window on a profile with these messages, none of them with a server that could be asked.
fn window_with(malote: &mut Malote, screen: &Screen, mails: &[(&str, Vec<u8>)]) -> Window {
    let folder = tempfile::tempdir().unwrap();
    for (name, raw) in mails {
        fs::write(folder.path().join(format!("{name}.eml")), raw).unwrap();
    }
    malote.add("Work", &Incoming::plain(9), &[]);
    malote.ok(&["import", folder.path().to_str().unwrap(), "--account", "Work", "--format", "eml"]);
    Window::open(malote, screen)
}

fn message(subject: &str, html: &str) -> Vec<u8> {
    format!(
        "From: Ole <ole@example.net>\r\nSubject: {subject}\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n"
    )
    .into_bytes()
}

/// Where the page lies in the window, points.
#[track_caller]
fn sees_page(window: &Window) -> Rect {
    window.find("the page", |widget| widget.role == Role::Document).area.expect("it has a place")
}

#[test]
fn the_window_outlives_the_process_that_draws_and_says_so() {
    let (mut malote, screen) = (Malote::new(), Screen::start());
    let mails = [
        ("a", message("First page", "<p>Words of the first.</p>")),
        ("b", message("Second page", "<p>Words of the second.</p>")),
    ];
    let window = window_with(&mut malote, &screen, &mails);
    window.click_one(Role::ListBoxOption, "First page");
    sees_page(&window);
    window.picture("30-page");
    let [helper] = helpers_of(window.id())[..] else { panic!("one process draws") };
    assert!(Command::new("kill").args(["-KILL", &helper.to_string()]).status().unwrap().success());
    window.see("could not be drawn");
    window.see("Words of the first.");
    window.picture("31-page-that-broke");
    window.click_one(Role::ListBoxOption, "Second page");
    sees_page(&window);
    window.click_one(Role::ListBoxOption, "First page");
    window.see("could not be drawn");
    window.click("Page");
    sees_page(&window);
    screen.press("alt+F4");
    window.closed().succeeded();
}

#[test]
fn a_page_is_scrolled_selected_copied_searched_and_its_links_are_followed() {
    let (mut malote, screen) = (Malote::new(), Screen::start());
    let visited = malote.home().join("visited");
    let browser = malote.home().join("browser");
    fs::write(&browser, format!("#!/bin/sh\necho \"$1\" >> '{}'\n", visited.display())).unwrap();
    fs::set_permissions(&browser, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    malote.set("BROWSER", browser.to_str().unwrap());
    let filler = "<p style=\"margin: 0; height: 400px\">And so on.</p>".repeat(6);
    let link = "<p style=\"margin: 0; font-size: 20px; line-height: 40px\"><a href=\"https://example.org/plans\">The plans of the pouch</a></p>";
    let html = format!("<body style=\"margin: 0\">{link}<p>lunch</p>{filler}<p>Another lunch.</p></body>");
    let window = window_with(&mut malote, &screen, &[("a", message("Plans", &html))]);
    window.click_one(Role::ListBoxOption, "Plans");
    let place = sees_page(&window);
    window.see("And so on.");

    window.point(place.x0 + 30.0, place.y0 + 20.0);
    window.see("https://example.org/plans");
    window.picture("32-link-under-the-pointer");
    window.click_at(place.x0 + 30.0, place.y0 + 20.0);
    let went = wait_for(PATIENCE, || fs::read_to_string(&visited).is_ok_and(|links| links.contains("plans")));
    assert!(went.is_some(), "the browser was asked for the link");

    window.press(Key::A, Modifiers::COMMAND);
    window.picture("33-all-selected");
    window.copy();
    window.press(Key::F, Modifiers::COMMAND);
    screen.press("ctrl+v");
    window.find("what was copied", |widget| widget.value.contains("The plans of the pouch"));

    window.press(Key::A, Modifiers::COMMAND);
    window.type_text("lunch");
    window.press(Key::Enter, Modifiers::NONE);
    window.see("1 of 2 in this message");
    let before = sees_page(&window).y0;
    window.press(Key::F3, Modifiers::NONE);
    window.see("2 of 2 in this message");
    window.picture("34-found-in-the-page");
    assert!(sees_page(&window).y0 < before - 300.0, "the second place came into sight");

    let part_above = |page: Rect| (place.y0 - page.y0) / (page.y1 - page.y0);
    let before = sees_page(&window);
    for _ in 0..3 {
        window.press(Key::Plus, Modifiers::COMMAND);
    }
    let mut larger = before;
    let grew = wait_for(PATIENCE, || {
        larger = sees_page(&window);
        let height = |page: Rect| page.y1 - page.y0;
        height(larger) > 1.2 * height(before) && (part_above(larger) - part_above(before)).abs() < 0.03
    });
    assert!(grew.is_some(), "what is read stays where it is: {before:?}, then {larger:?}");
    window.picture("35-larger");
    screen.press("alt+F4");
    window.closed().succeeded();
}

#[test]
fn mail_of_every_family_in_the_window() {
    let (mut malote, screen) = (Malote::new(), Screen::start());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/html");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "eml"));
    files.sort();
    let mails: Vec<(String, Vec<u8>)> = files
        .iter()
        .step_by(8)
        .map(|file| (file.file_stem().unwrap().to_string_lossy().into_owned(), fs::read(file).unwrap()))
        .collect();
    let named: Vec<(&str, Vec<u8>)> = mails.iter().map(|(name, raw)| (name.as_str(), raw.clone())).collect();
    let window = window_with(&mut malote, &screen, &named);
    window.find("a message", |widget| widget.role == Role::ListBoxOption);
    for theme in ["light", "dark"] {
        for (number, _) in mails.iter().enumerate() {
            window.press(if number == 0 { Key::Home } else { Key::J }, Modifiers::NONE);
            sees_page(&window);
            window.picture(&format!("35-{theme}-{number}"));
        }
        window.click("Settings");
        window.click("Dark");
        window.press(Key::Escape, Modifiers::NONE);
    }
}
