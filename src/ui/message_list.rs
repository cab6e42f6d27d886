//! The list of messages. Only what is on the screen is laid out, and the scroll position is a double: egui's own scroll area
//! counts in single precision and loses small movements beyond a few hundred thousand rows.

use egui::accesskit::Role as AccessRole;
use egui::{CornerRadius, CursorIcon, Id, Margin, Pos2, Rect, Sense, Stroke, Ui, UiBuilder, Vec2, WidgetInfo};

use super::action::{Action, Selecting};
use super::icons::Icon;
use super::model::{Choosing, Listed, Model};
use super::sidebar::thousands;
use super::sort_menu::sort_ui;
use super::tag_chips;
use super::theme::{self, Palette, palette};
use super::widgets::{hairline, icon, label, line, marked_line, paint_line, prose, quiet};
use crate::mail::Marker;
use crate::mail::query::Field;
use crate::store::types::{Flag, MessageKey, MessageRow, OutboxState, Part, Role};

const ROW_HEIGHT: f32 = 68.0;
const BAR_WIDTH: f32 = 10.0;

/// Where the list stands.
#[derive(Default)]
pub struct ListState {
    /// Points above the first visible one.
    offset: f64,
    /// The model's wish that was last fulfilled.
    revealed: u64,
    visible: (usize, usize),
    /// Days since 1970 in local time, for “today”.
    today: i64,
}

pub fn list_ui(ui: &mut Ui, model: &Model, state: &mut ListState, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    let edge = ui.max_rect();
    ui.painter().vline(edge.right() - 0.5, edge.y_range(), Stroke::new(1.0, palette.line));
    header_ui(ui, model, actions);
    if model.messages.keys.is_empty() {
        return empty_ui(ui, model, actions);
    }
    state.today = today();
    let area = ui.available_rect_before_wrap();
    let area = Rect::from_min_max(area.min, Pos2::new(area.right() - 1.0, area.bottom()));
    let mut list = ui.new_child(UiBuilder::new().max_rect(area).accessibility_role(AccessRole::ListBox));
    list.set_clip_rect(area.intersect(ui.clip_rect()));
    scroll(&list, model, state, area);
    rows_ui(&mut list, model, state, area, actions);
    bar_ui(&list, model, state, area);
    dragged_ui(&list, model);
    ui.advance_cursor_after_rect(area);
}

fn header_ui(ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
    if model.search.is_on() {
        return results_header_ui(ui, model, actions);
    }
    let palette = palette(ui);
    let view = model.messages.view;
    let (total, unread) = model.count(view);
    let width = ui.available_width();
    let frame = egui::Frame::new().inner_margin(Margin::symmetric(16, 9)).show(ui, |ui| {
        ui.horizontal(|ui| {
            // What a long name leaves is for the numbers.
            let name = model.mailbox_name(view.role);
            let most = (ui.available_width() - 120.0).max(60.0);
            let name_ui = |ui: &mut Ui| {
                ui.set_max_width(most);
                label(ui, &name, theme::heading(), palette.text, true)
            };
            ui.scope(name_ui);
            let selected = model.messages.selected.len();
            let words = match (selected, total, unread) {
                (2.., _, _) => format!("{} selected", thousands(selected as u64)),
                (_, 0, _) => String::new(),
                (_, total, 0) => thousands(total),
                (_, total, unread) => format!("{} · {} unread", thousands(total), thousands(unread)),
            };
            // What stands at the right has its place first, and the words what is left.
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                sort_ui(ui, model, width, actions);
                if view.role == Role::Trash
                    && total > 0
                    && quiet(ui, "Empty").on_hover_text("Removes these messages for good").clicked()
                {
                    actions.push(Action::EmptyTrash);
                }
                let left = ui.available_width();
                ui.allocate_ui_with_layout(
                    Vec2::new(left, ui.available_height()),
                    egui::Layout::left_to_right(egui::Align::Center),
                    |ui| label(ui, &words, theme::small(), palette.faint, false),
                );
            });
        });
    });
    hairline(ui, frame.response.rect, palette.line);
    ui.add_space(-ui.spacing().item_spacing.y);
}

/// What was found, and where is searched.
fn results_header_ui(ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    let frame = egui::Frame::new().inner_margin(Margin::symmetric(16, 9)).show(ui, |ui| {
        ui.horizontal(|ui| {
            // What stands at the right keeps its place beside a long name.
            let saved = model.search.saved.iter().find(|saved| model.is_open(saved));
            let name = saved.map_or("Results", |saved| saved.name.as_str());
            let most = (ui.available_width() - 240.0).max(60.0);
            ui.scope(|ui| {
                ui.set_max_width(most);
                label(ui, name, theme::heading(), palette.text, true)
            });
            let words = match model.messages.selected.len() {
                selected @ 2.. => format!("{} selected", thousands(selected as u64)),
                _ => results_counted(model),
            };
            label(ui, &words, theme::small(), palette.faint, false);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = 2.0;
                if icon(ui, Icon::Save, "Save this search…").clicked() {
                    actions.push(Action::NameSearch(None));
                }
                let here: String = model.mailbox_name(model.messages.view.role).chars().take(24).collect();
                for (name, is_here) in [(here.as_str(), true), ("Everywhere", false)] {
                    let words = egui::RichText::new(name).font(theme::small());
                    if ui.selectable_label(model.search.here == is_here, words).clicked() {
                        actions.push(Action::SearchHere(is_here));
                    }
                }
            });
        });
    });
    hairline(ui, frame.response.rect, palette.line);
    ui.add_space(-ui.spacing().item_spacing.y);
}

/// How many were found, as far as is known.
fn results_counted(model: &Model) -> String {
    if !model.shows_results() {
        return String::new();
    }
    let here = model.messages.keys.len() as u64;
    match (model.search.is_complete, model.search.total) {
        (true, _) => thousands(here),
        (false, Some(total)) => thousands(total.max(here)),
        (false, None) => format!("{}+", thousands(here)),
    }
}

/// The same in words, for the foot of the window.
pub fn results_in_words(model: &Model) -> String {
    let found = match (results_counted(model).as_str(), model.messages.keys.len()) {
        ("", _) => "Searching…".to_owned(),
        (_, 0) => "Nothing found".to_owned(),
        (_, 1) => "1 message found".to_owned(),
        (count, _) => format!("{count} messages found"),
    };
    match model.search.to_index {
        0 => found,
        left => format!("{found}; {} not searched yet", thousands(left)),
    }
}

fn nothing_found_ui(ui: &mut Ui, model: &Model, text: &str, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    ui.add_space((ui.available_height() * 0.3).max(30.0));
    ui.vertical_centered(|ui| {
        ui.set_max_width(270.0);
        ui.add(Icon::Search.image(38.0, palette.faint).alt_text("Search"));
        ui.add_space(8.0);
        if model.search.fault.is_some() {
            ui.label(egui::RichText::new("Not finished yet").font(theme::heading()).color(palette.muted));
            prose(ui, "What is searched for cannot be understood as it stands.", palette.faint);
            return;
        }
        let shown: String = text.trim().chars().take(60).collect();
        let cut = if shown.len() < text.trim().len() { "…" } else { "" };
        ui.label(
            egui::RichText::new(format!("No message matches “{shown}{cut}”"))
                .font(theme::heading())
                .color(palette.muted),
        );
        let hint = match (model.search.to_index, model.search.here) {
            (1.., _) => "Not all messages can be found yet: those that came in last are being read.",
            (0, true) => "Only one mailbox was searched: try Everywhere, above.",
            (0, false) => "Try fewer words, or say where and when: from:ana, has:attachment, newer:7d.",
        };
        prose(ui, hint, palette.faint);
        ui.add_space(4.0);
        if model.search.here && quiet(ui, "Search everywhere").clicked() {
            actions.push(Action::SearchHere(false));
        }
        if let Some(wider) = wider(text)
            && quiet(ui, &format!("Search for “{wider}”")).clicked()
        {
            actions.push(Action::Search(wider));
        }
    });
}

/// The same with the last word cut to its beginning, which forgives an ending and many a misspelling; None: it has no such word.
fn wider(text: &str) -> Option<String> {
    let text = text.trim();
    let begin = text.rfind(char::is_whitespace).map_or(0, |blank| blank + 1);
    let word = text.get(begin..)?;
    let letters = word.chars().count();
    // Of a word of six letters four say enough, and of a shorter one it would be another word.
    let is_word = word.chars().all(char::is_alphanumeric);
    (is_word && letters >= 6).then(|| {
        let kept: String = word.chars().take((letters * 2).div_ceil(3)).collect();
        format!("{}{kept}*", text.get(..begin).unwrap_or_default())
    })
}

fn empty_ui(ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    if !model.messages.listed {
        return;
    }
    if let Listed::Results(search) = &model.messages.keys_of {
        return nothing_found_ui(ui, model, &search.text, actions);
    }
    let role = model.messages.view.role;
    let words = match role {
        Role::Inbox if model.visits.is_empty() => {
            ("Nothing here yet", "Press “Get mail”: Malote dials in, takes everything, and hangs up.")
        }
        Role::Inbox => ("All done", "There is nothing in the Inbox."),
        Role::Drafts => ("No drafts", "What you write is kept here until you send it."),
        Role::Outbox => ("Nothing waits", "Messages wait here until you get mail, or press Send."),
        Role::Sent => ("Nothing sent yet", "What the server has accepted is kept here."),
        Role::Archive => ("Nothing archived yet", "Press E on a message to put it here."),
        Role::Junk => ("No junk", "That is how it should be."),
        Role::Trash => ("Trash is empty", "What you delete stays here for 30 days, or until you empty it."),
        Role::Own(_) => ("Nothing here yet", "Press V on messages to move them here."),
    };
    ui.add_space((ui.available_height() * 0.3).max(30.0));
    ui.vertical_centered(|ui| {
        ui.set_max_width(230.0);
        ui.add(Icon::of_role(role).image(38.0, palette.faint).alt_text(role.to_string()));
        ui.add_space(8.0);
        ui.label(egui::RichText::new(words.0).font(theme::heading()).color(palette.muted));
        prose(ui, words.1, palette.faint);
    });
}

/// Wheel, touchpad and the model's wish to see the cursor.
fn scroll(ui: &Ui, model: &Model, state: &mut ListState, area: Rect) {
    let height = f64::from(area.height());
    let total = model.messages.keys.len() as f64 * f64::from(ROW_HEIGHT);
    if ui.rect_contains_pointer(area) {
        state.offset -= f64::from(ui.input(|input| input.smooth_scroll_delta().y));
    }
    if state.revealed != model.messages.reveal {
        state.revealed = model.messages.reveal;
        match model.messages.cursor.and_then(|key| model.messages.index_of(key)) {
            Some(index) => {
                let top = index as f64 * f64::from(ROW_HEIGHT);
                state.offset = state.offset.clamp(top + f64::from(ROW_HEIGHT) - height, top);
            }
            None => state.offset = 0.0,
        }
    }
    state.offset = state.offset.clamp(0.0, (total - height).max(0.0));
}

fn rows_ui(ui: &mut Ui, model: &Model, state: &mut ListState, area: Rect, actions: &mut Vec<Action>) {
    let row_height = f64::from(ROW_HEIGHT);
    let first = (state.offset / row_height).floor() as usize;
    #[allow(clippy::cast_possible_truncation)] // less than a row's height
    let mut top = area.top() - (state.offset - first as f64 * row_height) as f32;
    let mut index = first;
    while top < area.bottom()
        && let Some(&key) = model.messages.keys.get(index)
    {
        let rect = Rect::from_min_size(Pos2::new(area.left(), top), Vec2::new(area.width(), ROW_HEIGHT));
        row_ui(ui, model, state, index, key, rect, actions);
        top += ROW_HEIGHT;
        index += 1;
    }
    if state.visible != (first, index) || ui.input(|input| input.pointer.any_released()) {
        state.visible = (first, index);
        actions.push(Action::RowsVisible(first, index));
    }
}

/// The row of a message, as egui knows it.
pub fn row_id(key: MessageKey) -> Id {
    Id::unique(("row", key.0))
}

/// What is selected is being dragged to a mailbox.
pub struct Dragged;

/// How many messages are being dragged, at the pointer.
fn dragged_ui(ui: &Ui, model: &Model) {
    let Some(at) = ui.ctx().pointer_interact_pos() else { return };
    if !egui::DragAndDrop::has_payload_of_type::<Dragged>(ui.ctx()) {
        return;
    }
    let palette = palette(ui);
    let words = match model.messages.selected.len() {
        0 | 1 => "1 message".to_owned(),
        count => format!("{} messages", thousands(count as u64)),
    };
    let words = line(ui, &words, theme::label(), palette.on_accent, 200.0);
    let painter = ui.ctx().layer_painter(egui::LayerId::new(egui::Order::Tooltip, Id::unique("dragged")));
    let rect = Rect::from_min_size(at + Vec2::new(12.0, 10.0), words.size() + Vec2::new(20.0, 10.0));
    painter.rect_filled(rect, CornerRadius::same(8), palette.accent);
    painter.galley(rect.min + Vec2::new(10.0, 5.0), words, palette.on_accent);
}

fn row_ui(
    ui: &mut Ui,
    model: &Model,
    state: &ListState,
    index: usize,
    key: MessageKey,
    rect: Rect,
    actions: &mut Vec<Action>,
) {
    let palette = palette(ui);
    let response = ui.interact(rect, row_id(key), Sense::click_and_drag());
    let selected = model.messages.selected.contains(&key);
    if response.drag_started() && !selected {
        actions.push(Action::Select { index, how: Selecting::Only });
    }
    response.dnd_set_drag_payload(Dragged);
    let row = model.messages.row(key);
    let name = row.map_or_else(|| "Loading".to_owned(), |row| spoken(model, row));
    response.widget_info(|| WidgetInfo::labeled(AccessRole::ListBoxOption, true, &name));
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_selected(selected));
    let inner = rect.shrink2(Vec2::new(6.0, 1.5));
    if selected || response.hovered() {
        let fill = if selected { palette.selected } else { palette.hover.gamma_multiply(0.6) };
        ui.painter().rect_filled(inner, CornerRadius::same(8), fill);
    } else {
        ui.painter().hline(
            rect.left() + 30.0..=rect.right() - 14.0,
            rect.bottom() - 0.5,
            Stroke::new(1.0, palette.line.gamma_multiply(0.7)),
        );
    }
    let star = row.map(|row| paint_row(ui, model, state, row, rect, palette, response.hovered()));
    if response.clicked() {
        let on_star = star.zip(response.interact_pointer_pos()).is_some_and(|(star, at)| star.expand(5.0).contains(at));
        let modifiers = ui.input(|input| input.modifiers);
        actions.push(match modifiers {
            _ if on_star => Action::ToggleStar(key),
            modifiers if modifiers.shift => Action::Select { index, how: Selecting::Range },
            modifiers if modifiers.command => Action::Select { index, how: Selecting::Toggle },
            _ => Action::Select { index, how: Selecting::Only },
        });
        ui.memory_mut(egui::Memory::stop_text_input);
    }
    if response.double_clicked() && model.editable(key) {
        actions.push(Action::EditDraft(key));
    }
    if response.secondary_clicked() && !selected {
        actions.push(Action::Select { index, how: Selecting::Only });
    }
    response.context_menu(|ui| menu_ui(ui, model, key, actions));
}

/// What a screen reader says of a row.
fn spoken(model: &Model, row: &MessageRow) -> String {
    let unread = if row.flags.has(Flag::Seen) { "" } else { "unread, " };
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
    format!(
        "{unread}{}, {subject}{part}{rest}{place}{tags}",
        if row.role.is_outgoing() { &row.to } else { &row.from_name }
    )
}

/// Among results: where it lies, if that is not the Inbox.
fn place(model: &Model, row: &MessageRow) -> Option<Role> {
    (model.shows_results() && row.role != Role::Inbox).then_some(row.role)
}

/// Two lines and a half: who and when; what; how it begins. Returns where the star is.
fn paint_row(
    ui: &Ui,
    model: &Model,
    state: &ListState,
    row: &MessageRow,
    rect: Rect,
    palette: Palette,
    hovered: bool,
) -> Rect {
    let unread = !row.flags.has(Flag::Seen) && !row.role.is_outgoing();
    let (left, right) = (rect.left() + 30.0, rect.right() - 16.0);
    if unread {
        ui.painter().circle_filled(Pos2::new(rect.left() + 17.5, rect.top() + 20.0), 4.0, palette.accent);
    }
    if model.accounts.len() > 1 && model.is_of_all_accounts() {
        let chip = Rect::from_center_size(Pos2::new(rect.left() + 17.5, rect.top() + 42.0), Vec2::new(3.0, 22.0));
        ui.painter().rect_filled(chip, CornerRadius::same(2), theme::account_color(row.account.0, palette.dark));
    }
    let date = line(
        ui,
        &when(row.date, state.today),
        theme::small(),
        if unread { palette.accent } else { palette.faint },
        120.0,
    );
    let date_left = right - date.size().x;
    paint_line(ui, Pos2::new(date_left, rect.top() + 12.5), &date, false);
    let who = if row.role.is_outgoing() { &row.to } else { &row.from_name };
    let who = if who.is_empty() { "(nobody yet)" } else { who };
    let (who_field, marker) = (if row.role.is_outgoing() { Field::To } else { Field::From }, marker(model));
    let found = |field, text: &str| marker.map(|marker| marker.marks(field, text)).unwrap_or_default();
    let who_found = found(who_field, who);
    let who = marked_line(ui, who, &who_found, theme::label(), palette.text, date_left - left - 10.0);
    paint_line(ui, Pos2::new(left, rect.top() + 10.5), &who, unread);

    let mut marks = right;
    let mut mark = |icon: Icon, tint| {
        let spot = Rect::from_center_size(Pos2::new(marks - 7.0, rect.top() + 38.0), Vec2::splat(14.0));
        icon.paint(ui, spot, tint);
        marks -= 18.0;
        spot
    };
    let starred = row.flags.has(Flag::Starred);
    let star = match (starred, hovered) {
        (true, _) => mark(Icon::StarFilled, palette.star),
        (false, true) => mark(Icon::Star, palette.faint),
        (false, false) => Rect::NOTHING,
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
    let subject = if row.subject.is_empty() { "(no subject)" } else { &row.subject };
    let color = if row.subject.is_empty() { palette.faint } else { palette.text };
    let subject_found = found(Field::Subject, subject);
    let subject = marked_line(ui, subject, &subject_found, theme::label(), color, marks - left - 6.0);
    paint_line(ui, Pos2::new(left, rect.top() + 28.5), &subject, unread);
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
    let words_right = tag_chips::paint(ui, model, &row.tags, right, rect.top() + 54.5, (right - left) * 0.6);
    // What was found says more than how the message begins.
    let snippet = marker.filter(|_| row.outbox.is_none() && !row.rest_wanted && row.part != Part::Header);
    let snippet = snippet.and_then(|_| model.search.snippets.of_message(row.key));
    let width = words_right - left;
    let words = match snippet {
        Some(snippet) => marked_line(ui, &snippet.text, &snippet.marks, theme::small(), palette.muted, width),
        None => line(ui, &words, theme::small(), color, width),
    };
    paint_line(ui, Pos2::new(left, rect.top() + 47.0), &words, false);
    star
}

/// Moving elsewhere, and tags.
fn organise_ui(ui: &mut Ui, role: Role, item: &mut dyn FnMut(&mut Ui, &str, Action)) {
    if !matches!(role, Role::Drafts | Role::Outbox) {
        item(ui, "Move to…", Action::OpenChooser(Choosing::Mailbox));
    }
    item(ui, "Tags…", Action::OpenChooser(Choosing::Tags));
}

/// What is marked in the rows; None: they are no results.
fn marker(model: &Model) -> Option<&Marker> {
    model.shows_results().then_some(&model.search.snippets.marker).filter(|marker| !marker.is_empty())
}

fn menu_ui(ui: &mut Ui, model: &Model, key: MessageKey, actions: &mut Vec<Action>) {
    ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Extend);
    let mut item = |ui: &mut Ui, words: &str, action: Action| {
        if ui.button(words).clicked() {
            actions.push(action);
            ui.close();
        }
    };
    let role = model.role_of_selection();
    if model.editable(key) {
        item(ui, "Edit", Action::EditDraft(key));
    }
    let outbox = model.messages.row(key).and_then(|row| row.outbox.as_ref());
    if matches!(outbox, Some(OutboxState::Refused(_) | OutboxState::Unknown)) {
        item(ui, "Send once more", Action::Retry(key));
    }
    if !role.is_outgoing() {
        let seen = model.messages.row(key).is_some_and(|row| row.flags.has(Flag::Seen));
        item(ui, if seen { "Mark unread" } else { "Mark read" }, Action::SetFlag(Flag::Seen, !seen));
        item(ui, "Star or unstar", Action::ToggleStar(key));
        if model.messages.has_part_chosen() {
            let several = model.messages.selected.len() > 1;
            let what = if several { "whole messages" } else { "whole message" };
            item(ui, &format!("Get the {what} with the next visit"), Action::CompleteSelected);
        }
        ui.separator();
    }
    for (to, words) in
        [(Role::Inbox, "Move to Inbox"), (Role::Archive, "Archive"), (Role::Junk, "Junk"), (Role::Trash, "Delete")]
    {
        let sensible = !matches!(role, Role::Drafts | Role::Outbox) || to == Role::Trash;
        if to != role && sensible {
            item(ui, words, Action::MoveSelected(to));
        }
    }
    organise_ui(ui, role, &mut item);
}

fn bar_ui(ui: &Ui, model: &Model, state: &mut ListState, area: Rect) {
    let total = model.messages.keys.len() as f64 * f64::from(ROW_HEIGHT);
    let height = f64::from(area.height());
    if total <= height {
        return;
    }
    let track = Rect::from_min_max(Pos2::new(area.right() - BAR_WIDTH, area.top()), area.max);
    let length = (height / total * height).max(28.0);
    let room = height - length;
    let at = state.offset / (total - height) * room;
    #[allow(clippy::cast_possible_truncation)] // within the window
    let handle =
        Rect::from_min_size(Pos2::new(track.left() + 3.0, track.top() + at as f32), Vec2::new(5.0, length as f32));
    let response = ui.interact(track, Id::unique("list scroll bar"), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(AccessRole::ScrollBar, true, "Scroll the list"));
    if let Some(pointer) = response.interact_pointer_pos()
        && room > 0.0
    {
        let wanted = f64::from(pointer.y - track.top()) - length / 2.0;
        state.offset = (wanted / room).clamp(0.0, 1.0) * (total - height);
        ui.ctx().request_repaint();
    }
    let palette = palette(ui);
    let strength = if response.hovered() || response.dragged() { 0.9 } else { 0.4 };
    ui.painter().rect_filled(handle, CornerRadius::same(3), palette.faint.gamma_multiply(strength));
    if response.hovered() {
        ui.set_cursor_icon(CursorIcon::Default);
    }
}

/// Today, as [`when`] takes it.
pub fn today() -> i64 {
    day_of(jiff::Zoned::now().timestamp().as_second())
}

/// Days since 1970 in local time.
fn day_of(date: i64) -> i64 {
    local(date).map_or(0, |local| date.saturating_add(i64::from(local.offset().seconds())).div_euclid(86_400))
}

fn local(date: i64) -> Option<jiff::Zoned> {
    Some(jiff::Timestamp::from_second(date).ok()?.to_zoned(jiff::tz::TimeZone::system()))
}

/// The time today, the weekday this week, the day this year, and the year before that.
pub fn when(date: i64, today: i64) -> String {
    let Some(local) = local(date) else { return String::new() };
    let this_year = jiff::Zoned::now().year() == local.year();
    let form = match today - day_of(date) {
        0 => "%H:%M",
        1 => "Yesterday",
        2..=6 => "%A",
        _ if this_year => "%-d %b",
        _ => "%-d %b %Y",
    };
    local.strftime(form).to_string()
}

/// “yesterday 14:02”, for what was done.
pub fn moment(at: i64) -> String {
    let Some(local) = local(at) else { return String::new() };
    let form = match day_of(jiff::Zoned::now().timestamp().as_second()) - day_of(at) {
        0 => "today %H:%M",
        1 => "yesterday %H:%M",
        2..=6 => "%A %H:%M",
        _ => "%-d %b, %H:%M",
    };
    local.strftime(form).to_string()
}

/// A date in full, for the head of a message.
pub fn full_date(date: i64) -> String {
    local(date).map(|local| local.strftime("%A, %-d %B %Y, %H:%M").to_string()).unwrap_or_default()
}
