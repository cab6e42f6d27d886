//! Searches that are remembered: the last ones, and those that were given a name.

use rusqlite::{Connection, OptionalExtension, params};

use super::{Error, Store};

/// Names a saved search.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SearchId(pub i64);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SavedSearch {
    pub id: SearchId,
    pub name: String,
    /// As it was typed.
    pub text: String,
}

/// All that is remembered of searching.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Searches {
    /// The last one first.
    pub past: Vec<String>,
    /// By name.
    pub saved: Vec<SavedSearch>,
}

/// Searches that are remembered without being asked to: as many as a list shows, and some.
const PAST_KEPT: i64 = 20;

impl Store {
    pub async fn searches(&self) -> Result<Searches, Error> {
        self.read(|db| searches(db)).await
    }

    /// Keeps what was searched for as the last search.
    pub async fn remember_search(&self, text: String) -> Result<Searches, Error> {
        self.write(move |db| {
            db.prepare_cached("DELETE FROM past_search WHERE text = ?1")?.execute([text.trim()])?;
            db.prepare_cached("INSERT INTO past_search (text) VALUES (?1)")?.execute([text.trim()])?;
            db.prepare_cached(
                "DELETE FROM past_search WHERE id <= (SELECT id FROM past_search ORDER BY id DESC LIMIT 1 OFFSET ?1)",
            )?
            .execute([PAST_KEPT])?;
            searches(db)
        })
        .await
    }

    /// Forgets every past search; what was saved stays.
    pub async fn forget_searches(&self) -> Result<Searches, Error> {
        self.write(|db| {
            db.execute("DELETE FROM past_search", [])?;
            searches(db)
        })
        .await
    }

    /// Keeps a search under a name; `id`: in place of that one. One that has the name already is replaced.
    pub async fn save_search(&self, id: Option<SearchId>, name: String, text: String) -> Result<Searches, Error> {
        self.write(move |db| {
            let (name, text) = (name.trim(), text.trim());
            let mut same = db.prepare_cached("SELECT id FROM saved_search WHERE name = ?1")?;
            let same: Option<i64> = same.query_row([name], |row| row.get(0)).optional()?;
            let id = id.map(|id| id.0);
            if let Some(other) = same.filter(|_| id.is_some() && id != same) {
                db.prepare_cached("DELETE FROM saved_search WHERE id = ?1")?.execute([other])?;
            }
            db.prepare_cached(
                "INSERT INTO saved_search (id, name, text) VALUES (?1, ?2, ?3)
                 ON CONFLICT (id) DO UPDATE SET name = excluded.name, text = excluded.text",
            )?
            .execute(params![id.or(same), name, text])?;
            searches(db)
        })
        .await
    }

    pub async fn remove_search(&self, id: SearchId) -> Result<Searches, Error> {
        self.write(move |db| {
            db.prepare_cached("DELETE FROM saved_search WHERE id = ?1")?.execute([id.0])?;
            searches(db)
        })
        .await
    }
}

fn searches(db: &Connection) -> Result<Searches, Error> {
    let mut past = db.prepare_cached("SELECT text FROM past_search ORDER BY id DESC LIMIT ?1")?;
    let past = past.query_map([PAST_KEPT], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut saved = db.prepare_cached("SELECT id, name, text FROM saved_search ORDER BY name")?;
    let saved = saved
        .query_map([], |row| Ok(SavedSearch { id: SearchId(row.get(0)?), name: row.get(1)?, text: row.get(2)? }))?;
    Ok(Searches { past, saved: saved.collect::<Result<_, _>>()? })
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::super::testing::Fixture;
    use super::*;

    fn spelt(searches: &Searches) -> Vec<String> {
        searches.saved.iter().map(|saved| format!("{}: {}", saved.name, saved.text)).collect()
    }

    #[test]
    fn the_last_searches_are_kept_each_once_and_are_forgotten_on_request() {
        let fixture = Fixture::new();
        for number in 0..30 {
            block_on(fixture.store.remember_search(format!("search {number}"))).unwrap();
        }
        let kept = block_on(fixture.store.remember_search(" search 25 ".into())).unwrap().past;
        assert_eq!((kept.len(), kept[0].as_str(), kept[1].as_str()), (20, "search 25", "search 29"));
        assert_eq!(kept.iter().filter(|text| *text == "search 25").count(), 1);
        let fixture = fixture.reopened();
        assert_eq!(block_on(fixture.store.searches()).unwrap().past, kept);
        assert!(block_on(fixture.store.forget_searches()).unwrap().past.is_empty());
    }

    #[test]
    fn a_search_is_saved_changed_replaced_by_name_and_removed() {
        let fixture = Fixture::new();
        let save =
            |id, name: &str, text: &str| block_on(fixture.store.save_search(id, name.into(), text.into())).unwrap();
        let first = save(None, "From Ana", "from:ana").saved[0].id;
        save(None, "big", "larger:5M");
        assert_eq!(spelt(&save(None, "BIG", "larger:9M")), ["BIG: larger:9M", "From Ana: from:ana"]);
        assert_eq!(
            spelt(&save(Some(first), "Ana", "from:ana is:unread")),
            ["Ana: from:ana is:unread", "BIG: larger:9M"]
        );
        assert_eq!(spelt(&save(Some(first), "Big", "from:ana")), ["Big: from:ana"]);
        assert!(block_on(fixture.store.remove_search(first)).unwrap().saved.is_empty());
    }
}
