//! The window: drains the engine's news into the model, draws it, and sends what follows back. Never blocks.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_channel::{Receiver, Sender, TrySendError};

use crate::cli::{self, Arguments};
use crate::desktop;
use crate::desktop::drag::{Drag, Stage};
use crate::engine::{self, Answer, Command, Engine, Request, RequestId, Wake};
use crate::instance;
use crate::page::supervisor::Supervisor;
use crate::profile::{self, Profile};
use crate::secret::Keyring;
use crate::store::Store;
use crate::ui::action::{Action, Theme};
use crate::ui::model::{Look, Model};
use crate::ui::{ViewState, theme, window_ui};

/// The program's name to the desktop: its `.desktop` file is called like it.
const APP_ID: &str = "org.malote.Malote";

/// Answers taken in before a frame is drawn, so that a flood of news cannot stop the drawing.
const ANSWERS_A_FRAME: usize = 256;

/// What a window starts with.
struct Options {
    /// Where geometry and theme are kept.
    folder: PathBuf,
    /// A `mailto:` link to write to at once.
    mailto: Option<String>,
    /// What second starts say: empty, or a `mailto:` link.
    rings: Receiver<String>,
    /// Get mail at once (the demonstration).
    get_mail: bool,
}

/// Opens the window on the person's profile, or on a throw-away one beside the embedded server.
pub fn open(arguments: Arguments) -> ExitCode {
    match open_window(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(words) => {
            words.lines().for_each(cli::complain);
            ExitCode::FAILURE
        }
    }
}

fn open_window(arguments: Arguments) -> Result<(), String> {
    let mailto = arguments.link;
    if arguments.demo {
        return open_demo(mailto);
    }
    let profile = match Profile::open(arguments.profile) {
        Ok(profile) => profile,
        Err(profile::Error::InUse { folder, .. })
            if instance::ring(&profile::socket_path(&folder), &mailto.clone().unwrap_or_default()) =>
        {
            return Err(format!("the profile {} is in use: its window was brought up", folder.display()));
        }
        Err(error) => return Err(cli::in_use_hint(&error)),
    };
    let (ring, rings) = async_channel::bounded(16);
    let wake: Arc<OnceLock<Wake>> = Arc::default();
    let waker = wake.clone();
    let answer = move |words: String| {
        // A window that is closing does not come up again.
        let _ = ring.send_blocking(words);
        if let Some(wake) = waker.get() {
            wake();
        }
    };
    let doorbell = instance::listen(profile::socket_path(&profile.folder), answer);
    if let Err(error) = &doorbell {
        cli::complain(&format!("a second start will not bring this window up: {error}"));
    }
    let options = Options { folder: profile.folder.clone(), mailto, rings, get_mail: false };
    run(options, |engine_wake| {
        let engine_wake: Arc<dyn Fn() + Send + Sync> = engine_wake.into();
        let for_doorbell = engine_wake.clone();
        let _set_once = wake.set(Box::new(move || for_doorbell()));
        let store =
            Store::open(&profile.folder).map_err(|error| engine::opening_store(&error, &profile.folder).to_string())?;
        engine::start(store, Keyring::new(&profile.id), Box::new(move || engine_wake()))
            .map_err(|error| error.to_string())
    })
}

fn open_demo(mailto: Option<String>) -> Result<(), String> {
    let folder = cli::ThrowAway::new().map_err(|failure| failure.to_string())?;
    let demo = crate::demo::start().map_err(|error| error.to_string())?;
    let profile = Profile::open(Some(folder.0.clone())).map_err(|error| error.to_string())?;
    let (_ring, rings) = async_channel::bounded(1);
    let options = Options { folder: profile.folder.clone(), mailto, rings, get_mail: true };
    run(options, |wake| cli::start_demo(&profile, &demo, wake).map_err(|failure| failure.to_string()))
}

/// The words for a computer without a display.
fn without_display(why: &str) -> String {
    format!(
        "no window can be opened here: {}\nWithout a display these commands work: malote account, get, list, search, show, archive, \
         thread, move, tag, undo, delete, undelete, reply, send, import, export, backup, verify, restore, salvage, inspect,\n\
         attachments; “malote help” tells more.\nOn a desktop the window needs \
         X11 (libx11-6 libxcursor1 libxi6 libx11-xcb1 libxkbcommon-x11-0 libgl1) or Wayland (libwayland-client0 \
         libwayland-egl1 libxkbcommon0 libegl1).",
        why.lines().next().and_then(|line| line.rsplit(": ").next()).unwrap_or("there is no display")
    )
}

/// Runs the window until it is closed. `connect` starts the engine; it is given what wakes the window.
///
/// # Errors
/// Words for a person when there is no display, or no way to draw on it.
fn run(options: Options, connect: impl FnOnce(Wake) -> Result<Engine, String>) -> Result<(), String> {
    let has_display = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if cfg!(all(unix, not(target_os = "macos"))) && !has_display("DISPLAY") && !has_display("WAYLAND_DISPLAY") {
        return Err(without_display("neither DISPLAY nor WAYLAND_DISPLAY is set"));
    }
    let viewport = egui::ViewportBuilder::default()
        .with_title("Malote")
        .with_app_id(APP_ID)
        .with_inner_size([1280.0, 800.0])
        .with_min_inner_size([720.0, 460.0])
        .with_icon(icon());
    let native = eframe::NativeOptions {
        viewport,
        renderer: eframe::Renderer::Glow,
        persist_window: true,
        persistence_path: Some(options.folder.join("window.ron")),
        ..eframe::NativeOptions::default()
    };
    let create: eframe::AppCreator<'_> = Box::new(|creation| {
        let ctx = creation.egui_ctx.clone();
        let waker = ctx.clone();
        let engine = connect(Box::new(move || waker.request_repaint()))?;
        Ok(Box::new(App::new(creation, engine, options)))
    });
    // A missing system library ends in a panic of the windowing crates, not in an error; its words are told below.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let opened = Arc::new(AtomicBool::new(false));
    let create = announce(create, opened.clone(), hook);
    let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| eframe::run_native(APP_ID, native, create)));
    match ran {
        Ok(Ok(())) => Ok(()),
        // What went wrong before the window was there is about the display, or about what it was to show.
        Ok(Err(eframe::Error::AppCreation(error))) => Err(error.to_string()),
        Ok(Err(error)) => Err(without_display(&error.to_string())),
        Err(panic) if opened.load(Ordering::Relaxed) => std::panic::resume_unwind(panic),
        Err(panic) => {
            let words = panic.downcast_ref::<String>().cloned();
            let words = words.or_else(|| panic.downcast_ref::<&str>().map(|&words| words.to_owned()));
            Err(without_display(&words.unwrap_or_default()))
        }
    }
}

/// Once the window is there, panics are panics again.
fn announce<'a>(create: eframe::AppCreator<'a>, opened: Arc<AtomicBool>, hook: PanicHook) -> eframe::AppCreator<'a> {
    Box::new(move |creation| {
        std::panic::set_hook(hook);
        opened.store(true, Ordering::Relaxed);
        create(creation)
    })
}

type PanicHook = Box<dyn Fn(&std::panic::PanicHookInfo<'_>) + Send + Sync + 'static>;

fn icon() -> egui::IconData {
    let png = include_bytes!("../assets/malote-256.png");
    eframe::icon_data::from_png_bytes(png).unwrap_or_default()
}

struct App {
    model: Model,
    state: ViewState,
    requests: Sender<Request>,
    answers: Receiver<Answer>,
    rings: Receiver<String>,
    engine: Option<std::thread::JoinHandle<()>>,
    /// Requests that the channel had no room for.
    waiting: VecDeque<Request>,
    get_mail: bool,
    started: std::time::Instant,
    /// A file that is dragged out of the window.
    drag: Option<Drag>,
}

impl App {
    fn new(creation: &eframe::CreationContext<'_>, engine: Engine, options: Options) -> Self {
        egui_extras::install_image_loaders(&creation.egui_ctx);
        theme::install(&creation.egui_ctx);
        let mut model = Model::default();
        let theme = creation.storage.and_then(|storage| storage.get_string("theme"));
        model.theme = theme.map(|kept| Theme::of_kept(&kept)).unwrap_or_default();
        let order = creation.storage.and_then(|storage| storage.get_string("order"));
        model.messages.order = order.and_then(|words| words.parse().ok()).unwrap_or_default();
        let stored = |name| creation.storage.and_then(|storage| storage.get_string(name));
        model.monospace = stored("monospace").as_deref() == Some("yes");
        model.page.as_text = stored("read as").as_deref() == Some("text");
        model.page.zoom_to(stored("page zoom").and_then(|percent| percent.parse().ok()).unwrap_or(100));
        let look = creation.storage.and_then(|storage| storage.get_string("look"));
        model.look = look.map(|kept| Look::of_kept(&kept)).unwrap_or_default();
        model.mailto = options.mailto;
        model.can_drag = desktop::drag::is_possible(creation);
        close_when_told(&creation.egui_ctx);
        // Until the desktop says something, and where it never does.
        creation.egui_ctx.options_mut(|options| options.fallback_theme = egui::Theme::Light);
        let ctx = creation.egui_ctx.clone();
        desktop::follow_color_scheme(move |dark| {
            let theme = if dark { egui::Theme::Dark } else { egui::Theme::Light };
            ctx.options_mut(|options| options.fallback_theme = theme);
            ctx.request_repaint();
        });
        let mut state = ViewState::default();
        let waker = creation.egui_ctx.clone();
        // Without a process for them there are no pages, and messages are read as text.
        if let Ok(pages) = Supervisor::start(Box::new(move || waker.request_repaint())) {
            state.draw_pages_with(Box::new(pages));
        }
        let mut app = Self {
            model,
            state,
            requests: engine.requests,
            answers: engine.answers,
            rings: options.rings,
            engine: Some(engine.thread),
            waiting: VecDeque::new(),
            get_mail: options.get_mail,
            started: std::time::Instant::now(),
            drag: None,
        };
        app.act(Action::Start);
        app
    }

    fn act(&mut self, action: Action) {
        let requests = self.model.act(action);
        self.waiting.extend(requests);
    }

    /// Hands over what there is room for; the rest waits for the next frame.
    fn send(&mut self) {
        while let Some(request) = self.waiting.pop_front() {
            match self.requests.try_send(request) {
                Ok(()) => {}
                Err(TrySendError::Full(request)) => {
                    self.waiting.push_front(request);
                    return;
                }
                Err(TrySendError::Closed(_)) => return,
            }
        }
    }

    fn hear(&mut self, ctx: &egui::Context) {
        for _ in 0..ANSWERS_A_FRAME {
            let Ok(answer) = self.answers.try_recv() else { return };
            let requests = self.model.apply(answer);
            self.waiting.extend(requests);
        }
        ctx.request_repaint();
    }

    /// Hands a file to the person's own program for it; on a thread of its own, for a desktop may take its time.
    fn open_file(&mut self) {
        let Some(file) = self.model.to_open.take() else { return };
        let open = move || open::that_detached(&file).err().map(|error| Action::CouldNotOpen(error.to_string()));
        self.state.asides.begin("opening", open);
    }

    /// A file on its way out of the window, and what the pointer says of it.
    fn drag_file(&mut self, ctx: &egui::Context) {
        if let Some(file) = self.model.to_drag.take() {
            let waker = ctx.clone();
            self.drag = Drag::start(&file, move || waker.request_repaint()).ok();
        }
        self.model.is_dragging = self.drag.is_some();
        let is_broken_off = ctx.input(|input| input.key_pressed(egui::Key::Escape));
        // As long as the button is held, what is outside is told, too.
        let is_inside = ctx.pointer_latest_pos().is_some_and(|at| ctx.content_rect().contains(at));
        let icon = match self.drag.as_ref().map(Drag::stage) {
            None => return,
            Some(stage) if is_broken_off || stage == Stage::Over => {
                self.drag = None;
                return;
            }
            _ if is_inside => egui::CursorIcon::Grabbing,
            Some(Stage::Taken) => egui::CursorIcon::Copy,
            Some(_) => egui::CursorIcon::NoDrop,
        };
        ctx.set_cursor_icon(icon);
    }

    fn ring(&mut self, ctx: &egui::Context) {
        while let Ok(words) = self.rings.try_recv() {
            for command in [egui::ViewportCommand::Minimized(false), egui::ViewportCommand::Focus] {
                ctx.send_viewport_cmd(command);
            }
            if words.starts_with("mailto:") {
                self.act(Action::FollowLink(words));
            }
        }
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        self.hear(ctx);
        self.open_file();
        self.drag_file(ctx);
        self.ring(ctx);
        if self.get_mail && self.model.started && !self.model.accounts.is_empty() {
            self.get_mail = false;
            self.act(Action::GetMail);
        }
        let now = self.started.elapsed().as_secs_f64();
        let requests = self.model.tick(now);
        self.waiting.extend(requests);
        if let Some(next) = self.model.next_tick() {
            ctx.request_repaint_after(Duration::from_secs_f64((next - now).clamp(0.02, 60.0)));
        }
        self.send();
        if !self.waiting.is_empty() {
            ctx.request_repaint_after(Duration::from_millis(20));
        }
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        ui.ctx().set_theme(self.model.theme);
        for action in window_ui(ui, &mut self.model, &mut self.state) {
            if let Action::FollowLink(link) = &action
                && !link.starts_with("mailto:")
            {
                open_in_browser(link.clone());
            }
            self.act(action);
        }
        self.send();
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        storage.set_string("theme", self.model.theme.to_keep().into());
        storage.set_string("monospace", if self.model.monospace { "yes" } else { "no" }.into());
        storage.set_string("look", self.model.look.to_keep());
        storage.set_string("order", self.model.messages.order.to_string());
        storage.set_string("read as", if self.model.page.as_text { "text" } else { "page" }.into());
        storage.set_string("page zoom", self.model.page.zoom_percent.to_string());
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.act(Action::Quit);
        self.send();
        let shutdown = Request { id: RequestId(u64::MAX), command: Command::Shutdown };
        // The window is gone: waiting for room, and for the disk, keeps nobody waiting.
        let _gone = self.requests.send_blocking(shutdown);
        while let Ok(answer) = self.answers.recv_blocking() {
            if answer.answers == Some(RequestId(u64::MAX)) {
                break;
            }
        }
        if let Some(engine) = self.engine.take() {
            let _ended = engine.join();
        }
    }
}

/// A session that ends, or Ctrl+C in the terminal, closes the window properly: the draft is saved, the store closed.
fn close_when_told(ctx: &egui::Context) {
    #[cfg(unix)]
    if let Ok(mut signals) =
        signal_hook::iterator::Signals::new([signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT])
    {
        let ctx = ctx.clone();
        let wait = move || {
            if signals.forever().next().is_some() {
                ctx.send_viewport_cmd(egui::ViewportCommand::Close);
                ctx.request_repaint();
            }
        };
        // Without that thread the signals do what they did before.
        let _ = std::thread::Builder::new().name("signals".into()).spawn(wait);
    }
    #[cfg(not(unix))]
    let _ = ctx;
}

/// Only what may be followed from mail; on a thread of its own, for a browser may take its time.
fn open_in_browser(link: String) {
    if link.starts_with("http://") || link.starts_with("https://") {
        let open = move || {
            // Nothing can be done about a desktop without a browser.
            let _ = webbrowser::open(&link);
        };
        let _ = std::thread::Builder::new().name("browser".into()).spawn(open);
    }
}
