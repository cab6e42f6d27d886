//! Storing 10,000 messages for good, beside writing them into files with one sync each, and into one file with one sync.
//!
//! `cargo bench --bench delivery`; on the disk that holds the temporary folder.
#![allow(clippy::unwrap_used)] // a bench ends at the first surprise

use std::fs::{File, create_dir};
use std::io::Write;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use futures::executor::block_on;
use malote::account::{Account, AccountId};
use malote::mail::Envelope;
use malote::store::{Arrival, Content, Prepared, Store, prepare};

const COUNT: usize = 10_000;
/// Messages that share a transaction.
const GROUP: usize = 256;
const NOW: i64 = 1_700_000_000;

/// 4.3 KB of words that compress as mail does, another mail each.
fn mail(number: usize) -> Vec<u8> {
    let mut state = number as u64 + 1;
    let mut text = format!(
        "From: Ana <ana@example.org>\r\nTo: bob@example.org\r\nSubject: Minutes {number}\r\nMessage-ID: <{number}@example.org>\r\n\
         Date: Tue, 14 Nov 2023 12:00:00 +0000\r\n\r\n"
    );
    while text.len() < 4_200 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let end = if (state >> 33).is_multiple_of(12) { "\r\n" } else { " " };
        text.push_str(&format!("{:x}{end}", (state >> 40) & 0xffff));
    }
    text.push_str("\r\n");
    text.into_bytes()
}

fn prepared(number: usize, octets: Vec<u8>) -> Prepared {
    prepare(Arrival {
        uid: Some(number.to_be_bytes().to_vec()),
        listed_size: octets.len() as u64,
        envelope: Envelope::from_raw(&octets),
        content: Content::Whole(octets),
        ..Arrival::default()
    })
}

fn store(folder: &tempfile::TempDir) -> (Store, AccountId) {
    let store = Store::open(&folder.path().join("profile")).unwrap();
    let mut account = Account::blank();
    account.name = "Work".into();
    account.identity.address = "ana@example.org".into();
    account.incoming.host = "pop.example.org".into();
    account.user = "ana".into();
    let id = block_on(store.save_account(account)).unwrap();
    (store, id)
}

fn delivery(criterion: &mut Criterion) {
    let mails: Vec<Vec<u8>> = (0..COUNT).map(mail).collect();
    let folder = || tempfile::tempdir().unwrap();
    let mut group = criterion.benchmark_group("10,000 messages to the disk");
    group.sample_size(10);
    group.throughput(Throughput::Elements(COUNT as u64));
    group.bench_function("prepared, on one thread", |bencher| {
        let prepare_all = |mails: Vec<Vec<u8>>| -> Vec<_> {
            mails.into_iter().enumerate().map(|(number, octets)| prepared(number, octets)).collect()
        };
        bencher.iter_batched(|| mails.clone(), prepare_all, BatchSize::PerIteration);
    });
    group.bench_function("into the store", |bencher| {
        let ready = || {
            let folder = folder();
            let (store, account) = store(&folder);
            let mut groups: Vec<Vec<Prepared>> = Vec::new();
            for (number, octets) in mails.iter().enumerate() {
                if number.is_multiple_of(GROUP) {
                    groups.push(Vec::with_capacity(GROUP));
                }
                groups.last_mut().unwrap().push(prepared(number, octets.clone()));
            }
            (folder, store, account, groups)
        };
        bencher.iter_batched(
            ready,
            |(folder, store, account, groups)| {
                for group in groups {
                    block_on(store.deliver(account, group, NOW)).unwrap();
                }
                (folder, store)
            },
            BatchSize::PerIteration,
        );
    });
    group.bench_function("into one file, synced once", |bencher| {
        let write = |folder: tempfile::TempDir| {
            let mut file = File::create(folder.path().join("mbox")).unwrap();
            mails.iter().for_each(|octets| file.write_all(octets).unwrap());
            file.sync_all().unwrap();
            folder
        };
        bencher.iter_batched(folder, write, BatchSize::PerIteration);
    });
    group.bench_function("into a file each, synced", |bencher| {
        let write = |folder: tempfile::TempDir| {
            let new = folder.path().join("new");
            create_dir(&new).unwrap();
            for (number, octets) in mails.iter().enumerate() {
                let mut file = File::create(new.join(number.to_string())).unwrap();
                file.write_all(octets).unwrap();
                file.sync_all().unwrap();
            }
            folder
        };
        bencher.iter_batched(folder, write, BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(benches, delivery);
criterion_main!(benches);
