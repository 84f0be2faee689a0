//! The data folder: created if it is missing, inspected before anything is changed, and locked.
//!
//! The lock is on the folder itself (`flock`), so no lock file can be left over or deleted, and a folder that is
//! refused stays as it was. The lock ends with the process, however that ends. The database has a lock of its own
//! ([`Place`](super::place::Place)), because another folder may have it too.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf, absolute};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::error::OpenError;
use super::files::Files;
use super::{DATABASE, WAL, schema, wal};

/// Only the owner may enter the folder.
const FOLDER_MODE: u32 = 0o700;
/// Files and folders that systems put into every folder, besides those whose names start with a sign of [`LITTER_SIGNS`].
const LITTER: [&str; 7] = [
    "lost+found",
    "Thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "System Volume Information",
    "aquota.user",
    "aquota.group",
];
/// Hidden files (`.DS_Store`, `.snapshot`, `.gitkeep`), and folders of network disks (`@eaDir`, `#recycle`) and Windows
/// (`$RECYCLE.BIN`).
const LITTER_SIGNS: [char; 4] = ['.', '@', '#', '$'];
/// The endings of what an operator may keep beside the store: settings and logs.
const OPERATORS_OWN: [&str; 4] = [".toml", ".toml~", ".log", "nohup.out"];

/// How often a lock is tried, because a tool that looks whether a server runs holds it for a moment.
const LOCK_TRIES: u32 = 10;
/// The pause between two tries.
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// A data folder, locked for this process until all clones are dropped. A [`Writer`](super::Writer) has one.
#[derive(Clone, Debug)]
pub struct Folder {
    /// As it was named, but absolute: where the next start looks for the store.
    named: PathBuf,
    path: PathBuf,
    files: Files,
    lock: Arc<File>,
}

impl Folder {
    /// Locks the folder at `path`, and creates it if it is missing. Refuses a folder that another server has locked,
    /// and one that has other files and no store.
    pub fn open(path: &Path) -> Result<Folder, OpenError> {
        match fs::metadata(path) {
            Ok(found) if !found.is_dir() => {
                return Err(OpenError::Unusable(format!("data folder {} is a file; name a folder", path.display())));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create(path).map_err(|error| OpenError::cannot("create data folder", path, error))?;
            }
            Err(error) => return Err(OpenError::cannot("open data folder", path, error)),
        }
        let cannot_open = |error| OpenError::cannot("open data folder", path, error);
        let named = absolute(path).map_err(cannot_open)?;
        let path = path.canonicalize().map_err(cannot_open)?;
        let lock = File::open(&path).map_err(cannot_open)?;
        if !lock_exclusively(&lock).map_err(|error| OpenError::cannot("lock data folder", &path, error))? {
            return Err(OpenError::InUse(format!(
                "data folder {} is in use by another chat-server; stop that one or name another folder",
                path.display()
            )));
        }
        let files = find(&path)?;
        let folder = Folder { named, path, files, lock: Arc::new(lock) };
        folder.is_new()?;
        folder.warn_if_open_to_others();
        Ok(folder)
    }

    /// The absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is no store in it yet. Files of a first start that was killed do not count as a store, which gets
    /// its name only when it is complete.
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
        } else if names.iter().all(|name| {
            schema::UNFINISHED.iter().any(|ours| name == ours) || name.to_str().is_some_and(is_beside_the_point)
        }) {
            Ok(true)
        } else {
            Err(OpenError::Unusable(format!(
                "folder {path} holds other files and no store; name an empty or a new one"
            )))
        }
    }

    /// The absolute path by which it was named.
    pub(super) fn named(&self) -> &Path {
        &self.named
    }

    /// The files of its store.
    pub(super) fn files(&self) -> &Files {
        &self.files
    }

    /// The path of a file in it.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Makes the creation, renaming or removal of files in it survive a power cut.
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

/// The files of the store in the folder at `path`, which is absolute and without links.
pub(super) fn find(path: &Path) -> Result<Files, OpenError> {
    Files::in_folder(path).map_err(|error| {
        let database = path.join(DATABASE);
        OpenError::Unusable(format!("{} is a link that leads nowhere: {error}", database.display()))
    })
}

/// Locks a file or folder for this process. Returns false if another process has locked it.
pub(super) fn lock_exclusively(file: &File) -> io::Result<bool> {
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(false)
}

/// Whether a server has locked the file or folder at `path`. Locks it for a moment, which a server that starts waits for.
pub(super) fn is_locked(path: &Path) -> io::Result<bool> {
    match File::open(path)?.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Whether a file of this name says nothing about what the folder is for.
fn is_beside_the_point(name: &str) -> bool {
    LITTER.iter().any(|litter| name.eq_ignore_ascii_case(litter))
        || name.starts_with(LITTER_SIGNS)
        || OPERATORS_OWN.iter().any(|ending| name.ends_with(ending))
}

/// Creates a folder and its missing ancestors. Syncs the parent of each, or a power cut could remove the store with
/// them.
fn create(path: &Path) -> io::Result<()> {
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
    fn a_missing_folder_is_created_for_its_owner_only() {
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
        check(&[".DS_Store", ".gitkeep", ".snapshot", "Thumbs.db", "desktop.ini"], None);
        check(&["#recycle", "$RECYCLE.BIN", "@eaDir", "System Volume Information"], None);
        check(&[".chat.toml.swp", "chat.log", "chat.toml", "nohup.out"], None);
        check(&[".DS_Store", "letter.txt"], Some("holds other files"));
        check(&["chat.db.new", "chat.db.new-wal"], None);
        check(&["letter.txt"], Some("holds other files"));
        check(&["chat.sqlite"], Some("holds other files"));
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
