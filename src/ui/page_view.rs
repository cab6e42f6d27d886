//! A message's page in the reading pane. Another process draws it, a little more than what is in sight; here its pixels are put
//! where they belong, and what a person does with pointer and keyboard is handed on. Nothing waits: until the next frame has
//! come the last one is shown, at the place that it was drawn for.

mod part;

use std::sync::Arc;

use egui::accesskit::Role as AccessRole;
use egui::{
    Color32, ColorImage, Context, CornerRadius, CursorIcon, EventFilter, Id, Key, Modifiers, Pos2, Rect, Response,
    Sense, Shape, Stroke, StrokeKind, TextureHandle, TextureOptions, Ui, Vec2, WidgetInfo,
};

use super::action::Action;
use super::keys;
use super::model::{LinkDialog, Model};
use super::theme::{Palette, palette};
use crate::engine::MessagePage;
use crate::page::protocol::{PageId, Renderer, Reply, Request, Selection};
use crate::page::{self, Frame, Hit, View};
use crate::store::types::MessageKey;

use part::Sight;

/// Seconds without a frame after which something is shown in its place: most pages are there before.
const SKELETON_AFTER: f64 = 0.15;
/// Letters of a page's text that are told to a screen reader.
const MOST_SPOKEN: usize = 200_000;
/// What is seen first of a page whose height is not known yet, points.
const LEAST_HEIGHT: f32 = 240.0;

/// The page, as egui knows it: where the keyboard is when a person has clicked into it.
pub fn id() -> Id {
    Id::unique("the page of the message")
}

/// The line to whoever draws, and the page that is open.
#[derive(Default)]
pub struct PageView {
    renderer: Option<Box<dyn Renderer>>,
    last: PageId,
    open: Option<Open>,
    /// The frame in which it was said that the page cannot be drawn: the model does not know it before the frame is over.
    refused_in: Option<u64>,
}

struct Open {
    id: PageId,
    key: MessageKey,
    page: Arc<MessagePage>,
    /// When it was opened, in seconds of the window.
    since: f64,
    /// What was asked for last; None: nothing yet.
    asked: Option<View>,
    shown: Option<Shown>,
    /// How many times as high as before the page has become because it is drawn larger or narrower: what is read is to stay.
    grown: Option<f32>,
    /// Where the pointer was last, in pixels of the page, and what is there.
    pointed: Option<(f32, f32)>,
    hit: Hit,
    /// Where the selection begins that is being drawn.
    drawn_from: Option<(f32, f32)>,
    selection: Selection,
    /// What is searched for, and where it stands.
    words: String,
    places: Vec<page::Rect>,
    current: usize,
    gone_to: Option<usize>,
}

/// A frame on its way to the screen.
struct Shown {
    texture: TextureHandle,
    size_px: (u32, u32),
    scroll_y_px: u32,
    page_height_px: u32,
    /// As [`View::scale`].
    scale: f32,
    /// The page's own colour, for what was not drawn yet.
    ground: Color32,
}

impl PageView {
    /// From now on pages are drawn by it; before that there are none, and messages are read as text.
    pub fn draw_with(&mut self, renderer: Box<dyn Renderer>) {
        self.renderer = Some(renderer);
    }

    pub fn can_draw(&self) -> bool {
        self.renderer.is_some()
    }

    /// Takes in what has come from whoever draws.
    pub fn hear(&mut self, ctx: &Context, actions: &mut Vec<Action>) {
        while let Some(reply) = self.renderer.as_mut().and_then(|renderer| renderer.reply()) {
            let Some(open) = self.open.as_mut().filter(|open| reply.page() == Some(open.id)) else { continue };
            match reply {
                Reply::Ready | Reply::Printed { .. } => {}
                Reply::Frame { frame, view, .. } => open.take(ctx, &frame, view.scale),
                Reply::Hit { at, is_click, hit, .. } => open.hit(at, is_click, hit, actions),
                Reply::Copied { text, .. } => ctx.copy_text(text),
                Reply::Found { places, .. } => (open.places, open.gone_to) = (places, None),
                Reply::Refused { why, .. } => {
                    actions.push(Action::PageFailed(open.key, why));
                    self.open = None;
                    self.refused_in = Some(ctx.cumulative_frame_nr());
                }
            }
        }
    }

    /// Looks for this in the page, once for each, and goes to the place that is so many steps from the first.
    pub fn find(&mut self, words: &str, steps: isize) {
        let Some(open) = self.open.as_mut().filter(|open| open.asked.is_some()) else { return };
        if open.words != words {
            open.words = words.to_owned();
            open.places.clear();
            let (page, words) = (open.id, words.to_owned());
            self.ask(Request::Find { page, words });
        }
        if let Some(open) = &mut self.open {
            let count = isize::try_from(open.places.len()).unwrap_or(isize::MAX);
            open.current = usize::try_from(steps.checked_rem_euclid(count).unwrap_or_default()).unwrap_or_default();
        }
    }

    /// Places that were found, and which of them was gone to.
    pub fn found(&self) -> (usize, usize) {
        self.open.as_ref().map(|open| (open.places.len(), open.current)).unwrap_or_default()
    }

    fn ask(&mut self, request: Request) {
        if let Some(renderer) = &mut self.renderer {
            renderer.ask(request);
        }
    }

    /// Draws the page as wide as there is room. The target of a link under the pointer goes to `hovered`.
    pub fn page_ui(
        &mut self,
        ui: &mut Ui,
        model: &Model,
        page: &Arc<MessagePage>,
        hovered: &mut Option<String>,
        actions: &mut Vec<Action>,
    ) {
        let Some(message) = &model.reading.message else { return };
        if self.refused_in == Some(ui.ctx().cumulative_frame_nr()) {
            return;
        }
        self.open(ui, message.row.key, page);
        let Some(open) = &mut self.open else { return };
        let palette = palette(ui);
        let sight = open.sight(ui, model);
        let is_moved = open.stay(ui, &sight);
        let response = ui.interact(sight.page, id(), Sense::click_and_drag());
        ui.advance_cursor_after_rect(sight.page);
        describe(ui, &response, &message.view.readable);
        open.paint(ui, &sight, palette);
        let wanted = if is_moved { None } else { open.view_wanted(&sight) };
        let mut requests = wanted.into_iter().collect::<Vec<_>>();
        if open.shown.is_some() {
            open.point(ui, &response, &sight, hovered, &mut requests);
            open.select(ui, &response, &sight, &mut requests);
            open.menu(&response, &mut requests, actions);
            if !keys::is_in_dialog(model) {
                open.press(ui, &response, &mut requests, actions);
            }
            open.go_to_place(ui, &sight);
        }
        requests.into_iter().for_each(|request| self.ask(request));
    }

    fn open(&mut self, ui: &Ui, key: MessageKey, page: &Arc<MessagePage>) {
        if self.open.as_ref().is_some_and(|open| open.key == key && Arc::ptr_eq(&open.page, page)) {
            return;
        }
        self.last.0 += 1;
        self.open = Some(Open {
            id: self.last,
            key,
            page: page.clone(),
            since: ui.input(|input| input.time),
            asked: None,
            shown: None,
            grown: None,
            pointed: None,
            hit: Hit::Nothing,
            drawn_from: None,
            selection: Selection::Nothing,
            words: String::new(),
            places: Vec::new(),
            current: 0,
            gone_to: None,
        });
    }
}

impl Open {
    fn take(&mut self, ctx: &Context, frame: &Frame, scale: f32) {
        let size = [frame.width_px as usize, frame.height_px as usize];
        // The other side promises that; a picture that is none would end the program here.
        if size.contains(&0) || size.iter().product::<usize>() * 4 != frame.rgba.len() {
            return;
        }
        let image = ColorImage::from_rgba_premultiplied(size, &frame.rgba);
        let ground = image.pixels.first().copied().unwrap_or(Color32::WHITE);
        let texture = match self.shown.take() {
            Some(mut shown) => {
                if (shown.scale, shown.size_px.0) != (scale, frame.width_px) && shown.page_height_px > 0 {
                    #[allow(clippy::cast_precision_loss)] // a ratio
                    let grown = frame.page_height_px as f32 / shown.page_height_px as f32;
                    self.grown = Some(self.grown.unwrap_or(1.0) * grown);
                }
                shown.texture.set(image, TextureOptions::NEAREST);
                shown.texture
            }
            None => ctx.load_texture("page", image, TextureOptions::NEAREST),
        };
        self.shown = Some(Shown {
            texture,
            size_px: (frame.width_px, frame.height_px),
            scroll_y_px: frame.scroll_y_px,
            page_height_px: frame.page_height_px,
            scale,
            ground,
        });
    }

    fn hit(&mut self, at: (f32, f32), is_click: bool, hit: Hit, actions: &mut Vec<Action>) {
        if let (true, Hit::Link(target)) = (is_click, &hit) {
            self.follow(target, actions);
        }
        if self.pointed == Some(at) {
            self.hit = hit;
        }
    }

    /// As links in text are followed; one that is not what it seems asks first.
    fn follow(&self, target: &str, actions: &mut Vec<Action>) {
        if !is_followed(target) {
            return;
        }
        let target = target.to_owned();
        let warnings = self.page.warnings_of(&target);
        actions.push(if warnings.is_empty() {
            Action::FollowLink(target)
        } else {
            Action::AskAboutLink(LinkDialog { warnings, target })
        });
    }

    /// Where the page lies, and what of it is in sight.
    fn sight(&self, ui: &Ui, model: &Model) -> Sight {
        let scale = ui.pixels_per_point();
        let place = ui.available_rect_before_wrap();
        let height_px = self.shown.as_ref().map(|shown| shown.page_height_px);
        let unknown = || (ui.clip_rect().bottom() - place.top()).max(LEAST_HEIGHT) - 28.0;
        #[allow(clippy::cast_precision_loss)] // less than a pixel, below a page of millions
        let height = height_px.map_or_else(unknown, |height| height as f32 / scale);
        Sight {
            page: part::on_pixels(Rect::from_min_size(place.min, Vec2::new(place.width(), height)), scale),
            clip: ui.clip_rect(),
            pixels_per_point: scale,
            zoom: model.page.zoom_factor(),
            dark: ui.visuals().dark_mode,
            most_px: u32::try_from(ui.input(|input| input.max_texture_side)).unwrap_or(2048),
            height_px,
        }
    }

    /// Keeps what is read at the upper edge where it is when the page is drawn in another size; whether it had to be moved.
    fn stay(&mut self, ui: &Ui, sight: &Sight) -> bool {
        let Some(grown) = self.grown.take() else { return false };
        let above = sight.clip.top() - sight.page.top();
        let is_moved = above > 0.0 && grown != 1.0;
        if is_moved {
            let delta = Vec2::new(0.0, above * (1.0 - grown));
            ui.scroll_with_delta_animation(delta, egui::style::ScrollAnimation::none());
            // Not even for a moment is it seen elsewhere.
            ui.ctx().request_discard("the page has another size");
        }
        is_moved
    }

    fn view_wanted(&mut self, sight: &Sight) -> Option<Request> {
        let view = sight.view_wanted(self.asked)?;
        let is_first = self.asked.replace(view).is_none();
        let (page, document) = (self.id, self.page.document.clone());
        Some(if is_first { Request::Load { page, view, document } } else { Request::View { page, view } })
    }

    fn paint(&self, ui: &Ui, sight: &Sight, palette: Palette) {
        let painter = ui.painter().with_clip_rect(sight.page.intersect(sight.clip));
        match &self.shown {
            Some(shown) => {
                painter.rect_filled(sight.page, CornerRadius::ZERO, shown.ground);
                let place = sight.on_screen(0.0, shown.scroll_y_px, shown.size_px);
                let whole = Rect::from_min_max(Pos2::ZERO, Pos2::new(1.0, 1.0));
                painter.image(shown.texture.id(), place, whole, Color32::WHITE);
                if let Some(place) = self.places.get(self.current) {
                    let place = sight.of_page(place).expand(2.0);
                    let stroke = Stroke::new(2.0, palette.accent);
                    painter.rect_stroke(place, CornerRadius::same(4), stroke, StrokeKind::Outside);
                }
            }
            None => {
                let waited = ui.input(|input| input.time) - self.since;
                if waited < SKELETON_AFTER {
                    ui.ctx().request_repaint_after_secs((SKELETON_AFTER - waited) as f32);
                } else {
                    painter.extend(skeleton(sight.page, palette));
                }
            }
        }
        // A sheet of paper on the dark ground; on the light one it needs no edge.
        if palette.dark {
            let stroke = Stroke::new(1.0, palette.line);
            ui.painter().rect_stroke(sight.page, CornerRadius::same(4), stroke, StrokeKind::Outside);
        }
    }

    /// The pointer moves: what is below it?
    fn point(
        &mut self,
        ui: &Ui,
        response: &Response,
        sight: &Sight,
        hovered: &mut Option<String>,
        requests: &mut Vec<Request>,
    ) {
        let Some(pos) = response.hover_pos() else {
            (self.pointed, self.hit) = (None, Hit::Nothing);
            return;
        };
        let at = sight.to_page(pos);
        if self.pointed != Some(at) {
            self.pointed = Some(at);
            requests.push(Request::Hit { page: self.id, at, is_click: false });
        }
        match &self.hit {
            Hit::Link(target) => {
                if is_followed(target) {
                    ui.set_cursor_icon(CursorIcon::PointingHand);
                }
                *hovered = Some(target.clone());
            }
            Hit::Text => ui.set_cursor_icon(CursorIcon::Text),
            Hit::Nothing => {}
        }
    }

    fn select(&mut self, ui: &Ui, response: &Response, sight: &Sight, requests: &mut Vec<Request>) {
        // A key on what has the keyboard is a click as well, for egui.
        let is_clicked = response.clicked() && ui.input(|input| input.pointer.any_click());
        if response.drag_started() || is_clicked {
            response.request_focus();
        }
        if let Some(pos) = response.interact_pointer_pos().filter(|_| is_clicked) {
            requests.push(Request::Hit { page: self.id, at: sight.to_page(pos), is_click: true });
            self.set_selection(Selection::Nothing, requests);
        }
        if response.drag_started_by(egui::PointerButton::Primary) {
            self.drawn_from = ui.input(|input| input.pointer.press_origin()).map(|pos| sight.to_page(pos));
        }
        if response.drag_stopped() {
            self.drawn_from = None;
        }
        if let (Some(from), Some(pos)) = (self.drawn_from, response.interact_pointer_pos()) {
            self.set_selection(Selection::Between(from, sight.to_page(pos)), requests);
            // Beyond the edge the page comes along.
            let beyond = (pos.y - sight.clip.bottom()).max(0.0) + (pos.y - sight.clip.top()).min(0.0);
            if beyond != 0.0 {
                ui.scroll_with_delta_animation(
                    Vec2::new(0.0, -beyond.clamp(-40.0, 40.0)),
                    egui::style::ScrollAnimation::none(),
                );
                ui.request_repaint();
            }
        }
    }

    fn set_selection(&mut self, selection: Selection, requests: &mut Vec<Request>) {
        if self.selection != selection {
            self.selection = selection;
            requests.push(Request::Select { page: self.id, selection });
        }
    }

    fn menu(&mut self, response: &Response, requests: &mut Vec<Request>, actions: &mut Vec<Action>) {
        let target = if let Hit::Link(target) = &self.hit { Some(target.clone()) } else { None };
        let id = Id::unique("link in the menu");
        if response.secondary_clicked() {
            response.ctx.data_mut(|data| data.insert_temp(id, target));
        }
        response.context_menu(|ui| {
            let target = ui.data(|data| data.get_temp::<Option<String>>(id)).flatten();
            if let Some(target) = target.filter(|target| is_followed(target)) {
                if ui.button("Open the link").clicked() {
                    self.follow(&target, actions);
                }
                if ui.button("Copy the link’s address").clicked() {
                    ui.copy_text(target.strip_prefix("mailto:").unwrap_or(&target).to_owned());
                }
                ui.separator();
            }
            let is_something = self.selection != Selection::Nothing;
            if ui.add_enabled(is_something, egui::Button::new("Copy")).clicked() {
                requests.push(Request::Copy { page: self.id });
            }
            if ui.button("Select all of the page").clicked() {
                self.set_selection(Selection::All, requests);
            }
            ui.separator();
            if ui.button("Save as PDF…").clicked() {
                actions.push(Action::AskWhereToPrint);
            }
        });
    }

    /// Keys that are the page's own while it has the keyboard, and those for its size whenever it is there.
    fn press(&mut self, ui: &Ui, response: &Response, requests: &mut Vec<Request>, actions: &mut Vec<Action>) {
        use egui::gui_zoom::kb_shortcuts::{ZOOM_IN, ZOOM_IN_SECONDARY, ZOOM_OUT, ZOOM_RESET};
        // Taken away, or the whole window would grow as well.
        for (shortcut, steps) in [(ZOOM_RESET, 0), (ZOOM_IN, 1), (ZOOM_IN_SECONDARY, 1), (ZOOM_OUT, -1)] {
            if ui.input_mut(|input| input.consume_shortcut(&shortcut)) {
                actions.push(Action::ZoomPage(steps));
            }
        }
        if !response.has_focus() {
            return;
        }
        let arrows = EventFilter { vertical_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
        if ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::A)) {
            self.set_selection(Selection::All, requests);
        }
        let copies = ui.input(|input| input.events.iter().any(|event| matches!(event, egui::Event::Copy)));
        if copies && self.selection != Selection::Nothing {
            requests.push(Request::Copy { page: self.id });
        }
    }

    /// The place that is gone to comes into sight, once.
    fn go_to_place(&mut self, ui: &Ui, sight: &Sight) {
        let Some(place) = self.places.get(self.current).filter(|_| self.gone_to != Some(self.current)) else { return };
        self.gone_to = Some(self.current);
        let place = sight.of_page(place);
        let clip = sight.clip.y_range();
        if !clip.contains(place.top()) || !clip.contains(place.bottom()) {
            ui.scroll_to_rect(place, Some(egui::Align::Center));
        }
    }
}

/// Only what may be followed from mail.
fn is_followed(target: &str) -> bool {
    let scheme = target.split(':').next().unwrap_or_default();
    ["http", "https", "mailto"].iter().any(|followed| scheme.eq_ignore_ascii_case(followed)) && target.contains(':')
}

/// The page to a screen reader: its text.
fn describe(ui: &Ui, response: &Response, text: &str) {
    response.widget_info(|| WidgetInfo::labeled(AccessRole::Document, true, "Page of the message"));
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_value(text.get(..text.floor_char_boundary(MOST_SPOKEN)).unwrap_or_default());
    });
}

/// Lines without words, where a page is to come.
fn skeleton(page: Rect, palette: Palette) -> impl Iterator<Item = Shape> {
    const HEIGHT: f32 = 11.0;
    const LINES: [f32; 9] = [0.45, 0.0, 0.92, 0.97, 0.88, 0.6, 0.0, 0.95, 0.7];
    let left = page.left() + 16.0;
    let width = (page.width() - 32.0).min(super::reading_pane::MEASURE);
    let tops = (0u8..).map(move |line| page.top() + 20.0 + f32::from(line) * HEIGHT * 2.2);
    LINES.into_iter().zip(tops).filter(|(share, _)| *share > 0.0).map(move |(share, top)| {
        let line = Rect::from_min_size(Pos2::new(left, top), Vec2::new(width * share, HEIGHT));
        Shape::rect_filled(line, CornerRadius::same(4), palette.line.gamma_multiply(0.6))
    })
}
