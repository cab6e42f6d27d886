//! A throw-away Postfix: submission by STARTTLS and by TLS with a password, on loopback ports of its own. Whatever it accepts
//! lands in one maildir for the test to read.
//!
//! Postfix and not OpenSMTPD, because the OpenSMTPD of Debian 12 cannot complete a TLS handshake with its OpenSSL. Postfix has
//! to be started by root; passwords are checked by a Dovecot beside it.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;

use tempfile::TempDir;

use super::dovecot::Dovecot;
use super::pki::{self, Kind};
use super::process::{PATIENCE, Server, free_port, is_root, open_to_all, tool, wait_for, wait_for_port};

/// The recipient that this server knows nothing of.
pub const REFUSED: &str = "refused@example.org";

/// What it says of [`REFUSED`].
pub const REFUSAL: &str = "nobody of that name lives here";

pub struct Postfix {
    server: Option<Server>,
    folder: TempDir,
    port: u16,
    tls_port: u16,
}

impl Postfix {
    /// A server that lets in whom this Dovecot lets in.
    pub fn start(dovecot: &Dovecot) -> Self {
        assert!(is_root(), "Postfix has to be started by root; tests/run sees to that");
        let folder = tempfile::Builder::new().prefix("malote-postfix-").tempdir().unwrap();
        open_to_all(folder.path()).unwrap();
        let mut postfix = Self { server: None, folder, port: free_port(), tls_port: free_port() };
        ["etc", "queue", "data", "mail"].iter().for_each(|name| fs::create_dir(postfix.file(name)).unwrap());
        fs::write(postfix.file("etc/main.cf"), postfix.main_cf(dovecot)).unwrap();
        fs::write(postfix.file("etc/master.cf"), postfix.master_cf()).unwrap();
        tool(postfix.folder.path(), "chown", &["postfix", "data"]);
        tool(postfix.folder.path(), "chown", &["nobody", "mail"]);
        tool(postfix.folder.path(), "postfix", &["-c", postfix.file("etc").to_str().unwrap(), "check"]);
        postfix.resume();
        postfix
    }

    /// Starts it again, on the same ports.
    pub fn resume(&mut self) {
        let errors = File::create(self.file("stderr")).unwrap();
        let config = self.file("etc");
        let mut server =
            Server::spawn("/usr/lib/postfix/sbin/master", &["-c", config.to_str().unwrap(), "-d"], |command| {
                command.stderr(errors).process_group(0); // it ends its helpers by their group
            });
        wait_for_port(self.port, &mut server, "Postfix");
        self.server = Some(server);
    }

    pub fn stop(&mut self) {
        self.server = None;
    }

    /// The switches of `account add` for submission by STARTTLS.
    pub fn starttls(&self) -> Vec<String> {
        self.switches(self.port, "starttls")
    }

    /// The same for TLS from the first octet.
    pub fn tls(&self) -> Vec<String> {
        self.switches(self.tls_port, "tls")
    }

    /// Everything that was delivered so far.
    pub fn delivered(&self) -> Vec<Vec<u8>> {
        let Ok(files) = fs::read_dir(self.file("mail/all/new")) else { return Vec::new() };
        files.map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
    }

    /// Waits until that many deliveries were made, and a moment longer, to catch one too many.
    pub fn wait_for_deliveries(&self, count: usize) -> Vec<Vec<u8>> {
        let done = wait_for(PATIENCE, || self.delivered().len() >= count);
        assert!(done.is_some(), "{} instead of {count} deliveries; the log:\n{}", self.delivered().len(), self.log());
        std::thread::sleep(std::time::Duration::from_millis(300));
        self.delivered()
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.file("log")).unwrap_or_default()
    }

    fn switches(&self, port: u16, security: &str) -> Vec<String> {
        ["--smtp-host", "localhost", "--smtp-port", &port.to_string(), "--smtp-security", security]
            .map(str::to_owned)
            .to_vec()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn main_cf(&self, dovecot: &Dovecot) -> String {
        let certificate = pki::certificate(Kind::Good);
        let (file, key) = (certificate.file.display(), certificate.key.display());
        let (d, socket) = (self.folder.path().display(), dovecot.auth_socket());
        let socket = socket.display();
        format!(
            "compatibility_level = 3.6\nqueue_directory = {d}/queue\ndata_directory = {d}/data\n\
             maillog_file = {d}/log\nmaillog_file_prefixes = {d}\ninet_interfaces = 127.0.0.1\ninet_protocols = ipv4\n\
             myhostname = localhost\nmydestination =\nmynetworks =\nalias_maps =\nalias_database =\n\
             local_recipient_maps =\nnotify_classes =\n\
             virtual_mailbox_domains = static:all\nvirtual_mailbox_maps = static:all/\nvirtual_mailbox_base = {d}/mail\n\
             virtual_uid_maps = static:65534\nvirtual_gid_maps = static:65534\nvirtual_minimum_uid = 1\n\
             smtpd_tls_cert_file = {file}\nsmtpd_tls_key_file = {key}\nsmtpd_tls_security_level = may\n\
             smtpd_tls_auth_only = yes\nsmtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\n\
             smtpd_sasl_path = {socket}\nsmtpd_relay_restrictions = permit_sasl_authenticated, reject\n\
             smtpd_recipient_restrictions = check_recipient_access inline:{{{{{REFUSED} = 550 5.1.1 {REFUSAL}}}}},\n \
             permit_sasl_authenticated, reject\n"
        )
    }

    fn master_cf(&self) -> String {
        let (port, tls_port) = (self.port, self.tls_port);
        format!(
            "127.0.0.1:{port} inet n - n - - smtpd\n\
             127.0.0.1:{tls_port} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes\n\
             cleanup unix n - n - 0 cleanup\nqmgr unix n - n 300 1 qmgr\ntlsmgr unix - - n 1000? 1 tlsmgr\n\
             rewrite unix - - n - - trivial-rewrite\nbounce unix - - n - 0 bounce\ndefer unix - - n - 0 bounce\n\
             trace unix - - n - 0 bounce\nproxymap unix - - n - - proxymap\nanvil unix - - n - 1 anvil\n\
             error unix - - n - - error\nretry unix - - n - - error\nvirtual unix - n n - - virtual\n\
             postlog unix-dgram n - n - 1 postlogd\n"
        )
    }
}
