//! Commands on stored messages: list, show, archive, delete, reply, export.

use std::collections::HashMap;
use std::io::{self, IsTerminal, Read, Write};
use std::path::PathBuf;

use serde_json::{Value, json};

use super::client::{Client, expect_event};
use super::{Failure, organise};
use crate::account::{Account, AccountId};
use crate::engine::{Command, Event, OpenedMessage, Organisation, Problem, Sorted};
use crate::mail::Snippet;
use crate::mail::compose::{self, Answer};
use crate::store::types::{Flag, MailboxView, MessageKey, MessageRow, Role, SortOrder};

/// Rows that are asked for at once.
pub(super) const ROWS_AT_ONCE: usize = 500;

pub fn list(
    client: &mut Client,
    mailbox: Option<&str>,
    order: SortOrder,
    limit: Option<usize>,
    json: bool,
) -> Result<(), Failure> {
    let view = view(client, mailbox.unwrap_or("inbox"))?;
    let names: HashMap<AccountId, String> =
        client.accounts()?.into_iter().map(|account| (account.id, account.name)).collect();
    let listing = client.ask(match order.is_newest_first() {
        true => Command::ListMessages { view },
        false => Command::SortMessages { view, order },
    })?;
    let keys = expect_event!(listing, Event::Listing { keys, .. } | Event::Sorted { sorted: Sorted { keys, .. }, .. } => keys)?;
    let keys = keys.get(..limit.unwrap_or(usize::MAX).min(keys.len())).unwrap_or_default();
    let mut out = io::BufWriter::new(io::stdout().lock());
    for chunk in keys.chunks(ROWS_AT_ONCE) {
        write_rows(client, &mut out, &names, chunk.to_vec(), json, &|_| None)?;
    }
    Ok(out.flush()?)
}

/// One line a message; below it, for a person to read, what it says where something was found in it.
pub(super) fn write_rows<'s>(
    client: &mut Client,
    out: &mut impl Write,
    names: &HashMap<AccountId, String>,
    keys: Vec<MessageKey>,
    json: bool,
    snippet: &dyn Fn(MessageKey) -> Option<&'s Snippet>,
) -> Result<(), Failure> {
    let organisation = organise::organisation(client)?;
    let rows = client.ask(Command::LoadRows { keys })?;
    for row in expect_event!(rows, Event::Rows(rows) => rows)? {
        let name = names.get(&row.account).map_or("", String::as_str);
        let snippet = snippet(row.key);
        if json {
            writeln!(out, "{}", as_value(&row, name, &organisation, snippet))?;
            continue;
        }
        writeln!(out, "{}", in_words(&row, &organisation))?;
        if let Some(snippet) = snippet {
            let shown = if io::stdout().is_terminal() { emphasised(snippet) } else { snippet.text.clone() };
            writeln!(out, "    {shown}")?;
        }
    }
    Ok(())
}

/// `inbox`, `Work/inbox`, or `Receipts`.
fn view(client: &mut Client, word: &str) -> Result<MailboxView, Failure> {
    if let Some(role) = organise::own_role(client, word)? {
        return Ok(MailboxView { role, account: None });
    }
    let (account, role) = match word.rsplit_once('/') {
        Some((name, role)) => (Some(client.account(name)?.id), role),
        None => (None, word),
    };
    Ok(MailboxView { role: organise::role(client, role)?, account })
}

/// A snippet with what was found in bold.
fn emphasised(snippet: &Snippet) -> String {
    let mut out = String::new();
    let mut done = 0;
    for mark in &snippet.marks {
        let piece = |range| snippet.text.get(range).unwrap_or_default();
        out.push_str(piece(done..mark.start));
        out.push_str(&format!("\u{1b}[1m{}\u{1b}[0m", piece(mark.clone())));
        done = mark.end;
    }
    out + snippet.text.get(done..).unwrap_or_default()
}

pub(super) fn as_value(
    row: &MessageRow,
    account: &str,
    organisation: &Organisation,
    snippet: Option<&Snippet>,
) -> Value {
    let mut value = json!({
        "key": row.key.to_string(),
        "account": account,
        "mailbox": organise::mailbox_name(row.role, organisation),
        "uid": row.uid,
        "date": row.date,
        "from": sender(row),
        "to": row.to_addrs,
        "subject": row.subject,
        "size": row.size_bytes,
        "part": row.part.word(),
        "flags": Flag::ALL.into_iter().filter(|&flag| row.flags.has(flag)).map(Flag::word).collect::<Vec<_>>(),
        "tags": organise::tag_names(row, organisation),
    });
    if let (Some(snippet), Some(object)) = (snippet, value.as_object_mut()) {
        let found: Vec<&str> = snippet.marks.iter().filter_map(|mark| snippet.text.get(mark.clone())).collect();
        object.insert("snippet".into(), json!(snippet.text));
        object.insert("found".into(), json!(found));
    }
    value
}

fn sender(row: &MessageRow) -> String {
    if row.from_name.is_empty() || row.from_name == row.from_addr {
        row.from_addr.clone()
    } else {
        format!("{} <{}>", row.from_name, row.from_addr)
    }
}

fn in_words(row: &MessageRow, organisation: &Organisation) -> String {
    let unread = if row.flags.has(Flag::Seen) { ' ' } else { '•' };
    let who = if row.role.is_outgoing() { &row.to } else { &row.from_name };
    let tags = organise::tag_names(row, organisation);
    let tags = if tags.is_empty() { String::new() } else { format!("  [{}]", tags.join("] [")) };
    format!("{}  {unread} {}  {}  {}{tags}", row.key, day(row.date), fitted(who, 24), row.subject)
}

pub(super) fn day(date: i64) -> String {
    let zone = jiff::tz::TimeZone::system();
    jiff::Timestamp::from_second(date)
        .map(|at| at.to_zoned(zone).strftime("%Y-%m-%d %H:%M").to_string())
        .unwrap_or_default()
}

/// Cut or filled to so many columns of a terminal, so that what follows stands below each other in every script.
pub(super) fn fitted(text: &str, width: usize) -> String {
    let mut taken = 0;
    let fits = |c: &char| {
        taken += columns(*c);
        taken <= width
    };
    let cut: String = text.chars().filter(|c| !c.is_control()).take_while(fits).collect();
    let filled: usize = cut.chars().map(columns).sum();
    cut + &" ".repeat(width.saturating_sub(filled))
}

/// Columns that a terminal gives to a character: two to the wide ones of East Asia and to pictures, none to what is drawn onto
/// the one before.
fn columns(c: char) -> usize {
    match c {
        c if unicode_normalization::char::is_combining_mark(c) => 0,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1f64f}'
        | '\u{1f900}'..='\u{1f9ff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

/// The words for something that failed with one message.
pub(super) fn about(key: MessageKey) -> impl Fn(Box<Problem>) -> Failure {
    move |problem| Failure::Failed(format!("message {key}: {problem}"))
}

pub fn show(client: &mut Client, key: MessageKey, raw: bool, text: bool, headers: bool) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    if raw {
        let bytes = expect_event!(client.ask(Command::LoadRaw { key }).map_err(about(key))?, Event::Raw { bytes, .. } => bytes)?;
        out.write_all(&bytes)?;
        return Ok(out.flush()?);
    }
    let opened =
        expect_event!(client.ask(Command::OpenMessage { key }).map_err(about(key))?, Event::Opened(opened) => opened)?;
    let view = &opened.view;
    if headers {
        for (name, value) in &view.headers {
            writeln!(out, "{name}: {value}")?;
        }
    } else if text {
        writeln!(out, "{}", view.readable.trim_end_matches('\n'))?;
    } else {
        show_whole(&mut out, &opened)?;
    }
    Ok(())
}

fn show_whole(out: &mut impl Write, opened: &OpenedMessage) -> io::Result<()> {
    let OpenedMessage { row, view, .. } = opened;
    writeln!(
        out,
        "From: {}\nTo: {}\nDate: {}\nSubject: {}",
        view.shown_from,
        row.to,
        day(row.date),
        view.shown_subject
    )?;
    for warning in &view.warnings {
        writeln!(out, "Note: {warning}")?;
    }
    for attachment in &view.attachments {
        writeln!(
            out,
            "Attachment: {} ({}, {} bytes)",
            attachment.safe_name, attachment.content_type, attachment.size_bytes
        )?;
    }
    writeln!(out, "\n{}", view.readable.trim_end_matches('\n'))
}

fn named(keys: &[MessageKey]) -> String {
    let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
    format!("{} {}", if keys.len() == 1 { "message" } else { "messages" }, keys.join(", "))
}

pub fn archive(client: &mut Client, keys: Vec<MessageKey>) -> Result<(), Failure> {
    let asked = named(&keys);
    client
        .ask(Command::MoveMessages { keys, to: Role::Archive })
        .map_err(|problem| Failure::Failed(format!("{asked}: {problem}")))?;
    Ok(())
}

pub fn delete(client: &mut Client, keys: Vec<MessageKey>) -> Result<(), Failure> {
    let asked = named(&keys);
    client
        .ask(Command::MoveMessages { keys, to: Role::Trash })
        .map_err(|problem| Failure::Failed(format!("{asked}: {problem}")))?;
    Ok(())
}

pub fn undelete(client: &mut Client, keys: Vec<MessageKey>) -> Result<(), Failure> {
    let asked = named(&keys);
    client.ask(Command::RestoreMessages { keys }).map_err(|problem| Failure::Failed(format!("{asked}: {problem}")))?;
    Ok(())
}

pub fn empty_trash(client: &mut Client) -> Result<(), Failure> {
    client.ask(Command::EmptyTrash { account: None })?;
    Ok(())
}

pub fn reply(client: &mut Client, key: MessageKey, send: bool) -> Result<(), Failure> {
    let mut text = String::new();
    io::stdin()
        .lock()
        .read_to_string(&mut text)
        .map_err(|error| Failure::Failed(format!("the text on standard input: {error}")))?;
    let opened =
        expect_event!(client.ask(Command::OpenMessage { key }).map_err(about(key))?, Event::Opened(opened) => opened)?;
    let raw =
        expect_event!(client.ask(Command::LoadRaw { key }).map_err(about(key))?, Event::Raw { bytes, .. } => bytes)?;
    let account = account_of(client, opened.row.account)?;
    let own = account.identity.address.trim();
    let mut draft = compose::answer(&opened.view, &raw, Answer::Reply, own, &account.identity.signature);
    draft.body = format!("{}\n{}", text.trim_end(), draft.body);
    if !send {
        let saved = client.ask(Command::SaveDraft { account: account.id, key: None, draft: Box::new(draft) })?;
        let key = expect_event!(saved, Event::DraftSaved { key } => key)?;
        writeln!(io::stdout(), "{key}")?;
        return Ok(());
    }
    let queued = client.ask(Command::QueueDraft { account: account.id, key: None, draft: Box::new(draft) })?;
    expect_event!(queued, Event::Queued { key } => key)?;
    super::visit::send(client)
}

fn account_of(client: &mut Client, id: AccountId) -> Result<Account, Failure> {
    let found = client.accounts()?.into_iter().find(|account| account.id == id);
    found.ok_or_else(|| Failure::Failed("the message’s account is gone".into()))
}

pub fn export(client: &mut Client, folder: PathBuf) -> Result<(), Failure> {
    let saved = client.ask(Command::ExportEml { folder: std::path::absolute(folder)? })?;
    let files = expect_event!(saved, Event::Saved { files } => files)?;
    writeln!(io::stdout(), "{} {} written", files.len(), if files.len() == 1 { "message" } else { "messages" })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_and_filled_by_what_a_terminal_shows_of_them() {
        for (text, expected) in [
            ("Ana", "Ana     "),
            ("Ana Duarte", "Ana Duar"),
            ("田中 陽子", "田中 陽 "),
            ("田中", "田中    "),
            ("Zoe\u{308}", "Zoe\u{308}     "),
            ("a\tb", "ab      "),
            ("", "        "),
        ] {
            assert_eq!(fitted(text, 8), expected, "{text}");
        }
    }
}
