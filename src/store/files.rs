//! The paths of a store's files.
//!
//! A link in place of `chat.db` is followed once, here: the log and all other files are beside the file it leads to, as
//! SQLite has them.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{DATABASE, wal};

/// The folder in which a file is.
pub(super) fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The files of one store, by absolute paths without links.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Files {
    database: PathBuf,
}

impl Files {
    /// The files of the store in a folder, which may have none yet. `folder` must be absolute and without links.
    pub fn in_folder(folder: &Path) -> io::Result<Files> {
        let database = folder.join(DATABASE);
        match fs::symlink_metadata(&database) {
            Ok(found) if found.is_symlink() => Files::of(&database),
            _ => Ok(Files { database }),
        }
    }

    /// The files of the store whose database is the existing file at `path`.
    pub fn of(path: &Path) -> io::Result<Files> {
        Ok(Files { database: path.canonicalize()? })
    }

    /// The database.
    pub fn database(&self) -> &Path {
        &self.database
    }

    /// The write-ahead log.
    pub fn log(&self) -> PathBuf {
        self.with_end("-wal")
    }

    /// The index of the log, which all processes share that use the store.
    pub fn index(&self) -> PathBuf {
        self.with_end("-shm")
    }

    /// The rollback journal, which a store never has.
    pub fn journal(&self) -> PathBuf {
        self.with_end("-journal")
    }

    /// The file that says whether the log is a part of the store: `running` in a data folder, otherwise beside the
    /// database and named after it.
    pub fn mark(&self) -> PathBuf {
        match self.database.file_name() == Some(OsStr::new(DATABASE)) {
            true => self.folder().join(wal::MARK),
            false => self.with_end("-running"),
        }
    }

    /// The folder in which they are.
    pub fn folder(&self) -> &Path {
        self.database.parent().expect("the path is absolute and names a file")
    }

    /// Whether the name of a new file is, or may become, that of a file of this store: in its folder one that begins like
    /// the database, or is that of the mark.
    pub fn reserves(&self, path: &Path) -> bool {
        let is_beside = folder_of(path).canonicalize().is_ok_and(|folder| folder == self.folder());
        let (Some(name), Some(database)) = (path.file_name(), self.database.file_name()) else { return false };
        let begins_like = |own: &OsStr| name.as_encoded_bytes().starts_with(own.as_encoded_bytes());
        is_beside && (name == wal::MARK || begins_like(database) || begins_like(OsStr::new(DATABASE)))
    }

    fn with_end(&self, end: &str) -> PathBuf {
        let mut path: OsString = self.database.clone().into_os_string();
        path.push(end);
        path.into()
    }
}
