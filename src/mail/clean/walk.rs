//! Through the tree of a page, writing what it keeps.

use std::collections::HashSet;

use html5ever::{Attribute, ns};
use url::Url;

use super::address::{self, Source};
use super::css::{self, Declaration, MAX_SHEET_BYTES};
use super::element::{self, Kind, Treatment, Value};
use super::picture::{self, Place, Remotes, Size};
use super::tree::{DOCUMENT, Data, NodeId, Tree};
use super::value::{attribute, count, escape, fonts, is_color, is_number, word};
use super::{Cleaned, feed, link, text};

/// Levels of a page; deeper elements are left out and their content stays. Honest mail has up to a hundred.
const MAX_DEPTH: usize = 256;
/// Rows of all tables.
const MAX_ROWS: usize = 20_000;
/// Columns of one row.
const MAX_COLUMNS: usize = 1000;
/// Octets of words in an attribute, and of names.
const MAX_WORDS_BYTES: usize = 1000;
/// Links of a page; more come only in attacks, and each is to be looked at.
const MAX_LINKS: usize = 10_000;
/// Octets of a link’s text that are gathered.
const MAX_LINK_TEXT_BYTES: usize = 2000;

/// How the page names remote pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remote {
    /// By their addresses, as it came.
    Named { is_shown: bool },
    /// By number: it was cleaned before.
    Numbered,
}

/// Reads a page once.
pub fn run(html: &str, remote: Remote) -> Cleaned {
    // What was cut once is not cut again.
    let max_elements = if remote == Remote::Numbered { 2 * feed::MAX_ELEMENTS } else { feed::MAX_ELEMENTS };
    let parsed = feed::parse(html, max_elements);
    let base = base(&parsed.tree);
    let mut walk = Walk {
        tree: &parsed.tree,
        remote,
        base,
        out: String::with_capacity(html.len()),
        sheets: String::new(),
        sheet_bytes: 0,
        remotes: Remotes::default(),
        known_parts: HashSet::new(),
        links: Vec::new(),
        open: Vec::new(),
        written: 0,
        rows: 0,
        cleaned: Cleaned { is_cut: parsed.is_cut, ..Cleaned::default() },
    };
    walk.all();
    walk.finish()
}

/// The first `<base>` with an address counts (HTML §4.2.3).
fn base(tree: &Tree) -> Option<Url> {
    let mut next = Some(DOCUMENT);
    let mut above = Vec::new();
    // A base stands in the head; nobody is served by one that comes behind a thousand elements.
    for _ in 0..1000 {
        let id = next?;
        if let Some(Data::Element(name, attributes)) = tree.node(id).map(|node| &node.data)
            && &*name.local == "base"
            && let Some(href) = attributes.iter().find(|attribute| &*attribute.name.local == "href")
        {
            return address::base(&href.value);
        }
        next = match tree.first_child(id) {
            Some(child) => {
                above.push(id);
                Some(child)
            }
            None => {
                let mut sibling = tree.next_sibling(id);
                while let (None, Some(parent)) = (sibling, above.pop()) {
                    sibling = tree.next_sibling(parent);
                }
                sibling
            }
        };
    }
    None
}

/// An element that is open.
#[derive(Clone, Copy)]
struct Open {
    id: NodeId,
    /// Its end tag, if it has one.
    end: Option<&'static str>,
    around: Around,
}

/// What is around a node.
#[derive(Clone, Copy, Default)]
struct Around {
    is_body: bool,
    is_hidden: bool,
    /// Place of the link that it is in.
    link: Option<usize>,
    /// Columns of the row so far.
    columns: usize,
    /// No text has come yet in a `<pre>`, where a first line end does not count.
    begins_pre: bool,
}

struct Walk<'t> {
    tree: &'t Tree,
    remote: Remote,
    base: Option<Url>,
    out: String,
    sheets: String,
    sheet_bytes: usize,
    remotes: Remotes,
    known_parts: HashSet<String>,
    /// Text and target.
    links: Vec<(String, String)>,
    open: Vec<Open>,
    /// How many of the open ones have a tag.
    written: usize,
    rows: usize,
    cleaned: Cleaned,
}

impl Walk<'_> {
    fn all(&mut self) {
        let mut next = self.tree.first_child(DOCUMENT);
        while let Some(id) = next {
            if let Some(child) = self.enter(id).then(|| self.tree.first_child(id)).flatten() {
                next = Some(child);
                continue;
            }
            if self.open.last().is_some_and(|open| open.id == id) {
                self.leave();
            }
            next = self.tree.next_sibling(id);
            while next.is_none()
                && let Some(parent) = self.open.last().map(|open| open.id)
            {
                self.leave();
                next = self.tree.next_sibling(parent);
            }
        }
    }

    fn leave(&mut self) {
        if let Some(name) = self.open.pop().and_then(|open| open.end) {
            self.written -= 1;
            self.out.push_str("</");
            self.out.push_str(name);
            self.out.push('>');
        }
    }

    fn around(&self) -> Around {
        self.open.last().map(|open| open.around).unwrap_or_default()
    }

    /// Writes a node’s begin; true where its children come next, and then it is open.
    fn enter(&mut self, id: NodeId) -> bool {
        let tree = self.tree;
        match tree.node(id).map(|node| &node.data) {
            Some(Data::Text(words)) => {
                self.text(words);
                false
            }
            Some(Data::Element(name, attributes)) if name.ns == ns!(html) => self.element(id, &name.local, attributes),
            Some(Data::Element(..)) => {
                self.cleaned.refused.drawings += 1;
                false
            }
            Some(Data::Other) | None => false,
        }
    }

    fn text(&mut self, words: &str) {
        let around = self.around();
        if !around.is_body {
            return;
        }
        let words = text::clean(words);
        if around.begins_pre && words.starts_with('\n') {
            self.out.push('\n');
        }
        self.goes_on();
        escape(&words, &mut self.out);
        self.link_text(&words);
    }

    /// Something was written: a line end that follows is not the first in its `<pre>`.
    fn goes_on(&mut self) {
        for open in self.open.iter_mut().rev().take_while(|open| open.around.begins_pre) {
            open.around.begins_pre = false;
        }
    }

    fn link_text(&mut self, words: &str) {
        let around = self.around();
        if let Some((text, _)) = around.link.filter(|_| !around.is_hidden).and_then(|at| self.links.get_mut(at)) {
            let room = MAX_LINK_TEXT_BYTES.saturating_sub(text.len());
            text.push_str(text::cut(words, room));
        }
    }

    fn element(&mut self, id: NodeId, name: &str, attributes: &[Attribute]) -> bool {
        let is_closed_dialog = name == "dialog" && attribute(attributes, "open").is_none();
        match element::treatment(name) {
            Treatment::Drop(kind) => {
                self.refuse(kind);
                false
            }
            _ if is_closed_dialog => false,
            Treatment::Style => {
                self.style_sheet(id, attributes);
                false
            }
            Treatment::Field => {
                self.field(attributes);
                false
            }
            Treatment::Unwrap => self.unwrapped(id),
            Treatment::Keep("head") => self.unwrapped(id),
            Treatment::Keep(_) if self.written >= MAX_DEPTH => self.unwrapped(id),
            Treatment::Keep("img") => {
                self.image(attributes);
                false
            }
            Treatment::Keep(name) => self.kept(id, name, attributes),
        }
    }

    fn refuse(&mut self, kind: Kind) {
        let refused = &mut self.cleaned.refused;
        let count = match kind {
            Kind::Script => &mut refused.scripts,
            Kind::Frame => &mut refused.frames,
            Kind::Plugin => &mut refused.plugins,
            Kind::Field => &mut refused.fields,
            Kind::Other => &mut refused.elements,
        };
        *count += 1;
    }

    fn unwrapped(&mut self, id: NodeId) -> bool {
        let around = self.around();
        self.open.push(Open { id, end: None, around });
        true
    }

    fn kept(&mut self, id: NodeId, name: &'static str, attributes: &[Attribute]) -> bool {
        let mut around = self.around();
        match name {
            "tr" if self.rows >= MAX_ROWS => {
                self.cleaned.is_cut = true;
                return false;
            }
            "tr" => {
                self.rows += 1;
                around.columns = 0;
            }
            "td" | "th" => {
                let columns = attribute(attributes, "colspan").and_then(|value| count(value, 100)).unwrap_or(1);
                let before = self.open.last_mut().map(|row| &mut row.around.columns);
                if let Some(before) = before {
                    *before += usize::try_from(columns).unwrap_or(usize::MAX);
                    if *before > MAX_COLUMNS {
                        self.cleaned.is_cut = true;
                        return false;
                    }
                }
            }
            "body" => around.is_body = true,
            _ => (),
        }
        if !around.is_body && name != "html" {
            return self.unwrapped(id);
        }
        let style = self.style(attributes, around.is_hidden);
        around.is_hidden |= picture::is_hidden(&style.declarations) || attribute(attributes, "hidden").is_some();
        self.goes_on();
        around.begins_pre = name == "pre";
        self.out.push('<');
        self.out.push_str(name);
        for found in attributes {
            self.attribute(name, found, &style, &mut around);
        }
        self.out.push('>');
        if element::is_void(name) {
            return false;
        }
        self.written += 1;
        self.open.push(Open { id, end: Some(name), around });
        true
    }

    fn attribute(&mut self, element: &'static str, found: &Attribute, style: &Style, around: &mut Around) {
        let (name, value) = (&*found.name.local, &*found.value);
        let kind = if found.name.ns == ns!() { element::attribute(element, name) } else { None };
        let Some(kind) = kind else {
            self.cleaned.refused.attributes += 1;
            return;
        };
        let written = match kind {
            Value::Text | Value::Names => Some(text::clean(text::cut(value, MAX_WORDS_BYTES)).into_owned()),
            Value::Length => picture::Length::read(value).map(|_| value.trim().to_owned()),
            Value::Color => Some(value.trim()).filter(|color| is_color(color)).map(str::to_owned),
            Value::Count(most) => count(value, most).map(|count| count.to_string()),
            Value::Number => value.trim().parse::<i32>().ok().map(|_| value.trim().to_owned()),
            Value::Word => word(name, value),
            Value::Fonts => fonts(value),
            Value::Style => Some(css::written(&style.declarations)).filter(|style| !style.is_empty()),
            Value::Link => self.link(value, around),
            Value::Picture => None,
            Value::Background => self.shown(value, Place::Background, style.is_unseen),
        };
        match written {
            Some(value) => self.write_attribute(name, &value),
            None => self.cleaned.refused.attributes += 1,
        }
    }

    fn write_attribute(&mut self, name: &str, value: &str) {
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
        escape(value, &mut self.out);
        self.out.push('"');
    }

    fn link(&mut self, address: &str, around: &mut Around) -> Option<String> {
        let Some(target) = address::link(address, self.base.as_ref()) else {
            self.cleaned.refused.addresses += 1;
            return None;
        };
        if !target.starts_with('#') {
            if self.links.len() >= MAX_LINKS {
                self.cleaned.is_cut = true;
                return None;
            }
            around.link = Some(self.links.len());
            self.links.push((String::new(), target.clone()));
        }
        Some(target)
    }

    /// How the page names a picture; None where it does not show it.
    fn shown(&mut self, address: &str, place: Place, is_unseen: bool) -> Option<String> {
        if self.remote == Remote::Numbered && is_number(address) {
            return Some(address.to_owned());
        }
        match address::picture(address) {
            Source::Here(name) => {
                if name.starts_with("cid:") && self.known_parts.insert(name.clone()) {
                    self.cleaned.parts.push(name.clone());
                }
                Some(name)
            }
            Source::Remote(url) => {
                let number = self.remotes.note(&url, place, is_unseen)?;
                (self.remote == Remote::Named { is_shown: true }).then(|| format!("remote:{number}"))
            }
            Source::Nowhere => {
                self.cleaned.refused.addresses += 1;
                None
            }
        }
    }

    fn style(&mut self, attributes: &[Attribute], is_hidden: bool) -> Style {
        let [width, height] = ["width", "height"].map(|name| attribute(attributes, name));
        let source = attribute(attributes, "style").unwrap_or_default();
        let mut addresses = 0;
        let mut refused = 0;
        let mut unasked = |_: &str| {
            addresses += 1;
            None
        };
        let declarations = css::style(source, &mut unasked, &mut refused);
        let is_unseen = is_hidden
            || picture::is_hidden(&declarations)
            || attribute(attributes, "hidden").is_some()
            || Size::of(&declarations, width, height).is_pixel();
        // Whether its pictures can be seen is only known now.
        let declarations = if addresses == 0 {
            declarations
        } else {
            css::style(source, &mut |url| self.shown(url, Place::Background, is_unseen), &mut 0)
        };
        self.cleaned.refused.styles += refused;
        Style { declarations, is_unseen }
    }

    fn style_sheet(&mut self, id: NodeId, attributes: &[Attribute]) {
        let kind = attribute(attributes, "type").map(|kind| kind.trim().to_ascii_lowercase()).unwrap_or_default();
        if !matches!(kind.as_str(), "" | "text/css") {
            self.cleaned.refused.styles += 1;
            return;
        }
        let mut source = String::new();
        let mut next = self.tree.first_child(id);
        while let Some(child) = next {
            if let Some(Data::Text(piece)) = self.tree.node(child).map(|node| &node.data) {
                source.push_str(piece);
            }
            next = self.tree.next_sibling(child);
        }
        let room = MAX_SHEET_BYTES.saturating_sub(self.sheet_bytes);
        self.sheet_bytes += source.len();
        if source.len() > room {
            self.cleaned.refused.styles += 1;
            // What is cut ends with the last rule that is whole.
            source.truncate(source.floor_char_boundary(room));
            source.truncate(source.rfind('}').map_or(0, |at| at + 1));
        }
        let mut refused = 0;
        let sheet = css::sheet(&source, &mut |url| self.shown(url, Place::Background, false), &mut refused);
        self.cleaned.refused.styles += refused;
        match attribute(attributes, "media").map(str::trim).filter(|media| !media.is_empty()) {
            None => self.sheets.push_str(&sheet),
            Some(media) => match css::media(media) {
                Some(media) if !sheet.is_empty() => self.sheets.push_str(&format!("@media {media}{{\n{sheet}}}\n")),
                _ => (),
            },
        }
    }

    /// Of a field, what is written on it.
    fn field(&mut self, attributes: &[Attribute]) {
        self.cleaned.refused.fields += 1;
        let kind = attribute(attributes, "type").unwrap_or_default().trim().to_ascii_lowercase();
        let words = match kind.as_str() {
            "submit" | "button" | "reset" => attribute(attributes, "value"),
            "image" => attribute(attributes, "alt"),
            _ => None,
        };
        if let Some(words) = words {
            self.text(&text::clean(text::cut(words, MAX_WORDS_BYTES)));
        }
    }

    fn image(&mut self, attributes: &[Attribute]) {
        if !self.around().is_body {
            return;
        }
        let around = self.around();
        let style = self.style(attributes, around.is_hidden);
        let source = attribute(attributes, "src").unwrap_or_default();
        let alt = text::clean(text::cut(attribute(attributes, "alt").unwrap_or_default(), MAX_WORDS_BYTES));
        let [width, height] = ["width", "height"].map(|name| attribute(attributes, name));
        let size = Size::of(&style.declarations, width, height);
        let before = self.remotes.list.len();
        match self.shown(source, Place::Picture, style.is_unseen) {
            Some(name) => {
                self.goes_on();
                self.out.push_str("<img");
                self.write_attribute("src", &name);
                let mut unchanged = around;
                for found in attributes.iter().filter(|found| &*found.name.local != "src") {
                    self.attribute("img", found, &style, &mut unchanged);
                }
                self.out.push('>');
            }
            None if style.is_unseen || picture::is_spacer(size, &alt) => {
                // What only holds place is not asked for.
                if picture::is_spacer(size, &alt) && !style.is_unseen {
                    self.empty_box(attributes, &style, size, "");
                }
            }
            None if self.is_tracker(before, source) => (),
            None => self.empty_box(attributes, &style, size, alt.trim()),
        }
        self.link_text(&alt);
    }

    /// Whether a picture that is not shown is one that counts readers.
    fn is_tracker(&self, before: usize, source: &str) -> bool {
        match self.remotes.list.get(before) {
            Some(noted) => noted.is_tracker,
            None => match address::picture(source) {
                Source::Remote(url) => self.remotes.list.iter().any(|known| known.url == url && known.is_tracker),
                _ => false,
            },
        }
    }

    /// A box as large as the picture, with its words.
    fn empty_box(&mut self, attributes: &[Attribute], style: &Style, size: Size, alt: &str) {
        let align = attribute(attributes, "align").map(str::to_ascii_lowercase);
        let words = if picture::has_room(size) { alt } else { "" };
        let declarations = picture::box_style(style.declarations.clone(), size, !words.is_empty(), align.as_deref());
        let class = attribute(attributes, "class").unwrap_or_default();
        let class = text::clean(text::cut(class, MAX_WORDS_BYTES));
        self.goes_on();
        self.out.push_str("<span");
        self.write_attribute("class", format!("{} {class}", super::BOX_CLASS).trim());
        self.write_attribute("style", &css::written(&declarations));
        self.out.push('>');
        escape(words, &mut self.out);
        self.out.push_str("</span>");
    }

    fn finish(mut self) -> Cleaned {
        // A page without a body has nothing in it either.
        let body = self.out.strip_prefix("<html").unwrap_or("></html>");
        let (html_tag, rest) = body.split_once('>').unwrap_or((body, ""));
        let sheets = if self.sheets.is_empty() { String::new() } else { format!("<style>\n{}</style>", self.sheets) };
        self.cleaned.html = format!("<!----><html{html_tag}><head>{sheets}</head>{rest}");
        self.cleaned.remote = self.remotes.list;
        // Of what is read again only the page counts.
        if self.remote != Remote::Numbered {
            self.cleaned.links = self.links.into_iter().map(|(text, target)| link::link(&text, target)).collect();
        }
        self.cleaned
    }
}

/// A `style` attribute that was read.
struct Style {
    declarations: Vec<Declaration>,
    /// Nobody sees the element: what it shows is not to be fetched.
    is_unseen: bool,
}
