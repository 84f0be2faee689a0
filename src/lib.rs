//! A chat server that a person with nothing but `telnet` can use, and that never loses a message anyone saw.
//!
//! ```text
//! socket -> line -> Command -> inbox -> Chat::handle -> Effects -> commit -> outboxes -> one send per socket
//! ```
//!
//! One thread per connection reads and cuts lines; one broker thread owns the chat, decides, commits and delivers in
//! turns; one flusher thread finishes what slow clients did not take at once. The modules are listed in reading order,
//! and each imports only modules above it.

pub mod address;
pub mod chat;
pub mod protocol;
pub mod config;
pub mod logging;
pub mod shutdown;
pub mod net;
pub mod store;
pub mod password;
pub mod token;
pub mod broker;
pub mod connection;
pub mod server;

/// The version of this server.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
