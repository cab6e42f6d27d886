//! The foot of the window: whether a line is open, and what the last visit took.

use egui::{Align, Button, Layout, Margin, RichText, Sense, Stroke, Ui, Vec2};

use super::action::Action;
use super::icons::Icon;
use super::message_list::results_in_words;
use super::model::Model;
use super::theme::{self, palette};
use super::upkeep::foot_ui;
use super::widgets::{label, size};
use crate::engine::{Problem, Stage, Visit};

pub fn status_ui(ui: &mut Ui, model: &Model, hovered_link: Option<&str>, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    let rect = ui.max_rect();
    egui::Frame::new().inner_margin(Margin::symmetric(16, 4)).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.set_min_height(20.0);
            if let Some(link) = hovered_link {
                label(ui, link, theme::small(), palette.muted, false);
                return;
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let help = RichText::new("Shortcuts  ?").font(theme::small()).color(palette.muted);
                if ui.add(Button::new(help).frame_when_inactive(false).small()).clicked() {
                    actions.push(Action::ShowHelp(true));
                }
                foot_ui(ui, model, jiff::Timestamp::now().as_second(), actions);
                if model.search.is_on() {
                    ui.add_space(8.0);
                    label(ui, &results_in_words(model), theme::small(), palette.muted, false);
                    ui.add_space(8.0);
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    line_ui(ui, model);
                });
            });
        });
    });
    ui.painter().hline(rect.x_range(), rect.top() + 0.5, Stroke::new(1.0, palette.line));
}

/// A mark for the line, open, closed or in trouble, and the words.
fn line_ui(ui: &mut Ui, model: &Model) {
    let palette = palette(ui);
    let open = model.visits.values().any(|visit| !matches!(visit.stage, Stage::Closed | Stage::Waiting));
    let (spot, _) = ui.allocate_exact_size(Vec2::splat(14.0), Sense::hover());
    let waiting = model.visits.values().any(|visit| visit.stage == Stage::Waiting);
    if open {
        ui.painter().circle_filled(spot.center(), 4.5, palette.accent);
    } else if model.visits.values().all(|visit| visit.held_back) || waiting {
        ui.painter().circle_filled(spot.center(), 3.5, palette.faint);
    } else if model.visits.values().any(|visit| !visit.problems.is_empty()) {
        let mut problems = model.visits.values().flat_map(|visit| &visit.problems);
        let tint = if problems.all(Problem::is_question) { palette.warning } else { palette.danger };
        Icon::Warning.paint(ui, spot, tint);
    } else {
        Icon::Check.paint(ui, spot, palette.success);
    }
    let said = label(ui, &words(model), theme::small(), if open { palette.text } else { palette.muted }, false);
    let details = details(model);
    if !details.is_empty() {
        said.on_hover_text(details);
    }
}

/// What the line of each account is like and has carried, one a line.
pub fn details(model: &Model) -> String {
    let measured = model.visits.values().filter(|visit| visit.bytes_in > 0);
    let lines = measured.map(|visit| {
        let round_trip = visit.round_trip.map(|round_trip| format!(", round trip {round_trip}")).unwrap_or_default();
        let Visit { account_name: name, connected_ms, bytes_in, bytes_out, .. } = visit;
        let open = secs(*connected_ms);
        format!("{name}: open for {open}, {} came, {} went{round_trip}", size(*bytes_in), size(*bytes_out))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What the line says.
pub fn words(model: &Model) -> String {
    let running: Vec<String> =
        model.visits.values().filter(|visit| visit.stage != Stage::Closed).map(progress).collect();
    if !running.is_empty() {
        return running.join("    ");
    }
    let next = coming(model).unwrap_or_default();
    if model.visits.is_empty() {
        let next = if next.is_empty() { "." } else { &next };
        return format!("No line is open. Everything you see is on this computer{next}");
    }
    let (held_back, made): (Vec<&Visit>, Vec<&Visit>) = model.visits.values().partition(|visit| visit.held_back);
    let held_back = waiting_for_a_line(&held_back);
    if made.is_empty() {
        return format!("{held_back}{next}");
    }
    let next = if held_back.is_empty() { next } else { format!(". {held_back}{next}") };
    let (mut new, mut bytes, mut longest, mut deleted) = (0u64, 0, 0, 0u64);
    for visit in made {
        new += u64::from(visit.new);
        deleted += u64::from(visit.deleted_on_server);
        bytes += visit.bytes;
        longest = longest.max(visit.connected_ms);
    }
    let messages = match new {
        0 => "No new messages".to_owned(),
        1 => format!("1 new message, {}", size(bytes)),
        count => format!("{count} new messages, {}", size(bytes)),
    };
    let deleted = if deleted > 0 { format!(", {deleted} deleted on the server") } else { String::new() };
    let later: u64 = model.visits.values().map(|visit| u64::from(visit.later)).sum();
    let later = if later > 0 { format!("; {later} wait for the next visit") } else { String::new() };
    let stopped = if model.visits.values().any(|visit| visit.stopped) { "Stopped. " } else { "" };
    match troubles(model) {
        Some(troubles) if new == 0 => format!("{stopped}Line closed. {troubles}{next}"),
        Some(troubles) => {
            format!("{stopped}Line closed. {messages}{deleted} in {}. {troubles}{next}", secs(longest))
        }
        None => format!("{stopped}Line closed. {messages}{deleted} in {}{later}{next}", secs(longest)),
    }
}

/// “Work waits for a line that is not metered”.
fn waiting_for_a_line(visits: &[&Visit]) -> String {
    let names: Vec<&str> = visits.iter().map(|visit| visit.account_name.as_str()).collect();
    match names.as_slice() {
        [] => String::new(),
        [name] => format!("{name} waits for a line that is not metered"),
        [names @ .., last] => format!("{} and {last} wait for a line that is not metered", names.join(", ")),
    }
}

/// “. Next visit 14:05”.
fn coming(model: &Model) -> Option<String> {
    let visit = model.next_visits.first()?;
    let at = jiff::Timestamp::from_second(visit.at).ok()?.to_zoned(jiff::tz::TimeZone::system());
    let what = if visit.retry { "Trying again" } else { "Next visit" };
    Some(format!(". {what} {}", at.strftime("%H:%M")))
}

/// What went wrong, in short: the notices say more.
fn troubles(model: &Model) -> Option<String> {
    let mut problems = model.visits.values().filter_map(|visit| visit.problems.first());
    let first = &problems.next()?.what;
    Some(match problems.count() {
        0 => first.clone(),
        1 => format!("{first}, and one more account has a problem"),
        more => format!("{first}, and {more} more accounts have problems"),
    })
}

fn progress(visit: &Visit) -> String {
    let name = &visit.account_name;
    match visit.stage {
        Stage::Waiting => format!("{name}: getting ready"),
        Stage::Connecting => format!("{name}: dialling"),
        Stage::SigningIn => format!("{name}: signing in"),
        Stage::Listing => format!("{name}: asking what is new"),
        Stage::Fetching => format!(
            "{name}: {} of {} messages, {}, connected {}{}",
            visit.new,
            visit.planned,
            size(visit.bytes),
            secs(visit.connected_ms),
            visit.round_trip.map(|round_trip| format!(", round trip {round_trip}")).unwrap_or_default()
        ),
        Stage::Deleting => format!("{name}: hanging up"),
        Stage::Closed => format!("{name}: line closed"),
    }
}

fn secs(ms: u64) -> String {
    let secs = std::time::Duration::from_millis(ms).as_secs_f64();
    if secs < 0.1 {
        "less than 0.1 s".to_owned()
    } else if secs < 60.0 {
        format!("{secs:.1} s")
    } else {
        format!("{:.0} min {:02.0} s", (secs / 60.0).floor(), secs % 60.0)
    }
}
