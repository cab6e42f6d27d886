//! A throw-away GNU mailutils pop3d: POP3 in the clear, by STLS and by TLS, on loopback ports of its own, one maildrop.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use super::pki::{self, Kind};
use super::process::{PATIENCE, Server, children, free_port, tool, wait_for, wait_for_port};
use super::{Incoming, PASSWORD, USER};

/// Users that are in no system file belong to a domain.
const DOMAIN: &str = "malote.example";

/// How the server keeps its mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One file. The server writes into it what it knows of a message, as header fields, and gives them out as well.
    Mbox,
    /// One file a message.
    Maildir,
}

pub struct Mailutils {
    server: Server,
    folder: TempDir,
    port: u16,
    tls_port: u16,
    format: Format,
}

impl Mailutils {
    /// With [`USER`]'s empty maildrop.
    pub fn start(format: Format) -> Self {
        let folder = tempfile::Builder::new().prefix("malote-mailutils-").tempdir().unwrap();
        let (path, port, tls_port) = (folder.path(), free_port(), free_port());
        for part in ["domains", "locks", "mail"] {
            fs::create_dir(path.join(part)).unwrap();
        }
        let hash = String::from_utf8(tool(path, "openssl", &["passwd", "-6", PASSWORD])).unwrap();
        let line = format!("{USER}:{}:65534:65534::{}:/bin/false\n", hash.trim(), path.join("mail").display());
        fs::write(path.join("domains").join(DOMAIN), line).unwrap();
        fs::write(path.join("pop3d.conf"), configuration(&path.display().to_string(), port, tls_port)).unwrap();
        match format {
            Format::Mbox => drop(File::create(path.join("mail/INBOX")).unwrap()),
            Format::Maildir => {
                ["new", "cur", "tmp"]
                    .iter()
                    .for_each(|part| fs::create_dir_all(path.join("mail/INBOX").join(part)).unwrap());
            }
        }
        let errors = File::create(path.join("stderr")).unwrap();
        let config = format!("--config-file={}", path.join("pop3d.conf").display());
        let mut server = Server::spawn("pop3d", &["--no-config", &config], |command| {
            command.stderr(errors);
        });
        wait_for_port(port, &mut server, &format!("mailutils' pop3d ({})", path.display()));
        Self { server, folder, port, tls_port, format }
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

    pub fn user(&self) -> String {
        format!("{USER}@{DOMAIN}")
    }

    /// Puts messages into the maildrop, behind those that are there.
    pub fn deliver(&mut self, messages: &[Vec<u8>]) {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        self.wait_until_idle();
        for message in messages {
            let lines = String::from_utf8_lossy(message);
            assert!(!lines.replace("\r\n", "\n").contains('\r'), "a carriage return of its own does not survive here");
            let unix = without_carriage_returns(message);
            match self.format {
                Format::Mbox => self.append(&unix),
                Format::Maildir => {
                    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
                    let name = format!("{}.M{number:06}P{}.test", 1_790_000_000 + number, std::process::id());
                    fs::write(self.inbox().join("new").join(name), unix).unwrap();
                }
            }
        }
    }

    /// What is still in the maildrop, with CRLF at the lines' ends and what the server has added. Its files are read, for a
    /// session would leave traces in them.
    pub fn maildrop(&mut self) -> Vec<Vec<u8>> {
        self.wait_until_idle();
        let files = match self.format {
            Format::Mbox => return messages_of_mbox(&fs::read(self.inbox()).unwrap()),
            Format::Maildir => ["new", "cur"].map(|part| fs::read_dir(self.inbox().join(part)).unwrap()),
        };
        files
            .into_iter()
            .flatten()
            .map(|file| with_carriage_returns(&fs::read(file.unwrap().path()).unwrap()))
            .collect()
    }

    /// Until no session is left: the one of a client that was killed goes on until the server notices.
    pub fn wait_until_idle(&mut self) {
        let id = self.server.child().id();
        wait_for(PATIENCE, || children(id).is_empty()).expect("the server's sessions end");
    }

    /// What the server said for its operator.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("stderr")).unwrap_or_default()
    }

    fn inbox(&self) -> PathBuf {
        self.folder.path().join("mail/INBOX")
    }

    /// As a delivery agent does it (the mboxrd way of hiding lines that look like a message's beginning).
    fn append(&self, message: &[u8]) {
        let mut mbox = OpenOptions::new().append(true).open(self.inbox()).unwrap();
        let mut text = b"From sender@example.net Mon Nov  2 00:00:00 2026\n".to_vec();
        for line in message.split_inclusive(|&octet| octet == b'\n') {
            let quotes = line.iter().take_while(|&&octet| octet == b'>').count();
            if line[quotes..].starts_with(b"From ") {
                text.push(b'>');
            }
            text.extend_from_slice(line);
        }
        text.push(b'\n');
        mbox.write_all(&text).unwrap();
    }
}

fn messages_of_mbox(mbox: &[u8]) -> Vec<Vec<u8>> {
    let mut messages: Vec<Vec<u8>> = Vec::new();
    for line in mbox.split_inclusive(|&octet| octet == b'\n') {
        let quotes = line.iter().take_while(|&&octet| octet == b'>').count();
        match messages.last_mut() {
            _ if line.starts_with(b"From ") => messages.push(Vec::new()),
            Some(message) if line[quotes..].starts_with(b"From ") => message.extend_from_slice(&line[1..]),
            Some(message) => message.extend_from_slice(line),
            None => panic!("an mbox begins with a From line"),
        }
    }
    // The blank line after each belongs to the mbox.
    messages.iter().map(|message| with_carriage_returns(message.strip_suffix(b"\n").unwrap_or(message))).collect()
}

fn with_carriage_returns(message: &[u8]) -> Vec<u8> {
    let lines = message.split_inclusive(|&octet| octet == b'\n');
    lines.flat_map(|line| [line.strip_suffix(b"\n").unwrap_or(line), b"\r\n"].concat()).collect()
}

/// As a file of this system has it.
fn without_carriage_returns(message: &[u8]) -> Vec<u8> {
    let mut unix = message.to_vec();
    unix.retain(|&octet| octet != b'\r');
    unix
}

fn configuration(folder: &str, port: u16, tls_port: u16) -> String {
    let certificate = pki::certificate(Kind::Good);
    let (file, key) = (certificate.file.display(), certificate.key.display());
    format!(
        "mode daemon;\nforeground yes;\nmax-children 50;\npidfile \"{folder}/pid\";\ntcp-wrappers {{ enable no; }};\n\
         logging {{ syslog no; }};\nauth {{ authentication generic; authorization virtdomain; }};\n\
         virtdomain {{ passwd-dir \"{folder}/domains\"; }};\n\
         mandatory-locking {{ enable yes; lock-directory \"{folder}/locks\"; }};\n\
         tls-file-checks {{ key-file none; cert-file none; ca-file none; }};\n\
         tls {{ ssl-certificate-file \"{file}\"; ssl-key-file \"{key}\"; }};\n\
         server 127.0.0.1:{port} {{ tls-mode ondemand; }};\nserver 127.0.0.1:{tls_port} {{ tls-mode connection; }};\n"
    )
}

/// A message without the fields that this server adds to its header.
pub fn without_servers_fields(message: &[u8]) -> Vec<u8> {
    const ADDED: [&[u8]; 4] = [b"X-UIDL:", b"X-IMAPbase:", b"X-UID:", b"Status:"];
    let header = message.windows(4).position(|end| end == b"\r\n\r\n").map_or(message.len(), |end| end + 2);
    let lines = message[..header].split_inclusive(|&octet| octet == b'\n');
    let own = lines.filter(|line| !ADDED.iter().any(|name| line.starts_with(name)));
    [&own.collect::<Vec<_>>().concat(), &message[header..]].concat()
}
