//! Bytes to meaning and back: pure functions over received mail and over mail being written. No clock, no disk, no network.
//!
//! Received: `header` and `mime` cut the octets into fields and parts; `encoded_word`, `param`, `date`, `address_list`,
//! `transfer` and `charset` decode them; `layout` decides what is body and what is attached; [`envelope`] and [`body`] put
//! together what a person sees, [`hypertext`] what of it is a page, [`html`], [`flowed`] and [`text`] how it is set, [`sanitize`] what of it may be shown, [`clean`] what a
//! page may do, and `warn` what is wrong with it, with what the own server found out (`authentication`). `wrapping` takes off before that what
//! hides the parts (`tnef` with `rtf`, `smime`), [`kind`] names what is attached and [`seal`] how the whole is signed or
//! encrypted; [`invitation`] and [`card`] are read from `content_line`s; `searchable` takes the words that a [`query`] looks for, both spelt by [`words`], and [`marks`]
//! shows where in a text they are. Written:
//! [`compose`], with `answer`, `mailto` and `recipients`.
//!
//! [`thread`] says which messages hang together, and [`subject`] what they are about.
//!
//! mail-parser is behind `charset`, `date`, the entities of `html`, and the dates that are written; the rest of it is not
//! used on received mail, for the reasons that `mime` gives.

pub mod address;
mod address_list;
mod answer;
mod attached_text;
mod authentication;
pub mod beginnings;
pub mod body;
pub mod card;
pub mod charset;
pub mod clean;
pub mod compose;
mod content_line;
mod date;
pub mod draft;
mod encoded_word;
pub mod envelope;
pub mod flowed;
mod header;
pub mod html;
pub mod hypertext;
pub mod invitation;
pub mod kind;
mod layout;
pub mod likeness;
mod lookalike;
mod mailto;
pub mod marks;
pub mod mbox;
mod mime;
pub mod mozilla;
pub mod order;
mod param;
pub mod query;
mod recipients;
mod rtf;
#[cfg(test)]
mod samples;
pub mod sanitize;
pub mod seal;
mod searchable;
mod smime;
#[cfg(test)]
mod soup;
pub mod subject;
pub mod text;
pub mod thread;
mod tnef;
mod transfer;
pub mod uid_files;
mod warn;
pub mod words;
mod wrapping;

pub use address::Address;
pub use body::{Attachment, Circumstances, MessageView};
pub use draft::{Draft, DraftAttachment};
pub use envelope::Envelope;
pub use header::digest as header_digest;
pub use marks::{Marker, Snippet};
pub use query::{Fault, Query};
pub use seal::Seal;
pub use searchable::{Readable, Searchable};
pub use thread::Related;
