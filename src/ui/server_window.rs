//! What lies on a server, with the fate of each message, before the line is paid for.

use egui::accesskit::Role as AccessRole;
use egui::{Align, CornerRadius, Id, Layout, Modal, Pos2, Rect, ScrollArea, Sense, Stroke, Ui, Vec2, WidgetInfo};

use super::action::{Action, Selecting};
use super::message_list::full_date;
use super::model::{Model, ServerWindow};
use super::past_visits::visits_ui;
use super::theme::{self, Palette, RADIUS, palette};
use super::widgets::{label, line, paint_line, primary, prose, quiet, size};
use crate::engine::{Fate, Room, ServerMessage, Wish};
use crate::store::types::Part;

const ROW_HEIGHT: f32 = 48.0;

pub fn server_ui(ctx: &egui::Context, model: &Model, actions: &mut Vec<Action>) {
    let Some(window) = &model.server else { return };
    let room = ctx.content_rect().size() - Vec2::new(110.0, 110.0);
    let shown = Modal::new(Id::unique("server")).frame(theme::dialog(ctx)).show(ctx, |ui| {
        ui.set_width(room.x.min(880.0));
        ui.set_height(room.y.min(680.0));
        head_ui(ui, window, actions);
        ui.add_space(8.0);
        let foot = 44.0;
        let list = Vec2::new(ui.available_width(), ui.available_height() - foot);
        ui.allocate_ui(list, |ui| {
            ui.set_min_size(list);
            if window.visits_shown {
                visits_ui(ui, window);
            } else {
                list_ui(ui, window, actions);
            }
        });
        foot_ui(ui, model, window, actions);
    });
    if shown.should_close() {
        actions.push(Action::CloseServer);
    }
}

fn head_ui(ui: &mut Ui, window: &ServerWindow, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if quiet(ui, "Close").clicked() {
                actions.push(Action::CloseServer);
            }
            let again = egui::Button::new(if window.looking { "Looking…" } else { "Look again" });
            if ui.add_enabled(!window.looking, again).clicked() {
                actions.push(Action::LookAtServer(window.account));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let title = format!("On the server of {}", window.account_name);
                label(ui, &title, theme::title(), palette.text, true);
            });
        });
    });
    if let Some(problem) = &window.problem {
        prose(ui, &problem.to_string(), palette.danger);
    }
    let words = match &window.view {
        None if window.looking => {
            "Dialling, to see what is there. Nothing is fetched and nothing is deleted.".to_owned()
        }
        None => String::new(),
        Some(view) => format!("{}. Seen {}.", capital(&window.summary().words()), full_date(view.taken_at)),
    };
    prose(ui, &words, palette.muted);
    let expiry = window.view.as_ref().and_then(|view| view.expiry());
    for words in expiry.into_iter().chain(window.summary().advice()) {
        prose(ui, &words, palette.warning);
    }
    if let Some(room) = window.summary().room().filter(|_| window.view.is_some()) {
        room_ui(ui, room);
    }
    if let Some(month) = window.view.as_ref().and_then(|view| view.this_month.as_ref()) {
        let secs = std::time::Duration::from_millis(month.connected_ms).as_secs_f64();
        let round_trip = match (month.round_trip, month.mean_round_trip) {
            (Some(shortest), Some(mean)) => format!(" A round trip took {shortest} at best, {mean} on average."),
            _ => String::new(),
        };
        let words = format!(
            "This month the line was open for {secs:.1} s in {} visits: {} came, {} went.{round_trip}",
            month.visits,
            size(month.bytes_in),
            size(month.bytes_out)
        );
        prose(ui, &words, palette.faint);
    }
    if window.view.is_some() {
        ui.add_space(4.0);
        ui.horizontal(|ui| {
            for (on, words) in [(false, "Messages"), (true, "Last visits")] {
                if ui.selectable_label(window.visits_shown == on, words).clicked() {
                    actions.push(Action::ShowVisits(on));
                }
            }
        });
    }
}

/// How full the server is, and in a lighter shade what the next visit will make free.
fn room_ui(ui: &mut Ui, room: Room) {
    let palette = palette(ui);
    ui.add_space(4.0);
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), ROOM_HEIGHT), Sense::hover());
    let part = |bytes: u64| rect.width() * (bytes as f32 / room.quota_bytes.max(1) as f32).min(1.0);
    let painter = ui.painter();
    let radius = CornerRadius::same(4);
    let color = if room.is_nearly_full() { palette.danger } else { palette.accent };
    painter.rect_filled(rect, radius, palette.line);
    for (bytes, color) in [(room.bytes, color.gamma_multiply(0.45)), (room.after_bytes, color)] {
        let filled = Rect::from_min_size(rect.min, Vec2::new(part(bytes), rect.height()));
        painter.rect_filled(filled, radius, color);
    }
    response.widget_info(|| WidgetInfo::labeled(AccessRole::ProgressIndicator, true, room.words()));
    response.on_hover_text(room.words());
    if room.is_nearly_full() {
        let words =
            "The provider may soon turn mail away: let more be deleted there, by the account’s rules or in this list.";
        prose(ui, words, palette.danger);
    }
    ui.add_space(2.0);
}

const ROOM_HEIGHT: f32 = 8.0;

fn list_ui(ui: &mut Ui, window: &ServerWindow, actions: &mut Vec<Action>) {
    let Some(view) = &window.view else { return };
    if view.messages.is_empty() {
        prose(ui, "There is nothing on the server.", palette(ui).faint);
        return;
    }
    let count = view.messages.len();
    ScrollArea::vertical().auto_shrink(false).show_rows(ui, ROW_HEIGHT, count, |ui, rows| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for row in rows {
            // The newest first.
            let index = count - 1 - row;
            if let Some(message) = view.messages.get(index) {
                row_ui(ui, message, index, window.selected.contains(&index), actions);
            }
        }
    });
}

fn row_ui(ui: &mut Ui, message: &ServerMessage, index: usize, selected: bool, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    let width = ui.available_width() - 12.0;
    let (rect, response) = ui.allocate_exact_size(Vec2::new(width, ROW_HEIGHT), Sense::click());
    let from = if message.from.is_empty() { "(sender not known)" } else { &message.from };
    let subject = if message.subject.is_empty() { "(no subject)" } else { &message.subject };
    let fate = fate_in_words(message);
    let name = format!("{from}, {subject}, {}, {fate}", size(message.size_bytes));
    response.widget_info(|| WidgetInfo::labeled(AccessRole::ListBoxOption, true, &name));
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_selected(selected));
    if selected || response.hovered() {
        let fill = if selected { palette.selected } else { palette.hover };
        ui.painter().rect_filled(rect.shrink2(Vec2::new(0.0, 1.0)), CornerRadius::same(RADIUS), fill);
    }
    if response.clicked() {
        let modifiers = ui.input(|input| input.modifiers);
        let how = match (modifiers.shift, modifiers.command) {
            (true, _) => Selecting::Range,
            (_, true) => Selecting::Toggle,
            _ => Selecting::Only,
        };
        actions.push(Action::SelectOnServer { index, how });
    }
    paint_row(ui, rect, [from, subject, &fate], message, palette);
    let hairline = Stroke::new(1.0, palette.line);
    ui.painter().hline(rect.x_range().shrink(8.0), rect.bottom() - 0.5, hairline);
}

fn paint_row(ui: &Ui, rect: Rect, [from, subject, fate]: [&str; 3], message: &ServerMessage, palette: Palette) {
    let (left, right) = (rect.left() + 10.0, rect.right() - 10.0);
    let octets = line(ui, &size(message.size_bytes), theme::small(), palette.faint, 100.0);
    paint_line(ui, Pos2::new(right - octets.size().x, rect.top() + 6.0), &octets, false);
    let fate = line(ui, fate, theme::small(), fate_color(message.fate, palette), rect.width() * 0.5);
    paint_line(ui, Pos2::new(right - fate.size().x, rect.top() + 25.0), &fate, message.wish.is_some());
    let from = line(ui, from, theme::label(), palette.text, right - octets.size().x - 16.0 - left);
    paint_line(ui, Pos2::new(left, rect.top() + 4.0), &from, message.key.is_none());
    let subject = line(ui, subject, theme::small(), palette.muted, right - fate.size().x - 16.0 - left);
    paint_line(ui, Pos2::new(left, rect.top() + 25.0), &subject, false);
}

fn fate_color(fate: Fate, palette: Palette) -> egui::Color32 {
    match fate {
        Fate::Delete => palette.danger,
        Fate::Fetch(_) => palette.success,
        Fate::TooLarge | Fate::Resting { .. } => palette.warning,
        Fate::Here { .. } => palette.muted,
    }
}

/// “Stored here, will be deleted there on Sunday, 3 May 2026, 14:00”.
pub fn fate_in_words(message: &ServerMessage) -> String {
    let said = |words: &str| if message.wish.is_some() { format!("You said: {words}") } else { capital(words) };
    match message.fate {
        Fate::Fetch(Part::Header) => said("the header is fetched"),
        Fate::Fetch(Part::Excerpt) => said("the first lines are fetched"),
        Fate::Fetch(_) => said("fetched with the next visit"),
        Fate::TooLarge => "Too large: fetched when you say so".into(),
        Fate::Resting { until } => format!("Refused {} times, next try {}", message.tries, full_date(until)),
        Fate::Delete => said("deleted there with the next visit"),
        Fate::Here { part, delete_at } => {
            let here = match part {
                Part::Whole => "stored here",
                Part::Header => "its header is here",
                Part::Excerpt => "its first lines are here",
                Part::Nothing => "known, not fetched",
            };
            match delete_at {
                Some(at) => format!("{}, will be deleted there on {}", capital(here), full_date(at)),
                None if message.wish == Some(Wish::Keep) => "You said: it stays there".into(),
                None => capital(here),
            }
        }
    }
}

fn foot_ui(ui: &mut Ui, model: &Model, window: &ServerWindow, actions: &mut Vec<Action>) {
    ui.add_space(8.0);
    ui.horizontal(|ui| {
        if !window.visits_shown {
            wishes_ui(ui, window, actions);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if primary(ui, !window.looking && !model.is_visiting(), "Get mail now").clicked() {
                actions.push(Action::CloseServer);
                actions.push(Action::GetMailOf(window.account));
            }
        });
    });
}

fn wishes_ui(ui: &mut Ui, window: &ServerWindow, actions: &mut Vec<Action>) {
    let chosen = !window.selected.is_empty();
    for (words, wish) in [
        ("Fetch", Some(Wish::Get)),
        ("Delete there", Some(Wish::Delete)),
        ("Leave there", Some(Wish::Keep)),
        ("As the rules say", None),
    ] {
        if ui.add_enabled(chosen, egui::Button::new(words)).clicked() {
            actions.push(Action::WishOnServer { indexes: window.selected.iter().copied().collect(), wish });
        }
    }
}

fn capital(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
