//! What lies in the maildrop: the scan listing (RFC 1939 §5) joined with the unique-ids (§7).
//!
//! Some maildrops have a million messages, and the program must not grow with them: what is listed is kept packed, mostly in
//! four octets a message beside its unique-id, and read through [`ScanLine`].

use std::collections::BTreeMap;
use std::fmt;

use super::{MessageNumber, Uid};

/// One message of the maildrop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanLine<'a> {
    pub number: MessageNumber,
    /// As announced by LIST; a hint. Zero where LIST did not name the message.
    pub size_bytes: u64,
    /// None: the server did not give one.
    pub uid: Option<Uid<'a>>,
}

/// All messages of the maildrop, by number.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Listing {
    pub(super) numbers: Numbers,
    pub(super) sizes: Sizes,
    pub(super) uids: Uids,
}

impl Listing {
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The message at this place, counted from zero; not its number.
    pub fn get(&self, place: usize) -> Option<ScanLine<'_>> {
        let number = self.numbers.get(place)?;
        let uid = self.uids.get(place).filter(|uid| !uid.is_empty()).map(Uid);
        Some(ScanLine { number: MessageNumber(number), size_bytes: self.sizes.get(place), uid })
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = ScanLine<'_>> + ExactSizeIterator {
        // Every place below the length has a message.
        let nothing = ScanLine { number: MessageNumber(0), size_bytes: 0, uid: None };
        (0..self.len()).map(move |place| self.get(place).unwrap_or(nothing))
    }

    /// The announced size of the message with this number; 0 where there is none.
    pub fn size_of(&self, number: MessageNumber) -> u64 {
        self.numbers.place_of(number.0).map_or(0, |place| self.sizes.get(place))
    }

    /// A message that comes after all others.
    pub(super) fn push(&mut self, number: u32, size_bytes: u64, uid: &[u8]) {
        self.numbers.push(number);
        self.sizes.push(size_bytes);
        self.uids.push(uid);
    }
}

impl fmt::Debug for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// By number; an empty unique-id stands for none.
impl<'a> FromIterator<(MessageNumber, u64, &'a [u8])> for Listing {
    fn from_iter<T: IntoIterator<Item = (MessageNumber, u64, &'a [u8])>>(messages: T) -> Self {
        let mut listing = Self::default();
        messages.into_iter().for_each(|(number, size_bytes, uid)| listing.push(number.0, size_bytes, uid));
        listing
    }
}

/// Message numbers in the order in which they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Numbers {
    /// 1, 2, 3 … as RFC 1939 §5 has it, up to this one.
    Counting(u32),
    /// Any others.
    Named(Vec<u32>),
}

impl Default for Numbers {
    fn default() -> Self {
        Self::Counting(0)
    }
}

impl Numbers {
    pub fn push(&mut self, number: u32) {
        match self {
            Self::Counting(last) if last.checked_add(1) == Some(number) => *last = number,
            Self::Counting(last) => *self = Self::Named((1..=*last).chain([number]).collect()),
            Self::Named(numbers) => numbers.push(number),
        }
    }

    pub fn len(&self) -> usize {
        match self {
            Self::Counting(last) => usize::try_from(*last).unwrap_or(usize::MAX),
            Self::Named(numbers) => numbers.len(),
        }
    }

    pub fn get(&self, place: usize) -> Option<u32> {
        match self {
            Self::Counting(last) => u32::try_from(place).ok().filter(|place| place < last).map(|place| place + 1),
            Self::Named(numbers) => numbers.get(place).copied(),
        }
    }

    /// Only where they ascend.
    fn place_of(&self, number: u32) -> Option<usize> {
        match self {
            Self::Counting(last) if (1..=*last).contains(&number) => usize::try_from(number - 1).ok(),
            Self::Counting(_) => None,
            Self::Named(numbers) => numbers.binary_search(&number).ok(),
        }
    }

    /// Their places in ascending order, each number once: of two the first counts.
    pub fn places(&self) -> Vec<usize> {
        let mut places: Vec<usize> = (0..self.len()).collect();
        places.sort_by_key(|&place| self.get(place));
        places.dedup_by_key(|place| self.get(*place));
        places
    }
}

/// Announced sizes, by place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sizes {
    /// [`u32::MAX`]: see `large`.
    small: Vec<u32>,
    large: BTreeMap<usize, u64>,
}

impl Sizes {
    pub fn push(&mut self, size_bytes: u64) {
        match u32::try_from(size_bytes).ok().filter(|&small| small != u32::MAX) {
            Some(small) => self.small.push(small),
            None => {
                self.large.insert(self.small.len(), size_bytes);
                self.small.push(u32::MAX);
            }
        }
    }

    pub fn get(&self, place: usize) -> u64 {
        match self.small.get(place) {
            Some(&u32::MAX) => self.large.get(&place).copied().unwrap_or(0),
            Some(&small) => small.into(),
            None => 0,
        }
    }
}

/// Unique-ids one after another, by place; empty: none was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Uids {
    octets: Vec<u8>,
    ends: Ends,
}

/// Where each unique-id ends.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Ends {
    /// So many of one length: what most servers give.
    Every {
        len: usize,
        count: usize,
    },
    Each(Vec<u32>),
}

impl Default for Ends {
    fn default() -> Self {
        Self::Every { len: 0, count: 0 }
    }
}

impl Uids {
    /// Whoever pushes keeps all together far below what 32 bits hold.
    pub fn push(&mut self, uid: &[u8]) {
        self.octets.extend_from_slice(uid);
        let end = |octets: usize| u32::try_from(octets).unwrap_or(u32::MAX);
        let all = end(self.octets.len());
        match &mut self.ends {
            Ends::Every { len, count } if *count == 0 || *len == uid.len() => (*len, *count) = (uid.len(), *count + 1),
            Ends::Every { len, count } => {
                self.ends = Ends::Each((1..=*count).map(|number| end(number * *len)).chain([all]).collect());
            }
            Ends::Each(ends) => ends.push(all),
        }
    }

    pub fn get(&self, place: usize) -> Option<&[u8]> {
        let start = place.checked_sub(1).map_or(Some(0), |before| self.end(before))?;
        self.octets.get(start..self.end(place)?)
    }

    fn end(&self, place: usize) -> Option<usize> {
        match &self.ends {
            Ends::Every { len, count } => (place < *count).then(|| (place + 1) * len),
            Ends::Each(ends) => ends.get(place).and_then(|&end| usize::try_from(end).ok()),
        }
    }

    /// Octets of all together.
    pub fn bytes(&self) -> usize {
        self.octets.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(messages: &[(u32, u64, &str)]) -> Listing {
        messages.iter().map(|&(number, size, uid)| (MessageNumber(number), size, uid.as_bytes())).collect()
    }

    #[test]
    fn what_was_packed_comes_out_as_it_was() {
        let large = u64::from(u32::MAX);
        let cases: [&[(u32, u64, &str)]; 8] = [
            &[],
            &[(1, 10, "aa"), (2, 20, "bb"), (3, 30, "cc")],
            &[(1, 10, ""), (2, 20, ""), (3, 30, "cc"), (4, 40, "")],
            &[(1, 10, "aa"), (2, 20, "bb"), (3, 30, "c"), (4, 40, "dd")],
            &[(1, 10, "a"), (2, 0, ""), (3, 30, "ccc")],
            &[(2, 10, "a"), (5, 20, "b")],
            &[(1, large - 1, "a"), (2, large, "b"), (3, u64::MAX, "c"), (4, 7, "d")],
            &[(1, 1, "a"), (u32::MAX, 2, "b")],
        ];
        for messages in cases {
            let listing = listing(messages);
            let read: Vec<_> = listing.iter().map(|line| (line.number.0, line.size_bytes, line.uid)).collect();
            let expected: Vec<_> = messages
                .iter()
                .map(|&(number, size, uid)| (number, size, (!uid.is_empty()).then_some(Uid(uid.as_bytes()))))
                .collect();
            assert_eq!(read, expected);
            for &(number, size, _) in messages {
                assert_eq!(listing.size_of(MessageNumber(number)), size, "{messages:?}");
            }
        }
    }

    #[test]
    fn a_number_that_is_not_listed_has_no_size() {
        for listing in [listing(&[(1, 5, "a"), (2, 6, "b")]), listing(&[(1, 5, "a"), (9, 6, "b")])] {
            for number in [0, 3, u32::MAX] {
                assert_eq!(listing.size_of(MessageNumber(number)), 0);
            }
        }
    }
}
