//! The ways to sign in, and how (RFC 1939 §7, RFC 5034).

use std::fmt;
use std::str::FromStr;

/// One way to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// USER and PASS.
    User,
    Apop,
    Plain,
    Login,
    CramMd5,
    ScramSha1,
    ScramSha256,
    ScramSha256Plus,
    External,
    Xoauth2,
    OauthBearer,
}

impl Method {
    pub const ALL: [Self; 11] = [
        Self::User,
        Self::Apop,
        Self::Plain,
        Self::Login,
        Self::CramMd5,
        Self::ScramSha1,
        Self::ScramSha256,
        Self::ScramSha256Plus,
        Self::External,
        Self::Xoauth2,
        Self::OauthBearer,
    ];

    /// The word for it: for SASL mechanisms their names in lower case.
    pub fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Apop => "apop",
            Self::Plain => "plain",
            Self::Login => "login",
            Self::CramMd5 => "cram-md5",
            Self::ScramSha1 => "scram-sha-1",
            Self::ScramSha256 => "scram-sha-256",
            Self::ScramSha256Plus => "scram-sha-256-plus",
            Self::External => "external",
            Self::Xoauth2 => "xoauth2",
            Self::OauthBearer => "oauthbearer",
        }
    }

    /// None: there is no such word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.word() == word)
    }

    /// Whether it sends the password in octets that the character set decides on.
    pub(super) fn spells_password(self) -> bool {
        matches!(self, Self::User | Self::Login)
    }
}

/// One attempt of the ladder of attempts; once it has worked, what to begin with next time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rung {
    pub method: Method,
    /// The password goes as ISO 8859-1, not as UTF-8.
    pub latin1: bool,
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.method.word(), if self.latin1 { " latin-1" } else { "" })
    }
}

impl FromStr for Rung {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (word, latin1) = text.strip_suffix(" latin-1").map_or((text, false), |word| (word, true));
        Method::of_word(word).map(|method| Self { method, latin1 }).ok_or(())
    }
}

/// How a session is to sign in.
#[derive(Clone, Debug, Default)]
pub struct SignIn {
    /// None: the best of what the server offers. Those that need a token in place of a password, and APOP, must be named.
    pub method: Option<Method>,
    /// What worked last time.
    pub worked_before: Option<Rung>,
    /// The TLS handshake shows a certificate of ours.
    pub certificate: bool,
    /// For SCRAM: printable, without commas, never used before and not to be guessed. Empty: no SCRAM.
    pub nonce: String,
    /// The server, as this program was told to reach it: OAUTHBEARER says it again.
    pub host: String,
    pub port: u16,
    /// The language in which the server is to give its reasons (RFC 5646), where it can.
    pub language: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_worked_can_be_written_down() {
        for method in Method::ALL {
            for latin1 in [false, true] {
                let rung = Rung { method, latin1 };
                assert_eq!(rung.to_string().parse(), Ok(rung));
            }
        }
        assert_eq!("gssapi".parse::<Rung>(), Err(()));
    }
}
