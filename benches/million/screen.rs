//! The window over that store: what a frame costs, and what a person's first actions cost the window's thread.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use egui_kittest::Harness;
use malote::engine::{Answer, Event, Request, RequestId};
use malote::store::types::{Filter, Flag, MailboxView, Role, SortBy, SortOrder};
use malote::ui::action::{Action, Selecting};
use malote::ui::model::Model;
use malote::ui::{ViewState, theme, window_ui};

use super::meter::{forget_peak, peak_mb, thread_cpu_ms};
use super::{Bench, Desk, memory};

struct Screen {
    model: Model,
    view: ViewState,
    waiting: Vec<Request>,
}

struct Window<'a> {
    harness: Harness<'static, Screen>,
    desk: &'a Desk,
    /// Asked, and not answered yet: what a person does is durable when it is answered.
    asked: HashSet<RequestId>,
}

/// However long an answer may take.
const PATIENCE: Duration = Duration::from_secs(600);

pub fn run(bench: &Bench) {
    let small = tempfile::tempdir().unwrap();
    let of_small = Bench { folder: small.path().to_owned(), count: 1000, generator: super::Generator::new(1000) };
    of_small.build();
    of_small.index();
    println!();
    forget_peak();
    for bench in [&of_small, bench] {
        let desk = Desk::new(bench.store());
        let mut window = Window::new(&desk);
        window.look();
        drop(window);
        desk.close();
        println!("    peak {:.0} MB", peak_mb());
    }
}

impl<'a> Window<'a> {
    fn new(desk: &'a Desk) -> Self {
        let screen = Screen { model: Model::default(), view: ViewState::default(), waiting: Vec::new() };
        let draw = |ui: &mut egui::Ui, screen: &mut Screen| {
            for action in window_ui(ui, &mut screen.model, &mut screen.view) {
                let requests = screen.model.act(action);
                screen.waiting.extend(requests);
            }
        };
        let set_up = |ctx: &egui::Context| {
            egui_extras::install_image_loaders(ctx);
            theme::install(ctx);
        };
        // The fonts of the machine are its own business.
        let builder = Harness::builder().with_size(egui::Vec2::new(1280.0, 800.0)).allow_missing_glyphs();
        let builder = builder.with_context_setup(set_up);
        Self { harness: builder.build_ui_state(draw, screen), desk, asked: HashSet::new() }
    }

    fn look(&mut self) {
        let start = self.act("start", Action::Start);
        let count = self.model().messages.keys.len();
        println!("window of {count} rows, {start}, resident {}", memory());
        let mut frames = Vec::new();
        for _ in 0..100 {
            // Further down each time, so far that all rows there are others: what is remembered of them helps neither list.
            let by = isize::try_from(count / 100).unwrap_or(isize::MAX);
            self.act("look", Action::MoveCursor { by, extend: false });
            for _ in 0..3 {
                let before = thread_cpu_ms();
                self.harness.step();
                frames.push(thread_cpu_ms() - before);
                self.hear(Duration::ZERO);
            }
        }
        frames.sort_by(f64::total_cmp);
        println!(
            "    a frame, ms of CPU: median {:.2}, p95 {:.2}, worst {:.2}; resident {}",
            frames[frames.len() / 2],
            frames[frames.len() * 95 / 100],
            frames[frames.len() - 1],
            memory()
        );
        let changed = self.apply(Answer { answers: None, event: Event::MailChanged });
        println!("    other mail: {changed}");
        for (what, action) in [
            ("by sender", Action::Sort(SortOrder { by: SortBy::Sender, reversed: false })),
            ("by subject", Action::Sort(SortOrder { by: SortBy::Subject, reversed: false })),
            ("by size", Action::Sort(SortOrder { by: SortBy::Size, reversed: false })),
            ("select the largest", Action::Select { index: 0, how: Selecting::Only }),
            ("archive it", Action::MoveSelected(Role::Archive)),
            ("the oldest first", Action::Sort(SortOrder { by: SortBy::Date, reversed: true })),
            ("the newest first", Action::Sort(SortOrder::default())),
            ("search for the", Action::Search("the".into())),
            ("back to the mailbox", Action::EndSearch),
            ("only what is unread", Action::Filter(Filter { unread: true, ..Filter::default() })),
            ("only what has attachments", Action::Filter(Filter { attachment: true, ..Filter::default() })),
            ("all again", Action::Filter(Filter::default())),
            ("group by conversation", Action::SetGrouped(true)),
            ("each message again", Action::SetGrouped(false)),
            ("select all", Action::SelectAll),
            ("mark one", Action::Select { index: 7, how: Selecting::Only }),
            ("archive one", Action::MoveSelected(Role::Archive)),
            ("select all", Action::SelectAll),
        ] {
            let words = self.act(what, action);
            println!("    {words}");
        }
        let changed = self.apply(Answer { answers: None, event: Event::MailChanged });
        println!("    other mail while all are selected: {changed}");
        let hundred_thousand = Action::Select { index: 99_999.min(count - 1), how: Selecting::Range };
        for (what, action) in [
            ("select the first", Action::Select { index: 0, how: Selecting::Only }),
            ("select 100,000", hundred_thousand.clone()),
            ("star these", Action::SetFlag(Flag::Starred, true)),
            ("undo", Action::Undo),
            ("select the first", Action::Select { index: 0, how: Selecting::Only }),
            ("select 100,000", hundred_thousand),
            ("delete these", Action::MoveSelected(Role::Trash)),
            ("undo", Action::Undo),
            ("select all", Action::SelectAll),
            ("star all", Action::SetFlag(Flag::Starred, true)),
            ("undo", Action::Undo),
            ("select all", Action::SelectAll),
            ("delete all", Action::MoveSelected(Role::Trash)),
            ("undo", Action::Undo),
        ] {
            let words = self.act(what, action);
            println!("    {words}");
        }
        let archive = MailboxView { role: Role::Archive, account: None };
        println!("    {}", self.act("open another mailbox", Action::ShowMailbox(archive)));
    }

    fn model(&mut self) -> &mut Model {
        &mut self.harness.state_mut().model
    }

    /// Does it, lets the engine answer until all is answered and nothing is asked any more; what it cost the window's thread, and until then.
    fn act(&mut self, what: &str, action: Action) -> String {
        let before = thread_cpu_ms();
        let requests = self.model().act(action);
        let acting = thread_cpu_ms() - before;
        self.harness.state_mut().waiting.extend(requests);
        format!("{what}: {acting:.2} ms at once, {}", self.settle())
    }

    fn apply(&mut self, answer: Answer) -> String {
        let requests = self.model().apply(answer);
        self.harness.state_mut().waiting.extend(requests);
        self.settle()
    }

    fn settle(&mut self) -> String {
        let begun = Instant::now();
        let (mut applying, mut worst) = (0.0_f64, 0.0_f64);
        let mut quiet = 0;
        let mut last = begun;
        while quiet < 2 || !self.asked.is_empty() && begun.elapsed() < PATIENCE {
            let spent = self.hear(Duration::from_millis(150));
            if spent.is_empty() {
                quiet += 1;
            } else {
                quiet = 0;
                last = Instant::now();
            }
            for ms in spent {
                applying += ms;
                worst = worst.max(ms);
            }
        }
        let wall = last.duration_since(begun).as_secs_f64() * 1e3;
        format!(
            "then {applying:.2} ms of the window's thread (at most {worst:.2} at once), all done and stored after {wall:.0} ms{}",
            if self.asked.is_empty() { "" } else { " (not all is answered)" }
        )
    }

    /// Sends what waits, takes in what comes within that time; what each answer cost.
    fn hear(&mut self, wait: Duration) -> Vec<f64> {
        for request in std::mem::take(&mut self.harness.state_mut().waiting) {
            self.asked.insert(request.id);
            self.desk.engine.requests.send_blocking(request).unwrap();
        }
        let mut spent = Vec::new();
        let until = Instant::now() + wait;
        loop {
            let Ok(answer) = self.desk.engine.answers.try_recv() else {
                if Instant::now() >= until || !spent.is_empty() {
                    return spent;
                }
                std::thread::sleep(Duration::from_millis(2));
                continue;
            };
            if let Some(id) = answer.answers {
                self.asked.remove(&id);
            }
            let before = thread_cpu_ms();
            let requests = self.model().apply(answer);
            spent.push(thread_cpu_ms() - before);
            self.harness.state_mut().waiting.extend(requests);
        }
    }
}
