//! Walks over Blitz's document, and the few words about computed styles that all passes use.

use blitz_dom::{BaseDocument, LocalName, Namespace, Node, NodeId, QualName, ns};
use style::properties::ComputedValues;
use style::values::computed::{Length, LengthPercentage};
use style::values::generics::length::GenericSize;
use style::values::specified::box_::{DisplayInside, DisplayOutside};

/// All elements in the order of the document.
pub(super) fn elements(document: &BaseDocument) -> Vec<NodeId> {
    below(document, document.root_node().id)
}

/// All elements below a node, in order.
pub(super) fn below(document: &BaseDocument, root: NodeId) -> Vec<NodeId> {
    let mut found = Vec::new();
    let mut open: Vec<NodeId> = children(document, root).into_iter().rev().collect();
    while let Some(id) = open.pop() {
        found.push(id);
        open.extend(children(document, id).into_iter().rev());
    }
    found
}

/// The elements among a node's children.
pub(super) fn children(document: &BaseDocument, id: NodeId) -> Vec<NodeId> {
    let Some(node) = document.get_node(id) else { return Vec::new() };
    node.children.iter().copied().filter(|child| document.get_node(*child).is_some_and(Node::is_element)).collect()
}

/// The element's name, empty for what is no element.
pub(super) fn tag(node: &Node) -> &str {
    node.element_data().map_or("", |element| element.name.local.as_ref())
}

/// Adds declarations to what an element's markup says of its style.
pub(super) fn add_style(document: &mut BaseDocument, id: NodeId, declarations: &str) {
    let Some(element) = document.get_node(id).and_then(|node| node.element_data()) else { return };
    let written = element.attr(LocalName::from("style")).unwrap_or_default();
    let both = format!("{written};{declarations}");
    document.mutate().set_attribute(id, plain_name("style"), &both);
}

/// The name of an attribute without a namespace.
pub(super) fn plain_name(name: &str) -> QualName {
    QualName::new(None, Namespace::from(""), LocalName::from(name))
}

/// The name of an element of HTML.
pub(super) fn html_name(name: &str) -> QualName {
    QualName::new(None, ns!(html), LocalName::from(name))
}

/// What `look` sees in an element's computed style; `None` where the element has none, being hidden.
pub(super) fn styled<T>(node: &Node, look: impl FnOnce(&ComputedValues) -> T) -> Option<T> {
    let styles = node.primary_styles()?;
    Some(look(&styles))
}

/// How an element takes part in the layout, in the few words that our passes need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Display {
    None,
    Contents,
    Inline,
    /// `inline-block`, `inline-table` and the like.
    InlineBox,
    Block,
    Flex,
    Grid,
    Table,
    RowGroup,
    Row,
    Cell,
    Caption,
    Column,
}

pub(super) fn display(node: &Node) -> Display {
    styled(node, display_of).unwrap_or(Display::None)
}

pub(super) fn display_of(styles: &ComputedValues) -> Display {
    let display = styles.clone_display();
    match (display.outside(), display.inside()) {
        (_, DisplayInside::None) => Display::None,
        (_, DisplayInside::Contents) => Display::Contents,
        (_, DisplayInside::TableRowGroup | DisplayInside::TableHeaderGroup | DisplayInside::TableFooterGroup) => {
            Display::RowGroup
        }
        (_, DisplayInside::TableRow) => Display::Row,
        (_, DisplayInside::TableCell) => Display::Cell,
        (_, DisplayInside::TableColumn | DisplayInside::TableColumnGroup) => Display::Column,
        (DisplayOutside::TableCaption, _) => Display::Caption,
        (DisplayOutside::Inline, DisplayInside::Flow) => Display::Inline,
        (DisplayOutside::Inline, _) => Display::InlineBox,
        (_, DisplayInside::Table) => Display::Table,
        (_, DisplayInside::Flex) => Display::Flex,
        (_, DisplayInside::Grid) => Display::Grid,
        _ => Display::Block,
    }
}

/// A width as a style gives it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Width {
    Auto,
    /// CSS pixels.
    Px(f32),
    /// A share of the containing block, 1 for all of it.
    Share(f32),
}

pub(super) fn width(size: &GenericSize<style::values::computed::NonNegativeLengthPercentage>) -> Width {
    match size {
        GenericSize::LengthPercentage(value) => length(&value.0),
        _ => Width::Auto,
    }
}

pub(super) fn length(value: &LengthPercentage) -> Width {
    if let Some(px) = value.to_length() {
        Width::Px(px.px())
    } else if let Some(share) = value.to_percentage() {
        Width::Share(share.0)
    } else {
        Width::Auto
    }
}

/// A length in pixels where its containing block is `basis` wide.
pub(super) fn resolved(value: &LengthPercentage, basis: f32) -> f32 {
    value.resolve(Length::new(basis)).px()
}
