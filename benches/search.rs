//! The search index: how much mail one core indexes in a second, what putting the same mail into its conversations costs beside
//! that, and how long a page of results takes over 100,000 messages.
//!
//! `cargo bench --bench search`; on the disk that holds the temporary folder.
#![allow(clippy::unwrap_used)] // a bench ends at the first surprise

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use futures::executor::block_on;
use malote::account::{Account, AccountId};
use malote::mail::{Envelope, Query, Searchable};
use malote::store::{Arrival, Asking, Content, Indexed, Store, prepare};

/// Messages that are indexed in one measured pass,
const INDEXED: usize = 2_000;
/// and those that are searched.
const SEARCHED: usize = 100_000;
const BATCH: usize = 64;
const THREADED_AT_ONCE: usize = 256;
const NOW: i64 = 1_700_000_000;

/// A generator (linear congruential): the same mail in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    /// A word of a vocabulary of 20,000 in which, as in speech, a few are said all the time.
    fn word(&mut self) -> String {
        let range = 1 << self.below(15);
        let mut number = self.below(range).min(20_000) + 27;
        let mut word = String::new();
        while number > 0 {
            word.push(char::from(b'a' + u8::try_from(number % 26).unwrap()));
            number /= 26;
        }
        word
    }
}

fn mail(number: usize, words: usize) -> Vec<u8> {
    let mut random = Random(number as u64);
    let sender = random.below(500);
    // Conversations of ten: each message answers the one before.
    let first = number - number % 10;
    let references = match number - first {
        0 => String::new(),
        1 => format!("References: <{first}@example.org>\r\n"),
        _ => format!("References: <{first}@example.org> <{}@example.org>\r\n", number - 1),
    };
    let mut text = format!(
        "From: Sender {sender} <sender{sender}@example.net>\r\nTo: {} {} <person{number}@example.org>\r\nSubject: {} {}\r\n\
         Message-ID: <{number}@example.org>\r\n{references}Date: Tue, 14 Nov 2023 {:02}:{:02}:{:02} +0000\r\n\r\n",
        random.word(),
        random.word(),
        random.word(),
        random.word(),
        number / 3600 % 24,
        number / 60 % 60,
        number % 60,
    );
    for at in 1..=words {
        text.push_str(&random.word());
        text.push_str(if at.is_multiple_of(12) { "\r\n" } else { " " });
    }
    text.into_bytes()
}

fn filled(folder: &tempfile::TempDir, count: usize, words: usize) -> Store {
    let store = Store::open(&folder.path().join("profile")).unwrap();
    let account = account(&store);
    for first in (0..count).step_by(1000) {
        let arrival = |number: usize| {
            let octets = mail(number, words);
            prepare(Arrival {
                uid: Some(number.to_be_bytes().to_vec()),
                listed_size: octets.len() as u64,
                envelope: Envelope::from_raw(&octets),
                content: Content::Whole(octets),
                ..Arrival::default()
            })
        };
        let arrivals = (first..count.min(first + 1000)).map(arrival).collect();
        block_on(store.deliver(account, arrivals, NOW)).unwrap();
    }
    store
}

fn account(store: &Store) -> AccountId {
    let mut account = Account::blank();
    account.name = "Work".into();
    account.identity.address = "ana@example.org".into();
    account.incoming.host = "pop.example.org".into();
    account.user = "ana".into();
    block_on(store.save_account(account)).unwrap()
}

/// As [`index_all`], for conversations.
fn thread_all(store: &Store) {
    while block_on(store.thread(THREADED_AT_ONCE)).unwrap() > 0 {}
}

/// Everything that is marked, batch by batch, on this thread and the store's.
fn index_all(store: &Store) {
    loop {
        let next = block_on(store.to_index(BATCH)).unwrap();
        if next.is_empty() {
            return;
        }
        let words = |key| Some(Searchable::from_raw(&block_on(store.raw(key)).unwrap()));
        let batch =
            next.into_iter().map(|to| Indexed { key: to.key, sha256: to.sha256, words: words(to.key) }).collect();
        block_on(store.index(batch)).unwrap();
    }
}

fn indexing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("indexing");
    group.sample_size(10);
    group.throughput(Throughput::Elements(INDEXED as u64));
    let ready = |is_threaded: bool| {
        let folder = tempfile::tempdir().unwrap();
        let store = filled(&folder, INDEXED, 800);
        if is_threaded {
            thread_all(&store);
        }
        (folder, store)
    };
    // Each without the other, so that they can be compared.
    for (name, work) in [("words", index_all as fn(&Store)), ("conversations", thread_all)] {
        group.bench_function(format!("2,000 messages of 4 KB: {name}"), |bencher| {
            bencher.iter_batched(
                || ready(name == "words"),
                |(folder, store)| {
                    work(&store);
                    (folder, store)
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn searching(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(&folder, SEARCHED, 60);
    index_all(&store);
    let now = jiff::Timestamp::from_second(NOW).unwrap().to_zoned(jiff::tz::TimeZone::UTC);
    let mut group = criterion.benchmark_group("the newest 200 of 100,000 messages");
    for typed in [
        "b",
        "bb",
        "bbb",
        "bb from:sender7",
        "\"bb cb\"",
        "bb OR cb",
        "bb -cb",
        "cb is:unread",
        "newer:7d",
        "zzzzzz",
        "-bb",
        "-zzzzzz",
        "larger:1M",
        "has:attachment",
        "is:answered",
        "is:read",
        "from:sender7 is:read",
        "from:sender7 is:unread",
    ] {
        let query = Query::parse(typed, true, &now).unwrap();
        group.bench_function(typed, |bencher| {
            bencher.iter(|| block_on(store.search(query.clone(), None, None, 200, Asking::default())).unwrap());
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("all of 100,000 messages counted");
    for typed in ["b", "bb", "bb is:unread", "-bb", "has:attachment"] {
        let query = Query::parse(typed, true, &now).unwrap();
        group.bench_function(typed, |bencher| {
            bencher.iter(|| block_on(store.count_found(query.clone(), None, Asking::default())).unwrap());
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("8 of 100,000 people");
    for typed in ["p", "b", "bb", "person9999", "sender7", "bb cb", "zz", "person99 b"] {
        group.bench_function(typed, |bencher| bencher.iter(|| block_on(store.people(typed.into(), 8)).unwrap()));
    }
    group.finish();
}

criterion_group!(benches, indexing, searching);
criterion_main!(benches);
