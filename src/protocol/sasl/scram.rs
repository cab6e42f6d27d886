//! SCRAM (RFC 5802, RFC 7677): both sides prove that they know the password, and neither says it. With channel binding
//! (`-PLUS`, RFC 5929) the proof is worth something on this TLS connection only, so that no one can sit in between.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, Mac};
use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{Credentials, Error, Mechanism, Octets, saslname};

/// Rounds of hashing that a server may ask for: the least that RFC 5802 §5.1 allows, lest a false server have an easy guess,
const LEAST_ITERATIONS: u32 = 4_096;
/// and the most, half a second of a slow machine: beyond it a server would only be wasting our time.
const MOST_ITERATIONS: u32 = 1_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    Sha1,
    Sha256,
}

/// What ties the proof to the TLS connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Binding {
    /// Nothing: there is no TLS, or we cannot tell.
    Unable,
    /// We could, but the server does not offer it; if it did, someone in between has struck it out, and the server notices.
    NotOffered,
    /// The hash of the server's certificate (`tls-server-end-point`, RFC 5929 §4.1).
    ServerEndPoint(Vec<u8>),
}

impl Binding {
    fn header(&self) -> &'static str {
        match self {
            Self::Unable => "n,,",
            Self::NotOffered => "y,,",
            Self::ServerEndPoint(_) => "p=tls-server-end-point,,",
        }
    }
}

pub struct Scram {
    hash: Hash,
    binding: Binding,
    user: String,
    password: Zeroizing<String>,
    nonce: String,
    state: State,
}

enum State {
    /// The client's first message is out, or about to be.
    First,
    /// The proof is out; the server owes this one.
    Final {
        server_signature: Vec<u8>,
    },
    Proven,
}

impl Scram {
    /// `nonce`: printable, without commas, never used before and not to be guessed.
    pub fn new(hash: Hash, credentials: &Credentials, nonce: &str, binding: Binding) -> Self {
        // RFC 4013. What the profile refuses is sent as it is: the server decides whether it knows such a password.
        let prepared =
            |text: &str| stringprep::saslprep(text).map_or_else(|_| text.to_owned(), |text| text.into_owned());
        Self {
            hash,
            binding,
            user: saslname(&prepared(&credentials.user)),
            password: Zeroizing::new(prepared(&credentials.password)),
            nonce: nonce.to_owned(),
            state: State::First,
        }
    }

    fn first_bare(&self) -> String {
        format!("n={},r={}", self.user, self.nonce)
    }

    /// Answers the server's first message with the proof.
    fn prove(&mut self, server_first: &str) -> Result<Octets, Error> {
        let challenge = Challenge::parse(server_first)?;
        if !challenge.nonce.starts_with(&self.nonce) || challenge.nonce.len() == self.nonce.len() {
            return Err(Error::Malformed);
        }
        let mut binding = self.binding.header().as_bytes().to_vec();
        if let Binding::ServerEndPoint(hash) = &self.binding {
            binding.extend_from_slice(hash);
        }
        let without_proof = format!("c={},r={}", BASE64_STANDARD.encode(binding), challenge.nonce);
        let auth_message = format!("{},{server_first},{without_proof}", self.first_bare());
        let salted = self.hash.salted(&self.password, &challenge.salt, challenge.iterations);
        let client_key = Zeroizing::new(self.hash.mac(&salted, b"Client Key")?);
        let stored_key = self.hash.digest(&client_key);
        let client_signature = self.hash.mac(&stored_key, auth_message.as_bytes())?;
        let proof: Vec<u8> = client_key.iter().zip(&client_signature).map(|(a, b)| a ^ b).collect();
        let server_key = Zeroizing::new(self.hash.mac(&salted, b"Server Key")?);
        let server_signature = self.hash.mac(&server_key, auth_message.as_bytes())?;
        self.state = State::Final { server_signature };
        Ok(Zeroizing::new(format!("{without_proof},p={}", BASE64_STANDARD.encode(proof)).into_bytes()))
    }
}

impl Mechanism for Scram {
    fn name(&self) -> &'static str {
        match (self.hash, &self.binding) {
            (Hash::Sha1, Binding::ServerEndPoint(_)) => "SCRAM-SHA-1-PLUS",
            (Hash::Sha1, _) => "SCRAM-SHA-1",
            (Hash::Sha256, Binding::ServerEndPoint(_)) => "SCRAM-SHA-256-PLUS",
            (Hash::Sha256, _) => "SCRAM-SHA-256",
        }
    }

    fn initial(&mut self) -> Option<Octets> {
        Some(Zeroizing::new(format!("{}{}", self.binding.header(), self.first_bare()).into_bytes()))
    }

    fn respond(&mut self, challenge: &[u8]) -> Result<Octets, Error> {
        let challenge = std::str::from_utf8(challenge).map_err(|_| Error::Malformed)?;
        match &self.state {
            State::First => self.prove(challenge),
            State::Final { server_signature } => {
                let mut attributes = challenge.split(',');
                let verdict = attributes.next().unwrap_or_default();
                if verdict.starts_with("e=") {
                    return Err(Error::Refused);
                }
                let shown = verdict.strip_prefix("v=").and_then(|text| BASE64_STANDARD.decode(text).ok());
                if shown.as_ref() != Some(server_signature) {
                    return Err(Error::ServerNotProven);
                }
                self.state = State::Proven;
                Ok(Octets::default())
            }
            State::Proven => Err(Error::Malformed),
        }
    }

    fn succeeded(&self) -> Result<(), Error> {
        if matches!(self.state, State::Proven) { Ok(()) } else { Err(Error::ServerNotProven) }
    }
}

/// The server's first message: `r=nonce,s=salt,i=iterations`, and extensions that may be ignored (RFC 5802 §7).
struct Challenge {
    nonce: String,
    salt: Vec<u8>,
    iterations: u32,
}

impl Challenge {
    fn parse(text: &str) -> Result<Self, Error> {
        let mut attributes = text.split(',');
        let mut next = |name: &str| attributes.next().and_then(|attribute| attribute.strip_prefix(name));
        // An extension that must be understood (`m=`) stands before all else, and so is refused here.
        let nonce = next("r=").ok_or(Error::Malformed)?.to_owned();
        let salt = next("s=").and_then(|salt| BASE64_STANDARD.decode(salt).ok()).ok_or(Error::Malformed)?;
        let iterations: u64 = next("i=").and_then(|count| count.parse().ok()).ok_or(Error::Malformed)?;
        let iterations = u32::try_from(iterations).map_err(|_| Error::Iterations)?;
        if !(LEAST_ITERATIONS..=MOST_ITERATIONS).contains(&iterations) {
            return Err(Error::Iterations);
        }
        Ok(Self { nonce, salt, iterations })
    }
}

impl Hash {
    fn salted(self, password: &str, salt: &[u8], iterations: u32) -> Octets {
        let mut salted = Zeroizing::new(vec![0; if self == Self::Sha1 { 20 } else { 32 }]);
        match self {
            Self::Sha1 => pbkdf2_hmac::<Sha1>(password.as_bytes(), salt, iterations, &mut salted),
            Self::Sha256 => pbkdf2_hmac::<Sha256>(password.as_bytes(), salt, iterations, &mut salted),
        }
        salted
    }

    fn mac(self, key: &[u8], message: &[u8]) -> Result<Vec<u8>, Error> {
        // A key of any length will do, so that nothing is ever refused here.
        match self {
            Self::Sha1 => {
                let mac = Hmac::<Sha1>::new_from_slice(key).map_err(|_| Error::Malformed)?;
                Ok(mac.chain_update(message).finalize().into_bytes().to_vec())
            }
            Self::Sha256 => {
                let mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| Error::Malformed)?;
                Ok(mac.chain_update(message).finalize().into_bytes().to_vec())
            }
        }
    }

    fn digest(self, octets: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(octets).to_vec(),
            Self::Sha256 => Sha256::digest(octets).to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Exchange;
    use super::super::tests::{check, credentials};
    use super::*;

    const NONCE: &str = "rOprNGfwEbeRWgbNEkqO";
    const SERVER_FIRST: &str = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
    const CLIENT_FINAL: &str = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                                p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

    fn sha_256(binding: Binding) -> Scram {
        Scram::new(Hash::Sha256, &credentials("user", "pencil"), NONCE, binding)
    }

    fn begin(message: &str) -> String {
        format!("AUTH SCRAM-SHA-256 {}", BASE64_STANDARD.encode(message))
    }

    #[test]
    fn sha_256_as_in_rfc_7677() {
        let exchange = check(
            sha_256(Binding::Unable),
            &begin("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"),
            &[(SERVER_FIRST, CLIENT_FINAL), ("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "")],
        );
        assert_eq!(exchange.succeeded(), Ok(()));
    }

    #[test]
    fn sha_1_as_in_rfc_5802() {
        let mechanism =
            Scram::new(Hash::Sha1, &credentials("user", "pencil"), "fyko+d2lbbFgONRv9qkxdawL", Binding::Unable);
        let first = BASE64_STANDARD.encode("n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
        let exchange = check(
            mechanism,
            &format!("AUTH SCRAM-SHA-1 {first}"),
            &[
                (
                    "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
                    "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
                ),
                ("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", ""),
            ],
        );
        assert_eq!(exchange.succeeded(), Ok(()));
    }

    /// A server that does everything right but know the password, and one that skips its proof.
    #[test]
    fn a_server_that_does_not_know_the_password_is_not_believed() {
        for turns in [
            &[][..],
            &[(SERVER_FIRST, CLIENT_FINAL)],
            &[(SERVER_FIRST, CLIENT_FINAL), ("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", "*")],
            &[(SERVER_FIRST, CLIENT_FINAL), ("v=", "*")],
        ] {
            let exchange = check(sha_256(Binding::Unable), &begin("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"), turns);
            assert_eq!(exchange.succeeded(), Err(Error::ServerNotProven), "{turns:?}");
        }
    }

    #[test]
    fn a_challenge_that_cannot_be_honest_is_not_answered() {
        let nonce = "rOprNGfwEbeRWgbNEkqOxyz";
        let cases = [
            ("", Error::Malformed),
            ("r=another,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", Error::Malformed),
            ("r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", Error::Malformed),
            (&format!("m=must,r={nonce},s=W22Z,i=4096"), Error::Malformed),
            (&format!("r={nonce},s=!,i=4096"), Error::Malformed),
            (&format!("r={nonce},s=W22Z,i=many"), Error::Malformed),
            (&format!("r={nonce},s=W22Z,i=1"), Error::Iterations),
            (&format!("r={nonce},s=W22Z,i=1000001"), Error::Iterations),
            (&format!("r={nonce},s=W22Z,i=99999999999"), Error::Iterations),
        ];
        for (challenge, error) in cases {
            let exchange =
                check(sha_256(Binding::Unable), &begin("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"), &[(challenge, "*")]);
            assert_eq!(exchange.failure(), Some(error), "{challenge}");
        }
    }

    #[test]
    fn the_header_says_whether_the_proof_is_bound_to_the_connection() {
        let cases = [
            (Binding::Unable, "SCRAM-SHA-256", "n,,", "c=biws"),
            (Binding::NotOffered, "SCRAM-SHA-256", "y,,", "c=eSws"),
            (
                Binding::ServerEndPoint(b"certificate".to_vec()),
                "SCRAM-SHA-256-PLUS",
                "p=tls-server-end-point,,",
                "c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsY2VydGlmaWNhdGU=",
            ),
        ];
        for (binding, name, header, bound) in cases {
            let mut exchange = Exchange::new(sha_256(binding));
            let first = BASE64_STANDARD.encode(format!("{header}n=user,r={NONCE}"));
            assert_eq!(String::from_utf8_lossy(&exchange.begin(255)), format!("AUTH {name} {first}"));
            let proof = exchange.respond(BASE64_STANDARD.encode(SERVER_FIRST).as_bytes());
            let proof = String::from_utf8(BASE64_STANDARD.decode(&*proof).unwrap()).unwrap();
            assert!(proof.starts_with(bound), "{proof}");
        }
    }

    #[test]
    fn names_and_passwords_are_prepared() {
        // RFC 4013 §3: a soft hyphen is nothing, a Roman numeral nine is two letters; `,` and `=` are escaped.
        let mut scram = Scram::new(Hash::Sha256, &credentials("I\u{AD}X,=", "\u{2168}"), NONCE, Binding::Unable);
        let first = scram.initial().unwrap();
        assert!(first.starts_with(b"n,,n=IX=2C=3D,r="), "{}", String::from_utf8_lossy(&first));
        assert_eq!(*scram.password, "IX");
    }
}
