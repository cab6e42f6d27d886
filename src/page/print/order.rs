//! Has a message printed by a process of its own: mail is hostile, and neither a page that is never finished nor an engine that
//! ends with it may reach the window.

use std::time::Duration;

use super::Job;
use crate::page::protocol::{PageId, Renderer as _, Reply, Request, Trouble};
use crate::page::supervisor::{Patience, Supervisor};

/// How long a message may take, its process started and its fonts known: a thousand sheets take some seconds.
const MOST_TIME: Duration = Duration::from_secs(if cfg!(debug_assertions) { 150 } else { 60 });

/// Why there is no PDF of a message: a sentence for a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unprinted {
    #[error("it takes too long to lay out")]
    TooSlow,
    #[error("the page engine failed on it")]
    Broken,
    /// It would take more than a message may; how much is said in words.
    #[error("{0}")]
    Refused(String),
    #[error("the process that draws pages cannot be started")]
    Unavailable,
}

/// The octets of the PDF, made by another process of this program. Waits for it: not for a thread that draws a window.
///
/// # Errors
///
/// [`Unprinted`]
pub fn print(job: Job) -> Result<Vec<u8>, Unprinted> {
    waited(job, Supervisor::start_with(patience(), Box::new(|| {})).map_err(|_| Unprinted::Unavailable)?)
}

fn patience() -> Patience {
    // What failed once is not tried again by itself.
    Patience { frame: MOST_TIME, failures: 1, ..Patience::default() }
}

fn waited(job: Job, mut supervisor: Supervisor) -> Result<Vec<u8>, Unprinted> {
    supervisor.ask(Request::Print { page: PageId(1), job: Box::new(job) });
    loop {
        match supervisor.wait() {
            Some(Reply::Printed { pdf, .. }) => return Ok(pdf),
            Some(Reply::Refused { why, .. }) => return Err(why.into()),
            Some(_) => {}
            None => return Err(Unprinted::Unavailable),
        }
    }
}

impl From<Trouble> for Unprinted {
    fn from(why: Trouble) -> Self {
        match why {
            Trouble::TooSlow => Self::TooSlow,
            Trouble::Broken => Self::Broken,
            Trouble::Refused(words) => Self::Refused(words),
            Trouble::Unavailable => Self::Unavailable,
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn where_there_is_no_process_that_is_said() {
        for program in ["/nonexistent/malote", "/bin/false"] {
            let supervisor = Supervisor::of(program.into(), patience(), Box::new(|| {})).unwrap();
            let printed = waited(Job::default(), supervisor);
            assert!(matches!(printed, Err(Unprinted::Unavailable | Unprinted::Broken)), "{program}: {printed:?}");
        }
    }
}
