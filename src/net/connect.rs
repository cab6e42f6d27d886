//! To the server: over which of its addresses, or through a proxy.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use async_std::net::{TcpStream, ToSocketAddrs};
use futures::future::{Either, pending};
use futures::stream::FuturesUnordered;
use futures::{AsyncReadExt, AsyncWriteExt, FutureExt, StreamExt};

use super::{Endpoint, Error, Reach};
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
    let Some(proxy) = &endpoint.proxy else {
        return connect_to(endpoint, &endpoint.host, endpoint.port, endpoint.reach).await;
    };
    // The proxy knows the server's address, and we do not, but for one that is written out.
    if endpoint.reach == Reach::Public && is_named_near(&endpoint.host) {
        return Err(Error::NotPublic { host: endpoint.host.clone() });
    }
    let mut stream = connect_to(endpoint, &proxy.host, proxy.port, Reach::Anywhere).await?;
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

async fn connect_to(endpoint: &Endpoint, host: &str, port: u16, reach: Reach) -> Result<TcpStream, Error> {
    let mut addresses = look_up(endpoint, host, port).await?;
    if addresses.is_empty() {
        return Err(Error::UnknownHost { host: host.to_owned(), detail: "it has no address".into() });
    }
    // Here, and not before: a name may have another address by now than when it was asked for.
    addresses.retain(|address| reach == Reach::Anywhere || is_public(address.ip()));
    if addresses.is_empty() {
        return Err(Error::NotPublic { host: host.to_owned() });
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

/// Whether an address is one of the public net (IANA's registries of special purpose addresses, RFC 6890).
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => is_public_v4(mapped),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast()
        || matches!((a, b, c), (0, _, _) | (100, 64..=127, _) | (192, 0, 0) | (198, 18..=19, _) | (240..=255, _, _));
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, third, ..] = address.segments();
    match first {
        // Addresses that hold one of the fourth version: NAT64 (RFC 6052) and 6to4 (RFC 3056).
        0x64 if second == 0xFF9B => {
            let [.., high, low] = address.segments();
            is_public_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
        }
        0x2002 => is_public_v4(Ipv4Addr::from_bits(u32::from(second) << 16 | u32::from(third))),
        // Global unicast, but for protocols' own (2001::/23) and examples (2001:db8::/32).
        0x2000..=0x3FFF => !(first == 0x2001 && (second < 0x200 || second == 0xDB8)),
        _ => false,
    }
}

/// Whether a host's name itself says that it is near.
fn is_named_near(host: &str) -> bool {
    let host = host.trim_end_matches('.').trim_matches(['[', ']']).to_ascii_lowercase();
    match host.parse::<IpAddr>() {
        Ok(address) => !is_public(address),
        Err(_) => {
            !host.contains('.')
                || ["localhost", "local", "internal", "lan", "home.arpa"].iter().any(|near| {
                    host.strip_suffix(near).is_some_and(|before| before.is_empty() || before.ends_with('.'))
                })
        }
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
    fn what_is_near_is_not_public() {
        for near in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.2.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
        ] {
            assert!(!is_public(near.parse().unwrap()), "{near}");
            assert!(is_named_near(near), "{near}");
        }
        for public in ["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
        {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for (host, is_near) in [
            ("localhost", true),
            ("a.localhost.", true),
            ("printer", true),
            ("nas.local", true),
            ("a.test", false),
            ("mylocal.test", false),
            ("[::1]", true),
        ] {
            assert_eq!(is_named_near(host), is_near, "{host}");
        }
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
