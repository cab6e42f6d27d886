//! A disk that fails at one call: a small library that is loaded before the C library. (SQLite is linked into the program, but
//! writes through the C library like everything else.)

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What goes wrong, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// `write`, `sync`, `open`, `truncate` or `rename`.
    pub call: &'static str,
    /// An error number, or `short`: half of it is written.
    pub how: &'static str,
    /// It goes on failing.
    pub lasts: bool,
}

/// Numbers of the errors, as Linux has them.
pub const EIO: &str = "5";
pub const ENOSPC: &str = "28";

/// The command, whose `number`-th such call on the files below this folder goes wrong.
pub fn failing(mut command: Command, below: &Path, fault: Fault, number: usize) -> Command {
    prepare(&mut command, below, fault.call);
    command.env("FAULTY_AT", number.to_string()).env("FAULTY_HOW", fault.how);
    if fault.lasts {
        command.env("FAULTY_LASTS", "1");
    }
    command
}

/// How many such calls the command makes, which must succeed.
pub fn count(mut command: Command, below: &Path, call: &'static str) -> usize {
    let log = tempfile::NamedTempFile::new().unwrap();
    prepare(&mut command, below, call);
    let output = command.env("FAULTY_COUNT", log.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::read(log.path()).unwrap().len()
}

fn prepare(command: &mut Command, below: &Path, call: &'static str) {
    command.env("LD_PRELOAD", library()).env("FAULTY_BELOW", below.canonicalize().unwrap()).env("FAULTY_CALL", call);
}

/// Compiled once.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/faulty_disk.c");
        let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("faulty_disk-{}.so", std::process::id()));
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source).arg("-ldl");
        let output = compiler.output().expect("a C compiler");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        library
    })
}
