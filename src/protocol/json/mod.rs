//! The JSON front: what programs send and get, one object a line.
//!
//! Owns the names of all objects and fields; `docs/protocol.md` specifies them. What comes in is bounded in size and
//! depth before it is parsed; unknown fields are ignored. What goes out is UTF-8 without any control character.

mod fields;
mod object;
mod reference;
mod refusal;
mod render;
mod request;
mod value;

pub use fields::Wrong;
pub use reference::{REFERENCE_MAX_BYTES, Reference};
pub use render::{
    Hello, bye, done, event, hello, message, message_bytes, page, pong, refused, resumed, slow_down, wrong,
};
pub use request::{Asked, Line, parse};

/// The version of this protocol: counted up when something that was promised changes.
pub const VERSION: u32 = 1;
/// How deep objects and lists may be in each other.
pub const DEPTH_MAX: usize = 8;
