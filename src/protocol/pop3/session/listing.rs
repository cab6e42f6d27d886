//! The scan listing (RFC 1939 §5) and the unique-ids (§7), joined by message number.

use std::sync::Arc;

use super::{Event, Reading, Session};
use crate::protocol::pop3::listing::{Listing, Numbers, Sizes, Uids};
use crate::protocol::pop3::{Error, Reply};

/// Lines that a listing may have, sense or nonsense. Ten times the fullest maildrop ever reported.
const LISTING_LIMIT: usize = 5_000_000;

/// Octets of all unique-ids together: 50 for each line of the longest listing.
const UIDS_LIMIT_BYTES: usize = 256 * 1024 * 1024;

/// The listing as it comes in: UIDL and LIST each tell a half.
#[derive(Default)]
pub(super) struct Gathered {
    sizes: (Numbers, Sizes),
    uids: (Numbers, Uids),
    pub uidl_refused: Option<Reply>,
    pub list_refused: Option<Reply>,
}

impl Session {
    pub(super) fn uidl_line(&mut self, line: &[u8], lines: usize) -> Result<(), Error> {
        if line == b"." {
            self.reading = Reading::Status;
            return Ok(());
        }
        if lines >= LISTING_LIMIT {
            return Err(Error::ListingTooLong);
        }
        self.reading = Reading::Uidl { lines: lines + 1 };
        // A line that names no message tells nothing; one without a unique-id leaves its message without one.
        if let Some((number, uid)) = number_and_rest(line)
            && !uid.is_empty()
        {
            let (numbers, uids) = &mut self.gathered.uids;
            if uids.bytes() + uid.len() > UIDS_LIMIT_BYTES {
                return Err(Error::ListingTooLong);
            }
            numbers.push(number);
            uids.push(uid);
        }
        Ok(())
    }

    pub(super) fn list_line(&mut self, line: &[u8], lines: usize) -> Result<(), Error> {
        if line == b"." {
            self.reading = Reading::Status;
            return self.listed();
        }
        if lines >= LISTING_LIMIT {
            return Err(Error::ListingTooLong);
        }
        self.reading = Reading::List { lines: lines + 1 };
        if let Some((number, rest)) = number_and_rest(line) {
            let (numbers, sizes) = &mut self.gathered.sizes;
            numbers.push(number);
            sizes.push(leading_number(rest));
        }
        Ok(())
    }

    /// Both halves are in: joins them by number.
    pub(super) fn listed(&mut self) -> Result<(), Error> {
        let Gathered { sizes, uids, uidl_refused, list_refused } = std::mem::take(&mut self.gathered);
        if let (Some(_), Some(refused)) = (uidl_refused, list_refused) {
            return Err(Error::ListRefused(refused));
        }
        self.listing = Arc::new(join(sizes, uids));
        self.events.push_back(Event::Listed(self.listing.clone()));
        Ok(())
    }
}

/// `number blanks rest`: the rest without the blanks around it. None: no message number.
fn number_and_rest(line: &[u8]) -> Option<(u32, &[u8])> {
    let line = line.trim_ascii();
    let end = line.iter().position(|b| !b.is_ascii_digit()).unwrap_or(line.len());
    let (digits, rest) = line.split_at(end);
    let number: u32 = std::str::from_utf8(digits).ok()?.parse().ok().filter(|&number| number > 0)?;
    match rest.first() {
        None | Some(b' ' | b'\t') => Some((number, rest.trim_ascii())),
        Some(_) => None,
    }
}

/// The number at the start of a size field; sizes that no integer holds count as unknown.
fn leading_number(field: &[u8]) -> u64 {
    let end = field.iter().position(|b| !b.is_ascii_digit()).unwrap_or(field.len());
    field
        .get(..end)
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0)
}

/// Joins sizes and unique-ids by message number; a message that only one of them names is in the maildrop, too.
fn join((size_numbers, sizes): (Numbers, Sizes), (uid_numbers, uids): (Numbers, Uids)) -> Listing {
    if let (Numbers::Counting(a), Numbers::Counting(b)) = (&size_numbers, &uid_numbers)
        && a == b
    {
        return Listing { numbers: size_numbers, sizes, uids };
    }
    let named = |numbers: &Numbers| -> Vec<(u32, usize)> {
        numbers.places().into_iter().filter_map(|place| Some((numbers.get(place)?, place))).collect()
    };
    let (mut by_size, mut by_uid) =
        (named(&size_numbers).into_iter().peekable(), named(&uid_numbers).into_iter().peekable());
    let mut listing = Listing::default();
    loop {
        let number = match (by_size.peek(), by_uid.peek()) {
            (Some(&(a, _)), Some(&(b, _))) => a.min(b),
            (Some(&(number, _)), None) | (None, Some(&(number, _))) => number,
            (None, None) => return listing,
        };
        let size_bytes = by_size.next_if(|&(n, _)| n == number).map_or(0, |(_, place)| sizes.get(place));
        let uid = by_uid.next_if(|&(n, _)| n == number).and_then(|(_, place)| uids.get(place));
        listing.push(number, size_bytes, uid.unwrap_or_default());
    }
}
