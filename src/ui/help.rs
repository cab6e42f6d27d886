//! The table of shortcuts.

use egui::{Id, Modal, RichText, ScrollArea, Ui};

use super::action::{Action, SHORTCUTS, Shortcut};
use super::model::Model;
use super::theme::{self, palette};
use super::widgets::{primary, question, quiet};

/// Points of a column, and between two.
const COLUMN: f32 = 400.0;
const BETWEEN: f32 = 32.0;
/// Points of the keys in it.
const KEYS: f32 = 146.0;

pub fn help_ui(ctx: &egui::Context, model: &Model, actions: &mut Vec<Action>) {
    if !model.help {
        return;
    }
    let shown = Modal::new(Id::unique("help")).frame(theme::dialog(ctx)).show(ctx, |ui| {
        let room = ui.ctx().content_rect().size();
        // Side by side they fit the usual window; a narrow one has them below each other.
        let columns: usize = if room.x > 900.0 { 2 } else { 1 };
        ui.set_width(COLUMN * columns as f32 + BETWEEN * (columns - 1) as f32);
        question(ui, "Shortcuts");
        ui.add_space(6.0);
        let height = room.y - 190.0;
        // All of it that there is room for at once, not what the dialog had room for in the frame before.
        let scroll = ScrollArea::vertical().max_height(height).min_scrolled_height(height);
        scroll.auto_shrink([false, true]).show(ui, |ui| {
            ui.spacing_mut().interact_size.y = 20.0;
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = BETWEEN;
                for (index, shortcuts) in SHORTCUTS.chunks(SHORTCUTS.len().div_ceil(columns)).enumerate() {
                    shortcuts_ui(ui, index, shortcuts);
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

fn shortcuts_ui(ui: &mut Ui, index: usize, shortcuts: &[Shortcut]) {
    let palette = palette(ui);
    let grid = egui::Grid::new(("shortcuts", index)).num_columns(2).spacing([16.0, 6.0]).min_col_width(KEYS);
    grid.show(ui, |ui| {
        for shortcut in shortcuts {
            ui.label(RichText::new(shortcut.keys).color(palette.accent));
            ui.label(shortcut.what);
            ui.end_row();
        }
    });
}
