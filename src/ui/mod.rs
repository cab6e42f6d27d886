//! Draws the model and returns what the person did. Nothing in here waits for a disk or a socket.

pub mod action;
pub mod asides;
mod attachments;
mod bidi;
mod chooser;
mod composer;
mod conversation;
mod dialogs;
mod filter_bar;
mod help;
mod history;
mod hits;
mod icons;
mod invitation;
mod keys;
mod list_card;
mod list_empty;
mod list_hover;
mod list_menu;
mod list_table;
mod message_list;
pub mod model;
mod moving;
mod notices;
mod page_view;
mod past_visits;
mod picture_bar;
mod plain_text;
mod popup;
mod preview;
mod reading_pane;
mod recipients;
mod saved_searches;
mod search_bar;
mod server_window;
mod settings;
mod sidebar;
mod sort_menu;
mod status;
mod tag_chips;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod theme;
mod toolbar;
mod upkeep;
mod view_menu;
mod widgets;

use egui::{CentralPanel, Frame, Panel};

use crate::page::protocol::Renderer;
use action::Action;
use asides::Asides;
use model::{Density, Model};
use theme::palette;

/// What the views remember between frames and nobody else needs.
#[derive(Default)]
pub struct ViewState {
    list: message_list::ListState,
    reading: reading_pane::ReadingState,
    preview: preview::PreviewState,
    search: search_bar::SearchState,
    pub asides: Asides,
}

impl ViewState {
    /// Pages are drawn by this; without it all messages are read as text.
    pub fn draw_pages_with(&mut self, renderer: Box<dyn Renderer>) {
        self.reading.page.draw_with(renderer);
    }
}

/// What the message has at least, beside the list.
const READING_WIDTH: f32 = 400.0;

/// The whole window.
pub fn window_ui(ui: &mut egui::Ui, model: &mut Model, state: &mut ViewState) -> Vec<Action> {
    let mut actions = keys::pressed(ui.ctx(), model);
    while let Some(action) = state.asides.heard(ui.ctx()) {
        actions.push(action);
    }
    if let Some(name) = model.to_place.take() {
        attachments::choose_pdf(&state.asides, name);
    }
    let palette = palette(ui);
    let bar = |fill| Frame::new().fill(fill);

    Panel::top("toolbar").frame(bar(palette.window)).show_separator_line(false).resizable(false).show(ui, |ui| {
        toolbar::toolbar_ui(ui, model, &mut state.search, &mut actions);
    });
    Panel::bottom("status").frame(bar(palette.window)).show_separator_line(false).resizable(false).show(ui, |ui| {
        status::status_ui(ui, model, state.reading.hovered_link.as_deref(), &mut actions);
    });
    // Where there is little room, the mailboxes are icons, and the message keeps enough to be read.
    let narrow = ui.available_width() < 940.0;
    let sidebar = Panel::left(if narrow { "narrow sidebar" } else { "sidebar" });
    let sidebar = if narrow { sidebar.exact_size(50.0) } else { sidebar.default_size(208.0).size_range(140.0..=320.0) };
    sidebar
        .frame(bar(palette.window))
        .show_separator_line(false)
        .show(ui, |ui| sidebar::sidebar_ui(ui, model, narrow, &mut actions));
    if model.started && model.accounts.is_empty() {
        CentralPanel::no_frame().frame(bar(palette.reading)).show(ui, |ui| reading_pane::welcome_ui(ui, &mut actions));
    } else {
        // A table needs room for its columns, and keeps a width of its own.
        let (list, usual, widest) = match model.look.density {
            Density::Comfortable => ("list", 372.0, 640.0),
            Density::Compact => ("table", 520.0, 1_400.0),
        };
        let most = (ui.available_width() - READING_WIDTH).clamp(220.0, widest);
        Panel::left(list)
            .frame(bar(palette.list))
            .show_separator_line(false)
            .default_size(usual)
            .size_range(220.0..=most)
            .show(ui, |ui| message_list::list_ui(ui, model, &mut state.list, &mut actions));
        CentralPanel::no_frame().frame(bar(palette.reading)).show(ui, |ui| {
            notices::notices_ui(ui, model, &mut actions);
            pane_ui(ui, model, state, &mut actions);
        });
    }
    notices::toast_ui(ui.ctx(), model, &mut actions);
    if model.composer.as_ref().is_some_and(|composer| composer.detached) {
        composer::detached_ui(ui.ctx(), model, &state.asides, &mut actions);
    }
    server_window::server_ui(ui.ctx(), model, &mut actions);
    settings::settings_ui(ui.ctx(), model, &mut actions);
    moving::moving_ui(ui.ctx(), model, &state.asides, &mut actions);
    preview::preview_ui(ui.ctx(), model, &mut state.preview, &state.asides, &mut actions);
    dialogs::dialog_ui(ui.ctx(), model, &mut actions);
    help::help_ui(ui.ctx(), model, &mut actions);
    chooser::chooser_ui(ui.ctx(), model, &mut actions);
    history::history_ui(ui.ctx(), model, &mut actions);
    actions
}

/// The message that is written, or the one that is read.
fn pane_ui(ui: &mut egui::Ui, model: &mut Model, state: &mut ViewState, actions: &mut Vec<Action>) {
    match &model.composer {
        Some(composer) if !composer.detached => composer::composer_ui(ui, model, &state.asides, actions),
        _ => reading_pane::reading_ui(ui, model, &mut state.reading, &state.asides, actions),
    }
}
