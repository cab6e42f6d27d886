//! The widths of a page's tables and their columns, worked out from the outermost table to the innermost (see `columns`) and
//! given to Blitz's grids as `<col>`s.

use std::collections::{HashMap, HashSet};

use blitz_dom::{BaseDocument, LocalName, Node, NodeId};

use super::columns::{OURS, distributed};
use super::dom::{self, Display, html_name, plain_name};
use super::intrinsic::{Extent, Measuring, Shape};

/// The widths that a page's tables were given.
#[derive(Default)]
pub(super) struct Columns {
    /// The `<colgroup>` that holds a table's columns.
    groups: HashMap<NodeId, NodeId>,
    given: HashSet<NodeId>,
}

/// What a table is to become: the width of its box, and of its columns if Blitz is to be told.
struct Wanted {
    table: NodeId,
    width: f32,
    columns: Vec<f32>,
}

impl Columns {
    /// Gives every table of a document that has been laid out its widths. Whether anything is to be laid out again.
    pub(super) fn set(&mut self, document: &mut BaseDocument) -> bool {
        let root = document.root_element().id;
        let width = document.viewport().logical_size().0;
        let mut placing = Placing { measuring: Measuring::new(document), wanted: Vec::new() };
        placing.contents(root, width);
        let wanted = placing.wanted;
        for table in &wanted {
            self.give(document, table);
        }
        !wanted.is_empty()
    }

    /// Takes the tables' widths back; the columns stay until they are given new ones.
    pub(super) fn undo(&mut self, document: &mut BaseDocument) {
        for table in self.given.drain() {
            if document.get_node(table).is_some() {
                document.remove_style_property(table, "inline-size");
            }
        }
    }

    fn give(&mut self, document: &mut BaseDocument, wanted: &Wanted) {
        document.set_style_property(wanted.table, "inline-size", &format!("{}px", wanted.width));
        self.given.insert(wanted.table);
        if !wanted.columns.is_empty() {
            hide_cols(document, wanted.table);
        }
        let mut mutator = document.mutate();
        // A new group each time, and an empty one where there are no columns to tell of: Blitz keeps the width of a table and
        // those of its columns as they were when its boxes were made, and makes them anew only for what comes and goes.
        if let Some(old) = self.groups.remove(&wanted.table) {
            mutator.remove_and_drop_node(old);
        }
        let group = mutator.create_element(html_name("colgroup"), Vec::new());
        mutator.set_attribute(group, plain_name(OURS), "");
        for width in &wanted.columns {
            let col = mutator.create_element(html_name("col"), Vec::new());
            mutator.set_attribute(col, plain_name(OURS), "");
            // A column of no width would be one of any width.
            mutator.set_attribute(col, plain_name("style"), &format!("width:{}px", width.max(0.01)));
            mutator.append_children(group, &[col]);
        }
        mutator.append_children(wanted.table, &[group]);
        drop(mutator);
        self.groups.insert(wanted.table, group);
    }
}

/// Takes the page's own `<col>`s out of the layout; what they ask for has been heard.
fn hide_cols(document: &mut BaseDocument, table: NodeId) {
    for child in dom::children(document, table) {
        let is_ours = |node: &Node| node.element_data().is_some_and(|element| element.has_attr(LocalName::from(OURS)));
        let is_col =
            document.get_node(child).is_some_and(|node| matches!(dom::tag(node), "col" | "colgroup") && !is_ours(node));
        if is_col {
            document.set_style_property(child, "display", "none");
        }
    }
}

/// Walks down the boxes with the room that each has.
struct Placing<'d> {
    measuring: Measuring<'d>,
    wanted: Vec<Wanted>,
}

impl Placing<'_> {
    /// Places what a box contains, whose content box is `room` wide.
    fn contents(&mut self, id: NodeId, room: f32) {
        let Some(node) = self.measuring.node(id) else { return };
        let is_line = node.flags.is_inline_root();
        let display = dom::display(node);
        for child in self.measuring.boxes(id) {
            let Some(shape) = self.measuring.shape(child) else { continue };
            if shape.display == Display::None {
                continue;
            }
            let is_item = matches!(display, Display::Flex | Display::Grid);
            let is_fitted = is_line || shape.is_floated || shape.display == Display::InlineBox;
            self.place(child, &shape, room, is_fitted, is_item);
        }
    }

    fn place(&mut self, id: NodeId, shape: &Shape, room: f32, is_fitted: bool, is_item: bool) {
        let available = (room - shape.margins).max(0.0);
        if self.measuring.node(id).is_some_and(|node| node.flags.is_table_root()) {
            self.table(id, shape, room, available);
            return;
        }
        let laid_out = self.measuring.node(id).map_or(0.0, |node| node.final_layout().size.width);
        let width = if is_item || shape.is_out_of_flow {
            laid_out
        } else if let Some(given) = shape.given(room) {
            shape.clamped(given, room)
        } else if is_fitted {
            let extent = self.measuring.content(id);
            let wanted = Extent::new(extent.min + shape.edges, extent.max + shape.edges);
            shape.clamped(wanted.fitted(available), room)
        } else {
            shape.clamped(available, room)
        };
        self.contents(id, (width - self.edges(id, shape, room)).max(0.0));
    }

    /// Padding and border with percentages.
    fn edges(&self, id: NodeId, shape: &Shape, room: f32) -> f32 {
        let shares = self.measuring.node(id).and_then(|node| {
            dom::styled(node, |styles| {
                let padding = styles.get_padding();
                [&padding.padding_left.0, &padding.padding_right.0]
                    .into_iter()
                    .filter(|side| side.to_length().is_none())
                    .map(|side| dom::resolved(side, room))
                    .sum::<f32>()
            })
        });
        shape.edges + shares.unwrap_or(0.0)
    }

    fn table(&mut self, id: NodeId, shape: &Shape, room: f32, available: f32) {
        let table = self.measuring.table(id);
        let extent = table.content();
        let least = extent.min + shape.edges;
        let width = match shape.given(room) {
            Some(given) => shape.clamped(given, room).max(least),
            None => shape.clamped((extent.max + shape.edges).min(available), room).max(least),
        };
        let inner = (width - shape.edges - table.around()).max(0.0);
        let columns = distributed(&table.columns, inner, table.is_fixed);
        let is_as_given = shape.given(room).is_some_and(|given| (shape.clamped(given, room) - width).abs() < 0.01);
        if !(table.is_plain && is_as_given) {
            let columns = if table.is_plain { Vec::new() } else { columns.clone() };
            self.wanted.push(Wanted { table: id, width: content_width(shape, width), columns });
        }
        for cell in &table.cells {
            let spanned: f32 = columns.iter().skip(cell.column).take(cell.span).sum();
            let room = spanned + table.spacing * (cell.span - 1) as f32;
            let Some(shape) = self.measuring.shape(cell.id) else { continue };
            let inner = room - self.edges(cell.id, &shape, room);
            self.contents(cell.id, inner.max(0.0));
        }
    }
}

/// What `width` has to say for a border box that wide.
fn content_width(shape: &Shape, border_box: f32) -> f32 {
    if shape.is_border_box { border_box } else { (border_box - shape.edges).max(0.0) }
}
