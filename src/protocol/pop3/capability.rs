//! What the server says it can (CAPA, RFC 2449 §5).

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
    /// What the server calls itself.
    pub implementation: Option<String>,
}

impl Capabilities {
    /// Takes in one line of the answer; case does not matter, unknown ones are passed over.
    pub fn add(&mut self, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        let mut words = line.split_ascii_whitespace();
        let Some(word) = words.next() else { return };
        match word.to_ascii_uppercase().as_str() {
            "PIPELINING" => self.pipelining = true,
            "STLS" => self.stls = true,
            "UIDL" => self.uidl = true,
            "TOP" => self.top = true,
            "USER" => self.user = true,
            "SASL" => self.sasl = words.map(str::to_ascii_uppercase).collect(),
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
}
