//! How the bytes of a wire are divided: lines today.
//!
//! Input goes through a decoder that a client's thread owns; what a protocol writes is framed when it is written, so that
//! the broker can share one frame among all its readers.

mod key_sequence;
mod lines;

pub use lines::{Decoded, LineDecoder};
