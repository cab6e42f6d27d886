//! A status line (RFC 1939 §3) and its response code (RFC 2449 §8, RFC 3206).

/// `+OK …` or `-ERR …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub ok: bool,
    pub code: Option<ResponseCode>,
    /// The server's words, without status indicator and code; not fit for the screen before they are sanitised.
    pub text: String,
}

/// What kind of refusal it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResponseCode {
    /// Another session holds the maildrop.
    InUse,
    /// Signed in too early after the last time.
    LoginDelay,
    /// The credentials are wrong.
    Auth,
    /// A passing fault of the server.
    SysTemp,
    /// A lasting fault of the server.
    SysPerm,
    /// It takes UTF-8 mode to have this (RFC 6856 §2.1).
    Utf8,
    Other(String),
}

impl Reply {
    /// None: the line is no POP3 status line.
    pub fn parse(line: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(line);
        let (word, rest) = text.split_once([' ', '\t']).unwrap_or((&text, ""));
        let ok = match word.to_ascii_uppercase().as_str() {
            "+OK" => true,
            // "+ERR" is how one widespread server long spelt its refusals.
            "-ERR" | "+ERR" => false,
            _ => return None,
        };
        let rest = rest.trim();
        let coded = if ok { None } else { rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) };
        let (code, text) = match coded {
            Some((code, text)) => (Some(ResponseCode::parse(code)), text.trim()),
            None => (None, rest),
        };
        Some(Self { ok, code, text: text.to_owned() })
    }
}

impl ResponseCode {
    fn parse(code: &str) -> Self {
        match code.to_ascii_uppercase().as_str() {
            "IN-USE" => Self::InUse,
            "LOGIN-DELAY" => Self::LoginDelay,
            "AUTH" => Self::Auth,
            "SYS/TEMP" => Self::SysTemp,
            "SYS/PERM" => Self::SysPerm,
            "UTF8" => Self::Utf8,
            other => Self::Other(other.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_lines_are_read_with_their_codes() {
        let cases = [
            ("+OK", true, None, ""),
            ("+ok  ready ", true, None, "ready"),
            ("+OK [not a code] hi", true, None, "[not a code] hi"),
            ("-ERR [IN-USE] busy", false, Some(ResponseCode::InUse), "busy"),
            ("-ERR [sys/temp] later", false, Some(ResponseCode::SysTemp), "later"),
            ("-ERR [UTF8] not so", false, Some(ResponseCode::Utf8), "not so"),
            ("-ERR [X] y", false, Some(ResponseCode::Other("X".into())), "y"),
            ("+ERR no", false, None, "no"),
            ("-ERR", false, None, ""),
        ];
        for (line, ok, code, text) in cases {
            assert_eq!(Reply::parse(line.as_bytes()), Some(Reply { ok, code, text: text.into() }), "{line}");
        }
    }

    #[test]
    fn other_protocols_are_not_taken_for_pop3() {
        for line in ["", "* OK IMAP4rev1", "220 smtp", "HTTP/1.1 400 Bad Request", "+OKAY", "SSH-2.0-x"] {
            assert_eq!(Reply::parse(line.as_bytes()), None, "{line}");
        }
    }
}
