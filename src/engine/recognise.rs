//! A server that has renumbered its maildrop, or lists messages with other sizes than before (some write into the mail that
//! lies with them): its messages are told by their headers before they are fetched again.

use std::collections::HashMap;

use super::get_mail::Deletions;
use super::plan::{Namesake, Target};
use crate::account::AccountId;
use crate::mail::{Envelope, header_digest};
use crate::protocol::pop3::{MessageNumber, Session};
use crate::store::types::Part;
use crate::store::{Error, LedgerId, Store};

/// Octets of a header that are enough to tell a message; what a server sends beyond is let go.
const HEADER_BYTES: usize = 64 * 1024;

/// Messages whose headers are looked at first.
#[derive(Default)]
pub(super) struct Recognition {
    asked: HashMap<MessageNumber, Target>,
    current: Option<(Target, Vec<u8>)>,
    seen: Vec<Seen>,
    under_way: bool,
}

/// What a header tells of its message.
struct Seen {
    target: Target,
    /// None: it says too little of itself.
    fingerprint: Option<[u8; 32]>,
    /// None: as above, or the server refused it.
    digest: Option<[u8; 32]>,
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
        let fingerprint = Envelope::from_raw(&header).fingerprint();
        self.seen.push(Seen { target, fingerprint, digest: header_digest(&header) });
        true
    }

    /// The server refused a header: that message is fetched. False: it is none of these.
    pub fn refused(&mut self, number: MessageNumber) -> bool {
        let Some(target) = self.asked.remove(&number) else { return false };
        self.seen.push(Seen { target, fingerprint: None, digest: None });
        true
    }

    /// All headers are in: what is known is noted with its new unique-id and size. None: not yet, or not any more.
    pub async fn conclude(&mut self, store: &Store, account: AccountId) -> Result<Option<Conclusion>, Error> {
        if !self.under_way || !self.asked.is_empty() || self.current.is_some() {
            return Ok(None);
        }
        self.under_way = false;
        let seen = std::mem::take(&mut self.seen);
        let fingerprints = seen.iter().filter_map(|seen| seen.fingerprint).collect();
        let mut known = store.ledger_by_fingerprint(account, fingerprints).await?;
        let (mut recognised, mut rows, mut conclusion) = (Vec::new(), Vec::new(), Conclusion::default());
        let mut unrelated = Vec::new();
        for Seen { target, fingerprint, digest } in seen {
            // Each row answers for one message only: of two that look alike the second is fetched.
            let id = fingerprint.and_then(|fingerprint| known.remove(&fingerprint));
            let id = match target.namesake {
                Some(namesake) => is_namesake(store, namesake, id, digest).await?.then_some(namesake.id),
                None => id,
            };
            match (id, &target.uid) {
                (Some(id), Some(uid)) => {
                    rows.push((id, uid.clone(), target.size_bytes));
                    recognised.push(target);
                }
                _ => match target.adopted {
                    Some(row) => unrelated.push((row, target.size_bytes)),
                    None => conclusion.rest.push(target),
                },
            }
        }
        store.note_sizes(unrelated).await?;
        for (target, row) in recognised.into_iter().zip(store.recognise(account, rows).await?) {
            conclusion.add(target, row);
        }
        Ok(Some(conclusion))
    }
}

/// What follows from the headers.
#[derive(Default)]
pub(super) struct Conclusion {
    /// Messages that are known.
    pub recognised: u32,
    /// Of these, what may leave the server.
    pub due: Deletions,
    /// To be fetched.
    pub rest: Vec<Target>,
}

impl Conclusion {
    /// A message that is known, and its row.
    fn add(&mut self, target: Target, row: Option<(LedgerId, Part)>) {
        let Some((id, part)) = row else {
            if target.adopted.is_none() {
                self.rest.push(target);
            }
            return;
        };
        self.recognised += 1;
        match (target.part, part) {
            (Part::Whole, Part::Whole) if target.goes => self.due.push((target.number, Some(id))),
            (Part::Whole, Part::Header | Part::Excerpt) => self.rest.push(Target { completes: Some(id), ..target }),
            _ => {}
        }
    }
}

/// Whether a message is the one that is known under its unique-id. While that one is here its header decides, to the last
/// octet: what is wrongly taken for known would never be fetched.
async fn is_namesake(
    store: &Store,
    namesake: Namesake,
    by_fingerprint: Option<LedgerId>,
    digest: Option<[u8; 32]>,
) -> Result<bool, Error> {
    let Some(key) = namesake.message else { return Ok(by_fingerprint == Some(namesake.id)) };
    let Some(digest) = digest else { return Ok(false) };
    let raw = store.raw(key).await?;
    Ok(header_digest(raw.get(..HEADER_BYTES).unwrap_or(&raw)) == Some(digest))
}
