//! Exactly what is on the screen, as data. No egui in here: a test of the screen is a model and a list of events.

mod composer;
mod dialogs;
mod filter;
mod find;
mod grouping;
mod keymap;
mod look;
mod messages;
mod moving;
mod notices;
mod organise;
mod page;
mod parts;
mod pictures;
mod search;
mod selection;
mod server;
mod settings;
mod sorting;
#[cfg(test)]
mod tests;
mod thread;
mod upkeep;

use std::collections::{BTreeMap, HashMap};

use super::action::{Action, Theme};
use crate::account::{Account, AccountId};
use crate::engine::{
    Answer, Command, Event, NextVisit, OpenedMessage, Organisation, PictureConsent, Request, RequestId, Search, Stage,
    Visit,
};
use crate::store::types::{MailboxCount, MailboxView, MessageKey, Role};

pub use composer::{Composer, Focus};
pub use dialogs::{CertificateDialog, Dialog, LinkDialog, NameDialog, Named, PasswordDialog, TrashDialog};
pub use filter::with_tag_turned;
pub use find::{People, SearchDialog, Suggestion, SuggestionKind};
pub use keymap::{Conflict, Keyboard, Keymap, Scheme, Task, chord_face};
pub use look::{Column, ColumnOf, Columns, Density, Look};
pub use messages::{Listed, Messages, Reading};
pub use moving::{Export as ExportWindow, Import as ImportWindow, MovingWindow, UnderWay};
pub use notices::{Notice, Toast};
pub use organise::{COLORS, Choice, Choosable, Chooser, Choosing, Marked};
pub use page::PageShown;
pub use parts::{OpenDialog, Parts, Previewing};
pub use search::SearchField;
pub use selection::Selection;
pub use server::ServerWindow;
pub use settings::{Form, RetentionChoice, Settings};
pub use thread::Conversation;
pub use upkeep::{Running, Upkeep};

/// What a request was for, so that its answer finds its place; an answer to anything else is late and ignored.
#[derive(Clone, Debug, PartialEq)]
enum Pending {
    Listing,
    /// The first screenful of a list that is on its way.
    Newest,
    /// The messages of conversations, to which this is to be done.
    Members(grouping::Deed),
    /// A page of results.
    Search {
        search: Search,
        after: Option<MessageKey>,
        most: usize,
    },
    /// How many results there are, before the page that follows `after` is asked for.
    Count {
        search: Search,
        after: Option<MessageKey>,
        most: usize,
    },
    Snippets(Search),
    /// For the search field, or for the recipients of what is written.
    People {
        text: String,
        writing: bool,
    },
    Searches,
    Rows(Vec<MessageKey>),
    Open(MessageKey),
    /// The conversation of this message.
    Thread(MessageKey),
    /// The open message once more, for it may be another now.
    Refresh,
    /// The message that is to be answered, with its octets.
    AnswerRaw {
        answer: crate::mail::compose::Answer,
        message: Box<OpenedMessage>,
    },
    Source(MessageKey),
    /// The remote pictures of this message.
    Pictures(MessageKey),
    GetMail,
    /// When it is done, this account's mail is to be got.
    BeforeGetMail(AccountId),
    SendOutbox,
    Move {
        done: String,
    },
    Undo,
    Tag,
    /// These are to go there; none: it is to be shown.
    AddMailbox {
        then_move: Vec<MessageKey>,
    },
    RemoveMailbox(String),
    /// It is to be put on these.
    AddTag(Vec<MessageKey>),
    SaveDraft {
        revision: u64,
    },
    OpenDraft,
    Queue,
    DiscardDraft,
    /// What lies on this account's server.
    Look(AccountId),
    SaveAccount,
    TestAccount,
    /// What another program has there.
    LookAtImport(std::path::PathBuf),
    /// An import or an export.
    Moving,
    SaveFiles,
    /// Of the attachments of the open message.
    Parts,
    /// A file for a drag out of the window.
    Drag,
    /// A backup, or a check of all mail.
    Upkeep,
    Other,
}

#[derive(Default)]
pub struct Model {
    pub accounts: Vec<Account>,
    /// The engine has told which accounts there are, even if none.
    pub started: bool,
    pub counts: Vec<MailboxCount>,
    /// The person's own mailboxes and tags, and what was done.
    pub organisation: Organisation,
    /// The list of what was done is shown.
    pub history: bool,
    pub chooser: Option<Chooser>,
    pub messages: Messages,
    pub search: SearchField,
    pub reading: Reading,
    /// How pages are shown.
    pub page: PageShown,
    pub composer: Option<Composer>,
    /// Offered for the recipient that is being typed.
    pub recipients: People,
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
    /// An import or an export, and whether its window is open.
    pub moving: Option<MovingWindow>,
    pub moving_is_shown: bool,
    /// How the mail is looked after.
    pub upkeep: Upkeep,
    /// Whose remote pictures are fetched with each visit.
    pub picture_consents: Vec<PictureConsent>,
    pub theme: Theme,
    /// Text is shown in letters of one width.
    pub monospace: bool,
    /// A file that the person’s own program is to open.
    pub to_open: Option<std::path::PathBuf>,
    /// Files can be dragged out of the window.
    pub can_drag: bool,
    /// One is being dragged: Escape breaks that off and nothing else.
    pub is_dragging: bool,
    /// A file whose drag out of the window is to begin.
    pub to_drag: Option<std::path::PathBuf>,
    /// The name of a PDF that the person is to be asked a place for.
    pub to_place: Option<String>,
    /// What that PDF is of.
    printing: Option<(MessageKey, crate::engine::Seen)>,
    pub look: Look,
    pub help: bool,
    /// The keys are being changed, in the help.
    pub keyboard: Option<Keyboard>,
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
            (Event::Newest { view, keys }, Some(Pending::Newest)) => self.newest_listed(view, keys),
            (Event::Sorted { view, order, sorted }, Some(Pending::Listing)) => self.sorted(view, order, sorted),
            (Event::Filtered { view, order, filter, grouped, sorted, head }, Some(Pending::Listing)) => {
                self.sorted_as(view, order, (filter, grouped), sorted, head);
            }
            (Event::Members(keys), Some(Pending::Members(deed))) => self.carry_out(keys, deed),
            (Event::Found(found), Some(Pending::Search { search, after, most })) => {
                self.found(found, search, after, most);
            }
            (Event::NotUnderstood(fault), Some(Pending::Search { search, .. })) => self.not_understood(fault, &search),
            (Event::Counted(count), Some(Pending::Count { search, after, most })) => {
                self.counted(Some(count), &search, after, most);
            }
            (Event::Superseded, Some(Pending::Count { search, after, most })) => {
                self.counted(None, &search, after, most);
            }
            (Event::Snippets(found), Some(Pending::Snippets(search))) => self.snippets_loaded(&search, found),
            (Event::People(found), Some(Pending::People { text, writing })) => self.people_found(found, text, writing),
            (Event::Searches(searches), _) => self.searches_known(searches),
            (Event::Indexed { left }, _) => self.indexed(left),
            (Event::Rows(rows), Some(Pending::Rows(asked))) => self.messages.rows_loaded(&asked, rows),
            (Event::Opened(opened), Some(Pending::Open(_))) => self.message_opened(*opened),
            (Event::Opened(opened), Some(Pending::Refresh)) => self.message_refreshed(*opened),
            (Event::Thread(thread), Some(Pending::Thread(_))) => self.thread_listed(thread),
            (Event::Raw { bytes, .. }, Some(Pending::AnswerRaw { answer, message })) => {
                self.compose_answer(answer, &message, &bytes);
            }
            (Event::Pictures { .. } | Event::Done, Some(Pending::Pictures(key))) => self.pictures_fetched(key),
            (Event::PictureConsents(consents), _) => self.picture_consents = consents,
            (Event::Source { key, text }, Some(Pending::Source(_))) => self.reading.source_loaded(key, text),
            (Event::Thumbnails { key, pictures }, Some(Pending::Parts)) => self.thumbnails_loaded(key, pictures),
            (Event::Previewed { key, index, preview }, Some(Pending::Parts)) => self.previewed(key, index, *preview),
            (Event::ReadyToOpen { file }, Some(Pending::Parts)) => self.to_open = Some(file),
            (Event::ReadyToOpen { file }, Some(Pending::Drag)) => self.to_drag = Some(file),
            (Event::Saved { files }, _) => self.files_saved(&files),
            (Event::Printed { file }, _) => self.printed(file),
            (Event::Moved(_), Some(Pending::Move { done })) => self.say(done, true),
            (Event::Undone(undone), Some(Pending::Undo)) => self.undone(undone.as_deref()),
            (Event::Organisation(organisation), _) => self.organised(*organisation),
            (Event::MailboxAdded(id), Some(Pending::AddMailbox { then_move })) => self.mailbox_added(id, then_move),
            (Event::MailboxRemoved(count), Some(Pending::RemoveMailbox(name))) => self.mailbox_removed(&name, count),
            (Event::TagAdded(id), Some(Pending::AddTag(keys))) => self.tag_added(id, keys),
            (Event::Done, Some(Pending::DiscardDraft)) => self.say("The draft is in Trash".into(), true),
            (Event::DraftSaved { key }, Some(Pending::SaveDraft { revision })) => self.draft_saved(key, revision),
            (Event::DraftOpened { key, account, draft }, Some(Pending::OpenDraft)) => {
                self.open_composer(Composer::of_draft(account, key, *draft));
            }
            (Event::NextVisits(visits), _) => self.next_visits = visits,
            (Event::Server(view), Some(Pending::Look(account))) => self.server_seen(account, *view),
            (Event::Upkeep(view), _) => self.upkeep_known(*view),
            (Event::UpkeepProgress(progress), _) => self.upkeep_progress(progress),
            (Event::BackedUp(backup), Some(Pending::Upkeep)) => self.backed_up(&backup),
            (Event::Verified(verified), Some(Pending::Upkeep)) => self.verified(&verified.0, &verified.1),
            (Event::Queued { .. }, Some(Pending::Queue)) => self.queued(),
            (Event::ImportFound(found), Some(Pending::LookAtImport(place))) => self.import_found(&place, found),
            (Event::MoveProgress(progress), _) => self.move_progress(progress),
            (Event::Imported(report), Some(Pending::Moving)) => self.imported(report),
            (Event::Exported(report), Some(Pending::Moving)) => self.exported(report),
            (Event::NotUnderstood(fault), Some(Pending::Moving)) => self.export_not_understood(&fault),
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
            Action::AskPeople { text, writing } => self.ask_people(text, writing),
            Action::RememberSearch => self.remember_search(),
            Action::ForgetSearches => self.forget_searches(),
            Action::OpenSaved(id) => self.open_saved(id),
            Action::NameSearch(id) => self.name_search(id),
            Action::SaveSearch => self.save_search(),
            Action::RemoveSaved(id) => self.remove_saved(id),
            Action::NextHit { back } => self.reading.hit += if back { -1 } else { 1 },
            Action::Sort(order) => self.sort(order),
            Action::Filter(filter) => self.set_filter(filter),
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
            Action::CouldNotAttach(why) => self.say(format!("Nothing was attached: {why}"), false),
            Action::RemoveAttachment(index) => self.remove_attachment(index),
            Action::Send => self.send(),
            Action::CloseComposer => self.close_composer(),
            Action::DiscardDraft => self.discard_draft(),
            Action::DetachComposer(detached) => self.detach_composer(detached),
            Action::Retry(key) => self.ask(Command::RetryOutgoing { key }, Pending::Other),
            Action::SetFlag(flag, on) => self.set_flag(flag, on),
            Action::ToggleStar(key) => self.toggle_star(key),
            Action::StarSelected => self.star_selected(),
            Action::MoveSelected(role) => self.move_selected(role),
            Action::MoveOne(key, role) => self.with_members(vec![key], grouping::Deed::Move(role)),
            Action::FlagOne(key, flag, on) => self.with_members(vec![key], grouping::Deed::Flag(flag, on)),
            Action::Undo => self.undo(None),
            Action::UndoEntry(entry) => self.undo(Some(entry)),
            Action::Redo => self.redo(),
            Action::ShowHistory(on) => self.history = on,
            Action::OpenChooser(what) => self.open_chooser(what),
            Action::CloseChooser => self.chooser = None,
            Action::Choose(choice) => self.choose(choice),
            Action::NameMailbox(within) => self.name_mailbox(within),
            Action::RenameMailbox(id) => self.rename_mailbox(id),
            Action::RenameTag(id) => self.rename_tag(id),
            Action::ConfirmName => self.confirm_name(),
            Action::RemoveMailbox(id) => self.remove_mailbox(id),
            Action::ColorTag(id, color) => self.color_tag(id, color),
            Action::RemoveTag(id) => self.ask(Command::RemoveTag { id }, Pending::Other),
            Action::ShowTag(id) => self.show_tag(id),
            Action::EmptyTrash => self.ask_to_empty_trash(),
            Action::ConfirmEmptyTrash => self.empty_trash(),
            Action::Complete(key) => self.complete(vec![key]),
            Action::CompleteSelected => self.complete_selected(),
            Action::LookAtServer(account) => self.look_at_server(account),
            Action::WishOnServer { indexes, wish } => self.wish_on_server(&indexes, wish),
            Action::SelectOnServer { index, how } => self.select_on_server(index, how),
            Action::ShowVisits(on) => self.show_visits(on),
            Action::CloseServer => self.server = None,
            Action::ShowThread(on) => self.reading.conversation.is_unfolded = on,
            Action::OpenInThread(key) => self.open_in_thread(key),
            Action::StepInThread(by) => self.step_in_thread(by),
            Action::ShowSource(on) => self.show_source(on),
            Action::ShowHeaders(on) => self.reading.headers_shown = on,
            Action::SaveAttachments { index, folder } => self.save_attachments(index, folder),
            Action::SaveMessage { folder } => self.save_message(folder),
            Action::AskWhereToPrint => self.ask_where_to_print(),
            Action::SavePdf(file) => self.save_pdf(file),
            Action::OpenSavedFile(file) => self.to_open = Some(file),
            Action::ShowAttachment(index) => self.show_attachment(index),
            Action::CloseAttachment => self.reading.parts.preview = None,
            Action::AskToOpen(index) => self.ask_to_open(index),
            Action::OpenAttachment => self.open_attachment(),
            Action::DragAttachment(index) => self.drag_attachment(index),
            Action::CouldNotOpen(why) => self.say(format!("No program could be started for it: {why}"), false),
            Action::ReadAs(charset) => self.read_as(charset),
            Action::SetMonospace(on) => self.monospace = on,
            Action::FollowLink(link) => self.follow(&link),
            Action::FetchPictures(scope) => self.fetch_pictures(scope),
            Action::StopPictures => self.ask(Command::StopPictures, Pending::Other),
            Action::RevokePictures(id) => self.revoke_pictures(id),
            Action::AskAboutLink(dialog) => self.dialog = Some(Dialog::Link(dialog)),
            Action::ReadAsText(on) => self.read_as_text(on),
            Action::PageFailed(key, why) => self.page.failed(key, why),
            Action::ZoomPage(steps) => self.page.zoom(steps),
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
            Action::FoldSection(section) => self.look.fold(section),
            Action::SetGrouped(grouped) => self.set_grouped(grouped),
            Action::SetDensity(density) => self.set_density(density),
            Action::SetColumns(columns) => self.look.columns = columns,
            Action::OpenImport => self.open_import(),
            Action::OpenExport => self.open_export(),
            Action::LookAtImport(place) => self.look_at_import(place),
            Action::ImportInto(account) => self.import_into(account),
            Action::BeginImport => self.begin_import(),
            Action::ExportInto(folder) => self.export_into(&folder),
            Action::BeginExport => self.begin_export(),
            Action::StopMoving => self.stop_moving(),
            Action::CloseMoving => self.close_moving(),
            Action::PlanBackups(rhythm) => self.plan_backups(rhythm),
            Action::BackUp => self.back_up(),
            Action::CheckMail => self.check_mail(),
            Action::StopUpkeep => self.ask(Command::StopUpkeep, Pending::Other),
            Action::DismissNotice(id) => self.notices.retain(|notice| notice.id != id),
            Action::TakeOffer(id, offer) => self.take_offer(id, offer),
            Action::GivePassword => self.give_password(),
            Action::TrustCertificate => self.trust_certificate(),
            Action::CloseDialog => self.dialog = None,
            Action::ShowHelp(on) => self.show_help(on),
            Action::ChangeKeys(on) => self.change_keys(on),
            Action::WaitForKey(task) => self.wait_for_key(task),
            Action::PressKey(chord) => self.press_key(chord),
            Action::SettleConflict(take) => self.settle_conflict(take),
            Action::ResetKeys(task) => self.reset_keys(task),
            Action::SetScheme(scheme) => self.set_scheme(scheme),
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
        self.ask(Command::ListOrganisation, Pending::Other);
        self.list_mailbox();
        self.ask(Command::ListSearches, Pending::Searches);
        self.ask(Command::KeepSchedule, Pending::Other);
    }

    fn accounts_known(&mut self, accounts: Vec<Account>) {
        self.started = true;
        self.visits.retain(|id, _| accounts.iter().any(|account| account.id == *id));
        if self.messages.view.account.is_some_and(|id| !accounts.iter().any(|account| account.id == id)) {
            self.leave_for(Role::Inbox);
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
        self.people_are_stale();
        self.refresh_message();
        self.refresh_thread();
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
