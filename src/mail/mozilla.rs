//! What Thunderbird (and its relatives) write down: lines before the messages of their folders, and the settings in `prefs.js`.

use std::collections::HashMap;

/// The lines that it wrote before a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// Octets of these lines.
    pub length: usize,
    /// `X-Mozilla-Status`; see the constants.
    pub status: u16,
    pub uid: Option<Vec<u8>>,
    /// The account that fetched it, as `prefs.js` calls it.
    pub account_key: Option<String>,
}

impl Before {
    pub const READ: u16 = 0x0001;
    pub const REPLIED: u16 = 0x0002;
    pub const STARRED: u16 = 0x0004;
    /// Deleted; it only has not been cut out of the file yet.
    pub const EXPUNGED: u16 = 0x0008;
    /// Only the first lines were fetched.
    pub const PARTIAL: u16 = 0x0400;
    pub const FORWARDED: u16 = 0x1000;

    /// None: these octets do not begin with such lines. `X-UIDL` alone is none of them, for servers write that, too.
    pub fn read(message: &[u8]) -> Option<Self> {
        let (mut before, mut status) = (Self::default(), None);
        while let Some(line) = super::header::line_at(message, before.length) {
            let Some(colon) = memchr::memchr(b':', line.get(..20).unwrap_or(line)) else { break };
            let (name, value) = line.split_at(colon);
            let value = value.get(1..).unwrap_or_default().trim_ascii();
            let text = || String::from_utf8_lossy(value);
            match name {
                b"X-Mozilla-Status" => status = Some(u16::from_str_radix(&text(), 16).unwrap_or(0)),
                b"X-Mozilla-Status2" | b"X-Mozilla-Keys" => {}
                b"X-UIDL" => before.uid = Some(value.to_owned()).filter(|uid| !uid.is_empty()),
                b"X-Account-Key" => before.account_key = Some(text().into_owned()),
                _ => break,
            }
            before.length += line.len();
        }
        before.status = status?;
        Some(before)
    }
}

/// A server of its settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Server {
    /// As `X-Account-Key` has it.
    pub account_key: String,
    /// pop3, imap, none (*Local Folders*) and others.
    pub kind: String,
    pub name: String,
    pub host: String,
    pub user: String,
    /// Its folder: below the profile where it begins with `[ProfD]`.
    pub folder: String,
}

/// The servers in `prefs.js`, by account.
pub fn servers(prefs: &str) -> Vec<Server> {
    let prefs = preferences(prefs);
    let mut accounts: Vec<(&str, &String)> = prefs
        .iter()
        .filter_map(|(key, server)| Some((key.strip_prefix("mail.account.")?.strip_suffix(".server")?, server)))
        .collect();
    accounts.sort_unstable();
    let server = |(account_key, id): (&str, &String)| {
        let value = |names: &[&str]| {
            let of = |name: &&str| prefs.get(&format!("mail.server.{id}.{name}")).cloned();
            names.iter().find_map(of).unwrap_or_default()
        };
        Server {
            account_key: account_key.to_owned(),
            kind: value(&["type"]),
            name: value(&["name"]),
            host: value(&["realhostname", "hostname"]),
            user: value(&["realuserName", "userName"]),
            folder: value(&["directory-rel", "directory"]),
        }
    };
    accounts.into_iter().map(server).collect()
}

/// `user_pref("key", value);`, a line each.
fn preferences(text: &str) -> HashMap<String, String> {
    let read = |line: &str| {
        let inside = line.trim().strip_prefix("user_pref(")?.trim_start();
        let (key, rest) = quoted(inside)?;
        let value = rest.trim_start().strip_prefix(',')?.trim_start();
        let value = match quoted(value) {
            Some((value, _)) => value,
            None => value.split(')').next()?.trim().to_owned(),
        };
        Some((key, value))
    };
    text.lines().filter_map(read).collect()
}

/// A string in double quotes, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut chars = text.strip_prefix('"')?.chars();
    let mut value = String::new();
    while let Some(c) = chars.next() {
        match c {
            '"' => return Some((value, chars.as_str())),
            '\\' => match chars.next()? {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                'u' => {
                    let digits: String = chars.by_ref().take(4).collect();
                    value.push(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32)?);
                }
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_before_a_message_are_told_from_its_own() {
        let message = b"X-Account-Key: account2\r\nX-UIDL: a1\r\nX-Mozilla-Status: 1007\r\nX-Mozilla-Status2: 00000000\r\nX-Mozilla-Keys:      \r\nX-UIDL2: x\r\nSubject: a\r\n";
        let before = Before::read(message).unwrap();
        assert!(message[before.length..].starts_with(b"X-UIDL2"));
        let flags = Before::READ | Before::REPLIED | Before::STARRED | Before::FORWARDED;
        assert_eq!((before.status, before.uid.as_deref()), (flags, Some(b"a1".as_slice())));
        assert_eq!(before.account_key.as_deref(), Some("account2"));
        for next in ["Content-Transfer-Encoding: 8bit\n", "\n", "no field", ""] {
            let message = format!("X-Mozilla-Status: 0001\n{next}");
            assert_eq!(Before::read(message.as_bytes()).map(|before| before.length), Some(23), "{next:?}");
        }
        let none: [&[u8]; 4] = [b"", b"Subject: a\n", b"X-UIDL: 7\nSubject: a\n", b"no header"];
        for octets in none {
            assert_eq!(Before::read(octets), None, "{}", String::from_utf8_lossy(octets));
        }
    }

    #[test]
    fn servers_are_read_from_the_preferences() {
        let prefs = r#"// Mozilla User Preferences
user_pref("mail.account.account1.server", "server1");
user_pref("mail.account.account2.server", "server2");
user_pref("mail.server.server1.directory-rel", "[ProfD]Mail/Local Folders");
user_pref("mail.server.server1.type", "none");
user_pref("mail.server.server2.directory-rel", "[ProfD]Mail/pop.example.org");
user_pref("mail.server.server2.hostname", "pop.example.org");
user_pref("mail.server.server2.leave_on_server", true);
user_pref("mail.server.server2.name", "An\u00e1 \"work\"");
user_pref("mail.server.server2.port", 995);
user_pref("mail.server.server2.type", "pop3");
user_pref("mail.server.server2.userName", "ana");
broken
"#;
        let servers = servers(prefs);
        assert_eq!(servers.iter().map(|server| server.kind.as_str()).collect::<Vec<_>>(), ["none", "pop3"]);
        let expected = Server {
            account_key: "account2".into(),
            kind: "pop3".into(),
            name: "Aná \"work\"".into(),
            host: "pop.example.org".into(),
            user: "ana".into(),
            folder: "[ProfD]Mail/pop.example.org".into(),
        };
        assert_eq!(servers[1], expected);
    }
}
