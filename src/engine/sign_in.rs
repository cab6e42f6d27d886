//! What an account says about signing in, and what its server has shown before, as the protocol wants to know it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::locale;
use crate::account::{Account, Security, SignIn};
use crate::protocol::pop3::{self, Credentials, Method, Session, SignedIn};
use crate::secret::Password;
use crate::store::{Error, ServerMemory, Store};

/// After so many in a row a server is not taken at its word any more: the first may have been the line's fault.
const PIPELINING_FAILURES: u32 = 2;

/// Random octets of SCRAM's nonce: nobody guesses 18.
const NONCE_BYTES: usize = 18;

/// A session that signs in as the account says, first in the way that worked before.
pub(super) fn session(account: &Account, password: &Password, memory: &ServerMemory) -> Session {
    let credentials = Credentials { user: account.user.clone(), password: password.reveal().to_owned().into() };
    let how = pop3::SignIn {
        // Automatic is no method.
        method: Method::of_word(account.sign_in.word()),
        worked_before: memory.mechanism.as_deref().and_then(|words| words.parse().ok()),
        certificate: account.client_certificate.is_some(),
        nonce: nonce(),
        host: account.incoming.host.trim().to_owned(),
        port: account.incoming.port,
        language: locale::language(),
    };
    let mut session = Session::new(credentials, account.incoming.security == Security::StartTls).signing_in(how);
    if memory.pipelining_failures >= PIPELINING_FAILURES {
        session.one_at_a_time();
    }
    if memory.hangs_up_on_capa {
        session.without_capabilities();
    }
    session
}

/// Empty where the system has no randomness to give: then there is no SCRAM.
fn nonce() -> String {
    let mut octets = [0; NONCE_BYTES];
    getrandom::fill(&mut octets).map(|()| BASE64_STANDARD.encode(octets)).unwrap_or_default()
}

/// The account's password for its incoming server; none where a certificate takes its place.
pub(super) async fn password(hub: &super::hub::Hub, account: &Account) -> Result<Password, crate::secret::Error> {
    if account.sign_in.needs_password() { hub.password(account).await } else { Ok(Password::new(String::new())) }
}

/// Keeps what signing in has shown, where it is news.
pub(super) async fn remember(store: &Store, account: &Account, signed_in: &SignedIn) -> Result<(), Error> {
    let before = store.server_memory(account.id).await?;
    let SignedIn { capabilities, worked, hangs_up_on_capa } = signed_in;
    // What the person has named says nothing about what would be best.
    let mechanism = match account.sign_in {
        SignIn::Automatic => Some(worked.to_string()),
        _ => before.mechanism.clone(),
    };
    let now = ServerMemory {
        mechanism,
        login_delay_secs: capabilities.login_delay_secs,
        expire: capabilities.expire.map(|expire| expire.to_string()),
        hangs_up_on_capa: *hangs_up_on_capa,
        ..before.clone()
    };
    if now == before { Ok(()) } else { store.remember_server(account.id, now).await }
}

/// Keeps what the session has shown of PIPELINING: that it works, or that the server broke with it and not without.
pub(super) async fn remember_pipelining(store: &Store, account: &Account, works: bool) -> Result<(), Error> {
    let before = store.server_memory(account.id).await?;
    let pipelining_failures = if works { 0 } else { before.pipelining_failures.saturating_add(1) };
    if pipelining_failures == before.pipelining_failures {
        return Ok(());
    }
    store.remember_server(account.id, ServerMemory { pipelining_failures, ..before }).await
}
