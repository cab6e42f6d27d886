//! The store's threads: one that writes, a few that read. Whoever asks waits for the answer without blocking a thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use async_channel::{Receiver, Sender, WeakSender};
use futures::channel::oneshot;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{Error, migrate};

/// Reads that may run at once: one may be a long export while the screen still gets its rows.
const READERS: usize = 2;
/// Jobs that may wait in a queue; whoever brings one more waits. Small: a queue is only there to keep the thread busy.
const QUEUE_JOBS: usize = 32;
/// Free pages (of 4 KiB) given back to the file system in one step, which holds the writer up for a few milliseconds.
const VACUUM_STEP_PAGES: u32 = 256;
/// Free pages that are kept for the mail of tomorrow: 4 MiB.
const SPARE_PAGES: u32 = 1024;

type Job = Box<dyn FnOnce(&mut Thread) + Send>;

/// A queue with threads behind it, all of which read or one of which writes.
pub(super) struct Pool {
    jobs: Sender<Job>,
    threads: Vec<JoinHandle<()>>,
}

/// A way to the writer that does not keep it alive.
#[derive(Debug)]
pub(super) struct WeakPool(WeakSender<Job>);

/// What one thread has at hand.
struct Thread {
    file: Arc<Path>,
    kind: Kind,
    /// None: the disk failed, and what this connection believes of the file can no longer be trusted.
    connection: Option<Connection>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Writer,
    Reader,
}

impl Pool {
    /// Starts the writer on the connection that opened (and migrated) the file.
    pub(super) fn writer(file: &Arc<Path>, connection: Connection) -> Result<Self, Error> {
        Self::start(Kind::Writer, file, vec![("store-writer".into(), connection)])
    }

    pub(super) fn readers(file: &Arc<Path>) -> Result<Self, Error> {
        let readers = (1..=READERS)
            .map(|number| Ok((format!("store-reader-{number}"), migrate::connect_to_read(file)?)))
            .collect::<Result<Vec<_>, Error>>()?;
        Self::start(Kind::Reader, file, readers)
    }

    fn start(kind: Kind, file: &Arc<Path>, connections: Vec<(String, Connection)>) -> Result<Self, Error> {
        let (jobs, queue) = async_channel::bounded(QUEUE_JOBS);
        let mut pool = Self { jobs, threads: Vec::new() };
        for (name, connection) in connections {
            let thread = Thread { file: Arc::clone(file), kind, connection: Some(connection) };
            let queue = queue.clone();
            let started = thread::Builder::new().name(name).spawn(move || thread.run(&queue));
            pool.threads.push(started.map_err(|error| Error::Unexpected(format!("no thread for the store: {error}")))?);
        }
        Ok(pool)
    }

    /// Does `job` in one transaction: committed (and, by the writer, on the disk) if it succeeds, undone if it fails.
    ///
    /// A job that was queued is done even if nobody waits for its answer any more.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Transaction<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |thread| {
            // Nobody waits any more: the answer is not missed.
            let _ = answer.send(thread.transact(job));
        });
        self.jobs.send(job).await.map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)?
    }

    pub(super) fn downgrade(&self) -> WeakPool {
        WeakPool(self.jobs.downgrade())
    }
}

impl Drop for Pool {
    /// Ends the threads after what is queued, and waits for that: a store that is gone holds no file open.
    fn drop(&mut self) {
        self.jobs.close();
        for thread in self.threads.drain(..) {
            // A thread that panicked outside of a job has nothing left to end.
            let _ = thread.join();
        }
    }
}

impl WeakPool {
    /// Has `job` done some time, or never if the queue is full or closed.
    pub(super) fn try_call(&self, job: impl FnOnce(&Transaction<'_>) -> Result<(), Error> + Send + 'static) {
        if let Some(jobs) = self.0.upgrade() {
            // What is not queued now is made good when the store opens again; see `raw::remove_orphans`.
            let _ = jobs.try_send(Box::new(move |thread| {
                let _ = thread.transact(job);
            }));
        }
    }
}

impl Thread {
    fn run(mut self, queue: &Receiver<Job>) {
        while let Ok(job) = queue.recv_blocking() {
            job(&mut self);
            if self.kind == Kind::Writer {
                self.give_back_space(queue);
            }
        }
    }

    fn transact<T>(&mut self, job: impl FnOnce(&Transaction<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let result = catch_unwind(AssertUnwindSafe(|| self.try_transact(job)))
            .unwrap_or_else(|_| Err(Error::Unexpected("the store came upon a mistake of its own".into())));
        if matches!(result, Err(Error::Disk(_))) {
            self.connection = None;
        }
        result.map_err(|error| error.within(self.file.parent().unwrap_or(&self.file)))
    }

    fn try_transact<T>(&mut self, job: impl FnOnce(&Transaction<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let behavior = match self.kind {
            Kind::Writer => TransactionBehavior::Immediate,
            Kind::Reader => TransactionBehavior::Deferred,
        };
        let transaction = self.connection()?.transaction_with_behavior(behavior)?;
        let value = job(&transaction)?;
        transaction.commit()?;
        Ok(value)
    }

    fn connection(&mut self) -> Result<&mut Connection, Error> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None if self.kind == Kind::Writer => migrate::connect_to_write(&self.file)?,
            None => migrate::connect_to_read(&self.file)?,
        };
        Ok(self.connection.insert(connection))
    }

    /// Shrinks the file by what was removed, a step at a time and only while nobody waits.
    fn give_back_space(&self, queue: &Receiver<Job>) {
        let Some(connection) = &self.connection else { return };
        while queue.is_empty() {
            match step_of_vacuum(connection) {
                Ok(true) => (),
                // Done, or not possible now: the pages stay free for the next mail, nothing is lost.
                Ok(false) | Err(_) => break,
            }
        }
    }
}

/// Whether a step was made and another may follow.
fn step_of_vacuum(connection: &Connection) -> rusqlite::Result<bool> {
    let free: u32 = connection.query_row("PRAGMA freelist_count", [], |row| row.get(0))?;
    let pages = free.saturating_sub(SPARE_PAGES).min(VACUUM_STEP_PAGES);
    // Not for every few pages: each step costs a sync.
    if pages < VACUUM_STEP_PAGES {
        return Ok(false);
    }
    connection.execute_batch(&format!("PRAGMA incremental_vacuum({pages})"))?;
    Ok(true)
}
