//! The stored state that decisions need. The chat is loaded from it when the server starts.

use super::{AccountId, Code, Name, ReadMark, Role, RoomId, Seq, Text, Timestamp, TokenDigest, Visibility};
use crate::address::Address;

/// The whole state except the messages, in plain rows. Rows of each kind are ordered by their keys.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Snapshot {
    /// All accounts, including deleted ones.
    pub accounts: Vec<AccountRow>,
    /// All rooms except deleted ones.
    pub rooms: Vec<StoredRoom>,
    /// The members of all rooms.
    pub members: Vec<MemberRow>,
    /// Unread messages that mention a member: room, account, number.
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
    /// The highest room number that was ever used, so that none is reused.
    pub last_room: i64,
}

/// A stored account. Its password hash stays in the store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountRow {
    /// Its number.
    pub id: AccountId,
    /// Its name; `None` once it is deleted.
    pub name: Option<Name>,
    /// Counts the passwords it has had, from 1.
    pub password_version: u64,
    /// When it was created.
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
    /// Its name, chosen by its owner.
    pub name: Name,
    /// The digest that it is verified by.
    pub digest: TokenDigest,
    /// When it was created.
    pub created: Timestamp,
    /// When it expires; `None` if never.
    pub until: Option<Timestamp>,
    /// When it was last used to log in.
    pub used: Option<Timestamp>,
}

/// A stored room.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredRoom {
    /// Its number.
    pub id: RoomId,
    /// Its name; `None` for a direct room.
    pub name: Option<Name>,
    /// Who may find and enter it; `None` for a direct room.
    pub visibility: Option<Visibility>,
    /// When it was created.
    pub created: Timestamp,
    /// Its topic, with author and time.
    pub topic: Option<(Text, AccountId, Timestamp)>,
    /// The number of its newest message.
    pub last_seq: Seq,
}

/// A stored membership.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MemberRow {
    /// The room.
    pub room: RoomId,
    /// The member.
    pub account: AccountId,
    /// Its role.
    pub role: Role,
    /// Since when.
    pub since: Timestamp,
    /// The messages it has read.
    pub read: ReadMark,
}

/// A stored ban.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredBan {
    /// Who did it.
    pub by: AccountId,
    /// When.
    pub at: Timestamp,
    /// Until when; `None` if permanent.
    pub until: Option<Timestamp>,
    /// Why.
    pub why: Text,
}
