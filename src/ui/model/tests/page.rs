//! Which form of a message is shown.

use crate::page::protocol::Trouble;
use crate::store::types::MessageKey;
use crate::ui::action::{Action, Selecting};
use crate::ui::testing::Desk;

fn desk() -> Desk {
    let mut desk = Desk::of(3);
    for key in [2, 3] {
        desk.raw.insert(
            MessageKey(key),
            format!("Subject: P{key}\r\nContent-Type: text/html\r\n\r\n<p>Page {key}</p>\r\n"),
        );
    }
    open(&mut desk, 0);
    desk
}

fn open(desk: &mut Desk, index: usize) {
    desk.act(Action::Select { index, how: Selecting::Only });
    desk.serve();
}

fn shows_page(desk: &Desk) -> bool {
    desk.model.shown_page().is_some()
}

#[test]
fn a_message_with_html_is_shown_as_a_page_until_the_person_wants_text() {
    let mut desk = desk();
    assert!(shows_page(&desk));
    desk.act(Action::ReadAsText(true));
    assert!(!shows_page(&desk));
    open(&mut desk, 1);
    assert!(!shows_page(&desk), "the choice holds for the next one, too");
    desk.act(Action::ReadAsText(false));
    assert!(shows_page(&desk));
    open(&mut desk, 2);
    assert!(!shows_page(&desk), "it has none");
}

#[test]
fn a_page_that_failed_is_text_from_then_on_and_tried_again_when_it_is_asked_for() {
    let mut desk = desk();
    desk.act(Action::PageFailed(MessageKey(3), Trouble::TooSlow));
    assert!(!shows_page(&desk));
    assert_eq!(desk.model.page_trouble(), Some(&Trouble::TooSlow));
    open(&mut desk, 1);
    assert!(shows_page(&desk));
    assert_eq!(desk.model.page_trouble(), None);
    open(&mut desk, 0);
    assert!(!shows_page(&desk), "it is not tried again by itself");
    desk.act(Action::ReadAsText(false));
    assert!(shows_page(&desk));
}

#[test]
fn pages_are_made_larger_and_smaller_in_steps() {
    let mut desk = desk();
    for (steps, percent) in
        [(1, 110), (1, 125), (-1, 110), (0, 100), (-1, 90), (-100, 50), (-1, 50), (100, 300), (1, 300)]
    {
        desk.act(Action::ZoomPage(steps));
        assert_eq!(desk.model.page.zoom_percent, percent, "{steps}");
    }
}
