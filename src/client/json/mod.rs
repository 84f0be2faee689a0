//! The conversation with a program: one object a line, answers that carry the reference of their request.

mod login;
mod resume;
mod serve;

use std::sync::Arc;
use std::time::Instant;

use super::input::Input;
use super::output::{Output, Unreachable};
use super::session::{Session, SessionEnd};
use super::{Client, Conversation, Services};
use crate::broker::wall_clock;
use crate::chat::{Event, Refusal};
use crate::net::{Connection, Rate};
use crate::protocol::json::{self, Json};
use crate::protocol::{Context, Protocol, Reference};
use crate::reason::Reason;

/// The conversation with programs.
#[derive(Debug)]
pub struct Programs;

impl Conversation for Programs {
    fn protocol(&self) -> &'static dyn Protocol {
        &Json
    }

    fn input(&self, connection: Arc<Connection>, services: &Services) -> Input {
        Input::from_program(connection, services)
    }

    fn log_in(&self, client: &mut Client, started: Instant) -> Result<Session, Reason> {
        let output = client.output();
        Program { client, output }.log_in(started)
    }

    fn serve(&self, client: &mut Client, session: &mut Session) -> SessionEnd {
        let output = client.session_output();
        Program { client, output }.serve(session)
    }
}

/// A program at the other end of a connection.
struct Program<'c, 'a> {
    client: &'c mut Client<'a>,
    /// Where its bytes go.
    output: Output,
}

impl Program<'_, '_> {
    /// Answers a request, or greets, by what `write` writes.
    fn send(&self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Unreachable> {
        let mut bytes = Vec::new();
        write(&mut bytes);
        self.output.answer(bytes)
    }

    /// Refuses a request.
    fn refuse(&self, refusal: Refusal, reference: Option<&Reference>) -> Result<(), Unreachable> {
        let context = Context { now: wall_clock(), clock: &self.client.services.clock };
        self.send(|out| Json.answer(&Event::Refused(refusal), reference, context, out))
    }

    /// Refuses a line that is longer than it may be.
    fn refuse_long_line(&self) -> Result<(), Unreachable> {
        let max = self.client.services.json_line_max_bytes;
        self.send(|out| json::wrong(&json::Wrong::line_too_long(max), None, out))
    }

    /// Notifies it that its lines wait for their turns.
    fn slow_down(&self, rate: Rate) -> Result<(), Unreachable> {
        let delayed_lines_max = self.client.services.pace.flood_max_lines;
        let mut bytes = Vec::new();
        json::slow_down(rate.lines_per_s, rate.burst_lines, delayed_lines_max, &mut bytes);
        self.output.write(bytes)
    }

    fn pong(&self, reference: Option<&Reference>) -> Result<(), Unreachable> {
        self.send(|out| json::pong(wall_clock(), reference, out))
    }
}
