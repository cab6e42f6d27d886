//! Remote pictures: the bar above a message, and who is allowed in the settings.

use egui::Vec2;
use egui::accesskit::Role as AccessRole;
use egui_kittest::Harness;

use super::Window;
use crate::engine::{Allowed, ConsentId, Event, KeptPicture, PictureConsent, PictureScope};
use crate::store::types::MessageKey;
use crate::ui::action::{Action, Selecting};
use crate::ui::testing::Desk;

const PAGE: &str = "From: Ola <Ola@example.net>\r\nSubject: Offer\r\nList-Id: Offers <offers.example.net>\r\n\
    Content-Type: text/html\r\n\r\n<p>Look</p><img src='http://a.test/1.png'><img src='http://a.test/2.png'>\
    <img src='http://a.test/pixel' width=1 height=1>";

fn desk() -> Desk {
    let mut desk = Desk::of(2);
    desk.raw.insert(MessageKey(2), PAGE.into());
    desk
}

fn reading(mut window: Window) -> Window {
    window.meanwhile(|desk| {
        desk.act(Action::Select { index: 0, how: Selecting::Only });
    });
    window.done();
    window
}

fn kept(url: &str, bytes: Option<&[u8]>) -> KeptPicture {
    let bytes = bytes.map(|bytes| bytes.to_vec().into());
    KeptPicture { url: url.into(), content_type: "image/png".into(), bytes }
}

#[test]
fn the_bar_says_how_many_were_not_fetched_and_fetches_them() {
    for (button, scope) in [
        ("Show once", PictureScope::Once),
        ("Always for ola@example.net", PictureScope::Sender),
        ("Always for this list", PictureScope::List),
    ] {
        let mut window = reading(Window::new(desk()));
        window.sees("2 pictures were not fetched, and one that only reports the reading never is");
        window.press_button(button);
        assert_eq!(window.done(), [Action::FetchPictures(scope)]);
        assert!(window.asked().contains(&format!("FetchPictures 2 {scope:?}")), "{:?}", window.asked());
        window.sees("Fetching 2 pictures…");
        window.press_button("Stop");
        assert!(window.asked().contains(&"StopPictures".to_owned()));
        window.meanwhile(|desk| {
            desk.kept.insert(
                MessageKey(2),
                vec![kept("http://a.test/1.png", Some(b"one")), kept("http://a.test/2.png", None)],
            );
            desk.answer("FetchPictures", Event::Pictures { key: MessageKey(2), had: 1, missing: 1 });
        });
        window.sees("1 picture could not be had");
        window.meanwhile(|desk| {
            desk.kept.insert(
                MessageKey(2),
                vec![kept("http://a.test/1.png", Some(b"one")), kept("http://a.test/2.png", Some(b"two"))],
            );
        });
        window.press_button("Try again");
        window.meanwhile(|desk| {
            desk.answer("FetchPictures", Event::Pictures { key: MessageKey(2), had: 2, missing: 0 });
        });
        assert!(!window.shows("picture"), "{:?}", window.words());
    }
}

#[test]
fn in_a_narrow_window_every_choice_is_there() {
    let builder = Harness::builder().with_theme(egui::Theme::Dark);
    let window = reading(Window::of(desk(), Vec2::new(720.0, 600.0), builder));
    for name in ["Show once", "Always for ola@example.net", "Always for this list"] {
        window.assert_inside(AccessRole::Button, name);
    }
}

#[test]
fn what_is_allowed_stands_in_the_settings_and_is_taken_back() {
    let mut window = Window::new(Desk::of(1));
    window.meanwhile(|desk| {
        let consent = |id, whom| PictureConsent { id: ConsentId(id), whom, given_at: 0 };
        desk.consents = vec![
            consent(2, Allowed::List("offers.example.net".into())),
            consent(1, Allowed::Sender("ola@example.net".into())),
        ];
        desk.act(Action::OpenSettings);
    });
    window.sees("the list offers.example.net");
    window.press_button("No longer for ola@example.net");
    assert_eq!(window.done(), [Action::RevokePictures(ConsentId(1))]);
    window.meanwhile(|desk| {
        desk.answer("RevokePictures", Event::PictureConsents(Vec::new()));
    });
    assert!(!window.shows("ola@example.net"));
}
