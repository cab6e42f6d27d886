//! The page of a message that is opened: taken out of its octets and cleaned, on the blocking pool, before the screen hears of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::mail::html;
use crate::mail::hypertext::{Body, Hypertext};
use crate::page::{Document, Resource};

/// The page of a message, ready to be drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessagePage {
    pub document: Arc<Document>,
    /// Links that say one host and lead to another: what they say, and the host they lead to.
    pub deceptive_links: Vec<(String, String)>,
}

impl MessagePage {
    /// None: the message has no HTML, and its text is all there is. Total.
    pub fn from_raw(raw: &[u8]) -> Option<Self> {
        let Hypertext { bodies, pictures } = Hypertext::from_raw(raw)?;
        // With this at its head nothing takes the document for XML.
        let mut page = String::from("<!---->");
        let mut deceptive_links = Vec::new();
        for body in &bodies {
            match body {
                Body::Html(html) => {
                    page.push_str(html);
                    deceptive_links.extend(html::read(html).deceptive_links);
                }
                Body::Text(text) => page.push_str(&preformatted(text)),
            }
        }
        let resource = |picture: crate::mail::hypertext::Picture| Resource {
            name: format!("cid:{}", picture.id),
            content_type: picture.content_type,
            bytes: picture.bytes,
        };
        let resources = pictures.into_iter().map(resource).collect();
        Some(Self { document: Arc::new(Document { html: page, resources }), deceptive_links })
    }

    /// What a careful friend would say before a link to this target is followed, as sentences; none for most.
    pub fn warnings_of(&self, target: &str) -> Vec<String> {
        let host = html::host_of(target);
        let deceptive = self.deceptive_links.iter().filter(|(_, real)| Some(real) == host.as_ref());
        deceptive.map(|(said, real)| format!("The link says “{said}” but leads to {real}.")).collect()
    }
}

/// As [`MessagePage::from_raw`]; should the cleaning have a fault that this message finds, its text is shown.
pub(super) fn of_any(raw: &[u8]) -> Option<MessagePage> {
    catch_unwind(AssertUnwindSafe(|| MessagePage::from_raw(raw))).unwrap_or_default()
}

/// Text that stands below a page, as it is written.
fn preformatted(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("<div style=\"white-space: pre-wrap; clear: both\">{escaped}</div>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_begins_so_that_it_is_html_and_text_below_it_stays_text() {
        let raw = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<?xml?><b>x</b>\r\n\
            --b\r\n\r\n1 < 2 & so on\r\n--b--\r\n";
        let page = MessagePage::from_raw(raw).unwrap();
        assert!(page.document.html.starts_with("<!--"), "{}", page.document.html);
        assert!(page.document.html.contains("1 &lt; 2 &amp; so on"), "{}", page.document.html);
        assert_eq!(MessagePage::from_raw(b"Subject: text\r\n\r\nOnly text.\r\n"), None);
    }

    #[test]
    fn a_link_that_says_another_host_is_known_by_its_target() {
        let raw = b"Content-Type: text/html\r\n\r\n<a href='http://evil.test/x'>www.bank.test</a> <a href='http://a.test'>a</a>";
        let page = MessagePage::from_raw(raw).unwrap();
        let said = page.warnings_of("http://evil.test/x");
        assert_eq!(said, ["The link says “www.bank.test” but leads to evil.test."]);
        assert_eq!(page.warnings_of("http://a.test"), Vec::<String>::new());
    }
}
