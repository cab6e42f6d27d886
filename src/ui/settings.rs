//! The settings dialog: the accounts, and the form of one. Errors stand beside their fields.

use egui::{
    Align, ComboBox, CornerRadius, Id, Layout, Margin, Modal, Response, RichText, ScrollArea, TextEdit, Ui, Vec2,
};

use super::action::{Action, Theme};
use super::model::{Form, Model, RetentionChoice, Settings};
use super::picture_bar::consents_ui;
use super::theme::{self, palette};
use super::upkeep::backup_ui;
use super::widgets::{field_name, label, primary, prose, quiet};
use crate::account::policy::{Fetch, Line, Metered, Mirror, Order};
use crate::account::{Account, AccountId, Field, Security, SignIn};
use crate::engine::Problem;

const WIDTH: f32 = 600.0;

/// Room beside what is scrolled.
const BAR_WIDTH: f32 = 16.0;

/// What the head takes of the height.
const HEAD_HEIGHT: f32 = 44.0;

/// Room for the names of the fields.
const NAME_WIDTH: f32 = 120.0;

pub fn settings_ui(ctx: &egui::Context, model: &mut Model, actions: &mut Vec<Action>) {
    let Model { settings: Some(settings), accounts, theme, upkeep, picture_consents, .. } = model else { return };
    let height = (ctx.content_rect().height() - 96.0).clamp(300.0, 780.0);
    // The bar of what is scrolled has a place of its own, in the margin.
    let bar = if settings.form.is_none() { BAR_WIDTH } else { 0.0 };
    let mut frame = theme::dialog(ctx);
    frame.inner_margin.right -= bar as i8;
    let shown = Modal::new(Id::unique("settings")).frame(frame).show(ctx, |ui| {
        ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 60.0) + bar);
        ui.set_max_height(height);
        match settings {
            Settings { form: Some(form), .. } => form_ui(ui, form, height, !accounts.is_empty(), actions),
            Settings { removing, .. } => {
                head_ui(ui, actions);
                let scroll = ScrollArea::vertical().max_height(height - HEAD_HEIGHT).auto_shrink([false, true]);
                scroll.show(ui, |ui| {
                    ui.set_max_width(ui.available_width() - bar);
                    accounts_ui(ui, accounts, *removing, actions);
                    appearance_ui(ui, *theme, actions);
                    consents_ui(ui, picture_consents, actions);
                    backup_ui(ui, upkeep, jiff::Timestamp::now().as_second(), actions);
                    moving_ui(ui, !accounts.is_empty(), actions);
                });
            }
        }
    });
    // A click beside the form must not throw away what was typed: only Escape and the buttons close it.
    if shown.backdrop_response.clicked() && settings.form.is_none() {
        actions.push(Action::CloseSettings);
    }
}

/// Stands still above what is scrolled.
fn head_ui(ui: &mut Ui, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    ui.horizontal(|ui| {
        label(ui, "Settings", theme::title(), palette.text, true);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add_space(BAR_WIDTH);
            if primary(ui, true, "Done").clicked() {
                actions.push(Action::CloseSettings);
            }
        });
    });
    ui.add_space(4.0);
}

fn accounts_ui(ui: &mut Ui, accounts: &[Account], removing: Option<AccountId>, actions: &mut Vec<Action>) {
    section(ui, "Accounts");
    for account in accounts {
        account_ui(ui, account, removing == Some(account.id), actions);
    }
    if quiet(ui, "+  Add an account").clicked() {
        actions.push(Action::EditAccount(None));
    }
}

fn moving_ui(ui: &mut Ui, can_import: bool, actions: &mut Vec<Action>) {
    ui.add_space(12.0);
    section(ui, "Import and export");
    ui.horizontal(|ui| {
        if ui.add_enabled(can_import, egui::Button::new("Import mail…")).clicked() {
            actions.push(Action::OpenImport);
        }
        if ui.button("Export mail…").clicked() {
            actions.push(Action::OpenExport);
        }
    });
}

fn appearance_ui(ui: &mut Ui, current: Theme, actions: &mut Vec<Action>) {
    ui.add_space(12.0);
    section(ui, "Appearance");
    ui.horizontal(|ui| {
        for (theme, words) in [(Theme::System, "As the desktop"), (Theme::Light, "Light"), (Theme::Dark, "Dark")] {
            if ui.selectable_label(current == theme, words).clicked() {
                actions.push(Action::SetTheme(theme));
            }
        }
        ui.add_space(12.0);
        if ui.button("Keyboard…").on_hover_text("Which key does what").clicked() {
            actions.push(Action::ChangeKeys(true));
        }
    });
}

fn account_ui(ui: &mut Ui, account: &Account, removing: bool, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    egui::Frame::new().fill(palette.list).corner_radius(CornerRadius::same(8)).inner_margin(Margin::symmetric(16, 12)).show(ui, |ui| {
        ui.horizontal(|ui| {
            // Two lines: what stands beside them is in their middle.
            ui.set_height(36.0);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let named = |words: &str| format!("{words} {}", account.name);
                let edit = ui.button("Edit");
                edit.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, named("Edit")));
                if edit.clicked() {
                    actions.push(Action::EditAccount(Some(account.id)));
                }
                let server = ui.button("On the server…");
                server.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, named("On the server of")));
                if server.clicked() {
                    actions.push(Action::LookAtServer(account.id));
                }
                let remove = ui.button("Remove…");
                remove.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, named("Remove")));
                if remove.clicked() {
                    actions.push(Action::RemoveAccount(account.id));
                }
                ui.with_layout(Layout::top_down(Align::LEFT), |ui| {
                    label(ui, &account.name, theme::label(), palette.text, true);
                    let words = format!("{} · {}", account.identity.address, account.incoming.host);
                    label(ui, &words, theme::small(), palette.muted, false);
                });
            });
        });
        if removing {
            ui.add_space(8.0);
            prose(ui, "Its mail on this computer and its stored password are removed for good. What lies on the server stays there.", palette.danger);
            ui.horizontal(|ui| {
                if ui.button(RichText::new("Remove account and mail").color(palette.danger)).clicked() {
                    actions.push(Action::ConfirmRemoveAccount(account.id));
                }
                if quiet(ui, "Keep it").clicked() {
                    actions.push(Action::CancelRemoveAccount);
                }
            });
        }
    });
    ui.add_space(4.0);
}

fn form_ui(ui: &mut Ui, form: &mut Form, height: f32, can_go_back: bool, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    let title = if form.is_new() { "Add an account".to_owned() } else { format!("Account {}", form.name) };
    label(ui, &title, theme::title(), palette.text, true);
    ui.add_space(4.0);
    ScrollArea::vertical().max_height(height - 150.0).auto_shrink([false, true]).show(ui, |ui| {
        egui::Frame::new().inner_margin(Margin { left: 2, right: 16, top: 2, bottom: 8 }).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 8.0;
            let errors = std::mem::take(&mut form.errors);
            let mut edit = Edit { errors, changed: false, leads_on: form.leads_on };
            you_ui(ui, form, &mut edit);
            incoming_ui(ui, form, &mut edit);
            retention_ui(ui, form, &mut edit);
            outgoing_ui(ui, form, &mut edit);
            unprotected_ui(ui, form);
            more_ui(ui, form, &mut edit);
            form.errors = edit.errors;
            form.leads_on = edit.leads_on;
            if edit.changed {
                actions.push(Action::FormEdited);
            }
        });
    });
    ui.add_space(8.0);
    outcome_ui(ui, form);
    ui.horizontal(|ui| {
        let busy = form.saving || form.testing;
        if primary(ui, !busy, "Save").clicked() {
            actions.push(Action::SaveAccount);
        }
        if ui.add_enabled(!busy, egui::Button::new(if form.testing { "Testing…" } else { "Test connection" })).clicked()
        {
            actions.push(Action::TestAccount);
        }
        if quiet(ui, "Cancel").clicked() {
            actions.push(if can_go_back { Action::OpenSettings } else { Action::CloseSettings });
        }
        let is_unaccepted = form.is_unprotected() && !form.unprotected_accepted;
        if form.tried && (!form.errors.is_empty() || is_unaccepted) {
            prose(ui, "Some fields need a look.", palette.danger);
        }
    });
}

/// What the fields share while the form is drawn.
struct Edit {
    errors: Vec<crate::account::FormError>,
    changed: bool,
    leads_on: bool,
}

impl Edit {
    /// A field with its name at the left and what is wrong with it below.
    fn text(&mut self, ui: &mut Ui, name: &str, text: &mut String, hint: &str, field: Option<Field>) {
        self.row(ui, name, field, |ui, name| {
            ui.add(TextEdit::singleline(text).hint_text(hint.to_owned()).desired_width(f32::INFINITY)).labelled_by(name)
        });
    }

    fn leads_to(&self, field: Option<Field>) -> bool {
        let first = self.errors.is_empty() || self.errors.iter().any(|error| Some(error.field) == field);
        self.leads_on && field.is_some() && first
    }

    fn row(&mut self, ui: &mut Ui, name: &str, field: Option<Field>, contents: impl FnOnce(&mut Ui, Id) -> Response) {
        let palette = palette(ui);
        ui.horizontal(|ui| {
            let name = field_name(ui, name, Vec2::new(NAME_WIDTH, 30.0), palette.muted);
            let response = contents(ui, name.id);
            self.changed |= response.changed();
            if self.leads_to(field) {
                self.leads_on = false;
                response.request_focus();
                response.scroll_to_me(None);
            }
        });
        let error = field.and_then(|field| self.errors.iter().find(|error| error.field == field));
        if let Some(error) = error {
            ui.horizontal(|ui| {
                ui.add_space(NAME_WIDTH + theme::GAP);
                prose(ui, &error.message, palette.danger);
            });
        }
    }
}

fn section(ui: &mut Ui, title: &str) {
    let palette = palette(ui);
    ui.add_space(12.0);
    label(ui, title, theme::heading(), palette.text, true);
}

fn you_ui(ui: &mut Ui, form: &mut Form, edit: &mut Edit) {
    section(ui, "You");
    edit.text(ui, "Mail address", &mut form.address, "ana@example.org", Some(Field::Address));
    edit.text(ui, "Your name", &mut form.display_name, "as others see it", None);
    edit.text(ui, "Account name", &mut form.name, "Work", Some(Field::Name));
}

fn incoming_ui(ui: &mut Ui, form: &mut Form, edit: &mut Edit) {
    let palette = palette(ui);
    section(ui, "Incoming mail (POP3)");
    edit.text(ui, "POP3 server", &mut form.host, "pop.example.org", Some(Field::IncomingHost));
    security_ui(ui, edit, "POP3 security", &mut form.security, ["TLS (recommended)", "STLS, required", "None"]);
    edit.text(ui, "POP3 port", &mut form.port, "995", Some(Field::IncomingPort));
    edit.text(ui, "User name", &mut form.user, "often the whole address", Some(Field::User));
    edit.row(ui, "Password from", None, |ui, _| {
        ui.radio_value(&mut form.password_by_command, false, "the system keyring")
            | ui.radio_value(&mut form.password_by_command, true, "a command")
    });
    if form.password_by_command {
        edit.text(ui, "Command", &mut form.password_command, "pass show mail/work", Some(Field::PasswordCommand));
    } else {
        let hint = if form.is_new() { "" } else { "unchanged" };
        let password = &mut form.password;
        edit.row(ui, "Password", Some(Field::Password), |ui, name| {
            let field =
                TextEdit::singleline(&mut **password).password(true).hint_text(hint).desired_width(f32::INFINITY);
            ui.add(field).labelled_by(name)
        });
        ui.horizontal(|ui| {
            ui.add_space(NAME_WIDTH + theme::GAP);
            prose(ui, "Kept in the system’s keyring and nowhere else.", palette.faint);
        });
    }
}

fn security_ui(ui: &mut Ui, edit: &mut Edit, name: &str, security: &mut Security, words: [&str; 3]) {
    edit.row(ui, name, None, |ui, _| {
        let choices = Security::ALL.into_iter().zip(words);
        let responses = choices.map(|(value, words)| ui.radio_value(security, value, words));
        responses.reduce(|all, one| all | one).unwrap_or_else(|| ui.label(""))
    });
}

fn retention_ui(ui: &mut Ui, form: &mut Form, edit: &mut Edit) {
    section(ui, "What stays on the server");
    let Form { retention, retention_days, retention_count, retention_megabytes, .. } = form;
    for (value, words) in [
        (RetentionChoice::Keep, "Everything"),
        (RetentionChoice::DeleteOnceStored, "Nothing: delete once safely stored here"),
    ] {
        edit.changed |= ui.radio_value(retention, value, words).changed();
    }
    for (value, words, number, unit) in [
        (RetentionChoice::DeleteAfterDays, "Everything for some days after download:", retention_days, "Days"),
        (RetentionChoice::KeepNewest, "Only the newest messages, so many:", retention_count, "Messages"),
        (RetentionChoice::KeepNewestMegabytes, "Only the newest, up to megabytes:", retention_megabytes, "Megabytes"),
    ] {
        ui.horizontal(|ui| {
            edit.changed |= ui.radio_value(retention, value, words).changed();
            let number = ui.add_enabled(*retention == value, TextEdit::singleline(number).desired_width(64.0));
            ui.ctx().accesskit_node_builder(number.id, |node| node.set_label(unit));
            edit.changed |= number.changed();
        });
    }
    if let Some(error) = edit.errors.iter().find(|error| error.field == Field::RetentionDays) {
        prose(ui, &error.message, palette(ui).danger);
    }
}

fn outgoing_ui(ui: &mut Ui, form: &mut Form, edit: &mut Edit) {
    section(ui, "Outgoing mail (SMTP)");
    edit.changed |= ui.checkbox(&mut form.smtp, "Send mail with this account").changed();
    if !form.smtp {
        return;
    }
    edit.text(ui, "SMTP server", &mut form.smtp_host, "smtp.example.org", Some(Field::OutgoingHost));
    security_ui(
        ui,
        edit,
        "SMTP security",
        &mut form.smtp_security,
        ["TLS (recommended)", "STARTTLS, required", "None"],
    );
    edit.text(ui, "SMTP port", &mut form.smtp_port, "465", Some(Field::OutgoingPort));
}

/// *None* is chosen knowingly or not at all.
fn unprotected_ui(ui: &mut Ui, form: &mut Form) {
    if !form.is_unprotected() {
        return;
    }
    let palette = palette(ui);
    egui::Frame::new().fill(palette.danger_soft).corner_radius(CornerRadius::same(8)).inner_margin(Margin::same(12)).show(ui, |ui| {
        prose(ui, "Without protection everyone on the way, from the café’s network to the provider’s, can read your password and your mail.", palette.danger);
        ui.checkbox(&mut form.unprotected_accepted, "I know, and want it for this account");
        if form.tried && !form.unprotected_accepted {
            prose(ui, "Tick this, or choose a protected connection.", palette.danger);
        }
    });
}

fn more_ui(ui: &mut Ui, form: &mut Form, edit: &mut Edit) {
    let in_error = edit.errors.iter().any(|error| {
        use Field::{
            AskAbove, CaFile, ClientCertificate, Every, ExcerptAbove, MeteredAskAbove, Proxy, Quota, SignIn, SkipAbove,
            TimeoutSecs, VisitLimit,
        };
        matches!(
            error.field,
            SignIn
                | ClientCertificate
                | Proxy
                | CaFile
                | TimeoutSecs
                | ExcerptAbove
                | SkipAbove
                | AskAbove
                | VisitLimit
                | MeteredAskAbove
                | Quota
                | Every
        )
    });
    form.more_shown |= in_error;
    ui.add_space(4.0);
    if quiet(ui, if form.more_shown { "Less" } else { "More…" }).clicked() {
        form.more_shown = !form.more_shown;
    }
    if !form.more_shown {
        return;
    }
    rules_ui(ui, form, edit);
    sign_in_ui(ui, form, edit);
    section(ui, "The rest");
    edit.text(ui, "SMTP user name", &mut form.smtp_user, "the same", None);
    edit.text(ui, "Certificates", &mut form.ca_file, "a PEM file to trust beside the system’s", Some(Field::CaFile));
    edit.text(ui, "Give up after", &mut form.timeout_secs, "seconds of silence", Some(Field::TimeoutSecs));
    edit.row(ui, "Signature", None, |ui, name| {
        let field = TextEdit::multiline(&mut form.signature).desired_rows(3).desired_width(f32::INFINITY);
        ui.add(field).labelled_by(name)
    });
}

/// How to get in, and the way there.
fn sign_in_ui(ui: &mut Ui, form: &mut Form, edit: &mut Edit) {
    section(ui, "Signing in");
    let sign_in = &mut form.sign_in;
    edit.row(ui, "Sign in by", Some(Field::SignIn), |ui, name| {
        let before = *sign_in;
        let combo =
            ComboBox::from_id_salt("sign in").selected_text(sign_in_words(before)).width(300.0).show_ui(ui, |ui| {
                for way in SignIn::ALL {
                    ui.selectable_value(sign_in, way, sign_in_words(way));
                }
            });
        let mut response = combo.response.labelled_by(name);
        if *sign_in != before {
            response.mark_changed();
        }
        response
    });
    if let Some(advice) = form.sign_in.advice() {
        ui.horizontal(|ui| {
            ui.add_space(NAME_WIDTH + theme::GAP);
            let color = palette(ui).muted;
            prose(ui, advice, color);
        });
    }
    let hint = "a PEM or PKCS#12 file, for servers that ask for one";
    edit.text(ui, "Own certificate", &mut form.client_certificate, hint, Some(Field::ClientCertificate));
    edit.text(ui, "Proxy", &mut form.proxy, "socks5://127.0.0.1:9050; nothing: none", Some(Field::Proxy));
}

fn sign_in_words(sign_in: SignIn) -> &'static str {
    match sign_in {
        SignIn::Automatic => "The best that the server offers",
        SignIn::User => "USER and PASS",
        SignIn::Apop => "APOP (weak)",
        SignIn::Plain => "PLAIN",
        SignIn::Login => "LOGIN",
        SignIn::CramMd5 => "CRAM-MD5",
        SignIn::ScramSha1 => "SCRAM-SHA-1",
        SignIn::ScramSha256 => "SCRAM-SHA-256",
        SignIn::ScramSha256Plus => "SCRAM-SHA-256-PLUS",
        SignIn::External => "A certificate of my own (EXTERNAL)",
        SignIn::Xoauth2 => "An access token (XOAUTH2)",
        SignIn::OauthBearer => "An access token (OAUTHBEARER)",
    }
}

/// The finer rules: what is fetched, in which order, and what deleting here means there.
fn rules_ui(ui: &mut Ui, form: &mut Form, edit: &mut Edit) {
    section(ui, "Rules");
    edit.text(ui, "Get mail every", &mut form.every, "minutes; nothing: when you say so", Some(Field::Every));
    edit.row(ui, "Fetch", None, |ui, _| {
        ui.radio_value(&mut form.fetch, Fetch::Whole, "whole messages")
            | ui.radio_value(&mut form.fetch, Fetch::Headers, "headers, the rest on request")
    });
    let hint = "of messages above, for example, 500K";
    edit.text(ui, "First lines only", &mut form.excerpt_above, hint, Some(Field::ExcerptAbove));
    edit.text(ui, "Leave alone", &mut form.skip_above, "messages above, for example, 20M", Some(Field::SkipAbove));
    edit.text(ui, "Ask me first", &mut form.ask_above, "if more is new than, for example, 50M", Some(Field::AskAbove));
    edit.text(ui, "In one visit", &mut form.visit_limit, "no more than, for example, 100M", Some(Field::VisitLimit));
    edit.row(ui, "Order", None, |ui, _| {
        ui.radio_value(&mut form.order, Order::Oldest, "oldest first")
            | ui.radio_value(&mut form.order, Order::Newest, "newest")
            | ui.radio_value(&mut form.order, Order::Smallest, "smallest")
    });
    edit.row(ui, "Delete there", None, |ui, _| {
        ui.radio_value(&mut form.mirror, Mirror::Nothing, "by the rule above")
            | ui.radio_value(&mut form.mirror, Mirror::Deleted, "also what I delete")
            | ui.radio_value(&mut form.mirror, Mirror::LeftInbox, "or archive")
    });
    metered_ui(ui, form, edit);
    let hint = "that your provider gives, for example 5G: shows how full it is";
    edit.text(ui, "Room there", &mut form.quota, hint, Some(Field::Quota));
    let never = "Never delete anything on the server, whatever else is said here";
    edit.changed |= ui.checkbox(&mut form.never_delete, never).changed();
}

/// What changes on a line that is paid for by the octet, and how such a line is known.
fn metered_ui(ui: &mut Ui, form: &mut Form, edit: &mut Edit) {
    edit.row(ui, "Metered line", None, |ui, _| {
        ui.radio_value(&mut form.metered, Metered::AsUsual, "as usual")
            | ui.radio_value(&mut form.metered, Metered::Ask, "ask me first")
            | ui.radio_value(&mut form.metered, Metered::UnmeteredOnly, "wait for another")
    });
    if form.metered == Metered::AsUsual {
        return;
    }
    if form.metered == Metered::Ask {
        let hint = "if more is new than, for example, 300K; nothing: 1M";
        edit.text(ui, "Ask there above", &mut form.metered_ask_above, hint, Some(Field::MeteredAskAbove));
    }
    edit.row(ui, "Is it metered?", None, |ui, _| {
        ui.radio_value(&mut form.line, Line::Auto, "the system knows")
            | ui.radio_value(&mut form.line, Line::Metered, "always")
            | ui.radio_value(&mut form.line, Line::Unmetered, "never")
    });
}

/// What testing or saving came to.
fn outcome_ui(ui: &mut Ui, form: &Form) {
    let palette = palette(ui);
    let mut tell = |problem: &Problem| {
        egui::Frame::new()
            .fill(palette.danger_soft)
            .corner_radius(CornerRadius::same(8))
            .inner_margin(Margin::symmetric(12, 8))
            .show(ui, |ui| {
                prose(ui, &problem.to_string(), palette.danger);
            });
    };
    if let Some(problem) = &form.problem {
        tell(problem);
    }
    let Some(test) = &form.test else { return };
    let results = std::iter::once(&test.incoming).chain(&test.outgoing);
    for problem in results.clone().filter_map(|result| result.as_ref().err()) {
        tell(problem);
    }
    for words in results.filter_map(|result| result.as_ref().ok()) {
        ui.horizontal(|ui| {
            ui.add(super::icons::Icon::Check.image(16.0, palette.success).alt_text("Good"));
            prose(ui, words, palette.success);
        });
    }
}
