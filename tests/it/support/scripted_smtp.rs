//! An SMTP submission server that loses the line where it is told to, and keeps what it accepted.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

#[derive(Debug, Default)]
struct State {
    /// Hang up instead of answering this: `greeting`, a command, or `message` for the final dot.
    lost_at: Option<String>,
    accepted: Vec<String>,
}

pub struct SmtpServer {
    port: u16,
    state: Arc<Mutex<State>>,
    over: Arc<AtomicBool>,
}

impl SmtpServer {
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self { port, state: Arc::default(), over: Arc::default() };
        let (state, over) = (Arc::clone(&server.state), Arc::clone(&server.over));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                let state = Arc::clone(&state);
                thread::spawn(move || serve(&stream, &state));
            }
        });
        server
    }

    /// The switches of `account add`.
    pub fn switches(&self) -> [String; 6] {
        let port = self.port.to_string();
        ["--smtp-host", "127.0.0.1", "--smtp-port", &port, "--smtp-security", "none"].map(str::to_owned)
    }

    /// From the next connection on.
    pub fn lose_line_at(&self, step: Option<&str>) {
        self.state.lock().unwrap().lost_at = step.map(str::to_owned);
    }

    /// The messages whose final dot arrived.
    pub fn accepted(&self) -> Vec<String> {
        self.state.lock().unwrap().accepted.clone()
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _wakes_the_listener = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// RFC 5321, as far as one message needs it.
fn serve(stream: &TcpStream, state: &Mutex<State>) -> io::Result<()> {
    let lost_at = state.lock().unwrap().lost_at.clone();
    let mut lines = BufReader::new(stream.try_clone()?);
    let say = |step: &str, words: &str| -> io::Result<()> {
        if lost_at.as_deref() == Some(step) {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        let mut stream = stream;
        stream.write_all(words.as_bytes())
    };
    say("greeting", "220 localhost ESMTP\r\n")?;
    loop {
        let line = read(&mut lines)?;
        let verb = line.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => say(&verb, "250-localhost\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN\r\n")?,
            "AUTH" if line.split_whitespace().count() < 3 => {
                say(&verb, "334 \r\n")?;
                read(&mut lines)?;
                say(&verb, "235 welcome\r\n")?;
            }
            "AUTH" => say(&verb, "235 welcome\r\n")?,
            "DATA" => {
                say(&verb, "354 go ahead\r\n")?;
                let mut message = String::new();
                loop {
                    match read(&mut lines)? {
                        line if line == "." => break,
                        line => message = message + &line + "\n",
                    }
                }
                state.lock().unwrap().accepted.push(message);
                say("message", "250 accepted\r\n")?;
            }
            "QUIT" => return say(&verb, "221 bye\r\n"),
            _ => say(&verb, "250 fine\r\n")?,
        }
    }
}

fn read(lines: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = Vec::new();
    if lines.read_until(b'\n', &mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned())
}
