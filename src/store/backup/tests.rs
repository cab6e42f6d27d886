use std::sync::atomic::{AtomicU32, Ordering};

use futures::executor::block_on;
use tempfile::TempDir;

use super::super::testing::{Fixture, NOON, contents, filled, noise, pages_of, spoil_page};
use super::super::types::{MessageKey, Role};
use super::super::{Control, Rhythm, Store};
use super::*;

fn make(fixture: &Fixture, to: &Path) -> Result<BackedUp, Failure> {
    back_up(&fixture.store.source(), to, false, &Control::default(), &mut |_| {})
}

/// A folder for a backup that does not exist yet, in one that goes away.
fn place() -> (TempDir, PathBuf) {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("backup");
    (outer, folder)
}

fn check_holds(folder: &Path, messages: &[(MessageKey, Vec<u8>)]) {
    let image = super::super::testing::crash_image(folder);
    let store = Store::open(image.path()).unwrap();
    assert_eq!(block_on(store.all_keys()).unwrap().len(), messages.len());
    for (key, octets) in messages {
        assert!(block_on(store.raw(*key)).unwrap() == *octets, "message {key}");
    }
}

#[test]
fn a_backup_is_a_store_that_opens_by_itself_with_everything_in_it() {
    let (fixture, messages) = filled(40);
    let (_outer, to) = place();
    let made = make(&fixture, &to).unwrap();
    assert_eq!((made.messages, made.written_bytes), (40, made.size_bytes));
    assert!(made.report.is_clean());
    check_holds(&to, &messages);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&to), mode(&to.join("malote.db"))), (0o700, 0o600));
    }
}

#[test]
fn the_next_backup_writes_only_what_differs() {
    let (fixture, mut messages) = filled(0);
    for number in 0..80 {
        let octets = noise(100_000, number + 1);
        messages.push((fixture.receive(&octets), octets));
    }
    let (_outer, to) = place();
    let first = make(&fixture, &to).unwrap();
    assert_eq!(make(&fixture, &to).unwrap().written_bytes, 0, "nothing has changed");
    let octets = noise(2000, 99);
    messages.push((fixture.receive(&octets), octets));
    let second = make(&fixture, &to).unwrap();
    assert!(
        second.written_bytes > 0 && second.written_bytes < first.size_bytes / 4,
        "{} of {}",
        second.written_bytes,
        second.size_bytes
    );
    check_holds(&to, &messages);
    block_on(fixture.store.move_to(messages.iter().map(|message| message.0).collect(), Role::Trash)).unwrap();
    block_on(fixture.store.empty_trash(None)).unwrap();
    fixture.wait_for_pages(1400);
    let third = make(&fixture, &to).unwrap();
    assert!(third.size_bytes < first.size_bytes, "the copy becomes smaller, too");
    check_holds(&to, &[]);
}

#[test]
fn mail_that_comes_in_meanwhile_is_not_half_in_it() {
    let (fixture, messages) = filled(60);
    let (_outer, to) = place();
    make(&fixture, &to).unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            (0..40).for_each(|number| {
                fixture.receive(&noise(60_000, 500 + number));
            });
        });
        while !writer.is_finished() {
            assert!(make(&fixture, &to).unwrap().messages >= 60);
        }
    });
    assert_eq!(make(&fixture, &to).unwrap().messages, 100);
    for (key, octets) in messages {
        assert!(fixture.raw(key) == octets);
    }
}

#[test]
fn a_damaged_store_does_not_replace_a_good_backup() {
    let (fixture, messages) = filled(30);
    let (_outer, to) = place();
    make(&fixture, &to).unwrap();
    let before = fs::read(to.join("malote.db")).unwrap();
    let fixture = fixture.while_closed(|file| spoil_page(file, pages_of(file, "raw_chunk")[4]));
    fixture.receive(b"Subject: new\r\n\r\n");
    match make(&fixture, &to) {
        Err(Failure::Unsound(report)) => assert!(report.damaged_count > 0 && !report.damaged.is_empty(), "{report:?}"),
        other => panic!("{other:?}"),
    }
    assert!(fs::read(to.join("malote.db")).unwrap() == before, "octet for octet");
    // What is repaired from the backup lets the next one come about.
    let report = super::super::verify(&fixture.store.source(), &Control::default(), &mut |_| {}).unwrap();
    let damaged: Vec<MessageKey> = report.damaged.iter().map(|message| message.key).collect();
    let healed = block_on(fixture.store.heal(damaged.clone(), Some(&to), NOON)).unwrap();
    assert_eq!(healed.whole, damaged);
    let made = make(&fixture, &to).unwrap();
    assert_eq!((made.messages, made.report.damaged_count), (31, 0));
    let all: Vec<_> = messages.iter().map(|(key, _)| *key).collect();
    assert!(all.iter().zip(&messages).all(|(key, (_, octets))| fixture.raw(*key) == *octets));
}

#[test]
fn a_backup_that_was_interrupted_anywhere_leaves_the_last_one() {
    let (fixture, messages) = filled(30);
    let (_outer, to) = place();
    make(&fixture, &to).unwrap();
    let before = fs::read(to.join("malote.db")).unwrap();
    block_on(fixture.store.move_to(messages.iter().map(|message| message.0).collect(), Role::Trash)).unwrap();
    block_on(fixture.store.empty_trash(None)).unwrap();
    for number in 0..20 {
        fixture.receive(&noise(30_000, number + 900));
    }

    // Stopped by the person, while the copy is read again.
    let control = Control::default();
    let stopping = control.clone();
    let stopped = back_up(&fixture.store.source(), &to, false, &control, &mut |_| stopping.stop());
    assert_eq!(stopped, Err(Failure::Stopped));
    assert!(fs::read(to.join("malote.db")).unwrap() == before);
    assert_eq!(contents(&to).len(), 2, "the copy and its lock");

    // Killed when everything was written and nothing was read again.
    let source = fixture.store.source();
    let still = Still::hold(&source.file).unwrap();
    let there = There::hold(&to).unwrap();
    there.write_differences(&source, &Control::default()).unwrap();
    drop((there, still));
    assert!(fs::read(to.join("malote.db")).unwrap() != before);
    let aside = fs::read(to.join("malote.db.rollback")).unwrap();
    for cut in [aside.len(), aside.len() - 1] {
        fs::write(to.join("malote.db.rollback"), &aside[..cut]).unwrap();
        if cut == aside.len() {
            // A Malote that is opened on the copy puts it back, too.
            check_holds(&to, &messages);
        }
    }
    fs::write(to.join("malote.db.rollback"), &aside).unwrap();
    drop(There::hold(&to).unwrap());
    assert!(fs::read(to.join("malote.db")).unwrap() == before);
    check_holds(&to, &messages);
}

#[test]
fn nothing_else_is_overwritten() {
    let (fixture, _) = filled(2);
    let (other, _) = filled(1);
    let (outer, to) = place();
    assert_eq!(make(&fixture, fixture.folder.path()), Err(Failure::Itself));
    let absent = outer.path().join("not plugged in/backup");
    assert_eq!(make(&fixture, &absent), Err(Failure::Absent(absent.clone())));
    assert!(!absent.exists());
    // The mount point is there, but not what a backup was made into.
    let expected = back_up(&fixture.store.source(), &to, true, &Control::default(), &mut |_| {});
    assert_eq!(expected, Err(Failure::Absent(to.clone())));
    make(&other, &to).unwrap();
    let before = contents(&to);
    assert_eq!(make(&fixture, &to), Err(Failure::OtherStore(to.join("malote.db"))));
    assert!(contents(&to) == before);
    let held = There::hold(&to).unwrap();
    assert_eq!(make(&other, &to), Err(Failure::InUse(to.clone())));
    drop(held);
    // What does not even say whose it is makes room, and stays.
    fs::write(to.join("malote.db"), b"SQLite format 3\0 and then nothing").unwrap();
    make(&other, &to).unwrap();
    assert!(to.join("malote.db.damaged-1").is_file());
}

#[test]
fn the_backup_of_a_running_program_is_made_and_noted_beside_it() {
    let (fixture, _) = filled(5);
    let (_outer, to) = place();
    block_on(fixture.store.plan_backups(Rhythm::Daily, Some(to.clone()))).unwrap();
    let source = Source::beside(fixture.folder.path()).unwrap();
    let steps = AtomicU32::new(0);
    let count = &mut |_| {
        steps.fetch_add(1, Ordering::Relaxed);
    };
    let made = back_up(&source, &to, false, &Control::default(), count).unwrap();
    assert!(steps.into_inner() > 1);
    note_beside(&source, &to, &Ok(made.messages), NOON).unwrap();
    let upkeep = block_on(fixture.store.upkeep()).unwrap();
    assert_eq!((upkeep.verified_at, upkeep.messages), (Some(NOON), 5));
    note_beside(&source, Path::new("/elsewhere"), &Ok(99), NOON).unwrap();
    assert_eq!(block_on(fixture.store.upkeep()).unwrap().messages, 5, "another folder is not the planned one");
}
