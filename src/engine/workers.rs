//! A few threads for work that needs no network and no store: parsing, hashing, compressing. All visits share them.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use async_channel::Sender;
use futures::FutureExt;
use futures::channel::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// Threads at most. Each keeps a compressor of its own at hand, and more than three outrun most disks.
const MOST_THREADS: usize = 3;

/// A way to the threads, which end when the last one is dropped.
#[derive(Clone)]
pub(super) struct Workers {
    /// Not bounded: who brings work bounds what it holds in memory.
    jobs: Sender<Job>,
}

impl Workers {
    /// Starts one thread for each processor, up to [`MOST_THREADS`].
    pub fn start() -> std::io::Result<Self> {
        let (jobs, queue) = async_channel::unbounded::<Job>();
        let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
        for number in 1..=threads {
            let queue = queue.clone();
            thread::Builder::new().name(format!("worker-{number}")).spawn(move || {
                while let Ok(job) = queue.recv_blocking() {
                    // A job that panics has lost its answer; whoever waits for it hears of that.
                    let _ = catch_unwind(AssertUnwindSafe(job));
                }
            })?;
        }
        Ok(Self { jobs })
    }

    /// Has `job` done, beginning now and whether or not somebody waits. None: it panicked.
    pub fn run<T, J>(&self, job: J) -> impl Future<Output = Option<T>> + use<T, J>
    where
        T: Send + 'static,
        J: FnOnce() -> T + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move || {
            // Nobody waits any more: the answer is not missed.
            let _ = answer.send(job());
        });
        // The threads end only with the last sender: this one.
        let _ = self.jobs.try_send(job);
        answered.map(Result::ok)
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use futures::future::join_all;

    use super::*;

    #[test]
    fn every_job_is_answered_though_some_panic() {
        let workers = Workers::start().unwrap();
        let jobs = (0..100_u32).map(|number| {
            workers.run(move || {
                assert!(number % 10 != 0, "this test panics");
                number * 2
            })
        });
        let answers = block_on(join_all(jobs.collect::<Vec<_>>()));
        let expected: Vec<_> = (0..100).map(|number| (number % 10 != 0).then_some(number * 2)).collect();
        assert_eq!(answers, expected);
    }

    #[test]
    fn a_job_is_done_though_nobody_waits() {
        let workers = Workers::start().unwrap();
        let (done, heard) = std::sync::mpsc::channel();
        drop(workers.run(move || done.send(7)));
        assert_eq!(heard.recv(), Ok(7));
    }
}
