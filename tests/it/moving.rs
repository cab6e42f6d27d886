//! Moving in from other programs, and out again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use egui::{Key, Modifiers};
use serde_json::Value;

use crate::support::dovecot::Dovecot;
use crate::support::malote::{Malote, Running, files_below, text};
use crate::support::pop3_client::Pop3Client;
use crate::support::samples::{assert_same, message, messages};
use crate::support::screen::Screen;
use crate::support::window::Window;
use crate::support::{Incoming, USER};

fn data(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/import").join(name);
    path.to_str().unwrap().to_owned()
}

/// With an account that no server answers for.
fn offline() -> Malote {
    Malote::with_account(&Incoming::plain(9), &[])
}

fn import(malote: &Malote, place: &str) -> String {
    malote.ok(&["import", place, "--account", "Work"])
}

/// `Letter 1 seen starred` for each message of a mailbox.
fn marked(malote: &Malote, mailbox: &str) -> Vec<String> {
    let words = |row: &Value| {
        let flags: Vec<String> = row["flags"].as_array().unwrap().iter().map(text).collect();
        format!("{} {}", text(&row["subject"]), flags.join(" ")).trim().to_owned()
    };
    let mut rows: Vec<String> = malote.list(mailbox).iter().map(words).collect();
    rows.sort();
    rows
}

#[test]
fn a_thunderbird_profile_moves_in_with_folders_and_marks_and_without_what_was_deleted() {
    let malote = offline();
    let said = import(&malote, &data("thunderbird"));
    assert!(said.contains("account ana at pop.example.org, which is this account"), "{said}");
    assert!(said.contains("8 messages imported") && said.contains("1 folders belong to another"), "{said}");
    let inbox = ["Letter 1 seen", "Letter 2 starred answered", "Letter 4 seen", "Letter 5"];
    assert_eq!(marked(&malote, "inbox"), inbox);
    assert_eq!(marked(&malote, "archive"), ["Letter 10 seen"]);
    assert_eq!(marked(&malote, "Friends"), ["Letter 6 seen forwarded"]);
    assert_eq!(marked(&malote, "sent"), ["Letter 7 seen"]);
    assert_eq!(marked(&malote, "trash"), ["Letter 8 seen"]);
    // Nothing of what the program wrote before a message is the message's, and nothing else is missing.
    let key = malote.list("inbox").iter().find(|row| text(&row["subject"]) == "Letter 2").map(|row| text(&row["key"]));
    let raw = String::from_utf8(malote.raw(&key.unwrap())).unwrap();
    assert!(
        raw.starts_with("From: Sender 2 <") && raw.ends_with("\nFrom here it goes on.\n>From there, too.\n"),
        "{raw}"
    );
    let again = import(&malote, &data("thunderbird"));
    assert!(again.contains("0 messages imported") && again.contains("8 messages here already"), "{again}");
}

#[test]
fn what_is_there_is_said_before_anything_is_done() {
    let malote = offline();
    let said = malote.ok(&["import", &data("thunderbird"), "--account", "Work", "--dry-run"]);
    assert!(said.contains("Inbox: 5 messages") && said.contains("Inbox/Friends: 1 messages"), "{said}");
    assert!(malote.list("inbox").is_empty());
}

#[test]
fn claws_mail_moves_in_by_its_settings_or_by_its_folders() {
    for place in ["claws/.claws-mail", "claws/Mail"] {
        let malote = offline();
        let said = import(&malote, &data(place));
        assert!(said.contains("4 messages imported") && said.contains("2 messages on the server"), "{said}");
        assert_eq!(marked(&malote, "inbox"), ["Letter 1 seen", "Letter 2 starred answered"]);
        assert_eq!(marked(&malote, "friends"), ["Letter 6 seen"]);
        assert_eq!(marked(&malote, "sent"), ["Letter 7 seen"]);
    }
}

#[test]
fn getmails_and_mpops_lists_are_adopted_for_this_account_alone() {
    for place in ["getmail", "getmail/oldmail-pop.example.org-995-ana", "mpop/uidls"] {
        let malote = offline();
        let said = import(&malote, &data(place));
        assert!(said.contains("2 messages on the server that the other program has fetched"), "{place}: {said}");
        assert!(!import(&malote, &data(place)).contains("on the server that the other program has fetched"), "{place}");
    }
}

#[test]
fn what_cannot_be_read_is_told_with_its_place_and_does_not_stop_the_rest() {
    let malote = offline();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.mbox");
    let mbox = [b"From a@b Fri Nov 27 10:00:00 2026\n".to_vec(), lf(&message(1)), b"\n".to_vec()].concat();
    fs::write(&file, &mbox).unwrap();
    fs::write(
        folder.path().join("b.mbox"),
        [b"\0\0rubbish\n".as_slice(), &mbox, b"From malote@export.invalid Fri Nov 27 10:00:00 2026\nSubject: cut"]
            .concat(),
    )
    .unwrap();
    let outcome = malote.run(&["import", folder.path().to_str().unwrap(), "--account", "Work", "--format", "mbox"]);
    let outcome = outcome.failed();
    assert!(outcome.stderr.contains("b.mbox: 10 octets before message 1 belong to no message"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("message 2 is cut off"), "{}", outcome.stderr);
    assert_eq!((malote.list("a").len(), malote.list("b").len()), (1, 1));
    malote.run(&["import", "/nonexistent", "--account", "Work"]).failed();
}

/// As programs on Unix keep it.
fn lf(raw: &[u8]) -> Vec<u8> {
    let mut kept = raw.to_vec();
    kept.retain(|&octet| octet != b'\r');
    kept
}

/// The server's unique-ids, in the order of its messages.
fn uids(dovecot: &Dovecot) -> Vec<String> {
    let mut client = Pop3Client::sign_in(dovecot.plain().port, USER);
    let count: usize = client.say("STAT").split(' ').nth(1).unwrap().parse().unwrap();
    let uids = (1..=count).map(|n| client.say(&format!("UIDL {n}")).trim().rsplit(' ').next().unwrap().to_owned());
    let uids = uids.collect();
    client.say("QUIT");
    uids
}

/// What Thunderbird has of these messages: all but the last two, of which one was deleted and one is only known.
fn thunderbird(messages: &[Vec<u8>], uids: &[String]) -> tempfile::TempDir {
    let profile = tempfile::tempdir().unwrap();
    let mail = profile.path().join("Mail/pop.example.org");
    fs::create_dir_all(&mail).unwrap();
    let prefs = [
        ("mail.account.account2.server", "server2"),
        ("mail.server.server2.type", "pop3"),
        ("mail.server.server2.hostname", "pop.example.org"),
        ("mail.server.server2.userName", USER),
        ("mail.server.server2.directory-rel", "[ProfD]Mail/pop.example.org"),
    ];
    let prefs = prefs.map(|(key, value)| format!("user_pref(\"{key}\", \"{value}\");\n"));
    fs::write(profile.path().join("prefs.js"), prefs.concat()).unwrap();
    let mut inbox = Vec::new();
    for (n, (raw, uid)) in messages.iter().zip(uids).enumerate().take(messages.len() - 1) {
        let status = if n + 2 == messages.len() { "0009" } else { "0001" };
        inbox.extend_from_slice(format!("From - Fri Nov 27 10:00:00 2026\nX-Account-Key: account2\nX-UIDL: {uid}\nX-Mozilla-Status: {status}\nX-Mozilla-Status2: 00000000\n").as_bytes());
        inbox.extend(lf(raw));
        inbox.push(b'\n');
    }
    fs::write(mail.join("Inbox"), inbox).unwrap();
    let known: String = uids.iter().map(|uid| format!("k {uid} 1793606400\n")).collect();
    fs::write(mail.join("popstate.dat"), format!("# POP3 State File\n\n*pop.example.org {USER}\n{known}")).unwrap();
    profile
}

#[test]
fn after_moving_from_thunderbird_nothing_is_fetched_twice_and_the_rules_hold_for_what_moved() {
    let dovecot = Dovecot::start();
    dovecot.deliver(&messages(20));
    let malote = Malote::with_account(&dovecot.plain(), &[]);
    let profile = thunderbird(&messages(20), &uids(&dovecot));
    let said = import(&malote, profile.path().to_str().unwrap());
    assert!(said.contains("18 messages imported") && said.contains("2 messages on the server"), "{said}");

    let visit = malote.get();
    assert_eq!((visit.new, visit.bytes), (0, 0), "nothing is fetched");
    assert_eq!(malote.list("inbox").len(), 18);
    dovecot.deliver(&[message(21)]);
    assert_eq!(malote.get().new, 1, "but what is new");

    malote.ok(&["account", "edit", "Work", "--keep", "none"]);
    assert_eq!(malote.get().deleted_on_server, 19, "what is here goes; what was only known there stays");
    assert_same(dovecot.maildrop(), vec![message(19), message(20)], "on the server");
    assert_eq!(malote.list("inbox").len(), 19);
}

#[test]
fn mail_without_unique_ids_is_told_by_its_header_and_linked() {
    let dovecot = Dovecot::start();
    dovecot.deliver(&messages(20));
    let malote = Malote::with_account(&dovecot.plain(), &["--keep", "none"]);
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("cur")).unwrap();
    for (n, raw) in messages(15).iter().enumerate() {
        fs::write(folder.path().join("cur").join(format!("{n}:2,S")), lf(raw)).unwrap();
    }
    import(&malote, folder.path().to_str().unwrap());
    let visit = malote.get();
    assert_eq!((visit.new, visit.deleted_on_server), (5, 20), "{visit:?}");
    assert!(dovecot.maildrop().is_empty());
    assert_eq!(malote.list("inbox").len(), 20);
}

#[test]
fn after_moving_from_claws_mail_messages_on_the_server_are_linked_with_those_that_moved() {
    let dovecot = Dovecot::start();
    dovecot.deliver(&messages(10));
    let malote = Malote::with_account(&dovecot.plain(), &["--keep", "none"]);
    let home = tempfile::tempdir().unwrap();
    let (mail, settings) = (home.path().join("Mail/inbox"), home.path().join(".claws-mail/uidl"));
    fs::create_dir_all(&mail).unwrap();
    fs::create_dir_all(&settings).unwrap();
    for (n, raw) in messages(8).iter().enumerate() {
        fs::write(mail.join((n + 1).to_string()), lf(raw)).unwrap();
    }
    let known: String = uids(&dovecot).iter().map(|uid| format!("{uid}\t1793606400\t0\n")).collect();
    fs::write(settings.join(format!("pop.example.org-{USER}")), known).unwrap();
    import(&malote, home.path().join("Mail").to_str().unwrap());
    let first = malote.get();
    assert_eq!(first.new, 0, "{first:?}");
    let second = malote.get();
    assert_eq!(first.deleted_on_server + second.deleted_on_server, 8, "{first:?} {second:?}");
    assert_same(dovecot.maildrop(), vec![message(9), message(10)], "what is not here stays there");
}

/// A message of every kind that a container may damage.
fn hostile() -> Vec<Vec<u8>> {
    let mut all = messages(14);
    all.extend(all.clone().iter().map(|raw| lf(raw)).map(|raw| [b"X-Kept: LF\n".to_vec(), raw].concat()));
    let more: [&[u8]; 11] = [
        b"",
        b"Subject: no line end at the end\n\nText",
        b"Subject: CR at the end\n\nText\r",
        b"Subject: NUL\n\n\0\0\0\n",
        b"Subject: From\n\nFrom a@b Fri Nov 27 10:00:00 2026\nSubject: within\n\n>From x\n>>From y\n",
        b"Subject: mixed\r\n\r\na\nb\r\nc\rd\r\n\n\r\n\n",
        b"X-Mozilla-Status: 0009\nX-UIDL: mine\nSubject: not the program's\n\nText\n",
        b"Subject: blank lines\n\nText\n\n\n\r\n\r\n",
        b"From here on there is no header",
        b"\n",
        b"\r\n\r\n",
    ];
    all.extend(more.iter().map(|raw| raw.to_vec()));
    all
}

#[test]
fn what_was_exported_comes_back_to_the_last_octet_with_its_marks_whatever_the_format() {
    let first = offline();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("cur")).unwrap();
    for (n, raw) in hostile().iter().enumerate() {
        let flags = ["", "S", "FS", "PRS"][n % 4];
        fs::write(folder.path().join("cur").join(format!("{n}:2,{flags}")), raw).unwrap();
    }
    import(&first, folder.path().to_str().unwrap());
    assert_same(first.stored(), hostile(), "moved in");
    for format in ["mbox", "maildir", "eml"] {
        let target = tempfile::tempdir().unwrap();
        let place = target.path().join("out");
        let place = place.to_str().unwrap();
        let chosen: &[&str] = if format == "eml" { &["--account", "Work"] } else { &[] };
        first.ok(&[&["export", place, "--format", format], chosen].concat());
        assert!(!files_below(target.path()).iter().any(|file| file.ends_with("EXPORT-NOT-FINISHED")));
        let second = offline();
        import(&second, place);
        assert_same(second.stored(), hostile(), format);
        assert_eq!(second.list("inbox").len(), hostile().len(), "{format}");
        if format != "eml" {
            assert_eq!(marked(&second, "inbox"), marked(&first, "inbox"), "{format}");
        }
        first.run(&[&["export", place, "--format", format], chosen].concat()).failed();
    }
}

#[test]
fn one_mailbox_or_what_a_search_finds_is_exported_alone() {
    let malote = offline();
    import(&malote, &data("thunderbird"));
    let target = tempfile::tempdir().unwrap();
    let exported = |name: &str, chosen: &[&str]| {
        let place: PathBuf = target.path().join(name);
        malote.ok(&[&["export", place.to_str().unwrap(), "--format", "eml"], chosen].concat());
        files_below(&place).len()
    };
    assert_eq!(exported("a", &["--mailbox", "sent"]), 1);
    assert_eq!(exported("b", &["--search", "subject:letter is:starred"]), 1);
    assert_eq!(exported("c", &["--account", "Work", "--mailbox", "inbox"]), 4);
    malote.run(&["export", target.path().join("d").to_str().unwrap(), "--search", "newer:nonsense"]);
    assert!(!target.path().join("d").join("Work").exists());
}

/// Messages of some kilobytes, as one mbox.
fn large_mbox(count: usize, octets: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut file = Vec::new();
    for n in 1..=count {
        file.extend_from_slice(b"From a@b Fri Nov 27 10:00:00 2026\n");
        file.extend(lf(&message(n)));
        let mut noise = n as u32;
        for _ in 0..octets / 77 {
            let line = (0..76).map(|_| {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                b'a' + (noise >> 24) as u8 % 26
            });
            file.extend(line);
            file.push(b'\n');
        }
        file.push(b'\n');
    }
    fs::write(folder.path().join("inbox.mbox"), file).unwrap();
    folder
}

#[test]
fn an_import_that_is_killed_again_and_again_has_every_message_once_in_the_end() {
    let folder = large_mbox(3000, 3000);
    let place = folder.path().join("inbox.mbox");
    let place = place.to_str().unwrap();
    let malote = offline();
    let size = || {
        files_below(malote.profile()).iter().map(|file| fs::metadata(file).map_or(0, |data| data.len())).sum::<u64>()
    };
    let mut amid = 0;
    for grown_bytes in [200_000, 500_000, 1_000_000, 1_500_000, 2_000_000] {
        let (before, mut running) = (size(), malote.start(&["import", place, "--account", "Work"]));
        while !running.has_ended() && size() < before + grown_bytes {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        running.kill();
        let count = malote.list("inbox").len();
        amid += usize::from(count > 0 && count < 3000);
    }
    let said = import(&malote, place);
    let rows = malote.list("inbox");
    let mut subjects: Vec<String> = rows.iter().map(|row| text(&row["subject"])).collect();
    subjects.sort();
    subjects.dedup();
    assert_eq!((rows.len(), subjects.len()), (3000, 3000), "{said}");
    assert!(amid > 0, "no kill struck in the middle: {said}");
}

#[test]
fn mail_is_imported_and_exported_in_the_window() {
    let screen = Screen::start();
    let malote = offline();
    let window = Window::open(&malote, &screen);
    let target = tempfile::tempdir().unwrap();
    let place = target.path().join("copy");
    for theme in ["Light", "Dark"] {
        window.click("Settings");
        window.click(theme);
        window.picture(&format!("moving-1-settings-{theme}"));
        window.click("Import mail…");
        window.fill("From", &data("thunderbird"));
        window.press(Key::Enter, Modifiers::NONE);
        window.see("Inbox/Friends");
        window.picture(&format!("moving-2-found-{theme}"));
        window.click("Import");
        window.see("imported into Work.");
        window.picture(&format!("moving-3-imported-{theme}"));
        window.click("Done");
        window.see("Letter 5");
        window.click("Settings");
        window.click("Export mail…");
        window.fill("Into", &format!("{}-{theme}", place.display()));
        window.picture(&format!("moving-4-export-{theme}"));
        window.click("Export");
        window.see("8 messages written to");
        window.picture(&format!("moving-5-exported-{theme}"));
        window.click("Done");
    }
    screen.press("alt+F4");
    window.closed().succeeded();
    assert!(target.path().join("copy-Light/Work/Inbox.mbox").exists());
}

#[test]
fn a_disk_that_is_full_ends_the_import_and_the_next_one_completes_it() {
    let folder = large_mbox(400, 30_000);
    let place = folder.path().join("inbox.mbox");
    let place = place.to_str().unwrap();
    let malote = offline();
    // The signal that would end it is ignored, so that writing fails as it does on a full disk.
    let inner = malote.command(&["import", place, "--account", "Work"]);
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 6000; exec \"$0\" \"$@\""]).arg(inner.get_program());
    command.args(inner.get_args()).env_clear();
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let outcome = Running::of(command, None).end().failed();
    assert!(outcome.stderr.contains("import the same again"), "{}", outcome.stderr);
    let there = malote.list("inbox").len();
    assert!(there > 0 && there < 400, "{there}");
    import(&malote, place);
    assert_eq!(malote.list("inbox").len(), 400);
}
