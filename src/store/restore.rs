//! Puts another file in the store's place, whole or not at all, and keeps the one that was there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Error;
use super::backup::{Failure, There, copy_whole, unused};
use super::private::{beside, new_file, private_folder, sync_folder};
use super::source::{Control, Source};
use super::verify::{Progress, Report, verify_copy};

/// A store that was brought back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    pub report: Report,
    /// Where the store lies that was there before; None: there was none.
    pub aside: Option<PathBuf>,
}

/// Brings the store of a backup back into the folder of a profile that the caller holds. Both the backup and what was copied from it
/// are read whole before anything is put in place; a store that is there is moved aside.
///
/// # Errors
/// After any, the profile is as it was.
pub fn restore(
    backup: &Path,
    folder: &Path,
    control: &Control,
    tell: &mut dyn FnMut(Progress),
) -> Result<Restored, Failure> {
    if !backup.join("malote.db").is_file() && !backup.join("malote.db.rollback").is_file() {
        return Err(Failure::Absent(backup.join("malote.db")));
    }
    if backup.canonicalize().ok() == folder.canonicalize().ok() {
        return Err(Failure::Itself);
    }
    private_folder(folder)?;
    let there = There::hold(backup)?;
    let source = Source::beside(backup)?;
    let file = folder.join("malote.db");
    let file = file.canonicalize().unwrap_or(file);
    let unfinished = new_file(&file)?;
    let outcome = copy_whole(&source, &unfinished, control).and_then(|_| {
        let report = verify_copy(&unfinished, control, tell)?;
        if report.is_sound() { Ok(report) } else { Err(Failure::Unsound(Box::new(report))) }
    });
    drop(there);
    match outcome {
        Ok(report) => Ok(Restored { report, aside: put_in_place(&unfinished, &file)? }),
        Err(failure) => {
            // What is left is replaced by the next attempt.
            let _ = fs::remove_file(&unfinished);
            Err(failure)
        }
    }
}

/// Puts a whole, synced file into the place of the store; gives where the one lies now that was there.
///
/// Once the file has its second name, the rest is done here or when the store is opened next.
pub(super) fn put_in_place(whole: &Path, file: &Path) -> Result<Option<PathBuf>, Error> {
    rename(whole, &beside(file, IN_WAITING))?;
    sync_folder(file)?;
    finish(file)
}

/// Completes what [`put_in_place`] began, if it did not come to its end.
pub(super) fn finish(file: &Path) -> Result<Option<PathBuf>, Error> {
    let waiting = beside(file, IN_WAITING);
    if !waiting.is_file() {
        return Ok(None);
    }
    let aside = unused(file, "before");
    // The log first: without it the old file is older, with it the new one would be nonsense.
    for suffix in ["-wal", "-journal", ""] {
        move_aside(&beside(file, suffix), &beside(&aside, suffix))?;
    }
    // It holds nothing that the log does not.
    let _ = fs::remove_file(beside(file, "-shm"));
    rename(&waiting, file)?;
    sync_folder(file)?;
    Ok(aside.is_file().then_some(aside))
}

fn move_aside(from: &Path, to: &Path) -> Result<(), Error> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        moved => moved.map_err(|error| Error::of_file(&error, from)),
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    fs::rename(from, to).map_err(|error| Error::of_file(&error, to))
}

/// A store that was checked and waits to take the place of the one that is there.
const IN_WAITING: &str = ".in-waiting";

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::super::testing::{Fixture, contents, filled, pages_of, spoil_page};
    use super::super::{Store, back_up};
    use super::*;

    fn backup_of(fixture: &Fixture) -> (tempfile::TempDir, PathBuf) {
        let outer = tempfile::tempdir().unwrap();
        let backup = outer.path().join("backup");
        back_up(&fixture.store.source(), &backup, false, &Control::default(), &mut |_| {}).unwrap();
        (outer, backup)
    }

    fn bring_back(backup: &Path, folder: &Path) -> Result<Restored, Failure> {
        restore(backup, folder, &Control::default(), &mut |_| {})
    }

    #[test]
    fn a_backup_comes_back_into_an_empty_profile_and_in_place_of_another_store_which_is_kept() {
        let (fixture, messages) = filled(20);
        let (_outer, backup) = backup_of(&fixture);
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(bring_back(&backup, empty.path()).unwrap().aside, None);
        let Fixture { store, folder, .. } = fixture;
        drop(store);
        let (other, _) = filled(3);
        let image = super::super::testing::crash_image(other.folder.path());
        let restored = bring_back(&backup, image.path()).unwrap();
        let aside = restored.aside.unwrap();
        assert!(beside(&aside, "-wal").is_file(), "with its log");
        let again = bring_back(&backup, folder.path()).unwrap();
        assert_eq!(again.report.messages, 20);
        for folder in [empty.path(), image.path(), folder.path()] {
            let store = Store::open(folder).unwrap();
            assert_eq!(block_on(store.all_keys()).unwrap().len(), 20);
            for (key, octets) in &messages {
                assert!(block_on(store.raw(*key)).unwrap() == *octets);
            }
        }
        let kept = tempfile::tempdir().unwrap();
        for suffix in ["", "-wal"] {
            fs::rename(beside(&aside, suffix), beside(&kept.path().join("malote.db"), suffix)).unwrap();
        }
        assert_eq!(block_on(Store::open(kept.path()).unwrap().all_keys()).unwrap().len(), 3);
    }

    #[test]
    fn a_damaged_backup_is_not_brought_back_and_nothing_changes() {
        let (fixture, _) = filled(20);
        let (_outer, backup) = backup_of(&fixture);
        let copy = backup.join("malote.db");
        spoil_page(&copy, pages_of(&copy, "raw_chunk")[4]);
        let Fixture { store, folder, .. } = fixture;
        drop(store);
        let before = contents(folder.path());
        assert!(matches!(bring_back(&backup, folder.path()), Err(Failure::Unsound(_))));
        assert!(contents(folder.path()) == before);
        let nothing = backup.join("nothing");
        assert_eq!(bring_back(&nothing, folder.path()), Err(Failure::Absent(nothing.join("malote.db"))));
        assert_eq!(bring_back(folder.path(), folder.path()), Err(Failure::Itself));
    }

    #[test]
    fn a_restore_that_was_killed_is_completed_or_was_not_begun() {
        let (fixture, _) = filled(20);
        let (other, _) = filled(3);
        let Fixture { store, folder, .. } = fixture;
        drop(store);
        let whole = fs::read(folder.path().join("malote.db")).unwrap();
        let begin = || {
            let image = super::super::testing::crash_image(other.folder.path());
            fs::write(image.path().join("malote.db.in-waiting"), &whole).unwrap();
            image
        };
        type Step = fn(&Path);
        let steps: [(&str, Step); 3] = [
            ("the new file waits", |_| {}),
            ("the log is moved", |file| {
                fs::rename(beside(file, "-wal"), beside(file, ".before-1-wal")).unwrap();
            }),
            ("the old file is moved", |file| {
                fs::rename(beside(file, "-wal"), beside(file, ".before-1-wal")).unwrap();
                fs::rename(file, beside(file, ".before-1")).unwrap();
            }),
        ];
        for (name, step) in steps {
            let image = begin();
            step(&image.path().join("malote.db"));
            let store = Store::open(image.path()).unwrap();
            assert_eq!(block_on(store.all_keys()).unwrap().len(), 20, "{name}");
        }
    }
}
