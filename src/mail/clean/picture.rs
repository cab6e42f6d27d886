//! Pictures of a page: which of them are none, and what stands in place of one that was not fetched.

use std::collections::HashMap;

use super::css::Declaration;

/// A picture that lies elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemotePicture {
    /// `http` or `https`, without user and fragment.
    pub url: String,
    pub place: Place,
    /// It is not to be seen, only to report the reading: never to be fetched, and not worth a question.
    pub is_tracker: bool,
}

/// Where in a page a picture stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the text.
    Picture,
    /// Behind it.
    Background,
}

/// Remote pictures of one page; a mail of photographs has hundreds, an attack more.
const MAX_REMOTE: usize = 1000;

/// The remote pictures of a page, each once.
#[derive(Default)]
pub struct Remotes {
    pub list: Vec<RemotePicture>,
    known: HashMap<String, usize>,
}

impl Remotes {
    /// Takes one up, and gives its number; None where there are too many, or where it is not to be fetched.
    pub fn note(&mut self, url: &str, place: Place, is_tracker: bool) -> Option<usize> {
        let is_tracker = is_tracker || is_known_tracker(url);
        if let Some(at) = self.known.get(url).copied() {
            // Seen once, it is worth a question.
            if let Some(picture) = self.list.get_mut(at) {
                picture.is_tracker &= is_tracker;
            }
            return (!is_tracker).then_some(at);
        }
        if self.list.len() >= MAX_REMOTE {
            return None;
        }
        self.known.insert(url.to_owned(), self.list.len());
        self.list.push(RemotePicture { url: url.to_owned(), place, is_tracker });
        (!is_tracker).then_some(self.list.len() - 1)
    }
}

/// Paths by which widely used senders count who reads.
fn is_known_tracker(url: &str) -> bool {
    const PATHS: [&str; 18] = [
        "/beacon.gif",
        "/e2t/o/",
        "/email/open",
        "/emailopen",
        "/o.gif",
        "/open.aspx",
        "/open.gif",
        "/open.php",
        "/open/log/",
        "/pixel.gif",
        "/pixel.png",
        "/track/open",
        "/tracking/open",
        "/tracker/open",
        "/trk/open",
        "/wf/open",
        "/openrate",
        "/read-receipt",
    ];
    let path = url.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    PATHS.iter().any(|known| path.contains(known))
}

/// A length as a page gives it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Length {
    Px(f32),
    Percent(f32),
}

impl Length {
    /// Of an attribute (`600`, `600px`, `50%`) or a style (`600px`, `50%`).
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
        let (number, unit) = text.split_at_checked(end)?;
        let number = number.parse::<f32>().ok().filter(|number| number.is_finite())?;
        match unit.trim().trim_end_matches("!important").trim() {
            "" | "px" => Some(Self::Px(number.min(MAX_LENGTH_PX))),
            "%" => Some(Self::Percent(number.min(1000.0))),
            _ => None,
        }
    }

    fn written(self) -> String {
        match self {
            Self::Px(px) => format!("{px}px"),
            Self::Percent(percent) => format!("{percent}%"),
        }
    }

    fn is_at_most(self, px: f32) -> bool {
        matches!(self, Self::Px(own) if own <= px)
    }
}

/// Longer pictures are not drawn.
const MAX_LENGTH_PX: f32 = 10_000.0;
/// Pictures that are no larger either way are not to be seen.
const PIXEL_PX: f32 = 2.0;
/// Pictures that are no larger one way hold place for others.
const SPACER_PX: f32 = 4.0;
/// Boxes that are no larger one way have no room for a border.
const FRAMED_PX: f32 = 12.0;

/// What a page says of an element’s size.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Size {
    pub width: Option<Length>,
    pub height: Option<Length>,
}

impl Size {
    /// By its style, or else by its attributes.
    pub fn of(style: &[Declaration], width: Option<&str>, height: Option<&str>) -> Self {
        let of = |name: &str, attribute: Option<&str>| {
            find(style, name).and_then(Length::read).or_else(|| attribute.and_then(Length::read))
        };
        Self { width: of("width", width), height: of("height", height) }
    }

    /// Whether nothing of it could be seen.
    pub fn is_pixel(self) -> bool {
        let small = |length: Option<Length>, px| length.is_some_and(|length| length.is_at_most(px));
        small(self.width, 0.0)
            || small(self.height, 0.0)
            || (small(self.width, PIXEL_PX) && small(self.height, PIXEL_PX))
    }

    fn is_below(self, px: f32) -> bool {
        [self.width, self.height].into_iter().flatten().any(|length| length.is_at_most(px))
    }
}

/// The value of a property; the last one counts.
pub fn find<'s>(style: &'s [Declaration], name: &str) -> Option<&'s str> {
    style.iter().rev().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}

/// Whether a style takes its element out of sight.
pub fn is_hidden(style: &[Declaration]) -> bool {
    let is = |name: &str, value: &str| find(style, name).is_some_and(|found| found.split('!').next() == Some(value));
    let is_far = |name: &str| {
        let px = find(style, name).and_then(|value| value.strip_prefix('-')).and_then(Length::read);
        matches!(px, Some(Length::Px(px)) if px >= 999.0)
    };
    is("display", "none")
        || is("visibility", "hidden")
        || is("opacity", "0")
        || ((is("max-height", "0") || is("max-height", "0px")) && is("overflow", "hidden"))
        || (is("position", "absolute") && (is_far("left") || is_far("top") || find(style, "clip").is_some()))
}

/// The style of the box in place of a picture with this style and size.
pub fn box_style(style: Vec<Declaration>, size: Size, has_alt: bool, align: Option<&str>) -> Vec<Declaration> {
    let mut out: Vec<Declaration> =
        style.into_iter().filter(|(name, _)| !matches!(name.as_str(), "width" | "height")).collect();
    let mut set = |name: &str, value: &str| {
        if find(&out, name).is_none() {
            out.push((name.into(), value.into()));
        }
    };
    set("display", "inline-block");
    set("box-sizing", "border-box");
    set("overflow", "hidden");
    set("max-width", "100%");
    if let Some(side @ ("left" | "right")) = align {
        set("float", side);
    }
    if !size.is_below(FRAMED_PX) {
        set("border", "1px dashed rgba(128,128,128,0.6)");
    }
    let small = Some(Length::Px(24.0));
    let width = size.width.or(if size.height.is_none() && !has_alt { small } else { None });
    let height = size.height.or(if has_alt { None } else { small });
    for (name, length) in [("width", width), ("height", height)] {
        if let Some(length) = length {
            set(name, &length.written());
        }
    }
    out
}

/// Whether the box has room for words.
pub fn has_room(size: Size) -> bool {
    !size.is_below(FRAMED_PX)
}

/// Whether the picture only holds place, and is not worth a question.
pub fn is_spacer(size: Size, alt: &str) -> bool {
    size.is_below(SPACER_PX) && alt.trim().is_empty()
}
