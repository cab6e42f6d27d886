//! The window itself, on a real X server: what a person does on the first day, and what is left of it on the next, offline.

use egui::accesskit::Role;

use crate::support::dovecot::Dovecot;
use crate::support::malote::Malote;
use crate::support::pki;
use crate::support::postfix::Postfix;
use crate::support::samples::{assert_same, header, message, messages};
use crate::support::screen::Screen;
use crate::support::secret_service::SecretService;
use crate::support::window::Window;
use crate::support::{PASSWORD, USER};

#[test]
fn the_main_job_from_the_first_start_to_the_next_one_offline() {
    let mut dovecot = Dovecot::start();
    let mut postfix = Postfix::start(&dovecot);
    let (keyring, screen) = (SecretService::start(), Screen::start());
    dovecot.deliver(&messages(5));
    let mut malote = Malote::new();
    keyring.offer_to(&mut malote);
    malote.set("SSL_CERT_FILE", pki::authority().to_str().unwrap());

    let window = Window::open(&malote, &screen);
    add_account(&window, &screen, &dovecot, &postfix);
    collect_and_read(&window);
    answer(&window, &postfix);
    tidy_up(&window);
    screen.press("alt+F4");
    window.closed().succeeded();

    dovecot.stop();
    postfix.stop();
    start_again_offline(&malote, &screen);
    assert_same(dovecot.maildrop(), messages(5), "kept on the server, as the account says");
}

fn add_account(window: &Window, screen: &Screen, dovecot: &Dovecot, postfix: &Postfix) {
    window.see("Welcome");
    window.picture("01-first-start");
    window.click("Add your account");
    window.picture("02-empty-form");
    // The first two by the keyboard of the screen, to have it said that it works.
    window.fill("Mail address", "");
    screen.type_text("ana@example.org");
    window.fill("Account name", "");
    screen.type_text("Work");
    window.see("ana@example.org");
    let (incoming, outgoing) = (dovecot.tls(), postfix.tls());
    window.fill("POP3 server", &incoming.host);
    window.fill("POP3 port", &incoming.port.to_string());
    window.fill("User name", USER);
    window.fill("Password", PASSWORD);
    window.fill("SMTP server", &outgoing[1]);
    window.fill("SMTP port", &outgoing[3]);
    window.picture("03-filled-form");
    window.click("Save");
    window.picture("04-account-saved");
}

fn collect_and_read(window: &Window) {
    window.click("Get mail");
    window.see("Message number 5");
    window.see("Line closed. 5 new messages");
    window.picture("05-mail-collected");
    window.click_one(Role::ListBoxOption, "Message number 1");
    window.see("The end of number 1.");
    window.picture("06-reading");
}

fn answer(window: &Window, postfix: &Postfix) {
    window.click("Reply");
    window.picture("07-reply-begun");
    window.fill("Text of the message", "Thank you, number one.\nAna");
    window.picture("08-reply-written");
    window.click("Send");
    window.see("In the Outbox");
    window.picture("09-in-the-outbox");
    window.click("Send what waits in the Outbox");
    let delivered = postfix.wait_for_deliveries(1);
    assert_eq!(delivered.len(), 1, "delivered once");
    assert!(header(&delivered[0], "To").unwrap().contains("<sender1@example.net>"));
    assert!(String::from_utf8_lossy(&delivered[0]).contains("Thank you, number one."));
    window.find("the word that it was sent", |widget| widget.role == Role::Label && widget.value == "Sent");
    window.picture("10-sent");
}

fn tidy_up(window: &Window) {
    window.click_one(Role::ListBoxOption, "Message number 2");
    window.see("The end of number 2.");
    window.click("Archive");
    window.see("Archived");
    window.picture("11-archived");
    for number in [3, 4] {
        window.click_one(Role::ListBoxOption, &format!("Message number {number}"));
        window.see(&format!("The end of number {number}."));
        window.click("Delete");
        window.see("Moved to Trash");
    }
    window.picture("12-deleted");
    window.click("Undo");
    window.find("the message that was deleted last", |widget| {
        widget.role == Role::ListBoxOption && widget.label.contains("Message number 4")
    });
    window.picture("13-undone");
}

fn start_again_offline(malote: &Malote, screen: &Screen) {
    let window = Window::open(malote, screen);
    window.see("Message number 5");
    window.click_one(Role::ListBoxOption, "Message number 1");
    window.see("The end of number 1.");
    window.picture("14-offline");
    for (mailbox, subject) in
        [("Archive", "Message number 2"), ("Trash", "Message number 3"), ("Sent", "Re: Message number 1")]
    {
        window.click_one(Role::TreeItem, mailbox);
        window.find(subject, |widget| widget.role == Role::ListBoxOption && widget.label.contains(subject));
        window.picture(&format!("15-offline-{}", mailbox.to_lowercase()));
    }
    window.click("Get mail");
    window.see("does not accept connections");
    window.picture("16-no-server");
    screen.press("alt+F4");
    window.closed().succeeded();
    let raw: Vec<Vec<u8>> = ["inbox", "archive", "trash"]
        .iter()
        .flat_map(|mailbox| malote.keys(mailbox))
        .map(|key| malote.raw(&key))
        .collect();
    assert_same(raw, (1..=5).map(message).collect(), "all of it is still there, as it came");
}
