//! Tags as they are shown on a message: small coloured labels.

use egui::accesskit::Role as AccessRole;
use egui::{CornerRadius, FontFamily, FontId, Pos2, Rect, Sense, Stroke, Ui, Vec2, WidgetInfo};

use super::action::Action;
use super::model::{COLORS, Model};
use super::theme::{self, palette};
use super::widgets::{line, paint_line};
use crate::store::types::{Tag, TagId};

/// Tags of a row that are shown; of more it says how many.
const MOST: usize = 3;
const HEIGHT: f32 = 16.0;
/// Points of a label, at most.
const WIDTH: f32 = 96.0;

fn font() -> FontId {
    FontId::new(11.0, FontFamily::Proportional)
}

/// Paints the tags of a row, the last one's right end at `right`; gives where the first one begins.
pub fn paint(ui: &Ui, model: &Model, tags: &[TagId], right: f32, middle: f32, most_width: f32) -> f32 {
    let known: Vec<&Tag> = tags.iter().filter_map(|&id| model.tag(id)).collect();
    let mut left = right;
    if known.len() > MOST {
        let more = line(ui, &format!("+{}", known.len() - MOST), font(), palette(ui).muted, 40.0);
        left -= more.size().x;
        paint_line(ui, Pos2::new(left, middle - more.size().y / 2.0), &more, false);
        left -= 5.0;
    }
    for tag in known.into_iter().take(MOST).rev() {
        let room = (left - (right - most_width)).min(WIDTH);
        if room < 24.0 {
            break;
        }
        let (fill, text) = theme::tag_color(tag.color, palette(ui).dark);
        let words = line(ui, &tag.name, font(), text, room - 12.0);
        let size = Vec2::new(words.size().x + 12.0, HEIGHT);
        let chip = Rect::from_min_size(Pos2::new(left - size.x, middle - HEIGHT / 2.0), size);
        ui.painter().rect_filled(chip, CornerRadius::same(8), fill);
        paint_line(ui, chip.center() - words.size() / 2.0, &words, false);
        left = chip.left() - 4.0;
    }
    left
}

/// The tags of the message that is open: a click shows what else has them.
pub fn tags_ui(ui: &mut Ui, model: &Model, tags: &[TagId], actions: &mut Vec<Action>) {
    let known: Vec<&Tag> = tags.iter().filter_map(|&id| model.tag(id)).collect();
    if known.is_empty() {
        return;
    }
    ui.add_space(8.0);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = Vec2::new(4.0, 4.0);
        for tag in known {
            let (fill, text) = theme::tag_color(tag.color, palette(ui).dark);
            let words = line(ui, &tag.name, theme::small(), text, 220.0);
            let (rect, response) = ui.allocate_exact_size(words.size() + Vec2::new(16.0, 6.0), Sense::click());
            response.widget_info(|| WidgetInfo::labeled(AccessRole::Button, true, format!("Tag {}", tag.name)));
            ui.painter().rect_filled(rect, CornerRadius::same(12), fill);
            if response.hovered() || response.has_focus() {
                let stroke = Stroke::new(1.0, text);
                ui.painter().rect_stroke(rect, CornerRadius::same(12), stroke, egui::StrokeKind::Inside);
            }
            paint_line(ui, rect.center() - words.size() / 2.0, &words, false);
            if response.on_hover_text("Show what has this tag").clicked() {
                actions.push(Action::ShowTag(tag.id));
            }
        }
    });
}

/// The palette, to choose from.
pub fn colors_ui(ui: &mut Ui, current: Option<u8>) -> Option<u8> {
    let dark = palette(ui).dark;
    let mut chosen = None;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for color in 0..COLORS {
            let (rect, response) = ui.allocate_exact_size(Vec2::splat(22.0), Sense::click());
            response.widget_info(|| WidgetInfo::labeled(AccessRole::Button, true, theme::tag_color_name(color)));
            let tint = theme::tag_color(color, dark).1;
            ui.painter().circle_filled(rect.center(), 7.0, tint);
            if Some(color) == current || response.hovered() || response.has_focus() {
                ui.painter().circle_stroke(rect.center(), 9.5, Stroke::new(1.5, tint));
            }
            if response.on_hover_text(theme::tag_color_name(color)).clicked() {
                chosen = Some(color);
            }
        }
    });
    chosen
}
