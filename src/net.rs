//! The only place that touches the network for mail: resolve, open, drive a [`Machine`], upgrade, time out.
//!
//! TLS is demanded, never tried: where it is asked for, nothing is sent before a handshake with a certificate that is
//! vouched for by an authority, or is the very one that the person trusts.

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use futures::io::{AsyncRead, AsyncWrite};
use zeroize::Zeroizing;

use crate::protocol::{Machine, Step};

mod connect;
mod record;
mod stream;
mod tls;

pub use connect::{addresses, is_public};
pub use record::Record;
use stream::{Stream, hung_up};

/// Octets read from the socket at once.
const READ_BYTES: usize = 64 * 1024;

/// Where to connect, and whom to trust there.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub host: String,
    pub port: u16,
    /// TLS from the first octet.
    pub tls: bool,
    pub trust: Trust,
    /// Certificates to trust beside the system's, PEM.
    pub ca_file: Option<PathBuf>,
    /// A certificate of ours with its key, shown to a server that asks for one: PEM or PKCS#12.
    pub certificate: Option<PathBuf>,
    /// The way to the server; it also looks up the server's name.
    pub proxy: Option<Proxy>,
    /// Silence longer than this ends the attempt; every octet that moves renews it.
    pub timeout: Duration,
    /// Which addresses may be reached.
    pub reach: Reach,
}

/// Which addresses may be reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Any: the person has named the server.
    #[default]
    Anywhere,
    /// Those of the public net alone: a stranger has named the server, and must not reach what is near (the person’s own
    /// computer, router or company) through us.
    Public,
}

/// A SOCKS5 proxy (RFC 1928).
#[derive(Clone, Debug)]
pub struct Proxy {
    pub host: String,
    pub port: u16,
    /// Name and password, where it wants them.
    pub user: Option<(String, Zeroizing<String>)>,
}

/// Which certificate is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// One that an authority vouches for, in the server's name.
    Authorities,
    /// The one with this SHA-256, whoever vouches for it.
    Pinned([u8; 32]),
    /// None: the handshake is made only to see the certificate, and ends in [`Error::Inspected`].
    Inspect,
}

/// Why the line could not be opened, or broke.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the host {host} is not known: {detail}")]
    UnknownHost { host: String, detail: String },
    #[error("{host} refuses connections on port {port}")]
    Refused { host: String, port: u16 },
    #[error("{host} cannot be reached: {source}")]
    Unreachable { host: String, source: io::Error },
    #[error("{host} was silent for {secs} s")]
    Silent { host: String, secs: u64 },
    #[error("the file of trusted certificates, {path}, cannot be used: {detail}")]
    CaFile { path: String, detail: String },
    #[error("the certificate to be shown, {path}, cannot be used: {detail}")]
    ClientCertificate { path: String, detail: String },
    #[error("{host} is at an address that is not public")]
    NotPublic { host: String },
    #[error("the proxy {host}: {why}")]
    Proxy { host: String, why: String },
    #[error("the certificate is not trusted: {0}")]
    Untrusted(String),
    #[error("the certificate is not the one that was trusted")]
    PinMismatch,
    #[error("the TLS handshake failed: {0}")]
    Tls(String),
    /// The certificate that was to be seen, DER.
    #[error("the certificate was seen")]
    Inspected(Vec<u8>),
    #[error("the connection broke: {0}")]
    Broken(io::Error),
}

/// What ended a drive: the line, or the conversation.
#[derive(Debug)]
pub enum DriveError<E> {
    Net(Error),
    Protocol(E),
}

/// An open line. Dropping it closes it at once.
pub struct Connection {
    endpoint: Endpoint,
    stream: Stream,
    /// A connection that is being opened, or made secure. It survives that nobody waits for it for a while.
    opening: Option<Opening>,
    /// The machine knows that the line is under TLS.
    told_protected: bool,
    /// Octets on their way out.
    outgoing: Vec<u8>,
    sent: usize,
    buffer: Vec<u8>,
    /// When an octet last moved, or the owner last came back to the line.
    last_progress: Instant,
    opened: Instant,
    /// Octets received and sent, as the application saw them.
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// Where it is wanted: what was said.
    pub record: Option<Record>,
}

struct Opening {
    stream: BoxFuture<'static, Result<Stream, Error>>,
    /// By STLS, on the connection that there was.
    upgrade: bool,
}

impl Connection {
    /// Resolves, connects, and where the endpoint says so makes the TLS handshake.
    pub async fn open(endpoint: Endpoint) -> Result<Self, Error> {
        let opened = Instant::now();
        let stream = open_stream(endpoint.clone()).await?;
        Ok(Self {
            endpoint,
            stream,
            opening: None,
            told_protected: false,
            outgoing: Vec::new(),
            sent: 0,
            buffer: vec![0; READ_BYTES],
            last_progress: Instant::now(),
            opened,
            bytes_in: 0,
            bytes_out: 0,
            record: None,
        })
    }

    /// Whether the server was reached in the public net; so it counts where a proxy reached it for us.
    pub fn is_public(&self) -> bool {
        self.endpoint.proxy.is_some() || self.stream.peer().is_none_or(is_public)
    }

    /// How long the line has been open, the time to open it included.
    pub fn open_for(&self) -> Duration {
        self.opened.elapsed()
    }

    /// The owner was busy elsewhere: the time since the last octet was not the server's silence.
    pub fn renew(&mut self) {
        self.last_progress = Instant::now();
    }

    /// Does what the machine asks for until it has something to tell. None: the conversation is over.
    ///
    /// Dropping the future loses nothing, except during the handshake that [`Step::StartTls`] asks for: what was sent or
    /// received is remembered.
    pub async fn next<M: Machine>(&mut self, machine: &mut M) -> Result<Option<M::Event>, DriveError<M::Error>> {
        machine.clock(self.opened.elapsed());
        loop {
            if let Some(opening) = &mut self.opening {
                let (stream, upgrade) = (opening.stream.as_mut().await, opening.upgrade);
                self.opening = None;
                self.stream = stream.map_err(DriveError::Net)?;
                self.renew();
                self.tell_protected(machine);
                if upgrade {
                    machine.tls_started();
                }
            }
            self.tell_protected(machine);
            match machine.step().map_err(DriveError::Protocol)? {
                Step::Write(bytes) => {
                    if let Some(record) = &mut self.record {
                        record.add(true, &bytes);
                    }
                    self.outgoing.extend_from_slice(&bytes);
                }
                Step::Read => {
                    let count = self.exchange(true).await.map_err(DriveError::Net)?;
                    machine.clock(self.opened.elapsed());
                    if let Some(record) = &mut self.record {
                        record.add(false, self.buffer.get(..count).unwrap_or_default());
                    }
                    machine.receive(self.buffer.get(..count).unwrap_or_default());
                }
                Step::StartTls => self.upgrade().await.map_err(DriveError::Net)?,
                Step::Reopen => self.reopen(),
                Step::Event(event) => return Ok(Some(event)),
                Step::Done => {
                    // The last word is not waited upon, but it is said.
                    while !self.outgoing.is_empty() {
                        self.exchange(false).await.map_err(DriveError::Net)?;
                    }
                    return Ok(None);
                }
            }
        }
    }

    fn tell_protected<M: Machine>(&mut self, machine: &mut M) {
        if self.stream.is_protected() && !std::mem::replace(&mut self.told_protected, true) {
            machine.protected(self.stream.end_point());
        }
    }

    async fn upgrade(&mut self) -> Result<(), Error> {
        while !self.outgoing.is_empty() {
            self.exchange(false).await?;
        }
        let endpoint = self.endpoint.clone();
        match std::mem::replace(&mut self.stream, Stream::Opening) {
            Stream::Plain(stream) => {
                let stream = Box::pin(async move { tls::handshake(&endpoint, stream).await });
                self.opening = Some(Opening { stream, upgrade: true });
                Ok(())
            }
            Stream::Tls(_) | Stream::Opening => Err(Error::Tls("TLS was asked for twice".into())),
        }
    }

    fn reopen(&mut self) {
        self.stream = Stream::Opening;
        self.told_protected = false;
        self.outgoing.clear();
        self.sent = 0;
        self.opening = Some(Opening { stream: Box::pin(open_stream(self.endpoint.clone())), upgrade: false });
    }

    /// Writes what is to be written, and where `read`, reads at the same time: a server that waits for its own output to
    /// be taken before it reads on would otherwise never get to read ours. Returns with octets read (0: the server hung
    /// up), or with everything written.
    async fn exchange(&mut self, read: bool) -> Result<usize, Error> {
        let Self { stream, outgoing, sent, buffer, last_progress, bytes_in, bytes_out, .. } = self;
        let silence = |last: Instant| self.endpoint.timeout.saturating_sub(last.elapsed());
        loop {
            let wait = silence(*last_progress);
            let moved = futures::future::poll_fn(|cx| poll_exchange(cx, stream, outgoing, *sent, read, buffer));
            match async_std::future::timeout(wait, moved).await {
                Err(_) => {
                    let (host, secs) = (self.endpoint.host.clone(), self.endpoint.timeout.as_secs());
                    return Err(Error::Silent { host, secs });
                }
                Ok(Moved::Out(Ok(count))) if count > 0 => {
                    *last_progress = Instant::now();
                    *sent += count;
                    *bytes_out += count as u64;
                    if *sent >= outgoing.len() {
                        outgoing.clear();
                        *sent = 0;
                        if !read {
                            return Ok(0);
                        }
                    }
                }
                Ok(Moved::In(Ok(count))) => {
                    *last_progress = Instant::now();
                    *bytes_in += count as u64;
                    return Ok(count);
                }
                // A reset instead of an end, a TLS stream cut without a farewell: the server hung up. The machine knows
                // whether that is a loss.
                Ok(Moved::In(Err(error))) if hung_up(&error) => return Ok(0),
                Ok(Moved::Out(Err(error))) if hung_up(&error) && read => return Ok(0),
                Ok(Moved::In(Err(error)) | Moved::Out(Err(error))) => return Err(Error::Broken(error)),
                Ok(Moved::Out(Ok(_))) => return Err(Error::Broken(io::ErrorKind::WriteZero.into())),
            }
        }
    }
}

/// One movement of octets.
enum Moved {
    In(io::Result<usize>),
    Out(io::Result<usize>),
}

/// Writing first: commands are short, and answers that keep coming must not hold back the next question.
fn poll_exchange(
    cx: &mut Context<'_>,
    stream: &mut Stream,
    outgoing: &[u8],
    sent: usize,
    read: bool,
    buffer: &mut [u8],
) -> Poll<Moved> {
    if let Some(rest) = outgoing.get(sent..).filter(|rest| !rest.is_empty())
        && let Poll::Ready(count) = Pin::new(&mut *stream).poll_write(cx, rest)
    {
        return Poll::Ready(Moved::Out(count));
    }
    if read { Pin::new(stream).poll_read(cx, buffer).map(Moved::In) } else { Poll::Pending }
}

async fn open_stream(endpoint: Endpoint) -> Result<Stream, Error> {
    let stream = connect::connect(&endpoint).await?;
    // Commands are small and answers are waited for: never hold them back.
    stream.set_nodelay(true).map_err(Error::Broken)?;
    if endpoint.tls { tls::handshake(&endpoint, stream).await } else { Ok(Stream::Plain(stream)) }
}
