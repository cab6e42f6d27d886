//! Plain text as it is read: quote levels with their bars, links, what must keep its columns, and long quotes that can be
//! folded: the old one at the end of an answer is. Of a long text only what is in sight is laid out.

use std::ops::Range;

use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{Color32, CursorIcon, FontId, Rect, Sense, Stroke, Ui, Vec2};

use super::action::Action;
use super::bidi;
use super::hits::Hits;
use super::reading_pane::{MEASURE, broken};
use super::theme::{self, Palette, palette};
use super::widgets::quiet;
use crate::mail::text::{Line, Quote, Setting, Span, quotes};

/// Lines up to which a text is laid out as a whole; beyond, what is out of sight is passed over.
const LAID_OUT_LINES: usize = 300;
/// Space above and below what is in sight that is laid out with it, points.
const MARGIN: f32 = 300.0;
/// Between two lines, points.
const GAP: f32 = 3.0;
/// Height of a line of the text, and of one that holds nothing.
const LINE_HEIGHT: f32 = 21.5;
const BLANK_HEIGHT: f32 = 8.0;
/// How far each level of quoting is put in.
const INDENT: f32 = 12.0;
/// Levels that have a bar of their own.
const MAX_BARS: u8 = 6;
/// Characters of a long text that a screen reader is given at once.
const SPOKEN_BYTES: usize = 100_000;

/// A text between frames.
#[derive(Default)]
pub struct Text {
    lines: Vec<Line>,
    monospace: bool,
    quotes: Vec<Foldable>,
    /// What each line takes, with the gap below it: measured where it was laid out, estimated where it was not.
    heights: Vec<f32>,
    /// The width for which they hold.
    width: f32,
    spoken: String,
    is_set: bool,
}

/// A long quote, and whether it is folded.
struct Foldable {
    lines: Range<usize>,
    is_folded: bool,
}

impl Foldable {
    /// The line that stands for it, or folds it again.
    fn fold_ui(&mut self, ui: &mut Ui) {
        let words = if self.is_folded { "Show" } else { "Hide" };
        if quiet(ui, &format!("{words} {} quoted lines", self.lines.len())).clicked() {
            self.is_folded = !self.is_folded;
        }
    }
}

impl From<Quote> for Foldable {
    fn from(Quote { lines, is_old }: Quote) -> Self {
        Self { lines, is_folded: is_old }
    }
}

impl Text {
    pub fn of(lines: Vec<Line>, monospace: bool) -> Self {
        let quotes = quotes(&lines).into_iter().map(Foldable::from).collect();
        Self { spoken: spoken(&lines), quotes, lines, monospace, is_set: true, ..Self::default() }
    }

    pub fn is_set(&self) -> bool {
        self.is_set
    }

    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// In letters of one width, or back.
    pub fn set_monospace(&mut self, on: bool) {
        if self.monospace != on {
            self.monospace = on;
            self.width = 0.0;
        }
    }

    /// Draws it; what was found in it is marked, and brought into sight where it was gone to.
    pub fn show(&mut self, ui: &mut Ui, hits: &Hits, hovered: &mut Option<String>, actions: &mut Vec<Action>) -> bool {
        ui.spacing_mut().item_spacing.y = GAP;
        self.estimate(ui.available_width());
        let is_long = self.lines.len() > LAID_OUT_LINES;
        let in_sight = ui.clip_rect().y_range().expand(MARGIN);
        let wanted = hits.line_to_show();
        if let Some(quote) = self.quotes.iter_mut().find(|quote| wanted.is_some_and(|line| quote.lines.contains(&line)))
        {
            quote.is_folded = false;
        }
        let start = ui.cursor().min;
        let (mut skipped, mut was_shown) = (0.0, false);
        let (mut next_quote, mut folded_to) = (0, 0);
        for number in 0..self.lines.len() {
            if let Some(quote) = self.quotes.get_mut(next_quote)
                && quote.lines.start == number
            {
                next_quote += 1;
                ui.add_space(std::mem::take(&mut skipped));
                quote.fold_ui(ui);
                folded_to = if quote.is_folded { quote.lines.end } else { 0 };
            }
            if number < folded_to {
                continue;
            }
            let height = self.heights.get(number).copied().unwrap_or_default();
            let top = ui.cursor().top() + skipped;
            if wanted == Some(number) {
                // The first one is often in sight, and then nothing is to move.
                let place = Rect::from_x_y_ranges(ui.max_rect().x_range(), top..=top + height);
                was_shown = true;
                if !ui.clip_rect().y_range().contains(place.bottom()) || !ui.clip_rect().y_range().contains(place.top())
                {
                    ui.scroll_to_rect(place, Some(egui::Align::Center));
                }
            }
            if is_long && !in_sight.intersects(egui::Rangef::new(top, top + height)) {
                skipped += height;
                continue;
            }
            ui.add_space(std::mem::take(&mut skipped));
            self.line_ui(ui, number, hits, hovered, actions);
        }
        ui.add_space(skipped);
        if is_long {
            // What is not laid out can be read out all the same.
            let rect = Rect::from_min_max(start, egui::pos2(ui.max_rect().right(), ui.cursor().top()));
            let whole = ui.interact(rect, ui.scope_id().with("whole text"), Sense::empty());
            whole.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, &self.spoken));
        }
        was_shown
    }

    fn line_ui(
        &mut self,
        ui: &mut Ui,
        number: usize,
        hits: &Hits,
        hovered: &mut Option<String>,
        actions: &mut Vec<Action>,
    ) {
        let palette = palette(ui);
        let Some(line) = self.lines.get(number) else { return };
        let color = |is_current| if is_current { palette.mark_here } else { palette.mark };
        let marks = hits.of_line(number).into_iter().map(|(range, is_current)| (range, color(is_current)));
        let marks: Vec<(Range<usize>, Color32)> = marks.collect();
        let before = ui.cursor().top();
        line_ui(ui, line, self.monospace, &marks, hovered, actions);
        let height = ui.cursor().top() - before;
        if let Some(known) = self.heights.get_mut(number) {
            *known = height;
        }
    }

    /// What each line will take, by its letters; only where nothing was measured for this width.
    fn estimate(&mut self, width: f32) {
        if (self.width - width).abs() < 0.5 && self.heights.len() == self.lines.len() {
            return;
        }
        self.width = width;
        let monospace = self.monospace;
        self.heights = self.lines.iter().map(|line| estimated(line, monospace, width)).collect();
    }
}

/// All of it, as it is read out.
fn spoken(lines: &[Line]) -> String {
    let mut text = String::new();
    if lines.len() <= LAID_OUT_LINES {
        return text;
    }
    for line in lines {
        line.spans.iter().for_each(|span| text.push_str(span.text()));
        text.push('\n');
        if text.len() > SPOKEN_BYTES {
            break;
        }
    }
    text
}

fn estimated(line: &Line, monospace: bool, width: f32) -> f32 {
    /// Width of a letter, on the average.
    const LETTER: f32 = 7.2;
    let letters: usize = line.spans.iter().map(|span| span.text().chars().take(100_000).count()).sum();
    if letters == 0 && line.quote_level == 0 {
        return BLANK_HEIGHT;
    }
    let letter = if monospace || line.setting != Setting::Prose { LETTER * 1.1 } else { LETTER };
    let room = (width - indent(line)).clamp(40.0, MEASURE);
    #[allow(clippy::cast_precision_loss)] // an estimate
    let rows = (letters as f32 * letter / room).ceil().max(1.0);
    rows * LINE_HEIGHT + GAP
}

fn indent(line: &Line) -> f32 {
    f32::from(line.quote_level.min(MAX_BARS)) * INDENT
}

fn line_ui(
    ui: &mut Ui,
    line: &Line,
    monospace: bool,
    marks: &[(Range<usize>, Color32)],
    hovered: &mut Option<String>,
    actions: &mut Vec<Action>,
) {
    let palette = palette(ui);
    let plain: String = line.spans.iter().map(Span::text).collect();
    if plain.trim().is_empty() && line.quote_level == 0 {
        ui.add_space(BLANK_HEIGHT);
        return;
    }
    let indent = indent(line);
    let color = color_of(line, palette);
    let width = (ui.available_width() - indent).min(MEASURE);
    if bidi::has_rtl(&plain) {
        return rtl_ui(ui, line, (&plain, marks), color, palette, indent, width);
    }
    let is_fixed = monospace || line.setting != Setting::Prose;
    let font = if is_fixed { theme::mono() } else { theme::body() };
    let job = job(line, marks, color, palette, font, width);
    let galley = ui.fonts_mut(|fonts| fonts.layout_job(job));
    let size = Vec2::new(indent + width, galley.size().y);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    quote_bars(ui, line, rect, palette);
    let place = Rect::from_min_size(egui::Pos2::new(rect.left() + indent, rect.top()), galley.size());
    let response = ui.put(place, egui::Label::new(galley.clone()).selectable(true).sense(Sense::click()));
    follow_link(ui, line, &response, &galley, place, hovered, actions);
}

fn color_of(line: &Line, palette: Palette) -> Color32 {
    match line.setting {
        _ if line.is_signature => palette.faint,
        Setting::Added => palette.success,
        Setting::Removed => palette.danger,
        Setting::Place => palette.link,
        Setting::Prose | Setting::Fixed => quote_color(line.quote_level, palette),
    }
}

fn quote_bars(ui: &Ui, line: &Line, rect: Rect, palette: Palette) {
    for bar in 0..line.quote_level.min(MAX_BARS) {
        let x = rect.left() + f32::from(bar) * INDENT + 2.0;
        let stroke = Stroke::new(2.5, quote_color(bar + 1, palette).gamma_multiply(0.65));
        ui.painter().vline(x, rect.top() - 1.5..=rect.bottom() + 1.5, stroke);
    }
}

/// A line with right-to-left text: broken first, then each row in its visual order, at the right where it begins there. Not
/// selectable: what is copied would come in visual order.
fn rtl_ui(
    ui: &mut Ui,
    line: &Line,
    (plain, marks): (&str, &[(Range<usize>, Color32)]),
    color: Color32,
    palette: Palette,
    indent: f32,
    width: f32,
) {
    let rtl = bidi::is_rtl(plain);
    let mut at = 0;
    for row in broken(ui, plain, &theme::body(), width) {
        let here: Vec<(Range<usize>, Color32)> = marks
            .iter()
            .map(|(mark, color)| (mark.start.saturating_sub(at)..mark.end.saturating_sub(at), *color))
            .collect();
        at += row.len();
        let mut job = LayoutJob { break_on_newline: false, ..LayoutJob::default() };
        bidi::append_marked(&mut job, &row, &TextFormat::simple(theme::body(), color), &here);
        let galley = ui.fonts_mut(|fonts| fonts.layout_job(job));
        let height = galley.size().y.max(LINE_HEIGHT);
        let (rect, response) = ui.allocate_exact_size(Vec2::new(indent + width, height), Sense::hover());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, &row));
        quote_bars(ui, line, rect, palette);
        let left = if rtl { rect.right() - galley.size().x } else { rect.left() + indent };
        super::widgets::paint_line(ui, egui::Pos2::new(left, rect.top()), &galley, false);
    }
}

/// The link under the pointer shows its true target; a click follows it.
fn follow_link(
    ui: &Ui,
    line: &Line,
    response: &egui::Response,
    galley: &egui::Galley,
    place: Rect,
    hovered: &mut Option<String>,
    actions: &mut Vec<Action>,
) {
    let Some(pointer) = response.hover_pos() else { return };
    let at = galley.cursor_from_pos(pointer - place.min).index.0;
    let mut start = 0;
    for span in &line.spans {
        let end = start + span.text().chars().count();
        if let Span::Link { target, .. } = span
            && (start..end).contains(&at)
        {
            ui.set_cursor_icon(CursorIcon::PointingHand);
            *hovered = Some(target.clone());
            if response.clicked() {
                actions.push(Action::FollowLink(target.clone()));
            }
            return;
        }
        start = end;
    }
}

fn job(
    line: &Line,
    marks: &[(Range<usize>, Color32)],
    color: Color32,
    palette: Palette,
    font: FontId,
    width: f32,
) -> LayoutJob {
    let mut job =
        LayoutJob { wrap: TextWrapping::wrap_at_width(width), break_on_newline: false, ..LayoutJob::default() };
    let format = |color| TextFormat { line_height: Some(LINE_HEIGHT), ..TextFormat::simple(font.clone(), color) };
    let mut at = 0;
    for span in &line.spans {
        let format = match span {
            Span::Text(_) => format(color),
            Span::Link { .. } => {
                TextFormat { underline: Stroke::new(1.0, palette.link.gamma_multiply(0.5)), ..format(palette.link) }
            }
        };
        bidi::append_located(&mut job, span.text(), at, &format, marks);
        at += span.text().len();
    }
    job
}

fn quote_color(level: u8, palette: Palette) -> Color32 {
    let hue = |light: (u8, u8, u8), dark: (u8, u8, u8)| {
        let (r, g, b) = if palette.dark { dark } else { light };
        Color32::from_rgb(r, g, b)
    };
    match level {
        0 => palette.text,
        1 => hue((0x2B, 0x5F, 0x75), (0x8F, 0xC4, 0xD8)),
        2 => hue((0x6B, 0x4E, 0x86), (0xC6, 0xA9, 0xE0)),
        3 => hue((0x3F, 0x6B, 0x35), (0xA2, 0xCC, 0x96)),
        _ => hue((0x7A, 0x5A, 0x2E), (0xD8, 0xBC, 0x8C)),
    }
}
