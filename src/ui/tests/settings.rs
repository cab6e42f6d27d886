//! The first day: the welcome, and the form of an account.

use egui::accesskit::Role as AccessRole;
use egui_kittest::kittest::NodeT;

use super::Window;
use crate::account::policy::{Line, Metered, Mirror, Order};
use crate::account::{Account, Identity, Policy, Security, Server, SignIn};
use crate::engine::{AccountTest, Command, Event, PasswordChange};
use crate::ui::action::{Action, Theme};
use crate::ui::testing::{Desk, HOME, WORK, account, failed, problem};

/// The form of a new account, opened from the welcome.
fn adding() -> Window {
    let mut window = Window::new(Desk::with(&[], 0));
    window.click(AccessRole::Button, "   Add your account   ");
    window.sees("Add an account");
    window
}

fn settings_of(accounts: &[Account]) -> Window {
    let mut window = Window::new(Desk::with(accounts, 1));
    window.press_button("Settings");
    window
}

#[test]
fn the_finer_rules_are_typed_behind_more_and_a_size_that_is_none_is_said() {
    let mut window = adding();
    for (field, text) in [("Mail address", "ana@example.org"), ("Password", "sesame")] {
        window.type_into(field, text);
    }
    // Below the fold: pressed as a screen reader would.
    let press = |window: &mut Window, role, name: &str| {
        window.find(role, name).click_accesskit();
        window.run();
    };
    press(&mut window, AccessRole::Button, "More…");
    for (field, text) in [("Get mail every", "10"), ("Leave alone", "20 megs"), ("First lines only", "500K")] {
        window.type_into(field, text);
    }
    press(&mut window, AccessRole::RadioButton, "newest");
    press(&mut window, AccessRole::RadioButton, "also what I delete");
    window.press_button("Save");
    window.sees("Enter a size, for example 500K or 2M, or nothing for no limit.");
    assert!(window.asked().is_empty(), "{:?}", window.asked());
    let form = window.desk().model.settings.as_mut().unwrap().form.as_mut().unwrap();
    form.skip_above = "20M".into();
    window.run();
    window.press_button("Save");
    let Some(Command::SaveAccount { account, .. }) = window.desk().open.pop().map(|open| open.command) else {
        panic!("{:?}", window.asked())
    };
    let policy = Policy {
        every_mins: Some(10),
        skip_above_bytes: Some(20 << 20),
        excerpt_above_bytes: Some(500 << 10),
        order: Order::Newest,
        mirror: Mirror::Deleted,
        ..Policy::default()
    };
    assert_eq!(account.policy, policy);
}

#[test]
fn the_way_to_sign_in_and_a_proxy_are_chosen_behind_more() {
    let mut window = adding();
    for (field, text) in [("Mail address", "ana@example.org"), ("Password", "sesame")] {
        window.type_into(field, text);
    }
    window.find(AccessRole::Button, "More…").click_accesskit();
    window.run();
    window.type_into("Proxy", "socks5://127.0.0.1:9050");
    let form = window.desk().model.settings.as_mut().unwrap().form.as_mut().unwrap();
    form.sign_in = SignIn::Apop;
    window.run();
    window.find(AccessRole::ComboBox, "Sign in by");
    assert!(window.shows("APOP rests on MD5"), "what is weak is called so");
    window.press_button("Save");
    let Some(Command::SaveAccount { account, .. }) = window.desk().open.pop().map(|open| open.command) else {
        panic!("{:?}", window.asked())
    };
    assert_eq!(account.sign_in, SignIn::Apop);
    assert_eq!(account.proxy.map(|proxy| proxy.to_string()).as_deref(), Some("socks5://127.0.0.1:9050"));
}

#[test]
fn what_a_metered_line_changes_is_chosen_behind_more_and_only_then_how_it_is_known() {
    let mut window = adding();
    for (field, text) in [("Mail address", "ana@example.org"), ("Password", "sesame")] {
        window.type_into(field, text);
    }
    let press = |window: &mut Window, role, name: &str| {
        window.find(role, name).click_accesskit();
        window.run();
    };
    press(&mut window, AccessRole::Button, "More…");
    assert!(!window.shows("Is it metered?"), "as usual: it does not matter");
    press(&mut window, AccessRole::RadioButton, "wait for another");
    window.sees("Is it metered?");
    assert!(!window.shows("Ask there above"));
    press(&mut window, AccessRole::RadioButton, "ask me first");
    window.type_into("Ask there above", "a little");
    press(&mut window, AccessRole::RadioButton, "always");
    window.type_into("Room there", "5G");
    window.press_button("Save");
    window.sees("Enter a size, for example 500K or 2M, or nothing for no limit.");
    assert!(window.asked().is_empty(), "{:?}", window.asked());
    window.desk().model.settings.as_mut().unwrap().form.as_mut().unwrap().metered_ask_above = "200K".into();
    window.run();
    window.press_button("Save");
    let Some(Command::SaveAccount { account, .. }) = window.desk().open.pop().map(|open| open.command) else {
        panic!("{:?}", window.asked())
    };
    let policy = Policy {
        metered: Metered::Ask,
        metered_ask_above_bytes: Some(200 << 10),
        line: Line::Metered,
        quota_bytes: Some(5 << 30),
        ..Policy::default()
    };
    assert_eq!(account.policy, policy);

    let mut window = settings_of(&[*account]);
    window.press_button("Edit example.org");
    window.find(AccessRole::Button, "More…").click_accesskit();
    window.run();
    assert_eq!(window.field("Ask there above").value().as_deref(), Some("200K"), "it comes back");
}

#[test]
fn a_newcomer_is_welcomed_once_it_is_known_that_there_is_no_account() {
    let mut window = Window::new(Desk::default());
    assert!(!window.shows("Welcome to Malote"), "it is not known yet");
    window.meanwhile(|desk| {
        desk.hear(Event::Accounts(Vec::new()));
    });
    window.sees("Welcome to Malote");
    window.meanwhile(|desk| {
        desk.hear(Event::Accounts(vec![account(WORK, "Work")]));
    });
    assert!(!window.shows("Welcome to Malote"));
}

#[test]
fn what_is_typed_into_the_form_is_what_is_saved() {
    let mut window = adding();
    for (field, text) in [("Mail address", "ana@example.org"), ("Your name", "Ana Duarte"), ("Password", "sesame")] {
        window.type_into(field, text);
    }
    assert_eq!(window.field("POP3 server").value().as_deref(), Some("pop.example.org"), "guessed, and shown");
    window.press_button("Save");
    let Some(Command::SaveAccount { account, password }) = window.desk().open.pop().map(|open| open.command) else {
        panic!("{:?}", window.asked())
    };
    let server = |host: &str, port| Server { host: host.into(), port, security: Security::Tls };
    let expected = Account {
        name: "example.org".into(),
        identity: Identity {
            display_name: "Ana Duarte".into(),
            address: "ana@example.org".into(),
            signature: String::new(),
        },
        incoming: server("pop.example.org", 995),
        user: "ana@example.org".into(),
        outgoing: Some(server("smtp.example.org", 465)),
        ..Account::blank()
    };
    assert_eq!(*account, expected);
    assert!(matches!(password, PasswordChange::Store(password) if password.reveal() == "sesame"));
}

#[test]
fn the_keyboard_begins_in_the_first_field() {
    let window = adding();
    assert!(window.field("Mail address").is_focused());
}

#[test]
fn the_password_is_never_in_what_a_screen_reader_reads() {
    let mut window = adding();
    window.type_into("Password", "sesame");
    assert!(!window.shows("sesame"));
}

#[test]
fn errors_are_shown_beside_the_fields_and_the_first_of_them_is_where_typing_goes_on() {
    let mut window = adding();
    assert!(!window.shows("Enter your mail address"));
    window.press_button("Save");
    assert!(window.asked().is_empty());
    for words in
        ["Some fields need a look.", "Give the account a name", "Enter your mail address", "Enter the password"]
    {
        window.sees(words);
    }
    let (field, error) = (window.field("Mail address").rect(), text_rect(&window, "Enter your mail address"));
    assert!((0.0..20.0).contains(&(error.top() - field.bottom())), "below its field: {field:?} {error:?}");
    window.type_into("Mail address", "ana@example.org");
    assert!(!window.shows("Enter your mail address"), "it is mended");
}

fn text_rect(window: &Window, words: &str) -> egui::Rect {
    let node = window.0.root().children_recursive().find(|node| {
        let node = node.accesskit_node();
        node.value().or(node.label()).is_some_and(|said| said.contains(words))
    });
    node.unwrap_or_else(|| panic!("“{words}” is not there")).rect()
}

#[test]
fn a_line_without_protection_is_warned_of_and_needs_a_word() {
    let mut window = adding();
    window.type_into("Mail address", "ana@example.org");
    window.type_into("Password", "sesame");
    assert!(!window.shows("Without protection"));
    window.meanwhile(|desk| {
        let form = desk.model.settings.as_mut().unwrap().form.as_mut().unwrap();
        form.security = Security::None;
        desk.act(Action::FormEdited);
    });
    window.sees("Without protection everyone on the way");
    window.press_button("Save");
    assert!(window.asked().is_empty());
    window.sees("Tick this, or choose a protected connection.");
    window.sees("Some fields need a look.");
    window.find(AccessRole::CheckBox, "I know, and want it for this account").click_accesskit();
    window.run();
    window.press_button("Save");
    assert_eq!(window.asked(), ["SaveAccount example.org"]);
}

#[test]
fn security_is_chosen_by_its_name_and_the_port_follows() {
    let mut window = adding();
    window.click(AccessRole::RadioButton, "STLS, required");
    assert_eq!(window.field("POP3 port").value().as_deref(), Some("110"));
}

#[test]
fn a_test_shows_what_the_servers_said_and_a_failure_why() {
    let mut window = adding();
    window.type_into("Mail address", "ana@example.org");
    window.type_into("Password", "sesame");
    window.press_button("Test connection");
    assert!(window.find(AccessRole::Button, "Testing…").accesskit_node().is_disabled());
    window.meanwhile(|desk| {
        let outgoing = Some(Err(Box::new(problem("Could not sign in to send", None))));
        let test = AccountTest { incoming: Ok("Signed in to pop.example.org".into()), outgoing };
        desk.answer("TestAccount", Event::AccountTested(Box::new(test)));
    });
    window.sees("Signed in to pop.example.org");
    window.sees("Could not sign in to send");
    window.press_button("Save");
    window.meanwhile(|desk| {
        desk.answer("SaveAccount", failed("No keyring answers"));
    });
    window.sees("No keyring answers");
    assert!(!window.button("Save").accesskit_node().is_disabled());
}

#[test]
fn the_settings_name_every_account_and_its_buttons() {
    let mut window = settings_of(&[account(WORK, "Work"), account(HOME, "Home")]);
    for name in ["Edit Work", "Remove Work", "Edit Home", "Remove Home", "Done", "+  Add an account"] {
        assert!(window.has(AccessRole::Button, name), "{name}");
    }
    window.press_button("Edit Home");
    assert_eq!(window.field("Account name").value().as_deref(), Some("Home"));
    window.press_button("Cancel");
    window.press_button("Done");
    assert!(!window.has(AccessRole::Button, "Done"));
}

#[test]
fn removing_an_account_asks_first_and_says_what_goes() {
    let mut window = settings_of(&[account(WORK, "Work"), account(HOME, "Home")]);
    window.press_button("Remove Home");
    window.sees("are removed for good");
    assert!(window.asked().is_empty());
    window.press_button("Keep it");
    assert!(!window.shows("are removed for good"));
    window.press_button("Remove Home");
    window.press_button("Remove account and mail");
    assert_eq!(window.asked(), ["RemoveAccount(AccountId(2))"]);
}

#[test]
fn the_theme_is_chosen_in_the_settings() {
    let mut window = settings_of(&[account(WORK, "Work")]);
    window.done();
    for (words, theme) in [("Dark", Theme::Dark), ("Light", Theme::Light), ("As the desktop", Theme::System)] {
        window.press_button(words);
        assert_eq!(window.done(), [Action::SetTheme(theme)]);
    }
}
