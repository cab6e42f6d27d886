//! The commands as octets (RFC 1939 §5 to §7).

use super::{Credentials, MessageNumber};

/// A command on its way, and so the reply that is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    Capa,
    Stls,
    User,
    Pass,
    /// An exchange of SASL, however many lines it takes.
    Auth,
    Apop,
    /// RFC 6856 §2.1.
    Utf8,
    /// In which language the server is to speak, RFC 6856 §3.
    Lang,
    Stat,
    Uidl,
    List,
    Retr(MessageNumber),
    /// With the lines of the body.
    Top(MessageNumber, u32),
    Dele(MessageNumber),
    Noop,
    Rset,
    Quit,
}

impl Command {
    /// The octets to send, with CRLF. What AUTH, APOP and LANG say besides depends on more than the credentials.
    pub fn encode(self, credentials: &Credentials, out: &mut Vec<u8>) {
        match self {
            Self::Capa => out.extend_from_slice(b"CAPA"),
            Self::Stls => out.extend_from_slice(b"STLS"),
            Self::User => {
                out.extend_from_slice(b"USER ");
                out.extend_from_slice(credentials.user.as_bytes());
            }
            Self::Pass => {
                out.extend_from_slice(b"PASS ");
                out.extend_from_slice(credentials.password.as_bytes());
            }
            Self::Auth => out.extend_from_slice(b"AUTH"),
            Self::Apop => out.extend_from_slice(b"APOP"),
            Self::Lang => out.extend_from_slice(b"LANG"),
            Self::Utf8 => out.extend_from_slice(b"UTF8"),
            Self::Stat => out.extend_from_slice(b"STAT"),
            Self::Uidl => out.extend_from_slice(b"UIDL"),
            Self::List => out.extend_from_slice(b"LIST"),
            Self::Retr(number) => out.extend_from_slice(format!("RETR {}", number.0).as_bytes()),
            Self::Top(number, lines) => out.extend_from_slice(format!("TOP {} {lines}", number.0).as_bytes()),
            Self::Dele(number) => out.extend_from_slice(format!("DELE {}", number.0).as_bytes()),
            Self::Noop => out.extend_from_slice(b"NOOP"),
            Self::Rset => out.extend_from_slice(b"RSET"),
            Self::Quit => out.extend_from_slice(b"QUIT"),
        }
        out.extend_from_slice(b"\r\n");
    }
}
