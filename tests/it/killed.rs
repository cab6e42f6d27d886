//! The program is killed, without a word of warning, while it collects and deletes: nothing is lost, nothing comes twice.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::dovecot::Dovecot;
use crate::support::malote::Malote;
use crate::support::samples::{assert_same, messages};

const COUNT: usize = 500;

/// Octets that each message is made longer by, so that the collection takes a while and is stored in several steps.
const PADDING: usize = 60_000;

/// Kills that struck after something was stored and before all was done.
static IN_THE_MIDST: AtomicUsize = AtomicUsize::new(0);

/// Kills, shared out among users who have a maildrop each.
const KILLS: usize = 20;
const USERS: [&str; 2] = ["ana", "bob"];

/// Any number: the same one gives the same moments, as parts of the collection's duration.
const SEED: u64 = 0x4d61_6c6f_7465;

#[test]
fn twenty_kills_during_a_collection_lose_nothing_and_double_nothing() {
    let dovecot = Dovecot::start_for(&USERS);
    thread::scope(|scope| {
        for (index, user) in USERS.into_iter().enumerate() {
            let dovecot = &dovecot;
            scope.spawn(move || kill_again_and_again(dovecot, user, SEED + index as u64));
        }
    });
    assert!(IN_THE_MIDST.load(Ordering::Relaxed) > 0, "every kill came too early or too late to prove anything");
}

fn kill_again_and_again(dovecot: &Dovecot, user: &str, mut seed: u64) {
    let untouched = Malote::with_account(&dovecot.tls(), &["--keep", "none", "--user", user]);
    let fresh = || {
        let malote = Malote::new();
        malote.copy_profile_of(&untouched);
        dovecot.deliver_to(user, &mail());
        malote
    };
    let begun = Instant::now();
    let whole = {
        let malote = fresh();
        let filled = begun.elapsed();
        assert_eq!(malote.get().new, COUNT as u64);
        begun.elapsed() - filled
    };
    for kill in 0..KILLS / USERS.len() {
        let moment = whole.mul_f64(0.1 + 0.6 * random_part(&mut seed));
        kill_once(dovecot, user, &fresh(), moment, &format!("{user}'s kill {kill} at {moment:?} of {whole:?}"));
    }
}

fn kill_once(dovecot: &Dovecot, user: &str, malote: &Malote, moment: Duration, context: &str) {
    let mut run = malote.start(&["get", "--json"]);
    thread::sleep(moment);
    run.kill();
    // What is neither on the server nor here now is lost.
    let (here, there) = (malote.stored(), dovecot.maildrop_of(user));
    if !here.is_empty() && !there.is_empty() {
        IN_THE_MIDST.fetch_add(1, Ordering::Relaxed);
    }
    let everywhere: HashSet<&Vec<u8>> = here.iter().chain(&there).collect();
    assert_eq!(everywhere.len(), COUNT, "{context}: {} here, {} there", here.len(), there.len());
    malote.get();
    assert_same(malote.stored(), mail(), context);
    assert!(dovecot.maildrop_of(user).is_empty(), "{context}: the server is empty in the end");
}

fn mail() -> Vec<Vec<u8>> {
    let padding = b"What makes a message long is of no concern to those who read it. ".repeat(PADDING / 65);
    messages(COUNT).into_iter().map(|raw| [&raw, &padding[..], b"\r\n"].concat()).collect()
}

/// Between 0 and 1 (xorshift).
fn random_part(seed: &mut u64) -> f64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    (*seed >> 11) as f64 / (1_u64 << 53) as f64
}
