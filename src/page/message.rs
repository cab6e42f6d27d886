//! A received message as the document that is drawn of it.

use super::legacy::Quirks;
use super::plain::html_of_text;
use super::types::{Document, Resource};
use crate::mail::clean::{self, Link, Options, RemotePicture};
use crate::mail::hypertext::{Body, Hypertext};
use crate::mail::{Circumstances, MessageView};

/// The page of a message: cleaned, with the pictures that it brings along.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageDocument {
    pub document: Document,
    /// Every link of the page.
    pub links: Vec<Link>,
    /// The remote pictures that the page names `remote:N`, by their place here.
    pub remote: Vec<RemotePicture>,
}

impl MessageDocument {
    /// None: the message has no HTML. Total, as the reading of a message is.
    pub fn from_raw(raw: &[u8]) -> Option<Self> {
        let Hypertext { bodies, pictures } = Hypertext::from_raw(raw)?;
        let (mut made, mut html) = (Self::default(), String::new());
        for body in bodies {
            match body {
                Body::Html(source) => {
                    let is_first = html.is_empty();
                    if is_first {
                        html.push_str(Quirks::of(&source).mark());
                    }
                    // Remote pictures are named, not boxed: whether or not they are there, the page is laid out as its sender
                    // meant it. (Numbers of a second page would be those of the first.)
                    let cleaned = clean::clean(&source, &Options { shows_remote: is_first });
                    html.push_str(&cleaned.html);
                    made.links.extend(cleaned.links);
                    if is_first {
                        made.remote = cleaned.remote;
                    }
                }
                Body::Text(text) => html.push_str(&preformatted(&text)),
            }
        }
        let resource = |picture: crate::mail::hypertext::Picture| Resource {
            name: format!("cid:{}", picture.id),
            content_type: picture.content_type,
            bytes: picture.bytes,
        };
        made.document = Document { html, resources: pictures.into_iter().map(resource).collect() };
        Some(made)
    }
}

/// The message's page, or its text where it has no HTML. Total.
pub fn document_of(raw: &[u8]) -> Document {
    let text = || Document {
        html: html_of_text(&MessageView::of_any(raw, &Circumstances::default()).readable),
        resources: Vec::new(),
    };
    MessageDocument::from_raw(raw).map_or_else(text, |made| made.document)
}

/// Text that stands beside a page, as it is written.
fn preformatted(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("<div style=\"white-space: pre-wrap; clear: both\">{escaped}</div>")
}
