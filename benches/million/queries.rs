//! The newest hits of what people look for.

use futures::executor::block_on;
use malote::mail::Query;
use malote::store::{Asking, Store};

use super::meter::cost;
use super::{Bench, evict};

/// Hits that are asked for.
const NEWEST: usize = 50;
const RUNS: usize = 30;

pub fn run(bench: &Bench) {
    println!(
        "\n| query | hits | warm ms CPU: median, worst | warm ms wall: median, worst | cold ms wall, CPU |\n|---|---|---|---|---|"
    );
    for (typed, typing) in queries(bench) {
        let shown = if typing { format!("{typed}…") } else { typed.clone() };
        let now = jiff::Timestamp::from_second(super::NOW).unwrap().to_zoned(jiff::tz::TimeZone::UTC);
        let query = Query::parse(&typed, typing, &now).unwrap();
        let ask = |store: &Store| block_on(store.search(query.clone(), None, None, NEWEST, Asking::default())).unwrap();
        evict(&bench.profile());
        let store = bench.store();
        let (found, cold) = cost(|| ask(&store));
        // Both readers, and what the system keeps.
        let _ = (ask(&store), ask(&store));
        let costs: Vec<_> = (0..RUNS).map(|_| cost(|| ask(&store)).1).collect();
        let (cpu, wall) = (spread(costs.iter().map(|c| c.cpu_ms)), spread(costs.iter().map(|c| c.wall_ms)));
        println!("| {shown} | {} | {cpu} | {wall} | {:.0}, {:.0} |", found.keys.len(), cold.wall_ms, cold.cpu_ms);
    }
}

/// Median and maximum.
fn spread(values: impl Iterator<Item = f64>) -> String {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    format!("{:.2}, {:.2}", values[values.len() / 2], values[values.len() - 1])
}

/// What is typed, and whether it may go on.
fn queries(bench: &Bench) -> Vec<(String, bool)> {
    let generator = &bench.generator;
    let address = generator.sender(3).1;
    let subject = generator.subject_words(generator.english_root());
    let subject: Vec<&str> = subject.split(' ').take(3).collect();
    let whole = [
        "the".to_owned(),
        "invoice".into(),
        "invoice budget".into(),
        generator.english(21_000).into(),
        format!("subject:\"{}\"", subject.join(" ")),
        format!("from:{address}"),
        format!("from:{address} meeting"),
        "after:2015-01-01 before:2015-04-01 report".into(),
        "(hotel OR flight) -invoice".into(),
        generator.of_two(false).into(),
        generator.of_two(true).into(),
        "is:unread".into(),
        "is:read".into(),
        "is:starred".into(),
        "is:answered".into(),
        "has:attachment".into(),
        "larger:2k".into(),
        "larger:100k".into(),
        "larger:5m".into(),
        "smaller:1k".into(),
        "in:inbox".into(),
        "in:archive".into(),
        "account:work".into(),
        "-the".into(),
        "-invoice".into(),
        "-me".into(),
        "-is:unread".into(),
        "-has:attachment".into(),
        "invoice is:unread".into(),
        "invoice is:starred".into(),
        "invoice in:archive".into(),
        "the larger:100k".into(),
        "is:starred OR invoice".into(),
        "before:2011-06-01".into(),
        "zzzzzzzz".into(),
    ];
    let typed = [
        "a",
        "t",
        "e",
        "z",
        "7",
        "th",
        "in",
        "the",
        "inv",
        "invo",
        "with",
        "invoic",
        "from:x",
        "from:ana",
        "invoice b",
        "the me",
        "the z",
        "the zq",
        "from:ana@h",
        "t is:starred",
    ];
    let whole = whole.into_iter().map(|typed| (typed, false));
    whole.chain(typed.into_iter().map(|typed| (typed.to_owned(), true))).collect()
}
