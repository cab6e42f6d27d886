//! A laid-out page with all that is to be known of it before it is parted into pages of paper.

use std::collections::HashMap;

use anyrender::Scene;
use blitz_dom::node::{ListItemLayoutPosition, Marker, TextBrush};
use blitz_dom::{BaseDocument, LocalName, Node, NodeId, Point};
use blitz_traits::net::{Bytes, Url};
use parley::{Line, PositionedLayoutItem};

use super::breaks::{Hold, Kept};
use super::words::Words;
use crate::page::dom::{self, Display};
use crate::page::reading::{self, Clip};
use crate::page::types::{Rect, Refused};
use crate::page::{BASE_URL, Page};

/// A box within a line that is higher holds the line together only loosely: it is a column of a page rather than a button. In
/// CSS pixels, as all here.
const HIGH_BOX: f32 = 160.0;
/// A box that is not higher is parted no more than a picture is.
const SMALL_BOX: f32 = 64.0;
/// What follows a heading and stays with it: about a line.
const BELOW_HEADING: f32 = 40.0;
/// Room below the last text or picture for what surrounds it.
const FOOT: f32 = 32.0;
/// The highest page that is painted: some thousands of sheets of paper.
const MOST_HEIGHT: f32 = 4_000_000.0;

/// A page, painted.
#[derive(Default)]
pub(super) struct Sheet {
    pub scene: Scene,
    pub words: Words,
    pub kept: Vec<Kept>,
    pub links: Vec<Link>,
    /// JPEG pictures as they came, by the resource that their pixels are.
    pub photographs: HashMap<u64, Bytes>,
    pub height: f32,
}

/// A part of a page that leads somewhere.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Link {
    pub place: Rect,
    /// An absolute address of a kind that a mail may name.
    pub target: String,
}

impl Sheet {
    /// Paints a page and looks it over.
    ///
    /// # Errors
    ///
    /// [`Refused::TooLarge`] where it is higher than anybody prints.
    pub fn of(page: &mut Page) -> Result<Self, Refused> {
        let scale = page.scale;
        let all = page.height_px() as f32;
        let (_, end) = reading::content_end(&page.document);
        let height = all.min(end * scale + FOOT);
        if height > MOST_HEIGHT {
            let (found, limit) = (height as u64, MOST_HEIGHT as u64);
            return Err(Refused::TooLarge { what: "pixels of height".into(), found, limit });
        }
        let mut sheet = Self { height, ..Self::default() };
        page.document.set_viewport_scroll(Point { x: 0.0, y: 0.0 });
        let (width, painted) = (page.view.width_px, height.ceil() as u32);
        blitz_paint::paint_scene(&mut sheet.scene, &mut page.document, f64::from(scale), width, painted, 0, 0);
        page.missing.paint(&mut sheet.scene, f64::from(scale), 0.0, f64::from(height), Some(&mut sheet.words));
        let root = page.document.root_element().id;
        let mut survey = Survey { document: &page.document, resources: &page.resources, scale, sheet: &mut sheet };
        survey.walk(root, (0.0, 0.0), None);
        for (Rect { y_px, height_px, .. }, _) in &page.missing.pictures {
            let top = y_px * scale;
            sheet.kept.push(Kept { top, bottom: top + height_px * scale, hold: Hold::Firm });
        }
        Ok(sheet)
    }
}

struct Survey<'p> {
    document: &'p BaseDocument,
    resources: &'p crate::page::resources::Resources,
    scale: f32,
    sheet: &'p mut Sheet,
}

impl Survey<'_> {
    fn walk(&mut self, id: NodeId, parent: (f32, f32), clip: Option<Clip>) {
        let Some((node, origin, clip)) = reading::visible(self.document, id, parent, clip) else { return };
        self.note(node, origin);
        let text = node.element_data().and_then(|element| element.inline_layout_data.as_ref());
        let Some(text) = text.filter(|_| node.flags.is_inline_root()) else {
            for child in reading::children_of(node) {
                self.walk(child, origin, clip);
            }
            return;
        };
        self.sheet.words.learn(&text.text, &text.layout);
        let layout = node.final_layout();
        let content = (
            origin.0 + layout.padding.left + layout.border.left,
            origin.1 + layout.padding.top + layout.border.top + text.block_offset,
        );
        let scale = text.layout.scale();
        let lines: Vec<Kept> = text.layout.lines().map(|line| self.line(&line, scale, content)).collect();
        self.keep_ends(&lines);
        self.sheet.kept.extend(lines);
        for child in text.layout.inline_boxes() {
            self.walk(NodeId::from_u64(child.id), origin, clip);
        }
    }

    /// The first two lines of a paragraph stay together, and the last two.
    fn keep_ends(&mut self, lines: &[Kept]) {
        let both = |pair: &[Kept]| {
            let top = pair.iter().map(|line| line.top).fold(f32::MAX, f32::min);
            let bottom = pair.iter().map(|line| line.bottom).fold(f32::MIN, f32::max);
            Kept { top, bottom, hold: Hold::Loose }
        };
        self.sheet.kept.extend(lines.get(..2).map(both));
        self.sheet.kept.extend(lines.len().checked_sub(2).and_then(|start| lines.get(start..)).map(both));
    }

    /// What an element is for the pages, and where it leads.
    fn note(&mut self, node: &Node, origin: (f32, f32)) {
        let size = node.final_layout().size;
        let place = Rect { x_px: origin.0, y_px: origin.1, width_px: size.width, height_px: size.height };
        if size.width < 1.0 || size.height < 1.0 {
            return;
        }
        let hold = |hold: Hold, more: f32| {
            let top = origin.1 * self.scale;
            Kept { top, bottom: top + (size.height + more) * self.scale, hold }
        };
        match dom::tag(node) {
            "img" => {
                self.sheet.kept.push(hold(Hold::Firm, 0.0));
                self.link(node.id, place);
                self.photograph(node);
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.sheet.kept.push(hold(Hold::Loose, BELOW_HEADING)),
            "a" if dom::display(node) != Display::Inline => self.link(node.id, place),
            _ if dom::display(node) == Display::Row => self.sheet.kept.push(hold(Hold::Loose, 0.0)),
            // A button, a chip, a short paragraph.
            _ if size.height <= SMALL_BOX && dom::display(node) != Display::Inline => {
                self.sheet.kept.push(hold(Hold::Firm, 0.0));
            }
            _ => {}
        }
        if let Some(item) = node.element_data().and_then(|element| element.list_item_data.as_ref())
            && let ListItemLayoutPosition::Outside(layout) = &item.position
        {
            let words = match &item.marker {
                Marker::Char(character) => character.to_string(),
                Marker::String(words) => words.clone(),
            };
            self.sheet.words.learn(&words, layout);
        }
    }

    /// Where a line lies; its links are noted on the way.
    fn line(&mut self, line: &Line<'_, TextBrush>, scale: f32, content: (f32, f32)) -> Kept {
        let mut highest = 0.0f32;
        for item in line.items() {
            match item {
                PositionedLayoutItem::InlineBox(inline) => highest = highest.max(inline.height / scale),
                PositionedLayoutItem::GlyphRun(run) => {
                    let metrics = run.run().font_metrics();
                    let (up, down) = (metrics.ascent / scale, metrics.descent / scale);
                    let baseline = content.1 + run.baseline() / scale;
                    let place = Rect {
                        x_px: content.0 + run.offset() / scale,
                        y_px: baseline - up,
                        width_px: run.advance() / scale,
                        height_px: up + down,
                    };
                    self.link(run.style().brush.id, place);
                }
            }
        }
        let metrics = line.metrics();
        let at = |y: f32| (content.1 + y / scale) * self.scale;
        let hold = if highest > HIGH_BOX { Hold::Loose } else { Hold::Line };
        Kept { top: at(metrics.block_min_coord), bottom: at(metrics.block_max_coord), hold }
    }

    /// Notes where this leads, if it or what it stands in is a link.
    fn link(&mut self, id: NodeId, place: Rect) {
        let mut at = Some(id);
        while let Some(node) = at.and_then(|id| self.document.get_node(id)) {
            if dom::tag(node) == "a" {
                let href = node.element_data().and_then(|element| element.attr(LocalName::from("href")));
                let place = place.scaled(self.scale);
                self.sheet.links.extend(href.and_then(target).map(|target| Link { place, target }));
                return;
            }
            at = node.parent.or_else(|| node.layout_parent.get());
        }
    }

    fn photograph(&mut self, node: &Node) {
        let Some(element) = node.element_data() else { return };
        let Some(pixels) = element.raster_image_data() else { return };
        let source =
            element.attr(LocalName::from("src")).and_then(|source| Url::parse(BASE_URL).ok()?.join(source).ok());
        if let Some(octets) = source.and_then(|source| self.resources.photograph(&source)) {
            self.sheet.photographs.insert(pixels.data.id(), octets);
        }
    }
}

/// The address as a PDF has it, in ASCII; None: it leads nowhere outside the page, or where no mail should lead.
fn target(href: &str) -> Option<String> {
    let url = Url::parse(href.trim()).ok()?;
    matches!(url.scheme(), "http" | "https" | "mailto" | "ftp" | "tel")
        .then(|| url.to_string())
        .filter(|url| url.is_ascii())
}
