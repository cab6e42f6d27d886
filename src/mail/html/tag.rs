//! Tags of HTML as mail has them: found, named, and asked for attributes. No tree.

/// What stands at a `<`, and the text behind it.
pub enum Markup<'a> {
    Tag(Tag<'a>, &'a str),
    /// A comment or declaration: nothing is shown of it.
    Nothing(&'a str),
    /// A `<` that begins nothing.
    Text(&'a str),
}

pub struct Tag<'a> {
    /// Lower case.
    pub name: String,
    pub is_end: bool,
    attributes: &'a str,
}

/// Octets of a tag that are looked at for attributes; pictures in `src` can be longer.
const MAX_TAG_BYTES: usize = 64 * 1024;

/// Reads the markup at the beginning of `text`, which is empty or begins with `<`.
pub fn take(text: &str) -> Markup<'_> {
    let Some(inner) = text.strip_prefix('<') else { return Markup::Nothing("") };
    if let Some(comment) = inner.strip_prefix("!--") {
        // `<!-->` and `<!--->` are whole comments.
        let end = if comment.starts_with('>') { Some(1) } else { comment.find("-->").map(|at| at + 3) };
        return Markup::Nothing(end.and_then(|end| comment.get(end..)).unwrap_or_default());
    }
    if inner.starts_with(['!', '?']) {
        return Markup::Nothing(inner.find('>').and_then(|end| inner.get(end + 1..)).unwrap_or_default());
    }
    let (is_end, named) = inner.strip_prefix('/').map_or((false, inner), |named| (true, named));
    if !named.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Markup::Text(inner);
    }
    let name_end = named.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, ':' | '-'))).unwrap_or(named.len());
    let (name, attributes) = named.split_at_checked(name_end).unwrap_or((named, ""));
    let (attributes, after) = attributes_end(attributes);
    Markup::Tag(Tag { name: name.to_ascii_lowercase(), is_end, attributes }, after)
}

/// Cuts at the `>` that ends the tag: not one inside a quoted value, unless that quote never closes.
fn attributes_end(text: &str) -> (&str, &str) {
    let window = text.get(..text.floor_char_boundary(MAX_TAG_BYTES)).unwrap_or(text);
    let mut quote = None;
    let mut after_equals = false;
    for (at, c) in window.char_indices() {
        match (quote, c) {
            (None, '>') => return (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default()),
            (None, '"' | '\'') if after_equals => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => (),
        }
        after_equals = c == '=' || (after_equals && c.is_ascii_whitespace());
    }
    let end = text.find('>').unwrap_or(text.len());
    (text.get(..end.min(window.len())).unwrap_or_default(), text.get(end + 1..).unwrap_or_default())
}

impl Tag<'_> {
    /// Value of an attribute, entities not decoded; None where it is missing.
    pub fn attribute(&self, name: &str) -> Option<String> {
        let mut rest = self.attributes;
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
            let end = rest.find(|c: char| c.is_ascii_whitespace() || c == '=').unwrap_or(rest.len());
            if end == 0 && !rest.starts_with('=') {
                return None;
            }
            let (found, tail) = rest.split_at_checked(end)?;
            let (value, after) = value(tail);
            if found.eq_ignore_ascii_case(name) {
                return Some(value.to_owned());
            }
            rest = after;
        }
    }

    /// Elements that have no content, and those that close themselves.
    pub fn is_void(&self) -> bool {
        matches!(
            self.name.as_str(),
            "area"
                | "base"
                | "br"
                | "col"
                | "embed"
                | "hr"
                | "img"
                | "input"
                | "link"
                | "meta"
                | "source"
                | "track"
                | "wbr"
        ) || self.attributes.ends_with('/')
    }

    /// Elements whose content is never text of the page.
    pub fn is_never_shown(&self) -> bool {
        matches!(
            self.name.as_str(),
            "head"
                | "title"
                | "style"
                | "script"
                | "template"
                | "noscript"
                | "svg"
                | "math"
                | "object"
                | "iframe"
                | "select"
                | "audio"
                | "video"
        )
    }

    /// Whether the element says that it is not to be seen.
    pub fn is_hidden(&self) -> bool {
        if self.attributes.is_empty() || matches!(self.name.as_str(), "html" | "body") {
            return false;
        }
        let style: String = self.attribute("style").unwrap_or_default();
        let style: String = style.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
        let has = |needle: &str| style.split(';').any(|rule| rule.split('!').next() == Some(needle));
        self.attribute("hidden").is_some()
            || has("display:none")
            || has("visibility:hidden")
            || has("mso-hide:all")
            || has("font-size:0")
            || has("font-size:0px")
            || has("opacity:0")
    }

    /// A head that was not closed ends where the body begins.
    pub fn ends_skipping(&self, skipped: &str) -> bool {
        skipped == "head" && self.name == "body"
    }

    /// Behind a tag whose content is no HTML, where its end tag begins; elsewhere `after` itself.
    pub fn raw_content_end<'a>(&self, after: &'a str) -> &'a str {
        if self.is_end || !matches!(self.name.as_str(), "style" | "script") || self.is_void() {
            return after;
        }
        let bytes = after.as_bytes();
        let mut from = 0;
        while let Some(at) = after.get(from..).and_then(|tail| tail.find("</")).map(|at| from + at) {
            let name = bytes.get(at + 2..at + 2 + self.name.len()).unwrap_or_default();
            if name.eq_ignore_ascii_case(self.name.as_bytes()) {
                return after.get(at..).unwrap_or_default();
            }
            from = at + 2;
        }
        ""
    }

    /// Line ends around the element: two around what is a paragraph of its own, one around other blocks, none inside a line.
    pub fn lines_around(&self) -> usize {
        match self.name.as_str() {
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "table" | "dl" | "figure" => 2,
            "div" | "section" | "article" | "header" | "footer" | "main" | "aside" | "nav" | "address" | "center"
            | "form" | "fieldset" | "dt" | "dd" | "caption" | "tbody" | "thead" | "tfoot" | "body" | "html"
            | "figcaption" | "details" | "summary" | "option" => 1,
            _ => 0,
        }
    }
}

/// The value behind an attribute's name, and what follows it.
fn value(tail: &str) -> (&str, &str) {
    let Some(text) = tail.trim_start().strip_prefix('=') else { return ("", tail) };
    let text = text.trim_start();
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''));
    let (text, end) = match quote {
        Some(quote) => {
            let inner = text.get(1..).unwrap_or_default();
            (inner, inner.find(quote).unwrap_or(inner.len()))
        }
        None => (text, text.find(|c: char| c.is_ascii_whitespace()).unwrap_or(text.len())),
    };
    let (value, after) = text.split_at_checked(end).unwrap_or((text, ""));
    (value, after.get(usize::from(quote.is_some())..).unwrap_or_default())
}
