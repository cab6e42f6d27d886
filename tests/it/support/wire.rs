//! The server's end of a connection: counts what is said, cuts where it is told to, and can become TLS.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::pki::{self, Kind};

/// A read that brings nothing for so long looks whether the test is over.
const PAUSE: Duration = Duration::from_millis(200);

/// Where the line is cut, counted over all that the server says in one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    AfterLines(usize),
    AfterBytes(usize),
}

trait Wire: Read + Write + Send {}
impl<T: Read + Write + Send> Wire for T {}

/// One connection.
pub struct Line<'a> {
    wire: Option<Box<dyn Wire>>,
    socket: TcpStream,
    unread: Vec<u8>,
    cut: Option<Cut>,
    /// How many lines, how many octets.
    pub said: (usize, usize),
    over: &'a AtomicBool,
}

impl<'a> Line<'a> {
    pub fn new(stream: TcpStream, cut: Option<Cut>, over: &'a AtomicBool) -> Self {
        stream.set_read_timeout(Some(PAUSE)).unwrap();
        let socket = stream.try_clone().unwrap();
        Self { wire: Some(Box::new(stream)), socket, unread: Vec::new(), cut, said: (0, 0), over }
    }

    /// Says all of it, or as much as the cut leaves.
    pub fn say(&mut self, octets: &[u8]) -> io::Result<()> {
        let allowed = self.allowance(octets);
        let (octets, rest) = octets.split_at(allowed);
        self.said.0 += octets.iter().filter(|octet| **octet == b'\n').count();
        self.said.1 += octets.len();
        let wire = self.wire.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        wire.write_all(octets)?;
        wire.flush()?;
        let reached = match self.cut {
            Some(Cut::AfterLines(lines)) => self.said.0 >= lines,
            Some(Cut::AfterBytes(bytes)) => self.said.1 >= bytes,
            None => false,
        };
        if reached || !rest.is_empty() { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }

    /// How many of these octets may still be said.
    fn allowance(&self, octets: &[u8]) -> usize {
        let ends = || octets.iter().enumerate().filter(|(_, octet)| **octet == b'\n').map(|(i, _)| i + 1);
        match self.cut {
            None => octets.len(),
            Some(Cut::AfterBytes(bytes)) => octets.len().min(bytes.saturating_sub(self.said.1)),
            Some(Cut::AfterLines(lines)) => match lines.saturating_sub(self.said.0) {
                0 => 0,
                left => ends().nth(left - 1).unwrap_or(octets.len()),
            },
        }
    }

    pub fn read_line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.unread.iter().position(|octet| *octet == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned());
            }
            self.read_more()?;
        }
    }

    /// Forgets what came and was not read. True: there was something.
    pub fn drop_unread(&mut self) -> bool {
        !std::mem::take(&mut self.unread).is_empty()
    }

    fn read_more(&mut self) -> io::Result<()> {
        let mut buffer = [0; 4096];
        match self.wire.as_mut().ok_or(io::ErrorKind::NotConnected)?.read(&mut buffer) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                self.unread.extend_from_slice(&buffer[..count]);
                Ok(())
            }
            Err(error) if is_pause(&error) && !self.over.load(Ordering::Relaxed) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Until the other side hangs up, or the test is over.
    pub fn wait_for_the_end(&mut self) -> io::Result<()> {
        loop {
            self.read_more()?;
        }
    }

    pub fn start_tls(&mut self, kind: Kind) -> io::Result<()> {
        let refused = |error: &dyn std::fmt::Display| io::Error::other(error.to_string());
        self.wire = None;
        let plain = self.socket.try_clone()?;
        plain.set_read_timeout(Some(Duration::from_secs(10)))?;
        let stream = pki::acceptor(kind).accept(plain).map_err(|error| refused(&error))?;
        self.wire = Some(Box::new(stream));
        self.socket.set_read_timeout(Some(PAUSE))
    }

    /// In good order, so that what was said arrives: then a little patience for what is still on its way here.
    pub fn hang_up(&mut self) {
        let _closed_already = self.socket.shutdown(Shutdown::Write);
        let mut rest = [0; 4096];
        for _ in 0..25 {
            match self.socket.read(&mut rest) {
                Ok(0) => break,
                Err(error) if !is_pause(&error) => break,
                _ => {}
            }
        }
    }
}

fn is_pause(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
