//! `malote doctor`: what is wrong with a server, or what is right.

use std::io::{self, Write};
use std::path::PathBuf;

use serde_json::json;

use super::Failure;
use super::client::{Client, expect_event};
use crate::account::{Account, Security};
use crate::engine::{Command, Event};

pub fn run(
    client: &mut Client,
    server: &str,
    security: Option<Security>,
    ca_file: Option<PathBuf>,
    json: bool,
) -> Result<(), Failure> {
    let known = client.accounts()?.into_iter().find(|account| account.name.eq_ignore_ascii_case(server));
    let signs_in = known.is_some();
    let account = match known {
        Some(account) => account,
        None => host(server, security.unwrap_or_default(), ca_file)?,
    };
    let examined = client.ask(Command::Examine { account: Box::new(account), signs_in })?;
    let findings = expect_event!(examined, Event::Examined(findings) => findings)?;
    let mut out = io::stdout().lock();
    for finding in &findings {
        if json {
            writeln!(out, "{}", json!({ "what": finding.what, "good": finding.good, "words": finding.words }))?;
        } else {
            let mark = match finding.good {
                Some(true) => "+",
                Some(false) => "!",
                None => " ",
            };
            writeln!(out, "{mark} {:<12} {}", finding.what, finding.words)?;
        }
    }
    match findings.iter().find(|finding| finding.what == "Problem") {
        None => Ok(()),
        Some(_) if !json => Err(Failure::Failed("the examination could not be finished".into())),
        Some(problem) => Err(Failure::Failed(problem.words.clone())),
    }
}

/// An account that nobody has, for a server that is only looked at.
fn host(server: &str, security: Security, ca_file: Option<PathBuf>) -> Result<Account, Failure> {
    let mut account = Account::blank();
    account.incoming.security = security;
    account.incoming.port = security.pop3_port();
    let (host, port) = match server.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => (host, Some(port)),
        _ => (server, None),
    };
    if let Some(port) = port {
        let parsed = port.parse().ok().filter(|&port: &u16| port > 0);
        account.incoming.port =
            parsed.ok_or_else(|| Failure::Usage(format!("“{port}” is no port, and there is no account “{server}”")))?;
    }
    account.incoming.host = host.to_owned();
    account.name = host.to_owned();
    account.ca_file = ca_file;
    Ok(account)
}
