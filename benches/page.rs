//! What a page costs one core: a mail of every family from its octets to its first pixels, and each next frame of it.
//!
//! `cargo bench --bench page`. Beside criterion's own figures of three mails it prints the percentiles over all of
//! `tests/data/html`, in milliseconds.
#![allow(clippy::unwrap_used)] // a bench ends at the first surprise

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use malote::page::{Document, Fonts, Page, STACK_BYTES, View, document_of};

const VIEW: View = View { width_px: 700, height_px: 800, scale: 1.0, scroll_y_px: 0, dark: false };
const TIMES: u32 = 5;

fn mails() -> Vec<(String, Document)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/html");
    let mut mails: Vec<(String, Document)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "eml"))
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), document_of(&fs::read(path).unwrap())))
        .collect();
    mails.sort_by(|(a, _), (b, _)| a.cmp(b));
    mails
}

fn percentiles(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |percent: usize| times.get(times.len() * percent / 100).map_or(0.0, |time| time.as_secs_f64() * 1000.0);
    let longest = times.last().map_or(0.0, |time| time.as_secs_f64() * 1000.0);
    println!("{what:32} p50 {:6.1}  p95 {:6.1}  max {longest:6.1}", at(50), at(95));
}

/// Loads and paints every mail some times.
fn over_all(fonts: &Fonts, mails: &[(String, Document)]) {
    let (mut firsts, mut nexts, mut widths) = (Vec::new(), Vec::new(), Vec::new());
    for (_, document) in mails {
        for _ in 0..TIMES {
            let begun = Instant::now();
            let mut page = Page::load(document.clone(), &VIEW, fonts).unwrap();
            black_box(page.paint(&VIEW));
            firsts.push(begun.elapsed());
            let begun = Instant::now();
            black_box(page.paint(&View { scroll_y_px: 150, ..VIEW }));
            nexts.push(begun.elapsed());
            let begun = Instant::now();
            black_box(page.paint(&View { width_px: 690, ..VIEW }));
            widths.push(begun.elapsed());
        }
    }
    percentiles("load and first frame", firsts);
    percentiles("next frame, scrolled", nexts);
    percentiles("first frame at another width", widths);
}

fn page(_: &mut Criterion) {
    let task = || {
        // On the thread with the large stack, which this cannot be given to.
        let mut criterion = Criterion::default().configure_from_args();
        let fonts = Fonts::of_system();
        let mails = mails();
        over_all(&fonts, &mails);
        for wanted in ["plain-person-letter", "classic-newsletter", "mailchimp-style-digest"] {
            let (name, document) = mails.iter().find(|(name, _)| name == wanted).unwrap();
            criterion.bench_function(&format!("{name}: load and first frame"), |bencher| {
                bencher.iter(|| Page::load(document.clone(), &VIEW, &fonts).unwrap().paint(&VIEW));
            });
            let mut page = Page::load(document.clone(), &VIEW, &fonts).unwrap();
            criterion.bench_function(&format!("{name}: next frame"), |bencher| bencher.iter(|| page.paint(&VIEW)));
        }
    };
    thread::scope(|scope| {
        thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, task).unwrap().join().unwrap();
    });
}

criterion_group!(benches, page);
criterion_main!(benches);
