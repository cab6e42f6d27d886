//! The keys of many messages in few octets: sorted, each as its distance from the one before, in the seconds and in the sequence
//! that a key consists of. A hundred thousand messages of ten years take some 400 KB.

use super::{Change, Group, Groups};
use crate::store::types::MessageKey;

/// Bits of a key below its seconds.
const SEQUENCE_BITS: u32 = 20;

pub(super) fn pack(groups: Groups) -> Vec<u8> {
    let mut packed = Vec::new();
    for (change, mut keys) in groups {
        keys.sort_unstable();
        for number in change {
            put(&mut packed, number.cast_unsigned());
        }
        put(&mut packed, keys.len() as u64);
        let mut last = 0;
        for MessageKey(key) in keys {
            let second = key >> SEQUENCE_BITS;
            put(&mut packed, (second - last).cast_unsigned());
            put(&mut packed, (key - (second << SEQUENCE_BITS)).cast_unsigned());
            last = second;
        }
    }
    packed
}

/// None: it is damaged.
pub(super) fn unpack(mut packed: &[u8]) -> Option<Vec<Group>> {
    let mut groups = Vec::new();
    while !packed.is_empty() {
        let mut change: Change = Change::default();
        for number in &mut change {
            *number = take(&mut packed)?.cast_signed();
        }
        let count = take(&mut packed)?;
        let mut keys = Vec::new();
        let mut second = 0i64;
        for _ in 0..count {
            second = second.checked_add_unsigned(take(&mut packed)?)?;
            let sequence = take(&mut packed)?.cast_signed();
            keys.push(MessageKey(second.checked_shl(SEQUENCE_BITS)? | sequence));
        }
        groups.push((change, keys));
    }
    Some(groups)
}

/// Seven bits an octet, the lowest first; the highest bit says that more follow.
fn put(packed: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        packed.push((number & 0x7F) as u8 | 0x80);
        number >>= 7;
    }
    packed.push((number & 0x7F) as u8);
}

fn take(packed: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for place in 0..10 {
        let (&octet, rest) = packed.split_first()?;
        *packed = rest;
        number |= u64::from(octet & 0x7F) << (7 * place);
        if octet & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn groups_of(groups: &[(Change, &[i64])]) -> Groups {
        groups.iter().map(|(change, keys)| (*change, keys.iter().copied().map(MessageKey).collect())).collect()
    }

    #[test]
    fn what_is_packed_comes_back_sorted() {
        let groups = groups_of(&[([1, 0, 7, 0], &[9 << 20, 3 << 20 | 5, 3 << 20]), ([2, 1, 7, 0], &[i64::MAX >> 1])]);
        let expected = vec![([1, 0, 7, 0], vec![3 << 20, 3 << 20 | 5, 9 << 20]), ([2, 1, 7, 0], vec![i64::MAX >> 1])];
        let unpacked = unpack(&pack(groups)).unwrap();
        let plain: Vec<(Change, Vec<i64>)> =
            unpacked.into_iter().map(|(change, keys)| (change, keys.iter().map(|key| key.0).collect())).collect();
        assert_eq!(plain, expected);
        assert_eq!(unpack(&[]), Some(vec![]));
    }

    #[test]
    fn a_hundred_thousand_keys_are_small() {
        let keys = (0..100_000).map(|n| MessageKey((1_400_000_000 + n * 3_150) << 20)).collect();
        assert!(pack(Groups::from([([1, 0, 7, 0], keys)])).len() < 400_000);
    }

    proptest! {
        #[test]
        fn damage_is_told_and_never_trips(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = unpack(&octets);
        }
    }
}
