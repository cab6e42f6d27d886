//! A mailbox as mail names it: display name and address (RFC 5322 §3.4).

use serde::{Deserialize, Serialize};

use super::sanitize;

/// One mailbox of an address list, decoded (RFC 2047), otherwise as received: not fit for the screen before [`Address::shown`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Display name; empty where there is none.
    pub name: String,
    /// `local@domain`; empty where the header is broken.
    pub addr: String,
}

/// Characters of a display name that are shown. Real names have fewer; a longer one would push the address out of sight.
const MAX_NAME_CHARS: usize = 80;
/// Characters of an address that are shown (RFC 5321 §4.5.3.1.3 allows 254 octets).
const MAX_ADDR_CHARS: usize = 254;

impl Address {
    /// Name and address as the window shows them: one line, the address always visible, and no name that passes for one.
    pub fn shown(&self) -> String {
        let (name, addr) = (self.shown_name(), self.shown_addr());
        match (name.is_empty(), addr.is_empty()) {
            (true, true) => "(no address)".into(),
            (true, false) => addr,
            (false, true) => format!("{name} (no address)"),
            (false, false) => format!("{name} <{addr}>"),
        }
    }

    /// The name alone, fit for the screen; empty where there is none, or one that only repeats or imitates an address.
    pub fn shown_name(&self) -> String {
        let name = sanitize::line_of(&self.name, MAX_NAME_CHARS);
        let name: String = name.chars().filter(|c| !is_angle(*c)).collect();
        let name = name.trim_matches(['"', '\'', ' ']);
        if name.chars().any(is_at) { String::new() } else { name.to_owned() }
    }

    /// The address alone, fit for the screen. A long local part loses its middle: the domain says who it is.
    pub fn shown_addr(&self) -> String {
        let addr: String = self.addr.chars().filter(|c| sanitize::is_showable(*c) && !c.is_whitespace()).collect();
        let length = addr.chars().count();
        if length <= MAX_ADDR_CHARS {
            return addr;
        }
        let half = MAX_ADDR_CHARS / 2;
        let (head, tail): (String, String) =
            (addr.chars().take(half).collect(), addr.chars().skip(length - half).collect());
        format!("{head}…{tail}")
    }

    /// Whether the display name holds what a person would take for an address other than the real one.
    pub fn name_imitates_address(&self) -> bool {
        let name = sanitize::line_of(&self.name, 1000);
        let plain: String = name.chars().map(|c| if is_at(c) { '@' } else { c }).collect();
        plain.contains('@')
            && plain.trim_matches(['"', '\'', ' ', '<', '>']).to_lowercase() != self.shown_addr().to_lowercase()
    }

    /// Domain of the address, lower case; empty where there is none.
    pub fn domain(&self) -> String {
        self.addr.rsplit_once('@').map(|(_, domain)| domain.trim_end_matches('.').to_lowercase()).unwrap_or_default()
    }
}

/// The at sign and what looks like it.
fn is_at(c: char) -> bool {
    matches!(c, '@' | '\u{FF20}' | '\u{FE6B}')
}

/// Angle brackets and what looks like them.
fn is_angle(c: char) -> bool {
    matches!(
        c,
        '<' | '>'
            | '\u{FF1C}'
            | '\u{FF1E}'
            | '\u{2039}'
            | '\u{203A}'
            | '\u{27E8}'
            | '\u{27E9}'
            | '\u{3008}'
            | '\u{3009}'
            | '\u{FE64}'
            | '\u{FE65}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_always_shown_and_no_name_passes_for_one() {
        for (name, addr, shown) in [
            ("Ann Lee", "a@b.c", "Ann Lee <a@b.c>"),
            ("", "a@b.c", "a@b.c"),
            ("A@B.C", "a@b.c", "a@b.c"),
            ("boss@corp.test", "x@evil.test", "x@evil.test"),
            ("Boss ＠ corp.test", "x@evil.test", "x@evil.test"),
            ("Boss <boss corp test>", "x@evil.test", "Boss boss corp test <x@evil.test>"),
            ("Ann\n\u{202E}Lee\0", "a@b\u{200B}.c\n", "Ann Lee <a@b.c>"),
            ("Ann", "", "Ann (no address)"),
            ("", "", "(no address)"),
        ] {
            assert_eq!(Address { name: name.into(), addr: addr.into() }.shown(), shown, "{name:?}");
        }
        let long = Address { name: "A".repeat(5000), addr: format!("{}@b.c", "l".repeat(5000)) }.shown();
        assert!(long.chars().count() < 350 && long.ends_with("@b.c>"), "{long}");
    }

    #[test]
    fn imitation_is_noticed() {
        for (name, addr, imitates) in [
            ("Ann", "a@b.c", false),
            ("a@b.c", "A@b.c", false),
            ("boss@corp.test", "x@evil.test", true),
            ("Boss (boss＠corp.test)", "x@evil.test", true),
        ] {
            assert_eq!(Address { name: name.into(), addr: addr.into() }.name_imitates_address(), imitates, "{name}");
        }
    }
}
