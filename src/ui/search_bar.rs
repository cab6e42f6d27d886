//! The search field of the toolbar, and below it what of the query cannot be understood.

use egui::text::CCursor;
use egui::{Area, CornerRadius, Frame, Id, Key, Margin, Order, Pos2, Rect, Stroke, TextEdit, Ui, Vec2};

use super::action::Action;
use super::icons::Icon;
use super::model::{Model, Suggestion, SuggestionKind};
use super::popup;
use super::theme::{self, RADIUS, palette};
use super::widgets::{icon, prose};
use crate::mail::Fault;

/// What the field takes where there is room.
const WIDTH: f32 = 340.0;
const HEIGHT: f32 = 32.0;
/// The language in a few lines.
const HINT: &str = "Search (Ctrl+F or /)\n\
                    Words, \"phrases\", -not, this OR that\n\
                    from: to: cc: subject: body: attachment: list:\n\
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
    let inner =
        Rect::from_min_max(rect.min + Vec2::new(27.0, 0.0), Pos2::new(rect.right() - room_for_clear, rect.bottom()));
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
    let caret = popup::caret(ui, field_id(), &model.search.text);
    let offered = if popup::is_open(ui, field_id()) { model.suggestions(caret) } else { Vec::new() };
    let rows: Vec<popup::Row> = offered.iter().map(row).collect();
    let eager = !model.search.text.is_empty();
    let taken = popup::keys(ui, field_id(), &rows, eager);
    let mut text = model.search.text.clone();
    let edit = TextEdit::singleline(&mut text)
        .lock_focus(eager && !rows.is_empty())
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
    if text.is_empty() && rows.is_empty() {
        response.clone().on_hover_text(HINT);
    }
    let right = area.right() + if eager { 28.0 } else { 6.0 };
    let frame = Rect::from_min_max(area.min - Vec2::new(27.0, 0.0), Pos2::new(right, area.bottom()));
    let taken = taken.or(popup::popup_ui(ui, field_id(), frame, &rows));
    if let Some(suggestion) = taken.and_then(|taken| offered.get(taken)) {
        return take(ui, suggestion, &model.search.text, actions);
    }
    if response.has_focus() {
        ask_people(model, caret, actions);
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
    if done {
        actions.push(Action::RememberSearch);
    }
    if down || done {
        response.surrender_focus();
        if model.messages.cursor.is_none() {
            actions.push(Action::MoveCursor { by: 1, extend: false });
        }
    }
    // What is offered says what would be right.
    if let Some(fault) = model.search.fault.as_ref().filter(|_| rows.is_empty()) {
        let place = |chars: usize| {
            let spot = output.galley.pos_from_cursor(CCursor::new(chars));
            output.galley_pos + spot.left_bottom().to_vec2()
        };
        let (from, to) = (place(fault.at), place(fault.at + fault.len));
        fault_ui(ui, fault, from, to, area);
    }
}

fn row(suggestion: &Suggestion) -> popup::Row {
    let icon = match suggestion.kind {
        SuggestionKind::Person => Some(Icon::Person),
        SuggestionKind::Past => Some(Icon::Past),
        SuggestionKind::Forget => Some(Icon::Close),
        SuggestionKind::Operator | SuggestionKind::Value => None,
    };
    popup::Row { icon, text: suggestion.shown.clone(), note: suggestion.means.clone() }
}

/// Puts what was taken into the field, and the caret behind it.
fn take(ui: &Ui, suggestion: &Suggestion, text: &str, actions: &mut Vec<Action>) {
    if suggestion.kind == SuggestionKind::Forget {
        actions.push(Action::ForgetSearches);
        return popup::put_caret(ui, field_id(), 0);
    }
    let before: String = text.chars().take(suggestion.at.start).collect();
    let after: String = text.chars().skip(suggestion.at.end).collect();
    let with = if after.starts_with(' ') { suggestion.with.trim_end() } else { &suggestion.with };
    popup::put_caret(ui, field_id(), before.chars().count() + with.chars().count());
    actions.push(Action::Search(format!("{before}{with}{after}")));
}

fn ask_people(model: &Model, caret: usize, actions: &mut Vec<Action>) {
    if let Some(text) = model.people_wanted(caret).filter(|text| *text != model.search.people.asked) {
        actions.push(Action::AskPeople { text, writing: false });
    }
}

/// As under a misspelt word.
fn wave(ui: &Ui, left: f32, right: f32, y: f32) {
    const STEP: f32 = 2.5;
    let steps = ((right - left) / STEP).ceil().max(2.0) as usize;
    let up_and_down = [1.2, -1.2];
    let points = up_and_down.iter().cycle().take(steps + 1).zip(0u16..);
    let points =
        points.map(|(offset, step)| Pos2::new((left + f32::from(step) * STEP).min(right), y + offset)).collect();
    ui.painter().add(egui::Shape::line(points, Stroke::new(1.4, palette(ui).danger)));
}

/// A wave under what is meant, and the words below the field.
fn fault_ui(ui: &Ui, fault: &Fault, from: Pos2, to: Pos2, field: Rect) {
    let palette = palette(ui);
    let within = |x: f32| x.clamp(field.left() + 2.0, field.right() - 2.0);
    let (left, right) = (within(from.x), within(to.x.max(from.x + 6.0)));
    wave(ui, left, right.max(left + 2.0), field.bottom() - 4.0);
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
                .inner_margin(Margin::symmetric(12, 8));
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
