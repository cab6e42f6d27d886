//! What a careful friend would say of a link before it is followed.

use unicode_normalization::UnicodeNormalization as _;
use url::{Host, Url};

use crate::mail::sanitize;

/// A link of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// What is read of it: one line, without anything that hides or turns words.
    pub text: String,
    /// What following it opens: the `href` of the cleaned page, with the host as it is asked for (punycode).
    pub target: String,
    /// The weightiest first; empty for most.
    pub warnings: Vec<LinkWarning>,
}

/// Why a link is not what it seems.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkWarning {
    /// It names one host and leads to another.
    OtherHost { said: String, real: String },
    /// Before its host stands something that can be taken for one.
    HasUser { user: String, real: String },
    /// The host’s letters can be taken for others.
    ForeignLetters { looks_like: String, real: String },
    /// The host has a number and no name.
    Numeric { real: String },
}

impl LinkWarning {
    /// As a sentence.
    pub fn sentence(&self) -> String {
        match self {
            Self::OtherHost { said, real } => format!("The link says “{said}” but leads to {real}."),
            Self::HasUser { user, real } => {
                format!("The link begins with “{user}”, which means nothing: it leads to {real}.")
            }
            Self::ForeignLetters { looks_like, real } => {
                format!("The link leads to {real}, whose letters look like “{looks_like}”.")
            }
            Self::Numeric { real } => format!("The link leads to {real}, a number in place of a name."),
        }
    }
}

/// Characters of a link’s text that are kept.
const MAX_TEXT_CHARS: usize = 200;
/// Words of a link’s text in which a host is looked for.
const MAX_WORDS: usize = 50;

/// Puts a link together from what its element says.
pub(super) fn link(text: &str, target: String) -> Link {
    let text = sanitize::line_of(text, MAX_TEXT_CHARS);
    let warnings = Url::parse(&target).map(|url| warnings(&text, &url)).unwrap_or_default();
    Link { text, target, warnings }
}

fn warnings(text: &str, url: &Url) -> Vec<LinkWarning> {
    let mut found = Vec::new();
    let Some(real) = host_of(url) else { return found };
    if let Some(said) = said_hosts(text, url.scheme() == "mailto").into_iter().find(|said| !is_same_house(said, &real))
    {
        found.push(LinkWarning::OtherHost { said, real: real.clone() });
    }
    if url.scheme() == "mailto" {
        return found;
    }
    if !url.username().is_empty() || url.password().is_some() {
        let user = percent_decoded(url.username());
        found.push(LinkWarning::HasUser { user: sanitize::line_of(&user, 60), real: real.clone() });
    }
    if real.split('.').any(|label| label.starts_with("xn--")) {
        let (shown, _) = idna::domain_to_unicode(&real);
        found.push(LinkWarning::ForeignLetters { looks_like: sanitize::line_of(&shown, 100), real: real.clone() });
    }
    if !matches!(url.host(), Some(Host::Domain(_))) {
        found.push(LinkWarning::Numeric { real });
    }
    found
}

/// Enough of it to be read: octets above ASCII stay as they are written.
fn percent_decoded(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        match after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(u8::is_ascii) {
            Some(octet) => {
                out.push(char::from(octet));
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push('%');
                rest = after;
            }
        }
    }
    out + rest
}

/// The host that a link leads to, of a mail address the one behind its sign.
fn host_of(url: &Url) -> Option<String> {
    if url.scheme() == "mailto" {
        let (_, host) = url.path().split(',').next()?.rsplit_once('@')?;
        return Some(host.to_ascii_lowercase()).filter(|host| !host.is_empty());
    }
    url.host_str().map(str::to_owned)
}

/// The hosts that a text names, as they are asked for.
fn said_hosts(text: &str, is_mail: bool) -> Vec<String> {
    let text: String = text.nfkc().collect::<String>().to_lowercase().replace(['。', '．', '｡'], ".");
    let between = |c: char| c.is_whitespace() || "\"'<>()[]{}“”‘’«»,;|".contains(c);
    let words: Vec<&str> = text.split(between).filter(|word| !word.is_empty()).take(MAX_WORDS).collect();
    let is_whole = words.len() == 1;
    words.iter().filter_map(|word| said_host(word, is_whole, is_mail)).collect()
}

fn said_host(word: &str, is_whole: bool, is_mail: bool) -> Option<String> {
    let word = word.trim_end_matches(['.', ':', '!', '?']);
    let (has_scheme, rest) = match word.split_once("://") {
        Some((_, rest)) => (true, rest),
        None => (false, word.trim_start_matches("mailto:")),
    };
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    if authority.contains('@') && !has_scheme && !is_mail {
        return None;
    }
    let host = authority.rsplit('@').next()?.split(':').next()?.trim_matches('.');
    let ascii = idna::domain_to_ascii(host).ok().filter(|host| !host.is_empty())?;
    let is_host = ascii.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-'));
    let is_named = has_scheme || ascii.starts_with("www.") || (is_mail && authority.contains('@'));
    (is_host && (is_named || is_bare_host(&ascii, is_whole))).then_some(ascii)
}

/// Whether a word without a scheme is a host, and not a file, a number or two sentences without a blank between them.
fn is_bare_host(host: &str, is_whole: bool) -> bool {
    const GENERIC: [&str; 28] = [
        "ai", "app", "bank", "biz", "cloud", "co", "com", "dev", "edu", "eu", "example", "gov", "info", "int",
        "invalid", "io", "me", "mil", "net", "online", "org", "pro", "shop", "site", "store", "test", "tv", "xyz",
    ];
    const FILES: [&str; 14] = ["ai", "cc", "cs", "gz", "js", "md", "mo", "pl", "ps", "py", "rs", "sh", "so", "ts"];
    let Some((before, top)) = host.rsplit_once('.') else { return false };
    let is_country = top.len() == 2 && top.bytes().all(|octet| octet.is_ascii_alphabetic()) && !FILES.contains(&top);
    !before.is_empty() && (GENERIC.contains(&top) && !FILES.contains(&top) || is_whole && is_country)
}

/// Whether two hosts are of one owner, as far as names tell.
fn is_same_house(one: &str, other: &str) -> bool {
    house(one) == house(other)
}

/// The last two labels of a host; three where the last two are those under which others register, as in `co.uk`.
fn house(host: &str) -> Vec<&str> {
    const SHARED: [&str; 12] = ["ac", "co", "com", "edu", "gob", "gouv", "gov", "mil", "ne", "net", "or", "org"];
    let mut labels = host.trim_end_matches('.').rsplit('.');
    if host.parse::<std::net::IpAddr>().is_ok() {
        return vec![host];
    }
    let (top, second) = (labels.next(), labels.next());
    let is_shared = top.is_some_and(|top| top.len() == 2) && second.is_some_and(|second| SHARED.contains(&second));
    let third = if is_shared { labels.next() } else { None };
    [top, second, third].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, target: &str, said: &[&str]) {
        let found: Vec<String> = link(text, target.into()).warnings.iter().map(LinkWarning::sentence).collect();
        assert_eq!(found.len(), said.len(), "{text} {target}: {found:?}");
        for (sentence, piece) in found.iter().zip(said) {
            assert!(sentence.contains(piece), "{text} {target}: {sentence}");
        }
    }

    #[test]
    fn a_link_that_says_another_host_is_told_of() {
        for text in [
            "https://bank.test/login",
            "www.bank.test",
            "bank.test",
            "Go to bank.test now",
            "ＢＡＮＫ.test",
            "bank。test",
            "(https://bank.test)",
            "https://ana@bank.test:80/",
            "b\u{200B}ank.test",
            "HTTPS://BANK.TEST",
        ] {
            check(text, "https://evil.test/", &["bank.test” but leads to evil.test"]);
            check(text, "https://login.bank.test/", &[]);
        }
        check("bank.co.uk", "https://evil.co.uk/", &["leads to evil.co.uk"]);
        check("https://bank.test", "https://bank.test.evil.test/", &["leads to bank.test.evil.test"]);
        check("boss@corp.test", "mailto:boss@evil.test", &["says “corp.test” but leads to evil.test"]);
        check("boss@corp.test", "mailto:boss@corp.test", &[]);
    }

    #[test]
    fn a_host_that_is_hidden_is_shown() {
        check("here", "https://bank.test@evil.test/", &["begins with “bank.test”"]);
        check("here", "https://xn--bnk-6cd.test/", &["look like “b\u{430}nk.test”"]);
        check("here", "http://127.0.0.1/", &["a number"]);
        check("here", "http://[::1]/", &["a number"]);
    }

    #[test]
    fn honest_links_are_not_warned_of() {
        for text in [
            "click here",
            "report.pdf",
            "Node.js",
            "see e.g. this file.txt, 3.14, i.e. nothing",
            "End.Then more",
            "",
            "ana@bank.test",
            "main.rs",
            "U.S. news",
            "v1.2.3",
        ] {
            check(text, "https://a.test/", &[]);
        }
        check("Straße", "tel:+123", &[]);
    }
}
