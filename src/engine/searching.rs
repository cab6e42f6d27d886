//! Searching: one search at a time, each gives up the one before.

use std::sync::Arc;

use super::command::Search;
use super::event::{Event, Problem};
use super::hub::Hub;
use super::problem;
use crate::mail::query::{Condition, Known};
use crate::mail::{Fault, Query};
use crate::store::types::{Filter, MailboxView, MessageKey, SortOrder, Tag, TagId};
use crate::store::{Asking, Error, Only, Organisation, Sorted};

pub(super) async fn answer(
    hub: &Hub,
    search: Search,
    after: Option<MessageKey>,
    most: usize,
    asking: Asking,
) -> Result<Event, Box<Problem>> {
    let query = match parsed(hub, &search).await? {
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
    let query = match parsed(hub, &search).await? {
        Ok(query) => query,
        Err(fault) => return Ok(Event::NotUnderstood(fault)),
    };
    match hub.store.count_found(query, search.within, asking).await {
        Ok(count) => Ok(Event::Counted(count)),
        Err(Error::GivenUp) => Ok(Event::Superseded),
        Err(error) => Err(problem::store_plain("Could not count what was found", &error)),
    }
}

/// A part of a mailbox: what the search would find of it, or the first of each conversation, or both.
pub(super) async fn filter(
    hub: &Hub,
    view: MailboxView,
    order: SortOrder,
    filter: Filter,
    also: Option<MessageKey>,
    grouped: bool,
) -> Result<Event, Box<Problem>> {
    let failed = |error| problem::store_plain("Could not list the mailbox", &error);
    let sorted = part(hub, view, order, &filter, also).await.map_err(failed)?;
    let (sorted, head) = match grouped {
        true => hub.store.heads(sorted, also).await.map_err(failed)?,
        false => (sorted, None),
    };
    Ok(Event::Filtered { view, order, filter, grouped, sorted, head: also.zip(head) })
}

async fn part(
    hub: &Hub,
    view: MailboxView,
    order: SortOrder,
    filter: &Filter,
    also: Option<MessageKey>,
) -> Result<Sorted, Error> {
    let newest_first = |keys: Vec<MessageKey>| Sorted { keys: Arc::new(keys), places: Arc::default() };
    if !filter.is_on() {
        return match order.is_newest_first() {
            true => hub.store.keys(view).await.map(newest_first),
            false => hub.store.sorted_keys(view, order).await,
        };
    }
    let tags = hub.store.organisation().await?.tags;
    let only = Only { query: of_filter(filter, &tags), also };
    match order.is_newest_first() {
        true => hub.store.keys_only(view, only).await.map(newest_first),
        false => hub.store.sorted_keys_only(view, order, only).await,
    }
}

/// What was typed, and what of it is wanted.
async fn parsed(hub: &Hub, search: &Search) -> Result<Result<Query, Fault>, Box<Problem>> {
    let organisation = organisation(hub).await?;
    let filter = search.filter.is_on().then(|| of_filter(&search.filter, &organisation.tags));
    let parsed = Query::parse_knowing(&search.text, search.typing, &jiff::Zoned::now(), &names(organisation));
    Ok(parsed.map(|query| match filter {
        None => query,
        Some(filter) => Query::All(vec![query, filter]),
    }))
}

/// What a filter lets through, as one would search for it.
fn of_filter(filter: &Filter, tags: &[Tag]) -> Query {
    let mut parts = Vec::new();
    for (is_wanted, condition) in [
        (filter.unread, Condition::Unread),
        (filter.starred, Condition::Starred),
        (filter.attachment, Condition::HasAttachment),
    ] {
        parts.extend(is_wanted.then_some(Query::Condition(condition)));
    }
    if !filter.tags.is_empty() {
        let name = |id: &TagId| tags.iter().find(|tag| tag.id == *id).map(|tag| tag.name.clone());
        // A tag that is gone is on nothing: none is called so.
        let of = |id| Query::Condition(Condition::Tag(name(id).unwrap_or_default()));
        parts.push(Query::Any(filter.tags.iter().map(of).collect()));
    }
    Query::All(parts)
}

/// The names that the person has given.
pub(super) async fn known(hub: &Hub) -> Result<Known, Box<Problem>> {
    organisation(hub).await.map(names)
}

fn names(Organisation { mailboxes, tags, .. }: Organisation) -> Known {
    Known {
        mailboxes: mailboxes.into_iter().map(|mailbox| mailbox.name).collect(),
        tags: tags.into_iter().map(|tag| tag.name).collect(),
        any: false,
    }
}

async fn organisation(hub: &Hub) -> Result<Organisation, Box<Problem>> {
    hub.store.organisation().await.map_err(|error| problem::store_plain("Could not search", &error))
}
