//! Files dragged out of the window and into it, with the mouse of a real screen: onto a program of somebody else's (yad, which
//! says what was dropped on it), and from one of Malote's windows into the other.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use egui::Key;
use egui::Modifiers;
use egui::accesskit::Role;

use crate::support::Incoming;
use crate::support::malote::Malote;
use crate::support::process::{PATIENCE, Server, wait_for};
use crate::support::screen::Screen;
use crate::support::window::Window;

const PARCEL: &str = "From: Ole Brandt <ole@example.net>\r\nTo: Ana <ana@example.org>\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\n\
    Message-ID: <parcel@dragging.test>\r\nSubject: A parcel\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
    --b\r\n\r\nAll of it is attached.\r\n\
    --b\r\nContent-Type: application/zip; name=\"photos of the hill.zip\"\r\n\r\nPK octets\r\n\
    --b\r\nContent-Type: application/octet-stream; name=\"invoice.pdf.exe\"\r\n\r\nMZ\r\n--b--\r\n";

const PHOTOS: &str = "Open photos of the hill.zip, ZIP archive";
const PROGRAM: &str = "Open invoice.pdf.exe, Program";

fn with_parcel() -> Malote {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("1.eml"), PARCEL).unwrap();
    let malote = Malote::with_account(&Incoming::plain(9), &[]);
    malote.ok(&["import", folder.path().to_str().unwrap(), "--account", "Work", "--format", "eml"]);
    malote
}

/// Another program's window, in the lower right corner and above all others; it writes down what is dropped on it.
struct DropZone {
    _program: Server,
    said: tempfile::NamedTempFile,
    middle: (i32, i32),
}

impl DropZone {
    fn open(screen: &Screen) -> Self {
        let said = tempfile::NamedTempFile::new().unwrap();
        let place = ["--undecorated", "--on-top", "--width=200", "--height=120", "--posx=1060", "--posy=660"];
        let arguments = [&["--dnd", "--title=drop zone", "--no-buttons", "--text=Here"], place.as_slice()].concat();
        let program = Server::spawn("yad", &arguments, |command| {
            command.env("DISPLAY", &screen.display).env("GDK_BACKEND", "x11").env("NO_AT_BRIDGE", "1");
            command.stdin(Stdio::null()).stdout(said.reopen().unwrap()).stderr(Stdio::null());
        });
        let (x, y, width, height) = screen.place_of("drop zone");
        Self { _program: program, said, middle: (x + width / 2, y + height / 2) }
    }

    fn said(&self) -> String {
        fs::read_to_string(self.said.path()).unwrap()
    }
}

/// The middle of something in Malote's window, on the screen.
fn on_screen(screen: &Screen, window: &Window, label: &str) -> (i32, i32) {
    let area = window.find(label, |widget| widget.label == label && widget.role == Role::Button).area.unwrap();
    let (x, y, ..) = screen.place_of("Malote");
    (x + ((area.x0 + area.x1) / 2.0) as i32, y + ((area.y0 + area.y1) / 2.0) as i32)
}

/// Presses the button there, goes to the other place, and stays there: on a busy machine the other program takes its time to say
/// that it would take it.
fn carry(screen: &Screen, from: (i32, i32), to: (i32, i32)) {
    hurry(screen, from, to);
    std::thread::sleep(Duration::from_millis(1500));
}

/// The same without staying there.
fn hurry(screen: &Screen, from: (i32, i32), to: (i32, i32)) {
    screen.mouse(&format!("mousemove {} {} sleep 0.2 mousedown 1 sleep 0.2", from.0, from.1));
    for step in 1..=8 {
        let between = |from: i32, to: i32| from + (to - from) * step / 8;
        screen.mouse(&format!("mousemove {} {} sleep 0.05", between(from.0, to.0), between(from.1, to.1)));
    }
}

fn open_parcel(window: &Window) {
    window.click_one(Role::ListBoxOption, "A parcel");
    window.see("All of it is attached.");
}

#[test]
fn an_attachment_is_dropped_on_another_program_as_a_file() {
    let screen = Screen::start();
    let malote = with_parcel();
    let window = Window::open(&malote, &screen);
    open_parcel(&window);
    let zone = DropZone::open(&screen);

    // A program is not dragged, and what is broken off does not arrive.
    carry(&screen, on_screen(&screen, &window, PROGRAM), zone.middle);
    screen.mouse("mouseup 1");
    carry(&screen, on_screen(&screen, &window, PHOTOS), zone.middle);
    window.picture("drag-1-out");
    screen.press("Escape");
    std::thread::sleep(Duration::from_millis(300));
    screen.mouse("mouseup 1");
    // Nor what is let go where nothing takes it.
    carry(&screen, on_screen(&screen, &window, PHOTOS), (700, 30));
    screen.mouse("mouseup 1");
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(zone.said(), "");

    window.click("Settings");
    window.click("Dark");
    window.press(Key::Escape, Modifiers::NONE);
    // The same file as often as it is dragged, always under its name; also by who does not wait for the other program.
    for (times, go) in [(1, carry as fn(_, _, _)), (2, carry), (3, hurry)] {
        go(&screen, on_screen(&screen, &window, PHOTOS), zone.middle);
        if times == 1 {
            window.picture("drag-2-out-dark");
        }
        screen.mouse("mouseup 1");
        let arrived = wait_for(PATIENCE, || zone.said().lines().count() == times);
        assert!(arrived.is_some(), "dropped {times} times, it said “{}”", zone.said());
        let said = zone.said();
        let url = url::Url::parse(said.lines().last().unwrap().trim()).unwrap();
        let file = url.to_file_path().unwrap();
        assert_eq!(file.file_name().unwrap(), "photos of the hill.zip");
        assert_eq!(fs::read(&file).unwrap(), b"PK octets");
    }
    // The window goes on as before.
    window.press(Key::Escape, Modifiers::NONE);
    window.see("A parcel");
}

#[test]
fn a_file_that_is_dropped_on_a_message_that_is_written_is_attached() {
    let screen = Screen::start();
    let malote = with_parcel();
    let window = Window::open(&malote, &screen);
    open_parcel(&window);
    // Side by side with what is written: the one that is clicked on comes before the other.
    screen.place("Malote", (0, 0), Some((730, 760)));
    std::thread::sleep(Duration::from_millis(500));
    let card = on_screen(&screen, &window, PHOTOS);
    window.click("New message");
    window.click("Own window");
    let composer = "New message";
    screen.place(composer, (740, 100), None);
    let (x, y, ..) = screen.place_of(composer);
    carry(&screen, card, (x + 200, y + 200));
    screen.mouse("mouseup 1");
    std::thread::sleep(Duration::from_secs(1));
    screen.mouse(&format!("mousemove {} {} click 1 sleep 0.2", x + 300, y + 250));
    screen.press("Escape");
    std::thread::sleep(Duration::from_secs(1));
    window.click_one(Role::TreeItem, "Drafts");
    // The one with the attachment that is open now is another message.
    let draft =
        window.find("the draft", |found| found.role == Role::ListBoxOption && !found.label.contains("A parcel"));
    window.click_on(&draft);
    window.see("(no subject)");
    window.see(PHOTOS);
}
