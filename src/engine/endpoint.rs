//! Where an account's server is, and whom to trust there.

use std::time::Duration;

use crate::account::{self, Account, Security, Server};
use crate::net::{self, Endpoint, Reach, Trust};

pub(super) fn endpoint(account: &Account, server: &Server, trust: Trust) -> Endpoint {
    Endpoint {
        host: server.host.trim().to_owned(),
        port: server.port,
        tls: server.security == Security::Tls,
        trust,
        ca_file: account.ca_file.clone(),
        certificate: account.client_certificate.clone(),
        proxy: account.proxy.as_ref().map(proxy),
        timeout: Duration::from_secs(u64::from(account.timeout_secs.max(1))),
        reach: Reach::Anywhere,
    }
}

fn proxy(proxy: &account::Proxy) -> net::Proxy {
    // A name without a password is said with an empty one.
    let user = proxy.user.clone().map(|user| (user, String::new().into()));
    net::Proxy { host: proxy.host.clone(), port: proxy.port, user }
}

pub(super) fn incoming_trust(account: &Account) -> Trust {
    account.incoming_pin.map_or(Trust::Authorities, |pin| Trust::Pinned(pin.0))
}

pub(super) fn outgoing_trust(account: &Account) -> Trust {
    account.outgoing_pin.map_or(Trust::Authorities, |pin| Trust::Pinned(pin.0))
}
