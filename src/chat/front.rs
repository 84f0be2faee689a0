//! The fronts: how a client speaks to the server, and what of that the chat has to know.

use std::fmt;

use crate::address::Address;

/// The language of a client.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Front {
    /// Lines for people, fit for telnet.
    Text,
    /// One JSON object a line, for programs.
    Json,
}

impl Front {
    /// All of them, in the order of their numbers.
    pub const ALL: [Front; 2] = [Front::Text, Front::Json];

    /// The word for it: in the scheme of an address to listen at, in the log and in lists.
    pub fn word(self) -> &'static str {
        match self {
            Front::Text => "text",
            Front::Json => "json",
        }
    }

    /// Its clients are programs: each message they send is acknowledged, and they may resume.
    pub(super) fn is_for_programs(self) -> bool {
        match self {
            Front::Text => false,
            Front::Json => true,
        }
    }
}

impl fmt::Display for Front {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// From where a connection comes, and how.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Origin {
    /// From which address.
    pub address: Address,
    /// By which front.
    pub front: Front,
    /// Whether it is told what is said in its rooms from its login on. If not, a room stays silent until the client
    /// resumes it ([`Command::Resume`](super::Command::Resume)).
    pub live: bool,
}

impl Origin {
    /// A person's connection.
    pub fn text(address: Address) -> Origin {
        Origin { address, front: Front::Text, live: true }
    }
}
