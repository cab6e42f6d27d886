//! Problems, their offers, and the questions in the middle of the window.

use egui::accesskit::Role as AccessRole;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};

use super::Window;
use crate::engine::{Event, Offer, Stage, Visit};
use crate::store::types::{MailboxCount, Role};
use crate::ui::action::Action;
use crate::ui::testing::{Desk, WORK, certificate, problem, view, visit};

/// The window after a visit to Work that ended with this problem.
fn troubled(offer: Option<Offer>) -> Window {
    let mut window = Window::new(Desk::of(2));
    window.meanwhile(|desk| {
        let problems = vec![problem("Could not get mail for Work", offer)];
        desk.hear(Event::VisitEnded(Visit { problems, ..visit(WORK, Stage::Closed) }));
    });
    window
}

fn trust() -> Offer {
    Offer::TrustCertificate { account: WORK, outgoing: false, certificate: Box::new(certificate()) }
}

#[test]
fn a_notice_says_what_why_and_what_to_do_and_the_servers_words_last() {
    let mut window = troubled(None);
    let words = window.words();
    let place =
        |said: &str| words.iter().position(|words| words == said).unwrap_or_else(|| panic!("{said}: {words:#?}"));
    let order = [
        "Could not get mail for Work",
        "The server said no.",
        "Try again later.",
        "Server said: -ERR [SYS/TEMP] not now",
    ]
    .map(place);
    assert!(order.is_sorted(), "{order:?}");
    window.press_button("Dismiss");
    assert!(!window.shows("Try again later."));
}

#[test]
fn of_several_notices_each_takes_a_line_with_its_offer_and_one_says_more_when_asked() {
    let mut window = Window::new(Desk::of(2));
    window.meanwhile(|desk| {
        for (name, offer) in [("First", Some(Offer::EnterPassword(WORK))), ("Second", None), ("Third", Some(trust()))] {
            desk.hear(Event::Notice(Box::new(problem(name, offer))));
        }
    });
    let top = |window: &Window, name: &str| window.find(AccessRole::Label, name).rect().top();
    for (above, below) in [("First", "Second"), ("Second", "Third")] {
        let between = top(&window, below) - top(&window, above);
        assert!((20.0..=38.0).contains(&between), "{between} points from “{above}” to “{below}”");
    }
    assert!(!window.shows("The server said no."));
    window.0.get_all_by_role_and_label(AccessRole::Button, "Say more").next().unwrap().click();
    window.run();
    window.sees("The server said no.");
    window.press_button("Say less");
    assert!(!window.shows("The server said no."));
    window.press_button("Enter the password…");
    window.sees("Password for Work");
}

#[test]
fn each_offer_leads_to_its_step() {
    for (offer, button, sees) in [
        (Offer::EnterPassword(WORK), "Enter the password…", "Password for Work"),
        (trust(), "Look at the certificate…", "The certificate of the incoming server of Work"),
        (Offer::EditAccount(WORK), "Open the account’s settings…", "Account Work"),
    ] {
        let mut window = troubled(Some(offer));
        window.press_button(button);
        window.sees(sees);
    }
}

#[test]
fn where_the_person_is_asked_first_a_button_answers_yes_and_the_mail_is_got() {
    for (offer, button) in
        [(Offer::FetchAll(WORK), "Get them all"), (Offer::VisitAnyway(WORK), "Get the mail all the same")]
    {
        let mut window = troubled(Some(offer));
        window.press_button(button);
        assert_eq!(window.asked(), ["ConfirmLarge(AccountId(1))"]);
        window.meanwhile(|desk| {
            desk.answer("ConfirmLarge", Event::Done);
        });
        assert_eq!(window.asked(), ["GetMail of [1]"]);
    }
}

#[test]
fn the_password_is_typed_and_given_by_button_or_enter() {
    for by_enter in [false, true] {
        let mut window = troubled(Some(Offer::EnterPassword(WORK)));
        window.press_button("Enter the password…");
        assert!(window.field("Password").is_focused());
        window.type_into("Password", "sesame");
        assert!(!window.shows("sesame"));
        window.done();
        if by_enter {
            window.key(Modifiers::NONE, Key::Enter);
        } else {
            let dialog = window.0.root().children_recursive().filter(|node| {
                let node = node.accesskit_node();
                node.role() == AccessRole::Button && node.label().as_deref() == Some("Get mail")
            });
            dialog.last().expect("the button of the dialog").click();
            window.run();
        }
        let asked = window.asked();
        assert!(asked.iter().any(|asked| asked.starts_with("ProvidePassword")), "{asked:?}");
        assert!(!window.shows("Password for Work"));
    }
}

#[test]
fn a_certificate_is_shown_with_all_that_tells_whether_to_trust_it() {
    let mut window = troubled(Some(trust()));
    window.press_button("Look at the certificate…");
    for words in [
        "It is not trusted: it vouches for itself.",
        "pop.example.org, mail.example.org",
        "Nobody in particular",
        "2026-01-01 until 2027-01-01",
        "A5:A5:A5",
    ] {
        window.sees(words);
    }
    window.done();
    window.press_button("Trust this certificate");
    assert_eq!(window.done(), [Action::TrustCertificate]);
    assert!(window.asked()[0].starts_with("PinCertificate"));
}

#[test]
fn not_trusting_and_escape_leave_everything_as_it_was() {
    for by_escape in [false, true] {
        let mut window = troubled(Some(trust()));
        window.press_button("Look at the certificate…");
        if by_escape {
            window.key(Modifiers::NONE, Key::Escape);
        } else {
            window.press_button("Do not trust it");
        }
        assert!(!window.shows("A5:A5:A5"));
        assert!(window.asked().is_empty());
        assert!(window.has(AccessRole::Button, "Look at the certificate…"), "the offer stands");
    }
}

#[test]
fn emptying_trash_asks_first() {
    let mut desk = Desk::of(3);
    desk.places.extend((1..=2).map(|n| (crate::store::types::MessageKey(n), Role::Trash)));
    desk.hear(Event::Mailboxes(vec![MailboxCount { account: WORK, role: Role::Trash, total: 2, unread: 0 }]));
    desk.act(Action::ShowMailbox(view(Role::Trash)));
    desk.serve();
    for (button, asked) in [("Keep", vec![]), ("Empty Trash", vec!["EmptyTrash { account: None }"])] {
        let mut window = Window::new(std::mem::take(&mut desk));
        window.press_button("Empty");
        window.sees("Remove 2 messages in the Trash for good?");
        window.press_button(button);
        assert!(!window.shows("for good?"));
        assert_eq!(window.asked(), asked);
        desk = std::mem::take(window.desk());
    }
}
