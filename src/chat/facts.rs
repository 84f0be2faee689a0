//! Facts from the store that a decision needs: looked up before it and passed in, so that the core stays pure.

use super::{RoomId, Seq, Timestamp};

/// The stored data that a command's decision needs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    /// The sender's stored messages under the key of [`Command::Say`](super::Command::Say), at most one per room.
    pub keyed: Vec<KeyedMessage>,
}

/// A stored message that has an idempotency key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyedMessage {
    /// Its room.
    pub room: RoomId,
    /// Its number.
    pub seq: Seq,
    /// When it was accepted.
    pub at: Timestamp,
}
