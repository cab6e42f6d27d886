//! A throw-away Dovecot: POP3 in the clear, by STLS and by TLS, on loopback ports of its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use super::pki::{self, Kind};
use super::process::{PATIENCE, Server, children, free_port, is_root, open_to_all, tool, wait_for, wait_for_port};
use super::{Incoming, PASSWORD, USER};

/// The user that mail belongs to where the server runs as root.
const NOBODY: u32 = 65534;

pub struct Dovecot {
    server: Option<Server>,
    folder: TempDir,
    port: u16,
    tls_port: u16,
    /// Lines for the end of the configuration, where they outdo those before.
    more: String,
}

impl Dovecot {
    /// A server with one empty maildrop, [`USER`]'s.
    pub fn start() -> Self {
        Self::start_for(&[USER])
    }

    pub fn start_for(users: &[&str]) -> Self {
        Self::start_with(users, "")
    }

    /// With these lines at the end of its configuration.
    pub fn start_with(users: &[&str], more: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("malote-dovecot-").tempdir().unwrap();
        open_to_all(folder.path()).unwrap();
        let mut dovecot = Self { server: None, folder, port: free_port(), tls_port: free_port(), more: more.into() };
        let lines: Vec<String> = users.iter().map(|user| dovecot.passwd_line(user)).collect();
        fs::write(dovecot.file("users"), lines.concat()).unwrap();
        users.iter().for_each(|user| dovecot.make_maildir(user));
        fs::write(dovecot.file("dovecot.conf"), dovecot.configuration()).unwrap();
        dovecot.resume();
        dovecot
    }

    /// Starts it again, on the same ports and with the same mail.
    pub fn resume(&mut self) {
        let errors = File::create(self.file("stderr")).unwrap();
        let config = self.file("dovecot.conf");
        let mut server = Server::spawn("dovecot", &["-F", "-c", config.to_str().unwrap()], |command| {
            command.stderr(errors);
        });
        wait_for_port(self.port, &mut server, &format!("Dovecot ({})", self.folder.path().display()));
        self.server = Some(server);
    }

    /// Ends it; the mail stays.
    pub fn stop(&mut self) {
        self.server = None;
    }

    pub fn plain(&self) -> Incoming {
        Incoming::plain(self.port)
    }

    pub fn stls(&self) -> Incoming {
        Incoming { host: "localhost".into(), security: "stls", ca_file: Some(pki::authority()), ..self.plain() }
    }

    pub fn tls(&self) -> Incoming {
        Incoming { port: self.tls_port, security: "tls", ..self.stls() }
    }

    /// Where an SMTP server asks whether a password is right.
    pub fn auth_socket(&self) -> PathBuf {
        self.file("run/auth-client")
    }

    /// Puts messages into a maildrop, behind those that are there.
    pub fn deliver_to(&self, user: &str, messages: &[Vec<u8>]) {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let maildir = self.maildir(user);
        for message in messages {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let name = format!("{}.M{number:06}P{}.test", 1_790_000_000 + number, std::process::id());
            fs::write(maildir.join("tmp").join(&name), message).unwrap();
        }
        self.give_away(&maildir.join("tmp"));
        for file in fs::read_dir(maildir.join("tmp")).unwrap() {
            let file = file.unwrap();
            fs::rename(file.path(), maildir.join("new").join(file.file_name())).unwrap();
        }
    }

    pub fn deliver(&self, messages: &[Vec<u8>]) {
        self.deliver_to(USER, messages);
    }

    /// Until no session is left: the one of a client that was killed goes on until the server notices.
    pub fn wait_until_idle(&mut self) {
        let id = self.server.as_mut().expect("it runs").child().id();
        let is_session = |(_, name): &(u32, String)| name == "pop3";
        wait_for(PATIENCE, || !children(id).iter().any(is_session)).expect("the server's sessions end");
    }

    /// A copy of [`USER`]'s maildrop as it is, with the unique-ids that the server gave.
    pub fn snapshot(&self) -> TempDir {
        let copy = tempfile::tempdir().unwrap();
        tool(copy.path(), "cp", &["-a", self.maildir(USER).to_str().unwrap(), "maildrop"]);
        copy
    }

    /// Exchanges [`USER`]'s maildrop for such a copy.
    pub fn restore(&self, copy: &TempDir) {
        let maildir = self.maildir(USER);
        fs::remove_dir_all(&maildir).unwrap();
        tool(copy.path(), "cp", &["-a", "maildrop", maildir.to_str().unwrap()]);
    }

    /// What is still in a maildrop.
    pub fn maildrop_of(&self, user: &str) -> Vec<Vec<u8>> {
        let files = ["new", "cur"].map(|part| fs::read_dir(self.maildir(user).join(part)).unwrap());
        files.into_iter().flatten().map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
    }

    pub fn maildrop(&self) -> Vec<Vec<u8>> {
        self.maildrop_of(USER)
    }

    /// The server's log: who signed in, and what was refused.
    pub fn log(&self) -> String {
        fs::read_to_string(self.file("log")).unwrap_or_default()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn maildir(&self, user: &str) -> PathBuf {
        self.file("mail").join(user)
    }

    fn make_maildir(&self, user: &str) {
        ["new", "cur", "tmp"].iter().for_each(|part| fs::create_dir_all(self.maildir(user).join(part)).unwrap());
        self.give_away(&self.file("mail"));
    }

    fn give_away(&self, folder: &Path) {
        if is_root() {
            tool(self.folder.path(), "chown", &["-R", &format!("{NOBODY}:{NOBODY}"), folder.to_str().unwrap()]);
        }
    }

    fn passwd_line(&self, user: &str) -> String {
        let ids = if is_root() { format!("{NOBODY}:{NOBODY}") } else { own_ids() };
        let mail = self.maildir(user);
        format!("{user}:{{plain}}{PASSWORD}:{ids}::{}::userdb_mail=maildir:{}\n", mail.display(), mail.display())
    }

    /// Dovecot 2.3. As root it drops its rights itself; as anyone else it has to be told to stay who it is.
    fn configuration(&self) -> String {
        let certificate = pki::certificate(Kind::Good);
        let (d, port, tls_port) = (self.folder.path().display(), self.port, self.tls_port);
        let (file, key) = (certificate.file.display(), certificate.key.display());
        let (rights, chroot) = if is_root() {
            (String::new(), "")
        } else {
            let me = String::from_utf8(tool(self.folder.path(), "id", &["-un"])).unwrap();
            let mine = String::from_utf8(tool(self.folder.path(), "id", &["-gn"])).unwrap();
            let (me, mine) = (me.trim(), mine.trim());
            (
                format!("default_internal_user = {me}\ndefault_internal_group = {mine}\ndefault_login_user = {me}\n"),
                "chroot =",
            )
        };
        format!(
            "base_dir = {d}/run\nstate_dir = {d}/state\nlog_path = {d}/log\nprotocols = pop3\nlisten = 127.0.0.1\n\
             ssl = yes\nssl_cert = <{file}\nssl_key = <{key}\ndisable_plaintext_auth = no\nauth_mechanisms = plain login\n\
             auth_failure_delay = 0\nmail_max_userip_connections = 0\nmail_fsync = never\nfirst_valid_uid = 1\n{rights}\
             passdb {{\n driver = passwd-file\n args = scheme=plain username_format=%u {d}/users\n}}\n\
             userdb {{\n driver = passwd-file\n args = username_format=%u {d}/users\n}}\n\
             service auth {{\n unix_listener auth-client {{\n  mode = 0666\n }}\n}}\n\
             service pop3-login {{\n {chroot}\n service_count = 0\n inet_listener pop3 {{\n  port = {port}\n }}\n \
             inet_listener pop3s {{\n  port = {tls_port}\n  ssl = yes\n }}\n}}\n\
             service anvil {{\n {chroot}\n unix_listener anvil-auth-penalty {{\n  mode = 0\n }}\n}}\nservice stats {{\n {chroot}\n}}\n{}\n",
            self.more
        )
    }
}

fn own_ids() -> String {
    use std::os::unix::fs::MetadataExt;
    let me = fs::metadata("/proc/self").unwrap();
    format!("{}:{}", me.uid(), me.gid())
}
