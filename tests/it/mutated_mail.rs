//! What reads a message, and what draws its page, with messages changed at random: nothing panics, nothing hangs, and what goes
//! to the screen is fit for it.
//!
//! `MALOTE_MUTATIONS=1000 tests/run mutated` tries so many changes of each message in `tests/data`. What fails is kept in
//! Cargo's target directory, under `tmp`.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use malote::engine::MessagePage;
use malote::page::protocol::Reply;

use crate::drawing::{Pages, page, patient};
use crate::support::mutations::{Random, messages_in, mutated};
use crate::support::reading::read;

/// Changes of each message where nothing else is said.
const EACH: u64 = 12;
/// As long as no honest message takes, however busy the machine.
const HANGS: Duration = Duration::from_secs(30);

fn each(default: u64) -> u64 {
    std::env::var("MALOTE_MUTATIONS").ok().map_or(default, |each| each.parse().expect("a number"))
}

/// Calls `check` with every change; it says what is wrong with one.
fn try_all(folders: &[&str], each: u64, mut check: impl FnMut(&[u8]) -> Result<(), String>) {
    let seeds: Vec<(String, Vec<u8>)> = folders.iter().flat_map(|folder| messages_in(folder)).collect();
    assert!(seeds.len() > 50, "{} messages", seeds.len());
    let mut wrong = Vec::new();
    for (number, (name, raw)) in seeds.iter().enumerate() {
        for change in 0..each {
            let mut random = Random::of(change << 16 | number as u64);
            let (_, other) = &seeds[(number + 1 + change as usize * 7) % seeds.len()];
            let raw = mutated(&mut random, raw, other);
            if let Err(why) = check(&raw) {
                let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("mutated-{name}-{change}.eml"));
                fs::write(&file, raw).unwrap();
                wrong.push(format!("{}: {why}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn mutated_mail_is_read_and_what_is_shown_of_it_is_fit_for_the_screen() {
    try_all(&["eml", "html", "hostile"], each(EACH), |raw| {
        let begun = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| read(raw))).map_err(|_| "it panicked".to_owned())?;
        let took = begun.elapsed();
        if took > HANGS { Err(format!("it took {took:?}")) } else { outcome }
    });
}

#[test]
fn a_mutated_page_is_drawn_or_refused_and_the_next_one_is_drawn() {
    let mut pages = Pages::start(patient());
    let (mut drawn, mut refused) = (0, Vec::new());
    try_all(&["html", "hostile"], each(2), |raw| {
        if MessagePage::from_raw(raw, &[]).is_none() {
            return Ok(());
        }
        pages.load(raw);
        match pages.outcome() {
            Reply::Frame { frame, .. } if frame.width_px == 700 => drawn += 1,
            Reply::Refused { why, .. } => refused.push(format!("{why:?}")),
            other => return Err(format!("{other:?}")),
        }
        Ok(())
    });
    println!("{drawn} drawn, refused: {refused:?}");
    assert!(drawn > 20 * refused.len(), "{drawn} drawn, refused: {refused:?}");
    pages.draws(&page("After all that"));
}
