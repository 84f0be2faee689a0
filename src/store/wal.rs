//! Checks the write-ahead log before SQLite opens it: whether it is missing, and whether it is damaged before its end.
//! SQLite takes either for a log that simply ends there, and would silently forget acknowledged messages.
//! <https://sqlite.org/fileformat2.html#the_write_ahead_log>
//!
//! Damage in the last transaction is not found, because it looks like a transaction that a power cut interrupted;
//! neither is a log that was truncated between two transactions, nor one that was deleted after another program was
//! killed while it copied the log into the database of a stopped server.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;

use super::FILE_MODE;
use super::error::OpenError;
use super::files::Files;

/// A file that exists while the log is a part of the store: from the start of a server until a stop has copied the log
/// into the database.
pub(super) const MARK: &str = "running";
const MARK_TEXT: &str = "A chat-server is running here, or was killed: chat.db-wal is a part of the store, keep it.\n";
const STOPPED_TEXT: &str =
    "A chat-server stopped here while another program read the store: chat.db-wal is a part of the store, keep it.\n";
/// Begins the line of [`MARK`] that has the token of [`Wal::Removed`].
const TOKEN_WORD: &str = "token ";
/// A longer log is not checked, because that would take too long. A log usually has 4 MiB, or what was written during a
/// long backup.
const CHECKED_MAX_BYTES: u64 = 256 << 20;
const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;

/// The state of the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wal {
    /// It is missing, as it should be: the database has everything.
    Absent,
    /// It is missing, although the last server kept it, because another program was reading the store when the server
    /// stopped. Such a program copies the log into the database before it removes it. It has done so if the database
    /// has this token, which is the last thing that the server wrote.
    Removed {
        /// To be found in the table `last_stop`.
        token: i64,
    },
    /// It is there, and empty.
    Empty,
    /// It has content, which SQLite will recover.
    Filled,
}

/// Checks the log of a store. Refuses one that is damaged, or missing where that loses messages.
pub(super) fn check(files: &Files) -> Result<Wal, OpenError> {
    let path = files.log();
    let bytes = match fs::metadata(&path) {
        Ok(found) => found.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return match fs::read_to_string(files.mark()) {
                Ok(text) => match token(&text) {
                    Some(token) => Ok(Wal::Removed { token }),
                    None => Err(missing(files)),
                },
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Wal::Absent),
                Err(_) => Err(missing(files)),
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
pub(super) fn missing(files: &Files) -> OpenError {
    let (log, mark) = (files.log(), files.mark());
    OpenError::Unusable(format!(
        "{0} is missing; if it was deleted, the last messages are in it: put it back; if another program such as \
         sqlite3 has opened the store since the server was killed, that program has copied it into the store: remove {1}",
        log.display(),
        mark.display()
    ))
}

/// Records on disk that the log is a part of the store from now on. The log must exist already.
pub(super) fn mark(files: &Files) -> io::Result<()> {
    write_mark(files, MARK_TEXT)
}

/// Records on disk that the server has stopped and left the log, whose last transaction stores `token`.
pub(super) fn mark_stopped(files: &Files, token: i64) -> io::Result<()> {
    write_mark(files, &format!("{STOPPED_TEXT}{TOKEN_WORD}{token}\n"))
}

/// Records on disk that the database has everything and the log is not needed any more.
pub(super) fn unmark(files: &Files) -> io::Result<()> {
    match fs::remove_file(files.mark()) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    sync(files)
}

fn sync(files: &Files) -> io::Result<()> {
    File::open(files.folder())?.sync_all()
}

/// A mark that is cut off by a power cut has no token, which leads to a refusal at worst.
fn write_mark(files: &Files, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(FILE_MODE).open(files.mark())?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    sync(files)
}

/// The token in the text of a mark; `None` for a server that was killed.
fn token(mark: &str) -> Option<i64> {
    mark.strip_prefix(STOPPED_TEXT)?.strip_prefix(TOKEN_WORD)?.strip_suffix('\n')?.parse().ok()
}

/// The number of the first damaged frame that must have been synced. A transaction is synced before the next one
/// begins, so a frame was synced if frames of a later transaction of the same log follow it.
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
