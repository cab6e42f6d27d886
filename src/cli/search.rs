//! `malote search`: what the search field finds.

use std::collections::HashMap;
use std::io::{self, Write};

use super::Failure;
use super::client::{Client, expect_event};
use super::message::{ROWS_AT_ONCE, write_rows};
use crate::engine::{Command, Event, Search};
use crate::mail::Fault;

pub fn search(client: &mut Client, text: String, limit: Option<usize>, json: bool) -> Result<(), Failure> {
    // What has come in since the index was last at rest would be missing without a word.
    client.ask(Command::FinishIndex)?;
    let names: HashMap<_, _> = client.accounts()?.into_iter().map(|account| (account.id, account.name)).collect();
    let mut out = io::BufWriter::new(io::stdout().lock());
    let (mut after, mut left) = (None, limit.unwrap_or(usize::MAX));
    while left > 0 {
        let search = Search { text: text.clone(), ..Search::default() };
        let found = match client.ask(Command::Search { search, after, most: left.min(ROWS_AT_ONCE) })? {
            Event::NotUnderstood(fault) => return Err(Failure::Usage(pointed(&text, &fault))),
            event => expect_event!(event, Event::Found(found) => found)?,
        };
        left -= found.keys.len().min(left);
        after = found.keys.last().copied();
        write_rows(client, &mut out, &names, found.keys, json)?;
        if !found.more {
            break;
        }
    }
    Ok(out.flush()?)
}

/// The words, and below them the place in the query that they are about.
fn pointed(text: &str, fault: &Fault) -> String {
    // A line for a line: what would break it counts as a blank.
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let marks = "^".repeat(fault.len.max(1));
    format!("{fault}\n  {line}\n  {}{marks}", " ".repeat(fault.at))
}
