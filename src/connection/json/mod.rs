//! The conversation with a program: one object a line, answers that carry the reference of their request.

mod login;
mod resume;
mod serve;

use std::time::Instant;

use super::Connection;
use super::outlet::{Outlet, Unreachable};
use super::session::{Session, SessionEnd};
use crate::broker::wall_clock;
use crate::chat::Refusal;
use crate::net::{Reason, Voice};
use crate::protocol::json::{self, Reference};
use crate::protocol::text;

/// How this front says the last line of a connection.
pub(super) const VOICE: Voice = Voice { line_end: "\n", last_line };

fn last_line(reason: Reason) -> Option<Vec<u8>> {
    let words = match reason {
        Reason::Stopping => Some(text::STOPPING),
        // They have been told, or are gone.
        Reason::Quit | Reason::SignedOut | Reason::Kicked | Reason::Lost => return None,
        reason => reason.last_line(),
    };
    let mut bytes = Vec::new();
    json::bye(reason.word(), words, None, &mut bytes);
    Some(bytes)
}

/// A program at the other end of a connection.
struct Program<'c, 'a> {
    connection: &'c mut Connection<'a>,
    /// Where what is said goes.
    outlet: Outlet,
}

/// Serves a program until it is logged in; `Err` tells why the connection ends instead. The time for it runs from
/// `started`, however the bytes trickle.
pub(super) fn log_in(connection: &mut Connection, started: Instant) -> Result<Session, Reason> {
    let outlet = Outlet::Own(connection.link.clone());
    Program { connection, outlet }.log_in(started)
}

/// Serves a session until it ends.
pub(super) fn serve(connection: &mut Connection, session: &mut Session) -> SessionEnd {
    let outlet = Outlet::Broker(connection.client(), connection.services.inbox.clone());
    Program { connection, outlet }.serve(session)
}

impl Program<'_, '_> {
    /// Sends what `write` writes.
    fn send(&self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Unreachable> {
        let mut bytes = Vec::new();
        write(&mut bytes);
        self.outlet.write(bytes)
    }

    /// Refuses a request.
    fn refuse(&self, refusal: &Refusal, reference: Option<&Reference>) -> Result<(), Unreachable> {
        self.send(|out| json::refused(refusal, reference, wall_clock(), &self.connection.services.clock, out))
    }

    /// Refuses a line that is longer than it may be.
    fn refuse_long_line(&self) -> Result<(), Unreachable> {
        let max = self.connection.services.json_line_max_bytes;
        self.send(|out| json::wrong(&json::Wrong::line_too_long(max), None, out))
    }

    fn pong(&self, reference: Option<&Reference>) -> Result<(), Unreachable> {
        self.send(|out| json::pong(wall_clock(), reference, out))
    }
}
