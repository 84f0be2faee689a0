//! Before the login: the greeting, and the conversation that ends in a session or in a closed connection. The thread owns
//! both directions of the connection; the broker does not know it.

use std::time::Instant;

use zeroize::Zeroizing;

use super::prompt::{self, Answer};
use crate::broker::wall_clock;
use crate::chat::{Name, Refusal};
use crate::client::Client;
use crate::client::auth::Entered;
use crate::client::input::InputEvent;
use crate::client::output::{Output, Unreachable};
use crate::client::session::Session;
use crate::password::{self, PASSWORD_MAX_BYTES, PASSWORD_MIN_CHARS};
use crate::protocol::foreign;
use crate::protocol::text::{self, Entry, account, line, server, session};
use crate::protocol::{Context, Secret};
use crate::reason::Reason;

/// The result of a step of the conversation.
enum Step {
    /// Go on.
    Next,
    /// Logged in.
    In(Session),
    /// Over, for this reason.
    Over(Reason),
}

impl From<Unreachable> for Step {
    fn from(_: Unreachable) -> Step {
        Step::Over(Reason::Lost)
    }
}

impl Client<'_> {
    /// Talks until somebody is logged in; `Err` is the reason for which the connection ends instead. The time for it runs
    /// from the moment at which the connection was accepted, or the last session ended, however slowly bytes come.
    pub(in crate::client) fn log_in_person(&mut self, started: Instant) -> Result<Session, Reason> {
        let deadline = started + self.services.login_timeout;
        let output = Output::Own(self.connection.clone());
        let (mut bad_lines, mut is_first) = (0, true);
        self.greet(&output).map_err(|_| Reason::Lost)?;
        loop {
            let step = match self.input.next(Some(deadline)) {
                InputEvent::Line(line) => {
                    // It may have a password in it.
                    let (line, was_first) = (Zeroizing::new(line), std::mem::take(&mut is_first));
                    // The first bytes may have come one by one, and were then not recognised.
                    match foreign::recognise(&line).filter(|_| was_first) {
                        Some(protocol) => Step::Over(self.say_why_over(InputEvent::Foreign(protocol), &output)),
                        None => self.obey_entry(text::parse_entry(&line), &output, deadline, &mut bad_lines),
                    }
                }
                InputEvent::TooLong => {
                    bad_lines += 1;
                    let refused = output.refused(&line::too_long(self.services.line_max_bytes));
                    refused.map(|()| Step::Next).unwrap_or_else(Step::from)
                }
                InputEvent::Answer(bytes) => output.write(bytes).map(|()| Step::Next).unwrap_or_else(Step::from),
                InputEvent::Slowed(rate) => output.slowed(rate).map(|()| Step::Next).unwrap_or_else(Step::from),
                InputEvent::Interrupted => Step::Next,
                over => Step::Over(self.say_why_over(over, &output)),
            };
            match step {
                Step::Next if bad_lines > self.services.login_bad_lines_max => {
                    return Err(Reason::Garbage);
                }
                Step::Next => {}
                Step::In(session) => return Ok(session),
                Step::Over(reason) => return Err(reason),
            }
        }
    }

    fn greet(&self, output: &Output) -> Result<(), Unreachable> {
        let people = self.services.people.load(std::sync::atomic::Ordering::Relaxed);
        let lines = session::greeting(&self.services.server_name, people as u64);
        output.notices(lines.iter().map(String::as_str))
    }

    fn obey_entry(&mut self, entry: Entry, output: &Output, deadline: Instant, bad_lines: &mut u64) -> Step {
        let step = match entry {
            Entry::Nothing => {
                // Empty lines are no mistake, but there may not be any number of them.
                *bad_lines += 1;
                Ok(Step::Next)
            }
            Entry::Help => {
                *bad_lines += 1;
                output.notices(text::help_before_login()).map(|()| Step::Next)
            }
            Entry::Quit => output.notice(session::BYE).map(|()| Step::Over(Reason::Quit)),
            Entry::Wrong(mistake) => {
                *bad_lines += 1;
                output.refused(mistake.text()).map(|()| Step::Next)
            }
            Entry::Login { name, secret } => {
                *bad_lines += 1;
                self.login(&name, secret, output, deadline)
            }
            Entry::Register { name, secret } => {
                *bad_lines += 1;
                self.register(name, secret, output, deadline)
            }
        };
        step.unwrap_or_else(Step::from)
    }

    fn login(
        &mut self,
        name: &Name,
        secret: Option<Secret>,
        output: &Output,
        deadline: Instant,
    ) -> Result<Step, Unreachable> {
        let secret = match secret {
            Some(secret) => secret,
            None => match prompt::ask(&mut self.input, output, account::PASSWORD, Some(deadline))? {
                Answer::Secret(secret) => secret,
                Answer::GivenUp => return output.refused(account::NOT_LOGGED_IN).map(|()| Step::Next),
                Answer::Over(over) => return Ok(Step::Over(self.say_why_over(over, output))),
            },
        };
        let entered = self.log_in_to(name, &secret, self.origin(), None)?;
        self.step_after(entered, output)
    }

    fn register(
        &mut self,
        name: Name,
        secret: Option<Secret>,
        output: &Output,
        deadline: Instant,
    ) -> Result<Step, Unreachable> {
        // Whether a name is free is no secret, since anybody who tries to register it sees it: it is said at once.
        if let Some(refusal) = self.check_name(&name)? {
            return self.refuse(refusal, output);
        }
        let secret = match secret {
            Some(secret) => secret,
            None => match self.choose_password(&name, output, deadline)? {
                Ok(secret) => secret,
                Err(step) => return Ok(step),
            },
        };
        match self.register_as(&name, &secret, self.origin(), None)? {
            Err(Refusal::PasswordLength { .. }) => output.refused(&length_wrong(&name)).map(|()| Step::Next),
            Err(Refusal::Fault) => Ok(Step::Over(Reason::Fault)),
            entered => self.step_after(entered, output),
        }
    }

    /// Asks for a new password twice. `Ok(Err(..))`: there is none, and this is the next step.
    fn choose_password(
        &mut self,
        name: &Name,
        output: &Output,
        deadline: Instant,
    ) -> Result<Result<Secret, Step>, Unreachable> {
        output.notice(&account::name_is_free(name, PASSWORD_MIN_CHARS))?;
        let mut secrets = Vec::new();
        for question in [account::PASSWORD, account::PASSWORD_AGAIN] {
            match prompt::ask(&mut self.input, output, question, Some(deadline))? {
                Answer::Secret(secret) if !password::is_length_allowed(secret.as_bytes()) => {
                    output.refused(&length_wrong(name))?;
                    return Ok(Err(Step::Next));
                }
                Answer::Secret(secret) => secrets.push(secret),
                Answer::GivenUp => {
                    output.refused(account::NOT_REGISTERED)?;
                    return Ok(Err(Step::Next));
                }
                Answer::Over(over) => return Ok(Err(Step::Over(self.say_why_over(over, output)))),
            }
        }
        let second = secrets.pop();
        match secrets.pop().filter(|first| second.as_ref().is_some_and(|s| s.as_bytes() == first.as_bytes())) {
            Some(secret) => Ok(Ok(secret)),
            None => {
                output.refused(&account::passwords_differ(name))?;
                Ok(Err(Step::Next))
            }
        }
    }

    /// Continues after an attempt to log in.
    fn step_after(&self, entered: Entered, output: &Output) -> Result<Step, Unreachable> {
        match entered {
            Ok(session) => Ok(Step::In(session)),
            Err(refusal @ Refusal::ServerBanned { .. }) => {
                self.refuse(refusal, output)?;
                Ok(Step::Over(Reason::Banned))
            }
            Err(refusal) => self.refuse(refusal, output),
        }
    }

    fn refuse(&self, refusal: Refusal, output: &Output) -> Result<Step, Unreachable> {
        let context = Context { now: wall_clock(), clock: &self.services.clock };
        output.refused(&text::refusal_text(&refusal, context))?;
        Ok(Step::Next)
    }

    /// Why the conversation is over. A client of another protocol gets a line for that protocol; other reasons have a closing line.
    fn say_why_over(&self, over: InputEvent, output: &Output) -> Reason {
        if let InputEvent::Foreign(protocol) = over {
            let _ = output.refused(server::foreign(protocol));
        }
        self.reason_of(&over)
    }
}

fn length_wrong(name: &Name) -> String {
    account::password_length(PASSWORD_MIN_CHARS, PASSWORD_MAX_BYTES, name)
}
