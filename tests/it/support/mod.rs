//! What the tests stand on: servers that are started and ended by the test that needs them, and the program itself.

pub mod bombs;
pub mod canary;
pub mod desktop;
pub mod dovecot;
pub mod faulty_disk;
pub mod keeping;
pub mod mailutils;
pub mod malote;
pub mod mutations;
pub mod network;
pub mod pki;
pub mod pop3_client;
pub mod postfix;
pub mod process;
pub mod reading;
pub mod samples;
pub mod scram;
pub mod screen;
pub mod scripted;
pub mod scripted_smtp;
pub mod secret_service;
pub mod socks5;
pub mod strace;
pub mod web;
pub mod window;
pub mod wire;

use std::path::PathBuf;

/// The password of every account of every test. Peculiar, so that finding it anywhere else is no accident.
pub const PASSWORD: &str = "Qx7-geheim-Qx7";

/// User name, and the maildrop's name.
pub const USER: &str = "ana";

/// Where to collect mail, as `account add` wants to know it.
#[derive(Clone, Debug)]
pub struct Incoming {
    pub host: String,
    pub port: u16,
    /// `tls`, `stls` or `none`.
    pub security: &'static str,
    pub ca_file: Option<PathBuf>,
}

impl Incoming {
    pub fn plain(port: u16) -> Self {
        Self { host: "127.0.0.1".into(), port, security: "none", ca_file: None }
    }
}
