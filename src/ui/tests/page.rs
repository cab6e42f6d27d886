//! Messages with a page, drawn by a make-believe renderer: what is asked of it, and what comes of what a person does.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use egui::accesskit::Role as AccessRole;
use egui::{Event, Key, Modifiers, MouseWheelUnit, OutputCommand, PointerButton, Pos2, Rect, Vec2};
use egui_kittest::kittest::NodeT;

use super::Window;
use crate::page::protocol::{PageId, Renderer, Reply, Request, Selection, Trouble};
use crate::page::{self, Frame, Hit, View};
use crate::store::types::MessageKey;
use crate::ui::action::{Action, Selecting};
use crate::ui::testing::Desk;

/// The height of every page, in pixels at its usual size.
const HEIGHT: f32 = 3000.0;

/// A renderer that answers at once, wakes the window as the real one does, and remembers what it was asked.
#[derive(Clone)]
struct Fake {
    state: Rc<RefCell<State>>,
    window: egui::Context,
}

#[derive(Default)]
struct State {
    asked: Vec<Request>,
    replies: VecDeque<Reply>,
    /// It does not answer any more.
    is_silent: bool,
    words: String,
}

impl Renderer for Fake {
    fn ask(&mut self, request: Request) {
        let reply = {
            let state = &mut *self.state.borrow_mut();
            let reply = if state.is_silent { None } else { state.answer(&request) };
            state.asked.push(request);
            reply
        };
        reply.into_iter().for_each(|reply| self.say(reply));
    }

    fn reply(&mut self) -> Option<Reply> {
        self.state.borrow_mut().replies.pop_front()
    }
}

impl State {
    fn answer(&mut self, request: &Request) -> Option<Reply> {
        let page = request.page();
        Some(match request {
            Request::Load { view, document, .. } => {
                self.words = document.html.clone();
                frame(page, *view)
            }
            Request::View { view, .. } => frame(page, *view),
            Request::Select { .. } | Request::Print { .. } => return None,
            Request::Copy { .. } => Reply::Copied { page, text: "what was selected".into() },
            // One place for each time that the word is there, a screen apart.
            Request::Find { words, .. } => {
                let word = words.trim_end_matches('*');
                let count = if word.is_empty() { 0 } else { self.words.matches(word).count() };
                let place = |n: usize| page::Rect {
                    x_px: 10.0,
                    y_px: 40.0 + 900.0 * n as f32,
                    width_px: 50.0,
                    height_px: 16.0,
                };
                Reply::Found { page, places: (0..count).map(place).collect() }
            }
            // Links lie below each other.
            Request::Hit { at, is_click, .. } => Reply::Hit { page, at: *at, is_click: *is_click, hit: lies_at(at.1) },
        })
    }
}

fn frame(page: PageId, view: View) -> Reply {
    let View { width_px, height_px, scroll_y_px, .. } = view;
    let rgba = vec![0xFF; width_px as usize * height_px as usize * 4];
    Reply::Frame {
        page,
        view,
        frame: Frame { width_px, height_px, scroll_y_px, page_height_px: (HEIGHT * view.scale) as u32, rgba },
    }
}

fn lies_at(y: f32) -> Hit {
    match y {
        50.0..70.0 => Hit::Link("https://example.org/plans".into()),
        70.0..90.0 => Hit::Link("https://evil.test/login".into()),
        90.0..110.0 => Hit::Link("javascript:alert(1)".into()),
        110.0..130.0 => Hit::Link("mailto:ole@example.net".into()),
        130.0..400.0 => Hit::Text,
        _ => Hit::Nothing,
    }
}

impl Fake {
    /// Draws this window's pages from now on.
    fn of(window: &mut Window) -> Self {
        let fake = Self { state: Rc::default(), window: window.0.ctx.clone() };
        window.0.state_mut().view.draw_pages_with(Box::new(fake.clone()));
        fake
    }

    fn asked(&self) -> Vec<Request> {
        std::mem::take(&mut self.state.borrow_mut().asked)
    }

    /// The views that were asked for, first and later ones.
    fn views(&self) -> Vec<View> {
        let view = |request: Request| match request {
            Request::Load { view, .. } | Request::View { view, .. } => Some(view),
            _ => None,
        };
        self.asked().into_iter().filter_map(view).collect()
    }

    fn say(&self, reply: Reply) {
        self.state.borrow_mut().replies.push_back(reply);
        self.window.request_repaint();
    }

    fn be_silent(&self) {
        self.state.borrow_mut().is_silent = true;
    }
}

const PAGE: &str = "From: Ole <ole@example.net>\r\nSubject: A page\r\nContent-Type: text/html\r\n\r\n\
    <p>lunch and lunch and <a href=\"https://evil.test/login\">www.bank.test</a> and lunch</p>\r\n";

fn desk() -> Desk {
    let mut desk = Desk::of(3);
    desk.raw.insert(MessageKey(3), PAGE.into());
    desk.raw.insert(MessageKey(2), PAGE.replace("A page", "Another").replace("lunch", "dinner"));
    desk
}

/// The window with the newest message open, which has a page.
fn reading() -> (Window, Fake) {
    reading_of(desk())
}

fn reading_of(desk: Desk) -> (Window, Fake) {
    let mut window = Window::new(desk);
    let fake = Fake::of(&mut window);
    open(&mut window, 0);
    (window, fake)
}

fn open(window: &mut Window, index: usize) {
    window.meanwhile(|desk| {
        desk.act(Action::Select { index, how: Selecting::Only });
    });
    window.done();
}

/// Where the page lies.
#[track_caller]
fn page(window: &Window) -> Rect {
    window.find(AccessRole::Document, "Page of the message").rect()
}

fn has_page(window: &Window) -> bool {
    window.has(AccessRole::Document, "Page of the message")
}

/// A point of the page in the window.
fn at(window: &Window, x: f32, y: f32) -> Pos2 {
    page(window).min + Vec2::new(x, y)
}

fn point_to(window: &mut Window, pos: Pos2) {
    window.0.event(Event::PointerMoved(pos));
    window.run();
}

fn press(window: &mut Window, pos: Pos2, pressed: bool) {
    let button = PointerButton::Primary;
    window.0.event(Event::PointerButton { pos, button, pressed, modifiers: Modifiers::NONE });
    window.run();
}

fn click(window: &mut Window, x: f32, y: f32) -> Vec<Action> {
    window.done();
    let pos = at(window, x, y);
    point_to(window, pos);
    press(window, pos, true);
    press(window, pos, false);
    window.done()
}

/// What goes into the clipboard in the next frames.
fn copied(window: &mut Window) -> Vec<String> {
    let mut copied = Vec::new();
    for _ in 0..4 {
        window.0.step();
        copied.extend(window.0.output().platform_output.commands.iter().filter_map(|command| match command {
            OutputCommand::CopyText(text) => Some(text.clone()),
            _ => None,
        }));
    }
    copied
}

#[test]
fn a_message_with_html_is_drawn_and_its_words_are_there_for_a_screen_reader() {
    let (window, fake) = reading();
    let node = window.find(AccessRole::Document, "Page of the message");
    assert!(node.accesskit_node().value().is_some_and(|value| value.contains("lunch and lunch")));
    let asked = fake.asked();
    let [Request::Load { document, view, .. }, rest @ ..] = asked.as_slice() else { panic!("{asked:?}") };
    assert!(document.html.starts_with("<!--") && document.html.contains("lunch"), "{document:?}");
    assert!(rest.len() <= 1, "the size is known after the first frame, and then nothing is left to do: {rest:?}");
    assert!(view.width_px > 500 && view.height_px > 300 && view.scale == 1.0, "{view:?}");
}

#[test]
fn without_a_renderer_and_without_html_messages_are_text() {
    let mut window = Window::new(desk());
    open(&mut window, 0);
    assert!(!has_page(&window));
    window.sees("lunch and lunch");
    assert!(!window.has(AccessRole::Button, "Page"));
    let (mut window, fake) = reading();
    fake.asked();
    open(&mut window, 2);
    assert!(!has_page(&window) && !window.has(AccessRole::Button, "Page"));
    window.sees("Text of message 1.");
    assert_eq!(fake.asked(), []);
}

#[test]
fn page_and_text_can_be_chosen_and_the_choice_stays() {
    let (mut window, fake) = reading();
    window.press_button("Text");
    assert_eq!(window.done(), [Action::ReadAsText(true)]);
    assert!(!has_page(&window));
    window.sees("lunch and lunch");
    open(&mut window, 1);
    assert!(!has_page(&window));
    fake.asked();
    window.press_button("Page");
    assert!(has_page(&window));
    assert!(matches!(fake.asked().as_slice(), [Request::Load { .. }, ..]));
}

#[test]
fn scrolling_asks_for_what_comes_into_sight_and_not_for_every_pixel() {
    let (mut window, fake) = reading();
    fake.asked();
    let pos = at(&window, 200.0, 200.0);
    point_to(&mut window, pos);
    let before = page(&window).top();
    for _ in 0..20 {
        let delta = Vec2::new(0.0, -50.0);
        let (unit, modifiers) = (MouseWheelUnit::Point, Modifiers::NONE);
        window.0.event(Event::MouseWheel {
            unit,
            delta,
            modifiers,
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Wheel,
        });
        window.run();
    }
    let gone = before - page(&window).top();
    assert!(gone > 700.0, "{gone}");
    let views = fake.views();
    assert!((2..=12).contains(&views.len()), "{views:?}");
    let last = views.last().unwrap();
    let top = gone - (before - 60.0);
    assert!(
        (last.scroll_y_px as f32) < top + 10.0 && (last.scroll_y_px + last.height_px) as f32 > top + 600.0,
        "{last:?}"
    );
}

#[test]
fn space_reads_on_and_in_the_page_the_keys_are_about_the_page() {
    let (mut window, _fake) = reading();
    let top = |window: &Window| page(window).top();
    let begin = top(&window);
    assert_eq!(window.key(Modifiers::NONE, Key::Space), []);
    let after_space = top(&window);
    assert!(after_space < begin - 300.0, "{begin} {after_space}");
    window.key(Modifiers::SHIFT, Key::Space);
    assert_eq!(top(&window), begin);
    assert!(window.key(Modifiers::NONE, Key::PageDown).iter().any(|done| matches!(done, Action::MoveCursor { .. })));
    open(&mut window, 0);
    let begin = top(&window);
    click(&mut window, 300.0, 300.0);
    for (key, is_below) in
        [(Key::PageDown, true), (Key::PageUp, false), (Key::ArrowDown, true), (Key::End, true), (Key::Home, false)]
    {
        assert_eq!(window.key(Modifiers::NONE, key), [], "{key:?}");
        assert_eq!(top(&window) < begin - 20.0, is_below, "{key:?}");
    }
    assert!(!window.key(Modifiers::NONE, Key::J).is_empty(), "letters are the list's still");
}

#[test]
fn links_show_their_target_and_are_followed_as_in_text() {
    let (mut window, _fake) = reading();
    let pos = at(&window, 30.0, 60.0);
    point_to(&mut window, pos);
    window.sees("https://example.org/plans");
    let follow = |target: &str| vec![Action::FollowLink(target.into())];
    assert_eq!(click(&mut window, 30.0, 60.0), follow("https://example.org/plans"));
    assert_eq!(click(&mut window, 30.0, 100.0), [], "no script");
    window.sees("javascript:alert(1)");
    assert_eq!(click(&mut window, 30.0, 120.0), follow("mailto:ole@example.net"));
}

#[test]
fn a_link_that_says_another_host_asks_first() {
    let (mut window, _fake) = reading();
    for (answer, followed) in [("Do not open it", false), ("Open it all the same", true)] {
        let done = click(&mut window, 30.0, 80.0);
        assert!(matches!(done.as_slice(), [Action::AskAboutLink(_)]), "{done:?}");
        for words in ["is not what it seems", "says “www.bank.test”", "https://evil.test/login"] {
            window.sees(words);
        }
        window.press_button(answer);
        let done = window.done();
        assert_eq!(done.contains(&Action::FollowLink("https://evil.test/login".into())), followed, "{done:?}");
        assert!(!window.shows("is not what it seems"));
    }
}

#[test]
fn text_is_selected_by_drawing_over_it_and_copied() {
    let (mut window, fake) = reading();
    let (from, to) = (at(&window, 20.0, 140.0), at(&window, 200.0, 190.0));
    fake.asked();
    point_to(&mut window, from);
    press(&mut window, from, true);
    for share in [0.3, 0.6, 1.0] {
        point_to(&mut window, from + (to - from) * share);
    }
    press(&mut window, to, false);
    let selected: Vec<Selection> = fake
        .asked()
        .into_iter()
        .filter_map(|request| if let Request::Select { selection, .. } = request { Some(selection) } else { None })
        .collect();
    assert_eq!(selected.last(), Some(&Selection::Between((20.0, 140.0), (200.0, 190.0))), "{selected:?}");
    window.0.event(Event::Copy);
    assert_eq!(copied(&mut window), ["what was selected"]);
    assert_eq!(window.key(Modifiers::COMMAND, Key::A), [], "not all messages");
    assert!(fake.asked().iter().any(|request| matches!(request, Request::Select { selection: Selection::All, .. })));
    click(&mut window, 300.0, 300.0);
    let asked = fake.asked();
    assert!(asked.iter().any(|request| matches!(request, Request::Select { selection: Selection::Nothing, .. })));
    window.0.event(Event::Copy);
    assert_eq!(copied(&mut window), Vec::<String>::new(), "nothing is selected any more");
}

#[test]
fn what_was_searched_for_is_marked_in_the_page_and_gone_through() {
    let mut window = Window::new(desk());
    let fake = Fake::of(&mut window);
    window.key(Modifiers::COMMAND, Key::F);
    for letter in "lunch".chars() {
        window.0.event(Event::Text(letter.into()));
        window.run();
    }
    window.key(Modifiers::NONE, Key::Enter);
    window.sees("1 of 3 in this message");
    let found = fake.asked().into_iter().filter(|request| matches!(request, Request::Find { .. })).count();
    assert!((1..=2).contains(&found), "once for each search, not for each frame: {found}");
    let begin = page(&window).top();
    window.key(Modifiers::NONE, Key::F3);
    window.sees("2 of 3 in this message");
    assert!(page(&window).top() < begin - 300.0, "it came into sight");
    window.key(Modifiers::SHIFT, Key::F3);
    window.key(Modifiers::SHIFT, Key::F3);
    window.sees("3 of 3 in this message");
    window.key(Modifiers::NONE, Key::Escape);
    assert!(!window.shows("in this message"));
}

#[test]
fn a_page_that_cannot_be_drawn_is_read_as_text_with_a_word_on_why_and_tried_again_on_request() {
    let (mut window, fake) = reading();
    fake.be_silent();
    open(&mut window, 1);
    let asked = fake.asked();
    let Some(Request::Load { page, .. }) = asked.iter().rfind(|request| matches!(request, Request::Load { .. })) else {
        panic!("{asked:?}")
    };
    assert!(has_page(&window), "there is a place for it until something is known");
    // What is said of the page before does not matter any more.
    fake.say(Reply::Refused { page: PageId(page.0 - 1), why: Trouble::Broken });
    window.run();
    assert!(has_page(&window));
    fake.say(Reply::Refused { page: *page, why: Trouble::TooSlow });
    window.run();
    assert_eq!(window.done(), [Action::PageFailed(MessageKey(2), Trouble::TooSlow)]);
    assert!(!has_page(&window));
    window.sees("dinner and dinner");
    window.sees("takes too long to draw");
    assert_eq!(fake.asked(), [], "it is left alone");
    window.press_button("Page");
    assert!(has_page(&window) && !window.shows("takes too long"));
    assert!(matches!(fake.asked().as_slice(), [Request::Load { .. }, ..]));
}

#[test]
fn a_page_is_made_larger_and_smaller_by_itself() {
    let (mut window, fake) = reading();
    fake.asked();
    let zoomed = |window: &mut Window, key, scale: f32| {
        let done = window.key(Modifiers::COMMAND, key);
        assert!(matches!(done.as_slice(), [Action::ZoomPage(_)]), "{done:?}");
        assert_eq!(fake.views().last().map(|view| view.scale), Some(scale), "{key:?}");
        assert_eq!(window.0.ctx.zoom_factor(), 1.0, "not the whole window");
    };
    zoomed(&mut window, Key::Plus, 1.1);
    zoomed(&mut window, Key::Plus, 1.25);
    zoomed(&mut window, Key::Minus, 1.1);
    zoomed(&mut window, Key::Num0, 1.0);
}

#[test]
fn pages_are_asked_for_in_the_colours_of_the_theme() {
    let (mut window, fake) = reading();
    assert!(fake.views().iter().all(|view| !view.dark));
    window.0.ctx.set_theme(egui::Theme::Dark);
    window.run();
    assert!(fake.views().last().is_some_and(|view| view.dark));
}

#[test]
fn a_frame_without_its_pixels_is_no_frame() {
    let (mut window, fake) = reading();
    fake.be_silent();
    open(&mut window, 1);
    let asked = fake.asked();
    let page = asked.iter().rfind(|request| matches!(request, Request::Load { .. })).map(Request::page).unwrap();
    let Reply::Frame { view, frame, .. } =
        frame(page, View { width_px: 10, height_px: 10, scale: 1.0, scroll_y_px: 0, dark: false })
    else {
        unreachable!()
    };
    for frame in [Frame { rgba: vec![0; 7], ..frame.clone() }, Frame { width_px: 0, rgba: Vec::new(), ..frame }] {
        fake.say(Reply::Frame { page, view, frame });
        window.run();
    }
    assert!(has_page(&window));
}
