//! The list as a table: one line a message, in columns that are chosen, moved, resized, and clicked to put the list in order.

use egui::accesskit::{Role as AccessRole, SortDirection};
use egui::{CornerRadius, CursorIcon, Id, Pos2, Rangef, Rect, Sense, Stroke, Ui, Vec2, WidgetInfo};

use super::action::Action;
use super::icons::Icon;
use super::list_card::{beginning, is_unread, marks_ui, subject, who_ui};
use super::message_list::when;
use super::model::{ColumnOf, Columns, Model};
use super::tag_chips;
use super::theme::{self, palette};
use super::view_menu;
use super::widgets::{line, marked_line, paint_line, size};
use crate::store::types::{MessageRow, SortBy, SortOrder};

pub const ROW_HEIGHT: f32 = 28.0;
const HEAD_HEIGHT: f32 = 28.0;
/// Left of the first column: the dot of what is unread, and the account's colour.
const BEFORE: f32 = 28.0;
const AFTER: f32 = 16.0;
const BETWEEN: f32 = 12.0;
/// Points that the subject keeps.
const LEAST_SUBJECT: f32 = 80.0;
/// Points of an edge that can be dragged.
const EDGE: f32 = 8.0;

/// Where each column stands. The subject takes what the others leave; where that is too little they are all narrower.
fn places(columns: &Columns, area: Rect) -> Vec<(ColumnOf, Rangef)> {
    let room = (area.width() - BEFORE - AFTER - BETWEEN * columns.0.len().saturating_sub(1) as f32).max(1.0);
    let others = columns.0.iter().filter(|column| column.what != ColumnOf::Subject);
    let wanted: f32 = others.map(|column| column.width).sum();
    let scale = ((room - LEAST_SUBJECT).max(0.0) / wanted.max(1.0)).min(1.0);
    let mut left = area.left() + BEFORE;
    let place = |column: &super::model::Column| {
        let is_subject = column.what == ColumnOf::Subject;
        let width = if is_subject { room - wanted * scale } else { column.width * scale };
        let place = Rangef::new(left, left + width);
        left += width + BETWEEN;
        (column.what, place)
    };
    columns.0.iter().map(place).collect()
}

/// The names of the columns.
pub fn head_ui(ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    let (area, _) = ui.allocate_exact_size(Vec2::new(ui.available_width(), HEAD_HEIGHT), Sense::hover());
    ui.painter().hline(area.x_range(), area.bottom() - 0.5, Stroke::new(1.0, palette.line));
    ui.add_space(-ui.spacing().item_spacing.y);
    let places = places(&model.look.columns, area);
    for (index, (what, place)) in places.iter().enumerate() {
        name_ui(ui, model, index, *what, Rect::from_x_y_ranges(*place, area.y_range()), &places, actions);
    }
    for (index, (_, place)) in places.iter().enumerate().take(places.len().saturating_sub(1)) {
        edge_ui(ui, model, index, place.max + BETWEEN / 2.0, area, actions);
    }
}

fn name_ui(
    ui: &mut Ui,
    model: &Model,
    index: usize,
    what: ColumnOf,
    rect: Rect,
    places: &[(ColumnOf, Rangef)],
    actions: &mut Vec<Action>,
) {
    let palette = palette(ui);
    let response =
        ui.interact(rect.expand2(Vec2::new(BETWEEN / 2.0, 0.0)), Id::unique(("column", what)), Sense::click_and_drag());
    let order = model.messages.order;
    let by = sorted_by(what).filter(|_| !model.shows_results());
    let direction = by.filter(|by| *by == order.by).map(|_| is_ascending(order));
    response.widget_info(|| WidgetInfo::labeled(AccessRole::ColumnHeader, true, what.name()));
    ui.ctx().accesskit_node_builder(response.id, |node| {
        if let Some(ascending) = direction {
            node.set_sort_direction(if ascending { SortDirection::Ascending } else { SortDirection::Descending });
        }
    });
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect.expand2(Vec2::new(4.0, -3.0)), CornerRadius::same(theme::RADIUS), palette.hover);
    }
    let tint = if direction.is_some() { palette.text } else { palette.muted };
    let named = match what {
        ColumnOf::Sender if model.messages.view.role.is_outgoing() && !model.shows_results() => "Recipient",
        what => what.name(),
    };
    let words = line(ui, named, theme::small(), tint, rect.width() - if direction.is_some() { 14.0 } else { 0.0 });
    paint_line(ui, Pos2::new(rect.left(), rect.center().y - words.size().y / 2.0), &words, direction.is_some());
    if let Some(ascending) = direction {
        let spot = Pos2::new(rect.left() + words.size().x + 9.0, rect.center().y);
        let icon = if ascending { Icon::Up } else { Icon::Down };
        icon.paint(ui, Rect::from_center_size(spot, Vec2::splat(11.0)), palette.text);
    }
    if response.clicked()
        && let Some(by) = by
    {
        let reversed = by == order.by && !order.reversed;
        actions.push(Action::Sort(SortOrder { by, reversed }));
    }
    moved_ui(ui, model, index, &response, places, actions);
    let hint = by.map(|by| if by == order.by { "Turn the order round" } else { "Put the list in this order" });
    response.context_menu(|ui| view_menu::columns_ui(ui, model, actions));
    if let Some(hint) = hint.filter(|_| !response.dragged()) {
        response.on_hover_text(hint);
    }
}

/// While a name is dragged, a line shows where its column would come to stand.
fn moved_ui(
    ui: &Ui,
    model: &Model,
    index: usize,
    response: &egui::Response,
    places: &[(ColumnOf, Rangef)],
    actions: &mut Vec<Action>,
) {
    let Some(pointer) = ui.ctx().pointer_latest_pos() else { return };
    if !response.dragged() && !response.drag_stopped() {
        return;
    }
    let before = places.iter().take_while(|(_, place)| pointer.x > place.center()).count();
    if response.drag_stopped() {
        if before != index && before != index + 1 {
            actions.push(Action::SetColumns(model.look.columns.clone().with_moved(index, before)));
        }
        return;
    }
    let mut edges =
        places.iter().map(|(_, place)| place.min).chain(places.last().map(|(_, place)| place.max + BETWEEN));
    if let Some(x) = edges.nth(before) {
        let stroke = Stroke::new(2.0, palette(ui).accent);
        ui.painter().vline(x - BETWEEN / 2.0, response.rect.y_range(), stroke);
    }
    ui.set_cursor_icon(CursorIcon::Grabbing);
}

fn edge_ui(ui: &Ui, model: &Model, index: usize, x: f32, area: Rect, actions: &mut Vec<Action>) {
    let rect = Rect::from_center_size(Pos2::new(x, area.center().y), Vec2::new(EDGE, area.height()));
    let response = ui.interact(rect, Id::unique(("edge", index)), Sense::drag());
    response.widget_info(|| WidgetInfo::labeled(AccessRole::Splitter, true, "Width of the column"));
    if response.hovered() || response.dragged() {
        ui.set_cursor_icon(CursorIcon::ResizeHorizontal);
        ui.painter().vline(x, area.y_range().shrink(5.0), Stroke::new(1.5, palette(ui).accent));
    } else {
        ui.painter().vline(x, area.y_range().shrink(8.0), Stroke::new(1.0, palette(ui).line));
    }
    if response.dragged() && response.drag_delta().x != 0.0 {
        let columns = model.look.columns.clone().with_edge_moved(index, response.drag_delta().x);
        actions.push(Action::SetColumns(columns));
    }
}

/// What a click on the column's name puts the list in order by.
fn sorted_by(what: ColumnOf) -> Option<SortBy> {
    match what {
        ColumnOf::Sender => Some(SortBy::Sender),
        ColumnOf::Subject => Some(SortBy::Subject),
        ColumnOf::Size => Some(SortBy::Size),
        ColumnOf::Date => Some(SortBy::Date),
        ColumnOf::Tags | ColumnOf::Account => None,
    }
}

/// Whether values grow from the top to the bottom.
fn is_ascending(order: SortOrder) -> bool {
    match order.by {
        SortBy::Date | SortBy::Size => order.reversed,
        SortBy::Sender | SortBy::Subject => !order.reversed,
    }
}

/// One line. Returns where the star is.
pub fn paint_line_of(ui: &Ui, model: &Model, today: i64, row: &MessageRow, rect: Rect) -> Rect {
    let palette = palette(ui);
    let (unread, middle) = (is_unread(row), rect.center().y);
    if unread {
        ui.painter().circle_filled(Pos2::new(rect.left() + 15.0, middle), 4.0, palette.accent);
    }
    if model.accounts.len() > 1 && model.is_of_all_accounts() {
        let chip = Rect::from_center_size(Pos2::new(rect.left() + 6.0, middle), Vec2::new(3.0, 14.0));
        ui.painter().rect_filled(chip, CornerRadius::same(2), theme::account_color(row.account.0, palette.dark));
    }
    let paint = |left: f32, galley: &std::sync::Arc<egui::Galley>| {
        paint_line(ui, Pos2::new(left, middle - galley.size().y / 2.0), galley, false);
    };
    let mut star = Rect::NOTHING;
    for (what, place) in places(&model.look.columns, rect) {
        let width = place.span();
        match what {
            ColumnOf::Sender => who_ui(ui, model, row, place.min, place.max, middle),
            ColumnOf::Subject => star = subject_ui(ui, model, row, place, middle),
            ColumnOf::Date => {
                let tint = if unread { palette.accent } else { palette.faint };
                paint(place.min, &line(ui, &when(row.date, today), theme::small(), tint, width));
            }
            ColumnOf::Size => {
                let words = line(ui, &size(row.size_bytes), theme::small(), palette.faint, width);
                paint(place.max - words.size().x, &words);
            }
            ColumnOf::Account => {
                let name = model.account(row.account).map_or("", |account| account.name.as_str());
                paint(place.min, &line(ui, name, theme::small(), palette.faint, width));
            }
            ColumnOf::Tags => {
                tag_chips::paint(ui, model, &row.tags, place.max, middle, width);
            }
        }
    }
    star
}

/// The subject, how the message begins where there is room, and its marks at the right.
fn subject_ui(ui: &Ui, model: &Model, row: &MessageRow, place: Rangef, middle: f32) -> Rect {
    let palette = palette(ui);
    let unread = is_unread(row);
    let (marks, star) = marks_ui(ui, model, row, place.max, middle, palette);
    let (words, color, found) = subject(model, row, palette);
    let words = marked_line(ui, words, &found, theme::label(), color, marks - place.min - 4.0);
    paint_line(ui, Pos2::new(place.min, middle - words.size().y / 2.0), &words, unread);
    let left = place.min + words.size().x + 10.0;
    if marks - left > 50.0 {
        let rest = beginning(ui, model, row, marks - left - 4.0);
        paint_line(ui, Pos2::new(left, middle - rest.size().y / 2.0 + 0.5), &rest, false);
    }
    star
}

/// In place of a line whose text is on its way.
pub fn paint_coming_line(ui: &Ui, model: &Model, rect: Rect) {
    let palette = palette(ui);
    for (_, place) in places(&model.look.columns, rect) {
        let bar = Rect::from_min_size(Pos2::new(place.min, rect.center().y - 4.0), Vec2::new(place.span() * 0.6, 8.0));
        ui.painter().rect_filled(bar, CornerRadius::same(4), palette.line.gamma_multiply(0.6));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subject_takes_what_the_others_leave_and_nothing_lies_outside() {
        let columns = ColumnOf::ALL.into_iter().fold(Columns::default(), |columns, what| {
            if columns.has(what) { columns } else { columns.with_turned(what) }
        });
        for width in [220.0, 372.0, 640.0, 1200.0] {
            let area = Rect::from_min_size(Pos2::new(50.0, 0.0), Vec2::new(width, 28.0));
            let places = places(&columns, area);
            assert_eq!(places.len(), 6);
            for pair in places.windows(2) {
                assert!(pair[0].1.max < pair[1].1.min && pair[0].1.span() >= 0.0, "{width}: {places:?}");
            }
            let last = places.last().unwrap().1.max;
            assert!((last - (area.right() - AFTER)).abs() < 0.5, "{width}: {last}");
        }
    }

    #[test]
    fn the_arrow_says_which_way_values_grow() {
        for (by, reversed, ascending) in [
            (SortBy::Date, false, false),
            (SortBy::Date, true, true),
            (SortBy::Size, false, false),
            (SortBy::Sender, false, true),
            (SortBy::Subject, true, false),
        ] {
            assert_eq!(is_ascending(SortOrder { by, reversed }), ascending, "{by:?}");
        }
    }
}
