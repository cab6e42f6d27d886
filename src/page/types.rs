//! What goes into a page and what comes out of it: plain data that can be sent to another process.

use serde::{Deserialize, Serialize};

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Cleaned HTML; it begins with an empty comment, so that no doctype makes it XML.
    pub html: String,
    /// The pictures that it names and may show.
    pub resources: Vec<Resource>,
}

/// A picture of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// As the page names it: `cid:…`, or `remote:3` for the third of the pictures that were fetched.
    pub name: String,
    /// As the message or the server says; what the octets say counts.
    pub content_type: String,
    pub bytes: Vec<u8>,
}

/// The window onto a page.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// In physical pixels.
    pub width_px: u32,
    /// In physical pixels.
    pub height_px: u32,
    /// Physical pixels of one CSS pixel, zoom included.
    pub scale: f32,
    /// How far the page is scrolled down, in physical pixels; what is too far is as far as possible.
    pub scroll_y_px: u32,
    /// Dark colours, where the page knows any or sets none of its own.
    pub dark: bool,
}

impl View {
    /// A window that nothing is seen through.
    pub(super) const NOTHING: Self = Self { width_px: 0, height_px: 0, scale: 1.0, scroll_y_px: 0, dark: false };
}

/// What is seen of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    pub width_px: u32,
    pub height_px: u32,
    /// Where the frame lies on the page: the view's, or less where the page ends earlier.
    pub scroll_y_px: u32,
    /// The height of all of the page at this width.
    pub page_height_px: u32,
    /// Rows of pixels from the top, four octets each, premultiplied.
    pub rgba: Vec<u8>,
}

/// What lies at a point of a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hit {
    /// The link's target, as the page writes it.
    Link(String),
    /// Text that can be selected.
    Text,
    Nothing,
}

/// A rectangle of a page, in physical pixels from its upper left corner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rect {
    pub x_px: f32,
    pub y_px: f32,
    pub width_px: f32,
    pub height_px: f32,
}

impl Rect {
    pub(super) fn scaled(self, scale: f32) -> Self {
        Self {
            x_px: self.x_px * scale,
            y_px: self.y_px * scale,
            width_px: self.width_px * scale,
            height_px: self.height_px * scale,
        }
    }
}

/// Why a page is not drawn. The message's text can be shown instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Refused {
    /// More of something than can be laid out in the time and memory that a message may take.
    #[error("the page is too large to be drawn: {found} {what}, and {limit} is the most")]
    TooLarge { what: String, found: u64, limit: u64 },
    /// The engine gave up on it.
    #[error("the page cannot be drawn")]
    Failed,
}
