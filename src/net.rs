//! The only file that touches the network for POP3: resolve, open, drive a [`Machine`], upgrade, time out.
//!
//! TLS is demanded, never tried: where it is asked for, nothing is sent before a handshake with a certificate that is
//! vouched for by an authority, or is the very one that the person trusts.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use async_native_tls::{Certificate, Protocol, TlsConnector, TlsStream};
use async_std::net::{TcpStream, ToSocketAddrs};
use futures::io::{AsyncRead, AsyncWrite};
use sha2::{Digest, Sha256};

use crate::protocol::{Machine, Step};

/// Octets read from the socket at once.
const READ_BYTES: usize = 64 * 1024;

/// How long one address of a host may take to answer while there are others to try.
const ADDRESS_TIMEOUT: Duration = Duration::from_secs(10);

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
    /// Silence longer than this ends the attempt; every octet that moves renews it.
    pub timeout: Duration,
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

/// What was said on a line, for a person who looks for a fault. Only for conversations without secrets.
#[derive(Default)]
pub struct Record {
    said: Vec<(bool, Vec<u8>)>,
    bytes: usize,
}

/// Octets of a conversation that are kept.
const RECORD_BYTES: usize = 64 * 1024;

impl Record {
    fn add(&mut self, ours: bool, octets: &[u8]) {
        let octets = octets.get(..octets.len().min(RECORD_BYTES.saturating_sub(self.bytes))).unwrap_or_default();
        self.bytes += octets.len();
        match self.said.last_mut() {
            Some((last, said)) if *last == ours => said.extend_from_slice(octets),
            _ => self.said.push((ours, octets.to_vec())),
        }
    }

    /// Line by line; true: ours.
    pub fn lines(&self) -> impl Iterator<Item = (bool, String)> + '_ {
        self.said.iter().flat_map(|(ours, octets)| {
            let text = String::from_utf8_lossy(octets).into_owned();
            text.lines().map(|line| (*ours, line.to_owned())).collect::<Vec<_>>()
        })
    }
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    /// Between plain and TLS.
    Upgrading,
}

impl Connection {
    /// Resolves, connects, and where the endpoint says so makes the TLS handshake.
    pub async fn open(endpoint: Endpoint) -> Result<Self, Error> {
        let opened = Instant::now();
        let stream = connect(&endpoint).await?;
        // Commands are small and answers are waited for: never hold them back.
        stream.set_nodelay(true).map_err(Error::Broken)?;
        let stream = if endpoint.tls { handshake(&endpoint, stream).await? } else { Stream::Plain(stream) };
        Ok(Self {
            endpoint,
            stream,
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
                Step::StartTls => {
                    self.upgrade().await.map_err(DriveError::Net)?;
                    machine.tls_started();
                }
                Step::Event(event) => return Ok(Some(event)),
                Step::Done => return Ok(None),
            }
        }
    }

    async fn upgrade(&mut self) -> Result<(), Error> {
        while !self.outgoing.is_empty() {
            self.exchange(false).await?;
        }
        match std::mem::replace(&mut self.stream, Stream::Upgrading) {
            Stream::Plain(stream) => self.stream = handshake(&self.endpoint, stream).await?,
            Stream::Tls(_) | Stream::Upgrading => return Err(Error::Tls("TLS was asked for twice".into())),
        }
        self.renew();
        Ok(())
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

fn hung_up(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), ConnectionReset | ConnectionAborted | BrokenPipe | UnexpectedEof)
        // OpenSSL 3 has no kind for a stream that ends without TLS's farewell.
        || error.to_string().contains("unexpected eof")
}

/// The host's addresses.
pub async fn addresses(endpoint: &Endpoint) -> Result<Vec<SocketAddr>, Error> {
    let host = endpoint.host.trim_end_matches('.');
    let lookup = async { (host, endpoint.port).to_socket_addrs().await };
    match async_std::future::timeout(endpoint.timeout, lookup).await {
        Err(_) => Err(Error::Silent { host: endpoint.host.clone(), secs: endpoint.timeout.as_secs() }),
        Ok(Err(error)) => Err(Error::UnknownHost { host: endpoint.host.clone(), detail: error.to_string() }),
        Ok(Ok(addresses)) => Ok(addresses.collect()),
    }
}

/// Tries the host's addresses one after another.
async fn connect(endpoint: &Endpoint) -> Result<TcpStream, Error> {
    let unknown = |detail: String| Error::UnknownHost { host: endpoint.host.clone(), detail };
    let silent = || Error::Silent { host: endpoint.host.clone(), secs: endpoint.timeout.as_secs() };
    let addresses = addresses(endpoint).await?;
    let mut last = unknown("it has no address".into());
    for (i, address) in addresses.iter().enumerate() {
        let wait = if i + 1 < addresses.len() { endpoint.timeout.min(ADDRESS_TIMEOUT) } else { endpoint.timeout };
        match async_std::future::timeout(wait, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                last = Error::Refused { host: endpoint.host.clone(), port: endpoint.port };
            }
            Ok(Err(source)) => last = Error::Unreachable { host: endpoint.host.clone(), source },
            Err(_) => last = silent(),
        }
    }
    Err(last)
}

async fn handshake(endpoint: &Endpoint, stream: TcpStream) -> Result<Stream, Error> {
    let connector = connector(endpoint).await?;
    let attempt = connector.connect(endpoint.host.trim_end_matches('.'), stream);
    let tls = match async_std::future::timeout(endpoint.timeout, attempt).await {
        Err(_) => return Err(Error::Silent { host: endpoint.host.clone(), secs: endpoint.timeout.as_secs() }),
        Ok(Err(error)) => return Err(handshake_error(&error)),
        Ok(Ok(tls)) => tls,
    };
    let certificate = || -> Option<Vec<u8>> { tls.peer_certificate().ok()??.to_der().ok() };
    match endpoint.trust {
        Trust::Authorities => {}
        Trust::Pinned(pin) => match certificate() {
            Some(der) if <[u8; 32]>::from(Sha256::digest(&der)) == pin => {}
            _ => return Err(Error::PinMismatch),
        },
        Trust::Inspect => {
            return Err(match certificate() {
                Some(der) => Error::Inspected(der),
                None => Error::Tls("the server showed no certificate".into()),
            });
        }
    }
    Ok(Stream::Tls(Box::new(tls)))
}

async fn connector(endpoint: &Endpoint) -> Result<TlsConnector, Error> {
    let mut connector = TlsConnector::new().min_protocol_version(Some(Protocol::Tlsv12));
    if let Some(path) = &endpoint.ca_file {
        for certificate in trusted(path).await? {
            connector = connector.add_root_certificate(certificate);
        }
    }
    if endpoint.trust != Trust::Authorities {
        // The chain does not matter: the certificate itself is compared before an octet is sent, or nothing ever is.
        connector = connector.danger_accept_invalid_certs(true).danger_accept_invalid_hostnames(true);
    }
    Ok(connector)
}

async fn trusted(path: &Path) -> Result<Vec<Certificate>, Error> {
    let bad = |detail: String| Error::CaFile { path: path.display().to_string(), detail };
    let pem = async_std::fs::read(path).await.map_err(|error| bad(error.to_string()))?;
    let certificates = Certificate::stack_from_pem(&pem).map_err(|error| bad(error.to_string()))?;
    if certificates.is_empty() { Err(bad("there is no certificate in it".into())) } else { Ok(certificates) }
}

/// OpenSSL's words tell a bad certificate from a failed handshake.
fn handshake_error(error: &async_native_tls::Error) -> Error {
    let text = error.to_string();
    if text.contains("certificate verify failed") || text.contains("certificate") && !text.contains("alert") {
        let reason = text.rsplit_once('(').map_or(text.as_str(), |(_, reason)| reason.trim_end_matches(')'));
        Error::Untrusted(reason.to_owned())
    } else {
        Error::Tls(text)
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Upgrading => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Upgrading => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
            Self::Upgrading => Poll::Ready(Ok(())),
        }
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_close(cx),
            Self::Tls(stream) => Pin::new(stream).poll_close(cx),
            Self::Upgrading => Poll::Ready(Ok(())),
        }
    }
}
