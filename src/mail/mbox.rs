//! mbox files: many messages in one, each behind a `From ` line. Sans-IO: octets go in as they are read, messages come out.
//!
//! Written is mboxrd: a line that begins with `From `, after any number of `>`, gets one more `>`. Two rules make what comes
//! back exactly what went in, where mboxrd is silent. The `From ` line names [`SENDER`], by which a reader knows that all of
//! this holds; other programs do not mind. And the blank line behind a message ends with LF where the message itself ends
//! with a line end, and with CR LF where it does not: then the LF before it is not the message's.
//!
//! Read is whatever calls itself mbox. What the container added is taken away: the `From ` line, the blank line before the
//! next one, and one `>` of lines that begin with `>From ` (mboxo has these, too, and does not say which it meant).

use memchr::memchr;

use super::header::is_known;

/// The sender in `From ` lines that are written here; marks follow its name after plus signs. `.invalid` is nobody's
/// (RFC 2606 §2).
const SENDER: &str = "malote";
const SENDER_DOMAIN: &str = "@export.invalid";

/// Octets of a line that are looked at. What is longer begins no message.
const LINE_BYTES: usize = 64 * 1024;

const FROM: &[u8] = b"From ";

/// What a `From ` line says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FromLine {
    /// When the message came in, Unix seconds.
    pub date: Option<i64>,
    /// Written here: the octets are exact, and `marks` are what was marked.
    pub is_exact: bool,
    pub marks: Vec<String>,
}

/// What comes out of an mbox.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    Begin(FromLine),
    Octets(&'a [u8]),
    /// `is_cut`: it was written here, and its end is missing.
    End {
        is_cut: bool,
    },
    /// Octets before the first message that belong to none.
    Junk(u64),
}

/// Cuts an mbox into its messages.
#[derive(Debug, Default)]
pub struct Splitter {
    /// What is not a whole line yet.
    buffer: Vec<u8>,
    message: Option<FromLine>,
    /// The LF of the last line, and a blank line behind it, are withheld until it is known what follows them.
    lf: bool,
    blank: Option<&'static [u8]>,
    /// The beginning of the line has been passed on.
    is_amid_line: bool,
    junk: u64,
}

impl Splitter {
    /// Takes octets, as many as there are.
    pub fn feed(&mut self, octets: &[u8], out: &mut impl FnMut(Event<'_>)) {
        self.buffer.extend_from_slice(octets);
        self.go_on(false, out);
    }

    /// Nothing more comes.
    pub fn finish(mut self, out: &mut impl FnMut(Event<'_>)) {
        self.go_on(true, out);
        self.end(out);
        if self.junk > 0 {
            out(Event::Junk(self.junk));
        }
    }

    fn go_on(&mut self, is_last: bool, out: &mut impl FnMut(Event<'_>)) {
        let buffer = std::mem::take(&mut self.buffer);
        let mut rest = buffer.as_slice();
        while !rest.is_empty() {
            let (line, after) = match memchr(b'\n', rest) {
                Some(end) => rest.split_at(end + 1),
                None if is_last => (rest, &[][..]),
                None if rest.len() < LINE_BYTES => break,
                None => {
                    rest = self.long(rest, out);
                    continue;
                }
            };
            if line.starts_with(FROM) && !self.is_amid_line {
                let next = match memchr(b'\n', after) {
                    Some(end) => after.get(..end).unwrap_or_default(),
                    None if is_last || after.len() >= LINE_BYTES => after,
                    None => break,
                };
                if self.separates(line, next) {
                    self.end(out);
                    self.begin(FromLine::read(line), out);
                    rest = after;
                    continue;
                }
            }
            self.line(line, out);
            rest = after;
        }
        let left = rest.len();
        self.buffer = buffer;
        self.buffer.drain(..self.buffer.len().saturating_sub(left));
    }

    /// Whether a line that begins with `From ` begins a message. A text may have such a line, where whoever wrote the file
    /// forgot to mark it; and the blank line before may be missing, or the date.
    fn separates(&self, line: &[u8], next: &[u8]) -> bool {
        let next = next.strip_suffix(b"\r").unwrap_or(next);
        match &self.message {
            None => true,
            Some(FromLine { is_exact: true, .. }) => true,
            Some(_) if has_date(line) => is_field(next) || self.blank.is_some() && next.is_empty(),
            Some(_) => self.blank.is_some() && is_field(next) && is_known(field_name(next)),
        }
    }

    fn begin(&mut self, from: FromLine, out: &mut impl FnMut(Event<'_>)) {
        if self.junk > 0 {
            out(Event::Junk(std::mem::take(&mut self.junk)));
        }
        self.message = Some(from.clone());
        out(Event::Begin(from));
    }

    fn end(&mut self, out: &mut impl FnMut(Event<'_>)) {
        let Some(from) = self.message.take() else { return };
        let blank = self.blank.take();
        let had_lf = std::mem::take(&mut self.lf);
        if had_lf && !(from.is_exact && blank == Some(b"\r\n")) {
            out(Event::Octets(b"\n"));
        }
        self.is_amid_line = false;
        out(Event::End { is_cut: from.is_exact && blank.is_none() });
    }

    /// A whole line, or the rest of one.
    fn line(&mut self, line: &[u8], out: &mut impl FnMut(Event<'_>)) {
        if self.message.is_none() {
            let text = line.trim_ascii_end();
            if text.is_empty() && self.junk == 0 {
                return;
            }
            // A file whose first `From ` line is missing, or no mbox at all.
            if self.junk > 0 || !(is_field(text) && is_known(field_name(text))) {
                self.junk += line.len() as u64;
                return;
            }
            self.begin(FromLine::default(), out);
        }
        let is_amid_line = std::mem::take(&mut self.is_amid_line);
        let blank: Option<&'static [u8]> = match line {
            _ if is_amid_line => None,
            b"\n" => Some(b"\n"),
            b"\r\n" => Some(b"\r\n"),
            _ => None,
        };
        if let Some(blank) = blank {
            if let Some(earlier) = self.blank.replace(blank) {
                self.emit_lf(out);
                if earlier.len() > 1 {
                    out(Event::Octets(b"\r"));
                }
                self.lf = true;
            }
            return;
        }
        self.flush(out);
        let line = if is_amid_line { line } else { unquoted(line) };
        let text = line.strip_suffix(b"\n");
        self.lf = text.is_some();
        let text = text.unwrap_or(line);
        if !text.is_empty() {
            out(Event::Octets(text));
        }
    }

    /// The beginning of a line that is longer than what is looked at; gives what is left.
    fn long<'a>(&mut self, rest: &'a [u8], out: &mut impl FnMut(Event<'_>)) -> &'a [u8] {
        if self.message.is_none() {
            self.junk += rest.len() as u64;
            return &[];
        }
        self.flush(out);
        if !self.is_amid_line {
            // Which of its `>` is taken away does not matter: all but one go on at once.
            let run = rest.iter().take_while(|&&octet| octet == b'>').count();
            if run > 1 {
                let (most, kept) = rest.split_at(run - 1);
                out(Event::Octets(most));
                return kept;
            }
        }
        let line = if self.is_amid_line { rest } else { unquoted(rest) };
        self.is_amid_line = true;
        out(Event::Octets(line));
        &[]
    }

    fn flush(&mut self, out: &mut impl FnMut(Event<'_>)) {
        self.emit_lf(out);
        if let Some(blank) = self.blank.take() {
            out(Event::Octets(blank));
        }
    }

    fn emit_lf(&mut self, out: &mut impl FnMut(Event<'_>)) {
        if std::mem::take(&mut self.lf) {
            out(Event::Octets(b"\n"));
        }
    }
}

impl FromLine {
    fn read(line: &[u8]) -> Self {
        let text = String::from_utf8_lossy(line);
        let mut words = text.split_ascii_whitespace().skip(1);
        let sender = words.next().unwrap_or_default();
        let own = sender.strip_suffix(SENDER_DOMAIN).and_then(|local| local.strip_prefix(SENDER));
        let marks = own.map(|marks| marks.split('+').filter(|mark| !mark.is_empty()).map(str::to_owned).collect());
        Self { date: date_of(&text), is_exact: own.is_some(), marks: marks.unwrap_or_default() }
    }

    /// The line itself, with its LF.
    pub fn written(date: i64, marks: &[&str]) -> String {
        let marks: String = marks.iter().map(|mark| format!("+{mark}")).collect();
        let day = jiff::Timestamp::from_second(date).unwrap_or_default().strftime("%a %b %e %H:%M:%S %Y").to_string();
        format!("From {SENDER}{marks}{SENDER_DOMAIN} {day}\n")
    }
}

/// The letters of a message's `Status` and `X-Status` fields, in which programs that keep mail in an mbox say what was read
/// (`R`), answered (`A`) and flagged (`F`). None: it has no such field.
pub fn status(head: &[u8]) -> Option<String> {
    let mut letters = None;
    let lines = head.split(|&octet| octet == b'\n').take_while(|line| !line.trim_ascii_end().is_empty());
    for line in lines {
        if ["Status", "X-Status"].iter().any(|name| field_name(line).eq_ignore_ascii_case(name)) {
            let value = line.split(|&octet| octet == b':').nth(1).unwrap_or_default();
            letters.get_or_insert_with(String::new).push_str(&String::from_utf8_lossy(value));
        }
    }
    letters
}

/// The line without the `>` that mboxrd put before it.
fn unquoted(line: &[u8]) -> &[u8] {
    let run = line.iter().take_while(|&&octet| octet == b'>').count();
    let is_quoted = run > 0 && line.get(run..).unwrap_or_default().starts_with(FROM);
    line.get(usize::from(is_quoted)..).unwrap_or_default()
}

fn field_name(line: &[u8]) -> &str {
    let name = memchr(b':', line).and_then(|colon| line.get(..colon)).unwrap_or_default();
    std::str::from_utf8(name.trim_ascii_end()).unwrap_or_default()
}

/// Whether the line is a header field, as far as its name goes (RFC 5322 §2.2).
fn is_field(line: &[u8]) -> bool {
    let name = field_name(line);
    !name.is_empty() && name.len() < 80 && name.bytes().all(|octet| octet.is_ascii_graphic())
}

fn has_date(line: &[u8]) -> bool {
    date_of(&String::from_utf8_lossy(line)).is_some()
}

/// The date of a `From ` line: month, day, time, year in this order, with whatever between them. Unix seconds.
fn date_of(line: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let is_time = |word: &&str| word.split(':').count() > 1 && word.split(':').all(|part| part.parse::<i8>().is_ok());
    let at = words.iter().rposition(is_time)?;
    let (before, after) = (words.get(..at)?, words.get(at + 1..)?);
    let month_of = |word: &str| MONTHS.iter().position(|month| word.to_ascii_lowercase().starts_with(month));
    let month = before.iter().rev().take(3).find_map(|word| month_of(word))?;
    let day: i8 = before.iter().rev().take(2).find_map(|word| word.trim_end_matches(',').parse().ok())?;
    let year_of = |word: &&str| word.parse::<i16>().ok().filter(|year| (1970..10_000).contains(year));
    let year = after.iter().take(3).find_map(year_of)?;
    let zone = after.iter().find_map(|word| zone_secs(word)).unwrap_or(0);
    let mut time = words.get(at)?.split(':').map(|part| part.parse::<i8>().unwrap_or(0));
    let (hour, minute, second) = (time.next()?, time.next()?, time.next().unwrap_or(0));
    let moment = jiff::civil::DateTime::new(year, i8::try_from(month).ok()? + 1, day, hour, minute, second.min(59), 0);
    let moment = moment.ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(moment.timestamp().as_second() - zone)
}

/// `+0200` in seconds.
fn zone_secs(word: &str) -> Option<i64> {
    let (sign, digits) = match word.strip_prefix('+') {
        Some(digits) => (1, digits),
        None => (-1, word.strip_prefix('-')?),
    };
    let number: i64 = digits.parse().ok().filter(|_| digits.len() == 4)?;
    Some(sign * (number / 100 * 3600 + number % 100 * 60))
}

/// Writes one message behind its [`FromLine::written`], as its octets come.
#[derive(Debug, Default)]
pub struct Writer {
    place: Place,
    ends_with_lf: bool,
}

/// Where in a line the next octet stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// At its beginning, or behind nothing but `>`.
    #[default]
    Beginning,
    /// Behind so many octets of `From `, which are withheld.
    Within(usize),
    Further,
}

impl Writer {
    pub fn feed(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        if let Some(last) = octets.last() {
            self.ends_with_lf = *last == b'\n';
        }
        let mut rest = octets;
        while let Some((&octet, after)) = rest.split_first() {
            match self.place {
                Place::Further => {
                    let length = memchr(b'\n', rest).map_or(rest.len(), |end| {
                        self.place = Place::Beginning;
                        end + 1
                    });
                    let (line, next) = rest.split_at(length);
                    out.extend_from_slice(line);
                    rest = next;
                }
                Place::Beginning if octet == b'>' => {
                    out.push(octet);
                    rest = after;
                }
                Place::Beginning => self.place = Place::Within(0),
                Place::Within(count) if FROM.get(count) == Some(&octet) => {
                    rest = after;
                    self.place = Place::Within(count + 1);
                    if count + 1 == FROM.len() {
                        out.push(b'>');
                        self.release(out);
                    }
                }
                Place::Within(_) => self.release(out),
            }
        }
    }

    /// Nothing more comes of this message.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        self.release(out);
        out.extend_from_slice(if self.ends_with_lf { b"\n" } else { b"\n\r\n" });
    }

    fn release(&mut self, out: &mut Vec<u8>) {
        if let Place::Within(count) = self.place {
            out.extend_from_slice(FROM.get(..count).unwrap_or_default());
            self.place = Place::Further;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Message = (FromLine, Vec<u8>, bool);

    fn split(file: &[u8], piece: usize) -> (Vec<Message>, u64) {
        let (mut messages, mut junk) = (Vec::<Message>::new(), 0);
        let mut take = |event: Event<'_>| match event {
            Event::Begin(from) => messages.push((from, Vec::new(), false)),
            Event::Octets(octets) => messages.last_mut().unwrap().1.extend_from_slice(octets),
            Event::End { is_cut } => messages.last_mut().unwrap().2 = is_cut,
            Event::Junk(octets) => junk += octets,
        };
        let mut splitter = Splitter::default();
        file.chunks(piece.max(1)).for_each(|octets| splitter.feed(octets, &mut take));
        splitter.finish(&mut take);
        (messages, junk)
    }

    fn contents(file: &[u8]) -> Vec<String> {
        let (whole, junk) = split(file, file.len());
        for piece in [1, 2, 3, 7] {
            assert_eq!(split(file, piece), (whole.clone(), junk), "in pieces of {piece}");
        }
        whole.into_iter().map(|(_, octets, _)| String::from_utf8_lossy(&octets).into_owned()).collect()
    }

    fn written(messages: &[Vec<u8>], piece: usize) -> Vec<u8> {
        let mut file = Vec::new();
        for (number, message) in (0..).zip(messages) {
            let marks: &[&str] = if number % 2 == 0 { &["seen", "starred"] } else { &[] };
            file.extend_from_slice(FromLine::written(1_700_000_000 + number, marks).as_bytes());
            let mut writer = Writer::default();
            message.chunks(piece.max(1)).for_each(|octets| writer.feed(octets, &mut file));
            writer.finish(&mut file);
        }
        file
    }

    /// Octets in which everything that an mbox stumbles over is likely.
    fn hostile() -> impl Strategy<Value = Vec<u8>> {
        let pieces = prop_oneof![
            Just(b"From ".to_vec()),
            Just(b">From ".to_vec()),
            Just(b">>".to_vec()),
            Just(b"\n".to_vec()),
            Just(b"\r\n".to_vec()),
            Just(b"\r".to_vec()),
            Just(b"\0".to_vec()),
            Just(b"From a@b Fri Nov 27 10:19:35 2026\nSubject: x\n".to_vec()),
            Just(b"X-Mozilla-Status: 0009\n".to_vec()),
            Just(b"Fro".to_vec()),
            proptest::collection::vec(any::<u8>(), 0..6),
        ];
        proptest::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn what_was_written_comes_back_to_the_last_octet(
            messages in proptest::collection::vec(hostile(), 0..5), pieces in (1..40_usize, 1..40_usize),
        ) {
            let (back, junk) = split(&written(&messages, pieces.0), pieces.1);
            let octets: Vec<Vec<u8>> = back.iter().map(|(_, octets, _)| octets.clone()).collect();
            prop_assert_eq!(octets, messages);
            prop_assert_eq!(junk, 0);
            prop_assert!(back.iter().all(|(from, _, is_cut)| from.is_exact && !is_cut));
        }

        #[test]
        fn whatever_is_called_an_mbox_is_read_alike_in_pieces(file in hostile(), piece in 1..9_usize) {
            prop_assert_eq!(split(&file, piece), split(&file, file.len()));
        }
    }

    #[test]
    fn lines_longer_than_what_is_looked_at_come_back_too() {
        let many = |octet: u8, count: usize| vec![octet; count];
        let messages = vec![
            [many(b'>', 200_000), b"From here\n".to_vec()].concat(),
            [many(b'x', 200_000), b"\nFrom ".to_vec(), many(b'y', 100_000)].concat(),
            many(b'\n', 100_000),
            many(b'>', 150_000),
        ];
        let (back, _) = split(&written(&messages, 1000), 4096);
        let octets: Vec<Vec<u8>> = back.into_iter().map(|(_, octets, _)| octets).collect();
        assert!(octets == messages);
    }

    #[test]
    fn marks_and_the_date_come_back() {
        let (back, _) = split(&written(&[b"a\n".to_vec(), b"b".to_vec()], 9), 9);
        let expected = |date, marks: &[&str]| FromLine {
            date: Some(date),
            is_exact: true,
            marks: marks.iter().map(|&mark| mark.to_owned()).collect(),
        };
        assert_eq!(back[0].0, expected(1_700_000_000, &["seen", "starred"]));
        assert_eq!(back[1].0, expected(1_700_000_001, &[]));
    }

    #[test]
    fn a_file_that_was_cut_off_says_so() {
        let file = written(&[b"one\n".to_vec(), b"two\nmore\n".to_vec()], 9);
        for cut in 1..5 {
            let (back, _) = split(&file[..file.len() - cut], 9);
            assert_eq!(back.iter().map(|(_, _, is_cut)| *is_cut).collect::<Vec<_>>(), [false, true], "{cut} octets");
        }
    }

    #[test]
    fn mboxes_of_all_kinds_and_with_all_kinds_of_damage_are_read() {
        let cases: &[(&str, &str, &[&str])] = &[
            ("nothing", "", &[]),
            ("blank lines alone", "\n\r\n\n", &[]),
            (
                "as it should be",
                "From a@b Fri Nov 27 10:19:35 2026\nSubject: 1\n\nText\n\nFrom c@d Fri Nov 27 10:20:00 2026\nSubject: 2\n\n",
                &["Subject: 1\n\nText\n", "Subject: 2\n"],
            ),
            (
                "CR LF throughout",
                "From - Fri Nov 27 10:19:35 2026\r\nSubject: 1\r\n\r\nText\r\n\r\nFrom - Fri Nov 27 10:20:00 2026\r\nSubject: 2\r\n\r\nx\r\n\r\n",
                &["Subject: 1\r\n\r\nText\r\n", "Subject: 2\r\n\r\nx\r\n"],
            ),
            (
                "quoted, mboxrd",
                "From - Fri Nov 27 10:19:35 2026\nA: b\n\n>From me\n>>From you\n> From us\n\n",
                &["A: b\n\nFrom me\n>From you\n> From us\n"],
            ),
            (
                "mboxcl: the length is not needed, and it may lie",
                "From - Fri Nov 27 10:19:35 2026\nContent-Length: 99999\n\nText\n\nFrom - Fri Nov 27 10:20:00 2026\nA: b\n\n",
                &["Content-Length: 99999\n\nText\n", "A: b\n"],
            ),
            (
                "a line of the text that was never quoted",
                "From - Fri Nov 27 10:19:35 2026\nA: b\n\nHello\n\nFrom here on all is well.\nYours\n\n",
                &["A: b\n\nHello\n\nFrom here on all is well.\nYours\n"],
            ),
            (
                "a date in such a line, and no header behind it",
                "From - Fri Nov 27 10:19:35 2026\nA: b\n\nFrom Friday Nov 27 10:19 2026 on\nall is well\n",
                &["A: b\n\nFrom Friday Nov 27 10:19 2026 on\nall is well\n"],
            ),
            (
                "no blank line before the next",
                "From - Fri Nov 27 10:19:35 2026\nA: b\n\nText\nFrom - Fri Nov 27 10:20:00 2026\nA: c\n\n",
                &["A: b\n\nText\n", "A: c\n"],
            ),
            (
                "no date",
                "From nobody\nSubject: 1\n\nText\n\nFrom nobody\nSubject: 2\n\n",
                &["Subject: 1\n\nText\n", "Subject: 2\n"],
            ),
            (
                "the first line is missing",
                "Subject: 1\n\nText\n\nFrom - Fri Nov 27 10:20:00 2026\nA: c\n\n",
                &["Subject: 1\n\nText\n", "A: c\n"],
            ),
            ("no line end at the end", "From - Fri Nov 27 10:20:00 2026\nA: c\n\nText", &["A: c\n\nText"]),
            (
                "a message without a header",
                "From - Fri Nov 27 10:19:35 2026\n\nText\n\nFrom - Fri Nov 27 10:20:00 2026\n\n",
                &["\nText\n", ""],
            ),
            (
                "rubbish before the first message",
                "\0\0\0garbage\nFrom - Fri Nov 27 10:20:00 2026\nA: c\n\n",
                &["A: c\n"],
            ),
        ];
        for (name, file, expected) in cases {
            assert_eq!(contents(file.as_bytes()), *expected, "{name}");
        }
    }

    #[test]
    fn rubbish_is_counted() {
        assert_eq!(split(b"\0garbage\nFrom - Fri Nov 27 10:20:00 2026\nA: c\n\n", 5).1, 9);
        assert_eq!(split(b"nothing but words\nand more", 5), (vec![], 26));
    }

    #[test]
    fn dates_are_read_in_the_spellings_that_there_are() {
        let cases = [
            ("From a@b Fri Nov 27 10:19:35 2026", Some(1_795_774_775)),
            ("From a@b Fri Nov  7 10:19 2025", Some(1_762_510_740)),
            ("From a@b Fri Nov 27 10:19:35 CET 2026", Some(1_795_774_775)),
            ("From a@b Fri Nov 27 10:19:35 2026 +0100", Some(1_795_771_175)),
            ("From \"a b\"@c Fri Nov 27 10:19:35 2026\r\n", Some(1_795_774_775)),
            ("From a@b", None),
            ("From now on", None),
            ("From a@b Fri Nov 99 10:19:35 2026", None),
        ];
        for (line, expected) in cases {
            assert_eq!(FromLine::read(line.as_bytes()).date, expected, "{line}");
        }
    }
}
