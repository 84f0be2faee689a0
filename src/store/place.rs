//! Whether the open store is the store at its path.
//!
//! A file that is removed, replaced or moved away stays readable and writable for whoever has it open, so SQLite goes on
//! without an error, and everything is lost once it is closed. Therefore device and inode of the open files are compared
//! with those at their paths: after each commit before it is acknowledged, once a second, and before closing.
//!
//! The database is also locked by its inode (`flock`, which does not interfere with SQLite's own locks), because a second
//! name of it in another folder would let two servers use it, each with a log of its own.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::DATABASE;
use super::error::OpenError;
use super::files::Files;
use super::folder::{Folder, lock_exclusively};

/// The open files of a store and where they belong. The database stays locked until this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    /// Closing any descriptor of a file gives up the locks that SQLite has on it in this process, so this one is closed
    /// last.
    _lock: File,
    expected: Vec<(PathBuf, Inode)>,
}

/// Device and inode.
type Inode = (u64, u64);

impl Place {
    /// Locks the database of `folder`. Must be called before SQLite opens it. Refuses one that another server has open,
    /// even by another name.
    pub fn lock(folder: &Folder) -> Result<Place, OpenError> {
        let path = folder.files().database();
        let failed = |error| OpenError::cannot("lock store", path, error);
        let lock = File::open(path).map_err(failed)?;
        if !lock_exclusively(&lock).map_err(failed)? {
            return Err(OpenError::InUse(format!(
                "store {} is in use by another chat-server, which has it by another name; stop that one or name another \
                 folder",
                path.display()
            )));
        }
        let found = lock.metadata().map_err(failed)?;
        if found.is_file() && found.nlink() > 1 {
            // Each name has a log of its own, and what a kill leaves in it is missing by the other name.
            let (path, names) = (path.display(), found.nlink());
            log::warn!(
                "store has other names too, use it by this one only, cp without -l separates them path={path} names={names}"
            );
        }
        let inode = of(&found);
        let mut expected = vec![(path.to_owned(), inode)];
        let named = folder.named().join(DATABASE);
        if named != path {
            expected.push((named, inode));
        }
        Ok(Place { _lock: lock, expected })
    }

    /// Expects the log and its index too, which SQLite has opened by now, to stay where they are.
    pub fn expect_log(&mut self, files: &Files) -> io::Result<()> {
        for path in [files.log(), files.index()] {
            let inode = of(&fs::metadata(&path)?);
            self.expected.push((path, inode));
        }
        Ok(())
    }

    /// Checks that each open file is the file at its path. The error is one line for the log.
    pub fn check(&self) -> Result<(), String> {
        self.expected.iter().try_for_each(|(path, inode)| is_at(path, *inode))
    }
}

fn is_at(path: &Path, inode: Inode) -> Result<(), String> {
    let found = fs::metadata(path);
    let path = path.display();
    match found {
        Ok(found) if of(&found) == inode => Ok(()),
        Ok(_) => Err(format!("{path} was replaced while the server ran; stop the server before you change its data")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(format!("{path} was removed while the server ran; stop the server before you change its data"))
        }
        Err(error) => Err(format!("{path} cannot be reached any more: {error}")),
    }
}

fn of(file: &fs::Metadata) -> Inode {
    (file.dev(), file.ino())
}
