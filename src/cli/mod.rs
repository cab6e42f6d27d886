//! The headless face of the same engine: every command speaks to it by commands and events, as the window does.
//!
//! Exit status: 0 all done, 1 something failed (and standard error says what), 2 wrong usage.

mod account;
mod args;
mod client;
mod doctor;
pub mod inspect;
mod message;
mod meter;
mod moving;
mod offline;
mod organise;
mod pictures;
mod render;
mod search;
mod server;
mod thread;
mod upkeep;
mod visit;

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser as _;

pub use args::Arguments;
use args::{Always, Command};
use client::Client;

use crate::demo::Demo;
use crate::engine::{self, Engine, PictureScope, Problem, Wake};
use crate::profile::{self, Profile};
use crate::secret::Keyring;
use crate::store::Store;
use crate::store::types::SortOrder;

/// Why a command did not do all it should; the words say what, why and what to do.
#[derive(Debug)]
pub enum Failure {
    /// Something failed: status 1.
    Failed(String),
    /// What was said on the command line cannot be done: status 2.
    Usage(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Failed(words) | Self::Usage(words)) = self;
        f.write_str(words)
    }
}

impl From<Box<Problem>> for Failure {
    fn from(problem: Box<Problem>) -> Self {
        Self::Failed(problem.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        // Whoever read the output has read enough: nothing failed.
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            std::process::exit(0);
        }
        Self::Failed(error.to_string())
    }
}

/// Reads the program's arguments; wrong ones end it with status 2 and a word on what is right.
pub fn arguments() -> Arguments {
    Arguments::parse()
}

/// Runs a command without a window.
pub fn run(arguments: Arguments) -> ExitCode {
    match dispatch(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let (words, status) = match failure {
                Failure::Failed(words) => (words, ExitCode::FAILURE),
                Failure::Usage(words) => (words, ExitCode::from(2)),
            };
            for line in words.lines() {
                complain(line);
            }
            status
        }
    }
}

/// One line on standard error.
pub fn complain(words: &str) {
    use std::io::Write;
    // Nobody may be listening.
    let _ = writeln!(std::io::stderr(), "malote: {words}");
}

fn dispatch(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        None => Ok(()),
        Some(Command::Inspect { files, list, json: _ }) => offline::inspect(files, list),
        Some(Command::Attachments { file, save }) => offline::attachments(&file, save),
        Some(Command::Render { file, png, pdf, paper, width, dark, whole }) => {
            png.map_or(Ok(()), |png| render::run(&file, &png, width, dark, whole))?;
            pdf.map_or(Ok(()), |pdf| render::print(&file, &pdf, paper))
        }
        Some(command) if upkeep::is_meant(&command) && !arguments.demo => upkeep::run(arguments.profile, command),
        Some(command) if arguments.demo => with_demo(command),
        Some(command) => {
            let profile = Profile::open(arguments.profile).map_err(|error| Failure::Failed(in_use_hint(&error)))?;
            let mut client = Client::open(&profile)?;
            let outcome = with_client(&mut client, command);
            client.close();
            outcome
        }
    }
}

/// The words for a profile that cannot be had.
pub fn in_use_hint(error: &profile::Error) -> String {
    match error {
        profile::Error::InUse { .. } => format!("{error}. Close it first, or use its window."),
        profile::Error::NoHome | profile::Error::Folder { .. } => error.to_string(),
    }
}

fn with_client(client: &mut Client, command: Command) -> Result<(), Failure> {
    match command {
        Command::Account(command) => account::run(client, command),
        Command::Get { accounts, all, unasked, json } => {
            let wanted = match (all, unasked) {
                (true, _) => visit::Wanted::All,
                (_, true) => visit::Wanted::Unasked,
                _ => visit::Wanted::Asked,
            };
            visit::get(client, &accounts, wanted, json)
        }
        Command::Doctor { server, security, ca_file, json } => doctor::run(client, &server, security, ca_file, json),
        Command::Server(arguments) => server::run(client, arguments),
        Command::Send => visit::send(client),
        Command::Meter { visits: true, json } => meter::visits(client, json),
        Command::Meter { visits: false, json } => meter::months(client, json),
        Command::List { mailbox, sort, reverse, limit, json } => {
            let order = SortOrder { by: sort, reversed: reverse };
            message::list(client, mailbox.as_deref(), order, limit, json)
        }
        Command::Search { list_saved: true, json, .. } => search::list_saved(client, json),
        Command::Search { forget: Some(name), .. } => search::forget(client, &name),
        Command::Search { query, save, saved, limit, json, snippets, .. } => {
            let wanted = search::Wanted { limit, json, snippets };
            search::search(client, query.as_deref(), save, saved.as_deref(), wanted)
        }
        Command::Thread { key, json } => thread::thread(client, key, json),
        Command::Show { key, raw, text, headers } => message::show(client, key, raw, text, headers),
        Command::Pictures { no_longer: Some(id), .. } => pictures::revoke(client, id),
        Command::Pictures { key: Some(key), always, .. } => {
            let scope = match always {
                None => PictureScope::Once,
                Some(Always::Sender) => PictureScope::Sender,
                Some(Always::List) => PictureScope::List,
            };
            pictures::fetch(client, key, scope)
        }
        Command::Pictures { key: None, .. } => pictures::list(client),
        Command::Archive { keys } => message::archive(client, keys),
        Command::Delete { keys } => message::delete(client, keys),
        Command::Undelete { keys } => message::undelete(client, keys),
        Command::EmptyTrash => message::empty_trash(client),
        Command::Move { keys, mailbox } => organise::move_to(client, keys, &mailbox),
        Command::Mailbox(command) => organise::mailbox(client, command),
        Command::Tag { words } => organise::tag(client, &words),
        Command::Undo { list: true, .. } => organise::history(client),
        Command::Undo { list: false, number } => organise::undo(client, number),
        Command::Redo => organise::redo(client),
        Command::Reply { key, send } => message::reply(client, key, send),
        Command::Import { source, account, format, dry_run } => {
            moving::import(client, source, &account, format, dry_run)
        }
        Command::Export { format, account, mailbox, search, folder } => {
            moving::export(client, folder, format, moving::Chosen { account, mailbox, search })
        }
        Command::Inspect { .. } | Command::Attachments { .. } | Command::Render { .. } => Ok(()),
        Command::Verify { .. } | Command::Backup { .. } | Command::Restore { .. } | Command::Salvage {} => {
            Err(Failure::Usage("the demonstration keeps nothing that could be backed up".into()))
        }
    }
}

/// A command on a throw-away profile beside the embedded server; `get` shows what arrived.
fn with_demo(command: Command) -> Result<(), Failure> {
    let folder = ThrowAway::new()?;
    let demo = crate::demo::start()?;
    let profile = Profile::open(Some(folder.0.clone())).map_err(|error| Failure::Failed(error.to_string()))?;
    let mut client = Client::open(&profile)?;
    let outcome = demo_visit(&mut client, &demo, command);
    client.close();
    outcome
}

fn demo_visit(client: &mut Client, demo: &Demo, command: Command) -> Result<(), Failure> {
    account::add_demo(client, demo)?;
    if !matches!(command, Command::Get { .. }) {
        visit::get_quietly(client)?;
        return with_client(client, command);
    }
    let json = matches!(command, Command::Get { json: true, .. });
    with_client(client, command)?;
    message::list(client, None, SortOrder::default(), None, json)
}

/// An engine on the throw-away profile, with the demonstration's account in it.
pub fn start_demo(profile: &Profile, demo: &Demo, wake: Wake) -> Result<Engine, Failure> {
    let opened = Store::open(&profile.folder);
    let store = opened.map_err(|error| Failure::Failed(engine::opening_store(&error, &profile.folder).to_string()))?;
    let mut client = Client::over(engine::start(store, Keyring::new(&profile.id), wake)?);
    account::add_demo(&mut client, demo)?;
    Ok(client.into_engine())
}

/// A folder that is gone when the program ends.
pub struct ThrowAway(pub PathBuf);

impl ThrowAway {
    pub fn new() -> Result<Self, Failure> {
        let folder = std::env::temp_dir().join(format!("malote-demo-{}", profile::unique()));
        profile::make_private_folder(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for ThrowAway {
    fn drop(&mut self) {
        // What cannot be removed is the system's to tidy.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
