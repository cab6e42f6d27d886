//! Speaks to an engine, and waits for its answers.

use crate::account::Account;
use crate::engine::{self, Answer, Command, Engine, Event, Problem, Request, RequestId};
use crate::profile::Profile;
use crate::secret::Keyring;
use crate::store::Store;

use super::Failure;

/// What an answer must be, or a word that it was not.
macro_rules! expect_event {
    ($event:expr, $pattern:pat => $value:expr) => {
        match $event {
            $pattern => Ok($value),
            other => Err($crate::cli::Failure::Failed(format!("unexpected answer: {other:?}"))),
        }
    };
}
pub(super) use expect_event;

/// An engine with nobody else listening.
pub struct Client {
    engine: Engine,
    last: u64,
}

impl Client {
    pub fn open(profile: &Profile) -> Result<Self, Failure> {
        let store = Store::open(&profile.folder)
            .map_err(|error| Failure::Failed(engine::opening_store(&error, &profile.folder).to_string()))?;
        Ok(Self::over(engine::start(store, Keyring::new(&profile.id), Box::new(|| {}))?))
    }

    /// Speaks to an engine that runs already.
    pub fn over(engine: Engine) -> Self {
        Self { engine, last: 0 }
    }

    /// The engine, for others to speak to.
    pub fn into_engine(self) -> Engine {
        self.engine
    }

    /// Asks, and waits for the answer; what comes unasked meanwhile is dropped.
    pub fn ask(&mut self, command: Command) -> Result<Event, Box<Problem>> {
        self.ask_and_hear(command, |_| {})
    }

    /// Asks, and waits for the answer; what comes unasked meanwhile is heard.
    pub fn ask_and_hear(&mut self, command: Command, mut hear: impl FnMut(Event)) -> Result<Event, Box<Problem>> {
        self.last += 1;
        let id = RequestId(self.last);
        if self.engine.requests.send_blocking(Request { id, command }).is_err() {
            return Err(gone());
        }
        loop {
            match self.engine.answers.recv_blocking() {
                Err(_) => return Err(gone()),
                Ok(Answer { answers: Some(answered), event }) if answered == id => {
                    return match event {
                        Event::Failed(problem) => Err(problem),
                        event => Ok(event),
                    };
                }
                Ok(Answer { event, .. }) => hear(event),
            }
        }
    }

    /// All accounts, in the order in which they were made.
    pub fn accounts(&mut self) -> Result<Vec<Account>, Failure> {
        expect_event!(self.ask(Command::ListAccounts)?, Event::Accounts(accounts) => accounts)
    }

    /// The account of this name.
    pub fn account(&mut self, name: &str) -> Result<Account, Failure> {
        let accounts = self.accounts()?;
        let names: Vec<String> = accounts.iter().map(|account| account.name.clone()).collect();
        accounts.into_iter().find(|account| account.name.eq_ignore_ascii_case(name)).ok_or_else(|| {
            let known = if names.is_empty() {
                "there are none yet".to_owned()
            } else {
                format!("there are: {}", names.join(", "))
            };
            Failure::Failed(format!("there is no account “{name}”; {known}"))
        })
    }

    /// Ends the engine and waits until everything is on the disk.
    pub fn close(mut self) {
        // An engine that is gone already has nothing left to say.
        let _ = self.ask(Command::Shutdown);
        let _ = self.engine.thread.join();
    }
}

fn gone() -> Box<Problem> {
    Box::new(Problem {
        what: "Could not go on".into(),
        why: "the worker has ended unexpectedly".into(),
        remedy: "Start Malote again; what is stored stays.".into(),
        ..Problem::default()
    })
}
