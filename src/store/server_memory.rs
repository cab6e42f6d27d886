//! What an account's POP3 server has shown of itself, so that the next visit need not find it out again.

use rusqlite::{OptionalExtension, params};

use super::{Error, Store};
use crate::account::AccountId;

/// Nothing is known by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerMemory {
    /// The way to sign in that worked last.
    pub mechanism: Option<String>,
    /// How often in a row it broke when it was taken at its word (PIPELINING), and not when it was asked one thing at a time.
    pub pipelining_failures: u32,
    /// It does not bear to be asked for its capabilities.
    pub hangs_up_on_capa: bool,
    /// Seconds that must lie between two visits.
    pub login_delay_secs: Option<u32>,
    /// Days after which it removes messages, or `NEVER`.
    pub expire: Option<String>,
}

impl Store {
    /// What is known of the account's server; of one that was never visited, nothing.
    pub async fn server_memory(&self, account: AccountId) -> Result<ServerMemory, Error> {
        self.read(move |db| {
            let mut select = db.prepare_cached(
                "SELECT mechanism, pipelining_broken, login_delay_secs, expire, hangs_up_on_capa FROM server_memory
                 WHERE account = ?1",
            )?;
            let memory = select.query_row([account.0], |row| {
                Ok(ServerMemory {
                    mechanism: row.get(0)?,
                    pipelining_failures: row.get(1)?,
                    login_delay_secs: row.get(2)?,
                    expire: row.get(3)?,
                    hangs_up_on_capa: row.get(4)?,
                })
            });
            Ok(memory.optional()?.unwrap_or_default())
        })
        .await
    }

    /// Replaces what is known. An account that was removed meanwhile has no server any more, and that is no error.
    pub async fn remember_server(&self, account: AccountId, memory: ServerMemory) -> Result<(), Error> {
        self.write(move |db| {
            db.prepare_cached(
                "INSERT OR REPLACE INTO server_memory
                     (account, mechanism, pipelining_broken, login_delay_secs, expire, hangs_up_on_capa)
                 SELECT id, ?2, ?3, ?4, ?5, ?6 FROM account WHERE id = ?1",
            )?
            .execute(params![
                account.0,
                memory.mechanism,
                memory.pipelining_failures,
                memory.login_delay_secs,
                memory.expire,
                memory.hangs_up_on_capa
            ])?;
            Ok(())
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::super::testing::{self, Fixture};
    use super::*;
    use crate::account::Account;

    fn memory() -> ServerMemory {
        ServerMemory {
            mechanism: Some("scram-sha-256".into()),
            pipelining_failures: 2,
            hangs_up_on_capa: true,
            login_delay_secs: Some(900),
            expire: Some("NEVER".into()),
        }
    }

    #[test]
    fn what_a_server_has_shown_is_remembered() {
        let fixture = Fixture::new();
        let recall = |fixture: &Fixture| block_on(fixture.store.server_memory(fixture.account)).unwrap();
        assert_eq!(recall(&fixture), ServerMemory::default());
        block_on(fixture.store.remember_server(fixture.account, memory())).unwrap();
        let fixture = fixture.reopened();
        assert_eq!(recall(&fixture), memory());
        block_on(fixture.store.remember_server(fixture.account, ServerMemory::default())).unwrap();
        assert_eq!(recall(&fixture), ServerMemory::default());
        assert_eq!(block_on(fixture.store.remember_server(AccountId(99), memory())), Ok(()));
    }

    #[test]
    fn another_server_or_user_is_not_the_one_that_was_remembered() {
        type Edit = fn(&mut Account);
        let cases: [(Edit, bool); 6] = [
            (|account| account.incoming.host = "pop2.example.org".into(), false),
            (|account| account.incoming.port = 110, false),
            (|account| account.user = "bo".into(), false),
            (|account| account.name = "Elsewhere".into(), true),
            (|account| account.timeout_secs = 5, true),
            (|_| {}, true),
        ];
        for (number, (edit, stays)) in cases.into_iter().enumerate() {
            let fixture = Fixture::new();
            block_on(fixture.store.remember_server(fixture.account, memory())).unwrap();
            let mut account = Account { id: fixture.account, ..testing::account("Work") };
            edit(&mut account);
            block_on(fixture.store.save_account(account)).unwrap();
            let expected = if stays { memory() } else { ServerMemory::default() };
            assert_eq!(block_on(fixture.store.server_memory(fixture.account)), Ok(expected), "case {number}");
        }
    }
}
