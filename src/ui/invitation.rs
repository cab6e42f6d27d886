//! An invitation as a person reads it: what, when, where, who.

use egui::{CornerRadius, Margin, RichText, Ui};
use jiff::tz::TimeZone;

use super::icons::Icon;
use super::theme::{self, palette};
use super::widgets::prose;
use crate::mail::invitation::{Intent, Invitation, Invited};

/// People that are named; of more a line says how many.
const MAX_PEOPLE: usize = 12;

/// A box with everything that is known about it. `whole`: with its description and all who are invited.
pub fn invitation_ui(ui: &mut Ui, invitation: &Invitation, whole: bool) {
    let palette = palette(ui);
    let is_off = invitation.intent == Intent::Cancel;
    let edge = if is_off { palette.danger } else { palette.accent };
    let frame = egui::Frame::new()
        .fill(palette.window)
        .stroke(egui::Stroke::new(1.0, edge.gamma_multiply(0.55)))
        .corner_radius(CornerRadius::same(8))
        .inner_margin(Margin::symmetric(16, 12));
    frame.show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 4.0;
        ui.horizontal(|ui| {
            ui.add(Icon::Calendar.image(16.0, edge).alt_text("Appointment"));
            prose(ui, &invitation.headline(), if is_off { palette.danger } else { palette.muted });
        });
        let what = if invitation.what.is_empty() { "(without a name)" } else { &invitation.what };
        let mut title = RichText::new(what).font(theme::heading()).color(palette.text);
        if is_off {
            title = title.strikethrough();
        }
        ui.add(egui::Label::new(title).wrap().selectable(true));
        rows_ui(ui, invitation, whole);
        if whole && !invitation.description.is_empty() {
            ui.add_space(4.0);
            let words = RichText::new(&invitation.description).color(palette.text);
            ui.add(egui::Label::new(words).wrap().selectable(true));
        }
    });
    ui.add_space(8.0);
}

fn rows_ui(ui: &mut Ui, invitation: &Invitation, whole: bool) {
    let when = invitation.when(&TimeZone::system());
    row_ui(ui, "When", &when.here);
    row_ui(ui, "", &when.there.map(|there| format!("For the sender: {there}")).unwrap_or_default());
    row_ui(ui, "Repeats", invitation.repeats.as_deref().unwrap_or_default());
    row_ui(ui, "Where", &invitation.place);
    row_ui(ui, "From", &invitation.organizer.as_ref().map(|who| who.shown()).unwrap_or_default());
    let most = if whole { usize::MAX } else { MAX_PEOPLE };
    let mut people: Vec<String> = invitation.people.iter().take(most).map(spoken).collect();
    if invitation.people.len() > most {
        people.push(format!("{} more", invitation.people.len() - most));
    }
    row_ui(ui, "Invited", &people.join("; "));
}

fn spoken(invited: &Invited) -> String {
    let optional = if invited.is_optional { "need not come, " } else { "" };
    format!("{} ({optional}{})", invited.who.shown(), invited.answer.words())
}

/// A name and what stands for it; nothing where there is nothing to say.
pub fn row_ui(ui: &mut Ui, name: &str, words: &str) {
    if words.is_empty() {
        return;
    }
    let palette = palette(ui);
    ui.horizontal_top(|ui| {
        ui.allocate_ui(egui::Vec2::new(66.0, 18.0), |ui| {
            ui.set_min_width(66.0);
            ui.label(RichText::new(name).color(palette.faint));
        });
        ui.add(egui::Label::new(RichText::new(words).color(palette.text)).wrap().selectable(true));
    });
}
