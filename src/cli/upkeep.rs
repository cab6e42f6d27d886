//! `malote verify`, `backup`, `restore` and `salvage`: the store proves what it holds, and is brought back. The first two also
//! work while a window has the profile: they read beside it.

use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::json;

use super::Failure;
use super::args::Command;
use super::client::{Client, expect_event};
use super::in_use_hint;
use crate::engine::{
    self, BackedUp, Command as Request, DamagedMessage, Event, Healed, Problem, Progress, Report, Rhythm,
};
use crate::profile::{self, Profile};
use crate::store::{self, Control, Source};

/// What of the command line this is for.
pub fn is_meant(command: &Command) -> bool {
    matches!(
        command,
        Command::Verify { .. } | Command::Backup { .. } | Command::Restore { .. } | Command::Salvage { .. }
    )
}

pub fn run(folder: Option<PathBuf>, command: Command) -> Result<(), Failure> {
    let opened = Profile::open(folder);
    match (command, opened) {
        (Command::Restore { backup }, Ok(profile)) => restore(&profile, &backup),
        (Command::Salvage {}, Ok(profile)) => salvage(&profile),
        (Command::Verify { repair, json }, Ok(profile)) => with_client(&profile, |client| verify(client, repair, json)),
        (Command::Backup { folder, every }, Ok(profile)) => {
            with_client(&profile, |client| backup(client, folder.as_deref(), every))
        }
        (Command::Verify { repair: false, json }, Err(profile::Error::InUse { folder, .. })) => {
            verify_beside(&folder, json)
        }
        (Command::Backup { folder: Some(to), every: None }, Err(profile::Error::InUse { folder, .. })) => {
            backup_beside(&folder, &to)
        }
        (_, Err(error)) => Err(Failure::Failed(in_use_hint(&error))),
        // `is_meant` keeps the others away.
        (_, Ok(_)) => Ok(()),
    }
}

fn with_client(profile: &Profile, act: impl FnOnce(&mut Client) -> Result<(), Failure>) -> Result<(), Failure> {
    let mut client = Client::open(profile)?;
    let outcome = act(&mut client);
    client.close();
    outcome
}

fn verify(client: &mut Client, repair: bool, json: bool) -> Result<(), Failure> {
    let mut meter = Meter::new("read");
    let mut notices = Vec::new();
    let verified = client.ask_and_hear(Request::Verify { repairs: repair }, |event| match event {
        Event::UpkeepProgress(progress) => meter.show(progress),
        Event::Notice(problem) => notices.push(problem),
        _ => {}
    });
    meter.end();
    let (report, healed) = *expect_event!(verified?, Event::Verified(verified) => verified)?;
    tell_report(&report, &healed, json)?;
    judge(&report, repair, &healed, &notices)
}

fn verify_beside(folder: &Path, json: bool) -> Result<(), Failure> {
    let mut meter = Meter::new("read");
    let outcome = Source::beside(folder)
        .and_then(|source| store::verify(&source, &Control::default(), &mut |progress| meter.show(progress)));
    meter.end();
    let report = outcome.map_err(|error| failed(engine::opening_store(&error, folder)))?;
    tell_report(&report, &Healed::default(), json)?;
    judge(&report, false, &Healed::default(), &[])
}

fn failed(problem: Problem) -> Failure {
    Failure::Failed(problem.to_string())
}

fn tell_report(report: &Report, healed: &Healed, as_json: bool) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    for message in &report.damaged {
        let line = if as_json { damaged_json(message) } else { damaged_words(message) };
        writeln!(out, "{line}")?;
    }
    if as_json {
        let summary = json!({
            "messages": report.messages,
            "bytes": report.bytes,
            "damaged": report.damaged_count,
            "faults": report.faults,
            "spots": report.spots,
            "repaired": healed.whole.len(),
            "to_fetch": healed.to_fetch.len(),
            "lost": healed.lost.len(),
        });
        writeln!(out, "{summary}")?;
        return Ok(());
    }
    for fault in &report.faults {
        writeln!(out, "fault: {fault}")?;
    }
    for spot in &report.spots {
        writeln!(out, "damaged spot (of messages’ octets): {spot}")?;
    }
    let good = report.messages.saturating_sub(report.damaged_count);
    writeln!(
        out,
        "{good} of {} messages, {} bytes: octet for octet as they were stored",
        report.messages, report.bytes
    )?;
    if !healed.whole.is_empty() {
        writeln!(out, "{} repaired", healed.whole.len())?;
    }
    if !healed.to_fetch.is_empty() {
        writeln!(out, "{} to be fetched again with the next visit", healed.to_fetch.len())?;
    }
    Ok(())
}

fn damaged_words(message: &DamagedMessage) -> String {
    let uid = String::from_utf8_lossy(&message.uid).escape_debug().to_string();
    format!("damaged: {}  {}, UID {uid}", message.key, message.words())
}

fn damaged_json(message: &DamagedMessage) -> String {
    json!({
        "damaged": message.key.to_string(),
        "account": message.account,
        "mailbox": message.role.word(),
        "from": message.from,
        "subject": message.subject,
        "date": message.date,
        "uid": String::from_utf8_lossy(&message.uid),
        "size": message.size_bytes,
        "known": message.known,
    })
    .to_string()
}

/// The words for damage, with what to do about it.
fn judge(report: &Report, repaired: bool, healed: &Healed, notices: &[Box<Problem>]) -> Result<(), Failure> {
    let left = if repaired { healed.lost.len() as u64 + healed.to_fetch.len() as u64 } else { report.damaged_count };
    if report.is_clean() || (report.faults.is_empty() && left == 0) {
        return Ok(());
    }
    let mut words: Vec<String> = notices.iter().map(ToString::to_string).collect();
    if !report.faults.is_empty() {
        words.push(
            "The store is damaged in more than single messages: end Malote, then run “malote salvage”, which copies everything \
             readable into a new store and keeps the old file; or bring it back with “malote restore”."
                .into(),
        );
    } else if !repaired {
        words.push(
            "Messages are damaged: “malote verify --repair” takes them from the backup, or has them fetched again."
                .into(),
        );
    }
    Err(Failure::Failed(words.join("\n")))
}

fn backup(client: &mut Client, folder: Option<&Path>, every: Option<Rhythm>) -> Result<(), Failure> {
    let folder = folder.map(std::path::absolute).transpose()?;
    if let Some(rhythm) = every {
        let planned = expect_event!(client.ask(Request::LoadUpkeep)?, Event::Upkeep(view) => view.upkeep.folder)?;
        client.ask(Request::PlanBackups { rhythm, folder: folder.clone().or(planned) })?;
        if rhythm == Rhythm::Off {
            return Ok(());
        }
    }
    let mut meter = Meter::new("checked");
    let mut notices = Vec::new();
    let made = client.ask_and_hear(Request::BackUp { folder }, |event| match event {
        Event::UpkeepProgress(progress) => meter.show(progress),
        Event::Notice(problem) => notices.push(problem.to_string()),
        _ => {}
    });
    meter.end();
    match made {
        Ok(made) => {
            let backup = expect_event!(made, Event::BackedUp(backup) => backup)?;
            tell_backup(&backup)
        }
        Err(problem) => Err(Failure::Failed([vec![problem.to_string()], notices].concat().join("\n"))),
    }
}

fn backup_beside(folder: &Path, to: &Path) -> Result<(), Failure> {
    let to = std::path::absolute(to)?;
    let source = Source::beside(folder).map_err(|error| failed(engine::opening_store(&error, folder)))?;
    let mut meter = Meter::new("checked");
    let made = store::back_up(&source, &to, false, &Control::default(), &mut |progress| meter.show(progress));
    meter.end();
    let outcome = made.as_ref().map(|backup| backup.messages).map_err(ToString::to_string);
    store::note_beside(&source, &to, &outcome, jiff::Timestamp::now().as_second())
        .map_err(|error| failed(engine::opening_store(&error, folder)))?;
    match made {
        Ok(backup) => tell_backup(&backup),
        Err(failure) => Err(failed(*engine::upkeep_words::backup_failed("Could not back up the mail", &to, &failure))),
    }
}

fn tell_backup(backup: &BackedUp) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{} messages backed up, and every one read again; {} of {} bytes written",
        backup.messages, backup.written_bytes, backup.size_bytes
    )?;
    writeln!(out, "Passwords are not in it: they are in the system’s keyring.")?;
    if backup.report.damaged_count > 0 {
        writeln!(out, "{} of them were damaged before, and are so in the backup", backup.report.damaged_count)?;
    }
    Ok(())
}

fn restore(profile: &Profile, backup: &Path) -> Result<(), Failure> {
    let mut meter = Meter::new("checked");
    let restored = store::restore(backup, &profile.folder, &Control::default(), &mut |progress| meter.show(progress));
    meter.end();
    let what = "Could not bring the mail back";
    let restored = restored.map_err(|failure| failed(*engine::upkeep_words::restore_failed(what, backup, &failure)))?;
    let mut out = io::stdout().lock();
    writeln!(out, "{} messages brought back, every one read and found whole", restored.report.messages)?;
    if let Some(aside) = restored.aside {
        writeln!(out, "What was there before is kept: {}", aside.display())?;
    }
    writeln!(out, "Passwords were not in the backup: where the keyring has none, Malote asks for it.")?;
    Ok(())
}

fn salvage(profile: &Profile) -> Result<(), Failure> {
    let now = jiff::Timestamp::now().as_second();
    let salvaged = store::salvage(&profile.folder, now, &Control::default())
        .map_err(|error| failed(engine::opening_store(&error, &profile.folder)))?;
    let mut out = io::stdout().lock();
    for (table, rows, _) in salvaged.tables.iter().filter(|(_, _, has_gaps)| *has_gaps) {
        writeln!(out, "{table}: {rows} rows were readable; some were not")?;
    }
    for message in &salvaged.damaged {
        writeln!(out, "{}", damaged_words(message))?;
    }
    writeln!(out, "{} messages saved, octet for octet; {} damaged", salvaged.whole, salvaged.damaged.len())?;
    if salvaged.found > 0 {
        writeln!(
            out,
            "{} messages found of which nothing but the octets was left; they are in the Inbox",
            salvaged.found
        )?;
    }
    if let Some(aside) = salvaged.aside {
        writeln!(out, "The old file is kept: {}", aside.display())?;
    }
    writeln!(
        out,
        "“malote verify --repair” fetches what is damaged from the backup or has it fetched from the server."
    )?;
    Ok(())
}

/// How it goes on, on a terminal.
struct Meter {
    verb: &'static str,
    shown: Option<Instant>,
}

impl Meter {
    fn new(verb: &'static str) -> Self {
        Self { verb, shown: None }
    }

    fn show(&mut self, Progress { messages, of, .. }: Progress) {
        if io::stderr().is_terminal() && self.shown.is_none_or(|shown| shown.elapsed().as_millis() > 200) {
            self.shown = Some(Instant::now());
            // Nobody may be looking.
            let _ = write!(io::stderr(), "\r{messages} of {of} messages {}   ", self.verb);
        }
    }

    fn end(&mut self) {
        if self.shown.is_some() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
