//! What can be done to a row, in the menu of its right click.

use egui::Ui;

use super::action::Action;
use super::model::{Choosing, Model};
use crate::store::types::{Flag, MessageKey, OutboxState, Role};

pub fn menu_ui(ui: &mut Ui, model: &Model, key: MessageKey, actions: &mut Vec<Action>) {
    ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Extend);
    let mut item = |ui: &mut Ui, words: &str, action: Action| {
        if ui.button(words).clicked() {
            actions.push(action);
            ui.close();
        }
    };
    let role = model.role_of_selection();
    if model.editable(key) {
        item(ui, "Edit", Action::EditDraft(key));
    }
    let outbox = model.messages.row(key).and_then(|row| row.outbox.as_ref());
    if matches!(outbox, Some(OutboxState::Refused(_) | OutboxState::Unknown)) {
        item(ui, "Send once more", Action::Retry(key));
    }
    if !role.is_outgoing() {
        let seen = model.messages.row(key).is_some_and(|row| row.flags.has(Flag::Seen));
        item(ui, if seen { "Mark unread" } else { "Mark read" }, Action::SetFlag(Flag::Seen, !seen));
        let starred = model.messages.rows_chosen().all(|row| row.flags.has(Flag::Starred));
        item(ui, if starred { "Take the star off" } else { "Star" }, Action::StarSelected);
        if model.messages.has_part_chosen() {
            let several = model.messages.selected.len() > 1;
            let what = if several { "whole messages" } else { "whole message" };
            item(ui, &format!("Get the {what} with the next visit"), Action::CompleteSelected);
        }
        ui.separator();
    }
    for (to, words) in
        [(Role::Inbox, "Move to Inbox"), (Role::Archive, "Archive"), (Role::Junk, "Junk"), (Role::Trash, "Delete")]
    {
        let sensible = !matches!(role, Role::Drafts | Role::Outbox) || to == Role::Trash;
        if to != role && sensible {
            item(ui, words, Action::MoveSelected(to));
        }
    }
    organise_ui(ui, role, &mut item);
}

/// Moving elsewhere, and tags.
fn organise_ui(ui: &mut Ui, role: Role, item: &mut dyn FnMut(&mut Ui, &str, Action)) {
    if !matches!(role, Role::Drafts | Role::Outbox) {
        item(ui, "Move to…", Action::OpenChooser(Choosing::Mailbox));
    }
    item(ui, "Tags…", Action::OpenChooser(Choosing::Tags));
}
