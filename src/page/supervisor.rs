//! Has pages drawn by another process ([`super::helper`]), and sees to it that there is one: the window asks and looks what has
//! come, and never waits.
//!
//! One process is kept warm. It is ended when it owes a frame for too long; the page at which that happened is not tried again
//! by itself, and after a few failures without a frame between them nothing is tried for a while.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::View;
use super::protocol::{self, ARGUMENT, PageId, Renderer, Reply, Request, Trouble};

/// Called after each reply, so that the window looks.
pub type Wake = Box<dyn Fn() + Send>;

/// What of the person's environment the process has: what tells where the fonts are, and in which language.
const ENVIRONMENT: [&str; 12] = [
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "XDG_DATA_HOME",
    "XDG_DATA_DIRS",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "FONTCONFIG_FILE",
    "FONTCONFIG_PATH",
    "SystemRoot",
    "WINDIR",
];

/// How long is waited, and how often something is tried.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For a frame, once it was asked for.
    pub frame: Duration,
    /// For a new process to know its fonts: many fonts on a slow disk take their time.
    pub start: Duration,
    /// Failures in a row after which nothing is tried,
    pub failures: u32,
    /// for so long.
    pub pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            // Unoptimised, an honest page may take five times as long as for a person who waits.
            frame: Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 2 }),
            start: Duration::from_secs(15),
            failures: 3,
            pause: Duration::from_secs(60),
        }
    }
}

/// The window's end of the line to whoever draws.
pub struct Supervisor {
    words: Sender<Word>,
    replies: Receiver<Reply>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Supervisor {
    /// Has pages drawn by this program itself.
    ///
    /// # Errors
    ///
    /// If there can be no thread for it.
    pub fn start(wake: Wake) -> io::Result<Self> {
        Self::start_with(Patience::default(), wake)
    }

    /// The same with another patience.
    pub(super) fn start_with(patience: Patience, wake: Wake) -> io::Result<Self> {
        // On Linux the program's own file, even where an update has put another one in its place meanwhile.
        let own = PathBuf::from("/proc/self/exe");
        let program = if cfg!(target_os = "linux") && own.exists() { own } else { std::env::current_exe()? };
        Self::of(program, patience, wake)
    }

    /// Has them drawn by that program, which understands [`ARGUMENT`].
    ///
    /// # Errors
    ///
    /// If there can be no thread for it.
    pub fn of(program: PathBuf, patience: Patience, wake: Wake) -> io::Result<Self> {
        let (words, hear) = channel();
        let (tell, replies) = channel();
        let to_self = words.clone();
        let thread = thread::Builder::new().name("pages".into()).spawn(move || {
            let mut desk = Desk::new(program, patience, to_self, Outlet { tell, wake });
            desk.warm_up();
            desk.work(&hear);
        })?;
        Ok(Self { words, replies, thread: Some(thread) })
    }

    /// The next that comes, waiting for it. None: nothing will.
    pub(super) fn wait(&mut self) -> Option<Reply> {
        self.replies.recv().ok()
    }
}

impl Renderer for Supervisor {
    fn ask(&mut self, request: Request) {
        // The thread ends with this value.
        let _ = self.words.send(Word::Asked(request));
    }

    fn reply(&mut self) -> Option<Reply> {
        self.replies.try_recv().ok()
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        let _ = self.words.send(Word::End);
        if let Some(thread) = self.thread.take() {
            // It does nothing that takes long, and the process is not to outlive the window.
            let _ = thread.join();
        }
    }
}

/// What the thread hears. What processes say comes with their number: of one that was ended there may still be some on the way.
enum Word {
    Asked(Request),
    Heard(u64, Reply),
    Ended(u64),
    End,
}

struct Outlet {
    tell: Sender<Reply>,
    wake: Wake,
}

impl Outlet {
    fn say(&self, reply: Reply) {
        if self.tell.send(reply).is_ok() {
            (self.wake)();
        }
    }
}

/// The one process there is.
struct Helper {
    child: Child,
    /// Has a thread of its own at its other end: the pipe is full when the process does not read.
    requests: Sender<Request>,
    number: u64,
    started: Instant,
    is_ready: bool,
}

impl Drop for Helper {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The frame that was asked for last, since when one is owed.
struct Owed {
    page: PageId,
    view: View,
    since: Instant,
}

struct Desk {
    program: PathBuf,
    patience: Patience,
    to_self: Sender<Word>,
    outlet: Outlet,
    helper: Option<Helper>,
    /// Processes that were started.
    count: u64,
    owed: Option<Owed>,
    /// The page that is open over there.
    open: Option<PageId>,
    /// When something failed since the last frame.
    failures: VecDeque<Instant>,
}

impl Desk {
    fn new(program: PathBuf, patience: Patience, to_self: Sender<Word>, outlet: Outlet) -> Self {
        let failures = VecDeque::new();
        Self { program, patience, to_self, outlet, helper: None, count: 0, owed: None, open: None, failures }
    }

    fn work(&mut self, words: &Receiver<Word>) {
        loop {
            let word = match self.due() {
                None => words.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => words.recv_timeout(due.saturating_duration_since(Instant::now())),
            };
            match word {
                Ok(Word::Asked(request)) => self.asked(request),
                Ok(Word::Heard(number, reply)) if self.is_current(number) => self.heard(reply),
                Ok(Word::Ended(number)) if self.is_current(number) => self.fail(Trouble::Broken),
                Ok(Word::Heard(..) | Word::Ended(_)) => {}
                Err(RecvTimeoutError::Timeout) => self.overdue(),
                Ok(Word::End) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn is_current(&self, number: u64) -> bool {
        self.helper.as_ref().is_some_and(|helper| helper.number == number)
    }

    /// When patience ends; None: nothing is owed.
    fn due(&self) -> Option<Instant> {
        let helper = self.helper.as_ref()?;
        if helper.is_ready {
            self.owed.as_ref().map(|owed| owed.since + self.patience.frame)
        } else {
            Some(helper.started + self.patience.start)
        }
    }

    fn overdue(&mut self) {
        if self.due().is_some_and(|due| due <= Instant::now()) {
            let is_ready = self.helper.as_ref().is_some_and(|helper| helper.is_ready);
            self.fail(if is_ready { Trouble::TooSlow } else { Trouble::Unavailable });
        }
    }

    fn asked(&mut self, request: Request) {
        match &request {
            Request::Load { page, view, .. } => {
                if !self.warm_up() {
                    return self.outlet.say(Reply::Refused { page: *page, why: Trouble::Unavailable });
                }
                self.open = Some(*page);
                self.owed = Some(Owed { page: *page, view: *view, since: Instant::now() });
            }
            Request::Print { page, .. } => {
                if !self.warm_up() {
                    return self.outlet.say(Reply::Refused { page: *page, why: Trouble::Unavailable });
                }
                self.open = Some(*page);
                self.owed = Some(Owed { page: *page, view: View::NOTHING, since: Instant::now() });
            }
            // What was open is not any more, and that was said.
            _ if self.open != Some(request.page()) => return,
            Request::View { page, view } => {
                let since = self.owed.as_ref().map_or_else(Instant::now, |owed| owed.since);
                self.owed = Some(Owed { page: *page, view: *view, since });
            }
            _ => {}
        }
        if let Some(helper) = &self.helper {
            // Should it have ended, that is heard of, too.
            let _ = helper.requests.send(request);
        }
    }

    fn heard(&mut self, reply: Reply) {
        match &reply {
            Reply::Ready => {
                if let Some(helper) = &mut self.helper {
                    helper.is_ready = true;
                }
                // Only now can anything be owed.
                if let Some(owed) = &mut self.owed {
                    owed.since = Instant::now();
                }
                return;
            }
            Reply::Frame { page, view, .. } => {
                self.failures.clear();
                self.owed.take_if(|owed| owed.page == *page && owed.view == *view);
                // Something came: the one that is still to come has its own time.
                if let Some(owed) = &mut self.owed {
                    owed.since = Instant::now();
                }
            }
            Reply::Refused { page, .. } | Reply::Printed { page, .. } => {
                self.owed.take_if(|owed| owed.page == *page);
                self.open.take_if(|open| *open == *page);
            }
            Reply::Hit { .. } | Reply::Copied { .. } | Reply::Found { .. } => {}
        }
        self.outlet.say(reply);
    }

    /// Ends the process, tells of the page that is open, and has another one ready for the next.
    fn fail(&mut self, why: Trouble) {
        self.helper = None;
        self.owed = None;
        self.failures.push_back(Instant::now());
        if let Some(page) = self.open.take() {
            self.outlet.say(Reply::Refused { page, why });
        }
        self.warm_up();
    }

    /// Whether there is a process, now if not before.
    fn warm_up(&mut self) -> bool {
        if self.helper.is_some() {
            return true;
        }
        let pause = self.patience.pause;
        if self.failures.front().is_some_and(|failure| failure.elapsed() > pause) {
            self.failures.clear();
        }
        if self.failures.len() >= self.patience.failures as usize {
            return false;
        }
        self.count += 1;
        match Helper::start(&self.program, self.count, &self.to_self) {
            Ok(helper) => self.helper = Some(helper),
            Err(_) => self.failures.push_back(Instant::now()),
        }
        self.helper.is_some()
    }
}

impl Helper {
    fn start(program: &Path, number: u64, words: &Sender<Word>) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.arg(ARGUMENT).env_clear();
        command.envs(ENVIRONMENT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::arg0(&mut command, "malote");
        let mut child = command.spawn()?;
        let (Some(mut stdin), Some(mut stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let (requests, to_write) = channel::<Request>();
        // From here on dropping it ends the process.
        let helper = Self { child, requests, number, started: Instant::now(), is_ready: false };
        thread::Builder::new().name("to pages".into()).spawn(move || {
            while let Ok(request) = to_write.recv() {
                if protocol::write(&mut stdin, &request).is_err() {
                    return;
                }
            }
        })?;
        let words = words.clone();
        thread::Builder::new().name("from pages".into()).spawn(move || {
            while let Ok(Some(reply)) = protocol::read(&mut stdout) {
                if words.send(Word::Heard(number, reply)).is_err() {
                    return;
                }
            }
            let _ = words.send(Word::Ended(number));
        })?;
        Ok(helper)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::page::Document;

    const VIEW: View = View { width_px: 4, height_px: 2, scale: 1.0, scroll_y_px: 0, dark: false };

    fn load(page: u64) -> Request {
        Request::Load { page: PageId(page), view: VIEW, document: Arc::new(Document::default()) }
    }

    fn impatient() -> Patience {
        Patience {
            frame: Duration::from_millis(100),
            start: Duration::from_millis(200),
            failures: 3,
            pause: Duration::from_secs(60),
        }
    }

    fn next(supervisor: &mut Supervisor) -> Reply {
        supervisor.replies.recv_timeout(Duration::from_secs(20)).expect("a reply")
    }

    #[test]
    fn where_no_process_can_be_started_pages_are_refused_at_once_and_the_window_goes_on() {
        let nowhere = PathBuf::from("/nonexistent/malote");
        let mut supervisor = Supervisor::of(nowhere, impatient(), Box::new(|| {})).unwrap();
        for page in 1..6 {
            supervisor.ask(load(page));
            let refused = Reply::Refused { page: PageId(page), why: Trouble::Unavailable };
            assert_eq!(next(&mut supervisor), refused);
        }
    }

    #[cfg(unix)]
    #[test]
    fn programs_that_say_nothing_or_nonsense_are_given_up_after_three_times() {
        for program in ["/bin/false", "/bin/echo", "/usr/bin/yes"] {
            let mut supervisor = Supervisor::of(program.into(), impatient(), Box::new(|| {})).unwrap();
            for page in 1..6 {
                supervisor.ask(load(page));
                match next(&mut supervisor) {
                    Reply::Refused { page: refused, .. } => assert_eq!(refused, PageId(page), "{program}"),
                    other => panic!("{program}: {other:?}"),
                }
            }
        }
    }

    /// A desk whose process is make-believe: what is sent to it lies there.
    fn desk() -> (Desk, Receiver<Reply>) {
        let (tell, replies) = channel();
        let (to_self, _) = channel();
        let outlet = Outlet { tell, wake: Box::new(|| {}) };
        (Desk::new("/nonexistent/malote".into(), Patience::default(), to_self, outlet), replies)
    }

    #[cfg(unix)]
    fn with_helper(desk: &mut Desk) -> Receiver<Request> {
        let (requests, sent) = channel();
        let child = Command::new("/bin/true").spawn().unwrap();
        desk.helper = Some(Helper { child, requests, number: 1, started: Instant::now(), is_ready: true });
        sent
    }

    #[cfg(unix)]
    #[test]
    fn a_frame_is_owed_until_the_view_that_was_asked_for_last_is_drawn() {
        let (mut desk, _replies) = desk();
        let _sent = with_helper(&mut desk);
        let later = View { scroll_y_px: 5, ..VIEW };
        let frame = |view| Reply::Frame { page: PageId(1), view, frame: super::super::Frame::default() };
        assert_eq!(desk.due(), None, "nothing was asked");
        desk.asked(load(1));
        let first = desk.due().expect("a frame is owed");
        desk.asked(Request::View { page: PageId(1), view: later });
        assert_eq!(desk.due(), Some(first), "scrolling on does not put off the end");
        desk.heard(frame(VIEW));
        assert!(desk.due().is_some_and(|due| due > first), "something came: the next one has its own time");
        desk.heard(frame(later));
        assert_eq!(desk.due(), None);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_asked_of_a_page_that_failed_goes_nowhere() {
        let (mut desk, replies) = desk();
        let sent = with_helper(&mut desk);
        desk.asked(load(1));
        desk.fail(Trouble::TooSlow);
        assert_eq!(replies.try_recv(), Ok(Reply::Refused { page: PageId(1), why: Trouble::TooSlow }));
        let sent_later = with_helper(&mut desk);
        desk.asked(Request::Copy { page: PageId(1) });
        desk.asked(Request::View { page: PageId(1), view: VIEW });
        assert_eq!((sent.try_iter().count(), sent_later.try_iter().count()), (1, 0));
        assert_eq!(desk.due(), None);
    }
}
