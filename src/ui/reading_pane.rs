//! The open message: who, when, what; what to be careful about; the text; what is attached.

use std::ops::Range;
use std::sync::Arc;

use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{Color32, CornerRadius, Margin, RichText, ScrollArea, Sense, Stroke, Ui, Vec2};

use super::action::Action;
use super::asides::Asides;
use super::attachments::{Textures, attachments_ui, choose_folder, downloads};
use super::bidi;
use super::conversation::conversation_ui;
use super::hits::{Hits, hits_ui};
use super::icons::Icon;
use super::invitation::invitation_ui;
use super::keys;
use super::message_list::full_date;
use super::model::{Listed, Model};
use super::page_view::PageView;
use super::picture_bar::picture_bar_ui;
use super::plain_text::Text;
use super::tag_chips;
use super::theme::{self, Palette, palette};
use super::widgets::{avatar, icon, label, primary, prose};
use crate::engine::OpenedMessage;
use crate::mail::query::Field;
use crate::mail::text::lines;
use crate::mail::{Address, Marker, MessageView, charset};
use crate::store::types::{Flag, MessageRow, OutboxState, Part};

/// The widest that lines of text get, points: beyond that the eye loses its way back.
pub const MEASURE: f32 = 760.0;

/// Height of the row with the choice between page and text, points.
const FORM_HEIGHT: f32 = 24.0;

/// Points on both sides of a page.
const PAGE_MARGIN: i8 = 12;

/// What the pane keeps between frames: the text, cut into lines once.
#[derive(Default)]
pub struct ReadingState {
    of: Option<Arc<MessageView>>,
    text: Text,
    hits: Hits,
    pictures: Textures,
    /// The page of a message that has one.
    pub page: PageView,
    /// The true target of the link under the pointer.
    pub hovered_link: Option<String>,
}

pub fn reading_ui(ui: &mut Ui, model: &Model, state: &mut ReadingState, asides: &Asides, actions: &mut Vec<Action>) {
    state.hovered_link = None;
    state.page.hear(ui.ctx(), actions);
    let Some(message) = &model.reading.message else {
        return nothing_ui(ui, model);
    };
    if state.of.as_ref().is_none_or(|view| !Arc::ptr_eq(view, &message.view)) {
        *state = ReadingState {
            of: Some(message.view.clone()),
            text: Text::of(lines(&message.view.readable), model.monospace),
            page: std::mem::take(&mut state.page),
            ..ReadingState::default()
        };
    }
    state.text.set_monospace(model.monospace);
    find_hits(model, state);
    // The next message is on its way: this one stays, dimmed.
    if model.reading.waiting_for.is_some() {
        ui.multiply_opacity(0.55);
    }
    if let Some(source) = &model.reading.source {
        return source_ui(ui, source, actions);
    }
    let page = model.shown_page().filter(|_| state.page.can_draw());
    let (count, current) = if page.is_some() { state.page.found() } else { (state.hits.count(), state.hits.current) };
    hits_ui(ui, count, current, actions);
    let scroll = ScrollArea::vertical().id_salt(("message", message.row.key.0)).auto_shrink(false);
    scroll.show(ui, |ui| {
        scroll_by_keys(ui, model);
        egui::Frame::new().inner_margin(Margin { left: 28, right: 28, top: 20, bottom: 8 }).show(ui, |ui| {
            head_ui(ui, model, message, asides, actions);
            conversation_ui(ui, model, actions);
            seals_ui(ui, message);
            for warning in &message.view.warnings {
                warning_ui(ui, warning);
            }
            outbox_ui(ui, message, actions);
            part_ui(ui, message, actions);
            picture_bar_ui(ui, model, message, actions);
            if model.reading.headers_shown {
                headers_ui(ui, message);
            }
            message.view.invitations.iter().for_each(|invitation| invitation_ui(ui, invitation, false));
            if message.page.is_some() && state.page.can_draw() {
                form_ui(ui, model, actions);
            }
        });
        if let Some(page) = page {
            // Pages are made for more width than lines of text, and bring margins of their own.
            egui::Frame::new().inner_margin(Margin::symmetric(PAGE_MARGIN, 0)).show(ui, |ui| {
                state.page.page_ui(ui, model, page, &mut state.hovered_link, actions);
            });
        }
        egui::Frame::new().inner_margin(Margin { left: 28, right: 28, top: 0, bottom: 28 }).show(ui, |ui| {
            if page.is_none() {
                ui.add_space(8.0);
                text_ui(ui, state, actions);
            }
            attachments_ui(ui, model, message, &mut state.pictures, asides, actions);
        });
    });
}

/// Looks for what is searched for in the open message, once for each, and goes to the one that is wanted.
fn find_hits(model: &Model, state: &mut ReadingState) {
    let none = Marker::default();
    let marker = if model.shows_results() { &model.search.snippets.marker } else { &none };
    if state.hits.marker != *marker {
        state.hits = Hits::of(marker, state.text.lines());
    }
    state.hits.go(model.reading.hit);
    if model.shown_page().is_some() {
        state.page.find(&sought(model), model.reading.hit);
    }
}

/// What the list shows the results of, in the words of the search; a word that is still being typed is the beginning of one.
fn sought(model: &Model) -> String {
    match &model.messages.keys_of {
        Listed::Results(search) if model.shows_results() => {
            let words = search.text.trim();
            let goes_on = search.typing && words.ends_with(char::is_alphanumeric);
            if goes_on { format!("{words}*") } else { words.to_owned() }
        }
        _ => String::new(),
    }
}

/// Space reads on, wherever the keyboard is; Page Down and the like do once a person has clicked into the page.
fn scroll_by_keys(ui: &Ui, model: &Model) {
    let step = ui.clip_rect().height();
    let points: f32 = keys::scrolled(ui.ctx(), model).into_iter().map(|by| by.points(step)).sum();
    if points != 0.0 {
        ui.scroll_with_delta(Vec2::new(0.0, -points));
    }
}

/// “Page” or “Text”, and why there is no page where there should be one.
fn form_ui(ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
    let is_page = model.shown_page().is_some();
    let row = Vec2::new(ui.available_width(), FORM_HEIGHT);
    ui.allocate_ui_with_layout(row, egui::Layout::right_to_left(egui::Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        for (words, hint, as_text) in [
            ("Text", "Only the words of the message, in Malote’s own type", true),
            ("Page", "The message as its sender set it", false),
        ] {
            let words = RichText::new(words).font(theme::small());
            let button =
                egui::Button::selectable(is_page != as_text, words).small().min_size(Vec2::new(0.0, FORM_HEIGHT));
            if ui.add(button).on_hover_text(hint).clicked() && is_page == as_text {
                actions.push(Action::ReadAsText(as_text));
            }
        }
        if let Some(why) = model.page_trouble() {
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                label(ui, &why.to_string(), theme::small(), palette(ui).muted, false);
            });
        }
    });
}

fn nothing_ui(ui: &mut Ui, model: &Model) {
    let palette = palette(ui);
    ui.add_space((ui.available_height() * 0.36).max(32.0));
    ui.vertical_centered(|ui| {
        let selected = model.messages.selected.len();
        if selected > 1 {
            ui.label(
                RichText::new(format!("{selected} messages selected")).font(theme::heading()).color(palette.muted),
            );
        } else {
            ui.add(
                egui::Image::new(egui::include_image!("../../assets/malote.svg"))
                    .fit_to_exact_size(Vec2::splat(72.0))
                    .tint(Color32::WHITE.gamma_multiply(0.85))
                    .alt_text("Malote"),
            );
            ui.add_space(8.0);
            ui.label(RichText::new("Choose a message to read it").color(palette.faint));
        }
    });
}

/// What a newcomer without an account sees.
pub fn welcome_ui(ui: &mut Ui, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    ui.add_space((ui.available_height() * 0.2).max(24.0));
    ui.vertical_centered(|ui| {
        ui.set_max_width(460.0);
        ui.add(egui::Image::new(egui::include_image!("../../assets/malote.svg")).fit_to_exact_size(Vec2::splat(112.0)).alt_text("Malote"));
        ui.add_space(16.0);
        ui.label(RichText::new("Welcome to Malote").font(theme::title()).color(palette.text));
        ui.add_space(4.0);
        prose(ui, "Malote dials in, takes all your mail, and hangs up. From then on it is on your own disk: to read, answer, archive and delete without a network.", palette.muted);
        ui.add_space(16.0);
        if primary(ui, true, "   Add your account   ").clicked() {
            actions.push(Action::EditAccount(None));
        }
        ui.add_space(12.0);
        prose(ui, "You need your mail address, your password, and the name of your provider’s POP3 server.", palette.faint);
    });
}

fn head_ui(ui: &mut Ui, model: &Model, message: &OpenedMessage, asides: &Asides, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    let view = &message.view;
    let subject = if view.shown_subject.is_empty() { "(no subject)" } else { &view.shown_subject };
    wrapped(ui, subject, &marks(model, Field::Subject, subject), theme::title(), palette.text, true);
    ui.add_space(8.0);
    ui.horizontal_top(|ui| {
        avatar(ui, &message.row.from_name, 42.0);
        ui.add_space(4.0);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Min), |ui| {
            more_ui(ui, model, message, asides, actions);
            let starred = message.row.flags.has(Flag::Starred);
            let (picture, words) = if starred { (Icon::StarFilled, "Remove the star") } else { (Icon::Star, "Star") };
            if icon(ui, picture, words).clicked() {
                actions.push(Action::ToggleStar(message.row.key));
            }
            ui.with_layout(egui::Layout::top_down(egui::Align::LEFT), |ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                // Never cut: the address is what tells who it is.
                let marks = marks(model, Field::From, &view.shown_from);
                wrapped(ui, &view.shown_from, &marks, theme::body(), palette.text, true);
                label(ui, &full_date(message.row.date), theme::small(), palette.faint, false);
                people_ui(ui, "to", &view.envelope.to, palette);
                people_ui(ui, "cc", &view.envelope.cc, palette);
                people_ui(ui, "bcc", &view.envelope.bcc, palette);
                let from = &view.envelope.from;
                if view.envelope.reply_to.iter().any(|reply| !from.iter().any(|from| from.addr == reply.addr)) {
                    people_ui(ui, "answers go to", &view.envelope.reply_to, palette);
                }
            });
        });
    });
    tag_chips::tags_ui(ui, model, &message.row.tags, actions);
    ui.add_space(12.0);
    let rect = ui.available_rect_before_wrap();
    ui.painter().hline(rect.x_range(), rect.top(), Stroke::new(1.0, palette.line));
    ui.add_space(12.0);
}

/// What of a line in the head was found.
fn marks(model: &Model, field: Field, text: &str) -> Vec<Range<usize>> {
    if model.shows_results() { model.search.snippets.marker.marks(field, text) } else { Vec::new() }
}

fn people_ui(ui: &mut Ui, what: &str, people: &[Address], palette: Palette) {
    if people.is_empty() {
        return;
    }
    let mut words: Vec<String> = people.iter().take(12).map(Address::shown).collect();
    if people.len() > 12 {
        words.push(format!("{} more", people.len() - 12));
    }
    label(ui, &format!("{what} {}", words.join(", ")), theme::small(), palette.muted, false);
}

fn more_ui(ui: &mut Ui, model: &Model, message: &OpenedMessage, asides: &Asides, actions: &mut Vec<Action>) {
    let palette = palette(ui);
    let button = egui::Button::image(Icon::More.image(16.0, palette.muted).alt_text("More")).frame_when_inactive(false);
    egui::containers::menu::MenuButton::from_button(button).ui(ui, |ui| {
        let mut item = |ui: &mut Ui, words: &str, action: Action| {
            if ui.button(words).clicked() {
                actions.push(action);
                ui.close();
            }
        };
        let shown = model.reading.headers_shown;
        item(ui, if shown { "Hide headers" } else { "Show headers" }, Action::ShowHeaders(!shown));
        item(ui, "View source", Action::ShowSource(true));
        let words = if model.monospace { "Letters of their own width" } else { "Monospace letters" };
        item(ui, words, Action::SetMonospace(!model.monospace));
        ui.separator();
        let seen = message.row.flags.has(Flag::Seen);
        item(ui, if seen { "Mark unread" } else { "Mark read" }, Action::SetFlag(Flag::Seen, !seen));
        if model.editable(message.row.key) {
            item(ui, "Edit", Action::EditDraft(message.row.key));
        }
        ui.separator();
        ui.menu_button("Text encoding", |ui| charsets_ui(ui, model, actions));
        if ui.button("Save as PDF…").clicked() {
            actions.push(Action::AskWhereToPrint);
            ui.close();
        }
        if ui.button("Save the message").clicked() {
            match downloads() {
                Some(folder) => actions.push(Action::SaveMessage { folder }),
                None => choose_folder(asides, |folder| Action::SaveMessage { folder }),
            }
            ui.close();
        }
    });
}

fn warning_ui(ui: &mut Ui, words: &str) {
    let palette = palette(ui);
    egui::Frame::new()
        .fill(palette.warning_soft)
        .corner_radius(CornerRadius::same(8))
        .inner_margin(Margin::symmetric(12, 8))
        .show(ui, |ui| {
            ui.horizontal_top(|ui| {
                ui.add(Icon::Warning.image(17.0, palette.warning).alt_text("Warning"));
                prose(ui, words, palette.text);
                // As wide as the pane, however short the words.
                let rest = ui.available_width() - ui.spacing().item_spacing.x;
                ui.add_space(rest.max(0.0));
            });
        });
    ui.add_space(4.0);
}

/// How a message in the Outbox stands, and what can be done.
fn outbox_ui(ui: &mut Ui, message: &OpenedMessage, actions: &mut Vec<Action>) {
    let key = message.row.key;
    let words = match &message.row.outbox {
        None => return,
        Some(OutboxState::Waiting) => "This message waits to be sent: with the next “Get mail”, or with “Send”.".to_owned(),
        Some(OutboxState::Refused(words)) => format!("The server refused this message. It said: {words}"),
        Some(OutboxState::Unknown) => "The line was lost while this message was handed over: perhaps it was sent. It is not sent again by itself; ask the recipient first.".to_owned(),
    };
    warning_ui(ui, &words);
    ui.horizontal(|ui| {
        if ui.button("Edit").clicked() {
            actions.push(Action::EditDraft(key));
        }
        if message.row.outbox != Some(OutboxState::Waiting) && ui.button("Send once more").clicked() {
            actions.push(Action::Retry(key));
        }
    });
}

/// What is here in part says so, and offers the rest.
fn part_ui(ui: &mut Ui, message: &OpenedMessage, actions: &mut Vec<Action>) {
    let words = match message.row.part {
        Part::Whole | Part::Nothing => return,
        Part::Header => "Only the header of this message is here, as the account’s rules say.",
        Part::Excerpt => "Only the first lines of this message are here, as the account’s rules say.",
    };
    let MessageRow { key, account, rest_wanted, .. } = message.row;
    if rest_wanted {
        warning_ui(ui, &format!("{words} The rest comes with the next visit."));
        if ui.button("Get mail now").clicked() {
            actions.push(Action::GetMailOf(account));
        }
        return;
    }
    warning_ui(ui, words);
    if ui.button("Get the rest").clicked() {
        actions.push(Action::Complete(key));
    }
}

fn headers_ui(ui: &mut Ui, message: &OpenedMessage) {
    let palette = palette(ui);
    egui::Frame::new().fill(palette.window).corner_radius(CornerRadius::same(8)).inner_margin(Margin::same(12)).show(
        ui,
        |ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            let mut job = LayoutJob { wrap: TextWrapping::wrap_at_width(ui.available_width()), ..LayoutJob::default() };
            for (name, value) in &message.view.headers {
                job.append(name, 0.0, TextFormat::simple(theme::mono(), palette.muted));
                job.append(": ", 0.0, TextFormat::simple(theme::mono(), palette.muted));
                job.append(value, 0.0, TextFormat::simple(theme::mono(), palette.text));
                job.append("\n", 0.0, TextFormat::simple(theme::mono(), palette.text));
            }
            ui.add(egui::Label::new(job).selectable(true));
        },
    );
    ui.add_space(8.0);
}

fn source_ui(ui: &mut Ui, source: &str, actions: &mut Vec<Action>) {
    egui::Frame::new().inner_margin(Margin::symmetric(20, 12)).show(ui, |ui| {
        ui.horizontal(|ui| {
            label(ui, "Source, as received", theme::heading(), palette(ui).text, true);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if icon(ui, Icon::Close, "Close the source").clicked() {
                    actions.push(Action::ShowSource(false));
                }
            });
        });
        let rows: Vec<&str> = source.lines().collect();
        let height = ui.fonts_mut(|fonts| fonts.row_height(&theme::mono()));
        ScrollArea::both().auto_shrink(false).show_rows(ui, height, rows.len(), |ui, range| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for row in rows.get(range).unwrap_or_default() {
                let cut: String = row.chars().take(2_000).collect();
                ui.add(egui::Label::new(RichText::new(cut).font(theme::mono())).selectable(true).extend());
            }
        });
    });
}

/// A text of the message itself in as many lines as it needs, in reading order.
fn wrapped(ui: &mut Ui, text: &str, marks: &[Range<usize>], font: egui::FontId, color: Color32, strong: bool) {
    let width = ui.available_width().min(MEASURE);
    if bidi::has_rtl(text) {
        let mut at = 0;
        for row in broken(ui, text, &font, width) {
            let here: Vec<Range<usize>> =
                marks.iter().map(|mark| mark.start.saturating_sub(at)..mark.end.saturating_sub(at)).collect();
            at += row.len();
            let galley = super::widgets::marked_line(ui, &row, &here, font.clone(), color, f32::INFINITY);
            let (rect, response) = ui.allocate_exact_size(galley.size(), Sense::hover());
            super::widgets::paint_line(ui, rect.min, &galley, strong);
            response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, &row));
        }
        return;
    }
    let ground = palette(ui).mark;
    let marks: Vec<(Range<usize>, Color32)> = marks.iter().map(|mark| (mark.clone(), ground)).collect();
    let mut job = LayoutJob { wrap: TextWrapping::wrap_at_width(width), ..LayoutJob::default() };
    bidi::append_marked(&mut job, text, &TextFormat::simple(font, color), &marks);
    let galley = ui.fonts_mut(|fonts| fonts.layout_job(job));
    let (rect, response) = ui.allocate_exact_size(galley.size(), Sense::hover());
    super::widgets::paint_line(ui, rect.min, &galley, strong);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, text));
}

/// Breaks a line between words before it is reordered: reordering afterwards would put its end where its beginning belongs.
pub fn broken(ui: &Ui, text: &str, font: &egui::FontId, width: f32) -> Vec<String> {
    let mut rows = vec![String::new()];
    let mut used = 0.0;
    for word in text.split_inclusive(' ') {
        let wide = ui.fonts_mut(|fonts| fonts.layout_no_wrap(word.to_owned(), font.clone(), Color32::WHITE).size().x);
        if used + wide > width && used > 0.0 {
            rows.push(String::new());
            used = 0.0;
        }
        used += wide;
        if let Some(row) = rows.last_mut() {
            row.push_str(word);
        }
    }
    rows
}

fn text_ui(ui: &mut Ui, state: &mut ReadingState, actions: &mut Vec<Action>) {
    let ReadingState { text, hovered_link, hits, .. } = state;
    if text.show(ui, hits, hovered_link, actions) {
        hits.was_shown();
    }
}

/// How it is signed or encrypted: a quiet line, for nothing of it was checked.
fn seals_ui(ui: &mut Ui, message: &OpenedMessage) {
    if message.view.seals.is_empty() {
        return;
    }
    let palette = palette(ui);
    ui.horizontal(|ui| {
        for seal in &message.view.seals {
            ui.add(Icon::Seal.image(14.0, palette.muted).alt_text("Seal"));
            label(ui, seal.words(), theme::small(), palette.muted, false).on_hover_text(seal.meaning());
        }
    });
    ui.add_space(8.0);
}

/// In which charset the text is read, where what the message says of itself is wrong.
fn charsets_ui(ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
    let chosen = model.reading.parts.charset.as_deref();
    let mut choice = |ui: &mut Ui, words: &str, label: Option<&str>| {
        if ui.radio(chosen == label, words).clicked() {
            actions.push(Action::ReadAs(label.map(str::to_owned)));
            ui.close();
        }
    };
    ScrollArea::vertical().max_height(420.0).show(ui, |ui| {
        choice(ui, "As the message says", None);
        ui.separator();
        for (words, label) in charset::CHOICES {
            choice(ui, words, Some(label));
        }
    });
}
