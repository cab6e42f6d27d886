//! The session against servers that say almost what they should: replies of a small maildrop, mutated octet by octet, line by
//! line and reply by reply, and cut. A coverage-guided fuzzer needs a nightly compiler, which building this program must not
//! need; so the mutator is a seeded one that knows how replies are made, and runs with the other tests.
//!
//! `MALOTE_FUZZ_COUNT` says how many (default 4,000), `MALOTE_FUZZ_SEED` where the seeds begin. Every conversation has a
//! seed of its own, which a failure names.

use std::collections::HashSet;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

use super::*;
use crate::protocol::line::LINE_LIMIT_BYTES;

const PASSWORD: &str = "Xq-geheim";
/// As AUTH PLAIN says it.
const PASSWORD_BASE64: &str = "AGFuYQBYcS1nZWhlaW0=";

/// A conversation that takes longer than this has no end.
const LONGEST: Duration = Duration::from_secs(30);

/// Octets that are never handed over at once, so that what waits in memory can be told.
const PIECE_LIMIT_BYTES: usize = 70_000;

#[test]
fn no_server_makes_a_session_panic_loop_hoard_or_take_a_part_for_the_whole() {
    let variable = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let count = variable("MALOTE_FUZZ_COUNT").unwrap_or(4_000);
    let first = variable("MALOTE_FUZZ_SEED").unwrap_or(1);
    // A conversation without end would be a test without end: another thread holds it, and this one the clock.
    let (begins, begun) = mpsc::channel();
    let worker = thread::spawn(move || {
        let mut reached = Reached::default();
        for seed in (first..).take(usize::try_from(count).unwrap()) {
            begins.send(seed).unwrap();
            reached.add(&Conversation::of(seed).run());
        }
        reached
    });
    let mut last = first;
    loop {
        match begun.recv_timeout(LONGEST) {
            Ok(seed) => last = seed,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("seed {last}: no end after {LONGEST:?}"),
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
    }
    let reached = worker.join().unwrap_or_else(|_| panic!("seed {last} failed"));
    println!("{} conversations: {reached:?}", last - first + 1);
    // Mutations that never get past the greeting prove nothing.
    assert!(
        reached.quits > 0 && reached.broken > 0 && reached.errors > 0 && reached.whole > reached.errors / 10,
        "{reached:?}"
    );
}

/// How far the conversations went.
#[derive(Debug, Default)]
struct Reached {
    listed: u64,
    whole: u64,
    broken: u64,
    quits: u64,
    errors: u64,
}

impl Reached {
    fn add(&mut self, other: &Self) {
        self.listed += other.listed;
        self.whole += other.whole;
        self.broken += other.broken;
        self.quits += other.quits;
        self.errors += other.errors;
    }
}

/// Numbers by chance, the same for the same seed (xorshift).
struct Chance(u64);

impl Chance {
    fn of(seed: u64) -> Self {
        let mut chance = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        for _ in 0..4 {
            chance.next();
        }
        chance
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 11
    }

    /// Below `bound`; 0 where there is nothing below it.
    fn below(&mut self, bound: usize) -> usize {
        if bound == 0 { 0 } else { usize::try_from(self.next() % bound as u64).unwrap() }
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn one_of<'a, T: ?Sized>(&mut self, choice: &[&'a T]) -> &'a T {
        choice[self.below(choice.len())]
    }
}

/// The server's half: answers what it is told, well or badly.
struct Server {
    chance: Chance,
    /// One reply in so many is mutated,
    calm: usize,
    /// but for so many at first.
    spared: usize,
    capabilities: Vec<&'static str>,
    messages: Vec<Vec<u8>>,
    unread: Vec<u8>,
    /// In an exchange of challenges and responses.
    challenging: bool,
    hung_up: bool,
}

impl Server {
    fn new(mut chance: Chance) -> Self {
        let capabilities = [
            "PIPELINING",
            "UIDL",
            "TOP",
            "USER",
            "STLS",
            "RESP-CODES",
            "UTF8",
            "LANG",
            "SASL PLAIN LOGIN",
            "sasl CRAM_MD5",
        ];
        let capabilities = capabilities.into_iter().filter(|_| !chance.one_in(4)).collect();
        let count = chance.below(12);
        let messages = (0..count).map(|_| message(&mut chance)).collect();
        let calm = [1, 3, 6, 12, 100][chance.below(5)];
        // Signing in takes six or seven replies, the listing three.
        let spared = [0, 4 + chance.below(6), 8 + chance.below(12)][chance.below(3)];
        Self { chance, calm, spared, capabilities, messages, unread: Vec::new(), challenging: false, hung_up: false }
    }

    fn greet(&mut self) -> Vec<u8> {
        let greeting =
            self.chance.one_of(&["+OK\r\n", "+OK hello <1@a>\r\n", "-ERR [SYS/TEMP] no\r\n", "+OK Gpop ready\r\n"]);
        self.mutated(greeting.as_bytes().to_vec())
    }

    /// What it says to these octets.
    fn hear(&mut self, octets: &[u8]) -> Vec<u8> {
        self.unread.extend_from_slice(octets);
        let mut said = Vec::new();
        while let Some(end) = self.unread.iter().position(|&octet| octet == b'\n') {
            let line: Vec<u8> = self.unread.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            let reply = self.reply(&line);
            said.extend(self.mutated(reply));
        }
        said
    }

    fn reply(&mut self, line: &str) -> Vec<u8> {
        if std::mem::take(&mut self.challenging) {
            return self.verdict();
        }
        let (verb, argument) = line.split_once(' ').unwrap_or((line, ""));
        let number = argument.split(' ').next().and_then(|number| number.parse::<usize>().ok());
        let message = number.and_then(|number| self.messages.get(number.checked_sub(1)?));
        match (verb, message) {
            ("CAPA", _) => listing(self.capabilities.iter().map(|word| (*word).to_owned())),
            ("AUTH", _) if !argument.contains(' ') => {
                self.challenging = true;
                self.chance.one_of(&["+ \r\n", "+ PDEuMkBhPg==\r\n", "+\r\n", "+ !\r\n"]).into()
            }
            ("PASS" | "AUTH" | "APOP", _) => self.verdict(),
            ("STAT", _) => format!("+OK {} 100\r\n", self.messages.len()).into(),
            ("UIDL", _) => listing((1..=self.messages.len()).map(|number| format!("{number} uid-{number}"))),
            ("LIST", _) => {
                listing(self.messages.iter().zip(1..).map(|(raw, number)| format!("{number} {}", raw.len())))
            }
            ("RETR" | "TOP", Some(raw)) => stuffed(raw),
            ("RETR" | "TOP" | "DELE", None) => b"-ERR no such message\r\n".to_vec(),
            _ => b"+OK\r\n".to_vec(),
        }
    }

    fn verdict(&mut self) -> Vec<u8> {
        let words =
            ["+OK\r\n", "+OK\r\n", "+OK\r\n", "+OK\r\n", "-ERR\r\n", "-ERR [AUTH] no\r\n", "-ERR [IN-USE] no\r\n"];
        self.chance.one_of(&words).into()
    }

    fn mutated(&mut self, mut reply: Vec<u8>) -> Vec<u8> {
        self.spared = self.spared.saturating_sub(1);
        while self.spared == 0 && self.chance.one_in(self.calm) {
            self.mutate(&mut reply);
            if self.chance.one_in(2) {
                break;
            }
        }
        reply
    }

    fn mutate(&mut self, reply: &mut Vec<u8>) {
        let chance = &mut self.chance;
        let at = chance.below(reply.len() + 1);
        let end = (at + 1 + chance.below(8)).min(reply.len());
        match chance.below(16) {
            0 => reply.get_mut(at).into_iter().for_each(|octet| *octet ^= 1 << (at % 8)),
            1..3 => reply.insert(at, *chance.one_of(&[&b'\r', &b'\n', &b'.', &0, &b' ', &b'+', &b'-', &0xff, &b'9'])),
            3 => drop(reply.drain(at..end)),
            4 => {
                let again = reply[at..end].to_vec();
                reply.splice(end..end, again);
            }
            5..9 => mutate_lines(chance, reply),
            // Hangs up in the middle, or after it.
            9 => {
                reply.truncate(at);
                self.hung_up = true;
            }
            10 => reply.clear(),
            11 => reply.extend_from_slice(chance.one_of(&[
                &b"+OK\r\n"[..],
                b"-ERR\r\n",
                b".\r\n",
                b"\r\n",
                b"..\r\n",
                b"+ \r\n",
                b"+OK\r\nforged\r\n.\r\n",
            ])),
            12 => *reply = reply.iter().copied().filter(|&octet| octet != b'\r').collect(),
            13 => reply.splice(at..at, b"99999999999999999999".iter().copied()).for_each(drop),
            14 => reply.splice(at..at, std::iter::repeat_n(b'x', LINE_LIMIT_BYTES)).for_each(drop),
            // The dot glued to the last line.
            _ if reply.ends_with(b"\r\n.\r\n") => drop(reply.drain(reply.len() - 5..reply.len() - 3)),
            _ => *reply = b"+OK\r\n".to_vec(),
        }
    }
}

fn mutate_lines(chance: &mut Chance, reply: &mut Vec<u8>) {
    let mut lines: Vec<Vec<u8>> = reply.split_inclusive(|&octet| octet == b'\n').map(<[u8]>::to_vec).collect();
    let (one, other) = (chance.below(lines.len()), chance.below(lines.len()));
    match chance.below(5) {
        _ if lines.is_empty() => return,
        0 => lines.swap(one, other),
        1 => lines.insert(one, lines[other].clone()),
        2 => drop(lines.remove(one)),
        3 => lines.insert(
            one,
            chance.one_of(&[&b".\r\n"[..], b".\n", b"..\r\n", b".x\r\n", b"\r\n", b"\n", b".\r\r\n"]).into(),
        ),
        _ => lines[one] = lines[one].iter().copied().filter(|&octet| octet != b'\r').collect(),
    }
    *reply = lines.concat();
}

fn listing(lines: impl Iterator<Item = String>) -> Vec<u8> {
    let lines: String = lines.map(|line| format!("{line}\r\n")).collect();
    format!("+OK\r\n{lines}.\r\n").into_bytes()
}

fn message(chance: &mut Chance) -> Vec<u8> {
    let lines = [
        "Subject: s\r\n",
        "\r\n",
        ".\r\n",
        "..\r\n",
        ".x\r\n",
        "x.\r\n",
        "bare\n",
        ".\n",
        "\r",
        "\0",
        "+OK\r\n",
        "text\r\n",
    ];
    let mut raw: Vec<u8> = (0..chance.below(12)).flat_map(|_| chance.one_of(&lines).bytes()).collect();
    if chance.one_in(20) {
        raw.extend(std::iter::repeat_n(b'y', 100_000));
    }
    raw
}

/// As RETR gives it.
fn stuffed(raw: &[u8]) -> Vec<u8> {
    let mut reply = b"+OK\r\n".to_vec();
    for line in raw.split_inclusive(|&octet| octet == b'\n') {
        reply.extend(line.first().filter(|&&octet| octet == b'.'));
        reply.extend_from_slice(line);
    }
    if !raw.is_empty() && !raw.ends_with(b"\r\n") {
        reply.extend_from_slice(b"\r\n");
    }
    reply.extend_from_slice(b".\r\n");
    reply
}

/// What a dot-stuffed body means, line by line and with all of it in view: the body, and the octets that it and its end take,
/// the status line included if it is said again. None: its end is not there.
fn naive(wire: &[u8], lf_server: bool) -> Option<(Vec<u8>, usize)> {
    let again = wire.split_inclusive(|&octet| octet == b'\n').next().unwrap_or_default();
    let is_status = again.starts_with(b"+OK") && !again.contains(&b':') && again.len() <= LINE_LIMIT_BYTES;
    let skipped = if is_status { again.len() } else { 0 };
    let (body, used) = naive_body(wire.get(skipped..)?, lf_server)?;
    Some((body, used + skipped))
}

fn naive_body(wire: &[u8], lf_server: bool) -> Option<(Vec<u8>, usize)> {
    let (mut body, mut used, mut saw_crlf, mut line_begins) = (Vec::new(), 0, false, true);
    for line in wire.split_inclusive(|&octet| octet == b'\n').filter(|line| line.ends_with(b"\n")) {
        used += line.len();
        let crlf = line.ends_with(b"\r\n");
        let lf_ends_lines = lf_server || !saw_crlf;
        match line {
            b".\r\n" if line_begins => return Some((body, used)),
            b".\n" if line_begins && lf_ends_lines => return Some((body, used)),
            [b'.', rest @ ..] if line_begins && line != b".\n" => body.extend_from_slice(rest),
            _ => body.extend_from_slice(line),
        }
        saw_crlf |= crlf;
        line_begins = crlf || lf_ends_lines;
    }
    None
}

/// The client's half, and what is known of both.
struct Conversation {
    session: Session,
    server: Server,
    chance: Chance,
    seed: u64,
    stls: bool,
    secured: bool,
    quitting: bool,
    /// Everything that this connection has brought to the session.
    wire: Vec<u8>,
    lines: usize,
    /// What the server said and the line has not brought yet.
    coming: VecDeque<u8>,
    /// The message under way: its number, where its octets begin on the wire, and what was told of them.
    open: Option<(MessageNumber, usize, Vec<u8>)>,
    asked: HashSet<MessageNumber>,
    whole: HashSet<MessageNumber>,
    reached: Reached,
}

impl Conversation {
    fn of(seed: u64) -> Self {
        let mut chance = Chance::of(seed);
        let stls = chance.one_in(3);
        let credentials = Credentials { user: "ana".into(), password: Zeroizing::new(PASSWORD.into()) };
        let how = SignIn { language: Some("de".into()).filter(|_| chance.one_in(2)), ..SignIn::default() };
        let mut session = Session::new(credentials, stls).signing_in(how);
        if chance.one_in(4) {
            session.one_at_a_time();
        }
        session.list();
        Self {
            session,
            server: Server::new(Chance::of(seed ^ 0x5eed)),
            chance,
            seed,
            stls,
            secured: false,
            quitting: false,
            wire: Vec::new(),
            lines: 0,
            coming: VecDeque::new(),
            open: None,
            asked: HashSet::new(),
            whole: HashSet::new(),
            reached: Reached::default(),
        }
    }

    fn run(mut self) -> Reached {
        let greeting = self.server.greet();
        self.coming.extend(greeting);
        let (mut steps, mut octets, mut connections) = (0, 0, 1);
        loop {
            steps += 1;
            assert!(steps <= 3 * octets + 1000, "seed {}: {steps} steps over {octets} octets", self.seed);
            self.session.clock(Duration::from_millis(steps as u64));
            match self.session.step() {
                Ok(Step::Read) => octets += self.bring(),
                Ok(Step::Write(said)) => self.said(&said),
                Ok(Step::StartTls) => {
                    assert!(self.coming.is_empty() || self.session.input.is_empty(), "seed {}: injection", self.seed);
                    self.coming.clear();
                    self.wire.clear();
                    self.secured = true;
                    self.session.tls_started();
                }
                Ok(Step::Reopen) => {
                    connections += 1;
                    assert!(connections <= 3, "seed {}: it connects again and again", self.seed);
                    self.reopen();
                }
                Ok(Step::Event(event)) => self.hear(event),
                Ok(Step::Done) => break,
                Err(error) => {
                    self.reached.errors += 1;
                    // It was given up in the middle, though octets that look like its end may follow.
                    if matches!(error, Error::RanTogether(_)) {
                        self.open = None;
                    }
                    break;
                }
            }
        }
        if let Some((number, begin, _)) = self.open.take() {
            self.reached.broken += 1;
            // A body that grew beyond every limit is an error, too; here none is so long.
            let end = self.consumed();
            let whole = naive(&self.wire[begin..end], self.lf_server(begin));
            assert_eq!(whole, None, "seed {}: the end of {number:?} was overlooked", self.seed);
        }
        self.reached
    }

    /// Brings some octets; none: the server hung up, or is silent for so long that the driver hangs up.
    fn bring(&mut self) -> usize {
        let held = (self.session.input.len(), self.session.events.len(), self.session.output.len());
        assert!(held.0 <= LINE_LIMIT_BYTES && held.1 == 0 && held.2 == 0, "seed {}: it holds {held:?}", self.seed);
        let lines = self.wire.iter().filter(|&&octet| octet == b'\n').count();
        let listed = self.session.listing.len();
        assert!(listed <= lines, "seed {}: {listed} messages in {lines} lines", self.seed);
        let most = [1, 2, 7, 100, PIECE_LIMIT_BYTES][self.chance.below(5)];
        let piece: Vec<u8> = self.coming.drain(..most.min(self.coming.len())).collect();
        self.lines += piece.iter().filter(|&&octet| octet == b'\n').count();
        self.wire.extend_from_slice(&piece);
        self.session.receive(&piece);
        piece.len().max(1)
    }

    fn said(&mut self, octets: &[u8]) {
        let text = String::from_utf8_lossy(octets);
        let secret = text.contains(PASSWORD) || text.contains(PASSWORD_BASE64);
        assert!(!(self.stls && !self.secured && secret), "seed {}: the password in the clear", self.seed);
        for line in text.lines() {
            assert!(!line.contains(['\r', '\0']), "seed {}: {line:?}", self.seed);
            if let Some(number) = line.strip_prefix("DELE ") {
                let number = MessageNumber(number.parse().unwrap());
                assert!(self.whole.contains(&number), "seed {}: {line} before it was whole", self.seed);
            }
        }
        if !self.server.hung_up {
            let reply = self.server.hear(octets);
            self.coming.extend(reply);
        }
    }

    fn reopen(&mut self) {
        assert!(self.open.is_none() && self.asked.is_empty(), "seed {}: again in the middle of things", self.seed);
        self.wire.clear();
        self.coming.clear();
        (self.secured, self.server.hung_up, self.server.challenging) = (false, false, false);
        self.server.unread.clear();
        let greeting = self.server.greet();
        self.coming.extend(greeting);
    }

    fn hear(&mut self, event: Event) {
        let seed = self.seed;
        match event {
            Event::Listed(listing) => {
                self.reached.listed += 1;
                let numbers: HashSet<_> = listing.iter().map(|message| message.number).collect();
                assert_eq!(numbers.len(), listing.len(), "seed {seed}: a number twice");
                self.ask(&listing);
            }
            Event::Message(number) => {
                assert!(self.open.is_none() && self.asked.remove(&number), "seed {seed}: {number:?} unasked");
                self.open = Some((number, self.consumed(), Vec::new()));
            }
            Event::Chunk(octets) => self.open.as_mut().expect("a message is open").2.extend(octets),
            Event::MessageEnd(number) => {
                let (begun, begin, body) = self.open.take().expect("a message is open");
                let end = self.consumed();
                let expected = naive(&self.wire[begin..end], self.lf_server(begin));
                assert_eq!(expected, Some((body, end - begin)), "seed {seed}: {number:?} of {begun:?}");
                assert_eq!(begun, number, "seed {seed}");
                self.reached.whole += 1;
                self.whole.insert(number);
                if !self.chance.one_in(3) {
                    self.session.delete(number);
                }
            }
            Event::MessageRefused(number, _) => assert!(self.asked.remove(&number), "seed {seed}: {number:?} unasked"),
            Event::Deleted(number) | Event::DeleteRefused(number, _) => {
                assert!(self.whole.contains(&number), "seed {seed}: {number:?} was not whole");
            }
            Event::Quit { .. } => {
                self.reached.quits += 1;
                assert!(self.asked.is_empty() && self.open.is_none(), "seed {seed}: QUIT before the end");
            }
            Event::Greeted(_) | Event::SignedIn(_) | Event::Reset { .. } => {}
        }
        // As the engine does: nothing more is to be had, so that it may leave.
        if self.reached.listed > 0 && self.asked.is_empty() && self.open.is_none() && !self.quitting {
            self.quitting = true;
            self.session.quit();
        }
    }

    fn ask(&mut self, listing: &Listing) {
        for message in listing.iter().take(50) {
            match self.chance.below(5) {
                0 => continue,
                1 => self.session.top(message.number, 10),
                _ => self.session.retrieve(message.number),
            }
            self.asked.insert(message.number);
        }
    }

    /// Octets of the wire that the session has read.
    fn consumed(&self) -> usize {
        self.wire.len() - self.session.input.len()
    }

    /// Whether the line before this place ends in a bare LF.
    fn lf_server(&self, begin: usize) -> bool {
        !self.wire[..begin].ends_with(b"\r\n")
    }
}
