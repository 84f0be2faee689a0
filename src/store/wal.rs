//! What the write-ahead log tells before SQLite is asked: whether it is missing, and whether something in its middle is
//! damaged. SQLite takes either for a log that simply ends there, and would forget acknowledged messages silently.
//! <https://sqlite.org/fileformat2.html#the_write_ahead_log>
//!
//! It cannot see damage in the last transaction, which looks like one that a power cut interrupted, nor a log that was
//! cut off between two transactions.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;

use super::error::OpenError;
use super::folder::Folder;
use super::{FILE_MODE, WAL};

/// A file that is there while the log belongs to the store: from the start of a server to its end in order.
pub(super) const MARK: &str = "running";
const MARK_TEXT: &[u8] =
    b"A chat-server is running here, or was killed: chat.db-wal is a part of the store, keep it.\n";
/// A log is 4 MiB, or as much as was written during a long backup. A longer one than this is left to SQLite, for
/// the time it would take.
const CHECKED_MAX_BYTES: u64 = 256 << 20;
const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;

/// Whether there is a log, and what is in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wal {
    /// The last server ended in order.
    Absent,
    /// There is one, without content.
    Empty,
    /// There is one, to be recovered by SQLite.
    Filled,
}

/// Looks at the log of the store in `folder`, and refuses one that is missing or damaged.
pub(super) fn check(folder: &Folder) -> Result<Wal, OpenError> {
    let path = folder.file(WAL);
    let bytes = match fs::metadata(&path) {
        Ok(found) => found.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mark = folder.file(MARK);
            if mark.exists() {
                return Err(OpenError::Unusable(format!(
                    "{0} is missing; if it was deleted, the last messages are in it: put it back; if another program such as \
                     sqlite3 has opened the store since, it has put them away in order: remove {1}",
                    path.display(),
                    mark.display()
                )));
            }
            return Ok(Wal::Absent);
        }
        Err(error) => return Err(OpenError::cannot("open", &path, error)),
    };
    if bytes == 0 {
        return Ok(Wal::Empty);
    }
    if bytes > CHECKED_MAX_BYTES {
        log::info!("write-ahead log is too long to be checked path={} bytes={bytes}", path.display());
        return Ok(Wal::Filled);
    }
    let log = fs::read(&path).map_err(|error| OpenError::cannot("read", &path, error))?;
    match damaged_frame(&log) {
        None => Ok(Wal::Filled),
        Some(frame) => Err(OpenError::damaged(&path, format!("frame {frame} is wrong and others follow it"))),
    }
}

/// Says on disk that the log belongs to the store from now on. The log must exist already.
pub(super) fn mark(folder: &Folder) -> io::Result<()> {
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(FILE_MODE).open(folder.file(MARK))?;
    file.write_all(MARK_TEXT)?;
    folder.sync()
}

/// Says on disk that all is in the database and the log not needed any more.
pub(super) fn unmark(folder_path: &std::path::Path, folder: &fs::File) -> io::Result<()> {
    fs::remove_file(folder_path.join(MARK))?;
    folder.sync_all()
}

/// The first frame that is not as it was written although it was synced: later frames of the same log, behind the end
/// of a transaction, say so, because a transaction is synced before the next one begins.
fn damaged_frame(log: &[u8]) -> Option<usize> {
    let (header, frames) = log.split_at_checked(HEADER_BYTES)?;
    let word = |bytes: &[u8], at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    let is_big_endian = word(header, 0) & 1 == 1;
    let page_bytes = word(header, 8) as usize;
    let mut sum = checksum((0, 0), &header[..24], is_big_endian);
    let is_header_right = word(header, 0) & !1 == 0x377f_0682 && sum == (word(header, 24), word(header, 28));
    if !is_header_right || page_bytes < 512 {
        // The header is synced before the first frame follows.
        return (!frames.is_empty()).then_some(0);
    }
    let mut wrong = None;
    let mut is_transaction_ended = false;
    for (index, frame) in frames.chunks_exact(FRAME_HEADER_BYTES + page_bytes).enumerate() {
        let (head, page) = frame.split_at(FRAME_HEADER_BYTES);
        let is_of_this_log = head[8..16] == header[16..24];
        if wrong.is_none() {
            sum = checksum(checksum(sum, &head[..8], is_big_endian), page, is_big_endian);
            if is_of_this_log && sum == (word(head, 16), word(head, 20)) {
                continue;
            }
            wrong = Some(index + 1);
        } else if is_of_this_log && is_transaction_ended {
            return wrong;
        }
        is_transaction_ended |= is_of_this_log && word(head, 4) != 0;
    }
    None
}

fn checksum(mut sum: (u32, u32), bytes: &[u8], is_big_endian: bool) -> (u32, u32) {
    for pair in bytes.chunks_exact(8) {
        let [first, second] = [&pair[..4], &pair[4..]].map(|word| {
            let word = word.try_into().expect("four bytes");
            if is_big_endian { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) }
        });
        sum.0 = sum.0.wrapping_add(first).wrapping_add(sum.1);
        sum.1 = sum.1.wrapping_add(second).wrapping_add(sum.0);
    }
    sum
}
