//! What the protocol costs by itself: octets of a whole visit through the session, and a listing.
//!
//! `cargo bench --bench session`
#![allow(clippy::unwrap_used)] // a bench ends at the first surprise

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use malote::protocol::pop3::{Credentials, Event, Listing, Session};
use malote::protocol::{Machine, Step};

const LOGIN: &str = "+OK\r\n+OK\r\nPIPELINING\r\nUSER\r\n.\r\n+OK\r\n+OK\r\n+OK\r\nPIPELINING\r\n.\r\n";

/// Octets that a socket gives at once.
const READ_BYTES: usize = 64 * 1024;

/// A maildrop of `count` messages of `lines` lines each, as the wire brings it.
fn wire(count: u32, lines: usize) -> Vec<u8> {
    let body = "A line of mail has about as many octets as a punched card had columns, 72.\r\n".repeat(lines);
    let size = body.len();
    let mut wire = format!("{LOGIN}+OK {count} 0\r\n");
    wire.push_str("+OK\r\n");
    (1..=count).for_each(|number| wire.push_str(&format!("{number} 0000{number:012x}\r\n")));
    wire.push_str(".\r\n+OK\r\n");
    (1..=count).for_each(|number| wire.push_str(&format!("{number} {size}\r\n")));
    wire.push_str(".\r\n");
    for _ in 0..if lines == 0 { 0 } else { count } {
        wire.push_str("+OK\r\n");
        wire.push_str(&body);
        wire.push_str("..\r\n.\r\n");
    }
    wire.push_str("+OK bye\r\n");
    wire.into_bytes()
}

/// Octets of the answers to STAT, UIDL and LIST.
fn listing_len(answers: &[u8]) -> usize {
    let mut dots = answers.windows(5).enumerate().filter(|(_, octets)| *octets == b"\r\n.\r\n");
    dots.nth(1).map_or(answers.len(), |(at, _)| at + 5)
}

/// Plays a whole visit; gives the octets of mail that came, and what was listed.
fn visit(wire: &[u8], fetch: bool) -> (usize, Arc<Listing>) {
    let mut session = Session::new(Credentials { user: "ana".into(), password: "x".to_owned().into() }, false);
    session.list();
    let (mut bytes, mut listed) = (0, Arc::default());
    // No server answers before it was asked: the sign-in comes line by line, the rest as a socket gives it.
    let (login, rest) = wire.split_at(LOGIN.len());
    let (listing, mail) = rest.split_at(listing_len(rest));
    let lines = login.split_inclusive(|&octet| octet == b'\n');
    let mut pieces = lines.chain(listing.chunks(READ_BYTES)).chain(mail.chunks(READ_BYTES));
    loop {
        match session.step().unwrap() {
            Step::Read => session.receive(pieces.next().unwrap_or_default()),
            Step::Event(Event::Listed(listing)) => {
                if fetch {
                    listing.iter().for_each(|message| session.retrieve(message.number));
                }
                session.quit();
                listed = listing;
            }
            Step::Event(Event::Chunk(octets)) => bytes += octets.len(),
            Step::Event(_) | Step::Write(_) => {}
            Step::StartTls | Step::Reopen => unreachable!("it was not asked for"),
            Step::Done => return (bytes, listed),
        }
    }
}

fn session(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("session");
    group.sample_size(20);
    for (name, count, lines) in [("10,000 small messages", 10_000, 57), ("100 large messages", 100, 14_000)] {
        let wire = wire(count, lines);
        group.throughput(Throughput::Bytes(wire.len() as u64));
        group.bench_function(name, |bencher| bencher.iter(|| visit(black_box(&wire), true).0));
    }
    let listing = wire(1_000_000, 0);
    group.sample_size(10);
    group.throughput(Throughput::Elements(1_000_000));
    group.bench_function("a listing of 1,000,000", |bencher| {
        bencher.iter_batched(|| (), |()| visit(black_box(&listing), false).1, BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(benches, session);
criterion_main!(benches);
