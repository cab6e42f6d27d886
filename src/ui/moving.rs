//! *Import mail* and *Export*: what another program has, and a copy of what is here.

use std::path::{Path, PathBuf};

use egui::{Align, ComboBox, CornerRadius, Id, Layout, Margin, Modal, ProgressBar, RichText, ScrollArea, TextEdit, Ui};

use super::action::Action;
use super::asides::Asides;
use super::model::{ExportWindow, ImportWindow, Model, MovingWindow, UnderWay};
use super::sidebar::thousands;
use super::theme::{self, palette};
use super::widgets::{field_name, label, primary, prose, quiet, size};
use crate::account::{Account, AccountId};
use crate::engine::{ExportFormat, FoundFolder, ImportFault, ImportSource, MoveProgress};
use crate::store::types::{OwnMailbox, Role};

const WIDTH: f32 = 600.0;
const NAME_WIDTH: f32 = 110.0;

pub fn moving_ui(ctx: &egui::Context, model: &mut Model, asides: &Asides, actions: &mut Vec<Action>) {
    let Model { moving: Some(window), moving_is_shown: true, accounts, organisation, .. } = model else { return };
    let shown = Modal::new(Id::unique("moving")).frame(theme::dialog(ctx)).show(ctx, |ui| {
        ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 60.0));
        ui.set_max_height((ui.ctx().content_rect().height() - 96.0).clamp(280.0, 640.0));
        match window {
            MovingWindow::Import(import) => import_ui(ui, import, accounts, asides, actions),
            MovingWindow::Export(export) => export_ui(ui, export, accounts, &organisation.mailboxes, asides, actions),
        }
    });
    if shown.should_close() {
        actions.push(Action::CloseMoving);
    }
}

fn head_ui(ui: &mut Ui, title: &str, is_moving: bool, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    ui.horizontal(|ui| {
        label(ui, title, theme::title(), palette.text, true);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let close = quiet(ui, if is_moving { "Go on in the background" } else { "Close" });
            if close.clicked() {
                actions.push(Action::CloseMoving);
            }
        });
    });
    ui.add_space(4.0);
}

fn import_ui(ui: &mut Ui, import: &mut ImportWindow, accounts: &[Account], asides: &Asides, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    head_ui(ui, "Import mail", import.under_way.is_moving(), actions);
    if let Some(report) = &import.report {
        outcome_ui(ui, &report.words(), &report.faults);
        ui.add_space(12.0);
        if primary(ui, true, "Done").clicked() {
            actions.push(Action::CloseMoving);
        }
        return;
    }
    if import.under_way.is_moving() {
        let from = import.place.as_ref().map(|place| place.display().to_string()).unwrap_or_default();
        prose(ui, &format!("From {from}"), palette.muted);
        return progress_ui(ui, import.under_way, "imported", actions);
    }
    prose(
        ui,
        "From an mbox file, a Maildir, a folder of .eml files, or the profile of Thunderbird or Claws Mail. Nothing is changed \
         there. What is on the server and was imported is not fetched again.",
        palette.muted,
    );
    ui.add_space(8.0);
    ui.horizontal(|ui| {
        let name = field_name(ui, "From", egui::Vec2::new(NAME_WIDTH, 30.0), palette.muted);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.button("File…").clicked() {
                choose(asides, Dialog::File);
            }
            if ui.button("Folder…").clicked() {
                choose(asides, Dialog::Folder);
            }
            let field = TextEdit::singleline(&mut import.typed).hint_text("where the mail is");
            let field = ui.add(field.desired_width(f32::INFINITY)).labelled_by(name.id);
            let is_other = import.place.as_deref() != Some(Path::new(import.typed.trim()));
            if field.lost_focus() && is_other && !import.typed.trim().is_empty() {
                actions.push(Action::LookAtImport(PathBuf::from(import.typed.trim())));
            }
        });
    });
    ui.horizontal(|ui| {
        let name = field_name(ui, "Into", egui::Vec2::new(NAME_WIDTH, 30.0), palette.muted);
        let mut account = import.account;
        account_ui(ui, "import into", accounts, &mut account, name.id);
        if account != import.account {
            actions.push(Action::ImportInto(account));
        }
    });
    if let Some(problem) = &import.problem {
        ui.add_space(4.0);
        prose(ui, &problem.to_string(), palette.danger);
    }
    if import.under_way == UnderWay::Looking {
        ui.add_space(8.0);
        prose(ui, "Looking what is there…", palette.muted);
    }
    if let Some(found) = &import.found {
        found_ui(ui, found);
    }
    ui.add_space(12.0);
    let is_ready = import.found.is_some() && import.under_way == UnderWay::Nothing;
    if primary(ui, is_ready, "Import").clicked() {
        actions.push(Action::BeginImport);
    }
}

/// What is there, before anything is done.
fn found_ui(ui: &mut Ui, found: &ImportSource) {
    let palette = palette(ui);
    ui.add_space(8.0);
    let messages = many(found.messages(), "message");
    let mut words = format!("{}: {messages}, {}", found.format.name(), size(found.bytes()));
    if found.known_uids > 0 {
        words.push_str(&format!("; it has fetched {} that may be on the server", many(found.known_uids, "message")));
    }
    prose(ui, &format!("{words}."), palette.muted);
    for account in &found.accounts {
        let is_this = if account.is_this { ": this account" } else { "" };
        prose(ui, &format!("Account {} at {}{is_this}", account.user, account.host), palette.muted);
    }
    if found.folders_left_out > 0 {
        let words = format!("Left out: {} of another account there.", many(found.folders_left_out, "folder"));
        prose(ui, &words, palette.muted);
    }
    ui.add_space(4.0);
    let frame = egui::Frame::new().fill(palette.list).corner_radius(CornerRadius::same(8));
    frame.inner_margin(Margin::symmetric(16, 8)).show(ui, |ui| {
        ScrollArea::vertical().max_height(190.0).auto_shrink([false, true]).show(ui, |ui| {
            found.folders.iter().for_each(|folder| folder_ui(ui, folder));
        });
    });
}

fn folder_ui(ui: &mut Ui, folder: &FoundFolder) {
    let palette = palette(ui);
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.allocate_ui_with_layout(egui::Vec2::new(190.0, 22.0), Layout::left_to_right(Align::Center), |ui| {
                ui.set_min_width(190.0);
                label(ui, &format!("into {}", folder.goes_to()), theme::label(), palette.muted, false);
            });
            ui.label(RichText::new(thousands(folder.messages)).color(palette.text));
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let name = if folder.name.is_empty() { "The folder itself" } else { &folder.name };
                label(ui, name, theme::label(), palette.text, false);
            });
        });
    });
}

fn export_ui(
    ui: &mut Ui,
    export: &mut ExportWindow,
    accounts: &[Account],
    own: &[OwnMailbox],
    asides: &Asides,
    actions: &mut Vec<Action>,
) {
    let palette = palette(ui);
    head_ui(ui, "Export mail", export.under_way.is_moving(), actions);
    if let Some(report) = &export.report {
        outcome_ui(ui, &report.words(), &report.faults);
        ui.add_space(12.0);
        if primary(ui, true, "Done").clicked() {
            actions.push(Action::CloseMoving);
        }
        return;
    }
    if export.under_way.is_moving() {
        return progress_ui(ui, export.under_way, "written", actions);
    }
    prose(ui, "A copy of your mail, exactly as received, which other programs can read.", palette.muted);
    ui.add_space(8.0);
    let row = |ui: &mut Ui, name: &str| field_name(ui, name, egui::Vec2::new(NAME_WIDTH, 30.0), palette.muted).id;
    ui.horizontal(|ui| {
        let name = row(ui, "Into");
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.button("Choose…").clicked() {
                choose(asides, Dialog::NewFolder);
            }
            let field = TextEdit::singleline(&mut export.typed).hint_text("a new folder");
            ui.add(field.desired_width(f32::INFINITY)).labelled_by(name);
        });
    });
    ui.horizontal(|ui| {
        row(ui, "As");
        for format in ExportFormat::ALL {
            ui.selectable_value(&mut export.format, format, format.name());
        }
    });
    ui.horizontal(|ui| {
        let name = row(ui, "Of");
        let all = "All accounts";
        let shown = |id: Option<AccountId>| {
            let account = accounts.iter().find(|account| Some(account.id) == id);
            account.map_or(all, |account| account.name.as_str())
        };
        let combo = ComboBox::from_id_salt("export account").selected_text(shown(export.account)).width(240.0);
        let shown = combo.show_ui(ui, |ui| {
            ui.selectable_value(&mut export.account, None, all);
            for account in accounts {
                ui.selectable_value(&mut export.account, Some(account.id), &account.name);
            }
        });
        shown.response.labelled_by(name);
    });
    ui.horizontal(|ui| {
        let name = row(ui, "Mailbox");
        let named = |role: Role| {
            let own = own.iter().find(|mailbox| role == Role::Own(mailbox.id));
            own.map_or_else(|| role.to_string(), |mailbox| mailbox.name.clone())
        };
        let words = export.role.map_or("All mailboxes".to_owned(), named);
        let combo = ComboBox::from_id_salt("export mailbox").selected_text(words).width(240.0);
        let shown = combo.show_ui(ui, |ui| {
            ui.selectable_value(&mut export.role, None, "All mailboxes");
            let own = own.iter().map(|mailbox| Role::Own(mailbox.id));
            for role in Role::ALL.into_iter().chain(own) {
                ui.selectable_value(&mut export.role, Some(role), named(role));
            }
        });
        shown.response.labelled_by(name);
    });
    if let Some(search) = &export.search {
        ui.checkbox(&mut export.only_search, format!("Only what the search “{search}” finds"));
    }
    if let Some(problem) = &export.problem {
        ui.add_space(4.0);
        prose(ui, &problem.to_string(), palette.danger);
    }
    ui.add_space(12.0);
    if primary(ui, !export.typed.trim().is_empty(), "Export").clicked() {
        actions.push(Action::BeginExport);
    }
}

fn account_ui(ui: &mut Ui, salt: &str, accounts: &[Account], chosen: &mut AccountId, name: Id) {
    let shown = accounts.iter().find(|account| account.id == *chosen).map_or("", |account| account.name.as_str());
    let combo = ComboBox::from_id_salt(salt).selected_text(shown).width(240.0);
    let shown = combo.show_ui(ui, |ui| {
        for account in accounts {
            ui.selectable_value(chosen, account.id, &account.name);
        }
    });
    shown.response.labelled_by(name);
}

fn progress_ui(ui: &mut Ui, under_way: UnderWay, done: &str, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    ui.add_space(12.0);
    let progress = match under_way {
        UnderWay::Moving(progress) => progress,
        _ => MoveProgress::default(),
    };
    if under_way == UnderWay::Stopping {
        ui.label(RichText::new("Stopping…").color(palette.muted));
        return;
    }
    let bar = ProgressBar::new(progress.fraction()).desired_width(ui.available_width()).fill(palette.accent);
    ui.add(bar.desired_height(8.0).corner_radius(CornerRadius::same(4)));
    ui.add_space(4.0);
    let mut words = format!("{} {done}", many(progress.messages, "message"));
    if progress.known > 0 {
        words.push_str(&format!(", {} here already", thousands(progress.known)));
    }
    if progress.damaged > 0 {
        words.push_str(&format!(", {} damaged", thousands(progress.damaged)));
    }
    prose(ui, &words, palette.muted);
    ui.add_space(12.0);
    if ui.button("Cancel").clicked() {
        actions.push(Action::StopMoving);
    }
}

/// What came of it, in sentences, and what could not be read.
fn outcome_ui(ui: &mut Ui, words: &[String], faults: &[ImportFault]) {
    let palette = palette(ui);
    for (number, words) in words.iter().enumerate() {
        prose(ui, words, if number == 0 { palette.text } else { palette.muted });
    }
    if faults.is_empty() {
        return;
    }
    ui.add_space(4.0);
    let frame = egui::Frame::new().fill(palette.list).corner_radius(CornerRadius::same(8));
    frame.inner_margin(Margin::symmetric(16, 8)).show(ui, |ui| {
        ScrollArea::vertical().max_height(190.0).auto_shrink([false, true]).show(ui, |ui| {
            for fault in faults {
                prose(ui, &fault.to_string(), palette.danger);
            }
        });
    });
}

fn many(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{} {what}s", thousands(count)) }
}

#[derive(Clone, Copy)]
enum Dialog {
    Folder,
    File,
    NewFolder,
}

/// What is done with the place that was chosen.
type Then = fn(PathBuf) -> Action;

fn choose(asides: &Asides, dialog: Dialog) {
    asides.begin("file dialog", move || {
        let ask = rfd::FileDialog::new();
        let answer: Option<(PathBuf, Then)> = match dialog {
            Dialog::Folder => {
                let place = ask.set_title("Import from which folder?").pick_folder();
                place.map(|place| (place, Action::LookAtImport as Then))
            }
            Dialog::File => {
                let place = ask.set_title("Import which file?").pick_file();
                place.map(|place| (place, Action::LookAtImport as Then))
            }
            Dialog::NewFolder => {
                let ask = ask.set_title("Export into which new folder?").set_file_name("Malote mail");
                ask.save_file().map(|place| (place, Action::ExportInto as Then))
            }
        };
        answer.map(|(place, action)| action(place))
    });
}
