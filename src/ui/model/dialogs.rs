//! What a notice offers, entering a password or looking at a certificate, and the question before Trash is emptied.

use super::{Model, OpenDialog, Pending, SearchDialog};
use crate::account::AccountId;
use crate::engine::{CertificateFacts, Command, Offer};
use crate::secret::Password;
use crate::store::types::{MailboxView, OwnMailboxId, Role, Tag};

/// A question in the middle of the window.
pub enum Dialog {
    Password(PasswordDialog),
    Certificate(CertificateDialog),
    EmptyTrash(TrashDialog),
    Name(NameDialog),
    Open(OpenDialog),
    Search(SearchDialog),
    Link(LinkDialog),
}

impl Dialog {
    /// What is typed in it is a name that can be given.
    pub fn is_named(&self) -> bool {
        matches!(self, Self::Name(dialog) if !dialog.typed.trim().trim_end_matches('/').is_empty())
    }
}

/// A name for a mailbox or a tag.
pub struct NameDialog {
    pub named: Named,
    pub typed: String,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Named {
    NewMailbox,
    Mailbox(OwnMailboxId),
    Tag(Tag),
}

pub struct PasswordDialog {
    /// What offered it; done with once the password is given, not before.
    notice: u64,
    pub account: AccountId,
    pub account_name: String,
    pub typed: zeroize::Zeroizing<String>,
    /// Keep it in the keyring.
    pub remember: bool,
}

pub struct CertificateDialog {
    notice: u64,
    pub account: AccountId,
    pub account_name: String,
    pub outgoing: bool,
    pub facts: CertificateFacts,
}

/// Removing for good is the one thing that cannot be undone.
pub struct TrashDialog {
    account: Option<AccountId>,
    /// Whose mail, where it is not everybody's.
    pub account_name: Option<String>,
    pub messages: u64,
}

/// A link that is not what it seems.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkDialog {
    /// Why, as sentences.
    pub warnings: Vec<String>,
    /// Where it leads.
    pub target: String,
}

impl Model {
    pub(super) fn take_offer(&mut self, notice: u64, offer: Offer) {
        let name = |account| self.account(account).map(|account| account.name.clone()).unwrap_or_default();
        match offer {
            Offer::EnterPassword(account) => {
                let account_name = name(account);
                let typed = zeroize::Zeroizing::default();
                self.dialog =
                    Some(Dialog::Password(PasswordDialog { notice, account, account_name, typed, remember: true }));
            }
            Offer::TrustCertificate { account, outgoing, certificate } => {
                let account_name = name(account);
                let facts = *certificate;
                self.dialog =
                    Some(Dialog::Certificate(CertificateDialog { notice, account, account_name, outgoing, facts }));
            }
            Offer::FetchAll(account) | Offer::VisitAnyway(account) => {
                self.notices.retain(|shown| shown.id != notice);
                self.ask(Command::ConfirmLarge(account), Pending::BeforeGetMail(account));
            }
            Offer::EditAccount(account) => {
                self.open_settings();
                self.edit_account(Some(account));
            }
        }
    }

    fn close_dialog_of(&mut self, notice: u64) {
        self.dialog = None;
        self.notices.retain(|shown| shown.id != notice);
    }

    /// The password is taken, and what it was needed for goes on.
    pub(super) fn give_password(&mut self) {
        let Some(Dialog::Password(dialog)) = &self.dialog else { return };
        if dialog.typed.is_empty() {
            return;
        }
        let (notice, account, remember) = (dialog.notice, dialog.account, dialog.remember);
        let password = Password::new(dialog.typed.to_string());
        self.close_dialog_of(notice);
        self.ask(Command::ProvidePassword { account, password, remember }, Pending::BeforeGetMail(account));
    }

    pub(super) fn trust_certificate(&mut self) {
        let Some(Dialog::Certificate(dialog)) = &self.dialog else { return };
        let (notice, account, outgoing) = (dialog.notice, dialog.account, dialog.outgoing);
        let fingerprint = dialog.facts.fingerprint;
        self.close_dialog_of(notice);
        self.ask(Command::PinCertificate { account, outgoing, fingerprint }, Pending::BeforeGetMail(account));
    }

    pub(super) fn ask_to_empty_trash(&mut self) {
        let account = self.messages.view.account;
        let messages = self.count(MailboxView { role: Role::Trash, account }).0;
        if messages > 0 {
            let account_name = account.and_then(|id| self.account(id)).map(|account| account.name.clone());
            self.dialog = Some(Dialog::EmptyTrash(TrashDialog { account, account_name, messages }));
        }
    }

    pub(super) fn empty_trash(&mut self) {
        let Some(Dialog::EmptyTrash(TrashDialog { account, .. })) = &self.dialog else { return };
        let account = *account;
        self.dialog = None;
        self.ask(Command::EmptyTrash { account }, Pending::Other);
    }
}
