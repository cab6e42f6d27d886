//! Above a message: how many pictures of it lie elsewhere, and whom to allow them. And in the settings: who is allowed.

use egui::{CornerRadius, Margin, Ui};

use super::action::Action;
use super::icons::Icon;
use super::model::{Model, Reading};
use super::theme::{self, GROUP, palette};
use super::widgets::{label, prose, quiet};
use crate::engine::{Allowed, MessagePictures, OpenedMessage, PictureConsent, PictureScope};
use crate::mail::sanitize;

/// Characters of an address or a list that a button shows.
const NAME_CHARS: usize = 40;

/// The bar; nothing where there is nothing to ask.
pub fn picture_bar_ui(ui: &mut Ui, model: &Model, message: &OpenedMessage, actions: &mut Vec<Action>) {
    let pictures = &*message.pictures;
    if pictures.missing == 0 {
        return;
    }
    let palette = palette(ui);
    let is_fetching = model.reading.is_fetching_pictures();
    egui::Frame::new()
        .fill(palette.window)
        .corner_radius(CornerRadius::same(8))
        .inner_margin(Margin::symmetric(12, 8))
        .show(ui, |ui| {
            // As wide as the pane, however short the words.
            ui.set_width(ui.available_width());
            ui.horizontal_wrapped(|ui| {
                ui.add(Icon::Image.image(17.0, palette.muted).alt_text("Pictures"));
                label(ui, &words(pictures, is_fetching), theme::small(), palette.muted, false);
                if is_fetching {
                    if quiet(ui, "Stop").clicked() {
                        actions.push(Action::StopPictures);
                    }
                } else {
                    choices_ui(ui, pictures, actions);
                }
            });
        });
    ui.add_space(4.0);
}

fn choices_ui(ui: &mut Ui, pictures: &MessagePictures, actions: &mut Vec<Action>) {
    let tried = pictures.kept.iter().any(|picture| picture.bytes.is_none());
    let once = if tried { "Try again" } else { "Show once" };
    let is_allowed = pictures.allowed.is_some();
    if quiet(ui, if is_allowed && !tried { "Show" } else { once }).clicked() {
        actions.push(Action::FetchPictures(PictureScope::Once));
    }
    if is_allowed {
        return;
    }
    if !pictures.sender.is_empty() {
        let words = format!("Always for {}", sanitize::line_of(&pictures.sender, NAME_CHARS));
        let hint = "They are then fetched with each visit that brings mail of this address";
        if quiet(ui, &words).on_hover_text(hint).clicked() {
            actions.push(Action::FetchPictures(PictureScope::Sender));
        }
    }
    if let Some(list) = &pictures.list {
        let hint = format!("They are then fetched with each visit that brings mail of {list}");
        if quiet(ui, "Always for this list").on_hover_text(hint).clicked() {
            actions.push(Action::FetchPictures(PictureScope::List));
        }
    }
}

/// “3 pictures were not fetched”.
fn words(pictures: &MessagePictures, is_fetching: bool) -> String {
    let count = |number: usize| if number == 1 { "1 picture".to_owned() } else { format!("{number} pictures") };
    let missing = pictures.missing;
    if is_fetching {
        return format!("Fetching {}…", count(missing));
    }
    let failed = pictures.kept.iter().filter(|picture| picture.bytes.is_none()).count();
    if failed > 0 && failed == missing {
        return format!("{} could not be had", count(missing));
    }
    let was = if missing == 1 { "was" } else { "were" };
    let trackers = match pictures.trackers {
        0 => String::new(),
        1 => ", and one that only reports the reading never is".into(),
        more => format!(", and {more} that only report the reading never are"),
    };
    format!("{} {was} not fetched{trackers}", count(missing))
}

/// The part of the settings: who is allowed for good, to be taken back. Nothing where nobody is.
pub fn consents_ui(ui: &mut Ui, consents: &[PictureConsent], actions: &mut Vec<Action>) {
    if consents.is_empty() {
        return;
    }
    let palette = palette(ui);
    ui.add_space(GROUP);
    label(ui, "Remote pictures", theme::heading(), palette.text, true);
    prose(ui, "They are fetched with each visit that brings mail of", palette.muted);
    for consent in consents {
        let (kind, name) = match &consent.whom {
            Allowed::Sender(address) => ("", address),
            Allowed::List(id) => ("the list ", id),
        };
        let name = format!("{kind}{}", sanitize::line_of(name, NAME_CHARS));
        ui.horizontal(|ui| {
            label(ui, &name, theme::body(), palette.text, false);
            let button = quiet(ui, "No longer");
            button.widget_info(|| {
                egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, format!("No longer for {name}"))
            });
            if button.clicked() {
                actions.push(Action::RevokePictures(consent.id));
            }
        });
    }
}

impl Reading {
    /// Whether the pictures of the open message are on their way.
    pub fn is_fetching_pictures(&self) -> bool {
        self.message.as_ref().is_some_and(|message| self.fetching.contains(&message.row.key))
    }
}
