//! The questions in the middle of the window.

use egui::{Id, Key, Modal, RichText, TextEdit, Ui};

use super::action::Action;
use super::attachments::open_question_ui;
use super::model::{CertificateDialog, Dialog, LinkDialog, Model, NameDialog, Named, PasswordDialog, TrashDialog};
use super::saved_searches::question_ui;
use super::sidebar::thousands;
use super::theme::{self, palette};
use super::widgets::{primary, prose, question, quiet};

pub fn dialog_ui(ctx: &egui::Context, model: &mut Model, actions: &mut Vec<Action>) {
    let Some(dialog) = &mut model.dialog else { return };
    let shown = Modal::new(Id::unique("dialog")).frame(theme::dialog(ctx)).show(ctx, |ui| {
        ui.set_width(440.0);
        match dialog {
            Dialog::Password(dialog) => password_ui(ui, dialog, actions),
            Dialog::Certificate(dialog) => certificate_ui(ui, dialog, actions),
            Dialog::EmptyTrash(dialog) => trash_ui(ui, dialog, actions),
            Dialog::Name(dialog) => name_ui(ui, dialog, actions),
            Dialog::Open(dialog) => open_question_ui(ui, dialog, actions),
            Dialog::Search(dialog) => question_ui(ui, dialog, actions),
            Dialog::Link(dialog) => link_ui(ui, dialog, actions),
        }
    });
    if shown.should_close() {
        actions.push(Action::CloseDialog);
    }
}

fn password_ui(ui: &mut Ui, dialog: &mut PasswordDialog, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    question(ui, &format!("Password for {}", dialog.account_name));
    ui.add_space(8.0);
    let name = ui.label(RichText::new("Password").color(palette.muted));
    let field = ui
        .add(TextEdit::singleline(&mut *dialog.typed).password(true).desired_width(f32::INFINITY))
        .labelled_by(name.id);
    if dialog.typed.is_empty() && !field.has_focus() {
        field.request_focus();
    }
    ui.add_space(4.0);
    ui.checkbox(&mut dialog.remember, "Keep it in the system’s keyring");
    prose(ui, "Otherwise it is forgotten when Malote is closed.", palette.faint);
    ui.add_space(12.0);
    let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    ui.horizontal(|ui| {
        if primary(ui, !dialog.typed.is_empty(), "Get mail").clicked() || entered {
            actions.push(Action::GivePassword);
        }
        if quiet(ui, "Cancel").clicked() {
            actions.push(Action::CloseDialog);
        }
    });
}

fn certificate_ui(ui: &mut Ui, dialog: &CertificateDialog, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    let facts = &dialog.facts;
    let which = if dialog.outgoing { "outgoing" } else { "incoming" };
    question(ui, &format!("The certificate of the {which} server of {}", dialog.account_name));
    ui.add_space(4.0);
    prose(ui, &format!("It is not trusted: {}.", facts.fault), palette.danger);
    ui.add_space(8.0);
    egui::Grid::new("certificate").num_columns(2).spacing([14.0, 5.0]).show(ui, |ui| {
        let names = facts.names.join(", ");
        let valid = format!("{} until {}", facts.valid_from, facts.valid_until);
        for (what, value) in
            [("Issued for", &facts.subject), ("Host names", &names), ("Issued by", &facts.issuer), ("Valid", &valid)]
        {
            ui.label(RichText::new(what).color(palette.muted));
            prose(ui, value, palette.text);
            ui.end_row();
        }
    });
    ui.add_space(8.0);
    ui.label(RichText::new("SHA-256 fingerprint").color(palette.muted));
    ui.add(egui::Label::new(RichText::new(facts.fingerprint.to_string()).font(theme::mono())).wrap().selectable(true));
    ui.add_space(8.0);
    prose(
        ui,
        "Trust it only if this fingerprint is the one that whoever runs the server gave you. It is then accepted for this account and this server, and no other certificate is.",
        palette.muted,
    );
    ui.add_space(12.0);
    ui.horizontal(|ui| {
        // Not the button that Enter would press: trusting is the exception.
        if ui.button("Trust this certificate").clicked() {
            actions.push(Action::TrustCertificate);
        }
        if primary(ui, true, "Do not trust it").clicked() {
            actions.push(Action::CloseDialog);
        }
    });
}

fn name_ui(ui: &mut Ui, dialog: &mut NameDialog, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    question(
        ui,
        match &dialog.named {
            Named::NewMailbox => "New mailbox",
            Named::Mailbox(_) => "Rename the mailbox",
            Named::Tag(_) => "Rename the tag",
        },
    );
    ui.add_space(8.0);
    let name = ui.label(RichText::new("Name").color(palette.muted));
    let field = ui.add(TextEdit::singleline(&mut dialog.typed).desired_width(f32::INFINITY)).labelled_by(name.id);
    let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    if !field.has_focus() && !entered {
        field.request_focus();
    }
    if !matches!(dialog.named, Named::Tag(_)) {
        let words = "All accounts share it. “Projects/House” lies in “Projects”.";
        prose(ui, words, palette.faint);
    }
    ui.add_space(12.0);
    let is_new = dialog.named == Named::NewMailbox;
    let can = !dialog.typed.trim().trim_end_matches('/').is_empty();
    ui.horizontal(|ui| {
        if primary(ui, can, if is_new { "Make it" } else { "Rename" }).clicked() || entered {
            actions.push(Action::ConfirmName);
        }
        if quiet(ui, "Cancel").clicked() {
            actions.push(Action::CloseDialog);
        }
    });
}

fn link_ui(ui: &mut Ui, dialog: &LinkDialog, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    question(ui, "This link is not what it seems");
    ui.add_space(8.0);
    for warning in &dialog.warnings {
        prose(ui, warning, palette.text);
    }
    ui.add_space(4.0);
    let target = RichText::new(&dialog.target).font(theme::mono()).color(palette.muted);
    ui.add(egui::Label::new(target).wrap().selectable(true));
    ui.add_space(4.0);
    prose(ui, "Mail that wants to get at passwords or money is often written like this.", palette.muted);
    ui.add_space(12.0);
    ui.horizontal(|ui| {
        if ui.button(RichText::new("Open it all the same").color(palette.danger)).clicked() {
            actions.push(Action::FollowLink(dialog.target.clone()));
            actions.push(Action::CloseDialog);
        }
        if primary(ui, true, "Do not open it").clicked() {
            actions.push(Action::CloseDialog);
        }
    });
}

fn trash_ui(ui: &mut Ui, dialog: &TrashDialog, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    let whose = dialog.account_name.as_ref().map(|name| format!(" of {name}")).unwrap_or_default();
    question(
        ui,
        &match dialog.messages {
            1 => format!("Remove the message in the Trash{whose} for good?"),
            messages => format!("Remove {} messages in the Trash{whose} for good?", thousands(messages)),
        },
    );
    ui.add_space(4.0);
    prose(ui, "This cannot be undone. What lies on the server is not touched.", palette.muted);
    ui.add_space(12.0);
    ui.horizontal(|ui| {
        if ui.button(RichText::new("Empty Trash").color(palette.danger)).clicked() {
            actions.push(Action::ConfirmEmptyTrash);
        }
        if primary(ui, true, "Keep").clicked() {
            actions.push(Action::CloseDialog);
        }
    });
}
