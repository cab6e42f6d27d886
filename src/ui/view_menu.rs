//! How the list looks: rows of two lines or of one, and the columns of the latter.

use egui::{Button, Ui};

use super::action::Action;
use super::icons::Icon;
use super::model::{ColumnOf, Density, Model};
use super::theme::{self, palette};

/// A button at the head of the list, with its menu.
pub fn view_ui(ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    ui.scope(|ui| {
        ui.spacing_mut().button_padding = egui::Vec2::new(4.0, 4.0);
        let icon = Icon::View.image(15.0, palette.muted).alt_text("View");
        let button =
            Button::image(icon).frame_when_inactive(false).corner_radius(egui::CornerRadius::same(theme::RADIUS));
        let config =
            egui::containers::menu::MenuConfig::new().close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside);
        let menu = egui::containers::menu::MenuButton::from_button(button).config(config);
        let (response, _) = menu.ui(ui, |ui| menu_ui(ui, model, actions));
        response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, "View"));
        response.on_hover_text("How the list looks");
    });
}

fn menu_ui(ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
    ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Extend);
    boxes_are_seen(ui);
    for (density, words) in [(Density::Comfortable, "Comfortable: two lines"), (Density::Compact, "Compact: one line")]
    {
        if ui.radio(model.look.density == density, words).clicked() {
            actions.push(Action::SetDensity(density));
        }
    }
    ui.separator();
    let mut grouped = model.look.grouped;
    if ui.checkbox(&mut grouped, "Group by conversation").clicked() {
        actions.push(Action::SetGrouped(grouped));
    }
    if model.look.density == Density::Compact {
        ui.separator();
        columns_ui(ui, model, actions);
    }
}

/// The columns that can be shown; the subject always is.
pub fn columns_ui(ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
    ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Extend);
    boxes_are_seen(ui);
    for what in ColumnOf::ALL.into_iter().filter(|what| *what != ColumnOf::Subject) {
        let mut on = model.look.columns.has(what);
        if ui.checkbox(&mut on, what.name()).clicked() {
            actions.push(Action::SetColumns(model.look.columns.clone().with_turned(what)));
        }
    }
}

/// A menu paints no edges: a box that is not ticked would not be there.
pub fn boxes_are_seen(ui: &mut Ui) {
    let edge = egui::Stroke::new(1.0, palette(ui).muted);
    ui.visuals_mut().widgets.inactive.bg_stroke = edge;
}
