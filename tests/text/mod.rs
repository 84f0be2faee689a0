//! What only the text protocol has: prompts, lines, pages read one after the other, the room one talks in; and the
//! documents and real clients that show its words.

pub mod login;
mod lines;
mod cursor;
mod paging;
mod privacy;
mod private;
mod paste;
pub mod telnet;
pub mod transcripts;

use crate::support::timeless;

/// The lines with every time of day as `00:00`.
fn plain(lines: Vec<String>) -> Vec<String> {
    lines.iter().map(|line| timeless(line)).collect()
}
