//! What of a message is drawn as a page: its HTML, and the pictures that came along with it.
//!
//! The parts stay apart: what is drawn cleans each by itself, so that no part can swallow the one that follows it.

use std::collections::HashMap;

use super::body::text_of;
use super::layout::{content_id, related_root};
use super::mime::{self, Part};
use super::{flowed, sanitize, wrapping};

/// The parts of a message that make up its page, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hypertext {
    pub bodies: Vec<Body>,
    pub pictures: Vec<Picture>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// As received: Unicode, and nothing else about it is sure.
    Html(String),
    /// Text that stands beside it, such as what a mailing list puts below each message; fit for the screen.
    Text(String),
}

/// A picture that the page names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// As the page writes it, without the `cid:`.
    pub id: String,
    /// `type/subtype`, lower case, as the sender says.
    pub content_type: String,
    /// Octets, decoded.
    pub bytes: Vec<u8>,
}

/// Pictures of one message, and octets of them in all: beyond that nobody looks at them, and the page is to be drawn quickly.
const MAX_PICTURES: usize = 500;
const MAX_PICTURE_BYTES: usize = 64 << 20;

impl Hypertext {
    /// Takes out of a whole message what is drawn of it; None where it has no HTML that says anything. Total.
    pub fn from_raw(raw: &[u8]) -> Option<Self> {
        let bytes = wrapping::taken_off(raw).bytes;
        let tree = mime::read(&bytes);
        let mut chosen = Vec::new();
        choose(&tree.root, &mut chosen);
        if !chosen.iter().any(|part| is_html(part)) {
            return None;
        }
        let bodies: Vec<Body> = chosen.iter().map(|part| body(part)).collect();
        let pictures = pictures(&tree.root, &bodies);
        Some(Self { bodies, pictures })
    }
}

fn body(part: &Part<'_>) -> Body {
    let (bytes, _) = part.decoded();
    let text = text_of(part, &bytes);
    if is_html(part) {
        return Body::Html(text);
    }
    let is =
        |name, value: &str| part.content_type.param(name).is_some_and(|found| found.trim().eq_ignore_ascii_case(value));
    let text = if is("format", "flowed") { flowed::unflow(&text, is("delsp", "yes")) } else { text };
    Body::Text(sanitize::multiline(&text))
}

fn is_html(part: &Part<'_>) -> bool {
    part.is("text/html")
}

/// The parts that are read one after the other. Of alternatives that is the last one with HTML in it (RFC 2046 §5.1.4), of
/// what is related the part that refers to the others (RFC 2387).
fn choose<'t, 'a>(part: &'t Part<'a>, chosen: &mut Vec<&'t Part<'a>>) {
    match part.content_type.value.as_str() {
        "multipart/alternative" => {
            let with_html = part.children.iter().rev().find(|child| has_html(child));
            let says_something = || part.children.iter().find(|child| !child.body.trim_ascii().is_empty());
            if let Some(best) = with_html.or_else(says_something) {
                choose(best, chosen);
            }
        }
        "multipart/related" => {
            if let Some(root) = part.children.get(related_root(part)) {
                choose(root, chosen);
            }
        }
        _ if part.children.is_empty() => {
            if is_read(part) && (part.name().is_none() || chosen.is_empty()) {
                chosen.push(part);
            }
        }
        _ => part.children.iter().for_each(|child| choose(child, chosen)),
    }
}

/// A leaf that is text, says something, and is not there to be saved.
fn is_read(part: &Part<'_>) -> bool {
    (is_html(part) || part.is("text/plain"))
        && part.disposition.value != "attachment"
        && !part.body.trim_ascii().is_empty()
}

/// Not by choosing: each level of alternatives would choose once more among all below it.
fn has_html(part: &Part<'_>) -> bool {
    match part.children.get(related_root(part)) {
        _ if part.children.is_empty() => is_html(part) && is_read(part),
        Some(root) if part.is("multipart/related") => has_html(root),
        _ => part.children.iter().any(has_html),
    }
}

/// The pictures that the page names, each once for each way in which it is named.
fn pictures(root: &Part<'_>, bodies: &[Body]) -> Vec<Picture> {
    let mut by_id = HashMap::new();
    collect(root, &mut by_id);
    let mut pictures: Vec<Picture> = Vec::new();
    let mut room = MAX_PICTURE_BYTES;
    let html = bodies.iter().filter_map(|body| if let Body::Html(html) = body { Some(html) } else { None });
    for id in html.flat_map(|html| named_ids(html)) {
        let Some(part) = by_id.get(&unescaped(id)) else { continue };
        if pictures.len() == MAX_PICTURES || pictures.iter().any(|picture| picture.id == id) {
            continue;
        }
        let (bytes, _) = part.decoded();
        // What does not fit any more is not drawn; a smaller one behind it may be.
        if let Some(left) = room.checked_sub(bytes.len()) {
            room = left;
            let content_type = part.content_type.value.clone();
            pictures.push(Picture { id: id.to_owned(), content_type, bytes: bytes.into_owned() });
        }
    }
    pictures
}

fn collect<'t, 'a>(part: &'t Part<'a>, by_id: &mut HashMap<String, &'t Part<'a>>) {
    let is_picture = part.content_type.value.starts_with("image/") || part.is("application/octet-stream");
    if is_picture && let Some(id) = content_id(part) {
        // The first of several that call themselves the same: a later part does not take its place.
        by_id.entry(id).or_insert(part);
    }
    part.children.iter().for_each(|child| collect(child, by_id));
}

/// What stands behind every `cid:` of a page.
fn named_ids(html: &str) -> impl Iterator<Item = &str> {
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ')' | '>' | '<');
    html.split("cid:").skip(1).filter_map(move |rest| rest.split(ends).next()).filter(|id| !id.is_empty())
}

/// An id as the part itself writes it: in a page it is part of a URL (RFC 2392 §2), and of HTML.
fn unescaped(id: &str) -> String {
    let mut out = Vec::new();
    let mut rest = id.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = (byte == b'%').then(|| after.get(..2)).flatten();
        let escaped = escaped.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        out.push(escaped.unwrap_or(byte));
        rest = if escaped.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&out).replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, bodies: &[(bool, &str)], pictures: &[&str]) {
        let hypertext = Hypertext::from_raw(raw.replace('\n', "\r\n").as_bytes()).unwrap_or_default();
        let found: Vec<(bool, String)> = hypertext
            .bodies
            .iter()
            .map(|body| match body {
                Body::Html(html) => (true, html.trim().to_owned()),
                Body::Text(text) => (false, text.trim().to_owned()),
            })
            .collect();
        let found: Vec<(bool, &str)> = found.iter().map(|(is_html, text)| (*is_html, text.as_str())).collect();
        assert_eq!(found, bodies, "{raw}");
        let ids: Vec<&str> = hypertext.pictures.iter().map(|picture| picture.id.as_str()).collect();
        assert_eq!(ids, pictures, "{raw}");
    }

    fn parts(kind: &str, parts: &[&str]) -> String {
        let id = kind.len() + parts.len();
        let inner: String = parts.iter().map(|part| format!("--b{id}\n{part}\n")).collect();
        format!("Content-Type: multipart/{kind}; boundary=b{id}\n\n{inner}--b{id}--\n")
    }

    const HTML: &str = "Content-Type: text/html\n\n<p>Page</p>";
    const TEXT: &str = "Content-Type: text/plain\n\nText";

    #[test]
    fn the_page_is_what_is_drawn_of_alternatives_and_the_rest_is_read_after_it() {
        check(HTML, &[(true, "<p>Page</p>")], &[]);
        check(&parts("alternative", &[TEXT, HTML]), &[(true, "<p>Page</p>")], &[]);
        check(&parts("alternative", &[HTML, TEXT]), &[(true, "<p>Page</p>")], &[]);
        let footer = "Content-Type: text/plain\n\n_____\nThe list";
        let mixed = parts("mixed", &[&parts("alternative", &[TEXT, HTML]), footer]);
        check(&mixed, &[(true, "<p>Page</p>"), (false, "_____\nThe list")], &[]);
        let attached = "Content-Type: text/html\nContent-Disposition: attachment\n\n<p>Saved</p>";
        check(&parts("mixed", &[HTML, attached]), &[(true, "<p>Page</p>")], &[]);
    }

    #[test]
    fn a_message_without_html_has_no_page() {
        for raw in [TEXT, "", "no header", &parts("mixed", &[TEXT, TEXT]), "Content-Type: text/html\n\n  \n"] {
            assert_eq!(Hypertext::from_raw(raw.replace('\n', "\r\n").as_bytes()), None, "{raw}");
        }
        check(&parts("alternative", &[TEXT, "Content-Type: text/html\n\n \n"]), &[], &[]);
    }

    #[test]
    fn the_pictures_that_the_page_names_come_along() {
        let page = "Content-Type: text/html\n\n<img src=\"cid:a%40x\"><td background='cid:b&amp;c'><img src=cid:none>";
        let picture = |id: &str| format!("Content-Type: image/png\nContent-ID: <{id}>\n\nPNG {id}");
        let other = picture("unnamed");
        let second = "Content-Type: image/png\nContent-ID: <a@x>\n\nanother";
        let related = parts("related", &[page, &picture("a@x"), &picture("b&c"), &other, second]);
        let html = page.split_once("\n\n").unwrap().1;
        check(&related, &[(true, html)], &["a%40x", "b&amp;c"]);
        let found = Hypertext::from_raw(related.replace('\n', "\r\n").as_bytes()).unwrap();
        assert_eq!(found.pictures.first().map(|first| first.bytes.as_slice()), Some(&b"PNG a@x"[..]));
    }

    #[test]
    fn megabytes_of_names_and_alternatives_within_alternatives_take_no_time() {
        let begun = std::time::Instant::now();
        let html = format!("Content-Type: text/html\n\n{}", "<img src=cid:x>".repeat(200_000));
        assert!(Hypertext::from_raw(html.as_bytes()).is_some_and(|found| found.pictures.is_empty()));
        let nest = |inner: String, level| {
            let kind = format!("Content-Type: multipart/alternative; boundary=n{level}x\n\n");
            format!("{kind}--n{level}x\n{inner}\n--n{level}x--\n")
        };
        let deep = (0..48).fold(HTML.to_owned(), nest);
        assert!(Hypertext::from_raw(deep.as_bytes()).is_some());
        assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
    }
}
