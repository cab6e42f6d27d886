//! The row of buttons at the top.

use egui::{Align, Layout, Margin, Ui};

use super::action::Action;
use super::icons::Icon;
use super::model::{Choosing, Model, Task};
use super::search_bar::{SearchState, search_ui};
use super::theme::palette;
use super::widgets::{hairline, tool};
use crate::mail::compose::Answer;
use crate::store::types::Role;

pub fn toolbar_ui(ui: &mut Ui, model: &Model, search: &mut SearchState, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    let wide = ui.available_width() > 1080.0;
    let words = |text: &'static str| wide.then_some(text);
    let keys = &model.look.keys;
    let mut searched = Vec::new();
    let frame = egui::Frame::new().inner_margin(Margin::symmetric(12, 8)).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            let mut button =
                |ui: &mut Ui, icon, label: Option<&str>, name: &str, hint: &str, enabled, action: Action| {
                    if tool(ui, icon, label, name, hint, enabled).clicked() {
                        actions.push(action);
                    }
                };
            if model.is_visiting() {
                button(
                    ui,
                    Icon::Stop,
                    Some("Stop"),
                    "Stop",
                    "Hang up at once; what is stored stays",
                    true,
                    Action::Stop,
                );
            } else {
                button(
                    ui,
                    Icon::GetMail,
                    Some("Get mail"),
                    "Get mail",
                    &keys.hint("Collect from all accounts", Task::GetMail),
                    true,
                    Action::GetMail,
                );
            }
            button(
                ui,
                Icon::Compose,
                words("New"),
                "New message",
                &keys.hint("New message", Task::Compose),
                !model.accounts.is_empty(),
                Action::Compose,
            );
            ui.add_space(12.0);
            let open = model.reading.message.is_some() && model.composer.is_none();
            button(
                ui,
                Icon::Reply,
                words("Reply"),
                "Reply",
                &keys.hint("Reply", Task::Reply),
                open,
                Action::Answer(Answer::Reply),
            );
            button(
                ui,
                Icon::ReplyAll,
                None,
                "Reply to all",
                &keys.hint("Reply to all", Task::ReplyAll),
                open,
                Action::Answer(Answer::ReplyAll),
            );
            button(
                ui,
                Icon::Forward,
                None,
                "Forward",
                &keys.hint("Forward", Task::Forward),
                open,
                Action::Answer(Answer::Forward),
            );
            ui.add_space(12.0);
            let chosen = !model.messages.selected.is_empty();
            let role = model.role_of_selection();
            let archivable = chosen && !matches!(role, Role::Archive | Role::Drafts | Role::Outbox);
            button(
                ui,
                Icon::Archive,
                words("Archive"),
                "Archive",
                &keys.hint("Archive", Task::Archive),
                archivable,
                Action::MoveSelected(Role::Archive),
            );
            let deletable = chosen && role != Role::Trash;
            button(
                ui,
                Icon::Trash,
                words("Delete"),
                "Delete",
                &keys.hint("Move to Trash", Task::Delete),
                deletable,
                Action::MoveSelected(Role::Trash),
            );
            button(
                ui,
                Icon::Folder,
                None,
                "Move to…",
                &keys.hint("Move to a mailbox", Task::Move),
                chosen && !matches!(role, Role::Drafts | Role::Outbox),
                Action::OpenChooser(Choosing::Mailbox),
            );
            button(
                ui,
                Icon::Tag,
                None,
                "Tags…",
                &keys.hint("Tags", Task::Tags),
                chosen,
                Action::OpenChooser(Choosing::Tags),
            );
            let undo = model.can_undo();
            let hint = match &undo {
                None => "Nothing to undo".to_owned(),
                Some(done) => keys.hint(&format!("Undo “{done}”"), Task::Undo),
            };
            button(ui, Icon::Undo, None, "Undo", &hint, undo.is_some(), Action::Undo);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                button(
                    ui,
                    Icon::Settings,
                    None,
                    "Settings",
                    &keys.hint("Accounts and settings", Task::Settings),
                    true,
                    Action::OpenSettings,
                );
                // With one account a click, with more a choice in the settings.
                if let [account] = model.accounts.as_slice() {
                    button(
                        ui,
                        Icon::Server,
                        None,
                        "On the server",
                        "What lies on the server, and what becomes of it",
                        !model.is_visiting(),
                        Action::LookAtServer(account.id),
                    );
                }
                let waiting = model.count(crate::store::types::MailboxView { role: Role::Outbox, account: None }).0;
                if waiting > 0 {
                    let label = format!("Send ({waiting})");
                    let hint = "Send what waits in the Outbox now";
                    button(
                        ui,
                        Icon::Sent,
                        Some(&label),
                        "Send what waits in the Outbox",
                        hint,
                        !model.is_visiting(),
                        Action::SendOutbox,
                    );
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    ui.add_space(8.0);
                    search_ui(ui, model, search, 8.0, &mut searched);
                });
            });
        });
    });
    actions.append(&mut searched);
    hairline(ui, frame.response.rect, palette.line);
}
