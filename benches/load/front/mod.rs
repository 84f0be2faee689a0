//! How each kind of server is spoken to.

mod irc;
mod json;
mod text;

pub use irc::Irc;
pub use json::Json;
pub use text::Text;

/// A question, and what a line that answers it has in it.
pub struct Exchange {
    pub question: String,
    pub answer: String,
}

/// What a line from the server is, as far as a load must know.
#[derive(Debug)]
pub enum Heard<'a> {
    /// A message of the load: in what the server calls `place`, by the member `author`.
    Message { place: &'a [u8], author: usize, number: u32 },
    /// The server says that it has what this member sent.
    Stored,
    /// The server asks whether anybody is there, and wants this line as its answer.
    Ping(Vec<u8>),
    /// Anything else.
    Other,
}

/// Where a message goes.
#[derive(Clone, Copy)]
pub enum Place {
    Room(usize),
    /// To this member and nobody else.
    Direct(usize),
}

/// A kind of server.
pub trait Front {
    /// What a member says first, and how it sees that it is in.
    fn enter(&self, member: usize) -> Exchange;
    /// How many connections may be on their way in at a time: fewer than the server's queue of those it has not accepted.
    fn entering_max(&self) -> usize {
        64
    }
    /// Enters a room, where members are not in their rooms already.
    fn join(&self, room: usize) -> Option<Exchange>;
    /// A question whose answer comes behind everything that was said before it.
    fn barrier(&self) -> Exchange;
    /// Appends the line that says a message.
    fn say(&self, place: Place, number: u32, out: &mut Vec<u8>);
    /// How the place of a message is called to somebody who hears it: `hearer` hears `author`.
    fn label(&self, place: Place, author: usize, hearer: usize) -> Vec<u8>;
    /// What a line is, its end included.
    fn hear<'a>(&self, line: &'a [u8]) -> Heard<'a>;
    /// What a refusal or an error starts with.
    fn is_refusal(&self, line: &[u8]) -> bool;
    /// Whether a message that was said is answered by [`Heard::Stored`].
    fn acknowledges(&self) -> bool {
        false
    }
    /// Asks for something cheaper to log in with than a password.
    fn token(&self) -> Option<Exchange> {
        None
    }
    /// From now on a member enters with what this line gave it.
    fn keep_token(&self, _member: usize, _line: &[u8]) {}
}
