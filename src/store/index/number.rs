//! What the index calls a message: numbers in the order of the messages' keys, and close together.

use rusqlite::{Connection, OptionalExtension, params};

use super::super::Error;
use super::super::message::SEQUENCE_BITS;
use super::super::types::MessageKey;

/// Seconds that share a number, as a power of two. Mail of a busy life has a message every few minutes: what lies further apart
/// makes the index larger, and what lies closer together is moved to the next free number.
const SECONDS_BITS: u32 = 7;
/// Messages on each side of a full place that are given other numbers; more, if they are not enough.
const NEIGHBOURS: i64 = 32;

/// The number of a message; None: it has none yet.
pub(super) fn number(db: &Connection, key: MessageKey) -> Result<Option<i64>, Error> {
    let mut select = db.prepare_cached("SELECT number FROM search_document WHERE message = ?1")?;
    Ok(select.query_row([key.0], |row| row.get(0)).optional()?)
}

/// Gives numbers to those of these messages, the newest first, that have none.
pub(super) fn give(db: &Connection, keys: impl Iterator<Item = MessageKey>) -> Result<(), Error> {
    for key in keys {
        if number(db, key)?.is_none() {
            give_one(db, key)?;
        }
    }
    Ok(())
}

fn give_one(db: &Connection, key: MessageKey) -> Result<(), Error> {
    let older = "SELECT number FROM search_document WHERE message < ?1 ORDER BY message DESC LIMIT 1";
    let newer = "SELECT number FROM search_document WHERE message > ?1 ORDER BY message LIMIT 1";
    let beside = |sql: &str| db.prepare_cached(sql)?.query_row([key.0], |row| row.get(0)).optional();
    let (older, newer): (Option<i64>, Option<i64>) = (beside(older)?, beside(newer)?);
    let first = older.map_or(i64::MIN, |number| number + 1);
    let last = newer.map_or(i64::MAX, |number| number - 1);
    if first > last {
        return make_room(db, key);
    }
    let wanted = key.0 >> (SEQUENCE_BITS + SECONDS_BITS);
    set(db, wanted.clamp(first, last), key.0)
}

/// Two neighbours have left no number between them: they, and others around, are moved apart, and indexed again.
fn make_room(db: &Connection, key: MessageKey) -> Result<(), Error> {
    let mut neighbours = NEIGHBOURS;
    loop {
        let around = around(db, key, neighbours)?;
        let (first, last) =
            (around.first().map_or(0, |(number, _)| *number), around.last().map_or(0, |(number, _)| *number));
        let edge =
            |sql: &str, number: i64| db.prepare_cached(sql)?.query_row([number], |row| row.get::<_, Option<i64>>(0));
        let below = edge("SELECT max(number) FROM search_document WHERE number < ?1", first)?;
        let above = edge("SELECT min(number) FROM search_document WHERE number > ?1", last)?;
        // Beside the oldest and the newest there is always room.
        let least = 2 * (around.len() as i64 + 2);
        let below = below.unwrap_or(first - least);
        let above = above.unwrap_or(last + least);
        if above - below > least {
            return spread(db, key, &around, below, above);
        }
        neighbours *= 2;
    }
}

/// Numbers and keys of the messages before and after this one, the oldest first.
fn around(db: &Connection, key: MessageKey, neighbours: i64) -> Result<Vec<(i64, i64)>, Error> {
    let mut select = db.prepare_cached(
        "SELECT number, message FROM
            (SELECT number, message FROM search_document WHERE message < ?1 ORDER BY message DESC LIMIT ?2)
         UNION ALL SELECT number, message FROM
            (SELECT number, message FROM search_document WHERE message > ?1 ORDER BY message LIMIT ?2)
         ORDER BY message",
    )?;
    let around = select.query_map((key.0, neighbours), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(around.collect::<Result<_, _>>()?)
}

/// Gives these, and the new one among them, numbers at the same distance from each other.
fn spread(db: &Connection, key: MessageKey, around: &[(i64, i64)], below: i64, above: i64) -> Result<(), Error> {
    for (number, message) in around {
        remove(db, *number)?;
        db.prepare_cached("DELETE FROM search_document WHERE number = ?1")?.execute([number])?;
        db.prepare_cached("INSERT OR IGNORE INTO to_index (message, people) VALUES (?1, 0)")?.execute([message])?;
    }
    let older = around.partition_point(|(_, message)| *message < key.0);
    let messages = around.iter().map(|(_, message)| *message);
    let messages = messages.clone().take(older).chain([key.0]).chain(messages.skip(older));
    let distance = (above - below) / (around.len() as i64 + 2);
    let mut number = below;
    for message in messages {
        number += distance;
        set(db, number, message)?;
    }
    Ok(())
}

fn set(db: &Connection, number: i64, message: i64) -> Result<(), Error> {
    let mut insert = db.prepare_cached("INSERT INTO search_document (number, message) VALUES (?1, ?2)")?;
    insert.execute(params![number, message])?;
    Ok(())
}

/// Takes the words of this number out of the index.
pub(super) fn remove(db: &Connection, number: i64) -> Result<(), Error> {
    db.prepare_cached("DELETE FROM search WHERE rowid = ?1")?.execute([number])?;
    db.prepare_cached("DELETE FROM search_beginning WHERE rowid = ?1")?.execute([number])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::Fixture;

    fn documents(db: &Connection) -> Vec<(i64, i64)> {
        let mut select = db.prepare("SELECT number, message FROM search_document ORDER BY message").unwrap();
        select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    }

    /// Gives numbers to these keys, in batches as the index does; all must have one, in their order.
    #[track_caller]
    fn check(name: &str, batches: Vec<Vec<i64>>) {
        let fixture = Fixture::new();
        let mut db = fixture.sql();
        db.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        let transaction = db.transaction().unwrap();
        let mut all: Vec<i64> = batches.concat();
        for mut batch in batches {
            batch.sort_unstable();
            give(&transaction, batch.into_iter().rev().map(MessageKey)).unwrap();
        }
        let documents = documents(&transaction);
        all.sort_unstable();
        assert_eq!(documents.iter().map(|(_, message)| *message).collect::<Vec<_>>(), all, "{name}");
        assert!(documents.is_sorted_by(|a, b| a.0 < b.0), "{name}: {documents:?}");
    }

    #[test]
    fn numbers_are_in_the_order_of_keys_whenever_mail_comes() {
        let second = |second: i64| second << SEQUENCE_BITS;
        let chunks = |keys: Vec<i64>| keys.chunks(64).map(<[i64]>::to_vec).collect::<Vec<_>>();
        check("one", vec![vec![second(1_700_000_000)]]);
        check("the newest first, each minute", chunks((0..1000).rev().map(|n| second(n * 60)).collect()));
        check("as it comes, each minute", chunks((0..1000).map(|n| second(n * 60)).collect()));
        check("all in one second", chunks((0..1000).map(|n| second(7) | n).collect()));
        check("all in one second, the last first", chunks((0..1000).rev().map(|n| second(7) | n).collect()));
        check(
            "one by one into the middle",
            (0..500).map(|n| vec![second(7) | if n % 2 == 0 { n } else { 9999 - n }]).collect(),
        );
        check("scattered", (0..2000).map(|n| vec![second(5) | (n * 7919 % 2003)]).collect());
        check("before 1970 and far ahead", vec![vec![0, second(1 << 41), second(5)], vec![1, second(1 << 41) | 1]]);
    }

    #[test]
    fn what_is_moved_is_marked_to_be_indexed_again() {
        let fixture = Fixture::new();
        let db = fixture.sql();
        db.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        give(&db, [3, 1].into_iter().map(MessageKey)).unwrap();
        assert_eq!(documents(&db), [(-1, 1), (0, 3)]);
        give(&db, [MessageKey(2)].into_iter()).unwrap();
        assert!(documents(&db).is_sorted_by(|a, b| a.0 < b.0), "{:?}", documents(&db));
        assert_eq!(fixture.rows_of("to_index"), 2);
    }
}
