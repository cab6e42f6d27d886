//! The last visits one by one, and what each adds to its month.

use std::fmt;
use std::str::FromStr;

use rusqlite::{Row, params};

use super::line_use::add_to_month;
use super::{Error, Store};
use crate::account::AccountId;

/// Visits of one account that are kept: a few months of somebody who collects twice a day.
const VISITS_KEPT: u32 = 200;

/// A visit that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastVisit {
    pub account: AccountId,
    /// Unix seconds.
    pub ended_at: i64,
    pub connected_ms: u64,
    /// Octets each way, as POP3 saw them: TLS adds a little.
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// None: it could not be told.
    pub round_trip: Option<RoundTrip>,
    /// Messages that were fetched.
    pub new: u64,
    pub outcome: Outcome,
}

/// From a command to its reply, the shortest that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoundTrip {
    pub micros: u64,
}

impl RoundTrip {
    /// Milliseconds.
    pub fn ms(self) -> f64 {
        #[allow(clippy::cast_precision_loss)] // no line is that long
        let micros = self.micros as f64;
        micros / 1e3
    }
}

impl fmt::Display for RoundTrip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = if self.micros < 10_000 { 1 } else { 0 };
        write!(f, "{:.digits$} ms", self.ms())
    }
}

/// How a visit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All went well.
    Done,
    /// The person was asked before much was fetched.
    Asked,
    /// Something came, and something went wrong.
    Partly,
    Failed,
    /// The person said *Stop*.
    Stopped,
    /// Nothing was to be fetched: the person looked at what lies there.
    Looked,
}

impl Outcome {
    const ALL: [Self; 6] = [Self::Done, Self::Asked, Self::Partly, Self::Failed, Self::Stopped, Self::Looked];

    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Asked => "asked",
            Self::Partly => "partly",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Looked => "looked",
        }
    }
}

impl FromStr for Outcome {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.word() == word)
            .ok_or_else(|| Error::Damaged(format!("a visit ended as “{word}”")))
    }
}

impl Store {
    /// Notes a visit that is over, and adds it to `month` (as in `2026-11`) if anything came over the line. A removed account
    /// is no reason to complain: its line is not used any more.
    pub async fn note_visit(&self, visit: PastVisit, month: String) -> Result<(), Error> {
        self.write(move |db| {
            if visit.bytes_in > 0 {
                add_to_month(db, &visit, &month)?;
            }
            db.prepare_cached(
                "INSERT INTO visit (account, ended_at, connected_ms, bytes_in, bytes_out, round_trip_us, new, outcome)
                 SELECT id, ?2, ?3, ?4, ?5, ?6, ?7, ?8 FROM account WHERE id = ?1",
            )?
            .execute(params![
                visit.account.0,
                visit.ended_at,
                visit.connected_ms.cast_signed(),
                visit.bytes_in.cast_signed(),
                visit.bytes_out.cast_signed(),
                visit.round_trip.map(|round_trip| round_trip.micros.cast_signed()),
                visit.new.cast_signed(),
                visit.outcome.word(),
            ])?;
            db.prepare_cached(
                "DELETE FROM visit WHERE account = ?1 AND id <=
                 (SELECT id FROM visit WHERE account = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
            )?
            .execute(params![visit.account.0, VISITS_KEPT])?;
            Ok(())
        })
        .await
    }

    /// The last visits of all accounts, the newest first.
    pub async fn visits(&self) -> Result<Vec<PastVisit>, Error> {
        self.read(|db| {
            let mut select = db.prepare_cached(
                "SELECT account, ended_at, connected_ms, bytes_in, bytes_out, round_trip_us, new, outcome FROM visit
                 ORDER BY id DESC",
            )?;
            let mut rows = select.query([])?;
            let mut visits = Vec::new();
            while let Some(row) = rows.next()? {
                visits.push(past_visit(row)?);
            }
            Ok(visits)
        })
        .await
    }
}

fn past_visit(row: &Row<'_>) -> Result<PastVisit, Error> {
    let number = |index| Ok::<_, rusqlite::Error>(row.get::<_, i64>(index)?.cast_unsigned());
    Ok(PastVisit {
        account: AccountId(row.get(0)?),
        ended_at: row.get(1)?,
        connected_ms: number(2)?,
        bytes_in: number(3)?,
        bytes_out: number(4)?,
        round_trip: row.get::<_, Option<i64>>(5)?.map(|micros| RoundTrip { micros: micros.cast_unsigned() }),
        new: number(6)?,
        outcome: row.get::<_, String>(7)?.parse()?,
    })
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::super::LineUse;
    use super::super::testing::{self, Fixture};
    use super::*;

    fn visit(account: AccountId, ended_at: i64) -> PastVisit {
        PastVisit {
            account,
            ended_at,
            connected_ms: 10,
            bytes_in: 5,
            bytes_out: 3,
            round_trip: Some(RoundTrip { micros: 400 }),
            new: 2,
            outcome: Outcome::Done,
        }
    }

    fn note(fixture: &Fixture, visit: PastVisit, month: &str) {
        block_on(fixture.store.note_visit(visit, month.into())).unwrap();
    }

    #[test]
    fn visits_add_up_by_month_with_the_shortest_round_trip_and_the_mean() {
        let fixture = Fixture::new();
        let round_trip = |micros| Some(RoundTrip { micros });
        for (month, bytes_in, round_trip) in [
            ("2026-10", 5, None),
            ("2026-11", 7, round_trip(900)),
            ("2026-11", 100, round_trip(300)),
            ("2026-11", 1, None),
            // Nothing came: the line was not used.
            ("2026-11", 0, None),
        ] {
            note(&fixture, PastVisit { bytes_in, round_trip, ..visit(fixture.account, 1) }, month);
        }
        note(&fixture, visit(AccountId(99), 1), "2026-11");
        let month = |month: &str, visits: u64, bytes_in, shortest, mean| LineUse {
            account: fixture.account,
            month: month.into(),
            visits,
            connected_ms: 10 * visits,
            bytes_in,
            bytes_out: 3 * visits,
            new: 2 * visits,
            round_trip: shortest,
            mean_round_trip: mean,
        };
        let expected =
            vec![month("2026-11", 3, 108, round_trip(300), round_trip(600)), month("2026-10", 1, 5, None, None)];
        assert_eq!(block_on(fixture.store.line_use()), Ok(expected));
    }

    #[test]
    fn the_last_visits_come_back_as_they_were_and_older_ones_are_let_go() {
        let fixture = Fixture::new();
        let other = block_on(fixture.store.save_account(testing::account("Home"))).unwrap();
        let odd = PastVisit { round_trip: None, bytes_in: 0, outcome: Outcome::Failed, ..visit(other, 7) };
        note(&fixture, odd.clone(), "2026-11");
        for at in 0..i64::from(VISITS_KEPT) + 5 {
            note(&fixture, visit(fixture.account, at), "2026-11");
        }
        note(&fixture, visit(AccountId(99), 1), "2026-11");
        let visits = block_on(fixture.reopened().store.visits()).unwrap();
        assert_eq!(visits.len(), VISITS_KEPT as usize + 1, "of each account so many");
        assert_eq!(visits[0], visit(visits[0].account, i64::from(VISITS_KEPT) + 4), "the newest first");
        assert_eq!(visits[VISITS_KEPT as usize - 1].ended_at, 5);
        assert_eq!(visits[VISITS_KEPT as usize], odd, "another account's stay");
    }

    #[test]
    fn every_outcome_has_a_word_of_its_own() {
        assert!(Outcome::ALL.iter().all(|outcome| outcome.word().parse() == Ok(*outcome)));
        assert!("so-so".parse::<Outcome>().is_err());
    }

    #[test]
    fn round_trips_are_said_as_people_say_them() {
        for (micros, words) in
            [(0, "0.0 ms"), (340, "0.3 ms"), (9_940, "9.9 ms"), (42_400, "42 ms"), (612_000, "612 ms")]
        {
            assert_eq!(RoundTrip { micros }.to_string(), words);
        }
    }
}
