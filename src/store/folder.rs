//! The data folder: made if it is missing, looked at before anything is touched, and locked.
//!
//! The lock is on the folder itself (`flock`), so there is no lock file to be made, left over or deleted, and a folder
//! that is refused stays as it was. It ends with the process, however that ends.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::OpenError;
use super::{DATABASE, WAL, schema, wal};

/// Only the owner may enter.
const FOLDER_MODE: u32 = 0o700;
/// A folder that is the root of a file system of its own has this from the start.
const LOST_AND_FOUND: &str = "lost+found";

/// A data folder that belongs to this process as long as one clone of it lives. A [`Writer`](super::Writer) has one.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    lock: Arc<File>,
}

impl Folder {
    /// Takes the folder at `path`, making it if there is none. Refuses one that another server has, and one that is
    /// neither empty nor a chat-server's.
    pub fn open(path: &Path) -> Result<Folder, OpenError> {
        match fs::metadata(path) {
            Ok(found) if !found.is_dir() => {
                return Err(OpenError::Unusable(format!("data folder {} is a file; name a folder", path.display())));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make(path).map_err(|error| OpenError::cannot("make data folder", path, error))?;
            }
            Err(error) => return Err(OpenError::cannot("open data folder", path, error)),
        }
        let cannot_open = |error| OpenError::cannot("open data folder", path, error);
        let path = path.canonicalize().map_err(cannot_open)?;
        let lock = File::open(&path).map_err(cannot_open)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::InUse(format!(
                    "data folder {} is in use by another chat-server; stop that one or name another folder",
                    path.display()
                )));
            }
            Err(TryLockError::Error(error)) => return Err(OpenError::cannot("lock data folder", &path, error)),
        }
        let folder = Folder { path, lock: Arc::new(lock) };
        folder.is_new()?;
        folder.warn_if_open_to_others();
        Ok(folder)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether no store has been made in it yet. What a kill during the first start leaves does not count as one:
    /// a store gets its name when it is complete.
    pub(super) fn is_new(&self) -> Result<bool, OpenError> {
        let cannot_read = |error| OpenError::cannot("read data folder", &self.path, error);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(cannot_read)? {
            names.push(entry.map_err(cannot_read)?.file_name());
        }
        let has = |name: &str| names.iter().any(|found| found == name);
        let path = self.path.display();
        if has(DATABASE) {
            Ok(false)
        } else if has(WAL) || has(wal::MARK) {
            Err(OpenError::Unusable(format!(
                "store {DATABASE} is missing from {path}; put it back or name another folder"
            )))
        } else if names.iter().all(|name| name == LOST_AND_FOUND || schema::UNFINISHED.iter().any(|ours| name == ours))
        {
            Ok(true)
        } else {
            Err(OpenError::Unusable(format!(
                "folder {path} holds other files and no store; name an empty or a new one"
            )))
        }
    }

    /// A file in it.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Makes sure that files made, renamed or removed here are so after a power cut too.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.lock.sync_all()
    }

    fn warn_if_open_to_others(&self) {
        let Ok(found) = self.lock.metadata() else { return };
        let mode = found.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            let path = self.path.display();
            log::warn!(
                "data folder is open to other users of this machine, chmod 700 closes it path={path} mode={mode:o}"
            );
        }
    }
}

/// Makes a folder with all above it, and syncs each new one's parent, or a power cut could take the store along.
fn make(path: &Path) -> io::Result<()> {
    let missing: Vec<&Path> =
        path.ancestors().take_while(|above| !above.as_os_str().is_empty() && !above.exists()).collect();
    DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(path)?;
    for made in missing {
        File::open(made.canonicalize()?.join(".."))?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_folder_is_made_for_its_owner_only() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("a/b");
        let folder = Folder::open(&path).unwrap();
        for made in [folder.path(), folder.path().parent().unwrap()] {
            assert_eq!(fs::metadata(made).unwrap().permissions().mode() & 0o777, 0o700);
        }
        assert!(folder.is_new().unwrap());
    }

    #[test]
    fn a_folder_has_one_server_at_a_time() {
        let temporary = tempfile::tempdir().unwrap();
        let first = Folder::open(temporary.path()).unwrap();
        let error = Folder::open(temporary.path()).unwrap_err();
        assert!(matches!(&error, OpenError::InUse(text) if text.contains("in use")), "{error}");
        drop(first);
        Folder::open(temporary.path()).unwrap();
    }

    #[test]
    fn a_folder_with_other_files_is_left_alone() {
        let check = |names: &[&str], expected: Option<&str>| {
            let temporary = tempfile::tempdir().unwrap();
            for name in names {
                fs::write(temporary.path().join(name), "").unwrap();
            }
            let opened = Folder::open(temporary.path());
            match expected {
                None => assert!(opened.unwrap().is_new().unwrap(), "{names:?}"),
                Some(text) => assert!(opened.unwrap_err().to_string().contains(text), "{names:?}"),
            }
            let mut left: Vec<_> =
                fs::read_dir(temporary.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            left.sort();
            assert_eq!(left, names);
        };
        check(&[], None);
        check(&["lost+found"], None);
        check(&["chat.db.new", "chat.db.new-wal"], None);
        check(&["letter.txt"], Some("holds other files"));
        check(&[".bashrc"], Some("holds other files"));
        check(&["chat.db-wal"], Some("is missing"));
        check(&["running"], Some("is missing"));
    }

    #[test]
    fn a_file_is_no_folder() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = Folder::open(file.path()).unwrap_err();
        assert!(error.to_string().contains("is a file"), "{error}");
        let error = Folder::open(&file.path().join("below")).unwrap_err();
        assert!(error.to_string().starts_with("cannot"), "{error}");
    }
}
