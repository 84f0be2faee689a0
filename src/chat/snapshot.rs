//! All that decisions need, as the store holds it: what a chat is loaded from when the server starts, and again
//! after a commit that failed.

use super::{AccountId, Code, Name, ReadMark, Role, RoomId, Seq, Text, Timestamp, TokenDigest, Visibility};
use crate::address::Address;

/// The whole state but the messages, in plain rows. Rows of each kind are ordered by their keys.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Snapshot {
    /// Every account that ever was, the deleted ones too.
    pub accounts: Vec<AccountRow>,
    /// Every room but the deleted ones.
    pub rooms: Vec<StoredRoom>,
    /// Who is in which room.
    pub members: Vec<MemberRow>,
    /// Unread messages that name a member: room, account, number.
    pub mentions: Vec<(RoomId, AccountId, Seq)>,
    /// Tokens.
    pub tokens: Vec<StoredToken>,
    /// Open invitations: room, invited, by whom, until when.
    pub invitations: Vec<(RoomId, AccountId, AccountId, Timestamp)>,
    /// Open one-time codes: code, room, by whom, until when.
    pub codes: Vec<(Code, RoomId, AccountId, Timestamp)>,
    /// Bans from rooms.
    pub bans: Vec<(RoomId, AccountId, StoredBan)>,
    /// Accounts banned from the server.
    pub account_bans: Vec<(AccountId, StoredBan)>,
    /// Addresses banned from the server.
    pub address_bans: Vec<(Address, StoredBan)>,
    /// The highest room number ever given, so that none is given twice.
    pub last_room: i64,
}

/// An account as it is stored; its password hash is not part of it, that stays in the store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountRow {
    /// Its number.
    pub id: AccountId,
    /// Its name; `None` once it is deleted.
    pub name: Option<Name>,
    /// Counts the passwords it has had, from 1.
    pub password_version: u64,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last connected, if ever.
    pub last_seen: Option<Timestamp>,
    /// Why it is away.
    pub away: Option<Text>,
    /// Whether it is an operator of the server.
    pub operator: bool,
    /// Whether it wants acknowledgements.
    pub acks: bool,
}

/// A token as it is stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredToken {
    /// Whose it is.
    pub account: AccountId,
    /// What its owner calls it.
    pub name: Name,
    /// The digest by which it is known.
    pub digest: TokenDigest,
    /// When it was made.
    pub created: Timestamp,
    /// Until when it holds; `None` for good.
    pub until: Option<Timestamp>,
    /// When somebody last logged in by it.
    pub used: Option<Timestamp>,
}

/// A room as it is stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredRoom {
    /// Its number.
    pub id: RoomId,
    /// Its name; `None` for a direct room.
    pub name: Option<Name>,
    /// Who may find and enter it; `None` for a direct room.
    pub visibility: Option<Visibility>,
    /// When it was made.
    pub created: Timestamp,
    /// What it is about, who said so and when.
    pub topic: Option<(Text, AccountId, Timestamp)>,
    /// The number of its newest message.
    pub last_seq: Seq,
}

/// A membership as it is stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MemberRow {
    /// The room.
    pub room: RoomId,
    /// The member.
    pub account: AccountId,
    /// What it may do.
    pub role: Role,
    /// Since when.
    pub since: Timestamp,
    /// What it has read; in a damaged store more than there is.
    pub read: ReadMark,
}

/// A ban as it is stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredBan {
    /// Who did it.
    pub by: AccountId,
    /// When.
    pub at: Timestamp,
    /// Until when; `None` for good.
    pub until: Option<Timestamp>,
    /// Why.
    pub why: Text,
}
