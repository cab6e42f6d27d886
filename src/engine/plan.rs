//! What a visit is to do: a pure function of what the server lists, what the ledger knows, and what the person wants.

use std::collections::{HashMap, HashSet};

use crate::account::Retention;
use crate::protocol::pop3::{Listing, MessageNumber, ScanLine};
use crate::store::{DeleteState, LedgerEntry, LedgerId};

const SECS_PER_DAY: i64 = 86_400;

/// What one visit is to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub retrieve: Vec<Target>,
    /// Stored in an earlier visit, and due to leave the server.
    pub delete: Vec<(MessageNumber, LedgerId)>,
    /// The server still lists them, though it was asked to delete them: that did not count.
    pub still_listed: Vec<LedgerId>,
}

/// A message to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub number: MessageNumber,
    pub uid: Option<Vec<u8>>,
    pub size_bytes: u64,
    /// Its unique-id does not prove that it is new: it may be stored already under another one, so the octets decide.
    pub dedupe: bool,
}

/// What is known of a unique-id.
type Known<'a> = HashMap<&'a [u8], Vec<&'a LedgerEntry>>;

/// A unique-id is a hint, and content is the proof: a message is known only if its unique-id stands once in the listing with
/// its size, and in the ledger with the same size. Whatever else is fetched, and its octets are compared (by SHA-256) with
/// what is stored wherever the unique-id alone cannot tell.
///
/// `now` in Unix seconds. `troubled` unique-ids broke off earlier visits and go last, so that they hold nothing up.
pub fn plan(
    listing: &Listing,
    ledger: &[LedgerEntry],
    retention: Retention,
    now: i64,
    troubled: &HashSet<Vec<u8>>,
) -> Plan {
    let mut times_listed: HashMap<(&[u8], u64), u32> = HashMap::new();
    let mut listed: HashSet<&[u8]> = HashSet::new();
    for message in &listing.messages {
        *times_listed.entry((uid(message), message.size_bytes)).or_default() += 1;
        listed.insert(uid(message));
    }
    let mut known: Known<'_> = HashMap::new();
    for entry in ledger {
        known.entry(&entry.uid).or_default().push(entry);
    }
    // Something that was there is not listed any more: perhaps under a new unique-id, if the server has renumbered.
    let renumbered = ledger.iter().any(|entry| !listed.contains(entry.uid.as_slice()));

    let mut plan = Plan::default();
    for message in &listing.messages {
        let unique = times_listed.get(&(uid(message), message.size_bytes)) == Some(&1);
        match known_as(&known, message).filter(|_| unique) {
            Some(entry) => settle(&mut plan, message.number, entry, retention, now),
            None => plan.retrieve.push(Target {
                number: message.number,
                uid: message.uid.as_ref().map(|uid| uid.0.clone()),
                size_bytes: message.size_bytes,
                dedupe: renumbered || !unique || message.uid.is_none() || known.contains_key(uid(message)),
            }),
        }
    }
    plan.retrieve.sort_by_key(|target| target.uid.as_ref().is_some_and(|uid| troubled.contains(uid)));
    plan
}

/// Messages that the server gave no unique-id share the empty one.
fn uid(message: &ScanLine) -> &[u8] {
    message.uid.as_ref().map_or(&[], |uid| uid.0.as_slice())
}

fn known_as<'a>(known: &Known<'a>, message: &ScanLine) -> Option<&'a LedgerEntry> {
    message.uid.as_ref()?;
    let entries = known.get(uid(message))?;
    entries.iter().copied().find(|entry| entry.size_bytes.is_none_or(|size| size == message.size_bytes))
}

/// What is known stays or goes.
fn settle(plan: &mut Plan, number: MessageNumber, entry: &LedgerEntry, retention: Retention, now: i64) {
    if entry.delete != DeleteState::None {
        plan.still_listed.push(entry.id);
    }
    let due = match retention {
        Retention::KeepForever => false,
        Retention::DeleteOnceStored => true,
        Retention::DeleteAfterDays(days) => now.saturating_sub(entry.stored_at) >= i64::from(days) * SECS_PER_DAY,
    };
    if due {
        plan.delete.push((number, entry.id));
    }
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

    /// `id uid size days-ago [unknown|done]` words.
    fn ledger(text: &str) -> Vec<LedgerEntry> {
        let entries = text.split(", ").filter(|line| !line.is_empty()).map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            LedgerEntry {
                id: LedgerId(words[0].parse().unwrap()),
                uid: words[1].as_bytes().to_vec(),
                size_bytes: words[2].parse().ok(),
                sha256: [0; 32],
                stored_at: NOW - words[3].parse::<i64>().unwrap() * SECS_PER_DAY,
                delete: match words.get(4) {
                    Some(&"unknown") => DeleteState::Unknown,
                    Some(&"done") => DeleteState::Done,
                    _ => DeleteState::None,
                },
            }
        });
        entries.collect()
    }

    fn described(plan: &Plan) -> String {
        let mut words = Vec::new();
        for target in &plan.retrieve {
            words.push(format!("get{}{}", target.number.0, if target.dedupe { "?" } else { "" }));
        }
        words.extend(plan.delete.iter().map(|(number, id)| format!("del{}={}", number.0, id.0)));
        words.extend(plan.still_listed.iter().map(|id| format!("still{}", id.0)));
        words.join(" ")
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
            ("1 b 10", "7 a 10 0", KeepForever, "get1?"),
            // The unique-id is known, but the size is another one.
            ("1 a 11", "7 a 10 0", KeepForever, "get1?"),
            ("1 a 11", "7 a 10 0, 8 a 11 0", KeepForever, ""),
            ("1 a 11", "7 a ? 0", KeepForever, ""),
            // A unique-id that stands twice is worthless, unless the sizes tell the two apart.
            ("1 a 10, 2 a 10", "7 a 10 0", DeleteOnceStored, "get1? get2?"),
            ("1 a 10, 2 a 20", "7 a 10 0", KeepForever, "get2?"),
            ("1 a 10, 2 a 20", "7 a 10 0, 8 a 20 0", DeleteOnceStored, "del1=7 del2=8"),
            // No unique-ids at all.
            ("1 - 10, 2 - 20", "7 a 10 0", DeleteOnceStored, "get1? get2?"),
            // Retention.
            ("1 a 10", "7 a 10 0", DeleteOnceStored, "del1=7"),
            ("1 a 10", "7 a 10 2", DeleteAfterDays(3), ""),
            ("1 a 10", "7 a 10 3", DeleteAfterDays(3), "del1=7"),
            ("1 a 10", "7 a 10 -5", DeleteAfterDays(3), ""),
            ("1 a 10", "7 a 10 999", KeepForever, ""),
            // Deletions that did not count are seen, and asked for again.
            ("1 a 10", "7 a 10 0 unknown", DeleteOnceStored, "del1=7 still7"),
            ("1 a 10", "7 a 10 0 done", KeepForever, "still7"),
        ];
        for (list, known, retention, expected) in cases {
            let plan = plan(&listing(list), &ledger(known), retention, NOW, &HashSet::new());
            assert_eq!(described(&plan), expected, "listed {list:?}, known {known:?}, {retention}");
        }
    }

    #[test]
    fn messages_that_broke_earlier_visits_go_last() {
        let troubled = HashSet::from([b"a".to_vec()]);
        let plan = plan(&listing("1 a 10, 2 b 10, 3 c 10"), &[], Retention::KeepForever, NOW, &troubled);
        assert_eq!(described(&plan), "get2 get3 get1");
    }
}
