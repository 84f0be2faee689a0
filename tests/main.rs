//! The server as its users meet it: through real sockets, in a folder of its own, on port 0.
//!
//! One file a capability. Tests wait by synchronising (`client.sync()`, an answer that comes behind everything before
//! it), never by sleeping. Every byte that any client receives is checked by the oracle in `support`.

#[allow(dead_code, unused_imports, reason = "shared with the rigs, of which each uses a part")]
mod support;

mod accounts;
mod connections;
mod operating;
mod slow_readers;
mod storing;
mod rooms;
mod invitations;
mod direct;
mod history;
mod moderation;
mod privacy;
mod permissions;
mod help;
mod talk;
mod programs;
mod resuming;
mod tokens;
mod behaviour;
mod telnet;
mod transcripts;
mod json_examples;
mod fuzz;
mod tidy;
mod simulation;
