//! What a person says about an account: who they are, which servers, and what stays on them.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

mod check;
pub mod policy;
mod sign_in;
pub use check::{Field, FormError, check};
pub use policy::Policy;
pub use sign_in::{Proxy, SignIn};

/// Row of an account in the store. Zero stands for an account that was never saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AccountId(pub i64);

/// Everything that is kept of an account, but for its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    /// What the sidebar calls it; unique in a profile.
    pub name: String,
    pub identity: Identity,
    /// The maildrop: where mail is collected (RFC 1939).
    pub incoming: Server,
    pub user: String,
    pub password_source: PasswordSource,
    /// How to sign in to the incoming server.
    pub sign_in: SignIn,
    /// A certificate of one's own and its key, PEM or PKCS#12, for servers that ask who comes.
    pub client_certificate: Option<PathBuf>,
    /// The way to both servers.
    pub proxy: Option<Proxy>,
    pub retention: Retention,
    pub policy: Policy,
    /// Where mail is submitted (RFC 6409). None: this account only receives.
    pub outgoing: Option<Server>,
    /// User name for submission where it differs from `user`.
    pub outgoing_user: Option<String>,
    /// Certificates to trust beside the system's, PEM.
    pub ca_file: Option<PathBuf>,
    /// SHA-256 of the one certificate (DER) that is trusted for the incoming server though no authority vouches for it.
    pub incoming_pin: Option<Fingerprint>,
    /// The same for the outgoing server.
    pub outgoing_pin: Option<Fingerprint>,
    /// Silence longer than this ends an attempt; every byte that moves renews it.
    pub timeout_secs: u32,
}

/// Who the account's mail is from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Shown beside the address to those who get mail from it; may be empty.
    pub display_name: String,
    pub address: String,
    /// Set under a new message after `-- `; may be empty.
    pub signature: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub host: String,
    pub port: u16,
    pub security: Security,
}

/// How the connection is protected (RFC 8314). There is no "if possible": what is asked for is had, or nothing is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte.
    #[default]
    Tls,
    /// Plain greeting, then STLS (POP3) or STARTTLS (SMTP), required.
    StartTls,
    /// No protection: everyone on the way can read the password and the mail.
    None,
}

/// What becomes of a message on the server once it is safely stored here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Retention {
    #[default]
    KeepForever,
    /// Deleted in the very visit that stored it.
    DeleteOnceStored,
    /// Deleted in the first visit that is at least this many days after the message was stored here.
    DeleteAfterDays(u16),
    /// Of what is stored here, the newest so many stay.
    KeepNewest(u32),
    /// The newest stay as long as together they have no more than so many megabytes (2^20 octets), stored here or not.
    KeepNewestMegabytes(u32),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PasswordSource {
    /// The system's keyring (Secret Service, Keychain, Credential Manager).
    #[default]
    Keyring,
    /// The first line that this command prints.
    Command(String),
}

/// SHA-256 of a certificate in DER.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl Account {
    /// Silence that ends an attempt unless the person says otherwise. A minute: slow mobile links pause for tens of seconds.
    pub const DEFAULT_TIMEOUT_SECS: u32 = 60;

    /// An account as the *add* form starts: nothing filled in, everything at its safest.
    pub fn blank() -> Self {
        Self {
            id: AccountId(0),
            name: String::new(),
            identity: Identity::default(),
            incoming: Server { host: String::new(), port: 995, security: Security::Tls },
            user: String::new(),
            password_source: PasswordSource::Keyring,
            sign_in: SignIn::Automatic,
            client_certificate: None,
            proxy: None,
            retention: Retention::KeepForever,
            policy: Policy::default(),
            outgoing: None,
            outgoing_user: None,
            ca_file: None,
            incoming_pin: None,
            outgoing_pin: None,
            timeout_secs: Self::DEFAULT_TIMEOUT_SECS,
        }
    }
}

impl Security {
    pub const ALL: [Self; 3] = [Self::Tls, Self::StartTls, Self::None];

    /// Port registered for POP3 (RFC 1939, RFC 8314).
    pub fn pop3_port(self) -> u16 {
        if self == Self::Tls { 995 } else { 110 }
    }

    /// Port registered for submission (RFC 6409, RFC 8314).
    pub fn submission_port(self) -> u16 {
        if self == Self::Tls { 465 } else { 587 }
    }

    /// The word that the command line and the store use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::StartTls => "starttls",
            Self::None => "none",
        }
    }
}

impl FromStr for Security {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word.to_ascii_lowercase().as_str() {
            "tls" => Ok(Self::Tls),
            "stls" | "starttls" => Ok(Self::StartTls),
            "none" => Ok(Self::None),
            _ => Err(format!("“{word}” is no kind of security: say tls, stls (starttls) or none")),
        }
    }
}

impl fmt::Display for Retention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeepForever => f.write_str("forever"),
            Self::DeleteOnceStored => f.write_str("none"),
            Self::DeleteAfterDays(days) => write!(f, "days:{days}"),
            Self::KeepNewest(count) => write!(f, "newest:{count}"),
            Self::KeepNewestMegabytes(megabytes) => write!(f, "newest:{megabytes}M"),
        }
    }
}

impl FromStr for Retention {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "forever" => Ok(Self::KeepForever),
            "none" => Ok(Self::DeleteOnceStored),
            _ => Self::counted(word).ok_or_else(|| {
                format!(
                    "“{word}” does not say what stays on the server: say forever, none, days:N (N from 1 to 65535), newest:N \
                     or newest:NM (megabytes)"
                )
            }),
        }
    }
}

impl Retention {
    fn counted(word: &str) -> Option<Self> {
        if let Some(days) = word.strip_prefix("days:") {
            return days.parse().ok().filter(|&days| days > 0).map(Self::DeleteAfterDays);
        }
        let newest = word.strip_prefix("newest:")?;
        match newest.strip_suffix(['M', 'm']) {
            Some(megabytes) => megabytes.parse().ok().filter(|&count| count > 0).map(Self::KeepNewestMegabytes),
            None => newest.parse().ok().filter(|&count| count > 0).map(Self::KeepNewest),
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.0.iter().enumerate() {
            write!(f, "{}{byte:02X}", if i == 0 { "" } else { ":" })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Fingerprint {
    type Err = String;

    /// 64 hexadecimal digits, with or without colons or blanks between them.
    fn from_str(text: &str) -> Result<Self, String> {
        let digits: Vec<u32> = text
            .chars()
            .filter(|c| !matches!(c, ':' | ' '))
            .map(|c| c.to_digit(16))
            .collect::<Option<_>>()
            .unwrap_or_default();
        let bytes: Vec<u8> =
            digits.chunks_exact(2).filter_map(|pair| u8::try_from(pair.first()? * 16 + pair.last()?).ok()).collect();
        match <[u8; 32]>::try_from(bytes.as_slice()) {
            Ok(bytes) if digits.len() == 64 => Ok(Self(bytes)),
            _ => Err("a SHA-256 fingerprint has 64 hexadecimal digits".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_as_what_they_meant() {
        for security in Security::ALL {
            assert_eq!(security.word().parse(), Ok(security));
        }
        for retention in [
            Retention::KeepForever,
            Retention::DeleteOnceStored,
            Retention::DeleteAfterDays(14),
            Retention::KeepNewest(500),
            Retention::KeepNewestMegabytes(20),
        ] {
            assert_eq!(retention.to_string().parse(), Ok(retention));
        }
        let fingerprint = Fingerprint([0xA5; 32]);
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
    }

    #[test]
    fn words_that_mean_nothing_are_refused() {
        assert!("ssl3".parse::<Security>().is_err());
        for word in ["days:0", "days:", "days:-1", "days:70000", "always", "newest:0", "newest:M", "newest:5G"] {
            assert!(word.parse::<Retention>().is_err(), "{word}");
        }
        assert!("A5:A5".parse::<Fingerprint>().is_err());
    }
}
