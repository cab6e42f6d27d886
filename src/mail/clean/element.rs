//! Which elements and attributes a page keeps. What is not named here is not in the page.

/// What becomes of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// It is written, under this name.
    Keep(&'static str),
    /// Its content takes its place.
    Unwrap,
    /// It goes with its content.
    Drop(Kind),
    /// A style sheet.
    Style,
    /// A field of a form: at most what is written on it stays.
    Field,
}

/// What was taken out, for who wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Script,
    Frame,
    Plugin,
    Field,
    Other,
}

/// Elements that are written as they are.
const KEPT: [&str; 81] = [
    "a",
    "abbr",
    "acronym",
    "address",
    "article",
    "aside",
    "b",
    "bdi",
    "big",
    "blockquote",
    "body",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "dfn",
    "dir",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hgroup",
    "hr",
    "html",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "main",
    "mark",
    "menu",
    "nav",
    "nobr",
    "ol",
    "p",
    "pre",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "section",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "wbr",
    "data",
    "head",
];

/// What becomes of an HTML element of this name.
pub fn treatment(name: &str) -> Treatment {
    match name {
        "listing" | "xmp" | "plaintext" => Treatment::Keep("pre"),
        // Blocks whose own meaning a message must not have.
        "form" | "fieldset" | "legend" | "details" | "summary" | "dialog" | "option" | "search" => {
            Treatment::Keep("div")
        }
        // Direction that is forced upon letters.
        "bdo" | "button" | "label" | "output" | "textarea" => Treatment::Keep("span"),
        "style" => Treatment::Style,
        "input" | "keygen" | "isindex" => Treatment::Field,
        "datalist" => Treatment::Drop(Kind::Field),
        "script" => Treatment::Drop(Kind::Script),
        "iframe" | "frame" | "frameset" | "noframes" | "portal" | "fencedframe" => Treatment::Drop(Kind::Frame),
        "embed" | "noembed" | "param" | "bgsound" => Treatment::Drop(Kind::Plugin),
        "area" | "base" | "basefont" | "link" | "meta" | "source" | "template" | "title" | "track" | "xml" => {
            Treatment::Drop(Kind::Other)
        }
        _ => KEPT.iter().find(|kept| **kept == name).map_or(Treatment::Unwrap, |kept| Treatment::Keep(kept)),
    }
}

/// Elements without content or end tag.
pub fn is_void(name: &str) -> bool {
    matches!(name, "br" | "col" | "hr" | "img" | "wbr")
}

/// How the value of an attribute is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// Words for a reader.
    Text,
    /// Names that the page’s style refers to.
    Names,
    Length,
    Color,
    /// A number from one to this.
    Count(u32),
    /// A number, which may be negative.
    Number,
    /// One word of letters, digits and hyphens, or none.
    Word,
    /// Names of fonts.
    Fonts,
    Style,
    Link,
    Picture,
    Background,
}

/// Columns that one cell may span: index arithmetic of layout is narrow, and honest tables have a dozen.
const MAX_COLSPAN: u32 = 100;
/// Rows that one cell may span.
const MAX_ROWSPAN: u32 = 1000;

/// How an attribute of an element (as it is written) is read; None where it goes.
pub fn attribute(element: &str, name: &str) -> Option<Value> {
    let is_cell = matches!(element, "td" | "th");
    let is_table = is_cell || matches!(element, "table" | "tr" | "tbody" | "thead" | "tfoot" | "col" | "colgroup");
    Some(match name {
        "id" | "class" => Value::Names,
        "style" => Value::Style,
        "dir" | "lang" | "align" | "role" | "hidden" => Value::Word,
        "title" | "aria-label" => Value::Text,
        "aria-hidden" => Value::Word,
        "href" if element == "a" => Value::Link,
        "name" if element == "a" => Value::Names,
        "src" if element == "img" => Value::Picture,
        "alt" if element == "img" => Value::Text,
        "width" | "height" => Value::Length,
        "border" | "hspace" | "vspace" if matches!(element, "img" | "table") => Value::Length,
        "cellpadding" | "cellspacing" if element == "table" => Value::Length,
        "frame" | "rules" if element == "table" => Value::Word,
        "summary" if element == "table" => Value::Text,
        "bgcolor" if is_table || element == "body" => Value::Color,
        "bordercolor" if is_table => Value::Color,
        "background" if is_table || element == "body" => Value::Background,
        "valign" if is_table => Value::Word,
        "colspan" if is_cell => Value::Count(MAX_COLSPAN),
        "rowspan" if is_cell => Value::Count(MAX_ROWSPAN),
        "span" if matches!(element, "col" | "colgroup") => Value::Count(MAX_COLSPAN),
        "nowrap" | "scope" if is_cell => Value::Word,
        "abbr" if is_cell => Value::Text,
        "color" if matches!(element, "font" | "hr") => Value::Color,
        "face" if element == "font" => Value::Fonts,
        "size" if matches!(element, "font" | "hr") => Value::Number,
        "noshade" if element == "hr" => Value::Word,
        "text" | "link" | "vlink" | "alink" if element == "body" => Value::Color,
        "topmargin" | "leftmargin" | "marginwidth" | "marginheight" if element == "body" => Value::Length,
        "clear" if element == "br" => Value::Word,
        "start" if element == "ol" => Value::Number,
        "value" if element == "li" => Value::Number,
        "type" if matches!(element, "ol" | "ul" | "li" | "blockquote") => Value::Word,
        "reversed" | "compact" if matches!(element, "ol" | "ul") => Value::Word,
        _ => return None,
    })
}
