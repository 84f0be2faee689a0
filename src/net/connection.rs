//! One connection, as all who carry its bytes share it: the wire, who is at the other end, and why it ended.
//!
//! # Who writes
//!
//! Exactly one thread owns the writing side of a connection at any time, and only the owner sends, says the closing line
//! or shuts. The owner changes by a message, never by a guess:
//!
//! | owner | from | until |
//! |---|---|---|
//! | acceptor | accepting | it gives the connection to a client's thread, or closes it as refused |
//! | client's thread | its start, or `Reply::Released` | it sends `Request::Enter` or a logout |
//! | broker, by an [`Outbox`](super::Outbox) | it lets the client in | it hands over what the client did not take, or releases it |
//! | flusher | the broker hands over or finishes | all is sent and the broker has taken the connection back |
//!
//! A refused `Enter` gives the writing side back to the client's thread. A thread that wants a connection to end and does
//! not own it asks the owner: a client's thread the broker (`Request::Close`), the broker the flusher.
//! [`Connection::shut`] and [`Connection::shut_reading`] send nothing; the server uses them at a stop, to wake threads.
//!
//! # How it closes
//!
//! [`Connection::finish`] and the flusher say the closing line and shut the writing side only. What the peer still sends
//! is read and forgotten for [`LINGER`]: a socket that is closed over unread input, or shut for reading, answers the
//! peer's next byte with a reset, and a reset makes the peer's system throw away the closing line. At a stop this is not
//! guaranteed, as reading is shut to wake the threads, and the process ends.

use std::io;
use std::net::SocketAddr;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};

use super::admission::Permit;
use super::end_counters::EndCounters;
use super::wire::Wire;
use crate::address::Address;
use crate::reason::{ClosingLine, Reason};

/// How long the peer of a connection that has ended may still send before the socket is closed. So long it has at least to
/// read the closing line.
pub const LINGER: Duration = Duration::from_secs(1);

/// How much input of a connection that has ended is read and forgotten. Beyond that it is not read, so a peer that never
/// stops is stopped by its own system and costs no more of ours.
const DRAIN_MAX_BYTES: usize = 256 * 1024;

/// How often it is checked whether a connection whose input is not read any more has been shut.
const SHUT_POLL: Duration = Duration::from_millis(50);

/// A connection. It is closed when the last thread that shares it drops it; its end is then logged and counted.
#[derive(Debug)]
pub struct Connection {
    wire: Box<dyn Wire>,
    peer: SocketAddr,
    number: u64,
    closing_line: &'static dyn ClosingLine,
    since: Instant,
    ending: OnceLock<Reason>,
    counters: Arc<EndCounters>,
    /// How many bytes the flusher still has to send. Only the broker raises it.
    unsent: AtomicUsize,
    /// The last byte that was taken ended a line, or none was taken yet. Written by the owner of the writing side.
    is_at_line_start: AtomicBool,
    /// The flusher ends it, and owns the writing side to its end.
    is_finished: AtomicBool,
    /// Makes room for another connection when this one is closed. A refused connection has none.
    permit: Option<Permit>,
}

impl Connection {
    /// A connection over `wire`. Without a `permit` it is one that is refused.
    pub fn new(
        wire: Box<dyn Wire>,
        peer: SocketAddr,
        number: u64,
        closing_line: &'static dyn ClosingLine,
        permit: Option<Permit>,
        counters: Arc<EndCounters>,
    ) -> Connection {
        Connection {
            wire,
            peer,
            number,
            closing_line,
            since: Instant::now(),
            ending: OnceLock::new(),
            counters,
            unsent: AtomicUsize::new(0),
            is_at_line_start: AtomicBool::new(true),
            is_finished: AtomicBool::new(false),
            permit,
        }
    }

    /// Its number: unique in the life of the process.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Who is at the other end.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// The address of the peer, as limits and bans count it.
    pub fn address(&self) -> Address {
        Address::of(self.peer.ip())
    }

    /// When it was accepted.
    pub fn since(&self) -> Instant {
        self.since
    }

    /// Names the reason why it ends. The first one named counts; returns whether it was this one.
    pub fn end(&self, reason: Reason) -> bool {
        self.ending.set(reason).is_ok()
    }

    /// Why it ends, once that is known.
    pub fn ending(&self) -> Option<Reason> {
        self.ending.get().copied()
    }

    /// Waits for bytes, no longer than the read timeout. 0 at the end of input.
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.wire.read(buffer)?;
        if let Some(permit) = self.permit.as_ref().filter(|_| read > 0) {
            permit.has_sent();
        }
        Ok(read)
    }

    /// How long [`Connection::read`] waits at most from now on; `None` is without end.
    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.wire.set_read_timeout(timeout)
    }

    /// For the owner: sends as much of `bytes` as can be taken without waiting. Returns how many were taken.
    pub fn send_now(&self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.wire.send_now(bytes)?;
        if let Some(last) = bytes[..taken].last() {
            self.is_at_line_start.store(*last == b'\n', Ordering::Relaxed);
        }
        Ok(taken)
    }

    /// For the owner: sends all of `bytes`, waiting for the peer to take them, until `deadline`. Over a wire without a
    /// descriptor it does not wait.
    pub fn send_all(&self, mut bytes: &[u8], deadline: Instant) -> io::Result<()> {
        loop {
            let taken = self.send_now(bytes)?;
            bytes = &bytes[taken..];
            if bytes.is_empty() && !self.wire.has_pending() {
                return Ok(());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let descriptor = self.wire.descriptor().filter(|_| !left.is_zero());
            let Some(descriptor) = descriptor else { return Err(io::ErrorKind::TimedOut.into()) };
            let left = Timespec::try_from(left).ok();
            match rustix::event::poll(&mut [PollFd::from_borrowed_fd(descriptor, PollFlags::OUT)], left.as_ref()) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// For an owner that may wait, at last: names the reason, says the closing line, waiting for the peer to take it until
    /// `deadline`, and shuts the writing side. Somebody must then read and forget what comes for [`LINGER`].
    pub fn finish(&self, reason: Reason, deadline: Instant) {
        let _ = self.send_all(&self.closing_bytes(reason), deadline);
        self.shut_writing();
    }

    /// For the owner: names the reason. The closing line of the reason that counts, which another thread may have named
    /// before.
    pub(super) fn closing_bytes(&self, reason: Reason) -> Vec<u8> {
        self.end(reason);
        let mut line = Vec::new();
        if let Some(reason) = self.ending() {
            self.closing_line.closing_line(reason, &mut line);
        }
        if line.is_empty() { line } else { self.behind_a_line(line) }
    }

    /// Ends the line before, where one was sent in part.
    fn behind_a_line(&self, line: Vec<u8>) -> Vec<u8> {
        match self.is_at_line_start.load(Ordering::Relaxed) {
            true => line,
            false => [self.closing_line.line_end(), &line].concat(),
        }
    }

    /// For the owner: nothing more is sent, and the peer finds the end behind what was sent before.
    pub fn shut_writing(&self) {
        self.wire.shut_writing();
    }

    /// A thread that reads wakes up and finds the end of input behind what has arrived. For a stop of the server.
    pub fn shut_reading(&self) {
        self.wire.shut_reading();
    }

    /// Closes both directions: a thread that reads or writes wakes up. What was sent before still arrives, unless the peer
    /// goes on sending.
    pub fn shut(&self) {
        self.wire.shut();
    }

    /// Reads and forgets what comes, up to a bound of bytes, until the end of input or `deadline`.
    pub fn drain(&self, deadline: Instant) {
        let (mut buffer, mut bytes) = ([0; 4096], 0);
        let left = || deadline.saturating_duration_since(Instant::now());
        while bytes < DRAIN_MAX_BYTES {
            if left().is_zero() || self.set_read_timeout(Some(left())).is_err() {
                return;
            }
            match self.read(&mut buffer) {
                Ok(read) if read > 0 => bytes += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                _ => return,
            }
        }
        while !left().is_zero() && !self.is_broken() {
            std::thread::sleep(SHUT_POLL.min(left()));
        }
    }

    /// Reads and forgets what has arrived, up to a bound of bytes, without waiting.
    pub(super) fn discard_input(&self, max_bytes: usize) {
        let (mut buffer, mut bytes) = ([0; 4096], 0);
        while bytes < max_bytes && self.has_input() {
            match self.read(&mut buffer) {
                Ok(read) if read > 0 => bytes += read,
                _ => return,
            }
        }
    }

    /// Whether a read would not wait. `false` for a wire without a descriptor.
    pub fn has_input(&self) -> bool {
        let Some(descriptor) = self.wire.descriptor() else { return false };
        let mut polled = [PollFd::from_borrowed_fd(descriptor, PollFlags::IN)];
        rustix::event::poll(&mut polled, Some(&Timespec::default())).is_ok() && !polled[0].revents().is_empty()
    }

    /// Whether it is known to be of no use any more: reset by the peer, or shut in both directions.
    pub fn is_broken(&self) -> bool {
        self.wire.is_broken()
    }

    /// Whether something that was handed over or taken has not left the server.
    pub fn has_unsent(&self) -> bool {
        self.unsent() > 0 || self.wire.has_pending()
    }

    /// Whether the wire has taken bytes that it has not sent.
    pub(super) fn has_pending(&self) -> bool {
        self.wire.has_pending()
    }

    /// How many bytes wait for the client in the flusher.
    pub fn unsent(&self) -> usize {
        self.unsent.load(Ordering::Acquire)
    }

    /// The flusher gets `bytes` more bytes to send.
    pub(super) fn add_unsent(&self, bytes: usize) {
        self.unsent.fetch_add(bytes, Ordering::AcqRel);
    }

    /// The flusher has sent `bytes` bytes, or dropped them.
    pub(super) fn take_unsent(&self, bytes: usize) {
        self.unsent.fetch_sub(bytes, Ordering::AcqRel);
    }

    /// Whether the flusher ends it. Nobody else may write any more.
    pub fn is_finished(&self) -> bool {
        self.is_finished.load(Ordering::Acquire)
    }

    /// The flusher ends it. Returns whether it was not doing so before.
    pub(super) fn set_finished(&self) -> bool {
        !self.is_finished.swap(true, Ordering::AcqRel)
    }

    /// The events to wait for with poll(2).
    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.wire.descriptor()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let reason = self.ending().unwrap_or(Reason::Lost);
        self.counters.count(reason);
        log::debug!(
            "connection ended client={} reason={reason} seconds={}",
            self.number,
            self.since.elapsed().as_secs()
        );
    }
}
