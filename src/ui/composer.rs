//! Writing a message: in place of the reading pane, or in a window of its own.

use egui::{
    Align, Align2, ComboBox, CornerRadius, DroppedFileHandle, Key, Layout, Margin, ScrollArea, Stroke, StrokeKind,
    TextEdit, Ui, Vec2,
};

use super::action::Action;
use super::asides::Asides;
use super::icons::Icon;
use super::model::{Composer, Focus, Model, People};
use super::popup;
use super::recipients::people_edit;
use super::theme::{self, Palette, palette};
use super::widgets::{field_name, hairline, icon, label, primary, prose, quiet, size};
use crate::mail::DraftAttachment;

pub fn composer_ui(ui: &mut Ui, model: &mut Model, asides: &Asides, actions: &mut Vec<Action>) {
    let accounts: Vec<(crate::account::AccountId, String)> = model
        .accounts
        .iter()
        .map(|account| (account.id, format!("{} ({})", account.identity.address, account.name)))
        .collect();
    let Some(composer) = &mut model.composer else { return };
    let palette = palette(ui);
    bar_ui(ui, composer, asides, actions);
    problem_ui(ui, composer, palette);
    fields_ui(ui, composer, &accounts, &model.recipients, palette, actions);
    attached_ui(ui, composer, palette, actions);
    body_ui(ui, composer, actions);
    drop_ui(ui, asides);
}

fn bar_ui(ui: &mut Ui, composer: &Composer, asides: &Asides, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    let frame = egui::Frame::new().inner_margin(Margin::symmetric(20, 8)).show(ui, |ui| {
        ui.horizontal(|ui| {
            if primary(ui, !composer.sending, "Send").on_hover_text("Into the Outbox (Ctrl+Enter)").clicked() {
                actions.push(Action::Send);
            }
            if quiet(ui, "Attach…").clicked() {
                choose_files(asides);
            }
            if !composer.is_saved() && ui.available_width() > 320.0 {
                label(ui, "Saving…", theme::small(), palette.faint, false);
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if icon(ui, Icon::Close, "Close; the draft is kept").clicked() {
                    actions.push(Action::CloseComposer);
                }
                if icon(ui, Icon::Trash, "Discard the draft").clicked() {
                    actions.push(Action::DiscardDraft);
                }
                let (words, detached) = match composer.detached {
                    true => ("Back into the window", false),
                    false if ui.available_width() < 180.0 => ("Own window", true),
                    false => ("In a window of its own", true),
                };
                if quiet(ui, words).clicked() {
                    actions.push(Action::DetachComposer(detached));
                }
            });
        });
    });
    hairline(ui, frame.response.rect, palette.line);
}

fn problem_ui(ui: &mut Ui, composer: &Composer, palette: Palette) {
    let Some(problem) = &composer.problem else { return };
    egui::Frame::new()
        .outer_margin(Margin::symmetric(20, 4))
        .inner_margin(Margin::symmetric(12, 8))
        .fill(palette.danger_soft)
        .corner_radius(CornerRadius::same(8))
        .show(ui, |ui| {
            prose(ui, &problem.to_string(), palette.danger);
            ui.add_space(0.0);
        });
}

fn fields_ui(
    ui: &mut Ui,
    composer: &mut Composer,
    accounts: &[(crate::account::AccountId, String)],
    recipients: &People,
    palette: Palette,
    actions: &mut Vec<Action>,
) {
    egui::Frame::new().inner_margin(Margin { left: 20, right: 20, top: 4, bottom: 2 }).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        if accounts.len() > 1 {
            field(ui, "From", palette, |ui, name| {
                let chosen =
                    accounts.iter().find(|(id, _)| *id == composer.account).map_or("", |(_, words)| words.as_str());
                let combo = ComboBox::from_id_salt("from")
                    .selected_text(chosen)
                    .width(320.0_f32.min(ui.available_width() - 8.0))
                    .show_ui(ui, |ui| {
                        for (id, words) in accounts {
                            if ui.selectable_value(&mut composer.account, *id, words).changed() {
                                actions.push(Action::DraftEdited);
                            }
                        }
                    });
                combo.response.labelled_by(name);
            });
        }
        let focus_to = composer.focus == Focus::To;
        let to = field(ui, "To", palette, |ui, label| {
            let edit = people_edit(ui, ("To", label), &mut composer.draft.to, recipients, actions);
            if !composer.copies_shown && quiet(ui, "Cc, Bcc").clicked() {
                composer.copies_shown = true;
            }
            edit
        });
        if focus_to {
            to.request_focus();
            composer.focus = Focus::Nowhere;
        }
        if let Some(error) = &composer.recipient_error {
            prose(ui, error, palette.danger);
        }
        if composer.copies_shown {
            field(ui, "Cc", palette, |ui, name| {
                people_edit(ui, ("Cc", name), &mut composer.draft.cc, recipients, actions)
            });
            field(ui, "Bcc", palette, |ui, name| {
                people_edit(ui, ("Bcc", name), &mut composer.draft.bcc, recipients, actions)
            });
        }
        field(ui, "Subject", palette, |ui, label| line_edit(ui, &mut composer.draft.subject, label, actions));
    });
}

/// A field with its name at the left and a hairline below.
fn field<R>(ui: &mut Ui, name: &str, palette: Palette, contents: impl FnOnce(&mut Ui, egui::Id) -> R) -> R {
    let row = ui.horizontal(|ui| {
        ui.set_min_height(36.0);
        let name = field_name(ui, name, Vec2::new(62.0, 36.0), palette.muted);
        contents(ui, name.id)
    });
    let mut whole = row.response.rect;
    whole.max.x = ui.max_rect().right();
    hairline(ui, whole, palette.line);
    row.inner
}

fn line_edit(ui: &mut Ui, text: &mut String, name: egui::Id, actions: &mut Vec<Action>) -> egui::Response {
    let width = ui.available_width() - 80.0;
    let edit = ui
        .add(
            TextEdit::singleline(text)
                .frame(egui::Frame::NONE)
                .desired_width(width)
                .align(egui::Align2::LEFT_CENTER)
                .font(theme::body()),
        )
        .labelled_by(name);
    if edit.changed() {
        actions.push(Action::DraftEdited);
    }
    edit
}

fn attached_ui(ui: &mut Ui, composer: &Composer, palette: Palette, actions: &mut Vec<Action>) {
    if composer.draft.attachments.is_empty() {
        return;
    }
    egui::Frame::new().inner_margin(Margin::symmetric(20, 8)).show(ui, |ui| {
        ui.horizontal_wrapped(|ui| {
            for (index, attachment) in composer.draft.attachments.iter().enumerate() {
                egui::Frame::new()
                    .fill(palette.hover)
                    .corner_radius(CornerRadius::same(8))
                    .inner_margin(Margin::symmetric(8, 2))
                    .show(ui, |ui| {
                        ui.horizontal(|ui| {
                            ui.add(Icon::Attachment.image(14.0, palette.muted).alt_text("Attached"));
                            ui.label(format!("{} ({})", attachment.name, size(attachment.bytes.len() as u64)));
                            if icon(ui, Icon::Close, &format!("Remove {}", attachment.name)).clicked() {
                                actions.push(Action::RemoveAttachment(index));
                            }
                        });
                    });
            }
        });
    });
}

fn body_ui(ui: &mut Ui, composer: &mut Composer, actions: &mut Vec<Action>) {
    ScrollArea::vertical().id_salt("draft").auto_shrink(false).show(ui, |ui| {
        egui::Frame::new().inner_margin(Margin::symmetric(20, 12)).show(ui, |ui| {
            let rows = (ui.available_height() / 21.0).max(8.0) as usize;
            let edit = TextEdit::multiline(&mut composer.draft.body)
                .frame(egui::Frame::NONE)
                .font(theme::body())
                .desired_width(ui.available_width().min(760.0))
                .desired_rows(rows)
                .hint_text("Write…")
                .show(ui);
            let response = &edit.response.response;
            ui.ctx().accesskit_node_builder(response.id, |node| node.set_label("Text of the message"));
            if composer.focus == Focus::Body {
                composer.focus = Focus::Nowhere;
                response.request_focus();
                let mut state = edit.state;
                state.cursor.set_char_range(Some(egui::text::CCursorRange::one(egui::text::CCursor::new(
                    egui::text::CharIndex(0),
                ))));
                state.store(ui.ctx(), response.id);
            }
            if response.changed() {
                actions.push(Action::DraftEdited);
            }
        });
    });
}

/// The composer in a window of its own. A screen reader does not reach it, which is why it is not the usual way.
pub fn detached_ui(ctx: &egui::Context, model: &mut Model, asides: &Asides, actions: &mut Vec<Action>) {
    let subject = model.composer.as_ref().map(|composer| composer.draft.subject.clone()).unwrap_or_default();
    let title = if subject.trim().is_empty() { "New message".to_owned() } else { subject };
    let viewport = egui::ViewportBuilder::default().with_title(title).with_inner_size([720.0, 640.0]);
    ctx.show_viewport_immediate(egui::ViewportId::from_hash_of("composer"), viewport, |ui, _class| {
        let fill = palette(ui).reading;
        egui::CentralPanel::no_frame()
            .frame(egui::Frame::new().fill(fill))
            .show(ui, |ui| composer_ui(ui, model, asides, actions));
        let closes_popup = popup::is_on_top(ui.ctx());
        let (sends, closes) = ui.input(|input| {
            let sends = input.key_pressed(Key::Enter) && input.modifiers.command;
            let closes = input.key_pressed(Key::Escape) && !closes_popup;
            (sends, closes || input.viewport().close_requested())
        });
        if sends {
            actions.push(Action::Send);
        } else if closes {
            actions.push(Action::CloseComposer);
        }
    });
}

/// Asks for files, and reads them.
fn choose_files(asides: &Asides) {
    asides.begin("file dialog", || {
        futures::executor::block_on(async {
            let files = rfd::AsyncFileDialog::new().set_title("Attach files").pick_files().await?;
            let mut attachments = Vec::new();
            for file in files {
                let name = file.file_name();
                attachments.push(DraftAttachment {
                    content_type: content_type(&name).to_owned(),
                    bytes: file.read().await,
                    name,
                });
            }
            Some(Action::Attach(attachments))
        })
    });
}

/// Files that are dropped on the message are attached to it.
fn drop_ui(ui: &Ui, asides: &Asides) {
    let (hovers, dropped) = ui.input(|input| (!input.raw.hovered_files.is_empty(), input.raw.dropped_files.clone()));
    if !dropped.is_empty() {
        attach_files(dropped, asides);
    }
    if hovers {
        let (palette, place) = (palette(ui), ui.max_rect().shrink(8.0));
        let painter = ui.ctx().layer_painter(egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("drop")));
        let edge = Stroke::new(2.0, palette.accent);
        painter.rect(place, CornerRadius::same(8), palette.reading.gamma_multiply(0.9), edge, StrokeKind::Inside);
        painter.text(place.center(), Align2::CENTER_CENTER, "Drop to attach", theme::heading(), palette.accent);
    }
}

fn attach_files(files: Vec<DroppedFileHandle>, asides: &Asides) {
    asides.begin("attaching", || {
        let read = files.into_iter().map(|file| {
            let name = file.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
            let bytes = file.bytes().map_err(|error| format!("{name}: {error}"))?;
            Ok(DraftAttachment { content_type: content_type(&name).to_owned(), bytes, name })
        });
        Some(read.collect::<Result<_, String>>().map_or_else(Action::CouldNotAttach, Action::Attach))
    });
}

/// The type that a name's ending stands for; the rest is octets.
fn content_type(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "txt" | "log" | "md" => "text/plain",
        "csv" => "text/csv",
        "html" | "htm" => "text/html",
        "ics" => "text/calendar",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "json" => "application/json",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        "mp3" => "audio/mpeg",
        "mp4" => "video/mp4",
        "eml" => "message/rfc822",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "odt" => "application/vnd.oasis.opendocument.text",
        "ods" => "application/vnd.oasis.opendocument.spreadsheet",
        _ => "application/octet-stream",
    }
}
