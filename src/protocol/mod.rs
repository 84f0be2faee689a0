//! Commands and events as bytes and lines. No I/O.

mod secret;

pub mod sniff;
pub mod telnet;
pub mod text;
pub mod json;

pub use secret::Secret;
