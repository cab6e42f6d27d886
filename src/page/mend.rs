//! What Blitz would not show, or show wrongly, changed in the document: before the styles are known what the markup says, and
//! after they are what they make of tables and of inline elements.

use std::collections::{HashMap, HashSet};

use blitz_dom::{BaseDocument, LocalName, Node, NodeId};
use style::properties::ComputedValues;
use style::values::computed::LengthPercentage;
use style::values::generics::length::GenericMargin;

use super::dom::{self, Display, Width, html_name, plain_name};
use super::intrinsic::Shape;
use super::resources::Resources;

/// The class of the boxes that stand for pictures that are not there.
const MISSING: &str = "malote-missing-picture";

/// Letters of an inline element that may become a box, which cannot be broken into lines.
const MAX_BOX_CHARS: usize = 60;

/// Changes that the markup alone asks for.
pub(super) fn before_styles(document: &mut BaseDocument, resources: &Resources) {
    for id in dom::elements(document) {
        let Some(node) = document.get_node(id) else { continue };
        match dom::tag(node) {
            "img" => picture(document, id, resources),
            "caption" => caption(document, id),
            _ => {}
        }
    }
}

/// A caption is no part of Blitz's tables: it is put before its table.
fn caption(document: &mut BaseDocument, id: NodeId) {
    let Some(table) = document.get_node(id).and_then(|node| node.parent) else { return };
    if !document.get_node(table).is_some_and(|node| dom::tag(node) == "table") {
        return;
    }
    document.mutate().insert_nodes_before(table, &[id]);
    dom::add_style(document, id, "display:block");
}

/// A picture that is not there becomes a box of its size with its alternative text; one that was made smaller keeps the
/// measures that it had.
fn picture(document: &mut BaseDocument, id: NodeId, resources: &Resources) {
    let Some(element) = document.get_node(id).and_then(|node| node.element_data()) else { return };
    let attribute = |name: &str| element.attr(LocalName::from(name)).map(str::to_owned);
    let source = attribute("src").unwrap_or_default();
    let url = document.base_url().join(source.trim()).map(String::from).unwrap_or_default();
    if let Some((width, _)) = resources.measures(&url) {
        if attribute("width").is_none() && attribute("height").is_none() {
            document.mutate().set_attribute(id, plain_name("width"), &width.to_string());
        }
        return;
    }
    if !source.trim().is_empty() && !resources.is_unanswered(&url) {
        return;
    }
    let measure = |name: &str| attribute(name).filter(|value| value.trim().parse::<f32>().is_ok());
    let (width, height) = (measure("width"), measure("height"));
    let tiny =
        |side: &Option<String>| side.as_deref().is_some_and(|px| px.trim().parse::<f32>().is_ok_and(|px| px <= 1.0));
    if tiny(&width) || tiny(&height) {
        document.mutate().remove_and_drop_node(id);
        return;
    }
    let mut style = attribute("style").unwrap_or_default();
    let alternative = attribute("alt").unwrap_or_default();
    let side = |name: &str, value: Option<String>, otherwise: &str| {
        value.map_or_else(|| format!("{name}:{otherwise};"), |px| format!("{name}:{}px;", px.trim()))
    };
    let own = format!(
        "{}{}",
        side("width", width, if alternative.is_empty() { "24px" } else { "auto" }),
        side("height", height, if alternative.is_empty() { "24px" } else { "auto" })
    );
    style = format!("{own}{style}");
    let class = format!("{MISSING} {}", attribute("class").unwrap_or_default());
    let mut mutator = document.mutate();
    let stand_in = mutator.create_element(html_name("span"), Vec::new());
    mutator.set_attribute(stand_in, plain_name("class"), &class);
    mutator.set_attribute(stand_in, plain_name("style"), &style);
    let words = mutator.create_text_node(&alternative);
    mutator.append_children(stand_in, &[words]);
    mutator.insert_nodes_before(id, &[stand_in]);
    mutator.remove_and_drop_node(id);
}

/// How stand-ins look.
pub(super) const MISSING_RULE: &str = ".malote-missing-picture{display:inline-block;box-sizing:border-box;max-width:100%;\
    overflow:hidden;border:1px solid #c8c8c8;color:#767676;font:12px/1.3 sans-serif;vertical-align:bottom}\n";

/// Changes to the style of single elements, which can be taken back.
#[derive(Default)]
pub(super) struct Mends {
    changed: Vec<(NodeId, &'static str)>,
}

impl Mends {
    /// Takes everything back: another width may make other rules apply.
    pub(super) fn undo(&mut self, document: &mut BaseDocument) {
        let changed = std::mem::take(&mut self.changed);
        for (id, property) in &changed {
            if document.get_node(*id).is_some() {
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
            let is_table = document.get_node(*id).is_some_and(|node| dom::display(node) == Display::Table);
            if is_table {
                for (id, property, value) in super::collapse::changes(document, *id) {
                    self.set(document, id, property, &value);
                }
            }
        }
        for id in elements {
            if let Some(margins) = document.get_node(id).and_then(box_of_inline) {
                self.set(document, id, "display", "inline-block");
                self.set(document, id, "margin-top", &format!("{}px", -margins.0));
                self.set(document, id, "margin-bottom", &format!("{}px", -margins.1));
            }
        }
        self.changed.len() > before
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
                    change(&mut now, id, Display::Block, "block");
                    for (child, kind) in children.iter().zip(&kinds) {
                        if *kind == Display::RowGroup {
                            change(&mut now, *child, Display::Block, "block");
                        }
                    }
                    for row in rows {
                        let cells = dom::children(document, row);
                        if broken.contains(&row) || cells.len() == 1 {
                            change(&mut now, row, Display::Block, "block");
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
                    let word = if display(&now, id) == Display::InlineBox { "inline-block" } else { "block" };
                    change(&mut now, id, Display::Block, word);
                    if is_auto && word == "block" {
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
