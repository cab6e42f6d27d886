//! A message's page: cleaned HTML in; pixels, sizes, links and selectable text out.
//!
//! Synchronous and pure: no disk but the fonts, no socket ever, no window. What draws is Blitz, and this folder alone names
//! its types. Blitz lays out like a browser in most things and like none in some, so a document goes through passes of ours:
//! `legacy` makes rules of attributes before the styles are resolved, `mend` changes what Blitz would not show, once it is
//! known how elements are displayed, and `placing` gives tables the widths of the web's own algorithm.
//!
//! A [`Page`] stays on the thread that loaded it, and that thread wants a large stack ([`STACK_BYTES`]), because the nesting of
//! a page is walked by recursion.

mod collapse;
mod columns;
mod dom;
mod fonts;
mod ground;
pub mod helper;
mod intrinsic;
mod legacy;
mod limits;
mod lines;
mod mend;
mod message;
mod paint;
mod placing;
mod plain;
pub mod print;
pub mod protocol;
mod reading;
mod resources;
pub mod supervisor;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test ends at the first surprise
mod tests;
mod types;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use blitz_dom::{BaseDocument, DocumentConfig, UserAgentStylesheet};
use blitz_html::HtmlDocument;
use blitz_traits::shell::{ColorScheme, Viewport};

pub use fonts::Fonts;
pub use message::{MessageDocument, document_of};
pub use plain::html_of_text;
pub use types::{Document, Frame, Hit, Rect, Refused, Resource, View};

use ground::Ground;
use reading::Reading;
use resources::Resources;

/// The stack that a thread needs that loads and paints pages: the cleaned HTML nests 256 deep, and laying out one level of
/// nested tables takes some tens of KiB.
pub const STACK_BYTES: usize = 64 << 20;

/// What relative addresses of a page are relative to: nothing that could be fetched.
const BASE_URL: &str = "mail://message/";

/// The height of the window that a page is laid out for, in CSS pixels: `100vh` is the same however high the pane is, so that
/// pulling at its edge lays nothing out again.
const LAYOUT_HEIGHT: f32 = 800.0;

/// A page is made smaller than that for no view: below it, reading is harder than scrolling.
const SMALLEST_FIT: f32 = 0.6;

/// A page that was read and laid out.
pub struct Page {
    document: BaseDocument,
    resources: Arc<Resources>,
    ground: Ground,
    /// Whether it has rules that depend on the view.
    has_media: bool,
    /// The view that it is laid out for.
    view: View,
    /// The view's scale, or less where the page would be too wide.
    scale: f32,
    mends: mend::Mends,
    columns: placing::Columns,
    reading: Reading,
    painter: Option<paint::Painter>,
    missing: paint::Missing,
}

impl Page {
    /// Reads and lays out a document for that view.
    ///
    /// # Errors
    ///
    /// [`Refused`] if the document would take more time or memory than a message may, or if the engine fails on it.
    pub fn load(document: Document, view: &View, fonts: &Fonts) -> Result<Self, Refused> {
        limits::check(&document.html)?;
        catch_unwind(AssertUnwindSafe(|| Self::read(document, *view, fonts))).unwrap_or(Err(Refused::Failed))
    }

    fn read(source: Document, view: View, fonts: &Fonts) -> Result<Self, Refused> {
        let ground = Ground::of(&source.html);
        let resources = Resources::new(source.resources);
        let config = DocumentConfig {
            viewport: Some(viewport(&view, ground)),
            base_url: Some(BASE_URL.to_owned()),
            net_provider: Some(resources.clone()),
            font_ctx: Some(fonts.context()),
            ..DocumentConfig::default()
        };
        let html = if source.html.starts_with("<!--") { source.html } else { format!("<!---->{}", source.html) };
        let mut document = HtmlDocument::from_html(&html, config).into_inner();
        limits::check_depth(&document)?;
        // The pictures have been answered, but not yet been heard of.
        document.handle_messages();
        mend::before_styles(&mut document, &resources);
        let quirks = legacy::Quirks::marked(&html);
        let rules = legacy::rules(&mut document, quirks);
        document.add_user_agent_stylesheet(UserAgentStylesheet::parse(&rules));
        if let Some(sheet) = ground.sheet(view.dark) {
            document.add_user_agent_stylesheet(sheet);
        }
        let mut page = Self {
            document,
            resources,
            ground,
            has_media: html.contains("@media"),
            view,
            scale: view.scale,
            mends: mend::Mends::of(quirks),
            columns: placing::Columns::default(),
            reading: Reading::default(),
            painter: None,
            missing: paint::Missing::new(fonts.context()),
        };
        page.settle(true);
        page.fit();
        Ok(page)
    }

    /// Makes a page that is too wide for the view smaller, as far as it stays readable: nobody scrolls sideways in every line.
    fn fit(&mut self) {
        self.fit_into(SMALLEST_FIT);
    }

    /// The same, down to that share of its size.
    fn fit_into(&mut self, smallest: f32) {
        let room = self.view.width_px as f32 / self.scale;
        let needed = reading::right_edge(&self.document);
        if needed > room + 1.0 {
            self.lay_out_at((self.scale * room / needed).max(self.view.scale * smallest));
        }
    }

    fn lay_out_at(&mut self, scale: f32) {
        self.scale = scale;
        self.document.set_viewport(viewport(&View { scale, ..self.view }, self.ground));
        self.settle(self.has_media);
    }

    /// Styles and layout, with the passes between them. What was mended stays so unless other rules may apply.
    fn settle(&mut self, anew: bool) {
        if anew {
            self.mends.undo(&mut self.document);
        }
        self.columns.undo(&mut self.document);
        self.document.resolve(0.0);
        if anew && self.mends.after_styles(&mut self.document) {
            // What changes its display leaves stale boxes behind if only the changes are laid out.
            self.document.set_incremental_layout(false);
            self.document.resolve(0.0);
            self.document.set_incremental_layout(true);
        }
        if self.columns.set(&mut self.document) {
            self.document.resolve(0.0);
        }
        self.reading.forget();
        self.missing.pictures = reading::missing_pictures(&self.document);
    }

    /// What is seen through the view. The page is laid out again if the view's width, scale or colours have changed.
    pub fn paint(&mut self, view: &View) -> Frame {
        self.lay_out_for(view);
        let page_height_px = self.height_px();
        let scroll_y_px = view.scroll_y_px.min(page_height_px.saturating_sub(view.height_px));
        let marks = self.reading.rectangles(&self.document);
        let painter = paint::Painter::kept(&mut self.painter, view.width_px, view.height_px);
        let paper = self.ground.paper(view.dark);
        let rgba = painter.paint(&mut self.document, self.scale, scroll_y_px, paper, &marks, &mut self.missing);
        Frame { width_px: view.width_px, height_px: view.height_px, scroll_y_px, page_height_px, rgba }
    }

    fn lay_out_for(&mut self, view: &View) {
        let is_same = self.view.width_px == view.width_px && self.view.dark == view.dark;
        let old = std::mem::replace(&mut self.view, *view);
        if is_same && old.scale.to_bits() == view.scale.to_bits() {
            return;
        }
        if old.dark != view.dark {
            if let Some(sheet) = self.ground.sheet(old.dark) {
                self.document.remove_user_agent_stylesheet(&sheet);
            }
            if let Some(sheet) = self.ground.sheet(view.dark) {
                self.document.add_user_agent_stylesheet(sheet);
            }
        }
        self.lay_out_at(view.scale);
        self.fit();
    }

    /// The height of all of the page, in physical pixels.
    pub fn height_px(&self) -> u32 {
        let Some(root) = self.document.try_root_element() else { return 0 };
        let laid_out = root.final_layout().size.height * self.scale;
        // A page may be as high as it likes; a scroll bar may not.
        laid_out.ceil().clamp(0.0, 16_000_000.0) as u32
    }

    /// What lies at a point of the page, in physical pixels from its upper left corner.
    pub fn hit(&self, x_px: f32, y_px: f32) -> Hit {
        reading::hit(&self.document, x_px / self.scale, y_px / self.scale)
    }

    /// Selects the text between two points of the page; painted from the next frame on.
    pub fn select(&mut self, from: (f32, f32), to: (f32, f32)) {
        self.reading.select(&self.document, self.to_css(from), self.to_css(to));
    }

    fn to_css(&self, (x, y): (f32, f32)) -> (f32, f32) {
        (x / self.scale, y / self.scale)
    }

    /// Selects all text.
    pub fn select_all(&mut self) {
        self.reading.select_all(&self.document);
    }

    /// Selects nothing.
    pub fn clear_selection(&mut self) {
        self.reading.clear_selection();
    }

    /// The selected text, its blocks on lines of their own.
    pub fn selected_text(&mut self) -> String {
        self.reading.selected_text(&self.document)
    }

    /// Marks every place that a search for this finds, as the list's search has it, from the next frame on; none for an empty
    /// string. Gives the places in
    /// their order on the page, in physical pixels: one rectangle each, of its first line.
    pub fn find(&mut self, words: &str) -> Vec<Rect> {
        let scale = self.scale;
        let found = self.reading.find(&self.document, words);
        found.into_iter().map(|rect| rect.scaled(scale)).collect()
    }

    /// All text of the page, its blocks on lines of their own: what a screen reader reads.
    pub fn text(&mut self) -> String {
        self.reading.text(&self.document)
    }

    /// The lower right corner of what is seen of texts and pictures, in CSS pixels, where the page is not made smaller to fit.
    pub fn content_end(&mut self) -> (f32, f32) {
        let scale = self.scale;
        if scale.to_bits() == self.view.scale.to_bits() {
            return reading::content_end(&self.document);
        }
        self.lay_out_at(self.view.scale);
        let end = reading::content_end(&self.document);
        self.lay_out_at(scale);
        end
    }
}

fn viewport(view: &View, ground: Ground) -> Viewport {
    let scheme = if view.dark && ground.follows_the_theme() { ColorScheme::Dark } else { ColorScheme::Light };
    Viewport::new(view.width_px, (LAYOUT_HEIGHT * view.scale) as u32, view.scale, scheme)
}
