//! Moving in and out: the window in which mail of another program is chosen and imported, and in which mail is exported.

use std::path::PathBuf;

use super::{Model, Pending};
use crate::account::AccountId;
use crate::engine::{
    Command, ExportFormat, ExportReport, ImportReport, ImportSource, MoveProgress, Problem, Selection,
};
use crate::store::types::Role;

/// What is open of it.
#[derive(Debug)]
pub enum MovingWindow {
    Import(Import),
    Export(Export),
}

/// From choosing what to import to what came of it.
#[derive(Debug, Default)]
pub struct Import {
    /// Into which account.
    pub account: AccountId,
    /// Where the mail is, as the person types it.
    pub typed: String,
    /// Where was looked last.
    pub place: Option<PathBuf>,
    pub found: Option<Box<ImportSource>>,
    pub under_way: UnderWay,
    pub report: Option<Box<ImportReport>>,
    pub problem: Option<Box<Problem>>,
}

/// From choosing what to export to what came of it.
#[derive(Debug, Default)]
pub struct Export {
    pub format: ExportFormat,
    /// The folder, as the person types it.
    pub typed: String,
    /// None: all of them.
    pub account: Option<AccountId>,
    pub role: Option<Role>,
    /// What stands in the search field, if only its results are wanted.
    pub search: Option<String>,
    pub only_search: bool,
    pub under_way: UnderWay,
    pub report: Option<Box<ExportReport>>,
    pub problem: Option<Box<Problem>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnderWay {
    #[default]
    Nothing,
    Looking,
    Moving(MoveProgress),
    /// The person has said so; the last batch is on its way.
    Stopping,
}

impl UnderWay {
    pub fn is_moving(self) -> bool {
        matches!(self, Self::Moving(_) | Self::Stopping)
    }
}

impl MovingWindow {
    fn under_way(&mut self) -> &mut UnderWay {
        match self {
            Self::Import(import) => &mut import.under_way,
            Self::Export(export) => &mut export.under_way,
        }
    }
}

impl Model {
    pub(super) fn open_import(&mut self) {
        let account = self.messages.view.account.or_else(|| self.accounts.first().map(|account| account.id));
        let Some(account) = account else { return self.open_settings() };
        self.open_moving(MovingWindow::Import(Import { account, ..Import::default() }));
    }

    pub(super) fn open_export(&mut self) {
        let search = Some(self.search.text.trim().to_owned()).filter(|text| !text.is_empty());
        self.open_moving(MovingWindow::Export(Export { search, ..Export::default() }));
    }

    /// What is under way is shown, rather than a second one begun.
    fn open_moving(&mut self, window: MovingWindow) {
        self.settings = None;
        if !self.moving.as_mut().is_some_and(|open| open.under_way().is_moving()) {
            self.moving = Some(window);
        }
        self.moving_is_shown = true;
    }

    pub(super) fn close_moving(&mut self) {
        self.moving_is_shown = false;
        if self.moving.as_mut().is_some_and(|open| !open.under_way().is_moving()) {
            self.moving = None;
        }
    }

    pub(super) fn look_at_import(&mut self, place: PathBuf) {
        let Some(MovingWindow::Import(import)) = &mut self.moving else { return };
        let account = Some(import.account);
        *import = Import {
            account: import.account,
            typed: place.display().to_string(),
            place: Some(place.clone()),
            under_way: UnderWay::Looking,
            ..Import::default()
        };
        self.ask(Command::LookAtImport { place: place.clone(), format: None, account }, Pending::LookAtImport(place));
    }

    pub(super) fn import_found(&mut self, place: &std::path::Path, found: Box<ImportSource>) {
        if let Some(MovingWindow::Import(import)) = &mut self.moving
            && import.place.as_deref() == Some(place)
        {
            import.under_way = UnderWay::Nothing;
            import.found = Some(found);
        }
    }

    /// Into another account: what belongs to it may be other folders.
    pub(super) fn import_into(&mut self, account: AccountId) {
        let Some(MovingWindow::Import(import)) = &mut self.moving else { return };
        import.account = account;
        if let Some(place) = import.place.clone() {
            self.look_at_import(place);
        }
    }

    pub(super) fn begin_import(&mut self) {
        let Some(MovingWindow::Import(import)) = &mut self.moving else { return };
        let Some(found) = import.found.as_ref().filter(|_| import.under_way == UnderWay::Nothing) else { return };
        let (place, format, account) = (found.place.clone(), Some(found.format), import.account);
        import.under_way = UnderWay::Moving(MoveProgress::default());
        import.problem = None;
        self.ask(Command::Import { place, format, account }, Pending::Moving);
    }

    pub(super) fn export_into(&mut self, folder: &std::path::Path) {
        if let Some(MovingWindow::Export(export)) = &mut self.moving {
            export.typed = folder.display().to_string();
        }
    }

    pub(super) fn begin_export(&mut self) {
        let Some(MovingWindow::Export(export)) = &mut self.moving else { return };
        let folder = PathBuf::from(export.typed.trim());
        if folder.as_os_str().is_empty() || export.under_way != UnderWay::Nothing {
            return;
        }
        let search = export.search.clone().filter(|_| export.only_search);
        let selection = Selection { account: export.account, role: export.role, search };
        let format = export.format;
        export.under_way = UnderWay::Moving(MoveProgress::default());
        (export.problem, export.report) = (None, None);
        self.ask(Command::Export { folder, format, selection }, Pending::Moving);
    }

    pub(super) fn stop_moving(&mut self) {
        if let Some(window) = &mut self.moving {
            *window.under_way() = UnderWay::Stopping;
            self.ask(Command::StopMoving, Pending::Other);
        }
    }

    pub(super) fn move_progress(&mut self, progress: MoveProgress) {
        if let Some(UnderWay::Moving(shown)) = self.moving.as_mut().map(MovingWindow::under_way) {
            *shown = progress;
        }
    }

    pub(super) fn imported(&mut self, report: Box<ImportReport>) {
        if !self.moving_is_shown {
            self.say(report.words().first().cloned().unwrap_or_default(), false);
        }
        if let Some(MovingWindow::Import(import)) = &mut self.moving {
            import.under_way = UnderWay::Nothing;
            import.report = Some(report);
        }
    }

    pub(super) fn exported(&mut self, report: Box<ExportReport>) {
        if !self.moving_is_shown {
            self.say(report.words().first().cloned().unwrap_or_default(), false);
        }
        if let Some(MovingWindow::Export(export)) = &mut self.moving {
            export.under_way = UnderWay::Nothing;
            export.report = Some(report);
        }
    }

    pub(super) fn moving_failed(&mut self, problem: Problem) {
        if !self.moving_is_shown {
            self.notify(None, problem.clone());
        }
        let problem = Some(Box::new(problem));
        match &mut self.moving {
            Some(MovingWindow::Import(import)) => {
                (import.under_way, import.problem) = (UnderWay::Nothing, problem);
            }
            Some(MovingWindow::Export(export)) => {
                (export.under_way, export.problem) = (UnderWay::Nothing, problem);
            }
            None => {}
        }
    }

    pub(super) fn export_not_understood(&mut self, fault: &crate::mail::Fault) {
        self.moving_failed(Problem {
            what: "Could not export what the search finds".into(),
            why: fault.to_string(),
            remedy: "Correct the search first.".into(),
            ..Problem::default()
        });
    }

    pub(super) fn look_at_import_failed(&mut self, place: &std::path::Path, problem: Problem) {
        if let Some(MovingWindow::Import(import)) = &mut self.moving
            && import.place.as_deref() == Some(place)
        {
            (import.under_way, import.problem) = (UnderWay::Nothing, Some(Box::new(problem)));
        }
    }
}
