//! The conversation with a person: lines of words, prompts, pages to leaf through.

mod recent;
mod prompt;
mod login;
mod talk;

pub use recent::RecentSecrets;

use std::sync::Arc;
use std::time::Instant;

use super::input::Input;
use super::output::{Output, Unreachable};
use super::session::{Session, SessionEnd};
use super::{Client, Conversation, Services};
use crate::net::{Connection, Rate};
use crate::protocol::Protocol;
use crate::protocol::text::{self, Text};
use crate::reason::Reason;

/// The conversation with people.
#[derive(Debug)]
pub struct People;

impl Conversation for People {
    fn protocol(&self) -> &'static dyn Protocol {
        &Text
    }

    fn input(&self, connection: Arc<Connection>, services: &Services) -> Input {
        Input::from_person(connection, services)
    }

    fn log_in(&self, client: &mut Client, started: Instant) -> Result<Session, Reason> {
        client.log_in_person(started)
    }

    fn serve(&self, client: &mut Client, session: &mut Session) -> SessionEnd {
        client.talk(session)
    }
}

impl Output {
    /// Answers by a line of the server.
    fn notice(&self, line: &str) -> Result<(), Unreachable> {
        self.notices([line])
    }

    /// Notifies it that its lines wait for their turns.
    fn slowed(&self, rate: Rate) -> Result<(), Unreachable> {
        self.tell(&text::line::slow_down(rate.lines_per_s))
    }

    /// A line of the server that is no answer.
    fn tell(&self, line: &str) -> Result<(), Unreachable> {
        let mut bytes = Vec::new();
        text::notice(line, &mut bytes);
        self.write(bytes)
    }

    /// Answers by several lines of the server.
    fn notices<'a>(&self, lines: impl IntoIterator<Item = &'a str>) -> Result<(), Unreachable> {
        let mut bytes = Vec::new();
        lines.into_iter().for_each(|line| text::notice(line, &mut bytes));
        self.answer(bytes)
    }

    /// Answers by a refusal.
    fn refused(&self, line: &str) -> Result<(), Unreachable> {
        let mut bytes = Vec::new();
        text::refused(line, &mut bytes);
        self.answer(bytes)
    }
}
