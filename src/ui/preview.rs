//! An attachment in front of the window: a picture, a text, a message within the message, an invitation, a card.

use egui::{Id, Modal, RichText, ScrollArea, Ui, Vec2};

use super::action::Action;
use super::asides::Asides;
use super::attachments::{self, Textures};
use super::icons::Icon;
use super::invitation::{invitation_ui, row_ui};
use super::model::{Model, Previewing};
use super::plain_text::Text;
use super::theme::{self, palette};
use super::widgets::{icon, label, prose, quiet, size};
use crate::engine::preview::{Picture, Preview};
use crate::mail::MessageView;
use crate::mail::card::Card;
use crate::mail::text::lines;

/// What the preview keeps between frames.
#[derive(Default)]
pub struct PreviewState {
    /// The attachment that the rest is about.
    of: Option<usize>,
    textures: Textures,
    text: Text,
}

pub fn preview_ui(
    ctx: &egui::Context,
    model: &Model,
    state: &mut PreviewState,
    asides: &Asides,
    actions: &mut Vec<Action>,
) {
    let Some(previewing) = &model.reading.parts.preview else {
        *state = PreviewState::default();
        return;
    };
    let index = previewing.attachment.index;
    if state.of != Some(index) {
        *state = PreviewState { of: Some(index), ..PreviewState::default() };
    }
    let room = ctx.content_rect().size();
    let most = Vec2::new((room.x - 90.0).clamp(300.0, 900.0), (room.y - 150.0).max(160.0));
    let shown = Modal::new(Id::unique("preview")).frame(theme::dialog(ctx)).show(ctx, |ui| {
        ui.set_width(most.x);
        head_ui(ui, previewing, asides, actions);
        ui.add_space(8.0);
        match &previewing.preview {
            None => drop(ui.label(RichText::new("Looking into it…").color(palette(ui).faint))),
            Some(preview) => content_ui(ui, preview, state, most.y, actions),
        }
    });
    if shown.should_close() {
        actions.push(Action::CloseAttachment);
    }
}

fn head_ui(ui: &mut Ui, previewing: &Previewing, asides: &Asides, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    let attachment = &previewing.attachment;
    let found = attachment.kind();
    ui.horizontal(|ui| {
        ui.add(attachments::icon_of(found.kind).image(18.0, palette.accent).alt_text(found.words));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if icon(ui, Icon::Close, "Close the preview").clicked() {
                actions.push(Action::CloseAttachment);
            }
            if quiet(ui, "Open with another program…").clicked() {
                actions.push(Action::AskToOpen(attachment.index));
            }
            if quiet(ui, "Save").clicked() {
                attachments::save(Some(attachment.index), asides, actions);
            }
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                label(ui, &attachment.safe_name, theme::heading(), palette.text, true);
            });
        });
    });
    let mut words = format!("{} · {}", found.words, size(attachment.size_bytes));
    if let Some(Preview::Picture(picture)) = &previewing.preview {
        words.push_str(&format!(" · {} × {} pixels", picture.original_px.0, picture.original_px.1));
    }
    label(ui, &words, theme::small(), palette.muted, false);
}

fn content_ui(ui: &mut Ui, preview: &Preview, state: &mut PreviewState, height: f32, actions: &mut Vec<Action>) {
    match preview {
        Preview::Picture(picture) => picture_ui(ui, picture, state, height),
        Preview::Text(text) => text_ui(ui, text, height),
        Preview::Message(view) => message_ui(ui, view, state, height, actions),
        Preview::Invitations(all) => {
            scrolled(ui, height, |ui| all.iter().for_each(|invitation| invitation_ui(ui, invitation, true)));
        }
        Preview::Cards(cards) => scrolled(ui, height, |ui| cards.iter().for_each(|card| card_ui(ui, card))),
        Preview::Nothing(words) => drop(prose(ui, words, palette(ui).muted)),
    }
}

fn scrolled(ui: &mut Ui, height: f32, add: impl FnOnce(&mut Ui)) {
    ScrollArea::vertical().id_salt("preview").max_height(height).auto_shrink([false, true]).show(ui, add);
}

fn picture_ui(ui: &mut Ui, picture: &Picture, state: &mut PreviewState, height: f32) {
    let texture = state.textures.of(ui, 0, picture);
    let size = texture.size_vec2() / ui.ctx().pixels_per_point();
    let scale = (ui.available_width() / size.x.max(1.0)).min(height / size.y.max(1.0)).min(1.0);
    ui.vertical_centered(|ui| ui.add(egui::Image::new(&texture).fit_to_exact_size(size * scale).alt_text("Picture")));
}

/// As in an editor: each line as it is, in letters of one width.
fn text_ui(ui: &mut Ui, text: &str, height: f32) {
    let rows: Vec<&str> = text.lines().collect();
    let row_height = ui.fonts_mut(|fonts| fonts.row_height(&theme::mono()));
    let scroll = ScrollArea::both().id_salt("preview text").max_height(height).auto_shrink([false, true]);
    scroll.show_rows(ui, row_height, rows.len(), |ui, range| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for row in rows.get(range).unwrap_or_default() {
            let cut: String = row.chars().take(2_000).collect();
            ui.add(egui::Label::new(RichText::new(cut).font(theme::mono())).selectable(true).extend());
        }
    });
}

fn message_ui(ui: &mut Ui, view: &MessageView, state: &mut PreviewState, height: f32, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    if !state.text.is_set() {
        state.text = Text::of(lines(&view.readable), false);
    }
    scrolled(ui, height, |ui| {
        let subject = if view.shown_subject.is_empty() { "(no subject)" } else { &view.shown_subject };
        ui.add(egui::Label::new(RichText::new(subject).font(theme::title()).color(palette.text)).wrap());
        row_ui(ui, "From", &view.shown_from);
        let to: Vec<String> = view.envelope.to.iter().take(12).map(|to| to.shown()).collect();
        row_ui(ui, "To", &to.join(", "));
        row_ui(ui, "Date", &view.envelope.date.map(super::message_list::full_date).unwrap_or_default());
        for warning in &view.warnings {
            prose(ui, warning, palette.warning);
        }
        ui.add_space(8.0);
        let mut hovered = None;
        state.text.show(ui, &super::hits::Hits::default(), &mut hovered, actions);
        let names: Vec<&str> = view.attachments.iter().take(50).map(|part| part.safe_name.as_str()).collect();
        row_ui(ui, "Attached", &names.join(", "));
    });
}

fn card_ui(ui: &mut Ui, card: &Card) {
    let palette = palette(ui);
    ui.horizontal(|ui| {
        super::widgets::avatar(ui, &card.name, 38.0);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            let name = if card.name.is_empty() { "(without a name)" } else { &card.name };
            label(ui, name, theme::heading(), palette.text, true);
            for (what, values) in [
                ("Work", &card.work),
                ("Mail", &card.mail),
                ("Phone", &card.phones),
                ("Address", &card.addresses),
                ("Page", &card.pages),
            ] {
                for (at, value) in values.iter().enumerate() {
                    row_ui(ui, if at == 0 { what } else { "" }, value);
                }
            }
            row_ui(ui, "Note", &card.note);
        });
    });
    ui.add_space(12.0);
}
