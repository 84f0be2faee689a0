//! Before the login: the greeting, and the conversation that ends in a session or in a closed connection. The thread owns
//! both directions of the connection; the broker does not know it.

use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::prompt::Answer;
use crate::broker::wall_clock;
use crate::chat::{Name, Refusal};
use crate::client::Client;
use crate::client::auth::{Entered, refuse_password};
use crate::client::input::InputEvent;
use crate::client::output::{Output, Unreachable};
use crate::client::session::Session;
use crate::password::{PASSWORD_MIN_CHARS, Prepared};
use crate::protocol::text::{self, Entry, account, line, server, session};
use crate::protocol::{Context, Secret};
use crate::reason::Reason;

/// The result of a step of the conversation.
enum Step {
    /// Go on.
    Next,
    /// Go on: nobody is logged in, for this reason.
    Refused(String),
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
    /// from `started`, at which the connection was accepted or the last session ended, however slowly bytes come.
    pub(in crate::client) fn log_in_person(&mut self, started: Instant) -> Result<Session, Reason> {
        let mut time = LoginTime::new(started, self.services.login_timeout);
        let output = Output::Own(self.connection.clone());
        let mut bad_lines = 0;
        self.greet(&output).map_err(|_| Reason::Lost)?;
        loop {
            let step = match self.input.next_before_login(time.until) {
                InputEvent::Line(line) => {
                    // It may have a password in it.
                    let line = Zeroizing::new(line);
                    self.obey_entry(text::parse_entry(&line), &output, &mut time, &mut bad_lines)
                }
                InputEvent::TooLong => {
                    bad_lines += 1;
                    let refused = output.refused(&line::too_long(self.services.line_max_bytes));
                    refused.map(|()| Step::Next).unwrap_or_else(Step::from)
                }
                InputEvent::Answer(bytes) => output.write(bytes).map(|()| Step::Next).unwrap_or_else(Step::from),
                InputEvent::Slowed(rate) => output.slowed(rate).map(|()| Step::Next).unwrap_or_else(Step::from),
                InputEvent::Garbled => {
                    bad_lines += 1;
                    output.refused(line::GARBLED).map(|()| Step::Next).unwrap_or_else(Step::from)
                }
                InputEvent::Interrupted | InputEvent::Dropped(_) | InputEvent::Ending => Step::Next,
                over => Step::Over(self.say_why_over(over, &output)),
            };
            match step {
                Step::Next if bad_lines > self.services.login_bad_lines_max => {
                    return Err(Reason::Garbage);
                }
                Step::Next | Step::Refused(_) => {}
                Step::In(session) => return Ok(session),
                Step::Over(reason) => return Err(reason),
            }
        }
    }

    fn greet(&self, output: &Output) -> Result<(), Unreachable> {
        let (greeting, is_local) = (&self.services.greeting, self.connection.address().is_loopback());
        let (people, registration) = (greeting.people() as u64, greeting.registration());
        let lines = session::greeting(&self.services.server_name, people, registration, is_local);
        output.notices(lines.iter().map(String::as_str))
    }

    fn obey_entry(&mut self, entry: Entry, output: &Output, time: &mut LoginTime, bad_lines: &mut u64) -> Step {
        let step = match entry {
            Entry::Nothing => {
                // Empty lines are no mistake, but there may not be any number of them.
                *bad_lines += 1;
                Ok(Step::Next)
            }
            Entry::Help => {
                *bad_lines += 1;
                time.extend(Instant::now());
                output.notices(text::help_before_login()).map(|()| Step::Next)
            }
            Entry::Quit => output.notice(session::BYE).map(|()| Step::Over(Reason::Quit)),
            Entry::Wrong(mistake) => {
                *bad_lines += 1;
                output.refused(mistake.text()).map(|()| Step::Next)
            }
            Entry::Login { name, secret } => {
                *bad_lines += 1;
                let is_prompted = secret.is_none();
                let step = self.login(&name, secret, output, time);
                self.after(step, is_prompted, output)
            }
            Entry::Register { name, secret } => {
                *bad_lines += 1;
                let is_prompted = secret.is_none();
                let step = self.register(name, secret, output, time);
                self.after(step, is_prompted, output)
            }
        };
        step.unwrap_or_else(Step::from)
    }

    /// Says why nobody is logged in, if so.
    fn after(
        &mut self,
        step: Result<Step, Unreachable>,
        is_prompted: bool,
        output: &Output,
    ) -> Result<Step, Unreachable> {
        match step? {
            Step::Refused(refusal) if is_prompted => self.refuse_prompted(&refusal, output).map(|()| Step::Next),
            Step::Refused(refusal) => output.refused(&refusal).map(|()| Step::Next),
            step => Ok(step),
        }
    }

    fn login(
        &mut self,
        name: &Name,
        secret: Option<Secret>,
        output: &Output,
        time: &mut LoginTime,
    ) -> Result<Step, Unreachable> {
        time.extend(Instant::now());
        let secret = match secret {
            Some(secret) => {
                self.recent.keep(&secret);
                secret
            }
            None => match self.ask_secret(account::PASSWORD, account::NOT_LOGGED_IN, output, time)? {
                Ok(secret) => secret,
                Err(step) => return Ok(step),
            },
        };
        match self.log_in_to(name, &secret, self.origin(), None)? {
            Err(Refusal::NewPasswordNeeded) => {
                let step = self.log_in_by_code(name, &secret, output, time);
                self.after(step, true, output)
            }
            entered => self.step_after(entered, output),
        }
    }

    /// Logs in by a one-time code, which was typed in place of the password and is valid: asks for a new password.
    fn log_in_by_code(
        &mut self,
        name: &Name,
        code: &Secret,
        output: &Output,
        time: &mut LoginTime,
    ) -> Result<Step, Unreachable> {
        output.notice(&account::choose_new_password(PASSWORD_MIN_CHARS))?;
        let undone = account::not_reset(name);
        let secret = match self.choose_password(&undone, output, time)? {
            Ok(secret) => secret,
            Err(step) => return Ok(step),
        };
        let entered = self.reset_password(name, code, &secret, self.origin(), None)?;
        self.step_after(entered, output)
    }

    fn register(
        &mut self,
        name: Name,
        secret: Option<Secret>,
        output: &Output,
        time: &mut LoginTime,
    ) -> Result<Step, Unreachable> {
        time.extend(Instant::now());
        // Whether a name is free is no secret, since anybody who tries to register it sees it: it is said at once.
        match self.check_registration(&name, None)? {
            Ok(_) => self.register_with(name, secret, None, output, time),
            Err(Refusal::RegistrationNeedsCode) => {
                let step = self.register_by_code(name, secret, output, time);
                self.after(step, true, output)
            }
            Err(refusal) => Ok(self.refused(&refusal)),
        }
    }

    /// Registers where that needs a one-time code: asks for it first.
    fn register_by_code(
        &mut self,
        name: Name,
        secret: Option<Secret>,
        output: &Output,
        time: &mut LoginTime,
    ) -> Result<Step, Unreachable> {
        let undone = account::not_registered(&name);
        let code = match self.ask_secret(account::REGISTRATION_CODE, &undone, output, time)? {
            Ok(code) => code,
            Err(step) => return Ok(step),
        };
        match self.check_registration(&name, Some(&code))? {
            Ok(_) => self.register_with(name, secret, Some(code), output, time),
            Err(refusal) => Ok(self.refused(&refusal)),
        }
    }

    fn register_with(
        &mut self,
        name: Name,
        secret: Option<Secret>,
        code: Option<Secret>,
        output: &Output,
        time: &mut LoginTime,
    ) -> Result<Step, Unreachable> {
        let undone = account::not_registered(&name);
        let secret = match secret {
            Some(secret) => {
                self.recent.keep(&secret);
                secret
            }
            None => {
                output.notice(&account::name_is_free(&name, PASSWORD_MIN_CHARS))?;
                match self.choose_password(&undone, output, time)? {
                    Ok(secret) => secret,
                    Err(step) => return Ok(step),
                }
            }
        };
        match self.register_as(&name, &secret, code.as_ref(), self.origin(), None)? {
            Err(refusal @ (Refusal::PasswordLength { .. } | Refusal::PasswordEncoding)) => {
                Ok(Step::Refused(self.unusable_password(&refusal, &undone)))
            }
            Err(Refusal::Fault) => Ok(Step::Over(Reason::Fault)),
            entered => self.step_after(entered, output),
        }
    }

    /// Asks for one secret. `Ok(Err(..))`: there is none, which `undone` tells, and this is the next step.
    fn ask_secret(
        &mut self,
        question: &str,
        undone: &str,
        output: &Output,
        time: &LoginTime,
    ) -> Result<Result<Secret, Step>, Unreachable> {
        Ok(match self.ask_secrets(output, &[question], || Some(time.until), |_| true)? {
            Answer::Secrets(mut secrets) => Ok(secrets.pop().expect("one was asked for")),
            Answer::GivenUp => Err(Step::Refused(undone.to_owned())),
            Answer::Over(over) => Err(Step::Over(self.say_why_over(over, output))),
        })
    }

    /// Asks for a new password twice. `Ok(Err(..))`: there is none, which `undone` tells, and this is the next step.
    fn choose_password(
        &mut self,
        undone: &str,
        output: &Output,
        time: &mut LoginTime,
    ) -> Result<Result<Secret, Step>, Unreachable> {
        let questions = [account::PASSWORD, account::PASSWORD_AGAIN];
        let is_allowed = |secret: &Secret| Prepared::new(secret.as_bytes()).is_ok();
        let mut secrets =
            match self.ask_secrets(output, &questions, || Some(time.extend(Instant::now())), is_allowed)? {
                Answer::Secrets(secrets) => secrets,
                Answer::GivenUp => return Ok(Err(Step::Refused(undone.to_owned()))),
                Answer::Over(over) => return Ok(Err(Step::Over(self.say_why_over(over, output)))),
            };
        let last = secrets.pop().expect("each question has been answered");
        if let Err(error) = Prepared::new(last.as_bytes()) {
            return Ok(Err(Step::Refused(self.unusable_password(&refuse_password(error), undone))));
        }
        Ok(match secrets.pop() {
            Some(first) if first.as_bytes() == last.as_bytes() => Ok(first),
            _ => Err(Step::Refused(account::passwords_differ(undone))),
        })
    }

    /// Continues after an attempt to log in.
    fn step_after(&self, entered: Entered, output: &Output) -> Result<Step, Unreachable> {
        match entered {
            Ok(session) => Ok(Step::In(session)),
            Err(refusal @ Refusal::ServerBanned { .. }) => {
                output.refused(&self.in_words(&refusal))?;
                Ok(Step::Over(Reason::Banned))
            }
            Err(refusal) => Ok(self.refused(&refusal)),
        }
    }

    fn refused(&self, refusal: &Refusal) -> Step {
        Step::Refused(self.in_words(refusal))
    }

    fn in_words(&self, refusal: &Refusal) -> String {
        text::refusal_text(refusal, Context { now: wall_clock(), clock: &self.services.clock })
    }

    fn unusable_password(&self, refusal: &Refusal, undone: &str) -> String {
        account::unusable_password(refusal, undone, Context { now: wall_clock(), clock: &self.services.clock })
    }

    /// Why the conversation is over. A client of another protocol gets a line for that protocol; other reasons have a closing line.
    fn say_why_over(&self, over: InputEvent, output: &Output) -> Reason {
        if let InputEvent::Foreign(protocol) = over {
            let _ = output.refused(server::foreign(protocol));
        }
        self.reason_of(&over)
    }
}

/// The time in which somebody has to log in. Each line that is a step towards it renews it, up to a bound: a newcomer
/// reads, chooses a name and makes up a password.
struct LoginTime {
    timeout: Duration,
    until: Instant,
    last: Instant,
}

/// How many times the limit all of it may last.
const RENEWALS: u32 = 3;

impl LoginTime {
    fn new(started: Instant, timeout: Duration) -> LoginTime {
        LoginTime { timeout, until: started + timeout, last: started + timeout * RENEWALS }
    }

    /// Renews it; returns its new end.
    fn extend(&mut self, now: Instant) -> Instant {
        self.until = self.last.min(now + self.timeout);
        self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_towards_a_login_renews_the_time_for_it_up_to_a_bound() {
        let (start, minute) = (Instant::now(), Duration::from_secs(60));
        let mut time = LoginTime::new(start, minute);
        assert_eq!(time.until, start + minute);
        assert_eq!(time.extend(start + minute / 2), start + minute * 3 / 2);
        assert_eq!(time.extend(start + minute), start + minute * 2);
        for later in [minute * 2, minute * 5 / 2, minute * 3] {
            assert_eq!(time.extend(start + later), start + minute * 3);
        }
    }
}
