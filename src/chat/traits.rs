//! Traits of a session, which its protocol and its login choose; and the origin of its connection.

use crate::address::Address;

/// Traits of a session. The chat decides by these, never by the name of the protocol.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Traits {
    /// It has a current room, and remembers whom to reply to, so that requests may leave out where they go.
    pub cursor: bool,
    /// Each message it sends is acknowledged, whatever the account's setting is.
    pub acknowledges: bool,
    /// It receives its own messages too.
    pub echoes: bool,
    /// On entering a room it is shown the first page of the members ([`Event::People`](super::Event::People)).
    pub member_lists: bool,
    /// It is shown when people who share a room with it come and go ([`Event::Presence`](super::Event::Presence)).
    pub presence: bool,
    /// It is shown when another connection of the account moves a read position ([`Event::ReadSet`](super::Event::ReadSet)).
    pub read_positions: bool,
}

/// The origin of a connection, and the options of its session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Origin {
    /// The peer's address.
    pub address: Address,
    /// The name of its protocol, for the list of connections.
    pub protocol: &'static str,
    /// The traits that its protocol and its login choose.
    pub traits: Traits,
    /// Whether it listens to its rooms from its login on. Otherwise a room is silent until the client resumes it
    /// ([`Command::Resume`](super::Command::Resume)).
    pub live: bool,
    /// Whether delivered messages become read once its client acts. Otherwise only explicit requests move read positions.
    /// `None`: unless it is logged in by a token.
    pub reads: Option<bool>,
    /// Whether it is a program, so that no other program answers what it says. `None`: if it is logged in by a token.
    pub program: Option<bool>,
}

impl Origin {
    /// A connection of the text protocol: it has a cursor, is live, and reads.
    pub fn text(address: Address) -> Origin {
        Origin {
            address,
            protocol: "text",
            traits: Traits { cursor: true, ..Traits::default() },
            live: true,
            reads: None,
            program: None,
        }
    }

    /// A connection of the JSON protocol without login options: it is acknowledged, live, and reads.
    pub fn json(address: Address) -> Origin {
        let traits = Traits { acknowledges: true, ..Traits::default() };
        Origin { address, protocol: "json", traits, live: true, reads: None, program: None }
    }
}
