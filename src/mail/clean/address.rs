//! Where pictures and links of a page lead: which addresses are followed at all.

use url::Url;

use super::text;

/// Octets of an address; longer ones carry nothing but the tracking of their reader.
const MAX_BYTES: usize = 16 * 1024;
/// Octets of a picture that is written into the page itself.
const MAX_DATA_BYTES: usize = 14 * 1024 * 1024;

/// Where a picture is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// In the message or in the page: what the page shows by this name.
    Here(String),
    /// Somewhere else: `http` or `https`, with a host and without user or fragment.
    Remote(String),
    /// A file, a script, a relative address, an address of no kind: never to be looked for.
    Nowhere,
}

/// Reads the address of a picture. Nothing is resolved: a message has no place that a relative address could be relative to.
pub fn picture(address: &str) -> Source {
    let address = stripped(address);
    let Some((scheme, rest)) = address.split_once(':') else {
        // Without a scheme, but with a host.
        let is_host = address.starts_with("//") && !address.starts_with("///");
        return if is_host { remote(&format!("https:{address}")) } else { Source::Nowhere };
    };
    match scheme.to_ascii_lowercase().as_str() {
        "cid" if !rest.is_empty() && address.len() <= MAX_BYTES => Source::Here(format!("cid:{rest}")),
        "data" if address.len() <= MAX_DATA_BYTES && is_raster(&address) => Source::Here(format!("data:{rest}")),
        "http" | "https" => remote(&address),
        _ if address.starts_with("//") => remote(&format!("https:{address}")),
        _ => Source::Nowhere,
    }
}

fn remote(address: &str) -> Source {
    let Some(mut url) = Url::parse(address).ok().filter(|_| address.len() <= MAX_BYTES) else { return Source::Nowhere };
    let has_user = !url.username().is_empty() || url.password().is_some();
    if has_user || !url.has_host() {
        return Source::Nowhere;
    }
    url.set_fragment(None);
    Source::Remote(url.into())
}

/// Whether data is said to be a picture of dots; drawings load more, and pages are pages.
fn is_raster(address: &str) -> bool {
    const TYPES: [&str; 8] = ["bmp", "gif", "jpeg", "jpg", "pjpeg", "png", "webp", "x-png"];
    data_url::DataUrl::process(address).is_ok_and(|data| {
        let found = data.mime_type();
        found.type_ == "image" && TYPES.contains(&found.subtype.as_str())
    })
}

/// What following a link opens, written so that the true host can be read; None where it may not be followed.
pub fn link(address: &str, base: Option<&Url>) -> Option<String> {
    let trimmed = stripped(address);
    if trimmed.len() > MAX_BYTES {
        return None;
    }
    if let Some(place) = trimmed.strip_prefix('#') {
        return Some(format!("#{place}"));
    }
    let url = Url::options().base_url(base).parse(&trimmed).ok()?;
    let may_follow = match url.scheme() {
        "http" | "https" => url.has_host(),
        "mailto" | "tel" => true,
        _ => false,
    };
    may_follow.then(|| url.into()).filter(|written: &String| written.len() <= MAX_BYTES)
}

/// The page's `<base>`, if links may be resolved against it.
pub fn base(address: &str) -> Option<Url> {
    Url::parse(&stripped(address)).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// As browsers read addresses: blanks at the ends and line ends within do not count.
fn stripped(address: &str) -> String {
    let clean = text::clean(address);
    clean.trim_matches(|c: char| c <= ' ').chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_here_elsewhere_or_nowhere() {
        let here = |address: &str| Source::Here(address.into());
        let remote = |address: &str| Source::Remote(address.into());
        for (address, source) in [
            ("cid:a@b", here("cid:a@b")),
            (" CID:a@b\n", here("cid:a@b")),
            ("data:image/png;base64,AAAA", here("data:image/png;base64,AAAA")),
            ("DATA:image/gif;base64,\nAA AA", here("data:image/gif;base64,AA AA")),
            ("data:image/svg+xml,<svg/>", Source::Nowhere),
            ("data:text/html,x", Source::Nowhere),
            ("HTTP://A.test/x#y", remote("http://a.test/x")),
            ("ht\ntp://a.test", remote("http://a.test/")),
            ("http:\\\\a.test\\x", remote("http://a.test/x")),
            ("//a.test/x:y", remote("https://a.test/x:y")),
            ("http://2130706433/", remote("http://127.0.0.1/")),
            ("http://ana:secret@a.test/", Source::Nowhere),
            ("http://", Source::Nowhere),
            ("\\\\a.test\\share\\x.png", Source::Nowhere),
            ("///a.test/x", Source::Nowhere),
            ("file:///etc/passwd", Source::Nowhere),
            ("javascript:alert(1)", Source::Nowhere),
            ("x.png", Source::Nowhere),
            ("", Source::Nowhere),
        ] {
            assert_eq!(picture(address), source, "{address:?}");
        }
    }

    #[test]
    fn links_lead_to_pages_and_people_alone() {
        for (address, target) in [
            ("https://a.test", Some("https://a.test/")),
            ("http://b\u{430}nk.test/ü", Some("http://xn--bnk-6cd.test/%C3%BC")),
            ("mailto:a@b.test?subject=x y", Some("mailto:a@b.test?subject=x%20y")),
            ("tel:+1 23", Some("tel:+1 23")),
            ("#top", Some("#top")),
            ("java\nscript:alert(1)", None),
            ("file:///etc/passwd", None),
            ("data:text/html,x", None),
            ("page.html", None),
            ("//a.test", None),
            ("", None),
        ] {
            assert_eq!(link(address, None).as_deref(), target, "{address:?}");
        }
        let base = base("https://a.test/b/");
        assert_eq!(link("../c?d", base.as_ref()).as_deref(), Some("https://a.test/c?d"));
        assert_eq!(link("//e.test", base.as_ref()).as_deref(), Some("https://e.test/"));
    }
}
