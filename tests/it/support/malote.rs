//! The program under test, on a profile and a home of its own.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::process::wait_for;
use super::{Incoming, PASSWORD, USER};

/// No run of the program may take longer than this; a run that does is ended and fails.
const LONGEST_RUN: Duration = Duration::from_secs(120);

pub struct Malote {
    home: TempDir,
    profile: PathBuf,
    environment: Vec<(String, String)>,
}

/// How a run ended and what it said.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// None: ended by a signal.
    pub status: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

/// What `get --json` says of one account.
#[derive(Clone, Debug)]
pub struct Visit {
    pub account: String,
    pub new: u64,
    pub bytes: u64,
    pub deleted_on_server: u64,
    pub connected_ms: u64,
    /// Each as text; empty: all went well.
    pub problems: Vec<String>,
}

impl Malote {
    pub fn new() -> Self {
        let home = tempfile::Builder::new().prefix("malote-home-").tempdir().unwrap();
        let profile = home.path().join("profile");
        // The password for those who do not use a keyring: beside the profile, not in it.
        fs::write(home.path().join("password"), PASSWORD).unwrap();
        Self { home, profile, environment: Vec::new() }
    }

    /// With one account “Work” whose password comes from a command.
    pub fn with_account(incoming: &Incoming, more: &[&str]) -> Self {
        let malote = Self::new();
        malote.add("Work", incoming, more);
        malote
    }

    pub fn profile(&self) -> &Path {
        &self.profile
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Everything below is run with this, too.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.into(), value.into()));
    }

    /// Exchanges the profile for a copy of another one's.
    pub fn copy_profile_of(&self, other: &Self) {
        let _not_there_yet = fs::remove_dir_all(&self.profile);
        copy_folder(&other.profile, &self.profile);
    }

    pub fn add(&self, name: &str, incoming: &Incoming, more: &[&str]) {
        let command = self.password_command();
        let mut arguments = vec!["--password-command", command.as_str()];
        arguments.extend(more);
        self.add_with(name, incoming, &arguments, None).succeeded();
    }

    /// `account add` with a password from wherever `arguments` say.
    pub fn add_with(&self, name: &str, incoming: &Incoming, arguments: &[&str], stdin: Option<&[u8]>) -> Outcome {
        let port = incoming.port.to_string();
        let mut all = vec!["account", "add", "--name", name];
        for (switch, usual) in [("--address", "ana@example.org"), ("--user", USER)] {
            if !arguments.contains(&switch) {
                all.extend([switch, usual]);
            }
        }
        all.extend(["--host", &incoming.host, "--port", &port, "--security", incoming.security]);
        if let Some(file) = &incoming.ca_file {
            all.extend(["--ca-file", file.to_str().unwrap()]);
        }
        all.extend(arguments);
        self.run_with(&all, stdin)
    }

    pub fn password_command(&self) -> String {
        format!("cat '{}'", self.home.path().join("password").display())
    }

    /// From now on the command gives another password.
    pub fn change_password(&self, password: &str) {
        fs::write(self.home.path().join("password"), password).unwrap();
    }

    /// The bare command, for those who want to start it themselves. Nothing of the tester's desktop is in its environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_malote"));
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.home.path()).env("LANG", "C.UTF-8").env("TZ", "UTC");
        // Where no variable says otherwise the machine's own system bus would be asked.
        command.env("DBUS_SYSTEM_BUS_ADDRESS", format!("unix:path={}", self.home.path().join("no-bus").display()));
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.arg("--profile").arg(&self.profile).args(arguments);
        command
    }

    /// Starts it and does not wait. Its output is kept for [`Running::end`].
    pub fn start(&self, arguments: &[&str]) -> Running {
        Running::of(self.command(arguments), None)
    }

    pub fn run(&self, arguments: &[&str]) -> Outcome {
        self.run_with(arguments, None)
    }

    pub fn run_with(&self, arguments: &[&str], stdin: Option<&[u8]>) -> Outcome {
        Running::of(self.command(arguments), stdin).end()
    }

    /// Standard output of a run that must succeed.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let outcome = self.run(arguments).succeeded();
        String::from_utf8(outcome.stdout).unwrap()
    }

    /// Collects; one visit an account, in the order of the lines.
    pub fn get_all(&self, names: &[&str]) -> (Option<i32>, Vec<Visit>) {
        let mut arguments = vec!["get", "--json"];
        arguments.extend(names);
        let outcome = self.run(&arguments);
        (outcome.status, outcome.json().iter().map(Visit::from_json).collect())
    }

    /// Collects for the one account there is, whatever comes of it. A visit that failed says so in its exit status too.
    pub fn try_get(&self) -> Visit {
        let (status, mut visits) = self.get_all(&[]);
        assert_eq!(visits.len(), 1, "one line an account");
        let visit = visits.remove(0);
        assert_eq!(status, Some(i32::from(!visit.problems.is_empty())), "the exit status tells of problems: {visit:?}");
        visit
    }

    /// Collects; nothing may go wrong.
    #[track_caller]
    pub fn get(&self) -> Visit {
        let visit = self.try_get();
        assert!(visit.problems.is_empty(), "{:?}", visit.problems);
        visit
    }

    pub fn list(&self, mailbox: &str) -> Vec<Value> {
        self.run(&["list", mailbox, "--json"]).succeeded().json()
    }

    pub fn keys(&self, mailbox: &str) -> Vec<String> {
        self.list(mailbox).iter().map(|row| text(&row["key"])).collect()
    }

    /// The received octets of one message.
    pub fn raw(&self, key: &str) -> Vec<u8> {
        self.run(&["show", key, "--raw"]).succeeded().stdout
    }

    /// Every message of the profile, as `export --format eml` writes it.
    #[track_caller]
    pub fn stored(&self) -> Vec<Vec<u8>> {
        let folder = tempfile::tempdir().unwrap();
        self.ok(&["export", "--format", "eml", folder.path().to_str().unwrap()]);
        files_below(folder.path()).iter().map(|file| fs::read(file).unwrap()).collect()
    }

    /// The one file of the profile that is a database.
    pub fn database(&self) -> PathBuf {
        let is_database = |file: &PathBuf| fs::read(file).unwrap().starts_with(b"SQLite format 3\0");
        files_below(&self.profile).into_iter().find(is_database).expect("a database in the profile")
    }

    /// The files of the profile that hold these octets.
    pub fn profile_files_with(&self, needle: &[u8]) -> Vec<PathBuf> {
        let holds = |file: &PathBuf| fs::read(file).unwrap().windows(needle.len()).any(|window| window == needle);
        files_below(&self.profile).into_iter().filter(holds).collect()
    }
}

impl Visit {
    fn from_json(value: &Value) -> Self {
        let number = |name: &str| value[name].as_u64().unwrap_or_else(|| panic!("{name} in {value}"));
        Self {
            account: text(&value["account"]),
            new: number("new"),
            bytes: number("bytes"),
            deleted_on_server: number("deleted_on_server"),
            connected_ms: number("connected_ms"),
            problems: value["problems"].as_array().expect("a list of problems").iter().map(text).collect(),
        }
    }
}

impl Outcome {
    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert_eq!(self.status, Some(0), "{}{}", self.stderr, String::from_utf8_lossy(&self.stdout));
        self
    }

    /// Fails as the program's users are told: exit status 1, and words.
    #[track_caller]
    pub fn failed(self) -> Self {
        assert_eq!(self.status, Some(1), "{}{}", self.stderr, String::from_utf8_lossy(&self.stdout));
        assert!(!self.said().trim().is_empty(), "it fails without a word");
        self
    }

    /// One object a line.
    pub fn json(&self) -> Vec<Value> {
        let out = String::from_utf8_lossy(&self.stdout);
        out.lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}\n{}", self.stderr)))
            .collect()
    }

    /// All it said, on both channels.
    pub fn said(&self) -> String {
        format!("{}{}", String::from_utf8_lossy(&self.stdout), self.stderr)
    }
}

/// A run under way.
pub struct Running {
    child: Child,
    output: Option<[thread::JoinHandle<Vec<u8>>; 2]>,
}

impl Running {
    pub fn of(mut command: Command, stdin: Option<&[u8]>) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.stdin(if stdin.is_some() { Stdio::piped() } else { Stdio::null() });
        let mut child = command.spawn().unwrap();
        if let (Some(text), Some(mut pipe)) = (stdin, child.stdin.take()) {
            let _it_may_not_read = pipe.write_all(text);
        }
        let output = [collect(child.stdout.take().unwrap()), collect(child.stderr.take().unwrap())];
        Self { child, output: Some(output) }
    }

    /// SIGKILL: no farewell.
    pub fn kill(&mut self) {
        let _ended_already = self.child.kill();
        let _status = self.child.wait();
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for its end, and checks what holds for every run: no panic, and no password in what it says.
    pub fn end(mut self) -> Outcome {
        let ended = wait_for(LONGEST_RUN, || self.has_ended());
        self.kill();
        let [stdout, stderr] = self.output.take().unwrap().map(|pipe| pipe.join().unwrap());
        let status = self.child.wait().unwrap().code();
        let outcome = Outcome { status, stdout, stderr: String::from_utf8_lossy(&stderr).into_owned() };
        assert!(ended.is_some(), "still running after {LONGEST_RUN:?}: {}", outcome.said());
        assert!(!outcome.said().contains("panicked"), "{}", outcome.said());
        assert!(!outcome.said().contains(PASSWORD), "it says the password: {}", outcome.said());
        outcome
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A JSON value as a person would read it: a string without its quotes.
pub fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => files.extend(files_below(&entry.path())),
            kind if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
    files.sort();
    files
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in files_below(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(&file, &target).unwrap();
    }
}

fn collect(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _cut_off = pipe.read_to_end(&mut bytes);
        bytes
    })
}
