//! What a page may ask for at most. Counted before anything is read: what a page costs is known by what it is made of.

use blitz_dom::BaseDocument;

use super::dom;
use super::types::Refused;

/// Elements: a page of so many takes about a second.
const MAX_ELEMENTS: u64 = 60_000;
/// Cells, which cost more than other elements.
const MAX_CELLS: u64 = 30_000;
/// Octets of style sheets: matching is rules times elements.
const MAX_STYLE_OCTETS: u64 = 256 * 1024;
/// How deep style rules may nest: each level can double what there is to match.
const MAX_STYLE_DEPTH: u64 = 8;
/// Octets of one tag, pictures in it left out: attributes are compared with each other.
const MAX_TAG_OCTETS: u64 = 128 * 1024;
/// Octets of HTML in all.
const MAX_OCTETS: u64 = 4 * 1024 * 1024;

/// How deep elements may nest, which is walked by recursion: what cleans a message's HTML allows less.
const MAX_DEPTH: u64 = 300;

/// Measures how deep the elements of a document nest.
///
/// # Errors
///
/// [`Refused::TooLarge`] if that is deeper than the stack allows ([`super::STACK_BYTES`]).
pub(super) fn check_depth(document: &BaseDocument) -> Result<(), Refused> {
    let mut open = vec![(document.root_node().id, 0u64)];
    while let Some((id, depth)) = open.pop() {
        if depth > MAX_DEPTH {
            return Err(Refused::TooLarge { what: "levels of nesting".into(), found: depth, limit: MAX_DEPTH });
        }
        open.extend(dom::children(document, id).into_iter().map(|child| (child, depth + 1)));
    }
    Ok(())
}

/// Counts what a document is made of.
///
/// # Errors
///
/// [`Refused::TooLarge`] names what there is too much of.
pub(super) fn check(html: &str) -> Result<(), Refused> {
    let octets = html.as_bytes();
    let too_large = |what: &str, found: u64, limit: u64| {
        if found > limit { Err(Refused::TooLarge { what: what.to_owned(), found, limit }) } else { Ok(()) }
    };
    let without_data = html.len() as u64 - data_octets(html);
    too_large("octets", without_data, MAX_OCTETS)?;
    let (mut elements, mut cells, mut style) = (0u64, 0u64, 0u64);
    for at in memchr::memchr_iter(b'<', octets) {
        let Some(rest) = octets.get(at + 1..) else { break };
        if !rest.first().is_some_and(u8::is_ascii_alphabetic) {
            continue;
        }
        elements += 1;
        let tag = rest.get(..memchr::memchr(b'>', rest).unwrap_or(rest.len())).unwrap_or_default();
        if tag.len() as u64 > MAX_TAG_OCTETS && memchr::memmem::find(tag, b"data:image/").is_none() {
            too_large("octets in one tag", tag.len() as u64, MAX_TAG_OCTETS)?;
        }
        let begins = |name: &[u8]| rest.get(..name.len()).is_some_and(|tag| tag.eq_ignore_ascii_case(name));
        if begins(b"td") || begins(b"th") || begins(b"tr") {
            cells += 1;
        } else if begins(b"style") {
            let sheet = rest.get(..memchr::memmem::find(rest, b"</style").unwrap_or(rest.len())).unwrap_or_default();
            style += sheet.len() as u64;
            too_large("levels of style rules", style_depth(sheet), MAX_STYLE_DEPTH)?;
        }
    }
    too_large("elements", elements, MAX_ELEMENTS)?;
    too_large("table cells", cells, MAX_CELLS)?;
    too_large("octets of style sheets", style, MAX_STYLE_OCTETS)
}

/// How deep the brackets of a style sheet nest.
fn style_depth(sheet: &[u8]) -> u64 {
    let (mut depth, mut deepest) = (0u64, 0u64);
    for octet in sheet {
        match octet {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Octets of pictures written into the page itself.
fn data_octets(html: &str) -> u64 {
    memchr::memmem::find_iter(html.as_bytes(), b"data:image/")
        .filter_map(|at| html.as_bytes().get(at..))
        .map(|rest| {
            rest.iter().position(|octet| matches!(octet, b'"' | b'\'' | b')' | b'>')).unwrap_or(rest.len()) as u64
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_is_named() {
        let cases = [
            ("<p>".repeat(70_000), "elements"),
            ("<td>".repeat(40_000), "table cells"),
            (format!("<style>{}</style>", "a{color:red}".repeat(30_000)), "octets of style sheets"),
            ("x".repeat(5 << 20), "octets"),
            (format!("<style>{}", "a{".repeat(20)), "levels of style rules"),
            (format!("<p {}>", "a=1 ".repeat(50_000)), "octets in one tag"),
        ];
        for (html, expected) in cases {
            match check(&html) {
                Err(Refused::TooLarge { what, found, limit }) => assert!(what == expected && found > limit, "{what}"),
                other => panic!("{expected}: {other:?}"),
            }
        }
        assert_eq!(check("<p>a<td>b<style>c</style>"), Ok(()));
        assert_eq!(check(&format!("<img src=\"data:image/png;base64,{}\">", "A".repeat(6 << 20))), Ok(()));
    }
}
