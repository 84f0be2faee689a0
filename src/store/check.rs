//! Checks an existing store before the server uses it, without changing a byte of it.
//!
//! The check finds damage that makes the store unreadable or shows in its structure, its keys or its numbers. It does
//! not find a changed letter in a message, because SQLite keeps no checksums of the database file.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};

use super::error::{OpenError, is_damage};
use super::files::Files;
use super::query::query;
use super::wal::{self, Wal};
use super::{READ_ONLY, READ_WRITE, header, load, schema};

/// The time limit of the structural check, so that a server with a large store starts soon. Enough for several million
/// messages, as measured.
const CHECK_MAX: Duration = Duration::from_millis(1000);
/// The least time that a check has behind a long log.
const CHECK_MIN: Duration = Duration::from_millis(200);
/// How long to wait for another program's lock on the store.
const BUSY_MAX: Duration = Duration::from_millis(200);

/// Refuses a store that is damaged, of another program, or of a newer version.
pub(super) fn check(files: &Files) -> Result<(), OpenError> {
    let path = files.database();
    let failed = |error| failed(path, error);
    let start = Instant::now();
    let (connection, version, wal) = open(files)?;
    // A long log takes its time too.
    let left = CHECK_MAX.saturating_sub(start.elapsed()).max(CHECK_MIN);
    let fault = limited(&connection, left, || first_fault(&connection)).map_err(failed)?;
    match fault {
        Some(None) => {}
        Some(Some(fault)) => return Err(OpenError::damaged(path, fault)),
        None => log::info!("store is too large to be checked completely path={}", path.display()),
    }
    if version == schema::latest() {
        check_state(&connection, path)?;
    }
    if let Wal::Removed { .. } = wal {
        log::warn!(
            "another program was reading the store when the last server stopped, and has copied the log into it since; \
             nothing is missing path={}",
            path.display()
        );
    }
    Ok(())
}

/// Refuses a store of the newest schema from which no chat can be loaded.
pub(super) fn check_state(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    match load::snapshot(connection).map_err(|error| failed(path, error))?.fault() {
        None => Ok(()),
        Some(fault) => Err(OpenError::damaged(path, fault)),
    }
}

/// Opens a store that no server uses, without changing it, and checks where it comes from: its header, its log, and its
/// schema, whose number is returned.
pub(super) fn open(files: &Files) -> Result<(Connection, u32, Wal), OpenError> {
    let path = files.database();
    let failed = |error| failed(path, error);
    let journal = files.journal();
    if journal.exists() {
        // The other program was interrupted in a transaction, which SQLite would roll back on opening.
        let text = format!("{} was left by another program; open the store with that one first", journal.display());
        return Err(OpenError::Unusable(text));
    }
    let wal = wal::check(files)?;
    header::check(path, !matches!(wal, Wal::Filled { .. }))?;
    let connection = open_untouched(path, wal).map_err(failed)?;
    let version = check_origin(path, &connection)?;
    match wal {
        Wal::Removed { token } if token_of(&connection).map_err(failed)? != Some(token) => {
            return Err(wal::missing(files));
        }
        Wal::Filled { token: Some(token) } if is_another(path, token) => return Err(wal::not_of_log(files)),
        _ => {}
    }
    Ok((connection, version, wal))
}

/// The token in the table `last_stop`.
fn token_of(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    connection.query_row(query!("last_stop"), [], |row| row.get(0)).optional()
}

/// Whether the database file itself, without its log, has another token. One that a kill left half copied may be
/// unreadable without its log; that is no sign.
fn is_another(path: &Path, token: i64) -> bool {
    let database = Connection::open_with_flags(immutable(path), READ_ONLY | OpenFlags::SQLITE_OPEN_URI);
    database.and_then(|database| token_of(&database)).is_ok_and(|found| found != Some(token))
}

/// Refuses a database of another program, of a newer version, or without one of its tables. Returns its schema's number.
pub(super) fn check_origin(path: &Path, connection: &Connection) -> Result<u32, OpenError> {
    let failed = |error| failed(path, error);
    let origin = |pragma| connection.pragma_query_value(None, pragma, |row| row.get(0));
    let application_id = origin("application_id").map_err(failed)?;
    let version = origin("user_version").map_err(failed)?;
    header::check_origin(path, application_id, version)?;
    match schema::missing(connection, version).map_err(failed)? {
        Some(object) => Err(OpenError::damaged(path, format!("{object} is not as schema {version} has it"))),
        None => Ok(version),
    }
}

pub(super) fn failed(path: &Path, error: rusqlite::Error) -> OpenError {
    if is_damage(&error) { OpenError::damaged(path, error) } else { OpenError::cannot("check store", path, error) }
}

/// Opens a store so that neither reading nor closing it changes a file. Without a log it is opened as immutable,
/// otherwise with the log's index in memory and without a checkpoint on closing. If another program reads the store
/// just then, the index is shared with it instead, which changes nothing that is stored.
fn open_untouched(path: &Path, wal: Wal) -> rusqlite::Result<Connection> {
    if matches!(wal, Wal::Absent | Wal::Removed { .. }) {
        return Connection::open_with_flags(immutable(path), READ_ONLY | OpenFlags::SQLITE_OPEN_URI);
    }
    let open = |settings| -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(path, READ_WRITE)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        connection.busy_timeout(BUSY_MAX)?;
        connection.execute_batch(settings)?;
        // The first read takes the locks.
        connection.pragma_query_value(None, "schema_version", |_| Ok(()))?;
        Ok(connection)
    };
    match open("PRAGMA wal_autocheckpoint = 0; PRAGMA locking_mode = EXCLUSIVE;") {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
            open("PRAGMA wal_autocheckpoint = 0;")
        }
        opened => opened,
    }
}

/// The name under which SQLite opens a file as one that nobody changes.
pub(super) fn immutable(path: &Path) -> String {
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => uri.push(char::from(*byte)),
            other => uri.push_str(&format!("%{other:02x}")),
        }
    }
    uri + "?immutable=1"
}

/// The first fault found, if any.
fn first_fault(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let report: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if report != "ok" {
        return Ok(Some(report));
    }
    Ok(contradictions(connection)?.into_iter().next())
}

/// How rows contradict one another, a line a kind.
pub(super) fn contradictions(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut found = Vec::new();
    for (query, fault) in [
        (query!("check_references"), "a row refers to one that is missing"),
        (query!("check_numbers"), "messages or their room are missing"),
    ] {
        if connection.prepare(query)?.exists([])? {
            found.push(fault.to_owned());
        }
    }
    Ok(found)
}

/// The result of `work`, or `None` if it was interrupted because it took more than `time`.
fn limited<T>(
    connection: &Connection,
    time: Duration,
    work: impl FnOnce() -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    let handle = connection.get_interrupt_handle();
    let (done, waiting) = mpsc::channel::<()>();
    let result = thread::scope(|scope| {
        let watch = move || {
            if waiting.recv_timeout(time) == Err(RecvTimeoutError::Timeout) {
                handle.interrupt();
            }
        };
        // If no thread can be started, the check runs without a time limit.
        let watching = thread::Builder::new().name("store-check".to_owned()).spawn_scoped(scope, watch);
        let result = work();
        drop(done);
        drop(watching);
        result
    });
    match result {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => Ok(None),
        result => result.map(Some),
    }
}
