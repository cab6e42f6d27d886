//! The whole layer against messages that were made to bring it down: poison, and thousands of damaged forms of the samples
//! under `tests/data/eml`.

use std::time::{Duration, Instant};

use include_dir::{Dir, include_dir};

use super::{Envelope, MessageView, body, sanitize, text};

static SAMPLES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/tests/data/eml");

fn samples() -> Vec<&'static [u8]> {
    SAMPLES.files().map(include_dir::File::contents).collect()
}

/// What holds of every view, whatever the octets were.
fn check_invariants(raw: &[u8]) {
    let view = MessageView::from_raw(raw);
    let one_line = [&view.shown_from, &view.shown_subject];
    let fields = view.headers.iter().map(|(_, value)| value);
    for shown in one_line.into_iter().chain(fields).chain(&view.warnings).chain([&view.envelope.snippet]) {
        assert!(shown.chars().all(sanitize::is_showable), "{shown:?}");
    }
    for from in view.envelope.from.iter().take(3) {
        assert!(view.shown_from.contains(&from.shown_addr()), "{:?} hides {:?}", view.shown_from, from.addr);
    }
    assert!(
        view.readable.chars().all(|c| matches!(c, '\n' | '\t') || sanitize::is_joiner(c) || sanitize::is_showable(c)),
        "{:?}",
        view.readable
    );
    assert!(view.envelope.snippet.chars().count() <= 200);
    for attachment in &view.attachments {
        let name = &attachment.safe_name;
        assert!(
            !name.is_empty() && name.len() <= 120 && !name.contains(['/', '\\', '\0']) && !name.starts_with('.'),
            "{name:?}"
        );
        let bytes = body::attachment_bytes(raw, attachment.index).unwrap();
        assert_eq!(bytes.len() as u64, attachment.size_bytes);
    }
    assert!(text::lines(&view.readable).len() <= view.readable.len() + 1);
    assert!(Envelope::from_raw(raw).snippet.chars().count() <= 200);
}

/// A small generator (xorshift): the same damages on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

/// Octets and words that mean something to the parsers.
const SPICES: &[&[u8]] = &[
    b"\0",
    b"\r",
    b"\n",
    b"\r\n",
    b"\r\n\r\n",
    b"--b\n",
    b"--b--\n",
    b"=?utf-8?B?",
    b"=?iso-2022-jp?Q?=1B$B?=",
    b"?=",
    b"=",
    b"\"",
    b"(",
    b"<",
    b">",
    b"@",
    b";",
    b":",
    b"\\",
    b"\xff",
    b"\x1b$B",
    b"\xe2\x80\xae",
    b"\xf3\xa0\x81\x81",
    b"Content-Type: multipart/mixed; boundary=b\n",
    b"Content-Transfer-Encoding: base64\n",
    b"Content-Type: message/rfc822\n",
    b"charset=utf-16;",
    b"charset=hz-gb-2312;",
    b"charset=utf-7;",
    b"filename*0*=utf-8''%ff;",
    b"<style>",
    b"<!--",
    b"&#x202e;",
    b"<blockquote>",
    b"99999999999999999999",
    b"-- \n",
    b"> > ",
];

fn damaged(random: &mut Random, raw: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = raw.to_vec();
    for _ in 0..=random.below(6) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(40)).min(bytes.len());
        match random.below(6) {
            0 => drop(bytes.splice(at..end, [])),
            1 => bytes.truncate(at),
            2 if at < bytes.len() => bytes[at] = random.below(256) as u8,
            3 => {
                let from = random.below(other.len());
                let to = (from + random.below(200)).min(other.len());
                drop(bytes.splice(at..at, other[from..to].iter().copied()));
            }
            4 => {
                let piece = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, piece));
            }
            _ => drop(bytes.splice(at..at, SPICES[random.below(SPICES.len())].iter().copied())),
        }
    }
    bytes
}

#[test]
fn no_damage_brings_the_layer_down_or_gets_through_it() {
    let samples = samples();
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    for round in 0..50 * samples.len() {
        let raw = samples[round % samples.len()];
        let other = samples[random.below(samples.len())];
        check_invariants(&damaged(&mut random, raw, other));
    }
}

/// Reads a hostile message on a thread with the small stack that worker threads have, and within the time that a person waits.
#[track_caller]
fn check_poison(name: &str, raw: Vec<u8>) -> MessageView {
    let start = Instant::now();
    let worker = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
    let view = worker
        .spawn(move || {
            assert!(Envelope::from_raw(&raw).subject.len() < raw.len() + 1);
            MessageView::from_raw(&raw)
        })
        .unwrap()
        .join()
        .unwrap();
    assert!(start.elapsed() < Duration::from_secs(15), "{name}: {:?}", start.elapsed()); // unoptimised, and shared cores
    view
}

#[test]
fn nested_messages_do_not_end_the_process() {
    let view = check_poison("messages", b"Content-Type: message/rfc822\n\n".repeat(40_000));
    assert_eq!(view.attachments.len(), 1);
    let mut parts = String::new();
    for level in 0..5000 {
        parts.push_str(&format!("Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n"));
    }
    let view = check_poison("multiparts", (parts + "\ndeep").into_bytes());
    assert!(view.warnings.iter().any(|warning| warning.contains("nested")), "{:?}", view.warnings);
    assert!(view.readable.contains("deep"));
    let same = check_poison("one boundary", b"Content-Type: multipart/mixed; boundary=b\n\n--b\n".repeat(40_000));
    assert!(!same.warnings.is_empty());
}

#[test]
fn heaps_of_parts_fields_and_octets_take_seconds_at_most() {
    let parts = "Content-Type: multipart/mixed; boundary=b\n\n".to_owned()
        + &"--b\nContent-Type: a/b; name=x\n\nX\n".repeat(20_000)
        + "--b--\n";
    let view = check_poison("parts", parts.into_bytes());
    assert_eq!(view.attachments.len(), super::warn::MAX_ATTACHMENTS);
    assert!(view.warnings.iter().any(|warning| warning.contains("too many parts")));

    let fields = "X-Y: z\n".repeat(60_000) + "Subject: last\n\nbody";
    assert_eq!(check_poison("fields", fields.into_bytes()).shown_subject, "last");
    let long = format!("Subject: {}\n\nbody", "word\n ".repeat(200_000));
    assert!(check_poison("long field", long.into_bytes()).shown_subject.starts_with("word word"));
    let words = format!("Subject: {}\n\nbody", "=?utf-8?Q?=C3=A9?= ".repeat(60_000));
    assert!(check_poison("encoded words", words.into_bytes()).shown_subject.starts_with("éé"));
    let people = format!("From: {}\n\nbody", "a@b.c, ".repeat(150_000));
    assert!(check_poison("senders", people.into_bytes()).shown_from.contains("more"));
    let line = format!("Subject: a\n\n{}", "x@y.z ".repeat(900_000));
    assert_eq!(text::lines(&check_poison("long line", line.into_bytes()).readable).len(), 1);
    let nested = format!("Content-Type: text/html\n\n{}end", "<div><blockquote><ul><li>".repeat(50_000));
    assert!(check_poison("nested page", nested.into_bytes()).readable.contains("end"));
    let cids = "Content-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n".to_owned()
        + &"cid:x ".repeat(200_000)
        + "\n"
        + &"--b\nContent-Type: image/png\nContent-ID: <x>\n\nX\n".repeat(2000);
    assert!(check_poison("pictures", cids.into_bytes()).attachments.iter().all(|attachment| attachment.inline));
}

#[test]
fn the_beginning_of_a_message_is_enough_for_its_envelope() {
    let raw = format!("Subject: big\nFrom: a@b.c\n\nHello {}", "x ".repeat(1_000_000));
    let envelope = Envelope::from_raw(&raw.as_bytes()[..Envelope::HEAD_BYTES]);
    assert_eq!(envelope, Envelope::from_raw(raw.as_bytes()));
    assert!(envelope.snippet.starts_with("Hello x x"));
}

/// What this thread has computed so far: other tests keep the processor busy meanwhile.
pub fn computed() -> std::time::Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    std::time::Duration::new(time.tv_sec.cast_unsigned(), u32::try_from(time.tv_nsec).unwrap())
}
