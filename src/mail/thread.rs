//! Conversations: which messages hang together, and what answers what. The REFERENCES algorithm of RFC 5256 (§3), made so
//! that the order in which messages arrive does not matter.
//!
//! Two messages are of one thread if they name the same Message-ID, as their own or as one that they follow, directly or by
//! way of others. A message that is not here joins those that name it all the same.
//!
//! Subjects join nothing. RFC 5256 also puts together what merely has the same base subject; over a whole store that makes one
//! thread of every “Hello” and every “Invoice” of ten years, which is what people complain of, and answers that name
//! nothing have become rare. What is apart can be found by its subject; what was put together wrongly could not be taken apart.

use std::collections::HashMap;

/// What of a message says where it belongs. Ids are without angle brackets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Related {
    pub message_id: Option<String>,
    pub in_reply_to: Vec<String>,
    pub references: Vec<String>,
    /// Addresses of the sender and the recipients, joined with commas.
    pub addresses: String,
    /// Unix seconds.
    pub date: i64,
}

/// A place in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Which of the messages; None: one that is not here, and that several of them follow.
    pub message: Option<usize>,
    /// How many it is below.
    pub depth: usize,
}

/// Messages that are followed by way of References: the first, which began the thread, and so many of the nearest. Real threads
/// are seldom deeper, and one message cannot make the store remember thousands of ids.
const MOST_REFERENCES: usize = 100;

impl Related {
    /// The messages that it follows, the one that it answers last. In-Reply-To counts where there are no References, and of it
    /// the first id (RFC 5256 §3). Old programs put a correspondent's address there, which would join everything ever
    /// written to that person.
    pub fn ancestors(&self) -> Vec<&str> {
        let ids: Vec<&str> = self.references.iter().map(String::as_str).filter(|id| !id.is_empty()).collect();
        if ids.is_empty() {
            let is_id = |id: &&str| !id.is_empty() && !self.is_address(id);
            return self.in_reply_to.iter().map(String::as_str).find(is_id).into_iter().collect();
        }
        let skipped = ids.len().saturating_sub(MOST_REFERENCES);
        let near = ids.iter().copied().skip(1 + skipped);
        ids.iter().copied().take(1).chain(near).collect()
    }

    /// Every id by which it hangs together with other messages.
    pub fn names(&self) -> Vec<&str> {
        let own = self.message_id.as_deref().filter(|id| !id.is_empty());
        own.into_iter().chain(self.ancestors()).collect()
    }

    fn is_address(&self, id: &str) -> bool {
        self.addresses.split(',').any(|address| address.trim().eq_ignore_ascii_case(id))
    }
}

/// Puts messages under those that they answer; every one stands in it once, siblings in the order of their dates. Total: what
/// names itself, or goes round in a circle, is cut at its oldest message.
pub fn tree(messages: &[Related]) -> Vec<Placed> {
    let mut forest = Forest::new(messages);
    forest.believe_each_of_itself(messages);
    forest.cut_circles(messages);
    forest.believe_others(messages);
    forest.written_out()
}

/// Nodes are the messages, in their order, and behind them those that are named and not here.
struct Forest<'a> {
    by_id: HashMap<&'a str, usize>,
    parents: Vec<Option<usize>>,
    here: usize,
    /// The messages, oldest first.
    by_date: Vec<usize>,
}

impl<'a> Forest<'a> {
    /// Of messages with the same id the oldest bears it (RFC 5256: the others count as if they had one of their own).
    fn new(messages: &'a [Related]) -> Self {
        let mut by_date: Vec<usize> = (0..messages.len()).collect();
        by_date.sort_by_key(|&node| messages.get(node).map(|message| message.date));
        let mut by_id = HashMap::new();
        for &node in &by_date {
            let id = messages.get(node).and_then(|message| message.message_id.as_deref()).filter(|id| !id.is_empty());
            if let Some(id) = id {
                by_id.entry(id).or_insert(node);
            }
        }
        Self { by_id, parents: vec![None; messages.len()], here: messages.len(), by_date }
    }

    fn node(&mut self, id: &'a str) -> usize {
        let next = self.parents.len();
        let node = *self.by_id.entry(id).or_insert(next);
        if node == next {
            self.parents.push(None);
        }
        node
    }

    fn parent(&self, node: usize) -> Option<usize> {
        self.parents.get(node).copied().flatten()
    }

    fn put(&mut self, node: usize, parent: Option<usize>) {
        if let Some(place) = self.parents.get_mut(node) {
            *place = parent;
        }
    }

    /// A message knows best what it answers.
    fn believe_each_of_itself(&mut self, messages: &'a [Related]) {
        for (node, message) in messages.iter().enumerate() {
            let ancestors: Vec<usize> = message.ancestors().into_iter().map(|id| self.node(id)).collect();
            self.put(node, ancestors.into_iter().rev().find(|&parent| parent != node));
        }
    }

    /// Where messages answer each other in a circle, the oldest answers nothing.
    fn cut_circles(&mut self, messages: &[Related]) {
        let mut seen_from = vec![usize::MAX; self.parents.len()];
        for start in 0..self.here {
            let mut path = Vec::new();
            let mut next = Some(start);
            while let Some(node) = next
                && let Some(seen) = seen_from.get_mut(node).filter(|seen| **seen == usize::MAX)
            {
                *seen = start;
                path.push(node);
                next = self.parent(node);
            }
            // It came back to where it has been on this very way.
            let circle = next.filter(|&node| seen_from.get(node) == Some(&start));
            let at = circle.and_then(|circle| path.iter().position(|&node| node == circle));
            let circle = path.get(at.unwrap_or(path.len())..).unwrap_or_default();
            let oldest = circle.iter().copied().min_by_key(|&node| (messages.get(node).map(|m| m.date), node));
            if let Some(oldest) = oldest {
                self.put(oldest, None);
            }
        }
    }

    /// What is not here, or says nothing of what it answers, is placed by those that follow it; the oldest is believed first.
    fn believe_others(&mut self, messages: &'a [Related]) {
        let mut tops: Vec<usize> = (0..self.parents.len()).map(|node| self.parent(node).unwrap_or(node)).collect();
        for message in self.by_date.clone().into_iter().filter_map(|node| messages.get(node)) {
            let chain: Vec<usize> = message.ancestors().into_iter().map(|id| self.node(id)).collect();
            for (&above, &below) in chain.iter().zip(chain.iter().skip(1)) {
                if self.parent(below).is_none() && top(&mut tops, above) != below {
                    self.put(below, Some(above));
                    if let Some(place) = tops.get_mut(below) {
                        *place = above;
                    }
                }
            }
        }
    }

    /// What stands above a node: what is not here is left out, but for the last one.
    fn above(&mut self, node: usize) -> Option<usize> {
        let mut above = self.parent(node)?;
        while above >= self.here
            && let Some(next) = self.parent(above)
        {
            // The next that comes this way goes half as far.
            if let Some(beyond) = self.parent(next).filter(|_| next >= self.here) {
                self.put(above, Some(beyond));
            }
            above = next;
        }
        Some(above)
    }

    fn written_out(mut self) -> Vec<Placed> {
        let mut below: Vec<Vec<usize>> = vec![Vec::new(); self.parents.len()];
        let mut roots = Vec::new();
        // Oldest first, so that all siblings are, and what is not here stands where the first of its own would.
        for node in std::mem::take(&mut self.by_date) {
            let above = self.above(node);
            let siblings = above.and_then(|above| below.get_mut(above));
            let is_first = siblings.as_ref().is_some_and(|siblings| siblings.is_empty());
            if let Some(siblings) = siblings {
                siblings.push(node);
            }
            match above {
                None => roots.push(node),
                Some(absent) if absent >= self.here && is_first => roots.push(absent),
                Some(_) => {}
            }
        }
        let mut placed = Vec::with_capacity(self.here);
        let mut next: Vec<(usize, usize)> = roots.into_iter().rev().map(|root| (root, 0)).collect();
        while let Some((node, depth)) = next.pop() {
            let children = below.get_mut(node).map(std::mem::take).unwrap_or_default();
            // What is not here is shown only where it holds several together.
            let is_shown = node < self.here || children.len() > 1;
            if is_shown {
                placed.push(Placed { message: (node < self.here).then_some(node), depth });
            }
            let depth = depth + usize::from(is_shown);
            next.extend(children.into_iter().rev().map(|child| (child, depth)));
        }
        placed
    }
}

/// The topmost node above this one; the way there gets shorter each time.
fn top(tops: &mut [usize], mut node: usize) -> usize {
    while let Some(&above) = tops.get(node).filter(|&&above| above != node) {
        let beyond = tops.get(above).copied().unwrap_or(above);
        if let Some(place) = tops.get_mut(node) {
            *place = beyond;
        }
        node = above;
    }
    node
}

#[cfg(test)]
pub(crate) mod tests;
