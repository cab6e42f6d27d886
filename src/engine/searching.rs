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
    let known = match hub.store.organisation().await {
        Ok(Organisation { mailboxes, tags, .. }) => Known {
            mailboxes: mailboxes.into_iter().map(|mailbox| mailbox.name).collect(),
            tags: tags.into_iter().map(|tag| tag.name).collect(),
        },
        Err(error) => return Err(problem::store_plain("Could not search", &error)),
    };
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
