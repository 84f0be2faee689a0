//! Bytes and sockets. Knows nothing of chat.

mod admission;
mod flusher;
mod line;
mod link;
mod listener;
mod outbox;
mod rate;
mod reason;

pub use admission::{Admission, Caps, Permit};
pub use flusher::{Flusher, FlusherHandle, flusher};
pub use line::{Cut, LineCutter};
pub use link::{Link, SocketOptions};
pub use listener::{Door, Listener};
pub use outbox::{Flushed, Outbox};
pub use rate::{Pace, Rate, Throttle};
pub use reason::{EndCounters, Reason, Voice};
