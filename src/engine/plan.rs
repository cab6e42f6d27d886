//! What a visit is to do: a pure function of what the server lists, what is known, and what the person wants.

use std::collections::{HashMap, HashSet};

use crate::account::policy::{EXCERPT_LINES, Fetch, Order};
use crate::account::{Policy, Retention};
use crate::protocol::pop3::{Listing, MessageNumber, ScanLine};
use crate::store::types::{MessageKey, Part};
use crate::store::{DeleteState, LedgerEntry, LedgerId, Note, Wish};

const SECS_PER_DAY: i64 = 86_400;

/// What one visit is to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub retrieve: Vec<Target>,
    /// They look like messages that are known by other unique-ids, with other sizes or as deleted: their headers tell before
    /// they are fetched.
    pub recognise: Vec<Target>,
    /// Due to leave the server. With the ledger row of what is stored of it; None: the person wants it gone unread.
    pub delete: Vec<(MessageNumber, Option<LedgerId>)>,
    /// The server still lists them, though it was asked to delete them: that did not count.
    pub still_listed: Vec<LedgerId>,
    /// Messages that the visit's limit leaves for the next one.
    pub later: u32,
    /// Unique-ids whose notes are about messages that are not there any more.
    pub forget: Vec<Vec<u8>>,
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
    /// What is known under its unique-id, but with another size, or deleted: the same message, where a server counts otherwise,
    /// writes into its mail or deletes nothing; another one, where a server uses unique-ids again.
    pub namesake: Option<Namesake>,
}

/// A ledger row, and where its message is; None: it was removed, or never here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Namesake {
    pub id: LedgerId,
    pub message: Option<MessageKey>,
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

/// What decides, beside the listing.
pub struct Terms<'a> {
    pub ledger: &'a [LedgerEntry],
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

/// The listing beside what is known of it. A maildrop may have a million messages: both are found through sorted places, which
/// cost four octets each, where a table of keys would cost fifty.
struct View<'a> {
    terms: &'a Terms<'a>,
    messages: &'a [ScanLine],
    /// Places in the ledger, by unique-id, the older row first.
    known: Vec<u32>,
    /// Places in the listing, by unique-id and size.
    listed: Vec<u32>,
    /// Something that was there is not listed any more: perhaps under a new unique-id, if the server has renumbered.
    renumbered: bool,
}

/// A unique-id is a hint, and content is the proof: a message is known only if its unique-id stands once in the listing with
/// its size, and in the ledger with the same size. Whatever else is fetched, and its octets are compared (by SHA-256) with
/// what is stored wherever the unique-id alone cannot tell.
pub fn plan(listing: &Listing, terms: &Terms<'_>) -> Plan {
    let view = View::new(listing, terms);
    let mut plan = Plan::default();
    view.judge(listing, |message, entry, over, fate| match fate {
        Fate::Fetch(part) => plan.retrieve.push(view.target(message, entry, over, part)),
        Fate::Delete => plan.delete.push((message.number, entry.map(|entry| entry.id))),
        Fate::TooLarge | Fate::Resting { .. } | Fate::Here { .. } => {}
    });
    // They were judged from the newest to the oldest.
    plan.retrieve.reverse();
    plan.delete.reverse();
    for message in &listing.messages {
        let entry = view.entry_of(message).filter(|entry| entry.delete != DeleteState::None);
        plan.still_listed.extend(entry.map(|entry| entry.id));
    }
    view.set_apart(listing, &mut plan);
    order(&mut plan.retrieve, terms);
    limit(&mut plan, terms.policy.visit_bytes);
    // A listing that is empty or broken off proves nothing.
    let gone = terms
        .notes
        .iter()
        .filter(|(uid, note)| !listing.messages.is_empty() && note.wish != Some(Wish::Keep) && !view.is_listed(uid));
    plan.forget = gone.map(|(uid, _)| uid.clone()).collect();
    plan
}

/// What becomes of each message, in the listing's order.
pub fn fates(listing: &Listing, terms: &Terms<'_>) -> Vec<Fate> {
    let view = View::new(listing, terms);
    let mut fates = Vec::with_capacity(listing.messages.len());
    view.judge(listing, |_, _, _, fate| fates.push(fate));
    fates.reverse();
    fates
}

impl<'a> View<'a> {
    fn new(listing: &'a Listing, terms: &'a Terms<'a>) -> Self {
        let (ledger, messages) = (terms.ledger, listing.messages.as_slice());
        let known = sorted(ledger.len(), |place| ledger.get(place).map(|entry| entry.uid.as_slice()));
        let listed =
            sorted(messages.len(), |place| messages.get(place).map(|message| (uid(message), message.size_bytes)));
        let mut view = Self { terms, messages, known, listed, renumbered: false };
        view.renumbered = ledger.iter().any(|entry| !view.is_listed(&entry.uid));
        view
    }

    fn is_listed(&self, wanted: &[u8]) -> bool {
        let uid_at = |place: &u32| self.message_at(*place).map(uid);
        let first = self.listed.partition_point(|place| uid_at(place) < Some(wanted));
        self.listed.get(first).and_then(uid_at) == Some(wanted)
    }

    /// Ledger rows with this unique-id, the oldest first.
    fn known(&self, wanted: &'a [u8]) -> impl Iterator<Item = &'a LedgerEntry> {
        let first = self
            .known
            .partition_point(|&place| self.entry_at(place).is_some_and(|entry| entry.uid.as_slice() < wanted));
        let rest = self.known.get(first..).unwrap_or_default().iter();
        rest.map_while(|&place| self.entry_at(place)).take_while(move |entry| entry.uid == wanted)
    }

    fn message_at(&self, place: u32) -> Option<&'a ScanLine> {
        self.messages.get(usize::try_from(place).unwrap_or(usize::MAX))
    }

    fn entry_at(&self, place: u32) -> Option<&'a LedgerEntry> {
        self.terms.ledger.get(usize::try_from(place).unwrap_or(usize::MAX))
    }

    /// Tells the fate of each message, from the newest to the oldest: what is to be kept counts from there. With it comes whether
    /// it is over that count.
    fn judge(&self, listing: &'a Listing, mut tell: impl FnMut(&'a ScanLine, Option<&'a LedgerEntry>, bool, Fate)) {
        let (mut newer, mut newer_bytes) = (0u32, 0u64);
        for message in listing.messages.iter().rev() {
            newer = newer.saturating_add(1);
            newer_bytes = newer_bytes.saturating_add(message.size_bytes);
            let entry = self.entry_of(message);
            let over = match self.terms.retention {
                Retention::KeepNewest(count) => newer > count,
                Retention::KeepNewestMegabytes(megabytes) => newer_bytes > u64::from(megabytes) << 20,
                _ => false,
            };
            tell(message, entry, over, self.fate(message, entry, over));
        }
    }

    fn fate(&self, message: &ScanLine, entry: Option<&LedgerEntry>, over: bool) -> Fate {
        let note = self.terms.notes.get(uid(message)).filter(|_| message.uid.is_some());
        let wish = note.and_then(|note| note.wish);
        if wish == Some(Wish::Delete) && !self.terms.policy.never_delete {
            return Fate::Delete;
        }
        let wanted_whole = wish == Some(Wish::Get);
        match entry {
            Some(entry) if !(wanted_whole && entry.part != Part::Whole) => self.settled(entry, wish, over),
            _ if wanted_whole => Fate::Fetch(Part::Whole),
            _ => match note.filter(|note| note.next_try_at > self.terms.now) {
                Some(note) => Fate::Resting { until: note.next_try_at },
                None => self.fetched(message),
            },
        }
    }

    /// What is here stays there or goes. Of what is here in part the rest is only there: it stays.
    fn settled(&self, entry: &LedgerEntry, wish: Option<Wish>, over: bool) -> Fate {
        let part = entry.part;
        if self.terms.policy.never_delete || wish == Some(Wish::Keep) || part != Part::Whole {
            return Fate::Here { part, delete_at: None };
        }
        let delete_at = match self.terms.retention {
            Retention::KeepForever => None,
            Retention::DeleteOnceStored => Some(self.terms.now),
            Retention::DeleteAfterDays(days) => Some(entry.stored_at.saturating_add(i64::from(days) * SECS_PER_DAY)),
            Retention::KeepNewest(_) | Retention::KeepNewestMegabytes(_) => over.then_some(self.terms.now),
        };
        let due = delete_at.is_some_and(|at| at <= self.terms.now) || self.terms.left.contains(&entry.id);
        if due { Fate::Delete } else { Fate::Here { part, delete_at } }
    }

    /// How much is fetched of what is new.
    fn fetched(&self, message: &ScanLine) -> Fate {
        let policy = self.terms.policy;
        let over = |limit: Option<u64>| limit.is_some_and(|limit| message.size_bytes > limit);
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

    fn target(&self, message: &'a ScanLine, entry: Option<&LedgerEntry>, over: bool, part: Part) -> Target {
        let wish = self.terms.notes.get(uid(message)).and_then(|note| note.wish);
        let unwanted = over || self.terms.retention == Retention::DeleteOnceStored;
        Target {
            number: message.number,
            uid: message.uid.as_ref().map(|uid| uid.0.clone()),
            size_bytes: message.size_bytes,
            dedupe: entry.is_none()
                && (self.renumbered
                    || !self.is_unique(message)
                    || message.uid.is_none()
                    || self.known(uid(message)).next().is_some()),
            part,
            completes: entry.map(|entry| entry.id),
            goes: unwanted && part == Part::Whole && wish != Some(Wish::Keep) && !self.terms.policy.never_delete,
            namesake: if entry.is_none() { self.namesake(message) } else { None },
        }
    }

    /// The newest ledger row with the unique-id of this message, which is the only one that has it now.
    fn namesake(&self, message: &'a ScanLine) -> Option<Namesake> {
        let name = uid(message);
        let first = self.listed.partition_point(|&place| self.message_at(place).map(uid) < Some(name));
        let alone = self.listed.get(first + 1).and_then(|&place| self.message_at(place)).map(uid) != Some(name);
        let newest = self.known(name).last().filter(|_| alone && !name.is_empty())?;
        Some(Namesake { id: newest.id, message: newest.message })
    }

    /// What may be known is looked at before it is fetched.
    fn set_apart(&self, listing: &'a Listing, plan: &mut Plan) {
        let retrieve = std::mem::take(&mut plan.retrieve);
        (plan.recognise, plan.retrieve) = retrieve.into_iter().partition(|target| target.namesake.is_some());
        if plan.recognise.is_empty() {
            self.set_renumbered_apart(listing, plan);
        }
    }

    /// Where a server has renumbered, no unique-id is known any more, but the sizes are: those messages are looked at first.
    fn set_renumbered_apart(&self, listing: &'a Listing, plan: &mut Plan) {
        let is_known = |message: &'a ScanLine| self.known(uid(message)).next().is_some();
        if !self.renumbered || listing.messages.iter().any(|message| message.uid.is_none() || is_known(message)) {
            return;
        }
        let mut sizes: HashMap<u64, u32> = HashMap::new();
        for size in
            self.terms.ledger.iter().filter(|entry| entry.part == Part::Whole).filter_map(|entry| entry.size_bytes)
        {
            *sizes.entry(size).or_default() += 1;
        }
        let mut fits = |target: &Target| match sizes.get_mut(&target.size_bytes).filter(|count| **count > 0) {
            Some(count) => {
                *count -= 1;
                true
            }
            None => false,
        };
        let (known, new): (Vec<Target>, Vec<Target>) =
            std::mem::take(&mut plan.retrieve).into_iter().partition(|target| fits(target));
        // A few equal sizes are chance, and a header costs a round trip where nothing is pipelined.
        if known.len() >= new.len() {
            (plan.recognise, plan.retrieve) = (known, new);
        } else {
            plan.retrieve = [known, new].concat();
            plan.retrieve.sort_by_key(|target| target.number);
        }
    }

    fn is_unique(&self, message: &ScanLine) -> bool {
        let wanted = Some((uid(message), message.size_bytes));
        let at = |place: &u32| self.message_at(*place).map(|message| (uid(message), message.size_bytes));
        let first = self.listed.partition_point(|place| at(place) < wanted);
        self.listed.get(first + 1).and_then(at) != wanted
    }

    /// The ledger row that certainly stands for this message. What the server said it had deleted is certain no more: it may have
    /// given the unique-id to another message, perhaps of the same size, which must not be deleted unseen.
    fn entry_of(&self, message: &'a ScanLine) -> Option<&'a LedgerEntry> {
        message.uid.as_ref().filter(|_| self.is_unique(message))?;
        self.known(uid(message)).last().filter(|newest| newest.delete != DeleteState::Done)?;
        self.known(uid(message)).find(|entry| entry.size_bytes.is_none_or(|size| size == message.size_bytes))
    }
}

/// Places from 0 to `count`, sorted by what is there; equals stay in their order.
fn sorted<K: Ord>(count: usize, key: impl Fn(usize) -> K) -> Vec<u32> {
    let mut places: Vec<u32> = (0..u32::try_from(count).unwrap_or(u32::MAX)).collect();
    places.sort_by_key(|&place| key(usize::try_from(place).unwrap_or(usize::MAX)));
    places
}

/// What failed before goes last, so that it holds nothing up.
fn order(targets: &mut [Target], terms: &Terms<'_>) {
    match terms.policy.order {
        Order::Oldest => {}
        Order::Newest => targets.reverse(),
        Order::Smallest => targets.sort_by_key(|target| target.size_bytes),
    }
    let failed =
        |target: &Target| target.uid.as_ref().and_then(|uid| terms.notes.get(uid)).is_some_and(|note| note.tries > 0);
    targets.sort_by_key(failed);
}

/// Cuts what is fetched to the visit's limit; one message is always fetched, or a large one would never be.
fn limit(plan: &mut Plan, visit_bytes: Option<u64>) {
    let Some(limit) = visit_bytes else { return };
    let mut sum = 0u64;
    let fits = plan.retrieve.iter().take_while(|target| {
        sum = sum.saturating_add(if target.part == Part::Whole { target.size_bytes } else { 0 });
        sum <= limit
    });
    let fits = fits.count().max(1).min(plan.retrieve.len());
    plan.later = u32::try_from(plan.retrieve.len() - fits).unwrap_or(u32::MAX);
    plan.retrieve.truncate(fits);
}

/// Messages that the server gave no unique-id share the empty one.
fn uid(message: &ScanLine) -> &[u8] {
    message.uid.as_ref().map_or(&[], |uid| uid.0.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::pop3::Uid;

    const NOW: i64 = 1_000_000_000;

    /// `number uid size` words; a uid of `-` stands for none.
    fn listing(text: &str) -> Listing {
        let messages = text.split(", ").filter(|line| !line.is_empty()).map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            ScanLine {
                number: MessageNumber(words[0].parse().unwrap()),
                uid: (words[1] != "-").then(|| Uid(words[1].as_bytes().to_vec())),
                size_bytes: words[2].parse().unwrap(),
            }
        });
        Listing { messages: messages.collect() }
    }

    /// `id uid size days-ago [unknown|done|header|nothing]` words.
    fn ledger(text: &str) -> Vec<LedgerEntry> {
        let entries = text.split(", ").filter(|line| !line.is_empty()).map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            LedgerEntry {
                id: LedgerId(words[0].parse().unwrap()),
                uid: words[1].as_bytes().to_vec(),
                size_bytes: words[2].parse().ok(),
                stored_at: NOW - words[3].parse::<i64>().unwrap() * SECS_PER_DAY,
                delete: match words.get(4) {
                    Some(&"unknown") => DeleteState::Unknown,
                    Some(&"done") => DeleteState::Done,
                    _ => DeleteState::None,
                },
                part: match words.get(4) {
                    Some(&"header") => Part::Header,
                    Some(&"nothing") => Part::Nothing,
                    _ => Part::Whole,
                },
                message: None,
            }
        });
        entries.collect()
    }

    fn described(plan: &Plan) -> String {
        let mut words = Vec::new();
        for target in &plan.retrieve {
            let part = match target.part {
                Part::Header => "h",
                Part::Excerpt => "x",
                Part::Whole | Part::Nothing => "",
            };
            let completes = target.completes.map(|id| format!("={}", id.0)).unwrap_or_default();
            let doubt = if target.dedupe { "?" } else { "" };
            let goes = if target.goes { "!" } else { "" };
            words.push(format!("get{}{part}{doubt}{completes}{goes}", target.number.0));
        }
        for target in &plan.recognise {
            let namesake = target.namesake.map(|namesake| format!("~{}", namesake.id.0)).unwrap_or_default();
            let goes = if target.goes { "!" } else { "" };
            words.push(format!("look{}{goes}{namesake}", target.number.0));
        }
        let row = |id: &Option<LedgerId>| id.map_or("?".into(), |id| id.0.to_string());
        words.extend(plan.delete.iter().map(|(number, id)| format!("del{}={}", number.0, row(id))));
        words.extend(plan.still_listed.iter().map(|id| format!("still{}", id.0)));
        if plan.later > 0 {
            words.push(format!("later{}", plan.later));
        }
        words.extend(plan.forget.iter().map(|uid| format!("forget-{}", String::from_utf8_lossy(uid))));
        words.join(" ")
    }

    /// `uid get|keep|delete|failed-SECS` words; the last: it failed and rests for so many seconds.
    fn notes(text: &str) -> HashMap<Vec<u8>, Note> {
        let notes = text.split(", ").filter(|line| !line.is_empty()).map(|line| {
            let (uid, word) = line.split_once(' ').unwrap();
            let note = match word.strip_prefix("failed-") {
                Some(secs) => Note { tries: 1, next_try_at: NOW + secs.parse::<i64>().unwrap(), ..Note::default() },
                None => Note { wish: Some(word.parse().unwrap()), ..Note::default() },
            };
            (uid.as_bytes().to_vec(), note)
        });
        notes.collect()
    }

    fn check(list: &str, known: &str, noted: &str, retention: Retention, policy: &Policy, expected: &str) {
        let (listing, ledger, notes, left) = (listing(list), ledger(known), notes(noted), HashSet::new());
        let terms = Terms { ledger: &ledger, notes: &notes, left: &left, retention, policy, now: NOW };
        let plan = plan(&listing, &terms);
        assert_eq!(described(&plan), expected, "listed {list:?}, known {known:?}, {retention}, {noted:?}, {policy:?}");
    }

    #[test]
    fn what_a_visit_does_follows_from_listing_ledger_and_retention() {
        use Retention::{DeleteAfterDays, DeleteOnceStored, KeepForever};
        let cases = [
            ("", "", KeepForever, ""),
            ("1 a 10, 2 b 20", "", KeepForever, "get1 get2"),
            ("1 a 10, 2 b 20", "7 a 10 0", KeepForever, "get2"),
            // A listing that misses messages forgets nothing, and what comes next is compared by its octets.
            ("", "7 a 10 0", DeleteOnceStored, ""),
            ("1 b 11", "7 a 10 0", KeepForever, "get1?"),
            // The unique-id is known, but the size is another one: the header tells.
            ("1 a 11", "7 a 10 0", KeepForever, "look1~7"),
            ("1 a 11, 2 b 10", "7 a 10 0, 8 a 9 0", KeepForever, "get2 look1~8"),
            ("1 a 11", "7 a 10 0, 8 a 11 0", KeepForever, ""),
            ("1 a 11", "7 a ? 0", KeepForever, ""),
            // A unique-id that stands twice is worthless, unless the sizes tell the two apart.
            ("1 a 10, 2 a 10", "7 a 10 0", DeleteOnceStored, "get1?! get2?!"),
            ("1 a 10, 2 a 20", "7 a 10 0", KeepForever, "get2?"),
            ("1 a 10, 2 a 20", "7 a 10 0, 8 a 20 0", DeleteOnceStored, "del1=7 del2=8"),
            // No unique-ids at all.
            ("1 - 10, 2 - 20", "7 a 10 0", DeleteOnceStored, "get1?! get2?!"),
            // Retention.
            ("1 a 10", "7 a 10 0", DeleteOnceStored, "del1=7"),
            ("1 a 10", "7 a 10 2", DeleteAfterDays(3), ""),
            ("1 a 10", "7 a 10 3", DeleteAfterDays(3), "del1=7"),
            ("1 a 10", "7 a 10 -5", DeleteAfterDays(3), ""),
            ("1 a 10", "7 a 10 999", KeepForever, ""),
            // Deletions that did not count are seen, and asked for again.
            ("1 a 10", "7 a 10 0 unknown", DeleteOnceStored, "del1=7 still7"),
            // One that did count is not undone: it may be another message, and the header tells.
            ("1 a 10", "7 a 10 0 done", KeepForever, "look1~7"),
            ("1 a 10", "7 a 10 0 done", DeleteOnceStored, "look1!~7"),
        ];
        for (list, known, retention, expected) in cases {
            check(list, known, "", retention, &Policy::default(), expected);
        }
    }

    #[test]
    fn the_newest_stay_and_the_rest_goes_once_it_is_stored() {
        use Retention::{KeepNewest, KeepNewestMegabytes};
        let stored = "5 a 600000 9, 6 b 600000 9, 7 c 600000 9";
        let cases = [
            ("1 a 600000, 2 b 600000, 3 c 600000", stored, KeepNewest(3), ""),
            ("1 a 600000, 2 b 600000, 3 c 600000", stored, KeepNewest(1), "del1=5 del2=6"),
            // What is not stored yet counts among the newest, and is fetched, not deleted.
            ("1 a 600000, 2 b 600000, 3 c 600000, 4 d 1", stored, KeepNewest(1), "get4 del1=5 del2=6 del3=7"),
            ("1 a 600000, 2 x 600000, 3 c 600000", "5 a 600000 9, 7 c 600000 9", KeepNewest(1), "get2! del1=5"),
            ("1 a 600000, 2 b 600000, 3 c 600000", stored, KeepNewestMegabytes(1), "del1=5 del2=6"),
            ("1 a 600000, 2 b 600000, 3 c 600000", stored, KeepNewestMegabytes(2), ""),
        ];
        for (list, known, retention, expected) in cases {
            check(list, known, "", retention, &Policy::default(), expected);
        }
    }

    #[test]
    fn rules_say_how_much_is_fetched_and_in_which_order() {
        let list = "1 a 30, 2 b 10, 3 c 20";
        let policy = Policy::default;
        let cases = [
            (Policy { fetch: Fetch::Headers, ..policy() }, "get1h get2h get3h"),
            (Policy { excerpt_above_bytes: Some(20), ..policy() }, "get1x get2 get3"),
            (Policy { skip_above_bytes: Some(10), ..policy() }, "get2"),
            (Policy { skip_above_bytes: Some(20), excerpt_above_bytes: Some(10), ..policy() }, "get2 get3x"),
            (Policy { order: Order::Newest, ..policy() }, "get3 get2 get1"),
            (Policy { order: Order::Smallest, ..policy() }, "get2 get3 get1"),
            (Policy { visit_bytes: Some(40), ..policy() }, "get1 get2 later1"),
            (Policy { visit_bytes: Some(5), ..policy() }, "get1 later2"),
            (Policy { visit_bytes: Some(30), order: Order::Smallest, ..policy() }, "get2 get3 later1"),
        ];
        for (policy, expected) in cases {
            check(list, "", "", Retention::KeepForever, &policy, expected);
        }
    }

    #[test]
    fn a_persons_wish_goes_before_the_rules() {
        use Retention::{DeleteOnceStored, KeepForever};
        let small = Policy { skip_above_bytes: Some(5), ..Policy::default() };
        let never = Policy { never_delete: true, ..Policy::default() };
        let plain = Policy::default();
        let cases = [
            ("1 a 10", "", "a get", KeepForever, &small, "get1"),
            // What is here in part is completed, and deleted only once it is whole.
            ("1 a 10", "7 a 10 0 header", "a get", DeleteOnceStored, &plain, "get1=7!"),
            ("1 a 10", "", "a keep", DeleteOnceStored, &plain, "get1"),
            ("1 a 10", "7 a 10 0 header", "", DeleteOnceStored, &plain, ""),
            ("1 a 10", "7 a 10 0", "a get", KeepForever, &plain, ""),
            // Adopted: known, not here, never deleted by a rule.
            ("1 a 10", "7 a 10 0 nothing", "", DeleteOnceStored, &plain, ""),
            ("1 a 10", "7 a 10 0 nothing", "a get", KeepForever, &plain, "get1=7"),
            ("1 a 10", "7 a 10 0", "a keep", DeleteOnceStored, &plain, ""),
            ("1 a 10", "", "a delete", KeepForever, &plain, "del1=?"),
            ("1 a 10", "7 a 10 0", "a delete", KeepForever, &plain, "del1=7"),
            // The safety switch goes before everything.
            ("1 a 10", "7 a 10 0", "a delete", DeleteOnceStored, &never, ""),
            ("1 a 10", "", "a delete", KeepForever, &never, "get1"),
            // A wish about what is not there any more is done with; a listing of nothing proves nothing.
            ("1 b 10", "7 b 10 0", "a delete", KeepForever, &plain, "forget-a"),
            ("", "", "a delete", KeepForever, &plain, ""),
            ("1 b 10", "7 b 10 0", "a keep", KeepForever, &plain, ""),
        ];
        for (list, known, notes, retention, policy, expected) in cases {
            check(list, known, notes, retention, policy, expected);
        }
    }

    #[test]
    fn what_was_deleted_here_is_deleted_there_if_the_person_wants_that() {
        let (listing, ledger) = (listing("1 a 10, 2 b 10"), ledger("7 a 10 0, 8 b 10 0"));
        let (notes, left) = (HashMap::new(), HashSet::from([LedgerId(8)]));
        let policy = Policy::default();
        let terms = Terms {
            ledger: &ledger,
            notes: &notes,
            left: &left,
            retention: Retention::KeepForever,
            policy: &policy,
            now: NOW,
        };
        assert_eq!(described(&plan(&listing, &terms)), "del2=8");
        let policy = Policy { never_delete: true, ..policy };
        assert_eq!(described(&plan(&listing, &Terms { policy: &policy, ..terms })), "");
    }

    #[test]
    fn where_all_unique_ids_are_new_and_the_sizes_are_not_headers_are_looked_at_first() {
        let keep = Retention::KeepForever;
        let check = |list, known, expected| check(list, known, "", keep, &Policy::default(), expected);
        check("1 x 10, 2 y 20, 3 z 30", "7 a 10 0, 8 b 20 0, 9 c 30 0", "look1 look2 look3");
        check("1 x 10, 2 y 20, 3 z 31", "7 a 10 0, 8 b 20 0, 9 c 30 0", "get3? look1 look2");
        // As many as were there of that size, and no more.
        check("1 x 10, 2 y 10, 3 z 10", "7 a 10 0, 8 b 10 0", "get3? look1 look2");
        // Mostly other sizes: these are other messages.
        check("1 x 10, 2 y 21, 3 z 31", "7 a 10 0, 8 b 20 0, 9 c 30 0", "get1? get2? get3?");
        // One unique-id that is known: the server has not renumbered.
        check("1 a 10, 2 y 20", "7 a 10 0, 8 b 20 0", "get2?");
    }

    #[test]
    fn what_failed_before_goes_last_and_rests_for_a_while() {
        let keep = Retention::KeepForever;
        check("1 a 10, 2 b 10, 3 c 10", "", "a failed-0", keep, &Policy::default(), "get2 get3 get1");
        check("1 a 10, 2 b 10", "", "a failed-60", keep, &Policy::default(), "get2");
    }

    #[test]
    fn each_message_has_a_fate() {
        let (listing, ledger) = (listing("1 a 10, 2 b 10, 3 c 10, 4 d 99, 5 e 10"), ledger("7 a 10 1, 8 b 10 9"));
        let notes = notes("c failed-60");
        let policy = Policy { skip_above_bytes: Some(50), ..Policy::default() };
        let terms = Terms {
            ledger: &ledger,
            notes: &notes,
            left: &HashSet::new(),
            retention: Retention::DeleteAfterDays(3),
            policy: &policy,
            now: NOW,
        };
        assert_eq!(
            fates(&listing, &terms),
            [
                Fate::Here { part: Part::Whole, delete_at: Some(NOW + 2 * SECS_PER_DAY) },
                Fate::Delete,
                Fate::Resting { until: NOW + 60 },
                Fate::TooLarge,
                Fate::Fetch(Part::Whole),
            ]
        );
    }
}
