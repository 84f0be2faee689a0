//! A copy of a store, made while a server uses it or not.
//!
//! All of it is read in one read transaction, so the copy is the store at one moment, and writers go on meanwhile. The
//! pages are copied as they are, a few at a time, with a sync and a pause after each piece: a disk that is busy with one
//! large write would delay the syncs of the chat beside it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::backup::StepResult;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::error::{BackupError, OpenError};
use super::files::{Files, folder_of};
use super::{FILE_MODE, READ_ONLY, READ_WRITE, check, folder, verify};

/// The pages of one piece, which are 512 KiB.
const PIECE_PAGES: i32 = 128;
/// The pause after a piece, as a multiple of the time that it took.
const PAUSE: u32 = 2;
/// The longest pause after a piece.
const PAUSE_MAX: Duration = Duration::from_millis(100);
/// How long to wait for a lock of another program on the store.
const BUSY_MAX: Duration = Duration::from_secs(5);

/// A copy that was made and checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Backup {
    /// How many messages it has.
    pub messages: u64,
    /// Its length.
    pub bytes: u64,
}

/// Copies the store in the folder `data` to the new file `to`, which only its owner may read, and checks the copy in full.
/// The file has its name only once it is complete and synced.
pub fn backup(data: &Path, to: &Path) -> Result<Backup, BackupError> {
    let cannot =
        |error: &dyn std::fmt::Display| BackupError::NotCopied(format!("cannot write {}: {error}", to.display()));
    if fs::symlink_metadata(to).is_ok() {
        return Err(exists(to));
    }
    let files = find(data)?;
    if files.reserves(to) {
        return Err(BackupError::Exists(format!("{} is a name of the store itself; name another file", to.display())));
    }
    let mut unfinished = Unfinished::create(to)?;
    let source = open_source(&files)?;
    copy(&source, &unfinished).map_err(|error| cannot(&error))?;
    drop(source);
    let findings = verify::verify(&unfinished.path);
    if let Some(finding) = findings.first() {
        return Err(BackupError::NotCopied(format!("the copy is not sound and was removed: {finding}")));
    }
    let copied = measure(&unfinished.path).map_err(|error| cannot(&error))?;
    unfinished.put_in_place(to)?;
    Ok(copied)
}

fn exists(path: &Path) -> BackupError {
    BackupError::Exists(format!("{} exists; name a new file", path.display()))
}

/// Opens the store for reading, beside a server or without one. Closing it neither copies the log nor removes it.
fn open_source(files: &Files) -> Result<Connection, OpenError> {
    if !is_in_use(files)? {
        // Beside a server its log changes, and the server checked the store when it started.
        check::open(files)?;
    }
    let path = files.database();
    let failed = |error| check::failed(path, error);
    let source = Connection::open_with_flags(path, READ_WRITE).map_err(failed)?;
    source.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(failed)?;
    source.busy_timeout(BUSY_MAX).map_err(failed)?;
    source.execute_batch("PRAGMA query_only = ON; BEGIN;").map_err(failed)?;
    check::check_origin(path, &source)?;
    Ok(source)
}

/// The files of the store in a folder that exists.
pub(super) fn find(data: &Path) -> Result<Files, OpenError> {
    let folder = data.canonicalize().map_err(|error| OpenError::cannot("open data folder", data, error))?;
    let files = folder::find(&folder)?;
    match files.database().exists() {
        true => Ok(files),
        false => {
            Err(OpenError::Unusable(format!("there is no store in {}; --data names another folder", data.display())))
        }
    }
}

/// Whether a server uses the store just now.
pub(super) fn is_in_use(files: &Files) -> Result<bool, OpenError> {
    folder::is_locked(files.database()).map_err(|error| OpenError::cannot("open store", files.database(), error))
}

/// Copies everything that the transaction of `source` sees.
fn copy(source: &Connection, to: &Unfinished) -> rusqlite::Result<()> {
    let mut copy = Connection::open_with_flags(&to.path, READ_WRITE)?;
    // Syncing is done here, and an incomplete copy is removed as a whole.
    copy.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1024;")?;
    let backup = rusqlite::backup::Backup::new(source, &mut copy)?;
    loop {
        let start = Instant::now();
        let step = backup.step(PIECE_PAGES)?;
        to.file.sync_data().map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        match step {
            StepResult::Done => break,
            _ => thread::sleep((start.elapsed() * PAUSE).min(PAUSE_MAX)),
        }
    }
    drop(backup);
    copy.close().map_err(|(_, error)| error)
}

fn measure(path: &Path) -> Result<Backup, Box<dyn std::error::Error>> {
    let copy = Connection::open_with_flags(check::immutable(path), READ_ONLY | OpenFlags::SQLITE_OPEN_URI)?;
    let messages: i64 = copy.query_row(super::query::query!("check_count"), [], |row| row.get(0))?;
    Ok(Backup { messages: messages.unsigned_abs(), bytes: fs::metadata(path)?.len() })
}

/// A copy under another name until it is complete. Removed when dropped before.
struct Unfinished {
    path: PathBuf,
    file: File,
    is_in_place: bool,
}

impl Unfinished {
    fn create(to: &Path) -> Result<Unfinished, BackupError> {
        let mut name = to.as_os_str().to_owned();
        name.push(".unfinished");
        let path = PathBuf::from(name);
        match OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(&path) {
            Ok(file) => Ok(Unfinished { path, file, is_in_place: false }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(BackupError::Exists(format!(
                "{} exists: another backup is being made, or one was interrupted; remove it or name another file",
                path.display()
            ))),
            Err(error) => Err(BackupError::NotCopied(format!("cannot write {}: {error}", path.display()))),
        }
    }

    /// Gives it its name, unless a file of that name exists by now.
    fn put_in_place(&mut self, to: &Path) -> Result<(), BackupError> {
        let cannot = |error: io::Error| match error.kind() {
            io::ErrorKind::AlreadyExists => exists(to),
            _ => BackupError::NotCopied(format!("cannot write {}: {error}", to.display())),
        };
        self.file.sync_all().map_err(cannot)?;
        match renameat_with(CWD, &self.path, CWD, to, RenameFlags::NOREPLACE) {
            Ok(()) => self.is_in_place = true,
            // Not every file system can do that.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
                fs::hard_link(&self.path, to).map_err(cannot)?
            }
            Err(error) => return Err(cannot(error.into())),
        }
        File::open(folder_of(to)).and_then(|folder| folder.sync_all()).map_err(cannot)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.is_in_place {
            // If that fails, the next backup to this name says so.
            let _ = fs::remove_file(&self.path);
        }
    }
}
