//! What the chat does, whatever the front: each test runs through the text front and through the JSON front.
//!
//! A test asks by [`asked::Ask`] and expects [`seen::Seen`]. An adapter for each front, in `front/`, types or sends the
//! one and reads the other, and fails on anything that it does not know. Where the fronts tell a thing differently,
//! [`seen::Seen::told_by`] says how.

/// Runs each of these tests once for each front. One that is left out is dead code, which is refused.
macro_rules! through_each_front {
    ($($test:ident)*) => {
        mod text {
            $(#[test] fn $test() { super::$test(crate::behaviour::house::Cast::Text) })*
        }
        mod json {
            $(#[test] fn $test() { super::$test(crate::behaviour::house::Cast::Json) })*
        }
    };
}

/// Runs each of these tests with people who connect through one front and the other in turn.
macro_rules! through_both_fronts_at_once {
    ($($test:ident)*) => {
        mod text_first {
            use crate::behaviour::{house::Cast, seen::Kind};
            $(#[test] fn $test() { super::$test(Cast::Mixed(Kind::Text)) })*
        }
        mod json_first {
            use crate::behaviour::{house::Cast, seen::Kind};
            $(#[test] fn $test() { super::$test(Cast::Mixed(Kind::Json)) })*
        }
    };
}

mod asked;
mod seen;
mod front;
mod house;

mod talk;
mod rooms;
mod owners;
mod invitations;
mod direct;
mod reading;
mod moderation;
mod privacy;
mod refused;
mod people;
mod accounts;
mod tokens;
mod operators;
mod together;
