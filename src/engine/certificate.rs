//! A server's certificate as a person can read it before trusting it.

use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::event::CertificateFacts;
use crate::account::Fingerprint;
use crate::mail::sanitize;
use crate::net::{Connection, DriveError, Endpoint, Error};
use crate::protocol::Machine;

/// Looks at a server's certificate, sending nothing but what comes before the handshake. The endpoint must say
/// [`crate::net::Trust::Inspect`], and the machine must have no credentials: it cannot come further than the handshake.
pub(super) async fn look<M: Machine>(endpoint: Endpoint, mut machine: M, fault: &str) -> Option<CertificateFacts> {
    let der = match Connection::open(endpoint).await {
        Err(Error::Inspected(der)) => der,
        Err(_) => return None,
        Ok(mut line) => loop {
            match line.next(&mut machine).await {
                Ok(Some(_)) => {}
                Err(DriveError::Net(Error::Inspected(der))) => break der,
                _ => return None,
            }
        },
    };
    Some(facts(&der, fault))
}

/// What stands in the certificate; one that cannot be read has its fingerprint all the same.
pub(super) fn facts(der: &[u8], fault: &str) -> CertificateFacts {
    let mut facts = CertificateFacts {
        subject: String::new(),
        issuer: String::new(),
        names: Vec::new(),
        valid_from: String::new(),
        valid_until: String::new(),
        fingerprint: Fingerprint(Sha256::digest(der).into()),
        fault: sanitize::line(fault),
    };
    let Ok((_, certificate)) = X509Certificate::from_der(der) else { return facts };
    let day = |timestamp: i64| {
        jiff::Timestamp::from_second(timestamp).map(|t| t.strftime("%Y-%m-%d").to_string()).unwrap_or_default()
    };
    facts.subject = sanitize::line(&certificate.subject().to_string());
    facts.issuer = sanitize::line(&certificate.issuer().to_string());
    facts.valid_from = day(certificate.validity().not_before.timestamp());
    facts.valid_until = day(certificate.validity().not_after.timestamp());
    if let Ok(Some(names)) = certificate.subject_alternative_name() {
        facts.names = names.value.general_names.iter().filter_map(name).collect();
    }
    facts
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(host) => Some(sanitize::line(host)),
        GeneralName::IPAddress([a, b, c, d]) => Some(format!("{a}.{b}.{c}.{d}")),
        _ => None,
    }
}
