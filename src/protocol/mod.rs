//! Commands and events as bytes and lines. No I/O.

pub mod sniff;
pub mod telnet;
pub mod text;
