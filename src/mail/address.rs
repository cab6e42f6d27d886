//! A mailbox as mail names it: display name and address (RFC 5322 §3.4).

use serde::{Deserialize, Serialize};

/// One mailbox of an address list, decoded (RFC 2047), otherwise as received: not fit for the screen before [`Address::shown`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Display name; empty where there is none.
    pub name: String,
    /// `local@domain`; empty where the header is broken.
    pub addr: String,
}
