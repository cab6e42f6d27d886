//! Buttons, lines of text and fields as this window draws them.

use std::ops::Range;
use std::sync::Arc;

use egui::accesskit::Role as AccessRole;
use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{
    Align2, Button, Color32, CornerRadius, FontId, Galley, Pos2, Rect, Response, Sense, Stroke, Ui, Vec2, WidgetInfo,
};

use super::bidi;
use super::icons::Icon;
use super::theme::{self, Palette, RADIUS, palette};

/// A line of text, in its visual order, cut with “…” at `width`.
pub fn line(ui: &Ui, text: &str, font: FontId, color: Color32, width: f32) -> Arc<Galley> {
    marked_line(ui, text, &[], font, color, width)
}

/// The same, with octets of it marked as found.
pub fn marked_line(
    ui: &Ui,
    text: &str,
    marks: &[Range<usize>],
    font: FontId,
    color: Color32,
    width: f32,
) -> Arc<Galley> {
    let ground = palette(ui).mark;
    let marks: Vec<(Range<usize>, Color32)> = marks.iter().map(|mark| (mark.clone(), ground)).collect();
    let lay_out = |text: &str| {
        let wrap = TextWrapping::truncate_at_width(width.max(0.0));
        let mut job = LayoutJob { wrap, break_on_newline: false, ..LayoutJob::default() };
        bidi::append_marked(&mut job, text, &TextFormat::simple(font.clone(), color), &marks);
        ui.fonts_mut(|fonts| fonts.layout_job(job))
    };
    let galley = lay_out(text);
    if !galley.elided || !bidi::has_rtl(text) {
        return galley;
    }
    // egui cuts at the right, where such a line begins: so its logical end is cut off here, as far as it must be.
    let (mut fits, mut too_long) = (0, text.chars().count());
    while fits + 1 < too_long {
        let middle = usize::midpoint(fits, too_long);
        if lay_out(&shortened(text, middle)).elided { too_long = middle } else { fits = middle }
    }
    lay_out(&shortened(text, fits))
}

fn shortened(text: &str, chars: usize) -> String {
    text.chars().take(chars).chain(['…']).collect()
}

/// Draws a line; `strong` twice, half a point apart, for the font at hand has no heavier cut.
pub fn paint_line(ui: &Ui, at: Pos2, galley: &Arc<Galley>, strong: bool) {
    ui.painter().galley(at, galley.clone(), Color32::PLACEHOLDER);
    if strong {
        ui.painter().galley(at + Vec2::new(0.55, 0.0), galley.clone(), Color32::PLACEHOLDER);
    }
}

/// A line that takes its place in the layout, and that a screen reader reads in its logical order.
pub fn label(ui: &mut Ui, text: &str, font: FontId, color: Color32, strong: bool) -> Response {
    let width = ui.available_width();
    let galley = line(ui, text, font, color, width);
    let (rect, response) = ui.allocate_exact_size(galley.size(), Sense::hover());
    paint_line(ui, rect.min, &galley, strong);
    response.widget_info(|| WidgetInfo::labeled(AccessRole::Label, true, text));
    if galley.elided { response.on_hover_text(text) } else { response }
}

/// What is being dragged, at the pointer.
pub fn at_pointer(ui: &Ui, words: &str) {
    let window = ui.ctx().content_rect();
    let Some(at) = ui.ctx().pointer_interact_pos().filter(|at| window.contains(*at)) else { return };
    let palette = palette(ui);
    let words = line(ui, words, theme::label(), palette.on_accent, 200.0);
    let painter = ui.ctx().layer_painter(egui::LayerId::new(egui::Order::Tooltip, egui::Id::unique("dragged")));
    let size = words.size() + Vec2::new(20.0, 10.0);
    let corner = (at + Vec2::new(12.0, 10.0)).min(window.max - size);
    let rect = Rect::from_min_size(corner, size);
    painter.rect_filled(rect, CornerRadius::same(8), palette.accent);
    painter.galley(rect.min + Vec2::new(10.0, 5.0), words, palette.on_accent);
}

/// The name of a field, at the left of it; what is typed into is labelled by it.
pub fn field_name(ui: &mut Ui, name: &str, size: Vec2, color: Color32) -> Response {
    let place = egui::Layout::left_to_right(egui::Align::Center);
    ui.allocate_ui_with_layout(size, place, |ui| {
        ui.set_min_size(size);
        ui.add(egui::Label::new(egui::RichText::new(name).color(color)))
    })
    .inner
}

/// What a dialog is about, at its head.
pub fn question(ui: &mut Ui, words: &str) {
    label(ui, words, theme::heading(), palette(ui).text, true);
}

/// Wrapped text of the interface itself.
pub fn prose(ui: &mut Ui, text: &str, color: Color32) -> Response {
    ui.add(egui::Label::new(egui::RichText::new(text).color(color)).wrap())
}

/// The one button of a group that goes on.
pub fn primary(ui: &mut Ui, enabled: bool, text: &str) -> Response {
    let palette = palette(ui);
    let button =
        Button::new(egui::RichText::new(text).color(palette.on_accent)).fill(palette.accent).stroke(Stroke::NONE);
    ui.add_enabled(enabled, button.corner_radius(CornerRadius::same(RADIUS)))
}

/// A button that only suggests itself.
pub fn quiet(ui: &mut Ui, text: &str) -> Response {
    let palette = palette(ui);
    ui.add(Button::new(egui::RichText::new(text).color(palette.accent)).frame_when_inactive(false))
}

/// A button of the toolbar: icon, and words where there is room for them.
pub fn tool(ui: &mut Ui, icon: Icon, words: Option<&str>, name: &str, hint: &str, enabled: bool) -> Response {
    let palette = palette(ui);
    let tint = if enabled { palette.text } else { palette.faint };
    let words_galley = words.map(|words| line(ui, words, theme::label(), tint, f32::INFINITY));
    let width = 34.0 + words_galley.as_ref().map_or(0.0, |galley| galley.size().x + 8.0);
    let sense = if enabled { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(Vec2::new(width, 34.0), sense);
    response.widget_info(|| WidgetInfo::labeled(AccessRole::Button, enabled, name));
    fill(ui, &response, rect, enabled, palette);
    let center = Pos2::new(rect.left() + 17.0, rect.center().y);
    icon.paint(
        ui,
        Rect::from_center_size(center, Vec2::splat(19.0)),
        if enabled { palette.text } else { palette.faint.gamma_multiply(0.6) },
    );
    if let Some(galley) = words_galley {
        paint_line(ui, Pos2::new(rect.left() + 33.0, rect.center().y - galley.size().y / 2.0), &galley, false);
    }
    response.on_hover_text(hint)
}

/// A small button that is an icon alone.
pub fn icon(ui: &mut Ui, icon: Icon, name: &str) -> Response {
    let palette = palette(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(26.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(AccessRole::Button, true, name));
    fill(ui, &response, rect, true, palette);
    icon.paint(ui, Rect::from_center_size(rect.center(), Vec2::splat(16.0)), palette.muted);
    response.on_hover_text(name)
}

fn fill(ui: &Ui, response: &Response, rect: Rect, enabled: bool, palette: Palette) {
    let pressed = response.is_pointer_button_down_on();
    if enabled && (response.hovered() || pressed) {
        ui.painter().rect_filled(
            rect,
            CornerRadius::same(RADIUS),
            if pressed { palette.selected } else { palette.hover },
        );
    }
    if response.has_focus() {
        let stroke = Stroke::new(1.5, palette.accent);
        ui.painter().rect_stroke(rect.shrink(1.0), CornerRadius::same(RADIUS), stroke, egui::StrokeKind::Inside);
    }
}

/// A hairline below what was drawn.
pub fn hairline(ui: &Ui, rect: Rect, color: Color32) {
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, color));
}

/// Initials in a circle of the sender's colour.
pub fn avatar(ui: &mut Ui, name: &str, size: f32) {
    let palette = palette(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(size), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(AccessRole::Image, true, name));
    let hash = name.bytes().fold(5381i64, |hash, byte| hash.wrapping_mul(33) ^ i64::from(byte));
    ui.painter().circle_filled(rect.center(), size / 2.0, theme::account_color(hash, palette.dark).gamma_multiply(0.9));
    let font = FontId::proportional(size * 0.4);
    ui.painter().text(rect.center(), Align2::CENTER_CENTER, initials(name), font, Color32::WHITE);
}

/// The first letters of the first and the last word.
fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let first = words.next();
    let last = words.next_back();
    first.into_iter().chain(last).flat_map(char::to_uppercase).collect()
}

/// A size as people say it.
pub fn size(bytes: u64) -> String {
    #[allow(clippy::cast_precision_loss)] // shown with two digits
    let bytes = bytes as f64;
    if bytes < 1000.0 {
        format!("{bytes:.0} bytes")
    } else if bytes < 1e6 {
        format!("{:.0} KB", bytes / 1e3)
    } else if bytes < 1e9 {
        format!("{:.1} MB", bytes / 1e6)
    } else {
        format!("{:.1} GB", bytes / 1e9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_said_as_people_say_them() {
        let cases =
            [(0, "0 bytes"), (999, "999 bytes"), (4_300, "4 KB"), (2_150_000, "2.1 MB"), (3_000_000_000, "3.0 GB")];
        for (bytes, words) in cases {
            assert_eq!(size(bytes), words);
        }
    }

    #[test]
    fn initials_come_from_the_first_and_the_last_word() {
        for (name, expected) in [
            ("Ana Duarte", "AD"),
            ("ana", "A"),
            ("", ""),
            ("Dr. Ole van Brandt", "DB"),
            ("田中 陽子", "田陽"),
            ("?! ~", ""),
        ] {
            assert_eq!(initials(name), expected);
        }
    }
}
