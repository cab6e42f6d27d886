//! The TLS handshake: whom to trust, and what to show.

use std::path::Path;

use async_native_tls::{Certificate, Identity, Protocol, TlsConnector};
use async_std::net::TcpStream;
use sha2::{Digest, Sha256};

use super::stream::Stream;
use super::{Endpoint, Error, Trust};

pub(super) async fn handshake(endpoint: &Endpoint, stream: TcpStream) -> Result<Stream, Error> {
    let connector = connector(endpoint).await?;
    let attempt = connector.connect(endpoint.host.trim_end_matches('.'), stream);
    let tls = match async_std::future::timeout(endpoint.timeout, attempt).await {
        Err(_) => return Err(Error::Silent { host: endpoint.host.clone(), secs: endpoint.timeout.as_secs() }),
        Ok(Err(error)) => return Err(handshake_error(&error)),
        Ok(Ok(tls)) => tls,
    };
    let certificate = || -> Option<Vec<u8>> { tls.peer_certificate().ok()??.to_der().ok() };
    match endpoint.trust {
        Trust::Authorities => {}
        Trust::Pinned(pin) => match certificate() {
            Some(der) if <[u8; 32]>::from(Sha256::digest(&der)) == pin => {}
            _ => return Err(Error::PinMismatch),
        },
        Trust::Inspect => {
            return Err(match certificate() {
                Some(der) => Error::Inspected(der),
                None => Error::Tls("the server showed no certificate".into()),
            });
        }
    }
    Ok(Stream::Tls(Box::new(tls)))
}

async fn connector(endpoint: &Endpoint) -> Result<TlsConnector, Error> {
    let mut connector = TlsConnector::new().min_protocol_version(Some(Protocol::Tlsv12));
    if let Some(path) = &endpoint.ca_file {
        for certificate in trusted(path).await? {
            connector = connector.add_root_certificate(certificate);
        }
    }
    if let Some(path) = &endpoint.certificate {
        connector = connector.identity(identity(path).await?);
    }
    if endpoint.trust != Trust::Authorities {
        // The chain does not matter: the certificate itself is compared before an octet is sent, or nothing ever is.
        connector = connector.danger_accept_invalid_certs(true).danger_accept_invalid_hostnames(true);
    }
    Ok(connector)
}

async fn trusted(path: &Path) -> Result<Vec<Certificate>, Error> {
    let bad = |detail: String| Error::CaFile { path: path.display().to_string(), detail };
    let pem = async_std::fs::read(path).await.map_err(|error| bad(error.to_string()))?;
    let certificates = Certificate::stack_from_pem(&pem).map_err(|error| bad(error.to_string()))?;
    if certificates.is_empty() { Err(bad("there is no certificate in it".into())) } else { Ok(certificates) }
}

/// OpenSSL's words tell a bad certificate from a failed handshake.
fn handshake_error(error: &async_native_tls::Error) -> Error {
    let text = error.to_string();
    if text.contains("certificate verify failed") || text.contains("certificate") && !text.contains("alert") {
        let reason = text.rsplit_once('(').map_or(text.as_str(), |(_, reason)| reason.trim_end_matches(')'));
        Error::Untrusted(reason.to_owned())
    } else {
        Error::Tls(text)
    }
}

/// A certificate of ours and its key: PEM with both in one file, or PKCS#12.
async fn identity(path: &Path) -> Result<Identity, Error> {
    let bad = |detail: String| Error::ClientCertificate { path: path.display().to_string(), detail };
    let octets = async_std::fs::read(path).await.map_err(|error| bad(error.to_string()))?;
    let text = String::from_utf8_lossy(&octets);
    if !text.contains("-----BEGIN ") {
        return Identity::from_pkcs12(&octets, "")
            .map_err(|error| bad(format!("it is neither PEM nor PKCS#12 without a password ({error})")));
    }
    let key = text.find(PKCS8_KEY).and_then(|start| text.get(start..)).ok_or_else(|| {
        bad("it holds no key as “BEGIN PRIVATE KEY” (PKCS#8 without a password); openssl pkcs8 -topk8 -nocrypt makes one".into())
    })?;
    Identity::from_pkcs8(&octets, key.as_bytes()).map_err(|error| bad(error.to_string()))
}

const PKCS8_KEY: &str = "-----BEGIN PRIVATE KEY-----";
