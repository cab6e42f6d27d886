//! A screen that nobody looks at: Xvfb, with a window manager on it.

use std::fs::OpenOptions;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use super::process::{PATIENCE, Server, wait_for};

/// The next display to be tried; far from those that people and other programs use. Each is tried by one test alone: of two servers
/// for one display the second ends only after a while, and until then both seem to be up.
static NEXT_DISPLAY: AtomicU32 = AtomicU32::new(40);

pub struct Screen {
    pub display: String,
    _manager: Server,
    _server: Server,
}

impl Screen {
    pub fn start() -> Self {
        let (display, server) =
            (0..10).find_map(|_| start_x(NEXT_DISPLAY.fetch_add(1, Ordering::Relaxed))).expect("a free X display");
        let manager = Server::spawn("openbox", &[], |command| {
            command.env("DISPLAY", &display).stdout(Stdio::null()).stderr(Stdio::null());
        });
        Self { display, _manager: manager, _server: server }
    }

    /// Types on the screen's keyboard, as a person does: into whatever has the focus.
    pub fn type_text(&self, text: &str) {
        self.xdotool(&["type", "--delay", "15", text]);
    }

    /// Presses a key with its companions, in the words of xdotool: `alt+F4`.
    pub fn press(&self, keys: &str) {
        self.xdotool(&["key", keys]);
    }

    /// What its mouse does, in the words of xdotool, one after the other: `mousemove 10 20 mousedown 1`.
    pub fn mouse(&self, deeds: &str) {
        self.xdotool(&deeds.split_whitespace().collect::<Vec<_>>());
    }

    /// Where the window with this title is (left, top, width, height), without its frame; waits until it is there.
    pub fn place_of(&self, title: &str) -> (i32, i32, i32, i32) {
        let mut place = None;
        let there = wait_for(PATIENCE, || {
            let name = format!("^{title}$");
            let said = self.asked(&["search", "--onlyvisible", "--name", &name, "getwindowgeometry", "--shell"]);
            let number = |name: &str| {
                said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')?.parse::<i32>().ok())
            };
            place = number("X").zip(number("Y")).zip(number("WIDTH").zip(number("HEIGHT")));
            place.is_some()
        });
        let ((x, y), (width, height)) =
            place.filter(|_| there.is_some()).unwrap_or_else(|| panic!("no window “{title}”"));
        (x, y, width, height)
    }

    /// Moves the window with this title there, and before all others; it gets this size, if one is named.
    pub fn place(&self, title: &str, (x, y): (i32, i32), size: Option<(i32, i32)>) {
        self.place_of(title);
        let deed = |deed: &[&str], (a, b): (i32, i32)| {
            let name = format!("^{title}$");
            let search = ["search", "--onlyvisible", "--name", &name];
            self.xdotool(&[search.as_slice(), deed, &[&a.to_string(), &b.to_string()]].concat());
        };
        if let Some(size) = size {
            deed(&["windowsize", "--sync"], size);
        }
        deed(&["windowactivate", "--sync", "windowmove"], (x, y));
    }

    fn asked(&self, arguments: &[&str]) -> String {
        let output = Command::new("xdotool").args(arguments).env("DISPLAY", &self.display).output();
        String::from_utf8(output.expect("xdotool; tests/run installs it").stdout).unwrap()
    }

    fn xdotool(&self, arguments: &[&str]) {
        let status = Command::new("xdotool").args(arguments).env("DISPLAY", &self.display).status();
        assert!(status.expect("xdotool; tests/run installs it").success(), "xdotool {arguments:?}");
    }
}

fn start_x(number: u32) -> Option<(String, Server)> {
    let (lock, socket) = (format!("/tmp/.X{number}-lock"), format!("/tmp/.X11-unix/X{number}"));
    if Path::new(&lock).exists() || Path::new(&socket).exists() {
        return None;
    }
    let quiet = OpenOptions::new().write(true).open("/dev/null").unwrap();
    let display = format!(":{number}");
    let mut server =
        Server::spawn("Xvfb", &[&display, "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"], |command| {
            command.stderr(quiet).stdout(Stdio::null());
        });
    let up = wait_for(PATIENCE, || server.has_ended() || Path::new(&socket).exists());
    (up.is_some() && !server.has_ended()).then_some((display, server))
}
