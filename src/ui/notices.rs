//! Notices above the message, and words that pass at the foot.

use egui::{Align2, Area, CornerRadius, Margin, Order, Ui, Vec2};

use super::action::Action;
use super::icons::Icon;
use super::model::{Model, Notice};
use super::theme::{self, palette};
use super::widgets::{icon, label, prose};
use crate::engine::Offer;

pub fn notices_ui(ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
    for notice in &model.notices {
        notice_ui(ui, notice, actions);
    }
}

/// What, why, what to do; the server's words last.
fn notice_ui(ui: &mut Ui, notice: &Notice, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    let problem = &notice.problem;
    let (color, soft, kind) = if problem.is_question() {
        (palette.warning, palette.warning_soft, "Question")
    } else {
        (palette.danger, palette.danger_soft, "Problem")
    };
    let frame =
        egui::Frame::new().fill(soft).corner_radius(CornerRadius::same(10)).inner_margin(Margin::symmetric(14, 10));
    frame.outer_margin(Margin { left: 14, right: 14, top: 10, bottom: 0 }).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 3.0;
        ui.horizontal(|ui| {
            ui.add(Icon::Warning.image(17.0, color).alt_text(kind));
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if icon(ui, Icon::Close, "Dismiss").clicked() {
                    actions.push(Action::DismissNotice(notice.id));
                }
                ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                    label(ui, &problem.what, theme::label(), color, true);
                });
            });
        });
        prose(ui, &sentence(&problem.why), palette.text);
        if !problem.remedy.is_empty() {
            prose(ui, &problem.remedy, palette.muted);
        }
        if !problem.detail.is_empty() {
            prose(ui, &format!("Server said: {}", problem.detail), palette.faint);
        }
        if let Some(offer) = &problem.offer {
            let words = match offer {
                Offer::EnterPassword(_) => "Enter the password…",
                Offer::TrustCertificate { .. } => "Look at the certificate…",
                Offer::FetchAll(_) => "Get them all",
                Offer::VisitAnyway(_) => "Get the mail all the same",
                Offer::EditAccount(_) => "Open the account’s settings…",
            };
            ui.add_space(5.0);
            if ui.button(words).clicked() {
                actions.push(Action::TakeOffer(notice.id, offer.clone()));
            }
        }
    });
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
            .corner_radius(CornerRadius::same(10))
            .inner_margin(Margin::symmetric(16, 8))
            .show(ui, |ui| {
                ui.horizontal(|ui| {
                    ui.label(egui::RichText::new(&toast.text).color(palette.reading));
                    if toast.undo {
                        let undo = egui::RichText::new("Undo").color(if palette.dark {
                            palette.selected
                        } else {
                            palette.star
                        });
                        if ui.add(egui::Button::new(undo).frame(false)).clicked() {
                            actions.push(Action::Undo);
                        }
                    }
                });
            });
    });
}
