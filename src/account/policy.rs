//! What a visit fetches, what it leaves for later, and what may happen on the server.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The finer rules of an account. The default is the plain job: everything, whole, in the server's order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    pub fetch: Fetch,
    /// Of messages with more octets than this only the header and the first lines are fetched (TOP, RFC 1939 §7).
    pub excerpt_above_bytes: Option<u64>,
    /// Messages with more octets than this are left alone until the person asks for them.
    pub skip_above_bytes: Option<u64>,
    pub order: Order,
    /// Where more octets than this are new, the person is asked before any of them is fetched: for lines that cost.
    pub ask_above_bytes: Option<u64>,
    /// A visit fetches no more octets than this; what is over waits for the next one.
    pub visit_bytes: Option<u64>,
    /// After so many seconds a visit asks for nothing more.
    pub visit_secs: Option<u32>,
    /// The safety switch: whatever else is said, DELE is never sent.
    pub never_delete: bool,
    pub mirror: Mirror,
    /// Collects by itself so many minutes after the last visit.
    pub every_mins: Option<u16>,
    pub metered: Metered,
    /// What more than headers may have on a metered line before [`Metered::Ask`] asks; None: [`METERED_ASK_BYTES`].
    pub metered_ask_above_bytes: Option<u64>,
    pub line: Line,
    /// The room that the provider gives: POP3 does not tell it. None: unknown.
    pub quota_bytes: Option<u64>,
}

impl Policy {
    /// Octets above which a visit on a metered line asks first; None: it does not.
    pub fn metered_limit_bytes(&self) -> Option<u64> {
        (self.metered == Metered::Ask).then(|| self.metered_ask_above_bytes.unwrap_or(METERED_ASK_BYTES))
    }
}

/// How much of a message that nothing else decides about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fetch {
    #[default]
    Whole,
    /// The header alone; the rest when the person asks.
    Headers,
}

/// Which messages come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// As the server lists them.
    #[default]
    Oldest,
    Newest,
    Smallest,
}

/// What deleting here means there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mirror {
    /// Nothing.
    #[default]
    Nothing,
    /// What lies in Trash, or was removed, is deleted on the server with the next visit.
    Deleted,
    /// What has left the Inbox is.
    LeftInbox,
}

/// What changes where the line is paid for by the octet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metered {
    /// Nothing.
    #[default]
    AsUsual,
    /// The person is asked before more than a little is fetched.
    Ask,
    /// Visits that nobody asked for wait for another line; those that the person asks for ask back.
    UnmeteredOnly,
}

/// Whether the account's line is metered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Line {
    /// As the system says.
    #[default]
    Auto,
    /// The person says so, for systems that do not know.
    Metered,
    Unmetered,
}

/// A page of headers and a few short messages: what a person hardly sees on the bill.
pub const METERED_ASK_BYTES: u64 = 1 << 20;

/// Lines of the body that an excerpt has.
pub const EXCERPT_LINES: u32 = 40;

/// A number of octets as people write it: `500K`, `2M`, `1G`, or `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub Option<u64>);

const UNITS: [(&str, u64); 3] = [("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10)];

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let upper = text.trim().to_ascii_uppercase();
        if upper == "NONE" {
            return Ok(Self(None));
        }
        let (digits, unit) = UNITS
            .into_iter()
            .find_map(|(word, unit)| {
                let digits = upper.strip_suffix("B").unwrap_or(&upper).strip_suffix(word)?;
                Some((digits.to_owned(), unit))
            })
            .unwrap_or((upper.clone(), 1));
        let size =
            digits.trim().parse::<u64>().ok().and_then(|number| number.checked_mul(unit)).filter(|&size| size > 0);
        size.map(|size| Self(Some(size)))
            .ok_or_else(|| format!("“{text}” is no size: say for example 500K, 2M, 1G, or none"))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("none"),
            Some(size) => match UNITS.into_iter().find(|(_, unit)| size.is_multiple_of(*unit)) {
                Some((word, unit)) => write!(f, "{}{word}", size / unit),
                None => write!(f, "{size}"),
            },
        }
    }
}

/// Words that stand for values, both ways.
macro_rules! words {
    ($type:ident: $($value:ident = $word:literal),+) => {
        impl $type {
            pub const ALL: &[Self] = &[$(Self::$value),+];

            /// The word that the command line uses.
            pub fn word(self) -> &'static str {
                match self { $(Self::$value => $word),+ }
            }
        }

        impl FromStr for $type {
            type Err = String;

            fn from_str(word: &str) -> Result<Self, String> {
                Self::ALL.iter().copied().find(|value| value.word() == word).ok_or_else(|| {
                    let known: Vec<&str> = Self::ALL.iter().map(|value| value.word()).collect();
                    format!("“{word}” is not one of {}", known.join(", "))
                })
            }
        }
    };
}

words!(Fetch: Whole = "whole", Headers = "headers");
words!(Order: Oldest = "oldest", Newest = "newest", Smallest = "smallest");
words!(Mirror: Nothing = "nothing", Deleted = "deleted", LeftInbox = "left-inbox");
words!(Metered: AsUsual = "as-usual", Ask = "ask", UnmeteredOnly = "unmetered-only");
words!(Line: Auto = "auto", Metered = "metered", Unmetered = "unmetered");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_written_as_people_do() {
        for (text, size, back) in [
            ("none", None, "none"),
            ("1", Some(1), "1"),
            ("500k", Some(512_000), "500K"),
            ("2M", Some(2 << 20), "2M"),
            (" 3 MB", Some(3 << 20), "3M"),
            ("1025", Some(1025), "1025"),
            ("4G", Some(4 << 30), "4G"),
        ] {
            assert_eq!(text.parse(), Ok(Size(size)), "{text}");
            assert_eq!(Size(size).to_string(), back);
        }
        for text in ["", "0", "-1", "K", "M2", "20000000000G", "1.5M"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }

    #[test]
    fn words_come_back_as_what_they_meant() {
        assert!(Fetch::ALL.iter().all(|value| value.word().parse() == Ok(*value)));
        assert!(Order::ALL.iter().all(|value| value.word().parse() == Ok(*value)));
        assert!(Mirror::ALL.iter().all(|value| value.word().parse() == Ok(*value)));
        assert!(Metered::ALL.iter().all(|value| value.word().parse() == Ok(*value)));
        assert!(Line::ALL.iter().all(|value| value.word().parse() == Ok(*value)));
        assert!("biggest".parse::<Order>().is_err());
    }

    #[test]
    fn on_a_metered_line_a_limit_of_its_own_holds() {
        for (metered, limit, expected) in [
            (Metered::AsUsual, Some(7), None),
            (Metered::UnmeteredOnly, Some(7), None),
            (Metered::Ask, Some(7), Some(7)),
            (Metered::Ask, None, Some(METERED_ASK_BYTES)),
        ] {
            let policy = Policy { metered, metered_ask_above_bytes: limit, ..Policy::default() };
            assert_eq!(policy.metered_limit_bytes(), expected, "{metered:?} {limit:?}");
        }
    }

    #[test]
    fn a_policy_that_an_older_version_wrote_is_read_with_defaults_for_the_rest() {
        let policy: Policy = serde_json::from_str(r#"{"order":"newest","skip_above_bytes":7}"#).unwrap();
        assert_eq!(policy, Policy { order: Order::Newest, skip_above_bytes: Some(7), ..Policy::default() });
        let written = serde_json::to_string(&policy).unwrap();
        assert_eq!(serde_json::from_str::<Policy>(&written).unwrap(), policy);
    }
}
