//! What was done, the newest first, each to be undone.

use egui::{Id, Modal, RichText, ScrollArea, Ui};

use super::action::Action;
use super::message_list::moment;
use super::model::Model;
use super::theme::{self, palette};
use super::widgets::{label, primary, prose, question, quiet};
use crate::engine::Entry;

pub fn history_ui(ctx: &egui::Context, model: &Model, actions: &mut Vec<Action>) {
    if !model.history {
        return;
    }
    let shown = Modal::new(Id::unique("history")).frame(theme::dialog(ctx)).show(ctx, |ui| {
        let palette = palette(ui);
        ui.set_width(520.0);
        question(ui, "History");
        prose(
            ui,
            "What you did in the last 30 days. Undoing leaves alone what you changed otherwise since.",
            palette.muted,
        );
        ui.add_space(8.0);
        let entries = &model.organisation.history;
        if entries.is_empty() {
            prose(ui, "Nothing yet.", palette.faint);
        }
        let height = (ui.ctx().content_rect().height() - 250.0).clamp(80.0, 420.0);
        let scroll = ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true]);
        scroll.show_rows(ui, 30.0, entries.len(), |ui, range| {
            for entry in entries.get(range).unwrap_or_default() {
                entry_ui(ui, entry, actions);
            }
        });
        ui.add_space(12.0);
        if primary(ui, true, "Close").clicked() {
            actions.push(Action::ShowHistory(false));
        }
    });
    if shown.should_close() {
        actions.push(Action::ShowHistory(false));
    }
}

fn entry_ui(ui: &mut Ui, entry: &Entry, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    ui.horizontal(|ui| {
        ui.set_height(30.0);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.add_space(8.0);
            if !entry.undone {
                let undo = quiet(ui, "Undo");
                let name = format!("Undo: {}", entry.words());
                undo.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, &name));
                if undo.clicked() {
                    actions.push(Action::UndoEntry(entry.id));
                }
            } else if entry.can_redo {
                if quiet(ui, "Do it again").clicked() {
                    actions.push(Action::Redo);
                }
            } else {
                ui.label(RichText::new("undone").font(theme::small()).color(palette.faint));
            }
            label(ui, &moment(entry.at), theme::small(), palette.faint, false);
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                let color = if entry.undone { palette.faint } else { palette.text };
                label(ui, &entry.words(), theme::label(), color, false);
            });
        });
    });
}
