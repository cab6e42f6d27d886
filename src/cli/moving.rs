//! `malote import` and `malote export`: moving in and out.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use super::args::ExportFormat;
use super::client::{Client, expect_event};
use super::{Failure, message, organise};
use crate::engine::{self, Command, Event, ImportFormat, ImportSource, MoveProgress, Selection};

pub fn import(
    client: &mut Client,
    source: PathBuf,
    account: &str,
    format: Option<ImportFormat>,
    dry_run: bool,
) -> Result<(), Failure> {
    let (place, account) = (std::path::absolute(source)?, client.account(account)?.id);
    let look = Command::LookAtImport { place: place.clone(), format, account: Some(account) };
    let found = expect_event!(client.ask(look)?, Event::ImportFound(found) => found)?;
    let mut out = io::stdout().lock();
    write!(out, "{}", described(&found))?;
    if dry_run {
        return Ok(());
    }
    let shows = Progress::new();
    let format = Some(found.format);
    let told = client.ask_and_hear(Command::Import { place, format, account }, |event| shows.hear(&event));
    shows.end();
    let report = expect_event!(told?, Event::Imported(report) => report)?;
    writeln!(out, "{}", report.words().join("\n"))?;
    failed_if_damaged(report.damaged, &report.faults)
}

/// What there is, a line a folder.
fn described(found: &ImportSource) -> String {
    let mut words = format!("{} ({})\n", found.place.display(), found.format.name());
    for account in &found.accounts {
        let is_this = if account.is_this { ", which is this account" } else { "" };
        words.push_str(&format!("  account {} at {}{is_this}\n", account.user, account.host));
    }
    for folder in &found.folders {
        let name = if folder.name.is_empty() { "(the folder itself)" } else { &folder.name };
        let (messages, bytes) = (folder.messages, folder.bytes);
        words.push_str(&format!("  {name}: {messages} messages, {bytes} bytes, into {}\n", folder.goes_to()));
    }
    if found.folders_left_out > 0 {
        words.push_str(&format!("  {} folders belong to another account and stay out\n", found.folders_left_out));
    }
    if found.known_uids > 0 {
        words.push_str(&format!("  {} messages on the server that it has fetched\n", found.known_uids));
    }
    words
}

/// What is chosen of all mail.
pub struct Chosen {
    pub account: Option<String>,
    pub mailbox: Option<String>,
    pub search: Option<String>,
}

pub fn export(client: &mut Client, folder: PathBuf, format: ExportFormat, chosen: Chosen) -> Result<(), Failure> {
    let Chosen { account, mailbox, search } = chosen;
    let format = match format {
        ExportFormat::Eml if account.is_none() && mailbox.is_none() && search.is_none() => {
            return message::export(client, folder);
        }
        ExportFormat::Eml => engine::ExportFormat::Eml,
        ExportFormat::Mbox => engine::ExportFormat::Mbox,
        ExportFormat::Maildir => engine::ExportFormat::Maildir,
    };
    let account = match account {
        Some(name) => Some(client.account(&name)?.id),
        None => None,
    };
    let role = match mailbox {
        Some(name) => Some(organise::role(client, &name)?),
        None => None,
    };
    if search.is_some() {
        client.ask(Command::FinishIndex)?;
    }
    let selection = Selection { account, role, search };
    let shows = Progress::new();
    let export = Command::Export { folder: std::path::absolute(folder)?, format, selection };
    let told = client.ask_and_hear(export, |event| shows.hear(&event));
    shows.end();
    let report = match told? {
        Event::NotUnderstood(fault) => return Err(Failure::Usage(fault.to_string())),
        event => expect_event!(event, Event::Exported(report) => report)?,
    };
    writeln!(io::stdout(), "{}", report.words().join("\n"))?;
    failed_if_damaged(report.damaged, &report.faults)
}

fn failed_if_damaged(damaged: u64, faults: &[engine::ImportFault]) -> Result<(), Failure> {
    if damaged == 0 {
        return Ok(());
    }
    let mut lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let more = damaged.saturating_sub(faults.len() as u64);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    Err(Failure::Failed(lines.join("\n")))
}

/// One line on a terminal that is written over and over; nothing into a file.
struct Progress {
    shows: bool,
}

impl Progress {
    fn new() -> Self {
        Self { shows: io::stderr().is_terminal() }
    }

    fn hear(&self, event: &Event) {
        if let Event::MoveProgress(progress @ MoveProgress { messages, known, .. }) = event
            && self.shows
        {
            let percent = (progress.fraction() * 100.0).floor();
            // Nobody may be listening.
            let _ = write!(io::stderr(), "\r{percent} %: {messages} messages, {known} here already ");
        }
    }

    fn end(&self) {
        if self.shows {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
