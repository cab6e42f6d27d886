//! The servers over real sockets.

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
