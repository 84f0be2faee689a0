//! The behaviour of the chat. A test sends a `Command` or `Query` and expects an `Event`: the JSON codec carries them all,
//! in both directions, so each test runs over every connection that carries JSON. Transcripts and unit tests show the
//! sentences of the text protocol.
//!
//! [`ask`] has constructors of requests, [`seen`] of expected events, [`house`] the server and the people on it.

/// Runs each of these tests over each transport. A test that is not listed is dead code, which the compiler refuses.
macro_rules! over_each_transport {
    ($($test:ident)*) => {
        mod json {
            $(#[test] fn $test() { super::$test(crate::behaviour::house::Transport::Json) })*
        }
    };
}

pub mod ask;
pub mod house;
mod seen;

mod talk;
mod rooms;
mod owners;
mod invitations;
mod direct;
mod reading;
mod login_options;
mod moderation;
mod privacy;
mod refused;
mod people;
mod accounts;
mod tokens;
mod ways_in;
mod operators;

mod together;
mod time;
