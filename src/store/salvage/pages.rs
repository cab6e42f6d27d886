//! Reads rows from the pages themselves, where the tree that leads to them is broken: every leaf of a table is looked for, and
//! its cells are read as SQLite's file format describes them (sections 1.5, 1.6 and 2.1).

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use rusqlite::types::Value;

use super::super::migrate::PAGE_BYTES;

/// A row as it lies in its cell: a column whose value is the rowid itself is NULL.
pub(super) struct Row {
    pub(super) rowid: i64,
    pub(super) values: Vec<Value>,
}

/// A file of pages.
pub(super) struct Pages {
    file: File,
    page_bytes: usize,
    count: u64,
}

impl Pages {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let size_bytes = file.metadata()?.len();
        let mut head = [0; 18];
        file.read_exact(&mut head)?;
        let page_bytes = match be(&head, 16, 2) {
            1 => 65536,
            size @ 512..=32768 if size.is_power_of_two() => size,
            _ => 0,
        };
        let mut pages = Self { file, page_bytes: usize::try_from(page_bytes).unwrap_or(0), count: 0 };
        if page_bytes == 0 {
            pages.guess_size(size_bytes);
        }
        pages.count = size_bytes / pages.page_bytes as u64;
        Ok(pages)
    }

    /// Where the header does not say how large the pages are: of the two sizes that stores have, the smaller one is right if most
    /// pages of it begin as pages do. (Those of the larger size begin so at the smaller one, too, once in four.)
    fn guess_size(&mut self, size_bytes: u64) {
        self.page_bytes = OLD_PAGE_BYTES;
        let count = (size_bytes / OLD_PAGE_BYTES as u64).min(GUESSED_PAGES);
        let is_tree = |page: Vec<u8>| matches!(page.first(), Some(0x02 | 0x05 | 0x0A | 0x0D));
        self.count = count;
        let trees = (2..=count).filter(|&number| self.page(number).is_some_and(is_tree)).count() as u64;
        if trees * 2 < count {
            self.page_bytes = PAGE_BYTES as usize;
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The rows of a page, if it looks like a leaf of a table; pages count from 1.
    pub(super) fn rows(&mut self, number: u64) -> Vec<Row> {
        let Some(page) = self.page(number) else { return Vec::new() };
        let head = if number == 1 { 100 } else { 0 };
        // One bit of the mark may be another.
        let mark = page.get(head).copied().unwrap_or_default();
        if (mark ^ TABLE_LEAF).count_ones() > 1 {
            return Vec::new();
        }
        let said = be(&page, head + 3, 2);
        let (mut first_cell, mut rows) = (page.len(), Vec::new());
        for index in 0.. {
            let at = head + 8 + 2 * index;
            if at + 2 > first_cell {
                break;
            }
            let cell = usize::try_from(be(&page, at, 2)).unwrap_or(0);
            if cell <= at || cell >= page.len() {
                // The number of cells may be what is wrong.
                if index as u64 >= said {
                    break;
                }
                continue;
            }
            first_cell = first_cell.min(cell);
            rows.extend(self.row(&page, cell));
        }
        rows
    }

    fn row(&mut self, page: &[u8], cell: usize) -> Option<Row> {
        let (payload_bytes, at) = varint(page, cell)?;
        let (rowid, at) = varint(page, at)?;
        let payload_bytes = usize::try_from(payload_bytes).ok()?;
        let local_bytes = self.local_bytes(payload_bytes);
        let mut payload = page.get(at..at.checked_add(local_bytes)?)?.to_vec();
        if local_bytes < payload_bytes {
            let next = be(page, at + local_bytes, 4);
            self.follow(next, payload_bytes, &mut payload)?;
        }
        Some(Row { rowid: rowid.cast_signed(), values: values(&payload)? })
    }

    /// Octets of a payload that lie in the leaf itself (section 1.6).
    fn local_bytes(&self, payload_bytes: usize) -> usize {
        let usable = self.page_bytes;
        let most = usable - 35;
        if payload_bytes <= most {
            return payload_bytes;
        }
        let least = (usable - 12) * 32 / 255 - 23;
        let local = least + (payload_bytes - least) % (usable - 4);
        if local <= most { local } else { least }
    }

    /// The rest of a payload, from page to page.
    fn follow(&mut self, mut next: u64, payload_bytes: usize, payload: &mut Vec<u8>) -> Option<()> {
        if payload_bytes as u64 > self.count * self.page_bytes as u64 {
            return None;
        }
        while payload.len() < payload_bytes {
            let page = self.page(next)?;
            next = be(&page, 0, 4);
            let wanted = (payload_bytes - payload.len()).min(page.len() - 4);
            payload.extend_from_slice(page.get(4..4 + wanted)?);
        }
        Some(())
    }

    fn page(&mut self, number: u64) -> Option<Vec<u8>> {
        let from = number.checked_sub(1).filter(|_| number <= self.count)? * self.page_bytes as u64;
        let mut page = vec![0; self.page_bytes];
        self.file.seek(SeekFrom::Start(from)).ok()?;
        self.file.read_exact(&mut page).ok()?;
        Some(page)
    }
}

/// A record's values (section 2.1); None: it is none.
fn values(record: &[u8]) -> Option<Vec<Value>> {
    let (head_bytes, mut at) = varint(record, 0)?;
    let head_bytes = usize::try_from(head_bytes).ok()?;
    let mut body = head_bytes;
    let mut values = Vec::new();
    while at < head_bytes {
        let (kind, next) = varint(record, at)?;
        at = next;
        let len = match kind {
            0 | 8 | 9 => 0,
            1..=4 => usize::try_from(kind).ok()?,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return None,
            _ => usize::try_from((kind - 12) / 2).ok()?,
        };
        let octets = record.get(body..body.checked_add(len)?)?;
        body += len;
        values.push(match kind {
            0 => Value::Null,
            8 | 9 => Value::Integer(i64::from(kind == 9)),
            1..=6 => Value::Integer(signed(octets)),
            7 => Value::Real(f64::from_bits(signed(octets).cast_unsigned())),
            _ if kind % 2 == 0 => Value::Blob(octets.to_vec()),
            _ => Value::Text(String::from_utf8(octets.to_vec()).ok()?),
        });
    }
    (at == head_bytes && body == record.len() && !values.is_empty()).then_some(values)
}

fn signed(octets: &[u8]) -> i64 {
    let first = octets.first().map_or(0, |octet| i64::from(octet.cast_signed()));
    octets.iter().skip(1).fold(first, |value, octet| value << 8 | i64::from(*octet))
}

/// A number of `len` octets; zero where they are not there.
fn be(octets: &[u8], at: usize, len: usize) -> u64 {
    octets.get(at..at + len).map_or(0, |octets| octets.iter().fold(0, |value, octet| value << 8 | u64::from(*octet)))
}

/// A number of one to nine octets, and where it ends.
fn varint(octets: &[u8], at: usize) -> Option<(u64, usize)> {
    let mut value = 0u64;
    for place in 0..9 {
        let octet = u64::from(*octets.get(at + place)?);
        if place == 8 {
            return Some((value << 8 | octet, at + 9));
        }
        value = value << 7 | (octet & 0x7F);
        if octet & 0x80 == 0 {
            return Some((value, at + place + 1));
        }
    }
    None
}

/// The mark of a leaf of a table.
const TABLE_LEAF: u8 = 0x0D;
/// Pages of the stores of the first versions.
const OLD_PAGE_BYTES: usize = 4096;
/// Pages that are looked at to guess their size.
const GUESSED_PAGES: u64 = 1000;
