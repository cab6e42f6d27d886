//! Bytes to meaning and back: pure functions over received mail and over mail being written. No clock, no disk, no network.

pub mod address;
pub mod body;
mod charset;
pub mod compose;
mod date;
pub mod draft;
mod encoded_word;
pub mod envelope;
pub mod flowed;
mod header;
pub mod html;
mod layout;
mod mime;
mod param;
pub mod sanitize;
pub mod text;
mod transfer;
mod warn;

pub use address::Address;
pub use body::{Attachment, MessageView};
pub use draft::Draft;
pub use envelope::Envelope;
