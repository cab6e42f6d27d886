//! What the window says by itself: calm notices that stay, one an account, and words that pass.

use std::path::PathBuf;

use super::{Model, Pending};
use crate::account::AccountId;
use crate::engine::Problem;

/// Notices that are shown at once; older ones give way.
const NOTICES: usize = 4;

/// How long passing words stay, seconds.
const TOAST_SECS: f64 = 6.0;
/// And where they offer something that is not to be had elsewhere.
const OFFER_SECS: f64 = 20.0;

/// A problem, until it is dismissed, answered by a later visit, or replaced by the account's next one.
#[derive(Clone, Debug)]
pub struct Notice {
    pub id: u64,
    pub account: Option<AccountId>,
    pub problem: Problem,
}

/// Words that pass.
#[derive(Clone, Debug, PartialEq)]
pub struct Toast {
    pub text: String,
    /// There is something to undo.
    pub undo: bool,
    /// There is a file to open.
    pub file: Option<PathBuf>,
    /// Seconds since the window opened.
    pub until: f64,
}

impl Model {
    pub(super) fn notify(&mut self, account: Option<AccountId>, problem: Problem) {
        self.notices.retain(|notice| notice.problem != problem && (account.is_none() || notice.account != account));
        self.last_notice += 1;
        self.notices.push(Notice { id: self.last_notice, account, problem });
        if self.notices.len() > NOTICES {
            self.notices.remove(0);
        }
    }

    pub(super) fn say(&mut self, text: String, undo: bool) {
        self.toast = Some(Toast { text, undo, file: None, until: self.now + TOAST_SECS });
    }

    /// A request could not be carried out: the words go to where it was asked for.
    pub(super) fn failed(&mut self, problem: Problem, purpose: Option<Pending>) {
        match purpose {
            Some(Pending::Queue) => self.queue_failed(problem),
            Some(Pending::SaveDraft { .. }) => self.draft_failed(problem),
            Some(Pending::SaveAccount) => self.save_failed(problem),
            Some(Pending::TestAccount) => self.test_failed(problem),
            Some(Pending::Look(account)) => self.look_failed(account, problem),
            Some(Pending::LookAtImport(place)) => self.look_at_import_failed(&place, problem),
            Some(Pending::Moving) => self.moving_failed(problem),
            Some(Pending::Rows(keys)) => {
                self.messages.rows_loaded(&keys, Vec::new());
                self.notify(None, problem);
            }
            Some(Pending::Upkeep) => self.upkeep_failed(problem),
            Some(Pending::Open(key)) => {
                self.open_failed(key);
                self.notify(None, problem);
            }
            Some(Pending::Pictures(key)) => {
                self.pictures_fetched(key);
                self.notify(None, problem);
            }
            // It is gone; the list, asked for at the same time, says so.
            Some(Pending::Refresh | Pending::Thread(_) | Pending::Newest) => {}
            Some(Pending::Move { .. } | Pending::Tag | Pending::Members(_)) => {
                self.mail_changed();
                self.notify(None, problem);
            }
            _ => self.notify(None, problem),
        }
    }

    /// A message is there as PDF, to be opened and printed.
    pub(super) fn printed(&mut self, file: PathBuf) {
        let text = format!("Saved {}", file.display());
        self.toast = Some(Toast { text, undo: false, file: Some(file), until: self.now + OFFER_SECS });
    }

    pub(super) fn files_saved(&mut self, files: &[PathBuf]) {
        match files {
            [] => self.say("There was nothing to save".into(), false),
            [file] => self.say(format!("Saved {}", file.display()), false),
            [first, ..] => {
                let folder = first.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
                self.say(format!("Saved {} files to {folder}", files.len()), false);
            }
        }
    }
}
