//! What the lines have cost, by account and month.

use rusqlite::{Connection, params};

use super::visit::{PastVisit, RoundTrip};
use super::{Error, Store};
use crate::account::AccountId;

/// What one account's line has carried in one month.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineUse {
    pub account: AccountId,
    /// As in `2026-11`.
    pub month: String,
    pub visits: u64,
    pub connected_ms: u64,
    /// Octets each way, as POP3 saw them: TLS adds a little.
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// Messages that were fetched.
    pub new: u64,
    /// The shortest of all visits, and the mean of theirs; None: no visit could tell.
    pub round_trip: Option<RoundTrip>,
    pub mean_round_trip: Option<RoundTrip>,
}

/// Adds one visit to its month.
pub(super) fn add_to_month(db: &Connection, visit: &PastVisit, month: &str) -> Result<(), Error> {
    let micros = visit.round_trip.map(|round_trip| round_trip.micros.cast_signed());
    db.prepare_cached(
        "INSERT INTO line_use (account, month, visits, connected_ms, bytes_in, bytes_out, new,
                               round_trip_us, round_trips, round_trips_us)
         SELECT id, ?2, 1, ?3, ?4, ?5, ?6, ?7, ?7 IS NOT NULL, ifnull(?7, 0) FROM account WHERE id = ?1
         ON CONFLICT (account, month) DO UPDATE SET
             visits = visits + 1, connected_ms = connected_ms + excluded.connected_ms,
             bytes_in = bytes_in + excluded.bytes_in, bytes_out = bytes_out + excluded.bytes_out,
             new = new + excluded.new,
             round_trip_us = min(ifnull(round_trip_us, excluded.round_trip_us),
                                 ifnull(excluded.round_trip_us, round_trip_us)),
             round_trips = round_trips + excluded.round_trips,
             round_trips_us = round_trips_us + excluded.round_trips_us",
    )?
    .execute(params![
        visit.account.0,
        month,
        visit.connected_ms.cast_signed(),
        visit.bytes_in.cast_signed(),
        visit.bytes_out.cast_signed(),
        visit.new.cast_signed(),
        micros,
    ])?;
    Ok(())
}

impl Store {
    /// All months of all accounts, the newest first.
    pub async fn line_use(&self) -> Result<Vec<LineUse>, Error> {
        self.read(|db| {
            let mut select = db.prepare_cached(
                "SELECT account, month, visits, connected_ms, bytes_in, bytes_out, new, round_trip_us,
                        round_trips_us / nullif(round_trips, 0) FROM line_use
                 ORDER BY month DESC, account",
            )?;
            let months = select.query_map([], |row| {
                let number = |index| Ok::<_, rusqlite::Error>(row.get::<_, i64>(index)?.cast_unsigned());
                let round_trip = |index| {
                    let micros = row.get::<_, Option<i64>>(index)?.map(i64::cast_unsigned);
                    Ok::<_, rusqlite::Error>(micros.map(|micros| RoundTrip { micros }))
                };
                Ok(LineUse {
                    account: AccountId(row.get(0)?),
                    month: row.get(1)?,
                    visits: number(2)?,
                    connected_ms: number(3)?,
                    bytes_in: number(4)?,
                    bytes_out: number(5)?,
                    new: number(6)?,
                    round_trip: round_trip(7)?,
                    mean_round_trip: round_trip(8)?,
                })
            })?;
            Ok(months.collect::<Result<_, _>>()?)
        })
        .await
    }
}
