//! What goes by itself: what has lain in Trash for thirty days, and what can no longer be undone. In small steps, so that nobody
//! waits for it.

use rusqlite::{Connection, OptionalExtension, params};

use super::{Error, Store};

/// What one step did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tidied {
    /// Messages that were removed for good.
    pub removed: u64,
    /// There is more to do.
    pub more: bool,
}

impl Store {
    /// Whether things may go now (Unix seconds). Not when the clock says that the last time was in the future, or very long
    /// ago: it may be wrong. It is believed when it still says so the next time.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn may_tidy(&self, now: i64) -> Result<bool, Error> {
        self.write(move |db| {
            let mut select = db.prepare_cached("SELECT looked_at FROM tidying WHERE id = 1")?;
            let last: Option<i64> = select.query_row([], |row| row.get(0)).optional()?;
            let mut note = db.prepare_cached("INSERT OR REPLACE INTO tidying (id, looked_at) VALUES (1, ?1)")?;
            note.execute([now])?;
            Ok(last.is_some_and(|last| (0..=JUMP_SECS).contains(&now.saturating_sub(last))))
        })
        .await
    }

    /// One step: first what has lain in Trash long enough, then what is older than that in the journal.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn tidy(&self, now: i64) -> Result<Tidied, Error> {
        let before = now.saturating_sub(KEPT_SECS);
        let due = self.read(move |db| due(db, before)).await?;
        self.write(move |db| {
            let more = due.noticed.len() >= NOTICED_STEP || due.old.len() >= STEP;
            for &key in &due.noticed {
                db.prepare_cached("UPDATE message SET trashed_at = ?2 WHERE key = ?1 AND trashed_at IS NULL")?
                    .execute([key, now])?;
            }
            let mut removed = 0;
            // It may have been taken out of Trash since it was looked for.
            let mut delete = db.prepare_cached(
                "DELETE FROM message WHERE key = ?1 AND trashed_at < ?2
                 AND mailbox IN (SELECT id FROM mailbox WHERE role = 'trash')",
            )?;
            for &key in &due.old {
                removed += delete.execute([key, before])? as u64;
            }
            if !more {
                forget(db, before)?;
            }
            Ok(Tidied { removed, more })
        })
        .await
    }
}

/// Messages of Trash.
struct Due {
    /// Nobody has written down since when they lie there.
    noticed: Vec<i64>,
    /// They have lain there long enough.
    old: Vec<i64>,
}

fn due(db: &Connection, before: i64) -> Result<Due, Error> {
    let in_trash = "SELECT message.key FROM mailbox JOIN message ON message.mailbox = mailbox.id
                    WHERE mailbox.role = 'trash' AND";
    let some = |condition: &str, most: usize| -> Result<Vec<i64>, Error> {
        let mut select = db.prepare_cached(&format!("{in_trash} {condition} LIMIT {most}"))?;
        let keys = select.query_map(params![before], |row| row.get(0))?;
        Ok(keys.collect::<Result<_, _>>()?)
    };
    let noticed = some("trashed_at IS NULL AND ?1 IS NOT NULL", NOTICED_STEP)?;
    Ok(Due { noticed, old: some("trashed_at < ?1", STEP)? })
}

/// What can no longer be undone leaves nothing behind.
fn forget(db: &Connection, before: i64) -> Result<(), Error> {
    for delete in [
        "DELETE FROM journal WHERE at < ?1",
        "DELETE FROM tag WHERE removed_at < ?1",
        "DELETE FROM own_mailbox WHERE removed_at < ?1",
        "DELETE FROM mailbox WHERE total = 0 AND ?1 IS NOT NULL AND role LIKE 'own:%'
         AND role NOT IN (SELECT 'own:' || id FROM own_mailbox)",
    ] {
        db.prepare_cached(delete)?.execute([before])?;
    }
    Ok(())
}

/// How long things can be undone: thirty days.
const KEPT_SECS: i64 = 30 * 24 * 60 * 60;
/// Longer than that nobody goes without opening the program whose Trash must be emptied today.
const JUMP_SECS: i64 = 40 * 24 * 60 * 60;
/// Messages that are removed in a step, or looked at for the first time: some tens of milliseconds.
const STEP: usize = 50;
const NOTICED_STEP: usize = 1000;

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::super::testing::{Fixture, NOON};
    use super::super::types::Role;

    const DAY: i64 = 24 * 60 * 60;

    /// Seconds since 1970: what the store takes for now.
    fn now(fixture: &Fixture) -> i64 {
        fixture.sql().query_row("SELECT unixepoch()", [], |row| row.get(0)).unwrap()
    }

    fn all(fixture: &Fixture, now: i64) -> u64 {
        let mut removed = 0;
        loop {
            let step = block_on(fixture.store.tidy(now)).unwrap();
            removed += step.removed;
            if !step.more {
                return removed;
            }
        }
    }

    #[test]
    fn what_has_lain_in_trash_for_thirty_days_goes_and_nothing_else() {
        let fixture = Fixture::new();
        let now = now(&fixture);
        let keys: Vec<_> = (0..120_u32).map(|n| fixture.receive(&n.to_be_bytes())).collect();
        let (trashed, kept) = keys.split_at(100);
        block_on(fixture.store.move_to(trashed.to_vec(), Role::Trash)).unwrap();
        block_on(fixture.store.restore(vec![trashed[0]])).unwrap();
        assert_eq!(all(&fixture, now + 29 * DAY), 0);
        assert_eq!(all(&fixture, now + 31 * DAY), 99, "in steps");
        assert_eq!(fixture.keys(Role::Trash), []);
        assert_eq!(fixture.keys(Role::Inbox).len(), kept.len() + 1);
        assert_eq!(block_on(fixture.store.undo(None)), Ok(None), "the journal is as old");
        assert_eq!(block_on(fixture.store.check()), Ok(()));
    }

    #[test]
    fn what_came_to_trash_unnoticed_has_its_thirty_days_from_when_it_is_seen() {
        let fixture = Fixture::new();
        let key = fixture.receive(b"one");
        block_on(fixture.store.move_to(vec![key], Role::Trash)).unwrap();
        fixture.sql().execute("UPDATE message SET trashed_at = NULL", []).unwrap();
        assert_eq!(all(&fixture, NOON), 0);
        assert_eq!(all(&fixture, NOON + 29 * DAY), 0);
        assert_eq!(all(&fixture, NOON + 31 * DAY), 1);
    }

    #[test]
    fn a_clock_that_jumped_removes_nothing_until_it_says_so_again() {
        let fixture = Fixture::new();
        let may = |now| block_on(fixture.store.may_tidy(now)).unwrap();
        assert!(!may(NOON), "the first time");
        assert!(may(NOON + 3600));
        assert!(may(NOON + 39 * DAY));
        assert!(!may(NOON + 5000 * DAY), "it jumped");
        assert!(!may(NOON + 39 * DAY + 3600), "and back");
        assert!(may(NOON + 39 * DAY + 7200));
    }

    #[test]
    fn mailboxes_and_tags_that_were_removed_leave_nothing_behind() {
        let fixture = Fixture::new();
        let now = now(&fixture);
        let key = fixture.receive(b"one");
        block_on(async {
            let store = &fixture.store;
            let receipts = store.add_mailbox("Receipts".into()).await.unwrap();
            store.move_to(vec![key], Role::Own(receipts)).await.unwrap();
            let tag = store.add_tag("Tax".into(), 1).await.unwrap();
            store.tag(vec![key], tag, true).await.unwrap();
            store.remove_mailbox(receipts).await.unwrap();
            store.remove_tag(tag).await.unwrap();
        });
        all(&fixture, now + 31 * DAY);
        for table in ["own_mailbox", "tag", "message_tag", "journal", "mailbox WHERE role LIKE 'own:%'"] {
            assert_eq!(fixture.rows_of(table), 0, "{table}");
        }
        block_on(fixture.store.restore(vec![key])).unwrap();
        assert_eq!(fixture.keys(Role::Inbox), [key], "where it was is not known any more");
    }
}
