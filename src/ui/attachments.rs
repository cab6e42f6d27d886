//! What is attached: cards with name, kind and size, the question before one is opened, and the ways to save it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::accesskit::Role as AccessRole;
use egui::{Color32, CornerRadius, FontId, Galley, Pos2, Rect, RichText, Sense, Stroke, Ui, Vec2, WidgetInfo};

use super::action::Action;
use super::asides::Asides;
use super::icons::Icon;
use super::model::{Model, OpenDialog};
use super::theme::{self, GROUP, palette};
use super::widgets::{at_pointer, icon, label, line, paint_line, primary, prose, question, quiet, size};
use crate::desktop;
use crate::engine::OpenedMessage;
use crate::engine::preview::Picture;
use crate::mail::Attachment;
use crate::mail::kind::Kind;

/// A card, points.
const CARD: Vec2 = Vec2::new(276.0, 60.0);
/// The picture at its left.
const TILE: f32 = 44.0;
/// Cards that are drawn; of more a line says how many.
const MAX_CARDS: usize = 100;

/// Pictures as the graphics card has them, of one message.
#[derive(Default)]
pub struct Textures(HashMap<usize, egui::TextureHandle>);

impl Textures {
    /// The texture of a picture; made when it is first drawn.
    pub fn of(&mut self, ui: &Ui, index: usize, picture: &Picture) -> egui::TextureHandle {
        let make = || {
            let (width, height) = (picture.width_px as usize, picture.height_px as usize);
            let image = egui::ColorImage::from_rgba_unmultiplied([width, height], &picture.rgba);
            ui.ctx().load_texture(format!("picture {index}"), image, egui::TextureOptions::LINEAR)
        };
        self.0.entry(index).or_insert_with(make).clone()
    }
}

pub fn attachments_ui(
    ui: &mut Ui,
    model: &Model,
    message: &OpenedMessage,
    textures: &mut Textures,
    asides: &Asides,
    actions: &mut Vec<Action>,
) {
    let attachments = &message.view.attachments;
    if attachments.is_empty() {
        return;
    }
    let palette = palette(ui);
    ui.add_space(GROUP);
    ui.horizontal(|ui| {
        let bytes = attachments.iter().map(|attachment| attachment.size_bytes).sum();
        let words = match attachments.len() {
            1 => "1 attachment".to_owned(),
            count => format!("{count} attachments, {}", size(bytes)),
        };
        label(ui, &words, theme::small(), palette.muted, true);
        if attachments.len() > 1 && quiet(ui, "Save all").clicked() {
            save(None, asides, actions);
        }
    });
    ui.add_space(4.0);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = Vec2::splat(8.0);
        for attachment in attachments.iter().take(MAX_CARDS) {
            let picture = model.reading.parts.thumbnails.get(&attachment.index);
            let texture = picture.map(|picture| textures.of(ui, attachment.index, picture));
            card_ui(ui, model.can_drag, attachment, texture, asides, actions);
        }
    });
    if attachments.len() > MAX_CARDS {
        let words = format!("{} more are not shown here; “Save all” saves them, too.", attachments.len() - MAX_CARDS);
        prose(ui, &words, palette.muted);
    }
}

fn card_ui(
    ui: &mut Ui,
    can_drag: bool,
    attachment: &Attachment,
    texture: Option<egui::TextureHandle>,
    asides: &Asides,
    actions: &mut Vec<Action>,
) {
    let palette = palette(ui);
    let found = attachment.kind();
    let name = &attachment.safe_name;
    let is_shown_here = attachment.can_be_read();
    let is_program = found.kind.is_program();
    let sense = if can_drag && !is_program { Sense::click_and_drag() } else { Sense::click() };
    let (rect, response) = ui.allocate_exact_size(CARD, sense);
    if response.drag_started_by(egui::PointerButton::Primary) {
        actions.push(Action::DragAttachment(attachment.index));
    }
    if response.dragged() {
        at_pointer(ui, name);
    }
    let verb = if is_shown_here { "Show" } else { "Open" };
    let spoken = format!("{verb} {name}, {}", found.words);
    response.widget_info(|| WidgetInfo::labeled(AccessRole::Button, true, &spoken));
    let fill = if response.hovered() || response.has_focus() { palette.hover } else { palette.window };
    let edge = if is_program { palette.danger.gamma_multiply(0.6) } else { palette.line };
    ui.painter().rect(rect, CornerRadius::same(8), fill, Stroke::new(1.0, edge), egui::StrokeKind::Inside);
    let tile = Rect::from_min_size(rect.min + Vec2::splat((CARD.y - TILE) / 2.0), Vec2::splat(TILE));
    match texture {
        Some(texture) => thumbnail(ui, tile, &texture),
        None => {
            let ground = if is_program { palette.danger_soft } else { palette.reading };
            ui.painter().rect_filled(tile, CornerRadius::same(8), ground);
            let tint = if is_program { palette.danger } else { palette.accent };
            icon_of(found.kind).paint(ui, Rect::from_center_size(tile.center(), Vec2::splat(22.0)), tint);
        }
    }
    let left = tile.right() + 10.0;
    let width = rect.right() - left - 36.0;
    let title = middle(ui, name, theme::label(), palette.text, width);
    paint_line(ui, Pos2::new(left, rect.top() + 11.0), &title, false);
    let below = format!("{} · {}", found.words, size(attachment.size_bytes));
    let color = if is_program { palette.danger } else { palette.muted };
    let below = line(ui, &below, theme::small(), color, width);
    paint_line(ui, Pos2::new(left, rect.top() + 32.0), &below, false);
    let spot = Rect::from_center_size(Pos2::new(rect.right() - 20.0, rect.center().y), Vec2::splat(26.0));
    let mut corner = ui.new_child(egui::UiBuilder::new().id_salt(("save", attachment.index)).max_rect(spot));
    if icon(&mut corner, Icon::Save, &format!("Save {name}")).clicked() {
        save(Some(attachment.index), asides, actions);
    }
    let hint = if title.elided || title.text() != name { format!("{verb} “{name}”") } else { format!("{verb} it") };
    let response = response.on_hover_text(hint);
    if response.clicked() {
        actions.push(Action::ShowAttachment(attachment.index));
    }
    let index = Some(attachment.index);
    response.context_menu(|ui| {
        let item = |ui: &mut Ui, words: &str| {
            let clicked = ui.button(words).clicked();
            if clicked {
                ui.close();
            }
            clicked
        };
        if is_shown_here && item(ui, "Show") {
            actions.push(Action::ShowAttachment(attachment.index));
        }
        if !is_program && item(ui, "Open with another program…") {
            actions.push(Action::AskToOpen(attachment.index));
        }
        if item(ui, "Save") {
            save(Some(attachment.index), asides, actions);
        }
        if item(ui, "Save to another folder…") {
            choose_folder(asides, move |folder| Action::SaveAttachments { index, folder });
        }
    });
}

/// The middle of a picture, as large as the tile.
fn thumbnail(ui: &Ui, tile: Rect, texture: &egui::TextureHandle) {
    let shape = texture.size_vec2();
    let shorter = shape.min_elem().max(1.0);
    let part = Vec2::splat(shorter) / shape.max(Vec2::splat(1.0));
    let uv = Rect::from_center_size(Pos2::new(0.5, 0.5), part);
    egui::Image::new(texture).uv(uv).corner_radius(CornerRadius::same(8)).paint_at(ui, tile);
}

/// A name that is too long loses its middle: its ending says what it is.
fn middle(ui: &Ui, name: &str, font: FontId, color: Color32, width: f32) -> Arc<Galley> {
    let fits = |text: &str| line(ui, text, font.clone(), color, f32::INFINITY).size().x <= width;
    if fits(name) {
        return line(ui, name, font.clone(), color, width);
    }
    let chars: Vec<char> = name.chars().collect();
    let (mut least, mut most) = (4, chars.len());
    while least + 1 < most {
        let kept = usize::midpoint(least, most);
        if fits(&without_middle(&chars, kept)) { least = kept } else { most = kept }
    }
    line(ui, &without_middle(&chars, least), font.clone(), color, width)
}

/// So many characters of a name: its ending first, then its beginning.
fn without_middle(chars: &[char], kept: usize) -> String {
    /// Characters before the dot that stay with the ending.
    const BEFORE_DOT: usize = 3;
    let dot = chars.iter().rposition(|c| *c == '.').unwrap_or(chars.len());
    let ending = (chars.len() - dot + BEFORE_DOT).min(kept.saturating_sub(kept / 3));
    let head = kept.saturating_sub(ending);
    let tail = chars.iter().skip(chars.len().saturating_sub(ending));
    chars.iter().take(head).chain(&['…']).chain(tail).collect()
}

pub fn icon_of(kind: Kind) -> Icon {
    match kind {
        Kind::Picture => Icon::Picture,
        Kind::Document | Kind::Text => Icon::Document,
        Kind::Table => Icon::Table,
        Kind::Slides => Icon::Slides,
        Kind::Page => Icon::Web,
        Kind::Archive | Kind::Disk => Icon::Package,
        Kind::Sound => Icon::Sound,
        Kind::Video => Icon::Video,
        Kind::Message => Icon::Message,
        Kind::Invitation => Icon::Calendar,
        Kind::Card => Icon::Person,
        Kind::Signature => Icon::Seal,
        Kind::Macros | Kind::Program => Icon::Warning,
        Kind::Other => Icon::Attachment,
    }
}

/// Whether an attachment is to be opened with another program; of a program, that it is not.
pub fn open_question_ui(ui: &mut Ui, dialog: &OpenDialog, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    let is_program = dialog.kind.is_program();
    let ask = if is_program { "Malote does not open" } else { "Open" };
    let mark = if is_program { "." } else { "?" };
    prose_heading(ui, &format!("{ask} “{}”{mark}", dialog.name));
    ui.add_space(4.0);
    if let Some(caution) = dialog.kind.caution() {
        prose(ui, caution, if is_program { palette.danger } else { palette.text });
    }
    let words = match is_program {
        true => "If you expected it, and know who sent it, you can save it and open it yourself.".to_owned(),
        false => format!("{}: the program that this desktop has for it will open it.", dialog.words),
    };
    prose(ui, &words, palette.muted);
    ui.add_space(12.0);
    let folder = downloads();
    ui.horizontal(|ui| {
        if !is_program && primary(ui, true, "Open").clicked() {
            actions.push(Action::OpenAttachment);
        }
        if let Some(folder) = folder.filter(|_| ui.button("Save").clicked()) {
            actions.push(Action::CloseDialog);
            actions.push(Action::SaveAttachments { index: Some(dialog.index), folder });
        }
        let cancel = if is_program { primary(ui, true, "Leave it") } else { quiet(ui, "Cancel") };
        if cancel.clicked() {
            actions.push(Action::CloseDialog);
        }
    });
}

/// A question whose name may be long.
fn prose_heading(ui: &mut Ui, words: &str) {
    if words.chars().count() < 44 {
        return question(ui, words);
    }
    let color = palette(ui).text;
    ui.add(egui::Label::new(RichText::new(words).font(theme::heading()).color(color)).wrap());
}

/// The folder where this desktop keeps what was downloaded, or the person's own.
pub fn downloads() -> Option<PathBuf> {
    let folders = directories::UserDirs::new()?;
    Some(folders.download_dir().unwrap_or_else(|| folders.home_dir()).to_owned())
}

/// This name in this folder, or one with a number, so that nothing is replaced.
fn free_file(folder: &Path, name: &str) -> PathBuf {
    let name = Path::new(name);
    let (stem, ending) = (name.file_stem().unwrap_or_default(), name.extension().unwrap_or_default());
    let numbered = |number: u32| match number {
        1 => folder.join(name),
        _ => folder.join(format!("{} ({number}).{}", stem.to_string_lossy(), ending.to_string_lossy())),
    };
    (1..1000).map(numbered).find(|file| !file.exists()).unwrap_or_else(|| numbered(1000))
}

/// Into the downloads; where there are none the person is asked.
pub fn save(index: Option<usize>, asides: &Asides, actions: &mut Vec<Action>) {
    match downloads() {
        Some(folder) => actions.push(Action::SaveAttachments { index, folder }),
        None => choose_folder(asides, move |folder| Action::SaveAttachments { index, folder }),
    }
}

/// Asks for a folder.
pub fn choose_folder(asides: &Asides, action: impl FnOnce(PathBuf) -> Action + Send + 'static) {
    asides.begin("folder dialog", move || {
        rfd::FileDialog::new().set_title("Save into which folder?").pick_folder().map(action)
    });
}

/// Asks for a file for a PDF that is to be called so, if the person likes. Where the desktop has no dialog to ask with, it goes
/// to the downloads.
pub fn choose_pdf(asides: &Asides, name: String) {
    asides.begin("file dialog", move || {
        let ask = rfd::FileDialog::new().set_title("Save as PDF").set_file_name(&name).add_filter("PDF", &["pdf"]);
        let ask = match downloads() {
            Some(folder) => ask.set_directory(folder),
            None => ask,
        };
        let file = if desktop::has_file_dialogs() { ask.save_file()? } else { free_file(&downloads()?, &name) };
        // Without an ending no program would know what it is; but nothing is replaced that the person was not asked about.
        let with_ending = file.with_extension("pdf");
        let is_named = file.extension().is_some() || with_ending.exists();
        Some(Action::SavePdf(if is_named { file } else { with_ending }))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_keeps_its_ending() {
        let name: Vec<char> = "a very long name of a report about everything.pdf.exe".chars().collect();
        assert_eq!(without_middle(&name, 12), "a ver…pdf.exe");
        assert!(without_middle(&name, 20).ends_with("pdf.exe"));
        assert!(without_middle(&"x".repeat(50).chars().collect::<Vec<_>>(), 10).contains('…'));
    }
}
