//! The settings: the accounts, and the form of one.

use std::path::PathBuf;

use super::{Model, Pending};
use crate::account::policy::{Fetch, Line, Metered, Mirror, Order, Size};
use crate::account::{
    Account, AccountId, Field, FormError, PasswordSource, Policy, Proxy, Retention, Security, Server, SignIn, check,
};
use crate::engine::{AccountTest, Command, PasswordChange, Problem};
use crate::secret::Password;

/// The settings dialog.
#[derive(Default)]
pub struct Settings {
    /// The form that is open.
    pub form: Option<Form>,
    /// The account that is to be removed, if the person says so again.
    pub removing: Option<AccountId>,
}

/// An account as the person types it: every field is text, finished or not.
#[derive(Default)]
pub struct Form {
    pub id: AccountId,
    pub name: String,
    pub display_name: String,
    pub address: String,
    pub signature: String,
    pub host: String,
    pub port: String,
    pub security: Security,
    pub user: String,
    pub password: zeroize::Zeroizing<String>,
    pub password_by_command: bool,
    pub password_command: String,
    pub retention: RetentionChoice,
    pub retention_days: String,
    pub retention_count: String,
    pub retention_megabytes: String,
    pub smtp: bool,
    pub smtp_host: String,
    pub smtp_port: String,
    pub smtp_security: Security,
    pub smtp_user: String,
    pub sign_in: SignIn,
    pub client_certificate: String,
    /// As a URL.
    pub proxy: String,
    pub ca_file: String,
    pub timeout_secs: String,
    pub more_shown: bool,
    pub fetch: Fetch,
    pub order: Order,
    pub mirror: Mirror,
    pub never_delete: bool,
    /// Sizes as people write them; empty: no limit.
    pub excerpt_above: String,
    pub skip_above: String,
    pub visit_limit: String,
    pub ask_above: String,
    pub metered: Metered,
    /// A size; empty: the usual one.
    pub metered_ask_above: String,
    pub line: Line,
    /// A size; empty: unknown.
    pub quota: String,
    /// Minutes; empty: never by itself.
    pub every: String,
    /// The person has read what *none* means.
    pub unprotected_accepted: bool,
    /// Shown beside their fields once saving or testing was tried.
    pub errors: Vec<FormError>,
    pub tried: bool,
    /// What is to be typed into next is brought to view: the first field of all, or the first with an error.
    pub leads_on: bool,
    pub problem: Option<Problem>,
    pub testing: bool,
    pub saving: bool,
    pub test: Option<AccountTest>,
    /// What was filled in as a guess, and is replaced as long as nobody has touched it.
    guess: Guess,
    /// The account as it was, for what the form does not show.
    original: Option<Box<Account>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RetentionChoice {
    #[default]
    Keep,
    DeleteOnceStored,
    DeleteAfterDays,
    KeepNewest,
    KeepNewestMegabytes,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Guess {
    name: String,
    host: String,
    user: String,
    smtp_host: String,
    port: String,
    smtp_port: String,
}

impl Form {
    fn blank() -> Self {
        let blank = Account::blank();
        let mut form = Self { smtp: true, smtp_port: "465".into(), leads_on: true, ..Self::of(&blank) };
        form.guess = Guess { port: form.port.clone(), smtp_port: form.smtp_port.clone(), ..Guess::default() };
        form.original = None;
        form
    }

    fn of(account: &Account) -> Self {
        let outgoing = account.outgoing.as_ref();
        let (mut days, mut count, mut megabytes) = (30, 1000, 500);
        let retention = match account.retention {
            Retention::KeepForever => RetentionChoice::Keep,
            Retention::DeleteOnceStored => RetentionChoice::DeleteOnceStored,
            Retention::DeleteAfterDays(number) => {
                days = number;
                RetentionChoice::DeleteAfterDays
            }
            Retention::KeepNewest(number) => {
                count = number;
                RetentionChoice::KeepNewest
            }
            Retention::KeepNewestMegabytes(number) => {
                megabytes = number;
                RetentionChoice::KeepNewestMegabytes
            }
        };
        let command = match &account.password_source {
            PasswordSource::Keyring => None,
            PasswordSource::Command(command) => Some(command.clone()),
        };
        Self {
            id: account.id,
            name: account.name.clone(),
            display_name: account.identity.display_name.clone(),
            address: account.identity.address.clone(),
            signature: account.identity.signature.clone(),
            host: account.incoming.host.clone(),
            port: account.incoming.port.to_string(),
            security: account.incoming.security,
            user: account.user.clone(),
            password_by_command: command.is_some(),
            password_command: command.unwrap_or_default(),
            retention,
            retention_days: days.to_string(),
            retention_count: count.to_string(),
            retention_megabytes: megabytes.to_string(),
            smtp: outgoing.is_some(),
            smtp_host: outgoing.map(|server| server.host.clone()).unwrap_or_default(),
            smtp_port: outgoing.map_or("465".into(), |server| server.port.to_string()),
            smtp_security: outgoing.map(|server| server.security).unwrap_or_default(),
            smtp_user: account.outgoing_user.clone().unwrap_or_default(),
            sign_in: account.sign_in,
            client_certificate: shown(account.client_certificate.as_ref()),
            proxy: account.proxy.as_ref().map(Proxy::to_string).unwrap_or_default(),
            ca_file: shown(account.ca_file.as_ref()),
            timeout_secs: account.timeout_secs.to_string(),
            fetch: account.policy.fetch,
            order: account.policy.order,
            mirror: account.policy.mirror,
            never_delete: account.policy.never_delete,
            excerpt_above: size_text(account.policy.excerpt_above_bytes),
            skip_above: size_text(account.policy.skip_above_bytes),
            visit_limit: size_text(account.policy.visit_bytes),
            ask_above: size_text(account.policy.ask_above_bytes),
            metered: account.policy.metered,
            metered_ask_above: size_text(account.policy.metered_ask_above_bytes),
            line: account.policy.line,
            quota: size_text(account.policy.quota_bytes),
            every: account.policy.every_mins.map(|mins| mins.to_string()).unwrap_or_default(),
            unprotected_accepted: account.incoming.security == Security::None,
            original: Some(Box::new(account.clone())),
            ..Self::default()
        }
    }

    pub fn is_new(&self) -> bool {
        self.original.is_none()
    }

    /// Whether either line would be open to everyone on the way.
    pub fn is_unprotected(&self) -> bool {
        self.security == Security::None || (self.smtp && self.smtp_security == Security::None)
    }

    pub fn error(&self, field: Field) -> Option<&str> {
        self.errors.iter().find(|error| error.field == field).map(|error| error.message.as_str())
    }

    /// Fills in what can be guessed from the address and the chosen security, where nobody has typed anything else.
    fn guess(&mut self) {
        if self.is_new() {
            let domain =
                self.address.rsplit_once('@').map(|(_, domain)| domain.trim()).filter(|domain| !domain.is_empty());
            let of_domain = |prefix: &str| domain.map(|domain| format!("{prefix}.{domain}")).unwrap_or_default();
            let address = self.address.trim().to_owned();
            follow(&mut self.name, &mut self.guess.name, domain.unwrap_or_default().to_owned());
            follow(&mut self.host, &mut self.guess.host, of_domain("pop"));
            follow(&mut self.user, &mut self.guess.user, address);
            follow(&mut self.smtp_host, &mut self.guess.smtp_host, of_domain("smtp"));
        }
        follow_port(&mut self.port, &mut self.guess.port, self.security.pop3_port(), Security::pop3_port);
        follow_port(
            &mut self.smtp_port,
            &mut self.guess.smtp_port,
            self.smtp_security.submission_port(),
            Security::submission_port,
        );
    }

    /// The account that the form describes, and what is wrong with it.
    fn account(&self, other_names: &[&str]) -> (Account, Vec<FormError>) {
        let mut account = self.original.as_deref().cloned().unwrap_or_else(Account::blank);
        let trimmed = |text: &str| text.trim().to_owned();
        account.name = trimmed(&self.name);
        account.identity.display_name = trimmed(&self.display_name);
        account.identity.address = trimmed(&self.address);
        account.identity.signature = self.signature.trim_end().to_owned();
        account.user = trimmed(&self.user);
        let incoming = Server { host: trimmed(&self.host), port: number(&self.port), security: self.security };
        if incoming != account.incoming {
            // A trusted certificate belongs to the server that it was seen on.
            account.incoming_pin = None;
            account.incoming = incoming;
        }
        let smtp =
            Server { host: trimmed(&self.smtp_host), port: number(&self.smtp_port), security: self.smtp_security };
        let outgoing = self.smtp.then_some(smtp);
        if outgoing != account.outgoing {
            account.outgoing_pin = None;
            account.outgoing = outgoing;
        }
        account.outgoing_user = Some(trimmed(&self.smtp_user)).filter(|user| !user.is_empty());
        account.password_source = if self.password_by_command {
            PasswordSource::Command(trimmed(&self.password_command))
        } else {
            PasswordSource::Keyring
        };
        account.retention = match self.retention {
            RetentionChoice::Keep => Retention::KeepForever,
            RetentionChoice::DeleteOnceStored => Retention::DeleteOnceStored,
            RetentionChoice::DeleteAfterDays => Retention::DeleteAfterDays(number(&self.retention_days)),
            RetentionChoice::KeepNewest => Retention::KeepNewest(number(&self.retention_count)),
            RetentionChoice::KeepNewestMegabytes => Retention::KeepNewestMegabytes(number(&self.retention_megabytes)),
        };
        account.sign_in = self.sign_in;
        account.client_certificate =
            Some(trimmed(&self.client_certificate)).filter(|path| !path.is_empty()).map(PathBuf::from);
        let proxy = Some(trimmed(&self.proxy)).filter(|text| !text.is_empty()).map(|text| text.parse::<Proxy>());
        account.proxy = proxy.as_ref().and_then(|proxy| proxy.as_ref().ok().cloned());
        account.ca_file = Some(trimmed(&self.ca_file)).filter(|path| !path.is_empty()).map(PathBuf::from);
        account.timeout_secs = number(&self.timeout_secs);
        let mut wrong = Vec::new();
        self.put_policy(&mut account.policy, &mut wrong);
        let mut errors = check(&account, other_names);
        if let Some(Err(message)) = proxy {
            errors.push(FormError { field: Field::Proxy, message: format!("{}.", capitalized(&message)) });
        }
        errors.extend(wrong);
        let needs_password = self.sign_in.needs_password() || self.smtp;
        if needs_password && self.is_new() && !self.password_by_command && self.password.is_empty() {
            errors.push(FormError {
                field: Field::Password,
                message: "Enter the password; it is kept in the system’s keyring.".into(),
            });
        }
        (account, errors)
    }

    /// The finer rules; what cannot be read is said, and changes nothing.
    fn put_policy(&self, policy: &mut Policy, errors: &mut Vec<FormError>) {
        (policy.fetch, policy.order, policy.mirror) = (self.fetch, self.order, self.mirror);
        policy.never_delete = self.never_delete;
        (policy.metered, policy.line) = (self.metered, self.line);
        for (text, bytes, field) in [
            (&self.excerpt_above, &mut policy.excerpt_above_bytes, Field::ExcerptAbove),
            (&self.skip_above, &mut policy.skip_above_bytes, Field::SkipAbove),
            (&self.ask_above, &mut policy.ask_above_bytes, Field::AskAbove),
            (&self.visit_limit, &mut policy.visit_bytes, Field::VisitLimit),
            (&self.metered_ask_above, &mut policy.metered_ask_above_bytes, Field::MeteredAskAbove),
            (&self.quota, &mut policy.quota_bytes, Field::Quota),
        ] {
            match text.trim() {
                "" => *bytes = None,
                text => match text.parse::<Size>() {
                    Ok(size) => *bytes = size.0,
                    Err(_) => errors.push(FormError {
                        field,
                        message: "Enter a size, for example 500K or 2M, or nothing for no limit.".into(),
                    }),
                },
            }
        }
        match self.every.trim() {
            "" => policy.every_mins = None,
            text => match text.parse() {
                Ok(mins) if mins > 0 => policy.every_mins = Some(mins),
                _ => errors.push(FormError {
                    field: Field::Every,
                    message: "Enter minutes, at least 1, or nothing for never.".into(),
                }),
            },
        }
    }

    fn password_change(&self) -> PasswordChange {
        if self.password_by_command || self.password.is_empty() {
            PasswordChange::Keep
        } else {
            PasswordChange::Store(Password::new(self.password.to_string()))
        }
    }
}

/// Replaces a guess by a better one, unless somebody has typed something else.
fn follow(field: &mut String, guess: &mut String, better: String) {
    if *field == *guess {
        field.clone_from(&better);
    }
    *guess = better;
}

/// The port follows the security as long as it is one of the registered ones.
fn follow_port(field: &mut String, guess: &mut String, port: u16, registered: fn(Security) -> u16) {
    let port = port.to_string();
    let known = Security::ALL.iter().any(|&security| registered(security).to_string() == *field);
    if *guess != port && known {
        field.clone_from(&port);
    }
    *guess = port;
}

fn shown(path: Option<&PathBuf>) -> String {
    path.map(|path| path.display().to_string()).unwrap_or_default()
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

fn size_text(bytes: Option<u64>) -> String {
    bytes.map(|bytes| Size(Some(bytes)).to_string()).unwrap_or_default()
}

/// Zero, which no field accepts, stands for what is no number.
fn number<T: std::str::FromStr + Default>(text: &str) -> T {
    text.trim().parse().unwrap_or_default()
}

impl Model {
    pub(super) fn open_settings(&mut self) {
        let form = self.accounts.is_empty().then(Form::blank);
        if form.is_none() {
            self.ask(Command::ListPictureConsents, Pending::Other);
        }
        self.settings = Some(Settings { form, removing: None });
    }

    pub(super) fn edit_account(&mut self, id: Option<AccountId>) {
        let form = match id.and_then(|id| self.account(id)) {
            Some(account) => Form::of(account),
            None => Form::blank(),
        };
        self.settings = Some(Settings { form: Some(form), removing: None });
    }

    pub(super) fn form_edited(&mut self) {
        let Some((form, names)) = self.form_and_names() else { return };
        form.guess();
        form.test = None;
        form.problem = None;
        if form.tried {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            form.errors = form.account(&names).1;
        }
    }

    /// The open form, and the names of the other accounts.
    fn form_and_names(&mut self) -> Option<(&mut Form, Vec<String>)> {
        let form = self.settings.as_mut()?.form.as_mut()?;
        let others = self.accounts.iter().filter(|account| account.id != form.id);
        let names = others.map(|account| account.name.clone()).collect();
        Some((form, names))
    }

    /// The account of the form, if nothing is wrong with it; otherwise the errors stand beside their fields.
    fn checked(&mut self) -> Option<(Box<Account>, PasswordChange)> {
        let (form, names) = self.form_and_names()?;
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (account, errors) = form.account(&names);
        form.errors = errors;
        form.tried = true;
        form.leads_on = !form.errors.is_empty();
        form.problem = None;
        form.test = None;
        // The tick box beside the warning says it.
        if !form.errors.is_empty() || (form.is_unprotected() && !form.unprotected_accepted) {
            return None;
        }
        Some((Box::new(account), form.password_change()))
    }

    pub(super) fn save_account(&mut self) {
        if let Some((account, password)) = self.checked() {
            if let Some((form, _)) = self.form_and_names() {
                form.saving = true;
            }
            self.ask(Command::SaveAccount { account, password }, Pending::SaveAccount);
        }
    }

    pub(super) fn test_account(&mut self) {
        if let Some((account, password)) = self.checked() {
            if let Some((form, _)) = self.form_and_names() {
                form.testing = true;
            }
            self.ask(Command::TestAccount { account, password }, Pending::TestAccount);
        }
    }

    pub(super) fn account_saved(&mut self, id: AccountId, by_form: bool) {
        // A form that was closed meanwhile does not come back.
        let Some(was_new) =
            self.form_and_names().filter(|(form, _)| by_form && form.saving).map(|(form, _)| form.is_new())
        else {
            return;
        };
        let first = was_new && self.accounts.iter().all(|account| account.id == id);
        self.settings = if first { None } else { Some(Settings::default()) };
        if first {
            self.say("The account is set up. Press “Get mail” to collect.".into(), false);
        }
    }

    pub(super) fn save_failed(&mut self, problem: Problem) {
        match self.form_and_names().filter(|(form, _)| form.saving) {
            Some((form, _)) => {
                form.saving = false;
                form.problem = Some(problem);
            }
            None => self.notify(None, problem),
        }
    }

    pub(super) fn account_tested(&mut self, test: AccountTest) {
        if let Some((form, _)) = self.form_and_names().filter(|(form, _)| form.testing) {
            form.testing = false;
            form.test = Some(test);
        }
    }

    pub(super) fn test_failed(&mut self, problem: Problem) {
        if let Some((form, _)) = self.form_and_names().filter(|(form, _)| form.testing) {
            form.testing = false;
            form.problem = Some(problem);
        }
    }

    pub(super) fn confirm_removal(&mut self, id: Option<AccountId>) {
        if let Some(settings) = &mut self.settings {
            settings.removing = id;
        }
    }

    pub(super) fn remove_account(&mut self, id: AccountId) {
        self.settings = Some(Settings::default());
        self.ask(Command::RemoveAccount(id), Pending::Other);
    }
}
