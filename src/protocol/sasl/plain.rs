//! The mechanisms of one message: PLAIN (RFC 4616) and EXTERNAL (RFC 4422, appendix A).

use zeroize::Zeroizing;

use super::{Credentials, Error, Mechanism, Octets};

/// User name and password as they are.
pub struct Plain(Octets);

impl Plain {
    pub fn new(credentials: &Credentials) -> Self {
        let message = Zeroizing::new(format!("\0{}\0{}", credentials.user, &*credentials.password));
        Self(Zeroizing::new(message.as_bytes().to_vec()))
    }
}

impl Mechanism for Plain {
    fn name(&self) -> &'static str {
        "PLAIN"
    }

    fn initial(&mut self) -> Option<Octets> {
        Some(self.0.clone())
    }

    fn respond(&mut self, _: &[u8]) -> Result<Octets, Error> {
        Err(Error::Malformed)
    }
}

/// Who we are, the certificate that the TLS handshake has shown says.
pub struct External(String);

impl External {
    /// `user`: whom to act as; empty: the one that the certificate names.
    pub fn new(user: &str) -> Self {
        Self(user.to_owned())
    }
}

impl Mechanism for External {
    fn name(&self) -> &'static str {
        "EXTERNAL"
    }

    fn initial(&mut self) -> Option<Octets> {
        Some(Zeroizing::new(self.0.clone().into_bytes()))
    }

    fn respond(&mut self, _: &[u8]) -> Result<Octets, Error> {
        Err(Error::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, credentials};
    use super::*;

    #[test]
    fn plain_as_in_rfc_4616() {
        check(Plain::new(&credentials("tim", "tanstaaftanstaaf")), "AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm", &[]);
    }

    #[test]
    fn external_says_whom_to_act_as_or_nothing() {
        check(External::new("fred"), "AUTH EXTERNAL ZnJlZA==", &[]);
        check(External::new(""), "AUTH EXTERNAL =", &[]);
    }
}
