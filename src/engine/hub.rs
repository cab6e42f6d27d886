//! What every task of the engine shares: the store, the keyring, the way back to the screen.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use async_channel::Sender;

use super::command::RequestId;
use super::event::{Answer, Event};
use super::indexing::Work;
use super::intake::Held;
use super::pictures::Fetches;
use super::snippets::Snippets;
use super::upkeep::Duty;
use super::workers::Workers;
use crate::account::{Account, AccountId, PasswordSource};
use crate::secret::{self, Keyring, Password};
use crate::store::{Asking, Control, Store};

/// Wakes the screen when there is news.
pub type Wake = Box<dyn Fn() + Send + Sync>;

pub(super) struct Hub {
    pub store: Store,
    pub keyring: Keyring,
    pub workers: Workers,
    /// Octets of mail that all visits together hold in memory.
    pub held: Held,
    answers: Sender<Answer>,
    indexing: Sender<Work>,
    upkeep: Sender<Duty>,
    /// Ends the backup or the check that is under way.
    caring: Mutex<Control>,
    wake: Wake,
    /// Visits under way.
    visits: AtomicUsize,
    /// The last search, to be given up for the next.
    search: Mutex<Asking>,
    /// The last count of what a search finds.
    count: Mutex<Asking>,
    pub snippets: Snippets,
    /// Remote pictures that are being fetched.
    pub pictures: Fetches,
    /// Passwords for this session only.
    passwords: Mutex<HashMap<AccountId, Password>>,
    /// Accounts whose next visit may fetch as much as there is.
    confirmed: Mutex<HashSet<AccountId>>,
}

impl Hub {
    pub fn new(
        store: Store,
        keyring: Keyring,
        workers: Workers,
        answers: Sender<Answer>,
        (indexing, upkeep): (Sender<Work>, Sender<Duty>),
        wake: Wake,
    ) -> Self {
        Self {
            store,
            keyring,
            workers,
            held: Held::default(),
            answers,
            indexing,
            upkeep,
            caring: Mutex::default(),
            wake,
            visits: AtomicUsize::default(),
            search: Mutex::default(),
            count: Mutex::default(),
            snippets: Snippets::default(),
            pictures: Fetches::default(),
            passwords: Mutex::default(),
            confirmed: Mutex::default(),
        }
    }

    /// Tells the screen, waiting for room. A screen that is gone hears nothing.
    pub async fn tell(&self, answers: Option<RequestId>, event: Event) {
        self.index_what_changed(&event);
        let _gone = self.answers.send(Answer { answers, event }).await;
        (self.wake)();
    }

    /// Tells the screen if there is room at once: for news that the next news replaces.
    pub fn tell_if_room(&self, event: Event) {
        self.index_what_changed(&event);
        if self.answers.try_send(Answer { answers: None, event }).is_ok() {
            (self.wake)();
        }
    }

    /// Whenever the screen hears of other mail, the indexer does.
    fn index_what_changed(&self, event: &Event) {
        if matches!(event, Event::MailChanged) {
            self.snippets.forget();
            self.index(Work::Look);
        }
    }

    /// Wakes the indexer.
    pub fn index(&self, work: Work) {
        // The engine is on its way out: what is marked is indexed at the next start.
        let _closed = self.indexing.try_send(work);
    }

    /// Has the store looked after.
    pub fn look_after(&self, duty: Duty) {
        // The engine is on its way out: what is due is due at the next start.
        let _closed = self.upkeep.try_send(duty);
    }

    /// What ends the backup or check that begins now.
    pub fn begin_upkeep(&self) -> Control {
        let control = Control::default();
        *self.caring.lock().unwrap_or_else(PoisonError::into_inner) = control.clone();
        control
    }

    pub fn stop_upkeep(&self) {
        self.caring.lock().unwrap_or_else(PoisonError::into_inner).stop();
    }

    /// Whether mail may be coming in.
    pub fn is_line_open(&self) -> bool {
        self.visits.load(Ordering::Relaxed) > 0
    }

    /// For the length of a visit.
    pub fn visit_begins(&self) {
        self.visits.fetch_add(1, Ordering::Relaxed);
    }

    pub fn visit_ends(&self) {
        self.visits.fetch_sub(1, Ordering::Relaxed);
    }

    /// Gives up the search that is under way, if one is, for another.
    pub fn supersede_search(&self) -> Asking {
        supersede(&self.search)
    }

    /// The same for a count of what was found.
    pub fn supersede_count(&self) -> Asking {
        supersede(&self.count)
    }

    /// The account's password: given in this session, from its command, or from the keyring.
    pub async fn password(&self, account: &Account) -> Result<Password, secret::Error> {
        if let Some(password) = self.session_password(account.id) {
            return Ok(password);
        }
        let (keyring, id, source) = (self.keyring.clone(), account.id, account.password_source.clone());
        // A keyring may wait for a person to unlock it, a command for a hardware key.
        async_std::task::spawn_blocking(move || match source {
            PasswordSource::Keyring => keyring.lookup(id),
            PasswordSource::Command(command) => secret::from_command(&command),
        })
        .await
    }

    /// The person has seen how much there is, and wants it.
    pub fn confirm(&self, account: AccountId) {
        self.confirmed.lock().unwrap_or_else(PoisonError::into_inner).insert(account);
    }

    /// Whether the person has said so for this visit.
    pub fn take_confirmed(&self, account: AccountId) -> bool {
        self.confirmed.lock().unwrap_or_else(PoisonError::into_inner).remove(&account)
    }

    pub fn session_password(&self, account: AccountId) -> Option<Password> {
        self.passwords.lock().unwrap_or_else(PoisonError::into_inner).get(&account).cloned()
    }

    pub fn set_session_password(&self, account: AccountId, password: Option<Password>) {
        let mut passwords = self.passwords.lock().unwrap_or_else(PoisonError::into_inner);
        match password {
            Some(password) => passwords.insert(account, password),
            None => passwords.remove(&account),
        };
    }
}

fn supersede(last: &Mutex<Asking>) -> Asking {
    let next = Asking::default();
    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::replace(&mut *last, next.clone()).give_up();
    next
}

/// Unix seconds.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
