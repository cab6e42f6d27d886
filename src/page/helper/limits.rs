//! What the process that draws pages may have. It asks for that itself, before it reads the first octet of mail.

/// Memory that it may write to for a page. The largest honest one with its pictures takes a third of it, on the densest of
/// screens; the stack, which is only used as deep as a page nests, counts in full.
const MEMORY_BYTES: u64 = 256 << 20;

/// The same for printing a message, by a process of its own: all its sheets, and the file that becomes of them.
const PRINT_MEMORY_BYTES: u64 = 448 << 20;

/// Computing time for one request, beyond which the system ends the process; the window has lost patience long before.
const REQUEST_SECS: u64 = 20;

/// The same for printing a message, which may be hundreds of sheets: more than [`super::super::print`] waits for.
const PRINT_SECS: u64 = 180;

/// Files that it may have open at once: pipes and fonts.
const OPEN_FILES: u64 = 128;

#[cfg(unix)]
mod unix {
    use std::sync::atomic::{AtomicBool, Ordering};

    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    use rustix::time::{ClockId, clock_gettime};

    /// Whether this is the process that draws. A test that draws by itself is not to be ended.
    static IS_SET: AtomicBool = AtomicBool::new(false);

    pub fn set() {
        IS_SET.store(true, Ordering::Relaxed);
        // A font cache that is out of date would be written anew by fontconfig: it then hears that it cannot, in place of the
        // signal that ends the process.
        let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, std::sync::Arc::default());
        limit(Resource::Fsize, 0);
        limit(Resource::Core, 0);
        limit(Resource::Data, super::PRINT_MEMORY_BYTES);
        limit(Resource::Nofile, super::OPEN_FILES);
        renew();
    }

    pub fn renew() {
        renew_to(super::REQUEST_SECS, super::MEMORY_BYTES);
    }

    pub fn renew_for_printing() {
        renew_to(super::PRINT_SECS, super::PRINT_MEMORY_BYTES);
    }

    fn renew_to(seconds: u64, bytes: u64) {
        if !IS_SET.load(Ordering::Relaxed) {
            return;
        }
        let maximum = getrlimit(Resource::Data).maximum;
        let most = maximum.map_or(bytes, |allowed| allowed.min(bytes));
        let _ = setrlimit(Resource::Data, Rlimit { current: Some(most), maximum });
        let used = clock_gettime(ClockId::ProcessCPUTime).tv_sec;
        let until = u64::try_from(used).unwrap_or_default() + seconds;
        // Only what is due now is set: it is to be put off again.
        let maximum = getrlimit(Resource::Cpu).maximum;
        let _ = setrlimit(Resource::Cpu, Rlimit { current: Some(until), maximum });
    }

    /// For good, unless it is less already. Where the system knows no such limit the others still hold.
    fn limit(resource: Resource, most: u64) {
        let most = getrlimit(resource).maximum.map_or(most, |allowed| allowed.min(most));
        let _ = setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
    }
}

#[cfg(unix)]
pub use unix::{renew, renew_for_printing, set};

/// Other systems have no such limits for a process to set itself; the window's patience holds there all the same.
#[cfg(not(unix))]
pub fn set() {}

#[cfg(not(unix))]
pub fn renew() {}

#[cfg(not(unix))]
pub fn renew_for_printing() {}
