//! What this process has cost, as Linux tells it.

use std::fs;
use std::time::Instant;

/// A stretch of work: its time, and the processor's.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    pub wall_ms: f64,
    pub cpu_ms: f64,
}

/// Does it, and says what that has cost, all threads together.
pub fn cost<T>(work: impl FnOnce() -> T) -> (T, Cost) {
    let (begun, before) = (Instant::now(), cpu_ms());
    let value = work();
    (value, Cost { wall_ms: begun.elapsed().as_secs_f64() * 1e3, cpu_ms: cpu_ms() - before })
}

/// Milliseconds that all threads of this process that live have run.
fn cpu_ms() -> f64 {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    tasks.filter_map(|task| run_ms(&task.ok()?.path().join("schedstat").to_string_lossy())).sum()
}

/// The same of all that ever lived, to a hundredth of a second.
pub fn process_cpu_ms() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks * 10.0
}

pub fn thread_cpu_ms() -> f64 {
    run_ms("/proc/thread-self/schedstat").unwrap()
}

fn run_ms(path: &str) -> Option<f64> {
    let stat = fs::read_to_string(path).ok()?;
    Some(stat.split(' ').next()?.parse::<f64>().ok()? / 1e6)
}

/// Megabytes of memory: those held now, or the most since [`forget_peak`].
pub fn resident_mb() -> f64 {
    status("VmRSS:")
}

pub fn peak_mb() -> f64 {
    status("VmHWM:")
}

pub fn forget_peak() {
    fs::write("/proc/self/clear_refs", "5").unwrap();
}

fn status(name: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}
