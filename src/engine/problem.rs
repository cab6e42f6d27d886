//! Errors become words for a person, in this one place: what was being done, why it failed, what to do, and what the
//! server said.

use std::path::Path;

use super::certificate;
use super::endpoint::endpoint;
use super::event::{Again, Offer, Problem};
use super::pictures::{Fault, Why};
use crate::account::policy::Line;
use crate::account::{Account, AccountId, PasswordSource, Security, Server};
use crate::mail::sanitize;
use crate::net::{self, DriveError, Trust};
use crate::protocol::pop3::{self, Credentials, MessageNumber, Reply, ResponseCode, Session};
use crate::protocol::smtp;
use crate::{secret, store};

/// What was being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    GetMail,
    SendMail,
    ViewServer,
    Examine,
    TestIncoming,
    TestOutgoing,
}

impl Task {
    fn words(self, account: &Account) -> String {
        let name = &account.name;
        match self {
            Self::GetMail => format!("Could not get mail for {name}"),
            Self::Examine => format!("Could not examine the server of {name}"),
            Self::ViewServer => format!("Could not look at what lies on the server of {name}"),
            Self::SendMail => format!("Could not send mail for {name}"),
            Self::TestIncoming => format!("Could not sign in to the incoming server of {name}"),
            Self::TestOutgoing => format!("Could not sign in to the outgoing server of {name}"),
        }
    }

    pub fn is_outgoing(self) -> bool {
        matches!(self, Self::SendMail | Self::TestOutgoing)
    }

    fn server(self, account: &Account) -> &Server {
        match &account.outgoing {
            Some(outgoing) if self.is_outgoing() => outgoing,
            _ => &account.incoming,
        }
    }
}

/// How many characters of a server's words are shown; some servers send essays, or worse.
const DETAIL_CHARS: usize = 300;

pub(super) fn said(words: &str) -> String {
    sanitize::line(words).chars().take(DETAIL_CHARS).collect()
}

fn problem(task: Task, account: &Account, why: impl Into<String>, remedy: impl Into<String>) -> Box<Problem> {
    Box::new(Problem { what: task.words(account), why: why.into(), remedy: remedy.into(), ..Problem::default() })
}

fn again(mut problem: Box<Problem>, again: Again) -> Box<Problem> {
    problem.again = again;
    problem
}

fn with(mut problem: Box<Problem>, detail: &str, offer: Option<Offer>) -> Box<Problem> {
    problem.detail = said(detail);
    // Where the person can do something, repeating it by itself only repeats the fault; servers that cannot be reached are
    // another matter.
    if matches!(offer, Some(Offer::EnterPassword(_) | Offer::TrustCertificate { .. })) {
        problem.again = Again::Never;
    }
    problem.offer = offer;
    problem
}

const MAIL_STAYS: &str = "What was already stored stays; the next “Get mail” goes on from there.";

/// The line to the incoming server could not be opened, or broke. Where the certificate was at fault, it is fetched to be shown.
pub(super) async fn incoming(task: Task, account: &Account, error: &net::Error) -> Box<Problem> {
    match error {
        net::Error::Untrusted(fault) => untrusted(task, account, fault).await,
        net::Error::PinMismatch => {
            untrusted(task, account, "it is not the certificate that was trusted for this account").await
        }
        _ => net(task, account, error),
    }
}

pub(super) async fn drive(task: Task, account: &Account, error: DriveError<pop3::Error>) -> Box<Problem> {
    match error {
        DriveError::Net(error) => incoming(task, account, &error).await,
        DriveError::Protocol(error) => protocol(task, account, &error),
    }
}

async fn untrusted(task: Task, account: &Account, fault: &str) -> Box<Problem> {
    let endpoint = endpoint(account, &account.incoming, Trust::Inspect);
    let session = Session::new(Credentials::default(), account.incoming.security == Security::StartTls);
    let certificate = certificate::look(endpoint, session, fault).await;
    let offer = certificate.map(|certificate| Offer::TrustCertificate {
        account: account.id,
        outgoing: false,
        certificate: Box::new(certificate),
    });
    certificate_problem(task, account, fault, offer)
}

/// The certificate is not good enough to send a password over.
pub(super) fn certificate_problem(task: Task, account: &Account, fault: &str, offer: Option<Offer>) -> Box<Problem> {
    let host = &task.server(account).host;
    let remedy = "No password was sent. If the server is your own, look at its certificate and trust exactly that one \
                  for this account, or name the file of its authority in the account’s settings; otherwise wait, or ask \
                  your provider.";
    let why = format!("the certificate of {host} cannot be trusted ({})", sanitize::line(fault));
    with(problem(task, account, why, remedy), "", offer)
}

pub(super) fn net(task: Task, account: &Account, error: &net::Error) -> Box<Problem> {
    let edit = || Some(Offer::EditAccount(account.id));
    match error {
        net::Error::UnknownHost { host, detail } => {
            let remedy = "Check the server’s name in the account’s settings, and that this computer is online.";
            let why = format!("there is no server named {host}, or no way to look it up ({})", said(detail));
            with(problem(task, account, why, remedy), "", edit())
        }
        net::Error::Refused { host, port } => {
            let why = format!("the server {host} does not accept connections on port {port}");
            with(
                problem(task, account, why, "Check server and port in the account’s settings, or try again later."),
                "",
                edit(),
            )
        }
        net::Error::Unreachable { host, source } => {
            let remedy = "Check that this computer is online, then get mail again.";
            problem(
                task,
                account,
                format!("the server {host} cannot be reached ({})", said(&source.to_string())),
                remedy,
            )
        }
        net::Error::Silent { host, secs } => {
            let why = format!("the server {host} said nothing for {secs} seconds");
            problem(task, account, why, MAIL_STAYS)
        }
        net::Error::CaFile { path, detail } => {
            let why = format!("the file of trusted certificates {path} cannot be used ({})", said(detail));
            with(problem(task, account, why, "Name a readable PEM file in the account’s settings."), "", edit())
        }
        net::Error::ClientCertificate { path, detail } => {
            let why = format!("your own certificate {path} cannot be used ({})", said(detail));
            let remedy = "Name a readable PEM file with certificate and key, or a PKCS#12 file without a password, in the \
                          account’s settings.";
            with(problem(task, account, why, remedy), "", edit())
        }
        net::Error::NotPublic { host } => {
            let why = format!("{host} is at an address that is not public");
            with(problem(task, account, why, "Check the server’s name in the account’s settings."), "", edit())
        }
        net::Error::Proxy { host, why } => {
            let why = format!("the proxy {host} is of no help: {}", said(why));
            with(
                problem(task, account, why, "Check the proxy in the account’s settings, and that it runs."),
                "",
                edit(),
            )
        }
        net::Error::Tls(detail) => {
            let why = format!("no protected connection (TLS) could be made ({})", said(detail));
            let remedy =
                "Check port and security in the account’s settings: 995 is for TLS from the start, 110 for STLS.";
            with(problem(task, account, why, remedy), "", edit())
        }
        net::Error::Broken(error) => {
            problem(task, account, format!("the connection broke ({})", said(&error.to_string())), MAIL_STAYS)
        }
        net::Error::Untrusted(fault) => certificate_problem(task, account, fault, None),
        net::Error::PinMismatch => certificate_problem(task, account, "it is not the one that was trusted", None),
        net::Error::Inspected(_) => problem(task, account, "the connection was only looked at", ""),
    }
}

/// None of a message's pictures could be had; what is said is why the first could not.
pub(super) fn pictures(fault: &Fault) -> Box<Problem> {
    let host = sanitize::line_of(&fault.host, 100);
    let later = "The message can be read without them. Try again later.";
    let (why, remedy) = match &fault.why {
        Why::Net(net::Error::NotPublic { .. }) => (
            format!("{host} is an address within your own network, where a message must not reach"),
            "Nothing was asked of it. If the message is from your own house or company, open it in a browser.",
        ),
        Why::Net(error) => (said(&error.to_string()), "Check that this computer is online, then try again."),
        Why::Http(error) => (format!("{host}: {}", said(&error.to_string())), later),
        Why::Status(404 | 410) => {
            (format!("{host} no longer has them"), "The sender has taken them away: there is nothing to do.")
        }
        Why::Status(status) => (format!("{host} refused, with the number {status}"), later),
        Why::NoPicture(kind) if kind.is_empty() => (format!("what {host} sent is no picture"), later),
        Why::NoPicture(kind) => (format!("what {host} sent is no picture ({kind})"), later),
        Why::Redirected => (format!("{host} sends on to where pictures must not lie"), later),
        Why::Late => (format!("{host} took too long"), later),
        Why::NoRoom => (format!("the pictures of {host} are too large"), later),
    };
    Box::new(Problem { what: "Could not fetch the pictures".into(), why, remedy: remedy.into(), ..Problem::default() })
}

pub(super) fn protocol(task: Task, account: &Account, error: &pop3::Error) -> Box<Problem> {
    use pop3::Error;
    let edit = || Some(Offer::EditAccount(account.id));
    let host = &account.incoming.host;
    match error {
        Error::NotPop3(words) => {
            let why = format!("what answers at {host}, port {}, is not a POP3 server", account.incoming.port);
            with(
                problem(task, account, why, "Check server, port and security in the account’s settings."),
                words,
                edit(),
            )
        }
        Error::TurnedAway(reply) | Error::ListRefused(reply) => refused(task, account, reply),
        Error::NoStls => {
            let why = format!("{host} does not offer a protected connection (STLS) on this port");
            let remedy = "No password was sent. Choose TLS (port 995) in the account’s settings, or ask your provider.";
            with(problem(task, account, why, remedy), "", edit())
        }
        Error::StlsRefused(reply) => {
            let why = format!("{host} refused the protected connection (STLS)");
            with(
                problem(task, account, why, "No password was sent. Try TLS (port 995), or ask your provider."),
                &reply.text,
                edit(),
            )
        }
        Error::Injection => {
            let why = "something on the way tried to smuggle words into the protected connection";
            problem(task, account, why, "No password was sent. Do not use this network for mail; tell your provider.")
        }
        Error::Unspeakable => {
            let why = "the user name is empty, or user name or password holds a line break, which POP3 cannot send";
            with(problem(task, account, why, "Enter them again in the account’s settings."), "", edit())
        }
        Error::NoMechanism(offered) => {
            let why = format!("{host} offers no way to sign in with a password that Malote knows");
            with(
                problem(task, account, why, "Ask your provider for POP3 access with a password (an “app password”)."),
                offered,
                edit(),
            )
        }
        Error::Unable(why) => {
            let remedy = "No password was sent. Choose another way to sign in in the account’s settings; “automatic” suits most.";
            with(problem(task, account, why.clone(), remedy), "", edit())
        }
        Error::ServerNotProven => {
            let why = format!("{host} could not prove that it knows your password, as the way to sign in demands");
            let remedy = "Your password was not sent, but what answers may not be your server. Do not use this network for \
                          mail; tell your provider.";
            with(problem(task, account, why, remedy), "", edit())
        }
        Error::SignInRefused(reply) => sign_in_refused(task, account, reply),
        Error::HungUpOnPassword => {
            let why = format!("{host} hung up on user name and password, as some servers do when they are wrong");
            let problem = with(problem(task, account, why, PASSWORD_REMEDY), "", enter_password(account));
            again(problem, Again::Once(REFUSED_SECS))
        }
        Error::HungUp => problem(task, account, format!("{host} hung up in the middle"), MAIL_STAYS),
        Error::Garbage(words) | Error::Unasked(words) => {
            let why = format!("{host} answered something that makes no sense here");
            with(problem(task, account, why, MAIL_STAYS), words, None)
        }
        Error::RanTogether(number) => {
            let why = format!("{host} began its next answer before message {number} had ended");
            problem(task, account, why, MAIL_STAYS)
        }
        Error::LineTooLong => problem(task, account, format!("{host} sent a line without end"), MAIL_STAYS),
        Error::ListingTooLong => problem(task, account, format!("{host} sent a listing without end"), MAIL_STAYS),
        Error::MessageTooLong(number) => {
            let why = format!("message {number} on {host} came without end");
            problem(task, account, why, "It was not stored. It is tried last next time, so that the others arrive.")
        }
    }
}

const PASSWORD_REMEDY: &str = "Check user name and password; it was tried once and is not tried again until you say so. If both are right, choose another way \
     to sign in in the account’s settings (More…): some servers offer ways that do not work for every user.";

fn enter_password(account: &Account) -> Option<Offer> {
    Some(match account.password_source {
        PasswordSource::Keyring => Offer::EnterPassword(account.id),
        PasswordSource::Command(_) => Offer::EditAccount(account.id),
    })
}

/// Passing faults are told from wrong passwords by their response code (RFC 2449 §8, RFC 3206).
fn refused(task: Task, account: &Account, reply: &Reply) -> Box<Problem> {
    let (why, remedy, when) = match &reply.code {
        Some(ResponseCode::InUse) => (
            "the mailbox is in use by another session",
            "Nothing is wrong with your password. Try again in a few minutes.",
            Again::After(IN_USE_SECS),
        ),
        Some(ResponseCode::LoginDelay) => (
            "the server wants a pause between visits",
            "Nothing is wrong with your password. Try again in a quarter of an hour.",
            Again::After(LOGIN_DELAY_SECS),
        ),
        Some(ResponseCode::SysTemp) => {
            ("the server has a passing fault", "Nothing to do: try again later.", Again::After(SYS_TEMP_SECS))
        }
        Some(ResponseCode::SysPerm) => ("the server has a lasting fault", "Ask your provider.", Again::Never),
        Some(ResponseCode::Utf8) => {
            ("the server opens this mailbox in UTF-8 mode alone, and did not enter it", UTF8_REMEDY, Again::Never)
        }
        _ => ("the server refused", "Try again later; if it stays so, ask your provider.", Again::After(SYS_TEMP_SECS)),
    };
    again(with(problem(task, account, why, remedy), &reply.text, None), when)
}

const UTF8_REMEDY: &str =
    "Ask your provider to let UTF-8 mode (RFC 6856) be used over POP3; meanwhile their web mail shows what is there.";

/// Another program's visit takes a minute or two.
const IN_USE_SECS: u32 = 120;
/// What servers with a delay mostly ask for.
const LOGIN_DELAY_SECS: u32 = 15 * 60;
const SYS_TEMP_SECS: u32 = 5 * 60;
/// A refusal without a reason may be a server that has had enough of us for the moment.
const REFUSED_SECS: u32 = 15 * 60;

fn sign_in_refused(task: Task, account: &Account, reply: &Reply) -> Box<Problem> {
    match &reply.code {
        None | Some(ResponseCode::Auth | ResponseCode::Other(_)) => {
            let why = "the server refused user name and password";
            let when = if reply.code == Some(ResponseCode::Auth) { Again::Never } else { Again::Once(REFUSED_SECS) };
            again(with(problem(task, account, why, PASSWORD_REMEDY), &reply.text, enter_password(account)), when)
        }
        Some(_) => refused(task, account, reply),
    }
}

/// Takes the password out of words that a server sent back.
pub(super) fn redact(problem: &mut Problem, password: &str) {
    if !password.is_empty() {
        for words in [&mut problem.why, &mut problem.detail] {
            *words = words.replace(password, "…");
        }
    }
}

/// Whether asking again at once with the same password would be hammering.
pub(super) fn is_refusal(problem: &Problem) -> bool {
    matches!(problem.offer, Some(Offer::EnterPassword(_) | Offer::EditAccount(_) | Offer::TrustCertificate { .. }))
}

pub(super) fn secret(task: Task, account: &Account, error: &secret::Error) -> Box<Problem> {
    use secret::Error;
    let ask = || Some(Offer::EnterPassword(account.id));
    match error {
        Error::NoKeyring(detail) => {
            let remedy = "Start your desktop’s keyring (on Linux a Secret Service such as gnome-keyring or KWallet) and start \
                          Malote again; or enter the password for this session; or let a command print it.";
            with(
                problem(
                    task,
                    account,
                    format!("there is no keyring that could hold the password ({})", said(detail)),
                    remedy,
                ),
                "",
                ask(),
            )
        }
        Error::Missing => {
            let why = "the keyring holds no password for this account, or it is locked";
            problem_with_offer(problem(task, account, why, "Unlock the keyring, or enter the password."), ask())
        }
        Error::Locked(detail) => {
            let remedy = "Unlock the keyring, or enter the password for this session.";
            with(problem(task, account, format!("the keyring is locked ({})", said(detail)), remedy), "", ask())
        }
        Error::Refused(detail) => {
            let remedy = "Enter the password for this session, or let a command print it.";
            with(problem(task, account, format!("the keyring refused ({})", said(detail)), remedy), "", ask())
        }
        Error::Command(detail) => {
            let offer = Some(Offer::EditAccount(account.id));
            with(
                problem(
                    task,
                    account,
                    format!("the password command failed ({})", said(detail)),
                    "Try the command in a terminal.",
                ),
                "",
                offer,
            )
        }
    }
}

fn problem_with_offer(mut problem: Box<Problem>, offer: Option<Offer>) -> Box<Problem> {
    problem.offer = offer;
    problem
}

pub(super) fn store(task: Task, account: &Account, error: &store::Error) -> Problem {
    let (why, remedy) = store_words(error);
    Problem { what: task.words(account), why, remedy, ..Problem::default() }
}

/// There is more than the person wants to pay for unasked. `account`: as its line makes it.
pub(super) fn asks_first(account: &Account, messages: usize, bytes: u64, limit: u64) -> Problem {
    let size = |bytes: u64| match bytes {
        0..100_000 => format!("{} KB", bytes.div_ceil(1000)),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    };
    let metered = account.policy.line == Line::Metered && account.policy.metered_limit_bytes() == Some(limit);
    let line = if metered { "the line is metered, where " } else { "" };
    Problem {
        what: format!("Asks before getting the mail for {}", account.name),
        why: format!(
            "{messages} new messages have {}, and {line}you want to be asked above {}",
            size(bytes),
            size(limit)
        ),
        remedy: "Get them all, or look at what lies on the server and choose.".into(),
        offer: Some(Offer::FetchAll(account.id)),
        // The next visit may have another line, and the answer.
        again: if metered { Again::Anytime } else { Again::Never },
        ..Problem::default()
    }
}

/// The person asks for a visit over a line that the account is to keep off.
pub(super) fn line_is_metered(account: &Account) -> Problem {
    Problem {
        what: format!("Asks before getting the mail for {}", account.name),
        why: "the line is metered, and you want this account to wait for one that is not".into(),
        remedy: "Nothing was dialled. Get the mail all the same, or wait for another line.".into(),
        offer: Some(Offer::VisitAnyway(account.id)),
        // The next visit may have another line.
        again: Again::Anytime,
        ..Problem::default()
    }
}

/// The person said *Stop*.
pub(super) fn stopped(task: Task, account: &Account) -> Box<Problem> {
    problem(task, account, "it was stopped", "Nothing was changed, here or there.")
}

/// One visit at a time: most servers let nobody else in meanwhile.
pub(super) fn under_way(task: Task, account: &Account) -> Box<Problem> {
    problem(task, account, "a visit to it is under way", "Wait until it has ended.")
}

/// The same for something that was not done for an account.
pub(super) fn store_plain(what: &str, error: &store::Error) -> Box<Problem> {
    let (why, remedy) = store_words(error);
    Box::new(Problem { what: what.to_owned(), why, remedy, ..Problem::default() })
}

/// The words for opening a profile's database.
pub fn opening_store(error: &store::Error, folder: &Path) -> Problem {
    *store_plain(&format!("Could not open the mail store {}", folder.join("malote.db").display()), error)
}

fn store_words(error: &store::Error) -> (String, String) {
    use store::Error;
    let remedy = match error {
        Error::DiskFull => {
            "Nothing more was fetched, and nothing was deleted on the server that is not stored here. Make room, then get mail again."
        }
        Error::NewerVersion { .. } => "It was left untouched. Start the newer Malote that wrote it.",
        Error::Damaged(_) => {
            "It was left as it is. “malote salvage” saves everything that can be read into a new store, “malote restore” brings a \
             backup back; mail that is still on the server can be fetched again."
        }
        Error::ReadOnly(_) => "Give yourself the right to write there, or name another folder with --profile.",
        Error::Busy => "Another program holds it. Close that program, then try again.",
        Error::NotFound => "It may have been moved or removed meanwhile.",
        Error::Name(_) => "Give it another name.",
        _ => "Check the disk. Nothing was deleted on the server that is not stored here.",
    };
    (error.to_string(), remedy.to_owned())
}

fn about_message(what: String, why: &str, remedy: &str, words: &str) -> Problem {
    Problem {
        what,
        why: why.to_owned(),
        remedy: remedy.to_owned(),
        detail: said(words),
        offer: None,
        again: Again::Anytime,
    }
}

pub(super) fn message_refused(account: &Account, number: MessageNumber, reply: &Reply) -> Problem {
    let what = format!("Could not fetch message {} of {}", number.0, account.name);
    // RFC 6856 §2.1. UTF-8 mode was asked for if it was announced.
    if reply.code == Some(ResponseCode::Utf8) {
        let why = "it has letters beyond ASCII in its header, which the server hands out in UTF-8 mode alone, and it did \
                   not enter that mode";
        return about_message(what, why, UTF8_REMEDY, &reply.text);
    }
    about_message(
        what,
        "the server refused to hand it out",
        "The others were fetched. It is tried again next time.",
        &reply.text,
    )
}

pub(super) fn delete_refused(account: &Account, number: MessageNumber, reply: &Reply) -> Problem {
    let what = format!("Could not delete message {} of {} on the server", number.0, account.name);
    about_message(what, "the server refused", "It is stored here. Deleting it is tried again next time.", &reply.text)
}

pub(super) fn quit_unconfirmed(account: &Account, count: usize) -> Problem {
    let what = format!("Could not confirm {count} deletions on the server of {}", account.name);
    about_message(
        what,
        "the server did not answer the farewell",
        "Nothing to do: the next visit shows whether they count.",
        "",
    )
}

/// The same for the outgoing server.
pub(super) fn submission(task: Task, account: &Account, server: &Server, error: &smtp::Error) -> Box<Problem> {
    use smtp::Error;
    let edit = || Some(Offer::EditAccount(account.id));
    let host = &server.host;
    let stays = "The message stays in the Outbox.";
    match error {
        Error::NotSmtp(words) => {
            let why = format!("what answers at {host}, port {}, is not a mail submission server", server.port);
            with(
                problem(task, account, why, "Check server, port and security in the account’s settings."),
                words,
                edit(),
            )
        }
        Error::TurnedAway(reply) => {
            with(problem(task, account, format!("{host} turned the connection away"), stays), &reply.text, None)
        }
        Error::NoStartTls | Error::StartTlsRefused(_) => {
            let why = format!("{host} does not give a protected connection (STARTTLS) on this port");
            let remedy = "No password was sent. Choose TLS (port 465) in the account’s settings, or ask your provider.";
            with(problem(task, account, why, remedy), "", edit())
        }
        Error::Injection => {
            let why = "something on the way tried to smuggle words into the protected connection";
            problem(task, account, why, "No password was sent. Do not use this network for mail; tell your provider.")
        }
        Error::Unspeakable => {
            let why = "user name or password holds a line break, which cannot be sent";
            with(problem(task, account, why, "Enter them again in the account’s settings."), "", edit())
        }
        Error::NoMechanism(offered) => {
            let why = format!("{host} offers no way to sign in with a password that Malote knows");
            with(problem(task, account, why, "Ask your provider for an “app password”."), offered, edit())
        }
        Error::SignInRefused(reply) => {
            let why = format!("{host} refused user name and password");
            with(problem(task, account, why, PASSWORD_REMEDY), &reply.text, enter_password(account))
        }
        Error::HungUp => problem(task, account, format!("{host} hung up in the middle"), stays),
        Error::Garbage(words) => with(
            problem(task, account, format!("{host} answered something that makes no sense here"), stays),
            words,
            None,
        ),
        Error::AnswerTooLong => problem(task, account, format!("{host} sent an answer without end"), stays),
    }
}

pub(super) fn no_outgoing(account: &Account) -> Box<Problem> {
    let remedy = "Enter the outgoing server (SMTP) in the account’s settings. The message stays in the Outbox.";
    with(
        problem(Task::SendMail, account, "the account has no outgoing server", remedy),
        "",
        Some(Offer::EditAccount(account.id)),
    )
}

pub(super) fn mail_refused(account: &Account, recipient: Option<&str>, permanent: bool, words: &str) -> Problem {
    let whom = recipient.map(|recipient| format!(" to {}", said(recipient))).unwrap_or_default();
    let what = format!("Could not send a message of {}{whom}", account.name);
    if permanent {
        about_message(
            what,
            "the server refused it",
            "It stays in the Outbox: open it there, mend it, and send it again.",
            words,
        )
    } else {
        about_message(
            what,
            "the server does not take it just now",
            "It stays in the Outbox and is tried again next time.",
            words,
        )
    }
}

pub(super) fn fate_unknown(account: &Account) -> Problem {
    let what = format!("Could not learn whether a message of {} was sent", account.name);
    let remedy =
        "It stays in the Outbox and is not sent again by itself: ask the recipient, or send it again from there.";
    about_message(what, "the connection was lost while the server was taking it", remedy, "")
}

pub(super) fn no_such_account(id: AccountId) -> Box<Problem> {
    Box::new(Problem {
        what: "Could not do that".into(),
        why: format!("there is no account number {}", id.0),
        remedy: "It may have been removed meanwhile.".into(),
        ..Problem::default()
    })
}

pub(super) fn password_not_kept(account: AccountId, error: &secret::Error) -> Box<Problem> {
    Box::new(Problem {
        what: "Could not keep the password".into(),
        why: error.to_string(),
        remedy:
            "It works until Malote is closed. To keep it, start or unlock your desktop’s keyring (on Linux a Secret \
                 Service such as gnome-keyring or KWallet), or let a command print the password."
                .into(),
        detail: String::new(),
        offer: Some(Offer::EditAccount(account)),
        again: Again::Anytime,
    })
}

pub(super) fn password_not_removed(error: &secret::Error) -> Box<Problem> {
    Box::new(Problem {
        what: "Could not remove the account’s password from the keyring".into(),
        why: error.to_string(),
        remedy: "Remove it there by hand: it is filed under “Malote”.".into(),
        ..Problem::default()
    })
}

pub(super) fn unfinished(why: &str) -> Box<Problem> {
    Box::new(Problem {
        what: "Could not put the message into the Outbox".into(),
        why: why.to_owned(),
        remedy: "Correct it and send again; the draft is kept.".into(),
        ..Problem::default()
    })
}

pub(super) fn not_saved(error: &std::io::Error) -> Box<Problem> {
    Box::new(Problem {
        what: "Could not write the file".into(),
        why: error.to_string(),
        remedy: "Choose another folder, or make room.".into(),
        ..Problem::default()
    })
}
