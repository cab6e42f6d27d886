//! A store of very many messages: what it costs to fill, to search, to open, to list and to look at.
//!
//! `cargo bench --bench million -- --folder DIR --count 1000000 [STEP…]`; all steps are done if none is named. The mail is
//! generated, delivered and indexed by the code that does it for real, once: the folder is kept, and used again. Times are
//! the processor's beside the clock's, for benches rarely have a machine for themselves.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice)] // a bench ends at the first surprise

mod mail;
mod meter;
mod queries;
mod screen;
mod start;

use std::fs;
use std::path::{Path, PathBuf};

use futures::executor::block_on;
use mail::Generator;
use malote::account::{Account, AccountId};
use malote::engine::{self, Command, Engine, Event, Request, RequestId};
use malote::mail::{Envelope, Searchable};
use malote::secret::Keyring;
use malote::store::types::{MailboxView, Role, SortBy, SortOrder};
use malote::store::{Arrival, Content, Packer, Prepared, Store};
use meter::{cost, forget_peak, peak_mb, process_cpu_ms, resident_mb, thread_cpu_ms};

const NOW: i64 = 1_770_000_000;
/// Messages that share a transaction, as a fast line brings them.
const GROUP: usize = 256;
/// Times that a store is opened.
const OPENED: usize = 20;
const STEPS: [&str; 10] =
    ["build", "index", "disk", "open", "start", "sort", "queries", "screen", "reference", "remove"];

pub struct Bench {
    folder: PathBuf,
    count: usize,
    generator: Generator,
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let (mut folder, mut count, mut steps) = (std::env::temp_dir().join("million"), 100_000, Vec::new());
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--folder" => folder = arguments.next().unwrap().into(),
            "--count" => count = arguments.next().unwrap().parse().unwrap(),
            step => steps.push(STEPS.into_iter().find(|known| *known == step).unwrap()),
        }
    }
    let bench = Bench { folder, count, generator: Generator::new(count) };
    println!("# {count} messages\n");
    for step in STEPS.into_iter().filter(|step| steps.is_empty() || steps.contains(step)) {
        match step {
            "build" => bench.build(),
            "index" => bench.index(),
            "disk" => bench.disk(),
            "open" => bench.open(),
            "start" => start::run(&bench),
            "sort" => bench.sort(),
            "queries" => queries::run(&bench),
            "screen" => screen::run(&bench),
            "reference" => bench.reference(),
            _ => bench.remove(),
        }
    }
}

impl Bench {
    fn profile(&self) -> PathBuf {
        self.folder.join("profile")
    }

    fn store(&self) -> Store {
        Store::open(&self.profile()).unwrap()
    }

    fn build(&self) {
        let store = self.store();
        let account = account(&store);
        let begun = block_on(store.all_keys()).unwrap().len();
        forget_peak();
        let before = process_cpu_ms();
        let (groups, filled) = std::sync::mpsc::sync_channel(2);
        let (generating_ms, mail_bytes) = std::thread::scope(|scope| {
            let generated = scope.spawn(move || {
                for first in (begun..self.count).step_by(GROUP) {
                    let mails =
                        (first..self.count.min(first + GROUP)).map(|number| (number, self.generator.mail(number)));
                    groups.send(mails.collect::<Vec<_>>()).unwrap();
                }
                thread_cpu_ms()
            });
            let (mut bytes, mut done) = (0, 0);
            for group in filled {
                done += group.len();
                bytes += group.iter().map(|(_, mail)| mail.len()).sum::<usize>();
                let packer = store.packer();
                let group = group.into_iter().map(|(number, mail)| prepared(&packer, number, mail)).collect();
                block_on(store.deliver(account, group, NOW)).unwrap();
                if done % (GROUP * 200) == 0 {
                    eprintln!("delivered {}", begun + done);
                }
            }
            (generated.join().unwrap(), bytes)
        });
        let cpu_secs = (process_cpu_ms() - before - generating_ms) / 1e3;
        let done = self.count - begun;
        let peak = peak_mb();
        drop(store);
        println!(
            "deliver: {done} messages, {:.0} octets each, {cpu_secs:.1} s of CPU, {:.0} messages/s, peak {peak:.0} MB, file {:.0} MB",
            mail_bytes as f64 / done.max(1) as f64,
            done as f64 / cpu_secs,
            file_mb(&self.profile()),
        );
    }

    fn index(&self) {
        let before_mb = file_mb(&self.profile());
        forget_peak();
        let before = process_cpu_ms();
        let desk = Desk::new(self.store());
        let left = block_on(desk.store.left_to_index()).unwrap();
        desk.ask(Command::FinishIndex);
        let cpu_secs = (process_cpu_ms() - before) / 1e3;
        let peak = peak_mb();
        // What an idle program does by and by.
        let before = process_cpu_ms();
        while block_on(desk.store.merge_index()).unwrap() {}
        let merging_secs = (process_cpu_ms() - before) / 1e3;
        desk.close();
        println!(
            "index: {left} messages, {cpu_secs:.1} s of CPU, {:.0} messages/s, peak {peak:.0} MB, {before_mb:.0} MB before, {:.0} MB after; \
             merged in {merging_secs:.1} s of CPU",
            left as f64 / cpu_secs,
            file_mb(&self.profile()),
        );
    }

    /// Where the octets of the file are. Reads nearly all of it.
    fn disk(&self) {
        let db = rusqlite::Connection::open(self.profile().join("malote.db")).unwrap();
        let mail: f64 = db.query_row("SELECT sum(size_bytes) FROM message", [], |row| row.get(0)).unwrap();
        let mut select = db
            .prepare("SELECT name, sum(pgsize) FROM dbstat WHERE aggregate = 1 GROUP BY name ORDER BY 2 DESC")
            .unwrap();
        let tables = select.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, f64>(1)?))).unwrap();
        let tables: Vec<(String, f64)> = tables.map(Result::unwrap).collect();
        let all: f64 = tables.iter().map(|(_, bytes)| bytes).sum();
        let index: f64 = tables.iter().filter(|(name, _)| name.starts_with("search_")).map(|(_, bytes)| bytes).sum();
        println!("disk: mail {:.0} MB; all {:.3} of it, the search index {:.3}", mail / 1e6, all / mail, index / mail);
        for (name, bytes) in tables.iter().filter(|(_, bytes)| *bytes > mail / 1000.0) {
            println!("    {name}: {:.1} MB, {:.4}", bytes / 1e6, bytes / mail);
        }
    }

    fn open(&self) {
        let empty = tempfile::tempdir().unwrap();
        drop(Store::open(empty.path()).unwrap());
        let opened = |folder: &Path| {
            let before = process_cpu_ms();
            let mut walls: Vec<f64> = (0..OPENED).map(|_| cost(|| until_listed(folder)).1.wall_ms).collect();
            walls.sort_by(f64::total_cmp);
            // Of threads that are gone only the process knows.
            (walls[OPENED / 2], (process_cpu_ms() - before) / OPENED as f64)
        };
        let (without, with) = (opened(empty.path()), opened(&self.profile()));
        println!(
            "open, count, list, first rows: empty {:.1} ms ({:.1} of CPU), full {:.1} ms ({:.1} of CPU)",
            without.0, without.1, with.0, with.1
        );
        evict(&self.profile());
        let ((), cold) = cost(|| until_listed(&self.profile()));
        println!("    the same with nothing of the file in memory: {:.1} ms", cold.wall_ms);
    }

    /// Each order from nothing, and once more when a message has gone.
    fn sort(&self) {
        let store = self.store();
        let view = MailboxView { role: Role::Inbox, account: None };
        let sorted = |order| cost(|| block_on(store.sorted_keys(view, order)).unwrap());
        for by in SortBy::ALL {
            let order = SortOrder { by, reversed: true };
            forget_peak();
            let (first, made) = sorted(order);
            let some = first.keys[first.keys.len() / 3];
            block_on(store.move_to(vec![some], Role::Archive)).unwrap();
            let (_, gone) = sorted(order);
            block_on(store.restore(vec![some])).unwrap();
            let (again, back) = sorted(order);
            assert!(first == again, "it is where it was");
            println!(
                "sort {} by {order}: {:.0} ms of CPU; after one has gone {:.0} ms, when it is back {:.0} ms; peak {:.0} MB",
                first.keys.len(),
                made.cpu_ms,
                gone.cpu_ms,
                back.cpu_ms,
                peak_mb()
            );
        }
    }

    /// SQLite's own full text search with the same words, and nothing else.
    fn reference(&self) {
        let count = self.count.min(20_000);
        let folder = tempfile::tempdir().unwrap();
        let words: Vec<Searchable> =
            (0..count).map(|number| Searchable::from_raw(&self.generator.mail(number))).collect();
        let ((), insert) = cost(|| {
            let mut db = rusqlite::Connection::open(folder.path().join("words.db")).unwrap();
            db.pragma_update(None, "journal_mode", "WAL").unwrap();
            db.pragma_update(None, "synchronous", "NORMAL").unwrap();
            db.execute_batch("CREATE VIRTUAL TABLE words USING fts5 (subject, sender, recipients, copies, body, attachments, content = '')").unwrap();
            for batch in words.chunks(1000) {
                let transaction = db.transaction().unwrap();
                for of in batch {
                    let mut insert =
                        transaction.prepare_cached("INSERT INTO words VALUES (?1, ?2, ?3, ?4, ?5, ?6)").unwrap();
                    let columns = [&of.subject, &of.sender, &of.recipients, &of.copies, &of.body, &of.attachments];
                    insert.execute(columns).unwrap();
                }
                transaction.commit().unwrap();
            }
        });
        println!("plain FTS5 of {count} messages: {:.0} messages/s of CPU", count as f64 / insert.cpu_ms * 1e3);
    }

    /// A fifth of the mail goes; waits until the file has shrunk.
    fn remove(&self) {
        let store = self.store();
        let view = MailboxView { role: Role::Inbox, account: None };
        let keys = block_on(store.keys(view)).unwrap();
        let gone: Vec<_> = keys.into_iter().step_by(5).collect();
        let count = gone.len();
        forget_peak();
        let (_, moving) = cost(|| block_on(store.move_to(gone, Role::Trash)).unwrap());
        let (_, removing) = cost(|| block_on(store.empty_trash(None)).unwrap());
        let file = self.profile().join("malote.db");
        let size_mb = || fs::metadata(&file).unwrap().len() as f64 / 1e6;
        let before = size_mb();
        let begun = std::time::Instant::now();
        let db = rusqlite::Connection::open(&file).unwrap();
        let free = || db.query_row("PRAGMA freelist_count", [], |row| row.get::<_, i64>(0)).unwrap();
        let (mut longest_ms, freed) = (0.0_f64, free());
        while free() > 2048 && begun.elapsed().as_secs() < 600 {
            let (_, asked) = cost(|| block_on(store.set_flag(vec![], malote::store::types::Flag::Seen, true)).unwrap());
            longest_ms = longest_ms.max(asked.wall_ms);
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        println!(
            "remove {count}: into Trash {:.1} s of CPU, for good {:.1} s of CPU, peak {:.0} MB; {freed} pages free, given back in {:.1} s \
             (file {before:.0} to {:.0} MB), meanwhile a writer waited for {longest_ms:.0} ms at most",
            moving.cpu_ms / 1e3,
            removing.cpu_ms / 1e3,
            peak_mb(),
            begun.elapsed().as_secs_f64(),
            size_mb(),
        );
    }
}

/// What the program does until its list can be drawn.
fn until_listed(folder: &Path) {
    let store = Store::open(folder).unwrap();
    block_on(async {
        store.accounts().await.unwrap();
        store.counts().await.unwrap();
        let keys = store.keys(MailboxView { role: Role::Inbox, account: None }).await.unwrap();
        store.rows(keys.into_iter().take(70).collect()).await.unwrap();
    });
}

fn prepared(packer: &Packer, number: usize, octets: Vec<u8>) -> Prepared {
    packer.prepare(Arrival {
        uid: Some(format!("{number:08x}.bench").into_bytes()),
        listed_size: octets.len() as u64,
        envelope: Envelope::from_raw(&octets),
        content: Content::Whole(octets),
        dedupe: true,
        ..Arrival::default()
    })
}

fn account(store: &Store) -> AccountId {
    if let Some(account) = block_on(store.accounts()).unwrap().first() {
        return account.id;
    }
    let mut account = Account::blank();
    account.name = "Work".into();
    account.identity.address = "me@home.example".into();
    account.incoming.host = "pop.home.example".into();
    account.user = "me".into();
    block_on(store.save_account(account)).unwrap()
}

/// The engine over a store, as a screen has it.
pub struct Desk {
    pub store: Store,
    pub engine: Engine,
}

impl Desk {
    pub fn new(store: Store) -> Self {
        let engine = engine::start(store.clone(), Keyring::new("bench"), Box::new(|| {})).unwrap();
        Self { store, engine }
    }

    pub fn ask(&self, command: Command) -> Event {
        let id = RequestId(1);
        self.engine.requests.send_blocking(Request { id, command }).unwrap();
        loop {
            let answer = self.engine.answers.recv_blocking().unwrap();
            if let Event::Indexed { left } = answer.event {
                if left % 10_000 < 512 {
                    eprintln!("to index: {left}");
                }
            } else if answer.answers == Some(id) {
                return answer.event;
            }
        }
    }

    pub fn close(self) {
        self.ask(Command::Shutdown);
        self.engine.thread.join().unwrap();
    }
}

/// Drops what the system keeps of the files in this folder.
pub fn evict(folder: &Path) {
    for file in fs::read_dir(folder).unwrap().flatten().filter(|file| file.path().is_file()) {
        let input = format!("if={}", file.path().display());
        let dropped =
            std::process::Command::new("dd").args([&input, "iflag=nocache", "count=0", "status=none"]).status();
        assert!(dropped.unwrap().success());
    }
}

fn file_mb(folder: &Path) -> f64 {
    let files =
        fs::read_dir(folder).map(|files| files.flatten().map(|file| file.metadata().unwrap().len()).sum::<u64>());
    files.unwrap_or_default() as f64 / 1e6
}

pub fn memory() -> String {
    format!("{:.0} MB", resident_mb())
}
