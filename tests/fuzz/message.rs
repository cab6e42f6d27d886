//! From the octets of a message to all that is shown, listed and searched of it.
#![no_main]

#[path = "../it/support/reading.rs"]
mod reading;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    if let Err(why) = reading::read(octets) {
        panic!("{why}");
    }
});
