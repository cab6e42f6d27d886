//! The server's half of SCRAM-SHA-256 (RFC 5802, RFC 7677), with and without channel binding.

use std::io;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use super::wire::Line;
use super::{PASSWORD, USER};

const SALT: &[u8] = b"salt of the tests";
const ITERATIONS: u32 = 4096;

/// Plays it over base64 lines; `argument` is what followed AUTH, `end_point` what a proof must be bound to if the mechanism is
/// the one with `-PLUS`. Whether the client knows the password, and speaks over the same TLS connection as we do.
pub fn exchange(line: &mut Line, argument: &str, end_point: Option<&[u8]>) -> io::Result<bool> {
    let (mechanism, initial) = argument.split_once(' ').unwrap_or((argument, ""));
    let first = decoded(initial);
    let plus = mechanism.ends_with("-PLUS");
    let header = if plus { "p=tls-server-end-point,," } else { first.get(..3).unwrap_or_default() };
    let Some(bare) = first.strip_prefix(header) else { return Ok(false) };
    let nonce = format!("{}SERVER", bare.rsplit_once("r=").map_or("", |(_, nonce)| nonce));
    let challenge = format!("r={nonce},s={},i={ITERATIONS}", BASE64_STANDARD.encode(SALT));
    say(line, &challenge)?;

    let last = decoded(&line.read_line()?);
    let Some((without_proof, proof)) = last.rsplit_once(",p=") else { return Ok(false) };
    let bound = if plus { end_point.unwrap_or_default() } else { &[] };
    let expected = format!("c={},r={nonce}", BASE64_STANDARD.encode([header.as_bytes(), bound].concat()));
    let message = format!("{bare},{challenge},{without_proof}");
    let mut salted = [0; 32];
    pbkdf2::pbkdf2_hmac::<Sha256>(PASSWORD.as_bytes(), SALT, ITERATIONS, &mut salted);
    let client_key = mac(&salted, b"Client Key");
    let signature = mac(&Sha256::digest(&client_key), message.as_bytes());
    let right: Vec<u8> = client_key.iter().zip(&signature).map(|(a, b)| a ^ b).collect();
    if without_proof != expected || proof != BASE64_STANDARD.encode(right) || !bare.contains(&format!("n={USER},")) {
        return Ok(false);
    }
    let server_signature = mac(&mac(&salted, b"Server Key"), message.as_bytes());
    say(line, &format!("v={}", BASE64_STANDARD.encode(server_signature)))?;
    Ok(line.read_line()?.is_empty())
}

fn say(line: &mut Line, challenge: &str) -> io::Result<()> {
    line.say(format!("+ {}\r\n", BASE64_STANDARD.encode(challenge)).as_bytes())
}

fn decoded(text: &str) -> String {
    String::from_utf8(BASE64_STANDARD.decode(text).unwrap_or_default()).unwrap_or_default()
}

fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(message).finalize().into_bytes().to_vec()
}
