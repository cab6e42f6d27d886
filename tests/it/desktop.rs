//! The window beside the desktop's own preferences.

use crate::support::desktop::{DARK, Desktop, LIGHT, USUAL};
use crate::support::malote::Malote;
use crate::support::process::{PATIENCE, wait_for};
use crate::support::samples::messages;
use crate::support::screen::Screen;
use crate::support::scripted::{Pop3Server, Script};
use crate::support::window::Window;

#[track_caller]
fn becomes(window: &Window, dark: bool) {
    assert!(wait_for(PATIENCE, || window.is_dark() == dark).is_some(), "the window does not become dark = {dark}");
}

#[test]
fn the_window_is_as_dark_as_the_desktop_until_a_person_says_otherwise() {
    let screen = Screen::start();
    let server = Pop3Server::start(Script::default(), &messages(1));
    for version in [1, 2] {
        let (mut malote, desktop) = (Malote::with_account(&server.incoming(), &[]), Desktop::preferring(DARK, version));
        desktop.offer_to(&mut malote);
        let window = Window::open(&malote, &screen);
        window.see("Inbox");
        becomes(&window, true);
        for scheme in [LIGHT, USUAL] {
            desktop.turns(scheme);
            becomes(&window, false);
            desktop.turns(DARK);
            becomes(&window, true);
        }
        window.click("Settings");
        window.click("Light");
        becomes(&window, false);
        screen.press("alt+F4");
        window.closed().succeeded();
        // What was chosen stays chosen.
        let window = Window::open(&malote, &screen);
        window.see("Inbox");
        becomes(&window, false);
        screen.press("alt+F4");
        window.closed().succeeded();
    }
}

#[test]
fn where_the_desktop_says_nothing_the_window_is_light() {
    let (screen, malote) = (Screen::start(), Malote::new());
    let window = Window::open(&malote, &screen);
    window.see("Welcome");
    assert!(!window.is_dark());
    screen.press("alt+F4");
    window.closed().succeeded();
}
