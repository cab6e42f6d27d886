//! A real Secret Service: gnome-keyring on a session bus of its own, with a home of its own.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::malote::Malote;
use super::process::{PATIENCE, Server, wait_for};

/// The name under which a Secret Service is found on the bus.
const NAME: &str = "org.freedesktop.secrets";

/// A session bus that starts nothing by itself: the usual one would start whatever keyring the machine has installed.
const CONFIGURATION: &str = "<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>\
    <policy context='default'><allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/><allow own='*'/>\
    </policy></busconfig>";

/// A session bus. Without a keyring on it, it is what a bare window manager offers.
pub struct Bus {
    address: String,
    home: TempDir,
    _daemon: Server,
}

impl Bus {
    pub fn start() -> Self {
        let home = tempfile::Builder::new().prefix("malote-bus-").tempdir().unwrap();
        std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        let config = home.path().join("bus.conf");
        std::fs::write(&config, CONFIGURATION).unwrap();
        let config = format!("--config-file={}", config.display());
        let mut daemon = Server::spawn("dbus-daemon", &[&config, "--nofork", "--print-address=1"], |command| {
            in_home(command, &home).stdout(Stdio::piped()).stderr(Stdio::null());
        });
        let mut address = String::new();
        BufReader::new(daemon.child().stdout.take().unwrap()).read_line(&mut address).unwrap();
        Self { address: address.trim().to_owned(), home, _daemon: daemon }
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    /// Lets the program find this bus.
    pub fn offer_to(&self, malote: &mut Malote) {
        malote.set("DBUS_SESSION_BUS_ADDRESS", &self.address);
        malote.set("XDG_RUNTIME_DIR", self.home.path().to_str().unwrap());
    }
}

/// gnome-keyring, unlocked.
pub struct SecretService {
    _keyring: Server,
    bus: Bus,
}

impl SecretService {
    pub fn start() -> Self {
        let bus = Bus::start();
        let mut keyring =
            Server::spawn("gnome-keyring-daemon", &["--foreground", "--unlock", "--components=secrets"], |command| {
                in_home(command, &bus.home).env("DBUS_SESSION_BUS_ADDRESS", &bus.address);
                command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
            });
        keyring.child().stdin.take().unwrap().write_all(b"the keyring's own password").unwrap();
        let up = wait_for(PATIENCE, || {
            assert!(!keyring.has_ended(), "gnome-keyring-daemon ended at once");
            let mut ask = Command::new("dbus-send");
            ask.args([
                "--session",
                "--print-reply",
                "--dest=org.freedesktop.DBus",
                "/",
                "org.freedesktop.DBus.NameHasOwner",
            ]);
            let answer = ask.arg(format!("string:{NAME}")).env("DBUS_SESSION_BUS_ADDRESS", &bus.address).output();
            String::from_utf8_lossy(&answer.expect("dbus-send, of the package dbus-bin").stdout).contains("true")
        });
        assert!(up.is_some(), "gnome-keyring-daemon does not offer {NAME}");
        Self { _keyring: keyring, bus }
    }

    pub fn offer_to(&self, malote: &mut Malote) {
        self.bus.offer_to(malote);
    }
}

fn in_home<'a>(command: &'a mut Command, home: &TempDir) -> &'a mut Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path).env("HOME", home.path()).env("XDG_RUNTIME_DIR", home.path())
}
