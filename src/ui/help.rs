//! The table of shortcuts.

use egui::{Id, Modal, RichText, ScrollArea};

use super::action::{Action, SHORTCUTS};
use super::model::Model;
use super::theme::{self, palette};
use super::widgets::{primary, quiet};

pub fn help_ui(ctx: &egui::Context, model: &Model, actions: &mut Vec<Action>) {
    if !model.help {
        return;
    }
    let shown = Modal::new(Id::unique("help")).frame(theme::dialog(ctx)).show(ctx, |ui| {
        let palette = palette(ui);
        ui.set_width(400.0);
        ui.heading("Shortcuts");
        ui.add_space(6.0);
        let height = ui.ctx().content_rect().height() - 190.0;
        // All of it that there is room for at once, not what the dialog had room for in the frame before.
        let scroll = ScrollArea::vertical().max_height(height).min_scrolled_height(height);
        scroll.auto_shrink([false, true]).show(ui, |ui| {
            egui::Grid::new("shortcuts").num_columns(2).spacing([24.0, 5.0]).show(ui, |ui| {
                for shortcut in &SHORTCUTS {
                    ui.label(RichText::new(shortcut.keys).color(palette.accent));
                    ui.label(shortcut.what);
                    ui.end_row();
                }
            });
        });
        ui.add_space(10.0);
        ui.horizontal(|ui| {
            if primary(ui, true, "Close").clicked() {
                actions.push(Action::ShowHelp(false));
            }
            if quiet(ui, "History…").on_hover_text("What you did, to be undone").clicked() {
                actions.push(Action::ShowHelp(false));
                actions.push(Action::ShowHistory(true));
            }
        });
    });
    if shown.should_close() {
        actions.push(Action::ShowHelp(false));
    }
}
