//! Eyes and hands for the program's window: reads the accessibility tree and sends keys and clicks over the loopback port that
//! a build with the feature `inspection` opens.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use egui::accesskit::{Action, ActionRequest, Node, NodeId, Rect, Role, TreeId, TreeUpdate};
use egui::{Event, Key, Modifiers, PointerButton, Pos2};
use egui_inspection::protocol::read_handshake;
use egui_inspection::{Request, Response, read_message, write_message};

use super::malote::{Malote, Outcome, Running};
use super::process::{PATIENCE, free_port, wait_for};
use super::screen::Screen;

/// How long something may take to appear in the window.
const SOON: Duration = Duration::from_secs(20);

pub struct Window {
    line: TcpStream,
    run: Option<Running>,
}

/// Something in the window.
#[derive(Clone, Debug, PartialEq)]
pub struct Widget {
    id: NodeId,
    pub role: Role,
    pub label: String,
    pub value: String,
    pub disabled: bool,
    /// In points, from the window's corner.
    pub area: Option<Rect>,
}

impl Window {
    /// Starts the program with a window on this screen.
    pub fn open(malote: &Malote, screen: &Screen) -> Self {
        if cfg!(not(feature = "inspection")) {
            panic!("this needs a window that can be asked: cargo test --features inspection");
        }
        Self::of(malote.command(&[]), screen)
    }

    /// The window that this command opens.
    pub fn of(mut command: Command, screen: &Screen) -> Self {
        let port = free_port();
        command.env("DISPLAY", &screen.display).env("LIBGL_ALWAYS_SOFTWARE", "1");
        command.env("EGUI_INSPECTION", format!("127.0.0.1:{port}")).stdin(Stdio::null());
        let mut run = Running::of(command, None);
        let mut line = None;
        let up = wait_for(PATIENCE, || {
            line = TcpStream::connect(("127.0.0.1", port)).ok();
            line.is_some() || run.has_ended()
        });
        let Some(line) = line.filter(|_| up.is_some()) else { panic!("no window: {}", run.end().said()) };
        line.set_read_timeout(Some(PATIENCE)).unwrap();
        read_handshake(&line).unwrap();
        Self { line, run: Some(run) }
    }

    fn ask(&self, request: &Request) -> Response {
        write_message(&self.line, request).unwrap();
        match read_message(&self.line).expect("the window answers") {
            Response::Error { message } => panic!("{message}"),
            response => response,
        }
    }

    /// Everything in the window that can be seen or used, in the order of the tree.
    pub fn widgets(&self) -> Vec<Widget> {
        match self.ask(&Request::GetTree) {
            Response::Tree { accesskit: Some(tree), .. } => widgets_of(&tree),
            other => panic!("no tree: {other:?}"),
        }
    }

    /// Waits until something in the window fits.
    #[track_caller]
    pub fn find(&self, what: &str, fits: impl Fn(&Widget) -> bool) -> Widget {
        let end = Instant::now() + SOON;
        loop {
            let widgets = self.widgets();
            match widgets.iter().find(|widget| fits(widget)) {
                Some(widget) => return widget.clone(),
                None if Instant::now() < end => std::thread::sleep(Duration::from_millis(100)),
                None => panic!("{what} is not in the window, but these are:\n{}", described(&widgets)),
            }
        }
    }

    /// Waits until something with this label, or these words, is there.
    #[track_caller]
    pub fn see(&self, words: &str) -> Widget {
        self.find(words, |widget| widget.label.contains(words) || widget.value.contains(words))
    }

    /// Clicks what has exactly this label.
    #[track_caller]
    pub fn click(&self, label: &str) {
        let widget = self.find(label, |widget| widget.label.trim() == label && is_clickable(widget));
        self.click_on(&widget);
    }

    /// Clicks the first thing of this kind whose label holds these words.
    #[track_caller]
    pub fn click_one(&self, role: Role, words: &str) {
        let fits = |widget: &Widget| widget.role == role && widget.label.contains(words) && is_clickable(widget);
        self.click_on(&self.find(words, fits));
    }

    /// Scrolls until it is on the screen; where it is then.
    fn scrolled_to(&self, widget: &Widget) -> Widget {
        let request = ActionRequest {
            action: Action::ScrollIntoView,
            target_tree: TreeId::ROOT,
            target_node: widget.id,
            data: None,
        };
        self.apply(vec![Event::AccessKitActionRequest(request)]);
        self.settle();
        self.find(&widget.label, |found| found.id == widget.id)
    }

    /// Clicks into the middle of it.
    pub fn click_on(&self, widget: &Widget) {
        let area = widget.area.expect("something to click on has a place");
        let pos = Pos2::new(((area.x0 + area.x1) / 2.0) as f32, ((area.y0 + area.y1) / 2.0) as f32);
        let button =
            |pressed| Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers: Modifiers::NONE };
        self.apply(vec![Event::PointerMoved(pos)]);
        // Together: on a busy machine a frame can take longer than a press may last that is to be a click.
        self.apply(vec![button(true), button(false)]);
        self.settle();
    }

    /// The window's process.
    pub fn id(&self) -> u32 {
        self.run.as_ref().expect("it runs").id()
    }

    /// Moves the pointer there, in points from the window's corner.
    pub fn point(&self, x: f64, y: f64) {
        self.apply(vec![Event::PointerMoved(Pos2::new(x as f32, y as f32))]);
        self.settle();
    }

    /// Clicks there.
    pub fn click_at(&self, x: f64, y: f64) {
        let pos = Pos2::new(x as f32, y as f32);
        let button =
            |pressed| Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers: Modifiers::NONE };
        self.point(x, y);
        self.apply(vec![button(true), button(false)]);
        self.settle();
    }

    /// As Ctrl+C reaches the window.
    pub fn copy(&self) {
        self.apply(vec![Event::Copy]);
        self.settle();
    }

    /// Types into the field with this label, in place of what is there.
    #[track_caller]
    pub fn fill(&self, label: &str, text: &str) {
        let field = self.find(label, |widget| widget.label == label && is_field(widget));
        self.click_on(&self.scrolled_to(&field));
        self.press(Key::A, Modifiers::COMMAND);
        self.type_text(text);
    }

    pub fn type_text(&self, text: &str) {
        for character in text.chars() {
            match character {
                '\n' => self.press(Key::Enter, Modifiers::NONE),
                _ => self.apply(vec![Event::Text(character.into())]),
            }
        }
        self.settle();
    }

    pub fn press(&self, key: Key, modifiers: Modifiers) {
        let event = |pressed| Event::Key { key, physical_key: None, pressed, repeat: false, modifiers };
        self.apply(vec![event(true)]);
        self.apply(vec![event(false)]);
        self.settle();
    }

    fn apply(&self, events: Vec<Event>) {
        self.ask(&Request::ApplyEvents { events });
    }

    fn settle(&self) {
        self.ask(&Request::Settle { max_steps: 30 });
    }

    fn png(&self) -> Vec<u8> {
        self.settle();
        let Response::Screenshot(png) = self.ask(&Request::GetScreenshot { pixels_per_point: None }) else {
            panic!("no picture of the window")
        };
        png.bytes
    }

    /// Whether more of the window is dark than light.
    pub fn is_dark(&self) -> bool {
        let grey = image::load_from_memory(&self.png()).unwrap().into_luma8();
        let dark = grey.pixels().filter(|pixel| pixel.0[0] < 128).count();
        dark * 2 > grey.pixels().len()
    }

    /// Writes what the screen shows now to `target/screenshots/NAME.png`.
    pub fn picture(&self, name: &str) {
        let png = self.png();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("screenshots");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{name}.png")), png).unwrap();
    }

    /// Waits for the program to end by itself, after it was told to.
    pub fn closed(mut self) -> Outcome {
        self.run.take().unwrap().end()
    }
}

/// All widgets as a list, for a person who wonders why a test failed.
pub fn described(widgets: &[Widget]) -> String {
    let named = widgets.iter().filter(|widget| !widget.label.is_empty() || !widget.value.is_empty());
    named
        .map(|w| {
            format!("  {:?} “{}” = “{}”{}\n", w.role, w.label, w.value, if w.disabled { " (disabled)" } else { "" })
        })
        .collect()
}

fn is_field(widget: &Widget) -> bool {
    matches!(
        widget.role,
        Role::TextInput | Role::MultilineTextInput | Role::PasswordInput | Role::SpinButton | Role::EmailInput
    )
}

fn is_clickable(widget: &Widget) -> bool {
    widget.area.is_some() && !widget.disabled && !matches!(widget.role, Role::Label | Role::TextRun | Role::Window)
}

fn widgets_of(tree: &TreeUpdate) -> Vec<Widget> {
    let label_of = |id: &NodeId| {
        let node = tree.nodes.iter().find(|(other, _)| other == id).map(|(_, node)| node);
        node.and_then(|node| node.value().or(node.label())).unwrap_or_default().to_owned()
    };
    let widget = |(id, node): &(NodeId, Node)| {
        let named = node.label().map(str::to_owned);
        let labelled = || node.labelled_by().iter().map(label_of).collect::<Vec<_>>().join(" ");
        Widget {
            id: *id,
            role: node.role(),
            label: named.unwrap_or_else(labelled),
            value: node.value().unwrap_or_default().to_owned(),
            disabled: node.is_disabled(),
            area: node.bounds(),
        }
    };
    tree.nodes.iter().map(widget).collect()
}
