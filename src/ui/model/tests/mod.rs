//! The screen without a window: what a person does, what the engine says, and what is asked and shown then.

mod composer;
mod list;
mod notices;
mod settings;
mod visits;
