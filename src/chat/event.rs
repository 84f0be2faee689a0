//! Events: everything that clients are shown. Each is complete in itself: a protocol needs nothing else to encode it.

use crate::address::Address;

use super::{
    BanTarget, ClientId, Code, MessageKind, Name, Notice, Refusal, Registration, Seq, ShownRoom, Text, Timestamp,
    TokenScope, TokenSecret, Visibility,
};

/// A message as its readers get it, live and in history alike.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// The room as its reader refers to it.
    pub room: ShownRoom,
    /// Its number in the room.
    pub seq: Seq,
    /// When it was accepted.
    pub at: Timestamp,
    /// Who wrote it; `ghost` once that account is deleted, `system` for the server itself.
    pub author: Name,
    /// Speech or action.
    pub kind: MessageKind,
    /// Whether a program sent it: no program answers it, or two could answer each other without end.
    pub program: bool,
    /// Its text.
    pub text: Text,
}

/// A person as others see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Person {
    /// The account's name.
    pub name: Name,
    /// Whether it has a connection.
    pub online: bool,
    /// Why it is away, if it said so.
    pub away: Option<Text>,
    /// Its role in the room of the event; `None` if the event has no room.
    pub role: Option<Role>,
}

/// The rights of a member in a room, from least to most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Role {
    /// Reads and talks.
    Member,
    /// Also kicks, bans, invites and sets the topic.
    Moderator,
    /// Also appoints moderators, and changes or deletes the room.
    Owner,
}

/// The unread messages of an account in one room.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Missed {
    /// The room.
    pub room: ShownRoom,
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
    pub room: ShownRoom,
    /// `None` for a direct room.
    pub visibility: Option<Visibility>,
    /// How many members it has.
    pub members: u64,
    /// How many of them are online.
    pub online: u64,
    /// Its topic.
    pub topic: Option<Text>,
    /// Whether the reader is a member.
    pub joined: bool,
    /// How many messages the reader has not read; 0 where it is not a member.
    pub new: u64,
}

/// An invitation that its receiver can accept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InvitationRow {
    /// The room.
    pub room: ShownRoom,
    /// Tells it from another room of that name.
    pub visibility: Visibility,
    /// Who invited.
    pub by: Name,
    /// When it ends.
    pub until: Timestamp,
}

/// A ban, in full.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BanRow {
    /// Who is banned. An account that has been deleted since is `ghost`.
    pub target: BanTarget,
    /// Who did it.
    pub by: Name,
    /// Since when.
    pub at: Timestamp,
    /// Until when; `None` if permanent.
    pub until: Option<Timestamp>,
    /// Why.
    pub why: Text,
}

/// One of the reader's tokens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenRow {
    /// Its name, chosen by its owner.
    pub name: Name,
    /// What it allows.
    pub scope: TokenScope,
    /// When it was created.
    pub created: Timestamp,
    /// When it expires; `None` if never.
    pub until: Option<Timestamp>,
    /// When it was last used to log in.
    pub used: Option<Timestamp>,
}

/// One of the reader's connections.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionRow {
    /// Its number.
    pub session: ClientId,
    /// The word of its protocol.
    pub protocol: &'static str,
    /// The peer's address.
    pub address: Address,
    /// When it logged in.
    pub since: Timestamp,
    /// When it last sent a request.
    pub active: Timestamp,
    /// The token that it logged in with, if any.
    pub token: Option<Name>,
    /// Whether it is the connection that asks.
    pub own: bool,
}

/// A topic, its author and its time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TopicView {
    /// The topic.
    pub text: Text,
    /// Who set it.
    pub by: Name,
    /// When.
    pub at: Timestamp,
}

/// The room that the reader has entered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EnteredRoom {
    /// The room.
    pub room: ShownRoom,
    /// Its topic.
    pub topic: Option<TopicView>,
    /// Whether the reader became a member just now.
    pub joined: bool,
    /// Other members who are online, at most [`HERE_NAMES_MAX`](super::HERE_NAMES_MAX).
    pub here: Vec<Person>,
    /// How many more are online there.
    pub more: u64,
    /// How many members it has.
    pub members: u64,
    /// How many messages it has.
    pub messages: Seq,
}

/// The state of the account after a login.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Welcome {
    /// The account's name.
    pub name: Name,
    /// When its last connection ended.
    pub last_seen: Option<Timestamp>,
    /// The session's current room, if it has one.
    pub room: Option<ShownRoom>,
    /// Why it is away.
    pub away: Option<Text>,
    /// The rooms it is in, with their unread messages, in the order of their creation: at most
    /// [`MISSED_MAX`](super::MISSED_MAX) of them, those with unread messages first.
    pub missed: Vec<Missed>,
    /// How many more rooms it is in.
    pub more: u64,
    /// How many messages are unread in those.
    pub more_unread: u64,
    /// Its open invitations, at most [`INVITATIONS_SHOWN_MAX`](super::INVITATIONS_SHOWN_MAX) of them.
    pub invitations: Vec<InvitationRow>,
    /// How many more open invitations it has.
    pub more_invitations: u64,
    /// What happened to it since its last login, each with its time.
    pub notices: Vec<(Timestamp, Notice)>,
    /// How many other connections the account has.
    pub others: u64,
}

/// The description of a room.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RoomView {
    /// The room.
    pub room: ShownRoom,
    /// `None` for a direct room.
    pub visibility: Option<Visibility>,
    /// Its topic.
    pub topic: Option<TopicView>,
    /// When it was created.
    pub created: Timestamp,
    /// Who owns it.
    pub owner: Option<Name>,
    /// Its moderators, at most [`HERE_NAMES_MAX`](super::HERE_NAMES_MAX).
    pub moderators: Vec<Name>,
    /// How many members it has.
    pub members: u64,
    /// How many of them are online.
    pub online: u64,
    /// How many messages it has.
    pub messages: Seq,
    /// How many of them the reader has not read.
    pub unread: u64,
    /// Who has an open invitation, for those who may revoke it.
    pub invited: Vec<Name>,
    /// Open codes, for those who may revoke them.
    pub codes: Vec<Code>,
}

/// The description of an account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountView {
    /// Who it is.
    pub who: Person,
    /// When it was created.
    pub created: Timestamp,
    /// When its last connection ended.
    pub last_seen: Option<Timestamp>,
    /// Whether it is an operator of the server.
    pub operator: bool,
    /// Rooms it is in that the reader may know of.
    pub rooms: Vec<ShownRoom>,
    /// The addresses of its connections; shown to operators only.
    pub addresses: Vec<Address>,
}

/// How somebody's presence changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PresenceChange {
    /// Its first connection has logged in.
    Online,
    /// Its last connection has ended.
    Offline,
    /// Away from now on.
    Away,
    /// No longer away.
    Back,
}

/// How a member stopped being one.
#[allow(missing_docs, reason = "the line above each variant tells of its fields")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Departure {
    /// By its own request.
    Left,
    /// Kicked from the room; may return.
    Kicked { by: Name, why: Text },
    /// Banned from the room.
    Banned { by: Name, until: Option<Timestamp>, why: Text },
    /// Its account is deleted.
    Deleted,
    /// The room is deleted, with all its messages.
    RoomDeleted { by: Name },
}

/// A change of a room, which its members are shown.
#[allow(missing_docs, reason = "the line above each variant tells of its fields")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RoomChange {
    /// A new topic, or none.
    Topic(Option<Text>),
    /// Public or private from now on.
    Visibility(Visibility),
    /// A new name; the event's `room` has the old one.
    Renamed(Name),
    /// `who` has this role from now on.
    Role { who: Name, role: Role },
}

/// Why the chat ended a session.
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
    /// The token that it logged in with was revoked.
    TokenRevoked { name: Name },
    /// The token that it logged in with has expired.
    TokenExpired { name: Name },
    /// Another connection of the account closed it.
    ClosedElsewhere,
    /// An operator closed it.
    Kicked { by: Name, why: Text },
    /// An operator banned the account or the address.
    Banned { by: Name, until: Option<Timestamp>, why: Text },
}

/// An event that a client is shown.
#[allow(missing_docs, reason = "the line above each variant tells of its fields")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A message in one of the reader's rooms.
    Message(Message),
    /// The reader's message is on disk. `requested`: the account or the protocol wants each acknowledgement shown.
    Stored { room: ShownRoom, seq: Seq, at: Timestamp, requested: bool },
    /// The request was refused.
    Refused(Refusal),

    // Sessions
    /// A new account was created and is logged in.
    Registered { name: Name, room: EnteredRoom },
    /// Logged in.
    LoggedIn(Welcome),
    /// The last event of a session: `sent` messages were stored in it; the account stays a member of `rooms`.
    Ended { name: Name, farewell: Farewell, sent: u64, rooms: Vec<ShownRoom> },
    /// Whether stored messages are acknowledged from now on.
    AcksSet { on: bool },
    /// The password is changed, `closed` other connections are closed, and `tokens` tokens remain valid.
    PasswordChanged { closed: u64, tokens: u64 },
    /// A token was created. Its secret is shown here and never again.
    TokenCreated { name: Name, secret: TokenSecret, scope: TokenScope, until: Option<Timestamp> },
    /// The reader's valid tokens.
    Tokens { rows: Vec<TokenRow> },
    /// A token is revoked, and `closed` other connections that used it are closed.
    TokenRevoked { name: Name, closed: u64 },
    /// The reader's connections. `total` over all pages.
    Sessions { rows: Vec<SessionRow>, total: u64, page: u64, pages: u64 },
    /// One of them is closed.
    SessionClosed { session: ClientId },

    // Rooms
    /// The room was created, and is the current room of a session that has one.
    Created { room: ShownRoom, visibility: Visibility },
    /// The room is entered, and is the current room of a session that has one.
    Entered(EnteredRoom),
    /// The direct room with somebody is the current room of a session that has one. It has `messages` messages; `back` is
    /// the room that was current before.
    DirectOpened { room: ShownRoom, with: Person, messages: Seq, back: Option<ShownRoom> },
    /// Somebody became a member.
    MemberJoined { room: ShownRoom, who: Name },
    /// Somebody else stopped being a member.
    MemberLeft { room: ShownRoom, who: Name, departure: Departure },
    /// The reader is no longer a member; `now` is its session's current room.
    YouLeft { room: ShownRoom, departure: Departure, now: Option<ShownRoom> },
    /// The rooms that can be found.
    RoomList { rows: Vec<RoomRow>, page: u64, pages: u64 },
    /// The rooms that the reader is in. `total` over all pages.
    OwnRooms { rows: Vec<Missed>, total: u64, page: u64, pages: u64 },
    /// The topic of a room.
    Topic { room: ShownRoom, topic: Option<TopicView> },
    /// The description of a room.
    RoomShown(RoomView),
    /// A room was changed by somebody; `by` is `None` where a rule of the server did it.
    RoomChanged { room: ShownRoom, by: Option<Name>, change: RoomChange },

    // Invitations
    /// Somebody is invited. `notified`: they are online and were notified.
    Invited { who: Name, room: ShownRoom, until: Timestamp, notified: bool },
    /// The reader is invited.
    InvitationReceived(InvitationRow),
    /// A one-time code was created.
    CodeCreated { room: ShownRoom, code: Code, until: Timestamp },
    /// The invitation or code is revoked.
    Uninvited { what: Name, room: ShownRoom },

    // People
    /// Who is online (`room` is `None`), or a room's members. `total` over all pages.
    People { room: Option<ShownRoom>, rows: Vec<Person>, total: u64, page: u64, pages: u64 },
    /// The description of an account.
    Account(AccountView),
    /// The reader is away from now on; `None`: back again.
    AwaySet { text: Option<Text> },
    /// The recipient of a direct message is not there now: away with a text, or offline.
    NotHere { who: Person },
    /// Somebody who shares a room with the reader came online, went offline, is away or is back. Only for sessions that
    /// requested it ([`Traits::presence`](super::Traits::presence)).
    Presence { who: Person, change: PresenceChange },

    // Reading
    /// Nothing is unread.
    NothingUnread,
    /// `messages` messages in `rooms` rooms were marked as read.
    CaughtUp { messages: u64, rooms: u64 },
    /// The reader's position in a room is `up_to`, with `unread` unread messages, `mentions` of which name the reader. The
    /// answer to `SetRead`; other sessions of the account that requested it
    /// ([`Traits::read_positions`](super::Traits::read_positions)) are shown each move.
    ReadSet { room: ShownRoom, up_to: Seq, unread: u64, mentions: u64 },
    /// The room has no messages.
    NoMessages { room: ShownRoom },

    // Moderation
    /// `who` is out of the room, by the reader's request.
    Removed { room: ShownRoom, who: Name, departure: Departure },
    /// A ban is lifted; `room` is `None` for the server's.
    Unbanned { room: Option<ShownRoom>, target: BanTarget },
    /// The bans that are in force; `room` is `None` for the server's. `total` over all pages.
    Bans { room: Option<ShownRoom>, rows: Vec<BanRow>, total: u64, page: u64, pages: u64 },
    /// An account or address is banned from the server; `closed` connections were closed.
    ServerBanned { ban: BanRow, closed: u64 },
    /// `closed` connections of an account were closed.
    ServerKicked { who: Name, closed: u64 },
    /// `who` is an operator of the server from now on, or no longer; `you`: the reader is meant. `by` is `None` if the
    /// operator code of the server's start did it.
    OperatorSet { who: Name, operator: bool, you: bool, by: Option<Name> },
    /// Who can create an account.
    RegistrationShown { registration: Registration },
    /// A one-time code for a new account was created.
    RegistrationCodeCreated { code: Code, until: Timestamp },
    /// A one-time code was created, with which `who` can set a new password. It is shown here and never again.
    PasswordCodeCreated { who: Name, code: Code, until: Timestamp },
    /// The name of a deleted account can be registered again.
    NameFreed { name: Name },
    /// Something happened to the reader's account.
    Notice { at: Timestamp, notice: Notice },
}
