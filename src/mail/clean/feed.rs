//! A page's characters into a tree, by html5ever, with the measures that it does not have itself: on attributes (which it
//! compares each with each), on depth and on formats that are opened again (through whose stacks it searches on every tag),
//! and on elements. What is within the measures is parsed as HTML says.

use std::cell::Cell;

use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts, TreeSink as _};

use super::tree::{Handle, MAX_ATTRIBUTES, Sink, Tree};

/// Elements of a page. A newsletter has three thousand; layout of this many takes about two seconds.
pub const MAX_ELEMENTS: usize = 50_000;
/// Levels at which no further element is opened; half of them are written.
const MAX_DEPTH: usize = 512;
/// Formats that one tag may open again; careless mail leaves three or four open.
const MAX_REOPENED: usize = 24;

/// What came of a page.
pub struct Parsed {
    pub tree: Tree,
    /// The page was too large, and what lay behind its limit is not in the tree.
    pub is_cut: bool,
}

/// Parses a page as far as it has no more than so many elements, give or take those of one tag. Total and linear.
pub fn parse(html: &str, max_elements: usize) -> Parsed {
    let builder = TreeBuilder::new(Sink::new(), TreeBuilderOpts { scripting_enabled: false, ..Default::default() });
    let gate = Gate {
        builder,
        mode: Cell::new(Mode::Data),
        raw_name: Cell::new(""),
        has_emitted: Cell::new(false),
        has_frames: Cell::new(false),
        opens_formats: Cell::new(true),
        is_full: Cell::new(false),
        max_elements,
    };
    let feeder = Feeder { tokenizer: Tokenizer::new(gate, TokenizerOpts::default()), input: BufferQueue::default() };
    let mut rest = html;
    while !rest.is_empty() && !feeder.gate().is_full.get() {
        rest = feeder.advance(rest);
    }
    feeder.tokenizer.end();
    let gate = feeder.tokenizer.sink;
    Parsed { is_cut: gate.is_full.get(), tree: gate.builder.sink.finish() }
}

/// What a tokenizer makes of a `<`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// It begins a tag.
    Data,
    /// It is text, but for the end tag of the element.
    Raw,
    /// It is text.
    Plain,
}

/// Between tokenizer and tree builder: knows where the tokenizer is, and holds back what is beyond measure.
struct Gate {
    builder: TreeBuilder<Handle, Sink>,
    mode: Cell<Mode>,
    /// Of the element whose content is [`Mode::Raw`].
    raw_name: Cell<&'static str>,
    has_emitted: Cell<bool>,
    has_frames: Cell<bool>,
    opens_formats: Cell<bool>,
    is_full: Cell<bool>,
    max_elements: usize,
}

/// Elements whose content is text to the tokenizer: held back, their content would become markup.
const RAW: [&str; 10] =
    ["iframe", "noembed", "noframes", "noscript", "plaintext", "script", "style", "textarea", "title", "xmp"];
/// Elements that are opened again in every paragraph until they are closed.
const FORMATS: [&str; 14] =
    ["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];

impl Gate {
    /// Whether the tree builder may see the tag.
    fn admits(&self, tag: &Tag) -> bool {
        match (&*tag.name, tag.kind) {
            // A page of frames has its text in what is shown where there are none.
            ("frameset" | "frame", _) => {
                self.has_frames.set(true);
                false
            }
            ("noframes", _) if self.has_frames.get() => false,
            (_, TagKind::EndTag) => true,
            (name, _) if RAW.contains(&name) => true,
            (name, _) if !self.opens_formats.get() && FORMATS.contains(&name) => false,
            _ => self.builder.sink.depth() < MAX_DEPTH,
        }
    }
}

impl TokenSink for Gate {
    type Handle = Handle;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<Handle> {
        if matches!(token, Token::ParseError(_)) {
            return TokenSinkResult::Continue;
        }
        self.has_emitted.set(true);
        let mut raw_name = "";
        if let Token::TagToken(tag) = &token {
            self.mode.set(Mode::Data);
            if !self.admits(tag) {
                return TokenSinkResult::Continue;
            }
            raw_name = RAW.iter().find(|name| **name == &*tag.name).copied().unwrap_or_default();
        }
        if self.is_full.get() && token != Token::EOFToken {
            return TokenSinkResult::Continue;
        }
        let before = self.builder.sink.elements();
        let result = self.builder.process_token(token, line);
        let made = self.builder.sink.elements();
        self.is_full.set(self.is_full.get() || made > self.max_elements);
        if made - before > MAX_REOPENED {
            self.opens_formats.set(false);
        }
        match result {
            TokenSinkResult::RawData(_) => {
                self.mode.set(Mode::Raw);
                self.raw_name.set(raw_name);
                result
            }
            TokenSinkResult::Plaintext => {
                self.mode.set(Mode::Plain);
                result
            }
            // Nothing runs, and the page was decoded before.
            TokenSinkResult::Script(_) | TokenSinkResult::EncodingIndicator(_) | TokenSinkResult::Continue => {
                TokenSinkResult::Continue
            }
        }
    }

    fn end(&self) {
        self.builder.end();
    }

    /// Drawings and formulas are left out, so that nobody needs their CDATA: as comments they cannot hide a tag.
    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        false
    }
}

struct Feeder {
    tokenizer: Tokenizer<Gate>,
    input: BufferQueue,
}

impl Feeder {
    fn gate(&self) -> &Gate {
        &self.tokenizer.sink
    }

    /// Gives the tokenizer a piece, and says whether something came of it.
    fn feed(&self, piece: &str) -> bool {
        self.gate().has_emitted.set(false);
        self.input.push_back(StrTendril::from_slice(piece));
        // It stops early only for a script that is to run, and the gate lets none.
        let _ = self.tokenizer.feed(&self.input);
        self.gate().has_emitted.get()
    }

    /// Feeds the next piece, and gives what is behind it.
    fn advance<'h>(&self, html: &'h str) -> &'h str {
        match self.gate().mode.get() {
            Mode::Plain => {
                self.feed(html);
                ""
            }
            Mode::Data => match html.find('<') {
                Some(0) => self.markup(html),
                at => self.text(html, at.unwrap_or(html.len())),
            },
            Mode::Raw => match html.find("</") {
                Some(0) => self.raw_end(html),
                at => self.text(html, at.unwrap_or(html.len())),
            },
        }
    }

    fn text<'h>(&self, html: &'h str, end: usize) -> &'h str {
        let (text, rest) = html.split_at_checked(end).unwrap_or((html, ""));
        self.feed(text);
        rest
    }

    /// At a `<` that the tokenizer sees as such.
    fn markup<'h>(&self, html: &'h str) -> &'h str {
        let octets = html.as_bytes();
        let is_letter = |at: usize| octets.get(at).is_some_and(u8::is_ascii_alphabetic);
        match octets.get(1) {
            Some(b'/') if octets.get(2) == Some(&b'>') => html.get(3..).unwrap_or_default(),
            Some(b'/') if is_letter(2) => self.tag(html, Part::Name),
            Some(_) if is_letter(1) => self.tag(html, Part::Name),
            Some(b'!' | b'?' | b'/') => {
                let mut rest = html;
                while !rest.is_empty() {
                    let end = rest.find('>').map_or(rest.len(), |at| at + 1);
                    let (piece, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
                    rest = after;
                    if self.feed(piece) {
                        break;
                    }
                }
                rest
            }
            _ => self.text(html, 1),
        }
    }

    /// Feeds a tag, of which the tokenizer knows what is before `part`, with as many attributes as it may have.
    fn tag<'h>(&self, html: &'h str, part: Part) -> &'h str {
        // A tag that nobody closes is none: it ends the page, as HTML says.
        let Some(extent) = extent(html, part) else { return "" };
        self.feed(html.get(..extent.kept).unwrap_or_default());
        if extent.kept < extent.end {
            self.feed(">");
        }
        html.get(extent.end..).unwrap_or_default()
    }

    /// At a `</` within text that only its own end tag ends.
    fn raw_end<'h>(&self, html: &'h str) -> &'h str {
        let name_end = 2 + self.gate().raw_name.get().len();
        let is_name = html.get(2..name_end).is_some_and(|name| name.eq_ignore_ascii_case(self.gate().raw_name.get()));
        let delimiter = html.as_bytes().get(name_end).copied();
        if !is_name || !delimiter.is_some_and(|octet| matches!(octet, b'>' | b'/') || is_blank(octet)) {
            return self.text(html, 2);
        }
        let (begin, rest) = html.split_at_checked(name_end + 1).unwrap_or((html, ""));
        // Nothing came of it: the tokenizer took it for the tag, and waits for its attributes.
        if self.feed(begin) || delimiter == Some(b'>') { rest } else { self.tag(rest, Part::BeforeName) }
    }
}

fn is_blank(octet: u8) -> bool {
    matches!(octet, b'\t' | b'\n' | 0x0C | b'\r' | b' ')
}

/// Where in a tag one is; the states of the tokenizer (HTML §13.2.5.8 and 32 to 40).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Name,
    BeforeName,
    AttributeName,
    AfterName,
    BeforeValue,
    Value(Option<u8>),
}

struct Extent {
    /// Behind the last attribute that is kept, or behind the `>`.
    kept: usize,
    /// Behind the `>`.
    end: usize,
}

/// None where the tag never ends.
fn extent(html: &str, mut part: Part) -> Option<Extent> {
    let (mut attributes, mut kept) = (0, None);
    for (at, octet) in html.bytes().enumerate() {
        if let Part::Value(Some(quote)) = part {
            if octet == quote {
                part = Part::BeforeName;
            }
            continue;
        }
        if octet == b'>' {
            return Some(Extent { kept: kept.unwrap_or(at + 1), end: at + 1 });
        }
        part = match (part, octet) {
            (Part::BeforeValue, b'"' | b'\'') => Part::Value(Some(octet)),
            (Part::BeforeValue, _) if is_blank(octet) => part,
            (Part::BeforeValue, _) => Part::Value(None),
            (Part::Value(None), _) if !is_blank(octet) => part,
            (Part::Name, _) if !is_blank(octet) && octet != b'/' => part,
            (Part::AttributeName | Part::AfterName, b'=') => Part::BeforeValue,
            (Part::AttributeName | Part::AfterName, _) if is_blank(octet) => Part::AfterName,
            (_, b'/') => Part::BeforeName,
            (Part::AttributeName, _) => part,
            (_, _) if is_blank(octet) => Part::BeforeName,
            _ => {
                attributes += 1;
                if attributes > MAX_ATTRIBUTES {
                    kept.get_or_insert(at);
                }
                Part::AttributeName
            }
        };
    }
    None
}
