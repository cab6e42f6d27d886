//! What can be done to the row under the pointer with one click: laid over its right end, so that nothing in it moves.

use egui::accesskit::Role as AccessRole;
use egui::{CornerRadius, Id, Pos2, Rect, Sense, Ui, Vec2, WidgetInfo};

use super::action::Action;
use super::icons::Icon;
use super::theme::{self, Palette, palette};
use crate::store::types::{Flag, MessageRow, Role};

const BUTTON: f32 = 24.0;

/// `fill` is the ground of the row there, which hides what lies below.
pub fn hover_ui(ui: &Ui, row: &MessageRow, rect: Rect, fill: egui::Color32, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    let buttons = buttons(row, palette);
    let size = Vec2::new(BUTTON * buttons.len() as f32 + 4.0, BUTTON);
    let at = Pos2::new(rect.right() - 10.0 - size.x, rect.top());
    let ground = Rect::from_min_size(at, size);
    ui.painter().rect_filled(ground, CornerRadius::same(theme::RADIUS), fill);
    for (number, (icon, name, tint, action)) in buttons.into_iter().enumerate() {
        let spot = Rect::from_min_size(at + Vec2::new(2.0 + BUTTON * number as f32, 0.0), Vec2::splat(BUTTON));
        let response = ui.interact(spot, Id::unique(("on row", row.key.0, name)), Sense::CLICK);
        response.widget_info(|| WidgetInfo::labeled(AccessRole::Button, true, name));
        if response.hovered() {
            ui.painter().rect_filled(spot.shrink(1.0), CornerRadius::same(theme::RADIUS), palette.selected);
        }
        icon.paint(ui, Rect::from_center_size(spot.center(), Vec2::splat(16.0)), tint);
        if response.on_hover_text(name).clicked() {
            actions.push(action);
        }
    }
}

fn buttons(row: &MessageRow, palette: Palette) -> Vec<(Icon, &'static str, egui::Color32, Action)> {
    let key = row.key;
    let move_to = |role| Action::MoveOne(key, role);
    let mut buttons = Vec::with_capacity(4);
    let is_unsent = matches!(row.role, Role::Drafts | Role::Outbox);
    if !row.role.is_outgoing() {
        let (seen, starred) = (row.flags.has(Flag::Seen), row.flags.has(Flag::Starred));
        let (icon, name, tint) = match starred {
            true => (Icon::StarFilled, "Take the star off this", palette.star),
            false => (Icon::Star, "Star this", palette.muted),
        };
        buttons.push((icon, name, tint, Action::ToggleStar(key)));
        let (icon, name) = if seen { (Icon::Unread, "Mark this as unread") } else { (Icon::Read, "Mark this as read") };
        buttons.push((icon, name, palette.muted, Action::FlagOne(key, Flag::Seen, !seen)));
    }
    if row.role == Role::Trash {
        buttons.push((Icon::Inbox, "Move this to Inbox", palette.muted, move_to(Role::Inbox)));
    }
    if !is_unsent && !matches!(row.role, Role::Archive | Role::Trash) {
        buttons.push((Icon::Archive, "Archive this", palette.muted, move_to(Role::Archive)));
    }
    if row.role != Role::Trash {
        buttons.push((Icon::Trash, "Delete this", palette.muted, move_to(Role::Trash)));
    }
    buttons
}
