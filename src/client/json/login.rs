//! Before the login: a program is greeted, and logs in or registers by one object.

use std::time::Instant;

use zeroize::Zeroizing;

use super::Program;
use crate::broker::wall_clock;
use crate::chat::{Ask, Command, Refusal};
use crate::client::auth::Entered;
use crate::client::input::InputEvent;
use crate::client::output::Unreachable;
use crate::client::session::Session;
use crate::protocol::Reference;
use crate::protocol::json::{self, Hello, Request};
use crate::reason::Reason;

/// The effect of a line.
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
        let services = self.client.services;
        let deadline = started + services.login_timeout;
        self.greet().map_err(|_| Reason::Lost)?;
        let mut lines = 0;
        loop {
            let step = match self.client.input.next_before_login(deadline) {
                // It may have a password in it.
                InputEvent::Line(line) => {
                    lines += 1;
                    self.enter_by(&Zeroizing::new(line))
                }
                InputEvent::TooLong => {
                    lines += 1;
                    self.refuse_long_line().map(|()| Step::Next)
                }
                InputEvent::Slowed(rate) => self.slow_down(rate).map(|()| Step::Next),
                over => Ok(Step::Over(self.client.reason_of(&over))),
            };
            match step.unwrap_or(Step::Over(Reason::Lost)) {
                Step::Next if lines > services.login_bad_lines_max => return Err(Reason::Garbage),
                Step::Next => {}
                Step::In(session) => return Ok(session),
                Step::Over(reason) => return Err(reason),
            }
        }
    }

    fn greet(&self) -> Result<(), Unreachable> {
        let services = self.client.services;
        let hello = Hello {
            server: &services.server_name,
            line_max_bytes: services.json_line_max_bytes,
            message_max_bytes: services.message_max_bytes,
            history_page_max: services.history_page_max,
            rate_burst_lines: services.pace.rate.burst_lines,
            rate_lines_per_s: services.pace.rate.lines_per_s,
            login_timeout_s: services.login_timeout.as_secs(),
            registration: services.greeting.registration(),
        };
        self.send(|out| json::hello(&hello, wall_clock(), out))
    }

    fn enter_by(&self, line: &[u8]) -> Result<Step, Unreachable> {
        if json::is_blank(line) {
            return Ok(Step::Next);
        }
        let json::Line { reference, request } = json::parse(line);
        let address = self.client.connection.address();
        match request {
            Ok(Request::LogIn { name, secret, options }) => {
                let entered = self.client.log_in_to(&name, &secret, options.origin(address), reference.clone())?;
                self.step_after(entered, reference)
            }
            Ok(Request::Register { name, secret, code, options }) => {
                let origin = options.origin(address);
                let entered = self.client.register_as(&name, &secret, code.as_ref(), origin, reference.clone())?;
                self.step_after(entered, reference)
            }
            Ok(Request::ResetPassword { name, code, secret, options }) => {
                let origin = options.origin(address);
                let entered = self.client.reset_password(&name, &code, &secret, origin, reference.clone())?;
                self.step_after(entered, reference)
            }
            Ok(Request::Ping) => self.pong(reference.as_ref()).map(|()| Step::Next),
            Ok(Request::Chat(Ask::Command(Command::Quit))) => {
                self.send(|out| json::bye(Reason::Quit, None, reference.as_ref(), out))?;
                Ok(Step::Over(Reason::Quit))
            }
            Ok(_) => self.refuse(Refusal::NotLoggedIn, reference.as_ref()).map(|()| Step::Next),
            Err(wrong) => self.send(|out| json::wrong(&wrong, reference.as_ref(), out)).map(|()| Step::Next),
        }
    }

    fn step_after(&self, entered: Entered, reference: Option<Reference>) -> Result<Step, Unreachable> {
        match entered {
            Ok(session) => Ok(Step::In(session)),
            Err(refusal) => {
                let is_banned = matches!(refusal, Refusal::ServerBanned { .. });
                self.refuse(refusal, reference.as_ref())?;
                Ok(if is_banned { Step::Over(Reason::Banned) } else { Step::Next })
            }
        }
    }
}
