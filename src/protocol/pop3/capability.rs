//! What the server says it can (CAPA, RFC 2449 §5).

use std::fmt;

/// The capabilities that change what is sent. A hint: what works without being announced is used where a standard demands it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Commands may be sent before the replies to earlier ones have come (RFC 2449 §6.6).
    pub pipelining: bool,
    /// The connection can be upgraded to TLS (RFC 2595 §4).
    pub stls: bool,
    pub uidl: bool,
    pub top: bool,
    /// USER and PASS are offered.
    pub user: bool,
    /// SASL mechanisms, upper case (RFC 5034).
    pub sasl: Vec<String>,
    /// Refusals say why in brackets (RFC 2449 §6.4),
    pub resp_codes: bool,
    /// and `[AUTH]` in particular means wrong credentials, as no other refusal does (RFC 3206 §6).
    pub auth_resp_code: bool,
    /// Seconds that must lie between two visits (RFC 2449 §6.5).
    pub login_delay_secs: Option<u32>,
    /// How long messages stay on the server (RFC 2449 §6.7).
    pub expire: Option<Expire>,
    /// Names, passwords and messages in UTF-8 (RFC 6856 §2).
    pub utf8: bool,
    /// The server's words come in several languages (RFC 6856 §3).
    pub lang: bool,
    /// What the server calls itself.
    pub implementation: Option<String>,
}

/// When the server removes messages of its own accord.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expire {
    Never,
    /// So many days after they came; 0: at the end of the visit that retrieved them.
    Days(u32),
}

impl fmt::Display for Expire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("NEVER"),
            Self::Days(days) => write!(f, "{days}"),
        }
    }
}

impl Expire {
    fn parse(word: &str) -> Option<Self> {
        if word.eq_ignore_ascii_case("NEVER") { Some(Self::Never) } else { word.parse().ok().map(Self::Days) }
    }
}

impl Capabilities {
    /// Takes in one line of the answer; case does not matter, nor whether hyphens are written as underscores; unknown ones are
    /// passed over. What LOGIN-DELAY and EXPIRE say before signing in may be another user's (`USER`): said again after, it is
    /// replaced.
    pub fn add(&mut self, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        let mut words = line.split_ascii_whitespace();
        let Some(word) = words.next() else { return };
        match word.to_ascii_uppercase().replace('_', "-").as_str() {
            "PIPELINING" => self.pipelining = true,
            "STLS" => self.stls = true,
            "UIDL" => self.uidl = true,
            "TOP" => self.top = true,
            "USER" => self.user = true,
            // Said twice, all of it counts.
            "SASL" => self.sasl.extend(words.map(|name| name.to_ascii_uppercase().replace('_', "-"))),
            "RESP-CODES" => self.resp_codes = true,
            "AUTH-RESP-CODE" => self.auth_resp_code = true,
            "LOGIN-DELAY" => self.login_delay_secs = words.next().and_then(|secs| secs.parse().ok()),
            "EXPIRE" => self.expire = words.next().and_then(Expire::parse),
            "UTF8" => self.utf8 = true,
            "LANG" => self.lang = true,
            "IMPLEMENTATION" => self.implementation = Some(words.collect::<Vec<_>>().join(" ")),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_are_read_whatever_their_case() {
        let mut capabilities = Capabilities::default();
        for line in
            ["pipelining", "Stls", "SASL plain Scram-SHA-256", "X-UNKNOWN 7", "", "IMPLEMENTATION Some Server 1.2"]
        {
            capabilities.add(line.as_bytes());
        }
        assert!(capabilities.pipelining && capabilities.stls && !capabilities.user);
        assert_eq!(capabilities.sasl, ["PLAIN", "SCRAM-SHA-256"]);
        assert_eq!(capabilities.implementation.as_deref(), Some("Some Server 1.2"));
    }

    #[test]
    fn what_a_server_says_of_visits_and_of_keeping() {
        let cases = [
            ("LOGIN-DELAY 900", Some(900), None),
            ("login_delay 15 USER", Some(15), None),
            ("LOGIN-DELAY soon", None, None),
            ("LOGIN-DELAY", None, None),
            ("EXPIRE NEVER", None, Some(Expire::Never)),
            ("EXPIRE 0", None, Some(Expire::Days(0))),
            ("Expire 60 USER", None, Some(Expire::Days(60))),
            ("EXPIRE -1", None, None),
        ];
        for (line, login_delay_secs, expire) in cases {
            let mut capabilities = Capabilities::default();
            capabilities.add(line.as_bytes());
            assert_eq!(capabilities, Capabilities { login_delay_secs, expire, ..Capabilities::default() }, "{line}");
        }
    }

    #[test]
    fn underscores_are_hyphens_and_lists_may_come_in_parts() {
        let mut capabilities = Capabilities::default();
        for line in ["RESP_CODES", "auth_resp_code", "UTF8 USER", "LANG", "SASL PLAIN", "SASL CRAM_MD5"] {
            capabilities.add(line.as_bytes());
        }
        let Capabilities { resp_codes, auth_resp_code, utf8, lang, .. } = capabilities;
        assert!(resp_codes && auth_resp_code && utf8 && lang);
        assert_eq!(capabilities.sasl, ["PLAIN", "CRAM-MD5"]);
    }
}
