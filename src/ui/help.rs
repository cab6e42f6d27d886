//! The table of shortcuts, to be read, and to be changed.

use egui::accesskit::Role as AccessRole;
use egui::{Button, CornerRadius, Id, Margin, Modal, RichText, ScrollArea, Ui, Vec2, WidgetInfo};

use super::action::Action;
use super::icons::Icon;
use super::model::{Conflict, Keyboard, Model, Scheme, Task, chord_face};
use super::theme::{self, palette};
use super::widgets::{icon, label, primary, prose, question, quiet};

/// Points of a column, and between two.
const COLUMN: f32 = 400.0;
const BETWEEN: f32 = 32.0;
/// Points of the keys in it.
const KEYS: f32 = 148.0;
const ROW_HEIGHT: f32 = 24.0;

/// Keys that are what they are.
const FIXED: [(&str, &str); 6] = [
    ("Shift", "with these: selects on the way"),
    ("Enter", "Open the draft"),
    ("Ctrl+Enter", "Send (to the Outbox)"),
    ("Escape", "Leave what one is in"),
    ("Space, Shift+Space", "Read on, read back"),
    ("Ctrl++, Ctrl+−, Ctrl+0", "Page larger, smaller, as it was"),
];

pub fn help_ui(ctx: &egui::Context, model: &Model, actions: &mut Vec<Action>) {
    if !model.help {
        return;
    }
    let waits = model.keyboard.as_ref().is_some_and(|keyboard| keyboard.waiting.is_some());
    let shown = Modal::new(Id::unique("help")).frame(theme::dialog(ctx)).show(ctx, |ui| {
        let room = ui.ctx().content_rect().size();
        // Side by side they fit the usual window; a narrow one has them below each other.
        let columns: usize = if room.x > 900.0 { 2 } else { 1 };
        ui.set_width(COLUMN * columns as f32 + BETWEEN * (columns - 1) as f32);
        question(ui, if model.keyboard.is_some() { "Keyboard" } else { "Shortcuts" });
        ui.add_space(4.0);
        if model.keyboard.is_some() {
            schemes_ui(ui, model, actions);
        }
        let height = room.y - if model.keyboard.is_some() { 260.0 } else { 190.0 };
        // All of it that there is room for at once, not what the dialog had room for in the frame before.
        let scroll = ScrollArea::vertical().max_height(height).min_scrolled_height(height);
        scroll.auto_shrink([false, true]).show(ui, |ui| table_ui(ui, model, columns, actions));
        if let Some(conflict) = model.keyboard.as_ref().and_then(|keyboard| keyboard.conflict.as_ref()) {
            conflict_ui(ui, conflict, actions);
        }
        ui.add_space(8.0);
        foot_ui(ui, model, actions);
    });
    // Escape ends the waiting first.
    if shown.should_close() && !waits {
        actions.push(Action::ShowHelp(false));
    }
}

fn schemes_ui(ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        for scheme in Scheme::ALL {
            if ui.selectable_label(model.look.keys.scheme == scheme, scheme.name()).clicked() {
                actions.push(Action::SetScheme(scheme));
            }
        }
    });
    prose(ui, "Click a key, then press the one that is to be in its place.", palette(ui).muted);
    ui.add_space(4.0);
}

fn table_ui(ui: &mut Ui, model: &Model, columns: usize, actions: &mut Vec<Action>) {
    let rows = Task::ALL.len() + FIXED.len();
    let in_column = rows.div_ceil(columns);
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing = Vec2::new(BETWEEN, 0.0);
        for column in 0..columns {
            ui.vertical(|ui| {
                ui.set_width(COLUMN);
                for row in (column * in_column..rows).take(in_column) {
                    ui.allocate_ui_with_layout(
                        Vec2::new(COLUMN, ROW_HEIGHT),
                        egui::Layout::left_to_right(egui::Align::Center),
                        |ui| row_ui(ui, model, row, actions),
                    );
                }
            });
        }
    });
}

fn row_ui(ui: &mut Ui, model: &Model, row: usize, actions: &mut Vec<Action>) {
    ui.set_min_height(ROW_HEIGHT);
    ui.spacing_mut().item_spacing.x = 8.0;
    ui.spacing_mut().interact_size.y = 20.0;
    let palette = palette(ui);
    let Some(&task) = Task::ALL.get(row) else {
        if let Some((keys, what)) = row.checked_sub(Task::ALL.len()).and_then(|row| FIXED.get(row)) {
            keys_ui(ui, keys, palette.muted);
            ui.label(RichText::new(*what).color(palette.muted));
        }
        return;
    };
    let face = model.look.keys.face(task);
    match &model.keyboard {
        None => keys_ui(ui, &face, palette.accent),
        Some(keyboard) => key_ui(ui, keyboard, task, &face, actions),
    }
    ui.label(task.name());
    if model.keyboard.is_some() && model.look.keys.is_changed(task) {
        let hint = format!("The usual key for “{}” again", task.name());
        if icon(ui, Icon::Undo, &hint).clicked() {
            actions.push(Action::ResetKeys(Some(task)));
        }
    }
}

fn keys_ui(ui: &mut Ui, face: &str, color: egui::Color32) {
    ui.allocate_ui(Vec2::new(KEYS, ROW_HEIGHT), |ui| {
        ui.set_min_width(KEYS);
        ui.label(RichText::new(face).color(color));
    });
}

/// The keys of a task as a button that waits for another one.
fn key_ui(ui: &mut Ui, keyboard: &Keyboard, task: Task, face: &str, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    let waits = keyboard.waiting == Some(task);
    let (words, color) = match (waits, face) {
        (true, _) => ("Press a key…", palette.muted),
        (false, "") => ("none", palette.faint),
        (false, face) => (face, palette.accent),
    };
    ui.spacing_mut().button_padding = Vec2::new(8.0, 1.0);
    let button = Button::new(RichText::new(words).color(color)).min_size(Vec2::new(KEYS, 20.0)).selected(waits);
    let response = ui.add(button);
    let name = format!("Key for “{}”: {words}", task.name());
    response.widget_info(|| WidgetInfo::labeled(AccessRole::Button, true, &name));
    if response.clicked() {
        actions.push(Action::WaitForKey((!waits).then_some(task)));
    }
}

/// The key does something else already: which of the two is to have it.
fn conflict_ui(ui: &mut Ui, conflict: &Conflict, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    ui.add_space(8.0);
    egui::Frame::new()
        .fill(palette.warning_soft)
        .corner_radius(CornerRadius::same(8))
        .inner_margin(Margin::same(12))
        .show(ui, |ui| {
            ui.horizontal(|ui| {
                let (face, other) = (chord_face(&conflict.chord), conflict.other.name());
                let words = format!("{face} is “{other}” already.");
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    if quiet(ui, "Leave it there").clicked() {
                        actions.push(Action::SettleConflict(false));
                    }
                    if ui.button(format!("Take it for “{}”", conflict.task.name())).clicked() {
                        actions.push(Action::SettleConflict(true));
                    }
                    ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                        label(ui, &words, theme::label(), palette.text, false)
                    });
                });
            });
        });
}

fn foot_ui(ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        if primary(ui, true, "Close").clicked() {
            actions.push(Action::ShowHelp(false));
        }
        if model.keyboard.is_none() {
            if quiet(ui, "Change keys…").clicked() {
                actions.push(Action::ChangeKeys(true));
            }
            if quiet(ui, "History…").on_hover_text("What you did, to be undone").clicked() {
                actions.push(Action::ShowHelp(false));
                actions.push(Action::ShowHistory(true));
            }
        } else if model.look.keys.is_changed_at_all() && quiet(ui, "All as usual").clicked() {
            actions.push(Action::ResetKeys(None));
        }
    });
}
