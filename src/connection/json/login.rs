//! Before the login: a program is greeted, and logs in or registers by one object.

use std::time::Instant;

use super::Program;
use crate::broker::wall_clock;
use crate::chat::{Command, Refusal};
use crate::connection::entrance::Entered;
use crate::connection::incoming::Arrival;
use crate::connection::outlet::Unreachable;
use crate::connection::session::Session;
use crate::net::Reason;
use crate::protocol::json::{self, Asked, Hello, Reference};

/// What a line leads to.
enum Step {
    /// Go on.
    Next,
    /// Logged in.
    In(Session),
    /// Over, for this reason.
    Over(Reason),
}

impl Program<'_, '_> {
    pub(super) fn log_in(&mut self, started: Instant) -> Result<Session, Reason> {
        let services = self.connection.services;
        let deadline = started + services.login_timeout;
        self.greet().map_err(|_| Reason::Lost)?;
        let mut lines = 0;
        loop {
            lines += 1;
            let step = match self.connection.incoming.next(Some(deadline)) {
                Arrival::Line(line) => self.enter_by(&line),
                Arrival::TooLong => self.refuse_long_line().map(|()| Step::Next),
                over => Ok(Step::Over(self.connection.reason_of(&over))),
            };
            let reason = match step.unwrap_or(Step::Over(Reason::Lost)) {
                Step::Next if lines > services.login_bad_lines_max => Reason::Garbage,
                Step::Next => continue,
                Step::In(session) => return Ok(session),
                Step::Over(reason) => reason,
            };
            if let Some(line) = (self.connection.link.voice().last_line)(reason) {
                let _ = self.outlet.write(line);
            }
            return Err(reason);
        }
    }

    fn greet(&self) -> Result<(), Unreachable> {
        let services = self.connection.services;
        let hello = Hello {
            server: &services.server_name,
            line_max_bytes: services.json_line_max_bytes,
            message_max_bytes: services.message_max_bytes,
            history_page_max: services.history_page_max,
            rate_burst_lines: services.rate.burst_lines,
            rate_lines_per_s: services.rate.lines_per_s,
            login_timeout_s: services.login_timeout.as_secs(),
        };
        self.send(|out| json::hello(&hello, wall_clock(), out))
    }

    fn enter_by(&self, line: &[u8]) -> Result<Step, Unreachable> {
        if line.is_empty() {
            return Ok(Step::Next);
        }
        let json::Line { reference, asked } = json::parse(line);
        match asked {
            Ok(Asked::LogIn { name, secret, live }) => {
                let entered = self.connection.log_in_to(&name, &secret, live, reference.clone())?;
                self.step_after(entered, reference)
            }
            Ok(Asked::Register { name, secret, live }) => {
                let entered = self.connection.register_as(&name, &secret, live, reference.clone())?;
                self.step_after(entered, reference)
            }
            Ok(Asked::Ping) => self.pong(reference.as_ref()).map(|()| Step::Next),
            Ok(Asked::Chat(Command::Quit)) => {
                self.send(|out| json::bye(Reason::Quit.word(), None, reference.as_ref(), out))?;
                Ok(Step::Over(Reason::Quit))
            }
            Ok(_) => self.refuse(&Refusal::NotLoggedIn, reference.as_ref()).map(|()| Step::Next),
            Err(wrong) => self.send(|out| json::wrong(&wrong, reference.as_ref(), out)).map(|()| Step::Next),
        }
    }

    fn step_after(&self, entered: Entered, reference: Option<Reference>) -> Result<Step, Unreachable> {
        match entered {
            Ok(session) => Ok(Step::In(session)),
            Err(refusal) => {
                self.refuse(&refusal, reference.as_ref())?;
                let is_banned = matches!(refusal, Refusal::ServerBanned { .. });
                Ok(if is_banned { Step::Over(Reason::Banned) } else { Step::Next })
            }
        }
    }
}
