//! The profile: one process at a time, no older program, and a disk that may be full.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::support::Incoming;
use crate::support::dovecot::Dovecot;
use crate::support::malote::{Malote, Running, files_below};
use crate::support::process::{PATIENCE, wait_for};
use crate::support::samples::{assert_same, messages};
use crate::support::scripted::{Act, Pop3Server, Script};

#[test]
fn a_second_process_is_told_that_the_profile_is_in_use() {
    let server = Pop3Server::start(Script::but("RETR", Act::Silence), &messages(2));
    let malote = Malote::with_account(&server.incoming(), &["--timeout-secs", "30"]);
    let mut first = malote.start(&["get"]);
    assert!(wait_for(PATIENCE, || server.count("RETR") > 0).is_some());
    for arguments in [&["get"][..], &["list"], &["account", "list"]] {
        let said = malote.run(arguments).failed().said();
        assert!(said.contains("in use"), "{arguments:?}: {said}");
    }
    assert_eq!(server.sessions().len(), 1, "the second one did not connect");
    first.kill();
    assert_eq!(malote.list("inbox").len(), 0, "a lock left by a killed process holds nobody up");
}

#[test]
fn a_database_of_a_newer_version_is_refused_untouched() {
    let malote = Malote::with_account(&Incoming::plain(110), &[]);
    let database = malote.database();
    let connection = rusqlite::Connection::open(&database).unwrap();
    connection.pragma_update(None, "user_version", 9999).unwrap();
    connection.pragma_update(None, "wal_checkpoint", "TRUNCATE").unwrap_or(());
    drop(connection);
    let before = fs::read(&database).unwrap();
    for arguments in [&["get"][..], &["list"], &["account", "list"]] {
        let said = malote.run(arguments).failed().said();
        assert!(said.contains("newer"), "{said}");
    }
    assert!(fs::read(&database).unwrap() == before, "it was written to");
}

#[test]
fn a_file_that_is_no_database_is_refused_untouched() {
    let malote = Malote::with_account(&Incoming::plain(110), &[]);
    let database = malote.database();
    let garbage = b"This is not a database, but perhaps it is all that is left of one. ".repeat(100);
    fs::write(&database, &garbage).unwrap();
    let said = malote.run(&["get"]).failed().said();
    assert!(said.contains("damaged"), "{said}");
    let kept = files_below(malote.profile()).iter().any(|file| fs::read(file).unwrap() == garbage);
    assert!(kept, "it is kept, there or aside");
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    let malote = Malote::new();
    fs::write(malote.profile(), "a file where the folder should be").unwrap();
    let said = malote.run(&["list"]).failed().said();
    assert!(said.contains("profile"), "{said}");
}

#[test]
fn what_the_program_writes_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dovecot = Dovecot::start();
    dovecot.deliver(&messages(2));
    let malote = Malote::with_account(&dovecot.tls(), &[]);
    malote.get();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o077;
    assert_eq!(mode(malote.profile()), 0, "the folder");
    for file in files_below(malote.profile()) {
        assert_eq!(mode(&file), 0, "{}", file.display());
    }
}

/// Collecting into a disk that fills up ends with words and without a deletion; with room again, all is well.
fn check_full(malote: &Malote, dovecot: &Dovecot, run: impl Fn(&[&str]) -> Running, make_room: impl FnOnce()) {
    let outcome = run(&["get", "--json"]).end();
    assert_eq!(outcome.status, Some(1), "{}", outcome.said());
    let words = outcome.said().to_lowercase();
    assert!(["disk", "full", "room", "space", "too large"].iter().any(|word| words.contains(word)), "{words}");
    let stored_before = {
        make_room();
        malote.stored()
    };
    let left = dovecot.maildrop();
    for raw in large_messages() {
        assert!(left.contains(&raw) || stored_before.contains(&raw), "a message is lost");
    }
    malote.get();
    assert_same(malote.stored(), large_messages(), "with room again");
    assert!(dovecot.maildrop().is_empty());
}

/// Twelve messages of 400,000 octets that cannot be compressed.
fn large_messages() -> Vec<Vec<u8>> {
    let mut seed = 1_u32;
    let mut noise = move || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'!' + (seed >> 24) as u8 % 90)
    };
    let large = |mut raw: Vec<u8>| {
        for _ in 0..5000 {
            raw.extend((0..78).map(|_| noise() as u8).map(|octet| if octet == b'.' { b',' } else { octet }));
            raw.extend_from_slice(b"\r\n");
        }
        raw
    };
    messages(12).into_iter().map(large).collect()
}

#[test]
fn a_full_disk_ends_the_collection_before_anything_is_deleted() {
    let dovecot = Dovecot::start();
    dovecot.deliver(&large_messages());
    let malote = Malote::with_account(&dovecot.tls(), &["--keep", "none"]);
    match SmallDisk::at(malote.profile()) {
        Some(disk) => check_full(&malote, &dovecot, |arguments| malote.start(arguments), || disk.grow()),
        // Where nothing may be mounted, the smallest limit on files has to stand for the disk.
        None => check_full(&malote, &dovecot, |arguments| limited(&malote, 2048, arguments), || {}),
    }
}

#[test]
fn a_limit_on_the_size_of_files_ends_the_collection_before_anything_is_deleted() {
    let dovecot = Dovecot::start();
    dovecot.deliver(&large_messages());
    let malote = Malote::with_account(&dovecot.tls(), &["--keep", "none"]);
    check_full(&malote, &dovecot, |arguments| limited(&malote, 4096, arguments), || {});
}

/// A run whose files may have so many blocks of 512 octets. The signal that would end it is ignored, so that writing fails
/// instead, as it does on a full disk.
fn limited(malote: &Malote, blocks: u32, arguments: &[&str]) -> Running {
    let inner = malote.command(arguments);
    let mut command = Command::new("sh");
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    command.args(["-c", &script]).arg(inner.get_program()).args(inner.get_args()).env_clear();
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    Running::of(command, None)
}

/// A disk of 3 MiB in memory in place of a folder, with what the folder held.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn at(folder: &std::path::Path) -> Option<Self> {
        let aside = folder.with_extension("aside");
        fs::rename(folder, &aside).unwrap();
        fs::create_dir(folder).unwrap();
        let place = folder.to_str().unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=3m,mode=700", "tmpfs", place]).status();
        let disk = mounted.is_ok_and(|status| status.success()).then(|| Self(folder.to_owned()));
        for file in files_below(&aside) {
            fs::copy(&file, folder.join(file.file_name().unwrap())).unwrap();
        }
        disk
    }

    fn grow(&self) {
        let grown = Command::new("mount").args(["-o", "remount,size=100m"]).arg(&self.0).status();
        assert!(grown.is_ok_and(|status| status.success()));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _still_in_use = Command::new("umount").arg(&self.0).status();
    }
}
