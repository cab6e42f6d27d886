//! The program's start, until its list is on the screen: with this profile, and with an empty one. On the display that there is;
//! `xvfb-run cargo bench --features inspection --bench million -- --folder DIR start` makes one.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use egui::accesskit::Role;
use egui_inspection::protocol::read_handshake;
use egui_inspection::{Request, Response, read_message, write_message};

use super::Bench;

const TIMES: usize = 9;
const PATIENCE: Duration = Duration::from_secs(60);

pub fn run(bench: &Bench) {
    if std::env::var_os("DISPLAY").is_none() || cfg!(not(feature = "inspection")) {
        return println!("start: not measured without a display and the feature inspection");
    }
    let empty = tempfile::tempdir().unwrap();
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        without.push(started(empty.path(), |role, label| role == Role::Button && label.trim() == "Add your account"));
        with.push(started(&bench.profile(), |role, _| role == Role::ListBoxOption));
    }
    for times in [&mut without, &mut with] {
        times.sort_by(f64::total_cmp);
    }
    let (without, with) = (without[TIMES / 2], with[TIMES / 2]);
    println!(
        "start until the window says what it is to say: empty {without:.0} ms, full {with:.0} ms, ratio {:.2}",
        with / without
    );
}

/// Milliseconds until the window has something of this kind.
fn started(profile: &Path, is_there: impl Fn(Role, &str) -> bool) -> f64 {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new(env!("CARGO_BIN_EXE_malote"));
    command.arg("--profile").arg(profile).env("EGUI_INSPECTION", format!("127.0.0.1:{port}"));
    let begun = Instant::now();
    let mut program = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let line = loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(line) => break line,
            Err(_) if begun.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(1)),
            Err(error) => panic!("no window: {error}"),
        }
    };
    read_handshake(&line).unwrap();
    let took = loop {
        write_message(&line, &Request::GetTree).unwrap();
        if let Response::Tree { accesskit: Some(tree), .. } = read_message(&line).unwrap()
            && tree.nodes.iter().any(|(_, node)| is_there(node.role(), node.label().unwrap_or_default()))
        {
            break begun.elapsed();
        }
        assert!(begun.elapsed() < PATIENCE, "it is not there");
        std::thread::sleep(Duration::from_millis(1));
    };
    let told = Command::new("kill").arg(program.id().to_string()).status().unwrap();
    assert!(told.success() && program.wait().unwrap().success(), "it closes when it is told to");
    took.as_secs_f64() * 1e3
}
