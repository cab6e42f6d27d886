//! Notices above the message, and words that pass at the foot.

use egui::{Align2, Area, CornerRadius, Margin, Order, Ui, Vec2};

use super::action::Action;
use super::icons::Icon;
use super::model::{Model, Notice};
use super::theme::{self, palette};
use super::widgets::{icon, label, prose, quiet};
use crate::engine::Offer;

/// One says all at once. Of several each takes a line, and one of them may be unfolded: they must not push the message down.
pub fn notices_ui(ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
    match model.notices.as_slice() {
        // Not even the space between two things is taken.
        [] => {}
        [notice] => lines_ui(ui, notice, Fold::Open, &mut false, actions),
        _ => {
            ui.scope(|ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                several_ui(ui, model, actions);
            });
        }
    }
}

fn several_ui(ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
    let place = egui::Id::unique("unfolded notice");
    let unfolded: Option<u64> = ui.data(|data| data.get_temp(place));
    for notice in &model.notices {
        let fold = if unfolded == Some(notice.id) { Fold::Unfolded } else { Fold::Folded };
        let mut turned = false;
        lines_ui(ui, notice, fold, &mut turned, actions);
        if turned {
            let next = if fold == Fold::Unfolded { 0 } else { notice.id };
            ui.data_mut(|data| data.insert_temp(place, next));
        }
    }
}

/// How much of a notice is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fold {
    /// All of it, for good.
    Open,
    /// All of it, until it is folded again.
    Unfolded,
    /// One line.
    Folded,
}

/// What, why, what to do; the server's words last.
fn lines_ui(ui: &mut Ui, notice: &Notice, fold: Fold, turned: &mut bool, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    let problem = &notice.problem;
    let (color, soft) = if problem.is_question() {
        (palette.warning, palette.warning_soft)
    } else {
        (palette.danger, palette.danger_soft)
    };
    let (inner, top) = if fold == Fold::Folded { (Margin::symmetric(16, 1), 4) } else { (Margin::symmetric(16, 8), 8) };
    let frame = egui::Frame::new().fill(soft).corner_radius(CornerRadius::same(8)).inner_margin(inner);
    frame.outer_margin(Margin { left: 16, right: 16, top, bottom: 0 }).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        ui.spacing_mut().interact_size.y = 26.0;
        head_ui(ui, notice, fold, color, turned, actions);
        if fold == Fold::Folded {
            return;
        }
        prose(ui, &sentence(&problem.why), palette.text);
        if !problem.remedy.is_empty() {
            prose(ui, &problem.remedy, palette.muted);
        }
        if !problem.detail.is_empty() {
            prose(ui, &format!("Server said: {}", problem.detail), palette.faint);
        }
        if let Some(offer) = &problem.offer {
            ui.add_space(4.0);
            if ui.button(offered(offer)).clicked() {
                actions.push(Action::TakeOffer(notice.id, offer.clone()));
            }
        }
    });
}

/// The line that is always there, with the step that is offered where there is no room below.
fn head_ui(
    ui: &mut Ui,
    notice: &Notice,
    fold: Fold,
    color: egui::Color32,
    turned: &mut bool,
    actions: &mut Vec<Action>,
) {
    let problem = &notice.problem;
    ui.horizontal(|ui| {
        let kind = if problem.is_question() { "Question" } else { "Problem" };
        ui.add(Icon::Warning.image(17.0, color).alt_text(kind));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            if icon(ui, Icon::Close, "Dismiss").clicked() {
                actions.push(Action::DismissNotice(notice.id));
            }
            if fold != Fold::Open {
                let (sign, words) = match fold {
                    Fold::Folded => (Icon::Down, "Say more"),
                    _ => (Icon::Up, "Say less"),
                };
                *turned = icon(ui, sign, words).clicked();
            }
            if fold == Fold::Folded
                && let Some(offer) = &problem.offer
                && quiet(ui, offered(offer)).clicked()
            {
                actions.push(Action::TakeOffer(notice.id, offer.clone()));
            }
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                label(ui, &problem.what, theme::label(), color, true);
            });
        });
    });
}

fn offered(offer: &Offer) -> &'static str {
    match offer {
        Offer::EnterPassword(_) => "Enter the password…",
        Offer::TrustCertificate { .. } => "Look at the certificate…",
        Offer::FetchAll(_) => "Get them all",
        Offer::VisitAnyway(_) => "Get the mail all the same",
        Offer::EditAccount(_) => "Open the account’s settings…",
    }
}

/// With a capital letter and a full stop.
fn sentence(words: &str) -> String {
    let mut chars = words.trim_end_matches('.').chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

pub fn toast_ui(ctx: &egui::Context, model: &Model, actions: &mut Vec<Action>) {
    let Some(toast) = &model.toast else { return };
    let area = Area::new(egui::Id::unique("toast"))
        .order(Order::Foreground)
        .anchor(Align2::CENTER_BOTTOM, Vec2::new(0.0, -46.0));
    area.show(ctx, |ui| {
        let palette = palette(ui);
        egui::Frame::new()
            .fill(palette.text)
            .corner_radius(CornerRadius::same(12))
            .inner_margin(Margin::symmetric(16, 8))
            .show(ui, |ui| {
                ui.horizontal(|ui| {
                    ui.label(egui::RichText::new(&toast.text).color(palette.reading));
                    let color = if palette.dark { palette.selected } else { palette.star };
                    let mut step = |words: &str, action: Action| {
                        let words = egui::RichText::new(words).color(color);
                        if ui.add(egui::Button::new(words).frame(false)).clicked() {
                            actions.push(action);
                        }
                    };
                    if toast.undo {
                        step("Undo", Action::Undo);
                    }
                    if let Some(file) = &toast.file {
                        step("Open", Action::OpenSavedFile(file.clone()));
                    }
                });
            });
    });
}
