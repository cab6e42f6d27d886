//! A row of the list as a card: two lines and a half.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use egui::{Color32, CornerRadius, Galley, Pos2, Rect, Ui, Vec2};

use super::icons::Icon;
use super::message_list::when;
use super::model::Model;
use super::tag_chips;
use super::theme::{self, Palette, palette};
use super::widgets::{line, marked_line, paint_line};
use crate::mail::Marker;
use crate::mail::query::Field;
use crate::store::types::{Flag, Group, MessageRow, OutboxState, Part, Role};

/// What a screen reader says of a row.
pub fn spoken(model: &Model, row: &MessageRow) -> String {
    let is_any_unread = row.group.as_ref().is_some_and(|group| group.unread > 0);
    let unread = if row.flags.has(Flag::Seen) && !is_any_unread { "" } else { "unread, " };
    let subject = if row.subject.is_empty() { "(no subject)" } else { &row.subject };
    let part = match row.part {
        Part::Whole | Part::Nothing => "",
        Part::Header => ", only its header is here",
        Part::Excerpt => ", only its first lines are here",
    };
    let rest = if row.rest_wanted { ", the rest comes with the next visit" } else { "" };
    let place = place(model, row).map(|role| format!(", in {}", model.mailbox_name(role))).unwrap_or_default();
    let tags: String =
        row.tags.iter().filter_map(|&id| model.tag(id)).map(|tag| format!(", tagged {}", tag.name)).collect();
    let group = row.group.as_ref().map(|group| format!(", {} messages", group.messages)).unwrap_or_default();
    let who = match &row.group {
        Some(group) => group.senders.join(", "),
        None if row.role.is_outgoing() => row.to.clone(),
        None => row.from_name.clone(),
    };
    format!("{unread}{who}, {subject}{group}{part}{rest}{place}{tags}")
}

/// Among results: where it lies, if that is not the Inbox.
pub fn place(model: &Model, row: &MessageRow) -> Option<Role> {
    (model.shows_results() && row.role != Role::Inbox).then_some(row.role)
}

/// Two lines and a half: who and when; what; how it begins. Returns where the star is. Nothing of it depends on where the
/// pointer is: what can be done to the row is laid on top.
pub fn paint_card(ui: &Ui, model: &Model, today: i64, row: &MessageRow, rect: Rect) -> Rect {
    let palette = palette(ui);
    let unread = is_unread(row);
    let (left, right) = (rect.left() + 30.0, rect.right() - 16.0);
    if unread {
        ui.painter().circle_filled(Pos2::new(rect.left() + 17.5, rect.top() + 20.0), 4.0, palette.accent);
    }
    if model.accounts.len() > 1 && model.is_of_all_accounts() {
        let chip = Rect::from_center_size(Pos2::new(rect.left() + 17.5, rect.top() + 42.0), Vec2::new(3.0, 22.0));
        ui.painter().rect_filled(chip, CornerRadius::same(2), theme::account_color(row.account.0, palette.dark));
    }
    let tint = if unread { palette.accent } else { palette.faint };
    let date = line(ui, &when(row.date, today), theme::small(), tint, 120.0);
    let date_left = right - date.size().x;
    paint_line(ui, Pos2::new(date_left, rect.top() + 12.5), &date, false);
    who_ui(ui, model, row, left, date_left - 10.0, rect.top() + 19.5);
    let (marks, star) = marks_ui(ui, model, row, right, rect.top() + 38.0, palette);
    let (subject, color, subject_found) = subject(model, row, palette);
    let subject = marked_line(ui, subject, &subject_found, theme::label(), color, marks - left - 6.0);
    paint_line(ui, Pos2::new(left, rect.top() + 28.5), &subject, unread);
    let words_right = tag_chips::paint(ui, model, &row.tags, right, rect.top() + 54.5, (right - left) * 0.6);
    let words = beginning(ui, model, row, words_right - left);
    paint_line(ui, Pos2::new(left, rect.top() + 47.0), &words, false);
    star
}

pub fn is_unread(row: &MessageRow) -> bool {
    let is_any_unread = row.group.as_ref().is_some_and(|group| group.unread > 0);
    (is_any_unread || !row.flags.has(Flag::Seen)) && !row.role.is_outgoing()
}

/// Whom the list names, and what of the name was found.
pub fn who<'a>(model: &Model, row: &'a MessageRow) -> (Cow<'a, str>, Vec<Range<usize>>) {
    if let Some(group) = &row.group {
        return (senders(group).into(), Vec::new());
    }
    let outgoing = row.role.is_outgoing();
    let who = if outgoing { &row.to } else { &row.from_name };
    let who = if who.is_empty() { "(nobody yet)" } else { who };
    let field = if outgoing { Field::To } else { Field::From };
    (who.into(), marker(model).map(|marker| marker.marks(field, who)).unwrap_or_default())
}

/// Those who wrote a conversation: of several their first names are enough.
fn senders(group: &Group) -> String {
    match group.senders.as_slice() {
        [one] => one.clone(),
        several => {
            let first = |name: &String| name.split_whitespace().next().unwrap_or_default().trim_matches(',').to_owned();
            several.iter().map(first).collect::<Vec<_>>().join(", ")
        }
    }
}

/// Paints whom the list names, and of a conversation how many messages it has.
pub fn who_ui(ui: &Ui, model: &Model, row: &MessageRow, left: f32, right: f32, middle: f32) {
    let palette = palette(ui);
    let count = row
        .group
        .as_ref()
        .map(|group| line(ui, &super::sidebar::thousands(group.messages), theme::small(), palette.muted, 60.0));
    let room = right - left - count.as_ref().map_or(0.0, |count| count.size().x + 16.0);
    let (who, found) = who(model, row);
    let who = marked_line(ui, &who, &found, theme::label(), palette.text, room);
    paint_line(ui, Pos2::new(left, middle - who.size().y / 2.0), &who, is_unread(row));
    if let Some(count) = count {
        let size = Vec2::new(count.size().x + 10.0, 16.0);
        let chip = Rect::from_min_size(Pos2::new(left + who.size().x + 7.0, middle - size.y / 2.0), size);
        ui.painter().rect_filled(chip, CornerRadius::same(8), palette.hover);
        paint_line(ui, chip.center() - count.size() / 2.0, &count, false);
    }
}

pub fn subject<'a>(model: &Model, row: &'a MessageRow, palette: Palette) -> (&'a str, Color32, Vec<Range<usize>>) {
    if row.subject.is_empty() {
        return ("(no subject)", palette.faint, Vec::new());
    }
    let found = marker(model).map(|marker| marker.marks(Field::Subject, &row.subject)).unwrap_or_default();
    (&row.subject, palette.text, found)
}

/// Star, mailbox, attachment and answer, from the right; gives where the first begins, and the star.
pub fn marks_ui(ui: &Ui, model: &Model, row: &MessageRow, right: f32, middle: f32, palette: Palette) -> (f32, Rect) {
    let mut left = right;
    let mut mark = |icon: Icon, tint| {
        let spot = Rect::from_center_size(Pos2::new(left - 7.0, middle), Vec2::splat(14.0));
        icon.paint(ui, spot, tint);
        left -= 18.0;
        spot
    };
    let star = match row.flags.has(Flag::Starred) {
        true => mark(Icon::StarFilled, palette.star),
        false => Rect::NOTHING,
    };
    if let Some(role) = place(model, row) {
        mark(Icon::of_role(role), palette.muted);
    }
    if row.has_attachments {
        mark(Icon::Attachment, palette.faint);
    }
    if row.flags.has(Flag::Answered) {
        mark(Icon::Reply, palette.faint);
    }
    (left, star)
}

/// How the message begins, or what is the matter with it, or what was found in it.
pub fn beginning(ui: &Ui, model: &Model, row: &MessageRow, width: f32) -> Arc<Galley> {
    let palette = palette(ui);
    // What was found says more than how the message begins.
    let snippet = marker(model).filter(|_| row.outbox.is_none() && !row.rest_wanted && row.part != Part::Header);
    if let Some(snippet) = snippet.and_then(|_| model.search.snippets.of_message(row.key)) {
        return marked_line(ui, &snippet.text, &snippet.marks, theme::small(), palette.muted, width);
    }
    let (words, color) = match &row.outbox {
        Some(OutboxState::Refused(words)) => (format!("Refused: {words}"), palette.danger),
        Some(OutboxState::Unknown) => {
            ("Perhaps sent: the line was lost. Not sent again by itself.".into(), palette.warning)
        }
        Some(OutboxState::Waiting) => ("Waits to be sent".into(), palette.muted),
        None if row.rest_wanted => ("The whole message comes with the next visit".into(), palette.muted),
        None => match row.part {
            Part::Whole | Part::Nothing => (row.snippet.clone(), palette.faint),
            Part::Header => ("Only its header is here".into(), palette.warning),
            Part::Excerpt => (format!("First lines: {}", row.snippet), palette.warning),
        },
    };
    line(ui, &words, theme::small(), color, width)
}

/// In place of a card whose text is on its way.
pub fn paint_coming_card(ui: &Ui, rect: Rect) {
    let palette = palette(ui);
    let (left, width) = (rect.left() + 30.0, rect.width() - 46.0);
    for (top, part) in [(15.0, 0.38), (33.0, 0.72), (51.0, 0.55)] {
        let bar = Rect::from_min_size(Pos2::new(left, rect.top() + top), Vec2::new(width * part, 8.0));
        ui.painter().rect_filled(bar, CornerRadius::same(4), palette.line.gamma_multiply(0.6));
    }
}

/// What is marked in the rows; None: they are no results.
pub fn marker(model: &Model) -> Option<&Marker> {
    model.shows_results().then_some(&model.search.snippets.marker).filter(|marker| !marker.is_empty())
}
