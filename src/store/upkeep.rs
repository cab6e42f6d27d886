//! What is remembered for looking after the store: when its backups are due, and how the last ones went.

use std::path::PathBuf;
use std::str::FromStr;

use rusqlite::{Connection, OptionalExtension, params};

use super::{Error, Store};

/// How often the store is backed up without being told to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Rhythm {
    #[default]
    Off,
    Daily,
    Weekly,
}

/// The plan of the backups, and what became of it. Times are Unix seconds; None: never.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upkeep {
    pub rhythm: Rhythm,
    /// Where the copy lies; None: nobody has said.
    pub folder: Option<PathBuf>,
    /// The last backup that was made and read again from its first to its last octet.
    pub verified_at: Option<i64>,
    /// Messages in it.
    pub messages: u64,
    /// The last attempt, and why it failed; None: it did not.
    pub tried_at: Option<i64>,
    pub failure: Option<String>,
    /// The last time when every message of the store itself had been read.
    pub checked_at: Option<i64>,
    /// Messages that are known to be damaged and could not be repaired yet.
    pub damaged: u64,
}

impl Rhythm {
    pub const ALL: [Self; 3] = [Self::Off, Self::Daily, Self::Weekly];

    pub fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
        }
    }

    /// Seconds from one backup to the next.
    pub fn period_secs(self) -> Option<i64> {
        match self {
            Self::Off => None,
            Self::Daily => Some(DAY_SECS),
            Self::Weekly => Some(7 * DAY_SECS),
        }
    }
}

impl FromStr for Rhythm {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|rhythm| rhythm.word() == word);
        found.ok_or_else(|| format!("“{word}” is no rhythm: say off, daily or weekly"))
    }
}

impl Upkeep {
    /// When the next backup is to be made, Unix seconds; None: not without being told to. After a failure, an hour later.
    pub fn due_at(&self) -> Option<i64> {
        let period = self.rhythm.period_secs().filter(|_| self.folder.is_some())?;
        let next = self.verified_at.map_or(i64::MIN, |last| last.saturating_add(period));
        let patient = self.tried_at.filter(|_| self.failure.is_some()).map(|tried| tried.saturating_add(RETRY_SECS));
        Some(next.max(patient.unwrap_or(i64::MIN)))
    }

    /// Whether a planned backup is missing for longer than a computer that is off at night explains.
    pub fn is_overdue(&self, now: i64) -> bool {
        let period = self.rhythm.period_secs().filter(|_| self.folder.is_some());
        period.is_some_and(|period| {
            self.verified_at.map_or(self.failure.is_some(), |last| now > last.saturating_add(period + DAY_SECS))
        })
    }
}

impl Store {
    pub async fn upkeep(&self) -> Result<Upkeep, Error> {
        self.read(|db| {
            let number = |name| Ok::<_, Error>(word(db, name)?.and_then(|word| word.parse().ok()));
            Ok(Upkeep {
                rhythm: word(db, "rhythm")?.and_then(|word| word.parse().ok()).unwrap_or_default(),
                folder: value(db, "folder")?.map(path),
                verified_at: number("verified_at")?,
                messages: number("messages")?.map_or(0, i64::cast_unsigned),
                tried_at: number("tried_at")?,
                failure: word(db, "failure")?,
                checked_at: number("checked_at")?,
                damaged: db.query_row("SELECT count(*) FROM damaged", [], |row| row.get::<_, i64>(0))?.cast_unsigned(),
            })
        })
        .await
    }

    /// From now on backups are made like this. A new folder has no verified backup yet.
    pub async fn plan_backups(&self, rhythm: Rhythm, folder: Option<PathBuf>) -> Result<(), Error> {
        self.write(move |db| {
            if value(db, "folder")?.map(path) != folder {
                ["verified_at", "messages", "tried_at", "failure"].iter().try_for_each(|name| put(db, name, None))?;
            }
            put(db, "rhythm", Some(rhythm.word().as_bytes()))?;
            put(db, "folder", folder.as_ref().map(|folder| folder.as_os_str().as_encoded_bytes()))
        })
        .await
    }

    /// A backup was made into the planned folder and read again, or was not, in these words.
    pub async fn note_backup(&self, outcome: Result<u64, String>, now: i64) -> Result<(), Error> {
        self.write(move |db| note_backup(db, &outcome, now)).await
    }

    /// Where the check of the store's own messages is: after this key. None: it has been through.
    pub async fn note_check(&self, after: Option<i64>, now: i64) -> Result<(), Error> {
        self.write(move |db| match after {
            Some(after) => put(db, "check_after", Some(after.to_string().as_bytes())),
            None => {
                put(db, "check_after", None)?;
                put(db, "checked_at", Some(now.to_string().as_bytes()))
            }
        })
        .await
    }

    /// The key after which the check goes on; the first there can be where it begins anew.
    pub async fn check_after(&self) -> Result<i64, Error> {
        self.read(|db| Ok(word(db, "check_after")?.and_then(|word| word.parse().ok()).unwrap_or(i64::MIN))).await
    }
}

pub(super) fn note_backup(db: &Connection, outcome: &Result<u64, String>, now: i64) -> Result<(), Error> {
    let now = now.to_string();
    put(db, "tried_at", Some(now.as_bytes()))?;
    match outcome {
        Ok(messages) => {
            put(db, "verified_at", Some(now.as_bytes()))?;
            put(db, "messages", Some(messages.to_string().as_bytes()))?;
            put(db, "failure", None)
        }
        Err(words) => put(db, "failure", Some(words.as_bytes())),
    }
}

/// Which store this is; None: it was made before stores were told apart.
pub(super) fn identity(db: &Connection) -> Result<Option<Vec<u8>>, Error> {
    value(db, "identity")
}

pub(super) fn planned_folder(db: &Connection) -> Result<Option<PathBuf>, Error> {
    Ok(value(db, "folder")?.map(path))
}

fn value(db: &Connection, name: &str) -> Result<Option<Vec<u8>>, Error> {
    let mut select = db.prepare_cached("SELECT value FROM upkeep WHERE name = ?1")?;
    Ok(select.query_row([name], |row| row.get(0)).optional()?)
}

fn word(db: &Connection, name: &str) -> Result<Option<String>, Error> {
    Ok(value(db, name)?.map(|value| String::from_utf8_lossy(&value).into_owned()))
}

fn put(db: &Connection, name: &str, value: Option<&[u8]>) -> Result<(), Error> {
    match value {
        Some(value) => db
            .prepare_cached(
                "INSERT INTO upkeep (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            )?
            .execute(params![name, value])?,
        None => db.prepare_cached("DELETE FROM upkeep WHERE name = ?1")?.execute([name])?,
    };
    Ok(())
}

#[cfg(unix)]
fn path(octets: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    std::ffi::OsString::from_vec(octets).into()
}

#[cfg(not(unix))]
fn path(octets: Vec<u8>) -> PathBuf {
    String::from_utf8_lossy(&octets).into_owned().into()
}

const DAY_SECS: i64 = 24 * 60 * 60;
/// A disk that is not there may come back any time; asking for it costs nothing.
const RETRY_SECS: i64 = 60 * 60;

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::super::testing::{Fixture, NOON};
    use super::*;

    #[test]
    fn the_plan_and_the_last_outcome_are_kept_and_a_new_folder_starts_without_any() {
        let fixture = Fixture::new();
        let store = &fixture.store;
        assert_eq!(block_on(store.upkeep()), Ok(Upkeep::default()));
        let folder = Some(PathBuf::from("/media/disk"));
        block_on(store.plan_backups(Rhythm::Weekly, folder.clone())).unwrap();
        block_on(store.note_backup(Ok(12), NOON)).unwrap();
        block_on(store.note_backup(Err("the disk is full".into()), NOON + 5)).unwrap();
        let kept = block_on(fixture.store.upkeep()).unwrap();
        let expected = Upkeep {
            rhythm: Rhythm::Weekly,
            folder,
            verified_at: Some(NOON),
            messages: 12,
            tried_at: Some(NOON + 5),
            failure: Some("the disk is full".into()),
            ..Upkeep::default()
        };
        assert_eq!(kept, expected);
        block_on(store.plan_backups(Rhythm::Daily, Some("/media/other".into()))).unwrap();
        let kept = block_on(store.upkeep()).unwrap();
        assert_eq!((kept.verified_at, kept.failure), (None, None));
    }

    #[test]
    fn a_backup_is_due_by_its_rhythm_and_an_hour_after_it_failed() {
        let plan = |rhythm, verified_at, tried_at: Option<i64>, fails: bool| Upkeep {
            rhythm,
            folder: Some("/media/disk".into()),
            verified_at,
            tried_at,
            failure: fails.then(|| "absent".to_owned()),
            ..Upkeep::default()
        };
        let cases = [
            ("off", plan(Rhythm::Off, None, None, false), None, false),
            ("never made", plan(Rhythm::Daily, None, None, false), Some(i64::MIN), false),
            ("never made, for it fails", plan(Rhythm::Daily, None, Some(NOON), true), Some(NOON + 3600), true),
            ("made", plan(Rhythm::Daily, Some(NOON), Some(NOON), false), Some(NOON + DAY_SECS), false),
            ("old", plan(Rhythm::Daily, Some(NOON - 3 * DAY_SECS), None, false), Some(NOON - 2 * DAY_SECS), true),
            ("weekly", plan(Rhythm::Weekly, Some(NOON - 3 * DAY_SECS), None, false), Some(NOON + 4 * DAY_SECS), false),
            ("no folder", Upkeep { folder: None, ..plan(Rhythm::Daily, None, None, false) }, None, false),
        ];
        for (name, plan, due, overdue) in cases {
            assert_eq!((plan.due_at(), plan.is_overdue(NOON + 1)), (due, overdue), "{name}");
        }
    }
}
