//! Messages to fill a maildrop with: made by rule, so that a test knows every octet.

/// A message as RETR gives it, before dot-stuffing: CRLF at every line's end. Each number gives another message; some hold
/// what mail readers trip over: lines that begin with a dot, octets of no character set, a long line, a nested message.
pub fn message(number: usize) -> Vec<u8> {
    let mut raw = format!(
        "Return-Path: <sender{number}@example.net>\r\n\
         From: Sender {number} <sender{number}@example.net>\r\n\
         To: Ana <ana@example.org>\r\n\
         Subject: Message number {number}\r\n\
         Message-ID: <number-{number}@example.net>\r\n\
         Date: Mon, 2 Nov 2026 {:02}:{:02}:{:02} +0000\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n",
        number / 3600 % 24,
        number / 60 % 60,
        number % 60,
    )
    .into_bytes();
    match number % 7 {
        1 => raw.extend_from_slice(b".\r\n..\r\n.dot at the start\r\n"),
        2 => raw.extend_from_slice(b"octets of no character set: \xff\xfe\x80 \x1b[2J\r\n"),
        3 => {
            raw.extend(std::iter::repeat_n(b'x', 3000));
            raw.extend_from_slice(b"\r\n");
        }
        4 => raw.extend_from_slice(b"\r\n\r\n  blanks before, blanks after  \r\n\t\r\n\r\n"),
        5 => raw.extend_from_slice("Grüße – 你好 – שלום\r\n".as_bytes()),
        _ => raw.extend_from_slice(b"An ordinary line.\r\n"),
    }
    raw.extend_from_slice(format!("The end of number {number}.\r\n").as_bytes());
    raw
}

/// The first `count` messages, numbered from 1.
pub fn messages(count: usize) -> Vec<Vec<u8>> {
    (1..=count).map(message).collect()
}

/// In an order that two lists of messages can be compared in.
pub fn sorted(mut messages: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    messages.sort();
    messages
}

/// Fails, with subjects instead of pages of octets, unless both hold the same messages equally often.
#[track_caller]
pub fn assert_same(found: Vec<Vec<u8>>, wanted: Vec<Vec<u8>>, context: &str) {
    let (found, wanted) = (sorted(found), sorted(wanted));
    if found != wanted {
        panic!("{context}\n  found:  {:?}\n  wanted: {:?}", subjects(&found), subjects(&wanted));
    }
}

/// Subject and size of each.
pub fn subjects(messages: &[Vec<u8>]) -> Vec<String> {
    messages
        .iter()
        .map(|raw| format!("{} ({} octets)", header(raw, "Subject").unwrap_or_default(), raw.len()))
        .collect()
}

/// The first header field of that name, unfolded.
pub fn header(raw: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(raw).replace("\r\n", "\n").replace("\n ", " ").replace("\n\t", " ");
    let head = text.split("\n\n").next()?.to_owned();
    head.lines().find_map(|line| {
        let (field, value) = line.split_once(':')?;
        field.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}
