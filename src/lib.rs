//! A chat server that people can use with nothing but `telnet`, and that never loses a message that anybody has seen.
//!
//! ```text
//! wire -> line -> Command -> inbox -> Chat::handle -> Effects -> commit -> outboxes -> one send per wire
//! ```
//!
//! One thread per connection reads and decodes lines; one broker thread owns the chat, and decides, commits and
//! delivers in turns; one flusher thread sends the pending output of slow clients. The modules are listed in reading order,
//! and each imports only modules above it.

pub mod address;
pub mod reason;
pub mod chat;
pub mod protocol;
pub mod config;
pub mod logging;
pub mod shutdown;
pub mod system;
pub mod net;
pub mod store;
pub mod password;
pub mod token;
pub mod broker;
pub mod client;
pub mod signal;
pub mod server;
pub mod tool;

/// The version of this server.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
