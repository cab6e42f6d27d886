//! What the window shows of how the mail is looked after: a part of the settings, and a word at the foot where it is wanting.

use egui::{Button, RichText, TextEdit, Ui, Vec2};

use super::action::Action;
use super::model::{Model, Running, Upkeep};
use super::theme::{self, palette};
use super::widgets::{field_name, label, prose, quiet};
use crate::engine::{DamagedMessage, Progress, Rhythm};

/// Room for the names of the fields.
const NAME_WIDTH: f32 = 120.0;

/// Damaged messages that are named.
const NAMED: usize = 5;

/// The part of the settings.
pub fn backup_ui(ui: &mut Ui, upkeep: &mut Upkeep, now: i64, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    ui.add_space(theme::GROUP);
    label(ui, "Backup", theme::heading(), palette.text, true);
    // A click on a rhythm also leaves the field: that is one plan, not two.
    let mut planned = None;
    ui.horizontal(|ui| {
        field_name(ui, "Make one", Vec2::new(NAME_WIDTH, 30.0), palette.muted);
        ui.spacing_mut().item_spacing.x = 2.0 * theme::GAP;
        for (rhythm, words) in
            [(Rhythm::Off, "when I say so"), (Rhythm::Daily, "every day"), (Rhythm::Weekly, "every week")]
        {
            if ui.radio(upkeep.view.upkeep.rhythm == rhythm, words).clicked() {
                planned = Some(rhythm);
            }
        }
    });
    ui.horizontal(|ui| {
        let name = field_name(ui, "Into the folder", Vec2::new(NAME_WIDTH, 30.0), palette.muted);
        let hint = "best on another disk, for example /media/disk/mail";
        let field = TextEdit::singleline(&mut upkeep.folder).hint_text(hint).desired_width(f32::INFINITY);
        let field = ui.add(field).labelled_by(name.id);
        upkeep.edited |= field.changed();
        if field.lost_focus() && upkeep.edited {
            planned = planned.or(Some(upkeep.view.upkeep.rhythm));
        }
    });
    actions.extend(planned.map(Action::PlanBackups));
    ui.horizontal(|ui| {
        ui.add_space(NAME_WIDTH + theme::GAP);
        let idle = upkeep.running.is_none();
        let has_folder = !upkeep.folder.trim().is_empty();
        if ui.add_enabled(idle && has_folder, Button::new("Back up now")).clicked() {
            actions.push(Action::BackUp);
        }
        if ui.add_enabled(idle, Button::new("Check all mail")).clicked() {
            actions.push(Action::CheckMail);
        }
        if !idle && quiet(ui, "Stop").clicked() {
            actions.push(Action::StopUpkeep);
        }
    });
    indented(ui, |ui| said_ui(ui, upkeep, now));
}

fn indented(ui: &mut Ui, contents: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        ui.add_space(NAME_WIDTH + theme::GAP);
        ui.vertical(contents);
    });
}

/// How it stands.
fn said_ui(ui: &mut Ui, upkeep: &Upkeep, now: i64) {
    let palette = palette(ui);
    if let Some(words) = progress_in_words(upkeep) {
        prose(ui, &words, palette.text);
    }
    let state = &upkeep.view.upkeep;
    if let Some(failure) = &state.failure {
        prose(
            ui,
            &format!(
                "The last attempt, {}, failed: {failure}. The backup before it is as it was.",
                ago(now, state.tried_at)
            ),
            palette.danger,
        );
    }
    prose(ui, &last_in_words(upkeep, now), if state.is_overdue(now) { palette.warning } else { palette.muted });
    if let Some(words) = &upkeep.checked {
        let is_good = words.starts_with("All ");
        prose(ui, words, if is_good { palette.success } else { palette.danger });
    }
    if !upkeep.view.damaged.is_empty() {
        prose(ui, &damaged_in_words(&upkeep.view.damaged), palette.danger);
    }
    prose(ui, "Everything but the passwords, which are in the system’s keyring.", palette.faint);
}

/// “Last verified 2 h ago: 1204 messages”.
pub fn last_in_words(upkeep: &Upkeep, now: i64) -> String {
    let state = &upkeep.view.upkeep;
    match state.verified_at {
        Some(_) => {
            let messages =
                if state.messages == 1 { "1 message".into() } else { format!("{} messages", state.messages) };
            format!("Last verified {}: {messages}, every one read again.", ago(now, state.verified_at))
        }
        None => "No backup has been made yet.".to_owned(),
    }
}

fn damaged_in_words(damaged: &[DamagedMessage]) -> String {
    let mut names: Vec<String> = damaged.iter().take(NAMED).map(DamagedMessage::words).collect();
    if damaged.len() > NAMED {
        names.push(format!("and {} more", damaged.len() - NAMED));
    }
    format!("Damaged, and not repaired yet: {}", names.join("; "))
}

fn progress_in_words(upkeep: &Upkeep) -> Option<String> {
    let what = match (upkeep.running, upkeep.progress) {
        (Some(Running::Checking), _) => "Reading all mail",
        (Some(Running::BackingUp), _) | (None, Some(_)) => "Backing up",
        (None, None) => return None,
    };
    Some(match upkeep.progress {
        Some(Progress { messages, of, .. }) if messages > 0 => {
            format!("{what}: {messages} of {} messages read", of.max(messages))
        }
        _ => format!("{what}…"),
    })
}

/// At the foot of the window: nothing, unless something is wanting or under way.
pub fn foot_ui(ui: &mut Ui, model: &Model, now: i64, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    let Some((words, is_wanting)) = foot_in_words(&model.upkeep, now) else { return };
    let color = if is_wanting { palette.warning } else { palette.muted };
    let button =
        Button::new(RichText::new(&words).font(theme::small()).color(color)).frame_when_inactive(false).small();
    if ui.add(button).clicked() {
        actions.push(Action::OpenSettings);
    }
}

/// The words, and whether somebody should do something.
pub fn foot_in_words(upkeep: &Upkeep, now: i64) -> Option<(String, bool)> {
    let state = &upkeep.view.upkeep;
    if let Some(words) = progress_in_words(upkeep) {
        return Some((words, false));
    }
    match upkeep.view.damaged.len() {
        0 => {}
        1 => return Some(("1 damaged message".into(), true)),
        count => return Some((format!("{count} damaged messages"), true)),
    }
    if state.is_overdue(now) {
        return Some((
            match state.verified_at {
                Some(_) => format!("Backup overdue: last verified {}", ago(now, state.verified_at)),
                None => "No backup yet".into(),
            },
            true,
        ));
    }
    (state.failure.is_some() && state.due_at().is_some()).then(|| ("The last backup failed".into(), true))
}

/// “2 h ago”.
fn ago(now: i64, then: Option<i64>) -> String {
    let Some(then) = then else { return "never".to_owned() };
    match now.saturating_sub(then).max(0) {
        0..60 => "just now".to_owned(),
        secs @ 60..3_600 => format!("{} min ago", secs / 60),
        secs @ 3_600..172_800 => format!("{} h ago", secs / 3_600),
        secs => format!("{} days ago", secs / 86_400),
    }
}
