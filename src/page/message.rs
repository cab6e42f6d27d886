//! A received message as the document that is drawn of it.

use super::legacy::Quirks;
use super::plain::html_of_text;
use super::types::{Document, Resource};
use crate::mail::MessageView;
use crate::mail::body::named_parts;
use crate::mail::clean::{Options, clean};

/// The message's HTML, cleaned, with the pictures that it brings along, or its text where it has no HTML. Total, as the reading of a
/// message is.
pub fn document_of(raw: &[u8]) -> Document {
    let view = MessageView::of_any(raw);
    let Some(html) = view.html.filter(|html| !html.trim().is_empty()) else {
        return Document { html: html_of_text(&view.readable), resources: Vec::new() };
    };
    // Remote pictures are named, not boxed: whether or not they are there, the page is laid out as its sender meant it.
    let cleaned = clean(&html, &Options { shows_remote: true });
    let resources = named_parts(raw, &cleaned.html)
        .into_iter()
        .map(|part| Resource { name: format!("cid:{}", part.id), content_type: part.content_type, bytes: part.bytes })
        .collect();
    let mark = Quirks::of(&html).mark();
    Document { html: format!("{mark}{}", cleaned.html), resources }
}
