//! Wires, which carry bytes between a connection and its peer: a TCP socket, later a TLS session over one, and in tests a
//! simulated network.
//!
//! A wire knows nothing of lines, of reasons or of who may write. Lines are found by [`framing`](super::framing); that
//! there is one writer at a time is the business of those who share a [`Connection`](super::Connection).

mod tcp;

use std::fmt::Debug;
use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

pub use tcp::{SocketOptions, Tcp};

/// A stream of bytes in both directions.
///
/// One thread reads and one thread writes at a time, and they may be different ones, so an implementation with a state
/// in common (a TLS session) keeps it behind a lock that it never holds while it waits. Whatever such a wire must send
/// by itself, such as an answer to a key update, it keeps until the next [`send_now`](Wire::send_now), so that only the
/// writer ever writes. Dropping the wire closes it.
pub trait Wire: Debug + Send + Sync {
    /// Waits for bytes, no longer than the read timeout: 0 at the end of input, `WouldBlock` or `TimedOut` when the time
    /// is over.
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Takes as much of `bytes` as can be taken without waiting: how many, from the first on. What was taken is sent
    /// before everything that is taken later, and must not be offered again; what was not taken is still the caller's.
    /// 0 is no error: the peer is slow. After an error nothing more can be sent.
    ///
    /// Without `bytes` it sends what was taken and [waits](Wire::has_pending) inside the wire.
    fn send_now(&self, bytes: &[u8]) -> io::Result<usize>;

    /// Whether something that was taken still waits inside the wire, such as a sealed record that the system did not take
    /// whole. It needs another [`send_now`](Wire::send_now), with or without bytes.
    fn has_pending(&self) -> bool {
        false
    }

    /// How long [`read`](Wire::read) waits at most from now on; `None` is without end. Never zero.
    fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()>;

    /// A thread that waits in [`read`](Wire::read) wakes up and finds the end of input behind what has arrived. Input that
    /// arrives after [`shut_writing`](Wire::shut_writing) may then break the connection.
    fn shut_reading(&self);

    /// Nothing more is sent: the peer finds the end behind all that was taken. It may go on sending.
    fn shut_writing(&self);

    /// Both directions: a thread that reads or writes wakes up.
    fn shut(&self);

    /// Whether it is known to be of no use any more: reset by the peer, or shut in both directions. A peer that has only
    /// ended what it sends may still read.
    fn is_broken(&self) -> bool;

    /// The descriptor to wait for with poll(2). A wire without one is polled at intervals.
    fn descriptor(&self) -> Option<BorrowedFd<'_>>;
}
