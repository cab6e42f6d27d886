//! The walls of the house as a test: who may import what, where SQL may stand, what a comment must not be, and the grid that the
//! window stands on.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::malote::files_below;

/// Files below `within` import nothing that begins with one of `never`, but for `except`.
struct Wall {
    within: &'static str,
    never: &'static [&'static str],
    except: &'static [&'static str],
}

/// An address of the net is a number like any other: naming one reaches nothing.
const NUMBERS: [&str; 3] = ["std::net::IpAddr", "std::net::Ipv4Addr", "std::net::Ipv6Addr"];

/// The modules of ours; `account`, `mail` and `protocol` know none but themselves.
const OURS: [&str; 13] =
    ["account", "app", "cli", "demo", "engine", "mail", "net", "page", "profile", "protocol", "secret", "store", "ui"];

const CLOCKS: [&str; 4] = ["std::time::SystemTime", "std::time::Instant", "jiff::Timestamp::now", "jiff::Zoned::now"];

/// The directions of the architecture. `store::types` and `secret::Password` are the words in which engine and screen speak of
/// mail and passwords: plain data, no SQL, no keyring.
const WALLS: [Wall; 10] = [
    Wall { within: "mail/", never: &["rusqlite", "egui", "eframe", "async_std", "std::fs", "std::net"], except: &[] },
    Wall { within: "protocol/", never: &["async_std", "async_channel", "futures", "std::net", "std::fs"], except: &[] },
    Wall { within: "account/", never: &["rusqlite", "egui", "eframe", "async_std", "std::net"], except: &[] },
    Wall {
        within: "store/",
        never: &["crate::protocol", "crate::net", "crate::engine", "crate::ui", "async_std", "egui", "eframe"],
        except: &[],
    },
    Wall { within: "net.rs", never: &["crate::mail", "crate::store", "crate::engine", "crate::ui"], except: &[] },
    Wall { within: "net/", never: &["crate::mail", "crate::store", "crate::engine", "crate::ui"], except: &[] },
    Wall {
        within: "page/",
        never: &["crate::store", "crate::net", "crate::engine", "crate::ui", "egui", "std::net", "async_std"],
        // The test of the process's walls tries both, in vain.
        except: &["std::net::UdpSocket::bind", "std::net::TcpStream::connect"],
    },
    Wall { within: "engine/", never: &["egui", "eframe", "rusqlite", "crate::ui"], except: &[] },
    Wall {
        within: "ui/",
        never: &[
            "crate::store",
            "crate::net",
            "crate::protocol",
            "crate::secret",
            "rusqlite",
            "async_std",
            "std::fs",
            "std::net",
        ],
        except: &["crate::store::types", "crate::secret::Password"],
    },
    Wall { within: "ui/model/", never: &["egui", "eframe"], except: &[] },
];

/// What only these files may name.
const ONLY: [(&str, &[&str]); 7] = [
    ("async_std", &["net.rs", "net/", "engine/", "demo/"]),
    ("blitz_dom", &["page/"]),
    ("blitz_html", &["page/"]),
    ("keyring", &["secret.rs"]),
    ("mail_parser", &["mail/"]),
    ("rusqlite", &["store/"]),
    ("zbus", &["desktop.rs", "engine/link.rs"]),
];

const SQL: [&str; 6] = ["SELECT ", "INSERT INTO ", "DELETE FROM ", "CREATE TABLE ", "ALTER TABLE ", "PRAGMA "];

#[test]
fn every_file_keeps_to_its_side_of_the_walls() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = files_below(&source);
    let is_source = |file: &&PathBuf| file.extension().is_some_and(|e| e == "rs") && !is_only_for_tests(file);
    let files: Vec<&PathBuf> = files.iter().filter(is_source).collect();
    assert!(files.len() > 10, "there is something to look at");
    let faults: Vec<String> = files
        .iter()
        .flat_map(|file| {
            let name = file.strip_prefix(&source).unwrap().to_str().unwrap();
            faults_of(name, &fs::read_to_string(file).unwrap())
        })
        .collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn the_walls_would_hold() {
    let cases = [
        ("mail/body.rs", "use crate::store::Store;", "crate::store::Store"),
        ("mail/body.rs", "use std::{fs, io};", "std::fs"),
        ("mail/body.rs", "fn f() { let t = std::time::SystemTime::now(); }", "std::time::SystemTime"),
        ("mail/deep/er.rs", "use super::super::super::net::Line;", "crate::net::Line"),
        ("protocol/pop3/session.rs", "use crate::mail::Envelope;", "crate::mail::Envelope"),
        ("store/mod.rs", "use crate::{account::Account, engine::{Event, Problem}};", "crate::engine::Event"),
        ("net.rs", "fn f(_: crate::store::types::MessageKey) {}", "crate::store::types::MessageKey"),
        ("ui/sidebar.rs", "use crate::store::Store;", "crate::store::Store"),
        ("ui/sidebar.rs", "use crate::secret::keep;", "crate::secret::keep"),
        ("ui/model/page.rs", "use egui::Ui;", "egui"),
        ("engine/mod.rs", "use rusqlite::Connection;", "rusqlite"),
        ("cli/mod.rs", "use async_std::task;", "async_std"),
        ("engine/mod.rs", "let entry = keyring::Entry::new(a, b);", "keyring"),
        ("store/raw.rs", "use mail_parser::Message;", "mail_parser"),
        ("engine/errands.rs", "use zbus::Connection;", "zbus"),
        ("engine/mod.rs", "db.run(\"DELETE FROM message\")", "SQL"),
        ("cli/mod.rs", "///\nfn f() {}", "empty"),
        ("cli/mod.rs", "/// Says.\n///\nfn f() {}", "empty"),
        ("cli/mod.rs", "// TODO: later", "TODO"),
        ("ui/sidebar.rs", "ui.add_space(6.0);", "grid"),
        ("ui/sidebar.rs", "let m = Margin { left: 8, right: 9, top: 4, bottom: 4 };", "grid"),
        ("ui/sidebar.rs", "frame.inner_margin(Margin::symmetric(12, 7))", "grid"),
    ];
    for (name, source, fault) in cases {
        let faults = faults_of(name, source);
        assert!(faults.iter().any(|words| words.contains(fault)), "{name}: {source}: {faults:?}");
    }
}

#[test]
fn the_walls_have_doors() {
    let cases = [
        ("mail/body.rs", "use super::text::fit;\nuse crate::mail::address::Address;\nuse std::fmt;"),
        ("mail/body.rs", "// use crate::store::Store;\n/// Not a word of [`crate::store`].\nfn f() {}"),
        ("mail/body.rs", "fn f() {}\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}"),
        ("ui/sidebar.rs", "use crate::store::types::{MessageKey, Role};\nuse crate::secret::Password;"),
        ("engine/mod.rs", "use crate::{mail::Draft, store::Store};\nuse async_std::task;"),
        ("store/mod.rs", "db.run(\"SELECT 1\")"),
        ("cli/mod.rs", "/// Says.\n///\n/// More.\n// TODO(ana): later\nfn f() {}"),
        ("engine/link.rs", "use zbus::Connection;"),
        ("ui/sidebar.rs", "ui.add_space(8.0); f(7.0); Margin::symmetric(WIDE, 2); add_space(GAP)"),
        ("net.rs", "use std::net::SocketAddr;\nuse crate::protocol::Machine;"),
    ];
    for (name, source) in cases {
        assert_eq!(faults_of(name, source), Vec::<String>::new(), "{name}: {source}");
    }
}

#[test]
fn no_file_names_a_place_on_somebodys_machine() {
    // Written in two parts, or this file would be the first one found.
    let places = [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!("/Use", "rs/")];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let looked_at = project_files(root);
    assert!(looked_at.len() > 20, "there is something to look at");
    for file in looked_at {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        for (number, line) in text.lines().enumerate() {
            let found = places.iter().find(|place| line.contains(**place));
            assert!(found.is_none(), "{}:{}: {}", file.display(), number + 1, line.trim());
        }
    }
}

/// Everything but what is built and what git keeps for itself.
fn project_files(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        match name.as_str() {
            "target" | ".git" | "Cargo.lock" => {}
            _ if path.is_dir() => files.extend(files_below(&path)),
            _ => files.push(path),
        }
    }
    files
}

/// A module that its parent declares for tests alone.
fn is_only_for_tests(file: &Path) -> bool {
    // `folder/mod.rs`, or `folder.rs` beside the folder.
    let parents = [file.with_file_name("mod.rs"), file.parent().unwrap_or(file).with_extension("rs")];
    let Some(parent) = parents.iter().find_map(|parent| fs::read_to_string(parent).ok()) else { return false };
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let mut lines = parent.lines().map(str::trim).skip_while(|line| *line != "#[cfg(test)]").peekable();
    while let Some(line) = lines.next() {
        if line == "#[cfg(test)]" && lines.peek().is_some_and(|next| next.ends_with(&format!("mod {name};"))) {
            return true;
        }
    }
    false
}

/// Everything that is wrong with one file of `src/`.
fn faults_of(name: &str, source: &str) -> Vec<String> {
    let mut faults = comment_faults(source);
    let code = code_of(source);
    for path in paths_of(&code).iter().map(|path| resolved(name, path)) {
        if NUMBERS.contains(&path.as_str()) {
            continue;
        }
        let begins = |prefix: &&str| path == **prefix || path.starts_with(&format!("{prefix}::"));
        for wall in WALLS.iter().filter(|wall| name.starts_with(wall.within)) {
            if wall.never.iter().any(begins) && !wall.except.iter().any(begins) {
                faults.push(format!("{} must not import {path}", wall.within));
            }
        }
        if let Some(own) = ["account", "mail", "protocol"].iter().find(|own| name.starts_with(&format!("{own}/"))) {
            if OURS.iter().any(|module| module != own && begins(&format!("crate::{module}").as_str())) {
                faults.push(format!("{own}/ must not import {path}: it stands on nothing of ours"));
            }
            if CLOCKS.iter().any(begins) {
                faults.push(format!("{own}/ must not ask the time: {path}"));
            }
        }
        for (word, places) in ONLY {
            if path.starts_with(&format!("{word}::")) && !places.iter().any(|place| name.starts_with(place)) {
                faults.push(format!("{word} belongs into {places:?}, not: {path}"));
            }
        }
    }
    if !name.starts_with("store/") {
        faults.extend(
            SQL.iter().filter(|words| code.contains(**words)).map(|words| format!("SQL outside store/: {words}")),
        );
    }
    if name.starts_with("ui/") {
        faults
            .extend(off_the_grid(&code).into_iter().map(|space| format!("{space} is not on the grid of four points")));
    }
    faults.into_iter().map(|fault| format!("{name}: {fault}")).collect()
}

/// Spaces, margins and roundings of the window that are no multiples of four points; a hairline is one or two.
fn off_the_grid(code: &str) -> Vec<String> {
    const SPACES: [&str; 9] = [
        "add_space(",
        "Margin::same(",
        "Margin::symmetric(",
        "Margin { ",
        "CornerRadius::same(",
        "item_spacing = ",
        "item_spacing.x = ",
        "item_spacing.y = ",
        "button_padding = ",
    ];
    let is_off = |number: &str| number.parse::<f32>().is_ok_and(|points| points > 2.0 && points % 4.0 != 0.0);
    let mut off = Vec::new();
    for line in code.lines() {
        for space in SPACES {
            for (at, _) in line.match_indices(space) {
                let said = line[at..].split([';', '}']).next().unwrap_or_default();
                let said = if space.ends_with('(') { said.split(')').next().unwrap_or_default() } else { said };
                let numbers = said.split(|c: char| !c.is_ascii_digit() && c != '.').map(|word| word.trim_matches('.'));
                if numbers.into_iter().any(is_off) {
                    off.push(said.to_owned());
                }
            }
        }
    }
    off
}

fn comment_faults(source: &str) -> Vec<String> {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let is_doc = |line: Option<&&str>| line.is_some_and(|line| line.starts_with("///"));
    let mut faults = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|i| lines.get(i));
        if *line == "///" && !(is_doc(before) && is_doc(lines.get(i + 1))) {
            faults.push(format!("line {}: an empty doc comment", i + 1));
        }
        for word in ["TODO", "FIXME"] {
            if line.split_once(word).is_some_and(|(before, after)| before.contains("//") && !after.starts_with('(')) {
                faults.push(format!("line {}: a {word} without an owner", i + 1));
            }
        }
    }
    faults
}

/// Without comments, and without the tests, which come last in every file.
fn code_of(source: &str) -> String {
    let own = source.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let lines = own.lines().map(|line| match line.find("//") {
        // A `//` in a string (a URL) follows a colon or a quote; the rest of such a line is code.
        Some(at) if !line[..at].ends_with([':', '"']) => &line[..at],
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Every path that is named, `use` lists taken apart: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn paths_of(code: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let mut prefixes: Vec<String> = Vec::new();
    let mut current = String::new();
    for character in code.chars().chain(['\n']) {
        match character {
            _ if character.is_alphanumeric() || character == '_' || character == ':' => current.push(character),
            '{' if current.ends_with("::") => {
                let whole = prefixes.last().cloned().unwrap_or_default() + &current;
                prefixes.push(whole);
                current.clear();
            }
            _ => {
                if !current.is_empty() {
                    paths.push(prefixes.last().cloned().unwrap_or_default() + &current);
                    current.clear();
                }
                if character == '}' {
                    prefixes.pop();
                } else if character == ';' {
                    prefixes.clear();
                }
            }
        }
    }
    paths.iter().map(|path| path.trim_matches(':').to_owned()).filter(|path| !path.is_empty()).collect()
}

/// `self::` and `super::` replaced by the module that they mean.
fn resolved(name: &str, path: &str) -> String {
    let mut module: Vec<&str> = name.trim_end_matches(".rs").split('/').collect();
    if matches!(module.last(), Some(&"mod" | &"lib" | &"main")) {
        module.pop();
    }
    let mut steps = path.split("::").peekable();
    let mut relative = false;
    while let Some(step @ ("self" | "super")) = steps.peek().copied() {
        relative = true;
        if step == "super" {
            module.pop();
        }
        steps.next();
    }
    let rest: Vec<&str> = steps.collect();
    if relative { [&["crate"][..], &module, &rest].concat().join("::") } else { path.to_owned() }
}
