//! Which parts of a message are its body, and which are attached: decided from the tree alone, nothing decoded.

use super::header;
use super::mime::{Part, Tree};
use super::sanitize;

/// A part that belongs to the text of the message.
#[derive(Clone, Copy, Debug)]
pub struct Body<'t, 'a> {
    pub part: &'t Part<'a>,
    pub is_html: bool,
    /// Whether it is shown: of the alternatives of one text only the best is.
    pub is_shown: bool,
}

/// A part that a person can save.
#[derive(Clone, Copy, Debug)]
pub struct Attached<'t, 'a> {
    pub part: &'t Part<'a>,
    /// Inside a `multipart/related`, where the parts of a page are.
    pub in_related: bool,
}

#[derive(Debug, Default)]
pub struct Layout<'t, 'a> {
    pub bodies: Vec<Body<'t, 'a>>,
    pub attached: Vec<Attached<'t, 'a>>,
}

/// Divides the tree, in the order of the message.
pub fn divide<'t, 'a>(tree: &'t Tree<'a>) -> Layout<'t, 'a> {
    let mut layout = Layout::default();
    layout.add(&tree.root, Place { is_root: true, ..Place::default() });
    layout
}

#[derive(Clone, Copy, Default)]
struct Place {
    is_root: bool,
    in_related: bool,
    /// Not the first part of a `multipart/related`: something the page refers to.
    is_resource: bool,
}

impl<'t, 'a> Layout<'t, 'a> {
    fn add(&mut self, part: &'t Part<'a>, place: Place) {
        if part.children.is_empty() {
            return self.add_leaf(part, place);
        }
        match part.content_type.value.as_str() {
            "multipart/alternative" => self.add_alternatives(part, place),
            "multipart/related" => {
                let root = related_root(part);
                for (at, child) in part.children.iter().enumerate() {
                    self.add(child, Place { is_root: false, in_related: true, is_resource: at != root });
                }
            }
            _ => {
                for child in &part.children {
                    self.add(child, Place { is_root: false, ..place });
                }
            }
        }
    }

    /// Of alternatives the plain text is shown if it says anything, else the last one that does (RFC 2046 §5.1.4).
    fn add_alternatives(&mut self, part: &'t Part<'a>, place: Place) {
        let first = self.bodies.len();
        let mut ranges = Vec::new();
        for child in &part.children {
            let start = self.bodies.len();
            self.add(child, Place { is_root: false, ..place });
            ranges.push(start..self.bodies.len());
        }
        let says_something = |body: &Body<'_, '_>| body.is_shown && !body.part.body.trim_ascii().is_empty();
        let bodies_of = |range: &std::ops::Range<usize>| self.bodies.get(range.clone()).unwrap_or_default();
        let plain =
            ranges.iter().find(|range| bodies_of(range).iter().any(|body| says_something(body) && !body.is_html));
        let chosen = plain.or_else(|| ranges.iter().rev().find(|range| bodies_of(range).iter().any(says_something)));
        let chosen = chosen.cloned().unwrap_or(first..self.bodies.len());
        for (at, body) in self.bodies.iter_mut().enumerate().skip(first) {
            body.is_shown &= chosen.contains(&at);
        }
    }

    fn add_leaf(&mut self, part: &'t Part<'a>, place: Place) {
        if self.is_body(part, place) {
            self.bodies.push(Body { part, is_html: part.is("text/html"), is_shown: true });
        } else {
            self.attached.push(Attached { part, in_related: place.in_related });
        }
    }

    /// Text is body, unless it says that it is attached, has a name while there is a body already, or belongs to a page.
    fn is_body(&self, part: &Part<'_>, place: Place) -> bool {
        let is_text = part.is("text/plain")
            || part.is("text/html")
            || (place.is_root && part.content_type.value.starts_with("text/") && part.name().is_none());
        let is_named_extra = part.name().is_some() && !self.bodies.is_empty();
        is_text && part.disposition.value != "attachment" && !is_named_extra && !place.is_resource
    }
}

/// The page of a `multipart/related`: the part that `start` names (RFC 2387 §3.2), else the first.
pub(super) fn related_root(part: &Part<'_>) -> usize {
    let start = part.content_type.param("start").map(bare_id).filter(|start| !start.is_empty());
    let named =
        start.and_then(|start| part.children.iter().position(|child| content_id(child).as_deref() == Some(&start)));
    named.unwrap_or(0)
}

/// `Content-ID` without its brackets.
pub fn content_id(part: &Part<'_>) -> Option<String> {
    part.header.field("Content-ID").map(|field| bare_id(&field.unfolded(None))).filter(|id| !id.is_empty())
}

fn bare_id(id: &str) -> String {
    id.trim().trim_start_matches('<').trim_end_matches('>').to_owned()
}

/// The name under which a part is saved: its own, that of the message inside it, or one made from its type.
pub fn safe_name(part: &Part<'_>) -> String {
    let kind = part.content_type.value.as_str();
    if part.name().is_none() && matches!(kind, "message/rfc822" | "message/global") {
        let (bytes, _) = part.decoded();
        let (inner, _) = header::read(&bytes, |_| false);
        let subject = inner.decoded("Subject", None).map(|subject| sanitize::line(&subject)).unwrap_or_default();
        let stem = if subject.is_empty() { "message".to_owned() } else { subject };
        return sanitize::file_name(Some(&format!("{}.eml", stem.replace(['/', '\\'], "_"))), kind);
    }
    sanitize::file_name(part.name(), kind)
}
