//! One request for one picture over HTTP/1.1 (RFC 9110, RFC 9112), sans-IO: nothing is said but what is wanted, nothing is
//! kept but the picture. No cookies, no referrer, no conditions, no second request on the same line.

use super::{Machine, Step};

/// Octets of a response’s head; honest ones have one or two thousand.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// Fields of a head.
const MAX_FIELDS: usize = 128;
/// Provisional responses (1xx) before the real one.
const MAX_PROVISIONAL: usize = 8;
/// Octets of the line that begins a chunk.
const MAX_CHUNK_LINE_BYTES: usize = 1024;

/// What came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    /// `type/subtype`, lower case, without parameters; empty where it is not said.
    pub content_type: String,
    /// Where it lies now, for a redirect.
    pub location: Option<String>,
    pub body: Vec<u8>,
}

impl Response {
    /// Whether it says that what is wanted lies elsewhere (RFC 9110 §15.4).
    pub fn is_redirect(&self) -> bool {
        matches!(self.status, 301 | 302 | 303 | 307 | 308)
    }
}

/// Why there is no picture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("what answers does not speak HTTP")]
    NotHttp,
    #[error("the answer is larger than {0} octets")]
    TooLarge(usize),
    #[error("the answer is packed in a way that was not asked for ({0})")]
    Packed(String),
    #[error("the line was cut before the end of the answer")]
    Cut,
}

#[derive(Debug)]
enum State {
    Head,
    /// So many octets are still to come.
    Length(usize),
    /// Until the server hangs up.
    Open,
    ChunkLine,
    /// So many octets of this chunk are still to come, and then its line end.
    Chunk(usize),
    Trailer,
    Over,
}

/// The client’s half.
pub struct Get {
    output: Vec<u8>,
    input: Vec<u8>,
    state: State,
    response: Response,
    provisional: usize,
    max_bytes: usize,
    hung_up: bool,
    is_told: bool,
}

impl Get {
    /// Asks `host` (with the port, where it is not the scheme’s own) for `path` (with the query). Answers with a body of more
    /// than `max_bytes` are refused.
    pub fn new(host: &str, path: &str, max_bytes: usize) -> Self {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Mozilla/5.0\r\n\
             Accept: image/png,image/jpeg,image/gif,image/webp\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n"
        );
        Self {
            output: request.into_bytes(),
            input: Vec::new(),
            state: State::Head,
            response: Response::default(),
            provisional: 0,
            max_bytes,
            hung_up: false,
            is_told: false,
        }
    }

    /// Takes what it can of what has come; false where more is needed.
    fn advance(&mut self) -> Result<bool, Error> {
        match self.state {
            State::Head => self.head(),
            State::Length(left) => {
                let taken = self.take(left)?;
                self.state = if taken == left { State::Over } else { State::Length(left - taken) };
                Ok(taken > 0 || left == 0)
            }
            State::Open => {
                let taken = self.take(usize::MAX)?;
                if self.hung_up {
                    self.state = State::Over;
                }
                Ok(taken > 0 || self.hung_up)
            }
            State::ChunkLine => self.chunk_line(),
            State::Chunk(left) => self.chunk(left),
            State::Trailer => Ok(match self.line()? {
                Some(line) if line.is_empty() => {
                    self.state = State::Over;
                    true
                }
                line => line.is_some(),
            }),
            State::Over => Ok(false),
        }
    }

    fn head(&mut self) -> Result<bool, Error> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut parsed = httparse::Response::new(&mut fields);
        let length = match parsed.parse(&self.input) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) if self.input.len() <= MAX_HEAD_BYTES => return Ok(false),
            Ok(httparse::Status::Partial) => return Err(Error::TooLarge(MAX_HEAD_BYTES)),
            Err(_) => return Err(Error::NotHttp),
        };
        let field = |name: &str| {
            let found = parsed.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name));
            found.map(|field| String::from_utf8_lossy(field.value).trim().to_owned())
        };
        let status = parsed.code.unwrap_or_default();
        let kind = field("content-type").unwrap_or_default();
        let response = Response {
            status,
            content_type: kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase(),
            location: field("location"),
            body: Vec::new(),
        };
        let (encoding, transfer, length_field) =
            (field("content-encoding"), field("transfer-encoding"), field("content-length"));
        self.input.drain(..length);
        if (100..200).contains(&status) {
            self.provisional += 1;
            return if self.provisional > MAX_PROVISIONAL { Err(Error::NotHttp) } else { Ok(true) };
        }
        if let Some(encoding) = encoding.filter(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
            return Err(Error::Packed(encoding));
        }
        self.response = response;
        // A body that says what went wrong is of no interest.
        self.state = match (transfer, length_field) {
            _ if status != 200 => State::Over,
            (Some(transfer), _) if transfer.eq_ignore_ascii_case("chunked") => State::ChunkLine,
            (Some(transfer), _) => return Err(Error::Packed(transfer)),
            (None, Some(length)) => {
                let length: usize = length.parse().map_err(|_| Error::NotHttp)?;
                if length > self.max_bytes {
                    return Err(Error::TooLarge(self.max_bytes));
                }
                State::Length(length)
            }
            (None, None) => State::Open,
        };
        Ok(true)
    }

    /// Moves up to so many octets into the body; gives how many there were.
    fn take(&mut self, most: usize) -> Result<usize, Error> {
        let count = most.min(self.input.len());
        if self.response.body.len() + count > self.max_bytes {
            return Err(Error::TooLarge(self.max_bytes));
        }
        self.response.body.extend(self.input.drain(..count));
        Ok(count)
    }

    fn line(&mut self) -> Result<Option<Vec<u8>>, Error> {
        match self.input.iter().position(|octet| *octet == b'\n') {
            Some(end) => {
                let mut line: Vec<u8> = self.input.drain(..=end).collect();
                line.truncate(line.len() - 1);
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                Ok(Some(line))
            }
            None if self.input.len() > MAX_CHUNK_LINE_BYTES => Err(Error::NotHttp),
            None => Ok(None),
        }
    }

    fn chunk_line(&mut self) -> Result<bool, Error> {
        let Some(line) = self.line()? else { return Ok(false) };
        let size = line.split(|octet| *octet == b';').next().unwrap_or_default();
        let size = std::str::from_utf8(size).ok().map(str::trim).filter(|size| !size.starts_with(['+', '-']));
        let size = size.and_then(|size| usize::from_str_radix(size, 16).ok()).ok_or(Error::NotHttp)?;
        self.state = if size == 0 { State::Trailer } else { State::Chunk(size) };
        Ok(true)
    }

    fn chunk(&mut self, left: usize) -> Result<bool, Error> {
        if left > 0 {
            let taken = self.take(left)?;
            self.state = State::Chunk(left - taken);
            return Ok(taken > 0);
        }
        match self.line()? {
            None => Ok(false),
            Some(line) if line.is_empty() => {
                self.state = State::ChunkLine;
                Ok(true)
            }
            Some(_) => Err(Error::NotHttp),
        }
    }
}

impl Machine for Get {
    type Event = Response;
    type Error = Error;

    fn receive(&mut self, bytes: &[u8]) {
        self.hung_up |= bytes.is_empty();
        self.input.extend_from_slice(bytes);
    }

    fn step(&mut self) -> Result<Step<Response>, Error> {
        if !self.output.is_empty() {
            return Ok(Step::Write(std::mem::take(&mut self.output)));
        }
        if self.is_told {
            return Ok(Step::Done);
        }
        while self.advance()? {}
        match self.state {
            State::Over => {
                self.is_told = true;
                Ok(Step::Event(std::mem::take(&mut self.response)))
            }
            _ if self.hung_up => Err(Error::Cut),
            _ => Ok(Step::Read),
        }
    }

    fn tls_started(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fed in pieces of so many octets.
    fn fed(answer: &[u8], piece: usize) -> Result<Response, Error> {
        let mut get = Get::new("a.test", "/x", 100);
        let mut pieces = answer.chunks(piece);
        loop {
            match get.step()? {
                Step::Write(request) => assert!(request.starts_with(b"GET /x HTTP/1.1\r\nHost: a.test\r\n")),
                Step::Read => get.receive(pieces.next().unwrap_or_default()),
                Step::Event(response) => {
                    assert_eq!(get.step(), Ok(Step::Done));
                    return Ok(response);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[track_caller]
    fn check(answer: &str, expected: Result<(u16, &str, &str), Error>) {
        for piece in [1, 2, 7, 10_000] {
            let response = fed(answer.as_bytes(), piece);
            let response = response.as_ref().map(|response| {
                (response.status, response.content_type.as_str(), std::str::from_utf8(&response.body).unwrap())
            });
            assert_eq!(response, expected.as_ref().copied(), "{answer:?} by {piece}");
        }
    }

    #[test]
    fn a_body_ends_as_its_head_says() {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: Image/PNG; x=y\r\n";
        check(&format!("{head}Content-Length: 3\r\n\r\nabcd"), Ok((200, "image/png", "abc")));
        check(&format!("{head}\r\nabc"), Ok((200, "image/png", "abc")));
        check(
            &format!("{head}Transfer-Encoding: chunked\r\n\r\n2;x\r\nab\r\n1\r\nc\r\n0\r\nX: y\r\n\r\n"),
            Ok((200, "image/png", "abc")),
        );
        check(&format!("HTTP/1.1 100 Continue\r\n\r\n{head}Content-Length: 0\r\n\r\n"), Ok((200, "image/png", "")));
        check("HTTP/1.0 404 Not Found\r\nContent-Length: 999999999\r\n\r\nno", Ok((404, "", "")));
    }

    #[test]
    fn what_is_too_large_cut_or_no_http_is_refused() {
        let head = "HTTP/1.1 200 OK\r\n";
        check(&format!("{head}Content-Length: 101\r\n\r\n"), Err(Error::TooLarge(100)));
        check(&format!("{head}Content-Length: 99999999999999999999999\r\n\r\n"), Err(Error::NotHttp));
        check(&format!("{head}\r\n{}", "x".repeat(101)), Err(Error::TooLarge(100)));
        let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n");
        check(&format!("{chunked}65\r\n{}\r\n0\r\n\r\n", "x".repeat(101)), Err(Error::TooLarge(100)));
        check(&format!("{chunked}ffffffffffffffffff\r\n"), Err(Error::NotHttp));
        check(&format!("{chunked}-1\r\n"), Err(Error::NotHttp));
        check(&format!("{chunked}2\r\nabc\r\n"), Err(Error::NotHttp));
        check(&format!("{chunked}2\r\na"), Err(Error::Cut));
        check(&format!("{head}Content-Length: 3\r\n\r\nab"), Err(Error::Cut));
        check(&format!("{head}Content-Encoding: gzip\r\n\r\nab"), Err(Error::Packed("gzip".into())));
        check("+OK POP3 ready\r\n", Err(Error::NotHttp));
        check("", Err(Error::Cut));
        check("HTTP/1.1 200", Err(Error::Cut));
        check(&"HTTP/1.1 100 Continue\r\n\r\n".repeat(20), Err(Error::NotHttp));
        let endless = format!("{head}X: {}", "x".repeat(100_000));
        assert_eq!(fed(endless.as_bytes(), 10_000), Err(Error::TooLarge(MAX_HEAD_BYTES)));
    }

    #[test]
    fn a_redirect_says_where_to() {
        let answer = b"HTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 5\r\n\r\nhello";
        let response = fed(answer, 3).unwrap();
        assert!(response.is_redirect());
        assert_eq!(response.location.as_deref(), Some("/y"));
    }
}
