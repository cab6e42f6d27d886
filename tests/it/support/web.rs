//! A web server that answers as the test says, and writes down what it was asked.

use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::pki::{self, Kind};

/// A picture of one red dot.
pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90wS\xde\0\0\0\x0cIDATx\x9cc\xf8\xcf\xc0\0\0\x03\x01\x01\0\xc9\xfe\x92\xef\0\0\0\0IEND\xaeB`\x82";

pub struct WebServer {
    port: u16,
    scheme: &'static str,
    asked: Arc<Mutex<Vec<String>>>,
}

impl WebServer {
    /// `answer` gives the octets that answer a path; None: silence.
    pub fn start(answer: impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static) -> Self {
        Self::start_with(None, answer)
    }

    /// Under TLS, with a certificate of the tests' authority.
    pub fn start_tls(answer: impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static) -> Self {
        Self::start_with(Some(Kind::Good), answer)
    }

    fn start_with(kind: Option<Kind>, answer: impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self { port, scheme: if kind.is_some() { "https" } else { "http" }, asked: Arc::default() };
        let (asked, answer) = (Arc::clone(&server.asked), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (asked, answer) = (Arc::clone(&asked), Arc::clone(&answer));
                thread::spawn(move || {
                    let _ended = match kind {
                        None => serve(stream, &asked, &*answer),
                        Some(kind) => match pki::acceptor(kind).accept(stream) {
                            Ok(stream) => serve(stream, &asked, &*answer),
                            Err(_) => Ok(()),
                        },
                    };
                });
            }
        });
        server
    }

    /// With this path at its end.
    pub fn url(&self, path: &str) -> String {
        format!("{}://127.0.0.1:{}{path}", self.scheme, self.port)
    }

    /// Every request so far, as it came.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// The paths of them, in alphabetical order.
    pub fn paths(&self) -> Vec<String> {
        let mut paths: Vec<String> =
            self.asked().iter().map(|request| request.split(' ').nth(1).unwrap().to_owned()).collect();
        paths.sort();
        paths
    }
}

/// An answer with a body.
pub fn answer(content_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn serve(
    mut stream: impl Read + Write,
    asked: &Mutex<Vec<String>>,
    answer: &dyn Fn(&str) -> Option<Vec<u8>>,
) -> io::Result<()> {
    let mut request = Vec::new();
    let mut octet = [0];
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read(&mut octet)? == 0 {
            return Ok(());
        }
        request.push(octet[0]);
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    asked.lock().unwrap().push(request);
    match answer(&path) {
        Some(octets) => stream.write_all(&octets)?,
        None => thread::sleep(Duration::from_secs(60)),
    }
    stream.flush()
}
