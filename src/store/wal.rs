//! The write-ahead log beside the database: whether it is the one that the last server left, and whether all of it is there.
//!
//! SQLite takes a log that is missing, emptied, cut or damaged for one that simply ends there, and one of another store or
//! another time for its own: acknowledged messages would be forgotten, or pages mixed, without a word. So a file beside the
//! store, the mark, records which log it is (by its salts, which every restart of a log changes), how many frames of it are
//! committed, and a token that the database has. The log is checked against the mark before SQLite opens it.
//! <https://sqlite.org/fileformat2.html#the_write_ahead_log>, <https://sqlite.org/walformat.html>
//!
//! Not found are: a log that was deleted after another program was killed while it copied the log into the database of a
//! stopped server; and, after a power cut, damage of transactions that the mark on disk does not have yet, if it is in the
//! last one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, ErrorKind, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use super::FILE_MODE;
use super::error::OpenError;
use super::files::Files;

/// The name of the mark. It exists while the log is a part of the store: from the start of a server until a stop has copied
/// the log into the database.
pub(super) const MARK: &str = "running";
const MARK_TEXT: &str = "A chat-server is running here, or was killed: chat.db-wal is a part of the store, keep it.\n";
const STOPPED_TEXT: &str =
    "A chat-server stopped here while another program read the store: chat.db-wal is a part of the store, keep it.\n";
/// Begins the line of the mark that has the token.
const TOKEN_WORD: &str = "token ";
/// Begins the line of the mark that has the position in the log.
const LOG_WORD: &str = "log ";
/// A log restarts only after all of it was copied into the database. Its first salt then counts up, so a log that is this
/// much newer than the mark is a later one of the same store.
const NEWER_MAX: u32 = 65_536;
const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
/// One of the two copies of the header of the log's index.
const INDEX_HEADER_BYTES: usize = 48;

/// The state of the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wal {
    /// It is missing, as it should be: the database has everything.
    Absent,
    /// It is missing or empty, although the last server kept it, because another program was reading the store when the
    /// server stopped. Such a program copies the log into the database before it removes it. It has done so if the
    /// database has this token, which is the last thing that the server wrote.
    Removed {
        /// To be found in the table `last_stop`.
        token: i64,
    },
    /// It is there, and empty.
    Empty,
    /// It has content, which SQLite will recover.
    Filled {
        /// The database file must have this token without its log, or it is not the file that the log belongs to.
        token: Option<i64>,
    },
}

/// A position in a log: how much of which log is committed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Position {
    salt: [u32; 2],
    frames: u32,
}

/// What a mark says. A mark of an earlier release, or one that is cut off by a power cut, says less.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Said {
    is_stopped: bool,
    token: Option<i64>,
    position: Option<Position>,
}

/// Checks the log of a store. Refuses one that is damaged, not the store's own, or missing where that loses messages.
pub(super) fn check(files: &Files) -> Result<Wal, OpenError> {
    let path = files.log();
    let said = match fs::read_to_string(files.mark()) {
        Ok(text) => Some(Said::parse(&text)),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(_) => Some(Said::default()),
    };
    let bytes = match fs::metadata(&path) {
        Ok(found) => Some(found.len()),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(OpenError::cannot("open", &path, error)),
    };
    match (said, bytes) {
        (None, None) => Ok(Wal::Absent),
        (None, Some(0)) => Ok(Wal::Empty),
        (None, Some(_)) => Err(OpenError::Unusable(format!(
            "{0} is not the log of this store, whose last server left none; if it was copied here, copy {1} too; if sqlite3 \
             was killed, open and close the store with it once; otherwise remove the log",
            path.display(),
            files.mark().display()
        ))),
        (Some(Said { is_stopped: true, token: Some(token), .. }), None | Some(0)) => Ok(Wal::Removed { token }),
        (Some(_), None) => Err(missing(files)),
        (Some(said), Some(0)) => match said.position {
            Some(Position { frames: 1.., .. }) => Err(emptied(&path, said)),
            _ => Ok(Wal::Empty),
        },
        (Some(said), Some(_)) => check_content(&path, said),
    }
}

fn check_content(path: &Path, said: Said) -> Result<Wal, OpenError> {
    let log = File::open(path).and_then(|file| Content::read(&mut BufReader::with_capacity(1 << 20, file)));
    let log = log.map_err(|error| OpenError::cannot("read", path, error))?;
    if let Some(frame) = log.wrong {
        return Err(OpenError::damaged(path, format!("frame {frame} is wrong and others follow it")));
    }
    if let Some(position) = said.position {
        match (log.salt, position.frames) {
            (None, 0) => {}
            (None, _) => return Err(emptied(path, said)),
            (Some(salt), frames) if salt == position.salt => {
                if log.committed < frames {
                    let there = log.committed;
                    let what = format!("it ends after {there} frames, and {frames} were committed");
                    return Err(OpenError::damaged(path, what));
                }
            }
            (Some(salt), _) if (1..=NEWER_MAX).contains(&salt[0].wrapping_sub(position.salt[0])) => {}
            _ => {
                return Err(OpenError::Unusable(format!(
                    "{} is the log of another store or of another time; put the store's own log back",
                    path.display()
                )));
            }
        }
    }
    Ok(Wal::Filled { token: said.token.filter(|_| !said.is_stopped) })
}

fn emptied(path: &Path, said: Said) -> OpenError {
    let frames = said.position.map_or(0, |position| position.frames);
    OpenError::Unusable(format!(
        "{} was emptied; {frames} frames of it were committed, and the last messages are in them: put it back",
        path.display()
    ))
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

/// Why a database is refused that its log does not belong to.
pub(super) fn not_of_log(files: &Files) -> OpenError {
    let (database, log, mark) = (files.database(), files.log(), files.mark());
    OpenError::Unusable(format!(
        "{0} was replaced after the server was killed, and {1} belongs to the one before: put that back, or remove {1} and \
         {2} to use this one as it is",
        database.display(),
        log.display(),
        mark.display()
    ))
}

/// The mark of a running server. Its position is kept up to date without a sync: after a kill the system has it, and after
/// a power cut an older one is as true, because positions only grow and logs only get newer.
#[derive(Debug)]
pub(super) struct Mark {
    file: File,
    /// The index of the log, which SQLite shares with other processes through this file. Closing it gives up the locks
    /// that SQLite has on it, so it is closed after the connection.
    index: Option<File>,
    token: Option<i64>,
    written: Option<Position>,
}

impl Mark {
    /// Records on disk that the log is a part of the store from now on, whatever is in it. The log must exist already.
    pub fn create(files: &Files) -> io::Result<Mark> {
        Ok(Mark { file: write(files, MARK_TEXT)?, index: None, token: None, written: None })
    }

    /// Records on disk where the log stands, and that the database has `token` without the log.
    pub fn complete(&mut self, files: &Files, token: Option<i64>) -> io::Result<()> {
        self.index = Some(File::open(files.index())?);
        (self.token, self.written) = (token, self.position()?);
        self.file = write(files, &self.text(MARK_TEXT))?;
        Ok(())
    }

    /// Follows the log, after a commit.
    pub fn follow(&mut self) -> io::Result<()> {
        let position = self.position()?;
        if let (Some(_), Some(now)) = (self.written, position)
            && position != self.written
        {
            let line = now.text();
            let text_bytes = self.text(MARK_TEXT).len();
            self.file.write_all_at(line.as_bytes(), (text_bytes - line.len()) as u64)?;
            self.written = position;
        }
        Ok(())
    }

    /// Writes the file anew if it is gone.
    pub fn restore(&mut self, files: &Files) -> io::Result<()> {
        if fs::symlink_metadata(files.mark()).is_err() {
            log::warn!("the file was removed and is written again path={}", files.mark().display());
            self.file = write(files, &self.text(MARK_TEXT))?;
        }
        Ok(())
    }

    /// Records on disk that the database has everything, so that nothing is missing if the log is empty.
    pub fn allow_empty(&mut self, files: &Files) -> io::Result<()> {
        if let Some(written) = &mut self.written {
            written.frames = 0;
            self.file = write(files, &self.text(MARK_TEXT))?;
        }
        Ok(())
    }

    /// Records on disk that the server has stopped and left the log. The database has `token` once it has everything.
    pub fn stopped(&mut self, files: &Files, token: i64) -> io::Result<()> {
        (self.token, self.written) = (Some(token), self.position()?);
        write(files, &self.text(STOPPED_TEXT)).map(drop)
    }

    /// The token that the database has without the log.
    pub fn token(&self) -> Option<i64> {
        self.token
    }

    fn text(&self, first: &str) -> String {
        let token = self.token.map(|token| format!("{TOKEN_WORD}{token}\n")).unwrap_or_default();
        first.to_owned() + &token + &self.written.map(|position| position.text()).unwrap_or_default()
    }

    /// Where the log stands; `None` if it is unknown, or another process changes it just then.
    fn position(&self) -> io::Result<Option<Position>> {
        let Some(index) = &self.index else { return Ok(None) };
        let mut copies = [0; 2 * INDEX_HEADER_BYTES];
        index.read_exact_at(&mut copies, 0)?;
        let (header, copy) = copies.split_at(INDEX_HEADER_BYTES);
        let native = |at: usize| u32::from_ne_bytes(header[at..at + 4].try_into().expect("four bytes"));
        // The salts are in the byte order of the log.
        let position = Position { frames: native(16), salt: [word(header, 32), word(header, 36)] };
        Ok((header == copy).then_some(position))
    }
}

/// Records on disk that the database has everything and the log is not needed any more.
pub(super) fn unmark(files: &Files) -> io::Result<()> {
    match fs::remove_file(files.mark()) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    sync(files)
}

fn write(files: &Files, text: &str) -> io::Result<File> {
    // Not truncated first: on a full disk another program might take the space.
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(FILE_MODE).open(files.mark())?;
    file.write_all_at(text.as_bytes(), 0)?;
    file.set_len(text.len() as u64)?;
    file.sync_all()?;
    sync(files)?;
    Ok(file)
}

fn sync(files: &Files) -> io::Result<()> {
    File::open(files.folder())?.sync_all()
}

impl Position {
    /// A line of the mark. Its length is always the same, so that it can be overwritten.
    fn text(self) -> String {
        format!("{LOG_WORD}{:08x} {:08x} {:010}\n", self.salt[0], self.salt[1], self.frames)
    }

    fn parse(line: &str) -> Option<Position> {
        let mut words = line.strip_prefix(LOG_WORD)?.split(' ');
        let mut salt = || u32::from_str_radix(words.next()?, 16).ok();
        let salt = [salt()?, salt()?];
        Some(Position { salt, frames: words.next()?.parse().ok()? })
    }
}

impl Said {
    fn parse(mark: &str) -> Said {
        let is_stopped = mark.starts_with(STOPPED_TEXT);
        let whole = |line: &str| line.strip_suffix('\n').map(str::to_owned);
        let lines: Vec<String> = mark.split_inclusive('\n').skip(1).filter_map(whole).collect();
        Said {
            is_stopped,
            token: lines.iter().find_map(|line| line.strip_prefix(TOKEN_WORD)?.parse().ok()),
            position: lines.iter().find_map(|line| Position::parse(line)),
        }
    }
}

/// What is in a log.
struct Content {
    /// `None` if the log has no sound header.
    salt: Option<[u32; 2]>,
    /// The frames up to the end of the last transaction that is whole.
    committed: u32,
    /// The number of the first damaged frame that must have been synced; 0 is the header. A transaction is synced before
    /// the next one begins, so a frame was synced if frames of a later transaction of the same log follow it.
    wrong: Option<u32>,
}

impl Content {
    fn read(log: &mut impl Read) -> io::Result<Content> {
        let mut header = [0; HEADER_BYTES];
        if read_whole(log, &mut header)? < HEADER_BYTES {
            return Ok(Content { salt: None, committed: 0, wrong: None });
        }
        let is_big_endian = word(&header, 0) & 1 == 1;
        let page_bytes = word(&header, 8) as usize;
        let mut sum = checksum((0, 0), &header[..24], is_big_endian);
        let is_header_right = word(&header, 0) & !1 == 0x377f_0682 && sum == (word(&header, 24), word(&header, 28));
        if !is_header_right || !(512..=65_536).contains(&page_bytes) {
            // The header is synced before the first frame follows.
            let has_frames = read_whole(log, &mut [0])? > 0;
            return Ok(Content { salt: None, committed: 0, wrong: has_frames.then_some(0) });
        }
        let mut content = Content { salt: Some([word(&header, 16), word(&header, 20)]), committed: 0, wrong: None };
        let (mut broken, mut is_transaction_ended, mut number) = (None, false, 0);
        let mut frame = vec![0; FRAME_HEADER_BYTES + page_bytes];
        while read_whole(log, &mut frame)? == frame.len() {
            number += 1;
            let (head, page) = frame.split_at(FRAME_HEADER_BYTES);
            let is_of_this_log = head[8..16] == header[16..24];
            let ends_transaction = word(head, 4) != 0;
            if broken.is_none() {
                sum = checksum(checksum(sum, &head[..8], is_big_endian), page, is_big_endian);
                if is_of_this_log && sum == (word(head, 16), word(head, 20)) {
                    if ends_transaction {
                        content.committed = number;
                    }
                    continue;
                }
                broken = Some(number);
            } else if is_of_this_log && is_transaction_ended {
                content.wrong = broken;
                break;
            }
            is_transaction_ended |= is_of_this_log && ends_transaction;
        }
        Ok(content)
    }
}

/// Reads as much as there is, up to the length of `bytes`.
fn read_whole(from: &mut impl Read, bytes: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    while done < bytes.len() {
        match from.read(&mut bytes[done..]) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
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
