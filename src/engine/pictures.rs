//! Remote pictures: fetched on a person's word, kept with their message, and never asked for by showing it.
//!
//! The word is given for one message, or for good for a sender or a mailing list. In the first case the engine fetches at once;
//! in the second it fetches at the end of each visit what the visit brought, while the line is open anyway. So who is allowed
//! learns that mail was collected, and neither whether nor when it is read; opening a message reads the store and nothing
//! else.
//!
//! What is fetched is said as little to as can be (see [`crate::protocol::http`]), by the account's proxy if it has one, and
//! never at an address near to us unless the account's own server is near, too: a stranger wrote the address.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_channel::{Receiver, Sender};
use futures::{FutureExt, StreamExt};
use url::Url;

use super::endpoint::endpoint;
use super::event::{Event, Problem};
use super::hub::{Hub, now};
use super::page::MessagePage;
use super::problem;
use crate::account::Account;
use crate::mail::clean::{self, RemotePicture};
use crate::mail::{Circumstances, MessageView, sanitize};
use crate::net::{self, Connection, DriveError, Endpoint, Reach, Trust};
use crate::protocol::http::{self, Get, Response};
use crate::store::types::MessageKey;
use crate::store::{Allowed, KeptPicture};

/// Octets of one picture.
const MAX_PICTURE_BYTES: usize = 10 * 1024 * 1024;
/// Octets of all pictures of a message.
const MAX_MESSAGE_BYTES: usize = 50 * 1024 * 1024;
/// Pictures of a message; a mail of photographs has some dozens.
const MAX_PICTURES: usize = 200;
/// How long all pictures of a message may take.
const MAX_TIME: Duration = Duration::from_secs(15);
/// Silence after which a server is given up.
const MAX_SILENCE: Duration = Duration::from_secs(10);
/// Redirects on the way to one picture.
const MAX_REDIRECTS: usize = 3;
/// Lines that are open at the same time.
const LINES: usize = 4;
/// Messages whose pictures are fetched with one visit; those of the others can be fetched by a click.
const MAX_MESSAGES_A_VISIT: u32 = 50;

/// For what a person gives the word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PictureScope {
    /// This message, now.
    Once,
    /// And from now on what its sender sends.
    Sender,
    /// And from now on what comes by its mailing list.
    List,
}

/// What an open message has of remote pictures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MessagePictures {
    /// Those that were fetched, and those that could not be had.
    pub kept: Vec<KeptPicture>,
    /// How many the page would show that nobody has asked for yet, or that could not be had.
    pub missing: usize,
    /// How many there are only to report the reading: never fetched.
    pub trackers: usize,
    /// Whom pictures can be allowed for good; empty: the message names no sender.
    pub sender: String,
    /// The id of the mailing list that the message came by.
    pub list: Option<String>,
    /// What it is allowed by already.
    pub allowed: Option<Allowed>,
}

impl MessagePictures {
    /// From what is known of a message. Without a page there are none.
    pub fn of(view: &MessageView, page: Option<&MessagePage>, kept: Vec<KeptPicture>, consents: &[Allowed]) -> Self {
        let wanted = Wanted::of(page.map(MessagePage::remote).unwrap_or_default());
        let has = |url: &String| kept.iter().any(|kept| kept.url == *url && kept.bytes.is_some());
        let missing = wanted.urls.iter().filter(|url| !has(url)).count();
        let (sender, list) = (sender(view), list_id(view));
        let is_allowed = |allowed: &&Allowed| match allowed {
            Allowed::Sender(address) => !sender.is_empty() && *address == sender,
            Allowed::List(id) => Some(id) == list.as_ref(),
        };
        let allowed = consents.iter().find(is_allowed).cloned();
        Self { kept, missing, trackers: wanted.trackers, sender, list, allowed }
    }
}

/// What a page asks for.
struct Wanted {
    urls: Vec<String>,
    trackers: usize,
}

impl Wanted {
    fn of(remote: &[RemotePicture]) -> Self {
        let trackers = remote.iter().filter(|picture| picture.is_tracker).count();
        let urls = remote.iter().filter(|picture| !picture.is_tracker).map(|picture| picture.url.clone());
        Self { urls: urls.take(MAX_PICTURES).collect(), trackers }
    }

    /// Blocks for the length of a cleaning.
    fn by(view: &MessageView) -> Self {
        let cleaned = view.html.as_ref().map(|html| clean::clean(html, &clean::Options::default()));
        Self::of(&cleaned.unwrap_or_default().remote)
    }
}

/// The address of the one who is named as the sender, as consents spell it.
fn sender(view: &MessageView) -> String {
    view.envelope.from.first().map(|from| from.addr.trim().to_ascii_lowercase()).unwrap_or_default()
}

/// The id of the mailing list (RFC 2919 §3): what stands in angle brackets.
fn list_id(view: &MessageView) -> Option<String> {
    const MAX_ID_CHARS: usize = 255;
    let (_, field) = view.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("List-Id"))?;
    let (_, id) = field.rsplit_once('<')?;
    let id = sanitize::line_of(id.split_once('>')?.0, MAX_ID_CHARS).to_ascii_lowercase();
    (!id.is_empty() && !id.contains(char::is_whitespace)).then_some(id)
}

/// Fetches under way, each to be stopped by dropping its sender.
#[derive(Default)]
pub(super) struct Fetches(Mutex<HashMap<MessageKey, Sender<()>>>);

impl Fetches {
    /// None: the pictures of this message are being fetched already.
    fn begin(&self, key: MessageKey) -> Option<Receiver<()>> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if running.get(&key).is_some_and(|stop| !stop.is_closed()) {
            return None;
        }
        let (stop, stopped) = async_channel::bounded(1);
        running.insert(key, stop);
        Some(stopped)
    }

    fn end(&self, key: MessageKey) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
    }

    pub fn stop_all(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Fetches the pictures of one message because the person said so.
pub(super) async fn fetch(hub: &Arc<Hub>, key: MessageKey, scope: PictureScope) -> Result<Event, Box<Problem>> {
    let Some(stopped) = hub.pictures.begin(key) else { return Ok(Event::Done) };
    let outcome = fetch_asked(hub, key, scope, &stopped).await;
    hub.pictures.end(key);
    outcome
}

async fn fetch_asked(
    hub: &Arc<Hub>,
    key: MessageKey,
    scope: PictureScope,
    stopped: &Receiver<()>,
) -> Result<Event, Box<Problem>> {
    let failed = |error| problem::store_plain("Could not fetch the pictures", &error);
    let row = hub.store.row(key).await.map_err(failed)?;
    let accounts = hub.store.accounts().await.map_err(failed)?;
    let Some(account) = accounts.into_iter().find(|account| account.id == row.account) else {
        return Err(problem::no_such_account(row.account));
    };
    let raw = hub.store.raw(key).await.map_err(failed)?;
    let view = async_std::task::spawn_blocking(move || MessageView::of_any(&raw, &Circumstances::default())).await;
    let allowed = match scope {
        PictureScope::Once => None,
        PictureScope::Sender => Some(sender(&view)).filter(|sender| !sender.is_empty()).map(Allowed::Sender),
        PictureScope::List => list_id(&view).map(Allowed::List),
    };
    if let Some(allowed) = allowed {
        hub.store.allow_pictures(allowed, now()).await.map_err(failed)?;
    }
    let fetched = fetch_for(hub, &account, key, &view, stopped).await.map_err(failed)?;
    if fetched.had == 0 && !stopped.is_closed() {
        // Nothing at all came: that is not a page with a gap, but something to be told.
        if let Some(why) = fetched.why {
            return Err(problem::pictures(&why));
        }
    }
    Ok(Event::Pictures { key, had: fetched.had, missing: fetched.missing })
}

/// Fetches what is allowed for good of what a visit brought. Says nothing: what could not be had can be asked for by a click.
pub(super) async fn after_visit(hub: &Arc<Hub>, account: &Account, stopped: &Receiver<()>) {
    let due = match hub.store.pictures_due(account.id, MAX_MESSAGES_A_VISIT).await {
        Ok(due) if !due.is_empty() => due,
        // A store that fails says so where it matters more.
        _ => return,
    };
    let consents: Vec<Allowed> =
        hub.store.picture_consents().await.unwrap_or_default().into_iter().map(|consent| consent.whom).collect();
    for &key in &due {
        if stopped.is_closed() {
            return;
        }
        let Ok(raw) = hub.store.raw(key).await else { continue };
        let view = async_std::task::spawn_blocking(move || MessageView::of_any(&raw, &Circumstances::default())).await;
        let (sender, list) = (sender(&view), list_id(&view));
        let is_allowed = consents.iter().any(|allowed| match allowed {
            Allowed::Sender(address) => *address == sender,
            Allowed::List(id) => Some(id) == list.as_ref(),
        });
        if is_allowed {
            let _not_kept = fetch_for(hub, account, key, &view, stopped).await;
        }
        // One by one: a program that ends in between goes on where it was.
        let _not_noted = hub.store.pictures_settled(vec![key]).await;
    }
    // What is more than one visit may fetch is asked for by hand.
    if let Ok(left) = hub.store.pictures_due(account.id, u32::MAX).await {
        let _not_noted = hub.store.pictures_settled(left).await;
    }
}

#[derive(Default)]
struct Fetched {
    had: usize,
    missing: usize,
    /// Why the first that is missing is.
    why: Option<Fault>,
}

async fn fetch_for(
    hub: &Arc<Hub>,
    account: &Account,
    key: MessageKey,
    view: &MessageView,
    stopped: &Receiver<()>,
) -> Result<Fetched, crate::store::Error> {
    let kept = hub.store.pictures(key).await?;
    let page = MessageView { html: view.html.clone(), ..MessageView::default() };
    let mut urls = async_std::task::spawn_blocking(move || Wanted::by(&page).urls).await;
    urls.retain(|url| !kept.iter().any(|kept| kept.url == *url && kept.bytes.is_some()));
    let mut fetched =
        Fetched { had: kept.len() - kept.iter().filter(|kept| kept.bytes.is_none()).count(), ..Fetched::default() };
    let mut pictures = Vec::new();
    for (url, outcome) in all(account, urls, stopped).await {
        let picture = match outcome {
            Ok((content_type, bytes)) => {
                fetched.had += 1;
                KeptPicture { url, content_type: content_type.into(), bytes: Some(Arc::new(bytes)) }
            }
            Err(fault) => {
                fetched.missing += 1;
                fetched.why.get_or_insert(fault);
                KeptPicture { url, content_type: String::new(), bytes: None }
            }
        };
        pictures.push(picture);
    }
    hub.store.keep_pictures(key, pictures).await?;
    Ok(fetched)
}

/// Why a picture could not be had.
#[derive(Debug)]
pub(super) struct Fault {
    pub host: String,
    pub why: Why,
}

#[derive(Debug)]
pub(super) enum Why {
    Net(net::Error),
    Http(http::Error),
    /// It answered so.
    Status(u16),
    NoPicture(String),
    /// Too many of them, or to where a picture must not lie.
    Redirected,
    /// It was not begun, or not ended, in time.
    Late,
    /// The other pictures of the message were too large already.
    NoRoom,
}

type Outcome = Result<(&'static str, Vec<u8>), Fault>;

/// Fetches them a few at a time, until all are there or the time is over.
async fn all(account: &Account, urls: Vec<String>, stopped: &Receiver<()>) -> Vec<(String, Outcome)> {
    let nearby = is_near(account).await;
    let room = AtomicUsize::new(MAX_MESSAGE_BYTES);
    let mut fetched: Vec<(String, Outcome)> = Vec::new();
    {
        let room = &room;
        let asked: Vec<_> = urls
            .iter()
            .cloned()
            .map(|url| async move {
                let outcome = one(account, &url, nearby, room).await;
                (url, outcome)
            })
            .collect();
        let mut running = futures::stream::iter(asked).buffer_unordered(LINES).fuse();
        let mut over = Box::pin(async_std::task::sleep(MAX_TIME).fuse());
        let mut stopped = Box::pin(stopped.recv().fuse());
        loop {
            futures::select_biased! {
                _ = stopped => break,
                () = over => break,
                next = running.next() => match next {
                    Some(ended) => fetched.push(ended),
                    None => break,
                },
            }
        }
    }
    for url in urls {
        if !fetched.iter().any(|(ended, _)| *ended == url) {
            let host = Url::parse(&url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
            fetched.push((url, Err(Fault { host, why: Why::Late })));
        }
    }
    fetched
}

/// Whether the account's own server is near (on this computer, in this house or company): then so may be its pictures.
async fn is_near(account: &Account) -> bool {
    if account.proxy.is_some() {
        // Who uses a proxy does not want the name looked up here.
        return account.incoming.host.parse().is_ok_and(|address| !net::is_public(address));
    }
    let server = endpoint(account, &account.incoming, Trust::Authorities);
    let addresses = net::addresses(&server).await.unwrap_or_default();
    !addresses.is_empty() && addresses.iter().all(|address| !net::is_public(address.ip()))
}

async fn one(account: &Account, url: &str, nearby: bool, room: &AtomicUsize) -> Outcome {
    let mut reach = if nearby { Reach::Anywhere } else { Reach::Public };
    let mut next = Url::parse(url).ok();
    for _ in 0..=MAX_REDIRECTS {
        let Some(url) = next else { break };
        let host = url.host_str().unwrap_or_default().to_owned();
        let fault = |why| Fault { host: host.clone(), why };
        let limit = room.load(Ordering::Relaxed).min(MAX_PICTURE_BYTES);
        if limit == 0 {
            return Err(fault(Why::NoRoom));
        }
        let (response, is_public) = ask(account, &url, reach, limit).await.map_err(fault)?;
        if response.is_redirect() {
            // From the public net nothing leads near, whatever the account's server is.
            if is_public {
                reach = Reach::Public;
            }
            let target = response.location.and_then(|target| url.join(&target).ok());
            next = target.filter(|target| may_follow(&url, target));
            if next.is_none() {
                return Err(fault(Why::Redirected));
            }
            continue;
        }
        if response.status != 200 {
            return Err(fault(Why::Status(response.status)));
        }
        let content_type =
            raster(&response).ok_or_else(|| fault(Why::NoPicture(sanitize::line_of(&response.content_type, 60))))?;
        let size = response.body.len();
        let taken = room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| room.checked_sub(size));
        return match taken {
            Ok(_) => Ok((content_type, response.body)),
            Err(_) => Err(fault(Why::NoRoom)),
        };
    }
    let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    Err(Fault { host, why: Why::Redirected })
}

/// Whether a redirect may be followed: to the web, without a name, and not from a protected line to an open one.
fn may_follow(from: &Url, to: &Url) -> bool {
    let is_web = to.scheme() == "https" || (to.scheme() == "http" && from.scheme() == "http");
    is_web && to.has_host() && to.username().is_empty() && to.password().is_none()
}

/// Asks once. Also says whether the server is in the public net.
async fn ask(account: &Account, url: &Url, reach: Reach, limit: usize) -> Result<(Response, bool), Why> {
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else { return Err(Why::Redirected) };
    // Below lie the ports of services that are not the web, and might understand what is said.
    if port < 1024 && !matches!(port, 80 | 443) {
        return Err(Why::Redirected);
    }
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let named = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let own = endpoint(account, &account.incoming, Trust::Authorities);
    let endpoint = Endpoint {
        host: host.trim_matches(['[', ']']).to_owned(),
        port,
        tls: url.scheme() == "https",
        // The person's certificate is for the person's server.
        certificate: None,
        timeout: own.timeout.min(MAX_SILENCE),
        reach,
        ..own
    };
    let mut line = Connection::open(endpoint).await.map_err(Why::Net)?;
    let is_public = line.is_public();
    let mut get = Get::new(&named, &path, limit);
    match line.next(&mut get).await {
        Ok(Some(response)) => Ok((response, is_public)),
        Ok(None) => Err(Why::Http(http::Error::Cut)),
        Err(DriveError::Net(error)) => Err(Why::Net(error)),
        Err(DriveError::Protocol(error)) => Err(Why::Http(error)),
    }
}

/// What kind of picture it is, if it says that it is one, and is.
fn raster(response: &Response) -> Option<&'static str> {
    const KINDS: [(&str, &[u8]); 5] = [
        ("image/png", b"\x89PNG\r\n\x1A\n"),
        ("image/jpeg", b"\xFF\xD8\xFF"),
        ("image/gif", b"GIF8"),
        ("image/bmp", b"BM"),
        ("image/webp", b"RIFF"),
    ];
    let is_said = response.content_type.starts_with("image/") && !response.content_type.contains("svg");
    let (kind, _) = KINDS.iter().find(|(_, begin)| response.body.starts_with(begin))?;
    let is_webp = response.body.get(8..12) == Some(b"WEBP".as_slice());
    (is_said && (*kind != "image/webp" || is_webp)).then_some(*kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pictures_that_say_so_and_are_count() {
        let response = |kind: &str, body: &[u8]| Response {
            content_type: kind.into(),
            body: body.to_vec(),
            ..Response::default()
        };
        for (kind, body, found) in [
            ("image/png", b"\x89PNG\r\n\x1A\n...".as_slice(), Some("image/png")),
            ("image/png", b"GIF89a", Some("image/gif")),
            ("image/jpg", b"\xFF\xD8\xFF\xE0", Some("image/jpeg")),
            ("image/webp", b"RIFF1234WEBPVP8 ", Some("image/webp")),
            ("image/webp", b"RIFF1234WAVE", None),
            ("text/html", b"GIF89a", None),
            ("image/svg+xml", b"<svg/>", None),
            ("image/png", b"<html>", None),
            ("", b"GIF89a", None),
        ] {
            assert_eq!(raster(&response(kind, body)), found, "{kind}");
        }
    }

    #[test]
    fn redirects_stay_on_the_web_and_protected() {
        for (from, to, follows) in [
            ("http://a.test/", "https://b.test/", true),
            ("http://a.test/", "http://b.test/", true),
            ("https://a.test/", "http://b.test/", false),
            ("https://a.test/", "https://u@b.test/", false),
            ("http://a.test/", "file:///etc/passwd", false),
            ("http://a.test/", "data:image/png,x", false),
        ] {
            assert_eq!(may_follow(&from.parse().unwrap(), &to.parse().unwrap()), follows, "{from} {to}");
        }
    }

    #[test]
    fn a_list_is_known_by_its_id() {
        for (field, id) in [
            ("List-Id: Night trains <Trains.example.org>", Some("trains.example.org")),
            ("list-id: <a.b>", Some("a.b")),
            ("List-Id: nothing", None),
            ("List-Id: <a b>", None),
            ("List-Id: <>", None),
            ("Subject: x", None),
        ] {
            let view = MessageView::from_raw(format!("{field}\r\n\r\nx").as_bytes());
            assert_eq!(list_id(&view).as_deref(), id, "{field}");
        }
    }
}
