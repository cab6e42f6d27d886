//! Examines a server as a careful administrator would: its name, its line, its certificate, what it says it can, and (for an
//! account) whether it keeps to it. Fetches and deletes nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::event::{Finding, Problem, Visit};
use super::hub::Hub;
use super::link::{self, Link};
use super::problem::{self, Task};
use super::{certificate, endpoint, get_mail};
use crate::account::policy::{Line, Metered};
use crate::account::{Account, Security};
use crate::mail::sanitize;
use crate::net::{self, Connection, Record, Trust};
use crate::protocol::pop3::{Capabilities, Event, Expire, Listing, Probe, Sight};

/// Days before a certificate's end that are worth a word.
const CERTIFICATE_DAYS: i64 = 21;

/// Examines the account's server; `signs_in`: with its user name and password, too.
pub(super) async fn examine(hub: &Arc<Hub>, account: &Account, signs_in: bool) -> Vec<Finding> {
    let mut report = Report::default();
    if let Err(problem) = look(&mut report, account).await {
        report.bad("Problem", problem.to_string());
        return report.findings;
    }
    if signs_in && let Err(problem) = try_out(&mut report, hub, account).await {
        report.bad("Problem", problem.to_string());
    }
    report.findings
}

#[derive(Default)]
struct Report {
    findings: Vec<Finding>,
}

impl Report {
    fn note(&mut self, what: &str, good: Option<bool>, words: impl Into<String>) {
        self.findings.push(Finding { what: what.to_owned(), good, words: words.into() });
    }

    fn good(&mut self, what: &str, words: impl Into<String>) {
        self.note(what, Some(true), words);
    }

    fn bad(&mut self, what: &str, words: impl Into<String>) {
        self.note(what, Some(false), words);
    }

    fn plain(&mut self, what: &str, words: impl Into<String>) {
        self.note(what, None, words);
    }
}

/// Name, line, certificate, greeting, capabilities.
async fn look(report: &mut Report, account: &Account) -> Result<(), Box<Problem>> {
    let (task, server) = (Task::Examine, &account.incoming);
    let point = || endpoint::endpoint(account, server, endpoint::incoming_trust(account));
    match &account.proxy {
        // Looking the name up here would tell those who run the network what the proxy is to keep from them.
        Some(proxy) => report.plain("Name", format!("{} is looked up by the proxy {proxy}", server.host)),
        None => {
            let started = Instant::now();
            let addresses = net::addresses(&point()).await.map_err(|error| problem::net(task, account, &error))?;
            let words: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
            report.good("Name", format!("{} is {} ({})", server.host, words.join(", "), millis(started.elapsed())));
        }
    }

    let bare = net::Endpoint { tls: false, ..point() };
    let started = Instant::now();
    let line = Connection::open(bare).await.map_err(|error| problem::net(task, account, &error))?;
    let round_trip = started.elapsed();
    drop(line);
    report.good("Line", format!("port {} answers; a round trip takes {}", server.port, millis(round_trip)));
    tell_metering(report, account).await;

    if server.security == Security::None {
        report.bad("Protection", "none: everyone on the way can read the password and the mail");
    } else {
        examine_certificate(report, account).await;
    }
    let started = Instant::now();
    let opened = Connection::open(point()).await;
    let mut line = match opened {
        Ok(line) => line,
        Err(error) => return Err(problem::incoming(task, account, &error).await),
    };
    line.record = Some(Record::default());
    let mut probe = Probe::new(server.security == Security::StartTls);
    let mut capabilities = Vec::new();
    loop {
        match line.next(&mut probe).await {
            Ok(Some(Sight::Greeted(reply))) => report.plain("Greeting", sanitize::line(&reply.text)),
            Ok(Some(Sight::Capable(found))) => capabilities.push(found),
            Ok(None) => break,
            Err(error) => return Err(problem::drive(task, account, error).await),
        }
    }
    report.plain("Time", format!("open and closed again in {}", millis(started.elapsed())));
    match capabilities.pop().flatten() {
        None => report.bad("Abilities", "the server does not know CAPA: it is asked as the oldest servers are"),
        Some(capabilities) => tell_capabilities(report, &capabilities),
    }
    tell_transcript(report, &line);
    Ok(())
}

/// Whether the line is paid for by the octet, and who says so.
async fn tell_metering(report: &mut Report, account: &Account) {
    let words = match (account.policy.line, link::ask().await) {
        (Line::Metered, _) => "yes, you say",
        (Line::Unmetered, _) => "no, you say",
        (Line::Auto, Link::Metered) => "yes, says the system",
        (Line::Auto, Link::ProbablyMetered) => "probably, says the system; it is taken for a yes",
        (Line::Auto, Link::Unmetered) => "no, says the system",
        (Line::Auto, Link::Unknown) => "nobody here knows; it is taken for a no",
    };
    let rule = match account.policy.metered {
        Metered::AsUsual => "",
        Metered::Ask => "; on such a line you are asked before more than a little is fetched",
        Metered::UnmeteredOnly => "; this account keeps off such a line",
    };
    report.plain("Metered", format!("{words}{rule}"));
}

async fn examine_certificate(report: &mut Report, account: &Account) {
    let server = &account.incoming;
    let inspect = endpoint::endpoint(account, server, Trust::Inspect);
    let looked = certificate::look(inspect, Probe::new(server.security == Security::StartTls), "").await;
    let Some(facts) = looked else { return report.bad("Certificate", "none was shown") };
    let words = format!(
        "{} ({}), issued by {}, valid from {} until {}; SHA-256 {}",
        facts.subject,
        facts.names.join(", "),
        facts.issuer,
        facts.valid_from,
        facts.valid_until,
        facts.fingerprint
    );
    match days_until(&facts.valid_until) {
        Some(days) if days < 0 => report.bad("Certificate", format!("it has ended: {words}")),
        Some(days) if days < CERTIFICATE_DAYS => {
            report.bad("Certificate", format!("it ends in {days} days: {words}"));
        }
        _ => report.good("Certificate", words),
    }
}

fn days_until(day: &str) -> Option<i64> {
    let day: jiff::civil::Date = day.parse().ok()?;
    let today = jiff::Zoned::now().date();
    day.since(today).ok().map(|span| i64::from(span.get_days()))
}

fn tell_capabilities(report: &mut Report, capabilities: &Capabilities) {
    let implementation = capabilities.implementation.as_deref().map(sanitize::line);
    report.plain("Server", implementation.unwrap_or_else(|| "it does not say what it is".into()));
    for (is_there, name, there, missing) in [
        (
            capabilities.pipelining,
            "PIPELINING",
            "many commands at once: fast",
            "one command at a time: a round trip for each",
        ),
        (capabilities.uidl, "UIDL", "unique-ids: nothing is fetched twice", "not announced; it is tried all the same"),
        (capabilities.top, "TOP", "headers can be looked at", "not announced: headers may not be had alone"),
    ] {
        report.note(name, Some(is_there), if is_there { there } else { missing });
    }
    if let Some(secs) = capabilities.login_delay_secs.filter(|&secs| secs > 0) {
        report.plain("LOGIN-DELAY", format!("{secs} seconds must lie between two visits; the schedule keeps to it"));
    }
    match capabilities.expire {
        Some(Expire::Days(0)) => {
            report.bad("EXPIRE", "the server itself deletes what was fetched, at the end of the visit")
        }
        Some(Expire::Days(days)) => report.bad("EXPIRE", format!("the server itself deletes mail after {days} days")),
        Some(Expire::Never) => report.good("EXPIRE", "the server deletes nothing by itself"),
        None => {}
    }
    let mechanisms = if capabilities.sasl.is_empty() {
        "USER and PASS".into()
    } else {
        sanitize::line(&capabilities.sasl.join(", "))
    };
    report.plain("Signing in", mechanisms);
}

/// Two visits: what is listed must be the same, and every message must have a unique-id of its own.
async fn try_out(report: &mut Report, hub: &Arc<Hub>, account: &Account) -> Result<(), Box<Problem>> {
    let (first, took) = list(hub, account).await?;
    report.good("Sign-in", format!("accepted; {} messages listed in {}", first.len(), millis(took)));
    let uids = |listing: &Listing| -> Vec<Vec<u8>> {
        listing.iter().map(|message| message.uid.map(|uid| uid.0.to_vec()).unwrap_or_default()).collect()
    };
    let (seen, missing) = (uids(&first), first.iter().filter(|message| message.uid.is_none()).count());
    let mut distinct = seen.clone();
    distinct.sort();
    distinct.dedup();
    match (missing, seen.len() - distinct.len()) {
        (0, 0) => report.good("Unique-ids", "every message has one of its own"),
        (missing, _) if missing > 0 => report.bad("Unique-ids", format!("{missing} messages have none")),
        (_, double) => report.bad("Unique-ids", format!("{double} messages share one with another")),
    }
    let (second, _) = list(hub, account).await?;
    if uids(&second) == seen {
        report.good("Stability", "a second visit lists the same unique-ids");
    } else if uids(&second).iter().any(|uid| seen.contains(uid)) {
        report.plain("Stability", "mail came or went between two visits; the unique-ids that stayed are the same");
    } else if seen.is_empty() {
        report.plain("Stability", "there was no mail to tell by");
    } else {
        report.bad(
            "Stability",
            "a second visit lists other unique-ids: messages are recognised by their headers and octets",
        );
    }
    let nameless = first.iter().filter(|message| message.size_bytes == 0).count();
    if nameless > 0 {
        report.bad("Sizes", format!("{nameless} messages are listed with no size"));
    }
    Ok(())
}

async fn list(hub: &Arc<Hub>, account: &Account) -> Result<(Arc<Listing>, Duration), Box<Problem>> {
    let started = Instant::now();
    let mut visit = Visit { account: account.id, account_name: account.name.clone(), ..Visit::default() };
    let mut secret = None;
    let (mut line, mut session) = get_mail::open(Task::Examine, hub, account, &mut visit, &mut secret).await?;
    let mut seen = Arc::default();
    loop {
        match line.next(&mut session).await {
            Ok(Some(Event::Listed(listing))) => {
                seen = listing;
                session.quit();
            }
            Ok(Some(_)) => {}
            Ok(None) => return Ok((seen, started.elapsed())),
            Err(error) => {
                let mut problem = problem::drive(Task::Examine, account, error).await;
                if let Some(password) = secret {
                    problem::redact(&mut problem, password.reveal());
                }
                return Err(problem);
            }
        }
    }
}

/// The conversation so far. It was held before anything secret was to be said.
fn tell_transcript(report: &mut Report, line: &Connection) {
    for (ours, words) in line.record.iter().flat_map(Record::lines) {
        report.plain(if ours { "C:" } else { "S:" }, sanitize::line(&words));
    }
}

fn millis(duration: Duration) -> String {
    format!("{} ms", duration.as_millis())
}
