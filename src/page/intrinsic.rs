//! How narrow and how wide content can be: the widths of its longest word and of its longest line, for every box of a page.
//! Tables are built on them (CSS 2.1 §17.5.2.2), and what is shrunk to fit is.

use std::collections::HashMap;
use std::rc::Rc;

use blitz_dom::{BaseDocument, Node, NodeId};
use style::computed_values::box_sizing::T as BoxSizing;
use style::computed_values::flex_direction::T as FlexDirection;
use style::computed_values::float::T as Float;
use style::properties::ComputedValues;
use style::values::computed::LengthPercentage;
use style::values::generics::length::{GenericMargin, GenericMaxSize};

use super::columns::{self, Table};
use super::dom::{self, Display, Width};

/// The narrowest and the widest that something wants to be, in CSS pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Extent {
    pub min: f32,
    pub max: f32,
}

impl Extent {
    pub fn new(min: f32, max: f32) -> Self {
        Self { min, max: max.max(min) }
    }

    /// Of boxes that stand below each other.
    fn below(self, other: Self) -> Self {
        Self { min: self.min.max(other.min), max: self.max.max(other.max) }
    }

    /// Of boxes that stand beside each other if there is room, and below each other if not.
    fn beside(self, other: Self) -> Self {
        Self { min: self.min.max(other.min), max: self.max + other.max }
    }

    fn plus(self, px: f32) -> Self {
        Self { min: (self.min + px).max(0.0), max: (self.max + px).max(0.0) }
    }

    /// CSS 2.1 §10.3.5: the available width, but not more than wanted, and not less than needed.
    pub fn fitted(self, available: f32) -> f32 {
        self.max.min(available).max(self.min)
    }
}

/// What of an element's style decides on its width.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub display: Display,
    pub width: Width,
    pub min_width: Width,
    pub max_width: Width,
    pub is_border_box: bool,
    /// Padding and border to both sides, percentages left out.
    pub edges: f32,
    /// Margins to both sides, as far as they are lengths.
    pub margins: f32,
    pub is_floated: bool,
    pub is_out_of_flow: bool,
    is_row: bool,
    height: Width,
}

impl Shape {
    pub fn of(node: &Node) -> Option<Self> {
        dom::styled(node, Self::of_style)
    }

    fn of_style(styles: &ComputedValues) -> Self {
        let (position, margin, padding) = (styles.get_position(), styles.get_margin(), styles.get_padding());
        let border = styles.get_border();
        let sides = [
            (border.border_left_style, border.border_left_width.0),
            (border.border_right_style, border.border_right_width.0),
        ];
        let borders: f32 =
            sides.into_iter().filter(|(style, _)| !style.none_or_hidden()).map(|(_, width)| width.to_f32_px()).sum();
        let max_width = match &position.max_width {
            GenericMaxSize::LengthPercentage(value) => dom::length(&value.0),
            _ => Width::Auto,
        };
        Self {
            display: dom::display_of(styles),
            width: dom::width(&position.width),
            min_width: dom::width(&position.min_width),
            max_width,
            is_border_box: position.box_sizing == BoxSizing::BorderBox,
            edges: px(&padding.padding_left.0) + px(&padding.padding_right.0) + borders,
            margins: margin_px(&margin.margin_left) + margin_px(&margin.margin_right),
            is_floated: styles.clone_float() != Float::None,
            is_out_of_flow: styles.clone_position().is_absolutely_positioned(),
            is_row: matches!(position.flex_direction, FlexDirection::Row | FlexDirection::RowReverse),
            height: dom::width(&position.height),
        }
    }

    /// The width of the border box for a width of the style.
    pub fn border_box(&self, px: f32) -> f32 {
        if self.is_border_box { px.max(self.edges) } else { px + self.edges }
    }

    /// The border box for `width`, within what the style allows in a containing block of that width.
    pub fn clamped(&self, width: f32, containing: f32) -> f32 {
        let limit = |limit: Width| match limit {
            Width::Auto => None,
            Width::Px(px) => Some(self.border_box(px)),
            Width::Share(share) => Some(self.border_box(share * containing)),
        };
        let width = limit(self.max_width).map_or(width, |max| width.min(max));
        limit(self.min_width).map_or(width, |min| width.max(min))
    }

    /// The border box if the style gives its width.
    pub fn given(&self, containing: f32) -> Option<f32> {
        match self.width {
            Width::Auto => None,
            Width::Px(px) => Some(self.border_box(px)),
            Width::Share(share) => Some(self.border_box(share * containing)),
        }
    }
}

fn px(value: &LengthPercentage) -> f32 {
    value.to_length().map_or(0.0, |length| length.px())
}

fn margin_px(margin: &GenericMargin<LengthPercentage>) -> f32 {
    match margin {
        GenericMargin::LengthPercentage(value) => px(value),
        _ => 0.0,
    }
}

/// Measures boxes of a document that has been laid out, each once.
pub(super) struct Measuring<'d> {
    pub document: &'d mut BaseDocument,
    contents: HashMap<NodeId, Extent>,
    tables: HashMap<NodeId, Rc<Table>>,
}

impl<'d> Measuring<'d> {
    pub fn new(document: &'d mut BaseDocument) -> Self {
        Self { document, contents: HashMap::new(), tables: HashMap::new() }
    }

    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.document.get_node(id)
    }

    pub fn shape(&self, id: NodeId) -> Option<Shape> {
        Shape::of(self.node(id)?)
    }

    /// The boxes that a box contains, in order.
    pub fn boxes(&self, id: NodeId) -> Vec<NodeId> {
        let Some(node) = self.node(id) else { return Vec::new() };
        node.layout_children.borrow().as_ref().map(|children| children.to_vec()).unwrap_or_default()
    }

    /// The table's columns, measured.
    pub fn table(&mut self, id: NodeId) -> Rc<Table> {
        if let Some(known) = self.tables.get(&id) {
            return known.clone();
        }
        let table = Rc::new(columns::measured(self, id));
        self.tables.insert(id, table.clone());
        table
    }

    /// The content of a box, without its own padding and border.
    pub fn content(&mut self, id: NodeId) -> Extent {
        if let Some(known) = self.contents.get(&id) {
            return *known;
        }
        let extent = self.measured(id);
        self.contents.insert(id, extent);
        extent
    }

    fn measured(&mut self, id: NodeId) -> Extent {
        let Some(node) = self.node(id) else { return Extent::default() };
        if node.flags.is_table_root() {
            return self.table(id).content();
        }
        if dom::tag(node) == "img" {
            return Self::picture(node);
        }
        if node.flags.is_inline_root() {
            return self.line(id);
        }
        let shape = Shape::of(node);
        let is_row = shape.is_some_and(|shape| shape.display == Display::Flex && shape.is_row);
        let mut sum = Extent::default();
        let mut floats = Extent::default();
        for child in self.boxes(id) {
            let Some(shape) = self.shape(child) else { continue };
            let extent = self.outer(child);
            if shape.is_floated {
                floats = floats.beside(extent);
                sum = sum.below(floats);
            } else if is_row {
                sum = Extent { min: sum.min + extent.min, max: sum.max + extent.max };
            } else {
                floats = Extent::default();
                sum = sum.below(extent);
            }
        }
        sum
    }

    /// A picture at the size that its style or its own measures give.
    fn picture(node: &Node) -> Extent {
        let Some(shape) = Shape::of(node) else { return Extent::default() };
        let own = node.element_data().and_then(|element| element.raster_image_data());
        let width = match (own, shape.height) {
            (Some(own), Width::Px(height)) if own.height > 0 => height * own.width as f32 / own.height as f32,
            (Some(own), _) => own.width as f32,
            (None, _) => 0.0,
        };
        Extent::new(width, width)
    }

    /// Text with the boxes that stand in it.
    fn line(&mut self, id: NodeId) -> Extent {
        let text = self.document.get_node_mut(id).and_then(|node| node.element_data_mut()?.inline_layout_data.take());
        let Some(mut text) = text else { return Extent::default() };
        let scale = text.layout.scale();
        let kept: Vec<(u64, f32)> = text.layout.inline_boxes().map(|inline| (inline.id, inline.width)).collect();
        let mut floats = Extent::default();
        let mut extents = Vec::with_capacity(kept.len());
        for (box_id, _) in &kept {
            let box_id = NodeId::from_u64(*box_id);
            let is_apart = self.shape(box_id).is_none_or(|shape| shape.is_floated || shape.is_out_of_flow);
            let extent = self.outer(box_id);
            if is_apart {
                floats = floats.beside(extent);
                extents.push(Extent::default());
            } else {
                extents.push(extent);
            }
        }
        let mut widths = |choose: fn(&Extent) -> f32| {
            for (inline, extent) in text.layout.inline_boxes_mut().zip(&extents) {
                inline.width = choose(extent) * scale;
            }
            text.layout.calculate_content_widths()
        };
        let max = widths(|extent| extent.max).max;
        let min = widths(|extent| extent.min).min;
        for (inline, (_, width)) in text.layout.inline_boxes_mut().zip(&kept) {
            inline.width = *width;
        }
        if let Some(element) = self.document.get_node_mut(id).and_then(|node| node.element_data_mut()) {
            element.inline_layout_data = Some(text);
        }
        // Rounded up as the layout does, or the last word of a line would not fit.
        let found = Extent::new((min / scale).ceil(), (max / scale).ceil());
        Extent { min: found.min.max(floats.min), max: found.max + floats.max }
    }

    /// A box with its margins, as it counts for what contains it.
    pub fn outer(&mut self, id: NodeId) -> Extent {
        let Some(shape) = self.shape(id) else { return self.content(id) };
        if shape.display == Display::None || shape.is_out_of_flow {
            return Extent::default();
        }
        let is_picture = self.node(id).is_some_and(|node| dom::tag(node) == "img");
        let mut extent = match shape.width {
            Width::Px(px) => {
                let width = shape.border_box(px);
                if shape.display == Display::Table {
                    let least = self.content(id).min + shape.edges;
                    Extent::new(width.max(least), width.max(least))
                } else {
                    Extent::new(width, width)
                }
            }
            Width::Auto | Width::Share(_) => self.content(id).plus(shape.edges),
        };
        if let Width::Px(px) = shape.max_width {
            let most = shape.border_box(px);
            extent = Extent { min: extent.min.min(most), max: extent.max.min(most) };
        }
        if let Width::Px(px) = shape.min_width {
            let least = shape.border_box(px);
            extent = Extent { min: extent.min.max(least), max: extent.max.max(least) };
        }
        // A picture that is so many per cent wide, or at most, makes nothing wider than that.
        if is_picture && (matches!(shape.width, Width::Share(_)) || matches!(shape.max_width, Width::Share(_))) {
            extent.min = shape.edges;
        }
        extent.plus(shape.margins)
    }
}
