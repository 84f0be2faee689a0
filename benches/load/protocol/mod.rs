//! The client side of each server's protocol.

mod irc;
mod json;
mod text;

pub use irc::Irc;
pub use json::Json;
pub use text::Text;

/// A question, and a part of the line that answers it.
pub struct Exchange {
    pub question: String,
    pub answer: String,
}

/// A decoded line from the server.
#[derive(Debug)]
pub enum Received<'a> {
    /// A message of the load, with the server's label of the place.
    Message { place: &'a [u8], author: usize, number: u32 },
    /// The server acknowledges a message of this member.
    Stored,
    /// A ping, with the line that answers it.
    Ping(Vec<u8>),
    /// Anything else.
    Other,
}

/// The recipient of a message.
#[derive(Clone, Copy)]
pub enum Place {
    Room(usize),
    /// To this member and nobody else.
    Direct(usize),
}

/// The protocol of a server.
pub trait Protocol {
    /// The login of a member.
    fn enter(&self, member: usize) -> Exchange;
    /// The most concurrent logins: fewer than the places of the server's accept queue.
    fn entering_max(&self) -> usize {
        64
    }
    /// Joins a room; `None` if members are already in their rooms.
    fn join(&self, room: usize) -> Option<Exchange>;
    /// A question whose answer comes behind everything that was sent before it.
    fn barrier(&self) -> Exchange;
    /// Appends the line that sends a message.
    fn say(&self, place: Place, number: u32, out: &mut Vec<u8>);
    /// The label of the place of a message from `author`, as `reader` is shown it.
    fn label(&self, place: Place, author: usize, reader: usize) -> Vec<u8>;
    /// Decodes a line, its end included.
    fn decode<'a>(&self, line: &'a [u8]) -> Received<'a>;
    /// Whether a line is a refusal or an error.
    fn is_refusal(&self, line: &[u8]) -> bool;
    /// Whether each message is acknowledged by [`Received::Stored`].
    fn acknowledges(&self) -> bool {
        false
    }
    /// Requests a token, which is cheaper to log in with than a password.
    fn token(&self) -> Option<Exchange> {
        None
    }
    /// Keeps the token in this line for the member's next login.
    fn keep_token(&self, _member: usize, _line: &[u8]) {}
}
