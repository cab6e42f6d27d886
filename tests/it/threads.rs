//! Conversations, from the command line and in the window: what belongs together is together, wherever it lies.

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use serde_json::Value;

use crate::support::dovecot::Dovecot;
use crate::support::malote::{Malote, text};
use crate::support::samples::messages;
use crate::support::screen::Screen;
use crate::support::window::Window;

/// Messages of the demonstration, by the beginnings of their files' names.
fn demonstration(names: &[&str]) -> Vec<Vec<u8>> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo");
    let file = |name: &&str| {
        let mut files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        files.find(|path| path.file_name().unwrap().to_str().unwrap().starts_with(name)).unwrap()
    };
    names.iter().map(file).map(|path| std::fs::read(path).unwrap()).collect()
}

fn key_of(malote: &Malote, query: &str) -> String {
    let rows = malote.run(&["search", query, "--json"]).succeeded().json();
    assert_eq!(rows.len(), 1, "{query}: {rows:?}");
    text(&rows[0]["key"])
}

/// Who stands how deep in the conversation of this message.
fn tree(malote: &Malote, key: &str) -> Vec<(u64, String)> {
    let place = |line: &Value| {
        let from = line["from"].as_str().unwrap_or("?").split(' ').next().unwrap().to_owned();
        (line["depth"].as_u64().unwrap(), from)
    };
    malote.run(&["thread", key, "--json"]).succeeded().json().iter().map(place).collect()
}

fn expected(places: &[(u64, &str)]) -> Vec<(u64, String)> {
    places.iter().map(|(depth, from)| (*depth, (*from).to_owned())).collect()
}

#[test]
fn a_conversation_goes_across_accounts_and_its_beginning_may_come_last() {
    let (work, home) = (Dovecot::start(), Dovecot::start());
    work.deliver(&demonstration(&["0038", "0031", "0039", "0062"]));
    work.deliver(&messages(2));
    let malote = Malote::with_account(&work.plain(), &[]);
    malote.get();
    let sam = key_of(&malote, "from:sam");
    assert_eq!(tree(&malote, &sam), expected(&[(0, "Ole"), (1, "Priya"), (2, "Sam")]));

    home.deliver(&demonstration(&["0040"]));
    malote.add("Home", &home.plain(), &[]);
    malote.get_all(&["Home"]);
    let whole = expected(&[(0, "Priya"), (1, "Ole"), (2, "Priya"), (3, "Sam")]);
    assert_eq!(tree(&malote, &sam), whole);
    let first = key_of(&malote, "account:home");
    assert_eq!(tree(&malote, &first), whole);
    let found = malote.run(&["search", &format!("thread:{first} from:priya"), "--json"]).succeeded().json();
    assert_eq!(found.len(), 2, "{found:?}");

    let said = malote.ok(&["thread", &sam]);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "Compensate for creep in saddle-stitched booklets: 4 messages");
    assert!(lines[4].contains("      Sam Whitfield") && lines[4].contains(&format!("{sam} >")), "{said}");

    malote.ok(&["delete", &sam]);
    assert_eq!(tree(&malote, &first).len(), 3);
    assert_eq!(tree(&malote, &sam).len(), 4, "it is part of it still, in the Trash");
    malote.ok(&["empty-trash"]);
    let gone = malote.run(&["thread", &sam]).failed().said();
    assert!(gone.contains(&sam), "{gone}");
    let alone = key_of(&malote, "bookplates");
    assert_eq!(tree(&malote, &alone).len(), 1);
}

#[test]
fn in_the_window_a_conversation_is_counted_unfolded_and_gone_through() {
    let dovecot = Dovecot::start();
    dovecot.deliver(&demonstration(&["0046", "0044", "0041", "0026", "0004"]));
    let malote = Malote::with_account(&dovecot.plain(), &[]);
    malote.get();
    malote.ok(&["archive", &key_of(&malote, "from:ines")]);
    let screen = Screen::start();
    let window = Window::open(&malote, &screen);
    window.see("Teresa Duarte");
    window.press(Key::J, Modifiers::NONE);
    window.see("5 messages in this conversation");
    window.picture("threads-00-folded");
    window.click_one(Role::Button, "5 messages in this conversation");
    window.find("the message in the Archive", |widget| {
        widget.role == Role::Button && widget.label.contains("in Archive")
    });
    window.picture("threads-01-unfolded");
    window.press(Key::OpenBracket, Modifiers::NONE);
    window.press(Key::OpenBracket, Modifiers::NONE);
    window.see("Inês Duarte <ines.duarte@spreeufer.example>");
    window.picture("threads-02-opened-from-the-archive");
    window.click("Settings");
    window.click("Dark");
    window.click("Done");
    window.see("5 messages in this conversation");
    window.picture("threads-03-dark");
}
