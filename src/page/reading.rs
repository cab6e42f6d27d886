//! The text of a laid-out page: in which order it is read, where it stands, what is selected of it and found in it.

use std::ops::Range;

use blitz_dom::node::TextBrush;
use blitz_dom::{BaseDocument, LocalName, Node, NodeId};
use parley::{Affinity, Cursor, Layout, PositionedLayoutItem, Selection};
use style::computed_values::visibility::T as Visibility;

use super::dom::{self, Display};
use super::mend::MISSING;
use super::types::{Hit, Rect};
use crate::mail::Marker;
use crate::mail::query::Field;

/// A stretch of text that is laid out together.
#[derive(Clone, Debug)]
struct Run {
    /// The element that holds the text's layout.
    root: NodeId,
    /// Octets of that text.
    range: Range<usize>,
    /// Where that layout begins on the page, in CSS pixels.
    origin: (f32, f32),
    /// Where this stretch of it lies.
    top: f32,
    bottom: f32,
    left: f32,
    right: f32,
    /// Where its letters end: lines may be higher.
    letters_bottom: f32,
}

/// A place in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    run: usize,
    octet: usize,
}

/// Why text is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Selected,
    Found,
}

/// A marked rectangle of the page, in CSS pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marked {
    pub rect: Rect,
    pub mark: Mark,
}

/// What a person does with the text.
#[derive(Default)]
pub(super) struct Reading {
    /// In reading order; `None` until they are asked for after a layout.
    runs: Option<Vec<Run>>,
    selected: Option<(Place, Place)>,
    marker: Marker,
}

impl Reading {
    /// The page has been laid out anew.
    pub(super) fn forget(&mut self) {
        self.runs = None;
    }

    fn runs(&mut self, document: &BaseDocument) -> &[Run] {
        self.runs.get_or_insert_with(|| runs(document))
    }

    pub(super) fn select(&mut self, document: &BaseDocument, from: (f32, f32), to: (f32, f32)) {
        let runs = self.runs(document);
        let places = place_at(document, runs, from).zip(place_at(document, runs, to));
        self.selected = places.map(|(from, to)| (from.min(to), from.max(to)));
    }

    pub(super) fn select_all(&mut self, document: &BaseDocument) {
        let runs = self.runs(document);
        let Some(last) = runs.last() else { return };
        let (start, end) =
            (runs.first().map_or(0, |run| run.range.start), Place { run: runs.len() - 1, octet: last.range.end });
        self.selected = Some((Place { run: 0, octet: start }, end));
    }

    pub(super) fn clear_selection(&mut self) {
        self.selected = None;
    }

    pub(super) fn selected_text(&mut self, document: &BaseDocument) -> String {
        let Some((from, to)) = self.selected else { return String::new() };
        let runs = self.runs(document);
        let mut words = String::new();
        let mut before: Option<&Run> = None;
        for (index, run) in runs.iter().enumerate().skip(from.run).take(to.run + 1 - from.run) {
            let start = if index == from.run { from.octet } else { run.range.start };
            let end = if index == to.run { to.octet } else { run.range.end };
            append(&mut words, document, before, run, start..end);
            before = Some(run);
        }
        words
    }

    pub(super) fn text(&mut self, document: &BaseDocument) -> String {
        let mut words = String::new();
        let mut before: Option<&Run> = None;
        for run in self.runs(document) {
            append(&mut words, document, before, run, run.range.clone());
            before = Some(run);
        }
        words
    }

    /// Looks from now on for what a search in these words finds; the first line of each place where they stand.
    pub(super) fn find(&mut self, document: &BaseDocument, words: &str) -> Vec<Rect> {
        self.marker = Marker::of_typed(words, false);
        self.found(document).into_iter().filter_map(|lines| lines.first().copied()).collect()
    }

    /// For each place where the words stand, the rectangles of its lines.
    fn found(&mut self, document: &BaseDocument) -> Vec<Vec<Rect>> {
        if self.marker.is_empty() {
            return Vec::new();
        }
        let marker = self.marker.clone();
        let runs = self.runs(document);
        runs.iter()
            .flat_map(|run| {
                let text = text_of(document, run.root).and_then(|text| text.get(run.range.clone())).unwrap_or_default();
                marker
                    .marks(Field::Body, text)
                    .into_iter()
                    .map(|found| lines(document, run, run.range.start + found.start..run.range.start + found.end))
            })
            .filter(|lines| !lines.is_empty())
            .collect()
    }

    /// All that is marked, in CSS pixels.
    pub(super) fn rectangles(&mut self, document: &BaseDocument) -> Vec<Marked> {
        let mut marked: Vec<Marked> = Vec::new();
        let found = self.found(document).into_iter().flatten();
        marked.extend(found.map(|rect| Marked { rect, mark: Mark::Found }));
        if let Some((from, to)) = self.selected {
            let runs = self.runs(document);
            for (index, run) in runs.iter().enumerate().skip(from.run).take(to.run + 1 - from.run) {
                let start = if index == from.run { from.octet } else { run.range.start };
                let end = if index == to.run { to.octet } else { run.range.end };
                let rects = lines(document, run, start..end).into_iter();
                marked.extend(rects.map(|rect| Marked { rect, mark: Mark::Selected }));
            }
        }
        marked
    }
}

/// Adds a stretch of text: on a line of its own, unless it stands on the line of the one before.
fn append(words: &mut String, document: &BaseDocument, before: Option<&Run>, run: &Run, range: Range<usize>) {
    let text = text_of(document, run.root).and_then(|text| text.get(range)).unwrap_or_default();
    if let Some(before) = before {
        let is_same_line = before.root == run.root || (run.top < before.bottom - 2.0 && run.left >= before.right - 2.0);
        if !words.is_empty() && !words.ends_with('\n') {
            if !is_same_line {
                words.push('\n');
            } else if before.root != run.root {
                words.push(' ');
            }
        }
    }
    words.push_str(text.trim_end_matches(' '));
}

fn text_of(document: &BaseDocument, root: NodeId) -> Option<&str> {
    Some(&document.get_node(root)?.element_data()?.inline_layout_data.as_ref()?.text)
}

fn layout_of(document: &BaseDocument, root: NodeId) -> Option<&Layout<TextBrush>> {
    Some(&document.get_node(root)?.element_data()?.inline_layout_data.as_ref()?.layout)
}

/// The rectangles of a range of a run's text, one a line, in CSS pixels of the page.
fn lines(document: &BaseDocument, run: &Run, range: Range<usize>) -> Vec<Rect> {
    let Some(layout) = layout_of(document, run.root).filter(|_| range.start < range.end) else { return Vec::new() };
    let cursor = |octet: usize, affinity| Cursor::from_byte_index(layout, octet, affinity);
    let selection = Selection::new(cursor(range.start, Affinity::Downstream), cursor(range.end, Affinity::Upstream));
    let scale = layout.scale();
    let to_page = |x: f64| x as f32 / scale;
    selection
        .geometry(layout)
        .into_iter()
        .map(|(area, _)| Rect {
            x_px: run.origin.0 + to_page(area.x0),
            y_px: run.origin.1 + to_page(area.y0),
            width_px: to_page(area.x1 - area.x0),
            height_px: to_page(area.y1 - area.y0),
        })
        .collect()
}

/// The place in the text that is nearest to a point: on its line, or else at the end of what stands above.
fn place_at(document: &BaseDocument, runs: &[Run], (x, y): (f32, f32)) -> Option<Place> {
    let distance = |run: &Run| {
        let down = (run.top - y).max(y - run.bottom).max(0.0);
        let across = (run.left - x).max(x - run.right).max(0.0);
        // What stands on the same line is nearer than anything above or below.
        down * 1000.0 + across
    };
    let (index, run) = runs.iter().enumerate().min_by(|(_, a), (_, b)| distance(a).total_cmp(&distance(b)))?;
    let text = document.get_node(run.root)?.element_data()?.inline_layout_data.as_ref()?;
    let scale = text.layout.scale();
    let cursor = Cursor::from_point(&text.layout, (x - run.origin.0) * scale, (y - run.origin.1) * scale);
    Some(Place { run: index, octet: cursor.index().clamp(run.range.start, run.range.end) })
}

/// All text that can be seen, in reading order.
fn runs(document: &BaseDocument) -> Vec<Run> {
    let mut found = Vec::new();
    collect(document, document.root_element().id, (0.0, 0.0), None, &mut found);
    found
}

/// The part of the page that is not cut off: left, top, right, bottom.
pub(super) type Clip = (f32, f32, f32, f32);

fn collect(document: &BaseDocument, id: NodeId, parent: (f32, f32), clip: Option<Clip>, found: &mut Vec<Run>) {
    let Some((node, origin, clip)) = visible(document, id, parent, clip) else { return };
    let text = node.element_data().and_then(|element| element.inline_layout_data.as_ref());
    let Some(text) = text.filter(|_| node.flags.is_inline_root()) else {
        for child in children_of(node) {
            collect(document, child, origin, clip, found);
        }
        return;
    };
    let layout = node.final_layout();
    let content = (
        origin.0 + layout.padding.left + layout.border.left,
        origin.1 + layout.padding.top + layout.border.top + text.block_offset,
    );
    // The boxes in the text are read where they stand in it.
    let mut boxes: Vec<(usize, NodeId)> =
        text.layout.inline_boxes().map(|inline| (inline.index, NodeId::from_u64(inline.id))).collect();
    boxes.sort_by_key(|(at, _)| *at);
    let mut start = 0usize;
    let box_origin = if node.flags.is_inline_root() { origin } else { (origin.0, origin.1) };
    for (at, child) in boxes {
        push(document, id, start..at.min(text.text.len()), content, clip, found);
        start = at.min(text.text.len());
        collect(document, child, box_origin, clip, found);
    }
    push(document, id, start..text.text.len(), content, clip, found);
}

pub(super) fn children_of(node: &Node) -> Vec<NodeId> {
    node.layout_children.borrow().as_ref().map(|children| children.to_vec()).unwrap_or_default()
}

/// The node with its place on the page, if anything of it can be seen.
pub(super) fn visible(
    document: &BaseDocument,
    id: NodeId,
    parent: (f32, f32),
    clip: Option<Clip>,
) -> Option<(&Node, (f32, f32), Option<Clip>)> {
    let node = document.get_node(id)?;
    let (is_shown, cuts) = dom::styled(node, |styles| {
        let is_shown = dom::display_of(styles) != Display::None
            && styles.clone_visibility() == Visibility::Visible
            && (styles.clone_opacity() >= 0.05 || missing(node).is_some());
        (is_shown, styles.get_box().overflow_x.is_scrollable() || is_hidden(styles))
    })
    .unwrap_or((true, false));
    if !is_shown {
        return None;
    }
    let layout = node.final_layout();
    let origin = (parent.0 + layout.location.x, parent.1 + layout.location.y);
    if !cuts {
        return Some((node, origin, clip));
    }
    let own = (origin.0, origin.1, origin.0 + layout.size.width, origin.1 + layout.size.height);
    let both = clip.map_or(own, |old| (own.0.max(old.0), own.1.max(old.1), own.2.min(old.2), own.3.min(old.3)));
    (both.2 - both.0 > 1.0 && both.3 - both.1 > 1.0).then_some((node, origin, Some(both)))
}

fn is_hidden(styles: &style::properties::ComputedValues) -> bool {
    use style::values::computed::Overflow;
    matches!(styles.get_box().overflow_x, Overflow::Hidden | Overflow::Clip)
}

fn push(
    document: &BaseDocument,
    root: NodeId,
    range: Range<usize>,
    origin: (f32, f32),
    clip: Option<Clip>,
    found: &mut Vec<Run>,
) {
    let text = text_of(document, root).and_then(|text| text.get(range.clone())).unwrap_or_default();
    if text.chars().all(is_blank) {
        return;
    }
    let mut run = Run { root, range, origin, top: 0.0, bottom: 0.0, left: 0.0, right: 0.0, letters_bottom: 0.0 };
    let start = run.range.start + text.find(|c| !is_blank(c)).unwrap_or(0);
    let end = run.range.start + text.trim_end_matches(is_blank).len();
    let rects: Vec<Rect> = lines(document, &run, start..end)
        .into_iter()
        .filter(|rect| clip.is_none_or(|clip| rect.y_px + 1.0 < clip.3 && rect.y_px + rect.height_px > clip.1 + 1.0))
        .filter(|rect| rect.width_px > 0.0 && rect.height_px > 1.0)
        .collect();
    let Some(first) = rects.first() else { return };
    (run.top, run.left) = (first.y_px, first.x_px);
    for rect in &rects {
        run.bottom = run.bottom.max(rect.y_px + rect.height_px);
        run.right = run.right.max(rect.x_px + rect.width_px);
        run.left = run.left.min(rect.x_px);
    }
    run.letters_bottom = letters_bottom(document, &run, start..end, &rects);
    found.push(run);
}

/// How far down the letters of a range of a run's text reach, as their fonts have it, on the last line of it that is seen.
fn letters_bottom(document: &BaseDocument, run: &Run, range: Range<usize>, seen: &[Rect]) -> f32 {
    let (Some(layout), Some(last)) = (layout_of(document, run.root), seen.last()) else { return run.bottom };
    let scale = layout.scale();
    // The upper edge of what is marked: where letters are higher than their line, it is theirs.
    let is_above = |index: usize| {
        let top = layout.get(index).map_or(f32::MAX, |line| {
            let metrics = line.metrics();
            metrics.block_min_coord.min(metrics.content_block_min_coord)
        });
        run.origin.1 + top / scale <= last.y_px + 0.5
    };
    // Lines stand in their order: of a text with thousands of them, few are looked at.
    let (mut first, mut end) = (0, layout.len());
    while first + 1 < end {
        let middle = first + (end - first) / 2;
        if is_above(middle) { first = middle } else { end = middle }
    }
    let Some(line) = layout.get(first) else { return run.bottom };
    let mut bottom = last.y_px;
    for item in line.items() {
        let PositionedLayoutItem::GlyphRun(glyphs) = item else { continue };
        let octets = glyphs.run().text_range();
        if octets.start < range.end && octets.end > range.start {
            let below = glyphs.baseline() + glyphs.run().font_metrics().descent.round();
            bottom = bottom.max(run.origin.1 + below / scale);
        }
    }
    bottom
}

/// Characters that leave no ink: what hidden preview texts are padded with.
fn is_blank(character: char) -> bool {
    character.is_whitespace()
        || matches!(character, '\u{a0}' | '\u{ad}' | '\u{34f}' | '\u{200b}'..='\u{200f}' | '\u{2007}' | '\u{feff}')
}

/// What lies at a point, in CSS pixels.
pub(super) fn hit(document: &BaseDocument, x: f32, y: f32) -> Hit {
    let Some(hit) = document.hit(x, y) else { return Hit::Nothing };
    let mut at = Some(hit.node_id);
    while let Some(node) = at.and_then(|id| document.get_node(id)) {
        if dom::tag(node) == "a"
            && let Some(target) = node.element_data().and_then(|element| element.attr(LocalName::from("href")))
        {
            return Hit::Link(target.to_owned());
        }
        at = node.parent.or_else(|| node.layout_parent.get());
    }
    if hit.is_text { Hit::Text } else { Hit::Nothing }
}

/// The lower right corner of what is seen of texts and pictures, in CSS pixels: of letters, not of the lines that hold them.
pub(super) fn content_end(document: &BaseDocument) -> (f32, f32) {
    let (mut right, mut bottom) = (0.0f32, 0.0f32);
    for run in runs(document) {
        right = right.max(run.right);
        bottom = bottom.max(run.letters_bottom);
    }
    boxes(document, document.root_element().id, (0.0, 0.0), None, &is_picture, &mut |rect: Rect, _: &Node| {
        right = right.max(rect.x_px + rect.width_px);
        bottom = bottom.max(rect.y_px + rect.height_px);
    });
    (right, bottom)
}

/// How far to the right texts, pictures and tables reach, in CSS pixels.
pub(super) fn right_edge(document: &BaseDocument) -> f32 {
    let (mut right, _) = content_end(document);
    let is_table = |node: &Node| node.flags.is_table_root();
    boxes(document, document.root_element().id, (0.0, 0.0), None, &is_table, &mut |rect: Rect, _: &Node| {
        right = right.max(rect.x_px + rect.width_px);
    });
    right
}

fn is_picture(node: &Node) -> bool {
    dom::tag(node) == "img"
}

/// The alternative text of a picture that is not there.
fn missing(node: &Node) -> Option<&str> {
    node.element_data()?.attr(LocalName::from(MISSING))
}

/// The places of the pictures that are not there, in CSS pixels, with their alternative texts.
pub(super) fn missing_pictures(document: &BaseDocument) -> Vec<(Rect, String)> {
    let mut found = Vec::new();
    let is_missing = |node: &Node| missing(node).is_some();
    boxes(document, document.root_element().id, (0.0, 0.0), None, &is_missing, &mut |rect: Rect, node: &Node| {
        found.push((rect, missing(node).unwrap_or_default().to_owned()));
    });
    found
}

/// Hands the place of every box that is seen and looked for to `take`.
fn boxes(
    document: &BaseDocument,
    id: NodeId,
    parent: (f32, f32),
    clip: Option<Clip>,
    is_wanted: &impl Fn(&Node) -> bool,
    take: &mut impl FnMut(Rect, &Node),
) {
    let Some((node, origin, clip)) = visible(document, id, parent, clip) else { return };
    let size = node.final_layout().size;
    if is_wanted(node) && size.width > 1.0 && size.height > 1.0 {
        take(Rect { x_px: origin.0, y_px: origin.1, width_px: size.width, height_px: size.height }, node);
    }
    for child in children_of(node) {
        boxes(document, child, origin, clip, is_wanted, take);
    }
}
