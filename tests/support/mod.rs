//! A server in a folder of its own, and a small client that checks every byte it receives.

mod client;
mod server;

pub use client::Client;
pub use server::{Running, Server};
