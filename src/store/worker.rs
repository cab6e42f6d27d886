//! The store's threads: one that writes, a few that read. Whoever asks waits for the answer without blocking a thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use async_channel::{Receiver, Sender, WeakSender};
use futures::channel::oneshot;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{Error, migrate};

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
        self.answered(move |thread| thread.transact(job)).await
    }

    /// As [`Self::call`], but a power cut may undo it until something is written by a `call`: the log is synced as a whole.
    pub(super) async fn call_unsynced<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Transaction<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.answered(move |thread| thread.transact_unsynced(job)).await
    }

    async fn answered<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Thread) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |thread| {
            // Nobody waits any more: the answer is not missed.
            let _ = answer.send(job(thread));
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
        // What was removed shortly before the program ended.
        if self.kind == Kind::Writer {
            self.give_back_space(queue);
        }
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
        if let (Err(Error::Damaged(_)), Kind::Writer, Some(connection)) = (&result, self.kind, &self.connection) {
            // The next attempt goes round it; that this one failed is what is told.
            let _ = super::raw::note_damaged_end(connection);
        }
        result.map_err(|error| error.within(self.file.parent().unwrap_or(&self.file)))
    }

    /// Without a sync at its end (SQLite syncs the log still before it moves it into the file).
    fn transact_unsynced<T>(&mut self, job: impl FnOnce(&Transaction<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let relaxed = self.connection().and_then(|connection| migrate::sync_commits(connection, false));
        let result = relaxed.and_then(|()| self.transact(job));
        // A connection that does not sync again must not be used again: DELE follows what it commits.
        if self.connection().and_then(|connection| migrate::sync_commits(connection, true)).is_err() {
            self.connection = None;
        }
        result
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
        // Whoever closes the store does not wait for it.
        while queue.is_empty() && !queue.is_closed() {
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
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, u32>(0));
    let (free, page_bytes) = (number("freelist_count")?, number("page_size")?.max(1));
    let pages = VACUUM_STEP_BYTES / page_bytes;
    // Not for every few pages: each step costs a sync.
    if free.saturating_sub(SPARE_BYTES / page_bytes) < pages {
        return Ok(false);
    }
    connection.execute_batch(&format!("PRAGMA incremental_vacuum({pages})"))?;
    Ok(true)
}

/// Reads that may run at once: one may be a long export while the screen still gets its rows.
const READERS: usize = 2;
/// Jobs that may wait in a queue; whoever brings one more waits. Small: a queue is only there to keep the thread busy.
const QUEUE_JOBS: usize = 32;
/// Free pages given back to the file system in one step, which holds the writer up for some tens of milliseconds.
const VACUUM_STEP_BYTES: u32 = 512 * 1024;
/// Free pages that are kept for the mail of tomorrow.
const SPARE_BYTES: u32 = 4 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use futures::future::join_all;

    use super::super::testing::{Fixture, account};
    use super::*;

    #[test]
    fn a_mistake_in_one_job_undoes_that_job_and_harms_no_other() {
        let fixture = Fixture::new();
        let outcome = block_on(fixture.store.write::<()>(|db| {
            db.execute("DELETE FROM account", [])?;
            panic!("a mistake (this test makes it)")
        }));
        assert!(matches!(outcome, Err(Error::Unexpected(_))), "{outcome:?}");
        assert_eq!(block_on(fixture.store.accounts()).unwrap().len(), 1);
        assert!(block_on(fixture.store.save_account(account("Home"))).is_ok());
    }

    #[test]
    fn a_job_that_fails_is_undone_whole() {
        let fixture = Fixture::new();
        let outcome = block_on(fixture.store.write::<()>(|db| {
            db.execute("DELETE FROM account", [])?;
            Err(Error::NotFound)
        }));
        assert_eq!(outcome, Err(Error::NotFound));
        assert_eq!(fixture.rows_of("account"), 1);
    }

    #[test]
    fn nothing_is_written_where_only_reading_is_meant() {
        let fixture = Fixture::new();
        let outcome = block_on(fixture.store.read(|db| Ok(db.execute("DELETE FROM account", [])?)));
        assert_eq!(outcome, Err(Error::ReadOnly(fixture.folder.path().to_owned())));
    }

    #[test]
    fn after_a_failure_of_the_disk_the_file_is_opened_anew() {
        let fixture = Fixture::new();
        let mark = "PRAGMA temp_store = FILE; PRAGMA temp.user_version = 7";
        let marked =
            |db: &Transaction<'_>| Ok(db.query_row("PRAGMA temp.user_version", [], |row| row.get::<_, i64>(0))?);
        block_on(fixture.store.write(move |db| Ok(db.execute_batch(mark)?))).unwrap();
        assert_eq!(block_on(fixture.store.write(marked)), Ok(7), "one connection serves them all");
        let failed = block_on(fixture.store.write::<()>(|_| Err(Error::Disk("it failed".into()))));
        assert_eq!(failed, Err(Error::Disk("it failed".into())));
        assert_eq!(block_on(fixture.store.write(marked)), Ok(0), "this is another connection");
        assert_eq!(block_on(fixture.store.accounts()).unwrap().len(), 1);
    }

    #[test]
    fn more_jobs_than_fit_the_queue_are_all_done() {
        let fixture = Fixture::new();
        let jobs = (0..QUEUE_JOBS * 4).map(|number| fixture.store.save_account(account(&format!("Account {number}"))));
        assert!(block_on(join_all(jobs)).iter().all(Result::is_ok));
        assert_eq!(block_on(fixture.store.accounts()).unwrap().len(), QUEUE_JOBS * 4 + 1);
    }

    #[test]
    fn what_is_queued_when_the_store_is_dropped_is_still_done() {
        let fixture = Fixture::new();
        let store = fixture.store.clone();
        let mut saved = Box::pin(async move { store.save_account(account("Home")).await });
        let _ = block_on(async { futures::poll!(&mut saved) });
        drop(saved);
        assert_eq!(block_on(fixture.reopened().store.accounts()).unwrap().len(), 2);
    }
}
