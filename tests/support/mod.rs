//! A server in a temporary folder, clients that check every byte they receive, and the history checker.

mod client;
mod program;
mod random;
pub mod crowd;
pub mod history;
mod ledger;
mod output_checker;
mod server;
mod socket;
mod speaker;
mod wire;

pub use client::{Client, timeless};
pub use ledger::Ledger;
pub use output_checker::MARKER;
pub use program::Program;
pub use random::Random;
pub use server::{PATIENCE, Running, Server, signal, wait_for};
pub use socket::{connect_from, connect_narrow};
pub use speaker::{Received, Speaker};
pub use wire::{DONT_ECHO, WILL_ECHO, Wire};
