//! A message being written. Saved a second after the last change, so that a crash costs a word.

use super::{Model, Pending};
use crate::account::AccountId;
use crate::engine::{Command, OpenedMessage, Problem};
use crate::mail::compose::{self, Answer};
use crate::mail::{Draft, DraftAttachment};
use crate::store::types::{MessageKey, Role};

/// Pause in the typing after which a draft is saved, seconds.
const SAVE_AFTER_SECS: f64 = 1.0;

/// What the composer shows.
#[derive(Default)]
pub struct Composer {
    pub account: AccountId,
    pub draft: Draft,
    /// Cc and Bcc are shown.
    pub copies_shown: bool,
    /// Beside the recipients.
    pub recipient_error: Option<String>,
    /// Above the buttons.
    pub problem: Option<Problem>,
    /// In a window of its own.
    pub detached: bool,
    pub sending: bool,
    /// The next frame puts the keyboard where writing begins.
    pub focus: Focus,
    key: Option<MessageKey>,
    /// Counts changes; what was saved is the revision in `saved`.
    revision: u64,
    saved: u64,
    saving: bool,
    changed_at: f64,
    close_when_saved: bool,
    /// Thrown away while its first save was under way: it goes when its key is known.
    discarded: bool,
    /// Shown once this one is safely stored.
    next: Option<Box<Composer>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Focus {
    #[default]
    Nowhere,
    To,
    Body,
}

impl Composer {
    pub(super) fn of_draft(account: AccountId, key: MessageKey, draft: Draft) -> Self {
        let copies_shown = !draft.cc.is_empty() || !draft.bcc.is_empty();
        let focus = if draft.to.is_empty() { Focus::To } else { Focus::Body };
        Self { account, key: Some(key), draft, copies_shown, focus, ..Self::default() }
    }

    fn new(account: AccountId, draft: Draft) -> Self {
        let copies_shown = !draft.cc.is_empty() || !draft.bcc.is_empty();
        let focus = if draft.to.is_empty() { Focus::To } else { Focus::Body };
        Self { account, draft, copies_shown, focus, ..Self::default() }
    }

    /// “Saved”, “Not saved yet”: what the composer says of itself.
    pub fn is_saved(&self) -> bool {
        self.revision == self.saved
    }

    /// When the draft is to be saved, if there is something to save.
    pub(super) fn due(&self) -> Option<f64> {
        (!self.is_saved() && !self.saving).then_some(self.changed_at + SAVE_AFTER_SECS)
    }

    pub(super) fn is_due(&self, now: f64) -> bool {
        self.due().is_some_and(|due| now >= due)
    }
}

impl Model {
    /// One message at a time: the one that is open is kept in Drafts, or in the Outbox, before the next is shown. If that
    /// fails it stays.
    pub(super) fn open_composer(&mut self, composer: Composer) {
        self.close_composer();
        match &mut self.composer {
            None => self.composer = Some(composer),
            Some(open) => open.next = Some(Box::new(composer)),
        }
    }

    pub(super) fn edit_draft(&mut self, key: MessageKey) {
        // What is being written is newer than what is stored of it.
        if self.composer.as_ref().is_none_or(|composer| composer.key != Some(key)) {
            self.ask(Command::OpenDraft { key }, Pending::OpenDraft);
        }
    }

    /// The composer closes; what waited for that is shown.
    fn end_composer(&mut self) {
        self.composer = self.composer.take().and_then(|composer| composer.next).map(|next| *next);
    }

    /// The account that a new message is from: the one that is looked at, or the first.
    fn writing_account(&self) -> Option<AccountId> {
        self.messages.view.account.or_else(|| self.accounts.first().map(|account| account.id))
    }

    fn signed(&self, account: AccountId, mut draft: Draft) -> Draft {
        let signature = self.account(account).map(|account| account.identity.signature.trim()).unwrap_or_default();
        if !signature.is_empty() {
            draft.body = format!("{}\n\n-- \n{signature}\n", draft.body);
        }
        draft
    }

    pub(super) fn compose(&mut self) {
        match self.writing_account() {
            Some(account) => {
                let draft = self.signed(account, Draft::default());
                self.open_composer(Composer::new(account, draft));
            }
            None => self.open_settings(),
        }
    }

    /// A link in a message, or one that another program hands over: mail is written here, the rest is the system's.
    pub(super) fn follow(&mut self, link: &str) {
        if let Some(draft) = compose::from_mailto(link) {
            match self.writing_account() {
                Some(account) => {
                    let draft = self.signed(account, draft);
                    self.open_composer(Composer::new(account, draft));
                }
                None => self.open_settings(),
            }
        }
    }

    pub(super) fn answer(&mut self, answer: Answer) {
        if self.reading.waiting_for.is_some() {
            // What is shown is the previous message: not the one that the person means.
            self.reading.answer_next = Some(answer);
        } else if let Some(message) = self.reading.message.clone().map(Box::new) {
            // Forwarding takes the attachments along, and they are in the octets only.
            self.ask(Command::LoadRaw { key: message.row.key }, Pending::AnswerRaw { answer, message });
        }
    }

    pub(super) fn compose_answer(&mut self, answer: Answer, message: &OpenedMessage, raw: &[u8]) {
        let Some(account) = self.account(message.row.account) else { return };
        let identity = &account.identity;
        let draft = compose::answer(&message.view, raw, answer, identity.address.trim(), &identity.signature);
        let composer = Composer::new(account.id, draft);
        self.open_composer(composer);
    }

    pub(super) fn draft_edited(&mut self) {
        let now = self.now;
        if let Some(composer) = &mut self.composer {
            composer.revision += 1;
            composer.changed_at = now;
            composer.recipient_error = None;
        }
    }

    pub(super) fn attach(&mut self, attachments: Vec<DraftAttachment>) {
        if let Some(composer) = &mut self.composer {
            composer.draft.attachments.extend(attachments);
            self.draft_edited();
        }
    }

    pub(super) fn remove_attachment(&mut self, index: usize) {
        if let Some(composer) = &mut self.composer
            && index < composer.draft.attachments.len()
        {
            composer.draft.attachments.remove(index);
            self.draft_edited();
        }
    }

    pub(super) fn save_draft_now(&mut self) {
        let Some(composer) = &mut self.composer else { return };
        if composer.is_saved() || composer.saving || composer.sending {
            return;
        }
        composer.saving = true;
        let (account, key, revision) = (composer.account, composer.key, composer.revision);
        let draft = Box::new(composer.draft.clone());
        self.ask(Command::SaveDraft { account, key, draft }, Pending::SaveDraft { revision });
    }

    pub(super) fn draft_saved(&mut self, key: MessageKey, revision: u64) {
        let Some(composer) = self.composer.as_mut().filter(|composer| composer.saving) else { return };
        composer.saving = false;
        composer.key = Some(key);
        composer.saved = revision;
        composer.problem = None;
        if composer.discarded {
            self.end_composer();
            self.ask(Command::DiscardDraft { key }, Pending::DiscardDraft);
        } else if composer.sending {
            self.queue();
        } else if composer.close_when_saved {
            self.close_composer();
        }
    }

    pub(super) fn draft_failed(&mut self, problem: Problem) {
        if let Some(composer) = &mut self.composer {
            composer.saving = false;
            composer.sending = false;
            composer.close_when_saved = false;
            composer.next = None;
            composer.changed_at = self.now;
            composer.problem = Some(problem);
            if composer.discarded {
                self.composer = None;
            }
        }
    }

    /// Into the Outbox; a save that is under way is waited for, so that the draft does not come back beside the message.
    pub(super) fn send(&mut self) {
        let Some(composer) = &mut self.composer else { return };
        if composer.sending {
            return;
        }
        let Draft { to, cc, bcc, .. } = &composer.draft;
        if [to, cc, bcc].iter().all(|field| field.trim().is_empty()) {
            composer.recipient_error = Some("Who is it for? Enter at least one address.".into());
            composer.focus = Focus::To;
            return;
        }
        composer.problem = None;
        composer.sending = true;
        if !composer.saving {
            self.queue();
        }
    }

    fn queue(&mut self) {
        let Some(composer) = &self.composer else { return };
        let (account, key, draft) = (composer.account, composer.key, Box::new(composer.draft.clone()));
        self.ask(Command::QueueDraft { account, key, draft }, Pending::Queue);
    }

    pub(super) fn queued(&mut self) {
        self.end_composer();
        self.say("In the Outbox: it goes with the next Get mail, or with Send".into(), false);
    }

    pub(super) fn queue_failed(&mut self, problem: Problem) {
        if let Some(composer) = &mut self.composer {
            composer.sending = false;
            composer.next = None;
            composer.problem = Some(problem);
        }
    }

    /// The draft stays in Drafts.
    pub(super) fn close_composer(&mut self) {
        let Some(composer) = &mut self.composer else { return };
        if composer.sending {
            // It closes when it lies in the Outbox.
        } else if composer.is_saved() && !composer.saving {
            self.end_composer();
        } else {
            composer.close_when_saved = true;
            self.save_draft_now();
        }
    }

    pub(super) fn discard_draft(&mut self) {
        let Some(composer) = &mut self.composer else { return };
        if composer.sending {
            return;
        }
        if composer.saving {
            composer.discarded = true;
            return;
        }
        let key = composer.key;
        self.end_composer();
        if let Some(key) = key {
            self.ask(Command::DiscardDraft { key }, Pending::DiscardDraft);
        }
    }

    pub(super) fn detach_composer(&mut self, detached: bool) {
        if let Some(composer) = &mut self.composer {
            composer.detached = detached;
        }
    }

    /// What Enter or a double click opens: a draft in the composer; anything else is open already.
    pub fn editable(&self, key: MessageKey) -> bool {
        self.messages.row(key).is_some_and(|row| matches!(row.role, Role::Drafts | Role::Outbox))
    }
}
