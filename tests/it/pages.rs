//! Mail in HTML as it is read today, as text: the mails of `tests/data/html` and the hostile ones of `tests/data/hostile`.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use malote::mail::clean::{Options, clean};

use crate::support::Incoming;
use crate::support::bombs::PAGES;
use crate::support::canary::hostile_mails;
use crate::support::malote::Malote;

/// Imports the mails into an account whose servers nobody asks; gives the key of each, in their order.
fn opened(mails: &[(String, Vec<u8>)]) -> (Malote, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    for (name, raw) in mails {
        fs::write(folder.path().join(format!("{name}.eml")), raw).unwrap();
    }
    let malote = Malote::with_account(&Incoming::plain(9), &[]);
    malote.ok(&["import", folder.path().to_str().unwrap(), "--account", "Work", "--format", "eml"]);
    let stored: Vec<(Vec<u8>, String)> = malote.keys("inbox").into_iter().map(|key| (malote.raw(&key), key)).collect();
    let key = |name: &str, raw: &Vec<u8>| {
        let found = stored.iter().find(|(octets, _)| octets == raw);
        found.unwrap_or_else(|| panic!("{name} is not here octet for octet")).1.clone()
    };
    let keys = mails.iter().map(|(name, raw)| key(name, raw)).collect();
    (malote, keys)
}

#[test]
fn no_hostile_mail_asks_anybody_for_anything_when_it_is_read_answered_or_found() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let mails = hostile_mails(listener.local_addr().unwrap().port());
    assert!(mails.len() > 60, "{} mails", mails.len());
    let (malote, keys) = opened(&mails);
    for ((name, _), key) in mails.iter().zip(&keys) {
        let shown = malote.ok(&["show", key]);
        assert!(shown.contains(&format!("Readable: {name}.")), "{name}: {shown}");
        malote.ok(&["reply", key]);
    }
    malote.ok(&["search", "readable"]);
    assert!(malote.keys("outbox").is_empty(), "nothing is answered, confirmed or unsubscribed unasked");
    let heard = listener.accept();
    assert!(heard.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock), "nobody was asked");
}

#[test]
fn pages_of_every_family_read_as_text_without_their_style_sheets() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/html");
    let mut mails: Vec<(String, Vec<u8>)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "eml"))
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap()))
        .collect();
    mails.sort();
    assert!(mails.len() > 70, "{} mails", mails.len());
    let (malote, keys) = opened(&mails);
    for ((name, _), key) in mails.iter().zip(&keys) {
        let shown = malote.ok(&["show", key, "--text"]);
        assert!(shown.chars().filter(|letter| letter.is_alphanumeric()).count() > 5, "{name}: {shown}");
        for remnant in ["<td", "</", "font-family:", "@media", "mso-", "[if ", "&nbsp;"] {
            assert!(!shown.contains(remnant), "{name} shows {remnant}: {shown}");
        }
    }
}

#[test]
fn pages_made_to_exhaust_are_cleaned_in_time_and_can_be_laid_out() {
    for (name, make) in PAGES {
        let page = make();
        let begun = Instant::now();
        let cleaned = clean(&page, &Options::default());
        let took = begun.elapsed();
        println!("{took:?} {} → {} octets: {name}", page.len(), cleaned.html.len());
        // Unoptimised, and perhaps on a busy machine.
        assert!(took < Duration::from_secs(40), "{name}: {took:?}");
        assert!(cleaned.html.contains("The top."), "{name}");
        assert!(cleaned.html.len() < 3 * page.len() + 10_000_000, "{name}: {} octets", cleaned.html.len());
        let (mut depth, mut deepest) = (0usize, 0);
        for tag in cleaned.html.split('<').skip(1) {
            match tag.strip_prefix('/') {
                Some(_) => depth -= 1,
                None if ["br", "img", "hr", "wbr", "col>", "col ", "!"].iter().any(|void| tag.starts_with(void)) => {}
                None => depth += 1,
            }
            deepest = deepest.max(depth);
        }
        assert!(deepest <= 260, "{name}: {deepest} deep");
    }
}
