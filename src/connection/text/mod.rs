//! The conversation with a person: lines of words, prompts, pages to leaf through.

mod login;
mod prompt;
mod talk;

use super::outlet::{Outlet, Unreachable};
use crate::net::{Reason, Voice};
use crate::protocol::text;

/// How this front says the last line of a connection.
pub(super) const VOICE: Voice = Voice { line_end: "\r\n", last_line };

fn last_line(reason: Reason) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    match reason {
        Reason::Stopping => text::notice(text::STOPPING, &mut bytes),
        reason => text::refused(reason.last_line()?, &mut bytes),
    }
    Some(bytes)
}

impl Outlet {
    /// Sends a line of the server.
    fn notice(&self, line: &str) -> Result<(), Unreachable> {
        self.notices([line])
    }

    /// Sends several lines of the server.
    fn notices<'a>(&self, lines: impl IntoIterator<Item = &'a str>) -> Result<(), Unreachable> {
        let mut bytes = Vec::new();
        lines.into_iter().for_each(|line| text::notice(line, &mut bytes));
        self.write(bytes)
    }

    /// Sends a refusal.
    fn refused(&self, line: &str) -> Result<(), Unreachable> {
        let mut bytes = Vec::new();
        text::refused(line, &mut bytes);
        self.write(bytes)
    }
}
