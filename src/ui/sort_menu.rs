//! The order of the list, at the right of its head: what it is, and a menu of others.

use egui::{Button, RichText, Ui};

use super::action::Action;
use super::icons::Icon;
use super::model::Model;
use super::theme::{self, palette};
use crate::store::types::{SortBy, SortOrder};

/// A list that is narrower has no room for words beside the icon.
const ROOM_FOR_WORDS: f32 = 330.0;

pub fn sort_ui(ui: &mut Ui, model: &Model, list_width: f32, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    let order = model.messages.order;
    let outgoing = model.messages.view.role.is_outgoing();
    let words = face(order, outgoing);
    let name = format!("Order: {words}");
    let icon = Icon::Sort.image(15.0, palette.muted).alt_text(&name);
    let button = if list_width >= ROOM_FOR_WORDS {
        Button::image_and_text(icon, RichText::new(&words).font(theme::small()).color(palette.muted))
    } else {
        Button::image(icon)
    };
    ui.scope(|ui| {
        ui.spacing_mut().button_padding = egui::Vec2::new(8.0, 4.0);
        ui.spacing_mut().item_spacing.x = 4.0;
        let button = button.frame_when_inactive(false).corner_radius(egui::CornerRadius::same(theme::RADIUS));
        let (response, _) = egui::containers::menu::MenuButton::from_button(button).ui(ui, |ui| {
            ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Extend);
            menu_ui(ui, order, outgoing, actions);
        });
        response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, &name));
        response.on_hover_text("The order of the list");
    });
}

fn menu_ui(ui: &mut Ui, order: SortOrder, outgoing: bool, actions: &mut Vec<Action>) {
    for by in SortBy::ALL {
        if ui.selectable_label(order.by == by, what(by, outgoing)).clicked() {
            // Each begins with the end that is mostly looked for.
            actions.push(Action::Sort(SortOrder { by, reversed: false }));
            ui.close();
        }
    }
    ui.separator();
    for reversed in [false, true] {
        if ui.selectable_label(order.reversed == reversed, direction(order.by, reversed)).clicked() {
            actions.push(Action::Sort(SortOrder { reversed, ..order }));
            ui.close();
        }
    }
}

fn what(by: SortBy, outgoing: bool) -> &'static str {
    match by {
        SortBy::Date => "Date",
        SortBy::Sender if outgoing => "Recipient",
        SortBy::Sender => "Sender",
        SortBy::Subject => "Subject",
        SortBy::Size => "Size",
    }
}

fn direction(by: SortBy, reversed: bool) -> &'static str {
    match (by, reversed) {
        (SortBy::Date, false) => "Newest first",
        (SortBy::Date, true) => "Oldest first",
        (SortBy::Sender | SortBy::Subject, false) => "A to Z",
        (SortBy::Sender | SortBy::Subject, true) => "Z to A",
        (SortBy::Size, false) => "Largest first",
        (SortBy::Size, true) => "Smallest first",
    }
}

/// The order in as few words as tell it.
fn face(order: SortOrder, outgoing: bool) -> String {
    let direction = direction(order.by, order.reversed);
    match (order.by, order.reversed) {
        (SortBy::Date | SortBy::Size, _) => direction.to_owned(),
        (by, false) => format!("By {}", what(by, outgoing).to_lowercase()),
        (by, true) => format!("{}, {direction}", what(by, outgoing)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_said_in_few_words() {
        for (by, reversed, outgoing, words) in [
            (SortBy::Date, false, false, "Newest first"),
            (SortBy::Date, true, false, "Oldest first"),
            (SortBy::Sender, false, false, "By sender"),
            (SortBy::Sender, false, true, "By recipient"),
            (SortBy::Subject, true, false, "Subject, Z to A"),
            (SortBy::Size, false, false, "Largest first"),
            (SortBy::Size, true, true, "Smallest first"),
        ] {
            assert_eq!(face(SortOrder { by, reversed }, outgoing), words);
        }
    }
}
