//! What Blitz would not show, or show wrongly, changed in the document: before the styles are known what the markup says, and
//! after they are what they make of tables and of inline elements.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use blitz_dom::node::{ImageData, RasterImageData, SpecialElementData};
use blitz_dom::{BaseDocument, LocalName, Node, NodeId};
use style::properties::ComputedValues;
use style::values::computed::LengthPercentage;
use style::values::generics::length::GenericMargin;

use super::dom::{self, Display, Width, html_name, plain_name};
use super::intrinsic::Shape;
use super::legacy::Quirks;
use super::resources::Resources;

/// The mark of pictures that are not there.
pub(super) const MISSING: &str = "data-missing";

/// The measures of a picture that is not there and of which the page says nothing, in pixels.
const UNKNOWN_PICTURE: (u32, u32) = (100, 24);

/// No honest picture says that it is larger.
const LARGEST_SAID_PX: u32 = 10_000;

/// Letters of an inline element that may become a box, which cannot be broken into lines.
const MAX_BOX_CHARS: usize = 60;

/// Changes that the markup alone asks for.
pub(super) fn before_styles(document: &mut BaseDocument, resources: &Resources) {
    for id in dom::elements(document) {
        let Some(node) = document.get_node(id) else { continue };
        match dom::tag(node) {
            "img" => picture(document, id, resources),
            "caption" => caption(document, id),
            "br" => line_end(document, id),
            _ => {}
        }
    }
}

/// Blanks before a line break take no room on a line; Blitz breaks the line for them.
fn line_end(document: &mut BaseDocument, id: NodeId) {
    let before = document.get_node(id).and_then(|node| node.backward(1));
    let Some((text_id, text)) = before.and_then(|node| Some((node.id, node.text_data()?.content.clone()))) else {
        return;
    };
    let trimmed = text.trim_end_matches([' ', '\n', '\r', '\t']);
    if trimmed.len() < text.len() {
        document.mutate().set_node_text(text_id, trimmed);
    }
}

/// A caption is no part of Blitz's tables: it is put before its table.
fn caption(document: &mut BaseDocument, id: NodeId) {
    let Some(table) = document.get_node(id).and_then(|node| node.parent) else { return };
    if document.get_node(table).is_none_or(|node| dom::tag(node) != "table") {
        return;
    }
    document.mutate().insert_nodes_before(table, &[id]);
    dom::add_style(document, id, "display:block");
}

/// A picture that is not there keeps its place and is not painted: what stands for it is drawn later (see `paint`). One that was
/// made smaller keeps the measures that it had.
fn picture(document: &mut BaseDocument, id: NodeId, resources: &Resources) {
    let Some(element) = document.get_node(id).and_then(|node| node.element_data()) else { return };
    let attribute = |name: &str| element.attr(LocalName::from(name)).unwrap_or_default().trim();
    let url = document.base_url().join(attribute("src")).map(String::from).unwrap_or_default();
    if let Some((width, _)) = resources.measures(&url) {
        if attribute("width").is_empty() && attribute("height").is_empty() {
            document.mutate().set_attribute(id, plain_name("width"), &width.to_string());
        }
        return;
    }
    if attribute("src").is_empty() || !resources.is_unanswered(&url) {
        return;
    }
    let said = |name: &str| pixels(attribute(name)).or_else(|| pixels_in_style(attribute("style"), name));
    let (width, height) = (said("width"), said("height"));
    if width.is_some_and(|px| px <= 1) || height.is_some_and(|px| px <= 1) {
        document.mutate().remove_and_drop_node(id);
        return;
    }
    let measures = (width.unwrap_or(UNKNOWN_PICTURE.0), height.unwrap_or(UNKNOWN_PICTURE.1));
    let alternative = attribute("alt").to_owned();
    dom::add_style(document, id, "opacity:0!important");
    document.mutate().set_attribute(id, plain_name(MISSING), &alternative);
    if let Some(element) = document.get_node_mut(id).and_then(Node::element_data_mut) {
        let blank = RasterImageData::new(measures.0, measures.1, Arc::default());
        element.special_data = SpecialElementData::Image(Box::new(ImageData::Raster(blank)));
    }
}

/// A number of pixels of an attribute.
fn pixels(value: &str) -> Option<u32> {
    let digits: String = value.chars().take_while(char::is_ascii_digit).take(6).collect();
    let number: u32 = digits.parse().ok()?;
    (!value.contains('%')).then_some(number.min(LARGEST_SAID_PX))
}

/// The pixels that a style attribute gives a side.
fn pixels_in_style(style: &str, side: &str) -> Option<u32> {
    style.split(';').find_map(|declaration| {
        let (property, value) = declaration.split_once(':')?;
        (property.trim().eq_ignore_ascii_case(side) && value.contains("px")).then(|| pixels(value.trim()))?
    })
}

/// Changes to the style of single elements, which can be taken back.
pub(super) struct Mends {
    quirks: Quirks,
    changed: Vec<(NodeId, &'static str)>,
}

impl Mends {
    /// For a page that is laid out so.
    pub(super) fn of(quirks: Quirks) -> Self {
        Self { quirks, changed: Vec::new() }
    }

    /// Takes everything back: another width may make other rules apply.
    pub(super) fn undo(&mut self, document: &mut BaseDocument) {
        let changed = std::mem::take(&mut self.changed);
        for (id, property) in &changed {
            if let Some(node) = document.get_node(*id) {
                // The boxes that it had as what it was, which nobody else takes away.
                *node.layout_children.borrow_mut() = None;
                document.remove_style_property(*id, property);
            }
        }
        let elements: HashSet<NodeId> = changed.into_iter().map(|(id, _)| id).collect();
        for id in elements {
            // What the markup itself says of these properties went as well: it is read again.
            let written = document
                .get_node(id)
                .and_then(|node| Some(node.element_data()?.attr(LocalName::from("style"))?.to_owned()));
            if let Some(written) = written {
                let mut mutator = document.mutate();
                mutator.clear_attribute(id, plain_name("style"));
                mutator.set_attribute(id, plain_name("style"), &written);
            }
        }
    }

    fn set(&mut self, document: &mut BaseDocument, id: NodeId, property: &'static str, value: &str) {
        document.set_style_property(id, property, value);
        self.changed.push((id, property));
    }

    /// Changes that the computed styles ask for. Whether there were any.
    pub(super) fn after_styles(&mut self, document: &mut BaseDocument) -> bool {
        let before = self.changed.len();
        let elements = dom::elements(document);
        let displays = displays(document, &elements);
        for (id, property, value) in displays {
            self.set(document, id, property, &value);
        }
        for id in &elements {
            if let Some(height) = document.get_node(*id).and_then(least_height) {
                self.set(document, *id, "height", "auto");
                self.set(document, *id, "min-height", &format!("{height}px"));
            }
        }
        for id in &elements {
            let is_table = document.get_node(*id).is_some_and(|node| dom::display(node) == Display::Table);
            if is_table {
                for (id, property, value) in super::collapse::changes(document, *id) {
                    self.set(document, id, property, &value);
                }
            }
        }
        for id in elements.iter().copied() {
            if let Some(margins) = document.get_node(id).and_then(box_of_inline) {
                self.set(document, id, "display", "inline-block");
                self.set(document, id, "margin-top", &format!("{}px", -margins.0));
                self.set(document, id, "margin-bottom", &format!("{}px", -margins.1));
            }
        }
        if self.quirks != Quirks::No {
            for (id, property, value) in super::lines::quirky(document, &elements) {
                self.set(document, id, property, &value);
            }
        }
        let markers: Vec<(NodeId, String)> = elements.iter().filter_map(|id| marker(document, *id)).collect();
        for (id, marker) in markers {
            self.set(document, id, "list-style-type", &format!("\"{marker}\""));
        }
        let holds = elements.iter().filter(|id| holds_floats(document, **id)).copied().collect::<Vec<NodeId>>();
        for id in &holds {
            let mut mutator = document.mutate();
            let end = mutator.create_element(html_name("div"), Vec::new());
            mutator.set_attribute(end, plain_name("style"), "clear:both");
            mutator.set_attribute(end, plain_name(END_OF_FLOATS), "");
            mutator.append_children(*id, &[end]);
        }
        self.changed.len() > before || !holds.is_empty()
    }
}

/// The mark of the elements that stand below what floats in a cell.
const END_OF_FLOATS: &str = "data-end-of-floats";

/// Whether something floats in a cell that would hang out of it: in Blitz, cells are not as high as what floats in them.
fn holds_floats(document: &BaseDocument, id: NodeId) -> bool {
    let Some(node) = document.get_node(id).filter(|node| dom::display(node) == Display::Cell) else { return false };
    let children = || node.children.iter().map(|child| node.with(*child)).filter(|child| child.is_element());
    let is_end =
        |child: &Node| child.element_data().is_some_and(|child| child.has_attr(LocalName::from(END_OF_FLOATS)));
    children().any(|child| Shape::of(child).is_some_and(|shape| shape.is_floated)) && !children().any(is_end)
}

/// The words before an item of a numbered list, with the room behind them that Blitz leaves out; Roman numbers, too.
fn marker(document: &BaseDocument, id: NodeId) -> Option<(NodeId, String)> {
    let node = document.get_node(id).filter(|node| dom::tag(node) == "li")?;
    let list = document.get_node(node.parent?).filter(|list| dom::tag(list) == "ol")?;
    let kind = document.resolved_style_value(id, "list-style-type");
    let start: i64 = list.element_data()?.attr_parsed(LocalName::from("start")).unwrap_or(1);
    let mut number = start - 1;
    for item in dom::children(document, list.id) {
        let element = document.get_node(item).filter(|node| dom::tag(node) == "li").and_then(Node::element_data);
        let Some(element) = element else { continue };
        number = element.attr_parsed(LocalName::from("value")).unwrap_or(number + 1);
        if item == id {
            break;
        }
    }
    let words = match kind.as_str() {
        "decimal" => number.to_string(),
        "lower-alpha" | "lower-latin" => letters(number)?,
        "upper-alpha" | "upper-latin" => letters(number)?.to_ascii_uppercase(),
        "lower-roman" => roman(number)?,
        "upper-roman" => roman(number)?.to_ascii_uppercase(),
        _ => return None,
    };
    Some((id, format!("{words}.\\a0 ")))
}

/// 1 is a, 26 is z, 27 is aa.
fn letters(number: i64) -> Option<String> {
    let mut left = u32::try_from(number).ok().filter(|number| *number > 0)?;
    let mut reversed = Vec::new();
    while left > 0 {
        left -= 1;
        reversed.push(char::from(b'a' + u8::try_from(left % 26).ok()?));
        left /= 26;
    }
    Some(reversed.into_iter().rev().collect())
}

fn roman(number: i64) -> Option<String> {
    const SIGNS: [(i64, &str); 13] = [
        (1000, "m"),
        (900, "cm"),
        (500, "d"),
        (400, "cd"),
        (100, "c"),
        (90, "xc"),
        (50, "l"),
        (40, "xl"),
        (10, "x"),
        (9, "ix"),
        (5, "v"),
        (4, "iv"),
        (1, "i"),
    ];
    let mut left = Some(number).filter(|number| (1..4000).contains(number))?;
    let mut words = String::new();
    for (value, sign) in SIGNS {
        while left >= value {
            words.push_str(sign);
            left -= value;
        }
    }
    Some(words)
}

/// The height of a table or a cell is the least that it has (CSS 2.1 §17.5.3); Blitz lets what is higher hang out. `None` for
/// what is no higher anyway: the cells that keep others apart.
fn least_height(node: &Node) -> Option<f32> {
    let (display, height) =
        dom::styled(node, |styles| (dom::display_of(styles), dom::width(&styles.get_position().height)))?;
    let Width::Px(height) = height else { return None };
    let is_apart = || node.children.iter().all(|child| !node.with(*child).is_element());
    match display {
        Display::Table if height > 0.0 => Some(height),
        Display::Cell if height > 0.0 && !(is_apart() && node.text_content().trim().chars().count() < 2) => {
            Some(height)
        }
        _ => None,
    }
}

/// Where a table is made of something else than rows of cells (the stacking of columns on narrow screens, `display:table` on
/// what has no cells), CSS wraps anonymous boxes around it; Blitz leaves it out. These displays show it.
fn displays(document: &BaseDocument, elements: &[NodeId]) -> Vec<(NodeId, &'static str, String)> {
    let mut changes: Vec<(NodeId, &'static str, String)> = Vec::new();
    let mut now: HashMap<NodeId, Display> = HashMap::new();
    let display = |now: &HashMap<NodeId, Display>, id: NodeId| {
        now.get(&id).copied().unwrap_or_else(|| document.get_node(id).map_or(Display::None, dom::display))
    };
    let mut change = |now: &mut HashMap<NodeId, Display>, id: NodeId, to: Display, word: &str| {
        now.insert(id, to);
        changes.push((id, "display", word.to_owned()));
    };
    let mut fitted: Vec<NodeId> = Vec::new();
    for id in elements.iter().copied() {
        let Some(node) = document.get_node(id) else { continue };
        let inside = match display(&now, id) {
            Display::None => continue,
            own @ (Display::Table | Display::RowGroup | Display::Row | Display::Cell) => own,
            Display::InlineBox if dom::styled(node, is_table_inside).unwrap_or(false) => Display::Table,
            _ => continue,
        };
        let parent = node.parent.map_or(Display::None, |parent| display(&now, parent));
        match inside {
            Display::Table => {
                let children = dom::children(document, id);
                let kinds: Vec<Display> = children.iter().map(|child| display(&now, *child)).collect();
                let rows = super::columns::rows(document, id);
                let is_broken = |row: &NodeId| {
                    let cells = dom::children(document, *row);
                    cells.iter().any(|cell| !matches!(display(&now, *cell), Display::Cell | Display::None))
                };
                let broken: Vec<NodeId> = rows.iter().copied().filter(is_broken).collect();
                if !broken.is_empty() {
                    // As a table does, it holds what floats in it.
                    change(&mut now, id, Display::Block, "flow-root");
                    for (child, kind) in children.iter().zip(&kinds) {
                        if *kind == Display::RowGroup {
                            change(&mut now, *child, Display::Block, "block");
                        }
                    }
                    for row in rows {
                        let cells = dom::children(document, row);
                        if cells.iter().all(|cell| display(&now, *cell) == Display::None) {
                            change(&mut now, row, Display::None, "none");
                        } else if broken.contains(&row) || cells.len() == 1 {
                            change(&mut now, row, Display::Block, "flow-root");
                            for cell in cells {
                                if display(&now, cell) == Display::Cell {
                                    change(&mut now, cell, Display::Block, "block");
                                }
                            }
                        } else {
                            change(&mut now, row, Display::Table, "table");
                        }
                    }
                } else if kinds.contains(&Display::Cell) {
                    change(&mut now, id, Display::Flex, "flex");
                    for (child, kind) in children.iter().zip(&kinds) {
                        if *kind == Display::Cell {
                            change(&mut now, *child, Display::Block, "block");
                        }
                    }
                } else if kinds.iter().any(|kind| is_no_part(*kind)) || (children.is_empty() && has_words(node)) {
                    let is_auto = Shape::of(node).is_some_and(|shape| shape.width == Width::Auto);
                    let word = if display(&now, id) == Display::InlineBox { "inline-block" } else { "flow-root" };
                    change(&mut now, id, Display::Block, word);
                    if is_auto && word == "flow-root" {
                        fitted.push(id);
                    }
                }
            }
            Display::RowGroup if !matches!(parent, Display::Table | Display::InlineBox) => {
                change(&mut now, id, Display::Table, "table");
            }
            Display::Row if !matches!(parent, Display::RowGroup | Display::Table | Display::InlineBox) => {
                change(&mut now, id, Display::Table, "table");
            }
            Display::Cell if !matches!(parent, Display::Row) => {
                change(&mut now, id, Display::InlineBox, "inline-block");
            }
            _ => {}
        }
    }
    // A row that became a table has cells where rows should be.
    let rows_as_tables: Vec<NodeId> = now.iter().filter(|(_, to)| **to == Display::Table).map(|(id, _)| *id).collect();
    for id in rows_as_tables {
        let is_row = document.get_node(id).is_some_and(|node| dom::display(node) == Display::Row);
        if is_row {
            changes.retain(|(changed, _, _)| *changed != id);
            changes.push((id, "display", "flex".to_owned()));
            for cell in dom::children(document, id) {
                if document.get_node(cell).is_some_and(|node| dom::display(node) == Display::Cell) {
                    changes.retain(|(changed, _, _)| *changed != cell);
                    changes.push((cell, "display", "block".to_owned()));
                }
            }
        }
    }
    changes.extend(fitted.into_iter().map(|id| (id, "width", "fit-content".to_owned())));
    changes
}

fn is_table_inside(styles: &ComputedValues) -> bool {
    styles.clone_display().inside() == style::values::specified::box_::DisplayInside::Table
}

fn is_no_part(display: Display) -> bool {
    !matches!(
        display,
        Display::None | Display::Row | Display::RowGroup | Display::Cell | Display::Caption | Display::Column
    )
}

fn has_words(node: &Node) -> bool {
    !node.text_content().trim().is_empty()
}

/// The space above and below that an inline element's box would take, which an inline element does not; `None` where it stays
/// one. Blitz draws no padding, border and margin of inline elements, so those that have any become boxes.
fn box_of_inline(node: &Node) -> Option<(f32, f32)> {
    if !matches!(
        dom::tag(node),
        "a" | "span" | "code" | "b" | "strong" | "em" | "kbd" | "font" | "small" | "mark" | "i"
    ) {
        return None;
    }
    let (top, bottom, is_wide) = dom::styled(node, |styles| {
        if dom::display_of(styles) != Display::Inline {
            return None;
        }
        let (padding, border) = (styles.get_padding(), styles.get_border());
        let px = |value: &LengthPercentage| value.to_length().map_or(0.0, |length| length.px());
        let line = |width: f32, is_none: bool| if is_none { 0.0 } else { width };
        let margin = |side: &GenericMargin<LengthPercentage>| match side {
            GenericMargin::LengthPercentage(value) => px(value),
            _ => 0.0,
        };
        let top = px(&padding.padding_top.0)
            + line(border.border_top_width.0.to_f32_px(), border.border_top_style.none_or_hidden());
        let bottom = px(&padding.padding_bottom.0)
            + line(border.border_bottom_width.0.to_f32_px(), border.border_bottom_style.none_or_hidden());
        let sides = px(&padding.padding_left.0)
            + px(&padding.padding_right.0)
            + line(border.border_left_width.0.to_f32_px(), border.border_left_style.none_or_hidden())
            + line(border.border_right_width.0.to_f32_px(), border.border_right_style.none_or_hidden())
            + margin(&styles.get_margin().margin_left)
            + margin(&styles.get_margin().margin_right);
        Some((top, bottom, sides.abs() > 0.0 || top > 0.0 || bottom > 0.0))
    })??;
    if !is_wide {
        return None;
    }
    let words = node.text_content();
    let is_short = words.chars().count() <= MAX_BOX_CHARS && !words.trim().is_empty();
    let is_one_line = !node.children.iter().any(|child| dom::tag(node.with(*child)) == "br");
    (is_short && is_one_line).then_some((top, bottom))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_lists_are_letters_and_roman() {
        let cases = [(1, "a", "i"), (4, "d", "iv"), (26, "z", "xxvi"), (27, "aa", "xxvii"), (1994, "bxr", "mcmxciv")];
        for (number, letter, sign) in cases {
            assert_eq!((letters(number).as_deref(), roman(number).as_deref()), (Some(letter), Some(sign)), "{number}");
        }
        assert_eq!((letters(0), roman(4000)), (None, None));
    }
}
