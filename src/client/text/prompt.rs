//! Asking for secrets: with the client's echo switched off where it can do that, and with a warning where it cannot.
//!
//! What is typed at a prompt, or ahead for one, is never said or carried out as a line. A row of prompts that succeeds takes
//! one line each and leaves those behind them, which a script may have sent; where it fails, all that has arrived is dropped
//! ([`Client::refuse_prompted`]). Copies of the secrets that come later are known by [`RecentSecrets`].
//!
//! [`RecentSecrets`]: super::recent::RecentSecrets

use std::time::{Duration, Instant};

use crate::client::Client;
use crate::client::input::InputEvent;
use crate::client::output::{Output, Unreachable};
use crate::protocol::Secret;
use crate::protocol::telnet::Telnet;
use crate::protocol::text::{account, line};

/// How long a telnet client may take to confirm that it does not show what is typed. Measured: telnet clients confirm at
/// once, others never do.
const CONFIRM_TIMEOUT: Duration = Duration::from_millis(300);

/// The answer to a row of prompts.
#[derive(Debug)]
pub enum Answer {
    /// A line was typed at each prompt, or at those up to one after which the row does not go on.
    Secrets(Vec<Secret>),
    /// An empty line, an interrupt, or a line that cannot be taken: the command is given up.
    GivenUp,
    /// The conversation is over; this is why.
    Over(InputEvent),
}

impl Client<'_> {
    /// Asks `questions`, each on a line of its own, and waits for one line each, until the deadline that `deadline` gives at
    /// each of them. After a line for which `goes_on` is false no more is asked.
    ///
    /// Input is hidden from the first prompt to the end of the last one: busybox telnet leaves its character mode at WONT
    /// ECHO and does not come back to it, so it would show all but the first of several secrets.
    pub(super) fn ask_secrets(
        &mut self,
        output: &Output,
        questions: &[&str],
        mut deadline: impl FnMut() -> Option<Instant>,
        goes_on: impl Fn(&Secret) -> bool,
    ) -> Result<Answer, Unreachable> {
        let (mut secrets, mut is_warned) = (Vec::new(), false);
        let mut bytes = Vec::new();
        self.telnet().hide_input(&mut bytes);
        for question in questions {
            bytes.extend_from_slice(format!("-- {question}\r\n").as_bytes());
            output.answer(std::mem::take(&mut bytes))?;
            match self.wait_for_secret(output, deadline(), &mut is_warned)? {
                Ok(secret) => {
                    self.recent.keep(&secret);
                    let is_last = !goes_on(&secret);
                    secrets.push(secret);
                    if is_last {
                        break;
                    }
                }
                Err(over @ Answer::Over(_)) => return Ok(over),
                Err(answer) => {
                    self.show_input(output)?;
                    return Ok(answer);
                }
            }
        }
        self.show_input(output)?;
        Ok(Answer::Secrets(secrets))
    }

    /// Waits for the line that answers a prompt; `Err` is the answer to the row instead.
    fn wait_for_secret(
        &mut self,
        output: &Output,
        deadline: Option<Instant>,
        is_warned: &mut bool,
    ) -> Result<Result<Secret, Answer>, Unreachable> {
        let confirm_by = Instant::now() + CONFIRM_TIMEOUT;
        loop {
            let waits_for_echo = !*is_warned && !self.telnet().is_input_hidden();
            let wait_until =
                if waits_for_echo { Some(deadline.map_or(confirm_by, |d| d.min(confirm_by))) } else { deadline };
            let refusal = match self.input.next(wait_until) {
                InputEvent::Line(line) if line.is_empty() => None,
                InputEvent::Line(line) => return Ok(Ok(Secret::new(line))),
                InputEvent::TooLong => Some(line::too_long(self.services.line_max_bytes)),
                InputEvent::Garbled => Some(line::GARBLED.to_owned()),
                InputEvent::Interrupted | InputEvent::Dropped(_) => None,
                InputEvent::Answer(bytes) => {
                    output.write(bytes)?;
                    continue;
                }
                InputEvent::Slowed(rate) => {
                    output.slowed(rate)?;
                    continue;
                }
                InputEvent::Ending => continue,
                InputEvent::TimedOut if waits_for_echo && deadline.is_none_or(|deadline| Instant::now() < deadline) => {
                    *is_warned = true;
                    // The confirmation may have come meanwhile: it is no event of its own.
                    if !self.telnet().is_input_hidden() {
                        output.notice(account::INPUT_SHOWS)?;
                    }
                    continue;
                }
                over => return Ok(Err(Answer::Over(over))),
            };
            if let Some(refusal) = refusal {
                output.refused(&refusal)?;
            }
            return Ok(Err(Answer::GivenUp));
        }
    }

    /// Ends a row of prompts. Each question is a line of its own, so where the line end was not shown nothing is missing.
    fn show_input(&mut self, output: &Output) -> Result<(), Unreachable> {
        let mut bytes = Vec::new();
        self.telnet().show_input(&mut bytes);
        if bytes.is_empty() { Ok(()) } else { output.write(bytes) }
    }

    /// Refuses a command at the prompts of which the client gave no good answer, and drops what was typed ahead for them:
    /// what had arrived before the client could read the refusal.
    pub(super) fn refuse_prompted(&mut self, refusal: &str, output: &Output) -> Result<(), Unreachable> {
        self.after_prompts(|| output.refused(refusal), output)
    }

    /// The same, for an answer in other words than a refusal's.
    pub(super) fn after_prompts(
        &mut self,
        answer: impl FnOnce() -> Result<(), Unreachable>,
        output: &Output,
    ) -> Result<(), Unreachable> {
        let lines = self.input.discard(|_| false);
        self.recent.await_another();
        answer()?;
        say_dropped(lines, output)
    }

    /// Refuses a line that was to be followed by prompts and is not, and drops what was typed ahead for them. Commands are
    /// done: they show nothing to anybody.
    pub(super) fn refuse_unprompted(&mut self, refusal: &str, output: &Output) -> Result<(), Unreachable> {
        let lines = self.input.discard(|line| line.starts_with(b"/") && !line.starts_with(b"//"));
        output.refused(refusal)?;
        say_dropped(lines, output)
    }

    fn telnet(&mut self) -> &mut Telnet {
        self.input.telnet.as_mut().expect("people are read with telnet")
    }
}

fn say_dropped(lines: usize, output: &Output) -> Result<(), Unreachable> {
    if lines == 0 { Ok(()) } else { output.refused(&account::typed_ahead(lines)) }
}
