//! A file that is dragged out of the window and dropped on another program: the source's side of XDND 5, the drag-and-drop
//! protocol of X11 (freedesktop.org's "Drag-and-Drop Protocol for the X Window System").
//!
//! Neither egui nor winit begins such drags. On X11 they need nothing of the window: the pointer is grabbed by it as long as
//! the button is held, so another connection looks where the pointer is, and speaks with the windows there. On Wayland only
//! the connection that was told of the press can begin a drag: there files are saved, and not dragged.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use winit::raw_window_handle::{HasWindowHandle, RawWindowHandle};
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ClientMessageEvent, ConnectionExt as _, CreateWindowAux, EventMask, KeyButMask, PropMode,
    SelectionNotifyEvent, SelectionRequestEvent, Timestamp, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;
use x11rb::{COPY_FROM_PARENT, CURRENT_TIME, NONE};

/// How often is looked where the pointer is.
const LOOK: Duration = Duration::from_millis(10);
/// How long a program may take to say whether it takes what was just let go on it.
const ANSWERED_WITHIN: Duration = Duration::from_secs(2);
/// How long a program may take to fetch what was dropped on it.
const FETCHED_WITHIN: Duration = Duration::from_secs(20);
const VERSION: u32 = 5;

/// Whether files can be dragged out of this window.
pub fn is_possible(window: &impl HasWindowHandle) -> bool {
    window
        .window_handle()
        .is_ok_and(|handle| matches!(handle.as_raw(), RawWindowHandle::Xlib(_) | RawWindowHandle::Xcb(_)))
}

/// A drag that is under way. Dropped, it is broken off.
pub struct Drag(Arc<AtomicU8>);

/// How far a drag is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Stage {
    /// What is under the pointer does not take the file.
    Refused,
    /// It would take it.
    Taken,
    /// The button was let go, or the drag was broken off.
    Over,
}

impl Drag {
    /// Begins one with the primary button held down, and follows the pointer until it is let go. `wake` is called from another
    /// thread whenever the stage is another.
    ///
    /// # Errors
    /// There is no thread for it. Without a display to speak to it is over at once.
    pub fn start(file: &Path, wake: impl Fn() + Send + 'static) -> std::io::Result<Self> {
        let stage = Arc::new(AtomicU8::new(Stage::Refused as u8));
        let drag = Self(stage.clone());
        let list = uri_list(file);
        let follow = move || {
            let tell = |now: Stage| {
                // Over is over, whoever said so.
                let told = stage.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |before| {
                    (before != Stage::Over as u8 && before != now as u8).then_some(now as u8)
                });
                if told.is_ok() {
                    wake();
                }
            };
            let goes_on = || stage.load(Ordering::Relaxed) != Stage::Over as u8;
            // A display that is gone takes the window with it.
            let _gone = Source::new(list).and_then(|mut source| source.follow(&tell, &goes_on));
            tell(Stage::Over);
        };
        std::thread::Builder::new().name("drag".into()).spawn(follow)?;
        Ok(drag)
    }

    pub fn stage(&self) -> Stage {
        match self.0.load(Ordering::Relaxed) {
            stage if stage == Stage::Refused as u8 => Stage::Refused,
            stage if stage == Stage::Taken as u8 => Stage::Taken,
            _ => Stage::Over,
        }
    }
}

impl Drop for Drag {
    fn drop(&mut self) {
        self.0.store(Stage::Over as u8, Ordering::Relaxed);
    }
}

/// One file as `text/uri-list` (RFC 2483 section 5).
fn uri_list(file: &Path) -> Vec<u8> {
    let url = url::Url::from_file_path(file).map(String::from).unwrap_or_default();
    format!("{url}\r\n").into_bytes()
}

/// Why is said to nobody: whatever it is, the drag is over.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

x11rb::atom_manager! {
    Atoms: AtomsCookie {
        XdndAware, XdndProxy, XdndSelection, XdndEnter, XdndPosition, XdndStatus, XdndLeave, XdndDrop, XdndFinished,
        XdndActionCopy, TARGETS, MALOTE_TIME, UriList: b"text/uri-list",
    }
}

/// The window under the pointer that can be spoken to.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Target {
    window: Window,
    /// Who hears for it: itself, or its proxy.
    hears: Window,
    version: u32,
}

struct Source {
    x: RustConnection,
    atoms: Atoms,
    root: Window,
    /// Nobody sees it: who takes part in the drag answers to it.
    window: Window,
    began_at: Timestamp,
    list: Vec<u8>,
}

impl Source {
    fn new(list: Vec<u8>) -> Result<Self> {
        let (x, screen) = x11rb::connect(None)?;
        let root = x.setup().roots.get(screen).map_or(NONE, |screen| screen.root);
        let atoms = Atoms::new(&x)?.reply()?;
        let window = x.generate_id()?;
        let hears = CreateWindowAux::new().event_mask(EventMask::PROPERTY_CHANGE);
        x.create_window(0, window, root, -1, -1, 1, 1, 0, WindowClass::INPUT_ONLY, COPY_FROM_PARENT, &hears)?;
        // What time it is at the server is only told by something that happens there.
        x.change_property32(PropMode::REPLACE, window, atoms.MALOTE_TIME, AtomEnum::CARDINAL, &[0])?;
        x.flush()?;
        let began_at = loop {
            if let Event::PropertyNotify(happened) = x.wait_for_event()? {
                break happened.time;
            }
        };
        x.set_selection_owner(window, atoms.XdndSelection, began_at)?;
        Ok(Self { x, atoms, root, window, began_at, list })
    }

    fn follow(&mut self, tell: &impl Fn(Stage), goes_on: &impl Fn() -> bool) -> Result<()> {
        // The file came too late: where the pointer is now nothing was let go.
        if !self.pointer()?.1 {
            return Ok(());
        }
        let mut over: Option<Target> = None;
        let mut is_taken = false;
        // A target is told of one place at a time, and then of the last one.
        let mut told: Option<(i16, i16)> = None;
        let mut is_awaited = false;
        // Where the button was let go, and when: who is quicker than the program there hears its answer all the same.
        let mut dropped: Option<((i16, i16), Instant)> = None;
        while goes_on() {
            while let Some(event) = self.x.poll_for_event()? {
                match event {
                    Event::ClientMessage(said) if said.type_ == self.atoms.XdndStatus => {
                        let [window, takes, ..] = said.data.as_data32();
                        if over.is_some_and(|target| target.window == window) {
                            (is_taken, is_awaited) = (takes & 1 == 1, false);
                            tell(if is_taken { Stage::Taken } else { Stage::Refused });
                        }
                    }
                    event => self.answer(&event)?,
                }
            }
            let (now, is_held) = self.pointer()?;
            if !is_held {
                dropped.get_or_insert((now, Instant::now()));
            }
            let place = dropped.map_or(now, |(place, _)| place);
            let target = self.target_at(place)?;
            if target != over {
                if let Some(left) = over {
                    self.say(left, self.atoms.XdndLeave, [0; 4])?;
                }
                if let Some(entered) = target {
                    let version = entered.version.min(VERSION) << 24;
                    self.say(entered, self.atoms.XdndEnter, [version, self.atoms.UriList, NONE, NONE])?;
                }
                (over, is_taken, is_awaited, told) = (target, false, false, None);
                tell(Stage::Refused);
            }
            if let Some(target) = over.filter(|_| !is_awaited && told != Some(place)) {
                let packed = u32::from(place.0.cast_unsigned()) << 16 | u32::from(place.1.cast_unsigned());
                self.say(target, self.atoms.XdndPosition, [0, packed, self.began_at, self.atoms.XdndActionCopy])?;
                (is_awaited, told) = (true, Some(place));
            }
            self.x.flush()?;
            if dropped.is_some_and(|(_, at)| !is_awaited || at.elapsed() > ANSWERED_WITHIN) {
                break;
            }
            std::thread::sleep(LOOK);
        }
        let Some(target) = over else { return Ok(()) };
        if goes_on() && is_taken {
            self.say(target, self.atoms.XdndDrop, [0, self.began_at, 0, 0])?;
            tell(Stage::Over);
            return self.until_fetched(target);
        }
        self.say(target, self.atoms.XdndLeave, [0; 4])?;
        Ok(self.x.flush()?)
    }

    /// Where the pointer is, and whether the button is held.
    fn pointer(&self) -> Result<((i16, i16), bool)> {
        let pointer = self.x.query_pointer(self.root)?.reply()?;
        Ok(((pointer.root_x, pointer.root_y), pointer.mask.contains(KeyButMask::BUTTON1)))
    }

    /// The window asks for the file's place when it is dropped, and says when it has it.
    fn until_fetched(&self, target: Target) -> Result<()> {
        self.x.flush()?;
        let until = Instant::now() + FETCHED_WITHIN;
        while Instant::now() < until {
            match self.x.poll_for_event()? {
                Some(Event::ClientMessage(said)) if said.type_ == self.atoms.XdndFinished => {
                    if said.data.as_data32().first() == Some(&target.window) {
                        break;
                    }
                }
                Some(event) => self.answer(&event)?,
                None => std::thread::sleep(LOOK),
            }
        }
        Ok(())
    }

    /// The innermost of the windows there that takes part in drags.
    fn target_at(&self, (x, y): (i16, i16)) -> Result<Option<Target>> {
        let mut window = self.root;
        loop {
            let within = self.x.translate_coordinates(self.root, window, x, y)?.reply();
            // A window that has just been closed.
            let Ok(within) = within else { return Ok(None) };
            if within.child == NONE {
                return Ok(None);
            }
            window = within.child;
            if let Some(target) = self.as_target(window)? {
                return Ok(Some(target));
            }
        }
    }

    fn as_target(&self, window: Window) -> Result<Option<Target>> {
        let proxy = self.number(window, self.atoms.XdndProxy, AtomEnum::WINDOW)?;
        // One that is left over from a program that is gone does not name itself.
        let hears = match proxy {
            Some(proxy) if self.number(proxy, self.atoms.XdndProxy, AtomEnum::WINDOW)? == Some(proxy) => proxy,
            _ => window,
        };
        let version = self.number(hears, self.atoms.XdndAware, AtomEnum::ATOM)?;
        // Before the third nobody says which window it is that answers.
        Ok(version.filter(|version| *version >= 3).map(|version| Target { window, hears, version }))
    }

    fn number(&self, window: Window, property: Atom, kind: AtomEnum) -> Result<Option<u32>> {
        let reply = self.x.get_property(false, window, property, kind, 0, 1)?.reply();
        Ok(reply.ok().and_then(|reply| reply.value32().and_then(|mut numbers| numbers.next())))
    }

    /// Not waited for: a window that is gone by now does not hear it.
    fn say(&self, target: Target, what: Atom, [a, b, c, d]: [u32; 4]) -> Result<()> {
        let message = ClientMessageEvent::new(32, target.window, what, [self.window, a, b, c, d]);
        self.x.send_event(false, target.hears, EventMask::NO_EVENT, message)?;
        Ok(())
    }

    /// Gives the file's place to who asks for it.
    fn answer(&self, event: &Event) -> Result<()> {
        let Event::SelectionRequest(asked) = event else { return Ok(()) };
        let SelectionRequestEvent { requestor, target, selection, .. } = *asked;
        let property = if asked.property == NONE { target } else { asked.property };
        let is_given = if target == self.atoms.UriList {
            self.x.change_property8(PropMode::REPLACE, requestor, property, target, &self.list)?;
            true
        } else if target == self.atoms.TARGETS {
            let known = [self.atoms.TARGETS, self.atoms.UriList];
            self.x.change_property32(PropMode::REPLACE, requestor, property, AtomEnum::ATOM, &known)?;
            true
        } else {
            false
        };
        let property = if is_given { property } else { NONE };
        let time = if asked.time == CURRENT_TIME { self.began_at } else { asked.time };
        let given =
            SelectionNotifyEvent { response_type: 31, sequence: 0, time, requestor, selection, target, property };
        self.x.send_event(false, requestor, EventMask::NO_EVENT, given)?;
        Ok(self.x.flush()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_told_as_a_list_of_one() {
        let list = uri_list(Path::new("/tmp/a folder/100 % né.pdf"));
        assert_eq!(String::from_utf8(list).unwrap(), "file:///tmp/a%20folder/100%20%25%20n%C3%A9.pdf\r\n");
    }
}
