//! CRAM-MD5 (RFC 2195): the password answers a challenge and is not sent.

use hmac::{Hmac, Mac};
use md5::Md5;
use zeroize::Zeroizing;

use super::{Credentials, Error, Mechanism, Octets};

pub struct CramMd5(Credentials);

impl CramMd5 {
    pub fn new(credentials: &Credentials) -> Self {
        Self(credentials.clone())
    }
}

impl Mechanism for CramMd5 {
    fn name(&self) -> &'static str {
        "CRAM-MD5"
    }

    fn initial(&mut self) -> Option<Octets> {
        None
    }

    fn respond(&mut self, challenge: &[u8]) -> Result<Octets, Error> {
        let mut mac = Hmac::<Md5>::new_from_slice(self.0.password.as_bytes()).map_err(|_| Error::Malformed)?;
        mac.update(challenge);
        let digest: String = mac.finalize().into_bytes().iter().map(|octet| format!("{octet:02x}")).collect();
        Ok(Zeroizing::new(format!("{} {digest}", self.0.user).into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, credentials};
    use super::*;

    #[test]
    fn cram_md5_as_in_rfc_2195() {
        let challenge = "<1896.697170952@postoffice.reston.mci.net>";
        let response = "tim b913a602c7eda7a495b4e6e7334d3890";
        check(CramMd5::new(&credentials("tim", "tanstaaftanstaaf")), "AUTH CRAM-MD5", &[(challenge, response)]);
    }
}
