//! A list that shows a part of its mailbox: the search's conditions, answered whole and not in pages.

use rusqlite::{Connection, OptionalExtension};

use super::super::listing::mailboxes_of;
use super::super::types::{MailboxView, MessageKey};
use super::super::{Error, Store};
use super::{Asking, Statement};
use crate::mail::Query;

/// What a list is to hold of its mailbox.
#[derive(Clone, Debug, PartialEq)]
pub struct Only {
    pub query: Query,
    /// This one, too, if the mailbox holds it: it is being read, and must not go from under the eyes because it is no longer
    /// unread.
    pub also: Option<MessageKey>,
}

impl Store {
    /// The keys of a view of which the query holds, newest first.
    pub async fn keys_only(&self, view: MailboxView, only: Only) -> Result<Vec<MessageKey>, Error> {
        self.read(move |db| keys_only(db, view, &only)).await
    }
}

pub(in super::super) fn keys_only(db: &Connection, view: MailboxView, only: &Only) -> Result<Vec<MessageKey>, Error> {
    let mut statement = Statement::within(db, &only.query, Some(view))?;
    statement.read_all(db)?;
    let mut keys = statement.page(db, None, usize::MAX, &Asking::default().begin(db)?)?;
    if let Some(key) = only.also
        && let Err(place) = keys.binary_search_by(|probe| key.cmp(probe))
        && holds(db, view, key)?
    {
        keys.insert(place, key);
    }
    Ok(keys)
}

fn holds(db: &Connection, view: MailboxView, key: MessageKey) -> Result<bool, Error> {
    let mut select = db.prepare_cached("SELECT mailbox FROM message WHERE key = ?1")?;
    let mailbox: Option<i64> = select.query_row([key.0], |row| row.get(0)).optional()?;
    Ok(mailboxes_of(db, view)?.iter().any(|id| Some(id.0) == mailbox))
}

impl Statement {
    /// Chooses what is read when all hits are wanted. An index of what is rare sends every hit to its long row; of what is not
    /// rare the index that has the facts side by side is read from end to end, which takes a tenth of a second for a million.
    fn read_all(&mut self, db: &Connection) -> Result<(), Error> {
        // Tags have an index of their own.
        let is_of_facts =
            self.driver().is_empty() && !self.conditions.iter().any(|condition| condition.contains("SELECT"));
        let holds = match self.index {
            _ if !is_of_facts => return Ok(()),
            Some("message_unread") => "flags & 1 = 0",
            Some("message_starred") => "flags & 2 = 2",
            // The others are asked for in pages alone.
            Some(_) => return Ok(()),
            None => {
                self.index = Some("message_facts");
                return Ok(());
            }
        };
        let index = self.index.unwrap_or_default();
        let mut count = db.prepare_cached(&format!(
            "SELECT count(*) FROM (SELECT 1 FROM message INDEXED BY {index} WHERE {holds} LIMIT ?1)"
        ))?;
        let found: i64 = count.query_row([RARE], |row| row.get(0))?;
        if found >= RARE {
            self.index = Some("message_facts");
        }
        Ok(())
    }
}

/// Hits of which the rows are read one by one.
const RARE: i64 = if cfg!(test) { 2 } else { 20_000 };

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::super::super::testing::Fixture;
    use super::super::super::types::{Flag, Role, SortBy, SortOrder};
    use super::*;
    use crate::mail::query::Condition;

    const INBOX: MailboxView = MailboxView { role: Role::Inbox, account: None };

    fn only(conditions: &[Condition]) -> Only {
        Only { query: Query::All(conditions.iter().cloned().map(Query::Condition).collect()), also: None }
    }

    fn listed(fixture: &Fixture, only: Only) -> Vec<MessageKey> {
        block_on(fixture.store.keys_only(INBOX, only)).unwrap()
    }

    /// Ten messages, newest first: every second one is read, every third one starred; two lie in Trash.
    fn fixture() -> (Fixture, Vec<MessageKey>) {
        let fixture = Fixture::new();
        for number in 0..12_u8 {
            fixture.receive(&[b'a' + number]);
        }
        let all = fixture.keys(Role::Inbox);
        let every = |step: usize| all.iter().copied().step_by(step).collect::<Vec<_>>();
        block_on(fixture.store.set_flag(every(2), Flag::Seen, true)).unwrap();
        block_on(fixture.store.set_flag(every(3), Flag::Starred, true)).unwrap();
        block_on(fixture.store.move_to(vec![all[10], all[11]], Role::Trash)).unwrap();
        let keys = all.into_iter().take(10).collect();
        (fixture, keys)
    }

    #[test]
    fn a_list_holds_what_the_query_says_of_its_own_mailbox_and_all_of_it() {
        let (fixture, keys) = fixture();
        let at = |indexes: &[usize]| indexes.iter().map(|&index| keys[index]).collect::<Vec<_>>();
        for (conditions, expected) in [
            (vec![], at(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9])),
            (vec![Condition::Unread], at(&[1, 3, 5, 7, 9])),
            (vec![Condition::Starred], at(&[0, 3, 6, 9])),
            (vec![Condition::Unread, Condition::Starred], at(&[3, 9])),
            (vec![Condition::Starred, Condition::Unread], at(&[3, 9])),
            (vec![Condition::HasAttachment], vec![]),
            (vec![Condition::Tag("none of this name".into())], vec![]),
            (vec![Condition::Tag("none of this name".into()), Condition::Unread], vec![]),
        ] {
            assert_eq!(listed(&fixture, only(&conditions)), expected, "{conditions:?}");
        }
    }

    #[test]
    fn what_is_being_read_stays_as_long_as_its_mailbox_holds_it() {
        let (fixture, keys) = fixture();
        let with = |also| Only { also: Some(also), ..only(&[Condition::Unread]) };
        assert_eq!(listed(&fixture, with(keys[4])), [keys[1], keys[3], keys[4], keys[5], keys[7], keys[9]]);
        assert_eq!(listed(&fixture, with(keys[3])).len(), 5, "once");
        block_on(fixture.store.move_to(vec![keys[4]], Role::Archive)).unwrap();
        assert_eq!(listed(&fixture, with(keys[4])).len(), 5);
    }

    #[test]
    fn a_part_is_put_in_order_as_the_whole_is() {
        let (fixture, keys) = fixture();
        let oldest_first = SortOrder { by: SortBy::Date, reversed: true };
        let sorted = |only| block_on(fixture.store.sorted_keys_only(INBOX, oldest_first, only)).unwrap();
        assert_eq!(*sorted(only(&[Condition::Starred])).keys, [keys[9], keys[6], keys[3], keys[0]]);
        assert_eq!(*sorted(only(&[Condition::Unread])).keys, [keys[9], keys[7], keys[5], keys[3], keys[1]]);
        assert_eq!(block_on(fixture.store.sorted_keys(INBOX, oldest_first)).unwrap().keys.len(), 10);
    }

    #[test]
    fn what_is_not_rare_is_read_from_the_facts_alone() {
        let (fixture, _) = fixture();
        for (conditions, index) in [
            (vec![Condition::Unread], "COVERING INDEX message_facts"),
            (vec![Condition::HasAttachment], "COVERING INDEX message_facts"),
            (vec![Condition::Starred], "COVERING INDEX message_facts"),
        ] {
            let db = fixture.sql();
            let mut statement = Statement::within(&db, &only(&conditions).query, Some(INBOX)).unwrap();
            statement.read_all(&db).unwrap();
            let (sql, values) = statement.sql(None, 100);
            let mut explain = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let steps = explain.query_map(rusqlite::params_from_iter(values), |row| row.get::<_, String>("detail"));
            let steps: Vec<String> = steps.unwrap().collect::<Result<_, _>>().unwrap();
            assert!(steps.iter().any(|step| step.contains(index)), "{steps:?}");
            assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{steps:?}");
        }
    }
}
