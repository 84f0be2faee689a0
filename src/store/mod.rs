//! The store: SQLite in a data folder. The only place that knows SQL.
//!
//! Owns the folder and its lock, the one connection that writes, and a pool of connections that only read.
//! A server opens the [`Folder`], gets a [`Writer`] and a [`Reader`] from [`open`], and gives the writer the records
//! of each turn. What [`Store::commit`] has accepted survives a kill and a power cut.
//!
//! Every connection is set up for WAL, `synchronous=FULL`, foreign keys, immediate transactions, a bounded wait for locks
//! and no memory mapping. Only the writer makes checkpoints.
//!
//! The store never decides anything about the chat, and never repairs, deletes or overwrites a store it cannot use.

mod backup;
mod check;
mod error;
mod files;
mod folder;
mod header;
mod query;
mod load;
mod place;
mod reader;
mod record;
mod schema;
mod value;
mod verify;
mod wal;
mod watched;
mod writer;

use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::chat::{AccountId, KeyedMessage, Record, SendKey};

pub use backup::{Backup, backup};
pub use error::{BackupError, CommitError, OpenError, ReadError, StoreError};
pub use folder::Folder;
pub use reader::{Credential, Reader};
pub use verify::verify;
pub use watched::{Watch, Watched};
pub use writer::Writer;

use place::Place;

/// The store, as the broker uses it. [`Writer`] is the real one; the simulation has one in memory.
///
/// There is one owner, and every method runs in its thread. What a successful [`commit`](Store::commit) has stored,
/// every later call sees, also of a store that is opened after a kill.
pub trait Store {
    /// Stores all of `records`, in their order, or none of them. When it returns `Ok`, they survive a kill and a power
    /// cut.
    ///
    /// After [`CommitError::Refused`] the store holds what it held before and the next commit may succeed. After
    /// [`CommitError::Fatal`] every later commit fails likewise. No records are a success that stores nothing, except
    /// after a fatal error.
    fn commit(&mut self, records: &[Record]) -> Result<(), CommitError>;

    /// The committed messages that `account` has sent under `key`: at most one a room, in no particular order.
    fn keyed(&self, account: AccountId, key: &SendKey) -> Result<Vec<KeyedMessage>, StoreError>;

    /// Keeps the write-ahead log short. Called after each commit, once its effects are delivered, because it may take
    /// milliseconds. Changes nothing that can be read. An error shows in the next commit, if it matters.
    fn checkpoint(&mut self);

    /// Does a bounded piece of background work, such as removing the messages of a deleted room. Called about once a
    /// second. Changes nothing that a restart would find. Every error is fatal: the store cannot be used any more, as
    /// when it was removed.
    fn maintain(&mut self) -> Result<(), CommitError>;
}

/// The store itself, in the data folder.
const DATABASE: &str = "chat.db";
/// The write-ahead log: what SQLite has committed and not yet copied into [`DATABASE`].
const WAL: &str = "chat.db-wal";
/// The mode of every file in the folder, whatever the umask, because they hold password hashes and private messages.
const FILE_MODE: u32 = 0o600;
/// SQLite 3.7.0 to 3.51.2 can corrupt a database when two connections write or checkpoint at once.
const SQLITE_AT_LEAST: i32 = 3_051_003;
/// Flags of every connection. There is no mutex because each connection is used by one thread at a time.
const READ_WRITE: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);
const READ_ONLY: OpenFlags = OpenFlags::SQLITE_OPEN_READ_ONLY.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

/// Opens the store in `folder`, and creates it if the folder is new. A store that is damaged, of another program or of
/// a newer version is refused within 2 s and without changing anything.
///
/// The folder stays locked until both the writer and the folder are dropped.
pub fn open(folder: &Folder, read_connections: u32) -> Result<(Writer, Reader), OpenError> {
    if rusqlite::version_number() < SQLITE_AT_LEAST {
        let version = rusqlite::version();
        return Err(OpenError::Unusable(format!(
            "sqlite {version} can corrupt a store under load; build chat-server with 3.51.3 or newer"
        )));
    }
    if folder.is_new()? {
        schema::create_store(folder)?;
    }
    let place = Place::lock(folder)?;
    check::check(folder.files())?;
    let writer = Writer::open(folder, place)?;
    let reader = Reader::open(folder.files().database(), read_connections)?;
    Ok((writer, reader))
}

/// Sets up a connection that waits for another program's lock for at most `busy_max`. `secure_delete` overwrites what is
/// deleted; measured, a commit of a message costs no more by it, and removing messages half as many pages again. Only the writer makes checkpoints, explicitly: neither a commit nor closing a connection does.
fn set_up(connection: &Connection, busy_max: Duration) -> rusqlite::Result<()> {
    connection.busy_timeout(busy_max)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;
         PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON; PRAGMA mmap_size = 0; PRAGMA wal_autocheckpoint = 0;",
    )
}

#[cfg(test)]
mod tests {
    mod damaged_stores;
    pub mod sample;
    mod speed;

    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn only_the_owner_may_read_a_store() {
        let temporary = tempfile::tempdir().unwrap();
        let (_writer, _reader) = open(&Folder::open(temporary.path()).unwrap(), 1).unwrap();
        let mut names = Vec::new();
        for entry in fs::read_dir(temporary.path()).unwrap() {
            let entry = entry.unwrap();
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, FILE_MODE, "{entry:?}");
            names.push(entry.file_name().into_string().unwrap());
        }
        names.sort();
        assert_eq!(names, [DATABASE, "chat.db-shm", WAL, wal::MARK]);
    }

    #[test]
    fn every_connection_keeps_the_promised_settings() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::open(temporary.path()).unwrap();
        open(&folder, 1).unwrap();
        let connection = Connection::open_with_flags(folder.files().database(), READ_WRITE).unwrap();
        set_up(&connection, Duration::from_millis(100)).unwrap();
        let check = |pragma, expected: i64| {
            let found: i64 = connection.pragma_query_value(None, pragma, |row| row.get(0)).unwrap();
            assert_eq!(found, expected, "{pragma}");
        };
        check("synchronous", 2);
        check("foreign_keys", 1);
        check("trusted_schema", 0);
        check("busy_timeout", 100);
        check("secure_delete", 1);
        check("wal_autocheckpoint", 0);
        check("temp_store", 2);
        check("application_id", i64::from(schema::APPLICATION_ID));
        check("user_version", i64::from(schema::latest()));
        let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
        assert_eq!(mode, "wal");
    }
}
