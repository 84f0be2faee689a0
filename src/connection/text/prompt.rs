//! Asking for a secret: with the client's echo switched off where it can do that, and said so where it cannot.

use std::time::{Duration, Instant};

use crate::connection::incoming::{Arrival, Incoming};
use crate::connection::outlet::{Outlet, Unreachable};
use crate::protocol::Secret;
use crate::protocol::telnet::Telnet;

/// How long a telnet client may take to confirm that it does not show what is typed. Measured: telnet clients confirm at
/// once, others never do.
const CONFIRM_TIMEOUT: Duration = Duration::from_millis(300);

/// What came of asking.
#[derive(Debug)]
pub enum Answer {
    /// A line was typed.
    Secret(Secret),
    /// An empty line, an interrupt or too long a line: it is not to be done.
    GivenUp,
    /// The conversation is over; this is why.
    Over(Arrival),
}

/// Asks `question` on a line of its own and waits for one line, until `deadline` if there is one.
pub fn ask(
    incoming: &mut Incoming,
    outlet: &Outlet,
    question: &str,
    deadline: Option<Instant>,
) -> Result<Answer, Unreachable> {
    let mut bytes = Vec::new();
    telnet(incoming).hide_input(&mut bytes);
    bytes.extend_from_slice(format!("-- {question}\r\n").as_bytes());
    outlet.write(bytes)?;
    let confirm_by = Instant::now() + CONFIRM_TIMEOUT;
    let mut is_warned = false;
    let answer = loop {
        let waits_for_echo = !is_warned && !telnet(incoming).is_input_hidden();
        let wait_until =
            if waits_for_echo { Some(deadline.map_or(confirm_by, |d| d.min(confirm_by))) } else { deadline };
        match incoming.next(wait_until) {
            Arrival::Line(line) if line.is_empty() => break Answer::GivenUp,
            Arrival::Line(mut line) => break Answer::Secret(Secret::new(std::mem::take(&mut *line))),
            Arrival::Answer(bytes) => outlet.write(bytes)?,
            Arrival::TooLong | Arrival::Interrupted => break Answer::GivenUp,
            Arrival::TimedOut if waits_for_echo && deadline.is_none_or(|deadline| Instant::now() < deadline) => {
                is_warned = true;
                // The confirmation may have come in the meantime: it is no arrival of its own.
                if !telnet(incoming).is_input_hidden() {
                    outlet.notice("(your client will show what you type)")?;
                }
            }
            over => break Answer::Over(over),
        }
    };
    // The question is a line of its own, so where the line end was not shown either nothing is missing.
    let mut bytes = Vec::new();
    telnet(incoming).show_input(&mut bytes);
    if !bytes.is_empty() && !matches!(answer, Answer::Over(_)) {
        outlet.write(bytes)?;
    }
    Ok(answer)
}

fn telnet(incoming: &mut Incoming) -> &mut Telnet {
    incoming.telnet.as_mut().expect("people are read with telnet")
}
