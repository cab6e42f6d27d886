//! To the server: over which of its addresses, or through a proxy.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use async_std::net::{TcpStream, ToSocketAddrs};
use futures::future::{Either, pending};
use futures::stream::FuturesUnordered;
use futures::{AsyncReadExt, AsyncWriteExt, FutureExt, StreamExt};

use super::{Endpoint, Error};
use crate::protocol::socks5::{Socks5, Step};

/// How long an address may try alone before the next one joins in (RFC 8305 §5).
const HEAD_START: Duration = Duration::from_millis(250);

/// The host's addresses, by a look-up here.
pub async fn addresses(endpoint: &Endpoint) -> Result<Vec<SocketAddr>, Error> {
    look_up(endpoint, &endpoint.host, endpoint.port).await
}

async fn look_up(endpoint: &Endpoint, host: &str, port: u16) -> Result<Vec<SocketAddr>, Error> {
    let lookup = async { (host.trim_end_matches('.'), port).to_socket_addrs().await };
    match async_std::future::timeout(endpoint.timeout, lookup).await {
        Err(_) => Err(Error::Silent { host: host.to_owned(), secs: endpoint.timeout.as_secs() }),
        Ok(Err(error)) => Err(Error::UnknownHost { host: host.to_owned(), detail: error.to_string() }),
        Ok(Ok(addresses)) => Ok(addresses.collect()),
    }
}

/// A connection to the server; through the proxy if there is one, which then looks the server up.
pub(super) async fn connect(endpoint: &Endpoint) -> Result<TcpStream, Error> {
    let Some(proxy) = &endpoint.proxy else { return connect_to(endpoint, &endpoint.host, endpoint.port).await };
    let mut stream = connect_to(endpoint, &proxy.host, proxy.port).await?;
    let failed = |why: String| Error::Proxy { host: proxy.host.clone(), why };
    let host = endpoint.host.trim_end_matches('.');
    let mut client = Socks5::new(host, endpoint.port, proxy.user.clone());
    loop {
        let moved = async {
            match client.step().map_err(|error| failed(error.to_string()))? {
                Step::Done => return Ok(true),
                Step::Write(octets) => stream.write_all(&octets).await.map_err(|error| failed(error.to_string()))?,
                Step::Read(count) => {
                    let mut octets = vec![0; count];
                    stream.read_exact(&mut octets).await.map_err(|error| failed(error.to_string()))?;
                    client.receive(&octets).map_err(|error| failed(error.to_string()))?;
                }
            }
            Ok(false)
        };
        match async_std::future::timeout(endpoint.timeout, moved).await {
            Err(_) => return Err(failed(format!("it said nothing for {} seconds", endpoint.timeout.as_secs()))),
            Ok(Err(error)) => return Err(error),
            Ok(Ok(true)) => return Ok(stream),
            Ok(Ok(false)) => {}
        }
    }
}

async fn connect_to(endpoint: &Endpoint, host: &str, port: u16) -> Result<TcpStream, Error> {
    let addresses = look_up(endpoint, host, port).await?;
    if addresses.is_empty() {
        return Err(Error::UnknownHost { host: host.to_owned(), detail: "it has no address".into() });
    }
    match async_std::future::timeout(endpoint.timeout, race(addresses, TcpStream::connect::<SocketAddr>)).await {
        Err(_) => Err(Error::Silent { host: host.to_owned(), secs: endpoint.timeout.as_secs() }),
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
            Err(Error::Refused { host: host.to_owned(), port })
        }
        Ok(Err(source)) => Err(Error::Unreachable { host: host.to_owned(), source }),
    }
}

/// Happy eyeballs (RFC 8305 §5): the addresses try one after another, each with a head start over the next; a failure lets
/// the next one go at once. The first that gets through wins, and the others are dropped.
async fn race<T, F>(addresses: Vec<SocketAddr>, connect: impl Fn(SocketAddr) -> F) -> io::Result<T>
where
    F: Future<Output = io::Result<T>>,
{
    let mut waiting = interleaved(addresses).into_iter();
    let mut running = FuturesUnordered::new();
    let mut failure: Option<io::Error> = None;
    loop {
        running.extend(waiting.next().map(&connect));
        let head_start = match waiting.len() {
            0 => Either::Left(pending()),
            _ => Either::Right(async_std::task::sleep(HEAD_START)),
        };
        futures::select_biased! {
            ended = running.next() => match ended {
                Some(Ok(stream)) => return Ok(stream),
                Some(Err(error)) => failure = Some(worse(failure, error)),
                None => return Err(failure.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into())),
            },
            () = head_start.fuse() => {}
        }
    }
}

/// Of two failures the one that says more: somebody was there and refused.
fn worse(before: Option<io::Error>, now: io::Error) -> io::Error {
    before.filter(|error| error.kind() == io::ErrorKind::ConnectionRefused).unwrap_or(now)
}

/// The families of addresses by turns, in the order of the look-up, whose first one begins (RFC 8305 §4).
fn interleaved(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut all = Vec::new();
    loop {
        let pair = [first.next(), second.next()];
        if pair.iter().all(Option::is_none) {
            return all;
        }
        for address in pair.into_iter().flatten() {
            if !all.contains(&address) {
                all.push(address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Instant;

    use futures::executor::block_on;

    use super::*;

    fn addresses(words: &[&str]) -> Vec<SocketAddr> {
        words.iter().map(|word| word.parse().unwrap()).collect()
    }

    #[test]
    fn the_families_take_turns() {
        let cases: [(&[&str], &[&str]); 4] = [
            (&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1"], &["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"]),
            (&["1.1.1.1:1", "2.2.2.2:1", "[::1]:1"], &["1.1.1.1:1", "[::1]:1", "2.2.2.2:1"]),
            (&["1.1.1.1:1", "1.1.1.1:1"], &["1.1.1.1:1"]),
            (&[], &[]),
        ];
        for (looked_up, expected) in cases {
            assert_eq!(interleaved(addresses(looked_up)), addresses(expected));
        }
    }

    /// Port 1 hangs, port 2 refuses, port 3 gets through after 50 ms, port 4 fails otherwise. Who was tried, and what came of it.
    fn check(words: &[&str]) -> (Vec<SocketAddr>, io::Result<SocketAddr>, Duration) {
        let tried = Mutex::new(Vec::new());
        let began = Instant::now();
        let won = block_on(race(addresses(words), |address| {
            tried.lock().unwrap().push(address);
            async move {
                match address.port() {
                    1 => pending().await,
                    2 => Err(io::ErrorKind::ConnectionRefused.into()),
                    3 => {
                        async_std::task::sleep(Duration::from_millis(50)).await;
                        Ok(address)
                    }
                    _ => Err(io::ErrorKind::NetworkUnreachable.into()),
                }
            }
        }));
        (tried.into_inner().unwrap(), won, began.elapsed())
    }

    #[test]
    fn one_that_hangs_costs_its_head_start() {
        let (tried, won, took) = check(&["[::1]:1", "1.1.1.1:3", "2.2.2.2:3"]);
        assert_eq!(won.unwrap(), "1.1.1.1:3".parse().unwrap());
        assert_eq!(tried.len(), 2, "the third was not needed");
        assert!((HEAD_START..Duration::from_secs(5)).contains(&took), "{took:?}");
    }

    #[test]
    fn one_that_fails_costs_nothing() {
        let (_, won, took) = check(&["[::1]:2", "1.1.1.1:3"]);
        assert_eq!(won.unwrap(), "1.1.1.1:3".parse().unwrap());
        assert!(took < HEAD_START, "{took:?}");
    }

    #[test]
    fn the_first_has_time_to_win() {
        let (tried, won, _) = check(&["[::1]:3", "1.1.1.1:3"]);
        assert_eq!((tried.len(), won.unwrap()), (1, "[::1]:3".parse().unwrap()));
    }

    #[test]
    fn when_all_fail_a_refusal_is_told() {
        for words in [["[::1]:2", "1.1.1.1:4"], ["[::1]:4", "1.1.1.1:2"]] {
            assert_eq!(check(&words).1.unwrap_err().kind(), io::ErrorKind::ConnectionRefused, "{words:?}");
        }
    }

    #[test]
    fn a_server_on_one_family_only_is_reached() {
        let four = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = four.local_addr().unwrap().port();
        let both = addresses(&[&format!("[::1]:{port}"), &format!("127.0.0.1:{port}")]);
        let stream = block_on(race(both, TcpStream::connect::<SocketAddr>)).unwrap();
        assert!(stream.peer_addr().unwrap().is_ipv4());
    }
}
