//! Reads what was found, one message after the other, on a thread that may wait for the disk: never more of a message in
//! memory than a piece.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::UNIX_EPOCH;

use async_channel::Sender;

use super::source::{Folder, Kind, files_of};
use crate::mail::mbox::{self, FromLine, Splitter};
use crate::mail::mozilla::Before;
use crate::store::types::{Flag, Flags, Part};

/// A message that grows beyond this comes piece by piece.
pub(super) const PIECE_BYTES: usize = 256 * 1024;
/// Octets that are read from a file at once.
const READ_BYTES: usize = 256 * 1024;
/// Octets in which `Status` is looked for.
const STATUS_BYTES: usize = 32 * 1024;

/// What comes of reading.
pub(super) enum Item {
    Message {
        octets: Vec<u8>,
        marks: Marks,
    },
    /// A message of which more follows,
    Piece(Vec<u8>),
    /// and its end.
    End(Marks),
    /// What was read of the last message is not to be kept.
    Broken,
    /// Deleted there, and not cut out of the file yet.
    Expunged,
    Fault {
        place: String,
        why: String,
    },
}

/// What is known of a message beside its octets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// The folder's number.
    pub folder: usize,
    pub flags: Flags,
    pub uid: Option<Vec<u8>>,
    pub received_at: Option<i64>,
    pub part: Part,
    /// It was marked to be deleted.
    pub is_trash: bool,
}

/// Whose unique-ids count: those of this account of the other program.
#[derive(Clone, Debug, Default)]
pub(super) struct Trusted {
    pub server: Option<usize>,
    pub account_key: Option<String>,
}

/// Nobody listens any more.
struct Stopped;

pub(super) struct Reader {
    pub items: Sender<Item>,
    pub trusted: Trusted,
    /// Octets read so far.
    pub read_bytes: Arc<AtomicU64>,
}

impl Reader {
    /// Reads all folders, until nobody listens any more.
    pub fn read(self, folders: &[Folder]) {
        for (number, folder) in folders.iter().enumerate() {
            if self.folder(number, folder).is_err() {
                return;
            }
        }
    }

    fn send(&self, item: Item) -> Result<(), Stopped> {
        self.items.send_blocking(item).map_err(|_| Stopped)
    }

    fn fault(&self, place: &Path, why: impl ToString) -> Result<(), Stopped> {
        self.send(Item::Fault { place: place.display().to_string(), why: why.to_string() })
    }

    fn folder(&self, number: usize, folder: &Folder) -> Result<(), Stopped> {
        if let Kind::Mbox { thunderbird } = folder.kind {
            return self.mbox(number, folder, thunderbird);
        }
        let files = match files_of(folder) {
            Ok(files) => files,
            Err(error) => return self.fault(&folder.place, error),
        };
        let claws = if folder.kind == Kind::Mh { claws_marks(&folder.place) } else { None };
        for file in files {
            match file {
                Ok(file) => self.file(number, folder, &file, claws.as_ref())?,
                Err(error) => self.fault(&folder.place, error)?,
            }
        }
        Ok(())
    }

    /// A file that is one message.
    fn file(
        &self,
        number: usize,
        folder: &Folder,
        path: &Path,
        claws: Option<&HashMap<u32, u32>>,
    ) -> Result<(), Stopped> {
        let thunderbird = matches!(folder.kind, Kind::Maildir { thunderbird: true });
        let mut marks = Marks { folder: number, ..Marks::default() };
        match folder.kind {
            Kind::Maildir { thunderbird: false } => maildir_marks(path, &mut marks),
            Kind::Mh => mh_marks(path, claws, &mut marks),
            _ => marks.flags = read_already(),
        }
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) => return self.fault(path, error),
        };
        let modified = file.metadata().and_then(|data| data.modified()).ok();
        let since = modified.and_then(|modified| modified.duration_since(UNIX_EPOCH).ok());
        marks.received_at = since.and_then(|since| i64::try_from(since.as_secs()).ok());
        let mut message = Assembly::begin(self, marks, folder.server, thunderbird, false);
        let mut buffer = vec![0; READ_BYTES];
        loop {
            match self.chunk(&mut file, &mut buffer) {
                Ok([]) => return message.end(),
                Ok(octets) => message.take(octets)?,
                Err(error) => {
                    message.give_up()?;
                    return self.fault(path, error);
                }
            }
        }
    }

    fn mbox(&self, number: usize, folder: &Folder, thunderbird: bool) -> Result<(), Stopped> {
        let mut file = match File::open(&folder.place) {
            Ok(file) => file,
            Err(error) => return self.fault(&folder.place, error),
        };
        let mut splitter = Splitter::default();
        let mut current = None;
        let mut count = 0u64;
        let mut outcome = Ok(());
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let chunk = self.chunk(&mut file, &mut buffer);
            let is_end = matches!(chunk, Ok([]) | Err(_));
            {
                let mut take = |event: mbox::Event<'_>| {
                    if outcome.is_ok() {
                        count += u64::from(matches!(event, mbox::Event::Begin(_)));
                        outcome = self.event(event, &mut current, (number, folder, thunderbird), count);
                    }
                };
                match &chunk {
                    Ok([]) => std::mem::take(&mut splitter).finish(&mut take),
                    Ok(octets) => splitter.feed(octets, &mut take),
                    // What was whole before the fault is there; what it struck is not.
                    Err(_) => {}
                }
            }
            std::mem::replace(&mut outcome, Ok(()))?;
            if is_end {
                if let Err(error) = chunk {
                    if let Some(message) = current.take() {
                        message.give_up()?;
                    }
                    self.fault(&folder.place, error)?;
                }
                return Ok(());
            }
        }
    }

    fn event<'a>(
        &'a self,
        event: mbox::Event<'_>,
        current: &mut Option<Assembly<'a>>,
        (number, folder, thunderbird): (usize, &Folder, bool),
        count: u64,
    ) -> Result<(), Stopped> {
        match event {
            mbox::Event::Begin(from) => {
                let mut marks = Marks { folder: number, received_at: from.date, ..Marks::default() };
                let is_exact = from.is_exact;
                marks.flags = if is_exact { exact_flags(&from) } else { read_already() };
                *current = Some(Assembly::begin(self, marks, folder.server, !is_exact, !thunderbird && !is_exact));
                Ok(())
            }
            mbox::Event::Octets(octets) => match current {
                Some(message) => message.take(octets),
                None => Ok(()),
            },
            mbox::Event::End { is_cut } => {
                if let Some(message) = current.take() {
                    message.end()?;
                }
                if is_cut {
                    self.fault(&folder.place, format!("message {count} is cut off: its end is missing"))?;
                }
                Ok(())
            }
            mbox::Event::Junk(octets) => {
                let why = format!("{octets} octets before message {} belong to no message", count + 1);
                self.fault(&folder.place, why)
            }
        }
    }

    fn chunk<'b>(&self, file: &mut File, buffer: &'b mut [u8]) -> io::Result<&'b [u8]> {
        loop {
            match file.read(buffer) {
                Ok(count) => {
                    self.read_bytes.fetch_add(count as u64, Ordering::Relaxed);
                    return Ok(buffer.get(..count).unwrap_or_default());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// A message whose octets come.
struct Assembly<'a> {
    reader: &'a Reader,
    marks: Marks,
    server: Option<usize>,
    /// There may be lines of Thunderbird's before it,
    has_lines: bool,
    /// and fields that say what was read.
    has_status: bool,
    octets: Vec<u8>,
    is_open: bool,
    is_expunged: bool,
}

impl<'a> Assembly<'a> {
    fn begin(reader: &'a Reader, marks: Marks, server: Option<usize>, has_lines: bool, has_status: bool) -> Self {
        let octets = Vec::new();
        Self { reader, marks, server, has_lines, has_status, octets, is_open: false, is_expunged: false }
    }

    fn take(&mut self, octets: &[u8]) -> Result<(), Stopped> {
        if self.is_expunged {
            return Ok(());
        }
        self.octets.extend_from_slice(octets);
        if self.octets.len() < PIECE_BYTES {
            return Ok(());
        }
        if !self.is_open {
            self.read_head();
            self.is_open = true;
        }
        let piece = std::mem::take(&mut self.octets);
        if self.is_expunged { Ok(()) } else { self.reader.send(Item::Piece(piece)) }
    }

    fn end(mut self) -> Result<(), Stopped> {
        if !self.is_open {
            self.read_head();
        }
        let (octets, marks) = (self.octets, self.marks);
        match (self.is_expunged, self.is_open) {
            (true, _) => self.reader.send(Item::Expunged),
            (false, false) => self.reader.send(Item::Message { octets, marks }),
            (false, true) => {
                self.reader.send(Item::Piece(octets))?;
                self.reader.send(Item::End(marks))
            }
        }
    }

    /// The rest cannot be read.
    fn give_up(self) -> Result<(), Stopped> {
        if self.is_open && !self.is_expunged { self.reader.send(Item::Broken) } else { Ok(()) }
    }

    /// What stands in the first octets, and what of them is not the message's.
    fn read_head(&mut self) {
        if self.has_lines
            && let Some(before) = Before::read(&self.octets)
        {
            self.octets.drain(..before.length);
            self.apply(&before);
        } else if self.has_status {
            let head = self.octets.get(..STATUS_BYTES).unwrap_or(&self.octets);
            if let Some(letters) = mbox::status(head) {
                let has = |letter| letters.contains(letter);
                self.marks.flags = flags(has('R'), has('F'), has('A'), false);
            }
        }
    }

    fn apply(&mut self, before: &Before) {
        let has = |bit| before.status & bit != 0;
        self.is_expunged = has(Before::EXPUNGED);
        self.marks.flags = flags(has(Before::READ), has(Before::STARRED), has(Before::REPLIED), has(Before::FORWARDED));
        if has(Before::PARTIAL) {
            self.marks.part = Part::Excerpt;
        }
        let trusted = &self.reader.trusted;
        let is_trusted = match &before.account_key {
            Some(key) => trusted.account_key.as_ref() == Some(key),
            None => trusted.server.is_some() && trusted.server == self.server,
        };
        self.marks.uid = before.uid.clone().filter(|_| is_trusted);
    }
}

/// Where nothing says what was read, all was: an archive must not come up as a hundred thousand new messages.
fn read_already() -> Flags {
    Flags::default().with(Flag::Seen, true)
}

fn flags(seen: bool, starred: bool, answered: bool, forwarded: bool) -> Flags {
    let flags = Flags::default().with(Flag::Seen, seen).with(Flag::Starred, starred);
    flags.with(Flag::Answered, answered).with(Flag::Forwarded, forwarded)
}

fn exact_flags(from: &FromLine) -> Flags {
    let has = |flag: &Flag| from.marks.iter().any(|mark| mark == flag.word());
    Flag::ALL.iter().fold(Flags::default(), |flags, flag| flags.with(*flag, has(flag)))
}

/// The letters behind `:2,` in the name (`;` and `!` where a colon is not possible); what lies in `new` was not seen.
fn maildir_marks(path: &Path, marks: &mut Marks) {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let letters =
        [":2,", ";2,", "!2,"].iter().find_map(|mark| name.rsplit_once(mark)).map_or("", |(_, letters)| letters);
    let has = |letter| letters.contains(letter);
    marks.flags = flags(has('S'), has('F'), has('R'), has('P'));
    marks.is_trash = has('T');
}

/// What Claws Mail keeps in `.claws_mark`: a version, then number and flags of each message, in the order of octets of the
/// machine, which is mostly this one's. None: there is none.
fn claws_marks(folder: &Path) -> Option<HashMap<u32, u32>> {
    let file = std::fs::read(folder.join(".claws_mark")).ok()?;
    let mut words = file.chunks_exact(4).map(|word| word.iter().rev().fold(0u32, |sum, &o| sum << 8 | u32::from(o)));
    // Version 2; read in the other order it is a large number.
    words.next().filter(|version| *version < 256)?;
    let mut marks = HashMap::new();
    while let (Some(number), Some(flags)) = (words.next(), words.next()) {
        marks.insert(number, flags);
    }
    Some(marks)
}

fn mh_marks(path: &Path, claws: Option<&HashMap<u32, u32>>, marks: &mut Marks) {
    const UNREAD: u32 = 1 << 1;
    const MARKED: u32 = 1 << 2;
    const DELETED: u32 = 1 << 3;
    const REPLIED: u32 = 1 << 4;
    const FORWARDED: u32 = 1 << 5;
    let number = path.file_name().and_then(|name| name.to_str()?.parse().ok());
    let Some(&own) = number.and_then(|number: u32| claws?.get(&number)) else {
        marks.flags = read_already();
        return;
    };
    let has = |bit| own & bit != 0;
    marks.flags = flags(!has(UNREAD), has(MARKED), has(REPLIED), has(FORWARDED));
    marks.is_trash = has(DELETED);
}
