//! Saved searches: in the sidebar like mailboxes, and the question for their name.

use egui::accesskit::Role as AccessRole;
use egui::{CornerRadius, Key, Pos2, Rect, RichText, Sense, TextEdit, Ui, Vec2, WidgetInfo};

use super::action::Action;
use super::icons::Icon;
use super::model::{Model, SearchDialog};
use super::sidebar::section_ui;
use super::theme::{self, RADIUS, palette};
use super::widgets::{line, paint_line, primary, question, quiet};
use crate::engine::SavedSearch;

const ROW_HEIGHT: f32 = 28.0;

/// The searches that are kept; nothing where there are none.
pub fn saved_searches_ui(ui: &mut Ui, model: &Model, narrow: bool, actions: &mut Vec<Action>) {
    if model.search.saved.is_empty() {
        return;
    }
    ui.add_space(12.0);
    if !narrow && !section_ui(ui, model, "searches", "Searches", None, actions) {
        return;
    }
    for saved in &model.search.saved {
        row_ui(ui, model, saved, narrow, actions);
    }
}

fn row_ui(ui: &mut Ui, model: &Model, saved: &SavedSearch, narrow: bool, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    let selected = model.is_open(saved);
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), ROW_HEIGHT), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(AccessRole::TreeItem, true, format!("Search {}", saved.name)));
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_selected(selected));
    if selected || response.hovered() || response.has_focus() {
        let fill = if selected { palette.selected } else { palette.hover };
        ui.painter().rect_filled(rect, CornerRadius::same(RADIUS), fill);
    }
    let middle = if narrow { rect.center().x } else { rect.left() + 19.0 };
    let icon = Rect::from_center_size(Pos2::new(middle, rect.center().y), Vec2::splat(16.0));
    Icon::Search.paint(ui, icon, if selected { palette.accent } else { palette.muted });
    if !narrow {
        let left = rect.left() + 36.0;
        let words = line(ui, &saved.name, theme::label(), palette.text, rect.right() - 9.0 - left);
        paint_line(ui, Pos2::new(left, rect.center().y - words.size().y / 2.0), &words, selected);
    }
    let response =
        response.on_hover_text(if narrow { format!("{}: {}", saved.name, saved.text) } else { saved.text.clone() });
    if response.clicked() {
        actions.push(Action::OpenSaved(saved.id));
    }
    response.context_menu(|ui| {
        for (words, action) in
            [("Rename or change…", Action::NameSearch(Some(saved.id))), ("Remove", Action::RemoveSaved(saved.id))]
        {
            if ui.button(words).clicked() {
                actions.push(action);
                ui.close();
            }
        }
    });
}

/// Under which name a search is kept, and what it is.
pub fn question_ui(ui: &mut Ui, dialog: &mut SearchDialog, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    let is_new = dialog.id.is_none();
    question(ui, if is_new { "Save this search" } else { "Change the saved search" });
    ui.add_space(8.0);
    let name = ui.label(RichText::new("Name").color(palette.muted));
    let edit = TextEdit::singleline(&mut dialog.name).desired_width(f32::INFINITY).char_limit(80);
    let named = ui.add(edit).labelled_by(name.id);
    if ui.memory(|memory| memory.focused().is_none()) {
        named.request_focus();
    }
    ui.add_space(4.0);
    let text = ui.label(RichText::new("What is searched for").color(palette.muted));
    let searched = ui.add(TextEdit::singleline(&mut dialog.text).desired_width(f32::INFINITY)).labelled_by(text.id);
    ui.add_space(12.0);
    let entered = (named.lost_focus() || searched.lost_focus()) && ui.input(|input| input.key_pressed(Key::Enter));
    ui.horizontal(|ui| {
        if primary(ui, dialog.is_complete(), "Save").clicked() || (entered && dialog.is_complete()) {
            actions.push(Action::SaveSearch);
        }
        if quiet(ui, "Cancel").clicked() {
            actions.push(Action::CloseDialog);
        }
    });
}
