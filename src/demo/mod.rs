//! A POP3 and SMTP server inside the program, for `malote --demo` and for tests: on loopback, on free ports, with about sixty
//! sample messages. It keeps what became of them for as long as it runs and sends nothing anywhere.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::thread::JoinHandle;
use std::time::Duration;

use async_std::io::{ReadExt, WriteExt};
use async_std::net::TcpStream;
use futures::future::{select, select_all};
use futures::{FutureExt, StreamExt};

pub mod maildrop;
pub mod pop3;
mod sasl;
pub mod smtp;

use maildrop::{Maildrop, Message};
pub use sasl::Credentials;

/// Whose mail it is.
const ADDRESS: &str = "ana@malote.example";
const USER: &str = "ana";
/// No secret: only programs on this machine reach the server, and it guards sample mail.
const PASSWORD: &str = "a courier's pouch";

/// Silence after which a client has gone away; RFC 1939 §3 asks for ten minutes at least.
const SILENCE: Duration = Duration::from_secs(600);
/// Longest line taken, in octets: a long base64 response in a command, and RFC 5321's 1000 many times over in a message.
const LINE_BYTES: usize = 1024 * 1024;

/// The running servers, and what an account needs to know of them. They end when it is dropped.
pub struct Demo {
    /// POP3 on 127.0.0.1, without TLS.
    pub pop3_port: u16,
    /// Submission on 127.0.0.1, without TLS.
    pub smtp_port: u16,
    pub address: String,
    pub user: String,
    pub password: String,
    maildrop: Maildrop,
    /// Nothing is ever sent: that it closes is the sign to end.
    alive: async_channel::Sender<()>,
    thread: Option<JoinHandle<()>>,
}

/// Starts both servers on free ports of 127.0.0.1, with the sample mail in the maildrop.
///
/// # Errors
/// No port could be had, or no thread.
pub fn start() -> io::Result<Demo> {
    start_with(Maildrop::sample())
}

/// The same with other mail.
///
/// # Errors
/// As [`start`].
pub fn start_with(maildrop: Maildrop) -> io::Result<Demo> {
    let pop3 = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let smtp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let (pop3_port, smtp_port) = (pop3.local_addr()?.port(), smtp.local_addr()?.port());
    let (alive, ended) = async_channel::bounded(1);
    let shared = maildrop.clone();
    let thread = std::thread::Builder::new()
        .name("malote demo servers".into())
        .spawn(move || async_std::task::block_on(serve(pop3, smtp, shared, ended)))?;
    Ok(Demo {
        pop3_port,
        smtp_port,
        address: ADDRESS.into(),
        user: USER.into(),
        password: PASSWORD.into(),
        maildrop,
        alive,
        thread: Some(thread),
    })
}

impl Demo {
    /// What lies in the maildrop now, oldest first.
    pub fn messages(&self) -> Vec<Message> {
        self.maildrop.messages()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.alive.close();
        if let Some(thread) = self.thread.take() {
            // A panic over there was printed over there; here there is nothing left to save.
            let _ended = thread.join();
        }
    }
}

/// A server's side of one conversation, without the line it is held over.
trait Session {
    /// What the server says first.
    fn greeting(&self) -> Vec<u8>;

    /// Takes one line, without its CRLF, and answers it.
    fn line(&mut self, line: &[u8]) -> Reply;
}

/// What a server answers to one line; nothing, while it takes a message.
pub struct Reply {
    pub bytes: Vec<u8>,
    /// Whether the server closes the connection after it.
    pub hang_up: bool,
}

impl Reply {
    fn text(text: &str) -> Self {
        Self { bytes: text.as_bytes().to_vec(), hang_up: false }
    }

    fn and_hang_up(self) -> Self {
        Self { hang_up: true, ..self }
    }
}

/// Both accept loops with all their conversations, until the `Demo` is gone. All of it is one future: what is dropped ends.
async fn serve(pop3: TcpListener, smtp: TcpListener, maildrop: Maildrop, ended: async_channel::Receiver<()>) {
    let credentials = Credentials { user: USER.into(), password: PASSWORD.into() };
    let pop3 = accept(pop3, || pop3::Pop3::new(maildrop.clone(), credentials.clone()));
    let smtp = accept(smtp, || smtp::Smtp::new(maildrop.clone(), credentials.clone(), ADDRESS));
    select(select_all([pop3.boxed_local(), smtp.boxed_local()]), ended.recv().boxed_local()).await;
}

async fn accept<S: Session>(listener: TcpListener, session: impl Fn() -> S) {
    let listener = async_std::net::TcpListener::from(listener);
    let conversation = |connection: io::Result<TcpStream>| {
        let session = session();
        async move {
            if let Ok(stream) = connection {
                // A client that goes away in the middle is its own business.
                let _gone = converse(stream, session).await;
            }
        }
    };
    listener.incoming().for_each_concurrent(None, conversation).await;
}

/// Reads lines and answers them, as many at once as have come (RFC 2449 §6.6, RFC 2920).
async fn converse(mut stream: TcpStream, mut session: impl Session) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.write_all(&session.greeting()).await?;
    let mut pending = Vec::new();
    let mut chunk = vec![0; 16 * 1024];
    loop {
        let count = async_std::io::timeout(SILENCE, stream.read(&mut chunk)).await?;
        if count == 0 {
            return Ok(());
        }
        pending.extend_from_slice(chunk.get(..count).unwrap_or_default());
        let reply = answer(&mut pending, &mut session);
        stream.write_all(&reply.bytes).await?;
        if reply.hang_up || pending.len() > LINE_BYTES {
            return Ok(());
        }
    }
}

/// Answers every whole line of `pending` and leaves what is not whole.
fn answer(pending: &mut Vec<u8>, session: &mut impl Session) -> Reply {
    let mut all = Reply { bytes: Vec::new(), hang_up: false };
    let mut rest = pending.as_slice();
    while let Some((line, after)) = split_line(rest).filter(|_| !all.hang_up) {
        rest = after;
        let reply = session.line(line);
        all.bytes.extend_from_slice(&reply.bytes);
        all.hang_up = reply.hang_up;
    }
    *pending = rest.to_vec();
    all
}

/// The first line and what comes after it. Only CRLF ends a line: a lone LF in a message is part of it (RFC 5321 §2.3.8).
fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.windows(2).position(|pair| pair == b"\r\n")?;
    Some((bytes.get(..end)?, bytes.get(end + 2..)?))
}

#[cfg(test)]
mod tests;
