//! A server that has renumbered its maildrop: its messages are told by their headers before they are fetched again.

use std::collections::HashMap;

use super::plan::Target;
use crate::account::AccountId;
use crate::mail::Envelope;
use crate::protocol::pop3::{MessageNumber, Session};
use crate::store::{Error, Store};

/// Octets of a header that are enough to tell a message; what a server sends beyond is let go.
const HEADER_BYTES: usize = 64 * 1024;

/// Messages whose headers are looked at first.
#[derive(Default)]
pub(super) struct Recognition {
    asked: HashMap<MessageNumber, Target>,
    current: Option<(Target, Vec<u8>)>,
    /// With the fingerprint of the header, where it has one.
    seen: Vec<(Target, Option<[u8; 32]>)>,
    under_way: bool,
}

impl Recognition {
    /// Asks for the headers.
    pub fn begin(&mut self, targets: Vec<Target>, session: &mut Session) {
        self.under_way = !targets.is_empty();
        for target in targets {
            session.top(target.number, 0);
            self.asked.insert(target.number, target);
        }
    }

    /// Whether headers are still to come, or to be judged.
    pub fn is_under_way(&self) -> bool {
        self.under_way
    }

    /// The octets of a message begin. False: it is none of these.
    pub fn message(&mut self, number: MessageNumber) -> bool {
        self.current = self.asked.remove(&number).map(|target| (target, Vec::new()));
        self.current.is_some()
    }

    /// Octets of a message. False: they are none of these.
    pub fn chunk(&mut self, octets: &[u8]) -> bool {
        let Some((_, header)) = &mut self.current else { return false };
        let room = HEADER_BYTES.saturating_sub(header.len()).min(octets.len());
        header.extend_from_slice(octets.get(..room).unwrap_or_default());
        true
    }

    /// The header is whole. False: it was none of these.
    pub fn end(&mut self) -> bool {
        let Some((target, header)) = self.current.take() else { return false };
        self.seen.push((target, Envelope::from_raw(&header).fingerprint()));
        true
    }

    /// The server refused a header: that message is fetched. False: it is none of these.
    pub fn refused(&mut self, number: MessageNumber) -> bool {
        let Some(target) = self.asked.remove(&number) else { return false };
        self.seen.push((target, None));
        true
    }

    /// All headers are in: what is known gets its new unique-ids. How many those are, and the rest, which is to be fetched.
    /// None: not yet, or not any more.
    pub async fn conclude(&mut self, store: &Store, account: AccountId) -> Result<Option<(u32, Vec<Target>)>, Error> {
        if !self.under_way || !self.asked.is_empty() || self.current.is_some() {
            return Ok(None);
        }
        self.under_way = false;
        let seen = std::mem::take(&mut self.seen);
        let fingerprints = seen.iter().filter_map(|(_, fingerprint)| *fingerprint).collect();
        let mut known = store.ledger_by_fingerprint(account, fingerprints).await?;
        let (mut recognised, mut rest) = (Vec::new(), Vec::new());
        for (target, fingerprint) in seen {
            // Each row answers for one message only: of two that look alike the second is fetched.
            let id = fingerprint.and_then(|fingerprint| known.remove(&fingerprint));
            match (id, &target.uid) {
                (Some(id), Some(uid)) => recognised.push((id, uid.clone(), target.size_bytes)),
                _ => rest.push(target),
            }
        }
        let count = u32::try_from(recognised.len()).unwrap_or(u32::MAX);
        store.recognise(account, recognised).await?;
        Ok(Some((count, rest)))
    }
}
