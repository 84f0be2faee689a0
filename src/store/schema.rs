//! The schema: its migrations, and the creation of a new store.
//!
//! A released migration never changes; a new one is a new file. SQLite's `user_version` counts those applied to a
//! store.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

use super::error::OpenError;
use super::folder::Folder;
use super::{DATABASE, FILE_MODE, READ_WRITE};

/// `CHAT` in ASCII, which the first migration writes.
pub(super) const APPLICATION_ID: u32 = 0x4348_4154;
/// The names under which a new store is built. A first start that was killed leaves some of them and no store.
pub(super) const UNFINISHED: [&str; 4] = ["chat.db.new", "chat.db.new-journal", "chat.db.new-wal", "chat.db.new-shm"];

const STEPS: &[M<'_>] = &[
    M::up(include_str!("../../sql/migrations/0001_first.sql")),
    M::up(include_str!("../../sql/migrations/0002_programs.sql")),
    M::up(include_str!("../../sql/migrations/0003_read_marks.sql")),
    M::up(include_str!("../../sql/migrations/0004_identity.sql")),
];
const MIGRATIONS: Migrations<'_> = Migrations::from_slice(STEPS);

/// The number of the newest schema this server knows.
pub(super) fn latest() -> u32 {
    u32::try_from(STEPS.len()).expect("there are few migrations")
}

/// Copies a store of an older schema to `chat.db.schema-N` and syncs the copy, so that an operator can go back to the
/// older server. Called before anything is changed. Does nothing for a store of the newest schema.
pub(super) fn keep_old(connection: &Connection, folder: &Folder) -> io::Result<()> {
    let version: u32 =
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(io::Error::other)?;
    if version == latest() {
        return Ok(());
    }
    let kept = folder.file(&format!("{DATABASE}.schema-{version}"));
    let unfinished = folder.file(&format!("{DATABASE}.schema-{version}.new"));
    let journal = folder.file(&format!("{DATABASE}.schema-{version}.new-journal"));
    // A start that was killed may have left it, perhaps before much of what the store has now.
    remove(&unfinished)?;
    let copied = copy(connection, &unfinished).and_then(|()| put_in_place(folder, &unfinished, &kept));
    if copied.is_err() {
        // An incomplete copy would keep a full disk full.
        let _ = remove(&unfinished).and_then(|()| remove(&journal));
    }
    copied?;
    log::info!("kept a copy of the store before migrating it path={}", kept.display());
    Ok(())
}

/// Copies a store and what is in its log.
fn copy(connection: &Connection, to: &Path) -> io::Result<()> {
    create(to)?;
    let text = to.to_str().ok_or_else(|| io::Error::other("its path is not UTF-8"))?;
    connection.execute("VACUUM INTO ?1", [text]).map_err(io::Error::other)?;
    let copy = Connection::open_with_flags(to, READ_WRITE).map_err(io::Error::other)?;
    use_log(&copy)?;
    copy.close().map_err(|(_, error)| io::Error::other(error))
}

/// Migrates a store to the newest schema, in one transaction.
pub(super) fn migrate(connection: &mut Connection) -> io::Result<()> {
    MIGRATIONS.to_latest(connection).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => io::Error::other(err),
        other => io::Error::other(other),
    })
}

/// The first table or index of schema `version` whose definition in the store is missing or differs; `None` if there is
/// none. Other tables and indexes are allowed: an operator may have added them.
pub(super) fn missing(connection: &Connection, version: u32) -> rusqlite::Result<Option<String>> {
    let mut model = Connection::open_in_memory()?;
    let made = MIGRATIONS.to_version(&mut model, usize::try_from(version).unwrap_or(usize::MAX));
    made.map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    let there = objects(connection)?;
    Ok(objects(&model)?.into_iter().find(|object| !there.contains(object)).map(|(name, ..)| name))
}

/// All tables and indexes: the name, the table it belongs to, and the definition.
fn objects(connection: &Connection) -> rusqlite::Result<Vec<(String, String, Option<String>)>> {
    let mut all = connection.prepare("SELECT name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2")?;
    all.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
}

/// Creates an empty store in a new folder. It is built under another name and renamed once it is complete and synced,
/// so a kill or power cut at any moment leaves either no store or a complete one.
pub(super) fn create_store(folder: &Folder) -> Result<(), OpenError> {
    let [unfinished, ..] = UNFINISHED.map(|name| folder.file(name));
    let finished = folder.files().database().to_owned();
    remove_unfinished(folder)
        .and_then(|()| build(&unfinished))
        .and_then(|()| put_in_place(folder, &unfinished, &finished))
        .map_err(|error| OpenError::cannot("create store", &finished, error))
}

/// Syncs a complete file and gives it its name, which also survives a power cut.
fn put_in_place(folder: &Folder, unfinished: &Path, finished: &Path) -> io::Result<()> {
    File::open(unfinished)?.sync_all()?;
    fs::rename(unfinished, finished)?;
    folder.sync()
}

fn remove_unfinished(folder: &Folder) -> io::Result<()> {
    UNFINISHED.iter().try_for_each(|name| remove(&folder.file(name)))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Creates an empty file that only its owner may read. SQLite gives the files beside it the same mode.
fn create(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(path).map(drop)
}

fn build(path: &Path) -> io::Result<()> {
    create(path)?;
    let mut connection = Connection::open_with_flags(path, READ_WRITE).map_err(io::Error::other)?;
    migrate(&mut connection)?;
    use_log(&connection)?;
    connection.close().map_err(|(_, error)| io::Error::other(error))
}

/// Switches a database to a write-ahead log, permanently.
fn use_log(connection: &Connection) -> io::Result<()> {
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0)).map_err(io::Error::other)?;
    if mode != "wal" {
        return Err(io::Error::other("the file system does not allow a write-ahead log"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use rusqlite::trace::{TraceEvent, TraceEventCodes};
    use tempfile::TempDir;

    use super::super::Store;
    use super::super::tests::sample::{ANA, TEA, copied, opened, range, said};
    use super::*;
    use crate::chat::Text;

    /// SQL for a store with some rows as the release with schema `number` created it. The file is never changed.
    fn frozen(number: usize) -> String {
        let fixtures: PathBuf = Path::new(file!()).ancestors().nth(3).unwrap().join("tests/fixtures");
        fs::read_to_string(fixtures.join(format!("schema-{number:04}.sql"))).unwrap()
    }

    #[test]
    fn the_migrations_are_sound() {
        assert_eq!(MIGRATIONS.validate(), Ok(()));
    }

    #[test]
    fn a_store_of_every_release_opens_and_becomes_like_a_new_one() {
        let mut fresh = Connection::open_in_memory().unwrap();
        migrate(&mut fresh).unwrap();
        for number in 1..=STEPS.len() {
            let folder = old_store(number);
            let path = folder.path().join(DATABASE);
            let (mut writer, reader) = opened(folder.path());
            let snapshot = writer.load().unwrap();
            assert_eq!(snapshot.accounts[1].away, Some(Text::from("lunch")), "schema {number}");
            assert_eq!((snapshot.members.len(), snapshot.last_room), (2, 5), "schema {number}");
            writer.commit(&[said(TEA, 4, ANA)]).unwrap();
            assert_eq!(reader.page(&range(TEA, 1, 9)).unwrap().len(), 4, "schema {number}");
            let opened = Connection::open(&path).unwrap();
            assert_eq!(objects(&opened).unwrap(), objects(&fresh).unwrap(), "schema {number}");
        }
    }

    /// A folder with that store.
    fn old_store(number: usize) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        let old = Connection::open(folder.path().join(DATABASE)).unwrap();
        old.execute_batch(&frozen(number)).unwrap();
        old.close().unwrap();
        folder
    }

    thread_local! {
        static UPGRADED: RefCell<PathBuf> = RefCell::default();
        static KILLED: RefCell<Vec<TempDir>> = RefCell::default();
    }

    #[test]
    fn a_kill_before_any_statement_of_an_upgrade_leaves_a_store_that_can_be_upgraded() {
        let mut fresh = Connection::open_in_memory().unwrap();
        migrate(&mut fresh).unwrap();
        for number in 1..STEPS.len() {
            let store = old_store(number);
            UPGRADED.set(store.path().to_owned());
            let mut connection = Connection::open_with_flags(store.path().join(DATABASE), READ_WRITE).unwrap();
            super::super::set_up(&connection, std::time::Duration::ZERO).unwrap();
            super::super::wal::Mark::create(Folder::open(store.path()).unwrap().files()).unwrap();
            let kill =
                |_: TraceEvent<'_>| KILLED.with_borrow_mut(|all| all.push(copied(&UPGRADED.with_borrow(Clone::clone))));
            connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(kill));
            migrate(&mut connection).unwrap();
            connection.trace_v2(TraceEventCodes::empty(), None);
            KILLED.with_borrow_mut(|all| all.push(copied(store.path())));
            let stores = KILLED.take();
            assert!(stores.len() > 4, "{} statements", stores.len());
            let mut upgraded = 0;
            for left in stores {
                let path = left.path().join(DATABASE);
                let version = {
                    let aside = copied(left.path());
                    let look = Connection::open(aside.path().join(DATABASE)).unwrap();
                    let version: u32 = look.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
                    usize::try_from(version).unwrap()
                };
                assert!(version == number || version == STEPS.len(), "schema {version}");
                upgraded += usize::from(version == STEPS.len());
                let (mut writer, reader) = opened(left.path());
                assert_eq!(writer.load().unwrap().members.len(), 2);
                assert_eq!(reader.page(&range(TEA, 1, 9)).unwrap().len(), 3);
                assert_eq!(objects(&Connection::open(&path).unwrap()).unwrap(), objects(&fresh).unwrap());
                assert_eq!(left.path().join(format!("chat.db.schema-{number}")).exists(), version == number);
            }
            assert_eq!(upgraded, 1, "it is one transaction");
        }
    }

    #[test]
    fn an_old_store_is_kept_as_it_was() {
        for number in 1..STEPS.len() {
            let store = old_store(number);
            let kept = store.path().join(format!("chat.db.schema-{number}"));
            // As a start that was killed would leave them.
            for end in ["", "-journal", "-wal", "-shm"] {
                fs::write(store.path().join(format!("chat.db.schema-{number}.new{end}")), "half of it").unwrap();
            }
            fs::write(&kept, "an older one").unwrap();
            drop(opened(store.path()));
            assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, FILE_MODE);
            let dump = |connection: &Connection| -> (i64, String, Vec<String>) {
                let number = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
                let mode = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
                let mut bodies = connection.prepare("SELECT body FROM message ORDER BY room, seq").unwrap();
                let bodies = bodies.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
                (number, mode, bodies)
            };
            let unchanged = old_store(number);
            let old = Connection::open(unchanged.path().join(DATABASE)).unwrap();
            let kept = Connection::open(kept).unwrap();
            assert_eq!(dump(&kept), dump(&old));
            assert_eq!(objects(&kept).unwrap(), objects(&old).unwrap());
            let names = fs::read_dir(store.path()).unwrap().map(|entry| entry.unwrap().file_name());
            assert_eq!(names.filter(|name| name.to_str().unwrap().ends_with(".new")).count(), 0);
        }
    }

    #[test]
    fn where_the_old_store_cannot_be_kept_nothing_is_changed() {
        let store = old_store(1);
        // A folder cannot be replaced by a file.
        fs::create_dir(store.path().join("chat.db.schema-1")).unwrap();
        let before = fs::read(store.path().join(DATABASE)).unwrap();
        let refused = super::super::open(&Folder::open(store.path()).unwrap(), 1).unwrap_err().to_string();
        assert!(refused.starts_with("cannot keep a copy of "), "{refused}");
        assert_eq!(fs::read(store.path().join(DATABASE)).unwrap(), before);
        assert!(!store.path().join("chat.db.schema-1.new").exists());
    }

    #[test]
    fn the_migrations_are_as_they_were_released() {
        for number in 1..=STEPS.len() {
            let (mut new, old) = (Connection::open_in_memory().unwrap(), Connection::open_in_memory().unwrap());
            old.execute_batch(&frozen(number)).unwrap();
            MIGRATIONS.to_version(&mut new, number).unwrap();
            assert_eq!(objects(&new).unwrap(), objects(&old).unwrap(), "schema {number}");
        }
    }
}
