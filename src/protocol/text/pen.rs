//! The pen: lines that the server says or refuses, and lists that are wrapped to fit a terminal.

use crate::chat::{PLACEHOLDER, Timestamp, is_forbidden};
use crate::protocol::Context;

pub(super) use crate::protocol::refusal::{count, few};

/// No line of a list is wider than this, in columns: a terminal of 80 shows it whole, with a margin.
pub(super) const WIDTH: usize = 78;
/// The start of what the server says.
const SERVER_SAYS: &str = "-- ";
/// The start of what the server refuses.
const SERVER_REFUSES: &str = "-! ";

/// Writes lines for somebody who reads them in a context.
pub(super) struct Pen<'a> {
    pub(super) context: Context<'a>,
    pub(super) out: &'a mut Vec<u8>,
}

impl Pen<'_> {
    /// Writes a line of the server.
    pub(super) fn say(&mut self, text: &str) {
        notice(text, self.out);
    }

    /// Says a list: as many `pieces` on a line as fit, with `gap` between them. Pieces are never broken. Lines start with
    /// `indent`, those after the first with two spaces.
    pub(super) fn list(&mut self, indent: &str, gap: &str, pieces: impl IntoIterator<Item = String>) {
        let width = WIDTH - SERVER_SAYS.len();
        let mut line = indent.to_owned();
        let mut first = true;
        for piece in pieces {
            if first {
                line.push_str(&piece);
            } else if columns(&line) + gap.len() + columns(&piece) <= width {
                line.push_str(gap);
                line.push_str(&piece);
            } else {
                self.say(&line);
                line.clear();
                line.push_str("  ");
                line.push_str(&piece);
            }
            first = false;
        }
        if !first {
            self.say(&line);
        }
    }

    /// A moment, as seen now.
    pub(super) fn moment(&self, at: Timestamp) -> String {
        self.context.clock.moment(at, self.context.now)
    }

    /// The end of something, as seen now.
    pub(super) fn until(&self, end: Option<Timestamp>) -> String {
        self.context.clock.until(end, self.context.now)
    }
}

/// Appends a line that the server says: `-- text`.
pub fn notice(text: &str, out: &mut Vec<u8>) {
    line(SERVER_SAYS, text, out);
}

/// Appends a line that the server refuses something by: `-! text`.
pub fn refused(text: &str, out: &mut Vec<u8>) {
    line(SERVER_REFUSES, text, out);
}

/// Callers may quote what was typed, and nothing of that may break the line or move a cursor.
fn line(start: &str, text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(start.as_bytes());
    if text.contains(is_forbidden) {
        let shown: String = text.chars().map(|c| if is_forbidden(c) { PLACEHOLDER } else { c }).collect();
        out.extend_from_slice(shown.as_bytes());
    } else {
        out.extend_from_slice(text.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}

/// How many columns `text` takes at most. What may be wide counts as wide, because a line that ends early does no harm.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(|c| if c < '\u{1100}' { 1 } else { 2 }).sum()
}

/// `text` if it is not wider than `max` columns, else its beginning and `...`. For lists only, never for a message.
pub(super) fn shortened(text: &str, max: usize) -> String {
    if columns(text) <= max {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut width = "...".len();
    for c in text.chars() {
        width += columns(c.encode_utf8(&mut [0; 4]));
        if width > max {
            break;
        }
        short.push(c);
    }
    short.truncate(short.trim_end().len());
    short + "..."
}

/// What somebody wrote, as a part of a line of the server: in quotation marks, which it cannot end itself. What looks like
/// one in it becomes an apostrophe, so that nobody can write what the server seems to say.
pub(super) fn quoted(text: &str) -> String {
    let inside = |c: char| match c {
        '"' | '\u{201C}' | '\u{201D}' | '\u{201E}' | '\u{201F}' | '\u{2033}' | '\u{02BA}' | '\u{02DD}' | '\u{FF02}' => {
            '\''
        }
        other => other,
    };
    std::iter::once('"').chain(text.chars().map(inside)).chain(std::iter::once('"')).collect()
}

/// The pieces of a list that ends a sentence: a comma after each except the last, which has a full stop.
pub(super) fn enumerated(mut pieces: Vec<String>) -> Vec<String> {
    let last = pieces.len().saturating_sub(1);
    for (index, piece) in pieces.iter_mut().enumerate() {
        piece.push(if index == last { '.' } else { ',' });
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Clock;

    #[test]
    fn a_list_is_wrapped_between_its_pieces() {
        let (clock, mut out) = (Clock::utc(), Vec::new());
        let mut pen = Pen { context: Context { now: Timestamp(0), clock: &clock }, out: &mut out };
        pen.list("", " ", ["Here now:".to_owned()].into_iter().chain((100..120).map(|n| format!("user{n},"))));
        pen.list("", " ", []);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), 3);
        assert!(text.lines().all(|line| line.starts_with("-- ") && line.len() <= WIDTH));
        assert!(text.starts_with("-- Here now: user100, user101, "));
        assert!(text.lines().nth(1).unwrap().starts_with("--   user"));
    }

    #[test]
    fn what_a_caller_quotes_cannot_leave_its_line() {
        let mut out = Vec::new();
        refused("Unknown command \"a\r\n-- b\u{1b}[2J\u{202e}\u{85}\".", &mut out);
        let expected = "-! Unknown command \"a\u{FFFD}\u{FFFD}-- b\u{FFFD}[2J\u{FFFD}\u{FFFD}\".\r\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn what_somebody_wrote_ends_at_the_second_quotation_mark() {
        let check = |text: &str, expected: &str| assert_eq!(quoted(text), expected);
        check("lunch", "\"lunch\"");
        check("lunch\"), u004, u005 (\"busy", "\"lunch'), u004, u005 ('busy\"");
        check("a\u{FF02}b\u{201D}c\u{2033}", "\"a'b'c'\"");
        check("it's \u{2018}fine\u{2019}", "\"it's \u{2018}fine\u{2019}\"");
    }

    #[test]
    fn a_long_text_is_shortened_by_whole_characters() {
        let check = |text: &str, max: usize, expected: &str| assert_eq!(shortened(text, max), expected);
        check("lunch", 5, "lunch");
        check("out for lunch", 10, "out for...");
        check("日本語", 6, "日本語");
        check("日本語です", 8, "日本...");
    }
}
