//! What a logged-in client can ask for. Whatever can be checked without knowing the chat has been checked.

use std::fmt;
use std::sync::Arc;

use super::{ClientId, Code, Name, RoomId, Seq, Text, Timestamp, TokenDigest, TokenSecret};
use crate::address::Address;

/// How a room is called by somebody: public and private rooms by their own name (`#tea`), a direct room by the name of
/// the other one in it (`@bob`; `@ghost-17` once that account is deleted).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum RoomLabel {
    /// A public or private room.
    Room(Name),
    /// The direct room with this account.
    Direct(Name),
}

/// Whether a message is said or done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MessageKind {
    /// Plain speech: `bob: text`.
    Speech,
    /// `/me`: `* bob waves`.
    Action,
}

/// Who may find a room and enter it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Visibility {
    /// Listed; anyone may join and read.
    Public,
    /// Not listed; entered by invitation only, read by members only.
    Private,
}

/// Which messages of a room are asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HistoryRange {
    /// The newest ones, as many as a page has.
    Newest,
    /// The newest `n`.
    Last(u64),
    /// From one number to another, both included.
    Between(Seq, Seq),
}

/// Whom a ban of the server is against.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BanTarget {
    /// An account.
    Account(Name),
    /// An address.
    Address(Address),
}

/// A password hash in PHC string form. Made outside the core, never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub Box<str>);

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// Longest key of a message, in bytes.
pub const SEND_KEY_MAX_BYTES: usize = 64;

/// A word by which a program knows a message before it has a number: sent again under the same key, it is not stored
/// again. 1 to [`SEND_KEY_MAX_BYTES`] bytes, compared byte by byte; it counts for one account and one room, for as long
/// as the message is kept.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SendKey(Arc<str>);

impl SendKey {
    /// The key in `text`, if it is neither empty nor too long.
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

/// A stored message that was sent under a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyedMessage {
    /// Where.
    pub room: RoomId,
    /// Its number.
    pub seq: Seq,
    /// When it was accepted.
    pub at: Timestamp,
}

/// A key, with what the store has under it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Keyed {
    /// The key.
    pub key: SendKey,
    /// The sender's messages under this key, one a room at most. Whoever owns the store looks them up and puts them
    /// here before the chat decides.
    pub stored: Vec<KeyedMessage>,
}

/// What a client asks for. Where `room` is `None` the room in which the client talks is meant.
#[allow(missing_docs, reason = "the line above each variant tells of its fields")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// Say something in a room.
    Say { room: Option<RoomLabel>, kind: MessageKind, text: Text, keyed: Option<Keyed> },
    /// Say something to one person, without going there.
    Tell { to: Name, text: Text },
    /// Say something to whoever last wrote directly.
    Reply { text: Text },
    /// Go and talk with one person alone.
    OpenDirect { with: Name },

    /// List the rooms that can be found, by pages from 1.
    ListRooms { page: u64 },
    /// Enter a room, or go back to one that one is in.
    Join { room: RoomLabel },
    /// Stop being a member.
    Leave { room: Option<RoomLabel> },
    /// Make a room.
    Create { name: Name, visibility: Visibility },
    /// Show the topic, or set it; an empty text takes it away.
    Topic { room: Option<RoomLabel>, text: Option<Text> },
    /// Show what a room is and who is in it.
    ShowRoom { room: Option<RoomLabel> },
    /// Make a room public or private.
    SetVisibility { room: Option<RoomLabel>, visibility: Visibility },
    /// Give a room another name.
    RenameRoom { room: Option<RoomLabel>, name: Name },
    /// Delete a room and all that was said in it. Its name must be repeated, so that nobody does it by accident.
    DeleteRoom { room: Option<RoomLabel>, confirmation: Option<Name> },
    /// Give a room to another member, who becomes its owner.
    HandOver { room: Option<RoomLabel>, to: Name },

    /// Invite somebody.
    Invite { who: Name, room: Option<RoomLabel> },
    /// Make a one-time code that lets whoever types it in. `code` was drawn by the caller.
    InviteByCode { room: Option<RoomLabel>, code: Code },
    /// Accept an invitation: to the named room, by a code, or the only one there is.
    Accept { what: Option<Name> },
    /// Take back an invitation: of an account, or a code.
    Uninvite { what: Name, room: Option<RoomLabel> },

    /// List who is online, or the members of a room.
    Who { room: Option<RoomLabel>, page: u64 },
    /// Show an account.
    Whois { name: Name },
    /// Say that one is not there, and why.
    Away { text: Text },
    /// Say that one is there again.
    Back,

    /// Read a part of a room's history.
    History { room: Option<RoomLabel>, range: HistoryRange },
    /// Read what is unread, in order.
    Unread,
    /// Mark what is unread as read: in one room or in all.
    CatchUp { room: Option<RoomLabel> },
    /// A page shown by [`Command::Unread`] was read up to `seq`. Sent by the front, not typed.
    MarkRead { room: RoomId, seq: Seq },
    /// Give what was said after these numbers, one page, and then what is said from now on.
    Resume { after: Vec<(RoomLabel, Seq)> },

    /// Put a member out; it may come back.
    Kick { who: Name, room: Option<RoomLabel>, why: Text },
    /// Put somebody out and keep it out, for so many seconds or for good.
    Ban { who: Name, room: Option<RoomLabel>, seconds: Option<u64>, why: Text },
    /// Lift a ban.
    Unban { who: Name, room: Option<RoomLabel> },
    /// List the bans of a room.
    ListBans { room: Option<RoomLabel> },
    /// Make a member a moderator.
    Promote { who: Name, room: Option<RoomLabel> },
    /// Make a moderator a plain member.
    Demote { who: Name, room: Option<RoomLabel> },

    /// Become the first operator of the server, by the code that was printed when it started.
    ClaimOperator { code: Code },
    /// Close all connections of an account.
    ServerKick { who: Name, why: Text },
    /// Keep an account or an address from the server.
    ServerBan { target: BanTarget, seconds: Option<u64>, why: Text },
    /// Lift a ban of the server.
    ServerUnban { target: BanTarget },
    /// List the bans of the server.
    ServerBans,
    /// Make an account an operator of the server.
    ServerPromote { who: Name },
    /// Make an operator a plain account.
    ServerDemote { who: Name },

    /// Set a new password, whose hash was made outside. Other connections of the account are closed.
    ChangePassword { hash: PasswordHash },
    /// Delete the own account. What it wrote stays, under `ghost`.
    DeleteAccount,
    /// Whether each stored message is acknowledged by a line of its own.
    SetAcks { on: bool },
    /// Make a token, for so many seconds or for good. It and its digest were made by the caller.
    NewToken { name: Name, secret: TokenSecret, digest: TokenDigest, seconds: Option<u64> },
    /// List the own tokens.
    ListTokens,
    /// Take a token back.
    RevokeToken { name: Name },
    /// List the own connections.
    ListSessions,
    /// Close one of them.
    CloseSession { session: ClientId },
    /// End the session but keep the connection.
    LogOut,
    /// End the session and the connection.
    Quit,
}

impl Command {
    /// Whether the front waits for a reply before it goes on: the answer may grant a part of the history to be read, or
    /// what is asked next may depend on it.
    pub fn needs_reply(&self) -> bool {
        matches!(
            self,
            Command::ChangePassword { .. }
                | Command::History { .. }
                | Command::Unread
                | Command::Resume { .. }
                | Command::Join { .. }
                | Command::Accept { .. }
                | Command::OpenDirect { .. }
        )
    }
}
