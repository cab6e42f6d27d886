//! What is asked before it is done: what a notice offers (a password, a certificate), and emptying Trash.

use super::{Model, Pending};
use crate::account::AccountId;
use crate::engine::{CertificateFacts, Command, Offer};
use crate::secret::Password;
use crate::store::types::{MailboxView, Role};

/// A question in the middle of the window.
pub enum Dialog {
    Password(PasswordDialog),
    Certificate(CertificateDialog),
    EmptyTrash(EmptyTrashDialog),
}

/// What lies in Trash is to be removed for good.
pub struct EmptyTrashDialog {
    /// None: that of all accounts.
    pub account: Option<AccountId>,
    pub messages: u64,
}

pub struct PasswordDialog {
    pub account: AccountId,
    pub account_name: String,
    pub typed: zeroize::Zeroizing<String>,
    /// Keep it in the keyring.
    pub remember: bool,
}

pub struct CertificateDialog {
    pub account: AccountId,
    pub account_name: String,
    pub outgoing: bool,
    pub facts: CertificateFacts,
}

impl Model {
    pub(super) fn take_offer(&mut self, notice: u64, offer: Offer) {
        let name = |account| self.account(account).map(|account| account.name.clone()).unwrap_or_default();
        match offer {
            Offer::EnterPassword(account) => {
                let account_name = name(account);
                let typed = zeroize::Zeroizing::default();
                self.dialog = Some(Dialog::Password(PasswordDialog { account, account_name, typed, remember: true }));
            }
            Offer::TrustCertificate { account, outgoing, certificate } => {
                let account_name = name(account);
                let facts = *certificate;
                self.dialog = Some(Dialog::Certificate(CertificateDialog { account, account_name, outgoing, facts }));
            }
            Offer::EditAccount(account) => {
                self.open_settings();
                self.edit_account(Some(account));
            }
        }
        self.notices.retain(|shown| shown.id != notice);
    }

    /// The password is taken, and what it was needed for goes on.
    pub(super) fn give_password(&mut self) {
        let Some(Dialog::Password(dialog)) = &self.dialog else { return };
        if dialog.typed.is_empty() {
            return;
        }
        let (account, remember) = (dialog.account, dialog.remember);
        let password = Password::new(dialog.typed.to_string());
        self.dialog = None;
        self.ask(Command::ProvidePassword { account, password, remember }, Pending::BeforeGetMail(account));
    }

    pub(super) fn ask_to_empty_trash(&mut self) {
        let account = self.messages.view.account;
        let (messages, _) = self.count(MailboxView { role: Role::Trash, account });
        self.dialog = Some(Dialog::EmptyTrash(EmptyTrashDialog { account, messages }));
    }

    pub(super) fn empty_trash(&mut self) {
        if let Some(Dialog::EmptyTrash(EmptyTrashDialog { account, .. })) = self.dialog {
            self.dialog = None;
            self.ask(Command::EmptyTrash { account }, Pending::Other);
        }
    }

    pub(super) fn trust_certificate(&mut self) {
        let Some(Dialog::Certificate(dialog)) = &self.dialog else { return };
        let (account, outgoing, fingerprint) = (dialog.account, dialog.outgoing, dialog.facts.fingerprint);
        self.dialog = None;
        self.ask(Command::PinCertificate { account, outgoing, fingerprint }, Pending::BeforeGetMail(account));
    }
}
