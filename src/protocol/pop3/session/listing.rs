//! The scan listing (RFC 1939 §5) and the unique-ids (§7), joined by message number.

use super::{Event, Reading, Session};
use crate::protocol::pop3::{Error, MessageNumber, Reply, Uid};

/// Lines that a listing may have, sense or nonsense. Ten times the fullest maildrop ever reported.
const LISTING_LIMIT: usize = 5_000_000;

/// One message of the maildrop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanLine {
    pub number: MessageNumber,
    /// As announced by LIST; a hint. Zero where LIST did not name the message.
    pub size_bytes: u64,
    /// None: the server did not give one.
    pub uid: Option<Uid>,
}

/// What lies in the maildrop.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// By number.
    pub messages: Vec<ScanLine>,
}

/// The listing as it comes in: UIDL and LIST each tell a half.
#[derive(Default)]
pub(super) struct Gathered {
    pub sizes: Vec<(u32, u64)>,
    pub uids: Vec<(u32, Uid)>,
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
            self.listing.uids.push((number, Uid(uid.to_vec())));
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
            self.listing.sizes.push((number, leading_number(rest)));
        }
        Ok(())
    }

    /// Both halves are in: joins them by number.
    pub(super) fn listed(&mut self) -> Result<(), Error> {
        let Gathered { mut sizes, mut uids, uidl_refused, list_refused } = std::mem::take(&mut self.listing);
        if let (Some(_), Some(refused)) = (uidl_refused, list_refused) {
            return Err(Error::ListRefused(refused));
        }
        sizes.sort_by_key(|&(number, _)| number);
        sizes.dedup_by_key(|&mut (number, _)| number);
        uids.sort_by_key(|&(number, _)| number);
        uids.dedup_by_key(|&mut (number, _)| number);
        let messages = join(sizes, uids);
        self.sizes.clear();
        for message in &messages {
            // Numbers count from one without gaps (RFC 1939 §5); one far beyond the listing's end is a lie and gets no size.
            let index = usize::try_from(message.number.0).unwrap_or(usize::MAX).saturating_sub(1);
            if index < messages.len().saturating_mul(2).saturating_add(1000) {
                if self.sizes.len() <= index {
                    self.sizes.resize(index + 1, 0);
                }
                if let Some(size) = self.sizes.get_mut(index) {
                    *size = message.size_bytes;
                }
            }
        }
        self.events.push_back(Event::Listed(Listing { messages }));
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
fn join(sizes: Vec<(u32, u64)>, uids: Vec<(u32, Uid)>) -> Vec<ScanLine> {
    let (mut sizes, mut uids) = (sizes.into_iter().peekable(), uids.into_iter().peekable());
    let mut messages = Vec::with_capacity(sizes.len().max(uids.len()));
    loop {
        let number = match (sizes.peek(), uids.peek()) {
            (Some(&(a, _)), Some(&(b, _))) => a.min(b),
            (Some(&(number, _)), None) | (None, Some(&(number, _))) => number,
            (None, None) => return messages,
        };
        let size_bytes = sizes.next_if(|&(n, _)| n == number).map_or(0, |(_, size)| size);
        let uid = uids.next_if(|&(n, _)| n == number).map(|(_, uid)| uid);
        messages.push(ScanLine { number: MessageNumber(number), size_bytes, uid });
    }
}
