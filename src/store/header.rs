//! The first 100 bytes of a database file, read without SQLite, so that another program's file is refused before
//! anything can change it. <https://sqlite.org/fileformat2.html#the_database_header>

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::error::OpenError;
use super::schema;

const MAGIC: &[u8; 16] = b"SQLite format 3\0";
const HEADER_BYTES: usize = 100;

/// Refuses a file that is not a chat-server's store, is of a newer version, cannot be written, or is truncated.
///
/// If `wal_is_empty`, everything is in this file, so its length must match its header.
pub(super) fn check(path: &Path, wal_is_empty: bool) -> Result<(), OpenError> {
    let cannot_open = |error| OpenError::cannot("open store", path, error);
    let found = path.metadata().map_err(cannot_open)?;
    if !found.is_file() {
        return Err(OpenError::Unusable(format!("store {} is not a file", path.display())));
    }
    if found.len() < HEADER_BYTES as u64 {
        return Err(OpenError::damaged(path, format!("it has only {} bytes", found.len())));
    }
    let file = OpenOptions::new().read(true).write(true).open(path).map_err(cannot_open)?;
    let mut header = [0; HEADER_BYTES];
    file.read_exact_at(&mut header, 0).map_err(cannot_open)?;
    if header[..16] != MAGIC[..] {
        return Err(OpenError::damaged(path, "it is not a database"));
    }
    check_origin(path, number(&header, 68), number(&header, 60))?;
    let page_bytes = match u64::from(header[16]) << 8 | u64::from(header[17]) {
        1 => 65_536,
        bytes => bytes,
    };
    if !page_bytes.is_power_of_two() || page_bytes < 512 {
        return Err(OpenError::damaged(path, format!("it has pages of {page_bytes} bytes")));
    }
    let expected = u64::from(number(&header, 28)) * page_bytes;
    if wal_is_empty && found.len() != expected {
        return Err(OpenError::damaged(path, format!("it has {} bytes and should have {expected}", found.len())));
    }
    Ok(())
}

/// Refuses a database of another program or of a newer version.
pub(super) fn check_origin(path: &Path, application_id: u32, version: u32) -> Result<(), OpenError> {
    let known = schema::latest();
    if application_id != schema::APPLICATION_ID {
        let path = path.display();
        return Err(OpenError::Unusable(format!("{path} is a database of another program; name another data folder")));
    }
    if version > known {
        let path = path.display();
        return Err(OpenError::Unusable(format!(
            "store {path} was written by a newer chat-server (schema {version}, this one knows {known}); use that one"
        )));
    }
    if version == 0 {
        return Err(OpenError::damaged(path, "it has no schema number"));
    }
    Ok(())
}

fn number(header: &[u8; HEADER_BYTES], at: usize) -> u32 {
    u32::from_be_bytes(header[at..at + 4].try_into().expect("the range has four bytes"))
}
