//! Who is being visited: one errand an account at a time, all accounts in parallel, asking thrice is asking for one more.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_channel::{Receiver, Sender};

use super::command::RequestId;
use super::event::{Event, NextVisit, Problem, Stage, Visit};
use super::hub::{Hub, now};
use super::metering::{self, Passage, Wanted};
use super::problem::Task;
use super::schedule::Schedule;
use super::{get_mail, link, pictures, problem, send_mail, server_view};
use crate::account::{Account, AccountId};

/// How long the engine sleeps at most before it looks at the clock again.
const LONGEST_SLEEP_SECS: u64 = 30;

/// What to do at an account's servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Errand {
    /// Only submit what waits in the Outbox.
    SendOutbox,
    /// The same as [`Self::GetMail`], but that nobody asked for it.
    ScheduledGetMail,
    /// Submit what waits, and collect.
    GetMail,
}

/// An errand under way.
struct Running {
    /// Dropping it stops the errand.
    stop: Option<Sender<()>>,
    /// Requests that it answers.
    answers: Vec<RequestId>,
    /// Requests that came since: one more errand answers them all.
    again: Option<(Errand, Vec<RequestId>)>,
}

/// An errand that has ended.
struct Ended {
    account: AccountId,
    /// What went wrong on a visit; None: it was no visit.
    problems: Option<Vec<Problem>>,
    /// Doing the same again at once would only repeat a refusal.
    refused: bool,
    stopped: bool,
    /// It waits for another line.
    held_back: bool,
}

pub(super) struct Errands {
    hub: Arc<Hub>,
    running: HashMap<AccountId, Running>,
    /// How many accounts each request still waits for.
    waiting: HashMap<RequestId, usize>,
    ended_sender: Sender<Ended>,
    ended: Receiver<Ended>,
    /// Taken from the channel, not yet concluded.
    taken: Option<Ended>,
    schedule: Schedule,
    /// Visits are made without being asked for: a window is there to show them.
    keeps_schedule: bool,
    /// The visits to come, as last told.
    coming: Vec<NextVisit>,
}

impl Errands {
    pub fn new(hub: Arc<Hub>) -> Self {
        let (ended_sender, ended) = async_channel::unbounded();
        Self {
            hub,
            running: HashMap::new(),
            waiting: HashMap::new(),
            ended_sender,
            ended,
            taken: None,
            schedule: Schedule::default(),
            keeps_schedule: false,
            coming: Vec::new(),
        }
    }

    /// From now on visits are made by the accounts' schedules, too.
    pub async fn keep_schedule(&mut self) {
        self.keeps_schedule = true;
        // What cannot be read is not known: the server says so itself if a visit comes too early.
        let visits = self.hub.store.visits().await.unwrap_or_default();
        for account in self.hub.store.accounts().await.unwrap_or_default() {
            let last = visits.iter().find(|visit| visit.account == account.id).map(|visit| visit.ended_at);
            self.recall(account.id, last).await;
        }
        self.announce().await;
    }

    /// An account, or its password, is another one than it was.
    pub async fn account_changed(&mut self, account: AccountId) {
        self.schedule.changed(account);
        self.announce().await;
    }

    async fn recall(&mut self, account: AccountId, ended: Option<i64>) {
        let memory = self.hub.store.server_memory(account).await.unwrap_or_default();
        self.schedule.recall(account, ended, memory.login_delay_secs);
    }

    /// Works out the visits to come, and tells them if they are others than before.
    async fn announce(&mut self) {
        if !self.keeps_schedule {
            return;
        }
        // Accounts that cannot be read now are read after the next visit.
        let accounts = self.hub.store.accounts().await.unwrap_or_default();
        let idle: Vec<Account> =
            accounts.into_iter().filter(|account| !self.running.contains_key(&account.id)).collect();
        let coming = self.schedule.next(&idle, now());
        if coming != self.coming {
            self.coming = coming;
            self.hub.tell(None, Event::NextVisits(self.coming.clone())).await;
        }
    }

    /// How long until a visit is due that nobody asked for; None: there is none.
    pub fn due_in(&self) -> Option<Duration> {
        let secs = self.coming.first()?.at.saturating_sub(now());
        // Not in one go: a computer that slept, or whose clock was set, must not oversleep it.
        Some(Duration::from_secs(u64::try_from(secs).unwrap_or(0).min(LONGEST_SLEEP_SECS)))
    }

    /// Begins the visits that are due.
    pub async fn begin_due(&mut self) {
        let due: Vec<AccountId> =
            self.coming.iter().filter(|visit| visit.at <= now()).map(|visit| visit.account).collect();
        if !due.is_empty() {
            self.begin(RequestId::default(), Errand::ScheduledGetMail, due).await;
            self.announce().await;
        }
    }

    pub fn all_ended(&self) -> bool {
        self.running.is_empty()
    }

    /// Begins the errand at these accounts; none named: at all.
    pub async fn begin(&mut self, id: RequestId, errand: Errand, named: Vec<AccountId>) {
        let accounts = match self.hub.store.accounts().await {
            Ok(accounts) => accounts,
            Err(error) => {
                let failed = Event::Failed(problem::store_plain("Could not read the accounts", &error));
                return self.hub.tell(Some(id), failed).await;
            }
        };
        if let Some(&missing) = named.iter().find(|&&id| !accounts.iter().any(|account| account.id == id)) {
            return self.hub.tell(Some(id), Event::Failed(problem::no_such_account(missing))).await;
        }
        let chosen: Vec<Account> =
            accounts.into_iter().filter(|account| named.is_empty() || named.contains(&account.id)).collect();
        if chosen.is_empty() {
            return self.hub.tell(Some(id), Event::Done).await;
        }
        self.waiting.insert(id, chosen.len());
        for account in chosen {
            match self.running.get_mut(&account.id) {
                Some(running) => {
                    let (again, answers) = running.again.get_or_insert((errand, Vec::new()));
                    *again = errand.max(*again);
                    answers.push(id);
                }
                None => self.start(account, errand, vec![id]),
            }
        }
    }

    /// Looks at what lies on the server; answers by itself. Not while the account is visited.
    pub async fn begin_look(&mut self, id: RequestId, account: AccountId, headers: bool) {
        let found = match self.hub.store.accounts().await {
            Ok(accounts) => accounts.into_iter().find(|candidate| candidate.id == account),
            Err(error) => {
                let failed = Event::Failed(problem::store_plain("Could not read the accounts", &error));
                return self.hub.tell(Some(id), failed).await;
            }
        };
        let Some(account) = found else {
            return self.hub.tell(Some(id), Event::Failed(problem::no_such_account(account))).await;
        };
        if self.running.contains_key(&account.id) {
            let busy = problem::under_way(Task::ViewServer, &account);
            return self.hub.tell(Some(id), Event::Failed(busy)).await;
        }
        let (stop, stopped) = async_channel::bounded(1);
        self.running.insert(account.id, Running { stop: Some(stop), answers: Vec::new(), again: None });
        let (hub, ended) = (self.hub.clone(), self.ended_sender.clone());
        async_std::task::spawn_local(async move {
            let seen = server_view::view(&hub, &account, headers, &stopped).await;
            let refused = seen.as_ref().is_err_and(|problem| problem::is_refusal(problem));
            let seen = seen.map(|view| Event::Server(Box::new(view)));
            hub.tell(Some(id), seen.unwrap_or_else(Event::Failed)).await;
            let stopped = stopped.is_closed();
            let outcome = Ended { account: account.id, problems: None, refused, stopped, held_back: false };
            let _engine_is_gone = ended.send(outcome).await;
        });
    }

    fn start(&mut self, account: Account, errand: Errand, answers: Vec<RequestId>) {
        let (stop, stopped) = async_channel::bounded(1);
        self.running.insert(account.id, Running { stop: Some(stop), answers, again: None });
        let (hub, ended) = (self.hub.clone(), self.ended_sender.clone());
        // On the engine's own thread, which only moves octets: what one thread allocates is given back to one heap, and the
        // workers and the store have threads of their own.
        async_std::task::spawn_local(async move {
            let outcome = run(&hub, &account, errand, &stopped).await;
            let _engine_is_gone = ended.send(outcome).await;
        });
    }

    /// Stops one account's errand, and what was asked for after it.
    pub fn stop(&mut self, account: AccountId) {
        if let Some(running) = self.running.get_mut(&account) {
            running.stop = None;
        }
    }

    pub fn stop_all(&mut self) {
        for running in self.running.values_mut() {
            running.stop = None;
        }
    }

    /// Waits for an errand to end; forgets nothing when dropped.
    pub async fn next_ended(&mut self) {
        if self.taken.is_none() {
            self.taken = self.ended.recv().await.ok();
        }
    }

    /// Answers those who waited for the errand that [`Self::next_ended`] saw, and begins the next turn if one was asked for.
    pub async fn conclude(&mut self) {
        let Some(Ended { account, problems, refused, stopped, held_back }) = self.taken.take() else { return };
        if let Some(problems) = problems {
            if held_back {
                self.schedule.held_back(account, now());
            } else {
                self.schedule.ended(account, &problems, now());
                self.recall(account, None).await;
            }
        }
        self.go_on(account, refused || stopped).await;
        // An account that is being visited has no next visit: only now it may have one.
        self.announce().await;
    }

    /// Answers those who waited for the account's errand, and begins the next turn, unless it would only repeat what went wrong.
    async fn go_on(&mut self, account: AccountId, in_vain: bool) {
        let Some(Running { answers, again, .. }) = self.running.remove(&account) else { return };
        self.answer(answers).await;
        let Some((errand, answers)) = again else { return };
        let account = match self.hub.store.accounts().await {
            Ok(accounts) => accounts.into_iter().find(|candidate| candidate.id == account),
            Err(_) => None,
        };
        match account {
            Some(account) if !in_vain => self.start(account, errand, answers),
            _ => self.answer(answers).await,
        }
    }

    async fn answer(&mut self, ids: Vec<RequestId>) {
        for id in ids {
            if let Some(count) = self.waiting.get_mut(&id) {
                *count -= 1;
                if *count == 0 {
                    self.waiting.remove(&id);
                    self.hub.tell(Some(id), Event::Done).await;
                }
            }
        }
    }
}

async fn run(hub: &Arc<Hub>, account: &Account, errand: Errand, stopped: &Receiver<()>) -> Ended {
    let visit = match errand {
        Errand::GetMail | Errand::ScheduledGetMail => get_mail(hub, account, errand, stopped).await,
        Errand::SendOutbox => {
            let submitted = send_mail::flush(hub, account, stopped).await;
            for problem in &submitted.problems {
                hub.tell(None, Event::Notice(Box::new(problem.clone()))).await;
            }
            Visit { problems: submitted.problems, stage: Stage::Closed, ..Visit::default() }
        }
    };
    let is_visit = errand != Errand::SendOutbox;
    let ended = Ended {
        account: account.id,
        problems: is_visit.then(|| visit.problems.clone()),
        refused: visit.problems.iter().any(problem::is_refusal),
        stopped: stopped.is_closed(),
        held_back: visit.held_back,
    };
    if is_visit {
        let may_fetch = !visit.held_back && !visit.stopped && visit.problems.is_empty();
        hub.tell(None, Event::VisitEnded(visit)).await;
        if may_fetch && !(metering::depends_on_link(account) && link::ask().await.is_metered()) {
            pictures::after_visit(hub, account, stopped).await;
        }
    }
    ended
}

/// A visit, where the line is one that the account may use.
async fn get_mail(hub: &Arc<Hub>, account: &Account, errand: Errand, stopped: &Receiver<()>) -> Visit {
    let blank = Visit { account: account.id, account_name: account.name.clone(), ..Visit::default() };
    let wanted = match errand {
        _ if hub.take_confirmed(account.id) => Wanted::Confirmed,
        Errand::ScheduledGetMail => Wanted::Unasked,
        Errand::GetMail | Errand::SendOutbox => Wanted::Asked,
    };
    let metered = metering::depends_on_link(account) && link::ask().await.is_metered();
    match metering::passage(account, metered, wanted) {
        Passage::HeldBack => Visit { stage: Stage::Closed, held_back: true, ..blank },
        Passage::AsksFirst => {
            Visit { stage: Stage::Closed, problems: vec![problem::line_is_metered(account)], ..blank }
        }
        Passage::Free(account) => {
            hub.tell(None, Event::VisitProgress(blank)).await;
            hub.visit_begins();
            let (submitted, mut visit) =
                futures::join!(send_mail::flush(hub, &account, stopped), get_mail::visit(hub, &account, stopped));
            hub.visit_ends();
            visit.problems.extend(submitted.problems);
            visit
        }
    }
}
