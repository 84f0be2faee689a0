//! Tests of the server as its users meet it: through real sockets, each in a temporary folder, on port 0.
//!
//! - `behaviour`: the behaviour of the chat; a file a capability. `permissions`: each cell of a published table.
//! - `text` and `json`: one protocol each: its sentences, its documents, its real clients.
//! - `process`: starting, stopping, limits, logs.
//! - `simulation`: the core against its own records, and the real broker over a store and a network in memory, from seeds.
//! - `fuzz`: properties that hold for any bytes.
//! - `tidy`: rules about the source and the documents.
//!
//! Tests wait by synchronising (`client.sync()`, an answer that comes behind everything before it), never by sleeping.
//! Every byte that any client receives passes the output checker in `support`.

#[allow(dead_code, unused_imports, reason = "shared with the fault tests, which use another part")]
mod support;

mod behaviour;
mod permissions;
mod text;
mod json;
mod process;
mod toy_protocol;
mod simulation;
mod fuzz;
mod tidy;
