//! The meter of the lines: what each visit has cost is noted, by itself and in its month.

use std::time::Duration;

use super::event::{Problem, Visit};
use super::hub::{Hub, now};
use super::problem;
use crate::protocol::pop3::Session;
use crate::store::{Outcome, PastVisit, RoundTrip};

/// As in `2026-11`.
pub(super) fn this_month() -> String {
    jiff::Zoned::now().strftime("%Y-%m").to_string()
}

/// Notes what a visit has cost, and how it ended.
pub(super) async fn note(hub: &Hub, visit: &mut Visit, outcome: Outcome) {
    let past = PastVisit {
        account: visit.account,
        ended_at: now(),
        connected_ms: visit.connected_ms,
        bytes_in: visit.bytes_in,
        bytes_out: visit.bytes_out,
        round_trip: visit.round_trip,
        new: u64::from(visit.new),
        outcome,
    };
    if let Err(error) = hub.store.note_visit(past, this_month()).await {
        visit.problems.push(*problem::store_plain("Could not note what the line has cost", &error));
    }
}

/// How a visit ended that was to fetch.
pub(super) fn outcome(visit: &Visit) -> Outcome {
    if visit.stopped {
        Outcome::Stopped
    } else if visit.problems.is_empty() {
        Outcome::Done
    } else if visit.problems.iter().all(Problem::is_question) {
        Outcome::Asked
    } else if visit.planned > 0 || visit.new > 0 {
        Outcome::Partly
    } else {
        Outcome::Failed
    }
}

/// The shortest that the visit's sessions have seen.
pub(super) fn measure_round_trip(visit: &mut Visit, session: &Session) {
    let micros = |took: Duration| u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let seen = session.round_trip().map(|took| RoundTrip { micros: micros(took) });
    visit.round_trip = visit.round_trip.into_iter().chain(seen).min();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::AccountId;
    use crate::engine::event::Offer;

    #[test]
    fn how_a_visit_ended_is_said_in_one_word() {
        let problem = |offer: Option<Offer>| Problem { offer, ..Problem::default() };
        let asks = || problem(Some(Offer::FetchAll(AccountId(1))));
        let broken = || problem(None);
        for (stopped, problems, planned, new, expected) in [
            (false, vec![], 0, 0, Outcome::Done),
            (true, vec![broken()], 3, 1, Outcome::Stopped),
            (false, vec![asks()], 0, 0, Outcome::Asked),
            (false, vec![asks(), broken()], 0, 0, Outcome::Failed),
            (false, vec![broken()], 0, 0, Outcome::Failed),
            (false, vec![broken()], 3, 0, Outcome::Partly),
            (false, vec![broken()], 0, 2, Outcome::Partly),
        ] {
            let visit = Visit { stopped, problems, planned, new, ..Visit::default() };
            assert_eq!(outcome(&visit), expected, "{visit:?}");
        }
    }
}
