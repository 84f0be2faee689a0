//! The numbers by which accounts, rooms, clients and moments are known.
//!
//! All of them are handed out in order and never reused, so the same inputs give the same numbers.

use std::fmt;

/// One connection, for as long as it lasts. Given by whoever accepts it; unique in the life of a process.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ClientId(pub u64);

/// One account, for ever: a deleted account's number is not given again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AccountId(pub i64);

/// One room, for ever: a deleted room's number is not given again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RoomId(pub i64);

/// A message's number in its room: 1, 2, 3, ... without gap. It is the message's identity, the acknowledgement,
/// the paging key and the read position. 0 stands before the first message.
pub type Seq = u64;

/// A moment: milliseconds since 1970-01-01 00:00 UTC, by the wall clock.
///
/// Order never depends on it (that is what [`Seq`] is for), because a wall clock may jump.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The moment `seconds` later; stays at the last moment there is if that would be beyond it.
    pub fn plus_seconds(self, seconds: u64) -> Timestamp {
        let ms = i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX);
        Timestamp(self.0.saturating_add(ms))
    }

    /// The moment `seconds` earlier; stays at the first moment there is if that would be before it.
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
