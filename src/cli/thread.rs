//! `malote thread`: a message's conversation, as a tree.

use std::collections::HashMap;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::client::{Client, expect_event};
use super::message::{about, as_value, day, fitted};
use super::{Failure, organise};
use crate::engine::{Command, Event, InThread, Organisation, Thread};
use crate::store::types::{Flag, MessageKey, MessageRow, Role};

/// Steps that are drawn; what is deeper stands at the last of them.
const MOST_STEPS: usize = 12;

pub fn thread(client: &mut Client, key: MessageKey, json: bool) -> Result<(), Failure> {
    // What has come in since the threads were last brought up to date would be missing without a word.
    client.ask(Command::FinishIndex)?;
    let answer = client.ask(Command::ListThread { key }).map_err(about(key))?;
    let thread = expect_event!(answer, Event::Thread(thread) => thread)?;
    let names: HashMap<_, _> = client.accounts()?.into_iter().map(|account| (account.id, account.name)).collect();
    let organisation = organise::organisation(client)?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    if !json {
        writeln!(out, "{}", title(&thread))?;
    }
    for message in &thread.messages {
        let name = message.row.as_ref().and_then(|row| names.get(&row.account)).map_or("", String::as_str);
        let line = if json {
            as_json(message, name, &organisation).to_string()
        } else {
            in_words(message, thread.key, &organisation)
        };
        writeln!(out, "{line}")?;
    }
    out.flush()?;
    if thread.more {
        super::complain("this conversation has more messages: those nearest in time are shown");
    }
    Ok(())
}

fn title(thread: &Thread) -> String {
    let subject = if thread.subject.is_empty() { "(no subject)" } else { &thread.subject };
    let more = if thread.more { "+" } else { "" };
    match thread.rows().count() {
        1 => format!("{subject}: 1 message"),
        count => format!("{subject}: {count}{more} messages"),
    }
}

/// As in a list, and how deep it stands in the tree; a message that is not here is nothing but a depth.
fn as_json(message: &InThread, account: &str, organisation: &Organisation) -> Value {
    let none = || json!({ "key": null });
    let mut value = message.row.as_ref().map_or_else(none, |row| as_value(row, account, organisation, None));
    if let Some(fields) = value.as_object_mut() {
        fields.insert("depth".into(), message.depth.into());
    }
    value
}

fn in_words(message: &InThread, asked: MessageKey, organisation: &Organisation) -> String {
    let step = "  ".repeat(message.depth.min(MOST_STEPS));
    let Some(row) = &message.row else {
        return format!("{:16}    {:16}  {step}(a message that is not here)", "", "");
    };
    let unread = if row.flags.has(Flag::Seen) || row.role.is_outgoing() { ' ' } else { '•' };
    let here = if row.key == asked { '>' } else { ' ' };
    let elsewhere = |row: &MessageRow| format!(" [{}]", organise::mailbox_name(row.role, organisation));
    let place = if row.role == Role::Inbox { String::new() } else { elsewhere(row) };
    let words = if message.is_renamed { &row.subject } else { &row.snippet };
    let who = format!("{step}{}{place}", row.from_name);
    format!("{} {here}{unread} {}  {}  {}", row.key, day(row.date), fitted(&who, 30), fitted(words, 60).trim_end())
}
