//! `malote server NAME`: what lies there, and what is to become of it.

use std::io::{self, Write};

use serde_json::json;

use super::Failure;
use super::args::ServerArguments;
use super::client::{Client, expect_event};
use super::visit;
use crate::account::AccountId;
use crate::engine::{Command, Event, Fate, RoundTrip, ServerMessage, ServerView, Wish};
use crate::store::types::Part;

pub fn run(client: &mut Client, arguments: ServerArguments) -> Result<(), Failure> {
    let ServerArguments { account, delete, get, keep, reset, adopt, run, no_headers, json } = arguments;
    let account = client.account(&account)?;
    let wishes = [(delete, Some(Wish::Delete)), (get, Some(Wish::Get)), (keep, Some(Wish::Keep)), (reset, None)];
    for (uids, wish) in wishes {
        let uids: Vec<Vec<u8>> = uids.iter().map(|uid| unescaped(uid)).collect();
        if !uids.is_empty() {
            client.ask(Command::Wish { account: account.id, uids, wish })?;
        }
    }
    if run {
        return visit::get(client, &[account.name], visit::Wanted::Asked, json);
    }
    let view = look(client, account.id, !no_headers)?;
    if adopt {
        return adopt_all(client, &view);
    }
    print(&view, json)
}

fn look(client: &mut Client, account: AccountId, headers: bool) -> Result<ServerView, Failure> {
    let answer = client.ask(Command::ViewServer { account, headers }).map_err(|problem| visit::told(&problem));
    expect_event!(answer.map_err(Failure::Failed)?, Event::Server(view) => *view)
}

/// Everything that is not here counts as known from now on, and is not fetched.
fn adopt_all(client: &mut Client, view: &ServerView) -> Result<(), Failure> {
    let unknown = view.messages.iter().filter(|message| {
        !message.uid.is_empty() && !matches!(message.fate, Fate::Here { .. }) && message.fate != Fate::Delete
    });
    let messages: Vec<(Vec<u8>, u64)> = unknown.map(|message| (message.uid.clone(), message.size_bytes)).collect();
    let count = messages.len();
    client.ask(Command::Adopt { account: view.account, messages })?;
    writeln!(io::stdout(), "{}: {count} messages on the server count as known; none was fetched", view.account_name)?;
    Ok(())
}

fn print(view: &ServerView, json: bool) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    for message in &view.messages {
        let ServerMessage { number, size_bytes, from, subject, .. } = message;
        if json {
            writeln!(out, "{}", as_json(message))?;
        } else {
            writeln!(out, "{number:>6} {size_bytes:>9}  {:<40}  {from}: {subject}", fate_in_words(message))?;
        }
    }
    let summary = view.summary();
    if json {
        let total = json!({
            "account": view.account_name,
            "messages": view.messages.len(),
            "bytes": summary.bytes,
            "quota_bytes": summary.quota_bytes,
            "expire_days": view.expire_days,
            "to_fetch": summary.to_fetch,
            "to_fetch_bytes": summary.to_fetch_bytes,
            "to_delete": summary.to_delete,
            "to_delete_bytes": summary.to_delete_bytes,
            "estimated_secs": summary.estimated_secs,
            "connected_ms": view.connected_ms,
            "round_trip_ms": view.round_trip.map(RoundTrip::ms),
        });
        writeln!(out, "{}", json!({ "total": total }))?;
    } else {
        writeln!(out, "{}: {}", view.account_name, summary.words())?;
        for words in view.expiry().into_iter().chain(summary.advice()) {
            writeln!(out, "{}: {words}", view.account_name)?;
        }
    }
    Ok(())
}

fn as_json(message: &ServerMessage) -> serde_json::Value {
    let (fate, at) = fate(message);
    json!({
        "number": message.number,
        "uid": message.uid.escape_ascii().to_string(),
        "size": message.size_bytes,
        "from": message.from,
        "subject": message.subject,
        "date": message.date.map(rfc3339),
        "key": message.key.map(|key| key.to_string()),
        "fate": fate,
        "at": at.map(rfc3339),
        "wish": message.wish.map(Wish::word),
        "tries": message.tries,
        "words": message.words,
    })
}

/// A word for the fate, and the time that belongs to it.
fn fate(message: &ServerMessage) -> (&'static str, Option<i64>) {
    match message.fate {
        Fate::Fetch(Part::Header) => ("fetch-header", None),
        Fate::Fetch(Part::Excerpt) => ("fetch-first-lines", None),
        Fate::Fetch(_) => ("fetch", None),
        Fate::TooLarge => ("too-large", None),
        Fate::Resting { until } => ("resting", Some(until)),
        Fate::Here { part: Part::Whole, delete_at } => ("here", delete_at),
        Fate::Here { part: Part::Header, delete_at } => ("here-header", delete_at),
        Fate::Here { part: Part::Excerpt, delete_at } => ("here-first-lines", delete_at),
        Fate::Here { part: Part::Nothing, delete_at } => ("known", delete_at),
        Fate::Delete => ("delete", None),
    }
}

fn fate_in_words(message: &ServerMessage) -> String {
    let (word, at) = fate(message);
    let wish = message.wish.map(|wish| format!(" (you said {})", wish.word())).unwrap_or_default();
    match at {
        Some(at) if word == "resting" => format!("refused {} times, next try {}{wish}", message.tries, day(at)),
        Some(at) => format!("{word}, will be deleted {}{wish}", day(at)),
        None => format!("{word}{wish}"),
    }
}

pub(super) fn rfc3339(secs: i64) -> String {
    jiff::Timestamp::from_second(secs).unwrap_or_default().to_string()
}

pub(super) fn day(secs: i64) -> String {
    let time = jiff::Timestamp::from_second(secs).unwrap_or_default().to_zoned(jiff::tz::TimeZone::system());
    time.strftime("%Y-%m-%d %H:%M").to_string()
}

/// A unique-id as the listing shows it, back to its octets.
fn unescaped(text: &str) -> Vec<u8> {
    let mut octets = Vec::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            octets.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        match chars.next() {
            Some('x') => {
                let digits: String = chars.by_ref().take(2).collect();
                octets.extend(u8::from_str_radix(&digits, 16).ok());
            }
            Some('n') => octets.push(b'\n'),
            Some('r') => octets.push(b'\r'),
            Some('t') => octets.push(b'\t'),
            Some(other) => octets.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
            None => octets.push(b'\\'),
        }
    }
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unique_id_that_was_shown_can_be_said() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(unescaped(&all.escape_ascii().to_string()), all);
        assert_eq!(unescaped("plain-7"), b"plain-7");
        assert_eq!(unescaped("end\\"), b"end\\");
    }
}
