//! The servers over real sockets, and the sample mail itself.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use super::*;

/// A client that says lines and reads replies.
struct Client(BufReader<TcpStream>);

impl Client {
    fn new(port: u16) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut client = Self(BufReader::new(stream));
        assert!(client.read().starts_with(['+', '2']), "a greeting");
        client
    }

    fn send(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
    }

    fn read(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn say(&mut self, line: &str) -> String {
        self.send(&format!("{line}\r\n"));
        self.read()
    }

    /// Lines up to the dot, bytes as they came.
    fn listing(&mut self, line: &str) -> Vec<Vec<u8>> {
        assert!(self.say(line).starts_with("+OK"));
        let mut lines = Vec::new();
        loop {
            let mut read = Vec::new();
            self.0.read_until(b'\n', &mut read).unwrap();
            if read == b".\r\n" {
                return lines;
            }
            lines.push(read);
        }
    }

    fn log_in(&mut self, demo: &Demo) {
        assert!(self.say(&format!("USER {}", demo.user)).starts_with("+OK"));
        let reply = self.say(&format!("PASS {}", demo.password));
        assert!(reply.starts_with("+OK"), "{reply}");
    }
}

#[test]
fn the_whole_sample_mail_comes_over_a_real_line_byte_for_byte() {
    let demo = start().unwrap();
    let expected = demo.messages();
    let mut client = Client::new(demo.pop3_port);
    client.log_in(&demo);
    assert_eq!(client.listing("UIDL").len(), expected.len());
    for (number, message) in (1..).zip(&expected) {
        let lines = client.listing(&format!("RETR {number}"));
        let unstuffed: Vec<u8> =
            lines.iter().flat_map(|line| line.strip_prefix(b".").unwrap_or(line)).copied().collect();
        assert!(unstuffed == *message.raw, "{}", message.unique_id);
    }
}

#[test]
fn what_one_sends_to_oneself_is_there_at_the_next_visit() {
    let demo = start_with(Maildrop::default()).unwrap();
    let mut smtp = Client::new(demo.smtp_port);
    smtp.send("EHLO pouch\r\n");
    while smtp.read().starts_with("250-") {}
    assert!(smtp.say("AUTH PLAIN AGFuYQBhIGNvdXJpZXIncyBwb3VjaA==").starts_with("235"));
    // All at once, as PIPELINING allows.
    smtp.send(&format!("MAIL FROM:<{0}>\r\nRCPT TO:<{0}>\r\nDATA\r\n", demo.address));
    for code in ["250", "250", "354"] {
        assert!(smtp.read().starts_with(code));
    }
    assert!(smtp.say("Subject: to myself\r\n\r\nHello\r\n.").starts_with("250"));

    let mut pop3 = Client::new(demo.pop3_port);
    pop3.log_in(&demo);
    assert!(pop3.say("STAT").starts_with("+OK 1 "));
    let lines = pop3.listing("RETR 1");
    assert_eq!(lines.last().map(Vec::as_slice), Some(b"Hello\r\n".as_slice()));
}

#[test]
fn many_commands_at_once_are_answered_in_their_order() {
    let demo = start_with(Maildrop::default()).unwrap();
    let mut client = Client::new(demo.pop3_port);
    client.send(&format!("USER {}\r\nPASS {}\r\nSTAT\r\nRETR 1\r\nQUIT\r\nSTAT\r\n", demo.user, demo.password));
    for reply in ["+OK", "+OK welcome", "+OK 0 0", "-ERR", "+OK good-bye"] {
        assert!(client.read().starts_with(reply), "{reply}");
    }
    assert_eq!(client.read(), "", "the server has hung up");
}

#[test]
fn the_servers_end_with_the_demo_though_a_client_is_connected() {
    let demo = start_with(Maildrop::default()).unwrap();
    let port = demo.pop3_port;
    let mut client = Client::new(port);
    drop(demo);
    assert_eq!(client.read(), "", "the server has hung up");
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
}

/// The header, unfolded, in small letters of its own choosing: `Name: value` lines.
fn header(message: &Message) -> Vec<String> {
    let text = String::from_utf8_lossy(&message.raw).into_owned();
    let header = text.split("\r\n\r\n").next().unwrap_or_default().to_owned();
    header.replace("\r\n\t", " ").replace("\r\n ", " ").lines().map(str::to_owned).collect()
}

fn field(message: &Message, name: &str) -> Option<String> {
    header(message).iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ").map(str::to_owned))
}

#[test]
fn sample_messages_are_in_good_order() {
    let messages = Maildrop::sample().messages();
    assert!(messages.len() >= 55, "{} messages", messages.len());
    let bytes: usize = messages.iter().map(|message| message.raw.len()).sum();
    assert!(bytes < 1_500_000, "{bytes} bytes");
    let ids: BTreeSet<&str> = messages.iter().map(|message| message.unique_id.as_str()).collect();
    assert_eq!(ids.len(), messages.len());
    for message in &messages {
        let name = &message.unique_id;
        assert!(!name.is_empty() && name.len() <= 70 && name.bytes().all(|byte| byte.is_ascii_graphic()), "{name}");
        assert!(only_crlf(&message.raw), "{name} has a line that does not end in CRLF");
        assert!(field(message, "Date").is_some(), "{name} has no date");
    }
}

fn only_crlf(raw: &[u8]) -> bool {
    let ends = raw.windows(2).filter(|pair| *pair == b"\r\n").count();
    let returns = raw.iter().filter(|byte| **byte == b'\r').count();
    let feeds = raw.iter().filter(|byte| **byte == b'\n').count();
    raw.ends_with(b"\r\n") && ends == returns && ends == feeds
}

#[test]
fn sample_messages_name_nobody_who_could_exist() {
    for message in Maildrop::sample().messages() {
        let from = field(&message, "From").unwrap_or_default();
        assert!(from.contains('@'), "{} has no sender", message.unique_id);
        // Without the soft breaks of quoted-printable, which may stand in the middle of a name.
        let text = String::from_utf8_lossy(&message.raw).replace("=\r\n", "");
        for domain in domains(&text) {
            assert!(is_reserved(&domain), "{}: {domain}", message.unique_id);
        }
    }
}

/// What follows an `@` or a `//` and looks like the name of a host.
fn domains(text: &str) -> Vec<String> {
    let name =
        |rest: &str| rest.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '.' | '-')).collect::<String>();
    let after = |mark: &str| text.split(mark).skip(1).map(name).collect::<Vec<_>>();
    let all = after("@").into_iter().chain(after("://"));
    all.map(|domain| domain.trim_end_matches('.').to_owned()).filter(|domain| domain.contains('.')).collect()
}

/// The names that belong to nobody (RFC 2606, RFC 6761).
fn is_reserved(domain: &str) -> bool {
    let domain = domain.to_lowercase();
    domain.ends_with(".example")
        || ["example.org", "example.com", "example.net"]
            .iter()
            .any(|reserved| domain == *reserved || domain.ends_with(&format!(".{reserved}")))
}
