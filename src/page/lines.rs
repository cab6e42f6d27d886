//! How high the lines of quirky pages are. In both quirks modes, only the boxes that have text on a line make it higher, not
//! the block that it stands in nor an inline box around others (Quirks Mode Standard §3.2 and §3.3); Blitz counts them all.

use blitz_dom::{BaseDocument, Node, NodeId};
use style::computed_values::white_space_collapse::T as WhiteSpaceCollapse;
use style::values::generics::font::GenericLineHeight;

use super::dom::{self, Display};

/// The line heights that leave out the boxes without text: none for those, and what they had for the elements in them, which
/// would inherit it. An element may be named twice: what is said of it last, holds. (A line height of nothing still lies in the
/// middle of the box's letters, which is above those of less than half their size.)
pub(super) fn quirky(document: &BaseDocument, elements: &[NodeId]) -> Vec<(NodeId, &'static str, String)> {
    let mut changes = Vec::new();
    for id in elements {
        if !document.get_node(*id).is_some_and(is_without_text) {
            continue;
        }
        changes.push((*id, "line-height", "0".to_owned()));
        for child in dom::children(document, *id) {
            if let Some(height) = document.get_node(child).and_then(line_height) {
                changes.push((child, "line-height", height));
            }
        }
    }
    changes
}

/// Whether a box has lines, on none of them text of its own, and on some boxes that are lower than its text would be.
fn is_without_text(node: &Node) -> bool {
    let is_holder = matches!(dom::display(node), Display::Block | Display::Cell | Display::Inline | Display::InlineBox);
    let collapses = dom::styled(node, |styles| styles.clone_white_space_collapse() == WhiteSpaceCollapse::Collapse);
    if !is_holder || collapses != Some(true) || matches!(dom::tag(node), "img" | "br" | "li" | "input") {
        return false;
    }
    let (mut makes_a_difference, mut is_line_begun) = (false, false);
    for child in node.children.iter().map(|child| node.with(*child)) {
        if let Some(text) = child.text_data() {
            if text.content.chars().any(|letter| !letter.is_ascii_whitespace()) {
                return false;
            }
        } else if dom::tag(child) == "br" {
            // An empty line is as high as the text that might stand there.
            if !is_line_begun {
                return false;
            }
            is_line_begun = false;
        } else if child.is_element() {
            let is_in_line = match dom::display(child) {
                Display::None => continue,
                Display::Contents => return false,
                display => matches!(display, Display::Inline | Display::InlineBox),
            };
            makes_a_difference |= is_in_line && !is_set_alike(node, child);
            is_line_begun = is_in_line;
        }
    }
    makes_a_difference
}

/// Whether an inline element's text makes its lines as high as its parent's would.
fn is_set_alike(parent: &Node, child: &Node) -> bool {
    if dom::display(child) != Display::Inline || dom::tag(child) == "img" {
        return false;
    }
    let set = |node: &Node| {
        dom::styled(node, |styles| {
            (
                styles.clone_font_size(),
                styles.clone_font_family(),
                styles.clone_line_height(),
                styles.clone_font_weight(),
            )
        })
    };
    set(parent) == set(child)
}

/// As the value of `line-height`.
fn line_height(node: &Node) -> Option<String> {
    dom::styled(node, |styles| match styles.clone_line_height() {
        GenericLineHeight::Normal => "normal".to_owned(),
        GenericLineHeight::Number(number) => number.0.to_string(),
        GenericLineHeight::Length(length) => format!("{}px", length.0.px()),
    })
}
