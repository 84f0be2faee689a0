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

/// A file that exists while the log is a part of the store: from the start of a server until a stop has copied the log
/// into the database.
pub(super) const MARK: &str = "running";
const MARK_TEXT: &str = "A chat-server is running here, or was killed: chat.db-wal is a part of the store, keep it.\n";
const STOPPED_TEXT: &str =
    "A chat-server stopped here while another program read the store: chat.db-wal is a part of the store, keep it.\n";
/// Begins the line of [`MARK`] that has the token of [`Wal::Removed`].
const TOKEN_WORD: &str = "token ";
/// A log is 4 MiB, or as much as was written during a long backup. A longer one than this is left to SQLite, for
/// the time it would take.
const CHECKED_MAX_BYTES: u64 = 256 << 20;
const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;

/// Whether there is a log, and what is in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wal {
    /// There is none, and the database has everything.
    Absent,
    /// There is none, although the last server left one because another program read the store when it stopped. That
    /// program copies the log into the database before it removes it; it has done so if the database has this token,
    /// which is the last thing the server wrote.
    Removed {
        /// In the table `last_stop`.
        token: i64,
    },
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
            return match fs::read_to_string(folder.file(MARK)) {
                Ok(text) => match token(&text) {
                    Some(token) => Ok(Wal::Removed { token }),
                    None => Err(missing(folder)),
                },
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Wal::Absent),
                Err(_) => Err(missing(folder)),
            };
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

/// Why a store without its log is refused.
pub(super) fn missing(folder: &Folder) -> OpenError {
    let (log, mark) = (folder.file(WAL), folder.file(MARK));
    OpenError::Unusable(format!(
        "{0} is missing; if it was deleted, the last messages are in it: put it back; if another program such as sqlite3 \
         has opened the store since the server was killed, that program has copied it into the store: remove {1}",
        log.display(),
        mark.display()
    ))
}

/// Records on disk that the log is a part of the store from now on. The log must exist already.
pub(super) fn mark(folder: &Folder) -> io::Result<()> {
    write_mark(folder, MARK_TEXT)
}

/// Records on disk that the server has stopped and left the log, whose last transaction stores `token`.
pub(super) fn mark_stopped(folder: &Folder, token: i64) -> io::Result<()> {
    write_mark(folder, &format!("{STOPPED_TEXT}{TOKEN_WORD}{token}\n"))
}

/// Records on disk that the database has everything and the log is not needed any more.
pub(super) fn unmark(folder: &Folder) -> io::Result<()> {
    fs::remove_file(folder.file(MARK))?;
    folder.sync()
}

/// A mark that is cut off by a power cut has no token, which leads to a refusal at worst.
fn write_mark(folder: &Folder, text: &str) -> io::Result<()> {
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(FILE_MODE).open(folder.file(MARK))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    folder.sync()
}

/// The token in the text of a mark; `None` for a server that was killed.
fn token(mark: &str) -> Option<i64> {
    mark.strip_prefix(STOPPED_TEXT)?.strip_prefix(TOKEN_WORD)?.strip_suffix('\n')?.parse().ok()
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
