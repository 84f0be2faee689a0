//! Commands: the requests of a logged-in client that change something. Requests that only read are in `query.rs`.
//! A command in hand has passed every check that needs no chat state.

use std::fmt;
use std::sync::Arc;

use super::{ClientId, Code, Name, Registration, RoomLabel, Seq, Text, TokenDigest, TokenScope, TokenSecret};
use crate::address::Address;

/// Speech or action.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MessageKind {
    /// Plain speech: `bob: text`.
    Speech,
    /// `/me`: `* bob waves`.
    Action,
}

/// Whether everybody may find and enter a room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Visibility {
    /// Listed; anyone may join and read.
    Public,
    /// Not listed; entered by invitation only, read by members only.
    Private,
}

/// Which messages of a room are requested.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HistoryRange {
    /// The newest ones, one page.
    Newest,
    /// The newest `n`.
    Last(u64),
    /// From one number to another, both included.
    Between(Seq, Seq),
}

/// The target of a ban of the server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BanTarget {
    /// An account.
    Account(Name),
    /// An address.
    Address(Address),
}

/// A password hash in PHC string form. Computed outside the core, never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub Box<str>);

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// Longest idempotency key, in bytes.
pub const SEND_KEY_MAX_BYTES: usize = 64;

/// An idempotency key: a message that is sent again under the same key is acknowledged, but not stored again. 1 to
/// [`SEND_KEY_MAX_BYTES`] bytes, compared byte by byte; its scope is one account and one room, its lifetime that of the
/// message.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SendKey(Arc<str>);

impl SendKey {
    /// The key in `text`; `None` if it is empty or too long.
    pub fn parse(text: &str) -> Option<SendKey> {
        (1..=SEND_KEY_MAX_BYTES).contains(&text.len()).then(|| SendKey(text.into()))
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SendKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A request that changes something. Where `room` is `None`, the session's current room is meant. Each is answered by
/// exactly one event, named at the end of its line.
#[allow(missing_docs, reason = "the line above each variant tells of its fields")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// Say something in a room: `Stored`. A message that is already stored under `key` is acknowledged again.
    Say { room: Option<RoomLabel>, kind: MessageKind, text: Text, key: Option<SendKey> },
    /// Send a direct message, without changing the current room: `Stored`.
    Tell { to: Name, text: Text },
    /// Send a direct message to the author of the last one received: `Stored`.
    Reply { text: Text },
    /// Make the direct room with somebody the current room: `DirectOpened`.
    OpenDirect { with: Name },

    /// Become a member of a room, and make it the current room: `Entered`.
    Join { room: RoomLabel, visibility: Option<Visibility> },
    /// Stop being a member: `YouLeft`. The last member of a private room must repeat its name, since the room is deleted.
    Leave { room: Option<RoomLabel>, confirmation: Option<Name> },
    /// Create a room: `Created`.
    Create { name: Name, visibility: Visibility },
    /// Set the topic; an empty text removes it: `RoomChanged`.
    SetTopic { room: Option<RoomLabel>, text: Text },
    /// Make a room public or private: `RoomChanged`.
    SetVisibility { room: Option<RoomLabel>, visibility: Visibility },
    /// Rename a room: `RoomChanged`.
    RenameRoom { room: Option<RoomLabel>, name: Name },
    /// Delete a room with all its messages: `YouLeft`. Its name must be repeated, so that nobody does it by accident.
    DeleteRoom { room: Option<RoomLabel>, confirmation: Option<Name> },
    /// Make another member the owner: `RoomChanged`.
    HandOver { room: Option<RoomLabel>, to: Name },

    /// Invite somebody: `Invited`.
    Invite { who: Name, room: Option<RoomLabel> },
    /// Create a one-time code that lets its bearer in: `CodeCreated`. The caller has drawn `code`.
    InviteByCode { room: Option<RoomLabel>, code: Code },
    /// Accept an invitation to the named room, by a code, or the only one there is: `Entered`.
    Accept { what: Option<Name>, by: Option<Name> },
    /// Revoke an invitation or a code: `Uninvited`.
    Uninvite { what: Name, room: Option<RoomLabel> },

    /// Be away, with a text: `AwaySet`.
    Away { text: Text },
    /// Be back: `AwaySet`.
    Back,

    /// Mark everything in one room, or in all rooms, as read: `CaughtUp` or `NothingUnread`.
    CatchUp { room: Option<RoomLabel> },
    /// Set the read position of a room, forwards or backwards: `ReadSet`.
    SetRead { room: RoomLabel, up_to: Seq },
    /// Read one page of the messages after these numbers, and listen to the rooms from then on: a page of the backlog.
    /// See `resume.rs`.
    Resume { after: Vec<(RoomLabel, Seq)> },

    /// Remove a member, who may return: `Removed`.
    Kick { who: Name, room: Option<RoomLabel>, why: Text },
    /// Remove somebody and keep them out, for `seconds` or permanently: `Removed`.
    Ban { who: Name, room: Option<RoomLabel>, seconds: Option<u64>, why: Text },
    /// Lift a ban: `Unbanned`.
    Unban { who: Name, room: Option<RoomLabel> },
    /// Make a member a moderator: `RoomChanged`.
    Promote { who: Name, room: Option<RoomLabel> },
    /// Make a moderator a plain member: `RoomChanged`.
    Demote { who: Name, room: Option<RoomLabel> },

    /// Become the first operator of the server, by the code that it printed at its start: `OperatorSet`.
    ClaimOperator { code: Code },
    /// Close all connections of an account: `ServerKicked`.
    ServerKick { who: Name, why: Text },
    /// Keep an account or an address off the server: `ServerBanned`.
    ServerBan { target: BanTarget, seconds: Option<u64>, why: Text },
    /// Lift a ban of the server: `Unbanned`.
    ServerUnban { target: BanTarget },
    /// Make an account an operator of the server: `OperatorSet`.
    ServerPromote { who: Name },
    /// Make an operator a plain account: `OperatorSet`.
    ServerDemote { who: Name },
    /// Choose who can create an account: `RegistrationShown`.
    SetRegistration { registration: Registration },
    /// Make a one-time code for a new account: `RegistrationCodeCreated`. The caller has drawn `code`.
    MakeRegistrationCode { code: Code, digest: TokenDigest },
    /// Make a one-time code with which somebody sets a new password: `PasswordCodeCreated`. The caller has drawn `code`.
    MakePasswordCode { who: Name, code: Code, digest: TokenDigest },
    /// Free the name of a deleted account: `NameFreed`.
    FreeName { name: Name },

    /// Set a new password, whose hash the caller has computed: `PasswordChanged`. The account's other connections are
    /// closed.
    ChangePassword { hash: PasswordHash },
    /// Delete the requester's account: `Ended`. Its messages stay, under `ghost`.
    DeleteAccount,
    /// Set whether each stored message is acknowledged: `AcksSet`.
    SetAcks { on: bool },
    /// Create a token, valid for `seconds` or until it is revoked: `TokenCreated`. The caller has drawn the secret. `proved`:
    /// the account's password was given with the request, here and below.
    NewToken {
        name: Name,
        secret: TokenSecret,
        digest: TokenDigest,
        scope: TokenScope,
        seconds: Option<u64>,
        proved: bool,
    },
    /// Revoke a token: `TokenRevoked`.
    RevokeToken { name: Name, proved: bool },
    /// Close one of the requester's connections: `SessionClosed`.
    CloseSession { session: ClientId, proved: bool },
    /// End the session but keep the connection: `Ended`.
    LogOut,
    /// End the session and the connection: `Ended`.
    Quit,
}

impl Command {
    /// The idempotency key of the message it sends, if any. The owner of the store looks up the messages under it and hands
    /// them in as [`Facts`](super::Facts).
    pub fn key(&self) -> Option<&SendKey> {
        match self {
            Command::Say { key, .. } => key.as_ref(),
            _ => None,
        }
    }
}
