//! What clients are told. Each event is complete in itself: a front needs nothing else to show it.

use crate::address::Address;

use super::{
    BanTarget, ClientId, Code, Front, MessageKind, Name, Refusal, RoomLabel, Seq, Text, Timestamp, TokenSecret,
    Visibility,
};

/// A message as its readers get it, live and in history alike.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// The room as its reader calls it.
    pub room: RoomLabel,
    /// Its number in the room.
    pub seq: Seq,
    /// When it was accepted.
    pub at: Timestamp,
    /// Who wrote it; `ghost` once that account is deleted, `system` for the server itself.
    pub author: Name,
    /// Said or done.
    pub kind: MessageKind,
    /// What was written.
    pub text: Text,
}

/// A person as others see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Presence {
    /// The account's name.
    pub name: Name,
    /// Whether it has a connection.
    pub online: bool,
    /// Why it is away, if it said so.
    pub away: Option<Text>,
    /// Its role in the room that is shown; [`Role::Member`] where no room is.
    pub role: Role,
}

/// What a member may do in a room, from least to most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Role {
    /// Reads and talks.
    Member,
    /// Also kicks, bans, invites and sets the topic.
    Moderator,
    /// Also appoints moderators, and changes or deletes the room.
    Owner,
}

/// What one has not read in a room.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Missed {
    /// The room.
    pub room: RoomLabel,
    /// How many messages are unread.
    pub new: u64,
    /// How many of them name the reader.
    pub mentions: u64,
    /// The number of the room's newest message.
    pub last: Seq,
}

/// A row of the list of rooms.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RoomRow {
    /// The room.
    pub room: RoomLabel,
    /// `None` for a direct room.
    pub visibility: Option<Visibility>,
    /// How many members it has.
    pub members: u64,
    /// How many of them are online.
    pub online: u64,
    /// What it is about.
    pub topic: Option<Text>,
    /// Whether the asker is a member.
    pub joined: bool,
    /// How many messages the asker has not read; 0 where it is no member.
    pub new: u64,
}

/// An invitation that its receiver can accept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InvitationRow {
    /// The room.
    pub room: Name,
    /// Who invited.
    pub by: Name,
    /// When it ends.
    pub until: Timestamp,
}

/// A ban, with all that is kept of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BanRow {
    /// Who is kept out. An account that was deleted since is `ghost`.
    pub target: BanTarget,
    /// Who did it.
    pub by: Name,
    /// Since when.
    pub at: Timestamp,
    /// Until when; `None` for good.
    pub until: Option<Timestamp>,
    /// Why.
    pub why: Text,
}

/// One of one's own tokens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenRow {
    /// What its owner calls it.
    pub name: Name,
    /// When it was made.
    pub created: Timestamp,
    /// Until when it holds; `None` for good.
    pub until: Option<Timestamp>,
    /// When somebody last logged in by it.
    pub used: Option<Timestamp>,
}

/// One of one's own connections.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionRow {
    /// Its number.
    pub session: ClientId,
    /// How it speaks.
    pub front: Front,
    /// From where it comes.
    pub address: Address,
    /// Since when it is logged in.
    pub since: Timestamp,
    /// When it last asked for something.
    pub heard: Timestamp,
    /// The token by which it was logged in, if it was.
    pub token: Option<Name>,
    /// Whether it is the one that asks.
    pub own: bool,
}

/// How a member stopped being one.
#[allow(missing_docs, reason = "the line above each variant tells of its fields")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Departure {
    /// By itself.
    Left,
    /// Put out.
    Kicked { by: Name, why: Text },
    /// Put out and kept out.
    Banned { by: Name, until: Option<Timestamp>, why: Text },
    /// Its account is deleted.
    Deleted,
    /// The room is deleted, with all that was said there.
    RoomDeleted { by: Name },
}

/// A change of a room that its members are told.
#[allow(missing_docs, reason = "the line above each variant tells of its fields")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RoomChange {
    /// Another topic, or none.
    Topic(Option<Text>),
    /// Public or private from now on.
    Visibility(Visibility),
    /// Another name; the event's room has the old one.
    Renamed(Name),
    /// `who` has this role from now on.
    Role { who: Name, role: Role },
}

/// Why a session ends by the chat's decision.
#[allow(missing_docs, reason = "the line above each variant tells of its fields")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Farewell {
    /// `/quit`, or the end of input.
    Quit,
    /// `/logout`: the connection stays.
    LoggedOut,
    /// The account was deleted.
    AccountDeleted,
    /// The password was changed on another connection.
    PasswordChanged,
    /// The token by which it was logged in was taken back.
    TokenRevoked { name: Name },
    /// It was closed from another connection of the account.
    ClosedElsewhere,
    /// An operator closed it.
    Kicked { why: Text },
    /// An operator banned the account or the address.
    Banned { until: Option<Timestamp>, why: Text },
}

/// What a client is told.
#[allow(missing_docs, reason = "the line above each variant tells of its fields")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A message in a room one is in.
    Message(Message),
    /// The own message is on disk. Sent to whoever asked for acknowledgements.
    Stored { room: RoomLabel, seq: Seq, at: Timestamp },
    /// The request was refused.
    Refused(Refusal),

    // Sessions
    /// A new account, just made and logged in. `here` are others online in `room`, which has `messages` messages;
    /// `more` are online too but not named.
    Registered { name: Name, room: RoomLabel, here: Vec<Presence>, more: u64, messages: u64 },
    /// Logged in. `missed` has every room one is in; `room` is where one talks now.
    LoggedIn {
        name: Name,
        last_seen: Option<Timestamp>,
        room: Option<RoomLabel>,
        away: Option<Text>,
        missed: Vec<Missed>,
        invitations: Vec<InvitationRow>,
        /// How many other connections the account has just now.
        others: u64,
    },
    /// The last thing said in a session: `sent` messages were stored in it; one stays a member of `rooms`.
    Ended { name: Name, farewell: Farewell, sent: u64, rooms: Vec<RoomLabel> },
    /// Whether stored messages are acknowledged from now on.
    AcksSet { on: bool },
    /// The password is changed, and so many other connections are closed. So many tokens still hold.
    PasswordChanged { closed: u64, tokens: u64 },
    /// A token is made. It is shown here and never again.
    TokenMade { name: Name, secret: TokenSecret, until: Option<Timestamp> },
    /// The own tokens that hold.
    Tokens { rows: Vec<TokenRow> },
    /// A token is taken back, and so many other connections are closed.
    TokenRevoked { name: Name, closed: u64 },
    /// The own connections.
    Sessions { rows: Vec<SessionRow> },
    /// One of them is closed.
    SessionClosed { session: ClientId },

    // Rooms
    /// The room is made, and one talks in it.
    Created { room: RoomLabel, visibility: Visibility },
    /// One talks in this room from now on. `joined`: by becoming a member just now. `here` and `more` as above.
    Entered { room: RoomLabel, topic: Option<Text>, joined: bool, here: Vec<Presence>, more: u64, messages: u64 },
    /// One talks with somebody alone from now on. The room has `messages` messages; `back` is where one talked before.
    DirectOpened { with: Presence, messages: u64, back: Option<RoomLabel> },
    /// Somebody became a member.
    MemberJoined { room: RoomLabel, who: Name },
    /// Somebody else stopped being a member.
    MemberLeft { room: RoomLabel, who: Name, departure: Departure },
    /// One is no member any more oneself, and talks in `now` (if anywhere).
    YouLeft { room: RoomLabel, departure: Departure, now: Option<RoomLabel> },
    /// The rooms that can be found.
    RoomList { rows: Vec<RoomRow>, page: u64, pages: u64 },
    /// What a room is about.
    Topic { room: RoomLabel, topic: Option<(Text, Name, Timestamp)> },
    /// What a room is.
    RoomShown {
        room: RoomLabel,
        /// `None` for a direct room.
        visibility: Option<Visibility>,
        topic: Option<Text>,
        created: Timestamp,
        owner: Option<Name>,
        moderators: Vec<Name>,
        members: u64,
        online: u64,
        messages: u64,
        unread: u64,
        /// Names with an open invitation and open codes, for those who may take them back.
        invited: Vec<Name>,
        codes: Vec<Code>,
    },
    /// A room was changed by somebody; `by` is `None` where a rule of the server did it.
    RoomChanged { room: RoomLabel, by: Option<Name>, change: RoomChange },

    // Invitations
    /// The invitation was made. `told`: the invited one is online and knows.
    Invited { who: Name, room: RoomLabel, until: Timestamp, told: bool },
    /// One is invited.
    InvitationReceived(InvitationRow),
    /// A one-time code was made.
    CodeMade { room: RoomLabel, code: Code, until: Timestamp },
    /// The invitation or code is taken back.
    Uninvited { what: Name, room: RoomLabel },

    // People
    /// Who is online (`room` is `None`), or a room's members. `total` over all pages.
    People { room: Option<RoomLabel>, rows: Vec<Presence>, total: u64, page: u64, pages: u64 },
    /// An account. `rooms` are those that the asker may know of.
    Account {
        who: Presence,
        created: Timestamp,
        last_seen: Option<Timestamp>,
        operator: bool,
        rooms: Vec<RoomLabel>,
        /// From where it is connected; told to operators only.
        addresses: Vec<Address>,
    },
    /// One is away from now on; `None`: back again.
    AwaySet { text: Option<Text> },
    /// Whom one wrote to is not there now: away with a text, or offline.
    NotHere { who: Presence },

    // Reading
    /// Nothing is unread.
    NothingUnread,
    /// So many messages are marked as read, in so many rooms.
    CaughtUp { messages: u64, rooms: u64 },
    /// What was asked for has no messages.
    NoMessages { room: RoomLabel },

    // Moderation
    /// It was done: `who` is out of the room.
    Removed { room: RoomLabel, who: Name, departure: Departure },
    /// A ban is lifted; `room` is `None` for the server's.
    Unbanned { room: Option<RoomLabel>, target: BanTarget },
    /// The bans that are in force; `room` is `None` for the server's.
    Bans { room: Option<RoomLabel>, rows: Vec<BanRow> },
    /// An account or address is kept from the server; so many connections were closed.
    ServerBanned { ban: BanRow, closed: u64 },
    /// So many connections of an account were closed.
    ServerKicked { who: Name, closed: u64 },
    /// `who` is an operator of the server from now on, or not any more; `you`: the reader is meant.
    OperatorSet { who: Name, operator: bool, you: bool },
}
