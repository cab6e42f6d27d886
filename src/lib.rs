//! Malote, a desktop mail reader for POP3.
#![forbid(unsafe_code)]

pub mod account;
pub mod cli;
pub mod demo;
pub mod engine;
pub mod mail;
pub mod net;
pub mod profile;
pub mod protocol;
pub mod secret;
pub mod store;
