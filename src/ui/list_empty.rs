//! In place of a list that holds nothing: why, and what would help.

use egui::Ui;

use super::action::Action;
use super::filter_bar::nothing_left_ui;
use super::icons::Icon;
use super::model::{Listed, Model, Task};
use super::theme::{self, palette};
use super::widgets::{prose, quiet};
use crate::store::types::Role;

pub fn empty_ui(ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    if model.filter_shown().is_on() && model.search.fault.is_none() {
        return nothing_left_ui(ui, model, actions);
    }
    if let Listed::Results(search) = &model.messages.keys_of {
        return nothing_found_ui(ui, model, &search.text, actions);
    }
    let role = model.messages.view.role;
    let press = |task, what: &str| match model.look.keys.face(task) {
        none if none.is_empty() => format!("What you {what} here is kept."),
        keys => format!("Press {keys} on messages to {what} them here."),
    };
    let (archive, own) = (press(Task::Archive, "put"), press(Task::Move, "move"));
    let words = match role {
        Role::Inbox if model.visits.is_empty() => {
            ("Nothing here yet", "Press “Get mail”: Malote dials in, takes everything, and hangs up.")
        }
        Role::Inbox => ("All done", "There is nothing in the Inbox."),
        Role::Drafts => ("No drafts", "What you write is kept here until you send it."),
        Role::Outbox => ("Nothing waits", "Messages wait here until you get mail, or press Send."),
        Role::Sent => ("Nothing sent yet", "What the server has accepted is kept here."),
        Role::Archive => ("Nothing archived yet", archive.as_str()),
        Role::Junk => ("No junk", "That is how it should be."),
        Role::Trash => ("Trash is empty", "What you delete stays here for 30 days, or until you empty it."),
        Role::Own(_) => ("Nothing here yet", own.as_str()),
    };
    ui.add_space((ui.available_height() * 0.3).max(32.0));
    ui.vertical_centered(|ui| {
        ui.set_max_width(230.0);
        ui.add(Icon::of_role(role).image(38.0, palette.faint).alt_text(role.to_string()));
        ui.add_space(8.0);
        ui.label(egui::RichText::new(words.0).font(theme::heading()).color(palette.muted));
        prose(ui, words.1, palette.faint);
    });
}

fn nothing_found_ui(ui: &mut Ui, model: &Model, text: &str, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    ui.add_space((ui.available_height() * 0.3).max(32.0));
    ui.vertical_centered(|ui| {
        ui.set_max_width(270.0);
        ui.add(Icon::Search.image(38.0, palette.faint).alt_text("Search"));
        ui.add_space(8.0);
        if model.search.fault.is_some() {
            ui.label(egui::RichText::new("Not finished yet").font(theme::heading()).color(palette.muted));
            prose(ui, "What is searched for cannot be understood as it stands.", palette.faint);
            return;
        }
        let shown: String = text.trim().chars().take(60).collect();
        let cut = if shown.len() < text.trim().len() { "…" } else { "" };
        ui.label(
            egui::RichText::new(format!("No message matches “{shown}{cut}”"))
                .font(theme::heading())
                .color(palette.muted),
        );
        let hint = match (model.search.to_index, model.search.here) {
            (1.., _) => "Not all messages can be found yet: those that came in last are being read.",
            (0, true) => "Only one mailbox was searched: try Everywhere, above.",
            (0, false) => "Try fewer words, or say where and when: from:ana, has:attachment, newer:7d.",
        };
        prose(ui, hint, palette.faint);
        ui.add_space(4.0);
        if model.search.here && quiet(ui, "Search everywhere").clicked() {
            actions.push(Action::SearchHere(false));
        }
        if let Some(wider) = wider(text)
            && quiet(ui, &format!("Search for “{wider}”")).clicked()
        {
            actions.push(Action::Search(wider));
        }
    });
}

/// The same with the last word cut to its beginning, which forgives an ending and many a misspelling; None: it has no such word.
fn wider(text: &str) -> Option<String> {
    let text = text.trim();
    let begin = text.rfind(char::is_whitespace).map_or(0, |blank| blank + 1);
    let word = text.get(begin..)?;
    let letters = word.chars().count();
    // Of a word of six letters four say enough, and of a shorter one it would be another word.
    let is_word = word.chars().all(char::is_alphanumeric);
    (is_word && letters >= 6).then(|| {
        let kept: String = word.chars().take((letters * 2).div_ceil(3)).collect();
        format!("{}{kept}*", text.get(..begin).unwrap_or_default())
    })
}
