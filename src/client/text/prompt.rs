//! Asking for a secret: with the client's echo switched off where it can do that, and with a warning where it cannot.

use std::time::{Duration, Instant};

use crate::client::input::{Input, InputEvent};
use crate::client::output::{Output, Unreachable};
use crate::protocol::Secret;
use crate::protocol::telnet::Telnet;
use crate::protocol::text::account;

/// How long a telnet client may take to confirm that it does not show what is typed. Measured: telnet clients confirm at
/// once, others never do.
const CONFIRM_TIMEOUT: Duration = Duration::from_millis(300);

/// The answer to a prompt.
#[derive(Debug)]
pub enum Answer {
    /// A line was typed.
    Secret(Secret),
    /// An empty line, an interrupt, or a line that is too long: the command is given up.
    GivenUp,
    /// The conversation is over; this is why.
    Over(InputEvent),
}

/// Asks `question` on a line of its own and waits for one line, until `deadline` if there is one.
pub fn ask(
    input: &mut Input,
    output: &Output,
    question: &str,
    deadline: Option<Instant>,
) -> Result<Answer, Unreachable> {
    let mut bytes = Vec::new();
    telnet(input).hide_input(&mut bytes);
    bytes.extend_from_slice(format!("-- {question}\r\n").as_bytes());
    output.answer(bytes)?;
    let confirm_by = Instant::now() + CONFIRM_TIMEOUT;
    let mut is_warned = false;
    let answer = loop {
        let waits_for_echo = !is_warned && !telnet(input).is_input_hidden();
        let wait_until =
            if waits_for_echo { Some(deadline.map_or(confirm_by, |d| d.min(confirm_by))) } else { deadline };
        match input.next(wait_until) {
            InputEvent::Line(line) if line.is_empty() => break Answer::GivenUp,
            InputEvent::Line(line) => break Answer::Secret(Secret::new(line)),
            InputEvent::Answer(bytes) => output.write(bytes)?,
            InputEvent::Slowed(rate) => output.slowed(rate)?,
            InputEvent::TooLong | InputEvent::Interrupted => break Answer::GivenUp,
            InputEvent::TimedOut if waits_for_echo && deadline.is_none_or(|deadline| Instant::now() < deadline) => {
                is_warned = true;
                // The confirmation may have come meanwhile: it is no event of its own.
                if !telnet(input).is_input_hidden() {
                    output.notice(account::INPUT_SHOWS)?;
                }
            }
            over => break Answer::Over(over),
        }
    };
    // The question is a line of its own, so where the line end was not shown either nothing is missing.
    let mut bytes = Vec::new();
    telnet(input).show_input(&mut bytes);
    if !bytes.is_empty() && !matches!(answer, Answer::Over(_)) {
        output.write(bytes)?;
    }
    Ok(answer)
}

fn telnet(input: &mut Input) -> &mut Telnet {
    input.telnet.as_mut().expect("people are read with telnet")
}
