//! Searching: one search at a time, each gives up the one before.

use super::command::Search;
use super::event::{Event, Problem};
use super::hub::Hub;
use super::problem;
use crate::mail::Query;
use crate::mail::query::Known;
use crate::store::types::MessageKey;
use crate::store::{Asking, Error, Organisation};

pub(super) async fn answer(
    hub: &Hub,
    search: Search,
    after: Option<MessageKey>,
    most: usize,
    asking: Asking,
) -> Result<Event, Box<Problem>> {
    let known = known(hub).await?;
    let query = match Query::parse_knowing(&search.text, search.typing, &jiff::Zoned::now(), &known) {
        Ok(query) => query,
        Err(fault) => return Ok(Event::NotUnderstood(fault)),
    };
    match hub.store.search(query, search.within, after, most, asking).await {
        Ok(found) => Ok(Event::Found(found)),
        Err(Error::GivenUp) => Ok(Event::Superseded),
        Err(error) => Err(problem::store_plain("Could not search", &error)),
    }
}

pub(super) async fn count(hub: &Hub, search: Search, asking: Asking) -> Result<Event, Box<Problem>> {
    let known = known(hub).await?;
    let query = match Query::parse_knowing(&search.text, search.typing, &jiff::Zoned::now(), &known) {
        Ok(query) => query,
        Err(fault) => return Ok(Event::NotUnderstood(fault)),
    };
    match hub.store.count_found(query, search.within, asking).await {
        Ok(count) => Ok(Event::Counted(count)),
        Err(Error::GivenUp) => Ok(Event::Superseded),
        Err(error) => Err(problem::store_plain("Could not count what was found", &error)),
    }
}

/// The names that the person has given.
pub(super) async fn known(hub: &Hub) -> Result<Known, Box<Problem>> {
    match hub.store.organisation().await {
        Ok(Organisation { mailboxes, tags, .. }) => Ok(Known {
            mailboxes: mailboxes.into_iter().map(|mailbox| mailbox.name).collect(),
            tags: tags.into_iter().map(|tag| tag.name).collect(),
            any: false,
        }),
        Err(error) => Err(problem::store_plain("Could not search", &error)),
    }
}
