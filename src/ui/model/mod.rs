//! Exactly what is on the screen, as data. No egui in here: a test of the screen is a model and a list of events.

mod composer;
mod dialogs;
mod messages;
mod notices;
mod search;
mod server;
mod settings;
mod sorting;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use super::action::{Action, Theme};
use crate::account::{Account, AccountId};
use crate::engine::{Answer, Command, Event, NextVisit, OpenedMessage, Request, RequestId, Search, Stage, Visit};
use crate::store::types::{MailboxCount, MailboxView, MessageKey, Role};

pub use composer::{Composer, Focus};
pub use dialogs::{CertificateDialog, Dialog, PasswordDialog, TrashDialog};
pub use messages::{Listed, Messages, Reading};
pub use notices::{Notice, Toast};
pub use search::SearchField;
pub use server::ServerWindow;
pub use settings::{Form, RetentionChoice, Settings};

/// What a request was for, so that its answer finds its place; an answer to anything else is late and ignored.
#[derive(Clone, Debug, PartialEq)]
enum Pending {
    Listing,
    /// A page of results.
    Search {
        search: Search,
        after: Option<MessageKey>,
        most: usize,
    },
    Rows(Vec<MessageKey>),
    Open(MessageKey),
    /// The open message once more, for it may be another now.
    Refresh,
    /// The message that is to be answered, with its octets.
    AnswerRaw {
        answer: crate::mail::compose::Answer,
        message: Box<OpenedMessage>,
    },
    Source(MessageKey),
    GetMail,
    /// When it is done, this account's mail is to be got.
    BeforeGetMail(AccountId),
    SendOutbox,
    Move {
        done: String,
        undoing: bool,
    },
    SaveDraft {
        revision: u64,
    },
    OpenDraft,
    Queue,
    /// What lies on this account's server.
    Look(AccountId),
    SaveAccount,
    TestAccount,
    SaveFiles,
    Other,
}

#[derive(Default)]
pub struct Model {
    pub accounts: Vec<Account>,
    /// The engine has told which accounts there are, even if none.
    pub started: bool,
    pub counts: Vec<MailboxCount>,
    pub messages: Messages,
    pub search: SearchField,
    pub reading: Reading,
    pub composer: Option<Composer>,
    pub settings: Option<Settings>,
    pub dialog: Option<Dialog>,
    pub notices: Vec<Notice>,
    pub toast: Option<Toast>,
    /// The last visit of each account, under way or ended.
    pub visits: BTreeMap<AccountId, Visit>,
    /// Visits that will be made without being asked for.
    pub next_visits: Vec<NextVisit>,
    /// What lies on a server, in front of the window.
    pub server: Option<ServerWindow>,
    pub theme: Theme,
    pub help: bool,
    /// A `mailto:` link that waits for the accounts to be known.
    pub mailto: Option<String>,
    /// The last request; ids count up.
    last: u64,
    pending: HashMap<RequestId, Pending>,
    outgoing: Vec<Request>,
    last_notice: u64,
    /// Seconds since the window opened, as last told.
    now: f64,
}

impl Model {
    /// Takes in news from the engine; what it leads to is to be sent back.
    pub fn apply(&mut self, Answer { answers, event }: Answer) -> Vec<Request> {
        let purpose = answers.and_then(|id| self.pending.remove(&id));
        match (event, purpose) {
            (Event::Failed(problem), purpose) => self.failed(*problem, purpose),
            (Event::Done | Event::AccountSaved(_), Some(Pending::BeforeGetMail(id))) => self.get_mail(vec![id]),
            (Event::Accounts(accounts), _) => self.accounts_known(accounts),
            (Event::AccountSaved(id), purpose) => self.account_saved(id, purpose == Some(Pending::SaveAccount)),
            (Event::AccountTested(test), Some(Pending::TestAccount)) => self.account_tested(*test),
            (Event::VisitProgress(visit), _) => self.visit_progress(visit),
            (Event::VisitEnded(visit), _) => self.visit_ended(visit),
            (Event::OutboxProgress { state, .. }, _) => self.outbox_progress(state),
            (Event::MailChanged, _) => self.mail_changed(),
            (Event::Notice(problem), _) => self.notify(None, *problem),
            (Event::Mailboxes(counts), _) => self.counts = counts,
            (Event::Listing { view, keys }, Some(Pending::Listing)) => self.listed(view, keys),
            (Event::Sorted { view, order, sorted }, Some(Pending::Listing)) => self.sorted(view, order, sorted),
            (Event::Found(found), Some(Pending::Search { search, after, most })) => {
                self.found(found, search, after, most);
            }
            (Event::NotUnderstood(fault), Some(Pending::Search { search, .. })) => self.not_understood(fault, &search),
            (Event::Indexed { left }, _) => self.indexed(left),
            (Event::Rows(rows), Some(Pending::Rows(asked))) => self.messages.rows_loaded(&asked, rows),
            (Event::Opened(opened), Some(Pending::Open(_))) => self.message_opened(*opened),
            (Event::Opened(opened), Some(Pending::Refresh)) => self.message_refreshed(*opened),
            (Event::Raw { bytes, .. }, Some(Pending::AnswerRaw { answer, message })) => {
                self.compose_answer(answer, &message, &bytes);
            }
            (Event::Source { key, text }, Some(Pending::Source(_))) => self.reading.source_loaded(key, text),
            (Event::Saved { files }, _) => self.files_saved(&files),
            (Event::Moved(moves), Some(Pending::Move { done, undoing })) => self.moved(moves, done, undoing),
            (Event::DraftSaved { key }, Some(Pending::SaveDraft { revision })) => self.draft_saved(key, revision),
            (Event::DraftOpened { key, account, draft }, Some(Pending::OpenDraft)) => {
                self.open_composer(Composer::of_draft(account, key, *draft));
            }
            (Event::NextVisits(visits), _) => self.next_visits = visits,
            (Event::Server(view), Some(Pending::Look(account))) => self.server_seen(account, *view),
            (Event::Queued { .. }, Some(Pending::Queue)) => self.queued(),
            // Done, and answers to what nobody waits for any more.
            _ => {}
        }
        std::mem::take(&mut self.outgoing)
    }

    /// What follows from what a person did.
    pub fn act(&mut self, action: Action) -> Vec<Request> {
        match action {
            Action::Start => self.start(),
            Action::ShowMailbox(view) => self.show_mailbox(view),
            Action::FocusSearch => self.search.focus += 1,
            Action::Search(text) => self.search_for(text),
            Action::SearchHere(here) => self.search_here(here),
            Action::EndSearch => self.end_search(),
            Action::Sort(order) => self.sort(order),
            Action::RowsVisible(from, to) => self.rows_visible(from, to),
            Action::Select { index, how } => self.select(index, how),
            Action::MoveCursor { by, extend } => self.move_cursor(by, extend),
            Action::SelectAll => self.messages.select_all(),
            Action::GetMail => self.get_mail(Vec::new()),
            Action::GetMailOf(account) => self.get_mail(vec![account]),
            Action::Stop => self.ask(Command::Stop, Pending::Other),
            Action::SendOutbox => self.ask(Command::SendOutbox, Pending::SendOutbox),
            Action::Compose => self.compose(),
            Action::Answer(answer) => self.answer(answer),
            Action::EditDraft(key) => self.edit_draft(key),
            Action::DraftEdited => self.draft_edited(),
            Action::Attach(attachments) => self.attach(attachments),
            Action::RemoveAttachment(index) => self.remove_attachment(index),
            Action::Send => self.send(),
            Action::CloseComposer => self.close_composer(),
            Action::DiscardDraft => self.discard_draft(),
            Action::DetachComposer(detached) => self.detach_composer(detached),
            Action::Retry(key) => self.ask(Command::RetryOutgoing { key }, Pending::Other),
            Action::SetFlag(flag, on) => self.set_flag(flag, on),
            Action::ToggleStar(key) => self.toggle_star(key),
            Action::MoveSelected(role) => self.move_selected(role),
            Action::Undo => self.undo(),
            Action::EmptyTrash => self.ask_to_empty_trash(),
            Action::ConfirmEmptyTrash => self.empty_trash(),
            Action::Complete(key) => self.complete(vec![key]),
            Action::CompleteSelected => self.complete_selected(),
            Action::LookAtServer(account) => self.look_at_server(account),
            Action::WishOnServer { indexes, wish } => self.wish_on_server(&indexes, wish),
            Action::SelectOnServer { index, how } => self.select_on_server(index, how),
            Action::ShowVisits(on) => self.show_visits(on),
            Action::CloseServer => self.server = None,
            Action::ShowSource(on) => self.show_source(on),
            Action::ShowHeaders(on) => self.reading.headers_shown = on,
            Action::SaveAttachments { index, folder } => self.save_attachments(index, folder),
            Action::FollowLink(link) => self.follow(&link),
            Action::OpenSettings => self.open_settings(),
            Action::CloseSettings => self.settings = None,
            Action::EditAccount(id) => self.edit_account(id),
            Action::FormEdited => self.form_edited(),
            Action::SaveAccount => self.save_account(),
            Action::TestAccount => self.test_account(),
            Action::RemoveAccount(id) => self.confirm_removal(Some(id)),
            Action::CancelRemoveAccount => self.confirm_removal(None),
            Action::ConfirmRemoveAccount(id) => self.remove_account(id),
            Action::SetTheme(theme) => self.theme = theme,
            Action::DismissNotice(id) => self.notices.retain(|notice| notice.id != id),
            Action::TakeOffer(id, offer) => self.take_offer(id, offer),
            Action::GivePassword => self.give_password(),
            Action::TrustCertificate => self.trust_certificate(),
            Action::CloseDialog => self.dialog = None,
            Action::ShowHelp(on) => self.help = on,
            Action::Quit => self.save_draft_now(),
        }
        std::mem::take(&mut self.outgoing)
    }

    /// Time passes: drafts are saved, words that were read long enough go. `now` in seconds since the window opened.
    pub fn tick(&mut self, now: f64) -> Vec<Request> {
        self.now = now;
        if self.toast.as_ref().is_some_and(|toast| now >= toast.until) {
            self.toast = None;
        }
        if self.composer.as_ref().is_some_and(|composer| composer.is_due(now)) {
            self.save_draft_now();
        }
        std::mem::take(&mut self.outgoing)
    }

    /// When [`Self::tick`] has something to do next, if it has.
    pub fn next_tick(&self) -> Option<f64> {
        let draft = self.composer.as_ref().and_then(Composer::due);
        let toast = self.toast.as_ref().map(|toast| toast.until);
        draft.into_iter().chain(toast).reduce(f64::min)
    }

    /// Whether any line is open, or about to be.
    pub fn is_visiting(&self) -> bool {
        self.visits.values().any(|visit| visit.stage != Stage::Closed)
            || self.pending.values().any(|purpose| matches!(purpose, Pending::GetMail | Pending::SendOutbox))
    }

    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id == id)
    }

    /// Messages and unread ones in a view, from the counts that the store keeps.
    pub fn count(&self, view: MailboxView) -> (u64, u64) {
        let counted = self.counts.iter().filter(|count| count.role == view.role);
        let counted = counted.filter(|count| view.account.is_none_or(|account| account == count.account));
        counted.fold((0, 0), |(total, unread), count| (total + count.total, unread + count.unread))
    }

    fn ask(&mut self, command: Command, purpose: Pending) {
        self.last += 1;
        let id = RequestId(self.last);
        self.pending.insert(id, purpose);
        self.outgoing.push(Request { id, command });
    }

    fn start(&mut self) {
        self.ask(Command::ListAccounts, Pending::Other);
        self.ask(Command::ListMailboxes, Pending::Other);
        self.list_mailbox();
        self.ask(Command::KeepSchedule, Pending::Other);
    }

    fn accounts_known(&mut self, accounts: Vec<Account>) {
        self.started = true;
        self.visits.retain(|id, _| accounts.iter().any(|account| account.id == *id));
        if self.messages.view.account.is_some_and(|id| !accounts.iter().any(|account| account.id == id)) {
            self.show_mailbox(MailboxView { role: Role::Inbox, account: None });
        }
        self.accounts = accounts;
        if let Some(link) = self.mailto.take() {
            self.follow(&link);
        }
    }

    fn get_mail(&mut self, accounts: Vec<AccountId>) {
        if self.accounts.is_empty() {
            return self.open_settings();
        }
        self.ask(Command::GetMail { accounts, unasked: false }, Pending::GetMail);
    }

    fn visit_progress(&mut self, visit: Visit) {
        self.visits.insert(visit.account, visit);
    }

    fn visit_ended(&mut self, visit: Visit) {
        let account = visit.account;
        if visit.held_back {
            // Nothing was found out: what an earlier visit complained of still holds.
            self.visits.insert(account, visit);
            return;
        }
        // What an earlier visit complained of is answered by this one.
        self.notices.retain(|notice| notice.account != Some(account));
        let mut problems = visit.problems.iter().cloned();
        if let Some(mut first) = problems.next() {
            let others = problems.count();
            if others > 0 {
                first.remedy = format!("{} ({others} more of this kind.)", first.remedy);
            }
            self.notify(Some(account), first);
        }
        self.visits.insert(account, visit);
    }

    fn mail_changed(&mut self) {
        self.messages.rows_are_stale();
        self.refresh_message();
        self.ask(Command::ListMailboxes, Pending::Other);
        if self.search.is_on() {
            return self.refresh_results();
        }
        // One listing under way is enough: it is asked for anew when it has come.
        if self.pending.values().any(|purpose| *purpose == Pending::Listing) {
            self.messages.listing_is_stale = true;
        } else {
            self.list_mailbox();
        }
    }
}
