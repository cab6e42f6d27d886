//! The mailboxes of all accounts together, what the person has made (mailboxes, tags, searches), then each account's mailboxes.

use egui::accesskit::Role as AccessRole;
use egui::{CornerRadius, Margin, Pos2, Rect, ScrollArea, Sense, Ui, Vec2, WidgetInfo};

use super::action::Action;
use super::icons::Icon;
use super::message_list::Dragged;
use super::model::Model;
use super::saved_searches::saved_searches_ui;
use super::theme::{self, RADIUS, palette};
use super::widgets::{line, paint_line};
use crate::store::types::{MailboxView, OwnMailboxId, Role};

const ROW_HEIGHT: f32 = 28.0;
const HEADING_HEIGHT: f32 = 24.0;
/// Points of the button that makes something.
const PLUS: f32 = 24.0;
/// Steps to the right; what lies deeper stands below each other.
const DEEPEST: usize = 4;

/// `narrow`: icons alone, named when they are pointed at.
pub fn sidebar_ui(ui: &mut Ui, model: &Model, narrow: bool, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    let rect = ui.max_rect();
    ui.painter().vline(rect.right() - 0.5, rect.y_range(), egui::Stroke::new(1.0, palette.line));
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        egui::Frame::new().inner_margin(Margin { left: 8, right: 8, top: 12, bottom: 12 }).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            let unified = |role| MailboxView { role, account: None };
            // What is the only one of its kind needs no name.
            let has_name = model.accounts.len() > 1 && !narrow;
            if !has_name || section_ui(ui, model, "all", "All accounts", None, actions) {
                for role in Role::ALL {
                    mailbox_ui(ui, model, unified(role), narrow, actions);
                }
            }
            own_ui(ui, model, narrow, actions);
            tags_ui(ui, model, narrow, actions);
            saved_searches_ui(ui, model, narrow, actions);
            if model.accounts.len() > 1 {
                for account in &model.accounts {
                    ui.add_space(12.0);
                    let section = format!("account {}", account.id.0);
                    if !narrow && !section_ui(ui, model, &section, &account.name, None, actions) {
                        continue;
                    }
                    for role in Role::ALL {
                        let view = MailboxView { role, account: Some(account.id) };
                        mailbox_ui(ui, model, view, narrow, actions);
                    }
                }
            }
        });
    });
}

/// The name of a section: a click folds what is below it, or unfolds it. `makes`: a button beside it makes one more, by this
/// action. Gives whether the section is to be shown.
pub fn section_ui(
    ui: &mut Ui,
    model: &Model,
    section: &str,
    name: &str,
    makes: Option<(&str, Action)>,
    actions: &mut Vec<Action>,
) -> bool {
    let palette = palette(ui);
    let is_open = !model.look.folded.contains(section);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        let room = ui.available_width() - if makes.is_some() { PLUS } else { 0.0 };
        let (rect, response) = ui.allocate_exact_size(Vec2::new(room, HEADING_HEIGHT), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(AccessRole::Button, true, format!("Section {name}")));
        ui.ctx().accesskit_node_builder(response.id, |node| node.set_expanded(is_open));
        if response.hovered() || response.has_focus() {
            ui.painter().rect_filled(rect, CornerRadius::same(RADIUS), palette.hover);
        }
        let words = line(ui, name, theme::small(), palette.muted, rect.width() - 32.0);
        paint_line(ui, Pos2::new(rect.left() + 8.0, rect.center().y - words.size().y / 2.0), &words, true);
        // Where nothing is folded the sign of it stays out of the way.
        if !is_open || response.hovered() || response.has_focus() {
            let icon = if is_open { Icon::Down } else { Icon::Right };
            let at = Pos2::new(rect.left() + 16.0 + words.size().x, rect.center().y);
            icon.paint(ui, Rect::from_center_size(at, Vec2::splat(12.0)), palette.muted);
        }
        if response.clicked() {
            actions.push(Action::FoldSection(section.to_owned()));
        }
        if let Some((hint, action)) = makes
            && plus(ui, hint).clicked()
        {
            actions.push(action);
        }
    });
    is_open
}

/// The mailboxes that the person has made: those that lie in others stand further to the right.
fn own_ui(ui: &mut Ui, model: &Model, narrow: bool, actions: &mut Vec<Action>) {
    // Where there are many others already it waits for the first.
    if model.accounts.is_empty() || (model.accounts.len() > 1 && model.organisation.mailboxes.is_empty()) {
        return;
    }
    ui.add_space(12.0);
    let makes = Some(("New mailbox", Action::NameMailbox(None)));
    if !narrow && !section_ui(ui, model, "own", "My mailboxes", makes, actions) {
        return;
    }
    for mailbox in &model.organisation.mailboxes {
        mailbox_ui(ui, model, MailboxView { role: Role::Own(mailbox.id), account: None }, narrow, actions);
    }
}

/// A small button that makes something.
fn plus(ui: &mut Ui, name: &str) -> egui::Response {
    let palette = palette(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(PLUS), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(AccessRole::Button, true, name));
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, CornerRadius::same(RADIUS), palette.hover);
    }
    let stroke = egui::Stroke::new(1.5, palette.muted);
    ui.painter().hline(rect.center().x - 4.5..=rect.center().x + 4.5, rect.center().y, stroke);
    ui.painter().vline(rect.center().x, rect.center().y - 4.5..=rect.center().y + 4.5, stroke);
    response.on_hover_text(name)
}

/// The tags: a click shows what has one.
fn tags_ui(ui: &mut Ui, model: &Model, narrow: bool, actions: &mut Vec<Action>) {
    if model.organisation.tags.is_empty() || narrow {
        return;
    }
    ui.add_space(12.0);
    if !section_ui(ui, model, "tags", "Tags", None, actions) {
        return;
    }
    for tag in &model.organisation.tags {
        let palette = palette(ui);
        let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), ROW_HEIGHT), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(AccessRole::TreeItem, true, format!("Tag {}", tag.name)));
        let selected = model.is_tag_open(tag);
        ui.ctx().accesskit_node_builder(response.id, |node| node.set_selected(selected));
        if selected || response.hovered() || response.has_focus() {
            let fill = if selected { palette.selected } else { palette.hover };
            ui.painter().rect_filled(rect, CornerRadius::same(RADIUS), fill);
        }
        let spot = Pos2::new(rect.left() + 19.0, rect.center().y);
        ui.painter().circle_filled(spot, 5.0, theme::tag_color(tag.color, palette.dark).1);
        let words = line(ui, &tag.name, theme::label(), palette.text, rect.width() - 46.0);
        paint_line(ui, Pos2::new(rect.left() + 36.0, rect.center().y - words.size().y / 2.0), &words, selected);
        let response = if words.elided { response.on_hover_text(&tag.name) } else { response };
        if response.clicked() {
            actions.push(Action::ShowTag(tag.id));
        }
        response.context_menu(|ui| super::chooser::tag_menu_ui(ui, model, tag.id, actions));
    }
}

/// What can be done to a mailbox of the person's own.
fn own_menu_ui(ui: &mut Ui, id: OwnMailboxId, actions: &mut Vec<Action>) {
    ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Extend);
    for (words, action) in [
        ("New mailbox in it…", Action::NameMailbox(Some(id))),
        ("Rename…", Action::RenameMailbox(id)),
        ("Remove; its messages go to Archive", Action::RemoveMailbox(id)),
    ] {
        if ui.button(words).clicked() {
            actions.push(action);
            ui.close();
        }
    }
}

fn mailbox_ui(ui: &mut Ui, model: &Model, view: MailboxView, narrow: bool, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    let (total, unread) = model.count(view);
    let selected = model.messages.view == view && !model.shows_results();
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), ROW_HEIGHT), Sense::click());
    // What waits or is unfinished counts whole, what is received by what is unread.
    let count = if matches!(view.role, Role::Drafts | Role::Outbox) { total } else { unread };
    let account = view.account.and_then(|id| model.account(id)).map(|account| account.name.as_str());
    let mailbox = model.mailbox_name(view.role);
    let name = match (account, count) {
        (None, 0) => mailbox.clone(),
        (None, count) => format!("{mailbox}, {count}"),
        (Some(account), 0) => format!("{account}, {mailbox}"),
        (Some(account), count) => format!("{account}, {mailbox}, {count}"),
    };
    response.widget_info(|| WidgetInfo::labeled(AccessRole::TreeItem, true, &name));
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_selected(selected));
    // Messages that were dragged here; what is not sent yet comes by other ways.
    let takes = view.account.is_none() && !matches!(view.role, Role::Drafts | Role::Outbox | Role::Sent);
    let is_dragging = egui::DragAndDrop::has_payload_of_type::<Dragged>(ui.ctx());
    let is_target = takes && response.dnd_hover_payload::<Dragged>().is_some();
    if takes && response.dnd_release_payload::<Dragged>().is_some() {
        actions.push(Action::MoveSelected(view.role));
    }
    if selected || response.hovered() || response.has_focus() || is_target {
        ui.painter().rect_filled(
            rect,
            CornerRadius::same(RADIUS),
            if selected { palette.selected } else { palette.hover },
        );
    }
    if takes && is_dragging {
        // Where it could go is framed, and where it would go now is filled.
        let stroke = if is_target {
            ui.painter().rect_filled(rect, CornerRadius::same(RADIUS), palette.selected);
            egui::Stroke::new(2.0, palette.accent)
        } else {
            egui::Stroke::new(1.0, palette.accent.gamma_multiply(0.45))
        };
        ui.painter().rect_stroke(rect.shrink(0.5), CornerRadius::same(RADIUS), stroke, egui::StrokeKind::Inside);
    }
    let tint = if selected { palette.accent } else { palette.muted };
    // A name says where its mailbox lies: what stands below another need not say it again.
    let depth = mailbox.matches('/').count();
    let indent = 14.0 * depth.min(DEEPEST) as f32;
    let middle = if narrow { rect.center().x } else { rect.left() + 19.0 + indent };
    let icon = Rect::from_center_size(Pos2::new(middle, rect.center().y), Vec2::splat(17.0));
    Icon::of_role(view.role).paint(ui, icon, tint);
    if narrow {
        if count > 0 {
            ui.painter().circle_filled(icon.right_top(), 3.0, palette.accent);
        }
    } else {
        let words = mailbox.rsplit('/').next().unwrap_or_default();
        let strong = selected || (unread > 0 && matches!(view.role, Role::Inbox | Role::Own(_)));
        row_ui(ui, rect.with_min_x(rect.left() + indent), words, view.role, count, strong, is_dragging && !takes);
    }
    let is_own = matches!(view.role, Role::Own(_));
    let response = if narrow || is_own { response.on_hover_text(name) } else { response };
    if response.clicked() {
        actions.push(Action::ShowMailbox(view));
    }
    if let Role::Own(id) = view.role {
        response.context_menu(|ui| own_menu_ui(ui, id, actions));
    } else if view.role != Role::Trash {
        response.context_menu(|ui| {
            if ui.button("New mailbox…").clicked() {
                actions.push(Action::NameMailbox(None));
                ui.close();
            }
        });
    } else {
        response.context_menu(|ui| {
            if ui
                .add_enabled(total > 0, egui::Button::new("Empty Trash…"))
                .on_hover_text("Removes these messages for good")
                .clicked()
            {
                actions.push(Action::ShowMailbox(view));
                actions.push(Action::EmptyTrash);
                ui.close();
            }
        });
    }
}

/// The words of a mailbox's row, and its count at the right.
fn row_ui(ui: &Ui, rect: Rect, words: &str, role: Role, count: u64, strong: bool, dimmed: bool) {
    let palette = palette(ui);
    let mut right = rect.right() - 9.0;
    if count > 0 {
        let tint = if role == Role::Inbox { palette.accent } else { palette.muted };
        let galley = line(ui, &thousands(count), theme::small(), tint, 80.0);
        right -= galley.size().x;
        paint_line(ui, Pos2::new(right, rect.center().y - galley.size().y / 2.0), &galley, true);
    }
    let left = rect.left() + 36.0;
    let color = if dimmed { palette.faint } else { palette.text };
    let words = line(ui, words, theme::label(), color, right - 8.0 - left);
    paint_line(ui, Pos2::new(left, rect.center().y - words.size().y / 2.0), &words, strong);
}

/// 1204 as “1,204”.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
