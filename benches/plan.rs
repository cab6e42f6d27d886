//! A maildrop of a million messages that are all known: what finding that out costs beside reading the listing.
//!
//! `cargo bench --bench plan`; the goal: `diff` takes no more than twice what `listing` takes.
#![allow(clippy::unwrap_used)] // a bench ends at the first surprise

use std::collections::{HashMap, HashSet};
use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use malote::account::{Policy, Retention};
use malote::engine::plan::{Diff, Plan, Terms};
use malote::protocol::pop3::{Credentials, Event, Listing, Session};
use malote::protocol::{Machine, Step};
use malote::store::types::Part;
use malote::store::{DeleteState, LedgerEntry, LedgerId};

const COUNT: u32 = 1_000_000;
const LOGIN: &str = "+OK\r\n+OK\r\n.\r\n+OK\r\n+OK\r\n+OK\r\n.\r\n";

fn uid(number: u32) -> String {
    format!("{:08x}{number:08x}", number.wrapping_mul(2_654_435_761))
}

fn size(number: u32) -> u64 {
    u64::from(number % 9000) + 1000
}

fn wire() -> Vec<u8> {
    let uids: String = (1..=COUNT).map(|number| format!("{number} {}\r\n", uid(number))).collect();
    let sizes: String = (1..=COUNT).map(|number| format!("{number} {}\r\n", size(number))).collect();
    format!("{LOGIN}+OK\r\n{uids}.\r\n+OK\r\n{sizes}.\r\n").into_bytes()
}

fn read(wire: &[u8]) -> Arc<Listing> {
    let mut session = Session::new(Credentials { user: "ana".into(), password: "x".to_owned().into() }, false);
    session.list();
    // No server answers before it was asked: the sign-in comes line by line, the rest as a socket gives it.
    let (login, listing) = wire.split_at(LOGIN.len());
    let (uidl, list) = listing.split_at(listing.windows(5).position(|octets| octets == b"\r\n.\r\n").unwrap() + 5);
    let lines = login.split_inclusive(|&octet| octet == b'\n');
    let mut pieces = lines.chain(uidl.chunks(64 * 1024)).chain(list.chunks(64 * 1024));
    loop {
        match session.step().unwrap() {
            Step::Read => session.receive(pieces.next().unwrap()),
            Step::Event(Event::Listed(listing)) => return listing,
            _ => {}
        }
    }
}

fn ledger() -> Vec<LedgerEntry> {
    let entry = |number: u32| LedgerEntry {
        id: LedgerId(number.into()),
        uid: uid(number).into_bytes(),
        size_bytes: Some(size(number)),
        stored_at: 1_700_000_000,
        delete: DeleteState::None,
        part: Part::Whole,
        message: None,
    };
    (1..=COUNT).map(entry).collect()
}

fn plan(listing: &Listing, ledger: &[LedgerEntry], terms: &Terms<'_>) -> Plan {
    let mut diff = Diff::new(listing, terms);
    diff.see(ledger);
    diff.plan(HashMap::new(), &HashMap::new())
}

fn all_known(criterion: &mut Criterion) {
    let (wire, ledger, policy) = (wire(), ledger(), Policy::default());
    let (notes, left) = (HashMap::new(), HashSet::new());
    let terms =
        Terms { notes: &notes, left: &left, retention: Retention::KeepForever, policy: &policy, now: 1_700_000_001 };
    let mut group = criterion.benchmark_group("a million known messages");
    group.sample_size(10);
    group.bench_function("listing", |bencher| {
        bencher.iter_batched(|| (), |()| read(black_box(&wire)), BatchSize::PerIteration);
    });
    let listing = read(&wire);
    group.bench_function("diff", |bencher| bencher.iter(|| plan(black_box(&listing), &ledger, &terms)));
    group.finish();
    assert!(plan(&listing, &ledger, &terms).retrieve.is_empty());
}

criterion_group!(benches, all_known);
criterion_main!(benches);
