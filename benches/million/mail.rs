//! Generated mail: each message is a pure function of its number. Words follow Zipf's law in five languages (two of them
//! written without spaces), messages answer each other, carry HTML beside the text, and some of them files.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

/// Words of a language; the first are said all the time, as in speech.
const VOCABULARY: usize = 30_000;
const SENDERS: usize = 2_000;
/// 1 January 2011, and the 15 years after it.
const EPOCH: i64 = 1_293_840_000;
const SPAN_SECS: f64 = 15.0 * 365.25 * 86_400.0;
/// Octets of a message: the median, and the deviation of its logarithm.
const MEDIAN_BYTES: f64 = 3_600.0;
const SIGMA: f64 = 0.45;

const ENGLISH: &str = "the of and to in is that for it was on are as with his they at be this from have or by one had not but \
    what all were when we there can an your which their said if do will each about how up out them then she many some so \
    meeting invoice report project schedule release budget please regards attached review contract customer delivery \
    payment account update thanks team server question answer problem solution tomorrow monday friday office travel \
    flight hotel weather lunch";
const PORTUGUESE: &str = "de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem \
    à seu sua ou ser quando muito há nos já está eu também só pelo pela até isso reunião fatura relatório projeto prazo \
    orçamento obrigado anexo contrato cliente entrega pagamento conta equipe servidor pergunta resposta amanhã";

/// A generator (splitmix64): the same mail in every run.
pub struct Random(u64);

impl Random {
    pub fn of(number: usize, purpose: u64) -> Self {
        Self((number as u64).wrapping_mul(0xA24B_AED4_963E_E407) ^ purpose.wrapping_mul(0x9FB2_1C65_1E98_DF25))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn unit(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.unit().ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }

    fn base64(&mut self, bytes: usize) -> String {
        let octets: Vec<u8> = (0..bytes).map(|_| self.next() as u8).collect();
        BASE64.encode(octets)
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Language {
    English,
    Portuguese,
    Chinese,
    Arabic,
    Japanese,
}

struct Words {
    words: Vec<String>,
    /// Sums of the words' weights.
    weights: Vec<f64>,
}

pub struct Generator {
    languages: [Words; 5],
    total: usize,
}

impl Generator {
    pub fn new(total: usize) -> Self {
        use Language::*;
        Self { languages: [English, Portuguese, Chinese, Arabic, Japanese].map(vocabulary), total }
    }

    /// A word of English by its rank, and one of two characters of a language without spaces.
    pub fn english(&self, rank: usize) -> &str {
        &self.languages[0].words[rank]
    }

    pub fn of_two(&self, japanese: bool) -> &str {
        let words = &self.languages[if japanese { 4 } else { 2 }].words;
        words.iter().skip(300).find(|word| word.chars().count() == 2).unwrap()
    }

    pub fn sender(&self, number: usize) -> (String, String) {
        const FIRST: [&str; 12] =
            ["Ana", "Bob", "Carlos", "Diana", "Emma", "Fatima", "João", "Kenji", "Maria", "Xin", "Yuki", "Zoë"];
        let mut random = Random::of(number, 77);
        let first = FIRST[random.below(FIRST.len())];
        let last = self.english(200 + random.below(5000));
        let host = random.below(50);
        (format!("{first} {}{}", last[..1].to_uppercase(), &last[1..]), format!("{last}{number}@host{host}.example"))
    }

    pub fn subject_words(&self, root: usize) -> String {
        let mut random = Random::of(root, 7);
        let language = language(root);
        let count = 3 + random.below(6);
        self.text(&mut random, language, count)
    }

    /// A thread in English in the newer half of the mail.
    pub fn english_root(&self) -> usize {
        (self.total / 2..self.total)
            .find(|&number| parent(number).is_none() && language(number) == Language::English)
            .unwrap()
    }

    fn word(&self, random: &mut Random, language: Language) -> &str {
        let Words { words, weights } = &self.languages[language as usize];
        let at = random.unit() * weights[weights.len() - 1];
        &words[weights.partition_point(|&sum| sum < at).min(words.len() - 1)]
    }

    fn text(&self, random: &mut Random, language: Language, count: usize) -> String {
        let words: Vec<&str> = (0..count).map(|_| self.word(random, language)).collect();
        words.join(if is_spaced(language) { " " } else { "" })
    }

    fn prose(&self, random: &mut Random, language: Language, bytes: usize) -> String {
        let mut text = String::with_capacity(bytes + 100);
        let (line, end) = if is_spaced(language) { (11, ".") } else { (14, "。") };
        while text.len() < bytes {
            text.push_str(&self.text(random, language, line));
            match random.below(100) {
                0..6 => text.push_str(&format!(" {}\r\n", random.below(1_000_000))),
                93.. => text.push_str("\r\n\r\n"),
                55..93 => text.push_str(&format!("{end}\r\n")),
                _ => text.push_str("\r\n"),
            }
        }
        text
    }

    /// The same text as a page: that is what alternatives are (RFC 2046, section 5.1.4).
    fn html(random: &mut Random, text: &str) -> String {
        let mut html = String::from(
            "<html><head><style>body{font-family:Arial,sans-serif;font-size:14px;color:#222}\r\n\
             td.c{padding:4px 12px;border-bottom:1px solid #ddd}</style></head>\r\n<body>\r\n",
        );
        for (number, line) in text.lines().enumerate() {
            match number % 9 {
                4 => html
                    .push_str(&format!("<a href=\"https://host.example/p/{}\">{line}</a>\r\n", random.below(1 << 30))),
                6 => html.push_str(&format!("<table><tr><td class=\"c\">{line}</td></tr></table>\r\n")),
                _ => html.push_str(&format!("<p>{line}</p>\r\n")),
            }
        }
        html.push_str("</body></html>\r\n");
        html
    }

    pub fn mail(&self, number: usize) -> Vec<u8> {
        let mut random = Random::of(number, 6);
        let references = chain(number);
        let root = references.first().copied().unwrap_or(number);
        let language = language(root);
        let size = (MEDIAN_BYTES * (SIGMA * Random::of(number, 4).normal()).exp()) as usize;
        let share = random.unit();
        let (name, address) = self.sender(((SENDERS as f64).powf(share) as usize).min(SENDERS) - 1);
        let seconds = EPOCH + (SPAN_SECS * number as f64 / self.total as f64) as i64;
        let date = jiff::Timestamp::from_second(seconds).unwrap().to_zoned(jiff::tz::TimeZone::UTC);
        let date = date.strftime("%a, %d %b %Y %H:%M:%S +0000");
        let domain = address.split_once('@').unwrap().1;
        let mut mail = format!("Return-Path: <{address}>\r\n");
        for host in ["out", "relay"] {
            mail.push_str(&format!(
                "Received: from {host}.{domain} ({host}.{domain} [192.0.2.{}])\r\n\tby mx.home.example with ESMTPS id {:x}\r\n\
                 \tfor <me@home.example>; {date}\r\n",
                random.below(250),
                random.next() >> 16
            ));
        }
        mail.push_str(&format!(
            "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s=s1;\r\n\
             \th=from:to:subject:date:message-id; bh={};\r\n\tb={}\r\n\t {}\r\n",
            random.base64(32),
            random.base64(48),
            random.base64(140)
        ));
        mail.push_str(&format!("From: {} <{address}>\r\nTo: Me <me@home.example>\r\n", encoded(&name)));
        if random.below(10) < 3 {
            let copies: Vec<String> = (0..=random.below(4)).map(|_| self.sender(random.below(SENDERS)).1).collect();
            mail.push_str(&format!("Cc: {}\r\n", copies.join(", ")));
        }
        let subject = format!("{}{}", if references.is_empty() { "" } else { "Re: " }, self.subject_words(root));
        mail.push_str(&format!(
            "Subject: {}\r\nDate: {date}\r\nMessage-ID: {}\r\n",
            encoded(&subject),
            message_id(number)
        ));
        if let Some(&last) = references.last() {
            let ids: Vec<String> = references.iter().rev().take(10).rev().map(|&number| message_id(number)).collect();
            mail.push_str(&format!("In-Reply-To: {}\r\nReferences: {}\r\n", message_id(last), ids.join("\r\n ")));
        }
        if random.below(5) == 0 {
            mail.push_str(&format!("List-Id: <{}.lists.example>\r\n", self.english(150 + root % 40)));
        }
        mail.push_str(&format!("X-Mailer: Bench {}.{}\r\nMIME-Version: 1.0\r\n", random.below(9), random.below(10)));
        let left = size.saturating_sub(mail.len()).max(200);
        self.append_body(&mut mail, &mut random, language, left);
        mail.into_bytes()
    }

    fn append_body(&self, mail: &mut String, random: &mut Random, language: Language, left: usize) {
        if left < 1_500 || random.below(100) < 35 {
            let text = self.prose(random, language, left);
            return append_part(mail, random, language, "plain", &text);
        }
        let boundary = format!("=_b{:016x}", random.next());
        let has_file = random.below(100) < 8;
        if has_file {
            mail.push_str(&format!("Content-Type: multipart/mixed; boundary=\"m{boundary}\"\r\n\r\n--m{boundary}\r\n"));
        }
        mail.push_str(&format!("Content-Type: multipart/alternative; boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\n"));
        let text = self.prose(random, language, left * 2 / 5);
        append_part(mail, random, language, "plain", &text);
        mail.push_str(&format!("--{boundary}\r\n"));
        let html = Self::html(random, &text);
        append_part(mail, random, language, "html", &html);
        mail.push_str(&format!("--{boundary}--\r\n"));
        if has_file {
            // A few are large, as files are.
            let bytes = if random.below(100) == 0 { 100_000 + random.below(400_000) } else { 1_000 };
            let (name, file) = (self.english(random.below(500)), random.base64(bytes));
            mail.push_str(&format!(
                "--m{boundary}\r\nContent-Type: application/pdf; name=\"{name}.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\
                 Content-Disposition: attachment; filename=\"{name}.pdf\"\r\n\r\n{}--m{boundary}--\r\n",
                lines(&file)
            ));
        }
    }
}

fn vocabulary(language: Language) -> Words {
    let mut random = Random::of(language as usize, 99);
    let mut words: Vec<String> = match language {
        Language::English => ENGLISH.split_whitespace().map(str::to_owned).collect(),
        Language::Portuguese => PORTUGUESE.split_whitespace().map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let mut known: std::collections::HashSet<String> = words.iter().cloned().collect();
    while words.len() < VOCABULARY {
        let word = made_up(&mut random, language);
        if known.insert(word.clone()) {
            words.push(word);
        }
    }
    let mut sum = 0.0;
    let weights = (0..words.len()).map(|rank| {
        sum += 1.0 / (rank as f64 + 5.0);
        sum
    });
    Words { weights: weights.collect(), words }
}

fn made_up(random: &mut Random, language: Language) -> String {
    let mut from = |first: u32, count: usize| char::from_u32(first + random.below(count) as u32).unwrap();
    match language {
        Language::Chinese => (0..=u32::from(from('a' as u32, 3)) - 97).map(|_| from(0x4E00, 3000)).collect(),
        Language::Japanese => {
            let kanji = 1 + (from('a' as u32, 2) as u32 - 97);
            let kana = from('a' as u32, 3) as u32 - 97;
            let mut word: String = (0..kanji).map(|_| from(0x5000, 2500)).collect();
            word.extend((0..kana).map(|_| from(0x3042, 80)));
            word
        }
        Language::Arabic => (0..3 + (from('a' as u32, 4) as u32 - 97)).map(|_| from(0x0628, 18)).collect(),
        Language::English | Language::Portuguese => {
            const ON: [&str; 24] = [
                "b", "c", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "br", "cr", "pl",
                "st", "tr", "th", "sh",
            ];
            let nuclei: &[&str] = if language == Language::English {
                &["a", "e", "i", "o", "u", "ai", "ea", "ee", "io", "ou"]
            } else {
                &["a", "e", "i", "o", "u", "ã", "é", "ó", "ê", "ão", "ei"]
            };
            let mut word = String::new();
            for _ in 0..1 + random.below(4) {
                word.push_str(ON[random.below(ON.len())]);
                word.push_str(nuclei[random.below(nuclei.len())]);
            }
            word.push_str(["", "n", "r", "s", "t", "l", "m", "ck", "nd"][random.below(9)]);
            word
        }
    }
}

fn is_spaced(language: Language) -> bool {
    !matches!(language, Language::Chinese | Language::Japanese)
}

fn language(root: usize) -> Language {
    match Random::of(root, 3).below(100) {
        0..60 => Language::English,
        60..72 => Language::Portuguese,
        72..84 => Language::Chinese,
        84..90 => Language::Arabic,
        _ => Language::Japanese,
    }
}

/// The message that this one answers.
fn parent(number: usize) -> Option<usize> {
    let mut random = Random::of(number, 1);
    if random.below(100) >= 55 {
        return None;
    }
    number.checked_sub(1 + (-12.0 * random.unit().ln()) as usize)
}

/// What it answers, and what that answers, the oldest first.
fn chain(number: usize) -> Vec<usize> {
    let mut chain: Vec<usize> = std::iter::successors(parent(number), |&number| parent(number)).take(20).collect();
    chain.reverse();
    chain
}

fn message_id(number: usize) -> String {
    let mut random = Random::of(number, 2);
    format!("<{:016x}.{number}@host{}.example>", random.next(), number % 50)
}

fn encoded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().collect();
    let words = chars.chunks(12).map(|part| format!("=?utf-8?B?{}?=", BASE64.encode(part.iter().collect::<String>())));
    words.collect::<Vec<_>>().join("\r\n ")
}

fn lines(text: &str) -> String {
    text.as_bytes().chunks(76).map(|line| format!("{}\r\n", std::str::from_utf8(line).unwrap())).collect()
}

fn append_part(mail: &mut String, random: &mut Random, language: Language, kind: &str, text: &str) {
    let encoding = match language {
        Language::English => ["7bit", "7bit", "quoted-printable"][random.below(3)],
        Language::Portuguese => ["quoted-printable", "quoted-printable", "8bit"][random.below(3)],
        _ => "base64",
    };
    mail.push_str(&format!(
        "Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    ));
    match encoding {
        "base64" => mail.push_str(&lines(&BASE64.encode(text))),
        "quoted-printable" => mail.push_str(&quoted_printable(text)),
        _ => mail.push_str(text),
    }
}

fn quoted_printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 3 / 2);
    let mut column = 0;
    for byte in text.bytes() {
        match byte {
            b'\r' | b'\n' => {
                out.push(char::from(byte));
                column = 0;
            }
            b'=' | 0x7F.. => {
                out.push_str(&format!("={byte:02X}"));
                column += 3;
            }
            _ => {
                out.push(char::from(byte));
                column += 1;
            }
        }
        if column > 72 {
            out.push_str("=\r\n");
            column = 0;
        }
    }
    out
}
