//! `malote account …`

use std::io::{self, Read, Write};

use serde_json::json;

use super::args::{AccountCommand, AccountSettings, PolicySettings};
use super::client::{Client, expect_event};
use super::visit::told;
use super::{Failure, complain};
use crate::account::{Account, AccountId, Field, PasswordSource, Policy, Security, Server, check};
use crate::demo::Demo;
use crate::engine::{Command, Event, PasswordChange};
use crate::secret::Password;

pub fn run(client: &mut Client, command: AccountCommand) -> Result<(), Failure> {
    match command {
        AccountCommand::Add(settings) => add(client, *settings),
        AccountCommand::Edit { account, settings } => edit(client, &account, *settings),
        AccountCommand::List { json } => list(client, json),
        AccountCommand::Remove { account } => {
            let account = client.account(&account)?;
            client.ask(Command::RemoveAccount(account.id))?;
            Ok(())
        }
        AccountCommand::Test { account } => test(client, &account),
    }
}

fn add(client: &mut Client, settings: AccountSettings) -> Result<(), Failure> {
    let needs_password = settings.password_command.is_none() && !settings.password_stdin;
    let (account, password) = apply(Account::blank(), settings)?;
    refuse_bad_input(client, &account)?;
    if needs_password && (account.sign_in.needs_password() || account.outgoing.is_some()) {
        return Err(Failure::Usage(
            "say where the password comes from: --password-command CMD or --password-stdin".into(),
        ));
    }
    save(client, account, password, true)
}

fn edit(client: &mut Client, name: &str, settings: AccountSettings) -> Result<(), Failure> {
    let (account, password) = apply(client.account(name)?, settings)?;
    refuse_bad_input(client, &account)?;
    save(client, account, password, false)
}

/// Saves; a password that could not be kept is a failure here, for the session in which it works ends at once.
fn save(client: &mut Client, account: Account, password: PasswordChange, is_new: bool) -> Result<(), Failure> {
    if [Some(&account.incoming), account.outgoing.as_ref()]
        .into_iter()
        .flatten()
        .any(|server| server.security == Security::None)
    {
        complain("warning: security “none”: everyone on the way can read the password and the mail");
    }
    if let Some(advice) = account.sign_in.advice() {
        complain(&format!("note: {advice}"));
    }
    let mut notice = None;
    let saved = client.ask_and_hear(Command::SaveAccount { account: Box::new(account), password }, |event| {
        if let Event::Notice(problem) = event {
            notice = Some(problem);
        }
    })?;
    let id = expect_event!(saved, Event::AccountSaved(id) => id)?;
    match notice {
        None => Ok(()),
        Some(problem) => {
            let undone = if is_new { "The account was not added." } else { "The password was not changed." };
            if is_new {
                client.ask(Command::RemoveAccount(id))?;
            }
            Err(Failure::Failed(format!(
                "{}: {}. {undone} Start or unlock the keyring (a Secret Service such as gnome-keyring or KWallet), or name a \
                 command that prints the password: --password-command CMD",
                problem.what, problem.why
            )))
        }
    }
}

fn refuse_bad_input(client: &mut Client, account: &Account) -> Result<(), Failure> {
    let others = client.accounts()?;
    let names: Vec<&str> =
        others.iter().filter(|other| other.id != account.id).map(|other| other.name.as_str()).collect();
    let errors = check(account, &names);
    if errors.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = errors.iter().map(|error| format!("{}: {}", switch(error.field), error.message)).collect();
    Err(Failure::Usage(lines.join("\n")))
}

fn switch(field: Field) -> &'static str {
    match field {
        Field::Name => "--name",
        Field::Address => "--address",
        Field::IncomingHost => "--host",
        Field::IncomingPort => "--port",
        Field::User => "--user",
        Field::Password => "--password-stdin",
        Field::PasswordCommand => "--password-command",
        Field::RetentionDays => "--keep",
        Field::OutgoingHost => "--smtp-host",
        Field::OutgoingPort => "--smtp-port",
        Field::CaFile => "--ca-file",
        Field::SignIn => "--auth",
        Field::ClientCertificate => "--client-certificate",
        Field::Proxy => "--proxy",
        Field::TimeoutSecs => "--timeout-secs",
        Field::ExcerptAbove => "--first-lines-above",
        Field::SkipAbove => "--skip-above",
        Field::VisitLimit => "--visit-limit",
        Field::AskAbove => "--ask-above",
        Field::Every => "--every",
        Field::MeteredAskAbove => "--metered-ask-above",
        Field::Quota => "--quota",
    }
}

/// What was named replaces what was there.
fn apply(mut account: Account, settings: AccountSettings) -> Result<(Account, PasswordChange), Failure> {
    let set = |target: &mut String, value: Option<String>| {
        if let Some(value) = value {
            *target = value;
        }
    };
    set(&mut account.name, settings.name);
    set(&mut account.identity.address, settings.address);
    set(&mut account.identity.display_name, settings.display_name);
    set(&mut account.user, settings.user);
    if account.user.is_empty() {
        account.user.clone_from(&account.identity.address);
    }
    if settings.host.is_some() || settings.port.is_some() || settings.security.is_some() {
        // A pinned certificate belongs to the server that it was seen on.
        account.incoming_pin = None;
    }
    set(&mut account.incoming.host, settings.host);
    if let Some(security) = settings.security {
        account.incoming.security = security;
        account.incoming.port = security.pop3_port();
    }
    account.incoming.port = settings.port.unwrap_or(account.incoming.port);
    account.retention = settings.keep.unwrap_or(account.retention);
    apply_policy(&mut account.policy, &settings.policy);
    account.timeout_secs = settings.timeout_secs.unwrap_or(account.timeout_secs);
    if let Some(path) = settings.ca_file {
        account.ca_file = if path.is_empty() { None } else { Some(std::path::absolute(path)?) };
    }
    account.sign_in = settings.auth.unwrap_or(account.sign_in);
    if let Some(proxy) = settings.proxy {
        account.proxy = proxy.0;
    }
    if let Some(path) = settings.client_certificate {
        account.client_certificate = if path.is_empty() { None } else { Some(std::path::absolute(path)?) };
    }
    apply_outgoing(&mut account, settings.smtp_host, settings.smtp_port, settings.smtp_security);
    if settings.smtp_user.is_some() {
        account.outgoing_user = settings.smtp_user.filter(|user| !user.is_empty());
    }
    account.incoming_pin = settings.pin.or(account.incoming_pin);
    account.outgoing_pin = settings.smtp_pin.or(account.outgoing_pin);
    let mut password = PasswordChange::Keep;
    if let Some(command) = settings.password_command {
        account.password_source = PasswordSource::Command(command);
    } else if settings.password_stdin {
        account.password_source = PasswordSource::Keyring;
        password = PasswordChange::Store(password_from_stdin()?);
    }
    Ok((account, password))
}

fn apply_policy(policy: &mut Policy, settings: &PolicySettings) {
    policy.fetch = settings.fetch.unwrap_or(policy.fetch);
    policy.order = settings.order.unwrap_or(policy.order);
    policy.mirror = settings.mirror.unwrap_or(policy.mirror);
    policy.never_delete = settings.never_delete.unwrap_or(policy.never_delete);
    policy.excerpt_above_bytes = settings.first_lines_above.map_or(policy.excerpt_above_bytes, |size| size.0);
    policy.skip_above_bytes = settings.skip_above.map_or(policy.skip_above_bytes, |size| size.0);
    policy.ask_above_bytes = settings.ask_above.map_or(policy.ask_above_bytes, |size| size.0);
    policy.visit_bytes = settings.visit_limit.map_or(policy.visit_bytes, |size| size.0);
    policy.visit_secs = settings.visit_secs.map_or(policy.visit_secs, |secs| Some(secs).filter(|&secs| secs > 0));
    policy.metered = settings.metered.unwrap_or(policy.metered);
    policy.metered_ask_above_bytes = settings.metered_ask_above.map_or(policy.metered_ask_above_bytes, |size| size.0);
    policy.line = settings.line.unwrap_or(policy.line);
    policy.quota_bytes = settings.quota.map_or(policy.quota_bytes, |size| size.0);
    policy.every_mins = settings.every.map_or(policy.every_mins, |mins| Some(mins).filter(|&mins| mins > 0));
}

fn apply_outgoing(account: &mut Account, host: Option<String>, port: Option<u16>, security: Option<Security>) {
    if host.is_none() && port.is_none() && security.is_none() {
        return;
    }
    account.outgoing_pin = None;
    if host.as_deref() == Some("") {
        account.outgoing = None;
        return;
    }
    let outgoing = account.outgoing.get_or_insert_with(|| Server {
        host: account.incoming.host.clone(),
        port: Security::Tls.submission_port(),
        security: Security::Tls,
    });
    if let Some(host) = host {
        outgoing.host = host;
    }
    if let Some(security) = security {
        outgoing.security = security;
        outgoing.port = security.submission_port();
    }
    outgoing.port = port.unwrap_or(outgoing.port);
}

fn password_from_stdin() -> Result<Password, Failure> {
    let mut text = String::new();
    io::stdin().lock().take(64 * 1024).read_to_string(&mut text)?;
    let line = text.lines().next().unwrap_or_default().to_owned();
    zeroize::Zeroize::zeroize(&mut text);
    if line.is_empty() {
        return Err(Failure::Failed("--password-stdin: there was no password on standard input".into()));
    }
    Ok(Password::new(line))
}

fn list(client: &mut Client, json: bool) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    for account in client.accounts()? {
        let Account { name, identity, incoming, outgoing, user, .. } = &account;
        if json {
            let server = |server: &Server| json!({ "host": server.host, "port": server.port, "security": server.security.word() });
            let line = json!({
                "name": name,
                "address": identity.address,
                "display_name": identity.display_name,
                "user": user,
                "host": incoming.host,
                "port": incoming.port,
                "security": incoming.security.word(),
                "keep": account.retention.to_string(),
                "policy": account.policy,
                "smtp": outgoing.as_ref().map(server),
                "password": match &account.password_source {
                    PasswordSource::Keyring => "keyring",
                    PasswordSource::Command(_) => "command",
                },
                "auth": account.sign_in.word(),
                "proxy": account.proxy.as_ref().map(ToString::to_string),
                "client_certificate": account.client_certificate,
                "ca_file": account.ca_file,
                "timeout_secs": account.timeout_secs,
            });
            writeln!(out, "{line}")?;
        } else {
            writeln!(
                out,
                "{name}  {}  {}:{} ({}), keeps {} on the server",
                identity.address,
                incoming.host,
                incoming.port,
                incoming.security.word(),
                account.retention
            )?;
        }
    }
    Ok(())
}

fn test(client: &mut Client, name: &str) -> Result<(), Failure> {
    let account = client.account(name)?;
    let tested = client.ask(Command::TestAccount { account: Box::new(account), password: PasswordChange::Keep })?;
    let test = expect_event!(tested, Event::AccountTested(test) => test)?;
    let mut problems = Vec::new();
    for result in std::iter::once(test.incoming).chain(test.outgoing) {
        match result {
            Ok(words) => writeln!(io::stdout(), "{words}")?,
            Err(problem) => problems.push(told(&problem)),
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Failure::Failed(problems.join("\n"))) }
}

/// The account of the demonstration, whose password is nobody's secret and is kept nowhere.
pub fn add_demo(client: &mut Client, demo: &Demo) -> Result<AccountId, Failure> {
    let command = Command::SaveAccount { account: Box::new(demo_account(demo)), password: PasswordChange::Keep };
    let account = expect_event!(client.ask(command)?, Event::AccountSaved(id) => id)?;
    let password = Password::new(demo.password.clone());
    client.ask(Command::ProvidePassword { account, password, remember: false })?;
    Ok(account)
}

/// Points at the embedded server, on this machine and therefore unprotected.
pub fn demo_account(demo: &Demo) -> Account {
    let server = |port| Server { host: "127.0.0.1".into(), port, security: Security::None };
    let mut account = Account::blank();
    account.name = "Demo".into();
    account.identity.address.clone_from(&demo.address);
    account.identity.display_name = "Ana Duarte".into();
    account.user.clone_from(&demo.user);
    account.incoming = server(demo.pop3_port);
    account.outgoing = Some(server(demo.smtp_port));
    account
}
