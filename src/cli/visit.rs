//! `malote get` and `malote send`: the line is opened, used and closed.

use std::io::{self, Write};

use serde_json::json;

use super::client::{Client, expect_event};
use super::{Failure, complain};
use crate::engine::{Command, Event, Offer, Problem, Visit};

/// `all`: also where an account wants to be asked first.
pub fn get(client: &mut Client, names: &[String], all: bool, json: bool) -> Result<(), Failure> {
    let mut ids = Vec::new();
    for name in names {
        ids.push(client.account(name)?.id);
    }
    if names.is_empty() && client.accounts()?.is_empty() {
        return Err(Failure::Failed("there is no account yet: “malote account add” makes one".into()));
    }
    if all {
        let known = client.accounts()?.into_iter().map(|account| account.id);
        for account in known.filter(|id| ids.is_empty() || ids.contains(id)).collect::<Vec<_>>() {
            client.ask(Command::ConfirmLarge(account))?;
        }
    }
    let mut visits = Vec::new();
    client.ask_and_hear(Command::GetMail { accounts: ids }, |event| hear(event, &mut visits))?;
    let mut failures = Vec::new();
    let mut out = io::stdout().lock();
    for visit in &visits {
        let line = if json { as_json(visit) } else { in_words(visit) };
        writeln!(out, "{line}")?;
        failures.extend(visit.problems.iter().map(told));
    }
    if failures.is_empty() { Ok(()) } else { Err(Failure::Failed(failures.join("\n"))) }
}

/// The visit alone, without a word.
pub fn get_quietly(client: &mut Client) -> Result<(), Failure> {
    client.ask(Command::GetMail { accounts: Vec::new() })?;
    Ok(())
}

fn hear(event: Event, visits: &mut Vec<Visit>) {
    match event {
        Event::VisitEnded(visit) => visits.push(visit),
        Event::Notice(problem) => complain(&told(&problem)),
        _ => {}
    }
}

fn as_json(visit: &Visit) -> String {
    json!({
        "account": visit.account_name,
        "new": visit.new,
        "bytes": visit.bytes,
        "deleted_on_server": visit.deleted_on_server,
        "connected_ms": visit.connected_ms,
        "problems": visit.problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
    .to_string()
}

fn in_words(visit: &Visit) -> String {
    let messages = if visit.new == 1 { "message" } else { "messages" };
    let deleted = match visit.deleted_on_server {
        0 => String::new(),
        count => format!(", {count} deleted on the server"),
    };
    format!(
        "{}: {} new {messages}, {} bytes{deleted}, connected {:.1} s",
        visit.account_name,
        visit.new,
        visit.bytes,
        std::time::Duration::from_millis(visit.connected_ms).as_secs_f64()
    )
}

/// A problem with what can be done about it from the command line.
pub fn told(problem: &Problem) -> String {
    let mut words = problem.to_string();
    if let Some(Offer::TrustCertificate { outgoing, certificate, .. }) = &problem.offer {
        let switch = if *outgoing { "--smtp-pin" } else { "--pin" };
        words.push_str(&format!(
            "\nThe certificate: issued for {} ({}) by {}, valid from {} until {}.\nTo trust exactly it: malote account edit NAME {switch} {}",
            certificate.subject,
            certificate.names.join(", "),
            certificate.issuer,
            certificate.valid_from,
            certificate.valid_until,
            certificate.fingerprint
        ));
    }
    words
}

pub fn send(client: &mut Client) -> Result<(), Failure> {
    let (mut accepted, mut problems) = (0u32, Vec::new());
    client.ask_and_hear(Command::SendOutbox, |event| match event {
        Event::OutboxProgress { state: None, .. } => accepted += 1,
        Event::Notice(problem) => problems.push(told(&problem)),
        _ => {}
    })?;
    writeln!(io::stdout(), "{accepted} {} sent", if accepted == 1 { "message" } else { "messages" })?;
    if problems.is_empty() { Ok(()) } else { Err(Failure::Failed(problems.join("\n"))) }
}

/// What the lines have cost.
pub fn meter(client: &mut Client, json: bool) -> Result<(), Failure> {
    let accounts = client.accounts()?;
    let months = expect_event!(client.ask(Command::ListLineUse)?, Event::LineUse(months) => months)?;
    let mut out = io::stdout().lock();
    for month in &months {
        let name = accounts.iter().find(|account| account.id == month.account).map_or("", |account| &account.name);
        if json {
            let line = json!({
                "account": name,
                "month": month.month,
                "visits": month.visits,
                "connected_ms": month.connected_ms,
                "bytes_in": month.bytes_in,
                "bytes_out": month.bytes_out,
                "new": month.new,
            });
            writeln!(out, "{line}")?;
        } else {
            let secs = std::time::Duration::from_millis(month.connected_ms).as_secs_f64();
            writeln!(
                out,
                "{}  {name}: {} visits, connected {secs:.1} s, {} bytes in, {} bytes out, {} messages",
                month.month, month.visits, month.bytes_in, month.bytes_out, month.new
            )?;
        }
    }
    Ok(())
}
