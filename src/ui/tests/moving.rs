//! Moving in and out, as a person does it.

use egui::accesskit::Role as AccessRole;
use egui::{Key, Modifiers};

use super::Window;
use crate::engine::{Event, FoundFolder, ImportFault, ImportFormat, ImportReport, ImportSource, MoveProgress};
use crate::store::types::Role;
use crate::ui::testing::Desk;

fn source() -> ImportSource {
    let folder = |name: &str, role, messages| FoundFolder { name: name.into(), role, path: None, messages, bytes: 9 };
    ImportSource {
        place: "old/profile".into(),
        format: ImportFormat::Thunderbird,
        folders: vec![folder("Inbox", Role::Inbox, 1204), folder("Sent", Role::Sent, 1)],
        accounts: Vec::new(),
        known_uids: 37,
        folders_left_out: 1,
    }
}

#[test]
fn mail_of_another_program_is_looked_at_imported_and_what_came_of_it_is_said() {
    let mut window = Window::new(Desk::of(3));
    window.press_button("Settings");
    window.press_button("Import mail…");
    window.type_into("From", "old/profile");
    window.key(Modifiers::NONE, Key::Enter);
    window.meanwhile(|desk| {
        desk.answer("LookAtImport", Event::ImportFound(Box::new(source())));
    });
    window.sees("Thunderbird: 1,205 messages");
    window.sees("1 folder of another account");
    window.press_button("Import");
    assert!(window.asked().iter().any(|asked| asked.starts_with("Import {")), "{:?}", window.asked());
    window.meanwhile(|desk| {
        let progress = MoveProgress { done: 1, total: 2, messages: 600, known: 3, damaged: 0 };
        desk.hear(Event::MoveProgress(progress));
    });
    window.sees("600 messages imported, 3 here already");
    window.press_button("Cancel");
    window.sees("Stopping…");
    window.meanwhile(|desk| {
        let faults = vec![ImportFault { place: "Inbox".into(), why: "message 7 is cut off".into() }];
        let report = ImportReport {
            account_name: "Work".into(),
            imported: 700,
            damaged: 1,
            faults,
            stopped: true,
            ..ImportReport::default()
        };
        desk.answer("Import {", Event::Imported(Box::new(report)));
    });
    for words in ["700 messages imported into Work.", "stopped before its end", "message 7 is cut off"] {
        window.sees(words);
    }
    window.press_button("Done");
    assert!(!window.has(AccessRole::Button, "Done"));
}

#[test]
fn an_export_wants_a_new_folder_first() {
    let mut window = Window::new(Desk::of(3));
    window.press_button("Settings");
    window.press_button("Export mail…");
    window.press_button("Export");
    assert!(!window.asked().iter().any(|asked| asked.starts_with("Export {")));
    window.type_into("Into", "out");
    window.press_button("Export");
    assert!(window.asked().iter().any(|asked| asked.starts_with("Export {")), "{:?}", window.asked());
    window.sees("0 messages written");
}
