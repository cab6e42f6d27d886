//! The program as a whole: the real binary against real servers on loopback, and against servers that misbehave.
//!
//! `tests/run` installs the servers and runs everything; nothing here is skipped when one is missing, it fails and says so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::string_slice)] // a test ends at the first surprise

mod support;

mod backups;
mod certificates;
mod collecting;
mod command_line;
mod cut_line;
mod desktop;
mod doctor;
mod dragging;
mod drawing;
mod failing_disk;
mod hostile_mail;
mod internationalised;
mod keyring;
mod killed;
mod killed_at_steps;
mod killed_at_system_calls;
mod metered;
mod misbehaving;
mod moving;
mod mutated_mail;
mod odd_servers;
mod offline;
mod organising;
mod other_servers;
mod pages;
mod parts;
mod pictures;
mod printing;
mod profile;
mod rendering;
mod rules;
mod search;
mod sending;
mod signing_in;
mod threads;
mod tidy;
mod window;
