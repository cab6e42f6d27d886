//! What of the list is shown, in a row of quiet switches above it.

use egui::accesskit::Role as AccessRole;
use egui::{CornerRadius, Margin, Pos2, Rect, Response, Sense, Stroke, Ui, Vec2, WidgetInfo};

use super::action::Action;
use super::icons::Icon;
use super::model::{Model, Task, with_tag_turned};
use super::theme::{self, palette};
use super::view_menu::boxes_are_seen;
use super::widgets::{hairline, line, paint_line, prose, quiet};
use crate::store::types::Filter;

/// A list that is narrower has room for the icons of the switches alone.
const ROOM_FOR_WORDS: f32 = 300.0;
const HEIGHT: f32 = 24.0;

pub fn filter_ui(ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
    let filter = &model.messages.filter;
    let has_words = ui.available_width() >= ROOM_FOR_WORDS;
    let whole = ui.available_rect_before_wrap();
    let frame = egui::Frame::new().inner_margin(Margin { left: 12, right: 12, top: 4, bottom: 8 }).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            // What was written here has been read.
            if !model.messages.view.role.is_outgoing() || model.search.is_on() {
                let next = Filter { unread: !filter.unread, ..filter.clone() };
                let hint = model.look.keys.hint("Show only what is unread", Task::UnreadOnly);
                switch(ui, None, "Unread", &hint, filter.unread, has_words, next, actions);
            }
            let next = Filter { starred: !filter.starred, ..filter.clone() };
            let star = Some(Icon::Star);
            switch(ui, star, "Starred", "Show only what has a star", filter.starred, has_words, next, actions);
            let next = Filter { attachment: !filter.attachment, ..filter.clone() };
            let (clip, hint) = (Some(Icon::Attachment), "Show only what has attachments");
            switch(ui, clip, "Attachment", hint, filter.attachment, has_words, next, actions);
            if !model.organisation.tags.is_empty() {
                tags_ui(ui, model, has_words, actions);
            }
            if filter.is_on() {
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    let all = chip(ui, Some(Icon::Close), "Show all", "Show everything again (Esc)", false, false);
                    if all.clicked() {
                        actions.push(Action::Filter(Filter::default()));
                    }
                });
            }
        });
    });
    // From edge to edge, whatever the switches need.
    hairline(ui, frame.response.rect.union(whole.with_max_y(whole.top())), palette(ui).line);
    ui.add_space(-ui.spacing().item_spacing.y);
}

#[allow(clippy::too_many_arguments)] // of one row of switches
fn switch(
    ui: &mut Ui,
    icon: Option<Icon>,
    name: &str,
    hint: &str,
    on: bool,
    has_words: bool,
    next: Filter,
    actions: &mut Vec<Action>,
) {
    if chip(ui, icon, name, hint, on, has_words).clicked() {
        actions.push(Action::Filter(next));
    }
}

/// A menu of the tags: several may be ticked one after the other.
fn tags_ui(ui: &mut Ui, model: &Model, has_words: bool, actions: &mut Vec<Action>) {
    let filter = &model.messages.filter;
    let named: Vec<&str> = filter.tags.iter().filter_map(|&id| model.tag(id)).map(|tag| tag.name.as_str()).collect();
    let words = match named.as_slice() {
        [] => "Tag".to_owned(),
        [one] => one.chars().take(12).collect(),
        several => format!("{} tags", several.len()),
    };
    let response = chip(ui, Some(Icon::Tag), &words, "Show only what has a tag", !named.is_empty(), has_words);
    let popup = egui::Popup::menu(&response).close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside);
    popup.show(|ui| {
        ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Extend);
        boxes_are_seen(ui);
        egui::ScrollArea::vertical().max_height(360.0).show(ui, |ui| {
            for tag in &model.organisation.tags {
                let (spot, words) = (theme::tag_color(tag.color, palette(ui).dark).1, &tag.name);
                let mut on = filter.tags.contains(&tag.id);
                ui.horizontal(|ui| {
                    let (rect, _) = ui.allocate_exact_size(Vec2::new(14.0, 14.0), Sense::hover());
                    ui.painter().circle_filled(rect.center(), 5.0, spot);
                    if ui.checkbox(&mut on, words).clicked() {
                        actions.push(Action::Filter(with_tag_turned(filter, tag.id)));
                    }
                });
            }
        });
    });
}

/// A switch: quiet while it is off. Without an icon of its own it has the dot of what is unread.
fn chip(ui: &mut Ui, icon: Option<Icon>, name: &str, hint: &str, on: bool, has_words: bool) -> Response {
    let palette = palette(ui);
    let tint = if on { palette.accent } else { palette.muted };
    let words = has_words.then(|| line(ui, name, theme::small(), tint, 110.0));
    let width = 26.0 + words.as_ref().map_or(0.0, |words| words.size().x + 7.0);
    let (rect, response) = ui.allocate_exact_size(Vec2::new(width, HEIGHT), Sense::click());
    response.widget_info(|| WidgetInfo::selected(AccessRole::Button, true, on, name));
    let radius = CornerRadius::same(12);
    let fill = match on {
        true => Some(palette.selected),
        false => (response.hovered() || response.has_focus()).then_some(palette.hover),
    };
    if let Some(fill) = fill {
        ui.painter().rect_filled(rect, radius, fill);
    }
    if response.has_focus() {
        let stroke = Stroke::new(1.5, palette.accent);
        ui.painter().rect_stroke(rect.shrink(0.75), radius, stroke, egui::StrokeKind::Inside);
    }
    let spot = Rect::from_center_size(Pos2::new(rect.left() + 13.0, rect.center().y), Vec2::splat(13.0));
    match icon {
        Some(icon) => icon.paint(ui, spot, tint),
        None if on => {
            ui.painter().circle_filled(spot.center(), 4.0, tint);
        }
        None => {
            ui.painter().circle_stroke(spot.center(), 3.5, Stroke::new(1.4, tint));
        }
    }
    if let Some(words) = words {
        paint_line(ui, Pos2::new(rect.left() + 23.0, rect.center().y - words.size().y / 2.0), &words, false);
    }
    response.on_hover_text(hint)
}

/// In place of a list of which the filter leaves nothing.
pub fn nothing_left_ui(ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    let words = model.filter_words(model.filter_shown());
    let role = model.messages.view.role;
    ui.add_space((ui.available_height() * 0.3).max(32.0));
    ui.vertical_centered(|ui| {
        ui.set_max_width(270.0);
        ui.add(Icon::of_role(role).image(38.0, palette.faint).alt_text(role.to_string()));
        ui.add_space(8.0);
        ui.label(egui::RichText::new("Nothing of the kind").font(theme::heading()).color(palette.muted));
        let hidden = match (model.shows_results(), model.count(model.messages.view).0) {
            (true, _) => "Other results are hidden.".to_owned(),
            (false, 0) => "There is nothing else, either.".to_owned(),
            (false, 1) => "The only message here is hidden.".to_owned(),
            (false, total) => format!("{} messages are hidden.", super::sidebar::thousands(total)),
        };
        prose(ui, &format!("Only what {words} is shown. {hidden}"), palette.faint);
        ui.add_space(4.0);
        if quiet(ui, "Show everything").clicked() {
            actions.push(Action::Filter(Filter::default()));
        }
    });
}
