//! The server as its users meet it: through real sockets, in a folder of its own, on port 0.
//!
//! One file a capability. Tests wait by synchronising (`client.sync()`, an answer that comes behind everything before
//! it), never by sleeping. Every byte that any client receives is checked by the oracle in `support`.

mod support;

mod rooms;
