//! A run of the program in which one system call does not go well (strace's tampering).

use std::fs;
use std::path::Path;
use std::process::Command;

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blow {
    /// The program is killed before it is carried out.
    Kill,
    /// It fails.
    Error(&'static str),
    /// It fails, and so does every one that follows.
    LastingError(&'static str),
}

/// Which calls.
#[derive(Clone, Copy, Debug)]
pub struct Calls {
    /// As strace names them, with commas between.
    pub names: &'static str,
    /// Only where they touch these files.
    pub files: &'static [&'static str],
}

/// The command, with this happening to the `number`-th of these calls that any of its threads makes. Once it was killed, so is
/// strace itself.
pub fn tampered(command: &Command, profile: &Path, calls: Calls, number: usize, blow: Blow) -> Command {
    let (blow, onwards) = match blow {
        Blow::Kill => ("signal=SIGKILL".to_owned(), ""),
        Blow::Error(name) => (format!("error={name}"), ""),
        Blow::LastingError(name) => (format!("error={name}"), "+"),
    };
    let inject = format!("inject={}:{blow}:when={number}{onwards}", calls.names);
    traced(command, profile, calls, &["-o", "/dev/null", "-e", &inject])
}

/// How many of these calls a run makes that is left alone.
pub fn count(command: &Command, profile: &Path, calls: Calls) -> usize {
    let log = tempfile::NamedTempFile::new().unwrap();
    let status = traced(command, profile, calls, &["-o", log.path().to_str().unwrap()]).output().unwrap().status;
    assert!(status.success(), "{status} under strace");
    let is_call = |line: &&str| line.contains('(') && !line.contains("resumed>");
    fs::read_to_string(log.path()).unwrap().lines().filter(is_call).count()
}

fn traced(command: &Command, profile: &Path, calls: Calls, more: &[&str]) -> Command {
    let mut traced = Command::new("strace");
    traced.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    traced.args(["-f", "-qq", "-e", "signal=none", "-e", &format!("trace={}", calls.names)]).args(more);
    for file in calls.files {
        traced.arg("-P").arg(profile.join(file));
    }
    traced.arg("--").arg(command.get_program()).args(command.get_args());
    traced
}
