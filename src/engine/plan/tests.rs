use super::*;

const NOW: i64 = 1_000_000_000;

/// `number uid size` words; a uid of `-` stands for none.
fn listing(text: &str) -> Listing {
    let messages = text.split(", ").filter(|line| !line.is_empty()).map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        let uid: &[u8] = if words[1] == "-" { b"" } else { words[1].as_bytes() };
        (MessageNumber(words[0].parse().unwrap()), words[2].parse().unwrap(), uid)
    });
    messages.collect()
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

/// The plan for a ledger that goes past in pieces.
fn planned(listing: &Listing, ledger: &[LedgerEntry], terms: &Terms<'_>) -> Plan {
    let mut diff = Diff::new(listing, terms);
    ledger.chunks(2).for_each(|entries| diff.see(entries));
    let mut sizes = HashMap::new();
    if diff.looks_renumbered() {
        let whole = ledger.iter().filter(|entry| entry.part == Part::Whole);
        whole.filter_map(|entry| entry.size_bytes).for_each(|size| *sizes.entry(size).or_default() += 1);
    }
    diff.plan(sizes, &HashMap::new())
}

fn described(listing: &Listing, plan: &Plan) -> String {
    let mut words = Vec::new();
    for target in plan.retrieve.iter().map(|choice| choice.target(listing)) {
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
    for target in plan.recognise.iter().map(|look| look.target(listing)) {
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
    let terms = Terms { notes: &notes, left: &left, retention, policy, now: NOW };
    let plan = planned(&listing, &ledger, &terms);
    assert_eq!(
        described(&listing, &plan),
        expected,
        "listed {list:?}, known {known:?}, {retention}, {noted:?}, {policy:?}"
    );
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
        ("1 a 10", "6 a 10 0, 7 a 10 0 done", DeleteOnceStored, "look1!~7"),
        // A unique-id that was used again: the newest row counts.
        ("1 a 10", "6 a 10 0 done, 7 a 10 0", DeleteOnceStored, "del1=7"),
        ("1 a 10", "6 a 10 9, 7 a 10 0", DeleteAfterDays(3), ""),
        ("1 a 10", "6 a 10 9, 7 a 11 0", DeleteAfterDays(3), "del1=6"),
        ("1 a 10, 2 b 10", "6 a 10 0 done, 7 b 10 0", DeleteOnceStored, "look1!~6 del2=7"),
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
    let terms = Terms { notes: &notes, left: &left, retention: Retention::KeepForever, policy: &policy, now: NOW };
    assert_eq!(described(&listing, &planned(&listing, &ledger, &terms)), "del2=8");
    let policy = Policy { never_delete: true, ..policy };
    let terms = Terms { policy: &policy, ..terms };
    assert_eq!(described(&listing, &planned(&listing, &ledger, &terms)), "");
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
        notes: &notes,
        left: &HashSet::new(),
        retention: Retention::DeleteAfterDays(3),
        policy: &policy,
        now: NOW,
    };
    let mut diff = Diff::new(&listing, &terms).in_detail();
    diff.see(&ledger);
    let fates: Vec<Fate> = diff.fates().into_iter().map(|(fate, _)| fate).collect();
    assert_eq!(
        fates,
        [
            Fate::Here { part: Part::Whole, delete_at: Some(NOW + 2 * SECS_PER_DAY) },
            Fate::Delete,
            Fate::Resting { until: NOW + 60 },
            Fate::TooLarge,
            Fate::Fetch(Part::Whole),
        ]
    );
}

#[test]
fn what_may_have_been_imported_is_told_by_its_header_before_it_is_fetched() {
    let policy = crate::account::Policy::default();
    let (notes, left) = (HashMap::new(), HashSet::new());
    let terms = Terms { notes: &notes, left: &left, retention: Retention::DeleteOnceStored, policy: &policy, now: NOW };
    // An imported row of size 10; a and b were adopted, of which b has been looked at; c is known; d and e are new.
    let listing = listing("1 a 10, 2 b 10, 3 c 10, 4 d 10, 5 e 77");
    let mut ledger = ledger("1 a - 0 nothing, 2 b 10 0 nothing, 3 c 10 0");
    ledger[0].size_bytes = None;
    let mut diff = Diff::new(&listing, &terms);
    diff.see(&ledger);
    assert_eq!(diff.sizes_in_question(), [10, 77]);
    let plan = diff.plan(HashMap::new(), &HashMap::from([(10, 1)]));
    let looked: Vec<_> = plan.recognise.iter().map(|look| look.target(&listing)).collect();
    let places: Vec<_> = looked.iter().map(|target| (target.number.0, target.adopted, target.goes)).collect();
    assert_eq!(places, [(1, Some(LedgerId(1)), true), (4, None, true)]);
    assert_eq!(plan.retrieve.len(), 1, "e has a size that nothing imported has");
    assert_eq!(plan.delete, [(MessageNumber(3), Some(LedgerId(3)))], "adopted ones stay");
}
