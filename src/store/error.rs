//! What can go wrong in the store, in its own words. What a person can do about it is said elsewhere.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Written by a newer program. The file was not touched.
    #[error("the store is of version {found}; this program knows versions up to {known}")]
    NewerVersion { found: u32, known: u32 },
    /// Not a store of ours, or no longer whole. The file was not touched when found so at opening.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// No room left. Nothing of the refused change was stored; everything before it is.
    #[error("the disk is full")]
    DiskFull,
    #[error("cannot write to “{}”", .0.display())]
    ReadOnly(PathBuf),
    /// Another process holds the store.
    #[error("the store is in use by another program")]
    Busy,
    /// There is no such account, mailbox, message or draft (any more). Nothing was changed.
    #[error("no such account or message")]
    NotFound,
    /// The disk failed.
    #[error("the disk failed: {0}")]
    Disk(String),
    /// Another account has this name.
    #[error("another account has this name")]
    NameTaken,
    /// A mailbox or tag cannot be named like this, and why.
    #[error("the name {0}")]
    Name(&'static str),
    /// The message's state in the Outbox (named) does not allow this. Nothing was changed.
    #[error("the message in the Outbox is {0}")]
    Outgoing(&'static str),
    /// Where an exported message should have gone failed, not the store.
    #[error("could not write the message out: {0}")]
    Output(String),
    /// A search that was superseded by the next one. There is nothing to tell a person.
    #[error("the search was given up")]
    GivenUp,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// A mistake in the program itself.
    #[error("{0}")]
    Unexpected(String),
}

impl Error {
    /// Fills in the folder where SQLite says only that something cannot be written.
    pub(super) fn within(self, folder: &Path) -> Self {
        match self {
            Self::ReadOnly(path) if path.as_os_str().is_empty() => Self::ReadOnly(folder.to_owned()),
            other => other,
        }
    }

    /// An error of the file system about `path`.
    pub(super) fn of_file(error: &io::Error, path: &Path) -> Self {
        match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly(path.to_owned()),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::Disk(format!("{}: {error}", path.display())),
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        let rusqlite::Error::SqliteFailure(failure, _) = &error else {
            return match error {
                rusqlite::Error::QueryReturnedNoRows => Self::NotFound,
                // A value of another kind than the schema says: STRICT tables hold such a thing only when damaged.
                rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::Utf8Error(..) => Self::Damaged(error.to_string()),
                _ => Self::Unexpected(error.to_string()),
            };
        };
        match failure.code {
            // No room for the map of the write-ahead log, which is the first thing that needs some.
            _ if failure.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE => Self::DiskFull,
            ErrorCode::DiskFull => Self::DiskFull,
            ErrorCode::OperationInterrupted => Self::GivenUp,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Self::Damaged(error.to_string()),
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed => Self::Busy,
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied => Self::ReadOnly(PathBuf::new()),
            ErrorCode::SystemIoFailure | ErrorCode::CannotOpen => Self::Disk(error.to_string()),
            _ => Self::Unexpected(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn what_sqlite_says_is_said_in_the_stores_words() {
        let of = |code| {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            Error::from(error).within(Path::new("/profile"))
        };
        let cases = [
            (ffi::SQLITE_FULL, Error::DiskFull),
            (ffi::SQLITE_IOERR_SHMSIZE, Error::DiskFull),
            (ffi::SQLITE_BUSY, Error::Busy),
            (ffi::SQLITE_BUSY_SNAPSHOT, Error::Busy),
            (ffi::SQLITE_READONLY_DBMOVED, Error::ReadOnly("/profile".into())),
            (ffi::SQLITE_READONLY, Error::ReadOnly("/profile".into())),
        ];
        for (code, expected) in cases {
            assert_eq!(of(code), expected, "{code}");
        }
        for code in [ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_CANTOPEN] {
            assert!(matches!(of(code), Error::Disk(_)), "{code}");
        }
        for code in [ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB, ffi::SQLITE_CORRUPT_INDEX] {
            assert!(matches!(of(code), Error::Damaged(_)), "{code}");
        }
    }

    #[test]
    fn what_the_file_system_says_is_said_in_the_stores_words() {
        let of = |kind: io::ErrorKind| Error::of_file(&kind.into(), Path::new("/profile/malote.db"));
        let read_only = Error::ReadOnly("/profile/malote.db".into());
        assert_eq!(of(io::ErrorKind::PermissionDenied), read_only);
        assert_eq!(of(io::ErrorKind::ReadOnlyFilesystem), read_only);
        assert_eq!(of(io::ErrorKind::StorageFull), Error::DiskFull);
        assert!(matches!(of(io::ErrorKind::NotADirectory), Error::Disk(words) if words.contains("malote.db")));
    }
}
