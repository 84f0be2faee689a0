//! Before the login: the greeting, and the conversation that ends in a session or in a closed connection. The thread owns
//! both directions of the socket; the broker does not know the connection.

use std::time::Instant;

use super::prompt::{self, Answer};
use crate::broker::wall_clock;
use crate::chat::{Name, Refusal};
use crate::connection::Connection;
use crate::connection::entrance::Entered;
use crate::connection::incoming::Arrival;
use crate::connection::outlet::{Outlet, Unreachable};
use crate::connection::session::Session;
use crate::net::Reason;
use crate::password;
use crate::protocol::Secret;
use crate::protocol::sniff::{self, Stranger};
use crate::protocol::text::{self, Entry};

/// What a step of the conversation leads to.
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

impl Connection<'_> {
    /// Talks until somebody is logged in; `Err` tells why the connection ends instead. The time for it runs from the
    /// moment at which the connection was accepted, or the last session ended, however the bytes trickle.
    pub(in crate::connection) fn log_in_person(&mut self, started: Instant) -> Result<Session, Reason> {
        let deadline = started + self.services.login_timeout;
        let outlet = Outlet::Own(self.link.clone());
        let (mut bad_lines, mut is_first) = (0, true);
        self.greet(&outlet).map_err(|_| Reason::Lost)?;
        loop {
            let step = match self.incoming.next(Some(deadline)) {
                // Its first bytes may have come one by one.
                Arrival::Line(line) if std::mem::take(&mut is_first) && sniff::recognise(&line).is_some() => {
                    let stranger = sniff::recognise(&line).map_or(Arrival::Lost, Arrival::Stranger);
                    Step::Over(self.say_why_over(stranger, &outlet))
                }
                Arrival::Line(line) => self.obey_entry(text::parse_entry(&line), &outlet, deadline, &mut bad_lines),
                Arrival::TooLong => {
                    bad_lines += 1;
                    let max = self.services.line_max_bytes;
                    let line = format!("That line was longer than {max} bytes. Nothing of it was done.");
                    outlet.refused(&line).map(|()| Step::Next).unwrap_or_else(Step::from)
                }
                Arrival::Answer(bytes) => outlet.write(bytes).map(|()| Step::Next).unwrap_or_else(Step::from),
                Arrival::Interrupted => Step::Next,
                over => Step::Over(self.say_why_over(over, &outlet)),
            };
            match step {
                Step::Next if bad_lines > self.services.login_bad_lines_max => {
                    return Err(self.tell_last(Reason::Garbage, &outlet));
                }
                Step::Next => {}
                Step::In(session) => return Ok(session),
                Step::Over(reason) => return Err(reason),
            }
        }
    }

    fn greet(&self, outlet: &Outlet) -> Result<(), Unreachable> {
        let people = match self.services.people.load(std::sync::atomic::Ordering::Relaxed) {
            0 => "nobody is online".to_owned(),
            1 => "1 person is online".to_owned(),
            people => format!("{people} people are online"),
        };
        let first = format!("{}: {people}. Everything said here is kept.", self.services.server_name);
        let lines =
            [first.as_str(), "This connection is NOT encrypted.", "Type: login NAME, register NAME, help, or quit"];
        outlet.notices(lines)
    }

    fn obey_entry(&mut self, entry: Entry, outlet: &Outlet, deadline: Instant, bad_lines: &mut u64) -> Step {
        let step = match entry {
            Entry::Nothing => {
                // Empty lines are no mistake, but neither may they come without end.
                *bad_lines += 1;
                Ok(Step::Next)
            }
            Entry::Help => {
                *bad_lines += 1;
                outlet.notices(text::help_before_login()).map(|()| Step::Next)
            }
            Entry::Quit => outlet.notice("Bye.").map(|()| Step::Over(Reason::Quit)),
            Entry::Wrong(mistake) => {
                *bad_lines += 1;
                outlet.refused(&mistake.text()).map(|()| Step::Next)
            }
            Entry::Login { name, secret } => {
                *bad_lines += 1;
                self.login(&name, secret, outlet, deadline)
            }
            Entry::Register { name, secret } => {
                *bad_lines += 1;
                self.register(name, secret, outlet, deadline)
            }
        };
        step.unwrap_or_else(Step::from)
    }

    fn login(
        &mut self,
        name: &Name,
        secret: Option<Secret>,
        outlet: &Outlet,
        deadline: Instant,
    ) -> Result<Step, Unreachable> {
        let secret = match secret {
            Some(secret) => secret,
            None => match prompt::ask(&mut self.incoming, outlet, "Password:", Some(deadline))? {
                Answer::Secret(secret) => secret,
                Answer::GivenUp => return outlet.refused(NOT_LOGGED_IN).map(|()| Step::Next),
                Answer::Over(over) => return Ok(Step::Over(self.say_why_over(over, outlet))),
            },
        };
        let entered = self.log_in_to(name, &secret, true, None)?;
        self.step_after(entered, outlet)
    }

    fn register(
        &mut self,
        name: Name,
        secret: Option<Secret>,
        outlet: &Outlet,
        deadline: Instant,
    ) -> Result<Step, Unreachable> {
        // Whether a name is free can be seen by anybody who tries to register it, so it may as well be said at once.
        if let Some(refusal) = self.check_name(&name)? {
            return self.refuse(&refusal, outlet);
        }
        let secret = match secret {
            Some(secret) => secret,
            None => match self.choose_password(&name, outlet, deadline)? {
                Ok(secret) => secret,
                Err(step) => return Ok(step),
            },
        };
        match self.register_as(&name, &secret, true, None)? {
            Err(Refusal::PasswordLength { .. }) => outlet.refused(&length_wrong(&name)).map(|()| Step::Next),
            Err(Refusal::Fault) => Ok(Step::Over(self.tell_last(Reason::Fault, outlet))),
            entered => self.step_after(entered, outlet),
        }
    }

    /// Asks for a new password twice. `Ok(Err(..))`: there is none, and this follows.
    fn choose_password(
        &mut self,
        name: &Name,
        outlet: &Outlet,
        deadline: Instant,
    ) -> Result<Result<Secret, Step>, Unreachable> {
        let min = password::PASSWORD_MIN_CHARS;
        outlet.notice(&format!("\"{name}\" is free. Choose a password, {min} characters or more."))?;
        let mut secrets = Vec::new();
        for question in ["Password:", "Once more:"] {
            match prompt::ask(&mut self.incoming, outlet, question, Some(deadline))? {
                Answer::Secret(secret) if !password::is_length_allowed(secret.as_bytes()) => {
                    outlet.refused(&length_wrong(name))?;
                    return Ok(Err(Step::Next));
                }
                Answer::Secret(secret) => secrets.push(secret),
                Answer::GivenUp => {
                    outlet.refused("No account was made. To try again: register NAME")?;
                    return Ok(Err(Step::Next));
                }
                Answer::Over(over) => return Ok(Err(Step::Over(self.say_why_over(over, outlet)))),
            }
        }
        let second = secrets.pop();
        match secrets.pop().filter(|first| second.as_ref().is_some_and(|s| s.as_bytes() == first.as_bytes())) {
            Some(secret) => Ok(Ok(secret)),
            None => {
                outlet.refused(&format!(
                    "The two were not the same. No account was made. To try again: register {name}"
                ))?;
                Ok(Err(Step::Next))
            }
        }
    }

    /// What follows a try to get in.
    fn step_after(&self, entered: Entered, outlet: &Outlet) -> Result<Step, Unreachable> {
        match entered {
            Ok(session) => Ok(Step::In(session)),
            Err(refusal @ Refusal::ServerBanned { .. }) => {
                self.refuse(&refusal, outlet)?;
                Ok(Step::Over(Reason::Banned))
            }
            Err(refusal) => self.refuse(&refusal, outlet),
        }
    }

    fn refuse(&self, refusal: &Refusal, outlet: &Outlet) -> Result<Step, Unreachable> {
        outlet.refused(&text::refusal_text(refusal, wall_clock(), &self.services.clock))?;
        Ok(Step::Next)
    }

    /// Says why the conversation is over, where that can and need be said.
    fn say_why_over(&self, over: Arrival, outlet: &Outlet) -> Reason {
        if let Arrival::Stranger(stranger) = over {
            let _ = outlet.refused(stranger_line(stranger));
        }
        self.tell_last(self.reason_of(&over), outlet)
    }

    fn tell_last(&self, reason: Reason, outlet: &Outlet) -> Reason {
        if let Some(line) = (self.link.voice().last_line)(reason) {
            let _ = outlet.write(line);
        }
        reason
    }
}

const NOT_LOGGED_IN: &str = "No password, so you are not logged in. To try again: login NAME";

fn length_wrong(name: &Name) -> String {
    format!("{} No account was made. To try again: register {name}", password::LENGTH_RULE)
}

fn stranger_line(stranger: Stranger) -> &'static str {
    match stranger {
        Stranger::Http => "This port is for people with telnet, not for browsers. Type: telnet HOST PORT",
        Stranger::Tls => "This port is not encrypted. Connect without TLS: telnet HOST PORT",
        Stranger::Ssh => "This port is for telnet, not for ssh. Type: telnet HOST PORT",
        Stranger::Irc => "This port is for people with telnet, not for IRC clients. Type: telnet HOST PORT",
    }
}
