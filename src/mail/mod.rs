//! Bytes to meaning and back: pure functions over received mail and over mail being written. No clock, no disk, no network.

pub mod address;
pub mod body;
pub mod compose;
pub mod draft;
pub mod envelope;
pub mod sanitize;
pub mod text;

pub use address::Address;
pub use body::{Attachment, MessageView};
pub use draft::Draft;
pub use envelope::Envelope;
