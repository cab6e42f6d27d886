//! The search field of the toolbar, and below it what of the query cannot be understood.

use egui::text::CCursor;
use egui::{Area, CornerRadius, Frame, Id, Key, Margin, Order, Pos2, Rect, Stroke, TextEdit, Ui, Vec2};

use super::action::Action;
use super::icons::Icon;
use super::model::Model;
use super::theme::{self, RADIUS, palette};
use super::widgets::{icon, prose};
use crate::mail::Fault;

/// What the field takes where there is room.
const WIDTH: f32 = 340.0;
const HEIGHT: f32 = 30.0;
/// The language in a few lines.
const HINT: &str = "Search (Ctrl+F or /)\n\
                    Words, \"phrases\", -not, this OR that\n\
                    from: to: cc: subject: body: attachment:\n\
                    has:attachment is:unread is:starred in:trash account:work\n\
                    newer:7d older:2w before:2026 on:3.11.2026 larger:2M";

/// What the field remembers.
#[derive(Default)]
pub struct SearchState {
    /// The model's wish for the keyboard that was last fulfilled.
    focused: u64,
}

/// The field in the width that is left, but for `reserved`.
pub fn search_ui(ui: &mut Ui, model: &Model, state: &mut SearchState, reserved: f32, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    let width = (ui.available_width() - reserved).clamp(96.0, WIDTH);
    let (rect, _) = ui.allocate_exact_size(Vec2::new(width, HEIGHT), egui::Sense::hover());
    let search = &model.search;
    let id = field_id();
    let has_focus = ui.memory(|memory| memory.has_focus(id));
    let edge = match (&search.fault, has_focus) {
        (Some(_), _) => palette.warning,
        (None, true) => palette.accent,
        (None, false) => palette.line,
    };
    let stroke = Stroke::new(if has_focus { 1.5 } else { 1.0 }, edge);
    ui.painter().rect(rect, CornerRadius::same(RADIUS), palette.field, stroke, egui::StrokeKind::Inside);
    let glass = Rect::from_center_size(Pos2::new(rect.left() + 15.0, rect.center().y), Vec2::splat(15.0));
    Icon::Search.paint(ui, glass, palette.muted);
    let room_for_clear = if search.text.is_empty() { 6.0 } else { 28.0 };
    let inner = Rect::from_min_max(
        rect.min + Vec2::new(27.0, 2.0),
        Pos2::new(rect.right() - room_for_clear, rect.bottom() - 2.0),
    );
    field_ui(ui, model, state, inner, actions);
    if !search.text.is_empty() {
        let spot = Rect::from_center_size(Pos2::new(rect.right() - 15.0, rect.center().y), Vec2::splat(26.0));
        let clear =
            ui.scope_builder(egui::UiBuilder::new().max_rect(spot), |ui| icon(ui, Icon::Close, "End the search"));
        if clear.inner.clicked() {
            actions.push(Action::EndSearch);
        }
    }
}

pub fn field_id() -> Id {
    Id::unique("search field")
}

fn field_ui(ui: &mut Ui, model: &Model, state: &mut SearchState, area: Rect, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    let mut text = model.search.text.clone();
    let edit = TextEdit::singleline(&mut text)
        .id(field_id())
        .frame(Frame::NONE)
        .hint_text(egui::RichText::new("Search").color(palette.faint))
        .font(theme::label())
        .align(egui::Align2::LEFT_CENTER)
        .margin(Margin::symmetric(2, 4))
        .desired_width(area.width());
    let output = ui.scope_builder(egui::UiBuilder::new().max_rect(area), |ui| edit.show(ui)).inner;
    let response = &output.response.response;
    response.widget_info(|| {
        let mut info = egui::WidgetInfo::text_edit(true, "", model.search.text.as_str(), "");
        info.label = Some("Search".into());
        info
    });
    if text.is_empty() {
        response.clone().on_hover_text(HINT);
    }
    if state.focused != model.search.focus {
        state.focused = model.search.focus;
        response.request_focus();
    }
    if response.changed() {
        actions.push(Action::Search(text));
    }
    let down = response.has_focus() && ui.input(|input| input.key_pressed(Key::ArrowDown));
    let done = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    if down || done {
        response.surrender_focus();
        if model.messages.cursor.is_none() {
            actions.push(Action::MoveCursor { by: 1, extend: false });
        }
    }
    if let Some(fault) = &model.search.fault {
        let place = |chars: usize| {
            let spot = output.galley.pos_from_cursor(CCursor::new(chars));
            output.galley_pos + spot.left_bottom().to_vec2()
        };
        let (from, to) = (place(fault.at), place(fault.at + fault.len));
        fault_ui(ui, fault, from, to, area);
    }
}

/// A line under what is meant, and the words below the field.
fn fault_ui(ui: &Ui, fault: &Fault, from: Pos2, to: Pos2, field: Rect) {
    let palette = palette(ui);
    let within = |x: f32| x.clamp(field.left() + 2.0, field.right() - 2.0);
    let (left, right) = (within(from.x), within(to.x.max(from.x + 6.0)));
    ui.painter().hline(left..=right.max(left + 2.0), field.bottom() - 3.0, Stroke::new(2.0, palette.warning));
    let window = ui.ctx().content_rect();
    let width = 300.0_f32.min(window.width() - 24.0);
    let at = Pos2::new((left - 12.0).min(window.right() - width - 34.0).max(window.left() + 8.0), field.bottom() + 9.0);
    Area::new(Id::unique("search fault")).order(Order::Foreground).fixed_pos(at).interactable(false).show(
        ui.ctx(),
        |ui| {
            let frame = Frame::new()
                .fill(palette.warning_soft)
                .stroke(Stroke::new(1.0, palette.warning))
                .corner_radius(CornerRadius::same(RADIUS))
                .inner_margin(Margin::symmetric(11, 7));
            let shown = frame.show(ui, |ui| {
                ui.set_max_width(width);
                prose(ui, &fault.words, palette.text);
            });
            let rect = shown.response.rect;
            let tip = (left + right) / 2.0;
            let points = vec![
                Pos2::new(tip - 6.0, rect.top() + 1.0),
                Pos2::new(tip, rect.top() - 6.0),
                Pos2::new(tip + 6.0, rect.top() + 1.0),
            ];
            if rect.x_range().contains(tip - 8.0) && rect.x_range().contains(tip + 8.0) {
                ui.painter().add(egui::Shape::convex_polygon(points.clone(), palette.warning_soft, Stroke::NONE));
                let edge = Stroke::new(1.0, palette.warning);
                ui.painter().add(egui::Shape::line(points, edge));
            }
        },
    );
}
