//! The program is killed, without a word of warning, at a thousand moments of a session: nothing is lost, nothing comes twice,
//! and after a healthy visit the server's maildrop is as the ledger says.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::dovecot::Dovecot;
use crate::support::keeping::{Keeping, assert_settled};
use crate::support::malote::Malote;
use crate::support::samples::messages;

/// Kills, shared out among workers who have a server each, and three ways of keeping mail.
const KILLS: usize = 1000;
const WORKERS: usize = 4;

/// Messages, and octets that each is made longer by, so that what is fetched is stored in several steps.
const COUNT: usize = 48;
const PADDING: usize = 60_000;

/// So many times as many kills are made where the machine is so busy that most of them strike too early or too late.
const MORE: usize = 4;

/// Any number: the same one gives the same moments, as parts of a session's duration.
const SEED: u64 = 0x4d61_6c6f_7465;

/// Kills by when they struck. The server's log and the healthy visit afterwards tell.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    /// Before the server let the program in.
    early: usize,
    /// During the session, before anything was stored or deleted.
    fetching: usize,
    /// When something was done and something was left.
    amid: usize,
    /// When everything was done on the server and stored, but the program was not at its end.
    done: usize,
    /// When it had ended by itself.
    late: usize,
}

impl Tally {
    fn all(&self) -> usize {
        self.early + self.fetching + self.amid + self.done + self.late
    }

    /// Whether of so many kills as many struck a session, and struck it between its first step and its last, as are needed to
    /// prove something. Where mail is kept there are few steps between nothing and all: a commit takes many messages.
    fn proves(&self, kills: usize) -> bool {
        self.fetching + self.amid >= kills / 3 && self.amid >= kills.div_ceil(25)
    }

    fn add(&mut self, other: Self) {
        self.early += other.early;
        self.fetching += other.fetching;
        self.amid += other.amid;
        self.done += other.done;
        self.late += other.late;
    }
}

#[test]
fn a_thousand_kills_lose_nothing_and_double_nothing() {
    let tallies = Mutex::new([Tally::default(); 3]);
    thread::scope(|scope| {
        for worker in 0..WORKERS {
            let tallies = &tallies;
            scope.spawn(move || {
                let mut seed = SEED + worker as u64;
                for (mode, keeping) in Keeping::ALL.into_iter().enumerate() {
                    let tally = Bench::new(keeping).kill_again_and_again(&mut seed);
                    tallies.lock().unwrap()[mode].add(tally);
                }
            });
        }
    });
    for (tally, keeping) in tallies.into_inner().unwrap().into_iter().zip(Keeping::ALL) {
        let (all, wanted) = (tally.all(), KILLS / Keeping::ALL.len());
        println!("keep {keeping:?}: {all} kills: {tally:?}");
        assert!(all >= wanted, "{all} kills");
        assert!(tally.proves(wanted), "too few kills struck a session to prove anything: {tally:?}");
    }
}

/// A server, its maildrop before the session, and a profile before the session.
struct Bench {
    dovecot: Dovecot,
    maildrop: TempDir,
    untouched: Malote,
    keeping: Keeping,
    sent: Vec<Vec<u8>>,
}

impl Bench {
    fn new(keeping: Keeping) -> Self {
        let (dovecot, sent) = (Dovecot::start(), long_messages());
        let (due, fresh) = sent.split_at(keeping.due(COUNT));
        dovecot.deliver(due);
        let untouched = keeping.account(&dovecot.plain(), &[]);
        dovecot.deliver(fresh);
        let maildrop = dovecot.snapshot();
        Self { dovecot, maildrop, untouched, keeping, sent }
    }

    fn kill_again_and_again(mut self, seed: &mut u64) -> Tally {
        let (begin, mut end) = self.duration();
        let mut tally = Tally::default();
        let kills = KILLS.div_ceil(WORKERS * Keeping::ALL.len());
        for kill in 0..kills * MORE {
            if kill >= kills && tally.proves(kills) {
                break;
            }
            let part = random_part(seed);
            let moment = begin + end.saturating_sub(begin).mul_f64(part);
            let context = format!("kill {kill} at {moment:?}, {part:.2} of a session, keep {:?}", self.keeping);
            let late = tally.late;
            self.kill_once(moment, &context, &mut tally);
            // What else the machine does makes sessions longer and shorter: the aim follows.
            end = end.mul_f64(if tally.late > late { 0.93 } else { 1.01 });
        }
        tally
    }

    /// When the session of a run that is left alone may begin at the earliest, and how long the run takes.
    fn duration(&mut self) -> (Duration, Duration) {
        let malote = self.fresh();
        let begun = Instant::now();
        let visit = malote.get();
        let whole = begun.elapsed();
        assert_eq!((visit.new as usize, visit.deleted_on_server as usize), self.keeping.work(COUNT));
        let outside = whole.saturating_sub(Duration::from_millis(visit.connected_ms));
        (outside.mul_f64(0.5), whole)
    }

    fn fresh(&mut self) -> Malote {
        self.dovecot.wait_until_idle();
        self.dovecot.restore(&self.maildrop);
        let malote = Malote::new();
        malote.copy_profile_of(&self.untouched);
        malote
    }

    fn kill_once(&mut self, moment: Duration, context: &str, tally: &mut Tally) {
        let malote = self.fresh();
        let sessions = self.sessions();
        let mut run = malote.start(&["get", "--json"]);
        thread::sleep(moment);
        let ended = run.has_ended();
        run.kill();
        self.dovecot.wait_until_idle();
        let was_in = self.sessions() > sessions;
        let visit = malote.get();
        assert_settled(&malote, self.dovecot.maildrop(), &self.sent, self.keeping, context);
        let left = (visit.new as usize, visit.deleted_on_server as usize);
        *match left {
            _ if ended => &mut tally.late,
            (0, 0) => &mut tally.done,
            _ if left != self.keeping.work(COUNT) => &mut tally.amid,
            _ if was_in => &mut tally.fetching,
            _ => &mut tally.early,
        } += 1;
    }

    fn sessions(&self) -> usize {
        self.dovecot.log().matches("Login: user=").count()
    }
}

fn long_messages() -> Vec<Vec<u8>> {
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
