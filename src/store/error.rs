//! Errors of a store. Callers act differently on each variant.

use std::fmt;
use std::path::Path;

use rusqlite::{ErrorCode, ffi};

/// Why a store was not opened. The text is one line, and names the path and the next step, if there is one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OpenError {
    /// The folder or the store in it cannot be used. Nothing in it was changed.
    Unusable(String),
    /// Another server has locked the folder.
    InUse(String),
}

/// Why records were not stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CommitError {
    /// Nothing is stored, and the next commit may succeed: the disk is full, another program holds a lock, or a write
    /// failed. The chat must undo the decisions of the turn: [`Chat::roll_back`](crate::chat::Chat::roll_back).
    Refused(String),
    /// A sync failed or the store is damaged. What is stored is unknown until the next start, so the server must stop.
    /// Every later commit fails likewise.
    Fatal(String),
}

/// Why the state could not be read or the store could not be closed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StoreError {
    /// The store has content that no chat-server writes.
    Damaged(String),
    /// The system failed.
    Failed(String),
}

/// Why a client's query was not answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ReadError {
    /// No connection was free within a second, or another program lets nobody read. Trying again may help.
    Busy,
    /// The store could not be read.
    Failed(String),
}

/// Why a store was not copied. The text is one line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BackupError {
    /// A file with that name exists already; nothing was written.
    Exists(String),
    /// There is no store, or not one of ours, or it is damaged.
    Unusable(String),
    /// The copy could not be written, or it is not sound. It was removed.
    NotCopied(String),
}

impl OpenError {
    /// An operation on `path` failed.
    pub(super) fn cannot(doing: &str, path: &Path, reason: impl fmt::Display) -> OpenError {
        OpenError::Unusable(format!("cannot {doing} {}: {}", path.display(), in_one_line(reason)))
    }

    /// The store at `path` is damaged.
    pub(super) fn damaged(path: &Path, reason: impl fmt::Display) -> OpenError {
        let path = path.display();
        OpenError::Unusable(format!("store {path} is damaged: {}; restore it from a backup", in_one_line(reason)))
    }
}

impl CommitError {
    /// An error is fatal if it leaves doubt about what is on disk. After a failed sync the system may have dropped the
    /// data, and the next sync may succeed without it (ATC 2020, "Can applications recover from fsync failures?").
    pub(super) fn of(doing: &str, path: &Path, error: &rusqlite::Error) -> CommitError {
        let text = format!("cannot {doing} {}: {}", path.display(), in_one_line(error));
        if leaves_doubt(error) { CommitError::Fatal(text) } else { CommitError::Refused(text) }
    }
}

impl StoreError {
    pub(super) fn of(doing: &str, path: &Path, error: &rusqlite::Error) -> StoreError {
        let text = format!("cannot {doing} {}: {}", path.display(), in_one_line(error));
        if is_damage(error) { StoreError::Damaged(text) } else { StoreError::Failed(text) }
    }
}

/// Whether `error` is about the store's content, and not about the system.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown | ErrorCode::TypeMismatch)
    ) || matches!(
        error,
        rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..)
    )
}

fn leaves_doubt(error: &rusqlite::Error) -> bool {
    let doubtful = [
        ffi::SQLITE_IOERR_FSYNC,
        ffi::SQLITE_IOERR_DIR_FSYNC,
        ffi::SQLITE_IOERR_DATA,
        ffi::SQLITE_IOERR_CORRUPTFS,
        ffi::SQLITE_READONLY_DBMOVED,
    ];
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
        || error.sqlite_error().is_some_and(|error| doubtful.contains(&error.extended_code))
}

/// The first line of a report by SQLite that is not a heading, so that an error is one line in the log.
pub(super) fn in_one_line(reason: impl fmt::Display) -> String {
    let reason = reason.to_string();
    let line = reason.lines().find(|line| !line.starts_with("***")).unwrap_or_default();
    line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (OpenError::Unusable(text) | OpenError::InUse(text)) = self;
        f.write_str(text)
    }
}

impl fmt::Display for BackupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (BackupError::Exists(text) | BackupError::Unusable(text) | BackupError::NotCopied(text)) = self;
        f.write_str(text)
    }
}

impl From<OpenError> for BackupError {
    fn from(error: OpenError) -> BackupError {
        BackupError::Unusable(error.to_string())
    }
}

impl fmt::Display for CommitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (CommitError::Refused(text) | CommitError::Fatal(text)) = self;
        f.write_str(text)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (StoreError::Damaged(text) | StoreError::Failed(text)) = self;
        f.write_str(text)
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Busy => f.write_str("the store is busy"),
            ReadError::Failed(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for OpenError {}
impl std::error::Error for BackupError {}
impl std::error::Error for CommitError {}
impl std::error::Error for StoreError {}
impl std::error::Error for ReadError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_failed_sync_or_damage_is_fatal() {
        let check = |code, fatal| {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            let error = CommitError::of("store in", Path::new("/data/chat.db"), &error);
            assert_eq!(matches!(error, CommitError::Fatal(_)), fatal, "{code}: {error}");
        };
        check(ffi::SQLITE_FULL, false);
        check(ffi::SQLITE_BUSY, false);
        check(ffi::SQLITE_IOERR_WRITE, false);
        check(ffi::SQLITE_IOERR_TRUNCATE, false);
        check(ffi::SQLITE_IOERR_SHMSIZE, false);
        check(ffi::SQLITE_CONSTRAINT_UNIQUE, false);
        check(ffi::SQLITE_IOERR_FSYNC, true);
        check(ffi::SQLITE_IOERR_DIR_FSYNC, true);
        check(ffi::SQLITE_CORRUPT, true);
        check(ffi::SQLITE_NOTADB, true);
    }

    #[test]
    fn an_error_is_one_line() {
        let error = OpenError::damaged(Path::new("/data"), "*** in database main ***\nTree 5 page 5: bad\u{1b}[2J");
        assert_eq!(error.to_string(), "store /data is damaged: Tree 5 page 5: bad [2J; restore it from a backup");
    }
}
