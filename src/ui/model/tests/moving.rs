//! Moving in and out.

use std::path::PathBuf;

use super::*;
use crate::engine::{ExportReport, FoundFolder, ImportFormat, ImportReport, ImportSource, MoveProgress};
use crate::store::types::Role;
use crate::ui::model::{MovingWindow, UnderWay};
use crate::ui::testing::{HOME, WORK, account, failed};

fn source(place: &str) -> ImportSource {
    ImportSource {
        place: place.into(),
        format: ImportFormat::Mbox,
        folders: vec![FoundFolder { name: "Inbox".into(), role: Role::Inbox, path: None, messages: 3, bytes: 900 }],
        accounts: Vec::new(),
        known_uids: 0,
        folders_left_out: 0,
    }
}

fn found(place: &str) -> Event {
    Event::ImportFound(Box::new(source(place)))
}

fn importing() -> Desk {
    let mut desk = Desk::with(&[account(WORK, "Work"), account(HOME, "Home")], 3);
    desk.act(Action::OpenImport);
    desk
}

fn under_way(desk: &Desk) -> UnderWay {
    match &desk.model.moving {
        Some(MovingWindow::Import(import)) => import.under_way,
        Some(MovingWindow::Export(export)) => export.under_way,
        None => panic!("nothing is open"),
    }
}

#[test]
fn an_import_goes_from_looking_to_what_came_of_it() {
    let mut desk = importing();
    assert_eq!(desk.act(Action::BeginImport), [""; 0], "nothing was chosen");
    let asked = desk.act(Action::LookAtImport("old.mbox".into()));
    assert!(asked.len() == 1 && asked[0].starts_with("LookAtImport"), "{asked:?}");
    assert_eq!(under_way(&desk), UnderWay::Looking);
    desk.answer("LookAtImport", found("old.mbox"));
    let asked = desk.act(Action::BeginImport);
    assert!(
        asked[0].starts_with("Import { place: \"old.mbox\", format: Some(Mbox), account: AccountId(1)"),
        "{asked:?}"
    );
    let progress = MoveProgress { done: 1, total: 4, messages: 1, ..MoveProgress::default() };
    desk.hear(Event::MoveProgress(progress));
    assert_eq!(under_way(&desk), UnderWay::Moving(progress));
    assert_eq!(desk.act(Action::StopMoving), ["StopMoving"]);
    desk.hear(Event::MoveProgress(progress));
    assert_eq!(under_way(&desk), UnderWay::Stopping);
    let report = ImportReport { imported: 2, stopped: true, ..ImportReport::default() };
    desk.answer("Import {", Event::Imported(Box::new(report.clone())));
    let Some(MovingWindow::Import(import)) = &desk.model.moving else { panic!("closed") };
    assert_eq!((import.under_way, import.report.as_deref()), (UnderWay::Nothing, Some(&report)));
    desk.act(Action::CloseMoving);
    assert!(desk.model.moving.is_none());
}

#[test]
fn what_was_found_for_another_place_or_account_is_late() {
    let mut desk = importing();
    desk.act(Action::LookAtImport("a".into()));
    desk.act(Action::LookAtImport("b".into()));
    desk.answer("LookAtImport", found("a"));
    assert_eq!(under_way(&desk), UnderWay::Looking);
    desk.answer("LookAtImport", found("b"));
    assert_eq!(under_way(&desk), UnderWay::Nothing);
    let asked = desk.act(Action::ImportInto(HOME));
    assert!(asked[0].contains("\"b\"") && asked[0].contains("AccountId(2)"), "{asked:?}");
    assert_eq!(desk.act(Action::BeginImport), [""; 0], "not before it was looked at again");
}

#[test]
fn an_import_goes_on_when_its_window_is_closed_and_says_when_it_is_done() {
    let mut desk = importing();
    desk.act(Action::LookAtImport("a".into()));
    desk.answer("LookAtImport", found("a"));
    desk.act(Action::BeginImport);
    desk.act(Action::CloseMoving);
    desk.act(Action::OpenExport);
    assert!(matches!(desk.model.moving, Some(MovingWindow::Import(_))), "the one under way is shown");
    desk.act(Action::CloseMoving);
    desk.answer("Import {", Event::Imported(Box::default()));
    assert!(desk.model.toast.as_ref().is_some_and(|toast| toast.text.contains("imported")));
}

#[test]
fn what_fails_is_said_in_the_window_and_can_be_tried_again() {
    let mut desk = importing();
    desk.act(Action::LookAtImport("a".into()));
    desk.answer("LookAtImport", failed("Could not look at a"));
    let Some(MovingWindow::Import(import)) = &desk.model.moving else { panic!("closed") };
    assert!(import.problem.is_some() && import.under_way == UnderWay::Nothing);
    assert!(desk.model.notices.is_empty());
}

#[test]
fn an_export_asks_for_what_is_chosen() {
    let mut desk = Desk::of(3);
    desk.act(Action::OpenExport);
    assert_eq!(desk.act(Action::BeginExport), [""; 0], "no folder is named");
    desk.act(Action::ExportInto(PathBuf::from("out")));
    let Some(MovingWindow::Export(export)) = &mut desk.model.moving else { panic!("closed") };
    export.role = Some(Role::Sent);
    let asked = desk.act(Action::BeginExport);
    assert!(
        asked[0].starts_with("Export { folder: \"out\", format: Mbox") && asked[0].contains("Some(Sent)"),
        "{asked:?}"
    );
    desk.answer("Export {", Event::Exported(Box::new(ExportReport { messages: 3, ..ExportReport::default() })));
    let Some(MovingWindow::Export(export)) = &desk.model.moving else { panic!("closed") };
    assert!(export.report.is_some());
}
