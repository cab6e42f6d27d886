//! Addresses that a person typed: read, checked, and written back into a field.

use super::{Address, address_list, sanitize};

/// Reads what was typed into an address field: `Name <a@b.c>, d@e.f; g@h.i`. The domain of each becomes ASCII.
///
/// # Errors
/// A sentence that names the first address that cannot be used, and says why.
pub fn typed(field: &str) -> Result<Vec<Address>, String> {
    let mut found: Vec<Address> = Vec::new();
    for address in read(field) {
        let addr = usable(&address)?;
        let is_known = found.iter().any(|known| known.addr.eq_ignore_ascii_case(&addr));
        if !is_known {
            found.push(Address { name: sanitize::line_of(&address.name, MAX_NAME_CHARS), addr });
        }
    }
    Ok(found)
}

/// The usable addresses of a field that may be unfinished.
pub fn usable_of(field: &str) -> Vec<Address> {
    let usable = |address: Address| {
        usable(&address).ok().map(|addr| Address { addr, name: sanitize::line_of(&address.name, MAX_NAME_CHARS) })
    };
    read(field).into_iter().filter_map(usable).collect()
}

/// Characters of a display name that are sent.
const MAX_NAME_CHARS: usize = 200;

fn read(field: &str) -> Vec<Address> {
    address_list::read(&field.replace(['\n', '\r'], ","))
}

/// A mailbox as it is typed and shown in an address field; empty where it has no address.
pub fn as_typed(address: &Address) -> String {
    let (name, addr) = (address.shown_name(), address.shown_addr());
    if name.is_empty() || addr.is_empty() {
        return addr;
    }
    let is_plain = name.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '\'' | '_'));
    if is_plain {
        format!("{name} <{addr}>")
    } else {
        format!("\"{}\" <{addr}>", name.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

/// The address as it goes to a server, or why it cannot.
fn usable(address: &Address) -> Result<String, String> {
    let shown = if address.addr.is_empty() {
        sanitize::line_of(&address.name, 100)
    } else {
        sanitize::line_of(&address.addr, 100)
    };
    let wrong = |why: &str| Err(format!("“{shown}” is not an address that mail can be sent to: {why}."));
    let Some((local, domain)) = address.addr.rsplit_once('@') else {
        return wrong("an address looks like name@example.org");
    };
    if local.is_empty() || domain.is_empty() {
        return wrong("something is missing beside the @ sign");
    }
    if !local.is_ascii() {
        return wrong("letters before the @ sign must be plain Latin ones, because not every server takes others");
    }
    if !is_local_part(local) {
        return wrong("there are characters before the @ sign that no address has");
    }
    match ascii_domain(domain) {
        Some(domain) if local.len() + domain.len() < MAX_ADDRESS_BYTES => Ok(format!("{local}@{domain}")),
        Some(_) => wrong("it is too long"),
        None => wrong("what follows the @ sign is not a domain"),
    }
}

/// Octets of an address (RFC 5321 §4.5.3.1.3, without the brackets).
const MAX_ADDRESS_BYTES: usize = 254;

/// Dot-atom (RFC 5322 §3.2.3), taken loosely about dots as some servers do, or a quoted string of plain characters.
fn is_local_part(local: &str) -> bool {
    let is_atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let quoted = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let is_quoted = quoted.is_some_and(|text| text.chars().all(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\')));
    local.len() <= 64 && (is_quoted || local.chars().all(is_atom))
}

/// The domain in ASCII (RFC 5890), or None if it is none.
pub fn ascii_domain(domain: &str) -> Option<String> {
    let literal = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if let Some(literal) = literal {
        let is_literal =
            literal.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-')) && !literal.is_empty();
        return is_literal.then(|| domain.to_owned());
    }
    let ascii = idna::domain_to_ascii(domain).ok()?;
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
            && !label.starts_with('-')
    };
    let is_domain = ascii.len() <= 253 && ascii.trim_end_matches('.').split('.').all(is_label);
    is_domain.then(|| ascii.trim_end_matches('.').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(field: &str, wanted: &[(&str, &str)]) {
        let found = typed(field).unwrap();
        let found: Vec<(&str, &str)> = found.iter().map(|a| (a.name.as_str(), a.addr.as_str())).collect();
        assert_eq!(found, wanted, "{field:?}");
    }

    #[test]
    fn whatever_a_person_types_between_addresses_is_understood() {
        check("Name <a@b.c>, d@e.f; g@h.i\nj@k.l", &[("Name", "a@b.c"), ("", "d@e.f"), ("", "g@h.i"), ("", "j@k.l")]);
        check("\"Lee, Ann\" <a@b.c>,", &[("Lee, Ann", "a@b.c")]);
        check("a@b.c, A@B.c", &[("", "a@b.c")]);
        check("", &[]);
        check("a@bücher.example", &[("", "a@xn--bcher-kva.example")]);
        check(
            "root@localhost, x@[127.0.0.1], o'neil+tag@b.c",
            &[("", "root@localhost"), ("", "x@[127.0.0.1]"), ("", "o'neil+tag@b.c")],
        );
    }

    #[test]
    fn a_bad_address_is_named() {
        for (field, named) in [
            ("a@b.c, bob", "“bob”"),
            ("Bob Builder", "“Bob Builder”"),
            ("bob@", "“bob@”"),
            ("@b.c", "“@b.c”"),
            ("jürgen@b.c", "“jürgen@b.c” is not an address that mail can be sent to: letters before"),
            ("a@b c.d", "“a@b”"),
            ("a@b..c", "“a@b..c”"),
            ("a b@c.d>", "b@c.d"),
            ("a(@b.c", "“a”"),
            ("<a@b.c\u{0}>", "“a@b.c”"),
            (&format!("a@{}", "b.".repeat(500)), "not a domain"),
            (&format!("{}@b.c", "a".repeat(65)), "characters before"),
        ] {
            match typed(field) {
                Err(message) => assert!(message.contains(named), "{field:?}: {message}"),
                Ok(found) => {
                    assert!(found.iter().all(|a| !a.addr.contains(' ')) && field.contains(' '), "{field:?}: {found:?}")
                }
            }
        }
    }

    #[test]
    fn what_is_put_into_a_field_is_read_back() {
        for (name, addr) in [
            ("Ann Lee", "a@b.c"),
            ("Lee, \"A\" \\ Ann", "a@b.c"),
            ("", "a@b.c"),
            ("J. R. (x) <y>", "a@b.c"),
            ("Jürgen", "a@b.c"),
        ] {
            let address = Address { name: name.into(), addr: addr.into() };
            let back = typed(&as_typed(&address)).unwrap();
            assert_eq!(
                back.first().map(|a| (a.shown_name(), a.addr.as_str())),
                Some((address.shown_name(), addr)),
                "{name}"
            );
        }
    }
}
