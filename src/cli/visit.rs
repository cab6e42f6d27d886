//! `malote get` and `malote send`: the line is opened, used and closed.

use std::io::{self, Write};

use serde_json::json;

use super::client::Client;
use super::{Failure, complain};
use crate::engine::{Command, Event, Offer, Problem, RoundTrip, Visit};

/// Who wants the mail.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The person.
    Asked,
    /// The person, even where an account wants to be asked first.
    All,
    /// A timer, as the window's schedule would.
    Unasked,
}

pub fn get(client: &mut Client, names: &[String], wanted: Wanted, json: bool) -> Result<(), Failure> {
    let mut ids = Vec::new();
    for name in names {
        ids.push(client.account(name)?.id);
    }
    if names.is_empty() && client.accounts()?.is_empty() {
        return Err(Failure::Failed("there is no account yet: “malote account add” makes one".into()));
    }
    if wanted == Wanted::All {
        let known = client.accounts()?.into_iter().map(|account| account.id);
        for account in known.filter(|id| ids.is_empty() || ids.contains(id)).collect::<Vec<_>>() {
            client.ask(Command::ConfirmLarge(account))?;
        }
    }
    let mut visits = Vec::new();
    let unasked = wanted == Wanted::Unasked;
    client.ask_and_hear(Command::GetMail { accounts: ids, unasked }, |event| hear(event, &mut visits))?;
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
    client.ask(Command::GetMail { accounts: Vec::new(), unasked: false })?;
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
        "round_trip_ms": visit.round_trip.map(RoundTrip::ms),
        "held_back": visit.held_back,
        "problems": visit.problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
    .to_string()
}

fn in_words(visit: &Visit) -> String {
    if visit.held_back {
        return format!("{}: not visited; it waits for a line that is not metered", visit.account_name);
    }
    let messages = if visit.new == 1 { "message" } else { "messages" };
    let deleted = match visit.deleted_on_server {
        0 => String::new(),
        count => format!(", {count} deleted on the server"),
    };
    let round_trip = visit.round_trip.map(|round_trip| format!(", round trip {round_trip}")).unwrap_or_default();
    format!(
        "{}: {} new {messages}, {} bytes{deleted}, connected {:.1} s{round_trip}",
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
