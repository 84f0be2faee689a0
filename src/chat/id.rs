//! Numbers of accounts, rooms, clients, messages and moments.
//!
//! Accounts, rooms and messages are numbered in ascending order and numbers are never reused, so the same inputs give the
//! same numbers.

use std::fmt;

/// One connection. The acceptor numbers it; unique in the life of a process.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ClientId(pub u64);

/// One account. The number of a deleted account is never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AccountId(pub i64);

/// One room. The number of a deleted room is never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RoomId(pub i64);

/// The number of a message in its room: 1, 2, 3, ... without a gap. It is the message's identity, its acknowledgement,
/// the paging key and the read position. 0 is the position before the first message.
pub type Seq = u64;

/// A moment: milliseconds since 1970-01-01 00:00 UTC, by the wall clock.
///
/// Order never depends on it (that is what [`Seq`] is for), because a wall clock may jump.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The moment `seconds` later, at most the last one that can be represented.
    pub fn plus_seconds(self, seconds: u64) -> Timestamp {
        let ms = i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX);
        Timestamp(self.0.saturating_add(ms))
    }

    /// The moment `seconds` earlier, at least the first one that can be represented.
    pub fn minus_seconds(self, seconds: u64) -> Timestamp {
        let ms = i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX);
        Timestamp(self.0.saturating_sub(ms))
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
