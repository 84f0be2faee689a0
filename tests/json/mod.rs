//! What only the JSON protocol has: requests with references, resuming, keys; and the examples of its specification.

mod requests;
mod resuming;
mod examples;
