//! A page as a tree in one arena: what html5ever builds, and what is walked afterwards. Nothing here calls itself, so that no
//! depth can exhaust a stack, neither in building, walking nor dropping.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use html5ever::interface::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::StrTendril;
use html5ever::{Attribute, LocalName, QualName, ns};

/// A node's place in the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeId(usize);

/// Attributes of one element; honest ones have a dozen.
pub const MAX_ATTRIBUTES: usize = 64;

/// The root of every tree.
pub const DOCUMENT: NodeId = NodeId(0);

#[derive(Debug)]
pub enum Data {
    /// The document, a comment, or what a `<template>` holds: nothing of them is ever shown.
    Other,
    Text(StrTendril),
    Element(Rc<QualName>, Vec<Attribute>),
}

#[derive(Debug)]
pub struct Node {
    pub data: Data,
    parent: Option<NodeId>,
    first: Option<NodeId>,
    last: Option<NodeId>,
    previous: Option<NodeId>,
    next: Option<NodeId>,
    /// Ancestors when it was put in; a later move of one of them does not change it.
    depth: usize,
}

#[derive(Debug)]
pub struct Tree {
    nodes: Vec<Node>,
}

impl Tree {
    fn new() -> Self {
        let mut tree = Self { nodes: Vec::new() };
        tree.add(Data::Other);
        tree
    }

    fn add(&mut self, data: Data) -> NodeId {
        let node = Node { data, parent: None, first: None, last: None, previous: None, next: None, depth: 0 };
        self.nodes.push(node);
        NodeId(self.nodes.len() - 1)
    }

    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.0)
    }

    pub fn first_child(&self, id: NodeId) -> Option<NodeId> {
        self.node(id)?.first
    }

    pub fn next_sibling(&self, id: NodeId) -> Option<NodeId> {
        self.node(id)?.next
    }

    fn change(&mut self, id: NodeId, change: impl FnOnce(&mut Node)) {
        if let Some(node) = self.nodes.get_mut(id.0) {
            change(node);
        }
    }

    fn depth(&self, id: NodeId) -> usize {
        self.node(id).map_or(0, |node| node.depth)
    }

    fn detach(&mut self, id: NodeId) {
        let Some((parent, previous, next)) = self.node(id).map(|node| (node.parent, node.previous, node.next)) else {
            return;
        };
        match (previous, parent) {
            (Some(previous), _) => self.change(previous, |node| node.next = next),
            (None, Some(parent)) => self.change(parent, |node| node.first = next),
            (None, None) => (),
        }
        match (next, parent) {
            (Some(next), _) => self.change(next, |node| node.previous = previous),
            (None, Some(parent)) => self.change(parent, |node| node.last = previous),
            (None, None) => (),
        }
        self.change(id, |node| (node.parent, node.previous, node.next) = (None, None, None));
    }

    fn append(&mut self, parent: NodeId, child: NodeId) {
        self.detach(child);
        let (depth, last) = (self.depth(parent) + 1, self.node(parent).and_then(|node| node.last));
        self.change(child, |node| (node.parent, node.previous, node.depth) = (Some(parent), last, depth));
        match last {
            Some(last) => self.change(last, |node| node.next = Some(child)),
            None => self.change(parent, |node| node.first = Some(child)),
        }
        self.change(parent, |node| node.last = Some(child));
    }

    fn insert_before(&mut self, sibling: NodeId, child: NodeId) {
        self.detach(child);
        let Some(parent) = self.node(sibling).and_then(|node| node.parent) else { return };
        let (depth, previous) = (self.depth(parent) + 1, self.node(sibling).and_then(|node| node.previous));
        self.change(child, |node| {
            (node.parent, node.previous, node.next, node.depth) = (Some(parent), previous, Some(sibling), depth);
        });
        match previous {
            Some(previous) => self.change(previous, |node| node.next = Some(child)),
            None => self.change(parent, |node| node.first = Some(child)),
        }
        self.change(sibling, |node| node.previous = Some(child));
    }

    /// Puts text behind that of a text node; false where the node is none.
    fn extend_text(&mut self, id: Option<NodeId>, more: &StrTendril) -> bool {
        match id.and_then(|id| self.nodes.get_mut(id.0)).map(|node| &mut node.data) {
            Some(Data::Text(text)) => {
                text.push_tendril(more);
                true
            }
            _ => false,
        }
    }
}

/// A node as html5ever holds it: with its name, for which it asks all the time.
#[derive(Clone)]
pub struct Handle {
    id: NodeId,
    name: Rc<QualName>,
}

/// What html5ever builds a [`Tree`] through.
pub struct Sink {
    tree: RefCell<Tree>,
    no_name: Rc<QualName>,
    elements: Cell<usize>,
    depth: Cell<usize>,
}

impl Sink {
    pub fn new() -> Self {
        let no_name = Rc::new(QualName::new(None, ns!(), LocalName::from("")));
        Self { tree: RefCell::new(Tree::new()), no_name, elements: Cell::new(0), depth: Cell::new(0) }
    }

    /// Elements made so far, those included that were left again.
    pub fn elements(&self) -> usize {
        self.elements.get()
    }

    /// Depth at which something was put in last: where the next element will be put, or above it.
    pub fn depth(&self) -> usize {
        self.depth.get()
    }

    pub fn into_tree(self) -> Tree {
        self.tree.into_inner()
    }

    fn handle(&self, id: NodeId) -> Handle {
        Handle { id, name: Rc::clone(&self.no_name) }
    }

    fn put(&self, child: NodeOrText<Handle>, parent: Option<NodeId>, sibling: Option<NodeId>) {
        let mut tree = self.tree.borrow_mut();
        let child = match child {
            NodeOrText::AppendNode(handle) => handle.id,
            NodeOrText::AppendText(text) => {
                let before = match sibling {
                    Some(sibling) => tree.node(sibling).and_then(|node| node.previous),
                    None => parent.and_then(|parent| tree.node(parent)).and_then(|node| node.last),
                };
                if tree.extend_text(before, &text) {
                    self.depth.set(before.map_or(0, |before| tree.depth(before)));
                    return;
                }
                tree.add(Data::Text(text))
            }
        };
        match (sibling, parent) {
            (Some(sibling), _) => tree.insert_before(sibling, child),
            (None, Some(parent)) => tree.append(parent, child),
            (None, None) => (),
        }
        self.depth.set(tree.depth(child));
    }
}

impl TreeSink for Sink {
    type Handle = Handle;
    type Output = Tree;
    type ElemName<'a> = &'a QualName;

    fn finish(self) -> Tree {
        self.into_tree()
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> Handle {
        self.handle(DOCUMENT)
    }

    fn elem_name<'a>(&'a self, target: &'a Handle) -> &'a QualName {
        &target.name
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, _: ElementFlags) -> Handle {
        self.elements.set(self.elements.get() + 1);
        let name = Rc::new(name);
        let id = self.tree.borrow_mut().add(Data::Element(Rc::clone(&name), attributes));
        Handle { id, name }
    }

    fn create_comment(&self, _: StrTendril) -> Handle {
        self.handle(self.tree.borrow_mut().add(Data::Other))
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> Handle {
        self.handle(self.tree.borrow_mut().add(Data::Other))
    }

    fn append(&self, parent: &Handle, child: NodeOrText<Handle>) {
        self.put(child, Some(parent.id), None);
    }

    fn append_before_sibling(&self, sibling: &Handle, new: NodeOrText<Handle>) {
        self.put(new, None, Some(sibling.id));
    }

    fn append_based_on_parent_node(&self, element: &Handle, previous: &Handle, child: NodeOrText<Handle>) {
        let has_parent = self.tree.borrow().node(element.id).is_some_and(|node| node.parent.is_some());
        if has_parent { self.append_before_sibling(element, child) } else { self.append(previous, child) }
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    /// What a template holds is put where the walk never comes.
    fn get_template_contents(&self, _: &Handle) -> Handle {
        self.handle(self.tree.borrow_mut().add(Data::Other))
    }

    fn same_node(&self, one: &Handle, other: &Handle) -> bool {
        one.id == other.id
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn add_attrs_if_missing(&self, target: &Handle, more: Vec<Attribute>) {
        self.tree.borrow_mut().change(target.id, |node| {
            let Data::Element(_, attributes) = &mut node.data else { return };
            for new in more.into_iter().take(MAX_ATTRIBUTES.saturating_sub(attributes.len())) {
                if !attributes.iter().any(|old| old.name == new.name) {
                    attributes.push(new);
                }
            }
        });
    }

    fn remove_from_parent(&self, target: &Handle) {
        self.tree.borrow_mut().detach(target.id);
    }

    fn reparent_children(&self, node: &Handle, new_parent: &Handle) {
        let mut tree = self.tree.borrow_mut();
        while let Some(child) = tree.first_child(node.id) {
            tree.append(new_parent.id, child);
        }
    }
}
