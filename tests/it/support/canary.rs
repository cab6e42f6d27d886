//! The mails of `tests/data/hostile`, with the port of a listener that must never hear of them.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// What stands in the mails for the port.
const WORD: &str = "CANARYPORT";

/// Name and octets of every hostile mail, in the order of their names, with this port in all of their canaries.
pub fn hostile_mails(port: u16) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/hostile");
    let mut mails = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "eml") {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            mails.push((name, with_port(&fs::read(&path).unwrap(), port)));
        }
    }
    mails.sort();
    mails
}

/// Puts the port in for the word in every form in which a mail holds it: plain, in UTF-16 of either order, in base64.
pub fn with_port(raw: &[u8], port: u16) -> Vec<u8> {
    let port = port.to_string();
    // The word begins where three octets begin, and has two more behind it: sixteen characters of base64, whatever is
    // around them. Noughts keep the length, and mean nothing to who reads a port.
    let hidden = BASE64_STANDARD.encode(format!("{WORD}/t"));
    let hidden_port = BASE64_STANDARD.encode(format!("{port:0>10}/t"));
    let raw = replaced(raw, hidden.as_bytes(), hidden_port.as_bytes());
    let raw = replaced(&raw, &wide(WORD, u16::to_le_bytes), &wide(&port, u16::to_le_bytes));
    let raw = replaced(&raw, &wide(WORD, u16::to_be_bytes), &wide(&port, u16::to_be_bytes));
    replaced(&raw, WORD.as_bytes(), port.as_bytes())
}

/// In UTF-16 of the order that is given.
fn wide(text: &str, in_order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(in_order).collect()
}

fn replaced(raw: &[u8], word: &[u8], by: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.windows(word.len()).position(|octets| octets == word) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(by);
        rest = &rest[at + word.len()..];
    }
    out.extend_from_slice(rest);
    out
}
