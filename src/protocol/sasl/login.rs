//! LOGIN: never a standard, offered by many. The server asks twice, and whatever it asks, the name is wanted first.

use zeroize::Zeroizing;

use super::{Credentials, Error, Mechanism, Octets};

pub struct Login {
    user: Octets,
    password: Octets,
    asked: u8,
}

impl Login {
    pub fn new(credentials: &Credentials) -> Self {
        Self::with_password(credentials, Zeroizing::new(credentials.password.as_bytes().to_vec()))
    }

    /// With a password in another character set.
    pub fn with_password(credentials: &Credentials, password: Octets) -> Self {
        Self { user: Zeroizing::new(credentials.user.clone().into_bytes()), password, asked: 0 }
    }
}

impl Mechanism for Login {
    fn name(&self) -> &'static str {
        "LOGIN"
    }

    fn initial(&mut self) -> Option<Octets> {
        None
    }

    fn respond(&mut self, _: &[u8]) -> Result<Octets, Error> {
        self.asked = self.asked.saturating_add(1);
        match self.asked {
            1 => Ok(self.user.clone()),
            2 => Ok(self.password.clone()),
            _ => Err(Error::Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, credentials};
    use super::*;

    #[test]
    fn login_gives_name_and_password_whatever_the_questions_are() {
        for questions in [["Username:", "Password:"], ["", ""], ["User Name\0", "Password\0"]] {
            let [name, password] = questions;
            let exchange =
                check(Login::new(&credentials("tim", "päss")), "AUTH LOGIN", &[(name, "tim"), (password, "päss")]);
            assert_eq!(exchange.failure(), None);
        }
    }
}
