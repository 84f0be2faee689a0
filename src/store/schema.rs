//! The schema: its migrations in order, and how the first database comes to be.
//!
//! Migrations are files that only ever are added to; SQLite's `user_version` counts those a store has seen.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

use super::error::OpenError;
use super::folder::Folder;
use super::{DATABASE, FILE_MODE, READ_WRITE};

/// `CHAT`; the first migration writes it.
pub(super) const APPLICATION_ID: u32 = 0x4348_4154;
/// Under these names a store is made. One of them alone in a folder is what a kill during the first start leaves.
pub(super) const UNFINISHED: [&str; 4] = ["chat.db.new", "chat.db.new-journal", "chat.db.new-wal", "chat.db.new-shm"];

const STEPS: &[M<'_>] = &[
    M::up(include_str!("../../sql/migrations/0001_first.sql")),
    M::up(include_str!("../../sql/migrations/0002_programs.sql")),
];
const MIGRATIONS: Migrations<'_> = Migrations::from_slice(STEPS);

/// The number of the newest schema this server knows.
pub(super) fn latest() -> u32 {
    u32::try_from(STEPS.len()).expect("there are few migrations")
}

/// Brings a store up to the newest schema, in one transaction.
pub(super) fn migrate(connection: &mut Connection) -> io::Result<()> {
    MIGRATIONS.to_latest(connection).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => io::Error::other(err),
        other => io::Error::other(other),
    })
}

/// The first table or index of schema `version` that a store does not have, word by word; `None` if it has them all.
/// What else it has is its owner's business.
pub(super) fn missing(connection: &Connection, version: u32) -> rusqlite::Result<Option<String>> {
    let mut model = Connection::open_in_memory()?;
    let made = MIGRATIONS.to_version(&mut model, usize::try_from(version).unwrap_or(usize::MAX));
    made.map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    let there = objects(connection)?;
    Ok(objects(&model)?.into_iter().find(|object| !there.contains(object)).map(|(name, ..)| name))
}

/// All tables and indexes: name, whose, and how they were made.
fn objects(connection: &Connection) -> rusqlite::Result<Vec<(String, String, Option<String>)>> {
    let mut all = connection.prepare("SELECT name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2")?;
    all.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
}

/// Makes an empty store in a new folder. It is made under another name and renamed when it is complete and synced, so
/// a kill or power cut at any moment leaves either no store or a whole one.
pub(super) fn make(folder: &Folder) -> Result<(), OpenError> {
    let [unfinished, ..] = UNFINISHED.map(|name| folder.file(name));
    let finished = folder.file(DATABASE);
    remove_unfinished(folder)
        .and_then(|()| build(&unfinished))
        .and_then(|()| File::open(&unfinished)?.sync_all())
        .and_then(|()| fs::rename(&unfinished, &finished))
        .and_then(|()| folder.sync())
        .map_err(|error| OpenError::cannot("make store", &finished, error))
}

fn remove_unfinished(folder: &Folder) -> io::Result<()> {
    for name in UNFINISHED {
        match fs::remove_file(folder.file(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn build(path: &Path) -> io::Result<()> {
    // SQLite gives the files beside it the same mode.
    OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(path)?;
    let mut connection = Connection::open_with_flags(path, READ_WRITE).map_err(io::Error::other)?;
    migrate(&mut connection)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0)).map_err(io::Error::other)?;
    if mode != "wal" {
        return Err(io::Error::other("the file system does not allow a write-ahead log"));
    }
    connection.close().map_err(|(_, error)| io::Error::other(error))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::sample::{ANA, TEA, opened, range, said};
    use super::*;
    use crate::chat::Text;

    /// A store as the release with schema `number` made it, with rows in it; the file is never changed.
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
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(DATABASE);
            let old = Connection::open(&path).unwrap();
            old.execute_batch(&frozen(number)).unwrap();
            old.close().unwrap();
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
