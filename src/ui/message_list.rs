//! The list of messages. Only what is on the screen is laid out, and the scroll position is a double: egui's own scroll area
//! counts in single precision and loses small movements beyond a few hundred thousand rows.

use egui::accesskit::Role as AccessRole;
use egui::{CornerRadius, CursorIcon, Id, Margin, Pos2, Rect, Sense, Stroke, Ui, UiBuilder, Vec2, WidgetInfo};

use super::action::{Action, Selecting};
use super::filter_bar::filter_ui;
use super::icons::Icon;
use super::list_card::{paint_card, paint_coming_card, spoken};
use super::list_empty::empty_ui;
use super::list_hover::hover_ui;
use super::list_menu::menu_ui;
use super::list_table::{self, head_ui, paint_coming_line, paint_line_of};
use super::model::{Density, Model};
use super::sidebar::thousands;
use super::sort_menu::sort_ui;
use super::theme::{self, palette};
use super::view_menu::view_ui;
use super::widgets::{at_pointer, icon, label, quiet};
use crate::store::types::{MessageKey, Role};

/// Points of a card; see [`list_table::ROW_HEIGHT`] for a line.
const CARD_HEIGHT: f32 = 68.0;
const BAR_WIDTH: f32 = 10.0;
/// Around the head of the list; below it are the switches of the filter.
const HEAD: Margin = Margin { left: 16, right: 16, top: 8, bottom: 2 };

/// Where the list stands.
#[derive(Default)]
pub struct ListState {
    /// Points above the first visible one.
    offset: f64,
    /// The model's wish that was last fulfilled.
    revealed: u64,
    visible: (usize, usize),
    /// Days since 1970 in local time, for “today”.
    today: i64,
}

pub fn list_ui(ui: &mut Ui, model: &Model, state: &mut ListState, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    let edge = ui.max_rect();
    ui.painter().vline(edge.right() - 0.5, edge.y_range(), Stroke::new(1.0, palette.line));
    header_ui(ui, model, actions);
    filter_ui(ui, model, actions);
    if model.look.density == Density::Compact {
        head_ui(ui, model, actions);
    }
    if !model.messages.listed {
        return coming_ui(ui, model);
    }
    if model.messages.keys.is_empty() {
        return empty_ui(ui, model, actions);
    }
    state.today = today();
    let area = ui.available_rect_before_wrap();
    let area = Rect::from_min_max(area.min, Pos2::new(area.right() - 1.0, area.bottom()));
    let mut list = ui.new_child(UiBuilder::new().max_rect(area).accessibility_role(AccessRole::ListBox));
    list.set_clip_rect(area.intersect(ui.clip_rect()));
    scroll(&list, model, state, area);
    rows_ui(&mut list, model, state, area, actions);
    bar_ui(&list, model, state, area);
    dragged_ui(&list, model);
    ui.advance_cursor_after_rect(area);
}

/// Rows without words, until the first list is there.
fn coming_ui(ui: &Ui, model: &Model) {
    let area = ui.available_rect_before_wrap();
    let size = Vec2::new(area.width(), row_height(model));
    let mut rect = Rect::from_min_size(area.min, size);
    while rect.top() < area.bottom() {
        match model.look.density {
            Density::Comfortable => paint_coming_card(ui, rect),
            Density::Compact => paint_coming_line(ui, model, rect),
        }
        rect = rect.translate(Vec2::new(0.0, size.y));
    }
}

fn row_height(model: &Model) -> f32 {
    match model.look.density {
        Density::Comfortable => CARD_HEIGHT,
        Density::Compact => list_table::ROW_HEIGHT,
    }
}

fn header_ui(ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
    if model.search.is_on() {
        return results_header_ui(ui, model, actions);
    }
    let palette = palette(ui);
    let view = model.messages.view;
    let (total, unread) = model.count(view);
    let width = ui.available_width();
    egui::Frame::new().inner_margin(HEAD).show(ui, |ui| {
        ui.horizontal(|ui| {
            // What a long name leaves is for the numbers.
            let name = model.mailbox_name(view.role);
            let most = (ui.available_width() - 120.0).max(60.0);
            let name_ui = |ui: &mut Ui| {
                ui.set_max_width(most);
                label(ui, &name, theme::heading(), palette.text, true)
            };
            ui.scope(name_ui);
            let selected = model.messages.selected.len();
            let words = match (selected, total, unread) {
                (2.., _, _) => format!("{} selected", thousands(selected as u64)),
                (_, total, _) if model.filter_shown().is_on() => {
                    format!("{} of {}", thousands(model.messages.keys.len() as u64), thousands(total))
                }
                (_, 0, _) => String::new(),
                (_, total, 0) => thousands(total),
                (_, total, unread) => format!("{} · {} unread", thousands(total), thousands(unread)),
            };
            // What stands at the right has its place first, and the words what is left.
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = 4.0;
                view_ui(ui, model, actions);
                // In a table the names of the columns do that.
                if model.look.density == Density::Comfortable {
                    sort_ui(ui, model, width, actions);
                }
                if view.role == Role::Trash
                    && total > 0
                    && quiet(ui, "Empty").on_hover_text("Removes these messages for good").clicked()
                {
                    actions.push(Action::EmptyTrash);
                }
                let left = ui.available_width();
                ui.allocate_ui_with_layout(
                    Vec2::new(left, ui.available_height()),
                    egui::Layout::left_to_right(egui::Align::Center),
                    |ui| label(ui, &words, theme::small(), palette.faint, false),
                );
            });
        });
    });
    ui.add_space(-ui.spacing().item_spacing.y);
}

/// What was found, and where is searched.
fn results_header_ui(ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    egui::Frame::new().inner_margin(HEAD).show(ui, |ui| {
        ui.horizontal(|ui| {
            // What stands at the right keeps its place beside a long name.
            let saved = model.search.saved.iter().find(|saved| model.is_open(saved));
            let name = saved.map_or("Results", |saved| saved.name.as_str());
            let most = (ui.available_width() - 240.0).max(60.0);
            ui.scope(|ui| {
                ui.set_max_width(most);
                label(ui, name, theme::heading(), palette.text, true)
            });
            let words = match model.messages.selected.len() {
                selected @ 2.. => format!("{} selected", thousands(selected as u64)),
                _ => results_counted(model),
            };
            label(ui, &words, theme::small(), palette.faint, false);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = 2.0;
                view_ui(ui, model, actions);
                if icon(ui, Icon::Save, "Save this search…").clicked() {
                    actions.push(Action::NameSearch(None));
                }
                let here: String = model.mailbox_name(model.messages.view.role).chars().take(24).collect();
                for (name, is_here) in [(here.as_str(), true), ("Everywhere", false)] {
                    let words = egui::RichText::new(name).font(theme::small());
                    if ui.selectable_label(model.search.here == is_here, words).clicked() {
                        actions.push(Action::SearchHere(is_here));
                    }
                }
            });
        });
    });
    ui.add_space(-ui.spacing().item_spacing.y);
}

/// How many were found, as far as is known.
fn results_counted(model: &Model) -> String {
    if !model.shows_results() {
        return String::new();
    }
    let here = model.messages.keys.len() as u64;
    match (model.search.is_complete, model.search.total) {
        (true, _) => thousands(here),
        (false, Some(total)) => thousands(total.max(here)),
        (false, None) => format!("{}+", thousands(here)),
    }
}

/// The same in words, for the foot of the window.
pub fn results_in_words(model: &Model) -> String {
    let found = match (results_counted(model).as_str(), model.messages.keys.len()) {
        ("", _) => "Searching…".to_owned(),
        (_, 0) => "Nothing found".to_owned(),
        (_, 1) => "1 message found".to_owned(),
        (count, _) => format!("{count} messages found"),
    };
    match model.search.to_index {
        0 => found,
        left => format!("{found}; {} not searched yet", thousands(left)),
    }
}

/// Wheel, touchpad and the model's wish to see the cursor.
fn scroll(ui: &Ui, model: &Model, state: &mut ListState, area: Rect) {
    let height = f64::from(area.height());
    let row_height = f64::from(row_height(model));
    let total = model.messages.keys.len() as f64 * row_height;
    if ui.rect_contains_pointer(area) {
        state.offset -= f64::from(ui.input(|input| input.smooth_scroll_delta().y));
    }
    if state.revealed != model.messages.reveal {
        state.revealed = model.messages.reveal;
        match model.messages.cursor.and_then(|key| model.messages.index_of(key)) {
            Some(index) => {
                let top = index as f64 * row_height;
                state.offset = state.offset.clamp(top + row_height - height, top);
            }
            None => state.offset = 0.0,
        }
    }
    state.offset = state.offset.clamp(0.0, (total - height).max(0.0));
}

fn rows_ui(ui: &mut Ui, model: &Model, state: &mut ListState, area: Rect, actions: &mut Vec<Action>) {
    let height = row_height(model);
    let row_height = f64::from(height);
    let first = (state.offset / row_height).floor() as usize;
    #[allow(clippy::cast_possible_truncation)] // less than a row's height
    let mut top = area.top() - (state.offset - first as f64 * row_height) as f32;
    let mut index = first;
    while top < area.bottom()
        && let Some(&key) = model.messages.keys.get(index)
    {
        let rect = Rect::from_min_size(Pos2::new(area.left(), top), Vec2::new(area.width(), height));
        row_ui(ui, model, state, index, key, rect, actions);
        top += height;
        index += 1;
    }
    if state.visible != (first, index) || ui.input(|input| input.pointer.any_released()) {
        state.visible = (first, index);
        actions.push(Action::RowsVisible(first, index));
    }
}

/// The row of a message, as egui knows it.
pub fn row_id(key: MessageKey) -> Id {
    Id::unique(("row", key.0))
}

/// What is selected is being dragged to a mailbox.
pub struct Dragged;

/// How many messages are being dragged, at the pointer.
fn dragged_ui(ui: &Ui, model: &Model) {
    if !egui::DragAndDrop::has_payload_of_type::<Dragged>(ui.ctx()) {
        return;
    }
    match model.messages.selected.len() {
        0 | 1 => at_pointer(ui, "1 message"),
        count => at_pointer(ui, &format!("{} messages", thousands(count as u64))),
    }
}

fn row_ui(
    ui: &mut Ui,
    model: &Model,
    state: &ListState,
    index: usize,
    key: MessageKey,
    rect: Rect,
    actions: &mut Vec<Action>,
) {
    let palette = palette(ui);
    let response = ui.interact(rect, row_id(key), Sense::click_and_drag());
    let selected = model.messages.selected.contains(&key);
    if response.drag_started() && !selected {
        actions.push(Action::Select { index, how: Selecting::Only });
    }
    response.dnd_set_drag_payload(Dragged);
    let row = model.messages.row(key);
    let name = row.map_or_else(|| "Loading".to_owned(), |row| spoken(model, row));
    response.widget_info(|| WidgetInfo::labeled(AccessRole::ListBoxOption, true, &name));
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_selected(selected));
    // What lies on top of the row is part of it.
    let pointed_at = response.contains_pointer() && !egui::DragAndDrop::has_any_payload(ui.ctx());
    let fill = match (selected, pointed_at) {
        (true, _) => palette.selected,
        (false, true) => palette.list.lerp_to_gamma(palette.hover, 0.6),
        (false, false) => palette.list,
    };
    let is_compact = model.look.density == Density::Compact;
    let inner = rect.shrink2(if is_compact { Vec2::new(4.0, 0.5) } else { Vec2::new(6.0, 1.5) });
    if selected || pointed_at {
        ui.painter().rect_filled(inner, CornerRadius::same(if is_compact { 4 } else { 8 }), fill);
    } else if !is_compact {
        ui.painter().hline(
            rect.left() + 30.0..=rect.right() - 14.0,
            rect.bottom() - 0.5,
            Stroke::new(1.0, palette.line.gamma_multiply(0.7)),
        );
    }
    // Of several that are selected one has the keyboard.
    if response.has_focus() || (model.messages.cursor == Some(key) && model.messages.selected.len() > 1) {
        let stroke = Stroke::new(1.5, palette.accent);
        ui.painter().rect_stroke(inner, CornerRadius::same(8), stroke, egui::StrokeKind::Inside);
    }
    let star = match (row, is_compact) {
        (Some(row), false) => paint_card(ui, model, state.today, row, rect),
        (Some(row), true) => paint_line_of(ui, model, state.today, row, rect),
        (None, false) => coming(|| paint_coming_card(ui, rect)),
        (None, true) => coming(|| paint_coming_line(ui, model, rect)),
    };
    if let Some(row) = row.filter(|_| pointed_at) {
        let top = if is_compact { rect.center().y - 13.0 } else { rect.top() + 5.0 };
        hover_ui(ui, row, rect.with_min_y(top), fill, actions);
    }
    clicked_ui(ui, model, index, key, star, &response, actions);
    if response.secondary_clicked() && !selected {
        actions.push(Action::Select { index, how: Selecting::Only });
    }
    response.context_menu(|ui| menu_ui(ui, model, key, actions));
}

/// What is drawn in place of a row has no star.
fn coming(paint: impl FnOnce()) -> Rect {
    paint();
    Rect::NOTHING
}

fn clicked_ui(
    ui: &Ui,
    model: &Model,
    index: usize,
    key: MessageKey,
    star: Rect,
    response: &egui::Response,
    actions: &mut Vec<Action>,
) {
    if response.clicked() {
        let on_star =
            response.interact_pointer_pos().is_some_and(|at| star.is_positive() && star.expand(5.0).contains(at));
        let modifiers = ui.input(|input| input.modifiers);
        actions.push(match modifiers {
            _ if on_star => Action::ToggleStar(key),
            modifiers if modifiers.shift => Action::Select { index, how: Selecting::Range },
            modifiers if modifiers.command => Action::Select { index, how: Selecting::Toggle },
            _ => Action::Select { index, how: Selecting::Only },
        });
        ui.memory_mut(egui::Memory::stop_text_input);
    }
    if response.double_clicked() && model.editable(key) {
        actions.push(Action::EditDraft(key));
    }
}

fn bar_ui(ui: &Ui, model: &Model, state: &mut ListState, area: Rect) {
    let total = model.messages.keys.len() as f64 * f64::from(row_height(model));
    let height = f64::from(area.height());
    if total <= height {
        return;
    }
    let track = Rect::from_min_max(Pos2::new(area.right() - BAR_WIDTH, area.top()), area.max);
    let length = (height / total * height).max(28.0);
    let room = height - length;
    let at = state.offset / (total - height) * room;
    #[allow(clippy::cast_possible_truncation)] // within the window
    let handle =
        Rect::from_min_size(Pos2::new(track.left() + 3.0, track.top() + at as f32), Vec2::new(5.0, length as f32));
    let response = ui.interact(track, Id::unique("list scroll bar"), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(AccessRole::ScrollBar, true, "Scroll the list"));
    if let Some(pointer) = response.interact_pointer_pos()
        && room > 0.0
    {
        let wanted = f64::from(pointer.y - track.top()) - length / 2.0;
        state.offset = (wanted / room).clamp(0.0, 1.0) * (total - height);
        ui.ctx().request_repaint();
    }
    let palette = palette(ui);
    let strength = if response.hovered() || response.dragged() { 0.9 } else { 0.4 };
    ui.painter().rect_filled(handle, CornerRadius::same(4), palette.faint.gamma_multiply(strength));
    if response.hovered() {
        ui.set_cursor_icon(CursorIcon::Default);
    }
}

/// Today, as [`when`] takes it.
pub fn today() -> i64 {
    day_of(jiff::Zoned::now().timestamp().as_second())
}

/// Days since 1970 in local time.
fn day_of(date: i64) -> i64 {
    local(date).map_or(0, |local| date.saturating_add(i64::from(local.offset().seconds())).div_euclid(86_400))
}

fn local(date: i64) -> Option<jiff::Zoned> {
    Some(jiff::Timestamp::from_second(date).ok()?.to_zoned(jiff::tz::TimeZone::system()))
}

/// The time today, the weekday this week, the day this year, and the year before that.
pub fn when(date: i64, today: i64) -> String {
    let Some(local) = local(date) else { return String::new() };
    let this_year = jiff::Zoned::now().year() == local.year();
    let form = match today - day_of(date) {
        0 => "%H:%M",
        1 => "Yesterday",
        2..=6 => "%A",
        _ if this_year => "%-d %b",
        _ => "%-d %b %Y",
    };
    local.strftime(form).to_string()
}

/// “yesterday 14:02”, for what was done.
pub fn moment(at: i64) -> String {
    let Some(local) = local(at) else { return String::new() };
    let form = match day_of(jiff::Zoned::now().timestamp().as_second()) - day_of(at) {
        0 => "today %H:%M",
        1 => "yesterday %H:%M",
        2..=6 => "%A %H:%M",
        _ => "%-d %b, %H:%M",
    };
    local.strftime(form).to_string()
}

/// A date in full, for the head of a message.
pub fn full_date(date: i64) -> String {
    local(date).map(|local| local.strftime("%A, %-d %B %Y, %H:%M").to_string()).unwrap_or_default()
}
