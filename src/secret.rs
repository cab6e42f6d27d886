//! Passwords: where they come from and where they are kept, which is the system's keyring and nowhere else.
//!
//! Everything here may block for as long as a person takes to unlock a keyring: never call it from the window's thread.

use std::fmt;
use std::process::{Command, Stdio};

use keyring::Entry;
use zeroize::Zeroizing;

use crate::account::AccountId;

/// A password. Prints nothing of itself; wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Zeroizing<String>);

impl Password {
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The password itself, for the one line of protocol that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Why there is no password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("no keyring answers: {0}")]
    NoKeyring(String),
    /// A locked keyring whose unlocking was declined says the same.
    #[error("the keyring holds no password for this account, or it is locked")]
    Missing,
    #[error("the keyring is locked: {0}")]
    Locked(String),
    #[error("the keyring refused: {0}")]
    Refused(String),
    #[error("the password command failed: {0}")]
    Command(String),
}

/// This profile's passwords in the system's keyring.
#[derive(Clone, Debug)]
pub struct Keyring {
    /// Tells this profile's accounts from another's.
    profile_id: String,
}

impl Keyring {
    /// What the entries are filed under, as the system's own password program shows it.
    const SERVICE: &'static str = "Malote";

    pub fn new(profile_id: &str) -> Self {
        Self { profile_id: profile_id.to_owned() }
    }

    pub fn store(&self, account: AccountId, password: &Password) -> Result<(), Error> {
        self.entry(account)?.set_password(password.reveal()).map_err(|error| refusal(&error))
    }

    pub fn lookup(&self, account: AccountId) -> Result<Password, Error> {
        self.entry(account)?.get_password().map(Password::new).map_err(|error| refusal(&error))
    }

    /// Removing what is not there is done already.
    pub fn remove(&self, account: AccountId) -> Result<(), Error> {
        match self.entry(account)?.delete_credential() {
            Ok(()) | Err(keyring::Error::NoEntry) => Ok(()),
            Err(error) => Err(refusal(&error)),
        }
    }

    fn entry(&self, account: AccountId) -> Result<Entry, Error> {
        // The store's status says why there is none; the entry's error only that there is none.
        if let Err(error) = Entry::store_status() {
            return Err(Error::NoKeyring(error.to_string()));
        }
        Entry::new(Self::SERVICE, &format!("{}/{}", self.profile_id, account.0)).map_err(|error| refusal(&error))
    }
}

fn refusal(error: &keyring::Error) -> Error {
    match error {
        keyring::Error::NoEntry => Error::Missing,
        keyring::Error::NoStorageAccess(why) => Error::Locked(why.to_string()),
        keyring::Error::NoDefaultStore => Error::NoKeyring(error.to_string()),
        other => Error::Refused(other.to_string()),
    }
}

/// The first line that the person's command prints.
pub fn from_command(command: &str) -> Result<Password, Error> {
    let failed = |why: String| Error::Command(format!("“{command}”: {why}"));
    let (shell, switch) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let output = Command::new(shell)
        .args([switch, command])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(error.to_string()))?;
    let stdout = Zeroizing::new(output.stdout);
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(failed(
            format!("{}. {}", output.status, words.lines().next().unwrap_or_default()).trim().to_owned(),
        ));
    }
    let first = stdout.split(|&b| b == b'\n').next().unwrap_or_default();
    let first = first.strip_suffix(b"\r").unwrap_or(first);
    match std::str::from_utf8(first) {
        Ok("") => Err(failed("it printed nothing".into())),
        Ok(line) => Ok(Password::new(line.to_owned())),
        Err(_) => Err(failed("it printed something that is not UTF-8".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_prints_nothing_of_itself() {
        assert_eq!(format!("{:?}", Password::new("hunter2".into())), "Password(…)");
    }

    #[test]
    fn a_command_gives_its_first_line() {
        for (command, password) in [("printf 'a b\\nrest'", "a b"), ("printf 'x\\r\\n'", "x"), ("echo ' ñ '", " ñ ")]
        {
            assert_eq!(from_command(command).map(|p| p.reveal().to_owned()), Ok(password.to_owned()), "{command}");
        }
    }

    #[test]
    fn a_command_that_fails_says_why() {
        for (command, word) in [("echo oops >&2; exit 3", "oops"), ("true", "nothing"), ("printf '\\377'", "UTF-8")] {
            match from_command(command) {
                Err(Error::Command(why)) => assert!(why.contains(word), "{why}"),
                other => panic!("{command}: {other:?}"),
            }
        }
    }
}
