//! How the program takes its orders, and what it says where it cannot follow them.

use crate::support::Incoming;
use crate::support::malote::Malote;

#[test]
fn wrong_usage_exits_with_2_and_says_what_is_wrong() {
    let malote = Malote::new();
    for arguments in [
        &["no-such-command"][..],
        &["get", "--no-such-switch"],
        &["account", "add"],
        &["account", "add", "--name", "x", "--port", "many"],
        &["list", "inbox", "--limit", "few"],
        &["list", "no-such-mailbox"],
        &["list", "--sort", "colour"],
        &["show"],
        &["export", "--format", "docx", "somewhere"],
    ] {
        let outcome = malote.run(arguments);
        assert_eq!(outcome.status, Some(2), "{arguments:?}: {}", outcome.said());
        assert!(!outcome.stderr.trim().is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_mailbox_is_listed_in_the_order_that_is_asked_for() {
    let malote = Malote::new();
    let listed = |order: &[&str]| malote.run(&[&["--demo", "list", "--json"], order].concat()).succeeded().json();
    let sizes = |order: &[&str]| -> Vec<u64> {
        listed(order).iter().map(|message| message["size"].as_u64().unwrap()).collect()
    };
    let largest = sizes(&["--sort", "size"]);
    assert!(largest.len() > 5 && largest.is_sorted_by(|a, b| a >= b), "{largest:?}");
    assert!(sizes(&["--sort", "size", "--reverse"]).is_sorted());
    let dates: Vec<i64> = listed(&["--reverse"]).iter().map(|message| message["date"].as_i64().unwrap()).collect();
    assert!(dates.len() == largest.len() && dates.is_sorted(), "{dates:?}");
}

#[test]
fn an_account_that_cannot_be_is_refused_in_plain_words() {
    let malote = Malote::new();
    let command = malote.password_command();
    let good = Incoming::plain(110);
    let cases: [(&str, Incoming, &[&str]); 4] = [
        ("host", Incoming { host: "pop3://x".into(), ..good.clone() }, &[]),
        ("days", good.clone(), &["--keep", "days:0"]),
        ("address", good.clone(), &["--address", "nobody"]),
        ("security", Incoming { security: "ssl3", ..good.clone() }, &[]),
    ];
    for (what, incoming, more) in cases {
        let mut arguments = vec!["--password-command", command.as_str()];
        arguments.extend(more);
        let outcome = malote.add_with("Work", &incoming, &arguments, None);
        assert_eq!(outcome.status, Some(2), "{what}: {}", outcome.said());
        assert!(outcome.stderr.len() > 20, "{what}: {}", outcome.said());
    }
    assert_eq!(malote.run(&["account", "list", "--json"]).succeeded().json().len(), 0, "none was added");
}

#[test]
fn two_accounts_cannot_have_one_name() {
    let malote = Malote::with_account(&Incoming::plain(110), &[]);
    let command = malote.password_command();
    let second = malote.add_with("Work", &Incoming::plain(110), &["--password-command", &command], None);
    assert_eq!(second.status, Some(2), "{}", second.said());
    assert!(second.stderr.contains("--name"), "{}", second.stderr);
    assert_eq!(malote.run(&["account", "list", "--json"]).succeeded().json().len(), 1);
}

#[test]
fn an_account_that_nobody_added_is_named() {
    let malote = Malote::with_account(&Incoming::plain(110), &[]);
    for arguments in
        [&["get", "Nobody"][..], &["account", "edit", "Nobody", "--keep", "none"], &["account", "test", "Nobody"]]
    {
        let said = malote.run(arguments).failed().said();
        assert!(said.contains("Nobody"), "{arguments:?}: {said}");
    }
}

#[test]
fn without_a_display_it_names_what_works_without_one() {
    // Neither DISPLAY nor WAYLAND_DISPLAY is in the environment of any run here.
    let said = Malote::new().run(&[]).failed().stderr;
    assert!(said.contains("display"), "{said}");
    for command in ["get", "list", "show"] {
        assert!(said.contains(command), "{command} is not named: {said}");
    }
}

#[test]
fn a_display_that_does_not_answer_is_no_reason_to_panic() {
    let mut malote = Malote::new();
    malote.set("DISPLAY", ":4711");
    malote.run(&[]).failed();
}

#[test]
fn the_demonstration_collects_its_own_mail_and_leaves_nothing_behind() {
    let malote = Malote::new();
    let outcome = malote.run(&["--demo", "get"]).succeeded();
    let said = outcome.said();
    assert!(said.lines().count() > 30, "what arrived is printed: {said}");
    assert!(!malote.profile().exists(), "the throw-away profile is another one");
}

#[test]
fn a_visit_is_told_in_words_where_nobody_asks_for_json() {
    let said = Malote::with_account(&Incoming::plain(1), &[]).run(&["get"]).failed().said();
    assert!(said.contains("Work") && !said.trim_start().starts_with('{'), "{said}");
}

#[test]
fn a_message_is_inspected_without_a_profile() {
    let malote = Malote::new();
    let file = malote.home().join("one.eml");
    let raw = "From: =?utf-8?q?J=C3=BCrgen?= <j@example.net>\r\nSubject: =?utf-8?b?4pyT?=\r\n\
               Date: Mon, 2 Nov 2026 10:00:00 +0100\r\n\r\nHello.\r\n";
    std::fs::write(&file, raw).unwrap();
    let lines = malote.run(&["inspect", file.to_str().unwrap(), "--json"]).succeeded().json();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["subject"], "✓");
    assert_eq!(lines[0]["from"][0]["name"], "Jürgen");
    assert_eq!(lines[0]["from"][0]["addr"], "j@example.net");
    assert_eq!(lines[0]["date"], 1_793_610_000_i64);
    assert!(lines[0]["text"].as_str().unwrap().starts_with("Hello."));
    assert!(lines[0]["html"].is_null(), "{}", lines[0]);
    assert_eq!(lines[0]["attachments"], serde_json::json!([]));
    assert!(!malote.profile().exists());
}

#[test]
fn attachments_are_saved_under_names_that_are_safe() {
    let malote = Malote::new();
    let file = malote.home().join("two.eml");
    let raw = "From: a@example.net\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
               --b\r\nContent-Type: text/plain\r\n\r\nText.\r\n\
               --b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"../../evil.sh\"\r\n\
               Content-Transfer-Encoding: base64\r\n\r\nZXZpbA==\r\n--b--\r\n";
    std::fs::write(&file, raw).unwrap();
    let folder = malote.home().join("a/b/c");
    std::fs::create_dir_all(&folder).unwrap();
    malote.ok(&["attachments", file.to_str().unwrap(), "--save", folder.to_str().unwrap()]);
    let saved: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|f| f.unwrap().path()).collect();
    assert_eq!(saved.len(), 1, "{saved:?}");
    assert_eq!(std::fs::read(&saved[0]).unwrap(), b"evil");
    assert!(!malote.home().join("a/evil.sh").exists() && !malote.home().join("evil.sh").exists());
}

#[test]
fn a_reader_that_goes_away_is_no_reason_to_complain() {
    let malote = Malote::with_account(&Incoming::plain(110), &[]);
    let inner = malote.command(&["account", "list"]);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "\"$0\" \"$@\" | true"]).arg(inner.get_program()).args(inner.get_args()).env_clear();
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let outcome = crate::support::malote::Running::of(command, None).end();
    assert_eq!(outcome.said(), "");
}
