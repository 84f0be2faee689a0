//! What a front must do so that the suite can run through it: take what is asked, give what is told.

mod json;
mod objects;
mod pattern;
mod read;
mod refusals;
mod sentences;
mod text;

use super::asked::Ask;
use super::seen::{Kind, Seen};

/// By what one gets in.
#[derive(Clone, Copy)]
pub enum Secret<'a> {
    Password(&'a str),
    Token(&'a str),
}

/// A connection of some front.
pub trait Front {
    fn kind(&self) -> Kind;
    /// Logs in, or registers if it `is_new`; all greetings, or the refusal.
    fn enter(&mut self, is_new: bool, name: &str, secret: Secret) -> Vec<Seen>;
    /// What is told from asking for it to its end.
    fn ask(&mut self, ask: &Ask) -> Vec<Seen>;
    /// The same for what ends the connection.
    fn ask_last(&mut self, ask: &Ask) -> Vec<Seen>;
    /// Ends the session; the connection stays.
    fn log_out(&mut self) -> Vec<Seen>;
    /// What was told up to now.
    fn seen(&mut self) -> Vec<Seen>;
    /// What is told to the end of the connection.
    fn rest(&mut self) -> Vec<Seen>;
    /// The answer as it came, without times: whatever could tell something is in it.
    fn verbatim(&mut self, ask: &Ask) -> Vec<String>;
}
