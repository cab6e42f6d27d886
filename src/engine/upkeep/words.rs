//! The words for what looking after the store comes to.

use std::path::Path;

use crate::engine::event::{DamagedMessage, Healed, Problem};
use crate::engine::problem;
use crate::store::types::MessageRow;
use crate::store::{BackupFailure, Error};

/// Messages that are named in a notice.
const NAMED: usize = 3;

pub(crate) fn no_folder(what: &str) -> Box<Problem> {
    Box::new(Problem {
        what: what.into(),
        why: "nobody has said where to".into(),
        remedy: "Name a folder in the settings, best on another disk.".into(),
        ..Problem::default()
    })
}

/// There is no new backup; the last one is as it was.
pub fn backup_failed(what: &str, folder: &Path, failure: &BackupFailure) -> Box<Problem> {
    let folder = folder.display();
    let remedy = match failure {
        BackupFailure::Absent(_) => {
            format!("Plug in the disk with {folder}, or name another folder. It is tried again by itself, if it is planned.")
        }
        BackupFailure::OtherStore(_) => "Name another folder, or an empty one.".into(),
        BackupFailure::Itself => "Name another folder, best on another disk.".into(),
        BackupFailure::InUse(_) => "Close the Malote that has the backup open, then try again.".into(),
        BackupFailure::NoRoom => {
            format!("Make room on the disk with {folder}. The last backup there is as it was.")
        }
        BackupFailure::Unsound(_) => {
            "The last backup is as it was. “malote verify --repair” repairs messages from it; for worse damage there is “malote \
             salvage”."
                .into()
        }
        BackupFailure::Stopped => "The last backup is as it was.".into(),
        BackupFailure::Disk(_) => "Check that disk. The last backup there is put back before anything else is written.".into(),
        BackupFailure::Store(error) => return problem::store_plain(what, error),
    };
    Box::new(Problem { what: what.into(), why: failure.to_string(), remedy, ..Problem::default() })
}

/// Nothing was changed.
pub fn restore_failed(what: &str, backup: &Path, failure: &BackupFailure) -> Box<Problem> {
    let remedy = match failure {
        BackupFailure::Absent(_) => "Name the folder of a backup. Nothing was changed.",
        BackupFailure::Itself => "Name the folder of a backup, not that of the profile. Nothing was changed.",
        BackupFailure::Unsound(_) => "Nothing was changed. Bring back another backup, if there is one.",
        BackupFailure::NoRoom => "Make room. Nothing was changed.",
        _ => return backup_failed(what, backup, failure),
    };
    let why = match failure {
        BackupFailure::NoRoom => "the disk is full".to_owned(),
        BackupFailure::Absent(file) => format!("there is no backup: “{}” is missing", file.display()),
        BackupFailure::Itself => "that is the profile itself".to_owned(),
        _ => failure.to_string(),
    };
    Box::new(Problem { what: what.into(), why, remedy: remedy.into(), ..Problem::default() })
}

pub(crate) fn not_checked(error: &Error) -> Box<Problem> {
    if *error == Error::GivenUp {
        return Box::new(Problem {
            what: "The mail was not checked to its end".into(),
            why: "it was stopped".into(),
            remedy: "Nothing was changed.".into(),
            ..Problem::default()
        });
    }
    problem::store_plain("Could not check the mail", error)
}

pub(crate) fn opening_damaged(row: &MessageRow, error: &Error) -> Box<Problem> {
    let mut problem = problem::store_plain(&format!("Could not open “{}”", row.subject), error);
    problem.why = "the disk does not give back what was stored".into();
    problem.remedy =
        "The other messages are not touched by this. Malote looks for it in the backup, and on the server with the \
                      next visit."
            .into();
    problem
}

/// What became of damaged messages; None: there were none.
pub(crate) fn healed(healed: &Healed, damaged: &[DamagedMessage]) -> Option<Box<Problem>> {
    let (whole, to_fetch, lost) = (healed.whole.len(), healed.to_fetch.len(), healed.lost.len());
    if whole + to_fetch + lost == 0 {
        return None;
    }
    let names: Vec<String> = damaged.iter().take(NAMED).map(DamagedMessage::words).collect();
    let more = damaged.len().saturating_sub(NAMED);
    let mut named = names.join("; ");
    if more > 0 {
        named.push_str(&format!("; and {more} more"));
    }
    let mut remedy = Vec::new();
    if whole > 0 {
        remedy.push(format!("{} repaired from the backup.", count(whole)));
    }
    if to_fetch > 0 {
        remedy.push(format!(
            "{} fetched again with the next visit.",
            count(to_fetch).replace("were", "are").replace("was", "is")
        ));
    }
    if lost > 0 {
        remedy.push(
            "What neither the backup nor the server has is kept as damaged, and tried again with each backup."
                .to_owned(),
        );
    }
    remedy.push("Check the disk: it may be failing.".to_owned());
    Some(Box::new(Problem {
        what: match whole + to_fetch + lost {
            1 => "A stored message was damaged".to_owned(),
            count => format!("{count} stored messages were damaged"),
        },
        why: if named.is_empty() { "the disk did not give back what was stored".into() } else { named },
        remedy: remedy.join(" "),
        ..Problem::default()
    }))
}

fn count(messages: usize) -> String {
    if messages == 1 { "1 message was".to_owned() } else { format!("{messages} messages were") }
}

impl DamagedMessage {
    /// “Minutes” from Bo <bo@example.org>, 2026-11-02, Work/inbox.
    pub fn words(&self) -> String {
        let day = jiff::Timestamp::from_second(self.date)
            .map(|at| at.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d").to_string())
            .unwrap_or_default();
        format!("“{}” from {}, {day}, {}/{}", self.subject, self.from, self.account, self.role.word())
    }
}
