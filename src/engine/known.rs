//! What the store knows of a maildrop, held against what the server lists.

use std::collections::{HashMap, HashSet};

use super::hub::{Hub, now};
use super::plan::{Diff, Fate, Plan, Terms};
use crate::account::policy::Mirror;
use crate::account::{Account, AccountId};
use crate::protocol::pop3::Listing;
use crate::store::types::MessageKey;
use crate::store::{Error, LedgerId, Note, Store};

/// Entries of the ledger that are in memory at once. Between them the engine's thread has time for other lines.
const PAGE_ENTRIES: usize = 1024;

/// What is known beside the ledger.
pub(super) struct Known {
    pub notes: HashMap<Vec<u8>, Note>,
    left: HashSet<LedgerId>,
}

impl Known {
    pub async fn load(hub: &Hub, account: &Account) -> Result<Self, Error> {
        let (store, id) = (&hub.store, account.id);
        let left = match account.policy.mirror {
            Mirror::Nothing => HashSet::new(),
            mirror => store.ledger_left(id, mirror == Mirror::LeftInbox).await?,
        };
        Ok(Self { notes: store.notes(id).await?, left })
    }

    fn terms<'a>(&'a self, account: &'a Account) -> Terms<'a> {
        Terms {
            notes: &self.notes,
            left: &self.left,
            retention: account.retention,
            policy: &account.policy,
            now: now(),
        }
    }

    /// What becomes of each message, in the listing's order, and the message that is here of it.
    pub async fn fates(
        &self,
        hub: &Hub,
        account: &Account,
        listing: &Listing,
    ) -> Result<Vec<(Fate, Option<MessageKey>)>, Error> {
        let terms = self.terms(account);
        let mut diff = Diff::new(listing, &terms).in_detail();
        see_all(&mut diff, &hub.store, account.id).await?;
        Ok(diff.fates())
    }
}

/// What the visit is to do.
pub(super) async fn plan(hub: &Hub, account: &Account, listing: &Listing) -> Result<Plan, Error> {
    let known = Known::load(hub, account).await?;
    let terms = known.terms(account);
    let mut diff = Diff::new(listing, &terms);
    see_all(&mut diff, &hub.store, account.id).await?;
    let sizes = if diff.looks_renumbered() { hub.store.ledger_sizes(account.id).await? } else { HashMap::new() };
    let imported = hub.store.unlinked_sizes(account.id, diff.sizes_in_question()).await?;
    Ok(diff.plan(sizes, &imported))
}

async fn see_all(diff: &mut Diff<'_>, store: &Store, account: AccountId) -> Result<(), Error> {
    let mut last = LedgerId::default();
    loop {
        let page = store.ledger_after(account, last, PAGE_ENTRIES).await?;
        diff.see(&page);
        match page.last() {
            Some(entry) if page.len() == PAGE_ENTRIES => last = entry.id,
            _ => return Ok(()),
        }
    }
}
