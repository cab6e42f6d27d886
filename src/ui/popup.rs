//! What is offered below a field while one types: chosen with the arrow keys or the mouse, taken with Enter, Tab or a click.

use egui::accesskit::Role as AccessRole;
use egui::{
    Area, CornerRadius, Frame, Id, Key, Margin, Modifiers, Order, Pos2, Rect, Sense, Stroke, Ui, Vec2, WidgetInfo,
};

use super::icons::Icon;
use super::theme::{self, RADIUS, palette};
use super::widgets::{line, paint_line};

const ROW_HEIGHT: f32 = 28.0;
const LEAST_WIDTH: f32 = 280.0;

/// One of the things that are offered.
pub struct Row {
    pub icon: Option<Icon>,
    pub text: String,
    /// What it means, smaller beside it.
    pub note: String,
}

/// What a popup remembers between frames, by the name of its field.
#[derive(Clone, Debug, Default)]
struct State {
    chosen: Option<usize>,
    /// The pointer is over it: a click there takes the keyboard from the field, and must be heard all the same.
    is_pointed_at: bool,
    /// What was offered: another offer is chosen from anew.
    offered: Vec<String>,
}

/// Whether the popup of this field is to be shown: while one types, and until a click on it has been heard.
pub fn is_open(ui: &Ui, field: Id) -> bool {
    let is_pressed = || ui.input(|input| input.pointer.any_down() || input.pointer.any_released());
    ui.memory(|memory| memory.has_focus(field)) || (state(ui, field).is_pointed_at && is_pressed())
}

/// Whether the person sees one: Escape, which takes the keyboard from its field, is meant for it.
pub fn is_on_top(ctx: &egui::Context) -> bool {
    let place = last_drawn(ctx.viewport_id());
    let drawn: Option<u64> = ctx.data(|data| data.get_temp(place));
    drawn.is_some_and(|frame| frame + 1 >= ctx.cumulative_frame_nr())
}

/// The frame of a window in which one was drawn last.
fn last_drawn(window: egui::ViewportId) -> Id {
    Id::unique(("popup on top", window))
}

/// Takes the keys that are meant for the popup, before its field can. Some: this one is taken. `eager`: Tab takes the first,
/// too, where none is chosen.
pub fn keys(ui: &Ui, field: Id, rows: &[Row], eager: bool) -> Option<usize> {
    let mut state = state(ui, field);
    let offered: Vec<String> = rows.iter().map(|row| row.text.clone()).collect();
    if state.offered != offered {
        (state.offered, state.chosen) = (offered, None);
    }
    let mut taken = None;
    if !rows.is_empty() && ui.memory(|memory| memory.has_focus(field)) {
        let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let is_last = state.chosen.is_some_and(|chosen| chosen + 1 >= rows.len());
        // Below the last one the field's own arrow goes on.
        if !is_last && pressed(Key::ArrowDown) {
            state.chosen = Some(state.chosen.map_or(0, |chosen| chosen + 1));
        }
        if state.chosen.is_some() && pressed(Key::ArrowUp) {
            state.chosen = state.chosen.and_then(|chosen| chosen.checked_sub(1));
        }
        if state.chosen.is_some() && pressed(Key::Enter) {
            taken = state.chosen;
        }
        let by_tab = state.chosen.or(eager.then_some(0));
        if by_tab.is_some() && pressed(Key::Tab) {
            taken = by_tab;
        }
        if taken.is_some() {
            state.chosen = None;
        }
    }
    keep(ui, field, state);
    taken
}

/// Draws it below the field. Some: this one was clicked.
pub fn popup_ui(ui: &Ui, field: Id, under: Rect, rows: &[Row]) -> Option<usize> {
    let mut state = state(ui, field);
    state.is_pointed_at = false;
    let mut clicked = None;
    if !rows.is_empty() {
        let (window, frame) = (ui.ctx().viewport_id(), ui.ctx().cumulative_frame_nr());
        ui.data_mut(|data| data.insert_temp(last_drawn(window), frame));
        let palette = palette(ui);
        let window = ui.ctx().content_rect();
        let width = under.width().max(LEAST_WIDTH).min(window.width() - 16.0);
        let left = under.left().min(window.right() - width - 8.0).max(window.left() + 8.0);
        let area =
            Area::new(field.with("popup")).order(Order::Foreground).fixed_pos(Pos2::new(left, under.bottom() + 5.0));
        let shown = area.show(ui.ctx(), |ui| {
            let frame = Frame::new()
                .fill(palette.raised)
                .stroke(Stroke::new(1.0, palette.line))
                .corner_radius(CornerRadius::same(8))
                .inner_margin(Margin::same(4))
                .shadow(ui.visuals().popup_shadow);
            frame.show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                for (index, row) in rows.iter().enumerate() {
                    if row_ui(ui, row, width - 10.0, state.chosen == Some(index)) {
                        clicked = Some(index);
                    }
                }
            });
        });
        state.is_pointed_at = shown.response.contains_pointer() && clicked.is_none();
    }
    keep(ui, field, state);
    clicked
}

fn row_ui(ui: &mut Ui, row: &Row, width: f32, chosen: bool) -> bool {
    let palette = palette(ui);
    // Tab goes from the field to what is beside it: the rows are there only as long as the field has the keyboard.
    let (rect, response) = ui.allocate_exact_size(Vec2::new(width, ROW_HEIGHT), Sense::CLICK);
    let name = if row.note.is_empty() { row.text.clone() } else { format!("{}, {}", row.text, row.note) };
    response.widget_info(|| WidgetInfo::labeled(AccessRole::MenuItem, true, &name));
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_selected(chosen));
    if chosen || response.hovered() {
        let fill = if chosen { palette.selected } else { palette.hover };
        ui.painter().rect_filled(rect, CornerRadius::same(RADIUS), fill);
    }
    let mut left = rect.left() + 9.0;
    if let Some(icon) = row.icon {
        let spot = Rect::from_center_size(Pos2::new(left + 7.0, rect.center().y), Vec2::splat(14.0));
        icon.paint(ui, spot, palette.muted);
        left += 24.0;
    }
    let note = line(ui, &row.note, theme::small(), palette.faint, width * 0.6);
    let text = line(ui, &row.text, theme::label(), palette.text, rect.right() - left - note.size().x - 22.0);
    paint_line(ui, Pos2::new(left, rect.center().y - text.size().y / 2.0), &text, false);
    let note_at = Pos2::new(rect.right() - 9.0 - note.size().x, rect.center().y - note.size().y / 2.0);
    paint_line(ui, note_at, &note, false);
    response.clicked()
}

fn state(ui: &Ui, field: Id) -> State {
    ui.data(|data| data.get_temp(field.with("popup"))).unwrap_or_default()
}

fn keep(ui: &Ui, field: Id, state: State) {
    ui.data_mut(|data| data.insert_temp(field.with("popup"), state));
}

/// Puts the caret of a field behind so many characters, from the next frame on, and gives it the keyboard.
pub fn put_caret(ui: &Ui, field: Id, chars: usize) {
    use egui::text::{CCursor, CCursorRange, CharIndex};
    let mut edit = egui::TextEdit::load_state(ui.ctx(), field).unwrap_or_default();
    edit.cursor.set_char_range(Some(CCursorRange::one(CCursor::new(CharIndex(chars)))));
    edit.store(ui.ctx(), field);
    ui.memory_mut(|memory| memory.request_focus(field));
}

/// Where the caret of a field stands, in characters; at the end, where that is not known.
pub fn caret(ui: &Ui, field: Id, text: &str) -> usize {
    let edit = egui::TextEdit::load_state(ui.ctx(), field);
    let range = edit.and_then(|edit| edit.cursor.char_range());
    let all = text.chars().count();
    range.map_or(all, |range| range.primary.index.0.min(all))
}
