//! Protocols: how clients write their requests and read what they are shown. Pure: bytes in, values out, and back.
//!
//! Each protocol is one implementation of [`Protocol`] for what goes out, beside its parser for what comes in. The rest of
//! the server names no protocol. What only one of them needs stays inside it; `json` does not import `text`.

pub mod foreign;
pub mod json;
pub mod telnet;
pub mod text;

mod clock;
mod reference;
mod refusal;
mod secret;

use crate::chat::{Event, Timestamp, Traits};
use crate::reason::ClosingLine;

pub use clock::Clock;
pub use reference::{REFERENCE_MAX_BYTES, Reference};
pub use refusal::{connection_ended, given_reason, happened};
pub use secret::Secret;

/// Every protocol of the server.
pub static PROTOCOLS: [&dyn Protocol; 2] = [&text::Text, &json::Json];

/// When something is read, and in which zone its times are shown.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Now.
    pub now: Timestamp,
    /// The server's zone.
    pub clock: &'a Clock,
}

/// Output to all clients that no request caused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notice {
    /// A new day has begun, by the server's zone.
    NewDay,
    /// The store cannot be trusted any more: the server stops, and unacknowledged lines may not be saved.
    StoreFailed,
}

/// The outgoing side of a protocol. Every method appends whole lines to `out`, or nothing where the protocol has nothing
/// to say; it never fails and keeps no state, so that what one event encodes to can be shared by all its readers.
pub trait Protocol: ClosingLine {
    /// The word for it: the scheme of its listeners, in logs and in the list of connections.
    fn word(&self) -> &'static str;

    /// The traits of its sessions, unless the login chooses others.
    fn traits(&self) -> Traits;

    /// Whether a client that cannot be given everything in order is cut, to resume, instead of being shown later messages
    /// first. True for programs, which take the highest number they saw for their position.
    fn strict_order(&self) -> bool;

    /// An event that is not an answer: the same for all readers of this protocol.
    fn event(&self, event: &Event, context: Context, out: &mut Vec<u8>);

    /// The answer to a request, with the request's reference where the protocol has one.
    fn answer(&self, event: &Event, reference: Option<&Reference>, context: Context, out: &mut Vec<u8>);

    /// A notice to everybody.
    fn notice(&self, notice: Notice, context: Context, out: &mut Vec<u8>);
}
