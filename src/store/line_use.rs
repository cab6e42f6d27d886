//! What the lines have cost, by account and month.

use rusqlite::params;

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
}

impl Store {
    /// Adds one visit to its month.
    pub async fn add_line_use(&self, visit: LineUse) -> Result<(), Error> {
        self.write(move |db| {
            // A removed account is no reason to complain: its line is not used any more.
            db.prepare_cached(
                "INSERT INTO line_use (account, month, visits, connected_ms, bytes_in, bytes_out, new)
                 SELECT id, ?2, ?3, ?4, ?5, ?6, ?7 FROM account WHERE id = ?1
                 ON CONFLICT (account, month) DO UPDATE SET
                     visits = visits + excluded.visits, connected_ms = connected_ms + excluded.connected_ms,
                     bytes_in = bytes_in + excluded.bytes_in, bytes_out = bytes_out + excluded.bytes_out,
                     new = new + excluded.new",
            )?
            .execute(params![
                visit.account.0,
                visit.month,
                visit.visits.cast_signed(),
                visit.connected_ms.cast_signed(),
                visit.bytes_in.cast_signed(),
                visit.bytes_out.cast_signed(),
                visit.new.cast_signed(),
            ])?;
            Ok(())
        })
        .await
    }

    /// All months of all accounts, the newest first.
    pub async fn line_use(&self) -> Result<Vec<LineUse>, Error> {
        self.read(|db| {
            let mut select = db.prepare_cached(
                "SELECT account, month, visits, connected_ms, bytes_in, bytes_out, new FROM line_use
                 ORDER BY month DESC, account",
            )?;
            let months = select.query_map([], |row| {
                let number = |index| Ok::<_, rusqlite::Error>(row.get::<_, i64>(index)?.cast_unsigned());
                Ok(LineUse {
                    account: AccountId(row.get(0)?),
                    month: row.get(1)?,
                    visits: number(2)?,
                    connected_ms: number(3)?,
                    bytes_in: number(4)?,
                    bytes_out: number(5)?,
                    new: number(6)?,
                })
            })?;
            Ok(months.collect::<Result<_, _>>()?)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::super::testing::Fixture;
    use super::*;

    #[test]
    fn visits_add_up_by_month() {
        let fixture = Fixture::new();
        let visit = |month: &str, bytes_in| LineUse {
            account: fixture.account,
            month: month.into(),
            visits: 1,
            connected_ms: 10,
            bytes_in,
            bytes_out: 3,
            new: 2,
        };
        for (month, bytes) in [("2026-10", 5), ("2026-11", 7), ("2026-11", 100)] {
            block_on(fixture.store.add_line_use(visit(month, bytes))).unwrap();
        }
        block_on(fixture.store.add_line_use(LineUse { account: AccountId(99), ..visit("2026-11", 1) })).unwrap();
        let november = LineUse { visits: 2, connected_ms: 20, bytes_out: 6, new: 4, ..visit("2026-11", 107) };
        assert_eq!(block_on(fixture.store.line_use()), Ok(vec![november, visit("2026-10", 5)]));
    }
}
