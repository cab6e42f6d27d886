//! Accounts in their table. A new one comes with its mailboxes.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use rusqlite::{Connection, ErrorCode, Row, named_params};

use super::types::Role;
use super::{Error, Store};
use crate::account::{Account, AccountId, Fingerprint, Identity, PasswordSource, Proxy, Server};

impl Store {
    /// In the order in which they were added.
    pub async fn accounts(&self) -> Result<Vec<Account>, Error> {
        self.read(|db| {
            let mut select = db.prepare_cached(
                "SELECT id, name, display_name, address, signature, incoming_host, incoming_port, incoming_security, user,
                        password_command, sign_in, client_certificate, proxy, retention, outgoing_host, outgoing_port, outgoing_security, outgoing_user,
                        ca_file, incoming_pin, outgoing_pin, timeout_secs, policy
                 FROM account ORDER BY id",
            )?;
            let mut rows = select.query([])?;
            let mut accounts = Vec::new();
            while let Some(row) = rows.next()? {
                accounts.push(account(row)?);
            }
            Ok(accounts)
        })
        .await
    }

    /// Adds an account (its id is zero) with its seven mailboxes, or changes one.
    ///
    /// # Errors
    /// [`Error::NameTaken`]; [`Error::NotFound`] if the account to be changed was removed.
    pub async fn save_account(&self, account: Account) -> Result<AccountId, Error> {
        self.write(move |db| {
            if account.id == AccountId(0) {
                write_account(db, &account, INSERT)?;
                let id = db.last_insert_rowid();
                let mut insert = db.prepare_cached("INSERT INTO mailbox (account, role) VALUES (?1, ?2)")?;
                for role in Role::ALL {
                    insert.execute((id, role.word()))?;
                }
                return Ok(AccountId(id));
            }
            forget_other_server(db, &account)?;
            match write_account(db, &account, UPDATE)? {
                0 => Err(Error::NotFound),
                _ => Ok(account.id),
            }
        })
        .await
    }

    /// Removes the account with its mail, its drafts and what is known of its server.
    pub async fn remove_account(&self, id: AccountId) -> Result<(), Error> {
        self.write(move |db| match db.execute("DELETE FROM account WHERE id = ?1", [id.0])? {
            0 => Err(Error::NotFound),
            _ => Ok(()),
        })
        .await
    }
}

/// What was learnt of one server is not true of the next, nor what was learnt for one user.
fn forget_other_server(db: &Connection, account: &Account) -> Result<(), Error> {
    let Server { host, port, .. } = &account.incoming;
    db.prepare_cached(
        "DELETE FROM server_memory WHERE account = ?1 AND NOT EXISTS (
             SELECT 1 FROM account
             WHERE id = ?1 AND incoming_host = ?2 AND incoming_port = ?3 AND user = ?4)",
    )?
    .execute((account.id.0, host, port, &account.user))?;
    Ok(())
}

const INSERT: &str = "
    INSERT INTO account (id, name, display_name, address, signature, incoming_host, incoming_port, incoming_security, user,
                         password_command, sign_in, client_certificate, proxy, retention, outgoing_host, outgoing_port, outgoing_security, outgoing_user,
                         ca_file, incoming_pin, outgoing_pin, timeout_secs, policy)
    VALUES (nullif(:id, 0), :name, :display_name, :address, :signature, :incoming_host, :incoming_port, :incoming_security,
            :user, :password_command, :sign_in, :client_certificate, :proxy, :retention, :outgoing_host, :outgoing_port, :outgoing_security, :outgoing_user,
            :ca_file, :incoming_pin, :outgoing_pin, :timeout_secs, :policy)";

const UPDATE: &str = "
    UPDATE account SET name = :name, display_name = :display_name, address = :address, signature = :signature,
           incoming_host = :incoming_host, incoming_port = :incoming_port, incoming_security = :incoming_security,
           user = :user, password_command = :password_command, sign_in = :sign_in,
           client_certificate = :client_certificate, proxy = :proxy, retention = :retention, outgoing_host = :outgoing_host,
           outgoing_port = :outgoing_port, outgoing_security = :outgoing_security, outgoing_user = :outgoing_user,
           ca_file = :ca_file, incoming_pin = :incoming_pin, outgoing_pin = :outgoing_pin, timeout_secs = :timeout_secs,
           policy = :policy
    WHERE id = :id";

fn write_account(db: &Connection, account: &Account, sql: &str) -> Result<usize, Error> {
    let outgoing = account.outgoing.as_ref();
    let command = match &account.password_source {
        PasswordSource::Keyring => None,
        PasswordSource::Command(command) => Some(command),
    };
    let policy = serde_json::to_string(&account.policy).map_err(|error| Error::Unexpected(error.to_string()))?;
    let written = db.prepare_cached(sql)?.execute(named_params! {
        ":id": account.id.0,
        ":name": account.name,
        ":display_name": account.identity.display_name,
        ":address": account.identity.address,
        ":signature": account.identity.signature,
        ":incoming_host": account.incoming.host,
        ":incoming_port": account.incoming.port,
        ":incoming_security": account.incoming.security.word(),
        ":user": account.user,
        ":password_command": command,
        ":sign_in": account.sign_in.word(),
        ":client_certificate": account.client_certificate.as_ref().map(|path| path.as_os_str().as_encoded_bytes()),
        ":proxy": account.proxy.as_ref().map(Proxy::to_string),
        ":retention": account.retention.to_string(),
        ":outgoing_host": outgoing.map(|server| &server.host),
        ":outgoing_port": outgoing.map(|server| server.port),
        ":outgoing_security": outgoing.map(|server| server.security.word()),
        ":outgoing_user": account.outgoing_user,
        ":ca_file": account.ca_file.as_ref().map(|path| path.as_os_str().as_encoded_bytes()),
        ":incoming_pin": account.incoming_pin.map(|pin| pin.0),
        ":outgoing_pin": account.outgoing_pin.map(|pin| pin.0),
        ":timeout_secs": account.timeout_secs,
        ":policy": policy,
    });
    written.map_err(|error| match error.sqlite_error_code() {
        // The only rule that a well-formed account can break.
        Some(ErrorCode::ConstraintViolation) => Error::NameTaken,
        _ => error.into(),
    })
}

fn account(row: &Row<'_>) -> Result<Account, Error> {
    let server = |host: String, port: u16, security: String| -> Result<Server, Error> {
        Ok(Server { host, port, security: word(&security)? })
    };
    let outgoing = match row.get::<_, Option<String>>("outgoing_host")? {
        Some(host) => Some(server(host, row.get("outgoing_port")?, row.get("outgoing_security")?)?),
        None => None,
    };
    Ok(Account {
        id: AccountId(row.get("id")?),
        name: row.get("name")?,
        identity: Identity {
            display_name: row.get("display_name")?,
            address: row.get("address")?,
            signature: row.get("signature")?,
        },
        incoming: server(row.get("incoming_host")?, row.get("incoming_port")?, row.get("incoming_security")?)?,
        user: row.get("user")?,
        password_source: row
            .get::<_, Option<String>>("password_command")?
            .map_or(PasswordSource::Keyring, PasswordSource::Command),
        sign_in: word(&row.get::<_, String>("sign_in")?)?,
        client_certificate: row.get::<_, Option<Vec<u8>>>("client_certificate")?.map(path),
        proxy: row.get::<_, Option<String>>("proxy")?.map(|text| word(&text)).transpose()?,
        retention: word(&row.get::<_, String>("retention")?)?,
        outgoing,
        outgoing_user: row.get("outgoing_user")?,
        ca_file: row.get::<_, Option<Vec<u8>>>("ca_file")?.map(path),
        incoming_pin: row.get::<_, Option<[u8; 32]>>("incoming_pin")?.map(Fingerprint),
        outgoing_pin: row.get::<_, Option<[u8; 32]>>("outgoing_pin")?.map(Fingerprint),
        timeout_secs: row.get("timeout_secs")?,
        policy: serde_json::from_str(&row.get::<_, String>("policy")?)
            .map_err(|error| Error::Damaged(format!("the rules of an account: {error}")))?,
    })
}

fn word<T: FromStr<Err = String>>(word: &str) -> Result<T, Error> {
    word.parse().map_err(Error::Damaged)
}

#[cfg(unix)]
fn path(bytes: Vec<u8>) -> PathBuf {
    let name: OsString = std::os::unix::ffi::OsStringExt::from_vec(bytes);
    name.into()
}

#[cfg(not(unix))]
fn path(bytes: Vec<u8>) -> PathBuf {
    OsString::from(String::from_utf8_lossy(&bytes).into_owned()).into()
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::super::testing::{self, Fixture, NOON, arrival, envelope};
    use super::super::types::{MailboxCount, MailboxView};
    use super::*;
    use crate::account::{Policy, Retention, Security, SignIn};
    use crate::mail::Draft;

    fn full() -> Account {
        Account {
            identity: Identity {
                display_name: "Ana É".into(),
                address: "ana@example.org".into(),
                signature: "a\nb".into(),
            },
            password_source: PasswordSource::Command("pass show mail".into()),
            retention: Retention::DeleteAfterDays(14),
            sign_in: SignIn::ScramSha256,
            client_certificate: Some(PathBuf::from("/etc/me.p12")),
            proxy: Some(Proxy { host: "127.0.0.1".into(), port: 9050, user: Some("mail".into()) }),
            policy: Policy { never_delete: true, skip_above_bytes: Some(1 << 40), ..Policy::default() },
            outgoing: Some(Server { host: "smtp.example.org".into(), port: 587, security: Security::StartTls }),
            outgoing_user: Some("ana.out".into()),
            ca_file: Some(PathBuf::from("/etc/ca é.pem")),
            incoming_pin: Some(Fingerprint([1; 32])),
            outgoing_pin: Some(Fingerprint([2; 32])),
            timeout_secs: 7,
            ..testing::account("Home")
        }
    }

    #[test]
    fn every_setting_comes_back_as_it_was_saved() {
        let fixture = Fixture::new();
        let id = block_on(fixture.store.save_account(full())).unwrap();
        let saved = Account { id, ..full() };
        let work = Account { id: fixture.account, ..testing::account("Work") };
        assert_eq!(block_on(fixture.store.accounts()), Ok(vec![work.clone(), saved]));
        let changed = Account { id, ..testing::account("Elsewhere") };
        assert_eq!(block_on(fixture.store.save_account(changed.clone())), Ok(id));
        assert_eq!(block_on(fixture.reopened().store.accounts()), Ok(vec![work, changed]));
    }

    #[cfg(unix)]
    #[test]
    fn a_path_need_not_be_text() {
        let fixture = Fixture::new();
        let name: OsString = std::os::unix::ffi::OsStringExt::from_vec(b"/ca/\xFF.pem".to_vec());
        let odd = Account { ca_file: Some(name.into()), ..full() };
        let id = block_on(fixture.store.save_account(odd.clone())).unwrap();
        assert_eq!(block_on(fixture.store.accounts()).unwrap()[1], Account { id, ..odd });
    }

    #[test]
    fn a_new_account_has_one_empty_mailbox_of_each_role() {
        let fixture = Fixture::new();
        let expected = Role::ALL.map(|role| MailboxCount { account: fixture.account, role, total: 0, unread: 0 });
        assert_eq!(block_on(fixture.store.counts()), Ok(expected.to_vec()));
    }

    #[test]
    fn a_name_is_taken_once() {
        let fixture = Fixture::new();
        for name in ["Work", "wORK"] {
            assert_eq!(block_on(fixture.store.save_account(testing::account(name))), Err(Error::NameTaken), "{name}");
        }
        assert_eq!(fixture.rows_of("mailbox"), 7, "no mailbox of an account that was refused");
    }

    #[test]
    fn an_account_that_is_gone_cannot_be_changed_or_removed() {
        let fixture = Fixture::new();
        let gone = Account { id: AccountId(99), ..testing::account("Gone") };
        assert_eq!(block_on(fixture.store.save_account(gone)), Err(Error::NotFound));
        assert_eq!(block_on(fixture.store.remove_account(AccountId(99))), Err(Error::NotFound));
    }

    #[test]
    fn removing_an_account_removes_all_that_is_its_own_and_nothing_else() {
        let fixture = Fixture::new();
        let home = block_on(fixture.store.save_account(full())).unwrap();
        let kept = fixture.receive(b"kept");
        block_on(async {
            let store = &fixture.store;
            store.deliver(home, vec![arrival(b"1", b"one"), arrival(b"2", b"two")], NOON).await.unwrap();
            let to = vec!["bo@example.org".into()];
            store.queue(home, None, Draft::default(), vec![], envelope("d", None), to, NOON).await.unwrap();
            store.save_draft(home, None, Draft::default(), vec![], envelope("d", None), NOON).await.unwrap();
            store.remove_account(home).await.unwrap();
            assert_eq!(store.ledger(home).await, Ok(vec![]));
            assert_eq!(store.deliver(home, vec![arrival(b"3", b"late")], NOON).await, Err(Error::NotFound));
            let all = MailboxView { role: Role::Inbox, account: None };
            assert_eq!(store.keys(all).await, Ok(vec![kept]));
        });
        for (table, rows) in
            [("message", 1), ("raw_chunk", 1), ("ledger", 1), ("mailbox", 7), ("draft", 0), ("outbox", 0)]
        {
            assert_eq!(fixture.rows_of(table), rows, "{table}");
        }
        let next = block_on(fixture.store.save_account(full())).unwrap();
        assert_ne!(next, home, "the keyring may still know the old number");
    }
}
