//! Backups in the settings, and the word at the foot of the window where one is wanting.

use egui::Vec2;
use egui::accesskit::Role as AccessRole;
use egui_kittest::Harness;

use super::Window;
use crate::engine::{BackedUp, DamagedMessage, Event, Healed, Progress, Report, Rhythm, Upkeep, UpkeepView};
use crate::store::types::{MessageKey, Role};
use crate::ui::action::{Action, Theme};
use crate::ui::testing::{Desk, failed};

const HOUR: i64 = 3600;

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

fn planned(verified_at: Option<i64>, failure: Option<&str>) -> Upkeep {
    Upkeep {
        rhythm: Rhythm::Daily,
        folder: Some("/media/disk/mail".into()),
        verified_at,
        messages: 1204,
        tried_at: Some(now() - HOUR / 2),
        failure: failure.map(str::to_owned),
        ..Upkeep::default()
    }
}

fn damaged() -> DamagedMessage {
    DamagedMessage {
        key: MessageKey(1),
        account: "Work".into(),
        role: Role::Inbox,
        from: "Bo <bo@example.org>".into(),
        subject: "Minutes".into(),
        date: 1_700_000_000,
        ..DamagedMessage::default()
    }
}

fn told(upkeep: Upkeep, damaged: Vec<DamagedMessage>) -> Desk {
    let mut desk = Desk::of(12);
    desk.hear(Event::Upkeep(Box::new(UpkeepView { upkeep, damaged })));
    desk
}

#[test]
fn the_foot_is_silent_as_long_as_nothing_is_wanting() {
    let cases = [
        ("nothing planned", Upkeep::default(), vec![], None),
        ("made", planned(Some(now() - 2 * HOUR), None), vec![], None),
        ("overdue", planned(Some(now() - 72 * HOUR), None), vec![], Some("Backup overdue: last verified 3 days ago")),
        ("never made, for it fails", planned(None, Some("absent")), vec![], Some("No backup yet")),
        ("failed", planned(Some(now() - HOUR), Some("absent")), vec![], Some("The last backup failed")),
        ("damage", planned(Some(now()), None), vec![damaged()], Some("1 damaged message")),
        ("much damage", planned(Some(now()), None), vec![damaged(); 3], Some("3 damaged messages")),
    ];
    for (name, upkeep, damaged, said) in cases {
        let mut window = Window::new(told(upkeep, damaged));
        let words = ["Backup overdue", "No backup yet", "The last backup failed", "damaged message"];
        match said {
            None => assert!(words.iter().all(|words| !window.shows(words)), "{name}"),
            Some(said) => {
                window.press_button(said);
                assert_eq!(window.done(), [Action::OpenSettings], "{name}");
            }
        }
    }
}

#[test]
fn the_settings_say_how_the_backups_stand_and_what_is_damaged() {
    let mut window =
        Window::new(told(planned(Some(now() - 2 * HOUR), Some("the disk of the backup is full")), vec![damaged()]));
    window.press_button("Settings");
    window.sees("Last verified 2 h ago: 1204 messages, every one read again.");
    window.sees("The last attempt, 30 min ago, failed: the disk of the backup is full.");
    window.sees("“Minutes” from Bo <bo@example.org>, 2023-11-14, Work/inbox");
    window.sees("Everything but the passwords");
}

#[test]
fn a_backup_is_planned_made_and_stopped() {
    let mut window = Window::new(Desk::of(3));
    window.press_button("Settings");
    window.type_into("Into the folder", "/media/disk/mail");
    window.click(AccessRole::RadioButton, "every week");
    assert!(
        window.asked().iter().any(|asked| asked.contains("Weekly") && asked.contains("/media/disk/mail")),
        "{:?}",
        window.asked()
    );
    let plans: Vec<String> = window.asked().into_iter().filter(|asked| asked.contains("PlanBackups")).collect();
    assert!(plans.last().is_some_and(|plan| plan.contains("Weekly")), "the last word counts: {plans:?}");
    window.meanwhile(|desk| {
        let upkeep = Upkeep { verified_at: None, tried_at: None, rhythm: Rhythm::Weekly, ..planned(None, None) };
        desk.hear(Event::Upkeep(Box::new(UpkeepView { upkeep, damaged: vec![] })));
    });
    window.press_button("Back up now");
    window.meanwhile(|desk| {
        desk.hear(Event::UpkeepProgress(Progress { messages: 64, of: 1204, ..Progress::default() }));
    });
    window.sees("Backing up: 64 of 1204 messages read");
    window.press_button("Stop");
    assert!(window.asked().iter().any(|asked| asked == "StopUpkeep"), "{:?}", window.asked());
    window.meanwhile(|desk| {
        desk.answer("BackUp", failed("Could not back up the mail"));
    });
    window.sees("Could not back up the mail");
    window.press_button("Back up now");
    window.meanwhile(|desk| {
        let report = Report { messages: 1204, ..Report::default() };
        let backup = BackedUp { messages: 1204, size_bytes: 9, written_bytes: 3, report };
        desk.answer("BackUp", Event::BackedUp(Box::new(backup)));
    });
    window.sees("Backed up: 1204 messages, every one read again");
}

#[test]
fn a_check_says_what_it_found() {
    let whole = Report { messages: 12, ..Report::default() };
    let some = Report { damaged_count: 2, damaged: vec![damaged(); 2], ..whole.clone() };
    let worse = Report { faults: vec!["message: row 3".into()], ..whole.clone() };
    let healed = Healed { whole: vec![MessageKey(1)], to_fetch: vec![MessageKey(2)], lost: vec![] };
    for (report, words) in [
        (whole, "All 12 messages are as they were stored"),
        (some, "2 of 12 messages were damaged; 1 repaired, 1 come with the next visit"),
        (worse, "malote salvage"),
    ] {
        let mut window = Window::new(Desk::of(3));
        window.press_button("Settings");
        window.press_button("Check all mail");
        window.meanwhile(|desk| {
            desk.answer("Verify", Event::Verified(Box::new((report, healed.clone()))));
        });
        window.sees(words);
    }
}

#[test]
fn in_a_narrow_window_and_in_both_themes_the_settings_are_drawn_whole() {
    for (theme, system) in [(Theme::Light, egui::Theme::Light), (Theme::Dark, egui::Theme::Dark)] {
        for size in [Vec2::new(720.0, 460.0), Vec2::new(1280.0, 800.0)] {
            let mut desk =
                told(planned(Some(now() - 72 * HOUR), Some("the disk of the backup is full")), vec![damaged()]);
            desk.act(Action::SetTheme(theme));
            let builder = Harness::builder().with_theme(system).with_accessibility_check(true);
            let mut window = Window::of(desk, size, builder);
            window.press_button("Settings");
            window.assert_inside(AccessRole::Button, "Done");
        }
    }
}
