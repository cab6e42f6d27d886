//! How the mail is looked after: its backups, the check of what is stored, what is damaged.

use std::path::PathBuf;

use super::{Model, Pending};
use crate::engine::{BackedUp, Command, Healed, Problem, Progress, Report, Rhythm, UpkeepView};

/// What the settings show of it.
#[derive(Default)]
pub struct Upkeep {
    pub view: UpkeepView,
    /// The folder as the person types it.
    pub folder: String,
    /// The person has changed the folder, and not said yet that it is to be used.
    pub edited: bool,
    /// What the person asked for and waits for.
    pub running: Option<Running>,
    /// How it goes on.
    pub progress: Option<Progress>,
    /// What the last check that was asked for came to.
    pub checked: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Running {
    BackingUp,
    Checking,
}

impl Model {
    pub(super) fn upkeep_known(&mut self, view: UpkeepView) {
        let upkeep = &mut self.upkeep;
        if !upkeep.edited {
            upkeep.folder = view.upkeep.folder.as_ref().map(|folder| folder.display().to_string()).unwrap_or_default();
        }
        // What was made unasked has ended.
        if upkeep.running.is_none() {
            upkeep.progress = None;
        }
        upkeep.view = view;
    }

    pub(super) fn upkeep_progress(&mut self, progress: Progress) {
        self.upkeep.progress = Some(progress);
    }

    pub(super) fn plan_backups(&mut self, rhythm: Rhythm) {
        let folder = self.backup_folder();
        self.upkeep.edited = false;
        self.ask(Command::PlanBackups { rhythm, folder }, Pending::Other);
    }

    /// As it is typed; a path that cannot be typed stays as it was planned.
    fn backup_folder(&self) -> Option<PathBuf> {
        let Upkeep { view, folder, .. } = &self.upkeep;
        let planned = view.upkeep.folder.as_ref();
        match folder.trim() {
            "" => None,
            text if planned.is_some_and(|planned| planned.display().to_string() == text) => planned.cloned(),
            text => Some(text.into()),
        }
    }

    pub(super) fn back_up(&mut self) {
        if self.upkeep.running.is_some() {
            return;
        }
        let rhythm = self.upkeep.view.upkeep.rhythm;
        if self.upkeep.edited {
            self.plan_backups(rhythm);
        }
        self.upkeep.running = Some(Running::BackingUp);
        self.ask(Command::BackUp { folder: None }, Pending::Upkeep);
    }

    pub(super) fn check_mail(&mut self) {
        if self.upkeep.running.is_none() {
            self.upkeep.running = Some(Running::Checking);
            self.upkeep.checked = None;
            self.ask(Command::Verify { repairs: true }, Pending::Upkeep);
        }
    }

    pub(super) fn backed_up(&mut self, backup: &BackedUp) {
        self.upkeep_ended();
        self.say(format!("Backed up: {} messages, every one read again", backup.messages), false);
    }

    pub(super) fn verified(&mut self, report: &Report, healed: &Healed) {
        self.upkeep_ended();
        let words = match (report.damaged_count, report.faults.first()) {
            (_, Some(fault)) => format!(
                "The store is damaged ({fault}). End Malote and run “malote salvage”, which keeps the old file."
            ),
            (0, None) => format!("All {} messages are as they were stored", report.messages),
            (damaged, None) => format!(
                "{damaged} of {} messages were damaged; {} repaired, {} come with the next visit",
                report.messages,
                healed.whole.len(),
                healed.to_fetch.len()
            ),
        };
        self.upkeep.checked = Some(words);
    }

    pub(super) fn upkeep_failed(&mut self, problem: Problem) {
        self.upkeep_ended();
        self.notify(None, problem);
    }

    fn upkeep_ended(&mut self) {
        self.upkeep.running = None;
        self.upkeep.progress = None;
    }
}
