//! The last visits to an account's server, one a row.

use egui::accesskit::Role as AccessRole;
use egui::{Color32, Pos2, ScrollArea, Sense, Stroke, Ui, Vec2, WidgetInfo};

use super::model::ServerWindow;
use super::theme::{self, Palette, palette};
use super::widgets::{line, paint_line, prose, size};
use crate::engine::{Outcome, PastVisit};

const ROW_HEIGHT: f32 = 28.0;

/// Where the columns begin, in parts of the width: when, how it ended, new messages, octets each way, time, round trip.
const COLUMNS: [f32; 7] = [0.0, 0.2, 0.35, 0.48, 0.62, 0.76, 0.87];

pub fn visits_ui(ui: &mut Ui, window: &ServerWindow) {
    let Some(view) = &window.view else { return };
    if view.visits.is_empty() {
        prose(ui, "No visit was noted yet.", palette(ui).faint);
        return;
    }
    let heads = ["Ended", "How", "Messages", "Came", "Went", "Open for", "Round trip"];
    row_ui(ui, heads.map(str::to_owned), "", [palette(ui).muted; 2]);
    ScrollArea::vertical().auto_shrink(false).show_rows(ui, ROW_HEIGHT, view.visits.len(), |ui, rows| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for visit in view.visits.get(rows).unwrap_or_default() {
            visit_ui(ui, visit);
        }
    });
}

fn visit_ui(ui: &mut Ui, visit: &PastVisit) {
    let palette = palette(ui);
    let words = columns(visit);
    let spoken = words.join(", ");
    row_ui(ui, words, &spoken, [palette.text, outcome_color(visit.outcome, palette)]);
}

/// Beneath the heads of the table.
fn columns(visit: &PastVisit) -> [String; 7] {
    let at = jiff::Timestamp::from_second(visit.ended_at).unwrap_or_default().to_zoned(jiff::tz::TimeZone::system());
    [
        at.strftime("%a %-d %b, %H:%M").to_string(),
        visit.outcome.word().to_owned(),
        format!("{} new", visit.new),
        size(visit.bytes_in),
        size(visit.bytes_out),
        format!("{:.1} s", std::time::Duration::from_millis(visit.connected_ms).as_secs_f64()),
        visit.round_trip.map_or_else(|| "–".to_owned(), |round_trip| round_trip.to_string()),
    ]
}

/// One line of the table. `spoken`: what a screen reader says of it; empty: it is the head, whose words the rows need not.
fn row_ui(ui: &mut Ui, words: [String; 7], spoken: &str, [color, outcome]: [Color32; 2]) {
    let palette = palette(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width() - 12.0, ROW_HEIGHT), Sense::hover());
    let name = if spoken.is_empty() { words.join(", ") } else { spoken.to_owned() };
    response.widget_info(|| WidgetInfo::labeled(AccessRole::Label, true, &name));
    let ends = COLUMNS.into_iter().skip(1).chain([1.0]);
    for (index, ((text, begin), end)) in words.iter().zip(COLUMNS).zip(ends).enumerate() {
        let color = if index == 1 { outcome } else { color };
        let width = rect.width() * (end - begin) - 8.0;
        let galley = line(ui, text, theme::small(), color, width);
        let at = Pos2::new(rect.left() + 10.0 + begin * (rect.width() - 10.0), rect.center().y - galley.size().y / 2.0);
        paint_line(ui, at, &galley, false);
    }
    ui.painter().hline(rect.x_range().shrink(8.0), rect.bottom() - 0.5, Stroke::new(1.0, palette.line));
}

fn outcome_color(outcome: Outcome, palette: Palette) -> Color32 {
    match outcome {
        Outcome::Done => palette.success,
        Outcome::Looked => palette.muted,
        Outcome::Asked | Outcome::Partly | Outcome::Stopped => palette.warning,
        Outcome::Failed => palette.danger,
    }
}
