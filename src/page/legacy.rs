//! The attributes of the web's first years, which mails are still made of: `valign`, `cellpadding`, `<font>`, `background` …
//! Each becomes a rule of the weakest origin, which is what a presentational hint is (HTML §15.2): whatever a style sheet says
//! goes before it. What Blitz reads by itself, and wrongly, is written anew in the document.

use std::collections::HashSet;
use std::fmt::Write as _;

use blitz_dom::{BaseDocument, LocalName, Node, NodeId};

use super::dom::{self, plain_name};

/// How far a document is laid out as the first browsers did, by its doctype (HTML §13.2.6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quirks {
    No,
    /// Only a cell with nothing but pictures is no higher than they are.
    Limited,
    Full,
}

impl Quirks {
    /// The comment that tells of it in front of a cleaned document, which has no doctype left.
    pub(super) fn mark(self) -> &'static str {
        match self {
            Self::No => "<!---->",
            Self::Limited => "<!--limited-quirks-->",
            Self::Full => "<!--quirks-->",
        }
    }

    /// What the mark at the beginning of a document says.
    pub(super) fn marked(html: &str) -> Self {
        let is = |quirks: &Self| html.starts_with(quirks.mark());
        [Self::Limited, Self::Full].into_iter().find(is).unwrap_or(Self::No)
    }

    /// What the doctype of a page says.
    pub(super) fn of(html: &str) -> Self {
        let head: String = html.chars().take(2000).collect::<String>().to_ascii_lowercase();
        let Some(doctype) = head.split_once("<!doctype").and_then(|(_, rest)| rest.split('>').next()) else {
            return Self::Full;
        };
        let has_system = doctype.contains(".dtd");
        if doctype.contains("//dtd xhtml 1.0 transitional//") || doctype.contains("//dtd xhtml 1.0 frameset//") {
            Self::Limited
        } else if doctype.contains("//dtd html 4.01 transitional//") || doctype.contains("//dtd html 4.01 frameset//") {
            if has_system { Self::Limited } else { Self::Full }
        } else if doctype.contains("//dtd html 4.01//") || doctype.contains("//dtd xhtml") || doctype.trim() == "html" {
            Self::No
        } else if doctype.contains("public") {
            Self::Full
        } else {
            Self::No
        }
    }
}

/// Controls that are only looked at, at the size that they have elsewhere.
const CONTROLS: &str = "input[type=checkbox],input[type=radio]{box-sizing:border-box;width:13px;height:13px}\n";

/// In quirks mode a table begins anew with fonts and alignment.
const QUIRKS: &str = "table{font-weight:initial;font-style:initial;font-variant:initial;font-size:initial;\
    line-height:initial;white-space:initial;text-align:start}\
    [data-first]{margin-block-start:0}[data-last]{margin-block-end:0}\n";

/// Rules for all legacy attributes of a document, having mended those that Blitz would misread.
pub(super) fn rules(document: &mut BaseDocument, quirks: Quirks) -> String {
    let mut sheet = Sheet::default();
    sheet.rules.push_str(CONTROLS);
    if quirks == Quirks::Full {
        sheet.rules.push_str(QUIRKS);
        swallow_margins(document);
    }
    if quirks != Quirks::No {
        cells_of_pictures(document);
    }
    let mut changes: Vec<(NodeId, &'static str, &'static str, String)> = Vec::new();
    for id in dom::elements(document) {
        let Some(element) = document.get_node(id).and_then(|node| node.element_data()) else { continue };
        let tag = element.name.local.to_string();
        for attribute in element.attrs() {
            let (name, value) = (attribute.name.local.as_ref(), attribute.value.trim());
            sheet.add(&tag, name, &attribute.value, value);
            match name {
                "align" if tag == "table" || tag == "img" || tag == "hr" => {
                    let alone = if tag == "table" && is_alone(document, id) { " alone" } else { "" };
                    changes.push((id, "align", "data-align", value.to_ascii_lowercase() + alone));
                }
                "align" => {
                    let said = value.to_ascii_lowercase();
                    let known = if said == "middle" { "center".to_owned() } else { said };
                    if known != attribute.value.as_str() {
                        changes.push((id, "align", "align", known));
                    }
                }
                "bgcolor" => {
                    if let Some(colour) = colour(value).filter(|colour| *colour != attribute.value.as_str()) {
                        changes.push((id, "bgcolor", "bgcolor", colour));
                    }
                }
                _ => {}
            }
        }
    }
    let mut mutator = document.mutate();
    for (id, old, new, value) in changes {
        if old != new {
            mutator.clear_attribute(id, plain_name(old));
        }
        mutator.set_attribute(id, plain_name(new), &value);
    }
    drop(mutator);
    sheet.rules
}

/// Whether an element has its parent to itself.
fn is_alone(document: &BaseDocument, id: NodeId) -> bool {
    let Some(node) = document.get_node(id) else { return false };
    let Some(parent) = node.parent.and_then(|parent| document.get_node(parent)) else { return false };
    let is_other = |child: &Node| child.id != id && (child.is_element() || child.is_text_node());
    !parent.children.iter().map(|child| node.with(*child)).any(|child| is_other(child) && !child.is_whitespace_node())
}

/// In quirks mode, the margins that paragraphs and their like have by themselves are nothing at the beginning of the body, and
/// at both ends of a cell (HTML §15.3.10).
fn swallow_margins(document: &mut BaseDocument) {
    const QUIRKY: [&str; 17] = [
        "blockquote",
        "dir",
        "dl",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "listing",
        "menu",
        "ol",
        "p",
        "plaintext",
        "pre",
        "ul",
        "xmp",
    ];
    let mut marks: Vec<(NodeId, &str)> = Vec::new();
    for id in dom::elements(document) {
        let Some(node) = document.get_node(id).filter(|node| matches!(dom::tag(node), "body" | "td" | "th")) else {
            continue;
        };
        // A margin passes through what has none of its own between it and the edge.
        for (is_end, mark) in [(false, "data-first"), (true, "data-last")] {
            if is_end && dom::tag(node) == "body" {
                continue;
            }
            let mut at = node;
            while let Some(child) = outermost_child(at, is_end) {
                if QUIRKY.contains(&dom::tag(child)) {
                    marks.push((child.id, mark));
                    break;
                }
                if !matches!(dom::tag(child), "div" | "center" | "form" | "section" | "article" | "font" | "span" | "b")
                {
                    break;
                }
                at = child;
            }
        }
    }
    let mut mutator = document.mutate();
    for (id, mark) in marks {
        mutator.set_attribute(id, plain_name(mark), "");
    }
}

/// The first or last child that takes any room; what floats stands beside the others.
fn outermost_child(node: &Node, is_end: bool) -> Option<&Node> {
    let floats = |child: &Node| {
        let align = child.element_data().and_then(|element| element.attr(LocalName::from("align"))).unwrap_or_default();
        matches!(dom::tag(child), "img" | "table") && matches!(align.to_ascii_lowercase().as_str(), "left" | "right")
    };
    let has_substance = |child: &&Node| {
        if floats(child) {
            return false;
        }
        let is_words = child.is_text_node() && !child.is_whitespace_node();
        is_words || (child.is_element() && !matches!(dom::tag(child), "style" | "script" | "title" | "meta" | "link"))
    };
    let mut children = node.children.iter().map(|child| node.with(*child));
    if is_end { children.rev().find(has_substance) } else { children.find(has_substance) }
}

/// In both kinds of quirks mode, a line with nothing but pictures is as high as they are.
fn cells_of_pictures(document: &mut BaseDocument) {
    for id in dom::elements(document) {
        let Some(node) = document.get_node(id).filter(|node| matches!(dom::tag(node), "td" | "th")) else { continue };
        let tags: Vec<&str> = dom::below(document, id).into_iter().map(|id| dom::tag(node.with(id))).collect();
        let has_only = tags.iter().all(|tag| matches!(*tag, "img" | "a" | "font" | "span" | "center" | "b"));
        if has_only && tags.contains(&"img") && node.text_content().trim().is_empty() {
            dom::add_style(document, id, "line-height:0");
        }
    }
}

#[derive(Default)]
struct Sheet {
    rules: String,
    seen: HashSet<String>,
}

impl Sheet {
    fn rule(&mut self, selector: &str, declarations: &str) {
        let rule = format!("{selector}{{{declarations}}}\n");
        if self.seen.insert(rule.clone()) {
            self.rules.push_str(&rule);
        }
    }

    /// The rules of one attribute; `written` is its value octet for octet, `value` without the blanks around it.
    fn add(&mut self, tag: &str, name: &str, written: &str, value: &str) {
        let lower = value.to_ascii_lowercase();
        let this = || format!("{tag}[{name}={}]", string(written));
        let pixels = || dimension(value);
        match (tag, name) {
            ("td" | "th" | "tr" | "tbody" | "thead" | "tfoot", "valign") => {
                if matches!(lower.as_str(), "top" | "middle" | "bottom" | "baseline") {
                    self.rule(&this(), &format!("vertical-align:{lower}"));
                }
            }
            ("table", "cellpadding") => {
                if let Some(px) = pixels() {
                    let table = this();
                    self.rule(&format!("{table}>*>tr>td,{table}>*>tr>th"), &format!("padding:{px}"));
                }
            }
            ("table", "cellspacing") => {
                if let Some(px) = pixels().filter(|px| !px.ends_with('%')) {
                    self.rule(&this(), &format!("border-spacing:{px}"));
                }
            }
            ("table", "border") => self.border(&this(), value),
            ("table", "bordercolor") => {
                if let Some(colour) = colour(value) {
                    let table = this();
                    self.rule(&format!("{table},{table}>*>tr>td,{table}>*>tr>th"), &format!("border-color:{colour}"));
                }
            }
            ("table", "align") => self.table_align(&lower),
            ("img", "align") => {
                let declaration = match lower.as_str() {
                    "left" | "right" => format!("float:{lower}"),
                    "top" | "texttop" => "vertical-align:top".to_owned(),
                    "middle" | "absmiddle" | "center" => "vertical-align:middle".to_owned(),
                    _ => return,
                };
                self.rule(&format!("img[data-align={}]", string(&lower)), &declaration);
            }
            ("hr", "align") => {
                let declaration = match lower.as_str() {
                    "left" => "margin-left:0;margin-right:auto",
                    "right" => "margin-left:auto;margin-right:0",
                    _ => return,
                };
                self.rule(&format!("hr[data-align={}]", string(&lower)), declaration);
            }
            ("hr", "size") => self.line_size(&this(), value),
            ("hr", "color") => {
                if let Some(colour) = colour(value) {
                    self.rule(&this(), &format!("color:{colour};border-style:solid;background-color:{colour}"));
                }
            }
            ("hr", "noshade") => self.rule(&this(), "border-style:solid;color:gray;background-color:gray"),
            ("p" | "div" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "td" | "th" | "tr", "align")
                if lower == "justify" =>
            {
                self.rule(&format!("{tag}[align=justify]"), "text-align:justify");
            }
            ("body" | "table" | "td" | "th" | "tr", "background") if !value.is_empty() => {
                self.rule(&this(), &format!("background-image:url({})", string(value)));
            }
            ("body" | "table" | "tr" | "td" | "th", "bgcolor") if !value.contains('#') => {
                if let Some(colour) = colour(value).filter(|colour| !colour.starts_with('#')) {
                    self.rule(&this(), &format!("background-color:{colour}"));
                }
            }
            ("body" | "font", "color" | "text") => {
                if let Some(colour) = colour(value) {
                    self.rule(&this(), &format!("color:{colour}"));
                }
            }
            ("body", "link") => {
                if let Some(colour) = colour(value) {
                    self.rule(&format!("{} a[href]", this()), &format!("color:{colour}"));
                }
            }
            ("font", "face") => {
                let families: Vec<String> = value.split(',').map(family).collect();
                self.rule(&this(), &format!("font-family:{}", families.join(",")));
            }
            ("font", "size") => {
                if let Some(size) = font_size(value) {
                    self.rule(&this(), &format!("font-size:{size}"));
                }
            }
            ("ul" | "ol" | "li", "type") => {
                let kind = match value {
                    "1" => "decimal",
                    "a" => "lower-alpha",
                    "A" => "upper-alpha",
                    "i" => "lower-roman",
                    "I" => "upper-roman",
                    _ if matches!(lower.as_str(), "disc" | "circle" | "square") => &lower,
                    _ => return,
                };
                self.rule(&this(), &format!("list-style-type:{kind}"));
            }
            ("td" | "th", "nowrap") => self.rule(&format!("{tag}[nowrap]"), "white-space:nowrap"),
            _ => {}
        }
    }

    fn border(&mut self, table: &str, value: &str) {
        let width: u32 = if value.is_empty() { 1 } else { leading_number(value) };
        if width == 0 {
            return;
        }
        self.rule(table, &format!("border:{width}px outset gray"));
        self.rule(&format!("{table}>*>tr>td,{table}>*>tr>th"), "border:1px inset gray");
    }

    fn table_align(&mut self, align: &str) {
        let (beside, alone) = match align {
            "left" => ("float:left", ""),
            "right" => ("float:right", "margin-left:auto"),
            "center" | "middle" => ("margin-left:auto;margin-right:auto", "margin-left:auto;margin-right:auto"),
            _ => return,
        };
        self.rule(&format!("table[data-align={}]", string(align)), beside);
        // Beside nothing, it need not float: Blitz's cells do not hold what floats in them.
        self.rule(&format!("table[data-align=\"{align} alone\"]"), alone);
    }

    fn line_size(&mut self, line: &str, value: &str) {
        match leading_number(value) {
            0 | 1 => self.rule(line, "border-width:1px 0 0 0;height:0"),
            size => self.rule(line, &format!("height:{}px", size - 2)),
        }
    }
}

/// A string of CSS: everything but letters, digits and a few harmless marks is escaped.
fn string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        if character.is_ascii_alphanumeric() || matches!(character, ' ' | '-' | '_' | '.' | '/' | ':' | '#' | '%' | ',')
        {
            quoted.push(character);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(quoted, "\\{:x} ", u32::from(character));
        }
    }
    quoted.push('"');
    quoted
}

/// A family name of `<font face>`; the generic ones are no names.
fn family(name: &str) -> String {
    let name = name.trim().trim_matches(['"', '\'']);
    match name.to_ascii_lowercase().as_str() {
        generic @ ("serif" | "sans-serif" | "monospace" | "cursive" | "fantasy") => generic.to_owned(),
        _ => string(name),
    }
}

/// The rules for parsing a legacy font size (HTML §2.3.… “legacy font size”): 1 to 7, or so many steps from 3.
fn font_size(value: &str) -> Option<&'static str> {
    let (base, digits) = match (value.strip_prefix('+'), value.strip_prefix('-')) {
        (Some(more), _) => (3i64 + i64::from(number(more)?), ""),
        (_, Some(less)) => (3 - i64::from(number(less)?), ""),
        _ => (0, value),
    };
    let size = if digits.is_empty() { base } else { i64::from(number(digits)?) };
    Some(match size.clamp(1, 7) {
        1 => "x-small",
        2 => "small",
        3 => "medium",
        4 => "large",
        5 => "x-large",
        6 => "xx-large",
        _ => "xxx-large",
    })
}

fn number(text: &str) -> Option<u32> {
    let digits: String = text.trim().chars().take_while(char::is_ascii_digit).take(6).collect();
    digits.parse().ok()
}

fn leading_number(text: &str) -> u32 {
    number(text).unwrap_or(0)
}

/// A length of an attribute: a number of pixels or a percentage.
fn dimension(value: &str) -> Option<String> {
    let digits: String = value.chars().take_while(|c| c.is_ascii_digit() || *c == '.').take(8).collect();
    let number: f32 = digits.parse().ok()?;
    let unit = if value.contains('%') { "%" } else { "px" };
    Some(format!("{number}{unit}"))
}

/// The rules for parsing a legacy colour (HTML §2.3.6), as a colour of CSS: `#rrggbb` or a name.
pub(super) fn colour(value: &str) -> Option<String> {
    let value = value.trim();
    if value.is_empty() || value.eq_ignore_ascii_case("transparent") {
        return None;
    }
    let digits = value.strip_prefix('#').unwrap_or(value);
    let is_hex = digits.chars().all(|c| c.is_ascii_hexdigit());
    match digits.len() {
        6 if is_hex => return Some(format!("#{}", digits.to_ascii_lowercase())),
        3 if is_hex && value.starts_with('#') => {
            return Some(
                digits.chars().fold("#".to_owned(), |sum, c| sum + &c.to_ascii_lowercase().to_string().repeat(2)),
            );
        }
        _ => {}
    }
    if value.chars().all(|c| c.is_ascii_alphabetic()) && digits.len() <= 24 {
        return Some(value.to_ascii_lowercase());
    }
    (value.starts_with("rgb") && value.chars().all(|c| c.is_ascii_alphanumeric() || "(),. %".contains(c)))
        .then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_of_old_pages_are_colours_of_css() {
        let cases = [
            ("#ffffff", Some("#ffffff")),
            ("#FFF", Some("#ffffff")),
            ("00ff00", Some("#00ff00")),
            ("Red", Some("red")),
            ("rgb(1, 2, 3)", Some("rgb(1, 2, 3)")),
            ("transparent", None),
            ("red;}*{}", None),
            ("", None),
        ];
        for (value, expected) in cases {
            assert_eq!(colour(value).as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn sizes_of_fonts_are_steps() {
        let cases = [("1", "x-small"), ("+1", "large"), ("-1", "small"), ("7", "xxx-large"), ("99", "xxx-large")];
        for (value, expected) in cases {
            assert_eq!(font_size(value), Some(expected), "{value}");
        }
        assert_eq!(font_size("large"), None);
    }

    #[test]
    fn nothing_gets_out_of_a_string() {
        assert_eq!(string("a\"}*{b"), "\"a\\22 \\7d \\2a \\7b b\"");
    }
}
