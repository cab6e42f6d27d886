//! What this process has cost, as Linux tells it.

use std::fs;
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};

/// A stretch of work: its time, and the processor's.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    pub wall_ms: f64,
    pub cpu_ms: f64,
}

/// Does it, and says what that has cost, all threads together.
pub fn cost<T>(work: impl FnOnce() -> T) -> (T, Cost) {
    let (begun, before) = (Instant::now(), process_cpu_ms());
    let value = work();
    (value, Cost { wall_ms: begun.elapsed().as_secs_f64() * 1e3, cpu_ms: process_cpu_ms() - before })
}

/// Milliseconds that all threads of this process have run, those that are gone among them.
pub fn process_cpu_ms() -> f64 {
    now_ms(ClockId::ProcessCPUTime)
}

/// The same of this thread. From the clock: what Linux writes into files is only brought up to date now and then.
pub fn thread_cpu_ms() -> f64 {
    now_ms(ClockId::ThreadCPUTime)
}

fn now_ms(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
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
