//! The one connection that writes.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, params};

use super::error::{CommitError, OpenError, StoreError};
use super::folder::Folder;
use super::place::Place;
use super::query::query;
use super::value::count;
use super::wal::{self, Mark};
use super::{READ_WRITE, Store, check, load, record, schema, set_up};
use crate::chat::{AccountId, KeyedMessage, Record, SendKey, Snapshot};

/// The log is copied into the database when it has grown by this many pages, which are 4 MiB.
const CHECKPOINT_PAGES: i64 = 1024;
/// The size of the log is checked when it may have grown by this many pages.
const SIZE_CHECK_PAGES: usize = 256;
/// Pages that a commit changes besides those of its records.
const COMMIT_PAGES: usize = 4;
/// The capacity of the statement cache. There are fewer statements, so each is prepared once.
const STATEMENTS: usize = 64;
/// How many rows of a deleted room one statement removes.
const REMOVED_AT_ONCE: i64 = 100;
/// How long rows of a deleted room are removed in one transaction, which delays everybody: it ends with the statement that
/// exceeds this.
const REMOVING: Duration = Duration::from_millis(2);
/// How long a turn waits for the lock of another program that writes, once: nobody is answered meanwhile. If that is not
/// enough, turns do not wait at all until one is stored again.
const LOCK_WAIT: Duration = Duration::from_millis(100);
/// How long starting waits for other programs.
const START_WAIT: Duration = Duration::from_millis(500);
/// How long closing removes messages of deleted rooms.
const ERASE_MAX: Duration = Duration::from_millis(500);
/// How long each step of closing waits for readers and other programs.
const CLOSE_WAIT: Duration = Duration::from_millis(200);

/// Stores what the chat decides. A store has one writer; dropping it without [`close`](Writer::close) loses nothing.
#[derive(Debug)]
pub struct Writer {
    connection: Connection,
    mark: Mark,
    /// Locked until the connection is closed.
    place: Place,
    folder: Folder,
    /// The fatal error after which nothing is written any more.
    broken: Option<String>,
    /// The length of the log, in pages, at which the next checkpoint is due. It is above 0 after a checkpoint that a
    /// reader held up.
    checkpoint_from: i64,
    /// Pages written since the size of the log was last checked, at most.
    pages_unchecked: usize,
    /// Another program held the lock when it was last needed.
    is_locked: bool,
}

impl Writer {
    /// Opens a store that was checked, and migrates it to the newest schema.
    pub(super) fn open(folder: &Folder, mut place: Place) -> Result<Writer, OpenError> {
        let path = folder.files().database().to_owned();
        let failed = |error: rusqlite::Error| OpenError::cannot("open store", &path, error);
        let mut connection = Connection::open_with_flags(&path, READ_WRITE).map_err(failed)?;
        set_up(&connection, START_WAIT).map_err(failed)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        let files = folder.files();
        let cannot_mark = |error| OpenError::cannot("mark as running", folder.path(), error);
        // The first read opens the log. From here on there may be something in it.
        connection.pragma_query_value(None, "schema_version", |_| Ok(())).map_err(failed)?;
        let mut mark = Mark::create(files).map_err(cannot_mark)?;
        schema::keep_old(&connection, folder).map_err(|error| OpenError::cannot("keep a copy of", &path, error))?;
        schema::migrate(&mut connection).map_err(|error| OpenError::cannot("bring up to date", &path, error))?;
        check::check_state(&connection, &path)?;
        // After a migration, so that a program that only reads the file's header finds the schema's new number.
        match checkpoint(&connection, "TRUNCATE") {
            Err(error) => match CommitError::of("checkpoint", &path, &error) {
                CommitError::Refused(text) => log::warn!("{text}"),
                CommitError::Fatal(text) => return Err(OpenError::Unusable(text)),
            },
            Ok(state) if state.is_all_copied() => {}
            Ok(_) => log::warn!("another program reads the store, the log is kept path={}", path.display()),
        }
        connection.busy_timeout(LOCK_WAIT).map_err(failed)?;
        place.expect_log(files).map_err(|error| OpenError::cannot("find the log of", &path, error))?;
        let token = match sign(&connection) {
            Ok(token) => token,
            Err(error) => match CommitError::of("store in", &path, &error) {
                // The mark says less, and a full disk does not prevent a start.
                CommitError::Refused(text) => {
                    log::warn!("{text}");
                    if !connection.is_autocommit() {
                        connection.execute_batch("ROLLBACK").map_err(failed)?;
                    }
                    None
                }
                CommitError::Fatal(text) => return Err(OpenError::Unusable(text)),
            },
        };
        mark.complete(files, token).map_err(cannot_mark)?;
        Ok(Writer {
            connection,
            mark,
            place,
            folder: folder.clone(),
            broken: None,
            checkpoint_from: 0,
            pages_unchecked: 0,
            is_locked: false,
        })
    }

    /// Brings everything into the one file `chat.db` and closes it. The log is kept where a disk is full or another
    /// program reads the store, and the next start recovers it. That program may also copy and remove the log once the
    /// server is gone; the next start recognises this.
    pub fn close(mut self) -> Result<(), StoreError> {
        let path = self.database();
        // SQLite would copy the log into a file that nobody finds, and remove another store's log.
        let _ = self.check_place();
        if let Some(why) = &self.broken {
            return Err(StoreError::Failed(why.clone()));
        }
        let failed = |error: rusqlite::Error| StoreError::of("close", &path, &error);
        self.connection.busy_timeout(if self.is_locked { Duration::ZERO } else { CLOSE_WAIT }).map_err(failed)?;
        // Such as a full disk. The log is whole, so the server can stop.
        let keep_log = |error: &rusqlite::Error| match CommitError::of("close", &path, error) {
            CommitError::Refused(text) => {
                log::warn!("{text}; the log is kept");
                Ok(())
            }
            CommitError::Fatal(text) => Err(StoreError::Failed(text)),
        };
        let cannot_mark = |error| StoreError::Failed(format!("cannot mark {}: {error}", path.display()));
        let files = self.folder.files().clone();
        // What was deleted just now is to be gone from the file. The rest is left to the next start.
        let start = Instant::now();
        while start.elapsed() < ERASE_MAX {
            match self.remove_some() {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    let error = CommitError::of("remove messages in", &path, &error);
                    match self.roll_back(error) {
                        CommitError::Refused(_) => break,
                        CommitError::Fatal(text) => return Err(StoreError::Failed(text)),
                    }
                }
            }
        }
        match checkpoint(&self.connection, "PASSIVE") {
            Ok(state) if state.is_all_copied() => self.mark.allow_empty(&files).map_err(cannot_mark)?,
            Ok(_) => {}
            Err(error) => return keep_log(&error),
        }
        let state = match checkpoint(&self.connection, "TRUNCATE") {
            Ok(state) => state,
            Err(error) => return keep_log(&error),
        };
        if state.is_all_copied() && !state.is_busy {
            wal::unmark(&files).map_err(cannot_mark)?;
            // The log is empty, so SQLite may remove it.
            self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false).map_err(failed)?;
            return self.connection.close().map_err(|(_, error)| failed(error));
        }
        // The token that the database has once it has everything.
        let token = match self.mark.token().filter(|_| state.is_all_copied()) {
            Some(token) => {
                log::info!("another program has the store open, the log is left to it path={}", path.display());
                Ok(token)
            }
            None => {
                log::warn!(
                    "another program reads an older state of the store, the log is kept path={}",
                    path.display()
                );
                self.in_transaction(new_token)
            }
        };
        match token {
            Ok(token) => self.mark.stopped(&files, token).map_err(cannot_mark),
            Err(error) => keep_log(&error),
        }
    }

    /// Removes some of what a deleted room has. Returns whether there was such a room.
    pub(super) fn remove_some(&mut self) -> rusqlite::Result<bool> {
        let query = query!("load_deleted_room");
        let room: Option<i64> = self.connection.prepare_cached(query)?.query_row([], |row| row.get(0)).optional()?;
        let Some(room) = room else { return Ok(false) };
        let start = Instant::now();
        self.in_transaction(|connection| {
            let parts = [
                query!("mentions_removed"),
                query!("members_removed"),
                query!("bans_removed"),
                query!("messages_removed"),
            ];
            for part in parts {
                let mut remove = connection.prepare_cached(part)?;
                while remove.execute(params![room, REMOVED_AT_ONCE])? > 0 {
                    if start.elapsed() >= REMOVING {
                        return Ok(true);
                    }
                }
            }
            connection.execute(query!("room_removed"), [room])?;
            connection.execute(query!("deleted_room_done"), [room])?;
            Ok(true)
        })
    }

    /// Runs `work` in a transaction. If it fails, the caller must roll back.
    fn in_transaction<T>(&mut self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        // A rusqlite `Transaction` would parse these two statements in every turn.
        let begun = self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([]);
        let is_locked = matches!(&begun, Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy));
        if is_locked != self.is_locked {
            self.connection.busy_timeout(if is_locked { Duration::ZERO } else { LOCK_WAIT })?;
            self.is_locked = is_locked;
        }
        begun?;
        let done = work(&self.connection)?;
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(done)
    }

    /// Ends a failed transaction, and remembers a fatal error.
    fn roll_back(&mut self, error: CommitError) -> CommitError {
        let error = match error {
            CommitError::Refused(text) if !self.connection.is_autocommit() => {
                match self.connection.execute_batch("ROLLBACK") {
                    Ok(()) => CommitError::Refused(text),
                    Err(second) => CommitError::Fatal(format!("{text}; cannot roll back: {second}")),
                }
            }
            error => error,
        };
        if let CommitError::Fatal(why) = &error {
            self.broken = Some(why.clone());
        }
        error
    }

    /// Copies the log into the database if it is long, without waiting for readers. If that fails, the log only stays
    /// long, except after a failed sync, which makes the next commit fail.
    fn checkpoint_if_due(&mut self) {
        let state = checkpoint(&self.connection, "NOOP").and_then(|state| {
            if state.left() < CHECKPOINT_PAGES || state.pages < self.checkpoint_from {
                return Ok(None);
            }
            checkpoint(&self.connection, "PASSIVE").map(Some)
        });
        match state {
            Ok(None) => {}
            Ok(Some(state)) if state.left() == 0 => self.checkpoint_from = 0,
            Ok(Some(state)) => self.checkpoint_from = state.pages + CHECKPOINT_PAGES,
            Err(error) => match CommitError::of("checkpoint", &self.database(), &error) {
                CommitError::Refused(text) => {
                    log::warn!("{text}");
                    self.checkpoint_from += CHECKPOINT_PAGES;
                }
                CommitError::Fatal(text) => {
                    log::error!("{text}");
                    self.broken = Some(text);
                }
            },
        }
    }

    /// Checks that what is written is written to the store at its path. If not, nothing is written any more.
    fn check_place(&mut self) -> Result<(), CommitError> {
        self.place.check().map_err(|why| {
            self.broken = Some(why.clone());
            CommitError::Fatal(why)
        })
    }

    fn database(&self) -> PathBuf {
        self.folder.files().database().to_owned()
    }

    /// All that is committed except the messages: what a chat is loaded from.
    pub fn load(&mut self) -> Result<Snapshot, StoreError> {
        load::snapshot(&self.connection).map_err(|error| StoreError::of("load", &self.database(), &error))
    }
}

impl Store for Writer {
    fn keyed(&self, account: AccountId, key: &SendKey) -> Result<Vec<KeyedMessage>, StoreError> {
        let query = query!("keyed");
        let read = |row: &Row<'_>| Ok(KeyedMessage { room: row.get(0)?, seq: count(row, 1)?, at: row.get(2)? });
        let found = self.connection.prepare_cached(query).and_then(|mut keyed| {
            let rows = keyed.query_map(params![account, key], read)?;
            rows.collect()
        });
        found.map_err(|error| StoreError::of("look into", &self.database(), &error))
    }

    fn commit(&mut self, records: &[Record]) -> Result<(), CommitError> {
        if let Some(why) = &self.broken {
            return Err(CommitError::Fatal(why.clone()));
        }
        if records.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.in_transaction(|connection| record::apply_all(connection, records)) {
            let error = CommitError::of("store in", &self.database(), &error);
            return Err(self.roll_back(error));
        }
        // Each record may change one page, and the commit changes a few more.
        self.pages_unchecked += records.len() + COMMIT_PAGES;
        // Without it the next start only knows less about the log.
        if let Err(error) = self.mark.follow() {
            log::debug!("cannot record the state of the log error={error}");
        }
        self.check_place()
    }

    fn checkpoint(&mut self) {
        // Checking the size costs as much as storing several messages, so not every commit is followed by a check.
        if self.broken.is_none() && self.pages_unchecked >= SIZE_CHECK_PAGES {
            self.pages_unchecked = 0;
            self.checkpoint_if_due();
        }
    }

    fn maintain(&mut self) -> Result<(), CommitError> {
        if let Some(why) = &self.broken {
            return Err(CommitError::Fatal(why.clone()));
        }
        self.check_place()?;
        if let Err(error) = self.mark.restore(self.folder.files()) {
            log::warn!("cannot mark the store as in use error={error}");
        }
        match self.remove_some() {
            Ok(false) => {}
            Ok(true) => {
                self.pages_unchecked += SIZE_CHECK_PAGES;
                self.checkpoint();
            }
            Err(error) => {
                let error = CommitError::of("remove a deleted room from", &self.database(), &error);
                match self.roll_back(error) {
                    CommitError::Refused(text) => log::warn!("{text}; this will be tried again"),
                    fatal => return Err(fatal),
                }
            }
        }
        Ok(())
    }
}

/// Begins the log with a token that the database has too, so that it shows which database the log belongs to. Returns
/// `None` if another program prevents that.
fn sign(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    // Begun and committed explicitly: the commit of a statement that returns a row fails without an error.
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let token = new_token(connection)?;
    connection.execute_batch("COMMIT")?;
    let state = checkpoint(connection, "PASSIVE")?;
    Ok((state.pages > 0 && state.is_all_copied()).then_some(token))
}

fn new_token(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached(query!("stopped"))?.query_row([], |row| row.get(0))
}

/// How much of the log is copied into the database.
struct Checkpoint {
    is_busy: bool,
    /// How many pages the log has; -1 if another process makes a checkpoint just then.
    pages: i64,
    /// How many of them are in the database; -1 likewise.
    copied: i64,
}

impl Checkpoint {
    fn left(&self) -> i64 {
        self.pages - self.copied
    }

    /// Whether the database is known to have everything that the log has.
    fn is_all_copied(&self) -> bool {
        self.pages >= 0 && self.left() == 0
    }
}

fn checkpoint(connection: &Connection, how: &str) -> rusqlite::Result<Checkpoint> {
    let mut statement = connection.prepare_cached(&format!("PRAGMA wal_checkpoint({how})"))?;
    statement.query_row([], |row| Ok(Checkpoint { is_busy: row.get(0)?, pages: row.get(1)?, copied: row.get(2)? }))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::super::tests::sample::{ANA, NOW, TEA, account, copied, filled, opened, range, said};
    use super::super::{DATABASE, open};
    use super::*;
    use crate::chat::{AccountId, PasswordHash, Text};

    fn names(path: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn all_is_stored_or_nothing() {
        let temporary = tempfile::tempdir().unwrap();
        let (mut writer, reader) = filled(temporary.path());
        let before = writer.load().unwrap();
        let batch = [account(AccountId(9), "cho"), said(TEA, 41, ANA), said(TEA, 42, ANA), said(TEA, 41, ANA)];
        for _ in 0..3 {
            let error = writer.commit(&batch).unwrap_err();
            assert!(matches!(&error, CommitError::Refused(text) if text.starts_with("cannot store in /")), "{error}");
            assert_eq!(writer.load().unwrap(), before);
            assert_eq!(reader.page(&range(TEA, 41, 99)).unwrap(), []);
        }
        writer.commit(&batch[..3]).unwrap();
        assert_eq!(reader.page(&range(TEA, 41, 99)).unwrap().len(), 2);
    }

    #[test]
    fn a_full_store_goes_on_when_there_is_room_again() {
        let temporary = tempfile::tempdir().unwrap();
        let (mut writer, reader) = filled(temporary.path());
        let before = writer.load().unwrap();
        let pages: i64 = writer.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        writer.connection.execute_batch(&format!("PRAGMA max_page_count = {}", pages + 3)).unwrap();
        let batch: Vec<_> = (41..2000).map(|seq| said(TEA, seq, ANA)).collect();
        let error = writer.commit(&batch).unwrap_err();
        assert!(matches!(&error, CommitError::Refused(text) if text.ends_with("is full")), "{error}");
        assert_eq!(writer.load().unwrap(), before);
        writer.connection.execute_batch("PRAGMA max_page_count = 100000").unwrap();
        writer.commit(&batch).unwrap();
        assert_eq!(reader.page(&range(TEA, 1, 5000)).unwrap().len(), 1999);
    }

    #[test]
    fn a_store_that_another_program_has_locked_goes_on_afterwards() {
        let temporary = tempfile::tempdir().unwrap();
        let (mut writer, _reader) = filled(temporary.path());
        let other = Connection::open(temporary.path().join(DATABASE)).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let wait = |writer: &Writer| -> i64 {
            writer.connection.pragma_query_value(None, "busy_timeout", |row| row.get(0)).unwrap()
        };
        assert_eq!(u128::try_from(wait(&writer)).unwrap(), LOCK_WAIT.as_millis());
        for _ in 0..3 {
            let error = writer.commit(&[said(TEA, 41, ANA)]).unwrap_err();
            assert!(matches!(&error, CommitError::Refused(text) if text.ends_with("is locked")), "{error}");
            assert_eq!(wait(&writer), 0, "it is not waited for twice");
        }
        writer.maintain().unwrap();
        other.execute_batch("ROLLBACK").unwrap();
        writer.commit(&[said(TEA, 41, ANA)]).unwrap();
        assert_eq!(u128::try_from(wait(&writer)).unwrap(), LOCK_WAIT.as_millis());
    }

    #[test]
    fn a_store_that_another_program_has_locked_closes_and_opens_again() {
        let temporary = tempfile::tempdir().unwrap();
        let (mut writer, _reader) = filled(temporary.path());
        let other = Connection::open(temporary.path().join(DATABASE)).unwrap();
        other.execute_batch("BEGIN IMMEDIATE; UPDATE account SET operator = 1 WHERE id = 2").unwrap();
        writer.commit(&[said(TEA, 41, ANA)]).unwrap_err();
        writer.close().unwrap();
        let killed = copied(temporary.path());
        assert_eq!(opened(killed.path()).1.page(&range(TEA, 1, 99)).unwrap().len(), 40);
        // What the other program commits is not taken for damage.
        other.execute_batch("COMMIT").unwrap();
        let killed = copied(temporary.path());
        assert!(opened(killed.path()).0.load().unwrap().accounts[1].operator);
        drop(other);
        assert!(opened(temporary.path()).0.load().unwrap().accounts[1].operator);
    }

    #[test]
    fn nothing_is_stored_after_a_fatal_error() {
        let temporary = tempfile::tempdir().unwrap();
        let (mut writer, _reader) = filled(temporary.path());
        let error = writer.roll_back(CommitError::Fatal("cannot sync".to_owned()));
        assert_eq!(writer.commit(&[said(TEA, 41, ANA)]), Err(error.clone()));
        assert_eq!(writer.commit(&[]), Err(error));
        assert!(writer.close().is_err());
        assert!(names(temporary.path()).contains(&wal::MARK.to_owned()));
    }

    #[test]
    fn the_log_stays_short_and_a_reader_does_not_hold_up_commits() {
        let temporary = tempfile::tempdir().unwrap();
        let (mut writer, _reader) = filled(temporary.path());
        let log = temporary.path().join("chat.db-wal");
        let text = Text::from("x".repeat(4000).as_str());
        let mut seq = 40;
        let mut say = |writer: &mut Writer, count: u64| {
            for _ in 0..count {
                seq += 1;
                let Record::MessageSaid { room, at, author, kind, .. } = said(TEA, seq, ANA) else { unreachable!() };
                writer
                    .commit(&[Record::MessageSaid {
                        room,
                        seq,
                        at,
                        author,
                        kind,
                        program: false,
                        text: text.clone(),
                        key: None,
                    }])
                    .unwrap();
                writer.checkpoint();
            }
        };
        say(&mut writer, 3000);
        assert!(fs::metadata(&log).unwrap().len() < 6 << 20, "{log:?}");
        let other = Connection::open(temporary.path().join(DATABASE)).unwrap();
        other.execute_batch("BEGIN; SELECT count(*) FROM room;").unwrap();
        say(&mut writer, 3000);
        assert!(fs::metadata(&log).unwrap().len() > 12 << 20);
        assert!(writer.checkpoint_from > 0);
        other.execute_batch("COMMIT").unwrap();
        say(&mut writer, 2000);
        let state = checkpoint(&writer.connection, "NOOP").unwrap();
        assert!(state.pages < 3 * CHECKPOINT_PAGES, "{} pages", state.pages);
        drop(other);
        writer.close().unwrap();
    }

    #[test]
    fn a_closed_store_is_all_in_one_file() {
        let temporary = tempfile::tempdir().unwrap();
        let (mut writer, reader) = filled(temporary.path());
        let before = writer.load().unwrap();
        drop(reader);
        writer.close().unwrap();
        // A thread of the pool may hold a connection for a moment longer than the pool. The log then stays, but empty.
        let rest = names(temporary.path()).into_iter().filter(|name| !name.ends_with("-shm"));
        let is_empty = |name: &String| fs::metadata(temporary.path().join(name)).unwrap().len() == 0;
        assert_eq!(rest.filter(|name| !is_empty(name)).collect::<Vec<_>>(), [DATABASE]);
        let (mut writer, _reader) = opened(temporary.path());
        assert_eq!(writer.load().unwrap(), before);
    }

    #[test]
    fn what_is_deleted_is_not_in_the_file_any_more() {
        let temporary = tempfile::tempdir().unwrap();
        let (mut writer, reader) = filled(temporary.path());
        let hash = |word: &str| PasswordHash(word.into());
        writer.commit(&[Record::PasswordSet { id: ANA, hash: hash("old-secret-of-ana"), version: 2 }]).unwrap();
        let say = |seq, room| {
            let Record::MessageSaid { at, author, kind, .. } = said(room, seq, ANA) else { unreachable!() };
            let text = Text::from(format!("the surprise {seq} {}", "x".repeat(700)).as_str());
            Record::MessageSaid { room, seq, at, author, kind, program: false, text, key: None }
        };
        (41..200).for_each(|seq| writer.commit(&[say(seq, TEA)]).unwrap());
        checkpoint(&writer.connection, "PASSIVE").unwrap();
        let records = [
            Record::PasswordSet { id: ANA, hash: hash("new"), version: 3 },
            Record::TopicSet { id: TEA, topic: Some((Text::from("the surprise"), ANA, NOW)) },
            Record::TopicSet { id: TEA, topic: None },
            Record::RoomDeleted { id: TEA },
        ];
        writer.commit(&records).unwrap();
        drop(reader);
        // Nothing was removed meanwhile: a stop does it.
        writer.close().unwrap();
        let file = fs::read(temporary.path().join(DATABASE)).unwrap();
        let has = |word: &str| file.windows(word.len()).any(|bytes| bytes == word.as_bytes());
        assert!(has("message 2 of an ordinary length"), "of another room");
        assert!(!has("the surprise") && !has("old-secret-of-ana") && !has("message 30 of an ordinary"));
    }

    #[test]
    fn a_store_closes_beside_readers_and_opens_again() {
        let temporary = tempfile::tempdir().unwrap();
        let (writer, reader) = filled(temporary.path());
        writer.close().unwrap();
        assert_eq!(reader.page(&range(TEA, 1, 40)).unwrap().len(), 40);
        drop(reader);
        let (writer, _reader) = opened(temporary.path());
        let other = Connection::open(temporary.path().join(DATABASE)).unwrap();
        other.execute_batch("BEGIN; SELECT count(*) FROM room;").unwrap();
        let start = Instant::now();
        writer.close().unwrap();
        assert!(start.elapsed() < 100 * CLOSE_WAIT);
        // The other program still reads while the next server starts.
        opened(temporary.path());
        drop(other);
    }

    /// A writer without a pool of readers, and another program's connection that has read the store in a transaction.
    fn beside_another_program(path: &Path) -> (Writer, Connection) {
        filled(path).0.close().unwrap();
        let other = Connection::open(path.join(DATABASE)).unwrap();
        let folder = Folder::open(path).unwrap();
        let writer = Writer::open(&folder, Place::lock(&folder).unwrap()).unwrap();
        other.execute_batch("BEGIN; SELECT count(*) FROM message;").unwrap();
        (writer, other)
    }

    #[test]
    fn another_program_that_copies_the_log_after_a_stop_does_not_keep_the_next_start_from_opening() {
        let check = |before: u64, after: u64, end: &str| {
            let temporary = tempfile::tempdir().unwrap();
            let (mut writer, other) = beside_another_program(temporary.path());
            for seq in 41..41 + before {
                writer.commit(&[said(TEA, seq, ANA)]).unwrap();
            }
            // From here on it reads the newest state.
            other.execute_batch("ROLLBACK; BEGIN; SELECT count(*) FROM message;").unwrap();
            for seq in 41 + before..41 + before + after {
                writer.commit(&[said(TEA, seq, ANA)]).unwrap();
            }
            writer.close().unwrap();
            other.execute_batch(end).unwrap();
            drop(other);
            assert!(!temporary.path().join("chat.db-wal").exists(), "the other program has removed it");
            let (_writer, reader) = opened(temporary.path());
            assert_eq!(reader.page(&range(TEA, 1, 999)).unwrap().len() as u64, 40 + before + after, "{end}");
        };
        for end in ["ROLLBACK", "ROLLBACK; BEGIN IMMEDIATE; UPDATE account SET operator = 1 WHERE id = 2; COMMIT"] {
            check(0, 0, end);
            check(3, 0, end);
            check(0, 3, end);
            check(3, 300, end);
        }
    }

    #[test]
    fn a_log_that_is_removed_before_it_was_copied_is_missed_after_a_stop_too() {
        let temporary = tempfile::tempdir().unwrap();
        let (mut writer, _other) = beside_another_program(temporary.path());
        writer.commit(&[said(TEA, 41, ANA)]).unwrap();
        writer.close().unwrap();
        let copy = copied(temporary.path());
        fs::remove_file(copy.path().join("chat.db-wal")).unwrap();
        let refused = open(&Folder::open(copy.path()).unwrap(), 1).unwrap_err().to_string();
        assert!(refused.contains("chat.db-wal is missing"), "{refused}");
    }

    #[test]
    fn a_writer_that_is_dropped_loses_nothing() {
        let temporary = tempfile::tempdir().unwrap();
        let (mut writer, reader) = filled(temporary.path());
        let before = writer.load().unwrap();
        drop((writer, reader));
        assert!(names(temporary.path()).contains(&wal::MARK.to_owned()));
        let (mut writer, _reader) = opened(temporary.path());
        assert_eq!(writer.load().unwrap(), before);
    }

    #[test]
    fn a_writer_keeps_the_folder_locked() {
        let temporary = tempfile::tempdir().unwrap();
        let (writer, _reader) = filled(temporary.path());
        assert!(matches!(Folder::open(temporary.path()), Err(OpenError::InUse(_))));
        writer.close().unwrap();
        Folder::open(temporary.path()).unwrap();
    }
}
