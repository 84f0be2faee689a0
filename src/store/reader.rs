//! Reads of client threads beside the writer: credentials and pages of history.

use std::path::{Path, PathBuf};
use std::time::Duration;

use r2d2::{Pool, PooledConnection};
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Params, Row};

use super::error::{OpenError, ReadError, is_damage};
use super::query::query;
use super::value::{DAMAGED, count, number, text};
use super::{READ_ONLY, set_up};
use crate::chat::{
    AccountId, GrantedRange, Message, MessageKind, Name, PasswordHash, SYSTEM, Seq, ShownRoom, Text, Timestamp,
};

/// How long a query waits for a free connection.
const WAIT_MAX: Duration = Duration::from_secs(1);
/// How long a query waits for the lock of another program that lets nobody read, such as `PRAGMA journal_mode`.
const BUSY_MAX: Duration = Duration::from_secs(1);

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
            set_up(connection, BUSY_MAX)?;
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
    /// and `system` for the server itself. A damaged message is shown as far as it can be read, and marked; the others
    /// are not affected.
    pub fn page(&self, range: &GrantedRange) -> Result<Vec<Message>, ReadError> {
        let connection = self.connection()?;
        let mut damaged = 0;
        let page = match read(&connection, range, range.from, range.to, &mut damaged) {
            Err(error) if is_damage(&error) => {
                // A page of the database is damaged, so the messages are looked up one by one.
                let mut page = Vec::new();
                for seq in range.from..=range.to.min(range.last) {
                    match read(&connection, range, seq, seq, &mut damaged) {
                        Ok(mut message) => page.append(&mut message),
                        Err(error) if is_damage(&error) => {
                            damaged += 1;
                            page.push(unreadable(range, seq));
                        }
                        Err(error) => return Err(self.failed(error)),
                    }
                }
                page
            }
            page => page.map_err(|error| self.failed(error))?,
        };
        if damaged > 0 {
            let (from, to) = (range.from, range.to);
            log::warn!("messages are damaged room={} from={from} to={to} damaged={damaged}", range.room.id);
        }
        Ok(page)
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
        if let Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) = error.sqlite_error_code() {
            return ReadError::Busy;
        }
        ReadError::Failed(format!("cannot read {}: {error}", self.path.display()))
    }
}

/// The messages `from` to `to` of the room of `range`. Adds the number of damaged ones to `damaged`.
fn read(
    connection: &Connection,
    range: &GrantedRange,
    from: Seq,
    to: Seq,
    damaged: &mut u32,
) -> rusqlite::Result<Vec<Message>> {
    let read = |row: &Row<'_>| {
        let (message, is_sound) = message(row, &range.room)?;
        *damaged += u32::from(!is_sound);
        Ok(message)
    };
    connection.prepare_cached(query!("page"))?.query_map((range.room.id, number(from), number(to)), read)?.collect()
}

/// What is shown in place of a message of which nothing can be read.
fn unreadable(range: &GrantedRange, seq: Seq) -> Message {
    let author = Name::parse("ghost").expect("it is a name");
    let (room, text) = (range.room.clone(), Text::from(DAMAGED));
    Message { room, seq, at: Timestamp::default(), author, kind: MessageKind::Speech, program: false, text }
}

/// A row of the query `page`, and whether it is as it was written.
pub(super) fn message(row: &Row<'_>, room: &ShownRoom) -> rusqlite::Result<(Message, bool)> {
    let seq = count(row, 0)?;
    let (at, author, name, kind) = (row.get(1), row.get(2), row.get(3), row.get(4));
    let (program, (text, is_text)) = (row.get(6), text(row, 5)?);
    let is_sound = is_text && at.is_ok() && author.is_ok() && name.is_ok() && kind.is_ok() && program.is_ok();
    let known: Option<Name> = name.unwrap_or_default();
    let author = known.unwrap_or_else(|| {
        let is_system = author.is_ok_and(|author: AccountId| author == SYSTEM);
        Name::parse(if is_system { "system" } else { "ghost" }).expect("both are names")
    });
    let (at, kind) = (at.unwrap_or_default(), kind.unwrap_or(MessageKind::Speech));
    let program = program.unwrap_or_default();
    Ok((Message { room: room.clone(), seq, at, author, kind, program, text }, is_sound))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::os::unix::fs::FileExt;
    use std::thread;
    use std::time::Instant;

    use super::super::tests::sample::{ANA, BOB, NOW, TEA, filled, name, range, said};
    use super::super::{DATABASE, Store};
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
        assert!(page.iter().all(|message| *message.room == RoomLabel::Room(name("tea"))));
        assert_eq!(reader.page(&range(TEA, 0, 0)).unwrap(), []);
        assert_eq!(reader.page(&range(TEA, 9, 8)).unwrap(), []);
    }

    #[test]
    fn a_damaged_message_is_marked_and_those_around_it_are_read() {
        let temporary = tempfile::tempdir().unwrap();
        let (_writer, reader) = filled(temporary.path());
        let check = |change: &str, text: &str, author: &str| {
            let other = rusqlite::Connection::open(temporary.path().join(DATABASE)).unwrap();
            other.pragma_update(None, "ignore_check_constraints", true).unwrap();
            let long = rusqlite::types::Value::Blob(vec![b'x'; 100_000]);
            other.execute("UPDATE message SET body = 'fine', kind = 0, at = 5, author = 2 WHERE seq = 20", []).unwrap();
            let sql = format!("UPDATE message SET {change} WHERE room = 2 AND seq = 20");
            let mut update = other.prepare(&sql).unwrap();
            if update.parameter_count() == 1 {
                update.execute([long]).unwrap()
            } else {
                update.execute([]).unwrap()
            };
            let page = reader.page(&range(TEA, 18, 22)).unwrap();
            assert_eq!(page.iter().map(|message| message.seq).collect::<Vec<_>>(), [18, 19, 20, 21, 22], "{change}");
            let found = &page[2];
            assert!(found.text.as_str().ends_with(text) && found.text.len() < 70_000, "{change}: {found:?}");
            assert_eq!(found.author.as_str(), author, "{change}");
            assert!(page[1].text.as_str().starts_with("message 19"), "{change}");
        };
        check("body = CAST(x'6162ff63' AS TEXT)", "ab\u{FFFD}c [damaged]", "Ana");
        check("body = CAST(x'ff' AS TEXT)", "\u{FFFD} [damaged]", "Ana");
        check("body = CAST(?1 AS TEXT)", "x [damaged]", "Ana");
        check("kind = 7", "fine", "Ana");
        check("at = -9223372036854775808", "fine", "Ana");
        check("author = 99", "fine", "ghost");
    }

    #[test]
    fn a_damaged_page_of_the_database_costs_its_messages_only() {
        let temporary = tempfile::tempdir().unwrap();
        let (mut writer, reader) = filled(temporary.path());
        (41..=400).for_each(|seq| writer.commit(&[said(TEA, seq, ANA)]).unwrap());
        drop(reader);
        writer.close().unwrap();
        let path = temporary.path().join(DATABASE);
        let (before, text) = (fs::read(&path).unwrap(), b"message 200 of an ordinary length");
        let at = before.windows(text.len()).position(|bytes| bytes == text).unwrap() / 4096 * 4096;
        File::options().write(true).open(&path).unwrap().write_all_at(&[0xff; 200], at as u64).unwrap();
        let reader = Reader::open(&path, 1).unwrap();
        let mut range = range(TEA, 1, u64::MAX);
        range.last = 400;
        let page = reader.page(&range).unwrap();
        assert_eq!(page.iter().map(|message| message.seq).collect::<Vec<_>>(), (1..=400).collect::<Vec<_>>());
        let damaged = page.iter().filter(|message| message.text.as_str() == "[damaged]").count();
        assert!((1..200).contains(&damaged), "{damaged}");
        assert_eq!(page[199].text.as_str(), "[damaged]");
    }

    #[test]
    fn only_a_busy_store_is_called_busy() {
        let temporary = tempfile::tempdir().unwrap();
        let (_writer, reader) = filled(temporary.path());
        let failed = |code| reader.failed(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None));
        assert_eq!(failed(rusqlite::ffi::SQLITE_BUSY), ReadError::Busy);
        assert!(matches!(failed(rusqlite::ffi::SQLITE_IOERR), ReadError::Failed(_)));
        assert!(matches!(failed(rusqlite::ffi::SQLITE_CORRUPT), ReadError::Failed(_)));
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
