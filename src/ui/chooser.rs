//! A small window to choose a mailbox or tags in, by typing a part of the name.

use egui::accesskit::Role as AccessRole;
use egui::{CornerRadius, Id, Key, Modal, Pos2, Rect, ScrollArea, Sense, TextEdit, Ui, Vec2, WidgetInfo};

use super::action::Action;
use super::icons::Icon;
use super::model::{Choice, Choosable, Choosing, Marked, Model};
use super::tag_chips;
use super::theme::{self, RADIUS, palette};
use super::widgets::{line, paint_line, question};

const ROW_HEIGHT: f32 = 28.0;

pub fn chooser_ui(ctx: &egui::Context, model: &mut Model, actions: &mut Vec<Action>) {
    let Some(what) = model.chooser.as_ref().map(|chooser| chooser.what) else { return };
    let shown = Modal::new(Id::unique("chooser")).frame(theme::dialog(ctx)).show(ctx, |ui| {
        ui.set_width(360.0);
        question(
            ui,
            &match (what, model.messages.selected.len()) {
                (Choosing::Mailbox, 1) => "Move to…".to_owned(),
                (Choosing::Mailbox, count) => format!("Move {} messages to…", super::sidebar::thousands(count as u64)),
                (Choosing::Tags, 1) => "Tags".to_owned(),
                (Choosing::Tags, count) => format!("Tags of {} messages", super::sidebar::thousands(count as u64)),
            },
        );
        ui.add_space(4.0);
        filter_ui(ui, model, what);
        let choices = model.choices();
        keys(ui, model, &choices, actions);
        ui.add_space(4.0);
        choices_ui(ui, model, &choices, actions);
    });
    if shown.should_close() {
        actions.push(Action::CloseChooser);
    }
}

fn filter_ui(ui: &mut Ui, model: &mut Model, what: Choosing) {
    let Some(chooser) = &mut model.chooser else { return };
    let (name, hint) = match what {
        Choosing::Mailbox => ("Mailbox", "A part of its name, or a new one"),
        Choosing::Tags => ("Tag", "A part of its name, or a new one"),
    };
    let field = ui.add(TextEdit::singleline(&mut chooser.filter).hint_text(hint).desired_width(f32::INFINITY));
    field.widget_info(|| WidgetInfo::labeled(AccessRole::TextInput, true, name));
    if field.changed() {
        chooser.cursor = 0;
    }
    if !field.has_focus() {
        field.request_focus();
    }
}

/// The arrows go through the choices while the field has the keyboard.
fn keys(ui: &Ui, model: &mut Model, choices: &[Choosable], actions: &mut Vec<Action>) {
    let Some(chooser) = &mut model.chooser else { return };
    let last = choices.len().saturating_sub(1);
    let pressed = |key| ui.input(|input| input.key_pressed(key));
    if pressed(Key::ArrowDown) {
        chooser.cursor += 1;
    }
    if pressed(Key::ArrowUp) {
        chooser.cursor = chooser.cursor.saturating_sub(1);
    }
    chooser.cursor = chooser.cursor.min(last);
    if pressed(Key::Enter)
        && let Some(chosen) = choices.get(chooser.cursor)
    {
        actions.push(Action::Choose(chosen.choice.clone()));
    }
}

fn choices_ui(ui: &mut Ui, model: &Model, choices: &[Choosable], actions: &mut Vec<Action>) {
    let palette = palette(ui);
    if choices.is_empty() {
        let words = "There are none yet: type the name of the first.";
        ui.label(egui::RichText::new(words).color(palette.faint));
        return;
    }
    let height = (ui.ctx().content_rect().height() - 260.0).clamp(90.0, 330.0);
    let cursor = model.chooser.as_ref().map_or(0, |chooser| chooser.cursor);
    let moved = ui.input(|input| input.key_pressed(Key::ArrowDown) || input.key_pressed(Key::ArrowUp));
    // As high as what there is, up to that much.
    let wanted = height.min(choices.len() as f32 * (ROW_HEIGHT + 1.0));
    ScrollArea::vertical().max_height(height).min_scrolled_height(wanted).auto_shrink([false, true]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 1.0;
        for (index, choosable) in choices.iter().enumerate() {
            let response = choice_ui(ui, model, choosable, index == cursor);
            if index == cursor && moved {
                response.scroll_to_me(None);
            }
            if response.clicked() {
                actions.push(Action::Choose(choosable.choice.clone()));
            }
        }
    });
}

fn choice_ui(ui: &mut Ui, model: &Model, choosable: &Choosable, at_cursor: bool) -> egui::Response {
    let palette = palette(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), ROW_HEIGHT), Sense::click());
    let checked = match choosable.marked {
        Marked::Off => "",
        Marked::Some => ", on some",
        Marked::On => ", on",
    };
    let name = format!("{}{checked}", choosable.name);
    response.widget_info(|| WidgetInfo::labeled(AccessRole::ListBoxOption, true, &name));
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_selected(at_cursor));
    if at_cursor || response.hovered() {
        let fill = if at_cursor { palette.selected } else { palette.hover };
        ui.painter().rect_filled(rect, CornerRadius::same(RADIUS), fill);
    }
    let icon = Rect::from_center_size(Pos2::new(rect.left() + 18.0, rect.center().y), Vec2::splat(16.0));
    match &choosable.choice {
        Choice::Mailbox(role) => Icon::of_role(*role).paint(ui, icon, palette.muted),
        Choice::NewMailbox(_) | Choice::NewTag(_) => {
            let plus = line(ui, "+", theme::heading(), palette.accent, 20.0);
            paint_line(ui, icon.center() - plus.size() / 2.0, &plus, true);
        }
        Choice::Tag(id) => {
            let color = model.tag(*id).map_or(0, |tag| tag.color);
            ui.painter().circle_filled(icon.center(), 6.0, theme::tag_color(color, palette.dark).1);
        }
    }
    let mut right = rect.right() - 10.0;
    match choosable.marked {
        Marked::Off => {}
        Marked::On => {
            let spot = Rect::from_center_size(Pos2::new(right - 8.0, rect.center().y), Vec2::splat(16.0));
            Icon::Check.paint(ui, spot, palette.accent);
            right -= 22.0;
        }
        Marked::Some => {
            let some = line(ui, "some", theme::small(), palette.muted, 60.0);
            right -= some.size().x;
            paint_line(ui, Pos2::new(right, rect.center().y - some.size().y / 2.0), &some, false);
            right -= 8.0;
        }
    }
    let words = line(ui, &choosable.name, theme::label(), palette.text, right - rect.left() - 36.0);
    paint_line(ui, Pos2::new(rect.left() + 34.0, rect.center().y - words.size().y / 2.0), &words, false);
    response
}

/// A menu's lines for a tag: its name, its colour, and an end of it.
pub fn tag_menu_ui(ui: &mut Ui, model: &Model, id: crate::store::types::TagId, actions: &mut Vec<Action>) {
    ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Extend);
    let mut item = |ui: &mut Ui, words: &str, action: Action| {
        if ui.button(words).clicked() {
            actions.push(action);
            ui.close();
        }
    };
    item(ui, "Rename…", Action::RenameTag(id));
    item(ui, "Remove", Action::RemoveTag(id));
    ui.separator();
    let current = model.tag(id).map(|tag| tag.color);
    if let Some(color) = tag_chips::colors_ui(ui, current) {
        actions.push(Action::ColorTag(id, color));
        ui.close();
    }
}
