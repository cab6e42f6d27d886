//! The line is cut at every place there is; a visit over a good line then completes the collection: each message once, byte for
//! byte, none was deleted before it was stored, and the server's maildrop is as the ledger says.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::support::keeping::{Keeping, assert_nothing_deleted_unstored, assert_settled};
use crate::support::malote::Malote;
use crate::support::samples::messages;
use crate::support::scripted::{Cut, Pop3Server, Script};

/// How many messages the session has. Among them are the awkward ones: see `samples`.
const COUNT: usize = 30;

/// Octet cuts: every so many octets, and a prime, so that they fall everywhere in a line. The ways of keeping mail share them
/// out among themselves (what is received until a cut does not depend on the way); each way has every cut at a line's end.
const EVERY_OCTETS: usize = 197;
const WAYS: usize = 4;

/// Visits at the same time. A visit waits more than it works.
const WORKERS: usize = 4;

/// Cuts the session at every place, shared out among workers who have a server and a profile each.
fn check(way: usize, keeping: Keeping, pipelining: bool) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let bench = Bench::new(keeping, pipelining);
                let cuts = bench.places(way);
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
    keeping: Keeping,
    sent: Vec<Vec<u8>>,
    untouched: Malote,
    context: String,
}

impl Bench {
    fn new(keeping: Keeping, pipelining: bool) -> Self {
        let mut script = Script::default();
        script.capabilities.retain(|word| pipelining || *word != "PIPELINING");
        let sent = messages(COUNT);
        let server = Pop3Server::start(script.clone(), &sent[..keeping.due(COUNT)]);
        let untouched = keeping.account(&server.incoming(), &[]);
        let context = format!("keep {keeping:?}, pipelining {pipelining}");
        Self { server, script, keeping, sent, untouched, context }
    }

    /// Every line's end, and octets in between, of a session that is not cut.
    fn places(&self, way: usize) -> Vec<Cut> {
        let malote = self.fresh();
        let visit = malote.get();
        let work = self.keeping.work(COUNT);
        assert_eq!((visit.new as usize, visit.deleted_on_server as usize), work, "{}", self.context);
        let (lines, octets) = self.server.said();
        assert!(lines > 2 * COUNT + 10 * work.0 + work.1, "{lines} lines are no whole session");
        let by_line = (0..=lines).map(Cut::AfterLines);
        let by_octet = (0..octets).step_by(EVERY_OCTETS).skip(way).step_by(WAYS);
        by_line.chain(by_octet.map(Cut::AfterBytes)).collect()
    }

    fn fresh(&self) -> Malote {
        self.server.fill(&self.sent);
        let malote = Malote::new();
        malote.copy_profile_of(&self.untouched);
        malote
    }

    fn cut_and_recover(&self, cut: Cut) {
        let malote = self.fresh();
        let context = format!("{}, {cut:?}", self.context);
        let visits = self.server.sessions().len();
        self.server.follow(Script { cut: Some(cut), ..self.script.clone() });
        malote.try_get();

        let said = self.server.sessions().get(visits).cloned().unwrap_or_default();
        assert_nothing_deleted_unstored(&malote, &said, &self.sent, &context);
        malote.get();
        assert_settled(&malote, self.server.maildrop(), &self.sent, self.keeping, &context);
    }
}

#[test]
fn a_cut_line_loses_nothing_where_mail_is_kept() {
    check(0, Keeping::Forever, true);
}

#[test]
fn a_cut_line_loses_nothing_where_mail_is_deleted() {
    check(1, Keeping::Nothing, true);
}

#[test]
fn a_cut_line_loses_nothing_where_mail_is_deleted_days_later() {
    check(2, Keeping::Days, true);
}

#[test]
fn a_cut_line_loses_nothing_without_pipelining() {
    check(3, Keeping::Nothing, false);
}
