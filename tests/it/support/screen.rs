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
