//! Is this a usable account? Answers beside the field, in plain words.

use super::{Account, PasswordSource, Retention, Security, SignIn};

/// A field of the account form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    Name,
    Address,
    IncomingHost,
    IncomingPort,
    User,
    Password,
    PasswordCommand,
    RetentionDays,
    OutgoingHost,
    OutgoingPort,
    CaFile,
    SignIn,
    ClientCertificate,
    Proxy,
    TimeoutSecs,
    ExcerptAbove,
    SkipAbove,
    VisitLimit,
    AskAbove,
    Every,
    MeteredAskAbove,
    Quota,
}

/// Why a field cannot stay as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormError {
    pub field: Field,
    /// A sentence: what is wrong and what would be right.
    pub message: String,
}

/// Everything that is wrong with the account, in the form's order; empty: it can be saved.
///
/// `other_names` are the names of the profile's other accounts.
pub fn check(account: &Account, other_names: &[&str]) -> Vec<FormError> {
    let mut errors = Vec::new();
    let mut wrong = |field, message: &str| errors.push(FormError { field, message: message.to_owned() });

    let name = account.name.trim();
    if name.is_empty() {
        wrong(Field::Name, "Give the account a name, for example “Work”.");
    } else if has_control(name) {
        wrong(Field::Name, "A name is one line without control characters.");
    } else if other_names.iter().any(|other| other.trim().eq_ignore_ascii_case(name)) {
        wrong(Field::Name, "Another account has this name already.");
    }
    if let Some(message) = address_error(&account.identity.address) {
        wrong(Field::Address, message);
    }
    if let Some(message) = host_error(&account.incoming.host) {
        wrong(Field::IncomingHost, message);
    }
    if account.incoming.port == 0 {
        wrong(Field::IncomingPort, "A port is a number from 1 to 65535; POP3 over TLS uses 995.");
    }
    if account.user.is_empty() {
        wrong(Field::User, "Enter the user name for the server; often it is the whole address.");
    } else if has_control(&account.user) {
        wrong(Field::User, "A user name cannot hold line breaks or control characters.");
    }
    if let PasswordSource::Command(command) = &account.password_source
        && command.trim().is_empty()
    {
        wrong(Field::PasswordCommand, "Enter the command that prints the password, for example “pass show mail/work”.");
    }
    if account.sign_in == SignIn::External && account.client_certificate.is_none() {
        wrong(Field::ClientCertificate, "To sign in with a certificate, name its file (PEM with its key, or PKCS#12).");
    }
    if matches!(account.sign_in, SignIn::External | SignIn::ScramSha256Plus)
        && account.incoming.security == Security::None
    {
        wrong(Field::SignIn, "This way to sign in needs a protected connection (TLS or STLS).");
    }
    match account.retention {
        Retention::DeleteAfterDays(0) => {
            wrong(Field::RetentionDays, "Enter at least 1 day, or choose “Delete once stored”.");
        }
        Retention::KeepNewest(0) => {
            wrong(Field::RetentionDays, "Enter at least 1 message, or choose “Delete once stored”.");
        }
        Retention::KeepNewestMegabytes(0) => {
            wrong(Field::RetentionDays, "Enter at least 1 megabyte, or choose “Delete once stored”.");
        }
        _ => {}
    }
    if let Some(outgoing) = &account.outgoing {
        if let Some(message) = host_error(&outgoing.host) {
            wrong(Field::OutgoingHost, message);
        }
        if outgoing.port == 0 {
            wrong(Field::OutgoingPort, "A port is a number from 1 to 65535; submission uses 465 or 587.");
        }
    }
    if account.timeout_secs == 0 {
        wrong(Field::TimeoutSecs, "Wait at least 1 second.");
    }
    errors
}

fn has_control(text: &str) -> bool {
    text.chars().any(char::is_control)
}

fn address_error(address: &str) -> Option<&'static str> {
    let address = address.trim();
    if address.is_empty() {
        return Some("Enter your mail address, for example “ana@example.org”.");
    }
    if address.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Some("A mail address has no blanks.");
    }
    match address.rsplit_once('@') {
        Some((local, domain)) if !local.is_empty() && !domain.is_empty() => {
            host_error(domain).map(|_| "What follows the @ is not a host name.")
        }
        Some(_) => Some("Something is missing before or after the @."),
        None => Some("A mail address has an @ in it, as in “ana@example.org”."),
    }
}

fn host_error(host: &str) -> Option<&'static str> {
    let host = host.trim();
    if host.is_empty() {
        return Some("Enter the server’s name, for example “pop.example.org”.");
    }
    if host.contains("://") {
        return Some("Only the name, without “pop3://” or the like.");
    }
    if host.parse::<std::net::IpAddr>().is_ok() {
        return None;
    }
    if host.contains(':') {
        return Some("Only the name; the port has a field of its own.");
    }
    let label_ok = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
    };
    let trimmed = host.strip_suffix('.').unwrap_or(host);
    (trimmed.len() > 253 || !trimmed.split('.').all(label_ok))
        .then_some("This is not a host name: only letters, digits, hyphens and dots.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Server;

    fn good() -> Account {
        let mut account = Account::blank();
        account.name = "Work".into();
        account.identity.address = "ana@example.org".into();
        account.incoming.host = "pop.example.org".into();
        account.user = "ana".into();
        account
    }

    fn fields(account: &Account) -> Vec<Field> {
        check(account, &["Home"]).into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn a_complete_account_has_no_errors() {
        assert_eq!(fields(&good()), []);
    }

    #[test]
    fn a_blank_form_names_every_field_that_must_be_filled_in() {
        assert_eq!(fields(&Account::blank()), [Field::Name, Field::Address, Field::IncomingHost, Field::User]);
    }

    #[test]
    fn each_bad_input_is_refused_at_its_own_field() {
        type Edit = fn(&mut Account);
        let cases: [(Field, Edit); 14] = [
            (Field::Name, |a| a.name = "home".into()),
            (Field::Name, |a| a.name = "a\nb".into()),
            (Field::Address, |a| a.identity.address = "ana".into()),
            (Field::Address, |a| a.identity.address = "ana@".into()),
            (Field::Address, |a| a.identity.address = "a na@example.org".into()),
            (Field::Address, |a| a.identity.address = "ana@exa mple".into()),
            (Field::IncomingHost, |a| a.incoming.host = "pop3://pop.example.org".into()),
            (Field::IncomingHost, |a| a.incoming.host = "pop.example.org:995".into()),
            (Field::IncomingHost, |a| a.incoming.host = "pop..example".into()),
            (Field::IncomingPort, |a| a.incoming.port = 0),
            (Field::User, |a| a.user = "ana\r\nDELE 1".into()),
            (Field::PasswordCommand, |a| a.password_source = PasswordSource::Command(" ".into())),
            (Field::RetentionDays, |a| a.retention = Retention::DeleteAfterDays(0)),
            (Field::OutgoingHost, |a| {
                a.outgoing = Some(Server { host: String::new(), port: 465, security: Default::default() })
            }),
        ];
        for (field, edit) in cases {
            let mut account = good();
            edit(&mut account);
            assert_eq!(fields(&account), [field], "{account:?}");
        }
    }

    #[test]
    fn addresses_of_machines_are_hosts_too() {
        for host in ["127.0.0.1", "::1", "localhost", "bücher.example", "pop.example.org."] {
            assert_eq!(host_error(host), None, "{host}");
        }
    }
}
