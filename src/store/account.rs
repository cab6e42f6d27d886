//! Accounts in their table. A new one comes with its mailboxes.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use rusqlite::{Connection, ErrorCode, Row, named_params};

use super::types::Role;
use super::{Error, Store};
use crate::account::{Account, AccountId, Fingerprint, Identity, PasswordSource, Server};

impl Store {
    /// In the order in which they were added.
    pub async fn accounts(&self) -> Result<Vec<Account>, Error> {
        self.read(|db| {
            let mut select = db.prepare_cached(
                "SELECT id, name, display_name, address, signature, incoming_host, incoming_port, incoming_security, user,
                        password_command, retention, outgoing_host, outgoing_port, outgoing_security, outgoing_user,
                        ca_file, incoming_pin, outgoing_pin, timeout_secs
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

const INSERT: &str = "
    INSERT INTO account (id, name, display_name, address, signature, incoming_host, incoming_port, incoming_security, user,
                         password_command, retention, outgoing_host, outgoing_port, outgoing_security, outgoing_user,
                         ca_file, incoming_pin, outgoing_pin, timeout_secs)
    VALUES (nullif(:id, 0), :name, :display_name, :address, :signature, :incoming_host, :incoming_port, :incoming_security,
            :user, :password_command, :retention, :outgoing_host, :outgoing_port, :outgoing_security, :outgoing_user,
            :ca_file, :incoming_pin, :outgoing_pin, :timeout_secs)";

const UPDATE: &str = "
    UPDATE account SET name = :name, display_name = :display_name, address = :address, signature = :signature,
           incoming_host = :incoming_host, incoming_port = :incoming_port, incoming_security = :incoming_security,
           user = :user, password_command = :password_command, retention = :retention, outgoing_host = :outgoing_host,
           outgoing_port = :outgoing_port, outgoing_security = :outgoing_security, outgoing_user = :outgoing_user,
           ca_file = :ca_file, incoming_pin = :incoming_pin, outgoing_pin = :outgoing_pin, timeout_secs = :timeout_secs
    WHERE id = :id";

fn write_account(db: &Connection, account: &Account, sql: &str) -> Result<usize, Error> {
    let outgoing = account.outgoing.as_ref();
    let command = match &account.password_source {
        PasswordSource::Keyring => None,
        PasswordSource::Command(command) => Some(command),
    };
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
        ":retention": account.retention.to_string(),
        ":outgoing_host": outgoing.map(|server| &server.host),
        ":outgoing_port": outgoing.map(|server| server.port),
        ":outgoing_security": outgoing.map(|server| server.security.word()),
        ":outgoing_user": account.outgoing_user,
        ":ca_file": account.ca_file.as_ref().map(|path| path.as_os_str().as_encoded_bytes()),
        ":incoming_pin": account.incoming_pin.map(|pin| pin.0),
        ":outgoing_pin": account.outgoing_pin.map(|pin| pin.0),
        ":timeout_secs": account.timeout_secs,
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
        retention: word(&row.get::<_, String>("retention")?)?,
        outgoing,
        outgoing_user: row.get("outgoing_user")?,
        ca_file: row.get::<_, Option<Vec<u8>>>("ca_file")?.map(path),
        incoming_pin: row.get::<_, Option<[u8; 32]>>("incoming_pin")?.map(Fingerprint),
        outgoing_pin: row.get::<_, Option<[u8; 32]>>("outgoing_pin")?.map(Fingerprint),
        timeout_secs: row.get("timeout_secs")?,
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
