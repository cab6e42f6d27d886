//! Remote pictures: nobody asks for one until the person says so; then they are fetched with few words, and kept.

use std::time::{Duration, Instant};

use malote::engine::{self, Answer, Command, Event, OpenedMessage, Request, RequestId};
use malote::secret::Keyring;
use malote::store::Store;

use crate::support::malote::Malote;
use crate::support::scripted::{Pop3Server, Script};
use crate::support::socks5::Socks5Proxy;
use crate::support::web::{PNG, WebServer, answer};

/// A message from Ola with this page.
fn page(number: usize, head: &str, html: &str) -> Vec<u8> {
    format!(
        "From: Ola <Ola@example.net>\r\nTo: ana@example.org\r\nSubject: Pictures {number}\r\n\
         Message-ID: <pictures-{number}@example.net>\r\nDate: Mon, 2 Nov 2026 12:00:0{number} +0000\r\n{head}\
         MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n"
    )
    .into_bytes()
}

fn image(url: &str) -> String {
    format!("<img src=\"{url}\" width=\"40\" height=\"40\">")
}

/// What the window gets when it opens a message.
fn opened(malote: &Malote, key: &str) -> OpenedMessage {
    let store = Store::open(malote.profile()).unwrap();
    let engine = engine::start(store, Keyring::new("test"), Box::new(|| {})).unwrap();
    let ask = |id, command| engine.requests.send_blocking(Request { id: RequestId(id), command }).unwrap();
    ask(1, Command::OpenMessage { key: key.parse().unwrap() });
    let opened = loop {
        match engine.answers.recv_blocking().unwrap() {
            Answer { event: Event::Opened(opened), .. } => break *opened,
            Answer { event: Event::Failed(problem), .. } => panic!("{problem}"),
            _ => {}
        }
    };
    ask(2, Command::Shutdown);
    engine.thread.join().unwrap();
    opened
}

#[test]
fn pictures_come_when_they_are_asked_for_and_stay() {
    let web = WebServer::start(|path| {
        Some(match path {
            "/a.png?x=1" => answer("image/png", PNG),
            "/moved" => b"HTTP/1.1 302 Found\r\nLocation: /b.png\r\nSet-Cookie: id=ana\r\n\r\n".to_vec(),
            "/b.png" => {
                let head = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
                [head, format!("{:x}\r\n", PNG.len()).into_bytes(), PNG.to_vec(), b"\r\n0\r\n\r\n".to_vec()].concat()
            }
            "/page" => answer("text/html", b"<html>"),
            "/lies" => answer("image/png", b"<html>"),
            "/large" => b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 10485761\r\n\r\n".to_vec(),
            "/round" => b"HTTP/1.1 301 Moved\r\nLocation: /round\r\n\r\n".to_vec(),
            _ => b"HTTP/1.1 404 Not Found\r\n\r\n".to_vec(),
        })
    });
    let good = [web.url("/a.png?x=1#top"), web.url("/moved")].map(|url| image(&url)).concat();
    let bad = ["/page", "/lies", "/large", "/round", "/gone"].map(|path| image(&web.url(path))).concat();
    let pixel = format!("<img src=\"{}\" width=1 height=1>", web.url("/pixel"));
    let server = Pop3Server::start(Script::default(), &[page(1, "", &format!("{good}{bad}{pixel}"))]);
    let malote = Malote::with_account(&server.incoming(), &[]);
    malote.get();
    let key = malote.keys("inbox").remove(0);
    let before = opened(&malote, &key);
    assert_eq!(
        (before.pictures.missing, before.pictures.trackers, before.page.unwrap().document.resources.len()),
        (7, 1, 0)
    );
    malote.ok(&["show", &key]);
    assert!(web.asked().is_empty(), "showing asks nobody: {:?}", web.asked());

    assert_eq!(malote.ok(&["pictures", &key]).trim(), "2 kept; 5 could not be had");
    let asked = web.asked();
    assert!(web.paths().iter().filter(|path| *path == "/round").count() == 4, "three redirects: {:?}", web.paths());
    assert!(!web.paths().contains(&"/pixel".to_owned()));
    for request in &asked {
        let lower = request.to_ascii_lowercase();
        for word in ["cookie", "referer", "authorization", "accept-language", "malote", "ana", "if-", "range"] {
            assert!(!lower.contains(word), "{word} in {request}");
        }
        assert!(request.contains("User-Agent: Mozilla/5.0\r\n"), "{request}");
    }

    let count = asked.len();
    let after = opened(&malote, &key);
    assert_eq!(after.pictures.missing, 5);
    let document = &after.page.as_ref().unwrap().document;
    let named: Vec<(&str, usize)> =
        document.resources.iter().map(|picture| (picture.name.as_str(), picture.bytes.len())).collect();
    assert_eq!(named, [("remote:0", PNG.len()), ("remote:1", PNG.len())]);
    assert!(document.html.contains("src=\"remote:0\""), "{}", document.html);
    assert_eq!(web.asked().len(), count, "opening it again asks nobody");
}

#[test]
fn a_picture_under_tls_needs_a_certificate_that_is_vouched_for() {
    let web = WebServer::start_tls(|_| Some(answer("image/png", PNG)));
    let message = page(1, "", &image(&web.url("/a.png")));
    let server = Pop3Server::start(Script::default(), &[message]);
    let trusting = format!("{}", crate::support::pki::authority().display());
    for (more, kept) in [(vec!["--ca-file", trusting.as_str()], true), (vec![], false)] {
        let malote = Malote::with_account(&server.incoming(), &more);
        malote.get();
        let key = malote.keys("inbox").remove(0);
        let outcome = malote.run(&["pictures", &key]);
        assert_eq!(outcome.status == Some(0), kept, "{}", outcome.said());
        assert_eq!(!opened(&malote, &key).page.unwrap().document.resources.is_empty(), kept);
    }
}

#[test]
fn those_who_are_allowed_are_fetched_with_the_visit_until_no_longer() {
    let web = WebServer::start(|_| Some(answer("image/png", PNG)));
    let list = "List-Id: Night trains <Trains.example.org>\r\n";
    let of = |number: usize, head: &str| page(number, head, &image(&web.url(&format!("/{number}.png"))));
    let server = Pop3Server::start(Script::default(), &[of(1, "")]);
    let malote = Malote::with_account(&server.incoming(), &[]);
    malote.get();
    let first = malote.keys("inbox").remove(0);
    assert!(web.asked().is_empty());
    malote.ok(&["pictures", &first, "--always", "sender"]);
    assert_eq!(web.paths(), ["/1.png"]);
    assert_eq!(malote.ok(&["pictures", "--allowed"]).trim(), "1  sender  ola@example.net");

    server.fill(&[of(1, ""), of(2, list)]);
    malote.get();
    assert_eq!(web.paths(), ["/1.png", "/2.png"], "with the visit");
    let second = malote.keys("inbox").remove(0);
    let seen = opened(&malote, &second);
    assert_eq!((seen.pictures.missing, seen.page.unwrap().document.resources.len()), (0, 1));
    malote.ok(&["pictures", "--no-longer", "1"]);
    server.fill(&[of(1, ""), of(2, list), of(3, list)]);
    malote.get();
    assert_eq!(web.paths(), ["/1.png", "/2.png"]);

    let third = malote.keys("inbox").remove(0);
    malote.ok(&["pictures", &third, "--always", "list"]);
    assert_eq!(malote.ok(&["pictures", "--allowed"]).trim(), "2  list  trains.example.org");
    server.fill(&[of(1, ""), of(2, list), of(3, list), of(4, list), of(5, "")]);
    malote.get();
    assert_eq!(web.paths(), ["/1.png", "/2.png", "/3.png", "/4.png"]);
}

#[test]
fn pictures_go_the_way_of_the_mail() {
    let web = WebServer::start(|_| Some(answer("image/png", PNG)));
    let proxy = Socks5Proxy::start();
    let url = web.url("/a.png").replace("127.0.0.1", "pictures.example.net");
    let server = Pop3Server::start(Script::default(), &[page(1, "", &image(&url))]);
    let malote = Malote::with_account(&server.incoming(), &["--proxy", &proxy.url()]);
    malote.get();
    let key = malote.keys("inbox").remove(0);
    malote.ok(&["pictures", &key]);
    assert!(proxy.asked().iter().any(|asked| asked.starts_with("pictures.example.net:")), "{:?}", proxy.asked());
    assert_eq!(web.paths(), ["/a.png"]);
}

#[test]
fn a_stranger_reaches_nothing_near() {
    let web = WebServer::start(|_| Some(answer("image/png", PNG)));
    let server = Pop3Server::start(Script::default(), &[page(1, "", &image(&web.url("/router")))]);
    // By a proxy, the account’s server is somewhere in the world.
    let proxy = Socks5Proxy::start();
    let mut incoming = server.incoming();
    incoming.host = "pop.example.net".into();
    let malote = Malote::with_account(&incoming, &["--proxy", &proxy.url()]);
    malote.get();
    let key = malote.keys("inbox").remove(0);
    let outcome = malote.run(&["pictures", &key]);
    assert_ne!(outcome.status, Some(0));
    assert!(outcome.stderr.contains("within your own network"), "{}", outcome.said());
    assert!(web.asked().is_empty());
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    let web = WebServer::start(|path| (path != "/silent").then(|| answer("image/png", PNG)));
    let html = image(&web.url("/silent")) + &image(&web.url("/a.png"));
    let server = Pop3Server::start(Script::default(), &[page(1, "", &html)]);
    let malote = Malote::with_account(&server.incoming(), &[]);
    malote.get();
    let key = malote.keys("inbox").remove(0);
    let begun = Instant::now();
    assert_eq!(malote.ok(&["pictures", &key]).trim(), "1 kept; 1 could not be had");
    assert!(begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());
}
