//! `malote search`: what the search field finds, and the searches that are kept under a name.

use std::collections::HashMap;
use std::io::{self, IsTerminal, Write};

use serde_json::json;

use super::Failure;
use super::client::{Client, expect_event};
use super::message::{ROWS_AT_ONCE, write_rows};
use crate::engine::{Command, Event, SavedSearch, Search, Searches};
use crate::mail::query::Known;
use crate::mail::{Fault, Query, Snippet};
use crate::store::types::MessageKey;

/// Results whose snippets a terminal shows without being asked: what a person reads.
const SNIPPETS_ANYWAY: usize = 50;

/// How much is said of what was found.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    pub limit: Option<usize>,
    pub json: bool,
    pub snippets: bool,
}

pub fn search(
    client: &mut Client,
    query: Option<&str>,
    save: Option<String>,
    saved: Option<&str>,
    wanted: Wanted,
) -> Result<(), Failure> {
    let kept = saved.map(|name| named(client, name)).transpose()?;
    let text = match (kept, query) {
        (Some(kept), Some(query)) => format!("({}) {query}", kept.text),
        (Some(kept), None) => kept.text,
        (None, query) => query.unwrap_or_default().to_owned(),
    };
    if let Some(name) = save {
        keep(client, name, &text)?;
    }
    find(client, &text, wanted)
}

/// What cannot be understood is not kept: it would fail each time that it is opened.
fn keep(client: &mut Client, name: String, text: &str) -> Result<(), Failure> {
    if name.trim().is_empty() {
        return Err(Failure::Usage("a saved search needs a name".into()));
    }
    let known = Known { any: true, ..Known::default() };
    Query::parse_knowing(text, false, &jiff::Zoned::now(), &known)
        .map_err(|fault| Failure::Usage(pointed(text, &fault)))?;
    client.ask(Command::SaveSearch { id: None, name, text: text.to_owned() })?;
    Ok(())
}

fn find(client: &mut Client, text: &str, Wanted { limit, json, snippets: asked }: Wanted) -> Result<(), Failure> {
    // What has come in since the index was last at rest would be missing without a word.
    client.ask(Command::FinishIndex)?;
    let names: HashMap<_, _> = client.accounts()?.into_iter().map(|account| (account.id, account.name)).collect();
    let mut out = io::BufWriter::new(io::stdout().lock());
    let (mut after, mut left, mut done) = (None, limit.unwrap_or(usize::MAX), 0);
    while left > 0 {
        let search = Search { text: text.to_owned(), ..Search::default() };
        let command = Command::Search { search: search.clone(), after, most: left.min(ROWS_AT_ONCE) };
        let found = match client.ask(command)? {
            Event::NotUnderstood(fault) => return Err(Failure::Usage(pointed(text, &fault))),
            event => expect_event!(event, Event::Found(found) => found)?,
        };
        left -= found.keys.len().min(left);
        after = found.keys.last().copied();
        let anyway = if json || !io::stdout().is_terminal() { 0 } else { SNIPPETS_ANYWAY.saturating_sub(done) };
        let most = if asked { found.keys.len() } else { anyway };
        let snippets = snippets(client, search, found.keys.iter().take(most).copied().collect())?;
        done += found.keys.len();
        write_rows(client, &mut out, &names, found.keys, json, &|key| snippets.get(&key))?;
        if !found.more {
            break;
        }
    }
    Ok(out.flush()?)
}

/// What the messages say where something was found.
fn snippets(
    client: &mut Client,
    search: Search,
    keys: Vec<MessageKey>,
) -> Result<HashMap<MessageKey, Snippet>, Failure> {
    let loaded = client.ask(Command::LoadSnippets { search, keys })?;
    let snippets = expect_event!(loaded, Event::Snippets(snippets) => snippets)?;
    Ok(snippets.into_iter().filter_map(|(key, snippet)| Some((key, snippet?))).collect())
}

pub fn list_saved(client: &mut Client, json: bool) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    for SavedSearch { name, text, .. } in searches(client)?.saved {
        match json {
            true => writeln!(out, "{}", json!({ "name": name, "query": text }))?,
            false => writeln!(out, "{name}: {text}")?,
        }
    }
    Ok(())
}

pub fn forget(client: &mut Client, name: &str) -> Result<(), Failure> {
    let id = named(client, name)?.id;
    client.ask(Command::RemoveSearch { id })?;
    Ok(())
}

fn searches(client: &mut Client) -> Result<Searches, Failure> {
    expect_event!(client.ask(Command::ListSearches)?, Event::Searches(searches) => searches)
}

fn named(client: &mut Client, name: &str) -> Result<SavedSearch, Failure> {
    let saved = searches(client)?.saved;
    let known: Vec<String> = saved.iter().map(|saved| saved.name.clone()).collect();
    let found = saved.into_iter().find(|saved| saved.name.to_lowercase() == name.trim().to_lowercase());
    found.ok_or_else(|| {
        let known =
            if known.is_empty() { "there are none yet".to_owned() } else { format!("there are: {}", known.join(", ")) };
        Failure::Failed(format!("there is no saved search “{name}”; {known}"))
    })
}

/// The words, and below them the place in the query that they are about.
fn pointed(text: &str, fault: &Fault) -> String {
    // A line for a line: what would break it counts as a blank.
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let marks = "^".repeat(fault.len.max(1));
    format!("{fault}\n  {line}\n  {}{marks}", " ".repeat(fault.at))
}
