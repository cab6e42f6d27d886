//! The page of a message that is opened: taken out of its octets and cleaned, on the blocking pool, before the screen hears of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::mail::clean::RemotePicture;
use crate::page::{Document, MessageDocument, Resource};
use crate::store::KeptPicture;

/// The page of a message, ready to be drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessagePage {
    pub document: Arc<Document>,
    /// Links that are not what they seem: their targets, and what a careful friend would say.
    warnings: Vec<(String, String)>,
    remote: Vec<RemotePicture>,
}

impl MessagePage {
    /// With the remote pictures that were fetched for it. None: the message has no HTML, and its text is all there is. Total.
    pub fn from_raw(raw: &[u8], kept: &[KeptPicture]) -> Option<Self> {
        let MessageDocument { mut document, links, remote } = MessageDocument::from_raw(raw)?;
        for (number, wanted) in remote.iter().enumerate() {
            let Some(picture) = kept.iter().find(|kept| kept.url == wanted.url) else { continue };
            document.resources.extend(picture.bytes.as_ref().map(|bytes| Resource {
                name: format!("remote:{number}"),
                content_type: picture.content_type.clone(),
                bytes: bytes.to_vec(),
            }));
        }
        let warnings =
            links.iter().flat_map(|link| link.warnings.iter().map(|warning| (link.target.clone(), warning.sentence())));
        Some(Self { document: Arc::new(document), warnings: warnings.collect(), remote })
    }

    /// The pictures that lie elsewhere, fetched or not, and those that only report the reading.
    pub fn remote(&self) -> &[RemotePicture] {
        &self.remote
    }

    /// What a careful friend would say before a link to this target is followed, as sentences; none for most.
    pub fn warnings_of(&self, target: &str) -> Vec<String> {
        let about_it = self.warnings.iter().filter(|(about, _)| about == target);
        about_it.map(|(_, sentence)| sentence.clone()).collect()
    }
}

/// As [`MessagePage::from_raw`]; should the cleaning have a fault that this message finds, its text is shown.
pub(super) fn of_any(raw: &[u8], kept: &[KeptPicture]) -> Option<MessagePage> {
    catch_unwind(AssertUnwindSafe(|| MessagePage::from_raw(raw, kept))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_begins_so_that_it_is_html_and_text_below_it_stays_text() {
        let raw = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<?xml?><b>x</b>\r\n\
            --b\r\n\r\n1 < 2 & so on\r\n--b--\r\n";
        let page = MessagePage::from_raw(raw, &[]).unwrap();
        assert!(page.document.html.starts_with("<!--"), "{}", page.document.html);
        assert!(page.document.html.contains("1 &lt; 2 &amp; so on"), "{}", page.document.html);
        assert_eq!(MessagePage::from_raw(b"Subject: text\r\n\r\nOnly text.\r\n", &[]), None);
    }

    #[test]
    fn a_link_that_says_another_host_is_known_by_its_target() {
        let raw = b"Content-Type: text/html\r\n\r\n<a href='http://evil.test/x'>www.bank.test</a> <a href='http://a.test'>a</a>";
        let page = MessagePage::from_raw(raw, &[]).unwrap();
        let said = page.warnings_of("http://evil.test/x");
        assert_eq!(said, ["The link says “www.bank.test” but leads to evil.test."]);
        assert_eq!(page.warnings_of("http://a.test"), Vec::<String>::new());
    }
}
