//! Reads of client threads beside the writer: credentials and pages of history.

use std::path::{Path, PathBuf};
use std::time::Duration;

use r2d2::{Pool, PooledConnection};
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::{OptionalExtension, Params, Row};

use super::error::{OpenError, ReadError};
use super::query::query;
use super::value::{count, number};
use super::{READ_ONLY, set_up};
use crate::chat::{AccountId, GrantedRange, Message, Name, PasswordHash, SYSTEM};

/// How long a query waits for a free connection.
const WAIT_MAX: Duration = Duration::from_secs(1);

/// A pool of connections that only read, shared by all client threads. A clone is another handle to the same pool.
#[derive(Clone, Debug)]
pub struct Reader {
    pool: Pool<SqliteConnectionManager>,
    path: PathBuf,
}

/// The password hash of an account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Credential {
    /// The account.
    pub account: AccountId,
    /// The hash of the password.
    pub hash: PasswordHash,
    /// Counts the account's passwords, so that a change since this was read is noticed.
    pub version: u64,
}

impl Reader {
    pub(super) fn open(path: &Path, connections: u32) -> Result<Reader, OpenError> {
        let manager = SqliteConnectionManager::file(path).with_flags(READ_ONLY).with_init(|connection| {
            set_up(connection)?;
            // 512 KiB is enough, because a page of history needs only a few pages of the database.
            connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -512;")
        });
        let pool = Pool::builder()
            .max_size(connections.max(1))
            .connection_timeout(WAIT_MAX)
            .test_on_check_out(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .build(manager)
            .map_err(|error| OpenError::cannot("read store", path, error))?;
        Ok(Reader { pool, path: path.to_owned() })
    }

    /// The credential of the account with this name; `None` if there is no such account, or it has no password.
    pub fn credential(&self, name: &Name) -> Result<Option<Credential>, ReadError> {
        self.find_credential(query!("credential"), [name])
    }

    /// The credential of the account with this number, likewise.
    pub fn credential_of(&self, id: AccountId) -> Result<Option<Credential>, ReadError> {
        self.find_credential(query!("credential_of"), [id])
    }

    /// The messages of `range` in ascending order, with their authors' present names: `ghost` for a deleted account,
    /// and `system` for the server itself.
    pub fn page(&self, range: &GrantedRange) -> Result<Vec<Message>, ReadError> {
        let connection = self.connection()?;
        let read = |row: &Row<'_>| {
            let author: AccountId = row.get(2)?;
            let name: Option<Name> = row.get(3)?;
            Ok(Message {
                room: range.label.clone(),
                seq: count(row, 0)?,
                at: row.get(1)?,
                author: name.unwrap_or_else(|| {
                    Name::parse(if author == SYSTEM { "system" } else { "ghost" }).expect("both are names")
                }),
                kind: row.get(4)?,
                text: row.get(5)?,
            })
        };
        connection
            .prepare_cached(query!("page"))
            .and_then(|mut page| page.query_map((range.room, number(range.from), number(range.to)), read)?.collect())
            .map_err(|error| self.failed(error))
    }

    fn find_credential(&self, query: &str, key: impl Params) -> Result<Option<Credential>, ReadError> {
        let read = |row: &Row<'_>| Ok(Credential { account: row.get(0)?, hash: row.get(1)?, version: count(row, 2)? });
        let connection = self.connection()?;
        connection
            .prepare_cached(query)
            .and_then(|mut credential| credential.query_row(key, read).optional())
            .map_err(|error| self.failed(error))
    }

    fn connection(&self) -> Result<PooledConnection<SqliteConnectionManager>, ReadError> {
        self.pool.get().map_err(|_| ReadError::Busy)
    }

    fn failed(&self, error: rusqlite::Error) -> ReadError {
        ReadError::Failed(format!("cannot read {}: {error}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Instant;

    use super::super::Store;
    use super::super::tests::sample::{ANA, BOB, NOW, TEA, filled, name, range, said};
    use super::*;
    use crate::chat::{Record, RoomLabel};

    #[test]
    fn a_credential_is_found_by_name_and_by_number() {
        let temporary = tempfile::tempdir().unwrap();
        let (mut writer, reader) = filled(temporary.path());
        let found = reader.credential(&name("aNa")).unwrap().unwrap();
        assert_eq!((found.account, found.version), (ANA, 1));
        assert!(found.hash.0.ends_with("Ana"));
        assert_eq!(reader.credential_of(ANA).unwrap(), Some(found));
        assert_eq!(reader.credential(&name("nobody")).unwrap(), None);
        writer.commit(&[Record::PasswordSet { id: ANA, hash: PasswordHash("new".into()), version: 2 }]).unwrap();
        let found = reader.credential(&name("ana")).unwrap().unwrap();
        assert_eq!((&*found.hash.0, found.version), ("new", 2));
        writer.commit(&[Record::AccountDeleted { id: ANA, at: NOW }]).unwrap();
        assert_eq!(reader.credential(&name("ana")).unwrap(), None);
        assert_eq!(reader.credential_of(ANA).unwrap(), None);
    }

    #[test]
    fn a_page_is_in_order_and_names_its_authors() {
        let temporary = tempfile::tempdir().unwrap();
        let (mut writer, reader) = filled(temporary.path());
        writer.commit(&[said(TEA, 41, SYSTEM), Record::AccountDeleted { id: BOB, at: NOW }]).unwrap();
        let page = reader.page(&range(TEA, 38, u64::MAX)).unwrap();
        let seen: Vec<_> = page.iter().map(|message| (message.seq, message.author.as_str())).collect();
        assert_eq!(seen, [(38, "Ana"), (39, "ghost"), (40, "Ana"), (41, "system")]);
        assert!(page.iter().all(|message| message.room == RoomLabel::Room(name("tea"))));
        assert_eq!(reader.page(&range(TEA, 0, 0)).unwrap(), []);
        assert_eq!(reader.page(&range(TEA, 9, 8)).unwrap(), []);
    }

    #[test]
    fn a_reader_cannot_write() {
        let temporary = tempfile::tempdir().unwrap();
        let (_writer, reader) = filled(temporary.path());
        assert!(reader.connection().unwrap().execute("DELETE FROM message", []).is_err());
    }

    #[test]
    fn a_question_waits_a_second_for_a_connection_and_no_longer() {
        let temporary = tempfile::tempdir().unwrap();
        let (_writer, reader) = filled(temporary.path());
        let taken = (reader.connection().unwrap(), reader.connection().unwrap());
        let start = Instant::now();
        assert_eq!(reader.credential_of(ANA), Err(ReadError::Busy));
        assert!(start.elapsed() < 20 * WAIT_MAX);
        drop(taken);
        assert!(reader.credential_of(ANA).unwrap().is_some());
    }

    #[test]
    fn a_clients_thread_has_stack_enough_to_read() {
        let temporary = tempfile::tempdir().unwrap();
        let (_writer, reader) = filled(temporary.path());
        let read = move || reader.page(&range(TEA, 1, 40)).unwrap().len();
        let thread = thread::Builder::new().stack_size(64 << 10).spawn(read).unwrap();
        assert_eq!(thread.join().unwrap(), 40);
    }
}
