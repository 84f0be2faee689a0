//! The sequences that a terminal sends for keys, such as `ESC [ A` for Up, and answers to what it was asked.
//!
//! A client in line mode sends them as part of the line, so that a line which looks like a command on its author's screen
//! would begin with something else. The line editor drops whole sequences by their grammar (ECMA-48, section 5.4; the forms
//! of xterm, rxvt and the Linux console). What begins like one and is none is no text either: the line is refused.

const ESCAPE: u8 = 0x1b;
const BELL: u8 = 0x07;

/// Where in a sequence the bytes are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum KeySequence {
    /// In none.
    #[default]
    None,
    /// Behind ESC.
    Escape,
    /// Directly behind ESC `[`.
    Control,
    /// Among the parameters behind ESC `[`.
    Parameters,
    /// Behind ESC `[` `[`: a function key of the Linux console.
    ConsoleKey,
    /// Behind ESC `O`: a key in application mode.
    ApplicationKey,
    /// In a string, which ends at BEL or ESC `\`: an answer of the terminal.
    String,
    /// Behind ESC in a string.
    StringEscape,
}

/// What a byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Not part of a sequence.
    Text,
    /// Part of one, and dropped.
    Key,
    /// It cannot continue the sequence before it, and has yet to be looked at by itself.
    Stray,
}

impl KeySequence {
    /// Takes a byte that is not a line end.
    pub(super) fn take(&mut self, byte: u8) -> Part {
        use KeySequence as K;
        let next = match (*self, byte) {
            (K::None, ESCAPE) => K::Escape,
            (K::None, _) => return Part::Text,
            // Alt and an arrow in rxvt.
            (K::Escape, ESCAPE) => K::Escape,
            (K::Escape, b'[') => K::Control,
            (K::Escape, b'O') => K::ApplicationKey,
            (K::Escape, b']' | b'P' | b'X' | b'^' | b'_') => K::String,
            (K::Control, b'[') => K::ConsoleKey,
            (K::Control | K::Parameters, b'0'..=b'?') => K::Parameters,
            // Without parameters no key ends with a small letter, except arrows in rxvt: it may be text behind a sequence that
            // is broken off. For the same reason none ends with `@`, which begins a direct message.
            (K::Control, b'A'..=b'Z' | b'a'..=b'd') => K::None,
            // Shift and a key in rxvt end with `$`.
            (K::Parameters, b'A'..=b'~' | b'$') => K::None,
            (K::ConsoleKey, b'A'..=b'E') => K::None,
            (K::ApplicationKey, b'0'..=b'9' | b';') => K::ApplicationKey,
            (K::ApplicationKey, b'A'..=b'Z' | b'a'..=b'd') => K::None,
            (K::String, BELL) | (K::StringEscape, b'\\') => K::None,
            (K::String, ESCAPE) => K::StringEscape,
            (K::String, _) => K::String,
            _ => {
                *self = K::None;
                return Part::Stray;
            }
        };
        *self = next;
        Part::Key
    }

    /// Whether a sequence has begun that is not complete.
    pub(super) fn is_begun(self) -> bool {
        self != KeySequence::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_sequences_are_keys_and_what_is_none_is_stray() {
        // `-` for each byte of a key, `!` for a stray one; text as it is. A `>` at the end: a sequence has begun.
        let check = |bytes: &[u8], expected: &str| {
            let (mut sequence, mut found) = (KeySequence::None, String::new());
            for byte in bytes {
                let part = match sequence.take(*byte) {
                    Part::Text => char::from(*byte),
                    Part::Key => '-',
                    Part::Stray => '!',
                };
                found.push(part);
            }
            if sequence.is_begun() {
                found.push('>');
            }
            assert_eq!(found, expected, "{}", bytes.escape_ascii());
        };
        check(b"a\x1b[Ab", "a---b");
        check(b"\x1b[3~x", "----x");
        check(b"\x1b[1;5Dx", "------x");
        check(b"\x1b[3$x\x1b[200~y", "----x------y");
        check(b"\x1b[[Ax", "----x");
        check(b"\x1bOPx\x1bO1;5Qx", "---x------x");
        check(b"\x1b\x1b[Ax", "----x");
        check(b"\x1b]0;title\x07x", "----------x");
        check(b"\x1b]0;t\x1b\\x\x1bP1$r\x1b\\y", "-------x-------y");
        // The Escape key and a slash, Alt and a letter, a sequence that is broken off.
        check(b"\x1b/msg", "-!msg");
        check(b"\x1bbx", "-!x");
        check(b"\x1b[/m", "--!m");
        check(b"\x1b[1/m", "---!m");
        check(b"\x1bO/m", "--!m");
        check(b"\x1b[[/m", "---!m");
        check(b"\x1b]0;x\x1b/m", "------!m");
        check(b"\x1b[password", "--!assword");
        check(b"\x1bOpassword", "--!assword");
        check(b"\x1b[@bob", "--!bob");
        check(b"\x1b[1;@bob", "----!bob");
        check(b"\x1b", "->");
        check(b"\x1b[1;", "---->");
        check(b"\x1b]0;title", "--------->");
    }
}
