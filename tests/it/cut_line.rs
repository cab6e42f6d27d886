//! The line is cut at every place there is; a visit over a good line then completes the collection: each message once, byte for
//! byte, and none was deleted before it was stored.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::support::malote::Malote;
use crate::support::samples::{assert_same, messages};
use crate::support::scripted::{Cut, Pop3Server, Script};

/// How many messages the session has. Among them are the awkward ones: see `samples`.
const COUNT: usize = 6;

/// Octet cuts: every so many octets, and a prime, so that they fall everywhere in a line.
const EVERY_OCTETS: usize = 97;

/// Visits at the same time. A visit waits more than it works.
const WORKERS: usize = 4;

/// Cuts the session at every place, shared out among workers who have a server and a profile each.
fn check(keep: &str, pipelining: bool) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let bench = Bench::new(keep, pipelining);
                let cuts = bench.places();
                while let Some(cut) = cuts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    bench.cut_and_recover(*cut);
                }
            });
        }
    });
}

struct Bench {
    server: Pop3Server,
    script: Script,
    untouched: Malote,
    context: String,
}

impl Bench {
    fn new(keep: &str, pipelining: bool) -> Self {
        let mut script = Script::default();
        script.capabilities.retain(|word| pipelining || *word != "PIPELINING");
        let server = Pop3Server::start(script.clone(), &messages(COUNT));
        let untouched = Malote::with_account(&server.incoming(), &["--keep", keep]);
        Self { server, script, untouched, context: format!("keep {keep}, pipelining {pipelining}") }
    }

    /// Every line's end, and octets in between, of a session that is not cut.
    fn places(&self) -> Vec<Cut> {
        let malote = self.fresh();
        malote.get();
        let (lines, octets) = self.server.said();
        assert!(lines > COUNT * 10, "{lines} lines are no whole session");
        let by_line = (0..=lines).map(Cut::AfterLines);
        by_line.chain((0..octets).step_by(EVERY_OCTETS).map(Cut::AfterBytes)).collect()
    }

    fn fresh(&self) -> Malote {
        self.server.fill(&messages(COUNT));
        let malote = Malote::new();
        malote.copy_profile_of(&self.untouched);
        malote
    }

    fn cut_and_recover(&self, cut: Cut) {
        let malote = self.fresh();
        let visits = self.server.sessions().len();
        self.server.follow(Script { cut: Some(cut), ..self.script.clone() });
        malote.try_get();

        let said = self.server.sessions().get(visits).cloned().unwrap_or_default();
        let deleted = said.iter().filter_map(|line| line.strip_prefix("DELE ")?.trim().parse::<usize>().ok());
        let deleted: Vec<usize> = deleted.collect();
        if !deleted.is_empty() {
            let stored = malote.stored();
            for number in deleted {
                let raw = &messages(COUNT)[number - 1];
                assert!(
                    stored.contains(raw),
                    "{}, {cut:?}: number {number} was deleted before it was stored",
                    self.context
                );
            }
        }
        malote.get();
        assert_same(malote.stored(), messages(COUNT), &format!("{}, {cut:?}", self.context));
    }
}

#[test]
fn a_cut_line_loses_nothing_where_mail_is_kept() {
    check("forever", true);
}

#[test]
fn a_cut_line_loses_nothing_where_mail_is_deleted() {
    check("none", true);
}

#[test]
fn a_cut_line_loses_nothing_without_pipelining() {
    check("none", false);
}
