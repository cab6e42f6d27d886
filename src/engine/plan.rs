//! What a visit is to do: a pure function of what the server lists, what is known, and what the person wants.
//!
//! A maildrop may have a million messages, and the ledger remembers every one that ever was there. So the ledger goes past
//! entry by entry, and of what is known and stays as it is only a bit is kept.

use std::collections::{HashMap, HashSet};

use crate::account::policy::{EXCERPT_LINES, Fetch, Order};
use crate::account::{Policy, Retention};
use crate::protocol::pop3::{Listing, MessageNumber, ScanLine, Uid};
use crate::store::types::{MessageKey, Part};
use crate::store::{DeleteState, LedgerEntry, LedgerId, Note, Wish};

mod places;
#[cfg(test)]
mod tests;

use places::{Bits, Places};

const SECS_PER_DAY: i64 = 86_400;

/// What one visit is to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub retrieve: Vec<Choice>,
    /// They look like messages that are known by other unique-ids, with other sizes or as deleted: their headers tell before
    /// they are fetched.
    pub recognise: Vec<Look>,
    /// Due to leave the server. With the ledger row of what is stored of it; None: the person wants it gone unread.
    pub delete: Vec<(MessageNumber, Option<LedgerId>)>,
    /// The server still lists them, though it was asked to delete them: that did not count.
    pub still_listed: Vec<LedgerId>,
    /// Messages that the visit's limit leaves for the next one.
    pub later: u32,
    /// Unique-ids whose notes are about messages that are not there any more.
    pub forget: Vec<Vec<u8>>,
}

/// A message that is to be fetched, by its place in the listing, which tells the rest; see [`Self::target`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    place: u32,
    part: Part,
    dedupe: bool,
    goes: bool,
    completes: Option<LedgerId>,
}

/// A message whose header is looked at before it is fetched, and what it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    choice: Choice,
    namesake: Option<Namesake>,
    adopted: Option<LedgerId>,
}

/// A ledger row with the unique-id of a message, but with another size, or deleted: the same message, where a server counts
/// otherwise, writes into its mail or deletes nothing; another one, where a server uses unique-ids again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Namesake {
    pub id: LedgerId,
    /// None: it was removed, or never here.
    pub message: Option<MessageKey>,
}

/// A message to fetch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    pub number: MessageNumber,
    pub uid: Option<Vec<u8>>,
    pub size_bytes: u64,
    /// Its unique-id does not prove that it is new: it may be stored already under another one, so the octets decide.
    pub dedupe: bool,
    /// How much of it to fetch.
    pub part: Part,
    /// The ledger row of what is here of it already.
    pub completes: Option<LedgerId>,
    /// Once it is stored it may leave the server in this very visit.
    pub goes: bool,
    /// What it may be.
    pub namesake: Option<Namesake>,
    /// It was adopted by this row, and may be a message that was imported; if it is none of these it is left where it is.
    pub adopted: Option<LedgerId>,
}

impl Look {
    /// See [`Choice::target`].
    pub fn target(&self, listing: &Listing) -> Target {
        Target { namesake: self.namesake, adopted: self.adopted, ..self.choice.target(listing) }
    }
}

impl Choice {
    /// What it stands for in the listing that it was made from.
    pub fn target(&self, listing: &Listing) -> Target {
        let line = self.line(listing);
        Target {
            number: line.map_or(MessageNumber(0), |line| line.number),
            uid: line.and_then(|line| line.uid).map(|uid| uid.0.to_vec()),
            size_bytes: line.map_or(0, |line| line.size_bytes),
            dedupe: self.dedupe,
            part: self.part,
            completes: self.completes,
            goes: self.goes,
            namesake: None,
            adopted: None,
        }
    }

    /// Octets that it is announced with, where it is to be fetched whole; what else is fetched is small.
    pub fn whole_bytes(&self, listing: &Listing) -> u64 {
        if self.part == Part::Whole { self.size_bytes(listing) } else { 0 }
    }

    pub fn size_bytes(&self, listing: &Listing) -> u64 {
        self.line(listing).map_or(0, |line| line.size_bytes)
    }

    fn line<'a>(&self, listing: &'a Listing) -> Option<ScanLine<'a>> {
        listing.get(usize::try_from(self.place).unwrap_or(usize::MAX))
    }
}

impl Target {
    /// Lines of the body to ask for, where it is not to be fetched whole (TOP, RFC 1939 §7).
    pub fn lines(&self) -> Option<u32> {
        match self.part {
            Part::Header => Some(0),
            Part::Excerpt => Some(EXCERPT_LINES),
            Part::Whole | Part::Nothing => None,
        }
    }
}

/// What decides, beside the listing and the ledger.
pub struct Terms<'a> {
    pub notes: &'a HashMap<Vec<u8>, Note>,
    /// Rows whose messages were deleted here (or have left the Inbox), where that counts there.
    pub left: &'a HashSet<LedgerId>,
    pub retention: Retention,
    pub policy: &'a Policy,
    /// Unix seconds.
    pub now: i64,
}

/// What becomes of one message on the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is fetched, so much of it.
    Fetch(Part),
    /// It is over the size up to which messages are fetched.
    TooLarge,
    /// Fetching it failed, and it is left in peace until then (Unix seconds).
    Resting { until: i64 },
    /// It is here, so much of it, and is deleted there at that time (Unix seconds); None: it stays.
    Here { part: Part, delete_at: Option<i64> },
    /// It is deleted there with this visit.
    Delete,
}

/// The listing beside what is known of it.
///
/// A unique-id is a hint, and content is the proof: a message is known only if its unique-id stands once in the listing with
/// its size, and in the ledger with the same size. Whatever else is fetched, and its octets are compared (by SHA-256) with
/// what is stored wherever the unique-id alone cannot tell. Nor is a message known that the server said it had deleted: it may
/// have given the unique-id to another one, perhaps of the same size, which must not be deleted unseen.
pub struct Diff<'a> {
    terms: &'a Terms<'a>,
    listing: &'a Listing,
    places: Places<'a>,
    /// Places below this one have more that is newer than is to be kept.
    over_below: usize,
    /// Places of messages that a ledger row certainly stands for.
    known: Bits,
    /// Places of messages, each the first of its unique-id, whose unique-id a ledger row has.
    uid_known: Bits,
    /// By the first place of its unique-id: the newest row, where it is not the only one or does not certainly stand for the message.
    newest: HashMap<u32, LedgerEntry>,
    /// Something that was there is not listed any more: perhaps under a new unique-id, if the server has renumbered.
    missing: bool,
    retrieve: Vec<Choice>,
    look: Vec<Look>,
    delete: Vec<(u32, Option<LedgerId>)>,
    still_listed: Vec<(u32, LedgerId)>,
    /// What was adopted from another program, and not looked at since.
    adopted: Vec<Look>,
    is_judged: bool,
    /// Where they are wanted: what becomes of each message, and where it is here.
    fates: Option<Vec<(Fate, Option<MessageKey>)>>,
}

impl<'a> Diff<'a> {
    pub fn new(listing: &'a Listing, terms: &'a Terms<'a>) -> Self {
        Self {
            terms,
            listing,
            places: Places::new(listing),
            over_below: over_below(listing, terms.retention),
            known: Bits::new(listing.len()),
            uid_known: Bits::new(listing.len()),
            newest: HashMap::new(),
            missing: false,
            retrieve: Vec::new(),
            look: Vec::new(),
            delete: Vec::new(),
            still_listed: Vec::new(),
            adopted: Vec::new(),
            is_judged: false,
            fates: None,
        }
    }

    /// Keeps the fate of each message: see [`Self::fates`].
    #[must_use]
    pub fn in_detail(mut self) -> Self {
        self.fates = Some(vec![(Fate::TooLarge, None); self.listing.len()]);
        self
    }

    /// Entries of the ledger; all of them, the oldest first, in as many calls as it takes.
    pub fn see(&mut self, ledger: &[LedgerEntry]) {
        for entry in ledger {
            let Some(first) = self.places.first(&entry.uid) else {
                self.missing |= !entry.uid.is_empty() || !self.places.some_without();
                continue;
            };
            let is_first = !self.uid_known.get(first);
            self.uid_known.set(first);
            let places = self.fitting(first, entry);
            if !is_first || entry.delete == DeleteState::Done || places.is_empty() {
                self.newest.insert(first, entry.clone());
            }
            places.into_iter().for_each(|place| self.stands_for(entry, place));
        }
    }

    /// Of the places of a unique-id, those of the entry's size that no other message shares.
    fn fitting(&self, first: u32, entry: &LedgerEntry) -> Vec<u32> {
        let mut places = match entry.size_bytes {
            Some(size_bytes) => self.places.of_size(first, size_bytes).into_iter().collect(),
            None => self.places.all(first),
        };
        places.retain(|&place| self.places.is_unique(place));
        places
    }

    /// The entry certainly stands for the message at this place, unless another one does.
    fn stands_for(&mut self, entry: &LedgerEntry, place: u32) {
        if self.known.get(place) {
            return;
        }
        self.known.set(place);
        if entry.delete != DeleteState::None {
            self.still_listed.push((place, entry.id));
        }
        if entry.part == Part::Nothing && entry.size_bytes.is_none() {
            self.adopted_at(place, entry.id);
        }
        self.judge(place, Some(entry));
    }

    fn adopted_at(&mut self, place: u32, id: LedgerId) {
        let Some(message) = self.listing.get(index(place)) else { return };
        let choice = self.choice(place, &message, None, index(place) < self.over_below, Part::Whole);
        self.adopted.push(Look { choice, namesake: None, adopted: Some(id) });
    }

    /// What becomes of the message at this place.
    fn judge(&mut self, place: u32, entry: Option<&LedgerEntry>) {
        let Some(message) = self.listing.get(index(place)) else { return };
        let over = index(place) < self.over_below;
        let fate = self.terms.fate(&message, entry, over);
        match fate {
            Fate::Fetch(part) => {
                let choice = self.choice(place, &message, entry, over, part);
                match self.namesake(&message).filter(|_| entry.is_none()) {
                    Some(namesake) => self.look.push(Look { choice, namesake: Some(namesake), adopted: None }),
                    None => self.retrieve.push(choice),
                }
            }
            Fate::Delete => self.delete.push((place, entry.map(|entry| entry.id))),
            Fate::TooLarge | Fate::Resting { .. } | Fate::Here { .. } => {}
        }
        if let Some(detail) = self.fates.as_mut().and_then(|fates| fates.get_mut(index(place))) {
            *detail = (fate, entry.and_then(|entry| entry.message));
        }
    }

    fn choice(
        &self,
        place: u32,
        message: &ScanLine<'_>,
        entry: Option<&LedgerEntry>,
        over: bool,
        part: Part,
    ) -> Choice {
        let wish = self.terms.note(message).and_then(|note| note.wish);
        let unwanted = over || self.terms.retention == Retention::DeleteOnceStored;
        Choice {
            place,
            part,
            dedupe: entry.is_none()
                && (self.missing
                    || !self.places.is_unique(place)
                    || message.uid.is_none()
                    || self.has_known_uid(message)),
            completes: entry.map(|entry| entry.id),
            goes: unwanted && part == Part::Whole && wish != Some(Wish::Keep) && !self.terms.policy.never_delete,
        }
    }

    fn has_known_uid(&self, message: &ScanLine<'_>) -> bool {
        message.uid.and_then(|uid| self.places.first(uid.0)).is_some_and(|first| self.uid_known.get(first))
    }

    /// The newest row with the unique-id of this message, which is the only one that has it now.
    fn namesake(&self, message: &ScanLine<'_>) -> Option<Namesake> {
        let first = self.places.first(message.uid?.0).filter(|&first| self.places.stands_once(first))?;
        self.newest.get(&first).map(|newest| Namesake { id: newest.id, message: newest.message })
    }

    /// Of several rows with one unique-id the newest counts. If that one says that the server had deleted the message, what is listed
    /// is known no more.
    fn heed_the_newest(&mut self) {
        let (mut doubted, mut renewed) = (HashSet::new(), Vec::new());
        for (&first, newest) in &self.newest {
            let known = self.fitting(first, newest).into_iter().filter(|&place| self.known.get(place));
            match newest.delete {
                DeleteState::Done => doubted.extend(self.places.all(first)),
                DeleteState::None | DeleteState::Unknown => renewed.extend(known.map(|place| (place, newest.clone()))),
            }
        }
        doubted.extend(renewed.iter().map(|&(place, _)| place));
        if doubted.is_empty() {
            return;
        }
        doubted.iter().for_each(|&place| self.known.clear(place));
        self.retrieve.retain(|choice| !doubted.contains(&choice.place));
        self.delete.retain(|(place, _)| !doubted.contains(place));
        self.still_listed.retain(|(place, _)| !doubted.contains(place));
        self.adopted.retain(|look| !doubted.contains(&look.choice.place));
        renewed.iter().for_each(|(place, entry)| self.stands_for(entry, *place));
    }

    /// Whether every unique-id is new and something that was known is not listed any more. Then [`Self::plan`] wants to know the
    /// sizes in the ledger. Only after everything was seen.
    pub fn looks_renumbered(&self) -> bool {
        self.missing && !self.places.some_without() && self.uid_known.is_empty()
    }

    /// Sizes of what is to be fetched, or was adopted unseen: messages of these sizes that were imported may be the same.
    /// [`Self::plan`] wants to know of which there are any. Only after everything was seen.
    pub fn sizes_in_question(&mut self) -> Vec<u64> {
        self.judge_the_unknown();
        let choices = self.retrieve.iter().chain(self.adopted.iter().map(|look| &look.choice));
        let mut sizes: Vec<u64> = choices.map(|choice| choice.size_bytes(self.listing)).collect();
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }

    /// What the visit is to do. `known_sizes`: how many messages of each size are stored whole, where the server looks renumbered;
    /// `imported_sizes`: how many were imported and are not linked with what the server has.
    pub fn plan(mut self, known_sizes: HashMap<u64, u32>, imported_sizes: &HashMap<u64, u32>) -> Plan {
        self.judge_the_unknown();
        let Self { terms, listing, mut retrieve, mut look, mut delete, mut still_listed, adopted, .. } = self;
        let may_be_imported = |choice: &Choice| imported_sizes.contains_key(&choice.size_bytes(listing));
        let (perhaps, new): (Vec<Choice>, Vec<Choice>) = retrieve.into_iter().partition(may_be_imported);
        retrieve = new;
        look.extend(perhaps.into_iter().map(|choice| Look { choice, namesake: None, adopted: None }));
        look.extend(adopted.into_iter().filter(|look| may_be_imported(&look.choice)));
        look.sort_unstable_by_key(|look| look.choice.place);
        retrieve.sort_unstable_by_key(|choice| choice.place);
        delete.sort_unstable_by_key(|&(place, _)| place);
        still_listed.sort_unstable_by_key(|&(place, _)| place);
        // A listing that is empty or broken off proves nothing.
        let gone = terms.notes.iter().filter(|(uid, note)| {
            !listing.is_empty() && note.wish != Some(Wish::Keep) && self.places.first(uid).is_none()
        });
        let forget = gone.map(|(uid, _)| uid.clone()).collect();
        let number = |place| listing.get(index(place)).map(|message| message.number);
        let mut plan = Plan {
            recognise: [look, set_apart(listing, &mut retrieve, known_sizes)].concat(),
            retrieve,
            delete: delete.into_iter().filter_map(|(place, id)| Some((number(place)?, id))).collect(),
            still_listed: still_listed.into_iter().map(|(_, id)| id).collect(),
            later: 0,
            forget,
        };
        order(listing, &mut plan.retrieve, terms);
        limit(listing, &mut plan, terms.policy.visit_bytes);
        plan
    }

    /// What becomes of each message, in the listing's order, and the message that is here of it. Only with [`Self::in_detail`].
    pub fn fates(mut self) -> Vec<(Fate, Option<MessageKey>)> {
        self.judge_the_unknown();
        self.fates.unwrap_or_default()
    }

    /// What no ledger row stands for.
    fn judge_the_unknown(&mut self) {
        if std::mem::replace(&mut self.is_judged, true) {
            return;
        }
        self.heed_the_newest();
        for place in 0..u32::try_from(self.listing.len()).unwrap_or(u32::MAX) {
            if !self.known.get(place) {
                self.judge(place, None);
            }
        }
    }
}

impl Terms<'_> {
    fn note(&self, message: &ScanLine<'_>) -> Option<&Note> {
        message.uid.filter(|_| !self.notes.is_empty()).and_then(|Uid(uid)| self.notes.get(uid))
    }

    fn fate(&self, message: &ScanLine<'_>, entry: Option<&LedgerEntry>, over: bool) -> Fate {
        let note = self.note(message);
        let wish = note.and_then(|note| note.wish);
        if wish == Some(Wish::Delete) && !self.policy.never_delete {
            return Fate::Delete;
        }
        let wanted_whole = wish == Some(Wish::Get);
        match entry {
            Some(entry) if !(wanted_whole && entry.part != Part::Whole) => self.settled(entry, wish, over),
            _ if wanted_whole => Fate::Fetch(Part::Whole),
            _ => match note.filter(|note| note.next_try_at > self.now) {
                Some(note) => Fate::Resting { until: note.next_try_at },
                None => self.fetched(message.size_bytes),
            },
        }
    }

    /// What is here stays there or goes. Of what is here in part the rest is only there: it stays.
    fn settled(&self, entry: &LedgerEntry, wish: Option<Wish>, over: bool) -> Fate {
        let part = entry.part;
        if self.policy.never_delete || wish == Some(Wish::Keep) || part != Part::Whole {
            return Fate::Here { part, delete_at: None };
        }
        let delete_at = match self.retention {
            Retention::KeepForever => None,
            Retention::DeleteOnceStored => Some(self.now),
            Retention::DeleteAfterDays(days) => Some(entry.stored_at.saturating_add(i64::from(days) * SECS_PER_DAY)),
            Retention::KeepNewest(_) | Retention::KeepNewestMegabytes(_) => over.then_some(self.now),
        };
        let due = delete_at.is_some_and(|at| at <= self.now) || self.left.contains(&entry.id);
        if due { Fate::Delete } else { Fate::Here { part, delete_at } }
    }

    /// How much is fetched of what is new.
    fn fetched(&self, size_bytes: u64) -> Fate {
        let policy = self.policy;
        let over = |limit: Option<u64>| limit.is_some_and(|limit| size_bytes > limit);
        if over(policy.skip_above_bytes) {
            Fate::TooLarge
        } else if policy.fetch == Fetch::Headers {
            Fate::Fetch(Part::Header)
        } else if over(policy.excerpt_above_bytes) {
            Fate::Fetch(Part::Excerpt)
        } else {
            Fate::Fetch(Part::Whole)
        }
    }
}

/// What is to be kept counts from the newest: the place below which everything is more than that.
fn over_below(listing: &Listing, retention: Retention) -> usize {
    match retention {
        Retention::KeepNewest(count) => listing.len().saturating_sub(usize::try_from(count).unwrap_or(usize::MAX)),
        Retention::KeepNewestMegabytes(megabytes) => {
            let (limit, mut sum) = (u64::from(megabytes) << 20, 0u64);
            let fits = |message: &ScanLine<'_>| {
                sum = sum.saturating_add(message.size_bytes);
                sum <= limit
            };
            listing.len() - listing.iter().rev().take_while(fits).count()
        }
        Retention::KeepForever | Retention::DeleteOnceStored | Retention::DeleteAfterDays(_) => 0,
    }
}

/// Where a server has renumbered, no unique-id is known any more, but the sizes are: those messages are looked at first. What
/// is left is fetched.
fn set_apart(listing: &Listing, retrieve: &mut Vec<Choice>, mut known_sizes: HashMap<u64, u32>) -> Vec<Look> {
    let fits = |choice: &Choice| match known_sizes.get_mut(&choice.size_bytes(listing)).filter(|count| **count > 0) {
        Some(count) => {
            *count -= 1;
            true
        }
        None => false,
    };
    let (known, new): (Vec<Choice>, Vec<Choice>) = retrieve.iter().copied().partition(fits);
    // A few equal sizes are chance, and a header costs a round trip where nothing is pipelined.
    if known.is_empty() || known.len() < new.len() {
        return Vec::new();
    }
    *retrieve = new;
    known.into_iter().map(|choice| Look { choice, namesake: None, adopted: None }).collect()
}

/// What failed before goes last, so that it holds nothing up.
fn order(listing: &Listing, choices: &mut [Choice], terms: &Terms<'_>) {
    match terms.policy.order {
        Order::Oldest => {}
        Order::Newest => choices.reverse(),
        Order::Smallest => choices.sort_by_key(|choice| choice.size_bytes(listing)),
    }
    if !terms.notes.is_empty() {
        let note = |choice: &Choice| choice.line(listing).and_then(|line| terms.note(&line));
        choices.sort_by_key(|choice| note(choice).is_some_and(|note| note.tries > 0));
    }
}

/// Cuts what is fetched to the visit's limit; one message is always fetched, or a large one would never be.
fn limit(listing: &Listing, plan: &mut Plan, visit_bytes: Option<u64>) {
    let Some(limit) = visit_bytes else { return };
    let mut sum = 0u64;
    let fits = plan.retrieve.iter().take_while(|choice| {
        sum = sum.saturating_add(choice.whole_bytes(listing));
        sum <= limit
    });
    let fits = fits.count().max(1).min(plan.retrieve.len());
    plan.later = u32::try_from(plan.retrieve.len() - fits).unwrap_or(u32::MAX);
    plan.retrieve.truncate(fits);
}

fn index(place: u32) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}
