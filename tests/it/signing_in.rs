//! Every way to sign in, and every way to the server.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::support::dovecot::Dovecot;
use crate::support::malote::Malote;
use crate::support::pki::{self, Kind};
use crate::support::process::free_port;
use crate::support::samples::{assert_same, messages};
use crate::support::scripted::{Act, Pop3Server, Script};
use crate::support::socks5::Socks5Proxy;
use crate::support::{Incoming, PASSWORD, USER};

/// All that Dovecot can do with a password that it knows.
const ALL: &str = "auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256 apop";

/// As Dovecot's log names them: `user` comes to it as PLAIN.
const WAYS: [(&str, &str); 7] = [
    ("user", "PLAIN"),
    ("plain", "PLAIN"),
    ("login", "LOGIN"),
    ("cram-md5", "CRAM-MD5"),
    ("scram-sha-1", "SCRAM-SHA-1"),
    ("scram-sha-256", "SCRAM-SHA-256"),
    ("apop", "APOP"),
];

/// How often the server let somebody in by this mechanism.
fn logins(dovecot: &Dovecot, mechanism: &str) -> usize {
    dovecot.log().matches(&format!("method={mechanism},")).count()
}

#[test]
fn each_way_is_understood_by_a_real_server() {
    let dovecot = Dovecot::start_with(&[USER], ALL);
    dovecot.deliver(&messages(2));
    for (word, mechanism) in WAYS {
        let before = logins(&dovecot, mechanism);
        let malote = Malote::with_account(&dovecot.tls(), &["--auth", word]);
        malote.get();
        assert_same(malote.stored(), messages(2), word);
        assert_eq!(logins(&dovecot, mechanism), before + 1, "{word}: {}", dovecot.log());
    }
}

#[test]
fn a_wrong_password_is_tried_exactly_once_whatever_the_way() {
    let dovecot = Dovecot::start_with(&[USER], ALL);
    for word in WAYS.map(|(word, _)| word).into_iter().chain(["auto"]) {
        let malote = Malote::with_account(&dovecot.tls(), &["--auth", word]);
        malote.change_password("not-the-password");
        let words = malote.try_get().problems.concat();
        assert!(words.contains("password"), "{word}: {words}");
    }
    let log = dovecot.log();
    assert_eq!(log.matches("(auth failed, 1 attempts").count(), WAYS.len() + 1, "{log}");
}

#[test]
fn by_itself_the_best_is_chosen_and_on_an_open_line_the_password_stays_off_it() {
    let dovecot = Dovecot::start_with(&[USER], ALL);
    for incoming in [dovecot.plain(), dovecot.stls(), dovecot.tls()] {
        Malote::with_account(&incoming, &[]).get();
    }
    assert_eq!(logins(&dovecot, "SCRAM-SHA-256"), 3, "{}", dovecot.log());
    let old = Dovecot::start_with(&[USER], "auth_mechanisms = plain login cram-md5");
    Malote::with_account(&old.plain(), &[]).get();
    Malote::with_account(&old.tls(), &[]).get();
    assert_eq!((logins(&old, "CRAM-MD5"), logins(&old, "PLAIN")), (1, 1), "{}", old.log());
}

#[test]
fn a_certificate_of_ones_own_opens_the_maildrop_without_a_password() {
    let dovecot = Dovecot::start_with(
        &[USER],
        &format!(
            "auth_mechanisms = plain external\nssl_ca = <{}\nssl_verify_client_cert = yes\nssl_require_crl = no\n\
             auth_ssl_username_from_cert = yes\npassdb {{\n driver = static\n mechanisms = external\n \
             args = nopassword=y\n}}",
            pki::authority().display()
        ),
    );
    dovecot.deliver(&messages(2));
    for file in pki::of_user() {
        let file = file.to_str().unwrap();
        for incoming in [dovecot.tls(), dovecot.stls()] {
            let malote = Malote::new();
            let arguments = ["--auth", "external", "--client-certificate", file];
            malote.add_with("Work", &incoming, &arguments, None).succeeded();
            malote.get();
            assert_same(malote.stored(), messages(2), file);
        }
        // Offered and possible, it is also what is chosen.
        Malote::with_account(&dovecot.tls(), &["--client-certificate", file]).get();
    }
    assert_eq!(logins(&dovecot, "EXTERNAL"), 6, "{}", dovecot.log());
}

#[test]
fn a_certificate_that_cannot_be_used_is_named() {
    let server =
        Pop3Server::start(Script { implicit_tls: true, certificate: Some(Kind::Good), ..Script::default() }, &[]);
    let malote = Malote::new();
    let broken = malote.home().join("broken.pem");
    let certificate_alone = pki::certificate(Kind::Good).file;
    std::fs::write(&broken, "nothing").unwrap();
    for file in [broken, malote.home().join("missing.pem"), certificate_alone] {
        let file = file.to_str().unwrap();
        let malote = Malote::with_account(&server.incoming_with("tls"), &["--client-certificate", file]);
        let words = malote.try_get().problems.concat();
        assert!(words.contains(file), "{words}");
        assert!(!server.heard_password());
    }
    let refused = malote.add_with("Work", &server.incoming_with("tls"), &["--auth", "external"], None);
    assert!(refused.stderr.contains("--client-certificate"), "{}", refused.said());
}

#[test]
fn an_access_token_takes_the_place_of_the_password() {
    let welcome = || Act::Say(b"+OK welcome\r\n".to_vec());
    let message = BASE64_STANDARD.encode(format!("user={USER}\u{1}auth=Bearer {PASSWORD}\u{1}\u{1}"));
    let script = Script { capabilities: vec!["UIDL", "SASL XOAUTH2"], ..Script::default() };
    let script = script.and("AUTH XOAUTH2", usize::MAX, Act::Say(b"+ \r\n".to_vec()));
    let server = Pop3Server::start(script.and(message.leak(), usize::MAX, welcome()), &messages(2));
    let malote = Malote::with_account(&server.incoming(), &["--auth", "xoauth2"]);
    malote.get();
    assert_same(malote.stored(), messages(2), "XOAUTH2");
    assert!(server.sessions().concat().contains(&"AUTH XOAUTH2".to_owned()), "two steps: {:?}", server.sessions());

    // Its message names the port, which is known only when the server runs.
    let server = Pop3Server::start(Script::default(), &messages(2));
    let Incoming { host, port, .. } = server.incoming();
    let message = format!("n,a={USER},\u{1}host={host}\u{1}port={port}\u{1}auth=Bearer {PASSWORD}\u{1}\u{1}");
    let good: &'static str = format!("AUTH OAUTHBEARER {}", BASE64_STANDARD.encode(message)).leak();
    let script = Script { capabilities: vec!["UIDL", "SASL OAUTHBEARER"], ..Script::default() };
    server.follow(script.and(good, usize::MAX, welcome()));
    let malote = Malote::with_account(&server.incoming(), &["--auth", "oauthbearer"]);
    malote.get();
    assert_same(malote.stored(), messages(2), "OAUTHBEARER");
}

#[test]
fn a_token_that_has_run_out_is_refused_after_the_answer_to_its_reason() {
    let reason = BASE64_STANDARD.encode(r#"{"status":"400"}"#);
    let script = Script { capabilities: vec!["UIDL", "SASL XOAUTH2"], ..Script::default() };
    let token = BASE64_STANDARD.encode(format!("user={USER}\u{1}auth=Bearer {PASSWORD}\u{1}\u{1}"));
    let script = script
        .and("AUTH XOAUTH2", usize::MAX, Act::Say(b"+ \r\n".to_vec()))
        .and(token.leak(), usize::MAX, Act::Say(format!("+ {reason}\r\n").into_bytes()))
        .and("", usize::MAX, Act::Say(b"-ERR [AUTH] the token has run out\r\n".to_vec()));
    let server = Pop3Server::start(script, &[]);
    let words = Malote::with_account(&server.incoming(), &["--auth", "xoauth2"]).try_get().problems.concat();
    assert!(words.contains("the token has run out"), "{words}");
}

#[test]
fn the_proof_is_bound_to_the_connection_where_the_server_offers_that() {
    for (security, offers) in [("tls", "SASL SCRAM-SHA-256 SCRAM-SHA-256-PLUS"), ("stls", "SASL SCRAM-SHA-256-PLUS")] {
        let mut capabilities = vec!["USER", "UIDL", offers];
        capabilities.extend((security == "stls").then_some("STLS"));
        let script = Script {
            capabilities,
            certificate: Some(Kind::Good),
            implicit_tls: security == "tls",
            ..Script::default()
        };
        let server = Pop3Server::start(script, &messages(2));
        let malote = Malote::with_account(&server.incoming_with(security), &[]);
        malote.get();
        assert_same(malote.stored(), messages(2), security);
        assert_eq!(server.count("AUTH SCRAM-SHA-256-PLUS "), 1, "{:?}", server.sessions());
        malote.ok(&["account", "edit", "Work", "--auth", "scram-sha-256-plus"]);
        malote.get();
        assert_eq!(server.count("AUTH SCRAM-SHA-256-PLUS "), 2, "{:?}", server.sessions());
        assert_eq!(server.count("PASS"), 0);
    }
}

#[test]
fn a_proof_that_is_bound_to_another_connection_is_worth_nothing() {
    // Someone with a certificate of a trusted authority sits in between and passes everything on: to the server, the client is
    // bound to the wrong certificate. Here the server simply expects another one than it shows.
    let script = Script {
        capabilities: vec!["UIDL", "SASL SCRAM-SHA-256-PLUS"],
        certificate: Some(Kind::OtherHost),
        implicit_tls: true,
        ..Script::default()
    };
    let server = Pop3Server::start(script, &messages(1));
    let front = tls_front(server.incoming().port);
    let malote = Malote::with_account(&Incoming { port: front, ..server.incoming_with("tls") }, &[]);
    let words = malote.try_get().problems.concat();
    assert!(words.contains("password"), "{words}");
    assert_same(malote.stored(), vec![], "nothing is collected");
}

/// A man in the middle: shows a good certificate of its own, and speaks TLS with the server behind.
fn tls_front(behind: u16) -> u16 {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let Ok(mut client) = pki::acceptor(Kind::Good).accept(stream) else { continue };
            let mut connector = native_tls::TlsConnector::builder();
            connector.danger_accept_invalid_certs(true).danger_accept_invalid_hostnames(true);
            let server = std::net::TcpStream::connect(("127.0.0.1", behind)).unwrap();
            let mut server = connector.build().unwrap().connect("localhost", server).unwrap();
            // One line each, by turns, as the protocol goes.
            let line = |from: &mut dyn Read, to: &mut dyn Write, last: &[u8]| -> std::io::Result<()> {
                let mut said = Vec::new();
                let mut octet = [0];
                while !said.ends_with(last) {
                    from.read_exact(&mut octet)?;
                    said.push(octet[0]);
                }
                to.write_all(&said)
            };
            let _ended = (|| -> std::io::Result<()> {
                line(&mut server, &mut client, b"\r\n")?;
                line(&mut client, &mut server, b"\r\n")?;
                line(&mut server, &mut client, b"\r\n.\r\n")?;
                loop {
                    line(&mut client, &mut server, b"\r\n")?;
                    line(&mut server, &mut client, b"\r\n")?;
                }
            })();
        }
    });
    port
}

#[test]
fn what_worked_is_remembered_and_forgotten_with_the_server() {
    let broken = Script { capabilities: vec!["USER", "UIDL", "SASL PLAIN LOGIN"], ..Script::default() };
    let broken = broken.and("AUTH PLAIN", usize::MAX, Act::Say(b"-ERR internal error\r\n".to_vec()));
    let server = Pop3Server::start(broken, &messages(1));
    let malote = Malote::with_account(&server.incoming(), &[]);
    malote.get();
    assert_eq!((server.count("AUTH"), server.count("PASS")), (1, 1), "{:?}", server.sessions());
    malote.get();
    assert_eq!((server.count("AUTH"), server.count("PASS")), (1, 2), "{:?}", server.sessions());
    malote.ok(&["account", "edit", "Work", "--host", "localhost"]);
    malote.get();
    assert_eq!((server.count("AUTH"), server.count("PASS")), (2, 3), "{:?}", server.sessions());
}

#[test]
fn a_server_that_hangs_up_on_capa_is_survived() {
    let server = Pop3Server::start(Script::but("CAPA", Act::HangUp), &messages(2));
    let malote = Malote::with_account(&server.incoming(), &[]);
    malote.get();
    assert_same(malote.stored(), messages(2), "by USER and PASS");
    assert_eq!(server.count("CAPA"), 1, "{:?}", server.sessions());
    malote.get();
    assert_eq!((server.count("CAPA"), server.sessions().len()), (1, 3), "it is not asked again");
}

#[test]
fn through_a_proxy_the_name_is_looked_up_there_and_nowhere_else() {
    let proxy = Socks5Proxy::start();
    let server = Pop3Server::start(Script::default(), &messages(2));
    // A name that exists nowhere: only the proxy can know it.
    let incoming = Incoming { host: "pop.hidden.invalid".into(), ..server.incoming() };
    let malote = Malote::with_account(&incoming, &["--proxy", &proxy.url()]);
    malote.get();
    assert_same(malote.stored(), messages(2), "through the proxy");
    assert_eq!(proxy.asked(), [format!("pop.hidden.invalid:{}", incoming.port)]);
    malote.run(&["doctor", "Work"]);
    malote.ok(&["account", "edit", "Work", "--proxy", "none", "--host", "127.0.0.1"]);
    let asked = proxy.asked().len();
    malote.get();
    assert_eq!(proxy.asked().len(), asked, "straight now");
}

#[test]
fn through_a_proxy_tls_is_as_good_as_without() {
    let dovecot = Dovecot::start();
    dovecot.deliver(&messages(3));
    let proxy = Socks5Proxy::start();
    for incoming in [dovecot.tls(), dovecot.stls()] {
        let malote = Malote::with_account(&incoming, &["--proxy", &proxy.url()]);
        malote.get();
        assert_same(malote.stored(), messages(3), incoming.security);
    }
    assert_eq!(proxy.asked().len(), 2);
}

#[test]
fn a_proxy_that_is_of_no_help_is_named() {
    let server = Pop3Server::start(Script::default(), &[]);
    let proxy = Socks5Proxy::start();
    let nobody = Incoming { port: free_port(), ..server.incoming() };
    let words = Malote::with_account(&nobody, &["--proxy", &proxy.url()]).try_get().problems.concat();
    assert!(words.contains("proxy") && words.contains("refuses"), "{words}");
    let no_proxy = format!("socks5://127.0.0.1:{}", free_port());
    let words = Malote::with_account(&server.incoming(), &["--proxy", &no_proxy]).try_get().problems.concat();
    assert!(words.contains("does not accept"), "{words}");
    let other = format!("socks5://127.0.0.1:{}", server.incoming().port);
    let words = Malote::with_account(&server.incoming(), &["--proxy", &other]).try_get().problems.concat();
    assert!(words.contains("not a SOCKS5 proxy"), "{words}");
    let malote = Malote::new();
    let refused = malote.add_with("Work", &server.incoming(), &["--proxy", "socks5://ana:geheim@localhost:1080"], None);
    assert!(refused.status != Some(0) && refused.stderr.contains("password"), "{}", refused.said());
}
