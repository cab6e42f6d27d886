//! `malote meter`: what the lines have cost, and what they are like.

use std::io::{self, Write};
use std::time::Duration;

use serde_json::json;

use super::Failure;
use super::client::{Client, expect_event};
use super::server::{day, rfc3339};
use crate::account::{Account, AccountId};
use crate::engine::{Command, Event, LineUse, PastVisit, RoundTrip};

/// By month.
pub fn months(client: &mut Client, json: bool) -> Result<(), Failure> {
    let accounts = client.accounts()?;
    let months = expect_event!(client.ask(Command::ListLineUse)?, Event::LineUse(months) => months)?;
    let mut out = io::stdout().lock();
    for month in &months {
        let name = name(&accounts, month.account);
        writeln!(out, "{}", if json { month_json(name, month) } else { month_words(name, month) })?;
    }
    Ok(())
}

/// The last visits, one by one.
pub fn visits(client: &mut Client, json: bool) -> Result<(), Failure> {
    let accounts = client.accounts()?;
    let visits = expect_event!(client.ask(Command::ListVisits)?, Event::Visits(visits) => visits)?;
    let mut out = io::stdout().lock();
    for visit in &visits {
        let name = name(&accounts, visit.account);
        writeln!(out, "{}", if json { visit_json(name, visit) } else { visit_words(name, visit) })?;
    }
    Ok(())
}

fn name(accounts: &[Account], id: AccountId) -> &str {
    accounts.iter().find(|account| account.id == id).map_or("", |account| &account.name)
}

fn month_json(name: &str, month: &LineUse) -> String {
    json!({
        "account": name,
        "month": month.month,
        "visits": month.visits,
        "connected_ms": month.connected_ms,
        "bytes_in": month.bytes_in,
        "bytes_out": month.bytes_out,
        "new": month.new,
        "round_trip_ms": month.round_trip.map(RoundTrip::ms),
        "mean_round_trip_ms": month.mean_round_trip.map(RoundTrip::ms),
    })
    .to_string()
}

fn month_words(name: &str, month: &LineUse) -> String {
    let round_trip = match (month.round_trip, month.mean_round_trip) {
        (Some(shortest), Some(mean)) => format!(", round trip {shortest} at best, {mean} on average"),
        _ => String::new(),
    };
    format!(
        "{}  {name}: {} visits, connected {}, {} bytes in, {} bytes out, {} messages{round_trip}",
        month.month,
        month.visits,
        secs(month.connected_ms),
        month.bytes_in,
        month.bytes_out,
        month.new
    )
}

fn visit_json(name: &str, visit: &PastVisit) -> String {
    json!({
        "account": name,
        "ended_at": rfc3339(visit.ended_at),
        "connected_ms": visit.connected_ms,
        "bytes_in": visit.bytes_in,
        "bytes_out": visit.bytes_out,
        "round_trip_ms": visit.round_trip.map(RoundTrip::ms),
        "new": visit.new,
        "outcome": visit.outcome.word(),
    })
    .to_string()
}

fn visit_words(name: &str, visit: &PastVisit) -> String {
    let round_trip = visit.round_trip.map(|round_trip| format!(", round trip {round_trip}")).unwrap_or_default();
    format!(
        "{}  {name}: {}, {} new, connected {}, {} bytes in, {} bytes out{round_trip}",
        day(visit.ended_at),
        visit.outcome.word(),
        visit.new,
        secs(visit.connected_ms),
        visit.bytes_in,
        visit.bytes_out
    )
}

fn secs(ms: u64) -> String {
    format!("{:.1} s", Duration::from_millis(ms).as_secs_f64())
}
