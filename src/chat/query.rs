//! Queries: the requests of a logged-in client that change nothing; and the answers to all requests.

use super::{Command, Event, HistoryRange, Name, RoomLabel, Seq, ShownRoom};

/// A request that only reads. Where `room` is `None`, the session's current room is meant unless its line says otherwise.
/// Each is answered by exactly one [`Answer`].
#[allow(missing_docs, reason = "the line above each variant tells of its fields")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Query {
    /// The rooms that can be found, by pages from 1: `RoomList`.
    Rooms { page: u64 },
    /// The rooms that the requester is in, direct ones too, by pages from 1: `OwnRooms`.
    OwnRooms { page: u64 },
    /// The description of a room: `RoomShown`.
    Room { room: Option<RoomLabel> },
    /// The topic of a room: `Topic`.
    Topic { room: Option<RoomLabel> },
    /// Who is online (`None`), or the members of a room, by pages from 1: `People`.
    Who { room: Option<RoomLabel>, page: u64 },
    /// An account: `Account`.
    Whois { name: Name },
    /// A part of a room's history: a page, or `NoMessages`.
    History { room: Option<RoomLabel>, range: HistoryRange },
    /// The unread messages, one page, the current room first: a page, or `NothingUnread`.
    Unread,
    /// The bans of a room, by pages from 1: `Bans`.
    Bans { room: Option<RoomLabel>, page: u64 },
    /// The bans of the server, by pages from 1: `Bans`.
    ServerBans { page: u64 },
    /// Who can create an account: `RegistrationShown`.
    Registration,
    /// The requester's tokens: `Tokens`.
    Tokens,
    /// The requester's connections, by pages from 1: `Sessions`.
    Sessions { page: u64 },
}

/// A request of a logged-in client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ask {
    /// It changes something.
    Command(Command),
    /// It only reads.
    Query(Query),
}

impl Ask {
    /// Whether it sends a message. Messages are pipelined: the next one is taken before the last one is stored.
    pub fn is_talk(&self) -> bool {
        let Ask::Command(command) = self else { return false };
        matches!(command, Command::Say { .. } | Command::Tell { .. } | Command::Reply { .. })
    }
}

impl From<Command> for Ask {
    fn from(command: Command) -> Ask {
        Ask::Command(command)
    }
}

impl From<Query> for Ask {
    fn from(query: Query) -> Ask {
        Ask::Query(query)
    }
}

/// The one answer to a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// An event, which may be a refusal.
    Event(Event),
    /// An event, followed by a room's newest messages for clients that show them.
    Entered(Event, Grant),
    /// A part of the history, to be read by the client's own thread.
    Page(Grant),
}

impl Answer {
    /// The event, unless the answer is a page.
    pub fn event(&self) -> Option<&Event> {
        match self {
            Answer::Event(event) | Answer::Entered(event, _) => Some(event),
            Answer::Page(_) => None,
        }
    }
}

/// The parts of the history that one client may read, decided once. Later messages have higher numbers and reach the
/// client live, so there is neither a gap nor a duplicate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grant {
    /// The ranges, in the order in which they are shown.
    pub ranges: Vec<GrantedRange>,
    /// Number of unread messages beyond these ranges; 0 unless the page is one of unread messages.
    pub remaining: u64,
}

/// A part of a room's history that may be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GrantedRange {
    /// The room.
    pub room: ShownRoom,
    /// The first number.
    pub from: Seq,
    /// The last number; `from - 1` where there is nothing to read.
    pub to: Seq,
    /// The room's newest number at the time of the grant.
    pub last: Seq,
}
