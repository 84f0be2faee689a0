//! Bytes and connections. Knows nothing of chat.

mod acceptor;
mod admission;
mod connection;
mod end_counters;
mod flusher;
pub mod framing;
mod outbox;
mod rate_limiter;
pub mod wire;

pub use acceptor::{Acceptor, Listener, REFUSED_MAX, Refusals};
pub use admission::{Admission, Caps, Permit, Refused};
pub use connection::{Connection, LINGER};
pub use end_counters::EndCounters;
pub use flusher::{Flusher, FlusherHandle, flusher};
pub use outbox::{Flushed, Outbox};
pub use rate_limiter::{Rate, RateLimiter, Throttle};
