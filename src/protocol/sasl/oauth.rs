//! Access tokens in place of passwords: XOAUTH2, which two large providers made, and OAUTHBEARER (RFC 7628).

use zeroize::Zeroizing;

use super::{Credentials, Error, Mechanism, Octets, saslname};

/// Always in two steps, the name of the mechanism alone first: one large provider closes the connection otherwise, and the
/// others take it either way.
pub struct Xoauth2 {
    message: Octets,
    said: bool,
}

impl Xoauth2 {
    pub fn new(credentials: &Credentials) -> Self {
        let Credentials { user, password } = credentials;
        let message = Zeroizing::new(format!("user={user}\u{1}auth=Bearer {}\u{1}\u{1}", &**password));
        Self { message: Zeroizing::new(message.as_bytes().to_vec()), said: false }
    }
}

impl Mechanism for Xoauth2 {
    fn name(&self) -> &'static str {
        "XOAUTH2"
    }

    fn initial(&mut self) -> Option<Octets> {
        None
    }

    fn respond(&mut self, _: &[u8]) -> Result<Octets, Error> {
        if std::mem::replace(&mut self.said, true) {
            // The challenge says in JSON what is wrong; the refusal comes once that has been answered with nothing.
            return Ok(Octets::default());
        }
        Ok(self.message.clone())
    }
}

pub struct OauthBearer(Octets);

impl OauthBearer {
    /// `host`, `port`: as this program was told to reach the server.
    pub fn new(credentials: &Credentials, host: &str, port: u16) -> Self {
        let (user, token) = (saslname(&credentials.user), &*credentials.password);
        let message =
            Zeroizing::new(format!("n,a={user},\u{1}host={host}\u{1}port={port}\u{1}auth=Bearer {token}\u{1}\u{1}"));
        Self(Zeroizing::new(message.as_bytes().to_vec()))
    }
}

impl Mechanism for OauthBearer {
    fn name(&self) -> &'static str {
        "OAUTHBEARER"
    }

    fn initial(&mut self) -> Option<Octets> {
        Some(self.0.clone())
    }

    fn respond(&mut self, _: &[u8]) -> Result<Octets, Error> {
        // As in XOAUTH2, but the answer that brings the refusal is one octet (§3.2.3).
        Ok(Zeroizing::new(b"\x01".to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, credentials};
    use super::*;

    #[test]
    fn oauthbearer_as_in_rfc_7628() {
        let token = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";
        let message = "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyI\
                       HZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB";
        let mechanism = OauthBearer::new(&credentials("user@example.com", token), "server.example.com", 143);
        let error = r#"{"status":"invalid_token"}"#;
        check(mechanism, &format!("AUTH OAUTHBEARER {message}"), &[(error, "\u{1}")]);
    }

    #[test]
    fn xoauth2_comes_in_two_steps_and_answers_an_error_with_nothing() {
        let message = "user=ana@example.org\u{1}auth=Bearer token\u{1}\u{1}";
        let error = r#"{"status":"400"}"#;
        check(Xoauth2::new(&credentials("ana@example.org", "token")), "AUTH XOAUTH2", &[("", message), (error, "")]);
    }
}
