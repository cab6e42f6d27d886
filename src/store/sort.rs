//! Lists in other orders than by time. Made from narrow rows of their own (see the migration), remembered, and mended when
//! little has changed: that a message comes into a mailbox of a million must not cost a sort of the million.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};

use rusqlite::{Connection, OptionalExtension};

use super::listing::keys_of;
use super::search::{Only, keys_only};
use super::types::{MailboxView, MessageKey, SortBy, SortOrder};
use super::{Error, Store};
use crate::mail::{Query, order};

/// The keys of a view in some order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sorted {
    pub keys: Arc<Vec<MessageKey>>,
    /// For each key, the newest first, where it stands in `keys`: what finds one of a million without reading them all.
    pub places: Arc<Vec<u32>>,
}

/// The order that was made last.
pub(super) struct Remembered {
    view: MailboxView,
    order: SortOrder,
    /// It holds what this says, and not the whole mailbox.
    query: Option<Query>,
    sorted: Sorted,
    /// The last change that it takes into account.
    change: i64,
}

impl Store {
    /// All keys of a view in this order.
    pub async fn sorted_keys(&self, view: MailboxView, order: SortOrder) -> Result<Sorted, Error> {
        self.sorted_as(view, order, None).await
    }

    /// The keys of a view of which the query holds, in this order.
    pub async fn sorted_keys_only(&self, view: MailboxView, order: SortOrder, only: Only) -> Result<Sorted, Error> {
        self.sorted_as(view, order, Some(only)).await
    }

    async fn sorted_as(&self, view: MailboxView, order: SortOrder, only: Option<Only>) -> Result<Sorted, Error> {
        // Taken out: two that are made at once do not wait for each other.
        let last = self.0.sorted.lock().unwrap_or_else(PoisonError::into_inner).take();
        let query = only.as_ref().map(|only| only.query.clone());
        let last = last.filter(|last| last.view == view && last.order == order && last.query == query);
        let made = self.read(move |db| make(db, view, order, only, last)).await?;
        let sorted = made.sorted.clone();
        *self.0.sorted.lock().unwrap_or_else(PoisonError::into_inner) = Some(made);
        Ok(sorted)
    }
}

fn make(
    db: &Connection,
    view: MailboxView,
    order: SortOrder,
    only: Option<Only>,
    last: Option<Remembered>,
) -> Result<Remembered, Error> {
    let change = db.query_row("SELECT coalesce(max(id), 0) FROM order_change", [], |row| row.get(0))?;
    let keys = match &only {
        None => keys_of(db, view)?,
        Some(only) => keys_only(db, view, only)?,
    };
    let source = Source { db, order, names_recipients: view.role.is_outgoing() };
    let mended = match last {
        Some(last) => source.mended(&keys, last)?,
        None => None,
    };
    let sorted = match mended {
        Some(sorted) => sorted,
        None => source.sorted(keys)?,
    };
    Ok(Remembered { view, order, query: only.map(|only| only.query), sorted, change })
}

/// Where what is compared comes from.
struct Source<'a> {
    db: &'a Connection,
    order: SortOrder,
    /// The list names whom a message is for, not whom it is from.
    names_recipients: bool,
}

impl Source<'_> {
    /// Made from nothing; `keys` newest first.
    fn sorted(&self, keys: Vec<MessageKey>) -> Result<Sorted, Error> {
        let mut weights = Weights::with_capacity(keys.len());
        if self.order.by != SortBy::Date {
            self.weigh_all(&keys, &mut weights)?;
        } else {
            (0..keys.len()).try_for_each(|_| weights.push(&Weight::default()))?;
        }
        let by = |a: &u32, b: &u32| self.directed(weights.compare(*a, *b)).then_with(|| a.cmp(b));
        let count = u32::try_from(keys.len()).map_err(|_| too_many())?;
        let mut indexes: Vec<u32> = (0..count).collect();
        match self.order {
            SortOrder { by: SortBy::Date, reversed: true } => indexes.reverse(),
            SortOrder { by: SortBy::Date, reversed: false } => {}
            _ => indexes.sort_unstable_by(by),
        }
        let mut places = vec![0; keys.len()];
        for (place, &index) in (0..count).zip(&indexes) {
            if let Some(of_key) = places.get_mut(index as usize) {
                *of_key = place;
            }
        }
        let keys = indexes.iter().filter_map(|&index| keys.get(index as usize).copied()).collect();
        Ok(Sorted { keys: Arc::new(keys), places: Arc::new(places) })
    }

    /// The order that was made last, without what is gone, and with what came put where it belongs. None: too much has
    /// changed, or it is not known what.
    fn mended(&self, keys: &[MessageKey], last: Remembered) -> Result<Option<Sorted>, Error> {
        let Some(changed) = changed_since(self.db, last.change)? else { return Ok(None) };
        let (mut come, mut gone) = differences(keys, &last.sorted);
        let is_listed = |key: &MessageKey| keys.binary_search_by(|probe| key.cmp(probe)).is_ok();
        for key in changed.into_iter().filter(is_listed) {
            if gone.insert(key) {
                come.push(key);
            }
        }
        come.sort_unstable();
        come.dedup();
        if come.is_empty() && gone.is_empty() {
            return Ok(Some(last.sorted));
        }
        if come.len() > MOST_MENDED {
            return Ok(None);
        }
        let stay: Vec<MessageKey> =
            last.sorted.keys.iter().copied().filter(|key| gone.is_empty() || !gone.contains(key)).collect();
        let mut places = Vec::with_capacity(come.len());
        for key in come {
            let weight = self.weight_of(key)?;
            places.push((self.place_among(&stay, key, &weight)?, weight, key));
        }
        places.sort_unstable_by(|(_, a, a_key), (_, b, b_key)| self.compare((a, *a_key), (b, *b_key)));
        let mut merged = Vec::with_capacity(keys.len());
        let mut from = 0;
        for (place, _, key) in places {
            merged.extend_from_slice(stay.get(from..place).unwrap_or_default());
            merged.push(key);
            from = place;
        }
        merged.extend_from_slice(stay.get(from..).unwrap_or_default());
        let places = places_of(keys, &merged)?;
        Ok(Some(Sorted { keys: Arc::new(merged), places: Arc::new(places) }))
    }

    /// How many of these, which are in order, come before it.
    fn place_among(&self, keys: &[MessageKey], key: MessageKey, weight: &Weight) -> Result<usize, Error> {
        let (mut from, mut to) = (0, keys.len());
        while from < to {
            let middle = usize::midpoint(from, to);
            let Some(&probe) = keys.get(middle) else { break };
            let of_probe = self.weight_of(probe)?;
            if self.compare((&of_probe, probe), (weight, key)).is_lt() { from = middle + 1 } else { to = middle }
        }
        Ok(from)
    }

    fn compare(&self, (a, a_key): (&Weight, MessageKey), (b, b_key): (&Weight, MessageKey)) -> std::cmp::Ordering {
        match self.order {
            SortOrder { by: SortBy::Date, reversed: true } => a_key.cmp(&b_key),
            _ => self.directed(a.cmp(b)).then_with(|| b_key.cmp(&a_key)),
        }
    }

    fn directed(&self, ordering: std::cmp::Ordering) -> std::cmp::Ordering {
        if self.order.reversed { ordering.reverse() } else { ordering }
    }

    /// What each of these, newest first, is compared by.
    fn weigh_all(&self, keys: &[MessageKey], weights: &mut Weights) -> Result<(), Error> {
        let stored: i64 = self.db.query_row("SELECT coalesce(sum(total), 0) FROM mailbox", [], |row| row.get(0))?;
        let is_few = (keys.len() as u64).saturating_mul(FEW) < stored.cast_unsigned();
        let (Some(newest), Some(oldest), false) = (keys.first(), keys.last(), is_few || self.is_of_recipients()) else {
            return keys.iter().try_for_each(|&key| weights.push(&self.weight_of(key)?));
        };
        let mut select = self.db.prepare_cached(&format!(
            "SELECT message, {} FROM message_order WHERE message BETWEEN ?1 AND ?2 ORDER BY message DESC",
            self.column()
        ))?;
        let mut rows = select.query([oldest.0, newest.0])?;
        let mut ahead = rows.next()?;
        for key in keys {
            while let Some(row) = ahead
                && row.get::<_, i64>(0)? > key.0
            {
                ahead = rows.next()?;
            }
            match ahead {
                Some(row) if row.get::<_, i64>(0)? == key.0 => weights.push(&self.weight(row.get_ref(1)?)?)?,
                _ => weights.push(&Weight::default())?,
            }
        }
        Ok(())
    }

    fn weight_of(&self, key: MessageKey) -> Result<Weight, Error> {
        if self.order.by == SortBy::Date {
            return Ok(Weight::default());
        }
        let table = if self.is_of_recipients() { "message WHERE key" } else { "message_order WHERE message" };
        let mut select = self.db.prepare_cached(&format!("SELECT {} FROM {table} = ?1", self.column()))?;
        let weight = select.query_row([key.0], |row| Ok(self.weight(row.get_ref(0)?))).optional()?;
        weight.unwrap_or_else(|| Ok(Weight::default()))
    }

    /// These do not stand in the narrow rows: of what one person has written there is less than of what came in.
    fn is_of_recipients(&self) -> bool {
        self.names_recipients && self.order.by == SortBy::Sender
    }

    fn column(&self) -> &'static str {
        match self.order.by {
            SortBy::Sender if self.names_recipients => "recipients",
            SortBy::Sender => "sender",
            SortBy::Subject => "subject",
            SortBy::Date | SortBy::Size => "size_bytes",
        }
    }

    fn weight(&self, value: rusqlite::types::ValueRef<'_>) -> Result<Weight, Error> {
        let text = || value.as_str().map_err(|error| Error::Unexpected(error.to_string()));
        Ok(match self.order.by {
            SortBy::Date => Weight::default(),
            // The largest comes first.
            SortBy::Size => {
                Weight { first: u64::MAX - value.as_i64().unwrap_or_default().cast_unsigned(), rest: Vec::new() }
            }
            SortBy::Sender => Weight::of(order::of_name(text()?).as_bytes()),
            SortBy::Subject => Weight::of(order::of_subject(text()?).as_bytes()),
        })
    }
}

/// What a message is compared by: of text its first eight octets, which decide most, and the others.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Weight {
    first: u64,
    rest: Vec<u8>,
}

impl Weight {
    fn of(text: &[u8]) -> Self {
        let (first, rest) = text.split_at(text.len().min(FIRST_BYTES));
        let mut octets = [0; FIRST_BYTES];
        octets.iter_mut().zip(first).for_each(|(to, from)| *to = *from);
        let rest = rest.get(..rest.len().min(REST_BYTES)).unwrap_or_default();
        Self { first: u64::from_be_bytes(octets), rest: rest.to_owned() }
    }
}

/// The weights of very many messages, in two pieces of memory.
struct Weights {
    firsts: Vec<u64>,
    /// Where the rest of each begins.
    rests: Vec<u32>,
    octets: Vec<u8>,
}

impl Weights {
    fn with_capacity(count: usize) -> Self {
        Self { firsts: Vec::with_capacity(count), rests: Vec::with_capacity(count), octets: Vec::new() }
    }

    fn push(&mut self, weight: &Weight) -> Result<(), Error> {
        self.firsts.push(weight.first);
        self.rests.push(u32::try_from(self.octets.len()).map_err(|_| too_many())?);
        self.octets.extend_from_slice(&weight.rest);
        Ok(())
    }

    fn compare(&self, a: u32, b: u32) -> std::cmp::Ordering {
        let first = |index: u32| self.firsts.get(index as usize);
        first(a).cmp(&first(b)).then_with(|| self.rest(a).cmp(self.rest(b)))
    }

    fn rest(&self, index: u32) -> &[u8] {
        let from = self.rests.get(index as usize).map_or(0, |&from| from as usize);
        let to = self.rests.get(index as usize + 1).map_or(self.octets.len(), |&to| to as usize);
        self.octets.get(from..to).unwrap_or_default()
    }
}

/// Keys that are listed now and were not, and those that were and are not. `keys` newest first.
fn differences(keys: &[MessageKey], last: &Sorted) -> (Vec<MessageKey>, HashSet<MessageKey>) {
    let (mut come, mut gone) = (Vec::new(), HashSet::new());
    let mut before = last.places.iter().filter_map(|&place| last.keys.get(place as usize).copied()).peekable();
    for &key in keys {
        while let Some(old) = before.next_if(|&old| old > key) {
            gone.insert(old);
        }
        if before.next_if_eq(&key).is_none() {
            come.push(key);
        }
    }
    gone.extend(before);
    (come, gone)
}

/// Messages that got another place since that change; None: it is not known which.
fn changed_since(db: &Connection, change: i64) -> Result<Option<Vec<MessageKey>>, Error> {
    let oldest: Option<i64> = db.query_row("SELECT min(id) FROM order_change", [], |row| row.get(0))?;
    if oldest.is_some_and(|oldest| oldest > change + 1) {
        return Ok(None);
    }
    let mut select = db.prepare_cached("SELECT message FROM order_change WHERE id > ?1")?;
    let changed = select.query_map([change], |row| row.get(0).map(MessageKey))?;
    Ok(Some(changed.collect::<Result<_, _>>()?))
}

/// Where each of `keys`, newest first, stands among `sorted`, which are the same.
pub(super) fn places_of(keys: &[MessageKey], sorted: &[MessageKey]) -> Result<Vec<u32>, Error> {
    let mut places: Vec<u32> = (0..u32::try_from(keys.len()).map_err(|_| too_many())?).collect();
    let key_at = |place: &u32| std::cmp::Reverse(sorted.get(*place as usize).copied());
    places.sort_unstable_by_key(key_at);
    Ok(places)
}

fn too_many() -> Error {
    Error::Unexpected("there are too many messages to be put in order".into())
}

/// Messages that are put into an order that is there; each looks at some twenty others.
const MOST_MENDED: usize = 1_000;
/// A view that holds less than this part of all messages is read one by one.
const FEW: u64 = 10;
/// Octets of a text that are compared at once, and those that decide where these are equal.
const FIRST_BYTES: usize = 8;
const REST_BYTES: usize = 72;

#[cfg(test)]
mod tests;
