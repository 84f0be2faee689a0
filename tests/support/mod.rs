//! A server in a folder of its own, clients that check every byte they receive, and what judges what they saw.

mod alone;
mod client;
mod program;
mod random;
pub mod crowd;
pub mod history;
mod ledger;
mod oracle;
mod server;
mod speaker;
mod wire;

pub use alone::{Alone, name};
pub use client::{Client, timeless};
pub use ledger::Ledger;
pub use oracle::MARKER;
pub use program::Program;
pub use random::Random;
pub use server::{PATIENCE, Running, Server};
pub use speaker::{Heard, Speaker};
pub use wire::{DO_ECHO, DONT_ECHO, WILL_ECHO, WONT_ECHO, Wire, connect_from, connect_narrow};
