//! The mailboxes: of all accounts together, then of each.

use egui::accesskit::Role as AccessRole;
use egui::{CornerRadius, Margin, Pos2, Rect, ScrollArea, Sense, Ui, Vec2, WidgetInfo};

use super::action::Action;
use super::icons::Icon;
use super::model::Model;
use super::saved_searches::saved_searches_ui;
use super::theme::{self, RADIUS, palette};
use super::widgets::{label, line, paint_line};
use crate::store::types::{MailboxView, Role};

const ROW_HEIGHT: f32 = 30.0;

/// `narrow`: icons alone, named when they are pointed at.
pub fn sidebar_ui(ui: &mut Ui, model: &Model, narrow: bool, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    let rect = ui.max_rect();
    ui.painter().vline(rect.right() - 0.5, rect.y_range(), egui::Stroke::new(1.0, palette.line));
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        egui::Frame::new().inner_margin(Margin { left: 8, right: 8, top: 10, bottom: 10 }).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            if model.accounts.len() > 1 && !narrow {
                heading(ui, "All accounts");
            }
            let unified = |role| MailboxView { role, account: None };
            for role in Role::ALL {
                mailbox_ui(ui, model, unified(role), narrow, actions);
            }
            saved_searches_ui(ui, model, narrow, actions);
            if model.accounts.len() > 1 {
                for account in &model.accounts {
                    ui.add_space(12.0);
                    if !narrow {
                        heading(ui, &account.name);
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

fn heading(ui: &mut Ui, text: &str) {
    ui.horizontal(|ui| {
        ui.add_space(8.0);
        label(ui, text, theme::small(), palette(ui).faint, true);
    });
    ui.add_space(3.0);
}

fn mailbox_ui(ui: &mut Ui, model: &Model, view: MailboxView, narrow: bool, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    let (total, unread) = model.count(view);
    let selected = model.messages.view == view && !model.shows_results();
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), ROW_HEIGHT), Sense::click());
    // What waits or is unfinished counts whole, what is received by what is unread.
    let count = if matches!(view.role, Role::Drafts | Role::Outbox) { total } else { unread };
    let account = view.account.and_then(|id| model.account(id)).map(|account| account.name.as_str());
    let name = match (account, count) {
        (None, 0) => view.role.to_string(),
        (None, count) => format!("{}, {count}", view.role),
        (Some(account), 0) => format!("{account}, {}", view.role),
        (Some(account), count) => format!("{account}, {}, {count}", view.role),
    };
    response.widget_info(|| WidgetInfo::labeled(AccessRole::TreeItem, true, &name));
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_selected(selected));
    if selected || response.hovered() || response.has_focus() {
        ui.painter().rect_filled(
            rect,
            CornerRadius::same(RADIUS),
            if selected { palette.selected } else { palette.hover },
        );
    }
    let tint = if selected { palette.accent } else { palette.muted };
    let middle = if narrow { rect.center().x } else { rect.left() + 19.0 };
    let icon = Rect::from_center_size(Pos2::new(middle, rect.center().y), Vec2::splat(17.0));
    Icon::of_role(view.role).paint(ui, icon, tint);
    if narrow {
        if count > 0 {
            ui.painter().circle_filled(icon.right_top(), 3.0, palette.accent);
        }
    } else {
        row_ui(ui, rect, view.role, count, selected || (unread > 0 && view.role == Role::Inbox));
    }
    let response = if narrow { response.on_hover_text(name) } else { response };
    if response.clicked() {
        actions.push(Action::ShowMailbox(view));
    }
    if view.role == Role::Trash {
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
fn row_ui(ui: &Ui, rect: Rect, role: Role, count: u64, strong: bool) {
    let palette = palette(ui);
    let mut right = rect.right() - 9.0;
    if count > 0 {
        let tint = if role == Role::Inbox { palette.accent } else { palette.muted };
        let galley = line(ui, &thousands(count), theme::small(), tint, 80.0);
        right -= galley.size().x;
        paint_line(ui, Pos2::new(right, rect.center().y - galley.size().y / 2.0), &galley, true);
    }
    let left = rect.left() + 36.0;
    let words = line(ui, &role.to_string(), theme::label(), palette.text, right - 8.0 - left);
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
