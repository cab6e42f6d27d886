//! How to sign in to the incoming server, and the way there.

use std::fmt;
use std::str::FromStr;

/// How an account signs in to its POP3 server. Automatic takes the best that the server offers, and remembers it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignIn {
    #[default]
    Automatic,
    /// USER and PASS (RFC 1939 §7).
    User,
    /// RFC 1939 §7; weak, and therefore never chosen by itself.
    Apop,
    Plain,
    Login,
    CramMd5,
    ScramSha1,
    ScramSha256,
    /// Bound to the TLS connection.
    ScramSha256Plus,
    /// By a certificate of one's own.
    External,
    /// With an access token in place of the password.
    Xoauth2,
    OauthBearer,
}

impl SignIn {
    pub const ALL: [Self; 12] = [
        Self::Automatic,
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

    /// The word that the command line and the store use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Automatic => "auto",
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

    /// Whether a password, or a token in its place, is needed.
    pub fn needs_password(self) -> bool {
        self != Self::External
    }

    /// What should be known before it is chosen; None: nothing.
    pub fn advice(self) -> Option<&'static str> {
        match self {
            Self::Apop => Some(
                "APOP rests on MD5, which is broken: who sits on the line can find out the password’s first letters. Use it \
                 only where the server knows nothing better.",
            ),
            Self::Xoauth2 | Self::OauthBearer => Some(
                "The password is to be an access token, which lives for about an hour: let a command print it, one that \
                 renews it by itself.",
            ),
            _ => None,
        }
    }
}

impl FromStr for SignIn {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let lower = word.to_ascii_lowercase();
        Self::ALL.into_iter().find(|sign_in| sign_in.word() == lower).ok_or_else(|| {
            let words: Vec<&str> = Self::ALL.iter().map(|sign_in| sign_in.word()).collect();
            format!("“{word}” is no way to sign in: say one of {}", words.join(", "))
        })
    }
}

/// A SOCKS5 proxy (RFC 1928), which also looks up the names of the servers. Written `socks5://[user@]host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    pub host: String,
    pub port: u16,
    /// A name that the proxy is to know; some keep apart what comes under different names.
    pub user: Option<String>,
}

impl Proxy {
    /// Registered for SOCKS.
    const PORT: u16 = 1080;
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("socks5://")?;
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        if self.host.contains(':') {
            write!(f, "[{}]", self.host)?
        } else {
            f.write_str(&self.host)?
        }
        write!(f, ":{}", self.port)
    }
}

impl FromStr for Proxy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "a proxy is written socks5://host:port, for example socks5://127.0.0.1:9050".to_owned();
        let (scheme, rest) = text.trim().split_once("://").ok_or_else(wrong)?;
        // The second form says in other programs that the proxy looks up names, which is what happens here anyway.
        if !["socks5", "socks5h"].contains(&scheme.to_ascii_lowercase().as_str()) {
            return Err(wrong());
        }
        let (user, place) = match rest.rsplit_once('@') {
            Some((user, _)) if user.contains(':') => {
                return Err("a password for a proxy would have to be kept in the open: leave it out".into());
            }
            Some((user, place)) => (Some(user.to_owned()).filter(|user| !user.is_empty()), place),
            None => (None, rest),
        };
        let place = place.strip_suffix('/').unwrap_or(place);
        let (host, port) = match place.strip_prefix('[').and_then(|place| place.split_once(']')) {
            Some((host, rest)) => (host, rest.strip_prefix(':').or(rest.is_empty().then_some(""))),
            None => place.split_once(':').map_or((place, Some("")), |(host, port)| (host, Some(port))),
        };
        let port = match port {
            Some("") => Self::PORT,
            port => port.and_then(|port| port.parse().ok()).filter(|&port| port > 0).ok_or_else(wrong)?,
        };
        let is_word = |text: &str| !text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '/');
        let is_host = !host.is_empty() && is_word(host) && user.as_deref().is_none_or(is_word);
        if is_host { Ok(Self { host: host.to_owned(), port, user }) } else { Err(wrong()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_as_what_they_meant() {
        for sign_in in SignIn::ALL {
            assert_eq!(sign_in.word().parse(), Ok(sign_in));
        }
        assert_eq!("SCRAM-SHA-256".parse(), Ok(SignIn::ScramSha256));
        assert!("gssapi".parse::<SignIn>().is_err());
    }

    #[test]
    fn a_proxy_is_read_and_written() {
        let cases = [
            ("socks5://127.0.0.1:9050", Some("socks5://127.0.0.1:9050")),
            ("SOCKS5H://proxy.example/", Some("socks5://proxy.example:1080")),
            ("socks5://mail@proxy.example:1081", Some("socks5://mail@proxy.example:1081")),
            ("socks5://[::1]:9050", Some("socks5://[::1]:9050")),
            ("socks5://[::1]", Some("socks5://[::1]:1080")),
            ("socks5://ana:geheim@proxy.example:1080", None),
            ("socks5://", None),
            ("socks5://proxy.example:0", None),
            ("socks5://proxy.example:port", None),
            ("socks5://a b:1", None),
            ("http://proxy.example:3128", None),
            ("proxy.example:1080", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let proxy = text.parse::<Proxy>();
            assert_eq!(proxy.as_ref().ok().map(Proxy::to_string).as_deref(), expected, "{text}");
            if let Ok(proxy) = proxy {
                assert_eq!(proxy.to_string().parse(), Ok(proxy));
            }
        }
    }
}
