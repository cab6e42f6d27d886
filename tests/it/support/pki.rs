//! A certificate authority of the tests' own, and the certificates it hands out, made with the openssl command.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use super::process::tool;

/// What a certificate is worth to someone who wants to reach `localhost` or 127.0.0.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Good,
    /// For another host.
    OtherHost,
    /// Its time ran out years ago.
    Expired,
    /// Vouched for by nobody but itself.
    SelfSigned,
}

/// A certificate and its key, PEM.
#[derive(Clone, Debug)]
pub struct Certificate {
    pub file: PathBuf,
    pub key: PathBuf,
}

/// Made anew by each run of the tests.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pki");
    let _not_there_yet = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let own = |name: &str, subject: &str, more: &[&str]| {
        let mut arguments = vec!["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", subject];
        let (key, file) = (format!("{name}.key"), format!("{name}.pem"));
        arguments.extend(["-keyout", &key, "-out", &file]);
        arguments.extend(more);
        tool(&folder, "openssl", &arguments);
    };
    own("ca", "/CN=Authority of the tests", &[]);
    own("SelfSigned", "/CN=localhost", &["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]);
    sign(&folder, "Good", "DNS:localhost,IP:127.0.0.1", "20200101000000Z", "20491231000000Z");
    sign(&folder, "OtherHost", "DNS:elsewhere.example", "20200101000000Z", "20491231000000Z");
    sign(&folder, "Client", "DNS:ana", "20200101000000Z", "20491231000000Z");
    let [certificate, key] = ["Client.pem", "Client.key"].map(|name| fs::read(folder.join(name)).unwrap());
    fs::write(folder.join("Client-with-key.pem"), [certificate, key].concat()).unwrap();
    let pkcs12 = ["pkcs12", "-export", "-in", "Client-with-key.pem", "-out", "Client.p12", "-passout", "pass:"];
    tool(&folder, "openssl", &pkcs12);
    sign(&folder, "Expired", "DNS:localhost,IP:127.0.0.1", "20200101000000Z", "20210101000000Z");
    folder
});

/// `openssl ca` is the only one of its commands that can date a certificate in the past.
fn sign(folder: &Path, name: &str, names: &str, from: &str, until: &str) {
    let (request, key, file) = (format!("{name}.csr"), format!("{name}.key"), format!("{name}.pem"));
    let config = format!("{name}.cnf");
    let text = format!(
        "[ca]\ndefault_ca=own\n[own]\ndatabase={name}.index\nrand_serial=yes\nnew_certs_dir=.\ndefault_md=sha256\n\
         policy=any\nx509_extensions=names\n[any]\ncommonName=supplied\n[names]\nsubjectAltName={names}\n"
    );
    fs::write(folder.join(&config), text).unwrap();
    fs::write(folder.join(format!("{name}.index")), "").unwrap();
    let subject = format!("/CN={}", names.split([':', ',']).nth(1).unwrap());
    let run = |arguments: &[&str]| drop(tool(folder, "openssl", arguments));
    run(&["req", "-newkey", "rsa:2048", "-nodes", "-subj", &subject, "-keyout", &key, "-out", &request]);
    run(&[
        "ca",
        "-batch",
        "-notext",
        "-config",
        &config,
        "-cert",
        "ca.pem",
        "-keyfile",
        "ca.key",
        "-startdate",
        from,
        "-enddate",
        until,
        "-in",
        &request,
        "-out",
        &file,
    ]);
}

/// The authority's own certificate: what `--ca-file` wants.
pub fn authority() -> PathBuf {
    FOLDER.join("ca.pem")
}

/// The certificate of [`super::USER`], with its key: as PEM, and as PKCS#12.
pub fn of_user() -> [PathBuf; 2] {
    ["Client-with-key.pem", "Client.p12"].map(|name| FOLDER.join(name))
}

/// What a proof of who we are can be bound to (`tls-server-end-point`, RFC 5929 section 4.1): these certificates are signed by SHA-256.
pub fn end_point(kind: Kind) -> Vec<u8> {
    let pem = fs::read(certificate(kind).file).unwrap();
    Sha256::digest(native_tls::Certificate::from_pem(&pem).unwrap().to_der().unwrap()).to_vec()
}

pub fn certificate(kind: Kind) -> Certificate {
    let name = format!("{kind:?}");
    Certificate { file: FOLDER.join(format!("{name}.pem")), key: FOLDER.join(format!("{name}.key")) }
}

/// For a server inside the test.
pub fn acceptor(kind: Kind) -> native_tls::TlsAcceptor {
    let certificate = certificate(kind);
    let identity =
        native_tls::Identity::from_pkcs8(&fs::read(certificate.file).unwrap(), &fs::read(certificate.key).unwrap());
    native_tls::TlsAcceptor::new(identity.unwrap()).unwrap()
}
