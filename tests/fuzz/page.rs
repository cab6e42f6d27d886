//! From the HTML of a message to pixels. A panic within the engine of pages is no finding, for there the process that draws gives
//! the page up and the message is read as text; all else is: a panic before that, a hang, memory without end.
#![no_main]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::thread;

use malote::page::{Fonts, Page, STACK_BYTES, View, document_of};

const VIEW: View = View { width_px: 700, height_px: 800, scale: 1.0, scroll_y_px: 0, dark: false };

static FONTS: OnceLock<Fonts> = OnceLock::new();

fn draw(octets: &[u8]) {
    let mut raw = b"Content-Type: text/html; charset=utf-8\r\n\r\n".to_vec();
    raw.extend_from_slice(octets);
    if let Ok(mut page) = Page::load(document_of(&raw), &VIEW, FONTS.get_or_init(Fonts::of_system)) {
        let _given_up = catch_unwind(AssertUnwindSafe(|| page.paint(&VIEW)));
        let _given_up = catch_unwind(AssertUnwindSafe(|| drop(page)));
    }
}

libfuzzer_sys::fuzz_target!(
    // libFuzzer's own ends the process at every panic, those that are caught among them.
    init: std::panic::set_hook(Box::new(|panic| eprintln!("{panic}"))),
    |octets: &[u8]| {
        thread::scope(|scope| {
            let drawing = thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, || draw(octets));
            if drawing.unwrap().join().is_err() {
                std::process::abort();
            }
        });
    }
);
