//! A POP3 client of few words, for what the program under test would not do: stay.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use super::PASSWORD;
use super::process::PATIENCE;

/// A session, signed in over a plain connection.
pub struct Pop3Client(BufReader<TcpStream>);

impl Pop3Client {
    pub fn sign_in(port: u16, user: &str) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut client = Self(BufReader::new(stream));
        client.reply();
        client.say(&format!("USER {user}"));
        client.say(&format!("PASS {PASSWORD}"));
        client
    }

    /// Says a command that must be obeyed; the first line of the reply.
    pub fn say(&mut self, command: &str) -> String {
        self.0.get_mut().write_all(format!("{command}\r\n").as_bytes()).unwrap();
        self.reply()
    }

    fn reply(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        assert!(line.starts_with("+OK"), "{line:?}");
        line
    }
}
