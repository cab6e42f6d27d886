//! The conversation of the open message, below its head: a line that says how many messages there are, and unfolds to the tree
//! of what answers what.

use egui::accesskit::Role as AccessRole;
use egui::{CornerRadius, Margin, Pos2, Rect, Response, Sense, Shape, Stroke, StrokeKind, Ui, Vec2, WidgetInfo};

use super::action::Action;
use super::icons::Icon;
use super::message_list::{today, when};
use super::model::Model;
use super::reading_pane::MEASURE;
use super::theme::{self, Palette, palette};
use super::widgets::{line, paint_line};
use crate::engine::{InThread, Thread};
use crate::store::types::{Flag, MessageKey, MessageRow, Role};

const ROW_HEIGHT: f32 = 28.0;
/// How far an answer stands to the right of what it answers; what is deeper than so many steps goes no further.
const STEP: f32 = 16.0;
const MOST_STEPS: usize = 8;

pub fn conversation_ui(ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
    let conversation = &model.reading.conversation;
    let (Some(thread), Some(open)) = (&conversation.thread, &model.reading.message) else { return };
    if thread.rows().count() < 2 {
        return;
    }
    let palette = palette(ui);
    let is_unfolded = conversation.is_unfolded;
    let fill = if is_unfolded { palette.window } else { egui::Color32::TRANSPARENT };
    let frame = egui::Frame::new().fill(fill).corner_radius(CornerRadius::same(8));
    let frame = frame.inner_margin(Margin { left: if is_unfolded { 4 } else { 0 }, right: 4, top: 4, bottom: 4 });
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width().min(MEASURE));
        ui.spacing_mut().item_spacing.y = 0.0;
        if fold_ui(ui, thread, is_unfolded, palette).clicked() {
            actions.push(Action::ShowThread(!is_unfolded));
        }
        if is_unfolded {
            let today = today();
            let home = if model.shows_results() { Role::Inbox } else { model.messages.view.role };
            for (message, branches) in thread.messages.iter().zip(branches(&thread.messages)) {
                message_ui(ui, model, message, &branches, (open.row.key, home), today, actions);
            }
            ui.add_space(4.0);
        }
    });
    ui.add_space(8.0);
}

/// “4 messages in this conversation · 1 unread”.
fn counted(thread: &Thread) -> (String, Option<String>) {
    let more = if thread.more { "+" } else { "" };
    let count = thread.rows().count();
    let unread = thread.rows().filter(|row| is_unread(row)).count();
    let unread = (unread > 0).then(|| format!("{unread} unread"));
    (format!("{count}{more} messages in this conversation"), unread)
}

fn is_unread(row: &MessageRow) -> bool {
    !row.flags.has(Flag::Seen) && !row.role.is_outgoing()
}

/// The line that folds and unfolds.
fn fold_ui(ui: &mut Ui, thread: &Thread, is_unfolded: bool, palette: Palette) -> Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), ROW_HEIGHT), Sense::click());
    let (words, unread) = counted(thread);
    let spoken = unread.iter().fold(words.clone(), |words, unread| format!("{words}, {unread}"));
    response.widget_info(|| WidgetInfo::selected(AccessRole::Button, true, is_unfolded, &spoken));
    background(ui, &response, rect, false, palette);
    let left = rect.left() + if is_unfolded { 13.0 } else { 4.0 };
    chevron(ui, Pos2::new(left, rect.center().y), is_unfolded, palette);
    let color = if response.hovered() { palette.text } else { palette.muted };
    let words = line(ui, &words, theme::small(), color, rect.width() - 40.0);
    let at = Pos2::new(left + 13.0, rect.center().y - words.size().y / 2.0);
    paint_line(ui, at, &words, false);
    if let Some(unread) = unread {
        let right = at.x + words.size().x;
        let unread = line(ui, &format!("·  {unread}"), theme::small(), palette.accent, rect.right() - right - 8.0);
        paint_line(ui, Pos2::new(right + 7.0, at.y), &unread, false);
    }
    response.on_hover_text("The messages that belong together, in all mailboxes: [ and ] go through them")
}

fn chevron(ui: &Ui, center: Pos2, down: bool, palette: Palette) {
    let corner = |x: f32, y: f32| center + if down { Vec2::new(y, x) } else { Vec2::new(x, y) };
    let points = vec![corner(-2.0, -4.0), corner(2.0, 0.0), corner(-2.0, 4.0)];
    ui.painter().add(Shape::line(points, Stroke::new(1.6, palette.muted)));
}

fn background(ui: &Ui, response: &Response, rect: Rect, is_open: bool, palette: Palette) {
    let radius = CornerRadius::same(8);
    if is_open || response.hovered() {
        let fill = if is_open { palette.selected } else { palette.hover };
        ui.painter().rect_filled(rect, radius, fill);
    }
    if response.has_focus() {
        ui.painter().rect_stroke(rect.shrink(1.0), radius, Stroke::new(1.5, palette.accent), StrokeKind::Inside);
    }
}

/// For each message and each step above it: whether the branch goes on below it.
fn branches(messages: &[InThread]) -> Vec<Vec<bool>> {
    let mut follows: Vec<bool> = Vec::new();
    let upwards = messages.iter().rev().map(|message| {
        let depth = message.depth.min(MOST_STEPS);
        follows.resize(depth + 1, false);
        let branches = follows.get(1..).unwrap_or_default().to_vec();
        if let Some(own) = follows.last_mut() {
            *own = true;
        }
        branches
    });
    let mut branches: Vec<Vec<bool>> = upwards.collect();
    branches.reverse();
    branches
}

fn branches_ui(ui: &Ui, branches: &[bool], rect: Rect, palette: Palette) {
    let stroke = Stroke::new(1.0, palette.faint.gamma_multiply(0.55));
    let mut x = rect.left() + 19.5;
    for (step, goes_on) in branches.iter().enumerate() {
        let is_own = step + 1 == branches.len();
        if *goes_on || is_own {
            let bottom = if *goes_on { rect.bottom() } else { rect.center().y };
            ui.painter().vline(x, rect.top()..=bottom, stroke);
        }
        if is_own {
            ui.painter().hline(x..=x + 8.0, rect.center().y, stroke);
        }
        x += STEP;
    }
}

/// A message that can be opened; of the one that is, and of the mailbox in the list, it is told apart.
fn message_ui(
    ui: &mut Ui,
    model: &Model,
    message: &InThread,
    branches: &[bool],
    (open, home): (MessageKey, Role),
    today: i64,
    actions: &mut Vec<Action>,
) {
    let palette = palette(ui);
    let size = Vec2::new(ui.available_width(), ROW_HEIGHT);
    let indent = STEP * branches.len() as f32;
    let Some(row) = &message.row else {
        let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
        let words = "A message that is not here";
        response.widget_info(|| WidgetInfo::labeled(AccessRole::Label, true, words));
        branches_ui(ui, branches, rect, palette);
        let words = line(ui, words, theme::small(), palette.faint, rect.width() - 40.0);
        let at = Pos2::new(rect.left() + 26.0 + indent, rect.center().y - words.size().y / 2.0);
        return paint_line(ui, at, &words, false);
    };
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let is_open = row.key == open;
    let elsewhere = (row.role != home).then_some(row.role);
    let place = elsewhere.map(|role| model.mailbox_name(role));
    let spoken = spoken(message, row, place.as_deref(), today);
    response.widget_info(|| WidgetInfo::selected(AccessRole::Button, true, is_open, &spoken));
    // A conversation may have a thousand of these.
    if ui.is_rect_visible(rect) {
        background(ui, &response, rect, is_open, palette);
        branches_ui(ui, branches, rect, palette);
        paint_message(ui, message, row, elsewhere, rect, indent, today, palette);
    }
    if response.clicked() && !is_open {
        actions.push(Action::OpenInThread(row.key));
    }
}

fn spoken(message: &InThread, row: &MessageRow, place: Option<&str>, today: i64) -> String {
    let unread = if is_unread(row) { "unread, " } else { "" };
    let place = place.map(|place| format!(", in {place}")).unwrap_or_default();
    format!("{unread}{}, {}{place}, {}", row.from_name, first_words(message, row), when(row.date, today))
}

/// What it is about where that is something else than before, otherwise how it begins.
fn first_words<'a>(message: &InThread, row: &'a MessageRow) -> &'a str {
    if message.is_renamed || row.snippet.is_empty() { &row.subject } else { &row.snippet }
}

/// A dot if it is unread, who, how it begins, where it lies if elsewhere, when.
#[allow(clippy::too_many_arguments)] // all that one line shows
fn paint_message(
    ui: &Ui,
    message: &InThread,
    row: &MessageRow,
    elsewhere: Option<Role>,
    rect: Rect,
    indent: f32,
    today: i64,
    palette: Palette,
) {
    let unread = is_unread(row);
    let left = rect.left() + 26.0 + indent;
    let middle = |height: f32| rect.center().y - height / 2.0;
    if unread {
        ui.painter().circle_filled(Pos2::new(left - 6.5, rect.center().y), 3.0, palette.accent);
    }
    let color = if unread { palette.accent } else { palette.faint };
    let date = line(ui, &when(row.date, today), theme::small(), color, 110.0);
    let mut right = rect.right() - 10.0 - date.size().x;
    paint_line(ui, Pos2::new(right, middle(date.size().y)), &date, false);
    if let Some(role) = elsewhere {
        let spot = Rect::from_center_size(Pos2::new(right - 15.0, rect.center().y), Vec2::splat(13.0));
        Icon::of_role(role).paint(ui, spot, palette.muted);
        right -= 24.0;
    }
    let room = right - left - 10.0;
    let who = line(ui, &row.from_name, theme::label(), palette.text, room * 0.45);
    paint_line(ui, Pos2::new(left, middle(who.size().y)), &who, unread);
    let words_left = left + who.size().x + 10.0;
    let color = if message.is_renamed { palette.muted } else { palette.faint };
    let words = line(ui, first_words(message, row), theme::small(), color, right - 10.0 - words_left);
    paint_line(ui, Pos2::new(words_left, middle(words.size().y)), &words, false);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_goes_on_as_far_as_to_the_last_answer() {
        // a (b (c d) e (f))
        let depths = [0, 1, 2, 2, 1, 2];
        let messages = depths.map(|depth| InThread { depth, ..InThread::default() });
        let expected: [&[bool]; 6] = [&[], &[true], &[true, true], &[true, false], &[false], &[false, false]];
        assert_eq!(branches(&messages), expected);
    }
}
