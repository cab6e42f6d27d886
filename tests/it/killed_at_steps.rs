//! The program is killed at every step of a session: when the server has heard a command and not obeyed it, and when it has
//! obeyed and answered. A visit that nobody disturbs then completes.

use std::sync::mpsc::channel;

use crate::support::keeping::{Keeping, assert_settled};
use crate::support::malote::Malote;
use crate::support::process::PATIENCE;
use crate::support::samples::messages;
use crate::support::scripted::{Halt, Pop3Server, Script};

const COUNT: usize = 6;

/// How the session signs in, and whether it says several things at once.
const WAYS: [&[&str]; 3] =
    [&["USER", "UIDL", "TOP", "PIPELINING"], &["USER", "UIDL", "TOP"], &["UIDL", "SASL PLAIN", "PIPELINING"]];

fn check(keeping: Keeping) {
    for capabilities in WAYS {
        let bench = Bench::new(keeping, capabilities);
        let mut seen = Vec::new();
        for step in 0..=bench.steps() {
            for answered in [false, true] {
                seen.push(bench.kill_and_recover(step, answered));
            }
        }
        let (fetched, deleted) = keeping.work(COUNT);
        for (verb, times) in [("greeting", 1), ("CAPA", 1), ("UIDL", 1), ("LIST", 1), ("QUIT", 1)] {
            assert!(count(&seen, verb) >= 2 * times, "{verb} in {seen:?}");
        }
        assert_eq!((count(&seen, "RETR"), count(&seen, "DELE")), (2 * fetched, 2 * deleted), "{seen:?}");
        assert_eq!(count(&seen, "PASS") + count(&seen, "AUTH"), 2, "{seen:?}");
    }
}

fn count(commands: &[String], verb: &str) -> usize {
    commands.iter().filter(|command| command.starts_with(verb)).count()
}

struct Bench {
    server: Pop3Server,
    script: Script,
    keeping: Keeping,
    sent: Vec<Vec<u8>>,
    untouched: Malote,
}

impl Bench {
    fn new(keeping: Keeping, capabilities: &[&'static str]) -> Self {
        let script = Script { capabilities: capabilities.to_vec(), ..Script::default() };
        let sent = messages(COUNT);
        let server = Pop3Server::start(script.clone(), &sent[..keeping.due(COUNT)]);
        let untouched = keeping.account(&server.incoming(), &[]);
        Self { server, script, keeping, sent, untouched }
    }

    /// Commands of a session that nobody disturbs.
    fn steps(&self) -> usize {
        let visits = self.server.sessions().len();
        self.fresh().get();
        self.server.sessions()[visits].len()
    }

    fn fresh(&self) -> Malote {
        self.server.fill(&self.sent);
        let malote = Malote::new();
        malote.copy_profile_of(&self.untouched);
        malote
    }

    /// Gives the command at which it was killed.
    fn kill_and_recover(&self, step: usize, answered: bool) -> String {
        let (told, tells) = channel();
        self.server.follow(Script { halt: Some(Halt { step, answered, told }), ..self.script.clone() });
        let malote = self.fresh();
        let mut run = malote.start(&["get", "--json"]);
        let command = tells.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("step {step} never came: {error}"));
        run.kill();
        let context = format!("killed at {command:?} (answered: {answered}), keep {:?}", self.keeping);
        malote.get();
        assert_settled(&malote, self.server.maildrop(), &self.sent, self.keeping, &context);
        command
    }
}

#[test]
fn a_kill_at_any_step_loses_nothing_where_mail_is_kept() {
    check(Keeping::Forever);
}

#[test]
fn a_kill_at_any_step_loses_nothing_where_mail_is_deleted() {
    check(Keeping::Nothing);
}

#[test]
fn a_kill_at_any_step_loses_nothing_where_mail_is_deleted_days_later() {
    check(Keeping::Days);
}
