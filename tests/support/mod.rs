//! A server in a folder of its own, and a small client that checks every byte it receives.

mod alone;
mod client;
mod program;
mod random;
mod server;
mod wire;

pub use alone::{Alone, name};
pub use client::{Client, timeless};
pub use program::Program;
pub use random::Random;
pub use server::{Running, Server};
pub use wire::{DO_ECHO, DONT_ECHO, WILL_ECHO, WONT_ECHO, Wire, connect_from, connect_narrow};
