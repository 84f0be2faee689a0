//! Where lines are written: what the server says, and lists that are wrapped to fit a terminal.

use crate::chat::{PLACEHOLDER, Timestamp, is_forbidden};
use crate::protocol::text::clock::Clock;

/// No line of a list is wider than this, in columns: a terminal of 80 shows it whole, with a margin.
pub(super) const WIDTH: usize = 78;
/// What the server says starts with this.
const SERVER_SAYS: &str = "-- ";
/// What the server refused starts with this.
const SERVER_REFUSES: &str = "-! ";

/// Writes lines, and knows when they are read and in which zone.
pub(super) struct Pen<'a> {
    pub(super) now: Timestamp,
    pub(super) clock: &'a Clock,
    pub(super) out: &'a mut Vec<u8>,
}

impl Pen<'_> {
    /// Says something on a line of its own.
    pub(super) fn say(&mut self, text: &str) {
        notice(text, self.out);
    }

    /// Says a list: as many `pieces` on a line as fit, `gap` between them. Pieces are never broken. Lines start with
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

    /// A moment as told now.
    pub(super) fn moment(&self, at: Timestamp) -> String {
        self.clock.moment(at, self.now)
    }

    /// The end of something as told now.
    pub(super) fn until(&self, end: Option<Timestamp>) -> String {
        self.clock.until(end, self.now)
    }
}

/// Appends a line that the server says: `-- text`.
pub fn notice(text: &str, out: &mut Vec<u8>) {
    line(SERVER_SAYS, text, out);
}

/// Appends a line that says what was refused: `-! text`.
pub fn refused(text: &str, out: &mut Vec<u8>) {
    line(SERVER_REFUSES, text, out);
}

/// The last guard: callers may quote what was typed, and nothing of that may break the line or move a cursor.
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

/// How many columns `text` takes at most. What may be wide counts as wide: a line that ends early does no harm.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_wrapped_between_its_pieces() {
        let mut out = Vec::new();
        let mut pen = Pen { now: Timestamp(0), clock: &Clock::utc(), out: &mut out };
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
    fn a_long_text_is_shortened_by_whole_characters() {
        let check = |text: &str, max: usize, expected: &str| assert_eq!(shortened(text, max), expected);
        check("lunch", 5, "lunch");
        check("out for lunch", 10, "out for...");
        check("日本語", 6, "日本語");
        check("日本語です", 8, "日本...");
    }
}
