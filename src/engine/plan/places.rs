//! Finds unique-ids in a listing of any length: by halves where they ascend, as most servers list them, else in a table that
//! takes five octets a message.

use std::cell::Cell;
use std::cmp::Ordering;
use std::hash::{BuildHasher, RandomState};

use super::index;
use crate::protocol::pop3::Listing;

/// A slot where nothing is.
const EMPTY: u32 = u32::MAX;

/// Slots for each four messages: with one in five empty, a search ends soon.
const SLOTS_PER_FOUR: usize = 5;

/// The places of a listing by unique-id.
pub(super) struct Places<'a> {
    listing: &'a Listing,
    /// A table with open addressing: the first place of each unique-id. Empty where they ascend.
    slots: Vec<u32>,
    /// Where they ascend: the last one that was found. The ledger has them mostly in the same order.
    last: Cell<u32>,
    /// Keyed by chance: no server can make all its unique-ids fall into one another's slots.
    hasher: RandomState,
    /// All places of the unique-ids that stand there more than once: first place, size, place; sorted.
    twins: Vec<(u32, u64, u32)>,
    some_without: bool,
}

impl<'a> Places<'a> {
    pub fn new(listing: &'a Listing) -> Self {
        let mut places = Self {
            listing,
            slots: Vec::new(),
            last: Cell::new(0),
            hasher: RandomState::new(),
            twins: Vec::new(),
            some_without: false,
        };
        let uids = || listing.iter().map(|message| message.uid);
        if uids().all(|uid| uid.is_some()) && uids().is_sorted_by(|a, b| a < b) {
            return places;
        }
        places.slots = vec![EMPTY; listing.len() / 4 * SLOTS_PER_FOUR + SLOTS_PER_FOUR];
        for (place, message) in (0u32..).zip(listing.iter()) {
            match message.uid {
                Some(uid) => places.insert(uid.0, message.size_bytes, place),
                None => places.some_without = true,
            }
        }
        let mut firsts: Vec<u32> = places.twins.iter().map(|&(first, ..)| first).collect();
        firsts.sort_unstable();
        firsts.dedup();
        let with_sizes = firsts.into_iter().map(|first| (first, places.size_bytes(first), first)).collect::<Vec<_>>();
        places.twins.extend(with_sizes);
        places.twins.sort_unstable();
        places
    }

    fn insert(&mut self, uid: &[u8], size_bytes: u64, place: u32) {
        match self.find(uid) {
            Ok(first) => self.twins.push((first, size_bytes, place)),
            Err(slot) => {
                if let Some(slot) = self.slots.get_mut(slot) {
                    *slot = place;
                }
            }
        }
    }

    /// By halves, but first behind the last one that was found.
    fn find_ascending(&self, uid: &[u8]) -> Option<u32> {
        let len = u32::try_from(self.listing.len()).unwrap_or(u32::MAX);
        let next = self.last.get().saturating_add(1);
        let (mut low, mut high) = match next < len && self.uid(next) == uid {
            true => (next, next + 1),
            false => (0, len),
        };
        while low < high {
            let middle = low + (high - low) / 2;
            match self.uid(middle).cmp(uid) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => {
                    self.last.set(middle);
                    return Some(middle);
                }
            }
        }
        None
    }

    /// The first place of a unique-id, or the slot where it would be.
    fn find(&self, uid: &[u8]) -> Result<u32, usize> {
        let scaled = (u128::from(self.hasher.hash_one(uid)) * self.slots.len() as u128) >> 64;
        let mut slot = usize::try_from(scaled).unwrap_or(0);
        loop {
            match self.slots.get(slot) {
                // One slot in five is empty, so there is an end to this.
                None => slot = 0,
                Some(&EMPTY) => return Err(slot),
                Some(&place) if self.uid(place) == uid => return Ok(place),
                Some(_) => slot += 1,
            }
        }
    }

    /// The first place where this unique-id stands.
    pub fn first(&self, uid: &[u8]) -> Option<u32> {
        match self.slots.is_empty() {
            true => self.find_ascending(uid),
            false => self.find(uid).ok().filter(|_| !uid.is_empty()),
        }
    }

    /// Among the places of the unique-id whose first place this is: one with that size.
    pub fn of_size(&self, first: u32, size_bytes: u64) -> Option<u32> {
        match self.twins_of(first) {
            [] => Some(first).filter(|&first| self.size_bytes(first) == size_bytes),
            twins => {
                let at = twins.partition_point(|&(_, size, _)| size < size_bytes);
                twins.get(at).filter(|&&(_, size, _)| size == size_bytes).map(|&(.., place)| place)
            }
        }
    }

    /// Whether the unique-id whose first place this is stands nowhere else.
    pub fn stands_once(&self, first: u32) -> bool {
        self.twins_of(first).is_empty()
    }

    /// All places of the unique-id whose first place this is.
    pub fn all(&self, first: u32) -> Vec<u32> {
        match self.twins_of(first) {
            [] => vec![first],
            twins => twins.iter().map(|&(.., place)| place).collect(),
        }
    }

    /// Whether no other message has the same unique-id and size.
    pub fn is_unique(&self, place: u32) -> bool {
        if self.twins.is_empty() {
            return true;
        }
        let size_bytes = self.size_bytes(place);
        let twins = self.first(self.uid(place)).map(|first| self.twins_of(first)).unwrap_or_default();
        let at = twins.partition_point(|&(_, size, _)| size < size_bytes);
        twins.get(at + 1).is_none_or(|&(_, size, _)| size != size_bytes)
    }

    /// Whether the server gave some message no unique-id.
    pub fn some_without(&self) -> bool {
        self.some_without
    }

    fn twins_of(&self, first: u32) -> &[(u32, u64, u32)] {
        let begin = self.twins.partition_point(|&(of, ..)| of < first);
        let end = self.twins.partition_point(|&(of, ..)| of <= first);
        self.twins.get(begin..end).unwrap_or_default()
    }

    fn uid(&self, place: u32) -> &'a [u8] {
        self.listing.get(index(place)).and_then(|message| message.uid).map_or(&[], |uid| uid.0)
    }

    fn size_bytes(&self, place: u32) -> u64 {
        self.listing.get(index(place)).map_or(0, |message| message.size_bytes)
    }
}

/// A set of places.
pub(super) struct Bits {
    words: Vec<u64>,
    is_empty: bool,
}

impl Bits {
    /// For places below `len`.
    pub fn new(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)], is_empty: true }
    }

    pub fn get(&self, place: u32) -> bool {
        self.words.get(index(place) / 64).is_some_and(|word| word >> (place % 64) & 1 == 1)
    }

    pub fn set(&mut self, place: u32) {
        if let Some(word) = self.words.get_mut(index(place) / 64) {
            *word |= 1 << (place % 64);
            self.is_empty = false;
        }
    }

    pub fn clear(&mut self, place: u32) {
        if let Some(word) = self.words.get_mut(index(place) / 64) {
            *word &= !(1 << (place % 64));
        }
    }

    /// Whether none was ever set.
    pub fn is_empty(&self) -> bool {
        self.is_empty
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::pop3::MessageNumber;

    fn listing(messages: &[(&str, u64)]) -> Listing {
        (1..).zip(messages).map(|(number, (uid, size))| (MessageNumber(number), *size, uid.as_bytes())).collect()
    }

    #[test]
    fn every_unique_id_is_found_at_its_first_place() {
        let ascending: Vec<String> = (0..5000).map(|number| format!("uid-{number:04}")).collect();
        let otherwise: Vec<String> = (0..5000).map(|number| format!("uid-{number}")).collect();
        for names in [ascending, otherwise] {
            let messages: Vec<(&str, u64)> = names.iter().map(|name| (name.as_str(), 7)).collect();
            let listing = listing(&messages);
            let places = Places::new(&listing);
            let in_order = (0..5000u32).zip(&names);
            for (place, name) in in_order.clone().chain(in_order.rev()) {
                assert_eq!(places.first(name.as_bytes()), Some(place));
                assert_eq!(places.of_size(place, 7), Some(place));
                assert_eq!(places.of_size(place, 8), None);
                assert!(places.is_unique(place) && places.stands_once(place));
            }
            for unknown in ["", "uid-", "uid-5000", "z"] {
                assert_eq!(places.first(unknown.as_bytes()), None);
            }
            assert!(!places.some_without());
        }
    }

    #[test]
    fn of_those_that_stand_there_twice_the_size_tells() {
        let listing = listing(&[("a", 10), ("", 5), ("b", 10), ("a", 20), ("a", 10), ("b", 30)]);
        let places = Places::new(&listing);
        assert_eq!((places.first(b"a"), places.first(b"b"), places.first(b"")), (Some(0), Some(2), None));
        assert_eq!(places.all(0), [0, 4, 3]);
        assert!(!places.stands_once(0));
        assert_eq!((places.of_size(0, 20), places.of_size(2, 30), places.of_size(2, 40)), (Some(3), Some(5), None));
        let unique: Vec<bool> = (0..6).map(|place| places.is_unique(place)).collect();
        assert_eq!(unique, [false, true, true, true, false, true]);
        assert!(places.some_without());
    }

    #[test]
    fn an_empty_listing_has_nothing() {
        let listing = listing(&[]);
        assert_eq!(Places::new(&listing).first(b"a"), None);
    }
}
