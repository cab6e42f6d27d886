//! Child processes that do not outlive the test.

use std::fs;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a server may take to come up, or a program to end. Generous: the machine may be busy with other tests.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A server process; asked to end, then made to, when dropped.
pub struct Server(Child);

impl Server {
    /// Starts a server that ends with the test even if the test is killed: the kernel tells it when its parent thread dies.
    pub fn spawn(program: &str, arguments: &[&str], prepare: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM", program]).args(arguments);
        prepare(&mut command);
        Self(command.spawn().unwrap_or_else(|error| panic!("{program} does not start: {error}; tests/run installs it")))
    }

    /// Its way out, if it ended.
    pub fn has_ended(&mut self) -> bool {
        self.0.try_wait().is_ok_and(|status| status.is_some())
    }

    pub fn child(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        terminate(&self.0);
        if wait_for(Duration::from_secs(5), || self.has_ended()).is_none() {
            let _ended_meanwhile = self.0.kill();
            let _status = self.0.wait();
        }
    }
}

/// Asks a process to end.
pub fn terminate(child: &Child) {
    let _gone_already = Command::new("sh").args(["-c", &format!("kill -TERM {}", child.id())]).status();
}

/// Asks again and again until the answer is yes; None: it never was.
pub fn wait_for(patience: Duration, mut yes: impl FnMut() -> bool) -> Option<()> {
    let end = Instant::now() + patience;
    while !yes() {
        if Instant::now() > end {
            return None;
        }
        sleep(Duration::from_millis(10));
    }
    Some(())
}

/// Waits until something listens on this loopback port.
pub fn wait_for_port(port: u16, server: &mut Server, what: &str) {
    let up = wait_for(PATIENCE, || {
        assert!(!server.has_ended(), "{what} ended at once");
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    assert!(up.is_some(), "{what} does not listen on port {port}");
}

/// The processes that this one started and that have not ended, with their names.
pub fn children(id: u32) -> Vec<(u32, String)> {
    let listed = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
    let ids = listed.split_whitespace().filter_map(|child| child.parse().ok());
    ids.filter_map(|child: u32| {
        Some((child, fs::read_to_string(format!("/proc/{child}/comm")).ok()?.trim().to_owned()))
    })
    .collect()
}

/// The processes that draw pages for this one.
pub fn helpers_of(id: u32) -> Vec<u32> {
    let parent = format!("PPid:\t{id}");
    let is_helper = |process: &u32| {
        let about = |what: &str| fs::read_to_string(format!("/proc/{process}/{what}")).unwrap_or_default();
        about("cmdline").ends_with("\0--render-helper\0") && about("status").lines().any(|line| line == parent)
    };
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    processes.filter(is_helper).collect()
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).unwrap().port()
}

/// Runs a tool that must succeed; its standard output.
pub fn tool(folder: &Path, program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap_or_else(|error| panic!("{program} does not start: {error}; tests/run installs it"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Whether this test runs as root, as it does in a container: servers then give up their rights by themselves.
pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|about| std::os::unix::fs::MetadataExt::uid(&about) == 0)
}

/// Lets everyone pass through a folder: a server that gave up its rights has to reach its files.
pub fn open_to_all(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))
}
